//! Walking and copying trees with an explicit stack: depth is limited by memory only.
//!
//! Invariant: a node is entered before and left after its children, which come in order of evaluation.

use std::collections::HashMap;

use crate::ids::{node_from_raw, node_raw};
use crate::{Body, FuncId, GlobalId, Loc, LocalId, NodeId, Op, Shape, TypeId, View};

/// A step of a walk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A node, before its children.
    Enter(NodeId),
    /// A node, after its children.
    Leave(NodeId),
}

/// A walk that borrows nothing, so that the body may change between steps: new children of a node that was not yet
/// left are walked, too.
#[derive(Clone, Debug)]
pub struct Walker {
    /// Nodes that were entered, with the number of the next child.
    open: Vec<(NodeId, u32)>,
    start: Option<NodeId>,
}

impl Walker {
    /// A walk over a node and all below it.
    pub fn new(root: NodeId) -> Walker {
        Walker { open: Vec::new(), start: Some(root) }
    }

    /// The next step.
    #[inline]
    pub fn next(&mut self, body: &Body) -> Option<Step> {
        if let Some(start) = self.start.take() {
            self.open.push((start, 0));
            return Some(Step::Enter(start));
        }
        let (node, next) = self.open.last_mut()?;
        if let Some(&child) = body.children(*node).get(*next as usize) {
            *next += 1;
            self.open.push((child, 0));
            return Some(Step::Enter(child));
        }
        self.open.pop().map(|(node, _)| Step::Leave(node))
    }

    /// Leaves out the children of the node entered last that were not walked yet.
    pub fn skip_children(&mut self) {
        if let Some((_, next)) = self.open.last_mut() {
            *next = u32::MAX;
        }
    }

    /// The parent of the node left last, and which of its children that was. None after the walk's own root was left.
    #[inline]
    pub fn place(&self) -> Option<(NodeId, usize)> {
        let &(parent, next) = self.open.last()?;
        Some((parent, (next as usize).checked_sub(1)?))
    }

    /// The blocks that the node entered last may branch to, innermost first: those whose body it is in, not those whose operand it is.
    /// (A branch to the function names its root.)
    ///
    /// ```
    /// use swasm_tree::{BlockType, Body, Op, Step, Walker};
    /// let mut body = Body::new(&[], &[]);
    /// let (outer, inner) = (body.block(BlockType::EMPTY), body.loop_(BlockType::EMPTY));
    /// let leave = body.br(outer, &[]);
    /// body.set_body(inner, leave);
    /// body.set_body(outer, inner);
    /// body.set_root(outer);
    /// let mut walker = Walker::new(body.root());
    /// while let Some(step) = walker.next(&body) {
    ///     if step == Step::Enter(leave) {
    ///         assert_eq!(walker.labels(&body).collect::<Vec<_>>(), [inner, outer]);
    ///     }
    /// }
    /// ```
    pub fn labels<'a>(&'a self, body: &'a Body) -> impl Iterator<Item = NodeId> + 'a {
        let around = self.open.len().saturating_sub(1);
        self.open[..around].iter().rev().filter_map(move |&(node, next)| {
            let (shape, children) = (body.op(node).shape(), body.children(node).len());
            (shape.is_label() && next as usize > children - shape.arms()).then_some(node)
        })
    }

    /// The nodes that are entered and not left, outermost first.
    pub fn path(&self) -> impl DoubleEndedIterator<Item = NodeId> + '_ {
        self.open.iter().map(|&(node, _)| node)
    }
}

/// How a copy differs from its original. Everything is the same unless said otherwise.
pub trait Remap {
    /// The local in the copy.
    fn local(&mut self, local: LocalId) -> LocalId {
        local
    }

    /// The block in the target body for a label whose block is not copied along.
    fn label(&mut self, label: NodeId) -> NodeId {
        label
    }

    /// The function in the copy.
    fn func(&mut self, func: FuncId) -> FuncId {
        func
    }

    /// The global in the copy.
    fn global(&mut self, global: GlobalId) -> GlobalId {
        global
    }

    /// The type in the copy, of an indirect call.
    fn ty(&mut self, ty: TypeId) -> TypeId {
        ty
    }

    /// The position in the copy.
    fn loc(&mut self, loc: Loc) -> Loc {
        loc
    }

    /// What stands for a node of the original, when it is not simply copied: asked when its children have been copied
    /// (so a `return` becomes a `br`, a hole what fills it). Not asked for blocks, loops and ifs.
    fn node(
        &mut self,
        to: &mut Body,
        op: Op,
        original: NodeId,
        children: &[NodeId],
    ) -> Option<NodeId> {
        let _ = (to, op, original, children);
        None
    }
}

/// Copies everything as it is.
#[derive(Clone, Copy, Debug)]
pub struct Unchanged;

impl Remap for Unchanged {}

impl Body {
    /// Enters and leaves a node and all below it.
    pub fn walk(&self, root: NodeId) -> impl Iterator<Item = Step> + '_ {
        let mut walker = Walker::new(root);
        std::iter::from_fn(move || walker.next(self))
    }

    /// A node and all below it, parents first.
    pub fn pre_order(&self, root: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.walk(root).filter_map(|step| match step {
            Step::Enter(node) => Some(node),
            Step::Leave(_) => None,
        })
    }

    /// A node and all below it, children first.
    pub fn post_order(&self, root: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.walk(root).filter_map(|step| match step {
            Step::Enter(_) => None,
            Step::Leave(node) => Some(node),
        })
    }

    /// Copies a tree of another body into this one. Labels of blocks that are copied along follow the copy.
    pub fn copy_from(&mut self, from: &Body, root: NodeId, remap: &mut dyn Remap) -> NodeId {
        copy(self, Some(from), root, remap)
    }

    /// Copies a tree within this body.
    pub fn copy_within(&mut self, root: NodeId, remap: &mut dyn Remap) -> NodeId {
        copy(self, None, root, remap)
    }

    /// Whether control never comes past a node, as far as validation sees: it diverges itself, or an operand does. A
    /// block's results count as reached.
    pub fn diverges(&self, root: NodeId) -> bool {
        let mut waiting = vec![root];
        while let Some(node) = waiting.pop() {
            let op = self.op(node);
            if op.diverges() {
                return true;
            }
            let children = self.children(node);
            waiting.extend_from_slice(&children[..children.len() - op.shape().arms()]);
        }
        false
    }
}

fn copy(to: &mut Body, from: Option<&Body>, root: NodeId, remap: &mut dyn Remap) -> NodeId {
    let mut walker = Walker::new(root);
    // Copies of children whose parent is not copied yet; labels of blocks that are open.
    let mut done: Vec<NodeId> = Vec::new();
    let mut labels: HashMap<NodeId, NodeId> = HashMap::new();
    while let Some(step) = walker.next(from.unwrap_or(to)) {
        match step {
            Step::Enter(node) => {
                let original = *from.unwrap_or(to).node(node);
                if original.op.shape().arms() > 0 {
                    let imm = to.import_immediate(from, &original, remap, &labels);
                    let copied = to.nodes.alloc(crate::Node {
                        n: 0,
                        imm,
                        kids: 0,
                        op: original.op,
                        loc: remap.loc(original.loc),
                    });
                    labels.insert(node, copied);
                }
            }
            Step::Leave(node) => {
                let original = *from.unwrap_or(to).node(node);
                let first = done.len() - original.n as usize;
                let copied = if original.op.shape().arms() > 0 {
                    let copied = labels.remove(&node).unwrap_or(node);
                    to.set_children(copied, &done[first..]);
                    copied
                } else if let Some(other) = remap.node(to, original.op, node, &done[first..]) {
                    other
                } else {
                    let imm = to.import_immediate(from, &original, remap, &labels);
                    let copied = to.make(original.op, imm, &done[first..]);
                    to.nodes[copied].loc = remap.loc(original.loc);
                    copied
                };
                done.truncate(first);
                done.push(copied);
            }
        }
    }
    // A walk leaves its root last.
    done.pop().unwrap_or(root)
}

impl Body {
    /// The immediate of a copied node, with what it points at copied along.
    fn import_immediate(
        &mut self,
        from: Option<&Body>,
        node: &crate::Node,
        remap: &mut dyn Remap,
        labels: &HashMap<NodeId, NodeId>,
    ) -> u32 {
        let label = |remap: &mut dyn Remap, old: NodeId| {
            labels.get(&old).copied().unwrap_or_else(|| remap.label(old))
        };
        let imm = node.imm;
        match node.op.shape() {
            Shape::Local => remap.local(LocalId(imm)).0,
            Shape::Global => remap.global(GlobalId(imm)).0,
            Shape::Call | Shape::RefFunc => remap.func(FuncId(imm)).0,
            Shape::CallIndirect => {
                let source = from.unwrap_or(self);
                let View::CallIndirect { ty, table } = source.view_node(node) else { return imm };
                self.side(&[remap.ty(ty).0, table.0])
            }
            Shape::Type => remap.ty(TypeId(imm)).0,
            Shape::Br | Shape::BrOn | Shape::Delegate | Shape::Rethrow => {
                node_raw(label(remap, node_from_raw(imm)))
            }
            Shape::BrOnCast | Shape::TryTable => {
                let imm = match from {
                    Some(from) => self.import_side(from, node),
                    None => self.duplicate_side(node),
                };
                self.map_labels(node.op, imm, |old| label(remap, old))
            }
            Shape::BrTable => {
                let targets: Vec<NodeId> = from.unwrap_or(self).label_list(imm).to_vec();
                let targets: Vec<NodeId> =
                    targets.into_iter().map(|old| label(remap, old)).collect();
                self.add_label_list(&targets)
            }
            Shape::SetMany => {
                let locals: Vec<LocalId> = from.unwrap_or(self).local_list_at(imm).to_vec();
                let locals: Vec<LocalId> = locals.into_iter().map(|old| remap.local(old)).collect();
                self.local_list(&locals)
            }
            Shape::Plain
            | Shape::I32
            | Shape::I64
            | Shape::F32
            | Shape::F64
            | Shape::V128
            | Shape::Symbol
            | Shape::Mem(_)
            | Shape::MemLane(_)
            | Shape::Lane(_)
            | Shape::Shuffle
            | Shape::Memory
            | Shape::MemoryCopy
            | Shape::MemoryInit
            | Shape::Data
            | Shape::RefNull
            | Shape::RefTest
            | Shape::Table
            | Shape::TableCopy
            | Shape::TableInit
            | Shape::Elem
            | Shape::Drop
            | Shape::Select
            | Shape::SelectTyped
            | Shape::Block
            | Shape::Loop
            | Shape::If
            | Shape::Return
            | Shape::Unreachable
            | Shape::Atomic(_)
            | Shape::Fence
            | Shape::RefAs
            | Shape::RefCast
            | Shape::Field
            | Shape::ArrayFixed
            | Shape::ArrayData
            | Shape::ArrayElem
            | Shape::ArrayCopy
            | Shape::Throw
            | Shape::ThrowRef
            | Shape::Try
            | Shape::Catch
            | Shape::CatchAll
            | Shape::Beyond
            | Shape::Seq
            | Shape::Stack
            | Shape::Hole => match from {
                Some(from) => self.import_side(from, node),
                None => imm,
            },
        }
    }
}
