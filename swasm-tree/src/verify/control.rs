//! Blocks, what handles in them, and branches to them ⇒ what is on the stack when control comes there.
//!
//! Invariant: a block is open, and can be branched to, exactly while one of its arms is verified. Then its frame's operands begin where its
//! arm's values do.

use super::fixed::Fixed;
use super::slot::Slot;
use super::values::{are, list};
use super::walk::{Base, Cx, OPEN, OPEN_EMPTY, SEEN, open_state};
use super::{Rule, Verifier};
use crate::ids::{node_from_raw, node_raw};
use crate::signature::{cast_types, label_types};
use crate::{
    AbstractHeapType, BlockType, Catch, HeapType, Node, NodeId, Op, RefType, TypeList, ValType,
    View,
};

/// A block one of whose arms is being verified, or the function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Height of the stack below the block's parameters.
    pub(super) height: u32,
    /// How many frames there are outside of its body.
    pub(super) frames: u32,
    /// How many locals of [`Verifier::set`] were set outside.
    pub(super) set: u32,
    pub(super) diverged: bool,
}

impl Block {
    /// The function.
    pub(super) const OUTERMOST: Block = Block { height: 0, frames: 0, set: 0, diverged: false };
}

impl Verifier {
    /// Comes to a node with arms: before each of them, and after the last. If there is one, answers where its values begin.
    #[inline(never)]
    pub(super) fn turn(
        &mut self,
        cx: &Cx<'_>,
        node: NodeId,
        data: &Node,
        stop: u32,
        base: Base,
    ) -> Option<Base> {
        let (count, arms) = (u32::from(data.n), u32::from(Fixed::get(data.op).arms));
        if count < arms {
            self.bodiless(cx, node);
            return None;
        }
        let begun = stop + arms - (data.kids + count);
        if matches!(data.op, Op::CATCH | Op::CATCH_ALL) {
            if begun == 0 {
                return Some(self.open_catch(cx, node));
            }
            let (block, results) = (self.block(), self.results_of_try(cx));
            self.check_end(cx, node, block, results, "the `catch`");
            return None;
        }
        let ty = cx.body.block_type(node);
        if begun == 0 {
            Some(self.open_block(cx, node, base, data.op, ty))
        } else if begun < arms {
            Some(self.next_arm(cx, node, data.op, ty))
        } else {
            self.close_block(cx, node, data.op, ty);
            None
        }
    }

    /// The innermost block.
    #[inline]
    pub(super) fn block(&self) -> Block {
        self.blocks.last().copied().unwrap_or(Block::OUTERMOST)
    }

    /// A node with arms has fewer children than those.
    pub(super) fn bodiless(&mut self, cx: &Cx<'_>, node: NodeId) {
        self.error(cx, node, Rule::Operands, "a block without a body".to_owned());
    }

    fn open_block(
        &mut self,
        cx: &Cx<'_>,
        node: NodeId,
        base: Base,
        op: Op,
        ty: BlockType<'_>,
    ) -> Base {
        self.check_types(cx, node, ty.params);
        self.check_types(cx, node, ty.results);
        self.take(cx, node, base, ty.params, (op == Op::IF).then_some(ValType::I32));
        if op == Op::TRY_TABLE
            && let View::TryTable(_, catches) = cx.body.view(node)
        {
            catches.iter().for_each(|catch| self.check_catch(cx, node, catch));
        }
        let height = self.stack.len();
        self.blocks.push(Block {
            height: height as u32,
            // The block's own frame is put on top when its arm is entered.
            frames: self.frames.len() as u32 + 1,
            set: self.set.len() as u32,
            diverged: false,
        });
        self.seen[node_raw(node) as usize] =
            open_state(if op == Op::LOOP { ty.params } else { ty.results });
        self.give(ty.params, None);
        Base::at(height)
    }

    /// Another arm of the innermost block begins, with these values.
    fn begin_arm(&mut self, values: &[ValType]) -> Base {
        let Some(block) = self.blocks.last_mut() else { return Base::at(0) };
        block.diverged = false;
        let height = block.height as usize;
        self.stack.truncate(height);
        self.give(values, None);
        Base::at(height)
    }

    fn next_arm(&mut self, cx: &Cx<'_>, node: NodeId, op: Op, ty: BlockType<'_>) -> Base {
        let block = self.block();
        self.check_end(cx, node, block, ty.results, "the first arm");
        self.forget_set(block.set);
        if op == Op::TRY {
            // What handles has arms of its own.
            self.check_handlers(cx, node);
        }
        self.begin_arm(if op == Op::TRY { &[] } else { ty.params })
    }

    fn close_block(&mut self, cx: &Cx<'_>, node: NodeId, op: Op, ty: BlockType<'_>) {
        let block = self.blocks.pop().unwrap_or(Block::OUTERMOST);
        if op == Op::TRY {
            // Its body and its `catch`es were checked, each by itself.
            self.stack.truncate(block.height as usize);
        } else {
            self.check_end(cx, node, block, ty.results, "the block");
        }
        self.forget_set(block.set);
        self.seen[node_raw(node) as usize] = SEEN;
        self.give(ty.results, None);
    }

    // ---- exceptions

    /// A clause of a `try_table`, outside of it.
    fn check_catch(&mut self, cx: &Cx<'_>, node: NodeId, catch: &Catch) {
        let carried = self.label(cx, node, catch.label);
        let values = match catch.tag.map(|tag| cx.module.tag_params(tag)) {
            Some(Ok(values)) => values,
            Some(Err(mistake)) => return self.error(cx, node, Rule::Immediate, mistake),
            None => &[],
        };
        let exception = RefType::new(false, HeapType::Abstract(AbstractHeapType::Exn));
        let last = catch.with_ref.then_some(ValType::Ref(exception));
        let types: TypeList = values.iter().copied().chain(last).collect();
        let slots: Vec<Slot> = types.iter().map(|&ty| Slot::of(ty)).collect();
        if !are(&cx.module.types, &slots, carried, None, false) {
            let message = format!(
                "`{}` has {}, its label carries {}",
                catch.mnemonic(),
                list(&types),
                list(carried)
            );
            self.error(cx, node, Rule::Label, message);
        }
    }

    /// What handles in a legacy `try`: `catch`es, or a `delegate`.
    fn check_handlers(&mut self, cx: &Cx<'_>, node: NodeId) {
        let Some(&handlers) = cx.body.children(node).last() else { return };
        if cx.body.op(handlers) == Op::DELEGATE {
            return;
        }
        let catches = cx.body.children(handlers);
        let all_but_last = &catches[..catches.len().saturating_sub(1)];
        let fits = cx.body.op(handlers) == Op::SEQ
            && all_but_last.iter().all(|&catch| cx.body.op(catch) == Op::CATCH)
            && catches
                .last()
                .is_none_or(|&last| matches!(cx.body.op(last), Op::CATCH | Op::CATCH_ALL));
        if !fits {
            let message = "what handles is a list of `catch`, or a `delegate`".to_owned();
            self.error(cx, node, Rule::Handlers, message);
        }
    }

    /// The body of a legacy `catch` begins.
    fn open_catch(&mut self, cx: &Cx<'_>, node: NodeId) -> Base {
        let outer = if let [.., outer, _] = self.frames.since(0) { Some(outer.node) } else { None };
        if outer.is_none_or(|outer| cx.body.op(outer) != Op::TRY) {
            let message = "a `catch` that is not what handles in a `try`".to_owned();
            self.error(cx, node, Rule::Handlers, message);
        }
        let values = if let View::Tag(tag) = cx.body.view(node) {
            cx.module.tag_params(tag).unwrap_or_else(|mistake| {
                self.error(cx, node, Rule::Immediate, mistake);
                &[]
            })
        } else {
            &[]
        };
        self.forget_set(self.block().set);
        self.begin_arm(values)
    }

    /// What the innermost block gives, which is the `try` of a `catch`.
    fn results_of_try<'a>(&self, cx: &Cx<'a>) -> &'a [ValType] {
        let outside = self.block().frames as usize;
        let around = outside.checked_sub(1).and_then(|at| self.frames.since(at).first());
        match around {
            Some(frame) if cx.body.op(frame.node).shape().is_label() => {
                cx.body.block_type(frame.node).results
            }
            _ => &[],
        }
    }

    /// `delegate`, the handler of the `try` whose frame is below, and `rethrow`.
    pub(super) fn legacy_label(&mut self, cx: &Cx<'_>, node: NodeId, base: Base, op: Op) {
        let View::Label(target) = cx.body.view(node) else { return };
        self.label(cx, node, target);
        self.take(cx, node, base, &[], None);
        let mut around = self.frames.since(0).iter().rev();
        if op == Op::DELEGATE {
            let fits = around
                .next()
                .is_some_and(|frame| cx.body.op(frame.node) == Op::TRY && frame.node != target);
            if !fits {
                let message = "is not what handles in a `try`, or names it".to_owned();
                self.error(cx, node, Rule::Handlers, message);
            }
            return;
        }
        let in_catch = around.any(|frame| {
            let data = cx.body.node(target);
            frame.node == target
                && data.op == Op::TRY
                && frame.next == data.kids + u32::from(data.n)
        });
        if !in_catch {
            self.error(cx, node, Rule::Handlers, "is not in a `catch` of what it names".to_owned());
        }
        self.diverge();
    }

    // ---- branches

    /// What a branch to a label carries; nothing if the label is not around the node.
    pub(super) fn label<'a>(&mut self, cx: &Cx<'a>, node: NodeId, target: NodeId) -> &'a [ValType] {
        let state = self.seen.get(node_raw(target) as usize).copied().unwrap_or(SEEN);
        if state >= OPEN {
            return label_types(cx.body, target);
        }
        self.error(cx, node, Rule::Label, "branches to what is not a block around it".to_owned());
        &[]
    }

    pub(super) fn branch(&mut self, cx: &Cx<'_>, node: NodeId, data: &Node, base: Base) {
        let types = if self.seen.get(data.imm as usize) == Some(&OPEN_EMPTY) {
            &[]
        } else {
            self.label(cx, node, node_from_raw(data.imm))
        };
        if data.op == Op::BR {
            self.take(cx, node, base, types, None);
            return self.diverge();
        }
        self.take(cx, node, base, types, Some(ValType::I32));
        self.give(types, None);
    }

    pub(super) fn branch_table(&mut self, cx: &Cx<'_>, node: NodeId, base: Base) {
        let View::BrTable { targets, default } = cx.body.view(node) else { return };
        let types = self.label(cx, node, default);
        let mut last = default;
        for &target in targets {
            if target == last {
                continue;
            }
            last = target;
            let other = self.label(cx, node, target);
            let found = self.stack.since(base.height());
            let carried = found.split_last().map_or(&[][..], |(_, rest)| rest);
            // What does not come may be anything.
            let fits = other == types
                || (other.len() == types.len()
                    && are(&cx.module.types, carried, other, None, true));
            if !fits {
                let message = "the labels carry different types".to_owned();
                self.error(cx, node, Rule::Label, message);
                break;
            }
        }
        self.take(cx, node, base, types, Some(ValType::I32));
        self.diverge();
    }

    /// `br_on_non_null`, `br_on_cast` and `br_on_cast_fail`: the branch carries the reference, too.
    pub(super) fn branch_on(&mut self, cx: &Cx<'_>, node: NodeId, base: Base, op: Op) {
        let (target, cast) = if let View::BrOnCast { label, from, to } = cx.body.view(node) {
            (label, Some((from, to)))
        } else if let View::Label(target) = cx.body.view(node) {
            (target, None)
        } else {
            return;
        };
        let lacks = |this: &mut Verifier| {
            let message = "the label carries no reference".to_owned();
            this.error(cx, node, Rule::Label, message);
        };
        let Some((&carried, types)) = self.label(cx, node, target).split_last() else {
            return lacks(self);
        };
        let (taken, kept) = if let Some((from, to)) = cast {
            let (branches, stays) = cast_types(op, from, to);
            if !cx.module.types.matches(ValType::Ref(branches), carried) {
                let message = format!("the label carries {carried}, not {branches}");
                self.error(cx, node, Rule::Label, message);
            }
            self.check_immediate(cx, node);
            (from, Some(ValType::Ref(stays)))
        } else if let ValType::Ref(ty) = carried {
            (RefType::new(true, ty.heap()), None)
        } else {
            return lacks(self);
        };
        self.take(cx, node, base, types, Some(ValType::Ref(taken)));
        self.give(types, kept);
    }
}
