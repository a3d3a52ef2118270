//! Every script of the official test suite of WebAssembly, with each module sent through the tree first, is a test of its own name.
//!
//! `cargo test -p swasm-tests --test spec -- gc/` runs those whose name holds that text. A script is run once for each [`Way`];
//! what fails although `exceptions.rs` doesn't say so fails the test, and so does an exception that nothing needs.

mod exceptions;
mod host;
mod planted;
mod run;
mod script;
mod suite;
#[path = "../through.rs"]
mod through;
mod value;
mod ways;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::host::Compiler;
use crate::script::Script;
use crate::suite::Text;
use crate::ways::{Way, lawful, renumbered};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let engine = host::engine();
    let texts = suite::texts();
    let names: Vec<String> = texts.iter().map(|text| text.name.clone()).collect();
    let mut trials: Vec<Trial> = texts
        .into_iter()
        .map(|text| {
            let engine = engine.clone();
            Trial::test(text.name.clone(), move || check(&text, Compiler::new(&engine)))
        })
        .collect();
    trials.push(Trial::test("needless_exceptions_are_seen", move || {
        exceptions::are_seen_when_needless(&names).map_err(Failed::from)
    }));
    for (name, sees) in [
        ("a_wrong_operator_is_seen", planted::a_wrong_operator_is_seen as fn(&_) -> _),
        ("wrong_directives_are_seen", planted::wrong_directives_are_seen),
        ("broken_laws_are_seen", planted::broken_laws_are_seen),
    ] {
        let engine = engine.clone();
        trials.push(Trial::test(name, move || sees(&engine)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs a script each way, and compares what fails with what may.
fn check(text: &Text, mut compiler: Compiler) -> Result<(), Failed> {
    let mut wrong = String::new();
    text.parsed(|script: &Script| {
        for way in Way::ALL {
            let failures = run::run(script, &mut compiler, &|bytes| lawful(bytes, way));
            for line in exceptions::compare(&text.name, &failures) {
                wrong.push_str(&format!("{way:?}: {line}\n"));
            }
        }
        let failures = run::run(script, &mut compiler, &renumbered);
        for line in exceptions::compare(&text.name, &failures) {
            wrong.push_str(&format!("renumbered: {line}\n"));
        }
    })?;
    if wrong.is_empty() { Ok(()) } else { Err(Failed::from(wrong)) }
}
