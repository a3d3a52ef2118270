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
fn f( -> i32 { 1 }
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
    TYPE_MISMATCH = 207, "mismatched types", "A value has another type than its place expects. Convert it with `as`, or call the function made for its type.

```swir,fails
fn f(x: f64) -> i32 { x }
```

```swir
fn f(x: f64) -> i32 { x as i32 }
```
";
    NESTING = 501, "nesting too deep", "Expressions, blocks, types and parentheses nest at most 256 levels. A chain of infix operators counts once, however long.
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
}

/// The row of `code`.
pub fn explain(code: Code) -> Option<&'static Explanation> {
    ALL.iter().find(|row| row.code == code)
}
