//! Literals: each gets its type from its suffix, its place, or an operand beside it, and must be in the type's range.
//!
//! Invariant: an open integer is held as its magnitude and an open float as an `f64`; a settled one as the type wants it.

use super::{Checker, Literal, Out};
use crate::check::number::float_bits;
use crate::check::world::{integer, normalise, value_name};
use crate::checked::{ExprId, ExprKind, Type};
use crate::codes;
use crate::ir::{self, IntLiteral, Radix, ValueType};
use crate::source::Span;

/// The bits of `±magnitude`, if `ty` has such a value.
fn in_range(magnitude: u64, negative: bool, ty: ValueType) -> Option<u64> {
    let (width, signed) = integer(ty)?;
    let top = 1u64 << (width - 1);
    let fits = match (negative, signed) {
        (false, true) => magnitude < top,
        (true, true) => magnitude <= top,
        (false, false) => magnitude <= top | (top - 1),
        (true, false) => magnitude == 0,
    };
    fits.then(|| normalise(ty, if negative { magnitude.wrapping_neg() } else { magnitude }))
}

impl Checker<'_, '_> {
    /// `12`, `0xffu8`, and `-12` as one.
    pub(super) fn int(
        &mut self,
        literal: IntLiteral,
        negative: bool,
        span: Span,
        hint: Option<&Type>,
    ) -> Out {
        let ty = match (literal.suffix, hint) {
            (Some(suffix @ (ValueType::F32 | ValueType::F64)), _) => {
                let sign = u64::from(negative) << if suffix == ValueType::F32 { 31 } else { 63 };
                let bits = if suffix == ValueType::F32 {
                    u64::from((literal.value as f32).to_bits())
                } else {
                    (literal.value as f64).to_bits()
                };
                return self.typed(ExprKind::Float(bits ^ sign), Type::Value(suffix), span);
            }
            (Some(suffix), _) => suffix,
            (None, Some(hint)) => match Literal::Int.fits(hint) {
                Some(ty) => ty,
                None => return self.open_int(literal.value, negative, span),
            },
            (None, None) => return self.open_int(literal.value, negative, span),
        };
        match in_range(literal.value, negative, ty) {
            Some(bits) => self.typed(ExprKind::Int(bits), Type::Value(ty), span),
            None => {
                self.out_of_range(literal.value, negative, ty, literal.radix, span);
                self.broken(span)
            }
        }
    }

    fn open_int(&mut self, magnitude: u64, negative: bool, span: Span) -> Out {
        let mut id = self.push(ExprKind::Int(magnitude), Type::Value(ValueType::I32), span);
        if negative {
            id = self.push(ExprKind::Neg(id), Type::Value(ValueType::I32), span);
        }
        Out { id, open: Some(Literal::Int) }
    }

    fn out_of_range(
        &mut self,
        magnitude: u64,
        negative: bool,
        ty: ValueType,
        radix: Radix,
        span: Span,
    ) {
        let Some((width, signed)) = integer(ty) else { return };
        let name = value_name(ty);
        let sign = if negative { "-" } else { "" };
        let shown = match radix {
            Radix::Hexadecimal => format!("{sign}{magnitude:#x}"),
            Radix::Binary => format!("{sign}{magnitude:#b}"),
            Radix::Octal => format!("{sign}{magnitude:#o}"),
            Radix::Decimal => format!("{sign}{magnitude}"),
        };
        let top = 1u64 << (width - 1);
        let range = if signed {
            format!("-{top}..={}", top - 1)
        } else {
            format!("0..={}", top | (top - 1))
        };
        let mut error = self
            .cx
            .error(codes::LITERAL_RANGE, span, format!("`{shown}` is out of range of `{name}`"))
            .note(format!("`{name}` has the values {range}"));
        let wider = [ValueType::I32, ValueType::U32, ValueType::I64, ValueType::U64];
        let fit = wider
            .into_iter()
            .find(|wide| *wide != ty && in_range(magnitude, negative, *wide).is_some());
        if let Some(fit) = fit {
            let fit = value_name(fit);
            if !negative && signed && magnitude <= top | (top - 1) && radix != Radix::Decimal {
                let wrapped = normalise(ty, magnitude) as i64;
                error = error.help(format!("the bits as a number of `{name}` are `{wrapped}`"));
            }
            error = error.help(format!("as a number of another type it would be `{shown}{fit}`"));
        }
        self.report(error);
    }

    /// `1.5`, and `-1.5` as one.
    pub(super) fn float(
        &mut self,
        id: ir::ExprId,
        literal: &ir::FloatLiteral,
        negative: bool,
        span: Span,
        hint: Option<&Type>,
    ) -> Out {
        let ty = literal.suffix.or_else(|| hint.and_then(|hint| Literal::Float.fits(hint)));
        let settled = ty.unwrap_or(ValueType::F64);
        let Some(bits) = float_bits(&literal.text, settled) else {
            // A place may still want less, but what no f64 holds, no f32 does.
            self.float_range(&literal.text, settled, span);
            return self.broken(span);
        };
        let sign = u64::from(negative) << if settled == ValueType::F32 { 31 } else { 63 };
        let id_out = self.push(ExprKind::Float(bits ^ sign), Type::Value(settled), span);
        if ty.is_none() {
            self.floats.push((id_out, id));
            return Out { id: id_out, open: Some(Literal::Float) };
        }
        Out { id: id_out, open: None }
    }

    fn float_range(&mut self, text: &str, ty: ValueType, span: Span) {
        let name = value_name(ty);
        let error = self.cx.error(
            codes::LITERAL_RANGE,
            span,
            format!("`{text}` is out of range of `{name}`"),
        );
        let error = if text.starts_with("nan:") {
            error.note("the payload of a NaN is not zero and has at most 23 bits in an `f32`, 52 in an `f64`")
        } else if ty == ValueType::F32 {
            error
                .note(format!("the largest `f32` is {:e}", f32::MAX))
                .help("use an `f64`, or write `inf`")
        } else {
            error
                .note(format!("the largest `f64` is {:e}", f64::MAX))
                .help("write `inf` for infinity")
        };
        self.report(error);
    }

    /// Gives an open expression the type `ty`, which fits its literals: goes down through operators, blocks and branches to them.
    pub(super) fn settle(&mut self, root: ExprId, ty: ValueType) {
        let mut work = vec![root];
        while let Some(id) = work.pop() {
            if matches!(self.ty(id), Type::Never | Type::Error) {
                continue;
            }
            self.set_type(id, Type::Value(ty));
            let span = self.span(id);
            let settled = match &self.out[id].kind {
                ExprKind::Int(magnitude) => self.settle_int(*magnitude, false, ty, span),
                ExprKind::Float(bits) => match self.settle_float(id, *bits, ty, span) {
                    Some(bits) => Some(ExprKind::Float(bits)),
                    None => continue,
                },
                ExprKind::Neg(operand) => match self.out[*operand].kind {
                    ExprKind::Int(magnitude) => self.settle_int(magnitude, true, ty, span),
                    _ => {
                        work.push(*operand);
                        if integer(ty).is_some_and(|(_, signed)| !signed) {
                            self.negated_unsigned(ty, span);
                        }
                        continue;
                    }
                },
                ExprKind::Not(operand) => {
                    work.push(*operand);
                    continue;
                }
                ExprKind::Binary(op, left, right) => {
                    work.push(*left);
                    if !matches!(op, ir::BinaryOp::Shl | ir::BinaryOp::Shr) {
                        work.push(*right);
                    }
                    continue;
                }
                ExprKind::Block { tail: Some(tail), .. } => {
                    work.push(*tail);
                    continue;
                }
                ExprKind::If(_, yes, Some(no)) => {
                    work.extend([*yes, *no]);
                    continue;
                }
                ExprKind::Match(it) => {
                    work.extend(it.arms.iter().map(|arm| arm.value));
                    continue;
                }
                _ => unreachable!("only these leave the type of a literal open"),
            };
            match settled {
                Some(kind) => self.out.exprs[id.index()].kind = kind,
                None => self.set_type(id, Type::Error),
            }
        }
    }

    fn settle_int(
        &mut self,
        magnitude: u64,
        negative: bool,
        ty: ValueType,
        span: Span,
    ) -> Option<ExprKind> {
        let bits = in_range(magnitude, negative, ty);
        if bits.is_none() {
            self.out_of_range(magnitude, negative, ty, Radix::Decimal, span);
        }
        bits.map(ExprKind::Int)
    }

    fn settle_float(&mut self, id: ExprId, bits: u64, ty: ValueType, span: Span) -> Option<u64> {
        if ty != ValueType::F32 {
            return Some(bits);
        }
        let at = self
            .floats
            .binary_search_by_key(&id, |entry| entry.0)
            .expect("every open float is noted, in order");
        let ast = self.ast;
        let literal = match &ast[self.floats[at].1].kind {
            ir::ExprKind::Float(literal) => literal,
            _ => unreachable!("noted with its literal"),
        };
        match float_bits(&literal.text, ty) {
            Some(single) => Some(single ^ (bits >> 63) << 31),
            None => {
                self.float_range(&literal.text, ty, span);
                self.set_type(id, Type::Error);
                None
            }
        }
    }
}
