//! Every `.swir` file of the project keeps the laws of printing and formatting, and its outline agrees with its items.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "tests")]

use std::path::{Path, PathBuf};

use swasm_frontend_ir::ir::ItemKind;
use swasm_frontend_ir::{ModuleId, format, outline, parse, print};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" {
                files(&path, out);
            }
        } else if name.ends_with(".swir") {
            out.push(path);
        }
    }
}

#[test]
fn every_file_keeps_the_laws() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    files(root, &mut found);
    assert!(
        found.iter().any(|path| path.ends_with("frontend-ir/tests/everything.swir")),
        "{found:?}"
    );
    let mut sound = 0;
    for path in found {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let parsed = parse("a.swir", text.as_str(), ModuleId(0));
        if !parsed.diagnostics.is_empty() {
            // A program that is to be refused.
            continue;
        }
        sound += 1;
        let path = path.display();
        let printed = print(&parsed.module);
        let again = parse("a.swir", printed.as_str(), ModuleId(0));
        assert!(again.diagnostics.is_empty() && again.module == parsed.module, "{path}");
        assert_eq!(print(&again.module), printed, "{path}");
        let formatted = format(&text).unwrap();
        assert!(parse("a.swir", formatted.as_str(), ModuleId(0)).module == parsed.module, "{path}");
        assert_eq!(format(&formatted).unwrap(), formatted, "{path}");
        let items: usize = parsed
            .module
            .items
            .iter()
            .map(|item| if let ItemKind::Impl(it) = &item.kind { it.items.len() } else { 1 })
            .sum();
        assert_eq!(outline(&text).items.len(), items, "{path}");
    }
    assert!(sound > 0);
}
