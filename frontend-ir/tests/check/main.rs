//! The checker, as tables of a source and what is said about it: `SW0207@2:5` for each mistake, in order.
//!
//! Programs are checked together with the real library, read from the folders of the crates that hold it.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "tests")]

use std::path::Path;
use std::sync::{Arc, OnceLock};

use swasm_frontend_ir::checked::Checked;
use swasm_frontend_ir::library::{Library, LibraryModule};
use swasm_frontend_ir::{
    Diagnostic, Failed, ImportProblem, ImportRules, ModuleId, Sources, check, parse, render,
};
use swasm_tree::ValType;

mod flow;
mod invariants;
mod items;
mod library;
mod limits;
mod linking;
mod matching;
mod names;
mod rows;
mod types;
mod values;

/// The library as it is in the repository.
fn library() -> Arc<Library> {
    static LIBRARY: OnceLock<Arc<Library>> = OnceLock::new();
    LIBRARY
        .get_or_init(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
            let mut modules = Vec::new();
            for folder in ["intrinsics/table", "stdlib/std"] {
                for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                    let path = entry.unwrap().path();
                    let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
                    let text = std::fs::read_to_string(&path).unwrap();
                    modules.push(LibraryModule {
                        path: format!("std::{stem}").leak(),
                        file: format!("std/{stem}.swir").leak(),
                        text: text.leak(),
                    });
                }
            }
            modules.sort_by_key(|module| module.path);
            Arc::new(Library::new(modules.leak()))
        })
        .clone()
}

/// A host that has one known module with one function.
struct Host;

impl ImportRules for Host {
    fn check(
        &self,
        module: &str,
        name: &str,
        params: &[ValType],
        results: &[ValType],
    ) -> Result<(), ImportProblem> {
        match (module, name) {
            ("wasi_snapshot_preview1", "fd_write") => {
                if params == [ValType::I32; 4] && results == [ValType::I32] {
                    return Ok(());
                }
                Err(ImportProblem::Signature { expected: "fn(i32, i32, i32, i32) -> i32".into() })
            }
            ("wasi_snapshot_preview1", _) => {
                Err(ImportProblem::UnknownName { suggestion: Some("fd_write".into()) })
            }
            _ => Ok(()),
        }
    }
}

/// Parses and checks modules: `text` up to a line `//// file`, then the next file.
fn program(text: &str) -> (Vec<Diagnostic>, Result<Checked, Failed>) {
    let library = library();
    let mut diagnostics = Vec::new();
    let mut modules = Vec::new();
    for (index, part) in text.split("//// ").enumerate() {
        let (file, text) =
            if index == 0 { ("main.swir", part) } else { part.split_once('\n').unwrap() };
        let parsed = parse(file, text, ModuleId((library.len() + index) as u32));
        diagnostics.extend(parsed.diagnostics);
        modules.push(parsed.module);
    }
    (diagnostics, check(modules, library, &Host))
}

/// What is said about a program, each mistake as `SW0207@2:5`, behind a file other than the first with its name.
fn verdict(text: &str) -> String {
    let (mut diagnostics, result) = program(text);
    let sources: &dyn Sources = match &result {
        Ok(checked) => {
            diagnostics.extend(checked.warnings().iter().cloned());
            checked
        }
        Err(failed) => {
            diagnostics.extend(failed.diagnostics.iter().cloned());
            failed
        }
    };
    let said: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.place.unwrap();
            let at = sources.source(place.module).position(place.span);
            let file =
                if &*at.file == "main.swir" { String::new() } else { format!("{}:", at.file) };
            format!("{}@{file}{}:{}", diagnostic.code, at.line, at.column)
        })
        .collect();
    said.join(" ")
}

/// The same, as a user sees it.
fn rendered(text: &str) -> String {
    let (mut diagnostics, result) = program(text);
    let sources: &dyn Sources = match &result {
        Ok(checked) => {
            diagnostics.extend(checked.warnings().iter().cloned());
            checked
        }
        Err(failed) => {
            diagnostics.extend(failed.diagnostics.iter().cloned());
            failed
        }
    };
    diagnostics.iter().map(|diagnostic| render::human(diagnostic, sources, false)).collect()
}

/// Checks a table of programs and what is said about them; all rows that are wrong are shown.
fn table(rows: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (text, expected) in rows {
        let said = verdict(text);
        if said != *expected {
            wrong += &format!(
                "--- {text}\nexpected: {expected}\nsaid:     {said}\n{}\n",
                rendered(text)
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
