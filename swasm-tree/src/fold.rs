//! Constants ⇒ constants while building: `(i32.add (i32.const 1) (i32.const 2))` ⇒ `(i32.const 3)`.
//!
//! Invariant: exactly WebAssembly's semantics. Nothing that traps is folded; a float is folded only where the result is
//! not NaN or its bits are exact (`neg`, `abs`, `copysign`, reinterpretation), since NaN bits are the engine's choice.

use crate::{Body, Fold, NodeId, Op, Shape, Symbol, View};

/// A constant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Const {
    /// An `i32`.
    I32(i32),
    /// An `i64`.
    I64(i64),
    /// An `f32`, as bits.
    F32(u32),
    /// An `f64`, as bits.
    F64(u64),
}

impl Const {
    /// Whether all bits are zero.
    pub fn is_zero(self) -> bool {
        match self {
            Const::I32(value) => value == 0,
            Const::I64(value) => value == 0,
            Const::F32(bits) => bits == 0,
            Const::F64(bits) => bits == 0,
        }
    }

    /// The value of an integer, sign-extended.
    pub fn integer(self) -> Option<i64> {
        match self {
            Const::I32(value) => Some(i64::from(value)),
            Const::I64(value) => Some(value),
            Const::F32(_) | Const::F64(_) => None,
        }
    }
}

impl Body {
    /// The constant a node is, if it is one of a number type.
    #[inline]
    pub fn constant(&self, id: NodeId) -> Option<Const> {
        let op = self.op(id);
        // Asked of every operand: most are not constants.
        if op.row().fold != Fold::Const {
            return None;
        }
        if let View::I32(value) = self.view(id) {
            return Some(Const::I32(value));
        }
        if let View::I64(value) = self.view(id) {
            return Some(Const::I64(value));
        }
        if let View::F32(bits) = self.view(id) {
            return Some(Const::F32(bits));
        }
        if let View::F64(bits) = self.view(id) {
            return Some(Const::F64(bits));
        }
        None
    }

    /// A node for a constant.
    pub fn const_node(&mut self, value: Const) -> NodeId {
        match value {
            Const::I32(value) => self.i32_const(value),
            Const::I64(value) => self.i64_const(value),
            Const::F32(bits) => self.f32_const(bits),
            Const::F64(bits) => self.f64_const(bits),
        }
    }

    /// As [`Body::plain`], but folds constants and identities. May return an operand, or a node inside of one.
    pub fn fold(&mut self, op: Op, operands: &[NodeId]) -> NodeId {
        match *operands {
            [a] => match self.fold_unary(op, a) {
                Some(folded) => folded,
                None => self.plain(op, operands),
            },
            [a, b] => {
                let (a, b) = self.constant_last(op, a, b);
                match self.fold_binary(op, a, b) {
                    Some(folded) => folded,
                    None => self.plain(op, &[a, b]),
                }
            }
            [a, b, condition] if op == Op::SELECT => match self.fold_select(a, b, condition) {
                Some(folded) => folded,
                None => self.plain(op, operands),
            },
            _ => self.plain(op, operands),
        }
    }

    fn fold_unary(&mut self, op: Op, a: NodeId) -> Option<NodeId> {
        if let Some(value) = self.constant(a) {
            let folded = evaluate(op, &[value])?;
            return Some(self.const_node(folded));
        }
        let inner = self.op(a);
        if op == Op::I32_EQZ {
            // `(i32.eqz (i32.lt_s a b))` ⇒ `(i32.ge_s a b)`
            if let Some(opposite) = opposite(inner) {
                let operands: smallvec::SmallVec<[NodeId; 2]> = self.children(a).into();
                return Some(self.plain(opposite, &operands));
            }
            // `(i32.eqz (i32.eqz (i32.eqz a)))` ⇒ `(i32.eqz a)`; the same where the innermost is a comparison.
            if let &[innermost] = self.children(a)
                && inner == Op::I32_EQZ
                && is_comparison(self.op(innermost))
            {
                return Some(innermost);
            }
        }
        // `(i32.wrap_i64 (i64.extend_i32_u a))` ⇒ `a`
        if op == Op::I32_WRAP_I64
            && (inner == Op::I64_EXTEND_I32_U || inner == Op::I64_EXTEND_I32_S)
            && let &[innermost] = self.children(a)
        {
            return Some(innermost);
        }
        None
    }

    /// Constants come last where the order does not matter. A constant has no effect, so evaluation is the same.
    fn constant_last(&self, op: Op, a: NodeId, b: NodeId) -> (NodeId, NodeId) {
        let is_constant = |id: NodeId| self.op(id).row().fold == Fold::Const;
        if !is_commutative(op) || !is_constant(a) {
            return (a, b);
        }
        // A number goes behind a symbol, too.
        if !is_constant(b) || (self.op(a) != Op::SYMBOL && self.op(b) == Op::SYMBOL) {
            (b, a)
        } else {
            (a, b)
        }
    }

    fn fold_binary(&mut self, op: Op, a: NodeId, b: NodeId) -> Option<NodeId> {
        let right = self.constant(b)?;
        if let Some(left) = self.constant(a) {
            let folded = evaluate(op, &[left, right])?;
            return Some(self.const_node(folded));
        }
        let c = right.integer()?;
        if is_neutral(op, c) {
            return Some(a);
        }
        // `(i32.mul a (i32.const 0))` ⇒ `(i32.const 0)`, where `a` can be left out.
        if c == 0 && absorbs_zero(op) && self.is_leaf_without_effect(a) {
            return Some(b);
        }
        // `(i32.eq a (i32.const 0))` ⇒ `(i32.eqz a)`
        if c == 0 && (op == Op::I32_EQ || op == Op::I64_EQ) {
            let eqz = if op == Op::I32_EQ { Op::I32_EQZ } else { Op::I64_EQZ };
            return Some(self.fold(eqz, &[a]));
        }
        let add = op == Op::I32_ADD || op == Op::I64_ADD;
        let sub = op == Op::I32_SUB || op == Op::I64_SUB;
        if !add && !sub {
            return None;
        }
        let delta = if add { c } else { c.wrapping_neg() };
        // The address of a segment takes the number in.
        if let View::Symbol(Symbol::Data { data, addend }) = self.view(a) {
            return Some(self.symbol(Symbol::Data { data, addend: addend.wrapping_add(delta) }));
        }
        // `(i32.add (i32.add a (i32.const 1)) (i32.const 2))` ⇒ `(i32.add a (i32.const 3))`
        let inner = self.op(a);
        let wide = op == Op::I64_ADD || op == Op::I64_SUB;
        let (adds, subtracts) =
            if wide { (Op::I64_ADD, Op::I64_SUB) } else { (Op::I32_ADD, Op::I32_SUB) };
        if inner != adds && inner != subtracts {
            return None;
        }
        let &[base, number] = self.children(a) else { return None };
        let number = self.constant(number)?.integer()?;
        let first = if inner == adds { number } else { number.wrapping_neg() };
        let sum = first.wrapping_add(delta);
        let sum = self.const_node(if wide { Const::I64(sum) } else { Const::I32(sum as i32) });
        Some(self.fold(adds, &[base, sum]))
    }

    fn fold_select(&mut self, a: NodeId, b: NodeId, condition: NodeId) -> Option<NodeId> {
        let condition = self.constant(condition)?;
        let (taken, other) = if condition.is_zero() { (b, a) } else { (a, b) };
        self.is_leaf_without_effect(other).then_some(taken)
    }

    /// Whether a node can be left out at a glance: a constant or a local.
    fn is_leaf_without_effect(&self, id: NodeId) -> bool {
        let op = self.op(id);
        op == Op::LOCAL_GET || op == Op::SYMBOL || op.row().fold == Fold::Const
    }
}

fn is_commutative(op: Op) -> bool {
    const COMMUTATIVE: [Op; 14] = [
        Op::I32_ADD,
        Op::I32_MUL,
        Op::I32_AND,
        Op::I32_OR,
        Op::I32_XOR,
        Op::I32_EQ,
        Op::I32_NE,
        Op::I64_ADD,
        Op::I64_MUL,
        Op::I64_AND,
        Op::I64_OR,
        Op::I64_XOR,
        Op::I64_EQ,
        Op::I64_NE,
    ];
    COMMUTATIVE.contains(&op)
}

/// Whether `a op c` is `a`.
fn is_neutral(op: Op, c: i64) -> bool {
    const ZERO: [Op; 18] = [
        Op::I32_ADD,
        Op::I32_SUB,
        Op::I32_OR,
        Op::I32_XOR,
        Op::I32_SHL,
        Op::I32_SHR_S,
        Op::I32_SHR_U,
        Op::I32_ROTL,
        Op::I32_ROTR,
        Op::I64_ADD,
        Op::I64_SUB,
        Op::I64_OR,
        Op::I64_XOR,
        Op::I64_SHL,
        Op::I64_SHR_S,
        Op::I64_SHR_U,
        Op::I64_ROTL,
        Op::I64_ROTR,
    ];
    const ONE: [Op; 6] =
        [Op::I32_MUL, Op::I32_DIV_S, Op::I32_DIV_U, Op::I64_MUL, Op::I64_DIV_S, Op::I64_DIV_U];
    match c {
        0 => ZERO.contains(&op),
        1 => ONE.contains(&op),
        -1 => op == Op::I32_AND || op == Op::I64_AND,
        _ => false,
    }
}

fn absorbs_zero(op: Op) -> bool {
    op == Op::I32_MUL || op == Op::I32_AND || op == Op::I64_MUL || op == Op::I64_AND
}

/// Whether an operator gives 0 or 1.
fn is_comparison(op: Op) -> bool {
    let row = op.row();
    row.shape == Shape::Plain && matches!(row.fold, Fold::IntCompare | Fold::FloatCompare)
}

/// The comparison that is true where another is false. Floats have none but `eq` and `ne`.
fn opposite(op: Op) -> Option<Op> {
    const PAIRS: [(Op, Op); 12] = [
        (Op::I32_EQ, Op::I32_NE),
        (Op::I32_LT_S, Op::I32_GE_S),
        (Op::I32_LT_U, Op::I32_GE_U),
        (Op::I32_GT_S, Op::I32_LE_S),
        (Op::I32_GT_U, Op::I32_LE_U),
        (Op::I64_EQ, Op::I64_NE),
        (Op::I64_LT_S, Op::I64_GE_S),
        (Op::I64_LT_U, Op::I64_GE_U),
        (Op::I64_GT_S, Op::I64_LE_S),
        (Op::I64_GT_U, Op::I64_LE_U),
        (Op::F32_EQ, Op::F32_NE),
        (Op::F64_EQ, Op::F64_NE),
    ];
    PAIRS.iter().find_map(|&(a, b)| {
        if op == a {
            Some(b)
        } else if op == b {
            Some(a)
        } else {
            None
        }
    })
}

/// What an operator gives for constant operands; `None` where it traps, where the result is a NaN whose bits are not
/// determined, or where the operands are not its.
pub fn evaluate(op: Op, operands: &[Const]) -> Option<Const> {
    use Const::{F32, F64, I32, I64};
    match *operands {
        [I32(a)] => i32_unary(op, a),
        [I64(a)] => i64_unary(op, a),
        [F32(a)] => f32_unary(op, f32::from_bits(a)),
        [F64(a)] => f64_unary(op, f64::from_bits(a)),
        [I32(a), I32(b)] => i32_binary(op, a, b),
        [I64(a), I64(b)] => i64_binary(op, a, b),
        [F32(a), F32(b)] => f32_binary(op, f32::from_bits(a), f32::from_bits(b)),
        [F64(a), F64(b)] => f64_binary(op, f64::from_bits(a), f64::from_bits(b)),
        _ => None,
    }
}

fn truth(value: bool) -> Option<Const> {
    Some(Const::I32(i32::from(value)))
}

/// A float, unless it is NaN.
fn single(value: f32) -> Option<Const> {
    (!value.is_nan()).then(|| Const::F32(value.to_bits()))
}

/// A float, unless it is NaN.
fn double(value: f64) -> Option<Const> {
    (!value.is_nan()).then(|| Const::F64(value.to_bits()))
}

fn i32_unary(op: Op, a: i32) -> Option<Const> {
    use Const::{I32, I64};
    Some(match op {
        Op::I32_EQZ => return truth(a == 0),
        Op::I32_CLZ => I32(a.leading_zeros() as i32),
        Op::I32_CTZ => I32(a.trailing_zeros() as i32),
        Op::I32_POPCNT => I32(a.count_ones() as i32),
        Op::I32_EXTEND8_S => I32(i32::from(a as i8)),
        Op::I32_EXTEND16_S => I32(i32::from(a as i16)),
        Op::I64_EXTEND_I32_S => I64(i64::from(a)),
        Op::I64_EXTEND_I32_U => I64(i64::from(a as u32)),
        Op::F32_CONVERT_I32_S => return single(a as f32),
        Op::F32_CONVERT_I32_U => return single(a as u32 as f32),
        Op::F64_CONVERT_I32_S => return double(f64::from(a)),
        Op::F64_CONVERT_I32_U => return double(f64::from(a as u32)),
        Op::F32_REINTERPRET_I32 => Const::F32(a as u32),
        _ => return None,
    })
}

fn i64_unary(op: Op, a: i64) -> Option<Const> {
    use Const::{I32, I64};
    Some(match op {
        Op::I64_EQZ => return truth(a == 0),
        Op::I64_CLZ => I64(i64::from(a.leading_zeros())),
        Op::I64_CTZ => I64(i64::from(a.trailing_zeros())),
        Op::I64_POPCNT => I64(i64::from(a.count_ones())),
        Op::I64_EXTEND8_S => I64(i64::from(a as i8)),
        Op::I64_EXTEND16_S => I64(i64::from(a as i16)),
        Op::I64_EXTEND32_S => I64(i64::from(a as i32)),
        Op::I32_WRAP_I64 => I32(a as i32),
        Op::F32_CONVERT_I64_S => return single(a as f32),
        Op::F32_CONVERT_I64_U => return single(a as u64 as f32),
        Op::F64_CONVERT_I64_S => return double(a as f64),
        Op::F64_CONVERT_I64_U => return double(a as u64 as f64),
        Op::F64_REINTERPRET_I64 => Const::F64(a as u64),
        _ => return None,
    })
}

fn i32_binary(op: Op, a: i32, b: i32) -> Option<Const> {
    let (x, y) = (a as u32, b as u32);
    Some(Const::I32(match op {
        Op::I32_ADD => a.wrapping_add(b),
        Op::I32_SUB => a.wrapping_sub(b),
        Op::I32_MUL => a.wrapping_mul(b),
        Op::I32_DIV_S => a.checked_div(b)?,
        Op::I32_DIV_U => x.checked_div(y)? as i32,
        Op::I32_REM_S if b != 0 => a.wrapping_rem(b),
        Op::I32_REM_U => x.checked_rem(y)? as i32,
        Op::I32_AND => a & b,
        Op::I32_OR => a | b,
        Op::I32_XOR => a ^ b,
        Op::I32_SHL => a.wrapping_shl(y),
        Op::I32_SHR_S => a.wrapping_shr(y),
        Op::I32_SHR_U => x.wrapping_shr(y) as i32,
        Op::I32_ROTL => a.rotate_left(y & 31),
        Op::I32_ROTR => a.rotate_right(y & 31),
        Op::I32_EQ => i32::from(a == b),
        Op::I32_NE => i32::from(a != b),
        Op::I32_LT_S => i32::from(a < b),
        Op::I32_LT_U => i32::from(x < y),
        Op::I32_GT_S => i32::from(a > b),
        Op::I32_GT_U => i32::from(x > y),
        Op::I32_LE_S => i32::from(a <= b),
        Op::I32_LE_U => i32::from(x <= y),
        Op::I32_GE_S => i32::from(a >= b),
        Op::I32_GE_U => i32::from(x >= y),
        _ => return None,
    }))
}

fn i64_binary(op: Op, a: i64, b: i64) -> Option<Const> {
    let (x, y) = (a as u64, b as u64);
    let count = y as u32 & 63;
    Some(Const::I64(match op {
        Op::I64_ADD => a.wrapping_add(b),
        Op::I64_SUB => a.wrapping_sub(b),
        Op::I64_MUL => a.wrapping_mul(b),
        Op::I64_DIV_S => a.checked_div(b)?,
        Op::I64_DIV_U => x.checked_div(y)? as i64,
        Op::I64_REM_S if b != 0 => a.wrapping_rem(b),
        Op::I64_REM_U => x.checked_rem(y)? as i64,
        Op::I64_AND => a & b,
        Op::I64_OR => a | b,
        Op::I64_XOR => a ^ b,
        Op::I64_SHL => a << count,
        Op::I64_SHR_S => a >> count,
        Op::I64_SHR_U => (x >> count) as i64,
        Op::I64_ROTL => a.rotate_left(count),
        Op::I64_ROTR => a.rotate_right(count),
        Op::I64_EQ => return truth(a == b),
        Op::I64_NE => return truth(a != b),
        Op::I64_LT_S => return truth(a < b),
        Op::I64_LT_U => return truth(x < y),
        Op::I64_GT_S => return truth(a > b),
        Op::I64_GT_U => return truth(x > y),
        Op::I64_LE_S => return truth(a <= b),
        Op::I64_LE_U => return truth(x <= y),
        Op::I64_GE_S => return truth(a >= b),
        Op::I64_GE_U => return truth(x >= y),
        _ => return None,
    }))
}

fn f32_unary(op: Op, a: f32) -> Option<Const> {
    match op {
        Op::F32_ABS => Some(Const::F32(a.to_bits() & 0x7fff_ffff)),
        Op::F32_NEG => Some(Const::F32(a.to_bits() ^ 0x8000_0000)),
        Op::F32_CEIL => single(a.ceil()),
        Op::F32_FLOOR => single(a.floor()),
        Op::F32_TRUNC => single(a.trunc()),
        Op::F32_NEAREST => single(a.round_ties_even()),
        Op::F32_SQRT => single(a.sqrt()),
        Op::F64_PROMOTE_F32 => double(f64::from(a)),
        Op::I32_REINTERPRET_F32 => Some(Const::I32(a.to_bits() as i32)),
        // Every f32 is an f64, and so are the limits of all integers.
        Op::I32_TRUNC_F32_S => truncate(Op::I32_TRUNC_F64_S, f64::from(a)),
        Op::I32_TRUNC_F32_U => truncate(Op::I32_TRUNC_F64_U, f64::from(a)),
        Op::I64_TRUNC_F32_S => truncate(Op::I64_TRUNC_F64_S, f64::from(a)),
        Op::I64_TRUNC_F32_U => truncate(Op::I64_TRUNC_F64_U, f64::from(a)),
        Op::I32_TRUNC_SAT_F32_S => Some(Const::I32(a as i32)),
        Op::I32_TRUNC_SAT_F32_U => Some(Const::I32(a as u32 as i32)),
        Op::I64_TRUNC_SAT_F32_S => Some(Const::I64(a as i64)),
        Op::I64_TRUNC_SAT_F32_U => Some(Const::I64(a as u64 as i64)),
        _ => None,
    }
}

fn f64_unary(op: Op, a: f64) -> Option<Const> {
    match op {
        Op::F64_ABS => Some(Const::F64(a.to_bits() & !(1 << 63))),
        Op::F64_NEG => Some(Const::F64(a.to_bits() ^ 1 << 63)),
        Op::F64_CEIL => double(a.ceil()),
        Op::F64_FLOOR => double(a.floor()),
        Op::F64_TRUNC => double(a.trunc()),
        Op::F64_NEAREST => double(a.round_ties_even()),
        Op::F64_SQRT => double(a.sqrt()),
        Op::F32_DEMOTE_F64 => single(a as f32),
        Op::I64_REINTERPRET_F64 => Some(Const::I64(a.to_bits() as i64)),
        Op::I32_TRUNC_SAT_F64_S => Some(Const::I32(a as i32)),
        Op::I32_TRUNC_SAT_F64_U => Some(Const::I32(a as u32 as i32)),
        Op::I64_TRUNC_SAT_F64_S => Some(Const::I64(a as i64)),
        Op::I64_TRUNC_SAT_F64_U => Some(Const::I64(a as u64 as i64)),
        _ => truncate(op, a),
    }
}

/// The trapping conversions, where they do not trap.
fn truncate(op: Op, a: f64) -> Option<Const> {
    const TWO_31: f64 = 2147483648.0;
    const TWO_63: f64 = 9223372036854775808.0;
    let whole = a.trunc();
    match op {
        Op::I32_TRUNC_F64_S if (-TWO_31..TWO_31).contains(&whole) => Some(Const::I32(whole as i32)),
        Op::I32_TRUNC_F64_U if (0.0..2.0 * TWO_31).contains(&whole) => {
            Some(Const::I32(whole as u32 as i32))
        }
        Op::I64_TRUNC_F64_S if (-TWO_63..TWO_63).contains(&whole) => Some(Const::I64(whole as i64)),
        Op::I64_TRUNC_F64_U if (0.0..2.0 * TWO_63).contains(&whole) => {
            Some(Const::I64(whole as u64 as i64))
        }
        _ => None,
    }
}

fn f32_binary(op: Op, a: f32, b: f32) -> Option<Const> {
    match op {
        Op::F32_ADD => single(a + b),
        Op::F32_SUB => single(a - b),
        Op::F32_MUL => single(a * b),
        Op::F32_DIV => single(a / b),
        Op::F32_MIN if !a.is_nan() && !b.is_nan() => {
            // -0 is less than 0: its bits are more, so `|` of equal numbers gives the smaller.
            single(if a == b { f32::from_bits(a.to_bits() | b.to_bits()) } else { a.min(b) })
        }
        Op::F32_MAX if !a.is_nan() && !b.is_nan() => {
            single(if a == b { f32::from_bits(a.to_bits() & b.to_bits()) } else { a.max(b) })
        }
        Op::F32_COPYSIGN => Some(Const::F32(a.to_bits() & 0x7fff_ffff | b.to_bits() & 0x8000_0000)),
        Op::F32_EQ => truth(a == b),
        Op::F32_NE => truth(a != b),
        Op::F32_LT => truth(a < b),
        Op::F32_GT => truth(a > b),
        Op::F32_LE => truth(a <= b),
        Op::F32_GE => truth(a >= b),
        _ => None,
    }
}

fn f64_binary(op: Op, a: f64, b: f64) -> Option<Const> {
    match op {
        Op::F64_ADD => double(a + b),
        Op::F64_SUB => double(a - b),
        Op::F64_MUL => double(a * b),
        Op::F64_DIV => double(a / b),
        Op::F64_MIN if !a.is_nan() && !b.is_nan() => {
            double(if a == b { f64::from_bits(a.to_bits() | b.to_bits()) } else { a.min(b) })
        }
        Op::F64_MAX if !a.is_nan() && !b.is_nan() => {
            double(if a == b { f64::from_bits(a.to_bits() & b.to_bits()) } else { a.max(b) })
        }
        Op::F64_COPYSIGN => Some(Const::F64(a.to_bits() & !(1 << 63) | b.to_bits() & 1 << 63)),
        Op::F64_EQ => truth(a == b),
        Op::F64_NE => truth(a != b),
        Op::F64_LT => truth(a < b),
        Op::F64_GT => truth(a > b),
        Op::F64_LE => truth(a <= b),
        Op::F64_GE => truth(a >= b),
        _ => None,
    }
}
