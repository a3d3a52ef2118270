//! Positions of code ⇒ DWARF line tables, so that any engine names `file.swir:line:col` in a trap.
//!
//! The code section becomes compilation units of some thousand rows, each with line sequences over functions that stand together: the rows of one unit are in memory at a
//! time. Addresses count from the start of the section's contents (WebAssembly tool conventions, "DWARF for WebAssembly").
//!
//! Invariant: what can trap or call has its exact line and column. An instruction that only pushes a constant or a variable has those of the
//! instruction that takes it.

mod convert;
pub(crate) mod customs;
mod lines;
mod linked;
mod moves;

use std::ops::Range;
use std::sync::Arc;

use gimli::write::{
    Address, AttributeValue, DwarfUnit, FileId, LineProgram, LineString, RangeList,
};
use gimli::{Encoding, Format};
use rustc_hash::FxHashMap;
use swasm_frontend_ir::checked::ModuleId;
use swasm_frontend_ir::{Diagnostic, Sources};
use swasm_tree::{Written, WrittenFunc};

use crate::locations::{Lookup, Spot};
use crate::unit::Unit;
use customs::DebugSections;
use linked::Linked;

/// DWARF 4: what every consumer of WebAssembly reads, and smaller than 5 for a few files.
const ENCODING: Encoding = Encoding { format: Format::Dwarf32, version: 4, address_size: 4 };
/// From how many positions on a unit is closed behind the function at hand. A unit's own cost is some hundred bytes.
const UNIT_POSITIONS: u32 = 1 << 14;

/// Appends the `.debug_*` sections, unless they are unwanted; says what of linked modules is not in them.
pub(crate) fn append(unit: &Unit<'_>, written: &mut Written) -> Vec<Diagnostic> {
    if unit.options.strip {
        return Vec::new();
    }
    let mut linked = linked::read(unit, written);
    let sections = loop {
        let mut sections = customs::sections();
        ours(unit, written, &linked, &mut sections);
        // What is refused is left out of the next attempt.
        if linked::write(&mut linked, &mut sections).is_ok() {
            break sections;
        }
    };
    let warnings = linked.iter().filter_map(Linked::warning).collect();
    drop(linked);
    written.locs = Vec::new();
    customs::append(sections, written);
    warnings
}

/// The units of the program, if an instruction has a position.
fn ours(unit: &Unit<'_>, written: &Written, linked: &[Linked<'_>], sections: &mut DebugSections) {
    let Some(main) = unit.program.program_modules().next() else { return };
    let file = &unit.program.source(main).file;
    if written.locs.is_empty() || file.is_empty() {
        return;
    }
    let mut lookup = Lookup::new(&unit.locations, unit.program);
    let mut rest = &written.funcs[..];
    while let Some(first) = rest.first() {
        let full = |func: &WrittenFunc| func.locs.end - first.locs.start >= UNIT_POSITIONS;
        let count = rest.iter().position(full).map_or(rest.len(), |last| last + 1);
        let (functions, behind) = rest.split_at(count);
        rest = behind;
        if let Some(mut dwarf) =
            one_unit(file, functions, written, unit.program, &mut lookup, linked)
        {
            dwarf.write(sections).expect("the unit refers to itself only");
        }
    }
}

/// The compilation unit of some functions; none if all are linked ones with units of their own.
fn one_unit<'a>(
    file: &Arc<str>,
    functions: &[WrittenFunc],
    written: &Written,
    sources: &'a dyn Sources,
    lookup: &mut Lookup<'a>,
    linked: &[Linked<'_>],
) -> Option<DwarfUnit> {
    // Where its functions stand together.
    let mut runs: Vec<Range<u32>> = Vec::new();
    let mut rows = Rows::new(file);
    let mut is_open = false;
    for function in functions {
        if linked.iter().any(|linked| linked.has(function.func)) {
            if let (true, Some(run)) = (is_open, runs.last()) {
                rows.end_sequence(run.end);
            }
            is_open = false;
            continue;
        }
        match runs.last_mut() {
            Some(run) if is_open => run.end = function.range.end,
            Some(_) | None => runs.push(function.range.clone()),
        }
        is_open = true;
        rows.function(sources, lookup, linked, &written.locs, function);
    }
    rows.end_sequence(runs.last()?.end);
    let mut dwarf = DwarfUnit::new(ENCODING);
    dwarf.unit.line_program = rows.program;
    let address = |address: u32| Address::Constant(u64::from(address));
    let root = dwarf.unit.root();
    let ranges = runs.iter().map(|run| gimli::write::Range::StartEnd {
        begin: address(run.start),
        end: address(run.end),
    });
    let ranges = RangeList(ranges.collect());
    let (start, len) = match &runs[..] {
        [run] => (run.start, AttributeValue::Udata(u64::from(run.end - run.start))),
        _ => (0, AttributeValue::RangeListRef(dwarf.unit.ranges.add(ranges))),
    };
    let name = if runs.len() == 1 { gimli::DW_AT_high_pc } else { gimli::DW_AT_ranges };
    let entry = dwarf.unit.get_mut(root);
    entry.set(gimli::DW_AT_name, AttributeValue::String(file.as_bytes().to_vec()));
    entry.set(gimli::DW_AT_stmt_list, AttributeValue::LineProgramRef);
    entry.set(gimli::DW_AT_low_pc, AttributeValue::Address(address(start)));
    entry.set(name, len);
    Some(dwarf)
}

/// A line program under construction.
struct Rows {
    program: LineProgram,
    /// Where the open sequence began. A function without positions ends it: the last one before it is none of its own.
    open: Option<u32>,
    modules: FxHashMap<ModuleId, FileId>,
    given: FxHashMap<Box<str>, FileId>,
    /// The file found last, by what it was found with.
    last: Option<(ModuleId, FileId)>,
}

impl Rows {
    fn new(file: &str) -> Self {
        let name = |text: &str| LineString::String(text.as_bytes().to_vec());
        let program =
            LineProgram::new(ENCODING, Default::default(), name("."), None, name(file), None);
        Self {
            program,
            open: None,
            modules: FxHashMap::default(),
            given: FxHashMap::default(),
            last: None,
        }
    }

    /// A row for each change of line or column.
    fn function(
        &mut self,
        sources: &dyn Sources,
        lookup: &mut Lookup<'_>,
        linked: &[Linked<'_>],
        locs: &[(u32, swasm_tree::Loc)],
        function: &WrittenFunc,
    ) {
        let mut last = None;
        for &(offset, loc) in &locs[function.locs.start as usize..function.locs.end as usize] {
            let (file, line, column) = match lookup.spot(loc) {
                Some(Spot::Text(module, line, column)) => {
                    (self.module(sources, module), line, column)
                }
                Some(Spot::Given(position)) => {
                    (self.given(&position.file), position.line, position.column)
                }
                // Copied from a linked module, or from nowhere.
                None => match linked.iter().find_map(|linked| linked.position(loc)) {
                    Some((file, line, column)) => (self.given(&file), line, column),
                    None => continue,
                },
            };
            if last.replace((file, line, column)) == Some((file, line, column)) {
                continue;
            }
            let start = *self.open.get_or_insert_with(|| {
                self.program
                    .begin_sequence(Some(Address::Constant(u64::from(function.range.start))));
                function.range.start
            });
            let row = self.program.row();
            row.address_offset = u64::from(offset - start);
            row.file = file;
            row.line = u64::from(line);
            row.column = u64::from(column);
            self.program.generate_row();
        }
        if last.is_none() {
            self.end_sequence(function.range.start);
        }
    }

    fn end_sequence(&mut self, end: u32) {
        if let Some(start) = self.open.take() {
            self.program.end_sequence(u64::from(end - start));
        }
    }

    fn module(&mut self, sources: &dyn Sources, module: ModuleId) -> FileId {
        if let Some((last, file)) = self.last
            && last == module
        {
            return file;
        }
        let program = &mut self.program;
        let file = *self
            .modules
            .entry(module)
            .or_insert_with(|| add_file(program, &sources.source(module).file));
        self.last = Some((module, file));
        file
    }

    fn given(&mut self, name: &str) -> FileId {
        if let Some(known) = self.given.get(name) {
            return *known;
        }
        let file = add_file(&mut self.program, name);
        self.given.insert(name.into(), file);
        file
    }
}

/// The id of a file; the same one for the same name.
fn add_file(program: &mut LineProgram, name: &str) -> FileId {
    let directory = program.default_directory();
    program.add_file(LineString::String(name.as_bytes().to_vec()), directory, None)
}
