//! An `unreachable` inside `std::trap::…` ⇒ the reason the library meant.
//!
//! A check of the library that fails calls a cold function `std::trap::<name>`, which stores its
//! numbers in exported mutable globals and executes `unreachable`. Invariant: one row a function
//! that has words of its own; every other name speaks for itself.

use crate::trap::{Frame, Reason};

/// The module whose functions explain traps.
const PREFIX: &str = "std::trap::";
/// What the names of the library's functions begin with.
const LIBRARY: &str = "std::";

/// A function with a message of its own: its name, its globals, both without [`PREFIX`], and what
/// their values mean.
struct Row {
    function: &'static str,
    globals: &'static [&'static str],
    reason: fn(&[u64]) -> Reason,
}

const TABLE: &[Row] = &[
    Row {
        function: "out_of_bounds",
        globals: &["offset", "width", "size"],
        reason: |numbers| Reason::SegmentOutOfBounds {
            offset: numbers[0] as i64,
            width: numbers[1],
            size: numbers[2],
        },
    },
    Row {
        function: "out_of_memory",
        globals: &["wanted"],
        reason: |numbers| Reason::OutOfMemory { wanted: numbers[0] },
    },
    Row {
        function: "bad_alignment",
        globals: &["align"],
        reason: |numbers| Reason::BadAlignment { align: numbers[0] },
    },
];

/// Whether an exported global of this name belongs to the contract.
pub(crate) fn is_global(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// The reason, if the innermost frame is one of the library's traps; the frames of the library that
/// led to it are dropped, so that the first one is where the program asked for it. Other frames
/// stay, and so does everything when no name is known. `globals` are those of [`is_global`], with
/// their values, in the module's order.
pub(crate) fn explain(frames: &mut Vec<Frame>, globals: &[(String, u64)]) -> Option<Reason> {
    let ours = |frame: &Frame| frame.function.as_ref().is_some_and(|name| name.starts_with(PREFIX));
    // An outer frame is the function that the check called; what is further in are its parts.
    let count = frames.iter().take_while(|frame| ours(frame)).count();
    let outermost = frames[..count].last()?;
    let function = outermost.function.as_deref()?.strip_prefix(PREFIX)?.to_owned();
    let of_library =
        |frame: &&Frame| frame.function.as_ref().is_some_and(|name| name.starts_with(LIBRARY));
    let callers = frames[count..].iter().take_while(of_library).count();
    frames.drain(..count + callers);

    if let Some(row) = TABLE.iter().find(|row| row.function == function) {
        let value = |wanted: &&str| {
            let named = |(name, _): &&(String, u64)| name.strip_prefix(PREFIX) == Some(wanted);
            globals.iter().find(named).map(|(_, value)| *value)
        };
        if let Some(numbers) = row.globals.iter().map(value).collect::<Option<Vec<u64>>>() {
            return Some((row.reason)(&numbers));
        }
    }
    let own = format!("{PREFIX}{function}::");
    let number = |(name, value): &(String, u64)| {
        name.strip_prefix(&own).map(|word| (word.replace('_', " "), *value))
    };
    let numbers = globals.iter().filter_map(number).collect();
    Some(Reason::Library { name: function.replace('_', " "), numbers })
}
