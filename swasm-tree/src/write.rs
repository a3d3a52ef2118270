//! A module ⇒ bytes: the one place where indices come from.
//!
//! Invariant: every index space is in id order, imports first; types are in id order, or in order of first use when only what is reachable
//! is written; [`Module::renumber`] asks for another order of both. Every LEB128 is as short as it can be, but in code that was read and never
//! opened: that is copied as long as all that it names has the index it had. Broken promises of the builder (a declared function that is live
//! but has no code; a memory imported after one was defined) panic and name the item.

mod code;
mod names;
mod segments;
mod types;

use std::collections::HashMap;
use std::ops::Range;

use wasm_encoder as we;
use wasm_encoder::Section;

use crate::encode::{Encoder, small_u32};
use crate::layout::Layout;
use crate::reach::Live;
use crate::renumber::Plan;
use crate::signature::symbol_type;
use crate::{
    Body, Code, ConstExpr, Custom, DataPlace, ExportItem, ExprId, FuncId, FuncKind, FuncType,
    GlobalKind, Loc, Module, ReadCode, STATIC_BASE, SectionKind, Symbol, TableId, TypeId, ValType,
};
use names::Orders;

/// Bytes of a page.
const PAGE: u64 = 65536;
/// What [`Symbol::InitialPages`] promises, in bytes.
const ROOM_ABOVE_HEAP_BASE: u64 = 64;
/// In a memory argument's alignment: a memory index follows.
const WITH_MEMORY: u32 = 0x40;

/// Tools want this section behind names and producers, wherever it was (WebAssembly tool conventions, "Target Features Section").
const TARGET_FEATURES: &str = "target_features";

/// What is written besides the program itself.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Whether a name section is written.
    pub names: bool,
    /// What a producers section says, if there is to be one.
    pub producers: Option<Producers>,
}

/// Contents of a producers section: names with versions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Producers {
    /// Source languages.
    pub languages: Vec<(String, String)>,
    /// Tools.
    pub processed_by: Vec<(String, String)>,
    /// Software development kits.
    pub sdks: Vec<(String, String)>,
}

impl Producers {
    /// Adds what others say; of two versions of one name, theirs counts.
    fn add(&mut self, other: &Producers) {
        for (ours, theirs) in [
            (&mut self.languages, &other.languages),
            (&mut self.processed_by, &other.processed_by),
            (&mut self.sdks, &other.sdks),
        ] {
            for (name, version) in theirs {
                match ours.iter_mut().find(|(known, _)| known == name) {
                    Some((_, known)) => known.clone_from(version),
                    None => ours.push((name.clone(), version.clone())),
                }
            }
        }
    }

    fn section(&self) -> Option<we::ProducersSection> {
        let mut section = we::ProducersSection::new();
        let mut is_empty = true;
        for (field, values) in [
            ("language", &self.languages),
            ("processed-by", &self.processed_by),
            ("sdk", &self.sdks),
        ] {
            if values.is_empty() {
                continue;
            }
            let mut encoded = we::ProducersField::new();
            for (name, version) in values {
                encoded.value(name, version);
            }
            section.field(field, &encoded);
            is_empty = false;
        }
        (!is_empty).then_some(section)
    }
}

/// A written module.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The module.
    pub bytes: Vec<u8>,
    /// Where the heap begins: behind static data, a multiple of 16.
    pub heap_base: u64,
    /// Addresses of the static data that was laid out; none if there is none.
    pub static_data: Range<u64>,
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
        section.append_to(&mut self.bytes);
    }
}

/// The index of a type that is not written (yet).
const UNWRITTEN: u32 = u32::MAX;

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
    /// How many types there are in it.
    type_count: u32,
    /// By type: its index, or [`UNWRITTEN`].
    type_ids: Vec<u32>,
    /// Types of blocks that no function of the module has.
    block_types: HashMap<FuncType, u32>,
    /// By function: its slot in the function table.
    slots: HashMap<FuncId, u32>,
    slot_order: Vec<FuncId>,
    /// Functions that `ref.func` names, in order of first use.
    referenced: Vec<FuncId>,
    data_index_used: bool,
    /// Whether code that was read can be copied: everything has the index it had.
    copies: bool,
    /// Memory to open and encode what cannot.
    opened: Body,
    encoder: Encoder,
    /// By function, in order: offsets in its body of branches that are likely (or unlikely) taken.
    hints: Vec<(u32, Vec<(u32, bool)>)>,
    /// Names of locals, as the name section has them: those of a function are at hand when its code is.
    local_names: Vec<u8>,
    /// How many functions have some.
    with_local_names: u32,
}

/// Numbers live items, imported ones first.
fn number(live: &[bool], imported: impl Fn(usize) -> bool) -> (Vec<u32>, Vec<usize>) {
    let mut order: Vec<usize> = (0..live.len()).filter(|&at| live[at] && imported(at)).collect();
    order.extend((0..live.len()).filter(|&at| live[at] && !imported(at)));
    (indices(live.len(), &order), order)
}

/// By item: its place in the order, if it has one.
fn indices(count: usize, order: &[usize]) -> Vec<u32> {
    let mut index = vec![u32::MAX; count];
    for (number, &at) in (0..).zip(order) {
        index[at] = number;
    }
    index
}

impl Module {
    /// What code that was read looks like.
    pub(crate) fn read_bytes(&self, code: &ReadCode) -> &[u8] {
        let source = self.source.as_deref().unwrap_or_default();
        &source[code.range.start as usize..code.range.end as usize]
    }

    /// A constant expression, encoded: the bytes begin with a count of no locals and end with `end`.
    pub(crate) fn expr_code(&self, id: ExprId, encoder: &mut Encoder) -> Code {
        encoder.encode_constant(self, &self.exprs[id.index()])
    }

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
            type_count: 0,
            type_ids: vec![UNWRITTEN; self.types.len()],
            block_types: HashMap::new(),
            slots: HashMap::new(),
            slot_order: Vec::new(),
            referenced: Vec::new(),
            data_index_used: false,
            copies: false,
            opened: Body::new(&[], &[]),
            encoder: Encoder::new(),
            hints: Vec::new(),
            local_names: Vec::new(),
            with_local_names: 0,
        };
        writer.write(options)
    }
}

fn append_custom(out: &mut Vec<u8>, custom: &Custom) {
    let (name, data) = ((&*custom.name).into(), (&*custom.contents).into());
    we::CustomSection { name, data }.append_to(out);
}

impl<'a> Writer<'a> {
    fn write(&mut self, options: &WriteOptions) -> Written {
        let module = self.module;
        let is_import = |at: usize| matches!(module.funcs[at].kind, FuncKind::Import(_));
        let global_import = |at: usize| matches!(module.globals[at].kind, GlobalKind::Import(_));
        let plan = module.by_use.then(|| Plan::of(module, &self.live, &mut self.encoder));
        let ((funcs, func_order), (globals, global_order)) = match &plan {
            Some(plan) => {
                let mut funcs = indices(module.funcs.len(), &plan.funcs);
                for at in 0..funcs.len() {
                    funcs[at] = funcs[plan.same[at].index()];
                }
                let globals = indices(module.globals.len(), &plan.globals);
                ((funcs, plan.funcs.clone()), (globals, plan.globals.clone()))
            }
            None => {
                (number(&self.live.funcs, is_import), number(&self.live.globals, global_import))
            }
        };
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
        if let Some(plan) = plan {
            for ty in plan.types {
                self.type_index(ty);
            }
        } else if !module.reachable_only {
            for group in module.types.groups() {
                self.write_group(TypeId(group.start));
            }
        }
        self.copies = !module.by_use && self.nothing_moved();

        let imports = self.imports();
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
                let ty = self.global_type(at);
                let value = self.constant(value);
                global_section.global(ty, &value);
            }
        }

        let mut written = Written {
            heap_base: self.layout.heap_base(),
            static_data: STATIC_BASE..self.layout.end,
            ..Written::default()
        };
        let mut code = self.code(&func_order, options.names, &mut written);
        // Slots that only data asks for come last.
        let patched = self.relocated_datas(&data_order);
        let data_section = self.datas(&data_order, &patched);
        let element_section = self.elements(&elem_order);

        let mut table_section = we::TableSection::new();
        for &at in table_order.iter().filter(|at| module.tables[**at].import.is_none()) {
            let ty = self.table_type(at);
            match module.tables[at].init {
                Some(init) => {
                    let init = self.constant(init);
                    table_section.table_with_init(ty, &init);
                }
                None => {
                    table_section.table(ty);
                }
            }
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

        let mut head = we::Module::HEADER.to_vec();
        let out = &mut head;
        self.customs(out, SectionKind::Header);
        self.add(out, SectionKind::Type, self.types.is_empty(), &self.types);
        self.add(out, SectionKind::Import, imports.is_empty(), &imports);
        self.add(out, SectionKind::Function, functions.is_empty(), &functions);
        self.add(out, SectionKind::Table, table_section.is_empty(), &table_section);
        self.add(out, SectionKind::Memory, memory_section.is_empty(), &memory_section);
        self.add(out, SectionKind::Tag, tag_section.is_empty(), &tag_section);
        self.add(out, SectionKind::Global, global_section.is_empty(), &global_section);
        self.add(out, SectionKind::Export, export_section.is_empty(), &export_section);
        if let Some(start) = module.start {
            let section = we::StartSection { function_index: self.at.funcs[start.index()] };
            section.append_to(out);
        }
        self.customs(out, SectionKind::Start);
        self.add(out, SectionKind::Element, element_section.is_empty(), &element_section);
        if self.data_index_used || (module.data_count && !module.reachable_only) {
            we::DataCountSection { count: data_section.len() }.append_to(out);
        }
        self.customs(out, SectionKind::DataCount);
        if let Some(hints) = self.hint_section() {
            hints.append_to(out);
        }
        if !code.is_empty() {
            out.push(we::SectionId::Code.into());
            small_u32(out, code.len() as u32);
            written.code_start = out.len();
        }
        // The code is the largest part: it moves to make room, and never is there twice.
        let code_len = code.len();
        code.resize(code_len + head.len(), 0);
        code.copy_within(..code_len, head.len());
        code[..head.len()].copy_from_slice(&head);
        let out = &mut code;
        self.customs(out, SectionKind::Code);
        self.add(out, SectionKind::Data, data_section.is_empty(), &data_section);
        if options.names {
            let names = self.names(&Orders {
                funcs: &func_order,
                tables: &table_order,
                memories: &memory_order,
                globals: &global_order,
                elems: &elem_order,
                datas: &data_order,
                tags: &tag_order,
            });
            // Without a name there is no section.
            if !names.as_custom().data.is_empty() {
                names.append_to(out);
            }
        }
        let mut producers = module.producers.clone().unwrap_or_default();
        if let Some(ours) = &options.producers {
            producers.add(ours);
        }
        if let Some(section) = producers.section() {
            section.append_to(out);
        }
        let features = |custom: &&Custom| &*custom.name == TARGET_FEATURES;
        self.module.customs.iter().filter(features).for_each(|custom| append_custom(out, custom));
        written.bytes = code;
        written
    }

    /// Writes a section, and the custom sections that follow it.
    fn add(&self, out: &mut Vec<u8>, kind: SectionKind, is_empty: bool, section: &impl Section) {
        if !is_empty {
            section.append_to(out);
        }
        self.customs(out, kind);
    }

    fn customs(&self, out: &mut Vec<u8>, after: SectionKind) {
        let here = |custom: &&Custom| custom.after == after && &*custom.name != TARGET_FEATURES;
        self.module.customs.iter().filter(here).for_each(|custom| append_custom(out, custom));
    }

    /// The section of the branch hinting proposal, which comes before the code.
    fn hint_section(&self) -> Option<we::BranchHints> {
        let mut section = we::BranchHints::new();
        for (func, hints) in &self.hints {
            section.function_hints(
                *func,
                hints.iter().map(|&(offset, likely)| we::BranchHint {
                    branch_func_offset: offset,
                    branch_hint_value: u32::from(likely),
                }),
            );
        }
        (!self.hints.is_empty()).then_some(section)
    }

    /// Whether everything that was read has the index it had.
    fn nothing_moved(&self) -> bool {
        let read = &self.module.read;
        let in_place =
            |indices: &[u32], count: u32| (0..count).zip(indices).all(|(at, &index)| at == index);
        !self.module.reachable_only
            && in_place(&self.at.funcs, read.funcs)
            && in_place(&self.at.tables, read.tables)
            && in_place(&self.at.memories, read.memories)
            && in_place(&self.at.globals, read.globals)
            && in_place(&self.at.tags, read.tags)
            && in_place(&self.at.elems, read.elems)
            && in_place(&self.at.datas, read.datas)
    }

    fn imports(&mut self) -> we::ImportSection {
        let module = self.module;
        let mut section = we::ImportSection::new();
        for item in module.imported_items() {
            let Some(from) = module.import_of(item).filter(|_| self.live.has(item)) else {
                continue;
            };
            let ty = match item {
                ExportItem::Func(id) => {
                    we::EntityType::Function(self.type_index(module.func(id).ty))
                }
                ExportItem::Table(id) => self.table_type(id.index()).into(),
                ExportItem::Memory(id) => self.memory_type(id.index()).into(),
                ExportItem::Global(id) => self.global_type(id.index()).into(),
                ExportItem::Tag(id) => self.tag_type(id.index()).into(),
            };
            section.import(&from.module, &from.name, ty);
        }
        section
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
            ConstExpr::Expr(id) => we::ConstExpr::raw(self.expression(id)),
        }
    }

    /// The operators of a constant expression.
    fn expression(&mut self, id: ExprId) -> Vec<u8> {
        let code = self.module.expr_code(id, &mut self.encoder);
        let mut bytes = Vec::new();
        self.patch(&code, &mut bytes, &mut Vec::new(), &mut Vec::new());
        // Without the count of locals and the `end`.
        bytes.pop();
        bytes.remove(0);
        bytes
    }
}
