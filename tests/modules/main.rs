//! Random modules through the tree: what comes out does what went in did. Live ones are made here, so that nearly all of their code runs;
//! wasm-smith's are stranger, and mostly dead.
//!
//! `SWASM_RANDOM_MODULES` says how many of each (some hundreds if unset), `SWASM_RANDOM_SEED` where to begin (alone: that one only). What fails is
//! named by its seed, and written to the folder that `SWASM_RANDOM_KEEP` names, as it was and as it came out.
#![allow(clippy::wildcard_enum_match_arm, reason = "the generator singles out a few of many kinds")]

mod access;
mod body;
mod control;
mod coverage;
mod declare;
#[path = "../model/dice.rs"]
mod dice;
mod heap;
mod heap_write;
mod host;
mod linked;
mod module;
mod operators;
mod plant;
mod run;
mod skeleton;
mod smith;
mod statement;
#[path = "../through.rs"]
mod through;
mod values;
mod world;

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use coverage::Coverage;
use operators::validate;
use run::{Outcome, Seen, What};
use swasm_linker::OptLevel;
use through::{Way, through};

/// How many modules of each kind an ordinary run tries.
const MODULES: u64 = 300;
/// Failures after which no more are looked for.
const ENOUGH: usize = 5;
/// The generator uses the stack of whoever calls it.
const STACK: usize = 64 << 20;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}"))
    })
}

/// Why a module counts as no success.
pub(crate) enum Failure {
    /// The tree got it wrong.
    Wrong(String),
    /// It could not be judged.
    GivenUp(String),
}

/// What all threads found.
#[derive(Default)]
struct Found {
    judged: u64,
    /// Seeds, and what is wrong.
    failures: Vec<(u64, String)>,
    given_up: Vec<(u64, String)>,
    /// Calls that returned.
    returned: usize,
    /// Calls that trapped or threw.
    trapped: usize,
    coverage: Coverage,
}

impl Found {
    fn add(&mut self, seed: u64, result: Result<(Vec<u8>, Seen), Failure>) {
        self.judged += 1;
        match result {
            Ok((bytes, seen)) => {
                self.returned += seen.returned;
                self.trapped += seen.trapped;
                self.coverage.add(&bytes, &seen.memory);
            }
            Err(Failure::Wrong(message)) => self.failures.push((seed, message)),
            Err(Failure::GivenUp(message)) => self.given_up.push((seed, message)),
        }
    }
}

/// Tries `judge` on as many seeds as wanted, on all processors.
fn for_all_seeds(judge: impl Fn(u64) -> Result<(Vec<u8>, Seen), Failure> + Sync) -> Found {
    let first = setting("SWASM_RANDOM_SEED", 0);
    // A seed that is named is meant.
    let count = if std::env::var_os("SWASM_RANDOM_SEED").is_some() { 1 } else { MODULES };
    for_seeds(first, setting("SWASM_RANDOM_MODULES", count), ENOUGH, judge)
}

/// Tries `count` seeds from `first` on, unless so many fail that it is `enough`.
fn for_seeds(
    first: u64,
    count: u64,
    enough: usize,
    judge: impl Fn(u64) -> Result<(Vec<u8>, Seen), Failure> + Sync,
) -> Found {
    let next = AtomicU64::new(first);
    let found = Mutex::new(Found::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let failed = found.lock().expect("unpoisoned").failures.len();
            if seed >= first + count || failed >= enough {
                return;
            }
            // A panic is a failure like others, which has a seed.
            let result = std::panic::catch_unwind(AssertUnwindSafe(|| judge(seed)))
                .unwrap_or_else(|_| Err(Failure::Wrong("a panic, see above".to_owned())));
            found.lock().expect("unpoisoned").add(seed, result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, work)
                .expect("a thread starts");
        }
    });
    let mut found = found.into_inner().expect("unpoisoned");
    found.failures.sort();
    found.given_up.sort();
    found
}

/// Writes a module that failed where somebody asked for it.
fn keep(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("SWASM_RANDOM_KEEP") {
        let path = std::path::Path::new(&folder).join(name);
        std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// Sends a module through the tree on all ways. What comes out is valid and, if it `runs`, does the same.
fn judge(bytes: &[u8], seed: u64, runs: bool) -> Result<Seen, Failure> {
    validate(bytes).map_err(|error| {
        keep(&format!("{seed}-invalid.wasm"), bytes);
        Failure::GivenUp(format!("the module is invalid: {error}"))
    })?;
    let mut seen = None;
    let mut last = Vec::new();
    for way in Way::ALL {
        let result = through(bytes, way)
            .map_err(|fault| Failure::Wrong(fault.to_string()))
            .and_then(|transformed| {
                // The same bytes do the same.
                if transformed != last {
                    seen = judge_one(bytes, &transformed, way, runs.then_some(seed))
                        .inspect_err(|_| keep(&format!("{seed}-{way:?}.wasm"), &transformed))?;
                    last = transformed;
                }
                Ok(())
            });
        result.map_err(|failure| match failure {
            Failure::Wrong(message) => {
                keep(&format!("{seed}.wasm"), bytes);
                Failure::Wrong(format!("{way:?}: {message}"))
            }
            Failure::GivenUp(_) => failure,
        })?;
    }
    Ok(seen.unwrap_or_default())
}

/// Compares what came out with what went in, and runs both if there is a seed for arguments.
fn judge_one(
    bytes: &[u8],
    transformed: &[u8],
    way: Way,
    seed: Option<u64>,
) -> Result<Option<Seen>, Failure> {
    validate(transformed).map_err(Failure::Wrong)?;
    if way.keeps_items()
        && let Some(difference) = skeleton::difference(bytes, transformed, way != Way::Untouched)
    {
        return Err(Failure::Wrong(difference));
    }
    let Some(seed) = seed else { return Ok(None) };
    match run::compare(bytes, transformed, seed, What::All) {
        Outcome::Same(seen) => Ok(Some(seen)),
        Outcome::Different(message) => Err(Failure::Wrong(message)),
        Outcome::GivenUp(message) => Err(Failure::GivenUp(message)),
    }
}

/// The proposals whose operators live modules have. Legacy exceptions are not among them: no engine at hand runs them.
const PROPOSALS: [&str; 13] = [
    "mvp",
    "sign_extension",
    "saturating_float_to_int",
    "bulk_memory",
    "reference_types",
    "tail_call",
    "simd",
    "relaxed_simd",
    "function_references",
    "gc",
    "exceptions",
    "threads",
    "wide_arithmetic",
];
/// It is valid with one type only, and then it is `TypedSelect`.
const NEVER_VALID: &str = "TypedSelectMulti";
/// Of a hundred operators in live modules, at least so many lie in code that was reached.
const REACHED: usize = 60;
/// Modules in which a mistake is planted, and how many of a hundred mistakes must be seen. Some change nothing: `0 + 0` is `0 - 0`.
const PLANTED: u64 = 100;
const SEEN: u64 = 85;

impl Found {
    /// Fails with what failed. Most modules must have been judged, and most calls must have returned or trapped as they should.
    fn check(&self, at_most_given_up: u64) {
        assert!(self.failures.is_empty(), "{}", show(&self.failures));
        let given_up = self.given_up.len() as u64 * 100;
        assert!(given_up <= at_most_given_up * self.judged, "given up: {}", show(&self.given_up));
    }
}

fn show(list: &[(u64, String)]) -> String {
    list.iter().map(|(seed, message)| format!("seed {seed}: {message}\n")).collect()
}

#[test]
fn live_modules_do_the_same() {
    let found = for_all_seeds(|seed| {
        let bytes = module::live(seed);
        judge(&bytes, seed, true).map(|seen| (bytes, seen))
    });
    found.check(0);
    // What is asserted of many modules may be wrong of a few.
    if found.judged >= MODULES {
        let (returned, trapped) = (found.returned, found.trapped);
        assert!(returned > trapped * 4, "{trapped} calls trapped, {returned} returned");
        let percentage = found.coverage.percentage();
        assert!(percentage >= REACHED, "only {percentage} % of the code was reached");
        let mut missing = found.coverage.missing(&PROPOSALS);
        missing.retain(|(name, _)| *name != NEVER_VALID);
        assert!(missing.is_empty(), "never run, but generated so often: {missing:?}");
    }
}

#[test]
fn strange_modules_do_the_same() {
    let found = for_all_seeds(|seed| {
        let strange = smith::strange(seed)
            .ok_or_else(|| Failure::GivenUp("no module is made of this seed".to_owned()))?;
        judge(&strange.bytes, seed, strange.runs).map(|seen| (strange.bytes, seen))
    });
    // Their arrays do not fit anywhere, and they call themselves until the stack ends.
    found.check(20);
}

#[test]
fn linked_modules_do_the_same() {
    let found = for_all_seeds(|seed| {
        let module = linked::callable(&module::live(seed), run::FUEL).map_err(Failure::Wrong)?;
        let mut seen = Seen::default();
        for level in [OptLevel::O0, OptLevel::O2] {
            let program = linked::link(&module, level)?;
            validate(&program).map_err(|error| {
                keep(&format!("{seed}.wasm"), &module);
                keep(&format!("{seed}-linked-{level:?}.wasm"), &program);
                Failure::Wrong(error)
            })?;
            seen = match run::compare(&module, &program, seed, What::Functions) {
                Outcome::Same(seen) => seen,
                Outcome::Different(message) => {
                    keep(&format!("{seed}.wasm"), &module);
                    keep(&format!("{seed}-linked-{level:?}.wasm"), &program);
                    return Err(Failure::Wrong(format!("{level:?}: {message}")));
                }
                Outcome::GivenUp(message) => return Err(Failure::GivenUp(message)),
            };
        }
        Ok((module, seen))
    });
    // Some want a memory of the host's.
    found.check(20);
    if found.judged >= MODULES {
        let (returned, trapped) = (found.returned, found.trapped);
        assert!(returned > trapped * 4, "{trapped} calls trapped, {returned} returned");
    }
}

#[test]
fn a_wrong_operator_is_seen() {
    let unread = Mutex::new(Vec::new());
    let found = for_seeds(0, PLANTED, usize::MAX, |seed| {
        let module = module::live(seed);
        let seen = judge(&module, seed, true)?;
        let written =
            through(&module, Way::Opened).map_err(|fault| Failure::Wrong(fault.to_string()))?;
        let planted = plant::plant(&written, &seen.memory, &mut dice::Dice::new(seed))
            .ok_or_else(|| Failure::GivenUp("no operator to change was reached".to_owned()))?;
        if skeleton::difference(&module, &planted.bytes, true).is_none() {
            unread.lock().expect("unpoisoned").push((seed, planted.what.clone()));
        }
        match run::compare(&module, &planted.bytes, seed, What::All) {
            Outcome::Different(_) => Ok((module, seen)),
            Outcome::Same(_) | Outcome::GivenUp(_) => Err(Failure::Wrong(planted.what)),
        }
    });
    let unread = unread.into_inner().expect("unpoisoned");
    assert!(unread.is_empty(), "code is not compared: {}", show(&unread));
    // A module that traps before it is instantiated has nothing to change.
    let given_up = found.given_up.len() as u64;
    assert!(given_up * 20 <= PLANTED, "given up: {}", show(&found.given_up));
    let unseen = found.failures.len() as u64;
    let seen = found.judged - unseen - given_up;
    assert!(seen * 100 >= SEEN * (seen + unseen), "not seen: {}", show(&found.failures));
}
