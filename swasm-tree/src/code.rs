//! The code of one function as a module keeps it until it is written: bytes without any index, and what belongs to them.
//!
//! Invariant: every place where a module-level index belongs is a [`Reloc`]; [`Code::bytes`] holds nothing there.

use crate::backward::{Backward, Word};
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

/// What is kept beside the bytes while a body is encoded, from the last to the first: a place is named by how many bytes of code follow it.
/// Each is noted as its distance from the one before it: when that comes.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    relocs: Backward,
    reloc: Option<Reloc>,
    locs: Backward,
    /// The position noted last, which may begin earlier yet; and the one behind it.
    loc: Option<(u32, Loc)>,
    next_loc: Option<(u32, Loc)>,
    pub(crate) block_types: Vec<FuncType>,
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) uses_memory: bool,
}

impl Packer {
    pub(crate) fn clear(&mut self) {
        self.relocs.clear();
        self.reloc = None;
        self.locs.clear();
        (self.loc, self.next_loc) = (None, None);
        self.block_types.clear();
        self.symbols.clear();
        self.uses_memory = false;
    }

    /// Notes that an index belongs where `at` bytes follow, no fewer than before.
    #[inline]
    pub(crate) fn reloc(&mut self, at: u32, target: Target) {
        if let Some(next) = self.reloc.replace(Reloc { at, target }) {
            self.pack_reloc(at - next.at, next.target);
        }
    }

    fn pack_reloc(&mut self, distance: u32, target: Target) {
        let (kind, index) = target.split();
        self.relocs.word(Word::byte(kind).then(Word::u32(index)));
        self.relocs.word(Word::u32(distance));
    }

    /// Notes that what `at` bytes follow, no fewer than before, has a position.
    #[inline]
    pub(crate) fn loc(&mut self, at: u32, loc: Loc) {
        match &mut self.loc {
            Some((start, same)) if *same == loc => *start = at,
            last => {
                let begins = last.replace((at, loc));
                self.pack_next_loc(begins);
            }
        }
    }

    /// Packs the position behind one that begins there and no earlier.
    fn pack_next_loc(&mut self, begins: Option<(u32, Loc)>) {
        if let (Some((at, before)), Some((next, loc))) = (begins, self.next_loc) {
            self.pack_loc(at - next, loc, before);
        }
        self.next_loc = begins;
    }

    fn pack_loc(&mut self, distance: u32, loc: Loc, before: Loc) {
        let moved = loc.0.wrapping_sub(before.0) as i32;
        // Small numbers of either sign are small.
        let moved = (moved << 1 ^ moved >> 31) as u32;
        self.locs.word(Word::u32(moved));
        self.locs.word(Word::u32(distance));
    }

    pub(crate) fn finish(&mut self, bytes: &[u8], names: &LocalNames, notes: Notes) -> Code {
        let size = bytes.len() as u32;
        if let Some(first) = self.reloc.take() {
            self.pack_reloc(size - first.at, first.target);
        }
        let begins = self.loc.take();
        self.pack_next_loc(begins);
        self.pack_next_loc(Some((size, Loc(0))));
        let (relocs, locs) = (self.relocs.as_slice(), self.locs.as_slice());
        let mut data =
            Vec::with_capacity(bytes.len() + relocs.len() + locs.len() + names.most_bytes());
        data.extend_from_slice(bytes);
        data.extend_from_slice(relocs);
        let locs_at = data.len() as u32;
        data.extend_from_slice(locs);
        let names_at = data.len() as u32;
        names.encode(&mut data);
        let is_rare = !self.block_types.is_empty() || !self.symbols.is_empty() || !notes.is_empty();
        Code {
            data: data.into_boxed_slice(),
            relocs_at: size,
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
