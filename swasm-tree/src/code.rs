//! The code of one function as a module keeps it until it is written: bytes without any index, and what belongs to them.
//!
//! Invariant: every place where a module-level index belongs is a [`Reloc`]; [`Code::bytes`] holds nothing there.

use crate::encode::small_u32;
use crate::local_names::{LocalNames, Names, take_u32};
use crate::module::Notes;
use crate::{
    DataId, ElemId, FuncId, FuncType, GlobalId, Loc, MemoryId, Symbol, TableId, TagId, TypeId,
};

/// The code of one function, encoded. A module has many: each is one piece of memory, in which nothing takes more bytes than it needs.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// The code; then, packed, relocs, positions and names of locals.
    data: Box<[u8]>,
    relocs_at: u32,
    locs_at: u32,
    names_at: u32,
    uses_memory: bool,
    rare: Option<Box<Rare>>,
}

/// What little code has.
#[derive(Clone, Debug, Default)]
struct Rare {
    block_types: Box<[FuncType]>,
    symbols: Box<[Symbol]>,
    notes: Notes,
}

impl Code {
    /// Declared locals and instructions, the last `end` included.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.data[..self.relocs_at as usize]
    }

    /// Where indices belong, in order.
    pub(crate) fn relocs(&self) -> Relocs<'_> {
        Relocs { bytes: &self.data[self.relocs_at as usize..self.locs_at as usize], at: 0 }
    }

    /// Where instructions come from: offset in the code, indices not counted, in order; an entry counts until the next. What only pushes
    /// a constant or a variable belongs to the instruction behind it, which takes it: whatever can trap or call has its own exact entry.
    pub(crate) fn locs(&self) -> Locs<'_> {
        let bytes = &self.data[self.locs_at as usize..self.names_at as usize];
        Locs { bytes, last: (0, Loc(0)) }
    }

    /// How many bytes it may have with its indices in it, if all are small: each takes no more than its note.
    pub(crate) fn most_bytes(&self) -> usize {
        self.locs_at as usize
    }

    /// At most how many entries [`Code::locs`] has.
    pub(crate) fn most_locs(&self) -> usize {
        (self.names_at - self.locs_at) as usize / 2
    }

    /// Names of parameters and locals, in their order: as the name section has them, and nothing if there are none.
    pub(crate) fn encoded_names(&self) -> &[u8] {
        &self.data[self.names_at as usize..]
    }

    pub(crate) fn local_names(&self) -> Names<'_> {
        Names::decode(self.encoded_names())
    }

    /// Types of blocks that are not a plain value type.
    pub(crate) fn block_types(&self) -> &[FuncType] {
        self.rare.as_ref().map_or(&[], |rare| &rare.block_types)
    }

    /// Constants that are known when the module is written.
    pub(crate) fn symbols(&self) -> &[Symbol] {
        self.rare.as_ref().map_or(&[], |rare| &rare.symbols)
    }

    /// Names of labels, and hints with offsets in the code.
    pub(crate) fn notes(&self) -> Option<&Notes> {
        self.rare.as_ref().map(|rare| &rare.notes)
    }

    /// Whether memory 0 is used by a load or store (which say so without a reloc).
    pub(crate) fn uses_memory(&self) -> bool {
        self.uses_memory
    }
}

/// An index that belongs into code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reloc {
    /// The offset in the code that the index is put before.
    pub(crate) at: u32,
    /// The index.
    pub(crate) target: Target,
}

/// What an index in code stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// A function index, to be called.
    Func(FuncId),
    /// A function index in `ref.func`, which wants the function declared.
    RefFunc(FuncId),
    /// A global index.
    Global(GlobalId),
    /// A type index.
    Type(TypeId),
    /// A block type: position in [`Code::block_types`].
    BlockType(u32),
    /// A heap type that is a type index.
    HeapType(TypeId),
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
    /// The value of an `i32.const` or, under memory64, `i64.const`: position in [`Code::symbols`].
    Symbol(u32),
}

/// The kind of a memory argument that promises no alignment; others follow.
const MEM_ARG: u8 = 12;

impl Target {
    /// A number for the kind, and the index.
    #[inline]
    fn split(self) -> (u8, u32) {
        match self {
            Target::Func(id) => (0, id.0),
            Target::RefFunc(id) => (1, id.0),
            Target::Global(id) => (2, id.0),
            Target::Type(id) => (3, id.0),
            Target::BlockType(at) => (4, at),
            Target::HeapType(id) => (5, id.0),
            Target::Table(id) => (6, id.0),
            Target::Memory(id) => (7, id.0),
            Target::Data(id) => (8, id.0),
            Target::Elem(id) => (9, id.0),
            Target::Tag(id) => (10, id.0),
            Target::Symbol(at) => (11, at),
            Target::MemArg(id, align_log2) => (MEM_ARG + align_log2, id.0),
        }
    }

    #[inline]
    fn join(kind: u8, index: u32) -> Target {
        match kind {
            0 => Target::Func(FuncId(index)),
            1 => Target::RefFunc(FuncId(index)),
            2 => Target::Global(GlobalId(index)),
            3 => Target::Type(TypeId(index)),
            4 => Target::BlockType(index),
            5 => Target::HeapType(TypeId(index)),
            6 => Target::Table(TableId(index)),
            7 => Target::Memory(MemoryId(index)),
            8 => Target::Data(DataId(index)),
            9 => Target::Elem(ElemId(index)),
            10 => Target::Tag(TagId(index)),
            11 => Target::Symbol(index),
            _ => Target::MemArg(MemoryId(index), kind - MEM_ARG),
        }
    }
}

/// What is kept beside the bytes while a body is encoded. Offsets are noted as distances from the one before.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    relocs: Vec<u8>,
    last_reloc: u32,
    locs: Vec<u8>,
    last_loc: (u32, Loc),
    pub(crate) block_types: Vec<FuncType>,
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) uses_memory: bool,
}

impl Packer {
    pub(crate) fn clear(&mut self) {
        self.relocs.clear();
        self.last_reloc = 0;
        self.locs.clear();
        self.last_loc = (0, Loc(0));
        self.block_types.clear();
        self.symbols.clear();
        self.uses_memory = false;
    }

    /// Notes that an index belongs at an offset, which is no smaller than those before.
    #[inline]
    pub(crate) fn reloc(&mut self, at: u32, target: Target) {
        let distance = at - self.last_reloc;
        self.last_reloc = at;
        let (kind, index) = target.split();
        if distance < 0x80 && index < 0x80 {
            self.relocs.extend_from_slice(&[distance as u8, kind, index as u8]);
        } else {
            small_u32(&mut self.relocs, distance);
            self.relocs.push(kind);
            small_u32(&mut self.relocs, index);
        }
    }

    /// Notes that what comes at an offset, which is no smaller than those before, has a position.
    #[inline]
    pub(crate) fn loc(&mut self, at: u32, loc: Loc) {
        let (last, last_loc) = self.last_loc;
        let distance = at - last;
        let moved = loc.0.wrapping_sub(last_loc.0) as i32;
        self.last_loc = (at, loc);
        // Small numbers of either sign are small.
        let moved = (moved << 1 ^ moved >> 31) as u32;
        if distance < 0x80 && moved < 0x80 {
            self.locs.extend_from_slice(&[distance as u8, moved as u8]);
        } else {
            small_u32(&mut self.locs, distance);
            small_u32(&mut self.locs, moved);
        }
    }

    pub(crate) fn finish(&mut self, bytes: &[u8], names: &LocalNames, notes: Notes) -> Code {
        let most = bytes.len() + self.relocs.len() + self.locs.len() + names.most_bytes();
        let mut data = Vec::with_capacity(most);
        data.extend_from_slice(bytes);
        data.extend_from_slice(&self.relocs);
        let locs_at = data.len() as u32;
        data.extend_from_slice(&self.locs);
        let names_at = data.len() as u32;
        names.encode(&mut data);
        let is_rare = !self.block_types.is_empty() || !self.symbols.is_empty() || !notes.is_empty();
        Code {
            data: data.into_boxed_slice(),
            relocs_at: bytes.len() as u32,
            locs_at,
            names_at,
            uses_memory: self.uses_memory,
            rare: is_rare.then(|| {
                Box::new(Rare {
                    block_types: self.block_types.drain(..).collect(),
                    symbols: self.symbols.as_slice().into(),
                    notes,
                })
            }),
        }
    }
}

/// The indices that belong into code, in order.
#[derive(Clone, Debug)]
pub(crate) struct Relocs<'a> {
    bytes: &'a [u8],
    at: u32,
}

impl Iterator for Relocs<'_> {
    type Item = Reloc;

    #[inline]
    fn next(&mut self) -> Option<Reloc> {
        if self.bytes.is_empty() {
            return None;
        }
        self.at += take_u32(&mut self.bytes);
        let (kind, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(Reloc { at: self.at, target: Target::join(*kind, take_u32(&mut self.bytes)) })
    }
}

/// Where instructions come from, in order.
#[derive(Clone, Debug)]
pub(crate) struct Locs<'a> {
    bytes: &'a [u8],
    last: (u32, Loc),
}

impl Iterator for Locs<'_> {
    type Item = (u32, Loc);

    #[inline]
    fn next(&mut self) -> Option<(u32, Loc)> {
        if self.bytes.is_empty() {
            return None;
        }
        let (at, loc) = self.last;
        let at = at + take_u32(&mut self.bytes);
        let moved = take_u32(&mut self.bytes);
        let moved = (moved >> 1) as i32 ^ -((moved & 1) as i32);
        self.last = (at, Loc(loc.0.wrapping_add(moved as u32)));
        Some(self.last)
    }
}
