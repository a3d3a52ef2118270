//! A file ⇒ what can be said about it without running it: whether it is a program, and which rows of the intrinsic table it calls.

use std::collections::BTreeSet;
use std::path::Path;

use swasm_frontend_ir::checked::{Body, DefId, ExprKind, FunctionKind};
use swasm_frontend_ir::render;

use crate::directive;
use crate::program::{self, SourceFile};

/// The paths (`std::integer::u32::rotate_left`) of all templates of the library that the functions of a test file call. None if the file
/// is not a program: then it executes nothing.
pub fn templates_called(path: &Path) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    let Some(program) = check(path) else { return called };
    for module in program.program_modules() {
        for def in program.definitions(module) {
            let swasm_frontend_ir::checked::Def::Function(function) = program.def(def) else {
                continue;
            };
            if let FunctionKind::Body = function.kind {
                for callee in callees(program.body(def)) {
                    let callee = program.function(callee);
                    if let FunctionKind::Template(_) = callee.kind {
                        called.insert(callee.path.to_string());
                    }
                }
            }
        }
    }
    called
}

fn check(path: &Path) -> Option<swasm_linker::Checked> {
    let main = SourceFile::read(path).ok()?;
    let directives = directive::parse(&main.text()).ok()?;
    let mut files = vec![main];
    for (_, name) in &directives.module_files {
        files.push(SourceFile::read(&path.with_file_name(name)).ok()?);
    }
    program::parse(path, &mut files).ok()?.check().ok()
}

fn callees(body: &Body) -> impl Iterator<Item = DefId> {
    body.exprs.iter().filter_map(|expr| {
        if let ExprKind::Call(callee, _) = expr.kind { Some(callee) } else { None }
    })
}

/// Checks a file and what it uses from beside it, without running anything.
///
/// # Errors
/// The diagnostics, as text.
pub fn check_file(path: &Path) -> Result<(), String> {
    let mut files = vec![SourceFile::read(path)?];
    let program = program::parse(path, &mut files)?;
    match program.check() {
        Ok(_) => Ok(()),
        Err(failed) => Err(failed
            .diagnostics
            .iter()
            .map(|diagnostic| render::human(diagnostic, &failed, false))
            .collect()),
    }
}
