//! `match`: patterns, exhaustiveness, arms that are never taken.

use super::table;

#[test]
fn exhaustive() {
    table(&[
        ("fn f(x: bool) -> i32 { match x { true => 1, false => 0 } }", ""),
        ("fn f(x: bool) -> i32 { match x { true => 1 } }", "SW0219@1:30"),
        ("fn f(x: u8) -> i32 { match x { 0..=127 => 1, 128..=255 => 0 } }", ""),
        ("fn f(x: u8) -> i32 { match x { 0..=127 => 1, 129..=255 => 0 } }", "SW0219@1:28"),
        ("fn f(x: i8) -> i32 { match x { ..0 => 1, 0 => 2, 1.. => 3 } }", ""),
        ("fn f(x: i8) -> i32 { match x { -128..=-1 => 1, 0 | 1..=127 => 2 } }", ""),
        (
            "fn f(x: i64) -> i32 { match x { -9223372036854775808..=-1 => 1, 0..=9223372036854775807 => 2 } }",
            "",
        ),
        ("fn f(x: u64) -> i32 { match x { 0 => 1, 2.. => 2 } }", "SW0219@1:29"),
        ("fn f(x: char) -> i32 { match x { '\\0'..='z' => 1, '{'.. => 2 } }", ""),
        (
            "fn f(x: char) -> i32 { match x { ..='\\u{d7ff}' => 1, '\\u{e000}'..='\\u{10ffff}' => 2 } }",
            "",
        ),
        ("fn f(x: i32) -> i32 { match x { n if n > 0 => 1, 0 => 2 } }", "SW0219@1:29"),
        ("fn f(x: i32) -> i32 { match x { n if n > 0 => 1, n => n } }", ""),
        ("fn f(x: addr) -> i32 { match x { 0 => 1, 1..=4294967295 => 2 } }", ""),
        ("fn f(x: u8) -> i32 { match x {} }", "SW0219@1:28"),
    ]);
}

#[test]
fn unreachable() {
    table(&[
        ("fn f(x: u8) -> i32 { match x { _ => 1, 0 => 2 } }", "SW0220@1:40"),
        ("fn f(x: u8) -> i32 { match x { 0 => 1, 0 => 2, _ => 3 } }", "SW0220@1:40"),
        ("fn f(x: u8) -> i32 { match x { 0..=9 => 1, 3 | 4..7 => 2, _ => 3 } }", "SW0220@1:44"),
        ("fn f(x: u8) -> i32 { match x { 0..=9 => 1, 3 | 10 => 2, _ => 3 } }", ""),
        ("fn f(x: bool) -> i32 { match x { true => 1, false => 2, _ => 3 } }", "SW0220@1:57"),
        ("fn f(x: u8) -> i32 { match x { 0 if x > 1 => 1, 0 => 2, _ => 3 } }", ""),
        ("fn f(x: u8) -> i32 { match x { a => 1, b => 2 } }", "SW0220@1:40"),
        (
            "fn f(x: char) -> i32 { match x { ..='\\u{d7ff}' => 1, '\\u{e000}'.. => 2, _ => 3 } }",
            "SW0220@1:73",
        ),
    ]);
}

#[test]
fn patterns() {
    table(&[
        ("const A: u8 = 1;\nfn f(x: u8) -> i32 { match x { A => 1, _ => 2 } }", ""),
        ("const A: u16 = 1;\nfn f(x: u8) -> i32 { match x { A => 1, _ => 2 } }", "SW0207@2:32"),
        (
            "fn f(x: u8) -> i32 { match x { b::A => 1, u8::MAX => 3, _ => 2 } }\n//// b.swir\npub const A: u8 = 1;",
            "",
        ),
        ("static A: u8 = 1;\nfn f(x: u8) -> i32 { match x { A => 1, _ => 2 } }", "SW0229@2:32"),
        ("fn f(x: u8) -> i32 { match x { 256 => 1, _ => 2 } }", "SW0209@1:32"),
        ("fn f(x: u8) -> i32 { match x { 'a' => 1, _ => 2 } }", "SW0207@1:32"),
        ("fn f(x: u8) -> i32 { match x { 5..=4 => 1, _ => 2 } }", "SW0229@1:32"),
        ("fn f(x: u8) -> i32 { match x { 5..5 => 1, _ => 2 } }", "SW0229@1:32"),
        ("fn f(x: u8) -> i32 { match x { ..0 => 1, _ => 2 } }", "SW0229@1:32"),
        ("fn f(x: u8) -> i32 { match x { 1 | a => 1 } }", "SW0229@1:36"),
        ("fn f(x: f64) -> i32 { match x { _ => 1 } }", "SW0229@1:29"),
        ("fn f(x: u8) -> u8 { match x { 0 => 1, n => n } }", ""),
        ("fn f(x: u8) -> u8 { match x { 0 => 1, n => 2 } }", "SW0250@1:39"),
        ("fn f(x: u8) -> u8 { match x { 0 => 1, _ => 2i64 } }", "SW0207@1:44"),
        ("fn f(x: u8) -> u8 { match x { 0 => return 1, _ => 2 } }", ""),
        ("fn f(x: u8) -> u8 { match x { 0 => return 1, _ => return 2 } }", ""),
        ("fn f(x: u8) -> u8 { match x { 0 if x => 1, _ => 2 } }", "SW0207@1:36"),
    ]);
}
