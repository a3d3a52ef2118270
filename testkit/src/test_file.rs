//! One test file ⇒ its [`Outcome`]: read, parsed, checked, linked at each level, run, and compared with all it states.

use std::path::Path;

use swasm_frontend_ir::Diagnostic;
use swasm_linker::{Artifact, Checked, OptLevel, Options, Print, Printed, Program, Stage};

use crate::check::Check;
use crate::diagnostics::{self, Expected};
use crate::directive::{Directives, Malformed, Wat};
use crate::program::{self, Named, SourceFile};
use crate::run::{self, Tier};
use crate::snapshot::{self, Held, Section};
use crate::{Failure, Outcome, Settings, check, directive};

/// Reads and runs the test at `path`.
pub(crate) fn run(path: &Path, settings: &Settings) -> Outcome {
    let test = match Test::read(path) {
        Ok(test) => test,
        Err(failures) => return Outcome { failures, blessed: false },
    };
    let mut outcome = Outcome::default();
    let texts = match test.hold(&mut outcome.failures) {
        Some(texts) => texts,
        None => return outcome,
    };
    let sections = test.sections(&texts, &mut outcome.failures);
    if sections.is_empty() {
        return outcome;
    }
    let snapshot = snapshot::render(&test.files[0].text(), &sections);
    match snapshot::hold(&settings.snapshot(path), &snapshot, settings.bless) {
        Ok(held) => outcome.blessed = held == Held::Blessed,
        Err(message) => outcome.failures.push(Failure { line: None, message }),
    }
    outcome
}

/// A test file as read.
struct Test {
    /// The file itself and those of `module-file`, then those found beside it.
    files: Vec<SourceFile>,
    program: Program,
    directives: Directives,
    diagnostics: Expected,
    checks: Vec<Check>,
    /// The options of `flags` and `memory`.
    options: Options,
}

/// The folded text of a function, by its path in a directive.
struct Texts {
    /// For each `wat` directive.
    wat: Vec<Option<String>>,
    /// For each function with checks.
    checked: Vec<(Vec<Check>, Option<String>)>,
}

fn failures(malformed: Vec<Malformed>) -> Vec<Failure> {
    malformed
        .into_iter()
        .map(|Malformed { line, message }| Failure { line: Some(line), message })
        .collect()
}

impl Test {
    fn read(path: &Path) -> Result<Self, Vec<Failure>> {
        let whole = |message| vec![Failure { line: None, message }];
        let main = SourceFile::read(path).map_err(whole)?;
        let text = main.text();
        let mut wrong = Vec::new();
        let directives = directive::parse(&text).unwrap_or_else(|malformed| {
            wrong.extend(failures(malformed));
            Directives::default()
        });
        let checks = check::parse(&text).unwrap_or_else(|malformed| {
            wrong.extend(failures(malformed));
            Vec::new()
        });
        let mut files = vec![main];
        for (line, name) in &directives.module_files {
            match SourceFile::read(&path.with_file_name(name)) {
                Ok(file) => files.push(file),
                Err(message) => wrong.push(Failure { line: Some(*line), message }),
            }
        }
        let program = program::parse(path, &mut files).unwrap_or_else(|message| {
            wrong.push(Failure { line: None, message });
            Program::default()
        });
        let mut diagnostics: Expected =
            directives.global.iter().map(|expected| (String::new(), expected.clone())).collect();
        for file in &files {
            match directive::expected_diagnostics(&file.text()) {
                Ok(expected) => diagnostics
                    .extend(expected.into_iter().map(|expected| (file.name.clone(), expected))),
                Err(malformed) => wrong.extend(failures(malformed)),
            }
        }
        let options = options(&directives).unwrap_or_else(|failure| {
            wrong.push(failure);
            Options::default()
        });
        if wrong.is_empty() {
            Ok(Self { files, program, directives, diagnostics, checks, options })
        } else {
            Err(wrong)
        }
    }

    /// Compiles and runs; what is not as stated goes to `failures`. The texts of functions that were asked for, unless the program has
    /// errors.
    fn hold(&self, failures: &mut Vec<Failure>) -> Option<Texts> {
        let parsed = self.program.clone();
        let before = failures.len();
        if !self.states_something(&parsed.modules) {
            let message = "this file states nothing: no `//@ run:`, no `//~ error[…]`, no `_start`"
                .to_owned();
            failures.push(Failure { line: None, message });
        }
        let mut callables = Vec::new();
        for call in &self.directives.calls {
            match program::find(&parsed.modules, &call.function) {
                Some(found) => callables.push(program::named(&parsed.modules, found)),
                None => failures.push(Failure {
                    line: Some(call.line),
                    message: format!("there is no function `{}`", call.function),
                }),
            }
        }
        let wat = self
            .directives
            .wat
            .iter()
            .map(|wat| self.path(&parsed.modules, wat, failures))
            .collect::<Vec<_>>();
        let checked = self.checks_by_function(&parsed.modules, failures);
        if failures.len() > before {
            return None;
        }
        let mut roots: Vec<String> =
            wat.iter().flatten().chain(checked.iter().map(|(path, _)| path)).cloned().collect();
        roots.extend(callables.iter().map(|callable| callable.path.clone()));
        roots.sort();
        roots.dedup();
        let main = parsed.modules[0].name.clone();
        let program = match parsed.check() {
            Ok(program) => program,
            Err(failed) => {
                failures.extend(as_failures(diagnostics::compare(
                    &self.diagnostics,
                    &failed.diagnostics,
                    &failed,
                )));
                return None;
            }
        };
        let builds = self.builds(&program, &roots, &callables, failures)?;
        // The linker leaves the first module's name out of what it prints.
        let find = |prints: &[Printed], path: &str| {
            let short = path.strip_prefix(&*main).and_then(|rest| rest.strip_prefix("::"));
            let print = prints
                .iter()
                .find(|print| print.function == path || Some(&*print.function) == short);
            print.map(|print| print.text.clone())
        };
        let texts = Texts {
            wat: (self.directives.wat.iter().zip(&wat))
                .map(|(wat, path)| {
                    find(
                        if wat.lowered { &builds.lowered } else { &builds.optimized },
                        path.as_deref()?,
                    )
                })
                .collect(),
            checked: checked
                .into_iter()
                .map(|(path, checks)| (checks, find(&builds.optimized, &path)))
                .collect(),
        };
        Some(texts)
    }

    fn path(
        &self,
        modules: &[swasm_frontend_ir::ir::Module],
        wat: &Wat,
        failures: &mut Vec<Failure>,
    ) -> Option<String> {
        if let Some(found) = program::find(modules, &wat.function) {
            return Some(program::named(modules, found).path);
        }
        failures.push(Failure {
            line: Some(wat.line),
            message: format!("there is no function `{}`", wat.function),
        });
        None
    }

    /// Checks in or on the lines of a function are about it; others are about the function that follows.
    fn checks_by_function(
        &self,
        modules: &[swasm_frontend_ir::ir::Module],
        failures: &mut Vec<Failure>,
    ) -> Vec<(String, Vec<Check>)> {
        let Some(main) = modules.first() else { return Vec::new() };
        let functions = program::lines(main);
        let mut by_function: Vec<(String, Vec<Check>)> = Vec::new();
        for check in &self.checks {
            let Some((path, ..)) = functions.iter().find(|(_, _, last)| check.line <= *last) else {
                let message = format!("no function follows the check `{}`", check.pattern);
                failures.push(Failure { line: Some(check.line), message });
                continue;
            };
            let path = format!("{}::{path}", main.name);
            match by_function.iter_mut().find(|(other, _)| *other == path) {
                Some((_, checks)) => checks.push(check.clone()),
                None => by_function.push((path, vec![check.clone()])),
            }
        }
        by_function
    }

    /// Links and runs at each level. Nothing if the program cannot be linked.
    fn builds(
        &self,
        program: &Checked,
        roots: &[String],
        callables: &[Named],
        failures: &mut Vec<Failure>,
    ) -> Option<Builds> {
        let mut levels = vec![OptLevel::O0, OptLevel::O1, OptLevel::O2];
        if !levels.contains(&self.options.opt_level) {
            levels.push(self.options.opt_level);
        }
        let prints: Vec<Print> = roots
            .iter()
            .map(|path| Print { stage: Stage::Final, function: Some(path.clone()) })
            .collect();
        let mut said: Option<Vec<Diagnostic>> = None;
        let mut found: Vec<(run::Failure, Vec<OptLevel>)> = Vec::new();
        let (mut lowered, mut optimized) = (None, None);
        for &opt_level in &levels {
            let options = Options {
                opt_level,
                roots: roots.to_vec(),
                prints: prints.clone(),
                ..self.options.clone()
            };
            let artifact = match swasm_linker::link(program, &options) {
                Ok(artifact) => artifact,
                Err(errors) => {
                    // The next level would say the same.
                    said = Some(errors);
                    break;
                }
            };
            let tier = if opt_level == OptLevel::O0 { Tier::Quick } else { Tier::Optimizing };
            for failure in run::run(&artifact.wasm, tier, &self.directives, callables) {
                match found.iter_mut().find(|(other, _)| *other == failure) {
                    Some((_, at)) => at.push(opt_level),
                    None => found.push((failure, vec![opt_level])),
                }
            }
            if opt_level == self.options.opt_level {
                self.size(program, callables, &options, &artifact, failures);
                optimized = Some(artifact.prints.clone());
            }
            if opt_level == OptLevel::O0 {
                lowered = Some(artifact.prints);
            }
        }
        let mut diagnostics = program.warnings().to_vec();
        diagnostics.extend(said.clone().unwrap_or_default());
        failures.extend(as_failures(diagnostics::compare(
            &self.diagnostics,
            &diagnostics,
            program,
        )));
        failures.extend(found.into_iter().map(|((line, message), at)| {
            let everywhere = at.len() == levels.len();
            let message = if everywhere {
                message
            } else {
                format!(
                    "{message} (only at {})",
                    at.iter().map(|level| format!("-{level:?}")).collect::<Vec<_>>().join(", ")
                )
            };
            Failure { line, message }
        }));
        Some(Builds { lowered: lowered?, optimized: optimized? })
    }

    /// `wasm-size`, of the module that `swasm build` makes of the same files.
    fn size(
        &self,
        program: &Checked,
        callables: &[Named],
        options: &Options,
        artifact: &Artifact,
        failures: &mut Vec<Failure>,
    ) {
        let Some((line, limit)) = self.directives.wasm_size else { return };
        let failure = |message| Failure { line: Some(line), message };
        if !callables.is_empty() {
            failures.push(failure("a file with `run` or `trap` exports more than its text says; state its size in another file".to_owned()));
            return;
        }
        let plain = Options { roots: Vec::new(), prints: Vec::new(), ..options.clone() };
        let size = if options.roots.is_empty() {
            Ok(artifact.wasm.len())
        } else {
            swasm_linker::link(program, &plain).map(|artifact| artifact.wasm.len())
        };
        match size {
            Ok(size) if size as u64 <= limit => (),
            Ok(size) => failures.push(failure(format!("the module has {size} bytes"))),
            Err(_) => failures.push(failure(
                "without the functions that directives name, the program cannot be linked"
                    .to_owned(),
            )),
        }
    }

    /// Whether the test can fail.
    fn states_something(&self, modules: &[swasm_frontend_ir::ir::Module]) -> bool {
        let Directives { calls, wat, wasm_size, .. } = &self.directives;
        let states = !(calls.is_empty()
            && wat.is_empty()
            && self.checks.is_empty()
            && self.diagnostics.is_empty());
        states || wasm_size.is_some() || program::exports(modules, "_start")
    }

    /// The parts of the snapshot, and failed checks to `failures`.
    fn sections(&self, texts: &Texts, failures: &mut Vec<Failure>) -> Vec<Section> {
        for (checks, text) in &texts.checked {
            let line = checks.first().map(|check| check.line);
            match text {
                Some(text) => failures.extend(
                    check::matches(text, checks)
                        .err()
                        .map(|m| Failure { line: Some(m.line), message: m.message }),
                ),
                None => failures.push(Failure {
                    line,
                    message: "the function has no code of its own to look at".to_owned(),
                }),
            }
        }
        let mut sections = Vec::new();
        for (wat, text) in self.directives.wat.iter().zip(&texts.wat) {
            let title =
                format!("{}: {}", if wat.lowered { "wat(O0)" } else { "wat" }, wat.function);
            match text {
                Some(body) => sections.push(Section { title, body: body.clone() }),
                None => failures.push(Failure {
                    line: Some(wat.line),
                    message: format!("`{}` has no code of its own", wat.function),
                }),
            }
        }
        sections
    }
}

/// What directives need of the builds: unoptimised, and at the level of `flags`.
struct Builds {
    lowered: Vec<Printed>,
    optimized: Vec<Printed>,
}

fn as_failures(found: Vec<run::Failure>) -> impl Iterator<Item = Failure> {
    found.into_iter().map(|(line, message)| Failure { line, message })
}

fn options(directives: &Directives) -> Result<Options, Failure> {
    let mut options =
        Options { memory: directives.memory.unwrap_or_default(), ..Options::default() };
    for (line, flag) in &directives.flags {
        match &**flag {
            "-O0" => options.opt_level = OptLevel::O0,
            "-O1" => options.opt_level = OptLevel::O1,
            "-O2" => options.opt_level = OptLevel::O2,
            "-Os" => options.opt_level = OptLevel::Os,
            "--strip" => options.strip = true,
            _ => {
                let message = format!(
                    "`{flag}` is not one of -O0, -O1, -O2, -Os, --strip; `//@ memory:` sets the mode"
                );
                return Err(Failure { line: Some(*line), message });
            }
        }
    }
    Ok(options)
}
