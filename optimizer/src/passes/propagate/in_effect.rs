//! Which locals without a default value may be read, as validation sees it.
//!
//! `(block (local.set $x a) (local.set $y (local.get $x))) (local.get $y)`: `$y` still holds what `$x` does, but `$x` may not be read
//! there: an assignment counts to the end of its block, or arm.
//!
//! Invariant: what is said to be in effect is a parameter, has a default value, or was assigned in an arm that is open.

use swasm_tree::{Body, LocalId};

/// The locals in effect at a walk's position.
#[derive(Default)]
pub(super) struct InEffect {
    /// By local; empty if all have default values.
    readable: Vec<bool>,
    /// Locals that became readable.
    log: Vec<LocalId>,
    /// Lengths of the log at the starts of open arms.
    marks: Vec<usize>,
}

impl InEffect {
    /// At the start of a body.
    pub(super) fn of(body: &Body) -> InEffect {
        let mut known = InEffect::default();
        if body.locals().iter().any(|ty| !ty.is_defaultable()) {
            let params = body.param_count();
            let readable =
                |(index, ty): (usize, &swasm_tree::ValType)| index < params || ty.is_defaultable();
            known.readable = body.locals().iter().enumerate().map(readable).collect();
        }
        known
    }

    pub(super) fn has(&self, local: LocalId) -> bool {
        self.readable.get(local.index()).is_none_or(|&readable| readable)
    }

    pub(super) fn assign(&mut self, local: LocalId) {
        if !self.has(local) {
            self.readable[local.index()] = true;
            self.log.push(local);
        }
    }

    pub(super) fn enter(&mut self) {
        self.marks.push(self.log.len());
    }

    pub(super) fn leave(&mut self) {
        let mark = self.marks.pop().unwrap_or(0);
        for local in self.log.drain(mark..) {
            self.readable[local.index()] = false;
        }
    }
}
