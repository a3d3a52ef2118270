//! `swasm run`: a program or module ⇒ its output and its exit status. The program sees standard input and output, and of the rest of the
//! world only what flags give it.

use swasm::{Diagnostic, Diagnostics, codes};
use swasm_executor::{
    Access, Config, Engine, Error, Instance, Limits, Module, OptLevel, Output, Stdin, Stop, Value,
    Wasi,
};

use crate::args::{Level, Run};
use crate::input::Sources;
use crate::report::Report;
use crate::timings::Timings;
use crate::{FAILED, Failure, output};

/// Compiles and runs.
pub(crate) fn run(run: &Run, report: &Report) -> Result<i32, Failure> {
    run.compile.set_threads();
    let mut timings = Timings::new(run.compile.timings);
    let mut sources =
        timings.stage("read", || Sources::read(&run.inputs)?.link(&run.compile.link))?;
    let reads_stdin = run.inputs.files.iter().any(|file| file.as_os_str() == "-");
    let name = format!("{}.wasm", sources.stem);
    let links = std::mem::take(&mut sources.links);
    let module = match sources.module {
        Some(module) => module,
        None => {
            let checked = sources.check(report, &mut timings)?;
            timings.link(&checked, &run.compile.options(links), report)?.wasm
        }
    };
    let mut config = Config::new().fuel(run.fuel.is_some()).interruptible(run.timeout.is_some());
    if run.compile.opt_level == Level::O0 {
        config = config.opt_level(OptLevel::None);
    }
    let compiled = timings
        .stage("compile", || Module::compile(&Engine::new(&config)?, &module))
        .map_err(refused)?;
    let mut wasi = Wasi::new().args([name]).stdout(Output::Inherit).stderr(Output::Inherit);
    // Standard input that held the program has nothing more to give.
    wasi = wasi.stdin(if reads_stdin { Stdin::Empty } else { Stdin::Inherit });
    if run.invoke.is_none() {
        wasi = wasi.args(run.args.iter().cloned());
    }
    wasi = capabilities(run, wasi)?;
    let mut limits = Limits::new();
    if let Some(units) = run.fuel {
        limits = limits.fuel(units);
    }
    if let Some(time) = run.timeout {
        limits = limits.timeout(time);
    }
    if let Some(bytes) = run.max_memory {
        limits = limits.max_memory(bytes);
    }
    let outcome = timings.stage("run", || execute(run, &compiled, wasi, limits));
    timings.tell();
    outcome
}

fn capabilities(run: &Run, mut wasi: Wasi) -> Result<Wasi, Failure> {
    for directory in &run.dir {
        let (host, guest) = directory.split_once("::").unwrap_or((directory, directory));
        wasi = wasi.directory(host, guest, Access::ReadWrite);
    }
    for variable in &run.env {
        wasi = match variable.split_once('=') {
            Some((name, value)) => wasi.env(name, value),
            None => match std::env::var(variable) {
                Ok(value) => wasi.env(variable, value),
                Err(_) => {
                    return Err(Failure::Usage(format!(
                        "`{variable}` is not set here; say `--env {variable}=VALUE`"
                    )));
                }
            },
        };
    }
    Ok(wasi)
}

fn execute(run: &Run, module: &Module, wasi: Wasi, limits: Limits) -> Result<i32, Failure> {
    let export = run.invoke.as_deref().unwrap_or("_start");
    let Some(signature) = module.function(export) else {
        return Err(missing(run, module, export));
    };
    let mut values = Vec::new();
    if run.invoke.is_some() {
        if signature.params.len() != run.args.len() {
            let message = format!(
                "`{export}` takes {signature}; {} values are given after `--`",
                run.args.len()
            );
            return Err(Failure::Usage(message));
        }
        for (text, ty) in run.args.iter().zip(&signature.params) {
            values.push(Value::parse(text, ty).map_err(|error| Failure::Usage(error.to_string()))?);
        }
    }
    let outcome =
        Instance::new(module, wasi, limits).and_then(|mut instance| instance.call(export, &values));
    match outcome {
        Ok(results) => {
            for value in results.iter().filter(|_| run.invoke.is_some()) {
                output::stdout(format!("{value}\n").as_bytes())?;
            }
            Ok(0)
        }
        Err(Stop::Refused(error)) => Err(refused(error)),
        Err(stop) => {
            if let Stop::Trap(_) = stop {
                crate::report::say(&format!("{stop:#}\n"));
            }
            // A process has eight bits for its status: what would become 0 must not look like success.
            let status = stop.status();
            Ok(if status != 0 && status & 0xff == 0 { FAILED } else { status })
        }
    }
}

fn refused(error: Error) -> Failure {
    Diagnostics::from(Diagnostic::global(codes::CANNOT_RUN, error.to_string())).into()
}

/// The diagnostic for an export that isn't there.
fn missing(run: &Run, module: &Module, export: &str) -> Failure {
    let names: Vec<String> = module
        .exports()
        .into_iter()
        .map(|export| export.name)
        .filter(|name| module.function(name).is_some())
        .collect();
    let mut diagnostic =
        Diagnostic::global(codes::CANNOT_RUN, format!("the module exports no function `{export}`"));
    if run.invoke.is_none() {
        diagnostic = diagnostic
            .help("put `#[wasm_export(\"_start\")]` before the function that is the program");
    }
    if !names.is_empty() {
        diagnostic = diagnostic
            .help(format!("call one of its functions with `--invoke`: {}", names.join(", ")));
    }
    Diagnostics::from(diagnostic).into()
}
