//! Blocks, branches, loops and `match`.
//!
//! ```text
//! while c { b }             ⇒  (loop $l (if c (then b (br $l))))
//! for i in a..n { b }       ⇒  i = a; (if (lt i n) (then (loop $l b (br_if $l (lt (i += 1) n)))))
//! match on dense integers   ⇒  one br_table out of nested blocks, whose targets are the arms themselves where they only jump
//! ```
//!
//! The block that a `break` leaves is made by the first `break`, so a loop without one has none.

use smallvec::{SmallVec, smallvec};
use swasm_frontend_ir::checked::{Arm, ExprId, ExprKind, For, PatternRange, Type, ValueType};
use swasm_tree::{BlockType, LocalId, NodeId, Op, ValType, View};

use super::operators::{is_signed, width};
use super::{Frame, Function, Nodes};

/// Up to how many table entries for each value that is listed a `match` becomes a `br_table`.
const TABLE_DENSITY: u64 = 4;
/// From how many values on.
const TABLE_MIN: u64 = 4;
/// For how many values a range counts at most: two comparisons are shorter than a table of what lies between.
const RANGE_VALUES: u64 = 8;
/// Up to how many entries at all: engines take no longer tables.
const TABLE_MAX: u64 = 65_520;

/// One `if` of a chain of `else if`s, its condition and its branch lowered.
struct Link {
    id: ExprId,
    condition: NodeId,
    then: Result<NodeId, NodeId>,
}

impl Function<'_, '_, '_> {
    pub(super) fn is_target(&self, id: ExprId) -> bool {
        self.targets.contains(&id)
    }

    fn push_frame(&mut self, id: ExprId) {
        let results = {
            let ty = self.source.ty(id);
            self.scalars(ty)
        };
        let scopes = self.scopes.len();
        self.frames.push(Frame { expr: id, scopes, results, break_to: None, continue_to: None });
    }

    fn pop_frame(&mut self) -> Frame {
        self.frames.pop().expect("pushed by the same construct")
    }

    fn frame(&self, target: ExprId) -> usize {
        self.frames
            .iter()
            .rposition(|frame| frame.expr == target)
            .expect("the checker promised an enclosing target")
    }

    /// `'l: { … }`
    pub(super) fn target_block(
        &mut self,
        id: ExprId,
        statements: &[ExprId],
        tail: Option<ExprId>,
    ) -> Result<NodeId, NodeId> {
        self.push_frame(id);
        let body = self.plain_block(statements, tail);
        let frame = self.pop_frame();
        self.at(id);
        let (node, diverges) = match body {
            Ok(nodes) => (self.seq(&nodes), false),
            Err(node) => (node, true),
        };
        match frame.break_to {
            Some(block) => {
                self.body.set_body(block, node);
                Ok(block)
            }
            None if diverges => Err(node),
            None => Ok(node),
        }
    }

    /// An `if` and the `else if`s that follow it, in a loop: a chain may be long.
    pub(super) fn if_(&mut self, first: ExprId) -> Result<NodeId, NodeId> {
        let source = self.source;
        let mut links: SmallVec<[Link; 1]> = smallvec![];
        let mut next = Some(first);
        // What the chain ends in; `None` for the missing `else` of the last link.
        let mut rest: Option<Result<NodeId, NodeId>> = None;
        while let Some(id) = next.take() {
            let ExprKind::If(condition, then, else_) = source[id].kind else {
                rest = Some(self.whole(id));
                break;
            };
            self.at(id);
            match self.unit.decided(source, condition) {
                Some(true) => rest = Some(self.whole(then)),
                Some(false) if else_.is_none() => rest = Some(Ok(self.body.seq(&[]))),
                Some(false) => next = else_,
                None => match self.single(condition) {
                    Ok(condition) => {
                        let then = self.whole(then);
                        links.push(Link { id, condition, then });
                        next = else_;
                    }
                    Err(diverging) => rest = Some(Err(diverging)),
                },
            }
        }
        while let Some(Link { id, condition, then }) = links.pop() {
            let results = {
                let ty = source.ty(id);
                self.scalars(ty)
            };
            self.at(id);
            let diverges = then.is_err() && matches!(rest, Some(Err(_)));
            let (Ok(then) | Err(then)) = then;
            let else_ = rest.map(|(Ok(node) | Err(node))| node);
            let node = self.body.if_(BlockType::of(&results), condition, then, else_);
            rest = Some(if diverges { Err(self.never_completes(node)) } else { Ok(node) });
        }
        rest.expect("an `if` that is not decided has a link")
    }

    /// What WebAssembly's types don't know: control does not come out of `node`.
    pub(super) fn never_completes(&mut self, node: NodeId) -> NodeId {
        let end = self.body.unreachable();
        self.body.seq(&[node, end])
    }

    // ---- loops

    /// Wraps a finished loop in the block that its breaks leave.
    fn finish_loop(
        &mut self,
        frame: Frame,
        node: NodeId,
        completes: bool,
    ) -> Result<NodeId, NodeId> {
        match frame.break_to {
            Some(block) => {
                let inner = if completes || frame.results.is_empty() {
                    node
                } else {
                    self.never_completes(node)
                };
                self.body.set_body(block, inner);
                Ok(block)
            }
            None if completes => Ok(node),
            None => Err(self.never_completes(node)),
        }
    }

    pub(super) fn loop_(&mut self, id: ExprId, body: ExprId) -> Result<NodeId, NodeId> {
        self.push_frame(id);
        let head = self.body.loop_(BlockType::EMPTY);
        if let Some(frame) = self.frames.last_mut() {
            frame.continue_to = Some(head);
        }
        let body = match self.statement(body) {
            Ok(node) => {
                self.at(id);
                let again = self.body.br(head, &[]);
                self.body.seq(&[node, again])
            }
            Err(node) => node,
        };
        self.body.set_body(head, body);
        let frame = self.pop_frame();
        self.at(id);
        self.finish_loop(frame, head, false)
    }

    pub(super) fn while_(
        &mut self,
        id: ExprId,
        condition: ExprId,
        body: ExprId,
    ) -> Result<NodeId, NodeId> {
        self.push_frame(id);
        let head = self.body.loop_(BlockType::EMPTY);
        if let Some(frame) = self.frames.last_mut() {
            frame.continue_to = Some(head);
        }
        let inner = match self.single(condition) {
            Err(node) => node,
            Ok(condition) => {
                let then = match self.statement(body) {
                    Ok(node) => {
                        self.at(id);
                        let again = self.body.br(head, &[]);
                        self.body.seq(&[node, again])
                    }
                    Err(node) => node,
                };
                self.at(id);
                self.body.if_(BlockType::EMPTY, condition, then, None)
            }
        };
        self.body.set_body(head, inner);
        let frame = self.pop_frame();
        self.at(id);
        self.finish_loop(frame, head, true)
    }

    pub(super) fn for_(&mut self, id: ExprId, details: &For) -> Result<NodeId, NodeId> {
        let Type::Value(ty) = *self.source.local_type(details.local) else {
            unreachable!("the checker promised integers")
        };
        let wide = width(ty) == 64;
        let val_type = if wide { ValType::I64 } else { ValType::I32 };
        let start = self.single(details.start)?;
        let variable = LocalId(self.local(details.local).first);
        let mut before = Vec::new();
        let end = match self.single(details.end) {
            Ok(end) => end,
            Err(node) => return Err(self.diverge_after(&[start], node)),
        };
        self.at(id);
        // The variable is the loop's own: the start may go there before the end is evaluated, unless that is not yet known to be in order.
        let is_constant = |op: Op| op == Op::I32_CONST || op == Op::I64_CONST;
        let starts_at = self.constant_of(start);
        before.push(self.body.local_set(variable, start));
        let end_node = if is_constant(self.body.op(end)) {
            end
        } else {
            let bound = self.temp(val_type);
            before.push(self.body.local_set(bound, end));
            self.body.local_get(bound)
        };
        let known = is_signed(ty) && starts_at.is_some_and(|value| value >= 0);
        if known {
            self.non_negative.push(details.local);
        }
        self.push_frame(id);
        let head = self.body.loop_(BlockType::EMPTY);
        let round = self.statement(details.body);
        let frame = self.pop_frame();
        if known {
            self.non_negative.pop();
        }
        self.at(id);
        let mut completes = round.is_ok();
        let (Ok(mut round) | Err(mut round)) = round;
        if let Some(block) = frame.continue_to {
            self.body.set_body(block, round);
            round = block;
            completes = true;
        }
        let one = if wide { self.body.i64_const(1) } else { self.body.i32_const(1) };
        let (add, less, less_equal, differs) = match (wide, is_signed(ty)) {
            (false, true) => (Op::I32_ADD, Op::I32_LT_S, Op::I32_LE_S, Op::I32_NE),
            (false, false) => (Op::I32_ADD, Op::I32_LT_U, Op::I32_LE_U, Op::I32_NE),
            (true, true) => (Op::I64_ADD, Op::I64_LT_S, Op::I64_LE_S, Op::I64_NE),
            (true, false) => (Op::I64_ADD, Op::I64_LT_U, Op::I64_LE_U, Op::I64_NE),
        };
        let inside = if completes {
            let current = self.body.local_get(variable);
            let tail = if details.inclusive {
                // The last value may be the type's largest: compare before the step.
                let end_again = self.again(end_node);
                let more = self.body.plain(differs, &[current, end_again]);
                let current = self.body.local_get(variable);
                let next = self.body.plain(add, &[current, one]);
                let step = self.body.local_set(variable, next);
                let again = self.body.br(head, &[]);
                let then = self.body.seq(&[step, again]);
                self.body.if_(BlockType::EMPTY, more, then, None)
            } else {
                let next = self.body.plain(add, &[current, one]);
                let next = self.body.local_tee(variable, next);
                let end_again = self.again(end_node);
                let more = self.body.plain(less, &[next, end_again]);
                self.body.br_if(head, &[], more)
            };
            self.body.seq(&[round, tail])
        } else {
            round
        };
        self.body.set_body(head, inside);
        let first = match starts_at {
            Some(value) if wide => self.body.i64_const(value),
            Some(value) => self.body.i32_const(value as i32),
            None => self.body.local_get(variable),
        };
        let end_again = self.again(end_node);
        let enter = self.op(if details.inclusive { less_equal } else { less }, &[first, end_again]);
        let guarded = match self.constant_of(enter) {
            Some(0) => self.body.seq(&[]),
            Some(_) => head,
            None => self.body.if_(BlockType::EMPTY, enter, head, None),
        };
        before.push(guarded);
        let node = self.seq(&before);
        self.finish_loop(frame, node, true)
    }

    /// The value of an integer constant, as the signed number of its WebAssembly type.
    pub(super) fn constant_of(&self, node: NodeId) -> Option<i64> {
        let view = self.body.view(node);
        if let View::I32(value) = view {
            Some(i64::from(value))
        } else if let View::I64(value) = view {
            Some(value)
        } else {
            None
        }
    }

    // ---- leaving

    /// The block that a `break` of the frame leaves.
    fn break_target(&mut self, frame: usize) -> NodeId {
        if let Some(block) = self.frames[frame].break_to {
            return block;
        }
        let results = self.frames[frame].results.clone();
        let block = self.body.block(BlockType::of(&results));
        self.frames[frame].break_to = Some(block);
        block
    }

    pub(super) fn break_(&mut self, id: ExprId, target: ExprId, value: Option<ExprId>) -> NodeId {
        let value = match value.map(|value| self.whole(value)) {
            Some(Err(node)) => return node,
            Some(Ok(node)) => Some(node),
            None => None,
        };
        self.at(id);
        let frame = self.frame(target);
        let scopes = self.frames[frame].scopes;
        let has_results = !self.frames[frame].results.is_empty();
        let close = self.close_scopes(scopes);
        let block = self.break_target(frame);
        self.leave(value, has_results, close, |body, values| body.br(block, values))
    }

    pub(super) fn continue_(&mut self, id: ExprId, target: ExprId) -> NodeId {
        self.at(id);
        let frame = self.frame(target);
        let close = self.close_scopes(self.frames[frame].scopes);
        let head = match self.frames[frame].continue_to {
            Some(head) => head,
            None => {
                let block = self.body.block(BlockType::EMPTY);
                self.frames[frame].continue_to = Some(block);
                block
            }
        };
        self.leave(None, false, close, |body, values| body.br(head, values))
    }

    pub(super) fn return_(&mut self, id: ExprId, value: Option<ExprId>) -> NodeId {
        let value = match value.map(|value| self.whole(value)) {
            Some(Err(node)) => return node,
            Some(Ok(node)) => Some(node),
            None => None,
        };
        self.at(id);
        let close = self.close_scopes(0);
        let has_results = !self.body.results().is_empty();
        self.leave(value, has_results, close, |body, values| body.return_(values))
    }

    /// Value, then the scope's end, then the jump: `(return (seq value close))`.
    fn leave(
        &mut self,
        value: Option<NodeId>,
        has_results: bool,
        close: Option<NodeId>,
        jump: impl FnOnce(&mut swasm_tree::Body, &[NodeId]) -> NodeId,
    ) -> NodeId {
        let parts: Nodes = value.into_iter().chain(close).collect();
        if has_results {
            let values = self.seq(&parts);
            return jump(self.body, &[values]);
        }
        let mut parts = parts;
        parts.push(jump(self.body, &[]));
        self.seq(&parts)
    }

    // ---- match

    pub(super) fn match_(
        &mut self,
        id: ExprId,
        scrutinee: ExprId,
        arms: &[Arm],
    ) -> Result<NodeId, NodeId> {
        let value = self.single(scrutinee)?;
        let Type::Value(ty) = *self.source.ty(scrutinee) else {
            unreachable!("the checker promised a scalar")
        };
        let mut before = Vec::new();
        let wide = width(ty) == 64;
        let val_type = if wide { ValType::I64 } else { ValType::I32 };
        // Bindings are variables of their own: they are set where their arm begins, from a value nobody assigns.
        let value = if self.constant_of(value).is_some() {
            value
        } else {
            let temp = self.temp(val_type);
            before.push(self.body.local_set(temp, value));
            self.body.local_get(temp)
        };
        let node = match table(arms, ty) {
            Some(table) => self.match_table(id, value, ty, arms, &table),
            None => self.match_chain(id, value, ty, arms),
        };
        let (Ok(inner) | Err(inner)) = node;
        before.push(inner);
        let whole = self.seq(&before);
        if node.is_ok() { Ok(whole) } else { Err(whole) }
    }

    /// The arm's value, its binding set first.
    fn arm_value(&mut self, arm: &Arm, value: NodeId) -> Result<NodeId, NodeId> {
        let bind = self.bind(arm, value);
        let node = self.whole(arm.value);
        let Some(bind) = bind else { return node };
        match node {
            Ok(node) => Ok(self.body.seq(&[bind, node])),
            Err(node) => Err(self.body.seq(&[bind, node])),
        }
    }

    fn bind(&mut self, arm: &Arm, value: NodeId) -> Option<NodeId> {
        let local = LocalId(self.local(arm.binding?).first);
        let value = self.again(value);
        Some(self.body.local_set(local, value))
    }

    /// One `if` after another, built from the last.
    fn match_chain(
        &mut self,
        id: ExprId,
        value: NodeId,
        ty: ValueType,
        arms: &[Arm],
    ) -> Result<NodeId, NodeId> {
        let results = {
            let ty = self.source.ty(id);
            self.scalars(ty)
        };
        // A guard that fails goes on with the next arm, and so does a pattern that doesn't fit: each arm is a block that both leave.
        if arms.iter().any(|arm| arm.guard.is_some()) {
            return self.match_guarded(id, value, ty, arms, &results);
        }
        let mut lowered = Vec::with_capacity(arms.len());
        for (index, arm) in arms.iter().enumerate() {
            self.at(id);
            // The checker promised exhaustiveness: the last arm needs no test.
            let takes_rest = arm.ranges.is_empty() || index + 1 == arms.len();
            let condition =
                if takes_rest { None } else { Some(self.in_ranges(value, ty, &arm.ranges)) };
            let node = self.arm_value(arm, value);
            lowered.push((condition, node));
            if takes_rest {
                break;
            }
        }
        self.at(id);
        let Some((_, mut rest)) = lowered.pop() else {
            let end = self.body.unreachable();
            return Err(end);
        };
        while let Some((condition, node)) = lowered.pop() {
            let condition = condition.expect("only the last arm has no test");
            let diverges = rest.is_err() && node.is_err();
            let (Ok(then) | Err(then)) = node;
            let (Ok(else_) | Err(else_)) = rest;
            let node = self.body.if_(BlockType::of(&results), condition, then, Some(else_));
            rest = if diverges { Err(node) } else { Ok(node) };
        }
        match rest {
            Err(node) if !lowered.is_empty() || arms.len() > 1 => Err(self.never_completes(node)),
            rest => rest,
        }
    }

    /// `(block $done … (block $next (br_if $next (eqz fits)) bind (br_if $next (eqz guard)) (br $done value)) …)`
    fn match_guarded(
        &mut self,
        id: ExprId,
        value: NodeId,
        ty: ValueType,
        arms: &[Arm],
        results: &[ValType],
    ) -> Result<NodeId, NodeId> {
        let done = self.body.block(BlockType::of(results));
        let mut completes = false;
        let mut parts = Vec::with_capacity(arms.len() + 1);
        for arm in arms {
            self.at(id);
            let next = self.body.block(BlockType::EMPTY);
            let mut inner = Vec::new();
            if !arm.ranges.is_empty() {
                let fits = self.in_ranges(value, ty, &arm.ranges);
                let not = self.op(Op::I32_EQZ, &[fits]);
                inner.push(self.body.br_if(next, &[], not));
            }
            inner.extend(self.bind(arm, value));
            let guard = arm.guard.map(|guard| self.single(guard));
            if let Some(Err(node)) = guard {
                inner.push(node);
            } else {
                if let Some(Ok(guard)) = guard {
                    self.at(id);
                    let not = self.op(Op::I32_EQZ, &[guard]);
                    inner.push(self.body.br_if(next, &[], not));
                }
                match self.whole(arm.value) {
                    Err(node) => inner.push(node),
                    Ok(node) => {
                        self.at(id);
                        completes = true;
                        if results.is_empty() {
                            inner.push(node);
                            inner.push(self.body.br(done, &[]));
                        } else {
                            inner.push(self.body.br(done, &[node]));
                        }
                    }
                }
            }
            let body = self.seq(&inner);
            self.body.set_body(next, body);
            parts.push(next);
        }
        self.at(id);
        parts.push(self.body.unreachable());
        let body = self.seq(&parts);
        if !completes {
            return Err(body);
        }
        self.body.set_body(done, body);
        Ok(done)
    }

    /// A bool: whether the value is in one of the ranges.
    fn in_ranges(&mut self, value: NodeId, ty: ValueType, ranges: &[PatternRange]) -> NodeId {
        let wide = width(ty) == 64;
        let (min, max) = bounds(ty);
        let (eq, sub, le_u, le, ge) = match (wide, is_signed(ty)) {
            (false, true) => (Op::I32_EQ, Op::I32_SUB, Op::I32_LE_U, Op::I32_LE_S, Op::I32_GE_S),
            (false, false) => (Op::I32_EQ, Op::I32_SUB, Op::I32_LE_U, Op::I32_LE_U, Op::I32_GE_U),
            (true, true) => (Op::I64_EQ, Op::I64_SUB, Op::I64_LE_U, Op::I64_LE_S, Op::I64_GE_S),
            (true, false) => (Op::I64_EQ, Op::I64_SUB, Op::I64_LE_U, Op::I64_LE_U, Op::I64_GE_U),
        };
        let mut whole: Option<NodeId> = None;
        for range in ranges {
            let value = self.again(value);
            let constant = |this: &mut Self, bits: u64| {
                if wide {
                    this.body.i64_const(bits as i64)
                } else {
                    this.body.i32_const(bits as i32)
                }
            };
            let test = if range.lo == range.hi {
                let at = constant(self, range.lo);
                self.op(eq, &[value, at])
            } else if range.lo == min && range.hi == max {
                self.body.i32_const(1)
            } else if range.lo == min {
                let hi = constant(self, range.hi);
                self.op(le, &[value, hi])
            } else if range.hi == max {
                let lo = constant(self, range.lo);
                self.op(ge, &[value, lo])
            } else {
                let lo = constant(self, range.lo);
                let above = self.op(sub, &[value, lo]);
                let span = constant(self, range.hi.wrapping_sub(range.lo));
                self.op(le_u, &[above, span])
            };
            whole = Some(match whole {
                Some(others) => self.op(Op::I32_OR, &[others, test]),
                None => test,
            });
        }
        whole.unwrap_or_else(|| self.body.i32_const(0))
    }

    fn match_table(
        &mut self,
        id: ExprId,
        value: NodeId,
        ty: ValueType,
        arms: &[Arm],
        table: &Table,
    ) -> Result<NodeId, NodeId> {
        let results = {
            let ty = self.source.ty(id);
            self.scalars(ty)
        };
        self.at(id);
        let wide = width(ty) == 64;
        // The blocks nest: the first arm's is the innermost, and what follows a block's end is its arm's code.
        let mut labels: SmallVec<[NodeId; 8]> = smallvec![];
        let mut own: SmallVec<[bool; 8]> = smallvec![];
        for arm in arms {
            match self.jump_of(arm) {
                Some(target) => {
                    labels.push(target);
                    own.push(false);
                }
                None => {
                    labels.push(self.body.block(BlockType::EMPTY));
                    own.push(true);
                }
            }
        }
        let default = labels[table.default];
        let targets: Vec<NodeId> = table.entries.iter().map(|arm| labels[*arm]).collect();
        let mut index = self.again(value);
        let low = if wide {
            self.body.i64_const(table.low as i64)
        } else {
            self.body.i32_const(table.low as i32)
        };
        index = self.op(if wide { Op::I64_SUB } else { Op::I32_SUB }, &[index, low]);
        let mut before = Vec::new();
        if wide {
            // Beyond 32 bits everything is the default's: clamp before wrapping.
            let index = self.spill(index, ValType::I64, &mut before);
            let count = self.body.i64_const(targets.len() as i64);
            let again = self.again(index);
            let fits = self.op(Op::I64_LT_U, &[again, count]);
            let narrow = self.op(Op::I32_WRAP_I64, &[index]);
            let outside = self.body.i32_const(targets.len() as i32);
            let index = self.body.select(narrow, outside, fits);
            before.push(self.body.br_table(&targets, default, &[], index));
        } else {
            before.push(self.body.br_table(&targets, default, &[], index));
        }
        let mut inner = self.seq(&before);
        if !own.iter().any(|own| *own) {
            return Err(inner);
        }
        let done = self.body.block(BlockType::of(&results));
        let (mut any_completes, last) = (false, own.iter().rposition(|own| *own));
        for (at, arm) in arms.iter().enumerate() {
            if !own[at] {
                continue;
            }
            self.body.set_body(labels[at], inner);
            let code = match self.arm_value(arm, value) {
                Err(node) => node,
                Ok(node) => {
                    self.at(id);
                    any_completes = true;
                    match (last == Some(at), results.is_empty()) {
                        (true, _) => node,
                        (false, true) => {
                            let leave = self.body.br(done, &[]);
                            self.body.seq(&[node, leave])
                        }
                        (false, false) => self.body.br(done, &[node]),
                    }
                }
            };
            self.at(id);
            inner = self.body.seq(&[labels[at], code]);
        }
        if !any_completes {
            return Err(inner);
        }
        self.body.set_body(done, inner);
        Ok(done)
    }

    /// The label of an arm that does nothing but jump without a value.
    fn jump_of(&mut self, arm: &Arm) -> Option<NodeId> {
        if arm.binding.is_some() {
            return None;
        }
        let mut id = arm.value;
        loop {
            let kind = &self.source[id].kind;
            if let ExprKind::Block { statements, tail } = kind
                && !self.is_target(id)
                && let ([only], None) | ([], Some(only)) = (&self.source[*statements], tail)
            {
                id = *only;
                continue;
            }
            let (ExprKind::Break(target, None) | ExprKind::Continue(target)) = kind else {
                return None;
            };
            let frame = self.frame(*target);
            if self.frames[frame].scopes != self.scopes.len() {
                return None;
            }
            if matches!(kind, ExprKind::Continue(_)) {
                return self.frames[frame].continue_to;
            }
            return self.frames[frame].results.is_empty().then(|| self.break_target(frame));
        }
    }
}

/// A `match` as a table.
struct Table {
    low: u64,
    /// The arm for each value from `low` on.
    entries: Vec<usize>,
    /// The arm for all others.
    default: usize,
}

/// Smallest and largest value of a type, normalised.
fn bounds(ty: ValueType) -> (u64, u64) {
    match ty {
        ValueType::Bool => (0, 1),
        ValueType::Char => (0, 0x10_ffff),
        ValueType::I8 => (i64::from(i8::MIN) as u64, i8::MAX as u64),
        ValueType::I16 => (i64::from(i16::MIN) as u64, i16::MAX as u64),
        ValueType::I32 => (i64::from(i32::MIN) as u64, i32::MAX as u64),
        ValueType::I64 => (i64::MIN as u64, i64::MAX as u64),
        ValueType::U8 => (0, u64::from(u8::MAX)),
        ValueType::U16 => (0, u64::from(u16::MAX)),
        ValueType::U32 | ValueType::Addr => (0, u64::from(u32::MAX)),
        ValueType::U64 => (0, u64::MAX),
        ValueType::F32 | ValueType::F64 | ValueType::V128 => {
            unreachable!("the checker refuses to match these")
        }
    }
}

/// The table of a `match` whose values lie close together and whose arms have no guards.
fn table(arms: &[Arm], ty: ValueType) -> Option<Table> {
    if arms.iter().any(|arm| arm.guard.is_some()) {
        return None;
    }
    let rest = arms.iter().position(|arm| arm.ranges.is_empty());
    let listed = &arms[..rest.unwrap_or(arms.len())];
    // Order by the type: shift signed values so that unsigned comparison is right.
    let flip = if is_signed(ty) { 1u64 << 63 } else { 0 };
    let ranges = || listed.iter().flat_map(|arm| arm.ranges.iter());
    // A range that reaches the type's end is left to the default when another arm isn't.
    let low = ranges().map(|range| range.lo ^ flip).min()?;
    let high = ranges().map(|range| range.hi ^ flip).max()?;
    let span = (high - low).checked_add(1)?;
    let values: u64 =
        ranges().map(|range| range.hi.wrapping_sub(range.lo).min(RANGE_VALUES - 1) + 1).sum();
    if values < TABLE_MIN
        || span > TABLE_MAX
        || span > values * TABLE_DENSITY
        || ranges().count() < TABLE_MIN as usize
    {
        return None;
    }
    // Without a last `_` the listed values are all there are: any arm may be the default.
    let default = rest.unwrap_or(arms.len() - 1);
    let mut entries = vec![default; usize::try_from(span).ok()?];
    for (at, arm) in listed.iter().enumerate().rev() {
        for range in &arm.ranges {
            let from = ((range.lo ^ flip) - low) as usize;
            let to = ((range.hi ^ flip) - low) as usize;
            entries[from..=to].fill(at);
        }
    }
    Some(Table { low: low ^ flip, entries, default })
}
