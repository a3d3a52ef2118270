//! Text ⇒ a checked program ⇒ modules of every level ⇒ guests that can be called.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use swasm_executor::{Config, Engine, Module, OptLevel as Tier};
use swasm_frontend_ir::diagnostic::ModuleId;
use swasm_frontend_ir::{Level, parser, print, render};
use swasm_linker::{Checked, MemoryMode, OptLevel, Options, Program};

/// The levels that every program is run at.
pub(crate) const LEVELS: [OptLevel; 3] = [OptLevel::O0, OptLevel::O1, OptLevel::O2];

/// What else a program is run as, one after the other.
#[allow(dead_code, reason = "scopes have their own list")]
pub(crate) const OTHERS: [(OptLevel, MemoryMode); 8] = [
    (OptLevel::Os, MemoryMode::Checked),
    (OptLevel::O1, MemoryMode::Unchecked),
    (OptLevel::O2, MemoryMode::Unchecked),
    (OptLevel::O0, MemoryMode::Unchecked),
    (OptLevel::O1, MemoryMode::Zero),
    (OptLevel::O2, MemoryMode::Zero),
    (OptLevel::O1, MemoryMode::Poison),
    (OptLevel::O2, MemoryMode::Poison),
];

/// The module as the printer writes it.
pub(crate) fn reprint(text: &str) -> Result<String, String> {
    let parsed = parser::parse("random.swir", text, ModuleId(0));
    guarded("the printer", || print::print(&parsed.module))
}

/// What one call may use before it is stopped: far more than the evaluators allow.
pub(crate) const FUEL: u64 = 100_000_000;

/// Parses and checks.
pub(crate) fn check(text: &str) -> Result<Checked, String> {
    let mut program = Program::default();
    program.text("random.swir", text.as_bytes());
    let checked = guarded("the checker", || program.check())?;
    let errors = |failed: &swasm_linker::Failed| -> String {
        let errors =
            failed.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error);
        errors.map(|diagnostic| render::human(diagnostic, failed, false)).collect()
    };
    checked.map_err(|failed| errors(&failed))
}

/// Links at one level, in one memory mode.
pub(crate) fn link(
    program: &Checked,
    opt_level: OptLevel,
    memory: MemoryMode,
) -> Result<Vec<u8>, String> {
    let options = Options { opt_level, memory, ..Options::default() };
    let artifact = guarded("the linker", || swasm_linker::link(program, &options))?;
    artifact.map(|artifact| artifact.wasm).map_err(|errors| format!("{errors:?}"))
}

/// Compiles for execution, by the quick tier for what wasn't optimised.
pub(crate) fn compile(bytes: &[u8], opt_level: OptLevel) -> Result<Module, String> {
    static ENGINES: [OnceLock<Engine>; 2] = [OnceLock::new(), OnceLock::new()];
    let optimizes = opt_level == OptLevel::O2;
    let engine = ENGINES[usize::from(optimizes)].get_or_init(|| {
        let tier = if optimizes { Tier::Speed } else { Tier::None };
        Engine::new(&Config::new().opt_level(tier).fuel(true).deterministic(true))
            .expect("these choices fit each other")
    });
    Module::compile(engine, bytes)
        .map_err(|error| format!("the executor refuses the module: {error}"))
}

thread_local! {
    /// Whether a panic of this thread is the compiler's, which is told with the rest.
    static IN_COMPILER: Cell<bool> = const { Cell::new(false) };
}

/// Lets panics of the compiler pass without a word: they are failures like others, shrunk and told once.
pub(crate) fn silence_compiler() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !IN_COMPILER.get() {
            others(panic);
        }
    }));
}

fn guarded<T>(who: &str, work: impl FnOnce() -> T) -> Result<T, String> {
    IN_COMPILER.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    IN_COMPILER.set(false);
    outcome.map_err(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("{who} panics: {}", said.unwrap_or_default())
    })
}
