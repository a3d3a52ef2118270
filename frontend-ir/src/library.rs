//! The library: modules of `.swir` text that a program may name, read lazily and once per process.
//!
//! The first reference to a module outlines its file; an item is parsed and checked when something first refers to it, its body when the
//! linker asks for it. Two threads may do the same work at once; the first result stays.
//!
//! Invariant: a mistake in library text is a bug of whoever wrote the library, so it panics with the diagnostic, except in
//! [`Library::check_all`], which exists to find it.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use crate::check::body::{Checker, Room};
use crate::check::declare::{After, set_once};
use crate::check::resolve::Resolver;
use crate::check::unit::{Ast, AstItem, Decl, Import, Nominal, Slot, SlotKind, Targets, Unit};
use crate::check::world::{Methods, Program, World, value_type};
use crate::checked::{Body, DefId, FunctionKind, ModuleId, Type};
use crate::diagnostic::{Diagnostic, Level, Sources};
use crate::ir::{self, ItemKind, Names, ValueType};
use crate::outline::{OutlineKind, outline};
use crate::parser::{parse, parse_item};
use crate::source::{Source, Span};

/// One module of the library.
#[derive(Clone, Copy, Debug)]
pub struct LibraryModule {
    /// `std::memory`
    pub path: &'static str,
    /// `std/memory.swir`: what messages and debug information call it.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The library of a process. Its modules come first among [`ModuleId`]s, in the order given.
pub struct Library {
    modules: &'static [LibraryModule],
    paths: FxHashMap<&'static str, ModuleId>,
    /// The texts, for messages; reading one does not outline it.
    sources: Box<[OnceLock<Source>]>,
    files: Box<[OnceLock<File>]>,
    /// The program that a library is checked with: none.
    nobody: Program,
    /// Whether mistakes are collected instead of panicked with.
    collecting: AtomicBool,
    mistakes: Mutex<Vec<Diagnostic>>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("modules", &self.modules.len()).finish_non_exhaustive()
    }
}

/// An outlined file.
struct File {
    unit: Unit,
    text: Arc<str>,
    /// By slot.
    items: Vec<Item>,
    methods: Methods,
}

/// An item of a file.
struct Item {
    range: Range<usize>,
    parsed: OnceLock<Parsed>,
}

/// A parsed item with the names in it.
struct Parsed {
    names: Names,
    ast: Ast,
}

impl Library {
    /// A library of these modules; nothing is read yet.
    pub fn new(modules: &'static [LibraryModule]) -> Self {
        Self {
            modules,
            paths: modules
                .iter()
                .enumerate()
                .map(|(index, module)| (module.path, ModuleId(index as u32)))
                .collect(),
            sources: modules.iter().map(|_| OnceLock::new()).collect(),
            files: modules.iter().map(|_| OnceLock::new()).collect(),
            nobody: Program::default(),
            collecting: AtomicBool::new(false),
            mistakes: Mutex::new(Vec::new()),
        }
    }

    /// How many modules it has: the program's first module has this number.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// Whether it has no modules.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// Reads and checks everything; gives all mistakes and warnings.
    pub fn check_all(&self) -> Vec<Diagnostic> {
        self.collecting.store(true, Ordering::Relaxed);
        let mut found = Vec::new();
        for (index, module) in self.modules.iter().enumerate() {
            found.extend(parse(module.file, module.text, ModuleId(index as u32)).diagnostics);
        }
        if found.is_empty() {
            for index in 0..self.modules.len() {
                let module = ModuleId(index as u32);
                for slot in 0..self.unit(module).slots.len() {
                    let def = DefId { module, index: slot as u32 };
                    self.decl(def);
                    if let AstItem::Fn(ir::Fn { body: ir::FnBody::Block(_), .. }) =
                        &self.parsed(def).ast.item
                    {
                        self.body(def);
                    }
                }
                for import in self.unit(module).imports.values() {
                    self.follow(import);
                }
            }
        }
        self.collecting.store(false, Ordering::Relaxed);
        found.append(&mut self.mistakes.lock().unwrap_or_else(PoisonError::into_inner));
        found
    }

    pub(crate) fn world(&self) -> World<'_> {
        World { library: self, program: &self.nobody }
    }

    /// A module's text.
    pub(crate) fn text(&self, module: ModuleId) -> &'static str {
        self.modules[module.0 as usize].text
    }

    pub(crate) fn find(&self, path: &str) -> Option<ModuleId> {
        self.paths.get(path).copied()
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &'static str> + use<> {
        let modules = self.modules;
        modules.iter().map(|module| module.path)
    }

    /// Takes what checking a part of the library said.
    fn take(&self, diagnostics: Vec<Diagnostic>) {
        let collecting = self.collecting.load(Ordering::Relaxed);
        for diagnostic in diagnostics {
            if collecting {
                self.mistakes.lock().unwrap_or_else(PoisonError::into_inner).push(diagnostic);
            } else if diagnostic.level == Level::Error {
                let place = diagnostic.place.map_or_else(String::new, |place| {
                    format!(" at {}", self.source(place.module).position(place.span))
                });
                panic!("the library is wrong{place}: {}: {}", diagnostic.code, diagnostic.message);
            }
        }
    }

    fn file(&self, id: ModuleId) -> &File {
        let cell = &self.files[id.0 as usize];
        match cell.get() {
            Some(file) => file,
            None => {
                let file = self.read(id);
                cell.get_or_init(|| file)
            }
        }
    }

    pub(crate) fn unit(&self, id: ModuleId) -> &Unit {
        &self.file(id).unit
    }

    /// Outlines a file.
    fn read(&self, id: ModuleId) -> File {
        let module = self.modules[id.0 as usize];
        let source = self.source(id).clone();
        let text = source.text.clone().expect("a library module has a text");
        let mut file = File {
            unit: Unit::new(module.path, source),
            text: text.clone(),
            items: Vec::new(),
            methods: Methods::default(),
        };
        let mut diagnostics = Vec::new();
        let mut owners: Vec<(DefId, &str)> = Vec::new();
        for item in outline(module.text).items {
            let kind = match item.kind {
                OutlineKind::Use => {
                    self.read_use(id, &mut file, item.range, &mut diagnostics);
                    continue;
                }
                OutlineKind::Const => SlotKind::Const,
                OutlineKind::Static => {
                    // An outline does not say whether `mut` stands there. A file has few statics.
                    let read = parse_item(module.file, text.clone(), item.range.clone(), id);
                    let mutable = matches!(
                        read.module.items.first().map(|item| &item.kind),
                        Some(ItemKind::Static { mutable: true, .. })
                    );
                    if mutable { SlotKind::StaticMut } else { SlotKind::Static }
                }
                OutlineKind::Fn => SlotKind::Function,
                OutlineKind::Struct => SlotKind::Struct,
            };
            let mut slot = Slot::new(
                (*item.name).into(),
                kind,
                item.public,
                Span::text(item.range.start, item.range.start),
            );
            slot.is_method = item.owner.is_some();
            if let Some(owner) = item.owner {
                owners.push((DefId { module: id, index: file.unit.slots.len() as u32 }, owner));
            }
            file.unit.add(id, slot, &mut diagnostics);
            file.items.push(Item { range: item.range, parsed: OnceLock::new() });
        }
        for (def, owner) in owners {
            let own = file
                .unit
                .types
                .get(owner)
                .map(|&index| Nominal::Struct(DefId { module: id, index }));
            let Some(owner) = own.or_else(|| value_type(owner).map(Nominal::Value)) else {
                panic!(
                    "the library is wrong: {} has an `impl {owner}` of neither its own struct nor a scalar type",
                    module.file
                );
            };
            let slot = &file.unit.slots[def.index as usize];
            set_once(&slot.owner, owner);
            file.methods.entry(owner).or_default().insert(slot.name.clone(), def);
        }
        self.take(diagnostics);
        file
    }

    fn read_use(
        &self,
        id: ModuleId,
        file: &mut File,
        range: Range<usize>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let module = parse_item(self.modules[id.0 as usize].file, file.text.clone(), range, id);
        diagnostics.extend(module.diagnostics);
        let names = &module.module.names;
        for item in &module.module.items {
            let ItemKind::Use(bindings) = &item.kind else { continue };
            for binding in bindings {
                let name = binding.alias.unwrap_or_else(|| binding.path.last());
                let path = binding
                    .path
                    .segments
                    .iter()
                    .map(|segment| names[segment.name].into())
                    .collect();
                let import = Import::new(path, binding.path.span(), item.public);
                file.unit.add_import(id, &names[name.name], import, diagnostics);
            }
        }
    }

    /// What an import of a library module names.
    pub(crate) fn follow(&self, import: &Import) -> Targets {
        if let Some(targets) = import.targets.get() {
            return *targets;
        }
        // From nowhere: libraries name public items only.
        let targets = Resolver::import(self.world(), ModuleId(u32::MAX), &import.path);
        if targets.is_empty() {
            let path = import.path.join("::");
            self.take(vec![Diagnostic::global(
                crate::codes::UNKNOWN_MODULE,
                format!("a library module uses `{path}`, which there is not"),
            )]);
        }
        set_once(&import.targets, targets);
        targets
    }

    /// A parsed item.
    fn parsed(&self, def: DefId) -> &Parsed {
        let file = self.file(def.module);
        let item = &file.items[def.index as usize];
        if let Some(parsed) = item.parsed.get() {
            return parsed;
        }
        let name = self.modules[def.module.0 as usize].file;
        let read = parse_item(name, file.text.clone(), item.range.clone(), def.module);
        self.take(read.diagnostics);
        let ir::Module { items, names, .. } = read.module;
        let Some(item_read) = items.into_iter().next() else {
            panic!(
                "the library is wrong: {name} has an item that cannot be read at byte {}",
                item.range.start
            );
        };
        let attributes = item_read.attributes;
        let ast = match item_read.kind {
            ItemKind::Fn(function) => AstItem::Fn(function),
            ItemKind::Struct(structure) => AstItem::Struct(structure),
            ItemKind::Const(global) | ItemKind::Static { global, .. } => AstItem::Global(global),
            ItemKind::Use(_) | ItemKind::Impl(_) => {
                unreachable!("an outline names each function of an `impl`, and `use`s apart")
            }
        };
        item.parsed
            .get_or_init(|| Parsed { names, ast: Ast { attributes, item: ast, target: None } })
    }

    /// Where a definition's name stands.
    pub(crate) fn name_span(&self, def: DefId) -> Span {
        match &self.parsed(def).ast.item {
            AstItem::Fn(function) => function.name.span,
            AstItem::Struct(structure) => structure.name.span,
            AstItem::Global(global) => global.name.span,
        }
    }

    /// A declaration, made now if it wasn't.
    pub(crate) fn decl(&self, def: DefId) -> &Decl {
        let slot = &self.unit(def.module).slots[def.index as usize];
        if let Some(decl) = slot.decl.get() {
            return decl;
        }
        let Parsed { names, ast } = self.parsed(def);
        let mut diagnostics = Vec::new();
        let mut cx = Resolver::new(self.world(), def.module, names, &mut diagnostics);
        match &ast.item {
            AstItem::Struct(structure) => {
                let structure = cx.declare_struct(def, &ast.attributes, structure);
                set_once(&slot.decl, Decl::Struct(structure));
            }
            AstItem::Global(global) => {
                cx.declare_global_type(def, global);
                cx.declare_global(def, &ast.attributes, global);
            }
            AstItem::Fn(function) => {
                let mut declared = cx.declare_function(def, &ast.attributes, function);
                match &declared.after {
                    After::Row => {
                        if let ir::FnBody::Wasm { checked, template } = &function.body
                            && let Some(row) =
                                cx.row(function, &declared.function, *checked, template)
                        {
                            declared.function.kind = FunctionKind::Template(row);
                        }
                    }
                    After::Stub(path) => {
                        if let Some(row) = cx.bind_stub(&declared.function, path) {
                            declared.function.kind = FunctionKind::Template(row);
                        }
                    }
                    After::Nothing | After::Import(_) => (),
                }
                set_once(&slot.decl, Decl::Function(declared.function));
            }
        }
        self.take(diagnostics);
        slot.decl.get().expect("set above")
    }

    /// A function's body, checked now if it wasn't.
    pub(crate) fn body(&self, def: DefId) -> &Body {
        let slot = &self.unit(def.module).slots[def.index as usize];
        if let Some(body) = slot.body.get() {
            return body;
        }
        let Parsed { names, ast } = self.parsed(def);
        let AstItem::Fn(declared) = &ast.item else { panic!("{} has no body", slot.name) };
        let ir::FnBody::Block(body) = &declared.body else { panic!("{} has no body", slot.name) };
        let mut diagnostics = Vec::new();
        let cx = Resolver::new(self.world(), def.module, names, &mut diagnostics);
        let function = self.world().function(def);
        let checked =
            Checker::new(cx, body, Some(function), &mut Room::default()).function(declared);
        self.take(diagnostics);
        slot.body.get_or_init(|| checked)
    }

    /// The module in which the methods of a type stand.
    fn home(&self, owner: Nominal) -> Option<ModuleId> {
        match owner {
            Nominal::Struct(def) => ((def.module.0 as usize) < self.len()).then_some(def.module),
            Nominal::Value(ValueType::F32 | ValueType::F64) => self.find("std::float"),
            Nominal::Value(ValueType::V128) => self.find("std::simd"),
            Nominal::Value(_) => self.find("std::integer"),
        }
    }

    pub(crate) fn method(&self, owner: Nominal, name: &str) -> Option<DefId> {
        self.file(self.home(owner)?).methods.get(&owner)?.get(name).copied()
    }

    pub(crate) fn method_names(&self, owner: Nominal) -> impl Iterator<Item = &str> {
        let methods = self.home(owner).and_then(|home| self.file(home).methods.get(&owner));
        methods.into_iter().flat_map(|methods| methods.keys().map(|name| &**name))
    }

    /// The functions of a module that run when the command ends.
    pub(crate) fn at_exit(&self, module: ModuleId) -> Vec<DefId> {
        let file = self.file(module);
        let mut found = Vec::new();
        for (index, item) in file.items.iter().enumerate() {
            // Only what says so is worth reading.
            if file.unit.slots[index].kind != SlotKind::Function
                || !file.text[item.range.clone()].contains("at_exit")
            {
                continue;
            }
            let def = DefId { module, index: index as u32 };
            if self.world().function(def).at_exit {
                found.push(def);
            }
        }
        found
    }

    /// The definition of `module::name` or `module::Type::name`.
    pub(crate) fn item(&self, path: &str) -> Option<DefId> {
        let (prefix, name) = path.rsplit_once("::")?;
        if let Some(module) = self.find(prefix) {
            let unit = self.unit(module);
            let index = unit.values.get(name).or_else(|| unit.types.get(name))?;
            return Some(DefId { module, index: *index });
        }
        let (module, owner) = prefix.rsplit_once("::")?;
        let module = self.find(module)?;
        let file = self.file(module);
        let own = file.unit.types.get(owner).map(|&index| Nominal::Struct(DefId { module, index }));
        let owner = own.or_else(|| value_type(owner).map(Nominal::Value))?;
        file.methods.get(&owner)?.get(name).copied()
    }
}

impl Sources for Library {
    fn source(&self, module: ModuleId) -> &Source {
        let LibraryModule { file, text, .. } = self.modules[module.0 as usize];
        self.sources[module.0 as usize].get_or_init(|| Source::new(file, text.into()))
    }
}

const _: () = {
    const fn shared<T: Sync + Send>() {}
    shared::<Library>();
    // A type of a checked program may go from thread to thread.
    shared::<Type>();
};
