//! Bytes ⇒ [`Module`]: declarations become lists, function bodies stay bytes until somebody opens them.
//!
//! Invariant: what wasmparser's validator refuses never becomes a module. Ids are the indices that were read; names and custom sections
//! are kept.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use wasmparser as wp;
use wp::WasmFeatures;

use crate::encode::Encoder;
use crate::open::{Builder, Checked, Scratch, heap_type, ref_type, type_list, val_type};
use crate::{
    Body, Code, CompositeType, ConstExpr, Custom, Data, DataPlace, Elem, ElemPlace, Export,
    ExportItem, FieldType, Func, FuncId, FuncKind, FuncType, Global, GlobalId, GlobalKind,
    HeapType, Import, Memory, MemoryId, Module, ReadCode, RefType, SectionKind, StorageType,
    SubType, Table, TableId, Tag, TagId, TypeId, ValType, Verified, View,
};

mod customs;
#[cfg(feature = "parallel")]
mod threads;

use customs::{FuncHints, read_hints, read_names, read_producers};

/// What may be in a module that is read: WebAssembly 3.0, threads, custom page sizes, wide arithmetic, and exceptions as they were
/// before `try_table`.
pub const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::LEGACY_EXCEPTIONS);

/// Why bytes are no module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadError {
    /// Where, counted from the first byte.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at offset {:#x})", self.message, self.offset)
    }
}

impl std::error::Error for ReadError {}

impl From<wp::Error> for ReadError {
    fn from(error: wp::Error) -> ReadError {
        ReadError { offset: error.offset(), message: error.message().to_owned() }
    }
}

/// How much was read, and where the code was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReadCounts {
    pub(crate) funcs: u32,
    pub(crate) tables: u32,
    pub(crate) memories: u32,
    pub(crate) globals: u32,
    pub(crate) tags: u32,
    pub(crate) elems: u32,
    pub(crate) datas: u32,
    /// Where the contents of the code section begin.
    pub(crate) code_start: u32,
}

/// A body that nobody looked at yet.
type Waiting = (FuncId, wp::FuncToValidate<wp::ValidatorResources>);

/// A module whose declarations were read and found valid, and whose bodies were not looked at yet. [`Reading::open_each`] makes trees of
/// them in the one pass that validates them; [`Reading::finish`] validates what was not opened. Once a body was found wrong there is nothing
/// to be had but that error.
pub struct Reading {
    module: Module,
    /// Functions whose bodies come next, the last first; or what was found wrong.
    waiting: Result<Vec<Waiting>, ReadError>,
    allocations: wp::FuncValidatorAllocations,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.waiting.as_ref().map(Vec::len);
        f.debug_struct("Reading").field("waiting", &waiting).finish_non_exhaustive()
    }
}

impl Module {
    /// Reads a module. Every body is validated, none is made a tree: [`Module::open`] does that.
    ///
    /// # Errors
    /// Whatever wasmparser's validator refuses with [`FEATURES`] switched on; components, too.
    pub fn read(bytes: impl Into<Arc<[u8]>>) -> Result<Module, ReadError> {
        Reading::new(bytes)?.finish()
    }
}

impl Reading {
    /// Reads the declarations of a module.
    ///
    /// # Errors
    /// As [`Module::read`], but for what is wrong in function bodies.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Result<Reading, ReadError> {
        let bytes: Arc<[u8]> = bytes.into();
        if u32::try_from(bytes.len()).is_err() {
            let message = "a module has less than 4 GiB".to_owned();
            return Err(ReadError { offset: 0, message });
        }
        if !bytes.starts_with(b"\0asm") {
            let message = "a WebAssembly module begins with the bytes `\\0asm`".to_owned();
            return Err(ReadError { offset: 0, message });
        }
        let mut reader = Declarations {
            module: Module::default(),
            waiting: Vec::new(),
            last: SectionKind::Header,
            names: Vec::new(),
            next_body: 0,
            scratch: Scratch::default(),
            constant: Body::new(&[], &[]),
            hints: Vec::new(),
        };
        reader.module.source = Some(bytes.clone());
        let mut validator = wp::Validator::new_with_features(FEATURES);
        for payload in wp::Parser::new(0).parse_all(&bytes) {
            let payload = payload?;
            if let wp::Payload::Version { encoding: wp::Encoding::Component, range, .. } = &payload
            {
                let message = "this is a component, not a core module".to_owned();
                return Err(ReadError { offset: range.start, message });
            }
            match validator.payload(&payload)? {
                wp::ValidPayload::Func(func, body) => reader.body(func, &body),
                wp::ValidPayload::Ok | wp::ValidPayload::Parser(_) | wp::ValidPayload::End(_) => (),
            }
            reader.payload(payload)?;
        }
        let Declarations { mut module, mut waiting, names, hints, .. } = reader;
        for names in names {
            // Names that make no sense are no reason to refuse a module: they are kept as they are.
            if read_names(&mut module, &names).is_none() {
                module.customs.push(names);
            }
        }
        for (func, hints) in hints {
            if let Some(FuncKind::Read(code)) =
                module.funcs.get_mut(func.index()).map(|func| &mut func.kind)
            {
                code.say().notes.hints = hints;
            }
        }
        let read = module.read;
        module.read = ReadCounts {
            funcs: module.funcs.len() as u32,
            tables: module.tables.len() as u32,
            memories: module.memories.len() as u32,
            globals: module.globals.len() as u32,
            tags: module.tags.len() as u32,
            elems: module.elems.len() as u32,
            datas: module.datas.len() as u32,
            ..read
        };
        waiting.reverse();
        Ok(Reading {
            module,
            waiting: Ok(waiting),
            allocations: wp::FuncValidatorAllocations::default(),
        })
    }

    /// The module; its bodies are not known to be valid yet.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Makes a tree of each body that was not opened yet, one at a time and in order. `visit` may give the function other code.
    ///
    /// # Errors
    /// When a body is not valid; those before it were visited.
    pub fn open_each(
        &mut self,
        mut visit: impl FnMut(&Module, FuncId, &mut Body) -> Option<Code>,
    ) -> Result<(), ReadError> {
        let mut body = Body::new(&[], &[]);
        let mut scratch = Scratch::default();
        while let Some((func, to_validate)) = self.next()? {
            let FuncKind::Read(code) = &self.module.func(func).kind else { continue };
            let mut validator = to_validate.into_validator(std::mem::take(&mut self.allocations));
            let built =
                build_checked(&self.module, func, code, &mut validator, &mut body, &mut scratch);
            if let Err(error) = built {
                return self.fail(error);
            }
            self.allocations = validator.into_allocations();
            if let Some(code) = visit(&self.module, func, &mut body) {
                self.module.define(func, code);
            }
        }
        Ok(())
    }

    /// The body that comes next.
    fn next(&mut self) -> Result<Option<Waiting>, ReadError> {
        match &mut self.waiting {
            Ok(waiting) => Ok(waiting.pop()),
            Err(error) => Err(error.clone()),
        }
    }

    fn fail<T>(&mut self, error: ReadError) -> Result<T, ReadError> {
        self.waiting = Err(error.clone());
        Err(error)
    }

    /// Encodes each body again that was not opened yet: as [`Reading::open_each`] with a visit that changes nothing. What comes of it has
    /// numbers as short as they can be, and nothing that validation does not reach. Positions are not kept. With the feature `parallel`
    /// on the threads of the caller's rayon pool; the code is the same.
    ///
    /// # Errors
    /// As [`Reading::open_each`].
    pub fn reencode(&mut self) -> Result<(), ReadError> {
        #[cfg(feature = "parallel")]
        if self.is_worth_threads() {
            return self.reencode_at_once();
        }
        let mut encoder = Encoder::without_positions();
        self.open_each(|module, func, body| {
            // It was validated as it was built, and nobody has changed it.
            Some(encoder.encode(Verified { module, func, body }))
        })
    }

    /// Validates the bodies that were not opened. With the feature `parallel` on the threads of the caller's rayon pool.
    ///
    /// # Errors
    /// When one is not valid: the first of them in the module.
    pub fn finish(mut self) -> Result<Module, ReadError> {
        #[cfg(feature = "parallel")]
        if self.is_worth_threads() {
            return self.finish_at_once();
        }
        while let Some((func, to_validate)) = self.next()? {
            validate(&self.module, func, to_validate, &mut self.allocations)?;
        }
        Ok(self.module)
    }
}

/// Looks at a body that is as it was read.
fn validate(
    module: &Module,
    func: FuncId,
    to_validate: wp::FuncToValidate<wp::ValidatorResources>,
    allocations: &mut wp::FuncValidatorAllocations,
) -> Result<(), ReadError> {
    let FuncKind::Read(code) = &module.func(func).kind else { return Ok(()) };
    let bytes = module.read_bytes(code);
    let start = code.range.start as usize;
    let mut reader = wp::BinaryReader::new_features(bytes, start, FEATURES);
    let mut validator = to_validate.into_validator(std::mem::take(allocations));
    validator.read_locals(&mut reader)?;
    let may_cast = may_cast(bytes);
    while !reader.eof() {
        let at = reader.original_position();
        if may_cast {
            refuse_exact(bytes[at - start], &reader, &validator.visitor(at))?;
        }
        reader.visit_operator(&mut validator.visitor(at))??;
    }
    reader.finish_expression(&validator.visitor(reader.original_position()))?;
    *allocations = validator.into_allocations();
    Ok(())
}

/// The prefix of the garbage collection proposal's operators.
const GC_PREFIX: u8 = 0xfb;

/// Whether a function may have such operators. Most have none, and then nobody needs to look at each operator.
fn may_cast(bytes: &[u8]) -> bool {
    // To look at all is quicker than to stop at the first.
    bytes.iter().fold(false, |found, byte| found | (*byte == GC_PREFIX))
}

/// Casts to exact types belong to custom descriptors, but the validator lets them pass without.
#[inline]
fn refuse_exact(
    first: u8,
    reader: &wp::BinaryReader<'_>,
    frames: &impl wp::FrameStack,
) -> Result<(), ReadError> {
    if first == GC_PREFIX { refuse_exact_cast(reader, frames) } else { Ok(()) }
}

#[cold]
#[allow(clippy::wildcard_enum_match_arm, reason = "of hundreds of operators few name such types")]
fn refuse_exact_cast(
    reader: &wp::BinaryReader<'_>,
    frames: &impl wp::FrameStack,
) -> Result<(), ReadError> {
    let is_exact = |ty: wp::HeapType| matches!(ty, wp::HeapType::Exact(_));
    let found = match reader.peek_operator(frames)? {
        wp::Operator::RefTestNonNull { hty }
        | wp::Operator::RefTestNullable { hty }
        | wp::Operator::RefCastNonNull { hty }
        | wp::Operator::RefCastNullable { hty } => is_exact(hty),
        wp::Operator::BrOnCast { from_ref_type: a, to_ref_type: b, .. }
        | wp::Operator::BrOnCastFail { from_ref_type: a, to_ref_type: b, .. } => {
            is_exact(a.heap_type()) || is_exact(b.heap_type())
        }
        _ => false,
    };
    if found { Err(exact(reader.original_position())) } else { Ok(()) }
}

fn exact(offset: usize) -> ReadError {
    let message = "exact types belong to custom descriptors, which are not supported".to_owned();
    ReadError { offset, message }
}

fn build_checked(
    module: &Module,
    func: FuncId,
    code: &ReadCode,
    validator: &mut wp::FuncValidator<wp::ValidatorResources>,
    body: &mut Body,
    scratch: &mut Scratch,
) -> Result<(), ReadError> {
    let start = code.range.start as usize;
    let mut reader = wp::BinaryReader::new_features(module.read_bytes(code), start, FEATURES);
    let mut builder = Builder::new(module, func, code, body, scratch);
    for _ in 0..reader.read_var_u32()? {
        let offset = reader.original_position();
        let (count, ty) = (reader.read_var_u32()?, reader.read::<wp::ValType>()?);
        validator.define_locals(offset, count, ty)?;
        builder.define_locals(count, ty);
    }
    let mut hints = code.hints();
    let bytes = module.read_bytes(code);
    let may_cast = may_cast(bytes);
    while !reader.eof() {
        let at = reader.original_position();
        if may_cast {
            refuse_exact(bytes[at - start], &reader, &validator.visitor(at))?;
        }
        builder.at(module.loc_of(at));
        let mut both = Checked { validator: validator.visitor(at), builder: &mut builder };
        reader.visit_operator(&mut both)??;
        if !hints.is_empty() {
            builder.hint(&mut hints, (at - start) as u32);
        }
    }
    reader.finish_expression(&validator.visitor(reader.original_position()))?;
    for (local, name) in code.local_names() {
        body.name_local(local, name);
    }
    Ok(())
}

/// A module in the making.
struct Declarations {
    module: Module,
    waiting: Vec<Waiting>,
    /// The standard section that came last.
    last: SectionKind,
    /// Name sections, which are read when there is something to name.
    names: Vec<Custom>,
    /// Whose body comes next, among all functions.
    next_body: usize,
    scratch: Scratch,
    /// Memory for constant expressions.
    constant: Body,
    hints: Vec<FuncHints>,
}

impl Declarations {
    #[allow(clippy::wildcard_enum_match_arm, reason = "payloads of components, and ends")]
    fn payload(&mut self, payload: wp::Payload<'_>) -> Result<(), ReadError> {
        use SectionKind as Kind;
        use wp::Payload;
        let after = match &payload {
            Payload::TypeSection(_) => Kind::Type,
            Payload::ImportSection(_) => Kind::Import,
            Payload::FunctionSection(_) => Kind::Function,
            Payload::TableSection(_) => Kind::Table,
            Payload::MemorySection(_) => Kind::Memory,
            Payload::TagSection(_) => Kind::Tag,
            Payload::GlobalSection(_) => Kind::Global,
            Payload::ExportSection(_) => Kind::Export,
            Payload::StartSection { .. } => Kind::Start,
            Payload::ElementSection(_) => Kind::Element,
            Payload::DataCountSection { .. } => Kind::DataCount,
            Payload::CodeSectionStart { .. } => Kind::Code,
            Payload::DataSection(_) => Kind::Data,
            _ => self.last,
        };
        self.last = after;
        match payload {
            Payload::TypeSection(groups) => {
                for group in groups {
                    self.rec_group(group?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.import(import?)?;
                }
            }
            Payload::FunctionSection(types) => {
                self.next_body = self.module.funcs.len();
                for ty in types {
                    // `Declared` until its body comes.
                    let ty = TypeId(ty?);
                    self.module.add_func(Func { ty, name: None, kind: FuncKind::Declared });
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let table = table?;
                    let init = match &table.init {
                        wp::TableInit::RefNull => None,
                        wp::TableInit::Expr(expr) => {
                            let ty = ref_type(&self.module.types, table.ty.element_type);
                            Some(self.constant(expr, ValType::Ref(ty))?)
                        }
                    };
                    let table = Table { init, ..self.table(table.ty, None) };
                    self.module.add_table(table);
                }
            }
            Payload::MemorySection(memories) => {
                for ty in memories {
                    self.module.add_memory(memory(ty?, None));
                }
            }
            Payload::TagSection(tags) => {
                for ty in tags {
                    let ty = TypeId(ty?.func_type_idx);
                    self.module.add_tag(Tag { name: None, ty, import: None });
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    let ty = val_type(&self.module.types, global.ty.content_type);
                    let value = self.constant(&global.init_expr, ty)?;
                    let kind = GlobalKind::Defined(value);
                    let (mutable, shared) = (global.ty.mutable, global.ty.shared);
                    self.module.add_global(Global { ty, mutable, shared, name: None, kind });
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let item = item(export.kind, export.index);
                    self.module.exports.push(Export { name: export.name.into(), item });
                }
            }
            Payload::StartSection { func, .. } => self.module.start = Some(FuncId(func)),
            Payload::ElementSection(elems) => {
                for elem in elems {
                    self.elem(elem?)?;
                }
            }
            Payload::DataCountSection { .. } => self.module.data_count = true,
            Payload::CodeSectionStart { range, .. } => {
                self.module.read.code_start = range.start as u32;
            }
            Payload::DataSection(datas) => {
                for data in datas {
                    self.data(data?)?;
                }
            }
            Payload::CustomSection(section) => self.custom(&section),
            _ => (),
        }
        Ok(())
    }

    /// A function's body comes.
    fn body(
        &mut self,
        to_validate: wp::FuncToValidate<wp::ValidatorResources>,
        body: &wp::FunctionBody<'_>,
    ) {
        let range = body.range();
        let code = ReadCode { range: range.start as u32..range.end as u32, said: None };
        let func = FuncId(self.next_body as u32);
        self.module.funcs[self.next_body].kind = FuncKind::Read(code);
        self.next_body += 1;
        self.waiting.push((func, to_validate));
    }

    fn rec_group(&mut self, group: wp::RecGroup) {
        let types = &self.module.types;
        let field = |ty: wp::FieldType| FieldType {
            storage: match ty.element_type {
                wp::StorageType::I8 => StorageType::I8,
                wp::StorageType::I16 => StorageType::I16,
                wp::StorageType::Val(ty) => StorageType::Val(val_type(types, ty)),
            },
            mutable: ty.mutable,
        };
        let sub_type = |sub: &wp::SubType| SubType {
            is_final: sub.is_final,
            supertype: sub.supertype_idx.and_then(|index| {
                let HeapType::Concrete(id) =
                    heap_type(types, wp::HeapType::Concrete(index.unpack()))
                else {
                    return None;
                };
                Some(id)
            }),
            composite: match &sub.composite_type.inner {
                wp::CompositeInnerType::Func(ty) => CompositeType::Func(FuncType::new(
                    &type_list(types, ty.params()),
                    &type_list(types, ty.results()),
                )),
                wp::CompositeInnerType::Array(ty) => CompositeType::Array(field(ty.0)),
                wp::CompositeInnerType::Struct(ty) => {
                    CompositeType::Struct(ty.fields.iter().map(|&ty| field(ty)).collect())
                }
                wp::CompositeInnerType::Cont(_) => {
                    panic!("continuations: the validator refuses them")
                }
            },
        };
        let group: Vec<SubType> = group.types().map(sub_type).collect();
        if !group.is_empty() {
            self.module.types.add(group);
        }
    }

    fn import(&mut self, import: wp::Import<'_>) -> Result<(), ReadError> {
        let from = Import { module: import.module.into(), name: import.name.into() };
        let module = &mut self.module;
        let item = match import.ty {
            wp::TypeRef::FuncExact(_) => return Err(exact(0)),
            wp::TypeRef::Func(ty) => {
                let kind = FuncKind::Import(from);
                ExportItem::Func(module.add_func(Func { ty: TypeId(ty), name: None, kind }))
            }
            wp::TypeRef::Table(ty) => {
                let table = self.table(ty, Some(from));
                ExportItem::Table(self.module.add_table(table))
            }
            wp::TypeRef::Memory(ty) => {
                ExportItem::Memory(module.add_memory(memory(ty, Some(from))))
            }
            wp::TypeRef::Global(ty) => {
                let (mutable, shared) = (ty.mutable, ty.shared);
                let ty = val_type(&module.types, ty.content_type);
                let kind = GlobalKind::Import(from);
                let global = Global { ty, mutable, shared, name: None, kind };
                ExportItem::Global(module.add_global(global))
            }
            wp::TypeRef::Tag(ty) => {
                let ty = TypeId(ty.func_type_idx);
                ExportItem::Tag(module.add_tag(Tag { name: None, ty, import: Some(from) }))
            }
        };
        self.module.import_order.push(item);
        Ok(())
    }

    fn table(&self, ty: wp::TableType, import: Option<Import>) -> Table {
        Table {
            name: None,
            ty: ref_type(&self.module.types, ty.element_type),
            min: ty.initial,
            max: ty.maximum,
            table64: ty.table64,
            shared: ty.shared,
            init: None,
            import,
        }
    }

    fn elem(&mut self, elem: wp::Element<'_>) -> Result<(), ReadError> {
        let place = match elem.kind {
            wp::ElementKind::Passive => ElemPlace::Passive,
            wp::ElementKind::Declared => ElemPlace::Declared,
            wp::ElementKind::Active { table_index, offset_expr } => {
                let table = TableId(table_index.unwrap_or(0));
                let ty = self.module.tables[table.index()].address_type();
                ElemPlace::Active(table, self.constant(&offset_expr, ty)?)
            }
        };
        let (ty, items) = match elem.items {
            wp::ElementItems::Functions(funcs) => {
                let items: Result<Vec<ConstExpr>, wp::Error> = funcs
                    .into_iter()
                    .map(|func| func.map(|func| ConstExpr::RefFunc(FuncId(func))))
                    .collect();
                (RefType::new(false, HeapType::FUNC), items?)
            }
            wp::ElementItems::Expressions(ty, exprs) => {
                let ty = ref_type(&self.module.types, ty);
                let mut items = Vec::with_capacity(exprs.count() as usize);
                for expr in exprs {
                    items.push(self.constant(&expr?, ValType::Ref(ty))?);
                }
                (ty, items)
            }
        };
        self.module.add_elem(Elem { name: None, ty, items, place });
        Ok(())
    }

    fn data(&mut self, data: wp::Data<'_>) -> Result<(), ReadError> {
        let place = match data.kind {
            wp::DataKind::Passive => DataPlace::Passive,
            wp::DataKind::Active { memory_index, offset_expr } => {
                let memory = MemoryId(memory_index);
                let ty = self.module.address_type(memory);
                DataPlace::At(memory, self.constant(&offset_expr, ty)?)
            }
        };
        let size = data.data.len() as u64;
        let bytes = data.data.to_vec();
        let data =
            Data { name: None, align: 1, bytes, size, relocs: Vec::new(), read_only: false, place };
        self.module.add_data(data);
        Ok(())
    }

    /// A constant expression: one operator by itself, or a tree.
    #[allow(clippy::wildcard_enum_match_arm, reason = "all other operators make an expression")]
    fn constant(&mut self, expr: &wp::ConstExpr<'_>, ty: ValType) -> Result<ConstExpr, ReadError> {
        let body = &mut self.constant;
        body.reset(&[], &[ty]);
        let mut reader = expr.get_binary_reader();
        let mut builder = Builder::of(&self.module, body, &mut self.scratch);
        while !reader.eof() {
            reader.visit_operator(&mut builder)?;
        }
        let &[root] = body.children(body.root()) else {
            return Ok(ConstExpr::Expr(self.module.add_expr(body.clone())));
        };
        Ok(match body.view(root) {
            View::I32(value) => ConstExpr::I32(value),
            View::I64(value) => ConstExpr::I64(value),
            View::F32(bits) => ConstExpr::F32(bits),
            View::F64(bits) => ConstExpr::F64(bits),
            View::V128(bytes) => ConstExpr::V128(bytes),
            View::Global(global) => ConstExpr::GlobalGet(global),
            View::RefNull(heap) => ConstExpr::RefNull(heap),
            View::RefFunc(func) => ConstExpr::RefFunc(func),
            _ => ConstExpr::Expr(self.module.add_expr(body.clone())),
        })
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "wasmparser knows more custom sections than this crate"
    )]
    fn custom(&mut self, section: &wp::CustomSectionReader<'_>) {
        let custom = Custom {
            name: section.name().into(),
            contents: section.data().into(),
            after: self.last,
        };
        match section.as_known() {
            wp::KnownCustom::Name(_) => return self.names.push(custom),
            wp::KnownCustom::Producers(reader) if self.module.producers.is_none() => {
                if let Some(producers) = read_producers(reader) {
                    self.module.producers = Some(producers);
                    return;
                }
            }
            wp::KnownCustom::BranchHints(reader) => {
                if let Some(hints) = read_hints(reader) {
                    self.hints.extend(hints);
                    return;
                }
            }
            _ => (),
        }
        self.module.customs.push(custom);
    }
}

fn memory(ty: wp::MemoryType, import: Option<Import>) -> Memory {
    Memory {
        name: None,
        min_pages: ty.initial,
        max_pages: ty.maximum,
        memory64: ty.memory64,
        shared: ty.shared,
        page_size_log2: ty.page_size_log2,
        import,
    }
}

fn item(kind: wp::ExternalKind, index: u32) -> ExportItem {
    match kind {
        wp::ExternalKind::Func | wp::ExternalKind::FuncExact => ExportItem::Func(FuncId(index)),
        wp::ExternalKind::Table => ExportItem::Table(TableId(index)),
        wp::ExternalKind::Memory => ExportItem::Memory(MemoryId(index)),
        wp::ExternalKind::Global => ExportItem::Global(GlobalId(index)),
        wp::ExternalKind::Tag => ExportItem::Tag(TagId(index)),
    }
}

/// Of what was read: where a function's code is.
impl ReadCode {
    /// Its bytes, counted from the contents of the code section that was read.
    pub fn range_in_code(&self, module: &Module) -> Range<u32> {
        let start = module.read.code_start;
        self.range.start - start..self.range.end - start
    }
}
