//! How a guest stops other than by returning: [`Stop`], and a [`Trap`] as a value.
//!
//! Invariant: a trap's message is derived from its [`Reason`], in the specification's terms, and
//! its frames are the guest's own, innermost first.

use crate::error::Error;
use crate::guest::Host;
use crate::library_trap;
use std::fmt;
use std::time::Duration;
use wasmtime::{FrameInfo, WasmBacktrace};
use wasmtime_wasi::I32Exit;

/// The exit status of a process whose guest trapped: that of a native program that aborted.
pub const TRAP_STATUS: i32 = 134;

/// Why there are no results.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The guest left through `proc_exit` with this status.
    Exit(i32),
    /// The guest trapped, was stopped, or a host function failed.
    Trap(Trap),
    /// The guest was not entered: no such export, wrong arguments, an import that nobody provides.
    /// A host function that returns one of these passes it on to whoever called the guest.
    Refused(Error),
}

impl Stop {
    /// The failure of a host function, for a closure of
    /// [`Builder::host`](crate::Builder::host) to return: the guest that called it traps.
    pub fn host(message: impl Into<String>) -> Stop {
        Stop::Trap(Trap::new(Reason::Host(message.into())))
    }

    /// What a process that ran the guest exits with: its own status, [`TRAP_STATUS`], or 1.
    pub fn status(&self) -> i32 {
        match self {
            Stop::Exit(status) => *status,
            Stop::Trap(_) => TRAP_STATUS,
            Stop::Refused(_) => 1,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Exit(status) => write!(f, "exit with status {status}"),
            Stop::Trap(trap) if f.alternate() => write!(f, "trap: {trap:#}"),
            Stop::Trap(trap) => write!(f, "trap: {trap}"),
            Stop::Refused(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Stop {}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Refused(error)
    }
}

/// A trap: why, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Trap {
    /// Why the guest stopped.
    pub reason: Reason,
    /// The functions of the guest that were running, innermost first; inlined ones have a frame of
    /// their own where debug information tells. At most 20 functions deep.
    pub frames: Vec<Frame>,
    /// What the last growth of memory in this call wanted, in bytes over all memories, if the
    /// memory limit refused it: often the cause of the trap.
    pub refused_growth: Option<u64>,
}

impl Trap {
    pub(crate) fn new(reason: Reason) -> Trap {
        Trap { reason, frames: Vec::new(), refused_growth: None }
    }

    /// The reason in words, as a test states it.
    pub fn message(&self) -> String {
        self.reason.to_string()
    }
}

/// The message; with `{:#}` the frames too, a line each.
impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        if !f.alternate() {
            return Ok(());
        }
        for (at, frame) in self.frames.iter().enumerate() {
            write!(f, "\n{at:>4}: {frame}")?;
        }
        if let Some(bytes) = self.refused_growth {
            write!(f, "\nnote: the memory limit had refused growth to {bytes} bytes")?;
        }
        Ok(())
    }
}

impl std::error::Error for Trap {}

/// Why a guest trapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An `unreachable` instruction.
    Unreachable,
    /// A load or store past the end of a memory, or a bulk operation.
    MemoryOutOfBounds,
    /// An access past the end of a table.
    TableOutOfBounds,
    /// An indirect call through null.
    IndirectCallToNull,
    /// An indirect call of a function with another type.
    BadSignature,
    /// A quotient or a trapping conversion that its type cannot hold.
    IntegerOverflow,
    /// Division or remainder by zero.
    DivideByZero,
    /// A trapping conversion of a NaN.
    BadConversion,
    /// An atomic access at an unaligned address.
    UnalignedAtomic,
    /// An operation on a null reference.
    NullReference,
    /// An access past the end of an array.
    ArrayOutOfBounds,
    /// A reference cast to a type its object does not have.
    CastFailure,
    /// An object larger than the engine can hold.
    AllocationTooLarge,
    /// An exception that nobody caught.
    UncaughtException,
    /// The call stack was exhausted, as by infinite recursion.
    StackOverflow,
    /// The fuel was used up.
    OutOfFuel,
    /// The timeout, which is carried along, passed.
    Timeout(Duration),
    /// A checked access to a memory segment: `offset + width > size`, all in bytes.
    SegmentOutOfBounds {
        /// Where the access began, from the start of the segment; an index may be negative.
        offset: i64,
        /// How many bytes it wanted.
        width: u64,
        /// How many bytes the segment has.
        size: u64,
    },
    /// A memory allocator that could not have this many bytes.
    OutOfMemory {
        /// How many bytes were asked for.
        wanted: u64,
    },
    /// An alignment that is no power of two.
    BadAlignment {
        /// The alignment asked for.
        align: u64,
    },
    /// Another function `std::trap::…` of the library, and the numbers it left.
    Library {
        /// The function's name in words: `use after free`.
        name: String,
        /// Exported globals `std::trap::<function>::<word>`, in the module's order.
        numbers: Vec<(String, u64)>,
    },
    /// A host function failed, or the engine stopped the guest for a reason not listed here.
    Host(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Unreachable => "unreachable",
            Reason::MemoryOutOfBounds => "out of bounds memory access",
            Reason::TableOutOfBounds => "out of bounds table access",
            Reason::IndirectCallToNull => "indirect call to null",
            Reason::BadSignature => "indirect call type mismatch",
            Reason::IntegerOverflow => "integer overflow",
            Reason::DivideByZero => "integer divide by zero",
            Reason::BadConversion => "invalid conversion to integer",
            Reason::UnalignedAtomic => "unaligned atomic",
            Reason::NullReference => "null reference",
            Reason::ArrayOutOfBounds => "out of bounds array access",
            Reason::CastFailure => "cast failure",
            Reason::AllocationTooLarge => "allocation size too large",
            Reason::UncaughtException => "uncaught exception",
            Reason::StackOverflow => "call stack exhausted",
            Reason::OutOfFuel => "out of fuel",
            Reason::Timeout(limit) => return write!(f, "timed out after {limit:?}"),
            Reason::SegmentOutOfBounds { offset, width, size } => {
                return write!(
                    f,
                    "memory segment access out of bounds: offset {offset} + {width} > size {size}"
                );
            }
            Reason::OutOfMemory { wanted } => {
                return write!(f, "out of memory: {wanted} bytes wanted");
            }
            Reason::BadAlignment { align } => {
                return write!(f, "alignment {align} is not a power of two");
            }
            Reason::Library { name, numbers } => {
                f.write_str(name)?;
                for (at, (word, number)) in numbers.iter().enumerate() {
                    write!(f, "{} {word} {number}", if at == 0 { ":" } else { "," })?;
                }
                return Ok(());
            }
            Reason::Host(message) => message,
        })
    }
}

/// A function that was running, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function's name, from debug information or the name section, demangled.
    pub function: Option<String>,
    /// Its place in the module's function index space.
    pub index: u32,
    /// The file of the source text, as the front end wrote it.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// Where the instruction stands, in bytes from the start of the module.
    pub offset: Option<usize>,
}

/// `main at src/main.swir:9:5`, or `main at offset 0x3f` where no debug information tells.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Some(name) => f.write_str(name)?,
            None => write!(f, "function {}", self.index)?,
        }
        match (&self.file, self.offset) {
            (Some(file), _) => write!(f, " at {file}")?,
            (None, Some(offset)) => return write!(f, " at offset {offset:#x}"),
            (None, None) => return Ok(()),
        }
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, ":{line}:{column}"),
            (Some(line), None) => write!(f, ":{line}"),
            (None, _) => Ok(()),
        }
    }
}

/// A stop on its way out of a host function, through wasmtime.
#[derive(Debug)]
pub(crate) struct Carried(pub(crate) Stop);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Carried {}

/// What wasmtime reports after entering a guest ⇒ a stop. `globals` are those that the library's
/// traps leave their numbers in.
pub(crate) fn stop(error: &wasmtime::Error, host: &Host, globals: &[(String, u64)]) -> Stop {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Stop::Exit(exit.0);
    }
    let mut trap = match error.downcast_ref::<Carried>() {
        // Whoever entered the guest within the host function has told the frames already.
        Some(Carried(Stop::Trap(trap))) if !trap.frames.is_empty() => {
            return Stop::Trap(trap.clone());
        }
        Some(Carried(Stop::Trap(trap))) => trap.clone(),
        Some(Carried(stop)) => return stop.clone(),
        None => Trap::new(match error.downcast_ref::<wasmtime::Trap>() {
            Some(trap) => reason(*trap, host),
            None if error.is::<wasmtime::ThrownException>() => Reason::UncaughtException,
            None => Reason::Host(format!("{:#}", Causes(error))),
        }),
    };
    trap.frames = error.downcast_ref::<WasmBacktrace>().map(frames).unwrap_or_default();
    if trap.reason == Reason::Unreachable
        && let Some(reason) = library_trap::explain(&mut trap.frames, globals)
    {
        trap.reason = reason;
    }
    trap.refused_growth = host.refused_growth();
    Stop::Trap(trap)
}

/// An error without the backtrace that wasmtime attached: frames are told on their own.
struct Causes<'a>(&'a wasmtime::Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attached = self.0.downcast_ref::<WasmBacktrace>().map(ToString::to_string);
        let mut separator = "";
        for cause in self.0.chain() {
            let text = cause.to_string();
            if attached.as_ref() != Some(&text) {
                write!(f, "{separator}{text}")?;
                separator = ": ";
            }
        }
        Ok(())
    }
}

/// wasmtime's name of a trap, and ours.
const REASONS: [(wasmtime::Trap, Reason); 17] = [
    (wasmtime::Trap::UnreachableCodeReached, Reason::Unreachable),
    (wasmtime::Trap::MemoryOutOfBounds, Reason::MemoryOutOfBounds),
    (wasmtime::Trap::TableOutOfBounds, Reason::TableOutOfBounds),
    (wasmtime::Trap::IndirectCallToNull, Reason::IndirectCallToNull),
    (wasmtime::Trap::BadSignature, Reason::BadSignature),
    (wasmtime::Trap::IntegerOverflow, Reason::IntegerOverflow),
    (wasmtime::Trap::IntegerDivisionByZero, Reason::DivideByZero),
    (wasmtime::Trap::BadConversionToInteger, Reason::BadConversion),
    (wasmtime::Trap::HeapMisaligned, Reason::UnalignedAtomic),
    (wasmtime::Trap::NullReference, Reason::NullReference),
    (wasmtime::Trap::ArrayOutOfBounds, Reason::ArrayOutOfBounds),
    (wasmtime::Trap::CastFailure, Reason::CastFailure),
    (wasmtime::Trap::AllocationTooLarge, Reason::AllocationTooLarge),
    (wasmtime::Trap::UncaughtException, Reason::UncaughtException),
    (wasmtime::Trap::StackOverflow, Reason::StackOverflow),
    (wasmtime::Trap::OutOfFuel, Reason::OutOfFuel),
    // Guests are interrupted for one reason only; how long theirs was is the host's to say.
    (wasmtime::Trap::Interrupt, Reason::Timeout(Duration::ZERO)),
];

fn reason(trap: wasmtime::Trap, host: &Host) -> Reason {
    match REASONS.into_iter().find(|(theirs, _)| *theirs == trap) {
        Some((_, Reason::Timeout(_))) => Reason::Timeout(host.timeout().unwrap_or_default()),
        Some((_, reason)) => reason,
        // wasmtime's enumeration is open; what has no name here keeps its own words.
        None => {
            let text = trap.to_string();
            Reason::Host(text.strip_prefix("wasm trap: ").unwrap_or(&text).to_owned())
        }
    }
}

fn frames(backtrace: &WasmBacktrace) -> Vec<Frame> {
    let mut frames = Vec::new();
    for info in backtrace.frames() {
        frames.extend(frame(info));
    }
    frames
}

/// One frame for each function that debug information says was inlined here, else one.
fn frame(info: &FrameInfo) -> Vec<Frame> {
    let frame = |function: Option<&str>| Frame {
        function: function.map(|name| format!("{:#}", rustc_demangle::demangle(name))),
        index: info.func_index(),
        file: None,
        line: None,
        column: None,
        offset: info.module_offset(),
    };
    let symbols = info.symbols();
    if symbols.is_empty() {
        return vec![frame(info.func_name())];
    }
    let last = symbols.len() - 1;
    let named = |(at, symbol): (usize, &wasmtime::FrameSymbol)| Frame {
        // Innermost first: the last symbol is the function of the module itself.
        file: symbol.file().map(str::to_owned),
        line: symbol.line(),
        column: symbol.column(),
        ..frame(symbol.name().or(if at == last { info.func_name() } else { None }))
    };
    symbols.iter().enumerate().map(named).collect()
}
