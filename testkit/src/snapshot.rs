//! Snapshots: a case's source and the folded text of the functions it names, held by a file that people review.
//!
//! Invariant: equal inputs give equal bytes on every machine: the file holds no path, version or date, and lines end in `\n`.

use std::path::Path;

/// A part of a snapshot besides the source.
pub(crate) struct Section {
    /// The directive: `wat: f`.
    pub(crate) title: String,
    /// The text.
    pub(crate) body: String,
}

/// What a snapshot file holds.
pub(crate) fn render(source: &str, sections: &[Section]) -> String {
    let mut text = String::new();
    for line in source.lines() {
        text.push_str(line);
        text.push('\n');
    }
    for Section { title, body } in sections {
        text.push_str(&format!("\n---- {title}\n{}\n", body.trim_end()));
    }
    text
}

/// What became of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Held {
    /// The file says the same.
    Same,
    /// The file was written.
    Blessed,
}

/// Compares `text` with the file at `path`, or writes it there.
///
/// # Errors
/// A text for the user when the file is missing or differs (only without `bless`), or cannot be read or written.
pub(crate) fn hold(path: &Path, text: &str, bless: bool) -> Result<Held, String> {
    let old = match std::fs::read_to_string(path) {
        Ok(old) => Some(old.replace("\r\n", "\n")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    if old.as_deref() == Some(text) {
        return Ok(Held::Same);
    }
    if bless {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(path, text))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        return Ok(Held::Blessed);
    }
    Err(match old {
        None => "no snapshot yet; run with --bless to write it".to_owned(),
        Some(old) => format!(
            "the snapshot differs; run with --bless to accept\n{}",
            crate::diff::lines("snapshot", &old, "now", text)
        ),
    })
}
