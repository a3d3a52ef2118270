//! Building a body: one function for each shape of node, each giving the node's id.
//!
//! Invariant: nothing is checked here but what would make a node unreadable; the verifier counts and types.

use super::{
    BlockType, BlockTypeRun, Body, Catch, INLINE_OFFSETS, MAX_CHILDREN, MemArg, Node, SIDE_MEMARG,
    SIMPLE_RESULTS, Symbol,
};
use crate::ids::node_raw;
use crate::{
    DataId, ElemId, FuncId, FuncType, GlobalId, HeapType, LocalId, MemoryId, NodeId, Op, RefType,
    TableId, TagId, TypeId, ValType,
};

/// More types of blocks than this are looked up in a table.
pub(super) const FEW_BLOCK_TYPES: usize = 32;

impl Body {
    #[inline]
    pub(super) fn list(&mut self, children: &[NodeId]) -> (u32, u16) {
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

    /// As [`Body::seq`].
    pub(crate) fn seq_of(&mut self, children: impl ExactSizeIterator<Item = NodeId>) -> NodeId {
        if children.len() > MAX_CHILDREN {
            return self.seq(&children.collect::<Vec<NodeId>>());
        }
        self.make_of(Op::SEQ, 0, children)
    }

    /// As [`Body::make`], of at most [`MAX_CHILDREN`] children.
    #[inline]
    pub(crate) fn make_of(
        &mut self,
        op: Op,
        imm: u32,
        children: impl ExactSizeIterator<Item = NodeId>,
    ) -> NodeId {
        let (kids, n) = (self.pool.len() as u32, children.len() as u16);
        self.pool.extend(children);
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

    pub(crate) fn side_bytes(&mut self, bytes: [u8; 16]) -> u32 {
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

    /// An atomic load, store, exchange, wait or notification.
    pub fn atomic(&mut self, op: Op, memarg: MemArg, operands: &[NodeId]) -> NodeId {
        self.access(op, memarg, operands)
    }

    /// A load of one lane into a vector, or a store of one lane of it; `operands` are the address and the vector.
    pub fn access_lane(&mut self, op: Op, memarg: MemArg, lane: u8, operands: &[NodeId]) -> NodeId {
        let imm = self.memarg_side(memarg, lane);
        self.make(op, imm, operands)
    }

    pub(crate) fn memarg(&mut self, memarg: MemArg) -> u32 {
        if memarg.memory.0 == 0 && memarg.offset < INLINE_OFFSETS && memarg.align_log2 < 16 {
            return (memarg.offset as u32) << 4 | u32::from(memarg.align_log2);
        }
        self.memarg_side(memarg, 0) | SIDE_MEMARG
    }

    pub(crate) fn memarg_side(&mut self, memarg: MemArg, lane: u8) -> u32 {
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

    /// `ref.test` or `ref.cast`; which of the two operators there are for each is the nullability's matter.
    pub fn ref_cast(&mut self, op: Op, ty: RefType, operand: NodeId) -> NodeId {
        self.ref_cast_of(op, ty, &[operand])
    }

    pub(crate) fn ref_cast_of(&mut self, op: Op, ty: RefType, operands: &[NodeId]) -> NodeId {
        let op = match (op, ty.is_nullable()) {
            (Op::REF_TEST | Op::REF_TEST_NULL, true) => Op::REF_TEST_NULL,
            (Op::REF_TEST | Op::REF_TEST_NULL, false) => Op::REF_TEST,
            (_, true) => Op::REF_CAST_NULL,
            (_, false) => Op::REF_CAST,
        };
        self.make(op, ty.bits(), operands)
    }

    /// An operator on a defined type: `struct.new`, `array.get`, `call_ref` and others of [`Shape::Type`](crate::Shape::Type).
    pub fn typed(&mut self, op: Op, ty: TypeId, operands: &[NodeId]) -> NodeId {
        self.make(op, ty.0, operands)
    }

    /// `struct.get`, `struct.get_s`, `struct.get_u` or `struct.set`.
    pub fn field(&mut self, op: Op, ty: TypeId, field: u32, operands: &[NodeId]) -> NodeId {
        let at = self.side(&[ty.0, field]);
        self.make(op, at, operands)
    }

    /// `array.new_fixed`.
    pub fn array_new_fixed(&mut self, ty: TypeId, elements: &[NodeId], size: u32) -> NodeId {
        let at = self.side(&[ty.0, size]);
        self.make(Op::ARRAY_NEW_FIXED, at, elements)
    }

    /// `array.new_data` or `array.init_data`.
    pub fn array_data(&mut self, op: Op, ty: TypeId, data: DataId, operands: &[NodeId]) -> NodeId {
        let at = self.side(&[ty.0, data.0]);
        self.make(op, at, operands)
    }

    /// `array.new_elem` or `array.init_elem`.
    pub fn array_elem(&mut self, op: Op, ty: TypeId, elem: ElemId, operands: &[NodeId]) -> NodeId {
        let at = self.side(&[ty.0, elem.0]);
        self.make(op, at, operands)
    }

    /// `array.copy`; operands are target, index, source, index, size.
    pub fn array_copy(&mut self, to: TypeId, from: TypeId, operands: &[NodeId]) -> NodeId {
        let at = self.side(&[to.0, from.0]);
        self.make(Op::ARRAY_COPY, at, operands)
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

    pub(crate) fn intern_block_type(&mut self, ty: BlockType<'_>) -> u32 {
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
        if let Some(known) = self.known_block_type(ty) {
            return known;
        }
        let start = self.block_type_values.len() as u32;
        self.block_type_values.extend_from_slice(ty.params);
        self.block_type_values.extend_from_slice(ty.results);
        let (params, results) = (ty.params.len() as u32, ty.results.len() as u32);
        self.block_types.push(BlockTypeRun { start, params, results });
        count
    }

    /// The number of a block type. Most bodies have few, and then it is quicker to look at all of them.
    fn known_block_type(&mut self, ty: BlockType<'_>) -> Option<u32> {
        let count = self.block_types.len();
        if count <= FEW_BLOCK_TYPES {
            return (0..count as u32).rev().find(|&at| self.block_type_at(at) == ty);
        }
        for at in self.block_types_known.len()..count {
            let ty = self.block_type_at(at as u32);
            let ty = FuncType::new(ty.params, ty.results);
            self.block_types_known.insert(ty, at as u32);
        }
        self.block_types_known.get(&FuncType::new(ty.params, ty.results)).copied()
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
        let imm = self.intern_block_type(ty);
        self.open_arms(op, imm, operands)
    }

    /// A node with empty arms.
    fn open_arms(&mut self, op: Op, imm: u32, operands: &[NodeId]) -> NodeId {
        let mut children: smallvec::SmallVec<[NodeId; 4]> = operands.into();
        for _ in 0..op.shape().arms() {
            children.push(self.seq(&[]));
        }
        self.make(op, imm, &children)
    }

    /// A node that has arms, but nobody said yet which: they are set before anybody looks. Operands are few: as many as a validator allows.
    pub(crate) fn open_unset(&mut self, op: Op, imm: u32, operands: &[NodeId]) -> NodeId {
        let id = self.make(op, imm, operands);
        let arms = op.shape().arms();
        self.pool.extend(std::iter::repeat_n(self.root, arms));
        self.nodes[id].n += arms as u16;
        id
    }

    /// Opens a `try_table`: then [`Body::set_body`].
    pub fn try_table(
        &mut self,
        ty: BlockType<'_>,
        catches: &[Catch],
        operands: &[NodeId],
    ) -> NodeId {
        let ty = self.intern_block_type(ty);
        let imm = self.add_try_table(ty, catches);
        self.open_arms(Op::TRY_TABLE, imm, operands)
    }

    pub(crate) fn add_try_table(&mut self, ty: u32, catches: &[Catch]) -> u32 {
        let at = self.try_tables.len() as u32;
        self.try_tables.push((ty, self.catches.len() as u32, catches.len() as u32));
        self.catches.extend_from_slice(catches);
        at
    }

    /// Opens a `try` of the legacy exceptions. [`Body::set_then`] says what it consists of; [`Body::set_else`] what handles: a `Seq` of
    /// [`Body::catch`]es, or [`Body::delegate`].
    pub fn try_(&mut self, ty: BlockType<'_>, operands: &[NodeId]) -> NodeId {
        self.open(Op::TRY, ty, operands)
    }

    /// `catch` of the legacy exceptions, or `catch_all` without a tag.
    pub fn catch(&mut self, tag: Option<TagId>, body: NodeId) -> NodeId {
        match tag {
            Some(tag) => self.make(Op::CATCH, tag.0, &[body]),
            None => self.make(Op::CATCH_ALL, 0, &[body]),
        }
    }

    /// `delegate` of the legacy exceptions.
    pub fn delegate(&mut self, target: NodeId) -> NodeId {
        self.make(Op::DELEGATE, node_raw(target), &[])
    }

    /// `rethrow` of the legacy exceptions, in a `catch` of `target`.
    pub fn rethrow(&mut self, target: NodeId) -> NodeId {
        self.make(Op::RETHROW, node_raw(target), &[])
    }

    /// `throw`.
    pub fn throw(&mut self, tag: TagId, values: &[NodeId]) -> NodeId {
        self.make(Op::THROW, tag.0, values)
    }

    /// `br_on_null` or `br_on_non_null`: the reference comes last.
    pub fn br_on(&mut self, op: Op, target: NodeId, operands: &[NodeId]) -> NodeId {
        self.make(op, node_raw(target), operands)
    }

    /// `br_on_cast` or `br_on_cast_fail`: the reference, of type `from`, comes last.
    pub fn br_on_cast(
        &mut self,
        op: Op,
        target: NodeId,
        from: RefType,
        to: RefType,
        operands: &[NodeId],
    ) -> NodeId {
        let at = self.side(&[node_raw(target), from.bits(), to.bits()]);
        self.make(op, at, operands)
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
        self.open(Op::IF, ty, operands)
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
