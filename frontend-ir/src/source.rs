//! Where things stand: a span is a range of its module's text, or one of the positions that a builder or front end gave.

use std::sync::Arc;

/// A place inside one module. Two meanings, told apart by the top bit of `lo`: bytes `lo..hi` of the module's text, or entry
/// `lo & !POSITION` of its [`Source::positions`].
///
/// Spans say where something stands, not what it is: they compare equal to any other, so that a printed and parsed module equals the first.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    lo: u32,
    hi: u32,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Span {}

/// Where a span starts: a byte of its module's text, or one of its positions. Half a span's size, for what only debug information asks.
#[derive(Clone, Copy, Debug)]
pub struct Start(u32);

impl Start {
    /// The index into [`Source::positions`], if it is a position.
    pub fn position(self) -> Option<usize> {
        (self.0 & POSITION != 0).then_some((self.0 & !POSITION) as usize)
    }

    /// [`Span::key`] of the span.
    pub fn key(self) -> u32 {
        self.0
    }
}

/// The largest text a module may have, in bytes.
pub const MAX_TEXT: usize = (POSITION - 1) as usize;
const POSITION: u32 = 1 << 31;

impl Span {
    /// Bytes `lo..hi` of the module's text.
    pub fn text(lo: usize, hi: usize) -> Self {
        debug_assert!(lo <= hi && hi <= MAX_TEXT, "the parser refuses texts over MAX_TEXT");
        Self { lo: lo as u32, hi: hi as u32 }
    }

    /// The byte range, unless it is a position.
    pub fn range(self) -> Option<std::ops::Range<usize>> {
        (self.lo & POSITION == 0).then_some(self.lo as usize..self.hi as usize)
    }

    /// The index into [`Source::positions`], if it is a position.
    pub fn position(self) -> Option<usize> {
        (self.lo & POSITION != 0).then_some((self.lo & !POSITION) as usize)
    }

    /// From the start of `self` to the end of `other`; `self` where either is a position.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if (self.lo | other.lo) & POSITION != 0 {
            self
        } else {
            Self { lo: self.lo, hi: other.hi.max(self.lo) }
        }
    }

    /// The first `0` bytes of it: where it starts.
    #[must_use]
    pub fn start(self) -> Self {
        if self.lo & POSITION != 0 { self } else { Self { lo: self.lo, hi: self.lo } }
    }

    /// The place where it starts.
    pub fn begin(self) -> Start {
        Start(self.lo)
    }

    /// The place of its last byte, a closing brace for one; the position if it is one.
    pub fn last(self) -> Start {
        Start(if self.lo & POSITION != 0 {
            self.lo
        } else {
            self.hi.saturating_sub(1).max(self.lo)
        })
    }

    /// A number that grows with the place inside its module and is never more than `u32::MAX / 2` for texts: what the linker adds a
    /// module's base to.
    pub fn key(self) -> u32 {
        self.lo
    }
}

/// A line and column of some file, both from 1; columns count characters (Unicode scalar values).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Position {
    /// The file's name as it was given.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What a module's spans point into.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file's name, as messages and debug info show it. Never an absolute path unless the user gave one.
    pub file: Arc<str>,
    /// The text, if the module was parsed.
    pub text: Option<Arc<str>>,
    /// Positions that a builder call or `@"file":line:column` gave.
    pub positions: Vec<Position>,
    lines: std::sync::OnceLock<Lines>,
}

/// The lines of a text.
#[derive(Clone, Debug)]
struct Lines {
    /// Where each starts.
    starts: Box<[u32]>,
    /// Whether a byte is a character everywhere.
    ascii: bool,
}

/// A line of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// From 1.
    pub number: u32,
    /// Its bytes, its line break included; the last line's range has no end.
    pub range: std::ops::Range<u32>,
}

impl Source {
    /// A text file.
    pub fn new(file: &str, text: Arc<str>) -> Self {
        Self {
            file: file.into(),
            text: Some(text),
            positions: Vec::new(),
            lines: std::sync::OnceLock::new(),
        }
    }

    /// A module that was built, not parsed.
    pub fn built(file: &str) -> Self {
        Self {
            file: file.into(),
            text: None,
            positions: Vec::new(),
            lines: std::sync::OnceLock::new(),
        }
    }

    /// A span for `position`; the same one again for the position used last.
    pub fn add_position(&mut self, position: Position) -> Span {
        if self.positions.last() != Some(&position) {
            self.positions.push(position);
        }
        let index = u32::try_from(self.positions.len() - 1)
            .expect("a module has fewer than 2^31 positions");
        assert!(index < POSITION, "a module has fewer than 2^31 positions");
        Span { lo: POSITION | index, hi: POSITION | index }
    }

    /// File, line and column of where `span` starts.
    pub fn position(&self, span: Span) -> Position {
        if let Some(index) = span.position() {
            return self.positions[index].clone();
        }
        let line = self.line(span.lo);
        let column = self.column(&line, span.lo);
        Position { file: self.file.clone(), line: line.number, column }
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| {
            let text = self.text.as_deref().unwrap_or("");
            let behind_breaks = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
            let starts = std::iter::once(0).chain(behind_breaks).collect();
            Lines { starts, ascii: text.is_ascii() }
        })
    }

    /// The line of byte `at` of the text.
    pub fn line(&self, at: u32) -> Line {
        let starts = &self.lines().starts;
        let number = starts.partition_point(|start| *start <= at);
        let end = starts.get(number).copied().unwrap_or(u32::MAX);
        Line { number: number as u32, range: starts[number - 1]..end }
    }

    /// The column, from 1, of byte `at`, which stands in `line`.
    pub fn column(&self, line: &Line, at: u32) -> u32 {
        let text = self.text.as_deref().unwrap_or("");
        let start = line.range.start;
        let at = at.min(text.len() as u32);
        if self.lines().ascii {
            return at - start + 1;
        }
        text.get(start as usize..at as usize).map_or(0, |before| before.chars().count()) as u32 + 1
    }
}
