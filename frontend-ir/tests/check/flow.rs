//! Flow: assignment before use, immutability, jumps, what is never reached.

use super::{rendered, table};

#[test]
fn assigned_before_use() {
    table(&[
        ("fn f() -> i32 { let x: i32; x }", "SW0216@1:29"),
        ("fn f() -> i32 { let x: i32; x = 1; x }", ""),
        ("fn f() -> i32 { let x; x = 1; x }", ""),
        ("fn f() -> u8 { let x; x = 1u8; x }", ""),
        ("fn f(c: bool) -> i32 { let x; if c { x = 1; } x }", "SW0216@1:47"),
        ("fn f(c: bool) -> i32 { let x; if c { x = 1; } else { x = 2; } x }", ""),
        ("fn f(c: bool) -> i32 { let x; if c { x = 1; } else { return 2; } x }", ""),
        (
            "fn f(c: u8) -> i32 { let x; match c { 0 => { x = 1; } 1 => { return 0; } _ => x = 2 } x }",
            "",
        ),
        (
            "fn f(c: u8) -> i32 { let x; match c { 0 => { x = 1; } 1 => {} _ => x = 2 } x }",
            "SW0216@1:76",
        ),
        ("fn f(c: bool) -> i32 { let x; while c { x = 1; break; } x }", "SW0216@1:57"),
        ("fn f(n: i32) -> i32 { let mut x; for i in 0..n { x = i; } x }", "SW0216@1:59"),
        ("fn f(c: bool) -> i32 { let x; loop { if c { x = 1; break; } } x }", ""),
        ("fn f(c: bool) -> i32 { let x; loop { if c { break; } x = 1; break; } x }", "SW0216@1:70"),
        ("fn f(c: bool) -> i32 { let x; c && { x = 1; true }; x }", "SW0216@1:53"),
        ("fn f(c: bool) -> i32 { let x; if c && { x = 1; true } { x } else { 0 } }", ""),
        ("fn f(c: bool) -> i32 { let x; if c || { x = 1; true } { x } else { 0 } }", "SW0216@1:57"),
        ("fn f(c: bool) -> i32 { let x; if !(c || { x = 1; true }) { x } else { 0 } }", ""),
        ("fn f(c: bool) -> i32 { let mut x; while !(c && { x = 1; true }) {} x }", ""),
        ("fn f(n: u8) -> i32 { let x; match n { 1 if { x = 2; n > 0 } => x, _ => 0 } }", ""),
        ("fn f() -> i32 { let x: i32; loop { let y = x; x = y; } }", "SW0216@1:44 SW0215@1:47"),
        ("fn f(c: bool) -> i32 { let x; 'a: { if c { x = 1; break 'a; } x = 2; } x }", ""),
        ("fn f() -> i32 { let x: i32; return 1; x }", "SW0251@1:39"),
        (
            "struct P { x: i32, y: i32 }\nfn f() -> i32 { let mut p: P; p.x = 1; p.x }",
            "SW0216@2:31",
        ),
        ("fn f() { let mut x: i32; x += 1; }", "SW0216@1:26"),
        ("fn f() -> i32 { let x: i32; x = x; 0 }", "SW0216@1:33"),
        (
            "fn f() -> i32 { let x: i32; let y = wasm_free(x); y }\nfn wasm_free(x: i32) -> i32 { x }",
            "SW0216@1:47",
        ),
    ]);
}

#[test]
fn immutable() {
    table(&[
        ("fn f() { let x = 1; x = 2; g(x); }\nfn g(x: i32) {}", "SW0215@1:21"),
        ("fn f(x: i32) { x = 2; }", "SW0215@1:16"),
        ("fn f(mut x: i32) -> i32 { x = 2; x }", ""),
        ("fn f() -> i32 { let x; x = 1; x = 2; x }", "SW0215@1:31"),
        ("fn f(c: bool) -> i32 { let x; if c { x = 1; } else { x = 3; } x }", ""),
        ("fn f(c: bool) -> i32 { let x; while c { x = 1; } 2 }", "SW0215@1:41"),
        ("fn f(c: bool) -> i32 { let mut x; while c { x = 1; g(x); } 2 }\nfn g(x: i32) {}", ""),
        ("fn f() -> i32 { let x; loop { x = 1; break; } x }", ""),
        (
            "fn f(c: bool) -> i32 { let x; loop { x = 1; if c { continue; } break; } x }",
            "SW0215@1:38",
        ),
        ("fn f() { for i in 0..3 { i = 1; } }", "SW0215@1:26"),
        ("struct P { x: i32 }\nfn f(p: P) { p.x = 1; }", "SW0215@2:14"),
        ("struct P { x: i32 }\nfn f(mut p: P) -> P { p.x = 1; p.x += 2; p }", ""),
        ("static A: i32 = 1;\nfn f() { A = 2; }", "SW0215@2:10"),
        ("static mut A: i32 = 1;\nfn f() { A = 2; A += 1; main::A -= 1; }", ""),
        ("const A: i32 = 1;\nfn f() { A = 2; }", "SW0217@2:10"),
        ("fn f() { 1 = 2; g() = 3; }\nfn g() -> i32 { 1 }", "SW0217@1:10 SW0217@1:17"),
        ("fn g() {}\nfn f() { g = 3; }", "SW0217@2:10"),
        ("fn f() { with_memory_allocator |mem| { mem = mem; } }", "SW0215@1:40"),
        ("fn f(a: MemorySegment) { a.i32[0] = 1; a.u8[1u64] += 2; }", ""),
    ]);
}

#[test]
fn jumps() {
    table(&[
        ("fn f() { break; }", "SW0218@1:10"),
        ("fn f() { continue; }", "SW0218@1:10"),
        ("fn f() { 'a: { break; } }", "SW0218@1:16"),
        ("fn f() { 'a: { continue 'a; } }", "SW0218@1:16"),
        ("fn f() { loop { break 'b; } }", "SW0218@1:23"),
        ("fn f() { 'outer: loop { loop { break 'outr; } } }", "SW0218@1:38"),
        ("fn f() -> i32 { 'a: loop { loop { break 'a 3; } } }", ""),
        ("fn f() { while true { break 1; } }", "SW0228@1:29"),
        ("fn f() -> i32 { loop { break; } }", "SW0214@1:24"),
        ("fn f() -> i32 { loop { break 1i64; } }", "SW0207@1:30"),
        ("fn f(c: bool) { let _x = loop { if c { break 1u8; } break 2; }; }", ""),
        ("fn f(c: bool) { let _x = loop { if c { break 1; } break 2u8; }; }", ""),
        ("fn f(c: bool) { let _x = loop { if c { break 1u16; } break 2u8; }; }", "SW0207@1:60"),
        ("fn f(c: bool) -> i32 { 'a: { if c { break 'a 1; } 2 } }", ""),
        ("fn f(c: bool) -> i32 { 'a: { if c { break 'a; } 2 } }", "SW0214@1:37"),
        ("fn f() -> i32 { with_memory_allocator |_mem| { return 1; } }", ""),
        ("fn f() -> i32 { loop { with_memory_allocator |_mem| { break 1; } } }", ""),
        ("fn g(x: i32) -> i32 { x }\nfn f(x: i32) -> i32 { become g(x + 1) }", ""),
        ("fn g(x: i32) -> i64 { 1 }\nfn f(x: i32) -> i32 { become g(x) }", "SW0230@2:30"),
        ("fn f(p: extern fn() -> i32) -> i32 { become p() }", ""),
        (
            "impl i32 { fn half(self) -> i32 { self / 2 } }\nfn f(x: i32) -> i32 { become x.half() }",
            "",
        ),
    ]);
}

#[test]
fn never_reached_and_never_read() {
    table(&[
        ("fn f() -> i32 { return 1; 2 }", "SW0251@1:27"),
        ("fn f() { loop {} g(); h(); }\nfn g() {}\nfn h() {}", "SW0251@1:18"),
        ("fn f(c: bool) -> i32 { if c { return 1; } else { return 2; } 3 }", "SW0251@1:62"),
        ("fn f() { let x = 1; }", "SW0250@1:14"),
        ("fn f() { let _x = 1; let _ = 2; }", ""),
        ("fn f() { let mut x = 1; x = 2; }", "SW0250@1:18"),
        ("fn f(x: i32) {}", ""),
        ("fn f() { with_memory_allocator |mem| {} }", "SW0250@1:33"),
        // With a mistake around, nothing is said about what may be its consequence.
        ("fn f() { let x = y; }", "SW0201@1:18"),
        // What could not be read may use it.
        ("fn f() -> i32 { let x = 1; (x, 2) }", "SW0101@1:30"),
    ]);
}

#[test]
fn assigned_in_a_loop_that_may_not_run() {
    for text in [
        "fn f(n: i32) -> i32 { let mut x; for i in 0..n { x = i; } x }",
        "fn f(n: i32) -> i32 { let mut x; while n > 0 { x = 1; } x }",
    ] {
        let said = rendered(text);
        assert!(said.contains("`x` may be read before it is assigned"), "{said}");
    }
}
