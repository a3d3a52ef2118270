//! A node whose children were verified ⇒ its operands taken and its results given, by its operator's shape.
//!
//! Invariant: the node's frame is on top of the frames, and stays. What blocks consist of is `control`'s matter.

use super::slot::Slot;
use super::walk::{Base, Cx, Frame};
use super::{Rule, Verifier};
use crate::signature::signature;
use crate::{LocalId, NodeId, Op, Shape, View};

impl Verifier {
    /// Verifies a node without arms after its children.
    pub(super) fn leave(&mut self, cx: &Cx<'_>, node: NodeId) {
        let op = cx.body.op(node);
        match op.shape() {
            // What its children left is what it gives.
            Shape::Seq => (),
            Shape::Local => self.local(cx, node, op),
            Shape::Drop => {
                self.take_any::<1>(cx, node);
            }
            Shape::Select => self.select(cx, node),
            Shape::RefTest => self.is_null(cx, node),
            Shape::RefAs => self.reference(cx, node),
            Shape::Br => self.branch(cx, node, op),
            Shape::BrTable => self.branch_table(cx, node),
            Shape::BrOn if op == Op::BR_ON_NULL => self.reference(cx, node),
            Shape::BrOn | Shape::BrOnCast => self.branch_on(cx, node, op),
            Shape::Delegate | Shape::Rethrow => self.legacy_label(cx, node, op),
            Shape::Stack => self.take_earlier(cx, node),
            Shape::Hole => self.hole(cx, node),
            Shape::Call if op == Op::CALL => self.call(cx, node),
            Shape::SetMany => {
                self.by_signature(cx, node, op);
                if let View::SetMany(locals) = cx.body.view(node) {
                    locals.iter().for_each(|&local| self.note_set(local));
                }
            }
            Shape::Plain
            | Shape::I32
            | Shape::I64
            | Shape::F32
            | Shape::F64
            | Shape::V128
            | Shape::Symbol
            | Shape::Global
            | Shape::Mem(_)
            | Shape::MemLane(_)
            | Shape::Lane(_)
            | Shape::Shuffle
            | Shape::Memory
            | Shape::MemoryCopy
            | Shape::MemoryInit
            | Shape::Data
            | Shape::Call
            | Shape::CallIndirect
            | Shape::RefFunc
            | Shape::RefNull
            | Shape::Table
            | Shape::TableCopy
            | Shape::TableInit
            | Shape::Elem
            | Shape::Atomic(_)
            | Shape::Fence
            | Shape::RefCast
            | Shape::Type
            | Shape::Field
            | Shape::ArrayFixed
            | Shape::ArrayData
            | Shape::ArrayElem
            | Shape::ArrayCopy
            | Shape::Throw
            | Shape::ThrowRef
            | Shape::Beyond
            | Shape::SelectTyped
            | Shape::Return
            | Shape::Unreachable => self.by_signature(cx, node, op),
            Shape::Block
            | Shape::Loop
            | Shape::If
            | Shape::TryTable
            | Shape::Try
            | Shape::Catch
            | Shape::CatchAll => self.bodiless(cx, node),
        }
    }

    /// An operator whose types depend on nothing but its immediate and the module.
    fn by_signature(&mut self, cx: &Cx<'_>, node: NodeId, op: Op) {
        let mut sig = std::mem::take(&mut self.sig);
        if let Err(mistake) = signature(cx.module, cx.body, node, &mut sig) {
            self.error(cx, node, Rule::Immediate, mistake);
            self.stack.truncate(self.base().height());
        } else {
            self.take(cx, node, &sig.params, None);
        }
        if op.diverges() {
            self.diverge();
        } else {
            self.give(&sig.results, None);
        }
        self.sig = sig;
    }

    /// Tells what is wrong with an immediate by itself.
    pub(super) fn check_immediate(&mut self, cx: &Cx<'_>, node: NodeId) {
        let mut sig = std::mem::take(&mut self.sig);
        if let Err(mistake) = signature(cx.module, cx.body, node, &mut sig) {
            self.error(cx, node, Rule::Immediate, mistake);
        }
        self.sig = sig;
    }

    fn call(&mut self, cx: &Cx<'_>, node: NodeId) {
        let View::Call(func) = cx.body.view(node) else { return };
        let func = cx.module.funcs.get(func.index());
        match func.and_then(|func| cx.module.types.try_get(func.ty)) {
            Some(ty) => {
                self.take(cx, node, &ty.params, None);
                self.give(&ty.results, None);
            }
            // Tells what is wrong.
            None => self.by_signature(cx, node, Op::CALL),
        }
    }

    // ---- locals

    fn local(&mut self, cx: &Cx<'_>, node: NodeId, op: Op) {
        let View::Local(local) = cx.body.view(node) else { return };
        let Some(&ty) = cx.body.locals().get(local.index()) else {
            return self.by_signature(cx, node, op);
        };
        if op == Op::LOCAL_GET {
            self.take(cx, node, &[], None);
            if self.locals[local.index()].is_unset() {
                let message = format!("local {} of type {ty} may not be set yet", local.0);
                self.error(cx, node, Rule::Local, message);
            }
        } else {
            self.take(cx, node, &[ty], None);
            self.note_set(local);
        }
        if op != Op::LOCAL_SET {
            self.stack.push(Slot::of(ty));
        }
    }

    /// Notes that a local has a value from here on, in this block.
    fn note_set(&mut self, local: LocalId) {
        if let Some(slot) = self.locals.get_mut(local.index())
            && slot.is_unset()
        {
            *slot = slot.set();
            self.set.push(local);
        }
    }

    /// Forgets which locals the innermost block has set.
    pub(super) fn forget_set(&mut self) {
        let outside = self.blocks.last().map_or(0, |block| block.set as usize);
        for local in self.set.drain(outside..) {
            let slot = &mut self.locals[local.index()];
            *slot = slot.unset();
        }
    }

    // ---- places of values

    fn take_earlier(&mut self, cx: &Cx<'_>, node: NodeId) {
        let (floor, outside) =
            self.blocks.last().map_or((0, 0), |b| (b.height as usize, b.frames as usize));
        let frames = &mut self.frames[outside..];
        let first = frames.len().checked_sub(2).map_or(0, |parent| {
            let Frame { node, next, base, .. } = frames[parent];
            let is_first = next == cx.body.node(node).kids + 1;
            let at_front = is_first || cx.body.op(cx.body.pooled(next - 2)) == Op::STACK;
            if at_front { base.height() } else { 0 }
        });
        if first <= floor {
            let message = "no earlier sibling left a value".to_owned();
            return self.error(cx, node, Rule::Stack, message);
        }
        for frame in frames.iter_mut().rev() {
            frame.base = frame.base.lowered(first - 1);
        }
    }

    fn hole(&mut self, cx: &Cx<'_>, node: NodeId) {
        let View::Hole(number) = cx.body.view(node) else { return };
        match self.holes.as_ref().map(|holes| holes.get(number as usize)) {
            Some(Some(&ty)) => self.stack.push(Slot::of(ty)),
            _ => self.error(cx, node, Rule::Hole, format!("hole {number} is not filled")),
        }
    }

    /// Control does not come past the node whose frame is on top.
    pub(super) fn diverge(&mut self) {
        let Some(block) = self.blocks.last_mut() else { return };
        block.diverged = true;
        let (height, outside) = (block.height, block.frames as usize);
        self.stack.truncate(height as usize);
        for frame in self.frames[outside..].iter_mut().rev() {
            let was = frame.base;
            frame.base = Base::diverged(height);
            // Its ancestors were marked with it.
            if was.may_lack() {
                break;
            }
        }
    }
}
