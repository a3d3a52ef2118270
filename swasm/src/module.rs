//! Modules that somebody else compiled: optimised, and shown as text.

use swasm_linker::{OptimizeOptions, Part};

use crate::Diagnostics;

/// A module that was optimised, and what is to be said about it.
#[derive(Clone, Debug)]
pub struct Optimized {
    /// The module's bytes.
    pub wasm: Vec<u8>,
    /// What had to be left out.
    pub warnings: Diagnostics,
}

/// Sends the functions of a core module through the passes. Imports, exports, names and custom sections stay; information about positions
/// in the code stays only if the code is the same.
///
/// ```
/// use swasm::{OptLevel, OptimizeOptions, optimize};
///
/// let empty = b"\0asm\x01\0\0\0";
/// let options = OptimizeOptions { opt_level: OptLevel::O2, ..OptimizeOptions::default() };
/// assert_eq!(optimize(empty, &options)?.wasm, empty);
/// # Ok::<(), swasm::Diagnostics>(())
/// ```
///
/// # Errors
/// If the bytes are no valid core module, a pass does not exist, or the module is an object file and passes are to run.
pub fn optimize(bytes: &[u8], options: &OptimizeOptions) -> Result<Optimized, Diagnostics> {
    let outcome = swasm_linker::optimize(bytes, options);
    let optimized = outcome.map_err(Diagnostics::from_iter)?;
    Ok(Optimized { wasm: optimized.wasm, warnings: optimized.warnings.into_iter().collect() })
}

/// A core module, or a part of it, as folded WebAssembly text.
///
/// # Errors
/// If the bytes are no valid core module, or a function does not exist.
pub fn module_text(bytes: &[u8], part: Part<'_>) -> Result<String, Diagnostics> {
    swasm_linker::module_text(bytes, part).map_err(Diagnostics::from_iter)
}
