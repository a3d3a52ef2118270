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
    TYPE_MISMATCH = 207, "mismatched types", "A value has another type than its place expects. Convert it with `as`, or call the function made for its type.

```swir,fails
fn f(x: f64) -> i32 { x }
```

```swir
fn f(x: f64) -> i32 { x as i32 }
```
";
}

/// The row of `code`.
pub fn explain(code: Code) -> Option<&'static Explanation> {
    ALL.iter().find(|row| row.code == code)
}
