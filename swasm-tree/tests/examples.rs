//! The examples do what they say.
#![allow(clippy::unwrap_used, reason = "tests")]

macro_rules! examples {
    ($($name:ident $path:literal)*) => {$(
        #[allow(dead_code, reason = "`main` is not called here")]
        #[path = $path]
        mod $name;
    )*};
}

examples! {
    count_instructions "../examples/count_instructions.rs"
    trace_calls "../examples/trace_calls.rs"
    replace_import "../examples/replace_import.rs"
}

use swasm_tree::{Module, print_module};

fn bytes(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// The functions of a valid module, as text.
fn functions(module: &[u8]) -> String {
    wasmparser::validate(module).unwrap();
    let text = print_module(&Module::read(module).unwrap(), |_| None);
    text[text.find("  (func ").unwrap()..].to_owned()
}

#[test]
fn instructions_are_counted() {
    let module = bytes(
        "(module (func $two (result i32 i32) (i32.const 1) (i32.const 2))
            (func (param i32) (local i32)
                (block (br_if 0 (i32.eqz (local.get 0))))
                (local.set 0 (local.set 1 (call $two)))
                (return) (drop (i32.const 7))))",
    );
    let expected = [
        ("i32.const", 2),
        ("local.set", 2),
        ("block", 1),
        ("br_if", 1),
        ("call", 1),
        ("i32.eqz", 1),
        ("local.get", 1),
        ("return", 1),
    ];
    assert_eq!(count_instructions::histogram(module).unwrap(), expected);
    assert!(count_instructions::histogram(b"no module".to_vec()).is_err());
}

#[test]
fn calls_are_traced() {
    let module = bytes(
        r#"(module (import "m" "f" (func $f (param i32) (result i32)))
            (func $g (export "g") (param $x i32) (result i32)
                (if (local.get $x) (then (return_call $g (call $f (i32.const 1)))))
                (call $f (call $f (local.get $x)))))"#,
    );
    let expected = r#"  (func $g (export "g") (param $x i32) (result i32)
    (if (local.get $x)
      (then
        (return_call $g
          (call $f (i32.const 1) (call $call (i32.const 0)))
          (call $call (i32.const 1)))))
    (call $f
      (call $f (local.get $x) (call $call (i32.const 0)))
      (call $call (i32.const 0)))))
"#;
    assert_eq!(functions(&trace_calls::trace(module).unwrap()), expected);
}

#[test]
fn an_import_is_replaced() {
    let module = bytes(
        r#"(module (import "env" "other" (func $other)) (import "env" "random" (func $random (result i32)))
            (import "env" "memory" (memory 1))
            (table 1 funcref) (elem (i32.const 0) func $random) (export "random" (func $random))
            (func (export "dice") (result i32) (call $other) (i32.rem_u (call $random) (i32.const 6))))"#,
    );
    let replaced = replace_import::replace(module).unwrap();
    let text = functions(&replaced);
    assert!(text.contains("(func $random (export \"random\") (result i32)"), "{text}");
    assert!(text.contains("(global.get $state))\n"), "{text}");
    assert!(text.contains("(i32.rem_u (call $random) (i32.const 6))"), "{text}");
    let module = Module::read(replaced).unwrap();
    assert!(module.find_import("env", "random").is_none());
    assert_eq!(module.import_order.len(), 2);
    let other = bytes(r#"(module (import "env" "random" (func (result i64))))"#);
    assert!(replace_import::replace(other).is_err());
}
