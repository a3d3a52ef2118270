//! Sequences in sequences ⇒ one sequence; what follows a divergence ⇒ nothing.
//!
//! `(<seq> (<seq> a b) (nop) (return) c)` ⇒ `(<seq> a b (return))`
//! `(i32.add a (unreachable))` ⇒ `(<seq> (drop a) (unreachable))`
//!
//! Invariant: each node of the result that diverges is the last of its sequence, or an arm, a block's body or the root.

use swasm_tree::{Body, NodeId, Op};

use super::Context;
use crate::cursor::{Cursor, Event};
use crate::rewrite::move_over;

/// More children than this stay in sequences of their own, as one node cannot hold them.
const MAX_SEQUENCE: usize = u16::MAX as usize;

pub(super) fn run(context: &Context<'_>, body: &mut Body) {
    let mut cursor = Cursor::default();
    // For each open node, its first operand that diverges.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut list = Vec::new();
    cursor.forward(body.root());
    while let Some(event) = cursor.next(body) {
        match event {
            Event::Enter(node) => {
                if body.op(node) == Op::SEQ {
                    expand(body, node, &mut list);
                }
                open.push(None);
            }
            Event::Child(..) => (),
            Event::Leave(node) => {
                let diverging = open.pop().flatten();
                let diverges = diverging.is_some() || body.op(node).diverges();
                if let Some(index) = diverging {
                    cut(context, body, node, index);
                }
                let place = cursor.place(body, node);
                if body.op(node) == Op::SEQ
                    && let &[only] = body.children(node)
                {
                    match place {
                        Some((parent, index)) => body.set_child(parent, index, only),
                        None => body.set_root(only),
                    }
                }
                let Some((parent, index)) = place else { break };
                let operands = body.children(parent).len() - body.op(parent).shape().arms();
                if diverges
                    && index < operands
                    && let Some(first) = open.last_mut()
                {
                    first.get_or_insert(index);
                }
            }
        }
    }
}

/// Takes the children of `Seq`s below a `Seq` into it.
fn expand(body: &mut Body, node: NodeId, list: &mut Vec<NodeId>) {
    if !body.children(node).iter().any(|&child| matches!(body.op(child), Op::SEQ | Op::NOP)) {
        return;
    }
    list.clear();
    let mut pending: Vec<NodeId> = body.children(node).iter().rev().copied().collect();
    while let Some(child) = pending.pop() {
        match body.op(child) {
            Op::SEQ => pending.extend(body.children(child).iter().rev()),
            Op::NOP => (),
            _ => list.push(child),
        }
    }
    if list.len() <= MAX_SEQUENCE {
        body.set_children(node, list);
    }
}

/// Makes the operand with number `index`, which diverges, the last thing that `node` does. What those before it leave is dropped.
fn cut(context: &Context<'_>, body: &mut Body, node: NodeId, index: usize) {
    let kept = body.children(node)[..=index].to_vec();
    if body.op(node) == Op::SEQ {
        body.set_children(node, &kept);
    } else {
        body.at(body.node(node).loc);
        let sequence = body.seq(&kept);
        move_over(body, node, sequence);
    }
    body.drop_values(context.module, node, index);
}
