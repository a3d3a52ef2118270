//! Bytes ⇒ [`Outcome`], in one go: compile, instantiate, call, under one timeout.
//!
//! Invariant: whatever happens, what was captured until then is in the outcome.

use crate::engine::{Config, Engine};
use crate::guest::{Guest, Parts};
use crate::limits::Limits;
use crate::module::Module;
use crate::trap::Stop;
use crate::value::Value;
use crate::wasi::Wasi;
use crate::worker::{self, Interrupt};

/// A program to be run once: what a command line does with a module.
#[derive(Clone, Debug, Default)]
pub struct Run {
    config: Config,
    wasi: Wasi,
    limits: Limits,
    invoke: Option<(String, Vec<String>)>,
}

impl Run {
    /// Runs `_start` (or a reactor's `_initialize`), with default settings, capabilities and
    /// limits.
    pub fn new() -> Run {
        Run::default()
    }

    /// Chooses the settings of the engine. Fuel and interruption come on with their limits.
    #[must_use]
    pub fn config(mut self, config: Config) -> Run {
        self.config = config;
        self
    }

    /// What the guest may see of the outside world; by default nothing.
    #[must_use]
    pub fn wasi(mut self, wasi: Wasi) -> Run {
        self.wasi = wasi;
        self
    }

    /// What the guest may use. The timeout is one for everything, compilation included.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Run {
        self.limits = limits;
        self
    }

    /// Calls this exported function instead of `_start`, with arguments that are read as values
    /// of its parameters' types.
    #[must_use]
    pub fn invoke(
        mut self,
        export: impl Into<String>,
        arguments: impl IntoIterator<Item = impl Into<String>>,
    ) -> Run {
        self.invoke = Some((export.into(), arguments.into_iter().map(Into::into).collect()));
        self
    }

    /// Runs the module in `bytes`.
    pub fn start(self, bytes: &[u8]) -> Outcome {
        let Run { config, wasi, limits, invoke } = self;
        let (fuel, timeout) = (limits.fuel.is_some(), limits.timeout.is_some());
        let config = if fuel { config.fuel(true) } else { config };
        let config = if timeout { config.interruptible(true) } else { config };

        let made =
            Engine::new(&config).and_then(|engine| Ok((engine, wasi.build(limits.max_capture)?)));
        let (engine, (wasi, captured)) = match made {
            Ok(made) => made,
            Err(error) => return Outcome::refused(error.into()),
        };
        let interrupt = Interrupt::new(&engine.inner);
        let parts =
            Parts { wasi, limits: limits.clone(), functions: Vec::new(), stop: interrupt.flag() };
        let result = if worker::is_needed(&limits, engine.stack()) {
            let stack = engine.stack();
            let bytes = bytes.to_vec();
            let work = move || run(&engine, &bytes, parts, invoke);
            match worker::run(&limits, stack, &interrupt, work) {
                Ok(Some(result)) => result,
                Ok(None) => Err(worker::timed_out(&limits)),
                Err(error) => Err(error.into()),
            }
        } else {
            run(&engine, bytes, parts, invoke)
        };
        Outcome { result, stdout: captured.stdout(), stderr: captured.stderr() }
    }
}

fn run(
    engine: &Engine,
    bytes: &[u8],
    parts: Parts,
    invoke: Option<(String, Vec<String>)>,
) -> Result<Vec<Value>, Stop> {
    let module = Module::compile(engine, bytes)?;
    Guest::new(&module, parts)?.run(invoke)
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The results of the function that was called, or why there are none. A program that leaves
    /// through `proc_exit` has none, whatever its status.
    pub result: Result<Vec<Value>, Stop>,
    /// What was captured of standard output.
    pub stdout: Vec<u8>,
    /// What was captured of standard error.
    pub stderr: Vec<u8>,
}

impl Outcome {
    fn refused(stop: Stop) -> Outcome {
        Outcome { result: Err(stop), stdout: Vec::new(), stderr: Vec::new() }
    }

    /// What a process that ran the program exits with: see [`Stop::status`].
    pub fn status(&self) -> i32 {
        self.result.as_ref().err().map_or(0, Stop::status)
    }
}
