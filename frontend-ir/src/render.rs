//! A [`Diagnostic`] becomes text: for people ([`human`]), one line of it ([`short`]), for tools ([`json`]).
//!
//! Invariant: the output depends on the diagnostic and its sources only; lines end in `\n`, the last one too.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level as Title, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Level, ModuleId, Place, Sources};
use crate::source::{Position, Span};

/// A single help of fewer words than this stands right behind the marks, as rustc has it.
const INLINE_HELP_WORDS: usize = 10;

/// rustc's shape: `error[SW0207]: …`, ` --> src/main.swir:1:41`, the lines with marks and labels, then `= help: …`. A place without text
/// shows only where it is.
pub fn human(diagnostic: &Diagnostic, sources: &dyn Sources, color: bool) -> String {
    let level = match diagnostic.level {
        Level::Warning => Title::WARNING,
        Level::Error => Title::ERROR,
    };
    let mut group =
        Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code.to_string()));
    let shown = diagnostic.place.is_some_and(|place| text_of(place, sources).is_some());
    let inline = match (&diagnostic.note, &diagnostic.help[..]) {
        (None, [help])
            if shown
                && help.split_whitespace().count() < INLINE_HELP_WORDS
                && !help.contains('\n') =>
        {
            Some(format!("help: {help}"))
        }
        _ => None,
    };
    let under = diagnostic.note.as_deref().or(inline.as_deref());

    // One snippet a module, the first for the place itself.
    let mut modules: Vec<ModuleId> = Vec::new();
    for place in diagnostic.place.iter().chain(diagnostic.labels.iter().map(|label| &label.place)) {
        if text_of(*place, sources).is_some() && !modules.contains(&place.module) {
            modules.push(place.module);
        }
    }
    if let Some(place) = diagnostic.place
        && !shown
    {
        let position = sources.source(place.module).position(place.span);
        group = group.element(
            Origin::path(position.file.to_string())
                .line(position.line as usize)
                .char_column(position.column as usize),
        );
    }
    for module in modules {
        let mut marks: Vec<(Range<usize>, AnnotationKind, Option<&str>)> = Vec::new();
        let primary = diagnostic
            .place
            .filter(|place| place.module == module)
            .map(|place| (place, AnnotationKind::Primary, under));
        let labels = diagnostic
            .labels
            .iter()
            .filter(|label| label.place.module == module)
            .map(|label| (label.place, AnnotationKind::Context, Some(&*label.text)));
        for (place, kind, text) in primary.into_iter().chain(labels) {
            if let Some((_, range)) = text_of(place, sources) {
                marks.push((range, kind, text));
            }
        }
        let source = sources.source(module);
        let text = source.text.as_deref().unwrap_or("");
        // Only the lines from the first mark to the last are handed on: a renderer reads all that it gets.
        let lo = marks.iter().map(|mark| mark.0.start).min().unwrap_or(0);
        let hi = marks.iter().map(|mark| mark.0.end).max().unwrap_or(0);
        let start = text[..lo].rfind('\n').map_or(0, |at| at + 1);
        let end = text[hi..].find('\n').map_or(text.len(), |at| hi + at);
        let line = source.position(Span::text(start, start)).line as usize;
        let mut snippet = Snippet::source(&text[start..end]).line_start(line).path(&*source.file);
        for (range, kind, label) in marks {
            snippet =
                snippet.annotation(kind.span(range.start - start..range.end - start).label(label));
        }
        group = group.element(snippet);
    }
    if let (false, Some(note)) = (shown, &diagnostic.note) {
        group = group.element(Title::NOTE.message(note));
    }
    for label in &diagnostic.labels {
        if text_of(label.place, sources).is_none() {
            let position = sources.source(label.place.module).position(label.place.span);
            group = group.element(Title::NOTE.message(format!("{position}: {}", label.text)));
        }
    }
    if inline.is_none() {
        for help in &diagnostic.help {
            group = group.element(Title::HELP.message(help));
        }
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = renderer.render(&[group]);
    out.push('\n');
    out
}

/// `file:line:col: error[SW0207]: message`
pub fn short(diagnostic: &Diagnostic, sources: &dyn Sources) -> String {
    let at = diagnostic.place.map_or(String::new(), |place| {
        format!("{}: ", sources.source(place.module).position(place.span))
    });
    format!("{at}{}[{}]: {}\n", level_name(diagnostic.level), diagnostic.code, diagnostic.message)
}

/// One line of JSON, with rustc's names of fields.
pub fn json(diagnostic: &Diagnostic, sources: &dyn Sources) -> String {
    let mut out = String::from("{\"$message_type\":\"diagnostic\",\"message\":");
    string(&mut out, &diagnostic.message);
    let _ = write!(
        out,
        ",\"code\":{{\"code\":\"{}\",\"explanation\":null}},\"level\":\"{}\",\"spans\":[",
        diagnostic.code,
        level_name(diagnostic.level)
    );
    if let Some(place) = diagnostic.place {
        span(&mut out, place, true, diagnostic.note.as_deref(), sources);
    }
    for (index, label) in diagnostic.labels.iter().enumerate() {
        if index > 0 || diagnostic.place.is_some() {
            out.push(',');
        }
        span(&mut out, label.place, false, Some(&label.text), sources);
    }
    out.push_str("],\"children\":[");
    for (index, help) in diagnostic.help.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str("{\"message\":");
        string(&mut out, help);
        out.push_str(
            ",\"code\":null,\"level\":\"help\",\"spans\":[],\"children\":[],\"rendered\":null}",
        );
    }
    out.push_str("],\"rendered\":");
    string(&mut out, &human(diagnostic, sources, false));
    out.push_str("}\n");
    out
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

/// The text that a place points into, and where; `None` for a position that a builder or `@"file":line:column` gave.
fn text_of(place: Place, sources: &dyn Sources) -> Option<(&str, Range<usize>)> {
    let source = sources.source(place.module);
    let text = source.text.as_deref()?;
    let range = place.span.range()?;
    (text.get(range.clone()).is_some()).then_some((text, range))
}

fn span(out: &mut String, place: Place, primary: bool, label: Option<&str>, sources: &dyn Sources) {
    let source = sources.source(place.module);
    let start = source.position(place.span);
    let (bytes, end) = match text_of(place, sources) {
        Some((_, range)) => (range.clone(), source.position(Span::text(range.end, range.end))),
        None => (0..0, start.clone()),
    };
    out.push_str("{\"file_name\":");
    string(out, &start.file);
    let _ = write!(
        out,
        ",\"byte_start\":{},\"byte_end\":{},\"line_start\":{},\"line_end\":{},\"column_start\":{},\"column_end\":{},\"is_primary\":{primary},\"text\":[",
        bytes.start, bytes.end, start.line, end.line, start.column, end.column
    );
    lines(out, place, &start, &end, sources);
    out.push_str("],\"label\":");
    match label {
        Some(label) => string(out, label),
        None => out.push_str("null"),
    }
    out.push_str(
        ",\"suggested_replacement\":null,\"suggestion_applicability\":null,\"expansion\":null}",
    );
}

/// The lines of a span, each with the columns that belong to it.
fn lines(out: &mut String, place: Place, start: &Position, end: &Position, sources: &dyn Sources) {
    let Some((text, range)) = text_of(place, sources) else { return };
    let first = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    for (line, number) in text[first..].lines().zip(start.line..=end.line) {
        if number > start.line {
            out.push(',');
        }
        let from = if number == start.line { start.column } else { 1 };
        let to = if number == end.line { end.column } else { line.chars().count() as u32 + 1 };
        out.push_str("{\"text\":");
        string(out, line);
        let _ = write!(out, ",\"highlight_start\":{from},\"highlight_end\":{to}}}");
    }
}

/// A JSON string.
fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
