//! The checked program: every name resolved, every expression typed, constants evaluated. Made only by [`crate::check`](crate::check()).
//!
//! A body here is smaller than the one it was made from: literals are bits, paths are locals or definitions, methods are calls, places are
//! explicit. What is left of the surface (`while`, `match`, scopes) is what lowering wants to see whole.
//!
//! Invariants, which lowering relies on:
//! - types agree: operands of a binary operator have one type (a shift count any integer type), arguments have the parameters' types,
//!   a value where one is expected has that type or [`Type::Never`] (`!` fits everywhere);
//! - every local is assigned before it is read; every `break`, `continue` targets an enclosing expression; `match` is exhaustive;
//! - children of an expression are evaluated in the order their fields stand in, lists from left to right, each once;
//! - integer constants are normalised: sign-extended (signed types) or zero-extended (others) from their width to 64 bits.

use std::ops::Index;
use std::sync::Arc;

pub use crate::check::Checked;
pub use crate::diagnostic::{ModuleId, Place};
pub use crate::ir::{BinaryOp, ValueType};
use crate::source::Span;
use swasm_tree::FuncType;
use swasm_tree::template::Template;

/// A definition: a function, method, struct, const or static. Methods count as items of their module.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct DefId {
    /// Library modules come first, in the library's order; then the program's.
    pub module: ModuleId,
    /// In order of appearance in the module.
    pub index: u32,
}

/// What a [`DefId`] names.
#[derive(Clone, Copy, Debug)]
pub enum Def<'a> {
    /// A function or method.
    Function(&'a Function),
    /// A struct.
    Struct(&'a Struct),
    /// A const or static.
    Global(&'a Global),
}

/// A resolved type. Equality is identity of types.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// A scalar.
    Value(ValueType),
    /// `()`
    Unit,
    /// `!`: no value; control does not come back.
    Never,
    /// A struct.
    Struct(DefId),
    /// `extern fn(A) -> B`
    Pointer(Arc<Signature>),
    /// Something that was reported already; fits everywhere. Never in a [`Checked`] program.
    Error,
}

/// Parameter and result types.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Signature {
    /// A method's receiver first.
    pub params: Box<[Type]>,
    /// `()` for none.
    pub result: Type,
}

/// A constant value, as big as it may be.
#[derive(Clone, PartialEq, Debug)]
pub enum Constant {
    /// An integer, bool, char or addr, normalised.
    Int(u64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// Little-endian bytes.
    V128([u8; 16]),
    /// `()`
    Unit,
    /// A function as a pointer.
    Function(DefId),
    /// An address inside static data plus a number (an `addr`).
    Address(DataKey, i64),
    /// A segment over all of some static data (`data […]`, `b"…"`, a static that is one).
    Segment(DataKey),
    /// A struct's fields, in declaration order.
    Struct(Box<[Constant]>),
}

/// Static data that a constant refers to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum DataKey {
    /// The data of a `const` or `static` item of type `MemorySegment`; its [`Global::data`].
    Item(DefId),
    /// A byte string, read-only, the same for equal contents.
    Bytes(Arc<[u8]>),
}

/// Static data.
#[derive(Clone, PartialEq, Debug)]
pub struct Data {
    /// Contents up to the last byte that isn't zero or to be filled in.
    pub bytes: Box<[u8]>,
    /// The whole size in bytes; what `bytes` doesn't say is zero.
    pub size: u64,
    /// The largest alignment of an element, in bytes.
    pub align: u32,
    /// Whether the program may write to it (`static`).
    pub writable: bool,
    /// 4-byte fields to be filled in: offset and an address ([`Constant::Address`]) or function ([`Constant::Function`]).
    pub fixups: Box<[(u32, Constant)]>,
}

/// A struct definition.
#[derive(Clone, Debug)]
pub struct Struct {
    /// `module::Name`
    pub path: Box<str>,
    /// Names and types, in declaration order.
    pub fields: Box<[(Box<str>, Type)]>,
    /// Where its name stands.
    pub place: Place,
}

/// A `const` or `static`.
#[derive(Clone, Debug)]
pub struct Global {
    /// `module::NAME`
    pub path: Box<str>,
    /// Its type.
    pub ty: Type,
    /// Its (initial) value.
    pub value: Constant,
    /// The data it owns, if its value is a segment over data written right there (then `value` is `Segment(Item(itself))`).
    pub data: Option<Data>,
    /// What kind of item it is.
    pub kind: GlobalKind,
    /// Names it is exported under.
    pub exports: Box<[Box<str>]>,
    /// `#[intrinsic(config.…)]` on a library constant: the linker gives the value.
    pub config: Option<Box<str>>,
    /// Where its name stands.
    pub place: Place,
}

/// What a [`Global`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GlobalKind {
    /// A value; has no place.
    Const,
    /// A place that is never assigned.
    Static,
    /// A place that may be assigned.
    StaticMut,
}

/// A function's declaration.
#[derive(Clone, Debug)]
pub struct Function {
    /// `module::name` or `module::Type::name`.
    pub path: Box<str>,
    /// Its type.
    pub signature: Signature,
    /// Parameter names, for the name section and messages.
    pub params: Box<[Box<str>]>,
    /// Where it comes from.
    pub kind: FunctionKind,
    /// Names it is exported under, in order.
    pub exports: Box<[Box<str>]>,
    /// `inline`, `inline(never)`.
    pub inline: Inline,
    /// `cold`: rarely called.
    pub cold: bool,
    /// `start`: the module's start function.
    pub start: bool,
    /// `at_exit`: runs when the command ends.
    pub at_exit: bool,
    /// Where its name stands.
    pub place: Place,
}

/// Where a function's code comes from.
#[derive(Clone, Debug)]
pub enum FunctionKind {
    /// A body: [`Checked::body`].
    Body,
    /// `extern fn` with `wasm_import(module, name)`.
    Import {
        /// The import's module.
        module: Box<str>,
        /// The import's name in it.
        name: Box<str>,
    },
    /// `= wasm { … }`: call sites become the template. An `#[intrinsic(path)]` stub is resolved to its row: it has this kind too.
    Template(Arc<Row>),
    /// A body-less library function bound by `#[intrinsic(link.name)]`: the linker makes its body. Holds `name`.
    Hook(Box<str>),
}

/// A template and how to run it: one row of the intrinsic table.
#[derive(Debug)]
pub struct Row {
    /// The instructions. Its holes are listed in `holes`, its symbols in `symbols`, by the template's numbers.
    pub template: Template,
    /// For each hole, which parameter and which scalar of it (0 unless it is a struct; then the flattened scalar's number).
    pub holes: Box<[Hole]>,
    /// For each symbol of the template, what it is.
    pub symbols: Box<[RowSymbol]>,
    /// `checked(n)`: the width in bytes of the access at parameter `offset` of parameter `self`.
    pub checked: Option<u32>,
}

/// What a template names besides its holes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RowSymbol {
    /// A function, or a static that is one global.
    Def(DefId),
    /// A function type, written out.
    Type(FuncType),
}

/// What fills a hole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hole {
    /// The parameter's number; in an expression template the operand's.
    pub operand: u32,
    /// Which of its scalars.
    pub scalar: u32,
}

/// The `inline` attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inline {
    /// The optimiser decides.
    Auto,
    /// `inline`
    Hint,
    /// `inline(never)`
    Never,
}

/// Id of an expression of a [`Body`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ExprId(pub u32);

/// Id of a local of a [`Body`]; parameters first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LocalId(pub u32);

/// A run of expression ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExprList {
    /// First.
    pub start: u32,
    /// How many.
    pub len: u32,
}

/// A parameter, variable, loop variable or scope's allocator.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name; not unique.
    pub name: Box<str>,
    /// Its type.
    pub ty: Type,
    /// Whether it is ever assigned after its first assignment.
    pub mutable: bool,
}

/// A checked function body.
#[derive(Clone, Default, Debug)]
pub struct Body {
    /// The expressions, children before parents except for targets of `break` and `continue`.
    pub exprs: Vec<Expr>,
    /// The pool of lists.
    pub lists: Vec<ExprId>,
    /// The locals; the first ones are the parameters.
    pub locals: Vec<Local>,
    /// The body.
    pub root: ExprId,
}

impl Default for ExprId {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Index<ExprId> for Body {
    type Output = Expr;
    fn index(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }
}

impl Index<ExprList> for Body {
    type Output = [ExprId];
    fn index(&self, list: ExprList) -> &[ExprId] {
        &self.lists[list.start as usize..][..list.len as usize]
    }
}

impl Index<LocalId> for Body {
    type Output = Local;
    fn index(&self, id: LocalId) -> &Local {
        &self.locals[id.0 as usize]
    }
}

impl Body {
    /// Calls `f` with each child of an expression, in order of evaluation: the only list of children there is.
    pub fn for_each_child(&self, id: ExprId, mut f: impl FnMut(ExprId)) {
        let all =
            |list: &ExprList, f: &mut dyn FnMut(ExprId)| self[*list].iter().for_each(|id| f(*id));
        match &self[id].kind {
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Constant(_)
            | ExprKind::Config(_)
            | ExprKind::Local(_)
            | ExprKind::Static(_)
            | ExprKind::Continue(_) => (),
            ExprKind::Neg(a)
            | ExprKind::Not(a)
            | ExprKind::Cast(a)
            | ExprKind::LetStruct(_, a)
            | ExprKind::Loop(a)
            | ExprKind::Become(a)
            | ExprKind::Field(a, _)
            | ExprKind::Scope(_, a) => f(*a),
            ExprKind::Binary(_, a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Assign(a, b)
            | ExprKind::AssignOp(_, a, b)
            | ExprKind::While(a, b)
            | ExprKind::Element(a, _, b) => {
                f(*a);
                f(*b);
            }
            ExprKind::Block { statements, tail } => {
                all(statements, &mut f);
                tail.iter().for_each(|id| f(*id));
            }
            ExprKind::Let(_, value) | ExprKind::Break(_, value) | ExprKind::Return(value) => {
                value.iter().for_each(|id| f(*id));
            }
            ExprKind::If(condition, then, else_) => {
                f(*condition);
                f(*then);
                else_.iter().for_each(|id| f(*id));
            }
            ExprKind::Match(scrutinee, arms) => {
                f(*scrutinee);
                for arm in arms {
                    arm.guard.iter().for_each(|id| f(*id));
                    f(arm.value);
                }
            }
            ExprKind::For(details) => {
                f(details.start);
                f(details.end);
                f(details.body);
            }
            ExprKind::Call(_, arguments) | ExprKind::Wasm(_, arguments) => all(arguments, &mut f),
            ExprKind::CallPointer(callee, arguments) => {
                f(*callee);
                all(arguments, &mut f);
            }
            ExprKind::Struct(fields) => fields.iter().for_each(|(_, id)| f(*id)),
        }
    }
}

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Where it stands (for `@"…"` positions: there).
    pub span: Span,
}

/// The kinds of checked expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// An integer, bool, char or addr, normalised. The type tells the width.
    Int(u64),
    /// The bits of an `f32` (low half) or `f64`.
    Float(u64),
    /// Any other constant.
    Constant(Box<Constant>),
    /// A library constant whose value the linker gives (`Global::config`).
    Config(DefId),
    /// A local's value.
    Local(LocalId),
    /// A static's value.
    Static(DefId),
    /// `-x` on signed integers and floats.
    Neg(ExprId),
    /// `!x` on bool and integers.
    Not(ExprId),
    /// An operator other than `&&`, `||`.
    Binary(BinaryOp, ExprId, ExprId),
    /// `a && b`
    And(ExprId, ExprId),
    /// `a || b`
    Or(ExprId, ExprId),
    /// From the operand's type to this one's. Same-type casts are left out by the checker.
    Cast(ExprId),
    /// `place = value`; the place is a `Local`, `Static`, `Field` of a place, or `Element`. The place's operands are evaluated first.
    Assign(ExprId, ExprId),
    /// `place op= value`
    AssignOp(BinaryOp, ExprId, ExprId),
    /// `{ statements; tail }`; values of statements are dropped. A target of `break` if labelled.
    Block {
        /// In order.
        statements: ExprList,
        /// Its value.
        tail: Option<ExprId>,
    },
    /// Declares locals and gives them the value (a struct is taken apart: a local or nothing for each field in declaration order).
    LetStruct(Box<[Option<LocalId>]>, ExprId),
    /// Declares a local; without a value it is assigned later.
    Let(LocalId, Option<ExprId>),
    /// Condition, then, else.
    If(ExprId, ExprId, Option<ExprId>),
    /// Scrutinee (a bool, char, integer or addr; floats are refused) and arms.
    Match(ExprId, Box<[Arm]>),
    /// `loop body`; a target of `break` (with this type's value) and `continue`.
    Loop(ExprId),
    /// `while condition body`
    While(ExprId, ExprId),
    /// `for local in start..end body`
    For(Box<For>),
    /// Leaves the block or loop.
    Break(ExprId, Option<ExprId>),
    /// To the next round of the loop.
    Continue(ExprId),
    /// Leaves the function.
    Return(Option<ExprId>),
    /// `become f(args)`: the operand is a `Call` or `CallPointer`.
    Become(ExprId),
    /// A call of a function or method, receiver first.
    Call(DefId, ExprList),
    /// A call through a function pointer: callee (evaluated first), arguments.
    CallPointer(ExprId, ExprList),
    /// A struct's field, by number in declaration order.
    Field(ExprId, u32),
    /// A struct: field numbers and values in the order they are written (and evaluated). All fields are there.
    Struct(Box<[(u32, ExprId)]>),
    /// `segment.type[index]`: a place. The index has any integer type.
    Element(ExprId, ValueType, ExprId),
    /// `with_memory_allocator |local| body`
    Scope(LocalId, ExprId),
    /// `wasm { … }` in an expression: the row's holes name the operands, each a `Local`, `Static` or constant expression.
    Wasm(Arc<Row>, ExprList),
}

/// An arm of a `match`: the first one whose pattern fits and whose guard holds is taken.
#[derive(Clone, Debug)]
pub struct Arm {
    /// What it takes; empty if the binding or `_` takes all.
    pub ranges: Box<[PatternRange]>,
    /// A variable that gets the scrutinee's value.
    pub binding: Option<LocalId>,
    /// `if guard`
    pub guard: Option<ExprId>,
    /// Its value.
    pub value: ExprId,
}

/// Values `lo..=hi` of the scrutinee's type, normalised, `lo <= hi` in the type's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PatternRange {
    /// First.
    pub lo: u64,
    /// Last.
    pub hi: u64,
}

/// A `for` loop over integers.
#[derive(Clone, Debug)]
pub struct For {
    /// The variable.
    pub local: LocalId,
    /// First value, evaluated once, first.
    pub start: ExprId,
    /// The bound, evaluated once, second.
    pub end: ExprId,
    /// Whether the bound belongs to the range.
    pub inclusive: bool,
    /// The body, of type `()` or `!`.
    pub body: ExprId,
}
