//! Benchmarks of swasm.
