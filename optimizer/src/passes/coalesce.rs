//! Locals that are never live together ⇒ one local; those used most ⇒ the smallest indices.
//!
//! `(local.set $a x) (f (local.get $a)) (local.set $b y) (f (local.get $b))` ⇒ the same with `$a` for `$b`
//!
//! One walk numbers the positions of the tree in order of evaluation and finds for each local an interval that holds
//! every position where it is live: from its first to its last access; from the start, when a read may see the
//! value the local has at entry; and all of a loop, when a read may see what an earlier iteration left. Which reads
//! those are follows from where the local was last assigned on every path to the read. Intervals are then coloured in
//! order of their starts. Time grows with accesses, not with their product with locals.
//!
//! Invariant: two locals share an index only if their intervals are disjoint, and the one that relies on being zero at
//! entry is first at its index.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use swasm_tree::{Body, LocalId, NodeId, Op, ValType, View, WithImmediate};

use super::Context;
use crate::cursor::{Cursor, Event, number};
use crate::rewrite::move_over;
use crate::uses::Uses;

/// Indices below this are encoded in one byte.
const SHORT_INDICES: usize = 128;

pub(super) fn run(_: &Context<'_>, body: &mut Body) {
    let uses = Uses::of(body);
    let intervals = Liveness::intervals(body, &uses);
    let colours = colour(body, &intervals);
    let renumbered = order(body, &uses, colours);
    apply(body, &renumbered);
}

/// The locals whose value at entry may be read, parameters among them.
pub(super) fn read_at_entry(body: &Body) -> Vec<bool> {
    let intervals = Liveness::intervals(body, &Uses::of(body));
    intervals.into_iter().map(|interval| interval.is_some_and(|i| i.start == ENTRY)).collect()
}

/// Positions of a local's life, both inclusive.
#[derive(Clone, Copy, Debug)]
struct Interval {
    start: u32,
    end: u32,
    /// A local that is copied to this one.
    copy_of: Option<LocalId>,
}

/// No assignment is known.
const NEVER: u32 = 0;
/// Where parameters are assigned, and reads begin that may see the value at entry.
const ENTRY: u32 = 0;

/// Finds intervals.
struct Liveness<'a> {
    uses: &'a Uses,
    intervals: Vec<Option<Interval>>,
    position: u32,
    /// By local: where it was last assigned on every path to here.
    assigned: Vec<u32>,
    /// Changes of `assigned` inside open blocks and arms, with what was there before.
    log: Vec<(LocalId, u32)>,
    scopes: Vec<Scope>,
    loops: Vec<Loop>,
    /// Whether the walk's position cannot be reached.
    diverged: bool,
}

#[derive(Debug)]
struct Scope {
    /// Length of the log at its start.
    mark: usize,
    start: u32,
    /// Of an `if` whose else arm is open: what the then arm assigned, and whether it diverged.
    then: Vec<(LocalId, u32)>,
    then_diverged: bool,
}

#[derive(Debug)]
struct Loop {
    start: u32,
    /// Locals that live in all of it.
    through: Vec<LocalId>,
}

impl Liveness<'_> {
    fn intervals(body: &Body, uses: &Uses) -> Vec<Option<Interval>> {
        let count = body.local_count();
        let mut liveness = Liveness {
            uses,
            intervals: vec![None; count],
            position: ENTRY + 1,
            assigned: vec![NEVER; count],
            log: Vec::new(),
            scopes: Vec::new(),
            loops: Vec::new(),
            diverged: false,
        };
        for interval in &mut liveness.intervals[..body.param_count()] {
            *interval = Some(Interval { start: ENTRY, end: ENTRY, copy_of: None });
        }
        let mut cursor = Cursor::default();
        cursor.forward(body.root());
        while let Some(event) = cursor.next(body) {
            match event {
                Event::Enter(_) => (),
                Event::Child(node, index) => liveness.between(body, node, index),
                Event::Leave(node) => liveness.leave(body, node),
            }
        }
        liveness.intervals
    }

    fn between(&mut self, body: &Body, node: NodeId, index: usize) {
        let from_end = body.children(node).len() - index;
        match (body.op(node), from_end) {
            (Op::BLOCK | Op::TRY_TABLE, 1) | (Op::IF, 2) => {
                self.position += 1;
                self.scopes.push(Scope {
                    mark: self.log.len(),
                    start: self.position,
                    then: Vec::new(),
                    then_diverged: false,
                });
            }
            (Op::IF, 1) => {
                if let Some(mut scope) = self.scopes.pop() {
                    self.undo(scope.mark, &mut scope.then);
                    scope.then_diverged = std::mem::take(&mut self.diverged);
                    self.scopes.push(scope);
                }
            }
            (Op::LOOP, 1) => {
                self.position += 1;
                self.loops.push(Loop { start: self.position, through: Vec::new() });
            }
            _ => (),
        }
    }

    fn leave(&mut self, body: &Body, node: NodeId) {
        self.position += 1;
        let op = body.op(node);
        let targeted = || self.uses.branches[number(node)] > 0;
        match op {
            Op::LOCAL_GET => {
                if let View::Local(local) = body.view(node) {
                    self.read(local);
                }
            }
            Op::LOCAL_SET | Op::LOCAL_TEE => {
                if let View::Local(local) = body.view(node) {
                    let first = self.intervals[local.index()].is_none();
                    self.write(local);
                    let value = body.children(node)[0];
                    if let (true, View::Local(source), Some(interval)) =
                        (first, body.view(value), &mut self.intervals[local.index()])
                    {
                        interval.copy_of = Some(source);
                    }
                }
            }
            Op::SET_MANY => {
                if let View::SetMany(locals) = body.view(node) {
                    for &local in locals {
                        self.write(local);
                    }
                }
            }
            Op::BLOCK | Op::TRY_TABLE => {
                let targeted = targeted();
                if let (Some(scope), true) = (self.scopes.pop(), targeted) {
                    self.undo(scope.mark, &mut Vec::new());
                    self.diverged = false;
                }
            }
            Op::IF => {
                let targeted = targeted();
                self.leave_if(targeted);
            }
            Op::LOOP => {
                if let Some(done) = self.loops.pop() {
                    for local in done.through {
                        self.extend(local, done.start);
                        self.extend(local, self.position);
                    }
                }
            }
            _ => self.diverged |= op.diverges(),
        }
    }

    fn leave_if(&mut self, targeted: bool) {
        let Some(scope) = self.scopes.pop() else { return };
        let else_diverged = self.diverged;
        if targeted {
            self.undo(scope.mark, &mut Vec::new());
            self.diverged = false;
        } else if scope.then_diverged {
            // What the else arm assigned is assigned.
        } else if else_diverged {
            self.undo(scope.mark, &mut Vec::new());
            for (local, at) in scope.then.into_iter().rev() {
                self.assign(local, at);
            }
            self.diverged = false;
        } else {
            let mut else_ = Vec::new();
            self.undo(scope.mark, &mut else_);
            let mut both: Vec<LocalId> = else_.into_iter().map(|(local, _)| local).collect();
            both.sort_unstable();
            for (local, _) in scope.then {
                if both.binary_search(&local).is_ok() {
                    self.assign(local, scope.start);
                }
            }
        }
    }

    /// Takes back the changes since `mark`; they are added to `undone` with the positions they gave.
    fn undo(&mut self, mark: usize, undone: &mut Vec<(LocalId, u32)>) {
        for (local, before) in self.log.drain(mark..).rev() {
            undone.push((local, self.assigned[local.index()]));
            self.assigned[local.index()] = before;
        }
    }

    fn assign(&mut self, local: LocalId, at: u32) {
        let assigned = &mut self.assigned[local.index()];
        if !self.scopes.is_empty() {
            self.log.push((local, *assigned));
        }
        *assigned = at;
    }

    fn extend(&mut self, local: LocalId, to: u32) {
        let interval = &mut self.intervals[local.index()];
        let interval = interval.get_or_insert(Interval { start: to, end: to, copy_of: None });
        interval.start = interval.start.min(to);
        interval.end = interval.end.max(to);
    }

    fn write(&mut self, local: LocalId) {
        self.extend(local, self.position);
        self.assign(local, self.position);
    }

    fn read(&mut self, local: LocalId) {
        self.extend(local, self.position);
        let assigned = self.assigned[local.index()];
        if assigned == NEVER {
            self.extend(local, ENTRY);
        }
        // The outermost loop that was entered after the assignment.
        let entered = self.loops.partition_point(|open| open.start <= assigned);
        if let Some(open) = self.loops.get_mut(entered) {
            open.through.push(local);
        }
    }
}

/// The new index of each local, parameters and what is used nowhere apart.
fn colour(body: &Body, intervals: &[Option<Interval>]) -> Vec<Option<LocalId>> {
    let params = body.param_count();
    let mut order: Vec<(u32, u32)> = (0..)
        .zip(intervals)
        .filter_map(|(local, interval)| interval.map(|interval| (interval.start, local)))
        .collect();
    // Parameters come first among those that start at entry.
    order.sort_unstable();

    let mut types: Vec<ValType> = Vec::new();
    let mut colours: Vec<Option<LocalId>> = vec![None; intervals.len()];
    let mut colour_types: Vec<ValType> = body.params().to_vec();
    let mut free: Vec<BTreeSet<u32>> = Vec::new();
    let mut active: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    for (start, local) in order {
        let Some(interval) = intervals[local as usize] else { continue };
        while let Some(&Reverse((end, colour))) = active.peek()
            && end < start
        {
            active.pop();
            let ty = type_number(&mut types, &mut free, colour_types[colour as usize]);
            free[ty].insert(colour);
        }
        let index = local as usize;
        let chosen = if index < params {
            local
        } else {
            let ty = type_number(&mut types, &mut free, body.local_type(LocalId(local)));
            let copied = interval.copy_of.and_then(|source| colours[source.index()]);
            let chosen = copied
                .map(|colour| colour.0)
                .filter(|colour| free[ty].contains(colour))
                .or_else(|| free[ty].first().copied());
            if let Some(chosen) = chosen {
                free[ty].remove(&chosen);
                chosen
            } else {
                colour_types.push(body.local_type(LocalId(local)));
                colour_types.len() as u32 - 1
            }
        };
        colours[index] = Some(LocalId(chosen));
        active.push(Reverse((interval.end, chosen)));
    }
    colours
}

/// The row of a type in `free`.
fn type_number(types: &mut Vec<ValType>, free: &mut Vec<BTreeSet<u32>>, ty: ValType) -> usize {
    types.iter().position(|&known| known == ty).unwrap_or_else(|| {
        types.push(ty);
        free.push(BTreeSet::new());
        types.len() - 1
    })
}

/// The new locals.
struct Renumbered {
    /// By old local; `None` if it is used nowhere.
    new: Vec<Option<LocalId>>,
    /// Types of the new ones that are not parameters.
    types: Vec<ValType>,
}

/// Puts colours of one type next to each other, as runs of a type are declared together; if there are more than have
/// short indices, the most used come first.
fn order(body: &Body, uses: &Uses, colours: Vec<Option<LocalId>>) -> Renumbered {
    let params = body.param_count();
    let count = colours.iter().flatten().map(|colour| colour.index() + 1).max().unwrap_or(0);
    let mut weights = vec![0u32; count];
    let mut types: Vec<Option<ValType>> = vec![None; count];
    for (local, colour) in colours.iter().enumerate() {
        if let Some(colour) = colour {
            weights[colour.index()] += uses.gets[local] + uses.sets[local];
            types[colour.index()] = Some(body.local_type(LocalId(local as u32)));
        }
    }
    let mut seen: Vec<ValType> = Vec::new();
    let mut rows: Vec<(bool, usize, usize, ValType)> = Vec::new();
    let mut by_weight: Vec<usize> = (params..count).collect();
    by_weight.sort_by_key(|&colour| Reverse(weights[colour]));
    let short = SHORT_INDICES.saturating_sub(params);
    for (rank, colour) in by_weight.into_iter().enumerate() {
        let Some(ty) = types[colour] else { continue };
        let ty_rank = seen.iter().position(|&known| known == ty).unwrap_or_else(|| {
            seen.push(ty);
            seen.len() - 1
        });
        rows.push((rank >= short, ty_rank, colour, ty));
    }
    rows.sort_unstable_by_key(|&(long, ty_rank, colour, _)| (long, ty_rank, colour));

    let mut index_of: Vec<Option<LocalId>> = vec![None; count];
    for (param, index) in index_of.iter_mut().enumerate().take(params) {
        *index = Some(LocalId(param as u32));
    }
    for (index, &(_, _, colour, _)) in rows.iter().enumerate() {
        index_of[colour] = Some(LocalId((params + index) as u32));
    }
    let new = colours.iter().map(|colour| colour.and_then(|colour| index_of[colour.index()]));
    Renumbered { new: new.collect(), types: rows.iter().map(|&(.., ty)| ty).collect() }
}

fn apply(body: &mut Body, renumbered: &Renumbered) {
    let new = |local: LocalId| {
        renumbered.new[local.index()].expect("colouring gave every local in the tree an index")
    };
    let mut cursor = Cursor::default();
    cursor.forward(body.root());
    while let Some(event) = cursor.next(body) {
        let Event::Leave(node) = event else { continue };
        match body.op(node) {
            Op::LOCAL_GET | Op::LOCAL_SET | Op::LOCAL_TEE => {
                if let View::Local(local) = body.view(node) {
                    let local = new(local);
                    body.set_immediate(node, WithImmediate::Local(local));
                    drop_self_copy(body, node, local);
                }
            }
            Op::SET_MANY => body.relocate(node, new),
            _ => (),
        }
    }
    // A name stays where all locals of an index had it.
    let mut names: Vec<(LocalId, Box<str>)> = Vec::new();
    for (local, name) in body.local_names() {
        if let Some(new) = renumbered.new[local.index()] {
            names.push((new, name.into()));
        }
    }
    names.sort();
    names.dedup();
    body.set_locals(&renumbered.types);
    for (index, (local, name)) in names.iter().enumerate() {
        let same =
            |other: Option<&(LocalId, Box<str>)>| other.is_some_and(|other| other.0 == *local);
        let shared = same(names.get(index + 1)) || (index > 0 && same(names.get(index - 1)));
        if local.index() >= body.param_count() && !shared {
            body.name_local(*local, name);
        }
    }
}

/// `(local.set $x (local.get $x))` ⇒ nothing, `(local.tee $x (local.get $x))` ⇒ `(local.get $x)`
fn drop_self_copy(body: &mut Body, node: NodeId, local: LocalId) {
    let op = body.op(node);
    if op == Op::LOCAL_GET {
        return;
    }
    let value = body.children(node)[0];
    if body.op(value) != Op::LOCAL_GET || body.view(value) != View::Local(local) {
        return;
    }
    let replacement = if op == Op::LOCAL_TEE { value } else { body.seq(&[]) };
    move_over(body, node, replacement);
}
