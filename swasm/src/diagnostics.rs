//! What was wrong with a program, with the texts it is about: shown to people or to programs.

use std::fmt;
use std::sync::Arc;

use swasm_frontend_ir::{Diagnostic, Level, ModuleId, Source, Sources, render};

/// How many diagnostics are shown with their lines: nobody reads more, and a snippet takes time.
pub const MAX_SHOWN: usize = 100;

/// Diagnostics of one program. Shown (also by `{:?}`, for `fn main() -> Result<…>`) they are text with the lines that they are about.
#[derive(Clone, Default)]
pub struct Diagnostics {
    list: Vec<(Diagnostic, Texts)>,
}

/// The sources of a program, the library's first.
#[derive(Clone)]
pub(crate) struct Texts(Arc<dyn Sources + Send + Sync>);

impl Texts {
    pub(crate) fn new(sources: impl Sources + Send + Sync + 'static) -> Self {
        Self(Arc::new(sources))
    }

    pub(crate) fn one(source: Source) -> Self {
        Self::new(One(source))
    }

    pub(crate) fn shared(sources: Arc<impl Sources + Send + Sync + 'static>) -> Self {
        Self(sources)
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self::one(Source::built("<program>"))
    }
}

/// For diagnostics that are about one module, or about none.
struct One(Source);

impl Sources for One {
    fn source(&self, _: ModuleId) -> &Source {
        &self.0
    }
}

impl Diagnostics {
    pub(crate) fn new(list: Vec<Diagnostic>, sources: Texts) -> Self {
        Self { list: list.into_iter().map(|diagnostic| (diagnostic, sources.clone())).collect() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|(diagnostic, _)| diagnostic.level == Level::Error)
    }

    /// The diagnostics one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().map(|(diagnostic, _)| diagnostic)
    }

    /// Adds one that is about no module.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list
            .push((Diagnostic { place: None, labels: Vec::new(), ..diagnostic }, Texts::default()));
    }

    /// Adds those of another program.
    pub fn extend(&mut self, others: Self) {
        self.list.extend(others.list);
    }

    /// As rustc shows them: with the lines they are about, and in colours if wanted. After the first [`MAX_SHOWN`] it says how many more
    /// there are.
    pub fn human(&self, color: bool) -> String {
        let first = self.list.iter().take(MAX_SHOWN);
        let mut shown: Vec<String> =
            first.map(|(diagnostic, texts)| render::human(diagnostic, &*texts.0, color)).collect();
        if let more @ 1.. = self.list.len().saturating_sub(MAX_SHOWN) {
            shown.push(format!("{more} more are not shown\n"));
        }
        shown.join("\n")
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
        self.list.iter().map(|(diagnostic, texts)| render(diagnostic, &*texts.0)).collect()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut diagnostics = Self::default();
        diagnostics.push(diagnostic);
        diagnostics
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    /// Of diagnostics that are about no module.
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(list: T) -> Self {
        let mut diagnostics = Self::default();
        list.into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
        diagnostics
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
