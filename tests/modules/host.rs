//! What modules meet outside: the engine, arguments, and something of every type that can be imported.
//!
//! Invariant: what the host answers follows from what it is asked, so two modules that ask the same get the same.

use std::sync::OnceLock;

use wasmtime::{
    AnyRef, ArrayRef, ArrayRefPre, AsContext, Caller, Config, Engine, Extern, ExternRef,
    ExternType, Func, FuncType, Global, HeapType, I31, Memory, OptLevel, Ref, RefType,
    SharedMemory, Store, StoreLimits, StructRef, StructRefPre, Table, Tag, Val, ValType,
};

use crate::dice::Dice;

/// How often the host answers in one call before it says no.
const HOST_CALLS: usize = 10_000;

/// What the host remembers.
#[derive(Default)]
pub(crate) struct Host {
    /// What it was called with.
    pub(crate) log: Vec<String>,
    pub(crate) limits: StoreLimits,
}

/// wasmtime, where everything is deterministic that can be. It counts the steps of calls, so that none takes for ever.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
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
            .consume_fuel(true)
            .max_wasm_stack(2 << 20)
            // Thousands of small memories: no room is reserved for their growth.
            .memory_reservation(1 << 20)
            .memory_guard_size(1 << 16)
            .memory_reservation_for_growth(1 << 18)
            .gc_heap_reservation(1 << 22)
            .gc_heap_guard_size(1 << 16);
        Engine::new(&config).expect("these options go together")
    })
}

/// A value as far as the host can see it, the same for both modules.
pub(crate) fn show(context: impl AsContext, value: &Val) -> String {
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

/// Arguments for a call; `None` if some type has no value here.
pub(crate) fn arguments(
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
        if sum.is_multiple_of(61) {
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
pub(crate) fn provide(store: &mut Store<Host>, ty: &ExternType, number: usize) -> Option<Extern> {
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
