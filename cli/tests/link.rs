//! `--link`: programs that call modules which somebody else compiled, and what keeps them from it.

mod common;

use common::{Folder, HELLO};

/// Runs `main.swir`, linked with what `flags` says, at each level; gives what it prints, which must be the same.
#[track_caller]
fn runs(folder: &Folder, flags: &str) -> String {
    let [first, rest @ ..] = ["-O0", "-O1", "-O2", "-Os"]
        .map(|level| folder.run(&format!("run main.swir {level} {flags}")).well());
    rest.iter().for_each(|other| assert_eq!(*other, first));
    first
}

/// What is said when `main.swir` is built.
#[track_caller]
fn refused(folder: &Folder, flags: &str) -> String {
    folder.run(&format!("build main.swir -o out.wasm {flags}")).failed(1)
}

const MAIN: &str = "use std::io;\n#[wasm_export(\"_start\")] fn main() { io::println_i32(f()); }\n";

#[test]
fn traps_name_the_text_of_whoever_wrote_it() {
    let folder = Folder::new("link_debug");
    folder.write(
        "lib.swir",
        "static mut calls: i32 = 0;

#[wasm_export(\"divide\")]
fn divide(a: i32, b: i32) -> i32 {
    calls += 1;
    a / b
}

#[wasm_export(\"log2\")]
fn log2(x: i32) -> i32 {
    let mut rest = x;
    let mut sum = 0;
    while rest != 1 {
        rest = divide(rest, 2);
        if rest == 0 {
            return divide(sum, rest);
        }
        sum += 1;
    }
    sum
}
",
    );
    folder.write(
        "main.swir",
        "#[wasm_import(\"lib\", \"divide\")] extern fn divide(a: i32, b: i32) -> i32;
#[wasm_import(\"lib\", \"log2\")] extern fn log2(x: i32) -> i32;
#[wasm_export(\"direct\")] fn direct(x: i32) -> i32 {
    divide(7, x) + 1
}
#[wasm_export(\"through\")] fn through(x: i32) -> i32 {
    log2(x) + 1
}
#[wasm_export(\"own\")] fn own(x: i32) -> i32 {
    direct(x + 1) / x
}
",
    );
    for lib in ["-O0", "-O2"] {
        folder.run(&format!("build lib.swir -o lib.wasm {lib}")).well();
        for level in ["-O0", "-O1", "-O2", "-Os"] {
            folder.run(&format!("build main.swir -o out.wasm {level} --link lib.wasm")).well();
            let trap = |run: &str| folder.run(&format!("run out.wasm --invoke {run}")).failed(134);
            let said = trap("direct -- 0");
            assert!(said.contains(" at lib.swir:6:5\n"), "{level}: {said}");
            let said = trap("through -- 0");
            assert!(said.contains(" at lib.swir:6:5\n"), "{level}: {said}");
            let said = trap("own -- 0");
            assert!(said.contains(" at main.swir:10:5\n"), "{level}: {said}");
        }
    }
    // What can't be converted is not there, and the program's own is.
    let mut lib = std::fs::read(folder.path("lib.wasm")).expect("it was just written");
    lib.extend(b"\0\x0d\x0c.debug_types");
    folder.write("lib.wasm", lib);
    let ran = folder.run("build main.swir -o out.wasm --link lib.wasm");
    assert_eq!(ran.status, 0);
    assert!(ran.stderr.starts_with("warning[SW0707]: `lib`: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("type units"), "{}", ran.stderr);
    let said = folder.run("run out.wasm --invoke own -- 0").failed(134);
    assert!(said.contains(" at main.swir:10:5\n") && !said.contains("lib.swir"), "{said}");
    folder.run("build main.swir -o out.wasm --link lib.wasm --strip").well();
}

#[test]
fn an_extern_function_is_the_modules_export() {
    let folder = Folder::new("link_calls");
    folder.write(
        "lib.wat",
        "(module
           (type $op (func (param i32) (result i32)))
           (global $calls (mut i32) (i32.const 0))
           (table $ops 2 funcref) (elem (table $ops) (i32.const 0) func $double $square)
           (func $double (type $op) (i32.shl (local.get 0) (i32.const 1)))
           (func $square (type $op) (i32.mul (local.get 0) (local.get 0)))
           (func $apply (export \"apply\") (param $which i32) (param $x i32) (result i32)
             (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
             (call_indirect $ops (type $op) (local.get $x) (local.get $which)))
           (func $calls (export \"calls\") (result i32) (global.get $calls))
           (func $nobody (export \"nobody\") (call $alone)) (func $alone))",
    );
    let program = format!(
        "{MAIN}#[wasm_import(\"lib\", \"apply\")] extern fn apply(which: i32, x: i32) -> i32;
#[wasm_import(\"lib\", \"calls\")] extern fn calls() -> i32;
fn double() -> i32 {{ 1000 }}
fn f() -> i32 {{ apply(0, 5) + apply(1, 7) + 100 * calls() + double() }}\n"
    );
    folder.write("main.swir", &program);
    assert_eq!(runs(&folder, "--link lib.wat"), "1259\n");

    // What nobody needs is not there; names are, and tell functions apart.
    let text = folder.run("print main.swir --emit wat -O0 --link lib.wat").well();
    assert!(
        !text.contains("$nobody") && !text.contains("$alone") && !text.contains("\"lib\""),
        "{text}"
    );
    for name in ["$apply", "$double", "$lib::double", "$square", "$calls"] {
        assert!(text.contains(name), "{name} in {text}");
    }

    // The file may have any name, and so may the module.
    folder.write("main.swir", program.replace("\"lib\"", "\"math/2\""));
    assert_eq!(runs(&folder, "--link math/2=lib.wat"), "1259\n");
    // Without it the import stays one.
    assert!(folder.run("build main.swir -o out.wasm").well().is_empty());
    assert!(folder.run("print out.wasm").well().contains("(import \"math/2\" \"apply\""));
}

#[test]
fn a_binary_module_is_linked_and_files_are_told() {
    let folder = Folder::new("link_binary");
    folder.write("lib.wat", "(module (func (export \"f\") (result i32) (i32.const 42)))");
    folder.run("build lib.wat -o lib.wasm").well();
    folder.write(
        "main.swir",
        format!("{MAIN}#[wasm_import(\"lib\", \"f\")] extern fn f() -> i32;\n"),
    );
    assert_eq!(runs(&folder, "--link lib.wasm"), "42\n");
    folder.run("build main.swir -o out.wasm --link lib.wasm --depfile out.d").well();
    assert!(folder.read("out.d").contains("lib.wasm"));
    assert!(refused(&folder, "--link other.wasm").contains("error[SW0701]"));
    assert!(folder.run("build lib.wasm -o x.wasm --link lib.wasm").failed(2).contains("--link"));
    folder.run("build main.swir -o lib.wasm --link lib.wasm").failed(2);
    // The same bytes on one thread and two.
    let build = |threads| {
        folder.run(&format!("build main.swir -O2 -o out.wasm --link lib.wasm -j {threads}")).well();
        std::fs::read(folder.path("out.wasm")).expect("it was just built")
    };
    assert_eq!(build(1), build(2));
}

#[test]
fn small_functions_are_copied_into_their_callers() {
    let folder = Folder::new("link_inline");
    folder.write("lib.wat", "(module (func (export \"twice\") (param $x i32) (result i32) (i32.add (local.get $x) (local.get $x))))");
    folder.write(
        "main.swir",
        "#[wasm_import(\"lib\", \"twice\")] extern fn twice(x: i32) -> i32;\n#[wasm_export(\"f\")] fn f(x: i32) -> i32 { twice(x) }\n",
    );
    let text = folder.run("print main.swir --emit wat --function f --link lib.wat").well();
    assert!(text.contains("(i32.add (local.get $x) (local.get $x))"), "{text}");
    assert_eq!(folder.run("run main.swir --link lib.wat --invoke f -- 21").well(), "42\n");
}

#[test]
fn memories_stay_separate() {
    let folder = Folder::new("link_separate");
    folder.write(
        "lib.wat",
        "(module (memory $memory 1) (data (i32.const 1024) \"\\2a\")
           (func (export \"peek\") (param i32) (result i32) (i32.load8_u (local.get 0)))
           (func (export \"poke\") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
           (func (export \"grow\") (result i32) (memory.grow (i32.const 1))))",
    );
    folder.write(
        "main.swir",
        format!(
            "{MAIN}#[wasm_import(\"lib\", \"peek\")] extern fn peek(at: addr) -> i32;
#[wasm_import(\"lib\", \"poke\")] extern fn poke(at: addr, value: i32);
#[wasm_import(\"lib\", \"grow\")] extern fn grow() -> i32;
static OURS: MemorySegment = data [7i32];
fn f() -> i32 {{
    poke(OURS.address() + 4, 9);
    let theirs = peek(1024);
    poke(OURS.address(), 1);
    10000 * grow() + 1000 * peek(OURS.address() + 4) + 10 * theirs + OURS.i32[0]
}}\n"
        ),
    );
    assert_eq!(runs(&folder, "--link lib.wat"), "19427\n");
}

#[test]
fn a_memory_is_shared_by_who_imports_it() {
    let folder = Folder::new("link_shared");
    let lib = "(module (import \"env\" \"memory\" (memory 4)) (data (i32.const 200000) \"\\05\\06\")
      (func (export \"sum\") (param $at i32) (param $n i32) (result i32) (local $s i32)
        (block $done (loop $more
          (br_if $done (i32.eqz (local.get $n)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (local.set $s (i32.add (local.get $s) (i32.load8_u (i32.add (local.get $at) (local.get $n)))))
          (br $more)))
        (i32.add (local.get $s) (i32.load8_u (i32.const 200001)))))";
    folder.write("lib.wat", lib);
    let program = format!(
        "{MAIN}#[wasm_import(\"lib\", \"sum\")] extern fn sum(at: addr, n: addr) -> i32;
static OURS: MemorySegment = data [1u8, 2u8, 3u8];
fn f() -> i32 {{
    with_memory_allocator |mem| {{
        // What is allocated lies above the other module's data.
        let large = mem.allocate(100000, 1);
        large.fill(1);
        sum(OURS.address(), 3) + sum(large.address(), 100000)
    }}
}}\n"
    );
    folder.write("main.swir", &program);
    assert_eq!(runs(&folder, "--link lib.wat"), "100018\n");
    // The program's module has a name, too.
    folder.write("lib.wat", lib.replace("env", "main"));
    assert_eq!(runs(&folder, "--link lib.wat"), "100018\n");

    folder.write("lib.wat", lib.replace("200000", "1025"));
    let said = refused(&folder, "--link lib.wat");
    assert!(said.starts_with("error[SW0343]: ") && said.contains("1025..1027"), "{said}");
    assert!(said.contains("static data of the program at 1024.."), "{said}");

    folder.write(
        "lib.wat",
        lib.replace("(i32.const 200000)", "(global.get $base)")
            .replace("(data", "(import \"host\" \"base\" (global $base i32)) (data"),
    );
    assert!(refused(&folder, "--link lib.wat").starts_with("error[SW0343]: "));
}

#[test]
fn data_of_two_linked_modules_does_not_overlap() {
    let folder = Folder::new("link_overlap");
    let lib = "(module (import \"env\" \"memory\" (memory 1)) (data (i32.const 5000) \"abcd\") (func (export \"f\") (result i32) (i32.load (i32.const 5000))))";
    folder.write("a.wat", lib);
    folder.write("b.wat", lib.replace("5000", "5003"));
    let program = "#[wasm_import(\"a\", \"f\")] extern fn a() -> i32;\n#[wasm_import(\"b\", \"f\")] extern fn b() -> i32;\n#[wasm_export(\"f\")] fn f() -> i32 { a() ^ b() }\n";
    folder.write("main.swir", program);
    let said = refused(&folder, "--link a.wat --link b.wat");
    assert!(
        said.starts_with("error[SW0343]: data of `a` at 5000..5004 overlaps data of `b` at 5003..5007 in the memory that they share\n"),
        "{said}"
    );
    folder.write("b.wat", lib.replace("5000", "5004"));
    assert_eq!(folder.run("run main.swir --invoke f --link a.wat --link b.wat").well(), "0\n");
    folder.write("b.wat", "(module (memory 1) (data (i32.const 65535) \"ab\") (func (export \"f\") (result i32) (memory.size)))");
    assert!(refused(&folder, "--link a.wat --link b.wat").contains("65535..65537 lies outside"));
}

#[test]
fn imports_of_a_linked_module_are_the_programs_exports_or_another_modules() {
    let folder = Folder::new("link_imports");
    folder.write(
        "a.wat",
        "(module
           (import \"env\" \"callback\" (func $callback (param i32) (result i32)))
           (import \"env\" \"COUNT\" (global $count (mut i32)))
           (import \"b\" \"table\" (table $t 1 funcref))
           (import \"b\" \"memory\" (memory 1))
           (import \"b\" \"base\" (global $base i32))
           (import \"b\" \"oops\" (tag $oops (param i32)))
           (import \"b\" \"throwing\" (func $throwing))
           (elem (i32.const 0) $store)
           (global $twice i32 (global.get $base))
           (data (global.get $base) \"\\07\")
           (func $store (result i32) (i32.load8_u (global.get $twice)))
           (func (export \"run\") (result i32) (local $caught i32)
             (local.set $caught (block $handler (result i32)
               (try_table (catch $oops $handler) (call $throwing))
               (i32.const -1)))
             (global.set $count (i32.add (global.get $count) (local.get $caught)))
             (i32.add (call $callback (i32.const 4)) (call_indirect $t (result i32) (i32.const 0)))))",
    );
    folder.write(
        "b.wat",
        "(module
           (table (export \"table\") 1 funcref) (memory (export \"memory\") 1) (global (export \"base\") i32 (i32.const 16))
           (tag $oops (export \"oops\") (param i32))
           (func (export \"throwing\") (throw $oops (i32.const 2))))",
    );
    folder.write(
        "main.swir",
        format!(
            "{MAIN}#[wasm_import(\"a\", \"run\")] extern fn run() -> i32;
#[wasm_export(\"COUNT\")] static mut COUNT: i32 = 40;
#[wasm_export(\"callback\")] fn callback(x: i32) -> i32 {{ x * 10 }}
fn f() -> i32 {{ let sum = run(); 1000 * COUNT + sum }}\n"
        ),
    );
    assert_eq!(runs(&folder, "--link a.wat --link b.wat"), "42047\n");

    // A module that is not linked, and one that lacks something.
    let said = refused(&folder, "--link a.wat");
    assert!(said.contains("error[SW0342]") && said.contains("memory from `b`"), "{said}");
    folder.write("b.wat", "(module (table (export \"table\") 1 funcref) (memory (export \"memory\") 1) (func (export \"base\")) (global (export \"oops\") i32 (i32.const 1)))");
    let said = refused(&folder, "--link a.wat --link b.wat");
    assert!(said.matches("error[SW0342]").count() >= 3, "{said}");
}

#[test]
fn a_program_is_linked_with_a_program() {
    let folder = Folder::new("link_program");
    folder.write("hello.swir", HELLO.replace("\"_start\"", "\"greet\""));
    folder.run("build hello.swir").well();
    let program = "#[wasm_import(\"hello\", \"greet\")] extern fn greet();\n#[wasm_export(\"_start\")] fn main() { greet(); greet(); }\n";
    folder.write("sub/main.swir", program);
    let said = folder.run_in("sub", "run main.swir --link ../hello.wasm").well();
    assert_eq!(said, "Hello, world!\nHello, world!\n");
}

#[test]
fn start_functions_run_in_order() {
    let folder = Folder::new("link_start");
    let lib = |digit: u32| {
        format!(
            "(module (import \"env\" \"LOG\" (global $log (mut i32))) (start $s) (func $s (global.set $log (i32.add (i32.mul (global.get $log) (i32.const 10)) (i32.const {digit})))))"
        )
    };
    folder.write("a.wat", lib(1)).write("b.wat", lib(2));
    folder.write(
        "main.swir",
        "#[wasm_export(\"LOG\")] static mut LOG: i32 = 0;\n#[start] fn third() { LOG = LOG * 10 + 3; }\n#[wasm_export(\"log\")] fn log() -> i32 { LOG }\n",
    );
    assert_eq!(folder.run("run main.swir --invoke log --link a.wat --link b.wat").well(), "123\n");
    assert_eq!(folder.run("run main.swir --invoke log --link b.wat --link a.wat").well(), "213\n");
    assert_eq!(folder.run("run main.swir --invoke log").well(), "3\n");
}

#[test]
fn a_linked_module_calls_wasi() {
    let folder = Folder::new("link_wasi");
    let lib = "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory 1) (data (i32.const 0) \"\\08\\00\\00\\00\\03\\00\\00\\00hi\\n\")
      (func (export \"hello\") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))";
    folder.write("lib.wat", lib);
    let program = "#[wasm_import(\"lib\", \"hello\")] extern fn hello();\n#[wasm_export(\"_start\")] fn main() { hello(); }\n";
    folder.write("main.swir", program);
    assert_eq!(folder.run("run main.swir --link lib.wat").well(), "hi\n");
    // Two memories cannot both be the one that WASI sees.
    folder.write("main.swir", program.replace("hello(); }", "hello(); std::io::println_i32(1); }"));
    let said = refused(&folder, "--link lib.wat");
    assert!(said.starts_with("error[SW0343]: the program and `lib` call WASI"), "{said}");
}

#[test]
fn what_does_not_fit_is_told_at_the_declaration() {
    let folder = Folder::new("link_errors");
    folder.write(
        "lib.wat",
        "(module (import \"env\" \"back\" (func $back (param i64))) (func (export \"add\") (param i32 i64) (result i32) (call $back (i64.const 1)) (i32.const 1)) (global (export \"g\") i32 (i32.const 1)))",
    );
    let program = "#[wasm_import(\"lib\", \"add\")]
extern fn add(a: i32, b: i32) -> i32;
#[wasm_import(\"lib\", \"ad\")]
extern fn ad(a: i32) -> i32;
#[wasm_import(\"lib\", \"g\")]
extern fn g() -> i32;
#[wasm_export(\"f\")] fn f() -> i32 { add(1, 2) + ad(1) + g() }
#[wasm_export(\"back\")] fn back(x: f32) {}
";
    folder.write("main.swir", program);
    let said = refused(&folder, "--link lib.wat --message-format short");
    let expected =
        "main.swir:2:11: error[SW0341]: `add` of the linked module `lib` has another type\n";
    assert!(said.contains(expected), "{said}");
    assert!(said.contains("main.swir:4:11: error[SW0340]: "), "{said}");
    assert!(said.contains("main.swir:6:11: error[SW0340]: "), "{said}");
    let said = refused(&folder, "--link lib.wat");
    assert!(said.contains("here it is `fn(i32, i32) -> i32`"), "{said}");
    assert!(said.contains("`lib` exports it as `fn(i32, i64) -> i32`"), "{said}");
    assert!(said.contains("did you mean `add`?") && said.contains("is a global there"), "{said}");

    folder.write(
        "main.swir",
        program.replace("b: i32", "b: i64").replace("add(1, 2) + ad(1) + g()", "add(1, 2)"),
    );
    let said = refused(&folder, "--link lib.wat --message-format short");
    assert!(
        said.starts_with("main.swir:8:")
            && said.contains("error[SW0341]: the linked module `lib` imports `back`"),
        "{said}"
    );

    // What the program itself imports, the host provides; what nobody exports is no import by accident.
    let without =
        program.replace("b: i32", "b: i64").replace("add(1, 2) + ad(1) + g()", "add(1, 2)");
    let without =
        without.lines().filter(|line| !line.contains("\"back\"")).collect::<Vec<_>>().join("\n");
    folder.write("main.swir", &without);
    let said = refused(&folder, "--link lib.wat");
    assert!(
        said.starts_with("error[SW0342]: ") && said.contains("wasm_export(\"back\")"),
        "{said}"
    );
    folder.write(
        "main.swir",
        format!("{without}\n#[wasm_import(\"env\", \"back\")] extern fn back(x: i64);\n"),
    );
    folder.run("build main.swir -o out.wasm --link lib.wat").well();
    assert!(folder.run("print out.wasm").well().contains("(import \"env\" \"back\""));

    assert!(refused(&folder, "--link lib.wat --link lib=lib.wat").contains("error[SW0344]"));
    folder.write("bad.wasm", b"\0asm\x0d\0\x01\0");
    assert!(refused(&folder, "--link bad.wasm").contains("error[SW0705]: `bad`: "));
    folder.write("a.wat", "(module (import \"b\" \"f\" (func $f)) (export \"f\" (func $f)))");
    folder.write("b.wat", "(module (import \"a\" \"f\" (func $f)) (export \"f\" (func $f)))");
    folder.write(
        "main.swir",
        "#[wasm_import(\"a\", \"f\")] extern fn a();\n#[wasm_export(\"f\")] fn f() { a() }\n",
    );
    assert!(refused(&folder, "--link a.wat --link b.wat").contains("from each other"));
}

#[test]
fn types_with_identity_stay_the_same() {
    let folder = Folder::new("link_types");
    let types = "(rec (type $list (struct (field $value i32) (field $next (ref null $list)))) (type $f (func (param (ref null $list)) (result i32))))";
    folder.write(
        "a.wat",
        format!(
            "(module {types} (import \"b\" \"sum\" (func $sum (type $f)))
               (global $one (ref $list) (struct.new $list (i32.const 30) (ref.null $list)))
               (func (export \"go\") (result i32) (local $l (ref null $list))
                 (local.set $l (struct.new $list (i32.const 12) (global.get $one)))
                 (call $sum (block $b (result (ref null $list)) (local.get $l)))))"
        ),
    );
    folder.write(
        "b.wat",
        format!(
            "(module (type $other (struct)) {types}
               (func $sum (export \"sum\") (type $f)
                 (if (result i32) (ref.is_null (local.get 0)) (then (i32.const 0))
                   (else (i32.add (struct.get $list $value (local.get 0)) (call_ref $f (struct.get $list $next (local.get 0)) (ref.func $sum)))))))"
        ),
    );
    folder
        .write("main.swir", format!("{MAIN}#[wasm_import(\"a\", \"go\")] extern fn f() -> i32;\n"));
    assert_eq!(runs(&folder, "--link a.wat --link b.wat"), "42\n");
}
