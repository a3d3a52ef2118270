//! The mistakes that text can hold, made with the builder: each is told with its code, at the line of the call that made it, all in one run.
//! (What only text can get wrong is not here: unterminated literals, files.)

use swasm::builder::{ModuleBuilder, Pat};
use swasm::ir::ValueType::{Addr, Bool, F64, I32, U8};
use swasm::{Code, Link, codes};

/// Notes that the line after the call holds a mistake of this code.
struct Expected(Vec<(u32, Code)>);

impl Expected {
    #[track_caller]
    fn next(&mut self, code: Code) {
        self.0.push((std::panic::Location::caller().line() + 1, code));
    }
}

#[test]
#[rustfmt::skip]
fn each_is_told_at_its_call() {
    let mut expected = Expected(Vec::new());
    let mut m = ModuleBuilder::new("wrong");
    m.function("take").param("x", I32).param("y", I32).result(I32).value(|f| f.param(0) + f.param(1));

    m.function("names").result(I32).value(|f| {
        expected.next(codes::UNKNOWN_VALUE);
        f.name("nothing").read()
    });
    m.function("types").param("x", F64).body(|f| {
        expected.next(codes::TYPE_MISMATCH);
        f.call("take", (f.param(0), 1));
    });
    m.function("arity").body(|f| {
        expected.next(codes::ARGUMENTS);
        f.call("take", (1,));
    });
    expected.next(codes::MISSING_VALUE);
    m.function("missing").result(I32).body(|f| { f.call("take", (1, 2)); });
    m.function("unreachable_arm").param("b", Bool).result(I32).value(|f| {
        let arms = f.match_(f.param(0)).arm(Pat::Bool(true), 1).arm(Pat::Any, 2);
        expected.next(codes::UNREACHABLE_ARM);
        arms.arm(Pat::Bool(false), 3).end()
    });
    m.function("not_exhaustive").param("x", I32).result(I32).value(|f| {
        expected.next(codes::NOT_EXHAUSTIVE);
        let arms = f.match_(f.param(0));
        arms.arm(1, 2).end()
    });
    expected.next(codes::UNKNOWN_IMPORT);
    m.extern_function("misspelt").import("wasi_snapshot_preview1", "fd_wrte").param("x", I32).result(I32).declare();
    expected.next(codes::IMPORT_SIGNATURE);
    m.extern_function("exit").import("wasi_snapshot_preview1", "proc_exit").param("code", F64).declare();
    m.extern_function("once").import("host", "f").param("x", I32).declare();
    expected.next(codes::IMPORT_CONFLICT);
    m.extern_function("twice").import("host", "f").param("x", F64).declare();
    expected.next(codes::DUPLICATE);
    m.function("take").body(|_| ());
    expected.next(codes::UNKNOWN_ATTRIBUTE);
    m.function("attribute").attribute("inlined").body(|_| ());
    m.function("mnemonic").result(I32).value(|f| {
        expected.next(codes::MNEMONIC);
        f.wasm("(i32.plus (i32.const 1) (i32.const 2))")
    });
    m.function("ill_typed").result(I32).value(|f| {
        expected.next(codes::TEMPLATE_TYPES);
        f.wasm("(i32.add (i32.const 1) (f64.const 2))")
    });
    expected.next(codes::HOLES);
    m.function("unused_hole").param("x", I32).param("y", I32).result(I32).template("(i32.eqz $x)");
    expected.next(codes::HOLES);
    m.function("doubled_hole").param("x", I32).result(I32).template("(i32.add $x $x)");
    m.function("range").body(|f| {
        expected.next(codes::LITERAL_RANGE);
        f.let_("byte").ty(U8).value(256);
    });
    m.function("unassigned").result(I32).value(|f| {
        let x = f.let_("x").ty(I32).unset();
        expected.next(codes::UNASSIGNED);
        x.read()
    });
    m.function("nested").result(I32).value(|f| {
        let mut deep = f.int(1);
        for _ in 0..300 {
            deep = -deep;
        }
        deep
    });
    m.function("addresses").param("a", Addr).body(|f| {
        expected.next(codes::UNKNOWN_METHOD);
        f.run(f.param(0).method("no_such_method", ()));
    });

    let wrong = m.link().expect_err("it is full of mistakes");
    let said = wrong.short();
    for (line, code) in &expected.0 {
        let wanted = format!("{}:{line}:", file!());
        let told = said.lines().any(|told| told.starts_with(&wanted) && told.contains(&code.to_string()));
        assert!(told, "{code} at {wanted}\n{said}");
    }
    assert!(said.contains(&codes::NESTING.to_string()), "{said}");
}
