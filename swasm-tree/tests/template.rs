//! Templates: what parses, what is refused and where, and what comes of it in a function.
#![allow(clippy::unwrap_used, reason = "tests")]

use ValType::{F64, I32, I64};
use swasm_tree::template::{SymbolKind, SymbolTarget, SymbolType, TextError, TextErrorKind, parse};
use swasm_tree::{
    Body, ExportItem, FuncType, LocalId, Memory, Module, NodeId, Op, ValType, WriteOptions, encode,
    verify,
};

/// A module whose only function is the template with its holes as parameters.
fn module_of(text: &str, holes: &[ValType], results: &[ValType]) -> Vec<u8> {
    let template = parse(text).unwrap();
    template.check(holes, &[], results).unwrap();
    let mut body = Body::new(holes, results);
    let nodes: Vec<NodeId> = (0..holes.len() as u32).map(|n| body.local_get(LocalId(n))).collect();
    let root = template.instantiate(&mut body, &nodes, &[]);
    body.set_root(root);
    let mut module = Module::new();
    module.add_memory(Memory { min_pages: 1, ..Memory::default() });
    let func = module.declare_func(FuncType::new(holes, results), None);
    let code = encode(verify(&module, func, &body).unwrap());
    module.define(func, code);
    module.export("f", ExportItem::Func(func));
    module.write(&WriteOptions::default()).bytes
}

fn assert_same(text: &str, holes: &[ValType], results: &[ValType], wat: &str) {
    let expected = wat::parse_str(format!("(module {wat})")).unwrap();
    let found = module_of(text, holes, results);
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(&found)
        .unwrap();
    // `wat` adds a name section, which is the only custom section there can be.
    let (sections, custom) = expected.split_at(found.len().min(expected.len()));
    assert_eq!(found, sections, "{text}");
    assert!(matches!(custom.first(), None | Some(0)), "{text}");
}

fn errors(text: &str) -> Vec<TextError> {
    parse(text).unwrap_err()
}

#[test]
fn a_template_is_what_wat_says() {
    assert_same(
        "(i32.load8_s offset=4 (addr.add $self.address $offset))",
        &[I32, I32],
        &[I32],
        "(memory 1) (func (export \"f\") (param i32 i32) (result i32)
            (i32.load8_s offset=4 (i32.add (local.get 0) (local.get 1))))",
    );
    assert_same(
        ";; two statements (; and (; nested ;) ;)
         (i64.store align=1 $a $v) (; here ;) (f64.const -0x1.8p-3)",
        &[I32, I64],
        &[F64],
        "(memory 1) (func (export \"f\") (param i32 i64) (result f64)
            (i64.store align=1 (local.get 0) (local.get 1)) (f64.const -0x1.8p-3))",
    );
    assert_same(
        "(block $l (result i32) (drop (br_if $l (i32.const -1) $c))
            (loop $again (result i32)
                (br_if $again (i32.const 0)) (br_table $l $l (i32.const 7) (i32.const 0))))",
        &[I32],
        &[I32],
        "(memory 1) (func (export \"f\") (param i32) (result i32)
            (block $l (result i32) (drop (br_if $l (i32.const -1) (local.get 0)))
                (loop $again (result i32)
                    (br_if $again (i32.const 0)) (br_table $l $l (i32.const 7) (i32.const 0)))))",
    );
    assert_same(
        "(if (result f64) $c (then (f64.const nan:0x4)) (else (f64.sqrt $x)))",
        &[I32, F64],
        &[F64],
        "(memory 1) (func (export \"f\") (param i32 f64) (result f64)
            (if (result f64) (local.get 0) (then (f64.const nan:0x4)) (else (f64.sqrt (local.get 1)))))",
    );
    assert_same(
        "(if $c (then (memory.fill (i32.const 0) (i32.const 1) (memory.size))))",
        &[I32],
        &[],
        "(memory 1) (func (export \"f\") (param i32)
            (if (local.get 0) (then (memory.fill (i32.const 0) (i32.const 1) (memory.size)))))",
    );
}

#[test]
fn symbols_are_bound_by_position() {
    let text =
        "(call $print $x) (global.set $last (call_indirect (param f64) (result i32) $y $slot))";
    let template = parse(text).unwrap();
    let kinds: Vec<&SymbolKind> = template.symbols.iter().map(|(kind, _)| kind).collect();
    let inline = FuncType::new(&[F64], &[I32]);
    assert_eq!(
        kinds,
        [&SymbolKind::Func, &SymbolKind::Global, &SymbolKind::InlineType(inline.clone())]
    );
    let print = FuncType::new(&[I32], &[]);
    let types = [
        SymbolType::Func(print.clone()),
        SymbolType::Global(I32, true),
        SymbolType::Type(inline.clone()),
    ];
    template.check(&[I32, F64, I32], &types, &[]).unwrap();
    let immutable = [types[0].clone(), SymbolType::Global(I32, false), types[2].clone()];
    let errors = template.check(&[I32, F64, I32], &immutable, &[]).unwrap_err();
    assert_eq!(&text[errors[0].range.clone()], "global.set");
    assert_eq!(errors[0].message, "the global is immutable");

    let mut module = Module::new();
    let unrelated = module.declare_func(FuncType::default(), None);
    let print = module.import_func("env", "print", print);
    let ty = module.types.func(inline);
    let import = swasm_tree::Import { module: "env".into(), name: "g".into() };
    let kind = swasm_tree::GlobalKind::Import(import);
    let global = module.add_global(swasm_tree::Global {
        ty: I32,
        mutable: true,
        shared: false,
        name: None,
        kind,
    });
    let mut body = Body::new(&[I32, F64, I32], &[]);
    let holes: Vec<NodeId> = (0..3).map(|n| body.local_get(LocalId(n))).collect();
    let targets = [SymbolTarget::Func(print), SymbolTarget::Global(global), SymbolTarget::Type(ty)];
    let root = template.instantiate(&mut body, &holes, &targets);
    body.set_root(root);
    let func = module.declare_func(FuncType::new(&[I32, F64, I32], &[]), None);
    let code = encode(verify(&module, func, &body).unwrap());
    module.define(func, code);
    module.export("f", ExportItem::Func(func));
    module.retain_reachable();
    let written = module.write(&WriteOptions::default());
    wasmparser::validate(&written.bytes).unwrap();
    assert_eq!(
        written.funcs.iter().map(|f| f.func).collect::<Vec<_>>(),
        [func],
        "not {unrelated:?}"
    );
}

#[test]
fn mistakes_have_ranges() {
    let cases: &[(&str, &str, TextErrorKind)] = &[
        (
            "(i32.ad $a $b)",
            "i32.ad",
            TextErrorKind::UnknownMnemonic { suggestion: Some("i32.add") },
        ),
        (
            "(addr.eqzz $a)",
            "addr.eqzz",
            TextErrorKind::UnknownMnemonic { suggestion: Some("i32.eqz") },
        ),
        ("(frobnicate)", "frobnicate", TextErrorKind::UnknownMnemonic { suggestion: None }),
        ("(i32.const 4294967296)", "4294967296", TextErrorKind::BadNumber),
        ("(f32.const 1e99)", "1e99", TextErrorKind::BadNumber),
        ("(i32.add $a $a)", "$a", TextErrorKind::DoubledHole),
        ("(br $out)", "$out", TextErrorKind::UnknownLabel),
        ("(i32.add $a", "(", TextErrorKind::Unterminated),
        ("(i32.eqz $a))", ")", TextErrorKind::Unexpected),
        ("(; never closed", "(;", TextErrorKind::Unterminated),
        ("i32.add $a $b", "i32.add", TextErrorKind::Unexpected),
        ("(local.get $a)", "local.get", TextErrorKind::Unsupported),
        ("(return)", "return", TextErrorKind::Unsupported),
        ("(return_call $f)", "return_call", TextErrorKind::Unsupported),
        ("(i32.load align=3 $a)", "align=3", TextErrorKind::BadNumber),
        ("(i32.eqz \u{e9})", "\u{e9}", TextErrorKind::Unexpected),
        ("(if $c (else))", "if", TextErrorKind::Unexpected),
        ("(<seq>)", "<seq>", TextErrorKind::UnknownMnemonic { suggestion: None }),
    ];
    for (text, at, kind) in cases {
        let errors = errors(text);
        assert_eq!(
            (&text[errors[0].range.clone()], &errors[0].kind),
            (*at, kind),
            "{text}: {errors:?}"
        );
    }
    // All of them in one go.
    assert_eq!(errors("(i32.ad) (i32.const x) (block $l (br $k))").len(), 3);
    // Deep nesting is refused, not followed.
    let deep = "(i32.eqz ".repeat(100_000);
    assert!(errors(&deep).iter().any(|error| error.kind == TextErrorKind::TooDeep));
}

#[test]
fn types_are_checked() {
    type Case = (&'static str, &'static [ValType], &'static [ValType], &'static str, &'static str);
    let cases: &[Case] = &[
        ("(i32.add $a $b)", &[I32, F64], &[I32], "i32.add", "takes [i32 i32], has [i32 f64]"),
        ("(i32.add $a)", &[I32], &[I32], "i32.add", "takes [i32 i32], has [i32]"),
        (
            "(i32.eqz $a)",
            &[I32],
            &[F64],
            "(i32.eqz $a)",
            "the template gives [i32], wanted is [f64]",
        ),
        ("$a $b", &[I32, I32], &[I32], "$a $b", "the template gives [i32 i32], wanted is [i32]"),
        ("(i32.const 1 $a)", &[I32], &[I32], "i32.const", "takes [], has [i32]"),
        (
            "(i32.load align=8 $a)",
            &[I32],
            &[I32],
            "i32.load",
            "alignment 2^3 is more than the natural 2^2",
        ),
    ];
    for (text, holes, results, at, message) in cases {
        let errors = parse(text).unwrap().check(holes, &[], results).unwrap_err();
        assert_eq!(
            (&text[errors[0].range.clone()], errors[0].message.as_str()),
            (*at, *message),
            "{text}"
        );
    }
    // A template that never completes gives anything.
    parse("(unreachable)").unwrap().check(&[], &[], &[I32, F64]).unwrap();
    parse("$x").unwrap().check(&[I64], &[], &[I64]).unwrap();
}

#[test]
fn every_mnemonic_is_found() {
    for op in Op::all() {
        let found = Op::from_mnemonic(op.mnemonic());
        let pseudo = op.mnemonic().starts_with('<');
        assert_eq!(found, (!pseudo).then_some(op), "{op:?}");
    }
    assert_eq!(Op::from_mnemonic("i32.addd"), None);
}

/// What needs types, tags, tables or segments of the module says so, at the operator, and what to do instead.
#[test]
fn operators_that_name_what_a_template_cannot() {
    let cases = [
        (
            "(struct.new $point (i32.const 1))",
            "struct.new",
            "`struct.new` names a type of the module, which a template cannot; call a function that does this",
        ),
        (
            "(drop (array.get_u $bytes $a (i32.const 1)))",
            "array.get_u",
            "`array.get_u` names a type of the module, which a template cannot; call a function that does this",
        ),
        (
            "(call_ref $t $f)",
            "call_ref",
            "`call_ref` names a type of the module, which a template cannot; call a function that does this",
        ),
        (
            "(ref.cast (ref $t) $x)",
            "ref.cast",
            "`ref.cast` names a type of the module, which a template cannot; call a function that does this",
        ),
        (
            "(throw $oops)",
            "throw",
            "`throw` names an exception's tag of the module, which a template cannot; call a function that throws",
        ),
        (
            "(try_table (nop))",
            "try_table",
            "`try_table` handles exceptions, which a template does not: call a function that does",
        ),
        (
            "(table.get $t (i32.const 0))",
            "table.get",
            "`table.get` names a table of the module, which a template cannot; `call_indirect` takes a slot of the module's own table",
        ),
        (
            "(data.drop $d)",
            "data.drop",
            "`data.drop` names a data segment of the module, which a template cannot; `memory.copy` reads static data",
        ),
        (
            "(ref.null $t)",
            "$t",
            "a template cannot name types of the module, such as `$t`: write `func`, `extern` or `any`",
        ),
        (
            "(cont.new $t $f)",
            "cont.new",
            "`cont.new` belongs to a proposal that is not supported: StackSwitching",
        ),
    ];
    for (text, at, message) in cases {
        let errors = errors(text);
        assert_eq!(errors[0].message, message, "{text}");
        assert_eq!(&text[errors[0].range.clone()], at, "{text}");
        assert_eq!((errors.len(), &errors[0].kind), (1, &TextErrorKind::Unsupported), "{text}");
    }
    // What names nothing of the module is fine.
    let text = "(block $b (drop (br_on_null $b $f)))";
    parse(text).unwrap().check(&[ValType::FUNCREF], &[], &[]).unwrap();
}
