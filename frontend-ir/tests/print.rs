//! The laws of printing: `parse(print(m)) == m`, and `print` of that is the same text.
#![allow(clippy::unwrap_used, reason = "tests")]

use swasm_frontend_ir::{ModuleId, ir::Module, parse, print};

fn module(text: &str) -> Module {
    let parsed = parse("t.swir", text, ModuleId(0));
    assert!(
        parsed.diagnostics.is_empty(),
        "{text}\n{:?}",
        parsed
            .diagnostics
            .iter()
            .map(|d| (&d.message, d.place.unwrap().span.range()))
            .collect::<Vec<_>>()
    );
    parsed.module
}

#[test]
fn everything_survives_printing() {
    let first = module(include_str!("everything.swir"));
    let text = print(&first);
    let second = module(&text);
    assert!(first == second, "{text}");
    assert_eq!(print(&second), text);
}

#[test]
fn prints_as_people_write() {
    let text = "\
//! A module.

module a::`my-mod`;

use b::{c, d::e as f};
const N: i32 = 0xff;

/// Adds.
///
///  Indented.
#[inline]
#[tool::x(\"a\\n\", b::c, 3)]
pub fn add(a: i32, mut b: i32) -> i32 {
    b += 1;
    a + b * (2 - a) as i32
}

struct P {
    /// x
    pub x: i32,
    `class`: u8,
}

impl P {
    fn get(self) -> i32 { self.x }

    fn load(self, o: addr) -> i32 = checked(4) wasm { (i32.load $o) };
}

fn control(n: u32) -> i32 {
    while n > 3 {
        f();
    }
    if n == 1 { g() } else if n == 2 { h() } else {
        match n {
            1 | 2 => 3,
            4..=5 if g() => {
                f();
            }
            _ => -1,
        }
    }
}
";
    assert_eq!(print(&module(text)), text);
}

#[test]
fn keeps_the_parentheses_that_matter() {
    let table = [
        ("(a + b) * c", "(a + b) * c"),
        ("(a * b) + c", "a * b + c"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("(a == b) == c", "(a == b) == c"),
        ("-(-a)", "--a"),
        ("(-a).abs()", "(-a).abs()"),
        ("-(a as u8)", "-(a as u8)"),
        ("(-a) as u8", "-a as u8"),
        ("(a + b) as u8", "(a + b) as u8"),
        ("1.max(2)", "1.max(2)"),
        ("1..abs()", ""),
        ("(1.).abs()", "1.0.abs()"),
        ("({ 1 }) + 2", "({ 1 }) + 2"),
        ("(if a { 1 } else { 2 }) + 3", "(if a { 1 } else { 2 }) + 3"),
        ("(if a { 1 } else { 2 }).f()", "(if a { 1 } else { 2 }).f()"),
        ("1 + { 2 }", "1 + { 2 }"),
        ("(x.f)(1)", "(x.f)(1)"),
        ("(x)(1)", "x(1)"),
        ("(return) + 1", "(return) + 1"),
        ("1 + return 2", "1 + (return 2)"),
        ("(a = b) = c", "(a = b) = c"),
        ("a = (b = c)", "a = b = c"),
        ("a = break", "a = break"),
        ("while (S { }) == s { }", "while (S {}) == s {}"),
        ("while f(S { }) { }", "while f(S {}) {}"),
        ("while (break { }) { }", "while (break {}) {}"),
        ("for i in (a = b)..2 { }", "for i in (a = b)..2 {}"),
        ("@\"f\":1:2 a + b", "@\"f\":1:2 a + b"),
        ("a + @\"f\":1:2 b + c", "a + (@\"f\":1:2 b + c)"),
        ("(@\"f\":1:2 a) + b", "(@\"f\":1:2 a) + b"),
        ("break 'l: { 1 }", "break 'l: { 1 }"),
        ("a && (b || c) && d", "a && (b || c) && d"),
        ("(a < b) && c", "a < b && c"),
        ("a & b == c", "a & b == c"),
        ("!(a && b)", "!(a && b)"),
    ];
    for (text, expected) in table {
        let parsed = parse("t.swir", format!("fn f() {{ {text} }}"), ModuleId(0));
        if expected.is_empty() {
            assert!(!parsed.diagnostics.is_empty(), "{text}");
            continue;
        }
        assert!(parsed.diagnostics.is_empty(), "{text}: {:?}", parsed.diagnostics);
        let printed = print(&parsed.module);
        assert!(
            printed.contains(&format!("fn f() {{ {expected} }}"))
                || printed.contains(&format!("\n    {expected}\n")),
            "{text} → {printed}"
        );
        assert!(module(&printed) == parsed.module, "{text} → {printed}");
    }
}
