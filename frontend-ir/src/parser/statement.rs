//! Blocks and statements, with recovery at each statement.

use super::item::starts_item;
use super::{Checkpoint, Parser, Reported, Result};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::ir::{Block, ExprId, ExprKind, Ident, Let, Type};
use crate::lexer::{Tok, Token};
use crate::source::Span;

/// Whether an expression of this kind ends its statement without a `;`.
pub(crate) fn is_block_like(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Block(_)
            | ExprKind::If(..)
            | ExprKind::Match(..)
            | ExprKind::Loop(..)
            | ExprKind::While(..)
            | ExprKind::For(_)
            | ExprKind::Scope(..)
            | ExprKind::Wasm(_)
    )
}

/// Whether a block-like expression never has a value: at the end of a block it is a statement, not the block's value.
pub(crate) fn is_valueless(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::While(..) | ExprKind::For(_) | ExprKind::If(_, _, None))
}

impl Parser<'_> {
    /// `{ … }`
    pub(super) fn block(&mut self, label: Option<Ident>) -> Result<ExprId> {
        let lo = label.map_or(self.lo(), |label| label.span.key());
        let open = self.expect(Tok::OpenBrace)?;
        self.enter()?;
        let no_struct = std::mem::replace(&mut self.no_struct, false);
        let base = self.scratch.len();
        let mut tail = None;
        loop {
            match self.tok() {
                Tok::CloseBrace => break,
                Tok::Eof => return Err(self.unclosed(open, "`}`")),
                Tok::Semi => {
                    self.bump();
                    continue;
                }
                tok if starts_item(tok) => return Err(self.item_in_block(open)),
                _ => {}
            }
            let checkpoint = self.checkpoint();
            match self.statement(checkpoint) {
                Ok((statement, true)) => tail = Some(statement),
                Ok((statement, false)) => self.scratch.push(statement),
                Err(Reported) => {
                    self.undo(checkpoint);
                    self.skip_statement(checkpoint.start);
                    let span = self.span_from(self.tokens.get(checkpoint.start).lo);
                    let error = self.push(ExprKind::Error, span);
                    // An unreadable end of a block may have been its value.
                    if self.tok() == Tok::CloseBrace {
                        tail = Some(error)
                    } else {
                        self.scratch.push(error)
                    }
                }
            }
            if tail.is_some() && self.tok() != Tok::CloseBrace {
                return Err(self.unexpected("`}`"));
            }
        }
        self.bump();
        let statements = self.body.list(&self.scratch[base..]);
        self.scratch.truncate(base);
        self.no_struct = no_struct;
        self.leave();
        let span = self.span_from(lo);
        Ok(self.push(ExprKind::Block(Block { label, statements, tail }), span))
    }

    fn item_in_block(&mut self, open: Token) -> Reported {
        let here = self.place(self.span(self.token()));
        let diagnostic = Diagnostic::error(
            codes::UNCLOSED,
            self.place(self.span(open)),
            "this `{` is not closed before the next item",
        )
        .label(here, "an item starts here; items do not stand inside functions")
        .help("add the missing `}`, or move the item out of the function");
        self.report(diagnostic)
    }

    /// A statement, and whether it is the block's value.
    fn statement(&mut self, checkpoint: Checkpoint) -> Result<(ExprId, bool)> {
        match self.tok() {
            Tok::Let => Ok((self.let_statement(checkpoint)?, false)),
            Tok::Doc | Tok::ModuleDoc => {
                let diagnostic = self
                    .error(codes::MISPLACED_DOC, "a doc comment documents an item or a field")
                    .help("write `//` here");
                self.report(diagnostic);
                while matches!(self.tok(), Tok::Doc | Tok::ModuleDoc) {
                    self.bump();
                }
                let span = self.span_from(self.tokens.get(checkpoint.start).lo);
                Ok((self.push(ExprKind::Error, span), false))
            }
            Tok::At => {
                let lo = self.lo();
                let position = self.position()?;
                self.enter()?;
                let (inner, is_tail) = self.statement(self.checkpoint())?;
                self.leave();
                let span = self.span_from(lo);
                Ok((self.push(ExprKind::At(position, inner), span), is_tail))
            }
            _ => {
                let expr = self.statement_expr()?;
                match self.tok() {
                    Tok::Semi => {
                        self.bump();
                        Ok((expr, false))
                    }
                    Tok::CloseBrace => Ok((expr, !is_valueless(&self.body[expr].kind))),
                    _ if is_block_like(&self.body[expr].kind) => Ok((expr, false)),
                    _ => {
                        self.missing_semi()?;
                        Ok((expr, false))
                    }
                }
            }
        }
    }

    /// Reports a missing `;`. When the next token stands on a line of its own, all goes on as if it were there.
    fn missing_semi(&mut self) -> Result<()> {
        let (end, next) = (self.previous_end() as usize, self.lo() as usize);
        let new_line = self.text[end..next].contains('\n');
        if self.tok() == Tok::Eof || starts_item(self.tok()) {
            // The block tells that it is not closed.
            return Ok(());
        }
        if self.tok() == Tok::Reserved {
            return Err(self.reserved());
        }
        if !new_line {
            return Err(self.unexpected("an operator, `;` or `}`"));
        }
        let diagnostic = Diagnostic::error(
            codes::SYNTAX,
            self.place(Span::text(end, end)),
            "expected `;` after this statement",
        )
        .help("add `;`");
        self.report(diagnostic);
        Ok(())
    }

    /// An expression as a statement or an arm: one with a block ends behind its block.
    pub(super) fn statement_expr(&mut self) -> Result<ExprId> {
        let labelled = self.tok() == Tok::Label && self.peek(1) == Tok::Colon;
        let block_like = matches!(
            self.tok(),
            Tok::OpenBrace
                | Tok::If
                | Tok::Match
                | Tok::Loop
                | Tok::While
                | Tok::For
                | Tok::Scope
                | Tok::Wasm
        );
        if !labelled && !block_like {
            return self.expr();
        }
        self.enter()?;
        let expr = self.primary()?;
        self.leave();
        if self.tok() == Tok::Dot { self.expr_from(expr) } else { Ok(expr) }
    }

    fn let_statement(&mut self, checkpoint: Checkpoint) -> Result<ExprId> {
        let lo = self.bump().lo;
        let mut nested = None;
        let pattern = self.let_pattern(&mut nested)?;
        let let_ = match self.let_rest() {
            Ok((_, value)) if nested.is_some() => {
                Let { pattern, ty: Some(Type::Error(self.span_from(lo))), value }
            }
            Ok((ty, value)) => Let { pattern, ty, value },
            Err(Reported) => {
                // The names are known all the same.
                self.undo(checkpoint);
                self.skip_statement(checkpoint.start);
                let span = self.span_from(lo);
                let error = self.push(ExprKind::Error, span);
                let ty = Some(Type::Error(span));
                Let { pattern, ty, value: Some(error) }
            }
        };
        let span = self.span_from(lo);
        Ok(self.push(ExprKind::Let(Box::new(let_)), span))
    }

    fn let_rest(&mut self) -> Result<(Option<Type>, Option<ExprId>)> {
        let ty = if self.eat(Tok::Colon) { Some(self.ty()?) } else { None };
        let value = if self.eat(Tok::Eq) { Some(self.expr()?) } else { None };
        match self.tok() {
            Tok::Semi => {
                self.bump();
            }
            Tok::Else => {
                let diagnostic = self
                    .error(codes::SYNTAX, "a `let` has no `else`")
                    .help("its pattern always matches");
                return Err(self.report(diagnostic));
            }
            _ => self.missing_semi()?,
        }
        Ok((ty, value))
    }

    /// Goes on behind the statement that began at token `start`, or to the end of its block. Brackets opened since are closed on the way.
    fn skip_statement(&mut self, start: usize) {
        let failed = self.at;
        let mut open: Vec<Tok> = Vec::new();
        self.at = start;
        loop {
            let tok = self.tok();
            match tok {
                Tok::Eof => return,
                Tok::OpenBrace | Tok::OpenParen | Tok::OpenBracket => open.push(tok),
                Tok::CloseBrace => {
                    // A brace ends whatever parentheses were left open in it.
                    while matches!(open.last(), Some(Tok::OpenParen | Tok::OpenBracket)) {
                        open.pop();
                    }
                    match open.pop() {
                        Some(_) if open.is_empty() && self.at >= failed && self.ends_line() => {
                            self.bump();
                            return;
                        }
                        Some(_) => {}
                        None if self.at >= failed => return,
                        None => {}
                    }
                }
                Tok::CloseParen | Tok::CloseBracket => {
                    if matches!(open.last(), Some(Tok::OpenParen | Tok::OpenBracket)) {
                        open.pop();
                    }
                }
                Tok::Semi if self.at >= failed && !open.contains(&Tok::OpenBrace) => {
                    self.bump();
                    return;
                }
                Tok::Let
                    if self.at >= failed
                        && self.at > start
                        && self.starts_line()
                        && !open.contains(&Tok::OpenBrace) =>
                {
                    return;
                }
                Tok::Fn
                    if self.at >= failed && matches!(self.peek(1), Tok::Ident | Tok::Quoted) =>
                {
                    return;
                }
                Tok::Struct | Tok::Impl | Tok::Use | Tok::Static | Tok::Pub
                    if self.at >= failed =>
                {
                    return;
                }
                _ => {}
            }
            self.bump();
        }
    }

    /// Whether the next token is the first of its line.
    fn starts_line(&self) -> bool {
        self.at == 0 || self.text[self.previous_end() as usize..self.lo() as usize].contains('\n')
    }

    /// Whether the next token is the last of its line and no operator follows.
    fn ends_line(&self) -> bool {
        let here = self.token().hi as usize;
        let next = self.tokens.get(self.at + 1);
        self.text[here..next.lo as usize].contains('\n')
            && !matches!(next.tok, Tok::Dot | Tok::Else | Tok::Semi)
    }
}
