//! A body ⇒ its nodes in order of evaluation, each verified once: a walk with an explicit stack, on which an open node keeps where its
//! operands begin.
//!
//! Most nodes take a value or two of types that do not depend on anything, or read a local: those are done here, in a few comparisons.
//! Invariant: what is done here is what [`Verifier::leave`] would do, and where the comparisons fail, it does.

use super::control::Block;
use super::fixed::{Class, Fixed};
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
    fn exact(self) -> usize {
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
    stop: u32,
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
                } else if node.op == Op::LOCAL_GET
                    && let Some(&slot) = self.locals.get(node.imm as usize)
                    && !slot.is_unset()
                {
                    self.stack.push(slot);
                } else if !self.is_done(node, Base::at(height)) {
                    self.frames.push(cur);
                    self.frames.push(Frame::of(child, node, height));
                    self.leave(cx, child);
                    self.frames.pop();
                    let Some(parent) = self.frames.pop() else { return };
                    cur = parent;
                }
            }
            let node = body.node(cur.node);
            if !self.is_done(node, cur.base) {
                self.frames.push(cur);
                let arms = u32::from(Fixed::get(node.op).arms);
                if arms == 0 {
                    self.leave(cx, cur.node);
                } else if self.turn(cx, cur.node, node, cur.stop) {
                    // The arm comes next.
                    let Some(frame) = self.frames.pop() else { return };
                    cur = Frame { stop: frame.stop + 1, ..frame };
                    continue;
                }
                self.frames.pop();
            }
            match self.frames.pop() {
                Some(around) => cur = around,
                None => return,
            }
        }
    }

    /// Takes a node's operands and gives its results, if that is as simple as it mostly is. Otherwise nothing has changed.
    #[inline]
    fn is_done(&mut self, node: &Node, base: Base) -> bool {
        let fixed = Fixed::get(node.op);
        if fixed.class == Class::Seq {
            // What its children left is what it gives.
            return true;
        }
        let (height, base) = (self.stack.len(), base.exact());
        if height != base + usize::from(fixed.takes) {
            return false;
        }
        let Some(places) = self.stack.places(base) else { return false };
        if fixed.class == Class::Fixed {
            if !fixed.fits(*places, node.imm, self.without_memory) {
                return false;
            }
            places[0] = fixed.result;
        } else if fixed.class == Class::Local {
            // A local that is not set yet has a type of no value.
            if self.locals.get(node.imm as usize) != Some(&places[0]) || fixed.takes == 0 {
                return false;
            }
        } else if fixed.class == Class::BrIf {
            let state = self.seen.get(node.imm as usize);
            if places[0] != Slot::I32 || state != Some(&OPEN_EMPTY) {
                return false;
            }
        } else {
            return false;
        }
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
        let has_memory =
            cx.module.memories.first().is_some_and(|m| m.address_type() == ValType::I32);
        self.without_memory = if has_memory { 0 } else { SIDE_MEMARG };
    }
}
