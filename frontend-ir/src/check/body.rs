//! Checking a body: from an untyped [`ir::Body`] to a typed [`checked::Body`](Body).
//!
//! One walk in evaluation order resolves names, types expressions, follows control flow (what is reachable, which variables are assigned)
//! and builds the result, children first. A literal without a type takes the one its place expects; where no place says (`1 + x`), the
//! literal stays *open* until an operand beside it does, and [`Checker::settle`] goes down to it then.
//!
//! Invariant: what was reported has [`Type::Error`], which fits everywhere, so one mistake gives one message.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "there are dozens of kinds of expressions: the walk names them all, in `compound`; what looks for a few names those"
)]

mod call;
mod control;
mod flow;
mod literal;
mod matching;
mod mismatch;
mod operator;
mod place;
mod statement;
mod wasm;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::constant::associated;
use super::resolve::{Named, Resolver};
use super::suggest::nearest;
use super::unit::SlotKind;
use crate::checked::{
    Body, Constant, DataKey, DefId, ExprId, ExprKind, ExprList, Function, Local, LocalId, Type,
    TypeId,
};
use crate::codes;
use crate::diagnostic::{Diagnostic, Place};
use crate::ir::{self, Ident, Name, ValueType};
use crate::nesting::MAX_NESTING;
use crate::source::Span;

use flow::Flow;
pub(crate) use mismatch::Why;

/// What an untyped literal is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Literal {
    Int,
    Float,
}

impl Literal {
    /// The type it has where nothing says another.
    fn default_type(self) -> ValueType {
        match self {
            Self::Int => ValueType::I32,
            Self::Float => ValueType::F64,
        }
    }

    /// Whether it may have type `ty`.
    fn fits(self, ty: &Type) -> Option<ValueType> {
        match ty {
            Type::Value(value) if self == Self::Int && super::world::integer(*value).is_some() => {
                Some(*value)
            }
            Type::Value(value @ (ValueType::F32 | ValueType::F64)) if self == Self::Float => {
                Some(*value)
            }
            _ => None,
        }
    }
}

/// A checked expression, and whether its type is still open.
#[derive(Clone, Copy, Debug)]
struct Out {
    id: ExprId,
    open: Option<Literal>,
}

/// What is known of a local besides its name and type.
#[derive(Debug)]
struct LocalInfo {
    span: Span,
    /// `mut` stands there.
    declared_mutable: bool,
    is_param: bool,
    used: bool,
    /// Its number among the variables that are declared without a value.
    deferred: Option<u32>,
    /// The type is to be that of the first value assigned.
    untyped: bool,
    /// The type is the default of the literal that is its value.
    from_literal: Option<Literal>,
}

/// A block with a label, or a loop.
#[derive(Debug)]
struct Frame {
    label: Option<Name>,
    kind: FrameKind,
    /// The `break`s and `continue`s that target it, to be told its id.
    jumps: SmallVec<[ExprId; 4]>,
    /// The type its values must have, if the place says.
    expected: Option<Type>,
    /// The type of the values so far and where the first came from.
    found: Option<(Type, Span)>,
    /// Values of `break`s whose type is open.
    pending: Vec<Out>,
    /// What is known after it, from its `break`s.
    exit: Option<Flow>,
    /// What is known when it starts again, from its `continue`s.
    again: Option<Flow>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FrameKind {
    Block,
    Loop,
    /// `while` and `for`, which have no value.
    Counted,
}

/// Checks one body.
pub(crate) struct Checker<'a, 'd> {
    cx: Resolver<'d>,
    ast: &'a ir::Body,
    /// The body under construction.
    out: &'a mut Body,
    /// Where each of its expressions stands, from start to end.
    spans: &'a mut Vec<Span>,
    /// Its types that are not among the commonest.
    types: FxHashMap<Type, TypeId>,
    locals: Vec<LocalInfo>,
    scope: FxHashMap<Name, LocalId>,
    /// What names meant before they were shadowed.
    shadowed: Vec<(Name, Option<LocalId>)>,
    frames: Vec<Frame>,
    flow: Flow,
    /// What is known if the expression checked last is true and if it is false, where that differs.
    split: Option<(Flow, Flow)>,
    /// The span of each variable declared without a value and of the first assignment to it.
    deferred: Vec<(LocalId, Option<Span>)>,
    /// The function at hand; none in an initialiser.
    function: Option<&'a Function>,
    /// Where its result type is written (its name, if nowhere).
    result_span: Span,
    depth: u32,
    /// Operator chains under work, innermost left operand last.
    spine: Vec<ir::ExprId>,
    /// Open float literals and what they were made from.
    floats: Vec<(ExprId, ir::ExprId)>,
    warned_unreachable: bool,
    /// Whether a part could not be read: who knows what it uses.
    has_gaps: bool,
    errors_before: usize,
}

/// An element of `data […]` and how often it stands there, if that is said.
pub(crate) type Counted = (ExprId, Option<ExprId>);

/// What checking one body after another reuses.
#[derive(Default)]
pub(crate) struct Room {
    body: Body,
    spans: Vec<Span>,
}

impl<'a, 'd> Checker<'a, 'd> {
    /// A checker of `ast`, an initialiser if no function is given. The body is built in `room`, whose contents don't matter, and then
    /// copied: so the bodies that stay take no more than they need, and fit where the syntax of those before them was.
    pub(crate) fn new(
        cx: Resolver<'d>,
        ast: &'a ir::Body,
        function: Option<&'a Function>,
        room: &'a mut Room,
    ) -> Self {
        let errors_before = cx.diagnostics.len();
        room.body.clear();
        room.spans.clear();
        Self {
            cx,
            ast,
            out: &mut room.body,
            spans: &mut room.spans,
            types: FxHashMap::default(),
            locals: Vec::new(),
            scope: FxHashMap::default(),
            shadowed: Vec::new(),
            frames: Vec::new(),
            flow: Flow::start(),
            split: None,
            deferred: Vec::new(),
            function,
            result_span: Span::text(0, 0),
            depth: 0,
            spine: Vec::new(),
            floats: Vec::new(),
            warned_unreachable: false,
            has_gaps: false,
            errors_before,
        }
    }

    /// Checks a function's body.
    pub(crate) fn function(mut self, declaration: &ir::Fn) -> Body {
        let function = self.function.expect("made with a function");
        self.result_span =
            declaration.result.as_ref().map_or(declaration.name.span, ir::Type::span);
        for (param, ty) in declaration.params.iter().zip(&function.signature.params) {
            let local = self.declare(param.name, ty.clone(), param.mutable);
            let info = &mut self.locals[local.0 as usize];
            info.is_param = true;
        }
        let root = self.want(self.ast.root(), &function.signature.result, Why::Result);
        self.finish(root);
        self.out.take()
    }

    /// Checks an initialiser; gives where each of its expressions stands, too. Its value is whatever [`super::constant::evaluate`] makes of the root.
    pub(crate) fn initialiser(mut self, ty: &Type) -> (Body, Vec<Span>) {
        let root = self.want(self.ast.root(), ty, Why::Initialiser);
        self.finish(root);
        (self.out.take(), std::mem::take(self.spans))
    }

    /// Checks the elements of `data […]`, each with its count, and where expressions stand; the body has no root.
    pub(crate) fn elements(
        mut self,
        elements: &'a [ir::DataElement],
    ) -> (Body, Vec<Span>, Vec<Counted>) {
        let mut checked = Vec::with_capacity(elements.len());
        for element in elements {
            checked.push(match element {
                ir::DataElement::Value(value) => (self.closed(*value), None),
                ir::DataElement::Repeat(value, count) => {
                    let value = self.closed(*value);
                    (value, Some(self.want(*count, &Type::Value(ValueType::Addr), Why::Count)))
                }
            });
        }
        self.finish(ExprId::default());
        (self.out.take(), std::mem::take(self.spans), checked)
    }

    fn finish(&mut self, root: ExprId) {
        if self.cx.diagnostics.len() == self.errors_before && !self.has_gaps {
            self.warn_unused();
        }
        self.out.root = root;
    }

    fn warn_unused(&mut self) {
        for (local, info) in self.out.locals.iter().zip(&self.locals) {
            if info.used || info.is_param || local.name.starts_with('_') {
                continue;
            }
            let place = Place { module: self.cx.module, span: info.span };
            self.cx.diagnostics.push(
                Diagnostic::warning(
                    codes::UNUSED_VARIABLE,
                    place,
                    format!("`{}` is never read", local.name),
                )
                .help(format!("remove it, or write `_{}` if that is meant", local.name)),
            );
        }
    }

    // --- building ---

    fn push(&mut self, kind: ExprKind, ty: Type, span: Span) -> ExprId {
        let ty = self.type_id(ty);
        let span = self.cx.at.unwrap_or(span);
        self.spans.push(span);
        self.out.push(kind, ty, span.begin())
    }

    /// Where an expression stands that was made.
    fn span(&self, id: ExprId) -> Span {
        self.spans[id.index()]
    }

    /// Forgets all expressions from number `len` on.
    fn truncate(&mut self, len: usize) {
        self.out.exprs.truncate(len);
        self.spans.truncate(len);
    }

    fn typed(&mut self, kind: ExprKind, ty: Type, span: Span) -> Out {
        Out { id: self.push(kind, ty, span), open: None }
    }

    fn unit(&mut self, kind: ExprKind, span: Span) -> Out {
        self.typed(kind, Type::Unit, span)
    }

    /// An expression that control does not come out of.
    fn diverging(&mut self, kind: ExprKind, span: Span) -> Out {
        self.flow.live = false;
        self.typed(kind, Type::Never, span)
    }

    /// What stands for a reported mistake.
    fn broken(&mut self, span: Span) -> Out {
        self.typed(ExprKind::Constant(Box::new(Constant::Unit)), Type::Error, span)
    }

    fn list(&mut self, ids: &[ExprId]) -> ExprList {
        self.out.list(ids)
    }

    /// Where mistakes in `id` are: where it stands, or where a front end says that it does.
    fn spot(&self, mut id: ir::ExprId) -> Span {
        let mut position = None;
        while let ir::ExprKind::At(at, inner) = &self.ast[id].kind {
            position = Some(*at);
            id = *inner;
        }
        position.unwrap_or(self.ast[id].span)
    }

    fn ty(&self, id: ExprId) -> &Type {
        self.out.ty(id)
    }

    fn set_type(&mut self, id: ExprId, ty: Type) {
        self.out.exprs[id.index()].ty = self.type_id(ty);
    }

    fn type_id(&mut self, ty: Type) -> TypeId {
        if let Some(id) = Body::common_type(&ty) {
            return id;
        }
        *self.types.entry(ty).or_insert_with_key(|ty| self.out.add_type(ty.clone()))
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.cx.report(diagnostic);
    }

    // --- scopes ---

    /// Adds a local and lets its name mean it.
    fn declare(&mut self, name: Ident, ty: Type, declared_mutable: bool) -> LocalId {
        let text = self.cx.text(name);
        let local = LocalId(self.out.locals.len() as u32);
        let ty = self.type_id(ty);
        self.out.locals.push(Local { name: self.cx.names.shared(name.name), ty, mutable: false });
        self.locals.push(LocalInfo {
            span: self.cx.at.unwrap_or(name.span),
            declared_mutable,
            is_param: false,
            used: false,
            deferred: None,
            untyped: false,
            from_literal: None,
        });
        if text != "_" {
            let before = self.scope.insert(name.name, local);
            self.shadowed.push((name.name, before));
        }
        local
    }

    fn enter(&self) -> usize {
        self.shadowed.len()
    }

    fn leave(&mut self, mark: usize) {
        while self.shadowed.len() > mark {
            match self.shadowed.pop() {
                Some((name, Some(before))) => self.scope.insert(name, before),
                Some((name, None)) => self.scope.remove(&name),
                None => None,
            };
        }
    }

    // --- expressions ---

    /// Checks `id`, which must have type `ty`.
    fn want(&mut self, id: ir::ExprId, ty: &Type, why: Why) -> ExprId {
        let out = self.expr(id, Some(ty));
        self.fit(out, id, ty, why);
        out.id
    }

    /// Checks `id` where no place expects a type.
    fn closed(&mut self, id: ir::ExprId) -> ExprId {
        let out = self.expr(id, None);
        self.close(out)
    }

    /// Gives an open literal its default type.
    fn close(&mut self, out: Out) -> ExprId {
        if let Some(literal) = out.open {
            self.settle(out.id, literal.default_type());
        }
        out.id
    }

    /// Reports `out`, made from `id`, unless it has type `ty`.
    fn fit(&mut self, out: Out, id: ir::ExprId, ty: &Type, why: Why) {
        if let Some(literal) = out.open
            && let Some(value) = literal.fits(ty)
        {
            self.settle(out.id, value);
            return;
        }
        let found = self.ty(out.id);
        if out.open.is_none() && (found == ty || matches!(found, Type::Never | Type::Error))
            || *ty == Type::Error
        {
            self.close(out);
            return;
        }
        self.mismatch(out, id, ty, why);
    }

    /// Checks `id`. The type that its place expects is a hint: the caller must see to it that it is met.
    fn expr(&mut self, id: ir::ExprId, hint: Option<&Type>) -> Out {
        let ast = self.ast;
        let expr = &ast[id];
        self.split = None;
        // The commonest need no room on the stack.
        match &expr.kind {
            ir::ExprKind::Name(name) => return self.name(*name, hint),
            ir::ExprKind::Int(literal) => return self.int(*literal, false, expr.span, hint),
            // A chain counts once: only what stands right of an operator is a level deeper.
            ir::ExprKind::Binary(..) if self.depth <= MAX_NESTING => return self.binary(id, hint),
            _ => (),
        }
        if self.depth > MAX_NESTING {
            let error = self
                .cx
                .error(codes::NESTING, expr.span, "this expression is nested too deeply")
                .help(format!("at most {MAX_NESTING} levels are understood: put a part into a variable or a function"));
            self.report(error);
            return self.broken(expr.span);
        }
        self.depth += 1;
        let out = self.compound(id, hint);
        self.depth -= 1;
        if !matches!(
            expr.kind,
            ir::ExprKind::Unary(ir::UnaryOp::Not, _)
                | ir::ExprKind::At(..)
                | ir::ExprKind::Block(_)
        ) {
            self.split = None;
        }
        out
    }

    fn compound(&mut self, id: ir::ExprId, hint: Option<&Type>) -> Out {
        let ast = self.ast;
        let ir::Expr { kind, span } = &ast[id];
        let span = *span;
        match kind {
            ir::ExprKind::Error => {
                self.has_gaps = true;
                self.broken(span)
            }
            ir::ExprKind::Unit => {
                self.typed(ExprKind::Constant(Box::new(Constant::Unit)), Type::Unit, span)
            }
            ir::ExprKind::Bool(value) => {
                self.typed(ExprKind::Int(u64::from(*value)), Type::Value(ValueType::Bool), span)
            }
            ir::ExprKind::Int(literal) => self.int(*literal, false, span, hint),
            ir::ExprKind::Float(literal) => self.float(id, literal, false, span, hint),
            ir::ExprKind::Char(value) => self.typed(
                ExprKind::Int(u64::from(u32::from(*value))),
                Type::Value(ValueType::Char),
                span,
            ),
            ir::ExprKind::Byte(value) => {
                self.typed(ExprKind::Int(u64::from(*value)), Type::Value(ValueType::U8), span)
            }
            ir::ExprKind::Bytes(bytes) => {
                let segment = Constant::Segment(DataKey::Bytes(bytes[..].into()));
                let ty = self.cx.world.segment();
                self.typed(ExprKind::Constant(Box::new(segment)), ty, span)
            }
            ir::ExprKind::Text(_) => {
                let error = self
                    .cx
                    .error(codes::TEXT, span, "there is no type for text yet")
                    .help("write `b\"…\"`: a `MemorySegment` over the text's UTF-8 bytes");
                self.report(error);
                self.broken(span)
            }
            ir::ExprKind::Name(name) => self.name(*name, hint),
            ir::ExprKind::Path(path) => self.path(path, hint),
            ir::ExprKind::Unary(op, operand) => self.unary(*op, *operand, span, hint),
            ir::ExprKind::Binary(..) => self.binary(id, hint),
            ir::ExprKind::Assign(place, value) => self.assign(*place, *value, span),
            ir::ExprKind::AssignOp(op, place, value) => self.assign_op(*op, *place, *value, span),
            ir::ExprKind::Cast(operand, ty) => self.cast(*operand, ty, span),
            ir::ExprKind::Block(block) => self.block(block, span, hint),
            ir::ExprKind::If(..) => self.branch(id, hint),
            ir::ExprKind::Match(scrutinee, arms) => self.matching(*scrutinee, arms, span, hint),
            ir::ExprKind::Loop(label, body) => self.endless(*label, *body, span, hint),
            ir::ExprKind::While(label, condition, body) => {
                self.while_loop(*label, *condition, *body, span)
            }
            ir::ExprKind::For(it) => self.for_loop(it, span),
            ir::ExprKind::Break(label, value) => self.break_(*label, *value, span),
            ir::ExprKind::Continue(label) => self.continue_(*label, span),
            ir::ExprKind::Return(value) => self.return_(*value, span),
            ir::ExprKind::Become(call) => self.tail_call(*call, span),
            ir::ExprKind::Call(callee, arguments) => self.call(*callee, *arguments, span),
            ir::ExprKind::Method(receiver, name, arguments) => {
                self.method(*receiver, *name, *arguments, span)
            }
            ir::ExprKind::Field(base, name) => self.field(*base, *name, span),
            ir::ExprKind::Index(base, index) => self.element(*base, *index, span),
            ir::ExprKind::Struct(it) => self.structure(&it.path, &it.fields, span),
            ir::ExprKind::Data(elements) => self.stray_data(elements, span),
            ir::ExprKind::Scope(name, body) => self.scope_block(*name, *body, span, hint),
            ir::ExprKind::Wasm(template) => self.wasm(template, span, hint),
            ir::ExprKind::At(position, inner) => {
                let outer = self.cx.at.replace(*position);
                let out = self.expr(*inner, hint);
                self.cx.at = outer;
                out
            }
            ir::ExprKind::Let(it) => self.let_(it, span),
        }
    }

    /// A bare name as a value.
    fn name(&mut self, name: Ident, hint: Option<&Type>) -> Out {
        if let Some(&local) = self.scope.get(&name.name) {
            return self.read_local(local, name.span);
        }
        let text = self.cx.text(name);
        match self.cx.bare_value(text, name.span) {
            Some(def) => self.read(def, name.span, hint),
            None => {
                self.unknown_name(text, name.span);
                self.broken(name.span)
            }
        }
    }

    fn path(&mut self, path: &ir::Path, hint: Option<&Type>) -> Out {
        if path.segments.len() == 1 {
            return self.name(path.last(), hint);
        }
        let span = path.span();
        match self.cx.value(path) {
            Some(Named::Value(def)) => self.read(def, span, hint),
            Some(Named::Associated(ty, name)) => {
                let (ty, bits) = associated(ty, name).expect("found before");
                let kind = if matches!(ty, ValueType::F32 | ValueType::F64) {
                    ExprKind::Float(bits)
                } else {
                    ExprKind::Int(bits)
                };
                self.typed(kind, Type::Value(ty), span)
            }
            None => self.broken(span),
        }
    }

    fn read_local(&mut self, local: LocalId, span: Span) -> Out {
        let info = &mut self.locals[local.0 as usize];
        info.used = true;
        let (deferred, declared) = (info.deferred, info.span);
        let ty = self.out.local_type(local).clone();
        if let Some(number) = deferred
            && self.flow.live
            && !self.flow.definite.has(number)
        {
            let maybe = self.flow.maybe.has(number);
            // Once is enough.
            self.flow.definite.set(number);
            let name = &self.out[local].name;
            let what = if maybe {
                "may be read before it is assigned"
            } else {
                "is read before it is assigned"
            };
            let error = self
                .cx
                .error(codes::UNASSIGNED, span, format!("`{name}` {what}"))
                .label(self.cx.place(declared), "declared without a value here")
                .help("assign it on every way here, or give it a value where it is declared");
            self.report(error);
            return self.broken(span);
        }
        self.typed(ExprKind::Local(local), ty, span)
    }

    /// A definition as a value.
    fn read(&mut self, def: DefId, span: Span, hint: Option<&Type>) -> Out {
        let world = self.cx.world;
        let slot = world.slot(def);
        match slot.kind {
            SlotKind::Function => self.pointer(def, span, hint),
            SlotKind::Static | SlotKind::StaticMut => {
                let ty = world.global_type(def);
                self.typed(ExprKind::Static(def), ty, span)
            }
            SlotKind::Const => {
                let ty = world.global_type(def);
                if slot.owns_data() {
                    let segment = Constant::Segment(DataKey::Item(def));
                    return self.typed(ExprKind::Constant(Box::new(segment)), ty, span);
                }
                if ty == Type::Error {
                    return self.broken(span);
                }
                if !world.is_library(def.module) && slot.decl.get().is_none() {
                    // Only an initialiser can name a constant that has no value yet, and the cycle is reported.
                    return self.broken(span);
                }
                let global = world.global(def);
                let kind = match &global.value {
                    _ if global.config.is_some() => ExprKind::Config(def),
                    Constant::Int(bits) => ExprKind::Int(*bits),
                    Constant::F32(bits) => ExprKind::Float(u64::from(*bits)),
                    Constant::F64(bits) => ExprKind::Float(*bits),
                    other => ExprKind::Constant(Box::new(other.clone())),
                };
                self.typed(kind, ty, span)
            }
            SlotKind::Struct => unreachable!("structs have a namespace of their own"),
        }
    }

    /// A function's name where a pointer is expected.
    fn pointer(&mut self, def: DefId, span: Span, hint: Option<&Type>) -> Out {
        let world = self.cx.world;
        let function = world.function(def);
        if matches!(hint, Some(Type::Pointer(_) | Type::Error)) {
            let ty = Type::Pointer(std::sync::Arc::new(function.signature.clone()));
            let kind = ExprKind::Constant(Box::new(Constant::Function(def)));
            return self.typed(kind, ty, span);
        }
        let name = &world.slot(def).name;
        let shown = world.show_signature(&function.signature);
        let error = match hint {
            Some(ty) => self.cx.error(
                codes::TYPE_MISMATCH,
                span,
                format!("`{name}` is a function, but `{}` is expected here", world.show(ty)),
            ),
            None => self.cx.error(
                codes::FUNCTION_VALUE,
                span,
                format!("`{name}` is a function, and no function pointer is expected here"),
            ),
        };
        let error = error
            .label(world.place(def), "declared here")
            .help(format!("call it: `{name}({})`", vec!["…"; function.params.len()].join(", ")))
            .help(format!("or say that a pointer is meant: `let p: extern {shown} = {name};`"));
        self.report(error);
        self.broken(span)
    }

    fn unknown_name(&mut self, text: &str, span: Span) {
        if self.cx.is_broken(text) {
            return;
        }
        let targets = self.cx.in_scope(text);
        let mut error = self.cx.error(
            codes::UNKNOWN_VALUE,
            span,
            format!("cannot find `{text}` in this scope"),
        );
        if let Some(def) = targets.ty {
            error = error
                .label(self.cx.world.place(def), format!("`{text}` is a struct"))
                .help(format!("build a value of it: `{text} {{ … }}`"));
        } else if targets.module.is_some() {
            error =
                error.note("this is a module").help(format!("name something in it: `{text}::…`"));
        } else {
            let locals = self.scope.keys().map(|name| &self.cx.names[*name]);
            match nearest(text, locals.chain(self.cx.world.names_in(self.cx.module, false))) {
                Some(near) => error = error.help(format!("did you mean `{near}`?")),
                None => error = self.cx.help_elsewhere(error, text, false),
            }
        }
        self.report(error);
    }

    /// `data […]` where it may not stand.
    fn stray_data(&mut self, _: &[ir::DataElement], span: Span) -> Out {
        let error = self
            .cx
            .error(
                codes::DATA,
                span,
                "`data […]` can only be the whole value of a `const` or `static`",
            )
            .help("move it out: `static NAME: MemorySegment = data […];`");
        self.report(error);
        self.broken(span)
    }
}
