//! A built module ⇒ the folded text of its functions, for snapshots in Rust tests.

use swasm_frontend_ir::{Diagnostic, Sources, ir, render};
use swasm_linker::{Options, Print, Program, Stage};

/// Links a module with the usual options and prints its functions as they are encoded: those of the module itself, in its order, not the
/// library's.
///
/// # Panics
/// When something is wrong with the module: this is for tests. The message shows the diagnostics.
pub fn wat(module: &ir::Module) -> String {
    print(module, None)
}

/// The same for one function, by its path inside the module. It is kept as it is, whether something needs it or not.
///
/// # Panics
/// As [`wat`], and when there is no such function.
pub fn wat_of(module: &ir::Module, function: &str) -> String {
    print(module, Some(format!("{}::{function}", module.name)))
}

/// How the paths of functions begin that are not the module's own.
const LIBRARY: &str = "std::";

fn print(module: &ir::Module, function: Option<String>) -> String {
    let mut program = Program::default();
    program.module(module.clone());
    let checked =
        program.check().unwrap_or_else(|failed| panic!("{}", shown(&failed.diagnostics, &failed)));
    let roots = function.iter().cloned().collect();
    let options = Options {
        roots,
        prints: vec![Print { stage: Stage::Final, function }],
        ..Options::default()
    };
    let artifact = swasm_linker::link(&checked, &options)
        .unwrap_or_else(|list| panic!("{}", shown(&list, &checked)));
    let texts = artifact.prints.iter().filter(|print| !print.function.starts_with(LIBRARY));
    texts.map(|print| format!("{}\n", print.text.trim_end())).collect::<Vec<_>>().join("\n")
}

fn shown(list: &[Diagnostic], sources: &dyn Sources) -> String {
    list.iter().map(|diagnostic| render::human(diagnostic, sources, false)).collect()
}

/// Compares the folded text of a module's functions with a snapshot that `cargo insta review` shows:
/// `assert_wat_snapshot!(module)`, or `assert_wat_snapshot!(module, "f")` for one function.
#[macro_export]
macro_rules! assert_wat_snapshot {
    ($module:expr $(,)?) => {
        $crate::insta::with_settings!({ omit_expression => true }, {
            $crate::insta::assert_snapshot!($crate::wat(&$module))
        })
    };
    ($module:expr, $function:expr $(,)?) => {
        $crate::insta::with_settings!({ omit_expression => true }, {
            $crate::insta::assert_snapshot!($crate::wat_of(&$module, $function))
        })
    };
}
