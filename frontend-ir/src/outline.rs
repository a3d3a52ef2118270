//! A file's text becomes the list of its items, bodies skipped: what a library that is read lazily needs first.
//!
//! Invariant: an entry's range, given to [`parse_item`](crate::parser::parse_item), gives the item that parsing the whole file would.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "there are a hundred kinds of tokens; what can go on names those it goes on with"
)]

use std::borrow::Cow;
use std::ops::Range;

use crate::diagnostic::ModuleId;
use crate::lexer::{Lexer, Tok, Token};
use crate::literal;

/// The items of a file.
#[derive(Clone, Default, Debug)]
pub struct Outline<'t> {
    /// What `module …;` says, joined by `::`.
    pub module: Option<String>,
    /// Items in order; each function of an `impl` is an entry of its own, the `impl` is none.
    pub items: Vec<OutlineItem<'t>>,
}

/// An item, or a function of an `impl`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutlineItem<'t> {
    /// What it is.
    pub kind: OutlineKind,
    /// Its name; empty for a `use`.
    pub name: Cow<'t, str>,
    /// For a function of an `impl`: the type's text, as it is written.
    pub owner: Option<&'t str>,
    /// Whether `pub` stands before it.
    pub public: bool,
    /// Its bytes, docs and attributes included.
    pub range: Range<usize>,
}

/// What an [`OutlineItem`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum OutlineKind {
    Use,
    Const,
    Static,
    Fn,
    Struct,
}

/// Reads a file's outline. A file that does not parse gives what comes before the mistake; [`parse`](crate::parser::parse) tells what it is.
pub fn outline(text: &str) -> Outline<'_> {
    let mut lexer = Lexer::new(text, 0, text.len(), ModuleId(0));
    let first = significant(&mut lexer);
    let mut reader = Reader { text, lexer, token: first, end: 0 };
    let mut outline = Outline::default();
    // `None`: the text ended early or says something else.
    let _ = reader.file(&mut outline);
    outline
}

fn significant(lexer: &mut Lexer<'_>) -> Token {
    loop {
        let token = lexer.next();
        if !matches!(token.tok, Tok::LineComment | Tok::BlockComment) {
            return token;
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    token: Token,
    /// Where the token before it ends.
    end: usize,
}

impl<'t> Reader<'t> {
    fn bump(&mut self) -> Token {
        let token = self.token;
        self.end = token.hi as usize;
        self.token = significant(&mut self.lexer);
        token
    }

    fn eat(&mut self, tok: Tok) -> bool {
        let found = self.token.tok == tok;
        if found {
            self.bump();
        }
        found
    }

    fn spelling(&self, token: Token) -> &'t str {
        &self.text[token.lo as usize..token.hi as usize]
    }

    fn name(&mut self) -> Option<Cow<'t, str>> {
        let token = self.bump();
        match token.tok {
            Tok::Ident => Some(Cow::Borrowed(self.spelling(token))),
            // What the lexer had to cut has no closing quote.
            Tok::Quoted if !self.lexer.cut.contains(&token.hi) => {
                literal::text(self.spelling(token)).ok().map(|text| Cow::Owned(text.into()))
            }
            _ => None,
        }
    }

    /// From a `{`, the next token, to behind its `}`.
    fn braces(&mut self) -> Option<()> {
        debug_assert!(self.token.tok == Tok::OpenBrace, "the caller looked");
        if !self.lexer.skip_braces() {
            return None;
        }
        self.token = significant(&mut self.lexer);
        self.eat(Tok::CloseBrace).then_some(())
    }

    /// To behind the next `;`.
    fn semi(&mut self) -> Option<()> {
        loop {
            match self.token.tok {
                Tok::Eof => return None,
                // The lexer is inside a template here: it makes the braces' tokens itself.
                Tok::Wasm => {
                    for _ in 0..4 {
                        self.bump();
                    }
                }
                Tok::OpenBrace => self.braces()?,
                Tok::OpenBracket => self.brackets()?,
                Tok::Semi => {
                    self.bump();
                    return Some(());
                }
                _ => {
                    self.bump();
                }
            }
        }
    }

    /// From a `[` to behind its `]`; there are semicolons in `data [[0u8; 4]]`.
    fn brackets(&mut self) -> Option<()> {
        let mut depth = 0u32;
        loop {
            match self.token.tok {
                Tok::Eof => return None,
                Tok::OpenBracket => depth += 1,
                Tok::CloseBracket => depth -= 1,
                _ => {}
            }
            self.bump();
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn file(&mut self, outline: &mut Outline<'t>) -> Option<()> {
        while self.token.tok == Tok::ModuleDoc {
            self.bump();
        }
        if self.token.tok == Tok::Ident && self.spelling(self.token) == "module" {
            self.bump();
            let mut name = self.name()?.into_owned();
            while self.eat(Tok::PathSep) {
                name.push_str("::");
                name.push_str(&self.name()?);
            }
            outline.module = Some(name);
            self.semi()?;
            while self.token.tok == Tok::ModuleDoc {
                self.bump();
            }
        }
        while self.token.tok != Tok::Eof {
            self.item(None, outline)?;
        }
        Some(())
    }

    fn item(&mut self, owner: Option<&'t str>, outline: &mut Outline<'t>) -> Option<()> {
        let lo = self.token.lo as usize;
        loop {
            match self.token.tok {
                Tok::Doc => {
                    self.bump();
                }
                Tok::Hash => {
                    self.bump();
                    self.brackets()?;
                }
                _ => break,
            }
        }
        let public = self.eat(Tok::Pub);
        let kind = match self.bump().tok {
            Tok::Use => OutlineKind::Use,
            Tok::Const => OutlineKind::Const,
            Tok::Static => {
                self.eat(Tok::Mut);
                OutlineKind::Static
            }
            Tok::Extern => self.eat(Tok::Fn).then_some(OutlineKind::Fn)?,
            Tok::Fn => OutlineKind::Fn,
            Tok::Struct => OutlineKind::Struct,
            Tok::Impl if owner.is_none() => {
                let from = self.token.lo as usize;
                while self.token.tok != Tok::OpenBrace {
                    if self.token.tok == Tok::Eof {
                        return None;
                    }
                    self.bump();
                }
                // Nothing before the brace: the parser reports it.
                let target = self.text.get(from..self.end).unwrap_or_default();
                self.bump();
                while self.token.tok != Tok::CloseBrace {
                    self.item(Some(target), outline)?;
                }
                self.bump();
                return Some(());
            }
            _ => return None,
        };
        let name = match kind {
            OutlineKind::Use => {
                // The braces of a `use` are few; their tokens go one by one.
                while self.token.tok != Tok::Semi {
                    if self.token.tok == Tok::Eof {
                        return None;
                    }
                    self.bump();
                }
                self.bump();
                Cow::Borrowed("")
            }
            OutlineKind::Const | OutlineKind::Static => {
                let name = self.name()?;
                self.semi()?;
                name
            }
            OutlineKind::Fn => {
                let name = self.name()?;
                loop {
                    match self.token.tok {
                        Tok::OpenBrace => {
                            self.braces()?;
                            break;
                        }
                        Tok::Semi | Tok::Eq => {
                            self.semi()?;
                            break;
                        }
                        Tok::Eof => return None,
                        _ => {
                            self.bump();
                        }
                    }
                }
                name
            }
            OutlineKind::Struct => {
                let name = self.name()?;
                (self.token.tok == Tok::OpenBrace).then_some(())?;
                self.braces()?;
                name
            }
        };
        outline.items.push(OutlineItem { kind, name, owner, public, range: lo..self.end });
        Some(())
    }
}
