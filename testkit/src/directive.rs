//! The comments of a test file ⇒ [`Directives`]: what the file says must be true of it.
//!
//! Invariant: a comment that begins like a directive is one or is an error; nothing that was meant to be checked is passed over.

use std::time::Duration;

use swasm_linker::MemoryMode;

use crate::literal::{self, Scanner};

/// A mistake in a directive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// The line it stands in, from 1.
    pub line: u32,
    /// What is wrong and what would be right.
    pub message: String,
}

/// All that a test file states.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Directives {
    /// `//@ module-file: other.swir`: more files of the program, relative to this one.
    pub(crate) module_files: Vec<(u32, String)>,
    /// `//@ run:` and `//@ trap:`, in order.
    pub(crate) calls: Vec<Call>,
    /// What the command (`_start`) does.
    pub(crate) command: Effects,
    /// Whether `stdout`, `stderr` or `exit` of the command were stated: then there must be one. The line of the first.
    pub(crate) command_line: Option<u32>,
    /// `//@ args: "a" "b"`, the program's name left out.
    pub(crate) args: Vec<Vec<u8>>,
    /// `//@ env: "K=V"`
    pub(crate) env: Vec<(String, String)>,
    /// `//@ stdin: "…"`
    pub(crate) stdin: Vec<u8>,
    /// `//@ memory: unchecked`
    pub(crate) memory: Option<MemoryMode>,
    /// `//@ flags: -O2 --strip`
    pub(crate) flags: Vec<(u32, String)>,
    /// `//@ fuel: 1000`
    pub(crate) fuel: Option<u64>,
    /// `//@ timeout: 2s`
    pub(crate) timeout: Option<Duration>,
    /// `//@ max-memory: 64M`, in bytes.
    pub(crate) max_memory: Option<u64>,
    /// `//@ wat: f` and `//@ wat(O0): f`, in order.
    pub(crate) wat: Vec<Wat>,
    /// `//@ wasm-size: <= 183`
    pub(crate) wasm_size: Option<(u32, u64)>,
    /// `//@ error[SW0305]: message`: a diagnostic without a place.
    pub(crate) global: Vec<ExpectedDiagnostic>,
}

/// A call that a directive states.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Call {
    /// The line it stands in.
    pub(crate) line: u32,
    /// The function's path.
    pub(crate) function: String,
    /// Its arguments, as written.
    pub(crate) arguments: Vec<String>,
    /// How it ends.
    pub(crate) end: End,
    /// What it writes.
    pub(crate) effects: Effects,
}

/// How a call ends.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum End {
    /// It returns these values, as written.
    Returns(Vec<String>),
    /// It traps with this message, at this line and column if stated.
    Traps(String, Option<(u32, u32)>),
}

/// What a call or the command does besides returning.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Effects {
    /// Written to standard output. Nothing unless stated.
    pub(crate) stdout: Option<Vec<u8>>,
    /// Written to standard error. Nothing unless stated.
    pub(crate) stderr: Option<Vec<u8>>,
    /// The status that it exits with.
    pub(crate) exit: Option<i32>,
}

/// A function whose tree is held by the snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wat {
    /// The line it stands in.
    pub(crate) line: u32,
    /// The function's path.
    pub(crate) function: String,
    /// Whether the form before optimisation is meant.
    pub(crate) lowered: bool,
}

/// A diagnostic that the program must give.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ExpectedDiagnostic {
    /// The line of the statement itself, for messages.
    pub(crate) line: u32,
    /// `error` or `warning`
    pub(crate) level: &'static str,
    /// `SW0207`
    pub(crate) code: String,
    /// The whole message, if stated.
    pub(crate) message: Option<String>,
    /// The line that the diagnostic is about; none for one without a place.
    pub(crate) about: Option<u32>,
    /// First column and number of columns, if carets state them.
    pub(crate) columns: Option<(u32, u32)>,
}

const NAMES: &[&str] = &[
    "run",
    "trap",
    "stdout",
    "stderr",
    "stdin",
    "args",
    "env",
    "exit",
    "memory",
    "flags",
    "fuel",
    "timeout",
    "max-memory",
    "wat",
    "wat(O0)",
    "wasm-size",
    "module-file",
    "error[SW…]",
    "warning[SW…]",
];

/// Reads all `//@` comments of a file.
///
/// # Errors
/// All malformed ones.
pub(crate) fn parse(text: &str) -> Result<Directives, Vec<Malformed>> {
    let mut directives = Directives::default();
    let mut malformed = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let Some(at) = content.find("//@") else { continue };
        let outcome = if content[..at].trim().is_empty() {
            directives.read(line, &content[at + 3..])
        } else if content[..at].contains(['"', '/']) {
            // In a string or a longer comment: not a directive.
            continue;
        } else {
            Err("a directive stands on a line of its own".to_owned())
        };
        if let Err(message) = outcome {
            malformed.push(Malformed { line, message });
        }
    }
    if malformed.is_empty() { Ok(directives) } else { Err(malformed) }
}

impl Directives {
    fn read(&mut self, line: u32, content: &str) -> Result<(), String> {
        let is_diagnostic = [" error[", " warning["].iter().any(|start| content.starts_with(start));
        let (name, value) = match content.split_once(':') {
            Some(parts) => parts,
            // The message may be left out.
            None if is_diagnostic => (content, ""),
            None => return Err(format!("expected `//@ name: value`, found `//@{content}`")),
        };
        let (name, value) = (name.trim(), value.trim());
        if value.is_empty() && !is_diagnostic {
            return Err(format!("`{name}` needs a value"));
        }
        match name {
            "run" => self.calls.push(call(line, value, false)?),
            "trap" => self.calls.push(call(line, value, true)?),
            "stdout" => {
                let text = one_string(value)?;
                once(&mut self.effects(line).stdout, text, name)?;
            }
            "stderr" => {
                let text = one_string(value)?;
                once(&mut self.effects(line).stderr, text, name)?;
            }
            "exit" => {
                let status =
                    value.parse().map_err(|_| format!("`{value}` is not an exit status"))?;
                once(&mut self.effects(line).exit, status, name)?;
            }
            "stdin" => self.stdin = one_string(value)?,
            "args" => self.args.extend(literal::strings(value)?),
            "env" => {
                for pair in literal::strings(value)? {
                    let pair = String::from_utf8(pair)
                        .map_err(|_| "an environment variable is UTF-8".to_owned())?;
                    let (key, value) = pair
                        .split_once('=')
                        .ok_or_else(|| format!("expected \"KEY=VALUE\", found {pair:?}"))?;
                    self.env.push((key.to_owned(), value.to_owned()));
                }
            }
            "memory" => once(&mut self.memory, memory_mode(value)?, name)?,
            "flags" => {
                self.flags.extend(value.split_whitespace().map(|flag| (line, flag.to_owned())))
            }
            "fuel" => {
                let units = value
                    .replace('_', "")
                    .parse()
                    .map_err(|_| format!("`{value}` is not a number of units"))?;
                once(&mut self.fuel, units, name)?;
            }
            "timeout" => once(&mut self.timeout, literal::duration(value)?, name)?,
            "max-memory" => once(&mut self.max_memory, literal::size(value)?, name)?,
            "wat" | "wat(O0)" => {
                for function in literal::paths(value)? {
                    self.wat.push(Wat { line, function, lowered: name == "wat(O0)" });
                }
            }
            "wasm-size" => {
                let bytes = value.strip_prefix("<=").and_then(|bytes| bytes.trim().parse().ok());
                let bytes = bytes.ok_or_else(|| format!("expected `<= BYTES`, found `{value}`"))?;
                once(&mut self.wasm_size, (line, bytes), name)?;
            }
            "module-file" => self.module_files.push((line, value.to_owned())),
            _ if is_diagnostic => {
                let (level, code) = level_and_code(name)?;
                let message = (!value.is_empty()).then(|| value.to_owned());
                self.global.push(ExpectedDiagnostic {
                    line,
                    level,
                    code,
                    message,
                    about: None,
                    columns: None,
                });
            }
            _ => {
                return Err(format!(
                    "there is no directive `{name}`; there are {}",
                    NAMES.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// What the directive is about: the call before it, else the command.
    fn effects(&mut self, line: u32) -> &mut Effects {
        if self.calls.is_empty() {
            self.command_line.get_or_insert(line);
            return &mut self.command;
        }
        let last = self.calls.len() - 1;
        &mut self.calls[last].effects
    }
}

fn memory_mode(name: &str) -> Result<MemoryMode, String> {
    match name {
        "checked" => Ok(MemoryMode::Checked),
        "unchecked" => Ok(MemoryMode::Unchecked),
        "poison" => Ok(MemoryMode::Poison),
        "zero" => Ok(MemoryMode::Zero),
        _ => Err(format!("`{name}` is not one of checked, unchecked, poison, zero")),
    }
}

fn once<T>(place: &mut Option<T>, value: T, name: &str) -> Result<(), String> {
    if place.replace(value).is_some() {
        return Err(format!("`{name}` was stated before"));
    }
    Ok(())
}

fn one_string(value: &str) -> Result<Vec<u8>, String> {
    let mut strings = literal::strings(value)?;
    match (strings.pop(), strings.is_empty()) {
        (Some(text), true) => Ok(text),
        _ => Err(format!("expected one \"string\", found `{value}`")),
    }
}

/// `f(1, 2) == 3` or `f(1, 2) "message" at 3:5`.
fn call(line: u32, value: &str, traps: bool) -> Result<Call, String> {
    let (function, rest) = literal::path(value)?;
    let mut scanner = Scanner::new(rest.trim_start());
    let arguments = scanner.list()?;
    let rest = scanner.rest().trim();
    let end = if traps {
        let mut scanner = Scanner::new(rest);
        let message = scanner.string()?;
        let message =
            String::from_utf8(message).map_err(|_| "a trap's message is UTF-8".to_owned())?;
        let rest = scanner.rest().trim();
        let place = match rest.strip_prefix("at ") {
            Some(place) => Some(position(place.trim())?),
            None if rest.is_empty() => None,
            None => return Err(format!("expected `at LINE:COLUMN` or nothing, found `{rest}`")),
        };
        End::Traps(message, place)
    } else if rest.is_empty() {
        End::Returns(Vec::new())
    } else {
        let expected = rest
            .strip_prefix("==")
            .ok_or_else(|| format!("expected `== VALUE` or nothing, found `{rest}`"))?
            .trim();
        if expected.starts_with('(') {
            let mut scanner = Scanner::new(expected);
            let values = scanner.list()?;
            if !scanner.rest().trim().is_empty() {
                return Err(format!(
                    "expected nothing after the values, found `{}`",
                    scanner.rest()
                ));
            }
            End::Returns(values)
        } else if expected.is_empty() {
            return Err("expected a value after `==`".to_owned());
        } else {
            End::Returns(vec![expected.to_owned()])
        }
    };
    Ok(Call { line, function, arguments, end, effects: Effects::default() })
}

fn position(text: &str) -> Result<(u32, u32), String> {
    let numbers = text
        .split_once(':')
        .and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    numbers.ok_or_else(|| format!("expected `LINE:COLUMN`, found `{text}`"))
}

/// `error[SW0207]` ⇒ the level and the code.
fn level_and_code(text: &str) -> Result<(&'static str, String), String> {
    let malformed = || format!("expected `error[SW0000]` or `warning[SW0000]`, found `{text}`");
    let (level, code) = text.split_once('[').ok_or_else(malformed)?;
    let level = match level {
        "error" => "error",
        "warning" => "warning",
        _ => return Err(malformed()),
    };
    let code = code.strip_suffix(']').ok_or_else(malformed)?;
    let digits = code.strip_prefix("SW").ok_or_else(malformed)?;
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed());
    }
    Ok((level, code.to_owned()))
}

/// Reads all `//~` comments of a file: the diagnostics that stand at its lines.
///
/// At the end of a line it is about that line. On a line of its own it is about the last line above that is none itself; carets after
/// the `//~` stand under the marked columns.
///
/// # Errors
/// All malformed ones.
pub(crate) fn expected_diagnostics(text: &str) -> Result<Vec<ExpectedDiagnostic>, Vec<Malformed>> {
    let mut expected = Vec::new();
    let mut malformed = Vec::new();
    let mut above = None;
    for (line, content) in (1..).zip(text.lines()) {
        let Some(at) = content.find("//~") else {
            above = Some(line);
            continue;
        };
        let own_line = content[..at].trim().is_empty();
        let about = if own_line { above } else { Some(line) };
        if !own_line {
            above = Some(line);
        }
        let outcome = match about {
            Some(about) => expected_diagnostic(line, about, own_line, content, at + 3),
            None => Err("there is no line above".to_owned()),
        };
        match outcome {
            Ok(diagnostic) => expected.push(diagnostic),
            Err(message) => malformed.push(Malformed { line, message }),
        }
    }
    if malformed.is_empty() { Ok(expected) } else { Err(malformed) }
}

fn expected_diagnostic(
    line: u32,
    about: u32,
    own_line: bool,
    content: &str,
    after: usize,
) -> Result<ExpectedDiagnostic, String> {
    let rest = &content[after..];
    let statement = rest.trim_start().trim_start_matches('^').trim();
    let carets = rest.chars().take_while(|c| c.is_whitespace()).count();
    let marked = rest.trim_start().chars().take_while(|c| *c == '^').count();
    let columns = (marked > 0)
        .then(|| ((content[..after].chars().count() + carets) as u32 + 1, marked as u32));
    if columns.is_some() && !own_line {
        return Err("carets stand on a line of their own, under what they mark".to_owned());
    }
    let end = statement.find(']').map_or(statement.len(), |at| at + 1);
    let (level, code) = level_and_code(&statement[..end])?;
    let message = match statement[end..].trim() {
        "" => None,
        rest => match rest.strip_prefix(':').map(str::trim) {
            Some(message) if !message.is_empty() => Some(message.to_owned()),
            _ => {
                return Err(format!(
                    "expected `: message` or nothing after the code, found `{rest}`"
                ));
            }
        },
    };
    Ok(ExpectedDiagnostic { line, level, code, message, about: Some(about), columns })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        match parse(text) {
            Ok(directives) => panic!("{text:?} was taken as {directives:?}"),
            Err(mistakes) => mistakes
                .iter()
                .map(|mistake| format!("{}: {}\n", mistake.line, mistake.message))
                .collect(),
        }
    }

    #[test]
    fn calls_state_arguments_and_results() {
        let directives =
            parse("//@ run: f(1, -2.5, ',') == 3\n//@ run: g()\n//@ run: S::h() == (1, 2)\n")
                .expect("well formed");
        let shapes: Vec<_> = directives
            .calls
            .iter()
            .map(|call| (&*call.function, call.arguments.len(), call.end.clone()))
            .collect();
        assert_eq!(
            shapes,
            [
                ("f", 3, End::Returns(vec!["3".into()])),
                ("g", 0, End::Returns(vec![])),
                ("S::h", 0, End::Returns(vec!["1".into(), "2".into()]))
            ]
        );
        assert_eq!(directives.calls[0].arguments[2], "','");
    }

    #[test]
    fn traps_state_a_message_and_perhaps_a_place() {
        let directives = parse(
            "//@ trap: div(1, 0) \"integer divide by zero\" at 3:5\n//@ trap: f() \"unreachable\"",
        )
        .expect("well formed");
        assert_eq!(
            directives.calls[0].end,
            End::Traps("integer divide by zero".into(), Some((3, 5)))
        );
        assert_eq!(directives.calls[1].end, End::Traps("unreachable".into(), None));
    }

    #[test]
    fn output_belongs_to_the_call_before_it() {
        let directives =
            parse("//@ stdout: \"a\\n\"\n//@ run: f()\n//@ stdout: \"b\"\n//@ exit: 3\n")
                .expect("well formed");
        assert_eq!(directives.command.stdout.as_deref(), Some(&b"a\n"[..]));
        assert_eq!(
            directives.calls[0].effects,
            Effects { stdout: Some(b"b".to_vec()), stderr: None, exit: Some(3) }
        );
    }

    #[test]
    fn mistakes_are_told_with_their_lines() {
        assert!(
            mistake("\n//@ rum: f()")
                .starts_with("2: there is no directive `rum`; there are run, trap")
        );
        assert_eq!(mistake("//@ run f()"), "1: expected `//@ name: value`, found `//@ run f()`\n");
        assert_eq!(mistake("//@ run: f(1, 2 == 3"), "1: expected `)` after the arguments\n");
        assert_eq!(
            mistake("//@ run: f(1) = 3"),
            "1: expected `== VALUE` or nothing, found `= 3`\n"
        );
        assert_eq!(mistake("//@ trap: f(1)"), "1: expected a \"string\", found ``\n");
        assert_eq!(mistake("//@ stdout: 42"), "1: expected a \"string\", found `42`\n");
        assert_eq!(mistake("//@ exit: 1\n//@ exit: 1"), "2: `exit` was stated before\n");
        assert_eq!(mistake("//@ wasm-size: 183"), "1: expected `<= BYTES`, found `183`\n");
        assert_eq!(mistake("//@ wat: f g"), "1: `f g` is not a path of names joined by `::`\n");
        assert_eq!(
            mistake("//@ memory: weak"),
            "1: `weak` is not one of checked, unchecked, poison, zero\n"
        );
        assert_eq!(
            mistake("fn f() {} //@ run: f()"),
            "1: a directive stands on a line of its own\n"
        );
        assert_eq!(
            mistake("//@ error[207]: x"),
            "1: expected `error[SW0000]` or `warning[SW0000]`, found `error[207]`\n"
        );
    }

    #[test]
    fn diagnostics_are_expected_under_their_columns() {
        let text = "fn f() -> i32 { 1.5 }\n//~             ^^^ error[SW0207]: mismatched\n//~ warning[SW0208]\nlet x; //~ error[SW0101]\n";
        let expected = expected_diagnostics(text).expect("well formed");
        let shapes: Vec<_> = expected
            .iter()
            .map(|e| (e.level, &*e.code, e.message.as_deref(), e.about.unwrap_or(0), e.columns))
            .collect();
        assert_eq!(
            shapes,
            [
                ("error", "SW0207", Some("mismatched"), 1, Some((17, 3))),
                ("warning", "SW0208", None, 1, None),
                ("error", "SW0101", None, 4, None)
            ]
        );
    }

    #[test]
    fn a_malformed_expectation_is_a_mistake() {
        for text in [
            "x\n//~ error SW0207",
            "//~ error[SW0207]",
            "x //~ ^ error[SW0207]",
            "x\n//~ error[SW0207] text",
            "x\n//~",
        ] {
            assert!(expected_diagnostics(text).is_err(), "{text:?}");
        }
    }
}
