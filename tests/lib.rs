//! The programs that test swasm, and the laws it holds.
