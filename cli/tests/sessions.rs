//! The first five minutes: what a newcomer types, and what must then be seen.

mod common;

use common::{Folder, HELLO};

/// B: the author of a compiler's tests.
#[test]
fn a_test_author_blesses_and_passes() {
    let folder = Folder::new("session_b");
    let text = "//@ wat: f
//@ stdout: \"42\\n\"
fn f() -> i32 { 40 + 2 }          // CHECK: i32.const 42
#[wasm_export(\"_start\")] fn main() { std::io::println_i32(f()); }
";
    folder.write("tests/fold.swir", text);
    let first = folder.run("test");
    assert_eq!(first.status, 1);
    assert_eq!(
        first.stdout,
        "tests/fold.swir: FAILED (no snapshot yet; run with --bless to write it)\n0 passed, 1 failed\n"
    );
    assert_eq!(folder.run("test --bless").well(), "1 passed, 0 failed\n");
    assert_eq!(folder.run("test").well(), "1 passed, 0 failed\n");
    let snapshot = folder.read("tests/snapshots/fold.snap");
    assert!(
        snapshot.starts_with(text)
            && snapshot.contains("---- wat: f\n")
            && snapshot.contains("i32.const 42"),
        "{snapshot}"
    );

    // An unrelated function changes only its own lines.
    folder.write("tests/fold.swir", format!("{text}fn g() -> i32 {{ 1 }}\n"));
    let changed = folder.run("test");
    assert_eq!(changed.status, 1);
    let difference: Vec<&str> = changed
        .stdout
        .lines()
        .filter(|line| {
            line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")
        })
        .collect();
    assert_eq!(difference, ["+fn g() -> i32 { 1 }"], "{}", changed.stdout);

    // Cut-off output does not pass.
    folder.write("tests/fold.swir", text.replace("42\\n", "4"));
    let cut = folder.run("test");
    assert!(
        cut.status == 1
            && cut
                .stdout
                .contains("standard output differs\n  expected \"4\"\n     found \"42\\n\""),
        "{}",
        cut.stdout
    );

    // Nor does a check without its colon.
    folder.write("tests/fold.swir", text.replace("CHECK:", "CHECK"));
    assert!(folder.run("test").stdout.contains("tests/fold.swir:3: `CHECK` needs a colon"));
}

/// C: the author of a program for WASI.
#[test]
fn a_program_says_hello_then_shows_mistakes() {
    let folder = Folder::new("session_c");
    assert_eq!(folder.run("new hello").well(), "");
    assert_eq!(folder.run_in("hello", "run").well(), "Hello, world!\n");

    folder.write("hello/src/main.swir", HELLO.replace("\"fd_write\"", "\"fd_wrte\""));
    let said = folder.run_in("hello", "check").failed(1);
    let expected = "error[SW0312]: `wasi_snapshot_preview1` has no function `fd_wrte`
 --> src/main.swir:1:41
  |
1 | #[wasm_import(\"wasi_snapshot_preview1\", \"fd_wrte\")]
  |                                         ^^^^^^^^^ help: did you mean `fd_write`?
";
    assert_eq!(said, expected);

    let broken = HELLO.replace("iov.set_addr(4, text.size());", "iov.set_i32(16, 0);");
    folder.write("hello/src/main.swir", &broken);
    let said = folder.run_in("hello", "run").failed(134);
    let line = 1 + broken
        .lines()
        .position(|line| line.contains("set_i32"))
        .expect("it was just put there");
    let expected = format!(
        "trap: memory segment access out of bounds: offset 16 + 4 > size 12\n   0: main at src/main.swir:{line}:9\n"
    );
    assert_eq!(said, expected);
}
