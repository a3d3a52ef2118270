//! Memory scopes against a model: a guest that does what a random host decides (`scopes_and_host.swir`), and a host that remembers who owns which
//! bytes.
//!
//! What lives never overlaps, is aligned, lies at or above the heap base, and keeps its contents; what is refused could not be had; when
//! all is closed, the allocator is where it was. `SWASM_RANDOM_SCOPES` says how many runs of each build, `SWASM_RANDOM_SEED` where to begin.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test singles out a few of many reasons to trap"
)]

#[allow(dead_code, reason = "the random programs choose in more ways")]
mod dice;
#[allow(dead_code, reason = "random programs make the compiler panic more often")]
mod toolchain;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use dice::Dice;
use swasm_executor::{
    Caller, Instance, Limits, Module, Reason, Signature, Stop, Value, ValueType, Wasi,
};
use swasm_linker::{MemoryMode, OptLevel};
use toolchain::LEVELS;

const PROGRAM: &str = include_str!("scopes_and_host.swir");
/// Runs of each build in an ordinary test run.
const RUNS: u64 = 20;
/// Decisions of one run, after which the guest is told to do nothing more.
const DECISIONS: usize = 250;
/// A decision beyond all arms and limits.
const END: u32 = 99;
/// The decision to allocate from the heap.
const HEAP: u32 = 8;
/// The decision to trap.
const FAIL: u32 = 5;
/// Scopes that may be open at once.
const DEPTH: usize = 40;
/// Address 0 and what follows is never handed out.
const FIRST: u64 = 1024;
const PAGE: u64 = 65536;
/// Memory that a segment may need besides its own: records, headers, alignment, what growth keeps in reserve.
const OVERHEAD: u64 = 64;
/// How much of what happened is told of a failure.
const LOGGED: usize = 60;
/// More than any run needs: the mode `poison` looks at every grain that ends.
const FUEL: u64 = 1 << 40;
/// Only so many bytes at both ends of a segment are looked at each time.
const LOOKED_AT: usize = 48;

/// Bytes that belong to somebody.
#[derive(Clone, Debug)]
struct Segment {
    address: u64,
    size: u64,
    /// What it is filled with: byte `i` is `seed + i`.
    seed: u8,
    /// How many scopes were open when it was, the one that owns it included; a block of the heap has none.
    depth: Option<usize>,
}

impl Segment {
    fn end(&self) -> u64 {
        self.address + self.size
    }

    fn overlaps(&self, other: &Segment) -> bool {
        self.address < other.end() && other.address < self.end()
    }

    fn bytes(&self, from: u64, len: usize) -> Vec<u8> {
        (0..len as u64).map(|at| self.seed.wrapping_add((from + at) as u8)).collect()
    }
}

/// What the host knows.
struct Model {
    dice: Dice,
    mode: MemoryMode,
    heap_base: u64,
    max_memory: u64,
    decisions: usize,
    open: usize,
    live: Vec<Segment>,
    /// What a swallowed trap left behind: nobody's, and not given back before an outer scope ends.
    left: Vec<Segment>,
    size: u64,
    align: u64,
    failing: bool,
    /// How many segments were handed out, so that a test that tests nothing fails.
    handed_out: usize,
    swallowed: usize,
    with_heap: bool,
    /// How many host calls the guest is in, each of which would swallow a trap.
    entered: usize,
    /// The highest address that was ever in use.
    high: u64,
    /// What happened last, for people.
    log: VecDeque<String>,
}

type Shared = Arc<Mutex<Model>>;

fn lock(model: &Shared) -> MutexGuard<'_, Model> {
    model.lock().expect("no host function panics")
}

impl Model {
    fn new(seed: u64, mode: MemoryMode, max_memory: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            mode,
            heap_base: 0,
            max_memory,
            decisions: DECISIONS,
            open: 0,
            live: Vec::new(),
            left: Vec::new(),
            size: 0,
            align: 1,
            failing: false,
            handed_out: 0,
            swallowed: 0,
            with_heap: seed.is_multiple_of(2),
            entered: 0,
            high: 0,
            log: VecDeque::new(),
        }
    }

    fn note(&mut self, what: String) {
        if self.log.len() == LOGGED {
            self.log.pop_front();
        }
        self.log.push_back(what);
    }

    /// The next decision: beyond all arms when the run is to end.
    fn decide(&mut self) -> u32 {
        if self.decisions == 0 || self.open >= DEPTH {
            return END;
        }
        self.decisions -= 1;
        match self.dice.below(16) as u32 {
            // Chunks of the heap stay: whether all was given back shows only without them.
            HEAP if !self.with_heap => HEAP + 1,
            // Outside of all host calls a trap ends the run: most are to be closed to the end.
            FAIL if self.entered == 0 && !self.dice.one_in(8) => FAIL + 1,
            decision => decision,
        }
    }

    fn choose_size(&mut self) -> u64 {
        let most = if self.entered == 0 { 36 } else { 40 };
        self.size = match self.dice.below(most) {
            0..4 => 0,
            4..20 => self.dice.between(1, 64) as u64,
            20..34 => self.dice.between(64, 3000) as u64,
            34 | 35 => self.dice.between(60_000, 140_000) as u64,
            36 => PAGE,
            37 => self.dice.between(400_000, 1_500_000) as u64,
            38 => self.dice.pick(&[0xffff_ffff, 0x8000_0000, 0xffff_0000, 0x7fff_fff8]),
            _ => 8,
        };
        self.size
    }

    fn choose_align(&mut self) -> u64 {
        self.align = match self.dice.below(60) {
            0 if self.entered > 0 && self.mode != MemoryMode::Unchecked => {
                self.dice.pick(&[0, 3, 12, 0xffff_ffff])
            }
            1 => 4096,
            2 => PAGE,
            _ => 1 << self.dice.below(7),
        };
        self.align
    }

    /// A segment is handed out.
    fn hand_out(
        &mut self,
        depth: Option<usize>,
        address: u64,
        size: u64,
        least: u64,
    ) -> Result<Segment, String> {
        let segment = Segment { address, size, seed: self.dice.below(256) as u8, depth };
        if address < least {
            return Err(format!("{segment:?} lies below {least}"));
        }
        if self.align != 0 && !address.is_multiple_of(self.align) {
            return Err(format!("{segment:?} is not aligned to {}", self.align));
        }
        if depth.is_some_and(|depth| depth > self.open || depth == 0) {
            return Err(format!("{segment:?} is of a scope that isn't open: {} are", self.open));
        }
        if let Some(other) = self.live.iter().find(|other| other.overlaps(&segment)) {
            return Err(format!("{segment:?} overlaps {other:?}"));
        }
        self.high = self.high.max(segment.end());
        self.handed_out += 1;
        self.live.push(segment.clone());
        Ok(segment)
    }

    /// Only `open` scopes are open; gives the segments of the others.
    fn close(&mut self, open: usize) -> Vec<Segment> {
        self.open = open;
        let gone = |segment: &Segment| segment.depth.is_some_and(|depth| depth > open);
        let mut ended: Vec<Segment> =
            self.live.iter().filter(|segment| gone(segment)).cloned().collect();
        self.live.retain(|segment| !gone(segment));
        ended.extend(self.left.iter().filter(|segment| gone(segment)).cloned());
        self.left.retain(|segment| !gone(segment));
        ended
    }

    /// Whether a request may be refused: only if it might not fit above all that was ever in use.
    fn may_be_refused(&self) -> bool {
        let overhead = OVERHEAD * (self.handed_out as u64 + DEPTH as u64 + DECISIONS as u64);
        // The shadow of the mode `poison` takes half as much again, and nothing is used twice.
        let used = if self.mode == MemoryMode::Poison {
            self.max_memory
        } else {
            self.high.max(self.heap_base)
        };
        // The heap rounds up to the sizes of its bins, a quarter at most, and adds a chunk.
        let rounding = if self.with_heap { self.size / 4 + PAGE } else { 0 };
        used + self.size + self.align + rounding + overhead + PAGE > self.max_memory
    }

    /// Whether this is a trap that the host asked for.
    fn expects(&mut self, stop: &Stop) -> Result<(), String> {
        let Stop::Trap(trap) = stop else { return Err(format!("the guest stops: {stop:#}")) };
        let expected = match &trap.reason {
            Reason::Unreachable => std::mem::take(&mut self.failing),
            Reason::BadAlignment { align } => *align == self.align && !align.is_power_of_two(),
            Reason::OutOfMemory { wanted } => {
                // A record, a part of the shadow map or a chunk of the heap may be what does not fit.
                self.may_be_refused() && *wanted <= self.size + self.align + PAGE
            }
            _ => false,
        };
        if expected { Ok(()) } else { Err(format!("an unexpected trap: {trap:#}")) }
    }
}

/// Reads or writes of the guest's memory.
trait Memory {
    fn read(&mut self, address: u64, len: usize) -> Result<Vec<u8>, String>;
}

impl Memory for Caller<'_> {
    fn read(&mut self, address: u64, len: usize) -> Result<Vec<u8>, String> {
        Caller::read(self, address, len).map_err(|error| error.to_string())
    }
}

/// Whether all that lives holds what was written to it.
fn intact(memory: &mut impl Memory, live: &[Segment]) -> Result<(), String> {
    for segment in live {
        let len = LOOKED_AT.min(segment.size as usize);
        for from in [0, segment.size - len as u64] {
            if memory.read(segment.address + from, len)? != segment.bytes(from, len) {
                return Err(format!("{segment:?} was overwritten"));
            }
        }
    }
    Ok(())
}

/// In the mode `zero`, whether what ended was cleared.
fn cleared(memory: &mut impl Memory, ended: &[Segment], live: &[Segment]) -> Result<(), String> {
    for segment in ended.iter().filter(|segment| !live.iter().any(|other| other.overlaps(segment)))
    {
        if memory.read(segment.address, segment.size as usize)?.iter().any(|byte| *byte != 0) {
            return Err(format!("{segment:?} was not cleared"));
        }
    }
    Ok(())
}

fn number(value: &Value) -> u64 {
    value.unsigned().expect("the guest passes integers")
}

/// What findings begin with.
const FOUND: &str = "against the model: ";

/// A finding of the model on its way out of the guest.
fn found(message: String) -> Stop {
    let message = message.strip_prefix(FOUND).unwrap_or(&message);
    Stop::host(format!("{FOUND}{message}"))
}

/// An instance whose imports are the model's.
fn instance(module: &Module, model: &Shared, max_memory: u64) -> Result<Instance, Stop> {
    use ValueType::I32;
    type Answer = Result<Option<u64>, String>;
    let mut builder = Instance::builder(module)
        .wasi(Wasi::new())
        .limits(Limits::new().fuel(FUEL).max_memory(max_memory));
    let mut import = |name: &'static str,
                      params: usize,
                      results: usize,
                      body: fn(&Shared, &mut Caller<'_>, &[u64]) -> Answer| {
        let model = model.clone();
        let signature = Signature::new(vec![I32; params], vec![I32; results]);
        let host = move |caller: &mut Caller<'_>, values: &[Value]| {
            let values: Vec<u64> = values.iter().map(number).collect();
            let answer = body(&model, caller, &values);
            lock(&model).note(format!("{name}({values:?}) = {answer:?}"));
            let answer = answer.map_err(found)?;
            Ok(answer.map(|answer| Value::I32(answer as u32 as i32)).into_iter().collect())
        };
        // The builder is handed on by value.
        builder = std::mem::replace(&mut builder, Instance::builder(module))
            .host("host", name, signature, host);
    };
    import("next", 0, 1, |model, caller, _| {
        let live = lock(model).live.clone();
        intact(caller, &live)?;
        Ok(Some(u64::from(lock(model).decide())))
    });
    import("opened", 0, 1, |model, _, _| {
        let mut model = lock(model);
        model.open += 1;
        Ok(Some(model.open as u64))
    });
    import("back", 1, 0, |model, caller, values| {
        let (ended, live, mode) = {
            let mut model = lock(model);
            (model.close(values[0] as usize), model.live.clone(), model.mode)
        };
        intact(caller, &live)?;
        if mode == MemoryMode::Zero {
            cleared(caller, &ended, &live)?;
        }
        Ok(None)
    });
    import("size", 0, 1, |model, _, _| Ok(Some(lock(model).choose_size())));
    import("align", 0, 1, |model, _, _| Ok(Some(lock(model).choose_align())));
    import("allocated", 3, 0, |model, caller, values| {
        let segment = {
            let mut model = lock(model);
            if values[2] != model.size {
                return Err(format!(
                    "{} bytes were asked for, {} were given",
                    model.size, values[2]
                ));
            }
            let least = model.heap_base;
            model.hand_out(Some(values[0] as usize), values[1], values[2], least)?
        };
        write(caller, &segment)
    });
    import("fixed", 4, 0, |model, caller, values| {
        let segment = {
            let mut model = lock(model);
            model.align = values[3];
            // It may be static memory.
            model.hand_out(Some(values[0] as usize), values[1], values[2], FIRST)?
        };
        write(caller, &segment)
    });
    import("refused", 0, 0, |model, _, _| {
        let model = lock(model);
        if model.may_be_refused() {
            Ok(None)
        } else {
            Err(format!("{} bytes were refused", model.size))
        }
    });
    import("kept", 1, 0, |model, caller, values| {
        let segment = {
            let mut model = lock(model);
            let (size, least) = (model.size, model.heap_base);
            model.hand_out(None, values[0], size, least)?
        };
        write(caller, &segment)
    });
    import("freed", 0, 1, |model, _, _| {
        let mut model = lock(model);
        let at = model.live.iter().position(|segment| segment.depth.is_none());
        Ok(Some(at.map_or(0, |at| model.live.remove(at).address)))
    });
    import("failing", 0, 0, |model, _, _| {
        lock(model).failing = true;
        Ok(None)
    });
    import("enter", 1, 0, |model, caller, values| {
        let depth = values[0];
        {
            let mut model = lock(model);
            model.note(format!("enter({depth}) begins"));
            model.entered += 1;
        }
        let stop = caller.call("entry", &[Value::I32(depth as i32)]).err();
        let mut model = lock(model);
        model.entered -= 1;
        if let Some(stop) = stop {
            if let Stop::Trap(trap) = &stop
                && let Reason::Host(message) = &trap.reason
            {
                return Err(message.clone());
            }
            model.expects(&stop)?;
            model.note(format!("swallowed: {stop}"));
            model.swallowed += 1;
            // What it had is nobody's now, but still between us and the next level.
            let (mut dead, live): (Vec<Segment>, Vec<Segment>) = model
                .live
                .drain(..)
                .partition(|segment| segment.depth.is_some_and(|open| open > depth as usize));
            model.live = live;
            model.left.append(&mut dead);
            // Nor do the scopes end that an earlier trap in it left open.
            for segment in &mut model.left {
                segment.depth = segment.depth.min(Some(depth as usize));
            }
        }
        model.open = depth as usize;
        Ok(None)
    });
    builder.instantiate()
}

fn write(caller: &mut Caller<'_>, segment: &Segment) -> Result<Option<u64>, String> {
    let bytes = segment.bytes(0, segment.size as usize);
    caller.write(segment.address, &bytes).map_err(|error| error.to_string())?;
    Ok(None)
}

/// What the runs of a build did, so that a test that tests nothing fails.
#[derive(Default, Debug)]
struct Tally {
    segments: usize,
    swallowed: usize,
    /// How often all was closed and the allocator was found where it had been.
    levels: usize,
}

/// One random run, or rather some in one instance.
fn run(module: &Module, seed: u64, mode: MemoryMode, tally: &mut Tally) -> Result<(), String> {
    let mut dice = Dice::new(!seed);
    let max_memory =
        PAGE * dice.pick(&[2, 3, 8, 20, 64]) + 65536 * 40 * u64::from(mode == MemoryMode::Poison);
    let model: Shared = Arc::new(Mutex::new(Model::new(seed, mode, max_memory)));
    let mut instance = instance(module, &model, max_memory).map_err(|stop| format!("{stop:#}"))?;
    let heap_base = instance.global("__heap_base").map_or(FIRST, |value| number(&value));
    lock(&model).heap_base = heap_base;
    let probe =
        |instance: &mut Instance| instance.call("probe", &[]).map_err(|stop| format!("{stop:#}"));
    let before = probe(&mut instance)?;
    // Some runs in one instance: the allocator goes on where the last one left it.
    for _ in 0..3 {
        lock(&model).decisions = DECISIONS;
        let outcome = instance.call("entry", &[Value::I32(0)]);
        let mut model = lock(&model);
        match outcome {
            Ok(_) => _ = model.close(0),
            Err(Stop::Trap(trap)) if matches!(&trap.reason, Reason::Host(_)) => {
                let log: Vec<&str> = model.log.iter().map(String::as_str).collect();
                return Err(format!("{trap:#}\n{}", log.join("\n")));
            }
            // What was open stays so: nobody is left to close it.
            Err(stop) => {
                model.expects(&stop)?;
                break;
            }
        }
        let leaves = model.with_heap || mode == MemoryMode::Poison;
        drop(model);
        if leaves {
            continue;
        }
        let after = probe(&mut instance)?;
        if after != before {
            return Err(format!(
                "the next segment was at {before:?}, and is at {after:?} when all is closed"
            ));
        }
        tally.levels += 1;
    }
    let model = lock(&model);
    tally.segments += model.handed_out;
    tally.swallowed += model.swallowed;
    Ok(())
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}"))
    })
}

/// The program in one mode at one level.
fn build(level: OptLevel, mode: MemoryMode) -> Module {
    let program = toolchain::check(PROGRAM).unwrap_or_else(|message| panic!("{message}"));
    let bytes =
        toolchain::link(&program, level, mode).unwrap_or_else(|message| panic!("{message}"));
    toolchain::compile(&bytes, level).unwrap_or_else(|message| panic!("{message}"))
}

fn runs(mode: MemoryMode) {
    let (first, count) = (setting("SWASM_RANDOM_SEED", 0), setting("SWASM_RANDOM_SCOPES", RUNS));
    for level in LEVELS {
        let module = build(level, mode);
        let mut tally = Tally::default();
        for seed in first..first + count {
            if let Err(message) = run(&module, seed, mode, &mut tally) {
                panic!("seed {seed} at {level:?} in mode {mode:?}: {message}");
            }
        }
        let Tally { segments, swallowed, levels } = tally;
        let count = count as usize;
        assert!(
            segments > count * 20 && swallowed > count / 2,
            "little was tested in {count} runs: {tally:?}"
        );
        assert!(
            mode == MemoryMode::Poison || levels > count / 8,
            "{count} runs were closed to the end {levels} times"
        );
    }
}

#[test]
fn scopes_agree_with_the_model_checked() {
    runs(MemoryMode::Checked);
}

#[test]
fn scopes_agree_with_the_model_unchecked() {
    runs(MemoryMode::Unchecked);
}

#[test]
fn scopes_agree_with_the_model_zero() {
    runs(MemoryMode::Zero);
}

#[test]
fn scopes_agree_with_the_model_poison() {
    runs(MemoryMode::Poison);
}

/// What `stale` does with memory after its scope, by number.
const STALE: [&str; 9] = [
    "get",
    "set",
    "read an element",
    "change an element",
    "fill",
    "copy from",
    "copy to",
    "compare",
    "read a slice",
];

#[test]
fn poison_reports_every_access_after_the_end() {
    for level in LEVELS {
        let module = build(level, MemoryMode::Poison);
        for (how, what) in STALE.iter().enumerate() {
            for bytes in [1, 4, 100, 70_000] {
                let model: Shared =
                    Arc::new(Mutex::new(Model::new(0, MemoryMode::Poison, 1 << 24)));
                let mut instance = instance(&module, &model, 1 << 24).expect("an instance");
                let fine = instance.call("stale", &[Value::I32(9), Value::I32(bytes)]);
                assert_eq!(fine, Ok(vec![Value::I32(bytes)]), "{what} at {level:?}");
                match instance.call("stale", &[Value::I32(how as i32), Value::I32(bytes)]) {
                    Err(Stop::Trap(trap)) => match &trap.reason {
                        Reason::Library { name, numbers } if name == "use after free" => {
                            let line = PROGRAM
                                .lines()
                                .position(|line| line.starts_with("fn ended"))
                                .expect("it is there")
                                + 1;
                            let said = numbers.iter().any(|(word, number)| {
                                word.contains("line") && *number == line as u64
                            });
                            assert!(
                                said,
                                "{what} at {level:?}: the scope ended in line {line}, not as in {numbers:?}"
                            );
                        }
                        reason => panic!("{what} of {bytes} bytes at {level:?}: {reason:?}"),
                    },
                    outcome => panic!("{what} of {bytes} bytes at {level:?}: {outcome:?}"),
                }
            }
        }
    }
}
