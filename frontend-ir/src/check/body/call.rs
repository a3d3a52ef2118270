//! Calls: of functions, of methods, through pointers, in tail position.

use smallvec::SmallVec;

use super::{Checker, Out, Why};
use crate::check::MAX_SCALARS;
use crate::check::resolve::Named;
use crate::check::suggest::nearest;
use crate::check::unit::{Nominal, SlotKind};
use crate::checked::{DefId, ExprId, ExprKind, Type};
use crate::codes;
use crate::ir::{self, Ident};
use crate::source::Span;

impl Checker<'_, '_> {
    pub(super) fn call(&mut self, callee: ir::ExprId, arguments: ir::ExprList, span: Span) -> Out {
        let ast = self.ast;
        let at = ast[callee].span;
        match &ast[callee].kind {
            ir::ExprKind::Name(name) if !self.scope.contains_key(&name.name) => {
                let text = self.cx.text(*name);
                match self.cx.bare_value(text, name.span) {
                    Some(def) if self.cx.world.slot(def).kind == SlotKind::Function => {
                        self.call_function(def, arguments, at, span)
                    }
                    _ => self.call_value(callee, arguments, span),
                }
            }
            ir::ExprKind::Path(path) => match self.cx.value(path) {
                Some(Named::Value(def)) if self.cx.world.slot(def).kind == SlotKind::Function => {
                    self.call_function(def, arguments, at, span)
                }
                Some(Named::Value(def)) => {
                    let callee = self.read(def, at, None);
                    self.call_pointer(callee.id, at, arguments, span)
                }
                Some(Named::Associated(..)) => self.call_value(callee, arguments, span),
                None => self.skip(arguments, span),
            },
            _ => self.call_value(callee, arguments, span),
        }
    }

    /// Checks arguments of a call that means nothing.
    fn skip(&mut self, arguments: ir::ExprList, span: Span) -> Out {
        let ast = self.ast;
        for &argument in &ast[arguments] {
            // A function's name is no further mistake here.
            let out = self.expr(argument, Some(&Type::Error));
            self.close(out);
        }
        self.broken(span)
    }

    /// Arguments of a call of what cannot be called: `value`, which was evaluated first, is all that is left if it never gives a value.
    fn skip_after(&mut self, value: ExprId, arguments: ir::ExprList, span: Span) -> Out {
        let skipped = self.skip(arguments, span);
        if *self.ty(value) == Type::Never { Out { id: value, open: None } } else { skipped }
    }

    fn call_function(&mut self, def: DefId, arguments: ir::ExprList, at: Span, span: Span) -> Out {
        self.call_with(def, None, arguments, at, span)
    }

    fn call_with(
        &mut self,
        def: DefId,
        receiver: Option<ExprId>,
        arguments: ir::ExprList,
        at: Span,
        span: Span,
    ) -> Out {
        let world = self.cx.world;
        let ast = self.ast;
        let function = world.function(def);
        let given = &ast[arguments];
        let skipped = usize::from(receiver.is_some());
        let params = &function.signature.params[skipped.min(function.signature.params.len())..];
        let mut ids: SmallVec<[ExprId; 8]> = receiver.into_iter().collect();
        if given.len() != params.len() {
            self.wrong_count(def, skipped, given, at);
            self.skip(arguments, span);
            return self.result(
                ExprKind::Call(def, crate::checked::ExprList::EMPTY),
                &function.signature.result,
                span,
            );
        }
        for (index, (&argument, param)) in given.iter().zip(params).enumerate() {
            ids.push(self.want(argument, param, Why::Argument(def, index + skipped)));
        }
        let list = self.list(&ids);
        self.result(ExprKind::Call(def, list), &function.signature.result, span)
    }

    /// A call's value; control does not come back from one of type `!`.
    fn result(&mut self, kind: ExprKind, ty: &Type, span: Span) -> Out {
        if *ty == Type::Never {
            self.diverging(kind, span)
        } else {
            self.typed(kind, ty.clone(), span)
        }
    }

    fn wrong_count(&mut self, def: DefId, skipped: usize, given: &[ir::ExprId], at: Span) {
        let world = self.cx.world;
        let function = world.function(def);
        let wanted = function.signature.params.len() - skipped;
        let name = &world.slot(def).name;
        let arguments = if wanted == 1 { "argument" } else { "arguments" };
        let mut error = self.cx.error(
            codes::ARGUMENTS,
            given.get(wanted).map_or(at, |extra| self.spot(*extra)),
            format!("`{name}` takes {wanted} {arguments}, but {} are given", given.len()),
        );
        error = if given.len() > wanted {
            error.note("not expected")
        } else {
            let missing: Vec<String> = function.params[skipped + given.len()..]
                .iter()
                .zip(&function.signature.params[skipped + given.len()..])
                .map(|(name, ty)| format!("`{name}: {}`", world.show(ty)))
                .collect();
            error.note(format!("missing: {}", missing.join(", ")))
        };
        error = error.label(world.place(def), format!("`{name}` is declared here"));
        self.report(error);
    }

    fn call_value(&mut self, callee: ir::ExprId, arguments: ir::ExprList, span: Span) -> Out {
        let at = self.ast[callee].span;
        let callee = self.closed(callee);
        self.call_pointer(callee, at, arguments, span)
    }

    fn call_pointer(
        &mut self,
        callee: ExprId,
        at: Span,
        arguments: ir::ExprList,
        span: Span,
    ) -> Out {
        let ast = self.ast;
        let ty = self.ty(callee).clone();
        let Type::Pointer(signature) = &ty else {
            if !matches!(ty, Type::Error | Type::Never) {
                let shown = self.cx.show(&ty);
                let error = self
                    .cx
                    .error(
                        codes::NOT_A_FUNCTION,
                        at,
                        format!("a value of type `{shown}` cannot be called"),
                    )
                    .note("this is no function and no function pointer");
                self.report(error);
            }
            return self.skip_after(callee, arguments, span);
        };
        let given = &ast[arguments];
        if given.len() != signature.params.len() {
            let (wanted, shown) = (signature.params.len(), self.cx.show(&ty));
            let plural = if wanted == 1 { "argument" } else { "arguments" };
            let error = self
                .cx
                .error(
                    codes::ARGUMENTS,
                    at,
                    format!("this pointer takes {wanted} {plural}, but {} are given", given.len()),
                )
                .note(format!("this is an `{shown}`"));
            self.report(error);
            self.skip(arguments, span);
            return self.broken(span);
        }
        let scalars: u32 = signature.params.iter().map(|ty| self.cx.world.scalars(ty)).sum();
        if scalars > MAX_SCALARS {
            let message = format!("the arguments hold {scalars} scalars");
            let error = self
                .cx
                .error(codes::TOO_LARGE, at, message)
                .help(format!("at most {MAX_SCALARS} are possible: pass a `MemorySegment`"));
            self.report(error);
        }
        let mut ids: SmallVec<[ExprId; 8]> = SmallVec::new();
        for (&argument, param) in given.iter().zip(&signature.params) {
            ids.push(self.want(argument, param, Why::PointerArgument));
        }
        let list = self.list(&ids);
        self.result(ExprKind::CallPointer(callee, list), &signature.result, span)
    }

    /// `x.m(a, b)`
    pub(super) fn method(
        &mut self,
        receiver: ir::ExprId,
        name: Ident,
        arguments: ir::ExprList,
        span: Span,
    ) -> Out {
        let receiver = self.closed(receiver);
        let ty = self.ty(receiver).clone();
        let world = self.cx.world;
        let text = self.cx.text(name);
        let Some(owner) = Nominal::of(&ty) else {
            if !matches!(ty, Type::Error | Type::Never) {
                let shown = self.cx.show(&ty);
                let error = self.cx.error(
                    codes::UNKNOWN_METHOD,
                    name.span,
                    format!("`{shown}` has no methods"),
                );
                self.report(error);
            }
            return self.skip_after(receiver, arguments, span);
        };
        if world.method(owner, text).is_none() {
            self.no_method(owner, name);
            return self.skip(arguments, span);
        }
        let Some(def) = self.cx.method(owner, name) else { return self.skip(arguments, span) };
        if !world.has_self(def) {
            let shown = world.nominal(owner);
            let error = self
                .cx
                .error(
                    codes::UNKNOWN_METHOD,
                    name.span,
                    format!("`{text}` of `{shown}` has no `self`, so it is not called on a value"),
                )
                .label(world.place(def), "declared here")
                .help(format!("call it as `{shown}::{text}(…)`"));
            self.report(error);
            return self.skip(arguments, span);
        }
        self.call_with(def, Some(receiver), arguments, name.span, span)
    }

    fn no_method(&mut self, owner: Nominal, name: Ident) {
        let world = self.cx.world;
        let (text, shown) = (self.cx.text(name), world.nominal(owner));
        let mut error = self.cx.error(
            codes::UNKNOWN_METHOD,
            name.span,
            format!("`{shown}` has no method `{text}`"),
        );
        let field = match owner {
            Nominal::Struct(def) => {
                world.structure(def).fields.iter().find(|field| &*field.0 == text)
            }
            Nominal::Value(_) => None,
        };
        let free = self.cx.in_scope(text).value;
        if let Some((_, ty)) = field {
            error = error.note("this is a field");
            if matches!(ty, Type::Pointer(_)) {
                error = error.help(format!("call what it holds: `(….{text})(…)`"));
            }
        } else if let Some(near) = nearest(text, world.method_names(owner)) {
            error = error.help(format!("did you mean `{near}`?"));
        } else if let Some(def) = free
            && world.slot(def).kind == SlotKind::Function
        {
            error = error.help(format!("`{text}` is a function: call it as `{text}(…)`"));
        }
        self.report(error);
    }

    /// `become f(x)`
    pub(super) fn tail_call(&mut self, call: ir::ExprId, span: Span) -> Out {
        let ast = self.ast;
        let mut inner = call;
        while let ir::ExprKind::At(_, next) = &ast[inner].kind {
            inner = *next;
        }
        if !matches!(ast[inner].kind, ir::ExprKind::Call(..) | ir::ExprKind::Method(..)) {
            let error = self
                .cx
                .error(codes::TAIL_CALL, ast[inner].span, "`become` takes a call")
                .help("write `return` for another value");
            self.report(error);
            self.closed(call);
            self.flow.live = false;
            return self.broken(span);
        }
        let Some(function) = self.function else {
            let error = self.cx.error(codes::NOT_CONSTANT, span, "`become` outside a function");
            self.report(error);
            return self.broken(span);
        };
        let out = self.closed(call);
        let (found, wanted) = (self.ty(out).clone(), &function.signature.result);
        if found != *wanted && found != Type::Error && *wanted != Type::Error {
            let (a, b) = (self.cx.show(&found), self.cx.show(wanted));
            let error = self
                .cx
                .error(
                    codes::TAIL_CALL,
                    ast[inner].span,
                    format!("`become` needs a function that gives `{b}`, but this one gives `{a}`"),
                )
                .label(self.cx.place(self.result_span), format!("this function gives `{b}`"))
                .help("the result of a tail call is the caller's own: the types must be the same");
            self.report(error);
            self.flow.live = false;
            return self.broken(span);
        }
        self.diverging(ExprKind::Become(out), span)
    }
}
