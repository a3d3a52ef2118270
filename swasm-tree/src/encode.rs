//! A verified body ⇒ [`Code`]: bytes without any index, and a list of the indices that belong in them.

use wasm_encoder::Encode;

use crate::code::{Packer, Target};
use crate::ids::{node_from_raw, node_raw};
use crate::module::Notes;
use crate::signature::symbol_type;
use crate::{
    Body, Code, FuncId, FuncType, GlobalId, HeapType, Loc, MemArg, MemoryId, Module, Node, NodeId,
    Op, Shape, ValType, Verified, View,
};

/// Encodes a body. To encode many, keep an [`Encoder`].
pub fn encode(verified: Verified<'_>) -> Code {
    Encoder::new().encode(verified)
}

/// Memory that encoding needs, to be used again for the next body.
#[derive(Debug, Default)]
pub struct Encoder {
    /// Whether positions are left out.
    without_positions: bool,
    /// Nodes whose children are being encoded, but for the innermost.
    open: Vec<Open>,
    /// By node: for an open block, how many blocks are around it.
    depths: Vec<u32>,
    bytes: Vec<u8>,
    packer: Packer,
    /// By node, while a body with hints is encoded: where its own bytes begin.
    hinted: std::collections::HashMap<NodeId, u32>,
    /// How many blocks were written.
    blocks: u32,
    /// By block: the name of its label.
    named: std::collections::HashMap<NodeId, Box<str>>,
    label_names: Vec<(u32, Box<str>)>,
    /// By number of a block type in the body: its place among those of the code.
    block_type_places: Vec<u32>,
}

/// A node whose children are being encoded.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: NodeId,
    /// The child that comes next, as a place in the pool of child lists.
    next: u32,
    /// The place before which the node itself has something to write: at the end of the list and, if it has arms, before each of them.
    stop: u32,
}

impl Open {
    #[inline]
    fn of(id: NodeId, node: &Node) -> Open {
        let stop = node.kids + u32::from(node.n) - node.op.shape().arms() as u32;
        Open { node: id, next: node.kids, stop }
    }
}

const END: u8 = 0x0b;
const ELSE: u8 = 0x05;
const EMPTY_BLOCK: u8 = 0x40;
const REF: u8 = 0x64;
const REF_NULL: u8 = 0x63;

impl Encoder {
    /// An encoder.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// An encoder that leaves [`Code::locs`] empty.
    pub fn without_positions() -> Encoder {
        Encoder { without_positions: true, ..Encoder::default() }
    }

    /// Encodes a body.
    pub fn encode(&mut self, verified: Verified<'_>) -> Code {
        let Verified { module, func: _, body } = verified;
        self.open.clear();
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
        self.declare_locals(body);
        let mut writer = Writer { module, body, e: self, depth: 0, loc: None, pushed: None };
        writer.walk(body.root());
        writer.settle();
        self.bytes.push(END);
        let notes = self.notes(body);
        self.packer.finish(&self.bytes, body.local_name_list(), notes)
    }

    /// What custom sections say of the body beside the names of its locals.
    fn notes(&mut self, body: &Body) -> Notes {
        let mut notes = Notes::default();
        if !self.hinted.is_empty() {
            // The last thing said of a branch counts.
            let places = body.hints().iter().map(|&(node, likely)| (self.hinted[&node], likely));
            let hints: std::collections::BTreeMap<u32, bool> =
                places.filter(|&(at, _)| at != u32::MAX).collect();
            notes.hints = hints.into_iter().collect();
        }
        notes.label_names.append(&mut self.label_names);
        notes
    }

    /// Encodes a constant expression.
    pub(crate) fn encode_constant(&mut self, module: &Module, body: &Body) -> Code {
        self.encode(Verified { module, func: FuncId(u32::MAX), body })
    }

    fn declare_locals(&mut self, body: &Body) {
        let locals = &body.locals()[body.param_count()..];
        let runs = || locals.chunk_by(|a, b| a == b);
        small_u32(&mut self.bytes, runs().count() as u32);
        for run in runs() {
            small_u32(&mut self.bytes, run.len() as u32);
            self.val_type(run[0]);
        }
    }

    #[inline]
    fn reloc(&mut self, target: Target) {
        self.packer.reloc(self.bytes.len() as u32, target);
    }

    fn val_type(&mut self, ty: ValType) {
        match (short_type(ty), ty) {
            (Some(byte), _) => self.bytes.push(byte),
            (None, ValType::Ref(ty)) => {
                self.bytes.push(if ty.is_nullable() { REF_NULL } else { REF });
                self.heap_type(ty.heap());
            }
            (None, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128) => (),
        }
    }

    fn heap_type(&mut self, heap: HeapType) {
        match heap {
            HeapType::Abstract(heap) => self.bytes.push(heap.byte()),
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

struct Writer<'a> {
    module: &'a Module,
    body: &'a Body,
    e: &'a mut Encoder,
    /// How many blocks are open.
    depth: u32,
    loc: Option<Loc>,
    /// The offset of the first of the pushes that wait for the instruction that takes them, and the position of the last.
    pushed: Option<(u32, Loc)>,
}

impl Writer<'_> {
    fn walk(&mut self, root: NodeId) {
        let body = self.body;
        let mut open = Open::of(root, body.node(root));
        loop {
            while open.next < open.stop {
                let child = body.pooled(open.next);
                let node = body.node(child);
                open.next += 1;
                // What has no children needs no place on the stack; mostly it reads a local.
                if node.n == 0 {
                    if node.op == Op::LOCAL_GET && self.e.hinted.is_empty() {
                        self.push(node.loc);
                        self.short(Op::LOCAL_GET, node.imm);
                    } else {
                        self.write(child, node, true);
                    }
                    continue;
                }
                self.e.open.push(open);
                open = Open::of(child, node);
            }
            let node = body.node(open.node);
            let end = node.kids + u32::from(node.n);
            let arms = node.op.shape().arms() as u32;
            if arms == 0 {
                self.write(open.node, node, node.n == 0);
            } else if open.stop < end {
                let arm = body.pooled(open.stop);
                open.stop += 1;
                if open.stop + arms == end + 1 {
                    self.header(open.node);
                } else if node.op == Op::IF {
                    if self.is_empty(arm) {
                        open.next = open.stop;
                        continue;
                    }
                    self.settle();
                    self.e.bytes.push(ELSE);
                }
                // The arm itself comes next.
                continue;
            } else {
                self.settle();
                self.close(open.node);
            }
            match self.e.open.pop() {
                Some(around) => open = around,
                None => return,
            }
        }
    }

    fn is_empty(&self, node: NodeId) -> bool {
        self.body.op(node) == Op::SEQ && self.body.children(node).is_empty()
    }

    /// What follows a block's last arm.
    fn close(&mut self, node: NodeId) {
        let op = self.body.op(node);
        if !op.shape().is_label() {
            return;
        }
        self.depth -= 1;
        if op == Op::TRY
            && let Some(&handlers) = self.body.children(node).last()
            && self.body.op(handlers) == Op::DELEGATE
        {
            // Its label is counted from outside of the `try`.
            self.start(self.body.node(handlers).loc);
            self.opcode(Op::DELEGATE);
            self.immediates(handlers);
            return;
        }
        self.e.bytes.push(END);
    }

    fn header(&mut self, node: NodeId) {
        let op = self.body.op(node);
        if !op.shape().is_label() {
            // `catch`, in the place of an `else`.
            self.settle();
            self.start(self.body.node(node).loc);
            self.opcode(op);
            return self.immediates(node);
        }
        self.start(self.body.node(node).loc);
        self.note_hint(node);
        self.opcode(op);
        let ty = self.body.block_type(node);
        match (ty.params, ty.results) {
            ([], []) => self.e.bytes.push(EMPTY_BLOCK),
            ([], &[one]) if short_type(one).is_some() => self.e.val_type(one),
            (params, results) => {
                let number = self.body.block_type_number(self.body.node(node)) as usize;
                let Encoder { packer, block_type_places: places, .. } = &mut *self.e;
                if number >= places.len() {
                    places.resize(number + 1, u32::MAX);
                }
                if places[number] == u32::MAX {
                    places[number] = packer.block_types.len() as u32;
                    packer.block_types.push(FuncType::new(params, results));
                }
                let place = places[number];
                self.e.reloc(Target::BlockType(place));
            }
        }
        if let View::TryTable(_, catches) = self.body.view(node) {
            small_u32(&mut self.e.bytes, catches.len() as u32);
            for catch in catches {
                self.e.bytes.push(catch.byte());
                if let Some(tag) = catch.tag {
                    self.e.reloc(Target::Tag(tag));
                }
                self.label(catch.label);
            }
        }
        if !self.e.named.is_empty()
            && let Some(name) = self.e.named.remove(&node)
        {
            self.e.label_names.push((self.e.blocks, name));
        }
        self.e.blocks += 1;
        self.depth += 1;
        self.e.depths[node_raw(node) as usize] = self.depth;
    }

    /// Notes where the instruction that comes next is from.
    #[inline]
    fn start(&mut self, loc: Loc) {
        if self.e.without_positions {
            return;
        }
        let at = self.pushed.take().map_or(self.e.bytes.len() as u32, |(at, _)| at);
        self.entry(at, loc);
    }

    /// Notes that the instruction that comes next only pushes something.
    #[inline]
    fn push(&mut self, loc: Loc) {
        if self.e.without_positions {
            return;
        }
        let at = self.pushed.map_or(self.e.bytes.len() as u32, |(at, _)| at);
        self.pushed = Some((at, loc));
    }

    /// What was pushed is the result of a block: nobody in it takes it.
    #[inline]
    fn settle(&mut self) {
        if let Some((at, loc)) = self.pushed.take() {
            self.entry(at, loc);
        }
    }

    #[inline]
    fn entry(&mut self, at: u32, loc: Loc) {
        if self.loc != Some(loc) {
            self.loc = Some(loc);
            self.e.packer.loc(at, loc);
        }
    }

    #[inline]
    fn opcode(&mut self, op: Op) {
        let opcode = op.row().opcode;
        if opcode.prefix == 0 {
            self.e.bytes.push(opcode.code as u8);
        } else {
            self.e.bytes.push(opcode.prefix);
            small_u32(&mut self.e.bytes, u32::from(opcode.code));
        }
    }

    /// Notes where a branch that something is said of begins.
    #[inline]
    fn note_hint(&mut self, node: NodeId) {
        if !self.e.hinted.is_empty()
            && let Some(at) = self.e.hinted.get_mut(&node)
        {
            *at = self.e.bytes.len() as u32;
        }
    }

    #[inline]
    fn relative(&self, target: NodeId) -> u32 {
        self.depth - self.e.depths[node_raw(target) as usize]
    }

    fn label(&mut self, target: NodeId) {
        let relative = self.relative(target);
        small_u32(&mut self.e.bytes, relative);
    }

    #[inline]
    fn memarg(&mut self, memarg: MemArg) {
        if memarg.memory == MemoryId(0) {
            self.e.packer.uses_memory = true;
            small_u32(&mut self.e.bytes, u32::from(memarg.align_log2));
        } else {
            self.e.reloc(Target::MemArg(memarg.memory, memarg.align_log2));
        }
        match u32::try_from(memarg.offset) {
            Ok(offset) => small_u32(&mut self.e.bytes, offset),
            Err(_) => memarg.offset.encode(&mut self.e.bytes),
        }
    }

    /// A node's own bytes.
    #[inline]
    #[allow(clippy::wildcard_enum_match_arm, reason = "all others are written from their view")]
    fn write(&mut self, id: NodeId, node: &Node, is_leaf: bool) {
        let op = node.op;
        let shape = op.shape();
        if matches!(shape, Shape::Seq | Shape::Stack | Shape::Delegate) {
            return;
        }
        if shape == Shape::SetMany {
            return self.set_many(id);
        }
        if is_leaf && op.effects().is_removable() {
            self.push(node.loc);
        } else {
            self.start(node.loc);
        }
        self.note_hint(id);
        // What most nodes are is written without a view.
        let imm = node.imm;
        if shape == Shape::Local {
            self.short(op, imm);
        } else if let Shape::Mem(_) = shape {
            self.access(op, self.body.memarg_of(imm));
        } else if shape == Shape::I32 {
            self.short_signed(op, imm as i32);
        } else if shape == Shape::Br {
            self.short(op, self.relative(node_from_raw(imm)));
        } else if shape == Shape::Symbol {
            self.immediates(id);
        } else {
            self.opcode(op);
            if shape == Shape::Call {
                self.e.reloc(Target::Func(FuncId(imm)));
            } else if shape == Shape::Global {
                self.e.reloc(Target::Global(GlobalId(imm)));
            } else if !matches!(shape, Shape::Plain | Shape::Drop | Shape::Select) {
                self.immediates(id);
            }
        }
    }

    /// An opcode and a number: mostly two bytes, which go out together.
    #[inline]
    fn short(&mut self, op: Op, number: u32) {
        let opcode = op.row().opcode;
        if opcode.prefix == 0 && number < 0x80 {
            self.e.bytes.extend_from_slice(&[opcode.code as u8, number as u8]);
        } else {
            self.opcode(op);
            small_u32(&mut self.e.bytes, number);
        }
    }

    #[inline]
    fn short_signed(&mut self, op: Op, number: i32) {
        let opcode = op.row().opcode;
        if opcode.prefix == 0 && (-0x40..0x40).contains(&number) {
            self.e.bytes.extend_from_slice(&[opcode.code as u8, number as u8 & 0x7f]);
        } else {
            self.opcode(op);
            number.encode(&mut self.e.bytes);
        }
    }

    /// A load or store: mostly three bytes.
    #[inline]
    fn access(&mut self, op: Op, memarg: MemArg) {
        let opcode = op.row().opcode;
        if opcode.prefix == 0 && memarg.memory == MemoryId(0) && memarg.offset < 0x80 {
            self.e.packer.uses_memory = true;
            let bytes = [opcode.code as u8, memarg.align_log2, memarg.offset as u8];
            self.e.bytes.extend_from_slice(&bytes);
        } else {
            self.opcode(op);
            self.memarg(memarg);
        }
    }

    /// What follows a node's opcode.
    fn immediates(&mut self, node: NodeId) {
        match self.body.view(node) {
            View::Plain if self.body.op(node) == Op::ATOMIC_FENCE => self.e.bytes.push(0),
            View::Plain => (),
            View::I32(value) => value.encode(&mut self.e.bytes),
            View::I64(value) => value.encode(&mut self.e.bytes),
            View::F32(bits) => self.e.bytes.extend_from_slice(&bits.to_le_bytes()),
            View::F64(bits) => self.e.bytes.extend_from_slice(&bits.to_le_bytes()),
            View::V128(bytes) | View::Shuffle(bytes) => self.e.bytes.extend_from_slice(&bytes),
            View::Symbol(symbol) => {
                let wide = symbol_type(self.module, symbol) == ValType::I64;
                self.opcode(if wide { Op::I64_CONST } else { Op::I32_CONST });
                self.e.reloc(Target::Symbol(self.e.packer.symbols.len() as u32));
                self.e.packer.symbols.push(symbol);
            }
            View::Local(local) => small_u32(&mut self.e.bytes, local.0),
            View::Global(global) => self.e.reloc(Target::Global(global)),
            View::Mem(memarg) => self.memarg(memarg),
            View::MemLane(memarg, lane) => {
                self.memarg(memarg);
                self.e.bytes.push(lane);
            }
            View::Lane(lane) => self.e.bytes.push(lane),
            View::Memory(memory) => self.e.reloc(Target::Memory(memory)),
            View::MemoryCopy { to, from } => {
                self.e.reloc(Target::Memory(to));
                self.e.reloc(Target::Memory(from));
            }
            View::MemoryInit { data, memory } => {
                self.e.reloc(Target::Data(data));
                self.e.reloc(Target::Memory(memory));
            }
            View::Data(data) => self.e.reloc(Target::Data(data)),
            View::Call(func) => self.e.reloc(Target::Func(func)),
            View::CallIndirect { ty, table } => {
                self.e.reloc(Target::Type(ty));
                self.e.reloc(Target::Table(table));
            }
            View::RefFunc(func) => self.e.reloc(Target::RefFunc(func)),
            View::RefNull(heap) => self.e.heap_type(heap),
            View::RefCast(ty) => self.e.heap_type(ty.heap()),
            View::Type(ty) => self.e.reloc(Target::Type(ty)),
            View::Field { ty, field } => {
                self.e.reloc(Target::Type(ty));
                small_u32(&mut self.e.bytes, field);
            }
            View::ArrayFixed { ty, size } => {
                self.e.reloc(Target::Type(ty));
                small_u32(&mut self.e.bytes, size);
            }
            View::ArrayData { ty, data } => {
                self.e.reloc(Target::Type(ty));
                self.e.reloc(Target::Data(data));
            }
            View::ArrayElem { ty, elem } => {
                self.e.reloc(Target::Type(ty));
                self.e.reloc(Target::Elem(elem));
            }
            View::ArrayCopy { to, from } => {
                self.e.reloc(Target::Type(to));
                self.e.reloc(Target::Type(from));
            }
            View::BrOnCast { label, from, to } => {
                let nulls = u8::from(from.is_nullable()) | u8::from(to.is_nullable()) << 1;
                self.e.bytes.push(nulls);
                self.label(label);
                self.e.heap_type(from.heap());
                self.e.heap_type(to.heap());
            }
            View::Tag(tag) => self.e.reloc(Target::Tag(tag)),
            View::Label(target) => self.label(target),
            View::Table(table) => self.e.reloc(Target::Table(table)),
            View::TableCopy { to, from } => {
                self.e.reloc(Target::Table(to));
                self.e.reloc(Target::Table(from));
            }
            View::TableInit { elem, table } => {
                self.e.reloc(Target::Elem(elem));
                self.e.reloc(Target::Table(table));
            }
            View::Elem(elem) => self.e.reloc(Target::Elem(elem)),
            View::SelectTyped(ty) => {
                self.e.bytes.push(1);
                self.e.val_type(ty);
            }
            View::Br(target) => self.label(target),
            View::BrTable { targets, default } => {
                small_u32(&mut self.e.bytes, targets.len() as u32);
                for &target in targets {
                    self.label(target);
                }
                self.label(default);
            }
            // Blocks have headers instead; the rest was dealt with above or refused by the verifier.
            View::Block(_)
            | View::Loop(_)
            | View::If(_)
            | View::Try(_)
            | View::TryTable(..)
            | View::Seq
            | View::Stack
            | View::SetMany(_)
            | View::Hole(_) => (),
        }
    }

    fn set_many(&mut self, node: NodeId) {
        let View::SetMany(locals) = self.body.view(node) else { return };
        for local in locals.iter().rev() {
            self.start(self.body.node(node).loc);
            self.opcode(Op::LOCAL_SET);
            small_u32(&mut self.e.bytes, local.0);
        }
    }
}
