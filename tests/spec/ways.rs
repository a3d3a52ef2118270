//! What must be true of a module that went through the tree.

use std::ops::Range;

use swasm_tree::{FEATURES, Module, WriteOptions};
use wasmparser::{Parser, Payload, Validator};

pub(crate) use crate::through::{Fault, Way, through};

/// [`through`], held to the laws.
///
/// # Errors
/// As [`held_to_laws`].
pub(crate) fn lawful(bytes: &[u8], how: Way) -> Result<Vec<u8>, Fault> {
    held_to_laws(bytes, how, through)
}

/// A module that was optimised, read again and renumbered.
///
/// # Errors
/// As [`lawful`].
pub(crate) fn renumbered(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let optimised = lawful(bytes, Way::Optimised)?;
    let read = Module::read(optimised);
    let mut module = read.map_err(|error| Fault::Broken(format!("read again: {error}")))?;
    module.renumber();
    let written = module.write(&WriteOptions { names: true, producers: None }).bytes;
    validate(&written).map_err(|error| Fault::Broken(format!("renumbered: {error}")))?;
    Ok(written)
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
    }
    if how.keeps_items() {
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
