//! Two modules ⇒ whether they do the same: each is instantiated with the same imports and called with the same arguments, step by step.
//!
//! Compared are results, kinds of traps, exceptions with their values, the host calls and their arguments, and after each call every exported
//! memory, global and table. References count by what they are seen to be: null or not, and the number of an `i31`.

use std::fmt::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wasmtime::{
    AnyRef, ArrayRef, ArrayRefPre, AsContext, Caller, Config, Engine, ExnRef, Extern, ExternRef,
    ExternType, Func, FuncType, Global, HeapType, I31, Instance, Memory, Module, OptLevel, Ref,
    RefType, SharedMemory, Store, StoreLimits, StoreLimitsBuilder, StructRef, StructRefPre, Table,
    Tag, ThrownException, Trap, Val, ValType,
};

use crate::dice::Dice;

/// Fuel that a call of a live module gets.
const FUEL: i32 = 60;
/// How often each export is called.
const ROUNDS: usize = 3;
/// Ticks after which a call is taken to hang; a tick is 100 ms.
const DEADLINE: u64 = 30;
/// Bytes that a memory, and the heap of objects, may have.
const ROOM: usize = 16 << 20;
/// How often in a module the host answers before it says no.
const HOST_CALLS: usize = 10_000;

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
    /// The kinds of traps.
    pub(crate) traps: Vec<String>,
    /// Bytes of the first memory at the end.
    pub(crate) memory: Vec<u8>,
}

/// What the host remembers.
#[derive(Default)]
struct Host {
    /// What it was called with.
    log: Vec<String>,
    limits: StoreLimits,
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    static TICKING: AtomicBool = AtomicBool::new(false);
    let engine = ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config
            .cranelift_opt_level(OptLevel::None)
            .cranelift_nan_canonicalization(true)
            .relaxed_simd_deterministic(true)
            .wasm_gc(true)
            .wasm_function_references(true)
            .wasm_exceptions(true)
            .wasm_tail_call(true)
            .wasm_memory64(true)
            .wasm_multi_memory(true)
            .wasm_threads(true)
            .shared_memory(true)
            .wasm_wide_arithmetic(true)
            .wasm_custom_page_sizes(true)
            .epoch_interruption(true)
            .max_wasm_stack(2 << 20)
            // Thousands of small memories: no room is reserved for their growth.
            .memory_reservation(1 << 20)
            .memory_guard_size(1 << 16)
            .memory_reservation_for_growth(1 << 18)
            .gc_heap_reservation(1 << 22)
            .gc_heap_guard_size(1 << 16);
        Engine::new(&config).expect("these options go together")
    });
    if !TICKING.swap(true, Ordering::SeqCst) {
        std::thread::spawn(|| {
            loop {
                std::thread::sleep(Duration::from_millis(100));
                engine.increment_epoch();
            }
        });
    }
    engine
}

/// A module, and its instance.
struct Side {
    store: Store<Host>,
    instance: Result<Instance, wasmtime::Error>,
    module: Module,
}

impl Side {
    fn new(bytes: &[u8]) -> Result<Self, Why> {
        let module =
            Module::new(engine(), bytes).map_err(|error| Why::Invalid(format!("{error:#}")))?;
        let mut store = Store::new(engine(), Host::default());
        store.set_epoch_deadline(DEADLINE);
        store.data_mut().limits = StoreLimitsBuilder::new().memory_size(ROOM).build();
        store.limiter(|host| &mut host.limits);
        let mut imports = Vec::new();
        for (number, import) in module.imports().enumerate() {
            match provide(&mut store, &import.ty(), number) {
                Some(import) => imports.push(import),
                None => return Err(Why::Unprovided(format!("{:?}", import.ty()))),
            }
        }
        let instance = Instance::new(&mut store, &module, &imports);
        Ok(Self { store, instance, module })
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

/// Runs both modules. `seed` chooses the arguments; `reason` is why one differs, for people.
pub(crate) fn compare(original: &[u8], transformed: &[u8], seed: u64) -> Outcome {
    let mut left = match Side::new(original) {
        Ok(side) => side,
        Err(Why::Invalid(error) | Why::Unprovided(error)) => return Outcome::GivenUp(error),
    };
    let mut right = match Side::new(transformed) {
        Ok(side) => side,
        Err(Why::Invalid(error)) => {
            return Outcome::Different(format!("the transformed module is refused: {error}"));
        }
        Err(Why::Unprovided(error)) => {
            return Outcome::Different(format!("the transformed module also imports {error}"));
        }
    };
    let mut seen = Seen::default();
    match run(&mut left, &mut right, &mut Dice::new(seed), &mut seen) {
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

fn run(left: &mut Side, right: &mut Side, dice: &mut Dice, seen: &mut Seen) -> Result<(), Stop> {
    let started = |side: &mut Side| match &side.instance {
        Ok(_) => Ok("instance".to_owned()),
        Err(error) => {
            let text = failure(error);
            text.map(|text| format!("{text} {}", thrown(&mut side.store)))
        }
    };
    let (a, b) = (started(left)?, started(right)?);
    expect_same("instantiating", &a, &b)?;
    if left.instance.is_err() {
        seen.trapped += 1;
        seen.traps.push(a);
        return expect_same(
            "host calls",
            &left.store.data().log.join("\n"),
            &right.store.data().log.join("\n"),
        );
    }
    let names = |side: &Side| {
        side.module.exports().map(|export| export.name().to_owned()).collect::<Vec<_>>()
    };
    let exports = names(left);
    expect_same("exports", &format!("{exports:?}"), &format!("{:?}", names(right)))?;
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
                seen.traps.push(a.text);
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
    side.store.set_epoch_deadline(DEADLINE);
    match function.call(&mut side.store, arguments, &mut results) {
        Ok(()) => Ok(Answer { returned: true, text: show_all(&side.store, &results) }),
        Err(error) => {
            let text = failure(&error)?;
            Ok(Answer { returned: false, text: format!("{text} {}", thrown(&mut side.store)) })
        }
    }
}

/// The kind of a failure. Where the stack or the heap ends is nobody's promise.
fn failure(error: &wasmtime::Error) -> Result<String, Stop> {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::StackOverflow => Err(Stop::NoRoom(trap.to_string())),
            Trap::Interrupt => Ok("it does not end".to_owned()),
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
    if let Some(Extern::Global(fuel)) = side.exported("fuel") {
        fuel.set(&mut side.store, Val::I32(FUEL)).expect("the global is an i32 that can be set");
    }
}

fn show_all(store: &Store<Host>, values: &[Val]) -> String {
    let list: Vec<String> = values.iter().map(|value| show(store, value)).collect();
    format!("({})", list.join(", "))
}

/// A value as far as the host can see it, the same for both modules.
fn show(context: impl AsContext, value: &Val) -> String {
    let there = match value {
        Val::I32(value) => return format!("{value}i32"),
        Val::I64(value) => return format!("{value}i64"),
        Val::F32(bits) => return format!("{bits:#x}f32"),
        Val::F64(bits) => return format!("{bits:#x}f64"),
        Val::V128(value) => return format!("{:#x}v128", value.as_u128()),
        Val::AnyRef(Some(reference)) => match reference.as_i31(context) {
            Ok(Some(number)) => return format!("{}i31", number.get_i32()),
            _ => true,
        },
        Val::AnyRef(None) => false,
        Val::FuncRef(function) => function.is_some(),
        Val::ExternRef(reference) => reference.is_some(),
        Val::ExnRef(reference) => reference.is_some(),
        Val::ContRef(_) => true,
    };
    if there { "there" } else { "null" }.to_owned()
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

/// Arguments for a call; `None` if some type has no value here.
fn arguments(
    store: &mut Store<Host>,
    function: &Func,
    dice: &mut Dice,
    round: usize,
) -> Option<Vec<Val>> {
    let types: Vec<ValType> = function.ty(&*store).params().collect();
    // The first round is without surprises.
    types.into_iter().map(|ty| value_of(store, &ty, dice, round > 0, 2)).collect()
}

/// A value of a type: the dice's, plain or at the edges.
fn value_of(
    store: &mut Store<Host>,
    ty: &ValType,
    dice: &mut Dice,
    edges: bool,
    depth: usize,
) -> Option<Val> {
    let integer = if edges && dice.percent(40) {
        dice.pick(&[0, 1, u64::MAX, 1 << 31, (1 << 31) - 1, 1 << 63, (1 << 63) - 1, 0xffff_ffff])
    } else if dice.percent(50) {
        dice.below(100) as u64
    } else {
        dice.bits()
    };
    let float = if edges && dice.percent(40) {
        dice.pick(&[0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, 4e9, 1e19])
    } else {
        (dice.below(20_000) as f64 - 10_000.0) / 32.0
    };
    Some(match ty {
        ValType::I32 => Val::I32(integer as i32),
        ValType::I64 => Val::I64(integer as i64),
        ValType::F32 => Val::F32((float as f32).to_bits()),
        ValType::F64 => Val::F64(float.to_bits()),
        ValType::V128 => {
            let high = dice.bits();
            Val::V128((u128::from(high) << 64 | u128::from(integer)).into())
        }
        ValType::Ref(ty) => reference_of(store, ty, dice, integer as i32, depth)?.into(),
    })
}

fn reference_of(
    store: &mut Store<Host>,
    ty: &RefType,
    dice: &mut Dice,
    number: i32,
    depth: usize,
) -> Option<Ref> {
    let heap = ty.heap_type();
    if ty.is_nullable() && (depth == 0 || dice.percent(30)) {
        return Some(Ref::null(heap));
    }
    let made = match heap {
        // Not an object of the host's own: wasmtime 48 panics when code asks whether such a one is of a type of the module.
        HeapType::Extern => {
            let any = AnyRef::from_i31(&mut *store, I31::wrapping_i32(number));
            ExternRef::convert_any(&mut *store, any).ok().map(Ref::from)
        }
        HeapType::Any | HeapType::Eq | HeapType::I31 => {
            Some(AnyRef::from_i31(&mut *store, I31::wrapping_i32(number)).into())
        }
        HeapType::Func => Some(stub(store, &FuncType::new(engine(), [], []), 77).into()),
        HeapType::ConcreteFunc(ty) => Some(stub(store, ty, 78).into()),
        HeapType::ConcreteStruct(ty) if depth > 0 => {
            let fields: Option<Vec<Val>> = ty
                .fields()
                .map(|field| {
                    let ty = field.element_type().unpack().clone();
                    value_of(store, &ty, dice, true, depth - 1)
                })
                .collect();
            let allocator = StructRefPre::new(&mut *store, ty.clone());
            StructRef::new(&mut *store, &allocator, &fields?).ok().map(Ref::from)
        }
        HeapType::ConcreteArray(ty) if depth > 0 => {
            let element = ty.element_type().unpack().clone();
            let elements: Option<Vec<Val>> = (0..dice.below(4))
                .map(|_| value_of(store, &element, dice, true, depth - 1))
                .collect();
            let allocator = ArrayRefPre::new(&mut *store, ty.clone());
            ArrayRef::new_fixed(&mut *store, &allocator, &elements?).ok().map(Ref::from)
        }
        _ => None,
    };
    made.or_else(|| ty.is_nullable().then(|| Ref::null(heap)))
}

/// A function of the host: it writes down what it is called with, and answers by that alone.
fn stub(store: &mut Store<Host>, ty: &FuncType, number: usize) -> Func {
    let results: Vec<ValType> = ty.results().collect();
    Func::new(&mut *store, ty.clone(), move |mut caller: Caller<'_, Host>, arguments, answers| {
        let mut text = format!("{number}:");
        let mut sum = number as u64;
        for value in arguments {
            let shown = show(&caller, value);
            for byte in shown.bytes() {
                sum = (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            }
            text.push_str(&shown);
            text.push(' ');
        }
        let log = &mut caller.data_mut().log;
        if log.len() >= HOST_CALLS {
            return Err(wasmtime::Error::msg("the host has had enough"));
        }
        log.push(text);
        // Now and then the host itself fails.
        if sum % 61 == 0 {
            return Err(wasmtime::Error::msg("the host says no"));
        }
        for (answer, ty) in answers.iter_mut().zip(&results) {
            sum = sum.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
            *answer = answer_of(ty, sum)?;
        }
        Ok(())
    })
}

/// What the host answers where a value of `ty` is wanted.
fn answer_of(ty: &ValType, sum: u64) -> wasmtime::Result<Val> {
    Ok(match ty {
        ValType::I32 => Val::I32(sum as i32 >> (sum >> 59)),
        ValType::I64 => Val::I64(sum as i64),
        ValType::F32 => Val::F32((sum as i32 as f32 / 256.0).to_bits()),
        ValType::F64 => Val::F64((sum as i64 as f64 / 65536.0).to_bits()),
        ValType::V128 => Val::V128(u128::from(sum).into()),
        ValType::Ref(ty) if ty.is_nullable() => Ref::null(ty.heap_type()).into(),
        ValType::Ref(_) => return Err(wasmtime::Error::msg("the host has no such reference")),
    })
}

/// Something of the type that a module imports.
fn provide(store: &mut Store<Host>, ty: &ExternType, number: usize) -> Option<Extern> {
    let dice = &mut Dice::new(number as u64);
    match ty {
        ExternType::Func(ty) => Some(stub(store, ty, number).into()),
        ExternType::Global(ty) => {
            let value = value_of(store, ty.content(), dice, false, 2)?;
            Global::new(&mut *store, ty.clone(), value).ok().map(Extern::Global)
        }
        ExternType::Table(ty) => {
            let value = reference_of(store, ty.element(), dice, 7, 2)?;
            Table::new(&mut *store, ty.clone(), value).ok().map(Extern::Table)
        }
        ExternType::Memory(ty) if ty.is_shared() => {
            SharedMemory::new(engine(), ty.clone()).ok().map(Extern::SharedMemory)
        }
        ExternType::Memory(ty) => Memory::new(&mut *store, ty.clone()).ok().map(Extern::Memory),
        ExternType::Tag(ty) => Tag::new(&mut *store, ty).ok().map(Extern::Tag),
    }
}
