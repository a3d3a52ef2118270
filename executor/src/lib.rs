//! Runs WebAssembly: bytes in; values, output or traps out.
