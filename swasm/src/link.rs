//! The short way for a front end with one module: `module.link()?.to_wasm()?`.

use swasm_frontend_ir::{ir, print};
use swasm_linker::{Artifact, Options, Print, Printed, Stage};

use crate::{Checked, Diagnostics, Emit, Program};

/// Joins one module with the library.
pub trait Link {
    /// Checks the module and finds what it needs of the library. The environment variable `SWASM_EMIT` decides which stages
    /// [`Linked::to_wasm`] shows; a compiler that wants no environment uses [`Program`].
    ///
    /// # Errors
    /// All that is wrong with the module.
    fn link(self) -> Result<Linked, Diagnostics>;
}

impl Link for ir::Module {
    fn link(self) -> Result<Linked, Diagnostics> {
        let emit = Emit::from_env();
        let text = emit.ir.then(|| print::print(&self));
        let mut program = Program::new();
        program.module(self);
        Ok(Linked { checked: program.check()?, options: Options::default(), emit, text })
    }
}

/// A program that is ready to become a module.
#[derive(Clone, Debug)]
pub struct Linked {
    checked: Checked,
    options: Options,
    emit: Emit,
    text: Option<String>,
}

impl Linked {
    /// Makes other choices than the usual ones.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Lowers, optimises, verifies and encodes.
    ///
    /// # Errors
    /// What shows only when all is put together.
    pub fn to_wasm(&self) -> Result<Vec<u8>, Diagnostics> {
        let mut options = self.options.clone();
        let stages =
            [(self.emit.tree, "tree", Stage::Lowered), (self.emit.wat, "wat", Stage::Final)];
        for (_, _, stage) in stages.iter().filter(|(wanted, ..)| *wanted) {
            options.prints.push(Print { stage: stage.clone(), function: None });
        }
        let Artifact { wasm, prints, .. } = self.checked.link(&options)?;
        if let Some(text) = &self.text {
            eprintln!(";; ir\n{text}");
        }
        for (_, name, stage) in stages.iter().filter(|(wanted, ..)| *wanted) {
            eprintln!(";; {name}");
            for Printed { text, .. } in prints.iter().filter(|print| print.stage == *stage) {
                eprintln!("{}", text.trim_end());
            }
        }
        Ok(wasm)
    }
}
