//! Exports ⇒ everything they need, declared; the functions to lower, callees before callers where calls are not recursive.
//!
//! Three steps: summaries of all bodies that may be needed; elision, which makes allocators unnecessary; then one walk that declares what
//! is left. An import that nobody calls, a static nobody names, are never seen.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use swasm_frontend_ir::Diagnostic;
use swasm_frontend_ir::checked::{
    Body, Constant, DataKey, Def, DefId, ExprId, ExprKind, FunctionKind, ModuleId, Row, RowSymbol,
    Signature, Type,
};
use swasm_tree::FuncType;

use crate::elide;
use crate::options::MemoryMode;
use crate::pipeline;
use crate::unit::{CalledOnce, Unit, holds_char, known};
use crate::unread::drop_unread;

/// What a body names. There is one of every function at the same time, and most only call: the rest is apart.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// The callee of each of its calls, templates left out.
    pub(crate) calls: Vec<DefId>,
    rest: Option<Box<Rest>>,
    /// Whether it needs `std::trap::out_of_bounds`.
    checks: bool,
    /// Whether it validates a `char`.
    validates_char: bool,
    /// Whether it names the end of static data.
    names_heap: bool,
}

/// What few bodies name.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// Functions whose address it takes.
    pub(crate) addresses: Vec<DefId>,
    /// Those of `calls` that templates name.
    named: Vec<DefId>,
    /// `static mut`s it names.
    statics: Vec<DefId>,
    /// Static data it names.
    datas: Vec<DataKey>,
    /// Its scopes.
    pub(crate) scopes: Vec<ExprId>,
    /// Its calls of `MemoryAllocator::allocate`.
    allocations: Vec<ExprId>,
    /// The types of the pointers it calls through.
    pub(crate) pointers: Vec<Arc<Signature>>,
    /// Types that templates call through.
    types: Vec<FuncType>,
}

/// A function that was reached and has code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached {
    pub(crate) def: DefId,
    /// Above the waves of all functions it calls, except where calls are recursive.
    pub(crate) wave: u32,
}

/// The summaries of the functions that may be needed.
pub(crate) type Summaries = FxHashMap<DefId, Summary>;

/// Declares everything that the program's exports need; gives the functions with code, callees first.
///
/// # Errors
/// If declarations of one import disagree.
pub(crate) fn reach(unit: &mut Unit<'_>) -> Result<Vec<Reached>, Vec<Diagnostic>> {
    let roots = roots(unit);
    let mut summaries = Summaries::default();
    let mut pending = roots.clone();
    while let Some(def) = pending.pop() {
        summaries.entry(def).or_insert_with(|| {
            let summary = summarise(unit, def);
            pending.extend(summary.calls.iter().chain(&summary.rest().addresses));
            summary
        });
    }
    elide::elide(unit, &roots, &summaries);
    // Whoever copies functions asks for them.
    if !pipeline::runs_no_pass(unit.options) {
        unit.called_once = called_once(unit, &roots, &summaries);
    }

    // What lowering calls by itself, it calls with all arguments.
    let fixed = unit.well_known.all().collect();
    let count = summaries.len();
    let mut walk = Walk {
        unit,
        summaries,
        order: Vec::with_capacity(count),
        waves: FxHashMap::with_capacity_and_hasher(count, Default::default()),
        seen: FxHashSet::with_capacity_and_hasher(count, Default::default()),
        statics: FxHashSet::default(),
        fixed,
    };
    walk.visit_exported_statics();
    for def in roots {
        walk.visit(def);
    }
    walk.visit_exits();
    let Walk { order, fixed, .. } = walk;
    if !unit.conflicts.is_empty() {
        return Err(std::mem::take(&mut unit.conflicts));
    }
    drop_unread(unit, &order, &fixed);
    Ok(order)
}

/// The functions that something outside asks for, in order of definition.
fn roots(unit: &mut Unit<'_>) -> Vec<DefId> {
    let program = unit.program;
    let mut roots = Vec::new();
    for module in program.program_modules() {
        for def in program.definitions(module) {
            match program.def(def) {
                Def::Function(function) => {
                    if function.start || unit.is_exported(def) {
                        roots.push(def);
                    }
                }
                Def::Global(_) | Def::Struct(_) => (),
            }
        }
    }
    roots
}

/// The functions with one call in the program and no other use, and who calls them. Their bodies wait until that is compiled, so all of
/// them together are bounded.
fn called_once(unit: &Unit<'_>, roots: &[DefId], summaries: &Summaries) -> CalledOnce {
    /// Expressions of one such function.
    const MAX_EXPRESSIONS: usize = 400;
    /// Expressions of all of them: few megabytes of bodies.
    const MAX_ALL_EXPRESSIONS: usize = 8_000;
    let mut functions: Vec<DefId> = summaries.keys().copied().collect();
    functions.sort_unstable();
    // Any use but a call counts like two.
    let mut uses: FxHashMap<DefId, (u32, DefId)> =
        roots.iter().map(|def| (*def, (2, *def))).collect();
    for &caller in &functions {
        let summary = &summaries[&caller];
        for def in &summary.calls {
            uses.entry(*def).or_insert((0, caller)).0 += 1;
        }
        for def in summary.rest().addresses.iter().chain(&summary.rest().named) {
            uses.entry(*def).or_insert((0, caller)).0 += 2;
        }
    }
    let mut left = MAX_ALL_EXPRESSIONS;
    let mut once = CalledOnce::default();
    for def in functions {
        let Some(&(1, caller)) = uses.get(&def) else { continue };
        if !matches!(unit.program.function(def).kind, FunctionKind::Body) {
            continue;
        }
        let expressions = unit.program.body(def).exprs.len();
        if expressions <= MAX_EXPRESSIONS && expressions <= left {
            left -= expressions;
            once.add(def, caller);
        }
    }
    once
}

/// What a function names. Imports name nothing.
fn summarise(unit: &Unit<'_>, def: DefId) -> Summary {
    let program = unit.program;
    let function = program.function(def);
    let mut summary = Summary::default();
    if unit.is_exported(def) {
        summary.validates_char = function.signature.params.iter().any(|ty| holds_char(program, ty));
    }
    match &function.kind {
        FunctionKind::Import(_) | FunctionKind::Hook(_) => {}
        FunctionKind::Template(row) => summary.row(unit, row, &function.signature.result),
        FunctionKind::Body => {
            let body = program.body(def);
            for id in body.ids() {
                summary.expr(unit, body, id);
            }
        }
    }
    summary
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.last() != Some(&item) {
        list.push(item);
    }
}

impl Summary {
    /// What it names besides functions to call.
    pub(crate) fn rest(&self) -> &Rest {
        static NOTHING: Rest = Rest {
            addresses: Vec::new(),
            named: Vec::new(),
            statics: Vec::new(),
            datas: Vec::new(),
            scopes: Vec::new(),
            allocations: Vec::new(),
            pointers: Vec::new(),
            types: Vec::new(),
        };
        self.rest.as_deref().unwrap_or(&NOTHING)
    }

    fn rest_mut(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    fn expr(&mut self, unit: &Unit<'_>, body: &Body, id: ExprId) {
        match &body[id].kind {
            ExprKind::Call(callee, _) if Some(*callee) == unit.well_known.allocate => {
                self.rest_mut().allocations.push(id)
            }
            ExprKind::Call(callee, _) => match &unit.program.function(*callee).kind {
                FunctionKind::Template(row) => self.row(unit, row, body.ty(id)),
                FunctionKind::Import(_) => {
                    self.validates_char |= holds_char(unit.program, body.ty(id));
                    self.calls.push(*callee);
                }
                FunctionKind::Body | FunctionKind::Hook(_) => self.calls.push(*callee),
            },
            ExprKind::Constant(value) => self.constant(value),
            ExprKind::Static(def) => add(&mut self.rest_mut().statics, *def),
            ExprKind::Wasm(row, _) => self.row(unit, row, body.ty(id)),
            ExprKind::Config(def) => {
                self.names_heap |= unit.program.global(*def).config.as_deref() == Some("heap_base");
            }
            ExprKind::Scope(..) => self.rest_mut().scopes.push(id),
            ExprKind::Element(..) => self.checks = true,
            ExprKind::CallPointer(callee, _) => {
                let Type::Pointer(signature) = body.ty(*callee) else {
                    unreachable!("the checker promised a pointer")
                };
                add(&mut self.rest_mut().pointers, signature.clone());
            }
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Local(_)
            | ExprKind::Neg(_)
            | ExprKind::Not(_)
            | ExprKind::Binary(..)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Cast(_)
            | ExprKind::Assign(..)
            | ExprKind::AssignOp(..)
            | ExprKind::Block { .. }
            | ExprKind::LetStruct(..)
            | ExprKind::Let(..)
            | ExprKind::If(..)
            | ExprKind::Match(..)
            | ExprKind::Loop(_)
            | ExprKind::While(..)
            | ExprKind::For(_)
            | ExprKind::Break(..)
            | ExprKind::Continue(_)
            | ExprKind::Return(_)
            | ExprKind::Become(_)
            | ExprKind::Field(..)
            | ExprKind::Struct(_) => (),
        }
    }

    /// A template and the type that its results are given.
    fn row(&mut self, unit: &Unit<'_>, row: &Row, result: &Type) {
        self.checks |= row.checked.is_some();
        self.validates_char |= holds_char(unit.program, result);
        for symbol in &row.symbols {
            let def = match symbol {
                RowSymbol::Def(def) => *def,
                RowSymbol::Type(ty) => {
                    add(&mut self.rest_mut().types, ty.clone());
                    continue;
                }
            };
            match unit.program.def(def) {
                Def::Function(_) => {
                    add(&mut self.calls, def);
                    add(&mut self.rest_mut().named, def);
                }
                Def::Global(_) => add(&mut self.rest_mut().statics, def),
                Def::Struct(_) => {
                    unreachable!("the checker binds symbols to functions and statics")
                }
            }
        }
    }

    fn constant(&mut self, value: &Constant) {
        match value {
            Constant::Function(def) => add(&mut self.rest_mut().addresses, *def),
            Constant::Address(key, _) | Constant::Segment(key) => {
                add(&mut self.rest_mut().datas, key.clone())
            }
            Constant::Struct(fields) => fields.iter().for_each(|field| self.constant(field)),
            Constant::Int(_)
            | Constant::F32(_)
            | Constant::F64(_)
            | Constant::V128(_)
            | Constant::Unit => (),
        }
    }
}

/// The declaring walk: depth first, with its own stack.
struct Walk<'u, 'a> {
    unit: &'u mut Unit<'a>,
    summaries: Summaries,
    order: Vec<Reached>,
    /// The wave of each function in `order`.
    waves: FxHashMap<DefId, u32>,
    seen: FxHashSet<DefId>,
    statics: FxHashSet<DefId>,
    /// Functions that are not only called by bodies: pointers to them exist, or templates call them.
    fixed: FxHashSet<DefId>,
}

impl Walk<'_, '_> {
    fn visit_exported_statics(&mut self) {
        let program = self.unit.program;
        for module in program.program_modules() {
            for def in program.definitions(module) {
                if matches!(program.def(def), Def::Global(global) if !global.exports.is_empty()) {
                    let mut functions = Vec::new();
                    self.static_(def, &mut functions);
                    self.fixed.extend(&functions);
                    functions.into_iter().for_each(|def| self.visit(def));
                }
            }
        }
    }

    /// Declares a static; gives the functions that its initial value names.
    fn static_(&mut self, def: DefId, functions: &mut Vec<DefId>) {
        if self.statics.insert(def) {
            self.value(def, functions);
            self.unit.declare_static(def);
        }
    }

    fn visit(&mut self, root: DefId) {
        let mut stack = Vec::new();
        if let Some(edges) = self.enter(root) {
            stack.push((root, edges, 0));
        }
        while let Some((def, edges, next)) = stack.last_mut() {
            if let Some(&callee) = edges.get(*next) {
                *next += 1;
                if let Some(edges) = self.enter(callee) {
                    stack.push((callee, edges, 0));
                }
            } else {
                // A callee that isn't finished is a caller too: nothing of it will be copied.
                let copied = edges.iter().filter(|callee| self.unit.may_inline(**callee));
                let wave = copied.filter_map(|callee| self.waves.get(callee)).max();
                let wave = wave.map_or(0, |wave| wave + 1);
                self.waves.insert(*def, wave);
                self.order.push(Reached { def: *def, wave });
                stack.pop();
            }
        }
    }

    /// Declares a function and what it names; gives the functions it names, or nothing if it has no code or is known.
    fn enter(&mut self, def: DefId) -> Option<Vec<DefId>> {
        if !self.seen.insert(def) {
            return None;
        }
        self.unit.declare_function(def);
        if matches!(self.unit.program.function(def).kind, FunctionKind::Import(_)) {
            return None;
        }
        let summary = self.summaries.remove(&def).unwrap_or_else(|| summarise(self.unit, def));
        let rest = summary.rest.map(|rest| *rest).unwrap_or_default();
        let mut pointed = rest.addresses;
        for key in &rest.datas {
            self.data(key, &mut pointed);
        }
        for signature in &rest.pointers {
            let ty = self.unit.layouts.func_type(signature);
            self.unit.module.types.func(ty);
        }
        for ty in rest.types {
            self.unit.module.types.func(ty);
        }
        for def in rest.statics {
            self.static_(def, &mut pointed);
        }
        self.fixed.extend(pointed.iter().chain(&rest.named));
        let mut edges = summary.calls;
        edges.append(&mut pointed);
        let well_known = &self.unit.well_known;
        let is_static = |scope: &ExprId| self.unit.static_scopes.contains_key(&(def, *scope));
        if !rest.scopes.iter().all(is_static) {
            let poison = self.unit.options.memory == MemoryMode::Poison;
            let close = if poison { well_known.scope_close_at } else { well_known.scope_close };
            edges.extend([known(well_known.scope_open), known(close)]);
        }
        let elided: usize = rest
            .scopes
            .iter()
            .filter_map(|scope| self.unit.static_scopes.get(&(def, *scope)))
            .map(|scope| scope.allocations.len())
            .sum();
        if rest.allocations.len() > elided {
            // Lowering knows which of the two it takes; the other one is dropped with what nobody calls.
            edges.extend([known(well_known.allocate), known(well_known.allocate_innermost)]);
        }
        if summary.checks && self.unit.checks() {
            edges.push(known(well_known.out_of_bounds));
            if self.unit.options.memory == MemoryMode::Poison {
                edges.extend([known(well_known.check_read), known(well_known.check_write)]);
            }
        }
        if summary.validates_char {
            edges.push(known(well_known.invalid_char));
        }
        self.unit.uses_heap |= summary.names_heap;
        Some(edges)
    }

    /// The functions that a static's initial value or an item's data names.
    fn value(&self, def: DefId, edges: &mut Vec<DefId>) {
        let global = self.unit.program.global(def);
        let mut summary = Summary::default();
        summary.constant(&global.value);
        let rest = summary.rest();
        edges.extend(&rest.addresses);
        for key in &rest.datas {
            self.data_functions(key, edges);
        }
    }

    fn data(&mut self, key: &DataKey, edges: &mut Vec<DefId>) {
        self.data_functions(key, edges);
        self.unit.declare_data(key);
    }

    fn data_functions(&self, key: &DataKey, edges: &mut Vec<DefId>) {
        let mut pending = vec![key.clone()];
        let mut seen = FxHashSet::default();
        while let Some(key) = pending.pop() {
            let DataKey::Item(def) = &key else { continue };
            if !seen.insert(*def) {
                continue;
            }
            let Some(data) = &self.unit.program.global(*def).data else { continue };
            for (_, fixup) in &data.fixups {
                let mut summary = Summary::default();
                summary.constant(fixup);
                let rest = summary.rest_mut();
                edges.append(&mut rest.addresses);
                pending.append(&mut rest.datas);
            }
        }
    }

    /// Reaches the `at_exit` functions of every module that something was reached of, until there are no new ones.
    fn visit_exits(&mut self) {
        let mut linked: FxHashSet<ModuleId> = FxHashSet::default();
        loop {
            let mut modules: Vec<ModuleId> = self
                .seen
                .iter()
                .map(|def| def.module)
                .filter(|module| !linked.contains(module))
                .collect();
            modules.sort_unstable();
            modules.dedup();
            if modules.is_empty() {
                break;
            }
            for module in modules {
                linked.insert(module);
                for def in self.unit.program.at_exit(module) {
                    self.visit(def);
                    self.unit.at_exit.push(def);
                }
            }
        }
        // The library's last: what the program prints when it leaves is still in its buffer.
        let program = self.unit.program;
        self.unit.at_exit.sort_unstable_by_key(|def| (program.is_library(def.module), *def));
    }
}
