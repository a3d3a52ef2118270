//! The data model of the IR: what the parser and the builder make, what the printer writes.
//!
//! A [`Module`] is one source file. Each function body is an arena of its own, so a node is named by a small id and a long chain of
//! operators needs no recursion to drop. Nothing here is resolved or typed: that is [`crate::checked`].
//!
//! Invariant: every id in a body points into that body, and children are pushed before their parents (except labelled targets, which name
//! no node here at all).

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use std::num::NonZeroU32;
use std::ops::Index;
use std::sync::Arc;

use crate::source::{Source, Span};

/// A name, interned in its module. Compare names of one module by id, of two modules by text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Name(NonZeroU32);

impl Name {
    fn new(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("a module is smaller than 4 GiB, so are its names"))
    }

    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The interner of a module's names, in order of first use.
#[derive(Clone, Default, Debug)]
pub struct Names {
    texts: IndexSet<Arc<str>, FxBuildHasher>,
}

impl Names {
    /// The id of `text`, new or known.
    pub fn intern(&mut self, text: &str) -> Name {
        let index =
            self.texts.get_index_of(text).unwrap_or_else(|| self.texts.insert_full(text.into()).0);
        Name::new(index)
    }

    /// The id of `text` if it occurs in the module.
    pub fn get(&self, text: &str) -> Option<Name> {
        self.texts.get_index_of(text).map(Name::new)
    }

    /// A name's text, shared.
    pub(crate) fn shared(&self, name: Name) -> Arc<str> {
        self.texts[name.index()].clone()
    }

    /// All texts, by id.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }
}

impl Index<Name> for Names {
    type Output = str;
    fn index(&self, name: Name) -> &str {
        &self.texts[name.index()]
    }
}

/// A name where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Ident {
    /// What it says, without back-ticks.
    pub name: Name,
    /// Where it stands.
    pub span: Span,
}

/// One or more names joined by `::`.
#[derive(Clone, Debug)]
pub struct Path {
    /// The names; at least one.
    pub segments: Box<[Ident]>,
}

impl Path {
    /// From the first name to the last.
    pub fn span(&self) -> Span {
        self.segments[0].span.to(self.last().span)
    }

    /// The last name: what the path names inside the module that the names before it name.
    pub fn last(&self) -> Ident {
        self.segments[self.segments.len() - 1]
    }
}

/// One source file's worth of program.
#[derive(Clone, Debug)]
pub struct Module {
    /// The module's path, joined by `::` (`module std::io;`); the file's stem when the text doesn't say.
    pub name: Box<str>,
    /// `//!` lines at the top, without the `//!`.
    pub docs: Vec<Box<str>>,
    /// The items in order.
    pub items: Vec<Item>,
    /// The names used anywhere in the module.
    pub names: Names,
    /// The text or the positions that spans point into.
    pub source: Source,
}

/// An item with what stands before it.
#[derive(Clone, Debug)]
pub struct Item {
    /// `///` lines, without the `///`.
    pub docs: Vec<Box<str>>,
    /// `#[…]`, in order.
    pub attributes: Vec<Attribute>,
    /// Whether `pub` stands before it.
    pub public: bool,
    /// The whole item, docs and attributes left out.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// `#[path]` or `#[path(arguments)]`.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// `wasm_import`, `tool::anything`, …
    pub path: Path,
    /// The arguments.
    pub arguments: Vec<AttributeArgument>,
    /// All of it.
    pub span: Span,
}

/// An argument of an attribute.
#[derive(Clone, Debug)]
pub enum AttributeArgument {
    /// `"text"`
    Text(Box<str>, Span),
    /// `std::memory::MemorySegment::get_i8`, `never`
    Path(Path),
    /// `12`
    Int(u64, Span),
}

/// The kinds of items. Reference types, enums and exceptions get variants of their own.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `use a::b::{c, d as e};`, flattened: one binding each.
    Use(Vec<UseBinding>),
    /// `const NAME: T = e;`
    Const(Global),
    /// `static NAME: T = e;`, `static mut NAME: T = e;`
    Static {
        /// Whether `mut` stands there.
        mutable: bool,
        /// Name, type, initialiser.
        global: Global,
    },
    /// `fn` and `extern fn`.
    Fn(Fn),
    /// `struct S { … }`
    Struct(Struct),
    /// `impl T { … }`
    Impl(Impl),
}

/// One name that a `use` brings in.
#[derive(Clone, Debug)]
pub struct UseBinding {
    /// What is brought in.
    pub path: Path,
    /// The name it gets, if `as` says one.
    pub alias: Option<Ident>,
}

/// A `const` or `static`.
#[derive(Clone, Debug)]
pub struct Global {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// A body whose root is the initialiser.
    pub value: Body,
}

/// A function, with or without a body.
#[derive(Clone, Debug)]
pub struct Fn {
    /// Its name.
    pub name: Ident,
    /// Whether it is an `extern fn`: an import.
    pub is_extern: bool,
    /// The parameters, a method's `self` first.
    pub params: Vec<Param>,
    /// The result type; `None` is `()`.
    pub result: Option<Type>,
    /// What it does.
    pub body: FnBody,
}

/// What stands after a function's signature.
#[derive(Clone, Debug)]
pub enum FnBody {
    /// `;` — an `extern fn`, or a stub that is bound by `#[intrinsic(…)]`.
    None,
    /// `{ … }` — the root is a block.
    Block(Body),
    /// `= wasm { … };`, `= checked(n) wasm { … };`
    Wasm {
        /// `checked(n)`: bytes accessed at `$offset` of `$self`, to be tested before the template runs.
        checked: Option<u32>,
        /// The text between the braces.
        template: Template,
    },
}

/// The text of a `wasm { … }`, braces left out.
#[derive(Clone, Debug)]
pub struct Template {
    /// Folded WebAssembly text.
    pub text: Box<str>,
    /// Where the text starts and ends.
    pub span: Span,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name; `self` for a receiver.
    pub name: Ident,
    /// Whether `mut` stands before it.
    pub mutable: bool,
    /// Its type; `None` only for a receiver, whose type is the `impl`'s.
    pub ty: Option<Type>,
}

/// `struct S { x: f64, pub y: f64 }`
#[derive(Clone, Debug)]
pub struct Struct {
    /// Its name.
    pub name: Ident,
    /// Its fields in order.
    pub fields: Vec<FieldDecl>,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct FieldDecl {
    /// `///` lines.
    pub docs: Vec<Box<str>>,
    /// Whether other modules may name it.
    pub public: bool,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
}

/// `impl T { fn … }`
#[derive(Clone, Debug)]
pub struct Impl {
    /// A struct or a value type.
    pub target: Type,
    /// Functions only.
    pub items: Vec<Item>,
}

/// A type as it is written.
#[derive(Clone, Debug)]
pub enum Type {
    /// `()`
    Unit(Span),
    /// `!`
    Never(Span),
    /// `i32`, `MemorySegment`: the commonest, so it needs no allocation.
    Name(Ident),
    /// `a::S`: two names or more.
    Path(Box<Path>),
    /// `extern fn(A) -> B`
    Pointer(Box<PointerType>),
    /// What the parser could not read; reported already.
    Error(Span),
}

impl Type {
    /// The type that a path names, in the one form it has.
    pub fn path(path: Path) -> Self {
        match *path.segments {
            [name] => Self::Name(name),
            _ => Self::Path(Box::new(path)),
        }
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Unit(span) | Self::Never(span) | Self::Error(span) => *span,
            Self::Name(name) => name.span,
            Self::Path(path) => path.span(),
            Self::Pointer(it) => it.span,
        }
    }
}

/// `extern fn(A) -> B`
#[derive(Clone, Debug)]
pub struct PointerType {
    /// Parameter types.
    pub params: Box<[Type]>,
    /// `None` is `()`.
    pub result: Option<Type>,
    /// All of it.
    pub span: Span,
}

/// Id of an expression in its body: its place there, plus one, so that `Option<ExprId>` is no larger.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ExprId(NonZeroU32);

impl ExprId {
    fn new(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("a module is smaller than 4 GiB, so are its bodies"))
    }

    /// Its place in [`Body::exprs`].
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A list of expression ids: where it starts in its body's pool, with its length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExprList(u32);

impl ExprList {
    /// No expressions.
    pub const EMPTY: Self = Self(u32::MAX);
}

/// The expressions of one function or initialiser.
#[derive(Clone, Default, Debug)]
pub struct Body {
    exprs: Vec<Expr>,
    /// Of each list, an id whose index is the length, and then the ids.
    lists: Vec<ExprId>,
    root: Option<ExprId>,
}

impl Body {
    /// Adds an expression.
    pub fn push(&mut self, kind: ExprKind, span: Span) -> ExprId {
        let id = ExprId::new(self.exprs.len());
        self.exprs.push(Expr { kind, span });
        id
    }

    /// Adds a list of expressions.
    pub fn list(&mut self, ids: &[ExprId]) -> ExprList {
        if ids.is_empty() {
            return ExprList::EMPTY;
        }
        let start = u32::try_from(self.lists.len())
            .expect("a module is smaller than 4 GiB, so are its bodies");
        self.lists.push(ExprId::new(ids.len()));
        self.lists.extend_from_slice(ids);
        ExprList(start)
    }

    /// Says which expression is the body.
    pub fn set_root(&mut self, root: ExprId) {
        self.root = Some(root);
    }

    /// The expression that is the body.
    pub fn root(&self) -> ExprId {
        self.root.expect("whoever makes a body sets its root")
    }

    /// How many expressions there are.
    pub fn len(&self) -> usize {
        self.exprs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.exprs.is_empty()
    }

    /// Moves everything into a body without room for more; the room stays. Bodies are many and live until they are checked.
    pub(crate) fn take(&mut self) -> Body {
        Body {
            exprs: exact(&mut self.exprs),
            lists: exact(&mut self.lists),
            root: self.root.take(),
        }
    }

    /// The expressions, by id.
    pub fn exprs(&self) -> std::slice::Iter<'_, Expr> {
        self.exprs.iter()
    }

    /// Changes an expression in place.
    pub fn get_mut(&mut self, id: ExprId) -> &mut Expr {
        &mut self.exprs[id.index()]
    }
}

/// Moves the elements into a list without room for more.
pub(crate) fn exact<T>(room: &mut Vec<T>) -> Vec<T> {
    let mut list = Vec::with_capacity(room.len());
    list.append(room);
    list
}

impl Index<ExprId> for Body {
    type Output = Expr;
    fn index(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }
}

impl Index<ExprList> for Body {
    type Output = [ExprId];
    fn index(&self, list: ExprList) -> &[ExprId] {
        if list == ExprList::EMPTY {
            return &[];
        }
        let ids = &self.lists[list.0 as usize..];
        &ids[1..][..ids[0].index()]
    }
}

/// An expression where it stands.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expressions; statements among them (they stand only in blocks).
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// What the parser could not read; reported already.
    Error,
    /// `()`
    Unit,
    /// `true`, `false`
    Bool(bool),
    /// `12`, `0xffu8`; the sign is a unary operator's.
    Int(IntLiteral),
    /// `1.5`, `2.0f32`, `0x1.8p3`, `inf`, `nan`
    Float(Box<FloatLiteral>),
    /// `'c'`
    Char(char),
    /// `b'c'`
    Byte(u8),
    /// `b"bytes"`
    Bytes(Box<[u8]>),
    /// `"text"`: only as an initialiser of what a later issue brings; kept so that the error is the checker's.
    Text(Box<str>),
    /// `x`: the commonest of all, so it needs no allocation.
    Name(Ident),
    /// `a::b::f`, `S::new`, `u32::MAX`: two names or more.
    Path(Box<Path>),
    /// `-x`, `!x`
    Unary(UnaryOp, ExprId),
    /// `a + b`, `a && b`, `a < b`
    Binary(BinaryOp, ExprId, ExprId),
    /// `a = b`
    Assign(ExprId, ExprId),
    /// `a += b`
    AssignOp(BinaryOp, ExprId, ExprId),
    /// `e as T`
    Cast(ExprId, Type),
    /// `{ … }`, `'l: { … }`
    Block(Block),
    /// `if c { } else { }`; the branches are blocks, or an `if` after `else`.
    If(ExprId, ExprId, Option<ExprId>),
    /// `match e { p => e, … }`
    Match(ExprId, Box<[Arm]>),
    /// `'l: loop { }`
    Loop(Option<Ident>, ExprId),
    /// `'l: while c { }`
    While(Option<Ident>, ExprId, ExprId),
    /// `'l: for i in a..b { }`
    For(Box<For>),
    /// `break 'l e`
    Break(Option<Ident>, Option<ExprId>),
    /// `continue 'l`
    Continue(Option<Ident>),
    /// `return e`
    Return(Option<ExprId>),
    /// `become f(x)`; the operand is a call.
    Become(ExprId),
    /// `f(a, b)`
    Call(ExprId, ExprList),
    /// `x.m(a, b)`
    Method(ExprId, Ident, ExprList),
    /// `x.field`
    Field(ExprId, Ident),
    /// `a.i32[i]`: the base is `a.i32`, a [`ExprKind::Field`].
    Index(ExprId, ExprId),
    /// `S { x: 1.0, y }`
    Struct(Box<StructLiteral>),
    /// `data [a, b, [0u32; 256], …]`
    Data(Box<[DataElement]>),
    /// `with_memory_allocator |mem| { … }`; the second is a block.
    Scope(Ident, ExprId),
    /// `wasm { … }`
    Wasm(Box<Template>),
    /// `@"file.toy":7:3 e`: `e`, at a front end's own position (a span into the module's positions).
    At(Span, ExprId),
    /// `let …;` — a statement.
    Let(Box<Let>),
}

/// `12u8`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IntLiteral {
    /// Its magnitude. The parser reports what does not fit.
    pub value: u64,
    /// How it was written.
    pub radix: Radix,
    /// The type after it, if any; an integer, float (`1f64`) or `addr`.
    pub suffix: Option<ValueType>,
}

/// The base an integer is written in; printing keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Radix {
    Binary,
    Octal,
    Decimal,
    Hexadecimal,
}

/// `1.5f32`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FloatLiteral {
    /// The value without a sign, as written: `1.5`, `0x1.8p3`, `inf`, `nan`, `nan:0x200000`; rounded once, when its type is known.
    pub text: Box<str>,
    /// `f32` or `f64`, if written.
    pub suffix: Option<ValueType>,
}

/// The built-in scalar types, by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ValueType {
    Bool,
    Char,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
    V128,
    Addr,
}

/// Prefix operators.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!`: of a bool or the bits of an integer.
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// `&&`
    LogicalAnd,
    /// `||`
    LogicalOr,
}

/// `{ statements; tail }`
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// `'l:`
    pub label: Option<Ident>,
    /// The statements. An expression among them that has a value other than `()` or `!` stood with a `;`.
    pub statements: ExprList,
    /// The last expression, if no `;` follows it: the block's value.
    pub tail: Option<ExprId>,
}

/// `pattern if guard => value`
#[derive(Clone, Debug)]
pub struct Arm {
    /// The patterns joined by `|`; at least one.
    pub patterns: Box<[Pattern]>,
    /// `if guard`
    pub guard: Option<ExprId>,
    /// What the arm gives.
    pub value: ExprId,
    /// All of it.
    pub span: Span,
}

/// A pattern of a `match`.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What it is.
    pub kind: PatternKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of patterns. Enum patterns come with enums.
#[derive(Clone, Debug)]
pub enum PatternKind {
    /// `_`
    Wildcard,
    /// What the parser could not read; reported already.
    Error,
    /// A literal, a negated literal or a path of two names and more: an expression of the body.
    Value(ExprId),
    /// A bare name: a const if one is in scope, else a binding.
    Name(Ident),
    /// `a..b`, `a..=b`, `a..`, `..b`, `..=b`
    Range {
        /// From, inclusive.
        start: Option<ExprId>,
        /// To.
        end: Option<ExprId>,
        /// Whether `end` belongs to it.
        inclusive: bool,
    },
}

/// `for name in start..end { body }`
#[derive(Clone, Debug)]
pub struct For {
    /// `'l:`
    pub label: Option<Ident>,
    /// The variable; `_` is a name that nobody reads.
    pub name: Ident,
    /// First value.
    pub start: ExprId,
    /// Last value or one past it.
    pub end: ExprId,
    /// `..=`
    pub inclusive: bool,
    /// A block.
    pub body: ExprId,
}

/// `S { x: 1.0, y }`
#[derive(Clone, Debug)]
pub struct StructLiteral {
    /// The struct.
    pub path: Path,
    /// The fields as they are written.
    pub fields: Box<[FieldInit]>,
}

/// `x: 1.0` or `x` in a struct expression.
#[derive(Clone, Debug)]
pub struct FieldInit {
    /// The field.
    pub name: Ident,
    /// Its value; for the short form an [`ExprKind::Name`].
    pub value: ExprId,
    /// Whether it was written as `x` alone.
    pub short: bool,
}

/// An element of `data […]`.
#[derive(Clone, Debug)]
pub enum DataElement {
    /// `7u32`, `T.address()`, `b"text"`
    Value(ExprId),
    /// `[0u32; 256]`
    Repeat(ExprId, ExprId),
}

/// `let mut x: T = e;`, `let S { x, y: z } = e;`
#[derive(Clone, Debug)]
pub struct Let {
    /// What is bound.
    pub pattern: LetPattern,
    /// The type, if written.
    pub ty: Option<Type>,
    /// The value; without one the variable must be assigned before use.
    pub value: Option<ExprId>,
}

/// What a `let` binds.
#[derive(Clone, Debug)]
pub enum LetPattern {
    /// `x`, `mut x`; `_` is a name that nobody reads.
    Name {
        /// The variable.
        name: Ident,
        /// Whether it can be assigned again.
        mutable: bool,
    },
    /// `S { x, y: z, .. }`
    Struct(Box<LetStruct>),
}

/// `S { x, y: z, .. }` after `let`.
#[derive(Clone, Debug)]
pub struct LetStruct {
    /// The struct.
    pub path: Path,
    /// The fields and the variables they go to.
    pub fields: Box<[LetField]>,
    /// Whether `..` leaves fields out.
    pub rest: bool,
}

/// `x`, `x: a`, `x: mut a` in a struct pattern.
#[derive(Clone, Debug)]
pub struct LetField {
    /// The field.
    pub field: Ident,
    /// The variable; the field's name for the short form.
    pub name: Ident,
    /// Whether it can be assigned again.
    pub mutable: bool,
}

// Bodies are many, and all of them are in memory at once.
const _: () = assert!(size_of::<ExprKind>() == 24 && size_of::<Expr>() == 32);
const _: () =
    assert!(size_of::<Type>() == 16 && size_of::<Let>() == 40 && size_of::<Param>() == 32);
