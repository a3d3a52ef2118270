//! [`Wasi`]: what of the outside world a guest may see, handed to wasmtime's WASI preview 1.
//!
//! Invariant: nothing is inherited from this process unless it was asked for by name.

use crate::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{
    Deterministic, FsPerms, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder,
};

/// The module names whose functions WASI preview 1 provides.
pub(crate) const PREVIEW1: &str = "wasi_snapshot_preview1";

/// Where standard input comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stdin {
    /// It is at its end.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// This process's own.
    Inherit,
}

/// Where standard output or standard error goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// Nowhere.
    #[default]
    Null,
    /// Into memory, up to [`Limits::max_capture`](crate::Limits::max_capture).
    Capture,
    /// This process's own.
    Inherit,
}

#[derive(Clone, Debug)]
struct Directory {
    host: PathBuf,
    guest: String,
    access: Access,
}

/// What a guest may do below a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Open and list.
    Read,
    /// Everything.
    ReadWrite,
}

/// What of the outside world a guest may see: by default no arguments, no environment, no
/// directory, empty input, and output that goes nowhere; but clocks and random numbers.
#[derive(Clone, Debug, Default)]
pub struct Wasi {
    args: Vec<String>,
    env: Vec<(String, String)>,
    directories: Vec<Directory>,
    stdin: Stdin,
    stdout: Output,
    stderr: Output,
    deterministic: bool,
}

impl Wasi {
    /// The defaults.
    pub fn new() -> Wasi {
        Wasi::default()
    }

    /// Adds arguments; the first is the program's name, by custom.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Wasi {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Wasi {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Lets the guest see the directory `host` under the name `guest`.
    #[must_use]
    pub fn directory(
        mut self,
        host: impl Into<PathBuf>,
        guest: impl Into<String>,
        access: Access,
    ) -> Wasi {
        self.directories.push(Directory { host: host.into(), guest: guest.into(), access });
        self
    }

    /// Chooses where standard input comes from.
    #[must_use]
    pub fn stdin(mut self, stdin: Stdin) -> Wasi {
        self.stdin = stdin;
        self
    }

    /// Chooses where standard output goes.
    #[must_use]
    pub fn stdout(mut self, stdout: Output) -> Wasi {
        self.stdout = stdout;
        self
    }

    /// Chooses where standard error goes.
    #[must_use]
    pub fn stderr(mut self, stderr: Output) -> Wasi {
        self.stderr = stderr;
        self
    }

    /// Captures standard output and standard error.
    #[must_use]
    pub fn capture(self) -> Wasi {
        self.stdout(Output::Capture).stderr(Output::Capture)
    }

    /// Replaces clocks and random numbers by ones that are the same in every run: clocks begin at
    /// zero and advance by a microsecond whenever they are read, random bytes repeat a fixed row
    /// of a few thousand.
    #[must_use]
    pub fn deterministic(mut self, on: bool) -> Wasi {
        self.deterministic = on;
        self
    }

    /// The context for a store, and the buffers that output is captured in.
    pub(crate) fn build(self, max_capture: usize) -> Result<(WasiP1Ctx, Captured), Error> {
        let mut context = WasiCtx::builder();
        context.args(&self.args).envs(&self.env).allow_blocking_current_thread(true);
        for directory in &self.directories {
            let access = match directory.access {
                Access::Read => FsPerms::ReadOnly,
                Access::ReadWrite => FsPerms::ReadWrite,
            };
            context.preopened_dir(&directory.host, &directory.guest, access).map_err(|cause| {
                let doing = format!("the directory `{}`", directory.host.display());
                Error::because(&doing, &cause)
            })?;
        }
        match self.stdin {
            Stdin::Empty => (),
            Stdin::Bytes(bytes) => drop(context.stdin(MemoryInputPipe::new(bytes))),
            Stdin::Inherit => drop(context.inherit_stdin()),
        }
        let mut captured = Captured::default();
        match self.stdout {
            Output::Null => (),
            Output::Capture => {
                let pipe = captured.stdout.insert(MemoryOutputPipe::new(max_capture));
                context.stdout(pipe.clone());
            }
            Output::Inherit => drop(context.inherit_stdout()),
        }
        match self.stderr {
            Output::Null => (),
            Output::Capture => {
                let pipe = captured.stderr.insert(MemoryOutputPipe::new(max_capture));
                context.stderr(pipe.clone());
            }
            Output::Inherit => drop(context.inherit_stderr()),
        }
        if self.deterministic {
            make_deterministic(&mut context);
        }
        Ok((context.build_p1(), captured))
    }
}

/// Output in memory. It is shared with the guest, so that it can be read when the guest is lost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured {
    stdout: Option<MemoryOutputPipe>,
    stderr: Option<MemoryOutputPipe>,
}

impl Captured {
    pub(crate) fn stdout(&self) -> Vec<u8> {
        self.stdout.as_ref().map_or_else(Vec::new, |pipe| pipe.contents().to_vec())
    }

    pub(crate) fn stderr(&self) -> Vec<u8> {
        self.stderr.as_ref().map_or_else(Vec::new, |pipe| pipe.contents().to_vec())
    }
}

/// The length of the row of random bytes: a prime, so that it meets no power of two for long.
const RANDOM_LEN: usize = 4093;

/// The row of random bytes: Vigna's SplitMix64 from zero.
fn random_row() -> Vec<u8> {
    let mut state = 0u64;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    };
    (0..RANDOM_LEN.div_ceil(8)).flat_map(|_| next().to_le_bytes()).take(RANDOM_LEN).collect()
}

fn make_deterministic(context: &mut WasiCtxBuilder) {
    context
        .wall_clock(Clock::default())
        .monotonic_clock(Clock::default())
        .secure_random(Deterministic::new(random_row()))
        .insecure_random(Deterministic::new(random_row()))
        .insecure_random_seed(0);
}

/// Nanoseconds that pass between two looks at the clock: a program that waits busily gets on.
const TICK: u64 = 1_000;

#[derive(Default)]
struct Clock {
    nanoseconds: AtomicU64,
}

impl Clock {
    fn read(&self) -> u64 {
        self.nanoseconds.fetch_add(TICK, Ordering::Relaxed)
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(TICK)
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.read())
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        TICK
    }

    fn now(&self) -> u64 {
        self.read()
    }
}
