//! An item of a linked module ⇒ the id it has in the program, declared when it is first asked for.
//!
//! Invariant: chains of imports are followed in a loop that ends, whatever they say; what cannot be satisfied is told once.

use rustc_hash::FxHashSet;
use swasm_frontend_ir::checked::{Def, FunctionKind, Place};
use swasm_frontend_ir::{Diagnostic, codes};
use swasm_tree::{
    ConstExpr, Elem, ElemId, ElemPlace, ExportItem, Func, FuncId, FuncKind, FuncType, Global,
    GlobalId, GlobalKind, HeapType, Import, Memory, MemoryId, RefType, Table, TableId, Tag, TagId,
    TypeId, ValType,
};

use super::copy::Copier;
use super::{Other, Theirs, Waiting, kind};
use crate::elide::is_wasi;
use crate::unit::{MEMORY, Unit, show};

/// What linked modules call the program, besides the name of its first module.
const ENV: &str = "env";
/// Under which name the program's memory can be imported.
const MEMORY_NAME: &str = "memory";

/// Where an import leads.
enum Found {
    /// To a definition of a linked module.
    Theirs(Theirs<ExportItem>),
    /// To the program; the place tells where it is declared.
    Ours(ExportItem, Option<Place>),
    /// To the host.
    Host(Import),
    /// Nowhere: it was told.
    Nothing,
}

/// Where an item is imported from, unless it is defined.
fn import_of(other: &Other, item: ExportItem) -> Option<&Import> {
    let module = &other.module;
    match item {
        ExportItem::Func(id) => match &module.func(id).kind {
            FuncKind::Import(from) => Some(from),
            FuncKind::Defined(_) | FuncKind::Read(_) | FuncKind::Declared => None,
        },
        ExportItem::Table(id) => module.tables[id.index()].import.as_ref(),
        ExportItem::Memory(id) => module.memories[id.index()].import.as_ref(),
        ExportItem::Global(id) => match &module.globals[id.index()].kind {
            GlobalKind::Import(from) => Some(from),
            GlobalKind::Defined(_) => None,
        },
        ExportItem::Tag(id) => module.tags[id.index()].import.as_ref(),
    }
}

/// Whether two items are of one kind.
fn same_kind(a: ExportItem, b: ExportItem) -> bool {
    std::mem::discriminant(&a) == std::mem::discriminant(&b)
}

impl Unit<'_> {
    /// Follows imports from an item to what it is.
    fn follow(&mut self, start: Theirs<ExportItem>) -> Found {
        let others = self.joined.others;
        let (mut at, mut item) = start;
        let mut seen = FxHashSet::default();
        while let Some(from) = import_of(&others[at], item) {
            if !seen.insert((at, item)) {
                let message = format!(
                    "the linked modules import `{}` of `{}` from each other, and none defines it",
                    from.name, from.module
                );
                self.conflicts.push(Diagnostic::global(codes::LINK_IMPORT, message));
                return Found::Nothing;
            }
            let Some(next) = self.joined.find(&from.module) else {
                return self.outside(at, item, from);
            };
            let exports = &others[next].module.exports;
            match exports.iter().find(|export| export.name == from.name) {
                Some(export) if same_kind(export.item, item) => (at, item) = (next, export.item),
                found => {
                    self.missing(at, item, from, found.map(|export| export.item));
                    return Found::Nothing;
                }
            }
        }
        Found::Theirs((at, item))
    }

    /// An import from no linked module: the program's, or the host's.
    fn outside(&mut self, at: usize, item: ExportItem, from: &Import) -> Found {
        let program = self.program;
        let main = program.program_modules().next();
        let is_main = main.is_some_and(|main| program.module_name(main) == &*from.module);
        if !is_main && &*from.module != ENV {
            if matches!(item, ExportItem::Memory(_)) {
                let message = format!(
                    "the linked module `{}` imports a memory from `{}`, which nobody provides",
                    self.joined.others[at].name, from.module
                );
                let help = format!(
                    "let it define a memory, or import the program's: `(import \"{ENV}\" \"{MEMORY_NAME}\" (memory …))`"
                );
                self.conflicts.push(Diagnostic::global(codes::LINK_IMPORT, message).help(help));
                return Found::Nothing;
            }
            return Found::Host(from.clone());
        }
        if matches!(item, ExportItem::Memory(_)) && &*from.name == MEMORY_NAME {
            return Found::Ours(ExportItem::Memory(MEMORY), None);
        }
        let mut other_kind = None;
        for module in program.program_modules() {
            for def in program.definitions(module) {
                let (found, place) = match program.def(def) {
                    Def::Function(function) if function.exports.contains(&from.name) => {
                        let (func, _) = self.declare_function(def);
                        (ExportItem::Func(func), function.place)
                    }
                    Def::Function(function) => match &function.kind {
                        // What the program itself imports is the host's.
                        FunctionKind::Import(import)
                            if *import.module == *from.module && *import.name == *from.name =>
                        {
                            let (func, _) = self.declare_function(def);
                            (ExportItem::Func(func), function.place)
                        }
                        FunctionKind::Import(_)
                        | FunctionKind::Body
                        | FunctionKind::Template(_)
                        | FunctionKind::Hook(_) => continue,
                    },
                    Def::Global(global) if global.exports.contains(&from.name) => {
                        self.declare_static(def);
                        match self.static_exports(&from.name, def).first() {
                            Some((_, id)) => (ExportItem::Global(*id), global.place),
                            None => continue,
                        }
                    }
                    Def::Global(_) | Def::Struct(_) => continue,
                };
                if same_kind(found, item) {
                    return Found::Ours(found, Some(place));
                }
                other_kind = Some(found);
            }
        }
        self.missing(at, item, from, other_kind);
        Found::Nothing
    }

    fn missing(&mut self, at: usize, item: ExportItem, from: &Import, found: Option<ExportItem>) {
        let message = format!(
            "the linked module `{}` imports the {} `{}` from `{}`, which does not export it",
            self.joined.others[at].name,
            kind(item),
            from.name,
            from.module
        );
        let error = Diagnostic::global(codes::LINK_IMPORT, message);
        let is_linked = self.joined.has(&from.module);
        self.conflicts.push(match found {
            Some(found) => error.help(format!("`{}` is a {} there", from.name, kind(found))),
            None if is_linked => error.help(format!(
                "`swasm print --skeleton` shows what the module linked as `{}` exports",
                from.module
            )),
            None => error.help(format!(
                "export it from the program: `#[wasm_export(\"{}\")]`; or, if the host provides it, declare the import in the program, too",
                from.name
            )),
        });
    }

    /// An import has another type than what satisfies it.
    fn mismatch(&mut self, at: usize, from: &str, place: Option<Place>, wanted: &str, found: &str) {
        let name = &self.joined.others[at].name;
        let message = format!("the linked module `{name}` imports `{from}` with another type");
        let help = format!("`{name}` wants `{wanted}`");
        let note = format!("it is `{found}`");
        self.conflicts.push(match place {
            Some(place) => {
                Diagnostic::error(codes::LINK_TYPE, place, message).note(note).help(help)
            }
            None => Diagnostic::global(codes::LINK_TYPE, format!("{message}: {note}")).help(help),
        });
    }

    fn import_name(&self, (at, item): Theirs<ExportItem>) -> String {
        import_of(&self.joined.others[at], item)
            .map_or_else(String::new, |from| from.name.to_string())
    }

    /// An import that the result has for linked modules, once.
    fn host_import(
        &mut self,
        (at, item): Theirs<ExportItem>,
        from: Import,
        add: impl FnOnce(&mut Self, Import) -> ExportItem,
    ) -> ExportItem {
        if is_wasi(&from.module) && matches!(item, ExportItem::Func(_)) {
            self.joined.wasi.push(at);
            self.joined.wasi.sort_unstable();
            self.joined.wasi.dedup();
        }
        if let Some(known) = self.import_id(&from).filter(|known| same_kind(*known, item)) {
            return known;
        }
        let key = (from.module.clone(), from.name.clone());
        if let Some(&known) = self.joined.imports.get(&key)
            && same_kind(known, item)
        {
            return known;
        }
        let added = add(self, from);
        self.joined.imports.insert(key, added);
        added
    }

    // ---- each kind

    /// A type of a linked module.
    pub(super) fn linked_type(&self, (at, id): Theirs<TypeId>) -> TypeId {
        self.joined.names[at].types[id.index()]
    }

    fn linked_ref(&self, (at, ty): Theirs<RefType>) -> RefType {
        match ty.heap() {
            HeapType::Concrete(id) => {
                RefType::new(ty.is_nullable(), HeapType::Concrete(self.linked_type((at, id))))
            }
            HeapType::Abstract(_) => ty,
        }
    }

    fn linked_value(&self, (at, ty): Theirs<ValType>) -> ValType {
        match ty {
            ValType::Ref(ty) => ValType::Ref(self.linked_ref((at, ty))),
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => ty,
        }
    }

    /// A function of a linked module.
    pub(super) fn linked_func(&mut self, (at, id): Theirs<FuncId>) -> FuncId {
        if let Some(&known) = self.joined.names[at].funcs.get(&id) {
            return known;
        }
        let item = (at, ExportItem::Func(id));
        let wanted = self.linked_type((at, self.joined.others[at].module.func(id).ty));
        let (func, place) = match self.follow(item) {
            Found::Theirs((to, ExportItem::Func(theirs))) => {
                (self.defined_func((to, theirs)), None)
            }
            Found::Ours(ExportItem::Func(func), place) => (func, place),
            Found::Host(from) => {
                let add = |unit: &mut Self, from: Import| {
                    let name = Some(from.name.clone());
                    let kind = FuncKind::Import(from);
                    ExportItem::Func(unit.module.add_func(Func { ty: wanted, name, kind }))
                };
                let ExportItem::Func(func) = self.host_import(item, from, add) else {
                    unreachable!("`host_import` gives what is of the item's kind")
                };
                (func, None)
            }
            Found::Theirs(_) | Found::Ours(..) | Found::Nothing => (self.placeholder(wanted), None),
        };
        let ty = self.module.func(func).ty;
        let heap = HeapType::Concrete;
        if !self.module.types.heap_matches(heap(ty), heap(wanted)) {
            let text = |ty: &FuncType| show(ty);
            let (found, wanted) =
                (text(self.module.types.get(ty)), text(self.module.types.get(wanted)));
            let name = self.import_name(item);
            self.mismatch(at, &name, place, &wanted, &found);
        }
        self.joined.names[at].funcs.insert(id, func);
        func
    }

    fn defined_func(&mut self, (at, id): Theirs<FuncId>) -> FuncId {
        if let Some(&known) = self.joined.names[at].funcs.get(&id) {
            return known;
        }
        let theirs = self.joined.others[at].module.func(id);
        let (ty, name) = (self.linked_type((at, theirs.ty)), theirs.name.clone());
        let func = self.module.add_func(Func { ty, name, kind: FuncKind::Declared });
        self.joined.names[at].funcs.insert(id, func);
        self.joined.copied.push((at, ExportItem::Func(func)));
        self.joined.waiting.push(Waiting::Func((at, id), func));
        func
    }

    /// A table of a linked module.
    pub(super) fn linked_table(&mut self, (at, id): Theirs<TableId>) -> TableId {
        if let Some(&known) = self.joined.names[at].tables.get(&id) {
            return known;
        }
        let item = (at, ExportItem::Table(id));
        let theirs = self.joined.others[at].module.tables[id.index()].clone();
        let ty = self.linked_ref((at, theirs.ty));
        let table = match self.follow(item) {
            Found::Theirs(there) if there == item => {
                let init = theirs.init.map(|init| self.first_value((at, init)));
                let table = self.module.add_table(Table { ty, init, ..theirs.clone() });
                self.joined.copied.push((at, ExportItem::Table(table)));
                self.joined.waiting.push(Waiting::Table(table));
                table
            }
            Found::Theirs((to, ExportItem::Table(there))) => self.linked_table((to, there)),
            Found::Host(from) => {
                let imported = Table { ty, import: Some(from.clone()), ..theirs.clone() };
                let add = |unit: &mut Self, _| ExportItem::Table(unit.module.add_table(imported));
                let ExportItem::Table(table) = self.host_import(item, from, add) else {
                    unreachable!("`host_import` gives what is of the item's kind")
                };
                self.joined.waiting.push(Waiting::Table(table));
                table
            }
            Found::Theirs(_) | Found::Ours(..) | Found::Nothing => {
                self.module.add_table(Table { ty, init: None, import: None, ..theirs.clone() })
            }
        };
        let found = &self.module.tables[table.index()];
        let fits = found.ty == ty
            && found.table64 == theirs.table64
            && found.shared == theirs.shared
            && found.min >= theirs.min
            && theirs.max.is_none_or(|max| found.max.is_some_and(|found| found <= max));
        if !fits {
            let text = |table: &Table, ty: RefType| {
                format!("{} {ty}", limits("table", table.min, table.max))
            };
            let (wanted, found) = (text(&theirs, ty), text(found, found.ty));
            let name = self.import_name(item);
            self.mismatch(at, &name, None, &wanted, &found);
        }
        self.joined.names[at].tables.insert(id, table);
        table
    }

    /// What a table's slots hold at the start. Tables come before globals, so this names none that linking has defined.
    fn first_value(&mut self, (at, init): Theirs<ConstExpr>) -> ConstExpr {
        let init = self.linked_constant((at, init));
        let is_defined = |global: GlobalId| {
            matches!(self.module.globals[global.index()].kind, GlobalKind::Defined(_))
        };
        let needs = self.module.globals_of(init).into_iter().any(is_defined);
        if needs {
            let name = &self.joined.others[at].name;
            let message = format!(
                "a table of the linked module `{name}` begins with the value of an imported global, which is made in another module when it is instantiated"
            );
            let help = "let an element segment fill the table";
            self.conflicts.push(Diagnostic::global(codes::LINK_IMPORT, message).help(help));
        }
        init
    }

    /// A memory of a linked module.
    pub(super) fn linked_memory(&mut self, (at, id): Theirs<MemoryId>) -> MemoryId {
        if let Some(&known) = self.joined.names[at].memories.get(&id) {
            return known;
        }
        let item = (at, ExportItem::Memory(id));
        let theirs = self.joined.others[at].module.memories[id.index()].clone();
        let memory = match self.follow(item) {
            Found::Theirs(there) if there == item => {
                let memory = self.module.add_memory(theirs);
                self.joined.copied.push((at, ExportItem::Memory(memory)));
                self.joined.waiting.push(Waiting::Memory(memory));
                memory
            }
            Found::Theirs((to, ExportItem::Memory(there))) => {
                let memory = self.linked_memory((to, there));
                let found = &self.module.memories[memory.index()];
                let fits = found.min_pages >= theirs.min_pages
                    && theirs.max_pages.is_none_or(|max| found.max_pages.is_some_and(|f| f <= max));
                self.fit_memory(item, memory, &theirs, fits);
                memory
            }
            Found::Ours(ExportItem::Memory(memory), _) => {
                // The program's own memory is as large as whoever shares it wants.
                let ours = &mut self.module.memories[memory.index()];
                ours.min_pages = ours.min_pages.max(theirs.min_pages);
                ours.max_pages = match (ours.max_pages, theirs.max_pages) {
                    (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
                    (ours, theirs) => ours.or(theirs),
                };
                let fits = ours.max_pages.is_none_or(|max| ours.min_pages <= max);
                self.fit_memory(item, memory, &theirs, fits);
                self.joined.waiting.push(Waiting::Memory(memory));
                memory
            }
            Found::Theirs(_) | Found::Ours(..) | Found::Host(_) | Found::Nothing => {
                self.module.add_memory(Memory { import: None, ..theirs })
            }
        };
        self.joined.names[at].memories.insert(id, memory);
        memory
    }

    /// Tells if a memory is not what a module imports.
    fn fit_memory(
        &mut self,
        item: Theirs<ExportItem>,
        memory: MemoryId,
        theirs: &Memory,
        fits: bool,
    ) {
        let found = &self.module.memories[memory.index()];
        if fits
            && found.memory64 == theirs.memory64
            && found.shared == theirs.shared
            && found.page_size_log2 == theirs.page_size_log2
        {
            return;
        }
        let text = |memory: &Memory| {
            let index = if memory.memory64 { "memory i64" } else { "memory" };
            let shared = if memory.shared { " shared" } else { "" };
            format!("{}{shared}", limits(index, memory.min_pages, memory.max_pages))
        };
        let (wanted, found) = (text(theirs), text(found));
        let name = self.import_name(item);
        self.mismatch(item.0, &name, None, &wanted, &found);
    }

    /// A global of a linked module. Those that its first value names are declared before it.
    pub(super) fn linked_global(&mut self, start: Theirs<GlobalId>) -> GlobalId {
        let mut open: Vec<Theirs<GlobalId>> = vec![start];
        let mut on_way: FxHashSet<Theirs<GlobalId>> = open.iter().copied().collect();
        while let Some(&(at, id)) = open.last() {
            if !self.joined.names[at].globals.contains_key(&id) {
                if let Some(next) = self.needed_global((at, id)) {
                    if on_way.insert(next) {
                        open.push(next);
                        continue;
                    }
                    let name = self.joined.others[at].name.clone();
                    let message =
                        format!("globals of the linked module `{name}` need each other's values");
                    self.conflicts.push(Diagnostic::global(codes::LINK_IMPORT, message));
                    let global = self.zero();
                    self.joined.names[next.0].globals.insert(next.1, global);
                    continue;
                }
                let global = self.declare_linked_global((at, id));
                self.joined.names[at].globals.insert(id, global);
            }
            open.pop();
        }
        self.joined.names[start.0].globals[&start.1]
    }

    /// A global that must be declared before this one.
    fn needed_global(&mut self, (at, id): Theirs<GlobalId>) -> Option<Theirs<GlobalId>> {
        let module = &self.joined.others[at].module;
        match &module.globals[id.index()].kind {
            GlobalKind::Import(_) => {
                let Found::Theirs((to, ExportItem::Global(there))) =
                    self.follow_quietly((at, ExportItem::Global(id)))
                else {
                    return None;
                };
                (!self.joined.names[to].globals.contains_key(&there)).then_some((to, there))
            }
            GlobalKind::Defined(value) => {
                let known = &self.joined.names[at].globals;
                let named = module.globals_of(*value);
                named.into_iter().find(|global| !known.contains_key(global)).map(|id| (at, id))
            }
        }
    }

    /// As [`Unit::follow`]; what is wrong is told by whoever declares the item.
    fn follow_quietly(&mut self, item: Theirs<ExportItem>) -> Found {
        let told = self.conflicts.len();
        let found = self.follow(item);
        self.conflicts.truncate(told);
        found
    }

    /// Stands for a global that isn't there.
    fn zero(&mut self) -> GlobalId {
        let kind = GlobalKind::Defined(ConstExpr::I32(0));
        let ty = ValType::I32;
        self.module.add_global(Global { ty, mutable: false, shared: false, name: None, kind })
    }

    fn declare_linked_global(&mut self, (at, id): Theirs<GlobalId>) -> GlobalId {
        let item = (at, ExportItem::Global(id));
        let theirs = self.joined.others[at].module.globals[id.index()].clone();
        let ty = self.linked_value((at, theirs.ty));
        let (global, place) = match self.follow(item) {
            Found::Theirs(there) if there == item => {
                let GlobalKind::Defined(value) = theirs.kind else {
                    unreachable!("`follow` ends at a definition")
                };
                let kind = GlobalKind::Defined(self.linked_constant((at, value)));
                let global = self.module.add_global(Global { ty, kind, ..theirs });
                self.joined.copied.push((at, ExportItem::Global(global)));
                return global;
            }
            Found::Theirs((to, ExportItem::Global(there))) => {
                match self.joined.names[to].globals.get(&there) {
                    Some(&global) => (global, None),
                    None => return self.zero(),
                }
            }
            Found::Ours(ExportItem::Global(global), place) => (global, place),
            Found::Host(from) => {
                let Global { mutable, shared, .. } = theirs;
                let add = |unit: &mut Self, from: Import| {
                    let name = Some(from.name.clone());
                    let kind = GlobalKind::Import(from);
                    let global = Global { ty, mutable, shared, name, kind };
                    ExportItem::Global(unit.module.add_global(global))
                };
                let ExportItem::Global(global) = self.host_import(item, from, add) else {
                    unreachable!("`host_import` gives what is of the item's kind")
                };
                (global, None)
            }
            Found::Theirs(_) | Found::Ours(..) | Found::Nothing => return self.zero(),
        };
        let found = &self.module.globals[global.index()];
        let fits = if theirs.mutable {
            found.mutable && found.ty == ty
        } else {
            !found.mutable && self.module.types.matches(found.ty, ty)
        };
        if !fits {
            let text = |ty: ValType, mutable: bool| {
                if mutable { format!("global (mut {ty})") } else { format!("global {ty}") }
            };
            let (wanted, found) = (text(ty, theirs.mutable), text(found.ty, found.mutable));
            let name = self.import_name(item);
            self.mismatch(at, &name, place, &wanted, &found);
        }
        global
    }

    /// A tag of a linked module.
    pub(super) fn linked_tag(&mut self, (at, id): Theirs<TagId>) -> TagId {
        if let Some(&known) = self.joined.names[at].tags.get(&id) {
            return known;
        }
        let item = (at, ExportItem::Tag(id));
        let theirs = self.joined.others[at].module.tags[id.index()].clone();
        let ty = self.linked_type((at, theirs.ty));
        let tag = match self.follow(item) {
            Found::Theirs((to, ExportItem::Tag(there))) if (to, there) != (at, id) => {
                self.linked_tag((to, there))
            }
            Found::Host(from) => {
                let imported = Tag { ty, import: Some(from.clone()), ..theirs };
                let add = |unit: &mut Self, _| ExportItem::Tag(unit.module.add_tag(imported));
                let ExportItem::Tag(tag) = self.host_import(item, from, add) else {
                    unreachable!("`host_import` gives what is of the item's kind")
                };
                tag
            }
            Found::Theirs(_) | Found::Ours(..) | Found::Nothing => {
                self.module.add_tag(Tag { ty, import: None, ..theirs })
            }
        };
        let (types, found) = (&self.module.types, self.module.tags[tag.index()].ty);
        if types.canonical(found) != types.canonical(ty) {
            let (wanted, found) = (show(types.get(ty)), show(types.get(found)));
            let name = self.import_name(item);
            self.mismatch(at, &name, None, &wanted, &found);
        }
        self.joined.names[at].tags.insert(id, tag);
        tag
    }

    /// An element segment of a linked module.
    pub(super) fn linked_elem(&mut self, (at, id): Theirs<ElemId>) -> ElemId {
        if let Some(&known) = self.joined.names[at].elems.get(&id) {
            return known;
        }
        let theirs = self.joined.others[at].module.elems[id.index()].clone();
        let place = match theirs.place {
            ElemPlace::Active(table, offset) => ElemPlace::Active(
                self.linked_table((at, table)),
                self.linked_constant((at, offset)),
            ),
            ElemPlace::Passive => ElemPlace::Passive,
            ElemPlace::Declared => ElemPlace::Declared,
        };
        let ty = self.linked_ref((at, theirs.ty));
        let items = theirs.items.iter().map(|&item| self.linked_constant((at, item))).collect();
        let elem = self.module.add_elem(Elem { name: theirs.name, ty, items, place });
        self.joined.names[at].elems.insert(id, elem);
        elem
    }

    /// A constant expression of a linked module.
    pub(super) fn linked_constant(&mut self, (at, value): Theirs<ConstExpr>) -> ConstExpr {
        match value {
            ConstExpr::I32(_)
            | ConstExpr::I64(_)
            | ConstExpr::F32(_)
            | ConstExpr::F64(_)
            | ConstExpr::V128(_) => value,
            ConstExpr::Symbol(_) => unreachable!("what was read has no symbols"),
            ConstExpr::GlobalGet(global) => {
                let global = self.linked_global((at, global));
                let known = &self.module.globals[global.index()];
                // A value that is known needs no global, which not all engines take there.
                match known.kind {
                    // What an expression makes has an identity.
                    GlobalKind::Defined(ConstExpr::Expr(_)) | GlobalKind::Import(_) => {
                        ConstExpr::GlobalGet(global)
                    }
                    GlobalKind::Defined(value) if !known.mutable => value,
                    GlobalKind::Defined(_) => ConstExpr::GlobalGet(global),
                }
            }
            ConstExpr::RefNull(HeapType::Concrete(id)) => {
                ConstExpr::RefNull(HeapType::Concrete(self.linked_type((at, id))))
            }
            ConstExpr::RefNull(heap) => ConstExpr::RefNull(heap),
            ConstExpr::RefFunc(func) => ConstExpr::RefFunc(self.linked_func((at, func))),
            ConstExpr::Expr(expr) => {
                let mut body = self.joined.others[at].module.exprs[expr.index()].clone();
                body.rename(&mut Copier { unit: self, at });
                ConstExpr::Expr(self.module.add_expr(body))
            }
        }
    }
}

/// `memory 1 2`
fn limits(what: &str, min: u64, max: Option<u64>) -> String {
    match max {
        Some(max) => format!("{what} {min} {max}"),
        None => format!("{what} {min}"),
    }
}
