//! A language implementer's first five minutes: a module is built and linked; wrong calls are told with their own lines; the stages show.

use std::process::Command;

use swasm::builder::ModuleBuilder;
use swasm::ir::ValueType::{Addr, F64, I32};
use swasm::{EMIT_VARIABLE, Link, Options, Program};

fn hello() -> ModuleBuilder {
    let mut module = ModuleBuilder::new("hello");
    let write = module.extern_function("fd_write").import("wasi_snapshot_preview1", "fd_write");
    write
        .param("fd", I32)
        .param("iovs", Addr)
        .param("count", I32)
        .param("written", Addr)
        .result(I32)
        .declare();
    module.function("main").export("_start").body(|f| {
        f.scope("mem", |mem| {
            let text = f.bind("text", b"Hello, world!\n");
            let iov = f.bind("iov", mem.method("allocate", (12, 4)));
            iov.method("set_addr", (0, text.method("address", ())));
            iov.method("set_addr", (4, text.method("size", ())));
            f.call("fd_write", (1, iov.method("address", ()), 1, iov.method("address", ()) + 8));
        });
    });
    module
}

#[test]
fn a_built_module_becomes_what_the_text_becomes() {
    let built = hello()
        .link()
        .and_then(|linked| linked.to_wasm())
        .unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(built.starts_with(b"\0asm"));
    let strip = Options { strip: true, ..Options::default() };
    let stripped = hello()
        .link()
        .and_then(|linked| linked.options(strip.clone()).to_wasm())
        .unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut program = Program::new();
    program.text("hello.swir", include_str!("../../examples/hello.swir"));
    let text = program
        .check()
        .and_then(|checked| checked.link(&strip))
        .unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(stripped == text.wasm);
}

#[test]
fn mistakes_name_the_calls_that_made_them() {
    let mut module = ModuleBuilder::new("wrong");
    let line = line!() + 1;
    module.function("f").param("x", F64).result(I32).value(|f| f.param(0).read());
    module.function("g").body(|f| {
        f.call("unknown", ());
        f.param(3);
    });
    let wrong = module.link().expect_err("it is full of mistakes");
    let said = wrong.short();
    let file = file!();
    assert!(
        said.lines()
            .any(|told| told.starts_with(&format!("{file}:{line}:"))
                && told.contains("error[SW0207]")),
        "{said}"
    );
    let told_at = |line: u32| {
        said.lines()
            .any(|told| told.starts_with(&format!("{file}:{line}:")) && told.contains("error[SW"))
    };
    assert!(told_at(line + 2) && told_at(line + 3), "{said}");
    // `main() -> Result<(), Diagnostics>` shows it as it is meant to be read.
    assert!(format!("{wrong:?}").contains("error[SW0207]: "), "{wrong:?}");
}

#[test]
fn nothing_is_said_in_json_that_is_not_an_object_a_line() {
    let mut program = Program::new();
    program.text("bad.swir", "fn f() -> i32 { 1.5 }\nfn g() -> i32 { x }");
    let wrong = program.check().expect_err("it is wrong twice");
    let json = wrong.json();
    assert_eq!(json.lines().count(), wrong.iter().count());
    assert!(json.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{json}");
}

/// A front end's own rows are a module in text; its stubs are bound to them, and the calls become the templates.
#[test]
fn a_front_end_brings_its_own_intrinsics() {
    let mut program = Program::new();
    program.text("rows.swir", "pub fn swap_sign(x: f64) -> f64 = wasm { (f64.neg $x) };");
    program.text(
        "main.swir",
        "#[intrinsic(rows::swap_sign)] fn negate(x: f64) -> f64;\n#[wasm_export(\"f\")] fn f(x: f64) -> f64 { negate(x) }",
    );
    let print = swasm::Print { stage: swasm::Stage::Final, function: None };
    let options = Options { prints: vec![print], ..Options::default() };
    let artifact = program
        .check()
        .and_then(|checked| checked.link(&options))
        .unwrap_or_else(|wrong| panic!("{wrong}"));
    let texts: Vec<&str> = artifact.prints.iter().map(|print| print.text.trim_end()).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("(f64.neg (local.get $x))"), "{texts:?}");
}

const SHOWN: &str = "shows_stages_when_asked";

/// Runs in a process of its own: see below.
#[test]
fn shows_stages_when_asked() {
    let wasm = hello().link().and_then(|linked| linked.to_wasm());
    assert!(wasm.is_ok(), "{wasm:?}");
}

#[test]
fn a_variable_shows_the_stages() {
    let run = |value: &str| {
        let this = std::env::current_exe().expect("a test is a file");
        let output = Command::new(this)
            .args([SHOWN, "--exact", "--nocapture"])
            .env(EMIT_VARIABLE, value)
            .output();
        String::from_utf8_lossy(&output.expect("this test runs itself").stderr).into_owned()
    };
    let all = run("ir,tree,wat");
    for part in [
        ";; ir\nmodule hello;",
        ";; tree\n",
        ";; wat\n",
        "(func $main",
        "with_memory_allocator |mem| {",
    ] {
        assert!(all.contains(part), "{all}\nlacks {part}");
    }
    assert!(!run("").contains(";;"));
    assert!(run("clif").contains("SWASM_EMIT knows ir, tree and wat, not `clif`"));
}

#[test]
fn many_mistakes_are_counted_not_shown() {
    let mut program = Program::new();
    program.text(
        "bad.swir",
        (0..300).map(|n| format!("fn f{n}() -> i32 {{ x }}\n")).collect::<String>(),
    );
    let wrong = program.check().expect_err("it is wrong in each function");
    assert_eq!(wrong.iter().count(), 300);
    assert_eq!(wrong.human(false).matches("error[").count(), swasm::MAX_SHOWN);
    assert!(wrong.human(false).ends_with("\n200 more are not shown\n"));
    assert_eq!(wrong.short().lines().count(), 300);
}
