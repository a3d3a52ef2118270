//! What is computed: values of constants, the layout of data, what is known of locals.

use swasm_frontend_ir::checked::{Constant, Data, DataKey, Def, FunctionKind, Global, Hole};

use super::program;

/// The globals of a program without mistakes.
fn globals(text: &str) -> Vec<Global> {
    let (said, checked) = program(text);
    assert!(said.is_empty());
    let checked = checked.unwrap();
    let module = checked.program_modules().next().unwrap();
    let globals = checked.definitions(module).filter_map(|def| match checked.def(def) {
        Def::Global(global) => Some(global.clone()),
        Def::Function(_) | Def::Struct(_) => None,
    });
    globals.collect()
}

fn value(ty: &str, text: &str) -> Constant {
    globals(&format!("const X: {ty} = {text};"))[0].value.clone()
}

#[test]
fn of_constants() {
    let int = |value: i64| Constant::Int(value as u64);
    let float = |value: f64| Constant::F64(value.to_bits());
    for (ty, text, expected) in [
        ("i32", "1 + 2 * 3 - 4", int(3)),
        ("i32", "2147483647 + 1", int(i64::from(i32::MIN))),
        ("i8", "-128 - 1", int(127)),
        ("u8", "200 + 100", int(44)),
        ("i32", "-7 / 2", int(-3)),
        ("i32", "-7 % 2", int(-1)),
        ("u32", "0xf0 >> 4 | 1 << 33", int(15 | 2)),
        ("i16", "!0x7f", int(-128)),
        ("bool", "1 < 2 && !(2.5 > 3.5) || false", int(1)),
        ("u8", "300 as u8", int(44)),
        ("i64", "-1i8 as i64", int(-1)),
        ("u64", "-1i8 as u64", int(-1)),
        ("u32", "'a' as u32 + 1", int(98)),
        ("char", "b'a' as char", int(97)),
        ("i32", "1e10 as i32", int(i64::from(i32::MAX))),
        ("f64", "1 as f64 / 3.0", float(1.0 / 3.0)),
        ("f64", "-0.0", float(-0.0)),
        ("f64", "0.0 / 0.0", Constant::F64(0x7ff8_0000_0000_0000)),
        ("f64", "-nan", Constant::F64(0xfff8_0000_0000_0000)),
        ("f32", "0.1 + 0.2", Constant::F32((0.1f32 + 0.2f32).to_bits())),
        ("f32", "16777217 as f32", Constant::F32(16_777_216f32.to_bits())),
        ("i64", "i64::MIN", int(i64::MIN)),
        ("addr", "4294967295 + 2", int(1)),
        ("()", "()", Constant::Unit),
        ("MemorySegment", "b\"ab\"", Constant::Segment(DataKey::Bytes(b"ab"[..].into()))),
        ("addr", "b\"abc\".size()", int(3)),
    ] {
        assert_eq!(value(ty, text), expected, "{text}");
    }
}

#[test]
fn of_structs_and_pointers() {
    let found = globals(
        "struct P { x: i32, y: f64 }\nconst A: P = P { y: 1.0, x: 2 };\nconst B: f64 = A.y;\nstatic F: extern fn() = f;\nfn f() {}\nconst G: addr = f as addr;",
    );
    assert_eq!(
        found[0].value,
        Constant::Struct([Constant::Int(2), Constant::F64(1f64.to_bits())].into())
    );
    assert_eq!(found[1].value, Constant::F64(1f64.to_bits()));
    assert!(matches!(found[2].value, Constant::Function(_)));
    assert!(matches!(found[3].value, Constant::Function(_)));
}

fn data(text: &str) -> Data {
    let (said, checked) = program(text);
    assert!(said.is_empty());
    let checked = checked.unwrap();
    let module = checked.program_modules().next().unwrap();
    let def = checked.definitions(module).next().unwrap();
    let global = checked.global(def);
    assert_eq!(global.value, Constant::Segment(DataKey::Item(def)));
    global.data.clone().unwrap()
}

#[test]
fn of_data() {
    let layout = |text: &str| {
        let data = data(text);
        (data.bytes.to_vec(), data.size, data.align, data.writable, data.fixups.len())
    };
    assert_eq!(
        layout("const T: MemorySegment = data [1u8, 2u32, 3u16, true];"),
        (vec![1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1], 11, 4, false, 0)
    );
    assert_eq!(layout("static T: MemorySegment = data [[0u32; 256]];"), (vec![], 1024, 4, true, 0));
    assert_eq!(layout("static T: MemorySegment = data [1u8, 0u64];"), (vec![1], 16, 8, true, 0));
    assert_eq!(layout("static T: MemorySegment = b\"ab\\0\";"), (b"ab".to_vec(), 3, 1, true, 0));
    assert_eq!(
        layout("const T: MemorySegment = data [b\"abc\", [-1i16; 2], 'x'];"),
        (b"abc\0\xff\xff\xff\xffx".to_vec(), 12, 4, false, 0)
    );
    assert_eq!(layout("const T: MemorySegment = data [];"), (vec![], 0, 1, false, 0));
    let linked =
        data("static T: MemorySegment = data [1u8, T.address() + 4, f as addr, 0u8];\nfn f() {}");
    assert_eq!((linked.bytes.len(), linked.size, linked.align), (12, 13, 4));
    let [(4, Constant::Address(DataKey::Item(_), 4)), (8, Constant::Function(_))] = &*linked.fixups
    else {
        panic!("{linked:?}")
    };
    let mutable = globals("static mut T: MemorySegment = data [1];");
    assert!(mutable[0].data.as_ref().unwrap().writable);
}

#[test]
fn of_locals() {
    let text = "fn f(a: i32, mut b: i32, c: bool) -> i32 {
        let d = 1; let mut e = 2; let g; let mut h; let mut i;
        g = d; h = 1; i = 2; e += 1; i = e + i;
        loop { h += g; if c { break h + a; } b = 2; }
    }";
    let (_, checked) = program(text);
    let checked = checked.unwrap();
    let def = checked.definitions(checked.program_modules().next().unwrap()).next().unwrap();
    let mutable: Vec<&str> = checked
        .body(def)
        .locals
        .iter()
        .filter(|local| local.mutable)
        .map(|local| &*local.name)
        .collect();
    assert_eq!(mutable, ["b", "e", "h", "i"]);
}

#[test]
fn of_rows() {
    let text = "struct P { x: f64, y: i32 }
        fn row(p: P, n: i32) -> i32 = wasm { (i32.add (i32.sub $n $p.y) (i32.trunc_f64_s $p.x)) };
        #[intrinsic(row)] fn stub(x: f64, y: i32, n: i32) -> u32;";
    let (_, checked) = program(text);
    let checked = checked.unwrap();
    let module = checked.program_modules().next().unwrap();
    let holes: Vec<Vec<Hole>> = checked
        .definitions(module)
        .filter_map(|def| match checked.def(def) {
            Def::Function(function) => match &function.kind {
                FunctionKind::Template(row) => Some(row.holes.to_vec()),
                FunctionKind::Body | FunctionKind::Import(_) | FunctionKind::Hook(_) => None,
            },
            Def::Struct(_) | Def::Global(_) => None,
        })
        .collect();
    let hole = |operand, scalar| Hole { operand, scalar };
    assert_eq!(
        holes,
        [vec![hole(1, 0), hole(0, 1), hole(0, 0)], vec![hole(2, 0), hole(1, 0), hole(0, 0)]]
    );
}
