//! Spans ⇒ the tree's opaque positions, and back.
//!
//! Every module gets a range of numbers: one for each byte of its text, then one for each of its positions; every linked module one for each
//! byte of its code, if it says what that is about. 0 is no position.

use std::ops::Range;

use swasm_frontend_ir::checked::{Checked, ModuleId};
use swasm_frontend_ir::{Line, Position, Source, Sources, Span, Start};
use swasm_tree::Loc;

/// The ranges.
#[derive(Debug)]
pub(crate) struct Locations {
    /// First number of each module's text; one more entry at the end.
    bases: Vec<u32>,
    /// First number of each module's positions.
    positions: Vec<u32>,
    /// The numbers of each linked module.
    linked: Vec<Range<u32>>,
}

impl Locations {
    /// Ranges for all modules, and for linked ones with code of these lengths. Modules that don't fit in 32 bits any more get no positions.
    pub(crate) fn new(program: &Checked, linked: impl Iterator<Item = u32>) -> Self {
        let count = program.module_count();
        let mut next = 1u32;
        let mut bases = Vec::with_capacity(count as usize + 1);
        let mut positions = Vec::with_capacity(count as usize);
        for module in 0..count {
            let (text, more) = program.span_keys(ModuleId(module));
            bases.push(next);
            positions.push(next.saturating_add(text));
            next = next.saturating_add(text).saturating_add(more);
        }
        bases.push(next);
        let linked = linked.map(|len| {
            let start = next;
            next = next.checked_add(len).unwrap_or(start);
            start..next
        });
        Self { bases, positions, linked: linked.collect() }
    }

    /// The numbers of a linked module: none if it doesn't say what its code is about.
    pub(crate) fn linked(&self, at: usize) -> Range<u32> {
        self.linked.get(at).cloned().unwrap_or(0..0)
    }

    /// The number of a place.
    pub(crate) fn loc(&self, module: ModuleId, at: Start) -> Loc {
        let index = module.0 as usize;
        let number = match at.position() {
            Some(position) => self.positions[index].checked_add(position as u32),
            None => self.bases[index].checked_add(at.key()),
        };
        Loc(number.filter(|number| *number < self.bases[index + 1]).unwrap_or(0))
    }

    /// The first number of a module; those of modules before it are smaller. After all of them if there is no module.
    pub(crate) fn first_of(&self, module: Option<ModuleId>) -> Loc {
        Loc(self.bases[module.map_or(self.bases.len() - 1, |module| module.0 as usize)])
    }

    fn module(&self, loc: Loc) -> Option<usize> {
        if loc == Loc::NONE {
            return None;
        }
        let at = self.bases.partition_point(|base| *base <= loc.0).checked_sub(1)?;
        // Behind all modules are the linked ones.
        (at < self.positions.len()).then_some(at)
    }

    /// File, line and column of a number.
    pub(crate) fn position(&self, sources: &dyn Sources, loc: Loc) -> Option<Position> {
        let index = self.module(loc)?;
        let source = sources.source(ModuleId(u32::try_from(index).ok()?));
        if loc.0 >= self.positions[index] {
            return source.positions.get((loc.0 - self.positions[index]) as usize).cloned();
        }
        let at = (loc.0 - self.bases[index]) as usize;
        Some(source.position(Span::text(at, at)))
    }
}

/// Where a number is, file by file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spot<'a> {
    /// In a module's text: line and column, from 1.
    Text(ModuleId, u32, u32),
    /// Where a front end says.
    Given(&'a Position),
}

/// Looks numbers up that mostly stand in the line of the one before.
pub(crate) struct Lookup<'a> {
    locations: &'a Locations,
    program: &'a Checked,
    /// The line found last: its module, that module's first number, its source.
    last: Option<(ModuleId, u32, &'a Source, Line)>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(locations: &'a Locations, program: &'a Checked) -> Self {
        Self { locations, program, last: None }
    }

    /// Where a number is.
    pub(crate) fn spot(&mut self, loc: Loc) -> Option<Spot<'a>> {
        if let Some((module, base, source, line)) = &self.last
            && let Some(at) = loc.0.checked_sub(*base)
            && line.range.contains(&at)
            && loc.0 < self.locations.positions[module.0 as usize]
        {
            return Some(Spot::Text(*module, line.number, source.column(line, at)));
        }
        let index = self.locations.module(loc)?;
        let module = ModuleId(u32::try_from(index).ok()?);
        let source = self.program.source(module);
        if let Some(at) = loc.0.checked_sub(self.locations.positions[index]) {
            return source.positions.get(at as usize).map(Spot::Given);
        }
        let base = self.locations.bases[index];
        let line = source.line(loc.0 - base);
        let column = source.column(&line, loc.0 - base);
        let number = line.number;
        self.last = Some((module, base, source, line));
        Some(Spot::Text(module, number, column))
    }
}
