//! Directives in test files, stable snapshots, insta macros.
