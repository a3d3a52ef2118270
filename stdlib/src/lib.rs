//! The standard library as text: a table of the files in `std/`, each one module, read by the linker when a program first names it.
//!
//! Invariant: the table is the folder, sorted by path, and no file is larger than [`MAX_FILE_SIZE`].

/// The largest file, in bytes: what a program that names one function makes the linker outline.
pub const MAX_FILE_SIZE: usize = 32 * 1024;

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        /// Path, file (for messages and debug information) and text of each module, sorted by path.
        pub const MODULES: &[(&str, &str, &str)] = &[$((
            concat!("std::", $name),
            concat!("std/", $name, ".swir"),
            include_str!(concat!("../std/", $name, ".swir")),
        )),*];
    };
}

modules![
    "clock", "config", "decimal", "env", "heap", "io", "process", "random", "scope", "trap", "wasi"
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_table_is_the_folder() {
        let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/std"))
            .unwrap()
            .map(|entry| format!("std/{}", entry.unwrap().file_name().to_str().unwrap()))
            .collect();
        files.sort();
        assert_eq!(files, MODULES.iter().map(|&(_, file, _)| file).collect::<Vec<_>>());
        assert!(MODULES.is_sorted_by_key(|&(path, _, _)| path));
    }

    #[test]
    fn each_file_names_its_module_and_is_small() {
        for &(path, file, text) in MODULES {
            assert!(text.starts_with("//! "), "{file} says what it is");
            assert!(text.contains(&format!("\nmodule {path};\n")), "{file} is module {path}");
            assert!(text.len() <= MAX_FILE_SIZE, "{file} has {} bytes", text.len());
        }
    }
}
