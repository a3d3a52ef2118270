//! A module: declarations by id, bodies as encoded [`Code`] or as the bytes they were read as.
//!
//! Invariant: nothing here knows an index; [`Module::write`] counts when everything is there. Imports of memories are
//! added before memories are defined.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use crate::local_names::{LocalNames, Names};
use crate::{
    Body, Code, DataId, ElemId, ExprId, FuncId, FuncType, GlobalId, HeapType, MemoryId, RefType,
    Symbol, TableId, TagId, TypeId, Types, ValType, View,
};

/// The first address that static data may have: below it nothing is ever handed out.
pub const STATIC_BASE: u64 = 1024;

/// A module under construction. The lists may be read and edited freely; ids are positions in them.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The interned types.
    pub types: Types,
    /// Functions.
    pub funcs: Vec<Func>,
    /// Tables; the module's own function table is not among them.
    pub tables: Vec<Table>,
    /// Memories.
    pub memories: Vec<Memory>,
    /// Globals.
    pub globals: Vec<Global>,
    /// Exception tags.
    pub tags: Vec<Tag>,
    /// Data segments.
    pub datas: Vec<Data>,
    /// Element segments, apart from the function table's own.
    pub elems: Vec<Elem>,
    /// Exports, in the order they are written.
    pub exports: Vec<Export>,
    /// Exports that keep nothing alive: each is written, after the others, if its item is written for another reason.
    pub weak_exports: Vec<Export>,
    /// The start function.
    pub start: Option<FuncId>,
    /// Custom sections.
    pub customs: Vec<Custom>,
    /// Constant expressions of more than one operator: functions without parameters that give one value.
    pub exprs: Vec<Body>,
    /// In which order imports are written. Those not named here come after, functions first, then tables, memories, globals and tags.
    pub import_order: Vec<ExportItem>,
    /// The heap base is not below this address: what other modules have in memory 0 ends here.
    pub heap_floor: u64,
    /// The module's own name, for people.
    pub name: Option<Box<str>>,
    /// What the producers section said, if the module was read and has one.
    pub producers: Option<crate::Producers>,
    /// The bytes the module was read from: [`FuncKind::Read`] points into them.
    pub(crate) source: Option<Arc<[u8]>>,
    /// Whether a data count section is written even if no code that was opened needs it.
    pub(crate) data_count: bool,
    /// How many types, and of each kind how many items, were read: as long as these keep their indices, code that was read is copied.
    pub(crate) read: crate::read::ReadCounts,
    /// Whether only what exports and the start function need is written: see [`Module::retain_reachable`].
    pub(crate) reachable_only: bool,
    /// Whether imports are written, too: see [`Module::retain_reachable_and_imports`].
    pub(crate) keep_imports: bool,
    /// Whether what is named often gets small indices: see [`Module::renumber`].
    pub(crate) by_use: bool,
}

/// Where an import comes from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Import {
    /// The module's name.
    pub module: Box<str>,
    /// The item's name.
    pub name: Box<str>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Func {
    /// Its type.
    pub ty: TypeId,
    /// Its name, for people.
    pub name: Option<Box<str>>,
    /// Where its code comes from.
    pub kind: FuncKind,
}

/// Where a function's code comes from.
#[derive(Clone, Debug)]
pub enum FuncKind {
    /// From the host.
    Import(Import),
    /// From here.
    Defined(Code),
    /// From the bytes the module was read from: [`Module::open`](crate::Module::open) makes a tree of it.
    Read(ReadCode),
    /// To be defined with [`Module::define`]; the writer leaves it out when it is not reachable.
    Declared,
}

/// Code that nobody has opened since it was read.
#[derive(Clone, Debug)]
pub struct ReadCode {
    /// Where it lies in what was read: from its declared locals to its last `end`.
    pub(crate) range: Range<u32>,
    /// What other sections say of it, which most modules do of few functions.
    pub(crate) said: Option<Box<Said>>,
}

/// What other sections say of a function's code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    pub(crate) local_names: LocalNames,
    pub(crate) notes: Notes,
}

/// What custom sections say of a function's code beside the names of its locals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Names of labels, by the number of the block among all blocks of the function.
    pub(crate) label_names: Vec<(u32, Box<str>)>,
    /// Which branches are likely taken: offset from the start of the function's code, as in the section that says it.
    pub(crate) hints: Box<[(u32, bool)]>,
}

impl Notes {
    pub(crate) fn is_empty(&self) -> bool {
        self.label_names.is_empty() && self.hints.is_empty()
    }
}

impl Func {
    /// Names of its parameters and locals.
    pub(crate) fn local_names(&self) -> Names<'_> {
        match &self.kind {
            FuncKind::Defined(code) => code.local_names(),
            FuncKind::Read(code) => code.local_names(),
            FuncKind::Import(_) | FuncKind::Declared => Names::default(),
        }
    }

    /// What else custom sections say of its code.
    pub(crate) fn notes(&self) -> Option<&Notes> {
        match &self.kind {
            FuncKind::Defined(code) => code.notes(),
            FuncKind::Read(code) => code.notes(),
            FuncKind::Import(_) | FuncKind::Declared => None,
        }
    }
}

impl ReadCode {
    /// How many bytes it has.
    pub fn byte_len(&self) -> usize {
        self.range.len()
    }

    pub(crate) fn local_names(&self) -> Names<'_> {
        self.said.as_ref().map_or_else(Names::default, |said| said.local_names.iter())
    }

    /// Appends them as the name section has them.
    pub(crate) fn encode_names(&self, out: &mut Vec<u8>) {
        self.said.iter().for_each(|said| said.local_names.encode(out));
    }

    pub(crate) fn notes(&self) -> Option<&Notes> {
        self.said.as_ref().map(|said| &said.notes)
    }

    pub(crate) fn hints(&self) -> &[(u32, bool)] {
        self.notes().map_or(&[], |notes| &notes.hints)
    }

    pub(crate) fn say(&mut self) -> &mut Said {
        self.said.get_or_insert_default()
    }
}

/// A custom section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Custom {
    /// Its name.
    pub name: Box<str>,
    /// Its contents.
    pub contents: Box<[u8]>,
    /// After which section it is written.
    pub after: SectionKind,
}

/// The sections of a module, in the order in which they are written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum SectionKind {
    /// Not a section: the eight bytes that every module begins with.
    #[default]
    Header,
    /// Types.
    Type,
    /// Imports.
    Import,
    /// Types of the functions.
    Function,
    /// Tables.
    Table,
    /// Memories.
    Memory,
    /// Exception tags.
    Tag,
    /// Globals.
    Global,
    /// Exports.
    Export,
    /// The start function.
    Start,
    /// Element segments.
    Element,
    /// How many data segments there are.
    DataCount,
    /// Code.
    Code,
    /// Data segments.
    Data,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name, for people.
    pub name: Option<Box<str>>,
    /// What it holds.
    pub ty: RefType,
    /// Elements at the start.
    pub min: u64,
    /// Elements at most.
    pub max: Option<u64>,
    /// Whether slots are counted in 64 bits.
    pub table64: bool,
    /// Whether agents may share it.
    pub shared: bool,
    /// What every slot holds at the start; null if nothing is said.
    pub init: Option<ConstExpr>,
    /// Where it comes from, if it is imported.
    pub import: Option<Import>,
}

impl Table {
    /// A table of `min` slots of this type, all null.
    pub fn new(ty: RefType, min: u64, max: Option<u64>) -> Table {
        Table { name: None, ty, min, max, table64: false, shared: false, init: None, import: None }
    }

    /// The type of a slot's number.
    pub fn address_type(&self) -> ValType {
        if self.table64 { ValType::I64 } else { ValType::I32 }
    }
}

/// A memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Its name, for people.
    pub name: Option<Box<str>>,
    /// Pages at the start; the writer raises it so that static data fits.
    pub min_pages: u64,
    /// Pages at most.
    pub max_pages: Option<u64>,
    /// Whether addresses have 64 bits.
    pub memory64: bool,
    /// Whether agents may share it.
    pub shared: bool,
    /// The size of a page in bytes, as a power of two, where it is not 65,536.
    pub page_size_log2: Option<u32>,
    /// Where it comes from, if it is imported.
    pub import: Option<Import>,
}

impl Memory {
    /// The type of an address.
    pub fn address_type(&self) -> ValType {
        if self.memory64 { ValType::I64 } else { ValType::I32 }
    }
}

/// A global.
#[derive(Clone, Debug)]
pub struct Global {
    /// Its type.
    pub ty: ValType,
    /// Whether it can be set.
    pub mutable: bool,
    /// Whether agents may share it.
    pub shared: bool,
    /// Its name, for people.
    pub name: Option<Box<str>>,
    /// Where its value comes from.
    pub kind: GlobalKind,
}

/// Where a global's value comes from.
#[derive(Clone, PartialEq, Debug)]
pub enum GlobalKind {
    /// From the host.
    Import(Import),
    /// From a constant expression.
    Defined(ConstExpr),
}

/// A constant expression.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ConstExpr {
    /// `i32.const`.
    I32(i32),
    /// `i64.const`.
    I64(i64),
    /// `f32.const`, as bits.
    F32(u32),
    /// `f64.const`, as bits.
    F64(u64),
    /// `v128.const`, as bytes in memory order.
    V128([u8; 16]),
    /// An address or slot, of address type.
    Symbol(Symbol),
    /// `global.get` of an immutable imported global.
    GlobalGet(GlobalId),
    /// `ref.null`.
    RefNull(HeapType),
    /// `ref.func`.
    RefFunc(FuncId),
    /// Anything else: one of [`Module::exprs`].
    Expr(ExprId),
}

impl ConstExpr {
    /// Where in a memory or table a segment begins that has this for its place; `None` if the module alone does not tell.
    pub fn place(self) -> Option<u64> {
        match self {
            ConstExpr::I32(place) => Some(u64::from(place as u32)),
            ConstExpr::I64(place) => Some(place as u64),
            ConstExpr::F32(_)
            | ConstExpr::F64(_)
            | ConstExpr::V128(_)
            | ConstExpr::Symbol(_)
            | ConstExpr::GlobalGet(_)
            | ConstExpr::RefNull(_)
            | ConstExpr::RefFunc(_)
            | ConstExpr::Expr(_) => None,
        }
    }
}

/// An exception tag.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Its name, for people.
    pub name: Option<Box<str>>,
    /// Its type: no results.
    pub ty: TypeId,
    /// Where it comes from, if it is imported.
    pub import: Option<Import>,
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct Data {
    /// Its name, for people.
    pub name: Option<Box<str>>,
    /// A power of two that its address is a multiple of, in bytes.
    pub align: u32,
    /// What it starts with.
    pub bytes: Vec<u8>,
    /// How long it is; what is beyond `bytes` is zero and takes nothing in the module.
    pub size: u64,
    /// Addresses to be put into `bytes`, four bytes each, little-endian: offset and value.
    pub relocs: Vec<(u32, Symbol)>,
    /// Whether the program never writes to it.
    pub read_only: bool,
    /// Where it goes.
    pub place: DataPlace,
}

impl Data {
    /// Memory of its own for the program to write, all zero, laid out by the writer.
    pub fn zeroed(name: Option<&str>, align: u32, size: u64) -> Data {
        Data {
            name: name.map(Into::into),
            align,
            bytes: Vec::new(),
            size,
            relocs: Vec::new(),
            read_only: false,
            place: DataPlace::Laid,
        }
    }

    /// Bytes that nobody writes to, laid out by the writer; equal ones may be one.
    pub fn constant(name: Option<&str>, align: u32, bytes: Vec<u8>) -> Data {
        let size = bytes.len() as u64;
        Data { bytes, read_only: true, ..Data::zeroed(name, align, size) }
    }
}

/// Where a data segment goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum DataPlace {
    /// The writer decides, from [`STATIC_BASE`] on, in memory 0.
    Laid,
    /// Nowhere, until `memory.init`.
    Passive,
    /// To a place in a memory.
    At(MemoryId, ConstExpr),
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct Elem {
    /// Its name, for people.
    pub name: Option<Box<str>>,
    /// What it holds.
    pub ty: RefType,
    /// Its contents.
    pub items: Vec<ConstExpr>,
    /// Where it goes.
    pub place: ElemPlace,
}

/// Where an element segment goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ElemPlace {
    /// Into a table, at an offset.
    Active(TableId, ConstExpr),
    /// Nowhere, until `table.init`.
    Passive,
    /// Nowhere: it only declares functions for `ref.func`.
    Declared,
}

/// An export.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    /// Its name.
    pub name: Box<str>,
    /// What it is.
    pub item: ExportItem,
}

/// What an export is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExportItem {
    /// A function.
    Func(FuncId),
    /// A table.
    Table(TableId),
    /// A memory.
    Memory(MemoryId),
    /// A global.
    Global(GlobalId),
    /// A tag.
    Tag(TagId),
}

impl Module {
    /// An empty module.
    pub fn new() -> Module {
        Module::default()
    }

    /// Adds a function whose code comes later: [`Module::define`].
    pub fn declare_func(&mut self, ty: FuncType, name: Option<&str>) -> FuncId {
        let ty = self.types.func(ty);
        self.add_func(Func { ty, name: name.map(Into::into), kind: FuncKind::Declared })
    }

    /// Adds an imported function.
    pub fn import_func(&mut self, module: &str, name: &str, ty: FuncType) -> FuncId {
        let ty = self.types.func(ty);
        let import = Import { module: module.into(), name: name.into() };
        self.add_func(Func { ty, name: Some(name.into()), kind: FuncKind::Import(import) })
    }

    /// Adds a function.
    pub fn add_func(&mut self, func: Func) -> FuncId {
        self.funcs.push(func);
        FuncId(self.funcs.len() as u32 - 1)
    }

    /// Gives a declared function its code, or another one other code. An imported one is imported no more: what called it calls this.
    pub fn define(&mut self, func: FuncId, code: Code) {
        let kind = &mut self.funcs[func.index()].kind;
        if matches!(kind, FuncKind::Import(_)) {
            self.import_order.retain(|item| *item != ExportItem::Func(func));
        }
        *kind = FuncKind::Defined(code);
    }

    /// Makes room for another function in a function's place: what it was, imported or defined, gets a new id, which is returned. Everything
    /// that names `func` (calls, exports, tables) names what is [defined](Module::define) for it from now on, which may call what it was.
    ///
    /// ```
    /// use swasm_tree::{Body, ExportItem, FuncType, LocalId, Module, Op, ValType::I32, WriteOptions, encode, verify};
    /// let text = r#"(module (import "m" "f" (func (param i32) (result i32)))
    ///     (func (export "g") (result i32) (call 0 (i32.const 1))))"#;
    /// let mut module = Module::read(wat::parse_str(text).expect("text")).expect("a module");
    /// let (f, _) = module.find_import("m", "f").expect("it is there");
    /// let original = module.displace(f);
    /// // Calls what it was with twice the argument.
    /// let mut body = Body::new(&[I32], &[I32]);
    /// let (x, y) = (body.local_get(LocalId(0)), body.local_get(LocalId(0)));
    /// let twice = body.plain(Op::I32_ADD, &[x, y]);
    /// let call = body.call(original, &[twice]);
    /// body.set_root(call);
    /// let code = encode(verify(&module, f, &body).expect("valid"));
    /// module.define(f, code);
    /// let written = module.write(&WriteOptions::default());
    /// wasmparser::validate(&written.bytes).expect("valid");
    /// ```
    pub fn displace(&mut self, func: FuncId) -> FuncId {
        let place = &mut self.funcs[func.index()];
        let (ty, name) = (place.ty, place.name.clone());
        let was = std::mem::replace(place, Func { ty, name, kind: FuncKind::Declared });
        let id = self.add_func(was);
        for item in &mut self.import_order {
            if *item == ExportItem::Func(func) {
                *item = ExportItem::Func(id);
            }
        }
        id
    }

    /// The function that is imported from there, and its type.
    pub fn find_import(&self, module: &str, name: &str) -> Option<(FuncId, &FuncType)> {
        let is_it = |func: &Func| match &func.kind {
            FuncKind::Import(from) => &*from.module == module && &*from.name == name,
            FuncKind::Defined(_) | FuncKind::Read(_) | FuncKind::Declared => false,
        };
        let id = FuncId(self.funcs.iter().position(is_it)? as u32);
        Some((id, self.func_type(id)))
    }

    /// Adds a table.
    pub fn add_table(&mut self, table: Table) -> TableId {
        self.tables.push(table);
        TableId(self.tables.len() as u32 - 1)
    }

    /// Adds a memory.
    pub fn add_memory(&mut self, memory: Memory) -> MemoryId {
        self.memories.push(memory);
        MemoryId(self.memories.len() as u32 - 1)
    }

    /// Adds a global.
    pub fn add_global(&mut self, global: Global) -> GlobalId {
        self.globals.push(global);
        GlobalId(self.globals.len() as u32 - 1)
    }

    /// Adds a constant expression.
    pub fn add_expr(&mut self, body: Body) -> ExprId {
        self.exprs.push(body);
        ExprId(self.exprs.len() as u32 - 1)
    }

    /// Adds a tag.
    pub fn add_tag(&mut self, tag: Tag) -> TagId {
        self.tags.push(tag);
        TagId(self.tags.len() as u32 - 1)
    }

    /// Adds a data segment.
    pub fn add_data(&mut self, data: Data) -> DataId {
        self.datas.push(data);
        DataId(self.datas.len() as u32 - 1)
    }

    /// Adds an element segment.
    pub fn add_elem(&mut self, elem: Elem) -> ElemId {
        self.elems.push(elem);
        ElemId(self.elems.len() as u32 - 1)
    }

    /// Exports an item.
    pub fn export(&mut self, name: &str, item: ExportItem) {
        self.exports.push(Export { name: name.into(), item });
    }

    /// Exports an item if something else needs it.
    pub fn export_weakly(&mut self, name: &str, item: ExportItem) {
        self.weak_exports.push(Export { name: name.into(), item });
    }

    /// The globals whose values a constant expression needs.
    pub fn globals_of(&self, value: ConstExpr) -> Vec<GlobalId> {
        match value {
            ConstExpr::GlobalGet(global) => vec![global],
            ConstExpr::Expr(expr) => {
                let body = &self.exprs[expr.index()];
                let named = |node| {
                    if let View::Global(global) = body.view(node) { Some(global) } else { None }
                };
                body.pre_order(body.root()).filter_map(named).collect()
            }
            ConstExpr::I32(_)
            | ConstExpr::I64(_)
            | ConstExpr::F32(_)
            | ConstExpr::F64(_)
            | ConstExpr::V128(_)
            | ConstExpr::Symbol(_)
            | ConstExpr::RefNull(_)
            | ConstExpr::RefFunc(_) => Vec::new(),
        }
    }

    /// Where an item comes from, if it is imported.
    pub fn import_of(&self, item: ExportItem) -> Option<&Import> {
        match item {
            ExportItem::Func(id) => match &self.funcs[id.index()].kind {
                FuncKind::Import(from) => Some(from),
                FuncKind::Defined(_) | FuncKind::Read(_) | FuncKind::Declared => None,
            },
            ExportItem::Table(id) => self.tables.get(id.index())?.import.as_ref(),
            ExportItem::Memory(id) => self.memories[id.index()].import.as_ref(),
            ExportItem::Global(id) => match &self.globals[id.index()].kind {
                GlobalKind::Import(from) => Some(from),
                GlobalKind::Defined(_) => None,
            },
            ExportItem::Tag(id) => self.tags[id.index()].import.as_ref(),
        }
    }

    /// The imported items in the order in which they are written: in each kind that of the ids; how kinds alternate is what
    /// [`Module::import_order`] says.
    pub(crate) fn imported_items(&self) -> Vec<ExportItem> {
        let ids = |count: usize, item: &dyn Fn(u32) -> ExportItem| {
            let items = (0..count as u32).map(item);
            items.filter(|&item| self.import_of(item).is_some()).collect::<VecDeque<_>>()
        };
        let mut waiting = [
            ids(self.funcs.len(), &|at| ExportItem::Func(FuncId(at))),
            ids(self.tables.len(), &|at| ExportItem::Table(TableId(at))),
            ids(self.memories.len(), &|at| ExportItem::Memory(MemoryId(at))),
            ids(self.globals.len(), &|at| ExportItem::Global(GlobalId(at))),
            ids(self.tags.len(), &|at| ExportItem::Tag(TagId(at))),
        ];
        let mut found = Vec::new();
        for item in &self.import_order {
            let kind = match item {
                ExportItem::Func(_) => 0,
                ExportItem::Table(_) => 1,
                ExportItem::Memory(_) => 2,
                ExportItem::Global(_) => 3,
                ExportItem::Tag(_) => 4,
            };
            found.extend(waiting[kind].pop_front());
        }
        found.extend(waiting.into_iter().flatten());
        found
    }

    /// A function.
    pub fn func(&self, id: FuncId) -> &Func {
        &self.funcs[id.index()]
    }

    /// A function's type.
    pub fn func_type(&self, id: FuncId) -> &FuncType {
        self.types.get(self.funcs[id.index()].ty)
    }

    /// Has [`Module::write`] leave out what neither exports nor the start function need.
    pub fn retain_reachable(&mut self) {
        self.reachable_only = true;
    }

    /// Has [`Module::write`] leave out what neither exports nor the start function need and nobody else sees: imports stay, and so do active
    /// segments that may be outside of their table, so that the module wants of its host, and does to it, what it did.
    pub fn retain_reachable_and_imports(&mut self) {
        self.reachable_only = true;
        self.keep_imports = true;
    }
}
