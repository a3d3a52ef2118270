//! Functions that were read ⇒ code: opened, sent through the passes, verified, encoded.
//!
//! Invariant: no code is made of a body that is not valid. A function that a pass would break stays as it was read, and a warning says
//! which pass, which function and which rule.

use std::ops::Range;

use swasm_frontend_ir::{Diagnostic, Level, codes};
use swasm_optimizer::{Callees, Pass, SmallFunctions};
use swasm_tree::{Body, Code, Encoder, FuncId, FuncKind, Module, Verifier, VerifyError};

/// Runs passes over a body.
pub(super) type Run = fn(&Module, FuncId, &mut Body, &[&'static Pass], &dyn Callees);

/// The passes as they are.
pub(super) fn run_passes(
    module: &Module,
    func: FuncId,
    body: &mut Body,
    passes: &[&'static Pass],
    callees: &dyn Callees,
) {
    swasm_optimizer::optimize(module, func, body, passes, callees, &mut |_, _| ());
}

/// What one thread reuses from function to function.
pub(crate) struct Worker {
    verifier: Verifier,
    encoder: Encoder,
    run: Run,
}

impl Worker {
    /// `positions` says whether code tells where it comes from.
    pub(crate) fn new(positions: bool) -> Worker {
        Worker::with(run_passes, positions)
    }

    fn with(run: Run, positions: bool) -> Worker {
        let encoder = if positions { Encoder::new() } else { Encoder::without_positions() };
        Worker { verifier: Verifier::new(), encoder, run }
    }

    /// A body that was read ⇒ code.
    ///
    /// # Errors
    /// What is wrong with what the passes made of it.
    fn try_compile(
        &mut self,
        module: &Module,
        func: FuncId,
        body: &mut Body,
        passes: &[&'static Pass],
        callees: &dyn Callees,
    ) -> Result<Code, Vec<VerifyError>> {
        (self.run)(module, func, body, passes, callees);
        Ok(self.encoder.encode(self.verifier.verify(module, func, body)?))
    }

    /// A body of a linked module ⇒ code.
    pub(crate) fn compile(
        &mut self,
        module: &Module,
        func: FuncId,
        body: &mut Body,
        passes: &[&'static Pass],
        callees: &dyn Callees,
    ) -> Code {
        match self.try_compile(module, func, body, passes, callees) {
            Ok(code) => code,
            Err(errors) => panic!(
                "reading or a pass made an invalid body of function {}, which only a bug of ours can: {}\n{}",
                func.0,
                errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                swasm_tree::print(module, func, body)
            ),
        }
    }

    /// A function that was read ⇒ code; none if it stays as it was read.
    fn compile_read(
        &mut self,
        module: &Module,
        func: FuncId,
        body: &mut Body,
        passes: &[&'static Pass],
        callees: &dyn Callees,
    ) -> Compiled {
        if !module.open(func, body) {
            return Compiled::default();
        }
        match self.try_compile(module, func, body, passes, callees) {
            Ok(code) => Compiled { code: Some(code), broken: None },
            Err(_) => {
                let broken = self.blame(module, func, body, passes, callees);
                Compiled { code: None, broken: Some(Box::new(broken)) }
            }
        }
    }

    /// Says which pass is the first that makes a body invalid.
    fn blame(
        &mut self,
        module: &Module,
        func: FuncId,
        body: &mut Body,
        passes: &[&'static Pass],
        callees: &dyn Callees,
    ) -> Diagnostic {
        let name = module.func(func).name.as_deref();
        let name = name.map_or_else(String::new, |name| format!(" (${name})"));
        for count in 0..=passes.len() {
            module.open(func, body);
            (self.run)(module, func, body, &passes[..count], callees);
            if let Err(errors) = self.verifier.verify(module, func, body) {
                let who = match count.checked_sub(1) {
                    Some(last) => format!("the pass `{}`", passes[last].name),
                    None => "what comes before the first pass".to_owned(),
                };
                let rule = errors.first().map_or_else(String::new, ToString::to_string);
                let message = format!("{who} breaks function {}{name}: {rule}", func.0);
                return broken(message);
            }
        }
        broken(format!("a pass breaks function {}{name}, but not always", func.0))
    }
}

fn broken(message: String) -> Diagnostic {
    let diagnostic = Diagnostic::global(codes::BROKEN_BY_PASS, message)
        .note("the function stays as it was, so the module does what it did")
        .help("this is a bug of swasm: please report it, with the module");
    Diagnostic { level: Level::Warning, ..diagnostic }
}

/// What became of a function.
#[derive(Default)]
struct Compiled {
    code: Option<Code>,
    broken: Option<Box<Diagnostic>>,
}

/// Gives each function that was read other code; says which passes would have broken some.
pub(super) fn compile_all(
    module: &mut Module,
    passes: &[&'static Pass],
    run: Run,
    positions: bool,
) -> Vec<Diagnostic> {
    if passes.is_empty() {
        return Vec::new();
    }
    let inlines = passes.iter().any(|pass| pass.name == "inline");
    let callees = if inlines { SmallFunctions::of(module) } else { SmallFunctions::default() };
    let start = || (Worker::with(run, positions), Body::new(&[], &[]));
    let compile = |(worker, body): &mut (Worker, Body), func: u32| {
        worker.compile_read(module, FuncId(func), body, passes, &callees)
    };
    let compiled = each(0..module.funcs.len() as u32, start, compile);
    let mut warnings = Vec::new();
    for (func, compiled) in module.funcs.iter_mut().zip(compiled) {
        warnings.extend(compiled.broken.map(|broken| *broken));
        if let Some(code) = compiled.code {
            func.kind = FuncKind::Defined(code);
        }
    }
    warnings
}

/// One after the other.
#[cfg(not(feature = "parallel"))]
fn each<S, T>(
    functions: Range<u32>,
    start: impl Fn() -> S,
    compile: impl Fn(&mut S, u32) -> T,
) -> Vec<T> {
    let mut state = start();
    functions.map(|func| compile(&mut state, func)).collect()
}

/// On the threads of the caller's rayon pool, in order.
#[cfg(feature = "parallel")]
fn each<S, T: Send>(
    functions: Range<u32>,
    start: impl Fn() -> S + Sync + Send,
    compile: impl Fn(&mut S, u32) -> T + Sync + Send,
) -> Vec<T> {
    use rayon::prelude::*;

    functions.into_par_iter().map_init(start, compile).collect()
}
