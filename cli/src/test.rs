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
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((path, root)) = tests.get(index) else { return };
            let settings = Settings { bless: test.bless, ..Settings::new(root) };
            let outcome = run_file(&absolute(path), &settings);
            *outcomes[index].lock().expect("nobody panics with the lock") = Some(outcome);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(tests.len());
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));

    let (mut report, mut passed, mut failed) = (String::new(), 0, 0);
    for ((path, _), outcome) in tests.iter().zip(outcomes) {
        let outcome = outcome
            .into_inner()
            .expect("nobody panics with the lock")
            .expect("the scope waits for all");
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

/// The folder that a test is named from, however it was named on the command line: the nearest one called `tests`, else its own.
fn root(test: &Path) -> PathBuf {
    let test = absolute(test);
    let folder = test.parent().unwrap_or(Path::new(""));
    let tests =
        folder.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == TESTS));
    tests.unwrap_or(folder).to_owned()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The test files, each with the folder its snapshots are named from.
fn find(test: &Test) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let default = [PathBuf::from(TESTS)];
    let paths = if test.paths.is_empty() { &default[..] } else { &test.paths };
    let mut tests: Vec<(PathBuf, PathBuf)> = Vec::new();
    for path in paths {
        let error = |message: String| {
            Failure::from(Diagnostics::from(Diagnostic::global(codes::NO_FILE, message)))
        };
        if !path.exists() {
            return Err(error(format!("there is no `{}` with tests", path.display())));
        }
        let files = discover(path)
            .map_err(|cause| error(format!("`{}` cannot be searched: {cause}", path.display())))?;
        let wanted = |file: &PathBuf| {
            test.filter
                .as_ref()
                .is_none_or(|filter| file.to_string_lossy().contains(filter.as_str()))
        };
        for file in files.into_iter().filter(wanted) {
            if tests.iter().all(|(other, _)| *other != file) {
                let root = root(&file);
                tests.push((file, root));
            }
        }
    }
    if tests.is_empty() {
        let message = "no test was found: a test is a `.swir` file with comments such as `//@ run: f(1) == 2`";
        return Err(Diagnostics::from(Diagnostic::global(codes::NO_FILE, message)).into());
    }
    Ok(tests)
}
