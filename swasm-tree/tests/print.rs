//! What printed functions look like.
#![allow(clippy::unwrap_used, reason = "tests")]

use ValType::{F64, I32, I64};
use swasm_tree::{
    BlockType, Body, Data, ExportItem, FuncId, FuncType, LocalId, MemArg, Memory, MemoryId, Module,
    Op, Symbol, ValType, print, verify,
};

fn shown(module: &Module, func: FuncId, body: &Body) -> String {
    verify(module, func, body).unwrap_or_else(|errors| panic!("{}", errors[0]));
    print(module, func, body)
}

#[test]
fn a_loop_as_written_by_hand() {
    let mut module = Module::new();
    let gcd = module.declare_func(FuncType::new(&[I32, I32], &[I32]), Some("gcd"));
    module.export("gcd", ExportItem::Func(gcd));
    let mut body = Body::new(&[I32, I32], &[I32]);
    let (a, b) = (LocalId(0), LocalId(1));
    let t = body.add_local(I32);
    for (local, name) in [(a, "a"), (b, "b"), (t, "t")] {
        body.name_local(local, name);
    }
    let exit = body.block(BlockType::EMPTY);
    let again = body.loop_(BlockType::EMPTY);
    let condition = body.local_get(b);
    let condition = body.plain(Op::I32_EQZ, &[condition]);
    let leave = body.br_if(exit, &[], condition);
    let (x, y) = (body.local_get(a), body.local_get(b));
    let rest = body.plain(Op::I32_REM_U, &[x, y]);
    let rest = body.local_set(t, rest);
    let x = body.local_get(b);
    let x = body.local_set(a, x);
    let y = body.local_get(t);
    let y = body.local_set(b, y);
    let repeat = body.br(again, &[]);
    let inner = body.seq(&[leave, rest, x, y, repeat]);
    body.set_body(again, inner);
    body.set_body(exit, again);
    let result = body.local_get(a);
    let root = body.seq(&[exit, result]);
    body.set_root(root);
    let expected = "\
(func $gcd (export \"gcd\") (param $a i32) (param $b i32) (result i32)
  (local $t i32)
  (block $block
    (loop $loop
      (br_if $block (i32.eqz (local.get $b)))
      (local.set $t (i32.rem_u (local.get $a) (local.get $b)))
      (local.set $a (local.get $b))
      (local.set $b (local.get $t))
      (br $loop)))
  (local.get $a))
";
    assert_eq!(shown(&module, gcd, &body), expected);
}

#[test]
fn long_ones_are_broken_and_immediates_say_what_matters() {
    let mut module = Module::new();
    module.add_memory(Memory::default());
    let data = module.add_data(Data::constant(Some("text"), 1, vec![1]));
    let callee =
        module.import_func("env", "a long name, indeed", FuncType::new(&[F64, I64, I32], &[]));
    let func = module.declare_func(FuncType::new(&[I32], &[]), Some("f"));
    let mut body = Body::new(&[I32], &[]);
    let memarg = |align_log2, offset| MemArg { align_log2, offset, memory: MemoryId(0) };
    let addresses = [0; 2].map(|_| body.local_get(LocalId(0)));
    let first = body.load(Op::F64_LOAD, memarg(0, 16), addresses[0]);
    let second = body.load(Op::I64_LOAD32_U, memarg(2, 0), addresses[1]);
    let third = body.symbol(Symbol::Data { data, addend: 4 });
    let call = body.call(callee, &[first, second, third]);
    let condition = body.local_get(LocalId(0));
    let nop = body.nop();
    let if_ = body.if_(BlockType::EMPTY, condition, nop, None);
    let root = body.seq(&[call, if_]);
    body.set_root(root);
    let expected = "\
(func $f (param $0 i32)
  (call $\"a long name, indeed\"
    (f64.load offset=16 align=1 (local.get $0))
    (i64.load32_u (local.get $0))
    (i32.const 0 (;$text +4;)))
  (if (local.get $0) (then (nop))))
";
    assert_eq!(shown(&module, func, &body), expected);
}

#[test]
fn nesting_spills_in_order() {
    let mut module = Module::new();
    let two = module.import_func("env", "two", FuncType::new(&[], &[I32, I64]));
    let func = module.declare_func(FuncType::new(&[], &[I32, I64]), Some("f"));
    let mut body = Body::new(&[], &[I32, I64]);
    let call = body.call(two, &[]);
    let taken = body.stack();
    let shifted = body.i64_const(7);
    let sum = body.plain(Op::I64_SHL, &[taken, shifted]);
    let root = body.seq(&[call, sum]);
    body.set_root(root);
    body.nest(&module);
    let expected = "\
(func $f (result i32 i64)
  (local $0 i32) (local $1 i64)
  (local.set $0 (local.set $1 (call $two)))
  (local.get $0)
  (i64.shl (local.get $1) (i64.const 7)))
";
    assert_eq!(shown(&module, func, &body), expected);
}
