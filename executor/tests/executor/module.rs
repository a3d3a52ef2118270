//! Modules: garbage is refused, exports are listed, compiled code travels.

use crate::{engine, module};
use swasm_executor::{
    Config, Engine, ExternType, Instance, Limits, Module, OptLevel, Signature, Value, ValueType,
    Wasi,
};

#[test]
fn garbage_is_refused_with_a_reason() {
    let engine = engine();
    let mut truncated = wat::parse_str(r#"(module (func (export "f")))"#).expect("valid");
    truncated.pop();
    let ill_typed =
        b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";
    for bytes in [&b""[..], b"\0asm", b"hello", b"(module)", &truncated, ill_typed] {
        let error = Module::compile(&engine, bytes).expect_err("refused").to_string();
        assert!(error.starts_with("not a valid WebAssembly module: "), "{error}");
        assert!(error.len() > 40, "{error}");
    }
}

#[test]
fn a_valid_module_with_any_byte_changed_never_panics() {
    let engine = engine();
    let text = r#"(module (memory 1) (table 1 funcref) (global (mut i32) (i32.const 1))
        (func (export "f") (param i32) (result i32)
            (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))))"#;
    let bytes = wat::parse_str(text).expect("valid");
    let mut refused = 0;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0xff;
        refused += u32::from(Module::compile(&engine, &changed).is_err());
    }
    assert!(refused > 10, "only {refused} changes were noticed");
}

#[test]
fn exports_and_imports_are_listed_in_order_with_types() {
    let module = module(
        r#"(module
            (import "env" "f" (func (param i64)))
            (memory (export "memory") 1 2)
            (global (export "g") (mut f64) (f64.const 0))
            (table (export "t") 3 funcref)
            (tag (export "e") (param i32))
            (func (export "add") (param i32 i32) (result i32) unreachable))"#,
    );
    let exports: Vec<_> =
        module.exports().iter().map(|export| format!("{}: {}", export.name, export.ty)).collect();
    assert_eq!(
        exports,
        [
            "memory: memory 1..2",
            "g: global mut f64",
            "t: table (ref null func) 3..",
            "e: tag (i32) -> ()",
            "add: function (i32, i32) -> (i32)",
        ]
    );
    let imports = module.imports();
    assert_eq!((imports[0].module.as_str(), imports[0].name.as_str()), ("env", "f"));
    assert_eq!(imports[0].ty, ExternType::Function(Signature::new([ValueType::I64], [])));
    let add = Signature::new([ValueType::I32, ValueType::I32], [ValueType::I32]);
    assert_eq!(module.function("add"), Some(add));
    assert_eq!(module.function("g"), None);
}

#[test]
#[allow(unsafe_code, reason = "the bytes are what `serialize` gave a line above")]
fn compiled_code_travels_to_an_engine_of_the_same_settings_only() {
    let text = r#"(module (func (export "f") (result i32) (i32.const 7)))"#;
    let bytes = module(text).serialize().expect("bytes");
    // SAFETY: see the reason above.
    let back = unsafe { Module::deserialize(&engine(), &bytes) }.expect("the same settings");
    let mut guest = Instance::new(&back, Wasi::new(), Limits::new()).expect("an instance");
    assert_eq!(guest.call("f", &[]), Ok(vec![Value::I32(7)]));

    let other = Engine::new(&Config::new()).expect("an engine");
    // SAFETY: see the reason above.
    let error = unsafe { Module::deserialize(&other, &bytes) }.expect_err("other settings");
    assert!(error.to_string().starts_with("not a compiled module of this engine: "), "{error}");
    // SAFETY: nothing of it can be taken for machine code.
    assert!(unsafe { Module::deserialize(&engine(), b"garbage") }.is_err());
}

#[test]
fn both_tiers_and_the_deterministic_setting_give_the_same_results() {
    let text = r#"(module (func (export "f") (param f64) (result i64)
        (i64.reinterpret_f64 (f64.div (f64.const 0) (local.get 0)))))"#;
    let bytes = wat::parse_str(text).expect("valid");
    for level in [OptLevel::None, OptLevel::Speed] {
        let config = Config::new().opt_level(level).deterministic(true);
        let engine = Engine::new(&config).expect("an engine");
        assert_eq!(engine.config(), &config);
        let module = Module::compile(&engine, &bytes).expect("valid");
        let mut guest = Instance::new(&module, Wasi::new(), Limits::new()).expect("an instance");
        let canonical = Value::I64(0x7ff8_0000_0000_0000);
        assert_eq!(guest.call("f", &[Value::F64(0.0)]), Ok(vec![canonical]));
    }
}
