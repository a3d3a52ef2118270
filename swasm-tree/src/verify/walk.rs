//! A body ⇒ its nodes in order of evaluation, each verified once: a walk with an explicit stack, on which an open node keeps where its
//! operands begin.
//!
//! Most nodes take a value or two of types that do not depend on anything, or read a local: those are done here, in a few comparisons.
//! Invariant: what is done here is what [`Verifier::leave`] would do, and where the comparisons fail, it does.

use super::control::Block;
use super::fixed::Fixed;
use super::slot::Slot;
use super::{Rule, Verifier};
use crate::body::SIDE_MEMARG;
use crate::ids::node_raw;
use crate::{Body, FuncId, Module, Node, NodeId, Op, ValType};

/// What is verified.
#[derive(Clone, Copy)]
pub(super) struct Cx<'a> {
    pub(super) module: &'a Module,
    pub(super) func: FuncId,
    pub(super) body: &'a Body,
}

/// How high the stack is where a node's operands begin, and whether one of them diverged: then any operands may come before those that are
/// on the stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Base(u32);

const MAY_LACK: u32 = 1 << 31;

impl Base {
    #[inline]
    pub(super) fn at(height: usize) -> Base {
        Base(height as u32)
    }

    #[inline]
    pub(super) fn height(self) -> usize {
        (self.0 & !MAY_LACK) as usize
    }

    #[inline]
    pub(super) fn may_lack(self) -> bool {
        self.0 & MAY_LACK != 0
    }

    /// The height, or more than any stack's if operands may lack.
    #[inline]
    pub(super) fn exact(self) -> usize {
        self.0 as usize
    }

    /// From an earlier value on.
    pub(super) fn lowered(self, height: usize) -> Base {
        Base(self.0 & MAY_LACK | self.height().min(height) as u32)
    }

    /// An operand diverged, in a block that begins at a height.
    pub(super) fn diverged(height: u32) -> Base {
        Base(height | MAY_LACK)
    }
}

/// A node whose children are being verified.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) node: NodeId,
    /// The child that comes next, as a place in the pool of child lists.
    pub(super) next: u32,
    /// The place before which the node itself comes: at the end of the list and, if it has arms, before each of them.
    pub(super) stop: u32,
    pub(super) base: Base,
}

impl Frame {
    #[inline]
    fn of(id: NodeId, node: &Node, height: usize) -> Frame {
        let operands = u32::from(node.n).saturating_sub(u32::from(Fixed::get(node.op).arms));
        Frame { node: id, next: node.kids, stop: node.kids + operands, base: Base::at(height) }
    }
}

/// What is known of a node: nothing, that it has its parent, or that it is an open block. Then a branch to it carries values or nothing.
pub(super) type State = u8;
pub(super) const UNSEEN: State = 0;
pub(super) const SEEN: State = 1;
pub(super) const OPEN: State = 2;
pub(super) const OPEN_EMPTY: State = 3;

/// The state of an open block to which a branch carries values of these types.
pub(super) fn open_state(carried: &[ValType]) -> State {
    if carried.is_empty() { OPEN_EMPTY } else { OPEN }
}

impl Verifier {
    /// Verifies the root and all below it.
    pub(super) fn walk(&mut self, cx: &Cx<'_>) {
        let (body, root) = (cx.body, cx.body.root());
        let mut cur = Frame::of(root, body.node(root), 0);
        loop {
            while cur.next < cur.stop {
                let child = body.pooled(cur.next);
                cur.next += 1;
                match self.seen.get_mut(node_raw(child) as usize) {
                    Some(seen @ &mut UNSEEN) => *seen = SEEN,
                    seen => {
                        let elsewhere = seen.is_none();
                        self.two_parents(cx, cur.node, child, elsewhere);
                        continue;
                    }
                }
                let node = body.node(child);
                let height = self.stack.len();
                if node.n > 0 {
                    self.frames.push(cur);
                    cur = Frame::of(child, node, height);
                } else if !self.is_done(node, Base::at(height)) {
                    self.frames.push(cur);
                    self.leave(cx, child, node, Base::at(height));
                    let Some(parent) = self.frames.pop() else { return };
                    cur = parent;
                }
            }
            let node = body.node(cur.node);
            // What the children of a `Seq` left is what it gives.
            if node.op != Op::SEQ && !self.is_done(node, cur.base) {
                if Fixed::get(node.op).arms == 0 {
                    self.leave(cx, cur.node, node, cur.base);
                } else if let Some(base) = self.turn(cx, cur.node, node, cur.stop, cur.base) {
                    // The arm comes next.
                    cur = Frame { stop: cur.stop + 1, base, ..cur };
                    continue;
                }
            }
            let Some(around) = self.frames.pop() else { return };
            cur = around;
        }
    }

    /// Takes a node's operands and gives its results, if that is as simple as it mostly is. Otherwise nothing has changed.
    #[inline]
    fn is_done(&mut self, node: &Node, base: Base) -> bool {
        let fixed = Fixed::get(node.op);
        let base = base.exact();
        if self.stack.len() != base + usize::from(fixed.takes) {
            return false;
        }
        let Some(places) = self.stack.places(base) else { return false };
        let Some(result) = fixed.result(places, node.imm, &self.locals, self.without_memory) else {
            return false;
        };
        places[0] = result;
        self.stack.set_len(base + usize::from(fixed.gives));
        true
    }

    #[cold]
    fn two_parents(&mut self, cx: &Cx<'_>, parent: NodeId, child: NodeId, elsewhere: bool) {
        if elsewhere {
            let message = "a child is a node of another body".to_owned();
            self.error(cx, parent, Rule::OneParent, message);
        } else {
            self.error(cx, child, Rule::OneParent, "the node has two parents".to_owned());
        }
    }

    /// What is known before the first node.
    pub(super) fn begin(&mut self, cx: &Cx<'_>) {
        let body = cx.body;
        self.frames.clear();
        self.blocks.clear();
        self.blocks.push(Block::OUTERMOST);
        self.stack.truncate(0);
        self.set.clear();
        self.seen.clear();
        self.seen.resize(body.node_count(), UNSEEN);
        let root = body.root();
        // A branch to a root that is no block leaves the function.
        let is_block = body.op(root).shape().is_label();
        self.seen[node_raw(root) as usize] =
            if is_block { SEEN } else { open_state(body.results()) };
        self.locals.clear();
        let (params, others) = body.locals().split_at(body.param_count());
        self.locals.extend(params.iter().map(|&ty| Slot::of(ty)));
        self.locals.extend(
            others
                .iter()
                .map(|&ty| if ty.is_defaultable() { Slot::of(ty) } else { Slot::of(ty).unset() }),
        );
        // Whoever reads what is behind the last finds that there is no value.
        self.locals.push(Slot::NEVER);
        let has_memory =
            cx.module.memories.first().is_some_and(|m| m.address_type() == ValType::I32);
        self.without_memory = if has_memory { 0 } else { SIDE_MEMARG };
    }
}
