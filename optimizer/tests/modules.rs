//! Modules that were read: small functions are copied into their callers, and who catches what stays.

#![allow(clippy::unwrap_used, reason = "tests")]

use swasm_optimizer::{Level, optimize_module, passes};
use swasm_tree::{
    BlockType, Body, Catch, ExportItem, FuncId, FuncType, LocalId, Module, Op,
    ValType::{self, I32},
    WriteOptions, encode, verify,
};

const SMALL: FuncId = FuncId(0);
const CALLER: FuncId = FuncId(1);

fn define(module: &mut Module, func: FuncId, body: &Body) {
    let code = encode(verify(module, func, body).unwrap());
    module.define(func, code);
}

/// A module of two functions, written, read and optimised: the operators of the second one then.
fn optimised(results: &[ValType], small: &Body, caller: &Body) -> Vec<Op> {
    let mut module = Module::new();
    for name in ["small", "caller"] {
        let func = module.declare_func(FuncType::new(&[I32], results), Some(name));
        module.export(name, ExportItem::Func(func));
    }
    define(&mut module, SMALL, small);
    define(&mut module, CALLER, caller);
    let mut module = Module::read(module.write(&WriteOptions::default()).bytes).unwrap();
    optimize_module(&mut module, passes(Level::O1), &mut |module, func, pass, body| {
        if let Err(errors) = verify(module, func, body) {
            panic!("{}: {}", pass.name, errors[0]);
        }
    })
    .unwrap();
    let module = Module::read(module.write(&WriteOptions::default()).bytes).unwrap();
    let mut body = Body::new(&[], &[]);
    assert!(module.open(CALLER, &mut body));
    body.pre_order(body.root()).map(|node| body.op(node)).collect()
}

/// `(i32.add (local.get 0) (i32.const 1))`
fn increment() -> Body {
    let mut body = Body::new(&[I32], &[I32]);
    let (x, one) = (body.local_get(LocalId(0)), body.i32_const(1));
    let sum = body.plain(Op::I32_ADD, &[x, one]);
    body.set_root(sum);
    body
}

/// Calls [`SMALL`] in a `try_table` that catches everything, or around it.
fn catches(results: &[ValType], tail_call: bool) -> Body {
    let mut body = Body::new(&[I32], results);
    let block = body.block(BlockType::EMPTY);
    let catch = Catch { tag: None, with_ref: false, label: block };
    let x = body.local_get(LocalId(0));
    let call = if tail_call { body.return_call(SMALL, &[x]) } else { body.call(SMALL, &[x]) };
    let tried = body.try_table(BlockType::of(if tail_call { &[] } else { results }), &[catch], &[]);
    body.set_body(tried, call);
    let leave = if tail_call { tried } else { body.return_(&[tried]) };
    body.set_body(block, leave);
    let end = body.unreachable();
    let root = body.seq(&[block, end]);
    body.set_root(root);
    body
}

#[test]
fn small_functions_are_copied() {
    let mut caller = Body::new(&[I32], &[I32]);
    let x = caller.local_get(LocalId(0));
    let call = caller.call(SMALL, &[x]);
    caller.set_root(call);
    let ops = optimised(&[I32], &increment(), &caller);
    assert!(ops.contains(&Op::I32_ADD) && !ops.contains(&Op::CALL), "{ops:?}");
}

#[test]
fn a_call_that_is_copied_into_a_try_table_may_leave_nothing_to_catch() {
    let ops = optimised(&[I32], &increment(), &catches(&[I32], false));
    assert!(ops.contains(&Op::I32_ADD) && !ops.contains(&Op::TRY_TABLE), "{ops:?}");
}

#[test]
fn a_tail_call_in_a_try_table_is_not_copied() {
    // What the callee throws is not caught there.
    let ops = optimised(&[I32], &increment(), &catches(&[I32], true));
    assert!(ops.contains(&Op::RETURN_CALL), "{ops:?}");
}

#[test]
fn a_function_that_catches_and_calls_in_its_place_is_not_copied() {
    // Its own handler would catch what the function called last throws.
    let mut small = Body::new(&[I32], &[]);
    let block = small.block(BlockType::EMPTY);
    let catch = Catch { tag: None, with_ref: false, label: block };
    let x = small.local_get(LocalId(0));
    let call = small.return_call(CALLER, &[x]);
    let tried = small.try_table(BlockType::EMPTY, &[catch], &[]);
    small.set_body(tried, call);
    small.set_body(block, tried);
    small.set_root(block);
    let mut caller = Body::new(&[I32], &[]);
    let x = caller.local_get(LocalId(0));
    let call = caller.call(SMALL, &[x]);
    caller.set_root(call);
    let ops = optimised(&[], &small, &caller);
    assert!(ops.contains(&Op::CALL) && !ops.contains(&Op::TRY_TABLE), "{ops:?}");
}
