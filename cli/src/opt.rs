//! `swasm opt`: a WebAssembly module ⇒ a better one that does the same.

use std::path::Path;

use swasm::OptimizeOptions;

use crate::args::{self, Opt};
use crate::report::Report;
use crate::{Failure, input, output};

/// What `--passes` calls an empty list.
const NONE: &str = "none";

/// Optimises.
pub(crate) fn opt(opt: &Opt, report: &Report) -> Result<i32, Failure> {
    args::set_threads(opt.threads);
    if opt.output != Path::new("-") && output::same(&opt.input, &opt.output) {
        return Err(Failure::Usage(format!(
            "`{}` is the input; it would be overwritten",
            opt.output.display()
        )));
    }
    let options = OptimizeOptions {
        opt_level: opt.opt_level.into(),
        passes: passes(opt)?,
        renumber: opt.renumber,
        strip: opt.strip,
    };
    let optimized = swasm::optimize(&input::module(&opt.input)?, &options)?;
    if !optimized.warnings.is_empty() {
        report.diagnostics(&optimized.warnings);
    }
    output::write(&opt.output, &optimized.wasm)?;
    Ok(0)
}

fn passes(opt: &Opt) -> Result<Option<Vec<String>>, Failure> {
    match opt.passes.as_deref() {
        Some([none]) if none == NONE => Ok(Some(Vec::new())),
        Some(names) if names.iter().any(|name| name == NONE) => {
            Err(Failure::Usage(format!("`{NONE}` means no passes at all; it stands alone")))
        }
        Some(names) => Ok(Some(names.to_vec())),
        None => Ok(None),
    }
}
