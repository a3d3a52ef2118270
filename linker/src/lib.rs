//! Joins modules, drops what is unreachable, lowers checked IR to the tree, and writes a module with names and debug information.
//!
//! [`link`] is the picture of ARCHITECTURE.md: one line an arrow. Bodies flow through it one at a time.

mod artifact;
mod dwarf;
mod elide;
mod entry;
mod imports;
mod join;
mod layout;
mod limits;
mod locations;
mod lower;
mod optimize;
mod options;
mod pipeline;
mod program;
mod reach;
mod text;
mod unit;
mod unread;

use artifact::Observer;
pub use artifact::{Artifact, Counts, Phase, Printed};
pub use entry::AT_EXIT_EXPORT;
use limits::{ENGINES, Limits};
pub use optimize::{OptimizeOptions, Optimized, optimize};
pub use options::{LinkedModule, MemoryMode, OptLevel, Options, Print, Stage};
pub use program::{Failed, Program, library, pass_names};
pub use text::{Part, module_text};

use swasm_frontend_ir::Diagnostic;
pub use swasm_frontend_ir::checked::Checked;
use swasm_tree::Module;

/// Links a checked program into a core WebAssembly module.
///
/// # Errors
/// If nothing is exported, an option names what doesn't exist, an export is not possible, two declarations of one import disagree, a module
/// cannot be linked, or something is larger than engines take.
pub fn link(program: &Checked, options: &Options) -> Result<Artifact, Vec<Diagnostic>> {
    link_with(program, options, &mut Observer(None), &ENGINES)
}

/// The same on one thread; `observe` is told whenever a phase begins (most begin once for every function).
///
/// # Errors
/// As [`link`].
pub fn link_observed(
    program: &Checked,
    options: &Options,
    observe: &mut dyn FnMut(Phase),
) -> Result<Artifact, Vec<Diagnostic>> {
    link_with(program, options, &mut Observer(Some(observe)), &ENGINES)
}

fn link_with(
    program: &Checked,
    options: &Options,
    observer: &mut Observer<'_>,
    limits: &Limits,
) -> Result<Artifact, Vec<Diagnostic>> {
    let mut artifact = Artifact::default();
    observer.begin(Phase::Reach);
    let others = join::read(options)?;
    let mut unit = unit::Unit::new(program, options, &others);
    let functions = reach::reach(&mut unit)?;
    let copied = join::copy(&mut unit)?;
    let codes = pipeline::run(&unit, &functions, copied, limits, &mut artifact, observer)?;
    observer.begin(Phase::Write);
    codes.into_iter().for_each(|(func, code)| unit.module.define(func, code));
    entry::export(&mut unit)?;
    let mut written = unit.module.write(&entry::write_options(options));
    let mut wrong = limits.module(&unit, &functions, &written);
    wrong.append(&mut join::check_data(&unit, &written));
    if !wrong.is_empty() {
        return Err(wrong);
    }
    // Written: nobody needs it any more.
    unit.module = Module::new();
    observer.begin(Phase::Dwarf);
    artifact.warnings = dwarf::append(&unit, &mut written);
    artifact.wasm = written.bytes;
    Ok(artifact)
}
