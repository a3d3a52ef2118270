//! WASI: output, input, arguments, environment, directories, exit codes, and nothing by default.

use crate::{engine, instance, module};
use swasm_executor::{Access, Instance, Limits, Module, Output, Stdin, Stop, Value, Wasi};

const HELLO: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "Hello, world!\n")
    (func (export "_start")
        (i32.store (i32.const 0) (i32.const 8))
        (i32.store (i32.const 4) (i32.const 14))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 24)))))"#;

/// Copies standard input to standard output, 16 bytes at a time.
const CAT: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read"
        (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (loop $next
            (i32.store (i32.const 0) (i32.const 16))
            (i32.store (i32.const 4) (i32.const 16))
            (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))
                (then unreachable))
            (i32.store (i32.const 4) (i32.load (i32.const 8)))
            (if (i32.load (i32.const 8)) (then
                (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
                (br $next))))))"#;

#[test]
fn hello_is_captured() {
    let mut hello = instance(HELLO);
    assert_eq!(hello.call("_start", &[]), Ok(vec![]));
    assert_eq!(hello.stdout(), b"Hello, world!\n");
    assert_eq!(hello.stderr(), b"");
}

#[test]
fn output_goes_nowhere_by_default() {
    let mut hello = Instance::new(&module(HELLO), Wasi::new(), Limits::new()).expect("an instance");
    assert_eq!(hello.call("_start", &[]), Ok(vec![]));
    assert_eq!(hello.stdout(), b"");
}

#[test]
fn exit_codes_are_the_guests() {
    let text = |code: i32| {
        format!(
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start") (call $exit (i32.const {code})) unreachable))"#
        )
    };
    for code in [0, 1, 42, 125] {
        let stop = instance(&text(code)).call("_start", &[]).expect_err("it exits");
        assert_eq!(stop, Stop::Exit(code));
        assert_eq!(stop.status(), code);
    }
}

#[test]
fn input_reaches_the_guest_unchanged() {
    let bytes: Vec<u8> = (0..1000u32).map(|i| (i * 7) as u8).collect();
    let wasi = Wasi::new().capture().stdin(Stdin::Bytes(bytes.clone()));
    let mut cat = Instance::new(&module(CAT), wasi, Limits::new()).expect("an instance");
    assert_eq!(cat.call("_start", &[]), Ok(vec![]));
    assert_eq!(cat.stdout(), bytes);

    let mut cat = instance(CAT);
    assert_eq!(cat.call("_start", &[]), Ok(vec![]), "empty input is at its end");
    assert_eq!(cat.stdout(), b"");
}

#[test]
fn arguments_and_environment_are_only_those_given() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "args_sizes_get"
            (func $args_sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_sizes_get"
            (func $env_sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "args") (result i32 i32)
            (drop (call $args_sizes (i32.const 0) (i32.const 4)))
            (drop (call $args (i32.const 16) (i32.const 1024)))
            (i32.load (i32.const 0)) (i32.load (i32.const 4)))
        (func (export "env") (result i32 i32)
            (drop (call $env_sizes (i32.const 0) (i32.const 4)))
            (drop (call $env (i32.const 16) (i32.const 1024)))
            (i32.load (i32.const 0)) (i32.load (i32.const 4))))"#;
    let wasi = Wasi::new().args(["prog", "--flag", "ü"]).env("KEY", "a=b");
    let mut some = Instance::new(&module(text), wasi, Limits::new()).expect("an instance");
    assert_eq!(some.call("args", &[]), Ok(vec![Value::I32(3), Value::I32(15)]));
    assert_eq!(some.read(1024, 15).expect("inside"), "prog\0--flag\0ü\0".as_bytes());
    assert_eq!(some.call("env", &[]), Ok(vec![Value::I32(1), Value::I32(8)]));
    assert_eq!(some.read(1024, 8).expect("inside"), b"KEY=a=b\0");

    let mut none = instance(text);
    assert_eq!(none.call("args", &[]), Ok(vec![Value::I32(0), Value::I32(0)]));
    assert_eq!(none.call("env", &[]), Ok(vec![Value::I32(0), Value::I32(0)]));
}

#[test]
fn directories_are_seen_only_if_given_and_as_given() {
    // Opens `file` below descriptor 3 for writing (right 64) or reading, answers the errno.
    let text = r#"(module
        (import "wasi_snapshot_preview1" "path_open" (func $open
            (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "file")
        (func (export "open") (param $create i32) (param $rights i64) (result i32)
            (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4)
                (local.get $create) (local.get $rights) (i64.const 0) (i32.const 0)
                (i32.const 64))))"#;
    let (badf, perm_or_rofs) = (8, [63, 69, 76]);
    let read = [Value::I32(0), Value::I64(2)];
    let create = [Value::I32(1), Value::I64(64)];
    let module = module(text);
    let directory = std::env::temp_dir().join(format!("swasm-executor-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");

    let open = |wasi: Wasi, arguments: &[Value]| {
        let mut guest = Instance::new(&module, wasi, Limits::new()).expect("an instance");
        match guest.call("open", arguments).expect("no trap")[..] {
            [Value::I32(errno)] => errno,
            ref other => panic!("one errno expected: {other:?}"),
        }
    };
    assert_eq!(open(Wasi::new(), &read), badf);
    let readable = || Wasi::new().directory(&directory, "/", Access::Read);
    assert!(perm_or_rofs.contains(&open(readable(), &create)));
    let writable = Wasi::new().directory(&directory, "/", Access::ReadWrite);
    assert_eq!(open(writable, &create), 0);
    assert_eq!(open(readable(), &read), 0);
    std::fs::remove_dir_all(&directory).expect("removed");

    let missing = Wasi::new().directory(&directory, "/", Access::Read);
    let stop = Instance::new(&module, missing, Limits::new()).err().expect("no such directory");
    assert!(matches!(&stop, Stop::Refused(error) if error.to_string().contains("swasm-executor-")));
}

#[test]
fn deterministic_clocks_and_random_numbers_are_the_same_in_every_run() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "clock_time_get"
            (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "f") (param $clock i32) (result i64 i64)
            (drop (call $clock (local.get $clock) (i64.const 1) (i32.const 0)))
            (drop (call $random (i32.const 8) (i32.const 8)))
            (i64.load (i32.const 0)) (i64.load (i32.const 8))))"#;
    let module = module(text);
    let run = || {
        let wasi = Wasi::new().deterministic(true);
        let mut guest = Instance::new(&module, wasi, Limits::new()).expect("an instance");
        [0, 1, 0].map(|clock| guest.call("f", &[Value::I32(clock)]).expect("no trap"))
    };
    let [first, other, second] = run();
    assert_eq!([first.clone(), other, second.clone()], run());
    assert_ne!(first[0], second[0], "a clock goes on");
    assert_ne!(first[1], second[1], "random numbers differ");
}

#[test]
fn captured_output_has_a_limit() {
    let wasi = Wasi::new().stdout(Output::Capture);
    let limits = Limits::new().max_capture(20);
    let mut hello = Instance::new(&module(HELLO), wasi, limits).expect("an instance");
    assert_eq!(hello.call("_start", &[]), Ok(vec![]));
    assert_eq!(hello.call("_start", &[]), Ok(vec![]), "the errno is the guest's to look at");
    assert_eq!(hello.stdout(), b"Hello, world!\nHello,");
}

#[test]
fn wasi_without_an_exported_memory_is_refused_at_once() {
    for memory in ["", "(memory 1)", r#"(func (export "memory"))"#] {
        let text = format!(
            r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
                {memory} (func (export "_start")))"#
        );
        let stop = Instance::new(&module(&text), Wasi::new(), Limits::new()).err();
        let message = stop.expect("refused").to_string();
        assert!(message.contains("exports no memory named `memory`"), "{message}");
    }
}

#[test]
fn a_guest_may_be_called_inside_an_asynchronous_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let bytes = wat::parse_str(CAT).expect("valid");
    let output = runtime.block_on(async {
        let module = Module::compile(&engine(), &bytes).expect("valid");
        let wasi = Wasi::new().capture().stdin(Stdin::Bytes(b"abc".to_vec()));
        let mut cat = Instance::new(&module, wasi, Limits::new()).expect("an instance");
        cat.call("_start", &[]).expect("no trap");
        cat.stdout()
    });
    assert_eq!(output, b"abc");
}
