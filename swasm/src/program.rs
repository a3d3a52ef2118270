//! Texts and modules ⇒ a checked program ⇒ an artifact: the linker's doors, with diagnostics that know their texts.

use std::sync::Arc;

use swasm_frontend_ir::builder::ModuleBuilder;
use swasm_frontend_ir::{Diagnostic, ModuleId, checked, format as layout, ir, parser, print};
use swasm_linker::{Artifact, Options, Phase};

use crate::diagnostics::{Diagnostics, Texts};

/// The modules of a program, as text or built.
#[derive(Clone, Debug, Default)]
pub struct Program {
    inner: swasm_linker::Program,
    /// What is wrong with the files that modules should come from.
    files: Vec<Diagnostic>,
}

impl Program {
    /// A program without modules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a module in text. `file` is its name in messages and debug information, and without folders and extension the module's name
    /// unless the text says another. What is wrong with the text is told by [`Program::check`].
    pub fn text(&mut self, file: &str, text: impl AsRef<[u8]>) -> &mut Self {
        self.inner.text(file, text.as_ref());
        self
    }

    /// Adds a module that was built. What was wrong with the calls is told by [`Program::check`], at the lines of the calls.
    pub fn built(&mut self, builder: ModuleBuilder) -> &mut Self {
        self.inner.built(builder);
        self
    }

    /// Adds a module as data. A front end's own intrinsics are modules too: functions that are `wasm { … }` templates.
    pub fn module(&mut self, module: ir::Module) -> &mut Self {
        self.inner.module(module);
        self
    }

    /// Adds what is wrong with a file, to be told with the rest.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.files.push(diagnostic);
    }

    /// The modules that others use and that are neither here nor in the library. Whoever reads files looks for them, adds them and asks
    /// again; what stays missing is told by [`Program::check`], where it is used.
    pub fn missing_modules(&self) -> Vec<String> {
        self.inner.missing_modules()
    }

    /// The modules as text, as the printer writes them.
    ///
    /// # Errors
    /// What is wrong with files and texts: only what could be read can be printed.
    pub fn to_text(&self) -> Result<String, Diagnostics> {
        let mut list = self.files.clone();
        list.extend(self.inner.diagnostics.iter().cloned());
        if !list.is_empty() {
            return Err(Diagnostics::new(list, Texts::new(self.inner.clone())));
        }
        Ok(self.inner.modules.iter().map(print).collect::<Vec<_>>().join("\n"))
    }

    /// Checks all modules, together with the library.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn check(self) -> Result<Checked, Diagnostics> {
        let Self { inner, mut files } = self;
        if inner.modules.is_empty() && !files.is_empty() {
            return Err(Diagnostics::new(files, Texts::default()));
        }
        match inner.check() {
            Ok(program) if files.is_empty() => Ok(Checked(Arc::new(program))),
            Ok(program) => Err(Diagnostics::new(files, Texts::new(program))),
            Err(mut failed) => {
                files.append(&mut failed.diagnostics);
                Err(Diagnostics::new(files, Texts::new(failed)))
            }
        }
    }
}

/// A program in which nothing is wrong.
#[derive(Clone, Debug)]
pub struct Checked(Arc<checked::Checked>);

impl Checked {
    /// Makes a module of it, with what it reaches of the library.
    ///
    /// # Errors
    /// What shows only when all is put together: exports or imports that disagree, roots that aren't there.
    pub fn link(&self, options: &Options) -> Result<Artifact, Diagnostics> {
        swasm_linker::link(&self.0, options).map_err(|list| Diagnostics::new(list, self.texts()))
    }

    /// The same; `observe` is told whenever a phase begins, for whoever takes times.
    ///
    /// # Errors
    /// As [`Checked::link`].
    pub fn link_observed(
        &self,
        options: &Options,
        observe: &mut dyn FnMut(Phase),
    ) -> Result<Artifact, Diagnostics> {
        swasm_linker::link_observed(&self.0, options, observe)
            .map_err(|list| Diagnostics::new(list, self.texts()))
    }

    /// What is doubtful about it.
    pub fn warnings(&self) -> Diagnostics {
        Diagnostics::new(self.0.warnings().to_vec(), self.texts())
    }

    fn texts(&self) -> Texts {
        Texts::shared(self.0.clone())
    }
}

/// Lays out the tokens of a text: comments, blank lines and spellings stay.
///
/// # Errors
/// What keeps it from being a module's text.
pub fn format(file: &str, text: &[u8]) -> Result<String, Diagnostics> {
    let parsed = parser::parse_bytes(file, text, ModuleId(0));
    let outcome = match std::str::from_utf8(text) {
        Ok(text) if parsed.diagnostics.is_empty() => layout(text),
        _ => Err(parsed.diagnostics),
    };
    outcome.map_err(|list| Diagnostics::new(list, Texts::one(parsed.module.source)))
}
