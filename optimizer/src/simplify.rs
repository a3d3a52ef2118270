//! Conditions, and small rewrites of one operator that need to know nothing but its operands.
//!
//! Invariant: a *condition* is only asked whether it is zero; a *boolean* is 0 or 1.

use smallvec::SmallVec;
use swasm_tree::{Body, ConstExpr, Fold, GlobalKind, Module, NodeId, Op, Symbol, View};

use crate::references::reference;

/// How deep a boolean is looked for through `and`, `or` and `xor`.
const BOOLEAN_DEPTH: u32 = 4;

/// The comparison that holds exactly when another does not.
fn inverse(op: Op) -> Option<Op> {
    const PAIRS: &[(Op, Op)] = &[
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
        // Of floats only these: both are false for NaN otherwise.
        (Op::F32_EQ, Op::F32_NE),
        (Op::F64_EQ, Op::F64_NE),
    ];
    PAIRS.iter().find_map(|&(a, b)| {
        if op == a {
            return Some(b);
        }
        (op == b).then_some(a)
    })
}

/// Whether a tree gives 0 or 1.
pub(crate) fn is_boolean(body: &Body, node: NodeId) -> bool {
    is_boolean_within(body, node, BOOLEAN_DEPTH)
}

fn is_boolean_within(body: &Body, node: NodeId, depth: u32) -> bool {
    let op = body.op(node);
    if op == Op::I32_AND || op == Op::I32_OR || op == Op::I32_XOR {
        return depth > 0
            && body.children(node).iter().all(|&child| is_boolean_within(body, child, depth - 1));
    }
    matches!(op.row().fold, Fold::IntCompare | Fold::FloatCompare)
        || matches!(op, Op::REF_IS_NULL | Op::REF_EQ | Op::REF_TEST | Op::REF_TEST_NULL)
        || matches!(body.view(node), View::I32(0 | 1))
}

/// The shortest tree that is zero exactly when `node` is.
pub(crate) fn as_condition(body: &mut Body, mut node: NodeId) -> NodeId {
    loop {
        let children = body.children(node);
        let op = body.op(node);
        if let (Op::I32_EQZ, &[inner]) = (op, children)
            && let (Op::I32_EQZ, &[value]) = (body.op(inner), body.children(inner))
        {
            node = value;
        } else if let (Op::I32_NE | Op::I32_GT_U, &[value, zero]) = (op, children)
            && body.view(zero) == View::I32(0)
        {
            node = value;
        } else if let (Op::I32_EQ, &[value, zero]) = (op, children)
            && body.view(zero) == View::I32(0)
        {
            return negate(body, value);
        } else {
            return node;
        }
    }
}

/// The shortest condition that is zero exactly when `node` is not.
pub(crate) fn negate(body: &mut Body, node: NodeId) -> NodeId {
    if let (Op::I32_EQZ, &[value]) = (body.op(node), body.children(node)) {
        return as_condition(body, value);
    }
    not(body, node)
}

/// 1 if a condition is zero, else 0.
pub(crate) fn not(body: &mut Body, node: NodeId) -> NodeId {
    if let Some(inverse) = inverse(body.op(node)) {
        body.set_op(node, inverse);
        return node;
    }
    if let (Op::I32_EQZ, &[value]) = (body.op(node), body.children(node))
        && is_boolean(body, value)
    {
        return value;
    }
    if let View::I32(value) = body.view(node) {
        return body.i32_const(i32::from(value == 0));
    }
    body.at(body.node(node).loc);
    body.plain(Op::I32_EQZ, &[node])
}

/// What an operator whose operands are simplified can be replaced by: a new node, or one of its operands.
pub(crate) fn simplify(module: &Module, body: &mut Body, node: NodeId) -> Option<NodeId> {
    let op = body.op(node);
    if op.row().fold == Fold::No && op != Op::SELECT {
        narrow_store(body, node);
        return load(module, body, node)
            .or_else(|| global(module, body, node))
            .or_else(|| reference(module, body, node));
    }
    constant_last(body, node);
    by_power_of_two(body, node);
    if let Some(operand) = masked(body, node).or_else(|| bounds_of_unsigned(body, node)) {
        return Some(operand);
    }
    let operands: SmallVec<[NodeId; 3]> = body.children(node).into();
    if !operands.iter().any(|&operand| matters(body, operand)) {
        return None;
    }
    body.at(body.node(node).loc);
    let op = body.op(node);
    let folded = body.fold(op, &operands);
    (body.op(folded) != op || body.children(folded) != &operands[..]).then_some(folded)
}

/// `(i32.lt_u (i32.const 4) x)` ⇒ `(i32.gt_u x (i32.const 4))`
fn constant_last(body: &mut Body, node: NodeId) {
    const MIRRORED: [(Op, Op); 8] = [
        (Op::I32_LT_S, Op::I32_GT_S),
        (Op::I32_LT_U, Op::I32_GT_U),
        (Op::I32_LE_S, Op::I32_GE_S),
        (Op::I32_LE_U, Op::I32_GE_U),
        (Op::I64_LT_S, Op::I64_GT_S),
        (Op::I64_LT_U, Op::I64_GT_U),
        (Op::I64_LE_S, Op::I64_GE_S),
        (Op::I64_LE_U, Op::I64_GE_U),
    ];
    let &[left, right] = body.children(node) else { return };
    if integer(body, left).is_none() || integer(body, right).is_some() {
        return;
    }
    let op = body.op(node);
    let mirrored = MIRRORED.iter().find_map(|&(a, b)| match op {
        _ if op == a => Some(b),
        _ if op == b => Some(a),
        _ => None,
    });
    if let Some(mirrored) = mirrored {
        body.set_op(node, mirrored);
        body.set_children(node, &[right, left]);
    }
}

/// Comparisons of unsigned numbers with 0 and 1: `(i32.lt_u x (i32.const 1))` ⇒ `(i32.eqz x)`,
/// `(i32.gt_u x (i32.const 0))` ⇒ `(i32.ne x (i32.const 0))`, `(i32.ge_u x (i32.const 0))` ⇒ `(i32.const 1)`
fn bounds_of_unsigned(body: &mut Body, node: NodeId) -> Option<NodeId> {
    let &[left, right] = body.children(node) else { return None };
    let bound = integer(body, right)?;
    let wide = body.op(right) == Op::I64_CONST;
    let (eqz, ne) = if wide { (Op::I64_EQZ, Op::I64_NE) } else { (Op::I32_EQZ, Op::I32_NE) };
    let op = body.op(node);
    body.at(body.node(node).loc);
    match (op, bound) {
        (Op::I32_LT_U | Op::I64_LT_U, 1) | (Op::I32_LE_U | Op::I64_LE_U, 0) => {
            Some(body.plain(eqz, &[left]))
        }
        (Op::I32_GE_U | Op::I64_GE_U, 1) | (Op::I32_GT_U | Op::I64_GT_U, 0) => {
            let zero = if wide { body.i64_const(0) } else { body.i32_const(0) };
            Some(body.plain(ne, &[left, zero]))
        }
        (Op::I32_LT_U | Op::I64_LT_U, 0) if is_removable_leaf(body, left) => {
            Some(body.i32_const(0))
        }
        (Op::I32_GE_U | Op::I64_GE_U, 0) if is_removable_leaf(body, left) => {
            Some(body.i32_const(1))
        }
        _ => None,
    }
}

/// The value of an integer constant, as the signed number of its type.
pub(crate) fn integer(body: &Body, node: NodeId) -> Option<i64> {
    if let View::I32(value) = body.view(node) {
        return Some(value.into());
    }
    if let View::I64(value) = body.view(node) { Some(value) } else { None }
}

fn is_removable_leaf(body: &Body, node: NodeId) -> bool {
    body.children(node).is_empty() && body.op(node).effects().is_removable()
}

/// Multiplication and unsigned division by a power of two: `(i32.mul x (i32.const 8))` ⇒ `(i32.shl x (i32.const 3))`,
/// `(i32.div_u x (i32.const 8))` ⇒ `(i32.shr_u x (i32.const 3))`, `(i32.rem_u x (i32.const 8))` ⇒
/// `(i32.and x (i32.const 7))`
fn by_power_of_two(body: &mut Body, node: NodeId) {
    let &[left, right] = body.children(node) else { return };
    let wide = body.op(right) == Op::I64_CONST;
    let Some(number) = integer(body, right) else { return };
    let number = if wide { number as u64 } else { u64::from(number as u32) };
    // 0 and 1 fold.
    if !number.is_power_of_two() || number == 1 {
        return;
    }
    let exponent = u64::from(number.trailing_zeros());
    let (op, number) = match body.op(node) {
        Op::I32_MUL => (Op::I32_SHL, exponent),
        Op::I64_MUL => (Op::I64_SHL, exponent),
        Op::I32_DIV_U => (Op::I32_SHR_U, exponent),
        Op::I64_DIV_U => (Op::I64_SHR_U, exponent),
        Op::I32_REM_U => (Op::I32_AND, number - 1),
        Op::I64_REM_U => (Op::I64_AND, number - 1),
        _ => return,
    };
    body.at(body.node(node).loc);
    let number = if wide { body.i64_const(number as i64) } else { body.i32_const(number as i32) };
    body.set_op(node, op);
    body.set_children(node, &[left, number]);
}

/// Whether an operator may fold because of this operand.
fn matters(body: &Body, operand: NodeId) -> bool {
    matches!(
        body.op(operand).row().fold,
        Fold::Const | Fold::IntCompare | Fold::FloatCompare | Fold::Convert
    )
}

/// `(i32.store8 a (i32.and v (i32.const 255)))` ⇒ `(i32.store8 a v)`
fn narrow_store(body: &mut Body, node: NodeId) {
    let mask = match body.op(node) {
        Op::I32_STORE8 => 0xff,
        Op::I32_STORE16 => 0xffff,
        _ => return,
    };
    let &[_, value] = body.children(node) else { return };
    let bits = if mask == 0xff { 8 } else { 16 };
    if let Some(inner) = low_bits(body, value, bits) {
        body.set_child(node, 1, inner);
    }
}

/// The operand of a tree that only changes what is above its lowest `bits`.
fn low_bits(body: &Body, node: NodeId, bits: u32) -> Option<NodeId> {
    match (body.op(node), body.children(node)) {
        (Op::I32_AND, &[value, mask]) => {
            let View::I32(mask) = body.view(mask) else { return None };
            (mask.trailing_ones() >= bits).then_some(value)
        }
        (Op::I32_EXTEND8_S, &[value]) => (bits <= 8).then_some(value),
        (Op::I32_EXTEND16_S, &[value]) => (bits <= 16).then_some(value),
        _ => None,
    }
}

/// Narrowing what is narrow: `(i32.and (i32.load8_u a) (i32.const 255))` ⇒ `(i32.load8_u a)`,
/// `(i32.and (i32.and v (i32.const 255)) (i32.const 255))` ⇒ `(i32.and v (i32.const 255))`,
/// `(i32.extend8_s (i32.load8_s a))` ⇒ `(i32.load8_s a)`, `(i32.extend8_s (i32.and v (i32.const 255)))` ⇒
/// `(i32.extend8_s v)`
fn masked(body: &mut Body, node: NodeId) -> Option<NodeId> {
    let op = body.op(node);
    match (op, body.children(node)) {
        (Op::I32_AND, &[value, mask]) => {
            let View::I32(mask) = body.view(mask) else { return None };
            let mask = mask as u32;
            if mask.wrapping_add(1) & mask != 0 {
                return None;
            }
            let bits = mask.trailing_ones();
            if unsigned_bits(body, value) <= bits {
                return Some(value);
            }
            let inner = low_bits(body, value, bits)?;
            body.set_child(node, 0, inner);
            None
        }
        (Op::I32_EXTEND8_S | Op::I32_EXTEND16_S, &[value]) => {
            let bits = if op == Op::I32_EXTEND8_S { 8 } else { 16 };
            if signed_bits(body, value) <= bits {
                return Some(value);
            }
            let inner = low_bits(body, value, bits)?;
            body.set_child(node, 0, inner);
            None
        }
        _ => None,
    }
}

fn constant(body: &Body, node: NodeId) -> Option<u32> {
    if let View::I32(value) = body.view(node) { Some(value as u32) } else { None }
}

/// An upper bound of how many low bits of an `i32` can be other than zero.
fn unsigned_bits(body: &Body, node: NodeId) -> u32 {
    match body.op(node) {
        Op::I32_LOAD8_U => 8,
        Op::I32_LOAD16_U => 16,
        Op::I32_CLZ | Op::I32_CTZ | Op::I32_POPCNT => 6,
        Op::I32_AND => {
            let mask =
                |&child: &NodeId| constant(body, child).map(|mask| 32 - mask.leading_zeros());
            body.children(node).iter().filter_map(mask).min().unwrap_or(32)
        }
        Op::I32_SHR_U => {
            let count = body.children(node).last().and_then(|&count| constant(body, count));
            32 - count.unwrap_or(0) % 32
        }
        _ if is_boolean(body, node) => 1,
        _ => 32,
    }
}

/// An upper bound of how many bits hold an `i32` in two's complement.
fn signed_bits(body: &Body, node: NodeId) -> u32 {
    match body.op(node) {
        Op::I32_LOAD8_S | Op::I32_EXTEND8_S => 8,
        Op::I32_LOAD16_S | Op::I32_EXTEND16_S => 16,
        _ => unsigned_bits(body, node) + 1,
    }
}

/// A load from data that the program never writes ⇒ the constant.
fn load(module: &Module, body: &mut Body, node: NodeId) -> Option<NodeId> {
    let View::Mem(memarg) = body.view(node) else { return None };
    let &[address] = body.children(node) else { return None };
    let View::Symbol(Symbol::Data { data, addend }) = body.view(address) else { return None };
    let data = module.datas.get(data.index())?;
    let start = usize::try_from(i128::from(addend) + i128::from(memarg.offset)).ok()?;
    let width = 1 << body.op(node).width_log2()?;
    let end = start.checked_add(width)?;
    // What is not in `bytes` is zero, up to the size.
    let constant = data.read_only
        && memarg.memory.0 == 0
        && end as u64 <= data.size
        && data.relocs.iter().all(|&(at, _)| at as usize + 4 <= start || at as usize >= end);
    if !constant {
        return None;
    }
    let byte = |at: usize| data.bytes.get(at).copied().unwrap_or(0);
    let bits = (start..end).rev().fold(0u64, |bits, at| bits << 8 | u64::from(byte(at)));
    body.at(body.node(node).loc);
    Some(match body.op(node) {
        Op::I32_LOAD8_S => body.i32_const(i32::from(bits as i8)),
        Op::I32_LOAD16_S => body.i32_const(i32::from(bits as i16)),
        Op::I32_LOAD | Op::I32_LOAD8_U | Op::I32_LOAD16_U => body.i32_const(bits as i32),
        Op::I64_LOAD8_S => body.i64_const(i64::from(bits as i8)),
        Op::I64_LOAD16_S => body.i64_const(i64::from(bits as i16)),
        Op::I64_LOAD32_S => body.i64_const(i64::from(bits as i32)),
        Op::I64_LOAD | Op::I64_LOAD8_U | Op::I64_LOAD16_U | Op::I64_LOAD32_U => {
            body.i64_const(bits as i64)
        }
        Op::F32_LOAD => body.f32_const(bits as u32),
        Op::F64_LOAD => body.f64_const(bits),
        _ => return None,
    })
}

/// A read of a global that is never set ⇒ its value.
fn global(module: &Module, body: &mut Body, node: NodeId) -> Option<NodeId> {
    let (Op::GLOBAL_GET, View::Global(global)) = (body.op(node), body.view(node)) else {
        return None;
    };
    let global = module.globals.get(global.index()).filter(|global| !global.mutable)?;
    let GlobalKind::Defined(value) = &global.kind else { return None };
    body.at(body.node(node).loc);
    Some(match *value {
        ConstExpr::I32(value) => body.i32_const(value),
        ConstExpr::I64(value) => body.i64_const(value),
        ConstExpr::F32(bits) => body.f32_const(bits),
        ConstExpr::F64(bits) => body.f64_const(bits),
        ConstExpr::Symbol(symbol) => body.symbol(symbol),
        ConstExpr::RefNull(heap) => body.ref_null(heap),
        ConstExpr::RefFunc(func) => body.ref_func(func),
        ConstExpr::V128(_) | ConstExpr::GlobalGet(_) | ConstExpr::Expr(_) => return None,
    })
}
