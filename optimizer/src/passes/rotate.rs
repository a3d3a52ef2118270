//! Loops that test at their start ⇒ loops that test at their end, behind a test of their own.
//!
//! `(loop $l (if c (then a (br $l))))` ⇒ `(if c (then (loop $l a (br_if $l c))))`
//!
//! A round takes one branch instead of two, and what holds before the first round is tested before each other one, so
//! [`propagate`](super::propagate) knows it in the loop. The condition is there twice: code grows.
//!
//! Invariant: conditions are evaluated as often as before, in the same order and at the same positions.

use swasm_tree::{Body, Effects, NodeId, Op, Unchanged, View};

use super::Context;
use crate::cursor::{Cursor, Event, number};
use crate::rewrite::move_over;
use crate::uses::Uses;

/// A condition of more nodes than this is not copied.
const CONDITION_NODES: usize = 12;

pub(super) fn run(_: &Context<'_>, body: &mut Body) {
    let uses = Uses::of(body);
    let branches = |node: NodeId| uses.branches.get(number(node)).copied().unwrap_or(0);
    let mut cursor = Cursor::default();
    cursor.forward(body.root());
    while let Some(event) = cursor.next(body) {
        let Event::Leave(node) = event else { continue };
        if body.op(node) != Op::LOOP || branches(node) != 1 {
            continue;
        }
        let Some(if_) = rotated(body, node, &branches) else { continue };
        match cursor.place(body, node) {
            Some((parent, index)) => body.set_child(parent, index, if_),
            None => body.set_root(if_),
        }
    }
}

/// The `if` that a loop is put in, if it has the shape.
fn rotated(body: &mut Body, loop_: NodeId, branches: &impl Fn(NodeId) -> u32) -> Option<NodeId> {
    let &[inner] = body.children(loop_) else { return None };
    let if_ = match *body.children(inner) {
        [only] if body.op(inner) == Op::SEQ => only,
        _ => inner,
    };
    let View::If(ty) = body.view(if_) else { return None };
    let plain = ty.params.is_empty() && ty.results.is_empty() && branches(if_) == 0;
    let &[condition, then, else_] = body.children(if_) else { return None };
    let nothing = body.op(else_) == Op::SEQ && body.children(else_).is_empty();
    if !plain || !nothing || !is_copied(body, condition) {
        return None;
    }
    let mut again = then;
    while body.op(again) == Op::SEQ {
        again = *body.children(again).last()?;
    }
    if body.op(again) != Op::BR
        || !body.children(again).is_empty()
        || body.view(again) != View::Br(loop_)
    {
        return None;
    }
    let copy = body.copy_within(condition, &mut Unchanged);
    body.at(body.node(again).loc);
    let test = body.br_if(loop_, &[], copy);
    move_over(body, again, test);
    body.set_child(loop_, 0, then);
    body.set_children(if_, &[condition, loop_, else_]);
    Some(if_)
}

fn is_copied(body: &Body, condition: NodeId) -> bool {
    let mut nodes = 0;
    body.pre_order(condition).all(|node| {
        nodes += 1;
        let kept = Effects::CALLS.union(Effects::CONTROL);
        nodes <= CONDITION_NODES
            && !body.op(node).effects().intersects(kept)
            && body.op(node).shape().arms() == 0
    })
}
