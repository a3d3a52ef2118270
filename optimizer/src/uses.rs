//! A body ⇒ how often each local is read and set and each block is branched to.
//!
//! Invariant: what stands in the tree counts, not what was ever built.

use swasm_tree::{Body, NodeId, Op, View};

use crate::cursor::{Cursor, Event, names_labels, number};

/// Counts of one body.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// `local.get`s, by local.
    pub(crate) gets: Vec<u32>,
    /// `local.set`s and `local.tee`s, by local; a `SetMany` counts for each of its locals.
    pub(crate) sets: Vec<u32>,
    /// Branches, by number of the block; a `br_table` counts for each of its labels, a `try_table` for each of its catches.
    pub(crate) branches: Vec<u32>,
    /// Whether there is a loop.
    pub(crate) has_loops: bool,
    /// Whether several values are assigned at once somewhere.
    pub(crate) has_set_many: bool,
}

impl Uses {
    /// Counts a body.
    pub(crate) fn of(body: &Body) -> Uses {
        let mut uses = Uses {
            gets: vec![0; body.local_count()],
            sets: vec![0; body.local_count()],
            branches: vec![0; body.node_count()],
            has_loops: false,
            has_set_many: false,
        };
        let mut cursor = Cursor::default();
        cursor.forward(body.root());
        while let Some(event) = cursor.next(body) {
            if let Event::Enter(node) = event {
                uses.add(body, node);
            }
        }
        uses
    }

    fn add(&mut self, body: &Body, node: NodeId) {
        let op = body.op(node);
        match op {
            Op::LOCAL_GET | Op::LOCAL_SET | Op::LOCAL_TEE | Op::SET_MANY => (),
            _ if names_labels(op) => {
                for label in body.labels(node) {
                    self.branches[number(label)] += 1;
                }
                return;
            }
            _ => {
                self.has_loops |= op == Op::LOOP;
                return;
            }
        }
        let is_get = op == Op::LOCAL_GET;
        if let View::Local(local) = body.view(node) {
            let counts = if is_get { &mut self.gets } else { &mut self.sets };
            counts[local.index()] += 1;
        } else if let View::SetMany(locals) = body.view(node) {
            self.has_set_many = true;
            for local in locals {
                self.sets[local.index()] += 1;
            }
        }
    }
}
