//! Attributes, imports, exports, templates and intrinsics.

use super::table;

const LOG: &str = "#[wasm_import(\"host\", \"log\")]";

#[test]
fn attributes() {
    table(&[
        ("#[inlne]\nfn f() {}", "SW0240@1:3"),
        ("#[tool::anything(1, \"x\")]\nfn f() {}", ""),
        ("#[inline]\nstruct S {}", "SW0241@1:1"),
        ("#[inline(often)]\nfn f() {}", "SW0241@1:1"),
        ("#[inline] #[inline(never)]\nfn f() {}", "SW0241@1:11"),
        ("#[cold] #[inline(never)] #[start]\nfn f() {}", ""),
        ("#[start]\nfn f(x: i32) {}", "SW0304@1:1"),
        ("#[at_exit]\nfn f() -> i32 { 1 }", "SW0304@1:1"),
        ("#[wasm_export(\"x\")]\nconst A: i32 = 1;", "SW0241@1:1"),
        ("#[wasm_export(\"x\")]\nstatic A: i32 = 1;", ""),
        ("#[wasm_export(\"x\")]\nstatic A: MemorySegment = data [1];", "SW0241@1:15"),
        ("#[wasm_export]\nfn f() {}", "SW0241@1:1"),
        ("#[inline]\nuse std::io;\nfn f() { io::println(); }", "SW0241@1:1"),
    ]);
}

#[test]
fn imports() {
    table(&[
        (&format!("{LOG}\nextern fn log(x: i32);\nfn f() {{ log(1); }}"), ""),
        ("extern fn log(x: i32);", "SW0301@1:11"),
        (&format!("{LOG}\nextern fn log(x: i32) {{}}"), "SW0302@2:11"),
        (&format!("{LOG}\nfn log(x: i32) {{}}"), "SW0241@1:1"),
        (&format!("{LOG}\nextern fn a(x: i32);\n{LOG}\nextern fn b(x: u32);"), ""),
        (&format!("{LOG}\nextern fn a(x: i32);\n{LOG}\nextern fn b(x: i64);"), "SW0310@4:11"),
        (
            &format!("{LOG}\nextern fn a(x: i32);\n//// b.swir\n{LOG}\nextern fn b() -> i32;"),
            "SW0310@b.swir:2:11",
        ),
        ("#[wasm_import(\"wasi_snapshot_preview1\", \"fd_wrte\")]\nextern fn f();", "SW0312@1:41"),
        ("#[wasm_import(\"wasi_snapshot_preview1\", \"fd_write\")]\nextern fn f();", "SW0313@2:11"),
        (
            "#[wasm_import(\"wasi_snapshot_preview1\", \"fd_write\")]\nextern fn f(a: u32, b: MemorySegment, c: addr) -> u32;",
            "",
        ),
        ("#[wasm_export(\"f\")]\nfn f() {}\n#[wasm_export(\"f\")]\nfn g() {}", "SW0303@3:15"),
        ("#[wasm_export(\"f\")] #[wasm_export(\"g\")]\nfn f() {}", ""),
        ("#[wasm_export(\"memory\")]\nfn f() {}", "SW0303@1:15"),
        ("#[start]\nfn f() {}\n#[start]\nfn g() {}", "SW0303@4:4"),
        ("#[wasm_export(\"_start\")]\nfn main(x: i32) {}", "SW0304@1:15"),
    ]);
}

#[test]
fn templates() {
    table(&[
        ("fn f(a: i32, b: i32) -> i32 = wasm { (i32.add $a $b) };", ""),
        ("fn f(a: i32, b: i32) -> i32 = wasm { (i32.ad $a $b) };", "SW0402@1:39"),
        ("fn f(a: i32, b: i64) -> i32 = wasm { (i32.add $a $b) };", "SW0403@1:39"),
        ("fn f(a: i32, b: i32) -> i64 = wasm { (i32.add $a $b) };", "SW0403@1:38"),
        ("fn f(a: i32, b: i32) -> i32 = wasm { (i32.add $a $a) };", "SW0404@1:50"),
        ("fn f(a: i32, b: i32) -> i32 = wasm { (i32.clz $a) };", "SW0404@1:14"),
        ("fn f(a: i32, _b: i32) -> i32 = wasm { (i32.clz $a) };", ""),
        ("fn f(a: i32) -> i32 = wasm { (i32.add $a $c) };", "SW0404@1:42"),
        ("fn f(a: i32) -> i32 = wasm { (i32.clz $a };", "SW0401@1:30"),
        // Templates see what a value is made of.
        ("fn f(a: MemorySegment) -> addr = wasm { $a.size };", ""),
        ("struct P { x: f64, y: f64 }\nfn f(p: P) -> f64 = wasm { (f64.add $p.x $p.y) };", ""),
        ("struct P { x: f64, y: f64 }\nfn f(p: P) -> f64 = wasm { $p };", "SW0404@2:28"),
        ("struct P { x: f64, y: f64 }\nfn f(p: P) -> f64 = wasm { $p.z };", "SW0206@2:28"),
        ("struct P { x: f64, y: f64 }\nfn f(p: P) -> P = wasm { $p.y $p.x };", ""),
        ("fn g(x: i32) -> i32 { x }\nfn f(a: i32) -> i32 = wasm { (call $g $a) };", ""),
        ("fn g(x: i64) -> i32 { 1 }\nfn f(a: i32) -> i32 = wasm { (call $g $a) };", "SW0403@2:31"),
        ("fn f(a: i32) -> i32 = wasm { (call $g $a) };", "SW0201@1:36"),
        (
            "fn g(x: i32) -> i32 = wasm { $x };\nfn f(a: i32) -> i32 = wasm { (call $g $a) };",
            "SW0401@2:36",
        ),
        ("static mut S: i32 = 1;\nfn f(a: i32) = wasm { (global.set $S $a) };", ""),
        ("static S: i32 = 1;\nfn f(a: i32) = wasm { (global.set $S $a) };", "SW0403@2:24"),
        ("fn f() -> i32 { let x: i32 = wasm { (i32.const 1) }; x }", ""),
        ("fn f() { let x = wasm { (i32.const 1) }; }", "SW0406@1:18"),
        ("fn f(x: i32) -> i32 { wasm { (i32.popcnt $x) } }", ""),
        (
            "fn f() { wasm { (nop) }; wasm { (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)) } }",
            "",
        ),
        ("fn f(x: u8) -> u8 { x + wasm { (i32.const 300) } }", ""),
        ("const N: i32 = 3;\nfn f(x: i32) -> i32 { wasm { (i32.add $x $N) } }", ""),
        ("fn f(x: i32) -> i32 { wasm { (i32.add $x $y) } }", "SW0404@1:42"),
        (
            "fn f(s: MemorySegment) -> i32 = checked(4) wasm { (i32.load $s.address) };",
            "SW0413@1:4",
        ),
    ]);
}

#[test]
fn intrinsics() {
    table(&[
        (
            "#[intrinsic(std::memory::MemorySegment::get_i32)]\nfn load(s: MemorySegment, offset: addr) -> u32;\nfn f(s: MemorySegment) -> u32 { load(s, 4) }",
            "",
        ),
        ("#[intrinsic(std::memory::load_i32)]\nfn load(at: u32) -> u32;", ""),
        ("#[intrinsic(std::memory::load_i32)]\nfn load(at: u32) -> u64;", "SW0411@2:4"),
        (
            "#[intrinsic(std::memory::MemorySegment::get_i32)]\nfn load(a: addr, b: addr, c: addr) -> u32;",
            "SW0411@2:4",
        ),
        ("#[intrinsic(std::memory::load_i33)]\nfn load(at: u32) -> u32;", "SW0201@1:26"),
        ("#[intrinsic(std::io::println)]\nfn load();", "SW0410@1:13"),
        ("#[intrinsic(std::integer::u32::rotate_left)]\nfn rotl(x: u32, by: u32) -> u32;", ""),
        ("#[intrinsic(u32::rotate_left)]\nfn rotl(x: u32, by: u32) -> u32;", ""),
        (
            "#[intrinsic(std::integer::u32::rotate_lfet)]\nfn rotl(x: u32, by: u32) -> u32;",
            "SW0210@1:32",
        ),
        (
            "#[intrinsic(std::float::u32::rotate_left)]\nfn rotl(x: u32, by: u32) -> u32;",
            "SW0203@1:13",
        ),
        ("fn f();", "SW0412@1:4"),
        (
            "#[intrinsic(row)]\nfn f(a: MemorySegment) -> addr;\nfn row(a: addr, b: addr) -> addr = wasm { (addr.add $a $b) };",
            "",
        ),
        (
            "#[intrinsic(row)]\nfn f(a: addr) -> addr;\n#[intrinsic(f)]\nfn row(a: addr) -> addr;",
            "SW0410@1:13 SW0410@3:13",
        ),
        ("#[intrinsic(link.run_at_exit)]\nfn f();", "SW0410@1:1"),
        ("#[intrinsic(config.heap_base)]\nconst A: addr = 0;", "SW0410@1:1"),
        ("#[intrinsic(std::memory::load_i32)]\nfn load(at: u32) -> u32 { 1 }", "SW0241@1:1"),
    ]);
}
