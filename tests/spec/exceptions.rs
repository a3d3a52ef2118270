//! What may fail in the suite, and why. An exception that nothing needs fails a test.

use crate::run::{Failure, Stage};

/// Directives that may fail, for one reason.
struct Exception {
    /// Why.
    reason: &'static str,
    /// How they may fail: what else goes wrong with them is still an error.
    stage: Stage,
    /// Scripts, and lines of the directives from 1; any line, if none is given.
    places: &'static [(&'static str, &'static [usize])],
}

/// Scripts of proposals, and of earlier versions, say what was true before other proposals joined them. The tree reads one language,
/// that of today.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        reason: "custom descriptors are a proposal beyond 3.0, which nobody implements yet",
        stage: Stage::Refused,
        places: &[
            ("custom-descriptors/array_new_exact", &[]),
            ("custom-descriptors/binary-descriptors", &[]),
            ("custom-descriptors/br_on_cast", &[211]),
            ("custom-descriptors/br_on_cast_desc_eq", &[]),
            ("custom-descriptors/br_on_cast_desc_eq_fail", &[]),
            ("custom-descriptors/br_on_cast_fail", &[226]),
            ("custom-descriptors/descriptors", &[]),
            ("custom-descriptors/exact", &[]),
            ("custom-descriptors/exact-func-import", &[1, 90, 155, 186]),
            ("custom-descriptors/ref_cast_desc_eq", &[]),
            ("custom-descriptors/ref_get_desc", &[]),
            ("custom-descriptors/struct_new_desc", &[]),
        ],
    },
    Exception {
        reason: "exact types of custom descriptors, which wasmparser lets pass and the reader refuses",
        stage: Stage::Refused,
        places: &[
            ("custom-descriptors/exact-casts", &[4, 216, 428]),
            ("custom-descriptors/exact-func-import", &[76, 83, 128, 147, 219]),
        ],
    },
    Exception {
        reason: "the engine has `try_table`, not the exceptions that came before it",
        stage: Stage::Engine,
        places: &[("legacy-exceptions/try", &[3])],
    },
    Exception {
        reason: "a module may have several memories since the proposal of that name",
        stage: Stage::Accepted,
        places: &[
            ("memory64/memory", &[10, 11]),
            ("memory64/memory64", &[8, 9]),
            ("reference-types/imports", &[416, 420, 424]),
            ("threads/imports", &[404, 408, 412]),
            ("threads/memory", &[14, 15]),
            ("wasm-v1/imports", &[404, 408, 412]),
            ("wasm-v1/memory", &[8, 9]),
            ("wasm-v2/imports", &[487, 491, 495]),
            ("wasm-v2/memory", &[10, 11]),
        ],
    },
    Exception {
        reason: "what was a zero byte in `memory.size` and `memory.grow` is the number of a memory, which may be padded",
        stage: Stage::Accepted,
        places: &[
            ("function-references/binary", &[145, 165, 184, 203, 242, 261, 279, 297]),
            ("memory64/binary", &[876, 896, 915, 934, 973, 992, 1010, 1028]),
            ("multi-value/binary", &[162, 182, 201, 220, 259, 278, 296, 314]),
            ("reference-types/binary", &[756, 776, 795, 814, 853, 872, 890, 908]),
            ("wasm-v2/binary", &[145, 165, 184, 203, 242, 261, 279, 297]),
        ],
    },
    Exception {
        reason: "limits and offsets of memories have 64 bits since memory64, so that six bytes aren't too many",
        stage: Stage::Accepted,
        places: &[
            ("reference-types/binary", &[157, 354, 362, 419]),
            ("reference-types/binary-leb128", &[217, 225, 404, 461]),
            ("wasm-v1/binary-leb128", &[216, 224, 403, 460]),
            ("wasm-v2/binary-leb128", &[217, 225]),
        ],
    },
    Exception {
        reason: "a module may have several tables since the reference types",
        stage: Stage::Accepted,
        places: &[("threads/imports", &[309, 313, 317])],
    },
    Exception {
        reason: "in code that isn't reached, labels of a `br_table` may have different types since the garbage collection proposal",
        stage: Stage::Accepted,
        places: &[("reference-types/unreached-invalid", &[539])],
    },
    Exception {
        reason: "segments are written one after the other since the bulk operations: one that doesn't fit traps, and those before it stay",
        stage: Stage::Engine,
        places: &[("mutable-global/linking", &[206, 227, 236, 238, 248, 298, 334, 342, 344, 354])],
    },
];

/// Exceptions about a script, with their lines.
fn about(script: &str) -> impl Iterator<Item = (&'static Exception, &'static [usize])> {
    let places = EXCEPTIONS
        .iter()
        .flat_map(|exception| exception.places.iter().map(move |place| (exception, place)));
    places
        .filter(move |(_, place)| place.0 == script)
        .map(|(exception, place)| (exception, place.1))
}

/// What is wrong when a script failed like this: failures that may not be, exceptions that are not needed.
pub(crate) fn compare(script: &str, failures: &[Failure]) -> Vec<String> {
    let mut wrong = Vec::new();
    for Failure { line, stage, message } in failures {
        let excused = |(exception, lines): (&Exception, &[usize])| {
            exception.stage == *stage && (lines.is_empty() || lines.contains(line))
        };
        if !about(script).any(excused) {
            wrong.push(format!("{script}.wast:{line}: {stage:?}: {message}"));
        }
    }
    for (Exception { reason, stage, .. }, lines) in about(script) {
        let failed = || failures.iter().filter(|failure| failure.stage == *stage);
        if lines.is_empty() && failed().next().is_none() {
            wrong.push(format!("{script} needs no exception ({reason})"));
        }
        for line in lines.iter().filter(|line| failed().all(|failure| failure.line != **line)) {
            wrong.push(format!("{script}.wast:{line} needs no exception ({reason})"));
        }
    }
    wrong
}

/// Whether each exception is about a script that exists, and is reported if the script doesn't fail.
///
/// # Errors
/// Those for which that isn't so.
pub(crate) fn are_seen_when_needless(scripts: &[String]) -> Result<(), String> {
    let mut wrong = Vec::new();
    for (script, lines) in EXCEPTIONS.iter().flat_map(|exception| exception.places) {
        if !scripts.iter().any(|known| known == script) {
            wrong.push(format!("there is no script {script}"));
        }
        if compare(script, &[]).len() < lines.len().max(1) {
            wrong.push(format!("nobody sees that {script} needs no exception"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}
