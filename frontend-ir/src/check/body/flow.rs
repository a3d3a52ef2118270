//! What is known at a point of the program: whether control gets there, and which of the variables declared without a value are assigned.
//!
//! Invariant: a loop needs no second look: what is assigned before it is assigned whenever it starts again, and an assignment inside it to
//! a variable of outside is seen when the ways back are joined.

use smallvec::SmallVec;

use super::Checker;
use crate::checked::LocalId;
use crate::codes;
use crate::source::Span;

/// A set of small numbers.
#[derive(Clone, Default, Debug)]
pub(super) struct Bits(SmallVec<[u64; 2]>);

impl Bits {
    pub(super) fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(super) fn set(&mut self, number: u32) {
        let word = number as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (number % 64);
    }

    fn intersect(&mut self, other: &Self) {
        for (index, word) in self.0.iter_mut().enumerate() {
            *word &= other.0.get(index).copied().unwrap_or(0);
        }
    }

    pub(super) fn unite(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
}

/// What is known at a point.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// Whether control gets there.
    pub(super) live: bool,
    /// Variables that are assigned on every way there.
    pub(super) definite: Bits,
    /// Variables that are assigned on some way there.
    pub(super) maybe: Bits,
}

impl Flow {
    pub(super) fn start() -> Self {
        Self { live: true, definite: Bits::default(), maybe: Bits::default() }
    }

    /// What is known where two ways meet.
    pub(super) fn join(&mut self, other: &Self) {
        if !other.live {
            return;
        }
        if !self.live {
            self.clone_from(other);
            return;
        }
        self.definite.intersect(&other.definite);
        self.maybe.unite(&other.maybe);
    }
}

/// Adds a way to a point that may have none yet.
pub(super) fn join_into(point: &mut Option<Flow>, way: &Flow) {
    match point {
        Some(flow) => flow.join(way),
        None => *point = Some(way.clone()),
    }
}

impl Checker<'_, '_> {
    /// What is known if the condition checked last is true, and if it is false.
    pub(super) fn split(&mut self) -> (Flow, Flow) {
        self.split.take().unwrap_or_else(|| (self.flow.clone(), self.flow.clone()))
    }

    /// Notes an assignment to all of `local`, at `span`.
    pub(super) fn assign_local(&mut self, local: LocalId, span: Span) {
        let info = &self.locals[local.0 as usize];
        let Some(number) = info.deferred else {
            self.assign_part(local, span);
            return;
        };
        if self.flow.maybe.has(number) && self.flow.live {
            if info.declared_mutable {
                self.out.locals[local.0 as usize].mutable = true;
            } else {
                self.assigned_twice(local, span);
            }
        }
        self.flow.definite.set(number);
        self.flow.maybe.set(number);
        self.deferred[number as usize].1.get_or_insert(span);
    }

    /// Notes an assignment that needs `local` to be assigned already.
    pub(super) fn assign_part(&mut self, local: LocalId, span: Span) {
        let info = &self.locals[local.0 as usize];
        if info.declared_mutable {
            self.out.locals[local.0 as usize].mutable = true;
            return;
        }
        let name = self.out[local].name.clone();
        let what = if info.is_param { "parameter" } else { "variable" };
        let place = self.cx.place(info.span);
        let help = if info.is_param {
            format!("declare it as `mut {name}`")
        } else {
            format!("declare it with `let mut {name}`")
        };
        let error = self
            .cx
            .error(
                codes::IMMUTABLE,
                span,
                format!("`{name}` cannot be assigned: it is an immutable {what}"),
            )
            .label(place, "declared here without `mut`")
            .help(help);
        self.report(error);
    }

    fn assigned_twice(&mut self, local: LocalId, span: Span) {
        let info = &self.locals[local.0 as usize];
        let name = self.out[local].name.clone();
        let declared = self.cx.place(info.span);
        let mut error = self
            .cx
            .error(
                codes::IMMUTABLE,
                span,
                format!("`{name}` may be assigned twice, but it is not `mut`"),
            )
            .label(declared, "declared here without `mut`")
            .help(format!("declare it with `let mut {name}`"));
        if let Some((_, Some(first))) = info.deferred.map(|number| self.deferred[number as usize])
            && first.key() != span.key()
        {
            error = error.label(self.cx.place(first), "first assigned here");
        }
        self.report(error);
    }

    /// Looks at the ways back to the start of a loop: what is assigned on them is assigned again in the next round.
    pub(super) fn close_loop(&mut self, head: &Flow, declared_before: usize, again: &Flow) {
        if !again.live {
            return;
        }
        for number in 0..declared_before as u32 {
            if !again.maybe.has(number) || head.maybe.has(number) {
                continue;
            }
            let (local, first) = self.deferred[number as usize];
            if self.locals[local.0 as usize].declared_mutable {
                self.out.locals[local.0 as usize].mutable = true;
            } else if let Some(first) = first {
                self.assigned_twice(local, first);
            }
        }
    }
}
