//! The short way for a front end with one module: `module.link()?.to_wasm()?`.

use swasm_frontend_ir::builder::ModuleBuilder;
use swasm_frontend_ir::ir;
use swasm_linker::{Artifact, Options, Print, Stage};

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

impl Link for ModuleBuilder {
    fn link(self) -> Result<Linked, Diagnostics> {
        let mut program = Program::new();
        program.built(self);
        link(program)
    }
}

impl Link for ir::Module {
    fn link(self) -> Result<Linked, Diagnostics> {
        let mut program = Program::new();
        program.module(self);
        link(program)
    }
}

fn link(program: Program) -> Result<Linked, Diagnostics> {
    let emit = Emit::from_env();
    // Shown before it is checked: whoever looks for a mistake wants to see what was built.
    if emit.ir {
        eprintln!(";; ir\n{}", program.to_text()?);
    }
    Ok(Linked { checked: program.check()?, options: Options::default(), emit })
}

/// A program that is ready to become a module.
#[derive(Clone, Debug)]
pub struct Linked {
    checked: Checked,
    options: Options,
    emit: Emit,
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
        let mut shown = Vec::new();
        for (wanted, name, stage) in
            [(self.emit.tree, "tree", Stage::Lowered), (self.emit.wat, "wat", Stage::Final)]
        {
            if wanted {
                options.prints.push(Print { stage: stage.clone(), function: None });
                shown.push((name, stage));
            }
        }
        let Artifact { wasm, prints, .. } = self.checked.link(&options)?;
        for (name, stage) in shown {
            eprintln!(";; {name}");
            for print in prints.iter().filter(|print| print.stage == stage) {
                eprintln!("{}", print.text.trim_end());
            }
        }
        Ok(wasm)
    }
}
