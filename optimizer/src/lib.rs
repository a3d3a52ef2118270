//! Tree in, better tree out: the ordered list of passes.
