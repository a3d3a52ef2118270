//! Frames name file, line and column when the module has DWARF, written here byte by byte.

use crate::{engine, trap};
use swasm_executor::{Instance, Limits, Module, Wasi};

/// A custom section.
fn section(name: &str, contents: &[u8]) -> Vec<u8> {
    let mut section = vec![0, u8::try_from(1 + name.len() + contents.len()).expect("short")];
    section.push(u8::try_from(name.len()).expect("short"));
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(contents);
    section
}

/// Contents behind their 32-bit length.
fn unit(contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).expect("short");
    [&length.to_le_bytes()[..], contents].concat()
}

/// Where the contents of the code section begin, in bytes from the start of the module.
fn code_start(module: &[u8]) -> usize {
    let mut at = 8;
    while module[at] != 10 {
        assert!(module[at + 1] < 128, "the test's sections are short");
        at += 2 + usize::from(module[at + 1]);
    }
    at + 2
}

/// DWARF 4 with a line table: each row is an address in the code section, a line and a column.
fn dwarf(file: &str, rows: &[(usize, u8, u8)]) -> Vec<u8> {
    const END: u8 = 127;
    // One compile unit without children: line table, low and high pc.
    let abbreviations = [1, 0x11, 0, 0x10, 0x17, 0x11, 0x01, 0x12, 0x06, 0, 0, 0];
    let info = [4, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, END, 0, 0, 0];

    let mut header = vec![1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0];
    header.extend_from_slice(file.as_bytes());
    header.extend_from_slice(&[0, 0, 0, 0, 0]);
    let mut program = Vec::new();
    let mut last_line = 1;
    for &(address, line, column) in rows {
        // Set the address, the column and the line, and add a row.
        program.extend_from_slice(&[0, 5, 2]);
        program.extend_from_slice(&u32::try_from(address).expect("short").to_le_bytes());
        program.extend_from_slice(&[5, column, 3, (line - last_line) & 0x7f, 1]);
        last_line = line;
    }
    program.extend_from_slice(&[0, 5, 2, END, 0, 0, 0, 0, 1, 1]);
    let lines = [&[4, 0][..], &unit(&header), &program].concat();

    let mut sections = section(".debug_abbrev", &abbreviations);
    sections.extend(section(".debug_info", &unit(&info)));
    sections.extend(section(".debug_line", &unit(&lines)));
    sections
}

#[test]
fn frames_name_file_line_and_column() {
    let text = r#"(module
        (func $divide (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
        (func $main (export "f") (drop (call $divide (i32.const 0)))))"#;
    let plain = wat::parse_str(text).expect("valid");
    let run = |bytes: &[u8]| {
        let module = Module::compile(&engine(), bytes).expect("valid");
        let mut guest = Instance::new(&module, Wasi::new(), Limits::new()).expect("an instance");
        trap(&mut guest, "f")
    };
    let addresses: Vec<usize> = run(&plain)
        .frames
        .iter()
        .map(|frame| frame.offset.expect("an offset") - code_start(&plain))
        .collect();
    let rows = [(addresses[0], 2, 41), (addresses[1], 9, 5)];
    let dwarf = dwarf("src/main.swir", &rows);
    assert!(dwarf.len() < 200, "{} bytes", dwarf.len());

    let trap = run(&[plain, dwarf].concat());
    assert_eq!(
        format!("{trap:#}"),
        "integer divide by zero\n   \
            0: divide at src/main.swir:2:41\n   \
            1: main at src/main.swir:9:5"
    );
    let frame = &trap.frames[1];
    assert_eq!(frame.file.as_deref(), Some("src/main.swir"));
    assert_eq!((frame.line, frame.column), (Some(9), Some(5)));
}

#[test]
fn broken_debug_information_costs_only_itself() {
    let text = r#"(module (func $main (export "f") unreachable))"#;
    let plain = wat::parse_str(text).expect("valid");
    let good = dwarf("a", &[(0, 1, 1)]);
    for at in 0..good.len() {
        // A section whose own length is wrong makes an invalid module; the rest must not matter.
        let mut changed = good.clone();
        changed[at] ^= 0x55;
        let Ok(module) = Module::compile(&engine(), &[&plain[..], &changed].concat()) else {
            continue;
        };
        let mut guest = Instance::new(&module, Wasi::new(), Limits::new()).expect("an instance");
        assert_eq!(trap(&mut guest, "f").message(), "unreachable");
    }
}
