//! A verified body ⇒ [`Code`]: bytes without any index, and a list of the indices that belong in them.

use wasm_encoder::Encode;

use crate::backward::Backward;
use crate::body::MOST_COPIED;
use crate::code::{Packer, Target};
use crate::ids::node_raw;
use crate::module::Notes;
use crate::{Body, Code, FuncId, HeapType, Loc, Module, NodeId, ValType, Verified};

mod short;
mod writer;

use writer::Writer;

/// Encodes a body. To encode many, keep an [`Encoder`].
pub fn encode(verified: Verified<'_>) -> Code {
    Encoder::new().encode(verified)
}

/// Memory that encoding needs, to be used again for the next body.
#[derive(Debug, Default)]
pub struct Encoder {
    /// Nodes that are still to be written and what [`Writer`] marks among them: what comes last in the code is on top, at `top - 1`.
    remaining: Vec<NodeId>,
    top: usize,
    /// By node: for an open block, how many blocks are around it and it itself.
    depths: Vec<u32>,
    bytes: Backward,
    packer: Packer,
    positions: Positions,
    /// By node, while a body with hints is encoded: how many bytes follow where its own begin.
    hinted: std::collections::HashMap<NodeId, u32>,
    /// How many blocks were written.
    blocks: u32,
    /// By block: the name of its label.
    named: std::collections::HashMap<NodeId, Box<str>>,
    label_names: Vec<(u32, Box<str>)>,
    /// By number of a block type in the body: its place among those of the code.
    block_type_places: Vec<u32>,
}

/// Which instructions get an entry in [`Code::locs`].
#[derive(Debug, Default)]
struct Positions {
    /// Whether none does.
    left_out: bool,
    /// The position of the instruction that what comes next belongs to, if it only pushes something.
    last: Option<Loc>,
}

impl Positions {
    /// Notes where an instruction is from, which `at` bytes follow.
    #[inline]
    fn note(&mut self, packer: &mut Packer, at: u32, loc: Loc, only_pushes: impl FnOnce() -> bool) {
        if self.left_out {
            return;
        }
        // What only pushes belongs to the instruction behind it; where it is the result of a block, no instruction in it takes it.
        if self.last.is_none() || !only_pushes() {
            self.settle(packer, at);
            self.last = Some(loc);
        }
    }

    /// Notes that what comes next, which `at` bytes follow, does not belong to the instruction behind it.
    #[inline]
    fn settle(&mut self, packer: &mut Packer, at: u32) {
        if let Some(loc) = self.last.take() {
            packer.loc(at, loc);
        }
    }
}

const REF: u8 = 0x64;
const REF_NULL: u8 = 0x63;

impl Encoder {
    /// An encoder.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// An encoder that keeps no positions: nothing says of its code where it comes from.
    pub fn without_positions() -> Encoder {
        let positions = Positions { left_out: true, ..Positions::default() };
        Encoder { positions, ..Encoder::default() }
    }

    /// Encodes a body.
    pub fn encode(&mut self, verified: Verified<'_>) -> Code {
        let Verified { module, func: _, body } = verified;
        self.top = 0;
        // A node is there once, and something for each that is between the arms of an `if`; some more may be copied and forgotten.
        let most = 2 * body.node_count() + MOST_COPIED;
        if self.remaining.len() < most {
            self.remaining.resize(most, body.root());
        }
        self.bytes.clear();
        self.packer.clear();
        // Entries of blocks are written before they are read, so what an earlier body left does not matter.
        if self.depths.len() < body.node_count() {
            self.depths.resize(body.node_count(), 0);
        }
        self.hinted.clear();
        self.hinted.extend(body.hints().iter().map(|&(node, _)| (node, u32::MAX)));
        self.blocks = 0;
        self.named.clear();
        self.named.extend(body.label_names().map(|(node, name)| (node, name.into())));
        self.label_names.clear();
        self.block_type_places.clear();
        // A branch to the root leaves the function, whose label is around all blocks.
        self.depths[node_raw(body.root()) as usize] = 0;
        Writer { module, body, e: self, depth: 0 }.function();
        self.declare_locals(body);
        let notes = self.notes(body);
        self.packer.finish(self.bytes.as_slice(), body.local_name_list(), notes)
    }

    /// What custom sections say of the body beside the names of its locals.
    fn notes(&mut self, body: &Body) -> Notes {
        let mut notes = Notes::default();
        if !self.hinted.is_empty() {
            // The last thing said of a branch counts.
            let places = body.hints().iter().map(|&(node, likely)| (self.hinted[&node], likely));
            let written = places.filter(|&(at, _)| at != u32::MAX);
            let size = self.bytes.len();
            let hints: std::collections::BTreeMap<u32, bool> =
                written.map(|(at, likely)| (size - at, likely)).collect();
            notes.hints = hints.into_iter().collect();
        }
        // Blocks were counted from the last one.
        let names = self.label_names.drain(..).rev();
        notes.label_names.extend(names.map(|(block, name)| (self.blocks - 1 - block, name)));
        notes
    }

    /// Encodes a constant expression.
    pub(crate) fn encode_constant(&mut self, module: &Module, body: &Body) -> Code {
        self.encode(Verified { module, func: FuncId(u32::MAX), body })
    }

    fn declare_locals(&mut self, body: &Body) {
        let locals = &body.locals()[body.param_count()..];
        let mut count = 0;
        for run in locals.chunk_by(|a, b| a == b).rev() {
            self.val_type(run[0]);
            self.bytes.u32(run.len() as u32);
            count += 1;
        }
        self.bytes.u32(count);
    }

    #[inline]
    fn remain(&mut self, node: NodeId) {
        self.remaining[self.top] = node;
        self.top += 1;
    }

    #[inline]
    fn reloc(&mut self, target: Target) {
        self.packer.reloc(self.bytes.len(), target);
    }

    fn val_type(&mut self, ty: ValType) {
        match (short_type(ty), ty) {
            (Some(byte), _) => self.bytes.byte(byte),
            (None, ValType::Ref(ty)) => {
                self.heap_type(ty.heap());
                self.bytes.byte(if ty.is_nullable() { REF_NULL } else { REF });
            }
            (None, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128) => (),
        }
    }

    fn heap_type(&mut self, heap: HeapType) {
        match heap {
            HeapType::Abstract(heap) => self.bytes.byte(heap.byte()),
            HeapType::Concrete(ty) => self.reloc(Target::HeapType(ty)),
        }
    }
}

/// The single byte of a type that needs no more.
pub(crate) fn short_type(ty: ValType) -> Option<u8> {
    Some(match ty {
        ValType::I32 => 0x7f,
        ValType::I64 => 0x7e,
        ValType::F32 => 0x7d,
        ValType::F64 => 0x7c,
        ValType::V128 => 0x7b,
        ValType::Ref(ty) => match ty.heap() {
            HeapType::Abstract(heap) if ty.is_nullable() => heap.byte(),
            HeapType::Abstract(_) | HeapType::Concrete(_) => return None,
        },
    })
}

/// An unsigned LEB128 number, mostly of one byte, two or three.
#[inline]
pub(crate) fn small_u32(out: &mut Vec<u8>, value: u32) {
    if value < 0x80 {
        out.push(value as u8);
    } else if value < 0x4000 {
        out.extend_from_slice(&[value as u8 | 0x80, (value >> 7) as u8]);
    } else if value < 0x20_0000 {
        out.extend_from_slice(&[
            value as u8 | 0x80,
            (value >> 7) as u8 | 0x80,
            (value >> 14) as u8,
        ]);
    } else {
        value.encode(out);
    }
}

/// How many bytes a number takes in LEB128.
pub(crate) fn leb_len(value: u32) -> u32 {
    let bits = u32::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7)
}
