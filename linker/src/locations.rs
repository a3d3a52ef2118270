//! Spans ⇒ the tree's opaque positions, and back.
//!
//! Every module gets a range of numbers: one for each byte of its text, then one for each of its positions. 0 is no position.

use swasm_frontend_ir::checked::ModuleId;
use swasm_frontend_ir::{Position, Sources, Span};
use swasm_tree::Loc;

/// The ranges.
#[derive(Debug)]
pub(crate) struct Locations {
    /// First number of each module's text; one more entry at the end.
    bases: Vec<u32>,
    /// First number of each module's positions.
    positions: Vec<u32>,
}

impl Locations {
    /// Ranges for modules `0..count`. Modules that don't fit in 32 bits any more get no positions.
    pub(crate) fn new(sources: &dyn Sources, count: u32) -> Self {
        let mut next = 1u32;
        let mut bases = Vec::with_capacity(count as usize + 1);
        let mut positions = Vec::with_capacity(count as usize);
        for module in 0..count {
            let source = sources.source(ModuleId(module));
            let text = source.text.as_ref().map_or(0, |text| text.len() as u32 + 1);
            bases.push(next);
            positions.push(next.saturating_add(text));
            next = next.saturating_add(text).saturating_add(source.positions.len() as u32);
        }
        bases.push(next);
        Self { bases, positions }
    }

    /// The number of a span's start.
    pub(crate) fn loc(&self, module: ModuleId, span: Span) -> Loc {
        let index = module.0 as usize;
        let number = match span.position() {
            Some(position) => self.positions[index].checked_add(position as u32),
            None => self.bases[index].checked_add(span.key()),
        };
        Loc(number.filter(|number| *number < self.bases[index + 1]).unwrap_or(0))
    }

    /// The first number of a module; those of modules before it are smaller. After all of them if there is no module.
    pub(crate) fn first_of(&self, module: Option<ModuleId>) -> Loc {
        Loc(self.bases[module.map_or(self.bases.len() - 1, |module| module.0 as usize)])
    }

    /// File, line and column of a number.
    pub(crate) fn position(&self, sources: &dyn Sources, loc: Loc) -> Option<Position> {
        if loc == Loc::NONE {
            return None;
        }
        let index = self.bases.partition_point(|base| *base <= loc.0).checked_sub(1)?;
        let source = sources.source(ModuleId(u32::try_from(index).ok()?));
        if loc.0 >= self.positions[index] {
            return source.positions.get((loc.0 - self.positions[index]) as usize).cloned();
        }
        let at = (loc.0 - self.bases[index]) as usize;
        Some(source.position(Span::text(at, at)))
    }
}
