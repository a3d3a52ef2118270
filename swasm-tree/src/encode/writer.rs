//! The nodes of a body ⇒ its bytes, from the last to the first.
//!
//! Backwards, a node comes before its children, and its last child before the others: what remains is a plain stack of nodes, and no node
//! is looked at twice. Invariant: a label's depth is known when a branch names it, because the end of a block comes before its body.

use super::short::Short;
use super::{Encoder, short_type};
use crate::backward::Word;
use crate::code::Target;
use crate::ids::{node_from_raw, node_raw};
use crate::op::{Opcode, Row};
use crate::signature::symbol_type;
use crate::{
    Body, FuncId, FuncType, GlobalId, Loc, MemArg, MemoryId, Module, Node, NodeId, Op, Shape,
    ValType, View,
};

const END: u8 = 0x0b;
const ELSE: u8 = 0x05;
const EMPTY_BLOCK: u8 = 0x40;

/// Room that is made before nodes are written, in bytes.
const MORE_ROOM: usize = 256;

/// Among the nodes that remain: the header of this node, not the node.
const HEADER: u32 = 1 << 31;
/// Among the nodes that remain: what stands between the arms of an `if`.
const BETWEEN_ARMS: u32 = u32::MAX;

pub(super) struct Writer<'a> {
    pub(super) module: &'a Module,
    pub(super) body: &'a Body,
    pub(super) e: &'a mut Encoder,
    /// How many blocks are open.
    pub(super) depth: u32,
}

impl Writer<'_> {
    /// The function: its code, and the `end` behind it.
    pub(super) fn function(&mut self) {
        self.e.bytes.byte(END);
        self.e.remain(self.body.root());
        while let Some(next) = self.common() {
            let raw = node_raw(next);
            if raw & HEADER == 0 {
                self.node(next, self.body.node(next));
            } else if raw == BETWEEN_ARMS {
                self.settle();
                self.e.bytes.byte(ELSE);
            } else {
                self.header(node_from_raw(raw & !HEADER));
            }
        }
        self.settle();
    }

    /// Writes what remains, down to a node that is not as most are, or a header; gives that, its children remain. It takes nearly all the
    /// time of encoding: so nothing is called, and all that changes with each node is in variables.
    #[allow(clippy::wildcard_enum_match_arm, reason = "all others are not as most are")]
    fn common(&mut self) -> Option<NodeId> {
        let (body, depth) = (self.body, self.depth);
        self.e.bytes.reserve(MORE_ROOM);
        let mut top = self.e.top;
        let mut aligns = 0;
        let may_be_hinted = !self.e.hinted.is_empty();
        let Encoder { remaining, bytes, packer, depths, positions, .. } = &mut *self.e;
        let (remaining, mut cursor) = (remaining.as_mut_slice(), bytes.cursor());
        let found = loop {
            let Some(below) = top.checked_sub(1) else { break None };
            top = below;
            let next = remaining[top];
            let Some(node) = body.get(next) else { break Some(next) };
            top = body.put_children(node, remaining, top);
            let short = Short::of(node.op);
            if let Some(word) = short.word(node.imm) {
                if !cursor.word(word) {
                    break Some(next);
                }
                aligns |= short.align();
                if !positions.left_out && !word.is_empty() {
                    let at = cursor.len() - word.size();
                    positions.note(packer, at, node.loc, || {
                        node.n == 0 && node.op.effects().is_removable()
                    });
                }
                continue;
            }
            let row = node.op.row();
            if row.opcode.prefix != 0 {
                break Some(next);
            }
            let (imm, code) = (node.imm, Word::byte(row.opcode.code as u8));
            let (word, target) = match row.shape {
                Shape::Local => (code.then(Word::u32(imm)), None),
                Shape::I32 => (code.then(Word::i32(imm as i32)), None),
                Shape::Mem(_) => {
                    let Some((align_log2, offset)) = Body::inline_memarg(imm) else {
                        break Some(next);
                    };
                    aligns |= short.align();
                    (code.then(Word::byte(align_log2)).then(Word::u32(offset)), None)
                }
                Shape::Br if !may_be_hinted => {
                    (code.then(Word::u32(depth - depths[imm as usize])), None)
                }
                Shape::Call => (code, Some(Target::Func(FuncId(imm)))),
                Shape::Global => (code, Some(Target::Global(GlobalId(imm)))),
                _ => break Some(next),
            };
            if !cursor.word(word) {
                break Some(next);
            }
            let at = cursor.len() - word.size();
            if let Some(target) = target {
                packer.reloc(at, target);
            }
            positions.note(packer, at, node.loc, || node.n == 0 && row.effects.is_removable());
        };
        let start = cursor.start();
        bytes.written(start);
        packer.uses_memory |= aligns != 0;
        self.e.top = top;
        found
    }

    /// What comes next does not belong to the instruction behind it: that is of another arm, or behind the block.
    fn settle(&mut self) {
        let at = self.e.bytes.len();
        self.e.positions.settle(&mut self.e.packer, at);
    }

    /// Notes where an instruction is from, which `at` bytes follow.
    fn note(&mut self, at: u32, loc: Loc, only_pushes: bool) {
        self.e.positions.note(&mut self.e.packer, at, loc, || only_pushes);
    }

    #[inline]
    fn reloc(&mut self, target: Target) {
        self.e.reloc(target);
    }

    #[inline]
    fn opcode(&mut self, opcode: Opcode) {
        if opcode.prefix == 0 {
            self.e.bytes.byte(opcode.code as u8);
        } else {
            self.e.bytes.u32(u32::from(opcode.code));
            self.e.bytes.byte(opcode.prefix);
        }
    }

    /// Notes where a branch that something is said of begins: with what was written last.
    #[inline]
    fn note_hint(&mut self, node: NodeId) {
        if !self.e.hinted.is_empty()
            && let Some(at) = self.e.hinted.get_mut(&node)
        {
            *at = self.e.bytes.len();
        }
    }

    #[inline]
    fn label(&mut self, target: NodeId) {
        let relative = self.depth - self.e.depths[node_raw(target) as usize];
        self.e.bytes.u32(relative);
    }

    #[inline]
    fn memarg(&mut self, memarg: MemArg) {
        match u32::try_from(memarg.offset) {
            Ok(offset) => self.e.bytes.u32(offset),
            Err(_) => self.e.bytes.number(memarg.offset),
        }
        if memarg.memory == MemoryId(0) {
            self.e.packer.uses_memory = true;
            self.e.bytes.byte(memarg.align_log2);
        } else {
            self.reloc(Target::MemArg(memarg.memory, memarg.align_log2));
        }
    }

    // ---- blocks

    /// What a block ends with. Its children are on top of what remains: its header gets its place before its arms.
    fn open(&mut self, id: NodeId, node: &Node) {
        let children = self.body.children(id);
        let (_, arms) = children.split_at(children.len() - node.op.shape().arms());
        self.e.top -= arms.len();
        self.e.remain(node_from_raw(node_raw(id) | HEADER));
        match *arms {
            [then, else_] if node.op == Op::IF => {
                self.e.remain(then);
                if !self.is_empty(else_) {
                    self.e.remain(node_from_raw(BETWEEN_ARMS));
                    self.e.remain(else_);
                }
            }
            _ => arms.iter().for_each(|&arm| self.e.remain(arm)),
        }
        self.settle();
        if !node.op.shape().is_label() {
            // A `catch` ends where the next begins.
            return;
        }
        match children.last() {
            Some(&delegate) if self.body.op(delegate) == Op::DELEGATE => {
                // Its label is counted from outside of the `try`.
                let (node, at) = (self.body.node(delegate), self.e.bytes.len());
                self.label(node_from_raw(node.imm));
                self.opcode(node.op.row().opcode);
                self.note(at, node.loc, false);
                self.settle();
            }
            _ => self.e.bytes.byte(END),
        }
        self.depth += 1;
        self.e.depths[node_raw(id) as usize] = self.depth;
    }

    fn is_empty(&self, node: NodeId) -> bool {
        self.body.op(node) == Op::SEQ && self.body.children(node).is_empty()
    }

    /// What a block begins with.
    fn header(&mut self, id: NodeId) {
        let node = self.body.node(id);
        let (opcode, at) = (node.op.row().opcode, self.e.bytes.len());
        self.note(at, node.loc, false);
        if !node.op.shape().is_label() {
            // `catch`: what comes before it belongs to another arm.
            self.immediates(node);
            self.opcode(opcode);
            return self.settle();
        }
        self.depth -= 1;
        if node.op == Op::TRY_TABLE
            && let View::TryTable(_, catches) = self.body.view_node(node)
        {
            for catch in catches.iter().rev() {
                self.label(catch.label);
                if let Some(tag) = catch.tag {
                    self.reloc(Target::Tag(tag));
                }
                self.e.bytes.byte(catch.byte());
            }
            self.e.bytes.u32(catches.len() as u32);
        }
        let ty = self.body.block_type(id);
        match (ty.params, ty.results) {
            ([], []) => self.e.bytes.byte(EMPTY_BLOCK),
            ([], &[one]) if short_type(one).is_some() => self.e.val_type(one),
            (params, results) => {
                let number = self.body.block_type_number(node) as usize;
                let Encoder { packer, block_type_places: places, .. } = &mut *self.e;
                if number >= places.len() {
                    places.resize(number + 1, u32::MAX);
                }
                if places[number] == u32::MAX {
                    places[number] = packer.block_types.len() as u32;
                    packer.block_types.push(FuncType::new(params, results));
                }
                let place = places[number];
                self.reloc(Target::BlockType(place));
            }
        }
        self.opcode(opcode);
        self.note_hint(id);
        if !self.e.named.is_empty()
            && let Some(name) = self.e.named.remove(&id)
        {
            self.e.label_names.push((self.e.blocks, name));
        }
        self.e.blocks += 1;
    }

    // ---- other nodes

    /// A node's own bytes; of a block, its end.
    #[inline]
    #[allow(clippy::wildcard_enum_match_arm, reason = "all others are written from their view")]
    fn node(&mut self, id: NodeId, node: &Node) {
        let Row { shape, opcode, effects, .. } = *node.op.row();
        let at = self.e.bytes.len();
        match shape {
            Shape::Seq | Shape::Stack | Shape::Delegate => return,
            Shape::Block
            | Shape::Loop
            | Shape::If
            | Shape::TryTable
            | Shape::Try
            | Shape::Catch
            | Shape::CatchAll => return self.open(id, node),
            Shape::SetMany => return self.set_many(id, node),
            Shape::Symbol => return self.symbol(node),
            _ => self.immediates(node),
        }
        self.opcode(opcode);
        self.note(at, node.loc, node.n == 0 && effects.is_removable());
        self.note_hint(id);
    }

    fn symbol(&mut self, node: &Node) {
        let (symbol, at) = (self.body.symbol_at(node.imm), self.e.bytes.len());
        self.reloc(Target::Symbol(self.e.packer.symbols.len() as u32));
        self.e.packer.symbols.push(symbol);
        let wide = symbol_type(self.module, symbol) == ValType::I64;
        self.opcode(if wide { Op::I64_CONST } else { Op::I32_CONST }.row().opcode);
        self.note(at, node.loc, node.n == 0);
    }

    fn set_many(&mut self, id: NodeId, node: &Node) {
        let View::SetMany(locals) = self.body.view(id) else { return };
        for local in locals {
            let at = self.e.bytes.len();
            self.e.bytes.u32(local.0);
            self.opcode(Op::LOCAL_SET.row().opcode);
            self.note(at, node.loc, false);
        }
    }

    /// What follows a node's opcode.
    fn immediates(&mut self, node: &Node) {
        match self.body.view_node(node) {
            View::Plain if node.op == Op::ATOMIC_FENCE => self.e.bytes.byte(0),
            View::Plain => (),
            View::I32(value) => self.e.bytes.word(Word::i32(value)),
            View::I64(value) => self.e.bytes.number(value),
            View::F32(bits) => self.e.bytes.bytes(&bits.to_le_bytes()),
            View::F64(bits) => self.e.bytes.bytes(&bits.to_le_bytes()),
            View::V128(bytes) | View::Shuffle(bytes) => self.e.bytes.bytes(&bytes),
            View::Local(local) => self.e.bytes.u32(local.0),
            View::Global(global) => self.reloc(Target::Global(global)),
            View::Mem(memarg) => self.memarg(memarg),
            View::MemLane(memarg, lane) => {
                self.e.bytes.byte(lane);
                self.memarg(memarg);
            }
            View::Lane(lane) => self.e.bytes.byte(lane),
            View::Memory(memory) => self.reloc(Target::Memory(memory)),
            View::MemoryCopy { to, from } => {
                self.reloc(Target::Memory(from));
                self.reloc(Target::Memory(to));
            }
            View::MemoryInit { data, memory } => {
                self.reloc(Target::Memory(memory));
                self.reloc(Target::Data(data));
            }
            View::Data(data) => self.reloc(Target::Data(data)),
            View::Call(func) => self.reloc(Target::Func(func)),
            View::CallIndirect { ty, table } => {
                self.reloc(Target::Table(table));
                self.reloc(Target::Type(ty));
            }
            View::RefFunc(func) => self.reloc(Target::RefFunc(func)),
            View::RefNull(heap) => self.e.heap_type(heap),
            View::RefCast(ty) => self.e.heap_type(ty.heap()),
            View::Type(ty) => self.reloc(Target::Type(ty)),
            View::Field { ty, field } => {
                self.e.bytes.u32(field);
                self.reloc(Target::Type(ty));
            }
            View::ArrayFixed { ty, size } => {
                self.e.bytes.u32(size);
                self.reloc(Target::Type(ty));
            }
            View::ArrayData { ty, data } => {
                self.reloc(Target::Data(data));
                self.reloc(Target::Type(ty));
            }
            View::ArrayElem { ty, elem } => {
                self.reloc(Target::Elem(elem));
                self.reloc(Target::Type(ty));
            }
            View::ArrayCopy { to, from } => {
                self.reloc(Target::Type(from));
                self.reloc(Target::Type(to));
            }
            View::BrOnCast { label, from, to } => {
                self.e.heap_type(to.heap());
                self.e.heap_type(from.heap());
                self.label(label);
                let nulls = u8::from(from.is_nullable()) | u8::from(to.is_nullable()) << 1;
                self.e.bytes.byte(nulls);
            }
            View::Tag(tag) => self.reloc(Target::Tag(tag)),
            View::Br(target) | View::Label(target) => self.label(target),
            View::Table(table) => self.reloc(Target::Table(table)),
            View::TableCopy { to, from } => {
                self.reloc(Target::Table(from));
                self.reloc(Target::Table(to));
            }
            View::TableInit { elem, table } => {
                self.reloc(Target::Table(table));
                self.reloc(Target::Elem(elem));
            }
            View::Elem(elem) => self.reloc(Target::Elem(elem)),
            View::SelectTyped(ty) => {
                self.e.val_type(ty);
                self.e.bytes.byte(1);
            }
            View::BrTable { targets, default } => {
                self.label(default);
                for &target in targets.iter().rev() {
                    self.label(target);
                }
                self.e.bytes.u32(targets.len() as u32);
            }
            // Blocks have headers instead; the rest was dealt with above or refused by the verifier.
            View::Block(_)
            | View::Loop(_)
            | View::If(_)
            | View::Try(_)
            | View::TryTable(..)
            | View::Symbol(_)
            | View::Seq
            | View::Stack
            | View::SetMany(_)
            | View::Hole(_) => (),
        }
    }
}
