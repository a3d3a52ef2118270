//! The words for a value whose type is not the one its place expects.

use super::operator::{castable, is_number};
use super::{Checker, Literal, Out};
use crate::check::world::value_name;
use crate::checked::{DefId, ExprKind, Type};
use crate::codes;
use crate::diagnostic::Place;
use crate::ir::{self, ValueType};
use crate::source::Span;

/// Which place expects a type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Why<'s> {
    /// The function's body or `return`.
    Result,
    /// The initialiser of a `const` or `static`.
    Initialiser,
    /// The count of `[x; n]` in `data`.
    Count,
    /// A `let` with a type, written there.
    Annotation(Span),
    /// An argument of a function.
    Argument(DefId, usize),
    /// An argument of a call through a pointer.
    PointerArgument,
    /// A field of a struct.
    Field(DefId, usize),
    /// The condition of `if` or `while`, or a guard.
    Condition(&'s str),
    /// An operand of an operator that takes one type only.
    Operand(&'s str),
    /// What a place of that type is assigned.
    Assign(Span),
    /// A branch or arm; the first one is there.
    Branch(Span),
    /// A `break`; the first one, or the block's value, is there.
    Break(Span),
    /// A `break`, where the place of the block says the type.
    Value,
    /// The body of a loop, or of an `if` without `else`.
    Body(&'s str),
    /// A pattern, for a scrutinee that stands there.
    Pattern(Span),
    /// The value that a struct pattern takes apart.
    Destructure,
    /// `seg` in `seg.i32[i]`.
    Segment,
}

impl Checker<'_, '_> {
    /// The type of a value, for messages.
    pub(super) fn describe(&self, out: Out) -> String {
        match out.open {
            Some(Literal::Int) => "an integer".into(),
            Some(Literal::Float) => "a float".into(),
            None => format!("`{}`", self.cx.show(self.ty(out.id))),
        }
    }

    /// Where a value comes from: the last expression of blocks, and where a mistake in it is.
    fn tail(&self, mut id: ir::ExprId) -> (ir::ExprId, Span) {
        let mut position = None;
        loop {
            match &self.ast[id].kind {
                ir::ExprKind::Block(ir::Block { tail: Some(tail), .. }) => id = *tail,
                ir::ExprKind::At(at, inner) => {
                    position = Some(*at);
                    id = *inner;
                }
                _ => return (id, position.unwrap_or(self.ast[id].span)),
            }
        }
    }

    /// Reports that `out`, made from `id`, should have type `ty`.
    pub(super) fn mismatch(&mut self, out: Out, id: ir::ExprId, ty: &Type, why: Why) {
        let found = self.ty(out.id).clone();
        let (expected, shown) = (self.cx.show(ty), self.describe(out));
        let (at, span) = self.tail(id);
        let ast = self.ast;
        if found == Type::Unit
            && let ir::ExprKind::Block(block) = &ast[at].kind
        {
            self.no_value(block, span, ty, why);
            return;
        }
        let world = self.cx.world;
        let message = match why {
            Why::Result => match self.function {
                Some(_) if *ty == Type::Never => {
                    "a function of type `!` never returns, but this one does".into()
                }
                Some(_) if *ty == Type::Unit => {
                    format!("this function has no result, but this value is {shown}")
                }
                _ => format!("the function's result is `{expected}`, but this value is {shown}"),
            },
            Why::Initialiser => {
                format!("the declared type is `{expected}`, but this value is {shown}")
            }
            Why::Count => format!("a count of elements is an `addr`, but this is {shown}"),
            Why::Annotation(_) => {
                format!("the variable is declared as `{expected}`, but this value is {shown}")
            }
            Why::Argument(def, index) => {
                let function = world.function(def);
                let param = function.params.get(index).map_or("", |name| name);
                format!(
                    "parameter `{param}` of `{}` is `{expected}`, but this value is {shown}",
                    world.slot(def).name
                )
            }
            Why::PointerArgument => {
                format!("the function pointer takes `{expected}` here, but this value is {shown}")
            }
            Why::Field(def, index) => {
                let field = &world.structure(def).fields[index].0;
                format!(
                    "field `{field}` of `{}` is `{expected}`, but this value is {shown}",
                    world.slot(def).name
                )
            }
            Why::Condition(what) => {
                format!("the condition of {what} must be a `bool`, but this is {shown}")
            }
            Why::Operand(symbol) => {
                format!("`{symbol}` takes `{expected}`, but this value is {shown}")
            }
            Why::Assign(_) => format!("a place of type `{expected}` cannot hold {shown}"),
            Why::Branch(_) => {
                format!("the branches have different types: `{expected}` and {shown}")
            }
            Why::Break(_) | Why::Value => format!(
                "the values that leave the block have different types: `{expected}` and {shown}"
            ),
            Why::Body(what) => format!("{what} has no value, but this is {shown}"),
            Why::Pattern(_) => {
                format!("this pattern is {shown}, but the value matched is `{expected}`")
            }
            Why::Destructure => {
                format!("the pattern takes a `{expected}` apart, but this value is {shown}")
            }
            Why::Segment => {
                format!("elements are read from a `{expected}`, but this value is {shown}")
            }
        };
        let mut error = self.cx.error(codes::TYPE_MISMATCH, span, message);
        error = error.note(format!("expected `{expected}`, found {shown}"));
        error = match why {
            Why::Result if self.function.is_some() => error.label(
                self.cx.place(self.result_span),
                format!("expected `{expected}` because of this"),
            ),
            Why::Annotation(span) => {
                error.label(self.cx.place(span), format!("expected `{expected}` because of this"))
            }
            Why::Argument(def, _) => error.label(world.place(def), "declared here"),
            Why::Field(def, _) => error.label(world.place(def), "declared here"),
            Why::Assign(span) => {
                error.label(self.cx.place(span), format!("this place is `{expected}`"))
            }
            Why::Branch(span) | Why::Break(span) => {
                error.label(self.cx.place(span), format!("this one is `{expected}`"))
            }
            Why::Pattern(span) => error.label(self.cx.place(span), format!("this is `{expected}`")),
            Why::Result
            | Why::Initialiser
            | Why::Count
            | Why::PointerArgument
            | Why::Condition(_)
            | Why::Operand(_)
            | Why::Value
            | Why::Body(_)
            | Why::Destructure
            | Why::Segment => error,
        };
        error = match self.declaration(out, &found, ty) {
            Some((place, label, help)) => error.label(place, label).help(help),
            None => match self.way_out(out, at, &found, ty) {
                Some(help) => error.help(help),
                None => error,
            },
        };
        self.close(out);
        self.report(error);
    }

    /// For a variable whose type nothing but a literal decided: where it is declared, and how it should be.
    pub(super) fn declaration(
        &self,
        out: Out,
        found: &Type,
        ty: &Type,
    ) -> Option<(Place, String, String)> {
        let ExprKind::Local(local) = self.out[out.id].kind else { return None };
        let info = &self.locals[local.0 as usize];
        let (Some(literal), Type::Value(value)) = (info.from_literal, ty) else { return None };
        literal.fits(ty)?;
        let name = &self.out[local].name;
        let mutable = if info.declared_mutable { "mut " } else { "" };
        let label = format!(
            "`{name}` is `{}`: its value is a literal, and nothing says another type",
            self.cx.show(found)
        );
        Some((
            self.cx.place(info.span),
            label,
            format!("declare its type: `let {mutable}{name}: {} = …`", value_name(*value)),
        ))
    }

    /// How to make a value of `ty` from one of `found`.
    fn way_out(&self, out: Out, at: ir::ExprId, found: &Type, ty: &Type) -> Option<String> {
        if let Some(literal) = out.open {
            return match (literal, ty) {
                (Literal::Int, Type::Value(ValueType::F32 | ValueType::F64)) => {
                    match &self.ast[at].kind {
                        ir::ExprKind::Int(literal) => {
                            Some(format!("write it as a float: `{}.0`", literal.value))
                        }
                        _ => Some("write the integers as floats: with `.0`".into()),
                    }
                }
                (Literal::Float, Type::Value(value)) if is_number(*value) => Some(format!(
                    "write it as an integer, or convert it: `… as {}`",
                    value_name(*value)
                )),
                (Literal::Int, Type::Value(ValueType::Bool)) => {
                    Some("write `true` or `false`".into())
                }
                (Literal::Int, Type::Pointer(_)) => Some("the null pointer is `0addr as …`".into()),
                _ => None,
            };
        }
        match (found, ty) {
            (_, Type::Unit) => Some("end it with `;` to drop the value".into()),
            (Type::Value(value), Type::Value(ValueType::Bool)) if is_number(*value) => {
                Some("compare it: `… != 0`".into())
            }
            (Type::Value(ValueType::F32 | ValueType::F64), Type::Value(value))
                if castable(found, ty) =>
            {
                Some(format!("convert it: `… as {}` drops the fraction", value_name(*value)))
            }
            _ if castable(found, ty) => Some(format!("convert it: `… as {}`", self.cx.show(ty))),
            (Type::Unit, _) => None,
            (Type::Pointer(_), Type::Pointer(_)) => Some("the signatures must be the same".into()),
            _ => None,
        }
    }

    /// Reports a block that ends without a value.
    fn no_value(&mut self, block: &ir::Block, span: Span, ty: &Type, why: Why) {
        let expected = self.cx.show(ty);
        let ast = self.ast;
        let last = ast[block.statements].last().copied();
        let what = match (why, self.function) {
            (Why::Result, Some(_)) if *ty == Type::Never => {
                "this function is declared never to return, but its end is reached".into()
            }
            (Why::Result, Some(function)) => {
                let name = function.path.rsplit("::").next().unwrap_or_default();
                format!("`{name}` ends without giving its result of type `{expected}`")
            }
            _ => format!("this block ends without a value of type `{expected}`"),
        };
        let at = last.map_or(span, |last| self.spot(last));
        if last.is_some() && self.reported_in(at) {
            // What is wrong there may be why.
            return;
        }
        let mut error = self.cx.error(codes::MISSING_VALUE, at, what);
        error = error.note(if last.is_some() { "nothing follows this" } else { "this is empty" });
        if let Why::Result = why {
            error = error.label(
                self.cx.place(self.result_span),
                format!("expected `{expected}` because of this"),
            );
        }
        error = match last.and_then(|last| self.statement_type(last)) {
            Some(last) if last == *ty => {
                error.help("remove the `;` after it: then it is the block's value")
            }
            _ if *ty == Type::Never => {
                error.help("end it with a loop, a trap or a call of a function of type `!`")
            }
            _ => error.help("add the value as the last expression, without a `;`"),
        };
        self.report(error);
    }

    /// Whether a mistake was found inside `span` of this body.
    fn reported_in(&self, span: Span) -> bool {
        let Some(outer) = span.range() else { return false };
        self.cx.diagnostics[self.errors_before..].iter().any(|said| {
            let inner = said
                .place
                .filter(|place| place.module == self.cx.module)
                .and_then(|place| place.span.range());
            inner.is_some_and(|inner| outer.start <= inner.start && inner.end <= outer.end)
        })
    }

    /// The type of the statement that was checked last, if it was made from `id`.
    fn statement_type(&self, id: ir::ExprId) -> Option<Type> {
        let span = self.ast[id].span;
        let made = self.out.ids().rev().take(4).find(|made| {
            let stands = self.span(*made);
            stands.key() == span.key()
                && stands.range() == span.range()
                && *self.ty(*made) != Type::Unit
        });
        made.map(|made| self.ty(made).clone())
    }
}
