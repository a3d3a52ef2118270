//! `swasm fmt`: files ⇒ the same tokens, laid out.

use std::path::{Path, PathBuf};

use swasm::{Diagnostics, format};

use crate::args::Fmt;
use crate::{FAILED, Failure, input, output};

/// Formats in place, or says what is not formatted.
pub(crate) fn fmt(fmt: &Fmt) -> Result<i32, Failure> {
    let files = if fmt.files.is_empty() { project_files() } else { fmt.files.clone() };
    let mut wrong = Diagnostics::default();
    let mut unformatted = String::new();
    for path in &files {
        let bytes = match input::read(path) {
            Ok(bytes) => bytes,
            Err(diagnostic) => {
                wrong.push(diagnostic);
                continue;
            }
        };
        let formatted = match format(&path.to_string_lossy(), &bytes) {
            Ok(formatted) => formatted,
            Err(diagnostics) => {
                wrong.extend(diagnostics);
                continue;
            }
        };
        let same = formatted.as_bytes() == bytes;
        if fmt.check && !same {
            unformatted.push_str(&format!("{} is not formatted\n", path.display()));
        } else if !fmt.check && (!same || path == Path::new("-")) {
            output::write(path, formatted.as_bytes())?;
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.into());
    }
    crate::report::say(&unformatted);
    Ok(if unformatted.is_empty() { 0 } else { FAILED })
}

/// The `.swir` files of the project here.
fn project_files() -> Vec<PathBuf> {
    let folders = ["src", "tests"].map(Path::new);
    let found = folders
        .into_iter()
        .filter(|folder| folder.is_dir())
        .filter_map(|folder| swasm_testkit::swir_files(folder).ok());
    found.flatten().collect()
}
