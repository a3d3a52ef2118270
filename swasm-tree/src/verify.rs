//! Proves that a body may be encoded: `Body` ⇒ [`Verified`], or errors that name function, node and rule.
//!
//! Checked here:
//! - every node has at most one parent and none is its own ancestor;
//! - every id that an immediate names exists: locals, functions, globals, memories, tables, segments, types;
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
//! Invariant: what passes is accepted by every validator once it is written, with the exceptions just named. What is refused has bytes that no
//! validator accepts, or bytes that stand for another tree (`agree`, a test, damages bodies and asks wasmparser).

#[cfg(test)]
mod agree;

use std::fmt;

use crate::ids::node_raw;
use crate::signature::{
    Signature, after_reference, cast_types, is_of_reference, label_types, signature,
};
use crate::{
    Body, Fold, FuncId, LocalId, MemArg, MemoryId, Module, NodeId, Op, RefType, Shape, Types,
    ValType, View,
};

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
    /// By node: 0 when not seen, 1 when seen, `2 + n` for the open block number `n`.
    seen: Vec<u32>,
    frames: Vec<Frame>,
    blocks: Vec<Block>,
    stack: Vec<ValType>,
    sig: Signature,
    errors: Vec<VerifyError>,
    /// Types of holes, where they are allowed.
    holes: Option<Vec<ValType>>,
    /// Locals without a default value that are not set yet, by id; empty if there is none in the body.
    unset: Vec<bool>,
    /// Those set since, innermost block last.
    set: Vec<LocalId>,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    node: NodeId,
    /// Number of the next child.
    next: u32,
    /// Height of the stack where the node's operands begin.
    base: u32,
    /// Whether an operand diverged: then any operands may come before those on the stack.
    diverged: bool,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    /// Height of the stack below the block's parameters.
    height: u32,
    /// How many frames there are outside of its body.
    frames: u32,
    /// How many locals of [`Verifier::set`] were set outside.
    set: u32,
    diverged: bool,
}

/// The type of a value that never comes: a `select` of two of them gives one. No reference type has these bits.
const NEVER: ValType = ValType::Ref(RefType::from_bits(u32::MAX));

const SEEN: u32 = 1;
const OPEN: u32 = 2;

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
        self.run(module, func, body)?;
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
        self.run(module, func, body)
    }

    fn run(&mut self, module: &Module, func: FuncId, body: &Body) -> Result<(), Vec<VerifyError>> {
        self.seen.clear();
        self.seen.resize(body.node_count(), 0);
        self.frames.clear();
        self.blocks.clear();
        self.stack.clear();
        self.set.clear();
        self.unset.clear();
        let locals = &body.locals()[body.param_count()..];
        if locals.iter().any(|ty| !ty.is_defaultable()) {
            self.unset.resize(body.param_count(), false);
            self.unset.extend(locals.iter().map(|ty| !ty.is_defaultable()));
        }
        let root = body.root();
        let declared = module.funcs.get(func.index()).and_then(|f| module.types.try_get(f.ty));
        let fits = declared
            .is_some_and(|ty| *ty.params == *body.params() && *ty.results == *body.results());
        if !fits {
            let message = match declared {
                Some(ty) => format!(
                    "the function takes {} and gives {}, its body takes {} and gives {}",
                    list(&ty.params),
                    list(&ty.results),
                    list(body.params()),
                    list(body.results())
                ),
                None => "there is no such function".to_owned(),
            };
            self.error(module, func, body, root, Rule::Signature, message);
        }
        let mut cx = Cx { v: self, module, func, body };
        cx.walk(root);
        if self.errors.is_empty() { Ok(()) } else { Err(std::mem::take(&mut self.errors)) }
    }

    #[cold]
    fn error(
        &mut self,
        module: &Module,
        func: FuncId,
        body: &Body,
        node: NodeId,
        rule: Rule,
        message: String,
    ) {
        let name = module.funcs.get(func.index()).and_then(|f| f.name.clone());
        let op = body.op(node);
        self.errors.push(VerifyError { func, name, node, op, rule, message });
    }
}

struct Cx<'a> {
    v: &'a mut Verifier,
    module: &'a Module,
    func: FuncId,
    body: &'a Body,
}

impl Cx<'_> {
    #[cold]
    fn error(&mut self, node: NodeId, rule: Rule, message: String) {
        self.v.error(self.module, self.func, self.body, node, rule, message);
    }

    fn walk(&mut self, root: NodeId) {
        self.v.blocks.push(Block { height: 0, frames: 0, set: 0, diverged: false });
        if !self.leaf(root) {
            self.open(root);
            if !self.body.op(root).shape().is_label() {
                self.v.seen[node_raw(root) as usize] = OPEN;
            }
        }
        while let Some(&Frame { node, next, .. }) = self.v.frames.last() {
            let children = self.body.children(node);
            let shape = self.body.op(node).shape();
            let arms = shape.arms();
            if arms > 0 {
                if children.len() < arms {
                    self.error(node, Rule::Operands, "a block without a body".to_owned());
                    self.v.frames.pop();
                    continue;
                }
                let first_arm = children.len() - arms;
                if next as usize == first_arm {
                    if shape.is_label() {
                        self.open_block(node);
                    } else {
                        self.open_catch(node);
                    }
                } else if next as usize == first_arm + 1 && arms == 2 {
                    self.next_arm(node);
                }
            }
            let mut at = next as usize;
            let mut opened = None;
            while let Some(&child) = children.get(at) {
                at += 1;
                if !self.leaf(child) {
                    opened = Some(child);
                    break;
                }
                // The other arm begins in a fresh state.
                if arms > 0 {
                    break;
                }
            }
            if at != next as usize
                && let Some(frame) = self.v.frames.last_mut()
            {
                frame.next = at as u32;
            }
            if let Some(child) = opened {
                self.open(child);
            } else if at == next as usize || (arms == 0 && at == children.len()) {
                if shape.is_label() {
                    self.close_block(node);
                } else if arms > 0 {
                    let results = self.results_of_try();
                    self.check_end(node, &results, "the `catch`");
                } else {
                    self.leave(node, shape);
                }
                self.v.frames.pop();
            }
        }
        let results = self.body.results();
        self.check_end(root, results, "the function");
    }

    fn open(&mut self, node: NodeId) {
        let base = self.v.stack.len() as u32;
        self.v.frames.push(Frame { node, next: 0, base, diverged: false });
    }

    /// Marks a node as seen, and does all there is to do for one without children that only gives a value. Answers
    /// whether that was all: otherwise it is to be opened.
    #[inline]
    fn leaf(&mut self, node: NodeId) -> bool {
        match self.v.seen.get_mut(node_raw(node) as usize) {
            Some(seen @ 0) => *seen = SEEN,
            Some(_) => {
                self.error(node, Rule::OneParent, "the node has two parents".to_owned());
                return true;
            }
            None => {
                let parent = self.v.frames.last().map_or(self.body.root(), |frame| frame.node);
                self.error(parent, Rule::OneParent, "a child is a node of another body".to_owned());
                return true;
            }
        }
        let data = self.body.node(node);
        if data.n != 0 {
            return false;
        }
        if data.op == Op::LOCAL_GET {
            if let View::Local(local) = self.body.view_node(data)
                && let Some(&ty) = self.body.locals().get(local.index())
            {
                if !self.v.unset.is_empty() && self.v.unset[local.index()] {
                    let message = format!("local {} of type {ty} may not be set yet", local.0);
                    self.error(node, Rule::Local, message);
                }
                self.v.stack.push(ty);
                return true;
            }
            return false;
        }
        let row = data.op.row();
        if row.fold == Fold::Const && row.shape != Shape::Symbol {
            self.v.stack.extend_from_slice(row.results);
            return true;
        }
        false
    }

    fn leave(&mut self, node: NodeId, shape: Shape) {
        let op = self.body.op(node);
        if shape == Shape::Plain {
            let row = op.row();
            self.take(node, row.params);
            self.v.stack.extend_from_slice(row.results);
        } else if let Shape::Mem(width) = shape {
            let address = self.module.memories.first().map(crate::Memory::address_type);
            let View::Mem(MemArg { align_log2, offset, memory }) = self.body.view(node) else {
                return;
            };
            let is_plain = memory == MemoryId(0) && address == Some(ValType::I32);
            if is_plain && align_log2 <= width && offset <= u64::from(u32::MAX) {
                let row = op.row();
                self.take(node, row.params);
                self.v.stack.extend_from_slice(row.results);
            } else {
                self.leave_by_signature(node);
            }
        } else if shape == Shape::Local {
            let View::Local(local) = self.body.view(node) else { return };
            match self.body.locals().get(local.index()) {
                Some(&ty) if op != Op::LOCAL_GET => {
                    self.take(node, &[ty]);
                    self.note_set(local);
                    if op == Op::LOCAL_TEE {
                        self.v.stack.push(ty);
                    }
                }
                _ => self.leave_by_signature(node),
            }
        } else if op == Op::SEQ {
            // What its children left is what it gives.
        } else if op == Op::DROP {
            self.take_any(node, 1);
        } else if op == Op::SELECT {
            self.select(node);
        } else if op == Op::REF_IS_NULL {
            let [taken, ..] = self.take_any(node, 1);
            if let Some(ty) = taken
                && !matches!(ty, ValType::Ref(_))
            {
                self.error(node, Rule::Operands, format!("takes a reference, has {ty}"));
            }
            self.v.stack.push(ValType::I32);
        } else if let View::SetMany(locals) = self.body.view(node) {
            self.leave_by_signature(node);
            for &local in locals {
                self.note_set(local);
            }
        } else if is_of_reference(op) {
            self.reference(node);
        } else if op == Op::BR_ON_NON_NULL || shape == Shape::BrOnCast {
            self.branch_on(node);
        } else if matches!(shape, Shape::Delegate | Shape::Rethrow) {
            self.legacy_label(node);
        } else if op == Op::STACK {
            self.take_earlier(node);
        } else if op == Op::HOLE {
            self.hole(node);
        } else if let View::Br(target) = self.body.view(node) {
            let mut types = self.label(node, target);
            if op == Op::BR {
                self.take(node, &types);
                self.diverge();
            } else {
                types.push(ValType::I32);
                self.take(node, &types);
                types.pop();
                self.v.stack.extend_from_slice(&types);
            }
        } else if let View::BrTable { targets, default } = self.body.view(node) {
            let mut types = self.label(node, default);
            let found = &self.v.stack[self.base().min(self.v.stack.len())..];
            let carried: crate::TypeList =
                found.split_last().map_or(&[][..], |(_, rest)| rest).into();
            let mut last = default;
            for &target in targets {
                if target == last {
                    continue;
                }
                last = target;
                let other = self.label(node, target);
                let fits = other == types
                    || (other.len() == types.len()
                        && carried.len() <= other.len()
                        && matches(
                            &self.module.types,
                            &carried,
                            &other[other.len() - carried.len()..],
                        ));
                if !fits {
                    self.error(node, Rule::Label, "the labels carry different types".to_owned());
                    break;
                }
            }
            types.push(ValType::I32);
            self.take(node, &types);
            self.diverge();
        } else {
            self.leave_by_signature(node);
        }
    }

    fn leave_by_signature(&mut self, node: NodeId) {
        let mut sig = std::mem::take(&mut self.v.sig);
        if let Err(mistake) = signature(self.module, self.body, node, &mut sig) {
            self.error(node, Rule::Immediate, mistake);
            let base = self.base();
            self.v.stack.truncate(base);
        } else {
            self.take(node, &sig.params);
        }
        if self.body.op(node).diverges() {
            self.diverge();
        } else {
            self.v.stack.extend_from_slice(&sig.results);
        }
        self.v.sig = sig;
    }

    /// An operator whose last result is its last operand, a reference.
    fn reference(&mut self, node: NodeId) {
        let op = self.body.op(node);
        let mut types = crate::TypeList::new();
        if let View::Label(target) = self.body.view(node) {
            types = self.label(node, target);
        }
        let base = self.base().min(self.v.stack.len());
        let operand = if self.v.stack.len() > base { self.v.stack.last().copied() } else { None };
        let expected = match op {
            Op::ANY_CONVERT_EXTERN => ValType::EXTERNREF,
            Op::EXTERN_CONVERT_ANY => ValType::Ref(RefType::nullable(crate::AbstractHeapType::Any)),
            _ => operand.unwrap_or(NEVER),
        };
        let after = match operand {
            Some(NEVER) => NEVER,
            None if op.shape() != Shape::RefAs => NEVER,
            None => after_reference(op, if expected == NEVER { NEVER } else { expected }),
            Some(ty) => after_reference(op, ty),
        };
        if operand.is_some_and(|ty| !matches!(ty, ValType::Ref(_))) {
            self.error(node, Rule::Operands, "takes a reference".to_owned());
        }
        types.push(expected);
        self.take(node, &types);
        types.pop();
        types.push(after);
        self.v.stack.extend_from_slice(&types);
    }

    /// `br_on_non_null`, `br_on_cast` and `br_on_cast_fail`: the branch carries the reference, too.
    fn branch_on(&mut self, node: NodeId) {
        let labels: smallvec::SmallVec<[NodeId; 1]> = self.body.labels(node).collect();
        let mut types = match labels[..] {
            [target] => self.label(node, target),
            _ => crate::TypeList::new(),
        };
        let Some(carried) = types.pop() else {
            let message = "the label carries no reference".to_owned();
            return self.error(node, Rule::Label, message);
        };
        let (taken, kept) = if let View::BrOnCast { label: _, from, to } = self.body.view(node) {
            let (branches, stays) = cast_types(self.body.op(node), from, to);
            if !self.module.types.matches(ValType::Ref(branches), carried) {
                let message = format!("the label carries {carried}, not {branches}");
                self.error(node, Rule::Label, message);
            }
            if let Err(mistake) = signature(self.module, self.body, node, &mut Signature::default())
            {
                self.error(node, Rule::Immediate, mistake);
            }
            (ValType::Ref(from), Some(ValType::Ref(stays)))
        } else if let ValType::Ref(ty) = carried {
            (ValType::Ref(RefType::new(true, ty.heap())), None)
        } else {
            let message = "the label carries no reference".to_owned();
            return self.error(node, Rule::Label, message);
        };
        types.push(taken);
        self.take(node, &types);
        types.pop();
        types.extend(kept);
        self.v.stack.extend_from_slice(&types);
    }

    /// `delegate`, the handler of the `try` whose frame is below, and `rethrow`.
    fn legacy_label(&mut self, node: NodeId) {
        let op = self.body.op(node);
        let Some(target) = self.body.labels(node).next() else { return };
        self.label(node, target);
        self.take(node, &[]);
        let mut around = self.v.frames.iter().rev().skip(1);
        if op == Op::DELEGATE {
            let fits = around
                .next()
                .is_some_and(|frame| self.body.op(frame.node) == Op::TRY && frame.node != target);
            if !fits {
                let message = "is not what handles in a `try`, or names it".to_owned();
                self.error(node, Rule::Handlers, message);
            }
            return;
        }
        let in_catch = around.any(|frame| {
            frame.node == target
                && self.body.op(target) == Op::TRY
                && frame.next as usize == self.body.children(target).len()
        });
        if !in_catch {
            self.error(node, Rule::Handlers, "is not in a `catch` of what it names".to_owned());
        }
        self.diverge();
    }

    /// Notes that a local has a value from here on, in this block.
    #[inline]
    fn note_set(&mut self, local: LocalId) {
        if !self.v.unset.is_empty()
            && let Some(unset @ true) = self.v.unset.get_mut(local.index())
        {
            *unset = false;
            self.v.set.push(local);
        }
    }

    /// Forgets which locals the innermost block has set.
    fn forget_set(&mut self) {
        let outside = self.v.blocks.last().map_or(0, |block| block.set as usize);
        for local in self.v.set.drain(outside..) {
            self.v.unset[local.index()] = true;
        }
    }

    fn base(&self) -> usize {
        self.v.frames.last().map_or(0, |frame| frame.base as usize)
    }

    fn may_lack(&self) -> bool {
        self.v.frames.last().is_some_and(|frame| frame.diverged)
    }

    /// Takes the operands of the node whose frame is on top.
    #[inline]
    fn take(&mut self, node: NodeId, expected: &[ValType]) {
        let base = self.base();
        let found = &self.v.stack[base.min(self.v.stack.len())..];
        let lack = expected.len().wrapping_sub(found.len());
        if found != expected
            && !(lack <= expected.len()
                && (lack == 0 || self.may_lack())
                && matches(&self.module.types, found, &expected[lack..]))
        {
            let message = format!("takes {}, has {}", list(expected), list(found));
            self.error(node, Rule::Operands, message);
        }
        self.v.stack.truncate(base);
    }

    /// Takes `count` operands (at most 3) of any type; where one is missing because control diverged, it is `None`.
    fn take_any(&mut self, node: NodeId, count: usize) -> [Option<ValType>; 3] {
        let base = self.base();
        let found = &self.v.stack[base.min(self.v.stack.len())..];
        let mut taken = [None; 3];
        if found.len() > count || (found.len() < count && !self.may_lack()) {
            let message = format!("takes {count} operands, has {}", list(found));
            self.error(node, Rule::Operands, message);
        } else {
            for (at, &ty) in found.iter().enumerate() {
                taken[count - found.len() + at] = (ty != NEVER).then_some(ty);
            }
        }
        self.v.stack.truncate(base);
        taken
    }

    fn select(&mut self, node: NodeId) {
        let [a, b, condition] = self.take_any(node, 3);
        if condition.is_some_and(|ty| ty != ValType::I32) {
            self.error(node, Rule::Operands, "the condition of `select` is not an i32".to_owned());
        }
        if let (Some(a), Some(b)) = (a, b)
            && a != b
        {
            self.error(node, Rule::Operands, format!("selects between {a} and {b}"));
        }
        match a.or(b) {
            Some(ValType::Ref(ty)) => {
                let message = format!("`select` of {ty} needs its type written down");
                self.error(node, Rule::Operands, message);
            }
            Some(ty) => self.v.stack.push(ty),
            None => self.v.stack.push(NEVER),
        }
    }

    fn take_earlier(&mut self, node: NodeId) {
        let (floor, outside) =
            self.v.blocks.last().map_or((0, 0), |b| (b.height, b.frames as usize));
        let frames = &mut self.v.frames[outside..];
        let first = frames.len().checked_sub(2).map_or(0, |parent| {
            let at = frames[parent].next as usize - 1;
            let stacks = at == 0
                || self.body.op(self.body.children(frames[parent].node)[at - 1]) == Op::STACK;
            if stacks { frames[parent].base } else { 0 }
        });
        if first <= floor {
            self.error(node, Rule::Stack, "no earlier sibling left a value".to_owned());
            return;
        }
        for frame in frames.iter_mut().rev() {
            frame.base = frame.base.min(first - 1);
        }
    }

    fn hole(&mut self, node: NodeId) {
        let View::Hole(number) = self.body.view(node) else { return };
        match self.v.holes.as_ref().map(|holes| holes.get(number as usize)) {
            Some(Some(&ty)) => self.v.stack.push(ty),
            _ => self.error(node, Rule::Hole, format!("hole {number} is not filled")),
        }
    }

    /// What a branch to a label carries; nothing if the label is not around the node.
    fn label(&mut self, node: NodeId, target: NodeId) -> crate::TypeList {
        let state = self.v.seen.get(node_raw(target) as usize).copied().unwrap_or(0);
        if state >= OPEN {
            return label_types(self.body, target).into();
        }
        self.error(node, Rule::Label, "branches to what is not a block around it".to_owned());
        crate::TypeList::new()
    }

    /// Control does not come past the node whose frame is on top.
    fn diverge(&mut self) {
        let Some(block) = self.v.blocks.last_mut() else { return };
        block.diverged = true;
        let (height, outside) = (block.height, block.frames as usize);
        self.v.stack.truncate(height as usize);
        for frame in self.v.frames[outside..].iter_mut().rev() {
            frame.base = height;
            // Its ancestors were marked with it.
            if frame.diverged {
                break;
            }
            frame.diverged = true;
        }
    }

    fn open_block(&mut self, node: NodeId) {
        let mut sig = std::mem::take(&mut self.v.sig);
        if let Err(mistake) = signature(self.module, self.body, node, &mut sig) {
            self.error(node, Rule::Immediate, mistake);
        }
        self.take(node, &sig.params);
        if self.body.op(node) == Op::IF {
            sig.params.pop();
        }
        let height = self.v.stack.len() as u32;
        let (frames, set) = (self.v.frames.len() as u32, self.v.set.len() as u32);
        if let View::TryTable(_, catches) = self.body.view(node) {
            for catch in catches {
                self.check_catch(node, catch);
            }
        }
        self.v.blocks.push(Block { height, frames, set, diverged: false });
        self.v.seen[node_raw(node) as usize] = OPEN;
        self.v.stack.extend_from_slice(&sig.params);
        self.v.sig = sig;
        if let Some(frame) = self.v.frames.last_mut() {
            frame.base = height;
        }
    }

    fn block_results(&self, node: NodeId) -> crate::TypeList {
        self.body.block_type(node).results.into()
    }

    fn next_arm(&mut self, node: NodeId) {
        let results = self.block_results(node);
        self.check_end(node, &results, "the first arm");
        self.forget_set();
        if self.body.op(node) == Op::TRY {
            self.check_handlers(node);
            return;
        }
        let params: crate::TypeList = self.body.block_type(node).params.into();
        if let Some(block) = self.v.blocks.last_mut() {
            block.diverged = false;
        }
        self.v.stack.extend_from_slice(&params);
    }

    /// What handles in a legacy `try`: `catch`es, or a `delegate`.
    fn check_handlers(&mut self, node: NodeId) {
        let Some(&handlers) = self.body.children(node).last() else { return };
        if self.body.op(handlers) == Op::DELEGATE {
            return;
        }
        let catches = self.body.children(handlers);
        let all_but_last = &catches[..catches.len().saturating_sub(1)];
        let fits = self.body.op(handlers) == Op::SEQ
            && all_but_last.iter().all(|&catch| self.body.op(catch) == Op::CATCH)
            && catches
                .last()
                .is_none_or(|&last| matches!(self.body.op(last), Op::CATCH | Op::CATCH_ALL));
        if !fits {
            let message = "what handles is a list of `catch`, or a `delegate`".to_owned();
            self.error(node, Rule::Handlers, message);
        }
    }

    /// A clause of a `try_table`, outside of it.
    fn check_catch(&mut self, node: NodeId, catch: &crate::Catch) {
        let carried = self.label(node, catch.label);
        let mut types: crate::TypeList = match catch.tag {
            Some(tag) => self.module.tag_params(tag).unwrap_or(&[]).into(),
            None => crate::TypeList::new(),
        };
        if catch.with_ref {
            let heap = crate::HeapType::Abstract(crate::AbstractHeapType::Exn);
            types.push(ValType::Ref(RefType::new(false, heap)));
        }
        if !matches(&self.module.types, &types, &carried) {
            let message = format!(
                "`{}` has {}, its label carries {}",
                catch.mnemonic(),
                list(&types),
                list(&carried)
            );
            self.error(node, Rule::Label, message);
        }
    }

    /// The body of a `catch` begins.
    fn open_catch(&mut self, node: NodeId) {
        let frames = &self.v.frames;
        let outer = frames.len().checked_sub(3).map(|at| frames[at].node);
        if outer.is_none_or(|outer| self.body.op(outer) != Op::TRY) {
            let message = "a `catch` that is not what handles in a `try`".to_owned();
            self.error(node, Rule::Handlers, message);
        }
        let mut sig = std::mem::take(&mut self.v.sig);
        sig.params.clear();
        if let View::Tag(tag) = self.body.view(node) {
            match self.module.tag_params(tag) {
                Ok(values) => sig.params.extend_from_slice(values),
                Err(mistake) => self.error(node, Rule::Immediate, mistake),
            }
        }
        self.forget_set();
        let Some(block) = self.v.blocks.last_mut() else { return };
        block.diverged = false;
        let height = block.height;
        self.v.stack.truncate(height as usize);
        self.v.stack.extend_from_slice(&sig.params);
        self.v.sig = sig;
        if let Some(frame) = self.v.frames.last_mut() {
            frame.base = height;
        }
    }

    /// What the innermost block gives, which is the `try` of a `catch`.
    fn results_of_try(&self) -> crate::TypeList {
        let outside = self.v.blocks.last().map_or(0, |block| block.frames as usize);
        let around = outside.checked_sub(1).and_then(|at| self.v.frames.get(at));
        match around {
            Some(frame) if self.body.op(frame.node).shape().is_label() => {
                self.block_results(frame.node)
            }
            _ => crate::TypeList::new(),
        }
    }

    fn close_block(&mut self, node: NodeId) {
        let results = self.block_results(node);
        if self.body.op(node) == Op::TRY {
            // Its body and its `catch`es were checked, each by itself.
            let height = self.v.blocks.last().map_or(0, |block| block.height as usize);
            self.v.stack.truncate(height);
        } else {
            self.check_end(node, &results, "the block");
        }
        self.forget_set();
        self.v.blocks.pop();
        self.v.seen[node_raw(node) as usize] = SEEN;
        self.v.stack.extend_from_slice(&results);
    }

    /// Checks and takes what the innermost block has left.
    fn check_end(&mut self, node: NodeId, results: &[ValType], what: &str) {
        let Some(&Block { height, diverged, .. }) = self.v.blocks.last() else { return };
        let found = &self.v.stack[(height as usize).min(self.v.stack.len())..];
        let lack = results.len().wrapping_sub(found.len());
        let enough = lack == 0 || (diverged && lack <= results.len());
        if !enough || !matches(&self.module.types, found, &results[lack..]) {
            let message = format!("{what} gives {}, its body {}", list(results), list(found));
            self.error(node, Rule::Results, message);
        }
        self.v.stack.truncate(height as usize);
    }
}

fn matches(types: &Types, found: &[ValType], expected: &[ValType]) -> bool {
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(a, b)| types.matches(*a, *b) || *a == NEVER)
}

fn list(types: &[ValType]) -> String {
    let name = |ty: &ValType| if *ty == NEVER { "never".to_owned() } else { ty.to_string() };
    let names: Vec<String> = types.iter().map(name).collect();
    format!("[{}]", names.join(" "))
}
