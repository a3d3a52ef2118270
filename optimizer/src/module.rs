//! The passes over a module that was read: every body is opened, optimised, verified and encoded, one at a time.
//!
//! Invariant: what is copied into callers are bodies as they were before the first of them was defined anew, so the order of functions
//! does not matter to what is inlined where.

use std::collections::HashMap;

use swasm_tree::{Body, Encoder, FuncId, FuncKind, Module, Verifier, VerifyError};

use crate::passes::inline::{InlineHint, is_inlinable};
use crate::{Callees, Level, NoCallees, Pass, optimize, passes};

/// Functions of more bytes of code than this are not looked at as something to copy.
const CANDIDATE_BYTES: usize = 96;
/// Bodies are kept until they have so many nodes together.
const KEPT_NODES: usize = 1 << 18;
/// What a body takes besides its nodes, in nodes.
const BODY_NODES: usize = 32;

/// The small functions of a module that was read, opened, so that [`optimize`] may copy them into their callers. Those that call others
/// are among them, but not what their calls would become: copies are not looked at again.
#[derive(Debug, Default)]
pub struct SmallFunctions {
    bodies: HashMap<FuncId, Body>,
}

impl SmallFunctions {
    /// Opens what is small. Functions that are not as they were read have no body that could be opened. If there are very many, the first
    /// ones are kept.
    pub fn of(module: &Module) -> SmallFunctions {
        let mut found = SmallFunctions::default();
        let mut body = Body::new(&[], &[]);
        let mut left = KEPT_NODES;
        for func in (0..module.funcs.len() as u32).map(FuncId) {
            let FuncKind::Read(code) = &module.func(func).kind else { continue };
            if code.byte_len() > CANDIDATE_BYTES || !module.open(func, &mut body) {
                continue;
            }
            optimize(module, func, &mut body, passes(Level::O1), &NoCallees, &mut |_, _| ());
            // Without the nodes that the passes took out.
            let live = body.pre_order(body.root()).count() + BODY_NODES;
            if live <= left && is_inlinable(module, func, &body, InlineHint::Auto) {
                left -= live;
                found.bodies.insert(func, body.clone());
            }
        }
        found
    }
}

impl Callees for SmallFunctions {
    fn inlinable(&self, func: FuncId) -> Option<&Body> {
        self.bodies.get(&func)
    }
}

/// Runs passes over every body of a module that was read and not opened yet; `watch` sees each after each pass. Functions that were defined
/// stay as they are. What is not called any more stays, too: [`Module::retain_reachable`] leaves it out.
///
/// # Errors
/// What the verifier says of the first body that a pass broke: its function, and those after it, are as they were read.
pub fn optimize_module(
    module: &mut Module,
    passes: &[&Pass],
    watch: &mut dyn FnMut(&Module, FuncId, &Pass, &Body),
) -> Result<(), Vec<VerifyError>> {
    let inlines = passes.iter().any(|pass| pass.name == "inline");
    let callees = if inlines { SmallFunctions::of(module) } else { SmallFunctions::default() };
    let (mut verifier, mut encoder) = (Verifier::new(), Encoder::new());
    let mut body = Body::new(&[], &[]);
    for func in (0..module.funcs.len() as u32).map(FuncId) {
        if !module.open(func, &mut body) {
            continue;
        }
        optimize(module, func, &mut body, passes, &callees, &mut |pass, body| {
            watch(module, func, pass, body);
        });
        let code = encoder.encode(verifier.verify(module, func, &body)?);
        module.define(func, code);
    }
    Ok(())
}
