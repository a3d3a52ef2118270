//! The diagnostics of a program against those that its files expect.
//!
//! Invariant: the two are compared both ways; a diagnostic that nobody expects is a failure, warnings too.

use swasm_frontend_ir::{Diagnostic, Level, Sources, render};

use crate::directive::ExpectedDiagnostic;
use crate::run::Failure;

/// What the files of one program expect: the file's name and the expectation.
pub(crate) type Expected = Vec<(String, ExpectedDiagnostic)>;

/// Compares what was said with what was expected.
pub(crate) fn compare(
    expected: &Expected,
    said: &[Diagnostic],
    sources: &dyn Sources,
) -> Vec<Failure> {
    let mut open: Vec<_> = said.iter().collect();
    let mut failures = Vec::new();
    for (file, expectation) in expected {
        match open.iter().position(|diagnostic| fits(file, expectation, diagnostic, sources)) {
            Some(at) => drop(open.remove(at)),
            None => {
                let ExpectedDiagnostic { line, level, code, message, about, columns } = expectation;
                let mut text = format!("{level}[{code}] was not given");
                if let Some(about) = about {
                    text.push_str(&format!(" at {file}:{about}"));
                }
                if let Some((first, count)) = columns {
                    text.push_str(&format!(", columns {first} to {}", first + count - 1));
                }
                if let Some(message) = message {
                    text.push_str(&format!(": {message}"));
                }
                failures.push((Some(*line), text));
            }
        }
    }
    failures.extend(open.into_iter().map(|diagnostic| {
        let line =
            diagnostic.place.map(|place| sources.source(place.module).position(place.span).line);
        (line, format!("not expected:\n{}", render::human(diagnostic, sources, false)))
    }));
    failures
}

fn fits(
    file: &str,
    expected: &ExpectedDiagnostic,
    diagnostic: &Diagnostic,
    sources: &dyn Sources,
) -> bool {
    let level = match diagnostic.level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    if level != expected.level || diagnostic.code.to_string() != expected.code {
        return false;
    }
    if expected.message.as_ref().is_some_and(|message| *message != diagnostic.message) {
        return false;
    }
    let (Some(about), Some(place)) = (expected.about, diagnostic.place) else {
        return expected.about.is_none() && diagnostic.place.is_none();
    };
    let source = sources.source(place.module);
    let position = source.position(place.span);
    if &*position.file != file || position.line != about {
        return false;
    }
    let Some((first, count)) = expected.columns else { return true };
    let marked = place.span.range().and_then(|range| source.text.as_deref()?.get(range));
    // What goes on over several lines is marked to the end of its first.
    let width =
        marked.map_or(1, |text| text.lines().next().unwrap_or_default().chars().count().max(1));
    first == position.column && count as usize == width
}
