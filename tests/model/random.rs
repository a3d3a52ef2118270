//! Random programs, at every level of optimisation, against a reference evaluator: results, reasons to trap, the order of what happens.
//!
//! `SWASM_RANDOM_PROGRAMS` says how many (some hundreds if unset), `SWASM_RANDOM_SEED` where to begin. What fails is printed, made smaller.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the generator and the evaluator single out a few of many kinds"
)]

mod ast;
mod compare;
mod dice;
mod evaluate;
mod generate;
mod number;
mod print;
mod shrink;
mod toolchain;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use compare::{Verdict, builds, judge, name};

/// How many programs an ordinary run tries.
const PROGRAMS: u64 = 300;
/// The evaluator and the compiler use the stack of whoever calls them.
const STACK: usize = 256 << 20;
/// Failures after which no more are looked for.
const ENOUGH: usize = 3;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}"))
    })
}

/// The program of a seed: small ones and large ones.
fn program(seed: u64) -> ast::Module {
    generate::generate(seed, [15, 40, 80, 160][(seed % 4) as usize])
}

/// Failures are of one kind if their messages begin alike.
fn kind(verdict: &Verdict) -> Option<String> {
    let message = match verdict {
        Verdict::Agrees | Verdict::GivenUp(_) => return None,
        Verdict::Refused(message) => {
            message.lines().find(|line| line.starts_with("error")).unwrap_or_default()
        }
        Verdict::Differs(message) if message.contains("panics") => {
            &message[..message.len().min(60)]
        }
        // The level, and what is wrong.
        Verdict::Differs(message) => {
            let level = message.split(':').next().unwrap_or_default();
            let what = ["another trace", "leaves", "Trap", "Ok("]
                .into_iter()
                .find(|what| message.contains(what));
            return Some(format!("{level} {what:?}"));
        }
    };
    Some(message.to_owned())
}

fn report(seed: u64, module: &ast::Module, verdict: &Verdict) -> String {
    let wanted = kind(verdict);
    // Only the build that fails is tried again.
    let builds: Vec<_> = match verdict {
        Verdict::Differs(message) if !message.contains("panics") => {
            builds(seed).into_iter().filter(|build| message.starts_with(&name(*build))).collect()
        }
        Verdict::Agrees | Verdict::GivenUp(_) | Verdict::Refused(_) | Verdict::Differs(_) => {
            builds(seed)
        }
    };
    let small = shrink::shrink(module.clone(), |smaller| kind(&judge(smaller, &builds)) == wanted);
    let verdict = judge(&small, &builds);
    let message = match &verdict {
        Verdict::Agrees => "agrees",
        Verdict::GivenUp(message) | Verdict::Refused(message) | Verdict::Differs(message) => {
            message
        }
    };
    format!("seed {seed}: {message}\n{}\ncalls: {:?}\n\n", print::print_short(&small), small.calls)
}

#[test]
fn programs_do_what_the_language_says() {
    let (first, count) =
        (setting("SWASM_RANDOM_SEED", 0), setting("SWASM_RANDOM_PROGRAMS", PROGRAMS));
    let next = AtomicU64::new(first);
    let (failures, given_up) = (Mutex::new(Vec::new()), AtomicU64::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count || failures.lock().expect("unpoisoned").len() >= ENOUGH {
                return;
            }
            let module = program(seed);
            let verdict = judge(&module, &builds(seed));
            match verdict {
                Verdict::Agrees => (),
                Verdict::GivenUp(_) => _ = given_up.fetch_add(1, Ordering::Relaxed),
                Verdict::Refused(_) | Verdict::Differs(_) => {
                    let report = report(seed, &module, &verdict);
                    failures.lock().expect("unpoisoned").push((seed, report));
                }
            }
        }
    };
    toolchain::silence_compiler();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, work)
                .expect("a thread starts");
        }
    });
    let mut failures = failures.into_inner().expect("unpoisoned");
    failures.sort();
    let all: String = failures.into_iter().map(|(_, report)| report).collect();
    assert!(all.is_empty(), "{all}");
    // A test that gives most programs up would say nothing.
    let given_up = given_up.into_inner();
    assert!(given_up * 4 <= count, "{given_up} of {count} programs were given up");
}
