//! A module that somebody else compiled ⇒ the same module, its functions sent through the passes.
//!
//! Invariant: imports, exports, names and custom sections stay, and every index space keeps its order. What says where in the code
//! something is (debug information, source maps) is written only if it is right: as it was if the code is the same, byte for byte, else
//! converted or left out.

use std::ops::Range;

use swasm_frontend_ir::{Diagnostic, codes};
use swasm_optimizer::{Callees, Pass, SmallFunctions};
use swasm_tree::{
    Body, Code, Encoder, FuncId, FuncKind, Module, ReadError, Reading, Verifier, WriteOptions,
    Written,
};

use crate::dwarf::customs;
use crate::options::OptLevel;
use crate::pipeline;

/// The choices of one [`optimize`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OptimizeOptions {
    /// Which list of passes runs.
    pub opt_level: OptLevel,
    /// The passes to run, by name, instead of the optimisation level's list. With none of them the code is copied.
    pub passes: Option<Vec<String>>,
    /// Leaves out the `name` and `producers` sections and debug information.
    pub strip: bool,
}

/// A module that was optimised.
#[derive(Clone, Debug, Default)]
pub struct Optimized {
    /// The module's bytes.
    pub wasm: Vec<u8>,
    /// What had to be left out.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a core module, runs passes over its functions and writes it again.
///
/// # Errors
/// If the bytes are no valid core module, a pass does not exist, or the module is an object file and passes are to run.
pub fn optimize(bytes: &[u8], options: &OptimizeOptions) -> Result<Optimized, Vec<Diagnostic>> {
    let passes = pipeline::passes(options.opt_level, options.passes.as_deref())?;
    let reading = Reading::new(bytes).map_err(not_a_module)?;
    if !passes.is_empty() {
        refuse_objects(reading.module())?;
    }
    let mut module = reading.finish().map_err(not_a_module)?;
    if options.strip {
        module.producers = None;
        module.customs.retain(|custom| !customs::is_debug(custom));
    }
    let write = WriteOptions { names: !options.strip, producers: None };
    if passes.is_empty() {
        return Ok(Optimized { wasm: module.write(&write).bytes, warnings: Vec::new() });
    }
    let has_places = module.customs.iter().any(customs::names_places);
    let funcs = if has_places { customs::read_funcs(&module, Some) } else { Vec::new() };
    run(&mut module, &passes, has_places);
    if !has_places {
        return Ok(Optimized { wasm: module.write(&write).bytes, warnings: Vec::new() });
    }
    let all = module.customs.clone();
    module.customs.retain(|custom| !customs::names_places(custom));
    let mut written = module.write(&write);
    if same_code(bytes, &module, &written) {
        module.customs = all;
        return Ok(Optimized { wasm: module.write(&write).bytes, warnings: Vec::new() });
    }
    let read = customs::Read {
        customs: &all,
        funcs: &funcs,
        code: bytes.get(module.code_offset()..).unwrap_or_default(),
        base: 0,
        passes: true,
        keeps_globals: true,
    };
    let warning = convert(&read, &mut written);
    Ok(Optimized { wasm: written.bytes, warnings: warning.into_iter().collect() })
}

/// Appends what debug information says of the code that was written; tells what is left out.
fn convert(read: &customs::Read<'_>, written: &mut Written) -> Option<Diagnostic> {
    let mut sections = customs::sections();
    let mut dwarf = gimli::write::Dwarf::new();
    let outcome = read
        .convert(written, &mut dwarf)
        .and_then(|_| dwarf.write(&mut sections).map_err(Into::into));
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

/// What one thread reuses from function to function.
pub(crate) struct Worker {
    verifier: Verifier,
    encoder: Encoder,
}

impl Worker {
    /// `positions` says whether code tells where it comes from.
    pub(crate) fn new(positions: bool) -> Worker {
        let encoder = if positions { Encoder::new() } else { Encoder::without_positions() };
        Worker { verifier: Verifier::new(), encoder }
    }

    /// A body that was read ⇒ code.
    pub(crate) fn compile(
        &mut self,
        module: &Module,
        func: FuncId,
        body: &mut Body,
        passes: &[&'static Pass],
        callees: &dyn Callees,
    ) -> Code {
        swasm_optimizer::optimize(module, func, body, passes, callees, &mut |_, _| ());
        match self.verifier.verify(module, func, body) {
            Ok(verified) => self.encoder.encode(verified),
            Err(errors) => panic!(
                "reading or a pass made an invalid body of function {}, which only a bug of ours can: {}\n{}",
                func.0,
                errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                swasm_tree::print(module, func, body)
            ),
        }
    }
}

/// Gives each function that was read other code.
fn run(module: &mut Module, passes: &[&'static Pass], positions: bool) {
    let inlines = passes.iter().any(|pass| pass.name == "inline");
    let callees = if inlines { SmallFunctions::of(module) } else { SmallFunctions::default() };
    let codes = codes(module, passes, &callees, positions);
    for (func, code) in module.funcs.iter_mut().zip(codes) {
        if let Some(code) = code {
            func.kind = FuncKind::Defined(code);
        }
    }
}

/// What one thread works with.
fn start(positions: bool) -> (Worker, Body) {
    (Worker::new(positions), Body::new(&[], &[]))
}

/// The code of each function that was read.
fn codes(
    module: &Module,
    passes: &[&'static Pass],
    callees: &SmallFunctions,
    positions: bool,
) -> Vec<Option<Code>> {
    let compile = |(worker, body): &mut (Worker, Body), func: u32| {
        let func = FuncId(func);
        let opened = module.open(func, body);
        opened.then(|| worker.compile(module, func, body, passes, callees))
    };
    let functions = 0..module.funcs.len() as u32;
    each(functions, positions, compile)
}

/// One after the other.
#[cfg(not(feature = "parallel"))]
fn each<T>(
    functions: Range<u32>,
    positions: bool,
    compile: impl Fn(&mut (Worker, Body), u32) -> T,
) -> Vec<T> {
    let mut state = start(positions);
    functions.map(|func| compile(&mut state, func)).collect()
}

/// On the threads of the caller's rayon pool, in order.
#[cfg(feature = "parallel")]
fn each<T: Send>(
    functions: Range<u32>,
    positions: bool,
    compile: impl Fn(&mut (Worker, Body), u32) -> T + Sync + Send,
) -> Vec<T> {
    use rayon::prelude::*;

    functions.into_par_iter().map_init(|| start(positions), compile).collect()
}
