//! The values in directives: text ⇒ strings, lists of arguments, paths, durations.
//!
//! Invariant: what is left over is never dropped; whoever scans asks for the [`Scanner::rest`].

use std::time::Duration;

/// Reads a directive's value from left to right.
pub(crate) struct Scanner<'a> {
    text: &'a str,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a str {
        self.text
    }

    /// `(a, 'b', "c")` ⇒ the items as written. Commas and parentheses in quotes belong to the item.
    pub(crate) fn list(&mut self) -> Result<Vec<String>, String> {
        let inner = self
            .text
            .strip_prefix('(')
            .ok_or_else(|| format!("expected `(`, found `{}`", self.text))?;
        let (mut items, mut start, mut quote, mut escaped) = (Vec::new(), 0, None, false);
        for (at, c) in inner.char_indices() {
            match (quote, c) {
                (Some(_), _) if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(open), _) if open == c => quote = None,
                (Some(_), _) => (),
                (None, '"' | '\'') => quote = Some(c),
                (None, ',' | ')') => {
                    let item = inner[start..at].trim();
                    match (c, item.is_empty()) {
                        (_, false) => items.push(item.to_owned()),
                        // `()` and a trailing comma.
                        (')', true) => (),
                        _ => return Err("expected a value before `,`".to_owned()),
                    }
                    start = at + 1;
                    if c == ')' {
                        self.text = &inner[start..];
                        return Ok(items);
                    }
                }
                (None, _) => (),
            }
        }
        Err("expected `)` after the arguments".to_owned())
    }

    /// `"text"` with Rust's escapes ⇒ its bytes.
    pub(crate) fn string(&mut self) -> Result<Vec<u8>, String> {
        let inner = self.text.trim_start();
        let inner = inner
            .strip_prefix('"')
            .ok_or_else(|| format!("expected a \"string\", found `{}`", self.text))?;
        let mut bytes = Vec::new();
        let mut chars = inner.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.text = &inner[at + 1..];
                    return Ok(bytes);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => bytes.push(b'\n'),
                    Some('r') => bytes.push(b'\r'),
                    Some('t') => bytes.push(b'\t'),
                    Some('0') => bytes.push(0),
                    Some(c @ ('\\' | '"' | '\'')) => bytes.push(c as u8),
                    Some('x') => {
                        let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                        bytes.push(
                            u8::from_str_radix(&digits, 16)
                                .map_err(|_| format!("`\\x{digits}` is not a byte"))?,
                        );
                    }
                    Some('u') => {
                        let digits: String =
                            chars.by_ref().map(|(_, c)| c).take_while(|c| *c != '}').collect();
                        let value = digits
                            .strip_prefix('{')
                            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
                        let c = value
                            .and_then(char::from_u32)
                            .ok_or_else(|| format!("`\\u{digits}}}` is not a character"))?;
                        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    Some(c) => return Err(format!("there is no escape `\\{c}`")),
                    None => break,
                },
                _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err("the string does not end".to_owned())
    }
}

/// One or more strings, with white space between them.
pub(crate) fn strings(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut scanner = Scanner::new(text);
    let mut strings = Vec::new();
    loop {
        strings.push(scanner.string()?);
        if scanner.rest().trim().is_empty() {
            return Ok(strings);
        }
    }
}

/// Reads names joined by `::` and gives what follows them. A name in back-ticks is any text; the path is without them.
pub(crate) fn path(text: &str) -> Result<(String, &str), String> {
    let malformed = || format!("`{text}` is not a path of names joined by `::`");
    let (mut path, mut rest) = (String::new(), text);
    loop {
        let (name, after) = match rest.strip_prefix('`') {
            Some(quoted) => quoted.split_once('`').ok_or_else(malformed)?,
            None => rest.split_at(
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
            ),
        };
        if name.is_empty() {
            return Err(malformed());
        }
        path.push_str(name);
        match after.strip_prefix("::") {
            Some(more) => {
                path.push_str("::");
                rest = more;
            }
            None => return Ok((path, after)),
        }
    }
}

/// One or more paths with commas between them.
pub(crate) fn paths(text: &str) -> Result<Vec<String>, String> {
    let (mut paths, mut rest) = (Vec::new(), text);
    loop {
        let (path, after) = path(rest.trim_start())?;
        paths.push(path);
        match after.trim_start().strip_prefix(',') {
            Some(more) => rest = more,
            None if after.trim().is_empty() => return Ok(paths),
            None => return Err(format!("`{text}` is not a path of names joined by `::`")),
        }
    }
}

/// `2s`, `500ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let malformed = || format!("`{text}` is not a duration such as 2s or 500ms");
    let (digits, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or_else(malformed)?);
    let number: u64 = digits.parse().map_err(|_| malformed())?;
    match unit {
        "s" => Ok(Duration::from_secs(number)),
        "ms" => Ok(Duration::from_millis(number)),
        _ => Err(malformed()),
    }
}

/// What stands for a number that a directive doesn't state, such as an address.
const NUMBER: &str = "<number>";

/// Whether `found` is the `stated` text, each [`NUMBER`] in which stands for one or more decimal digits.
pub(crate) fn same_but_numbers(stated: &str, found: &str) -> bool {
    let mut parts = stated.split(NUMBER);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = found.strip_prefix(first) else { return false };
    for part in parts {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        // A part that begins with a digit would leave open where the number ends.
        match rest[digits..].strip_prefix(part) {
            Some(after) if digits > 0 => rest = after,
            _ => return false,
        }
    }
    rest.is_empty()
}

/// `512`, `64K`, `16M`, `1G` ⇒ bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit {
        "" => Some(0),
        "K" => Some(10),
        "M" => Some(20),
        "G" => Some(30),
        _ => None,
    };
    let bytes = shift.zip(digits.parse::<u64>().ok());
    bytes
        .and_then(|(shift, number)| number.checked_mul(1 << shift))
        .ok_or_else(|| format!("`{text}` is not a size such as 64K or 16M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_rusts_escapes() {
        let text = r#" "a\n\t\\\"\0" "\x41\xff" "\u{e9}é" "#;
        assert_eq!(
            strings(text),
            Ok(vec![b"a\n\t\\\"\0".to_vec(), vec![0x41, 0xff], "éé".as_bytes().to_vec()])
        );
        for text in [r#""a"#, r#""\q""#, r#""\x4""#, r#""\u{110000}""#, r#""a" b"#, ""] {
            assert!(strings(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn lists_keep_what_is_quoted() {
        let mut scanner = Scanner::new(r#"(1, ')', "a,b\"", ) == 2"#);
        assert_eq!(
            scanner.list(),
            Ok(vec!["1".to_owned(), "')'".to_owned(), r#""a,b\"""#.to_owned()])
        );
        assert_eq!(scanner.rest(), " == 2");
        assert!(Scanner::new("(1,,2)").list().is_err());
        assert!(Scanner::new("(1").list().is_err());
    }

    #[test]
    fn a_number_may_be_left_open_and_nothing_else() {
        assert!(same_but_numbers("a 1", "a 1"));
        assert!(same_but_numbers("address <number>, line 3", "address 1024, line 3"));
        assert!(same_but_numbers("<number> and <number>", "1 and 23"));
        for (stated, found) in [
            ("a", "a 1"),
            ("a 1", "a"),
            ("address <number>", "address "),
            ("address <number>", "address 0x10"),
            ("address <number>, line 3", "address 1024, line 33"),
            ("<number><number>", "12"),
        ] {
            assert!(!same_but_numbers(stated, found), "{stated:?} {found:?}");
        }
    }

    #[test]
    fn sizes_may_have_a_unit() {
        assert_eq!((size("512"), size("64K"), size("3G")), (Ok(512), Ok(65536), Ok(3 << 30)));
        for text in ["", "M", "1T", "1 M", "-1", "18446744073709551615K"] {
            assert!(size(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("15ms"), Ok(Duration::from_millis(15)));
        assert!(duration("2").is_err() && duration("s").is_err() && duration("2h").is_err());
    }
}
