//! `swasm print`: a program or module ⇒ text on standard output.

use swasm::{Part, Print, Stage};

use crate::args::{self, PrintKind};
use crate::input::Sources;
use crate::report::Report;
use crate::timings::Timings;
use crate::{Failure, build, output};

/// Prints the wanted form.
pub(crate) fn print(print: &args::Print, report: &Report) -> Result<i32, Failure> {
    print.compile.set_threads();
    let mut timings = Timings::new(print.compile.timings);
    let mut sources =
        timings.stage("read", || Sources::read(&print.inputs)?.link(&print.compile.link))?;
    let links = std::mem::take(&mut sources.links);
    let part = match &*print.function {
        [] if print.skeleton => Part::Skeleton,
        [] => Part::Whole,
        names => Part::Functions(names),
    };
    if part != Part::Whole
        && !matches!((&sources.module, print.emit), (Some(_), None) | (_, Some(PrintKind::Wat)))
    {
        return Err(Failure::Usage(
            "`--function` and `--skeleton` are about a module; add `--emit wat` to print a program as one".to_owned(),
        ));
    }
    let text = match (&sources.module, print.emit) {
        (Some(module), None | Some(PrintKind::Wat)) => wat(module, part)?,
        (Some(_), Some(PrintKind::Ir | PrintKind::Tree)) => {
            return Err(Failure::Usage(
                "a WebAssembly module has no IR; it can be printed as wat".to_owned(),
            ));
        }
        (None, None | Some(PrintKind::Ir)) => sources.to_text()?,
        (None, Some(PrintKind::Tree)) => {
            let mut options = print.compile.options(links);
            options.prints.push(Print { stage: Stage::Lowered, function: None });
            let checked = sources.check(report, &mut timings)?;
            build::join(timings.link(&checked, &options, report)?.prints.iter())
        }
        (None, Some(PrintKind::Wat)) => {
            let checked = sources.check(report, &mut timings)?;
            wat(&timings.link(&checked, &print.compile.options(links), report)?.wasm, part)?
        }
    };
    output::stdout(text.as_bytes())?;
    timings.tell();
    Ok(0)
}

/// A module as folded text, which the `wat` tools read.
pub(crate) fn wat(module: &[u8], part: Part<'_>) -> Result<String, Failure> {
    Ok(swasm::module_text(module, part)?)
}
