//! Operators, conversions and library methods on values, as docs/language.md defines them.

use crate::ast::{BinaryOp, Int, Method, Template, Ty, UnaryOp, Value};

/// Why a program traps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Trap {
    DivideByZero,
    Overflow,
    Unreachable,
    NullCall,
    BadSignature,
    /// An access outside a segment; the offset may be any number.
    Bounds {
        offset: i128,
        width: u64,
        size: u64,
    },
    SizeMismatch {
        target: u64,
        source: u64,
    },
}

/// What is no program: operands that the checker would have refused.
#[derive(Debug)]
pub(crate) struct IllTyped;

/// The outcome of an operator: a value, a trap, or nonsense.
pub(crate) type Outcome = Result<Result<Value, Trap>, IllTyped>;

fn fine(value: Value) -> Outcome {
    Ok(Ok(value))
}

pub(crate) fn unary(op: UnaryOp, value: Value) -> Outcome {
    fine(match (op, value) {
        (UnaryOp::Neg, Value::Int(int, x)) if int.signed() => Value::Int(int, int.wrap(-x)),
        (UnaryOp::Neg, Value::F32(x)) => Value::F32(-x),
        (UnaryOp::Neg, Value::F64(x)) => Value::F64(-x),
        (UnaryOp::Not, Value::Int(int, x)) => Value::Int(int, int.wrap(!x)),
        (UnaryOp::Not, Value::Bool(x)) => Value::Bool(!x),
        _ => return Err(IllTyped),
    })
}

pub(crate) fn binary(op: BinaryOp, left: Value, right: Value) -> Outcome {
    match (left, right) {
        (Value::Int(int, a), Value::Int(_, b)) if matches!(op, BinaryOp::Shl | BinaryOp::Shr) => {
            // The count's two's complement, modulo the width.
            let count = b & i128::from(int.width() - 1);
            let shifted = if op == BinaryOp::Shl { a << count } else { a >> count };
            fine(Value::Int(int, int.wrap(shifted)))
        }
        (Value::Int(int, a), Value::Int(other, b)) if int == other => integers(op, int, a, b),
        (Value::Bool(a), Value::Bool(b)) => fine(Value::Bool(match op {
            BinaryOp::And => a & b,
            BinaryOp::Or => a | b,
            BinaryOp::Xor => a ^ b,
            _ => return compare(op, a.partial_cmp(&b)),
        })),
        (Value::Char(a), Value::Char(b)) => compare(op, a.partial_cmp(&b)),
        (Value::F32(a), Value::F32(b)) => match op {
            BinaryOp::Add => fine(Value::F32(a + b)),
            BinaryOp::Sub => fine(Value::F32(a - b)),
            BinaryOp::Mul => fine(Value::F32(a * b)),
            BinaryOp::Div => fine(Value::F32(a / b)),
            _ => compare(op, a.partial_cmp(&b)),
        },
        (Value::F64(a), Value::F64(b)) => match op {
            BinaryOp::Add => fine(Value::F64(a + b)),
            BinaryOp::Sub => fine(Value::F64(a - b)),
            BinaryOp::Mul => fine(Value::F64(a * b)),
            BinaryOp::Div => fine(Value::F64(a / b)),
            _ => compare(op, a.partial_cmp(&b)),
        },
        _ => Err(IllTyped),
    }
}

/// `ordering` is none where a NaN is compared: then only `!=` holds.
fn compare(op: BinaryOp, ordering: Option<std::cmp::Ordering>) -> Outcome {
    fine(Value::Bool(match op {
        BinaryOp::Eq => ordering.is_some_and(|o| o.is_eq()),
        BinaryOp::Ne => ordering.is_none_or(|o| o.is_ne()),
        BinaryOp::Lt => ordering.is_some_and(|o| o.is_lt()),
        BinaryOp::Le => ordering.is_some_and(|o| o.is_le()),
        BinaryOp::Gt => ordering.is_some_and(|o| o.is_gt()),
        BinaryOp::Ge => ordering.is_some_and(|o| o.is_ge()),
        _ => return Err(IllTyped),
    }))
}

fn integers(op: BinaryOp, int: Int, a: i128, b: i128) -> Outcome {
    let value = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::Div | BinaryOp::Rem if b == 0 => return Ok(Err(Trap::DivideByZero)),
        BinaryOp::Div if a / b > int.max() => return Ok(Err(Trap::Overflow)),
        BinaryOp::Div => a / b,
        BinaryOp::Rem => a % b,
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        _ => return compare(op, a.partial_cmp(&b)),
    };
    fine(Value::Int(int, int.wrap(value)))
}

pub(crate) fn cast(value: Value, ty: Ty) -> Outcome {
    // A float saturates, NaN is 0.
    let saturate = |x: f64, int: Int| {
        if x.is_nan() { 0 } else { (x.trunc() as i128).clamp(int.min(), int.max()) }
    };
    fine(match (value, ty) {
        (Value::Int(Int::U8, x), Ty::Char) => Value::Char(char::from(x as u8)),
        (Value::Int(_, x), Ty::Int(int)) => Value::Int(int, int.wrap(x)),
        (Value::Int(_, x), Ty::F32) => Value::F32(x as f32),
        (Value::Int(_, x), Ty::F64) => Value::F64(x as f64),
        (Value::Bool(x), Ty::Int(int)) => Value::Int(int, i128::from(x)),
        (Value::Char(x), Ty::Int(int)) => Value::Int(int, int.wrap(i128::from(u32::from(x)))),
        (Value::F32(x), Ty::Int(int)) => Value::Int(int, saturate(f64::from(x), int)),
        (Value::F64(x), Ty::Int(int)) => Value::Int(int, saturate(x, int)),
        (Value::F32(x), Ty::F32) => Value::F32(x),
        (Value::F32(x), Ty::F64) => Value::F64(f64::from(x)),
        (Value::F64(x), Ty::F32) => Value::F32(x as f32),
        (Value::F64(x), Ty::F64) => Value::F64(x),
        (Value::Bool(x), Ty::Bool) => Value::Bool(x),
        (Value::Char(x), Ty::Char) => Value::Char(x),
        _ => return Err(IllTyped),
    })
}

/// The parameters after the receiver, and the result; none if values of `ty` don't have the method.
pub(crate) fn method_signature(method: Method, ty: Ty) -> Option<(Vec<Ty>, Ty)> {
    use Method as M;
    let count = Ty::Int(Int::U32);
    let unsigned = |int: Int| match int {
        Int::I8 => Int::U8,
        Int::I16 => Int::U16,
        Int::I32 => Int::U32,
        Int::I64 => Int::U64,
        Int::U8 | Int::U16 | Int::U32 | Int::U64 | Int::Addr => int,
    };
    match (method, ty) {
        (M::Min | M::Max, Ty::Int(_)) => Some((vec![ty], ty)),
        (M::IsPowerOfTwo, Ty::Int(int)) if !int.signed() => Some((vec![], Ty::Bool)),
        (_, Ty::Int(Int::Addr)) => None,
        (M::RotateLeft | M::RotateRight | M::Pow, Ty::Int(_)) => Some((vec![count], ty)),
        (M::LeadingZeros | M::TrailingZeros | M::CountOnes, Ty::Int(_)) => Some((vec![], count)),
        (M::ReverseBits, Ty::Int(_)) => Some((vec![], ty)),
        (M::AbsDiff, Ty::Int(int)) => Some((vec![ty], Ty::Int(unsigned(int)))),
        (M::SaturatingAdd | M::SaturatingSub | M::SaturatingMul, Ty::Int(_)) => {
            Some((vec![ty], ty))
        }
        (M::MultiplyHigh, Ty::Int(int)) if int.width() >= 32 => Some((vec![ty], ty)),
        (M::Abs | M::Signum, Ty::Int(int)) if int.signed() => Some((vec![], ty)),
        (M::DivEuclid | M::RemEuclid, Ty::Int(int)) if int.signed() => Some((vec![ty], ty)),
        (
            M::Abs | M::Sqrt | M::Floor | M::Ceil | M::Trunc | M::RoundTiesEven | M::Round,
            Ty::F32 | Ty::F64,
        ) => Some((vec![], ty)),
        (M::Min | M::Max | M::Minimum | M::Maximum | M::Copysign, Ty::F32 | Ty::F64) => {
            Some((vec![ty], ty))
        }
        (M::IsNan, Ty::F32 | Ty::F64) => Some((vec![], Ty::Bool)),
        _ => None,
    }
}

pub(crate) const METHODS: [(Method, &str); 29] = [
    (Method::RotateLeft, "rotate_left"),
    (Method::RotateRight, "rotate_right"),
    (Method::LeadingZeros, "leading_zeros"),
    (Method::TrailingZeros, "trailing_zeros"),
    (Method::CountOnes, "count_ones"),
    (Method::ReverseBits, "reverse_bits"),
    (Method::Min, "min"),
    (Method::Max, "max"),
    (Method::Abs, "abs"),
    (Method::AbsDiff, "abs_diff"),
    (Method::Signum, "signum"),
    (Method::SaturatingAdd, "saturating_add"),
    (Method::SaturatingSub, "saturating_sub"),
    (Method::SaturatingMul, "saturating_mul"),
    (Method::MultiplyHigh, "multiply_high"),
    (Method::DivEuclid, "div_euclid"),
    (Method::RemEuclid, "rem_euclid"),
    (Method::Pow, "pow"),
    (Method::IsPowerOfTwo, "is_power_of_two"),
    (Method::Sqrt, "sqrt"),
    (Method::Floor, "floor"),
    (Method::Ceil, "ceil"),
    (Method::Trunc, "trunc"),
    (Method::RoundTiesEven, "round_ties_even"),
    (Method::Round, "round"),
    (Method::Minimum, "minimum"),
    (Method::Maximum, "maximum"),
    (Method::Copysign, "copysign"),
    (Method::IsNan, "is_nan"),
];

pub(crate) fn method(method: Method, values: &[Value]) -> Outcome {
    match *values {
        [Value::Int(int, x)] => integer_method(method, int, x, 0),
        [Value::Int(int, x), Value::Int(_, y)] => integer_method(method, int, x, y),
        [Value::F32(x)] => match method {
            Method::IsNan => fine(Value::Bool(x.is_nan())),
            _ => float_method(method, f64::from(x), 0.0).map(|x| Ok(Value::F32(x as f32))),
        },
        [Value::F32(x), Value::F32(y)] => {
            float_method(method, f64::from(x), f64::from(y)).map(|x| Ok(Value::F32(x as f32)))
        }
        [Value::F64(x)] => match method {
            Method::IsNan => fine(Value::Bool(x.is_nan())),
            _ => float_method(method, x, 0.0).map(|x| Ok(Value::F64(x))),
        },
        [Value::F64(x), Value::F64(y)] => float_method(method, x, y).map(|x| Ok(Value::F64(x))),
        _ => Err(IllTyped),
    }
}

/// In f64, which is right for f32 too: all but the root are exact, and a root rounded twice from this many bits is rounded right.
fn float_method(method: Method, x: f64, y: f64) -> Result<f64, IllTyped> {
    Ok(match method {
        Method::Abs => x.abs(),
        Method::Sqrt => x.sqrt(),
        Method::Floor => x.floor(),
        Method::Ceil => x.ceil(),
        Method::Trunc => x.trunc(),
        Method::RoundTiesEven => x.round_ties_even(),
        Method::Round => x.round(),
        Method::Copysign => x.copysign(y),
        // Which of two zeros is the smaller, Rust leaves open: the library takes the second.
        Method::Min if x < y || y.is_nan() => x,
        Method::Max if x > y || y.is_nan() => x,
        Method::Min | Method::Max => y,
        Method::Minimum | Method::Maximum if x.is_nan() || y.is_nan() => f64::NAN,
        Method::Minimum if x == y => {
            if x.is_sign_negative() {
                x
            } else {
                y
            }
        }
        Method::Maximum if x == y => {
            if x.is_sign_negative() {
                y
            } else {
                x
            }
        }
        Method::Minimum => x.min(y),
        Method::Maximum => x.max(y),
        _ => return Err(IllTyped),
    })
}

fn integer_method(method: Method, int: Int, x: i128, y: i128) -> Outcome {
    let width = int.width();
    let bits = (x & ((1 << width) - 1)) as u64;
    let own = |value: i128| Ok(Ok(Value::Int(int, int.wrap(value))));
    let count = |value: u32| fine(Value::Int(Int::U32, i128::from(value)));
    let rotate = |by: i128| {
        let by = by.rem_euclid(i128::from(width)) as u32;
        let wide = u128::from(bits) << by;
        own((wide | wide >> width) as i128)
    };
    match method {
        Method::RotateLeft => rotate(y),
        Method::RotateRight => rotate(-y),
        Method::LeadingZeros => count(bits.leading_zeros() - (64 - width)),
        Method::TrailingZeros => count(bits.trailing_zeros().min(width)),
        Method::CountOnes => count(bits.count_ones()),
        Method::ReverseBits => own(i128::from(bits.reverse_bits() >> (64 - width))),
        Method::Min => own(x.min(y)),
        Method::Max => own(x.max(y)),
        Method::Abs => own(x.abs()),
        Method::AbsDiff => match method_signature(method, Ty::Int(int)) {
            Some((_, Ty::Int(result))) => fine(Value::Int(result, (x - y).abs())),
            _ => Err(IllTyped),
        },
        Method::Signum => own(x.signum()),
        Method::SaturatingAdd => own((x + y).clamp(int.min(), int.max())),
        Method::SaturatingSub => own((x - y).clamp(int.min(), int.max())),
        // Two u64 may need all 128 bits.
        Method::SaturatingMul => {
            own(x.checked_mul(y).unwrap_or(i128::MAX).clamp(int.min(), int.max()))
        }
        Method::MultiplyHigh if int.signed() => own((x * y) >> width),
        Method::MultiplyHigh => own(((x as u128 * y as u128) >> width) as i128),
        Method::DivEuclid | Method::RemEuclid if y == 0 => Ok(Err(Trap::DivideByZero)),
        Method::DivEuclid if x.div_euclid(y) > int.max() => Ok(Err(Trap::Overflow)),
        Method::DivEuclid => own(x.div_euclid(y)),
        Method::RemEuclid => own(x.rem_euclid(y)),
        Method::Pow => {
            let (mut result, mut base, mut left) = (1i128, x, y);
            while left != 0 {
                if left & 1 != 0 {
                    result = int.wrap(result.wrapping_mul(base));
                }
                base = int.wrap(base.wrapping_mul(base));
                left >>= 1;
            }
            own(result)
        }
        Method::IsPowerOfTwo => fine(Value::Bool(bits.is_power_of_two())),
        _ => Err(IllTyped),
    }
}

/// Parameters and result of a template; one that does not complete has none.
pub(crate) fn template_signature(template: Template) -> (Vec<Ty>, Option<Ty>) {
    let (i32, i64, u8) = (Ty::Int(Int::I32), Ty::Int(Int::I64), Ty::Int(Int::U8));
    match template {
        Template::Below => (vec![i32, i32], Some(i32)),
        Template::Over => (vec![i64, i64], Some(i64)),
        Template::Choose => (vec![Ty::Bool, u8, u8], Some(u8)),
        Template::Narrow => (vec![i64], Some(Ty::Int(Int::I8))),
        Template::Fail => (vec![], None),
    }
}

pub(crate) fn template(template: Template, values: &[Value]) -> Outcome {
    match (template, values) {
        (Template::Below, [a, b]) => binary(BinaryOp::Sub, b.clone(), a.clone()),
        (Template::Over, [a, b]) => binary(BinaryOp::Div, b.clone(), a.clone()),
        (Template::Choose, [Value::Bool(c), a, b]) => fine(if *c { a.clone() } else { b.clone() }),
        (Template::Narrow, [a]) => cast(a.clone(), Ty::Int(Int::I8)),
        (Template::Fail, []) => Ok(Err(Trap::Unreachable)),
        _ => Err(IllTyped),
    }
}
