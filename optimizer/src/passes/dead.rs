//! Values and assignments that nobody reads ⇒ nothing.
//!
//! `(local.set $x a) … (local.set $x b)`, no read between ⇒ `(drop a) … (local.set $x b)`
//! `(drop (i32.add (call $f) (local.get $y)))` ⇒ `(drop (call $f))`
//!
//! One walk against the order of evaluation per round of liveness: a loop's start is where branches to it continue, so
//! a body with loops is walked until what is live there does not grow, once more than loops nest at most. Only locals
//! with several assignments take part in liveness; an assignment of the others is dead exactly when nothing reads them.
//! So is one of a local without a default value, as a read may need it for being valid. What a handler reads is live
//! before each call and `throw` in the `try_table`.
//!
//! Invariant: when nodes are removed the live sets are final; removing reads afterwards makes them only too large.

use swasm_tree::{BlockType, Body, LocalId, NodeId, Op, View};

use super::Context;
use crate::cursor::{Cursor, Event, may_throw, names_labels, number};
use crate::rewrite::move_over;
use crate::uses::Uses;
use swasm_tree::result_count;

pub(super) fn run(context: &Context<'_>, body: &mut Body) {
    let uses = Uses::of(body);
    let mut tracked = Vec::with_capacity(body.local_count());
    let mut count = 0u32;
    for (index, &sets) in uses.sets.iter().enumerate() {
        let initial = u32::from(index < body.param_count());
        let several = uses.gets[index] > 0 && sets > 0 && sets + initial > 1 && count < MAX_TRACKED;
        let several = several && body.locals()[index].is_defaultable();
        tracked.push(several.then_some(count));
        count += u32::from(several);
    }
    let mut pass = Pass {
        context,
        uses,
        tracked,
        words: (count as usize).div_ceil(64),
        live: Vec::new(),
        labels: Vec::new(),
        label_of: vec![NO_LABEL; body.node_count()],
        elses: Vec::new(),
        caught: Vec::new(),
        grew: false,
        rewriting: false,
    };
    let mut cursor = Cursor::default();
    if pass.words > 0 {
        loop {
            pass.walk(body, &mut cursor);
            if !pass.grew {
                break;
            }
        }
    }
    pass.rewriting = true;
    pass.walk(body, &mut cursor);
}

const NO_LABEL: u32 = u32::MAX;

/// At most this many locals take part in liveness, so that a walk's time grows with the body alone. Others keep their
/// assignments as long as something reads them.
const MAX_TRACKED: u32 = 1024;

/// A set of tracked locals.
type Set = Vec<u64>;

struct Pass<'a> {
    context: &'a Context<'a>,
    uses: Uses,
    /// For each local that takes part in liveness, its bit.
    tracked: Vec<Option<u32>>,
    words: usize,
    /// Locals whose value may be read later.
    live: Set,
    /// What is live where a branch continues.
    labels: Vec<Set>,
    /// By number of the block: its row in `labels`.
    label_of: Vec<u32>,
    /// Of open `if`s: what is live at the start of the else arm, once it was walked.
    elses: Vec<Set>,
    /// Of each open `try_table`: what may be live where an exception continues.
    caught: Vec<Set>,
    /// Whether more was live at the start of a loop than the walk assumed.
    grew: bool,
    rewriting: bool,
}

impl Pass<'_> {
    fn walk(&mut self, body: &mut Body, cursor: &mut Cursor) {
        self.grew = false;
        self.live = vec![0; self.words];
        cursor.backward(body.root());
        while let Some(event) = cursor.next(body) {
            match event {
                Event::Enter(node) => self.enter(body, node),
                Event::Child(node, index) => self.between(body, node, index),
                Event::Leave(node) => match body.op(node) {
                    Op::LOOP if body.children(node).len() == 1 => self.at_loop_start(node),
                    Op::TRY_TABLE if body.children(node).len() == 1 => drop(self.caught.pop()),
                    _ => (),
                },
            }
        }
    }

    /// The node's own effect; its children come later, as they were executed before.
    fn enter(&mut self, body: &mut Body, node: NodeId) {
        if self.rewriting {
            self.rewrite(body, node);
        }
        let op = body.op(node);
        match op {
            Op::LOCAL_GET | Op::LOCAL_SET | Op::LOCAL_TEE => {
                if let View::Local(local) = body.view(node) {
                    self.set_live(local, op == Op::LOCAL_GET);
                }
            }
            Op::SET_MANY => {
                if let View::SetMany(locals) = body.view(node) {
                    for &local in locals {
                        self.set_live(local, false);
                    }
                }
            }
            Op::BLOCK | Op::IF => self.open(node),
            Op::LOOP if self.label_of[number(node)] == NO_LABEL => {
                let live = std::mem::replace(&mut self.live, vec![0; self.words]);
                self.open(node);
                self.live = live;
            }
            Op::TRY_TABLE => {
                self.open(node);
                self.enter_try(body, node);
            }
            _ => {
                if op.diverges() {
                    self.live.fill(0);
                }
                if names_labels(op) {
                    self.add_targets(body, node);
                }
                if may_throw(op)
                    && let Some(caught) = self.caught.last()
                {
                    union(&mut self.live, caught);
                }
            }
        }
    }

    /// What is live where the catches of a `try_table`, and of those around it, continue.
    fn enter_try(&mut self, body: &Body, node: NodeId) {
        let mut caught = match self.caught.last() {
            Some(outer) => outer.clone(),
            None => vec![0; self.words],
        };
        for target in body.labels(node) {
            union(&mut caught, &self.labels[self.label(target)]);
        }
        self.caught.push(caught);
    }

    fn set_live(&mut self, local: LocalId, live: bool) {
        if let Some(bit) = self.tracked[local.index()] {
            let word = &mut self.live[bit as usize / 64];
            let mask = 1 << (bit % 64);
            *word = if live { *word | mask } else { *word & !mask };
        }
    }

    fn is_live(&self, local: LocalId) -> bool {
        match self.tracked[local.index()] {
            Some(bit) => self.live[bit as usize / 64] & (1 << (bit % 64)) != 0,
            None => self.uses.gets[local.index()] > 0,
        }
    }

    /// Makes what is live now what is live where branches to `block` continue.
    fn open(&mut self, block: NodeId) {
        let row = &mut self.label_of[number(block)];
        if *row == NO_LABEL {
            *row = self.labels.len() as u32;
            self.labels.push(self.live.clone());
        } else {
            self.labels[*row as usize].clone_from(&self.live);
        }
    }

    fn label(&self, block: NodeId) -> usize {
        self.label_of[number(block)] as usize
    }

    fn add_targets(&mut self, body: &Body, node: NodeId) {
        for target in body.labels(node) {
            let label = self.label_of[number(target)] as usize;
            union(&mut self.live, &self.labels[label]);
        }
    }

    /// Between two children of a block, loop or if: the one with number `index` comes next.
    fn between(&mut self, body: &Body, node: NodeId, index: usize) {
        let from_end = body.children(node).len() - index;
        match (body.op(node), from_end) {
            (Op::LOOP, 2) => self.at_loop_start(node),
            (Op::TRY_TABLE, 2) => drop(self.caught.pop()),
            (Op::IF, 2) => {
                let label = self.label(node);
                let else_ = std::mem::replace(&mut self.live, self.labels[label].clone());
                self.elses.push(else_);
            }
            (Op::IF, 3) => {
                if let Some(else_) = self.elses.pop() {
                    union(&mut self.live, &else_);
                }
            }
            _ => (),
        }
    }

    fn at_loop_start(&mut self, node: NodeId) {
        let label = self.label(node);
        self.grew |= union(&mut self.labels[label], &self.live);
    }

    // ---- removing

    /// Replaces a node, without moving it, until it is needed.
    fn rewrite(&mut self, body: &mut Body, node: NodeId) {
        loop {
            let done = match body.op(node) {
                Op::LOCAL_SET | Op::LOCAL_TEE => self.rewrite_assignment(body, node),
                Op::DROP => self.rewrite_drop(body, node),
                _ => true,
            };
            if done {
                return;
            }
        }
    }

    /// Whether the node stays as it is now.
    fn rewrite_assignment(&mut self, body: &mut Body, node: NodeId) -> bool {
        let View::Local(local) = body.view(node) else { return true };
        if self.is_live(local) {
            return true;
        }
        let &[value] = body.children(node) else { return true };
        if body.op(node) == Op::LOCAL_SET {
            body.at(body.node(node).loc);
            let drop = body.drop(value);
            move_over(body, node, drop);
            return false;
        }
        // A block keeps its id, as branches name it; so it cannot move into the place of the tee.
        let op = body.op(value);
        if op.shape().is_label() {
            let wrapped = body.seq(&[value]);
            move_over(body, node, wrapped);
        } else {
            move_over(body, node, value);
        }
        false
    }

    /// Whether the node stays as it is now.
    fn rewrite_drop(&mut self, body: &mut Body, node: NodeId) -> bool {
        let &[value] = body.children(node) else { return true };
        let op = body.op(value);
        match op {
            Op::LOCAL_GET => {
                if let View::Local(local) = body.view(value) {
                    self.uses.gets[local.index()] -= 1;
                }
                replace_by_drops(body, node, &[]);
            }
            Op::LOCAL_TEE => {
                move_over(body, node, value);
                body.set_op(node, Op::LOCAL_SET);
                return false;
            }
            Op::SEQ => return self.drop_sequence(body, node, value),
            Op::IF => return self.drop_if(body, node, value),
            _ => {
                let operands = body.children(value).to_vec();
                let one_each = operands
                    .iter()
                    .all(|&operand| result_count(self.context.module, body, operand) == Some(1));
                let removable = op.effects().is_removable()
                    && !op.shape().is_label()
                    && !matches!(op, Op::STACK | Op::HOLE)
                    && one_each;
                if !removable {
                    return true;
                }
                replace_by_drops(body, node, &operands);
            }
        }
        true
    }

    /// `(drop (<seq> a v b))` ⇒ `(<seq> a (drop v) b)`, where `v` alone leaves a value.
    fn drop_sequence(&mut self, body: &mut Body, node: NodeId, sequence: NodeId) -> bool {
        let mut children = body.children(sequence).to_vec();
        let mut value = None;
        for (index, &child) in children.iter().enumerate() {
            match result_count(self.context.module, body, child) {
                Some(0) => (),
                Some(1) if value.is_none() => value = Some(index),
                Some(_) | None => return true,
            }
        }
        if let Some(index) = value {
            body.at(body.node(node).loc);
            children[index] = body.drop(children[index]);
        } else if !children.last().is_some_and(|&last| body.diverges(last)) {
            return true;
        }
        body.set_children(sequence, &children);
        move_over(body, node, sequence);
        true
    }

    /// `(drop (if (result t) c a b))` ⇒ `(if c (drop a) (drop b))`
    fn drop_if(&mut self, body: &mut Body, node: NodeId, if_: NodeId) -> bool {
        let View::If(ty) = body.view(if_) else { return true };
        let plain = ty.params.is_empty() && ty.results.len() == 1;
        let &[condition, then, else_] = body.children(if_) else { return true };
        // Nobody branches to an `if` that was made here.
        let branches = self.uses.branches.get(number(if_));
        if !plain || branches.is_some_and(|&count| count > 0) {
            return true;
        }
        let loc = body.node(if_).loc;
        body.at(loc);
        let (then, else_) = (body.drop(then), body.drop(else_));
        let plain = body.if_(BlockType::EMPTY, condition, then, Some(else_));
        // The walk stands on the node and takes it for one without arms.
        let wrapped = body.seq(&[plain]);
        move_over(body, node, wrapped);
        self.label_of.resize(body.node_count(), NO_LABEL);
        true
    }
}

fn replace_by_drops(body: &mut Body, node: NodeId, operands: &[NodeId]) {
    if operands.is_empty() {
        return body.clear(node);
    }
    let drops: Vec<NodeId> = operands
        .iter()
        .map(|&operand| {
            body.at(body.node(operand).loc);
            body.drop(operand)
        })
        .collect();
    let sequence = body.seq(&drops);
    move_over(body, node, sequence);
}

/// Adds `from` to `into`; whether that changed it.
fn union(into: &mut Set, from: &Set) -> bool {
    let mut grew = false;
    for (into, from) in into.iter_mut().zip(from) {
        grew |= *from & !*into != 0;
        *into |= from;
    }
    grew
}
