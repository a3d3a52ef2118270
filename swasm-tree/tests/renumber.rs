//! What is named often gets small indices, equal functions and types are one, and nobody can tell.
#![allow(clippy::unwrap_used, reason = "tests")]

use swasm_tree::{Module, WriteOptions};

const NAMES: WriteOptions = WriteOptions { names: true, producers: None };

fn renumbered(wat: &str) -> String {
    let bytes = wat::parse_str(wat).unwrap();
    let mut module = Module::read(bytes).unwrap();
    module.retain_reachable();
    module.renumber();
    let written = module.write(&NAMES).bytes;
    wasmparser::Validator::new_with_features(swasm_tree::FEATURES).validate_all(&written).unwrap();
    wasmprinter::print_bytes(&written).unwrap()
}

fn binary(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

/// Both are the same module, but for names.
#[track_caller]
fn becomes(before: &str, after: &str) {
    let found = renumbered(before);
    let expected = wasmprinter::print_bytes(binary(after)).unwrap();
    assert_eq!(found, expected);
}

#[test]
fn equal_functions_are_one() {
    becomes(
        r#"(module
            (func $a (param i32) (result i32) local.get 0 i32.const 1 i32.add)
            (func $b (param i32) (result i32) local.get 0 i32.const 1 i32.add)
            (func $c (param i32) (result i32) local.get 0 call $a)
            (func $d (param i32) (result i32) local.get 0 call $b)
            (func (export "f") (param i32) (result i32) local.get 0 call $c call $d))"#,
        r#"(module
            (func $a (param i32) (result i32) local.get 0 i32.const 1 i32.add)
            (func $c (param i32) (result i32) local.get 0 call $a)
            (func (export "f") (param i32) (result i32) local.get 0 call $c call $c))"#,
    );
}

#[test]
fn functions_that_call_themselves_can_be_equal() {
    becomes(
        r#"(module
            (func $a (param i32) (if (local.get 0) (then (call $a (i32.const 0)))))
            (func $b (param i32) (if (local.get 0) (then (call $b (i32.const 0)))))
            (func (export "f") (call $a (i32.const 1)) (call $b (i32.const 2))))"#,
        r#"(module
            (func $a (param i32) (if (local.get 0) (then (call $a (i32.const 0)))))
            (func (export "f") (call $a (i32.const 1)) (call $a (i32.const 2))))"#,
    );
}

#[test]
fn what_is_referred_to_stays_a_function_of_its_own() {
    // Two of three: the host can compare them. The third is only called.
    let kept = r#"(module
            (func (export "a") (result i32) i32.const 1)
            (func (export "b") (result i32) i32.const 1)
            (func (export "f") (result i32) call 0))"#;
    becomes(
        r#"(module
            (func $only_called (result i32) i32.const 1)
            (func (export "a") (result i32) i32.const 1)
            (func (export "b") (result i32) i32.const 1)
            (func (export "f") (result i32) call $only_called))"#,
        kept,
    );
}

#[test]
fn different_functions_stay() {
    let text = renumbered(
        r#"(module
            (import "env" "g" (func $g)) (import "env" "h" (func $h))
            (func $a call $g) (func $b call $h)
            (func (export "f") call $a call $b))"#,
    );
    assert!(text.contains("(func $a") && text.contains("(func $b"), "{text}");
}

#[test]
fn equal_types_are_one_and_unused_ones_none() {
    becomes(
        r#"(module
            (type (func (param i64))) (type (func (param i32))) (type (func (param i32)))
            (func (export "a") (type 1)) (func (export "b") (type 2)))"#,
        r#"(module (func (export "a") (param i32)) (func (export "b") (param i32)))"#,
    );
}

#[test]
fn what_is_named_often_has_a_short_index() {
    // The function and the global with the largest ids are named most.
    let functions: String =
        (0..200).map(|n| format!("(func (export \"f{n}\") (result i32) i32.const {n})")).collect();
    let globals: String =
        (0..200).map(|n| format!("(global (export \"g{n}\") (mut i32) (i32.const {n}))")).collect();
    let often = "call $often (global.set $last (i32.const 5))".repeat(50);
    let wat = format!(
        r#"(module {functions} {globals} (global $last (mut i32) (i32.const 0))
            (func $often (global.set $last (i32.const 7)))
            (func (export "run") {often}))"#
    );
    let before = binary(&wat);
    let mut module = Module::read(before.as_slice()).unwrap();
    module.renumber();
    let after = module.write(&NAMES).bytes;
    // A byte less for each call and each assignment, a byte more for what is exported and moved up.
    assert!(after.len() + 90 <= before.len(), "{} {}", before.len(), after.len());
}

#[test]
fn globals_come_after_those_that_their_values_name() {
    let uses = "(drop (global.get $b))".repeat(9);
    let text = renumbered(&format!(
        r#"(module
            (global $other i32 (i32.const 1))
            (global $a i32 (i32.const 2))
            (global $b i32 (i32.add (global.get $a) (i32.const 1)))
            (func (export "f") (drop (global.get $other)) (drop (global.get $other)) {uses}))"#
    ));
    let at = |name: &str| text.find(name).unwrap();
    assert!(at("(global $a") < at("(global $b"), "{text}");
}

#[test]
fn recursion_groups_stay_whole() {
    let wat = r#"(module
        (rec (type $list (struct (field (ref null $list)))) (type $f (func (param (ref $list)))))
        (type $g (func (param (ref null $f))))
        (func (export "f") (type $f) (call $h (ref.null $f)) (call $h (ref.null $f)))
        (func $h (type $g)))"#;
    let text = renumbered(wat);
    assert!(text.contains("(rec"), "{text}");
}
