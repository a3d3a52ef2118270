//! Walking a tree in or against the order of evaluation with an explicit stack, while passes rewrite it.
//!
//! Invariant: the cursor reads a node's children anew at each step, so a pass may replace the node it stands on, and
//! any child that the cursor has not come to; only whether a node has arms must stay as it was when it was entered.

use swasm_tree::{Body, Effects, NodeId, Op};

/// A step of a walk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// A node, before its children.
    Enter(NodeId),
    /// Of a node with arms only: the child with this number is next.
    Child(NodeId, usize),
    /// A node, after its children.
    Leave(NodeId),
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    node: NodeId,
    /// How many children were visited.
    visited: u32,
    structured: bool,
    /// Whether `Child` was reported for the child that is next.
    reported: bool,
}

/// A walk: forward visits children first to last, backward last to first.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    frames: Vec<Frame>,
    start: Option<NodeId>,
    backward: bool,
}

impl Cursor {
    /// Starts over at `root`, in order of evaluation.
    pub(crate) fn forward(&mut self, root: NodeId) {
        self.frames.clear();
        self.start = Some(root);
        self.backward = false;
    }

    /// Starts over at `root`, against the order of evaluation.
    pub(crate) fn backward(&mut self, root: NodeId) {
        self.forward(root);
        self.backward = true;
    }

    /// The next step.
    #[inline]
    pub(crate) fn next(&mut self, body: &Body) -> Option<Event> {
        if let Some(root) = self.start.take() {
            return Some(self.push(body, root));
        }
        let frame = self.frames.last_mut()?;
        let children = body.children(frame.node);
        if frame.visited as usize >= children.len() {
            let node = frame.node;
            self.frames.pop();
            return Some(Event::Leave(node));
        }
        let visited = frame.visited as usize;
        let index = if self.backward { children.len() - 1 - visited } else { visited };
        if frame.structured && !frame.reported {
            frame.reported = true;
            return Some(Event::Child(frame.node, index));
        }
        frame.reported = false;
        frame.visited += 1;
        let child = children[index];
        Some(self.push(body, child))
    }

    #[inline]
    fn push(&mut self, body: &Body, node: NodeId) -> Event {
        let structured = body.op(node).shape().arms() > 0;
        self.frames.push(Frame { node, visited: 0, structured, reported: false });
        Event::Enter(node)
    }

    /// Where the node of the last event stands: its parent and its number among the parent's children; `None` for the
    /// root. After `Leave` or `Enter` of the node alike.
    #[inline]
    pub(crate) fn place(&self, body: &Body, node: NodeId) -> Option<(NodeId, usize)> {
        let mut frames = self.frames.iter().rev();
        let mut frame = frames.next()?;
        if frame.node == node {
            frame = frames.next()?;
        }
        let visited = frame.visited as usize - 1;
        let count = body.children(frame.node).len();
        Some((frame.node, if self.backward { count - 1 - visited } else { visited }))
    }
}

/// Whether a node of an operator names labels, which [`Body::labels`] lists.
#[inline]
pub(crate) fn names_labels(op: Op) -> bool {
    op.effects().intersects(Effects::CONTROL) || op == Op::TRY_TABLE
}

/// Whether executing an operator, without its children, may throw: a `try_table` around it may then continue at one of
/// its labels. A trap is nothing that anybody catches.
#[inline]
pub(crate) fn may_throw(op: Op) -> bool {
    op.effects().intersects(Effects::CALLS) || matches!(op, Op::THROW | Op::THROW_REF)
}

/// The number of a node, for tables with a row for each node.
#[inline]
pub(crate) fn number(node: NodeId) -> usize {
    node.into_raw().into_u32() as usize
}
