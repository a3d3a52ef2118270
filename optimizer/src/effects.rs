//! What executing a whole tree may do, and which two trees may change places.
//!
//! Invariant: a summary names all that a tree does, or says that it is too much to name.

use smallvec::SmallVec;
use swasm_tree::{Body, Effects, LocalId, NodeId, Op, View};

/// More locals than this in one tree are not listed.
const LISTED_LOCALS: usize = 8;

/// Effects of a tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// Effects of its operators.
    pub(crate) effects: Effects,
    /// Locals that are read.
    pub(crate) reads: SmallVec<[LocalId; 4]>,
    /// Locals that are set.
    pub(crate) writes: SmallVec<[LocalId; 2]>,
    /// Whether the lists are incomplete.
    pub(crate) overflow: bool,
}

impl Summary {
    /// Of one node without its children.
    #[inline]
    pub(crate) fn of_node(body: &Body, node: NodeId) -> Summary {
        let op = body.op(node);
        let mut summary = Summary { effects: op.effects(), ..Summary::default() };
        let view = body.view(node);
        if let View::Local(local) = view {
            if op == Op::LOCAL_GET {
                summary.reads.push(local);
            } else {
                summary.writes.push(local);
            }
        } else if let View::SetMany(locals) = view {
            summary.overflow = locals.len() > LISTED_LOCALS;
            summary.writes.extend(locals.iter().copied().take(LISTED_LOCALS));
        } else if view == View::Stack {
            // Where the value comes from is not to be seen here.
            summary.effects = Effects::CONTROL;
        }
        summary
    }

    /// Whether nothing is known to be done.
    pub(crate) fn is_nothing(&self) -> bool {
        self.effects.is_none() && !self.overflow && self.reads.is_empty() && self.writes.is_empty()
    }

    /// Adds what another tree does.
    #[inline]
    pub(crate) fn add(&mut self, other: &Summary) {
        self.effects = self.effects.union(other.effects);
        self.overflow |= other.overflow;
        for &local in &other.reads {
            if !self.reads.contains(&local) {
                self.reads.push(local);
            }
        }
        for &local in &other.writes {
            if !self.writes.contains(&local) {
                self.writes.push(local);
            }
        }
        self.overflow |= self.reads.len() > LISTED_LOCALS || self.writes.len() > LISTED_LOCALS;
        self.reads.truncate(LISTED_LOCALS);
        self.writes.truncate(LISTED_LOCALS);
    }

    /// Whether doing this first or `other` first is the same.
    pub(crate) fn commutes_with(&self, other: &Summary) -> bool {
        let locals = Effects::READS_LOCAL.union(Effects::WRITES_LOCAL);
        if (self.overflow && other.effects.intersects(locals))
            || (other.overflow && self.effects.intersects(locals))
        {
            return false;
        }
        let clash = |writes: &[LocalId], accesses: &[LocalId]| {
            writes.iter().any(|local| accesses.contains(local))
        };
        effects_commute(self.effects, other.effects)
            && !clash(&self.writes, &other.reads)
            && !clash(&self.writes, &other.writes)
            && !clash(&self.reads, &other.writes)
    }
}

/// Whether two trees that share no local may change places.
///
/// Traps keep their order among each other, as each has a position that the user sees, and with everything that the
/// world sees. A branch may skip what follows it: nothing that is seen later moves across.
pub(crate) fn effects_commute(a: Effects, b: Effects) -> bool {
    let seen = Effects::TRAP
        .union(Effects::WRITES_MEMORY)
        .union(Effects::WRITES_STATE)
        .union(Effects::CALLS)
        .union(Effects::CONTROL);
    let depends = Effects::READS_MEMORY.union(Effects::READS_STATE).union(seen);
    let one_way = |a: Effects, b: Effects| {
        let any = |flags: Effects, others: Effects| a.intersects(flags) && b.intersects(others);
        any(Effects::CALLS, depends)
            || any(Effects::CONTROL, seen.union(Effects::WRITES_LOCAL))
            || any(Effects::TRAP, seen)
            || any(Effects::WRITES_MEMORY, Effects::READS_MEMORY.union(Effects::WRITES_MEMORY))
            || any(Effects::WRITES_STATE, Effects::READS_STATE.union(Effects::WRITES_STATE))
    };
    !one_way(a, b) && !one_way(b, a)
}
