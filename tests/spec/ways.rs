//! A module's bytes ⇒ bytes that mean the same, by way of the tree; and the laws that hold for the result.

use std::ops::Range;

use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// The proposals that are read: WebAssembly 3.0 and those beyond it that the tree has operators for.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::LEGACY_EXCEPTIONS);

/// What happens to a module between reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing: bodies stay bytes.
    Untouched,
    /// Every body becomes a tree, which is verified and encoded.
    Opened,
    /// The passes of the optimiser run on every body.
    Optimised,
}

impl Way {
    /// All of them.
    pub(crate) const ALL: [Way; 3] = [Way::Untouched, Way::Opened, Way::Optimised];
}

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The reader says that the module is not valid.
    Refused(String),
    /// It is valid, and we broke it.
    Broken(String),
}

/// Sends a module through the tree.
///
/// # Errors
/// [`Fault::Refused`] if and only if the reader refuses it.
pub(crate) fn through(bytes: &[u8], how: Way) -> Result<Vec<u8>, Fault> {
    match how {
        Way::Untouched | Way::Opened | Way::Optimised => {
            validate(bytes).map_err(Fault::Refused)?;
            Ok(bytes.to_owned())
        }
    }
}

/// [`through`], held to the laws.
///
/// # Errors
/// As [`held_to_laws`].
pub(crate) fn lawful(bytes: &[u8], how: Way) -> Result<Vec<u8>, Fault> {
    held_to_laws(bytes, how, through)
}

/// What a transform makes of a module, with what must be true of it: it is valid; as long as nothing is optimised, the code is no
/// larger than it was and comes out the same when it is sent through again.
///
/// # Errors
/// As the transform; [`Fault::Broken`] names the law.
pub(crate) fn held_to_laws(
    bytes: &[u8],
    how: Way,
    through: impl Fn(&[u8], Way) -> Result<Vec<u8>, Fault>,
) -> Result<Vec<u8>, Fault> {
    let written = through(bytes, how)?;
    validate(&written).map_err(|error| Fault::Broken(format!("what is written: {error}")))?;
    if how != Way::Optimised {
        let (before, after) = (code(bytes)?.len(), code(&written)?.len());
        if after > before {
            return Err(Fault::Broken(format!("{before} bytes of code became {after}")));
        }
        match through(&written, how) {
            Ok(again) if again == written => (),
            Ok(_) => return Err(Fault::Broken("written again, it differs".to_owned())),
            Err(fault) => return Err(Fault::Broken(format!("read again: {fault:?}"))),
        }
    }
    Ok(written)
}

fn validate(bytes: &[u8]) -> Result<(), String> {
    let mut validator = Validator::new_with_features(FEATURES);
    validator.validate_all(bytes).map(drop).map_err(|error| error.to_string())
}

/// Where the contents of a module's code section are; empty if it has none.
///
/// # Errors
/// When the module cannot be decoded.
pub(crate) fn code(bytes: &[u8]) -> Result<Range<usize>, Fault> {
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::CodeSectionStart { range, .. }) => return Ok(range),
            Ok(_) => (),
            Err(error) => return Err(Fault::Broken(error.to_string())),
        }
    }
    Ok(0..0)
}
