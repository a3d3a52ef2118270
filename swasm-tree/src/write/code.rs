//! Code of functions ⇒ the code section: every index takes its place.
//!
//! Invariant: offsets that come out (positions, hints) are those of instructions with their indices in them.

use wasm_encoder::Encode;

use super::{WITH_MEMORY, Writer, Written, WrittenFunc};
use crate::code::{Code, Target};
use crate::encode::small_u32;
use crate::signature::symbol_type;
use crate::{Body, FuncId, FuncKind, Loc, ValType, Verified};

impl Writer<'_> {
    /// The contents of the code section; nothing, if there are no functions.
    pub(super) fn code(&mut self, order: &[usize], names: bool, written: &mut Written) -> Vec<u8> {
        let module = self.module;
        let is_import = |at: usize| matches!(module.funcs[at].kind, FuncKind::Import(_));
        let defined: Vec<usize> = order.iter().copied().filter(|&at| !is_import(at)).collect();
        if defined.is_empty() {
            return Vec::new();
        }
        written.funcs.reserve_exact(defined.len());
        // What is written is the largest there is: it gets room once, instead of growing.
        let (mut bytes, mut locs) = (0, 0);
        for &at in &defined {
            match &module.funcs[at].kind {
                FuncKind::Defined(code) => {
                    bytes += code.most_bytes();
                    locs += code.most_locs();
                }
                FuncKind::Read(code) => bytes += code.byte_len(),
                FuncKind::Import(_) | FuncKind::Declared => (),
            }
        }
        written.locs.reserve_exact(locs);
        let mut out = Vec::with_capacity(bytes);
        small_u32(&mut out, defined.len() as u32);
        let mut patched = Vec::new();
        for at in defined {
            patched.clear();
            let first_loc = written.locs.len();
            let mut hints = Vec::new();
            let func = FuncId(at as u32);
            let bytes = match &module.funcs[at].kind {
                FuncKind::Defined(code) => {
                    self.patch(code, &mut patched, &mut written.locs, &mut hints);
                    &patched
                }
                FuncKind::Read(code) if self.copies => {
                    hints.extend_from_slice(code.hints());
                    module.read_bytes(code)
                }
                FuncKind::Read(_) => {
                    module.open(func, &mut self.opened);
                    let body = std::mem::replace(&mut self.opened, Body::new(&[], &[]));
                    let code = self.encoder.encode(Verified { module, func, body: &body });
                    self.opened = body;
                    self.patch(&code, &mut patched, &mut written.locs, &mut hints);
                    &patched
                }
                FuncKind::Import(_) | FuncKind::Declared => panic!(
                    "function {at} ({}) is needed: whoever declared it promised to define it",
                    module.funcs[at].name.as_deref().unwrap_or("without a name")
                ),
            };
            if names {
                self.name_locals(at);
            }
            if !hints.is_empty() {
                self.hints.push((self.at.funcs[at], hints));
            }
            small_u32(&mut out, bytes.len() as u32);
            let start = out.len() as u32;
            for (at, _) in &mut written.locs[first_loc..] {
                *at += start;
            }
            out.extend_from_slice(bytes);
            written.funcs.push(WrittenFunc {
                func,
                index: self.at.funcs[at],
                range: start..out.len() as u32,
                locs: first_loc as u32..written.locs.len() as u32,
            });
        }
        out
    }

    /// Puts indices into code; `locs` and `hints` get offsets in `out`.
    pub(super) fn patch(
        &mut self,
        code: &Code,
        out: &mut Vec<u8>,
        locs: &mut Vec<(u32, Loc)>,
        hints: &mut Vec<(u32, bool)>,
    ) {
        let mut done = 0;
        let mut sources = code.locs().peekable();
        let hints_of_code = code.notes().map_or(&[][..], |notes| &notes.hints);
        let mut hinted = hints_of_code.iter().peekable();
        for reloc in code.relocs() {
            // An entry at the very place of the index belongs to the instruction behind it.
            while let Some((at, loc)) = sources.next_if(|(at, _)| *at < reloc.at) {
                locs.push((out.len() as u32 + (at - done), loc));
            }
            while let Some((at, likely)) = hinted.next_if(|(at, _)| *at < reloc.at) {
                hints.push((out.len() as u32 + (at - done), *likely));
            }
            out.extend_from_slice(&code.bytes()[done as usize..reloc.at as usize]);
            done = reloc.at;
            self.index(code, reloc.target, out);
        }
        for (at, loc) in sources {
            locs.push((out.len() as u32 + (at - done), loc));
        }
        for &(at, likely) in hinted {
            hints.push((out.len() as u32 + (at - done), likely));
        }
        out.extend_from_slice(&code.bytes()[done as usize..]);
    }

    fn index(&mut self, code: &Code, target: Target, out: &mut Vec<u8>) {
        match target {
            Target::Func(id) => small_u32(out, self.at.funcs[id.index()]),
            Target::RefFunc(id) => {
                self.referenced.push(id);
                small_u32(out, self.at.funcs[id.index()]);
            }
            Target::Global(id) => small_u32(out, self.at.globals[id.index()]),
            Target::Type(id) => small_u32(out, self.type_index(id)),
            Target::BlockType(at) => self.block_type(&code.block_types()[at as usize], out),
            Target::HeapType(id) => i64::from(self.type_index(id)).encode(out),
            Target::Table(id) => small_u32(out, self.table_index(id)),
            Target::Memory(id) => small_u32(out, self.at.memories[id.index()]),
            Target::MemArg(id, align_log2) => {
                let index = self.at.memories[id.index()];
                if index == 0 {
                    small_u32(out, u32::from(align_log2));
                } else {
                    small_u32(out, u32::from(align_log2) | WITH_MEMORY);
                    small_u32(out, index);
                }
            }
            Target::Data(id) => {
                self.data_index_used = true;
                small_u32(out, self.at.datas[id.index()]);
            }
            Target::Elem(id) => small_u32(out, self.at.elems[id.index()]),
            Target::Tag(id) => small_u32(out, self.at.tags[id.index()]),
            Target::Symbol(at) => {
                let symbol = code.symbols()[at as usize];
                let value = self.symbol(symbol);
                if symbol_type(self.module, symbol) == ValType::I64 {
                    value.encode(out);
                } else {
                    (value as i32).encode(out);
                }
            }
        }
    }
}
