//! [`Config`] ⇒ [`Engine`]: a compiler and its settings, shared by modules and instances.
//!
//! Invariant: two engines of one `Config` on one machine generate the same code, so what one
//! serialises the other accepts.

use crate::error::Error;
use crate::guest::Host;
use std::sync::{Arc, OnceLock};
use wasmtime::{Linker, WasmBacktraceDetails};

/// Bytes of stack a guest gets unless [`Config::max_stack`] says otherwise. A thread of the Rust
/// standard library has 2 MiB, so that half is left for the host functions below it.
pub const DEFAULT_STACK: usize = 1 << 20;

/// How much work goes into the code that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptLevel {
    /// Without Cranelift's optimisations.
    None,
    /// With all of them.
    #[default]
    Speed,
}

/// Settings of an [`Engine`]. What can be limited costs time in the generated code, so fuel and
/// interruption are off until asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    opt_level: OptLevel,
    fuel: bool,
    interruptible: bool,
    deterministic: bool,
    max_stack: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            opt_level: OptLevel::default(),
            fuel: false,
            interruptible: false,
            deterministic: false,
            max_stack: DEFAULT_STACK,
        }
    }
}

impl Config {
    /// Optimised code, no fuel, no interruption, floats as the machine has them.
    pub fn new() -> Config {
        Config::default()
    }

    /// Chooses the tier of compilation.
    #[must_use]
    pub fn opt_level(mut self, level: OptLevel) -> Config {
        self.opt_level = level;
        self
    }

    /// Whether instances can be given fuel ([`Limits::fuel`](crate::Limits::fuel)).
    #[must_use]
    pub fn fuel(mut self, on: bool) -> Config {
        self.fuel = on;
        self
    }

    /// Whether a running guest can be stopped ([`Limits::timeout`](crate::Limits::timeout)).
    #[must_use]
    pub fn interruptible(mut self, on: bool) -> Config {
        self.interruptible = on;
        self
    }

    /// Whether NaNs are canonical and relaxed SIMD has its deterministic meaning, so that the same
    /// program gives the same bits on every machine.
    #[must_use]
    pub fn deterministic(mut self, on: bool) -> Config {
        self.deterministic = on;
        self
    }

    /// Bytes of stack before a guest traps with *call stack exhausted*. More than
    /// [`DEFAULT_STACK`] makes every call run on a thread of its own, whose stack is large enough.
    #[must_use]
    pub fn max_stack(mut self, bytes: usize) -> Config {
        self.max_stack = bytes;
        self
    }

    fn to_wasmtime(&self) -> wasmtime::Config {
        let mut config = wasmtime::Config::new();
        config
            .cranelift_opt_level(match self.opt_level {
                OptLevel::None => wasmtime::OptLevel::None,
                OptLevel::Speed => wasmtime::OptLevel::Speed,
            })
            .consume_fuel(self.fuel)
            .epoch_interruption(self.interruptible)
            .cranelift_nan_canonicalization(self.deterministic)
            .relaxed_simd_deterministic(self.deterministic)
            .max_wasm_stack(self.max_stack)
            // Never used here, but checked against the line above.
            .async_stack_size(self.max_stack.saturating_add(DEFAULT_STACK))
            // A trap names `file:line:col` without an environment variable being set.
            .wasm_backtrace_details(WasmBacktraceDetails::Enable);
        config
    }
}

/// A compiler with its settings. Cloning is cheap and shares it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: wasmtime::Engine,
    pub(crate) config: Config,
    /// WASI's functions, defined once and only if a module imports one.
    wasi: Arc<OnceLock<Linker<Host>>>,
}

impl Engine {
    /// Makes an engine for this machine.
    ///
    /// # Errors
    /// When the settings cannot be had together or on this machine.
    pub fn new(config: &Config) -> Result<Engine, Error> {
        let inner = wasmtime::Engine::new(&config.to_wasmtime())
            .map_err(|cause| Error::because("no engine has these settings", &cause))?;
        Ok(Engine { inner, config: config.clone(), wasi: Arc::default() })
    }

    /// The settings it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn has_fuel(&self) -> bool {
        self.config.fuel
    }

    pub(crate) fn is_interruptible(&self) -> bool {
        self.config.interruptible
    }

    pub(crate) fn stack(&self) -> usize {
        self.config.max_stack
    }

    /// A linker that knows WASI preview 1. `wasi_unstable` would be added here as well.
    pub(crate) fn wasi_linker(&self) -> Result<Linker<Host>, Error> {
        if let Some(linker) = self.wasi.get() {
            return Ok(linker.clone());
        }
        let mut linker = Linker::new(&self.inner);
        wasmtime_wasi::p1::add_to_linker_sync(&mut linker, Host::wasi)
            .map_err(|cause| Error::because("WASI cannot be defined", &cause))?;
        Ok(self.wasi.get_or_init(|| linker).clone())
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("config", &self.config).finish_non_exhaustive()
    }
}
