//! Programs that somebody mistyped, run: whatever they do now, they do it at every level of optimisation.

#[path = "../swasm/tests/mutate/mod.rs"]
mod mutate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mutate::{Random, count, mutate, programs, tokens};
use swasm_testkit::{Failure, Settings, run_file};

/// Mutations of each program unless `SWASM_MUTATIONS` says otherwise.
const MUTATIONS: usize = 4;
/// Units of fuel for each call: what was broken may not end.
const FUEL: &str = "//@ fuel: 3_000_000\n";

/// Whether levels may differ: where a program's resources end and its memory lies is not its meaning.
fn is_about_resources(message: &str) -> bool {
    ["out of fuel", "call stack exhausted", "timed out", "out of memory", "In func wasi"]
        .iter()
        .any(|words| message.contains(words))
}

/// What levels say otherwise about the same statement. Of a trap the reason and the place count: frames go where functions are inlined.
fn disagreements(failures: &[Failure]) -> Vec<String> {
    let mut by_line: BTreeMap<Option<u32>, BTreeMap<String, String>> = BTreeMap::new();
    for failure in failures {
        let (message, levels) = match failure.message.split_once(" (only at ") {
            Some((message, levels)) => (message, levels),
            None => (&*failure.message, "-O0, -O1, -O2)"),
        };
        let (reason, frames) = message.split_once("\n   0: ").unwrap_or((message, ""));
        let place = frames.lines().next().and_then(|frame| frame.split(" at ").nth(1));
        let said = format!(
            "{reason} at {}",
            place.filter(|place| !place.starts_with("offset")).unwrap_or("no place")
        );
        by_line.entry(failure.line).or_default().entry(said).or_default().push_str(levels);
    }
    let agree = |levels: &String| ["-O0", "-O1", "-O2"].iter().all(|level| levels.contains(level));
    let all = by_line.into_values().flatten();
    all.filter(|(_, levels)| !agree(levels))
        .map(|(said, levels)| format!("{said} only at {levels}"))
        .collect()
}

fn files() -> Vec<PathBuf> {
    // Files that go together are found by name; one alone is not the program.
    let is_whole = |text: &str| {
        !text.contains("//@ module-file") && !text.contains("//@ fuel") && text.contains("//@ ")
    };
    let read = |file: &PathBuf| {
        std::fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    programs().into_iter().filter(|file| read(file).is_ok_and(|text| is_whole(&text))).collect()
}

#[test]
fn levels_agree_on_mistyped_programs() {
    let files = files();
    assert!(files.len() > 50, "the repository has programs");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutations");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    let settings = Settings::new(&folder);
    let work = |part: usize| {
        let mut wrong = Vec::new();
        for (number, file) in files.iter().enumerate().filter(|(number, _)| number % 2 == part) {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let (head, tail) = text.split_at(
                text.rfind("\n//@")
                    .and_then(|at| text[at + 1..].find('\n').map(|end| at + 1 + end + 1))
                    .unwrap_or(0),
            );
            let tokens = tokens(tail);
            let mut random = Random::new(number);
            for round in 0..count(MUTATIONS) {
                let mutated = format!("{FUEL}{head}{}", mutate(&tokens, &mut random));
                let path = folder.join(format!("m{number}_{round}.swir"));
                std::fs::write(&path, &mutated).expect("the target folder can be written");
                let outcome = run_file(&path, &settings);
                if outcome.failures.iter().any(|failure| is_about_resources(&failure.message)) {
                    continue;
                }
                let failures = disagreements(&outcome.failures);
                if failures.is_empty() {
                    // Kept only to be looked at.
                    let _ = std::fs::remove_file(&path);
                } else {
                    wrong.push(format!(
                        "{} from {}: {failures:#?}",
                        path.display(),
                        file.display()
                    ));
                }
            }
        }
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let one = scope.spawn(|| work(0));
        let mut wrong = work(1);
        wrong.extend(one.join().expect("nothing panics"));
        wrong
    });
    assert!(wrong.is_empty(), "{} programs behave differently:\n{}", wrong.len(), wrong.join("\n"));
}
