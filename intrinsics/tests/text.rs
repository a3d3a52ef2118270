//! Every file of the table and of the library is accepted by the parser, and is small.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use swasm_frontend_ir::{ModuleId, parse};

#[test]
fn every_file_parses() {
    let mut mistakes = String::new();
    for folder in ["table", "../stdlib/std"] {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap()
        {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let parsed = parse(path.to_str().unwrap(), text.clone(), ModuleId(0));
            for diagnostic in parsed.diagnostics {
                let start = diagnostic
                    .place
                    .and_then(|place| place.span.range())
                    .map_or(0, |range| range.start);
                let line = text[..start].matches('\n').count() + 1;
                mistakes += &format!(
                    "{}:{line}: {} {:?}\n",
                    path.display(),
                    diagnostic.message,
                    diagnostic.note
                );
            }
        }
    }
    assert_eq!(mistakes, "");
}
