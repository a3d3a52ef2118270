//! A value assigned to a local and read later ⇒ the value where it is read, or `local.tee` there.
//!
//! `(local.set $x a) b (f (local.get $x))`, one read of `$x` ⇒ `b (f a)`
//! `(local.set $x a) (f (local.get $x)) … (local.get $x)` ⇒ `(f (local.tee $x a)) … (local.get $x)`
//!
//! One walk in order of evaluation with a short list of assignments that may still move to where the walk is. Whatever
//! is executed throws out of the list what it does not commute with. In a `try_table` a call may branch to a handler; and
//! no call moves into or out of one.
//!
//! Invariant: an assignment in the list reaches the walk's position on every path, is the only one of its local that
//! does, and commutes with all that was executed since.

use swasm_tree::{Body, Effects, LocalId, NodeId, Op, View};

use super::Context;
use crate::cursor::{Cursor, Event, number};
use crate::effects::Summary;
use crate::uses::Uses;

/// More assignments than this are not remembered at a time: the oldest is forgotten.
const REMEMBERED: usize = 24;

pub(super) fn run(_: &Context<'_>, body: &mut Body) {
    let mut pass = Pass {
        uses: Uses::of(body),
        list: Vec::with_capacity(REMEMBERED + 1),
        made: 0,
        summaries: Vec::new(),
        open: 0,
        marks: Vec::new(),
        tries: 0,
        depth: 0,
    };
    let mut cursor = Cursor::default();
    cursor.forward(body.root());
    while let Some(event) = cursor.next(body) {
        match event {
            Event::Enter(_) => pass.open += 1,
            Event::Child(node, index) => pass.between(body, node, index),
            Event::Leave(node) => pass.leave(body, &cursor, node),
        }
    }
}

/// An assignment that may move.
struct Sinkable {
    local: LocalId,
    /// The `local.set`, a child of a `Seq`.
    set: NodeId,
    sequence: NodeId,
    index: usize,
    /// What the assigned value does.
    value: Summary,
    /// Its number in order of appearance.
    made: u32,
    /// How many blocks, loops and arms are around it.
    depth: u32,
}

struct Pass {
    uses: Uses,
    list: Vec<Sinkable>,
    made: u32,
    /// Of each open node whose children did something: what they did, and how deep the node is.
    summaries: Vec<(u32, Summary)>,
    /// How many nodes are open.
    open: u32,
    /// Of each open block and arm: the number of the first assignment inside.
    marks: Vec<u32>,
    /// How many `try_table`s are open.
    tries: u32,
    /// How many blocks, loops and arms are open.
    depth: u32,
}

impl Pass {
    /// Before the child with number `index` of a block, loop or if.
    fn between(&mut self, body: &Body, node: NodeId, index: usize) {
        let from_end = body.children(node).len() - index;
        match (body.op(node), from_end) {
            (Op::BLOCK, 1) => {
                self.depth += 1;
                self.marks.push(self.made);
            }
            (Op::TRY_TABLE, 1) => {
                self.depth += 1;
                self.tries += 1;
                // What is thrown outside must not be caught inside.
                self.list.retain(|entry| !entry.value.effects.intersects(Effects::CALLS));
                self.marks.push(self.made);
            }
            (Op::LOOP, 1) => {
                self.depth += 1;
                self.list.clear();
            }
            (Op::IF, 2) => {
                self.depth += 1;
                let arm = Effects::READS_LOCAL
                    .union(Effects::READS_MEMORY)
                    .union(Effects::READS_STATE)
                    .union(Effects::ALLOCATES);
                let gets = &self.uses.gets;
                // Only what may be left out on one of the paths: read there, or nowhere else.
                self.list.retain(|entry| {
                    gets[entry.local.index()] == 1 && entry.value.effects.union(arm) == arm
                });
                self.marks.push(self.made);
            }
            (Op::IF, 1) => self.forget_inner(),
            _ => (),
        }
    }

    /// Forgets the assignments since the last mark, and takes the mark.
    fn close(&mut self) {
        self.forget_inner();
        self.marks.pop();
    }

    fn forget_inner(&mut self) {
        if let Some(&mark) = self.marks.last() {
            self.list.retain(|entry| entry.made < mark);
        }
    }

    fn leave(&mut self, body: &mut Body, cursor: &Cursor, node: NodeId) {
        let own = self.summaries.pop_if(|(depth, _)| *depth == self.open);
        let mut summary = own.map(|(_, summary)| summary).unwrap_or_default();
        self.open -= 1;
        let op = body.op(node);
        match op {
            Op::LOCAL_GET => summary = self.get(body, cursor, node),
            Op::LOCAL_SET => self.set(body, cursor, node, &mut summary),
            Op::SEQ => (),
            Op::BLOCK if self.uses.branches[number(node)] == 0 => {
                self.depth -= 1;
                let mark = self.marks.pop().unwrap_or(self.made);
                // What it reads must count outside, too.
                let optional = |&local: &LocalId| {
                    local.index() < body.param_count() || body.local_type(local).is_defaultable()
                };
                self.list.retain(|entry| {
                    entry.made < mark
                        || (!entry.value.overflow && entry.value.reads.iter().all(optional))
                });
            }
            Op::BLOCK | Op::IF => {
                self.depth -= 1;
                self.close();
            }
            Op::TRY_TABLE => {
                self.depth -= 1;
                self.tries -= 1;
                self.close();
            }
            Op::LOOP => {
                self.depth -= 1;
                self.list.clear();
            }
            _ => {
                let own = Summary::of_node(body, node);
                self.executed(&own);
                summary.add(&own);
            }
        }
        match self.summaries.last_mut() {
            Some((depth, around)) if *depth == self.open => around.add(&summary),
            _ if summary.is_nothing() => (),
            _ => self.summaries.push((self.open, summary)),
        }
    }

    /// Forgets what does not commute with something that is executed now.
    fn executed(&mut self, summary: &Summary) {
        if summary.effects.is_none() {
            return;
        }
        // In a `try_table` a call is a branch, too: assignments keep their order with it.
        let tries = self.tries > 0;
        let in_order = |a: &Summary, b: &Summary| {
            tries
                && a.effects.intersects(Effects::CALLS)
                && b.effects.intersects(Effects::WRITES_LOCAL)
        };
        let control = if tries { Effects::CONTROL.union(Effects::CALLS) } else { Effects::CONTROL };
        let branches = summary.effects.intersects(control);
        let gets = &self.uses.gets;
        self.list.retain(|entry| {
            !summary.writes.contains(&entry.local)
                && !summary.reads.contains(&entry.local)
                && entry.value.commutes_with(summary)
                && !in_order(&entry.value, summary)
                && !in_order(summary, &entry.value)
                // What is read elsewhere, too, may be read where the branch goes.
                && (!branches || gets[entry.local.index()] == 1)
        });
    }

    fn set(&mut self, body: &Body, cursor: &Cursor, node: NodeId, summary: &mut Summary) {
        let own = Summary::of_node(body, node);
        self.executed(&own);
        let place = cursor.place(body, node).filter(|&(parent, _)| body.op(parent) == Op::SEQ);
        let movable = !summary.effects.intersects(Effects::CONTROL)
            && !summary.overflow
            && own.writes.iter().all(|local| !summary.writes.contains(local))
            && summary.writes.iter().all(|&local| body.local_type(local).is_defaultable());
        if let (Some((sequence, index)), true, View::Local(local)) =
            (place, movable, body.view(node))
        {
            if self.list.len() == REMEMBERED {
                self.list.remove(0);
            }
            self.list.push(Sinkable {
                local,
                set: node,
                sequence,
                index,
                value: summary.clone(),
                made: self.made,
                depth: self.depth,
            });
            self.made += 1;
        }
        summary.add(&own);
    }

    /// Moves an assignment here, if one is remembered. What is executed at the node's place then.
    fn get(&mut self, body: &mut Body, cursor: &Cursor, node: NodeId) -> Summary {
        let mut own = Summary::of_node(body, node);
        let View::Local(local) = body.view(node) else { return own };
        // An assignment in a block counts only there: one that is needed outside, too, stays where it is.
        let stays = |entry: &Sinkable| {
            entry.depth != self.depth
                && self.uses.gets[local.index()] > 1
                && !body.local_type(local).is_defaultable()
        };
        let found = self
            .list
            .iter()
            .position(|entry| entry.local == local)
            .filter(|&at| !stays(&self.list[at]));
        let (Some(found), Some((parent, index))) = (found, cursor.place(body, node)) else {
            self.executed(&own);
            return own;
        };
        let entry = self.list.remove(found);
        let &[value] = body.children(entry.set) else { return own };
        let gets = &mut self.uses.gets[local.index()];
        *gets -= 1;
        let moved = if *gets == 0 {
            own = entry.value;
            value
        } else {
            body.set_op(entry.set, Op::LOCAL_TEE);
            own = Summary::of_node(body, entry.set);
            own.add(&entry.value);
            entry.set
        };
        body.set_child(parent, index, moved);
        // The read is nowhere now; as an empty sequence it stands where the assignment stood.
        body.clear(node);
        body.set_child(entry.sequence, entry.index, node);
        self.executed(&own);
        own
    }
}
