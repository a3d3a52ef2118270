//! Whole programs in one go: status, output, one timeout over everything, blocked input.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use swasm_executor::{Limits, Reason, Run, Stdin, Stop, TRAP_STATUS, Value, Wasi};

fn start(run: Run, text: &str) -> swasm_executor::Outcome {
    run.wasi(Wasi::new().capture()).start(&wat::parse_str(text).expect("valid"))
}

const COMMAND: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "out\nerr\n")
    (func $write (param $fd i32) (param $from i32)
        (i32.store (i32.const 0) (local.get $from))
        (i32.store (i32.const 4) (i32.const 4))
        (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 24))))
    (func (export "_start")
        (call $write (i32.const 1) (i32.const 8))
        (call $write (i32.const 2) (i32.const 12)))
    (func (export "exit") (param i32)
        (call $write (i32.const 1) (i32.const 8))
        (call $exit (local.get 0)))
    (func (export "trap")
        (call $write (i32.const 2) (i32.const 12))
        unreachable)
    (func (export "spin")
        (call $write (i32.const 1) (i32.const 8))
        (loop $again (br $again)))
    (func (export "add") (param i32 f64) (result f64)
        (f64.add (f64.convert_i32_s (local.get 0)) (local.get 1))))"#;

#[test]
fn a_command_runs_and_its_output_is_kept_however_it_ends() {
    let fine = start(Run::new(), COMMAND);
    assert_eq!((fine.result.clone(), fine.status()), (Ok(vec![]), 0));
    assert_eq!((&fine.stdout[..], &fine.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));

    let exited = start(Run::new().invoke("exit", ["7"]), COMMAND);
    assert_eq!((exited.result.clone(), exited.status()), (Err(Stop::Exit(7)), 7));
    assert_eq!(exited.stdout, b"out\n");

    let trapped = start(Run::new().invoke("trap", [""; 0]), COMMAND);
    assert_eq!(trapped.status(), TRAP_STATUS);
    assert_eq!(trapped.stderr, b"err\n");

    let limits = Limits::new().timeout(Duration::from_millis(200));
    let late = start(Run::new().invoke("spin", [""; 0]).limits(limits), COMMAND);
    assert_eq!(late.status(), TRAP_STATUS);
    assert_eq!(late.stdout, b"out\n");

    let hungry =
        start(Run::new().invoke("spin", [""; 0]).limits(Limits::new().fuel(5000)), COMMAND);
    assert!(matches!(hungry.result, Err(Stop::Trap(trap)) if trap.reason == Reason::OutOfFuel));
    assert_eq!(hungry.stdout, b"out\n");
}

#[test]
fn arguments_are_read_by_the_types_of_the_parameters() {
    let run =
        |texts: &[&str]| start(Run::new().invoke("add", texts.iter().copied()), COMMAND).result;
    assert_eq!(run(&["0xffffffff", "2.5"]), Ok(vec![Value::F64(1.5)]));
    for (texts, message) in [
        (&["1"][..], "1 arguments were given: `add` is (i32, f64) -> (f64)"),
        (&["1.5", "1"][..], "`1.5` is not a value of type i32"),
    ] {
        let stop = run(texts).expect_err("refused");
        assert_eq!(stop.to_string(), message);
        assert_eq!(stop.status(), 1);
    }
    let stop = start(Run::new().invoke("sub", [""; 0]), COMMAND).result.expect_err("refused");
    assert_eq!(
        stop.to_string(),
        "no function is exported as `sub`; \
         there are `_start`, `exit`, `trap`, `spin`, `add`"
    );
}

#[test]
fn a_reactor_is_initialized_before_it_is_called() {
    let text = r#"(module
        (global $ready (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $ready (i32.const 1)))
        (func (export "ready") (result i32) (global.get $ready)))"#;
    assert_eq!(start(Run::new().invoke("ready", [""; 0]), text).result, Ok(vec![Value::I32(1)]));
    assert_eq!(start(Run::new(), text).result, Ok(vec![]));
    let nothing = start(Run::new(), "(module)").result.expect_err("nothing to run");
    assert_eq!(nothing.to_string(), "no function is exported as `_start`; there are none");
}

#[test]
fn garbage_has_an_outcome() {
    let outcome = Run::new().start(b"garbage");
    assert!(matches!(outcome.result, Err(Stop::Refused(_))));
    assert_eq!(outcome.status(), 1);
}

/// A module that takes the compiler much longer than the timeout.
#[test]
fn the_timeout_covers_compilation() {
    use std::fmt::Write;
    let mut text = String::from("(module (memory 1)");
    for function in 0..400 {
        write!(text, "(func (export \"f{function}\") (param i32) (result i32)").expect("memory");
        for at in 0..300 {
            write!(
                text,
                "(i32.store offset={at} (local.get 0) (i32.mul (i32.load (local.get 0))
                    (i32.const {at})))"
            )
            .expect("memory");
        }
        text.push_str("(local.get 0))");
    }
    text.push_str(r#"(func (export "_start")))"#);
    let bytes = wat::parse_str(&text).expect("valid");

    let begin = Instant::now();
    assert_eq!(Run::new().start(&bytes).result, Ok(vec![]));
    let unlimited = begin.elapsed();

    let limit = Duration::from_millis(20);
    let begin = Instant::now();
    let outcome = Run::new().limits(Limits::new().timeout(limit)).start(&bytes);
    let limited = begin.elapsed();
    match outcome.result {
        Err(Stop::Trap(trap)) => assert_eq!(trap.message(), "timed out after 20ms"),
        other => panic!("{other:?} after {limited:?}"),
    }
    assert!(limited < unlimited, "{limited:?} of {unlimited:?}");
}

/// Set in the process that [`inherited_input_that_never_comes_times_out`] starts.
const INHERIT: &str = "SWASM_EXECUTOR_TEST_INHERITS_STDIN";

/// This test runs itself in a process whose standard input is open but silent.
#[test]
fn inherited_input_that_never_comes_times_out() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_read"
            (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (i32.store (i32.const 0) (i32.const 16))
            (i32.store (i32.const 4) (i32.const 16))
            (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
    if std::env::var_os(INHERIT).is_some() {
        let limits = Limits::new().timeout(Duration::from_millis(100));
        let outcome = Run::new()
            .wasi(Wasi::new().stdin(Stdin::Inherit))
            .limits(limits)
            .start(&wat::parse_str(text).expect("valid"));
        let stop = outcome.result.expect_err("no input");
        assert!(matches!(stop, Stop::Trap(trap) if matches!(trap.reason, Reason::Timeout(_))));
        return;
    }
    let this = std::env::current_exe().expect("this test");
    let begin = Instant::now();
    let mut child = Command::new(this)
        .args(["--exact", "run::inherited_input_that_never_comes_times_out"])
        .env(INHERIT, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("it runs");
    // `wait` would close the input.
    let input = child.stdin.take();
    let status = child.wait().expect("it ends");
    drop(input);
    assert!(status.success(), "{status}");
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}
