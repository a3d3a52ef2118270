//! Room in the guest's memory for the host: from the guest's allocator or from pages of its own.

use crate::{instance, module};
use swasm_executor::{Instance, Limits, Stop, Value, Wasi};

/// `sum` adds up bytes; `last` is the size of the memory in pages.
const PLAIN: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "pages") (result i32) (memory.size))
    (func (export "grow") (drop (memory.grow (i32.const 1))))
    (func (export "sum") (param $at i32) (param $len i32) (result i32) (local $sum i32)
        (block $done (loop $next
            (br_if $done (i32.eqz (local.get $len)))
            (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $len (i32.sub (local.get $len) (i32.const 1)))
            (br $next)))
        (local.get $sum)))"#;

#[test]
fn a_buffer_is_passed_to_a_call_and_vanishes_after_it() {
    let mut guest = instance(PLAIN);
    let mut buffer = guest.allocate(4, 4).expect("room");
    assert!(buffer.address() >= 65536, "behind all that the guest had");
    buffer.write(0, &[1, 2, 3, 4]).expect("inside");
    let arguments = [buffer.value(), Value::I32(4)];
    assert_eq!(buffer.instance().call("sum", &arguments), Ok(vec![Value::I32(10)]));
    assert_eq!(buffer.read(1, 2).expect("inside"), [2, 3]);
    assert!(buffer.write(1, &[0; 4]).is_err());
    assert!(buffer.read(usize::MAX, 2).is_err());
    let address = buffer.address();
    drop(buffer);
    assert_eq!(guest.read(address, 4).expect("inside"), [0; 4]);
}

#[test]
fn buffers_are_aligned_disjoint_and_reused() {
    let mut guest = instance(PLAIN);
    let mut outer = guest.allocate(3, 1).expect("room");
    outer.write(0, b"abc").expect("inside");
    let outer_end = outer.address() + 3;
    for (len, align) in [(1, 8), (0, 16), (100_000, 1 << 17), (8, 1)] {
        outer.instance().call("grow", &[]).expect("no trap");
        let mut inner = outer.instance().allocate(len, align).expect("room");
        assert!(inner.address() >= outer_end && inner.address() % u64::from(align) == 0);
        inner.write(0, &vec![0xff; len]).expect("inside");
        drop(inner);
        assert_eq!(outer.read(0, 3).expect("inside"), b"abc");
    }
    drop(outer);
    let pages = guest.call("pages", &[]);
    for _ in 0..100 {
        let mut buffer = guest.allocate(60_000, 8).expect("room");
        assert!(buffer.read(0, 60_000).expect("inside").iter().all(|&byte| byte == 0));
        buffer.write(0, &[1; 60_000]).expect("inside");
    }
    assert_eq!(guest.call("pages", &[]), pages, "the memory does not grow any more");
}

/// An allocator that remembers what was freed last, or answers nonsense.
const REALLOC: &str = r#"(module
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (global $freed (export "freed") (mut i32) (i32.const 0))
    (global $nonsense (export "nonsense") (mut i32) (i32.const 0))
    (func (export "lie") (global.set $nonsense (i32.const 1)))
    (func (export "cabi_realloc") (param $old i32) (param $len i32) (param $align i32)
            (param $new i32) (result i32)
        (if (global.get $nonsense) (then (return (i32.const -8))))
        (if (local.get $old) (then (global.set $freed (local.get $old)) (return (i32.const 0))))
        (global.set $top (i32.add (global.get $top) (i32.const 64)))
        (global.get $top)))"#;

#[test]
fn a_guests_own_allocator_is_used_and_told_of_the_end() {
    let mut guest = instance(REALLOC);
    let mut buffer = guest.allocate(64, 8).expect("room");
    assert_eq!(buffer.address(), 1088);
    buffer.write(0, b"secret").expect("inside");
    drop(buffer);
    assert_eq!(guest.global("freed"), Some(Value::I32(1088)));
    assert_eq!(guest.read(1088, 6).expect("inside"), [0; 6]);

    guest.call("lie", &[]).expect("no trap");
    let stop = guest.allocate(64, 8).err().expect("the address is outside");
    assert!(matches!(&stop, Stop::Refused(error) if error.to_string().contains("4294967288")));
}

#[test]
fn room_that_cannot_be_had_is_an_error() {
    let limits = Limits::new().max_memory(3 << 16);
    let mut guest = Instance::new(&module(PLAIN), Wasi::new(), limits).expect("an instance");
    for (len, align) in [(3 << 16, 1), (usize::MAX, 1), (1, 1 << 31)] {
        assert!(guest.allocate(len, align).is_err(), "{len} {align}");
    }
    assert!(guest.allocate(1, 3).is_err(), "no power of two");
    assert!(guest.allocate(65536, 1).is_ok());
    assert!(instance("(module)").allocate(1, 1).is_err(), "no memory");
}

#[test]
fn addresses_of_a_64_bit_memory_are_64_bit_values() {
    let mut guest = instance(r#"(module (memory (export "memory") i64 1))"#);
    let mut buffer = guest.allocate(1, 1).expect("room");
    assert_eq!(buffer.value(), Value::I64(65536));
}
