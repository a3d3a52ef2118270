//! Texts and built modules ⇒ a checked program, joined with the library.
//!
//! Invariant: whatever is wrong with one module, the others are read too, and all that is wrong is said in one go.

use std::sync::{Arc, OnceLock};

use swasm_frontend_ir::builder::ModuleBuilder;
use swasm_frontend_ir::checked::Checked;
use swasm_frontend_ir::diagnostic::{Diagnostic, ModuleId, Place, Sources};
use swasm_frontend_ir::ir::{self, ItemKind};
use swasm_frontend_ir::library::{Library, LibraryModule};
use swasm_frontend_ir::source::Source;
use swasm_frontend_ir::{check::check, parser};

use crate::imports::Wasi;

/// The library's name: the first of every path into it.
const STD: &str = "std";

/// The library of this process: the intrinsic table and the standard library. Its text is read when it is first referred to.
pub fn library() -> Arc<Library> {
    static LIBRARY: OnceLock<Arc<Library>> = OnceLock::new();
    let join = || {
        let table = swasm_intrinsics::TABLE.iter().chain(swasm_stdlib::MODULES);
        let mut modules: Vec<LibraryModule> =
            table.map(|&(path, file, text)| LibraryModule { path, file, text }).collect();
        modules.sort_by_key(|module| module.path);
        Arc::new(Library::new(modules.leak()))
    };
    LIBRARY.get_or_init(join).clone()
}

/// The modules of a program, and what was wrong with them so far.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The modules, in the order in which they were added.
    pub modules: Vec<ir::Module>,
    /// What the parser or the builder had to say.
    pub diagnostics: Vec<Diagnostic>,
}

impl Program {
    /// Adds a text file. It may be anything; what isn't a module becomes diagnostics.
    pub fn text(&mut self, file: &str, bytes: &[u8]) {
        let parsed = parser::parse_bytes(file, bytes, self.next());
        self.modules.push(parsed.module);
        self.diagnostics.extend(parsed.diagnostics);
    }

    /// Adds a module.
    pub fn module(&mut self, module: ir::Module) {
        self.modules.push(module);
    }

    /// Adds a module that is being built; what was wrong with the calls is told with the rest.
    pub fn built(&mut self, builder: ModuleBuilder) {
        let built = builder.finish(self.next());
        self.modules.push(built.module);
        self.diagnostics.extend(built.diagnostics);
    }

    /// The id of the module that is added next.
    pub fn next(&self) -> ModuleId {
        ModuleId(
            u32::try_from(library().len() + self.modules.len())
                .expect("a program has fewer than 2^32 modules"),
        )
    }

    /// Modules that are used and neither part of the program nor of the library, by their first name, in order of appearance.
    pub fn missing_modules(&self) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for module in &self.modules {
            let uses = module.items.iter().filter_map(|item| match &item.kind {
                ItemKind::Use(bindings) => Some(bindings),
                ItemKind::Const(_)
                | ItemKind::Static { .. }
                | ItemKind::Fn(_)
                | ItemKind::Struct(_)
                | ItemKind::Impl(_) => None,
            });
            for binding in uses.flatten() {
                let name = &module.names[binding.path.segments[0].name];
                let known =
                    self.modules.iter().any(|other| other.name.split("::").next() == Some(name));
                if name != STD && !known && !missing.iter().any(|other| other == name) {
                    missing.push(name.to_owned());
                }
            }
        }
        missing
    }

    /// Checks the program together with the library.
    ///
    /// # Errors
    /// All that is wrong, in the order of the modules and their texts.
    pub fn check(self) -> Result<Checked, Failed> {
        let Self { modules, mut diagnostics } = self;
        match check(modules, library(), &Wasi) {
            Ok(program) if diagnostics.is_empty() => Ok(program),
            Ok(program) => {
                diagnostics.extend(program.warnings().iter().cloned());
                Err(Failed::new(diagnostics, program))
            }
            Err(failed) => {
                diagnostics.extend(failed.diagnostics.iter().cloned());
                Err(Failed::new(diagnostics, failed))
            }
        }
    }
}

impl Sources for Program {
    fn source(&self, module: ModuleId) -> &Source {
        &self.modules[module.0 as usize - library().len()].source
    }
}

/// What is wrong with a program, and the texts it is about.
pub struct Failed {
    /// In the order of the modules and their texts.
    pub diagnostics: Vec<Diagnostic>,
    sources: Box<dyn Sources + Send + Sync>,
}

impl Failed {
    fn new(
        mut diagnostics: Vec<Diagnostic>,
        sources: impl Sources + Send + Sync + 'static,
    ) -> Self {
        let key = |place: Place| (place.module, place.span.key());
        diagnostics.sort_by_key(|diagnostic| diagnostic.place.map(key));
        Self { diagnostics, sources: Box::new(sources) }
    }
}

impl Sources for Failed {
    fn source(&self, module: ModuleId) -> &Source {
        self.sources.source(module)
    }
}

impl std::fmt::Debug for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failed").field("diagnostics", &self.diagnostics).finish_non_exhaustive()
    }
}

/// The names of all passes, for whoever lets a user name one.
pub fn pass_names() -> impl Iterator<Item = &'static str> {
    swasm_optimizer::all().iter().map(|pass| pass.name)
}
