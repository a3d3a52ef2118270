//! The expression compiler of `arithmetic.rs`, against Rust's own arithmetic.

#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../arithmetic.rs"]
mod arithmetic;

use swasm::executor::{Output, Run, Wasi};

/// What the compiled expression prints, or why it doesn't.
fn run(text: &str) -> Result<String, String> {
    let wasm = arithmetic::compile(text)?;
    let outcome = Run::new().wasi(Wasi::new().stdout(Output::Capture)).start(&wasm);
    outcome.result.map_err(|stop| format!("{stop:#}"))?;
    String::from_utf8(outcome.stdout).map_err(|error| error.to_string())
}

#[test]
fn values_are_rusts() {
    let expressions = [
        ("1 + 2 * 3", 1 + 2 * 3),
        ("(1 + 2) * 3", (1 + 2) * 3),
        ("10 - 4 - 3", 10 - 4 - 3),
        ("100 / 7 / 2", 100 / 7 / 2),
        ("100 / (7 / 2)", 100 / (7 / 2)),
        ("-7 % 4", -7 % 4),
        ("--5", 5),
        ("2 * -3", 2 * -3),
        ("-(2 + 3) * 4", -(2 + 3) * 4),
        ("9223372036854775807 + 1", i64::MIN),
        ("1+2*3-40/7%3", 1 + 2 * 3 - 40 / 7 % 3),
        ("((((7))))", 7),
    ];
    for (text, value) in expressions {
        assert_eq!(run(text), Ok(format!("{value}\n")), "{text}");
    }
}

#[test]
fn mistakes_are_told_with_their_column() {
    let mistakes = [
        ("", "expression:1:1: expected a number, found the end"),
        ("1 +", "expression:1:4: expected a number, found the end"),
        ("1 2", "expression:1:3: expected an operator, found `2`"),
        ("(1 + 2", "expression:1:1: this parenthesis is never closed"),
        ("1 + 2)", "expression:1:6: this parenthesis closes nothing"),
        ("é", "expression:1:1: expected a number, found `é`"),
        ("()", "expression:1:2: expected a number, found `)`"),
        ("99999999999999999999", "expression:1:1: this number is too large"),
    ];
    for (text, message) in mistakes {
        assert_eq!(run(text), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn a_trap_names_the_operator() {
    let trap = run("10 * (4 / (2 - 2))").expect_err("it divides by zero");
    assert!(trap.contains("integer divide by zero"), "{trap}");
    assert!(trap.contains("expression:1:9"), "{trap}");
}

#[test]
fn long_and_deep_texts_are_fine() {
    let long = vec!["1"; 5000].join(" + ");
    assert_eq!(run(&long), Ok("5000\n".to_owned()));
    let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(run(&deep), Ok("1\n".to_owned()));
}
