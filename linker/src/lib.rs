//! Joins modules, drops what is unreachable, lowers checked IR to the tree, writes names and DWARF.
