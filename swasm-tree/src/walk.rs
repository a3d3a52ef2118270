//! Walking and copying trees with an explicit stack: depth is limited by memory only.
//!
//! Invariant: a node is entered before and left after its children, which come in order of evaluation.

use std::collections::HashMap;

use crate::ids::node_raw;
use crate::{
    BlockType, Body, Catch, DataId, ElemId, FuncId, GlobalId, HeapType, Loc, LocalId, MemArg,
    MemoryId, NodeId, Op, RefType, Shape, Symbol, TableId, TagId, TypeId, ValType, View,
};

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

    /// The type in the copy, also where it is part of the type of a value.
    fn ty(&mut self, ty: TypeId) -> TypeId {
        ty
    }

    /// The table in the copy. Not asked for the module's own function table.
    fn table(&mut self, table: TableId) -> TableId {
        table
    }

    /// The memory in the copy.
    fn memory(&mut self, memory: MemoryId) -> MemoryId {
        memory
    }

    /// The data segment in the copy.
    fn data(&mut self, data: DataId) -> DataId {
        data
    }

    /// The element segment in the copy.
    fn elem(&mut self, elem: ElemId) -> ElemId {
        elem
    }

    /// The tag in the copy.
    fn tag(&mut self, tag: TagId) -> TagId {
        tag
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

/// A value's type in the copy.
pub(crate) fn map_val_type(remap: &mut dyn Remap, ty: ValType) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(map_ref_type(remap, ty)),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => ty,
    }
}

fn map_ref_type(remap: &mut dyn Remap, ty: RefType) -> RefType {
    match ty.heap() {
        HeapType::Concrete(id) => RefType::new(ty.is_nullable(), HeapType::Concrete(remap.ty(id))),
        HeapType::Abstract(_) => ty,
    }
}

fn map_table(remap: &mut dyn Remap, table: TableId) -> TableId {
    if table == TableId::FUNCTIONS { table } else { remap.table(table) }
}

fn map_symbol(remap: &mut dyn Remap, symbol: Symbol) -> Symbol {
    match symbol {
        Symbol::Data { data, addend } => Symbol::Data { data: remap.data(data), addend },
        Symbol::TableSlot(func) => Symbol::TableSlot(remap.func(func)),
        Symbol::HeapBase | Symbol::ReadOnlyEnd | Symbol::InitialPages => symbol,
    }
}

impl Body {
    /// Gives everything that the body names other ids, in place: what moves a body from one module to another. Labels are asked for like
    /// the rest; [`Remap::node`] is not.
    pub fn rename(&mut self, remap: &mut dyn Remap) {
        self.map_types(&mut |ty| map_val_type(remap, ty));
        let labels = HashMap::new();
        let mut walker = Walker::new(self.root());
        while let Some(step) = walker.next(self) {
            let Step::Enter(node) = step else { continue };
            let original = *self.node(node);
            let imm = self.import_immediate(None, &original, remap, &labels);
            let loc = remap.loc(original.loc);
            self.replace(node, crate::Node { imm, loc, ..original });
        }
    }

    /// The immediate of a copied node, with what it points at copied along.
    #[allow(clippy::wildcard_enum_match_arm, reason = "all others are copied from their view")]
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
        let shape = node.op.shape();
        // What has a list, or only a number, goes by itself; of all else the view says which ids there are.
        if shape.is_label() && shape != Shape::TryTable || shape == Shape::SelectTyped {
            return self.import_block_type(from, imm, remap);
        }
        if shape == Shape::TryTable {
            let (ty, catches) = from.unwrap_or(self).try_table_at(imm);
            let catches: Vec<Catch> = catches.to_vec();
            let catches: Vec<Catch> = catches
                .into_iter()
                .map(|catch| Catch {
                    tag: catch.tag.map(|tag| remap.tag(tag)),
                    label: label(remap, catch.label),
                    ..catch
                })
                .collect();
            let ty = self.import_block_type(from, ty, remap);
            return self.add_try_table(ty, &catches);
        }
        if shape == Shape::BrTable {
            let targets: Vec<NodeId> = from.unwrap_or(self).label_list(imm).to_vec();
            let targets: Vec<NodeId> = targets.into_iter().map(|old| label(remap, old)).collect();
            return self.add_label_list(&targets);
        }
        if shape == Shape::SetMany {
            let locals: Vec<LocalId> = from.unwrap_or(self).local_list_at(imm).to_vec();
            let locals: Vec<LocalId> = locals.into_iter().map(|old| remap.local(old)).collect();
            return self.local_list(&locals);
        }
        if shape == Shape::Symbol {
            let symbol = from.unwrap_or(self).symbol_at(imm);
            return self.add_symbol(map_symbol(remap, symbol));
        }
        if matches!(shape, Shape::I64 | Shape::F64 | Shape::V128 | Shape::Shuffle) {
            return from.map_or(imm, |from| self.import_side(from, node));
        }
        match from.unwrap_or(self).view_node(node) {
            View::Local(local) => remap.local(local).0,
            View::Global(global) => remap.global(global).0,
            View::Call(func) | View::RefFunc(func) => remap.func(func).0,
            View::Mem(memarg) => {
                self.memarg(MemArg { memory: remap.memory(memarg.memory), ..memarg })
            }
            View::MemLane(memarg, lane) => {
                self.memarg_side(MemArg { memory: remap.memory(memarg.memory), ..memarg }, lane)
            }
            View::Memory(memory) => remap.memory(memory).0,
            View::MemoryCopy { to, from } => self.side(&[remap.memory(to).0, remap.memory(from).0]),
            View::MemoryInit { data, memory } => {
                self.side(&[remap.data(data).0, remap.memory(memory).0])
            }
            View::Data(data) => remap.data(data).0,
            View::CallIndirect { ty, table } => {
                self.side(&[remap.ty(ty).0, map_table(remap, table).0])
            }
            View::Table(table) => map_table(remap, table).0,
            View::TableCopy { to, from } => {
                self.side(&[map_table(remap, to).0, map_table(remap, from).0])
            }
            View::TableInit { elem, table } => {
                self.side(&[remap.elem(elem).0, map_table(remap, table).0])
            }
            View::Elem(elem) => remap.elem(elem).0,
            View::Type(ty) => remap.ty(ty).0,
            View::Field { ty, field } => self.side(&[remap.ty(ty).0, field]),
            View::ArrayFixed { ty, size } => self.side(&[remap.ty(ty).0, size]),
            View::ArrayData { ty, data } => self.side(&[remap.ty(ty).0, remap.data(data).0]),
            View::ArrayElem { ty, elem } => self.side(&[remap.ty(ty).0, remap.elem(elem).0]),
            View::ArrayCopy { to, from } => self.side(&[remap.ty(to).0, remap.ty(from).0]),
            View::RefNull(_) | View::RefCast(_) => {
                map_ref_type(remap, RefType::from_bits(imm)).bits()
            }
            View::Br(old) | View::Label(old) => node_raw(label(remap, old)),
            View::BrOnCast { label: old, from, to } => {
                let (from, to) = (map_ref_type(remap, from), map_ref_type(remap, to));
                self.side(&[node_raw(label(remap, old)), from.bits(), to.bits()])
            }
            View::Tag(tag) => remap.tag(tag).0,
            // Nothing but a number, or nothing; or seen above.
            View::Plain
            | View::I32(_)
            | View::F32(_)
            | View::Lane(_)
            | View::Seq
            | View::Stack
            | View::Hole(_)
            | View::I64(_)
            | View::F64(_)
            | View::V128(_)
            | View::Shuffle(_)
            | View::Symbol(_)
            | View::SelectTyped(_)
            | View::Block(_)
            | View::Loop(_)
            | View::If(_)
            | View::Try(_)
            | View::TryTable(..)
            | View::BrTable { .. }
            | View::SetMany(_) => imm,
        }
    }

    fn import_block_type(&mut self, from: Option<&Body>, imm: u32, remap: &mut dyn Remap) -> u32 {
        let ty = from.unwrap_or(self).block_type_at(imm);
        let mut values = ty.params.iter().chain(ty.results);
        if values.all(|ty| ty.concrete().is_none()) {
            return match from {
                Some(from) => self.intern_block_type(from.block_type_at(imm)),
                None => imm,
            };
        }
        let mut map = |types: &[ValType]| -> Vec<ValType> {
            types.iter().map(|&ty| map_val_type(remap, ty)).collect()
        };
        let (params, results) = (map(ty.params), map(ty.results));
        self.intern_block_type(BlockType { params: &params, results: &results })
    }
}
