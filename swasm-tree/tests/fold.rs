//! Folding: exactly what the specification says, and nothing where it leaves a choice or traps.
#![allow(clippy::unwrap_used, reason = "tests")]

use Const::{F32, F64, I32, I64};
use swasm_tree::{
    Body, Const, DataId, Fold, LocalId, NodeId, Op, Shape, Symbol, ValType, evaluate,
};

fn f32c(value: f32) -> Const {
    F32(value.to_bits())
}

fn f64c(value: f64) -> Const {
    F64(value.to_bits())
}

#[test]
fn edges_are_exact() {
    let cases: &[(Op, &[Const], Const)] = &[
        (Op::I32_ADD, &[I32(i32::MAX), I32(1)], I32(i32::MIN)),
        (Op::I32_MUL, &[I32(i32::MIN), I32(-1)], I32(i32::MIN)),
        (Op::I32_REM_S, &[I32(i32::MIN), I32(-1)], I32(0)),
        (Op::I64_REM_S, &[I64(i64::MIN), I64(-1)], I64(0)),
        (Op::I32_DIV_S, &[I32(-7), I32(2)], I32(-3)),
        (Op::I32_DIV_U, &[I32(-1), I32(2)], I32(i32::MAX)),
        (Op::I32_SHL, &[I32(1), I32(33)], I32(2)),
        (Op::I32_SHR_U, &[I32(-1), I32(31)], I32(1)),
        (Op::I64_SHR_S, &[I64(-8), I64(65)], I64(-4)),
        (Op::I32_ROTL, &[I32(0x4000_0001), I32(34)], I32(5)),
        (Op::I64_ROTR, &[I64(1), I64(1)], I64(i64::MIN)),
        (Op::I32_LT_U, &[I32(-1), I32(1)], I32(0)),
        (Op::I64_LT_S, &[I64(-1), I64(1)], I32(1)),
        (Op::I32_CLZ, &[I32(0)], I32(32)),
        (Op::I64_CTZ, &[I64(0)], I64(64)),
        (Op::I32_EXTEND8_S, &[I32(0x180)], I32(-128)),
        (Op::I64_EXTEND_I32_U, &[I32(-1)], I64(0xffff_ffff)),
        (Op::I32_WRAP_I64, &[I64(0x1_8000_0000)], I32(i32::MIN)),
        (Op::F32_MIN, &[f32c(0.0), f32c(-0.0)], f32c(-0.0)),
        (Op::F64_MAX, &[f64c(-0.0), f64c(0.0)], f64c(0.0)),
        (Op::F64_MIN, &[f64c(1.0), f64c(f64::NEG_INFINITY)], f64c(f64::NEG_INFINITY)),
        (Op::F64_NEAREST, &[f64c(2.5)], f64c(2.0)),
        (Op::F32_NEAREST, &[f32c(-0.5)], f32c(-0.0)),
        (Op::F64_CEIL, &[f64c(-0.5)], f64c(-0.0)),
        (Op::F64_SQRT, &[f64c(-0.0)], f64c(-0.0)),
        (Op::F64_NEG, &[F64(0x7ff0_0000_0000_0001)], F64(0xfff0_0000_0000_0001)),
        (Op::F32_ABS, &[F32(0xffc0_0001)], F32(0x7fc0_0001)),
        (Op::F32_COPYSIGN, &[F32(0x7fa0_0000), f32c(-1.0)], F32(0xffa0_0000)),
        (Op::F32_NE, &[f32c(f32::NAN), f32c(f32::NAN)], I32(1)),
        (Op::I32_REINTERPRET_F32, &[F32(0x7fa0_0000)], I32(0x7fa0_0000)),
        (Op::F32_CONVERT_I64_U, &[I64(-1)], f32c(18446744073709551616.0)),
        (Op::F32_CONVERT_I32_S, &[I32(16777217)], f32c(16777216.0)),
        (Op::F64_CONVERT_I64_S, &[I64(9007199254740993)], f64c(9007199254740992.0)),
        (Op::F32_DEMOTE_F64, &[f64c(1e300)], f32c(f32::INFINITY)),
        (Op::I32_TRUNC_F64_S, &[f64c(-2147483648.9)], I32(i32::MIN)),
        (Op::I32_TRUNC_F64_U, &[f64c(-0.9)], I32(0)),
        (Op::I64_TRUNC_F32_U, &[f32c(1.8446743e19)], I64(-1099511627776)),
        (Op::I32_TRUNC_SAT_F32_S, &[f32c(f32::NAN)], I32(0)),
        (Op::I32_TRUNC_SAT_F64_U, &[f64c(1e10)], I32(-1)),
        (Op::I64_TRUNC_SAT_F64_S, &[f64c(f64::NEG_INFINITY)], I64(i64::MIN)),
    ];
    for (op, operands, expected) in cases {
        assert_eq!(evaluate(*op, operands), Some(*expected), "{op:?} {operands:?}");
    }
}

#[test]
fn traps_and_nans_stay() {
    let cases: &[(Op, &[Const])] = &[
        (Op::I32_DIV_S, &[I32(1), I32(0)]),
        (Op::I32_DIV_S, &[I32(i32::MIN), I32(-1)]),
        (Op::I64_REM_U, &[I64(1), I64(0)]),
        (Op::I64_REM_S, &[I64(1), I64(0)]),
        (Op::I32_TRUNC_F64_S, &[f64c(2147483648.0)]),
        (Op::I32_TRUNC_F32_U, &[f32c(-1.0)]),
        (Op::I64_TRUNC_F64_U, &[f64c(18446744073709551616.0)]),
        (Op::I64_TRUNC_F32_S, &[f32c(f32::NAN)]),
        (Op::F64_DIV, &[f64c(0.0), f64c(0.0)]),
        (Op::F32_SQRT, &[f32c(-1.0)]),
        (Op::F32_MIN, &[f32c(f32::NAN), f32c(1.0)]),
        (Op::F64_PROMOTE_F32, &[F32(0x7fa0_0000)]),
    ];
    for (op, operands) in cases {
        assert_eq!(evaluate(*op, operands), None, "{op:?} {operands:?}");
    }
}

/// Every row that says it folds does so for some operands, with the result type that it says; no other does.
#[test]
fn rows_and_evaluation_agree() {
    for op in Op::all().filter(|op| op.shape() == Shape::Plain) {
        let row = op.row();
        let operand = |ty: &ValType| match ty {
            ValType::I32 => Some(I32(3)),
            ValType::I64 => Some(I64(3)),
            ValType::F32 => Some(f32c(3.0)),
            ValType::F64 => Some(f64c(3.0)),
            ValType::V128 | ValType::Ref(_) => None,
        };
        let operands: Option<Vec<Const>> = row.params.iter().map(operand).collect();
        let folded = operands.and_then(|operands| evaluate(op, &operands));
        let ty = folded.map(|folded| match folded {
            I32(_) => ValType::I32,
            I64(_) => ValType::I64,
            F32(_) => ValType::F32,
            F64(_) => ValType::F64,
        });
        let expected = (row.fold != Fold::No).then(|| row.results[0]);
        assert_eq!(ty, expected, "{op:?}");
    }
}

fn fold(build: impl Fn(&mut Body, NodeId) -> NodeId) -> (Body, NodeId) {
    let mut body = Body::new(&[ValType::I32], &[]);
    let local = body.local_get(LocalId(0));
    let node = build(&mut body, local);
    (body, node)
}

fn shown(body: &Body, node: NodeId) -> String {
    let children: Vec<String> =
        body.children(node).iter().map(|&child| shown(body, child)).collect();
    let own = match body.constant(node) {
        Some(value) => value.integer().unwrap().to_string(),
        None => body.op(node).mnemonic().to_owned(),
    };
    if children.is_empty() { own } else { format!("({own} {})", children.join(" ")) }
}

#[test]
fn identities() {
    let c = |op: Op, n: i32| {
        fold(move |body, x| {
            let n = body.i32_const(n);
            body.fold(op, &[x, n])
        })
    };
    for (op, n) in [
        (Op::I32_ADD, 0),
        (Op::I32_MUL, 1),
        (Op::I32_AND, -1),
        (Op::I32_SHL, 0),
        (Op::I32_DIV_S, 1),
    ] {
        let (body, node) = c(op, n);
        assert_eq!(body.op(node), Op::LOCAL_GET, "{op:?} {n}");
    }
    for (op, n, expected) in [
        (Op::I32_DIV_S, 0, "(i32.div_s local.get 0)"),
        (Op::I32_REM_S, 1, "(i32.rem_s local.get 1)"),
        (Op::I32_MUL, 0, "0"),
        (Op::I32_SHL, 32, "(i32.shl local.get 32)"),
        (Op::I32_EQ, 0, "(i32.eqz local.get)"),
    ] {
        let (body, node) = c(op, n);
        assert_eq!(shown(&body, node), expected);
    }
    let (body, node) = fold(|body, x| {
        let (one, two, five) = (body.i32_const(1), body.i32_const(2), body.i32_const(5));
        let inner = body.fold(Op::I32_ADD, &[one, x]);
        let inner = body.fold(Op::I32_ADD, &[inner, two]);
        body.fold(Op::I32_SUB, &[inner, five])
    });
    assert_eq!(shown(&body, node), "(i32.add local.get -2)");
    let (body, node) = fold(|body, x| {
        let three = body.i32_const(3);
        let less = body.fold(Op::I32_LT_S, &[x, three]);
        let not = body.fold(Op::I32_EQZ, &[less]);
        assert_eq!(shown(body, not), "(i32.ge_s local.get 3)");
        not
    });
    assert_eq!(body.op(node), Op::I32_GE_S);
    let (body, node) = fold(|body, _| {
        let four = body.i32_const(4);
        let address = body.symbol(Symbol::Data { data: DataId(7), addend: 4 });
        body.fold(Op::I32_ADD, &[four, address])
    });
    let expected = Symbol::Data { data: DataId(7), addend: 8 };
    assert_eq!(body.view(node), swasm_tree::View::Symbol(expected));
    // Effects stay: a call times zero is still called.
    let (body, node) = fold(|body, _| {
        let call = body.call(swasm_tree::FuncId(0), &[]);
        let zero = body.i32_const(0);
        body.fold(Op::I32_MUL, &[call, zero])
    });
    assert_eq!(shown(&body, node), "(i32.mul call 0)");
}
