//! The typed source language of swasm: its data ([`ir`]), its text, its builder, its checks and its diagnostics.
//!
//! Text or builder calls become an [`ir::Module`]; [`checked`] holds what `check` makes of it.

pub mod checked;
pub mod codes;
pub mod diagnostic;
pub mod ir;
pub mod source;

pub use diagnostic::{Code, Diagnostic, Label, Level, ModuleId, Place, Sources};
pub use source::{Position, Source, Span};
