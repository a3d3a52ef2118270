//! Programs that somebody mistyped: never a panic, and what is accepted becomes a valid module in every mode.

mod mutate;

use std::panic::AssertUnwindSafe;

use mutate::{Random, count, mutate, programs, tokens};
use swasm::{MemoryMode, OptLevel, Options, Program};
use wasmparser::{Validator, WasmFeatures};

/// Mutations of each program unless `SWASM_MUTATIONS` says otherwise.
const MUTATIONS: usize = 15;

/// Compiles; a panic or an invalid module is an error.
fn compile(text: &str) -> Result<bool, String> {
    let work = || {
        let mut program = Program::new();
        program.text("mutated.swir", text);
        let checked = match program.check() {
            Ok(checked) => checked,
            Err(wrong) => {
                // To be shown is part of it.
                let _ = (wrong.human(false), wrong.short(), wrong.json());
                return Ok(false);
            }
        };
        for (opt_level, memory) in [
            (OptLevel::O0, MemoryMode::Poison),
            (OptLevel::O2, MemoryMode::Checked),
            (OptLevel::Os, MemoryMode::Unchecked),
        ] {
            let Ok(artifact) = checked.link(&Options { opt_level, memory, ..Options::default() })
            else {
                continue;
            };
            let features = WasmFeatures::default();
            Validator::new_with_features(features)
                .validate_all(&artifact.wasm)
                .map_err(|error| format!("-{opt_level:?} made an invalid module: {error}"))?;
        }
        Ok(true)
    };
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().cloned();
        let message =
            message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("panic: {}", message.unwrap_or_default()))
    })
}

#[test]
fn mistyped_programs_are_told_or_compiled() {
    let count = count(MUTATIONS);
    let files = programs();
    assert!(files.len() > 50, "the repository has programs");
    let work = |part: usize| {
        let (mut wrong, mut accepted, mut told) = (Vec::new(), 0, 0);
        for (number, file) in files.iter().enumerate().filter(|(number, _)| number % 2 == part) {
            let bytes = std::fs::read(file).expect("it can be read");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let tokens = tokens(&text);
            let mut random = Random::new(number);
            for _ in 0..count {
                let mutated = mutate(&tokens, &mut random);
                match compile(&mutated) {
                    Ok(true) => accepted += 1,
                    Ok(false) => told += 1,
                    Err(message) => wrong.push(format!("{}: {message}\n{mutated}", file.display())),
                }
            }
        }
        (wrong, accepted, told)
    };
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| work(0));
        (work(1), one.join().expect("panics are caught"))
    });
    let wrong: Vec<String> = one.0.into_iter().chain(other.0).collect();
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n----\n"));
    // Both happen, or the mutations are too mild or too wild to find anything.
    let (accepted, told) = (one.1 + other.1, one.2 + other.2);
    assert!(accepted > told / 20 && told > accepted / 20, "{accepted} accepted, {told} told");
}
