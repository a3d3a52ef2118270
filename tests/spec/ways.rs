//! A module's bytes ⇒ bytes that mean the same, by way of the tree; and the laws that hold for the result.

use std::ops::Range;

use swasm_optimizer::{Level, Pass, optimize_module, passes};
use swasm_tree::{Body, FEATURES, FuncId, Module, Reading, WriteOptions, encode, verify};
use wasmparser::{Parser, Payload, Validator};

/// What happens to a module between reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing: bodies stay bytes.
    Untouched,
    /// Every body becomes a tree in the pass that validates it, and is encoded.
    Reencoded,
    /// Every body becomes a tree, which is verified and encoded.
    Opened,
    /// Items that are named often get small indices, equal ones become one, and what nobody needs is left out.
    Renumbered,
    /// The passes of the optimiser run on every body; then it is renumbered.
    Optimised,
}

impl Way {
    /// All of them.
    pub(crate) const ALL: [Way; 5] =
        [Way::Untouched, Way::Reencoded, Way::Opened, Way::Renumbered, Way::Optimised];

    /// Whether writing what was written gives it again. Whoever renumbers what was renumbered counts block types, too.
    fn settles(self) -> bool {
        match self {
            Way::Untouched | Way::Reencoded | Way::Opened => true,
            Way::Renumbered | Way::Optimised => false,
        }
    }
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
    let refused = |error: swasm_tree::ReadError| Fault::Refused(error.to_string());
    let mut module = match how {
        Way::Reencoded => {
            let mut reading = Reading::new(bytes).map_err(refused)?;
            reading.reencode().map_err(refused)?;
            reading.finish().map_err(refused)?
        }
        Way::Untouched | Way::Opened | Way::Renumbered | Way::Optimised => {
            Module::read(bytes).map_err(refused)?
        }
    };
    if how == Way::Optimised {
        optimise(&mut module)?;
    }
    if matches!(how, Way::Renumbered | Way::Optimised) {
        module.retain_reachable();
        module.renumber();
    }
    if how == Way::Opened {
        let mut body = Body::new(&[], &[]);
        for func in (0..module.funcs.len() as u32).map(FuncId) {
            if !module.open(func, &mut body) {
                continue;
            }
            let verified = verify(&module, func, &body);
            let verified = verified.map_err(|errors| Fault::Broken(errors[0].to_string()))?;
            let code = encode(verified);
            module.define(func, code);
        }
    }
    Ok(module.write(&WriteOptions { names: true, producers: None }).bytes)
}

/// All passes over all bodies, which are verified after each.
fn optimise(module: &mut Module) -> Result<(), Fault> {
    let mut broken = None;
    let mut check = |module: &Module, func, pass: &Pass, body: &Body| {
        if broken.is_none()
            && let Err(errors) = verify(module, func, body)
        {
            broken = Some(Fault::Broken(format!("after {}: {}", pass.name, errors[0])));
        }
    };
    let done = optimize_module(module, passes(Level::O2), &mut check);
    match broken {
        Some(fault) => Err(fault),
        None => done.map_err(|errors| Fault::Broken(errors[0].to_string())),
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
        let again = if how.settles() { through(&written, how) } else { Ok(written.clone()) };
        match again {
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
