//! Blocks and `let`.

use smallvec::SmallVec;

use super::{Checker, FrameKind, Out, Why};
use crate::checked::{ExprId, ExprKind, LetStruct, LocalId, Type};
use crate::codes;
use crate::diagnostic::{Diagnostic, Place};
use crate::ir::{self, Ident};
use crate::source::Span;

impl Checker<'_, '_> {
    pub(super) fn block(&mut self, block: &ir::Block, span: Span, hint: Option<&Type>) -> Out {
        let ast = self.ast;
        if let Some(label) = block.label {
            self.open_frame(Some(label.name), FrameKind::Block, hint);
        }
        let mark = self.enter();
        let mut statements: SmallVec<[ExprId; 8]> = SmallVec::new();
        for &statement in &ast[block.statements] {
            self.warn_unreachable(statement);
            statements.push(self.statement(statement));
        }
        let tail = block.tail.map(|tail| {
            self.warn_unreachable(tail);
            self.expr(tail, hint)
        });
        self.leave(mark);
        let statements = self.list(&statements);
        if tail.is_none() || block.label.is_some() {
            self.split = None;
        }
        if block.label.is_some() {
            return self.close_block(statements, tail, block.tail, span);
        }
        let (ty, open) = match tail {
            Some(tail) => (self.ty(tail.id).clone(), tail.open),
            None if self.flow.live => (Type::Unit, None),
            None => (Type::Never, None),
        };
        let id =
            self.push(ExprKind::Block { statements, tail: tail.map(|tail| tail.id) }, ty, span);
        Out { id, open }
    }

    /// A statement's value is dropped.
    fn statement(&mut self, id: ir::ExprId) -> ExprId {
        let mut inner = id;
        while let ir::ExprKind::At(_, next) = &self.ast[inner].kind {
            inner = *next;
        }
        // Instructions need to be told what they leave.
        let hint = matches!(self.ast[inner].kind, ir::ExprKind::Wasm(_)).then_some(&Type::Unit);
        let out = self.expr(id, hint);
        self.close(out)
    }

    fn warn_unreachable(&mut self, id: ir::ExprId) {
        if self.flow.live
            || self.warned_unreachable
            || self.cx.diagnostics.len() > self.errors_before
        {
            return;
        }
        self.warned_unreachable = true;
        let place = Place { module: self.cx.module, span: self.spot(id) };
        self.cx.diagnostics.push(
            Diagnostic::warning(codes::UNREACHABLE_CODE, place, "this is never reached")
                .note("control does not get past what stands before")
                .help("remove it"),
        );
        // A warning is no reason to keep quiet about the rest.
        self.errors_before += 1;
    }

    pub(super) fn let_(&mut self, it: &ir::Let, span: Span) -> Out {
        let ty = it.ty.as_ref().map(|ty| (self.cx.place_ty(ty), ty.span()));
        match &it.pattern {
            ir::LetPattern::Name { name, mutable } => match it.value {
                Some(value) => {
                    let mut from_literal = None;
                    let value = match &ty {
                        Some((ty, span)) => self.want(value, ty, Why::Annotation(*span)),
                        None => {
                            let out = self.expr(value, None);
                            from_literal = out.open;
                            self.close(out)
                        }
                    };
                    let ty = ty.map_or_else(|| self.ty(value).clone(), |(ty, _)| ty);
                    let local = self.declare(*name, ty, *mutable);
                    self.locals[local.0 as usize].from_literal = from_literal;
                    self.unit(ExprKind::Let(local, Some(value)), span)
                }
                None => {
                    let untyped = ty.is_none();
                    let local = self.declare(*name, ty.map_or(Type::Error, |(ty, _)| ty), *mutable);
                    let number = self.deferred.len() as u32;
                    self.deferred.push((local, None));
                    let info = &mut self.locals[local.0 as usize];
                    info.deferred = Some(number);
                    info.untyped = untyped;
                    self.unit(ExprKind::Let(local, None), span)
                }
            },
            ir::LetPattern::Struct(pattern) => {
                let ir::LetStruct { path, fields, rest } = &**pattern;
                self.take_apart(path, fields, *rest, it.value, ty, span)
            }
        }
    }

    /// `let S { x, y: z } = value;`
    fn take_apart(
        &mut self,
        path: &ir::Path,
        fields: &[ir::LetField],
        rest: bool,
        value: Option<ir::ExprId>,
        ty: Option<(Type, Span)>,
        span: Span,
    ) -> Out {
        // A type that could not be read stands for a mistake in the pattern, too: its names are known, no more.
        let broken = matches!(ty, Some((Type::Error, _)));
        let def = if broken { None } else { self.struct_named(path) };
        let expected = def.map_or(Type::Error, Type::Struct);
        if let Some((ty, span)) = ty
            && ty != expected
            && ty != Type::Error
            && def.is_some()
        {
            let (a, b) = (self.cx.show(&expected), self.cx.show(&ty));
            let error = self
                .cx
                .error(
                    codes::TYPE_MISMATCH,
                    path.span(),
                    format!("this pattern takes a `{a}` apart, but the type written is `{b}`"),
                )
                .label(self.cx.place(span), format!("this is `{b}`"));
            self.report(error);
        }
        let value = match value {
            Some(value) => self.want(value, &expected, Why::Destructure),
            None => {
                let error = self
                    .cx
                    .error(codes::MISSING_VALUE, span, "a pattern needs a value to take apart")
                    .help("write `= …` after it, or declare the variables one by one");
                self.report(error);
                self.broken(span).id
            }
        };
        let Some(def) = def else {
            for field in fields {
                self.declare(field.name, Type::Error, field.mutable);
            }
            return self.unit(
                ExprKind::LetStruct(Box::new(LetStruct { locals: Box::default(), value })),
                span,
            );
        };
        let structure = self.cx.world.structure(def);
        let mut locals: Vec<Option<LocalId>> = vec![None; structure.fields.len()];
        let mut seen: Vec<Option<Ident>> = vec![None; structure.fields.len()];
        let mut misnamed = false;
        for (number, field) in fields.iter().enumerate() {
            self.bound_twice(field.name, &fields[..number]);
            let Some(index) = self.field_index(def, field.field) else {
                misnamed = true;
                self.declare(field.name, Type::Error, field.mutable);
                continue;
            };
            if let Some(first) = seen[index] {
                self.named_twice(field.field, first.span);
            }
            seen[index] = Some(field.field);
            locals[index] =
                Some(self.declare(field.name, structure.fields[index].1.clone(), field.mutable));
        }
        if !rest && !misnamed {
            let missing: Vec<&str> = structure
                .fields
                .iter()
                .zip(&seen)
                .filter(|(_, seen)| seen.is_none())
                .map(|(field, _)| &*field.0)
                .collect();
            if !missing.is_empty() {
                let error = self
                    .cx
                    .error(
                        codes::FIELDS,
                        path.span(),
                        format!("the pattern does not name {}", list_names(&missing)),
                    )
                    .label(self.cx.world.place(def), "declared here")
                    .help("name them, or write `..` at the end");
                self.report(error);
            }
        }
        self.unit(ExprKind::LetStruct(Box::new(LetStruct { locals: locals.into(), value })), span)
    }

    /// Reports a variable that an earlier field of the same pattern binds too.
    fn bound_twice(&mut self, name: Ident, before: &[ir::LetField]) {
        let text = self.cx.text(name);
        let Some(first) = before.iter().find(|first| first.name.name == name.name) else { return };
        // A field that is named twice is told as that.
        if text == "_" || before.iter().any(|first| first.field.span.key() == name.span.key()) {
            return;
        }
        let error = self
            .cx
            .error(codes::DUPLICATE, name.span, format!("`{text}` is bound twice in this pattern"))
            .label(self.cx.place(first.name.span), "first bound here")
            .help("give one of them another name: `field: other_name`");
        self.report(error);
    }

    pub(super) fn named_twice(&mut self, field: Ident, first: Span) {
        let error = self
            .cx
            .error(
                codes::FIELDS,
                field.span,
                format!("field `{}` is named twice", self.cx.text(field)),
            )
            .label(self.cx.place(first), "first named here")
            .help("remove one of them");
        self.report(error);
    }
}

/// `` `a`, `b` and `c` ``
pub(super) fn list_names(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => format!("`{name}`"),
        [names @ .., last] => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", names.join(", "))
        }
    }
}
