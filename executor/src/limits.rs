//! [`Limits`]: what a guest may use, and the counting of its memory.
//!
//! Invariant: the sum over all memories and collected heaps of an instance never exceeds the
//! limit; a growth that would is refused to the guest (`memory.grow` is -1), not a trap.

use std::time::Duration;
use wasmtime::ResourceLimiter;

/// Elements over all tables of an instance: 16 bytes each in the host, which a guest could
/// otherwise grow without touching its own memory.
const MAX_TABLE_ELEMENTS: usize = 10_000_000;

/// Bytes of output that [`Output::Capture`](crate::Output::Capture) holds, unless
/// [`Limits::max_capture`] says otherwise.
pub const DEFAULT_MAX_CAPTURE: usize = 64 << 20;

/// What a guest may use. Nothing is limited but captured output and tables, unless asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) fuel: Option<u64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_memory: Option<u64>,
    pub(crate) max_capture: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { fuel: None, timeout: None, max_memory: None, max_capture: DEFAULT_MAX_CAPTURE }
    }
}

impl Limits {
    /// No limits but the defaults.
    pub fn new() -> Limits {
        Limits::default()
    }

    /// Units of fuel (about one an instruction) for the instance's life; needs
    /// [`Config::fuel`](crate::Config::fuel).
    #[must_use]
    pub fn fuel(mut self, units: u64) -> Limits {
        self.fuel = Some(units);
        self
    }

    /// How long each entry into the guest may take, host calls included, however they block; needs
    /// [`Config::interruptible`](crate::Config::interruptible).
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Limits {
        self.timeout = Some(limit);
        self
    }

    /// Bytes that the instance's memories may have together.
    #[must_use]
    pub fn max_memory(mut self, bytes: u64) -> Limits {
        self.max_memory = Some(bytes);
        self
    }

    /// Bytes that are captured of standard output, and of standard error. Writes past them fail
    /// with an errno.
    #[must_use]
    pub fn max_capture(mut self, bytes: usize) -> Limits {
        self.max_capture = bytes;
        self
    }
}

/// Counts the memory of one store.
pub(crate) struct Accountant {
    max_memory: u64,
    memory: u64,
    table_elements: usize,
    refused: Option<u64>,
}

impl Accountant {
    pub(crate) fn new(limits: &Limits) -> Accountant {
        Accountant {
            max_memory: limits.max_memory.unwrap_or(u64::MAX),
            memory: 0,
            table_elements: 0,
            refused: None,
        }
    }

    /// The bytes that the last growth wanted, if it was refused.
    pub(crate) fn refused_growth(&self) -> Option<u64> {
        self.refused
    }

    /// A new call begins, which has no part in what was refused before.
    pub(crate) fn forget_refusal(&mut self) {
        self.refused = None;
    }
}

impl ResourceLimiter for Accountant {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let growth = (desired as u64).saturating_sub(current as u64);
        let total = self.memory.saturating_add(growth);
        // Past its own declared maximum is the guest's business, not a limit of ours.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if total > self.max_memory {
            self.refused = Some(total);
            return Ok(false);
        }
        // Not given back should the host be unable to grow: wasmtime reports failures that were
        // never asked for here, which a guest could use to unsay what it has.
        self.memory = total;
        self.refused = None;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > MAX_TABLE_ELEMENTS {
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }
}
