//! A compiled module and the calls that a test file states ⇒ agreement, or how they differ.
//!
//! Invariant: a guest sees only what its directives give it, on clocks and random numbers that are the same in every run, and is stopped
//! when its fuel or time is used up.

use std::sync::OnceLock;
use std::time::Duration;

use swasm_executor::{
    Config, Engine, Instance, Limits, Module, OptLevel, Stdin, Stop, Value, Wasi,
};

use swasm_linker::AT_EXIT_EXPORT;

use crate::diff;
use crate::directive::{Call, Directives, Effects, End};
use crate::literal;
use crate::program::Named;

/// Units of fuel for one call unless `//@ fuel:` says otherwise: some seconds' worth.
const FUEL: u64 = 4_000_000_000;
/// How long one call may take unless `//@ timeout:` says otherwise. Fuel ends a busy loop; this ends a guest that waits.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The first of a program's arguments.
const PROGRAM: &str = "test";

/// Which tier of the executor compiles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tier {
    /// The quick one.
    Quick,
    /// The optimising one.
    Optimizing,
}

fn engine(tier: Tier) -> Result<&'static Engine, String> {
    static ENGINES: [OnceLock<Result<Engine, String>>; 2] = [OnceLock::new(), OnceLock::new()];
    let level = match tier {
        Tier::Quick => OptLevel::None,
        Tier::Optimizing => OptLevel::Speed,
    };
    let make = || {
        let config =
            Config::new().opt_level(level).fuel(true).interruptible(true).deterministic(true);
        Engine::new(&config).map_err(|error| error.to_string())
    };
    ENGINES[tier as usize].get_or_init(make).as_ref().map_err(Clone::clone)
}

/// A mistake found by running, at a directive's line.
pub(crate) type Failure = (Option<u32>, String);

/// Runs what the directives state: the command unless a directive calls it by itself, then the calls in order in one instance.
pub(crate) fn run(
    bytes: &[u8],
    tier: Tier,
    directives: &Directives,
    callables: &[Named],
) -> Vec<Failure> {
    let module = match engine(tier)
        .and_then(|engine| Module::compile(engine, bytes).map_err(|error| error.to_string()))
    {
        Ok(module) => module,
        Err(message) => return vec![(None, message)],
    };
    let mut failures = Vec::new();
    let called = |export: &str| callables.iter().any(|callable| callable.export == export);
    if module.function("_start").is_some() && !called("_start") {
        failures.extend(command(&module, directives));
    } else if let Some(line) = directives.command_line {
        failures.push((
            Some(line),
            "the program has no `_start` to run; state output after a `run` or `trap`".to_owned(),
        ));
    }
    if !directives.calls.is_empty() {
        failures.extend(calls(&module, directives, callables));
    }
    failures
}

fn instantiate(module: &Module, directives: &Directives) -> Result<Instance, Stop> {
    let arguments =
        directives.args.iter().map(|argument| String::from_utf8_lossy(argument).into_owned());
    let mut wasi = Wasi::new()
        .args(std::iter::once(PROGRAM.to_owned()).chain(arguments))
        .stdin(Stdin::Bytes(directives.stdin.clone()))
        .capture()
        .deterministic(true);
    for (name, value) in &directives.env {
        wasi = wasi.env(name, value);
    }
    let mut limits = Limits::new()
        .fuel(directives.fuel.unwrap_or(FUEL))
        .timeout(directives.timeout.unwrap_or(TIMEOUT));
    if let Some(bytes) = directives.max_memory {
        limits = limits.max_memory(bytes);
    }
    Instance::new(module, wasi, limits)
}

fn command(module: &Module, directives: &Directives) -> Vec<Failure> {
    let line = directives.command_line;
    let mut instance = match instantiate(module, directives) {
        Ok(instance) => instance,
        Err(stop) => return vec![(line, format!("{stop:#}"))],
    };
    let outcome = instance.call("_start", &[]);
    let mut failures = Vec::new();
    let status = match outcome {
        Ok(_) => Some(0),
        Err(Stop::Exit(status)) => Some(status),
        Err(stop) => {
            failures.push((line, format!("the command ended by {stop:#}")));
            None
        }
    };
    let expected = directives.command.exit.unwrap_or(0);
    if let Some(status) = status.filter(|status| *status != expected) {
        failures.push((line, format!("the command exited with {status}, not {expected}")));
    }
    failures.extend(written(line, &directives.command, &instance.stdout(), &instance.stderr()));
    failures
}

/// Compares what was written; nothing is expected unless stated.
fn written(line: Option<u32>, effects: &Effects, stdout: &[u8], stderr: &[u8]) -> Vec<Failure> {
    let streams =
        [("standard output", &effects.stdout, stdout), ("standard error", &effects.stderr, stderr)];
    let differs = streams.into_iter().filter_map(|(name, expected, found)| {
        let expected = expected.as_deref().unwrap_or_default();
        (expected != found).then(|| (line, diff::bytes(name, expected, found)))
    });
    differs.collect()
}

fn calls(module: &Module, directives: &Directives, callables: &[Named]) -> Vec<Failure> {
    let mut instance = match instantiate(module, directives) {
        Ok(instance) => instance,
        Err(stop) => return vec![(None, format!("{stop:#}"))],
    };
    let mut failures = Vec::new();
    let (mut stdout, mut stderr) = (0, 0);
    for (call, callable) in directives.calls.iter().zip(callables) {
        let line = Some(call.line);
        if let Err(error) = instance.set_fuel(directives.fuel.unwrap_or(FUEL)) {
            failures.push((line, error.to_string()));
        }
        if let Err(message) = one(&mut instance, module, call, callable) {
            failures.push((line, message));
        }
        if module.function(AT_EXIT_EXPORT).is_some()
            && let Err(error) = instance
                .set_fuel(FUEL)
                .map_err(Stop::from)
                .and_then(|()| instance.call(AT_EXIT_EXPORT, &[]))
        {
            failures.push((line, format!("output could not be flushed: {error:#}")));
        }
        let (all_stdout, all_stderr) = (instance.stdout(), instance.stderr());
        failures.extend(written(line, &call.effects, &all_stdout[stdout..], &all_stderr[stderr..]));
        (stdout, stderr) = (all_stdout.len(), all_stderr.len());
    }
    failures
}

/// Makes one call and compares how it ends.
fn one(
    instance: &mut Instance,
    module: &Module,
    call: &Call,
    callable: &Named,
) -> Result<(), String> {
    let signature = module
        .function(&callable.export)
        .ok_or_else(|| format!("`{}` is not exported", call.function))?;
    if signature.params.len() != call.arguments.len() {
        return Err(format!(
            "`{}` takes {} values, {} are given",
            call.function,
            signature.params.len(),
            call.arguments.len()
        ));
    }
    let values =
        |texts: &[String], types: &[swasm_executor::ValueType]| -> Result<Vec<Value>, String> {
            texts
                .iter()
                .zip(types)
                .map(|(text, ty)| Value::parse(text, ty).map_err(|error| error.to_string()))
                .collect()
        };
    let arguments = values(&call.arguments, &signature.params)?;
    let shown = format!("{}({})", call.function, call.arguments.join(", "));
    let outcome = instance.call(&callable.export, &arguments);
    match (&call.end, outcome) {
        (_, Err(Stop::Exit(status))) => match call.effects.exit {
            Some(expected) if expected == status => Ok(()),
            Some(expected) => Err(format!("{shown} exited with {status}, not {expected}")),
            None => Err(format!("{shown} exited with {status}")),
        },
        (End::Returns(expected), Ok(found)) => {
            if let Some(expected) = call.effects.exit {
                return Err(format!(
                    "{shown} returned {}, and did not exit with {expected}",
                    show(&found, callable)
                ));
            }
            if expected.len() != found.len() {
                let found = show(&found, callable);
                return Err(format!(
                    "{shown} returned {found}; {} values are stated: `run: f() == VALUE`",
                    expected.len()
                ));
            }
            let expected = values(expected, &signature.results)?;
            if expected == found {
                return Ok(());
            }
            Err(format!(
                "{shown} returned {}, not {}",
                show(&found, callable),
                show(&expected, callable)
            ))
        }
        (End::Traps(expected, _), Ok(found)) => Err(format!(
            "{shown} returned {}, and did not trap: {expected}",
            show(&found, callable)
        )),
        (End::Returns(_), Err(stop)) => Err(format!("{shown} ended by {stop:#}")),
        (End::Traps(expected, place), Err(Stop::Trap(trap))) => {
            if !literal::same_but_numbers(expected, &trap.message()) {
                return Err(format!(
                    "{shown} did not trap as stated\n  expected {expected}\n     found {trap:#}"
                ));
            }
            let found = trap.frames.first().and_then(|frame| frame.line.zip(frame.column));
            match place {
                Some(place) if Some(*place) != found => {
                    Err(format!("{shown} did not trap at {}:{}\n{trap:#}", place.0, place.1))
                }
                _ => Ok(()),
            }
        }
        (End::Traps(..), Err(stop)) => Err(format!("{shown} ended by {stop:#}")),
    }
}

/// Values as the function's own result type writes them.
fn show(values: &[Value], callable: &Named) -> String {
    let one = |value: &Value| match (callable.result.as_deref(), value.unsigned()) {
        (Some("bool"), Some(0)) => "false".to_owned(),
        (Some("bool"), Some(1)) => "true".to_owned(),
        (Some("char"), Some(code)) => u32::try_from(code)
            .ok()
            .and_then(char::from_u32)
            .map_or_else(|| code.to_string(), |c| format!("{c:?}")),
        (Some("u8" | "u16" | "u32" | "u64" | "addr"), Some(number)) => number.to_string(),
        _ => value.to_string(),
    };
    match values {
        [] => "nothing".to_owned(),
        [value] => one(value),
        values => format!("({})", values.iter().map(one).collect::<Vec<_>>().join(", ")),
    }
}
