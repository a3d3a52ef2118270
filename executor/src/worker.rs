//! Running a guest so that the caller gets back at a deadline, whatever the guest does.
//!
//! The work runs on a thread of its own and the caller waits for it. At the deadline the caller
//! raises the guest's flag and moves the engine's epoch on: a guest that *runs* traps within
//! microseconds and everything is handed back. One that is *blocked* in a host call, or a
//! compilation, cannot be stopped: it is abandoned. Then its thread, its store and its memory
//! live until the host call returns (or the compilation is through), at which moment the guest
//! traps or never starts, and all of it is released; at the latest when the process ends.
//!
//! Invariant: an abandoned guest executes no instruction once it is back from the host call, up to
//! its next function entry or loop iteration.

use crate::engine::DEFAULT_STACK;
use crate::error::Error;
use crate::limits::Limits;
use crate::trap::{Reason, Stop, Trap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a guest that was told to stop is waited for before it counts as blocked.
const GRACE: Duration = Duration::from_millis(100);

/// How often it is told within that time. Once would do if the flag and the epoch were seen in
/// order by all; wasmtime orders its epoch with nothing.
const TELLS: u32 = 10;

/// Stack of a worker besides the guest's own: host functions, the compiler, formatting.
const HOST_STACK: usize = 2 << 20;

/// What stops a guest.
#[derive(Clone)]
pub(crate) struct Interrupt {
    flag: Arc<AtomicBool>,
    engine: wasmtime::Engine,
}

impl Interrupt {
    pub(crate) fn new(engine: &wasmtime::Engine) -> Interrupt {
        Interrupt { flag: Arc::default(), engine: engine.clone() }
    }

    /// What the guest looks at when the epoch moves on.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.flag.clone()
    }

    /// Lets the guest run again.
    pub(crate) fn clear(&self) {
        self.flag.store(false, Ordering::SeqCst);
    }

    fn raise(&self) {
        self.flag.store(true, Ordering::SeqCst);
        self.engine.increment_epoch();
    }
}

/// Whether a guest must be entered on another thread: to come back in time, for room on the stack,
/// or because wasmtime's WASI cannot block inside an asynchronous runtime.
pub(crate) fn is_needed(limits: &Limits, guest_stack: usize) -> bool {
    limits.timeout.is_some()
        || guest_stack > DEFAULT_STACK
        || tokio::runtime::Handle::try_current().is_ok()
}

/// The trap of a guest that was abandoned: nobody knows where it is.
pub(crate) fn timed_out(limits: &Limits) -> Stop {
    Stop::Trap(Trap::new(Reason::Timeout(limits.timeout.unwrap_or_default())))
}

/// Runs `work` on a thread with room for `guest_stack` bytes of guest stack, and waits for it, as
/// long as the limits say at most: nothing, if it was abandoned then.
pub(crate) fn run<T: Send + 'static>(
    limits: &Limits,
    guest_stack: usize,
    interrupt: &Interrupt,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, Error> {
    let deadline = limits.timeout.and_then(|limit| Instant::now().checked_add(limit));
    let (sender, receiver) = sync_channel(1);
    let thread = thread::Builder::new()
        .name("swasm guest".to_owned())
        .stack_size(guest_stack.saturating_add(HOST_STACK))
        .spawn(move || {
            // Nobody receives once the work was abandoned: it is dropped here then.
            let _abandoned = sender.send(work());
        })
        .map_err(|cause| Error::new(format!("no thread for the guest: {cause}")))?;

    let received = match deadline {
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        Some(deadline) => {
            let wait = deadline.saturating_duration_since(Instant::now());
            let mut received = receiver.recv_timeout(wait);
            for _ in 0..TELLS {
                if !matches!(received, Err(RecvTimeoutError::Timeout)) {
                    break;
                }
                interrupt.raise();
                received = receiver.recv_timeout(GRACE / TELLS);
            }
            received
        }
    };
    match received {
        Ok(done) => Ok(Some(done)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        // The thread ended without a result: a panic, which is passed on as if there were no thread.
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => Err(Error::new("the guest's thread ended without a result")),
        },
    }
}
