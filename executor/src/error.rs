//! What went wrong before or beside the guest's own run: an invalid module, a missing import, an
//! unknown export, a wrong argument. Invariant: the text stands alone, with its cause included.

use std::fmt;

/// A refusal of the executor, as text that needs no context. What the *guest* does (trapping,
/// leaving through `proc_exit`) is a [`Stop`](crate::Stop) instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    message: String,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Error {
        Error { message: message.into() }
    }

    /// The whole chain of causes of wasmtime's error, behind what was being done.
    pub(crate) fn because(doing: &str, cause: &wasmtime::Error) -> Error {
        Error::new(format!("{doing}: {cause:#}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
