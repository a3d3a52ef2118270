//! Parts of a body that take several calls to make: `let`, `if` chains, `match`, labelled loops, structs, `data`.

use std::panic::Location;

use super::Ty;
use super::code::Code;
use super::value::{Expr, Local, Tail, Value};
use crate::codes;
use crate::ir::{
    Arm, DataElement, ExprId, ExprKind, FieldInit, For, Ident, IntLiteral, Let, LetField,
    LetPattern, LetStruct, Pattern, PatternKind, StructLiteral, UnaryOp, ValueType,
};
use crate::source::{Position, Span};

#[derive(Debug)]
pub(super) enum LetHead {
    Name(String),
    Struct { path: Vec<String>, fields: Vec<(String, String, bool)>, rest: bool },
}

/// A `let`.
#[derive(Debug)]
#[must_use = "`value` or `unset` makes the statement"]
pub struct LetBuilder<'f> {
    pub(super) code: &'f Code,
    pub(super) location: &'static Location<'static>,
    pub(super) head: LetHead,
    pub(super) mutable: bool,
    pub(super) ty: Option<Ty>,
    /// The outermost first.
    pub(super) at: Vec<Position>,
}

impl<'f> LetBuilder<'f> {
    /// `let mut`; for a variable, not for a struct.
    #[track_caller]
    pub fn mutable(mut self) -> Self {
        if let LetHead::Struct { .. } = self.head {
            self.code.error(
                codes::BUILDER_MISPLACED,
                Location::caller(),
                "a struct is taken apart, not changed",
                "use `mut_field` for what is to change",
            );
        }
        self.mutable = true;
        self
    }

    /// `: ty`
    pub fn ty(mut self, ty: impl Into<Ty>) -> Self {
        self.ty = Some(ty.into());
        self
    }

    /// The position that a front end's own source has.
    pub fn at(mut self, file: &str, line: u32, column: u32) -> Self {
        self.at.push(Position { file: file.into(), line, column });
        self
    }

    /// `field: name`; `field` alone when both are the same.
    #[track_caller]
    pub fn field(self, field: &str, name: &str) -> Self {
        self.add_field(field, name, false, Location::caller())
    }

    /// `field: mut name`
    #[track_caller]
    pub fn mut_field(self, field: &str, name: &str) -> Self {
        self.add_field(field, name, true, Location::caller())
    }

    fn add_field(
        mut self,
        field: &str,
        name: &str,
        mutable: bool,
        location: &Location<'_>,
    ) -> Self {
        match &mut self.head {
            LetHead::Struct { fields, .. } => {
                fields.push((field.to_owned(), name.to_owned(), mutable))
            }
            LetHead::Name(_) => self.code.error(
                codes::BUILDER_MISPLACED,
                location,
                "a variable has no fields to bind",
                "begin with `let_struct`",
            ),
        }
        self
    }

    /// `..`: fields that are left out.
    #[track_caller]
    pub fn rest(mut self) -> Self {
        match &mut self.head {
            LetHead::Struct { rest, .. } => *rest = true,
            LetHead::Name(_) => {
                self.code.error(
                    codes::BUILDER_MISPLACED,
                    Location::caller(),
                    "a variable has no fields to leave out",
                    "begin with `let_struct`",
                );
            }
        }
        self
    }

    /// `= value;`. Returns the variable; for a struct, one that is never bound: use [`Code::name`].
    #[track_caller]
    pub fn value(self, value: impl Value<'f>) -> Local<'f> {
        let value = value.into_expr(self.code);
        self.end(Some(value))
    }

    /// Without a value: the variable is assigned before it is used.
    pub fn unset(self) -> Local<'f> {
        self.end(None)
    }

    fn end(self, value: Option<Expr<'f>>) -> Local<'f> {
        let Self { code, location, head, mutable, ty, at } = self;
        let ty = ty.map(|ty| code.written_type(ty, location));
        let (pattern, name) = match head {
            LetHead::Name(name) => {
                let name = code.variable(&name, mutable, location);
                (
                    LetPattern::Name { name, mutable: mutable && !code.is_underscore(name) },
                    name.name,
                )
            }
            LetHead::Struct { path, fields, rest } => {
                let mut state = code.state.borrow_mut();
                let span = state.ground.span(location);
                let path = state.ground.path(&path[..], span);
                drop(state);
                let fields = fields
                    .iter()
                    .map(|(field, name, mutable)| {
                        let field = code.ident(field, location);
                        let name = code.variable(name, *mutable, location);
                        LetField { field, name, mutable: *mutable && !code.is_underscore(name) }
                    })
                    .collect();
                let pattern = LetPattern::Struct(Box::new(LetStruct { path, fields, rest }));
                (pattern, code.ident("_", location).name)
            }
        };
        let at: Vec<Span> =
            at.into_iter().map(|position| code.position(position, location)).collect();
        let mut state = code.state.borrow_mut();
        let span = state.ground.span(location);
        let value = value.map(|value| state.place(value.id, span));
        let mut id = state.push(ExprKind::Let(Box::new(Let { pattern, ty, value })), span);
        for at in at.into_iter().rev() {
            state.placed[id.index()] = true;
            id = state.push(ExprKind::At(at, id), span);
        }
        Local { code, name }
    }
}

impl Code {
    fn is_underscore(&self, name: Ident) -> bool {
        &self.state.borrow().ground.names[name.name] == "_"
    }
}

/// `if … else if … else …`
#[derive(Debug)]
#[must_use = "`otherwise` or `end` makes the expression"]
pub struct Branches<'f> {
    pub(super) code: &'f Code,
    pub(super) location: &'static Location<'static>,
    pub(super) cases: Vec<(ExprId, ExprId)>,
}

impl<'f> Branches<'f> {
    /// `if condition { … }`, `else if condition { … }`
    #[track_caller]
    pub fn when<T: Tail<'f>>(
        mut self,
        condition: impl Value<'f>,
        then: impl FnOnce() -> T,
    ) -> Self {
        let condition = condition.into_expr(self.code);
        let condition = self.code.place(&condition, Location::caller());
        let block = self.code.block_with(None, then, Location::caller());
        let block = self.code.place(&block, Location::caller());
        self.cases.push((condition, block));
        self
    }

    /// `else { … }`
    #[track_caller]
    pub fn otherwise<E: Tail<'f>>(self, otherwise: impl FnOnce() -> E) -> Expr<'f> {
        let block = self.code.block_with(None, otherwise, Location::caller());
        if self.cases.is_empty() {
            return block;
        }
        let block = self.code.place(&block, Location::caller());
        self.build(Some(block))
    }

    /// No `else`.
    pub fn end(self) -> Expr<'f> {
        if self.cases.is_empty() {
            return self.code.leaf(ExprKind::Unit, self.location);
        }
        self.build(None)
    }

    fn build(self, mut otherwise: Option<ExprId>) -> Expr<'f> {
        let mut state = self.code.state.borrow_mut();
        let span = state.ground.span(self.location);
        for (condition, then) in self.cases.into_iter().rev() {
            if let Some(inner) = otherwise {
                state.placed[inner.index()] = true;
            }
            otherwise = Some(state.push(ExprKind::If(condition, then, otherwise), span));
        }
        let id = otherwise.unwrap_or_else(|| state.push(ExprKind::Unit, span));
        drop(state);
        Expr { code: self.code, id }
    }
}

/// A pattern of a `match`.
#[derive(Clone, Debug)]
pub enum Pat {
    /// `_`
    Any,
    /// A bare name: a const if one is in scope, else a binding.
    Name(String),
    /// `a::B`, name by name, at least two.
    Path(Vec<String>),
    /// `12`, `-12`, whose type the value matched decides.
    Int(i128),
    /// An integer as it is to be printed, and whether `-` stands before it.
    IntLiteral(IntLiteral, bool),
    /// `1.5`, `inf`, as it is written, and whether `-` stands before it.
    Float(String, Option<ValueType>, bool),
    /// `'c'`
    Char(char),
    /// `b'c'`
    Byte(u8),
    /// `true`
    Bool(bool),
    /// `"text"`
    Text(String),
    /// `b"bytes"`
    Bytes(Vec<u8>),
    /// `a..b`; at least one end.
    Range(Option<Box<Pat>>, Option<Box<Pat>>),
    /// `a..=b`, `..=b`
    RangeInclusive(Option<Box<Pat>>, Box<Pat>),
}

impl From<i32> for Pat {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<char> for Pat {
    fn from(value: char) -> Self {
        Self::Char(value)
    }
}

impl From<bool> for Pat {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl Code {
    fn pattern(&self, pattern: &Pat, location: &Location<'_>) -> Pattern {
        let span = self.state.borrow_mut().ground.span(location);
        let kind = match pattern {
            Pat::Any => PatternKind::Wildcard,
            Pat::Name(name) => PatternKind::Name(self.ident(name, location)),
            Pat::Range(None, None) => {
                self.error(
                    codes::BUILDER_MISPLACED,
                    location,
                    "a range has at least one end",
                    "use `Pat::Any` for every value",
                );
                PatternKind::Error
            }
            Pat::Range(start, end) => PatternKind::Range {
                start: start.as_ref().map(|start| self.pattern_value(start, location)),
                end: end.as_ref().map(|end| self.pattern_value(end, location)),
                inclusive: false,
            },
            Pat::RangeInclusive(start, end) => PatternKind::Range {
                start: start.as_ref().map(|start| self.pattern_value(start, location)),
                end: Some(self.pattern_value(end, location)),
                inclusive: true,
            },
            Pat::Path(_)
            | Pat::Int(_)
            | Pat::IntLiteral(..)
            | Pat::Float(..)
            | Pat::Char(_)
            | Pat::Byte(_)
            | Pat::Bool(_)
            | Pat::Text(_)
            | Pat::Bytes(_) => {
                let value = self.pattern_value(pattern, location);
                if let ExprKind::Name(name) = self.state.borrow().body[value].kind {
                    PatternKind::Name(name)
                } else {
                    PatternKind::Value(value)
                }
            }
        };
        Pattern { kind, span }
    }

    /// A value that a pattern compares with.
    fn pattern_value(&self, pattern: &Pat, location: &Location<'_>) -> ExprId {
        let negated = |number: Expr<'_>, negative: bool| {
            let code = number.code;
            if negative {
                code.make(location, [number], |[number]| ExprKind::Unary(UnaryOp::Neg, number)).id
            } else {
                number.id
            }
        };
        let id = match pattern {
            Pat::Int(value) => self.integer(*value, None, location).id,
            Pat::IntLiteral(literal, negative) => {
                negated(self.int_literal_at(*literal, location), *negative)
            }
            Pat::Float(text, ty, negative) => {
                negated(self.float_literal_at(text, *ty, location), *negative)
            }
            Pat::Char(value) => self.leaf(ExprKind::Char(*value), location).id,
            Pat::Byte(value) => self.leaf(ExprKind::Byte(*value), location).id,
            Pat::Bool(value) => self.leaf(ExprKind::Bool(*value), location).id,
            Pat::Text(value) => self.leaf(ExprKind::Text(value.as_str().into()), location).id,
            Pat::Bytes(value) => self.leaf(ExprKind::Bytes(value.as_slice().into()), location).id,
            Pat::Name(name) => {
                let name = self.ident(name, location);
                self.leaf(ExprKind::Name(name), location).id
            }
            Pat::Path(path) => {
                let mut state = self.state.borrow_mut();
                let span = state.ground.span(location);
                let path = state.ground.path(&path[..], span);
                drop(state);
                let kind = match *path.segments {
                    [name] => ExprKind::Name(name),
                    _ => ExprKind::Path(Box::new(path)),
                };
                self.leaf(kind, location).id
            }
            Pat::Any | Pat::Range(..) | Pat::RangeInclusive(..) => {
                self.error(
                    codes::BUILDER_MISPLACED,
                    location,
                    "the end of a range is a value",
                    "use a literal, a name or a path",
                );
                self.leaf(ExprKind::Error, location).id
            }
        };
        // A negated literal waits in its block; its pattern has it now.
        self.state.borrow_mut().placed[id.index()] = true;
        id
    }
}

/// A `match`.
#[derive(Debug)]
#[must_use = "`end` makes the expression"]
pub struct MatchBuilder<'f> {
    pub(super) code: &'f Code,
    pub(super) location: &'static Location<'static>,
    pub(super) value: ExprId,
    pub(super) arms: Vec<Arm>,
}

impl<'f> MatchBuilder<'f> {
    /// `pattern => value`
    #[track_caller]
    pub fn arm(self, pattern: impl Into<Pat>, value: impl Value<'f>) -> Self {
        let value = value.into_expr(self.code);
        self.add(&[pattern.into()], None, value, Location::caller())
    }

    /// `a | b => value`
    #[track_caller]
    pub fn arms(self, patterns: &[Pat], value: impl Value<'f>) -> Self {
        let value = value.into_expr(self.code);
        self.add(patterns, None, value, Location::caller())
    }

    /// `a | b if guard => value`
    #[track_caller]
    pub fn guarded(self, patterns: &[Pat], guard: impl Value<'f>, value: impl Value<'f>) -> Self {
        let guard = guard.into_expr(self.code);
        let value = value.into_expr(self.code);
        self.add(patterns, Some(guard), value, Location::caller())
    }

    fn add(
        mut self,
        patterns: &[Pat],
        guard: Option<Expr<'f>>,
        value: Expr<'f>,
        location: &Location<'_>,
    ) -> Self {
        if patterns.is_empty() {
            self.code.error(
                codes::BUILDER_MISPLACED,
                location,
                "an arm has at least one pattern",
                "use `Pat::Any` for what is left",
            );
            return self;
        }
        let patterns =
            patterns.iter().map(|pattern| self.code.pattern(pattern, location)).collect();
        let guard = guard.map(|guard| self.code.place(&guard, location));
        let value = self.code.place(&value, location);
        let span = self.code.state.borrow_mut().ground.span(location);
        self.arms.push(Arm { patterns, guard, value, span });
        self
    }

    /// The whole `match`.
    pub fn end(self) -> Expr<'f> {
        self.code.push(ExprKind::Match(self.value, self.arms.into()), self.location)
    }
}

/// A loop or block with a label.
#[derive(Debug)]
#[must_use = "its methods make the loop or block"]
pub struct Labelled<'f> {
    pub(super) code: &'f Code,
    pub(super) label: Option<String>,
}

impl<'f> Labelled<'f> {
    fn ident(&self, location: &Location<'_>) -> Option<Ident> {
        self.label.as_deref().map(|label| self.code.ident(label, location))
    }

    /// `{ … }`
    #[track_caller]
    pub fn block<T: Tail<'f>>(self, body: impl FnOnce() -> T) -> Expr<'f> {
        self.code.block_with(self.label.as_deref(), body, Location::caller())
    }

    /// `loop { … }`
    #[track_caller]
    pub fn loop_<T: Tail<'f>>(self, body: impl FnOnce() -> T) -> Expr<'f> {
        let location = Location::caller();
        let label = self.ident(location);
        let block = self.code.block_with(None, body, location);
        self.code.make(location, [block], |[block]| ExprKind::Loop(label, block))
    }

    /// `while condition { … }`
    #[track_caller]
    pub fn while_<T: Tail<'f>>(
        self,
        condition: impl Value<'f>,
        body: impl FnOnce() -> T,
    ) -> Expr<'f> {
        let location = Location::caller();
        let label = self.ident(location);
        let condition = condition.into_expr(self.code);
        let block = self.code.block_with(None, body, location);
        self.code.make(location, [condition, block], |[condition, block]| {
            ExprKind::While(label, condition, block)
        })
    }

    /// `for name in start..end { … }`
    #[track_caller]
    pub fn for_<T: Tail<'f>>(
        self,
        name: &str,
        start: impl Value<'f>,
        end: impl Value<'f>,
        body: impl FnOnce(Local<'f>) -> T,
    ) -> Expr<'f> {
        let (start, end) = (start.into_expr(self.code), end.into_expr(self.code));
        self.count(name, start, end, false, body, Location::caller())
    }

    /// `for name in start..=end { … }`
    #[track_caller]
    pub fn for_inclusive<T: Tail<'f>>(
        self,
        name: &str,
        start: impl Value<'f>,
        end: impl Value<'f>,
        body: impl FnOnce(Local<'f>) -> T,
    ) -> Expr<'f> {
        let (start, end) = (start.into_expr(self.code), end.into_expr(self.code));
        self.count(name, start, end, true, body, Location::caller())
    }

    fn count<T: Tail<'f>>(
        self,
        name: &str,
        start: Expr<'f>,
        end: Expr<'f>,
        inclusive: bool,
        body: impl FnOnce(Local<'f>) -> T,
        location: &Location<'_>,
    ) -> Expr<'f> {
        let code = self.code;
        let label = self.ident(location);
        let name = code.ident(name, location);
        let block = code.block_with(None, || body(Local { code, name: name.name }), location);
        code.make(location, [start, end, block], |[start, end, body]| {
            ExprKind::For(Box::new(For { label, name, start, end, inclusive, body }))
        })
    }
}

/// `path { … }`
#[derive(Debug)]
#[must_use = "`end` makes the expression"]
pub struct StructValue<'f> {
    pub(super) code: &'f Code,
    pub(super) location: &'static Location<'static>,
    pub(super) path: Vec<String>,
    pub(super) fields: Vec<FieldInit>,
}

impl<'f> StructValue<'f> {
    /// `name: value`
    #[track_caller]
    pub fn field(mut self, name: &str, value: impl Value<'f>) -> Self {
        let name = self.code.ident(name, Location::caller());
        let value = value.into_expr(self.code);
        let value = self.code.place(&value, Location::caller());
        self.fields.push(FieldInit { name, value, short: false });
        self
    }

    /// `name`: the field and the local have one name.
    #[track_caller]
    pub fn short(mut self, name: &str) -> Self {
        let name = self.code.ident(name, Location::caller());
        let value = self.code.leaf(ExprKind::Name(name), Location::caller());
        let value = self.code.place(&value, Location::caller());
        self.fields.push(FieldInit { name, value, short: true });
        self
    }

    /// The whole value.
    pub fn end(self) -> Expr<'f> {
        let mut state = self.code.state.borrow_mut();
        let span = state.ground.span(self.location);
        let path = state.ground.path(&self.path[..], span);
        drop(state);
        self.code.push(
            ExprKind::Struct(Box::new(StructLiteral { path, fields: self.fields.into() })),
            self.location,
        )
    }
}

/// `data […]`
#[derive(Debug)]
#[must_use = "`end` makes the expression"]
pub struct DataBuilder<'f> {
    pub(super) code: &'f Code,
    pub(super) location: &'static Location<'static>,
    pub(super) elements: Vec<DataElement>,
}

impl<'f> DataBuilder<'f> {
    /// `value`
    #[track_caller]
    pub fn value(mut self, value: impl Value<'f>) -> Self {
        let value = value.into_expr(self.code);
        self.elements.push(DataElement::Value(self.code.place(&value, Location::caller())));
        self
    }

    /// `[value; count]`
    #[track_caller]
    pub fn repeat(mut self, value: impl Value<'f>, count: impl Value<'f>) -> Self {
        let (value, count) = (value.into_expr(self.code), count.into_expr(self.code));
        let (value, count) = (
            self.code.place(&value, Location::caller()),
            self.code.place(&count, Location::caller()),
        );
        self.elements.push(DataElement::Repeat(value, count));
        self
    }

    /// The whole expression.
    pub fn end(self) -> Expr<'f> {
        self.code.push(ExprKind::Data(self.elements.into()), self.location)
    }
}
