//! Each flag does what its help says, and each misuse is told.

mod common;

use common::{Folder, HELLO};

const ADD: &str = "#[wasm_export(\"add\")] fn add(a: i32, b: i32) -> i32 { a + b }\n";
const SPIN: &str = "#[wasm_export(\"_start\")] fn main() { loop {} }\n";
const BAD: &str = "fn f() -> i32 { 1.5 }\n";

/// A folder with a program that says hello.
fn hello(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("hello.swir", HELLO);
    folder
}

#[test]
fn a_file_is_run() {
    let folder = hello("file_is_run");
    assert_eq!(folder.run("hello.swir").well(), "Hello, world!\n");
    assert_eq!(folder.run("run hello.swir").well(), "Hello, world!\n");
    assert_eq!(folder.run("-O2 hello.swir").well(), "Hello, world!\n");
    assert_eq!(folder.run_with("-", HELLO.as_bytes(), &[]).well(), "Hello, world!\n");
}

#[test]
fn build_writes_a_module_that_runs() {
    let folder = hello("build_writes");
    assert_eq!(folder.run("build hello.swir").well(), "");
    assert_eq!(folder.run("hello.wasm").well(), "Hello, world!\n");
    assert_eq!(folder.run("build hello.swir -o other.wasm").well(), "");
    assert_eq!(folder.run("run other.wasm").well(), "Hello, world!\n");
    assert!(folder.run("build hello.swir -o -").stdout.starts_with("\0asm"));
    assert!(folder.run_with("build -", HELLO.as_bytes(), &[]).well().is_empty());
    assert!(folder.path("out.wasm").is_file());
}

#[test]
fn text_modules_are_taken() {
    let folder = Folder::new("text_modules");
    folder.write("add.wat", "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))");
    assert_eq!(folder.run("run add.wat --invoke add -- 2 3").well(), "5\n");
    assert!(folder.run("print add.wat").well().contains("(i32.add (local.get"));
    assert!(folder.run("build add.wat -o add.wasm").well().is_empty());
    assert_eq!(folder.run("run add.wasm --invoke add -- -2 3").well(), "1\n");
    folder.write("bad.wat", "(module (func");
    assert!(folder.run("run bad.wat").failed(1).contains("error[SW0705]"));
    folder.write("bad.wasm", "no module");
    assert!(folder.run("run bad.wasm").failed(1).starts_with("error[SW070"));
}

#[test]
fn optimisation_levels_and_strip_make_it_smaller() {
    let folder = hello("levels");
    let size = |flags: &str| {
        folder.run(&format!("build hello.swir -o out.wasm {flags}")).well();
        assert_eq!(folder.run("out.wasm").well(), "Hello, world!\n");
        std::fs::metadata(folder.path("out.wasm")).expect("it was just built").len()
    };
    assert!(size("-O2") < size("-O0"));
    assert!(size("-Os --strip") < size("-Os"));
    assert!(size("-O2 --strip") <= 183);
    assert_eq!(size("-O1"), size(""));
    assert!(folder.run("build hello.swir -O9").failed(2).contains("-O"));
}

#[test]
fn memory_modes_differ() {
    let folder = Folder::new("modes");
    let text = "#[wasm_export(\"f\")] fn f(i: i32) -> i32 { with_memory_allocator |mem| { let a = mem.allocate(8, 4); a.i32[0] = 7; a.i32[i] } }";
    folder.write("f.swir", text);
    assert_eq!(folder.run("run f.swir --invoke f -- 0").well(), "7\n");
    assert_eq!(folder.run("run f.swir --memory poison --invoke f -- 0").well(), "7\n");
    assert_eq!(folder.run("run f.swir --memory zero --invoke f -- 0").well(), "7\n");
    assert!(folder.run("run f.swir --invoke f -- 2").failed(134).contains("offset 8 + 4 > size 8"));
    assert!(
        folder
            .run("run f.swir --memory poison --invoke f -- 2")
            .failed(134)
            .contains("offset 8 + 4 > size 8")
    );
    assert!(folder.run("run f.swir --memory unchecked --invoke f -- 2").status == 0);
    assert!(folder.run("run f.swir --memory weak").failed(2).contains("--memory"));
}

#[test]
fn emit_writes_each_form() {
    let folder = hello("emit");
    let ran = folder
        .run("build hello.swir --emit ir=a.swir,tree=a.tree,wat=a.wat,wasm=a.wasm,dep-info=a.d")
        .well();
    assert_eq!(ran, "");
    assert!(folder.read("a.swir").contains("with_memory_allocator |mem| {"));
    assert!(folder.read("a.tree").contains("(func $main"));
    assert!(folder.read("a.wat").starts_with("(module"));
    assert_eq!(folder.read("a.d"), "a.wasm: \\\n  hello.swir\n");
    assert_eq!(folder.run("a.wat").well(), "Hello, world!\n");
    assert_eq!(folder.run("a.swir").well(), "Hello, world!\n");
    // Text without a path goes to standard output, and `-o` names a single output.
    assert!(folder.run("build hello.swir --emit wat").well().starts_with("(module"));
    assert!(folder.run("build hello.swir --emit ir -o b.swir").well().is_empty());
    assert_eq!(folder.read("b.swir"), folder.read("a.swir"));
    assert!(folder.run("build hello.swir --emit elf").failed(2).contains("dep-info"));
}

#[test]
fn outputs_do_not_clash() {
    let folder = hello("clash");
    for words in [
        "build hello.swir --emit ir=x,wat=x",
        "build hello.swir --emit ir=x,wat=./x",
        "build hello.swir -o hello.swir",
        "build hello.swir --emit ir,wat -o x",
        "build hello.swir --emit wasm=x -o y",
        "build hello.swir --emit wat,wat",
        "build hello.swir --emit dep-info --depfile x",
        "build hello.swir --emit wasm=-,wat=-",
        "build hello.swir hello.swir",
    ] {
        let said = folder.run(words).failed(2);
        assert!(said.starts_with("error: "), "{words}: {said}");
    }
    assert_eq!(folder.read("hello.swir"), HELLO);
}

#[test]
fn depfile_names_what_was_read() {
    let folder = Folder::new("depfile");
    folder
        .write("src/main.swir", "use part;\n#[wasm_export(\"_start\")] fn main() { part::f(); }\n");
    folder.write("src/part.swir", "pub fn f() {}\n");
    assert_eq!(folder.run("build src/main.swir -o m.wasm --depfile m.d").well(), "");
    assert_eq!(
        folder.read("m.d"),
        "m.wasm: \\\n  src/main.swir \\\n  src/part.swir\n\nsrc/part.swir:\n"
    );
}

#[test]
fn a_project_needs_no_file_name() {
    let folder = Folder::new("project");
    folder.run("new first").well();
    assert_eq!(folder.run_in("first", "check").well(), "");
    assert_eq!(folder.run_in("first", "build").well(), "");
    assert!(folder.path("first/first.wasm").is_file());
    assert!(folder.run("new first").failed(1).contains("error[SW0704]: `first` is there already"));
    assert!(folder.run("run").failed(1).contains("error[SW0701]"));
    assert!(folder.run("run first").failed(1).contains("error[SW0702]: `first` is a folder"));
}

#[test]
fn dump_after_shows_a_pass() {
    let folder = Folder::new("dump");
    folder.write("add.swir", ADD);
    assert!(folder.run("build add.swir --dump-after lower").well().contains("(i32.add"));
    let said = folder.run("build add.swir --dump-after magic").failed(2);
    let pass = said
        .split("there are lower, ")
        .nth(1)
        .and_then(|rest| rest.split([',', '\n']).next())
        .expect("it names a pass")
        .trim()
        .to_owned();
    assert!(
        folder.run(&format!("build add.swir --dump-after {pass}")).well().contains("(func $add")
    );
    assert!(!folder.path("add.wasm").exists());
}

#[test]
fn timings_are_told_on_standard_error() {
    let folder = hello("timings");
    let ran = folder.run("run hello.swir --timings");
    assert_eq!(ran.stdout, "Hello, world!\n");
    for stage in ["read", "check", "lower", "encode", "compile", "run"] {
        assert!(
            ran.stderr
                .lines()
                .any(|line| line.trim_start().starts_with(stage) && line.ends_with(" ms")),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn messages_have_three_formats() {
    let folder = Folder::new("formats");
    folder.write("bad.swir", BAD);
    assert!(folder.run("check bad.swir").failed(1).contains("\n --> bad.swir:1:17\n"));
    let short = folder.run("check bad.swir --message-format short").failed(1);
    assert!(
        short.starts_with("bad.swir:1:17: error[SW0207]: ") && short.lines().count() == 1,
        "{short}"
    );
    let json = folder.run("check bad.swir --message-format json").failed(1);
    assert!(json.starts_with('{') && json.ends_with("}\n") && json.lines().count() == 1, "{json}");
    for field in
        ["\"level\":", "\"code\":", "\"message\":", "\"spans\":", "\"children\":", "\"rendered\":"]
    {
        assert!(json.contains(field), "{json} lacks {field}");
    }
    assert!(
        folder.run("check bad.swir --message-format xml").failed(2).contains("--message-format")
    );
}

#[test]
fn colours_are_asked_for() {
    let folder = Folder::new("colours");
    folder.write("bad.swir", BAD);
    let colored = |words: &str, variables: &[(&str, &str)]| {
        folder.run_with(words, b"", variables).stderr.contains('\x1b')
    };
    assert!(!colored("check bad.swir", &[]));
    assert!(colored("check bad.swir --color always", &[]));
    assert!(!colored("check bad.swir --color never", &[]));
    assert!(!colored("check bad.swir", &[("NO_COLOR", "1")]));
}

#[test]
fn a_program_sees_what_it_is_given() {
    let folder = Folder::new("given");
    let text = "use std::process;\nuse std::io;\n#[wasm_export(\"_start\")] fn main() { with_memory_allocator |mem| { io::println_addr(process::args(mem).count()); } }\n";
    folder.write("count.swir", text);
    assert_eq!(folder.run("run count.swir").well(), "1\n");
    assert_eq!(folder.run("count.swir -- a b").well(), "3\n");
    let environ = "use std::wasi;
#[wasm_export(\"count\")] fn count() -> u32 { with_memory_allocator |mem| {
    let out = mem.allocate(8, 4); wasi::environ_sizes_get(out.address(), out.address() + 4); out.get_u32(0) } }\n";
    folder.write("env.swir", environ);
    assert_eq!(folder.run("run env.swir --invoke count").well(), "0\n");
    assert_eq!(folder.run("run env.swir --env A=1 --env B=2 --invoke count").well(), "2\n");
    assert_eq!(
        folder.run_with("run env.swir --env SEEN --invoke count", b"", &[("SEEN", "1")]).well(),
        "1\n"
    );
    assert!(
        folder
            .run("run env.swir --env NOT_SET_HERE --invoke count")
            .failed(2)
            .contains("NOT_SET_HERE")
    );
    let prestat = "#[wasm_import(\"wasi_snapshot_preview1\", \"fd_prestat_get\")] extern fn fd_prestat_get(fd: i32, out: addr) -> i32;
#[wasm_export(\"dir\")] fn dir() -> i32 { with_memory_allocator |mem| { fd_prestat_get(3, mem.allocate(8, 4).address()) } }\n";
    folder.write("dir.swir", prestat);
    assert_eq!(folder.run("run dir.swir --invoke dir").well(), "8\n");
    assert_eq!(folder.run("run dir.swir --dir . --invoke dir").well(), "0\n");
    assert_eq!(folder.run("run dir.swir --dir .::guest --invoke dir").well(), "0\n");
    assert!(folder.run("run dir.swir --dir missing --invoke dir").failed(1).contains("missing"));
}

#[test]
fn invoke_calls_an_export_with_values() {
    let folder = Folder::new("invoke");
    folder.write("add.swir", ADD);
    assert_eq!(folder.run("run add.swir --invoke add -- 2 -3").well(), "-1\n");
    assert!(
        folder
            .run("run add.swir --invoke add -- 2")
            .failed(2)
            .contains("takes (i32, i32) -> (i32)")
    );
    assert!(folder.run("run add.swir --invoke add -- 2 x").failed(2).contains("`x`"));
    let said = folder.run("run add.swir --invoke ad").failed(1);
    assert!(
        said.contains("error[SW0706]: the module exports no function `ad`") && said.contains("add"),
        "{said}"
    );
    assert!(folder.run("run add.swir").failed(1).contains("_start"));
}

#[test]
fn a_program_is_limited() {
    let folder = Folder::new("limits");
    folder.write("spin.swir", SPIN);
    assert!(folder.run("run spin.swir --fuel 100000").failed(134).starts_with("trap: out of fuel"));
    assert!(
        folder
            .run("run spin.swir --timeout 200ms")
            .failed(134)
            .starts_with("trap: timed out after 200ms")
    );
    folder.write("grow.swir", "#[wasm_export(\"f\")] fn f() -> addr { with_memory_allocator |mem| { mem.allocate(1000000, 4).size() } }");
    assert_eq!(folder.run("run grow.swir --invoke f").well(), "1000000\n");
    assert!(
        folder
            .run("run grow.swir --max-memory 512K --invoke f")
            .failed(134)
            .contains("out of memory")
    );
    for words in ["--fuel x", "--timeout 2", "--max-memory 1T"] {
        assert!(folder.run(&format!("run spin.swir {words}")).status == 2, "{words}");
    }
}

#[test]
fn a_programs_status_is_ours() {
    let folder = Folder::new("status");
    folder.write("exit.swir", "#[wasm_export(\"_start\")] fn main() { std::process::exit(42); }\n");
    assert_eq!(folder.run("exit.swir").failed(42), "");
    folder.write("trap.swir", "#[wasm_export(\"_start\")] fn main() { wasm { (unreachable) } }\n");
    assert!(
        folder
            .run("trap.swir")
            .failed(134)
            .starts_with("trap: unreachable\n   0: main at trap.swir:1:")
    );
}

#[test]
fn fmt_lays_out_and_checks() {
    let folder = Folder::new("fmt");
    folder.write("src/a.swir", "fn  f( ) -> i32{ 1 } // one\n");
    let said = folder.run("fmt --check").failed(1);
    assert_eq!(said, "src/a.swir is not formatted\n");
    assert_eq!(folder.run("fmt").well(), "");
    assert_eq!(folder.read("src/a.swir"), "fn f() -> i32 { 1 } // one\n");
    assert_eq!(folder.run("fmt --check").well(), "");
    assert_eq!(folder.run_with("fmt -", b"fn  f() {}", &[]).well(), "fn f() {}\n");
    folder.write("src/bad.swir", "fn f( {");
    assert!(folder.run("fmt").failed(1).contains("src/bad.swir:1:"));
    assert_eq!(folder.read("src/bad.swir"), "fn f( {");
}

#[test]
fn print_shows_a_program() {
    let folder = Folder::new("print");
    folder.write("add.swir", ADD);
    let ir = folder.run("print add.swir").well();
    assert!(ir.contains("fn add(a: i32, b: i32) -> i32 {"), "{ir}");
    assert!(folder.run("print add.swir --emit tree -O0").well().contains("(local.get $a)"));
    assert!(folder.run("print add.swir --emit wat").well().starts_with("(module"));
    assert!(folder.run("print missing.swir").failed(1).contains("error[SW0701]"));
}

#[test]
fn explain_knows_every_code() {
    let folder = Folder::new("explain");
    let one = folder.run("explain SW0207").well();
    assert!(one.starts_with("SW0207: ") && one.contains("```swir"), "{one}");
    assert_eq!(folder.run("explain sw0207").well(), one);
    assert!(folder.run("explain").well().lines().any(|line| line.starts_with("SW0701: ")));
    assert!(folder.run("explain SW9999").failed(2).contains("SW9999"));
}

#[test]
fn tests_are_chosen() {
    let folder = Folder::new("tests_chosen");
    folder.write("tests/a.swir", "//@ run: f() == 1\nfn f() -> i32 { 1 }\n");
    folder.write("tests/deep/b.swir", "//@ run: f() == 1\nfn f() -> i32 { 2 }\n");
    assert_eq!(folder.run("test tests/a.swir").well(), "1 passed, 0 failed\n");
    assert_eq!(folder.run("test --filter a.swir").well(), "1 passed, 0 failed\n");
    let both = folder.run("test");
    assert_eq!(both.status, 1);
    assert_eq!(
        both.stdout,
        "tests/deep/b.swir: FAILED\ntests/deep/b.swir:1: f() returned 2, not 1\n1 passed, 1 failed\n"
    );
    assert!(folder.run("test --filter nothing").failed(1).contains("no test was found"));
    assert!(folder.run("test missing").failed(1).contains("error[SW0701]"));
    folder.write("tests/a.swir", "fn f() -> i32 { 1 }\n");
    assert!(folder.run("test tests/a.swir").stdout.contains("this file states nothing"));
}

#[test]
fn files_that_cannot_be_read_are_all_told() {
    let folder = Folder::new("unreadable");
    folder
        .write("bad.swir", BAD)
        .write("latin.swir", b"// caf\xe9\nfn f() {}\n")
        .write("empty.swir", "")
        .write("folder/x.swir", "");
    let said = folder
        .run("check missing.swir folder latin.swir empty.swir bad.swir --message-format short")
        .failed(1);
    for expected in [
        "error[SW0701]",
        "error[SW0702]",
        "latin.swir:1:7: error[SW01",
        "empty.swir:1:1: error[SW01",
        "bad.swir:1:17: error[SW0207]",
    ] {
        assert!(said.contains(expected), "{said}\nlacks {expected}");
    }
}

#[test]
fn the_command_line_is_checked() {
    let folder = Folder::new("usage");
    assert!(folder.run("chek").failed(2).contains("check"));
    assert!(folder.run("check --no-such-flag").failed(2).contains("--no-such-flag"));
    assert!(folder.run("").status == 2);
    assert!(folder.run("--help").well().contains("swasm FILE"));
    assert!(folder.run("--version").well().starts_with("swasm "));
}

#[test]
fn bytes_do_not_depend_on_the_folder() {
    let (one, other) = (hello("here"), hello("somewhere/quite/else"));
    for folder in [&one, &other] {
        folder.run("build hello.swir -O0 -o hello.wasm").well();
    }
    let bytes =
        |folder: &Folder| std::fs::read(folder.path("hello.wasm")).expect("it was just built");
    assert!(bytes(&one) == bytes(&other));
}
