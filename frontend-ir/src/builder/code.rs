//! The body of a function or initialiser under construction: calls become expressions in an [`ir::Body`](crate::ir::Body).
//!
//! Invariant: each expression has one parent. Until it has one it waits in the block where it was made; what still waits when the block ends
//! is a statement of it, in the order of making.

use std::cell::RefCell;
use std::panic::Location;

use super::item::template;
use super::parts::{
    Branches, DataBuilder, Labelled, LetBuilder, LetHead, MatchBuilder, StructValue,
};
use super::value::{Arguments, Expr, Local, Tail, Value};
use super::{Ground, IntoPath, Ty};
use crate::codes;
use crate::diagnostic::Code as DiagnosticCode;
use crate::ir::{
    BinaryOp, Block, Body, ExprId, ExprKind, FloatLiteral, Ident, IntLiteral, Name, Names, Param,
    Radix, Type, UnaryOp, ValueType,
};
use crate::literal;
use crate::nesting::{Heights, MAX_NESTING};
use crate::parser::is_valueless;
use crate::source::{Position, Source, Span};

/// A body under construction.
#[derive(Debug)]
pub struct Code {
    pub(super) state: RefCell<State>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) body: Body,
    heights: Heights,
    /// Whether an expression has its parent, by id.
    pub(super) placed: Vec<bool>,
    /// For each open block the expressions made in it, leaves left out.
    open: Vec<Vec<ExprId>>,
    params: Vec<Name>,
    pub(super) ground: Ground,
    too_deep: bool,
}

/// Whether `op=` is an operator.
pub(super) fn assigns(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div
        | BinaryOp::Rem
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Xor
        | BinaryOp::Shl
        | BinaryOp::Shr => true,
        BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge
        | BinaryOp::LogicalAnd
        | BinaryOp::LogicalOr => false,
    }
}

/// Whether an expression that nobody uses is nothing rather than a statement.
fn is_leaf(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Error
            | ExprKind::Unit
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Char(_)
            | ExprKind::Byte(_)
            | ExprKind::Bytes(_)
            | ExprKind::Text(_)
            | ExprKind::Name(_)
            | ExprKind::Path(_)
    )
}

impl State {
    pub(super) fn push(&mut self, kind: ExprKind, span: Span) -> ExprId {
        let leaf = is_leaf(&kind);
        let deep = self.heights.push(&kind, &self.body) > MAX_NESTING;
        self.placed.push(false);
        let id = if deep {
            self.heights.reset_last();
            if !self.too_deep {
                self.too_deep = true;
                let message = format!("this nests more than {MAX_NESTING} levels deep");
                self.ground.error(
                    codes::NESTING,
                    span,
                    message,
                    "bind the inner part to a local, or move it into a function of its own",
                );
            }
            self.body.push(ExprKind::Error, span)
        } else {
            self.body.push(kind, span)
        };
        if !leaf && let Some(block) = self.open.last_mut() {
            block.push(id);
        }
        id
    }

    /// Gives an expression its parent, a statement list or another expression.
    pub(super) fn place(&mut self, id: ExprId, span: Span) -> ExprId {
        let placed = &mut self.placed[id.index()];
        if *placed {
            self.ground.error(
                codes::BUILDER_PLACED,
                span,
                "this expression belongs to a block that has ended",
                "use it inside the closure that makes it, or bind it to a local first",
            );
            let error = self.push(ExprKind::Error, span);
            self.placed[error.index()] = true;
            return error;
        }
        *placed = true;
        id
    }

    /// Ends the innermost block.
    fn close(&mut self, label: Option<Ident>, tail: Option<ExprId>, span: Span) -> ExprId {
        let mut tail = tail.map(|tail| self.place(tail, span));
        let made = self.open.pop().unwrap_or_default();
        let mut statements = Vec::new();
        for id in made {
            if !std::mem::replace(&mut self.placed[id.index()], true) {
                statements.push(id);
            }
        }
        // As the parser does: what never has a value is a statement, also at the end.
        if let Some(last) = tail {
            let mut peeled = last;
            while let ExprKind::At(_, inner) = self.body[peeled].kind {
                peeled = inner;
            }
            if is_valueless(&self.body[peeled].kind) {
                statements.push(last);
                tail = None;
            }
        }
        let statements = self.body.list(&statements);
        self.push(ExprKind::Block(Block { label, statements, tail }), span)
    }
}

impl Code {
    pub(super) fn new(ground: &mut Ground, params: &[Param]) -> Self {
        // What items share is lent to the body until it is finished.
        let empty =
            Ground { names: Names::default(), source: Source::built(""), diagnostics: Vec::new() };
        let ground = std::mem::replace(ground, empty);
        Self {
            state: RefCell::new(State {
                body: Body::default(),
                heights: Heights::default(),
                placed: Vec::new(),
                open: vec![Vec::new()],
                params: params.iter().map(|param| param.name.name).collect(),
                ground,
                too_deep: false,
            }),
        }
    }

    pub(super) fn finish(self, ground: &mut Ground, root: ExprId) -> Body {
        let State { mut body, ground: lent, .. } = self.state.into_inner();
        *ground = lent;
        body.set_root(root);
        body.take()
    }

    /// The value of a `const` or `static`.
    pub(super) fn initialiser<'f>(
        &'f self,
        value: impl FnOnce(&'f Code) -> Expr<'f>,
        location: &Location<'_>,
    ) -> ExprId {
        let value = value(self);
        let root = self.place(&value, location);
        let mut state = self.state.borrow_mut();
        let made = std::mem::take(&mut state.open);
        if let Some(stray) = made.into_iter().flatten().find(|id| !state.placed[id.index()]) {
            let span = state.body[stray].span;
            state.ground.error(
                codes::BUILDER_MISPLACED,
                span,
                "an initialiser has no statements",
                "use this expression in the value, or leave it out",
            );
        }
        root
    }

    /// A function's body.
    pub(super) fn root<'f>(
        &'f self,
        body: impl FnOnce(&'f Code) -> Option<Expr<'f>>,
        location: &Location<'_>,
    ) -> ExprId {
        let tail = body(self);
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        let root = state.close(None, tail.map(|tail| tail.id), span);
        state.placed[root.index()] = true;
        root
    }

    pub(super) fn error(
        &self,
        code: DiagnosticCode,
        location: &Location<'_>,
        message: &str,
        help: &str,
    ) {
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        state.ground.error(code, span, message, help);
    }

    /// An expression of another function was used here.
    pub(super) fn foreign(&self, location: &Location<'_>) -> Expr<'_> {
        self.error(
            codes::BUILDER_FOREIGN,
            location,
            "this belongs to another function",
            "pass it as a parameter, or build it here",
        );
        self.leaf(ExprKind::Error, location)
    }

    /// Makes an expression over others, which get it as their parent.
    pub(super) fn make<'f, const N: usize>(
        &'f self,
        location: &Location<'_>,
        children: [Expr<'f>; N],
        kind: impl FnOnce([ExprId; N]) -> ExprKind,
    ) -> Expr<'f> {
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        let children = children.map(|child| state.place(child.id, span));
        let id = state.push(kind(children), span);
        Expr { code: self, id }
    }

    pub(super) fn leaf(&self, kind: ExprKind, location: &Location<'_>) -> Expr<'_> {
        self.make(location, [], |[]| kind)
    }

    /// Stands for what could not be made; its parts go with it.
    pub(super) fn broken<'f, const N: usize>(&'f self, parts: [Expr<'f>; N]) -> Expr<'f> {
        let mut state = self.state.borrow_mut();
        let mut span = None;
        for part in parts {
            span.get_or_insert(state.body[part.id].span);
            state.placed[part.id.index()] = true;
        }
        let span = span.unwrap_or(Span::text(0, 0));
        let id = state.push(ExprKind::Error, span);
        Expr { code: self, id }
    }

    pub(super) fn place(&self, value: &Expr<'_>, location: &Location<'_>) -> ExprId {
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        state.place(value.id, span)
    }

    pub(super) fn place_all(&self, values: &[Expr<'_>], location: &Location<'_>) -> Vec<ExprId> {
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        values.iter().map(|value| state.place(value.id, span)).collect()
    }

    pub(super) fn push(&self, kind: ExprKind, location: &Location<'_>) -> Expr<'_> {
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        let id = state.push(kind, span);
        Expr { code: self, id }
    }

    pub(super) fn ident(&self, text: &str, location: &Location<'_>) -> Ident {
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        state.ground.ident(text, span)
    }

    /// A variable that may be `_` only if it is never assigned.
    pub(super) fn variable(&self, text: &str, mutable: bool, location: &Location<'_>) -> Ident {
        if text == "_" && mutable {
            self.error(
                codes::BUILDER_MISPLACED,
                location,
                "nobody can assign `_`",
                "give the variable a name, or leave `mut` out",
            );
        }
        self.ident(text, location)
    }

    pub(super) fn written_type(&self, ty: Ty, location: &Location<'_>) -> Type {
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        state.ground.ty(ty, span)
    }

    pub(super) fn position(&self, position: Position, location: &Location<'_>) -> Span {
        if position.line == 0 || position.column == 0 {
            self.error(
                codes::BUILDER_LITERAL,
                location,
                "lines and columns count from 1",
                "add 1 to what counts from 0",
            );
        }
        let position =
            Position { line: position.line.max(1), column: position.column.max(1), ..position };
        self.state.borrow_mut().ground.source.add_position(position)
    }

    pub(super) fn use_name(&self, name: Name, location: &Location<'_>) -> Expr<'_> {
        let span = self.state.borrow_mut().ground.span(location);
        self.leaf(ExprKind::Name(Ident { name, span }), location)
    }

    pub(super) fn is_call(&self, expr: &Expr<'_>) -> bool {
        matches!(
            self.state.borrow().body[expr.id].kind,
            ExprKind::Call(..) | ExprKind::Method(..) | ExprKind::Error
        )
    }

    pub(super) fn call_method<'f>(
        &'f self,
        receiver: Expr<'f>,
        name: &str,
        arguments: Vec<Expr<'f>>,
        location: &Location<'_>,
    ) -> Expr<'f> {
        let name = self.ident(name, location);
        let receiver = self.place(&receiver, location);
        let arguments = self.place_all(&arguments, location);
        let list = self.state.borrow_mut().body.list(&arguments);
        self.push(ExprKind::Method(receiver, name, list), location)
    }

    pub(super) fn call_value<'f>(
        &'f self,
        callee: Expr<'f>,
        arguments: Vec<Expr<'f>>,
        location: &Location<'_>,
    ) -> Expr<'f> {
        let callee = self.place(&callee, location);
        let arguments = self.place_all(&arguments, location);
        let list = self.state.borrow_mut().body.list(&arguments);
        self.push(ExprKind::Call(callee, list), location)
    }

    /// Parameter number `index`, from 0; a method's `self` is number 0.
    #[track_caller]
    pub fn param(&self, index: usize) -> Local<'_> {
        let location = Location::caller();
        let known = self.state.borrow().params.get(index).copied();
        let name = known.unwrap_or_else(|| {
            let message = format!("this function has no parameter number {index}");
            self.error(
                codes::BUILDER_PARAM,
                location,
                &message,
                "parameters count from 0, `self` included",
            );
            self.ident("?", location).name
        });
        Local { code: self, name }
    }

    /// A local, parameter, const or static by its name; `self` too.
    #[track_caller]
    pub fn name(&self, name: &str) -> Local<'_> {
        let name = self.ident(name, Location::caller()).name;
        Local { code: self, name }
    }

    /// What a path names: `u32::MAX`, `a::f` as a function pointer. A path of one name is a [`Code::name`].
    #[track_caller]
    pub fn path(&self, path: impl IntoPath) -> Expr<'_> {
        let location = Location::caller();
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        let path = state.ground.path(path, span);
        drop(state);
        let kind = match *path.segments {
            [name] => ExprKind::Name(name),
            _ => ExprKind::Path(Box::new(path)),
        };
        self.leaf(kind, location)
    }

    /// An integer whose type its place decides.
    #[track_caller]
    pub fn int(&self, value: impl Into<i128>) -> Expr<'_> {
        self.integer(value.into(), None, Location::caller())
    }

    /// An integer of a type.
    #[track_caller]
    pub fn int_of(&self, ty: ValueType, value: impl Into<i128>) -> Expr<'_> {
        self.integer(value.into(), Some(ty), Location::caller())
    }

    pub(super) fn integer(
        &self,
        value: i128,
        suffix: Option<ValueType>,
        location: &Location<'_>,
    ) -> Expr<'_> {
        let Ok(magnitude) = u64::try_from(value.unsigned_abs()) else {
            self.error(
                codes::BUILDER_LITERAL,
                location,
                "this integer is larger than any type holds",
                "the largest is 2^64 - 1, a u64",
            );
            return self.leaf(ExprKind::Error, location);
        };
        let number = self.int_literal_at(
            IntLiteral { value: magnitude, radix: Radix::Decimal, suffix },
            location,
        );
        if value < 0 {
            self.make(location, [number], |[number]| ExprKind::Unary(UnaryOp::Neg, number))
        } else {
            number
        }
    }

    /// An integer as it is to be printed.
    #[track_caller]
    pub fn int_literal(&self, literal: IntLiteral) -> Expr<'_> {
        self.int_literal_at(literal, Location::caller())
    }

    pub(super) fn int_literal_at(&self, literal: IntLiteral, location: &Location<'_>) -> Expr<'_> {
        let fits = match literal.suffix {
            Some(ValueType::Bool | ValueType::Char | ValueType::V128) => false,
            Some(ValueType::F32 | ValueType::F64) => literal.radix == Radix::Decimal,
            Some(
                ValueType::I8
                | ValueType::U8
                | ValueType::I16
                | ValueType::U16
                | ValueType::I32
                | ValueType::U32
                | ValueType::I64
                | ValueType::U64
                | ValueType::Addr,
            )
            | None => true,
        };
        if !fits {
            self.error(
                codes::BUILDER_LITERAL,
                location,
                "no integer has that type",
                "integer types, `addr` and, in decimal, floats have integer literals",
            );
            return self.leaf(ExprKind::Error, location);
        }
        self.leaf(ExprKind::Int(literal), location)
    }

    /// A float whose type its place decides.
    #[track_caller]
    pub fn float(&self, value: f64) -> Expr<'_> {
        self.floating(value, None, Location::caller())
    }

    /// A float of a type.
    #[track_caller]
    pub fn float_of(&self, ty: ValueType, value: f64) -> Expr<'_> {
        self.floating(value, Some(ty), Location::caller())
    }

    fn floating(&self, value: f64, suffix: Option<ValueType>, location: &Location<'_>) -> Expr<'_> {
        let text = if value.is_nan() { "nan".to_owned() } else { format!("{:?}", value.abs()) };
        let number = self.float_literal_at(&text, suffix, location);
        // The sign of zero counts, that of a NaN does not.
        if value.is_sign_negative() && !value.is_nan() {
            self.make(location, [number], |[number]| ExprKind::Unary(UnaryOp::Neg, number))
        } else {
            number
        }
    }

    /// A float as it is written: `1.5`, `0x1.8p3`, `inf`, `nan:0x200000`.
    #[track_caller]
    pub fn float_literal(&self, text: &str, ty: Option<ValueType>) -> Expr<'_> {
        self.float_literal_at(text, ty, Location::caller())
    }

    pub(super) fn float_literal_at(
        &self,
        text: &str,
        suffix: Option<ValueType>,
        location: &Location<'_>,
    ) -> Expr<'_> {
        let is_float = matches!(suffix, None | Some(ValueType::F32 | ValueType::F64));
        match literal::any_float(text) {
            Some(FloatLiteral { text, suffix: None }) if is_float => {
                self.leaf(ExprKind::Float(Box::new(FloatLiteral { text, suffix })), location)
            }
            _ => {
                let message = format!("`{text}` is no float of that type");
                self.error(
                    codes::BUILDER_LITERAL,
                    location,
                    &message,
                    "write digits with a point or exponent, `inf` or `nan`; its type is f32 or f64",
                );
                self.leaf(ExprKind::Error, location)
            }
        }
    }

    /// `true`, `false`
    #[track_caller]
    pub fn bool(&self, value: bool) -> Expr<'_> {
        self.leaf(ExprKind::Bool(value), Location::caller())
    }

    /// `'c'`
    #[track_caller]
    pub fn char(&self, value: char) -> Expr<'_> {
        self.leaf(ExprKind::Char(value), Location::caller())
    }

    /// `b'c'`
    #[track_caller]
    pub fn byte(&self, value: u8) -> Expr<'_> {
        self.leaf(ExprKind::Byte(value), Location::caller())
    }

    /// `b"bytes"`: read-only memory.
    #[track_caller]
    pub fn bytes(&self, value: &[u8]) -> Expr<'_> {
        self.leaf(ExprKind::Bytes(value.into()), Location::caller())
    }

    /// `"text"`
    #[track_caller]
    pub fn text(&self, value: &str) -> Expr<'_> {
        self.leaf(ExprKind::Text(value.into()), Location::caller())
    }

    /// `()`
    #[track_caller]
    pub fn unit(&self) -> Expr<'_> {
        self.leaf(ExprKind::Unit, Location::caller())
    }

    /// `path(arguments)`
    #[track_caller]
    pub fn call<'f>(&'f self, path: impl IntoPath, arguments: impl Arguments<'f>) -> Expr<'f> {
        let callee = self.path(path);
        let arguments = arguments.into_list(self);
        self.call_value(callee, arguments, Location::caller())
    }

    /// Makes a value a statement here and now; needed for names and literals only.
    #[track_caller]
    pub fn run<'f>(&'f self, value: impl Value<'f>) {
        let value = value.into_expr(self);
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(Location::caller());
        let id = state.place(value.id, span);
        // It waits again, behind all that was made so far; most often it was made last.
        state.placed[id.index()] = false;
        let leaf = is_leaf(&state.body[id].kind);
        if let Some(block) = state.open.last_mut() {
            if !leaf && let Some(at) = block.iter().rposition(|made| *made == id) {
                block.remove(at);
            }
            block.push(id);
        }
    }

    /// `let name = value;`
    #[track_caller]
    pub fn bind<'f>(&'f self, name: &str, value: impl Value<'f>) -> Local<'f> {
        self.let_(name).value(value)
    }

    /// `let mut name = value;`
    #[track_caller]
    pub fn bind_mut<'f>(&'f self, name: &str, value: impl Value<'f>) -> Local<'f> {
        self.let_(name).mutable().value(value)
    }

    /// `let name …`
    #[track_caller]
    pub fn let_(&self, name: &str) -> LetBuilder<'_> {
        LetBuilder {
            code: self,
            location: Location::caller(),
            head: LetHead::Name(name.to_owned()),
            mutable: false,
            ty: None,
            at: Vec::new(),
        }
    }

    /// `let path { … } …`
    #[track_caller]
    pub fn let_struct(&self, path: impl IntoPath) -> LetBuilder<'_> {
        let mut segments = Vec::new();
        path.segments(&mut |segment| segments.push(segment.to_owned()));
        let head = LetHead::Struct { path: segments, fields: Vec::new(), rest: false };
        LetBuilder {
            code: self,
            location: Location::caller(),
            head,
            mutable: false,
            ty: None,
            at: Vec::new(),
        }
    }

    pub(super) fn block_with<'f, T: Tail<'f>>(
        &'f self,
        label: Option<&str>,
        body: impl FnOnce() -> T,
        location: &Location<'_>,
    ) -> Expr<'f> {
        let label = label.map(|label| self.ident(label, location));
        self.state.borrow_mut().open.push(Vec::new());
        let tail = body().into_tail(self);
        let mut state = self.state.borrow_mut();
        let span = state.ground.span(location);
        let id = state.close(label, tail.map(|tail| tail.id), span);
        Expr { code: self, id }
    }

    /// `{ … }`
    #[track_caller]
    pub fn block<'f, T: Tail<'f>>(&'f self, body: impl FnOnce() -> T) -> Expr<'f> {
        self.block_with(None, body, Location::caller())
    }

    /// `if condition { … }`
    #[track_caller]
    pub fn if_<'f, T: Tail<'f>>(
        &'f self,
        condition: impl Value<'f>,
        then: impl FnOnce() -> T,
    ) -> Expr<'f> {
        self.branches().when(condition, then).end()
    }

    /// `if condition { … } else { … }`
    #[track_caller]
    pub fn if_else<'f, T: Tail<'f>, E: Tail<'f>>(
        &'f self,
        condition: impl Value<'f>,
        then: impl FnOnce() -> T,
        otherwise: impl FnOnce() -> E,
    ) -> Expr<'f> {
        self.branches().when(condition, then).otherwise(otherwise)
    }

    /// `if … else if … else …`
    #[track_caller]
    pub fn branches(&self) -> Branches<'_> {
        Branches { code: self, location: Location::caller(), cases: Vec::new() }
    }

    /// `match value { … }`
    #[track_caller]
    pub fn match_<'f>(&'f self, value: impl Value<'f>) -> MatchBuilder<'f> {
        let value = value.into_expr(self);
        let value = self.place(&value, Location::caller());
        MatchBuilder { code: self, location: Location::caller(), value, arms: Vec::new() }
    }

    /// `'label: …`, for a loop or block.
    #[track_caller]
    pub fn labelled(&self, label: &str) -> Labelled<'_> {
        Labelled { code: self, label: Some(label.to_owned()) }
    }

    fn unlabelled(&self) -> Labelled<'_> {
        Labelled { code: self, label: None }
    }

    /// `loop { … }`
    #[track_caller]
    pub fn loop_<'f, T: Tail<'f>>(&'f self, body: impl FnOnce() -> T) -> Expr<'f> {
        self.unlabelled().loop_(body)
    }

    /// `while condition { … }`
    #[track_caller]
    pub fn while_<'f, T: Tail<'f>>(
        &'f self,
        condition: impl Value<'f>,
        body: impl FnOnce() -> T,
    ) -> Expr<'f> {
        self.unlabelled().while_(condition, body)
    }

    /// `for name in start..end { … }`
    #[track_caller]
    pub fn for_<'f, T: Tail<'f>>(
        &'f self,
        name: &str,
        start: impl Value<'f>,
        end: impl Value<'f>,
        body: impl FnOnce(Local<'f>) -> T,
    ) -> Expr<'f> {
        self.unlabelled().for_(name, start, end, body)
    }

    /// `for name in start..=end { … }`
    #[track_caller]
    pub fn for_inclusive<'f, T: Tail<'f>>(
        &'f self,
        name: &str,
        start: impl Value<'f>,
        end: impl Value<'f>,
        body: impl FnOnce(Local<'f>) -> T,
    ) -> Expr<'f> {
        self.unlabelled().for_inclusive(name, start, end, body)
    }

    fn jump<'f>(
        &'f self,
        value: Option<Expr<'f>>,
        kind: impl FnOnce(Option<ExprId>) -> ExprKind,
        location: &Location<'_>,
    ) -> Expr<'f> {
        match value {
            Some(value) => self.make(location, [value], |[value]| kind(Some(value))),
            None => self.push(kind(None), location),
        }
    }

    /// `break`
    #[track_caller]
    pub fn break_(&self) -> Expr<'_> {
        self.jump(None, |value| ExprKind::Break(None, value), Location::caller())
    }

    /// `break value`
    #[track_caller]
    pub fn break_value<'f>(&'f self, value: impl Value<'f>) -> Expr<'f> {
        let value = value.into_expr(self);
        self.jump(Some(value), |value| ExprKind::Break(None, value), Location::caller())
    }

    /// `break 'label`
    #[track_caller]
    pub fn break_to(&self, label: &str) -> Expr<'_> {
        let label = self.ident(label, Location::caller());
        self.jump(None, |value| ExprKind::Break(Some(label), value), Location::caller())
    }

    /// `break 'label value`
    #[track_caller]
    pub fn break_to_value<'f>(&'f self, label: &str, value: impl Value<'f>) -> Expr<'f> {
        let label = self.ident(label, Location::caller());
        let value = value.into_expr(self);
        self.jump(Some(value), |value| ExprKind::Break(Some(label), value), Location::caller())
    }

    /// `continue`
    #[track_caller]
    pub fn continue_(&self) -> Expr<'_> {
        self.push(ExprKind::Continue(None), Location::caller())
    }

    /// `continue 'label`
    #[track_caller]
    pub fn continue_to(&self, label: &str) -> Expr<'_> {
        let label = self.ident(label, Location::caller());
        self.push(ExprKind::Continue(Some(label)), Location::caller())
    }

    /// `return`
    #[track_caller]
    pub fn return_(&self) -> Expr<'_> {
        self.jump(None, ExprKind::Return, Location::caller())
    }

    /// `return value`
    #[track_caller]
    pub fn return_value<'f>(&'f self, value: impl Value<'f>) -> Expr<'f> {
        let value = value.into_expr(self);
        self.jump(Some(value), ExprKind::Return, Location::caller())
    }

    /// `with_memory_allocator |name| { … }`
    #[track_caller]
    pub fn scope<'f, T: Tail<'f>>(
        &'f self,
        name: &str,
        body: impl FnOnce(Local<'f>) -> T,
    ) -> Expr<'f> {
        let location = Location::caller();
        let name = self.ident(name, location);
        let block = self.block_with(None, || body(Local { code: self, name: name.name }), location);
        self.make(location, [block], |[block]| ExprKind::Scope(name, block))
    }

    /// `wasm { text }`
    #[track_caller]
    pub fn wasm(&self, text: &str) -> Expr<'_> {
        let location = Location::caller();
        let template = template(&mut self.state.borrow_mut().ground, text, location);
        self.push(ExprKind::Wasm(Box::new(template)), location)
    }

    /// `path { … }`
    #[track_caller]
    pub fn structure(&self, path: impl IntoPath) -> StructValue<'_> {
        let mut segments = Vec::new();
        path.segments(&mut |segment| segments.push(segment.to_owned()));
        StructValue { code: self, location: Location::caller(), path: segments, fields: Vec::new() }
    }

    /// `data […]`
    #[track_caller]
    pub fn data(&self) -> DataBuilder<'_> {
        DataBuilder { code: self, location: Location::caller(), elements: Vec::new() }
    }
}
