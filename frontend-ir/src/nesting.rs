//! How deep expressions nest: an expression becomes the height of the tree below it, which whoever walks it by recursion relies on.

use crate::ir::{Body, DataElement, ExprId, ExprKind, PatternKind};

/// The deepest nesting of expressions, blocks, types and parentheses. A chain of infix operators counts once, however long it is, and so does
/// one of `else if`s: `a + b + c` is to be walked with a loop over its left operands, `if … else if …` with one over what stands behind `else`.
pub const MAX_NESTING: u32 = 256;

/// The heights of a body's expressions, filled in the order in which they are pushed.
#[derive(Clone, Default, Debug)]
pub(crate) struct Heights(Vec<u16>);

impl Heights {
    /// Forgets one body to begin another.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn of(&self, id: ExprId) -> u32 {
        u32::from(self.0[id.index()])
    }

    /// Notes the height of an expression about to be pushed to `body`, and tells it.
    pub(crate) fn push(&mut self, kind: &ExprKind, body: &Body) -> u32 {
        let height = self.height(kind, body);
        self.0.push(height.min(u32::from(u16::MAX)) as u16);
        height
    }

    /// Forgets what lies below the expression pushed last: it was replaced.
    pub(crate) fn reset_last(&mut self) {
        if let Some(last) = self.0.last_mut() {
            *last = 0;
        }
    }

    fn height(&self, kind: &ExprKind, body: &Body) -> u32 {
        let one = |id: &ExprId| 1 + self.of(*id);
        let list = |ids: &[ExprId]| ids.iter().map(one).max().unwrap_or(0);
        let maybe = |id: &Option<ExprId>| id.as_ref().map_or(0, one);
        match kind {
            ExprKind::Error
            | ExprKind::Unit
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Char(_)
            | ExprKind::Byte(_)
            | ExprKind::Bytes(_)
            | ExprKind::Text(_)
            | ExprKind::Name(_)
            | ExprKind::Path(_)
            | ExprKind::Continue(_)
            | ExprKind::Wasm(_) => 0,
            ExprKind::Unary(_, a)
            | ExprKind::Cast(a, _)
            | ExprKind::Loop(_, a)
            | ExprKind::Become(a)
            | ExprKind::Field(a, _)
            | ExprKind::Scope(_, a)
            | ExprKind::At(_, a) => one(a),
            // The left spine is free.
            ExprKind::Binary(_, a, b) => self.of(*a).max(one(b)),
            ExprKind::Assign(a, b)
            | ExprKind::AssignOp(_, a, b)
            | ExprKind::While(_, a, b)
            | ExprKind::Index(a, b) => one(a).max(one(b)),
            ExprKind::Block(block) => list(&body[block.statements]).max(maybe(&block.tail)),
            // An `else if` is free.
            ExprKind::If(a, b, c) => {
                let otherwise = c.map_or(0, |c| {
                    self.of(c) + u32::from(!matches!(body[c].kind, ExprKind::If(..)))
                });
                one(a).max(one(b)).max(otherwise)
            }
            ExprKind::Match(a, arms) => arms.iter().fold(one(a), |height, arm| {
                let patterns = arm.patterns.iter().map(|pattern| match &pattern.kind {
                    PatternKind::Wildcard | PatternKind::Error | PatternKind::Name(_) => 0,
                    PatternKind::Value(id) => one(id),
                    PatternKind::Range { start, end, inclusive: _ } => maybe(start).max(maybe(end)),
                });
                patterns.fold(height, u32::max).max(maybe(&arm.guard)).max(one(&arm.value))
            }),
            ExprKind::For(it) => one(&it.start).max(one(&it.end)).max(one(&it.body)),
            ExprKind::Break(_, a) | ExprKind::Return(a) => maybe(a),
            ExprKind::Call(a, ids) | ExprKind::Method(a, _, ids) => one(a).max(list(&body[*ids])),
            ExprKind::Struct(it) => {
                it.fields.iter().map(|field| one(&field.value)).max().unwrap_or(0)
            }
            ExprKind::Data(elements) => elements
                .iter()
                .map(|element| match element {
                    DataElement::Value(a) => one(a),
                    DataElement::Repeat(a, b) => one(a).max(one(b)),
                })
                .max()
                .unwrap_or(0),
            ExprKind::Let(it) => maybe(&it.value),
        }
    }
}
