//! The typed source language of swasm: its data ([`ir`]), its text, its builder, its checks and its diagnostics.
//!
//! Text or builder calls become an [`ir::Module`]; [`checked`] holds what `check` makes of it.

pub mod builder;
pub mod check;
pub mod checked;
pub mod codes;
pub mod diagnostic;
pub mod format;
pub mod ir;
mod lexer;
pub mod library;
mod literal;
pub mod nesting;
pub mod outline;
pub mod parser;
pub mod print;
pub mod render;
mod same;
pub mod source;

pub use check::suggest::nearest;
pub use check::{Failed, ImportProblem, ImportRules, check};
pub use diagnostic::{Code, Diagnostic, Label, Level, ModuleId, Place, Sources};
pub use format::format;
pub use outline::{Outline, OutlineItem, OutlineKind, outline};
pub use parser::{Parsed, parse, parse_bytes, parse_item};
pub use print::print;
pub use source::{Line, Position, Source, Span, Start};
