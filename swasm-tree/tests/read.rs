//! Modules that are read: what is written is what was read.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "tests")]

use swasm_tree::{Body, FuncId, FuncKind, Module, Reading, WriteOptions, encode, verify};

const NAMES: WriteOptions = WriteOptions { names: true, producers: None };

/// Each body opened, verified and encoded.
fn opened(bytes: &[u8]) -> Vec<u8> {
    let mut module = Module::read(bytes).unwrap();
    let mut body = Body::new(&[], &[]);
    for func in (0..module.funcs.len() as u32).map(FuncId) {
        if !module.open(func, &mut body) {
            continue;
        }
        let verified = verify(&module, func, &body);
        let code = encode(verified.unwrap_or_else(|errors| panic!("{}", errors[0])));
        module.define(func, code);
    }
    module.write(&NAMES).bytes
}

fn reencoded(bytes: &[u8]) -> Vec<u8> {
    let mut reading = Reading::new(bytes).unwrap();
    reading.reencode().unwrap();
    reading.finish().unwrap().write(&NAMES).bytes
}

fn text(bytes: &[u8]) -> String {
    wasmprinter::print_bytes(bytes).unwrap()
}

/// `wat`, and the module comes back as it is, opened or not.
fn same(wat: &str) {
    let bytes = wat::parse_str(wat).unwrap();
    let before = text(&bytes);
    let untouched = Module::read(bytes.as_slice()).unwrap().write(&NAMES).bytes;
    assert_eq!(text(&untouched), before);
    assert_eq!(text(&opened(&bytes)), before);
    assert_eq!(text(&reencoded(&bytes)), before);
}

#[test]
fn nothing() {
    same("(module)");
}

#[test]
fn statements_between_operands() {
    same(
        r#"(module (func $two (result i32 i64) i32.const 1 i64.const 2)
            (global $g (mut i32) (i32.const 0))
            (func (export "f") (param $x i32) (result i32) (local $y i64)
                i32.const 1
                global.get $g
                i32.const 5
                global.set $g
                i32.add
                call $two
                local.set $y
                i32.const 7
                global.set $g
                i32.mul
                call $two
                drop
                drop
                block (param i32) (result i32)
                    local.get $x
                    br_if 1
                    local.get $x
                    br_if 0
                    i32.const 1
                    i32.sub
                end
                call $two
                local.set $y
                local.set $x
                return))"#,
    );
}

#[test]
fn what_is_never_reached_is_left_out() {
    let bytes = wat::parse_str(
        "(module (func (result i32) block (result i32) i32.const 1 br 1 i32.add block loop end i32.const 1 if else end end i32.const 3 i32.add end return drop i32.const 1 if (result i32) i32.const 2 else i32.const 3 end))",
    )
    .unwrap();
    let smaller = opened(&bytes);
    assert!(smaller.len() < bytes.len(), "{}", text(&smaller));
    assert_eq!(opened(&smaller), smaller);
}

#[test]
fn all_kinds_of_items() {
    same(
        r#"(module $all
            (rec (type $a (sub (struct (field $x (mut i32)) (field (ref null $b)))))
                 (type $b (sub $a (struct (field (mut i32)) (field (ref null $b)) (field i8)))))
            (rec (type $c (sub (struct (field (mut i32)) (field (ref null $d)))))
                 (type $d (sub $c (struct (field (mut i32)) (field (ref null $d)) (field i8)))))
            (type $bytes (array (mut i8)))
            (type $f (func (param i32) (result i32)))
            (import "m" "f" (func $imported (type $f)))
            (import "m" "m" (memory $m 1 2))
            (import "m" "g" (func $again (param i64)))
            (import "m" "v" (global $v i32))
            (tag $e (param i32))
            (table $t 3 (ref null $f))
            (table $u 3 funcref (ref.func $imported))
            (memory $second i64 1 2)
            (global $n (mut (ref null $a)) (ref.null $a))
            (global $s (ref $a) (struct.new $b (i32.add (global.get $v) (i32.const 1)) (ref.null $b) (i32.const 2)))
            (elem $elem (table $u) (i32.const 1) func $imported $id)
            (elem (table $t) (offset (global.get $v)) (ref null $f) (ref.func $id) (ref.null $f))
            (elem declare func $declared)
            (data $data (memory $second) (i64.const 8) "abc")
            (data "passive")
            (export "id" (func $id))
            (start $begin)
            (func $begin)
            (func $id (type $f) (local $l i32) local.get 0)
            (func $declared (result funcref) (ref.func $declared))
            (func $gc (param $p (ref null $a)) (param $q anyref) (result i32)
                (drop (block $l (result (ref $b)) (br_on_cast $l (ref null $a) (ref $b) (local.get $p)) (drop) (unreachable)))
                (struct.set $a 0 (struct.new $b (i32.const 1) (ref.null $b) (i32.const 2)) (i32.const 7))
                (drop (array.new_data $bytes 1 (i32.const 0) (i32.const 1)))
                (drop (array.new_fixed $bytes 2 (i32.const 0) (i32.const 1)))
                (drop (ref.cast (ref null $b) (local.get $q)))
                (drop (ref.test (ref i31) (local.get $q)))
                (i31.get_u (ref.i31 (struct.get_s $b 2 (ref.cast (ref $b) (local.get $q))))))
            (func $throws (result i32) (local (ref $f))
                (local.set 0 (ref.func $id))
                (block $h (result i32)
                    (block $r (result i32 exnref)
                        (block $all
                            (return
                                (try_table (result i32) (catch $e $h) (catch_ref $e $r) (catch_all $all)
                                    (throw $e (call_ref $f (i32.const 1) (local.get 0))))))
                        (return (i32.const 3)))
                    (throw_ref))))"#,
    );
}

#[test]
fn legacy_exceptions() {
    same(
        r#"(module (tag $e (param i32)) (tag $f)
            (func (result i32)
                try (result i32)
                    i32.const 1
                    throw $e
                catch $e
                    i32.const 1
                    i32.add
                catch $f
                    try
                        nop
                    delegate 1
                    i32.const 3
                catch_all
                    rethrow 0
                end))"#,
    );
}

/// A type that is the same as an earlier one goes by the earlier one's index in code that is opened.
#[test]
fn equal_types_are_one_in_code() {
    let bytes = wat::parse_str(
        "(module (rec (type $a (struct (field (ref null $a)))) (type (func)))
            (rec (type $b (struct (field (ref null $b)))) (type (func)))
            (func (param anyref) (result (ref $b)) (ref.cast (ref $b) (local.get 0))))",
    )
    .unwrap();
    let text = text(&opened(&bytes));
    assert!(text.contains("ref.cast (ref $a)"), "{text}");
}

#[test]
fn an_import_more_moves_everything() {
    let bytes = wat::parse_str(
        r#"(module (func $a (result i32) (i32.const 1)) (func $b (export "b") (result i32) (call $a))
            (elem declare func $a) (func (export "r") (result funcref) (ref.func $a)))"#,
    )
    .unwrap();
    let mut module = Module::read(bytes.as_slice()).unwrap();
    module.import_func("m", "f", swasm_tree::FuncType::default());
    let moved = module.write(&NAMES).bytes;
    let text = text(&moved);
    assert!(text.contains("call $a") && text.contains("(import \"m\" \"f\""), "{text}");
    wasmparser::validate(&moved).unwrap();
    assert!(matches!(module.funcs[0].kind, FuncKind::Read(_)));
}

#[test]
fn only_what_is_needed() {
    let bytes = wat::parse_str(
        r#"(module (type $unused (func (param f64)))
            (func $a (result i32) (i32.const 1)) (func $unused) (func $b (export "b") (result i32) (call $a)))"#,
    )
    .unwrap();
    let mut module = Module::read(bytes.as_slice()).unwrap();
    module.retain_reachable();
    let less = text(&module.write(&NAMES).bytes);
    assert!(
        !less.contains("unused") && !less.contains("f64") && less.contains("call $a"),
        "{less}"
    );
}

#[test]
fn target_features_are_told_and_kept() {
    let section = |contents: &str| format!("(module (@custom \"target_features\" \"{contents}\"))");
    let bytes = wat::parse_str(section("\\02+\\07atomics-\\04simd")).unwrap();
    let module = Module::read(bytes.as_slice()).unwrap();
    assert_eq!(module.target_features(), Some(vec![("atomics", true), ("simd", false)]));
    assert_eq!(module.write(&NAMES).bytes, bytes);
    let bytes = wat::parse_str(section("\\03+\\07atomics")).unwrap();
    let module = Module::read(bytes.as_slice()).unwrap();
    assert_eq!(module.target_features(), None);
    assert_eq!(module.write(&NAMES).bytes, bytes);
}

#[test]
fn target_features_stand_behind_names_and_producers() {
    let text = "(module $named (func)
        (@custom \"mine\" \"\") (@custom \"target_features\" \"\\00\") (@custom \"other\" \"\"))";
    let module = Module::read(wat::parse_str(text).unwrap()).unwrap();
    let producers = swasm_tree::Producers {
        processed_by: vec![("a".to_owned(), "b".to_owned())],
        ..Default::default()
    };
    let options = WriteOptions { names: true, producers: Some(producers) };
    let written = module.write(&options).bytes;
    let sections =
        wasmparser::Parser::new(0).parse_all(&written).filter_map(|payload| {
            match payload.unwrap() {
                wasmparser::Payload::CustomSection(section) => Some(section.name().to_owned()),
                _ => None,
            }
        });
    let names: Vec<String> = sections.collect();
    assert_eq!(names, ["mine", "other", "name", "producers", "target_features"]);
}
