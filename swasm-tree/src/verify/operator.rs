//! A node whose children were verified ⇒ its operands taken and its results given, by its operator's shape.
//!
//! Invariant: the frame of the node's parent is on top of the frames, and its operands begin at `base`. What blocks consist of is
//! `control`'s matter.

use super::slot::Slot;
use super::walk::{Base, Cx, Frame};
use super::{Rule, Verifier};
use crate::signature::signature;
use crate::{LocalId, Node, NodeId, Op, Shape, View};

impl Verifier {
    /// Verifies a node without arms after its children.
    #[inline(never)]
    pub(super) fn leave(&mut self, cx: &Cx<'_>, node: NodeId, data: &Node, base: Base) {
        let op = data.op;
        match op.shape() {
            // What its children left is what it gives.
            Shape::Seq => (),
            Shape::Local => self.local(cx, node, base, op),
            Shape::Drop => {
                self.take_any::<1>(cx, node, base);
            }
            Shape::Select => self.select(cx, node, base),
            Shape::RefTest => self.is_null(cx, node, base),
            Shape::RefAs => self.reference(cx, node, base),
            Shape::Br => self.branch(cx, node, data, base),
            Shape::BrTable => self.branch_table(cx, node, base),
            Shape::BrOn if op == Op::BR_ON_NULL => self.reference(cx, node, base),
            Shape::BrOn | Shape::BrOnCast => self.branch_on(cx, node, base, op),
            Shape::Delegate | Shape::Rethrow => self.legacy_label(cx, node, base, op),
            Shape::Stack => self.take_earlier(cx, node, base),
            Shape::Hole => self.hole(cx, node, base),
            Shape::Call if op == Op::CALL => self.call(cx, node, data, base),
            Shape::Global => self.global(cx, node, data, base),
            Shape::Return | Shape::Unreachable => {
                let results = if op == Op::RETURN { cx.body.results() } else { &[] };
                self.take(cx, node, base, results, None);
                self.diverge();
            }
            Shape::SetMany => {
                self.by_signature(cx, node, base, op);
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
            | Shape::SelectTyped => self.by_signature(cx, node, base, op),
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
    fn by_signature(&mut self, cx: &Cx<'_>, node: NodeId, base: Base, op: Op) {
        let mut sig = std::mem::take(&mut self.sig);
        if let Err(mistake) = signature(cx.module, cx.body, node, &mut sig) {
            self.error(cx, node, Rule::Immediate, mistake);
            self.stack.truncate(base.height());
        } else {
            self.take(cx, node, base, &sig.params, None);
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

    fn call(&mut self, cx: &Cx<'_>, node: NodeId, data: &Node, base: Base) {
        let func = cx.module.funcs.get(data.imm as usize);
        match func.and_then(|func| cx.module.types.try_get(func.ty)) {
            Some(ty) => {
                self.take(cx, node, base, &ty.params, None);
                self.give(&ty.results, None);
            }
            // Tells what is wrong.
            None => self.by_signature(cx, node, base, data.op),
        }
    }

    fn global(&mut self, cx: &Cx<'_>, node: NodeId, data: &Node, base: Base) {
        match cx.module.globals.get(data.imm as usize) {
            Some(global) if data.op == Op::GLOBAL_GET => {
                self.take(cx, node, base, &[], None);
                self.stack.push(Slot::of(global.ty));
            }
            Some(global) if global.mutable => self.take(cx, node, base, &[], Some(global.ty)),
            _ => self.by_signature(cx, node, base, data.op),
        }
    }

    // ---- locals

    fn local(&mut self, cx: &Cx<'_>, node: NodeId, base: Base, op: Op) {
        let View::Local(local) = cx.body.view(node) else { return };
        let Some(&ty) = cx.body.locals().get(local.index()) else {
            return self.by_signature(cx, node, base, op);
        };
        if op == Op::LOCAL_GET {
            self.take(cx, node, base, &[], None);
            if self.locals[local.index()].is_unset() {
                let message = format!("local {} of type {ty} may not be set yet", local.0);
                self.error(cx, node, Rule::Local, message);
            }
        } else {
            self.take(cx, node, base, &[ty], None);
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

    /// Forgets which locals were set, but for the first of them.
    #[inline]
    pub(super) fn forget_set(&mut self, outside: u32) {
        if self.set.len() > outside as usize {
            self.forget(outside as usize);
        }
    }

    fn forget(&mut self, outside: usize) {
        for local in self.set.drain(outside..) {
            let slot = &mut self.locals[local.index()];
            *slot = slot.unset();
        }
    }

    // ---- places of values

    fn take_earlier(&mut self, cx: &Cx<'_>, node: NodeId, base: Base) {
        self.take(cx, node, base, &[], None);
        let block = self.block();
        let (floor, outside) = (block.height as usize, block.frames as usize);
        let frames = self.frames.since_mut(outside);
        let first = frames.last().map_or(0, |&Frame { node: parent, next, base, .. }| {
            let is_first = next == cx.body.node(parent).kids + 1;
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

    fn hole(&mut self, cx: &Cx<'_>, node: NodeId, base: Base) {
        self.take(cx, node, base, &[], None);
        let View::Hole(number) = cx.body.view(node) else { return };
        match self.holes.as_ref().map(|holes| holes.get(number as usize)) {
            Some(Some(&ty)) => self.stack.push(Slot::of(ty)),
            _ => self.error(cx, node, Rule::Hole, format!("hole {number} is not filled")),
        }
    }

    /// Control does not come past the node.
    pub(super) fn diverge(&mut self) {
        let Some(block) = self.blocks.last_mut() else { return };
        block.diverged = true;
        let (height, outside) = (block.height, block.frames as usize);
        self.stack.truncate(height as usize);
        for frame in self.frames.since_mut(outside).iter_mut().rev() {
            let was = frame.base;
            frame.base = Base::diverged(height);
            // Its ancestors were marked with it.
            if was.may_lack() {
                break;
            }
        }
    }
}
