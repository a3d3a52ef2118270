//! How many values a tree leaves.
//!
//! Invariant: `None` means that it cannot be told from the tree alone, and nothing is concluded from it.

use swasm_tree::{Body, Module, NodeId, Op, View};

/// The number of values that executing a tree leaves on the stack.
pub(crate) fn result_count(module: &Module, body: &Body, node: NodeId) -> Option<usize> {
    let mut total = 0;
    // `Seq`s nest; everything else is answered by its own node.
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        if body.op(node) == Op::SEQ {
            pending.extend_from_slice(body.children(node));
        } else {
            total += own_result_count(module, body, node)?;
        }
    }
    Some(total)
}

fn own_result_count(module: &Module, body: &Body, node: NodeId) -> Option<usize> {
    let op = body.op(node);
    let row = op.row();
    let count = match body.view(node) {
        View::Plain => match op {
            Op::SELECT => 1,
            _ => row.results.len(),
        },
        View::I32(_)
        | View::I64(_)
        | View::F32(_)
        | View::F64(_)
        | View::V128(_)
        | View::Symbol(_)
        | View::RefFunc(_)
        | View::RefNull(_)
        | View::SelectTyped(_) => 1,
        View::Local(_) => usize::from(op != Op::LOCAL_SET),
        View::Global(_) => usize::from(op == Op::GLOBAL_GET),
        View::Table(_) => {
            usize::from(op == Op::TABLE_GET || op == Op::TABLE_GROW || op == Op::TABLE_SIZE)
        }
        View::Mem(_)
        | View::MemLane(..)
        | View::Lane(_)
        | View::Shuffle(_)
        | View::Memory(_)
        | View::MemoryCopy { .. }
        | View::MemoryInit { .. }
        | View::Data(_)
        | View::TableCopy { .. }
        | View::TableInit { .. }
        | View::Elem(_) => row.results.len(),
        View::Call(func) if op == Op::CALL => module.func_type(func).results.len(),
        View::CallIndirect { ty, .. } if op == Op::CALL_INDIRECT => {
            module.types.get(ty).results.len()
        }
        View::Call(_) | View::CallIndirect { .. } | View::BrTable { .. } | View::SetMany(_) => 0,
        View::Block(ty) | View::Loop(ty) | View::If(ty) => ty.results.len(),
        // A `br_if` gives back the values it would have carried; the last operand is its condition.
        View::Br(_) if op == Op::BR_IF => body.children(node).len().checked_sub(1)?,
        View::Br(_) | View::Seq => 0,
        View::Stack | View::Hole(_) => return None,
    };
    Some(count)
}
