//! Bodies that move from one module to another: every id they name is another one there, and their text stays the same.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "tests")]

use swasm_tree::{
    Body, ConstExpr, DataId, ElemId, ExportItem, Func, FuncId, FuncKind, FuncType, Global,
    GlobalId, GlobalKind, LocalId, Memory, MemoryId, Module, NodeId, Op, RefType, Remap, Symbol,
    Table, TableId, Tag, TagId, TypeId, ValType, WriteOptions, encode, print, verify,
};

const ALL: &str = r#"(module
  (rec (type $list (struct (field $value (mut i32)) (field $next (ref null $list))))
       (type $visit (func (param (ref null $list)) (result i32))))
  (type $bytes (array (mut i8)))
  (type $lists (array (mut (ref null $list))))
  (type $pair (func (param i32 (ref null $list)) (result i32 (ref null $list))))
  (func $imported (import "m" "f") (param i64) (result i32))
  (table $zero 0 funcref) (table $first 4 funcref) (table $second 2 (ref null $visit))
  (memory $zero 0) (memory $small 1) (memory $large 2)
  (tag $oops (param i32 (ref null $list)))
  (global $count (mut i32) (i32.const 0))
  (global $head (mut (ref null $list)) (ref.null $list))
  (data $one "abc") (data $two "defg")
  (elem $none func $accesses $objects) (elem $some (ref null $list) (ref.null $list))
  (func $accesses (param $x i32) (result i32)
    (i64.store $large offset=8 (local.get $x) (i64.load $small offset=300000000 (local.get $x)))
    (v128.store8_lane $large 3 (local.get $x) (v128.const i64x2 1 2))
    (i32.atomic.store $large (local.get $x) (memory.grow $large (memory.size $small)))
    (memory.copy $small $large (local.get $x) (local.get $x) (i32.const 2))
    (memory.fill $large (local.get $x) (i32.const 1) (i32.const 2))
    (memory.init $large $two (local.get $x) (i32.const 0) (i32.const 1))
    (data.drop $one)
    (call $imported (i64.const 5)))
  (func $tables (param $x i32)
    (table.set $first (local.get $x) (ref.func $accesses))
    (table.copy $first $first (local.get $x) (i32.const 0) (table.size $second))
    (table.init $first $none (i32.const 0) (i32.const 0) (i32.const 1))
    (elem.drop $some)
    (global.set $count (call_indirect $second (type $visit) (global.get $head) (local.get $x))))
  (func $objects (type $visit) (param $l (ref null $list)) (result i32)
    (local $all (ref null $lists)) (local $b (ref null $bytes))
    (local.set $all (array.new_fixed $lists 2 (local.get $l) (struct.new $list (i32.const 1) (ref.null $list))))
    (array.init_elem $lists $some (local.get $all) (i32.const 0) (i32.const 0) (i32.const 1))
    (array.copy $lists $lists (local.get $all) (i32.const 0) (local.get $all) (i32.const 1) (i32.const 1))
    (local.set $b (array.new_data $bytes $one (i32.const 0) (i32.const 2)))
    (struct.set $list $value (local.get $l) (array.get_u $bytes (local.get $b) (i32.const 0)))
    (drop (ref.cast (ref $list) (local.get $l)))
    (drop (select (result (ref null $list)) (local.get $l) (global.get $head) (i32.const 1)))
    (block $null
      (return (call_ref $visit (br_on_null $null (local.get $l)) (ref.func $objects))))
    (i32.const 0))
  (func $throws (param $x i32) (result i32 (ref null $list))
    (block $caught (result i32 (ref null $list))
      (try_table (result i32 (ref null $list)) (catch $oops $caught)
        (block $switch
          (br_table $switch $switch (local.get $x)))
        (if (type $pair) (local.get $x) (global.get $head) (local.get $x)
          (then)
          (else (throw $oops))))))
  (func $casts (param $any anyref) (result i32)
    (block $is (result (ref $list))
      (drop (br_on_cast $is anyref (ref $list) (local.get $any)))
      (return (i32.const 0)))
    (return_call $objects))
)"#;

/// Every id of a kind is so many larger.
struct Shifted {
    by: u32,
    types: Vec<TypeId>,
}

impl Remap for Shifted {
    fn func(&mut self, id: FuncId) -> FuncId {
        FuncId(id.0 + self.by)
    }

    fn global(&mut self, id: GlobalId) -> GlobalId {
        GlobalId(id.0 + self.by)
    }

    fn ty(&mut self, id: TypeId) -> TypeId {
        self.types[id.index()]
    }

    fn table(&mut self, id: TableId) -> TableId {
        TableId(id.0 + self.by)
    }

    fn memory(&mut self, id: MemoryId) -> MemoryId {
        MemoryId(id.0 + self.by)
    }

    fn data(&mut self, id: DataId) -> DataId {
        DataId(id.0 + self.by)
    }

    fn elem(&mut self, id: ElemId) -> ElemId {
        ElemId(id.0 + self.by)
    }

    fn tag(&mut self, id: TagId) -> TagId {
        TagId(id.0 + self.by)
    }
}

/// A module whose spaces begin with other items, then have those of `theirs`, without code.
fn around(theirs: &Module, by: u32) -> (Module, Shifted) {
    let mut ours = Module::new();
    for number in 0..by {
        ours.declare_func(FuncType::new(&[ValType::F32], &[]), None);
        let mut body = Body::new(&[ValType::F32], &[]);
        let root = body.nop();
        body.set_root(root);
        let code = encode(verify(&ours, FuncId(number), &body).unwrap());
        ours.define(FuncId(number), code);
        ours.add_table(Table::new(RefType::EXTERNREF, 1, None));
        ours.add_memory(Memory::default());
        ours.add_tag(Tag { name: None, ty: TypeId(0), import: None });
        let kind = GlobalKind::Defined(ConstExpr::F64(0));
        let ty = ValType::F64;
        ours.add_global(Global { ty, mutable: false, shared: false, name: None, kind });
        ours.add_data(swasm_tree::Data {
            place: swasm_tree::DataPlace::Passive,
            ..swasm_tree::Data::constant(None, 1, vec![1])
        });
        ours.add_elem(swasm_tree::Elem {
            name: None,
            items: Vec::new(),
            ..theirs.elems[0].clone()
        });
    }
    let types = ours.types.extend_from(&theirs.types);
    let mut shift = Shifted { by, types };
    for func in &theirs.funcs {
        let kind = FuncKind::Declared;
        ours.add_func(Func { ty: shift.ty(func.ty), name: func.name.clone(), kind });
    }
    let mut value = |ty: ValType| {
        let mut body = Body::new(&[], &[ty]);
        let root = match ty {
            ValType::Ref(ty) => body.ref_null(ty.heap()),
            _ => body.i32_const(0),
        };
        body.set_root(root);
        body.rename(&mut shift);
        body.results()[0]
    };
    for table in &theirs.tables {
        let ValType::Ref(ty) = value(ValType::Ref(table.ty)) else { unreachable!() };
        ours.add_table(Table { ty, ..table.clone() });
    }
    for memory in &theirs.memories {
        ours.add_memory(memory.clone());
    }
    for global in &theirs.globals {
        let kind = match value(global.ty) {
            ValType::Ref(ty) => GlobalKind::Defined(ConstExpr::RefNull(ty.heap())),
            _ => global.kind.clone(),
        };
        ours.add_global(Global { ty: value(global.ty), kind, ..global.clone() });
    }
    for data in &theirs.datas {
        ours.add_data(data.clone());
    }
    for elem in &theirs.elems {
        let ValType::Ref(ty) = value(ValType::Ref(elem.ty)) else { unreachable!() };
        ours.add_elem(swasm_tree::Elem { ty, items: Vec::new(), ..elem.clone() });
    }
    for tag in &theirs.tags {
        ours.add_tag(Tag { ty: shift.ty(tag.ty), ..tag.clone() });
    }
    (ours, shift)
}

#[test]
fn a_body_says_the_same_under_other_ids() {
    let bytes = wat::parse_str(ALL).unwrap();
    let theirs = Module::read(bytes).unwrap();
    let (mut ours, mut shift) = around(&theirs, 3);
    let mut seen = 0;
    for func in (0..theirs.funcs.len() as u32).map(FuncId) {
        let mut body = Body::new(&[], &[]);
        let here = FuncId(func.0 + 3);
        if !theirs.open(func, &mut body) {
            // What was imported does nothing here.
            let ty = theirs.func_type(func);
            body.reset(&ty.params, &ty.results);
            let root = body.unreachable();
            body.set_root(root);
            let code = encode(verify(&ours, here, &body).unwrap());
            ours.define(here, code);
            continue;
        }
        let before = print(&theirs, func, &body);
        body.rename(&mut shift);
        assert_eq!(print(&ours, here, &body), before);
        let verified = verify(&ours, here, &body);
        let verified = verified.unwrap_or_else(|errors| panic!("{}\n{before}", errors[0]));
        ours.define(here, encode(verified));
        ours.export(&func.0.to_string(), ExportItem::Func(here));
        seen += 1;
    }
    assert_eq!(seen, 5);
    let written = ours.write(&WriteOptions::default()).bytes;
    let mut validator = wasmparser::Validator::new_with_features(swasm_tree::FEATURES);
    validator.validate_all(&written).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn symbols_and_labels_follow() {
    struct Other(NodeId, NodeId);
    impl Remap for Other {
        fn local(&mut self, local: LocalId) -> LocalId {
            LocalId(1 - local.0)
        }

        fn data(&mut self, data: DataId) -> DataId {
            DataId(data.0 + 7)
        }

        fn label(&mut self, label: NodeId) -> NodeId {
            if label == self.0 { self.1 } else { label }
        }
    }
    let mut body = Body::new(&[ValType::I32, ValType::I32], &[ValType::I32]);
    let outer = body.block(swasm_tree::BlockType::EMPTY);
    let inner = body.block(swasm_tree::BlockType::EMPTY);
    let condition = body.local_get(LocalId(0));
    let branch = body.br_if(inner, &[], condition);
    body.set_body(inner, branch);
    body.set_body(outer, inner);
    let symbol = body.symbol(Symbol::Data { data: DataId(1), addend: 4 });
    let root = body.seq(&[outer, symbol]);
    body.set_root(root);
    body.rename(&mut Other(inner, outer));
    assert_eq!(body.labels(branch).collect::<Vec<_>>(), [outer]);
    assert_eq!(body.view(condition), swasm_tree::View::Local(LocalId(1)));
    let moved = Symbol::Data { data: DataId(8), addend: 4 };
    assert_eq!(body.view(symbol), swasm_tree::View::Symbol(moved));
    assert_eq!(body.op(branch), Op::BR_IF);
}
