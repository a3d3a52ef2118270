//! Patterns: those of `match`, and those of `let`.

use super::{Parser, Reported, Result};
use crate::codes;
use crate::ir::{
    ExprId, ExprKind, Ident, LetField, LetPattern, LetStruct, Path, Pattern, PatternKind, UnaryOp,
};
use crate::lexer::Tok;

impl Parser<'_> {
    /// `a | b | 1..=9`
    pub(super) fn patterns(&mut self) -> Result<Box<[Pattern]>> {
        self.eat(Tok::Or);
        let mut patterns = vec![self.pattern()?];
        while self.eat(Tok::Or) {
            patterns.push(self.pattern()?);
        }
        Ok(patterns.into())
    }

    fn pattern(&mut self) -> Result<Pattern> {
        let lo = self.lo();
        let kind = match self.tok() {
            Tok::Underscore => {
                self.bump();
                PatternKind::Wildcard
            }
            Tok::DotDot | Tok::DotDotEq => {
                let inclusive = self.bump().tok == Tok::DotDotEq;
                let end = Some(self.pattern_value()?);
                PatternKind::Range { start: None, end, inclusive }
            }
            _ => {
                let value = self.pattern_value()?;
                match self.tok() {
                    Tok::DotDot | Tok::DotDotEq => {
                        let inclusive = self.bump().tok == Tok::DotDotEq;
                        let open = matches!(self.tok(), Tok::FatArrow | Tok::If | Tok::Or);
                        if open && inclusive {
                            return Err(self.unexpected("the end of the range"));
                        }
                        let end = if open { None } else { Some(self.pattern_value()?) };
                        PatternKind::Range { start: Some(value), end, inclusive }
                    }
                    Tok::OpenBrace | Tok::OpenParen => {
                        let diagnostic = self
                            .error(codes::SYNTAX, format!("expected `=>`, found {}", self.tok().describe()))
                            .help("a `match` compares scalars; a struct is taken apart by `let S { x, y } = …;`");
                        return Err(self.report(diagnostic));
                    }
                    _ => match &self.body[value].kind {
                        ExprKind::Name(name) => PatternKind::Name(*name),
                        _ => PatternKind::Value(value),
                    },
                }
            }
        };
        Ok(Pattern { kind, span: self.span_from(lo) })
    }

    /// A literal, a negated number, or a path.
    fn pattern_value(&mut self) -> Result<ExprId> {
        let lo = self.lo();
        match self.tok() {
            Tok::Minus => {
                self.bump();
                if !matches!(self.tok(), Tok::Int | Tok::Float | Tok::FloatWord) {
                    return Err(self.unexpected("a number"));
                }
                let number = self.literal()?;
                let span = self.span_from(lo);
                Ok(self.push(ExprKind::Unary(UnaryOp::Neg, number), span))
            }
            Tok::Ident | Tok::Quoted => {
                let path = self.path("a pattern")?;
                let span = path.span();
                Ok(match *path.segments {
                    [name] => self.push(ExprKind::Name(name), span),
                    _ => self.push(ExprKind::Path(Box::new(path)), span),
                })
            }
            Tok::Int
            | Tok::Float
            | Tok::FloatWord
            | Tok::Char
            | Tok::Byte
            | Tok::Str
            | Tok::ByteStr
            | Tok::True
            | Tok::False => self.literal(),
            _ => Err(self.unexpected("a pattern")),
        }
    }

    /// What stands after `let`. What is wrong with a pattern whose names are known all the same is left in `nested`.
    pub(super) fn let_pattern(&mut self, nested: &mut Option<Reported>) -> Result<LetPattern> {
        if self.eat(Tok::Mut) {
            return Ok(LetPattern::Name { name: self.declared("a variable")?, mutable: true });
        }
        if self.tok() == Tok::OpenParen {
            let diagnostic = self
                .error(codes::SYNTAX, "there are no tuples")
                .help("take a struct apart: `let S { x, y } = …;`");
            return Err(self.report(diagnostic));
        }
        if !self.at_struct_pattern() {
            return Ok(LetPattern::Name { name: self.binding("a variable")?, mutable: false });
        }
        let path: Path = self.path("a struct")?;
        let mut fields = Vec::new();
        let rest = self.let_fields(&mut fields, nested)?;
        Ok(LetPattern::Struct(Box::new(LetStruct { path, fields: fields.into(), rest })))
    }

    /// `{ x, y: z, .. }`; whether `..` stands at its end.
    fn let_fields(
        &mut self,
        fields: &mut Vec<LetField>,
        nested: &mut Option<Reported>,
    ) -> Result<bool> {
        self.expect(Tok::OpenBrace)?;
        let mut rest = false;
        while self.tok() != Tok::CloseBrace {
            if self.eat(Tok::DotDot) {
                rest = true;
                break;
            }
            self.let_field(fields, nested)?;
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::CloseBrace)?;
        Ok(rest)
    }

    fn let_field(
        &mut self,
        fields: &mut Vec<LetField>,
        nested: &mut Option<Reported>,
    ) -> Result<()> {
        if self.eat(Tok::Mut) {
            let name = self.declared("a field")?;
            fields.push(LetField { field: name, name, mutable: true });
            return Ok(());
        }
        let field: Ident = self.name("a field")?;
        if !self.eat(Tok::Colon) {
            fields.push(LetField { field, name: field, mutable: false });
            return Ok(());
        }
        if self.at_struct_pattern() {
            let diagnostic = self
                .error(codes::SYNTAX, "there are no patterns inside patterns")
                .help("bind the field to a name, and take it apart in a second `let`");
            nested.get_or_insert(self.report(diagnostic));
            self.path("a struct")?;
            self.enter()?;
            self.let_fields(fields, nested)?;
            self.leave();
            return Ok(());
        }
        let mutable = self.eat(Tok::Mut);
        let name = if mutable { self.declared("a variable")? } else { self.binding("a variable")? };
        fields.push(LetField { field, name, mutable });
        Ok(())
    }

    fn at_struct_pattern(&self) -> bool {
        matches!(self.tok(), Tok::Ident | Tok::Quoted)
            && matches!(self.peek(1), Tok::OpenBrace | Tok::PathSep)
    }
}
