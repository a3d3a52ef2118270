//! Proves that a body may be encoded: `Body` ⇒ [`Verified`], or errors that name function, node and rule.
//!
//! Checked here:
//! - every node has at most one parent and none is its own ancestor;
//! - every id that an immediate names exists: locals, functions, globals, memories, tables, segments, types; also those types that locals
//!   and blocks name;
//! - every operand has the type its operator takes, and every operand list has exactly as many values as are taken
//!   (after a node that diverges: at most as many);
//! - a label is a block, loop or `if` around the branch, and the branch carries what it takes;
//! - a block's, an arm's and the function's body give exactly the declared results;
//! - `SetMany` has a local for each value, `Stack` a value to take;
//! - memory arguments: alignment at most natural (of atomics: natural), offset within the address type; lanes exist;
//! - a cast's operator and its type agree about null;
//! - globals and fields that are set are mutable; a tail call gives what the function gives; no holes;
//! - a local without a default value is set before it is read, in its block or around it;
//! - what handles in a legacy `try` are `catch`es, `catch_all` last, or a `delegate`; `rethrow` is in a `catch`.
//!
//! Left to validators of whole modules (wasmparser, in tests): limits of implementations, proposals that are switched
//! off, declarations outside of bodies, and that a function named by `ref.func` is declared (the writer does that).
//!
//! How: `walk` visits the nodes and does most of them with what `fixed` says of their operators, in terms of `slot`; `operator` does the
//! others, `control` blocks and branches, `values` what is on the stack.
//!
//! Invariant: what passes is accepted by every validator once it is written, with the exceptions just named. What is refused has bytes that no
//! validator accepts, or bytes that stand for another tree (`agree`, a test, damages bodies and asks wasmparser).

#[cfg(test)]
mod agree;
mod control;
mod fixed;
mod operator;
mod slot;
mod values;
mod walk;

use std::fmt;

use control::Block;
use slot::{Slot, Stack};
use walk::{Cx, Frame, State};

use crate::ids::node_raw;
use crate::signature::Signature;
use crate::{Body, FuncId, LocalId, Module, NodeId, Op, ValType};

/// A body that was verified: the only thing that is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    pub(crate) module: &'a Module,
    pub(crate) func: FuncId,
    pub(crate) body: &'a Body,
}

impl<'a> Verified<'a> {
    /// The body.
    pub fn body(self) -> &'a Body {
        self.body
    }

    /// The function it belongs to.
    pub fn func(self) -> FuncId {
        self.func
    }
}

/// Which rule a node breaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rule {
    /// A node has one parent.
    OneParent,
    /// What an immediate names exists and fits.
    Immediate,
    /// Operands have the types their operator takes.
    Operands,
    /// A block, an arm or the function gives its results.
    Results,
    /// A branch names a block around it.
    Label,
    /// A `Stack` takes a value that an earlier sibling left.
    Stack,
    /// A local without a default value is set before it is read.
    Local,
    /// What handles in a legacy `try`.
    Handlers,
    /// A function has no holes.
    Hole,
    /// A body has the parameters and results of its function.
    Signature,
}

/// Why a body cannot be encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The function.
    pub func: FuncId,
    /// Its name, if it has one.
    pub name: Option<Box<str>>,
    /// The node.
    pub node: NodeId,
    /// Its operator.
    pub op: Op,
    /// The rule it breaks.
    pub rule: Rule,
    /// How, in words.
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = node_raw(self.node);
        write!(f, "function {}", self.func.0)?;
        if let Some(name) = &self.name {
            write!(f, " (`{name}`)")?;
        }
        write!(f, ", node {node} (`{}`): {} [{:?}]", self.op.mnemonic(), self.message, self.rule)
    }
}

impl std::error::Error for VerifyError {}

/// Proves that a body may be encoded. To verify many, keep a [`Verifier`].
pub fn verify<'a>(
    module: &'a Module,
    func: FuncId,
    body: &'a Body,
) -> Result<Verified<'a>, Vec<VerifyError>> {
    Verifier::new().verify(module, func, body)
}

/// Memory that verifying needs, to be used again for the next body.
#[derive(Debug, Default)]
pub struct Verifier {
    /// By node.
    seen: Vec<State>,
    /// Nodes whose children are being verified, but for the innermost.
    frames: Stack<Frame>,
    blocks: Vec<Block>,
    stack: Stack<Slot>,
    /// Types of locals; of those without a default value that are not set yet, none that a value has.
    locals: Vec<Slot>,
    /// Locals without a default value that were set since, innermost block last.
    set: Vec<LocalId>,
    /// As [`fixed::Fixed::fits`] wants it.
    without_memory: u32,
    sig: Signature,
    errors: Vec<VerifyError>,
    /// Types of holes, where they are allowed.
    holes: Option<Vec<ValType>>,
}

impl Verifier {
    /// A verifier.
    pub fn new() -> Verifier {
        Verifier::default()
    }

    /// Proves that a body may be encoded.
    pub fn verify<'a>(
        &mut self,
        module: &'a Module,
        func: FuncId,
        body: &'a Body,
    ) -> Result<Verified<'a>, Vec<VerifyError>> {
        self.holes = None;
        self.run(&Cx { module, func, body })?;
        Ok(Verified { module, func, body })
    }

    /// As [`Verifier::verify`] for a template whose holes have these types.
    pub(crate) fn verify_template(
        &mut self,
        module: &Module,
        func: FuncId,
        body: &Body,
        holes: &[ValType],
    ) -> Result<(), Vec<VerifyError>> {
        self.holes = Some(holes.to_vec());
        self.run(&Cx { module, func, body })
    }

    fn run(&mut self, cx: &Cx<'_>) -> Result<(), Vec<VerifyError>> {
        self.begin(cx);
        self.check_signature(cx);
        self.check_types(cx, cx.body.root(), cx.body.locals());
        self.walk(cx);
        let block = self.block();
        self.check_end(cx, cx.body.root(), block, cx.body.results(), "the function");
        if self.errors.is_empty() { Ok(()) } else { Err(std::mem::take(&mut self.errors)) }
    }

    fn check_signature(&mut self, cx: &Cx<'_>) {
        let &Cx { module, func, body } = cx;
        let declared = module.funcs.get(func.index()).and_then(|f| module.types.try_get(f.ty));
        let message = match declared {
            Some(ty) if *ty.params == *body.params() && *ty.results == *body.results() => return,
            Some(ty) => format!(
                "the function takes {} and gives {}, its body takes {} and gives {}",
                values::list(&ty.params),
                values::list(&ty.results),
                values::list(body.params()),
                values::list(body.results())
            ),
            None => "there is no such function".to_owned(),
        };
        self.error(cx, body.root(), Rule::Signature, message);
    }

    /// What types of locals and blocks name exists.
    fn check_types(&mut self, cx: &Cx<'_>, node: NodeId, types: &[ValType]) {
        if let Some(ty) = types.iter().find(|ty| !cx.module.types.knows(**ty)) {
            self.error(cx, node, Rule::Immediate, format!("there is no type as in {ty}"));
        }
    }

    #[cold]
    fn error(&mut self, cx: &Cx<'_>, node: NodeId, rule: Rule, message: String) {
        let name = cx.module.funcs.get(cx.func.index()).and_then(|func| func.name.clone());
        let (func, op) = (cx.func, cx.body.op(node));
        self.errors.push(VerifyError { func, name, node, op, rule, message });
    }
}
