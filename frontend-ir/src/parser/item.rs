//! Items: `module`, `use`, `const`, `static`, `fn`, `struct`, `impl`, and what stands before them.

use super::{Parser, Reported, Result};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::ir::{
    Attribute, AttributeArgument, ExprKind, FieldDecl, Fn, FnBody, Global, Ident, Impl, Item,
    ItemKind, Param, Path, Struct, Template, Type, UseBinding,
};
use crate::lexer::{Tok, Token};
use crate::literal;
use crate::source::Span;

/// Where an item stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// In a file.
    Module,
    /// Between the braces of an `impl`.
    Impl,
    /// Cut out of either.
    Alone,
}

/// Whether an item, and nothing else, starts with this token.
pub(super) fn starts_item(tok: Tok) -> bool {
    matches!(
        tok,
        Tok::Fn
            | Tok::Extern
            | Tok::Struct
            | Tok::Impl
            | Tok::Use
            | Tok::Const
            | Tok::Static
            | Tok::Pub
            | Tok::Hash
    )
}

impl Parser<'_> {
    /// The whole file: its name, if it says one, docs, items.
    pub(super) fn module(&mut self) -> (Option<Box<str>>, Vec<Box<str>>, Vec<Item>) {
        let mut docs = self.docs(Tok::ModuleDoc);
        let mut name = None;
        if self.at_module() {
            self.bump();
            match self.path("a module's name").and_then(|path| self.expect(Tok::Semi).map(|_| path))
            {
                Ok(path) => {
                    name = Some(
                        path.segments
                            .iter()
                            .map(|segment| &self.names[segment.name])
                            .collect::<Vec<_>>()
                            .join("::")
                            .into(),
                    )
                }
                Err(Reported) => {
                    let start = self.at;
                    self.skip_item(start, Home::Module);
                }
            }
            docs.append(&mut self.docs(Tok::ModuleDoc));
        }
        (name, docs, self.items(Home::Module))
    }

    /// Whether `module name` stands here.
    fn at_module(&self) -> bool {
        self.tok() == Tok::Ident
            && self.spelling(self.token()) == "module"
            && matches!(self.peek(1), Tok::Ident | Tok::Quoted)
    }

    /// The lines of consecutive doc comments of one kind, as texts.
    fn docs(&mut self, kind: Tok) -> Vec<Box<str>> {
        let mut docs = Vec::new();
        while self.tok() == kind {
            let token = self.bump();
            docs.push(doc_text(self.spelling(token)).into());
        }
        docs
    }

    pub(super) fn item(&mut self, home: Home) -> Result<Item> {
        let mut docs = Vec::new();
        let mut attributes = Vec::new();
        loop {
            match self.tok() {
                Tok::Doc => docs.append(&mut self.docs(Tok::Doc)),
                Tok::Hash => attributes.push(self.attribute()?),
                _ => break,
            }
        }
        let lo = self.lo();
        let public = self.eat(Tok::Pub);
        if public && self.tok() == Tok::OpenParen {
            let diagnostic = self
                .error(codes::SYNTAX, "`pub` has no further words")
                .help("`pub` is what other modules may name; leave it out for the rest");
            return Err(self.report(diagnostic));
        }
        if home == Home::Impl
            && !matches!(self.tok(), Tok::Fn | Tok::Extern)
            && (starts_item(self.tok()))
        {
            let diagnostic = self
                .error(
                    codes::SYNTAX,
                    format!("expected a function, found {}", self.tok().describe()),
                )
                .help("an `impl` holds functions only");
            return Err(self.report(diagnostic));
        }
        let kind = match self.tok() {
            Tok::Fn => self.function(home, false)?,
            Tok::Extern => {
                self.bump();
                if self.tok() == Tok::Str {
                    let diagnostic = self
                        .error(codes::SYNTAX, "an `extern fn` names no calling convention")
                        .help("write `extern fn`, with `#[wasm_import(module, name)]` before it");
                    return Err(self.report(diagnostic));
                }
                self.function(home, true)?
            }
            Tok::Struct => self.structure()?,
            Tok::Impl => self.implementation()?,
            Tok::Use => {
                self.bump();
                let mut bindings = Vec::new();
                if let Err(reported) = self
                    .use_tree(&mut Vec::new(), &mut bindings)
                    .and_then(|()| self.expect(Tok::Semi))
                {
                    while !matches!(self.tok(), Tok::Semi | Tok::Eof) && !self.at_item() {
                        self.bump();
                    }
                    return Err(reported);
                }
                self.depth = 0;
                ItemKind::Use(bindings)
            }
            Tok::Const => {
                self.bump();
                ItemKind::Const(self.global("a constant's name")?)
            }
            Tok::Static => {
                self.bump();
                let mutable = self.eat(Tok::Mut);
                ItemKind::Static { mutable, global: self.global("a static's name")? }
            }
            Tok::ModuleDoc => {
                let diagnostic = self
                    .error(
                        codes::MISPLACED_DOC,
                        "a module's doc comment stands at the top of its file",
                    )
                    .help("write `///` for the item that follows, or `//`");
                return Err(self.report(diagnostic));
            }
            Tok::Eof | Tok::CloseBrace if !docs.is_empty() || !attributes.is_empty() => {
                return Err(self.unexpected("an item after its docs and attributes"));
            }
            Tok::CloseBrace => {
                let diagnostic = self
                    .error(codes::UNCLOSED, "this `}` closes nothing")
                    .help("remove it, or look for a `}` too many before it");
                return Err(self.report(diagnostic));
            }
            Tok::Let => {
                let diagnostic = self
                    .error(codes::SYNTAX, "a `let` stands inside a function")
                    .help("outside, write `const NAME: T = …;` or `static mut NAME: T = …;`");
                return Err(self.report(diagnostic));
            }
            _ if self.at_module() => {
                let diagnostic =
                    self.error(codes::SYNTAX, "`module` stands once, at the top of the file");
                return Err(self.report(diagnostic));
            }
            _ => {
                return Err(self.unexpected(if home == Home::Impl {
                    "a function or `}`"
                } else {
                    "an item"
                }));
            }
        };
        Ok(Item { docs, attributes, public, span: self.span_from(lo), kind })
    }

    /// Goes on to where the next item may start. `start` is where the one that failed did.
    pub(super) fn skip_item(&mut self, start: usize, home: Home) {
        if self.at == start {
            self.bump();
        }
        loop {
            match self.tok() {
                Tok::Eof | Tok::Doc => return,
                Tok::CloseBrace if home == Home::Impl => return,
                Tok::Semi | Tok::CloseBrace => {
                    self.bump();
                    return;
                }
                Tok::OpenBrace => {
                    self.skip_balanced();
                    return;
                }
                tok if starts_item(tok)
                    && !(tok == Tok::Fn && self.tokens.get(self.at - 1).tok == Tok::Extern) =>
                {
                    return;
                }
                _ if self.at_module() && home == Home::Module && self.at == 0 => return,
                _ => {
                    self.bump();
                }
            }
        }
    }

    /// Whether an item starts here, as far as one can tell behind a mistake: `extern fn(` is a type.
    fn at_item(&self) -> bool {
        match self.tok() {
            Tok::Fn => self.at == 0 || self.tokens.get(self.at - 1).tok != Tok::Extern,
            Tok::Extern => {
                self.peek(1) == Tok::Fn && matches!(self.peek(2), Tok::Ident | Tok::Quoted)
            }
            tok => starts_item(tok),
        }
    }

    /// From an opening bracket to behind its closing one, or to the end of the file.
    pub(super) fn skip_balanced(&mut self) {
        let mut depth = 0u32;
        loop {
            match self.bump().tok {
                Tok::Eof => return,
                Tok::OpenBrace | Tok::OpenParen | Tok::OpenBracket => depth += 1,
                Tok::CloseBrace | Tok::CloseParen | Tok::CloseBracket => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    fn attribute(&mut self) -> Result<Attribute> {
        let lo = self.bump().lo;
        if self.tok() == Tok::Not {
            let diagnostic = self
                .error(codes::SYNTAX, "an attribute stands before its item")
                .help("write `#[…]`");
            return Err(self.report(diagnostic));
        }
        self.expect(Tok::OpenBracket)?;
        let path = self.path("an attribute")?;
        let mut arguments = Vec::new();
        if self.eat(Tok::OpenParen) {
            while self.tok() != Tok::CloseParen {
                let token = self.token();
                let span = self.span(token);
                match token.tok {
                    Tok::Str => {
                        self.bump();
                        arguments.push(AttributeArgument::Text(
                            self.decode(token, literal::text).unwrap_or_default(),
                            span,
                        ));
                    }
                    Tok::Int => {
                        self.bump();
                        let value =
                            self.decode(token, literal::int).map_or(0, |literal| literal.value);
                        arguments.push(AttributeArgument::Int(value, span));
                    }
                    _ => {
                        let mut segments = vec![self.name("a string, a number or a path")?];
                        while self.eat(Tok::PathSep) || self.eat(Tok::Dot) {
                            segments.push(self.name("a name")?);
                        }
                        arguments.push(AttributeArgument::Path(Path { segments: segments.into() }));
                    }
                }
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
            self.expect(Tok::CloseParen)?;
        }
        self.expect(Tok::CloseBracket)?;
        Ok(Attribute { path, arguments, span: self.span_from(lo) })
    }

    /// `a::b::{c, d as e}`, flattened into `bindings`; `prefix` is what stands before it.
    fn use_tree(&mut self, prefix: &mut Vec<Ident>, bindings: &mut Vec<UseBinding>) -> Result<()> {
        self.enter()?;
        let length = prefix.len();
        loop {
            match self.tok() {
                Tok::OpenBrace => {
                    self.bump();
                    if self.tok() == Tok::CloseBrace {
                        return Err(self.unexpected("a name"));
                    }
                    while self.tok() != Tok::CloseBrace {
                        self.use_tree(prefix, bindings)?;
                        if !self.eat(Tok::Comma) {
                            break;
                        }
                    }
                    self.expect(Tok::CloseBrace)?;
                    break;
                }
                Tok::Star => {
                    let diagnostic = self
                        .error(codes::SYNTAX, "a `use` names what it brings in")
                        .help("list the names: `use a::{b, c};`");
                    return Err(self.report(diagnostic));
                }
                // `use a::{self, b};` brings in `a` too.
                Tok::SelfValue if prefix.len() == length && !prefix.is_empty() => {
                    self.bump();
                    self.use_binding(prefix, bindings)?;
                    break;
                }
                _ => {
                    let name = self.name("a name")?;
                    prefix.push(name);
                    if !self.eat(Tok::PathSep) {
                        self.use_binding(prefix, bindings)?;
                        break;
                    }
                }
            }
        }
        prefix.truncate(length);
        self.leave();
        Ok(())
    }

    fn use_binding(&mut self, path: &[Ident], bindings: &mut Vec<UseBinding>) -> Result<()> {
        let alias = if self.eat(Tok::As) { Some(self.declared("a name")?) } else { None };
        bindings.push(UseBinding { path: Path { segments: path.into() }, alias });
        Ok(())
    }

    /// `NAME: T = e;`
    fn global(&mut self, what: &str) -> Result<Global> {
        let name = self.declared(what)?;
        let ty = if self.tok() == Tok::Colon {
            self.bump();
            self.ty_or_error()
        } else {
            let diagnostic = self
                .error(
                    codes::SYNTAX,
                    format!("expected `:` and a type, found {}", self.tok().describe()),
                )
                .help("a constant or static says its type");
            self.report(diagnostic);
            Type::Error(name.span)
        };
        self.start_body();
        let start = self.at;
        let value = self
            .expect(Tok::Eq)
            .and_then(|_| self.expr())
            .and_then(|value| self.expect(Tok::Semi).map(|_| value));
        let root = match value {
            Ok(value) => value,
            Err(Reported) => {
                let span = self.span_from(self.tokens.get(start).lo);
                self.reset();
                self.skip_item(start, Home::Module);
                self.push(ExprKind::Error, span)
            }
        };
        Ok(Global { name, ty, value: self.finish_body(root) })
    }

    fn structure(&mut self) -> Result<ItemKind> {
        self.bump();
        let name = self.declared("a struct's name")?;
        let open = self.token();
        if matches!(open.tok, Tok::OpenParen | Tok::Semi) {
            let diagnostic = self
                .error(codes::SYNTAX, format!("expected `{{`, found {}", open.tok.describe()))
                .help("a struct's fields have names: `struct S { x: i32 }`");
            return Err(self.report(diagnostic));
        }
        self.expect(Tok::OpenBrace)?;
        let mut fields = Vec::new();
        loop {
            let docs = self.docs(Tok::Doc);
            match self.tok() {
                Tok::CloseBrace if docs.is_empty() => break,
                tok if tok == Tok::Eof || starts_item(tok) && tok != Tok::Pub => {
                    return Err(self.unclosed(open, "a field or `}`"));
                }
                _ => {}
            }
            let public = self.eat(Tok::Pub);
            let field = self
                .declared("a field's name")
                .and_then(|name| self.expect(Tok::Colon).map(|_| name));
            match field {
                Ok(name) => {
                    let ty = self.ty_or_error();
                    let failed = matches!(ty, Type::Error(_));
                    fields.push(FieldDecl { docs, public, name, ty });
                    if failed {
                        self.skip_field();
                    }
                }
                Err(Reported) => self.skip_field(),
            }
            if !self.eat(Tok::Comma)
                && self.tok() != Tok::CloseBrace
                && self.tok() != Tok::Eof
                && !self.at_item()
            {
                self.unexpected("`,` or `}`");
                self.skip_field();
                let _ = self.eat(Tok::Comma) || self.eat(Tok::Semi);
            }
        }
        self.bump();
        Ok(ItemKind::Struct(Struct { name, fields }))
    }

    /// Goes on to where the next field may start, or the struct must have ended.
    fn skip_field(&mut self) {
        loop {
            match self.tok() {
                Tok::Comma | Tok::Semi | Tok::Eof | Tok::CloseBrace => return,
                Tok::OpenParen | Tok::OpenBracket | Tok::OpenBrace => self.skip_balanced(),
                tok if starts_item(tok)
                    && !(tok == Tok::Fn && self.tokens.get(self.at - 1).tok == Tok::Extern) =>
                {
                    return;
                }
                _ => {
                    self.bump();
                }
            }
        }
    }

    /// Goes on to where the next parameter may start, or the list must have ended.
    fn skip_param(&mut self) {
        loop {
            match self.tok() {
                Tok::Comma
                | Tok::Eof
                | Tok::Semi
                | Tok::Arrow
                | Tok::CloseBrace
                | Tok::CloseParen
                | Tok::OpenBrace => return,
                _ if self.at_item() => return,
                Tok::OpenParen | Tok::OpenBracket => self.skip_balanced(),
                _ => {
                    self.bump();
                }
            }
        }
    }

    fn implementation(&mut self) -> Result<ItemKind> {
        self.bump();
        let target = self.ty()?;
        if self.tok() == Tok::For {
            let diagnostic =
                self.error(codes::SYNTAX, "there are no traits").help("write `impl S { … }`");
            return Err(self.report(diagnostic));
        }
        let open = self.expect(Tok::OpenBrace)?;
        let items = self.items(Home::Impl);
        if !self.eat(Tok::CloseBrace) {
            self.unclosed(open, "`}`");
        }
        Ok(ItemKind::Impl(Impl { target, items }))
    }

    /// Reports that what `open` opened is not closed here.
    pub(super) fn unclosed(&mut self, open: Token, expected: &str) -> Reported {
        let here = self.place(self.span(self.token()));
        let found = self.tok().describe();
        let diagnostic = Diagnostic::error(
            codes::UNCLOSED,
            self.place(self.span(open)),
            format!("this {} is never closed", open.tok.describe()),
        )
        .label(here, format!("expected {expected}, found {found}"));
        self.report(diagnostic)
    }

    fn function(&mut self, home: Home, is_extern: bool) -> Result<ItemKind> {
        self.expect(Tok::Fn)?;
        let name = self.declared("a function's name")?;
        if self.tok() == Tok::Lt {
            let diagnostic = self
                .error(codes::SYNTAX, "there are no generic functions")
                .help("write one function for each type");
            return Err(self.report(diagnostic));
        }
        let open = self.expect(Tok::OpenParen)?;
        let params = self.params(open, home);
        let result = if self.eat(Tok::Arrow) { Some(self.ty_or_error()) } else { None };
        if result.as_ref().is_some_and(|ty| matches!(ty, Type::Error(_))) {
            while !matches!(self.tok(), Tok::OpenBrace | Tok::Semi | Tok::Eq | Tok::Eof)
                && !self.at_item()
            {
                self.bump();
            }
        }
        self.start_body();
        let body = match self.tok() {
            Tok::Semi => {
                self.bump();
                FnBody::None
            }
            Tok::Eq => self.template_body()?,
            Tok::OpenBrace => {
                let start = self.at;
                let root = self.block(None).unwrap_or_else(|Reported| {
                    let span = self.span_from(self.tokens.get(start).lo);
                    self.reset();
                    self.push(ExprKind::Error, span)
                });
                FnBody::Block(self.finish_body(root))
            }
            _ => {
                self.unexpected("`{`, `;` or `= wasm`");
                let start = self.at;
                if !self.at_item() {
                    self.skip_item(start, home);
                }
                let span = self.span_from(self.tokens.get(start).lo);
                let root = self.push(ExprKind::Error, span);
                FnBody::Block(self.finish_body(root))
            }
        };
        Ok(ItemKind::Fn(Fn { name, is_extern, params, result, body }))
    }

    fn params(&mut self, open: Token, home: Home) -> Vec<Param> {
        let mut params = self.params_until(open, home);
        // Functions are many, and their parameters live until they are checked.
        params.shrink_to_fit();
        params
    }

    fn params_until(&mut self, open: Token, home: Home) -> Vec<Param> {
        let mut params = Vec::new();
        loop {
            match self.tok() {
                Tok::CloseParen => {
                    self.bump();
                    return params;
                }
                Tok::Eof | Tok::OpenBrace | Tok::Semi | Tok::Arrow | Tok::CloseBrace => {
                    self.unclosed(open, "a parameter or `)`");
                    return params;
                }
                _ => {}
            }
            let first = params.is_empty();
            match self.param(first, home) {
                Ok(param) => {
                    let failed = param.ty.as_ref().is_some_and(|ty| matches!(ty, Type::Error(_)));
                    params.push(param);
                    if failed {
                        self.skip_param();
                    }
                }
                Err(Reported) => self.skip_param(),
            }
            if !self.eat(Tok::Comma) && self.tok() != Tok::CloseParen {
                self.unexpected("`,` or `)`");
                self.skip_param();
                if !self.eat(Tok::Comma) && self.at_item() {
                    return params;
                }
            }
        }
    }

    fn param(&mut self, first: bool, home: Home) -> Result<Param> {
        if matches!(self.tok(), Tok::And) && matches!(self.peek(1), Tok::SelfValue | Tok::Mut) {
            let diagnostic = self
                .error(codes::SYNTAX, "there are no references")
                .help("`self` is a copy: write `self`");
            return Err(self.report(diagnostic));
        }
        let mutable = self.eat(Tok::Mut);
        if self.tok() == Tok::SelfValue {
            if !first || home == Home::Module {
                let diagnostic = self.error(
                    codes::SYNTAX,
                    "`self` is the first parameter of a function in an `impl`",
                );
                return Err(self.report(diagnostic));
            }
            let token = self.bump();
            return Ok(Param {
                name: Ident { name: self.intern(token), span: self.span(token) },
                mutable,
                ty: None,
            });
        }
        let name = self.binding("a parameter")?;
        if self.tok() != Tok::Colon {
            let diagnostic = self
                .error(
                    codes::SYNTAX,
                    format!("expected `:` and a type, found {}", self.tok().describe()),
                )
                .help("a parameter says its type: `x: i32`");
            self.report(diagnostic);
            return Ok(Param { name, mutable, ty: Some(Type::Error(name.span)) });
        }
        self.bump();
        Ok(Param { name, mutable, ty: Some(self.ty_or_error()) })
    }

    /// `= wasm { … };`, `= checked(n) wasm { … };`
    fn template_body(&mut self) -> Result<FnBody> {
        self.bump();
        let mut checked = None;
        if self.tok() == Tok::Ident && self.spelling(self.token()) == "checked" {
            self.bump();
            self.expect(Tok::OpenParen)?;
            let token = self.expect(Tok::Int)?;
            let value = self.decode(token, literal::int).map_or(0, |literal| literal.value);
            match u32::try_from(value) {
                Ok(value) => checked = Some(value),
                Err(_) => {
                    self.diagnostics.push(
                        Diagnostic::error(
                            codes::MALFORMED_NUMBER,
                            self.place(self.span(token)),
                            "no access is that wide",
                        )
                        .help("`checked(n)` takes the number of bytes accessed"),
                    );
                }
            }
            self.expect(Tok::CloseParen)?;
        }
        if self.tok() != Tok::Wasm {
            return Err(self.unexpected("`wasm { … }`"));
        }
        let template = self.template()?;
        self.expect(Tok::Semi)?;
        Ok(FnBody::Wasm { checked, template })
    }

    /// `wasm { … }`
    pub(super) fn template(&mut self) -> Result<Template> {
        self.bump();
        self.expect(Tok::OpenBrace)?;
        let token = self.expect(Tok::Template)?;
        self.expect(Tok::CloseBrace)?;
        Ok(Template {
            text: self.spelling(token).into(),
            span: Span::text(token.lo as usize, token.hi as usize),
        })
    }
}

/// The words of a doc comment: its three signs, one space and the line's end left out.
pub(crate) fn doc_text(comment: &str) -> &str {
    let text = comment[3..].trim_end_matches('\r');
    text.strip_prefix(' ').unwrap_or(text)
}
