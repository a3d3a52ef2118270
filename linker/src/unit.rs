//! Everything that a body may name, declared before bodies are lowered: definition ⇒ function, globals, data.
//!
//! Invariant: once [`reach`](crate::reach) is done nothing is added, so bodies are lowered from a shared reference, in any order.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use swasm_frontend_ir::checked::{
    Body, Checked, Constant, Data, DataKey, Def, DefId, ExprId, ExprKind, FunctionKind,
    GlobalKind as StaticKind, Inline, ModuleId, Type, ValueType,
};
use swasm_frontend_ir::{Diagnostic, codes};
use swasm_tree::{
    ConstExpr, DataId, DataPlace, ExportItem, Func, FuncId, FuncKind, FuncType, Global, GlobalId,
    GlobalKind, Import, Memory, MemoryId, Module, Symbol, ValType,
};

use crate::elide::is_wasi;
use crate::join::{Joined, Other};
use crate::layout::Layouts;
use crate::locations::Locations;
use crate::options::{MemoryMode, Options};

/// The most bytes of static data: 4 GiB less a page for what lies below it and the allocator's first records.
const MAX_DATA: u64 = (1 << 32) - 65536;

/// The linear memory: the only one, for now.
pub(crate) const MEMORY: MemoryId = MemoryId(0);

/// What elision found for a scope: it needs no allocator.
#[derive(Debug)]
pub(crate) struct StaticScope {
    /// The data that stands for each `allocate` call inside it.
    pub(crate) allocations: FxHashMap<ExprId, (DataId, u64)>,
}

/// Functions that one call alone needs.
#[derive(Debug, Default)]
pub(crate) struct CalledOnce {
    functions: FxHashSet<DefId>,
    /// By caller.
    callees: FxHashMap<DefId, Vec<DefId>>,
}

impl CalledOnce {
    /// Notes that `caller` has the only call of `def`.
    pub(crate) fn add(&mut self, def: DefId, caller: DefId) {
        self.functions.insert(def);
        self.callees.entry(caller).or_default().push(def);
    }

    /// Whether a function is one of them.
    pub(crate) fn contains(&self, def: DefId) -> bool {
        self.functions.contains(&def)
    }

    /// Those that a function calls.
    pub(crate) fn callees(&self, caller: DefId) -> &[DefId] {
        self.callees.get(&caller).map_or(&[], |callees| callees)
    }
}

/// The program's declarations.
pub(crate) struct Unit<'a> {
    pub(crate) program: &'a Checked,
    pub(crate) options: &'a Options,
    pub(crate) module: Module,
    /// The linked modules.
    pub(crate) joined: Joined<'a>,
    pub(crate) locations: Locations,
    pub(crate) well_known: WellKnown,
    /// Scopes that became static memory, by function and expression.
    pub(crate) static_scopes: FxHashMap<(DefId, ExprId), StaticScope>,
    /// The `at_exit` functions of linked modules: the program's in order of their modules, then the library's.
    pub(crate) at_exit: Vec<DefId>,
    /// Functions that one call alone needs.
    pub(crate) called_once: CalledOnce,
    /// Whether something needs the end of static data by name.
    pub(crate) uses_heap: bool,
    pub(crate) layouts: Layouts<'a>,
    /// Imports that two modules declare with different types, as they were met.
    pub(crate) conflicts: Vec<Diagnostic>,
    /// Bytes of the static data declared so far, room for alignment included.
    data_bytes: u64,
    /// The scalars that functions' types lack.
    unread: FxHashMap<DefId, Box<[bool]>>,
    main: Option<ModuleId>,
    funcs: FxHashMap<DefId, FuncId>,
    imports: FxHashMap<(&'a str, &'a str), (FuncId, DefId)>,
    globals: FxHashMap<DefId, Box<[GlobalId]>>,
    datas: FxHashMap<DataKey, DataId>,
}

/// Library items that lowering calls by itself.
#[derive(Debug)]
pub(crate) struct WellKnown {
    pub(crate) scope_open: Option<DefId>,
    pub(crate) scope_close: Option<DefId>,
    pub(crate) allocate: Option<DefId>,
    pub(crate) allocate_innermost: Option<DefId>,
    pub(crate) out_of_bounds: Option<DefId>,
    pub(crate) invalid_char: Option<DefId>,
    pub(crate) scope_close_at: Option<DefId>,
    pub(crate) check_read: Option<DefId>,
    pub(crate) check_write: Option<DefId>,
}

impl WellKnown {
    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = DefId> {
        let Self {
            scope_open,
            scope_close,
            allocate,
            allocate_innermost,
            out_of_bounds,
            invalid_char,
            scope_close_at,
            check_read,
            check_write,
        } = *self;
        [scope_open, scope_close, allocate, allocate_innermost, out_of_bounds, invalid_char]
            .into_iter()
            .chain([scope_close_at, check_read, check_write])
            .flatten()
    }

    fn new(program: &Checked) -> Self {
        Self {
            scope_open: program.library_item("std::scope::open"),
            scope_close: program.library_item("std::scope::close"),
            allocate: program.library_item("std::memory::MemoryAllocator::allocate"),
            allocate_innermost: program
                .library_item("std::memory::MemoryAllocator::allocate_innermost"),
            out_of_bounds: program.library_item("std::trap::out_of_bounds"),
            invalid_char: program.library_item("std::trap::invalid_char"),
            scope_close_at: program.library_item("std::scope::close_at"),
            check_read: program.library_item("std::scope::check_read"),
            check_write: program.library_item("std::scope::check_write"),
        }
    }
}

/// A library item that lowering relies on.
pub(crate) fn known(item: Option<DefId>) -> DefId {
    item.expect("the standard library has what lowering calls: its own tests promise so")
}

impl<'a> Unit<'a> {
    pub(crate) fn new(program: &'a Checked, options: &'a Options, others: &'a [Other]) -> Self {
        let mut module = Module::new();
        module.add_memory(Memory { name: Some("memory".into()), ..Memory::default() });
        let joined = Joined::new(others, &mut module);
        let tells = |other: &Other| if options.strip { 0 } else { other.code_that_tells() };
        Self {
            program,
            options,
            module,
            joined,
            locations: Locations::new(program, others.iter().map(tells)),
            well_known: WellKnown::new(program),
            static_scopes: FxHashMap::default(),
            at_exit: Vec::new(),
            called_once: CalledOnce::default(),
            uses_heap: false,
            layouts: Layouts::new(program),
            conflicts: Vec::new(),
            data_bytes: 0,
            unread: FxHashMap::default(),
            main: program.program_modules().next(),
            funcs: FxHashMap::default(),
            imports: FxHashMap::default(),
            globals: FxHashMap::default(),
            datas: FxHashMap::default(),
        }
    }

    /// Whether accesses through segments are tested.
    pub(crate) fn checks(&self) -> bool {
        self.options.memory != MemoryMode::Unchecked
    }

    /// What debug information calls an item: its path, without the module for what the program's first module defines.
    pub(crate) fn name<'p>(&self, module: ModuleId, path: &'p str) -> &'p str {
        if Some(module) != self.main {
            return path;
        }
        let prefix = self.program.module_name(module);
        path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix("::")).unwrap_or(path)
    }

    // ---- declaring, while reaching

    /// Declares a function or import; the second is whether it is new.
    pub(crate) fn declare_function(&mut self, def: DefId) -> (FuncId, bool) {
        if let Some(&func) = self.funcs.get(&def) {
            return (func, false);
        }
        let function = self.program.function(def);
        let ty = self.layouts.func_type(&function.signature);
        let func = match &function.kind {
            FunctionKind::Import(it) => self.declare_import(def, &it.module, &it.name, ty),
            FunctionKind::Body | FunctionKind::Template(_) | FunctionKind::Hook(_) => {
                let name = self.name(def.module, &function.path);
                self.module.declare_func(ty, Some(name))
            }
        };
        self.funcs.insert(def, func);
        (func, true)
    }

    /// One import, however many declarations bind it. The checker has seen that those of the program agree; the library's are met here.
    fn declare_import(
        &mut self,
        def: DefId,
        module: &'a str,
        name: &'a str,
        ty: FuncType,
    ) -> FuncId {
        let ty = self.module.types.func(ty);
        if let Some(func) = self.declare_linked(def, module, name, ty) {
            return func;
        }
        if let Some(&(func, first)) = self.imports.get(&(module, name)) {
            if self.module.funcs[func.index()].ty != ty {
                let conflict = self.import_conflict(module, name, first, def);
                self.conflicts.push(conflict);
            }
            return func;
        }
        let import = Import { module: module.into(), name: name.into() };
        let func = self.module.add_func(Func {
            ty,
            name: Some(name.into()),
            kind: FuncKind::Import(import),
        });
        self.imports.insert((module, name), (func, def));
        func
    }

    /// The import of the program that has this name.
    pub(crate) fn import_id(&self, from: &Import) -> Option<ExportItem> {
        let known = self.imports.get(&(&*from.module, &*from.name));
        known.map(|(func, _)| ExportItem::Func(*func))
    }

    /// Names of the functions of WASI that the program itself imports, in order.
    pub(crate) fn wasi_imports(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .imports
            .keys()
            .filter(|(module, _)| is_wasi(module))
            .map(|(_, name)| *name)
            .collect();
        names.sort_unstable();
        names
    }

    fn import_conflict(&mut self, module: &str, name: &str, a: DefId, b: DefId) -> Diagnostic {
        let program = self.program;
        // A user can change the program's declaration, which has the larger id.
        let (theirs, ours) = (program.function(a.min(b)), program.function(a.max(b)));
        let (theirs_ty, ours_ty) =
            (self.layouts.func_type(&theirs.signature), self.layouts.func_type(&ours.signature));
        Diagnostic::error(
            codes::IMPORT_CONFLICT,
            ours.place,
            format!("`{name}` of `{module}` is imported with two signatures"),
        )
        .note(format!("here it is `{}`", show(&ours_ty)))
        .label(theirs.place, format!("here it is `{}`", show(&theirs_ty)))
        .help("declare it the same way as there")
    }

    /// Declares the globals of a `static mut`: one for each scalar.
    pub(crate) fn declare_static(&mut self, def: DefId) -> bool {
        if self.globals.contains_key(&def) {
            return false;
        }
        let program = self.program;
        let global = program.global(def);
        let mut types = Vec::new();
        self.layouts.push(&global.ty, &mut types);
        let mut values = Vec::new();
        self.const_exprs(&global.value, &mut values);
        let name = self.name(def.module, &global.path);
        let ids: Box<[GlobalId]> = types
            .iter()
            .zip(values)
            .enumerate()
            .map(|(index, (&ty, value))| {
                let name =
                    if types.len() == 1 { name.into() } else { format!("{name}.{index}").into() };
                self.module.add_global(Global {
                    ty,
                    mutable: global.kind == StaticKind::StaticMut,
                    shared: false,
                    name: Some(name),
                    kind: GlobalKind::Defined(fit(ty, value)),
                })
            })
            .collect();
        self.globals.insert(def, ids);
        true
    }

    /// Declares static data.
    pub(crate) fn declare_data(&mut self, key: &DataKey) -> DataId {
        if let Some(&id) = self.datas.get(key) {
            return id;
        }
        let program = self.program;
        let data = match key {
            DataKey::Bytes(bytes) => swasm_tree::Data {
                name: None,
                align: 1,
                bytes: bytes.to_vec(),
                size: bytes.len() as u64,
                relocs: Vec::new(),
                read_only: true,
                place: DataPlace::Laid,
            },
            DataKey::Item(def) => {
                let global = program.global(*def);
                let data = global
                    .data
                    .as_ref()
                    .expect("the checker made the key from data that the item owns");
                let name = self.name(def.module, &global.path);
                swasm_tree::Data {
                    name: Some(name.into()),
                    align: data.align,
                    bytes: data.bytes.to_vec(),
                    size: data.size,
                    relocs: Vec::new(),
                    read_only: !data.writable,
                    place: DataPlace::Laid,
                }
            }
        };
        self.count_data(key, data.size + u64::from(data.align));
        let id = self.module.add_data(data);
        self.datas.insert(key.clone(), id);
        if let DataKey::Item(def) = key {
            let data: &Data = program.global(*def).data.as_ref().expect("looked at above");
            let relocs =
                data.fixups.iter().map(|(offset, value)| (*offset, self.symbol(value))).collect();
            self.module.datas[id.index()].relocs = relocs;
        }
        id
    }

    /// Static data must fit into memory, with room for the allocator's first pages: the item that passes the limit is told.
    fn count_data(&mut self, key: &DataKey, bytes: u64) {
        let fitted = self.data_bytes <= MAX_DATA;
        self.data_bytes += bytes;
        let DataKey::Item(def) = key else { return };
        if fitted && self.data_bytes > MAX_DATA {
            let global = self.program.global(*def);
            let name = self.name(def.module, &global.path);
            let message =
                format!("with `{name}` the program has more than {MAX_DATA} bytes of static data");
            self.conflicts.push(
                Diagnostic::error(codes::DATA, global.place, message)
                    .note("does not fit into memory any more")
                    .help("allocate what need not be there from the start"),
            );
        }
    }

    fn symbol(&mut self, value: &Constant) -> Symbol {
        match value {
            Constant::Address(key, addend) => {
                Symbol::Data { data: self.declare_data(key), addend: *addend }
            }
            Constant::Function(def) => Symbol::TableSlot(self.declare_function(*def).0),
            Constant::Int(_)
            | Constant::F32(_)
            | Constant::F64(_)
            | Constant::V128(_)
            | Constant::Unit
            | Constant::Segment(_)
            | Constant::Struct(_) => {
                unreachable!("the checker makes fixups of addresses and functions only")
            }
        }
    }

    fn const_exprs(&mut self, value: &Constant, out: &mut Vec<ConstExpr>) {
        match value {
            // The type decides; globals of 64 bits are told apart by the caller's list of types.
            Constant::Int(bits) => out.push(ConstExpr::I64(*bits as i64)),
            Constant::F32(bits) => out.push(ConstExpr::F32(*bits)),
            Constant::F64(bits) => out.push(ConstExpr::F64(*bits)),
            Constant::V128(bytes) => out.push(ConstExpr::V128(*bytes)),
            Constant::Unit => (),
            Constant::Function(_) | Constant::Address(..) => {
                let symbol = self.symbol(value);
                out.push(ConstExpr::Symbol(symbol));
            }
            Constant::Segment(key) => {
                let data = self.declare_data(key);
                let size = self.module.datas[data.index()].size;
                out.push(ConstExpr::Symbol(Symbol::Data { data, addend: 0 }));
                out.push(ConstExpr::I64(size as i64));
            }
            Constant::Struct(fields) => {
                for field in fields {
                    self.const_exprs(field, out);
                }
            }
        }
    }

    /// The exported names of a static's globals.
    pub(crate) fn static_exports(&self, name: &str, def: DefId) -> Vec<(String, GlobalId)> {
        match *self.static_globals(def) {
            [one] => vec![(name.to_owned(), one)],
            ref all => {
                all.iter().enumerate().map(|(index, id)| (format!("{name}.{index}"), *id)).collect()
            }
        }
    }

    // ---- asking, while lowering

    /// The function of a definition that was reached.
    pub(crate) fn func(&self, def: DefId) -> FuncId {
        self.funcs
            .get(&def)
            .copied()
            .expect("`reach` promised to declare every function that a body names")
    }

    /// The globals of a static that was reached.
    pub(crate) fn static_globals(&self, def: DefId) -> &[GlobalId] {
        self.globals.get(&def).expect("`reach` promised to declare every static that a body names")
    }

    /// The data of a key that was reached.
    pub(crate) fn data(&self, key: &DataKey) -> DataId {
        self.datas
            .get(key)
            .copied()
            .expect("`reach` promised to declare all data that a body names")
    }

    /// The value of a flag that the options set, or what was reached; `None` for other values that the linker gives.
    pub(crate) fn flag(&self, def: DefId) -> Option<bool> {
        match self.program.global(def).config.as_deref() {
            Some("at_exit") => Some(!self.at_exit.is_empty()),
            Some("memory_checked") => Some(self.checks()),
            Some("memory_poison") => Some(self.options.memory == MemoryMode::Poison),
            Some("memory_zero") => Some(self.options.memory == MemoryMode::Zero),
            _ => None,
        }
    }

    /// A condition's value, if the linker's choices decide it: what the other branch needs must not be linked, at any level.
    pub(crate) fn decided(&self, source: &Body, condition: ExprId) -> Option<bool> {
        let mut spine: SmallVec<[(bool, ExprId); 4]> = SmallVec::new();
        let mut at = condition;
        while let ExprKind::And(left, right) | ExprKind::Or(left, right) = source[at].kind {
            spine.push((matches!(source[at].kind, ExprKind::And(..)), right));
            at = left;
        }
        let mut value = if let ExprKind::Config(def) = source[at].kind {
            self.flag(def)?
        } else if let ExprKind::Not(inner) = source[at].kind {
            !self.decided(source, inner)?
        } else {
            return None;
        };
        while let Some((is_and, right)) = spine.pop() {
            if value == is_and {
                value = self.decided(source, right)?;
            }
        }
        Some(value)
    }

    /// Takes parameters' scalars out of a function's type. Nothing was lowered yet that calls it.
    pub(crate) fn leave_out(&mut self, def: DefId, unread: Box<[bool]>) {
        let func = self.func(def);
        let ty = self.module.func_type(func);
        let params = ty.params.iter().zip(&unread);
        let params = params.filter(|(_, unread)| !**unread).map(|(ty, _)| *ty).collect();
        let ty = FuncType { params, results: ty.results.clone() };
        self.module.funcs[func.index()].ty = self.module.types.func(ty);
        self.unread.insert(def, unread);
    }

    /// Which of a function's parameters' scalars were left out of its type, if any were.
    pub(crate) fn unread(&self, def: DefId) -> Option<&[bool]> {
        self.unread.get(&def).map(|unread| &**unread)
    }

    /// Whether a host may call a function.
    pub(crate) fn is_exported(&self, def: DefId) -> bool {
        !self.program.function(def).exports.is_empty() || self.is_root(def)
    }

    /// Whether the options name a function.
    pub(crate) fn is_root(&self, def: DefId) -> bool {
        let path = &*self.program.function(def).path;
        let name = self.name(def.module, path);
        self.options.roots.iter().any(|root| root == path || root == name)
    }

    /// Whether a function may be copied into its callers, as far as its source tells: those who do so must wait for it.
    pub(crate) fn may_inline(&self, def: DefId) -> bool {
        /// Longer bodies, in expressions, are not copied unless their author says `inline`, or there is one call only.
        const MAX_EXPRESSIONS: usize = 64;
        let function = self.program.function(def);
        let is_short = match (&function.kind, function.inline) {
            (FunctionKind::Import(_), _) | (_, Inline::Never) => false,
            (FunctionKind::Body, Inline::Auto) => {
                let is_short = self.program.body(def).exprs.len() <= MAX_EXPRESSIONS;
                !function.cold && (is_short || self.called_once.contains(def))
            }
            (FunctionKind::Body | FunctionKind::Template(_) | FunctionKind::Hook(_), _) => true,
        };
        is_short && !self.is_root(def)
    }

    /// The functions that the options name, in their order.
    pub(crate) fn roots(&self) -> Vec<(String, DefId)> {
        let mut roots = Vec::new();
        for module in self.program.program_modules() {
            for def in self.program.definitions(module) {
                if let Def::Function(function) = self.program.def(def) {
                    let name = self.name(def.module, &function.path);
                    let named = self
                        .options
                        .roots
                        .iter()
                        .filter(|root| **root == *function.path || **root == *name);
                    roots.extend(named.map(|root| (root.clone(), def)));
                }
            }
        }
        roots
    }

    /// The static that a global is of.
    pub(crate) fn static_of(&self, global: GlobalId) -> Option<DefId> {
        self.globals.iter().find(|(_, globals)| globals.contains(&global)).map(|(def, _)| *def)
    }

    /// The library's statics that were reached, in order.
    pub(crate) fn library_statics(&self) -> Vec<DefId> {
        let own: Vec<ModuleId> = self.program.program_modules().collect();
        let mut found: Vec<DefId> =
            self.globals.keys().copied().filter(|def| !own.contains(&def.module)).collect();
        found.sort_unstable();
        found
    }

    /// The modules of the imports that were reached.
    pub(crate) fn import_modules(&self) -> impl Iterator<Item = &str> {
        self.module.funcs.iter().filter_map(|func| match &func.kind {
            FuncKind::Import(import) => Some(&*import.module),
            FuncKind::Defined(_) | FuncKind::Read(_) | FuncKind::Declared => None,
        })
    }
}

/// `fn(i32, i64) -> i32`
pub(crate) fn show(ty: &FuncType) -> String {
    let list =
        |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match &*ty.results {
        [] => format!("fn({})", list(&ty.params)),
        [result] => format!("fn({}) -> {result}", list(&ty.params)),
        results => format!("fn({}) -> ({})", list(&ty.params), list(results)),
    }
}

/// Gives a constant the type of the global it starts.
pub(crate) fn fit(ty: ValType, value: ConstExpr) -> ConstExpr {
    match (ty, value) {
        (ValType::I32, ConstExpr::I64(bits)) => ConstExpr::I32(bits as i32),
        (_, value) => value,
    }
}

/// Appends the type of each scalar that `ty` is held in; a function pointer's counts as `i32`.
pub(crate) fn scalar_types(program: &Checked, ty: &Type, into: &mut Vec<ValueType>) {
    match ty {
        Type::Value(value) => into.push(*value),
        Type::Pointer(_) => into.push(ValueType::I32),
        Type::Unit | Type::Never | Type::Error => (),
        // The checker bounds how deep structs nest.
        Type::Struct(id) => {
            program
                .structure(*id)
                .fields
                .iter()
                .for_each(|(_, field)| scalar_types(program, field, into));
        }
    }
}

/// Whether a scalar has a range that a host might leave.
pub(crate) fn needs_normalising(ty: ValueType) -> bool {
    use ValueType as V;
    matches!(ty, V::Bool | V::Char | V::I8 | V::U8 | V::I16 | V::U16)
}

/// Whether a `char` is among the scalars of `ty`.
pub(crate) fn holds_char(program: &Checked, ty: &Type) -> bool {
    match ty {
        Type::Value(value) => *value == ValueType::Char,
        Type::Pointer(_) | Type::Unit | Type::Never | Type::Error => false,
        Type::Struct(_) => {
            let mut scalars = Vec::new();
            scalar_types(program, ty, &mut scalars);
            scalars.contains(&ValueType::Char)
        }
    }
}
