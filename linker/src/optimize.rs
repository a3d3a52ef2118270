//! A module that somebody else compiled ⇒ the same module, its functions sent through the passes.
//!
//! Invariant: imports, exports, names and custom sections stay, and every index space keeps its order. What says where in the code
//! something is (debug information, source maps) is written only if it is right: as it was if the code is the same, byte for byte, else
//! converted or left out.

mod worker;

use swasm_frontend_ir::{Diagnostic, codes};
use swasm_tree::{Module, ReadError, Reading, WriteOptions, Written};

use crate::dwarf::customs;
use crate::options::OptLevel;
use crate::pipeline;
pub(crate) use worker::Worker;

/// The choices of one [`optimize`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OptimizeOptions {
    /// Which list of passes runs.
    pub opt_level: OptLevel,
    /// The passes to run, by name, instead of the optimisation level's list. With none of them the code is copied.
    pub passes: Option<Vec<String>>,
    /// Gives what is named often small indices, has equal functions and types once, and leaves out what neither exports nor the start
    /// function need. Imports and exports stay.
    pub renumber: bool,
    /// Leaves out the `name` and `producers` sections and debug information.
    pub strip: bool,
}

/// A module that was optimised.
#[derive(Clone, Debug, Default)]
pub struct Optimized {
    /// The module's bytes.
    pub wasm: Vec<u8>,
    /// What had to be left out, and which functions are as they were because a pass would have broken them.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a core module, runs passes over its functions and writes it again.
///
/// # Errors
/// If the bytes are no valid core module, a pass does not exist, or the module is an object file and its code is to be changed.
pub fn optimize(bytes: &[u8], options: &OptimizeOptions) -> Result<Optimized, Vec<Diagnostic>> {
    optimize_with(bytes, options, worker::run_passes)
}

fn optimize_with(
    bytes: &[u8],
    options: &OptimizeOptions,
    run: worker::Run,
) -> Result<Optimized, Vec<Diagnostic>> {
    let passes = pipeline::passes(options.opt_level, options.passes.as_deref())?;
    let reading = Reading::new(bytes).map_err(not_a_module)?;
    let changes = !passes.is_empty() || options.renumber;
    if changes {
        refuse_objects(reading.module())?;
    }
    let mut module = reading.finish().map_err(not_a_module)?;
    if options.strip {
        module.producers = None;
        module.customs.retain(|custom| !customs::is_debug(custom));
    }
    let write = WriteOptions { names: !options.strip, producers: None };
    if !changes {
        return Ok(Optimized { wasm: module.write(&write).bytes, warnings: Vec::new() });
    }
    let has_places = module.customs.iter().any(customs::names_places);
    let funcs = if has_places { customs::read_funcs(&module, Some) } else { Vec::new() };
    let mut warnings = worker::compile_all(&mut module, &passes, run, has_places);
    if options.renumber {
        warnings.extend(customs::leave_out_indices(&mut module));
        module.renumber();
        module.retain_reachable_and_imports();
    }
    if !has_places {
        return Ok(Optimized { wasm: module.write(&write).bytes, warnings });
    }
    let all = module.customs.clone();
    module.customs.retain(|custom| !customs::names_places(custom));
    let mut written = module.write(&write);
    if same_code(bytes, &module, &written) {
        module.customs = all;
        return Ok(Optimized { wasm: module.write(&write).bytes, warnings });
    }
    let read = customs::Read {
        customs: all.iter().collect(),
        funcs,
        code: bytes.get(module.code_offset()..).unwrap_or_default(),
        base: 0,
        passes: !passes.is_empty(),
        keeps_globals: !options.renumber,
        // The first one may be left out, if nobody needs it.
        keeps_memory: !options.renumber || module.memories.len() < 2,
    };
    warnings.extend(convert(&read, &mut written));
    Ok(Optimized { wasm: written.bytes, warnings })
}

/// Appends what debug information says of the code that was written; tells what is left out.
fn convert(read: &customs::Read<'_>, written: &mut Written) -> Option<Diagnostic> {
    let mut sections = customs::sections();
    let mut dwarf = gimli::write::Dwarf::new();
    let outcome = read
        .convert(written, &mut dwarf)
        .and_then(|()| dwarf.write(&mut sections).map_err(Into::into));
    match outcome {
        Ok(()) => {
            customs::append(sections, written);
            read.left_out(None)
        }
        Err(refused) => read.left_out(Some(refused)),
    }
}

/// The diagnostic for bytes that are no module.
pub(crate) fn not_a_module(error: ReadError) -> Vec<Diagnostic> {
    let message = format!("this is not a WebAssembly module that can be read: {error}");
    vec![Diagnostic::global(codes::NOT_A_MODULE, message)]
}

/// Whether the code section is what it was.
fn same_code(bytes: &[u8], module: &Module, written: &Written) -> bool {
    let len = written.funcs.last().map_or(0, |func| func.range.end as usize);
    let is = written.bytes.get(written.code_start..written.code_start + len);
    let was = bytes.get(module.code_offset()..module.code_offset() + len);
    is == was
}

/// Passes cannot keep the relocations of an object file right.
fn refuse_objects(module: &Module) -> Result<(), Vec<Diagnostic>> {
    let is_object = |name: &str| name == "linking" || name.starts_with("reloc.");
    match module.customs.iter().find(|custom| is_object(&custom.name)) {
        None => Ok(()),
        Some(custom) => Err(vec![
            Diagnostic::global(
                codes::RELOCATABLE,
                format!(
                    "this is an object file: its section `{}` names places that passes move",
                    custom.name
                ),
            )
            .help("link it first (wasm-ld), then optimise the module that comes of it")
            .help("`--passes none` copies it"),
        ]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use swasm_frontend_ir::Level;
    use swasm_optimizer::{Callees, Pass};
    use swasm_tree::{Body, FuncId, Module};

    use super::*;

    /// `dead`, as it would be if it made `i64`s of the results of functions without parameters.
    fn broken(
        module: &Module,
        func: FuncId,
        body: &mut Body,
        passes: &[&'static Pass],
        callees: &dyn Callees,
    ) {
        worker::run_passes(module, func, body, passes, callees);
        if passes.iter().any(|pass| pass.name == "dead") && body.param_count() == 0 {
            let wrong = body.i64_const(5);
            body.set_root(wrong);
        }
    }

    #[test]
    fn a_function_that_a_pass_breaks_stays_as_it_was() {
        let text = r#"(module
            (func $good (export "good") (param i32) (result i32) (nop) (local.get 0))
            (func $hurt (export "hurt") (result i32) (nop) (i32.const 5)))"#;
        let bytes = wat::parse_str(text).unwrap();
        let options = OptimizeOptions::default();
        let out = optimize_with(&bytes, &options, broken).unwrap();
        let [warning] = &out.warnings[..] else { panic!("{:?}", out.warnings) };
        assert_eq!((warning.code, warning.level), (codes::BROKEN_BY_PASS, Level::Warning));
        for said in ["`dead`", "$hurt", "function 1"] {
            assert!(warning.message.contains(said), "{}", warning.message);
        }
        let text = wasmprinter(&out.wasm);
        assert!(text.contains("nop"), "{text}");
        assert_eq!(text.matches("nop").count(), 1, "the other one was optimised: {text}");
        assert!(optimize(&bytes, &options).unwrap().warnings.is_empty());
    }

    fn wasmprinter(bytes: &[u8]) -> String {
        swasm_tree::print_module(&Module::read(bytes).unwrap(), |_| None)
    }
}
