//! Two texts ⇒ what a person needs to see of how they differ.

/// Lines of context around a difference.
const CONTEXT: usize = 3;

/// A unified diff from `old` to `new`.
pub(crate) fn lines(old_name: &str, old: &str, new_name: &str, new: &str) -> String {
    let diff = similar::TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(CONTEXT).header(old_name, new_name).to_string()
}

/// `what` differs: the two values on one line each, or a diff if they have many lines.
pub(crate) fn bytes(what: &str, expected: &[u8], found: &[u8]) -> String {
    let many = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() > 1;
    if many(expected) || many(found) {
        let (old, new) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(found));
        if old != new {
            return format!("{what} differs\n{}", lines("expected", &old, "found", &new));
        }
    }
    format!(
        "{what} differs\n  expected \"{}\"\n     found \"{}\"",
        expected.escape_ascii(),
        found.escape_ascii()
    )
}
