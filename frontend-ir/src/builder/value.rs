//! Values of the builder: expressions, locals, and the Rust values that stand for literals.

use std::panic::Location;

use super::code::Code;
use super::{Ty, code};
use crate::codes;
use crate::ir::{BinaryOp, ExprId, ExprKind, Name, UnaryOp};
use crate::source::Position;

/// An expression of a function that is being built. It is used once: what is needed twice goes through [`Code::bind`].
#[derive(Debug)]
pub struct Expr<'f> {
    pub(super) code: &'f Code,
    pub(super) id: ExprId,
}

/// A local, parameter or other bare name of a function that is being built.
#[derive(Clone, Copy, Debug)]
pub struct Local<'f> {
    pub(super) code: &'f Code,
    pub(super) name: Name,
}

/// What can stand where an expression is expected: [`Expr`], [`Local`], and Rust's numbers, bools, chars and byte strings as literals
/// without a type of their own.
pub trait Value<'f> {
    /// Makes the expression, in `code`.
    #[track_caller]
    fn into_expr(self, code: &'f Code) -> Expr<'f>;
}

impl<'f> Value<'f> for Expr<'f> {
    #[track_caller]
    fn into_expr(self, code: &'f Code) -> Expr<'f> {
        if std::ptr::eq(self.code, code) {
            return self;
        }
        code.foreign(Location::caller())
    }
}

impl<'f> Value<'f> for Local<'f> {
    #[track_caller]
    fn into_expr(self, code: &'f Code) -> Expr<'f> {
        if std::ptr::eq(self.code, code) {
            return code.use_name(self.name, Location::caller());
        }
        code.foreign(Location::caller())
    }
}

macro_rules! integers {
    ($($ty:ty),*) => { $(
        impl<'f> Value<'f> for $ty {
            #[track_caller]
            fn into_expr(self, code: &'f Code) -> Expr<'f> {
                code.int(self)
            }
        }
    )* };
}
integers!(i8, u8, i16, u16, i32, u32, i64, u64);

impl<'f> Value<'f> for f64 {
    #[track_caller]
    fn into_expr(self, code: &'f Code) -> Expr<'f> {
        code.float(self)
    }
}

impl<'f> Value<'f> for bool {
    #[track_caller]
    fn into_expr(self, code: &'f Code) -> Expr<'f> {
        code.bool(self)
    }
}

impl<'f> Value<'f> for char {
    #[track_caller]
    fn into_expr(self, code: &'f Code) -> Expr<'f> {
        code.char(self)
    }
}

impl<'f> Value<'f> for &[u8] {
    #[track_caller]
    fn into_expr(self, code: &'f Code) -> Expr<'f> {
        code.bytes(self)
    }
}

impl<'f, const N: usize> Value<'f> for &[u8; N] {
    #[track_caller]
    fn into_expr(self, code: &'f Code) -> Expr<'f> {
        code.bytes(self)
    }
}

/// What a block's closure returns: `()`, or the block's value.
pub trait Tail<'f> {
    /// The value's expression, if there is one.
    #[track_caller]
    fn into_tail(self, code: &'f Code) -> Option<Expr<'f>>;
}

impl<'f> Tail<'f> for () {
    fn into_tail(self, _: &'f Code) -> Option<Expr<'f>> {
        None
    }
}

impl<'f> Tail<'f> for Option<Expr<'f>> {
    #[track_caller]
    fn into_tail(self, code: &'f Code) -> Option<Expr<'f>> {
        self.map(|value| value.into_expr(code))
    }
}

impl<'f, V: Value<'f>> Tail<'f> for V {
    #[track_caller]
    fn into_tail(self, code: &'f Code) -> Option<Expr<'f>> {
        Some(self.into_expr(code))
    }
}

/// Arguments of a call: `()`, a tuple of values, or a list of expressions.
pub trait Arguments<'f> {
    /// Makes the expressions, in order.
    #[track_caller]
    fn into_list(self, code: &'f Code) -> Vec<Expr<'f>>;
}

impl<'f> Arguments<'f> for () {
    fn into_list(self, _: &'f Code) -> Vec<Expr<'f>> {
        Vec::new()
    }
}

impl<'f, V: Value<'f>> Arguments<'f> for Vec<V> {
    #[track_caller]
    fn into_list(self, code: &'f Code) -> Vec<Expr<'f>> {
        let mut list = Vec::with_capacity(self.len());
        for value in self {
            list.push(value.into_expr(code));
        }
        list
    }
}

impl<'f, V: Value<'f>, const N: usize> Arguments<'f> for [V; N] {
    #[track_caller]
    fn into_list(self, code: &'f Code) -> Vec<Expr<'f>> {
        let mut list = Vec::with_capacity(N);
        for value in self {
            list.push(value.into_expr(code));
        }
        list
    }
}

macro_rules! tuples {
    ($(($($name:ident)+))*) => { $(
        impl<'f, $($name: Value<'f>),+> Arguments<'f> for ($($name,)+) {
            #[track_caller]
            #[allow(non_snake_case, reason = "the variables are named as their types")]
            fn into_list(self, code: &'f Code) -> Vec<Expr<'f>> {
                let ($($name,)+) = self;
                vec![$($name.into_expr(code)),+]
            }
        }
    )* };
}
tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) (A B C D E F G H I) (A B C D E F G H I J) }

macro_rules! operators {
    ($ty:ident: $($trait:ident $method:ident $op:ident,)*) => { $(
        impl<'f, V: Value<'f>> std::ops::$trait<V> for $ty<'f> {
            type Output = Expr<'f>;
            #[track_caller]
            fn $method(self, right: V) -> Expr<'f> {
                self.binary(BinaryOp::$op, right)
            }
        }
    )* };
}

macro_rules! methods {
    ($($ty:ident)*) => { $(
        impl<'f> $ty<'f> {
            /// An infix operator; `+ - * / % & | ^ << >>` are Rust's own too.
            #[track_caller]
            pub fn binary(self, op: BinaryOp, right: impl Value<'f>) -> Expr<'f> {
                let code = self.code;
                let (left, right) = (self.into_expr(code), right.into_expr(code));
                code.make(Location::caller(), [left, right], |[left, right]| ExprKind::Binary(op, left, right))
            }

            /// `self == right`
            #[track_caller]
            pub fn eq(self, right: impl Value<'f>) -> Expr<'f> {
                self.binary(BinaryOp::Eq, right)
            }

            /// `self != right`
            #[track_caller]
            pub fn ne(self, right: impl Value<'f>) -> Expr<'f> {
                self.binary(BinaryOp::Ne, right)
            }

            /// `self < right`
            #[track_caller]
            pub fn lt(self, right: impl Value<'f>) -> Expr<'f> {
                self.binary(BinaryOp::Lt, right)
            }

            /// `self <= right`
            #[track_caller]
            pub fn le(self, right: impl Value<'f>) -> Expr<'f> {
                self.binary(BinaryOp::Le, right)
            }

            /// `self > right`
            #[track_caller]
            pub fn gt(self, right: impl Value<'f>) -> Expr<'f> {
                self.binary(BinaryOp::Gt, right)
            }

            /// `self >= right`
            #[track_caller]
            pub fn ge(self, right: impl Value<'f>) -> Expr<'f> {
                self.binary(BinaryOp::Ge, right)
            }

            /// `self && right`
            #[track_caller]
            pub fn and(self, right: impl Value<'f>) -> Expr<'f> {
                self.binary(BinaryOp::LogicalAnd, right)
            }

            /// `self || right`
            #[track_caller]
            pub fn or(self, right: impl Value<'f>) -> Expr<'f> {
                self.binary(BinaryOp::LogicalOr, right)
            }

            /// A prefix operator; `-` and `!` are Rust's own too.
            #[track_caller]
            pub fn unary(self, op: UnaryOp) -> Expr<'f> {
                let code = self.code;
                let operand = self.into_expr(code);
                code.make(Location::caller(), [operand], |[operand]| ExprKind::Unary(op, operand))
            }

            /// `self as ty`
            #[track_caller]
            pub fn cast(self, ty: impl Into<Ty>) -> Expr<'f> {
                let code = self.code;
                let operand = self.into_expr(code);
                let ty = code.written_type(ty.into(), Location::caller());
                code.make(Location::caller(), [operand], |[operand]| ExprKind::Cast(operand, ty))
            }

            /// `self.name`
            #[track_caller]
            pub fn field(self, name: &str) -> Expr<'f> {
                let code = self.code;
                let operand = self.into_expr(code);
                let name = code.ident(name, Location::caller());
                code.make(Location::caller(), [operand], |[operand]| ExprKind::Field(operand, name))
            }

            /// `self[index]`, with `self` an element view: `a.field("i32").index(i)`.
            #[track_caller]
            pub fn index(self, index: impl Value<'f>) -> Expr<'f> {
                let code = self.code;
                let (operand, index) = (self.into_expr(code), index.into_expr(code));
                code.make(Location::caller(), [operand, index], |[operand, index]| ExprKind::Index(operand, index))
            }

            /// `self.name(arguments)`
            #[track_caller]
            pub fn method(self, name: &str, arguments: impl Arguments<'f>) -> Expr<'f> {
                let code = self.code;
                let receiver = self.into_expr(code);
                let arguments = arguments.into_list(code);
                code.call_method(receiver, name, arguments, Location::caller())
            }

            /// `self(arguments)`: a call through a function pointer.
            #[track_caller]
            pub fn call(self, arguments: impl Arguments<'f>) -> Expr<'f> {
                let code = self.code;
                let callee = self.into_expr(code);
                let arguments = arguments.into_list(code);
                code.call_value(callee, arguments, Location::caller())
            }

            /// `self = value`
            #[track_caller]
            pub fn assign(self, value: impl Value<'f>) -> Expr<'f> {
                let code = self.code;
                let (place, value) = (self.into_expr(code), value.into_expr(code));
                code.make(Location::caller(), [place, value], |[place, value]| ExprKind::Assign(place, value))
            }

            /// `self op= value`: an arithmetic, bitwise or shift operator.
            #[track_caller]
            pub fn assign_op(self, op: BinaryOp, value: impl Value<'f>) -> Expr<'f> {
                let code = self.code;
                let (place, value) = (self.into_expr(code), value.into_expr(code));
                if !code::assigns(op) {
                    code.error(codes::BUILDER_MISPLACED, Location::caller(), "this operator has no assigning form", "use an arithmetic, bitwise or shift operator");
                    return code.broken([place, value]);
                }
                code.make(Location::caller(), [place, value], |[place, value]| ExprKind::AssignOp(op, place, value))
            }

            /// Gives it the position that a front end's own source has: `@"file":line:column self`. Lines and columns count from 1.
            #[track_caller]
            pub fn at(self, file: &str, line: u32, column: u32) -> Expr<'f> {
                let code = self.code;
                let operand = self.into_expr(code);
                let span = code.position(Position { file: file.into(), line, column }, Location::caller());
                code.make(Location::caller(), [operand], |[operand]| ExprKind::At(span, operand))
            }
        }

        impl<'f> std::ops::Neg for $ty<'f> {
            type Output = Expr<'f>;
            #[track_caller]
            fn neg(self) -> Expr<'f> {
                self.unary(UnaryOp::Neg)
            }
        }

        impl<'f> std::ops::Not for $ty<'f> {
            type Output = Expr<'f>;
            #[track_caller]
            fn not(self) -> Expr<'f> {
                self.unary(UnaryOp::Not)
            }
        }

        operators! {
            $ty: Add add Add, Sub sub Sub, Mul mul Mul, Div div Div, Rem rem Rem, BitAnd bitand And, BitOr bitor Or, BitXor bitxor Xor,
            Shl shl Shl, Shr shr Shr,
        }
    )* };
}
methods! { Expr Local }

impl<'f> Local<'f> {
    /// Its value, where an [`Expr`] is wanted and nothing else will do.
    #[track_caller]
    pub fn read(self) -> Expr<'f> {
        self.into_expr(self.code)
    }
}

impl<'f> Expr<'f> {
    /// `become self`: a guaranteed tail call. `self` is a call.
    #[track_caller]
    pub fn become_(self) -> Expr<'f> {
        let code = self.code;
        if !code.is_call(&self) {
            code.error(
                codes::BUILDER_MISPLACED,
                Location::caller(),
                "`become_` takes a call",
                "use `return_value` for any other value",
            );
            return code.broken([self]);
        }
        code.make(Location::caller(), [self], |[call]| ExprKind::Become(call))
    }
}
