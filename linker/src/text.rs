//! A module that somebody else compiled ⇒ folded WebAssembly text.
//!
//! Invariant: what is printed was read and found valid, so the text of the whole module is the module again for every tool that takes text.

use swasm_frontend_ir::{Diagnostic, codes, nearest};
use swasm_tree::{Body, ExportItem, FuncId, FuncKind, Module};

use crate::optimize::not_a_module;

/// What of a module is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part<'a> {
    /// All of it.
    Whole,
    /// Everything but the code of functions and what segments hold.
    Skeleton,
    /// These functions, by name, by the name of an export or by index.
    Functions(&'a [String]),
}

/// Prints a core module, or a part of it.
///
/// # Errors
/// If the bytes are no valid core module, or a function does not exist.
pub fn module_text(bytes: &[u8], part: Part<'_>) -> Result<String, Vec<Diagnostic>> {
    let module = Module::read(bytes).map_err(not_a_module)?;
    match part {
        Part::Whole => {
            let bodies: Vec<Option<Body>> = (0..module.funcs.len() as u32)
                .map(|func| {
                    let mut body = Body::new(&[], &[]);
                    module.open(FuncId(func), &mut body).then_some(body)
                })
                .collect();
            Ok(swasm_tree::print_module(&module, |func| bodies[func.index()].as_ref()))
        }
        Part::Skeleton => Ok(swasm_tree::print_skeleton(&module)),
        Part::Functions(names) => {
            let (mut texts, mut wrong) = (Vec::new(), Vec::new());
            let mut body = Body::new(&[], &[]);
            for name in names {
                match function(&module, name) {
                    Ok(func) => {
                        module.open(func, &mut body);
                        texts.push(swasm_tree::print(&module, func, &body));
                    }
                    Err(diagnostic) => wrong.push(diagnostic),
                }
            }
            if wrong.is_empty() { Ok(texts.join("\n")) } else { Err(wrong) }
        }
    }
}

/// The function of a name: as people call it, as it is exported, or as it is counted.
fn function(module: &Module, name: &str) -> Result<FuncId, Diagnostic> {
    let ids = || (0..module.funcs.len() as u32).map(FuncId);
    let named = || ids().filter_map(|id| Some((module.func(id).name.as_deref()?, id)));
    let exported = || {
        module.exports.iter().filter_map(|export| match export.item {
            ExportItem::Func(id) => Some((&*export.name, id)),
            ExportItem::Table(_)
            | ExportItem::Memory(_)
            | ExportItem::Global(_)
            | ExportItem::Tag(_) => None,
        })
    };
    let by_name = named().chain(exported()).find(|(known, _)| *known == name).map(|(_, id)| id);
    let by_index = || name.parse().ok().map(FuncId).filter(|id| id.index() < module.funcs.len());
    let Some(func) = by_name.or_else(by_index) else {
        let message = format!("the module has no function `{name}`");
        let diagnostic = Diagnostic::global(codes::NO_FUNCTION, message);
        return Err(match nearest(name, named().chain(exported()).map(|(known, _)| known)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("`--skeleton` shows which functions there are"),
        });
    };
    if matches!(module.func(func).kind, FuncKind::Import(_)) {
        let message = format!("`{name}` is imported: the module has no code of it");
        return Err(Diagnostic::global(codes::NO_FUNCTION, message));
    }
    Ok(func)
}
