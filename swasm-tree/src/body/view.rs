//! A node's immediates, typed: `(op, imm)` ⇒ [`View`], which is exhaustive over shapes, and back.

use super::{Body, Catch, INLINE_OFFSETS, MEMARG_ALIGN, MemArg, Node, SIDE_MEMARG, Symbol};
use crate::ids::{node_from_raw, node_raw};
use crate::{
    BlockType, DataId, ElemId, FuncId, GlobalId, HeapType, LocalId, MemoryId, NodeId, Op, RefType,
    Shape, TableId, TagId, TypeId, ValType,
};

/// A node's immediates. Which operator of the shape it is, `body.op(id)` tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View<'a> {
    /// No immediates: operators of the table, and `drop`, `select`, `return`, `unreachable`, `ref.is_null`.
    Plain,
    /// `i32.const`.
    I32(i32),
    /// `i64.const`.
    I64(i64),
    /// `f32.const`: bits.
    F32(u32),
    /// `f64.const`: bits.
    F64(u64),
    /// `v128.const`: bytes in memory order.
    V128([u8; 16]),
    /// A constant known when the module is written.
    Symbol(Symbol),
    /// `local.get`, `local.set`, `local.tee`.
    Local(LocalId),
    /// `global.get`, `global.set`.
    Global(GlobalId),
    /// A load or store.
    Mem(MemArg),
    /// A load or store of a vector's lane.
    MemLane(MemArg, u8),
    /// A lane number.
    Lane(u8),
    /// `i8x16.shuffle`.
    Shuffle([u8; 16]),
    /// `memory.size`, `memory.grow`, `memory.fill`.
    Memory(MemoryId),
    /// `memory.copy`.
    MemoryCopy {
        /// Written.
        to: MemoryId,
        /// Read.
        from: MemoryId,
    },
    /// `memory.init`.
    MemoryInit {
        /// Read.
        data: DataId,
        /// Written.
        memory: MemoryId,
    },
    /// `data.drop`.
    Data(DataId),
    /// `call`, `return_call`.
    Call(FuncId),
    /// `call_indirect`, `return_call_indirect`.
    CallIndirect {
        /// The function type.
        ty: TypeId,
        /// The table.
        table: TableId,
    },
    /// `ref.func`.
    RefFunc(FuncId),
    /// `ref.null`.
    RefNull(HeapType),
    /// Operators on one table.
    Table(TableId),
    /// `table.copy`.
    TableCopy {
        /// Written.
        to: TableId,
        /// Read.
        from: TableId,
    },
    /// `table.init`.
    TableInit {
        /// Read.
        elem: ElemId,
        /// Written.
        table: TableId,
    },
    /// `elem.drop`.
    Elem(ElemId),
    /// `select` with a type.
    SelectTyped(ValType),
    /// `block`: the last child is the body.
    Block(BlockType<'a>),
    /// `loop`: the last child is the body.
    Loop(BlockType<'a>),
    /// `if`: the last two children are the arms.
    If(BlockType<'a>),
    /// `br`, `br_if`: the block it names.
    Br(NodeId),
    /// `br_table`.
    BrTable {
        /// Taken when the index is the position in this list.
        targets: &'a [NodeId],
        /// Taken otherwise.
        default: NodeId,
    },
    /// Operators on a defined type.
    Type(TypeId),
    /// `struct.get`, `struct.set`.
    Field {
        /// The struct.
        ty: TypeId,
        /// The number of its field.
        field: u32,
    },
    /// `array.new_fixed`.
    ArrayFixed {
        /// The array.
        ty: TypeId,
        /// How many elements.
        size: u32,
    },
    /// `array.new_data`, `array.init_data`.
    ArrayData {
        /// The array.
        ty: TypeId,
        /// Read.
        data: DataId,
    },
    /// `array.new_elem`, `array.init_elem`.
    ArrayElem {
        /// The array.
        ty: TypeId,
        /// Read.
        elem: ElemId,
    },
    /// `array.copy`.
    ArrayCopy {
        /// Written.
        to: TypeId,
        /// Read.
        from: TypeId,
    },
    /// `ref.test`, `ref.cast`.
    RefCast(RefType),
    /// `br_on_null`, `br_on_non_null`, and `delegate` and `rethrow` of the legacy exceptions: the block they name.
    Label(NodeId),
    /// `br_on_cast`, `br_on_cast_fail`.
    BrOnCast {
        /// The block it names.
        label: NodeId,
        /// The type of the operand.
        from: RefType,
        /// The type that is looked for.
        to: RefType,
    },
    /// `throw`, and `catch` of the legacy exceptions, whose only child is its body.
    Tag(TagId),
    /// `try_table`: the last child is the body.
    TryTable(BlockType<'a>, &'a [Catch]),
    /// `try` of the legacy exceptions: the last two children are the body and what handles.
    Try(BlockType<'a>),
    /// Children one after another.
    Seq,
    /// A value an earlier sibling left.
    Stack,
    /// `local.set`s: the first local gets the first result.
    SetMany(&'a [LocalId]),
    /// A place in a template.
    Hole(u32),
}

/// A change of a node's immediate that keeps its operator: what renumbering and retargeting passes need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WithImmediate {
    /// Of `local.get`, `local.set`, `local.tee`.
    Local(LocalId),
    /// Of a load or store.
    Mem(MemArg),
    /// Of `br`, `br_if`.
    Label(NodeId),
    /// Of `call`, `return_call`, `ref.func`.
    Func(FuncId),
    /// Of `global.get`, `global.set`.
    Global(GlobalId),
}

impl Body {
    /// A node's immediates.
    #[inline]
    pub fn view(&self, id: NodeId) -> View<'_> {
        self.view_node(&self.nodes[id])
    }

    fn word(&self, at: u32) -> u32 {
        self.side[at as usize]
    }

    fn double(&self, at: u32) -> u64 {
        u64::from(self.word(at)) | u64::from(self.word(at + 1)) << 32
    }

    fn bytes(&self, at: u32) -> [u8; 16] {
        (u128::from(self.double(at)) | u128::from(self.double(at + 2)) << 64).to_le_bytes()
    }

    fn side_memarg(&self, at: u32) -> (MemArg, u8) {
        let packed = self.word(at + 3);
        let memarg = MemArg {
            align_log2: packed as u8,
            offset: self.double(at),
            memory: MemoryId(self.word(at + 2)),
        };
        (memarg, (packed >> 8) as u8)
    }

    pub(crate) fn block_type_at(&self, imm: u32) -> BlockType<'_> {
        let run = self.block_types[imm as usize];
        let start = run.start as usize;
        let middle = start + run.params as usize;
        BlockType {
            params: &self.block_type_values[start..middle],
            results: &self.block_type_values[middle..middle + run.results as usize],
        }
    }

    #[inline]
    pub(crate) fn view_node(&self, node: &Node) -> View<'_> {
        let imm = node.imm;
        match node.op.shape() {
            Shape::Plain
            | Shape::RefTest
            | Shape::Drop
            | Shape::Select
            | Shape::Return
            | Shape::RefAs
            | Shape::ThrowRef
            | Shape::Fence
            | Shape::CatchAll
            | Shape::Beyond
            | Shape::Unreachable => View::Plain,
            Shape::I32 => View::I32(imm as i32),
            Shape::I64 => View::I64(self.double(imm) as i64),
            Shape::F32 => View::F32(imm),
            Shape::F64 => View::F64(self.double(imm)),
            Shape::V128 => View::V128(self.bytes(imm)),
            Shape::Symbol => View::Symbol(self.symbols[imm as usize]),
            Shape::Local => View::Local(LocalId(imm)),
            Shape::Global => View::Global(GlobalId(imm)),
            Shape::Mem(_) | Shape::Atomic(_) => View::Mem(self.memarg_of(imm)),
            Shape::MemLane(_) => {
                let (memarg, lane) = self.side_memarg(imm);
                View::MemLane(memarg, lane)
            }
            Shape::Lane(_) => View::Lane(imm as u8),
            Shape::Shuffle => View::Shuffle(self.bytes(imm)),
            Shape::Memory => View::Memory(MemoryId(imm)),
            Shape::MemoryCopy => View::MemoryCopy {
                to: MemoryId(self.word(imm)),
                from: MemoryId(self.word(imm + 1)),
            },
            Shape::MemoryInit => View::MemoryInit {
                data: DataId(self.word(imm)),
                memory: MemoryId(self.word(imm + 1)),
            },
            Shape::Data => View::Data(DataId(imm)),
            Shape::Call => View::Call(FuncId(imm)),
            Shape::CallIndirect => View::CallIndirect {
                ty: TypeId(self.word(imm)),
                table: TableId(self.word(imm + 1)),
            },
            Shape::RefFunc => View::RefFunc(FuncId(imm)),
            Shape::RefNull => View::RefNull(RefType::from_bits(imm).heap()),
            Shape::Table => View::Table(TableId(imm)),
            Shape::TableCopy => {
                View::TableCopy { to: TableId(self.word(imm)), from: TableId(self.word(imm + 1)) }
            }
            Shape::TableInit => {
                View::TableInit { elem: ElemId(self.word(imm)), table: TableId(self.word(imm + 1)) }
            }
            Shape::Elem => View::Elem(ElemId(imm)),
            Shape::SelectTyped => View::SelectTyped(self.block_type_at(imm).results[0]),
            Shape::Block => View::Block(self.block_type_at(imm)),
            Shape::Loop => View::Loop(self.block_type_at(imm)),
            Shape::If => View::If(self.block_type_at(imm)),
            Shape::Br => View::Br(node_from_raw(imm)),
            Shape::BrTable => {
                let labels = self.label_list(imm);
                View::BrTable {
                    targets: &labels[..labels.len() - 1],
                    default: labels[labels.len() - 1],
                }
            }
            Shape::Type => View::Type(TypeId(imm)),
            Shape::Field => View::Field { ty: TypeId(self.word(imm)), field: self.word(imm + 1) },
            Shape::ArrayFixed => {
                View::ArrayFixed { ty: TypeId(self.word(imm)), size: self.word(imm + 1) }
            }
            Shape::ArrayData => {
                View::ArrayData { ty: TypeId(self.word(imm)), data: DataId(self.word(imm + 1)) }
            }
            Shape::ArrayElem => {
                View::ArrayElem { ty: TypeId(self.word(imm)), elem: ElemId(self.word(imm + 1)) }
            }
            Shape::ArrayCopy => {
                View::ArrayCopy { to: TypeId(self.word(imm)), from: TypeId(self.word(imm + 1)) }
            }
            Shape::RefCast => View::RefCast(RefType::from_bits(imm)),
            Shape::BrOn | Shape::Delegate | Shape::Rethrow => View::Label(node_from_raw(imm)),
            Shape::BrOnCast => View::BrOnCast {
                label: node_from_raw(self.word(imm)),
                from: RefType::from_bits(self.word(imm + 1)),
                to: RefType::from_bits(self.word(imm + 2)),
            },
            Shape::Throw | Shape::Catch => View::Tag(TagId(imm)),
            Shape::TryTable => {
                let (ty, start, count) = self.try_tables[imm as usize];
                let catches = &self.catches[start as usize..(start + count) as usize];
                View::TryTable(self.block_type_at(ty), catches)
            }
            Shape::Try => View::Try(self.block_type_at(imm)),
            Shape::Seq => View::Seq,
            Shape::Stack => View::Stack,
            Shape::SetMany => View::SetMany(self.local_list_at(imm)),
            Shape::Hole => View::Hole(imm),
        }
    }

    /// Alignment and offset of a memory argument of memory 0 that is in the node.
    #[inline]
    pub(crate) fn inline_memarg(imm: u32) -> Option<(u8, u32)> {
        (imm & SIDE_MEMARG == 0).then_some((imm as u8 & MEMARG_ALIGN, imm >> 4))
    }

    #[inline]
    pub(crate) fn memarg_of(&self, imm: u32) -> MemArg {
        if let Some((align_log2, offset)) = Body::inline_memarg(imm) {
            return MemArg { align_log2, offset: u64::from(offset), memory: MemoryId(0) };
        }
        self.side_memarg(imm & !SIDE_MEMARG).0
    }

    /// Targets, then the default.
    pub(crate) fn label_list(&self, imm: u32) -> &[NodeId] {
        let (start, count) = self.label_lists[imm as usize];
        &self.labels[start as usize..(start + count) as usize]
    }

    pub(crate) fn local_list_at(&self, imm: u32) -> &[LocalId] {
        let (start, count) = self.local_lists[imm as usize];
        &self.locals_set[start as usize..(start + count) as usize]
    }

    /// Copies the number that an immediate of another body points at in its side pool.
    pub(crate) fn import_side(&mut self, from: &Body, node: &Node) -> u32 {
        let at = node.imm as usize;
        let words = if matches!(node.op.shape(), Shape::V128 | Shape::Shuffle) { 4 } else { 2 };
        self.side(&from.side[at..at + words])
    }

    /// The type and the clauses of a `try_table`.
    pub(crate) fn try_table_at(&self, imm: u32) -> (u32, &[Catch]) {
        let (ty, start, count) = self.try_tables[imm as usize];
        (ty, &self.catches[start as usize..(start + count) as usize])
    }

    pub(crate) fn symbol_at(&self, imm: u32) -> Symbol {
        self.symbols[imm as usize]
    }

    pub(crate) fn add_symbol(&mut self, symbol: Symbol) -> u32 {
        self.symbols.push(symbol);
        self.symbols.len() as u32 - 1
    }

    /// Changes a node's immediate. The node's shape must have that immediate.
    pub fn set_immediate(&mut self, id: NodeId, immediate: WithImmediate) {
        let imm = match immediate {
            WithImmediate::Local(local) => local.0,
            WithImmediate::Mem(memarg) => self.memarg(memarg),
            WithImmediate::Label(label) => node_raw(label),
            WithImmediate::Func(func) => func.0,
            WithImmediate::Global(global) => global.0,
        };
        let shape = self.nodes[id].op.shape();
        let fits = match immediate {
            WithImmediate::Local(_) => shape == Shape::Local,
            WithImmediate::Mem(_) => matches!(shape, Shape::Mem(_) | Shape::Atomic(_)),
            WithImmediate::Label(_) => {
                matches!(shape, Shape::Br | Shape::BrOn | Shape::Delegate | Shape::Rethrow)
            }
            WithImmediate::Func(_) => matches!(shape, Shape::Call | Shape::RefFunc),
            WithImmediate::Global(_) => shape == Shape::Global,
        };
        assert!(fits, "the caller looked at the shape of {:?}", self.nodes[id].op);
        self.nodes[id].imm = imm;
    }

    /// Changes the operator of a node to another of the same shape.
    pub fn set_op(&mut self, id: NodeId, op: Op) {
        assert!(op.shape() == self.nodes[id].op.shape(), "the caller looked at the shapes");
        self.nodes[id].op = op;
    }

    /// Changes the labels that a node names, if any: `map` gives the new one for each.
    pub fn retarget(&mut self, id: NodeId, map: impl FnMut(NodeId) -> NodeId) {
        let Node { op, imm, .. } = self.nodes[id];
        self.nodes[id].imm = self.map_labels(op, imm, map);
    }

    /// Changes the labels behind an immediate, which no other node may share; returns the new immediate.
    #[allow(clippy::wildcard_enum_match_arm, reason = "of many shapes few have labels")]
    pub(crate) fn map_labels(
        &mut self,
        op: Op,
        imm: u32,
        mut map: impl FnMut(NodeId) -> NodeId,
    ) -> u32 {
        match op.shape() {
            Shape::Br | Shape::BrOn | Shape::Delegate | Shape::Rethrow => {
                return node_raw(map(node_from_raw(imm)));
            }
            Shape::BrOnCast => {
                let word = &mut self.side[imm as usize];
                *word = node_raw(map(node_from_raw(*word)));
            }
            Shape::BrTable => {
                let (start, count) = self.label_lists[imm as usize];
                for label in &mut self.labels[start as usize..(start + count) as usize] {
                    *label = map(*label);
                }
            }
            Shape::TryTable => {
                let (_, start, count) = self.try_tables[imm as usize];
                for catch in &mut self.catches[start as usize..(start + count) as usize] {
                    catch.label = map(catch.label);
                }
            }
            _ => (),
        }
        imm
    }

    /// The labels that a node names, in order.
    #[allow(clippy::wildcard_enum_match_arm, reason = "of many shapes few have labels")]
    pub fn labels(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let (one, many, catches): (Option<NodeId>, &[NodeId], &[Catch]) = match self.view(id) {
            View::Br(label) | View::Label(label) | View::BrOnCast { label, .. } => {
                (Some(label), &[], &[])
            }
            View::BrTable { .. } => (None, self.label_list(self.nodes[id].imm), &[]),
            View::TryTable(_, catches) => (None, &[], catches),
            _ => (None, &[], &[]),
        };
        let caught = catches.iter().map(|catch| catch.label);
        one.into_iter().chain(many.iter().copied()).chain(caught)
    }

    /// Changes the locals of a `SET_MANY`: `map` gives the new local for each.
    pub fn relocate(&mut self, id: NodeId, mut map: impl FnMut(LocalId) -> LocalId) {
        let (start, count) = self.local_lists[self.nodes[id].imm as usize];
        for local in &mut self.locals_set[start as usize..(start + count) as usize] {
            *local = map(*local);
        }
    }
}

const _: () = assert!(INLINE_OFFSETS << 4 == SIDE_MEMARG as u64);
