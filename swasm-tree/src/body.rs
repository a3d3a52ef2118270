//! A function body as a tree: nodes in an arena, child lists in a pool, large immediates beside them.
//!
//! Law: a node's encoding is its children's encodings in order, then its own bytes; a block puts its body (and an `if`
//! its arms) after its header. So [`Body::children`] is the one enumeration of children for everybody.
//! Invariant while a body is being built: a node is made after its children, except that a block is opened empty so
//! that branches can name it. No node gets two parents; the verifier proves it.

use std::collections::HashMap;

use la_arena::Arena;

use crate::ids::{node_from_raw, node_raw};
use crate::local_names::LocalNames;
use crate::{
    DataId, FuncId, FuncType, Loc, LocalId, MemoryId, NodeId, Op, Shape, TagId, TypeId, ValType,
};

mod build;
mod edit;
mod view;

pub use view::{View, WithImmediate};

/// One operator with its immediates and children, in sixteen bytes. Read the immediates through [`Body::view`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node {
    /// The operator.
    pub op: Op,
    /// How many children.
    pub(crate) n: u16,
    /// An id, a value or a place in the body's side pools, as the operator's shape says.
    pub(crate) imm: u32,
    /// Where the list of children starts in the pool: its place for [`Body::pooled`].
    pub(crate) kids: u32,
    /// Where it comes from.
    pub loc: Loc,
}

/// Where a load or store goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemArg {
    /// Promised alignment, as a power of two.
    pub align_log2: u8,
    /// Added to the address, exactly.
    pub offset: u64,
    /// The memory.
    pub memory: MemoryId,
}

/// What a block takes from its operands and gives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BlockType<'a> {
    /// Types of the parameters.
    pub params: &'a [ValType],
    /// Types of the results.
    pub results: &'a [ValType],
}

impl<'a> BlockType<'a> {
    /// Takes and gives nothing.
    pub const EMPTY: BlockType<'static> = BlockType { params: &[], results: &[] };

    /// Takes nothing, gives `results`.
    pub fn of(results: &'a [ValType]) -> BlockType<'a> {
        BlockType { params: &[], results }
    }
}

/// One clause of a `try_table`: which exceptions branch where, and with what.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Catch {
    /// The exceptions of this tag, whose values the branch carries; without one, all exceptions.
    pub tag: Option<TagId>,
    /// Whether the branch carries the exception itself, too, after the values.
    pub with_ref: bool,
    /// Where it branches: a block around the `try_table`.
    pub label: NodeId,
}

impl Catch {
    /// The mnemonic of WebAssembly text.
    pub fn mnemonic(self) -> &'static str {
        match (self.tag.is_some(), self.with_ref) {
            (true, false) => "catch",
            (true, true) => "catch_ref",
            (false, false) => "catch_all",
            (false, true) => "catch_all_ref",
        }
    }

    /// The encoding of its kind.
    pub(crate) fn byte(self) -> u8 {
        u8::from(self.tag.is_none()) << 1 | u8::from(self.with_ref)
    }
}

/// A constant that is known when the module is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Symbol {
    /// The address of a data segment that the writer lays out, plus a number.
    Data {
        /// The segment.
        data: DataId,
        /// Added to its address.
        addend: i64,
    },
    /// The end of static data, a multiple of 16.
    HeapBase,
    /// The end of read-only static data, which comes first.
    ReadOnlyEnd,
    /// How many pages memory 0 starts with. Where this is used they end at least 64 bytes above the heap base.
    InitialPages,
    /// The slot of a function in the module's own function table; slot 0 is null.
    TableSlot(FuncId),
}

/// More children than this are grouped into nested `Seq`s.
const MAX_CHILDREN: usize = u16::MAX as usize;

/// See [`Body::put_children`].
pub(crate) const MOST_COPIED: usize = 4;

/// Inline memory arguments: memory 0, offset below this.
const INLINE_OFFSETS: u64 = 1 << 27;
pub(crate) const SIDE_MEMARG: u32 = 1 << 31;
/// Of an inline memory argument: the alignment.
pub(crate) const MEMARG_ALIGN: u8 = 15;

/// Block types that every body knows: the empty one, then one result of each number type.
const SIMPLE_RESULTS: [ValType; 5] =
    [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];

#[derive(Clone, Copy, Debug)]
struct BlockTypeRun {
    start: u32,
    params: u32,
    results: u32,
}

/// A function body: see the module's documentation.
#[derive(Clone, Debug)]
pub struct Body {
    pub(crate) nodes: Arena<Node>,
    pool: Vec<NodeId>,
    /// Immediates that do not fit in a node, as 32-bit words.
    side: Vec<u32>,
    symbols: Vec<Symbol>,
    block_types: Vec<BlockTypeRun>,
    /// Numbers of all of them, once there are [many](build::FEW_BLOCK_TYPES).
    block_types_known: HashMap<FuncType, u32>,
    block_type_values: Vec<ValType>,
    /// Ranges in `labels` (targets, then the default) or in `locals_set`.
    label_lists: Vec<(u32, u32)>,
    labels: Vec<NodeId>,
    local_lists: Vec<(u32, u32)>,
    locals_set: Vec<LocalId>,
    /// Block type, and the range in `catches`.
    try_tables: Vec<(u32, u32, u32)>,
    catches: Vec<Catch>,
    /// Branches that are likely (or unlikely) taken.
    hints: Vec<(NodeId, bool)>,
    label_names: Vec<(NodeId, Box<str>)>,
    locals: Vec<ValType>,
    param_count: u32,
    results: Vec<ValType>,
    local_names: LocalNames,
    loc: Loc,
    /// The node that the function consists of; an empty `Seq` until [`Body::set_root`].
    root: NodeId,
}

impl Body {
    /// An empty body of a function with these parameters and results.
    pub fn new(params: &[ValType], results: &[ValType]) -> Body {
        let mut body = Body {
            nodes: Arena::new(),
            pool: Vec::new(),
            side: Vec::new(),
            symbols: Vec::new(),
            block_types: Vec::new(),
            block_types_known: HashMap::new(),
            block_type_values: Vec::new(),
            label_lists: Vec::new(),
            labels: Vec::new(),
            local_lists: Vec::new(),
            locals_set: Vec::new(),
            try_tables: Vec::new(),
            catches: Vec::new(),
            hints: Vec::new(),
            label_names: Vec::new(),
            locals: Vec::new(),
            param_count: 0,
            results: Vec::new(),
            local_names: LocalNames::default(),
            loc: Loc::NONE,
            root: node_from_raw(0),
        };
        body.reset(params, results);
        body
    }

    /// Makes this what [`Body::new`] gives, keeping the memory it has.
    pub fn reset(&mut self, params: &[ValType], results: &[ValType]) {
        self.nodes.clear();
        self.pool.clear();
        self.side.clear();
        self.symbols.clear();
        self.block_types.clear();
        self.block_types_known.clear();
        self.block_type_values.clear();
        self.label_lists.clear();
        self.labels.clear();
        self.local_lists.clear();
        self.locals_set.clear();
        self.try_tables.clear();
        self.catches.clear();
        self.hints.clear();
        self.label_names.clear();
        self.locals.clear();
        self.local_names.clear();
        self.results.clear();
        self.locals.extend_from_slice(params);
        self.param_count = params.len() as u32;
        self.results.extend_from_slice(results);
        self.loc = Loc::NONE;
        self.block_types.push(BlockTypeRun { start: 0, params: 0, results: 0 });
        for (start, ty) in (0..).zip(SIMPLE_RESULTS) {
            self.block_types.push(BlockTypeRun { start, params: 0, results: 1 });
            self.block_type_values.push(ty);
        }
        self.root = self.seq(&[]);
    }

    // ---- the function

    /// The node that the function consists of.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// Says what the function consists of.
    pub fn set_root(&mut self, root: NodeId) {
        self.root = root;
    }

    /// How many nodes were made (some may have no parent any more).
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Types of the parameters.
    pub fn params(&self) -> &[ValType] {
        &self.locals[..self.param_count as usize]
    }

    /// Types of the results.
    pub fn results(&self) -> &[ValType] {
        &self.results
    }

    pub(crate) fn set_results(&mut self, results: &[ValType]) {
        self.results = results.to_vec();
    }

    /// Changes the type of an indirect call.
    pub(crate) fn set_call_type(&mut self, id: NodeId, ty: TypeId) {
        let at = self.nodes[id].imm as usize;
        self.side[at] = ty.0;
    }

    /// Types of all locals, parameters first.
    pub fn locals(&self) -> &[ValType] {
        &self.locals
    }

    /// A new local, zero at the start (null if a reference).
    pub fn add_local(&mut self, ty: ValType) -> LocalId {
        let id = LocalId(self.locals.len() as u32);
        self.locals.push(ty);
        id
    }

    /// So many new locals of one type.
    pub(crate) fn add_locals(&mut self, count: u32, ty: ValType) {
        self.locals.resize(self.locals.len() + count as usize, ty);
    }

    /// Replaces the locals that are not parameters, as a pass that coalesces or renumbers them does; names are dropped.
    pub fn set_locals(&mut self, types: &[ValType]) {
        self.locals.truncate(self.param_count as usize);
        self.locals.extend_from_slice(types);
        let params = self.param_count;
        self.local_names.retain(|local| local.0 < params);
    }

    /// Changes the types of parameters, locals and results.
    pub(crate) fn map_types(&mut self, map: &mut dyn FnMut(ValType) -> ValType) {
        self.locals.iter_mut().chain(&mut self.results).for_each(|ty| *ty = map(*ty));
    }

    /// The type of a parameter or local.
    #[inline]
    pub fn local_type(&self, local: LocalId) -> ValType {
        self.locals[local.index()]
    }

    /// How many parameters and locals there are.
    pub fn local_count(&self) -> usize {
        self.locals.len()
    }

    /// How many of the locals are parameters.
    pub fn param_count(&self) -> usize {
        self.param_count as usize
    }

    pub(crate) fn local_name_list(&self) -> &LocalNames {
        &self.local_names
    }

    /// Names a parameter or local, for people.
    pub fn name_local(&mut self, local: LocalId, name: &str) {
        self.local_names.push(local, name);
    }

    /// The names given, in the order they were given; a later one for the same local counts.
    pub fn local_names(&self) -> impl Iterator<Item = (LocalId, &str)> {
        self.local_names.iter()
    }

    /// The position that nodes made from now on get.
    pub fn at(&mut self, loc: Loc) {
        self.loc = loc;
    }

    /// The position that new nodes get.
    pub fn loc(&self) -> Loc {
        self.loc
    }

    // ---- reading and rewriting

    /// A node.
    #[inline]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// A node's operator.
    #[inline]
    pub fn op(&self, id: NodeId) -> Op {
        self.nodes[id].op
    }

    /// A node's children, in order of evaluation.
    #[inline]
    pub fn children(&self, id: NodeId) -> &[NodeId] {
        let node = &self.nodes[id];
        &self.pool[node.kids as usize..node.kids as usize + node.n as usize]
    }

    /// A node, if the id is one's.
    #[inline]
    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        ((node_raw(id) as usize) < self.nodes.len()).then(|| &self.nodes[id])
    }

    /// What is at a place in the pool of child lists, see [`Node`].
    #[inline]
    pub(crate) fn pooled(&self, at: u32) -> NodeId {
        self.pool[at as usize]
    }

    /// Puts a node's children into a list from a place on, behind which there is room for [`MOST_COPIED`] and for all of them; gives the place
    /// behind them.
    #[inline]
    pub(crate) fn put_children(&self, node: &Node, list: &mut [NodeId], at: usize) -> usize {
        let (start, count) = (node.kids as usize, node.n as usize);
        let pooled = self.pool.get(start..).and_then(|rest| rest.first_chunk::<MOST_COPIED>());
        let room = list.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<MOST_COPIED>());
        match (pooled, room) {
            // Mostly they are few: to copy more than there are is quicker than to look how many.
            (Some(children), Some(room)) if count <= MOST_COPIED => *room = *children,
            _ => list[at..at + count].copy_from_slice(&self.pool[start..start + count]),
        }
        at + count
    }

    /// Puts another node in a node's place; the id, and so the parent, stays. To move the node `b` over `a`:
    /// `body.replace(a, *body.node(b))`; `b` must then not be used any more. A block that branches name must not move:
    /// use [`Body::set_children`] of its parent instead.
    pub fn replace(&mut self, id: NodeId, node: Node) {
        self.nodes[id] = node;
    }

    /// Makes a node an empty `Seq`: nothing is done in its place. Its position stays.
    pub fn clear(&mut self, id: NodeId) {
        let Node { kids, loc, .. } = self.nodes[id];
        self.nodes[id] = Node { op: Op::SEQ, n: 0, imm: 0, kids, loc };
    }

    /// Gives a node other children. Lists of at most the old length are written in place.
    pub fn set_children(&mut self, id: NodeId, children: &[NodeId]) {
        if children.len() <= self.nodes[id].n as usize {
            let start = self.nodes[id].kids as usize;
            self.pool[start..start + children.len()].copy_from_slice(children);
            self.nodes[id].n = children.len() as u16;
            return;
        }
        let (kids, n) = self.list(children);
        let node = &mut self.nodes[id];
        node.kids = kids;
        node.n = n;
    }

    /// Puts one child in the place of another.
    pub fn set_child(&mut self, id: NodeId, index: usize, child: NodeId) {
        let node = &self.nodes[id];
        assert!(index < node.n as usize, "the caller counted the children");
        self.pool[node.kids as usize + index] = child;
    }

    /// The type of a block, loop, if, `try_table` or `try`.
    #[inline]
    pub fn block_type(&self, id: NodeId) -> BlockType<'_> {
        let node = &self.nodes[id];
        debug_assert!(node.op.shape().is_label(), "the caller looked at the shape");
        self.block_type_at(self.block_type_number(node))
    }

    /// Equal types of blocks have the same number.
    #[inline]
    pub(crate) fn block_type_number(&self, node: &Node) -> u32 {
        if node.op.shape() == Shape::TryTable {
            self.try_tables[node.imm as usize].0
        } else {
            node.imm
        }
    }

    /// Gives a block, loop, if, `try_table` or `try` another type.
    pub fn set_block_type(&mut self, id: NodeId, ty: BlockType<'_>) {
        let Node { op, imm, .. } = self.nodes[id];
        debug_assert!(op.shape().is_label(), "the caller looked at the shape");
        let ty = self.intern_block_type(ty);
        if op.shape() == Shape::TryTable {
            self.try_tables[imm as usize].0 = ty;
        } else {
            self.nodes[id].imm = ty;
        }
    }

    /// Names the label of a block, for people.
    pub fn name_label(&mut self, block: NodeId, name: &str) {
        self.label_names.push((block, name.into()));
    }

    /// The names of labels, in the order in which they were given.
    pub fn label_names(&self) -> impl Iterator<Item = (NodeId, &str)> {
        self.label_names.iter().map(|(block, name)| (*block, &**name))
    }

    /// Says whether a branch is likely taken.
    pub fn hint(&mut self, branch: NodeId, likely: bool) {
        self.hints.push((branch, likely));
    }

    /// What was said of branches, in the order in which it was said.
    pub fn hints(&self) -> &[(NodeId, bool)] {
        &self.hints
    }

    /// Another node with the same operator, immediates and children, which then have two parents: one of the two
    /// nodes has to go. Not for blocks, which have labels.
    pub(crate) fn copy_node(&mut self, id: NodeId) -> NodeId {
        let node = self.nodes[id];
        self.nodes.alloc(node)
    }
}
