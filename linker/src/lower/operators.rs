//! Operators and casts: the IR's operator and type ⇒ a row of the tree's table, then back into the type's range.
//!
//! `i8 i16 u8 u16 bool char` are held in an i32, normalised: what could leave the range is brought back by [`Function::normalise`].

use smallvec::{SmallVec, smallvec};
use swasm_frontend_ir::checked::{BinaryOp, ExprId, ExprKind, Type, ValueType};
use swasm_tree::{BlockType, NodeId, Op, ValType};

use super::{Function, Lowered};
use crate::unit::known;

/// Bits of an integer type (of what holds it, for `bool` and `char`).
pub(super) fn width(ty: ValueType) -> u32 {
    match ty {
        ValueType::I8 | ValueType::U8 => 8,
        ValueType::I16 | ValueType::U16 => 16,
        ValueType::I64 | ValueType::U64 | ValueType::F64 => 64,
        ValueType::Bool
        | ValueType::Char
        | ValueType::I32
        | ValueType::U32
        | ValueType::Addr
        | ValueType::F32 => 32,
        ValueType::V128 => 128,
    }
}

/// Whether a type is a signed integer.
pub(super) fn is_signed(ty: ValueType) -> bool {
    matches!(ty, ValueType::I8 | ValueType::I16 | ValueType::I32 | ValueType::I64)
}

fn is_float(ty: ValueType) -> bool {
    matches!(ty, ValueType::F32 | ValueType::F64)
}

/// What decides the instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
}

fn class(ty: ValueType) -> Class {
    match ty {
        ValueType::I8 | ValueType::I16 | ValueType::I32 => Class::S32,
        ValueType::Bool
        | ValueType::Char
        | ValueType::U8
        | ValueType::U16
        | ValueType::U32
        | ValueType::Addr => Class::U32,
        ValueType::I64 => Class::S64,
        ValueType::U64 => Class::U64,
        ValueType::F32 => Class::F32,
        ValueType::F64 => Class::F64,
        ValueType::V128 => unreachable!("the checker defines no operator on v128"),
    }
}

/// The instruction of an operator.
fn instruction(op: BinaryOp, class: Class) -> Op {
    use BinaryOp as B;
    use Class as C;
    match (op, class) {
        (B::Add, C::S32 | C::U32) => Op::I32_ADD,
        (B::Add, C::S64 | C::U64) => Op::I64_ADD,
        (B::Add, C::F32) => Op::F32_ADD,
        (B::Add, C::F64) => Op::F64_ADD,
        (B::Sub, C::S32 | C::U32) => Op::I32_SUB,
        (B::Sub, C::S64 | C::U64) => Op::I64_SUB,
        (B::Sub, C::F32) => Op::F32_SUB,
        (B::Sub, C::F64) => Op::F64_SUB,
        (B::Mul, C::S32 | C::U32) => Op::I32_MUL,
        (B::Mul, C::S64 | C::U64) => Op::I64_MUL,
        (B::Mul, C::F32) => Op::F32_MUL,
        (B::Mul, C::F64) => Op::F64_MUL,
        (B::Div, C::S32) => Op::I32_DIV_S,
        (B::Div, C::U32) => Op::I32_DIV_U,
        (B::Div, C::S64) => Op::I64_DIV_S,
        (B::Div, C::U64) => Op::I64_DIV_U,
        (B::Div, C::F32) => Op::F32_DIV,
        (B::Div, C::F64) => Op::F64_DIV,
        (B::Rem, C::S32) => Op::I32_REM_S,
        (B::Rem, C::U32) => Op::I32_REM_U,
        (B::Rem, C::S64) => Op::I64_REM_S,
        (B::Rem, C::U64) => Op::I64_REM_U,
        (B::And, C::S32 | C::U32) => Op::I32_AND,
        (B::And, C::S64 | C::U64) => Op::I64_AND,
        (B::Or, C::S32 | C::U32) => Op::I32_OR,
        (B::Or, C::S64 | C::U64) => Op::I64_OR,
        (B::Xor, C::S32 | C::U32) => Op::I32_XOR,
        (B::Xor, C::S64 | C::U64) => Op::I64_XOR,
        (B::Shl, C::S32 | C::U32) => Op::I32_SHL,
        (B::Shl, C::S64 | C::U64) => Op::I64_SHL,
        (B::Shr, C::S32) => Op::I32_SHR_S,
        (B::Shr, C::U32) => Op::I32_SHR_U,
        (B::Shr, C::S64) => Op::I64_SHR_S,
        (B::Shr, C::U64) => Op::I64_SHR_U,
        (B::Eq, C::S32 | C::U32) => Op::I32_EQ,
        (B::Eq, C::S64 | C::U64) => Op::I64_EQ,
        (B::Eq, C::F32) => Op::F32_EQ,
        (B::Eq, C::F64) => Op::F64_EQ,
        (B::Ne, C::S32 | C::U32) => Op::I32_NE,
        (B::Ne, C::S64 | C::U64) => Op::I64_NE,
        (B::Ne, C::F32) => Op::F32_NE,
        (B::Ne, C::F64) => Op::F64_NE,
        (B::Lt, C::S32) => Op::I32_LT_S,
        (B::Lt, C::U32) => Op::I32_LT_U,
        (B::Lt, C::S64) => Op::I64_LT_S,
        (B::Lt, C::U64) => Op::I64_LT_U,
        (B::Lt, C::F32) => Op::F32_LT,
        (B::Lt, C::F64) => Op::F64_LT,
        (B::Le, C::S32) => Op::I32_LE_S,
        (B::Le, C::U32) => Op::I32_LE_U,
        (B::Le, C::S64) => Op::I64_LE_S,
        (B::Le, C::U64) => Op::I64_LE_U,
        (B::Le, C::F32) => Op::F32_LE,
        (B::Le, C::F64) => Op::F64_LE,
        (B::Gt, C::S32) => Op::I32_GT_S,
        (B::Gt, C::U32) => Op::I32_GT_U,
        (B::Gt, C::S64) => Op::I64_GT_S,
        (B::Gt, C::U64) => Op::I64_GT_U,
        (B::Gt, C::F32) => Op::F32_GT,
        (B::Gt, C::F64) => Op::F64_GT,
        (B::Ge, C::S32) => Op::I32_GE_S,
        (B::Ge, C::U32) => Op::I32_GE_U,
        (B::Ge, C::S64) => Op::I64_GE_S,
        (B::Ge, C::U64) => Op::I64_GE_U,
        (B::Ge, C::F32) => Op::F32_GE,
        (B::Ge, C::F64) => Op::F64_GE,
        (B::Rem | B::And | B::Or | B::Xor | B::Shl | B::Shr, C::F32 | C::F64) => {
            unreachable!("the checker defines no {op:?} on floats")
        }
        (B::LogicalAnd | B::LogicalOr, _) => unreachable!("the checker makes these `And` and `Or`"),
    }
}

impl Function<'_, '_, '_> {
    /// The type of an operand that completes.
    fn value_type(&self, id: ExprId) -> ValueType {
        match self.source.ty(id) {
            Type::Value(ty) => *ty,
            // Pointers compare and convert as the integers they are.
            Type::Pointer(_) => ValueType::U32,
            ty @ (Type::Unit | Type::Never | Type::Struct(_) | Type::Error) => {
                unreachable!("the checker promised a scalar, not {ty:?}")
            }
        }
    }

    /// A chain `a + b + c + …` is as deep as it is long: its left spine is walked, not recursed into.
    pub(super) fn binary(&mut self, id: ExprId) -> Lowered {
        let source = self.source;
        let mut spine: SmallVec<[_; 8]> = SmallVec::new();
        let mut at = id;
        while let ExprKind::Binary(op, left, right) = source[at].kind {
            spine.push((at, op, left, right));
            at = left;
        }
        let mut value = self.single(at)?;
        while let Some((id, op, left, right)) = spine.pop() {
            let right_node = match self.single(right) {
                Ok(node) => node,
                Err(node) => return Err(self.diverge_after(&[value], node)),
            };
            self.at(id);
            let count_type = source.ty(right).clone();
            value = self.binary_op(op, self.value_type(left), &count_type, value, right_node);
        }
        Ok(smallvec![value])
    }

    /// `left op right` on operands of type `ty`; a shift's count may have another type.
    pub(super) fn binary_op(
        &mut self,
        op: BinaryOp,
        ty: ValueType,
        right_type: &Type,
        left: NodeId,
        right: NodeId,
    ) -> NodeId {
        let class = class(ty);
        let narrow = width(ty) < 32;
        match op {
            BinaryOp::Shl | BinaryOp::Shr => {
                let count_type =
                    if let Type::Value(ty) = right_type { *ty } else { ValueType::U32 };
                let count = self.shift_count(right, count_type, ty);
                let node = self.op(instruction(op, class), &[left, count]);
                // To the right a normalised value stays so.
                if op == BinaryOp::Shl { self.normalise(node, ty) } else { node }
            }
            BinaryOp::Div if narrow && is_signed(ty) => self.narrow_division(ty, left, right),
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => {
                let node = self.op(instruction(op, class), &[left, right]);
                self.normalise(node, ty)
            }
            BinaryOp::Div
            | BinaryOp::Rem
            | BinaryOp::And
            | BinaryOp::Or
            | BinaryOp::Xor
            | BinaryOp::Eq
            | BinaryOp::Ne
            | BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge => self.op(instruction(op, class), &[left, right]),
            BinaryOp::LogicalAnd | BinaryOp::LogicalOr => {
                unreachable!("the checker makes these `And` and `Or`")
            }
        }
    }

    /// A shift count in the type the instruction wants, modulo the left operand's width. WebAssembly takes it modulo 32 or 64 itself.
    fn shift_count(&mut self, count: NodeId, from: ValueType, left: ValueType) -> NodeId {
        let wide = width(left) == 64;
        let count = match (width(from) == 64, wide) {
            (true, false) => self.op(Op::I32_WRAP_I64, &[count]),
            (false, true) => self.op(Op::I64_EXTEND_I32_U, &[count]),
            (true, true) | (false, false) => count,
        };
        if width(left) >= 32 {
            return count;
        }
        let mask = self.body.i32_const(width(left) as i32 - 1);
        self.op(Op::I32_AND, &[count, mask])
    }

    /// `i8::MIN / -1` traps like `i32::MIN / -1`: in that one case the dividend becomes `i32::MIN`.
    fn narrow_division(&mut self, ty: ValueType, left: NodeId, right: NodeId) -> NodeId {
        if self.constant_of(right).is_some_and(|value| value != -1) {
            return self.op(Op::I32_DIV_S, &[left, right]);
        }
        let mut before = Vec::new();
        // Both are read twice, and the right one may assign what the left one reads.
        let left_temp = self.temp(ValType::I32);
        before.push(self.body.local_set(left_temp, left));
        let left = self.body.local_get(left_temp);
        let right = self.spill(right, ValType::I32, &mut before);
        let min = self.body.i32_const(-(1 << (width(ty) - 1)));
        let left_again = self.again(left);
        let is_min = self.op(Op::I32_EQ, &[left_again, min]);
        let minus_one = self.body.i32_const(-1);
        let right_again = self.again(right);
        let is_minus_one = self.op(Op::I32_EQ, &[right_again, minus_one]);
        let overflows = self.op(Op::I32_AND, &[is_min, is_minus_one]);
        let huge = self.body.i32_const(i32::MIN);
        let left = self.body.select(huge, left, overflows);
        before.push(self.body.plain(Op::I32_DIV_S, &[left, right]));
        self.seq(&before)
    }

    /// Brings an i32 back into the range of a type it is held in.
    pub(super) fn normalise(&mut self, node: NodeId, ty: ValueType) -> NodeId {
        if self.is_normal(node, ty) {
            return node;
        }
        let mask = |this: &mut Self, mask: i32| {
            let mask = this.body.i32_const(mask);
            this.op(Op::I32_AND, &[node, mask])
        };
        match ty {
            ValueType::I8 => self.op(Op::I32_EXTEND8_S, &[node]),
            ValueType::I16 => self.op(Op::I32_EXTEND16_S, &[node]),
            ValueType::U8 => mask(self, 0xff),
            ValueType::U16 => mask(self, 0xffff),
            ValueType::Bool => {
                let zero = self.body.i32_const(0);
                self.op(Op::I32_NE, &[node, zero])
            }
            ValueType::Char
            | ValueType::I32
            | ValueType::U32
            | ValueType::I64
            | ValueType::U64
            | ValueType::F32
            | ValueType::F64
            | ValueType::V128
            | ValueType::Addr => node,
        }
    }

    /// The same for what comes from the host or from a template: a `char` is validated too.
    pub(super) fn normalise_foreign(&mut self, node: NodeId, ty: ValueType) -> NodeId {
        if ty != ValueType::Char || self.is_normal(node, ty) {
            return self.normalise(node, ty);
        }
        let mut before = Vec::new();
        let node = self.spill(node, ValType::I32, &mut before);
        // A scalar value is below 0x110000 and not a surrogate (Unicode, D76).
        let value = self.again(node);
        let limit = self.body.i32_const(0x11_0000);
        let too_big = self.op(Op::I32_GE_U, &[value, limit]);
        let value = self.again(node);
        let mask = self.body.i32_const(!0x7ff);
        let high = self.op(Op::I32_AND, &[value, mask]);
        let surrogate = self.body.i32_const(0xd800);
        let is_surrogate = self.op(Op::I32_EQ, &[high, surrogate]);
        let invalid = self.op(Op::I32_OR, &[too_big, is_surrogate]);
        let unit = self.unit;
        let value = self.again(node);
        let trap = self.body.call(unit.func(known(unit.well_known.invalid_char)), &[value]);
        let then = self.never_completes(trap);
        before.push(self.body.if_(BlockType::EMPTY, invalid, then, None));
        before.push(node);
        self.seq(&before)
    }

    /// Whether a node's value is known to be in the type's range.
    fn is_normal(&self, node: NodeId, ty: ValueType) -> bool {
        use ValueType as V;
        if let Some(value) = self.constant_of(node) {
            return match ty {
                ValueType::I8 => i8::try_from(value).is_ok(),
                ValueType::U8 => u8::try_from(value).is_ok(),
                ValueType::I16 => i16::try_from(value).is_ok(),
                ValueType::U16 => u16::try_from(value).is_ok(),
                ValueType::Bool => value == 0 || value == 1,
                ValueType::Char => u32::try_from(value).ok().and_then(char::from_u32).is_some(),
                V::I32 | V::U32 | V::I64 | V::U64 | V::F32 | V::F64 | V::V128 | V::Addr => true,
            };
        }
        let op = self.body.op(node);
        let masked = |limit: i64| {
            op == Op::I32_AND
                && self.body.children(node).iter().any(|child| {
                    self.constant_of(*child).is_some_and(|mask| (0..=limit).contains(&mask))
                })
        };
        match ty {
            ValueType::I8 => matches!(op, Op::I32_LOAD8_S | Op::I32_EXTEND8_S),
            ValueType::I16 => matches!(
                op,
                Op::I32_LOAD16_S
                    | Op::I32_LOAD8_S
                    | Op::I32_LOAD8_U
                    | Op::I32_EXTEND8_S
                    | Op::I32_EXTEND16_S
            ),
            ValueType::U8 => op == Op::I32_LOAD8_U || masked(0xff),
            ValueType::U16 => matches!(op, Op::I32_LOAD8_U | Op::I32_LOAD16_U) || masked(0xffff),
            ValueType::Bool => {
                op.row().fold == swasm_tree::Fold::IntCompare
                    || op.row().fold == swasm_tree::Fold::FloatCompare
                    || masked(1)
            }
            ValueType::Char => op == Op::I32_LOAD8_U || masked(0xffff & 0xd7ff),
            V::I32 | V::U32 | V::I64 | V::U64 | V::F32 | V::F64 | V::V128 | V::Addr => true,
        }
    }

    pub(super) fn neg(&mut self, id: ExprId, operand: ExprId) -> Lowered {
        // An operand that never comes has no scalar type.
        let node = self.single(operand)?;
        let ty = self.value_type(operand);
        self.at(id);
        let node = match class(ty) {
            Class::F32 => self.op(Op::F32_NEG, &[node]),
            Class::F64 => self.op(Op::F64_NEG, &[node]),
            Class::S64 | Class::U64 => {
                let zero = self.body.i64_const(0);
                self.op(Op::I64_SUB, &[zero, node])
            }
            Class::S32 | Class::U32 => {
                let zero = self.body.i32_const(0);
                let node = self.op(Op::I32_SUB, &[zero, node]);
                self.normalise(node, ty)
            }
        };
        Ok(smallvec![node])
    }

    pub(super) fn not(&mut self, id: ExprId, operand: ExprId) -> Lowered {
        // An operand that never comes has no scalar type.
        let node = self.single(operand)?;
        let ty = self.value_type(operand);
        self.at(id);
        let node = if ty == ValueType::Bool {
            self.op(Op::I32_EQZ, &[node])
        } else if width(ty) == 64 {
            let ones = self.body.i64_const(-1);
            self.op(Op::I64_XOR, &[node, ones])
        } else {
            // Of a narrow unsigned type only the low bits are turned over: it stays normal.
            let narrow = width(ty) < 32 && !is_signed(ty);
            let ones = self.body.i32_const(if narrow { (1 << width(ty)) - 1 } else { -1 });
            self.op(Op::I32_XOR, &[node, ones])
        };
        Ok(smallvec![node])
    }

    /// `a && b` ⇒ `(if (result i32) a (then b) (else (i32.const 0)))`; chains are walked like other operators.
    pub(super) fn logical(&mut self, id: ExprId) -> Lowered {
        let source = self.source;
        let mut spine: SmallVec<[_; 8]> = SmallVec::new();
        let mut at = id;
        while let ExprKind::And(left, right) | ExprKind::Or(left, right) = source[at].kind {
            spine.push((at, matches!(source[at].kind, ExprKind::And(..)), right));
            at = left;
        }
        let mut value = self.single(at)?;
        while let Some((id, is_and, right)) = spine.pop() {
            let (Ok(right) | Err(right)) = self.single(right);
            self.at(id);
            let short = self.body.i32_const(i32::from(!is_and));
            let (then, else_) = if is_and { (right, short) } else { (short, right) };
            value = self.body.if_(BlockType::of(&[ValType::I32]), value, then, Some(else_));
        }
        Ok(smallvec![value])
    }

    pub(super) fn cast(&mut self, id: ExprId, operand: ExprId) -> Lowered {
        let node = self.single(operand)?;
        let (from, to) = (self.value_type(operand), self.value_type(id));
        self.at(id);
        Ok(smallvec![self.convert(node, from, to)])
    }

    fn convert(&mut self, node: NodeId, from: ValueType, to: ValueType) -> NodeId {
        match (is_float(from), is_float(to)) {
            (true, true) => match (from, to) {
                (ValueType::F32, ValueType::F64) => self.op(Op::F64_PROMOTE_F32, &[node]),
                (ValueType::F64, ValueType::F32) => self.op(Op::F32_DEMOTE_F64, &[node]),
                _ => node,
            },
            (false, true) => {
                let op = match (class(from), to == ValueType::F64) {
                    (Class::S32, false) => Op::F32_CONVERT_I32_S,
                    (Class::U32, false) => Op::F32_CONVERT_I32_U,
                    (Class::S64, false) => Op::F32_CONVERT_I64_S,
                    (Class::U64, false) => Op::F32_CONVERT_I64_U,
                    (Class::S32, true) => Op::F64_CONVERT_I32_S,
                    (Class::U32, true) => Op::F64_CONVERT_I32_U,
                    (Class::S64, true) => Op::F64_CONVERT_I64_S,
                    (Class::U64, true) => Op::F64_CONVERT_I64_U,
                    (Class::F32 | Class::F64, _) => unreachable!("not a float"),
                };
                self.op(op, &[node])
            }
            (true, false) => self.float_to_int(node, from, to),
            (false, false) => match (width(from) == 64, width(to) == 64) {
                (true, true) => node,
                (true, false) => {
                    let node = self.op(Op::I32_WRAP_I64, &[node]);
                    self.normalise(node, to)
                }
                (false, true) => {
                    let op =
                        if is_signed(from) { Op::I64_EXTEND_I32_S } else { Op::I64_EXTEND_I32_U };
                    self.op(op, &[node])
                }
                (false, false) if fits(from, to) => node,
                (false, false) => self.normalise(node, to),
            },
        }
    }

    /// Saturating; NaN is 0. Narrow types saturate at their own bounds.
    fn float_to_int(&mut self, node: NodeId, from: ValueType, to: ValueType) -> NodeId {
        let op = match (from == ValueType::F64, class(to)) {
            (false, Class::S32) => Op::I32_TRUNC_SAT_F32_S,
            (false, Class::U32) => Op::I32_TRUNC_SAT_F32_U,
            (false, Class::S64) => Op::I64_TRUNC_SAT_F32_S,
            (false, Class::U64) => Op::I64_TRUNC_SAT_F32_U,
            (true, Class::S32) => Op::I32_TRUNC_SAT_F64_S,
            (true, Class::U32) => Op::I32_TRUNC_SAT_F64_U,
            (true, Class::S64) => Op::I64_TRUNC_SAT_F64_S,
            (true, Class::U64) => Op::I64_TRUNC_SAT_F64_U,
            (_, Class::F32 | Class::F64) => unreachable!("not a float"),
        };
        let node = self.op(op, &[node]);
        if width(to) >= 32 {
            return node;
        }
        let (low, high) = match ty_bounds(to) {
            (low, high) if is_signed(to) => (Some(low), high),
            (_, high) => (None, high),
        };
        let mut before = Vec::new();
        let mut node = self.spill(node, ValType::I32, &mut before);
        let less = if is_signed(to) { Op::I32_LT_S } else { Op::I32_LT_U };
        let high_node = self.body.i32_const(high);
        let again = self.again(node);
        let limit = self.body.i32_const(high);
        let is_less = self.op(less, &[again, limit]);
        node = self.select(node, high_node, is_less);
        if let Some(low) = low {
            node = self.spill(node, ValType::I32, &mut before);
            let again = self.again(node);
            let limit = self.body.i32_const(low);
            let is_more = self.op(Op::I32_GT_S, &[again, limit]);
            let low_node = self.body.i32_const(low);
            node = self.select(node, low_node, is_more);
        }
        before.push(node);
        self.seq(&before)
    }

    fn select(&mut self, a: NodeId, b: NodeId, condition: NodeId) -> NodeId {
        match self.constant_of(condition) {
            Some(0) => b,
            Some(_) => a,
            None => self.body.select(a, b, condition),
        }
    }
}

/// Smallest and largest value of a narrow type.
fn ty_bounds(ty: ValueType) -> (i32, i32) {
    if is_signed(ty) {
        let top = 1 << (width(ty) - 1);
        (-top, top - 1)
    } else {
        (0, (1 << width(ty)) - 1)
    }
}

/// Whether every value of `from` is one of `to`, both held in an i32.
fn fits(from: ValueType, to: ValueType) -> bool {
    let bits = |ty: ValueType| {
        if ty == ValueType::Bool {
            1
        } else if ty == ValueType::Char {
            21
        } else {
            width(ty)
        }
    };
    match (is_signed(from), is_signed(to)) {
        _ if width(to) == 32 => true,
        (true, true) | (false, false) => bits(from) <= bits(to),
        (false, true) => bits(from) < bits(to),
        (true, false) => false,
    }
}
