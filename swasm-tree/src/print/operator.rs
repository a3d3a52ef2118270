//! A node ⇒ its mnemonic and immediates.
//!
//! Invariant: nothing here depends on the node's operands.

use std::fmt::Write;

use super::body::Printer;
use super::values::{
    block_type_text, float32_text, float64_text, full_ref_text, func_type_text, heap_text,
    symbol_text, type_text, vector_text,
};
use crate::{BlockType, Catch, MemArg, MemoryId, NodeId, Op, TableId, TypeId, View};

impl Printer<'_> {
    fn block_head(&self, node: NodeId, ty: BlockType<'_>) -> String {
        let mut out = self.body.op(node).mnemonic().to_owned();
        if let Some(label) = self.label_of(node) {
            let _ = write!(out, " {label}");
        }
        out.push_str(&block_type_text(self.module, self.names, ty.params, ty.results));
        out
    }

    fn memarg(&self, op: Op, memarg: MemArg) -> String {
        let mut out = op.mnemonic().to_owned();
        if memarg.memory != MemoryId(0) {
            let _ = write!(out, " {}", self.names.memory(memarg.memory));
        }
        if memarg.offset != 0 {
            let _ = write!(out, " offset={}", memarg.offset);
        }
        if Some(memarg.align_log2) != op.width_log2() {
            let _ = write!(out, " align={}", 1u64 << memarg.align_log2);
        }
        out
    }

    fn catch(&self, node: NodeId, catch: &Catch) -> String {
        let tag = catch.tag.map(|tag| format!(" {}", self.names.tag(tag))).unwrap_or_default();
        format!(" ({}{tag} {})", catch.mnemonic(), self.label(node, catch.label))
    }

    fn field(&self, ty: TypeId, field: u32) -> String {
        let ty = self.module.types.canonical(ty);
        self.names.field(ty, field).map_or_else(|| field.to_string(), str::to_owned)
    }

    /// Mnemonic and immediates.
    pub(super) fn head(&self, node: NodeId) -> String {
        let op = self.body.op(node);
        let word = op.mnemonic();
        let names = self.names;
        match self.body.view(node) {
            View::Plain | View::Seq | View::Stack => word.to_owned(),
            View::I32(value) => format!("{word} {value}"),
            View::I64(value) => format!("{word} {value}"),
            View::F32(bits) => format!("{word} {}", float32_text(bits)),
            View::F64(bits) => format!("{word} {}", float64_text(bits)),
            View::V128(bytes) => format!("{word} {}", vector_text(bytes)),
            View::Symbol(symbol) => {
                let ty = crate::signature::symbol_type(self.module, symbol);
                format!("{ty}.const 0 (;{};)", symbol_text(names, symbol))
            }
            View::Local(local) => format!("{word} {}", self.local(local)),
            View::Global(global) => format!("{word} {}", names.global(global)),
            View::Mem(memarg) => self.memarg(op, memarg),
            View::MemLane(memarg, lane) => format!("{} {lane}", self.memarg(op, memarg)),
            View::Lane(lane) => format!("{word} {lane}"),
            View::Shuffle(lanes) => {
                let lanes: Vec<String> = lanes.iter().map(ToString::to_string).collect();
                format!("{word} {}", lanes.join(" "))
            }
            View::Memory(MemoryId(0)) => word.to_owned(),
            View::Memory(memory) => format!("{word} {}", names.memory(memory)),
            View::MemoryCopy { to: MemoryId(0), from: MemoryId(0) } => word.to_owned(),
            View::MemoryCopy { to, from } => {
                format!("{word} {} {}", names.memory(to), names.memory(from))
            }
            View::MemoryInit { data, memory: MemoryId(0) } => {
                format!("{word} {}", names.data(data))
            }
            View::MemoryInit { data, memory } => {
                format!("{word} {} {}", names.memory(memory), names.data(data))
            }
            View::Data(data) => format!("{word} {}", names.data(data)),
            View::Call(func) | View::RefFunc(func) => format!("{word} {}", names.func(func)),
            View::CallIndirect { ty, table } => {
                let table = match table {
                    TableId::FUNCTIONS => String::new(),
                    _ => format!(" {}", names.table(table)),
                };
                format!("{word}{table}{}", func_type_text(self.module, names, ty))
            }
            View::RefNull(heap) => format!("{word} {}", heap_text(names, heap)),
            View::RefCast(ty) => {
                let plain = word.trim_start_matches('<').split('_').next().unwrap_or(word);
                format!("{plain} {}", full_ref_text(names, ty))
            }
            View::Type(ty) => format!("{word} {}", names.ty(ty)),
            View::Field { ty, field } => {
                format!("{word} {} {}", names.ty(ty), self.field(ty, field))
            }
            View::ArrayFixed { ty, size } => format!("{word} {} {size}", names.ty(ty)),
            View::ArrayData { ty, data } => {
                format!("{word} {} {}", names.ty(ty), names.data(data))
            }
            View::ArrayElem { ty, elem } => {
                format!("{word} {} {}", names.ty(ty), names.elem(elem))
            }
            View::ArrayCopy { to, from } => format!("{word} {} {}", names.ty(to), names.ty(from)),
            View::BrOnCast { label, from, to } => {
                let (from, to) = (full_ref_text(names, from), full_ref_text(names, to));
                format!("{word} {} {from} {to}", self.label(node, label))
            }
            View::Label(target) => format!("{word} {}", self.label(node, target)),
            View::Tag(tag) => format!("{word} {}", names.tag(tag)),
            View::Table(table) => format!("{word} {}", names.table(table)),
            View::TableCopy { to, from } => {
                format!("{word} {} {}", names.table(to), names.table(from))
            }
            View::TableInit { elem, table } => {
                format!("{word} {} {}", names.table(table), names.elem(elem))
            }
            View::Elem(elem) => format!("{word} {}", names.elem(elem)),
            View::SelectTyped(ty) => format!("select (result {})", type_text(names, ty)),
            View::Block(ty) | View::Loop(ty) | View::If(ty) | View::Try(ty) => {
                self.block_head(node, ty)
            }
            View::TryTable(ty, catches) => {
                let mut out = self.block_head(node, ty);
                for catch in catches {
                    out.push_str(&self.catch(node, catch));
                }
                out
            }
            View::Br(target) => format!("{word} {}", self.label(node, target)),
            View::BrTable { targets, default } => {
                let mut out = word.to_owned();
                for &target in targets.iter().chain([&default]) {
                    let _ = write!(out, " {}", self.label(node, target));
                }
                out
            }
            // `(local.set $a (local.set $b (call $two)))`: the last result is taken first.
            View::SetMany(locals) => {
                let sets: Vec<String> =
                    locals.iter().map(|&l| format!("local.set {}", self.local(l))).collect();
                sets.join(" (")
            }
            View::Hole(number) => format!("hole {number}"),
        }
    }
}
