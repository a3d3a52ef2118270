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
mod run;
mod statement;
mod through;
mod values;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use coverage::Coverage;
use run::Outcome;

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
        let mut validator = wasmparser::Validator::new_with_features(operators::features());
        if let Err(error) = validator.validate_all(&bytes) {
            std::fs::write(format!("/tmp/live-{seed}.wasm"), &bytes).ok();
            found.lock().unwrap().failures.push((seed, format!("invalid: {error}")));
            return;
        }
        match run::compare(&bytes, &bytes, seed) {
            Outcome::Same(seen) => {
                let mut found = found.lock().unwrap();
                found.returned += seen.returned;
                found.trapped += seen.trapped;
                found.coverage.add(&bytes, &seen.memory);
                for trap in seen.traps {
                    eprintln!("{seed} {trap}");
                }
            }
            Outcome::Different(why) => found.lock().unwrap().failures.push((seed, why)),
            Outcome::GivenUp(why) => found.lock().unwrap().given_up.push((seed, why)),
        }
    });
    eprintln!("{:?} {:?} {} {}", found.failures, found.given_up, found.returned, found.trapped);
    for (name, _) in operators::all() {
        eprintln!("{name}: {:?}", found.coverage.0.get(name));
    }
}
