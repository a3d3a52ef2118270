//! Host functions: values across the border, re-entry, swallowed traps, errors.

use crate::{instance, module};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use swasm_executor::{Instance, Limits, Reason, Signature, Stop, Value, ValueType};

#[test]
fn every_number_type_crosses_the_border_both_ways() {
    let text = r#"(module
        (import "host" "swap"
            (func $swap (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)))
        (func (export "f") (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)
            (call $swap (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4))))"#;
    let types = [ValueType::I32, ValueType::I64, ValueType::F32, ValueType::F64, ValueType::V128];
    let signature = Signature::new(types.clone(), types.iter().rev().cloned());
    let mut guest = Instance::builder(&module(text))
        .host("host", "swap", signature, |_, arguments| {
            Ok(arguments.iter().rev().cloned().collect())
        })
        .instantiate()
        .expect("an instance");
    let arguments = [
        Value::I32(-1),
        Value::I64(i64::MIN),
        Value::F32(f32::from_bits(0x7fc0_0001)),
        Value::F64(-0.0),
        Value::V128(1 << 127 | 5),
    ];
    let mut reversed = arguments.to_vec();
    reversed.reverse();
    assert_eq!(guest.call("f", &arguments), Ok(reversed));
}

/// `outer` calls the host, which calls `inner` again.
const REENTRANT: &str = r#"(module
    (import "host" "call" (func $host (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $depth (export "depth") (mut i32) (i32.const 0))
    (func (export "outer") (param i32) (result i32)
        (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
        (i32.add (i32.const 100) (call $host (local.get 0))))
    (func $inner (export "inner") (param i32) (result i32)
        (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
        (i32.div_u (i32.const 12) (local.get 0))))"#;

fn signature() -> Signature {
    Signature::new([ValueType::I32], [ValueType::I32])
}

#[test]
fn a_host_function_may_enter_the_guest_again_and_swallow_its_trap() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let mut guest = Instance::builder(&module(REENTRANT))
        .host("host", "call", signature(), move |caller, arguments| {
            match caller.call("inner", arguments) {
                Ok(values) => Ok(values),
                Err(stop) => {
                    log.lock().expect("unpoisoned").push(stop);
                    Ok(vec![Value::I32(-1)])
                }
            }
        })
        .instantiate()
        .expect("an instance");
    assert_eq!(guest.call("outer", &[Value::I32(4)]), Ok(vec![Value::I32(103)]));
    assert_eq!(guest.call("outer", &[Value::I32(0)]), Ok(vec![Value::I32(99)]));
    assert_eq!(guest.global("depth"), Some(Value::I32(4)));
    let seen = seen.lock().expect("unpoisoned");
    match &seen[..] {
        [Stop::Trap(trap)] => {
            assert_eq!(trap.reason, Reason::DivideByZero);
            assert_eq!(trap.frames[0].function.as_deref(), Some("inner"));
        }
        other => panic!("one trap expected: {other:?}"),
    }
}

#[test]
fn a_trap_that_is_passed_on_keeps_its_reason_and_frames() {
    let mut guest = Instance::builder(&module(REENTRANT))
        .host("host", "call", signature(), |caller, arguments| caller.call("inner", arguments))
        .instantiate()
        .expect("an instance");
    match guest.call("outer", &[Value::I32(0)]) {
        Err(Stop::Trap(trap)) => {
            assert_eq!(trap.reason, Reason::DivideByZero);
            assert_eq!(trap.frames[0].function.as_deref(), Some("inner"));
        }
        other => panic!("a trap expected: {other:?}"),
    }
}

#[test]
fn a_host_function_reads_and_writes_memory_exits_and_fails() {
    let mut guest = Instance::builder(&module(REENTRANT))
        .host("host", "call", signature(), |caller, arguments| match arguments {
            [Value::I32(1)] => {
                caller.write(10, b"abc")?;
                Ok(vec![Value::I32(i32::from(caller.read(11, 1)?[0]))])
            }
            [Value::I32(2)] => Err(Stop::Exit(9)),
            [Value::I32(3)] => Err(Stop::host("no such thing")),
            [Value::I32(4)] => Ok(vec![]),
            [Value::I32(5)] => Ok(vec![Value::I64(1)]),
            [Value::I32(6)] => caller.call("missing", &[]),
            _ => Ok(vec![Value::I32(i32::from(caller.read(65536, 1)?[0]))]),
        })
        .instantiate()
        .expect("an instance");
    let mut call = |argument| guest.call("outer", &[Value::I32(argument)]);
    assert_eq!(call(1), Ok(vec![Value::I32(198)]));
    assert_eq!(call(2), Err(Stop::Exit(9)));
    for (argument, message) in [
        (3, "no such thing"),
        (4, "the host function `host::call` returned 0 values instead of 1"),
        (5, "the host function `host::call` returned 1 where i32 is expected"),
    ] {
        match call(argument) {
            Err(Stop::Trap(trap)) => {
                assert_eq!(trap.reason, Reason::Host(message.to_owned()));
                assert_eq!(trap.frames.len(), 1, "the guest's caller");
            }
            other => panic!("a trap expected: {other:?}"),
        }
    }
    for (argument, part) in [(6, "`missing`"), (7, "not inside a memory of 65536 bytes")] {
        let stop = call(argument).expect_err("refused");
        assert!(matches!(&stop, Stop::Refused(error) if error.to_string().contains(part)));
    }
}

#[test]
fn a_host_function_wins_over_wasis() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "f") (call $exit (i32.const 3))))"#;
    let signature = Signature::new([ValueType::I32], []);
    let mut guest = Instance::builder(&module(text))
        .host("wasi_snapshot_preview1", "proc_exit", signature, |_, arguments| {
            assert_eq!(arguments, [Value::I32(3)]);
            Ok(vec![])
        })
        .instantiate()
        .expect("no memory is needed either");
    assert_eq!(guest.call("f", &[]), Ok(vec![]));
}

#[test]
fn an_instance_travels_between_threads() {
    let mut guest = instance(r#"(module (func (export "f") (result i32) (i32.const 4)))"#);
    let thread = std::thread::spawn(move || guest.call("f", &[]));
    assert_eq!(thread.join().expect("no panic"), Ok(vec![Value::I32(4)]));
}

#[test]
fn a_panic_in_a_host_function_reaches_the_caller_with_and_without_a_thread() {
    for limits in [Limits::new(), Limits::new().timeout(Duration::from_secs(60))] {
        let mut guest = Instance::builder(&module(REENTRANT))
            .limits(limits)
            .host("host", "call", signature(), |_, _| panic!("a bug of the embedder"))
            .instantiate()
            .expect("an instance");
        let call = std::panic::AssertUnwindSafe(|| guest.call("outer", &[Value::I32(0)]));
        let panic = std::panic::catch_unwind(call).expect_err("it panics");
        assert_eq!(panic.downcast_ref(), Some(&"a bug of the embedder"));
    }
}

#[test]
fn a_host_function_that_does_not_return_is_left_behind() {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let limits = Limits::new().timeout(Duration::from_millis(100));
    let mut guest = Instance::builder(&module(REENTRANT))
        .limits(limits)
        .host("host", "call", signature(), move |_, _| {
            let _disconnected = blocked.lock().expect("unpoisoned").recv();
            Ok(vec![Value::I32(0)])
        })
        .instantiate()
        .expect("an instance");
    let stop = guest.call("outer", &[Value::I32(0)]).expect_err("blocked");
    assert!(matches!(stop, Stop::Trap(trap) if matches!(trap.reason, Reason::Timeout(_))));
    drop(release);
}

#[test]
fn wrong_calls_are_refused_with_the_signature() {
    let text = r#"(module (func (export "f") (param i32 f64) (result i64) (i64.const 1))
        (global (export "g") i32 (i32.const 5)))"#;
    let mut guest = instance(text);
    let mut refused = |export: &str, arguments: &[Value]| match guest.call(export, arguments) {
        Err(Stop::Refused(error)) => error.to_string(),
        other => panic!("{export} should be refused: {other:?}"),
    };
    assert_eq!(
        refused("f", &[Value::I32(1)]),
        "1 arguments were given: `f` is (i32, f64) -> (i64)"
    );
    assert_eq!(
        refused("f", &[Value::F64(1.5), Value::I32(2)]),
        "the argument 1.5 does not fit: `f` is (i32, f64) -> (i64)"
    );
    assert_eq!(refused("ff", &[]), "no function is exported as `ff`; there are `f`");
    assert_eq!(refused("g", &[]), "no function is exported as `g`; there are `f`");
    assert_eq!(guest.global("g"), Some(Value::I32(5)));
    assert_eq!(guest.global("f"), None);
}

#[test]
fn missing_and_mistyped_imports_are_named_with_their_types() {
    let text = r#"(module
        (import "env" "print" (func (param i32) (result i64)))
        (import "env" "limit" (global i32))
        (import "host" "call" (func (param f64)))
        (import "wasi_snapshot_preview1" "fd_wrte" (func (param i32)))
        (memory (export "memory") 1))"#;
    let built = Instance::builder(&module(text))
        .host("host", "call", signature(), |_, _| Ok(vec![]))
        .instantiate();
    let message = built.err().expect("refused").to_string();
    assert_eq!(
        message.lines().collect::<Vec<_>>(),
        [
            "nobody provides the import `env::print`: function (i32) -> (i64)",
            "nobody provides the import `env::limit`: global i32",
            "the import `host::call` is function (f64) -> (), \
             but there is function (i32) -> (i32)",
            "nobody provides the import `wasi_snapshot_preview1::fd_wrte`: function (i32) -> ()",
        ]
    );
}

#[test]
fn memory_is_copied_only_inside_its_bounds() {
    let mut guest = instance(r#"(module (memory (export "memory") 1))"#);
    guest.write(65532, b"abcd").expect("inside");
    assert_eq!(guest.read(65533, 3).expect("inside"), b"bcd");
    assert_eq!(guest.read(65536, 0).expect("nothing is inside"), b"");
    for (address, len) in [(65533, 4), (65537, 0), (u64::MAX, 1), (u64::MAX, 0), (0, usize::MAX)] {
        assert!(guest.read(address, len).is_err(), "{len} bytes at {address}");
    }
    assert!(guest.write(65533, b"abcd").is_err());
    assert_eq!(guest.read(65533, 3).expect("inside"), b"bcd", "nothing was written");
    let mut none = instance("(module)");
    assert_eq!(
        none.read(0, 0).expect_err("no memory").to_string(),
        "the module exports no memory named `memory`"
    );
}
