//! Checking: modules as they were written become a [`Checked`] program, or a list of all mistakes in them.
//!
//! The phases, each over all modules before the next: take modules apart (`unit`), resolve `use`s, methods, structs, types of globals,
//! functions, values of globals, bodies. What a phase needs of another definition an earlier phase made, so nothing waits for anything.
//!
//! Invariant: there is a [`Checked`] only if there was no error; bodies are checked one by one and their syntax dropped.

pub(crate) mod attribute;
pub(crate) mod body;
pub(crate) mod constant;
pub(crate) mod declare;
pub(crate) mod globals;
mod imports;
pub(crate) mod number;
pub(crate) mod resolve;
mod structs;
pub(crate) mod suggest;
pub(crate) mod template;
pub(crate) mod unit;
pub(crate) mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustc_hash::FxHashMap;
use swasm_tree::ValType;

use crate::checked::{Body, Def, DefId, Function, FunctionKind, Global, ModuleId, Place, Struct};
use crate::codes;
use crate::diagnostic::{Diagnostic, Level, Sources};
use crate::ir::{self, FnBody, Names};
use crate::library::Library;
use crate::source::{Source, Span};

use attribute::On;
use body::{Checker, Room};
use declare::{After, Declared, Export, set_once};
use imports::Imports;
use resolve::Resolver;
use unit::{Ast, AstItem, Collected, Decl, Nominal, SlotKind, Targets, collect};
use world::{Program, World};

/// How many scalars a struct, or all parameters of a function together, may hold: what engines allow a function to take.
pub const MAX_SCALARS: u32 = 1000;
/// How many bytes the names of an import or export may have: what engines take.
pub const MAX_NAME: usize = 100_000;
/// How deep structs may hold structs.
pub const MAX_STRUCT_DEPTH: u32 = 64;
/// Names that the linker exports itself; besides them those that begin with the library's own [`RESERVED_PREFIX`].
const RESERVED_EXPORTS: [&str; 2] = ["memory", "__heap_base"];
/// How the names begin under which the library exports what a host reads of it.
const RESERVED_PREFIX: &str = "std::";

/// What is known of the modules that a host provides.
pub trait ImportRules {
    /// Says whether module `module` has a function `name` with these core types.
    ///
    /// # Errors
    /// What is wrong, if the module is known and has no such function.
    fn check(
        &self,
        module: &str,
        name: &str,
        params: &[ValType],
        results: &[ValType],
    ) -> Result<(), ImportProblem>;
}

/// What is wrong with an import.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImportProblem {
    /// The module has no function of that name.
    UnknownName {
        /// One that is spelt nearly so.
        suggestion: Option<String>,
    },
    /// The function has another type.
    Signature {
        /// `fn(i32, i32) -> i32`
        expected: String,
    },
}

/// A program without mistakes.
#[derive(Debug)]
pub struct Checked {
    library: Arc<Library>,
    program: Program,
    warnings: Vec<Diagnostic>,
}

/// What is wrong with a program.
#[derive(Debug)]
pub struct Failed {
    /// All mistakes and warnings, in the order of the modules and their texts.
    pub diagnostics: Vec<Diagnostic>,
    library: Arc<Library>,
    sources: Vec<Source>,
}

impl Sources for Failed {
    fn source(&self, module: ModuleId) -> &Source {
        match (module.0 as usize).checked_sub(self.library.len()) {
            None => self.library.source(module),
            Some(index) => &self.sources[index],
        }
    }
}

impl Sources for Checked {
    fn source(&self, module: ModuleId) -> &Source {
        match (module.0 as usize).checked_sub(self.library.len()) {
            None => self.library.source(module),
            Some(index) => &self.program.units[index].source,
        }
    }
}

impl Checked {
    fn world(&self) -> World<'_> {
        World { library: &self.library, program: &self.program }
    }

    /// The program's own modules, in the order given.
    pub fn program_modules(&self) -> impl Iterator<Item = ModuleId> + use<> {
        let first = self.library.len();
        (first..first + self.program.units.len()).map(|index| ModuleId(index as u32))
    }

    /// How many modules there are, the library's included: all ids are smaller.
    pub fn module_count(&self) -> u32 {
        (self.library.len() + self.program.units.len()) as u32
    }

    /// How many numbers the spans of a module need: one for each byte of its text and for its end, and how many for its positions.
    pub fn span_keys(&self, module: ModuleId) -> (u32, u32) {
        let text_keys = |text: &str| text.len() as u32 + 1;
        match (module.0 as usize).checked_sub(self.library.len()) {
            None => (text_keys(self.library.text(module)), 0),
            Some(index) => {
                let source = &self.program.units[index].source;
                (source.text.as_deref().map_or(0, text_keys), source.positions.len() as u32)
            }
        }
    }

    /// Whether a module is one of the library's.
    pub fn is_library(&self, module: ModuleId) -> bool {
        self.world().is_library(module)
    }

    /// A module's path, joined by `::`.
    pub fn module_name(&self, module: ModuleId) -> &str {
        &self.world().unit(module).path
    }

    /// All definitions of a module, in order of appearance.
    pub fn definitions(&self, module: ModuleId) -> impl Iterator<Item = DefId> + use<> {
        (0..self.world().unit(module).slots.len() as u32).map(move |index| DefId { module, index })
    }

    /// A definition; of the library one is declared now, if it wasn't.
    pub fn def(&self, def: DefId) -> Def<'_> {
        match self.world().any(def) {
            Decl::Function(function) => Def::Function(function),
            Decl::Struct(structure) => Def::Struct(structure),
            Decl::Global(global) => Def::Global(global),
        }
    }

    /// A function. Panics if `def` is something else.
    pub fn function(&self, def: DefId) -> &Function {
        self.world().function(def)
    }

    /// A struct. Panics if `def` is something else.
    pub fn structure(&self, def: DefId) -> &Struct {
        self.world().structure(def)
    }

    /// A const or static. Panics if `def` is something else.
    pub fn global(&self, def: DefId) -> &Global {
        self.world().global(def)
    }

    /// The body of a function of kind [`FunctionKind::Body`]; one of the library is checked now, if it wasn't. Panics for other kinds.
    pub fn body(&self, def: DefId) -> &Body {
        if self.is_library(def.module) {
            return self.library.body(def);
        }
        self.world().slot(def).body.get().expect("a checked function of kind `Body` has one")
    }

    /// A library definition by its path: `std::scope::open`, `std::memory::MemorySegment::get_i8`.
    pub fn library_item(&self, path: &str) -> Option<DefId> {
        self.library.item(path)
    }

    /// The functions of a module that run when the command ends, in order.
    pub fn at_exit(&self, module: ModuleId) -> Vec<DefId> {
        if self.is_library(module) {
            return self.library.at_exit(module);
        }
        self.definitions(module)
            .filter(|def| matches!(self.def(*def), Def::Function(function) if function.at_exit))
            .collect()
    }

    /// What could be better, in the order of the modules and their texts.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

/// What is left of a module when its unit is taken out.
struct Rest {
    names: Names,
    asts: Vec<Option<Ast>>,
    targets: Vec<ir::Type>,
    loose: Vec<ir::Attribute>,
}

/// Checks a program.
///
/// # Errors
/// All mistakes, if there are any.
pub fn check(
    modules: Vec<ir::Module>,
    library: Arc<Library>,
    rules: &dyn ImportRules,
) -> Result<Checked, Failed> {
    let mut diagnostics = Vec::new();
    let (mut program, rest) = take_apart(modules, &library, &mut diagnostics);
    resolve_uses(World { library: &library, program: &program }, &rest, &mut diagnostics);
    find_methods(&library, &mut program, &rest, &mut diagnostics);
    let mut pass = Pass {
        world: World { library: &library, program: &program },
        rest,
        diagnostics,
        exports: Vec::new(),
        imports: Imports::default(),
    };
    pass.structs();
    pass.global_types();
    pass.functions();
    pass.globals();
    pass.imports(rules);
    pass.exports();
    pass.bodies();
    pass.unused_imports();
    let mut diagnostics = pass.diagnostics;
    diagnostics
        .sort_by_key(|diagnostic| diagnostic.place.map(|place| (place.module, place.span.key())));
    if diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
        let sources = program.units.into_iter().map(|unit| unit.source).collect();
        return Err(Failed { diagnostics, library, sources });
    }
    Ok(Checked { library, program, warnings: diagnostics })
}

/// Takes all modules apart and notes their paths.
fn take_apart(
    modules: Vec<ir::Module>,
    library: &Library,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Program, Vec<Rest>) {
    let mut program = Program::default();
    let mut all = Vec::with_capacity(modules.len());
    for (index, module) in modules.into_iter().enumerate() {
        let id = ModuleId((library.len() + index) as u32);
        let Collected { unit, names, asts, targets, loose } = collect(id, module, diagnostics);
        let place = Place { module: id, span: Span::text(0, 0) };
        let first = program.paths.get(&unit.path).copied();
        if first.is_some() || library.find(&unit.path).is_some() {
            let mut error = Diagnostic::error(
                codes::DUPLICATE_MODULE,
                place,
                format!("there are two modules `{}`", unit.path),
            );
            error = match first {
                Some(first) => error
                    .label(Place { module: first, span: Span::text(0, 0) }, "this is the first"),
                None => error.note("the other one is the library's"),
            };
            diagnostics.push(error.help("write `module another_name;` at the top of one of them"));
        } else {
            program.paths.insert(unit.path.clone(), id);
        }
        program.units.push(unit);
        all.push(Rest { names, asts, targets, loose });
    }
    (program, all)
}

/// Finds what `use`s name. One may name what another module's `pub use` names, so this goes on until nothing is found any more.
fn resolve_uses(world: World<'_>, rest: &[Rest], diagnostics: &mut Vec<Diagnostic>) {
    let modules = || world.program.units.iter().zip((world.library.len() as u32..).map(ModuleId));
    loop {
        let mut found = false;
        for (unit, id) in modules() {
            for import in unit.imports.values().filter(|import| import.targets.get().is_none()) {
                let targets = Resolver::import(world, id, &import.path);
                if !targets.is_empty() {
                    set_once(&import.targets, targets);
                    found = true;
                }
            }
        }
        if !found {
            break;
        }
    }
    for ((unit, id), rest) in modules().zip(rest) {
        let mut cx = Resolver::new(world, id, &rest.names, diagnostics);
        let mut missing: Vec<&[Box<str>]> = Vec::new();
        for (name, import) in &unit.imports {
            let Some(targets) = import.targets.get() else {
                // From here on the name stands for a mistake.
                set_once(&import.targets, Targets::default());
                let module = import.path.split_last().map_or(&*import.path, |(_, module)| module);
                // `use a::{b, c};` without a module `a` is one mistake.
                let joined = module.join("::");
                if world.find_module(&joined).is_none() {
                    // Of `std` nothing is missing but the one module.
                    let whole = module.is_empty() || world.is_module_group(&joined);
                    let part = if whole { &import.path } else { module };
                    if missing.contains(&part) || missing.contains(&&*import.path) {
                        continue;
                    }
                    missing.push(part);
                }
                cx.report_import(&import.path, import.span);
                continue;
            };
            let clash =
                [(targets.ty, unit.types.get(name)), (targets.value, unit.values.get(name))];
            if let Some(own) = clash.into_iter().find_map(|(found, own)| found.and(own)) {
                let own = DefId { module: id, index: *own };
                let error = cx
                    .error(
                        codes::DUPLICATE,
                        import.span,
                        format!("`{name}` is brought in, but the module defines it too"),
                    )
                    .label(world.place(own), "defined here")
                    .help(format!("give it another name: `use {} as …;`", import.path.join("::")));
                cx.report(error);
            }
        }
    }
    // Following one `use` through another is no use of the latter's own module.
    for (unit, _) in modules() {
        for import in unit.imports.values().filter(|import| import.targets.get().is_some()) {
            import.used.store(false, Ordering::Relaxed);
        }
    }
}

/// Finds the types that methods belong to.
fn find_methods(
    library: &Library,
    program: &mut Program,
    rest: &[Rest],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut owned: Vec<(Nominal, DefId)> = Vec::new();
    let world = World { library, program };
    for ((unit, id), rest) in
        program.units.iter().zip((library.len() as u32..).map(ModuleId)).zip(rest)
    {
        let mut cx = Resolver::new(world, id, &rest.names, diagnostics);
        let owners: Vec<Option<Nominal>> = rest.targets.iter().map(|ty| cx.owner(ty)).collect();
        for (index, (slot, ast)) in unit.slots.iter().zip(&rest.asts).enumerate() {
            let Some(target) = ast.as_ref().and_then(|ast| ast.target) else { continue };
            if let Some(owner) = owners[target as usize] {
                set_once(&slot.owner, owner);
                owned.push((owner, DefId { module: id, index: index as u32 }));
            }
        }
    }
    let mut methods = world::Methods::default();
    for (owner, def) in owned {
        let slot = world.slot(def);
        let first = library
            .method(owner, &slot.name)
            .or_else(|| methods.get(&owner)?.get(&slot.name).copied());
        if let Some(first) = first {
            let shown = world.nominal(owner);
            diagnostics.push(
                Diagnostic::error(
                    codes::DUPLICATE,
                    world.place(def),
                    format!("`{shown}` has a method `{}` already", slot.name),
                )
                .note("defined again here")
                .label(world.place(first), "first defined here")
                .help("rename one of them"),
            );
            continue;
        }
        methods.entry(owner).or_default().insert(slot.name.clone(), def);
    }
    program.methods = methods;
}

/// The phases that read what earlier ones made.
struct Pass<'w> {
    world: World<'w>,
    rest: Vec<Rest>,
    diagnostics: Vec<Diagnostic>,
    exports: Vec<(Export, DefId)>,
    imports: Imports,
}

impl<'w> Pass<'w> {
    fn id(&self, index: usize) -> ModuleId {
        ModuleId((self.world.library.len() + index) as u32)
    }

    /// Calls `run` for each item with its syntax.
    fn each(&mut self, mut run: impl FnMut(&mut Resolver<'_>, DefId, &Ast, &mut Later)) -> Later {
        let mut later = Later::default();
        for index in 0..self.rest.len() {
            let module = self.id(index);
            let rest = &self.rest[index];
            let mut cx = Resolver::new(self.world, module, &rest.names, &mut self.diagnostics);
            for (slot, ast) in rest.asts.iter().enumerate() {
                if let Some(ast) = ast {
                    run(&mut cx, DefId { module, index: slot as u32 }, ast, &mut later);
                }
            }
        }
        later
    }

    fn structs(&mut self) {
        let mut structs = Vec::new();
        self.each(|cx, def, ast, _| {
            if let AstItem::Struct(structure) = &ast.item {
                structs.push((def, cx.declare_struct(def, &ast.attributes, structure)));
            }
        });
        structs::limit(self.world, &mut structs, &mut self.diagnostics);
        for (def, structure) in structs {
            set_once(&self.world.slot(def).decl, Decl::Struct(structure));
        }
        for index in 0..self.rest.len() {
            let module = self.id(index);
            let rest = &self.rest[index];
            Resolver::new(self.world, module, &rest.names, &mut self.diagnostics)
                .attributes(&rest.loose, On::Other);
        }
    }

    fn global_types(&mut self) {
        self.each(|cx, def, ast, _| {
            if let AstItem::Global(global) = &ast.item {
                cx.declare_global_type(def, global);
            }
        });
    }

    /// Functions with bodies and imports first, then rows, which may name them, then stubs, which are bound to rows.
    fn functions(&mut self) {
        let later = self.each(|cx, def, ast, later| {
            let AstItem::Fn(function) = &ast.item else { return };
            let declared = cx.declare_function(def, &ast.attributes, function);
            later.exports.extend(declared.exports.iter().map(|export| (export.clone(), def)));
            match declared.after {
                After::Row | After::Stub(_) => later.functions.push((def, declared)),
                After::Nothing => {
                    set_once(&cx.world.slot(def).decl, Decl::Function(declared.function))
                }
                After::Import(site) => {
                    later.imports.sites.push((def, site));
                    set_once(&cx.world.slot(def).decl, Decl::Function(declared.function));
                }
            }
        });
        self.exports = later.exports;
        self.imports = later.imports;
        let mut stubs = Vec::new();
        for (def, mut declared) in later.functions {
            if let After::Stub(path) = declared.after {
                stubs.push((def, declared.function, path));
                continue;
            }
            let (mut cx, ast) = self.at(def);
            if let AstItem::Fn(function) = &ast.item
                && let FnBody::Wasm { checked, template } = &function.body
                && let Some(row) = cx.row(function, &declared.function, *checked, template)
            {
                declared.function.kind = FunctionKind::Template(row);
            }
            set_once(&cx.world.slot(def).decl, Decl::Function(declared.function));
        }
        // All are bound before any is declared, so a stub of a stub finds no row.
        let mut bound = Vec::with_capacity(stubs.len());
        for (def, mut function, path) in stubs {
            let (mut cx, _) = self.at(def);
            if let Some(row) = cx.bind_stub(&function, &path) {
                function.kind = FunctionKind::Template(row);
            }
            bound.push((def, function));
        }
        for (def, function) in bound {
            set_once(&self.world.slot(def).decl, Decl::Function(function));
        }
    }

    fn at(&mut self, def: DefId) -> (Resolver<'_>, &Ast) {
        let rest = &self.rest[def.module.0 as usize - self.world.library.len()];
        let ast = rest.asts[def.index as usize]
            .as_ref()
            .expect("only bodies are dropped, in the last phase");
        (Resolver::new(self.world, def.module, &rest.names, &mut self.diagnostics), ast)
    }

    /// Evaluates globals, each after those it needs.
    fn globals(&mut self) {
        let mut needs: FxHashMap<DefId, Vec<DefId>> = FxHashMap::default();
        let mut order = Vec::new();
        self.each(|cx, def, ast, _| {
            if let AstItem::Global(global) = &ast.item {
                needs.insert(def, cx.dependencies(global));
                order.push(def);
            }
        });
        let mut state: FxHashMap<DefId, State> = FxHashMap::default();
        for root in order {
            let mut stack = vec![(root, 0)];
            while let Some((def, next)) = stack.last_mut() {
                let def = *def;
                if *next == 0 && *state.entry(def).or_default() != State::New {
                    stack.pop();
                    continue;
                }
                state.insert(def, State::Open);
                let need = needs.get(&def).and_then(|needs| needs.get(*next)).copied();
                *next += 1;
                match need {
                    Some(need) => match state.get(&need).copied().unwrap_or_default() {
                        State::New => stack.push((need, 0)),
                        State::Open => {
                            let from = stack.iter().position(|entry| entry.0 == need).unwrap_or(0);
                            let cycle: Vec<DefId> =
                                stack[from..].iter().map(|entry| entry.0).collect();
                            self.broken_globals(&cycle);
                            for def in cycle {
                                state.insert(def, State::Done);
                            }
                            stack.truncate(from);
                        }
                        State::Done => (),
                    },
                    None => {
                        state.insert(def, State::Done);
                        stack.pop();
                        let (mut cx, ast) = self.at(def);
                        if let AstItem::Global(global) = &ast.item {
                            let attributes = cx.declare_global(def, &ast.attributes, global);
                            self.exports
                                .extend(attributes.exports.into_iter().map(|export| (export, def)));
                        }
                    }
                }
            }
        }
    }

    /// Reports a cycle of globals and gives them declarations that fit everywhere.
    fn broken_globals(&mut self, cycle: &[DefId]) {
        let first = cycle.iter().copied().min();
        let at = cycle.iter().position(|def| Some(*def) == first).unwrap_or(0);
        let cycle: Vec<DefId> = cycle[at..].iter().chain(&cycle[..at]).copied().collect();
        let world = self.world;
        if let Some(first) = first {
            self.at(first).0.report_cycle(&cycle);
        }
        for def in cycle {
            let slot = world.slot(def);
            let global = Global {
                path: world.path(def).into(),
                ty: crate::checked::Type::Error,
                value: crate::checked::Constant::Unit,
                data: None,
                kind: crate::checked::GlobalKind::Const,
                exports: Box::default(),
                config: None,
                place: world.place(def),
            };
            set_once(&slot.decl, Decl::Global(Box::new(global)));
        }
    }

    fn imports(&mut self, rules: &dyn ImportRules) {
        std::mem::take(&mut self.imports).check(self.world, rules, &mut self.diagnostics);
    }

    fn exports(&mut self) {
        let world = self.world;
        let mut exports = std::mem::take(&mut self.exports);
        exports.sort_by_key(|(_, def)| *def);
        let mut first: FxHashMap<&str, Place> = FxHashMap::default();
        for ((name, span), def) in &exports {
            let place = Place { module: def.module, span: *span };
            if RESERVED_EXPORTS.contains(&&**name) || name.starts_with(RESERVED_PREFIX) {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DUPLICATE_EXPORT,
                        place,
                        format!("`{name}` is a name that the linker and the library keep for exports of their own"),
                    )
                    .help("choose another name"),
                );
            } else if let Some(first) = first.get(&**name) {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DUPLICATE_EXPORT,
                        place,
                        format!("`{name}` is exported twice"),
                    )
                    .label(*first, "first exported here")
                    .help("choose another name for one of them"),
                );
            } else {
                first.insert(name, place);
            }
        }
        let mut start: Option<DefId> = None;
        for (index, unit) in world.program.units.iter().enumerate() {
            let module = self.id(index);
            for (index, slot) in unit.slots.iter().enumerate() {
                let def = DefId { module, index: index as u32 };
                if slot.kind != SlotKind::Function || !world.function(def).start {
                    continue;
                }
                if let Some(first) = start {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::DUPLICATE_EXPORT,
                            world.place(def),
                            "a program has one function with `start`",
                        )
                        .label(world.place(first), "this is the first"),
                    );
                }
                start.get_or_insert(def);
            }
        }
    }

    fn bodies(&mut self) {
        let mut room = Room::default();
        for index in 0..self.rest.len() {
            let module = self.id(index);
            let Rest { names, asts, .. } = &mut self.rest[index];
            for (slot, ast) in asts.iter_mut().enumerate() {
                let def = DefId { module, index: slot as u32 };
                // Taken, so that it is dropped when its body is checked.
                let Some(Ast { item: AstItem::Fn(declared), .. }) = ast.take() else { continue };
                let FnBody::Block(body) = &declared.body else { continue };
                let function = self.world.function(def);
                let cx = Resolver::new(self.world, module, names, &mut self.diagnostics);
                let checked = Checker::new(cx, body, Some(function), &mut room).function(&declared);
                set_once(&self.world.slot(def).body, checked);
            }
        }
    }

    fn unused_imports(&mut self) {
        if self.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
            return;
        }
        for (index, unit) in self.world.program.units.iter().enumerate() {
            let module = self.id(index);
            for (name, import) in &unit.imports {
                if !import.public && !import.used.load(Ordering::Relaxed) {
                    let place = Place { module, span: import.span };
                    self.diagnostics.push(
                        Diagnostic::warning(
                            codes::UNUSED_IMPORT,
                            place,
                            format!("`{name}` is brought in and never used"),
                        )
                        .help("remove it"),
                    );
                }
            }
        }
    }
}

/// What a phase leaves for the next.
#[derive(Default)]
struct Later {
    functions: Vec<(DefId, Declared)>,
    exports: Vec<(Export, DefId)>,
    imports: Imports,
}

/// How far a global is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    New,
    Open,
    Done,
}
