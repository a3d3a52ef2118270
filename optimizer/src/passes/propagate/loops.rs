//! What loops assign, and what holds at the start of each of their rounds.
//!
//! `(if (i32.lt_u i n) (loop $l … (br_if $l (i32.lt_u (local.tee i …) n))))`: in the loop, `i < n`.
//!
//! Invariant: what is said of a round holds before the first one and is tested before each of the others.

use swasm_tree::{Body, LocalId, NodeId, Op, View};

use super::{Pass, assigns_nothing};
use crate::cursor::{Cursor, Event, number};
use crate::facts::{Comparison, Side};

/// Which locals each loop assigns, and at how many places.
#[derive(Default)]
pub(super) struct Loops {
    /// By number of the node: the row.
    pub(super) row: Vec<u32>,
    pub(super) rows: Vec<Vec<(LocalId, u32)>>,
}

impl Loops {
    pub(super) fn of(body: &Body, cursor: &mut Cursor) -> Loops {
        let mut loops = Loops { row: vec![0; body.node_count()], rows: Vec::new() };
        let mut open: Vec<Vec<(LocalId, u32)>> = Vec::new();
        cursor.forward(body.root());
        while let Some(event) = cursor.next(body) {
            match event {
                Event::Enter(node) if body.op(node) == Op::LOOP => open.push(Vec::new()),
                Event::Leave(node) => {
                    let Some(inner) = open.last_mut() else { continue };
                    match body.op(node) {
                        Op::LOCAL_SET | Op::LOCAL_TEE => {
                            if let View::Local(local) = body.view(node) {
                                inner.push((local, 1));
                            }
                        }
                        Op::SET_MANY => {
                            if let View::SetMany(locals) = body.view(node) {
                                inner.extend(locals.iter().map(|&local| (local, 1)));
                            }
                        }
                        Op::LOOP => {
                            let Some(mut inner) = open.pop() else { continue };
                            inner.sort_unstable();
                            inner.dedup_by(|next, kept| {
                                let same = next.0 == kept.0;
                                kept.1 += if same { next.1 } else { 0 };
                                same
                            });
                            if let Some(outer) = open.last_mut() {
                                outer.extend_from_slice(&inner);
                            }
                            loops.row[number(node)] = loops.rows.len() as u32;
                            loops.rows.push(inner);
                        }
                        _ => (),
                    }
                }
                Event::Enter(_) | Event::Child(..) => (),
            }
        }
        loops
    }
}

/// What holds at the start of each round of a loop.
pub(super) struct Rounds {
    local: LocalId,
    op: Op,
    bound: Side,
    /// The comparison with zero that holds, too.
    not_negative: Option<Op>,
}

/// `(i32.add (local.get $i) (i32.const 1))`
fn is_increment(body: &Body, node: NodeId, local: LocalId) -> bool {
    let &[read, one] = body.children(node) else { return false };
    matches!(body.op(node), Op::I32_ADD | Op::I64_ADD)
        && body.op(read) == Op::LOCAL_GET
        && body.view(read) == View::Local(local)
        && matches!(body.view(one), View::I32(1) | View::I64(1))
}

impl Pass<'_> {
    /// What holds at the start of each round of a loop that goes on as long as a comparison is true.
    pub(super) fn rounds(
        &self,
        body: &Body,
        node: NodeId,
        assigned: &[(LocalId, u32)],
    ) -> Option<Rounds> {
        let mut last = *body.children(node).last()?;
        while body.op(last) == Op::SEQ {
            last = *body.children(last).last()?;
        }
        let only_branch = self.uses.branches[number(node)] == 1 && body.op(last) == Op::BR_IF;
        let &[condition] = body.children(last) else { return None };
        if !only_branch || body.view(last) != View::Br(node) {
            return None;
        }
        let &[left, right] = body.children(condition) else { return None };
        let (View::Local(local), Op::LOCAL_GET | Op::LOCAL_TEE) = (body.view(left), body.op(left))
        else {
            return None;
        };
        let places = |local: LocalId| {
            assigned.iter().find(|&&(other, _)| other == local).map_or(0, |&(_, places)| places)
        };
        let assigned = |node: NodeId| matches!(body.view(node), View::Local(it) if places(it) > 0);
        let parts = body.children(right);
        if !assigns_nothing(body, right) || assigned(right) || parts.iter().any(|&it| assigned(it))
        {
            return None;
        }
        let op = body.op(condition);
        let bound = self.side(body, right)?;
        let before = self.local_side(local)?;
        if self.facts.decide(Comparison::new(op, before, bound)?) != Some(true) {
            return None;
        }
        // `i = i + 1` while `i < n`, from zero or above: no sum wraps.
        let counts = body.op(left) == Op::LOCAL_TEE
            && places(local) == 1
            && matches!(op, Op::I32_LT_S | Op::I64_LT_S)
            && is_increment(body, body.children(left)[0], local);
        let not_negative = if op == Op::I64_LT_S { Op::I64_GE_S } else { Op::I32_GE_S };
        let zero = Comparison::new(not_negative, before, Side::Number(0))?;
        let counts = counts && self.facts.decide(zero) == Some(true);
        Some(Rounds { local, op, bound, not_negative: counts.then_some(not_negative) })
    }

    pub(super) fn assume_rounds(&mut self, rounds: &Rounds) {
        let Some(side) = self.local_side(rounds.local) else { return };
        let facts = [
            Comparison::new(rounds.op, side, rounds.bound),
            rounds.not_negative.and_then(|op| Comparison::new(op, side, Side::Number(0))),
        ];
        for fact in facts.into_iter().flatten() {
            self.learn(fact);
        }
    }
}
