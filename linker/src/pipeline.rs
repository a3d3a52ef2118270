//! Each function: lower → passes → verify → encode, one body at a time, in a reused arena.
//!
//! Callees come before their callers, so that what is small can be copied into them.

use rustc_hash::FxHashMap;
use swasm_frontend_ir::checked::{DefId, Inline};
use swasm_frontend_ir::{Code as DiagnosticCode, Diagnostic, codes};
use swasm_optimizer::{Callees, InlineHint, Level, Pass};
use swasm_tree::{Body, Code, Encoder, FuncId, Verifier};

use crate::artifact::{Artifact, Phase, Printed};
use crate::lower::Lowerer;
use crate::options::{OptLevel, Options, Print, Stage};
use crate::unit::Unit;

/// The bodies that may be copied into callers.
#[derive(Default)]
struct Inlinable(FxHashMap<FuncId, Body>);

impl Callees for Inlinable {
    fn inlinable(&self, func: FuncId) -> Option<&Body> {
        self.0.get(&func)
    }
}

/// Compiles the functions.
pub(crate) fn run(unit: &Unit<'_>, functions: &[DefId], artifact: &mut Artifact, observe: &mut dyn FnMut(Phase)) -> Result<Vec<(FuncId, Box<Code>)>, Vec<Diagnostic>> {
    let passes = passes(unit.options)?;
    let mut lowerer = Lowerer::new(unit);
    let mut verifier = Verifier::new();
    let mut encoder = Encoder::new();
    let mut inlinable = Inlinable::default();
    let mut codes = Vec::with_capacity(functions.len());
    let mut body = Body::new(&[], &[]);
    for &def in functions {
        let func = unit.func(def);
        let function = unit.program.function(def);
        let wanted: Vec<&Print> = unit.options.prints.iter().filter(|print| is_for(unit, def, print)).collect();
        let mut print = |stage: &Stage, body: &Body| {
            if wanted.iter().any(|print| print.stage == *stage) {
                let function = unit.name(def.module, &function.path).to_owned();
                let text = swasm_tree::print(&unit.module, func, body);
                artifact.prints.push(Printed { stage: stage.clone(), function, text });
            }
        };
        observe(Phase::Lower);
        lowerer.lower(def, &mut body);
        artifact.counts.functions += 1;
        artifact.counts.nodes += body.node_count();
        print(&Stage::Lowered, &body);
        if !passes.is_empty() {
            observe(Phase::Optimize);
            swasm_optimizer::optimize(&unit.module, func, &mut body, &passes, &inlinable, &mut |pass, body| {
                print(&Stage::After(pass.name.to_owned()), body);
            });
            let hint = match function.inline {
                Inline::Auto if function.cold => InlineHint::Never,
                Inline::Auto => InlineHint::Auto,
                Inline::Hint => InlineHint::Hint,
                Inline::Never => InlineHint::Never,
            };
            if !unit.is_root(def) && swasm_optimizer::is_inlinable(&unit.module, func, &body, hint) {
                inlinable.0.insert(func, body.clone());
            }
        }
        print(&Stage::Final, &body);
        observe(Phase::Verify);
        let verified = match verifier.verify(&unit.module, func, &body) {
            Ok(verified) => verified,
            Err(errors) => panic!(
                "lowering or a pass made an invalid body of `{}`, which only a bug of ours can: {}\n{}",
                function.path,
                errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                swasm_tree::print(&unit.module, func, &body)
            ),
        };
        observe(Phase::Encode);
        codes.push((func, Box::new(encoder.encode(verified))));
    }
    Ok(codes)
}

fn is_for(unit: &Unit<'_>, def: DefId, print: &Print) -> bool {
    let path = &unit.program.function(def).path;
    print.function.as_deref().is_none_or(|wanted| wanted == &**path || wanted == unit.name(def.module, path))
}

/// The passes that the options ask for.
fn passes(options: &Options) -> Result<Vec<&'static Pass>, Vec<Diagnostic>> {
    let Some(names) = &options.passes else {
        return Ok(swasm_optimizer::passes(level(options.opt_level)).to_vec());
    };
    let find = |name: &String| {
        swasm_optimizer::by_name(name).ok_or_else(|| {
            let known: Vec<&str> = swasm_optimizer::all().iter().map(|pass| pass.name).collect();
            let code: DiagnosticCode = codes::UNKNOWN_PASS;
            vec![Diagnostic::global(code, format!("there is no pass `{name}`")).help(format!("the passes are {}", known.join(", ")))]
        })
    };
    names.iter().map(find).collect()
}

fn level(level: OptLevel) -> Level {
    match level {
        OptLevel::O0 => Level::O0,
        OptLevel::O1 => Level::O1,
        OptLevel::O2 => Level::O2,
        OptLevel::Os => Level::Os,
    }
}
