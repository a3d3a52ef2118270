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
//! - memory arguments: alignment at most natural, offset within the address type; lanes exist;
//! - globals that are set are mutable; a tail call gives what the function gives; no holes.
//!
//! Left to validators of whole modules (wasmparser, in tests): limits of implementations, proposals that are switched
//! off, initialisation of locals that have no default.
//!
//! Invariant: what passes is accepted by every validator once it is written, with the exceptions just named.

use std::fmt;

use crate::ids::node_raw;
use crate::signature::{Signature, label_types, signature};
use crate::{
    Body, Fold, FuncId, MemArg, MemoryId, Module, NodeId, Op, RefType, Shape, ValType, View,
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
        self.v.blocks.push(Block { height: 0, frames: 0, diverged: false });
        if !self.leaf(root) {
            self.open(root);
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
                    self.open_block(node);
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
                if arms > 0 {
                    self.close_block(node);
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
            for &target in targets {
                if self.label(node, target) != types {
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
                && matches(found, &expected[lack..]))
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
        self.v.seen[node_raw(node) as usize] = OPEN;
        let frames = self.v.frames.len() as u32;
        self.v.blocks.push(Block { height, frames, diverged: false });
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
        let params: crate::TypeList = self.body.block_type(node).params.into();
        if let Some(block) = self.v.blocks.last_mut() {
            block.diverged = false;
        }
        self.v.stack.extend_from_slice(&params);
    }

    fn close_block(&mut self, node: NodeId) {
        let results = self.block_results(node);
        self.check_end(node, &results, "the block");
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
        if !enough || !matches(found, &results[lack..]) {
            let message = format!("{what} gives {}, its body {}", list(results), list(found));
            self.error(node, Rule::Results, message);
        }
        self.v.stack.truncate(height as usize);
    }
}

fn matches(found: &[ValType], expected: &[ValType]) -> bool {
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(a, b)| a.matches(*b) || *a == NEVER)
}

fn list(types: &[ValType]) -> String {
    let name = |ty: &ValType| if *ty == NEVER { "never".to_owned() } else { ty.to_string() };
    let names: Vec<String> = types.iter().map(name).collect();
    format!("[{}]", names.join(" "))
}
