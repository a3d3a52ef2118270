//! A verified body ⇒ [`Code`]: bytes without any index, and a list of the indices that belong in them.
//!
//! Invariant: every place where a module-level index belongs is a [`Reloc`]; `bytes` holds nothing there.

use crate::{DataId, FuncId, GlobalId, Symbol};
use crate::{ElemId, FuncType, Loc, LocalId, MemoryId, TableId, TagId, TypeId, ValType};

/// The code of one function.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// Declared locals and instructions, the last `end` included.
    pub bytes: Vec<u8>,
    /// Where indices belong, in order.
    pub relocs: Vec<Reloc>,
    /// Where instructions come from: offset in `bytes`, in order; an entry counts until the next.
    pub locs: Vec<(u32, Loc)>,
    /// Types of blocks that are not a plain value type.
    pub block_types: Vec<FuncType>,
    /// Parameters' and locals' names, in order of the locals.
    pub local_names: Vec<(LocalId, Box<str>)>,
    /// Whether memory 0 is used by a load or store (which say so without a reloc).
    pub uses_memory: bool,
}

/// An index that belongs into code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reloc {
    /// Offset in [`Code::bytes`] that the index is put before.
    pub at: u32,
    /// The index.
    pub target: Target,
}

/// What an index in code stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A function index.
    Func(FuncId),
    /// A global index.
    Global(GlobalId),
    /// A type index.
    Type(TypeId),
    /// A block type: position in [`Code::block_types`].
    BlockType(u32),
    /// A heap type that is a type index.
    HeapType(TypeId),
    /// A value type with a type index in it, whole.
    ValType(ValType),
    /// A table index.
    Table(TableId),
    /// A memory index.
    Memory(MemoryId),
    /// A memory argument's alignment and memory.
    MemArg(MemoryId, u8),
    /// A data segment index.
    Data(DataId),
    /// An element segment index.
    Elem(ElemId),
    /// A tag index.
    Tag(TagId),
    /// The value of an `i32.const` or, under memory64, `i64.const`.
    Symbol(Symbol),
}
