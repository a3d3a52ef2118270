//! Diagnostics as people and tools see them.
#![allow(clippy::unwrap_used, reason = "tests")]

use swasm_frontend_ir::{
    Code, Diagnostic, ModuleId, Place, Position, Source, Sources, Span, render,
};

struct Two(Vec<Source>);
impl Sources for Two {
    fn source(&self, module: ModuleId) -> &Source {
        &self.0[module.0 as usize]
    }
}

fn sources() -> (Two, Span) {
    let text = "#[wasm_import(\"wasi_snapshot_preview1\", \"fd_wrte\")]\nextern fn fd_wrte();\n";
    let mut built = Source::built("toy");
    let span = built.add_position(Position { file: "a.toy".into(), line: 7, column: 3 });
    (
        Two(vec![
            Source::new("src/main.swir", text.into()),
            Source::new("b.swir", "fn é() { \"\t\" }".into()),
            built,
        ]),
        span,
    )
}

fn place(module: u32, lo: usize, hi: usize) -> Place {
    Place { module: ModuleId(module), span: Span::text(lo, hi) }
}

#[test]
fn one_short_help_stands_behind_the_marks() {
    let (sources, _) = sources();
    let diagnostic = Diagnostic::error(
        Code(312),
        place(0, 40, 49),
        "`wasi_snapshot_preview1` has no function `fd_wrte`",
    )
    .help("did you mean `fd_write`?");
    let expected = "\
error[SW0312]: `wasi_snapshot_preview1` has no function `fd_wrte`
 --> src/main.swir:1:41
  |
1 | #[wasm_import(\"wasi_snapshot_preview1\", \"fd_wrte\")]
  |                                         ^^^^^^^^^ help: did you mean `fd_write`?
";
    assert_eq!(render::human(&diagnostic, &sources, false), expected);
    assert!(render::human(&diagnostic, &sources, true).contains("\u{1b}["));
    assert_eq!(
        render::short(&diagnostic, &sources),
        "src/main.swir:1:41: error[SW0312]: `wasi_snapshot_preview1` has no function `fd_wrte`\n"
    );
}

#[test]
fn labels_stand_in_other_modules_too() {
    let (sources, position) = sources();
    let diagnostic = Diagnostic::warning(Code(207), place(1, 3, 5), "two of them")
        .note("the second")
        .label(place(1, 10, 13), "a string")
        .label(place(0, 62, 69), "the first")
        .label(Place { module: ModuleId(2), span: position }, "built here")
        .help("remove one")
        .help("or rename it");
    let expected = "\
warning[SW0207]: two of them
 --> b.swir:1:4
  |
1 | fn é() { \"    \" }
  |    ^     ------ a string
  |    |
  |    the second
  |
 ::: src/main.swir:2:11
  |
2 | extern fn fd_wrte();
  |           ------- the first
  |
  = note: a.toy:7:3: built here
  = help: remove one
  = help: or rename it
";
    assert_eq!(render::human(&diagnostic, &sources, false), expected);
}

#[test]
fn a_place_without_text_tells_only_where() {
    let (sources, position) = sources();
    let diagnostic = Diagnostic::error(
        Code(207),
        Place { module: ModuleId(2), span: position },
        "mismatched types",
    )
    .note("expected i32")
    .help("cast it");
    let expected = "\
error[SW0207]: mismatched types
--> a.toy:7:3
 = note: expected i32
 = help: cast it
";
    assert_eq!(render::human(&diagnostic, &sources, false), expected);
    let global = Diagnostic::global(Code(701), "no file").help("name one");
    assert_eq!(
        render::human(&global, &sources, false),
        "error[SW0701]: no file\n |\n = help: name one\n"
    );
    assert_eq!(render::short(&global, &sources), "error[SW0701]: no file\n");
}

#[test]
fn json_has_the_names_of_rustc() {
    let (sources, _) = sources();
    let diagnostic =
        Diagnostic::error(Code(104), place(1, 9, 13), "a \"tab\"\n").note("here").help("remove it");
    let json = render::json(&diagnostic, &sources);
    assert_eq!(json.lines().count(), 1);
    let (front, rendered) = json.split_once(",\"rendered\":\"error").unwrap();
    assert!(rendered.ends_with("\"}\n"));
    assert_eq!(
        front,
        "{\"$message_type\":\"diagnostic\",\"message\":\"a \\\"tab\\\"\\n\",\"code\":{\"code\":\"SW0104\",\"explanation\":null},\"level\":\"error\",\"spans\":[\
         {\"file_name\":\"b.swir\",\"byte_start\":9,\"byte_end\":13,\"line_start\":1,\"line_end\":1,\"column_start\":9,\"column_end\":13,\"is_primary\":true,\
         \"text\":[{\"text\":\"fn é() { \\\"\\t\\\" }\",\"highlight_start\":9,\"highlight_end\":13}],\"label\":\"here\",\"suggested_replacement\":null,\
         \"suggestion_applicability\":null,\"expansion\":null}],\
         \"children\":[{\"message\":\"remove it\",\"code\":null,\"level\":\"help\",\"spans\":[],\"children\":[],\"rendered\":null}]"
    );
}
