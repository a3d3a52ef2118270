//! Names: what is found, what is not, what is found twice.

use super::{rendered, table};

#[test]
fn values() {
    table(&[
        ("fn f() -> i32 { x }", "SW0201@1:17"),
        ("fn f(x: i32) -> i32 { let y = { let x = 2; x + 1 }; x + y }", ""),
        ("fn f() -> i32 { let _x = { let y = 1; y }; y }", "SW0201@1:44"),
        // A variable is not in scope in its own value.
        ("fn f() -> i32 { let z = z; z }", "SW0201@1:25"),
        ("fn f() -> i32 { g() }", "SW0201@1:17"),
        ("fn f() -> i32 { for i in 0..3 {} i }", "SW0201@1:34"),
        ("struct S { x: i32 }\nfn f() -> i32 { S }", "SW0201@2:17"),
        ("use std::io;\nfn f() -> i32 { io }", "SW0201@2:17"),
        ("fn f() -> i32 { std::io }", "SW0203@1:17"),
        // Types and values have names of their own.
        ("struct f { x: i32 }\nfn f(a: f) -> i32 { a.x }", ""),
        // Several mistakes, one message each.
        (
            "fn f() -> i32 { a + b + c }\nfn g() { d(e); }",
            "SW0201@1:17 SW0201@1:21 SW0201@1:25 SW0201@2:10 SW0201@2:12",
        ),
    ]);
}

#[test]
fn types() {
    table(&[
        ("fn f(x: Foo) {}", "SW0202@1:9"),
        ("fn f(x: std::memory::Foo) {}", "SW0202@1:22"),
        ("fn f(x: std::memory::MemorySegment) -> MemorySegment { x }", ""),
        ("fn f(x: nowhere::Foo) {}", "SW0203@1:9"),
        ("fn g() {}\nfn f(x: g) {}", "SW0202@2:9"),
        ("fn f(x: !) {}", "SW0234@1:9"),
        ("fn f(x: extern fn(!)) {}", "SW0234@1:19"),
        ("fn f(p: extern fn() -> !) -> ! { p() }", ""),
        ("struct S { x: Foo }\nfn f(s: S) -> i32 { s.x }", "SW0202@1:15"),
    ]);
}

#[test]
fn duplicates() {
    table(&[
        ("fn f() {}\nfn f() {}", "SW0204@2:4"),
        ("const A: i32 = 1;\nstatic A: i32 = 2;", "SW0204@2:8"),
        ("struct S { x: i32, x: i64 }", "SW0204@1:20"),
        ("fn f(x: i32, x: i64) {}", "SW0204@1:14"),
        ("fn f(_: i32, _: i64) {}", ""),
        ("struct S {}\nimpl S { fn m(self) {} fn m(self) {} }", "SW0204@2:27"),
        ("struct S {}\nimpl S { fn m(self) {} }\nimpl S { fn m(self) {} }", "SW0204@3:13"),
        ("impl i32 { fn leading_zeros(self) -> u32 { 1 } }", "SW0204@1:15"),
        ("use std::io;\nuse std::io;\nfn f() { io::println(); }", "SW0204@2:5"),
        ("use std::io::println;\nfn println() {}", "SW0204@1:5"),
        ("use std::io::println as say;\nfn println() { say(); }", ""),
    ]);
}

#[test]
fn modules() {
    table(&[
        ("fn f() -> i32 { b::g() }\n//// b.swir\npub fn g() -> i32 { 1 }", ""),
        ("fn f() -> i32 { b::g() }\n//// b.swir\nfn g() -> i32 { 1 }", "SW0205@1:20"),
        ("use b;\nfn f() -> i32 { b::g() }\n//// x.swir\nmodule b;\npub fn g() -> i32 { 1 }", ""),
        ("use b::g;\nfn f() -> i32 { g() }\n//// b.swir\nfn g() -> i32 { 1 }", "SW0205@1:5"),
        (
            "use b::{g, h};\nfn f() -> i32 { g() + h() }\n//// b.swir\npub fn g() -> i32 { 1 }",
            "SW0201@1:5",
        ),
        ("use c::{g, h};\nfn f() -> i32 { g() + h() }", "SW0203@1:5"),
        ("use b::g as h;\nfn f() -> i32 { h() }\n//// b.swir\npub fn g() -> i32 { 1 }", ""),
        // A `pub use` passes on what it names, in either order of the modules.
        (
            "use b::g;\nfn f() -> i32 { g() }\n//// b.swir\npub use c::g;\n//// c.swir\npub fn g() -> i32 { 1 }",
            "",
        ),
        (
            "use b::g;\nfn f() -> i32 { g() }\n//// b.swir\nuse c::g;\nfn h() -> i32 { g() }\n//// c.swir\npub fn g() -> i32 { 1 }",
            "SW0201@1:5",
        ),
        ("pub use b::g;\n//// b.swir\npub use main::g;", "SW0201@1:9 SW0201@b.swir:1:9"),
        ("fn f(s: b::S) -> i32 { s.x }\n//// b.swir\npub struct S { pub x: i32, y: i32 }", ""),
        (
            "fn f(s: b::S) -> i32 { s.y }\n//// b.swir\npub struct S { pub x: i32, y: i32 }",
            "SW0205@1:26",
        ),
        (
            "use b::S;\nfn f() -> S { S { x: 1, y: 2 } }\n//// b.swir\npub struct S { pub x: i32, y: i32 }",
            "SW0205@2:25",
        ),
        (
            "use b::S;\nfn f() -> S { S::new() }\n//// b.swir\npub struct S { x: i32 }\nimpl S { pub fn new() -> S { S { x: 1 } } }",
            "",
        ),
        (
            "use b::S;\nfn f() -> S { S::new() }\n//// b.swir\npub struct S { x: i32 }\nimpl S { fn new() -> S { S { x: 1 } } }",
            "SW0205@2:18",
        ),
        (
            "fn f() -> i32 { 1.twice() }\n//// b.swir\nimpl i32 { pub fn twice(self) -> i32 { self * 2 } }",
            "",
        ),
        ("fn f() {}\n//// main.swir\nfn g() {}", "SW0236@1:1"),
        ("module a::b;\npub fn f() {}\n//// c.swir\nuse a::b;\nfn g() { b::f(); a::b::f(); }", ""),
        ("use std::io;\nfn f() {}", "SW0252@1:5"),
        ("use std::nothing;\nuse std::nothing::x;\nfn f() {}", "SW0203@1:5"),
        ("use std::{nothing, nowhere};\nfn f() {}", "SW0203@1:5 SW0203@1:5"),
        ("fn f() { std::println(); }", "SW0203@1:10"),
        ("fn f() { std::nothing::println(); }", "SW0203@1:10"),
    ]);
}

#[test]
fn what_is_missing_is_named_in_full() {
    let said = rendered("use std::wasy;\nfn f() { std::println(); }");
    for part in [
        "cannot find module `std::wasy`",
        "did you mean `std::wasi`?",
        "cannot find `std::println`",
        "`std` holds modules only",
        "did you mean `std::io::println`?",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn deprecated() {
    table(&[
        ("#[deprecated(\"use g\")]\nfn f() {}\nfn g() { f(); }", "SW0253@3:10"),
        ("#[deprecated]\nstruct S {}\nfn g(s: S) {}", "SW0253@3:9"),
    ]);
}
