//! WebAssembly as a tree: operator table, building, walking, folded text, verifying, encoding.
