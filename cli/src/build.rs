//! `swasm build`: a program ⇒ a module and whatever else was asked for.

use std::path::{Path, PathBuf};

use swasm::{LinkedModule, Options, Part, Print, Stage};

use crate::args::{Build, Emit, EmitKind};
use crate::input::Sources;
use crate::report::Report;
use crate::timings::Timings;
use crate::{Failure, output};

/// Compiles and writes.
pub(crate) fn build(build: &Build, report: &Report) -> Result<i32, Failure> {
    build.compile.set_threads();
    let mut timings = Timings::new(build.compile.timings);
    let mut sources =
        timings.stage("read", || Sources::read(&build.inputs)?.link(&build.compile.link))?;
    let mut outputs = outputs(build, &sources.stem)?;
    refuse_clashes(&outputs, &sources.files)?;
    let wants = |kind| outputs.iter().any(|output| output.kind == kind);

    let files = sources.files.clone();
    let links = std::mem::take(&mut sources.links);
    let ir = if wants(EmitKind::Ir) { Some(sources.to_text()?) } else { None };
    let (wasm, prints) = match sources.module {
        Some(_) if wants(EmitKind::Ir) || wants(EmitKind::Tree) || !build.dump_after.is_empty() => {
            return Err(Failure::Usage(
                "a WebAssembly module has no IR and no passes; only wat and wasm can be made of it"
                    .to_owned(),
            ));
        }
        Some(module) => (module, Vec::new()),
        None => {
            let checked = sources.check(report, &mut timings)?;
            let options = options(build, links, wants(EmitKind::Tree))?;
            let artifact = timings.link(&checked, &options, report)?;
            (artifact.wasm, artifact.prints)
        }
    };
    // The module first: what is told about it is true when it is there.
    outputs.sort_by_key(|output| output.kind != EmitKind::Wasm);
    timings.stage("write", || {
        for Output { kind, path } in &outputs {
            match kind {
                EmitKind::Ir => output::write(path, ir.as_deref().unwrap_or_default().as_bytes())?,
                EmitKind::Tree => output::write(
                    path,
                    join(prints.iter().filter(|print| print.stage == Stage::Lowered)).as_bytes(),
                )?,
                EmitKind::Wat => {
                    output::write(path, crate::print::wat(&wasm, Part::Whole)?.as_bytes())?
                }
                EmitKind::Wasm => output::write(path, &wasm)?,
                EmitKind::DepInfo => {
                    output::write(path, depfile(target(&outputs), &files).as_bytes())?
                }
            }
        }
        for pass in &build.dump_after {
            let stage = stage(pass);
            output::stdout(join(prints.iter().filter(|print| print.stage == stage)).as_bytes())?;
        }
        Ok::<_, Failure>(())
    })?;
    timings.tell();
    Ok(0)
}

/// A form of the program and where it goes.
#[derive(Debug)]
struct Output {
    kind: EmitKind,
    path: PathBuf,
}

fn outputs(build: &Build, stem: &str) -> Result<Vec<Output>, Failure> {
    let default = [Emit { kind: EmitKind::Wasm, path: None }];
    let nothing_else =
        build.emit.is_empty() && (build.dump_after.is_empty() || build.output.is_some());
    let emits = if nothing_else { &default[..] } else { &build.emit };
    // `-o` is the module's path if a module is written, else that of the only output.
    let named = match emits {
        _ if build.output.is_none() => None,
        [only] => Some(only.kind),
        _ if emits.iter().any(|emit| emit.kind == EmitKind::Wasm) => Some(EmitKind::Wasm),
        _ => {
            return Err(Failure::Usage(
                "`-o` names one output; give each its own path: `--emit ir=PATH,wat=PATH`"
                    .to_owned(),
            ));
        }
    };
    let mut outputs = Vec::new();
    for Emit { kind, path } in emits {
        let by_option = build.output.clone().filter(|_| named == Some(*kind));
        if by_option.is_some() && path.is_some() {
            return Err(Failure::Usage(format!("the path of `{}` is given twice", kind.name())));
        }
        if outputs.iter().any(|output: &Output| output.kind == *kind) {
            return Err(Failure::Usage(format!("`{}` is asked for twice", kind.name())));
        }
        let path = path.clone().or(by_option).unwrap_or_else(|| match kind {
            EmitKind::Wasm => PathBuf::from(format!("{stem}.wasm")),
            EmitKind::Ir | EmitKind::Tree | EmitKind::Wat | EmitKind::DepInfo => PathBuf::from("-"),
        });
        outputs.push(Output { kind: *kind, path });
    }
    if let Some(path) = &build.depfile {
        if outputs.iter().any(|output| output.kind == EmitKind::DepInfo) {
            return Err(Failure::Usage(
                "`--depfile` and `--emit dep-info` ask for the same".to_owned(),
            ));
        }
        outputs.push(Output { kind: EmitKind::DepInfo, path: path.clone() });
    }
    Ok(outputs)
}

/// No output may overwrite another one or an input.
fn refuse_clashes(outputs: &[Output], inputs: &[PathBuf]) -> Result<(), Failure> {
    let standard = Path::new("-");
    for (index, output) in outputs.iter().enumerate().filter(|(_, output)| output.path != standard)
    {
        if outputs[..index].iter().any(|other| output::same(&other.path, &output.path)) {
            return Err(Failure::Usage(format!("two outputs go to `{}`", output.path.display())));
        }
        if inputs.iter().any(|input| output::same(input, &output.path)) {
            return Err(Failure::Usage(format!(
                "`{}` is an input; it would be overwritten",
                output.path.display()
            )));
        }
    }
    let binary_and_text =
        outputs.iter().filter(|output| output.path == standard).collect::<Vec<_>>();
    if binary_and_text.len() > 1
        && binary_and_text.iter().any(|output| output.kind == EmitKind::Wasm)
    {
        return Err(Failure::Usage(
            "a module and text cannot both go to standard output".to_owned(),
        ));
    }
    Ok(())
}

/// `lower` is the moment before the first pass.
fn stage(pass: &str) -> Stage {
    if pass == "lower" { Stage::Lowered } else { Stage::After(pass.to_owned()) }
}

fn options(build: &Build, links: Vec<LinkedModule>, tree: bool) -> Result<Options, Failure> {
    let mut options = build.compile.options(links);
    for pass in &build.dump_after {
        if pass != "lower" && swasm::pass_names().all(|known| known != pass) {
            let known: Vec<_> = swasm::pass_names().collect();
            let message =
                format!("there is no pass `{pass}`; there are lower, {}", known.join(", "));
            return Err(Failure::Usage(message));
        }
        options.prints.push(Print { stage: stage(pass), function: None });
    }
    let lowered = Print { stage: Stage::Lowered, function: None };
    if tree && !options.prints.contains(&lowered) {
        options.prints.push(lowered);
    }
    Ok(options)
}

/// Functions one after the other, a blank line between them.
pub(crate) fn join<'a>(prints: impl Iterator<Item = &'a swasm::Printed>) -> String {
    prints.map(|print| format!("{}\n", print.text.trim_end())).collect::<Vec<_>>().join("\n")
}

/// What the makefile's rule is about: the module if it is a file, else the first file written.
fn target(outputs: &[Output]) -> &Path {
    let files = || {
        outputs
            .iter()
            .filter(|output| output.path != Path::new("-") && output.kind != EmitKind::DepInfo)
    };
    let module = files().find(|output| output.kind == EmitKind::Wasm);
    module.or_else(|| files().next()).map_or(Path::new("-"), |output| &output.path)
}

/// A rule as `gcc -MD` writes it, with a rule without prerequisites for each file, so that a deleted one does not stop make.
fn depfile(target: &Path, files: &[PathBuf]) -> String {
    let escaped = |path: &Path| {
        path.to_string_lossy()
            .replace('\\', "/")
            .replace('$', "$$")
            .replace('#', "\\#")
            .replace(' ', "\\ ")
    };
    let mut text = format!("{}:", escaped(target));
    for file in files {
        text.push_str(&format!(" \\\n  {}", escaped(file)));
    }
    text.push('\n');
    for file in files.iter().skip(1) {
        text.push_str(&format!("\n{}:\n", escaped(file)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_depfile_is_a_makefiles_rule() {
        let files = ["src/a b.swir".into(), "src/c.swir".into()];
        assert_eq!(
            depfile(Path::new("out.wasm"), &files),
            "out.wasm: \\\n  src/a\\ b.swir \\\n  src/c.swir\n\nsrc/c.swir:\n"
        );
    }
}
