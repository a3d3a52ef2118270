//! Test files that must fail, and what they must be told: a testkit that passes everything would pass this repository's tests too.

use std::path::{Path, PathBuf};

use swasm_testkit::{Settings, assert_wat_snapshot, discover, run_file, wat, wat_of};

/// Writes files into a folder of their own.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    for (file, text) in files {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("the target folder can be written");
        std::fs::write(path, text).expect("the target folder can be written");
    }
    folder
}

/// What a test file of this text is told; nothing if it passes.
fn told(name: &str, text: &str) -> String {
    let folder = folder(name, &[("t.swir", text)]);
    run_file(&folder.join("t.swir"), &Settings::new(&folder)).report("t")
}

#[test]
fn values_are_compared() {
    let f = "fn f(x: u8) -> u8 { x + 1 }\nfn g() -> bool { true }\nfn h() -> f64 { 0.0 }\nfn u() {}\nfn c() -> char { 'x' }\n";
    let told = |directive: &str| told("values", &format!("//@ run: {directive}\n{f}"));
    assert_eq!(told("f(1) == 2"), "");
    assert_eq!(told("f(255) == 0"), "");
    assert_eq!(told("f(1) == 3"), "t:1: f(1) returned 2, not 3\n");
    assert_eq!(told("f(254) == -1"), "t:1: f(254) returned 255, not 4294967295\n");
    assert_eq!(told("g() == false"), "t:1: g() returned true, not false\n");
    assert_eq!(told("c() == 'y'"), "t:1: c() returned 'x', not 'y'\n");
    assert_eq!(told("h() == -0.0"), "t:1: h() returned 0.0, not -0.0\n");
    assert_eq!(told("u()"), "");
    assert_eq!(
        told("u() == 1"),
        "t:1: u() returned nothing; 1 values are stated: `run: f() == VALUE`\n"
    );
    assert_eq!(told("f(1)"), "t:1: f(1) returned 2; 0 values are stated: `run: f() == VALUE`\n");
    assert_eq!(told("f() == 2"), "t:1: `f` takes 1 values, 0 are given\n");
    assert_eq!(told("f(x) == 2"), "t:1: `x` is not a value of type i32\n");
    assert_eq!(told("k() == 2"), "t:1: there is no function `k`\n");
}

#[test]
fn traps_are_compared() {
    let f = "fn f(x: i32) -> i32 { 1 / x }\n";
    let told = |directive: &str| told("traps", &format!("//@ {directive}\n{f}"));
    assert_eq!(told("trap: f(0) \"integer divide by zero\" at 2:23"), "");
    assert_eq!(
        told("trap: f(1) \"integer divide by zero\""),
        "t:1: f(1) returned 1, and did not trap: integer divide by zero\n"
    );
    assert!(
        told("trap: f(0) \"integer divide\"")
            .starts_with("t:1: f(0) did not trap as stated\n  expected integer divide\n")
    );
    assert!(
        told("trap: f(0) \"integer divide by zero\" at 2:24")
            .starts_with("t:1: f(0) did not trap at 2:24\n")
    );
    assert!(
        told("run: f(0) == 1").starts_with("t:1: f(0) ended by trap: integer divide by zero\n")
    );
}

#[test]
fn output_is_compared_whole() {
    let main = "#[wasm_export(\"_start\")] fn main() { std::io::println_bytes(b\"one\"); std::process::exit(3); }\n";
    let command = |directives: &str| told("output", &format!("{directives}{main}"));
    assert_eq!(command("//@ stdout: \"one\\n\"\n//@ exit: 3\n"), "");
    assert_eq!(
        command("//@ stdout: \"on\"\n//@ exit: 3\n"),
        "t:1: standard output differs\n  expected \"on\"\n     found \"one\\n\"\n"
    );
    assert_eq!(
        command("//@ exit: 3\n"),
        "t:1: standard output differs\n  expected \"\"\n     found \"one\\n\"\n"
    );
    assert_eq!(command("//@ stdout: \"one\\n\"\n"), "t:1: the command exited with 3, not 0\n");
    let hello = "fn hello() { std::io::println_bytes(b\"one\"); }\n";
    let call = |directives: &str| told("output_of_calls", &format!("{directives}{hello}"));
    assert_eq!(
        call(
            "//@ run: hello()\n//@ stdout: \"one\\n\"\n//@ run: hello()\n//@ stdout: \"one\\n\"\n"
        ),
        ""
    );
    assert_eq!(
        call("//@ run: hello()\n"),
        "t:1: standard output differs\n  expected \"\"\n     found \"one\\n\"\n"
    );
    assert_eq!(
        call("//@ run: hello()\n//@ stdout: \"one\\n\"\n//@ exit: 1\n"),
        "t:1: hello() returned nothing, and did not exit with 1\n"
    );
    assert!(
        call("//@ stdout: \"one\\n\"\n//@ run: hello()\n//@ stdout: \"one\\n\"\n")
            .contains("t:1: the program has no `_start` to run")
    );
}

#[test]
fn a_program_gets_what_directives_give_and_no_time_to_waste() {
    let count = "use std::process;\nfn count() -> addr { with_memory_allocator |mem| { process::args(mem).count() } }\n";
    assert_eq!(told("args", &format!("//@ args: \"a\" \"b\"\n//@ run: count() == 3\n{count}")), "");
    let spin = "//@ fuel: 1000\n//@ trap: spin() \"out of fuel\"\n//@ run: one() == 1\nfn spin() { loop {} }\nfn one() -> i32 { 1 }\n";
    assert_eq!(told("fuel", spin), "");
    let spin = "//@ timeout: 100ms\n//@ fuel: 18446744073709551615\n//@ trap: spin() \"timed out after 100ms\"\nfn spin() { loop {} }\n";
    assert_eq!(told("timeout", spin), "");
}

#[test]
fn diagnostics_are_compared_both_ways() {
    let f = "fn f() -> i32 { 1.5 }\n";
    assert_eq!(told("expected", &format!("{f}//~             ^^^ error[SW0207]\n")), "");
    let said = told("other_code", &format!("{f}//~ error[SW0201]\n"));
    assert!(
        said.contains("t:2: error[SW0201] was not given at t.swir:1")
            && said.contains("t:1: not expected:\nerror[SW0207]"),
        "{said}"
    );
    let said = told("other_column", &format!("{f}//~              ^^ error[SW0207]\n"));
    assert!(
        said.contains("t:2: error[SW0207] was not given at t.swir:1, columns 18 to 19"),
        "{said}"
    );
    let said = told("other_message", &format!("{f}//~ error[SW0207]: mismatch\n"));
    assert!(said.contains("t:2: error[SW0207] was not given at t.swir:1: mismatch"), "{said}");
    let said = told("unexpected", &format!("//@ run: f() == 1\n{f}"));
    assert!(said.contains("t:2: not expected:\nerror[SW0207]"), "{said}");
    let said = told("warning", "//@ run: f()\nfn f() { let x = 1; }\n");
    assert!(said.contains("t:2: not expected:\nwarning["), "{said}");
    let said = told("no_error", "fn f() {} //~ error[SW0207]\n#[wasm_export(\"f\")] fn g() {}\n");
    assert!(said.contains("t:1: error[SW0207] was not given at t.swir:1"), "{said}");
    assert_eq!(told("global", "//@ error[SW0330]\nfn f() {}\n"), "");
}

#[test]
fn code_is_asked_and_held() {
    let f = "fn f() -> i32 { 40 + 2 } // CHECK: i32.const 42\n";
    assert_eq!(told("check", f), "");
    assert!(
        told("check_prefix", &f.replace("const 42", "const 4"))
            .starts_with("t:1: `i32.const 4` is not there")
    );
    assert!(
        told("check_nobody", "fn f() {}\n// CHECK: x\n")
            .contains("t:2: no function follows the check `x`")
    );
    assert_eq!(
        told("no_snapshot", &format!("//@ wat: f\n{f}")),
        "t: no snapshot yet; run with --bless to write it\n"
    );
    assert_eq!(told("no_function", "//@ wat: g\nfn f() {}\n"), "t:1: there is no function `g`\n");
    let size = |limit: u32| {
        told("size", &format!("//@ wasm-size: <= {limit}\n#[wasm_export(\"f\")] fn f() {{}}\n"))
    };
    assert_eq!(size(1000), "");
    assert!(size(10).starts_with("t:1: the module has "), "{}", size(10));
}

#[test]
fn a_snapshot_is_written_once_and_then_compared() {
    let text = "//@ wat: f\n//@ wat(O0): f\nfn f(x: i32) -> i32 { x + 1 + 1 }\n";
    let folder = folder("snapshots_kept", &[("a/t.swir", text)]);
    let test = folder.join("a/t.swir");
    let settings = Settings::new(&folder);
    let bless = Settings { bless: true, ..settings.clone() };
    assert!(!run_file(&test, &settings).passed());
    assert!(run_file(&test, &bless).blessed && !run_file(&test, &bless).blessed);
    assert!(run_file(&test, &settings).passed());
    let snapshot = folder.join("snapshots/a/t.snap");
    let held = std::fs::read_to_string(&snapshot).expect("it was just written");
    assert!(
        held.starts_with(text)
            && held.contains("\n---- wat: f\n(func $f")
            && held.contains("\n---- wat(O0): f\n(func $f"),
        "{held}"
    );
    // Line ends of another system are no difference; another number is.
    std::fs::write(&snapshot, held.replace('\n', "\r\n"))
        .expect("the target folder can be written");
    assert!(run_file(&test, &settings).passed());
    std::fs::write(&snapshot, held.replace("i32.add", "i32.sub"))
        .expect("the target folder can be written");
    let said = run_file(&test, &settings).report("t");
    assert!(
        said.starts_with("t: the snapshot differs; run with --bless to accept\n")
            && said.contains("\n-")
            && said.contains("\n+"),
        "{said}"
    );
}

#[test]
fn what_states_nothing_or_nonsense_fails() {
    assert!(told("nothing", "fn f() {}\n").contains("this file states nothing"));
    assert!(
        told("unknown", "//@ rnu: f()\nfn f() {}\n")
            .starts_with("t:1: there is no directive `rnu`")
    );
    assert!(
        told("check_colon", "//@ run: f()\nfn f() {} // CHECK x\n")
            .starts_with("t:2: `CHECK` needs a colon")
    );
    assert!(told("tilde", "fn f() {} //~ SW0207\n").starts_with("t:1: expected `error[SW0000]`"));
    assert!(
        told("flag", "//@ flags: -O9\n//@ run: f()\nfn f() {}\n")
            .starts_with("t:1: `-O9` is not one of")
    );
    let missing = run_file(Path::new("missing.swir"), &Settings::new("."));
    assert!(missing.report("t").starts_with("t: missing.swir: "), "{missing:?}");
}

#[test]
fn files_of_one_program_are_found_and_no_tests_of_their_own() {
    let main = "//@ run: f() == 3\n//@ module-file: parts/two.swir\nuse one;\nuse two;\nfn f() -> i32 { one::ONE + two::TWO }\n";
    let files = [
        ("m/main.swir", main),
        ("m/one.swir", "pub const ONE: i32 = 1;\n"),
        ("m/parts/two.swir", "pub const TWO: i32 = 2;\n"),
    ];
    let folder = folder("several", &files);
    let tests = discover(&folder).expect("it was just made");
    assert_eq!(tests, [folder.join("m/main.swir")]);
    assert_eq!(run_file(&tests[0], &Settings::new(&folder)).report("t"), "");
}

/// A module with two functions.
fn module() -> swasm_frontend_ir::ir::Module {
    let text = "#[wasm_export(\"f\")] fn f(x: i32) -> i32 { x + 1 }\nfn g() -> i32 { 40 + 2 }\n";
    swasm_frontend_ir::parse("sums.swir", text, swasm_frontend_ir::ModuleId(0)).module
}

#[test]
fn rust_tests_see_the_same_text() {
    assert_wat_snapshot!(module());
    assert_wat_snapshot!(module(), "g");
    assert!(wat(&module()).contains("i32.add") && !wat(&module()).contains("$g"));
    assert!(wat_of(&module(), "g").contains("(i32.const 42)"));
}
