//! The table of diagnostic codes: one row each, with the title, the cause, the cure and an example that a test compiles.
//!
//! SW01xx text, SW02xx names and types, SW03xx linking and imports, SW04xx templates and intrinsics, SW05xx limits, SW06xx the builder,
//! SW07xx files and the command. A code is never given another meaning.

use crate::diagnostic::Code;

/// One row of the table.
#[derive(Debug)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// A name for it in a few words.
    pub title: &'static str,
    /// Cause and cure, in Markdown. The first code block marked `swir,fails` must give this code, each one marked `swir` must be accepted.
    pub text: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $title:literal, $text:literal;)*) => {
        $( #[doc = $title] pub const $name: Code = Code($number); )*
        /// All rows, by code.
        pub const ALL: &[Explanation] = &[$( Explanation { code: $name, title: $title, text: $text }, )*];
    };
}

codes! {
    SYNTAX = 101, "unexpected token", "The text does not follow the grammar of docs/language.md.

```swir,fails
fn f() i32 { 1 }
```

```swir
fn f() -> i32 { 1 }
```
";
    UNTERMINATED = 102, "something never ends", "A string, character, byte string, name in back-ticks, comment or `wasm { … }` is opened and the file ends before it is closed.
Block comments nest: each `/*` needs its `*/`.

```swir,fails
const GREETING: MemorySegment = b\"hello;
```

```swir
const GREETING: MemorySegment = b\"hello\";
```
";
    UNKNOWN_CHARACTER = 103, "unknown character", "The character belongs to no token. Names consist of letters, digits and `_`; any other text is a name in back-ticks.

```swir,fails
fn f() -> i32 { 1 € 2 }
```

```swir
fn `€`() -> i32 { 1 }
```
";
    MALFORMED_TEXT = 104, "malformed text literal", "A string, character, byte or name in back-ticks holds an unknown escape, or more or less than it may. The escapes are Rust's, and `` \\` ``.

```swir,fails
fn f() -> char { '\\q' }
```

```swir
fn f() -> char { '\\n' }
```
";
    MALFORMED_NUMBER = 105, "malformed number", "A number has a digit that its base does not have, an unknown suffix, no digits, or more than 64 bits.

```swir,fails
fn f() -> u32 { 0b12 }
```

```swir
fn f() -> u32 { 0b11 }
```
";
    RESERVED_WORD = 106, "reserved word", "The word is kept for what the language does not have yet, or means something already. A name that is such a word stands in back-ticks.

```swir,fails
fn f(class: i32) -> i32 { class }
```

```swir
fn f(`class`: i32) -> i32 { `class` }
```
";
    COMPARISON_CHAIN = 107, "chained comparison", "`a < b < c` would compare a bool with `c`. Join two comparisons with `&&`.

```swir,fails
fn f(a: i32, b: i32, c: i32) -> bool { a < b < c }
```

```swir
fn f(a: i32, b: i32, c: i32) -> bool { a < b && b < c }
```
";
    UNCLOSED = 108, "bracket without its partner", "A `{`, `(` or `[` is never closed, or a `}` closes nothing. Items do not stand inside functions, so an item's first word tells that a `}` is missing before it.

```swir,fails
fn f() -> i32 { if true { 1 } else { 2 }
fn g() -> i32 { 3 }
```

```swir
fn f() -> i32 { if true { 1 } else { 2 } }
fn g() -> i32 { 3 }
```
";
    INVALID_UTF8 = 109, "not UTF-8", "A module is UTF-8 text. Bytes that are not are written `\\xff` in a byte string.

```swir
const BYTES: MemorySegment = b\"\\xff\";
```
";
    EMPTY_FILE = 110, "no items", "A file without an item is most likely not the file that was meant.

```swir,fails
// Nothing here.
```

```swir
fn f() { }
```
";
    MISPLACED_DOC = 111, "doc comment without an item", "`///` documents the item, method or field that follows; `//!` documents the module and stands at the top of its file. Any other comment is `//`.

```swir,fails
fn f() {
    /// Nothing to document.
    return;
}
```

```swir
/// Does nothing.
fn f() {
    // Nothing to document.
    return;
}
```
";
    UNKNOWN_VALUE = 201, "unknown name", "No variable, function, constant or static of that name is in scope. Correct the name, bring it in with `use`, or write its full path.

```swir,fails
fn f(count: i32) -> i32 { cuont + 1 }
```

```swir
fn f(count: i32) -> i32 { count + 1 }
```
";
    UNKNOWN_TYPE = 202, "unknown type", "No struct of that name is in scope, and no scalar type has it.

```swir,fails
fn f(x: int) -> i32 { 1 }
```

```swir
fn f(_x: i32) -> i32 { 1 }
```
";
    UNKNOWN_MODULE = 203, "unknown module", "A path begins with the name of a module, or of what a `use` brings in. The program consists of the files given and of the library.

```swir,fails
use std::oi;
fn f() { oi::println(); }
```

```swir
use std::io;
fn f() { io::println(); }
```
";
    DUPLICATE = 204, "defined twice", "Two items, methods of one type, fields or parameters have one name. Types and values have names of their own, so a struct may be called as a function is.

```swir,fails
fn f() {}
const f: i32 = 1;
```

```swir
fn f() {}
const F: i32 = 1;
```
";
    PRIVATE = 205, "private item", "Other modules may name what `pub` stands before: items, methods and fields each for themselves.

```swir,fails
fn f(segment: MemorySegment) -> addr { segment.size }
```

```swir
fn f(segment: MemorySegment) -> addr { segment.size() }
```
";
    UNKNOWN_FIELD = 206, "unknown field", "The struct has no field of that name, or the value is no struct.

```swir,fails
struct P { x: f64, y: f64 }
fn f(p: P) -> f64 { p.z }
```

```swir
struct P { x: f64, y: f64 }
fn f(p: P) -> f64 { p.y }
```
";
    TYPE_MISMATCH = 207, "mismatched types", "A value has another type than its place expects. Convert it with `as`, or call the function made for its type.

```swir,fails
fn f(x: f64) -> i32 { x }
```

```swir
fn f(x: f64) -> i32 { x as i32 }
```
";
    ARGUMENTS = 208, "wrong number of arguments", "A call gives more or fewer arguments than the function takes. There are no default arguments.

```swir,fails
fn add(a: i32, b: i32) -> i32 { a + b }
fn f() -> i32 { add(1) }
```

```swir
fn add(a: i32, b: i32) -> i32 { a + b }
fn f() -> i32 { add(1, 2) }
```
";
    LITERAL_RANGE = 209, "literal out of range", "A literal has the type of its place or its suffix, `i32` or `f64` where nothing says one, and its value must be one of that type.

```swir,fails
fn f() -> u8 { 256 }
```

```swir
fn f() -> u16 { 256 }
```
";
    UNKNOWN_METHOD = 210, "unknown method", "No `impl` of the value's type has a function of that name, or it has no `self`.

```swir,fails
fn f(x: f64) -> f64 { x.sqroot() }
```

```swir
fn f(x: f64) -> f64 { x.sqrt() }
```
";
    OPERATOR = 211, "operator not defined for the type", "Arithmetic is for numbers, `%`, shifts and counting for integers, `& | ^` for integers and bools, comparison for scalars.

```swir,fails
fn f(a: f64, b: f64) -> f64 { a % b }
```

```swir
fn f(a: i32, b: i32) -> i32 { a % b }
```
";
    CAST = 212, "invalid conversion", "`as` converts between numbers, from `bool` and `char` to integers, from `u8` to `char`, and between function pointers and `addr`.

```swir,fails
fn f(x: i32) -> bool { x as bool }
```

```swir
fn f(x: i32) -> bool { x != 0 }
```
";
    NOT_A_FUNCTION = 213, "not a function", "Functions, methods and values of type `extern fn(…)` can be called.

```swir,fails
fn f(x: i32) -> i32 { x(1) }
```

```swir
fn f(x: extern fn(i32) -> i32) -> i32 { x(1) }
```
";
    MISSING_VALUE = 214, "missing value", "A block or function that has a value ends with an expression without `;`, or never ends; `return` and `break` give the value where one is expected.

```swir,fails
fn f(x: i32) -> i32 { x + 1; }
```

```swir
fn f(x: i32) -> i32 { x + 1 }
```
";
    IMMUTABLE = 215, "assignment to what is immutable", "A variable or parameter is assigned again, or a field of it, only if `mut` stands before its name; a static only if it is `static mut`. A `let` without a value may be assigned once.

```swir,fails
fn f() -> i32 { let x = 1; x = 2; x }
```

```swir
fn f() -> i32 { let mut x = 1; x += 1; x }
```
";
    UNASSIGNED = 216, "read before assignment", "A variable declared without a value must be assigned on every way to where it is read.

```swir,fails
fn f(c: bool) -> i32 { let x: i32; if c { x = 1; } x }
```

```swir
fn f(c: bool) -> i32 { let x: i32; if c { x = 1; } else { x = 2; } x }
```
";
    NOT_A_PLACE = 217, "not a place", "Variables, `static mut`s, fields of either and elements (`a.i32[i]`) can be assigned; other values have no place.

```swir,fails
const N: i32 = 1;
fn f() { N = 2; }
```

```swir
static mut N: i32 = 1;
fn f() { N = 2; }
```
";
    LABEL = 218, "no such loop or block", "`break` and `continue` stand in the loop or labelled block that they name; without a label they mean the innermost loop.

```swir,fails
fn f() { loop { break 'outer; } }
```

```swir
fn f() { 'outer: loop { break 'outer; } }
```
";
    NOT_EXHAUSTIVE = 219, "match is not exhaustive", "Every value of the type must be matched by an arm without a guard.

```swir,fails
fn f(x: bool) -> i32 { match x { true => 1 } }
```

```swir
fn f(x: bool) -> i32 { match x { true => 1, false => 0 } }
```
";
    UNREACHABLE_ARM = 220, "arm is never taken", "The arms before take all values that this arm matches. The first arm that fits is taken.

```swir,fails
fn f(x: u8) -> i32 { match x { 0..=9 => 1, 5 => 2, _ => 0 } }
```

```swir
fn f(x: u8) -> i32 { match x { 5 => 2, 0..=9 => 1, _ => 0 } }
```
";
    FIELDS = 221, "fields do not match the struct", "A struct is built from all its fields, each named once; a pattern names them all or ends with `..`.

```swir,fails
struct P { x: f64, y: f64 }
fn f() -> P { P { x: 1.0 } }
```

```swir
struct P { x: f64, y: f64 }
fn f() -> P { P { x: 1.0, y: 2.0 } }
```
";
    INFINITE_STRUCT = 222, "struct holds itself", "A struct is a value and holds its fields, so it cannot hold itself, directly or through others.

```swir,fails
struct Node { value: i32, next: Node }
```

```swir
struct Node { value: i32, next: addr }
```
";
    NOT_CONSTANT = 223, "not a constant expression", "The value of a `const` or `static` is made of literals, other constants, operators and `as`, without calls. A `static` may be `data […]` or a byte string too.

```swir,fails
fn one() -> i32 { 1 }
const ONE: i32 = one();
```

```swir
const ONE: i32 = 1;
const TWO: i32 = ONE + ONE;
```
";
    CYCLE = 224, "constant depends on itself", "The values of constants and statics must not depend on each other in a circle.

```swir,fails
const A: i32 = B + 1;
const B: i32 = A - 1;
```

```swir
const A: i32 = 2;
const B: i32 = A - 1;
```
";
    CONSTANT_ARITHMETIC = 225, "constant expression traps", "An operation that would trap at run time has no value at compile time.

```swir,fails
const N: i32 = 1 / 0;
```

```swir
const N: i32 = 1 / 1;
```
";
    DATA = 226, "invalid static data", "`data […]` is the whole value of a `const` or `static` of type `MemorySegment`. Its elements are scalars, addresses and byte strings, all constant.

```swir,fails
const N: i32 = data [1, 2];
```

```swir
const N: MemorySegment = data [1, 2];
```
";
    FUNCTION_VALUE = 227, "function as a value", "A function's name gives a pointer only where the type `extern fn(…)` is expected.

```swir,fails
fn g() -> i32 { 1 }
fn f() -> i32 { let p = g; p() }
```

```swir
fn g() -> i32 { 1 }
fn f() -> i32 { let p: extern fn() -> i32 = g; p() }
```
";
    BREAK_VALUE = 228, "loop without a value", "`loop` and labelled blocks have the value that `break` gives; `while` and `for` have none.

```swir,fails
fn f() { while true { break 1; } }
```

```swir
fn f() -> i32 { loop { break 1; } }
```
";
    PATTERN = 229, "invalid pattern", "Patterns of `match` are literals, constants, ranges of them that are not empty, `_`, or one name that takes every value. Bools, chars, integers and `addr` are matched.

```swir,fails
fn f(x: u8) -> i32 { match x { 9..=0 => 1, _ => 0 } }
```

```swir
fn f(x: u8) -> i32 { match x { 0..=9 => 1, _ => 0 } }
```
";
    TAIL_CALL = 230, "invalid tail call", "`become` takes a call of a function whose result type is the caller's own.

```swir,fails
fn g() -> i64 { 1 }
fn f() -> i32 { become g() }
```

```swir
fn g() -> i32 { 1 }
fn f() -> i32 { become g() }
```
";
    NEGATED_UNSIGNED = 231, "negated unsigned value", "Unary `-` is for signed integers and floats. `0 - x` wraps, whatever the type.

```swir,fails
fn f(x: u32) -> u32 { -x }
```

```swir
fn f(x: u32) -> u32 { 0 - x }
```
";
    IMPL = 232, "invalid method", "`impl` is for structs and scalar types. Only a method's first parameter, `self`, is written without a type.

```swir,fails
impl () { fn f(self) {} }
```

```swir
impl u32 { fn f(self) {} }
```
";
    TEXT = 233, "text is not supported yet", "There is no type for text yet. `b\"…\"` is a `MemorySegment` over bytes.

```swir,fails
fn f() { let _s = \"text\"; }
```

```swir
fn f() { let _s = b\"text\"; }
```
";
    NEVER_VALUE = 234, "value of type `!`", "`!` is the type of what never comes back. It has no values, so only a function's result can be of that type.

```swir,fails
fn f(x: !) {}
```

```swir
fn f() -> ! { loop {} }
```
";
    ELEMENT = 235, "invalid element", "An element of a segment is written `a.i32[i]`: a `MemorySegment`, the type it is read as, and an integer index.

```swir,fails
fn f(a: MemorySegment) -> i32 { a.int[0] }
```

```swir
fn f(a: MemorySegment) -> i32 { a.i32[0] }
```
";
    DUPLICATE_MODULE = 236, "two modules of one name", "Each module of a program has a path of its own. Without `module …;` it is the file's name.

```swir,fails
module std::io;
fn f() {}
```

```swir
module io;
fn f() {}
```
";
    UNKNOWN_ATTRIBUTE = 240, "unknown attribute", "The language has no such attribute. What belongs to a tool has a path: `#[tool::name]` is carried along.

```swir,fails
#[inlin]
fn f() {}
```

```swir
#[inline]
fn f() {}
```
";
    ATTRIBUTE = 241, "misplaced attribute", "The attribute cannot stand on such an item, stands there twice, or takes other arguments.

```swir,fails
#[inline(sometimes)]
fn f() {}
```

```swir
#[inline(never)]
fn f() {}
```
";
    UNUSED_VARIABLE = 250, "unused variable", "A warning. The variable is never read. A name that begins with `_` says that this is meant.

```swir
fn f(x: i32) -> i32 { let _y = x; x }
```
";
    UNREACHABLE_CODE = 251, "unreachable code", "A warning. Control does not get there: what stands before returns, breaks, or never ends.

```swir
fn f() -> i32 { return 1; }
```
";
    UNUSED_IMPORT = 252, "unused `use`", "A warning. Nothing in the module uses what the `use` brings in.

```swir
use std::io;
fn f() { io::println(); }
```
";
    DEPRECATED = 253, "deprecated item", "A warning. The item is marked `#[deprecated]`; its message says what to use.

```swir
#[deprecated(\"use `g`\")]
fn f() {}
fn g() {}
```
";
    UNNAMED_IMPORT = 301, "import without a name", "An `extern fn` says what it imports. There is no import that nobody wrote.

```swir,fails
extern fn log(x: i32);
```

```swir
#[wasm_import(\"host\", \"log\")]
extern fn log(x: i32);
```
";
    EXTERN_BODY = 302, "import with a body", "An `extern fn` is provided by the host and has no body.

```swir,fails
#[wasm_import(\"host\", \"log\")]
extern fn log(x: i32) {}
```

```swir
fn log(_x: i32) {}
```
";
    DUPLICATE_EXPORT = 303, "exported twice", "Exports of a module have different names, also from those that the linker adds: `memory` and `__heap_base`. There is one `start` function.

```swir,fails
#[wasm_export(\"f\")]
fn f() {}
#[wasm_export(\"f\")]
fn g() {}
```

```swir
#[wasm_export(\"f\")]
fn f() {}
#[wasm_export(\"g\")]
fn g() {}
```
";
    ENTRY = 304, "entry function with a signature", "Functions exported as `_start` or `_initialize`, and those with `start` or `at_exit`, take and give nothing.

```swir,fails
#[wasm_export(\"_start\")]
fn main() -> i32 { 0 }
```

```swir
#[wasm_export(\"_start\")]
fn main() {}
```
";
    IMPORT_CONFLICT = 310, "imports that disagree", "Two declarations bind one import with different types. An import has one type.

```swir,fails
#[wasm_import(\"host\", \"log\")]
extern fn log(x: i32);
#[wasm_import(\"host\", \"log\")]
extern fn log_float(x: f64);
```

```swir
#[wasm_import(\"host\", \"log\")]
extern fn log(x: i32);
#[wasm_import(\"host\", \"log_float\")]
extern fn log_float(x: f64);
```
";
    UNKNOWN_IMPORT = 312, "unknown import", "The functions of WASI's modules are known, and this is none of them.

```swir,fails
#[wasm_import(\"wasi_snapshot_preview1\", \"fd_wrte\")]
extern fn fd_write(fd: i32, iovs: addr, iovs_len: i32, nwritten: addr) -> i32;
```

```swir
#[wasm_import(\"wasi_snapshot_preview1\", \"fd_write\")]
extern fn fd_write(fd: i32, iovs: addr, iovs_len: i32, nwritten: addr) -> i32;
```
";
    IMPORT_SIGNATURE = 313, "import with another signature", "The function of WASI has other types than the declaration. Types count as WebAssembly sees them: `addr`, `u32` and `bool` are all i32.

```swir,fails
#[wasm_import(\"wasi_snapshot_preview1\", \"fd_write\")]
extern fn fd_write(fd: i32, iovs: addr) -> i32;
```

```swir
#[wasm_import(\"wasi_snapshot_preview1\", \"fd_write\")]
extern fn fd_write(fd: i32, iovs: addr, iovs_len: i32, nwritten: addr) -> i32;
```
";
    TEMPLATE = 401, "malformed template", "The text between the braces of `wasm { … }` is one or more instructions in WebAssembly's folded text format.

```swir,fails
fn f(x: i32) -> i32 = wasm { (i32.add $x 1) };
```

```swir
fn f(x: i32) -> i32 = wasm { (i32.add $x (i32.const 1)) };
```
";
    MNEMONIC = 402, "unknown instruction", "WebAssembly has no instruction of that name.

```swir,fails
fn f(x: i32) -> i32 = wasm { (i32.popcount $x) };
```

```swir
fn f(x: i32) -> i32 = wasm { (i32.popcnt $x) };
```
";
    TEMPLATE_TYPES = 403, "ill-typed template", "An instruction gets operands of other types than it takes, or the template leaves something else than the declared result.

```swir,fails
fn f(x: i64) -> i32 = wasm { (i32.popcnt $x) };
```

```swir
fn f(x: i32) -> i32 = wasm { (i32.popcnt $x) };
```
";
    HOLES = 404, "invalid hole", "A hole `$name` stands for a parameter or variable, or a field of one (`$name.field`). Each occurs exactly once: what needs a value twice is an ordinary `#[inline]` function.

```swir,fails
fn f(x: i32) -> i32 = wasm { (i32.mul $x $x) };
```

```swir
#[inline]
fn f(x: i32) -> i32 { x * x }
```
";
    TEMPLATE_RESULT = 406, "template without a type", "Instructions leave what the place expects. Where no place says a type, nothing does.

```swir,fails
fn f() { let x = wasm { (i32.const 1) }; }
```

```swir
fn f() -> i32 { let x: i32 = wasm { (i32.const 1) }; x }
```
";
    INTRINSIC = 410, "unknown intrinsic", "`#[intrinsic(path)]` names a row of the intrinsic table: a function `= wasm { … };` of the library or of the program.

```swir,fails
#[intrinsic(std::memory::MemorySegment::slice)]
fn part(s: MemorySegment, offset: addr, size: addr) -> MemorySegment;
```

```swir
#[intrinsic(std::memory::MemorySegment::get_i32)]
fn load(s: MemorySegment, offset: addr) -> i32;
```
";
    INTRINSIC_SIGNATURE = 411, "stub with another signature", "A stub has the types of the row that it is bound to, as WebAssembly sees them.

```swir,fails
#[intrinsic(std::memory::MemorySegment::get_i32)]
fn load(s: MemorySegment, offset: addr) -> i64;
```

```swir
#[intrinsic(std::memory::MemorySegment::get_i32)]
fn load(s: MemorySegment, offset: addr) -> i32;
```
";
    MISSING_BODY = 412, "function without a body", "A function without a body is bound to the intrinsic table with `#[intrinsic(path)]`, or to the host with `extern fn`.

```swir,fails
fn f();
```

```swir
fn f() {}
```
";
    CHECKED = 413, "invalid check", "`checked(n)` tests that `n` bytes at `offset` lie inside `self`: the first parameters are `self`, a `MemorySegment`, and `offset: addr`.

```swir,fails
fn f(at: addr) -> i32 = checked(4) wasm { (i32.load $at) };
```

```swir
fn f(at: addr) -> i32 = wasm { (i32.load $at) };
```
";
    NESTING = 501, "nesting too deep", "Expressions, blocks, types and parentheses nest at most 256 levels. A chain of infix operators or of `else if`s counts once, however long.
Compute the inner part into a `let` first, or move it into a function.

```swir
fn f(a: i32) -> i32 { a + a + a + a }
```
";
    TEXT_TOO_LONG = 502, "file too large", "A module's text has less than 2 GiB. Divide it into several modules.

```swir
use std::io;
fn f() { io::println(); }
```
";
    TOO_LARGE = 520, "larger than engines take", "A struct lives in locals, one for each scalar in it, and a function takes at most 1000. Structs hold structs at most 64 deep. Keep large data in memory.
WebAssembly engines have limits of their own: 50000 locals and 7654321 bytes of code in a function, 1000000 functions, globals and exports in a module, 100000 bytes in the name of an import or export. Divide the function or the program; optimised functions need fewer locals.

```swir
struct Large { at: addr, size: addr }
```
";
    NO_EXPORT = 330, "nothing is exported", "A module without exports can't be called, so it would be empty. Export a function.

```swir,fails-to-link
fn main() {}
```

```swir
#[wasm_export(\"_start\")]
fn main() {}
```
";
    UNKNOWN_PASS = 331, "unknown pass", "`--passes` names a pass that the optimiser doesn't have. The message lists those it has.";
    LINK_EXPORT = 340, "a linked module has no such export", "An `extern fn` names a module that is linked statically (`--link`), and that module exports no function of this name.
Correct the name, or export the function from the module.";
    LINK_TYPE = 341, "another type than in the linked module", "A declaration, or an import of a linked module, has another type than what it is linked with. Types count as WebAssembly sees them: `addr`, `u32`
and `bool` are all i32. The message shows both; declare what the other side has.";
    LINK_IMPORT = 342, "an import that linking cannot satisfy", "A linked module imports from another linked module, or from the program (`env`, or the name of its first module), what is not exported there. Imports from
other modules stay imports of the result, but for memories, which the result always has of its own.

Export it from the program, or import it in the program too: what the program itself imports, the host provides.";
    LINK_MEMORY = 343, "linked modules that disagree about memory", "Data of two modules overlaps in a memory that they share, lies outside of it or at an unknown place; the memory is not as a module wants it; or two memories of
one program are both to be the one that WASI sees.

The program's own static data begins at address 1024. Let the other module put its data elsewhere (wasm-ld: `--global-base`), or let it have a memory of its own.";
    LINK_NAME = 344, "two linked modules of one name", "Each linked module has a name of its own, which `#[wasm_import(name, …)]` says: its file's name without extension, unless `--link name=FILE` says another.";
    BUILDER_NAME = 601, "builder: no name", "A builder call gives an empty name. Names are any text of at least one character.

```swir
fn `any text` () { }
```
";
    BUILDER_FOREIGN = 602, "builder: an expression of another function", "An `Expr` or `Local` of one function's body was used in another's. Pass the value as a parameter, or build it again.

```swir
fn f(x: i32) -> i32 { g(x) }
fn g(x: i32) -> i32 { x }
```
";
    BUILDER_PLACED = 603, "builder: an expression of a block that has ended", "An `Expr` that is not used in the block where it is made becomes a statement of that block; afterwards it is no value any more.
Bind it to a local, or return it from the block's closure.

```swir
fn f() -> i32 { let x = g(); { x + 1 } }
fn g() -> i32 { 1 }
```
";
    BUILDER_MISPLACED = 604, "builder: a call that fits nothing", "The call says something that the text has no way to say, such as a second `self`, an arm without a pattern or `become` without a call.

```swir
fn f(x: i32) -> i32 { match x { 1 | 2 => 3, _ => 4 } }
```
";
    BUILDER_PARAM = 605, "builder: no such parameter", "`param(n)` counts the function's parameters from 0, `self` included.

```swir
fn f(a: i32, b: i32) -> i32 { b }
```
";
    BUILDER_LITERAL = 606, "builder: a malformed literal", "A number, position or template given to the builder cannot be written as text.

```swir
fn f() -> f64 { 0x1.8p3 }
```
";
    NO_FILE = 701, "no such file", "A file that was named isn't there. Check the spelling; a relative path starts from the current folder.";
    FOLDER = 702, "a folder, not a file", "A program is made of files. Name the files in the folder, or go into a project's folder and name none.";
    CANNOT_READ = 703, "a file cannot be read", "The file is there, but it cannot be opened or is too large. The message gives the reason.";
    CANNOT_WRITE = 704, "a file cannot be written", "The output's folder is missing, or the file may not be changed. The message gives the reason.";
    NOT_A_MODULE = 705, "not a WebAssembly module", "A file that ends in `.wasm` or `.wat` is neither a module in binary nor in text form. The message tells where it stops being one.";
    CANNOT_RUN = 706, "a module cannot be run", "A module runs if it exports `_start` (or what `--invoke` names), and imports nothing but WASI preview 1.

Put `#[wasm_export(\"_start\")]` before the function that is the program:

```swir
#[wasm_export(\"_start\")]
fn main() {}
```
";
    OFFSETS_DROPPED = 707, "information about positions of code is dropped", "Debug information (`.debug_*`), source maps and the like say where in the code something is. When passes change the code, DWARF is converted; what can't be converted would be wrong, so it is left out: source maps, split DWARF, type units, macros, and what is broken.
`--passes none` keeps code and debug information as they are; `--strip` drops it without a word.";
    RELOCATABLE = 708, "a relocatable object", "The module is an object file for a linker: its `linking` and `reloc.*` sections name places in the code, which passes move. Link it first, then optimise the result.";
    NO_FUNCTION = 709, "no such function in the module", "A function of a module is named by its name in the name section, by the name it is exported under, or by its index.";
    BROKEN_BY_PASS = 710, "a pass would have broken a function", "`swasm opt` verifies what passes make of each function. What one of them made of this function is not valid, so the function is left as it was; the module does what it did.

This is a bug of swasm: please report it, with the module. `--passes` with the other passes does without the one that is named.";
    INDICES_DROPPED = 711, "information that may name indices is dropped", "`swasm opt --renumber` gives functions, globals and types other indices. A custom section that swasm doesn't know may name them, and would be wrong, so it is left out.";
}

/// The row of `code`.
pub fn explain(code: Code) -> Option<&'static Explanation> {
    ALL.iter().find(|row| row.code == code)
}
