//! `swasm test`: test files ⇒ who failed, and how many passed.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use swasm::{Diagnostic, Diagnostics, codes};
use swasm_testkit::{Outcome, Settings, discover, run_file};

use crate::args::Test;
use crate::{FAILED, Failure, output};

/// The folder of tests if none is named.
const TESTS: &str = "tests";

/// Runs all tests, several at once; reports in order.
pub(crate) fn test(test: &Test) -> Result<i32, Failure> {
    let tests = find(test)?;
    let outcomes: Vec<Mutex<Option<Outcome>>> = tests.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((path, root)) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let index = tests.iter().position(|(other, _)| other == path).expect("it was just taken from there");
            let outcome = run_file(path, &Settings { bless: test.bless, ..Settings::new(root) });
            *outcomes[index].lock().expect("nobody panics with the lock") = Some(outcome);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(tests.len());
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));

    let (mut report, mut passed, mut failed) = (String::new(), 0, 0);
    for ((path, _), outcome) in tests.iter().zip(outcomes) {
        let outcome = outcome.into_inner().expect("nobody panics with the lock").expect("the scope waits for all");
        let shown = path.display().to_string();
        match &*outcome.failures {
            [] => passed += 1,
            [only] if only.line.is_none() && !only.message.trim_end().contains('\n') => {
                report.push_str(&format!("{shown}: FAILED ({})\n", only.message.trim_end()));
                failed += 1;
            }
            _ => {
                report.push_str(&format!("{shown}: FAILED\n{}", outcome.report(&shown)));
                failed += 1;
            }
        }
    }
    report.push_str(&format!("{passed} passed, {failed} failed\n"));
    output::stdout(report.as_bytes())?;
    Ok(if failed == 0 { 0 } else { FAILED })
}

/// The test files, each with the folder its snapshots are named from.
fn find(test: &Test) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let default = [PathBuf::from(TESTS)];
    let paths = if test.paths.is_empty() { &default[..] } else { &test.paths };
    let mut tests: Vec<(PathBuf, PathBuf)> = Vec::new();
    for path in paths {
        let error = |message: String| Failure::from(Diagnostics::from(Diagnostic::global(codes::NO_FILE, message)));
        if !path.exists() {
            return Err(error(format!("there is no `{}` with tests", path.display())));
        }
        let root = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        let files = discover(path).map_err(|cause| error(format!("`{}` cannot be searched: {cause}", path.display())))?;
        let wanted = |file: &PathBuf| test.filter.as_ref().is_none_or(|filter| file.to_string_lossy().contains(filter.as_str()));
        for file in files.into_iter().filter(wanted) {
            if tests.iter().all(|(other, _)| *other != file) {
                tests.push((file, root.to_owned()));
            }
        }
    }
    if tests.is_empty() {
        let message = "no test was found: a test is a `.swir` file with comments such as `//@ run: f(1) == 2`";
        return Err(Diagnostics::from(Diagnostic::global(codes::NO_FILE, message)).into());
    }
    Ok(tests)
}
