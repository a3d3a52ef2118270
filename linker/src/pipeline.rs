//! Each function: lower → passes → verify → encode, one body at a time, in a reused arena.
//!
//! Functions come in waves: those of one wave copy nothing of each other, only of earlier waves. So a wave's functions may be compiled at
//! the same time (feature `parallel`), and the bytes are the same on one thread or many.

use rustc_hash::FxHashMap;
use swasm_frontend_ir::checked::{DefId, Inline};
use swasm_frontend_ir::{Diagnostic, codes, nearest};
use swasm_optimizer::{Callees, InlineHint, Level, NoCallees, Pass};
use swasm_tree::{Body, Code, Encoder, FuncId, Loc, Verifier};

use crate::artifact::{Artifact, Observer, Phase, Printed};
use crate::limits::Limits;
use crate::lower::Lowerer;
use crate::options::{OptLevel, Options, Stage};
use crate::reach::Reached;
use crate::unit::Unit;

/// The bodies that may be copied into callers.
struct Inlinable {
    bodies: FxHashMap<FuncId, Box<Body>>,
    /// Positions before this one are the library's.
    first_of_program: Loc,
}

impl Callees for Inlinable {
    fn inlinable(&self, func: FuncId) -> Option<&Body> {
        self.bodies.get(&func).map(|body| &**body)
    }

    /// What is copied from the library stands where the program called it: a trap names the user's text.
    fn position(&self, inner: Loc, call: Loc) -> Loc {
        if inner.0 < self.first_of_program.0 { call } else { inner }
    }
}

/// A function that went through.
struct Compiled {
    /// Its place in the list of functions.
    index: usize,
    func: FuncId,
    code: Code,
    /// Its body, if it may be copied into callers.
    inlinable: Option<Box<Body>>,
    prints: Vec<Printed>,
    nodes: usize,
    /// What is too large about it.
    too_large: Option<Box<Diagnostic>>,
}

/// Compiles the functions, wave by wave; those of linked modules in `copied` may be copied into any. On several threads if the feature is on and nobody observes.
pub(crate) fn run(
    unit: &Unit<'_>,
    functions: &[Reached],
    copied: Vec<(FuncId, Box<Body>)>,
    limits: &Limits,
    artifact: &mut Artifact,
    observer: &mut Observer<'_>,
) -> Result<Vec<(FuncId, Code)>, Vec<Diagnostic>> {
    let passes = passes(unit.options.opt_level, unit.options.passes.as_deref())?;
    let mut order: Vec<usize> = (0..functions.len()).collect();
    // Nothing is copied without passes: then all is one wave.
    order.sort_by_key(|index| if passes.is_empty() { 0 } else { functions[*index].wave });
    let first_of_program = unit.locations.first_of(unit.program.program_modules().next());
    let mut inlinable = Inlinable { bodies: copied.into_iter().collect(), first_of_program };
    let mut worker = Worker::new(unit, limits);
    let mut finished: Vec<Compiled> = Vec::with_capacity(functions.len());
    for wave in order.chunk_by(|a, b| passes.is_empty() || functions[*a].wave == functions[*b].wave)
    {
        let start = finished.len();
        finished.extend(match observer.0 {
            Some(_) => in_turn(&mut worker, functions, wave, &passes, &inlinable, observer),
            None => at_once(&mut worker, functions, wave, &passes, &inlinable),
        });
        for &index in wave {
            // The only call of these is behind us.
            for callee in unit.called_once.callees(functions[index].def) {
                inlinable.bodies.remove(&unit.func(*callee));
            }
        }
        for compiled in &mut finished[start..] {
            inlinable.bodies.extend(compiled.inlinable.take().map(|body| (compiled.func, body)));
        }
    }
    finished.sort_unstable_by_key(|compiled| compiled.index);
    let too_large: Vec<Diagnostic> =
        finished.iter_mut().filter_map(|compiled| Some(*compiled.too_large.take()?)).collect();
    if !too_large.is_empty() {
        return Err(too_large);
    }
    artifact.counts.functions = finished.len();
    let finish = |compiled: Compiled| {
        artifact.counts.nodes += compiled.nodes;
        artifact.prints.extend(compiled.prints);
        (compiled.func, compiled.code)
    };
    Ok(finished.into_iter().map(finish).collect())
}

/// One function after another, with the same arena.
fn in_turn(
    worker: &mut Worker<'_, '_>,
    functions: &[Reached],
    wave: &[usize],
    passes: &[&'static Pass],
    inlinable: &Inlinable,
    observer: &mut Observer<'_>,
) -> Vec<Compiled> {
    wave.iter()
        .map(|&index| worker.compile(index, functions[index].def, passes, inlinable, observer))
        .collect()
}

#[cfg(not(feature = "parallel"))]
fn at_once(
    worker: &mut Worker<'_, '_>,
    functions: &[Reached],
    wave: &[usize],
    passes: &[&'static Pass],
    inlinable: &Inlinable,
) -> Vec<Compiled> {
    in_turn(worker, functions, wave, passes, inlinable, &mut Observer(None))
}

/// On the threads of the caller's rayon pool.
#[cfg(feature = "parallel")]
fn at_once(
    worker: &mut Worker<'_, '_>,
    functions: &[Reached],
    wave: &[usize],
    passes: &[&'static Pass],
    inlinable: &Inlinable,
) -> Vec<Compiled> {
    use rayon::prelude::*;

    /// Fewer functions than this are not worth waking a thread for.
    const MIN_SHARE: usize = 32;
    if wave.len() < 2 * MIN_SHARE {
        return in_turn(worker, functions, wave, passes, inlinable, &mut Observer(None));
    }
    let Worker { unit, limits, .. } = *worker;
    let compile = |worker: &mut Worker<'_, '_>, &index: &usize| {
        worker.compile(index, functions[index].def, passes, inlinable, &mut Observer(None))
    };
    wave.par_iter()
        .with_min_len(MIN_SHARE)
        .map_init(|| Worker::new(unit, limits), compile)
        .collect()
}

/// What one thread reuses from function to function.
struct Worker<'u, 'a> {
    unit: &'u Unit<'a>,
    limits: &'u Limits,
    lowerer: Lowerer<'u, 'a>,
    verifier: Verifier,
    encoder: Encoder,
    body: Body,
}

impl<'u, 'a> Worker<'u, 'a> {
    fn new(unit: &'u Unit<'a>, limits: &'u Limits) -> Self {
        Self {
            unit,
            limits,
            lowerer: Lowerer::new(unit),
            verifier: Verifier::new(),
            encoder: Encoder::new(),
            body: Body::new(&[], &[]),
        }
    }

    fn compile(
        &mut self,
        index: usize,
        def: DefId,
        passes: &[&'static Pass],
        callees: &Inlinable,
        observer: &mut Observer<'_>,
    ) -> Compiled {
        let Self { unit, limits, lowerer, verifier, encoder, body } = self;
        let func = unit.func(def);
        let mut prints = Vec::new();
        let stages = wanted_stages(unit, def);
        let mut print = |stage: &Stage, body: &Body| {
            if stages.contains(&stage) {
                let function = unit.name(def.module, &unit.program.function(def).path).to_owned();
                let text = swasm_tree::print(&unit.module, func, body);
                prints.push(Printed { stage: stage.clone(), function, text });
            }
        };
        observer.begin(Phase::Lower);
        lowerer.lower(def, body);
        let nodes = body.node_count();
        print(&Stage::Lowered, body);
        let mut inlinable = None;
        if !passes.is_empty() {
            observer.begin(Phase::Optimize);
            swasm_optimizer::optimize(
                &unit.module,
                func,
                body,
                passes,
                callees,
                &mut |pass, body| {
                    if !stages.is_empty() {
                        print(&Stage::After(pass.name.to_owned()), body);
                    }
                },
            );
            let small =
                |body| swasm_optimizer::is_inlinable(&unit.module, func, body, hint(unit, def));
            if unit.may_inline(def) && small(&*body) {
                inlinable = Some(Box::new(body.clone()));
            }
        }
        if limits.has_too_many_locals(body)
            && let Some(coalesce) = swasm_optimizer::by_name("coalesce")
        {
            // Without passes each variable has a local of its own: engines may refuse so many where few live at the same time.
            let (module, one) = (&unit.module, [coalesce]);
            swasm_optimizer::optimize(module, func, body, &one, &NoCallees, &mut |_, _| ());
        }
        print(&Stage::Final, body);
        observer.begin(Phase::Verify);
        let verified = match verifier.verify(&unit.module, func, body) {
            Ok(verified) => verified,
            Err(errors) => panic!(
                "lowering or a pass made an invalid body of `{}`, which only a bug of ours can: {}\n{}",
                unit.program.function(def).path,
                errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                swasm_tree::print(&unit.module, func, body)
            ),
        };
        observer.begin(Phase::Encode);
        let code = encoder.encode(verified);
        let too_large = limits.locals(unit, def, body).map(Box::new);
        Compiled { index, func, code, inlinable, prints, nodes, too_large }
    }
}

/// The stages at which a function is to be printed.
fn wanted_stages<'a>(unit: &Unit<'a>, def: DefId) -> Vec<&'a Stage> {
    let prints = &unit.options.prints;
    if prints.is_empty() {
        return Vec::new();
    }
    let path = &*unit.program.function(def).path;
    let is_for = |wanted: &str| wanted == path || wanted == unit.name(def.module, path);
    prints
        .iter()
        .filter(|print| print.function.as_deref().is_none_or(is_for))
        .map(|print| &print.stage)
        .collect()
}

fn hint(unit: &Unit<'_>, def: DefId) -> InlineHint {
    let function = unit.program.function(def);
    match function.inline {
        Inline::Auto if function.cold => InlineHint::Never,
        Inline::Auto if unit.called_once.contains(def) => InlineHint::Once,
        Inline::Auto => InlineHint::Auto,
        Inline::Hint => InlineHint::Hint,
        Inline::Never => InlineHint::Never,
    }
}

/// Whether bodies are written as they are lowered.
pub(crate) fn runs_no_pass(options: &Options) -> bool {
    options.passes.is_none() && options.opt_level == OptLevel::O0
}

/// The passes of these names, or those of the level.
pub(crate) fn passes(
    opt_level: OptLevel,
    names: Option<&[String]>,
) -> Result<Vec<&'static Pass>, Vec<Diagnostic>> {
    let Some(names) = names else {
        return Ok(swasm_optimizer::passes(level(opt_level)).to_vec());
    };
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for name in names {
        match swasm_optimizer::by_name(name) {
            Some(pass) => found.push(pass),
            None => wrong.push(unknown_pass(name)),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn unknown_pass(name: &str) -> Diagnostic {
    let known: Vec<&str> = swasm_optimizer::all().iter().map(|pass| pass.name).collect();
    let mut diagnostic =
        Diagnostic::global(codes::UNKNOWN_PASS, format!("there is no pass `{name}`"));
    if let Some(near) = nearest(name, known.iter().copied()) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    }
    diagnostic.help(format!("the passes are {}", known.join(", ")))
}

fn level(level: OptLevel) -> Level {
    match level {
        OptLevel::O0 => Level::O0,
        OptLevel::O1 => Level::O1,
        OptLevel::O2 => Level::O2,
        OptLevel::Os => Level::Os,
    }
}
