//! The builder as a front end meets it: hello, arithmetic, and what wrong calls are told.
#![allow(clippy::unwrap_used, reason = "tests")]

use swasm_frontend_ir::builder::{Code, Expr, ModuleBuilder, Pat, Value};
use swasm_frontend_ir::ir::BinaryOp;
use swasm_frontend_ir::ir::ValueType::{Addr, I32, U8};
use swasm_frontend_ir::{ModuleId, Parsed, parse, print};

fn printed(m: ModuleBuilder) -> String {
    let built = m.finish(ModuleId(0));
    assert!(built.diagnostics.is_empty(), "{:?}", built.diagnostics);
    print(&built.module)
}

#[test]
fn hello() {
    let mut m = ModuleBuilder::new("hello");
    m.extern_function("fd_write")
        .import("wasi_snapshot_preview1", "fd_write")
        .param("fd", I32)
        .param("iovs", Addr)
        .param("iovs_len", I32)
        .param("nwritten", Addr)
        .result(I32)
        .declare();
    m.function("main").export("_start").body(|f| {
        f.scope("mem", |mem| {
            let text = f.bind("text", b"Hello, world!\n");
            let iov = f.bind("iov", mem.method("allocate", (12, 4)));
            iov.method("set_addr", (0, text.method("address", ())));
            iov.method("set_addr", (4, text.method("size", ())));
            f.call("fd_write", (1, iov.method("address", ()), 1, iov.method("address", ()) + 8));
        });
    });
    let expected = r#"module hello;

#[wasm_import("wasi_snapshot_preview1", "fd_write")]
extern fn fd_write(fd: i32, iovs: addr, iovs_len: i32, nwritten: addr) -> i32;

#[wasm_export("_start")]
fn main() {
    with_memory_allocator |mem| {
        let text = b"Hello, world!\n";
        let iov = mem.allocate(12, 4);
        iov.set_addr(0, text.address());
        iov.set_addr(4, text.size());
        fd_write(1, iov.address(), 1, iov.address() + 8);
    };
}
"#;
    assert_eq!(printed(m), expected);
}

enum Ast {
    Number(i32),
    Negate(Box<Ast>),
    Binary(BinaryOp, Box<Ast>, Box<Ast>),
}

fn compile<'f>(f: &'f Code, ast: &Ast) -> Expr<'f> {
    match ast {
        Ast::Number(number) => f.int(*number),
        Ast::Negate(inner) => -compile(f, inner),
        Ast::Binary(op, a, b) => compile(f, a).binary(*op, compile(f, b)).at("sum.toy", 3, 9),
    }
}

#[test]
fn a_front_end_for_sums() {
    let number = |n| Box::new(Ast::Number(n));
    let ast = Ast::Binary(
        BinaryOp::Mul,
        Box::new(Ast::Negate(number(2))),
        Box::new(Ast::Binary(BinaryOp::Add, number(3), number(4))),
    );
    let mut m = ModuleBuilder::new("sum");
    m.function("sum").result(I32).value(|f| compile(f, &ast));
    assert_eq!(
        printed(m),
        "module sum;\n\nfn sum() -> i32 { @\"sum.toy\":3:9 -2 * (@\"sum.toy\":3:9 3 + 4) }\n"
    );
}

#[test]
fn control_flow() {
    let mut m = ModuleBuilder::new("c");
    m.function("f").param("n", I32).mut_param("k", I32).result(I32).value(|f| {
        let (n, k) = (f.param(0), f.param(1));
        f.labelled("up").while_(k.lt(10), || {
            f.if_(n.eq(3).and(!k.gt(2)), || f.continue_to("up"));
            k.assign_op(BinaryOp::Add, 1);
        });
        f.for_inclusive("i", 0u8.into_expr(f), f.int_of(U8, 9), |i| {
            f.call("g", (i, -1));
        });
        let m = f
            .match_(n)
            .arm(1, 2)
            .arms(&[Pat::Int(-3), Pat::Range(Some(Box::new(7.into())), None)], f.block(|| k + 1))
            .arm(Pat::Any, f.return_value(0))
            .end();
        let found = f.bind("found", m);
        f.if_else(found.gt(3), || found, || 0)
    });
    let expected = "module c;

fn f(n: i32, mut k: i32) -> i32 {
    'up: while k < 10 {
        if n == 3 && !(k > 2) { continue 'up }
        k += 1;
    }
    for i in 0..=9u8 {
        g(i, -1);
    }
    let found = match n {
        1 => 2,
        -3 | 7.. => { k + 1 }
        _ => return 0,
    };
    if found > 3 { found } else { 0 }
}
";
    let text = printed(m);
    assert_eq!(text, expected);
    assert!(parse("c.swir", text, ModuleId(0)).diagnostics.is_empty());
}

/// Codes and the lines of the calls, counted from `line`.
fn mistakes(built: &Parsed, line: u32) -> String {
    let told = |d: &swasm_frontend_ir::Diagnostic| {
        let position = built.module.source.position(d.place.unwrap().span);
        assert!(position.file.ends_with("builder.rs"), "{position}");
        format!("{}+{}", d.code, position.line - line)
    };
    built.diagnostics.iter().map(told).collect::<Vec<_>>().join(" ")
}

#[test]
#[rustfmt::skip]
fn wrong_calls_are_told_where_they_are() {
    let mut m = ModuleBuilder::new("wrong");
    let line = line!();
    m.function("").param("_", I32).mut_param("_", I32).param("x", I32).receiver().body(|f| {
        f.param(7);
        f.int(1i128 << 70);
        f.int_of(swasm_frontend_ir::ir::ValueType::Bool, 1);
        f.float_literal("1.5.5", None);
        f.wasm("(nop) }");
        f.int(1).become_();
        f.name("a").assign_op(BinaryOp::Eq, 1);
        f.int(1).at("x", 0, 1);
        f.match_(1).arms(&[], 2).arm(Pat::Range(None, None), 1).end();
        f.let_("a").rest().field("x", "y").unset();
        let mut smuggled = None;
        f.block(|| { smuggled = Some(f.call("g", ())); });
        f.bind("b", smuggled.unwrap());
        let mut deep = f.int(1);
        for _ in 0..300 { deep = -deep; }
        f.run(deep);
    });
    let mut other = ModuleBuilder::new("other");
    m.function("f").body(|f| {
        other.function("g").body(|g| {
            g.bind("a", f.call("h", ()));
        });
    });
    assert_eq!(
        mistakes(&m.finish(ModuleId(0)), line),
        "SW0601+1 SW0604+1 SW0604+1 SW0605+2 SW0606+3 SW0606+4 SW0606+5 SW0606+6 SW0604+7 SW0604+8 SW0606+9 SW0604+10 SW0604+10 SW0604+11 SW0604+11 SW0603+14 SW0501+16"
    );
    assert_eq!(mistakes(&other.finish(ModuleId(0)), line), "SW0602+22");
    let empty = ModuleBuilder::new("empty").finish(ModuleId(0));
    assert_eq!(empty.diagnostics[0].code.to_string(), "SW0110");
}

#[test]
fn positions_of_operands_do_not_nest() {
    let mut m = ModuleBuilder::new("long");
    m.function("f").param("x", I32).result(I32).value(|f| {
        let first = f.param(0).at("a.toy", 1, 1);
        (2..1000).fold(first, |sum, line| sum + f.param(0).at("a.toy", line, 1))
    });
    let text = printed(m);
    assert!(text.contains("@\"a.toy\":999:1"), "{text}");
    assert!(parse("long.swir", text, ModuleId(0)).diagnostics.is_empty());
}
