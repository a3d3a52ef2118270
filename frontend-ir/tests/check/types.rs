//! Types of expressions: literals take those of their places, operators want one type.

use super::table;

#[test]
fn literals_take_the_type_of_their_place() {
    table(&[
        ("fn f() -> u8 { 255 }", ""),
        ("fn f() -> u8 { 256 }", "SW0209@1:16"),
        ("fn f() -> i8 { -128 }", ""),
        ("fn f() -> i8 { 128 }", "SW0209@1:16"),
        ("fn f() -> i8 { -129 }", "SW0209@1:16"),
        ("fn f() -> u32 { -1 }", "SW0209@1:17"),
        ("fn f() -> u64 { 0xffffffffffffffff }", ""),
        ("fn f() { let _x = 5000000000; }", "SW0209@1:19"),
        ("fn f(x: u64) -> bool { 5000000000 < x && x > 5000000000 }", ""),
        ("fn f(x: u64) -> u64 { (1 + 2) * 5000000000 + x }", ""),
        ("fn f(x: u64) -> bool { 1 + 2 * (5000000000 - 1) == x }", ""),
        ("fn f(x: i8) -> bool { -(100 + 28) == x }", ""),
        ("fn f(x: u8) -> bool { -(1 + 2) == x }", "SW0231@1:23"),
        ("fn f(x: u64) -> u64 { let y = { 5000000000 } + x; y }", ""),
        (
            "fn f(c: bool, x: u64) -> bool { x == if c { 5000000000 } else { 1 } && (if c { 5000000000 } else { 1 }) == x }",
            "",
        ),
        ("fn f(c: bool, x: u64) -> u64 { if c { 1 } else { x } }", ""),
        (
            "fn f(c: u8, x: u64) { let mut _y = match c { 0 => 1, 1 => x, _ => 5000000000 }; _y = x; }",
            "",
        ),
        (
            "fn f(c: u8, x: u64) { let mut _y = match c { 0 => 1, 1 => 2, _ => 3 }; _y = x; }",
            "SW0207@1:77",
        ),
        // A shift count is no operand that the left one's type is for.
        ("fn f(x: u8, by: u32) -> u8 { x >> (0 - by) }", ""),
        ("fn f(x: u8, by: u32) -> u8 { 1 << 0 - by & x }", ""),
        ("fn f() -> f64 { 1 }", "SW0207@1:17"),
        ("fn f(x: f32) -> f32 { x * 2 }", "SW0207@1:27"),
        ("fn f(x: f32) -> f32 { 2.5 * x }", ""),
        ("fn f() -> f32 { 1e39 }", "SW0209@1:17"),
        ("fn f(x: f32) -> bool { 1e39 > x }", "SW0209@1:24"),
        ("fn f() -> i32 { 1.5 }", "SW0207@1:17"),
        ("fn f() -> f64 { 1f64 }", ""),
        ("fn f() -> i64 { 1u8 }", "SW0207@1:17"),
        ("fn f() -> bool { 1 }", "SW0207@1:18"),
        ("fn f() -> bool { 1 + 1.5 == 2.5 }", "SW0207@1:22"),
        ("struct S { x: u8 }\nfn f() -> S { S { x: 300 } }", "SW0209@2:22"),
        ("fn g(x: u8) {}\nfn f() { g(300); }", "SW0209@2:12"),
        ("fn f(x: u8) -> u8 { x << 300 }", ""),
        ("fn f(mut x: u64) -> u64 { x += 5000000000; x <<= 3; x }", ""),
        ("fn f() -> u64 { loop { break 5000000000; } }", ""),
        ("fn f(x: u64) { let mut _y = 'a: { if x > 1 { break 'a 1; } x }; _y = x; }", ""),
        ("fn f(n: u64) { for i in 0..n { g(i); } }\nfn g(x: u64) {}", ""),
        ("fn f() { for i in 0..5000000000u64 { g(i); } }\nfn g(x: u64) {}", ""),
        ("fn f() -> i32 { \"text\" }", "SW0233@1:17"),
        ("fn f() -> u8 { b'x' }\nfn g() -> char { 'x' }\nfn h() -> MemorySegment { b\"x\" }", ""),
        ("fn f() -> addr { 4294967295 }\nfn g() -> addr { 4294967296 }", "SW0209@2:18"),
    ]);
}

#[test]
fn operators() {
    table(&[
        ("fn f(a: i32, b: i64) -> i32 { a + b }", "SW0207@1:35"),
        ("fn f(a: i32, b: i64) -> bool { a < b }", "SW0207@1:36"),
        ("fn f(a: bool, b: bool) -> bool { a & b | a ^ b && !a || a != b }", ""),
        ("fn f(a: bool, b: bool) -> bool { a + b }", "SW0211@1:34"),
        ("fn f(a: f64) -> f64 { a % 2.0 }", "SW0211@1:23"),
        ("fn f(a: f64) -> f64 { a & a }", "SW0211@1:23"),
        ("fn f(a: f64) -> f64 { a << 1 }", "SW0211@1:23"),
        ("fn f(a: i32) -> i32 { a << 1.0 }", "SW0211@1:28"),
        ("fn f(a: i32, b: u8) -> i32 { a << b }", ""),
        ("fn f(a: char) -> char { a + a }", "SW0211@1:25"),
        ("fn f(a: char, b: char) -> bool { a < b }", ""),
        ("fn f(a: i32) -> bool { a && true }", "SW0207@1:24"),
        ("fn f(a: i32) -> bool { !(a && true) }", "SW0207@1:26"),
        ("fn f(a: u32) -> u32 { -a }", "SW0231@1:23"),
        ("fn f(a: addr) -> addr { -a }", "SW0231@1:25"),
        ("fn f(a: f32) -> f32 { -a }", ""),
        ("fn f(a: f32) -> f32 { !a }", "SW0211@1:23"),
        ("fn f(a: bool) -> bool { -a }", "SW0211@1:25"),
        ("fn f(a: i32) -> i32 { !a }", ""),
        ("struct S { x: i32 }\nfn f(a: S) -> bool { a == a }", "SW0211@2:22"),
        ("fn f(a: v128) -> bool { a == a }", "SW0211@1:25"),
        ("fn f(a: extern fn(), b: extern fn()) -> bool { a == b }", ""),
        ("fn f(a: extern fn(), b: extern fn()) -> bool { a < b }", "SW0211@1:48"),
        ("fn g() {}\nfn f() -> bool { g() == g() }", "SW0211@2:18"),
        // The result of a comparison is a bool, whatever was wrong with it.
        ("fn f(a: i32, b: i64) -> i32 { if a < b { 1 } else { 2 } }", "SW0207@1:38"),
    ]);
}

#[test]
fn conversions() {
    let numbers = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "addr"];
    for from in numbers {
        for to in numbers {
            table(&[(format!("fn f(x: {from}) -> {to} {{ x as {to} }}").as_str(), "")]);
        }
    }
    table(&[
        ("fn f(x: bool) -> u8 { x as u8 }", ""),
        ("fn f(x: char) -> u64 { x as u64 }", ""),
        ("fn f(x: u8) -> char { x as char }", ""),
        ("fn f(x: u32) -> char { x as char }", "SW0212@1:24"),
        ("fn f(x: bool) -> f64 { x as f64 }", "SW0212@1:24"),
        ("fn f(x: i32) -> bool { x as bool }", "SW0212@1:24"),
        ("fn f(x: v128) -> i32 { x as i32 }", "SW0212@1:24"),
        ("fn f(x: i32) -> v128 { x as v128 }", "SW0212@1:24"),
        ("fn f(x: MemorySegment) -> addr { x as addr }", "SW0212@1:34"),
        ("fn g() {}\nfn f() -> addr { g as addr }", ""),
        ("fn g() {}\nfn f() -> i32 { g as i32 }", "SW0227@2:17"),
        ("fn f(x: addr) -> extern fn() { x as extern fn() }", ""),
        ("fn f(x: extern fn()) -> extern fn(i32) { x as extern fn(i32) }", "SW0212@1:42"),
        ("fn f() -> u32 { 0xffffffff as u32 }", "SW0209@1:17"),
    ]);
}

#[test]
fn positions_of_front_ends_are_where_mistakes_are() {
    table(&[
        ("fn f() -> i32 { @\"a.toy\":3:4 x }", "SW0201@a.toy:3:4"),
        ("fn f(x: f64) -> i32 { @\"a.toy\":3:4 x }", "SW0207@a.toy:3:4"),
        ("fn f(x: f64) -> i32 { 1 + (@\"a.toy\":3:4 x) }", "SW0207@a.toy:3:4"),
        ("fn f() { @\"a.toy\":3:4 let x = 1; }", "SW0250@a.toy:3:4"),
        (
            "fn f() -> i32 { @\"a.toy\":3:4 return 1; @\"a.toy\":4:4 g(); }\nfn g() {}",
            "SW0251@a.toy:4:4",
        ),
    ]);
}

#[test]
fn places_expect_types() {
    table(&[
        ("fn f(x: f64) -> i32 { x }", "SW0207@1:23"),
        ("fn f() { let x: i64 = 1u8; g(x); }\nfn g(x: i64) {}", "SW0207@1:23"),
        ("fn g(a: i32, b: f64) {}\nfn f(x: i64) { g(x, x); }", "SW0207@2:18 SW0207@2:21"),
        ("fn f(x: i32) { if x {} }", "SW0207@1:19"),
        ("fn f(x: i32) { while x {} }", "SW0207@1:22"),
        ("fn f(c: bool) -> i32 { if c { 1 } else { 2i64 } }", "SW0207@1:42"),
        ("fn f(c: bool) -> i32 { if c { 1 } }", "SW0207@1:31"),
        ("fn f() -> i32 { return 1i64; }", "SW0207@1:24"),
        ("fn f() { return 1; }", "SW0207@1:17"),
        ("fn f() -> i32 { return; }", "SW0214@1:17"),
        ("fn f() -> i32 { }", "SW0214@1:15"),
        ("fn f() -> i32 { 1; }", "SW0214@1:17"),
        ("fn f() -> i32 { let x = 1; }", "SW0214@1:17"),
        ("fn f() { 1 }", "SW0207@1:10"),
        ("fn f() -> ! { }", "SW0214@1:13"),
        ("fn f() -> ! { loop {} }", ""),
        ("fn f() -> ! { return; }", "SW0214@1:15"),
        ("fn f(x: i32) -> i32 { if x > 1 { return 1; } else { return 2; } }", ""),
        ("fn f() -> i32 { loop {} }", ""),
        ("fn f() { for i in 0..2 { i } }", "SW0207@1:26"),
        ("fn f() { for i in 0.0..2.0 {} }", "SW0211@1:19"),
        ("fn f() { for i in 0i32..2i64 {} }", "SW0207@1:25"),
        ("fn f() { let x: (); x = (); g(x); }\nfn g(x: ()) {}", ""),
    ]);
}
