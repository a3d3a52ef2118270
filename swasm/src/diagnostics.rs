//! What was wrong with a program, with the texts it is about: shown to people or to programs.

use std::fmt;
use std::sync::Arc;

use swasm_frontend_ir::{Diagnostic, Level, ModuleId, Source, Sources, render};

/// Diagnostics of one program. Shown (also by `{:?}`, for `fn main() -> Result<…>`) they are text with the lines that they are about.
#[derive(Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    sources: Texts,
}

/// The sources of a program, the library's first.
#[derive(Clone)]
pub(crate) struct Texts(Arc<dyn Sources + Send + Sync>);

impl Texts {
    pub(crate) fn new(sources: impl Sources + Send + Sync + 'static) -> Self {
        Self(Arc::new(sources))
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self::new(NoSources(Source::built("<program>")))
    }
}

/// For diagnostics that are about no module.
struct NoSources(Source);

impl Sources for NoSources {
    fn source(&self, _: ModuleId) -> &Source {
        &self.0
    }
}

impl Diagnostics {
    pub(crate) fn new(list: Vec<Diagnostic>, sources: Texts) -> Self {
        Self { list, sources }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }

    /// The diagnostics one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Adds one that is about no module.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(Diagnostic { place: None, labels: Vec::new(), ..diagnostic });
    }

    /// As rustc shows them: with the lines they are about, and in colours if wanted.
    pub fn human(&self, color: bool) -> String {
        let shown = self.list.iter().map(|diagnostic| format!("{}\n", render::human(diagnostic, &*self.sources.0, color).trim_end()));
        shown.collect::<Vec<_>>().join("\n")
    }

    /// A line each: `src/main.swir:1:41: error[SW0312]: …`.
    pub fn short(&self) -> String {
        self.lines(render::short)
    }

    /// A JSON object a line each, with rustc's field names.
    pub fn json(&self) -> String {
        self.lines(render::json)
    }

    fn lines(&self, render: fn(&Diagnostic, &dyn Sources) -> String) -> String {
        self.list.iter().map(|diagnostic| format!("{}\n", render(diagnostic, &*self.sources.0).trim_end())).collect()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut diagnostics = Self::default();
        diagnostics.push(diagnostic);
        diagnostics
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.human(false).trim_end())
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Diagnostics {}
