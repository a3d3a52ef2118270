//! The standard library of swasm, written in .swir text.
