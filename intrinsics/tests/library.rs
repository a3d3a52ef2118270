//! The table and the library, read and checked as a whole: no mistakes, no warnings, and all that the linker asks for is there.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use swasm_frontend_ir::library::{Library, LibraryModule};
use swasm_intrinsics::{HOOKS, HookKind};

/// Every file of the two folders, as a module named after it.
fn modules() -> &'static [LibraryModule] {
    let mut modules = Vec::new();
    for folder in ["table", "../stdlib/std"] {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap()
        {
            let path = entry.unwrap().path();
            let file: &str = path.file_name().unwrap().to_str().unwrap().to_owned().leak();
            let text: &str = std::fs::read_to_string(&path).unwrap().leak();
            modules.push(LibraryModule {
                path: format!("std::{}", file.strip_suffix(".swir").unwrap()).leak(),
                file,
                text,
            });
        }
    }
    modules.sort_by_key(|module| module.path);
    modules.leak()
}

#[test]
fn nothing_is_wrong_with_it() {
    let modules = modules();
    let diagnostics = Library::new(modules).check_all();
    let told = diagnostics.iter().map(|diagnostic| {
        let place = diagnostic.place.map_or_else(String::new, |place| {
            let module = modules[place.module.0 as usize];
            let start = place.span.range().map_or(0, |range| range.start);
            format!("{}:{}: ", module.file, module.text[..start].matches('\n').count() + 1)
        });
        format!("{place}{} {}\n", diagnostic.code, diagnostic.message)
    });
    assert_eq!(told.collect::<String>(), "");
}

#[test]
fn hooks_are_there() {
    let modules = modules();
    let text = |path: &str| {
        modules
            .iter()
            .find(|module| module.path == path)
            .unwrap_or_else(|| panic!("there is no module {path}"))
            .text
    };
    for hook in HOOKS {
        match hook.kind {
            HookKind::Value | HookKind::Body => {
                let attribute = format!("#[intrinsic({})]", hook.name);
                assert_eq!(
                    modules.iter().filter(|module| module.text.contains(&attribute)).count(),
                    1,
                    "{attribute}"
                );
            }
            HookKind::Call => {
                let mut path: Vec<&str> = hook.name.split("::").collect();
                let name = path.pop().unwrap();
                // The third part of a method's path is its type.
                let found = text(&path[..2].join("::")).contains(&format!("pub fn {name}("));
                assert!(found, "{}", hook.name);
            }
            HookKind::Struct => {
                let (module, name) = hook.name.rsplit_once("::").unwrap();
                assert!(text(module).contains(&format!("pub struct {name} ")), "{}", hook.name);
            }
        }
    }
}
