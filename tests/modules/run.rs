//! Two modules ⇒ whether they do the same: each is instantiated with the same imports and called with the same arguments, step by step.
//!
//! Compared are results, kinds of traps, exceptions with their values, the host calls and their arguments, and after each call every exported
//! memory, global and table. References count by what they are seen to be: null or not, and the number of an `i31`.

use std::fmt::Write;

use wasmtime::{
    ExnRef, Extern, Func, Instance, Module, SharedMemory, Store, StoreLimitsBuilder, Table,
    ThrownException, Trap, Val,
};

use crate::dice::Dice;
use crate::host::{Host, arguments, engine, provide, show};
use crate::linked::REFUEL;

/// Fuel that a call of a live module gets.
pub(crate) const FUEL: i32 = 60;
/// How often each export is called.
const ROUNDS: usize = 3;
/// Steps, as the engine counts them, after which a call of the original takes too long to be judged.
const LONG: u64 = 20_000_000;
/// Steps after which a call of the transformed module does not end where the original's did.
const TOO_LONG: u64 = 400_000_000;
/// Bytes that a memory, and the heap of objects, may have.
const ROOM: usize = 16 << 20;

/// What a comparison found.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// No difference.
    Same(Seen),
    /// What is different.
    Different(String),
    /// The module cannot be judged here, for the host cannot provide what it imports or has no room.
    GivenUp(String),
}

/// What was seen of a module that ran.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Calls that returned.
    pub(crate) returned: usize,
    /// Calls that trapped or threw.
    pub(crate) trapped: usize,
    /// Bytes of the first memory at the end.
    pub(crate) memory: Vec<u8>,
}

/// A module, and its instance.
struct Side {
    store: Store<Host>,
    /// Steps that a call may take.
    steps: u64,
    instance: Result<Instance, wasmtime::Error>,
    module: Module,
}

impl Side {
    /// An import is what it is by its place, or the place that it has among those of `of`.
    fn new(bytes: &[u8], steps: u64, of: Option<&Module>) -> Result<Self, Why> {
        let module =
            Module::new(engine(), bytes).map_err(|error| Why::Invalid(format!("{error:#}")))?;
        let mut store = Store::new(engine(), Host::default());
        store.set_fuel(steps).expect("the engine counts steps");
        store.data_mut().limits = StoreLimitsBuilder::new().memory_size(ROOM).build();
        store.limiter(|host| &mut host.limits);
        let mut imports = Vec::new();
        for (number, import) in module.imports().enumerate() {
            let number = of.map_or(Some(number), |of| {
                let mut all = of.imports();
                all.position(|other| {
                    (other.module(), other.name()) == (import.module(), import.name())
                })
            });
            let Some(number) = number else {
                return Err(Why::Unprovided(format!("{} {}", import.module(), import.name())));
            };
            match provide(&mut store, &import.ty(), number) {
                Some(import) => imports.push(import),
                None => return Err(Why::Unprovided(format!("{:?}", import.ty()))),
            }
        }
        let instance = Instance::new(&mut store, &module, &imports);
        Ok(Self { store, steps, instance, module })
    }

    fn names(&self) -> Vec<String> {
        self.module.exports().map(|export| export.name().to_owned()).collect()
    }

    fn exported(&mut self, name: &str) -> Option<Extern> {
        let instance = self.instance.as_ref().ok()?;
        instance.get_export(&mut self.store, name)
    }
}

enum Why {
    Invalid(String),
    Unprovided(String),
}

/// What must be the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// All that is exported.
    All,
    /// The functions that the second module exports.
    Functions,
}

/// Runs both modules. `seed` chooses the arguments.
pub(crate) fn compare(original: &[u8], transformed: &[u8], seed: u64, what: What) -> Outcome {
    let mut left = match Side::new(original, LONG, None) {
        Ok(side) => side,
        Err(Why::Invalid(error) | Why::Unprovided(error)) => return Outcome::GivenUp(error),
    };
    // A linked module has not all imports, but those by name.
    let of = (what == What::Functions).then_some(&left.module);
    let mut right = match Side::new(transformed, TOO_LONG, of) {
        Ok(side) => side,
        Err(Why::Invalid(error)) => {
            return Outcome::Different(format!("the transformed module is refused: {error}"));
        }
        Err(Why::Unprovided(error)) => {
            return Outcome::Different(format!("the transformed module also imports {error}"));
        }
    };
    let mut seen = Seen::default();
    match run(&mut left, &mut right, what, &mut Dice::new(seed), &mut seen) {
        Ok(()) => Outcome::Same(seen),
        Err(Stop::Different(message)) => Outcome::Different(message),
        Err(Stop::NoRoom(message)) => Outcome::GivenUp(message),
    }
}

enum Stop {
    Different(String),
    NoRoom(String),
}

fn expect_same(what: &str, left: &str, right: &str) -> Result<(), Stop> {
    if left == right {
        return Ok(());
    }
    Err(Stop::Different(format!("{what}: {left}; transformed: {right}")))
}

fn run(
    left: &mut Side,
    right: &mut Side,
    what: What,
    dice: &mut Dice,
    seen: &mut Seen,
) -> Result<(), Stop> {
    let started = |side: &mut Side| match &side.instance {
        Ok(_) => Ok("instance".to_owned()),
        Err(error) => {
            let text = failure(error, side.steps);
            text.map(|text| format!("{text} {}", thrown(&mut side.store)))
        }
    };
    let (a, b) = (started(left)?, started(right)?);
    expect_same("instantiating", &a, &b)?;
    if left.instance.is_err() {
        seen.trapped += 1;
        return expect_same(
            "host calls",
            &left.store.data().log.join("\n"),
            &right.store.data().log.join("\n"),
        );
    }
    let exports = match what {
        What::All => {
            let exports = left.names();
            expect_same("exports", &format!("{exports:?}"), &format!("{:?}", right.names()))?;
            exports
        }
        What::Functions => {
            let mut exports = right.names();
            exports.retain(|name| matches!(right.exported(name), Some(Extern::Func(_))));
            exports
        }
    };
    same_state(left, right, &exports, "instantiating")?;
    for round in 0..ROUNDS {
        for name in &exports {
            let (Some(Extern::Func(f)), Some(Extern::Func(g))) =
                (left.exported(name), right.exported(name))
            else {
                continue;
            };
            let argument_seed = dice.bits();
            let call = |side: &mut Side, function: Func| -> Result<Option<Answer>, Stop> {
                refuel(side);
                let dice = &mut Dice::new(argument_seed);
                let Some(arguments) = arguments(&mut side.store, &function, dice, round) else {
                    return Ok(None);
                };
                call(side, function, &arguments).map(Some)
            };
            let (Some(a), Some(b)) = (call(left, f)?, call(right, g)?) else { continue };
            expect_same(name, &a.text, &b.text)?;
            if a.returned {
                seen.returned += 1;
            } else {
                seen.trapped += 1;
            }
            same_state(left, right, &exports, name)?;
        }
    }
    if let Some(Extern::Memory(memory)) = left.exported("memory 0") {
        seen.memory = memory.data(&left.store).to_vec();
    } else if let Some(Extern::SharedMemory(memory)) = left.exported("memory 0") {
        seen.memory = shared_bytes(&memory);
    }
    Ok(())
}

/// What a call gave.
struct Answer {
    returned: bool,
    text: String,
}

fn call(side: &mut Side, function: Func, arguments: &[Val]) -> Result<Answer, Stop> {
    let count = function.ty(&side.store).results().len();
    let mut results = vec![Val::I32(0); count];
    side.store.set_fuel(side.steps).expect("the engine counts steps");
    match function.call(&mut side.store, arguments, &mut results) {
        Ok(()) => Ok(Answer { returned: true, text: show_all(&side.store, &results) }),
        Err(error) => {
            let text = failure(&error, side.steps)?;
            Ok(Answer { returned: false, text: format!("{text} {}", thrown(&mut side.store)) })
        }
    }
}

/// The kind of a failure. Where the stack or the heap ends is nobody's promise; that the original ends soon, neither.
fn failure(error: &wasmtime::Error, steps: u64) -> Result<String, Stop> {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::StackOverflow => Err(Stop::NoRoom(trap.to_string())),
            Trap::OutOfFuel if steps < TOO_LONG => {
                Err(Stop::NoRoom("it takes too long".to_owned()))
            }
            Trap::OutOfFuel => Ok("it does not end".to_owned()),
            _ => Ok(trap.to_string()),
        };
    }
    if error.is::<ThrownException>() {
        return Ok("an exception".to_owned());
    }
    let text = format!("{error:#}");
    if text.contains("GC heap out of memory") || text.contains("failed to allocate") {
        return Err(Stop::NoRoom(text));
    }
    // Messages of the host, without the backtrace.
    Ok(error.root_cause().to_string())
}

/// The values of the exception that a call ended with.
fn thrown(store: &mut Store<Host>) -> String {
    let Some(exception) = store.take_pending_exception() else { return String::new() };
    show_exception(store, exception)
}

fn show_exception(store: &mut Store<Host>, exception: wasmtime::Rooted<ExnRef>) -> String {
    let fields: Vec<Val> = match exception.fields(&mut *store) {
        Ok(fields) => fields.collect(),
        Err(error) => return error.to_string(),
    };
    show_all(store, &fields)
}

/// Gives a live module fuel for a call.
fn refuel(side: &mut Side) {
    if let Some(Extern::Func(refuel)) = side.exported(REFUEL) {
        side.store.set_fuel(side.steps).expect("the engine counts steps");
        refuel.call(&mut side.store, &[], &mut []).expect("it sets a global");
    } else if let Some(Extern::Global(fuel)) = side.exported("fuel") {
        fuel.set(&mut side.store, Val::I32(FUEL)).expect("the global is an i32 that can be set");
    }
}

fn show_all(store: &Store<Host>, values: &[Val]) -> String {
    let list: Vec<String> = values.iter().map(|value| show(store, value)).collect();
    format!("({})", list.join(", "))
}

fn shared_bytes(memory: &SharedMemory) -> Vec<u8> {
    let cells = memory.data();
    #[allow(unsafe_code, reason = "nobody else has the memory while the module does not run")]
    cells.iter().map(|cell| unsafe { *cell.get() }).collect()
}

/// Compares what is exported but functions.
fn same_state(
    left: &mut Side,
    right: &mut Side,
    exports: &[String],
    when: &str,
) -> Result<(), Stop> {
    for name in exports {
        let what = || format!("{name} after {when}");
        match (left.exported(name), right.exported(name)) {
            (Some(Extern::Memory(a)), Some(Extern::Memory(b))) => {
                let (a, b) = (a.data(&left.store), b.data(&right.store));
                same_bytes(&what(), a, b)?;
            }
            (Some(Extern::SharedMemory(a)), Some(Extern::SharedMemory(b))) => {
                same_bytes(&what(), &shared_bytes(&a), &shared_bytes(&b))?;
            }
            (Some(Extern::Global(a)), Some(Extern::Global(b))) => {
                // Fuel is spent by what runs: it must agree like everything else.
                let (a, b) = (a.get(&mut left.store), b.get(&mut right.store));
                let (a, b) = (show(&left.store, &a), show(&right.store, &b));
                expect_same(&what(), &a, &b)?;
            }
            (Some(Extern::Table(a)), Some(Extern::Table(b))) => {
                let (a, b) = (show_table(&mut left.store, a), show_table(&mut right.store, b));
                expect_same(&what(), &a, &b)?;
            }
            (Some(Extern::Func(_)), Some(Extern::Func(_)))
            | (Some(Extern::Tag(_)), Some(Extern::Tag(_))) => (),
            (a, b) => {
                return Err(Stop::Different(format!("{}: {a:?}; transformed: {b:?}", what())));
            }
        }
    }
    let logs = (left.store.data().log.join("\n"), right.store.data().log.join("\n"));
    expect_same(&format!("host calls up to {when}"), &logs.0, &logs.1)?;
    left.store.data_mut().log.clear();
    right.store.data_mut().log.clear();
    Ok(())
}

fn same_bytes(what: &str, left: &[u8], right: &[u8]) -> Result<(), Stop> {
    if left == right {
        return Ok(());
    }
    let at = left.iter().zip(right).position(|(a, b)| a != b);
    let at = at.unwrap_or(left.len().min(right.len()));
    let some = |bytes: &[u8]| format!("{:?} of {}", bytes.get(at), bytes.len());
    Err(Stop::Different(format!(
        "{what}: byte {at} is {}; transformed: {}",
        some(left),
        some(right)
    )))
}

fn show_table(store: &mut Store<Host>, table: Table) -> String {
    let size = table.size(&*store);
    let mut text = format!("{size}:");
    for index in 0..size {
        let value = table.get(&mut *store, index).expect("the index is below the size");
        let value = show(&*store, &value.into());
        write!(text, " {value}").expect("writing to a string succeeds");
    }
    text
}
