//! Each trap has its reason, its message and the guest's frames.

use crate::{instance, trap};
use swasm_executor::{Reason, Stop, Value};

#[test]
fn traps_speak_in_the_specifications_terms() {
    let text = r#"(module
        (type $other (func (param i32)))
        (memory (export "memory") 1)
        (table 2 funcref)
        (elem (i32.const 1) func 0)
        (func (export "unreachable") unreachable)
        (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0))))
        (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
        (func (export "convert") (drop (i32.trunc_f64_s (f64.const nan))))
        (func (export "convert_large") (drop (i32.trunc_f64_s (f64.const 1e10))))
        (func (export "load") (drop (i32.load (i32.const 65533))))
        (func (export "bulk") (memory.fill (i32.const 65536) (i32.const 0) (i32.const 1)))
        (func (export "null") (call_indirect (i32.const 0)))
        (func (export "signature") (call_indirect (type $other) (i32.const 1) (i32.const 1)))
        (func (export "table") (call_indirect (i32.const 2)))
        (func $recurse (export "recurse") (call $recurse) (call $recurse)))"#;
    let mut guest = instance(text);
    for (export, reason, message) in [
        ("unreachable", Reason::Unreachable, "unreachable"),
        ("divide", Reason::DivideByZero, "integer divide by zero"),
        ("overflow", Reason::IntegerOverflow, "integer overflow"),
        ("convert", Reason::BadConversion, "invalid conversion to integer"),
        ("convert_large", Reason::IntegerOverflow, "integer overflow"),
        ("load", Reason::MemoryOutOfBounds, "out of bounds memory access"),
        ("bulk", Reason::MemoryOutOfBounds, "out of bounds memory access"),
        ("null", Reason::IndirectCallToNull, "indirect call to null"),
        ("signature", Reason::BadSignature, "indirect call type mismatch"),
        ("table", Reason::TableOutOfBounds, "out of bounds table access"),
        ("recurse", Reason::StackOverflow, "call stack exhausted"),
    ] {
        let trap = trap(&mut guest, export);
        assert_eq!(trap.reason, reason, "{export}");
        assert_eq!(trap.message(), message, "{export}");
        assert!(!trap.frames.is_empty(), "{export} has frames");
    }
}

#[test]
fn references_trap_with_their_reasons() {
    let text = r#"(module
        (type $array (array i32)) (type $struct (struct (field i32)))
        (tag $tag)
        (func (export "null") (drop (struct.get $struct 0 (ref.null $struct))))
        (func (export "array") (drop
            (array.get $array (array.new_default $array (i32.const 2)) (i32.const 2))))
        (func (export "cast") (drop
            (ref.cast (ref $struct) (array.new_default $array (i32.const 1)))))
        (func (export "throw") (throw $tag))
        (func (export "fine") (result i32) (i32.const 1)))"#;
    let mut guest = instance(text);
    for (export, reason) in [
        ("null", Reason::NullReference),
        ("array", Reason::ArrayOutOfBounds),
        ("cast", Reason::CastFailure),
        ("throw", Reason::UncaughtException),
    ] {
        assert_eq!(trap(&mut guest, export).reason, reason, "{export}");
        assert_eq!(guest.call("fine", &[]), Ok(vec![Value::I32(1)]), "after {export}");
    }
}

#[test]
fn frames_have_names_and_offsets_without_debug_information() {
    let text = r#"(module
        (func $inner (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
        (func $_ZN4core3fmt5write17h0123456789abcdefE (call $inner (i32.const 0)) drop)
        (func $outer (export "f") (call 1)))"#;
    let trap = trap(&mut instance(text), "f");
    let names: Vec<_> = trap.frames.iter().map(|frame| frame.function.as_deref()).collect();
    assert_eq!(names, [Some("inner"), Some("core::fmt::write"), Some("outer")]);
    assert_eq!(trap.frames[0].file, None);

    let shown = format!("{trap:#}");
    let bytes = wat::parse_str(text).expect("valid");
    let offset = trap.frames[0].offset.expect("an offset");
    assert_eq!(bytes[offset], 0x6e, "the offset is that of `i32.div_u`");
    let mut lines = shown.lines();
    assert_eq!(lines.next(), Some("integer divide by zero"));
    assert_eq!(lines.next(), Some(format!("   0: inner at offset {offset:#x}").as_str()));
    assert!(lines.next().is_some_and(|line| line.starts_with("   1: core::fmt::write at offset")));
}

#[test]
fn a_function_without_a_name_is_shown_by_its_index() {
    let mut bytes =
        wat::parse_str(r#"(module (func) (func (export "f") unreachable))"#).expect("valid");
    assert!(!bytes.windows(4).any(|window| window == b"name"), "no name section");
    let module = swasm_executor::Module::compile(&crate::engine(), &bytes).expect("valid");
    bytes.clear();
    let mut guest = swasm_executor::Instance::new(
        &module,
        swasm_executor::Wasi::new(),
        swasm_executor::Limits::new(),
    )
    .expect("an instance");
    let trap = trap(&mut guest, "f");
    assert_eq!((trap.frames[0].function.as_deref(), trap.frames[0].index), (None, 1));
    assert!(trap.frames[0].to_string().starts_with("function 1 at offset 0x"));
}

/// Each library trap is a function that stores its numbers and executes `unreachable`.
const LIBRARY: &str = r#"(module
    (global $offset (export "std::trap::offset") (mut i32) (i32.const 0))
    (global $width (export "std::trap::width") (mut i32) (i32.const 0))
    (global $size (export "std::trap::size") (mut i32) (i32.const 0))
    (global $wanted (export "std::trap::wanted") (mut i64) (i64.const 0))
    (global $align (export "std::trap::align") (mut i32) (i32.const 0))
    (global $line (export "std::trap::stale_segment::freed_line") (mut i32) (i32.const 7))
    (global $used (export "std::trap::stale_segment::line") (mut i32) (i32.const 9))
    (func $std::trap::out_of_bounds (param i32 i32 i32)
        (global.set $offset (local.get 0))
        (global.set $width (local.get 1))
        (global.set $size (local.get 2))
        unreachable)
    (func $std::trap::out_of_memory (param i64) (global.set $wanted (local.get 0)) unreachable)
    (func $std::trap::bad_alignment (param i32) (global.set $align (local.get 0)) unreachable)
    (func $std::trap::use_after_free unreachable)
    (func $std::trap::stale_segment unreachable)
    (func $std::trap::out_of_luck unreachable)
    (func $mine (export "bounds")
        (call $std::trap::out_of_bounds (i32.const 16) (i32.const 4) (i32.const 12)))
    (func (export "large")
        (call $std::trap::out_of_bounds (i32.const -4) (i32.const 8) (i32.const -1)))
    (func (export "memory") (call $std::trap::out_of_memory (i64.const 4294967296)))
    (func (export "align") (call $std::trap::bad_alignment (i32.const 3)))
    (func (export "freed") (call $std::trap::use_after_free))
    (func (export "stale") (call $std::trap::stale_segment))
    (func (export "plain") unreachable))"#;

#[test]
fn library_traps_say_why_and_name_only_the_programs_frames() {
    let mut guest = instance(LIBRARY);
    let bounds = trap(&mut guest, "bounds");
    assert_eq!(bounds.reason, Reason::SegmentOutOfBounds { offset: 16, width: 4, size: 12 });
    assert_eq!(bounds.message(), "memory segment access out of bounds: offset 16 + 4 > size 12");
    let names: Vec<_> = bounds.frames.iter().map(|frame| frame.function.as_deref()).collect();
    assert_eq!(names, [Some("mine")]);

    for (export, message) in [
        ("large", "memory segment access out of bounds: offset 4294967292 + 8 > size 4294967295"),
        ("memory", "out of memory: 4294967296 bytes wanted"),
        ("align", "alignment 3 is not a power of two"),
        ("freed", "use after free"),
        ("stale", "stale segment: freed line 7, line 9"),
        ("plain", "unreachable"),
    ] {
        assert_eq!(trap(&mut guest, export).message(), message, "{export}");
    }
}

#[test]
fn a_library_trap_without_its_numbers_still_has_words() {
    let text = r#"(module
        (func $std::trap::out_of_bounds unreachable)
        (func (export "f") (call $std::trap::out_of_bounds)))"#;
    assert_eq!(trap(&mut instance(text), "f").message(), "out of bounds");
}

#[test]
fn a_start_function_that_traps_is_a_trap_too() {
    let module = crate::module("(module (func $main unreachable) (start $main))");
    let wasi = swasm_executor::Wasi::new();
    let stop = swasm_executor::Instance::new(&module, wasi, swasm_executor::Limits::new()).err();
    match stop {
        Some(Stop::Trap(trap)) => {
            assert_eq!(trap.reason, Reason::Unreachable);
            assert_eq!(trap.frames[0].function.as_deref(), Some("main"));
        }
        other => panic!("a trap expected: {other:?}"),
    }
}
