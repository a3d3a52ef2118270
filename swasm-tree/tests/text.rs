//! Text of whole modules: what is printed parses to the module it was printed from.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Generator, world};
use swasm_tree::{
    Body, Encoder, ExportItem, Module, Reading, TypeId, Verifier, WriteOptions, print_module,
    print_skeleton,
};

/// What is in the bytes, without names: numbers as short as they can be, nothing that is never reached.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut reading = Reading::new(bytes).unwrap();
    reading.reencode().unwrap();
    reading.finish().unwrap().write(&WriteOptions::default()).bytes
}

/// Prints a module, and holds the law.
fn round(bytes: &[u8]) -> String {
    let module = Module::read(bytes).unwrap();
    let text = print_module(&module, |_| None);
    let parsed = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let (ours, theirs) = (plain(bytes), plain(&parsed));
    if ours != theirs {
        let shown = |bytes: &[u8]| wasmprinter::print_bytes(bytes).unwrap();
        assert_eq!(shown(&ours), shown(&theirs), "{text}");
        panic!("only the bytes differ\n{text}");
    }
    // What has names has the same ones now: text of text is text.
    let again = Module::read(parsed).unwrap();
    assert_eq!(print_module(&again, |_| None), text);
    text
}

fn of(wat: &str) -> String {
    round(&wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn nothing() {
    assert_eq!(of("(module)"), "(module)\n");
    assert_eq!(of("(module $a)"), "(module $a)\n");
}

const ALL_KINDS: &str = r#"(module $all
  (rec
    (type $a (sub (struct (field (mut i32)) (field (ref null $b)))))
    (type $b (sub $a (struct (field (mut i32)) (field (ref null $b)) (field i8)))))
  (type $f (func (param i32) (result i32)))
  (type (;3;) (func (param i64)))
  (type $bytes (array (mut i8)))
  (type $leaf (sub final $a (struct (field (mut i32)) (field (ref null $b)))))
  (type (;6;) (func))
  (type (;7;) (func (param i32)))
  (import "m" "f" (func $imported (param i32) (result i32)))
  (import "m" "m" (memory $m 1 2))
  (import "m" "g" (func $again (param i64)))
  (import "m" "v" (global $v i32))
  (import "m" "a \"quoted\" näme" (table $t 3 (ref null $f)))
  (import "m" "e" (tag $from (param i64)))
  (table $u 3 4 funcref (ref.func $imported))
  (table $wide i64 5 externref)
  (memory $second i64 1 2)
  (memory $third 0 (pagesize 1))
  (memory $shared 1 1 shared)
  (tag $e (param i32))
  (global $n (mut (ref null $a)) (ref.null $a))
  (global $s (ref $a) (struct.new $b (i32.add (global.get $v) (i32.const 1)) (ref.null $b) (i32.const 2)))
  (export "id" (func $id))
  (export "memory" (memory $second))
  (export "id again" (func $id))
  (start $begin)
  (elem $elem (table $u) (i32.const 1) func $imported $id)
  (elem $elem1 (table $t) (offset (i32.add (global.get $v) (i32.const 1))) (ref null $f)
    (ref.func $id) (ref.null $f))
  (elem $elem2 declare func $id)
  (func $begin
    (nop))
  (func $id (param $x i32) (result i32)
    (local $l i32)
    (local.get $x))
  (data $data (memory $second) (i64.const 8) "abc\00\"\ff")
  (data $data1 "passive"))
"#;

#[test]
fn all_kinds_of_items() {
    assert_eq!(of(ALL_KINDS), ALL_KINDS);
}

#[test]
fn exports_are_inline_where_that_is_their_order() {
    let text = "(module
  (type (;0;) (func))
  (memory $memory0 (export \"a\") 1)
  (func $b (export \"b\") (export \"c\")
    (nop)))
";
    assert_eq!(of(text), text);
}

#[test]
fn code_names_types_fields_and_labels() {
    let text = "(module
  (type $s (struct (field (mut i32)) (field i8) (field i64)))
  (type $t (array (mut i8)))
  (type $f (func (param i32) (result i32)))
  (type $twin (func (param i32) (result i32)))
  (type (;4;) (func (param anyref) (result i64)))
  (func $g (param $p anyref) (result i64)
    (struct.get $s 2
      (block $here (result (ref $s))
        (br_on_cast $here (ref null any) (ref $s) (local.get $p))
        (unreachable))))
  (func $h (type $twin) (param $0 i32) (result i32)
    (struct.get_u $s 1
      (struct.new $s
        (i32.const 1)
        (array.get_s $t
          (array.new_default $t (i32.const 3))
          (call_ref $f (local.get $0) (ref.null $f)))
        (i64.const 3)))))
";
    assert_eq!(of(text), text);
    // Fields, which `wat` gives no names: two have the same one.
    let mut module = Module::read(wat::parse_str(text).unwrap()).unwrap();
    for (field, name) in [(0, "x"), (1, "x"), (2, "long name")] {
        module.types.set_field_name(TypeId(0), field, name);
    }
    let printed = print_module(&module, |_| None);
    let fields = "(struct (field $x (mut i32)) (field i8) (field $\"long name\" i64))";
    assert!(printed.contains(fields), "{printed}");
    assert!(printed.contains("(struct.get_u $s 1"), "{printed}");
    assert!(printed.contains("(struct.get $s $\"long name\""), "{printed}");
    let bytes = module.write(&WriteOptions { names: true, producers: None }).bytes;
    assert_eq!(plain(&wat::parse_str(&printed).unwrap()), plain(&bytes));
}

#[test]
fn types_that_look_alike() {
    // Parameters and results alone would stand for the first.
    of(r#"(module
        (rec (type $a (func (param i32))) (type $b (struct)))
        (type $open (sub (func (param i64 i64) (result i64 i64))))
        (type $plain (func (param i64 i64) (result i64 i64)))
        (rec (type $self (func (param (ref null $self)))) (type (func)))
        (rec (type $same (func (param (ref null $same)))) (type (func)))
        (import "m" "x" (func (type $same)))
        (table 1 funcref)
        (tag (type $a))
        (func (type $a))
        (func $new (param i32))
        (func (type $plain) local.get 0 local.get 1 (block (type $plain)) (loop (type $open)))
        (func (param (ref null $same)) (local (ref null $self)) (local.set 1 (local.get 0))
            (call_indirect (type $a) (i32.const 1) (i32.const 0))
            (call_indirect (param i32) (i32.const 1) (i32.const 0))
            (call_indirect (type $open) (i64.const 1) (i64.const 2) (i32.const 0))
            (return_call_ref $same (local.get 0) (ref.null $same))))"#);
}

#[test]
fn blocks_with_parameters() {
    of(r#"(module (func (param i32) (result i32 i64)
        i32.const 1
        i64.const 2
        block $a (param i32 i64) (result i32 i64)
            loop $a (param i32 i64) (result i32 i64)
                local.get 0
                br_if $a
                local.get 0
                br_if 1
                local.get 0
                br_if 2
                local.get 0
                if (param i32 i64) (result i32 i64)
                    br 1
                else
                    br 3
                end
            end
        end))"#);
}

#[test]
fn branch_hints() {
    let text = of(r#"(module (func (param i32) (result i32)
        (block $b
            (br_if $b (i32.eqz (local.get 0)) (@metadata.code.branch_hint "\01"))
            (br_if $b (local.get 0)))
        (if (result i32) (i32.eqz (local.get 0)) (@metadata.code.branch_hint "\00")
            (then (i32.const 1)) (else (i32.const 2)))))"#);
    let likely = "(br_if $b (i32.eqz (local.get $0)) (@metadata.code.branch_hint \"\\01\"))";
    assert!(text.contains(likely) && text.contains("hint \"\\00\")"), "{text}");
}

#[test]
fn custom_sections() {
    let text = r#"(module
  (@custom "first" (before first) "1")
  (type (;0;) (func))
  (@custom "types" (after type) "\00\ff")
  (func $f)
  (@custom "code" (after code) "")
  (@custom "long" (after code)
    "ssssssssssssssssssssssssssssssssssssssssssssssss"
    "t")
  (@producers (language "Rust" "1") (processed-by "a" "2") (sdk "b" "3")))
"#;
    let text = text.replace(" \"\")", ")");
    assert_eq!(of(&text), text);
}

#[test]
fn exceptions() {
    of(r#"(module (tag $e (param i32)) (tag $other)
        (func $throws (result i32)
            (block $h (result i32)
                (block $r (result i32 exnref)
                    (block $all
                        (return
                            (try_table (result i32) (catch $e $h) (catch_ref $e $r) (catch_all $all)
                                (throw $e (i32.const 1)))))
                    (return (i32.const 3)))
                (throw_ref))))"#);
    // Legacy ones have no folded form.
    let text = of(r#"(module (tag $e (param i32)) (tag $f)
        (func (result i32) (local i32)
            i32.const 7
            try $t (result i32)
                i32.const 1
                throw $e
            catch $e
                i32.const 1
                i32.add
            catch $f
                try
                    nop
                delegate 1
                try
                    try nop delegate 0
                    nop
                catch_all
                    try nop delegate 2
                    i32.const 1
                    br $t
                end
                i32.const 3
            catch_all
                rethrow $t
            end
            i32.add
            local.set 0
            try (result i32) i32.const 1 catch_all i32.const 2 end
            if (result i32) i32.const 4 else i32.const 5 end
            drop
            try (result i32 i32) i32.const 1 i32.const 2 end
            local.set 0
            local.set 0
            i32.const 3
            block (param i32) (result i32)
                try (result i32) i32.const 9 end
                br_if 0
            end))"#);
    assert!(text.contains("\n    try $t (result i32)\n"), "{text}");
}

#[test]
fn atomics_and_vectors() {
    of(r#"(module (memory 1 1 shared) (memory $n i64 1 1 shared)
        (func (param i32 v128 i64) (result v128)
            (drop (i32.atomic.rmw8.add_u offset=3 (local.get 0) (i32.const 1)))
            (drop (memory.atomic.wait64 $n offset=0x100000000 (local.get 2) (i64.const 1) (i64.const 2)))
            (atomic.fence)
            (v128.store8_lane $n offset=1 3 (local.get 2) (local.get 1))
            (memory.copy $n 0 (local.get 2) (local.get 0) (local.get 0))
            (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (local.get 1)
                (v128.const f32x4 1 nan inf -0))))"#);
}

#[test]
fn names_that_are_no_words() {
    of(r#"(module (func $"a  b" (result funcref) (ref.func $"a  b")) (func $"\u{202e}")
        (global $"a  b" funcref (ref.func $"a  b")) (export "" (func 0)) (export "\u{202e}\n" (func 1))
        (func $"func1#2") (func (param $"" i32) (local $"  " i32) (local.set $"  " (local.get 0))))"#
        .replace(" (param $\"\" i32)", " (param i32)")
        .as_str());
    // Names that several have, and none at all.
    let mut module = Module::read(
        wat::parse_str("(module (func) (func) (func) (global i32 (i32.const 1)))").unwrap(),
    )
    .unwrap();
    for at in [0, 2] {
        module.funcs[at].name = Some("same".into());
    }
    module.funcs[1].name = Some("".into());
    let bytes = module.write(&WriteOptions { names: true, producers: None }).bytes;
    let text = round(&bytes);
    assert!(text.contains("(func $same)") && text.contains("(func $same#2)"), "{text}");
    assert!(text.contains("(func $func1)"), "{text}");
}

/// A function's text does not depend on others.
#[test]
fn a_function_stays_as_it_is_when_others_change() {
    let function = |before: &str| {
        let text = format!(
            "(module {before} (global $g i32 (i32.const 1)) (func $f (result i32) (block $b (br_if $b (global.get $g))) (call $f)))"
        );
        let text = of(&text);
        text[text.find("(func $f").unwrap()..].to_owned()
    };
    let alone = function("");
    assert_eq!(function("(global $h i64 (i64.const 1)) (func $e (block $b (br $b)))"), alone);
    assert_eq!(function("(type (func (param i32))) (export \"x\" (memory 0)) (memory 1)"), alone);
}

#[test]
fn random_bodies() {
    let world = world();
    for seed in 1..600 {
        let body = Generator::new(&world, seed).function(1 + seed as usize % 6);
        let mut module = world.module.clone();
        module.export("f", ExportItem::Func(world.func));
        let text = print_module(&module, |func| (func == world.func).then_some(&body));
        let verified = Verifier::new().verify(&module, world.func, &body).unwrap();
        let code = Encoder::new().encode(verified);
        module.define(world.func, code);
        let written = module.write(&WriteOptions { names: true, producers: None }).bytes;
        // Before it was written it had the same text but for what `Stack` hides.
        let parsed =
            wat::parse_str(&text).unwrap_or_else(|error| panic!("{seed}: {error}\n{text}"));
        let shown = |bytes: &[u8]| wasmprinter::print_bytes(plain(bytes)).unwrap();
        assert_eq!(shown(&parsed), shown(&written), "{seed}\n{text}");
        round(&written);
    }
}

/// Code that is nested deeply gives text in proportion.
#[test]
fn deep_nesting() {
    const DEPTH: usize = 20_000;
    let mut text = "(module (func (result i32) ".to_owned();
    (0..DEPTH).for_each(|_| text.push_str("block (result i32) "));
    text.push_str("i32.const 1 i32.const 1 br_if 0 i32.const 1 br_if 7 ");
    (0..DEPTH).for_each(|_| text.push_str("end "));
    text.push_str("))");
    let module = Module::read(wat::parse_str(&text).unwrap()).unwrap();
    let printed = print_module(&module, |_| None);
    assert!(printed.len() < 150 * DEPTH, "{}", printed.len());
    let mut text = "(module (func (result i32) i32.const 0 ".to_owned();
    (0..DEPTH).for_each(|_| text.push_str("i32.eqz "));
    text.push_str("))");
    let module = Module::read(wat::parse_str(&text).unwrap()).unwrap();
    assert!(print_module(&module, |_| None).len() < 150 * DEPTH);
}

#[test]
fn skeletons() {
    let module = Module::read(wat::parse_str(ALL_KINDS).unwrap()).unwrap();
    let expected = r#"  (elem $elem (table $u) (i32.const 1) func (;2 elements;))
  (elem $elem1 (table $t) (offset (i32.add (global.get $v) (i32.const 1))) (ref null $f) (;2 elements;))
  (elem $elem2 declare func (;1 elements;))
  (func $begin)
  (func $id (param $x i32) (result i32))
  (data $data (memory $second) (i64.const 8) (;6 bytes;))
  (data $data1 (;7 bytes;)))
"#;
    let skeleton = print_skeleton(&module);
    let same = ALL_KINDS.find("  (elem $elem ").unwrap();
    assert_eq!(skeleton, format!("{}{expected}", &ALL_KINDS[..same]));
    // Of a module under construction, too.
    let world = world();
    let skeleton = print_skeleton(&world.module);
    assert!(skeleton.contains("(func $f (param $0 i32) (param $1 i64)"), "{skeleton}");
    let body = Body::new(&[], &[]);
    assert!(!print_module(&world.module, |_| None).contains("(func $f "), "{:?}", body.root());
}
