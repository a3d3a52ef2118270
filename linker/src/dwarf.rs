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
mod moves;

use std::sync::Arc;

use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, FileId, LineProgram, LineString, Sections,
};
use gimli::{Encoding, Format, LittleEndian};
use rustc_hash::FxHashMap;
use swasm_frontend_ir::Sources;
use swasm_frontend_ir::checked::ModuleId;
use swasm_tree::{Written, WrittenFunc};

use crate::locations::{Lookup, Spot};
use crate::unit::Unit;

/// DWARF 4: what every consumer of WebAssembly reads, and smaller than 5 for a few files.
const ENCODING: Encoding = Encoding { format: Format::Dwarf32, version: 4, address_size: 4 };
/// From how many positions on a unit is closed behind the function at hand. A unit's own cost is some hundred bytes.
const UNIT_POSITIONS: u32 = 1 << 14;

/// Appends the `.debug_*` sections, unless they are unwanted or no instruction has a position.
pub(crate) fn append(unit: &Unit<'_>, written: &mut Written) {
    if unit.options.strip {
        return;
    }
    let Some(main) = unit.program.program_modules().next() else { return };
    let file = &unit.program.source(main).file;
    if written.locs.is_empty() || file.is_empty() {
        return;
    }
    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    let mut lookup = Lookup::new(&unit.locations, unit.program);
    let mut rest = &written.funcs[..];
    while let Some(first) = rest.first() {
        let full = |func: &WrittenFunc| func.locs.end - first.locs.start >= UNIT_POSITIONS;
        let count = rest.iter().position(full).map_or(rest.len(), |last| last + 1);
        let (functions, behind) = rest.split_at(count);
        rest = behind;
        let mut dwarf = one_unit(file, functions, written, unit.program, &mut lookup);
        dwarf.write(&mut sections).expect("the unit refers to itself only");
    }
    written.locs = Vec::new();
    let outcome: gimli::write::Result<()> = sections.for_each(|id, data| {
        if !data.slice().is_empty() {
            written.custom(id.name(), data.slice());
        }
        Ok(())
    });
    outcome.expect("nothing above fails");
}

/// The compilation unit of some functions.
fn one_unit<'a>(
    file: &Arc<str>,
    functions: &[WrittenFunc],
    written: &Written,
    sources: &dyn Sources,
    lookup: &mut Lookup<'a>,
) -> DwarfUnit {
    let start = functions.first().map_or(0, |func| func.range.start);
    let end = functions.last().map_or(start, |func| func.range.end);
    let mut rows = Rows::new(file);
    for function in functions {
        rows.function(sources, lookup, &written.locs, function);
    }
    rows.end_sequence(end);
    let mut dwarf = DwarfUnit::new(ENCODING);
    dwarf.unit.line_program = rows.program;
    let root = dwarf.unit.root();
    let entry = dwarf.unit.get_mut(root);
    entry.set(gimli::DW_AT_name, AttributeValue::String(file.as_bytes().to_vec()));
    entry.set(gimli::DW_AT_stmt_list, AttributeValue::LineProgramRef);
    entry.set(gimli::DW_AT_low_pc, AttributeValue::Address(Address::Constant(u64::from(start))));
    entry.set(gimli::DW_AT_high_pc, AttributeValue::Udata(u64::from(end - start)));
    dwarf
}

/// A line program under construction.
struct Rows<'a> {
    program: LineProgram,
    /// Where the open sequence began. A function without positions ends it: the last one before it is none of its own.
    open: Option<u32>,
    modules: FxHashMap<ModuleId, FileId>,
    given: FxHashMap<&'a str, FileId>,
    /// The file found last, by what it was found with.
    last: Option<(ModuleId, FileId)>,
}

impl<'a> Rows<'a> {
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
        lookup: &mut Lookup<'a>,
        locs: &[(u32, swasm_tree::Loc)],
        function: &WrittenFunc,
    ) {
        let mut last = None;
        for &(offset, loc) in &locs[function.locs.start as usize..function.locs.end as usize] {
            let Some(spot) = lookup.spot(loc) else { continue };
            let (file, line, column) = match spot {
                Spot::Text(module, line, column) => (self.module(sources, module), line, column),
                Spot::Given(position) => {
                    (self.given(&position.file), position.line, position.column)
                }
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

    fn given(&mut self, name: &'a str) -> FileId {
        let program = &mut self.program;
        *self.given.entry(name).or_insert_with(|| add_file(program, name))
    }
}

/// The id of a file; the same one for the same name.
fn add_file(program: &mut LineProgram, name: &str) -> FileId {
    let directory = program.default_directory();
    program.add_file(LineString::String(name.as_bytes().to_vec()), directory, None)
}
