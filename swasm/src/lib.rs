//! swasm turns a typed, Rust-like IR into small WebAssembly modules for WASI.
//!
//! A front end builds modules ([`builder`]) or hands over text, joins them in a [`Program`], and links it:
//!
//! ```
//! use swasm::{Options, Program};
//!
//! let mut program = Program::new();
//! program.text("double.swir", "#[wasm_export(\"double\")] fn double(x: i32) -> i32 { x + x }");
//! let wasm = program.check()?.link(&Options::default())?.wasm;
//! assert!(wasm.starts_with(b"\0asm"));
//! # Ok::<(), swasm::Diagnostics>(())
//! ```
//!
//! A mistake is never a panic: [`Diagnostics`] say everything that is wrong, with codes, places and a way out.
//!
//! ```
//! let mut program = swasm::Program::new();
//! program.text("main.swir", "fn f() -> i32 { 1.5 }");
//! let wrong = program.check().expect_err("a float is no i32");
//! assert!(wrong.short().starts_with("main.swir:1:17: error[SW0207]: "), "{wrong}");
//! ```
//!
//! Features: `executor` re-exports the executor, which compiles with Cranelift; `testkit` re-exports the testkit. Neither is on by default.

mod diagnostics;
mod emit;
mod link;
mod program;

pub use diagnostics::Diagnostics;
pub use emit::{EMIT_VARIABLE, Emit};
pub use link::{Link, Linked};
pub use program::{Checked, Program};
pub use swasm_frontend_ir::source::MAX_TEXT;
pub use swasm_frontend_ir::{Code, Diagnostic, Level, Position, codes, ir};
pub use swasm_linker::{
    Artifact, MemoryMode, OptLevel, Options, Phase, Print, Printed, Stage, pass_names,
};

#[cfg(feature = "executor")]
pub use swasm_executor as executor;
#[cfg(feature = "testkit")]
pub use swasm_testkit as testkit;
