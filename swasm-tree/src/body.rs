//! A function body as a tree: nodes in an arena, child lists in a pool, large immediates beside them.
//!
//! Law: a node's encoding is its children's encodings in order, then its own bytes; a block puts its body (and an `if`
//! its arms) after its header. So [`Body::children`] is the one enumeration of children for everybody.
//! Invariant while a body is being built: a node is made after its children, except that a block is opened empty so
//! that branches can name it. No node gets two parents; the verifier proves it.

use la_arena::Arena;

use crate::ids::{node_from_raw, node_raw};
use crate::{
    DataId, ElemId, FuncId, GlobalId, HeapType, Loc, LocalId, MemoryId, NodeId, Op, RefType,
    TableId, TypeId, ValType,
};

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
    /// Where the list of children starts in the pool.
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

/// Inline memory arguments: memory 0, offset below this.
const INLINE_OFFSETS: u64 = 1 << 27;
const SIDE_MEMARG: u32 = 1 << 31;

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
    block_type_values: Vec<ValType>,
    /// Ranges in `labels` (targets, then the default) or in `locals_set`.
    label_lists: Vec<(u32, u32)>,
    labels: Vec<NodeId>,
    local_lists: Vec<(u32, u32)>,
    locals_set: Vec<LocalId>,
    locals: Vec<ValType>,
    param_count: u32,
    results: Vec<ValType>,
    local_names: Vec<(LocalId, Box<str>)>,
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
            block_type_values: Vec::new(),
            label_lists: Vec::new(),
            labels: Vec::new(),
            local_lists: Vec::new(),
            locals_set: Vec::new(),
            locals: Vec::new(),
            param_count: 0,
            results: Vec::new(),
            local_names: Vec::new(),
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
        self.block_type_values.clear();
        self.label_lists.clear();
        self.labels.clear();
        self.local_lists.clear();
        self.locals_set.clear();
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

    /// Replaces the locals that are not parameters, as a pass that coalesces or renumbers them does; names are dropped.
    pub fn set_locals(&mut self, types: &[ValType]) {
        self.locals.truncate(self.param_count as usize);
        self.locals.extend_from_slice(types);
        let params = self.param_count;
        self.local_names.retain(|(local, _)| local.0 < params);
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

    /// Names a parameter or local, for people.
    pub fn name_local(&mut self, local: LocalId, name: &str) {
        self.local_names.push((local, name.into()));
    }

    /// The names given, in the order they were given; a later one for the same local counts.
    pub fn local_names(&self) -> &[(LocalId, Box<str>)] {
        &self.local_names
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

    /// Puts another node in a node's place; the id, and so the parent, stays. To move the node `b` over `a`:
    /// `body.replace(a, *body.node(b))`; `b` must then not be used any more. A block that branches name must not move:
    /// use [`Body::set_children`] of its parent instead.
    pub fn replace(&mut self, id: NodeId, node: Node) {
        self.nodes[id] = node;
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

    /// The type of a block, loop or if.
    #[inline]
    pub fn block_type(&self, id: NodeId) -> BlockType<'_> {
        debug_assert!(self.op(id).shape().arms() > 0, "the caller looked at the shape");
        self.block_type_at(self.nodes[id].imm)
    }

    // ---- building: anything

    #[inline]
    fn list(&mut self, children: &[NodeId]) -> (u32, u16) {
        if children.len() > MAX_CHILDREN {
            return self.long_list(children);
        }
        let kids = self.pool.len() as u32;
        self.pool.extend_from_slice(children);
        (kids, children.len() as u16)
    }

    /// Groups children until there are few enough; a `Seq`'s results are its children's, so nothing changes.
    #[cold]
    fn long_list(&mut self, children: &[NodeId]) -> (u32, u16) {
        let groups: Vec<NodeId> =
            children.chunks(MAX_CHILDREN).map(|group| self.seq(group)).collect();
        self.list(&groups)
    }

    #[inline]
    pub(crate) fn make(&mut self, op: Op, imm: u32, children: &[NodeId]) -> NodeId {
        let (kids, n) = self.list(children);
        let loc = self.loc;
        self.nodes.alloc(Node { op, n, imm, kids, loc })
    }

    pub(crate) fn side(&mut self, words: &[u32]) -> u32 {
        let at = self.side.len() as u32;
        self.side.extend_from_slice(words);
        at
    }

    /// A node whose operator has no immediates: see `Shape::Plain`, also `drop`, `select`, `return`, `ref.is_null`.
    #[inline]
    pub fn plain(&mut self, op: Op, operands: &[NodeId]) -> NodeId {
        self.make(op, 0, operands)
    }

    // ---- building: constants

    /// `i32.const`.
    #[inline]
    pub fn i32_const(&mut self, value: i32) -> NodeId {
        self.make(Op::I32_CONST, value as u32, &[])
    }

    /// `i64.const`.
    pub fn i64_const(&mut self, value: i64) -> NodeId {
        let at = self.side(&[value as u32, (value >> 32) as u32]);
        self.make(Op::I64_CONST, at, &[])
    }

    /// `f32.const`, from its bits.
    pub fn f32_const(&mut self, bits: u32) -> NodeId {
        self.make(Op::F32_CONST, bits, &[])
    }

    /// `f64.const`, from its bits.
    pub fn f64_const(&mut self, bits: u64) -> NodeId {
        let at = self.side(&[bits as u32, (bits >> 32) as u32]);
        self.make(Op::F64_CONST, at, &[])
    }

    /// `v128.const`, from its bytes in memory order.
    pub fn v128_const(&mut self, bytes: [u8; 16]) -> NodeId {
        let at = self.side_bytes(bytes);
        self.make(Op::V128_CONST, at, &[])
    }

    /// A constant of address type that is known when the module is written.
    pub fn symbol(&mut self, symbol: Symbol) -> NodeId {
        let at = self.symbols.len() as u32;
        self.symbols.push(symbol);
        self.make(Op::SYMBOL, at, &[])
    }

    fn side_bytes(&mut self, bytes: [u8; 16]) -> u32 {
        let value = u128::from_le_bytes(bytes);
        self.side(&[value as u32, (value >> 32) as u32, (value >> 64) as u32, (value >> 96) as u32])
    }

    // ---- building: variables

    /// `local.get`.
    #[inline]
    pub fn local_get(&mut self, local: LocalId) -> NodeId {
        self.make(Op::LOCAL_GET, local.0, &[])
    }

    /// `local.set`.
    pub fn local_set(&mut self, local: LocalId, value: NodeId) -> NodeId {
        self.make(Op::LOCAL_SET, local.0, &[value])
    }

    /// `local.tee`.
    pub fn local_tee(&mut self, local: LocalId, value: NodeId) -> NodeId {
        self.make(Op::LOCAL_TEE, local.0, &[value])
    }

    /// The `local.set`s of a child with several results: the first local gets the first result.
    pub fn set_many(&mut self, locals: &[LocalId], value: NodeId) -> NodeId {
        let imm = self.local_list(locals);
        self.make(Op::SET_MANY, imm, &[value])
    }

    pub(crate) fn local_list(&mut self, locals: &[LocalId]) -> u32 {
        let at = self.local_lists.len() as u32;
        self.local_lists.push((self.locals_set.len() as u32, locals.len() as u32));
        self.locals_set.extend_from_slice(locals);
        at
    }

    /// `global.get`.
    pub fn global_get(&mut self, global: GlobalId) -> NodeId {
        self.make(Op::GLOBAL_GET, global.0, &[])
    }

    /// `global.set`.
    pub fn global_set(&mut self, global: GlobalId, value: NodeId) -> NodeId {
        self.make(Op::GLOBAL_SET, global.0, &[value])
    }

    // ---- building: memory

    /// A load.
    pub fn load(&mut self, op: Op, memarg: MemArg, address: NodeId) -> NodeId {
        let imm = self.memarg(memarg);
        self.make(op, imm, &[address])
    }

    /// A store.
    pub fn store(&mut self, op: Op, memarg: MemArg, address: NodeId, value: NodeId) -> NodeId {
        let imm = self.memarg(memarg);
        self.make(op, imm, &[address, value])
    }

    /// A load of one lane into a vector, or a store of one lane of it; `operands` are the address and the vector.
    pub fn access_lane(&mut self, op: Op, memarg: MemArg, lane: u8, operands: &[NodeId]) -> NodeId {
        let imm = self.memarg_side(memarg, lane);
        self.make(op, imm, operands)
    }

    fn memarg(&mut self, memarg: MemArg) -> u32 {
        if memarg.memory.0 == 0 && memarg.offset < INLINE_OFFSETS && memarg.align_log2 < 16 {
            return (memarg.offset as u32) << 4 | u32::from(memarg.align_log2);
        }
        self.memarg_side(memarg, 0) | SIDE_MEMARG
    }

    fn memarg_side(&mut self, memarg: MemArg, lane: u8) -> u32 {
        let MemArg { align_log2, offset, memory } = memarg;
        self.side(&[
            offset as u32,
            (offset >> 32) as u32,
            memory.0,
            u32::from(align_log2) | u32::from(lane) << 8,
        ])
    }

    /// `memory.size`, in pages.
    pub fn memory_size(&mut self, memory: MemoryId) -> NodeId {
        self.make(Op::MEMORY_SIZE, memory.0, &[])
    }

    /// `memory.grow`, by pages; gives the old size or -1.
    pub fn memory_grow(&mut self, memory: MemoryId, pages: NodeId) -> NodeId {
        self.make(Op::MEMORY_GROW, memory.0, &[pages])
    }

    /// `memory.fill`.
    pub fn memory_fill(
        &mut self,
        memory: MemoryId,
        address: NodeId,
        byte: NodeId,
        size: NodeId,
    ) -> NodeId {
        self.make(Op::MEMORY_FILL, memory.0, &[address, byte, size])
    }

    /// `memory.copy`.
    pub fn memory_copy(
        &mut self,
        to: MemoryId,
        from: MemoryId,
        target: NodeId,
        source: NodeId,
        size: NodeId,
    ) -> NodeId {
        let at = self.side(&[to.0, from.0]);
        self.make(Op::MEMORY_COPY, at, &[target, source, size])
    }

    /// `memory.init`.
    pub fn memory_init(
        &mut self,
        memory: MemoryId,
        data: DataId,
        target: NodeId,
        source: NodeId,
        size: NodeId,
    ) -> NodeId {
        let at = self.side(&[data.0, memory.0]);
        self.make(Op::MEMORY_INIT, at, &[target, source, size])
    }

    /// `data.drop`.
    pub fn data_drop(&mut self, data: DataId) -> NodeId {
        self.make(Op::DATA_DROP, data.0, &[])
    }

    // ---- building: calls

    /// `call`.
    pub fn call(&mut self, func: FuncId, arguments: &[NodeId]) -> NodeId {
        self.make(Op::CALL, func.0, arguments)
    }

    /// `return_call`.
    pub fn return_call(&mut self, func: FuncId, arguments: &[NodeId]) -> NodeId {
        self.make(Op::RETURN_CALL, func.0, arguments)
    }

    /// `call_indirect`: the slot comes last.
    pub fn call_indirect(
        &mut self,
        ty: TypeId,
        table: TableId,
        arguments: &[NodeId],
        slot: NodeId,
    ) -> NodeId {
        self.indirect(Op::CALL_INDIRECT, ty, table, arguments, slot)
    }

    /// `return_call_indirect`: the slot comes last.
    pub fn return_call_indirect(
        &mut self,
        ty: TypeId,
        table: TableId,
        arguments: &[NodeId],
        slot: NodeId,
    ) -> NodeId {
        self.indirect(Op::RETURN_CALL_INDIRECT, ty, table, arguments, slot)
    }

    fn indirect(
        &mut self,
        op: Op,
        ty: TypeId,
        table: TableId,
        arguments: &[NodeId],
        slot: NodeId,
    ) -> NodeId {
        let at = self.side(&[ty.0, table.0]);
        let operands: smallvec::SmallVec<[NodeId; 8]> =
            arguments.iter().copied().chain([slot]).collect();
        self.make(op, at, &operands)
    }

    // ---- building: operand lists of any length, for the text parser; the verifier counts

    pub(crate) fn memory_copy_of(
        &mut self,
        to: MemoryId,
        from: MemoryId,
        operands: &[NodeId],
    ) -> NodeId {
        let at = self.side(&[to.0, from.0]);
        self.make(Op::MEMORY_COPY, at, operands)
    }

    pub(crate) fn global_op(&mut self, op: Op, global: GlobalId, operands: &[NodeId]) -> NodeId {
        self.make(op, global.0, operands)
    }

    pub(crate) fn func_op(&mut self, op: Op, func: FuncId, operands: &[NodeId]) -> NodeId {
        self.make(op, func.0, operands)
    }

    pub(crate) fn access(&mut self, op: Op, memarg: MemArg, operands: &[NodeId]) -> NodeId {
        let imm = self.memarg(memarg);
        self.make(op, imm, operands)
    }

    pub(crate) fn shuffle_of(&mut self, op: Op, lanes: [u8; 16], operands: &[NodeId]) -> NodeId {
        let at = self.side_bytes(lanes);
        self.make(op, at, operands)
    }

    pub(crate) fn indirect_of(
        &mut self,
        op: Op,
        ty: TypeId,
        table: TableId,
        operands: &[NodeId],
    ) -> NodeId {
        let at = self.side(&[ty.0, table.0]);
        self.make(op, at, operands)
    }

    pub(crate) fn select_typed_of(&mut self, ty: ValType, operands: &[NodeId]) -> NodeId {
        let imm = self.intern_block_type(BlockType::of(&[ty]));
        self.make(Op::SELECT_TYPED, imm, operands)
    }

    pub(crate) fn branch(&mut self, op: Op, target: NodeId, operands: &[NodeId]) -> NodeId {
        self.make(op, node_raw(target), operands)
    }

    pub(crate) fn branch_table(&mut self, labels: &[NodeId], operands: &[NodeId]) -> NodeId {
        let at = self.add_label_list(labels);
        self.make(Op::BR_TABLE, at, operands)
    }

    // ---- building: references and tables

    /// `ref.func`.
    pub fn ref_func(&mut self, func: FuncId) -> NodeId {
        self.make(Op::REF_FUNC, func.0, &[])
    }

    /// `ref.null`.
    pub fn ref_null(&mut self, heap: HeapType) -> NodeId {
        self.make(Op::REF_NULL, RefType::new(true, heap).bits(), &[])
    }

    /// `table.get`, `table.set`, `table.size`, `table.grow` or `table.fill`.
    pub fn table(&mut self, op: Op, table: TableId, operands: &[NodeId]) -> NodeId {
        self.make(op, table.0, operands)
    }

    /// `table.copy`; operands are target, source, size.
    pub fn table_copy(&mut self, to: TableId, from: TableId, operands: &[NodeId]) -> NodeId {
        let at = self.side(&[to.0, from.0]);
        self.make(Op::TABLE_COPY, at, operands)
    }

    /// `table.init`; operands are target, source, size.
    pub fn table_init(&mut self, table: TableId, elem: ElemId, operands: &[NodeId]) -> NodeId {
        let at = self.side(&[elem.0, table.0]);
        self.make(Op::TABLE_INIT, at, operands)
    }

    /// `elem.drop`.
    pub fn elem_drop(&mut self, elem: ElemId) -> NodeId {
        self.make(Op::ELEM_DROP, elem.0, &[])
    }

    // ---- building: vectors

    /// An operator with a lane number.
    pub fn lane(&mut self, op: Op, lane: u8, operands: &[NodeId]) -> NodeId {
        self.make(op, u32::from(lane), operands)
    }

    /// `i8x16.shuffle`.
    pub fn shuffle(&mut self, op: Op, lanes: [u8; 16], a: NodeId, b: NodeId) -> NodeId {
        let at = self.side_bytes(lanes);
        self.make(op, at, &[a, b])
    }

    // ---- building: control

    fn intern_block_type(&mut self, ty: BlockType<'_>) -> u32 {
        match (ty.params, ty.results) {
            ([], []) => return 0,
            ([], [one]) => {
                if let Some(at) = SIMPLE_RESULTS.iter().position(|simple| simple == one) {
                    return at as u32 + 1;
                }
            }
            _ => (),
        }
        let count = self.block_types.len() as u32;
        if let Some(at) = (0..count).rev().find(|&at| self.block_type_at(at) == ty) {
            return at;
        }
        let start = self.block_type_values.len() as u32;
        self.block_type_values.extend_from_slice(ty.params);
        self.block_type_values.extend_from_slice(ty.results);
        let (params, results) = (ty.params.len() as u32, ty.results.len() as u32);
        self.block_types.push(BlockTypeRun { start, params, results });
        count
    }

    /// Opens a `block` without operands, so that `br` can name it: then [`Body::set_body`].
    pub fn block(&mut self, ty: BlockType<'_>) -> NodeId {
        self.block_with(ty, &[])
    }

    /// Opens a `block` with operands for its parameters.
    pub fn block_with(&mut self, ty: BlockType<'_>, operands: &[NodeId]) -> NodeId {
        self.open(Op::BLOCK, ty, operands)
    }

    /// Opens a `loop` without operands, so that `br` can name it: then [`Body::set_body`].
    pub fn loop_(&mut self, ty: BlockType<'_>) -> NodeId {
        self.loop_with(ty, &[])
    }

    /// Opens a `loop` with operands for its parameters.
    pub fn loop_with(&mut self, ty: BlockType<'_>, operands: &[NodeId]) -> NodeId {
        self.open(Op::LOOP, ty, operands)
    }

    fn open(&mut self, op: Op, ty: BlockType<'_>, operands: &[NodeId]) -> NodeId {
        let body = self.seq(&[]);
        let mut children: smallvec::SmallVec<[NodeId; 4]> = operands.into();
        children.push(body);
        let imm = self.intern_block_type(ty);
        self.make(op, imm, &children)
    }

    /// Says what an opened block or loop consists of.
    pub fn set_body(&mut self, block: NodeId, body: NodeId) {
        let last = self.children(block).len() - 1;
        self.set_child(block, last, body);
    }

    /// An `if`.
    pub fn if_(
        &mut self,
        ty: BlockType<'_>,
        condition: NodeId,
        then: NodeId,
        else_: Option<NodeId>,
    ) -> NodeId {
        let else_ = else_.unwrap_or_else(|| self.seq(&[]));
        let imm = self.intern_block_type(ty);
        self.make(Op::IF, imm, &[condition, then, else_])
    }

    /// Opens an `if`, so that `br` can name it: then [`Body::set_then`] and perhaps [`Body::set_else`].
    pub fn if_open(&mut self, ty: BlockType<'_>, condition: NodeId) -> NodeId {
        self.if_with(ty, &[condition])
    }

    /// Opens an `if` with operands for its parameters; the condition comes last.
    pub fn if_with(&mut self, ty: BlockType<'_>, operands: &[NodeId]) -> NodeId {
        let then = self.seq(&[]);
        let mut children: smallvec::SmallVec<[NodeId; 4]> = operands.into();
        children.push(then);
        let else_ = self.seq(&[]);
        children.push(else_);
        let imm = self.intern_block_type(ty);
        self.make(Op::IF, imm, &children)
    }

    /// Says what an opened `if` does when its condition is not zero.
    pub fn set_then(&mut self, if_: NodeId, then: NodeId) {
        let at = self.children(if_).len() - 2;
        self.set_child(if_, at, then);
    }

    /// Says what an opened `if` does when its condition is zero.
    pub fn set_else(&mut self, if_: NodeId, else_: NodeId) {
        let at = self.children(if_).len() - 1;
        self.set_child(if_, at, else_);
    }

    /// `br` to a block (past its end), loop (its start) or if.
    pub fn br(&mut self, target: NodeId, values: &[NodeId]) -> NodeId {
        self.make(Op::BR, node_raw(target), values)
    }

    /// `br_if`: the condition comes last.
    pub fn br_if(&mut self, target: NodeId, values: &[NodeId], condition: NodeId) -> NodeId {
        let operands: smallvec::SmallVec<[NodeId; 4]> =
            values.iter().copied().chain([condition]).collect();
        self.make(Op::BR_IF, node_raw(target), &operands)
    }

    /// `br_table`: the index comes last.
    pub fn br_table(
        &mut self,
        targets: &[NodeId],
        default: NodeId,
        values: &[NodeId],
        index: NodeId,
    ) -> NodeId {
        let labels: smallvec::SmallVec<[NodeId; 16]> =
            targets.iter().copied().chain([default]).collect();
        let at = self.add_label_list(&labels);
        let operands: smallvec::SmallVec<[NodeId; 4]> =
            values.iter().copied().chain([index]).collect();
        self.make(Op::BR_TABLE, at, &operands)
    }

    pub(crate) fn add_label_list(&mut self, labels: &[NodeId]) -> u32 {
        self.label_lists.push((self.labels.len() as u32, labels.len() as u32));
        self.labels.extend_from_slice(labels);
        self.label_lists.len() as u32 - 1
    }

    /// `return`.
    pub fn return_(&mut self, values: &[NodeId]) -> NodeId {
        self.make(Op::RETURN, 0, values)
    }

    /// `unreachable`.
    pub fn unreachable(&mut self) -> NodeId {
        self.make(Op::UNREACHABLE, 0, &[])
    }

    /// `nop`.
    pub fn nop(&mut self) -> NodeId {
        self.make(Op::NOP, 0, &[])
    }

    /// `drop`.
    pub fn drop(&mut self, value: NodeId) -> NodeId {
        self.make(Op::DROP, 0, &[value])
    }

    /// `select` of numbers or vectors: `a` if the condition is not zero.
    pub fn select(&mut self, a: NodeId, b: NodeId, condition: NodeId) -> NodeId {
        self.make(Op::SELECT, 0, &[a, b, condition])
    }

    /// `select` with its type written down, as references need.
    pub fn select_typed(&mut self, ty: ValType, a: NodeId, b: NodeId, condition: NodeId) -> NodeId {
        let imm = self.intern_block_type(BlockType::of(&[ty]));
        self.make(Op::SELECT_TYPED, imm, &[a, b, condition])
    }

    /// Children one after another; the results are theirs, concatenated.
    pub fn seq(&mut self, children: &[NodeId]) -> NodeId {
        self.make(Op::SEQ, 0, children)
    }

    /// A value that an earlier sibling left: only at the front of an operand list.
    pub fn stack(&mut self) -> NodeId {
        self.make(Op::STACK, 0, &[])
    }

    /// A place in a template.
    pub fn hole(&mut self, number: u32) -> NodeId {
        self.make(Op::HOLE, number, &[])
    }
}
