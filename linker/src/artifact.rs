//! What linking gives.

use swasm_frontend_ir::Diagnostic;

use crate::options::Stage;

/// A linked module and what was asked for on the way.
#[derive(Clone, Default, Debug)]
pub struct Artifact {
    /// The module's bytes.
    pub wasm: Vec<u8>,
    /// The trees that [`Options::prints`](crate::Options::prints) asked for, in order of functions, then stages.
    pub prints: Vec<Printed>,
    /// How much flowed through the compiler.
    pub counts: Counts,
    /// What had to be left out.
    pub warnings: Vec<Diagnostic>,
}

impl Artifact {
    /// The module's bytes.
    pub fn to_wasm(self) -> Vec<u8> {
        self.wasm
    }
}

/// A function's tree at one stage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Printed {
    /// When.
    pub stage: Stage,
    /// The function's name.
    pub function: String,
    /// Folded WebAssembly text.
    pub text: String,
}

/// Sizes of what flowed through the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Functions lowered.
    pub functions: usize,
    /// Nodes made by lowering.
    pub nodes: usize,
}

/// A part of linking, for whoever takes times: the compiler itself has no clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Finding what exports need, and declaring it.
    Reach,
    /// Checked bodies to trees.
    Lower,
    /// The passes.
    Optimize,
    /// Verifying trees.
    Verify,
    /// Trees to code.
    Encode,
    /// Laying out and writing the module.
    Write,
    /// Debug information.
    Dwarf,
}

/// Somebody who takes times, or nobody.
pub(crate) struct Observer<'o>(pub(crate) Option<&'o mut dyn FnMut(Phase)>);

impl Observer<'_> {
    pub(crate) fn begin(&mut self, phase: Phase) {
        if let Some(observe) = &mut self.0 {
            observe(phase);
        }
    }
}
