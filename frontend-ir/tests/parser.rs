//! Texts and what the parser says about them: nothing, or codes at places.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "tests")]

#[path = "common/cases.rs"]
mod cases;

use cases::cases;
use swasm_frontend_ir::{ModuleId, Parsed, format, outline, parse, parse_bytes, parse_item, print};

/// `SW0101@1:7 SW0102@2:1`
fn mistakes(parsed: &Parsed) -> String {
    let mut out = Vec::new();
    for diagnostic in &parsed.diagnostics {
        let position = parsed.module.source.position(diagnostic.place.unwrap().span);
        out.push(format!("{}@{}:{}", diagnostic.code, position.line, position.column));
    }
    out.join(" ")
}

fn messages(parsed: &Parsed) -> Vec<String> {
    parsed.diagnostics.iter().map(|d| d.message.clone()).collect()
}

const EVERYTHING: &str = include_str!("everything.swir");

#[test]
fn accepts_the_whole_language() {
    let parsed = parse("everything.swir", EVERYTHING, ModuleId(0));
    assert_eq!(mistakes(&parsed), "", "{:?}", messages(&parsed));
    assert_eq!(&*parsed.module.name, "demo::everything");
}

#[test]
fn reports_mistakes_where_they_are() {
    let table: &[(&str, &str)] = &[
        ("", "SW0110@1:1"),
        ("// only a comment\n", "SW0110@1:1"),
        ("module a;", "SW0110@1:1"),
        ("fn f( -> i32 { 1 }", "SW0108@1:5"),
        ("fn f() { let x = ; g(; } fn g() { 1 + }", "SW0101@1:18 SW0101@1:22 SW0101@1:39"),
        ("fn f() { if x { 1 \nfn g() {}", "SW0108@1:15"),
        ("fn f() { {", "SW0108@1:10"),
        ("fn f() { } }\nfn g() { 1 + }", "SW0108@1:12 SW0101@2:14"),
        ("fn f() { a < b < c; a == b != c }", "SW0107@1:16 SW0107@1:28"),
        ("fn f() { b\"abc }", "SW0102@1:10"),
        ("fn f() { g(b\"abc);\n let x = ; }", "SW0102@1:12 SW0101@2:10"),
        ("fn f() { } /* never /* */", "SW0102@1:12"),
        ("fn f() -> i32 = wasm { (i32.const 1) ;; }", "SW0102@1:22"),
        ("fn f() { 1 § 2 }", "SW0103@1:12"),
        ("fn f() { § } fn g(a § i32) {} fn h( {}", "SW0103@1:10 SW0103@1:21 SW0108@1:35"),
        (
            "fn f() { '\\q'; '\\u{110000}'; b\"\\xg0\"; '' ; 'ab' }",
            "SW0104@1:11 SW0104@1:17 SW0104@1:32 SW0104@1:39 SW0104@1:44",
        ),
        (
            "fn f() { 0b2; 0x; 1u7; 0o18u8; 99999999999999999999; 1e5i32; 0b1f32 }",
            "SW0105@1:12 SW0105@1:15 SW0105@1:20 SW0105@1:27 SW0105@1:32 SW0105@1:57 SW0105@1:62",
        ),
        ("class C { }\nfn f(any: i32) { try { } goto x; }", "SW0106@1:1 SW0106@2:6 SW0106@2:18"),
        ("fn addr() { let addr = 1; }", "SW0106@1:4"),
        ("fn f() { let addr = 1; let y: addr = addr::MAX; y.addr }", "SW0106@1:14"),
        ("struct S { x i32, y: , z: u8; w: u8 }", "SW0101@1:14 SW0101@1:22 SW0101@1:29"),
        ("struct S { x: i32\nfn f() { }", "SW0108@1:10"),
        (
            "impl S { struct T { } fn f(self) { } const X: u8 = 1; fn g(&self) { } }",
            "SW0101@1:10 SW0101@1:38 SW0101@1:60",
        ),
        ("fn f(self) { }", "SW0101@1:6"),
        ("fn f(x, y: i32, : u8) { }", "SW0101@1:7 SW0101@1:17"),
        ("fn f(x: [i32], y: &u8, z: i32?) { }", "SW0106@1:9 SW0101@1:19 SW0106@1:30"),
        ("const X = 1; const Y: i32; const Z: i32 = ;", "SW0101@1:9 SW0101@1:26 SW0101@1:43"),
        ("use a::*; use b::{}; use c::d as e; use;", "SW0101@1:8 SW0101@1:19 SW0101@1:40"),
        ("fn f() { match x { 1 => 2 3 => 4 }\n let y = ; }", "SW0101@1:27 SW0101@2:10"),
        ("fn f() { match x { S { a } => 2, _ => 3 } }", "SW0101@1:22"),
        ("fn f() { if x == S { a: 1 } { } }", "SW0101@1:23"),
        (
            "fn f() { for i in 0 { }\n while let x = 1 { }\n let y = ; }",
            "SW0101@1:21 SW0101@2:8 SW0101@3:10",
        ),
        ("fn f() { become x; }", "SW0101@1:17"),
        ("fn f() { let a = 1\n let b = 2\n g(a)\n h(b) }", "SW0101@1:19 SW0101@2:11 SW0101@3:6"),
        ("fn f() { /// doc\n g(); }", "SW0111@1:10"),
        ("fn f() { }\n//! late\nfn g() { }", "SW0111@2:1"),
        ("fn f() { } /// nothing\n", "SW0101@2:1"),
        ("fn f() { @\"a\":0:1 g(); @\"a\":1 g(); }", "SW0105@1:10 SW0101@1:31"),
        (
            "fn f() { |x| x; println!(1); x?; &x; *x; [1]; (1, 2); x.0 }",
            "SW0106@1:10 SW0101@1:24 SW0106@1:31 SW0101@1:34 SW0101@1:38 SW0106@1:42 SW0101@1:49 SW0101@1:57",
        ),
        (
            "pub(crate) fn f() { } fn g<T>() { } extern \"C\" fn h();",
            "SW0101@1:4 SW0101@1:27 SW0101@1:44",
        ),
        ("fn f() { g(1, 2; let x = 3;\n let y = ; }", "SW0108@1:11 SW0101@2:10"),
        ("fn f() -> i32 = checked(99999999999) wasm { }; fn g() = 3;", "SW0105@1:25 SW0101@1:57"),
        ("fn ``() { }", "SW0104@1:4"),
        ("#[inline fn f() { }", "SW0101@1:10"),
        ("#![inline] fn f() { }", "SW0101@1:2"),
    ];
    let mut wrong = String::new();
    for (text, expected) in table {
        let parsed = parse("t.swir", *text, ModuleId(0));
        if mistakes(&parsed) != *expected {
            wrong += &format!(
                "{text}\n  expected {expected}\n  found    {}\n{:#?}\n",
                mistakes(&parsed),
                messages(&parsed)
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn says_what_is_not_utf8() {
    let parsed = parse_bytes("t.swir", b"fn f() { }\nfn \xff() { }", ModuleId(0));
    assert_eq!(mistakes(&parsed), "SW0109@2:4");
    assert_eq!(mistakes(&parse_bytes("t.swir", "fn é() { }".as_bytes(), ModuleId(0))), "");
}

#[test]
fn bounds_nesting_but_not_length() {
    let n = 20_000;
    let nested = [
        format!("fn f() {{ {}1{} }}", "(".repeat(n), ")".repeat(n)),
        format!("fn f() {}{}", "{".repeat(n), "}".repeat(n)),
        format!("fn f() {{ {}1 }}", "-".repeat(n)),
        format!("fn f() {{ x{} }}", ".a".repeat(n)),
        format!("fn f() {{ x{} }}", ".a()".repeat(n)),
        format!("fn f() {{ x{} }}", " as u8".repeat(n)),
        format!("fn f() {{ {}1 }}", "x = ".repeat(n)),
        format!("fn f() {{ {}1 }}", "return ".repeat(n)),
        format!("fn f() {{ {}1 }}", "@\"a\":1:1 ".repeat(n)),
        format!("fn f(x: {}i32) {{ }}", "extern fn() -> ".repeat(n)),
        format!("fn f(x: {}i32{}, y: i32) {{ }}", "extern fn(".repeat(n), ")".repeat(n)),
        format!("fn f() -> {}i32{} {{ }}", "extern fn(".repeat(n), ")".repeat(n)),
        format!("struct S {{ x: {}i32{}, y: i32 }}", "extern fn(".repeat(n), ")".repeat(n)),
        format!("use {}a{};", "{".repeat(n), "}".repeat(n)),
        format!("fn f() {{ {}{} }}", "f(".repeat(n), ")".repeat(n)),
        format!("fn f() {{ {}1{} }}", "match x { _ => ".repeat(n), " }".repeat(n)),
        format!(
            "fn f() {{ {}x{} }}",
            "(".repeat(200),
            format!("{})", ".a".repeat(200)).repeat(200)
        ),
    ];
    for text in nested {
        let parsed = parse("t.swir", text.as_str(), ModuleId(0));
        assert_eq!(
            parsed.diagnostics.len(),
            1,
            "{}: {}",
            &text[..30],
            mistakes(&parsed).chars().take(200).collect::<String>()
        );
        assert_eq!(
            parsed.diagnostics[0].code,
            swasm_frontend_ir::codes::NESTING,
            "{}",
            &text[..30]
        );
    }
    // Each item is told about.
    let deep = format!("{}i32{}", "extern fn(".repeat(n), ")".repeat(n));
    let parsed = parse(
        "t.swir",
        format!(
            "fn f() {{ {}1{} }}\nfn g(x: {deep}) {{}}\nfn h() -> {deep} {{ 1 }}",
            "(".repeat(n),
            ")".repeat(n)
        ),
        ModuleId(0),
    );
    assert_eq!(parsed.diagnostics.len(), 3, "{}", mistakes(&parsed));
    for text in [
        format!("fn f() {{ 1{} }}", " + 1".repeat(n)),
        format!("fn f() {{ {} }}", "g();".repeat(n)),
        format!("fn f() {{ {} {{}} }}", "if c {} else ".repeat(n)),
    ] {
        assert_eq!(mistakes(&parse("t.swir", text, ModuleId(0))), "");
    }
}

#[test]
fn an_outline_names_what_parse_gives() {
    let outline = outline(EVERYTHING);
    assert_eq!(outline.module.as_deref(), Some("demo::everything"));
    let whole = parse("everything.swir", EVERYTHING, ModuleId(0)).module;
    let mut flat = Vec::new();
    for item in &whole.items {
        match &item.kind {
            swasm_frontend_ir::ir::ItemKind::Impl(it) => flat.extend(&it.items),
            _ => flat.push(item),
        }
    }
    assert_eq!(flat.len(), outline.items.len());
    for (item, entry) in flat.into_iter().zip(&outline.items) {
        let parsed =
            parse_item("everything.swir", EVERYTHING.into(), entry.range.clone(), ModuleId(0));
        assert_eq!(mistakes(&parsed), "", "{entry:?}");
        let [alone] = &parsed.module.items[..] else { panic!("{entry:?}") };
        assert_eq!(alone.span.range(), item.span.range(), "{entry:?}");
        assert_eq!(alone.docs, item.docs, "{entry:?}");
        assert_eq!(
            (alone.attributes.len(), alone.public),
            (item.attributes.len(), entry.public),
            "{entry:?}"
        );
    }
}

/// An outline of a text with a mistake ends before it; no text stops it otherwise.
#[test]
fn an_outline_ends_at_what_is_cut() {
    for text in ["fn `", "fn a() {} fn `b", "fn `\\", "const `x\n`", "use `", "impl `"] {
        assert!(outline(text).items.len() <= 1, "{text}");
        check_one(&parse("t.swir", text, ModuleId(0)));
    }
}

/// Texts made from a real one by cutting, doubling and swapping pieces: whatever comes, `parse` and `outline` return, and places lie inside
/// the text.
#[test]
fn survives_mutated_texts() {
    let pieces: Vec<&str> =
        EVERYTHING.split_inclusive([' ', '(', '{', '"', '\'', ';', '\n']).collect();
    cases(5_000, |u| {
        let whole = u.ratio(1, 2)?;
        let start = if whole { 0 } else { u.choose_index(pieces.len())? };
        let len = if whole { pieces.len() } else { u.int_in_range(0..=120)? };
        let mut window: Vec<&str> = pieces[start..pieces.len().min(start + len)].to_vec();
        for _ in 0..u.int_in_range(0..=3)? {
            if window.is_empty() {
                break;
            }
            let at = u.choose_index(window.len())?;
            match u.int_in_range(0..=3)? {
                0 => {
                    window.remove(at);
                }
                1 => window.insert(at, u.choose(&pieces)?),
                2 => {
                    window[at] = u.choose(&[
                        "{", "}", "(", ")", "[", "]", "\"", "'", "`", "/*", "wasm {", "\\", "0x",
                        "\u{fffd}", "é", "\0", "'é", "b'", "..", "@\"", "as",
                    ])?
                }
                _ => {
                    let mut bytes = window[at].as_bytes().to_vec();
                    if let Some(byte) = bytes.get_mut(0) {
                        *byte = u.arbitrary()?;
                    }
                    check_one(&parse_bytes("t.swir", &bytes, ModuleId(0)));
                }
            }
        }
        let text = window.concat();
        let _ = outline(&text);
        check_one(&parse("t.swir", text, ModuleId(0)));
        Ok(())
    });
}

fn check_one(parsed: &Parsed) {
    let text = parsed.module.source.text.as_deref().unwrap();
    if parsed.diagnostics.is_empty() {
        let again = parse("t.swir", print(&parsed.module), ModuleId(0));
        assert!(again.diagnostics.is_empty() && again.module == parsed.module, "{text}");
        let formatted = format(text).unwrap();
        assert!(parse("t.swir", formatted.as_str(), ModuleId(0)).module == parsed.module, "{text}");
        assert_eq!(format(&formatted).unwrap(), formatted, "{text}");
    }
    for diagnostic in &parsed.diagnostics {
        let range = diagnostic.place.unwrap().span.range().unwrap();
        assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}: {}", diagnostic.message);
    }
}
