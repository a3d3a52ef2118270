//! Writing: what is left out, where things go, and that positions survive.
#![allow(clippy::unwrap_used, reason = "tests")]

use ValType::I32;
use swasm_tree::{
    AbstractHeapType, BlockType, Body, ConstExpr, Data, DataPlace, ExportItem, FuncId, FuncType,
    Global, GlobalKind, HeapType, Loc, LocalId, MemArg, Memory, MemoryId, Module, NodeId, Op,
    Producers, RefType, Symbol, TableId, ValType, WriteOptions, Written, encode, verify,
};

fn define(module: &mut Module, func: FuncId, build: impl Fn(&mut Body) -> NodeId) {
    let ty = module.func_type(func).clone();
    let mut body = Body::new(&ty.params, &ty.results);
    let root = build(&mut body);
    body.set_root(root);
    let code = encode(verify(module, func, &body).unwrap());
    module.define(func, code);
}

fn word(offset: u64) -> MemArg {
    MemArg { align_log2: 2, offset, memory: MemoryId(0) }
}

fn write(module: &Module) -> Written {
    let written = module.write(&WriteOptions::default());
    let mut validator = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
    validator.validate_all(&written.bytes).unwrap();
    written
}

/// Operators of all functions, one list.
fn operators(written: &Written) -> Vec<String> {
    let mut found = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(&written.bytes) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
            found.extend(
                body.get_operators_reader()
                    .unwrap()
                    .into_iter()
                    .map(|op| format!("{:?}", op.unwrap())),
            );
        }
    }
    found
}

/// Active data segments: address and bytes; then how many pages the memory has.
fn statics(written: &Written) -> (Vec<(i32, Vec<u8>)>, Option<u64>) {
    let (mut segments, mut pages) = (Vec::new(), None);
    for payload in wasmparser::Parser::new(0).parse_all(&written.bytes) {
        let payload = payload.unwrap();
        if let wasmparser::Payload::DataSection(section) = payload {
            for data in section {
                let data = data.unwrap();
                let wasmparser::DataKind::Active { offset_expr, .. } = data.kind else { continue };
                let operator = offset_expr.get_operators_reader().read().unwrap();
                let wasmparser::Operator::I32Const { value } = operator else {
                    panic!("an address is an i32.const")
                };
                segments.push((value, data.data.to_vec()));
            }
        } else if let wasmparser::Payload::MemorySection(section) = payload {
            pages = section.into_iter().next().map(|memory| memory.unwrap().initial);
        }
    }
    (segments, pages)
}

#[test]
fn the_smallest_module_has_nothing_in_it() {
    let mut module = Module::new();
    module.add_memory(Memory::default());
    module.import_func("env", "unused", FuncType::default());
    module.add_data(Data::constant(Some("unused"), 4, b"unused".to_vec()));
    let unused = module.declare_func(FuncType::new(&[I32], &[]), Some("unused"));
    define(&mut module, unused, |body| body.nop());
    module.declare_func(FuncType::default(), Some("never defined"));
    let start = module.declare_func(FuncType::default(), Some("start"));
    define(&mut module, start, |body| body.seq(&[]));
    module.export("_start", ExportItem::Func(start));
    module.retain_reachable();
    let written = write(&module);
    let wat = wat::parse_str("(module (func (export \"_start\")))").unwrap();
    assert_eq!(written.bytes, wat);
    assert_eq!(written.heap_base, 1024);
}

#[test]
fn static_data_is_aligned_merged_and_patched() {
    let mut module = Module::new();
    module.add_memory(Memory::default());
    let zeros = module.add_data(Data::zeroed(Some("zeros"), 64, 70_000));
    let text = module.add_data(Data::constant(Some("text"), 1, b"hello".to_vec()));
    let same = module.add_data(Data::constant(Some("same"), 4, b"hello".to_vec()));
    let mut links = Data::constant(Some("links"), 4, vec![0; 12]);
    let func = module.declare_func(FuncType::new(&[], &[I32]), Some("f"));
    links.relocs = vec![
        (0, Symbol::Data { data: text, addend: 1 }),
        (4, Symbol::TableSlot(func)),
        (8, Symbol::HeapBase),
    ];
    let links = module.add_data(links);
    let dead = module.add_data(Data::constant(Some("dead"), 1, b"dead".to_vec()));
    define(&mut module, func, |body| {
        let addresses =
            [zeros, text, same, links].map(|data| body.symbol(Symbol::Data { data, addend: 0 }));
        let sum = body.plain(Op::I32_ADD, &addresses[..2]);
        let loaded = body.load(Op::I32_LOAD, word(8), addresses[3]);
        let stored = body.store(Op::I32_STORE, word(0), addresses[2], loaded);
        body.seq(&[stored, sum])
    });
    module.export("f", ExportItem::Func(func));
    module.export("memory", ExportItem::Memory(MemoryId(0)));
    module.retain_reachable();
    let written = write(&module);
    let code = operators(&written).join("\n");
    // The strictest alignment of the merged two counts; what is zero comes last.
    for (name, value) in [("text and same", 1024), ("links", 1032), ("zeros", 1088)] {
        assert!(code.contains(&format!("I32Const {{ value: {value} }}")), "{name}\n{code}");
    }
    assert_eq!(code.matches("value: 1024").count(), 2, "{code}");
    let heap_base = 1088 + 70_000;
    assert_eq!(written.heap_base, heap_base);
    let mut expected = b"hello\0\0\0".to_vec();
    expected.extend(1025u32.to_le_bytes());
    expected.extend(1u32.to_le_bytes());
    expected.extend((heap_base as u32).to_le_bytes());
    expected.pop();
    assert_eq!(statics(&written), (vec![(1024, expected)], Some(2)), "not {dead:?}");
}

#[test]
fn long_runs_of_zeros_are_left_out() {
    let mut module = Module::new();
    module.add_memory(Memory::default());
    let mut bytes = vec![1, 0, 0, 0, 2];
    bytes.extend([0; 100]);
    bytes.extend([3, 0, 0]);
    module.add_data(Data::constant(None, 1, bytes));
    module.add_data(Data::zeroed(None, 1, 0));
    let (segments, pages) = statics(&write(&module));
    assert_eq!(segments, [(1024, vec![1, 0, 0, 0, 2]), (1024 + 105, vec![3])]);
    assert_eq!(pages, Some(1));
}

#[test]
fn slots_are_given_in_order_of_use() {
    let mut module = Module::new();
    let unit = module.types.func(FuncType::default());
    let funcs = [0, 1, 2].map(|_| module.declare_func(FuncType::default(), None));
    for &func in &funcs {
        define(&mut module, func, |body| body.nop());
    }
    let main = module.declare_func(FuncType::default(), None);
    define(&mut module, main, |body| {
        let calls: Vec<NodeId> = [funcs[2], funcs[0], funcs[2]]
            .map(|func| {
                let slot = body.symbol(Symbol::TableSlot(func));
                body.call_indirect(unit, TableId::FUNCTIONS, &[], slot)
            })
            .to_vec();
        body.seq(&calls)
    });
    module.export("main", ExportItem::Func(main));
    module.retain_reachable();
    let written = write(&module);
    let theirs = wat::parse_str(
        "(module (type (func)) (table 3 3 funcref) (func nop) (func nop) (func (export \"main\")
            (call_indirect (i32.const 1)) (call_indirect (i32.const 2)) (call_indirect (i32.const 1)))
            (elem (i32.const 1) func 1 0))",
    )
    .unwrap();
    assert_eq!(written.bytes, theirs);
}

#[test]
fn a_function_referred_to_is_declared() {
    let mut module = Module::new();
    let [a, b, f] = [0, 1, 2].map(|_| module.declare_func(FuncType::default(), None));
    define(&mut module, a, |body| body.nop());
    define(&mut module, b, |body| body.nop());
    define(&mut module, f, |body| {
        let items = [a, b, a, f].map(|func| {
            let reference = body.ref_func(func);
            body.drop(reference)
        });
        body.seq(&items)
    });
    module.export("b", ExportItem::Func(b));
    module.start = Some(f);
    // A global that is not written declares nothing.
    let kind = GlobalKind::Defined(ConstExpr::RefFunc(a));
    let ty = ValType::Ref(RefType::new(true, HeapType::Abstract(AbstractHeapType::Func)));
    module.add_global(Global { ty, mutable: false, shared: false, name: None, kind });
    module.retain_reachable();
    let written = write(&module);
    assert_eq!(written.funcs.len(), 3);
}

#[test]
fn positions_survive_patching() {
    let mut module = Module::new();
    let callee = module.declare_func(FuncType::new(&[I32], &[]), Some("callee"));
    define(&mut module, callee, |body| body.nop());
    for number in 0..200 {
        let func = module.declare_func(FuncType::new(&[I32], &[]), None);
        define(&mut module, func, |body| {
            body.at(Loc(number * 10 + 1));
            let x = body.local_get(LocalId(0));
            body.at(Loc(number * 10 + 2));
            let call = body.call(if number == 199 { FuncId(150) } else { callee }, &[x]);
            body.at(Loc(number * 10 + 3));
            let nop = body.nop();
            body.seq(&[call, nop])
        });
    }
    let written = write(&module);
    let contents = &written.bytes[written.code_start..];
    assert_eq!(written.funcs.len(), 201);
    for func in &written.funcs[1..] {
        let number = func.func.0 - 1;
        let locs = &written.locs[func.locs.start as usize..func.locs.end as usize];
        let found: Vec<(u8, Loc)> =
            locs.iter().map(|&(at, loc)| (contents[at as usize], loc)).collect();
        let base = number * 10;
        // The local.get belongs to the call; the nop is followed by nothing.
        assert_eq!(found, [(0x20, Loc(base + 2)), (0x01, Loc(base + 3))]);
        assert_eq!(contents[func.range.end as usize - 1], 0x0b, "a body ends with `end`");
        assert_eq!(contents[func.range.start as usize], 0, "it begins with its locals");
    }
}

#[test]
fn a_position_counts_until_the_next() {
    let mut module = Module::new();
    let func = module.declare_func(FuncType::new(&[I32], &[I32]), None);
    define(&mut module, func, |body| {
        let set = |body: &mut Body, loc| {
            body.at(Loc(loc));
            let value = body.i32_const(7);
            body.local_set(LocalId(0), value)
        };
        // Twice the same, another, and back again: three entries, and each where the first constant is.
        let [a, b, c, d] = [5, 5, 900, 5].map(|loc| set(body, loc));
        body.at(Loc(6));
        let condition = body.local_get(LocalId(0));
        body.at(Loc(7));
        let one = body.i32_const(1);
        body.at(Loc(8));
        let two = body.i32_const(2);
        body.at(Loc(5));
        let choice = body.if_(BlockType::of(&[I32]), condition, one, Some(two));
        body.at(Loc(8));
        let negated = body.plain(Op::I32_EQZ, &[choice]);
        body.seq(&[a, b, c, d, negated])
    });
    let written = write(&module);
    let start = written.funcs[0].range.start;
    let found: Vec<(u32, u32)> =
        written.locs.iter().map(|&(at, loc)| (at - start, loc.0)).collect();
    // Each constant and its set take four bytes, behind the count of locals. The condition belongs to the `if`, the arms to nobody; what
    // is behind the `if` is where the last arm is.
    assert_eq!(found, [(1, 5), (9, 900), (13, 5), (21, 7), (24, 8)]);
}

#[test]
fn names_and_producers_are_written_when_asked_for() {
    let mut module = Module::new();
    module.add_memory(Memory::default());
    module.import_func("env", "f", FuncType::default());
    let kind = GlobalKind::Defined(ConstExpr::Symbol(Symbol::HeapBase));
    module.add_global(Global {
        ty: I32,
        mutable: false,
        shared: false,
        name: Some("base".into()),
        kind,
    });
    module.add_data(Data::constant(Some("text"), 1, b"x".to_vec()));
    let func = module.declare_func(FuncType::new(&[I32], &[]), Some("main"));
    define(&mut module, func, |body| {
        body.name_local(LocalId(0), "old");
        body.name_local(LocalId(0), "argument");
        body.nop()
    });
    let producers = Producers {
        languages: vec![("swir".into(), "1".into())],
        processed_by: vec![],
        sdks: vec![],
    };
    let mut written = module.write(&WriteOptions { names: true, producers: Some(producers) });
    written.custom("extra", b"contents");
    wasmparser::validate(&written.bytes).unwrap();
    let text = String::from_utf8_lossy(&written.bytes);
    for word in ["main", "argument", "base", "text", "producers", "swir", "extra", "contents"] {
        assert!(text.contains(word), "{word}");
    }
    assert!(!text.contains("old"));
    let bare = write(&module);
    assert!(!String::from_utf8_lossy(&bare.bytes).contains("main"));
}

#[test]
fn passive_segments_have_indices_and_a_count() {
    let mut module = Module::new();
    module.add_memory(Memory { min_pages: 1, ..Memory::default() });
    module.add_data(Data::constant(None, 1, b"laid".to_vec()));
    let passive =
        Data { place: DataPlace::Passive, ..Data::constant(None, 1, b"passive".to_vec()) };
    let passive = module.add_data(passive);
    let func = module.declare_func(FuncType::default(), None);
    define(&mut module, func, |body| {
        let [a, b, c] = [0, 1, 2].map(|n| body.i32_const(n));
        let init = body.memory_init(MemoryId(0), passive, a, b, c);
        let done = body.data_drop(passive);
        body.seq(&[init, done])
    });
    let written = write(&module);
    assert!(operators(&written).contains(&"MemoryInit { data_index: 0, mem: 0 }".to_owned()));
}

#[test]
fn sixty_four_bit_memories_have_wide_symbols() {
    let mut module = Module::new();
    module.add_memory(Memory { memory64: true, ..Memory::default() });
    let text = module.add_data(Data::constant(None, 1, b"x".to_vec()));
    let func = module.declare_func(FuncType::new(&[], &[I32]), None);
    define(&mut module, func, |body| {
        let address = body.symbol(Symbol::Data { data: text, addend: 0 });
        body.load(
            Op::I32_LOAD8_U,
            MemArg { align_log2: 0, offset: 1 << 40, memory: MemoryId(0) },
            address,
        )
    });
    module.export("f", ExportItem::Func(func));
    let written = write(&module);
    assert_eq!(operators(&written)[0], "I64Const { value: 1024 }");
}

#[test]
fn long_chains_and_lists_are_no_trouble() {
    let mut module = Module::new();
    let func = module.declare_func(FuncType::new(&[I32], &[I32]), None);
    define(&mut module, func, |body| {
        let mut sum = body.local_get(LocalId(0));
        for _ in 0..200_000 {
            let one = body.i32_const(1);
            sum = body.plain(Op::I32_ADD, &[sum, one]);
        }
        let mut items: Vec<NodeId> = (0..200_000).map(|_| body.nop()).collect();
        items.push(sum);
        body.seq(&items)
    });
    let written = write(&module);
    assert_eq!(operators(&written).len(), 600_002);
}

#[test]
fn many_types_of_blocks_and_names_of_labels_are_no_trouble() {
    const MANY: usize = 200_000;
    let start = std::time::Instant::now();
    let mut module = Module::new();
    let func = module.declare_func(FuncType::new(&[], &[]), None);
    define(&mut module, func, |body| {
        let numbers = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
        let blocks: Vec<NodeId> = (0..MANY)
            .map(|at| {
                // Its digits.
                let results: Vec<ValType> =
                    (0..9).map(|digit| numbers[at >> (2 * digit) & 3]).collect();
                let inner = body.block(BlockType::of(&results));
                body.name_label(inner, &format!("block{at}"));
                let (never, rest) = (body.unreachable(), body.unreachable());
                body.set_body(inner, never);
                let outer = body.block(BlockType::EMPTY);
                let all = body.seq(&[inner, rest]);
                body.set_body(outer, all);
                outer
            })
            .collect();
        body.seq(&blocks)
    });
    let written = module.write(&WriteOptions { names: true, producers: None });
    let read = Module::read(written.bytes).unwrap();
    let mut body = Body::new(&[], &[]);
    assert!(read.open(func, &mut body));
    assert_eq!(body.label_names().count(), MANY);
    let (last, name) = body.label_names().last().unwrap();
    assert_eq!((name, body.block_type(last).results.len()), ("block199999", 9));
    encode(verify(&read, func, &body).unwrap());
    // Where each is compared with each, it takes minutes.
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

#[test]
fn no_more_segments_than_engines_take() {
    let mut module = Module::new();
    module.add_memory(Memory::default());
    let row: Vec<u8> = [1].into_iter().chain([0; 12]).collect();
    let data = module.add_data(Data::constant(None, 1, row.repeat(120_000)));
    let func = module.declare_func(FuncType::new(&[], &[ValType::I32]), None);
    let mut body = Body::new(&[], &[ValType::I32]);
    let root = body.symbol(Symbol::Data { data, addend: 0 });
    body.set_root(root);
    let code = encode(verify(&module, func, &body).unwrap());
    module.define(func, code);
    module.export("f", ExportItem::Func(func));
    let written = module.write(&WriteOptions::default());
    wasmparser::validate(&written.bytes).unwrap();
}
