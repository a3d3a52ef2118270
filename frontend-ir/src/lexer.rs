//! Text becomes tokens: what they are and which bytes they cover. What a literal means is decided where it is used ([`crate::literal`]).
//!
//! Invariant: tokens cover disjoint, ascending byte ranges, and what lies between two of them is white space (and what was reported as
//! unknown). A `wasm` that is followed by `{` is followed by exactly `{`, [`Tok::Template`], `}`, unless the template never ends.

use crate::codes;
use crate::diagnostic::{Code, Diagnostic, ModuleId, Place};
use crate::source::Span;

macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident $text:literal,)*) => {
        /// The kinds of tokens.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Tok { $($(#[$doc])* $name,)* }
        impl Tok {
            /// How a message calls it.
            pub(crate) fn describe(self) -> &'static str {
                match self { $(Tok::$name => $text,)* }
            }
        }
    };
}

tokens! {
    Eof "the end of the file",
    Ident "a name",
    /// A name in back-ticks.
    Quoted "a name",
    /// `'l`
    Label "a label",
    Int "a number",
    Float "a number",
    /// `inf`, `nan`, with or without a type, and `nan:0x200000`.
    FloatWord "a number",
    Char "a character",
    Byte "a byte",
    Str "a string",
    ByteStr "a byte string",
    /// The text inside `wasm { … }`, white space at its ends left out.
    Template "a template",
    /// `///`
    Doc "a doc comment",
    /// `//!`
    ModuleDoc "a module doc comment",
    /// `//`; only [`Lexer::next`] gives comments, [`tokens`] leaves them out.
    LineComment "a comment",
    /// `/* */`
    BlockComment "a comment",
    OpenParen "`(`", CloseParen "`)`", OpenBrace "`{`", CloseBrace "`}`", OpenBracket "`[`", CloseBracket "`]`",
    Comma "`,`", Semi "`;`", Colon "`:`", PathSep "`::`", Dot "`.`", DotDot "`..`", DotDotEq "`..=`",
    Arrow "`->`", FatArrow "`=>`", At "`@`", Hash "`#`", Question "`?`", Tilde "`~`", Dollar "`$`",
    Eq "`=`", EqEq "`==`", Ne "`!=`", Lt "`<`", Le "`<=`", Gt "`>`", Ge "`>=`", Not "`!`",
    Plus "`+`", Minus "`-`", Star "`*`", Slash "`/`", Percent "`%`", And "`&`", Or "`|`", Caret "`^`", Shl "`<<`", Shr "`>>`",
    AndAnd "`&&`", OrOr "`||`",
    PlusEq "`+=`", MinusEq "`-=`", StarEq "`*=`", SlashEq "`/=`", PercentEq "`%=`", AndEq "`&=`", OrEq "`|=`", CaretEq "`^=`",
    ShlEq "`<<=`", ShrEq "`>>=`",
    As "`as`", Become "`become`", Break "`break`", Const "`const`", Continue "`continue`", Data "`data`", Else "`else`",
    Extern "`extern`", False "`false`", Fn "`fn`", For "`for`", If "`if`", Impl "`impl`", In "`in`", Let "`let`", Loop "`loop`",
    Match "`match`", Mut "`mut`", Pub "`pub`", Return "`return`", Static "`static`", Struct "`struct`", True "`true`",
    Use "`use`", Wasm "`wasm`", While "`while`", Scope "`with_memory_allocator`", Underscore "`_`",
    SelfValue "`self`",
    /// A word that is kept for later ([`reserved_for`]).
    Reserved "a reserved word",
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) tok: Tok,
    /// Its first byte.
    pub(crate) lo: u32,
    /// One past its last byte.
    pub(crate) hi: u32,
}

/// The token that `word` is, if it is not just a name.
pub(crate) fn keyword(word: &str) -> Tok {
    match word.len() {
        1 if word == "_" => Tok::Underscore,
        2 => match word {
            "as" => Tok::As,
            "fn" => Tok::Fn,
            "if" => Tok::If,
            "in" => Tok::In,
            "do" => Tok::Reserved,
            _ => Tok::Ident,
        },
        3 => match word {
            "let" => Tok::Let,
            "mut" => Tok::Mut,
            "for" => Tok::For,
            "pub" => Tok::Pub,
            "use" => Tok::Use,
            "inf" | "nan" => Tok::FloatWord,
            "any" | "box" | "cfg" | "dyn" | "gen" | "mod" | "ref" | "try" => Tok::Reserved,
            _ => Tok::Ident,
        },
        4 => match word {
            "self" => Tok::SelfValue,
            "else" => Tok::Else,
            "true" => Tok::True,
            "loop" => Tok::Loop,
            "impl" => Tok::Impl,
            "data" => Tok::Data,
            "wasm" => Tok::Wasm,
            "enum" | "goto" | "move" | "priv" | "type" => Tok::Reserved,
            _ => Tok::Ident,
        },
        5 => match word {
            "while" => Tok::While,
            "match" => Tok::Match,
            "break" => Tok::Break,
            "const" => Tok::Const,
            "false" => Tok::False,
            "async" | "await" | "catch" | "class" | "crate" | "final" | "macro" | "super"
            | "throw" | "trait" | "where" | "yield" => Tok::Reserved,
            _ => Tok::Ident,
        },
        6 => match word {
            "return" => Tok::Return,
            "struct" => Tok::Struct,
            "static" => Tok::Static,
            "extern" => Tok::Extern,
            "become" => Tok::Become,
            "string" | "typeof" | "unsafe" => Tok::Reserved,
            _ => Tok::Ident,
        },
        7 if matches!(word, "inf_f32" | "inf_f64" | "nan_f32" | "nan_f64") => Tok::FloatWord,
        7 if matches!(word, "finally" | "unsized" | "virtual") => Tok::Reserved,
        8 if word == "continue" => Tok::Continue,
        8 if matches!(word, "abstract" | "override") => Tok::Reserved,
        9 if matches!(word, "exception" | "interface") => Tok::Reserved,
        21 if word == "with_memory_allocator" => Tok::Scope,
        _ => Tok::Ident,
    }
}

/// What a [`Tok::Reserved`] word is kept for.
pub(crate) fn reserved_for(word: &str) -> &'static str {
    match word {
        "class" | "interface" | "virtual" | "override" | "final" | "abstract" | "super" => {
            "classes and interfaces, which are not part of the language yet"
        }
        "enum" => "tagged unions, which are not part of the language yet",
        "try" | "catch" | "finally" | "throw" | "exception" => {
            "exceptions, which are not part of the language yet"
        }
        "any" | "string" | "ref" | "box" => {
            "reference types, which are not part of the language yet"
        }
        "async" | "await" | "gen" | "yield" => {
            "stack switching, which is not part of the language yet"
        }
        "cfg" => "conditional compilation, which is not part of the language yet",
        "goto" => "irreducible control flow, which is not part of the language yet",
        "mod" => "Rust's word: a module is a file, and `module name;` at its top names it",
        "type" | "trait" | "where" | "dyn" => "generic code; the language has none",
        "unsafe" => "Rust's word; nothing here is unsafe",
        _ => "a later version of the language",
    }
}

/// Whether `text` can stand as a name without back-ticks.
pub(crate) fn is_plain_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
        && keyword(text) == Tok::Ident
}

const SPACE: u8 = 1;
const WORD: u8 = 2;
const DIGIT: u8 = 4;
/// Bytes that [`Lexer::skip_braces`] must look at.
const STOP: u8 = 8;
const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        table[at] = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => SPACE,
            b'0'..=b'9' => WORD | DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => WORD,
            b'{' | b'}' | b'"' | b'\'' | b'`' | b'/' => STOP,
            _ => 0,
        };
        at += 1;
    }
    table
};

const UNKNOWN_HELP: &str = "remove it; a name with such a character stands in back-ticks";

/// Where the lexer is in `wasm { … }`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Normal,
    /// `{` comes next.
    TemplateBrace,
    /// The template comes next; where its `{` stands.
    Template(u32),
}

/// Reads tokens one after the other.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    pos: usize,
    end: usize,
    mode: Mode,
    module: ModuleId,
    /// What was wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Where literals end that had no end: what follows them is likely to be reported without need.
    pub(crate) cut: Vec<u32>,
    /// Where characters stood that mean nothing.
    pub(crate) left_out: Vec<u32>,
}

impl<'t> Lexer<'t> {
    /// Reads bytes `lo..hi` of `text`, both at ends of characters.
    pub(crate) fn new(text: &'t str, lo: usize, hi: usize, module: ModuleId) -> Self {
        let mut lexer = Self {
            text,
            pos: lo,
            end: hi,
            mode: Mode::Normal,
            module,
            diagnostics: Vec::new(),
            cut: Vec::new(),
            left_out: Vec::new(),
        };
        if lo == 0 && text.starts_with('\u{feff}') {
            lexer.pos = 3;
        }
        lexer
    }

    fn byte(&self, ahead: usize) -> u8 {
        let at = self.pos + ahead;
        if at < self.end { self.text.as_bytes()[at] } else { 0 }
    }

    fn error(
        &mut self,
        code: Code,
        lo: usize,
        hi: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics.push(
            Diagnostic::error(
                code,
                Place { module: self.module, span: Span::text(lo, hi) },
                message,
            )
            .help(help),
        );
    }

    fn skip_while(&mut self, class: u8) {
        let bytes = &self.text.as_bytes()[..self.end];
        while self.pos < self.end && CLASS[bytes[self.pos] as usize] & class != 0 {
            self.pos += 1;
        }
    }

    /// To the end of a word: ASCII quickly, anything else by character.
    fn skip_word(&mut self) {
        loop {
            self.skip_while(WORD);
            if self.byte(0) < 0x80 {
                return;
            }
            match self.text[self.pos..self.end].chars().next() {
                Some(c) if c.is_alphanumeric() => self.pos += c.len_utf8(),
                _ => return,
            }
        }
    }

    /// The next token, comments included.
    pub(crate) fn next(&mut self) -> Token {
        loop {
            self.skip_while(SPACE);
            let lo = self.pos;
            if lo >= self.end {
                return Token { tok: Tok::Eof, lo: lo as u32, hi: lo as u32 };
            }
            match self.mode {
                Mode::Normal => {}
                Mode::TemplateBrace => {
                    self.mode = Mode::Template(lo as u32);
                    self.pos += 1;
                    return Token { tok: Tok::OpenBrace, lo: lo as u32, hi: self.pos as u32 };
                }
                Mode::Template(brace) => {
                    self.mode = Mode::Normal;
                    return self.template(brace as usize);
                }
            }
            if let Some(tok) = self.token(lo) {
                return Token { tok, lo: lo as u32, hi: self.pos as u32 };
            }
        }
    }

    fn token(&mut self, lo: usize) -> Option<Tok> {
        let first = self.byte(0);
        let class = CLASS[first as usize];
        if class & DIGIT != 0 {
            return Some(self.number());
        }
        if class & WORD != 0 {
            if first == b'b' && matches!(self.byte(1), b'\'' | b'"') {
                self.pos += 1;
                return Some(if self.byte(0) == b'"' {
                    self.quoted(lo, b'"', "byte string");
                    Tok::ByteStr
                } else {
                    self.quoted(lo, b'\'', "byte");
                    Tok::Byte
                });
            }
            return Some(self.word(lo));
        }
        if first >= 0x80 {
            return self.beyond_ascii(lo);
        }
        match first {
            b'"' => {
                self.quoted(lo, b'"', "string");
                Some(Tok::Str)
            }
            b'`' => {
                self.quoted(lo, b'`', "name in back-ticks");
                Some(Tok::Quoted)
            }
            b'\'' => Some(self.char_or_label(lo)),
            b'/' if self.byte(1) == b'/' => {
                let tok = match (self.byte(2), self.byte(3)) {
                    (b'/', b'/') => Tok::LineComment,
                    (b'/', _) => Tok::Doc,
                    (b'!', _) => Tok::ModuleDoc,
                    _ => Tok::LineComment,
                };
                let rest = &self.text.as_bytes()[lo..self.end];
                self.pos =
                    rest.iter().position(|byte| *byte == b'\n').map_or(self.end, |at| lo + at);
                Some(tok)
            }
            b'/' if self.byte(1) == b'*' => {
                if !skip_nested(self.text.as_bytes(), &mut self.pos, self.end, b"/*", b"*/") {
                    self.error(
                        codes::UNTERMINATED,
                        lo,
                        lo + 2,
                        "this comment never ends",
                        "close it with `*/`; comments nest",
                    );
                }
                Some(Tok::BlockComment)
            }
            _ => self.punctuation(first, lo),
        }
    }

    fn word(&mut self, lo: usize) -> Tok {
        self.skip_word();
        let tok = keyword(&self.text[lo..self.pos]);
        if tok == Tok::Wasm {
            let rest = &self.text.as_bytes()[self.pos..self.end];
            if rest.iter().find(|byte| CLASS[**byte as usize] & SPACE == 0) == Some(&b'{') {
                self.mode = Mode::TemplateBrace;
            }
        } else if tok == Tok::FloatWord
            && self.byte(0) == b':'
            && self.byte(1) == b'0'
            && self.byte(2) == b'x'
            && &self.text[lo..lo + 3] == "nan"
        {
            self.pos += 3;
            self.skip_while(WORD);
        }
        tok
    }

    fn beyond_ascii(&mut self, lo: usize) -> Option<Tok> {
        let c = self.text[lo..self.end].chars().next().unwrap_or('\u{fffd}');
        if c.is_alphabetic() {
            return Some(self.word(lo));
        }
        self.pos += c.len_utf8();
        self.leave_out(lo, c);
        None
    }

    /// Skips a character that is no part of any token; tells so unless it is white space.
    fn leave_out(&mut self, lo: usize, c: char) {
        if c.is_whitespace() {
            return;
        }
        self.left_out.push(lo as u32);
        self.error(
            codes::UNKNOWN_CHARACTER,
            lo,
            lo + c.len_utf8(),
            format!("`{}` means nothing here", c.escape_debug()),
            UNKNOWN_HELP,
        );
    }

    fn number(&mut self) -> Tok {
        if self.byte(0) == b'0' && matches!(self.byte(1), b'x' | b'X') {
            // A hexadecimal number is a float only with an exponent: `0xf.max(x)` calls a method.
            let bytes = &self.text.as_bytes()[..self.end];
            let digits = |mut at: usize| {
                while at < bytes.len() && (bytes[at].is_ascii_hexdigit() || bytes[at] == b'_') {
                    at += 1;
                }
                at
            };
            let mut at = digits(self.pos + 2);
            if bytes.get(at) == Some(&b'.') {
                at = digits(at + 1);
            }
            if matches!(bytes.get(at), Some(b'p' | b'P')) {
                at += 1;
                if matches!(bytes.get(at), Some(b'+' | b'-')) {
                    at += 1;
                }
                if bytes.get(at).is_some_and(u8::is_ascii_digit) {
                    self.pos = at;
                    self.skip_word();
                    return Tok::Float;
                }
            }
            self.skip_word();
            return Tok::Int;
        }
        if self.byte(0) == b'0' && matches!(self.byte(1), b'b' | b'o' | b'B' | b'O') {
            self.skip_word();
            return Tok::Int;
        }
        let mut tok = Tok::Int;
        let digits = |lexer: &mut Self| {
            while lexer.byte(0).is_ascii_digit() || lexer.byte(0) == b'_' {
                lexer.pos += 1;
            }
        };
        digits(self);
        if self.byte(0) == b'.' && self.byte(1) != b'.' && self.byte(1) < 0x80 {
            let after = CLASS[self.byte(1) as usize];
            if after & DIGIT != 0 {
                tok = Tok::Float;
                self.pos += 1;
                digits(self);
            } else if after & WORD == 0 && self.byte(1) != b'`' {
                self.pos += 1;
                return Tok::Float;
            }
        }
        if matches!(self.byte(0), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(1), b'+' | b'-'));
            let mut at = 1 + sign;
            while self.byte(at) == b'_' {
                at += 1;
            }
            if self.byte(at).is_ascii_digit() {
                tok = Tok::Float;
                self.pos += at;
            }
        }
        self.skip_word();
        tok
    }

    /// From the opening quote on to behind the closing one.
    fn quoted(&mut self, lo: usize, quote: u8, what: &str) {
        let bytes = &self.text.as_bytes()[..self.end];
        let mut at = self.pos + 1;
        while at < bytes.len() {
            match bytes[at] {
                byte if byte == quote => {
                    self.pos = at + 1;
                    return;
                }
                b'\\' => at += 2,
                b'\n' if quote != b'"' => break,
                _ => at += 1,
            }
        }
        // No such quote follows in the whole file (or line): whatever was meant, the rest of the line is the best guess.
        let line = bytes[lo..]
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .map_or(bytes.len(), |at| lo + at);
        self.pos = line;
        self.cut.push(line as u32);
        self.error(
            codes::UNTERMINATED,
            lo,
            line,
            format!("this {what} never ends"),
            format!("close it with `{}`", quote as char),
        );
    }

    fn char_or_label(&mut self, lo: usize) -> Tok {
        let rest = &self.text[lo + 1..self.end];
        let mut chars = rest.chars();
        let first = chars.next();
        if first == Some('\\') {
            // Up to the closing quote of this line.
            let bytes = rest.as_bytes();
            let mut at = 2;
            while at < bytes.len() && !matches!(bytes[at], b'\'' | b'\n') {
                at += 1;
            }
            if bytes.get(at) == Some(&b'\'') {
                self.pos = lo + 1 + at + 1;
            } else {
                self.pos = (lo + 1 + at).min(self.end);
                while !self.text.is_char_boundary(self.pos) {
                    self.pos += 1;
                }
                self.cut.push(self.pos as u32);
                self.error(
                    codes::UNTERMINATED,
                    lo,
                    self.pos,
                    "this character never ends",
                    "close it with `'`",
                );
            }
            return Tok::Char;
        }
        match first {
            Some(c) if chars.next() == Some('\'') => {
                self.pos = lo + 1 + c.len_utf8() + 1;
                Tok::Char
            }
            Some(c) if c == '_' || c.is_alphabetic() => {
                self.pos = lo + 1;
                self.skip_word();
                if self.byte(0) == b'\'' {
                    // `'ab'`: too long for a character, but meant as one.
                    self.pos += 1;
                    return Tok::Char;
                }
                Tok::Label
            }
            Some('\'') => {
                self.pos = lo + 2;
                Tok::Char
            }
            Some('`') => {
                self.pos = lo + 1;
                self.quoted(lo, b'`', "label in back-ticks");
                Tok::Label
            }
            _ => {
                self.pos = lo + 1;
                self.cut.push(self.pos as u32);
                self.error(
                    codes::UNTERMINATED,
                    lo,
                    lo + 1,
                    "this character never ends",
                    "a character is written `'c'`, a quote `'\\''`",
                );
                Tok::Char
            }
        }
    }

    fn template(&mut self, brace: usize) -> Token {
        let lo = self.pos;
        let bytes = self.text.as_bytes();
        if !skip_template(bytes, &mut self.pos, self.end) {
            self.error(
                codes::UNTERMINATED,
                brace,
                brace + 1,
                "this template never ends",
                "close it with `}`; strings and comments of WebAssembly text must end too",
            );
            self.cut.push(self.end as u32);
        }
        let mut hi = self.pos;
        while hi > lo && CLASS[bytes[hi - 1] as usize] & SPACE != 0 {
            hi -= 1;
        }
        Token { tok: Tok::Template, lo: lo as u32, hi: hi as u32 }
    }

    fn punctuation(&mut self, first: u8, lo: usize) -> Option<Tok> {
        let (second, third) = (self.byte(1), self.byte(2));
        let (tok, len) = match (first, second) {
            (b'(', _) => (Tok::OpenParen, 1),
            (b')', _) => (Tok::CloseParen, 1),
            (b'{', _) => (Tok::OpenBrace, 1),
            (b'}', _) => (Tok::CloseBrace, 1),
            (b'[', _) => (Tok::OpenBracket, 1),
            (b']', _) => (Tok::CloseBracket, 1),
            (b',', _) => (Tok::Comma, 1),
            (b';', _) => (Tok::Semi, 1),
            (b':', b':') => (Tok::PathSep, 2),
            (b':', _) => (Tok::Colon, 1),
            (b'.', b'.') if third == b'=' => (Tok::DotDotEq, 3),
            (b'.', b'.') => (Tok::DotDot, 2),
            (b'.', _) => (Tok::Dot, 1),
            (b'@', _) => (Tok::At, 1),
            (b'#', _) => (Tok::Hash, 1),
            (b'?', _) => (Tok::Question, 1),
            (b'~', _) => (Tok::Tilde, 1),
            (b'$', _) => (Tok::Dollar, 1),
            (b'=', b'=') => (Tok::EqEq, 2),
            (b'=', b'>') => (Tok::FatArrow, 2),
            (b'=', _) => (Tok::Eq, 1),
            (b'!', b'=') => (Tok::Ne, 2),
            (b'!', _) => (Tok::Not, 1),
            (b'<', b'<') if third == b'=' => (Tok::ShlEq, 3),
            (b'<', b'<') => (Tok::Shl, 2),
            (b'<', b'=') => (Tok::Le, 2),
            (b'<', _) => (Tok::Lt, 1),
            (b'>', b'>') if third == b'=' => (Tok::ShrEq, 3),
            (b'>', b'>') => (Tok::Shr, 2),
            (b'>', b'=') => (Tok::Ge, 2),
            (b'>', _) => (Tok::Gt, 1),
            (b'-', b'>') => (Tok::Arrow, 2),
            (b'-', b'=') => (Tok::MinusEq, 2),
            (b'-', _) => (Tok::Minus, 1),
            (b'+', b'=') => (Tok::PlusEq, 2),
            (b'+', _) => (Tok::Plus, 1),
            (b'*', b'=') => (Tok::StarEq, 2),
            (b'*', _) => (Tok::Star, 1),
            (b'/', b'=') => (Tok::SlashEq, 2),
            (b'/', _) => (Tok::Slash, 1),
            (b'%', b'=') => (Tok::PercentEq, 2),
            (b'%', _) => (Tok::Percent, 1),
            (b'&', b'&') => (Tok::AndAnd, 2),
            (b'&', b'=') => (Tok::AndEq, 2),
            (b'&', _) => (Tok::And, 1),
            (b'|', b'|') => (Tok::OrOr, 2),
            (b'|', b'=') => (Tok::OrEq, 2),
            (b'|', _) => (Tok::Or, 1),
            (b'^', b'=') => (Tok::CaretEq, 2),
            (b'^', _) => (Tok::Caret, 1),
            _ => {
                self.pos += 1;
                // A form feed or vertical tab is white space too, only rare.
                self.leave_out(lo, first as char);
                return None;
            }
        };
        self.pos += len;
        Some(tok)
    }

    /// Right behind a `{`: goes to its `}` (not over it) without making tokens. `false` if there is none.
    pub(crate) fn skip_braces(&mut self) -> bool {
        let bytes = &self.text.as_bytes()[..self.end];
        let mut depth = 0u32;
        loop {
            while self.pos < bytes.len() && CLASS[bytes[self.pos] as usize] & STOP == 0 {
                self.pos += 1;
            }
            let Some(&byte) = bytes.get(self.pos) else { return false };
            match byte {
                b'}' if depth == 0 => return true,
                b'}' => depth -= 1,
                b'{' if opens_template(bytes, self.pos) => {
                    self.pos += 1;
                    if !skip_template(bytes, &mut self.pos, self.end) {
                        return false;
                    }
                }
                b'{' => depth += 1,
                b'/' | b'"' | b'\'' | b'`' => {
                    let lo = self.pos;
                    if byte != b'/' || matches!(self.byte(1), b'/' | b'*') {
                        self.token(lo);
                        continue;
                    }
                }
                _ => {}
            }
            self.pos += 1;
        }
    }
}

/// Whether the `{` at `brace` stands behind the word `wasm`.
fn opens_template(bytes: &[u8], brace: usize) -> bool {
    let before = bytes[..brace]
        .iter()
        .rposition(|byte| CLASS[*byte as usize] & SPACE == 0)
        .map_or(0, |at| at + 1);
    bytes[..before].ends_with(b"wasm")
        && !(before > 4
            && (CLASS[bytes[before - 5] as usize] & WORD != 0 || bytes[before - 5] >= 0x80))
}

/// From behind the `{` of a template to its `}`. `false`, at the end, if there is none.
fn skip_template(bytes: &[u8], pos: &mut usize, end: usize) -> bool {
    let mut depth = 0u32;
    while *pos < end {
        match bytes[*pos] {
            b'{' => depth += 1,
            b'}' if depth == 0 => return true,
            b'}' => depth -= 1,
            b'"' => {
                *pos += 1;
                while *pos < end && bytes[*pos] != b'"' {
                    *pos += if bytes[*pos] == b'\\' { 2 } else { 1 };
                }
            }
            b';' if bytes[..end].get(*pos + 1) == Some(&b';') => {
                while *pos < end && bytes[*pos] != b'\n' {
                    *pos += 1;
                }
            }
            b'(' if bytes[..end].get(*pos + 1) == Some(&b';') => {
                if !skip_nested(bytes, pos, end, b"(;", b";)") {
                    return false;
                }
                continue;
            }
            _ => {}
        }
        *pos += 1;
    }
    *pos = end;
    false
}

/// Whether `text` can stand between the braces of `wasm { … }`.
pub(crate) fn is_template(text: &str) -> bool {
    let closed = format!("{text}\n}}");
    let mut pos = 0;
    skip_template(closed.as_bytes(), &mut pos, closed.len()) && pos + 1 == closed.len()
}

/// From the start of a nesting comment to behind its end. `false`, at the end, if there is none.
fn skip_nested(bytes: &[u8], pos: &mut usize, end: usize, open: &[u8; 2], close: &[u8; 2]) -> bool {
    let mut depth = 0u32;
    while *pos + 1 < end {
        let two = &bytes[*pos..*pos + 2];
        if two == open {
            depth += 1;
            *pos += 2;
        } else if two == close {
            depth -= 1;
            *pos += 2;
            if depth == 0 {
                return true;
            }
        } else {
            *pos += 1;
        }
    }
    *pos = end;
    false
}

/// The tokens of a text but comments, by number, [`Tok::Eof`] last; read little by little.
pub(crate) struct Tokens<'t> {
    pub(crate) lexer: Lexer<'t>,
    read: Vec<Token>,
    /// The number of the first of `read`: those before it were forgotten.
    first: usize,
}

impl<'t> Tokens<'t> {
    pub(crate) fn new(lexer: Lexer<'t>) -> Self {
        let mut tokens = Self { lexer, read: Vec::new(), first: 0 };
        tokens.reach(0);
        tokens
    }

    /// A token that was read; the last one for any number behind it.
    #[inline]
    pub(crate) fn get(&self, number: usize) -> Token {
        self.read[(number - self.first).min(self.read.len() - 1)]
    }

    /// Makes sure that token `at` and [`LOOKAHEAD`] more are read, or the last.
    #[inline]
    pub(crate) fn reach(&mut self, at: usize) {
        if at + LOOKAHEAD >= self.first + self.read.len() {
            self.read_more();
        }
    }

    #[cold]
    fn read_more(&mut self) {
        if self.read.last().is_some_and(|last| last.tok == Tok::Eof) {
            return;
        }
        let enough = self.read.len() + CHUNK;
        while self.read.len() < enough {
            let token = self.lexer.next();
            if !matches!(token.tok, Tok::LineComment | Tok::BlockComment) {
                self.read.push(token);
            }
            if token.tok == Tok::Eof {
                return;
            }
        }
    }

    /// Forgets most of the tokens before `number`, if they are many.
    pub(crate) fn forget(&mut self, number: usize) {
        let count = number - self.first;
        if count >= CHUNK {
            self.read.drain(..count);
            self.first = number;
        }
    }
}

/// How many tokens behind the next one may be looked at.
pub(crate) const LOOKAHEAD: usize = 3;
/// How many tokens are read and forgotten at a time.
const CHUNK: usize = 1024;
