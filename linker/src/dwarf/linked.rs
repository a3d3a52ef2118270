//! Debug information of linked modules ⇒ units beside those of the program.
//!
//! Invariant: an address is in the ranges of one module's units only. A linked module whose debug information is refused has none, and a
//! warning says so.

use std::ops::Range;

use gimli::write;
use rustc_hash::FxHashSet;
use swasm_frontend_ir::Diagnostic;
use swasm_tree::{Custom, FuncId, FuncKind, Loc, MemoryId, Written};

use super::convert::{Parsed, Refused};
use super::customs::{self, DebugSections, Read};
use super::moves::Moves;
use crate::pipeline;
use crate::unit::Unit;

/// A linked module that has debug information.
pub(crate) struct Linked<'u> {
    name: &'u str,
    read: Read<'u>,
    /// The numbers of its positions.
    numbers: Range<u32>,
    /// Its functions, here.
    funcs: FxHashSet<FuncId>,
    parsed: Result<Option<(Moves<'u>, Parsed<'u>)>, Refused>,
}

/// Reads the debug information of the linked modules.
pub(crate) fn read<'u>(unit: &'u Unit<'_>, written: &'u Written) -> Vec<Linked<'u>> {
    let options = unit.options;
    let passes = pipeline::passes(options.opt_level, options.passes.as_deref());
    let passes = passes.is_ok_and(|passes| !passes.is_empty());
    let mut found = Vec::new();
    for (at, link) in options.links.iter().enumerate() {
        let numbers = unit.locations.linked(at);
        let Some((module, names)) = unit.joined.known(at) else { continue };
        let customs: Vec<&Custom> =
            module.customs.iter().filter(|custom| customs::is_debug(custom)).collect();
        if customs.is_empty() {
            continue;
        }
        let funcs = customs::read_funcs(module, |func| names.func(func));
        let read = Read {
            customs,
            code: link.bytes.get(module.code_offset()..).unwrap_or_default(),
            base: numbers.start,
            passes,
            // Each global has an index of its own here.
            keeps_globals: false,
            keeps_memory: names.memory(MemoryId(0)) == Some(MemoryId(0)),
            funcs,
        };
        let is_theirs = |func: &FuncId| matches!(module.func(*func).kind, FuncKind::Read(_));
        let ids = (0..module.funcs.len() as u32).map(FuncId).filter(is_theirs);
        let funcs = ids.filter_map(|func| names.func(func)).collect();
        let parsed = if numbers.is_empty() {
            Err(Refused::Unsupported("so much code"))
        } else {
            read.parse(written)
        };
        found.push(Linked { name: &link.name, read, numbers, funcs, parsed });
    }
    found
}

impl Linked<'_> {
    /// Whether a function is one of the module, with debug information.
    pub(crate) fn has(&self, func: FuncId) -> bool {
        matches!(self.parsed, Ok(Some(_))) && self.funcs.contains(&func)
    }

    /// File, line and column of a position in the module.
    pub(crate) fn position(&self, loc: Loc) -> Option<(String, u32, u32)> {
        let Ok(Some((moves, parsed))) = &self.parsed else { return None };
        if !self.numbers.contains(&loc.0) {
            return None;
        }
        let (file, line, column) = parsed.position(moves.address(loc)?, moves)?;
        Some((String::from_utf8_lossy(&file).into_owned(), line, column))
    }

    /// Says what isn't there, and why.
    pub(crate) fn warning(&self) -> Option<Diagnostic> {
        let mut warning = self.read.left_out(self.parsed.as_ref().err().copied())?;
        warning.message = format!("`{}`: {}", self.name, warning.message);
        Some(warning)
    }
}

/// Adds the units of the linked modules to sections that have units without strings.
///
/// # Errors
/// If a module's are refused, which is noted: then the sections have no use, but those without that module may.
pub(crate) fn write(
    linked: &mut [Linked<'_>],
    sections: &mut DebugSections,
) -> Result<(), Refused> {
    let mut dwarf = write::Dwarf::new();
    for linked in linked {
        let Ok(Some((moves, parsed))) = &mut linked.parsed else { continue };
        // Units are each module's own, strings all modules'.
        let mut own = write::Dwarf {
            line_strings: std::mem::take(&mut dwarf.line_strings),
            strings: std::mem::take(&mut dwarf.strings),
            ..write::Dwarf::new()
        };
        let outcome = parsed.convert(moves, &mut own).and_then(|()| {
            let written = own.units.write(sections, &mut own.line_strings, &mut own.strings);
            written.map_err(Refused::from)
        });
        if let Err(refused) = outcome {
            linked.parsed = Err(refused);
            return Err(refused);
        }
        (dwarf.line_strings, dwarf.strings) = (own.line_strings, own.strings);
    }
    dwarf.write(sections)?;
    Ok(())
}
