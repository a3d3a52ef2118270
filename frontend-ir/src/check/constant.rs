//! Evaluating constant expressions: from a checked initialiser to its value.
//!
//! Children stand before their parents, so one pass over the expressions in order is enough, however long a chain is. A part that has no
//! value (a division by zero in the branch not taken) is a mistake only if the whole needs it.
//!
//! Invariant: integers are computed at their width and wrap as at run time, floats are rounded to nearest at every step.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "operators and constants come in a few kinds each, of which an operation is defined for one or two"
)]

use super::unit::SlotKind;
use super::world::{World, integer, normalise};
use crate::checked::{Body, Constant, DataKey, DefId, Expr, ExprId, ExprKind, Type};
use crate::ir::{BinaryOp, ValueType};
use crate::source::Span;

/// Names of the constants that scalar types have.
pub(crate) const ASSOCIATED: [&str; 8] =
    ["MIN", "MAX", "BITS", "EPSILON", "INFINITY", "NEG_INFINITY", "NAN", "MIN_POSITIVE"];

/// `i32::MAX`, `f64::EPSILON`, …: type and bits.
pub(crate) fn associated(ty: ValueType, name: &str) -> Option<(ValueType, u64)> {
    if let Some((width, signed)) = integer(ty) {
        let top = 1u64 << (width - 1);
        return Some(match name {
            "MIN" => (ty, if signed { normalise(ty, top) } else { 0 }),
            "MAX" => (ty, if signed { top - 1 } else { top | (top - 1) }),
            "BITS" => (ValueType::U32, u64::from(width)),
            _ => return None,
        });
    }
    let single = |value: f32| Some((ty, u64::from(value.to_bits())));
    let double = |value: f64| Some((ty, value.to_bits()));
    match (ty, name) {
        (ValueType::Char, "MAX") => Some((ty, u64::from(u32::from(char::MAX)))),
        (ValueType::F32, "MIN") => single(f32::MIN),
        (ValueType::F32, "MAX") => single(f32::MAX),
        (ValueType::F32, "EPSILON") => single(f32::EPSILON),
        (ValueType::F32, "INFINITY") => single(f32::INFINITY),
        (ValueType::F32, "NEG_INFINITY") => single(f32::NEG_INFINITY),
        (ValueType::F32, "NAN") => Some((ty, 0x7fc0_0000)),
        (ValueType::F32, "MIN_POSITIVE") => single(f32::MIN_POSITIVE),
        (ValueType::F64, "MIN") => double(f64::MIN),
        (ValueType::F64, "MAX") => double(f64::MAX),
        (ValueType::F64, "EPSILON") => double(f64::EPSILON),
        (ValueType::F64, "INFINITY") => double(f64::INFINITY),
        (ValueType::F64, "NEG_INFINITY") => double(f64::NEG_INFINITY),
        (ValueType::F64, "NAN") => Some((ty, 0x7ff8_0000_0000_0000)),
        (ValueType::F64, "MIN_POSITIVE") => double(f64::MIN_POSITIVE),
        _ => None,
    }
}

/// Why an expression has no value at compile time.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) span: Span,
    pub(crate) kind: ProblemKind,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum ProblemKind {
    /// Calls, loops, locals, …: says which.
    NotConstant(&'static str),
    /// The value of a `static mut`.
    Mutable(DefId),
    /// The value of something whose value depends on this one.
    Cycle(DefId),
    /// `x / 0`
    DivideByZero,
    /// `MIN / -1`
    Overflow,
    /// What was reported already.
    Reported,
}

type Value = Result<Constant, Problem>;

/// The value of every expression of `body`, by number; `spans` tell where they stand.
pub(crate) fn evaluate(world: World<'_>, body: &Body, spans: &[Span]) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::with_capacity(body.exprs.len());
    for (id, &span) in body.ids().zip(spans) {
        let Expr { kind, ty, at: _ } = &body[id];
        let value = value_of(world, body, &values, kind, &body[*ty], span);
        values.push(value);
    }
    values
}

fn value_of(
    world: World<'_>,
    body: &Body,
    values: &[Value],
    kind: &ExprKind,
    ty: &Type,
    span: Span,
) -> Value {
    let problem = |kind| Err(Problem { span, kind });
    let not = |what| Err(Problem { span, kind: ProblemKind::NotConstant(what) });
    let get = |id: ExprId| values[id.index()].clone();
    if *ty == Type::Error {
        return problem(ProblemKind::Reported);
    }
    match kind {
        ExprKind::Int(value) => Ok(Constant::Int(*value)),
        ExprKind::Float(bits) => Ok(float(ty, *bits)),
        ExprKind::Constant(constant) => Ok((**constant).clone()),
        ExprKind::Static(def) => {
            let slot = world.slot(*def);
            if slot.kind == SlotKind::StaticMut {
                return problem(ProblemKind::Mutable(*def));
            }
            if slot.owns_data() {
                return Ok(Constant::Segment(DataKey::Item(*def)));
            }
            if !world.is_library(def.module) && slot.decl.get().is_none() {
                return problem(ProblemKind::Cycle(*def));
            }
            Ok(world.global(*def).value.clone())
        }
        ExprKind::Neg(x) => Ok(match (get(*x)?, ty) {
            (Constant::Int(x), Type::Value(value)) => {
                Constant::Int(normalise(*value, x.wrapping_neg()))
            }
            (Constant::F32(x), _) => Constant::F32(x ^ 1 << 31),
            (Constant::F64(x), _) => Constant::F64(x ^ 1 << 63),
            _ => return not("this value is known only when the program is linked"),
        }),
        ExprKind::Not(x) => Ok(match (get(*x)?, ty) {
            (Constant::Int(x), Type::Value(ValueType::Bool)) => Constant::Int(x ^ 1),
            (Constant::Int(x), Type::Value(value)) => Constant::Int(normalise(*value, !x)),
            _ => return not("this value is known only when the program is linked"),
        }),
        ExprKind::Binary(op, a, b) => {
            binary(*op, body.ty(*a), &get(*a)?, &get(*b)?).map_err(|kind| Problem { span, kind })
        }
        ExprKind::And(a, b) => match get(*a)? {
            Constant::Int(0) => Ok(Constant::Int(0)),
            _ => get(*b),
        },
        ExprKind::Or(a, b) => match get(*a)? {
            Constant::Int(0) => get(*b),
            _ => Ok(Constant::Int(1)),
        },
        ExprKind::If(condition, yes, Some(no)) => match get(*condition)? {
            Constant::Int(0) => get(*no),
            _ => get(*yes),
        },
        ExprKind::Block { statements, tail: Some(tail) } if body[*statements].is_empty() => {
            get(*tail)
        }
        ExprKind::Cast(x) => cast(body.ty(*x), ty, get(*x)?).ok_or(Problem {
            span,
            kind: ProblemKind::NotConstant("an address is known only when the program is linked"),
        }),
        ExprKind::Field(base, field) => match get(*base)? {
            Constant::Struct(fields) => Ok(fields[*field as usize].clone()),
            _ => not("this value is known only when the program is linked"),
        },
        ExprKind::Struct(it) => {
            let mut fields = vec![Constant::Unit; it.fields.len()];
            for (field, value) in &it.fields {
                fields[*field as usize] = get(*value)?;
            }
            Ok(Constant::Struct(fields.into()))
        }
        ExprKind::Call(def, arguments) => match segment_query(world, *def) {
            Some(query) => match (get(body[*arguments][0])?, query) {
                (Constant::Segment(key), SegmentQuery::Address) => Ok(Constant::Address(key, 0)),
                (Constant::Segment(DataKey::Bytes(bytes)), SegmentQuery::Size) => {
                    Ok(Constant::Int(bytes.len() as u64))
                }
                (Constant::Segment(DataKey::Item(item)), SegmentQuery::Size) => {
                    if !world.is_library(item.module) && world.slot(item).decl.get().is_none() {
                        return problem(ProblemKind::Cycle(item));
                    }
                    world
                        .global(item)
                        .data
                        .as_ref()
                        .map_or(problem(ProblemKind::Reported), |data| Ok(Constant::Int(data.size)))
                }
                _ => not("this value is known only when the program is linked"),
            },
            None => not("a constant cannot call functions"),
        },
        ExprKind::CallPointer(..) | ExprKind::Become(_) => not("a constant cannot call functions"),
        ExprKind::Config(_) => not("this value is given by the linker"),
        ExprKind::Element(..) => not("a constant cannot read memory"),
        ExprKind::Scope(..) => not("a constant cannot allocate memory"),
        ExprKind::Wasm(..) => not("a constant cannot run instructions"),
        ExprKind::Local(_)
        | ExprKind::Assign(..)
        | ExprKind::AssignOp(..)
        | ExprKind::Block { .. }
        | ExprKind::LetStruct(..)
        | ExprKind::Let(..)
        | ExprKind::If(..)
        | ExprKind::Match(..)
        | ExprKind::Loop(_)
        | ExprKind::While(..)
        | ExprKind::For(_)
        | ExprKind::Break(..)
        | ExprKind::Continue(_)
        | ExprKind::Return(_) => not("a constant has no statements"),
    }
}

/// The methods of a segment that constants may call.
#[derive(Clone, Copy)]
pub(crate) enum SegmentQuery {
    Address,
    Size,
}

/// Whether `def` is `MemorySegment::address` or `MemorySegment::size`.
pub(crate) fn segment_query(world: World<'_>, def: DefId) -> Option<SegmentQuery> {
    let slot = world.slot(def);
    let owner = slot.owner.get()?;
    if !world.is_library(def.module) || !world.is_segment(&owner.ty()) {
        return None;
    }
    match &*slot.name {
        "address" => Some(SegmentQuery::Address),
        "size" => Some(SegmentQuery::Size),
        _ => None,
    }
}

fn float(ty: &Type, bits: u64) -> Constant {
    if *ty == Type::Value(ValueType::F32) {
        Constant::F32(bits as u32)
    } else {
        Constant::F64(bits)
    }
}

fn binary(op: BinaryOp, ty: &Type, a: &Constant, b: &Constant) -> Result<Constant, ProblemKind> {
    let unknown = ProblemKind::NotConstant("an address is known only when the program is linked");
    Ok(match (a, b) {
        (Constant::Int(a), Constant::Int(b)) => match ty {
            Type::Value(value) => Constant::Int(integers(op, *value, *a, *b)?),
            _ => return Err(unknown),
        },
        (Constant::F32(a), Constant::F32(b)) => {
            let (a, b) = (f32::from_bits(*a), f32::from_bits(*b));
            match op {
                BinaryOp::Add => f32_constant(a + b),
                BinaryOp::Sub => f32_constant(a - b),
                BinaryOp::Mul => f32_constant(a * b),
                BinaryOp::Div => f32_constant(a / b),
                _ => Constant::Int(u64::from(compare(op, a.partial_cmp(&b)))),
            }
        }
        (Constant::F64(a), Constant::F64(b)) => {
            let (a, b) = (f64::from_bits(*a), f64::from_bits(*b));
            match op {
                BinaryOp::Add => f64_constant(a + b),
                BinaryOp::Sub => f64_constant(a - b),
                BinaryOp::Mul => f64_constant(a * b),
                BinaryOp::Div => f64_constant(a / b),
                _ => Constant::Int(u64::from(compare(op, a.partial_cmp(&b)))),
            }
        }
        (Constant::Address(key, offset), Constant::Int(n)) if op == BinaryOp::Add => {
            Constant::Address(key.clone(), offset.wrapping_add(*n as i64))
        }
        (Constant::Int(n), Constant::Address(key, offset)) if op == BinaryOp::Add => {
            Constant::Address(key.clone(), offset.wrapping_add(*n as i64))
        }
        (Constant::Address(key, offset), Constant::Int(n)) if op == BinaryOp::Sub => {
            Constant::Address(key.clone(), offset.wrapping_sub(*n as i64))
        }
        _ => return Err(unknown),
    })
}

/// The result of an operation; every NaN is the canonical one, whatever the machine that compiles makes of it.
fn f32_constant(value: f32) -> Constant {
    Constant::F32(if value.is_nan() { 0x7fc0_0000 } else { value.to_bits() })
}

/// The same for `f64`.
fn f64_constant(value: f64) -> Constant {
    Constant::F64(if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits() })
}

fn compare(op: BinaryOp, order: Option<std::cmp::Ordering>) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match op {
        BinaryOp::Eq => order == Some(Equal),
        BinaryOp::Ne => order != Some(Equal),
        BinaryOp::Lt => order == Some(Less),
        BinaryOp::Le => matches!(order, Some(Less | Equal)),
        BinaryOp::Gt => order == Some(Greater),
        BinaryOp::Ge => matches!(order, Some(Greater | Equal)),
        BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div
        | BinaryOp::Rem
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Xor
        | BinaryOp::Shl
        | BinaryOp::Shr
        | BinaryOp::LogicalAnd
        | BinaryOp::LogicalOr => unreachable!("the checker lets only comparisons come here"),
    }
}

/// Integers, bools, chars and addresses.
fn integers(op: BinaryOp, ty: ValueType, a: u64, b: u64) -> Result<u64, ProblemKind> {
    let (width, signed) = integer(ty).unwrap_or((64, false));
    let wrap = |value| Ok(normalise(ty, value));
    let count = b as u32 & (width - 1);
    match op {
        BinaryOp::Add => wrap(a.wrapping_add(b)),
        BinaryOp::Sub => wrap(a.wrapping_sub(b)),
        BinaryOp::Mul => wrap(a.wrapping_mul(b)),
        BinaryOp::Div | BinaryOp::Rem if b == 0 => Err(ProblemKind::DivideByZero),
        BinaryOp::Div if signed && b as i64 == -1 && a == normalise(ty, 1 << (width - 1)) => {
            Err(ProblemKind::Overflow)
        }
        BinaryOp::Div if signed => wrap((a as i64).wrapping_div(b as i64) as u64),
        BinaryOp::Div => Ok(a / b),
        BinaryOp::Rem if signed => wrap((a as i64).wrapping_rem(b as i64) as u64),
        BinaryOp::Rem => Ok(a % b),
        BinaryOp::And => Ok(a & b),
        BinaryOp::Or => Ok(a | b),
        BinaryOp::Xor => Ok(a ^ b),
        BinaryOp::Shl => wrap(a << count),
        BinaryOp::Shr if signed => wrap(((a as i64) >> count) as u64),
        BinaryOp::Shr => Ok(a >> count),
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
            let order = if signed { (a as i64).cmp(&(b as i64)) } else { a.cmp(&b) };
            Ok(u64::from(compare(op, Some(order))))
        }
        BinaryOp::LogicalAnd | BinaryOp::LogicalOr => {
            unreachable!("these are expressions of their own")
        }
    }
}

/// `None` if the result is known only to the linker.
fn cast(from: &Type, to: &Type, value: Constant) -> Option<Constant> {
    let (Type::Value(target), Type::Value(source)) = (to, from) else {
        // A function pointer to or from an address: the same bits.
        return Some(value);
    };
    Some(match value {
        Constant::Int(bits) => match target {
            ValueType::F32 if integer(*source).is_some_and(|(_, signed)| signed) => {
                Constant::F32((bits as i64 as f32).to_bits())
            }
            ValueType::F64 if integer(*source).is_some_and(|(_, signed)| signed) => {
                Constant::F64((bits as i64 as f64).to_bits())
            }
            ValueType::F32 => Constant::F32((bits as f32).to_bits()),
            ValueType::F64 => Constant::F64((bits as f64).to_bits()),
            _ => Constant::Int(normalise(*target, bits)),
        },
        Constant::F32(bits) => float_cast(f64::from(f32::from_bits(bits)), *target, Some(bits)),
        Constant::F64(bits) => float_cast(f64::from_bits(bits), *target, None),
        Constant::V128(_)
        | Constant::Unit
        | Constant::Function(_)
        | Constant::Address(..)
        | Constant::Segment(_)
        | Constant::Struct(_) => return None,
    })
}

fn float_cast(value: f64, target: ValueType, single: Option<u32>) -> Constant {
    match target {
        ValueType::F32 => single.map_or_else(|| f32_constant(value as f32), Constant::F32),
        ValueType::F64 => f64_constant(value),
        ValueType::I8 => Constant::Int(value as i8 as u64),
        ValueType::U8 => Constant::Int(value as u8 as u64),
        ValueType::I16 => Constant::Int(value as i16 as u64),
        ValueType::U16 => Constant::Int(value as u16 as u64),
        ValueType::I32 => Constant::Int(value as i32 as u64),
        ValueType::U32 | ValueType::Addr => Constant::Int(value as u32 as u64),
        ValueType::I64 => Constant::Int(value as i64 as u64),
        ValueType::U64 => Constant::Int(value as u64),
        ValueType::Bool | ValueType::Char | ValueType::V128 => {
            unreachable!("the checker refuses such a cast")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_wrap_at_their_width() {
        use BinaryOp::{Add, Div, Lt, Mul, Rem, Shl, Shr};
        let s = |value: i64| value as u64;
        for (op, ty, a, b, result) in [
            (Add, ValueType::I8, 127, 1, Ok(s(-128))),
            (Add, ValueType::U8, 255, 1, Ok(0)),
            (Mul, ValueType::I32, 1 << 16, 1 << 16, Ok(0)),
            (Shl, ValueType::U8, 1, 9, Ok(2)),
            (Shr, ValueType::I16, s(-4), 1, Ok(s(-2))),
            (Shr, ValueType::U16, 0xfffc, 1, Ok(0x7ffe)),
            (Div, ValueType::I32, s(-7), 2, Ok(s(-3))),
            (Div, ValueType::I32, s(i64::from(i32::MIN)), s(-1), Err(ProblemKind::Overflow)),
            (Rem, ValueType::I32, s(i64::from(i32::MIN)), s(-1), Ok(0)),
            (Rem, ValueType::U64, 5, 0, Err(ProblemKind::DivideByZero)),
            (Lt, ValueType::I8, s(-1), 0, Ok(1)),
            (Lt, ValueType::Addr, u64::from(u32::MAX), 0, Ok(0)),
        ] {
            assert_eq!(integers(op, ty, a, b), result, "{op:?} {ty:?} {a} {b}");
        }
    }

    #[test]
    fn casts_follow_the_source_and_saturate() {
        let cast = |from, to, value| cast(&Type::Value(from), &Type::Value(to), value);
        assert_eq!(
            cast(ValueType::I8, ValueType::U32, Constant::Int(u64::MAX)),
            Some(Constant::Int(0xffff_ffff))
        );
        assert_eq!(
            cast(ValueType::F64, ValueType::U8, Constant::F64(300f64.to_bits())),
            Some(Constant::Int(255))
        );
        assert_eq!(
            cast(ValueType::F64, ValueType::I16, Constant::F64(f64::NAN.to_bits())),
            Some(Constant::Int(0))
        );
        assert_eq!(
            cast(ValueType::U64, ValueType::F32, Constant::Int(u64::MAX)),
            Some(Constant::F32(18_446_744_073_709_551_615f32.to_bits()))
        );
        assert_eq!(
            cast(ValueType::I64, ValueType::F64, Constant::Int(u64::MAX)),
            Some(Constant::F64((-1f64).to_bits()))
        );
    }

    #[test]
    fn types_have_their_constants() {
        assert_eq!(associated(ValueType::I8, "MIN"), Some((ValueType::I8, -128i64 as u64)));
        assert_eq!(associated(ValueType::U64, "MAX"), Some((ValueType::U64, u64::MAX)));
        assert_eq!(associated(ValueType::Addr, "BITS"), Some((ValueType::U32, 32)));
        assert_eq!(associated(ValueType::Bool, "MAX"), None);
    }
}
