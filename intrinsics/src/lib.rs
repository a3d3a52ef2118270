//! Which calls are replaced, and by which tree; import and export rules; witx tables.
//!
//! The intrinsic table is text: modules of `std` whose functions are one line each, a signature and a `wasm { … }` template. Nothing in Rust
//! lists them. What Rust must know is only what the linker itself supplies: [`HOOKS`].

pub mod imports;
#[rustfmt::skip]
mod witx;

macro_rules! table {
    ($($name:literal),* $(,)?) => {
        /// Path, file (for messages and debug information) and text of each module of the table, sorted by path.
        pub const TABLE: &[(&str, &str, &str)] = &[$((
            concat!("std::", $name),
            concat!("table/", $name, ".swir"),
            include_str!(concat!("../table/", $name, ".swir")),
        )),*];
    };
}

table!["float", "integer", "memory", "simd"];

/// Something of the library that the linker supplies or asks for by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hook {
    /// The argument of `#[intrinsic(…)]`, or the path of the library's item.
    pub name: &'static str,
    /// What kind of thing it is.
    pub kind: HookKind,
    /// What the linker does with it.
    pub meaning: &'static str,
}

/// The kinds of [`Hook`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HookKind {
    /// `#[intrinsic(name)]` on a `const`: the linker gives its value.
    Value,
    /// `#[intrinsic(name)]` on a function without a body: the linker writes the body.
    Body,
    /// A function that the linker calls.
    Call,
    /// A struct that the linker knows the fields of.
    Struct,
}

macro_rules! hooks {
    ($($kind:ident $name:literal: $meaning:literal;)*) => {
        /// All that passes between the linker and the library otherwise than by an ordinary use, sorted by name.
        pub const HOOKS: &[Hook] = &[$(Hook { name: $name, kind: HookKind::$kind, meaning: $meaning }),*];
    };
}

hooks! {
    Value "config.at_exit": "Whether `link.run_at_exit` calls anything.";
    Value "config.heap_base": "The end of static data, a multiple of 16.";
    Value "config.initial_pages": "Pages the memory starts with; they end at least 64 bytes above the heap base.";
    Value "config.memory_checked": "False in the mode `unchecked`.";
    Value "config.memory_poison": "True in the mode `poison`.";
    Value "config.memory_zero": "True in the mode `zero`.";
    Value "config.read_only_end": "The end of read-only static data, which comes first.";
    Body "link.run_at_exit": "Calls the `at_exit` functions of all reachable modules, in the order of modules and items; nothing if there are none.";
    Struct "std::memory::MemoryAllocator": "`record: addr`, what `std::scope::open` gave.";
    Call "std::memory::MemoryAllocator::allocate": "What makes a scope static, if its calls are all of this and constant.";
    Call "std::memory::MemoryAllocator::allocate_innermost": "The same where the receiver is the variable of the innermost open scope.";
    Struct "std::memory::MemorySegment": "`address: addr, size: addr`; `data […]`, byte strings and `a.i32[i]` are made of it.";
    Call "std::scope::check_read": "Mode `poison`: address and width, after the bounds check, before a `checked` row or an element is read.";
    Call "std::scope::check_write": "Mode `poison`: likewise before it is written.";
    Call "std::scope::close": "Leaving `with_memory_allocator`: the record.";
    Call "std::scope::close_at": "The same in the mode `poison`: the record and the line where the scope ends.";
    Call "std::scope::level": "At a `try`: what to give to `restore`.";
    Call "std::scope::open": "Entering `with_memory_allocator`: gives the record.";
    Call "std::scope::restore": "At a `catch`: closes what was opened since `level`.";
    Call "std::trap::invalid_char": "A `char` that came from the host or from a template is none: its number.";
    Call "std::trap::out_of_bounds": "A `checked` row or an element failed its test: offset (i64), width, size.";
}

/// The hook of that name.
pub fn hook(name: &str) -> Option<&'static Hook> {
    HOOKS.binary_search_by_key(&name, |hook| hook.name).ok().map(|index| &HOOKS[index])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The largest file, in bytes; the library's limit.
    const MAX_FILE_SIZE: usize = 32 * 1024;

    #[test]
    fn the_table_is_the_folder() {
        let mut files: Vec<String> =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/table"))
                .unwrap()
                .map(|entry| format!("table/{}", entry.unwrap().file_name().to_str().unwrap()))
                .collect();
        files.sort();
        assert_eq!(files, TABLE.iter().map(|&(_, file, _)| file).collect::<Vec<_>>());
    }

    #[test]
    fn each_file_names_its_module_and_is_small() {
        for &(path, file, text) in TABLE {
            assert!(text.starts_with("//! "), "{file} says what it is");
            assert!(text.contains(&format!("\nmodule {path};\n")), "{file} is module {path}");
            assert!(text.len() <= MAX_FILE_SIZE, "{file} has {} bytes", text.len());
        }
    }

    #[test]
    fn every_hook_is_found() {
        assert!(HOOKS.is_sorted_by_key(|hook| hook.name));
        for wanted in HOOKS {
            assert_eq!(hook(wanted.name), Some(wanted));
        }
        assert_eq!(hook("config.nothing"), None);
    }
}
