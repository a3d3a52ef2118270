//! Structs, methods, calls, constants and data.

use super::table;

#[test]
fn structs() {
    table(&[
        ("struct P { x: f64, y: f64 }\nfn f(y: f64) -> P { P { y, x: 1.0 } }", ""),
        ("struct P { x: f64, y: f64 }\nfn f() -> P { P { x: 1.0 } }", "SW0221@2:15"),
        (
            "struct P { x: f64, y: f64 }\nfn f() -> P { P { x: 1.0, y: 2.0, x: 3.0 } }",
            "SW0221@2:35",
        ),
        (
            "struct P { x: f64, y: f64 }\nfn f() -> P { P { x: 1.0, y: 2.0, z: 3.0 } }",
            "SW0206@2:35",
        ),
        ("struct P { x: f64, y: f64 }\nfn f() -> P { P { x: 1, y: 2.0 } }", "SW0207@2:22"),
        ("struct P { x: f64, y: f64 }\nfn f(p: P) -> f64 { let P { x, y: z } = p; x + z }", ""),
        ("struct P { x: f64, y: f64 }\nfn f(p: P) -> f64 { let P { x } = p; x }", "SW0221@2:25"),
        ("struct P { x: f64, y: f64 }\nfn f(p: P) -> f64 { let P { x, .. } = p; x }", ""),
        (
            "struct P { x: f64, y: f64 }\nfn f(p: P) -> f64 { let P { mut x, .. } = p; x += 1.0; x }",
            "",
        ),
        ("struct P { x: f64 }\nfn f() { let P { x } = 1; g(x); }\nfn g(x: f64) {}", "SW0207@2:24"),
        ("struct P { x: f64 }\nfn f(p: P) -> f64 { p.y }", "SW0206@2:23"),
        ("fn f(p: i32) -> f64 { p.y }", "SW0206@1:25"),
        ("struct A { b: B }\nstruct B { a: A }", "SW0222@1:8"),
        ("struct A { a: A }\nfn f(a: A) -> A { a.a.a }", "SW0222@1:8"),
        ("struct A { b: B, c: B }\nstruct B { x: i32 }\nfn f(a: A) -> i32 { a.b.x + a.c.x }", ""),
        ("struct S {}\nfn f() -> S { S {} }", ""),
        ("struct A { p: extern fn(A) -> A }\nfn f(a: A) -> A { (a.p)(a) }", ""),
    ]);
    // Doubling, twelve times: 4096 scalars, too many for locals. One message, for the first that is too large.
    let mut text = "struct S0 { x: i32, y: i32 }\n".to_owned();
    for index in 1..12 {
        text += &format!("struct S{index} {{ a: S{}, b: S{} }}\n", index - 1, index - 1);
    }
    table(&[(&text, "SW0520@10:8")]);
    // Even without a scalar in them.
    table(&[(&text.replace("x: i32, y: i32", ""), "SW0520@11:8")]);
    // A chain of structs, deeper than is allowed.
    let mut text = "struct S0 { x: i32 }\n".to_owned();
    for index in 1..5000 {
        text += &format!("struct S{index} {{ a: S{} }}\n", index - 1);
    }
    let expected: Vec<String> = (1..5000)
        .filter(|index| index % 64 == 0)
        .map(|index| format!("SW0520@{}:8", index + 1))
        .collect();
    table(&[(&text, &expected.join(" "))]);
}

#[test]
fn methods() {
    table(&[
        (
            "struct P { x: f64 }\nimpl P { fn get(self) -> f64 { self.x } }\nfn f(p: P) -> f64 { p.get() }",
            "",
        ),
        (
            "struct P { x: f64 }\nimpl P { fn new(x: f64) -> P { P { x } } }\nfn f() -> P { P::new(1.0) }",
            "",
        ),
        (
            "struct P { x: f64 }\nimpl P { fn new(x: f64) -> P { P { x } } }\nfn f(p: P) -> P { p.new(1.0) }",
            "SW0210@3:21",
        ),
        (
            "struct P { x: f64 }\nimpl P { fn get(self) -> f64 { self.x } }\nfn f(p: P) -> f64 { P::get(p) }",
            "",
        ),
        (
            "struct P { x: f64 }\nimpl P { fn set(mut self, x: f64) -> P { self.x = x; self } }\nfn f(p: P) -> P { p.set(2.0) }",
            "",
        ),
        ("struct P { x: f64 }\nimpl P { fn set(self, x: f64) { self.x = x; } }", "SW0215@2:33"),
        (
            "struct P { x: f64 }\nfn f(p: P) -> f64 { p.gte() }\nimpl P { fn get(self) -> f64 { self.x } }",
            "SW0210@2:23",
        ),
        ("fn f(x: f64) -> f64 { x.sqrt().abs() }", ""),
        ("fn f(x: f64) -> f64 { x.leading_zeros() }", "SW0210@1:25"),
        (
            "impl u32 { fn twice(self) -> u32 { self * 2 } }\nfn f(x: u32) -> u32 { x.twice() + u32::twice(x) }",
            "",
        ),
        ("impl Foo { fn twice(self) -> u32 { 1 } }", "SW0202@1:6"),
        ("impl extern fn() { fn f(self) {} }", "SW0232@1:6"),
        ("struct P { x: extern fn() }\nfn f(p: P) { p.x(); (p.x)(); }", "SW0210@2:16"),
        ("fn f() -> u32 { u32::MAX - u32::MIN + u32::BITS }", ""),
        ("fn f() -> f64 { f64::MAX }\nfn g() -> i8 { i8::MIN }\nfn h() -> char { char::MAX }", ""),
        ("fn f() -> u32 { bool::MAX }", "SW0210@1:23"),
        (
            "impl MemorySegment { fn first(self) -> u8 { self.u8[0] } }\nfn f(s: MemorySegment) -> u8 { s.first() }",
            "",
        ),
    ]);
}

#[test]
fn calls() {
    table(&[
        ("fn g(a: i32, b: i32) {}\nfn f() { g(1); }", "SW0208@2:10"),
        ("fn g(a: i32) {}\nfn f() { g(1, 2); }", "SW0208@2:15"),
        ("fn f(x: MemorySegment) { x.set_i32(0); }", "SW0208@1:28"),
        ("fn f(x: i32) { x(); }", "SW0213@1:16"),
        ("fn f(p: extern fn(i32) -> i32) -> i32 { p(1) }", ""),
        ("fn f(p: extern fn(i32) -> i32) -> i32 { p() }", "SW0208@1:41"),
        ("fn f(p: extern fn(i32) -> i32) -> i32 { p(1.5) }", "SW0207@1:43"),
        ("fn g(x: i32) -> i32 { x }\nfn f() -> i32 { let p: extern fn(i32) -> i32 = g; p(1) }", ""),
        ("fn g(x: i32) -> i32 { x }\nfn f() { let p: extern fn(i64) -> i32 = g; }", "SW0207@2:41"),
        ("fn g() {}\nfn f() { let p = g; p(); }", "SW0227@2:18"),
        ("fn g() {}\nfn h(p: extern fn()) { p(); }\nfn f() { h(g); }", ""),
        ("fn g() {}\nstatic P: extern fn() = g;\nfn f() { P(); main::P(); }", ""),
        ("fn f(a: MemorySegment, i: u8) -> f64 { a.f64[i] + a.f64[i + 1] }", ""),
        ("fn f(a: MemorySegment) -> bool { a.bool[0] }", "SW0235@1:36"),
        ("fn f(a: MemorySegment) -> i32 { a[0] }", "SW0235@1:33"),
        ("fn f(a: MemorySegment) -> i32 { a.i32[0.5] }", "SW0235@1:39"),
        ("fn f(a: i32) -> i32 { a.i32[0] }", "SW0207@1:23"),
    ]);
}

#[test]
fn constants() {
    table(&[
        ("const A: i32 = 1 + 2 * 3;\nconst B: i32 = A << 4 | 1;\nstatic C: i32 = B;", ""),
        ("const A: i32 = B;\nconst B: i32 = A;", "SW0224@1:7"),
        ("const A: i32 = A;", "SW0224@1:7"),
        (
            "const A: i32 = B;\nconst B: i32 = C;\nconst C: i32 = B;\nfn f() -> i32 { A }",
            "SW0224@2:7",
        ),
        ("fn g() -> i32 { 1 }\nconst A: i32 = g();", "SW0223@2:16"),
        ("const A: i32 = 1 / 0;", "SW0225@1:16"),
        ("const A: i32 = -2147483648 / -1;", "SW0225@1:16"),
        ("const A: i32 = -2147483648 % -1;", ""),
        ("const A: bool = false && 1 / 0 == 1;", ""),
        ("const A: i32 = if true { 1 } else { 1 / 0 };", ""),
        ("const A: i32 = { let x = 1; x };", "SW0223@1:16"),
        ("const A: i32 = return 1;", "SW0223@1:16"),
        ("static mut A: i32 = 1;\nconst B: i32 = A;", "SW0223@2:16"),
        ("const A: i64 = 1i32;", "SW0207@1:16"),
        ("const A: u8 = 300;\nfn f() -> u8 { A }", "SW0209@1:15"),
        ("struct P { x: i32, y: i32 }\nconst A: P = P { y: 1, x: 2 };\nconst B: i32 = A.x;", ""),
        (
            "const T: MemorySegment = data [1u8, 2, 3.5, b\"abc\", [0u64; 4]];\nconst N: addr = T.size();\nconst P: addr = T.address() + 4;",
            "",
        ),
        ("static T: MemorySegment = data [T.address(), 1];", ""),
        ("static T: MemorySegment = data [T.size()];", "SW0224@1:8"),
        ("const T: MemorySegment = data [T];", "SW0224@1:7"),
        ("const U: MemorySegment = data [1];\nconst T: MemorySegment = data [U];", "SW0226@2:32"),
        ("fn g() {}\nstatic T: MemorySegment = data [g as addr];", ""),
        ("const N: i32 = data [1];", "SW0226@1:16"),
        ("fn f() -> MemorySegment { data [1] }", "SW0226@1:27"),
        ("const T: MemorySegment = data [[1u8; 5000000000]];", "SW0209@1:38"),
        ("const T: MemorySegment = data [[1u8; 4000000000]];", "SW0226@1:33"),
        ("static T: MemorySegment = data [[0u8; 4000000000]];", ""),
        ("static T: MemorySegment = data [[0u64; 4000000000]];", "SW0226@1:34"),
        ("const T: MemorySegment = data [1, f()];\nfn f() -> i32 { 1 }", "SW0223@1:35"),
    ]);
}
