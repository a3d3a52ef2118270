//! What is said to a user about a mistake: a code, places, and a way out. Collected, never thrown one by one.

use crate::source::{Source, Span};

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// The program can be compiled.
    Warning,
    /// The program cannot be compiled.
    Error,
}

/// A stable code, printed as `SW0207`. The table of all codes is [`crate::codes`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Code(pub u16);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SW{:04}", self.0)
    }
}

/// Which module a place is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ModuleId(pub u32);

/// A span and the module it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The module.
    pub module: ModuleId,
    /// The span inside it.
    pub span: Span,
}

/// A further place, with a few words.
#[derive(Clone, Debug)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is there.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Error or warning.
    pub level: Level,
    /// Its code.
    pub code: Code,
    /// One line: what is wrong, with the names in it.
    pub message: String,
    /// Where. `None` only for mistakes about the program as a whole (no file, no export).
    pub place: Option<Place>,
    /// Words under the place's marks: what was found and what was expected.
    pub note: Option<String>,
    /// Other places that matter (the first definition, the declared type).
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            code,
            message: message.into(),
            place: Some(place),
            note: None,
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// A warning at a place.
    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, place, message) }
    }

    /// An error of the whole program.
    pub fn global(code: Code, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            code,
            message: message.into(),
            place: None,
            note: None,
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Words under the marks.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }

    /// Another place.
    #[must_use]
    pub fn label(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { place, text: text.into() });
        self
    }

    /// A way out.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

/// Finds the source of a module, to show lines of it.
pub trait Sources {
    /// The source of `module`.
    fn source(&self, module: ModuleId) -> &Source;
}
