//! What a module declares ⇒ fields of WebAssembly text, in the order of the sections.
//!
//! Invariant: imports stand before definitions and exports in their order, so that all indices come out as they are.

use std::fmt::Write;

use super::body::{Printer, local_identifiers};
use super::names::{Names, identifier, quoted};
use super::values::{
    bytes_text, definition_text, float32_text, float64_text, func_type_text, heap_text, ref_text,
    symbol_text, type_text, type_use_text, vector_text,
};
use super::{INDENT, line};
use crate::{
    Body, ConstExpr, DataPlace, ElemId, ElemPlace, ExportItem, FuncId, GlobalId, GlobalKind,
    HeapType, LocalId, MemoryId, Module, SectionKind, TableId, TagId, TypeId, View,
};

/// The text of a module in the making.
pub(super) struct Declarations<'a> {
    module: &'a Module,
    names: &'a Names<'a>,
    out: String,
    /// Whether an item says itself what it is exported as: if that gives the order of the exports.
    exports_inline: bool,
    /// Whether contents are written, or how long they are.
    contents: bool,
    /// Whether the module's own function table is declared.
    own_table: bool,
}

impl<'a> Declarations<'a> {
    /// `funcs` are the definitions that are going to be printed.
    pub(super) fn new(
        module: &'a Module,
        names: &'a Names<'a>,
        funcs: impl Iterator<Item = FuncId>,
        contents: bool,
    ) -> Declarations<'a> {
        let ids = |count: usize| 0..count as u32;
        let tables = ids(module.tables.len()).map(|at| ExportItem::Table(TableId(at)));
        let memories = ids(module.memories.len()).map(|at| ExportItem::Memory(MemoryId(at)));
        let tags = ids(module.tags.len()).map(|at| ExportItem::Tag(TagId(at)));
        let globals = ids(module.globals.len()).map(|at| ExportItem::Global(GlobalId(at)));
        let items = tables.chain(memories).chain(tags).chain(globals);
        let items = items.filter(|item| module.import_of(*item).is_none());
        let items = items.chain(funcs.map(ExportItem::Func));
        let inline =
            items.flat_map(|item| names.exports(item).iter().map(move |name| (item, *name)));
        let exports = module.exports.iter().map(|export| (export.item, &*export.name));
        let exports_inline = inline.eq(exports);
        let mut out = "(module".to_owned();
        if let Some(name) = module.name.as_deref().filter(|name| !name.is_empty()) {
            let _ = write!(out, " {}", identifier(name));
        }
        Declarations { module, names, out, exports_inline, contents, own_table: false }
    }

    fn field(&mut self, text: &str) {
        line(&mut self.out, INDENT);
        self.out.push_str(text);
    }

    /// The module's own function table, if something calls through it; how long it is, the written module knows.
    pub(super) fn function_table<'b>(&mut self, mut bodies: impl Iterator<Item = &'b Body>) {
        let is_indirect = |body: &Body| {
            body.pre_order(body.root()).any(|node| {
                matches!(body.view(node), View::CallIndirect { table: TableId::FUNCTIONS, .. })
            })
        };
        self.own_table = bodies.any(is_indirect);
    }

    // ---- sections

    pub(super) fn before_code(&mut self) {
        let module = self.module;
        self.customs(SectionKind::Header);
        self.types();
        self.customs(SectionKind::Type);
        self.imports();
        self.customs(SectionKind::Import);
        self.customs(SectionKind::Function);
        for (at, table) in (0..).zip(&module.tables) {
            if table.import.is_none() {
                let head = self.head(ExportItem::Table(TableId(at)));
                let init = table.init.map(|init| format!(" {}", self.constant(init)));
                let ty = self.table_text(TableId(at));
                self.field(&format!("(table {head} {ty}{})", init.unwrap_or_default()));
            }
        }
        if self.own_table {
            self.field("(table $functions 1 1 funcref)");
        }
        self.customs(SectionKind::Table);
        for (at, memory) in (0..).zip(&module.memories) {
            if memory.import.is_none() {
                let head = self.head(ExportItem::Memory(MemoryId(at)));
                let ty = self.memory_text(MemoryId(at));
                self.field(&format!("(memory {head} {ty})"));
            }
        }
        self.customs(SectionKind::Memory);
        for (at, tag) in (0..).zip(&module.tags) {
            if tag.import.is_none() {
                let head = self.head(ExportItem::Tag(TagId(at)));
                let ty = func_type_text(module, self.names, tag.ty);
                self.field(&format!("(tag {head}{ty})"));
            }
        }
        self.customs(SectionKind::Tag);
        for (at, global) in (0..).zip(&module.globals) {
            if let GlobalKind::Defined(value) = global.kind {
                let head = self.head(ExportItem::Global(GlobalId(at)));
                let ty = self.global_text(GlobalId(at));
                let value = self.constant(value);
                self.field(&format!("(global {head} {ty} {value})"));
            }
        }
        self.customs(SectionKind::Global);
        if !self.exports_inline {
            for export in &module.exports {
                let item = self.names.item(export.item);
                let kind = kind_of(export.item);
                self.field(&format!("(export {} ({kind} {item}))", quoted(&export.name)));
            }
        }
        self.customs(SectionKind::Export);
        if let Some(start) = module.start {
            self.field(&format!("(start {})", self.names.func(start)));
        }
        self.customs(SectionKind::Start);
        for at in 0..module.elems.len() as u32 {
            self.elem(ElemId(at));
        }
        self.customs(SectionKind::Element);
        self.customs(SectionKind::DataCount);
    }

    pub(super) fn after_code(&mut self) {
        let module = self.module;
        self.customs(SectionKind::Code);
        for (at, data) in module.datas.iter().enumerate() {
            let name = self.names.data(crate::DataId(at as u32));
            let place = match data.place {
                // What has no place before the module is written.
                DataPlace::Laid => continue,
                DataPlace::Passive => String::new(),
                DataPlace::At(MemoryId(0), offset) => format!(" {}", self.offset(offset)),
                DataPlace::At(memory, offset) => {
                    format!(" (memory {}) {}", self.names.memory(memory), self.offset(offset))
                }
            };
            let mut text = format!("(data {name}{place}");
            if self.contents {
                let strings = bytes_text(&data.bytes);
                let separator = if strings.len() > 1 { "\n    " } else { " " };
                for string in strings {
                    let _ = write!(text, "{separator}{string}");
                }
            } else {
                let _ = write!(text, " (;{} bytes;)", data.bytes.len());
            }
            text.push(')');
            self.field(&text);
        }
        self.customs(SectionKind::Data);
        self.producers();
    }

    pub(super) fn finish(mut self) -> String {
        self.out.push_str(")\n");
        self.out
    }

    fn types(&mut self) {
        let (module, names) = (self.module, self.names);
        for group in module.types.groups() {
            let mut members = group.map(|at| definition_text(module, names, TypeId(at)));
            match (members.next(), members.next()) {
                (Some(only), None) => self.field(&only),
                (first, second) => {
                    self.field("(rec");
                    for member in first.into_iter().chain(second).chain(members) {
                        line(&mut self.out, 2 * INDENT);
                        self.out.push_str(&member);
                    }
                    self.out.push(')');
                }
            }
        }
    }

    fn imports(&mut self) {
        for item in self.module.imported_items() {
            self.import(item);
        }
    }

    fn import(&mut self, item: ExportItem) {
        let Some(from) = self.module.import_of(item) else { return };
        let ty = match item {
            ExportItem::Func(id) => {
                func_type_text(self.module, self.names, self.module.func(id).ty)
            }
            ExportItem::Tag(id) => {
                func_type_text(self.module, self.names, self.module.tags[id.index()].ty)
            }
            ExportItem::Table(id) => format!(" {}", self.table_text(id)),
            ExportItem::Memory(id) => format!(" {}", self.memory_text(id)),
            ExportItem::Global(id) => format!(" {}", self.global_text(id)),
        };
        let (kind, name) = (kind_of(item), self.names.item(item));
        let (module, field) = (quoted(&from.module), quoted(&from.name));
        self.field(&format!("(import {module} {field} ({kind} {name}{ty}))"));
    }

    /// `$name (export "a")`
    fn head(&self, item: ExportItem) -> String {
        let mut out = self.names.item(item).to_owned();
        if self.exports_inline {
            for name in self.names.exports(item) {
                let _ = write!(out, " (export {})", quoted(name));
            }
        }
        out
    }

    // ---- types of items

    fn table_text(&self, id: TableId) -> String {
        let table = &self.module.tables[id.index()];
        let shared = if table.shared { "shared " } else { "" };
        let index = if table.table64 { "i64 " } else { "" };
        let max = table.max.map(|max| format!(" {max}")).unwrap_or_default();
        format!("{shared}{index}{}{max} {}", table.min, ref_text(self.names, table.ty))
    }

    fn memory_text(&self, id: MemoryId) -> String {
        let memory = &self.module.memories[id.index()];
        let index = if memory.memory64 { "i64 " } else { "" };
        let max = memory.max_pages.map(|max| format!(" {max}")).unwrap_or_default();
        let shared = if memory.shared { " shared" } else { "" };
        let page = memory.page_size_log2.map(|log2| format!(" (pagesize {})", 1u64 << log2));
        format!("{index}{}{max}{shared}{}", memory.min_pages, page.unwrap_or_default())
    }

    fn global_text(&self, id: GlobalId) -> String {
        let global = &self.module.globals[id.index()];
        let ty = type_text(self.names, global.ty);
        match (global.shared, global.mutable) {
            (true, true) => format!("(shared mut {ty})"),
            (true, false) => format!("(shared {ty})"),
            (false, true) => format!("(mut {ty})"),
            (false, false) => ty,
        }
    }

    // ---- segments

    fn elem(&mut self, id: ElemId) {
        let elem = &self.module.elems[id.index()];
        let mut text = format!("(elem {}", self.names.elem(id));
        match elem.place {
            ElemPlace::Active(table, offset) => {
                let offset = self.offset(offset);
                let _ = write!(text, " (table {}) {offset}", self.names.table(table));
            }
            ElemPlace::Passive => (),
            ElemPlace::Declared => text.push_str(" declare"),
        }
        let func = |item: &ConstExpr| {
            let ConstExpr::RefFunc(func) = item else { return None };
            Some(self.names.func(*func))
        };
        let funcs: Option<Vec<&str>> = elem.items.iter().map(func).collect();
        let is_list = elem.ty.heap() == HeapType::FUNC && !elem.ty.is_nullable();
        let items: Vec<String> = match funcs {
            Some(funcs) if is_list => {
                text.push_str(" func");
                funcs.into_iter().map(str::to_owned).collect()
            }
            Some(_) | None => {
                let _ = write!(text, " {}", ref_text(self.names, elem.ty));
                elem.items.iter().map(|&item| self.wrapped("item", item)).collect()
            }
        };
        if self.contents {
            let mut column = INDENT + text.len();
            for item in items {
                column += item.len() + 1;
                if column > super::WIDTH {
                    text.push_str("\n    ");
                    column = 2 * INDENT + item.len();
                } else {
                    text.push(' ');
                }
                text.push_str(&item);
            }
        } else {
            let _ = write!(text, " (;{} elements;)", elem.items.len());
        }
        text.push(')');
        self.field(&text);
    }

    fn offset(&self, value: ConstExpr) -> String {
        self.wrapped("offset", value)
    }

    /// A constant expression where only one operator can stand by itself.
    fn wrapped(&self, word: &str, value: ConstExpr) -> String {
        let text = self.constant(value);
        if matches!(value, ConstExpr::Expr(_)) { format!("({word} {text})") } else { text }
    }

    fn constant(&self, value: ConstExpr) -> String {
        let names = self.names;
        match value {
            ConstExpr::I32(value) => format!("(i32.const {value})"),
            ConstExpr::I64(value) => format!("(i64.const {value})"),
            ConstExpr::F32(bits) => format!("(f32.const {})", float32_text(bits)),
            ConstExpr::F64(bits) => format!("(f64.const {})", float64_text(bits)),
            ConstExpr::V128(bytes) => format!("(v128.const {})", vector_text(bytes)),
            ConstExpr::Symbol(symbol) => {
                let ty = crate::signature::symbol_type(self.module, symbol);
                format!("({ty}.const 0 (;{};))", symbol_text(names, symbol))
            }
            ConstExpr::GlobalGet(global) => format!("(global.get {})", names.global(global)),
            ConstExpr::RefNull(heap) => format!("(ref.null {})", heap_text(names, heap)),
            ConstExpr::RefFunc(func) => format!("(ref.func {})", names.func(func)),
            ConstExpr::Expr(id) => {
                let body = &self.module.exprs[id.index()];
                let printer = Printer::new(self.module, names, body);
                let parts = body.children(body.root()).iter();
                let parts: Vec<String> = parts.map(|&node| printer.inline(node)).collect();
                parts.join(" ")
            }
        }
    }

    // ---- functions

    pub(super) fn function(&mut self, func: FuncId, printer: &Printer<'_>) {
        line(&mut self.out, INDENT);
        printer.function(func, 1, self.exports_inline, &mut self.out);
    }

    /// A function without what it does.
    pub(super) fn signature(&mut self, func: FuncId) {
        let declared = self.module.func(func);
        let ty = self.module.types.get(declared.ty);
        let given: std::collections::HashMap<LocalId, &str> = declared.local_names().collect();
        let params = local_identifiers(ty.params.len(), &given);
        let mut text = format!("(func {}", self.head(ExportItem::Func(func)));
        text.push_str(&type_use_text(self.module, self.names, declared.ty));
        super::body::header_text(self.module, self.names, declared.ty, &params, &mut text);
        text.push(')');
        self.field(&text);
    }

    // ---- custom sections

    fn customs(&mut self, after: SectionKind) {
        let module = self.module;
        let place = match after {
            SectionKind::Header => "before first",
            SectionKind::Type => "after type",
            SectionKind::Import => "after import",
            SectionKind::Function => "after func",
            SectionKind::Table => "after table",
            SectionKind::Memory => "after memory",
            SectionKind::Tag => "after tag",
            SectionKind::Global => "after global",
            SectionKind::Export => "after export",
            SectionKind::Start => "after start",
            SectionKind::Element => "after elem",
            SectionKind::DataCount => "before code",
            SectionKind::Code => "after code",
            SectionKind::Data => "after data",
        };
        for custom in module.customs.iter().filter(|custom| custom.after == after) {
            let name = quoted(&custom.name);
            if !self.contents {
                let size = custom.contents.len();
                self.field(&format!("(@custom {name} ({place}) (;{size} bytes;))"));
                continue;
            }
            self.field(&format!("(@custom {name} ({place})"));
            let strings = bytes_text(&custom.contents);
            for string in &strings {
                if strings.len() == 1 {
                    self.out.push(' ');
                } else {
                    line(&mut self.out, 2 * INDENT);
                }
                self.out.push_str(string);
            }
            self.out.push(')');
        }
    }

    fn producers(&mut self) {
        let Some(producers) = &self.module.producers else { return };
        let mut text = "(@producers".to_owned();
        for (field, values) in [
            ("language", &producers.languages),
            ("processed-by", &producers.processed_by),
            ("sdk", &producers.sdks),
        ] {
            for (name, version) in values {
                let _ = write!(text, " ({field} {} {})", quoted(name), quoted(version));
            }
        }
        text.push(')');
        self.field(&text);
    }
}

fn kind_of(item: ExportItem) -> &'static str {
    match item {
        ExportItem::Func(_) => "func",
        ExportItem::Table(_) => "table",
        ExportItem::Memory(_) => "memory",
        ExportItem::Global(_) => "global",
        ExportItem::Tag(_) => "tag",
    }
}
