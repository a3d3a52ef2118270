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
use crate::ids::{node_from_raw, node_raw};
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
    stop: u32,
    pub(super) base: Base,
}

impl Default for Frame {
    fn default() -> Frame {
        Frame { node: node_from_raw(0), next: 0, stop: 0, base: Base::at(0) }
    }
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
        // How high `stack` and `frames` are. In registers: each operator's depends on the one before.
        let (mut height, mut depth) = (0, 0);
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
                if node.n > 0 {
                    self.frames.put(depth, cur);
                    depth += 1;
                    cur = Frame::of(child, node, height);
                    continue;
                }
                let fixed = Fixed::get(node.op);
                if let Some(result) = fixed.result_of_nothing(node.imm, &self.locals) {
                    self.stack.put(height, result);
                    height += usize::from(fixed.gives);
                } else {
                    self.frames.put(depth, cur);
                    self.frames.set_len(depth + 1);
                    self.stack.set_len(height);
                    self.leave(cx, child, node, Base::at(height));
                    height = self.stack.len();
                    // Where its operands begin may be another place now.
                    let Some(parent) = self.frames.above(depth) else { break };
                    cur = parent;
                }
            }
            let node = body.node(cur.node);
            // What the children of a `Seq` left is what it gives.
            if let Some(higher) = self.simple(node, cur.base, height) {
                height = higher;
            } else if node.op != Op::SEQ {
                self.frames.set_len(depth);
                self.stack.set_len(height);
                let arm = if Fixed::get(node.op).arms > 0 {
                    self.turn(cx, cur.node, node, cur.stop, cur.base)
                } else {
                    self.leave(cx, cur.node, node, cur.base);
                    None
                };
                height = self.stack.len();
                if let Some(base) = arm {
                    cur = Frame { stop: cur.stop + 1, base, ..cur };
                    continue;
                }
            }
            if depth == 0 {
                break;
            }
            depth -= 1;
            let Some(parent) = self.frames.above(depth) else { break };
            cur = parent;
        }
        self.stack.set_len(height);
    }

    /// Takes a node's operands and gives its results, if that is as simple as it mostly is; answers how high the stack is then. Otherwise
    /// nothing has changed.
    #[inline]
    fn simple(&mut self, node: &Node, base: Base, height: usize) -> Option<usize> {
        let fixed = Fixed::get(node.op);
        // Counted from above: `base` comes from memory, and what comes next need not wait for it.
        let from = height.wrapping_sub(fixed.takes as usize);
        if from != base.exact() {
            return None;
        }
        let places = self.stack.two_above(from)?;
        places[0] = fixed.result(places, node.imm, &self.locals, self.without_memory)?;
        Some(from + usize::from(fixed.gives))
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
        self.frames.set_len(0);
        self.blocks.clear();
        self.blocks.push(Block::OUTERMOST);
        self.stack.set_len(0);
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
