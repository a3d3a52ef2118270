//! Debug information of modules that were read says of the code that is written what it said of the code that was read.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::ops::Range;

use gimli::read::{self, EndianSlice};
use gimli::write::{
    Address, AttributeValue, Dwarf, EndianVec, Expression, LineProgram, LineString, Location,
    LocationList, Range as WriteRange, RangeList, Sections, Unit, UnitEntryId,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian, constants as dw};
use swasm_frontend_ir::codes;
use swasm_linker::{OptLevel, OptimizeOptions, Optimized, optimize};
use swasm_tree::{FuncKind, Module};

/// `$changed` loses an operator, so `$kept` moves; `$caller` gets a copy of `$tiny`.
const TEXT: &str = r#"(module
  (import "host" "mark" (func $mark (param i32)))
  (func $changed (export "changed") (param i32) (result i32) (local i32)
    (nop)
    (local.set 1 (i32.mul (local.get 0) (i32.const 5)))
    (block (br_if 0 (i32.eqz (local.get 1))) (call $mark (local.get 1)))
    (i32.div_s (i32.const 100) (local.get 1)))
  (func $kept (export "kept") (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1)))
  (func $caller (export "caller") (param i32) (result i32)
    (i32.add (call $tiny (local.get 0)) (i32.const 3)))
  (func $tiny (param i32) (result i32)
    (i32.rem_u (i32.const 100) (local.get 0))))"#;

/// Offsets in `$changed`.
const MUL: u32 = 8;
const BLOCK: u32 = 11;
const BLOCK_END: u32 = 23;
const CALL: u32 = 20;
const DIV: u32 = 28;
/// In `$kept`.
const ADD: u32 = 5;
/// In `$tiny`.
const REM: u32 = 6;

/// Where the code of functions is, counted from the contents of the code section, by id.
fn ranges(bytes: &[u8]) -> (usize, Vec<Range<u32>>) {
    let module = Module::read(bytes).unwrap();
    let range = |func: &swasm_tree::Func| match &func.kind {
        FuncKind::Read(code) => code.range_in_code(&module),
        FuncKind::Import(_) | FuncKind::Declared | FuncKind::Defined(_) => 0..0,
    };
    (module.code_offset(), module.funcs.iter().map(range).collect())
}

const CHANGED: usize = 1;
const KEPT: usize = 2;
const CALLER: usize = 3;
const TINY: usize = 4;

fn address(address: u32) -> Address {
    Address::Constant(u64::from(address))
}

fn at(at: u32) -> AttributeValue {
    AttributeValue::Address(address(at))
}

/// A line program with a file, and rows in sequences: of addresses and lines, up to an end.
fn rows(encoding: Encoding, file: &str, sequences: &[(&[(u32, u64)], u32)]) -> LineProgram {
    let name = |text: &str| LineString::String(text.as_bytes().to_vec());
    let mut program =
        LineProgram::new(encoding, LineEncoding::default(), name("/home"), None, name(file), None);
    let directory = program.default_directory();
    let file = program.add_file(name(file), directory, None);
    for (rows, end) in sequences {
        let start = rows[0].0;
        program.begin_sequence(Some(address(start)));
        for (at, line) in *rows {
            program.row().address_offset = u64::from(at - start);
            program.row().file = file;
            program.row().line = *line;
            program.row().column = 7;
            program.generate_row();
        }
        program.end_sequence(u64::from(end - start));
    }
    program
}

fn subprogram(unit: &mut Unit, name: &str, range: Range<u32>) -> UnitEntryId {
    let id = unit.add(unit.root(), dw::DW_TAG_subprogram);
    let entry = unit.get_mut(id);
    entry.set(dw::DW_AT_name, AttributeValue::String(name.into()));
    entry.set(dw::DW_AT_low_pc, at(range.start));
    entry.set(dw::DW_AT_high_pc, AttributeValue::Udata(u64::from(range.end - range.start)));
    id
}

fn variable(unit: &mut Unit, parent: UnitEntryId, name: &str, location: AttributeValue) {
    let id = unit.add(parent, dw::DW_TAG_variable);
    let entry = unit.get_mut(id);
    entry.set(dw::DW_AT_name, AttributeValue::String(name.into()));
    entry.set(dw::DW_AT_location, location);
}

fn local(index: u32) -> Expression {
    let mut expression = Expression::new();
    expression.op_wasm_local(index);
    expression.op(dw::DW_OP_stack_value);
    expression
}

fn static_data() -> Expression {
    let mut expression = Expression::new();
    // An address of data that would be one of code, too.
    expression.op_addr(Address::Constant(5));
    expression
}

/// What a compiler might say of the module.
fn describe(funcs: &[Range<u32>], version: u16) -> Vec<(&'static str, Vec<u8>)> {
    let encoding = Encoding { format: Format::Dwarf32, version, address_size: 4 };
    let (changed, kept, caller, tiny) =
        (funcs[CHANGED].start, funcs[KEPT].start, funcs[CALLER].start, funcs[TINY].start);
    let mut dwarf = Dwarf::new();
    let lines = rows(
        encoding,
        "main.c",
        &[
            (
                &[
                    (changed, 9),
                    (changed + MUL, 10),
                    (changed + BLOCK, 11),
                    (changed + CALL, 12),
                    (changed + BLOCK_END, 13),
                ],
                funcs[CHANGED].end,
            ),
            (&[(kept, 20), (kept + ADD, 21)], funcs[KEPT].end),
            (&[(caller, 30)], funcs[CALLER].end),
            // Of code that a linker left out.
            (&[(0, 99)], 40),
        ],
    );
    let id = dwarf.units.add(Unit::new(encoding, lines));
    let unit = dwarf.units.get_mut(id);
    let root = unit.root();
    unit.get_mut(root).set(dw::DW_AT_low_pc, at(0));
    let list = |range: &Range<u32>| WriteRange::StartEnd {
        begin: address(range.start),
        end: address(range.end),
    };
    let ranges = unit.ranges.add(RangeList(funcs[CHANGED..TINY].iter().map(list).collect()));
    unit.get_mut(root).set(dw::DW_AT_ranges, AttributeValue::RangeListRef(ranges));
    unit.get_mut(root).set(dw::DW_AT_stmt_list, AttributeValue::LineProgramRef);
    unit.get_mut(root).set(dw::DW_AT_GNU_pubnames, AttributeValue::Flag(true));
    variable(unit, root, "data", AttributeValue::Exprloc(static_data()));

    let entry = subprogram(unit, "changed", funcs[CHANGED].clone());
    unit.get_mut(entry).set(dw::DW_AT_frame_base, AttributeValue::Exprloc(local(1)));
    variable(unit, entry, "renumbered", AttributeValue::Exprloc(local(1)));
    variable(unit, entry, "inner_static", AttributeValue::Exprloc(static_data()));
    let block = unit.add(entry, dw::DW_TAG_lexical_block);
    unit.get_mut(block).set(dw::DW_AT_low_pc, at(changed + BLOCK));
    let len = u64::from(BLOCK_END - BLOCK);
    unit.get_mut(block).set(dw::DW_AT_high_pc, AttributeValue::Udata(len));
    let site = unit.add(block, dw::DW_TAG_call_site);
    unit.get_mut(site).set(dw::DW_AT_call_pc, at(changed + CALL));
    let gone = unit.add(entry, dw::DW_TAG_label);
    unit.get_mut(gone).set(dw::DW_AT_name, AttributeValue::String(b"nop".to_vec()));
    unit.get_mut(gone).set(dw::DW_AT_low_pc, at(changed + 3));

    let entry = subprogram(unit, "kept", funcs[KEPT].clone());
    unit.get_mut(entry).set(dw::DW_AT_frame_base, AttributeValue::Exprloc(local(0)));
    let mut offset = Expression::new();
    offset.op_fbreg(12);
    variable(unit, entry, "on_stack", AttributeValue::Exprloc(offset));
    let place = |range: Range<u32>| Location::StartEnd {
        begin: address(range.start),
        end: address(range.end),
        data: local(0),
    };
    let places = unit.locations.add(LocationList(vec![place(kept + 1..kept + ADD)]));
    variable(unit, entry, "listed", AttributeValue::LocationListRef(places));
    let return_pc = unit.add(entry, dw::DW_TAG_call_site);
    unit.get_mut(return_pc).set(dw::DW_AT_call_return_pc, at(kept + ADD));

    subprogram(unit, "caller", funcs[CALLER].clone());
    let dead = unit.add(root, dw::DW_TAG_subprogram);
    let entry = unit.get_mut(dead);
    entry.set(dw::DW_AT_name, AttributeValue::String(b"dead".to_vec()));
    entry.set(dw::DW_AT_low_pc, AttributeValue::Address(Address::Constant(0xffff_ffff)));
    entry.set(dw::DW_AT_high_pc, AttributeValue::Udata(9));
    variable(unit, dead, "of_nobody", AttributeValue::Exprloc(local(0)));

    let lines = rows(encoding, "other.c", &[(&[(tiny, 69), (tiny + REM, 70)], funcs[TINY].end)]);
    let id = dwarf.units.add(Unit::new(encoding, lines));
    let unit = dwarf.units.get_mut(id);
    let root = unit.root();
    unit.get_mut(root).set(dw::DW_AT_comp_dir, AttributeValue::String(b"/home".to_vec()));
    unit.get_mut(root).set(dw::DW_AT_low_pc, at(tiny));
    let len = u64::from(funcs[TINY].end - tiny);
    unit.get_mut(root).set(dw::DW_AT_high_pc, AttributeValue::Udata(len));
    unit.get_mut(root).set(dw::DW_AT_stmt_list, AttributeValue::LineProgramRef);
    subprogram(unit, "tiny", funcs[TINY].clone());

    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    dwarf.write(&mut sections).unwrap();
    let mut found = Vec::new();
    sections
        .for_each(|id, data| {
            if !data.slice().is_empty() {
                found.push((id.name(), data.slice().to_vec()));
            }
            Ok::<(), gimli::write::Error>(())
        })
        .unwrap();
    found
}

/// A module with custom sections behind it.
fn with_sections(module: &[u8], sections: &[(&str, Vec<u8>)]) -> Vec<u8> {
    use wasm_encoder::Section;
    let mut bytes = module.to_vec();
    for (name, data) in sections {
        wasm_encoder::CustomSection { name: (*name).into(), data: data.into() }
            .append_to(&mut bytes);
    }
    bytes
}

fn opt(bytes: &[u8], opt_level: OptLevel) -> Optimized {
    optimize(bytes, &OptimizeOptions { opt_level, ..OptimizeOptions::default() }).unwrap()
}

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

fn load(module: &Module) -> read::Dwarf<Bytes<'_>> {
    read::Dwarf::load(|id| {
        let section = module.customs.iter().find(|custom| &*custom.name == id.name());
        let bytes = section.map_or(&[][..], |custom| &custom.contents);
        Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
    })
    .unwrap()
}

/// An entry, as far as the test wants to know.
#[derive(Default, Debug)]
struct Entry {
    name: String,
    tag: Option<gimli::DwTag>,
    ranges: Vec<Range<u64>>,
    attributes: Vec<gimli::DwAt>,
    /// The addresses that attributes hold.
    pcs: Vec<(gimli::DwAt, u64)>,
    locations: Vec<(Range<u64>, Vec<u8>)>,
}

impl Entry {
    fn has(&self, name: gimli::DwAt) -> bool {
        self.attributes.contains(&name)
    }
}

fn entries(dwarf: &read::Dwarf<Bytes<'_>>) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next().unwrap() {
        let unit = dwarf.unit(header).unwrap();
        let unit = unit.unit_ref(dwarf);
        let mut cursor = unit.entries();
        while let Some(entry) = cursor.next_dfs().unwrap() {
            let mut said = Entry { tag: Some(entry.tag()), ..Entry::default() };
            let mut ranges = unit.die_ranges(entry).unwrap();
            while let Some(range) = ranges.next().unwrap() {
                said.ranges.push(range.begin..range.end);
            }
            for attr in &entry.attrs {
                said.attributes.push(attr.name());
                if attr.name() == dw::DW_AT_name {
                    let text = unit.attr_string(attr.value()).unwrap();
                    said.name = text.to_string_lossy().into_owned();
                }
                if let Some(address) = unit.attr_address(attr.value()).unwrap() {
                    said.pcs.push((attr.name(), address));
                }
                if attr.name() == dw::DW_AT_location {
                    if let Some(mut list) = unit.attr_locations(attr.value()).unwrap() {
                        while let Some(place) = list.next().unwrap() {
                            let range = place.range.begin..place.range.end;
                            said.locations.push((range, place.data.0.slice().to_vec()));
                        }
                    } else if let Some(expression) = attr.exprloc_value() {
                        said.locations.push((0..0, expression.0.slice().to_vec()));
                    }
                }
            }
            found.push(said);
        }
    }
    found
}

/// File, line and column of an address.
fn position(dwarf: &read::Dwarf<Bytes<'_>>, address: u64) -> Vec<(String, u64, u64)> {
    let mut found = Vec::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next().unwrap() {
        let unit = dwarf.unit(header).unwrap();
        let Some(program) = unit.line_program.clone() else { continue };
        let mut rows = program.rows();
        let mut last: Option<(u64, String, u64, u64)> = None;
        while let Some((header, row)) = rows.next_row().unwrap() {
            if let Some((start, file, line, column)) = last.take()
                && (start..row.address()).contains(&address)
            {
                found.push((file, line, column));
            }
            if !row.end_sequence() {
                let file = row.file(header).unwrap();
                let name = dwarf.attr_line_string(file.path_name()).unwrap();
                let column = match row.column() {
                    gimli::ColumnType::LeftEdge => 0,
                    gimli::ColumnType::Column(column) => column.get(),
                };
                let line = row.line().map_or(0, std::num::NonZero::get);
                last = Some((row.address(), name.to_string_lossy().into(), line, column));
            }
        }
    }
    found
}

fn widen(range: &Range<u32>) -> Range<u64> {
    u64::from(range.start)..u64::from(range.end)
}

#[test]
fn all_that_is_said_of_code_is_converted() {
    for version in [2, 3, 4, 5] {
        for opt_level in [OptLevel::O1, OptLevel::O2, OptLevel::Os] {
            converted(version, opt_level);
        }
    }
}

fn converted(version: u16, opt_level: OptLevel) {
    let plain = wat::parse_str(TEXT).unwrap();
    let (start, funcs) = ranges(&plain);
    let code = |at: u32| plain[start + at as usize];
    assert_eq!(code(funcs[CHANGED].start + MUL), 0x6c);
    assert_eq!(code(funcs[CHANGED].start + BLOCK), 0x02);
    assert_eq!(code(funcs[CHANGED].start + CALL), 0x10);
    assert_eq!(code(funcs[CHANGED].start + DIV), 0x6d);
    assert_eq!(code(funcs[KEPT].start + ADD), 0x6a);
    assert_eq!(code(funcs[TINY].start + REM), 0x70);
    let out = opt(&with_sections(&plain, &describe(&funcs, version)), opt_level);
    assert!(out.warnings.is_empty(), "{:?}", out.warnings);

    let (start, new) = ranges(&out.wasm);
    let module = Module::read(out.wasm.clone()).unwrap();
    let dwarf = load(&module);
    let place = |func: usize, opcode: u8| {
        let bytes = &out.wasm[start + new[func].start as usize..start + new[func].end as usize];
        u64::from(new[func].start) + bytes.iter().rposition(|byte| *byte == opcode).unwrap() as u64
    };
    assert_ne!(new[KEPT].start, funcs[KEPT].start, "it moves");

    // Lines: of what was changed, of what moved, of what was copied from another unit.
    let main = |line| vec![("main.c".to_owned(), line, 7)];
    assert_eq!(position(&dwarf, place(CHANGED, 0x6c)), main(10));
    assert_eq!(position(&dwarf, place(CHANGED, 0x10)), main(12));
    assert_eq!(position(&dwarf, place(CHANGED, 0x6d)), main(13));
    assert_eq!(position(&dwarf, u64::from(new[KEPT].start)), main(20));
    assert_eq!(position(&dwarf, place(KEPT, 0x6a)), main(21));
    assert_eq!(position(&dwarf, place(CALLER, 0x6a)), main(30));
    let other = vec![("other.c".to_owned(), 70, 7)];
    assert_eq!(position(&dwarf, place(CALLER, 0x70)), other);
    assert_eq!(position(&dwarf, place(TINY, 0x70)), other);
    assert_eq!(position(&dwarf, 0), []);

    let entries = entries(&dwarf);
    let entry = |name: &str| entries.iter().find(|entry| entry.name == name).unwrap();
    let tagged = |tag| entries.iter().filter(move |entry| entry.tag == Some(tag));
    // Functions are where they are; the unit is where its functions are.
    for (name, func) in [("changed", CHANGED), ("kept", KEPT), ("caller", CALLER), ("tiny", TINY)] {
        assert_eq!(entry(name).ranges, [widen(&new[func])], "{name}");
    }
    let unit = tagged(dw::DW_TAG_compile_unit).next().unwrap();
    assert_eq!(unit.ranges, [widen(&(new[CHANGED].start..new[CALLER].end))]);
    assert!(!unit.has(dw::DW_AT_GNU_pubnames));
    // What was left out stays left out.
    let dead = entry("dead");
    assert!(!dead.has(dw::DW_AT_low_pc) && !dead.has(dw::DW_AT_high_pc), "{dead:?}");
    assert!(!entry("of_nobody").has(dw::DW_AT_location));
    assert!(!entry("nop").has(dw::DW_AT_low_pc));
    // A block holds its call, and not what is behind it.
    let block = tagged(dw::DW_TAG_lexical_block).next().unwrap();
    let [range] = &block.ranges[..] else { panic!("{block:?}") };
    assert!(range.contains(&place(CHANGED, 0x10)), "{block:?}");
    assert!(!range.contains(&place(CHANGED, 0x6d)), "{block:?}");
    assert!(!range.contains(&place(CHANGED, 0x6c)), "{block:?}");

    // Locals of a function that passes changed may be others; data is where it was.
    assert!(!entry("changed").has(dw::DW_AT_frame_base));
    assert!(!entry("renumbered").has(dw::DW_AT_location));
    let data = vec![(0..0, vec![dw::DW_OP_addr.0, 5, 0, 0, 0])];
    assert_eq!(entry("data").locations, data);
    assert_eq!(entry("inner_static").locations, data);
    // Those of a function that only moved are what they were.
    assert!(entry("kept").has(dw::DW_AT_frame_base));
    assert_eq!(entry("on_stack").locations, [(0..0, vec![dw::DW_OP_fbreg.0, 12])]);
    let kept = u64::from(new[KEPT].start);
    let [(range, expression)] = &entry("listed").locations[..] else { panic!("one place") };
    assert_eq!(*range, kept + 1..kept + u64::from(ADD));
    assert_eq!(expression[..3], [dw::DW_OP_WASM_location.0, 0, 0]);
    let pcs: Vec<_> = tagged(dw::DW_TAG_call_site).flat_map(|site| &site.pcs).collect();
    let returns = (dw::DW_AT_call_return_pc, kept + u64::from(ADD));
    assert!(pcs.contains(&&returns), "{pcs:?}");
    for (name, pc) in pcs {
        // Where the operands of the call begin counts as the call.
        let exact = *name != dw::DW_AT_call_pc || position(&dwarf, *pc) == main(12);
        assert!(exact, "{name} {pc}");
    }
}

#[test]
fn what_is_said_of_code_that_is_gone_is_gone() {
    let plain = wat::parse_str(TEXT).unwrap();
    let (_, funcs) = ranges(&plain);
    let bytes = with_sections(&plain, &describe(&funcs, 4));
    let options =
        OptimizeOptions { renumber: true, opt_level: OptLevel::O2, ..OptimizeOptions::default() };
    let out = optimize(&bytes, &options).unwrap();
    assert!(out.warnings.is_empty(), "{:?}", out.warnings);
    let (start, new) = ranges(&out.wasm);
    assert_eq!(new.len(), funcs.len() - 1, "every call of `$tiny` is a copy of it");
    let module = Module::read(out.wasm.clone()).unwrap();
    let dwarf = load(&module);
    let entries = entries(&dwarf);
    let tiny = entries.iter().find(|entry| entry.name == "tiny").unwrap();
    assert_eq!((&tiny.ranges[..], &tiny.pcs[..]), (&[][..], &[][..]));
    let caller = module.funcs.iter().position(|func| func.name.as_deref() == Some("caller"));
    let caller = &new[caller.unwrap()];
    let code = &out.wasm[start + caller.start as usize..start + caller.end as usize];
    let rem = u64::from(caller.start) + code.iter().position(|byte| *byte == 0x70).unwrap() as u64;
    assert_eq!(position(&dwarf, rem), [("other.c".to_owned(), 70, 7)]);
    // Without passes, locals are what they were wherever the function went.
    let options = OptimizeOptions { opt_level: OptLevel::O0, ..options };
    let out = optimize(&bytes, &options).unwrap();
    let module = Module::read(out.wasm).unwrap();
    let dwarf = load(&module);
    let entries = self::entries(&dwarf);
    for name in ["renumbered", "on_stack", "listed"] {
        let entry = entries.iter().find(|entry| entry.name == name).unwrap();
        assert_eq!(entry.locations.len(), 1, "{name}");
    }
}

#[test]
fn code_that_stays_keeps_its_sections() {
    let plain = wat::parse_str(TEXT).unwrap();
    let (_, funcs) = ranges(&plain);
    let customs = |bytes: &[u8]| Module::read(bytes).unwrap().customs;
    let bytes = with_sections(&plain, &describe(&funcs, 4));
    assert_eq!(customs(&opt(&bytes, OptLevel::O0).wasm), customs(&bytes));
    // Passes that find nothing to do change nothing.
    let done = opt(&opt(&plain, OptLevel::O2).wasm, OptLevel::O2).wasm;
    let mut sections = describe(&funcs, 4);
    sections.push(("sourceMappingURL", b"\x01m".to_vec()));
    let bytes = with_sections(&done, &sections);
    let again = opt(&bytes, OptLevel::O2);
    assert_eq!((customs(&again.wasm), again.warnings.len()), (customs(&bytes), 0));
}

#[test]
fn what_cannot_be_converted_is_left_out_with_a_reason() {
    let plain = wat::parse_str(TEXT).unwrap();
    let (_, funcs) = ranges(&plain);
    let told = |sections: &[(&str, Vec<u8>)]| {
        let out = opt(&with_sections(&plain, sections), OptLevel::O1);
        let module = Module::read(out.wasm).unwrap();
        let left: Vec<_> = module.customs.iter().map(|custom| custom.name.to_string()).collect();
        let [warning] = &out.warnings[..] else { panic!("{:?}", out.warnings) };
        assert_eq!(warning.code, codes::OFFSETS_DROPPED);
        (left, format!("{} {:?}", warning.message, warning.note))
    };
    let good = describe(&funcs, 4);
    let with = |name: &'static str| {
        let mut sections = good.clone();
        sections.push((name, vec![0; 12]));
        sections
    };
    // What is beside the rest goes alone.
    for name in ["sourceMappingURL", "external_debug_info", "metadata.code.trace", ".debug_macro"] {
        let (left, text) = told(&with(name));
        assert!(left.contains(&".debug_info".to_owned()) && !left.contains(&name.to_owned()));
        assert!(text.contains(name) && !text.contains(".debug_info"), "{text}");
    }
    // Tables that debuggers make themselves go without a word.
    let out = opt(&with_sections(&plain, &with(".debug_aranges")), OptLevel::O1);
    assert!(out.warnings.is_empty(), "{:?}", out.warnings);
    assert!(Module::read(out.wasm).unwrap().customs.iter().all(|c| &*c.name != ".debug_aranges"));

    let (left, text) = told(&with(".debug_types"));
    assert!(left.is_empty() && text.contains("type units"), "{left:?} {text}");
    let (left, text) = told(&with(".debug_info"));
    assert!(left.is_empty() && text.contains("two sections"), "{left:?} {text}");
    let mut broken = good.clone();
    for (name, data) in &mut broken {
        if *name == ".debug_abbrev" {
            data.truncate(5);
        }
    }
    let (left, text) = told(&broken);
    assert!(left.is_empty() && text.contains("can't be converted"), "{left:?} {text}");
    let options = OptimizeOptions { strip: true, ..OptimizeOptions::default() };
    let out = optimize(&with_sections(&plain, &with("sourceMappingURL")), &options).unwrap();
    assert_eq!((out.warnings.len(), Module::read(out.wasm).unwrap().customs.len()), (0, 0));
}

#[test]
fn hostile_debug_information_makes_no_panic() {
    const ROUNDS: u64 = 4000;
    let plain = wat::parse_str(TEXT).unwrap();
    let (_, funcs) = ranges(&plain);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut converted = 0;
    for round in 0..ROUNDS {
        let mut sections = describe(&funcs, 2 + (round % 4) as u16);
        for _ in 0..=random(3) {
            let which = random(sections.len());
            let (_, data) = &mut sections[which];
            match random(8) {
                0 => data.truncate(random(data.len() + 1)),
                1 => data.extend_from_within(..),
                kind => {
                    if !data.is_empty() {
                        let at = random(data.len());
                        data[at] = [0, 0xff, 0x7f, 0x80, 1, random(256) as u8][kind - 2];
                    }
                }
            }
        }
        let out = opt(&with_sections(&plain, &sections), OptLevel::O1);
        converted += u64::from(out.warnings.is_empty());
        Module::read(out.wasm).unwrap();
    }
    // Both happen: otherwise the test proves little.
    assert!(converted > ROUNDS / 20 && converted < ROUNDS * 19 / 20, "{converted}");
}

#[test]
fn entries_may_not_be_nested_without_end() {
    let plain = wat::parse_str(TEXT).unwrap();
    // One abbreviation, a block with children, as often as it takes.
    let abbreviations = vec![1, dw::DW_TAG_lexical_block.0 as u8, 1, 0, 0, 0];
    let depth = 200_000;
    let mut info = vec![4, 0, 0, 0, 0, 0, 4];
    info.extend(std::iter::repeat_n(1, depth));
    info.extend(std::iter::repeat_n(0, depth));
    let mut unit = (info.len() as u32).to_le_bytes().to_vec();
    unit.append(&mut info);
    let sections = [(".debug_abbrev", abbreviations), (".debug_info", unit)];
    let out = opt(&with_sections(&plain, &sections), OptLevel::O1);
    assert!(format!("{:?}", out.warnings).contains("nested so deep"), "{:?}", out.warnings);
}
