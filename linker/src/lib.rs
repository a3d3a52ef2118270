//! Joins modules, drops what is unreachable, lowers checked IR to the tree, and writes a module with names and debug information.
//!
//! [`link`] is the picture of ARCHITECTURE.md: one line an arrow. Bodies flow through it one at a time.

pub mod options;

pub use options::{MemoryMode, Options, OptLevel, Print, Stage};
