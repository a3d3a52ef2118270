//! A checked body ⇒ a tree body: the straight translation, with constants folded while building.
//!
//! Values are taken apart into *scalars*, each of which is one node with one result. A node is made after the nodes that are evaluated
//! before it and stands behind them in its parent's list, so the tree evaluates in the order of the text.
//!
//! Invariants:
//! - [`Value::nodes`] has one node for each scalar of the expression's type; for a type without scalars it has at most one node, without
//!   results;
//! - `Err(node)` is code that never completes; nothing is put behind it.

mod access;
mod calls;
mod control;
mod operators;
mod scopes;
mod temps;

use rustc_hash::FxHashSet;
use smallvec::{SmallVec, smallvec};
use swasm_frontend_ir::checked::{
    Body as Source, Constant, DefId, ExprId, ExprKind, FunctionKind, LocalId as IrLocal, Type,
    ValueType,
};
use swasm_tree::{Body, Loc, LocalId, NodeId, Op, Symbol, Unchanged, ValType};

use crate::layout::{Layouts, val_type};
use crate::pipeline;
use crate::unit::{Unit, needs_normalising, scalar_types};
use temps::Temps;

/// A list of nodes, mostly one or two.
pub(crate) type Nodes = SmallVec<[NodeId; 4]>;

/// The scalars of a value.
pub(crate) type Lowered = Result<Nodes, NodeId>;

/// A run of WebAssembly locals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Locals {
    first: u32,
    count: u32,
}

impl Locals {
    fn iter(self) -> impl Iterator<Item = LocalId> {
        (self.first..self.first + self.count).map(LocalId)
    }
}

/// Something that `break` and `continue` can name.
#[derive(Debug)]
struct Frame {
    expr: ExprId,
    /// Scopes open around it.
    scopes: usize,
    /// The value types a `break` carries.
    results: SmallVec<[ValType; 2]>,
    /// The block that a `break` leaves, made by the first one.
    break_to: Option<NodeId>,
    /// The loop or block that a `continue` goes to; for `for` loops made by the first one.
    continue_to: Option<NodeId>,
}

/// Lowers functions one after another, reusing what it allocated.
pub(crate) struct Lowerer<'u, 'a> {
    unit: &'u Unit<'a>,
    layouts: Layouts<'a>,
}

/// The state of one function's lowering.
struct Function<'l, 'u, 'a> {
    unit: &'u Unit<'a>,
    layouts: &'l mut Layouts<'a>,
    def: DefId,
    source: &'a Source,
    body: &'l mut Body,
    locals: Vec<Locals>,
    frames: Vec<Frame>,
    /// Open scopes: the locals that hold their allocators.
    scopes: Vec<LocalId>,
    /// The innermost open scope that became static memory, with its allocations.
    static_scopes: Vec<ExprId>,
    /// Lists under construction: each user truncates to where it began.
    stack: Vec<NodeId>,
    /// `for` variables that are known not to be negative.
    non_negative: Vec<IrLocal>,
    /// What a `break` or `continue` names.
    targets: FxHashSet<ExprId>,
    temps: Temps,
}

impl<'u, 'a> Lowerer<'u, 'a> {
    pub(crate) fn new(unit: &'u Unit<'a>) -> Self {
        Self { unit, layouts: Layouts::new(unit.program) }
    }

    /// Fills `body` with the code of a function that was reached.
    pub(crate) fn lower(&mut self, def: DefId, body: &mut Body) {
        let unit = self.unit;
        let function = unit.program.function(def);
        let ty = unit.module.func_type(unit.func(def));
        body.reset(&ty.params, &ty.results);
        let empty: &'a Source = empty_source();
        let source = match &function.kind {
            FunctionKind::Body => unit.program.body(def),
            FunctionKind::Template(_) | FunctionKind::Hook(_) | FunctionKind::Import(_) => empty,
        };
        let mut lowering = Function {
            unit,
            layouts: &mut self.layouts,
            def,
            source,
            body,
            locals: Vec::new(),
            frames: Vec::new(),
            scopes: Vec::new(),
            static_scopes: Vec::new(),
            stack: Vec::new(),
            non_negative: Vec::new(),
            targets: targets(source),
            // A pass sees more where each value has a local of its own, and shares them out in the end.
            temps: Temps::new(pipeline::runs_no_pass(unit.options)),
        };
        lowering.body.at(unit.locations.loc(function.place.module, function.place.span.begin()));
        lowering.declare_params();
        let root = match &function.kind {
            FunctionKind::Body => lowering.whole_body(),
            FunctionKind::Template(row) => lowering.template_body(row),
            FunctionKind::Hook(name) => lowering.hook_body(name),
            FunctionKind::Import(_) => unreachable!("`reach` lists functions with code only"),
        };
        lowering.body.set_root(root);
    }
}

fn empty_source() -> &'static Source {
    static EMPTY: std::sync::OnceLock<Source> = std::sync::OnceLock::new();
    EMPTY.get_or_init(Source::default)
}

/// The expressions that a `break` or `continue` names.
fn targets(source: &Source) -> FxHashSet<ExprId> {
    let mut targets = FxHashSet::default();
    for expr in &source.exprs {
        if let ExprKind::Break(target, _) | ExprKind::Continue(target) = expr.kind {
            targets.insert(target);
        }
    }
    targets
}

impl<'a> Function<'_, '_, 'a> {
    // ---- locals

    /// Gives parameters their locals and names.
    fn declare_params(&mut self) {
        let function = self.unit.program.function(self.def);
        let mut unread = self.unit.unread(self.def).unwrap_or_default();
        let mut next = 0;
        for (ty, name) in function.signature.params.iter().zip(&function.params) {
            let count = self.layouts.count(ty);
            let (own, rest) = unread.split_at(unread.len().min(count as usize));
            unread = rest;
            let locals = if own.contains(&true) {
                // What is left of it moves, to stand beside the places of what nobody passes.
                let first = self.body.local_count() as u32;
                for (at, (ty, unread)) in (first..).zip(self.scalars(ty).into_iter().zip(own)) {
                    self.body.add_local(ty);
                    if !unread {
                        let passed = self.body.local_get(LocalId(next));
                        let set = self.body.local_set(LocalId(at), passed);
                        self.stack.push(set);
                        next += 1;
                    }
                }
                Locals { first, count }
            } else {
                next += count;
                Locals { first: next - count, count }
            };
            self.locals.push(locals);
            self.name_locals(locals, ty, name);
        }
    }

    fn name_locals(&mut self, locals: Locals, ty: &Type, name: &str) {
        if self.unit.options.strip && self.unit.options.prints.is_empty() {
            return;
        }
        match ty {
            Type::Struct(id) => {
                let program = self.unit.program;
                let starts = self.layouts.structure(*id).starts.clone();
                for ((field, ty), at) in program.structure(*id).fields.iter().zip(&*starts) {
                    let count = self.layouts.count(ty);
                    self.name_locals(
                        Locals { first: locals.first + at, count },
                        ty,
                        &format!("{name}.{field}"),
                    );
                }
            }
            Type::Value(_) | Type::Pointer(_) => self.body.name_local(LocalId(locals.first), name),
            Type::Unit | Type::Never | Type::Error => (),
        }
    }

    /// The locals of a variable; made when it is first met.
    fn local(&mut self, local: IrLocal) -> Locals {
        const UNKNOWN: Locals = Locals { first: u32::MAX, count: 0 };
        let index = local.0 as usize;
        if self.locals.len() <= index {
            self.locals.resize(self.source.locals.len(), UNKNOWN);
        }
        if self.locals[index].first == u32::MAX {
            let source = self.source;
            let declared = &source[local];
            let ty = source.local_type(local);
            let scalars = self.scalars(ty);
            let first = self.body.local_count() as u32;
            for ty in &scalars {
                self.body.add_local(*ty);
            }
            let locals = Locals { first, count: scalars.len() as u32 };
            self.locals[index] = locals;
            self.name_locals(locals, ty, &declared.name);
        }
        self.locals[index]
    }

    /// A local that nobody named, for the statement at hand.
    fn temp(&mut self, ty: ValType) -> LocalId {
        match self.temps.take(ty) {
            Some(temp) => temp,
            None => {
                let temp = self.body.add_local(ty);
                self.temps.made(ty, temp);
                temp
            }
        }
    }

    // ---- positions and small nodes

    fn loc(&self, id: ExprId) -> Loc {
        self.unit.locations.loc(self.def.module, self.source[id].at)
    }

    /// Nodes made from now on belong to `id`.
    fn at(&mut self, id: ExprId) {
        let loc = self.loc(id);
        self.body.at(loc);
    }

    fn scalars(&mut self, ty: &Type) -> SmallVec<[ValType; 2]> {
        match ty {
            Type::Value(value) => smallvec![val_type(*value)],
            Type::Pointer(_) => smallvec![ValType::I32],
            Type::Unit | Type::Never | Type::Error => smallvec![],
            Type::Struct(id) => self.layouts.structure(*id).scalars.as_ref().into(),
        }
    }

    fn op(&mut self, op: Op, operands: &[NodeId]) -> NodeId {
        self.body.fold(op, operands)
    }

    fn seq(&mut self, nodes: &[NodeId]) -> NodeId {
        if let [one] = nodes { *one } else { self.body.seq(nodes) }
    }

    /// Whether evaluating a node does nothing and gives the same at any time while its locals are not set.
    fn is_simple(&self, node: NodeId) -> bool {
        matches!(
            self.body.op(node),
            Op::I32_CONST
                | Op::I64_CONST
                | Op::F32_CONST
                | Op::F64_CONST
                | Op::V128_CONST
                | Op::SYMBOL
                | Op::LOCAL_GET
        )
    }

    /// A second node like a simple one.
    fn again(&mut self, node: NodeId) -> NodeId {
        debug_assert!(self.is_simple(node), "only what is simple may be evaluated twice");
        self.body.copy_within(node, &mut Unchanged)
    }

    /// Makes sure that a node can be evaluated again: if it isn't simple, `set` gets a `local.set` and the node is a `local.get`.
    fn spill(&mut self, node: NodeId, ty: ValType, set: &mut Vec<NodeId>) -> NodeId {
        if self.is_simple(node) {
            return node;
        }
        let temp = self.temp(ty);
        set.push(self.body.local_set(temp, node));
        self.body.local_get(temp)
    }

    /// The nodes in order, values dropped, then code that never completes.
    fn diverge_after(&mut self, before: &[NodeId], diverging: NodeId) -> NodeId {
        let mut all: Nodes = SmallVec::new();
        for &node in before {
            if !self.is_simple(node) {
                all.push(self.body.drop(node));
            }
        }
        all.push(diverging);
        self.seq(&all)
    }

    /// Puts a statement before the first scalar of a value.
    fn prefix(&mut self, statement: NodeId, mut value: Nodes) -> Nodes {
        match value.first_mut() {
            Some(first) => *first = self.body.seq(&[statement, *first]),
            None => value.push(statement),
        }
        value
    }

    /// The scalars of a node with any number of results.
    fn split(&mut self, node: NodeId, types: &[ValType]) -> Nodes {
        if types.len() < 2 {
            return smallvec![node];
        }
        let temps: SmallVec<[LocalId; 4]> = types.iter().map(|ty| self.temp(*ty)).collect();
        let set = self.body.set_many(&temps, node);
        let gets: Nodes = temps.iter().map(|temp| self.body.local_get(*temp)).collect();
        self.prefix(set, gets)
    }

    /// Sets locals to a value that gives as many results.
    fn set_locals(&mut self, locals: Locals, value: NodeId) -> NodeId {
        match locals.count {
            0 => value,
            1 => self.body.local_set(LocalId(locals.first), value),
            _ => {
                let all: SmallVec<[LocalId; 4]> = locals.iter().collect();
                self.body.set_many(&all, value)
            }
        }
    }

    // ---- expressions

    /// The function's body, from its parameters to its results.
    fn whole_body(&mut self) -> NodeId {
        if self.unit.is_exported(self.def) {
            self.normalise_params();
        }
        let root = match self.whole(self.source.root) {
            Ok(node) | Err(node) => node,
        };
        self.stack.push(root);
        // What became of the parameters comes first.
        let nodes: Nodes = self.stack.drain(..).collect();
        self.seq(&nodes)
    }

    /// What a host passes is brought into its type's range before anything else.
    fn normalise_params(&mut self) {
        let function = self.unit.program.function(self.def);
        for (index, ty) in function.signature.params.iter().enumerate() {
            let mut scalars = Vec::new();
            scalar_types(self.unit.program, ty, &mut scalars);
            for (local, scalar) in (self.locals[index].first..).zip(scalars) {
                if !needs_normalising(scalar) {
                    continue;
                }
                let get = self.body.local_get(LocalId(local));
                let node = self.normalise_foreign(get, scalar);
                let set = self.body.local_set(LocalId(local), node);
                self.stack.push(set);
            }
        }
    }

    /// One node that gives all scalars of an expression.
    fn whole(&mut self, id: ExprId) -> Result<NodeId, NodeId> {
        if let Some(node) = self.structured(id)? {
            return Ok(node);
        }
        let nodes = self.lower(id)?;
        Ok(self.seq(&nodes))
    }

    /// A statement: evaluated, its value dropped.
    fn statement(&mut self, id: ExprId) -> Result<NodeId, NodeId> {
        let count = {
            let ty = self.source.ty(id);
            self.layouts.count(ty)
        };
        if count == 0 {
            return self.whole(id);
        }
        let nodes = self.lower(id)?;
        self.at(id);
        let dropped: Nodes = nodes.into_iter().map(|node| self.body.drop(node)).collect();
        Ok(self.seq(&dropped))
    }

    /// The scalars of an expression that must have exactly one.
    fn single(&mut self, id: ExprId) -> Result<NodeId, NodeId> {
        let nodes = self.lower(id)?;
        debug_assert_eq!(nodes.len(), 1, "the checker promised a scalar");
        Ok(nodes[0])
    }

    /// The scalars of an expression.
    fn lower(&mut self, id: ExprId) -> Lowered {
        let source = self.source;
        let expr = &source[id];
        self.at(id);
        match &expr.kind {
            ExprKind::Int(bits) => {
                let node = self.int(*bits, source.ty(id));
                Ok(smallvec![node])
            }
            ExprKind::Float(bits) if *source.ty(id) == Type::Value(ValueType::F32) => {
                Ok(smallvec![self.body.f32_const(*bits as u32)])
            }
            ExprKind::Float(bits) => Ok(smallvec![self.body.f64_const(*bits)]),
            ExprKind::Constant(value) => {
                let mut nodes = Nodes::new();
                self.constant(value, source.ty(id), &mut nodes);
                Ok(nodes)
            }
            ExprKind::Config(def) => {
                let node = self.config(*def, source.ty(id));
                Ok(smallvec![node])
            }
            ExprKind::Local(local) => {
                let locals = self.local(*local);
                if locals.count == 1 {
                    return Ok(smallvec![self.body.local_get(LocalId(locals.first))]);
                }
                Ok(locals.iter().map(|local| self.body.local_get(local)).collect())
            }
            ExprKind::Static(def) => {
                let globals = self.unit.static_globals(*def);
                Ok(globals.iter().map(|global| self.body.global_get(*global)).collect())
            }
            ExprKind::Neg(operand) => self.neg(id, *operand),
            ExprKind::Not(operand) => self.not(id, *operand),
            ExprKind::Binary(..) => self.binary(id),
            ExprKind::And(..) | ExprKind::Or(..) => self.logical(id),
            ExprKind::Cast(operand) => self.cast(id, *operand),
            ExprKind::Field(base, field) => self.field(id, *base, *field),
            ExprKind::Struct(it) => self.structure(id, &it.fields),
            ExprKind::Element(segment, ty, index) => self.element_load(id, *segment, *ty, *index),
            ExprKind::Block { statements, tail } if !self.is_target(id) => {
                self.plain_block(&source[*statements], *tail)
            }
            ExprKind::Block { .. }
            | ExprKind::Assign(..)
            | ExprKind::AssignOp(..)
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
            | ExprKind::Call(..)
            | ExprKind::CallPointer(..)
            | ExprKind::Scope(..)
            | ExprKind::Wasm(..) => {
                // A call that became one or more scalars is already taken apart.
                if let ExprKind::Call(callee, arguments) = &expr.kind
                    && let Some(nodes) = self.expanded_call(id, *callee, *arguments)?
                {
                    return Ok(nodes);
                }
                let Some(node) = self.structured(id)? else {
                    unreachable!("every kind is lowered to scalars or to one node")
                };
                let types = self.scalars(source.ty(id));
                Ok(self.split(node, &types))
            }
        }
    }

    /// Expressions whose natural form is one node with all results; `None` for the others.
    fn structured(&mut self, id: ExprId) -> Result<Option<NodeId>, NodeId> {
        let source = self.source;
        let expr = &source[id];
        self.at(id);
        let node = match &expr.kind {
            ExprKind::Block { statements, tail } if self.is_target(id) => {
                self.target_block(id, &source[*statements], *tail)?
            }
            ExprKind::Assign(place, value) => self.assign(id, *place, *value)?,
            ExprKind::AssignOp(op, place, value) => self.assign_op(id, *op, *place, *value)?,
            ExprKind::Let(local, value) => self.let_(id, *local, *value)?,
            ExprKind::LetStruct(it) => self.let_struct(id, &it.locals, it.value)?,
            ExprKind::If(..) => self.if_(id)?,
            ExprKind::Match(it) => self.match_(id, it.scrutinee, &it.arms)?,
            ExprKind::Loop(body) => self.loop_(id, *body)?,
            ExprKind::While(condition, body) => self.while_(id, *condition, *body)?,
            ExprKind::For(details) => self.for_(id, details)?,
            ExprKind::Break(target, value) => return Err(self.break_(id, *target, *value)),
            ExprKind::Continue(target) => return Err(self.continue_(id, *target)),
            ExprKind::Return(value) => return Err(self.return_(id, *value)),
            ExprKind::Become(call) => return Err(self.become_(id, *call)),
            ExprKind::Call(callee, arguments) => {
                match self.expanded_call(id, *callee, *arguments)? {
                    Some(nodes) => self.seq(&nodes),
                    None => self.call(id, *callee, *arguments)?,
                }
            }
            ExprKind::CallPointer(callee, arguments) => {
                self.call_pointer(id, *callee, *arguments)?
            }
            ExprKind::Scope(local, body, end) => self.scope(id, *local, *body, *end)?,
            ExprKind::Wasm(row, operands) => self.wasm(id, row, *operands)?,
            ExprKind::Block { .. }
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Constant(_)
            | ExprKind::Config(_)
            | ExprKind::Local(_)
            | ExprKind::Static(_)
            | ExprKind::Neg(_)
            | ExprKind::Not(_)
            | ExprKind::Binary(..)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Cast(_)
            | ExprKind::Field(..)
            | ExprKind::Struct(_)
            | ExprKind::Element(..) => return Ok(None),
        };
        Ok(Some(node))
    }

    // ---- constants

    fn int(&mut self, bits: u64, ty: &Type) -> NodeId {
        if matches!(ty, Type::Value(ValueType::I64 | ValueType::U64)) {
            self.body.i64_const(bits as i64)
        } else {
            self.body.i32_const(bits as i32)
        }
    }

    fn constant(&mut self, value: &Constant, ty: &Type, out: &mut Nodes) {
        match value {
            Constant::Int(bits) => out.push(self.int(*bits, ty)),
            Constant::F32(bits) => out.push(self.body.f32_const(*bits)),
            Constant::F64(bits) => out.push(self.body.f64_const(*bits)),
            Constant::V128(bytes) => out.push(self.body.v128_const(*bytes)),
            Constant::Unit => (),
            Constant::Function(def) => {
                let func = self.unit.func(*def);
                out.push(self.body.symbol(Symbol::TableSlot(func)));
            }
            Constant::Address(key, addend) => {
                let data = self.unit.data(key);
                out.push(self.body.symbol(Symbol::Data { data, addend: *addend }));
            }
            Constant::Segment(key) => {
                let data = self.unit.data(key);
                let size = self.unit.module.datas[data.index()].size;
                out.push(self.body.symbol(Symbol::Data { data, addend: 0 }));
                out.push(self.body.i32_const(size as i32));
            }
            Constant::Struct(fields) => {
                let Type::Struct(id) = ty else {
                    unreachable!("the checker gives struct constants struct types")
                };
                let program = self.unit.program;
                for (field, (_, ty)) in fields.iter().zip(&program.structure(*id).fields) {
                    self.constant(field, ty, out);
                }
            }
        }
    }

    // ---- variables and blocks

    fn let_(
        &mut self,
        id: ExprId,
        local: IrLocal,
        value: Option<ExprId>,
    ) -> Result<NodeId, NodeId> {
        let Some(value) = value else {
            return Ok(self.body.seq(&[]));
        };
        let value = self.whole(value)?;
        let locals = self.local(local);
        self.at(id);
        Ok(self.set_locals(locals, value))
    }

    fn let_struct(
        &mut self,
        id: ExprId,
        locals: &[Option<IrLocal>],
        value: ExprId,
    ) -> Result<NodeId, NodeId> {
        let types = {
            let ty = self.source.ty(value);
            self.scalars(ty)
        };
        let Type::Struct(structure) = self.source.ty(value) else {
            unreachable!("the checker promised a struct")
        };
        let starts = self.layouts.structure(*structure).starts.clone();
        let value = self.whole(value)?;
        self.at(id);
        let mut targets: SmallVec<[LocalId; 4]> = SmallVec::new();
        for (field, local) in locals.iter().enumerate() {
            match local {
                Some(local) => targets.extend(self.local(*local).iter()),
                None => {
                    for scalar in starts[field]..starts[field + 1] {
                        targets.push(self.temp(types[scalar as usize]));
                    }
                }
            }
        }
        Ok(match *targets {
            [] => value,
            [one] => self.body.local_set(one, value),
            _ => self.body.set_many(&targets, value),
        })
    }

    /// `{ … }` that no `break` names.
    fn plain_block(&mut self, statements: &[ExprId], tail: Option<ExprId>) -> Lowered {
        let start = self.stack.len();
        let value = self
            .statements(statements)
            .and_then(|()| tail.map_or(Ok(Nodes::new()), |tail| self.lower(tail)));
        match value {
            Ok(mut value) => {
                if let Some(first) = value.first_mut() {
                    self.stack.push(*first);
                    let nodes: Nodes = self.stack.drain(start..).collect();
                    *first = self.seq(&nodes);
                } else {
                    let nodes: Nodes = self.stack.drain(start..).collect();
                    value.push(self.seq(&nodes));
                }
                Ok(value)
            }
            Err(diverging) => {
                self.stack.push(diverging);
                let nodes: Nodes = self.stack.drain(start..).collect();
                Err(self.seq(&nodes))
            }
        }
    }

    /// Pushes statements on the stack until one never completes.
    fn statements(&mut self, statements: &[ExprId]) -> Result<(), NodeId> {
        let around = self.temps.begin_list();
        let mut completes = Ok(());
        for &statement in statements {
            match self.statement(statement) {
                Ok(node) => self.stack.push(node),
                Err(diverging) => {
                    completes = Err(diverging);
                    break;
                }
            }
            self.temps.end_statement();
        }
        self.temps.end_list(around);
        completes
    }
}
