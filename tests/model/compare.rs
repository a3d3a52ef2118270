//! A program ⇒ whether every build of it does what the evaluator says.

use swasm_executor::{Instance, Limits, Reason, Stop, Value as Core, Wasi};
use swasm_linker::{MemoryMode, OptLevel};

use crate::ast::{Module, Value};
use crate::evaluate::{self, Observed, trace_bits};
use crate::number::Trap;
use crate::print::{export, print};
use crate::toolchain::{self, FUEL, LEVELS, OTHERS};

/// What became of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Agrees,
    /// The evaluator gave it up: it takes too long, or its behaviour is left open.
    GivenUp(String),
    /// The checker refuses it.
    Refused(String),
    /// A build fails or differs.
    Differs(String),
}

/// A level and a mode to build at.
pub(crate) type Build = (OptLevel, MemoryMode);

/// The builds of the program of a seed: all levels, and one of the rest.
pub(crate) fn builds(seed: u64) -> Vec<Build> {
    let other = OTHERS[(seed / 4 % OTHERS.len() as u64) as usize];
    LEVELS.into_iter().map(|level| (level, MemoryMode::Checked)).chain([other]).collect()
}

/// What messages of a build begin with.
pub(crate) fn name((level, mode): Build) -> String {
    format!("at {level:?} {mode:?}")
}

/// Holds some builds of a program to the evaluator.
pub(crate) fn judge(module: &Module, builds: &[Build]) -> Verdict {
    let expected = match evaluate::evaluate(module) {
        Ok(expected) => expected,
        Err(stop) => return Verdict::GivenUp(format!("{stop:?}")),
    };
    // Unchecked, such a program may do anything.
    let is_inside = |call: &Observed| {
        !matches!(call.result, Err(Trap::Bounds { .. } | Trap::SizeMismatch { .. }))
    };
    let is_inside = expected.iter().all(is_inside);
    let text = print(module);
    let program = |text: &str| match toolchain::check(text) {
        Ok(program) => Ok(program),
        Err(message) if message.contains("panics") => Err(Verdict::Differs(message)),
        Err(message) => Err(Verdict::Refused(message)),
    };
    let as_written = match program(&text) {
        Ok(program) => program,
        Err(verdict) => return verdict,
    };
    for &build in builds {
        let (level, mode) = build;
        if mode == MemoryMode::Unchecked && !is_inside {
            continue;
        }
        // The odd one out is of the text that the printer makes: it must say the same.
        let reprinted = match OTHERS.contains(&build).then(|| toolchain::reprint(&text)).transpose()
        {
            Ok(reprinted) => reprinted,
            Err(message) => return Verdict::Differs(message),
        };
        let reprinted = match reprinted.map(|text| program(&text)).transpose() {
            Ok(program) => program,
            Err(verdict) => return verdict,
        };
        let program = reprinted.as_ref().unwrap_or(&as_written);
        let run = toolchain::link(program, level, mode).and_then(|bytes| {
            let compiled = toolchain::compile(&bytes, level)?;
            let limits = Limits::new().fuel(FUEL);
            let mut instance = Instance::new(&compiled, Wasi::new(), limits)
                .map_err(|stop| format!("{stop:#}"))?;
            run(module, &expected, &mut instance)
        });
        if let Err(message) = run {
            return Verdict::Differs(format!("{}: {message}", name(build)));
        }
    }
    Verdict::Agrees
}

fn run(module: &Module, expected: &[Observed], instance: &mut Instance) -> Result<(), String> {
    for (at, ((function, arguments), expected)) in module.calls.iter().zip(expected).enumerate() {
        let mut values = Vec::new();
        arguments.iter().for_each(|argument| flatten(argument, &mut values));
        let shown = format!("call {at}, {}({arguments:?})", export(*function));
        instance.set_fuel(FUEL).map_err(|error| error.to_string())?;
        let found = instance.call(&export(*function), &values);
        match (&expected.result, &found) {
            (Ok(value), Ok(found)) => {
                let mut rest = found.iter();
                if !agrees(value, &mut rest) || rest.next().is_some() {
                    return Err(format!("{shown} gives {found:?}, not {value:?}"));
                }
            }
            (Err(trap), Err(Stop::Trap(found))) if same(trap, &found.reason) => (),
            (expected, found) => return Err(format!("{shown} gives {found:?}, not {expected:?}")),
        }
        if instance.global("trace") != Some(Core::I64(expected.trace as i64)) {
            return Err(format!(
                "{shown} gives the value {:?}, but leaves another trace",
                expected.result
            ));
        }
        let exported =
            module.statics.iter().enumerate().filter(|(_, item)| item.exported && !item.omitted);
        for ((index, item), value) in exported.zip(&expected.statics) {
            let found = instance.global(&format!("G{index}"));
            if !found.iter().all(|found| agrees(value, &mut std::iter::once(found)))
                || found.is_none()
            {
                return Err(format!(
                    "{shown} leaves {found:?} in G{index}, of type {:?}, not {value:?}",
                    item.ty
                ));
            }
        }
    }
    Ok(())
}

/// The numbers that the host passes for a value; the bits that a narrow integer doesn't have are garbage.
fn flatten(value: &Value, out: &mut Vec<Core>) {
    match value {
        Value::Int(int, x) if int.width() == 64 => out.push(Core::I64(*x as i64)),
        Value::Int(int, x) if int.width() < 32 => {
            let garbage = 0x5a5a_5a5a_i32.rotate_left(out.len() as u32) << int.width();
            out.push(Core::I32(garbage | (*x as i32 & ((1 << int.width()) - 1))));
        }
        Value::Int(_, x) => out.push(Core::I32(*x as i32)),
        Value::F32(x) => out.push(Core::F32(*x)),
        Value::F64(x) => out.push(Core::F64(*x)),
        Value::Bool(x) => out.push(Core::I32(i32::from(*x))),
        Value::Char(x) => out.push(Core::I32(u32::from(*x) as i32)),
        Value::Struct(_, fields) => fields.iter().for_each(|field| flatten(field, out)),
        Value::Unit => (),
        Value::Pointer(_) | Value::Segment { .. } => {
            unreachable!("the host is not passed pointers")
        }
    }
}

/// Whether the next numbers are this value, held normalised; all NaNs are one.
fn agrees<'v>(value: &Value, found: &mut impl Iterator<Item = &'v Core>) -> bool {
    match value {
        Value::Struct(_, fields) => fields.iter().all(|field| agrees(field, found)),
        Value::Unit => true,
        Value::Int(int, x) => match found.next() {
            Some(Core::I64(found)) => int.width() == 64 && *found == *x as i64,
            Some(Core::I32(found)) => int.width() < 64 && *found == *x as i32,
            _ => false,
        },
        Value::F32(_) => {
            matches!(found.next(), Some(Core::F32(found)) if trace_bits(&Value::F32(*found)) == trace_bits(value))
        }
        Value::F64(_) => {
            matches!(found.next(), Some(Core::F64(found)) if trace_bits(&Value::F64(*found)) == trace_bits(value))
        }
        Value::Bool(x) => found.next() == Some(&Core::I32(i32::from(*x))),
        Value::Char(x) => found.next() == Some(&Core::I32(u32::from(*x) as i32)),
        Value::Pointer(_) | Value::Segment { .. } => false,
    }
}

/// An offset beyond this is only known to be outside.
const FAR: u128 = 1 << 40;

fn same(trap: &Trap, reason: &Reason) -> bool {
    match (trap, reason) {
        (Trap::DivideByZero, Reason::DivideByZero)
        | (Trap::Overflow, Reason::IntegerOverflow)
        | (Trap::Unreachable, Reason::Unreachable)
        | (Trap::NullCall, Reason::IndirectCallToNull)
        | (Trap::BadSignature, Reason::BadSignature) => true,
        (
            Trap::Bounds { offset, width, size },
            Reason::SegmentOutOfBounds { offset: found, width: w, size: s },
        ) => {
            (offset.unsigned_abs() > FAR || *offset as i64 as u64 == *found as u64)
                && width == w
                && size == s
        }
        (Trap::SizeMismatch { target, source }, Reason::Library { name, numbers }) => {
            name == "size mismatch" && numbers.iter().map(|(_, number)| number).eq([target, source])
        }
        _ => false,
    }
}
