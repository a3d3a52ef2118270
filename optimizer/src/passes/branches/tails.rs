//! Tails: what a block executes last on each path, and what is nothing there.
//!
//! A block that stands at the tail of another is that other under another name; a branch from a tail to where control
//! goes after it is nothing; an early exit is an arm with the rest as the other.
//!
//! Invariant: only statements, which leave nothing, stand before what is changed.

use swasm_tree::{BlockType, Body, NodeId, Op, ValType, View, WithImmediate};

use super::values::is_cheap;
use super::{Pass, Place, is_empty, last_of};
use crate::rewrite::move_over;
use crate::simplify::negate;
use swasm_tree::result_count;

/// At most this many early exits of one block become nested ifs.
const NESTED_EXITS: usize = 16;

/// Where control goes after a tail.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Goal {
    /// To the caller.
    Function,
    /// Where a branch to this block goes.
    Label(NodeId),
}

impl Pass<'_> {
    /// Dissolves the blocks in a tail after which control goes to the label `goal`. `like` is a block with the results
    /// that the tail leaves, or a `Seq` whose tail leaves none.
    pub(super) fn dissolve(&mut self, body: &mut Body, tail: Place, goal: NodeId, like: NodeId) {
        let mut tails = std::mem::take(&mut self.tails);
        tails.push(tail);
        while let Some(place) = tails.pop() {
            let node = place.node(body);
            let children = body.children(node).len();
            match body.op(node) {
                Op::SEQ if children > 0 => tails.push(Place::Child(node, children - 1)),
                Op::BLOCK if children == 1 && same_results(body, node, like) => {
                    let inner = body.children(node)[0];
                    place.put(body, inner);
                    self.rename_label(node, goal);
                    tails.push(place);
                }
                Op::IF if children == 3 && same_results(body, node, like) => {
                    if self.count(node) > 0 {
                        self.rename_label(node, goal);
                    }
                    tails.push(Place::Child(node, 1));
                    tails.push(Place::Child(node, 2));
                }
                _ => (),
            }
        }
        self.tails = tails;
    }

    /// Removes branches to `goal` from a tail after which control goes there.
    pub(super) fn strip(&mut self, body: &mut Body, tail: Place, goal: Goal) {
        let mut tails = std::mem::take(&mut self.tails);
        tails.push(tail);
        while let Some(place) = tails.pop() {
            let node = place.node(body);
            let children = body.children(node).len();
            match body.op(node) {
                Op::SEQ if children > 0 && self.statements(body, node) == children - 1 => {
                    tails.push(Place::Child(node, children - 1));
                }
                Op::BR | Op::RETURN if self.goes_to(body, node, goal) => {
                    if let Goal::Label(label) = goal {
                        self.change_count(label, -1);
                    }
                    to_sequence(body, node);
                    tails.push(place);
                }
                Op::IF if children == 3 => {
                    if let Some(if_) = self.with_results(body, place, node, goal) {
                        tails.push(Place::Child(if_, 1));
                        tails.push(Place::Child(if_, 2));
                    }
                }
                Op::BLOCK | Op::TRY_TABLE
                    if children == 1 && goal_results_are(body, node, goal) =>
                {
                    tails.push(Place::Child(node, 0));
                }
                Op::LOOP if children == 1 && goal_results_are(body, node, goal) => {
                    self.turn_loop(body, node, goal);
                    tails.push(Place::Child(node, 0));
                }
                _ => (),
            }
        }
        self.tails = tails;
    }

    /// How many children of a `Seq`, from the front and without the last, surely leave nothing.
    pub(super) fn statements(&self, body: &Body, sequence: NodeId) -> usize {
        let children = body.children(sequence);
        let all = children.len().saturating_sub(1);
        let leaves = |&child: &NodeId| result_count(self.module, body, child) != Some(0);
        children[..all].iter().position(leaves).unwrap_or(all)
    }

    fn goes_to(&self, body: &Body, branch: NodeId, goal: Goal) -> bool {
        match (body.view(branch), goal) {
            (View::Br(target), Goal::Label(label)) => self.resolve(target) == label,
            (_, Goal::Function) => body.op(branch) == Op::RETURN,
            _ => false,
        }
    }

    /// An `if` at the tail of `goal` that leaves what `goal` takes: the `if` itself, or when it leaves nothing as both
    /// of its arms diverge, one that does, put in its place.
    fn with_results(
        &self,
        body: &mut Body,
        place: Place,
        if_: NodeId,
        goal: Goal,
    ) -> Option<NodeId> {
        if goal_results_are(body, if_, goal) {
            return Some(if_);
        }
        let &[condition, then, else_] = body.children(if_) else { return None };
        let branches = |arm: NodeId| {
            body.diverges(arm)
                && last_of(body, arm).is_some_and(|last| self.goes_to(body, last, goal))
        };
        let diverges = body.diverges(then) && body.diverges(else_);
        if self.count(if_) > 0 || !diverges || !(branches(then) || branches(else_)) {
            return None;
        }
        let results = goal_results(body, goal).to_vec();
        body.at(body.node(if_).loc);
        let typed = body.if_(BlockType::of(&results), condition, then, Some(else_));
        place.put(body, typed);
        Some(typed)
    }

    /// Turns the exit of a loop that stands at the tail of `goal` into its repetition.
    fn turn_loop(&mut self, body: &mut Body, loop_: NodeId, goal: Goal) {
        let inner = body.children(loop_)[0];
        let (Op::SEQ, Goal::Label(goal)) = (body.op(inner), goal) else { return };
        let mut list = body.children(inner).to_vec();
        if self.statements(body, inner) + 1 != list.len() {
            return;
        }
        let plain_branch = |body: &Body, node: NodeId, op: Op, operands: usize, to: NodeId| {
            body.op(node) == op
                && body.children(node).len() == operands
                && matches!(body.view(node), View::Br(target) if self.resolve(target) == to)
        };
        let Some(&last) = list.last() else { return };
        if list.len() < 2 || !plain_branch(body, last, Op::BR, 0, loop_) {
            return;
        }
        let before = list[list.len() - 2];
        let first = list[0];
        if plain_branch(body, before, Op::BR_IF, 1, goal) {
            let condition = negate(body, body.children(before)[0]);
            body.set_child(before, 0, condition);
            body.set_immediate(before, WithImmediate::Label(loop_));
            list.pop();
            body.set_children(inner, &list);
            self.change_count(goal, -1);
        } else if plain_branch(body, first, Op::BR_IF, 1, goal)
            && self.count(goal) == 1
            && body.op(goal) == Op::BLOCK
        {
            let condition = negate(body, body.children(first)[0]);
            body.at(body.node(first).loc);
            let rest = body.seq(&list[1..]);
            let if_ = body.if_(BlockType::EMPTY, condition, rest, None);
            body.set_child(loop_, 0, if_);
            self.change_count(goal, -1);
        }
    }

    /// `(block $b a (if c (<seq> x (br $b))) y)` ⇒ `(block $b a (if c x y))`, and the same for the last `br_if`; and for
    /// a function's returns, where `x` is but a value.
    pub(super) fn nest_exits(&mut self, body: &mut Body, sequence: NodeId, goal: Goal) {
        let results = goal_results(body, goal).to_vec();
        if body.op(sequence) != Op::SEQ {
            return;
        }
        let mut list = body.children(sequence).to_vec();
        let mut nested = 0;
        let last = self.statements(body, sequence).min(list.len().saturating_sub(2));
        if list.len() < 2 {
            return;
        }
        for index in (0..=last).rev() {
            let left = if let Goal::Label(block) = goal { self.count(block) } else { 1 };
            if left == 0 || nested == NESTED_EXITS {
                break;
            }
            let node = list[index];
            let Some((condition, then)) = self.exit(body, node, goal) else { continue };
            body.at(body.node(node).loc);
            let rest = body.seq(&list[index + 1..]);
            let if_ = match then {
                Some(then) => body.if_(BlockType::of(&results), condition, then, Some(rest)),
                None => {
                    let condition = negate(body, condition);
                    body.if_(BlockType::EMPTY, condition, rest, None)
                }
            };
            if let Goal::Label(block) = goal {
                self.change_count(block, -1);
            }
            nested += 1;
            list.truncate(index);
            list.push(if_);
        }
        if nested > 0 {
            body.set_children(sequence, &list);
        }
    }

    /// Of a statement that goes to `goal` on a condition: the condition and, unless it is a `br_if`, what is done first,
    /// without the branch.
    fn exit(&self, body: &mut Body, node: NodeId, goal: Goal) -> Option<(NodeId, Option<NodeId>)> {
        if let (Op::BR_IF, Goal::Label(block)) = (body.op(node), goal) {
            let &[condition] = body.children(node) else { return None };
            let alone = self.count(block) == 1 && self.goes_to(body, node, goal);
            return alone.then_some((condition, None));
        }
        let View::If(ty) = body.view(node) else { return None };
        let plain = ty.params.is_empty() && ty.results.is_empty() && self.count(node) == 0;
        let &[condition, then, else_] = body.children(node) else { return None };
        if !plain || !is_empty(body, else_) {
            return None;
        }
        let last = last_of(body, then)?;
        let leaves = body.op(last) == if goal == Goal::Function { Op::RETURN } else { Op::BR };
        let is_value = body.children(last).iter().all(|&value| is_cheap(body, value));
        if !leaves
            || !self.goes_to(body, last, goal)
            || (goal == Goal::Function && (last != then || !is_value))
        {
            return None;
        }
        to_sequence(body, last);
        Some((condition, Some(then)))
    }
}

/// Makes a branch the sequence of its values.
fn to_sequence(body: &mut Body, branch: NodeId) {
    let values = body.children(branch).to_vec();
    let sequence = body.seq(&values);
    move_over(body, branch, sequence);
}

fn results_of(body: &Body, node: NodeId) -> &[ValType] {
    if body.op(node).shape().is_label() { body.block_type(node).results } else { &[] }
}

fn same_results(body: &Body, a: NodeId, b: NodeId) -> bool {
    results_of(body, a) == results_of(body, b)
}

/// What control takes along to a goal. A loop's label takes nothing: nobody here gives it values.
fn goal_results(body: &Body, goal: Goal) -> &[ValType] {
    match goal {
        Goal::Function => body.results(),
        Goal::Label(label) if body.op(label) == Op::LOOP => &[],
        Goal::Label(label) => results_of(body, label),
    }
}

fn goal_results_are(body: &Body, node: NodeId, goal: Goal) -> bool {
    results_of(body, node) == goal_results(body, goal)
}
