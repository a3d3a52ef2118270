//! The operator table against independent judges: every row, with immediates, is what `wat` and wasmparser say.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

use ValType::{F32, I32, I64};
use swasm_tree::{
    BlockType, Body, ConstExpr, Data, DataPlace, Elem, ElemPlace, ExportItem, FuncType, Global,
    GlobalId, GlobalKind, HeapType, LocalId, MemArg, Memory, MemoryId, Module, Node, NodeId, Op,
    RefType, Shape, Table, TableId, ValType, WriteOptions, encode, print_module, verify,
};

fn module() -> Module {
    let mut module = Module::new();
    module.add_memory(Memory { min_pages: 1, ..Memory::default() });
    module.add_memory(Memory { min_pages: 1, ..Memory::default() });
    for name in ["left", "right"] {
        let table = Table::new(RefType::FUNCREF, 1, None);
        module.add_table(Table { name: Some(name.into()), ..table });
        let kind = GlobalKind::Defined(ConstExpr::I64(1));
        module.add_global(Global {
            ty: I64,
            mutable: true,
            shared: false,
            name: Some(name.into()),
            kind,
        });
        let place = DataPlace::Passive;
        module.add_data(Data { place, ..Data::constant(Some(name), 1, vec![1]) });
        let place = ElemPlace::Passive;
        module.add_elem(Elem {
            name: Some(name.into()),
            ty: RefType::FUNCREF,
            items: vec![],
            place,
        });
    }
    module
}

/// A node with the operator and immediates that are not all zero; its operands are locals that come first.
fn example(module: &mut Module, op: Op) -> (Body, Vec<ValType>, Vec<ValType>) {
    let row = op.row();
    let (func_ref, second) = (ValType::FUNCREF, MemoryId(1));
    let callee_type = FuncType::new(&[I32, F32], &[I64]);
    let ty = module.types.func(callee_type.clone());
    let tail = op == Op::RETURN_CALL || op == Op::RETURN_CALL_INDIRECT;
    let (params, results): (Vec<ValType>, Vec<ValType>) = match op {
        Op::LOCAL_GET => (vec![], vec![I64]),
        Op::LOCAL_SET | Op::GLOBAL_SET => (vec![I64], vec![]),
        Op::LOCAL_TEE => (vec![I64], vec![I64]),
        Op::GLOBAL_GET => (vec![], vec![I64]),
        Op::CALL | Op::RETURN_CALL => (vec![I32, F32], vec![I64]),
        Op::CALL_INDIRECT | Op::RETURN_CALL_INDIRECT => (vec![I32, F32, I32], vec![I64]),
        Op::TABLE_GET => (vec![I32], vec![func_ref]),
        Op::TABLE_SET => (vec![I32, func_ref], vec![]),
        Op::TABLE_GROW => (vec![func_ref, I32], vec![I32]),
        Op::TABLE_FILL => (vec![I32, func_ref, I32], vec![]),
        Op::REF_NULL | Op::REF_FUNC => (vec![], vec![func_ref]),
        Op::REF_IS_NULL => (vec![func_ref], vec![I32]),
        Op::DROP => (vec![I64], vec![]),
        Op::SELECT => (vec![I64, I64, I32], vec![I64]),
        Op::SELECT_TYPED => (vec![func_ref, func_ref, I32], vec![func_ref]),
        Op::RETURN => (vec![I64], vec![I64]),
        Op::BR | Op::BLOCK | Op::LOOP => (vec![I64], vec![I64]),
        Op::BR_IF | Op::BR_TABLE | Op::IF => (vec![I64, I32], vec![I64]),
        _ => (row.params.to_vec(), row.results.to_vec()),
    };
    let callee = module.import_func("m", "callee", callee_type);
    let mut body = Body::new(&params, &results);
    let extra = (0..300).map(|_| body.add_local(I64)).last().unwrap();
    let a: Vec<NodeId> = (0..params.len() as u32).map(|n| body.local_get(LocalId(n))).collect();
    let memarg = MemArg { align_log2: 0, offset: 1000, memory: second };
    let global = GlobalId(1);
    let table = TableId(1);
    let root = match op.shape() {
        Shape::Plain
        | Shape::Fence
        | Shape::Drop
        | Shape::Select
        | Shape::RefTest
        | Shape::Unreachable => body.plain(op, &a),
        Shape::I32 => body.i32_const(-1000),
        Shape::I64 => body.i64_const(i64::MIN + 1),
        Shape::F32 => body.f32_const(0xffa0_0001),
        Shape::F64 => body.f64_const((-1.5e-300f64).to_bits()),
        Shape::V128 => body.v128_const([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255]),
        Shape::Local if op == Op::LOCAL_GET => body.local_get(extra),
        Shape::Local if op == Op::LOCAL_SET => body.local_set(extra, a[0]),
        Shape::Local => body.local_tee(extra, a[0]),
        Shape::Global if op == Op::GLOBAL_GET => body.global_get(global),
        Shape::Global => body.global_set(global, a[0]),
        Shape::Atomic(width) => body.atomic(op, MemArg { align_log2: width, ..memarg }, &a),
        Shape::Mem(_) if a.len() == 1 => body.load(op, memarg, a[0]),
        Shape::Mem(_) => body.store(op, memarg, a[0], a[1]),
        Shape::MemLane(_) => body.access_lane(op, memarg, 1, &a),
        Shape::Lane(_) => body.lane(op, 1, &a),
        Shape::Shuffle => {
            body.shuffle(op, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 31], a[0], a[1])
        }
        Shape::Memory if op == Op::MEMORY_SIZE => body.memory_size(second),
        Shape::Memory if op == Op::MEMORY_GROW => body.memory_grow(second, a[0]),
        Shape::Memory => body.memory_fill(second, a[0], a[1], a[2]),
        Shape::MemoryCopy => body.memory_copy(second, MemoryId(0), a[0], a[1], a[2]),
        Shape::MemoryInit => body.memory_init(second, swasm_tree::DataId(1), a[0], a[1], a[2]),
        Shape::Data => body.data_drop(swasm_tree::DataId(1)),
        Shape::Call if tail => body.return_call(callee, &a),
        Shape::Call => body.call(callee, &a),
        Shape::CallIndirect if tail => body.return_call_indirect(ty, table, &a[..2], a[2]),
        Shape::CallIndirect => body.call_indirect(ty, table, &a[..2], a[2]),
        Shape::RefFunc => body.ref_func(callee),
        Shape::RefNull => body.ref_null(HeapType::FUNC),
        Shape::Table => body.table(op, table, &a),
        Shape::TableCopy => body.table_copy(table, TableId(0), &a),
        Shape::TableInit => body.table_init(table, swasm_tree::ElemId(1), &a),
        Shape::Elem => body.elem_drop(swasm_tree::ElemId(1)),
        Shape::SelectTyped => body.select_typed(func_ref, a[0], a[1], a[2]),
        Shape::Return => body.return_(&a),
        Shape::Block | Shape::Loop | Shape::If | Shape::Br | Shape::BrTable => {
            let ty = BlockType::of(&[I64]);
            if op == Op::IF {
                let none = body.unreachable();
                body.if_(ty, a[1], a[0], Some(none))
            } else {
                let block = if op == Op::LOOP { body.loop_(ty) } else { body.block(ty) };
                let inner = match op {
                    Op::BR => body.br(block, &a),
                    Op::BR_IF => body.br_if(block, &a[..1], a[1]),
                    Op::BR_TABLE => body.br_table(&[block, block], block, &a[..1], a[1]),
                    _ => a[0],
                };
                body.set_body(block, inner);
                block
            }
        }
        _ => unreachable!("{op:?} is not written here"),
    };
    body.set_root(root);
    (body, params, results)
}

/// Operators of the only function, without type and data indices, which `wat` numbers in its own way.
fn operators(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
            for operator in body.get_operators_reader().unwrap() {
                found.push(format!("{:?}", operator.unwrap()));
            }
        }
    }
    found
}

#[test]
fn every_row_is_what_others_say() {
    let known = |op: &Op| {
        op.row().proposal < swasm_tree::Proposal::FunctionReferences
            || matches!(
                op.row().proposal,
                swasm_tree::Proposal::Threads | swasm_tree::Proposal::WideArithmetic
            )
    };
    for op in Op::all().filter(|op| (!op.is_pseudo() || *op == Op::SELECT_TYPED) && known(op)) {
        let mut module = module();
        let (body, params, results) = example(&mut module, op);
        let func = module.declare_func(FuncType::new(&params, &results), None);
        let text = print_module(&module, |id| (id == func).then_some(&body));
        let code =
            encode(verify(&module, func, &body).unwrap_or_else(|e| panic!("{op:?}: {}", e[0])));
        module.define(func, code);
        module.export("f", ExportItem::Func(func));
        let ours = module.write(&WriteOptions::default()).bytes;
        let mut validator =
            wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
        validator.validate_all(&ours).unwrap_or_else(|error| panic!("{op:?}: {error}\n{text}"));
        // Segments are not printed.
        let segments =
            "(data $left \"a\") (data $right \"a\") (elem $left funcref) (elem $right funcref)";
        let text = format!("{} {segments})", text.trim_end().strip_suffix(')').unwrap());
        let theirs =
            wat::parse_str(&text).unwrap_or_else(|error| panic!("{op:?}: {error}\n{text}"));
        assert_eq!(operators(&ours), operators(&theirs), "{op:?}\n{text}");
        assert!(
            text.contains(&format!("({}", op.mnemonic())) || op == Op::SELECT_TYPED,
            "{op:?}\n{text}"
        );
    }
}

#[test]
fn encodings_and_mnemonics_are_unique() {
    let mut seen = HashSet::new();
    for op in Op::all().filter(|op| !op.is_pseudo()) {
        assert!(seen.insert((op.row().opcode.prefix, op.row().opcode.code)), "{op:?}");
        assert!(op.mnemonic() == op.mnemonic().to_lowercase(), "{op:?}");
    }
    assert!(seen.len() > 430, "{}", seen.len());
}

#[test]
fn sizes() {
    assert_eq!(std::mem::size_of::<Node>(), 16);
    assert_eq!(std::mem::size_of::<ValType>(), 8);
    assert_eq!(std::mem::size_of::<Option<NodeId>>(), 8);
    assert_eq!(std::mem::size_of::<Op>(), 2);
}
