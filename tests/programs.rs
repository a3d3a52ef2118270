//! Every `.swir` file under `tests/programs` and `examples` is a test of its own name, held to what it states about itself.
//!
//! `cargo test -p swasm-tests --test programs -- memory/scopes` runs those whose name holds that text; `-- --bless` writes snapshots.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use swasm_testkit::{Settings, discover, run_file};

/// Folders of tests and of their snapshots, from the root of the repository.
const FOLDERS: [(&str, &str); 2] =
    [("tests/programs", "snapshots"), ("examples", "snapshots/examples")];

fn main() -> ExitCode {
    let (bless, words): (Vec<_>, Vec<_>) = std::env::args().partition(|word| word == "--bless");
    let mut arguments = Arguments::from_iter(words);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package is a folder of the repository");
    let mut trials = Vec::new();
    for (tests, snapshots) in FOLDERS {
        let settings = Settings {
            root: root.join(tests),
            snapshots: root.join(snapshots),
            bless: !bless.is_empty(),
        };
        let files = discover(&settings.root).expect("the repository has its folders");
        assert!(!files.is_empty(), "{tests} holds no tests");
        for file in files {
            let name = format!("{tests}/{}", settings.name(&file));
            let settings = settings.clone();
            trials.push(Trial::test(name.clone(), move || match run_file(&file, &settings) {
                outcome if outcome.passed() => Ok(()),
                outcome => Err(Failed::from(outcome.report(&name))),
            }));
        }
    }
    // The guests' own time limits must hold on a busy machine.
    arguments.test_threads =
        arguments.test_threads.or(std::thread::available_parallelism().ok().map(usize::from));
    libtest_mimic::run(&arguments, trials).exit_code()
}
