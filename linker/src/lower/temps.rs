//! Locals that nobody named ⇒ fewer of them: what a statement kept values in serves the next one.
//!
//! Invariant: a local that was used within a statement is free for the statements behind it in the same list, and for nobody else until the
//! statement around that list is over: this one may set a local before the list runs, and decide so after the list was lowered.

use swasm_tree::{LocalId, ValType};

/// Types of locals that are shared; each has a list.
const TYPES: [ValType; 5] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];

#[derive(Debug, Default)]
pub(super) struct Temps {
    reuses: bool,
    /// By type: locals that are free. Above the mark are those that the list of statements at hand has used.
    free: [Vec<LocalId>; TYPES.len()],
    marks: [usize; TYPES.len()],
    /// What the statement at hand uses: places in [`TYPES`], and locals.
    used: Vec<(usize, LocalId)>,
}

/// What a list of statements puts aside of the statement around it.
#[derive(Debug)]
pub(super) struct Around {
    marks: [usize; TYPES.len()],
    used: Vec<(usize, LocalId)>,
}

impl Temps {
    /// None is used twice, unless that is wanted.
    pub(super) fn new(reuses: bool) -> Temps {
        Temps { reuses, ..Temps::default() }
    }

    /// A free local, if there is one.
    pub(super) fn take(&mut self, ty: ValType) -> Option<LocalId> {
        let kind = TYPES.iter().position(|known| *known == ty)?;
        let temp = self.free[kind].pop()?;
        self.marks[kind] = self.marks[kind].min(self.free[kind].len());
        self.used.push((kind, temp));
        Some(temp)
    }

    /// Notes a local that was made for the statement at hand.
    pub(super) fn made(&mut self, ty: ValType, temp: LocalId) {
        if let Some(kind) = TYPES.iter().position(|known| *known == ty)
            && self.reuses
        {
            self.used.push((kind, temp));
        }
    }

    /// A list of statements begins.
    pub(super) fn begin_list(&mut self) -> Around {
        let marks = std::array::from_fn(|kind| self.free[kind].len());
        Around {
            marks: std::mem::replace(&mut self.marks, marks),
            used: std::mem::take(&mut self.used),
        }
    }

    /// A statement of the list is over.
    pub(super) fn end_statement(&mut self) {
        for (kind, temp) in self.used.drain(..) {
            self.free[kind].push(temp);
        }
    }

    /// The list is over, and the statement around it goes on.
    pub(super) fn end_list(&mut self, around: Around) {
        self.end_statement();
        self.used = around.used;
        for kind in 0..TYPES.len() {
            let own = self.free[kind].drain(self.marks[kind]..);
            self.used.extend(own.map(|temp| (kind, temp)));
            self.marks[kind] = around.marks[kind].min(self.free[kind].len());
        }
    }
}
