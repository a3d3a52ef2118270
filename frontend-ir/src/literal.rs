//! Literals' spellings become values, and values spellings: `"a\n"` ⇔ the two characters. What is not well formed says why.

#![allow(clippy::wildcard_enum_match_arm, reason = "of a hundred kinds of tokens two are floats")]

use std::borrow::Cow;
use std::fmt::Write;

use crate::diagnostic::ModuleId;
use crate::ir::{FloatLiteral, IntLiteral, Radix, ValueType};
use crate::lexer::{Lexer, Tok, is_plain_name};

/// What is wrong with a literal: bytes of its spelling, and words for it.
#[derive(Debug)]
pub(crate) struct Malformed {
    /// Offset of the first byte.
    pub(crate) lo: usize,
    /// Offset behind the last byte.
    pub(crate) hi: usize,
    /// Number or text?
    pub(crate) number: bool,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: &'static str,
}

fn bad_number(text: &str, message: impl Into<String>, help: &'static str) -> Malformed {
    Malformed { lo: 0, hi: text.len(), number: true, message: message.into(), help }
}

/// The integer and float types by suffix.
fn suffix(text: &str) -> Option<ValueType> {
    Some(match text {
        "i8" => ValueType::I8,
        "u8" => ValueType::U8,
        "i16" => ValueType::I16,
        "u16" => ValueType::U16,
        "i32" => ValueType::I32,
        "u32" => ValueType::U32,
        "i64" => ValueType::I64,
        "u64" => ValueType::U64,
        "f32" => ValueType::F32,
        "f64" => ValueType::F64,
        "addr" => ValueType::Addr,
        _ => return None,
    })
}

const SUFFIXES: &str = "a number may end in i8, u8, i16, u16, i32, u32, i64, u64, f32, f64 or addr";

/// `12`, `0xff_u8`, `1f64`.
pub(crate) fn int(text: &str) -> Result<IntLiteral, Malformed> {
    let bytes = text.as_bytes();
    let (radix, base, start) = match bytes.get(1) {
        Some(b'x') if bytes[0] == b'0' => (Radix::Hexadecimal, 16, 2),
        Some(b'o') if bytes[0] == b'0' => (Radix::Octal, 8, 2),
        Some(b'b') if bytes[0] == b'0' => (Radix::Binary, 2, 2),
        _ => (Radix::Decimal, 10, 0),
    };
    // No `r` is a hexadecimal digit, so what ends in `addr` has that type.
    let end = if text.ends_with("addr") { text.len() - 4 } else { text.len() };
    let mut value = 0u64;
    let mut digits = 0;
    let mut overflow = false;
    let mut at = start;
    while at < end {
        match bytes[at] {
            b'_' => {}
            byte => match (byte as char).to_digit(16) {
                Some(digit) if digit < base => {
                    digits += 1;
                    match value
                        .checked_mul(u64::from(base))
                        .and_then(|value| value.checked_add(u64::from(digit)))
                    {
                        Some(next) => value = next,
                        None => overflow = true,
                    }
                }
                Some(digit) if digit < 10 => {
                    return Err(Malformed {
                        lo: at,
                        hi: at + 1,
                        number: true,
                        message: format!("`{digit}` is no digit of a number in base {base}"),
                        help: "write `0x` before a hexadecimal number, nothing before a decimal one",
                    });
                }
                _ => break,
            },
        }
        at += 1;
    }
    let rest = &text[at..];
    if digits == 0 {
        return Err(bad_number(
            text,
            "this number has no digits",
            "write at least one digit after the prefix",
        ));
    }
    let suffix = match rest {
        "" => None,
        _ => match suffix(rest) {
            Some(ValueType::F32 | ValueType::F64) if base != 10 => {
                return Err(bad_number(
                    text,
                    "only a decimal number can be made a float by its suffix",
                    "write an exponent: `0x1p0f32`",
                ));
            }
            Some(ty) => Some(ty),
            None => {
                return Err(Malformed {
                    lo: at,
                    hi: text.len(),
                    number: true,
                    message: format!("`{rest}` is no type of a number"),
                    help: SUFFIXES,
                });
            }
        },
    };
    if overflow {
        return Err(bad_number(
            text,
            "this integer is larger than any type holds",
            "the largest is 18446744073709551615, a u64",
        ));
    }
    Ok(IntLiteral { value, radix, suffix })
}

/// `1.5`, `1e3f32`, `0x1.8p3`.
pub(crate) fn float(text: &str) -> Result<FloatLiteral, Malformed> {
    let hex = text.starts_with("0x") || text.starts_with("0X");
    // The suffix starts at the first letter that is no digit and no exponent's.
    let mut exponent = false;
    let mut at = if hex { 2 } else { 0 };
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'0'..=b'9' | b'_' | b'.' | b'+' | b'-' => {}
            b'p' | b'P' if hex && !exponent => exponent = true,
            b'e' | b'E' if !hex && !exponent => exponent = true,
            byte if hex && !exponent && byte.is_ascii_hexdigit() => {}
            _ => break,
        }
        at += 1;
    }
    let rest = &text[at..];
    let suffix = match (rest, suffix(rest)) {
        ("", _) => None,
        (_, Some(ty @ (ValueType::F32 | ValueType::F64))) => Some(ty),
        _ => {
            return Err(Malformed {
                lo: at,
                hi: text.len(),
                number: true,
                message: format!("`{rest}` is no float type"),
                help: "a float may end in f32 or f64",
            });
        }
    };
    if hex && !text[2..at].starts_with(|c: char| c.is_ascii_hexdigit()) {
        return Err(bad_number(
            text,
            "this number has no digits before its point",
            "write `0x0.8p0`",
        ));
    }
    let mut text = text[..at].replace('_', "").to_ascii_lowercase();
    if text.ends_with('.') {
        // So that it can be printed before `..` and `.abs()`.
        text.push('0');
    }
    Ok(FloatLiteral { text: text.into(), suffix })
}

/// `inf`, `nan_f32`, `nan:0x200000`.
pub(crate) fn float_word(text: &str) -> Result<FloatLiteral, Malformed> {
    let (head, payload) =
        text.split_once(':').map_or((text, None), |(head, payload)| (head, Some(payload)));
    let (word, suffix) = match head.split_once('_') {
        Some((word, ty)) => (word, suffix(ty)),
        None => (head, None),
    };
    let text = match payload {
        None => word.into(),
        Some(payload) => {
            let digits = payload[2..].replace('_', "");
            match u64::from_str_radix(&digits, 16) {
                Ok(bits) if bits != 0 && bits < 1 << 52 => format!("{word}:0x{bits:x}").into(),
                _ => {
                    return Err(bad_number(
                        text,
                        "this is no payload of a NaN",
                        "it has 1 to 52 bits (23 for an f32) and is not zero",
                    ));
                }
            }
        }
    };
    Ok(FloatLiteral { text, suffix })
}

/// A float as text, without a type: `1.5`, `inf`, `nan:0x200000`.
pub(crate) fn any_float(text: &str) -> Option<FloatLiteral> {
    let mut lexer = Lexer::new(text, 0, text.len(), ModuleId(0));
    let token = lexer.next();
    if token.lo != 0 || token.hi as usize != text.len() || !lexer.diagnostics.is_empty() {
        return None;
    }
    match token.tok {
        Tok::Float => float(text).ok(),
        Tok::FloatWord => float_word(text).ok(),
        _ => None,
    }
}

/// Walks over the inside of a quoted literal and hands on characters and, for byte literals, bytes.
fn unescape(
    inner: &str,
    offset: usize,
    bytes: bool,
    mut put: impl FnMut(Result<char, u8>),
) -> Result<(), Malformed> {
    let fail = |lo: usize, hi: usize, message: String, help: &'static str| {
        Err(Malformed { lo: offset + lo, hi: offset + hi, number: false, message, help })
    };
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let lo = inner.len() - rest.len();
        rest = &rest[c.len_utf8()..];
        if c == '\r' && rest.starts_with('\n') {
            continue;
        }
        if c != '\\' {
            if bytes && !c.is_ascii() {
                return fail(
                    lo,
                    lo + c.len_utf8(),
                    format!("`{c}` is no single byte"),
                    "write its bytes as `\\xff`",
                );
            }
            put(Ok(c));
            continue;
        }
        let escape = rest.chars().next().unwrap_or('\0');
        rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
        match escape {
            'n' => put(Ok('\n')),
            't' => put(Ok('\t')),
            'r' => put(Ok('\r')),
            '0' => put(Ok('\0')),
            '\\' | '\'' | '"' | '`' => put(Ok(escape)),
            '\n' => rest = rest.trim_start_matches([' ', '\t', '\n', '\r']),
            '\r' if rest.starts_with('\n') => {
                rest = rest.trim_start_matches([' ', '\t', '\n', '\r'])
            }
            'x' => {
                let value = rest
                    .get(..2)
                    .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok());
                match value {
                    Some(byte) if bytes => put(Err(byte)),
                    Some(byte) if byte < 0x80 => put(Ok(byte as char)),
                    Some(_) => {
                        return fail(
                            lo,
                            lo + 4,
                            "an escape above `\\x7f` is no character".into(),
                            "write `\\u{ff}` for the character, or a byte string `b\"…\"`",
                        );
                    }
                    None => {
                        return fail(
                            lo,
                            lo + 2,
                            "`\\x` needs two hexadecimal digits".into(),
                            "write `\\x0a`, for one",
                        );
                    }
                }
                rest = &rest[2..];
            }
            'u' if !bytes => {
                let digits = rest
                    .strip_prefix('{')
                    .and_then(|rest| rest.split_once('}'))
                    .map(|(digits, _)| digits);
                let value = digits
                    .map(|digits| digits.replace('_', ""))
                    .filter(|digits| {
                        digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_hexdigit())
                    })
                    .and_then(|digits| u32::from_str_radix(&digits, 16).ok())
                    .and_then(char::from_u32);
                match (digits, value) {
                    (Some(digits), Some(c)) => {
                        put(Ok(c));
                        rest = &rest[digits.len() + 2..];
                    }
                    _ => {
                        return fail(
                            lo,
                            lo + 2,
                            "this is no character's number".into(),
                            "write `\\u{1f600}`: one to six hexadecimal digits, at most 10ffff, no surrogate",
                        );
                    }
                }
            }
            'u' => {
                return fail(
                    lo,
                    lo + 2,
                    "a byte literal has no `\\u`".into(),
                    "write its bytes as `\\xff`",
                );
            }
            _ => {
                let hi = lo + 1 + escape.len_utf8();
                return fail(
                    lo,
                    hi.min(inner.len()),
                    format!("`\\{}` is no escape", escape.escape_debug()),
                    "known are \\n \\t \\r \\0 \\\\ \\' \\\" \\` \\x7f \\u{…} and a line's end; write `\\\\` for a backslash",
                );
            }
        }
    }
    Ok(())
}

/// `"…"` or `` `…` ``, quotes included.
pub(crate) fn text(spelling: &str) -> Result<Box<str>, Malformed> {
    let inner = &spelling[1..spelling.len() - 1];
    if !inner.contains(['\\', '\r']) {
        return Ok(inner.into());
    }
    let mut out = String::with_capacity(inner.len());
    unescape(inner, 1, false, |piece| out.push(piece.unwrap_or_else(char::from)))?;
    Ok(out.into())
}

/// `b"…"`
pub(crate) fn bytes(spelling: &str) -> Result<Box<[u8]>, Malformed> {
    let inner = &spelling[2..spelling.len() - 1];
    let mut out = Vec::with_capacity(inner.len());
    unescape(inner, 2, true, |piece| out.push(piece.map_or_else(|byte| byte, |c| c as u8)))?;
    Ok(out.into())
}

/// `'c'`
pub(crate) fn char(spelling: &str) -> Result<char, Malformed> {
    let inner = &spelling[1..spelling.len() - 1];
    let mut found = Vec::new();
    unescape(inner, 1, false, |piece| found.push(piece.unwrap_or_else(char::from)))?;
    match found[..] {
        [c] if inner != "'" => Ok(c),
        _ => Err(Malformed {
            lo: 0,
            hi: spelling.len(),
            number: false,
            message: "a character literal holds exactly one character".into(),
            help: "a text of several characters is written `\"…\"`",
        }),
    }
}

/// `b'c'`
pub(crate) fn byte(spelling: &str) -> Result<u8, Malformed> {
    match bytes(spelling)?[..] {
        [byte] => Ok(byte),
        _ => Err(Malformed {
            lo: 0,
            hi: spelling.len(),
            number: false,
            message: "a byte literal holds exactly one byte".into(),
            help: "several bytes are written `b\"…\"`",
        }),
    }
}

/// A name as text: in back-ticks if it is not a plain one.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    if is_plain_name(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    quote(&mut out, text, '`');
    Cow::Owned(out)
}

/// A label as text.
pub(crate) fn label(text: &str) -> String {
    let mut out = String::from("'");
    let plain = text.starts_with(|c: char| c == '_' || c.is_alphabetic())
        && text.chars().all(|c| c == '_' || c.is_alphanumeric());
    if plain {
        out.push_str(text);
    } else {
        // A quote in it would make `'`'` look like a character.
        let mut quoted = String::new();
        quote(&mut quoted, text, '`');
        out.push_str(&quoted.replace('\'', "\\'"));
    }
    out
}

/// Text between quotes, escaped.
pub(crate) fn quote(out: &mut String, text: &str, quote: char) {
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') =>
            {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// Bytes between quotes, with the `b` before them.
pub(crate) fn quote_bytes(out: &mut String, bytes: &[u8], quote: char) {
    out.push('b');
    out.push(quote);
    for &byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\0' => out.push_str("\\0"),
            b'\\' => out.push_str("\\\\"),
            byte if byte as char == quote => {
                out.push('\\');
                out.push(quote);
            }
            0x20..0x7f => out.push(byte as char),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(quote);
}

/// The name of a scalar type.
pub(crate) fn type_name(ty: ValueType) -> &'static str {
    match ty {
        ValueType::Bool => "bool",
        ValueType::Char => "char",
        ValueType::I8 => "i8",
        ValueType::U8 => "u8",
        ValueType::I16 => "i16",
        ValueType::U16 => "u16",
        ValueType::I32 => "i32",
        ValueType::U32 => "u32",
        ValueType::I64 => "i64",
        ValueType::U64 => "u64",
        ValueType::F32 => "f32",
        ValueType::F64 => "f64",
        ValueType::V128 => "v128",
        ValueType::Addr => "addr",
    }
}

/// An integer in its base, with its type.
pub(crate) fn print_int(out: &mut String, literal: &IntLiteral) {
    let IntLiteral { value, radix, suffix } = *literal;
    let _ = match radix {
        Radix::Binary => write!(out, "0b{value:b}"),
        Radix::Octal => write!(out, "0o{value:o}"),
        Radix::Decimal => write!(out, "{value}"),
        Radix::Hexadecimal => write!(out, "0x{value:x}"),
    };
    out.push_str(suffix.map_or("", type_name));
}

/// A float with its type.
pub(crate) fn print_float(out: &mut String, literal: &FloatLiteral) {
    let FloatLiteral { text, suffix } = literal;
    match suffix {
        Some(ty) if text.starts_with(['i', 'n']) => {
            let (word, payload) = text.split_at(3);
            let _ = write!(out, "{word}_{}{payload}", type_name(*ty));
        }
        _ => {
            out.push_str(text);
            out.push_str(suffix.map_or("", type_name));
        }
    }
}
