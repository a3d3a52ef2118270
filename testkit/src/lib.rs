//! Test files that state their own expectations, stable snapshots, and a macro for Rust tests.
//!
//! A `.swir` file is a test: its `//@` comments say how its functions behave, its `// CHECK:` comments what code they become, its `//~`
//! comments which diagnostics it gives. [`run_file`] holds it to them, unoptimised and optimised. `tests/programs/readme.swir` in the
//! repository of swasm shows each directive.
//!
//! Invariant: a file passes only if something was stated and all that was stated is true; whatever looks like a statement is one or is
//! an error.

mod check;
mod diagnostics;
mod diff;
mod directive;
mod discover;
mod literal;
mod look;
mod program;
mod run;
mod snapshot;
mod test_file;
mod wat;

use std::path::{Path, PathBuf};

pub use directive::Malformed;
pub use discover::{discover, swir_files};
#[doc(hidden)]
pub use insta;
pub use look::{check_file, templates_called};
pub use wat::{wat, wat_of};

/// Where snapshots are and what happens to those that differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The folder that tests are named from.
    pub root: PathBuf,
    /// The folder of snapshots: that of `root/a/b.swir` is `snapshots/a/b.snap`.
    pub snapshots: PathBuf,
    /// Whether snapshots that are missing or differ are written.
    pub bless: bool,
}

impl Settings {
    /// Tests under `root`, with their snapshots in its folder `snapshots`, which are compared.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { snapshots: root.join("snapshots"), root, bless: false }
    }

    /// The file that holds the snapshot of a test.
    pub fn snapshot(&self, test: &Path) -> PathBuf {
        let relative = test.strip_prefix(&self.root).unwrap_or(test);
        self.snapshots.join(relative).with_extension("snap")
    }

    /// The name of a test: its path under the root, with `/` on every machine.
    pub fn name(&self, test: &Path) -> String {
        let relative = test.strip_prefix(&self.root).unwrap_or(test);
        relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/")
    }
}

/// Something that a test file states and that is not so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The line of the statement, from 1; none if it is about the whole file.
    pub line: Option<u32>,
    /// What is wrong, on one or more lines.
    pub message: String,
}

/// What became of one test file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// What is not as stated; none if the test passed.
    pub failures: Vec<Failure>,
    /// Whether its snapshot was written.
    pub blessed: bool,
}

impl Outcome {
    /// Whether all was as stated.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// The failures as text, each with `file:line`.
    pub fn report(&self, file: &str) -> String {
        let mut report = String::new();
        for failure in &self.failures {
            let place =
                failure.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
            report.push_str(&format!("{place}: {}\n", failure.message.trim_end()));
        }
        report
    }
}

/// Holds a test file to what it states: its functions called and its command run at `-O0`, `-O1` and `-O2`, diagnostics, emitted code,
/// snapshot and size.
pub fn run_file(path: &Path, settings: &Settings) -> Outcome {
    test_file::run(path, settings)
}
