//! Values as scripts write them ⇒ values of the engine; and whether the engine's match what a script expects.

use wasmtime::{AnyRef, AsContextMut, Error, ExternRef, HeapType, RootScope, Store, Val};
use wast::core::{
    AbstractHeapType, HeapType as Written, NanPattern, V128Pattern, WastArgCore, WastRetCore,
};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// Where references live while one directive runs.
pub(crate) type Scope<'a> = RootScope<&'a mut Store<()>>;

/// An argument.
///
/// # Errors
/// When it is of a kind that no host has.
pub(crate) fn argument(scope: &mut Scope, written: &WastArg) -> Result<Val, String> {
    let WastArg::Core(written) = written else {
        return Err("a component's value in a script for core modules".to_owned());
    };
    let host = |scope: &mut Scope, number: u32| {
        ExternRef::new(scope.as_context_mut(), number).map_err(|error| error.to_string())
    };
    Ok(match written {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::V128(u128::from_le_bytes(value.to_le_bytes()).into()),
        WastArgCore::RefNull(ty) => Val::null_ref(&abstract_type(ty)?),
        WastArgCore::RefExtern(number) => Val::ExternRef(Some(host(scope, *number)?)),
        WastArgCore::RefHost(number) => {
            let external = host(scope, *number)?;
            let any = AnyRef::convert_extern(scope.as_context_mut(), external);
            Val::AnyRef(Some(any.map_err(|error| error.to_string())?))
        }
    })
}

/// The engine's word for a type that needs no module to be understood.
fn abstract_type(ty: &Written) -> Result<HeapType, String> {
    let Written::Abstract { shared: false, ty } = ty else {
        return Err(format!("a null of type {ty:?}"));
    };
    Ok(match ty {
        AbstractHeapType::Func => HeapType::Func,
        AbstractHeapType::NoFunc => HeapType::NoFunc,
        AbstractHeapType::Extern => HeapType::Extern,
        AbstractHeapType::NoExtern => HeapType::NoExtern,
        AbstractHeapType::Any => HeapType::Any,
        AbstractHeapType::Eq => HeapType::Eq,
        AbstractHeapType::Struct => HeapType::Struct,
        AbstractHeapType::Array => HeapType::Array,
        AbstractHeapType::I31 => HeapType::I31,
        AbstractHeapType::None => HeapType::None,
        AbstractHeapType::Exn => HeapType::Exn,
        AbstractHeapType::NoExn => HeapType::NoExn,
        AbstractHeapType::Cont => HeapType::Cont,
        AbstractHeapType::NoCont => HeapType::NoCont,
    })
}

/// Compares results with what is expected.
///
/// # Errors
/// What differs.
pub(crate) fn compare(
    scope: &mut Scope,
    found: &[Val],
    expected: &[WastRet],
) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("{} results, not {}", found.len(), expected.len()));
    }
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let WastRet::Core(expected) = expected else {
            return Err("a component's value in a script for core modules".to_owned());
        };
        if !matches(scope, found, expected).map_err(|error| error.to_string())? {
            return Err(format!("result {at} is {found:x?}, not {expected:x?}"));
        }
    }
    Ok(())
}

fn matches(scope: &mut Scope, found: &Val, expected: &WastRetCore) -> Result<bool, Error> {
    Ok(match (expected, found) {
        (WastRetCore::Either(cases), _) => {
            for case in cases {
                if matches(scope, found, case)? {
                    return Ok(true);
                }
            }
            false
        }
        (WastRetCore::I32(expected), Val::I32(found)) => expected == found,
        (WastRetCore::I64(expected), Val::I64(found)) => expected == found,
        (WastRetCore::F32(expected), Val::F32(found)) => f32_matches(*found, expected),
        (WastRetCore::F64(expected), Val::F64(found)) => f64_matches(*found, expected),
        (WastRetCore::V128(expected), Val::V128(found)) => lanes_match(found.as_u128(), expected),
        (WastRetCore::RefNull(None), found) => found.ref_().is_some_and(|found| found.is_null()),
        (WastRetCore::RefNull(Some(ty)), found) => null_matches(found, ty),
        (WastRetCore::RefExtern(number), Val::ExternRef(Some(found))) => match number {
            Some(number) => host_number(scope, *found)? == Some(*number),
            None => true,
        },
        (WastRetCore::RefHost(number), Val::AnyRef(Some(found))) => {
            let found = ExternRef::convert_any(scope.as_context_mut(), *found)?;
            host_number(scope, found)? == Some(*number)
        }
        (WastRetCore::RefFunc(None), Val::FuncRef(Some(_))) => true,
        (WastRetCore::RefAny, Val::AnyRef(Some(_))) => true,
        (WastRetCore::RefEq, Val::AnyRef(Some(found))) => found.is_eqref(&*scope)?,
        (WastRetCore::RefArray, Val::AnyRef(Some(found))) => found.is_array(&*scope)?,
        (WastRetCore::RefStruct, Val::AnyRef(Some(found))) => found.is_struct(&*scope)?,
        (WastRetCore::RefI31, Val::AnyRef(Some(found))) => found.is_i31(&*scope)?,
        _ => false,
    })
}

/// The number that `ref.extern` or `ref.host` made a reference of.
fn host_number(
    scope: &mut Scope,
    found: wasmtime::Rooted<ExternRef>,
) -> Result<Option<u32>, Error> {
    let data = found.data(scope.as_context_mut())?;
    Ok(data.and_then(|data| data.downcast_ref().copied()))
}

/// The nulls of one hierarchy are the same value, whatever type they are written with.
fn null_matches(found: &Val, ty: &Written) -> bool {
    match abstract_type(ty).map(|ty| Val::null_ref(&ty)) {
        Ok(Val::FuncRef(_)) => matches!(found, Val::FuncRef(None)),
        Ok(Val::ExternRef(_)) => matches!(found, Val::ExternRef(None)),
        Ok(Val::AnyRef(_)) => matches!(found, Val::AnyRef(None)),
        Ok(Val::ExnRef(_)) => matches!(found, Val::ExnRef(None)),
        _ => false,
    }
}

/// A canonical NaN has the top bit of the fraction and no other; an arithmetic one has at least that. The sign doesn't matter.
fn f32_matches(found: u32, expected: &NanPattern<F32>) -> bool {
    const QUIET: u32 = 0x7fc0_0000;
    match expected {
        NanPattern::CanonicalNan => found & !(1 << 31) == QUIET,
        NanPattern::ArithmeticNan => found & QUIET == QUIET,
        NanPattern::Value(expected) => found == expected.bits,
    }
}

/// As [`f32_matches`].
fn f64_matches(found: u64, expected: &NanPattern<F64>) -> bool {
    const QUIET: u64 = 0x7ff8_0000_0000_0000;
    match expected {
        NanPattern::CanonicalNan => found & !(1 << 63) == QUIET,
        NanPattern::ArithmeticNan => found & QUIET == QUIET,
        NanPattern::Value(expected) => found == expected.bits,
    }
}

fn lanes_match(found: u128, expected: &V128Pattern) -> bool {
    /// Whether the lanes of a vector, lowest first, are these.
    fn all<T>(found: u128, expected: &[T], matches: impl Fn(u128, &T) -> bool) -> bool {
        let bits = 128 / expected.len();
        let mask = u128::MAX >> (128 - bits);
        expected
            .iter()
            .enumerate()
            .all(|(lane, expected)| matches((found >> (bits * lane)) & mask, expected))
    }
    match expected {
        V128Pattern::I8x16(lanes) => all(found, lanes, |found, lane| found as i8 == *lane),
        V128Pattern::I16x8(lanes) => all(found, lanes, |found, lane| found as i16 == *lane),
        V128Pattern::I32x4(lanes) => all(found, lanes, |found, lane| found as i32 == *lane),
        V128Pattern::I64x2(lanes) => all(found, lanes, |found, lane| found as i64 == *lane),
        V128Pattern::F32x4(lanes) => {
            all(found, lanes, |found, lane| f32_matches(found as u32, lane))
        }
        V128Pattern::F64x2(lanes) => {
            all(found, lanes, |found, lane| f64_matches(found as u64, lane))
        }
    }
}
