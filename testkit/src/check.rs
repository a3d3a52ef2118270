//! `// CHECK: i32.const 42` ⇒ a question to a function's folded text.
//!
//! Patterns are compared token by token, so `i32.const 42` is not found in `(i32.const 421)`, and how the text is broken into lines does
//! not matter, except to `CHECK-NEXT`. Invariant: every comment that begins with `CHECK` is a check or an error.

use crate::directive::Malformed;

/// How a check looks for its pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// `CHECK`: somewhere after the last match.
    After,
    /// `CHECK-NEXT`: on the line after the last match's.
    Next,
    /// `CHECK-NOT`: nowhere between the matches before and after it.
    Not,
}

/// One `// CHECK` comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Check {
    /// The line it stands in, from 1.
    pub(crate) line: u32,
    /// How it looks.
    pub(crate) kind: Kind,
    /// What it looks for, as written.
    pub(crate) pattern: String,
}

/// Reads all checks of a file.
pub(crate) fn parse(text: &str) -> Result<Vec<Check>, Vec<Malformed>> {
    let mut checks = Vec::new();
    let mut malformed = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let Some(comment) = content
            .match_indices("//")
            .map(|(at, _)| content[at + 2..].trim_start())
            .find(|rest| rest.starts_with("CHECK"))
        else {
            continue;
        };
        let word = comment
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
            .next()
            .unwrap_or_default();
        let kind = match word {
            "CHECK" => Some(Kind::After),
            "CHECK-NEXT" => Some(Kind::Next),
            "CHECK-NOT" => Some(Kind::Not),
            _ => None,
        };
        let pattern = comment[word.len()..].strip_prefix(':').map(str::trim);
        match (kind, pattern) {
            (Some(kind), Some(pattern)) if !pattern.is_empty() => {
                checks.push(Check { line, kind, pattern: pattern.to_owned() })
            }
            (Some(_), Some(_)) => malformed
                .push(Malformed { line, message: format!("`{word}` needs something to look for") }),
            (Some(_), None) => malformed.push(Malformed {
                line,
                message: format!("`{word}` needs a colon: `// {word}: …`"),
            }),
            (None, _) => {
                let message =
                    format!("there is no `{word}`; there are CHECK, CHECK-NEXT and CHECK-NOT");
                malformed.push(Malformed { line, message });
            }
        }
    }
    if malformed.is_empty() { Ok(checks) } else { Err(malformed) }
}

/// A token of folded text and the line it stands in, from 0.
struct Token<'a> {
    text: &'a str,
    line: usize,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (line, content) in text.lines().enumerate() {
        let mut rest = content.trim_start();
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '(' | ')' => 1,
                '"' => string_end(rest),
                _ => rest
                    .find(|c: char| c.is_whitespace() || c == '(' || c == ')')
                    .unwrap_or(rest.len()),
            };
            tokens.push(Token { text: &rest[..end], line });
            rest = rest[end..].trim_start();
        }
    }
    tokens
}

fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Where `pattern` first begins in `text[from..]`.
fn find(text: &[Token<'_>], from: usize, pattern: &[Token<'_>]) -> Option<usize> {
    (from..text.len()).find(|at| starts(&text[*at..], pattern))
}

fn starts(text: &[Token<'_>], pattern: &[Token<'_>]) -> bool {
    text.len() >= pattern.len() && text.iter().zip(pattern).all(|(a, b)| a.text == b.text)
}

/// Asks all `checks`, in order, of the text of one function.
///
/// # Errors
/// The first check that fails, with the text it was asked of.
pub(crate) fn matches(wat: &str, checks: &[Check]) -> Result<(), Malformed> {
    let text = tokens(wat);
    let mut from = 0;
    let mut line = None;
    let mut absent: Vec<&Check> = Vec::new();
    let failure = |check: &Check, what: &str| Malformed {
        line: check.line,
        message: format!("`{}` {what}:\n{wat}", check.pattern),
    };
    for check in checks {
        let pattern = tokens(&check.pattern);
        let found = match check.kind {
            Kind::Not => {
                absent.push(check);
                continue;
            }
            Kind::After => find(&text, from, &pattern)
                .ok_or_else(|| failure(check, "is not there, or not after the match before it"))?,
            Kind::Next => {
                let Some(line) = line else {
                    return Err(Malformed {
                        line: check.line,
                        message: "`CHECK-NEXT` needs a match before it".to_owned(),
                    });
                };
                let next = (from..text.len())
                    .find(|at| text[*at].line == line + 1 && starts(&text[*at..], &pattern));
                next.ok_or_else(|| failure(check, "is not on the line after the match before it"))?
            }
        };
        absent_between(&text[from..found], &mut absent)
            .map_err(|check| failure(check, "is there"))?;
        from = found + pattern.len();
        line = text.get(from - 1).map(|token| token.line);
    }
    absent_between(&text[from..], &mut absent).map_err(|check| failure(check, "is there"))
}

fn absent_between<'a>(text: &[Token<'_>], absent: &mut Vec<&'a Check>) -> Result<(), &'a Check> {
    match absent.drain(..).find(|check| find(text, 0, &tokens(&check.pattern)).is_some()) {
        Some(check) => Err(check),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAT: &str =
        "(func $f (result i32)\n  (i32.add\n    (i32.const 421)\n    (local.get $x)))\n";

    fn ask(text: &str) -> Result<(), String> {
        let checks = parse(text).map_err(|mistakes| mistakes[0].message.clone())?;
        matches(WAT, &checks)
            .map_err(|failure| failure.message.lines().next().unwrap_or_default().to_owned())
    }

    #[test]
    fn whole_tokens_are_compared() {
        assert_eq!(ask("// CHECK: i32.const 421"), Ok(()));
        assert_eq!(ask("// CHECK: (i32.add (i32.const 421) (local.get $x))"), Ok(()));
        assert!(ask("// CHECK: i32.const 42").is_err());
        assert!(ask("// CHECK: 32.const 421").is_err());
    }

    #[test]
    fn order_counts() {
        assert_eq!(ask("// CHECK: i32.add\n// CHECK: local.get $x"), Ok(()));
        assert!(ask("// CHECK: local.get $x\n// CHECK: i32.add").is_err());
        assert!(ask("// CHECK: i32.add\n// CHECK: i32.add").is_err());
        assert_eq!(
            ask("// CHECK: i32.add\n// CHECK-NEXT: i32.const 421\n// CHECK-NEXT: local.get"),
            Ok(())
        );
        assert!(ask("// CHECK: i32.add\n// CHECK-NEXT: local.get").is_err());
        assert!(ask("// CHECK-NEXT: local.get").is_err());
    }

    #[test]
    fn absence_is_between_matches() {
        assert_eq!(ask("// CHECK: i32.add\n// CHECK-NOT: i32.add\n// CHECK: local.get"), Ok(()));
        assert_eq!(ask("// CHECK-NOT: local.get\n// CHECK: i32.const 421"), Ok(()));
        assert!(ask("// CHECK: i32.add\n// CHECK-NOT: local.get").is_err());
        assert!(ask("// CHECK-NOT: i32.add\n// CHECK: local.get").is_err());
    }

    #[test]
    fn a_check_without_colon_or_pattern_or_of_another_kind_is_a_mistake() {
        assert_eq!(
            ask("f(); // CHECK i32.add"),
            Err("`CHECK` needs a colon: `// CHECK: …`".to_owned())
        );
        assert_eq!(
            ask("//CHECK-NOT i32.add"),
            Err("`CHECK-NOT` needs a colon: `// CHECK-NOT: …`".to_owned())
        );
        assert_eq!(ask("// CHECK:"), Err("`CHECK` needs something to look for".to_owned()));
        assert!(ask("// CHECK-DAG: x").is_err() && ask("// CHECKNEXT: x").is_err());
    }
}
