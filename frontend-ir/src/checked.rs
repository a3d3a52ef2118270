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

use std::num::NonZeroU32;
use std::ops::Index;
use std::sync::Arc;

pub use crate::check::Checked;
pub use crate::diagnostic::{ModuleId, Place};
use crate::ir::exact;
pub use crate::ir::{BinaryOp, ValueType};
use crate::source::Start;
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
    pub params: Box<[Arc<str>]>,
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
    Import(Box<Import>),
    /// `= wasm { … }`: call sites become the template. An `#[intrinsic(path)]` stub is resolved to its row: it has this kind too.
    Template(Arc<Row>),
    /// A body-less library function bound by `#[intrinsic(link.name)]`: the linker makes its body. Holds `name`.
    Hook(Box<str>),
}

/// Where an import comes from.
#[derive(Clone, Debug)]
pub struct Import {
    /// The import's module.
    pub module: Box<str>,
    /// The import's name in it.
    pub name: Box<str>,
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

/// Id of an expression of a [`Body`]: its place among them, plus one, so that `Option<ExprId>` is no larger.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ExprId(NonZeroU32);

impl ExprId {
    pub(crate) fn new(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("a module is smaller than 4 GiB, so are its bodies"))
    }

    /// Its place in [`Body::exprs`].
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// Id of a type in a [`Body`]: one of the commonest, or its place among the body's others behind those.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeId(u32);

/// The types that need no place in a body, scalars first, in their order.
static COMMON_TYPES: [Type; 17] = [
    Type::Value(ValueType::Bool),
    Type::Value(ValueType::Char),
    Type::Value(ValueType::I8),
    Type::Value(ValueType::U8),
    Type::Value(ValueType::I16),
    Type::Value(ValueType::U16),
    Type::Value(ValueType::I32),
    Type::Value(ValueType::U32),
    Type::Value(ValueType::I64),
    Type::Value(ValueType::U64),
    Type::Value(ValueType::F32),
    Type::Value(ValueType::F64),
    Type::Value(ValueType::V128),
    Type::Value(ValueType::Addr),
    Type::Unit,
    Type::Never,
    Type::Error,
];

/// Id of a local of a [`Body`]; parameters first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LocalId(pub u32);

/// A list of expression ids: where it starts in its body's pool, with its length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExprList(u32);

impl ExprList {
    /// The list without expressions, of any body.
    pub const EMPTY: Self = Self(u32::MAX);
}

/// A parameter, variable, loop variable or scope's allocator.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name; not unique.
    pub name: Arc<str>,
    /// Its type, in the body's table.
    pub ty: TypeId,
    /// Whether it is ever assigned after its first assignment.
    pub mutable: bool,
}

/// A checked function body.
#[derive(Clone, Default, Debug)]
pub struct Body {
    /// The expressions, children before parents except for targets of `break` and `continue`.
    pub exprs: Vec<Expr>,
    /// The pool of lists: of each, an id whose index is the length, and then the ids.
    lists: Vec<ExprId>,
    /// The types that are not among the commonest.
    types: Vec<Type>,
    /// The locals; the first ones are the parameters.
    pub locals: Vec<Local>,
    /// The body.
    pub root: ExprId,
}

impl Default for ExprId {
    fn default() -> Self {
        Self(NonZeroU32::MAX)
    }
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

impl Index<TypeId> for Body {
    type Output = Type;
    fn index(&self, id: TypeId) -> &Type {
        let id = id.0 as usize;
        COMMON_TYPES.get(id).unwrap_or_else(|| &self.types[id - COMMON_TYPES.len()])
    }
}

impl Index<LocalId> for Body {
    type Output = Local;
    fn index(&self, id: LocalId) -> &Local {
        &self.locals[id.0 as usize]
    }
}

impl Body {
    pub(crate) fn clear(&mut self) {
        self.exprs.clear();
        self.lists.clear();
        self.types.clear();
        self.locals.clear();
    }

    /// Adds an expression.
    pub(crate) fn push(&mut self, kind: ExprKind, ty: TypeId, at: Start) -> ExprId {
        let id = ExprId::new(self.exprs.len());
        self.exprs.push(Expr { kind, ty, at });
        id
    }

    /// Moves everything into a body without room for more; the room stays.
    pub(crate) fn take(&mut self) -> Body {
        Body {
            exprs: exact(&mut self.exprs),
            lists: exact(&mut self.lists),
            types: exact(&mut self.types),
            locals: exact(&mut self.locals),
            root: self.root,
        }
    }

    /// The type of an expression.
    pub fn ty(&self, id: ExprId) -> &Type {
        &self[self[id].ty]
    }

    /// The type of a local.
    pub fn local_type(&self, local: LocalId) -> &Type {
        &self[self[local].ty]
    }

    /// The ids of all expressions.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = ExprId> + use<> {
        (0..self.exprs.len()).map(ExprId::new)
    }

    pub(crate) fn list(&mut self, ids: &[ExprId]) -> ExprList {
        if ids.is_empty() {
            return ExprList::EMPTY;
        }
        let start = u32::try_from(self.lists.len())
            .expect("a module is smaller than 4 GiB, so are its bodies");
        self.lists.push(ExprId::new(ids.len()));
        self.lists.extend_from_slice(ids);
        ExprList(start)
    }

    /// The id of a type that is among the commonest.
    pub(crate) fn common_type(ty: &Type) -> Option<TypeId> {
        Some(match ty {
            Type::Value(value) => TypeId(*value as u32),
            Type::Unit => TypeId(14),
            Type::Never => TypeId(15),
            Type::Error => TypeId(16),
            Type::Struct(_) | Type::Pointer(_) => return None,
        })
    }

    /// Adds a type that is not among the commonest.
    pub(crate) fn add_type(&mut self, ty: Type) -> TypeId {
        self.types.push(ty);
        TypeId((COMMON_TYPES.len() + self.types.len() - 1) as u32)
    }

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
            | ExprKind::Loop(a)
            | ExprKind::Become(a)
            | ExprKind::Field(a, _)
            | ExprKind::Scope(_, a, _) => f(*a),
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
            ExprKind::LetStruct(it) => f(it.value),
            ExprKind::Match(it) => {
                f(it.scrutinee);
                for arm in &it.arms {
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
            ExprKind::Struct(it) => it.fields.iter().for_each(|(_, id)| f(*id)),
        }
    }
}

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type, in the body's table.
    pub ty: TypeId,
    /// Where it starts (for `@"…"` positions: there).
    pub at: Start,
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
    /// Declares locals and gives them the fields of a struct.
    LetStruct(Box<LetStruct>),
    /// Declares a local; without a value it is assigned later.
    Let(LocalId, Option<ExprId>),
    /// Condition, then, else.
    If(ExprId, ExprId, Option<ExprId>),
    /// `match`
    Match(Box<Match>),
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
    /// `S { x: 1.0, y }`
    Struct(Box<StructValue>),
    /// `segment.type[index]`: a place. The index has any integer type.
    Element(ExprId, ValueType, ExprId),
    /// `with_memory_allocator |local| body`, and where it ends.
    Scope(LocalId, ExprId, Start),
    /// `wasm { … }` in an expression: the row's holes name the operands, each a `Local`, `Static` or constant expression.
    Wasm(Arc<Row>, ExprList),
}

/// `let S { x, y: z, .. } = value;`
#[derive(Clone, Debug)]
pub struct LetStruct {
    /// A local or nothing for each field, in declaration order.
    pub locals: Box<[Option<LocalId>]>,
    /// The struct.
    pub value: ExprId,
}

/// A struct from its fields.
#[derive(Clone, Debug)]
pub struct StructValue {
    /// Field numbers and values in the order they are written (and evaluated). All fields are there.
    pub fields: Box<[(u32, ExprId)]>,
}

/// A `match`.
#[derive(Clone, Debug)]
pub struct Match {
    /// A bool, char, integer or addr; floats are refused.
    pub scrutinee: ExprId,
    /// The arms in order.
    pub arms: Box<[Arm]>,
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

// Bodies are many, and all of them are in memory at once.
const _: () = assert!(size_of::<ExprKind>() == 16 && size_of::<Expr>() == 24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_types_have_their_places() {
        let body = Body::default();
        for ty in &COMMON_TYPES {
            assert_eq!(Body::common_type(ty).map(|id| &body[id]), Some(ty));
        }
    }

    #[test]
    fn lists_are_what_was_put_in() {
        let mut body = Body::default();
        let ids: Vec<ExprId> = (0..5).map(ExprId::new).collect();
        let lists: Vec<ExprList> = (0..=5).map(|len| body.list(&ids[..len])).collect();
        for (len, list) in lists.into_iter().enumerate() {
            assert_eq!(&body[list], &ids[..len]);
        }
    }
}
