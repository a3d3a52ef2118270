//! Operators: which types each is defined for, and what it gives.
//!
//! A chain `a + b + c + …` is walked with a loop, so its length is limited by memory only.

use super::{Checker, Literal, Out, Why};
use crate::check::world::{integer, value_name};
use crate::checked::{ExprId, ExprKind, Type};
use crate::codes;
use crate::ir::{self, BinaryOp, UnaryOp, ValueType};
use crate::source::Span;

pub(super) const BOOL: Type = Type::Value(ValueType::Bool);

/// How an operator is written.
pub(super) fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::And => "&",
        BinaryOp::Or => "|",
        BinaryOp::Xor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::LogicalAnd => "&&",
        BinaryOp::LogicalOr => "||",
    }
}

/// What an operator does with its operands' type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Gives that type.
    Arithmetic,
    /// Gives the left type; the right one is any integer.
    Shift,
    /// Gives a bool.
    Compare,
    /// Takes and gives bools; the right one may not be evaluated.
    Logical,
}

fn class(op: BinaryOp) -> Class {
    match op {
        BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div
        | BinaryOp::Rem
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Xor => Class::Arithmetic,
        BinaryOp::Shl | BinaryOp::Shr => Class::Shift,
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
            Class::Compare
        }
        BinaryOp::LogicalAnd | BinaryOp::LogicalOr => Class::Logical,
    }
}

/// Whether `op` is defined for operands of type `ty` (a shift: for that left operand).
fn defined(op: BinaryOp, ty: &Type) -> bool {
    let value = match ty {
        Type::Never | Type::Error => return true,
        Type::Pointer(_) => return matches!(op, BinaryOp::Eq | BinaryOp::Ne),
        Type::Unit | Type::Struct(_) => return false,
        Type::Value(value) => *value,
    };
    let is_integer = integer(value).is_some();
    let is_float = matches!(value, ValueType::F32 | ValueType::F64);
    match op {
        BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => is_integer || is_float,
        BinaryOp::Rem | BinaryOp::Shl | BinaryOp::Shr => is_integer,
        BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => is_integer || value == ValueType::Bool,
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
            value != ValueType::V128
        }
        BinaryOp::LogicalAnd | BinaryOp::LogicalOr => value == ValueType::Bool,
    }
}

impl Checker<'_, '_> {
    pub(super) fn unary(
        &mut self,
        op: UnaryOp,
        operand: ir::ExprId,
        span: Span,
        hint: Option<&Type>,
    ) -> Out {
        let ast = self.ast;
        if op == UnaryOp::Neg {
            match &ast[operand].kind {
                ir::ExprKind::Int(literal) => return self.int(*literal, true, span, hint),
                ir::ExprKind::Float(literal) => {
                    return self.float(operand, literal, true, span, hint);
                }
                _ => (),
            }
        }
        let out = self.expr(operand, hint);
        let ty = self.ty(out.id).clone();
        let fine = match (op, &ty) {
            (_, Type::Never | Type::Error) => true,
            _ if out.open == Some(Literal::Int) => true,
            _ if out.open == Some(Literal::Float) => op == UnaryOp::Neg,
            (UnaryOp::Neg, Type::Value(value)) => {
                matches!(value, ValueType::F32 | ValueType::F64)
                    || integer(*value).is_some_and(|(_, signed)| signed)
            }
            (UnaryOp::Not, Type::Value(value)) => {
                *value == ValueType::Bool || integer(*value).is_some()
            }
            (_, Type::Unit | Type::Struct(_) | Type::Pointer(_)) => false,
        };
        if !fine {
            self.close(out);
            let shown = self.cx.show(&ty);
            let error = match (op, &ty) {
                (UnaryOp::Neg, Type::Value(value)) if integer(*value).is_some() => {
                    self.negated_unsigned(*value, span);
                    return self.broken(span);
                }
                (UnaryOp::Neg, _) => self.cx.error(
                    codes::OPERATOR,
                    span,
                    format!("`-` is not defined for `{shown}`"),
                ),
                (UnaryOp::Not, _) => self.cx.error(
                    codes::OPERATOR,
                    span,
                    format!("`!` is not defined for `{shown}`"),
                ),
            };
            self.report(error);
            return self.broken(span);
        }
        let kind = match op {
            UnaryOp::Neg => ExprKind::Neg(out.id),
            UnaryOp::Not => ExprKind::Not(out.id),
        };
        self.split = self.split.take().map(|(yes, no)| (no, yes));
        let id = self.push(kind, ty, span);
        Out { id, open: out.open }
    }

    pub(super) fn negated_unsigned(&mut self, ty: ValueType, span: Span) {
        let name = value_name(ty);
        let error = self
            .cx
            .error(
                codes::NEGATED_UNSIGNED,
                span,
                format!("`-` is not defined for the unsigned type `{name}`"),
            )
            .help("write `0 - …`: it wraps");
        self.report(error);
    }

    /// A chain of infix operators.
    pub(super) fn binary(&mut self, id: ir::ExprId, hint: Option<&Type>) -> Out {
        let ast = self.ast;
        let base = self.spine.len();
        let mut leftmost = id;
        let mut hint = hint;
        while let ir::ExprKind::Binary(op, left, _) = &ast[leftmost].kind {
            self.spine.push(leftmost);
            leftmost = *left;
            hint = match class(*op) {
                Class::Arithmetic | Class::Shift => hint,
                Class::Compare => None,
                Class::Logical => Some(&BOOL),
            };
        }
        let mut out = self.expr(leftmost, hint);
        while self.spine.len() > base
            && let Some(id) = self.spine.pop()
        {
            if let ir::ExprKind::Binary(op, left, right) = &ast[id].kind {
                self.depth += 1;
                out = self.infix(*op, out, *left, *right, ast[id].span);
                self.depth -= 1;
                if class(*op) != Class::Logical {
                    self.split = None;
                }
            }
        }
        out
    }

    fn infix(
        &mut self,
        op: BinaryOp,
        left: Out,
        left_ast: ir::ExprId,
        right_ast: ir::ExprId,
        span: Span,
    ) -> Out {
        match class(op) {
            Class::Logical => {
                let (yes, no) = self.split();
                self.fit(left, left_ast, &BOOL, Why::Operand(symbol(op)));
                let and = op == BinaryOp::LogicalAnd;
                let (on, mut past) = if and { (yes, no) } else { (no, yes) };
                self.flow = on;
                let right = self.want(right_ast, &BOOL, Why::Operand(symbol(op)));
                let (yes, no) = self.split();
                let (through, around) = if and { (yes, no) } else { (no, yes) };
                // Past the right operand, or through it with the same answer.
                past.join(&around);
                self.flow = through.clone();
                self.flow.join(&past);
                let kind =
                    if and { ExprKind::And(left.id, right) } else { ExprKind::Or(left.id, right) };
                self.split = Some(if and { (through, past) } else { (past, through) });
                self.typed(kind, BOOL, span)
            }
            Class::Shift => match self.shift_count(op, left, right_ast, span) {
                Some(count) => {
                    let ty = self.ty(left.id).clone();
                    let id = self.push(ExprKind::Binary(op, left.id, count), ty, span);
                    Out { id, open: left.open }
                }
                None => {
                    self.close(left);
                    self.broken(span)
                }
            },
            Class::Arithmetic | Class::Compare => {
                let right = self.beside(left, right_ast);
                let Some((ty, open)) = self.agree(
                    left,
                    right,
                    Beside { left: left_ast, right: right_ast, what: symbol(op) },
                ) else {
                    return self.no_result(op, span);
                };
                if !defined(op, &ty)
                    || (open == Some(Literal::Float) && !defined(op, &Type::Value(ValueType::F64)))
                {
                    self.not_defined(op, &ty, span);
                    return self.no_result(op, span);
                }
                if class(op) == Class::Compare {
                    if let Some(literal) = open {
                        self.settle(left.id, literal.default_type());
                        self.settle(right.id, literal.default_type());
                    }
                    return self.typed(ExprKind::Binary(op, left.id, right.id), BOOL, span);
                }
                let id = self.push(ExprKind::Binary(op, left.id, right.id), ty, span);
                Out { id, open }
            }
        }
    }

    /// What stands for an operator that could not be applied.
    fn no_result(&mut self, op: BinaryOp, span: Span) -> Out {
        let out = self.broken(span);
        if class(op) == Class::Compare {
            self.set_type(out.id, BOOL);
        }
        out
    }

    fn not_defined(&mut self, op: BinaryOp, ty: &Type, span: Span) {
        let shown = self.cx.show(ty);
        let mut error = self.cx.error(
            codes::OPERATOR,
            span,
            format!("`{}` is not defined for `{shown}`", symbol(op)),
        );
        error = match (op, ty) {
            (BinaryOp::Rem, _) => error.help("the remainder of floats: `x - (x / y).trunc() * y`"),
            (_, Type::Value(ValueType::Bool | ValueType::Char)) => {
                error.help("convert to a number first: `… as u32`")
            }
            (_, Type::Struct(_)) => error.help("name the field that is meant, or call a method"),
            (_, Type::Pointer(_)) => error.help("convert to an address first: `… as addr`"),
            (_, Type::Value(ValueType::V128)) => {
                error.help("call the method of `v128` that says how wide its lanes are")
            }
            _ => error,
        };
        self.report(error);
    }

    /// The operand beside `left`: a literal takes its type.
    pub(super) fn beside(&mut self, left: Out, right: ir::ExprId) -> Out {
        let ty = self.ty(left.id).clone();
        let hint = if left.open.is_some() || matches!(ty, Type::Never | Type::Error) {
            None
        } else {
            Some(&ty)
        };
        self.expr(right, hint)
    }

    /// The type that two operands share, and whether it is still open; reported if they share none.
    pub(super) fn agree(
        &mut self,
        left: Out,
        right: Out,
        at: Beside<'_>,
    ) -> Option<(Type, Option<Literal>)> {
        let (left_ty, right_ty) = (self.ty(left.id).clone(), self.ty(right.id).clone());
        match (left.open, right.open) {
            _ if left_ty == Type::Error || right_ty == Type::Error => {
                self.close(left);
                self.close(right);
                return None;
            }
            (None, _) if left_ty == Type::Never => return Some((right_ty, right.open)),
            (_, None) if right_ty == Type::Never => return Some((left_ty, left.open)),
            (None, None) if left_ty == right_ty => return Some((left_ty, None)),
            (Some(a), Some(b)) if a == b => return Some((left_ty, Some(a))),
            (None, Some(literal)) => {
                if let Some(value) = literal.fits(&left_ty) {
                    self.settle(right.id, value);
                    return Some((left_ty, None));
                }
            }
            (Some(literal), None) => {
                if let Some(value) = literal.fits(&right_ty) {
                    self.settle(left.id, value);
                    return Some((right_ty, None));
                }
            }
            (None, None) | (Some(_), Some(_)) => (),
        }
        self.disagree(left, right, at);
        self.close(left);
        self.close(right);
        None
    }

    fn disagree(&mut self, left: Out, right: Out, at: Beside<'_>) {
        let (a, b) = (self.describe(left), self.describe(right));
        let (left_span, right_span) = (self.spot(at.left), self.spot(at.right));
        let mut error = self
            .cx
            .error(
                codes::TYPE_MISMATCH,
                right_span,
                format!("`{}` needs two values of one type, but these are {a} and {b}", at.what),
            )
            .note(format!("this is {b}"))
            .label(self.cx.place(left_span), format!("this is {a}"));
        let (left_ty, right_ty) = (self.ty(left.id), self.ty(right.id));
        let declared = self
            .declaration(left, left_ty, right_ty)
            .or_else(|| self.declaration(right, right_ty, left_ty));
        if let Some((place, label, help)) = declared {
            self.report(error.label(place, label).help(help));
            return;
        }
        error = match (left.open, right.open) {
            (Some(Literal::Int), _) if is_float(right_ty) => {
                error.help("write the integer as a float: with `.0`")
            }
            (_, Some(Literal::Int)) if is_float(left_ty) => {
                error.help("write the integer as a float: with `.0`")
            }
            (None, None) => match (left_ty, right_ty) {
                (Type::Value(a), Type::Value(b)) if is_number(*a) && is_number(*b) => {
                    let wider = if rank(*a) >= rank(*b) { a } else { b };
                    error.help(format!("convert one of them: `… as {}`", value_name(*wider)))
                }
                _ => error,
            },
            _ => error,
        };
        self.report(error);
    }

    /// Checks a shift's right operand; `None` if the shift is not defined.
    fn shift_count(
        &mut self,
        op: BinaryOp,
        left: Out,
        right_ast: ir::ExprId,
        span: Span,
    ) -> Option<ExprId> {
        let ty = self.ty(left.id).clone();
        // Any integer type will do, so the place says none.
        let right = self.expr(right_ast, None);
        let count = self.close(right);
        if left.open == Some(Literal::Float) || !defined(op, &ty) {
            self.not_defined(op, &ty, span);
            return None;
        }
        let fine = match self.ty(count) {
            Type::Value(value) => integer(*value).is_some(),
            Type::Never | Type::Error => true,
            Type::Unit | Type::Struct(_) | Type::Pointer(_) => false,
        };
        if !fine {
            let shown = self.cx.show(self.ty(count));
            let span = self.spot(right_ast);
            let error = self.cx.error(
                codes::OPERATOR,
                span,
                format!("a shift count must be an integer, but this is `{shown}`"),
            );
            self.report(error);
            return None;
        }
        Some(count)
    }

    /// Checks that `place op value` is defined; gives the checked value.
    pub(super) fn compound_value(
        &mut self,
        op: BinaryOp,
        place: ExprId,
        place_ast: ir::ExprId,
        value: ir::ExprId,
        span: Span,
    ) -> ExprId {
        let left = Out { id: place, open: None };
        let ty = self.ty(place).clone();
        match class(op) {
            Class::Shift => self.shift_count(op, left, value, span).unwrap_or(place),
            Class::Logical | Class::Compare => {
                let error = self.cx.error(
                    codes::OPERATOR,
                    span,
                    format!("there is no operator `{}=`", symbol(op)),
                );
                self.report(error);
                self.closed(value)
            }
            Class::Arithmetic => {
                let right = self.beside(left, value);
                let at = Beside { left: place_ast, right: value, what: compound_symbol(op) };
                if self.agree(left, right, at).is_some() && !defined(op, &ty) {
                    self.not_defined(op, &ty, span);
                }
                right.id
            }
        }
    }

    pub(super) fn cast(&mut self, operand: ir::ExprId, ty: &ir::Type, span: Span) -> Out {
        let target = self.cx.place_ty(ty);
        let ast = self.ast;
        // A function's name is a pointer here, whatever its signature is.
        let name = matches!(ast[operand].kind, ir::ExprKind::Name(_) | ir::ExprKind::Path(_));
        let pointers = matches!(target, Type::Pointer(_) | Type::Value(ValueType::Addr));
        let out = self.expr(operand, if name && pointers { Some(&Type::Error) } else { None });
        let id = self.close(out);
        let source = self.ty(id).clone();
        if source == target {
            return Out { id, open: None };
        }
        if matches!(source, Type::Never | Type::Error) || target == Type::Error {
            return self.typed(ExprKind::Cast(id), target, span);
        }
        if castable(&source, &target) {
            return self.typed(ExprKind::Cast(id), target, span);
        }
        let (from, to) = (self.cx.show(&source), self.cx.show(&target));
        let mut error = self.cx.error(
            codes::CAST,
            span,
            format!("`{from}` cannot be converted to `{to}` with `as`"),
        );
        error = match (&source, &target) {
            (Type::Value(value), Type::Value(ValueType::Bool)) if is_number(*value) => {
                error.help("compare it: `… != 0`")
            }
            (Type::Value(value), Type::Value(ValueType::Char)) if integer(*value).is_some() => {
                error.help("only a `u8` is always a character: convert to `u8` first")
            }
            (Type::Pointer(_), Type::Pointer(_)) => error
                .help("go through `addr`; a call with another signature than the function's traps"),
            (Type::Pointer(_), Type::Value(_)) | (Type::Value(_), Type::Pointer(_)) => {
                error.help("a function pointer converts to and from `addr` only")
            }
            (
                Type::Value(ValueType::Bool | ValueType::Char),
                Type::Value(ValueType::F32 | ValueType::F64),
            ) => error.help("convert to an integer first"),
            (Type::Struct(_), _) => error.help("name the field that is meant, or call a method"),
            _ => error,
        };
        self.report(error);
        self.typed(ExprKind::Cast(id), Type::Error, span)
    }
}

/// Two operands, for messages.
#[derive(Clone, Copy)]
pub(super) struct Beside<'s> {
    pub(super) left: ir::ExprId,
    pub(super) right: ir::ExprId,
    /// The operator, or what else needs them to agree.
    pub(super) what: &'s str,
}

fn compound_symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+=",
        BinaryOp::Sub => "-=",
        BinaryOp::Mul => "*=",
        BinaryOp::Div => "/=",
        BinaryOp::Rem => "%=",
        BinaryOp::And => "&=",
        BinaryOp::Or => "|=",
        BinaryOp::Xor => "^=",
        BinaryOp::Shl => "<<=",
        BinaryOp::Shr => ">>=",
        BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge
        | BinaryOp::LogicalAnd
        | BinaryOp::LogicalOr => symbol(op),
    }
}

fn is_float(ty: &Type) -> bool {
    matches!(ty, Type::Value(ValueType::F32 | ValueType::F64))
}

pub(super) fn is_number(value: ValueType) -> bool {
    integer(value).is_some() || matches!(value, ValueType::F32 | ValueType::F64)
}

/// Which of two number types holds more.
fn rank(value: ValueType) -> u32 {
    match value {
        ValueType::F32 => 100,
        ValueType::F64 => 101,
        _ => integer(value).map_or(0, |(width, _)| width),
    }
}

/// Whether `as` goes from `source` to another type `target`.
pub(super) fn castable(source: &Type, target: &Type) -> bool {
    match (source, target) {
        (Type::Value(source), Type::Value(target)) => {
            let to_integer = integer(*target).is_some();
            match source {
                ValueType::Bool | ValueType::Char => to_integer,
                ValueType::U8 if *target == ValueType::Char => true,
                ValueType::V128 => false,
                _ => is_number(*target),
            }
        }
        (Type::Pointer(_), Type::Value(ValueType::Addr))
        | (Type::Value(ValueType::Addr), Type::Pointer(_)) => true,
        _ => false,
    }
}
