//! Expressions. Infix operators keep a stack of their own, so that only what is nested recurses.

use smallvec::SmallVec;

use super::statement::is_block_like;
use super::{Parser, Result};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::ir::{
    Arm, BinaryOp, DataElement, Expr, ExprId, ExprKind, FieldInit, For, Ident, Path, StructLiteral,
    UnaryOp,
};
use crate::lexer::{Tok, Token};
use crate::literal;
use crate::source::{Position, Span};

/// Binding strength of comparisons, the one that does not chain.
const COMPARISON: u8 = 3;

/// An infix operator and how tightly it binds, as in Rust.
fn infix(tok: Tok) -> Option<(BinaryOp, u8)> {
    Some(match tok {
        Tok::Star => (BinaryOp::Mul, 9),
        Tok::Slash => (BinaryOp::Div, 9),
        Tok::Percent => (BinaryOp::Rem, 9),
        Tok::Plus => (BinaryOp::Add, 8),
        Tok::Minus => (BinaryOp::Sub, 8),
        Tok::Shl => (BinaryOp::Shl, 7),
        Tok::Shr => (BinaryOp::Shr, 7),
        Tok::And => (BinaryOp::And, 6),
        Tok::Caret => (BinaryOp::Xor, 5),
        Tok::Or => (BinaryOp::Or, 4),
        Tok::EqEq => (BinaryOp::Eq, COMPARISON),
        Tok::Ne => (BinaryOp::Ne, COMPARISON),
        Tok::Lt => (BinaryOp::Lt, COMPARISON),
        Tok::Le => (BinaryOp::Le, COMPARISON),
        Tok::Gt => (BinaryOp::Gt, COMPARISON),
        Tok::Ge => (BinaryOp::Ge, COMPARISON),
        Tok::AndAnd => (BinaryOp::LogicalAnd, 2),
        Tok::OrOr => (BinaryOp::LogicalOr, 1),
        _ => return None,
    })
}

/// The operator of `+=` and its like.
fn assigning(tok: Tok) -> Option<BinaryOp> {
    Some(match tok {
        Tok::PlusEq => BinaryOp::Add,
        Tok::MinusEq => BinaryOp::Sub,
        Tok::StarEq => BinaryOp::Mul,
        Tok::SlashEq => BinaryOp::Div,
        Tok::PercentEq => BinaryOp::Rem,
        Tok::AndEq => BinaryOp::And,
        Tok::OrEq => BinaryOp::Or,
        Tok::CaretEq => BinaryOp::Xor,
        Tok::ShlEq => BinaryOp::Shl,
        Tok::ShrEq => BinaryOp::Shr,
        _ => return None,
    })
}

impl Parser<'_> {
    /// Any expression, assignments included.
    pub(super) fn expr(&mut self) -> Result<ExprId> {
        self.enter()?;
        let first = self.operand()?;
        let expr = self.rest(first)?;
        self.leave();
        Ok(expr)
    }

    /// An expression that begins with one that was read already and is followed by `.`.
    pub(super) fn expr_from(&mut self, first: ExprId) -> Result<ExprId> {
        self.enter()?;
        let first = self.postfix(first)?;
        let first = self.casts(first)?;
        let expr = self.rest(first)?;
        self.leave();
        Ok(expr)
    }

    fn rest(&mut self, first: ExprId) -> Result<ExprId> {
        let left = self.infix_from(first)?;
        let tok = self.tok();
        if tok == Tok::Eq {
            self.bump();
            let right = self.expr()?;
            let span = self.joined(left, right);
            return Ok(self.push(ExprKind::Assign(left, right), span));
        }
        if let Some(op) = assigning(tok) {
            self.bump();
            let right = self.expr()?;
            let span = self.joined(left, right);
            return Ok(self.push(ExprKind::AssignOp(op, left, right), span));
        }
        if matches!(tok, Tok::DotDot | Tok::DotDotEq) {
            let diagnostic = self
                .error(codes::SYNTAX, "a range is not a value")
                .help("ranges stand in `for i in a..b` and in patterns");
            return Err(self.report(diagnostic));
        }
        Ok(left)
    }

    fn joined(&self, left: ExprId, right: ExprId) -> Span {
        self.body[left].span.to(self.body[right].span)
    }

    /// An expression in a head, where `{` opens the body: no struct, no assignment.
    fn head(&mut self) -> Result<ExprId> {
        if self.tok() == Tok::Let {
            let diagnostic = self
                .error(codes::SYNTAX, "a condition holds no `let`")
                .help("write a `match`, or a `let` before it");
            return Err(self.report(diagnostic));
        }
        let no_struct = std::mem::replace(&mut self.no_struct, true);
        let expr = self.expr()?;
        self.no_struct = no_struct;
        Ok(expr)
    }

    /// A bound of a `for`.
    fn bound(&mut self) -> Result<ExprId> {
        let no_struct = std::mem::replace(&mut self.no_struct, true);
        self.enter()?;
        let first = self.operand()?;
        let expr = self.infix_from(first)?;
        self.leave();
        self.no_struct = no_struct;
        Ok(expr)
    }

    fn infix_from(&mut self, first: ExprId) -> Result<ExprId> {
        let base = self.operators.len();
        let mut left = first;
        while let Some((op, strength)) = infix(self.tok()) {
            while self.operators.len() > base {
                let Some(&(before, its, operand)) = self.operators.last() else { break };
                if its < strength {
                    break;
                }
                self.operators.pop();
                let span = self.joined(operand, left);
                left = self.push(ExprKind::Binary(before, operand, left), span);
                if its == COMPARISON && strength == COMPARISON {
                    let token = self.token();
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::COMPARISON_CHAIN,
                            self.place(self.span(token)),
                            "comparisons do not chain",
                        )
                        .note("compares the bool before it")
                        .help(
                            "write `a < b && b < c`, or parentheses around a comparison of bools",
                        ),
                    );
                    left = self.push(ExprKind::Error, span);
                }
            }
            self.operators.push((op, strength, left));
            self.bump();
            left = self.operand()?;
        }
        while self.operators.len() > base {
            let Some((op, _, operand)) = self.operators.pop() else { break };
            let span = self.joined(operand, left);
            left = self.push(ExprKind::Binary(op, operand, left), span);
        }
        Ok(left)
    }

    /// `-x.f() as T`: prefixes, then what follows a primary, then casts.
    fn operand(&mut self) -> Result<ExprId> {
        let base = self.prefixes.len();
        loop {
            let op = match self.tok() {
                Tok::Minus => UnaryOp::Neg,
                Tok::Not => UnaryOp::Not,
                _ => break,
            };
            self.prefixes.push((op, self.lo()));
            self.bump();
        }
        let primary = self.primary()?;
        let mut expr = self.postfix(primary)?;
        while self.prefixes.len() > base {
            let Some((op, lo)) = self.prefixes.pop() else { break };
            let span = self.span_from(lo);
            expr = self.push(ExprKind::Unary(op, expr), span);
        }
        self.casts(expr)
    }

    fn casts(&mut self, mut expr: ExprId) -> Result<ExprId> {
        while self.eat(Tok::As) {
            let ty = self.ty()?;
            let span = self.body[expr].span.to(ty.span());
            expr = self.push(ExprKind::Cast(expr, ty), span);
        }
        Ok(expr)
    }

    fn postfix(&mut self, mut expr: ExprId) -> Result<ExprId> {
        loop {
            let start = self.body[expr].span;
            match self.tok() {
                Tok::Dot => {
                    self.bump();
                    if matches!(self.tok(), Tok::Int | Tok::Float) {
                        let diagnostic = self
                            .error(codes::SYNTAX, "fields have names, not numbers")
                            .help("there are no tuples; declare a `struct`");
                        return Err(self.report(diagnostic));
                    }
                    let name = self.name("a field or method")?;
                    if self.tok() == Tok::OpenParen {
                        let list = self.arguments()?;
                        let span = start.to(self.span_from(self.previous_end()));
                        expr = self.push(ExprKind::Method(expr, name, list), span);
                    } else {
                        expr = self.push(ExprKind::Field(expr, name), start.to(name.span));
                    }
                }
                Tok::OpenParen => {
                    let list = self.arguments()?;
                    let span = start.to(self.span_from(self.previous_end()));
                    expr = self.push(ExprKind::Call(expr, list), span);
                }
                Tok::OpenBracket => {
                    self.bump();
                    let no_struct = std::mem::replace(&mut self.no_struct, false);
                    let index = self.expr()?;
                    self.no_struct = no_struct;
                    self.expect(Tok::CloseBracket)?;
                    let span = start.to(self.span_from(self.previous_end()));
                    expr = self.push(ExprKind::Index(expr, index), span);
                }
                Tok::Question => {
                    let diagnostic = self.error(codes::RESERVED_WORD, "`?` is kept for nullable references, which are not part of the language yet");
                    return Err(self.report(diagnostic));
                }
                Tok::Not if self.peek(1) == Tok::OpenParen => {
                    let diagnostic = self
                        .error(codes::SYNTAX, "there are no macros")
                        .help("call a function: leave out the `!`");
                    return Err(self.report(diagnostic));
                }
                _ => return Ok(expr),
            }
        }
    }

    /// `(a, b)`
    fn arguments(&mut self) -> Result<crate::ir::ExprList> {
        let open = self.bump();
        let no_struct = std::mem::replace(&mut self.no_struct, false);
        let base = self.scratch.len();
        while self.tok() != Tok::CloseParen {
            let argument = self.expr()?;
            self.scratch.push(argument);
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.close(open, Tok::CloseParen, "`,` or `)`")?;
        self.no_struct = no_struct;
        let list = self.body.list(&self.scratch[base..]);
        self.scratch.truncate(base);
        Ok(list)
    }

    /// The bracket that ends what `open` began.
    fn close(&mut self, open: Token, close: Tok, expected: &str) -> Result<()> {
        if self.eat(close) {
            return Ok(());
        }
        let gone = matches!(self.tok(), Tok::Eof | Tok::Semi | Tok::CloseBrace | Tok::Let);
        Err(if gone { self.unclosed(open, expected) } else { self.unexpected(expected) })
    }

    /// A literal that is one token.
    pub(super) fn literal(&mut self) -> Result<ExprId> {
        let token = self.bump();
        let kind = match token.tok {
            Tok::Int => self.decode(token, literal::int).map(ExprKind::Int),
            Tok::Float => {
                self.decode(token, literal::float).map(|literal| ExprKind::Float(Box::new(literal)))
            }
            Tok::FloatWord => self
                .decode(token, literal::float_word)
                .map(|literal| ExprKind::Float(Box::new(literal))),
            Tok::Char => self.decode(token, literal::char).map(ExprKind::Char),
            Tok::Byte => self.decode(token, literal::byte).map(ExprKind::Byte),
            Tok::Str => self.decode(token, literal::text).map(ExprKind::Text),
            Tok::ByteStr => self.decode(token, literal::bytes).map(ExprKind::Bytes),
            Tok::True => Some(ExprKind::Bool(true)),
            Tok::False => Some(ExprKind::Bool(false)),
            _ => None,
        };
        let span = self.span(token);
        Ok(self.push(kind.unwrap_or(ExprKind::Error), span))
    }

    /// `@"file":line:column`
    pub(super) fn position(&mut self) -> Result<Span> {
        let lo = self.bump().lo;
        let file = self.expect(Tok::Str)?;
        self.expect(Tok::Colon)?;
        let line = self.expect(Tok::Int)?;
        self.expect(Tok::Colon)?;
        let column = self.expect(Tok::Int)?;
        let file = self.decode(file, literal::text).unwrap_or_default();
        let number = |parser: &mut Self, token: Token| {
            let value = parser.decode(token, literal::int)?;
            u32::try_from(value.value).ok().filter(|number| *number > 0 && value.suffix.is_none())
        };
        match (number(self, line), number(self, column)) {
            (Some(line), Some(column)) => {
                Ok(self.source.add_position(Position { file: (*file).into(), line, column }))
            }
            _ => {
                let span = self.span_from(lo);
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::MALFORMED_NUMBER,
                        self.place(span),
                        "lines and columns count from 1",
                    )
                    .help("write `@\"file\":7:3`"),
                );
                Ok(self.source.add_position(Position { file: (*file).into(), line: 1, column: 1 }))
            }
        }
    }

    /// Whether an expression can start with the next token.
    fn at_expr(&self) -> bool {
        match self.tok() {
            Tok::OpenBrace => !self.no_struct,
            Tok::Ident
            | Tok::Quoted
            | Tok::SelfValue
            | Tok::Label
            | Tok::Int
            | Tok::Float
            | Tok::FloatWord
            | Tok::Char
            | Tok::Byte
            | Tok::Str
            | Tok::ByteStr => true,
            Tok::True
            | Tok::False
            | Tok::OpenParen
            | Tok::Minus
            | Tok::Not
            | Tok::At
            | Tok::If
            | Tok::Match
            | Tok::Loop
            | Tok::While
            | Tok::For => true,
            Tok::Scope
            | Tok::Wasm
            | Tok::Data
            | Tok::Return
            | Tok::Break
            | Tok::Continue
            | Tok::Become => true,
            _ => false,
        }
    }

    fn maybe_expr(&mut self) -> Result<Option<ExprId>> {
        if self.at_expr() { self.expr().map(Some) } else { Ok(None) }
    }

    /// An expression without operators around it.
    pub(super) fn primary(&mut self) -> Result<ExprId> {
        let lo = self.lo();
        let kind = match self.tok() {
            Tok::Int
            | Tok::Float
            | Tok::FloatWord
            | Tok::Char
            | Tok::Byte
            | Tok::Str
            | Tok::ByteStr
            | Tok::True
            | Tok::False => return self.literal(),
            Tok::Ident | Tok::Quoted => return self.name_or_struct(),
            Tok::SelfValue => {
                let token = self.bump();
                ExprKind::Name(Ident { name: self.intern(token), span: self.span(token) })
            }
            Tok::OpenParen => return self.parenthesized(),
            Tok::OpenBrace => return self.block(None),
            Tok::Label => return self.labelled(),
            Tok::If => return self.if_(),
            Tok::Match => return self.match_(),
            Tok::Loop | Tok::While | Tok::For => return self.loop_(None),
            Tok::Scope => {
                self.bump();
                self.expect(Tok::Or)?;
                let name = self.binding("a name for the allocator")?;
                self.expect(Tok::Or)?;
                ExprKind::Scope(name, self.block(None)?)
            }
            Tok::Wasm => ExprKind::Wasm(Box::new(self.template()?)),
            Tok::Data => self.data()?,
            Tok::Return => {
                self.bump();
                ExprKind::Return(self.maybe_expr()?)
            }
            Tok::Break => {
                self.bump();
                let label = if self.peek(1) == Tok::Colon { None } else { self.label() };
                ExprKind::Break(label, self.maybe_expr()?)
            }
            Tok::Continue => {
                self.bump();
                ExprKind::Continue(self.label())
            }
            Tok::Become => {
                self.bump();
                let operand = self.expr()?;
                if !matches!(
                    self.body[operand].kind,
                    ExprKind::Call(..) | ExprKind::Method(..) | ExprKind::Error
                ) {
                    let place = self.place(self.body[operand].span);
                    self.diagnostics.push(
                        Diagnostic::error(codes::SYNTAX, place, "`become` takes a call")
                            .help("write `become f(x)`, or `return` for any other value"),
                    );
                }
                ExprKind::Become(operand)
            }
            Tok::At => {
                let position = self.position()?;
                ExprKind::At(position, self.expr()?)
            }
            Tok::Or | Tok::OrOr => {
                let diagnostic = self
                    .error(codes::RESERVED_WORD, "closures are not part of the language yet")
                    .help("name a function where an `extern fn(A) -> B` is expected");
                return Err(self.report(diagnostic));
            }
            Tok::And | Tok::AndAnd | Tok::Star => {
                let diagnostic = self.error(codes::SYNTAX, "there are no references and no pointers to follow").help("an address in linear memory is an `addr`; a `MemorySegment` reads and writes");
                return Err(self.report(diagnostic));
            }
            Tok::OpenBracket => {
                let diagnostic = self
                    .error(codes::RESERVED_WORD, "arrays are not part of the language yet")
                    .help("static memory is written `data [1u8, 2u8]`");
                return Err(self.report(diagnostic));
            }
            Tok::Let => {
                let diagnostic = self.error(codes::SYNTAX, "a `let` is a statement, not a value");
                return Err(self.report(diagnostic));
            }
            Tok::Fn | Tok::Extern => return Err(self.unexpected("an expression")),
            _ => return Err(self.unexpected("an expression")),
        };
        let span = self.span_from(lo);
        Ok(self.push(kind, span))
    }

    fn name_or_struct(&mut self) -> Result<ExprId> {
        let first = self.name("an expression")?;
        let is_struct = |parser: &Self| parser.tok() == Tok::OpenBrace && !parser.no_struct;
        if self.tok() != Tok::PathSep && !is_struct(self) {
            return Ok(self.push(ExprKind::Name(first), first.span));
        }
        let path = self.path_from(first)?;
        let span = path.span();
        if is_struct(self) {
            return self.structure_value(path);
        }
        Ok(self.push(ExprKind::Path(Box::new(path)), span))
    }

    fn structure_value(&mut self, path: Path) -> Result<ExprId> {
        let open = self.bump();
        let mut fields = Vec::new();
        while self.tok() != Tok::CloseBrace {
            if self.tok() == Tok::DotDot {
                let diagnostic = self
                    .error(codes::SYNTAX, "a struct is built from all its fields")
                    .help("name the fields one by one");
                return Err(self.report(diagnostic));
            }
            let name = self.name("a field")?;
            let short = !self.eat(Tok::Colon);
            let value =
                if short { self.push(ExprKind::Name(name), name.span) } else { self.expr()? };
            fields.push(FieldInit { name, value, short });
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.close(open, Tok::CloseBrace, "`,` or `}`")?;
        let span = path.span().to(self.span_from(self.previous_end()));
        Ok(self
            .push(ExprKind::Struct(Box::new(StructLiteral { path, fields: fields.into() })), span))
    }

    fn parenthesized(&mut self) -> Result<ExprId> {
        let open = self.bump();
        if self.eat(Tok::CloseParen) {
            let span = self.span_from(open.lo);
            return Ok(self.push(ExprKind::Unit, span));
        }
        let no_struct = std::mem::replace(&mut self.no_struct, false);
        let inner = self.expr()?;
        self.no_struct = no_struct;
        if self.tok() == Tok::Comma {
            let diagnostic =
                self.error(codes::SYNTAX, "there are no tuples").help("declare a `struct`");
            return Err(self.report(diagnostic));
        }
        self.close(open, Tok::CloseParen, "`)`")?;
        let span = self.span_from(open.lo);
        let expr: &mut Expr = self.body.get_mut(inner);
        expr.span = span;
        Ok(inner)
    }

    fn labelled(&mut self) -> Result<ExprId> {
        let label = self.label();
        self.expect(Tok::Colon)?;
        match self.tok() {
            Tok::OpenBrace => self.block(label),
            Tok::Loop | Tok::While | Tok::For => self.loop_(label),
            _ => Err(self.unexpected("`{`, `loop`, `while` or `for` after a label")),
        }
    }

    fn loop_(&mut self, label: Option<Ident>) -> Result<ExprId> {
        let lo = label.map_or(self.lo(), |label| label.span.key());
        let kind = match self.bump().tok {
            Tok::Loop => ExprKind::Loop(label, self.block(None)?),
            Tok::While => {
                let condition = self.head()?;
                ExprKind::While(label, condition, self.block(None)?)
            }
            _ => {
                let name = self.binding("a variable")?;
                self.expect(Tok::In)?;
                let start = self.bound()?;
                if !matches!(self.tok(), Tok::DotDot | Tok::DotDotEq) {
                    let diagnostic = self
                        .error(
                            codes::SYNTAX,
                            format!("expected `..` or `..=`, found {}", self.tok().describe()),
                        )
                        .help("a `for` counts: `for i in 0..n { }`");
                    return Err(self.report(diagnostic));
                }
                let inclusive = self.bump().tok == Tok::DotDotEq;
                let end = self.bound()?;
                let body = self.block(None)?;
                ExprKind::For(Box::new(For { label, name, start, end, inclusive, body }))
            }
        };
        let span = self.span_from(lo);
        Ok(self.push(kind, span))
    }

    /// An `if` and the `else if`s that follow it, in a loop: a chain may be long.
    fn if_(&mut self) -> Result<ExprId> {
        let mut outer: SmallVec<[(u32, ExprId, ExprId); 2]> = SmallVec::new();
        let (innermost, mut otherwise) = loop {
            let lo = self.bump().lo;
            let condition = self.head()?;
            let link = (lo, condition, self.block(None)?);
            if !self.eat(Tok::Else) {
                break (link, None);
            }
            match self.tok() {
                Tok::If => outer.push(link),
                Tok::OpenBrace => break (link, Some(self.block(None)?)),
                _ => return Err(self.unexpected("`{` or `if` after `else`")),
            }
        };
        let mut link = innermost;
        loop {
            let (lo, condition, then) = link;
            let span = self.span_from(lo);
            let id = self.push(ExprKind::If(condition, then, otherwise), span);
            match outer.pop() {
                Some(before) => (link, otherwise) = (before, Some(id)),
                None => return Ok(id),
            }
        }
    }

    fn match_(&mut self) -> Result<ExprId> {
        let lo = self.bump().lo;
        let value = self.head()?;
        let open = self.expect(Tok::OpenBrace)?;
        let no_struct = std::mem::replace(&mut self.no_struct, false);
        let mut arms = Vec::new();
        while self.tok() != Tok::CloseBrace {
            if self.tok() == Tok::Eof {
                return Err(self.unclosed(open, "an arm or `}`"));
            }
            let lo = self.lo();
            let patterns = self.patterns()?;
            let guard = if self.eat(Tok::If) { Some(self.expr()?) } else { None };
            self.expect(Tok::FatArrow)?;
            let value = self.arm_value()?;
            arms.push(Arm { patterns, guard, value, span: self.span_from(lo) });
            if !self.eat(Tok::Comma)
                && self.tok() != Tok::CloseBrace
                && !self.ends_with_block(value)
            {
                return Err(self.unexpected("`,` or `}` after an arm"));
            }
        }
        self.close(open, Tok::CloseBrace, "`}`")?;
        self.no_struct = no_struct;
        let span = self.span_from(lo);
        Ok(self.push(ExprKind::Match(value, arms.into()), span))
    }

    /// What stands after `=>`: like a statement, so that a block ends it.
    fn arm_value(&mut self) -> Result<ExprId> {
        if self.tok() != Tok::At {
            return self.statement_expr();
        }
        let lo = self.lo();
        let position = self.position()?;
        self.enter()?;
        let inner = self.arm_value()?;
        self.leave();
        let span = self.span_from(lo);
        Ok(self.push(ExprKind::At(position, inner), span))
    }

    fn ends_with_block(&self, mut expr: ExprId) -> bool {
        while let ExprKind::At(_, inner) = self.body[expr].kind {
            expr = inner;
        }
        is_block_like(&self.body[expr].kind)
    }

    /// `data [a, [0u8; 4]]`, `data [0u8; 4]`
    fn data(&mut self) -> Result<ExprKind> {
        self.bump();
        let open = self.expect(Tok::OpenBracket)?;
        let no_struct = std::mem::replace(&mut self.no_struct, false);
        let mut elements = Vec::new();
        while self.tok() != Tok::CloseBracket {
            if self.eat(Tok::OpenBracket) {
                let value = self.expr()?;
                self.expect(Tok::Semi)?;
                let count = self.expr()?;
                self.expect(Tok::CloseBracket)?;
                elements.push(DataElement::Repeat(value, count));
            } else {
                let value = self.expr()?;
                if elements.is_empty() && self.eat(Tok::Semi) {
                    elements.push(DataElement::Repeat(value, self.expr()?));
                    break;
                }
                elements.push(DataElement::Value(value));
            }
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.close(open, Tok::CloseBracket, "`,` or `]`")?;
        self.no_struct = no_struct;
        Ok(ExprKind::Data(elements.into()))
    }
}
