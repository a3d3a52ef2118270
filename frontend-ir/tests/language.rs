//! The samples of the documents and of the text's diagnostic codes are what they say they are.
#![allow(clippy::unwrap_used, reason = "tests")]

use swasm_frontend_ir::codes::ALL;
use swasm_frontend_ir::{ModuleId, format, parse, print};

/// The code blocks of a Markdown text whose fence says `swir`: what else it says, and the text.
fn samples(markdown: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("```swir") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            out.push((rest.trim_start_matches(',').to_owned(), body.join("\n") + "\n"));
        }
    }
    out
}

fn codes(text: &str) -> Vec<String> {
    parse("sample.swir", text, ModuleId(0))
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code.to_string())
        .collect()
}

/// The documents in `docs`: name and text.
fn documents() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let documents = files.filter(|file| file.extension().is_some_and(|found| found == "md"));
    let mut documents: Vec<_> = documents
        .map(|file| (file.display().to_string(), std::fs::read_to_string(file).unwrap()))
        .collect();
    documents.sort();
    documents
}

/// What samples do when they run, and mistakes that only the checker finds, are for `tests/tidy.rs`.
#[test]
fn the_documents_samples_parse() {
    let mut count = 0;
    for (document, text) in documents() {
        for (kind, text) in samples(&text) {
            count += 1;
            match kind.strip_prefix("fails ").filter(|code| code.starts_with("SW01")) {
                Some(code) => assert_eq!(codes(&text), [code], "{document}: {text}"),
                None => {
                    assert!(kind.is_empty() || kind.starts_with("fails SW"), "{document}: {kind}");
                    assert_eq!(codes(&text), [""; 0], "{document}: {text}");
                    assert_eq!(format(&text).unwrap(), text, "{document}");
                    let module = parse("sample.swir", text.as_str(), ModuleId(0)).module;
                    assert!(
                        parse("sample.swir", print(&module), ModuleId(0)).module == module,
                        "{document}: {text}"
                    );
                }
            }
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn the_document_knows_every_word() {
    let document = include_str!("../../docs/language.md");
    // A word that cannot be declared must be listed, so that nobody has to guess.
    let words = document
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect::<std::collections::BTreeSet<_>>();
    for word in words {
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) || word == "_" {
            continue;
        }
        let refused = !codes(&format!("fn {word}() {{}}")).is_empty();
        let list = document
            .split("### Literals")
            .next()
            .unwrap()
            .split("- words of the language")
            .nth(1)
            .unwrap();
        let listed = list
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .collect::<std::collections::BTreeSet<_>>()
            .contains(word);
        assert!(!refused || listed, "`{word}` is refused and not listed");
    }
}

#[test]
fn the_texts_codes_have_true_examples() {
    let mut seen = 0;
    for row in ALL.iter().filter(|row| row.code.0 / 100 == 1) {
        seen += 1;
        for (kind, text) in samples(row.text) {
            match kind.as_str() {
                "fails" => assert!(
                    codes(&text).contains(&row.code.to_string()),
                    "{}: {text} gives {:?}",
                    row.code,
                    codes(&text)
                ),
                _ => assert_eq!(codes(&text), [""; 0], "{}: {text}", row.code),
            }
        }
    }
    assert!(seen >= 11, "{seen}");
}
