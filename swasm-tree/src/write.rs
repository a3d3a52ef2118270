//! A module ⇒ bytes: the one place where indices come from.
//!
//! Invariant: every index space is in id order, imports first; types are in order of first use; every LEB128 is as
//! short as it can be. Broken promises of the builder (a declared function that is live but has no code; a memory
//! imported after one was defined) panic and name the item.

mod names;
mod segments;

use std::collections::HashMap;
use std::ops::Range;

use wasm_encoder as we;
use wasm_encoder::Encode;

use crate::encode::small_u32;
use crate::layout::Layout;
use crate::reach::Live;
use crate::signature::symbol_type;
use crate::{
    Code, ConstExpr, DataPlace, ExportItem, FuncId, FuncKind, FuncType, GlobalKind, HeapType, Loc,
    Module, RefType, Symbol, TableId, Target, TypeId, ValType,
};

/// Bytes of a page.
const PAGE: u64 = 65536;
/// What [`Symbol::InitialPages`] promises, in bytes.
const ROOM_ABOVE_HEAP_BASE: u64 = 64;
/// In a memory argument's alignment: a memory index follows.
const WITH_MEMORY: u32 = 0x40;

/// What is written besides the program itself.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Whether a name section is written.
    pub names: bool,
    /// What a producers section says, if there is to be one.
    pub producers: Option<Producers>,
}

/// Contents of a producers section: names with versions.
#[derive(Clone, Debug, Default)]
pub struct Producers {
    /// Source languages.
    pub languages: Vec<(String, String)>,
    /// Tools.
    pub processed_by: Vec<(String, String)>,
}

/// A written module.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The module.
    pub bytes: Vec<u8>,
    /// Where the heap begins: the end of static data, a multiple of 16.
    pub heap_base: u64,
    /// Where in `bytes` the code section's contents begin; offsets below count from there.
    pub code_start: usize,
    /// The functions that were written, in order.
    pub funcs: Vec<WrittenFunc>,
    /// Where instructions come from: offset and position, in order; an entry counts until the next one or the end of
    /// its function.
    pub locs: Vec<(u32, Loc)>,
}

/// A function that was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrittenFunc {
    /// Which one.
    pub func: FuncId,
    /// Its index.
    pub index: u32,
    /// From its declared locals to its last `end`, in the code section's contents.
    pub range: Range<u32>,
    /// Its entries of [`Written::locs`].
    pub locs: Range<u32>,
}

impl Written {
    /// Appends a custom section.
    pub fn custom(&mut self, name: &str, contents: &[u8]) {
        let section = we::CustomSection { name: name.into(), data: contents.into() };
        we::Section::append_to(&section, &mut self.bytes);
    }
}

/// Final indices, by id.
#[derive(Default)]
struct Indices {
    funcs: Vec<u32>,
    globals: Vec<u32>,
    tables: Vec<u32>,
    memories: Vec<u32>,
    tags: Vec<u32>,
    datas: Vec<u32>,
    elems: Vec<u32>,
    function_table: u32,
}

struct Writer<'a> {
    module: &'a Module,
    live: Live,
    at: Indices,
    layout: Layout,
    types: we::TypeSection,
    type_ids: HashMap<TypeId, u32>,
    /// Types of blocks that no function of the module has.
    block_types: HashMap<&'a FuncType, u32>,
    /// By function: its slot in the function table.
    slots: HashMap<FuncId, u32>,
    slot_order: Vec<FuncId>,
    /// Functions that `ref.func` names, in order of first use.
    referenced: Vec<FuncId>,
    data_index_used: bool,
}

/// Numbers live items, imported ones first.
fn number(live: &[bool], imported: impl Fn(usize) -> bool) -> (Vec<u32>, Vec<usize>) {
    let mut order: Vec<usize> = (0..live.len()).filter(|&at| live[at] && imported(at)).collect();
    order.extend((0..live.len()).filter(|&at| live[at] && !imported(at)));
    let mut index = vec![u32::MAX; live.len()];
    for (number, &at) in (0..).zip(&order) {
        index[at] = number;
    }
    (index, order)
}

impl Module {
    /// Writes the module.
    pub fn write(&self, options: &WriteOptions) -> Written {
        let live = Live::of(self);
        let layout = Layout::of(self, &live.datas);
        let mut writer = Writer {
            module: self,
            live,
            at: Indices::default(),
            layout,
            types: we::TypeSection::new(),
            type_ids: HashMap::new(),
            block_types: HashMap::new(),
            slots: HashMap::new(),
            slot_order: Vec::new(),
            referenced: Vec::new(),
            data_index_used: false,
        };
        writer.write(options)
    }
}

impl<'a> Writer<'a> {
    fn write(&mut self, options: &WriteOptions) -> Written {
        let module = self.module;
        let is_import = |at: usize| matches!(module.funcs[at].kind, FuncKind::Import(_));
        let (funcs, func_order) = number(&self.live.funcs, is_import);
        let global_import = |at: usize| matches!(module.globals[at].kind, GlobalKind::Import(_));
        let (globals, global_order) = number(&self.live.globals, global_import);
        let (tables, table_order) =
            number(&self.live.tables, |at| module.tables[at].import.is_some());
        let (memories, memory_order) =
            number(&self.live.memories, |at| module.memories[at].import.is_some());
        let (tags, tag_order) = number(&self.live.tags, |at| module.tags[at].import.is_some());
        let (elems, elem_order) = number(&self.live.elems, |_| false);
        let own_index: Vec<bool> = (0..module.datas.len())
            .map(|at| self.live.datas[at] && module.datas[at].place != DataPlace::Laid)
            .collect();
        let (datas, data_order) = number(&own_index, |_| false);
        assert!(
            memories.first().is_none_or(|&index| index == 0 || index == u32::MAX),
            "whoever added memories imported before defining"
        );
        let function_table = table_order.len() as u32;
        self.at = Indices { funcs, globals, tables, memories, tags, datas, elems, function_table };

        let imports =
            self.imports(&func_order, &table_order, &memory_order, &tag_order, &global_order);
        let mut functions = we::FunctionSection::new();
        for &at in func_order.iter().filter(|at| !is_import(**at)) {
            functions.function(self.type_index(module.funcs[at].ty));
        }
        let mut tag_section = we::TagSection::new();
        for &at in tag_order.iter().filter(|at| module.tags[**at].import.is_none()) {
            tag_section.tag(self.tag_type(at));
        }
        let mut global_section = we::GlobalSection::new();
        for &at in &global_order {
            let global = &module.globals[at];
            if let GlobalKind::Defined(value) = global.kind {
                let ty = self.global_type(global.ty, global.mutable);
                let value = self.constant(value);
                global_section.global(ty, &value);
            }
        }

        let mut written = Written { heap_base: self.layout.heap_base(), ..Written::default() };
        let code = self.code(&func_order, &mut written);
        // Slots that only data asks for come last.
        let patched = self.relocated_datas(&data_order);
        let data_section = self.datas(&data_order, &patched);
        let element_section = self.elements(&elem_order);

        let mut table_section = we::TableSection::new();
        for &at in table_order.iter().filter(|at| module.tables[**at].import.is_none()) {
            table_section.table(self.table_type(at));
        }
        if self.live.function_table {
            // Slot 0 is null, so that a null pointer traps.
            let size = self.slot_order.len() as u64 + 1;
            table_section.table(we::TableType {
                element_type: we::RefType::FUNCREF,
                table64: false,
                minimum: size,
                maximum: Some(size),
                shared: false,
            });
        }
        let mut memory_section = we::MemorySection::new();
        for &at in memory_order.iter().filter(|at| module.memories[**at].import.is_none()) {
            memory_section.memory(self.memory_type(at));
        }
        let mut export_section = we::ExportSection::new();
        let weak = module.weak_exports.iter().filter(|export| self.live.has(export.item));
        for export in module.exports.iter().chain(weak) {
            let (kind, index) = match export.item {
                ExportItem::Func(id) => (we::ExportKind::Func, self.at.funcs[id.index()]),
                ExportItem::Table(id) => (we::ExportKind::Table, self.table_index(id)),
                ExportItem::Memory(id) => (we::ExportKind::Memory, self.at.memories[id.index()]),
                ExportItem::Global(id) => (we::ExportKind::Global, self.at.globals[id.index()]),
                ExportItem::Tag(id) => (we::ExportKind::Tag, self.at.tags[id.index()]),
            };
            export_section.export(&export.name, kind, index);
        }

        let mut out = we::Module::new();
        add(&mut out, self.types.is_empty(), &self.types);
        add(&mut out, imports.is_empty(), &imports);
        add(&mut out, functions.is_empty(), &functions);
        add(&mut out, table_section.is_empty(), &table_section);
        add(&mut out, memory_section.is_empty(), &memory_section);
        add(&mut out, tag_section.is_empty(), &tag_section);
        add(&mut out, global_section.is_empty(), &global_section);
        add(&mut out, export_section.is_empty(), &export_section);
        if let Some(start) = module.start {
            out.section(&we::StartSection { function_index: self.at.funcs[start.index()] });
        }
        add(&mut out, element_section.is_empty(), &element_section);
        if self.data_index_used {
            out.section(&we::DataCountSection { count: data_section.len() });
        }
        if !code.is_empty() {
            out.section(&code);
            let contents = code.byte_len() + leb_len(code.len());
            written.code_start = out.len() - contents;
        }
        drop(code);
        add(&mut out, data_section.is_empty(), &data_section);
        for (name, contents) in &module.customs {
            out.section(&we::CustomSection { name: name.into(), data: contents.into() });
        }
        if options.names {
            let names = self.names(&func_order, &global_order, &data_order);
            out.section(&names);
        }
        if let Some(producers) = &options.producers {
            let mut section = we::ProducersSection::new();
            for (field, values) in
                [("language", &producers.languages), ("processed-by", &producers.processed_by)]
            {
                if values.is_empty() {
                    continue;
                }
                let mut encoded = we::ProducersField::new();
                for (name, version) in values {
                    encoded.value(name, version);
                }
                section.field(field, &encoded);
            }
            out.section(&section);
        }
        written.bytes = out.finish();
        written
    }

    fn imports(
        &mut self,
        funcs: &[usize],
        tables: &[usize],
        memories: &[usize],
        tags: &[usize],
        globals: &[usize],
    ) -> we::ImportSection {
        let module = self.module;
        let mut section = we::ImportSection::new();
        for &at in funcs {
            if let FuncKind::Import(from) = &module.funcs[at].kind {
                let ty = self.type_index(module.funcs[at].ty);
                section.import(&from.module, &from.name, we::EntityType::Function(ty));
            }
        }
        for &at in tables {
            if let Some(from) = &module.tables[at].import {
                section.import(&from.module, &from.name, self.table_type(at));
            }
        }
        for &at in memories {
            if let Some(from) = &module.memories[at].import {
                section.import(&from.module, &from.name, self.memory_type(at));
            }
        }
        for &at in globals {
            let global = &module.globals[at];
            if let GlobalKind::Import(from) = &global.kind {
                let ty = self.global_type(global.ty, global.mutable);
                section.import(&from.module, &from.name, ty);
            }
        }
        for &at in tags {
            if let Some(from) = &module.tags[at].import {
                section.import(&from.module, &from.name, self.tag_type(at));
            }
        }
        section
    }

    // ---- types

    fn type_index(&mut self, id: TypeId) -> u32 {
        if let Some(&index) = self.type_ids.get(&id) {
            return index;
        }
        // A type names only types that were interned before it: those are written first, in that order.
        let mut needed = vec![id];
        let mut next = 0;
        while let Some(&id) = needed.get(next) {
            next += 1;
            let ty = self.module.types.get(id);
            for &inner in ty.params.iter().chain(&ty.results) {
                if let Some(inner) = concrete(inner)
                    && !needed.contains(&inner)
                    && !self.type_ids.contains_key(&inner)
                {
                    needed.push(inner);
                }
            }
        }
        needed.sort();
        for &id in &needed {
            let index = self.types.len();
            self.write_type(self.module.types.get(id));
            self.type_ids.insert(id, index);
        }
        self.type_ids[&id]
    }

    fn write_type(&mut self, ty: &FuncType) {
        let params: Vec<we::ValType> = ty.params.iter().map(|&ty| self.val_type(ty)).collect();
        let results: Vec<we::ValType> = ty.results.iter().map(|&ty| self.val_type(ty)).collect();
        self.types.ty().function(params, results);
    }

    fn block_type_index(&mut self, ty: &'a FuncType) -> u32 {
        if let Some(id) = self.module.types.find(ty) {
            return self.type_index(id);
        }
        if let Some(&index) = self.block_types.get(ty) {
            return index;
        }
        let index = self.types.len();
        self.write_type(ty);
        self.block_types.insert(ty, index);
        index
    }

    fn val_type(&mut self, ty: ValType) -> we::ValType {
        match ty {
            ValType::I32 => we::ValType::I32,
            ValType::I64 => we::ValType::I64,
            ValType::F32 => we::ValType::F32,
            ValType::F64 => we::ValType::F64,
            ValType::V128 => we::ValType::V128,
            ValType::Ref(ty) => we::ValType::Ref(self.ref_type(ty)),
        }
    }

    fn ref_type(&mut self, ty: RefType) -> we::RefType {
        we::RefType { nullable: ty.is_nullable(), heap_type: self.heap_type(ty.heap()) }
    }

    fn heap_type(&mut self, heap: HeapType) -> we::HeapType {
        match heap {
            HeapType::Func => we::HeapType::FUNC,
            HeapType::Extern => we::HeapType::EXTERN,
            HeapType::Concrete(ty) => we::HeapType::Concrete(self.type_index(ty)),
        }
    }

    fn global_type(&mut self, ty: ValType, mutable: bool) -> we::GlobalType {
        we::GlobalType { val_type: self.val_type(ty), mutable, shared: false }
    }

    fn table_type(&mut self, at: usize) -> we::TableType {
        let table = &self.module.tables[at];
        we::TableType {
            element_type: self.ref_type(table.ty),
            table64: false,
            minimum: table.min,
            maximum: table.max,
            shared: false,
        }
    }

    fn tag_type(&mut self, at: usize) -> we::TagType {
        let func_type_idx = self.type_index(self.module.tags[at].ty);
        we::TagType { kind: we::TagKind::Exception, func_type_idx }
    }

    /// How many pages a memory starts with.
    fn pages(&self, at: usize) -> u64 {
        let min_pages = self.module.memories[at].min_pages;
        if at != 0 {
            return min_pages;
        }
        // The address of a segment of no bytes must be inside too: bulk instructions trap outside for no bytes as well.
        let end = match (self.live.initial_pages, self.layout.is_empty) {
            (true, _) => self.layout.heap_base() + ROOM_ABOVE_HEAP_BASE,
            (false, true) => 0,
            (false, false) => self.layout.end,
        };
        min_pages.max(end.div_ceil(PAGE))
    }

    fn memory_type(&self, at: usize) -> we::MemoryType {
        let memory = &self.module.memories[at];
        let minimum = self.pages(at);
        we::MemoryType {
            minimum,
            maximum: memory.max_pages.map(|max| max.max(minimum)),
            memory64: memory.memory64,
            shared: memory.shared,
            page_size_log2: None,
        }
    }

    // ---- indices and values

    fn table_index(&self, id: TableId) -> u32 {
        if id == TableId::FUNCTIONS { self.at.function_table } else { self.at.tables[id.index()] }
    }

    fn slot(&mut self, func: FuncId) -> u32 {
        let next = self.slot_order.len() as u32 + 1;
        let slot = *self.slots.entry(func).or_insert(next);
        if slot == next {
            self.slot_order.push(func);
        }
        slot
    }

    /// The value of a symbol, as an address of memory 0 or a slot.
    fn symbol(&mut self, symbol: Symbol) -> i64 {
        match symbol {
            Symbol::Data { data, addend } => {
                (self.layout.addresses[data.index()] as i64).wrapping_add(addend)
            }
            Symbol::HeapBase => self.layout.heap_base() as i64,
            Symbol::ReadOnlyEnd => self.layout.read_only_end as i64,
            Symbol::InitialPages => self.pages(0) as i64,
            Symbol::TableSlot(func) => i64::from(self.slot(func)),
        }
    }

    fn constant(&mut self, value: ConstExpr) -> we::ConstExpr {
        match value {
            ConstExpr::I32(value) => we::ConstExpr::i32_const(value),
            ConstExpr::I64(value) => we::ConstExpr::i64_const(value),
            ConstExpr::F32(bits) => we::ConstExpr::f32_const(we::Ieee32::new(bits)),
            ConstExpr::F64(bits) => we::ConstExpr::f64_const(we::Ieee64::new(bits)),
            ConstExpr::V128(bytes) => we::ConstExpr::v128_const(i128::from_le_bytes(bytes)),
            ConstExpr::Symbol(symbol) => {
                let value = self.symbol(symbol);
                if symbol_type(self.module, symbol) == ValType::I64 {
                    we::ConstExpr::i64_const(value)
                } else {
                    we::ConstExpr::i32_const(value as i32)
                }
            }
            ConstExpr::GlobalGet(id) => we::ConstExpr::global_get(self.at.globals[id.index()]),
            ConstExpr::RefNull(heap) => we::ConstExpr::ref_null(self.heap_type(heap)),
            ConstExpr::RefFunc(func) => we::ConstExpr::ref_func(self.at.funcs[func.index()]),
        }
    }

    // ---- code

    fn code(&mut self, order: &[usize], written: &mut Written) -> we::CodeSection {
        let module = self.module;
        let mut section = we::CodeSection::new();
        let defined =
            order.iter().filter(|at| !matches!(module.funcs[**at].kind, FuncKind::Import(_)));
        let mut offset = leb_len(defined.clone().count() as u32);
        let mut scratch = Vec::new();
        for &at in defined {
            let func = &module.funcs[at];
            let FuncKind::Defined(code) = &func.kind else {
                panic!(
                    "function {at} ({}) is needed: whoever declared it promised to define it",
                    func.name.as_deref().unwrap_or("without a name")
                );
            };
            scratch.clear();
            let first_loc = written.locs.len();
            self.patch(code, &mut scratch, &mut written.locs);
            offset += leb_len(scratch.len() as u32);
            let start = offset as u32;
            for (at, _) in &mut written.locs[first_loc..] {
                *at += start;
            }
            offset += scratch.len();
            section.raw(&scratch);
            written.funcs.push(WrittenFunc {
                func: FuncId(at as u32),
                index: self.at.funcs[at],
                range: start..offset as u32,
                locs: first_loc as u32..written.locs.len() as u32,
            });
        }
        section
    }

    /// Puts indices into code; `locs` get offsets in `out`.
    fn patch(&mut self, code: &'a Code, out: &mut Vec<u8>, locs: &mut Vec<(u32, Loc)>) {
        let mut done = 0;
        let mut sources = code.locs.iter().peekable();
        for reloc in &code.relocs {
            // An entry at the very place of the index belongs to the instruction behind it.
            while let Some(&&(at, loc)) = sources.peek() {
                if at >= reloc.at {
                    break;
                }
                locs.push((out.len() as u32 + (at - done), loc));
                sources.next();
            }
            out.extend_from_slice(&code.bytes[done as usize..reloc.at as usize]);
            done = reloc.at;
            self.index(code, reloc.target, out);
        }
        for &(at, loc) in sources {
            locs.push((out.len() as u32 + (at - done), loc));
        }
        out.extend_from_slice(&code.bytes[done as usize..]);
    }

    fn index(&mut self, code: &'a Code, target: Target, out: &mut Vec<u8>) {
        match target {
            Target::Func(id) => small_u32(out, self.at.funcs[id.index()]),
            Target::RefFunc(id) => {
                self.referenced.push(id);
                small_u32(out, self.at.funcs[id.index()]);
            }
            Target::Global(id) => small_u32(out, self.at.globals[id.index()]),
            Target::Type(id) => small_u32(out, self.type_index(id)),
            Target::BlockType(at) => {
                let index = self.block_type_index(&code.block_types[at as usize]);
                i64::from(index).encode(out);
            }
            Target::HeapType(id) => i64::from(self.type_index(id)).encode(out),
            Target::ValType(ty) => self.val_type(ty).encode(out),
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
            Target::Symbol(symbol) => {
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

fn add(out: &mut we::Module, is_empty: bool, section: &impl we::Section) {
    if !is_empty {
        out.section(section);
    }
}

fn concrete(ty: ValType) -> Option<TypeId> {
    match ty {
        ValType::Ref(ty) => match ty.heap() {
            HeapType::Concrete(id) => Some(id),
            HeapType::Func | HeapType::Extern => None,
        },
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => None,
    }
}

/// How many bytes a number takes in LEB128.
fn leb_len(value: u32) -> usize {
    let bits = u32::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}
