//! The typed source language of swasm: data, text, builder, checks, diagnostics.
