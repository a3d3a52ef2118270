//! Bytes of a module ⇒ bytes of a module that does the same, by way of the tree.

use swasm_optimizer::{Level, Pass, optimize_module, passes};
use swasm_tree::{Body, FuncId, Module, Reading, WriteOptions, encode, verify};

/// What happens to a module between reading and writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing: bodies stay bytes.
    Untouched,
    /// Every body becomes a tree in the pass that validates it, and is encoded.
    Reencoded,
    /// Every body becomes a tree, which is verified and encoded.
    Opened,
    /// Items that are named often get small indices, and equal ones become one.
    Renumbered,
    /// The passes of the optimiser run on every body.
    Optimised,
}

impl Way {
    /// All of them.
    pub(crate) const ALL: [Way; 5] =
        [Way::Untouched, Way::Reencoded, Way::Opened, Way::Renumbered, Way::Optimised];

    /// Whether the module has what it had, in the same order. What is renumbered does not even settle: block types count, too, when it is
    /// renumbered again.
    pub(crate) fn keeps_items(self) -> bool {
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

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Refused(message) => write!(f, "refused: {message}"),
            Fault::Broken(message) => write!(f, "broken: {message}"),
        }
    }
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
    // Imports that nobody needs stay: a host must have them.
    if how == Way::Renumbered {
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
