//! The import rule as the checker asks it: WASI's tables answer, in the words of a diagnostic.

use swasm_frontend_ir::check::{ImportProblem, ImportRules};
use swasm_intrinsics::imports::{Known, signature};
use swasm_tree::ValType;

/// What is known of `wasi_snapshot_preview1` and `wasi_unstable`. Any other module is fine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wasi;

impl ImportRules for Wasi {
    fn check(
        &self,
        module: &str,
        name: &str,
        params: &[ValType],
        results: &[ValType],
    ) -> Result<(), ImportProblem> {
        match signature(module, name) {
            Known::UnknownModule => Ok(()),
            Known::UnknownName { suggestion } => {
                Err(ImportProblem::UnknownName { suggestion: suggestion.map(str::to_owned) })
            }
            Known::Signature { params: known_params, results: known_results }
                if (params, results) == (known_params, known_results) =>
            {
                Ok(())
            }
            Known::Signature { params, results } => {
                Err(ImportProblem::Signature { expected: spelled(params, results) })
            }
        }
    }
}

/// `fn(i32, i32) -> i32`
fn spelled(params: &[ValType], results: &[ValType]) -> String {
    let list =
        |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match results {
        [] => format!("fn({})", list(params)),
        [result] => format!("fn({}) -> {result}", list(params)),
        results => format!("fn({}) -> ({})", list(params), list(results)),
    }
}
