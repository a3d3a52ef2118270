//! What documents say about the repository ⇒ whether it is so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package is a folder of the repository")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of the repository with this extension, build products and hidden folders left out.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository can be read") {
            let path = entry.expect("a folder of the repository can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn paths_named_in_documents_exist() {
    let folders: BTreeSet<String> = std::fs::read_dir(root())
        .expect("the repository can be read")
        .map(|entry| {
            entry.expect("the repository can be read").file_name().to_string_lossy().into_owned()
        })
        .collect();
    let mut wrong = Vec::new();
    for document in files("md") {
        let text = read(&document);
        let folder = document.parent().expect("a file has a folder");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let file = link.split('#').next().unwrap_or_default();
            if !folder.join(file).exists() {
                wrong.push(format!("{} links to {link}", relative(&document)));
            }
        }
        // Between back-ticks: what begins with a folder of the repository is a path, unless it stands for many.
        for word in text.split('`').skip(1).step_by(2) {
            let stands_for_many = word.contains(['*', '<', '{', ' ', '…', '(', '$']);
            let first = word.split('/').next().unwrap_or_default();
            if word.contains('/')
                && !stands_for_many
                && folders.contains(first)
                && !root().join(word).exists()
            {
                wrong.push(format!("{} names `{word}`", relative(&document)));
            }
        }
    }
    assert!(wrong.is_empty(), "these are not there:\n{}", wrong.join("\n"));
}

/// Rows of the table in ARCHITECTURE.md: a folder, and the folders it may depend on.
fn documented_edges() -> BTreeMap<String, BTreeSet<String>> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let names = |cell: &str| {
            cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let folder = names(cells[0]).into_iter().next().expect("a row names a folder");
        (folder, names(cells.last().expect("a row has cells")))
    })
    .collect()
}

/// The same from `cargo metadata`: dependencies that a user of the package gets, so none that only its tests need.
fn real_edges() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let folder = |manifest: &Value| {
        let path = PathBuf::from(manifest.as_str().expect("a path is a string"));
        relative(path.parent().expect("a manifest is in a folder"))
    };
    let packages = metadata["packages"].as_array().expect("there are packages");
    let folders: BTreeMap<&str, String> = packages
        .iter()
        .map(|package| {
            (package["name"].as_str().expect("a name"), folder(&package["manifest_path"]))
        })
        .collect();
    let edges = packages.iter().map(|package| {
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        let ours = dependencies
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| folders.get(dependency["name"].as_str()?).cloned());
        (folder(&package["manifest_path"]), ours.collect())
    });
    edges.collect()
}

#[test]
fn crates_depend_on_what_the_table_says() {
    let (documented, real) = (documented_edges(), real_edges());
    let mut wrong = Vec::new();
    for folder in documented.keys().chain(real.keys()).collect::<BTreeSet<_>>() {
        match (documented.get(folder), real.get(folder)) {
            (Some(documented), Some(real)) if documented == real => (),
            (documented, real) => {
                wrong.push(format!("{folder}: the table says {documented:?}, Cargo.toml {real:?}"))
            }
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md and the manifests disagree:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> = files("rs")
        .iter()
        .filter(|file| !read(file).starts_with("//!"))
        .map(|file| relative(file))
        .collect();
    assert!(silent.is_empty(), "these do not begin with `//!`:\n{}", silent.join("\n"));
}

#[test]
fn documents_are_as_short_as_promised() {
    assert!(read(&root().join("ARCHITECTURE.md")).lines().count() <= 150);
}

#[test]
fn manifests_take_lints_and_licence_from_the_workspace() {
    let members = files("toml")
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name == "Cargo.toml"));
    for manifest in members.filter(|path| path.parent() != Some(root())) {
        let text = read(&manifest);
        for needed in ["[lints]\nworkspace = true", "license.workspace = true"] {
            assert!(
                text.contains(needed) || text.contains("[workspace]"),
                "{} lacks {needed:?}",
                relative(&manifest)
            );
        }
    }
}

/// The rows of the intrinsic table, as paths: `std::integer::u32::rotate_left`.
fn rows() -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for file in
        swasm_testkit::swir_files(&root().join("intrinsics/table")).expect("the table can be read")
    {
        let module = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let mut owner = String::new();
        for line in read(&file).lines() {
            if let Some(rest) = line.strip_prefix("impl ") {
                owner = format!("{}::", rest.split([' ', '{']).next().unwrap_or_default());
            } else if line.starts_with('}') {
                owner.clear();
            }
            let is_row = line.contains("pub fn ")
                && (line.contains("= wasm {") || line.contains("= checked("));
            let name = line.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
            if let Some(name) = name.filter(|_| is_row) {
                rows.insert(format!("std::{module}::{owner}{name}"));
            }
        }
    }
    rows
}

#[test]
fn every_intrinsic_is_executed_by_a_test() {
    let mut open = rows();
    assert!(open.len() > 100, "the table has rows: {}", open.len());
    for test in
        swasm_testkit::discover(&root().join("tests/programs")).expect("the tests can be read")
    {
        for called in swasm_testkit::templates_called(&test) {
            open.remove(&called);
        }
    }
    let open: Vec<String> = open.into_iter().collect();
    assert!(open.is_empty(), "no file in tests/programs calls:\n{}", open.join("\n"));
}

/// What modules of the table and the library let others name: `std::io::flush()`, `std::float::f64::sqrt(self) -> f64`.
fn library_items() -> BTreeSet<String> {
    let mut items = BTreeSet::new();
    for folder in ["intrinsics/table", "stdlib/std"] {
        for file in swasm_testkit::swir_files(&root().join(folder)).expect("it can be read") {
            let module =
                file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let mut owner = String::new();
            for line in read(&file).lines() {
                if let Some(rest) = line.strip_prefix("impl ") {
                    owner = format!("{}::", rest.split([' ', '{']).next().unwrap_or_default());
                } else if line.starts_with('}') {
                    owner.clear();
                }
                let mut item = line.trim_start();
                while let Some(rest) = item.strip_prefix("#[") {
                    item = rest.split_once(']').map_or("", |(_, rest)| rest).trim_start();
                }
                let Some(item) = item.strip_prefix("pub ") else { continue };
                let item = item.strip_prefix("extern ").unwrap_or(item);
                let (kind, item) = item.split_once(' ').unwrap_or((item, ""));
                let end = match kind {
                    "fn" | "struct" => item.find(['{', '=', ';']).unwrap_or(item.len()),
                    "const" => item.find('=').unwrap_or(item.len()),
                    _ => panic!("{}: what is `{kind}`?", relative(&file)),
                };
                items.insert(format!("std::{module}::{owner}{}", item[..end].trim_end()));
            }
        }
    }
    items
}

/// A documented item with `T` and `U` replaced: by a type, and by the unsigned type of its width. `get_T` with `i8` is `get_i8`.
fn of_type(item: &str, ty: &str) -> String {
    let mut text = String::new();
    let mut word = String::new();
    for c in item.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        match &*word {
            "T" => text.push_str(ty),
            "U" => text.extend(["u", &ty[1..]]),
            word => match word.strip_suffix("_T") {
                Some(stem) => text.extend([stem, "_", ty]),
                None => text.push_str(word),
            },
        }
        word.clear();
        text.push(c);
    }
    text.trim_end().to_owned()
}

/// The items in the tables of docs/library.md. One with `…` stands for all constants whose names go on behind it.
fn documented_items() -> Vec<String> {
    let mut items = Vec::new();
    let mut module = String::new();
    for line in read(&root().join("docs/library.md")).lines() {
        let code = |cell: &str| cell.split('`').nth(1).unwrap_or_default().to_owned();
        if let Some(heading) = line.strip_prefix("## ") {
            module = code(heading);
        } else if line.starts_with("| `") {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
            let item = format!("{module}::{}", code(cells[0]));
            let types = if cells.len() > 2 { code(cells[1]) } else { String::new() };
            if types.is_empty() {
                items.push(item);
            } else {
                items.extend(types.split(' ').map(|ty| of_type(&item, ty)));
            }
        }
    }
    items
}

#[test]
fn the_library_page_lists_what_the_library_has() {
    let library = library_items();
    assert!(library.len() > 400, "the library has items: {}", library.len());
    let stands_for = |documented: &str, item: &str| match documented.split_once('…') {
        Some((start, end)) => item.starts_with(start) && item.ends_with(end),
        None => documented == item,
    };
    let documented = documented_items();
    let missing = library
        .iter()
        .filter(|item| !documented.iter().any(|entry| stands_for(entry, item)))
        .map(|item| format!("is not listed: {item}"));
    let stale = documented
        .iter()
        .filter(|entry| !library.iter().any(|item| stands_for(entry, item)))
        .map(|entry| format!("is not in the library: {entry}"));
    let wrong: Vec<String> = missing.chain(stale).collect();
    assert!(wrong.is_empty(), "docs/library.md and the library differ:\n{}", wrong.join("\n"));
}

/// The long options and the verbs that the command's own definition has.
fn options_and_verbs() -> (BTreeSet<String>, BTreeSet<String>) {
    let text = read(&root().join("cli/src/args.rs"));
    let (mut options, mut verbs) = (BTreeSet::new(), BTreeSet::new());
    let mut is_option = false;
    let verbs_of_enum = text.split("enum Verb {").nth(1).and_then(|rest| rest.split("\n}").next());
    for line in verbs_of_enum.expect("there are verbs").lines().map(str::trim) {
        let name = line.split('(').next().filter(|_| line.ends_with("),"));
        verbs.extend(name.map(str::to_lowercase));
    }
    for line in text.lines().map(str::trim) {
        if let Some(arguments) = line.strip_prefix("#[arg(") {
            is_option = arguments.split([',', ')', ' ']).any(|word| word == "long");
        } else if let Some(field) = line.strip_prefix("pub(crate) ") {
            let name = field.split(':').next().filter(|_| is_option);
            options.extend(name.map(|name| format!("--{}", name.replace('_', "-"))));
            is_option = false;
        }
    }
    (options, verbs)
}

#[test]
fn the_command_page_tells_all_verbs_and_options() {
    let (mut options, verbs) = options_and_verbs();
    assert!(options.len() > 15 && verbs.len() > 7, "{options:?} {verbs:?}");
    let page = read(&root().join("docs/command.md"));
    let told: BTreeSet<String> = page
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| word.starts_with("--") && word.len() > 2 && !word.starts_with("---"))
        .map(str::to_owned)
        .collect();
    options.extend(["--help".to_owned()]);
    assert_eq!(told, options, "docs/command.md (left) and the command's definition differ");
    for verb in verbs {
        assert!(page.contains(&format!("\n| `{verb} ")), "docs/command.md does not tell `{verb}`");
    }
}

#[test]
fn the_readme_shows_the_example_that_it_runs() {
    let code = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split("//").next());
        let lines = lines.filter(|line| !line.starts_with("module "));
        lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
    };
    let readme = read(&root().join("README.md"));
    let shown = readme
        .split("```rust\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("it shows a program");
    assert_eq!(code(shown), code(&read(&root().join("examples/hello.swir"))));
}

/// The code blocks of a document that are `.swir`: line, words after ```` ```swir ````, text.
fn samples(document: &str) -> Vec<(usize, String, String)> {
    let mut samples = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(words) = line.trim().strip_prefix("```swir") else { continue };
        let text: String = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| line.trim() != "```")
            .flat_map(|line| [line, "\n"])
            .collect();
        samples.push((at + 1, words.trim_start_matches(',').to_owned(), text));
    }
    samples
}

/// A sample is a program; one that says what its functions do is held to it, one marked `fails SW0107` is none, for that reason.
#[test]
fn samples_in_documents_are_programs() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("samples");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    let mut wrong = Vec::new();
    for document in files("md") {
        for (line, words, text) in samples(&read(&document)) {
            let name = format!("{}:{line}", relative(&document));
            let file = folder.join(format!("{}.swir", name.replace(['/', ':', '.'], "_")));
            std::fs::write(&file, &text).expect("the target folder can be written");
            let outcome = match &*words {
                "" if text.contains("//@") || text.contains("//~") => {
                    let outcome =
                        swasm_testkit::run_file(&file, &swasm_testkit::Settings::new(&folder));
                    if outcome.passed() { Ok(()) } else { Err(outcome.report(&name)) }
                }
                "" => swasm_testkit::check_file(&file),
                words => match (words.strip_prefix("fails SW"), swasm_testkit::check_file(&file)) {
                    (None, _) => Err(format!("is marked `{words}`; there is only `fails SW0000`")),
                    (Some(_), Ok(())) => Err("is accepted".to_owned()),
                    (Some(code), Err(said)) if said.starts_with(&format!("error[SW{code}]")) => {
                        Ok(())
                    }
                    (Some(_), Err(said)) => Err(said),
                },
            };
            wrong.extend(outcome.err().map(|message| format!("{name}: {message}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a front end adds to its own dependencies stays small.
#[test]
fn the_facade_brings_few_crates_and_no_cranelift() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "swasm-compiler",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let crates: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.is_empty())
        .collect();
    let heavy: Vec<_> = crates
        .iter()
        .filter(|name| name.contains("cranelift") || name.contains("wasmtime"))
        .collect();
    assert!(heavy.is_empty(), "{heavy:?}");
    let others: Vec<_> = crates.iter().filter(|name| !name.starts_with("swasm")).collect();
    assert!(others.len() <= 25, "{} crates: {others:?}", others.len());
}
