//! `if`, loops, and the ways out of them.
//!
//! Invariant: when a loop or labelled block is built, every jump to it is told its id; jumps without a target were reported.

use smallvec::SmallVec;

use super::flow::{Flow, join_into};
use super::operator::BOOL;
use super::{Checker, Frame, FrameKind, Literal, Out, Why};
use crate::check::suggest::nearest;
use crate::checked::{ExprId, ExprKind, ExprList, For, Type};
use crate::codes;
use crate::ir::{self, Ident, Name};
use crate::source::Span;

/// One `if` of a chain of `else if`.
struct Link {
    id: ir::ExprId,
    condition: ExprId,
    yes: Out,
    yes_ast: ir::ExprId,
    after_yes: Flow,
}

impl Checker<'_, '_> {
    // --- if ---

    /// An `if` and the `else if`s that follow it, in a loop: a chain may be long.
    pub(super) fn branch(&mut self, id: ir::ExprId, hint: Option<&Type>) -> Out {
        let ast = self.ast;
        let mut links: SmallVec<[Link; 1]> = SmallVec::new();
        let mut at = id;
        // The type that a branch before had, for the literals of those that follow.
        let mut first: Option<Type> = hint.cloned();
        let mut rest: Option<(Out, ir::ExprId)> = None;
        while let ir::ExprKind::If(condition, yes_ast, no) = &ast[at].kind {
            let condition = self.want(*condition, &BOOL, Why::Condition("`if`"));
            let (yes_flow, no_flow) = self.split();
            self.flow = yes_flow;
            let yes = if no.is_none() {
                let yes = self.expr(*yes_ast, Some(&Type::Unit));
                self.fit(yes, *yes_ast, &Type::Unit, Why::Body("an `if` without `else`"));
                Out { id: yes.id, open: None }
            } else {
                self.expr(*yes_ast, first.as_ref())
            };
            if first.is_none()
                && yes.open.is_none()
                && !matches!(self.ty(yes.id), Type::Never | Type::Error)
            {
                first = Some(self.ty(yes.id).clone());
            }
            let after_yes = std::mem::replace(&mut self.flow, no_flow);
            links.push(Link { id: at, condition, yes, yes_ast: *yes_ast, after_yes });
            match no {
                None => break,
                Some(next) if matches!(ast[*next].kind, ir::ExprKind::If(..)) => at = *next,
                Some(no) => {
                    rest = Some((self.expr(*no, first.as_ref()), *no));
                    break;
                }
            }
        }
        while let Some(link) = links.pop() {
            self.flow.join(&link.after_yes);
            let span = ast[link.id].span;
            let (kind, ty, open) = match rest {
                None => (ExprKind::If(link.condition, link.yes.id, None), Type::Unit, None),
                Some((no, no_ast)) => {
                    let (ty, open) = self.merge(link.yes, link.yes_ast, no, no_ast);
                    (ExprKind::If(link.condition, link.yes.id, Some(no.id)), ty, open)
                }
            };
            let id = self.push(kind, ty, span);
            rest = Some((Out { id, open }, link.id));
        }
        rest.expect("an `if` has at least one link").0
    }

    /// The type of two branches, and whether it is still open.
    pub(super) fn merge(
        &mut self,
        first: Out,
        first_ast: ir::ExprId,
        second: Out,
        second_ast: ir::ExprId,
    ) -> (Type, Option<Literal>) {
        let (a, b) = (self.ty(first.id).clone(), self.ty(second.id).clone());
        let neutral = |ty: &Type| matches!(ty, Type::Never | Type::Error);
        match (first.open, second.open) {
            (None, _) if neutral(&a) => {
                if a == Type::Error {
                    self.close(second);
                    return (Type::Error, None);
                }
                (b, second.open)
            }
            (_, None) if neutral(&b) => {
                if b == Type::Error {
                    self.close(first);
                    return (Type::Error, None);
                }
                (a, first.open)
            }
            (Some(x), Some(y)) if x == y => (a, Some(x)),
            (Some(literal), None) if literal.fits(&b).is_some() => {
                if let Some(value) = literal.fits(&b) {
                    self.settle(first.id, value);
                }
                (b, None)
            }
            _ => {
                self.close(first);
                let a = self.ty(first.id).clone();
                self.fit(second, second_ast, &a, Why::Branch(self.spot(first_ast)));
                (a, None)
            }
        }
    }

    // --- frames ---

    pub(super) fn open_frame(
        &mut self,
        label: Option<Name>,
        kind: FrameKind,
        expected: Option<&Type>,
    ) {
        self.frames.push(Frame {
            label,
            kind,
            jumps: SmallVec::new(),
            expected: expected.cloned(),
            found: None,
            pending: Vec::new(),
            exit: None,
            again: None,
        });
    }

    /// Tells the jumps of the innermost frame what they target.
    fn close_frame(&mut self, target: ExprId) {
        let frame = self.frames.pop().expect("opened by the same expression");
        for jump in frame.jumps {
            match &mut self.out.exprs[jump.index()].kind {
                ExprKind::Break(id, _) | ExprKind::Continue(id) => *id = target,
                _ => unreachable!("only `break` and `continue` are noted"),
            }
        }
    }

    /// The type of the values that leave the innermost frame.
    fn frame_type(&mut self) -> Option<Type> {
        let frame = self.frames.last_mut().expect("opened by the same expression");
        let pending = std::mem::take(&mut frame.pending);
        if frame.found.is_none()
            && let Some(first) = pending.first()
            && let Some(literal) = first.open
        {
            frame.found = Some((Type::Value(literal.default_type()), self.spans[first.id.index()]));
        }
        let found = frame.found.as_ref().map(|found| found.0.clone());
        for out in pending {
            match (out.open, &found) {
                (Some(literal), Some(ty)) => match literal.fits(ty) {
                    Some(value) => self.settle(out.id, value),
                    None => {
                        let shown = self.describe(out);
                        let expected = self.cx.show(ty);
                        let span = self.span(out.id);
                        let error = self.cx.error(
                            codes::TYPE_MISMATCH,
                            span,
                            format!("the values that leave the block have different types: `{expected}` and {shown}"),
                        );
                        self.report(error);
                        self.close(out);
                    }
                },
                _ => {
                    self.close(out);
                }
            }
        }
        found
    }

    /// Builds a labelled block from its parts.
    pub(super) fn close_block(
        &mut self,
        statements: ExprList,
        tail: Option<Out>,
        tail_ast: Option<ir::ExprId>,
        span: Span,
    ) -> Out {
        let end_reached = self.flow.live;
        if let (Some(tail), Some(ast)) = (tail, tail_ast) {
            self.value_leaves(self.frames.len() - 1, tail, ast);
        } else if end_reached {
            self.unit_leaves(self.frames.len() - 1, span);
        }
        let frame = self.frames.last_mut().expect("opened by `block`");
        if let Some(exit) = frame.exit.take() {
            self.flow.join(&exit);
        }
        let ty = self.frame_type().unwrap_or(Type::Never);
        let id =
            self.push(ExprKind::Block { statements, tail: tail.map(|tail| tail.id) }, ty, span);
        self.close_frame(id);
        Out { id, open: None }
    }

    /// Notes that `value` is a value of frame `index`.
    fn value_leaves(&mut self, index: usize, value: Out, ast: ir::ExprId) {
        let ty = self.ty(value.id).clone();
        if value.open.is_none() && ty == Type::Never {
            return;
        }
        let spot = self.spot(ast);
        let frame = &mut self.frames[index];
        if let Some(expected) = frame.expected.clone() {
            if frame.found.is_none() {
                frame.found = Some((expected.clone(), spot));
            }
            // A hint that the value does not meet is reported by whoever expects it, unless values differ among themselves.
            self.fit(value, ast, &expected, Why::Value);
            return;
        }
        if value.open.is_some() {
            frame.pending.push(value);
            return;
        }
        match frame.found.clone() {
            None => frame.found = Some((ty, spot)),
            Some((found, first)) => self.fit(value, ast, &found, Why::Break(first)),
        }
    }

    /// Notes that frame `index` is left without a value.
    fn unit_leaves(&mut self, index: usize, span: Span) {
        let frame = &mut self.frames[index];
        let found = match (&frame.expected, &frame.found) {
            (Some(expected), _) => expected.clone(),
            (None, Some((found, _))) => found.clone(),
            (None, None) => Type::Unit,
        };
        if !matches!(found, Type::Unit | Type::Error) {
            let expected = self.cx.show(&found);
            let error = self
                .cx
                .error(
                    codes::MISSING_VALUE,
                    span,
                    format!("this leaves the block without a value of type `{expected}`"),
                )
                .help("give the value: `break …`");
            self.report(error);
        }
        let frame = &mut self.frames[index];
        if frame.found.is_none() {
            frame.found = Some((found, span));
        }
    }

    // --- loops ---

    /// Runs `body` as the body of a loop in a frame of its own; gives its value and closes nothing.
    fn loop_body(&mut self, body: ir::ExprId, what: &str) -> ExprId {
        self.want(body, &Type::Unit, Why::Body(what))
    }

    /// Joins the ways back and looks at what they assign; gives what is known when the loop starts again.
    fn go_round(&mut self, head: &Flow, declared_before: usize) -> Flow {
        let frame = self.frames.last_mut().expect("opened by the same expression");
        let mut again = self.flow.clone();
        if let Some(more) = frame.again.take() {
            again.join(&more);
        }
        self.close_loop(head, declared_before, &again);
        again
    }

    pub(super) fn endless(
        &mut self,
        label: Option<Ident>,
        body: ir::ExprId,
        span: Span,
        hint: Option<&Type>,
    ) -> Out {
        self.open_frame(label.map(|label| label.name), FrameKind::Loop, hint);
        let (head, declared) = (self.flow.clone(), self.deferred.len());
        let body = self.loop_body(body, "the body of a `loop`");
        self.go_round(&head, declared);
        let exit = self.frames.last_mut().and_then(|frame| frame.exit.take());
        self.flow.live = false;
        if let Some(exit) = exit {
            self.flow = exit;
        }
        let ty = self.frame_type().unwrap_or(Type::Never);
        let id = self.push(ExprKind::Loop(body), ty, span);
        self.close_frame(id);
        Out { id, open: None }
    }

    pub(super) fn while_loop(
        &mut self,
        label: Option<Ident>,
        condition: ir::ExprId,
        body: ir::ExprId,
        span: Span,
    ) -> Out {
        // A jump in the condition leaves the loop as one in the body does.
        self.open_frame(label.map(|label| label.name), FrameKind::Counted, None);
        let (head, declared) = (self.flow.clone(), self.deferred.len());
        let condition = self.want(condition, &BOOL, Why::Condition("`while`"));
        let (inside, after) = self.split();
        self.flow = inside;
        let body = self.loop_body(body, "the body of a `while`");
        let again = self.go_round(&head, declared);
        self.finish_counted(after, &again, ExprKind::While(condition, body), span)
    }

    pub(super) fn for_loop(&mut self, it: &ir::For, span: Span) -> Out {
        let start = self.expr(it.start, None);
        let end = self.beside(start, it.end);
        let at = super::operator::Beside { left: it.start, right: it.end, what: ".." };
        let ty = match self.agree(start, end, at) {
            None => Type::Error,
            Some((ty, open)) => {
                if let Some(literal) = open {
                    self.settle(start.id, literal.default_type());
                    self.settle(end.id, literal.default_type());
                }
                let fine = match &ty {
                    Type::Value(value) => crate::check::world::integer(*value).is_some(),
                    Type::Never | Type::Error => true,
                    Type::Unit | Type::Struct(_) | Type::Pointer(_) => false,
                };
                if fine {
                    ty
                } else {
                    let shown = self.cx.show(&ty);
                    let error = self
                        .cx
                        .error(
                            codes::OPERATOR,
                            self.spot(it.start),
                            format!("`for` counts integers, but this range is of `{shown}`"),
                        )
                        .help("count with an integer and compute the other value from it");
                    self.report(error);
                    Type::Error
                }
            }
        };
        let mark = self.enter();
        self.open_frame(it.label.map(|label| label.name), FrameKind::Counted, None);
        let (head, declared) = (self.flow.clone(), self.deferred.len());
        let local = self.declare(it.name, ty, false);
        let body = self.loop_body(it.body, "the body of a `for`");
        let again = self.go_round(&head, declared);
        self.leave(mark);
        let kind = ExprKind::For(Box::new(For {
            local,
            start: start.id,
            end: end.id,
            inclusive: it.inclusive,
            body,
        }));
        self.finish_counted(head, &again, kind, span)
    }

    /// Builds a `while` or `for`; it is left when the count or condition says so, at first or after a round, or by `break`.
    fn finish_counted(&mut self, after: Flow, again: &Flow, kind: ExprKind, span: Span) -> Out {
        self.flow = after;
        if again.live {
            self.flow.maybe.unite(&again.maybe);
        }
        if let Some(exit) = self.frames.last_mut().and_then(|frame| frame.exit.take()) {
            self.flow.join(&exit);
        }
        let ty = if self.flow.live { Type::Unit } else { Type::Never };
        let id = self.push(kind, ty, span);
        self.close_frame(id);
        Out { id, open: None }
    }

    // --- ways out ---

    /// The frame that a jump names, or the innermost loop.
    fn target(&mut self, label: Option<Ident>, what: &str, span: Span) -> Option<usize> {
        let Some(label) = label else {
            let found = self.frames.iter().rposition(|frame| frame.kind != FrameKind::Block);
            if found.is_none() {
                let mut error =
                    self.cx.error(codes::LABEL, span, format!("`{what}` outside a loop"));
                if !self.frames.is_empty() && what == "break" {
                    error = error.help("name the block that is to be left: `break 'label`");
                }
                self.report(error);
            }
            return found;
        };
        let found = self.frames.iter().rposition(|frame| frame.label == Some(label.name));
        if found.is_none() {
            let text = self.cx.text(label);
            let names = &self.cx.names;
            let labels =
                self.frames.iter().filter_map(|frame| frame.label.map(|label| &names[label]));
            let mut error =
                self.cx.error(codes::LABEL, label.span, format!("cannot find label `'{text}`"));
            if let Some(near) = nearest(text, labels) {
                error = error.help(format!("did you mean `'{near}`?"));
            }
            self.report(error);
        }
        found
    }

    pub(super) fn break_(
        &mut self,
        label: Option<Ident>,
        value: Option<ir::ExprId>,
        span: Span,
    ) -> Out {
        let Some(index) = self.target(label, "break", span) else {
            if let Some(value) = value {
                self.closed(value);
            }
            self.flow.live = false;
            return self.broken(span);
        };
        let kind = self.frames[index].kind;
        let out = match value {
            Some(value) if kind == FrameKind::Counted => {
                let error = self
                    .cx
                    .error(
                        codes::BREAK_VALUE,
                        self.spot(value),
                        "a `while` or `for` has no value, so `break` cannot give one",
                    )
                    .help("assign the value to a variable, or use `loop`");
                self.report(error);
                self.closed(value);
                None
            }
            Some(value) => {
                let hint = self.frames[index]
                    .expected
                    .clone()
                    .or_else(|| self.frames[index].found.as_ref().map(|found| found.0.clone()));
                let out = self.expr(value, hint.as_ref());
                self.value_leaves(index, out, value);
                Some(out.id)
            }
            None => {
                if kind != FrameKind::Counted && self.flow.live {
                    self.unit_leaves(index, span);
                }
                None
            }
        };
        if self.flow.live {
            let Self { flow, frames, .. } = self;
            join_into(&mut frames[index].exit, flow);
        }
        let out = self.diverging(ExprKind::Break(ExprId::default(), out), span);
        self.frames[index].jumps.push(out.id);
        out
    }

    pub(super) fn continue_(&mut self, label: Option<Ident>, span: Span) -> Out {
        let Some(index) = self.target(label, "continue", span) else {
            self.flow.live = false;
            return self.broken(span);
        };
        if self.frames[index].kind == FrameKind::Block {
            let error = self
                .cx
                .error(codes::LABEL, span, "`continue` names a block, which does not repeat")
                .help("name a loop, or use `break`");
            self.report(error);
            self.flow.live = false;
            return self.broken(span);
        }
        if self.flow.live {
            let Self { flow, frames, .. } = self;
            join_into(&mut frames[index].again, flow);
        }
        let out = self.diverging(ExprKind::Continue(ExprId::default()), span);
        self.frames[index].jumps.push(out.id);
        out
    }

    pub(super) fn return_(&mut self, value: Option<ir::ExprId>, span: Span) -> Out {
        let Some(function) = self.function else {
            let error = self.cx.error(codes::NOT_CONSTANT, span, "`return` outside a function");
            self.report(error);
            return self.broken(span);
        };
        let ty = &function.signature.result;
        let value = match value {
            Some(value) => Some(self.want(value, ty, Why::Result)),
            None => {
                if !matches!(ty, Type::Unit | Type::Error) {
                    let expected = self.cx.show(ty);
                    let error = self
                        .cx
                        .error(
                            codes::MISSING_VALUE,
                            span,
                            format!("`return` without a value of type `{expected}`"),
                        )
                        .label(
                            self.cx.place(self.result_span),
                            format!("expected `{expected}` because of this"),
                        )
                        .help("write the value after `return`");
                    self.report(error);
                }
                None
            }
        };
        self.diverging(ExprKind::Return(value), span)
    }

    /// `with_memory_allocator |mem| { … }`
    pub(super) fn scope_block(
        &mut self,
        name: Ident,
        body: ir::ExprId,
        span: Span,
        hint: Option<&Type>,
    ) -> Out {
        let ty = self
            .cx
            .world
            .memory_struct(crate::check::world::ALLOCATOR)
            .map_or(Type::Error, Type::Struct);
        let mark = self.enter();
        let local = self.declare(name, ty, false);
        let out = self.expr(body, hint);
        let value = self.close(out);
        self.leave(mark);
        let ty = self.ty(value).clone();
        let end = self.cx.at.unwrap_or(span).last();
        self.typed(ExprKind::Scope(local, value, end), ty, span)
    }
}
