//! `wasm { … }` as an expression.

use super::{Checker, Out};
use crate::check::suggest::nearest;
use crate::check::template::span_in;
use crate::checked::{ExprId, ExprKind, Hole, Row, Type};
use crate::codes;
use crate::ir;
use crate::source::Span;

impl Checker<'_, '_> {
    pub(super) fn wasm(&mut self, text: &ir::Template, span: Span, hint: Option<&Type>) -> Out {
        let Some(result) = hint else {
            let error = self
                .cx
                .error(
                    codes::TEMPLATE_RESULT,
                    span,
                    "nothing says what type these instructions leave",
                )
                .help("put the value into a variable with a type: `let x: i32 = wasm { … };`");
            self.report(error);
            return self.broken(span);
        };
        let Some(template) = self.cx.template(text) else { return self.broken(span) };
        let mut operands: Vec<ExprId> = Vec::new();
        let mut roots: Vec<(&str, u32)> = Vec::new();
        let mut holes = Vec::with_capacity(template.holes.len());
        let mut types = Vec::with_capacity(template.holes.len());
        let mut fine = *result != Type::Error;
        for name in &template.holes {
            let at = span_in(text, &name.range);
            let mut parts = name.text.split('.');
            let first = parts.next().unwrap_or_default();
            let known = roots.iter().find(|root| root.0 == first).map(|root| root.1);
            let operand = match known {
                Some(operand) => operand,
                None => {
                    let Some(value) = self.operand(first, at) else {
                        fine = false;
                        continue;
                    };
                    operands.push(value);
                    let operand = operands.len() as u32 - 1;
                    roots.push((first, operand));
                    operand
                }
            };
            let ty = self.ty(operands[operand as usize]).clone();
            match self.cx.template_scalar(&name.text, &ty, parts, at) {
                Some((scalar, ty)) => {
                    holes.push(Hole { operand, scalar });
                    types.push(ty);
                }
                None => fine = false,
            }
        }
        let symbols = self.cx.template_symbols(text, &template);
        let Some((symbols, symbol_types)) = symbols.filter(|_| fine) else {
            return self.broken(span);
        };
        if !self.cx.template_types(text, &template, &types, &symbol_types, result) {
            return self.broken(span);
        }
        let row = Row { template, holes: holes.into(), symbols, checked: None };
        let operands = self.list(&operands);
        let kind = ExprKind::Wasm(row.into(), operands);
        if *result == Type::Never {
            self.diverging(kind, span)
        } else {
            self.typed(kind, result.clone(), span)
        }
    }

    /// What `$name` names: a local, else a constant or static.
    fn operand(&mut self, name: &str, span: Span) -> Option<ExprId> {
        if let Some(local) = self.cx.names.get(name).and_then(|name| self.scope.get(&name).copied())
        {
            let out = self.read_local(local, span);
            return (*self.ty(out.id) != Type::Error).then_some(out.id);
        }
        if let Some(def) = self.cx.in_scope(name).value
            && self.cx.world.is_global(def)
        {
            let out = self.read(def, span, None);
            return (*self.ty(out.id) != Type::Error).then_some(out.id);
        }
        let mut error =
            self.cx.error(codes::HOLES, span, format!("cannot find `{name}` for `${name}`"));
        let locals = self.scope.keys().map(|name| &self.cx.names[*name]);
        if let Some(near) =
            nearest(name, locals.chain(self.cx.world.names_in(self.cx.module, false)))
        {
            error = error.help(format!("did you mean `${near}`?"));
        }
        self.report(error);
        None
    }
}
