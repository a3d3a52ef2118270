//! Imports of a program: declarations of one import must agree, and a known module must have it.

use rustc_hash::FxHashMap;
use swasm_tree::ValType;

use super::declare::ImportSite;
use super::world::World;
use super::{ImportProblem, ImportRules};
use crate::checked::{DefId, Place, Type};
use crate::codes;
use crate::diagnostic::Diagnostic;

/// The imports of a program, in order of appearance.
#[derive(Default)]
pub(super) struct Imports {
    pub(super) sites: Vec<(DefId, ImportSite)>,
}

/// `fn(i32, i32) -> i32`
fn show(params: &[ValType], results: &[ValType]) -> String {
    let list =
        |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match results {
        [] => format!("fn({})", list(params)),
        [result] => format!("fn({}) -> {result}", list(params)),
        _ => format!("fn({}) -> ({})", list(params), list(results)),
    }
}

impl Imports {
    /// Checks them all.
    pub(super) fn check(
        self,
        world: World<'_>,
        rules: &dyn ImportRules,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let mut first: FxHashMap<(&str, &str), DefId> = FxHashMap::default();
        for (def, site) in &self.sites {
            let function = world.function(*def);
            let signature = &function.signature;
            if signature.params.contains(&Type::Error) || signature.result == Type::Error {
                continue;
            }
            let (params, results) = world.core_signature(signature);
            let place = |span| Place { module: def.module, span };
            match first.get(&(&*site.module, &*site.name)) {
                Some(other) => {
                    let others = world.core_signature(&world.function(*other).signature);
                    if others != (params.clone(), results.clone()) {
                        diagnostics.push(
                            Diagnostic::error(
                                codes::IMPORT_CONFLICT,
                                world.place(*def),
                                format!(
                                    "`{}` of `{}` is imported with two signatures",
                                    site.name, site.module
                                ),
                            )
                            .note(format!("here it is `{}`", show(&params, &results)))
                            .label(
                                world.place(*other),
                                format!("here it is `{}`", show(&others.0, &others.1)),
                            )
                            .help("declare it once, or the same way twice"),
                        );
                        continue;
                    }
                }
                None => {
                    first.insert((&site.module, &site.name), *def);
                }
            }
            match rules.check(&site.module, &site.name, &params, &results) {
                Ok(()) => (),
                Err(ImportProblem::UnknownName { suggestion }) => {
                    let error = Diagnostic::error(
                        codes::UNKNOWN_IMPORT,
                        place(site.name_span),
                        format!("`{}` has no function `{}`", site.module, site.name),
                    );
                    diagnostics.push(match suggestion {
                        Some(near) => error.help(format!("did you mean `{near}`?")),
                        None => error.label(
                            place(site.module_span),
                            "the functions of this module are known",
                        ),
                    });
                }
                Err(ImportProblem::Signature { expected }) => diagnostics.push(
                    Diagnostic::error(
                        codes::IMPORT_SIGNATURE,
                        world.place(*def),
                        format!("`{}` of `{}` is `{expected}`", site.name, site.module),
                    )
                    .note(format!("this is `{}`", show(&params, &results)))
                    .label(place(site.name_span), "imported here")
                    .help("change the types to those; `addr` is an i32"),
                ),
            }
        }
    }
}
