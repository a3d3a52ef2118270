//! Programs that somebody mistyped: never a panic, and what is accepted becomes a valid module at every level.
//!
//! Every program of the repository is broken in ways that keep most of it: tokens are dropped, doubled, swapped, replaced by others of the
//! same file or by edge values. The choices are the same in every run; `SWASM_MUTATIONS` sets how many each program gets.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use swasm::{MemoryMode, OptLevel, Options, Program};
use wasmparser::{Validator, WasmFeatures};

/// Mutations of each program unless `SWASM_MUTATIONS` says otherwise.
const MUTATIONS: usize = 15;
/// What takes the place of a token now and then.
const EDGES: &[&str] = &[
    "0",
    "-1",
    "1",
    "255",
    "256",
    "2147483647",
    "0x8000_0000",
    "18446744073709551615",
    "1.5",
    "nan",
    "inf",
    "b\"\"",
    "'\\u{10ffff}'",
    "true",
    "()",
    "{}",
    "(",
    ")",
    "{",
    "}",
    "loop {}",
    "return",
    "break",
    "continue",
    "become",
    "as addr",
    "as i8",
    "as f32",
    "as u64",
    "!",
    "-",
    "<<",
    "/",
    "%",
    "&&",
    "u8",
    "i64",
    "f64",
    "v128",
    "addr",
    "!",
    "extern fn()",
    "mem",
    "self",
    "wasm {}",
    "mut",
    "pub",
    "#[inline]",
    "#[cold]",
    "#[inline(never)]",
];

/// A xorshift generator: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    let mut folders = vec![root.join("tests/programs"), root.join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the repository has programs") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "swir") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Words, numbers and single marks, with the white space and comments before each.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let (mut start, mut rest) = (0, text);
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let skip = rest.len() - rest.trim_start().len();
        if skip > 0 || rest.starts_with("//") {
            let line = if skip == 0 { rest.find('\n').unwrap_or(rest.len()) } else { skip };
            rest = &rest[line..];
            continue;
        }
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let len = if word > 0 { word } else { rest.chars().next().map_or(1, char::len_utf8) };
        tokens.push(&text[start..at + len]);
        start = at + len;
        rest = &rest[len..];
    }
    tokens.push(&text[start..]);
    tokens
}

/// What a token is: of what sort another must be to stand in its place.
fn sort(token: &str) -> u8 {
    match token.trim_start().chars().next() {
        Some(c) if c.is_ascii_digit() => 0,
        Some(c) if c.is_alphabetic() || c == '_' => 1,
        Some('+' | '-' | '*' | '/' | '%' | '^' | '<' | '>' | '&' | '|') => 2,
        _ => 3,
    }
}

fn mutate(tokens: &[&str], random: &mut Random) -> String {
    let mut tokens: Vec<String> = tokens.iter().map(|token| (*token).to_owned()).collect();
    // Mostly one mistake: of two, one mostly hides the other.
    for _ in 0..1 + random.below(8) / 6 {
        let (at, other) = (random.below(tokens.len()), random.below(tokens.len()));
        match random.below(12) {
            0 => drop(tokens.remove(at)),
            1 => tokens.insert(at, tokens[at].clone()),
            2 => tokens.swap(at, other),
            3 => tokens[at] = format!(" {} ", EDGES[random.below(EDGES.len())]),
            4 => tokens.insert(at, format!(" {} ", EDGES[random.below(EDGES.len())])),
            _ => {
                // The next of its sort that is another: what often still makes sense.
                let mut after = tokens[other..].iter().chain(&tokens[..other]);
                let same = after.find(|token| {
                    sort(token) == sort(&tokens[at]) && token.trim() != tokens[at].trim()
                });
                if let Some(same) = same.cloned() {
                    tokens[at] = same;
                }
            }
        }
        if tokens.is_empty() {
            break;
        }
    }
    tokens.concat()
}

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
    let count = std::env::var("SWASM_MUTATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(MUTATIONS);
    let seed: u64 =
        std::env::var("SWASM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let files = programs();
    assert!(files.len() > 50, "the repository has programs");
    let work = |part: usize| {
        let (mut wrong, mut accepted, mut told) = (Vec::new(), 0, 0);
        for (number, file) in files.iter().enumerate().filter(|(number, _)| number % 2 == part) {
            let bytes = std::fs::read(file).expect("it can be read");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let tokens = tokens(&text);
            let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1) ^ (seed << 32));
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
