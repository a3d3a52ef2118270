//! Branch tidying: blocks nobody branches to, branches to where control goes anyhow, ifs that decide nothing.
//!
//! `(block $b a (br $b))` ⇒ `a`
//! `(block $b (if c (<seq> a (br $b))) b)` ⇒ `(if c a b)`
//! `(block $b (loop $l a (br_if $b c) (br $l)))` ⇒ `(loop $l a (br_if $l (i32.eqz c)))`
//! `(block $b (loop $l (br_if $b (i32.eqz c)) a (br $l)))` ⇒ `(loop $l (if c (<seq> a (br $l))))`
//! `(if c (br $b))` ⇒ `(br_if $b c)`; `(if (i32.eqz c) a b)` ⇒ `(if c b a)`; `(if (i32.const 1) a b)` ⇒ `a`
//! `(if (result i32) (i32.lt_s x y) (local.get $x) (local.get $y))` ⇒ `(select x y (i32.lt_s x y))`
//!
//! The *tail* of a block is whatever it executes last on each path: there a branch to the block is what happens anyway,
//! and a block that stands there is the outer one under another name. On the way down such blocks are dissolved and
//! their labels become aliases; on the way up branches are removed. One sweep at the end names the remaining labels.
//!
//! Invariant: `branches` counts the branches to each block, aliases resolved, in what is in the tree.

use swasm_tree::{
    BlockType, Body, Effects, Fold, Module, NodeId, Op, ValType, View, WithImmediate,
};

use super::{Context, flatten};
use crate::arity::result_count;
use crate::cursor::{Cursor, Event, number};
use crate::simplify::{as_condition, is_boolean, negate, not};
use crate::uses::Uses;

/// At most this many early exits of one block become nested ifs.
const NESTED_EXITS: usize = 16;
/// A right operand of `&&` or `||` of at most so many nodes is computed always rather than branched around.
const EAGER_NODES: usize = 8;
/// A value of at most so many nodes is computed always rather than branched around, and selected.
const CHEAP_NODES: usize = 6;
/// No more than this many nodes of a condition are searched for assignments.
const SEARCHED_NODES: usize = 32;

pub(super) fn run(context: &Context<'_>, body: &mut Body) {
    let mut pass = Pass {
        module: context.module,
        branches: Uses::of(body).branches,
        alias: vec![None; body.node_count()],
        renamed: false,
        tails: Vec::new(),
    };
    let mut cursor = Cursor::default();
    cursor.forward(body.root());
    while let Some(event) = cursor.next(body) {
        match event {
            Event::Enter(node) => pass.enter(body, node),
            Event::Child(..) => (),
            Event::Leave(node) => pass.leave(body, &cursor, node),
        }
    }
    pass.strip(body, Place::Root, Goal::Function);
    pass.nest_exits(body, body.root(), Goal::Function);
    if pass.renamed {
        pass.rename(body, &mut cursor);
    }
    flatten::run(context, body);
}

/// Where a node stands.
#[derive(Clone, Copy)]
enum Place {
    Root,
    Child(NodeId, usize),
}

impl Place {
    fn node(self, body: &Body) -> NodeId {
        match self {
            Place::Root => body.root(),
            Place::Child(parent, index) => body.children(parent)[index],
        }
    }

    fn put(self, body: &mut Body, node: NodeId) {
        match self {
            Place::Root => body.set_root(node),
            Place::Child(parent, index) => body.set_child(parent, index, node),
        }
    }
}

/// Where control goes after a tail.
#[derive(Clone, Copy, PartialEq)]
enum Goal {
    /// To the caller.
    Function,
    /// Where a branch to this block goes.
    Label(NodeId),
}

struct Pass<'a> {
    module: &'a Module,
    /// By number of the block.
    branches: Vec<u32>,
    /// By number of a block that is no more: what its label means now.
    alias: Vec<Option<NodeId>>,
    /// Whether there are aliases.
    renamed: bool,
    tails: Vec<Place>,
}

impl Pass<'_> {
    fn resolve(&self, mut label: NodeId) -> NodeId {
        while let Some(Some(other)) = self.alias.get(number(label)) {
            label = *other;
        }
        label
    }

    fn count(&self, block: NodeId) -> u32 {
        self.branches.get(number(block)).copied().unwrap_or(0)
    }

    fn change_count(&mut self, block: NodeId, by: i64) {
        let index = number(block);
        if index >= self.branches.len() {
            self.branches.resize(index + 1, 0);
            self.alias.resize(index + 1, None);
        }
        let count = &mut self.branches[index];
        *count = u32::try_from(i64::from(*count) + by)
            .expect("a branch that is removed or renamed was counted before");
    }

    /// Makes `from` another name for `to`.
    fn rename_label(&mut self, from: NodeId, to: NodeId) {
        let count = i64::from(self.count(from));
        self.change_count(to, count);
        self.change_count(from, -count);
        self.alias[number(from)] = Some(to);
        self.renamed = true;
    }

    fn rename(&mut self, body: &mut Body, cursor: &mut Cursor) {
        cursor.forward(body.root());
        while let Some(event) = cursor.next(body) {
            let Event::Enter(node) = event else { continue };
            match body.op(node) {
                Op::BR | Op::BR_IF => {
                    if let View::Br(target) = body.view(node) {
                        body.set_immediate(node, WithImmediate::Label(self.resolve(target)));
                    }
                }
                Op::BR_TABLE => body.retarget(node, |target| self.resolve(target)),
                _ => (),
            }
        }
    }

    // ---- on the way down

    fn enter(&mut self, body: &mut Body, node: NodeId) {
        match body.op(node) {
            Op::BLOCK => {
                let last = body.children(node).len() - 1;
                self.dissolve(body, Place::Child(node, last), node, node);
            }
            Op::SEQ => {
                if let Some((index, target)) = self.before_branch(body, node) {
                    self.dissolve(body, Place::Child(node, index), target, node);
                }
            }
            _ => (),
        }
    }

    /// In a `Seq` that ends with a branch without values: the number of the child before it, and the target.
    fn before_branch(&self, body: &Body, sequence: NodeId) -> Option<(usize, NodeId)> {
        let children = body.children(sequence);
        let last = *children.last()?;
        let View::Br(target) = body.view(last) else { return None };
        let plain = body.op(last) == Op::BR && body.children(last).is_empty();
        (plain && children.len() >= 2).then(|| (children.len() - 2, self.resolve(target)))
    }

    /// Dissolves the blocks in a tail after which control goes to the label `goal`. `like` is a block with the results
    /// that the tail leaves, or a `Seq` whose tail leaves none.
    fn dissolve(&mut self, body: &mut Body, tail: Place, goal: NodeId, like: NodeId) {
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

    // ---- on the way up

    fn leave(&mut self, body: &mut Body, cursor: &Cursor, node: NodeId) {
        let place = match cursor.place(body, node) {
            Some((parent, index)) => Place::Child(parent, index),
            None => Place::Root,
        };
        match body.op(node) {
            Op::BLOCK => self.leave_block(body, place, node),
            Op::LOOP if body.children(node).len() == 1 && self.count(node) == 0 => {
                place.put(body, body.children(node)[0]);
            }
            Op::IF if body.children(node).len() == 3 => self.leave_if(body, place, node),
            Op::BR_IF => self.leave_br_if(body, node),
            Op::BR_TABLE => self.leave_br_table(body, node),
            Op::SEQ => {
                if let Some((index, target)) = self.before_branch(body, node) {
                    self.strip(body, Place::Child(node, index), Goal::Label(target));
                }
            }
            Op::SELECT => {
                let &[a, b, condition] = body.children(node) else { return };
                let leaf = |arm: NodeId| body.children(arm).is_empty();
                let swap = body.op(condition) == Op::I32_EQZ && leaf(a) && leaf(b);
                let condition = as_condition(body, condition);
                if let (true, &[value]) = (swap, body.children(condition))
                    && body.op(condition) == Op::I32_EQZ
                {
                    body.set_children(node, &[b, a, value]);
                } else {
                    body.set_child(node, 2, condition);
                }
            }
            _ => (),
        }
    }

    fn leave_block(&mut self, body: &mut Body, place: Place, block: NodeId) {
        if body.children(block).len() != 1 {
            return;
        }
        if self.count(block) > 0 {
            self.strip(body, Place::Child(block, 0), Goal::Label(block));
        }
        if self.count(block) > 0 {
            self.nest_exits(body, body.children(block)[0], Goal::Label(block));
        }
        if self.count(block) == 0 {
            place.put(body, body.children(block)[0]);
        }
    }

    /// Removes branches to `goal` from a tail after which control goes there.
    fn strip(&mut self, body: &mut Body, tail: Place, goal: Goal) {
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
                Op::BLOCK if children == 1 && goal_results_are(body, node, goal) => {
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
    fn statements(&self, body: &Body, sequence: NodeId) -> usize {
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
    fn nest_exits(&mut self, body: &mut Body, sequence: NodeId, goal: Goal) {
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

    // ---- single nodes

    fn leave_br_if(&mut self, body: &mut Body, node: NodeId) {
        let mut operands = body.children(node).to_vec();
        let Some(condition) = operands.pop() else { return };
        let View::Br(target) = body.view(node) else { return };
        let target = self.resolve(target);
        let View::I32(value) = body.view(condition) else {
            let condition = as_condition(body, condition);
            body.set_child(node, operands.len(), condition);
            return;
        };
        body.at(body.node(node).loc);
        let new = if value != 0 {
            body.br(target, &operands)
        } else {
            self.change_count(target, -1);
            body.seq(&operands)
        };
        move_over(body, node, new);
    }

    fn leave_br_table(&mut self, body: &mut Body, node: NodeId) {
        let View::BrTable { targets, default } = body.view(node) else { return };
        let labels: Vec<NodeId> = targets.iter().map(|&target| self.resolve(target)).collect();
        let default = self.resolve(default);
        let mut operands = body.children(node).to_vec();
        let Some(index) = operands.pop() else { return };
        let chosen = if let View::I32(value) = body.view(index) {
            labels.get(value as u32 as usize).copied().unwrap_or(default)
        } else if labels.iter().all(|&label| label == default) && operands.is_empty() {
            default
        } else {
            return;
        };
        for label in labels.into_iter().chain([default]) {
            self.change_count(label, -1);
        }
        self.change_count(chosen, 1);
        body.at(body.node(node).loc);
        let branch = body.br(chosen, &operands);
        let drop = body.drop(index);
        let new = body.seq(&[drop, branch]);
        move_over(body, node, new);
    }

    /// `(if a (if b x))` ⇒ `(if (i32.and a b) x)`, where `b` is small and does nothing: condition, then, else.
    fn both_conditions(
        &self,
        body: &mut Body,
        results: &[ValType],
        condition: NodeId,
        then: NodeId,
        else_: NodeId,
    ) -> Option<[NodeId; 3]> {
        let plain = |body: &Body, else_: NodeId| results.is_empty() && is_empty(body, else_);
        let inner = match *body.children(then) {
            [only] if body.op(then) == Op::SEQ => only,
            _ => then,
        };
        if body.op(inner) != Op::IF || self.count(inner) > 0 || !plain(body, else_) {
            return None;
        }
        let &[second, then, inner_else] = body.children(inner) else { return None };
        let plain = plain(body, inner_else)
            && matches!(body.view(inner), View::If(ty) if ty.results.is_empty())
            && is_eager(body, second);
        if !plain || !is_boolean(body, condition) || !is_boolean(body, second) {
            return None;
        }
        let both = body.plain(Op::I32_AND, &[condition, second]);
        Some([both, then, else_])
    }

    fn leave_if(&mut self, body: &mut Body, place: Place, if_: NodeId) {
        if self.count(if_) > 0 {
            self.strip(body, Place::Child(if_, 1), Goal::Label(if_));
            self.strip(body, Place::Child(if_, 2), Goal::Label(if_));
        }
        if self.count(if_) > 0 {
            return;
        }
        body.at(body.node(if_).loc);
        let View::If(ty) = body.view(if_) else { return };
        let results = ty.results.to_vec();
        let &[mut condition, mut then, mut else_] = body.children(if_) else { return };
        if let [result] = results[..]
            && let Some(value) = if_value(body, result, condition, then, else_)
        {
            place.put(body, value);
            return;
        }
        condition = as_condition(body, condition);
        body.set_child(if_, 0, condition);
        if let View::I32(value) = body.view(condition) {
            place.put(body, if value != 0 { then } else { else_ });
            return;
        }
        if results.is_empty() && is_empty(body, then) && is_empty(body, else_) {
            let drop = body.drop(condition);
            place.put(body, drop);
            return;
        }
        let swap = is_empty(body, then)
            || (!is_empty(body, else_) && body.op(condition) == Op::I32_EQZ)
            || (plain_branch(body, else_) && !plain_branch(body, then));
        if swap && !(results.is_empty() && is_empty(body, else_)) {
            condition = negate(body, condition);
            std::mem::swap(&mut then, &mut else_);
            body.set_children(if_, &[condition, then, else_]);
        }
        if let Some(both) = self.both_conditions(body, &results, condition, then, else_) {
            body.set_children(if_, &both);
        } else if plain_branch(body, then) {
            let Some(branch) = last_of(body, then) else { return };
            let View::Br(target) = body.view(branch) else { return };
            let branch = body.br_if(target, &[], condition);
            let new = body.seq(&[branch, else_]);
            place.put(body, new);
        } else if results.is_empty() && body.diverges(then) && !is_empty(body, else_) {
            let empty = body.seq(&[]);
            body.set_child(if_, 2, empty);
            let new = body.seq(&[if_, else_]);
            place.put(body, new);
        }
    }
}

/// An `if` with a result, without control flow, when that is cheap.
fn if_value(
    body: &mut Body,
    result: ValType,
    condition: NodeId,
    then: NodeId,
    else_: NodeId,
) -> Option<NodeId> {
    if result == ValType::I32 && is_boolean(body, condition) {
        // Conditions with a constant arm: `&&` and `||`.
        match (body.view(then), body.view(else_)) {
            (View::I32(1), View::I32(0)) => return Some(condition),
            (View::I32(0), View::I32(1)) => return Some(not(body, condition)),
            (_, View::I32(0)) if is_boolean(body, then) && is_eager(body, then) => {
                return Some(body.plain(Op::I32_AND, &[condition, then]));
            }
            (View::I32(1), _) if is_boolean(body, else_) && is_eager(body, else_) => {
                return Some(body.plain(Op::I32_OR, &[condition, else_]));
            }
            (View::I32(0), _) if is_boolean(body, else_) && is_eager(body, else_) => {
                let condition = not(body, condition);
                return Some(body.plain(Op::I32_AND, &[condition, else_]));
            }
            (_, View::I32(1)) if is_boolean(body, then) && is_eager(body, then) => {
                let condition = not(body, condition);
                return Some(body.plain(Op::I32_OR, &[condition, then]));
            }
            _ => (),
        }
    }
    let number = !matches!(result, ValType::Ref(_));
    let cheap = is_cheap(body, then) && is_cheap(body, else_);
    if !number || !cheap || !is_quiet(body, condition) {
        return None;
    }
    let condition = as_condition(body, condition);
    Some(body.select(then, else_, condition))
}

/// Whether a tree is a constant, a local or hardly more, and has no effect.
fn is_cheap(body: &Body, root: NodeId) -> bool {
    let mut nodes = 0;
    body.pre_order(root).all(|node| {
        nodes += 1;
        let op = body.op(node);
        let plain = op.row().fold != Fold::No || matches!(op, Op::LOCAL_GET | Op::SELECT);
        nodes <= CHEAP_NODES
            && plain
            && op.effects().union(Effects::READS_LOCAL) == Effects::READS_LOCAL
    })
}

/// Whether a tree is small and can be executed although nobody asked.
fn is_eager(body: &Body, root: NodeId) -> bool {
    let keep = Effects::READS_LOCAL.union(Effects::READS_STATE).union(Effects::READS_MEMORY);
    let mut nodes = 0;
    body.pre_order(root).all(|node| {
        nodes += 1;
        let op = body.op(node);
        nodes <= EAGER_NODES
            && op.effects().union(keep) == keep
            && !matches!(op, Op::BLOCK | Op::LOOP | Op::IF | Op::STACK)
    })
}

/// Whether a tree assigns no local.
fn is_quiet(body: &Body, root: NodeId) -> bool {
    let mut nodes = 0;
    body.pre_order(root).all(|node| {
        nodes += 1;
        nodes <= SEARCHED_NODES && !body.op(node).effects().intersects(Effects::WRITES_LOCAL)
    })
}

/// Whether an arm is nothing but a branch without values.
fn plain_branch(body: &Body, arm: NodeId) -> bool {
    let branch = match body.children(arm) {
        &[only] if body.op(arm) == Op::SEQ => only,
        _ => arm,
    };
    body.op(branch) == Op::BR && body.children(branch).is_empty()
}

/// What a tree executes last, as far as sequences go.
fn last_of(body: &Body, mut node: NodeId) -> Option<NodeId> {
    while body.op(node) == Op::SEQ {
        node = *body.children(node).last()?;
    }
    Some(node)
}

fn is_empty(body: &Body, node: NodeId) -> bool {
    body.op(node) == Op::NOP || (body.op(node) == Op::SEQ && body.children(node).is_empty())
}

/// Makes a branch the sequence of its values.
fn to_sequence(body: &mut Body, branch: NodeId) {
    let values = body.children(branch).to_vec();
    let sequence = body.seq(&values);
    move_over(body, branch, sequence);
}

fn move_over(body: &mut Body, node: NodeId, from: NodeId) {
    let from = *body.node(from);
    body.replace(node, from);
}

fn results_of(body: &Body, node: NodeId) -> &[ValType] {
    if let View::Block(ty) | View::Loop(ty) | View::If(ty) = body.view(node) {
        ty.results
    } else {
        &[]
    }
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
