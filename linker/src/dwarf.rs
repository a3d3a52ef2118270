//! Positions of code ⇒ DWARF line tables, so that any engine names `file.swir:line:col` in a trap.
//!
//! One compilation unit, line sequences over functions that stand together; addresses count from the start of the section's contents
//! (WebAssembly tool conventions, "DWARF for WebAssembly").

use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, LineProgram, LineString, Sections,
};
use gimli::{Encoding, Format, LittleEndian};
use rustc_hash::FxHashMap;
use swasm_tree::Written;

use crate::unit::Unit;

/// DWARF 4: what every consumer of WebAssembly reads, and smaller than 5 for a few files.
const ENCODING: Encoding = Encoding { format: Format::Dwarf32, version: 4, address_size: 4 };

/// Appends the `.debug_*` sections, unless they are unwanted or no instruction has a position.
pub(crate) fn append(unit: &Unit<'_>, written: &mut Written) {
    if unit.options.strip {
        return;
    }
    let Some(main) = unit.program.program_modules().next() else { return };
    let file = swasm_frontend_ir::Sources::source(unit.program, main).file.clone();
    if written.locs.is_empty() || file.is_empty() {
        return;
    }
    let mut dwarf = DwarfUnit::new(ENCODING);
    let name = |text: &str| LineString::String(text.as_bytes().to_vec());
    let mut program =
        LineProgram::new(ENCODING, Default::default(), name("."), None, name(&file), None);
    let directory = program.default_directory();
    let mut files = FxHashMap::default();
    // Where the open sequence began. A function without positions ends it: the last one before it is none of its own.
    let mut open: Option<u64> = None;
    let mut end = 0;
    for function in &written.funcs {
        let mut last = (0, 0, 0);
        let mut told = false;
        for (offset, loc) in &written.locs[function.locs.start as usize..function.locs.end as usize]
        {
            let Some(position) = unit.locations.position(unit.program, *loc) else { continue };
            let file = *files
                .entry(position.file.clone())
                .or_insert_with(|| program.add_file(name(&position.file), directory, None));
            let here = (files.len(), position.line, position.column);
            if here == last && program.row().file == file {
                continue;
            }
            last = here;
            told = true;
            let start = *open.get_or_insert_with(|| {
                let start = u64::from(function.range.start);
                program.begin_sequence(Some(Address::Constant(start)));
                start
            });
            let row = program.row();
            row.address_offset = u64::from(*offset) - start;
            row.file = file;
            row.line = u64::from(position.line);
            row.column = u64::from(position.column);
            program.generate_row();
        }
        if !told && let Some(start) = open.take() {
            program.end_sequence(u64::from(function.range.start) - start);
        }
        end = u64::from(function.range.end);
    }
    if let Some(start) = open {
        program.end_sequence(end - start);
    }
    dwarf.unit.line_program = program;
    let root = dwarf.unit.root();
    let entry = dwarf.unit.get_mut(root);
    entry.set(gimli::DW_AT_name, AttributeValue::String(file.as_bytes().to_vec()));
    entry.set(gimli::DW_AT_stmt_list, AttributeValue::LineProgramRef);
    entry.set(gimli::DW_AT_low_pc, AttributeValue::Address(Address::Constant(0)));
    entry.set(gimli::DW_AT_high_pc, AttributeValue::Udata(end));

    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    dwarf.write(&mut sections).expect("the unit refers to itself only");
    let outcome: gimli::write::Result<()> = sections.for_each(|id, data| {
        if !data.slice().is_empty() {
            written.custom(id.name(), data.slice());
        }
        Ok(())
    });
    outcome.expect("nothing above fails");
}
