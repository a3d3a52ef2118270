//! What formatting changes, what it keeps, and that it is done after once.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/cases.rs"]
mod cases;
#[path = "common/generate.rs"]
mod generate;

use cases::cases;
use swasm_frontend_ir::{ModuleId, format, parse, print};

/// The text without white space outside of literals, roughly: what must not change.
fn ink(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn check(text: &str) -> String {
    let once = format(text).unwrap_or_else(|diagnostics| panic!("{text}\n{diagnostics:?}"));
    assert_eq!(ink(text), ink(&once), "{once}");
    assert!(
        parse("a", text, ModuleId(0)).module == parse("a", once.as_str(), ModuleId(0)).module,
        "{text}\n---\n{once}"
    );
    let twice = format(&once).unwrap();
    assert!(once == twice, "{once}\n---\n{twice}");
    once
}

#[test]
fn spaces_and_indents() {
    let text = "\u{20}

//! Doc.
module   a :: b ;


use x::{ self , y as z } ; // why


/// Item.
#[ wasm_import ( \"a\" ,\"b\" ) ]
extern  fn f( a :i32,b:addr )->i32 ;
fn g(mut x:i32)->!{
let a=-1+ - x*!x  as u8;

    /* block
       comment */
  if a<b&&c{f( 1 ,2 );}else{

        x.y . z(  )[3] = 4;   // tail

  }
      match x{1|2=>3,4 ..=5 if y=>{ }
_=>return ,}
  let long =a
+b
   .c(
d,
e,
 );
'l :while x{break 'l ;}
@ \"f\" : 1 : 2
x += 1 . max(2);
with_memory_allocator|mem|{ mem.a( S{x:1,..y(),} ) }
for i in 0 .. n {}
}
impl u32{ fn h(self)->u32=checked( 4 )wasm{(i32.add
      $a $b)}; }
const K:MemorySegment=data[ [ 0u8 ;4 ],1 ];
const P: extern fn(i32) -> ! = f;";
    let text = text.replace(",..y(),", ",");
    let expected = "\
//! Doc.
module a::b;

use x::{self, y as z}; // why

/// Item.
#[wasm_import(\"a\", \"b\")]
extern fn f(a: i32, b: addr) -> i32;
fn g(mut x: i32) -> ! {
    let a = -1 + -x * !x as u8;

    /* block
       comment */
    if a < b && c { f(1, 2); } else {
        x.y.z()[3] = 4; // tail
    }
    match x { 1 | 2 => 3, 4..=5 if y => {}
        _ => return, }
    let long = a
        + b
        .c(
            d,
            e,
        );
    'l: while x { break 'l; }
    @\"f\":1:2
    x += 1.max(2);
    with_memory_allocator |mem| { mem.a(S { x: 1, }) }
    for i in 0..n {}
}
impl u32 { fn h(self) -> u32 = checked(4) wasm { (i32.add
      $a $b) }; }
const K: MemorySegment = data [[0u8; 4], 1];
const P: extern fn(i32) -> ! = f;
";
    assert_eq!(check(&text), expected);
}

#[test]
fn tokens_never_melt() {
    for text in [
        "fn f() { match x { 1. ..2. => 3 } }",
        "fn f(x: extern fn() -> !) { let y: ! = 1; }",
        "fn f() { 1 .max(2); 0x1 .p3; 1.0 .x(); 'a' .b(); }",
        "fn f() { - - 1; ! ! x; a - - b }",
        "fn f() { // a\n // b\n x\n // c\n .y() // d\n ; // e\n }",
        "fn f() { wasm {} ; wasm {\n } ; wasm {\n\n (nop) ;; x\n } }",
        "fn f() {;; 1 }",
        "// only\n\n\n// comments\n",
        "",
        "fn f() {\r\n  g();\r\n\r\n\r\n  // x  \r\n}\r\n",
    ] {
        check(text);
    }
    assert!(!format("fn f( {").unwrap_err().is_empty());
}

#[test]
fn marks_stay_in_their_columns() {
    let text = "fn f() {\n    x\n//~ ^ error[SW0201]\n      //~  ^ here\n}\n";
    assert_eq!(check(text), text);
}

#[test]
fn the_whole_language() {
    check(include_str!("everything.swir"));
}

#[test]
fn what_is_printed_is_formatted() {
    // Printing and formatting agree on spaces and indents, but for what they do with lines.
    let module = parse("e", include_str!("everything.swir"), ModuleId(0)).module;
    let text = print(&module);
    let formatted = check(&text);
    for (a, b) in formatted.lines().zip(text.lines()) {
        assert_eq!(a, b);
    }
    assert_eq!(formatted, text);
}

#[test]
fn random_modules() {
    cases(5_000, |u| {
        let text = print(&generate::module(u)?);
        let once = check(&text);
        // Without the author's lines: the same tokens, in few lines.
        let flat: String = text
            .lines()
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(if text.contains("//") || text.contains(";;") { "\n" } else { " " });
        if !text.contains("\\\n") {
            check(&flat);
        }
        drop(once);
        Ok(())
    });
}
