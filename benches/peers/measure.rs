//! A module's bytes ⇒ how long each way of reading and writing it takes, and how much memory.
//!
//! Invariant: the ways are measured in one process on one thread, one after the other in each round, so that all meet the same noise; the
//! best round counts. Memory is measured in a process for each way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use swasm_tree::{Encoder, Module, Reading, Verifier, WriteOptions};

/// What is done with a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// wasmparser's validation, and nothing else.
    Validate,
    /// `walrus::Module::from_buffer`, then `emit_wasm`.
    Walrus,
    /// `Module::read`, which validates; then `Module::write`.
    Untouched,
    /// `Reading::reencode`: a tree of every body, encoded again; then `Module::write`.
    Reencode,
    /// As before, and our own verifier looks at every tree.
    Verify,
}

pub(crate) const WAYS: [Way; 5] =
    [Way::Validate, Way::Walrus, Way::Untouched, Way::Reencode, Way::Verify];

/// For one file: rounds at least, and seconds after which there is no further one.
const LEAST_ROUNDS: u32 = 5;
const MOST_ROUNDS: u32 = 200;
const BUDGET: Duration = Duration::from_secs(6);

/// Does it; gives the bytes that come out.
fn go(way: Way, bytes: &Arc<[u8]>) -> Result<Vec<u8>, String> {
    let options = WriteOptions { names: true, producers: None };
    match way {
        Way::Validate => wasmparser::Validator::new_with_features(swasm_tree::FEATURES)
            .validate_all(bytes)
            .map(|_| Vec::new())
            .map_err(|error| error.to_string()),
        Way::Walrus => walrus::Module::from_buffer(bytes)
            .map(|mut module| module.emit_wasm())
            .map_err(|error| error.to_string()),
        Way::Untouched => Module::read(bytes.clone())
            .map(|module| module.write(&options).bytes)
            .map_err(|error| error.to_string()),
        Way::Reencode => (|| {
            let mut reading = Reading::new(bytes.clone())?;
            reading.reencode()?;
            Ok(reading.finish()?.write(&options).bytes)
        })()
        .map_err(|error: swasm_tree::ReadError| error.to_string()),
        Way::Verify => {
            let mut reading = Reading::new(bytes.clone()).map_err(|error| error.to_string())?;
            let (mut verifier, mut encoder) = (Verifier::new(), Encoder::new());
            let mut wrong = None;
            let opened =
                reading.open_each(|module, func, body| match verifier.verify(module, func, body) {
                    Ok(verified) => Some(encoder.encode(verified)),
                    Err(errors) => {
                        wrong.get_or_insert(format!("{errors:?}"));
                        None
                    }
                });
            opened.map_err(|error| error.to_string())?;
            if let Some(wrong) = wrong {
                return Err(wrong);
            }
            let module = reading.finish().map_err(|error| error.to_string())?;
            Ok(module.write(&options).bytes)
        }
    }
}

/// Every way gives a valid module: said once for each file, before any clock runs.
pub(crate) fn check(bytes: &Arc<[u8]>) -> Result<(), String> {
    for way in WAYS.into_iter().filter(|way| *way != Way::Validate) {
        let written = go(way, bytes).map_err(|error| format!("{way:?}: {error}"))?;
        wasmparser::Validator::new_with_features(swasm_tree::FEATURES)
            .validate_all(&written)
            .map_err(|error| format!("{way:?} writes what is not valid: {error}"))?;
    }
    Ok(())
}

/// The best time of each of [`WAYS`], in nanoseconds.
pub(crate) fn times(bytes: &Arc<[u8]>) -> Result<[u64; WAYS.len()], String> {
    let mut best = [u64::MAX; WAYS.len()];
    let begin = Instant::now();
    for round in 0..MOST_ROUNDS {
        if round >= LEAST_ROUNDS && begin.elapsed() > BUDGET {
            break;
        }
        for (way, best) in WAYS.into_iter().zip(&mut best) {
            let start = processor_time();
            let written = go(way, bytes)?;
            // What it takes to give the memory back belongs to it.
            drop(std::hint::black_box(written));
            *best = (*best).min(processor_time() - start);
        }
    }
    Ok(best)
}

/// What this thread has had of a processor, in nanoseconds: others who use the machine lengthen that less than they lengthen the day.
fn processor_time() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// What one time takes in a process that has done nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Once {
    /// Nanoseconds.
    pub(crate) time: u64,
    /// How many bytes this process had at most while it did it, beyond what it had before: beyond the file itself, that is.
    pub(crate) memory: u64,
}

pub(crate) fn once(way: Way, bytes: &Arc<[u8]>) -> Result<Once, String> {
    // Has the kernel forget the peak of reading the file.
    std::fs::write("/proc/self/clear_refs", "5").map_err(|error| error.to_string())?;
    let before = status("VmRSS:");
    let start = processor_time();
    let written = go(way, bytes)?;
    let time = processor_time() - start;
    let memory = status("VmHWM:").saturating_sub(before);
    drop(written);
    Ok(Once { time, memory })
}

fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// How many operators a module's functions have.
pub(crate) fn operators(bytes: &[u8]) -> Result<u64, String> {
    let mut count = 0;
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| error.to_string())?;
        if let wasmparser::Payload::CodeSectionEntry(body) = payload {
            let mut reader = body.get_operators_reader().map_err(|error| error.to_string())?;
            while !reader.eof() {
                reader.read().map_err(|error| error.to_string())?;
                count += 1;
            }
        }
    }
    Ok(count)
}
