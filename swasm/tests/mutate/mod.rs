//! The programs of the repository, and ways to mistype them that keep most of them: tokens are dropped, doubled, swapped, replaced by others
//! of the same file or by edge values. The choices are the same in every run.

use std::path::{Path, PathBuf};

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
pub(crate) struct Random(u64);

impl Random {
    /// For program number `program`; `SWASM_SEED` gives other choices.
    pub(crate) fn new(program: usize) -> Self {
        let seed =
            std::env::var("SWASM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1u64);
        Self(0x9e37_79b9_7f4a_7c15 ^ (program as u64 + 1) ^ (seed << 32))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

pub(crate) fn programs() -> Vec<PathBuf> {
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
pub(crate) fn tokens(text: &str) -> Vec<&str> {
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

/// How many times each program is mistyped: `SWASM_MUTATIONS`, or as often as a test has time for.
pub(crate) fn count(usual: usize) -> usize {
    std::env::var("SWASM_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
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

pub(crate) fn mutate(tokens: &[&str], random: &mut Random) -> String {
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
