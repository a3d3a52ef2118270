//! Values and types that cross the border between host and guest, and their text.
//!
//! Invariant: equality is equality of bits (`-0.0 ≠ 0.0`, a NaN equals itself), and what
//! `Display` prints of a number, [`Value::parse`] reads back as the same bits.

use crate::error::Error;
use std::fmt;
use std::str::FromStr;
use wasmtime::{HeapType, RefType, Val, ValType};

/// The type of a value of WebAssembly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// A 32-bit integer of either sign.
    I32,
    /// A 64-bit integer of either sign.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// 128 bits.
    V128,
    /// A reference, as the text format writes it: `(ref null func)`.
    Reference(String),
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueType::I32 => "i32",
            ValueType::I64 => "i64",
            ValueType::F32 => "f32",
            ValueType::F64 => "f64",
            ValueType::V128 => "v128",
            ValueType::Reference(text) => text,
        })
    }
}

impl ValueType {
    pub(crate) fn from_wasmtime(ty: &ValType) -> ValueType {
        match ty {
            ValType::I32 => ValueType::I32,
            ValType::I64 => ValueType::I64,
            ValType::F32 => ValueType::F32,
            ValType::F64 => ValueType::F64,
            ValType::V128 => ValueType::V128,
            ValType::Ref(reference) => ValueType::Reference(reference.to_string()),
        }
    }

    /// The number type; a reference type written as text has none.
    pub(crate) fn to_wasmtime(&self) -> Result<ValType, Error> {
        Ok(match self {
            ValueType::I32 => ValType::I32,
            ValueType::I64 => ValType::I64,
            ValueType::F32 => ValType::F32,
            ValueType::F64 => ValType::F64,
            ValueType::V128 => ValType::V128,
            ValueType::Reference(text) => {
                return Err(Error::new(format!("a host function cannot have the type {text}")));
            }
        })
    }
}

/// Parameters and results of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The types of the parameters, in order.
    pub params: Vec<ValueType>,
    /// The types of the results, in order.
    pub results: Vec<ValueType>,
}

impl Signature {
    /// A signature of these parameters and results.
    pub fn new(
        params: impl IntoIterator<Item = ValueType>,
        results: impl IntoIterator<Item = ValueType>,
    ) -> Signature {
        Signature { params: params.into_iter().collect(), results: results.into_iter().collect() }
    }

    pub(crate) fn from_wasmtime(ty: &wasmtime::FuncType) -> Signature {
        Signature::new(
            ty.params().map(|ty| ValueType::from_wasmtime(&ty)),
            ty.results().map(|ty| ValueType::from_wasmtime(&ty)),
        )
    }
}

/// `(i32, i64) -> (f64)`.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValueType]| {
            f.write_str("(")?;
            for (at, ty) in types.iter().enumerate() {
                if at > 0 {
                    f.write_str(", ")?;
                }
                write!(f, "{ty}")?;
            }
            f.write_str(")")
        };
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        list(f, &self.results)
    }
}

/// A value of WebAssembly.
#[derive(Clone, Debug)]
pub enum Value {
    /// A 32-bit integer; printed signed.
    I32(i32),
    /// A 64-bit integer; printed signed.
    I64(i64),
    /// A 32-bit float.
    F32(f32),
    /// A 64-bit float.
    F64(f64),
    /// 128 bits, lane 0 in the lowest.
    V128(u128),
    /// The null reference of any type.
    Null,
    /// A reference that is not null. It is opaque: it can be seen, not passed back.
    Reference,
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::I32(a), Value::I32(b)) => a == b,
            (Value::I64(a), Value::I64(b)) => a == b,
            (Value::F32(a), Value::F32(b)) => a.to_bits() == b.to_bits(),
            (Value::F64(a), Value::F64(b)) => a.to_bits() == b.to_bits(),
            (Value::V128(a), Value::V128(b)) => a == b,
            (Value::Null, Value::Null) => true,
            // Two opaque references may or may not be the same object: nobody can say.
            _ => false,
        }
    }
}

impl Value {
    /// The value's type; a reference has the type its place declares.
    pub fn ty(&self) -> ValueType {
        match self {
            Value::I32(_) => ValueType::I32,
            Value::I64(_) => ValueType::I64,
            Value::F32(_) => ValueType::F32,
            Value::F64(_) => ValueType::F64,
            Value::V128(_) => ValueType::V128,
            Value::Null | Value::Reference => ValueType::Reference("reference".to_owned()),
        }
    }

    /// An integer, widened without its sign; nothing for other values.
    pub fn unsigned(&self) -> Option<u64> {
        match *self {
            Value::I32(value) => Some(u64::from(value.cast_unsigned())),
            Value::I64(value) => Some(value.cast_unsigned()),
            Value::F32(_) | Value::F64(_) | Value::V128(_) | Value::Null | Value::Reference => None,
        }
    }

    /// Reads a literal as a value of `ty`. Integers are decimal or hexadecimal with a sign, `_`
    /// between digits, `true`, `false`, or a character in quotes, and may use either sign's range; floats are
    /// decimal, hexadecimal (`0x1.8p3`), `inf`, `nan` or `nan:0x200000`, and may be integers.
    ///
    /// # Errors
    /// When the text is no such literal or does not fit.
    pub fn parse(text: &str, ty: &ValueType) -> Result<Value, Error> {
        let bad = || Error::new(format!("`{text}` is not a value of type {ty}"));
        Ok(match ty {
            ValueType::I32 => Value::I32(integer(text, 32).ok_or_else(bad)? as i32),
            ValueType::I64 => Value::I64(integer(text, 64).ok_or_else(bad)? as i64),
            ValueType::V128 => Value::V128(integer(text, 128).ok_or_else(bad)?),
            ValueType::F32 => Value::F32(float32(text).ok_or_else(bad)?),
            ValueType::F64 => Value::F64(float64(text).ok_or_else(bad)?),
            ValueType::Reference(_) if text == "null" => Value::Null,
            ValueType::Reference(_) => return Err(bad()),
        })
    }

    pub(crate) fn from_wasmtime(value: &Val) -> Value {
        let reference = |is_null| if is_null { Value::Null } else { Value::Reference };
        match value {
            Val::I32(value) => Value::I32(*value),
            Val::I64(value) => Value::I64(*value),
            Val::F32(bits) => Value::F32(f32::from_bits(*bits)),
            Val::F64(bits) => Value::F64(f64::from_bits(*bits)),
            Val::V128(value) => Value::V128(value.as_u128()),
            Val::FuncRef(value) => reference(value.is_none()),
            Val::ExternRef(value) => reference(value.is_none()),
            Val::AnyRef(value) => reference(value.is_none()),
            Val::ExnRef(value) => reference(value.is_none()),
            Val::ContRef(value) => reference(value.is_none()),
        }
    }

    /// The same value for a place of type `ty`, or nothing if it does not go there.
    pub(crate) fn to_wasmtime(&self, ty: &ValType) -> Option<Val> {
        Some(match (self, ty) {
            (Value::I32(value), ValType::I32) => Val::I32(*value),
            (Value::I64(value), ValType::I64) => Val::I64(*value),
            (Value::F32(value), ValType::F32) => Val::F32(value.to_bits()),
            (Value::F64(value), ValType::F64) => Val::F64(value.to_bits()),
            (Value::V128(value), ValType::V128) => Val::V128((*value).into()),
            (Value::Null, ValType::Ref(reference)) if reference.is_nullable() => null(reference),
            _ => return None,
        })
    }
}

fn null(reference: &RefType) -> Val {
    // The hierarchies have five tops; everything of the GC proposal is under `any`.
    let top = reference.heap_type().top();
    if matches!(top, HeapType::Func) {
        Val::FuncRef(None)
    } else if matches!(top, HeapType::Extern) {
        Val::ExternRef(None)
    } else if matches!(top, HeapType::Exn) {
        Val::ExnRef(None)
    } else if matches!(top, HeapType::Cont) {
        Val::ContRef(None)
    } else {
        Val::AnyRef(None)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::I32(value) => write!(f, "{value}"),
            Value::I64(value) => write!(f, "{value}"),
            Value::F32(value) if value.is_nan() => {
                let bits = value.to_bits();
                nan(f, bits >> 31 != 0, u64::from(bits & 0x7f_ffff), 0x40_0000)
            }
            Value::F64(value) if value.is_nan() => {
                let bits = value.to_bits();
                nan(f, bits >> 63 != 0, bits & 0xf_ffff_ffff_ffff, 0x8_0000_0000_0000)
            }
            // Rust's own: shortest round-trip, always with a point or an exponent.
            Value::F32(value) => write!(f, "{value:?}"),
            Value::F64(value) => write!(f, "{value:?}"),
            Value::V128(value) => write!(f, "{value:#034x}"),
            Value::Null => f.write_str("null"),
            Value::Reference => f.write_str("reference"),
        }
    }
}

fn nan(f: &mut fmt::Formatter<'_>, negative: bool, payload: u64, canonical: u64) -> fmt::Result {
    f.write_str(if negative { "-nan" } else { "nan" })?;
    if payload == canonical { Ok(()) } else { write!(f, ":{payload:#x}") }
}

/// A literal whose type is its suffix (`6i64`, `1.5f32`), else `i32`, `i64` if that is too small,
/// or `f64` for what only a float can be.
impl FromStr for Value {
    type Err = Error;

    fn from_str(text: &str) -> Result<Value, Error> {
        const SUFFIXES: [(&str, ValueType); 7] = [
            ("i32", ValueType::I32),
            ("u32", ValueType::I32),
            ("i64", ValueType::I64),
            ("u64", ValueType::I64),
            ("f32", ValueType::F32),
            ("f64", ValueType::F64),
            ("v128", ValueType::V128),
        ];
        let hexadecimal = text.contains("0x") && !text.contains(['.', 'p']);
        for (suffix, ty) in &SUFFIXES {
            // `0xf32` is a number: hexadecimal digits win over a float suffix.
            let digits = hexadecimal && suffix.starts_with('f');
            if let Some(literal) = text.strip_suffix(suffix).filter(|_| !digits) {
                return Value::parse(literal, ty);
            }
        }
        if text == "null" {
            return Ok(Value::Null);
        }
        [ValueType::I32, ValueType::I64, ValueType::F64]
            .iter()
            .find_map(|ty| Value::parse(text, ty).ok())
            .ok_or_else(|| Error::new(format!("`{text}` is not a value")))
    }
}

/// Two's complement of an integer literal in the union of the signed and unsigned range.
fn integer(text: &str, bits: u32) -> Option<u128> {
    match text {
        "true" => return Some(1),
        "false" => return Some(0),
        _ => (),
    }
    if let Some(quoted) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        let mut chars = quoted.chars();
        let first = chars.next()?;
        return chars.next().is_none().then_some(u128::from(u32::from(first)));
    }
    let (negative, digits) = sign(text);
    let magnitude = match digits.strip_prefix("0x") {
        Some(digits) => u128::from_str_radix(&grouped(digits)?, 16).ok()?,
        None => grouped(digits)?.parse::<u128>().ok()?,
    };
    let limit = if negative { 1 << (bits - 1) } else { u128::MAX >> (128 - bits) };
    (magnitude <= limit).then_some(if negative { magnitude.wrapping_neg() } else { magnitude })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The digits without `_`; nothing if a second sign or no digit leads.
fn grouped(digits: &str) -> Option<String> {
    digits.starts_with(|c: char| c.is_ascii_hexdigit()).then(|| digits.replace('_', ""))
}

fn float32(text: &str) -> Option<f32> {
    let (negative, magnitude) = sign(text);
    let value = if let Some(payload) = nan_payload(magnitude, 23) {
        f32::from_bits(0x7f80_0000 | u32::try_from(payload?).ok()?)
    } else if let Some(digits) = magnitude.strip_prefix("0x") {
        let value = hexadecimal(digits)?;
        // Only what is exact: a rounded hexadecimal literal is a mistake.
        Some(value as f32).filter(|narrow| f64::from(*narrow) == value)?
    } else {
        decimal(magnitude)?.parse().ok()?
    };
    Some(if negative { -value } else { value })
}

fn float64(text: &str) -> Option<f64> {
    let (negative, magnitude) = sign(text);
    let value = if let Some(payload) = nan_payload(magnitude, 52) {
        f64::from_bits(0x7ff0_0000_0000_0000 | payload?)
    } else if let Some(digits) = magnitude.strip_prefix("0x") {
        hexadecimal(digits)?
    } else {
        decimal(magnitude)?.parse().ok()?
    };
    Some(if negative { -value } else { value })
}

/// The mantissa of `nan` or `nan:0x…` with `width` bits: outer nothing if it is no NaN at all.
fn nan_payload(text: &str, width: u32) -> Option<Option<u64>> {
    let rest = text.strip_prefix("nan")?;
    if rest.is_empty() {
        return Some(Some(1 << (width - 1)));
    }
    let payload = rest.strip_prefix(":0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    // A mantissa of zero would be an infinity.
    Some(payload.filter(|&payload| payload > 0 && payload < 1 << width))
}

/// What Rust may parse as a float: it also takes words (`infinity`) that are no literals here.
fn decimal(text: &str) -> Option<String> {
    if text == "inf" || text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(text.replace('_', ""));
    }
    None
}

/// `1.8p3` after `0x`, exactly; nothing if it needs rounding.
fn hexadecimal(digits: &str) -> Option<f64> {
    const MANTISSA_BITS: u32 = 53;
    let (mantissa, exponent) = digits.split_once('p').unwrap_or((digits, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = grouped(&format!("{whole}{fraction}"))?;
    let value = u64::from_str_radix(&all, 16).ok()?;
    if value == 0 {
        return Some(0.0);
    }
    let scale = exponent.checked_sub(i32::try_from(fraction.replace('_', "").len()).ok()? * 4)?;
    let zeros = value.trailing_zeros();
    let odd = value >> zeros;
    if u64::BITS - odd.leading_zeros() > MANTISSA_BITS {
        return None;
    }
    // `odd` is exact in a float; powers of two keep it so unless the range ends. Halving twice
    // reaches the subnormals without `powi` overflowing on the way.
    let scale = scale.checked_add_unsigned(zeros)?;
    if !(-1200..=1200).contains(&scale) {
        return None;
    }
    let result = odd as f64 * 2f64.powi(scale / 2) * 2f64.powi(scale - scale / 2);
    let back = result * 2f64.powi(-(scale / 2)) * 2f64.powi(-(scale - scale / 2));
    (result.is_finite() && back == odd as f64).then_some(result)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn numbers_print_and_parse_back_to_the_same_bits() {
        for value in [
            Value::I32(6),
            Value::I32(i32::MIN),
            Value::I64(i64::MIN),
            Value::F32(-1.5),
            Value::F32(1e-45),
            Value::F32(-0.0),
            Value::F64(0.1 + 0.2),
            Value::F64(f64::MAX),
            Value::F64(5e-324),
            Value::F64(f64::NEG_INFINITY),
            Value::F64(f64::from_bits(0x7ff8_0000_0000_0000)),
            Value::F64(f64::from_bits(0xfff0_0000_0000_0001)),
            Value::F32(f32::from_bits(0x7fa0_0000)),
            Value::V128(u128::MAX - 7),
        ] {
            let text = value.to_string();
            assert_eq!(Value::parse(&text, &value.ty()).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn literals_have_the_spelling_of_the_language() {
        let is = |text: &str, value: Value| {
            assert_eq!(text.parse::<Value>().unwrap(), value, "{text}");
        };
        is("6", Value::I32(6));
        is("-6i64", Value::I64(-6));
        is("4294967295", Value::I32(-1));
        is("4294967296", Value::I64(1 << 32));
        is("0xf32", Value::I32(0xf32));
        is("1_000", Value::I32(1000));
        is("true", Value::I32(1));
        is("'a'", Value::I32(97));
        is("1.5", Value::F64(1.5));
        is("2f32", Value::F32(2.0));
        is("0x1.8p3", Value::F64(12.0));
        is("0x1p-1074", Value::F64(5e-324));
        is("nan", Value::F64(f64::from_bits(0x7ff8_0000_0000_0000)));
        is("-inf", Value::F64(f64::NEG_INFINITY));
        for text in ["", "-", "--1", "+-1", "infinity", "0x", "nan:0x0", "1.2.3", "'ab'", "_1"] {
            assert!(text.parse::<Value>().is_err(), "{text}");
        }
        assert!(Value::parse("4294967296", &ValueType::I32).is_err());
        assert!(Value::parse("-2147483649", &ValueType::I32).is_err());
        assert!(Value::parse("0x1.0000001p0", &ValueType::F32).is_err());
    }

    #[test]
    fn equality_is_of_bits() {
        assert_ne!(Value::F64(0.0), Value::F64(-0.0));
        assert_eq!(Value::F64(f64::NAN), Value::F64(f64::NAN));
        assert_ne!(Value::I32(1), Value::I64(1));
        assert_ne!(Value::Reference, Value::Reference);
    }
}
