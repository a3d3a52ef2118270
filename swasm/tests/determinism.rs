//! The same program gives the same bytes: again, in another order of work, on another thread.

use std::path::Path;

use swasm::{MemoryMode, OptLevel, Options, Program};

/// Names and texts of all examples.
fn examples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the repository has examples")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "swir"));
    files.sort();
    assert!(files.len() > 3, "the repository has examples");
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        (name, std::fs::read(&path).expect("it can be read"))
    };
    files.into_iter().map(read).collect()
}

fn options() -> Vec<Options> {
    let levels = [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os];
    let modes = [MemoryMode::Checked, MemoryMode::Unchecked, MemoryMode::Poison, MemoryMode::Zero];
    let with = |(opt_level, memory)| Options { opt_level, memory, ..Options::default() };
    levels.into_iter().zip(modes).map(with).collect()
}

fn compile(name: &str, text: &[u8], options: &Options) -> Vec<u8> {
    let mut program = Program::new();
    program.text(name, text);
    let checked = program.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    checked.link(options).unwrap_or_else(|wrong| panic!("{wrong}")).wasm
}

#[test]
fn bytes_do_not_depend_on_when_and_where_they_are_made() {
    let examples = examples();
    let jobs: Vec<_> = examples
        .iter()
        .flat_map(|example| options().into_iter().map(move |options| (example, options)))
        .collect();
    let all = |jobs: &mut dyn Iterator<Item = usize>,
               all_jobs: &[(&(String, Vec<u8>), Options)]| {
        let mut made: Vec<(usize, Vec<u8>)> = jobs
            .map(|at| (at, compile(&all_jobs[at].0.0, &all_jobs[at].0.1, &all_jobs[at].1)))
            .collect();
        made.sort();
        made
    };
    let forwards = all(&mut (0..jobs.len()), &jobs);
    let backwards = std::thread::scope(|scope| {
        let even = scope.spawn(|| all(&mut (0..jobs.len()).rev().filter(|at| at % 2 == 0), &jobs));
        let odd = scope.spawn(|| all(&mut (0..jobs.len()).rev().filter(|at| at % 2 == 1), &jobs));
        let mut both = even.join().expect("it compiles");
        both.extend(odd.join().expect("it compiles"));
        both.sort();
        both
    });
    for (one, other) in forwards.iter().zip(&backwards) {
        assert!(one == other, "{} with {:?} differs", jobs[one.0].0.0, jobs[one.0].1);
    }
    assert_eq!(forwards.len(), backwards.len());
}
