//! Putting nodes in the place of others.
//!
//! Invariant: the parent keeps the id it has, so a walk that stands on a node goes on where it was.

use swasm_tree::{Body, NodeId};

/// Puts the node `from`, which must not be used any more and which no branch may name, in the place of `node`.
pub(crate) fn move_over(body: &mut Body, node: NodeId, from: NodeId) {
    let from = *body.node(from);
    body.replace(node, from);
}
