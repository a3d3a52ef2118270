//! Fuel, time and memory: each limit stops a guest, and the host gets back in time.

use crate::{instance, module, trap};
use std::time::{Duration, Instant};
use swasm_executor::{Config, Engine, Instance, Limits, Module, Reason, Stop, Value, Wasi};

const FOREVER: &str = r#"(module
    (func $spin (export "spin") (loop $again (br $again)))
    (func (export "fine") (result i32) (i32.const 1)))"#;

#[test]
fn fuel_ends_and_can_be_given_again() {
    let limits = Limits::new().fuel(10_000);
    let mut guest = Instance::new(&module(FOREVER), Wasi::new(), limits).expect("an instance");
    let spent = trap(&mut guest, "spin");
    assert_eq!(spent.reason, Reason::OutOfFuel);
    assert_eq!(spent.message(), "out of fuel");
    assert_eq!(spent.frames[0].function.as_deref(), Some("spin"));
    assert_eq!(guest.fuel(), Some(0));
    guest.set_fuel(100).expect("fuel");
    assert_eq!(guest.call("fine", &[]), Ok(vec![Value::I32(1)]));
    assert!(guest.fuel().is_some_and(|left| left < 100));
}

#[test]
fn a_guest_that_runs_forever_is_stopped_and_can_be_called_again() {
    let limit = Duration::from_millis(200);
    let limits = Limits::new().timeout(limit);
    let mut guest = Instance::new(&module(FOREVER), Wasi::new(), limits).expect("an instance");
    for _ in 0..2 {
        let begin = Instant::now();
        let stopped = trap(&mut guest, "spin");
        assert!(begin.elapsed() >= limit && begin.elapsed() < limit * 20);
        assert_eq!(stopped.reason, Reason::Timeout(limit));
        assert_eq!(stopped.message(), "timed out after 200ms");
        assert_eq!(stopped.frames[0].function.as_deref(), Some("spin"), "where it was");
        assert_eq!(guest.call("fine", &[]), Ok(vec![Value::I32(1)]));
    }
}

#[test]
fn one_guests_timeout_leaves_others_of_the_engine_alone() {
    let text = r#"(module (func (export "count") (param $n i64) (result i64)
        (loop $again
            (br_if $again (i64.ne (i64.const 0)
                (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
        (local.get $n)))"#;
    let module = module(text);
    let begin = |limit: u64| {
        let limits = Limits::new().timeout(Duration::from_millis(limit));
        Instance::new(&module, Wasi::new(), limits).expect("an instance")
    };
    let mut patient = begin(60_000);
    let other = std::thread::spawn(move || patient.call("count", &[Value::I64(300_000_000)]));
    let mut hasty = begin(30);
    let stop = hasty.call("count", &[Value::I64(-1)]).expect_err("it takes ages");
    assert!(matches!(stop, Stop::Trap(trap) if matches!(trap.reason, Reason::Timeout(_))));
    assert_eq!(other.join().expect("no panic"), Ok(vec![Value::I64(0)]));
}

/// `poll_oneoff` with one subscription: a clock, an hour from now.
const SLEEPER: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff"
        (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "sleep") (param $milliseconds i64) (result i32)
        (i32.store8 (i32.const 8) (i32.const 0))
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (i64.mul (local.get $milliseconds) (i64.const 1000000)))
        (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
    (func (export "fine") (result i32) (i32.const 1)))"#;

#[test]
fn a_guest_blocked_in_a_host_call_is_left_behind_in_time() {
    let limit = Duration::from_millis(200);
    let limits = Limits::new().timeout(limit);
    let mut guest = Instance::new(&module(SLEEPER), Wasi::new(), limits).expect("an instance");
    assert_eq!(guest.call("sleep", &[Value::I64(1)]), Ok(vec![Value::I32(0)]));
    let begin = Instant::now();
    let stop = guest.call("sleep", &[Value::I64(3_600_000)]).expect_err("an hour");
    assert!(begin.elapsed() < limit * 20, "{:?}", begin.elapsed());
    assert!(matches!(stop, Stop::Trap(trap) if trap.reason == Reason::Timeout(limit)));
    let stop = guest.call("fine", &[]).expect_err("the instance is lost");
    assert!(matches!(&stop, Stop::Refused(error) if error.to_string().contains("lost")), "{stop}");
    assert_eq!(guest.global("g"), None);
}

#[test]
fn a_start_function_is_under_the_timeout_too() {
    let limit = Duration::from_millis(100);
    let module = module("(module (func $main (loop $again (br $again))) (start $main))");
    let stop = Instance::new(&module, Wasi::new(), Limits::new().timeout(limit)).err();
    assert!(matches!(stop, Some(Stop::Trap(trap)) if trap.reason == Reason::Timeout(limit)));
}

const GROWER: &str = r#"(module
    (memory (export "memory") 1)
    (memory $other 0)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "grow_other") (param i32) (result i32) (memory.grow $other (local.get 0)))
    (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0))))
    (func (export "give_up") (if (i32.lt_s (memory.grow (i32.const 100)) (i32.const 0))
        (then unreachable))))"#;

#[test]
fn memory_grows_up_to_its_limit_over_all_memories() {
    let limits = Limits::new().max_memory(10 << 16);
    let mut guest = Instance::new(&module(GROWER), Wasi::new(), limits).expect("an instance");
    let mut grow = |export, pages| match guest.call(export, &[Value::I32(pages)]) {
        Ok(values) => values[0].clone(),
        Err(stop) => panic!("{stop}"),
    };
    assert_eq!(grow("grow", 5), Value::I32(1));
    assert_eq!(grow("grow_other", 4), Value::I32(0));
    assert_eq!(grow("grow", 1), Value::I32(-1));
    assert_eq!(grow("grow", 65536), Value::I32(-1));
    assert_eq!(grow("grow_other", 1), Value::I32(-1));
    assert_eq!(grow("grow", 0), Value::I32(6));
}

#[test]
fn a_trap_after_a_refused_growth_tells_of_it() {
    let limits = Limits::new().max_memory(1 << 16);
    let mut guest = Instance::new(&module(GROWER), Wasi::new(), limits).expect("an instance");
    let trap = crate::trap(&mut guest, "give_up");
    assert_eq!(trap.reason, Reason::Unreachable);
    assert_eq!(trap.refused_growth, Some(101 << 16));
    assert!(format!("{trap:#}").contains("note: the memory limit had refused growth to 6619136"));
    assert_eq!(crate::trap(&mut guest, "divide").refused_growth, None, "another call's affair");
}

#[test]
fn a_memory_that_begins_too_large_is_refused() {
    for text in
        ["(module (memory 2))", "(module (memory 65536))", "(module (memory i64 0x1000000000000))"]
    {
        let limits = Limits::new().max_memory(1 << 16);
        let stop = Instance::new(&module(text), Wasi::new(), limits).err().expect("refused");
        assert!(matches!(&stop, Stop::Refused(error) if error.to_string().contains("memory")));
    }
    let huge = module("(module (memory i64 0x1000000000000))");
    let stop = Instance::new(&huge, Wasi::new(), Limits::new()).err();
    assert!(matches!(stop, Some(Stop::Refused(_))), "without a limit as well");
}

#[test]
fn tables_have_a_limit() {
    let text = r#"(module (table 0 funcref)
        (func (export "grow") (param i32) (result i32)
            (table.grow (ref.null func) (local.get 0))))"#;
    let mut guest = instance(text);
    assert_eq!(guest.call("grow", &[Value::I32(1000)]), Ok(vec![Value::I32(0)]));
    assert_eq!(guest.call("grow", &[Value::I32(i32::MAX)]), Ok(vec![Value::I32(-1)]));
}

#[test]
fn limits_that_the_engine_cannot_hold_are_refused() {
    let engine = Engine::new(&Config::new()).expect("an engine");
    let bytes = wat::parse_str(FOREVER).expect("valid");
    let module = Module::compile(&engine, &bytes).expect("valid");
    for limits in [Limits::new().fuel(1), Limits::new().timeout(Duration::from_secs(1))] {
        let stop = Instance::new(&module, Wasi::new(), limits).err().expect("refused");
        assert!(stop.to_string().contains("needs an engine with `Config::"), "{stop}");
    }
}

#[test]
fn a_large_stack_is_really_there() {
    let text = r#"(module (func $down (export "down") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))"#;
    let bytes = wat::parse_str(text).expect("valid");
    let deep = Value::I32(500_000);
    let call = |stack: usize| {
        let engine = Engine::new(&Config::new().max_stack(stack)).expect("an engine");
        let module = Module::compile(&engine, &bytes).expect("valid");
        let mut guest = Instance::new(&module, Wasi::new(), Limits::new()).expect("an instance");
        guest.call("down", std::slice::from_ref(&deep))
    };
    assert!(matches!(call(1 << 20), Err(Stop::Trap(trap)) if trap.reason == Reason::StackOverflow));
    assert_eq!(call(64 << 20), Ok(vec![deep.clone()]));
}
