//! Law: a module is read, and encoded again, alike on any number of threads; what is wrong with it, too.

#![cfg(feature = "parallel")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;

use swasm_tree::{Module, ReadError, Reading, WriteOptions};

const FUNCS: usize = 400;
/// A number that functions contain.
const MARK: i32 = 0x0123_4567;

/// A module of many functions of many sizes; with an operand too few in those of `wrong`.
fn module(wrong: &[usize]) -> Vec<u8> {
    let mut text = "(module (memory 1)".to_owned();
    for at in 0..FUNCS {
        write!(text, "(func $f{at} (param i32) (result i32) (local i64 i32)").unwrap();
        for step in 0..at % 37 * 5 {
            write!(
                text,
                "(if (i32.lt_s (local.get 0) (i32.const {step})) (then (i32.store offset={step} (local.get 0) (call $f{} (i32.const {at})))))",
                at * step % FUNCS
            )
            .unwrap();
        }
        write!(text, "(i32.add (local.get 0) (i32.const {MARK})))").unwrap();
    }
    text.push(')');
    let mut bytes = wat::parse_str(text).unwrap();
    // The last operator of a function: `i32.add` becomes `i32.eqz`, which leaves an operand.
    let parsed = Module::read(bytes.clone()).unwrap();
    for &at in wrong {
        let swasm_tree::FuncKind::Read(code) = &parsed.funcs[at].kind else {
            panic!("it was read")
        };
        let end = parsed.code_offset() + code.range_in_code(&parsed).end as usize;
        assert_eq!(bytes[end - 2], 0x6a);
        bytes[end - 2] = 0x45;
    }
    bytes
}

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

fn copied(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    Ok(Module::read(bytes)?.write(&WriteOptions::default()).bytes)
}

fn reencoded(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    let mut reading = Reading::new(bytes)?;
    reading.reencode()?;
    Ok(reading.finish()?.write(&WriteOptions::default()).bytes)
}

#[test]
fn any_number_of_threads_reads_the_same() {
    let bytes = module(&[]);
    let (copy, code) = on(1, || (copied(&bytes).unwrap(), reencoded(&bytes).unwrap()));
    for threads in [2, 7] {
        for _ in 0..5 {
            on(threads, || {
                assert!(copied(&bytes).unwrap() == copy, "{threads} threads");
                assert!(reencoded(&bytes).unwrap() == code, "{threads} threads");
            });
        }
    }
}

#[test]
fn the_first_error_of_the_module_is_told() {
    let wrong = [311, 57, 399, 58];
    let bytes = module(&wrong);
    let first = module(&[57]);
    let told = on(1, || copied(&first).unwrap_err());
    for threads in [1, 2, 7] {
        for _ in 0..5 {
            on(threads, || {
                assert_eq!(copied(&bytes).unwrap_err(), told, "{threads} threads");
                assert_eq!(reencoded(&bytes).unwrap_err(), told, "{threads} threads");
                // What was found wrong never becomes a module.
                let mut reading = Reading::new(&bytes[..]).unwrap();
                assert_eq!(reading.reencode().unwrap_err(), told);
                assert_eq!(reading.reencode().unwrap_err(), told);
                assert_eq!(reading.open_each(|_, _, _| None).unwrap_err(), told);
                assert_eq!(reading.finish().unwrap_err(), told);
            });
        }
    }
}
