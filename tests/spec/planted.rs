//! Mistakes that the suite must see: a wrong operator on the way to the engine, scripts that expect what isn't so, transforms that
//! break a law.

use libtest_mimic::Failed;
use wasmparser::{Operator, Parser, Payload};
use wasmtime::Engine;

use crate::host::Compiler;
use crate::run::{Failure, Stage, run};
use crate::suite::{self, Text};
use crate::ways::{Fault, Way, held_to_laws, lawful};

/// Whose additions become subtractions.
const SCRIPT: &str = "wasm-v3/i32";
/// Of the assertions about addition there are so many for which a difference is another number than the sum.
const DIFFERENT: usize = 6;

/// Directives below the line of dashes are wrong, all of them.
const WRONG: &str = include_str!("scripts/wrong.wast");

/// `i32.add` that became `i32.sub` makes the assertions about addition fail, and no others.
///
/// # Errors
/// When the script fails without the mistake, or not there with it.
pub(crate) fn a_wrong_operator_is_seen(engine: &Engine) -> Result<(), Failed> {
    let texts = suite::texts();
    let text = texts
        .iter()
        .find(|text| text.name == SCRIPT)
        .ok_or_else(|| format!("there is no script {SCRIPT}"))?;
    let is_addition = |failure: &Failure| {
        let line = text.text.lines().nth(failure.line - 1).unwrap_or_default();
        failure.stage == Stage::Engine && line.contains("(invoke \"add\"")
    };
    let mut compiler = Compiler::new(engine);
    let mut wrong = Vec::new();
    text.parsed(|script| {
        for way in Way::ALL {
            let untouched = run(script, &mut compiler, &|bytes| lawful(bytes, way));
            if !untouched.is_empty() {
                wrong.push(format!("{way:?}, nothing planted: {untouched:?}"));
            }
            let planted = run(script, &mut compiler, &|bytes| subtract(lawful(bytes, way)?));
            if planted.len() != DIFFERENT || !planted.iter().all(is_addition) {
                wrong.push(format!("{way:?}, planted: {planted:?}"));
            }
        }
    })?;
    if wrong.is_empty() { Ok(()) } else { Err(Failed::from(wrong.join("\n"))) }
}

/// Each directive that is wrong fails, and none that is right.
///
/// # Errors
/// Lines for which that isn't so.
pub(crate) fn wrong_directives_are_seen(engine: &Engine) -> Result<(), Failed> {
    let text = Text { name: "wrong".to_owned(), text: WRONG };
    let dashes = WRONG.lines().position(|line| line.starts_with(";; ---")).unwrap_or_default();
    let mut wrong = Vec::new();
    text.parsed(|script| {
        let failures =
            run(script, &mut Compiler::new(engine), &|bytes| lawful(bytes, Way::Untouched));
        for step in &script.steps {
            let failed = failures.iter().find(|failure| failure.line == step.line);
            if failed.is_some() != (step.line > dashes) {
                wrong.push(format!("wrong.wast:{}: {failed:?}", step.line));
            }
        }
    })?;
    if wrong.is_empty() { Ok(()) } else { Err(Failed::from(wrong.join("\n"))) }
}

/// Replaces every `i32.add`.
fn subtract(mut bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let broken = |error: wasmparser::BinaryReaderError| Fault::Broken(error.to_string());
    let mut places = Vec::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        if let Payload::CodeSectionEntry(body) = payload.map_err(broken)? {
            for operator in body.get_operators_reader().map_err(broken)?.into_iter_with_offsets() {
                let (operator, at) = operator.map_err(broken)?;
                if matches!(operator, Operator::I32Add) {
                    places.push(at);
                }
            }
        }
    }
    const I32_SUB: u8 = 0x6b;
    for at in places {
        bytes[at] = I32_SUB;
    }
    Ok(bytes)
}

/// A module whose one function has this code.
fn with_code(code: &[u8]) -> Vec<u8> {
    let size = u8::try_from(code.len()).expect("a few operators");
    // A type, a function of that type, and the function's body, which has no locals.
    let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0".to_vec();
    module.extend([0x0a, size + 4, 1, size + 2, 0]);
    module.extend_from_slice(code);
    module.push(0x0b);
    module
}

/// Transforms that break one law each are found out.
///
/// # Errors
/// Those that aren't.
pub(crate) fn broken_laws_are_seen(_: &Engine) -> Result<(), Failed> {
    type Transform<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    const UNREACHABLE: u8 = 0x00;
    const NOP: u8 = 0x01;
    const DROP: u8 = 0x1a;
    let (short, long) = (with_code(&[NOP]), with_code(&[NOP, NOP]));
    let (other, invalid) = (with_code(&[UNREACHABLE]), with_code(&[DROP]));
    let swap = |bytes: &[u8]| if bytes == short { other.clone() } else { short.clone() };
    let transforms: [(&str, Transform); 3] = [
        ("bytes of code became", &|_| long.clone()),
        ("written again", &swap),
        ("what is written", &|_| invalid.clone()),
    ];
    for (law, transform) in transforms {
        match held_to_laws(&short, Way::Opened, |bytes, _| Ok(transform(bytes))) {
            Err(Fault::Broken(found)) if found.contains(law) => (),
            outcome => return Err(Failed::from(format!("{law}: {outcome:?}"))),
        }
    }
    match held_to_laws(&long, Way::Opened, |_, _| Ok(short.clone())) {
        Ok(written) if written == short => Ok(()),
        outcome => Err(Failed::from(format!("shorter code: {outcome:?}"))),
    }
}
