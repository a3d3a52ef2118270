//! Programs as large or as deep as they may be: no stack overflows, and time grows with the program.

use std::time::{Duration, Instant};

use swasm_frontend_ir::{ModuleId, parse, print};

use super::{program, verdict};

/// Far more than any of these takes, far less than one that grew quadratically would.
const PATIENCE: Duration = Duration::from_secs(20);

fn fine(text: &str) {
    let start = Instant::now();
    let said = verdict(text);
    assert_eq!(said, "");
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn long_chains() {
    let n = 100_000;
    fine(&format!("fn f(x: i64) -> i64 {{ x{} }}", " + 1".repeat(n)));
    fine(&format!("fn f(x: i64) -> bool {{ 1{} == x }}", " + 1".repeat(n)));
    fine(&format!("fn f(c: bool) -> bool {{ c{} }}", " && c || c".repeat(n)));
    fine(&format!("const X: i32 = 1{};", " + 1".repeat(n)));
}

#[test]
fn long_chains_of_else_if() {
    let n = 20_000;
    let links = |value: &str| {
        (0..n).map(|at| format!("if x == {at} {{ {value} }} else ")).collect::<String>()
    };
    fine(&format!("fn f(x: i32) -> i32 {{ {} {{ 9 }} }}", links("7")));
    fine(&format!("fn f(x: i32) -> u8 {{ {} {{ 9u8 }} }}", links("7")));
    fine(&format!("fn f(x: i32) {{ {} if x < 0 {{ return; }} }}", links("f(1)")));
    let text = format!("fn f(x: i32) -> i32 {{ {} {{ 9 }} }}", links("x + 1"));
    let module = parse("main.swir", text.as_str(), ModuleId(0)).module;
    let printed = print(&module);
    assert!(parse("main.swir", printed, ModuleId(0)).module == module);
    let said = verdict(&format!("fn f(x: i32) -> i32 {{ {} {{ true }} }}", links("7")));
    assert!(said.starts_with("SW0207@1:") && !said.contains(' '), "{said}");
}

#[test]
fn long_lists() {
    let n = 20_000;
    let lets: String =
        (0..n).map(|index| format!("let x{index} = a + {index}; a = x{index};\n")).collect();
    fine(&format!("fn f(mut a: i32) -> i32 {{ {lets} a }}"));
    let arms: String =
        (0..n).map(|index| format!("{} => {index},\n", (index * 7919) % 65536)).collect();
    fine(&format!("fn f(a: i32) -> i32 {{ match a {{ {arms} _ => 0 }} }}"));
    let constants: String =
        (1..n).map(|index| format!("const C{index}: i32 = C{} + 1;\n", index - 1)).collect();
    fine(&format!("const C0: i32 = 0;\n{constants}"));
    let constants: String =
        (1..n).rev().map(|index| format!("const C{index}: i32 = C{} + 1;\n", index - 1)).collect();
    fine(&format!("{constants}const C0: i32 = 0;\n"));
    let functions: String = (1..n)
        .map(|index| format!("fn f{index}(x: i32) -> i32 {{ f{}(x) + 1 }}\n", index - 1))
        .collect();
    fine(&format!("fn f0(x: i32) -> i32 {{ x }}\n{functions}"));
    let elements = "1, ".repeat(n);
    fine(&format!("const T: MemorySegment = data [{elements}];"));
}

#[test]
fn deferred_variables() {
    let n = 2_000;
    let declared: String = (0..n).map(|index| format!("let x{index}: i32;\n")).collect();
    let assigned: String = (0..n)
        .map(|index| format!("if c {{ x{index} = 1; }} else {{ x{index} = 2; }}\n"))
        .collect();
    fine(&format!(
        "fn f(c: bool) -> i32 {{ {declared}{assigned} {} }}",
        (0..n).map(|index| format!("x{index}")).collect::<Vec<_>>().join(" + ")
    ));
}

#[test]
fn nesting() {
    // As deep as the parser lets through, in the shapes that need the most room.
    for (open, close) in [
        ("(1 + ", ")"),
        ("{ ", " }"),
        ("if c { ", " } else { 1 }"),
        ("loop { break ", "; }"),
        ("!", ""),
        ("f(c, ", ")"),
        ("match 1 { _ => ", " }"),
    ] {
        let text = |depth: usize| {
            format!(
                "fn f(c: bool, x: i32) -> i32 {{ {}1{} }}",
                open.repeat(depth),
                close.repeat(depth)
            )
        };
        let deepest = (1..300).rev().find(|depth| {
            let (said, _) = program(&text(*depth));
            said.is_empty()
        });
        let (_, checked) = program(&text(deepest.unwrap()));
        checked.unwrap();
        let said = verdict(&text(300));
        assert!(said.contains("SW0501"), "{open}: {said}");
    }
}

#[test]
fn what_engines_take() {
    let name = |length: usize| "n".repeat(length);
    fine(&format!("#[wasm_export(\"{}\")] fn f() {{}}", name(100_000)));
    let said = verdict(&format!("#[wasm_export(\"{}\")] fn f() {{}}", name(100_001)));
    assert_eq!(said, "SW0520@1:15");
    let said = verdict(&format!(
        "#[wasm_import(\"{}\", \"{}\")] extern fn f();",
        name(100_001),
        name(100_002)
    ));
    assert_eq!(said, "SW0520@1:15 SW0520@1:100020");

    let fields: String = (0..600).map(|at| format!("f{at}: i32, ")).collect();
    let wide = format!("struct Wide {{ {fields} }}\n");
    fine(&format!("{wide}fn f(p: extern fn(Wide), w: Wide) {{ p(w); }}"));
    let said = verdict(&format!("{wide}fn f(p: extern fn(Wide, Wide), w: Wide) {{\np(w, w); }}"));
    assert_eq!(said, "SW0520@3:1");

    let call = |count: usize| {
        format!(
            "fn f(p: i32) -> i32 =\nwasm {{ (call_indirect (result{}) $p) }};",
            " i32".repeat(count)
        )
    };
    let said = verdict(&call(1001));
    assert!(said.starts_with("SW0520@2:"), "{said}");
}
