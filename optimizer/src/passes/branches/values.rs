//! Ifs with a result ⇒ values without control flow, where that is cheap.
//!
//! `(if (result i32) (i32.lt_s x y) (local.get $x) (local.get $y))` ⇒ `(select x y (i32.lt_s x y))`
//! `(if (result i32) a b (i32.const 0))` ⇒ `(i32.and a b)`, if both are booleans
//!
//! Invariant: what is computed although nobody asked has no effect and does not trap.

use swasm_tree::{Body, Effects, Fold, NodeId, Op, ValType, View};

use crate::simplify::{as_condition, is_boolean, not};

/// A right operand of `&&` or `||` of at most so many nodes is computed always rather than branched around.
const EAGER_NODES: usize = 8;
/// A value of at most so many nodes is computed always rather than branched around, and selected.
const CHEAP_NODES: usize = 6;
/// No more than this many nodes of a condition are searched for assignments.
const SEARCHED_NODES: usize = 32;

/// An `if` with a result, without control flow, when that is cheap.
pub(super) fn if_value(
    body: &mut Body,
    result: ValType,
    condition: NodeId,
    then: NodeId,
    else_: NodeId,
) -> Option<NodeId> {
    if result == ValType::I32 && is_boolean(body, condition) {
        // Conditions with a constant arm: `&&` and `||`.
        match (body.view(then), body.view(else_)) {
            (View::I32(1), View::I32(0)) => return Some(condition),
            (View::I32(0), View::I32(1)) => return Some(not(body, condition)),
            (_, View::I32(0)) if is_boolean(body, then) && is_eager(body, then) => {
                return Some(body.plain(Op::I32_AND, &[condition, then]));
            }
            (View::I32(1), _) if is_boolean(body, else_) && is_eager(body, else_) => {
                return Some(body.plain(Op::I32_OR, &[condition, else_]));
            }
            (View::I32(0), _) if is_boolean(body, else_) && is_eager(body, else_) => {
                let condition = not(body, condition);
                return Some(body.plain(Op::I32_AND, &[condition, else_]));
            }
            (_, View::I32(1)) if is_boolean(body, then) && is_eager(body, then) => {
                let condition = not(body, condition);
                return Some(body.plain(Op::I32_OR, &[condition, then]));
            }
            _ => (),
        }
    }
    let number = !matches!(result, ValType::Ref(_));
    let cheap = is_cheap(body, then) && is_cheap(body, else_);
    if !number || !cheap || !is_quiet(body, condition) {
        return None;
    }
    let condition = as_condition(body, condition);
    Some(body.select(then, else_, condition))
}

/// Whether a tree is a constant, a local or hardly more, and has no effect.
pub(super) fn is_cheap(body: &Body, root: NodeId) -> bool {
    let mut nodes = 0;
    body.pre_order(root).all(|node| {
        nodes += 1;
        let op = body.op(node);
        let plain = op.row().fold != Fold::No || matches!(op, Op::LOCAL_GET | Op::SELECT);
        nodes <= CHEAP_NODES
            && plain
            && op.effects().union(Effects::READS_LOCAL) == Effects::READS_LOCAL
    })
}

/// Whether a tree is small and can be executed although nobody asked.
pub(super) fn is_eager(body: &Body, root: NodeId) -> bool {
    let keep = Effects::READS_LOCAL.union(Effects::READS_STATE).union(Effects::READS_MEMORY);
    let mut nodes = 0;
    body.pre_order(root).all(|node| {
        nodes += 1;
        let op = body.op(node);
        nodes <= EAGER_NODES
            && op.effects().union(keep) == keep
            && op.shape().arms() == 0
            && op != Op::STACK
    })
}

/// Whether a tree assigns no local.
fn is_quiet(body: &Body, root: NodeId) -> bool {
    let mut nodes = 0;
    body.pre_order(root).all(|node| {
        nodes += 1;
        nodes <= SEARCHED_NODES && !body.op(node).effects().intersects(Effects::WRITES_LOCAL)
    })
}
