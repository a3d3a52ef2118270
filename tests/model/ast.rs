//! The programs that the random test makes: what `.swir` text says, as data.
//!
//! Names are resolved as the text's are, by the evaluator too, so that a part can be taken away without changing what another part means.

/// A local variable's, field's or label's name.
pub(crate) type Name = &'static str;

/// An integer type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Int {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    Addr,
}

pub(crate) const INTS: [Int; 9] =
    [Int::I8, Int::U8, Int::I16, Int::U16, Int::I32, Int::U32, Int::I64, Int::U64, Int::Addr];

/// A type. Numbers index the module's lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ty {
    Int(Int),
    Bool,
    Char,
    F32,
    F64,
    Unit,
    Struct(usize),
    /// A function pointer of that signature.
    Pointer(usize),
    Segment,
}

pub(crate) const U32: Ty = Ty::Int(Int::U32);
pub(crate) const ADDR: Ty = Ty::Int(Int::Addr);

/// What a function pointer points to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    Null,
    Function(usize),
}

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    Int(Int, i128),
    Bool(bool),
    Char(char),
    F32(f32),
    F64(f64),
    Unit,
    Struct(usize, Vec<Value>),
    Pointer(Target),
    /// Bytes `[start, start + size)` of a buffer.
    Segment {
        buffer: usize,
        start: u64,
        size: u64,
    },
}

/// How a literal is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spelling {
    /// Its type comes from its place.
    Plain,
    Suffixed,
    Hexadecimal,
    /// `u8::MAX`, `b'x'`: where the value has one, else suffixed.
    Named,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum UnaryOp {
    Neg,
    Not,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BinaryOp {
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
}

/// A method of the library on numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Method {
    RotateLeft,
    RotateRight,
    LeadingZeros,
    TrailingZeros,
    CountOnes,
    ReverseBits,
    Min,
    Max,
    Abs,
    AbsDiff,
    Signum,
    SaturatingAdd,
    SaturatingSub,
    SaturatingMul,
    MultiplyHigh,
    DivEuclid,
    RemEuclid,
    Pow,
    IsPowerOfTwo,
    Sqrt,
    Floor,
    Ceil,
    Trunc,
    RoundTiesEven,
    Round,
    Minimum,
    Maximum,
    Copysign,
    IsNan,
}

/// A function whose body is a template; its holes are not in the order of its parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Template {
    /// `fn below(a: i32, b: i32) -> i32`: `b - a`
    Below,
    /// `fn over(a: i64, b: i64) -> i64`: `b / a`, signed
    Over,
    /// `fn choose(c: bool, a: u8, b: u8) -> u8`: `a` if `c` else `b`
    Choose,
    /// `fn narrow(a: i64) -> i8`: the low byte
    Narrow,
    /// `fn fail() -> !`
    Fail,
}

pub(crate) const TEMPLATES: [Template; 4] =
    [Template::Below, Template::Over, Template::Choose, Template::Narrow];

/// An expression of type `ty`; one that does not complete has the type its place wants.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Expr {
    pub(crate) ty: Ty,
    pub(crate) kind: Kind,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Kind {
    Literal(Value, Spelling),
    Const(usize),
    Local(Name),
    Static(usize),
    /// The segment of a `data` item.
    Data(usize),
    Field(Box<Expr>, usize),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    AndThen(Box<Expr>, Box<Expr>),
    OrElse(Box<Expr>, Box<Expr>),
    Cast(Box<Expr>),
    Call(usize, Vec<Expr>),
    /// A method of a struct: the receiver is the first argument.
    CallMethod(usize, Vec<Expr>),
    CallTemplate(Template, Vec<Expr>),
    CallPointer(Box<Expr>, Vec<Expr>),
    Library(Method, Vec<Expr>),
    /// A function's name where a pointer is expected.
    Function(usize),
    /// A function's name, as an address, as a pointer of any signature.
    Forged(usize),
    /// `p as addr == 0`
    IsNull(Box<Expr>),
    /// Fields as written.
    Struct(usize, Vec<(usize, Expr)>),
    /// Notes the value and gives it.
    Trace(u32, Box<Expr>),
    If(Box<Expr>, Block, Option<Block>),
    Match(Box<Expr>, Vec<Arm>),
    Block(Option<Name>, Block),
    Loop(Option<Name>, Block),
    While(Option<Name>, Box<Expr>, Block),
    For(Box<For>),
    Break(Option<Name>, Option<Box<Expr>>),
    Continue(Option<Name>),
    Return(Option<Box<Expr>>),
    Become(Box<Expr>),
    Assign(Box<Expr>, Box<Expr>),
    AssignOp(BinaryOp, Box<Expr>, Box<Expr>),
    /// `segment.ty[index]`
    Element(Box<Expr>, Box<Expr>),
    /// `segment.get_ty(offset)`
    Get(Box<Expr>, Box<Expr>),
    /// `segment.set_ty(offset, value)`
    Set(Box<Expr>, Box<Expr>, Box<Expr>),
    Size(Box<Expr>),
    Slice(Box<Expr>, Box<Expr>, Box<Expr>),
    Fill(Box<Expr>, Box<Expr>),
    CopyFrom(Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Box<Expr>),
    /// `with_memory_allocator |name| { … }`
    Scope(Name, Block),
    Allocate(Name, u32, u32),
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct For {
    pub(crate) label: Option<Name>,
    pub(crate) name: Name,
    pub(crate) start: Expr,
    pub(crate) end: Expr,
    pub(crate) inclusive: bool,
    pub(crate) body: Block,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Block {
    pub(crate) statements: Vec<Statement>,
    pub(crate) tail: Option<Box<Expr>>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Statement {
    /// `let [mut] name[: ty] = value;`
    Let {
        name: Name,
        mutable: bool,
        annotated: bool,
        value: Expr,
    },
    /// `let name: ty;`
    Declare {
        name: Name,
        ty: Ty,
    },
    /// `let S { field: [mut] name, … } = value;`
    Destructure {
        of: usize,
        fields: Vec<(usize, Name, bool)>,
        value: Expr,
    },
    Expr(Expr),
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Arm {
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) guard: Option<Expr>,
    pub(crate) body: Expr,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Pattern {
    Value(Value, Spelling),
    /// A constant's name.
    Const(usize),
    /// From, to, whether `to` is part of it.
    Range(Option<Value>, Option<Value>, bool),
    Bind(Name),
    Wildcard,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Signature {
    pub(crate) params: Vec<Ty>,
    pub(crate) result: Ty,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Param {
    pub(crate) name: Name,
    pub(crate) ty: Ty,
    pub(crate) mutable: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Inline {
    Free,
    Always,
    Never,
    Cold,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Function {
    /// The struct it is a method of; its first parameter is `self`.
    pub(crate) of: Option<usize>,
    pub(crate) params: Vec<Param>,
    pub(crate) result: Ty,
    pub(crate) body: Block,
    pub(crate) exported: bool,
    pub(crate) inline: Inline,
    /// Shrinking leaves items out; numbers stay what they are.
    pub(crate) omitted: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Data {
    pub(crate) elements: Vec<Value>,
    /// Whether it is a `static`; else a `const`, read-only.
    pub(crate) writable: bool,
    pub(crate) omitted: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Item {
    pub(crate) ty: Ty,
    pub(crate) value: Expr,
    pub(crate) exported: bool,
    pub(crate) omitted: bool,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Module {
    pub(crate) structs: Vec<Vec<Ty>>,
    pub(crate) signatures: Vec<Signature>,
    pub(crate) consts: Vec<Item>,
    pub(crate) statics: Vec<Item>,
    pub(crate) data: Vec<Data>,
    pub(crate) functions: Vec<Function>,
    /// Exported functions with arguments, called in this order in one instance.
    pub(crate) calls: Vec<(usize, Vec<Value>)>,
}

/// Names of fields, by number.
pub(crate) const FIELDS: [Name; 6] = ["a", "b", "c", "d", "e", "f"];

impl Int {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Int::I8 => "i8",
            Int::U8 => "u8",
            Int::I16 => "i16",
            Int::U16 => "u16",
            Int::I32 => "i32",
            Int::U32 => "u32",
            Int::I64 => "i64",
            Int::U64 => "u64",
            Int::Addr => "addr",
        }
    }

    pub(crate) fn width(self) -> u32 {
        match self {
            Int::I8 | Int::U8 => 8,
            Int::I16 | Int::U16 => 16,
            Int::I32 | Int::U32 | Int::Addr => 32,
            Int::I64 | Int::U64 => 64,
        }
    }

    pub(crate) fn signed(self) -> bool {
        matches!(self, Int::I8 | Int::I16 | Int::I32 | Int::I64)
    }

    pub(crate) fn min(self) -> i128 {
        if self.signed() { -(1 << (self.width() - 1)) } else { 0 }
    }

    pub(crate) fn max(self) -> i128 {
        (1 << (self.width() - u32::from(self.signed()))) - 1
    }

    /// The value of this type that is `value` modulo 2 to the width.
    pub(crate) fn wrap(self, value: i128) -> i128 {
        let low = value & ((1 << self.width()) - 1);
        if self.signed() && low > self.max() { low - (1 << self.width()) } else { low }
    }
}

impl Expr {
    pub(crate) fn new(ty: Ty, kind: Kind) -> Self {
        Self { ty, kind }
    }

    pub(crate) fn literal(ty: Ty, value: Value) -> Self {
        Self { ty, kind: Kind::Literal(value, Spelling::Suffixed) }
    }

    pub(crate) fn int(int: Int, value: i128) -> Self {
        Self::literal(Ty::Int(int), Value::Int(int, value))
    }

    pub(crate) fn boxed(self) -> Box<Self> {
        Box::new(self)
    }
}

impl Module {
    /// The simplest value of a type; none for segments, which only `data` items and allocators give.
    pub(crate) fn simplest(&self, ty: Ty) -> Option<Value> {
        Some(match ty {
            Ty::Int(int) => Value::Int(int, 0),
            Ty::Bool => Value::Bool(false),
            Ty::Char => Value::Char('a'),
            Ty::F32 => Value::F32(0.0),
            Ty::F64 => Value::F64(0.0),
            Ty::Unit => Value::Unit,
            Ty::Struct(of) => Value::Struct(
                of,
                self.structs[of].iter().map(|ty| self.simplest(*ty)).collect::<Option<_>>()?,
            ),
            Ty::Pointer(_) => Value::Pointer(Target::Null),
            Ty::Segment => return None,
        })
    }
}
