//! What the tests share: functions as text, a world for them to run in, and an interpreter of trees.
//!
//! Invariant: the interpreter knows nothing of the optimizer; what it does is WebAssembly's semantics on the tree.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "tests know a part of the operators, and say so at the others"
)]

pub(crate) mod interpret;
pub(crate) mod text;

use swasm_tree::{
    Body, CompositeType, ConstExpr, Data, DataPlace, FieldType, FuncId, FuncType, Global,
    GlobalKind, HeapType, Memory, Module, RefType, StorageType, SubType, Tag, TypeId,
    ValType::{self, F64, I32, I64},
    verify,
};

/// The struct of the world: its only field is an `i32` that can be set.
pub(crate) const BOX: TypeId = TypeId(0);
/// A reference to one, or null.
pub(crate) const NULLABLE: ValType = ValType::Ref(RefType::new(true, HeapType::Concrete(BOX)));
/// A reference to one.
pub(crate) const REFERENCE: ValType = ValType::Ref(RefType::new(false, HeapType::Concrete(BOX)));

/// A module with functions to call: 0 takes and gives an `i32`, 1 gives two, 2 takes one, 3 gives an `i64` for an
/// `f64`; globals: 0 an `i32`, 1 an `i64`; data 0, which is read-only; a memory; type [`BOX`]; and tags: 0 with an `i32`, 1 without a
/// value. The function under test is number 4.
pub(crate) fn world(body: &Body) -> (Module, FuncId) {
    let mut module = Module::new();
    let field = FieldType { storage: StorageType::Val(I32), mutable: true };
    module.types.add(vec![SubType::plain(CompositeType::Struct([field].into()))]);
    for params in [&[I32][..], &[]] {
        let ty = module.types.func(FuncType::new(params, &[]));
        module.add_tag(Tag { name: None, ty, import: None });
    }
    module.import_func("env", "f", FuncType::new(&[I32], &[I32]));
    module.import_func("env", "g", FuncType::new(&[], &[I32, I32]));
    module.import_func("env", "h", FuncType::new(&[I32], &[]));
    module.import_func("env", "w", FuncType::new(&[F64], &[I64]));
    for (ty, value) in [(I32, ConstExpr::I32(7)), (I64, ConstExpr::I64(-7))] {
        let kind = GlobalKind::Defined(value);
        module.add_global(Global { ty, mutable: true, shared: false, name: None, kind });
    }
    module.add_memory(Memory { min_pages: 1, ..Memory::default() });
    module.add_data(Data {
        name: None,
        align: 4,
        bytes: vec![1, 2, 3, 0x84],
        size: 8,
        relocs: Vec::new(),
        read_only: true,
        place: DataPlace::Laid,
    });
    let ty = FuncType::new(body.params(), body.results());
    let func = module.declare_func(ty, Some("test"));
    (module, func)
}

/// Runs passes by name; the body must verify before and after each.
pub(crate) fn optimize(body: &mut Body, names: &[&str]) {
    let (module, func) = world(body);
    let passes: Vec<_> =
        names.iter().map(|name| swasm_optimizer::by_name(name).expect("a pass")).collect();
    check(&module, func, body, "before");
    swasm_optimizer::optimize(
        &module,
        func,
        body,
        &passes,
        &swasm_optimizer::NoCallees,
        &mut |pass, body| check(&module, func, body, pass.name),
    );
}

/// Panics unless a body verifies.
pub(crate) fn check(module: &Module, func: FuncId, body: &Body, pass: &str) {
    if let Err(errors) = verify(module, func, body) {
        let text = text::print(body);
        panic!("{pass}: {}\n{text}", errors[0]);
    }
}

/// Checks that passes turn one function into another, both as text.
#[track_caller]
pub(crate) fn assert_becomes(passes: &[&str], before: &str, after: &str) {
    let mut body = text::parse(before);
    optimize(&mut body, passes);
    let expected = text::parse(after);
    let (module, func) = world(&expected);
    check(&module, func, &expected, "what is expected");
    assert_eq!(text::print(&body), text::print(&expected), "from {before}");
}

/// Numbers that look random and are the same each time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next one.
    pub(crate) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}
