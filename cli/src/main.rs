//! The swasm command: arguments and files ⇒ files, text and an exit status.
//!
//! Invariant: a user's mistake is a diagnostic and status 1 or 2; a panic is a bug of swasm, says so and ends with 101.

mod args;
mod bug;
mod build;
mod explain;
mod fmt;
mod input;
mod new;
mod opt;
mod output;
mod print;
mod report;
mod run;
mod test;
mod timings;

use args::{Args, Verb};
use clap::Parser;
use report::Report;
use swasm::Diagnostics;

/// Status for diagnostics and failed tests.
const FAILED: i32 = 1;
/// Status for a command line that makes no sense; clap's own.
const USAGE: i32 = 2;
/// Status for a panic; Rust's own.
const BUG: i32 = 101;

/// Why a verb did not do its work.
#[derive(Debug)]
enum Failure {
    /// Something is wrong with the program or the files.
    Diagnostics(Diagnostics),
    /// Something is wrong with the command line.
    Usage(String),
    /// All has been said.
    Silent,
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Diagnostics(diagnostics)
    }
}

fn main() {
    let words: Vec<_> = std::env::args_os().collect();
    bug::report_panics(&words);
    let args = Args::parse_from(args::with_verb(words));
    let status = std::panic::catch_unwind(|| status(args)).unwrap_or(BUG);
    std::process::exit(status);
}

fn status(args: Args) -> i32 {
    let report = Report::new(args.message_format, args.color);
    let outcome = match args.verb {
        Verb::New(new) => new::new(&new),
        Verb::Check(check) => input::check(&check, &report),
        Verb::Build(build) => build::build(&build, &report),
        Verb::Run(run) => run::run(&run, &report),
        Verb::Test(test) => test::test(&test),
        Verb::Fmt(fmt) => fmt::fmt(&fmt),
        Verb::Opt(opt) => opt::opt(&opt, &report),
        Verb::Print(print) => print::print(&print, &report),
        Verb::Explain(explain) => explain::explain(&explain),
    };
    match outcome {
        Ok(status) => status,
        Err(Failure::Diagnostics(diagnostics)) => {
            report.diagnostics(&diagnostics);
            FAILED
        }
        Err(Failure::Usage(message)) => {
            report.usage(&message);
            USAGE
        }
        Err(Failure::Silent) => FAILED,
    }
}
