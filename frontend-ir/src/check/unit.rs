//! Collecting: the items of a module become numbered slots, and their names a scope.
//!
//! Invariant: a [`DefId`]'s index is the slot's number, in order of appearance, methods among the items. What a slot holds is filled in
//! phase by phase and never changes after: declarations before initialisers, initialisers before bodies.

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::checked::{Body, DefId, Function, Global, ModuleId, Struct, Type};
use crate::codes;
use crate::diagnostic::{Diagnostic, Place};
use crate::ir::{self, ItemKind, Names, ValueType};
use crate::source::{Source, Span};

/// What kind of item a slot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SlotKind {
    Function,
    Struct,
    Const,
    Static,
    StaticMut,
}

impl SlotKind {
    /// With its article, for messages.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Function => "a function",
            Self::Struct => "a struct",
            Self::Const => "a constant",
            Self::Static | Self::StaticMut => "a static",
        }
    }
}

/// A type that has a name, and so may have methods.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Nominal {
    Value(ValueType),
    Struct(DefId),
}

impl Nominal {
    pub(crate) fn of(ty: &Type) -> Option<Self> {
        match ty {
            Type::Value(value) => Some(Self::Value(*value)),
            Type::Struct(def) => Some(Self::Struct(*def)),
            Type::Unit | Type::Never | Type::Pointer(_) | Type::Error => None,
        }
    }

    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Value(value) => Type::Value(value),
            Self::Struct(def) => Type::Struct(def),
        }
    }
}

/// A declared item.
#[derive(Debug)]
pub(crate) enum Decl {
    Function(Function),
    Struct(Struct),
    Global(Box<Global>),
}

/// An item or method.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) name: Arc<str>,
    pub(crate) kind: SlotKind,
    pub(crate) public: bool,
    /// Where its name stands.
    pub(crate) span: Span,
    /// Whether it stands in an `impl`.
    pub(crate) is_method: bool,
    /// The type that a method belongs to.
    pub(crate) owner: OnceLock<Nominal>,
    /// What few slots have.
    aside: OnceLock<Box<Aside>>,
    /// What is declared. Slots are many, and most are functions.
    pub(crate) decl: OnceLock<Decl>,
    pub(crate) body: OnceLock<Body>,
}

/// What few slots have.
#[derive(Default, Debug)]
pub(crate) struct Aside {
    /// Which fields of a struct other modules may name, in declaration order.
    pub(crate) public_fields: OnceLock<Box<[bool]>>,
    /// Whether a const or static has data of its own written in its initialiser, so that its address is known before its value.
    pub(crate) owns_data: OnceLock<bool>,
    /// The type of a const or static, known before its value.
    pub(crate) ty: OnceLock<Type>,
    /// Why not to use it any more.
    pub(crate) deprecated: OnceLock<Box<str>>,
}

impl Slot {
    /// What few slots have, to be filled in.
    pub(crate) fn aside(&self) -> &Aside {
        self.aside.get_or_init(Box::default)
    }

    /// Which fields of a struct other modules may name, if that is known.
    pub(crate) fn public_fields(&self) -> Option<&[bool]> {
        self.aside.get()?.public_fields.get().map(|fields| &**fields)
    }

    /// Whether it is known to have data of its own.
    pub(crate) fn owns_data(&self) -> bool {
        self.aside.get().is_some_and(|aside| aside.owns_data.get() == Some(&true))
    }

    /// The type of a const or static, if it is known.
    pub(crate) fn ty(&self) -> Option<&Type> {
        self.aside.get()?.ty.get()
    }

    /// Why not to use it any more.
    pub(crate) fn deprecated(&self) -> Option<&str> {
        self.aside.get()?.deprecated.get().map(|why| &**why)
    }

    pub(crate) fn new(name: Arc<str>, kind: SlotKind, public: bool, span: Span) -> Self {
        Self {
            name,
            kind,
            public,
            span,
            is_method: false,
            owner: OnceLock::new(),
            aside: OnceLock::new(),
            decl: OnceLock::new(),
            body: OnceLock::new(),
        }
    }
}

/// What a `use` names, in each namespace.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Targets {
    pub(crate) module: Option<ModuleId>,
    pub(crate) ty: Option<DefId>,
    pub(crate) value: Option<DefId>,
}

impl Targets {
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// A name that a `use` brings in.
#[derive(Debug)]
pub(crate) struct Import {
    /// The path's names.
    pub(crate) path: Box<[Box<str>]>,
    /// The path.
    pub(crate) span: Span,
    /// Whether other modules may name it through this one.
    pub(crate) public: bool,
    /// Whether anything was found through it.
    pub(crate) used: AtomicBool,
    pub(crate) targets: OnceLock<Targets>,
}

impl Import {
    pub(crate) fn new(path: Box<[Box<str>]>, span: Span, public: bool) -> Self {
        Self { path, span, public, used: AtomicBool::new(false), targets: OnceLock::new() }
    }

    /// What it names; marks it as used.
    pub(crate) fn follow(&self) -> Targets {
        self.used.store(true, Ordering::Relaxed);
        self.targets.get().copied().unwrap_or_default()
    }
}

/// A module: its slots and the names for them.
#[derive(Debug)]
pub(crate) struct Unit {
    /// Joined by `::`.
    pub(crate) path: Box<str>,
    pub(crate) source: Source,
    pub(crate) slots: Vec<Slot>,
    /// Structs by name.
    pub(crate) types: FxHashMap<Arc<str>, u32>,
    /// Functions, consts and statics by name; no methods.
    pub(crate) values: FxHashMap<Arc<str>, u32>,
    /// Names brought in by `use`.
    pub(crate) imports: IndexMap<Arc<str>, Import, FxBuildHasher>,
}

impl Unit {
    pub(crate) fn new(path: &str, source: Source) -> Self {
        Self {
            path: path.into(),
            source,
            slots: Vec::new(),
            types: FxHashMap::default(),
            values: FxHashMap::default(),
            imports: IndexMap::default(),
        }
    }

    /// Adds an item; reports one of the same name.
    pub(crate) fn add(&mut self, id: ModuleId, slot: Slot, diagnostics: &mut Vec<Diagnostic>) {
        let index = u32::try_from(self.slots.len())
            .expect("a module is smaller than 4 GiB, so it has fewer items");
        if !slot.is_method {
            let names =
                if slot.kind == SlotKind::Struct { &mut self.types } else { &mut self.values };
            match names.get(&slot.name) {
                Some(&first) => {
                    let first = &self.slots[first as usize];
                    diagnostics.push(
                        Diagnostic::error(
                            codes::DUPLICATE,
                            Place { module: id, span: slot.span },
                            format!("`{}` is defined twice", slot.name),
                        )
                        .note("defined again here")
                        .label(
                            Place { module: id, span: first.span },
                            format!("first defined here, as {}", first.kind.describe()),
                        )
                        .help("rename one of them, or remove it"),
                    );
                }
                None => {
                    names.insert(slot.name.clone(), index);
                }
            }
        }
        self.slots.push(slot);
    }

    /// Adds a `use`; reports one of the same name.
    pub(crate) fn add_import(
        &mut self,
        id: ModuleId,
        name: &str,
        import: Import,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        if let Some(first) = self.imports.get(name) {
            diagnostics.push(
                Diagnostic::error(
                    codes::DUPLICATE,
                    Place { module: id, span: import.span },
                    format!("`{name}` is brought in twice"),
                )
                .label(Place { module: id, span: first.span }, "first brought in here")
                .help(format!(
                    "give one of them another name: `use {} as …;`",
                    import.path.join("::")
                )),
            );
            return;
        }
        self.imports.insert(name.into(), import);
    }
}

/// An item as it was written, without what its slot holds already.
#[derive(Debug)]
pub(crate) struct Ast {
    pub(crate) attributes: Vec<ir::Attribute>,
    pub(crate) item: AstItem,
    /// For a method: which of the module's `impl`s it stands in.
    pub(crate) target: Option<u32>,
}

/// What a slot is made from.
#[derive(Debug)]
pub(crate) enum AstItem {
    Fn(ir::Fn),
    Struct(ir::Struct),
    Global(ir::Global),
}

/// A module of the program taken apart.
pub(crate) struct Collected {
    pub(crate) unit: Unit,
    pub(crate) names: Names,
    /// By slot.
    pub(crate) asts: Vec<Option<Ast>>,
    /// The types after `impl`.
    pub(crate) targets: Vec<ir::Type>,
    /// Attributes of what has no slot: `use` and `impl`.
    pub(crate) loose: Vec<ir::Attribute>,
}

/// Takes a module apart.
pub(crate) fn collect(
    id: ModuleId,
    module: ir::Module,
    diagnostics: &mut Vec<Diagnostic>,
) -> Collected {
    let ir::Module { name, docs: _, items, names, source } = module;
    let mut it = Collected {
        unit: Unit::new(&name, source),
        names,
        asts: Vec::new(),
        targets: Vec::new(),
        loose: Vec::new(),
    };
    // A program may have very many: growing would leave what they grew out of behind.
    let count = items.iter().map(slots_of).sum();
    it.unit.slots.reserve_exact(count);
    it.asts.reserve_exact(count);
    for item in items {
        let ir::Item { docs: _, attributes, public, span: _, kind } = item;
        match kind {
            ItemKind::Use(bindings) => {
                for binding in bindings {
                    let name = binding.alias.unwrap_or_else(|| binding.path.last());
                    let path = binding
                        .path
                        .segments
                        .iter()
                        .map(|segment| it.names[segment.name].into())
                        .collect();
                    let import = Import::new(path, binding.path.span(), public);
                    it.unit.add_import(id, &it.names[name.name], import, diagnostics);
                }
                it.loose.extend(attributes);
            }
            ItemKind::Const(global) => {
                it.global(id, SlotKind::Const, public, attributes, global, diagnostics)
            }
            ItemKind::Static { mutable, global } => {
                let kind = if mutable { SlotKind::StaticMut } else { SlotKind::Static };
                it.global(id, kind, public, attributes, global, diagnostics);
            }
            ItemKind::Fn(function) => {
                it.function(id, None, public, attributes, function, diagnostics)
            }
            ItemKind::Struct(structure) => {
                let slot = Slot::new(
                    it.names.shared(structure.name.name),
                    SlotKind::Struct,
                    public,
                    structure.name.span,
                );
                it.unit.add(id, slot, diagnostics);
                it.asts.push(Some(Ast {
                    attributes,
                    item: AstItem::Struct(structure),
                    target: None,
                }));
            }
            ItemKind::Impl(block) => {
                let target = it.targets.len() as u32;
                it.targets.push(block.target);
                for item in block.items {
                    if let ItemKind::Fn(function) = item.kind {
                        it.function(
                            id,
                            Some(target),
                            item.public,
                            item.attributes,
                            function,
                            diagnostics,
                        );
                    }
                }
                it.loose.extend(attributes);
            }
        }
    }
    it
}

/// How many slots an item makes.
fn slots_of(item: &ir::Item) -> usize {
    match &item.kind {
        ItemKind::Use(_) => 0,
        ItemKind::Impl(block) => block.items.len(),
        ItemKind::Const(_) | ItemKind::Static { .. } | ItemKind::Fn(_) | ItemKind::Struct(_) => 1,
    }
}

impl Collected {
    fn global(
        &mut self,
        id: ModuleId,
        kind: SlotKind,
        public: bool,
        attributes: Vec<ir::Attribute>,
        global: ir::Global,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        self.unit.add(
            id,
            Slot::new(self.names.shared(global.name.name), kind, public, global.name.span),
            diagnostics,
        );
        self.asts.push(Some(Ast { attributes, item: AstItem::Global(global), target: None }));
    }

    fn function(
        &mut self,
        id: ModuleId,
        target: Option<u32>,
        public: bool,
        attributes: Vec<ir::Attribute>,
        function: ir::Fn,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let mut slot = Slot::new(
            self.names.shared(function.name.name),
            SlotKind::Function,
            public,
            function.name.span,
        );
        slot.is_method = target.is_some();
        self.unit.add(id, slot, diagnostics);
        self.asts.push(Some(Ast { attributes, item: AstItem::Fn(function), target }));
    }
}
