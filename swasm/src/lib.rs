//! swasm turns a typed, Rust-like IR into small WebAssembly modules for WASI.
//!
//! A front end builds a module and links it:
//!
//! ```
//! use swasm::Link;
//! use swasm::builder::ModuleBuilder;
//! use swasm::ir::ValueType::I32;
//!
//! let mut module = ModuleBuilder::new("sums");
//! module.function("sum").param("n", I32).result(I32).export("sum").value(|f| {
//!     let sum = f.let_("sum").mutable().value(0);
//!     f.for_inclusive("i", 1, f.param(0), |i| sum.assign(sum + i));
//!     sum.read()
//! });
//! let wasm = module.link()?.to_wasm()?;
//! assert!(wasm.starts_with(b"\0asm"));
//! # Ok::<(), swasm::Diagnostics>(())
//! ```
//!
//! or hands over text. Several modules, built or in text, are joined in a [`Program`]:
//!
//! ```
//! use swasm::{OptLevel, Options, Program};
//!
//! let mut program = Program::new();
//! program.text("main.swir", "use twice; #[wasm_export(\"f\")] fn f(x: i32) -> i32 { twice::twice(x) }");
//! assert_eq!(program.missing_modules(), ["twice"]);
//! program.text("twice.swir", "pub fn twice(x: i32) -> i32 { x + x }");
//! let options = Options { opt_level: OptLevel::O2, ..Options::default() };
//! let wasm = program.check()?.link(&options)?.wasm;
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
//! Modules that somebody else compiled are linked ([`Options::links`]), optimised ([`optimize()`]) and shown as text ([`module_text`]):
//!
//! ```
//! use swasm::{LinkedModule, Options, Part, Program, module_text};
//!
//! let mut library = Program::new();
//! library.text("math.swir", "#[wasm_export(\"twice\")] fn twice(x: i32) -> i32 { x + x }");
//! let bytes = library.check()?.link(&Options::default())?.wasm;
//!
//! let mut program = Program::new();
//! program.text("main.swir", "#[wasm_import(\"math\", \"twice\")] extern fn twice(x: i32) -> i32;
//!     #[wasm_export(\"f\")] fn f(x: i32) -> i32 { twice(x) }");
//! let math = LinkedModule { name: "math".to_owned(), bytes: bytes.into() };
//! let options = Options { links: vec![math], ..Options::default() };
//! let wasm = program.check()?.link(&options)?.wasm;
//! assert!(!module_text(&wasm, Part::Skeleton)?.contains("import"));
//! # Ok::<(), swasm::Diagnostics>(())
//! ```
//!
//! Features: `parallel` compiles functions on the threads of rayon's current pool, with the same bytes; `executor` re-exports the executor, which compiles with Cranelift; `testkit` re-exports the testkit. None is on by default.

mod diagnostics;
mod emit;
mod link;
mod module;
mod program;

pub use diagnostics::{Diagnostics, MAX_SHOWN};
pub use emit::{EMIT_VARIABLE, Emit};
pub use link::{Link, Linked};
pub use module::{Optimized, module_text, optimize};
pub use program::{Checked, Program, format};
pub use swasm_frontend_ir::source::MAX_TEXT;
pub use swasm_frontend_ir::{Code, Diagnostic, Level, Position, builder, codes, ir};
pub use swasm_linker::{
    Artifact, LinkedModule, MemoryMode, OptLevel, OptimizeOptions, Options, Part, Phase, Print,
    Printed, Stage, pass_names,
};

#[cfg(feature = "executor")]
pub use swasm_executor as executor;
#[cfg(feature = "testkit")]
pub use swasm_testkit as testkit;
