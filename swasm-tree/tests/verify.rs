//! What the verifier refuses: the function, the node and the rule that it names.
#![allow(clippy::unwrap_used, reason = "tests")]

use ValType::{F64, I32, I64};
use swasm_tree::{
    AbstractHeapType, BlockType, Body, FuncId, FuncType, Global, GlobalId, GlobalKind, HeapType,
    Import, LocalId, MemArg, Memory, MemoryId, Module, NodeId, Op, RefType, Rule, TypeId, ValType,
    Verifier, verify,
};

const STRING: ValType =
    ValType::Ref(RefType::new(false, HeapType::Abstract(AbstractHeapType::Extern)));
/// A type that no module of these tests has.
const MISSING: ValType = ValType::Ref(RefType::new(true, HeapType::Concrete(TypeId(77))));

fn module() -> (Module, FuncId) {
    let mut module = Module::new();
    module.add_memory(Memory::default());
    let import = Import { module: "env".into(), name: "g".into() };
    let kind = GlobalKind::Import(import);
    module.add_global(Global { ty: I64, mutable: false, shared: false, name: None, kind });
    let func = module.declare_func(FuncType::new(&[I32, STRING], &[I32]), Some("f"));
    (module, func)
}

/// Verifies `build`'s node before a result; tells which of its nodes is wrong, by operator, the rule, and how.
fn refused(build: impl Fn(&mut Body) -> NodeId) -> (&'static str, Rule, String) {
    let (module, func) = module();
    let mut body = Body::new(&[I32, STRING], &[I32]);
    body.add_local(STRING);
    let node = build(&mut body);
    let result = body.local_get(LocalId(0));
    let root = body.seq(&[node, result]);
    body.set_root(root);
    let errors = verify(&module, func, &body).unwrap_err();
    let first = &errors[0];
    assert_eq!(
        (first.func, first.name.as_deref(), first.op),
        (func, Some("f"), body.op(first.node))
    );
    let text = first.to_string();
    assert!(text.starts_with(&format!("function {} (`f`), node ", func.0)), "{text}");
    (first.op.mnemonic(), first.rule, first.message.clone())
}

fn drop_of(body: &mut Body, op: Op, operands: &[NodeId]) -> NodeId {
    let value = body.plain(op, operands);
    body.drop(value)
}

#[test]
fn operands_have_the_types_that_are_taken() {
    let (op, rule, message) = refused(|body| {
        let (one, two) = (body.i32_const(1), body.i64_const(2));
        drop_of(body, Op::I32_ADD, &[one, two])
    });
    assert_eq!((op, rule), ("i32.add", Rule::Operands));
    assert_eq!(message, "takes [i32 i32], has [i32 i64]");
    // A value too many is not left for whoever comes later.
    let (op, rule, message) = refused(|body| {
        let (one, two) = (body.i32_const(1), body.i32_const(2));
        drop_of(body, Op::I32_EQZ, &[one, two])
    });
    assert_eq!((op, rule, &*message), ("i32.eqz", Rule::Operands, "takes [i32], has [i32 i32]"));
    let (op, _, message) = refused(|body| {
        let value = body.f64_const(0);
        body.local_set(LocalId(0), value)
    });
    assert_eq!((op, &*message), ("local.set", "takes [i32], has [f64]"));
    let (op, _, message) = refused(|body| {
        let global = body.global_get(GlobalId(0));
        drop_of(body, Op::I32_EQZ, &[global])
    });
    assert_eq!((op, &*message), ("i32.eqz", "takes [i32], has [i64]"));
}

#[test]
fn any_number_of_operands_is_looked_at() {
    for count in (0..8).chain([127, 128, 253, 254, 255, 256, 257, 300]) {
        let mut module = Module::new();
        let types = vec![I32; count];
        let callee = module.declare_func(FuncType::new(&types, &[]), None);
        let func = module.declare_func(FuncType::new(&[], &types), None);
        for wrong in [None, count.checked_sub(1), count.checked_sub(count.min(3))] {
            let mut body = Body::new(&[], &types);
            let value = |body: &mut Body, at: usize| {
                if wrong == Some(at) { body.i64_const(1) } else { body.i32_const(1) }
            };
            let arguments: Vec<NodeId> = (0..count).map(|at| value(&mut body, at)).collect();
            let call = body.call(callee, &arguments);
            let given: Vec<NodeId> = (0..count).map(|_| body.i32_const(1)).collect();
            let given = body.seq(&given);
            let root = body.seq(&[call, given]);
            body.set_root(root);
            let is_wrong = wrong.is_some_and(|at| at < count);
            match verify(&module, func, &body) {
                Ok(_) => assert!(!is_wrong, "{count} operands"),
                Err(errors) => assert!(is_wrong && errors[0].node == call, "{}", errors[0]),
            }
        }
    }
}

#[test]
fn what_an_immediate_names_exists() {
    let (op, rule, message) = refused(|body| {
        let value = body.local_get(LocalId(3));
        body.drop(value)
    });
    assert_eq!((op, rule, &*message), ("local.get", Rule::Immediate, "there is no local 3"));
    let (op, rule, message) = refused(|body| {
        let address = body.i32_const(0);
        let wide = MemArg { align_log2: 3, offset: 0, memory: MemoryId(0) };
        let value = body.load(Op::I32_LOAD, wide, address);
        body.drop(value)
    });
    assert_eq!((op, rule), ("i32.load", Rule::Immediate));
    assert_eq!(message, "alignment 2^3 is more than the natural 2^2");
    let (_, rule, message) = refused(|body| {
        let value = body.i64_const(0);
        body.global_set(GlobalId(0), value)
    });
    assert_eq!((rule, &*message), (Rule::Immediate, "the global is immutable"));
    let (op, rule, _) = refused(|body| {
        let value = body.call(FuncId(9), &[]);
        body.drop(value)
    });
    assert_eq!((op, rule), ("call", Rule::Immediate));
}

#[test]
fn types_of_locals_and_blocks_exist() {
    let (op, rule, message) = refused(|body| {
        body.add_local(MISSING);
        body.nop()
    });
    assert_eq!((op, rule), ("<seq>", Rule::Immediate));
    assert_eq!(message, "there is no type as in (ref null 77)");
    let (op, rule, _) = refused(|body| {
        let block = body.block(BlockType::of(&[MISSING]));
        let never = body.unreachable();
        body.set_body(block, never);
        body.drop(block)
    });
    assert_eq!((op, rule), ("block", Rule::Immediate));
    let (op, rule, _) = refused(|body| {
        let [a, b, c] = [body.unreachable(), body.unreachable(), body.unreachable()];
        let value = body.select_typed(MISSING, a, b, c);
        body.drop(value)
    });
    assert_eq!((op, rule), ("<typed_select>", Rule::Immediate));
}

#[test]
fn a_node_has_one_parent_and_a_block_its_arms() {
    let (op, rule, _) = refused(|body| {
        let value = body.local_get(LocalId(0));
        drop_of(body, Op::I32_ADD, &[value, value])
    });
    assert_eq!((op, rule), ("local.get", Rule::OneParent));
    for op in [Op::BLOCK, Op::IF] {
        let (found, rule, message) = refused(|body| {
            let condition = body.i32_const(1);
            let node = if op == Op::IF {
                body.if_open(BlockType::EMPTY, condition)
            } else {
                body.block(BlockType::EMPTY)
            };
            body.set_children(node, &[]);
            node
        });
        assert_eq!((found, rule), (op.mnemonic(), Rule::Operands));
        assert_eq!(message, "a block without a body");
    }
}

#[test]
fn blocks_give_their_results_to_labels_around_them() {
    let (op, rule, message) = refused(|body| {
        let block = body.block(BlockType::of(&[I32]));
        let value = body.f64_const(0);
        body.set_body(block, value);
        body.drop(block)
    });
    assert_eq!(
        (op, rule, &*message),
        ("block", Rule::Results, "the block gives [i32], its body [f64]")
    );
    let (op, rule, _) = refused(|body| {
        let block = body.block(BlockType::EMPTY);
        let branch = body.br(block, &[]);
        body.seq(&[block, branch])
    });
    assert_eq!((op, rule), ("br", Rule::Label));
    let (op, rule, message) = refused(|body| {
        let block = body.block(BlockType::of(&[F64]));
        let (value, condition) = (body.i64_const(0), body.i32_const(0));
        let branch = body.br_if(block, &[value], condition);
        body.set_body(block, branch);
        body.drop(block)
    });
    assert_eq!((op, rule, &*message), ("br_if", Rule::Operands, "takes [f64 i32], has [i64 i32]"));
}

#[test]
fn a_local_without_a_default_value_is_set_before_it_is_read() {
    let get = |body: &mut Body| {
        let value = body.local_get(LocalId(2));
        body.drop(value)
    };
    let set = |body: &mut Body| {
        let value = body.local_get(LocalId(1));
        body.local_set(LocalId(2), value)
    };
    let wrong =
        ("local.get", Rule::Local, "local 2 of type (ref extern) may not be set yet".to_owned());
    assert_eq!(refused(get), wrong);
    // Not after the block in which it was set, and a statement before it does not change that.
    let after = |body: &mut Body| {
        let block = body.block(BlockType::EMPTY);
        let set = set(body);
        body.set_body(block, set);
        let get = get(body);
        body.seq(&[block, get])
    };
    assert_eq!(refused(after), wrong);
    let behind_a_statement = |body: &mut Body| {
        let get = get(body);
        let nop = body.nop();
        body.set_children(body.children(get)[0], &[nop]);
        get
    };
    assert_eq!(refused(behind_a_statement), wrong);

    let (module, func) = module();
    let mut body = Body::new(&[I32, STRING], &[I32]);
    body.add_local(STRING);
    let (set, get, result) = (set(&mut body), get(&mut body), body.local_get(LocalId(0)));
    let root = body.seq(&[set, get, result]);
    body.set_root(root);
    verify(&module, func, &body).unwrap();
}

#[test]
fn a_verifier_forgets_what_it_refused() {
    let (module, func) = module();
    let mut verifier = Verifier::new();
    let mut wrong = Body::new(&[I32, STRING], &[I32]);
    let values: Vec<NodeId> = (0..100).map(|_| wrong.i64_const(1)).collect();
    let root = wrong.seq(&values);
    wrong.set_root(root);
    let mut right = Body::new(&[I32, STRING], &[I32]);
    let root = right.local_get(LocalId(0));
    right.set_root(root);
    for _ in 0..2 {
        assert_eq!(verifier.verify(&module, func, &wrong).unwrap_err().len(), 1);
        verifier.verify(&module, func, &right).unwrap();
    }
}
