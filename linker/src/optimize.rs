//! A module that somebody else compiled ⇒ the same module, its functions sent through the passes.
//!
//! Invariant: imports, exports, names and custom sections stay, and every index space keeps its order. What says where in the code
//! something is (debug information, source maps) stays only if the code is the same, byte for byte.

use std::ops::Range;

use swasm_frontend_ir::{Diagnostic, Level, codes};
use swasm_optimizer::{Callees, Pass, SmallFunctions};
use swasm_tree::{
    Body, Code, Encoder, FuncId, FuncKind, Module, ReadError, Reading, Verifier, WriteOptions,
};

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
    if !passes.is_empty() {
        run(&mut module, &passes);
    }
    if options.strip {
        module.producers = None;
        module.customs.retain(|custom| !custom.name.starts_with(DEBUG));
    }
    let write = WriteOptions { names: !options.strip, producers: None };
    let mut written = module.write(&write);
    let mut warnings = Vec::new();
    let names_places = |name: &str| PLACES.iter().any(|prefix| name.starts_with(prefix));
    if module.customs.iter().any(|custom| names_places(&custom.name))
        && !same_code(bytes, &module, &written)
    {
        let mut dropped: Vec<String> = Vec::new();
        module.customs.retain(|custom| {
            let keeps = !names_places(&custom.name);
            if !keeps {
                dropped.push(format!("`{}`", custom.name));
            }
            keeps
        });
        warnings.push(dropped_places(&dropped));
        written = module.write(&write);
    }
    Ok(Optimized { wasm: written.bytes, warnings })
}

/// How the names of debug information begin.
const DEBUG: &str = ".debug_";

/// How the names of custom sections begin that say where in the code something is. Branch hints are none of them: they are read.
const PLACES: [&str; 4] = [DEBUG, "sourceMappingURL", "external_debug_info", "metadata.code."];

/// The diagnostic for bytes that are no module.
pub(crate) fn not_a_module(error: ReadError) -> Vec<Diagnostic> {
    let message = format!("this is not a WebAssembly module that can be read: {error}");
    vec![Diagnostic::global(codes::NOT_A_MODULE, message)]
}

/// Whether the code section is what it was.
fn same_code(bytes: &[u8], module: &Module, written: &swasm_tree::Written) -> bool {
    let len = written.funcs.last().map_or(0, |func| func.range.end as usize);
    let is = written.bytes.get(written.code_start..written.code_start + len);
    let was = bytes.get(module.code_offset()..module.code_offset() + len);
    is == was
}

fn dropped_places(dropped: &[String]) -> Diagnostic {
    let message = format!(
        "the code has changed, so what says where something is in it is left out: {}",
        dropped.join(", ")
    );
    let diagnostic = Diagnostic::global(codes::OFFSETS_DROPPED, message)
        .help("`--strip` leaves it out without a word; `--passes none` keeps it, and the code");
    Diagnostic { level: Level::Warning, ..diagnostic }
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
    pub(crate) fn new() -> Worker {
        Worker { verifier: Verifier::new(), encoder: Encoder::new() }
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
fn run(module: &mut Module, passes: &[&'static Pass]) {
    let inlines = passes.iter().any(|pass| pass.name == "inline");
    let callees = if inlines { SmallFunctions::of(module) } else { SmallFunctions::default() };
    let codes = codes(module, passes, &callees);
    for (func, code) in module.funcs.iter_mut().zip(codes) {
        if let Some(code) = code {
            func.kind = FuncKind::Defined(code);
        }
    }
}

/// What one thread works with.
fn start() -> (Worker, Body) {
    (Worker::new(), Body::new(&[], &[]))
}

/// The code of each function that was read.
fn codes(module: &Module, passes: &[&'static Pass], callees: &SmallFunctions) -> Vec<Option<Code>> {
    let compile = |(worker, body): &mut (Worker, Body), func: u32| {
        let func = FuncId(func);
        let opened = module.open(func, body);
        opened.then(|| worker.compile(module, func, body, passes, callees))
    };
    let functions = 0..module.funcs.len() as u32;
    each(functions, compile)
}

/// One after the other.
#[cfg(not(feature = "parallel"))]
fn each<T>(functions: Range<u32>, compile: impl Fn(&mut (Worker, Body), u32) -> T) -> Vec<T> {
    let mut state = start();
    functions.map(|func| compile(&mut state, func)).collect()
}

/// On the threads of the caller's rayon pool, in order.
#[cfg(feature = "parallel")]
fn each<T: Send>(
    functions: Range<u32>,
    compile: impl Fn(&mut (Worker, Body), u32) -> T + Sync + Send,
) -> Vec<T> {
    use rayon::prelude::*;

    functions.into_par_iter().map_init(start, compile).collect()
}
