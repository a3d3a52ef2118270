//! Modules that somebody else compiled: `swasm opt` and `swasm print`.

mod common;
#[path = "modules/exceptions.rs"]
mod exceptions;

use common::{Folder, HELLO};

const MODULE: &str = "(module $m
  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
  (memory (export \"memory\") 1)
  (data (i32.const 8) \"hi\")
  (func $double (export \"double\") (param $x i32) (result i32)
    (local $y i32)
    (local.set $y (local.get $x))
    (i32.add (local.get $x) (local.get $y)))
  (func $quit (export \"quit\") (nop) (call $exit (i32.const 2)))
  (@custom \"target_features\" \"\\01+\\04simd\")
  (@custom \"mine\" \"abc\"))
";

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("m.wat", MODULE);
    // With its custom sections where tools want them.
    folder.run("build m.wat -o text.wasm").well();
    folder.run("opt text.wasm -o m.wasm --passes none").well();
    folder
}

fn bytes(folder: &Folder, name: &str) -> Vec<u8> {
    std::fs::read(folder.path(name)).expect("it was just written")
}

/// The same module with a custom section behind it.
fn with_custom(folder: &Folder, name: &str) -> Vec<u8> {
    let mut module = bytes(folder, "m.wasm");
    module.extend([0, name.len() as u8 + 2, name.len() as u8]);
    module.extend(name.as_bytes());
    module.push(0);
    module
}

#[test]
fn a_module_is_optimised() {
    let folder = folder("opt");
    assert_eq!(folder.run("opt m.wasm -o out.wasm -O2").well(), "");
    assert!(bytes(&folder, "out.wasm").len() < bytes(&folder, "m.wasm").len());
    assert_eq!(folder.run("run out.wasm --invoke double -- 21").well(), "42\n");
    assert_eq!(folder.run("run out.wasm --invoke quit").failed(2), "");
    let text = folder.run("print out.wasm").well();
    for kept in ["$m", "$double", "$quit", "$x", "target_features", "\"mine\""] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
    // By text, from standard input to standard output, on one thread or more: the same.
    folder.run("opt m.wat -o text.wasm -O2 -j 1").well();
    assert_eq!(bytes(&folder, "text.wasm"), bytes(&folder, "out.wasm"));
    folder.run("opt m.wat -o text.wasm -O2 -j 2").well();
    assert_eq!(bytes(&folder, "text.wasm"), bytes(&folder, "out.wasm"));
    let piped = folder.run_with("opt - -o - -O2", &bytes(&folder, "m.wasm"), &[]).well();
    assert_eq!(piped, String::from_utf8_lossy(&bytes(&folder, "out.wasm")));

    folder.run("opt m.wasm -o strip.wasm -O2 --strip").well();
    let text = folder.run("print strip.wasm").well();
    assert!(!text.contains("$x") && text.contains("target_features"), "{text}");
}

#[test]
fn what_we_compile_is_optimised_too() {
    let folder = Folder::new("opt_ours");
    folder.write("sub/hello.swir", HELLO);
    folder.run_in("sub", "build hello.swir -O0 --strip").well();
    for level in ["1", "2", "s"] {
        folder.run_in("sub", &format!("opt hello.wasm -o out.wasm -O{level}")).well();
        assert_eq!(folder.run("run sub/out.wasm").well(), "Hello, world!\n");
    }
    assert!(bytes(&folder, "sub/out.wasm").len() < bytes(&folder, "sub/hello.wasm").len());
}

#[test]
fn passes_are_chosen() {
    let folder = folder("opt_passes");
    for flags in ["--passes none", "-O0"] {
        folder.run(&format!("opt m.wasm -o out.wasm {flags}")).well();
        assert_eq!(bytes(&folder, "out.wasm"), bytes(&folder, "m.wasm"));
    }
    folder.run("opt m.wasm -o out.wasm --passes propagate,dead").well();
    let text = folder.run("print out.wasm --function double").well();
    assert!(text.contains("(i32.add (local.get $x) (local.get $x))"), "{text}");
    let said = folder.run("opt m.wasm -o out.wasm --passes propagat,dead,nothing").failed(1);
    assert_eq!(said.matches("error[SW0331]").count(), 2, "{said}");
    assert!(said.contains("did you mean `propagate`?"), "{said}");
    assert!(folder.run("opt m.wasm -o out.wasm --passes none,dead").failed(2).contains("none"));
    assert!(folder.run("opt m.wasm -o m.wasm").failed(2).contains("overwritten"));
    folder.run("opt m.wasm").failed(2);
}

#[test]
fn indices_are_given_anew_and_what_is_equal_is_one() {
    let folder = Folder::new("opt_renumber");
    folder.write(
        "m.wat",
        "(module
  (import \"host\" \"unused\" (func $unused))
  (import \"host\" \"used\" (func $used))
  (type $pair (func (param i32 i32)))
  (func $nobody (call $unused))
  (func $a (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func $b (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func (export \"first\") (param i32) (result i32) (call $used) (call $a (local.get 0)))
  (func (export \"second\") (param i32) (result i32) (call $b (call $b (local.get 0))))
  (table 1 funcref) (elem (i32.const 1) func $nobody)
  (@custom \"target_features\" \"\\01+\\04simd\")
  (@custom \"mine\" \"abc\"))
",
    );
    folder.run("build m.wat -o m.wasm").well();
    for flags in ["-O0", "--passes none", "--passes dead"] {
        let ran = folder.run(&format!("opt m.wasm -o out.wasm --renumber {flags}"));
        assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
        assert!(ran.stderr.starts_with("warning[SW0711]: "), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("`mine`") && !ran.stderr.contains("features"),
            "{}",
            ran.stderr
        );
        let text = folder.run("print out.wasm").well();
        assert_eq!(text.matches("i32.mul").count(), 1, "{text}");
        for kept in ["\"unused\"", "\"used\"", "\"first\"", "\"second\"", "target_features"] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        assert!(!text.contains("$pair") && !text.contains("\"mine\""), "{text}");
        // The segment does not fit into its table: to instantiate the module traps, and so it must.
        assert!(text.contains("(elem"), "{text}");
    }
    folder.write(
        "fits.wat",
        folder.read("m.wat").replace("(elem (i32.const 1)", "(elem (i32.const 0)"),
    );
    folder.run("opt fits.wat -o out.wasm --renumber -O0");
    let text = folder.run("print out.wasm").well();
    assert!(!text.contains("(elem") && !text.contains("$nobody"), "{text}");
}

/// A program that traps in a function that is copied into its caller, behind what passes change.
const TRAPS: &str = "#[wasm_export(\"_start\")]
fn main() {
    let mut sum = 0;
    for i in 0..10 {
        sum += share(100, 5 - i);
    }
    use_it(sum);
}

fn share(a: i32, b: i32) -> i32 {
    let whole = a * 2;
    whole / b
}

#[inline(never)]
fn use_it(x: i32) {
    if x > 5 { share(x, 0); }
}
";

#[test]
fn traps_of_an_optimised_module_name_the_text() {
    let folder = Folder::new("opt_traps");
    folder.write("p.swir", TRAPS);
    for build in ["-O0", "-O1", "-O2"] {
        folder.run(&format!("build p.swir -o p.wasm {build}")).well();
        let was = folder.run("run p.wasm").failed(134);
        assert!(was.contains("p.swir:12:5"), "{was}");
        for opt in ["--passes none", "-O1", "-O2", "-Os", "--passes dead,coalesce"] {
            folder.run(&format!("opt p.wasm -o q.wasm {opt}")).well();
            let is = folder.run("run q.wasm").failed(134);
            // Inlining takes away frames; the innermost one is where it was.
            let first = |said: &str| {
                let frame = said.lines().find(|line| line.contains("0: ")).map(str::to_owned);
                frame.and_then(|line| Some(line.split_once(" at ")?.1.to_owned()))
            };
            assert_eq!(first(&is), first(&was), "{build} {opt}: {is}{was}");
        }
    }
}

#[test]
fn positions_are_kept_or_dropped_but_never_wrong() {
    let folder = folder("opt_positions");
    // This is no debug information.
    folder.write("debug.wasm", with_custom(&folder, ".debug_line"));
    folder.run("opt debug.wasm -o out.wasm --passes none").well();
    let sections = |file: &str| {
        let text = folder.run(&format!("print {file}")).well();
        // The last one closes the module.
        let mut lines: Vec<_> =
            text.lines().map(|line| line.trim_end_matches(')').to_owned()).collect();
        lines.sort();
        lines
    };
    assert_eq!(sections("out.wasm"), sections("debug.wasm"));
    let ran = folder.run("opt debug.wasm -o out.wasm");
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.starts_with("warning[SW0707]: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("`.debug_line`"), "{}", ran.stderr);
    assert!(!folder.run("print out.wasm").well().contains(".debug_line"));
    folder.run("opt debug.wasm -o out.wasm --strip").well();
    // Passes that find nothing to do change nothing.
    folder.run("opt m.wasm -o done.wasm -O2").well();
    folder.run("opt done.wasm -o m.wasm -O2").well();
    folder.write("debug.wasm", with_custom(&folder, ".debug_line"));
    folder.run("opt debug.wasm -o out.wasm -O2").well();
    assert!(folder.run("print out.wasm").well().contains(".debug_line"));

    folder.write("object.wasm", with_custom(&folder, "reloc.CODE"));
    assert!(folder.run("opt object.wasm -o out.wasm").failed(1).starts_with("error[SW0708]: "));
    folder.run("opt object.wasm -o out.wasm --passes none").well();
}

#[test]
fn what_is_no_module_is_told() {
    let folder = Folder::new("opt_no_module");
    folder.write("component.wasm", b"\0asm\x0d\0\x01\0");
    folder.write("other.wasm", "GIF89a");
    folder.write("short.wasm", b"\0asm\x01\0\0\0\x01");
    folder.write("text.wat", "(module (func (result i32)))");
    folder.write("bad.wat", "(module (func");
    for verb in ["opt -o out.wasm", "print"] {
        let said = |file: &str| folder.run(&format!("{verb} {file}")).failed(1);
        assert!(
            said("component.wasm").contains("SW0705")
                && said("component.wasm").contains("component")
        );
        assert!(said("other.wasm").contains("begins with the bytes `\\0asm`"));
        assert!(said("short.wasm").starts_with("error[SW0705]: "));
        assert!(said("text.wat").starts_with("error[SW0705]: "));
        assert!(said("bad.wat").starts_with("error[SW0705]: "));
        assert!(said("none.wasm").starts_with("error[SW0701]: "));
    }
    assert!(!folder.path("out.wasm").exists());
}

#[test]
fn parts_are_printed() {
    let folder = folder("print_parts");
    let whole = folder.run("print m.wasm").well();
    folder.write("again.wat", &whole);
    folder.run("build again.wat -o again.wasm").well();
    assert_eq!(folder.run("print again.wasm").well(), whole);

    folder.run("build m.wasm --emit wat=out.wat").well();
    assert_eq!(folder.read("out.wat"), whole);

    let double = folder.run("print m.wasm --function double").well();
    assert!(double.starts_with("(func $double") && !double.contains("quit"), "{double}");
    assert_eq!(folder.run("print m.wasm --function 1").well(), double);
    let both = folder.run("print m.wasm --function quit --function double").well();
    assert!(both.starts_with("(func $quit") && both.ends_with(&double), "{both}");
    let said = folder.run("print m.wasm --function doubel --function exit").failed(1);
    assert!(said.contains("did you mean `double`?") && said.contains("is imported"), "{said}");
    assert_eq!(said.matches("error[SW0709]").count(), 2, "{said}");

    let skeleton = folder.run("print m.wasm --skeleton").well();
    assert!(skeleton.contains("$double") && skeleton.contains("\"memory\""), "{skeleton}");
    assert!(!skeleton.contains("i32.add") && !skeleton.contains("hi"), "{skeleton}");
    folder.run("print m.wasm --skeleton --function double").failed(2);

    // A program is printed as a module first.
    folder.write("f.swir", "#[wasm_export(\"f\")] fn f() -> i32 { 42 }\n");
    assert!(folder.run("print f.swir --emit wat --function f").well().contains("i32.const 42"));
    assert!(folder.run("print f.swir --function f").failed(2).contains("--emit wat"));
}
