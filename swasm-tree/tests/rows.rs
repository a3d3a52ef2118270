//! The operator table against independent judges: every row, with immediates, is what `wat`, wasmparser, wasmprinter and wasm-encoder say.
#![allow(clippy::unwrap_used, reason = "tests")]

mod reencode;

use std::collections::{HashMap, HashSet};

use ValType::{F32, I32, I64};
use swasm_tree::{
    AbstractHeapType, BlockType, Body, Catch, DataId, ElemId, FEATURES, FuncId, FuncType, GlobalId,
    HeapType, LocalId, MemArg, MemoryId, Module, Node, NodeId, Op, RefType, Shape, TableId, TagId,
    TypeId, ValType, WriteOptions, encode, print, result_count, verify,
};

/// What examples name: of each kind two, so that the second one's index is not 0.
const WORLD: &str = r#"(module
  (type $callee (func (param i32 f32) (result i64)))
  (type $struct (struct (field $wide (mut i64)) (field $packed (mut i8))))
  (type $bytes (array (mut i8)))
  (type $refs (array (mut funcref)))
  (type $wide (array (mut i64)))
  (import "m" "callee" (func $callee (type $callee)))
  (table $left 1 funcref) (table $right 1 funcref)
  (memory $first 1) (memory $second 1)
  (tag $empty) (tag $error (param i64))
  (global $left (mut i64) (i64.const 1)) (global $right (mut i64) (i64.const 1))
  (elem $left func) (elem $right funcref)
  (elem declare func $callee)
  (data $left "a") (data $right "a")
)"#;

const CALLEE: TypeId = TypeId(0);
const STRUCT: TypeId = TypeId(1);
const BYTES: TypeId = TypeId(2);
const REFS: TypeId = TypeId(3);
const WIDE: TypeId = TypeId(4);
const ERROR: TagId = TagId(1);

fn nullable(heap: AbstractHeapType) -> ValType {
    ValType::Ref(RefType::nullable(heap))
}

fn reference(is_nullable: bool, ty: TypeId) -> ValType {
    ValType::Ref(RefType::new(is_nullable, HeapType::Concrete(ty)))
}

/// The type that an operator of `Shape::Type` is shown with.
fn named_type(op: Op) -> TypeId {
    match op {
        Op::CALL_REF | Op::RETURN_CALL_REF => CALLEE,
        Op::STRUCT_NEW | Op::STRUCT_NEW_DEFAULT => STRUCT,
        Op::ARRAY_GET_S | Op::ARRAY_GET_U => BYTES,
        _ => WIDE,
    }
}

/// Operand and result types of an example.
fn types(op: Op) -> (Vec<ValType>, Vec<ValType>) {
    let row = op.row();
    let (func, any) = (ValType::FUNCREF, nullable(AbstractHeapType::Any));
    let (a_struct, new_struct) = (reference(true, STRUCT), reference(false, STRUCT));
    let (wide, new_wide) = (reference(true, WIDE), reference(false, WIDE));
    let bytes = reference(true, BYTES);
    match op {
        Op::LOCAL_GET => (vec![], vec![I64]),
        Op::LOCAL_SET | Op::GLOBAL_SET => (vec![I64], vec![]),
        Op::LOCAL_TEE => (vec![I64], vec![I64]),
        Op::GLOBAL_GET => (vec![], vec![I64]),
        Op::CALL | Op::RETURN_CALL => (vec![I32, F32], vec![I64]),
        Op::CALL_INDIRECT | Op::RETURN_CALL_INDIRECT => (vec![I32, F32, I32], vec![I64]),
        Op::CALL_REF | Op::RETURN_CALL_REF => (vec![I32, F32, reference(true, CALLEE)], vec![I64]),
        Op::TABLE_GET => (vec![I32], vec![func]),
        Op::TABLE_SET => (vec![I32, func], vec![]),
        Op::TABLE_GROW => (vec![func, I32], vec![I32]),
        Op::TABLE_FILL => (vec![I32, func, I32], vec![]),
        Op::REF_NULL | Op::REF_FUNC => (vec![], vec![func]),
        Op::REF_IS_NULL => (vec![func], vec![I32]),
        Op::REF_AS_NON_NULL => (vec![a_struct], vec![new_struct]),
        Op::ANY_CONVERT_EXTERN => (vec![ValType::EXTERNREF], vec![any]),
        Op::EXTERN_CONVERT_ANY => (vec![any], vec![ValType::EXTERNREF]),
        Op::REF_TEST | Op::REF_TEST_NULL => (vec![any], vec![I32]),
        Op::REF_CAST => (vec![any], vec![new_struct]),
        Op::REF_CAST_NULL => (vec![any], vec![a_struct]),
        Op::STRUCT_NEW => (vec![I64, I32], vec![new_struct]),
        Op::STRUCT_NEW_DEFAULT => (vec![], vec![new_struct]),
        Op::STRUCT_GET => (vec![a_struct], vec![I64]),
        Op::STRUCT_GET_S | Op::STRUCT_GET_U => (vec![a_struct], vec![I32]),
        Op::STRUCT_SET => (vec![a_struct, I32], vec![]),
        Op::ARRAY_NEW => (vec![I64, I32], vec![new_wide]),
        Op::ARRAY_NEW_DEFAULT => (vec![I32], vec![new_wide]),
        Op::ARRAY_NEW_FIXED => (vec![I64, I64], vec![new_wide]),
        Op::ARRAY_NEW_DATA => (vec![I32, I32], vec![reference(false, BYTES)]),
        Op::ARRAY_NEW_ELEM => (vec![I32, I32], vec![reference(false, REFS)]),
        Op::ARRAY_GET => (vec![wide, I32], vec![I64]),
        Op::ARRAY_GET_S | Op::ARRAY_GET_U => (vec![bytes, I32], vec![I32]),
        Op::ARRAY_SET => (vec![wide, I32, I64], vec![]),
        Op::ARRAY_FILL => (vec![wide, I32, I64, I32], vec![]),
        Op::ARRAY_COPY => (vec![wide, I32, wide, I32, I32], vec![]),
        Op::ARRAY_INIT_DATA => (vec![bytes, I32, I32, I32], vec![]),
        Op::ARRAY_INIT_ELEM => (vec![reference(true, REFS), I32, I32, I32], vec![]),
        Op::DROP => (vec![I64], vec![]),
        Op::SELECT => (vec![I64, I64, I32], vec![I64]),
        Op::SELECT_TYPED => (vec![func, func, I32], vec![func]),
        Op::RETURN => (vec![I64], vec![I64]),
        Op::BR | Op::BLOCK | Op::LOOP | Op::TRY_TABLE => (vec![I64], vec![I64]),
        Op::TRY | Op::CATCH | Op::CATCH_ALL | Op::DELEGATE | Op::RETHROW => (vec![I64], vec![I64]),
        Op::BR_IF | Op::BR_TABLE | Op::IF => (vec![I64, I32], vec![I64]),
        Op::BR_ON_NULL => (vec![I64, func], vec![I64]),
        Op::BR_ON_NON_NULL => (vec![I64, a_struct], vec![I64, new_struct]),
        Op::BR_ON_CAST | Op::BR_ON_CAST_FAIL => (vec![I64, any], vec![I64, any]),
        Op::THROW => (vec![I64], vec![]),
        _ => (row.params.to_vec(), row.results.to_vec()),
    }
}

/// A node with the operator and immediates that are not all zero; its operands are locals that come first.
fn example(op: Op) -> Body {
    let (params, results) = types(op);
    let mut body = Body::new(&params, &results);
    let extra = (0..300).map(|_| body.add_local(I64)).last().unwrap();
    let a: Vec<NodeId> = (0..params.len() as u32).map(|n| body.local_get(LocalId(n))).collect();
    let memarg = MemArg { align_log2: 0, offset: 1000, memory: MemoryId(1) };
    let (global, table, callee) = (GlobalId(1), TableId(1), FuncId(0));
    let (data, elem, second) = (DataId(1), ElemId(1), MemoryId(1));
    let cast = |nullable| RefType::new(nullable, HeapType::Concrete(STRUCT));
    let root = match op.shape() {
        Shape::Plain
        | Shape::Fence
        | Shape::Drop
        | Shape::Select
        | Shape::RefTest
        | Shape::RefAs
        | Shape::ThrowRef
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
        Shape::MemoryInit => body.memory_init(second, data, a[0], a[1], a[2]),
        Shape::Data => body.data_drop(data),
        Shape::Call if op == Op::CALL => body.call(callee, &a),
        Shape::Call => body.return_call(callee, &a),
        Shape::CallIndirect if op == Op::CALL_INDIRECT => {
            body.call_indirect(CALLEE, table, &a[..2], a[2])
        }
        Shape::CallIndirect => body.return_call_indirect(CALLEE, table, &a[..2], a[2]),
        Shape::RefFunc => body.ref_func(callee),
        Shape::RefNull => body.ref_null(HeapType::Concrete(CALLEE)),
        Shape::Table => body.table(op, table, &a),
        Shape::TableCopy => body.table_copy(table, TableId(0), &a),
        Shape::TableInit => body.table_init(table, elem, &a),
        Shape::Elem => body.elem_drop(elem),
        Shape::SelectTyped => body.select_typed(ValType::FUNCREF, a[0], a[1], a[2]),
        Shape::Return => body.return_(&a),
        Shape::Type => body.typed(op, named_type(op), &a),
        Shape::Field if op == Op::STRUCT_GET => body.field(op, STRUCT, 0, &a),
        Shape::Field => body.field(op, STRUCT, 1, &a),
        Shape::ArrayFixed => body.array_new_fixed(WIDE, &a, 2),
        Shape::ArrayData => body.array_data(op, BYTES, data, &a),
        Shape::ArrayElem => body.array_elem(op, REFS, elem, &a),
        Shape::ArrayCopy => body.array_copy(WIDE, WIDE, &a),
        Shape::RefCast => {
            let is_nullable = matches!(op, Op::REF_TEST_NULL | Op::REF_CAST_NULL);
            body.ref_cast(op, cast(is_nullable), a[0])
        }
        Shape::Throw => body.throw(ERROR, &a),
        Shape::Block
        | Shape::Loop
        | Shape::If
        | Shape::Br
        | Shape::BrTable
        | Shape::BrOn
        | Shape::BrOnCast
        | Shape::TryTable
        | Shape::Try
        | Shape::Catch
        | Shape::CatchAll
        | Shape::Delegate
        | Shape::Rethrow => control(&mut body, op, &a),
        Shape::Beyond
        | Shape::Symbol
        | Shape::Seq
        | Shape::Stack
        | Shape::SetMany
        | Shape::Hole => unreachable!("{op:?} is no operator of trees that are written"),
    };
    body.set_root(root);
    body
}

/// Blocks and what branches to them, with parameters where there can be any.
fn control(body: &mut Body, op: Op, a: &[NodeId]) -> NodeId {
    let ty = BlockType { params: &[I64], results: &[I64] };
    let results = body.results().to_vec();
    if op == Op::IF {
        let block = body.if_with(ty, a);
        let never = body.unreachable();
        body.set_else(block, never);
        return block;
    }
    if op == Op::LOOP {
        return body.loop_with(ty, a);
    }
    if matches!(op.shape(), Shape::Try | Shape::Catch | Shape::CatchAll | Shape::Rethrow) {
        let block = body.try_(ty, a);
        let inner = if op == Op::RETHROW { body.rethrow(block) } else { body.i64_const(1) };
        let nothing = body.seq(&[]);
        let catches = [body.catch(Some(ERROR), nothing), body.catch(None, inner)];
        let handlers = body.seq(&catches);
        body.set_else(block, handlers);
        return block;
    }
    let block = body.block(BlockType::of(&results));
    let any = RefType::nullable(AbstractHeapType::Any);
    let eq = RefType::new(false, HeapType::Abstract(AbstractHeapType::Eq));
    let inner = match op {
        Op::BR => body.br(block, a),
        Op::BR_IF => body.br_if(block, &a[..1], a[1]),
        Op::BR_TABLE => body.br_table(&[block, block], block, &a[..1], a[1]),
        Op::BR_ON_NULL => {
            let branch = body.br_on(op, block, a);
            let reference = body.stack();
            let drop = body.drop(reference);
            body.seq(&[branch, drop])
        }
        Op::BR_ON_NON_NULL => {
            let branch = body.br_on(op, block, a);
            let never = body.unreachable();
            body.seq(&[branch, never])
        }
        Op::BR_ON_CAST | Op::BR_ON_CAST_FAIL => body.br_on_cast(op, block, any, eq, a),
        Op::TRY_TABLE => {
            let catch = |tag| Catch { tag, with_ref: false, label: block };
            body.try_table(ty, &[catch(Some(ERROR))], a)
        }
        Op::DELEGATE => {
            let inner = body.try_(ty, a);
            let delegate = body.delegate(block);
            body.set_else(inner, delegate);
            inner
        }
        _ => a[0],
    };
    body.set_body(block, inner);
    block
}

/// The operators of the last function.
fn last_function<'a>(bytes: &'a [u8]) -> wasmparser::FunctionBody<'a> {
    let mut found = None;
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
            found = Some(body);
        }
    }
    found.expect("a function was written")
}

fn operators(bytes: &[u8]) -> Vec<String> {
    let reader = last_function(bytes).get_operators_reader().unwrap();
    reader.into_iter().map(|operator| format!("{:?}", operator.unwrap())).collect()
}

/// How many values wasmparser says each operator of the last function takes and gives; `None` for an `end` without a block.
fn arities(bytes: &[u8]) -> Vec<(String, Option<(u32, u32)>)> {
    let mut validator = wasmparser::Validator::new_with_features(FEATURES);
    let mut found = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        if let wasmparser::ValidPayload::Func(func, body) =
            validator.payload(&payload.unwrap()).unwrap()
        {
            let mut validator = func.into_validator(Default::default());
            let mut locals = body.get_binary_reader();
            validator.read_locals(&mut locals).unwrap();
            found.clear();
            for operator in body.get_operators_reader().unwrap().into_iter_with_offsets() {
                let (operator, offset) = operator.unwrap();
                let arity = operator.operator_arity(&validator.visitor(offset));
                validator.op(offset, &operator).unwrap();
                found.push((wasmparser_name(&operator), arity));
            }
        }
    }
    found
}

/// `I32Add`
fn wasmparser_name(operator: &wasmparser::Operator<'_>) -> String {
    let text = format!("{operator:?}");
    text.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
}

/// An operator as wasmparser has it.
struct Theirs {
    /// `I32Add`
    name: &'static str,
    /// `mvp`
    proposal: &'static str,
}

/// By the name of the method that visits it: `visit_i32_add`.
fn theirs() -> HashMap<&'static str, Theirs> {
    macro_rules! collect {
        ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* $(,)? })? => $visit:ident ($($arity:tt)*) )*) => {
            HashMap::from([$((
                stringify!($visit),
                Theirs { name: stringify!($op), proposal: stringify!($proposal) },
            )),*])
        };
    }
    wasmparser::for_each_operator!(collect)
}

/// The name of the method that visits an operator.
fn visit_name(op: Op) -> String {
    let word = op.mnemonic().trim_matches(['<', '>']).replace('.', "_");
    let suffix = if matches!(op.mnemonic(), "ref.test" | "ref.cast") { "_non_null" } else { "" };
    let suffix = if word.starts_with("ref_cast_desc_eq") && !word.ends_with("nullable") {
        "_non_null"
    } else {
        suffix
    };
    format!("visit_{word}{suffix}")
}

fn is_ours_alone(op: Op) -> bool {
    op.row().proposal == swasm_tree::Proposal::Pseudo
        || matches!(op, Op::SEQ | Op::STACK | Op::SET_MANY | Op::HOLE | Op::SYMBOL)
}

/// `SignExtension` ⇒ `sign_extension`
fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[test]
fn every_operator_has_one_row_with_its_proposal() {
    let mut theirs = theirs();
    for op in Op::all().filter(|op| !is_ours_alone(*op)) {
        let known = theirs.remove(&*visit_name(op)).unwrap_or_else(|| panic!("{op:?}"));
        assert_eq!(snake_case(&format!("{:?}", op.row().proposal)), known.proposal, "{op:?}");
    }
    let mut left: Vec<&str> = theirs.into_keys().collect();
    left.sort_unstable();
    // What ends blocks is part of them, and no valid module has a `select` of several values.
    assert_eq!(left, ["visit_else", "visit_end", "visit_typed_select_multi"]);
}

#[test]
fn every_row_is_what_others_say() {
    let world = Module::read(wat::parse_str(WORLD).unwrap()).unwrap();
    let theirs = theirs();
    let is_example = |op: &Op| !is_ours_alone(*op) && op.shape() != Shape::Beyond;
    let mut count = 0;
    for op in Op::all().filter(is_example) {
        count += 1;
        let mut module = world.clone();
        let body = example(op);
        let func = module.declare_func(FuncType::new(body.params(), body.results()), None);
        let text = print(&module, func, &body);
        let code =
            encode(verify(&module, func, &body).unwrap_or_else(|e| panic!("{op:?}: {}", e[0])));
        module.define(func, code);
        let ours = module.write(&WriteOptions::default()).bytes;
        let mut validator = wasmparser::Validator::new_with_features(FEATURES);
        validator.validate_all(&ours).unwrap_or_else(|error| panic!("{op:?}: {error}\n{text}"));

        // As text.
        let whole = format!("{}{text})", WORLD.strip_suffix(')').unwrap());
        let parsed = wat::parse_str(&whole);
        let parsed = parsed.unwrap_or_else(|error| panic!("{op:?}: {error}\n{text}"));
        assert_eq!(operators(&ours), operators(&parsed), "{op:?}\n{text}");
        let mnemonic = op.mnemonic().trim_start_matches('<');
        let spelt = mnemonic.split(['_', '>']).next().unwrap_or_default();
        let spelt = if op == Op::SELECT_TYPED {
            "select (result"
        } else if op.is_pseudo() {
            spelt
        } else {
            op.mnemonic()
        };
        assert!(text.contains(spelt), "{op:?}\n{text}");

        // As wasm-encoder writes it.
        let function = last_function(&ours);
        let reader = function.get_operators_reader().unwrap();
        let all: Vec<(wasmparser::Operator<'_>, usize)> =
            reader.into_iter_with_offsets().map(Result::unwrap).collect();
        let end = function.range().end;
        for (at, (operator, start)) in all.iter().enumerate() {
            let next = all.get(at + 1).map_or(end, |(_, next)| *next);
            let written = reencode::instruction(operator.clone());
            assert_eq!(ours[*start..next], written, "{op:?}: {operator:?}\n{text}");
        }

        // What it takes and gives.
        let name = theirs[&*visit_name(op)].name;
        let arities = arities(&ours);
        let (_, arity) = arities.iter().find(|(other, _)| other == name).unwrap();
        let node = body.pre_order(body.root()).find(|&node| body.op(node) == op).unwrap();
        let operands = body.children(node).len() - op.shape().arms();
        let results = result_count(&module, &body, node).unwrap();
        let counts = (operands as u32, results as u32);
        if matches!(op.shape(), Shape::Catch | Shape::CatchAll | Shape::Delegate) {
            // wasmparser counts what they end.
        } else if op.shape().is_label() {
            // wasmparser counts what the body starts with.
            assert_eq!(arity.unwrap().0, counts.0, "{op:?}");
        } else {
            assert_eq!(*arity, Some(counts), "{op:?}");
        }
    }
    assert!(count > 560, "{count}");
}

/// Operators that no tree holds: their rows have the right opcode and mnemonic all the same.
#[test]
fn rows_beyond_trees_are_named_right() {
    let theirs = theirs();
    let mut count = 0;
    for op in Op::all().filter(|op| op.shape() == Shape::Beyond) {
        count += 1;
        let mut bytes = Vec::new();
        let opcode = op.row().opcode;
        if opcode.prefix != 0 {
            bytes.push(opcode.prefix);
        }
        // Numbers up to 255 in LEB128.
        let code = opcode.code;
        assert!(code < 0x100);
        if opcode.prefix != 0 && code >= 0x80 {
            bytes.extend([code as u8, 1]);
        } else {
            bytes.push(code as u8);
        }
        let opcode_len = bytes.len();
        bytes.extend([0; 16]);
        let features = wasmparser::WasmFeatures::all();
        let reader = wasmparser::BinaryReader::new_features(&bytes, 0, features);
        let mut reader = wasmparser::OperatorsReader::new(reader);
        let operator = reader.read().unwrap_or_else(|error| panic!("{op:?}: {error}"));
        assert_eq!(wasmparser_name(&operator), theirs[&*visit_name(op)].name);
        let immediates = &bytes[..reader.original_position()];
        let written = reencode::instruction(operator);
        assert_eq!(written, immediates, "{op:?}");
        assert!(written.len() >= opcode_len);

        let mut module = wasm_encoder::Module::new();
        let mut types = wasm_encoder::TypeSection::new();
        types.ty().struct_([]);
        types.ty().function([], []);
        let mut functions = wasm_encoder::FunctionSection::new();
        functions.function(1);
        let mut code = wasm_encoder::CodeSection::new();
        let mut function = wasm_encoder::Function::new([]);
        function.raw(written.iter().copied());
        function.instruction(&wasm_encoder::Instruction::End);
        code.function(&function);
        module.section(&types).section(&functions).section(&code);
        let text = wasmprinter::print_bytes(module.finish());
        let text = text.unwrap_or_else(|error| panic!("{op:?}: {error}"));
        let word = match op.mnemonic() {
            "<ref.cast_desc_eq_nullable>" => "ref.cast_desc_eq",
            word => word,
        };
        let words: HashSet<&str> = text.split([' ', '\n', '(', ')']).collect();
        assert!(words.contains(word), "{op:?}\n{text}");
    }
    assert!(count > 50, "{count}");
}

#[test]
fn encodings_and_mnemonics_are_unique() {
    let mut seen = HashSet::new();
    for op in Op::all().filter(|op| !is_ours_alone(*op)) {
        assert!(seen.insert((op.row().opcode.prefix, op.row().opcode.code)), "{op:?}");
        assert!(op.mnemonic() == op.mnemonic().to_lowercase(), "{op:?}");
        if !op.is_pseudo() {
            assert_eq!(Op::from_mnemonic(op.mnemonic()), Some(op));
        }
    }
    assert!(seen.len() > 620, "{}", seen.len());
}

#[test]
fn sizes() {
    assert_eq!(std::mem::size_of::<Node>(), 16);
    assert_eq!(std::mem::size_of::<ValType>(), 8);
    assert_eq!(std::mem::size_of::<Option<NodeId>>(), 8);
    assert_eq!(std::mem::size_of::<Op>(), 2);
}
