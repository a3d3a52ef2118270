//! The import rule: a module and a name become the core signature that WASI gives them, or the name that was probably meant.
//!
//! Only `wasi_snapshot_preview1` and `wasi_unstable` are known; a program may import whatever it likes from any other module.

use swasm_tree::ValType;

use crate::witx;

/// A function's name and core signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [ValType],
    pub(crate) results: &'static [ValType],
}

/// What is known about an import.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// Nothing: the module is none of WASI's. Any name and signature is fine.
    UnknownModule,
    /// The module is known and has no such function.
    UnknownName {
        /// The function whose name is closest, if one is close.
        suggestion: Option<&'static str>,
    },
    /// The function must have this core signature.
    Signature {
        /// Parameter types.
        params: &'static [ValType],
        /// Result types.
        results: &'static [ValType],
    },
}

/// What is known about the function `name` of the module `module`.
pub fn signature(module: &str, name: &str) -> Known {
    let Some(functions) = functions(module) else { return Known::UnknownModule };
    match functions.binary_search_by_key(&name, |function| function.name) {
        Ok(index) => {
            Known::Signature { params: functions[index].params, results: functions[index].results }
        }
        Err(_) => Known::UnknownName {
            suggestion: closest(name, functions.iter().map(|function| function.name)),
        },
    }
}

/// The names of a known module's functions, sorted; `None` for any other module.
pub fn names(module: &str) -> Option<impl Iterator<Item = &'static str>> {
    Some(functions(module)?.iter().map(|function| function.name))
}

fn functions(module: &str) -> Option<&'static [Function]> {
    match module {
        "wasi_snapshot_preview1" => Some(witx::WASI_SNAPSHOT_PREVIEW1),
        "wasi_unstable" => Some(witx::WASI_UNSTABLE),
        _ => None,
    }
}

/// Edits that a misspelt name may need, as a share of its length.
const EDITS_PER_LENGTH: usize = 3;
/// Names longer than this are nobody's misspelling, and not worth the table.
const MAX_NAME: usize = 64;

/// The candidate that takes the fewest edits to reach, the first of several; `None` if even that one is far.
fn closest(name: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if name.len() > MAX_NAME {
        return None;
    }
    let limit = (name.len() / EDITS_PER_LENGTH).max(1);
    candidates
        .map(|candidate| (edits(name.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|&(edits, _)| edits <= limit)
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}

/// How many bytes must be inserted, deleted, replaced or swapped with their neighbour to turn `a` into `b`.
fn edits(a: &[u8], b: &[u8]) -> usize {
    // Rows of the usual table: two before, one before, current.
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_function_has_its_signature() {
        let write = Known::Signature { params: &[ValType::I32; 4], results: &[ValType::I32] };
        assert_eq!(signature("wasi_snapshot_preview1", "fd_write"), write);
        assert_eq!(signature("wasi_unstable", "fd_write"), write);
        assert_eq!(
            signature("wasi_snapshot_preview1", "proc_exit"),
            Known::Signature { params: &[ValType::I32], results: &[] }
        );
        let seek = Known::Signature {
            params: &[ValType::I32, ValType::I64, ValType::I32, ValType::I32],
            results: &[ValType::I32],
        };
        assert_eq!(signature("wasi_snapshot_preview1", "fd_seek"), seek);
    }

    #[test]
    fn a_misspelling_gets_the_closest_name() {
        for (written, meant) in [
            ("fd_wrte", "fd_write"),
            ("fd_wirte", "fd_write"),
            ("args_size_get", "args_sizes_get"),
            ("proc_exti", "proc_exit"),
        ] {
            assert_eq!(
                signature("wasi_snapshot_preview1", written),
                Known::UnknownName { suggestion: Some(meant) },
                "{written}"
            );
        }
        assert_eq!(
            signature("wasi_snapshot_preview1", ""),
            Known::UnknownName { suggestion: None }
        );
        assert_eq!(
            signature("wasi_snapshot_preview1", &"fd_write".repeat(100_000)),
            Known::UnknownName { suggestion: None }
        );
    }

    #[test]
    fn other_modules_are_unknown() {
        assert_eq!(signature("env", "fd_wrte"), Known::UnknownModule);
        assert!(names("env").is_none());
    }

    #[test]
    fn each_edit_counts_one() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abcd", "abdc", 1),
            ("abc", "axc", 1),
            ("abc", "bc", 1),
            ("abc", "xabc", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(edits(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }
}
