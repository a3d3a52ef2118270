//! The list of passes, and running some of them over a body.
//!
//! Invariant: what runs is decided by a list of [`Pass`]es alone, so a list given by name behaves like a level's.

use swasm_tree::{Body, FuncId, Loc, Module, Op};

mod branches;
mod coalesce;
mod dead;
mod flatten;
pub(crate) mod inline;
mod propagate;
mod rotate;
mod sink;
mod translate;

/// One step of optimisation.
#[derive(Debug)]
pub struct Pass {
    /// What the command line calls it.
    pub name: &'static str,
    /// What it turns into what, in a line.
    pub about: &'static str,
    run: fn(&Context<'_>, &mut Body),
}

/// What a pass may look at besides the body.
pub(crate) struct Context<'a> {
    pub(crate) module: &'a Module,
    pub(crate) func: FuncId,
    pub(crate) callees: &'a dyn Callees,
}

/// The bodies that may be copied into callers.
pub trait Callees {
    /// The body of a function for which [`is_inlinable`](crate::is_inlinable) said yes, as it was then.
    fn inlinable(&self, func: FuncId) -> Option<&Body>;

    /// The position of a copied instruction: `inner` is its own, `call` that of the call it was copied to.
    fn position(&self, inner: Loc, call: Loc) -> Loc {
        let _ = call;
        inner
    }
}

/// Nothing may be copied into callers.
#[derive(Clone, Copy, Debug)]
pub struct NoCallees;

impl Callees for NoCallees {
    fn inlinable(&self, _: FuncId) -> Option<&Body> {
        None
    }
}

static PASSES: [Pass; 9] = [
    Pass {
        name: "branches",
        about: "blocks nobody branches to, branches to where control goes anyhow, ifs with constant conditions ⇒ less",
        run: branches::run,
    },
    Pass {
        name: "coalesce",
        about: "locals that are never live together ⇒ one local; often used ones ⇒ small indices",
        run: coalesce::run,
    },
    Pass {
        name: "dead",
        about: "values and assignments that nobody reads ⇒ nothing",
        run: dead::run,
    },
    Pass {
        name: "flatten",
        about: "sequences in sequences ⇒ one sequence; what follows a divergence ⇒ nothing",
        run: flatten::run,
    },
    Pass { name: "inline", about: "calls of small functions ⇒ their bodies", run: inline::run },
    Pass {
        name: "propagate",
        about: "reads of locals that hold a constant or a copy ⇒ the constant or the original; operators on constants ⇒ constants",
        run: propagate::run,
    },
    Pass {
        name: "rotate",
        about: "loops that test at their start ⇒ loops that test at their end, behind a test of their own",
        run: rotate::run,
    },
    Pass {
        name: "sink",
        about: "a value assigned to a local and read later ⇒ the value where it is read, or `local.tee`",
        run: sink::run,
    },
    Pass {
        name: "translate-exceptions",
        about: "the exceptions that engines had before `try_table` ⇒ `try_table`; no level does this",
        run: translate::run,
    },
];

/// How much to optimise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// Nothing.
    O0,
    /// What costs little more than building the tree.
    O1,
    /// Everything.
    O2,
    /// Everything, for size.
    Os,
}

const INLINE: &Pass = &PASSES[4];
const PROPAGATE: &Pass = &PASSES[5];
const FLATTEN: &Pass = &PASSES[3];
const BRANCHES: &Pass = &PASSES[0];
const ROTATE: &Pass = &PASSES[6];
const SINK: &Pass = &PASSES[7];
const DEAD: &Pass = &PASSES[2];
const COALESCE: &Pass = &PASSES[1];
const TRANSLATE: &Pass = &PASSES[8];

/// One round of each, and branches again for what became empty.
static CHEAP: [&Pass; 9] =
    [INLINE, PROPAGATE, FLATTEN, BRANCHES, SINK, DEAD, FLATTEN, BRANCHES, COALESCE];

/// A second round sees what the first one made of the inlined bodies.
static FOR_SIZE: [&Pass; 14] = [
    INLINE, PROPAGATE, FLATTEN, BRANCHES, SINK, DEAD, FLATTEN, PROPAGATE, BRANCHES, SINK, DEAD,
    FLATTEN, BRANCHES, COALESCE,
];

/// The same, and loops test at their end.
static FULL: [&Pass; 15] = [
    INLINE, PROPAGATE, FLATTEN, BRANCHES, SINK, DEAD, FLATTEN, ROTATE, PROPAGATE, BRANCHES, SINK,
    DEAD, FLATTEN, BRANCHES, COALESCE,
];

/// The passes of a level, in order.
pub fn passes(level: Level) -> &'static [&'static Pass] {
    match level {
        Level::O0 => &[],
        Level::O1 => &CHEAP,
        Level::O2 => &FULL,
        Level::Os => &FOR_SIZE,
    }
}

/// All passes, in alphabetical order.
pub fn all() -> &'static [Pass] {
    &PASSES
}

/// The pass of a name.
pub fn by_name(name: &str) -> Option<&'static Pass> {
    PASSES.iter().find(|pass| pass.name == name)
}

/// Runs passes over the body of `func`, a function of `module`, in order. `watch` sees the body after each.
///
/// A body that was read may have `Stack` nodes and branches to the function: the first become locals ([`Body::nest`]), the second
/// branches to a block ([`Body::enclose`]), since no pass follows either. A body with a `try` of the legacy exceptions stays as it is, unless
/// the pass that translates them is in the list: it comes before all others.
pub fn optimize(
    module: &Module,
    func: FuncId,
    body: &mut Body,
    passes: &[&Pass],
    callees: &dyn Callees,
    watch: &mut dyn FnMut(&Pass, &Body),
) {
    let context = Context { module, func, callees };
    if body.pre_order(body.root()).any(|node| body.op(node) == Op::TRY) {
        if !passes.iter().any(|pass| pass.name == TRANSLATE.name) {
            return;
        }
        (TRANSLATE.run)(&context, body);
    }
    body.nest(module);
    body.enclose();
    for pass in passes {
        (pass.run)(&context, body);
        watch(pass, body);
    }
}
