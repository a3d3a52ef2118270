//! Text of a template ⇒ tokens, with each parenthesis knowing its partner.
//!
//! Invariant: parentheses in the result are balanced; what was wrong has been reported.

use std::ops::Range;

use super::{TextError, TextErrorKind};

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// `(`; where its partner is among the tokens.
    Open(usize),
    /// `)`.
    Close,
    /// `$name`.
    Name,
    /// A keyword, number or `offset=8`.
    Atom,
}

/// A token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// Characters of names and keywords.
fn is_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-./:<=>?@\\^_`|~".contains(&byte)
}

pub(super) fn lex(text: &str, errors: &mut Vec<TextError>) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<Token> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        if byte.is_ascii_whitespace() {
            at += 1;
        } else if rest.starts_with(b";;") {
            at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        } else if rest.starts_with(b"(;") {
            match comment_end(bytes, at) {
                Some(end) => at = end,
                None => {
                    errors.push(TextError::new(
                        at..at + 2,
                        TextErrorKind::Unterminated,
                        "this comment is not closed".to_owned(),
                    ));
                    at = bytes.len();
                }
            }
        } else if byte == b'(' {
            open.push(tokens.len());
            tokens.push(Token { kind: Kind::Open(0), range: at..at + 1 });
            at += 1;
        } else if byte == b')' {
            match open.pop() {
                Some(partner) => {
                    tokens[partner].kind = Kind::Open(tokens.len());
                    tokens.push(Token { kind: Kind::Close, range: at..at + 1 });
                }
                None => errors.push(TextError::new(
                    at..at + 1,
                    TextErrorKind::Unexpected,
                    "this parenthesis closes nothing".to_owned(),
                )),
            }
            at += 1;
        } else if is_id(byte) {
            let end = at + rest.iter().position(|byte| !is_id(*byte)).unwrap_or(rest.len());
            let kind = if byte == b'$' && end > at + 1 { Kind::Name } else { Kind::Atom };
            tokens.push(Token { kind, range: at..end });
            at = end;
        } else {
            let length = text[at..].chars().next().map_or(1, char::len_utf8);
            let message = format!("`{}` has no meaning here", &text[at..at + length]);
            errors.push(TextError::new(at..at + length, TextErrorKind::Unexpected, message));
            at += length;
        }
    }
    // Close what is open, so that what is inside can be parsed.
    while let Some(partner) = open.pop() {
        let message = "this parenthesis is not closed".to_owned();
        errors.push(TextError::new(
            tokens[partner].range.clone(),
            TextErrorKind::Unterminated,
            message,
        ));
        tokens[partner].kind = Kind::Open(tokens.len());
        tokens.push(Token { kind: Kind::Close, range: bytes.len()..bytes.len() });
    }
    tokens
}

/// Where a block comment ends; they nest.
fn comment_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0;
    let mut at = start;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"(;" => {
                depth += 1;
                at += 2;
            }
            b";)" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
}
