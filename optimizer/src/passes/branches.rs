//! Branch tidying: blocks nobody branches to, branches to where control goes anyhow, ifs that decide nothing.
//!
//! `(block $b a (br $b))` ⇒ `a`
//! `(block $b (if c (<seq> a (br $b))) b)` ⇒ `(if c a b)`
//! `(block $b (loop $l a (br_if $b c) (br $l)))` ⇒ `(loop $l a (br_if $l (i32.eqz c)))`
//! `(block $b (loop $l (br_if $b (i32.eqz c)) a (br $l)))` ⇒ `(loop $l (if c (<seq> a (br $l))))`
//! `(if c (br $b))` ⇒ `(br_if $b c)`; `(if (i32.eqz c) a b)` ⇒ `(if c b a)`; `(if (i32.const 1) a b)` ⇒ `a`
//! `(try_table $t (catch …) a)`, where nothing in `a` throws ⇒ `(block $t a)`
//! `(if (result i32) (i32.lt_s x y) (local.get $x) (local.get $y))` ⇒ `(select x y (i32.lt_s x y))`
//!
//! The *tail* of a block is whatever it executes last on each path: there a branch to the block is what happens anyway,
//! and a block that stands there is the outer one under another name. On the way down such blocks are dissolved and
//! their labels become aliases; on the way up branches are removed. One sweep at the end names the remaining labels.
//!
//! Invariant: `branches` counts the branches to each block, aliases resolved, in what is in the tree.

use swasm_tree::{BlockType, Body, Module, NodeId, Op, ValType, View};

use tails::Goal;
use values::{if_value, is_eager};

use super::{Context, flatten};
use crate::cursor::{Cursor, Event, may_throw, names_labels, number};
use crate::references::reference_type;
use crate::rewrite::move_over;
use crate::simplify::{as_condition, is_boolean, negate};
use crate::uses::Uses;

mod tails;
mod values;

pub(super) fn run(context: &Context<'_>, body: &mut Body) {
    let mut pass = Pass {
        module: context.module,
        branches: Uses::of(body).branches,
        alias: vec![None; body.node_count()],
        renamed: false,
        tails: Vec::new(),
        throwing: 0,
        tries: Vec::new(),
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

struct Pass<'a> {
    module: &'a Module,
    /// By number of the block.
    branches: Vec<u32>,
    /// By number of a block that is no more: what its label means now.
    alias: Vec<Option<NodeId>>,
    /// Whether there are aliases.
    renamed: bool,
    tails: Vec<Place>,
    /// How many operators that may throw were left.
    throwing: usize,
    /// Of each open `try_table`, what `throwing` was at its start.
    tries: Vec<usize>,
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
            if names_labels(body.op(node)) {
                body.retarget(node, |target| self.resolve(target));
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
            Op::TRY_TABLE => {
                self.tries.push(self.throwing);
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

    // ---- on the way up

    fn leave(&mut self, body: &mut Body, cursor: &Cursor, node: NodeId) {
        let place = match cursor.place(body, node) {
            Some((parent, index)) => Place::Child(parent, index),
            None => Place::Root,
        };
        let op = body.op(node);
        self.throwing += usize::from(may_throw(op));
        match op {
            Op::BLOCK => self.leave_block(body, place, node),
            Op::TRY_TABLE => self.leave_try(body, place, node),
            Op::LOOP if body.children(node).len() == 1 && self.count(node) == 0 => {
                place.put(body, body.children(node)[0]);
            }
            Op::IF if body.children(node).len() == 3 => self.leave_if(body, place, node),
            Op::BR_IF => self.leave_br_if(body, node),
            Op::BR_TABLE => self.leave_br_table(body, node),
            Op::BR_ON_NULL | Op::BR_ON_NON_NULL | Op::BR_ON_CAST | Op::BR_ON_CAST_FAIL => {
                self.leave_br_on(body, node);
            }
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

    /// `(try_table $t (catch …) a)`, where nothing in `a` throws ⇒ `(block $t a)`
    fn leave_try(&mut self, body: &mut Body, place: Place, node: NodeId) {
        let throwing = self.tries.pop().is_none_or(|before| before < self.throwing);
        let &[inner] = body.children(node) else { return };
        let View::TryTable(ty, catches) = body.view(node) else { return };
        if throwing && !catches.is_empty() {
            if self.count(node) > 0 {
                self.strip(body, Place::Child(node, 0), Goal::Label(node));
            }
            return;
        }
        let labels: Vec<NodeId> = catches.iter().map(|catch| self.resolve(catch.label)).collect();
        let results = ty.results.to_vec();
        labels.into_iter().for_each(|label| self.change_count(label, -1));
        body.at(body.node(node).loc);
        let block = body.block(BlockType::of(&results));
        body.set_body(block, inner);
        place.put(body, block);
        if self.count(node) > 0 {
            self.rename_label(node, block);
        }
        self.leave_block(body, place, block);
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

    /// `(br_on_null $l a)`, where `a` is never null ⇒ `a`; the same of other branches on references whose types decide.
    fn leave_br_on(&mut self, body: &mut Body, node: NodeId) {
        let mut operands = body.children(node).to_vec();
        let (op, Some(&value)) = (body.op(node), operands.last()) else { return };
        let Some(ty) = reference_type(self.module, body, value) else { return };
        let is_null = body.op(value) == Op::REF_NULL;
        let (target, taken, known) = if let View::Label(label) = body.view(node) {
            (label, is_null == (op == Op::BR_ON_NULL), is_null || !ty.is_nullable())
        } else if let View::BrOnCast { label, from: _, to } = body.view(node) {
            (label, op == Op::BR_ON_CAST, self.module.types.ref_matches(ty, to))
        } else {
            return;
        };
        if !known {
            return;
        }
        if is_null && matches!(op, Op::BR_ON_NULL | Op::BR_ON_NON_NULL) {
            operands.pop();
        }
        let target = self.resolve(target);
        body.at(body.node(node).loc);
        let new = if taken {
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
