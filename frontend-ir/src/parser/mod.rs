//! Tokens become an [`ir::Module`](crate::ir::Module), by recursive descent with recovery at statements, parameters, fields and items.
//!
//! Invariant: whatever the text, [`parse`] returns, never panics, and every part that is not what was written is an `Error` node whose
//! mistake is among the diagnostics. Depth is bounded by [`MAX_NESTING`].

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "there are a hundred kinds of tokens; what can go on names those it goes on with"
)]

mod expr;
mod item;
mod pattern;
mod statement;

pub(crate) use statement::{is_block_like, is_valueless};

use std::ops::Range;
use std::sync::Arc;

use crate::codes;
use crate::diagnostic::{Code, Diagnostic, ModuleId, Place};
use crate::ir::{
    BinaryOp, Body, ExprId, ExprKind, Ident, Item, Module, Name, Names, Path, PointerType, Type,
    UnaryOp,
};
use crate::lexer::{self, LOOKAHEAD, Lexer, Tok, Token, Tokens, reserved_for};
use crate::literal::{self, Malformed};
use crate::nesting::{Heights, MAX_NESTING};
use crate::source::{MAX_TEXT, Source, Span};

/// What a text says, and what is wrong with it.
#[derive(Debug)]
pub struct Parsed {
    /// The module; where `diagnostics` has errors, with `Error` nodes or items left out.
    pub module: Module,
    /// Mistakes, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a file. Without `module …;` at its top the module has the name of `file` without folders and extension.
pub fn parse(file: &str, text: impl Into<Arc<str>>, module: ModuleId) -> Parsed {
    let text = text.into();
    let range = 0..text.len();
    parse_range(file, text, range, module, What::Module)
}

/// Parses a file that may not be UTF-8.
pub fn parse_bytes(file: &str, bytes: &[u8], module: ModuleId) -> Parsed {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(file, text, module),
        Err(error) => {
            let at = error.valid_up_to();
            if at > MAX_TEXT - 3 {
                return parse(file, String::from_utf8_lossy(bytes), module);
            }
            // The replacement character stands where the first bad byte stood.
            let source = Source::new(file, String::from_utf8_lossy(bytes).into());
            let place = Place { module, span: Span::text(at, at + '\u{fffd}'.len_utf8()) };
            let diagnostic =
                Diagnostic::error(codes::INVALID_UTF8, place, "this file is not UTF-8")
                    .note(format!(
                        "byte {at} of the file, 0x{:02x}, begins no character",
                        bytes[at]
                    ))
                    .help(
                        "save the file as UTF-8; other bytes are written `\\xff` in a byte string",
                    );
            Parsed { module: empty(file, source), diagnostics: vec![diagnostic] }
        }
    }
}

/// Parses one item, or one function of an `impl`, out of a file: bytes `range` of `text`, docs and attributes included, as
/// [`outline`](crate::outline::outline) tells them. Spans point into the whole file. The module has that item only.
pub fn parse_item(file: &str, text: Arc<str>, range: Range<usize>, module: ModuleId) -> Parsed {
    parse_range(file, text, range, module, What::Item)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Module,
    Item,
}

fn empty(file: &str, source: Source) -> Module {
    Module {
        name: default_name(file).into(),
        docs: Vec::new(),
        items: Vec::new(),
        names: Names::default(),
        source,
    }
}

/// `src/main.swir` → `main`.
fn default_name(file: &str) -> &str {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    match base.rsplit_once('.') {
        Some(("", _)) | None if base.is_empty() => "main",
        Some(("", _)) | None => base,
        Some((stem, _)) => stem,
    }
}

fn parse_range(
    file: &str,
    text: Arc<str>,
    range: Range<usize>,
    module: ModuleId,
    what: What,
) -> Parsed {
    let source = Source::new(file, text.clone());
    if text.len() > MAX_TEXT {
        let place = Place { module, span: Span::text(0, 0) };
        let diagnostic = Diagnostic::error(
            codes::TEXT_TOO_LONG,
            place,
            format!("this file has {} bytes; a module has at most {MAX_TEXT}", text.len()),
        )
        .help("divide it into several modules");
        return Parsed { module: empty(file, source), diagnostics: vec![diagnostic] };
    }
    let mut parser = Parser {
        text: &text,
        tokens: Tokens::new(Lexer::new(&text, range.start, range.end, module)),
        at: 0,
        module,
        diagnostics: Vec::new(),
        last_error: usize::MAX,
        names: Names::default(),
        source,
        body: Body::default(),
        heights: Heights::default(),
        depth: 0,
        no_struct: false,
        nesting_reported: false,
        scratch: Vec::new(),
        operators: Vec::new(),
        prefixes: Vec::new(),
    };
    let (name, docs, items) = match what {
        What::Module => parser.module(),
        What::Item => (None, Vec::new(), parser.items(item::Home::Alone)),
    };
    let Parser { diagnostics: mistakes, names, source, tokens, .. } = parser;
    let mut diagnostics = tokens.lexer.diagnostics;
    diagnostics.extend(mistakes);
    if items.is_empty() && diagnostics.is_empty() && what == What::Module {
        let place = Place { module, span: Span::text(0, 0) };
        diagnostics.push(
            Diagnostic::error(codes::EMPTY_FILE, place, "this file has no items").help(
                "a program has at least a function: `#[wasm_export(\"_start\")] fn main() { }`",
            ),
        );
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.place.map_or(0, |place| place.span.key()));
    let name = name.unwrap_or_else(|| default_name(file).into());
    Parsed { module: Module { name, docs, items, names, source }, diagnostics }
}

/// A mistake was reported; whoever called recovers.
#[derive(Debug)]
struct Reported;

type Result<T> = std::result::Result<T, Reported>;

/// What is undone when a statement is given up.
#[derive(Clone, Copy)]
struct Checkpoint {
    start: usize,
    scratch: usize,
    operators: usize,
    prefixes: usize,
    depth: u32,
    no_struct: bool,
}

struct Parser<'t> {
    text: &'t str,
    tokens: Tokens<'t>,
    /// The next token's index.
    at: usize,
    module: ModuleId,
    diagnostics: Vec<Diagnostic>,
    /// The token at which the last error was reported: a second one there is a cascade.
    last_error: usize,
    names: Names,
    source: Source,
    body: Body,
    heights: Heights,
    depth: u32,
    /// In the head of an `if`, `while`, `for` or `match`, where `x { … }` is no struct.
    no_struct: bool,
    nesting_reported: bool,
    /// Lists that grow, one upon the other.
    scratch: Vec<ExprId>,
    /// Infix operators that wait for their right operand.
    operators: Vec<(BinaryOp, u8, ExprId)>,
    prefixes: Vec<(UnaryOp, u32)>,
}

impl Parser<'_> {
    fn tok(&self) -> Tok {
        self.tokens.get(self.at).tok
    }

    /// The token after the next.
    fn peek(&self, ahead: usize) -> Tok {
        debug_assert!(ahead <= LOOKAHEAD, "more was not read");
        self.tokens.get(self.at + ahead).tok
    }

    fn token(&self) -> Token {
        self.tokens.get(self.at)
    }

    /// Takes the next token; the end of the file stays.
    fn bump(&mut self) -> Token {
        let token = self.token();
        if token.tok != Tok::Eof {
            self.at += 1;
            self.tokens.reach(self.at);
        }
        token
    }

    fn eat(&mut self, tok: Tok) -> bool {
        let found = self.tok() == tok;
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, tok: Tok) -> Result<Token> {
        if self.tok() == tok { Ok(self.bump()) } else { Err(self.unexpected(tok.describe())) }
    }

    fn lo(&self) -> u32 {
        self.token().lo
    }

    /// Where the token before the next one ends.
    fn previous_end(&self) -> u32 {
        if self.at == 0 { self.lo() } else { self.tokens.get(self.at - 1).hi }
    }

    fn span_from(&self, lo: u32) -> Span {
        Span::text(lo as usize, self.previous_end().max(lo) as usize)
    }

    fn span(&self, token: Token) -> Span {
        Span::text(token.lo as usize, token.hi as usize)
    }

    fn place(&self, span: Span) -> Place {
        Place { module: self.module, span }
    }

    fn spelling(&self, token: Token) -> &str {
        &self.text[token.lo as usize..token.hi as usize]
    }

    /// Whether a literal ends at `hi` that the lexer had to cut.
    fn is_cut(&self, hi: u32) -> bool {
        self.tokens.lexer.cut.contains(&hi)
    }

    /// Whether something was not terminated: then the end of the file surprises nobody.
    fn is_unterminated(&self) -> bool {
        let diagnostics = &self.tokens.lexer.diagnostics;
        diagnostics.iter().any(|diagnostic| diagnostic.code == codes::UNTERMINATED)
    }

    /// Whether a mistake at the next token would only follow from another.
    fn is_cascade(&mut self) -> bool {
        let cascade = self.last_error == self.at
            || (self.tok() == Tok::Eof && self.is_unterminated())
            || self.is_cut(self.previous_end())
            || self.follows_left_out();
        self.last_error = self.at;
        cascade
    }

    /// Whether a character that means nothing stands right before the next token: it may have stood for what is missing.
    fn follows_left_out(&self) -> bool {
        let left_out = &self.tokens.lexer.left_out;
        let before = left_out.partition_point(|at| *at < self.lo());
        let last = before.checked_sub(1).map(|index| left_out[index]);
        last.is_some_and(|at| self.at == 0 || at >= self.previous_end())
    }

    /// Reports a mistake at the next token, unless it is a cascade.
    fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        if !self.is_cascade() {
            self.diagnostics.push(diagnostic);
        }
        Reported
    }

    fn error(&mut self, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.place(self.span(self.token())), message)
    }

    /// Reports that something else was expected at the next token.
    fn unexpected(&mut self, expected: &str) -> Reported {
        let token = self.token();
        if token.tok == Tok::Reserved {
            return self.reserved();
        }
        let found = match token.tok {
            Tok::Ident => format!("`{}`", self.spelling(token)),
            tok => tok.describe().to_owned(),
        };
        let diagnostic = self
            .error(codes::SYNTAX, format!("expected {expected}, found {found}"))
            .note(format!("expected {expected}"));
        self.report(diagnostic)
    }

    fn reserved(&mut self) -> Reported {
        let word = self.spelling(self.token()).to_owned();
        let diagnostic = self
            .error(codes::RESERVED_WORD, format!("`{word}` is a reserved word"))
            .note(format!("kept for {}", reserved_for(&word)))
            .help(format!("as a name it is written in back-ticks: `` `{word}` ``"));
        self.report(diagnostic)
    }

    fn malformed(&mut self, token: Token, malformed: Malformed) -> Reported {
        // What the lexer cut has no closing quote; that was reported.
        let lo = (token.lo as usize + malformed.lo).min(token.hi as usize);
        let hi = (token.lo as usize + malformed.hi).clamp(lo, token.hi as usize);
        let code = if malformed.number { codes::MALFORMED_NUMBER } else { codes::MALFORMED_TEXT };
        self.diagnostics.push(
            Diagnostic::error(code, self.place(Span::text(lo, hi)), malformed.message)
                .help(malformed.help),
        );
        Reported
    }

    /// Decodes a literal; `fallback` stands for one that is malformed, after the report.
    fn decode<T>(
        &mut self,
        token: Token,
        decode: impl Fn(&str) -> std::result::Result<T, Malformed>,
    ) -> Option<T> {
        if self.is_cut(token.hi) {
            return None;
        }
        match decode(self.spelling(token)) {
            Ok(value) => Some(value),
            Err(malformed) => {
                self.malformed(token, malformed);
                None
            }
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            start: self.at,
            scratch: self.scratch.len(),
            operators: self.operators.len(),
            prefixes: self.prefixes.len(),
            depth: self.depth,
            no_struct: self.no_struct,
        }
    }

    fn undo(&mut self, checkpoint: Checkpoint) {
        self.scratch.truncate(checkpoint.scratch);
        self.operators.truncate(checkpoint.operators);
        self.prefixes.truncate(checkpoint.prefixes);
        self.depth = checkpoint.depth;
        self.no_struct = checkpoint.no_struct;
    }

    /// One level deeper; the caller takes it back when all went well.
    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_NESTING { Err(self.too_deep()) } else { Ok(()) }
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn too_deep(&mut self) -> Reported {
        if !self.nesting_reported {
            self.nesting_reported = true;
            let diagnostic = self
                .error(codes::NESTING, format!("this nests more than {MAX_NESTING} levels deep"))
                .help("move the inner part into a function of its own, or compute it into a `let` first");
            self.diagnostics.push(diagnostic);
        }
        self.last_error = self.at;
        Reported
    }

    /// Adds an expression to the body.
    fn push(&mut self, kind: ExprKind, span: Span) -> ExprId {
        if self.heights.push(&kind, &self.body) > MAX_NESTING {
            self.heights.reset_last();
            self.too_deep();
            return self.body.push(ExprKind::Error, span);
        }
        self.body.push(kind, span)
    }

    /// Begins a body of its own; [`Parser::finish_body`] ends it.
    fn start_body(&mut self) {
        self.heights.clear();
        self.depth = 0;
        self.nesting_reported = false;
    }

    fn finish_body(&mut self, root: ExprId) -> Body {
        self.body.set_root(root);
        self.body.take()
    }

    /// Gives an item up: what it was is skipped.
    fn reset(&mut self) {
        self.undo(Checkpoint {
            start: 0,
            scratch: 0,
            operators: 0,
            prefixes: 0,
            depth: 0,
            no_struct: false,
        });
        self.body = Body::default();
        self.heights.clear();
    }

    fn intern(&mut self, token: Token) -> Name {
        self.names.intern(&self.text[token.lo as usize..token.hi as usize])
    }

    /// A name where it is used; `what` for the message.
    fn name(&mut self, what: &str) -> Result<Ident> {
        let token = self.token();
        let name = match token.tok {
            Tok::Ident => self.intern(token),
            Tok::Quoted => self.quoted_name(token)?,
            Tok::Reserved => return Err(self.reserved()),
            _ if self.spelling(token).starts_with(|c: char| c.is_ascii_alphabetic())
                && lexer::keyword(self.spelling(token)) != Tok::Ident =>
            {
                let word = self.spelling(token).to_owned();
                let diagnostic = self
                    .error(codes::SYNTAX, format!("expected {what}, found the word `{word}`"))
                    .note(format!("expected {what}"))
                    .help(format!("as a name it is written in back-ticks: `` `{word}` ``"));
                return Err(self.report(diagnostic));
            }
            _ => return Err(self.unexpected(what)),
        };
        self.bump();
        Ok(Ident { name, span: self.span(token) })
    }

    fn quoted_name(&mut self, token: Token) -> Result<Name> {
        let Some(text) = self.decode(token, literal::text) else {
            self.last_error = self.at;
            return Err(Reported);
        };
        if text.is_empty() {
            let diagnostic = self.error(codes::MALFORMED_TEXT, "a name has at least one character");
            return Err(self.report(diagnostic));
        }
        Ok(self.names.intern(&text))
    }

    /// A name where it is declared.
    fn declared(&mut self, what: &str) -> Result<Ident> {
        if self.tok() == Tok::Ident && self.spelling(self.token()) == "addr" {
            let diagnostic = self
                .error(codes::RESERVED_WORD, "`addr` is a reserved word")
                .note("the type of addresses in linear memory")
                .help("as a name it is written in back-ticks: `` `addr` ``");
            return Err(self.report(diagnostic));
        }
        self.name(what)
    }

    /// A declared name or `_`.
    fn binding(&mut self, what: &str) -> Result<Ident> {
        if self.tok() == Tok::Underscore {
            let token = self.bump();
            return Ok(Ident { name: self.intern(token), span: self.span(token) });
        }
        self.declared(what)
    }

    /// `a::b::c`
    fn path(&mut self, what: &str) -> Result<Path> {
        let first = self.name(what)?;
        self.path_from(first)
    }

    /// The rest of a path whose first name was read.
    fn path_from(&mut self, first: Ident) -> Result<Path> {
        if self.tok() != Tok::PathSep {
            return Ok(Path { segments: Box::new([first]) });
        }
        let mut segments = vec![first];
        while self.eat(Tok::PathSep) {
            segments.push(self.name("a name")?);
        }
        Ok(Path { segments: segments.into() })
    }

    /// A label, if one stands here.
    fn label(&mut self) -> Option<Ident> {
        if self.tok() != Tok::Label {
            return None;
        }
        let token = self.bump();
        let inner = Token { lo: token.lo + 1, ..token };
        let name = if self.spelling(inner).starts_with('`') {
            let text = self.decode(inner, literal::text).unwrap_or_default();
            self.names.intern(&text)
        } else {
            self.intern(inner)
        };
        Some(Ident { name, span: self.span(token) })
    }

    fn ty(&mut self) -> Result<Type> {
        let lo = self.lo();
        let ty = match self.tok() {
            Tok::OpenParen => {
                self.bump();
                if self.tok() != Tok::CloseParen {
                    let diagnostic = self
                        .error(codes::SYNTAX, "there are no tuple types")
                        .help("declare a `struct`; `()` is the empty type");
                    return Err(self.report(diagnostic));
                }
                self.bump();
                Type::Unit(self.span_from(lo))
            }
            Tok::Not => {
                self.bump();
                Type::Never(self.span_from(lo))
            }
            Tok::Extern => {
                self.bump();
                self.expect(Tok::Fn)?;
                self.expect(Tok::OpenParen)?;
                self.enter()?;
                let mut params = Vec::new();
                while self.tok() != Tok::CloseParen {
                    params.push(self.ty()?);
                    if !self.eat(Tok::Comma) {
                        break;
                    }
                }
                self.expect(Tok::CloseParen)?;
                let result = if self.eat(Tok::Arrow) { Some(self.ty()?) } else { None };
                self.leave();
                let span = self.span_from(lo);
                Type::Pointer(Box::new(PointerType { params: params.into(), result, span }))
            }
            Tok::Fn => {
                let diagnostic = self
                    .error(codes::RESERVED_WORD, "closure types are not part of the language yet")
                    .help("a function pointer is written `extern fn(A) -> B`");
                return Err(self.report(diagnostic));
            }
            Tok::OpenBracket => {
                let diagnostic = self
                    .error(codes::RESERVED_WORD, "arrays are not part of the language yet")
                    .help("a `MemorySegment` holds elements: `a.i32[i]`");
                return Err(self.report(diagnostic));
            }
            Tok::And | Tok::AndAnd | Tok::Star => {
                let diagnostic = self
                    .error(codes::SYNTAX, "there are no reference or pointer types")
                    .help("an address in linear memory is an `addr`");
                return Err(self.report(diagnostic));
            }
            Tok::SelfValue => return Err(self.unexpected("a type")),
            _ => {
                let first = self.name("a type")?;
                if self.tok() == Tok::PathSep {
                    Type::path(self.path_from(first)?)
                } else {
                    Type::Name(first)
                }
            }
        };
        if self.tok() == Tok::Question {
            let diagnostic = self.error(
                codes::RESERVED_WORD,
                "nullable references are not part of the language yet",
            );
            return Err(self.report(diagnostic));
        }
        Ok(ty)
    }

    /// A type, or `Type::Error` after the report.
    fn ty_or_error(&mut self) -> Type {
        let (start, lo, depth) = (self.at, self.lo(), self.depth);
        self.ty().unwrap_or_else(|Reported| {
            if self.depth > MAX_NESTING {
                self.skip_type(start);
            }
            self.depth = depth;
            Type::Error(self.span_from(lo))
        })
    }

    /// Goes on behind the type that began at token `start`, to what may follow one.
    fn skip_type(&mut self, start: usize) {
        let failed = std::mem::replace(&mut self.at, start);
        let mut open = 0u32;
        loop {
            match self.tok() {
                Tok::Eof | Tok::Semi | Tok::OpenBrace | Tok::CloseBrace => return,
                Tok::Comma | Tok::CloseParen | Tok::Eq if open == 0 && self.at >= failed => return,
                Tok::OpenParen => open += 1,
                Tok::CloseParen => open = open.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
    }

    /// Items up to the end of the file or, in an `impl`, its `}`.
    fn items(&mut self, home: item::Home) -> Vec<Item> {
        let mut items = Vec::new();
        loop {
            match self.tok() {
                Tok::Eof => return items,
                Tok::CloseBrace if home == item::Home::Impl => return items,
                _ => {}
            }
            if home != item::Home::Impl {
                // The one before the item is looked at, too.
                self.tokens.forget(self.at.saturating_sub(1));
            }
            let start = self.at;
            self.nesting_reported = false;
            match self.item(home) {
                Ok(item) => items.push(item),
                Err(Reported) => {
                    self.reset();
                    self.skip_item(start, home);
                }
            }
        }
    }
}
