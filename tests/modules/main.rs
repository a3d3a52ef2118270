//! Random modules through the tree: what comes out does what went in did. Live ones are made here, so that nearly all of their code runs;
//! wasm-smith's are stranger, and mostly dead.
//!
//! `SWASM_RANDOM_MODULES` says how many of each (some hundreds if unset), `SWASM_RANDOM_SEED` where to begin. What fails is named by its seed.
#![allow(clippy::wildcard_enum_match_arm, reason = "the generator singles out a few of many kinds")]

mod body;
mod control;
mod coverage;
mod declare;
#[path = "../model/dice.rs"]
mod dice;
mod heap;
mod module;
mod operators;
mod plant;
mod run;
mod smith;
mod statement;
mod through;
mod values;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use coverage::Coverage;
use run::{Outcome, Seen};
use through::{WAYS, through};

/// How many modules of each kind an ordinary run tries.
const MODULES: u64 = 300;
/// Failures after which no more are looked for.
const ENOUGH: usize = 3;
/// The generator uses the stack of whoever calls it.
const STACK: usize = 64 << 20;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}"))
    })
}

/// Why a module counts as no success.
enum Failure {
    /// The tree got it wrong.
    Wrong(String),
    /// It could not be judged.
    GivenUp(String),
}

impl Found {
    fn add(&mut self, seed: u64, failure: Failure) {
        match failure {
            Failure::Wrong(message) => self.failures.push((seed, message)),
            Failure::GivenUp(message) => self.given_up.push((seed, message)),
        }
    }
}

/// Sends a module through the tree on all ways. What comes out is valid and, if it `runs`, does the same.
fn judge(bytes: &[u8], seed: u64, runs: bool) -> Result<Seen, Failure> {
    let valid = |bytes: &[u8]| {
        wasmparser::Validator::new_with_features(operators::features())
            .validate_all(bytes)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    valid(bytes).map_err(|error| Failure::GivenUp(format!("the module is invalid: {error}")))?;
    let mut seen = None;
    let mut last = Vec::new();
    for way in WAYS {
        let wrong = |what: String| Failure::Wrong(format!("{way:?}: {what}"));
        let transformed = through(bytes, way).map_err(wrong)?;
        // The same bytes do the same.
        if transformed == last {
            continue;
        }
        valid(&transformed).map_err(wrong)?;
        if runs {
            match run::compare(bytes, &transformed, seed) {
                Outcome::Same(run) => seen = Some(run),
                Outcome::Different(message) => return Err(wrong(message)),
                Outcome::GivenUp(message) => return Err(Failure::GivenUp(message)),
            }
        }
        last = transformed;
    }
    Ok(seen.unwrap_or_default())
}

/// What all threads found.
#[derive(Default)]
struct Found {
    failures: Vec<(u64, String)>,
    given_up: Vec<(u64, String)>,
    returned: usize,
    trapped: usize,
    coverage: Coverage,
}

/// Tries `judge` on as many seeds as wanted, on all processors.
fn for_all_seeds(judge: impl Fn(u64, &Mutex<Found>) + Sync) -> Found {
    let first = setting("SWASM_RANDOM_SEED", 0);
    let count = setting("SWASM_RANDOM_MODULES", MODULES);
    for_seeds(first, count, judge)
}

fn for_seeds(first: u64, count: u64, judge: impl Fn(u64, &Mutex<Found>) + Sync) -> Found {
    let next = AtomicU64::new(first);
    let found = Mutex::new(Found::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let enough = found.lock().expect("unpoisoned").failures.len() >= ENOUGH;
            if seed >= first + count || enough {
                return;
            }
            judge(seed, &found);
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
    found.into_inner().expect("unpoisoned")
}

#[test]
fn live_modules_do_the_same() {
    let found = for_all_seeds(|seed, found| {
        let bytes = module::live(seed);
        match judge(&bytes, seed, true) {
            Ok(seen) => {
                let mut found = found.lock().expect("unpoisoned");
                found.returned += seen.returned;
                found.trapped += seen.trapped;
                found.coverage.add(&bytes, &seen.memory);
            }
            Err(failure) => found.lock().expect("unpoisoned").add(seed, failure),
        }
    });
    let covered = found.coverage.0.values().filter(|(_, run)| *run > 0).count();
    let never: Vec<&str> = operators::all()
        .filter(|(n, p)| found.coverage.0.get(n).is_none_or(|(_, run)| *run == 0))
        .map(|x| x.0)
        .collect();
    let mut low: Vec<_> = found.coverage.0.iter().collect();
    low.sort_by_key(|x| x.1.1);
    eprintln!("LOW {:?}", &low[..60]);
    let (there, run) = found.coverage.0.values().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    eprintln!("{covered} {never:?} {there} {run}");
    eprintln!("{:?} {:?} {} {}", found.failures, found.given_up, found.returned, found.trapped);
}

#[test]
fn strange_modules_do_the_same() {
    let found = for_all_seeds(|seed, found| {
        let Some(strange) = smith::strange(seed) else {
            return found
                .lock()
                .expect("unpoisoned")
                .add(seed, Failure::GivenUp("no module".to_owned()));
        };
        match judge(&strange.bytes, seed, strange.runs) {
            Ok(seen) => {
                let mut found = found.lock().expect("unpoisoned");
                found.returned += seen.returned;
                found.trapped += seen.trapped;
                for trap in seen.traps {
                    eprintln!("smith {trap}");
                }
            }
            Err(failure) => found.lock().expect("unpoisoned").add(seed, failure),
        }
    });
    eprintln!("{:?} {:?} {} {}", found.failures, found.given_up, found.returned, found.trapped);
}

#[test]
fn a_wrong_operator_is_seen() {
    let found = for_seeds(0, 400, |seed, found| {
        let module = module::live(seed);
        let Outcome::Same(run) = run::compare(&module, &module, seed) else { return };
        let mut dice = dice::Dice::new(seed);
        let Some(planted) = plant::plant(&module, &run.memory, &mut dice) else { return };
        let verdict = run::compare(&module, &planted.bytes, seed);
        let mut found = found.lock().expect("unpoisoned");
        match verdict {
            Outcome::Different(_) => found.returned += 1,
            Outcome::Same(_) => {
                found.trapped += 1;
                eprintln!("{seed}: {}", planted.what);
            }
            Outcome::GivenUp(_) => (),
        }
    });
    eprintln!("{} of {}", found.returned, found.returned + found.trapped);
}
#[test]
fn debug_dump() {
    for (seed, at) in
        [(32u64, 0x1550usize), (19, 0xfbb), (20, 0x1dde), (202, 0xa72), (11, 0x180), (166, 0x1185)]
    {
        let module = module::live(seed);
        let all = coverage::places(&module);
        let i = all.iter().position(|p| p.offset == at).unwrap();
        let list: Vec<_> = all[i.saturating_sub(14)..i + 8]
            .iter()
            .map(|p| if p.offset == at { format!("**{}**", p.name) } else { p.name.to_owned() })
            .collect();
        eprintln!("{seed}: {}", list.join(" "));
    }
}
