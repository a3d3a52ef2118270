//! Examples of swasm from Rust.
