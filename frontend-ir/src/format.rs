//! Text becomes the same tokens with the spaces and indents that everybody's text has.
//!
//! Where lines end is the author's choice, as are comments, spellings and parentheses; blank lines are kept, one at a time. Invariant: the
//! tokens of the output are those of the input, comments among them, and formatting the output again changes nothing.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "there are a hundred kinds of tokens; a rule names those it is for"
)]

use crate::codes;
use crate::diagnostic::{Diagnostic, ModuleId};
use crate::lexer::{Lexer, Tok, Token};
use crate::parser::parse;

const INDENT: &str = "    ";
/// A comment that marks columns of the line above: it stays in its column.
const MARKS: &str = "//~";

/// Formats a file. Text that does not parse is left alone: the mistakes are told instead.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let mut diagnostics = parse("", text, ModuleId(0)).diagnostics;
    // A file of comments has its form too.
    diagnostics.retain(|diagnostic| diagnostic.code != codes::EMPTY_FILE);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut lexer = Lexer::new(text, 0, text.len(), ModuleId(0));
    let mut tokens = Vec::with_capacity(text.len() / 4);
    loop {
        let token = lexer.next();
        if token.tok == Tok::Eof {
            break;
        }
        tokens.push(token);
    }
    let mut formatter = Formatter {
        text,
        out: String::with_capacity(text.len() + text.len() / 8),
        open: Vec::new(),
        line_indent: 0,
        before: None,
    };
    for index in 0..tokens.len() {
        formatter.token(&tokens, index);
    }
    let mut out = formatter.out;
    if !out.is_empty() {
        out.push('\n');
    }
    Ok(out)
}

/// An open bracket.
struct Open {
    kind: Bracket,
    /// The indent of the line it stands in.
    indent: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Plain,
    /// `{` of a block, struct or match: spaces inside.
    Brace,
    /// `{` of a `use`: none.
    Use,
    /// `[` of an attribute: what follows it begins anew.
    Attribute,
}

/// What the token before the next one was.
#[derive(Clone, Copy)]
struct Before {
    tok: Tok,
    lo: usize,
    hi: usize,
    role: Role,
}

/// What a token is, besides its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain,
    /// A sign before its operand.
    Prefix,
    /// The first `|` of `|mem|`, and the name.
    ScopeOpen,
    ScopeName,
    /// The second one.
    ScopeClose,
    /// The tokens of `@"file":line:column`, by number, from 0 for the `@`.
    Position(u8),
    /// The `]` of an attribute.
    AttributeEnd,
}

struct Formatter<'t> {
    text: &'t str,
    out: String,
    open: Vec<Open>,
    line_indent: usize,
    before: Option<Before>,
}

/// Whether an operand may end with this token, so that a sign behind it is an infix operator.
fn ends_operand(tok: Tok) -> bool {
    is_word(tok) && !is_keyword(tok)
        || matches!(tok, Tok::CloseParen | Tok::CloseBracket | Tok::CloseBrace)
}

fn is_keyword(tok: Tok) -> bool {
    matches!(
        tok,
        Tok::As
            | Tok::Become
            | Tok::Break
            | Tok::Const
            | Tok::Continue
            | Tok::Data
            | Tok::Else
            | Tok::Extern
            | Tok::Fn
            | Tok::For
            | Tok::If
            | Tok::Impl
            | Tok::In
            | Tok::Let
            | Tok::Loop
            | Tok::Match
            | Tok::Mut
            | Tok::Pub
            | Tok::Return
            | Tok::Static
            | Tok::Struct
            | Tok::Use
            | Tok::Wasm
            | Tok::While
            | Tok::Scope
    )
}

fn is_word(tok: Tok) -> bool {
    is_keyword(tok)
        || matches!(
            tok,
            Tok::Ident
                | Tok::Quoted
                | Tok::Label
                | Tok::Int
                | Tok::Float
                | Tok::FloatWord
                | Tok::Char
                | Tok::Byte
                | Tok::Str
                | Tok::ByteStr
                | Tok::True
                | Tok::False
                | Tok::Underscore
                | Tok::SelfValue
        )
}

/// Whether a line that begins with this token goes on with the one before, whatever ended that.
fn continues(tok: Tok) -> bool {
    matches!(
        tok,
        Tok::Dot
            | Tok::Plus
            | Tok::Star
            | Tok::Slash
            | Tok::Percent
            | Tok::Caret
            | Tok::And
            | Tok::AndAnd
            | Tok::OrOr
            | Tok::Shl
            | Tok::Shr
            | Tok::EqEq
            | Tok::Ne
            | Tok::Lt
            | Tok::Le
            | Tok::Gt
            | Tok::Ge
            | Tok::As
            | Tok::Eq
            | Tok::Arrow
            | Tok::FatArrow
    )
}

fn is_comment(tok: Tok) -> bool {
    matches!(tok, Tok::LineComment | Tok::BlockComment | Tok::Doc | Tok::ModuleDoc)
}

impl Formatter<'_> {
    fn token(&mut self, tokens: &[Token], index: usize) {
        let token = tokens[index];
        let (lo, hi) = (token.lo as usize, token.hi as usize);
        if lo == hi {
            // The empty template of `wasm {}` is no text.
            return;
        }
        let role = self.role(token.tok);
        if let Some(before) = self.before {
            let breaks = self.text[before.hi..lo].bytes().filter(|byte| *byte == b'\n').count();
            if breaks > 0 {
                self.line(token.tok, before, breaks > 1);
                if token.tok == Tok::LineComment && self.text[lo..hi].starts_with(MARKS) {
                    // The author's own columns, after the line's end.
                    self.out.truncate(self.out.trim_end_matches(' ').len());
                    let column = self.text[..lo].chars().rev().take_while(|c| *c != '\n').count();
                    self.out.extend(std::iter::repeat_n(' ', column));
                }
            } else if self.space(before, token, role, tokens.get(index + 1)) {
                self.out.push(' ');
            }
        }
        self.out.push_str(match token.tok {
            Tok::LineComment => self.text[lo..hi].trim_end(),
            Tok::Doc | Tok::ModuleDoc => self.text[lo..hi].trim_end_matches('\r'),
            _ => &self.text[lo..hi],
        });
        let mut role = role;
        match token.tok {
            Tok::OpenBrace | Tok::OpenParen | Tok::OpenBracket => {
                let before = self.before.map(|before| before.tok);
                let kind = match (token.tok, before) {
                    (Tok::OpenBrace, Some(Tok::PathSep | Tok::Use)) => Bracket::Use,
                    (Tok::OpenBrace, _)
                        if self.open.last().is_some_and(|open| open.kind == Bracket::Use) =>
                    {
                        Bracket::Use
                    }
                    (Tok::OpenBrace, _) => Bracket::Brace,
                    (Tok::OpenBracket, Some(Tok::Hash)) => Bracket::Attribute,
                    _ => Bracket::Plain,
                };
                self.open.push(Open { kind, indent: self.line_indent });
            }
            Tok::CloseBrace | Tok::CloseParen | Tok::CloseBracket => {
                let opened = self.open.pop().map(|open| open.kind);
                role = if opened == Some(Bracket::Attribute) { Role::AttributeEnd } else { role };
            }
            _ => {}
        }
        self.before = Some(Before { tok: token.tok, lo, hi, role });
    }

    fn role(&self, tok: Tok) -> Role {
        let Some(before) = self.before else { return Role::Plain };
        match (before.role, before.tok, tok) {
            (_, _, Tok::At) => Role::Position(0),
            (Role::Position(number @ 0..5), ..) => Role::Position(number + 1),
            (_, Tok::Scope, Tok::Or) => Role::ScopeOpen,
            (Role::ScopeOpen, ..) => Role::ScopeName,
            (Role::ScopeName, _, Tok::Or) => Role::ScopeClose,
            (_, _, Tok::Minus) if !ends_operand(before.tok) => Role::Prefix,
            // The type `!`.
            (_, Tok::Arrow | Tok::As, Tok::Not) => Role::Plain,
            (_, _, Tok::Not) => Role::Prefix,
            _ => Role::Plain,
        }
    }

    /// Ends the line and indents the next, which begins with `tok`.
    fn line(&mut self, tok: Tok, before: Before, blank: bool) {
        let opened = matches!(before.tok, Tok::OpenBrace | Tok::OpenParen | Tok::OpenBracket);
        let closes = matches!(tok, Tok::CloseBrace | Tok::CloseParen | Tok::CloseBracket);
        self.out.push('\n');
        if blank && !opened && !closes {
            self.out.push('\n');
        }
        let indent = match self.open.last() {
            Some(open) if closes => open.indent,
            Some(open) => open.indent + 1,
            None => 0,
        };
        let ended = opened
            || matches!(before.tok, Tok::Semi | Tok::Comma | Tok::CloseBrace)
            || matches!(before.role, Role::AttributeEnd | Role::Position(5))
            || is_comment(before.tok) && self.comment_ended();
        let goes_on = if is_comment(tok) {
            !ended
        } else {
            !ended && tok != Tok::OpenBrace && tok != Tok::Else || continues(tok)
        };
        self.line_indent = if goes_on && !closes { indent + 1 } else { indent };
        for _ in 0..self.line_indent {
            self.out.push_str(INDENT);
        }
    }

    /// Whether the line of the comment before was not inside an expression: it stands where a statement would.
    fn comment_ended(&self) -> bool {
        self.line_indent <= self.open.last().map_or(0, |open| open.indent + 1)
    }

    /// Whether a space stands between two tokens of one line.
    fn space(&self, before: Before, token: Token, role: Role, next: Option<&Token>) -> bool {
        let wanted = self.wants_space(before, token.tok, role);
        wanted || self.sticks(before, token, next)
    }

    fn wants_space(&self, before: Before, tok: Tok, role: Role) -> bool {
        let inside = self.open.last().map(|open| open.kind);
        if is_comment(before.tok) || is_comment(tok) {
            return true;
        }
        match (before.tok, tok) {
            (Tok::OpenBrace, Tok::CloseBrace) => return false,
            (Tok::OpenBrace, Tok::Semi) => return true,
            (Tok::OpenBrace, _) | (_, Tok::CloseBrace) if inside == Some(Bracket::Use) => {
                return false;
            }
            (Tok::OpenParen | Tok::OpenBracket, _)
            | (
                _,
                Tok::CloseParen
                | Tok::CloseBracket
                | Tok::Comma
                | Tok::Semi
                | Tok::Dot
                | Tok::Colon,
            ) => return false,
            (Tok::OpenBrace, _) | (_, Tok::CloseBrace) => return true,
            (Tok::PathSep | Tok::Dot | Tok::Hash, _) | (_, Tok::PathSep) => return false,
            _ => {}
        }
        if let Role::Position(1..) = role {
            return false;
        }
        if before.role == Role::Prefix || before.role == Role::ScopeOpen || role == Role::ScopeClose
        {
            return false;
        }
        match (before.tok, tok) {
            (Tok::DotDot | Tok::DotDotEq, _) => {
                matches!(tok, Tok::OpenBrace | Tok::If | Tok::FatArrow | Tok::Or)
            }
            (_, Tok::DotDot | Tok::DotDotEq) => !ends_operand(before.tok),
            (_, Tok::OpenParen | Tok::OpenBracket) => {
                let calls = matches!(
                    before.tok,
                    Tok::Ident | Tok::Quoted | Tok::SelfValue | Tok::CloseParen | Tok::CloseBracket
                );
                !(calls || before.tok == Tok::Fn)
            }
            _ => true,
        }
    }

    /// Whether the two would be read as something else without a space between them.
    fn sticks(&self, before: Before, token: Token, next: Option<&Token>) -> bool {
        let plain = |tok| {
            matches!(
                tok,
                Tok::OpenParen
                    | Tok::CloseParen
                    | Tok::OpenBracket
                    | Tok::CloseBracket
                    | Tok::OpenBrace
                    | Tok::CloseBrace
                    | Tok::Comma
                    | Tok::Semi
            )
        };
        if plain(before.tok) || plain(token.tok) || is_comment(before.tok) || is_comment(token.tok)
        {
            return false;
        }
        let mut joined = self.text[before.lo..before.hi].to_owned();
        let first = joined.len();
        joined.push_str(&self.text[token.lo as usize..token.hi as usize]);
        // `1.max(2)`: what a point means shows behind it.
        if let (Tok::Dot, Some(next)) = (token.tok, next) {
            joined.push_str(&self.text[next.lo as usize..next.hi as usize]);
        }
        let mut lexer = Lexer::new(&joined, 0, joined.len(), ModuleId(0));
        let read = lexer.next();
        !(read.tok == before.tok && read.hi as usize == first && lexer.next().tok == token.tok)
    }
}
