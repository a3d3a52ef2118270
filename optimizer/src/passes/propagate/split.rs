//! Assignments of several values at once ⇒ one assignment each, where the values can be seen one by one.
//!
//! `(<set-many> $x $y (<seq> a b))` ⇒ `(local.set $s a) (local.set $t b) (local.set $x (local.get $s)) …`
//! `(<set-many> $x $y (if (result i32 i32) c a b))` ⇒ `(if c (<set-many> $x $y a) (<set-many> $x $y b))`
//!
//! Invariant: all values are computed before the first of the locals is assigned. A local without a default value stays assigned outside
//! of the arms, as what an arm assigns does not count behind it.

use swasm_tree::{BlockType, Body, LocalId, Module, NodeId, Op, View};

use crate::cursor::{Cursor, Event};
use crate::rewrite::move_over;
use swasm_tree::result_count;

/// Replaces assignments of several values at once where the values can be seen one by one.
pub(super) fn split_assignments(module: &Module, body: &mut Body, cursor: &mut Cursor) {
    cursor.forward(body.root());
    while let Some(event) = cursor.next(body) {
        let Event::Enter(node) = event else { continue };
        if body.op(node) != Op::SET_MANY {
            continue;
        }
        let View::SetMany(locals) = body.view(node) else { continue };
        let locals = locals.to_vec();
        let value = body.children(node)[0];
        body.at(body.node(node).loc);
        if let (&[local], Some(1)) = (&locals[..], result_count(module, body, value)) {
            let set = body.local_set(local, value);
            move_over(body, node, set);
        } else if body.op(value) == Op::SEQ {
            split_sequence(module, body, node, &locals, value);
        } else if let View::If(ty) = body.view(value)
            && ty.params.is_empty()
            && let &[condition, then, else_] = body.children(value)
            && locals.iter().all(|&local| body.local_type(local).is_defaultable())
            && !is_target(body, value, [then, else_])
        {
            let (then, else_) = (body.set_many(&locals, then), body.set_many(&locals, else_));
            let new = body.if_(BlockType::EMPTY, condition, then, Some(else_));
            move_over(body, node, new);
        }
    }
}

/// Whether a branch inside names an `if`.
fn is_target(body: &Body, if_: NodeId, arms: [NodeId; 2]) -> bool {
    arms.into_iter()
        .flat_map(|arm| body.pre_order(arm))
        .any(|node| body.labels(node).any(|label| label == if_))
}

fn split_sequence(
    module: &Module,
    body: &mut Body,
    node: NodeId,
    locals: &[LocalId],
    sequence: NodeId,
) {
    let mut values = 0;
    for &child in body.children(sequence) {
        match result_count(module, body, child) {
            Some(0) => (),
            Some(1) => values += 1,
            Some(_) | None => return,
        }
    }
    if values != locals.len() {
        return;
    }
    let mut list = Vec::new();
    let mut copies = Vec::new();
    let mut left = locals.iter();
    for child in body.children(sequence).to_vec() {
        if result_count(module, body, child) == Some(0) {
            list.push(child);
            continue;
        }
        let Some(&local) = left.next() else { return };
        let temporary = body.add_local(body.local_type(local));
        list.push(body.local_set(temporary, child));
        let read = body.local_get(temporary);
        copies.push(body.local_set(local, read));
    }
    list.append(&mut copies);
    let list = body.seq(&list);
    move_over(body, node, list);
}
