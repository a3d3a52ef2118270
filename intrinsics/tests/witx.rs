//! WASI's own documents, in witx, become the import tables and `std::wasi`; both are committed, and this test regenerates and compares.
//!
//! `SWASM_BLESS=1 cargo test -p swasm-intrinsics --test witx` writes them.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use witx::{
    BuiltinType, Document, Id, IntRepr, InterfaceFunc, RecordKind, Type, TypeRef, WasmType,
};

/// The package that brings the documents along, in `witx/p0` and `witx/p1`.
const HOST: &str = "wasmtime-wasi";

/// A line for each function of preview 1, in our own words.
const DOCS: &[(&str, &str)] = &[
    (
        "args_get",
        "Fills in the arguments: their addresses at `argv`, their zero-terminated bytes at `argv_buf`.",
    ),
    ("args_sizes_get", "How many arguments there are, and how many bytes they need."),
    ("clock_res_get", "The resolution of a clock, in nanoseconds (u64)."),
    ("clock_time_get", "The time of a clock, in nanoseconds (u64)."),
    (
        "environ_get",
        "Fills in the environment, `NAME=value` each: addresses at `environ`, zero-terminated bytes at `environ_buf`.",
    ),
    ("environ_sizes_get", "How many variables there are, and how many bytes they need."),
    ("fd_advise", "Says how a part of a file will be used."),
    ("fd_allocate", "Makes sure that a part of a file has space."),
    ("fd_close", "Closes a descriptor."),
    ("fd_datasync", "Waits until a file's data is stored."),
    ("fd_fdstat_get", "Type, flags and rights of a descriptor (24 bytes)."),
    ("fd_fdstat_set_flags", "Changes a descriptor's flags."),
    ("fd_fdstat_set_rights", "Takes rights away from a descriptor."),
    ("fd_filestat_get", "Size, times and identity of an open file (64 bytes)."),
    ("fd_filestat_set_size", "Cuts or extends a file."),
    ("fd_filestat_set_times", "Changes the times of an open file."),
    (
        "fd_pread",
        "Reads at an offset into buffers (address and size each); gives the number of bytes read.",
    ),
    ("fd_prestat_get", "What a descriptor that was open from the start stands for (8 bytes)."),
    ("fd_prestat_dir_name", "The name of a directory that was open from the start."),
    (
        "fd_pwrite",
        "Writes buffers at an offset; gives the number of bytes written, which may be fewer.",
    ),
    (
        "fd_read",
        "Reads into buffers (address and size each); gives the number of bytes read, 0 at the end.",
    ),
    ("fd_readdir", "Reads directory entries from `cookie` on; gives the number of bytes stored."),
    ("fd_renumber", "Gives a descriptor another's number, which is closed."),
    ("fd_seek", "Moves a descriptor's offset; gives the new one (u64)."),
    ("fd_sync", "Waits until a file's data and metadata are stored."),
    ("fd_tell", "A descriptor's offset (u64)."),
    (
        "fd_write",
        "Writes buffers (address and size each); gives the number of bytes written, which may be fewer.",
    ),
    ("path_create_directory", "Makes a directory."),
    ("path_filestat_get", "Size, times and identity of a file (64 bytes)."),
    ("path_filestat_set_times", "Changes the times of a file."),
    ("path_link", "Makes a hard link."),
    ("path_open", "Opens or creates a file; gives its descriptor (i32)."),
    ("path_readlink", "Where a symbolic link leads; gives the number of bytes stored."),
    ("path_remove_directory", "Removes an empty directory."),
    ("path_rename", "Renames a file or directory."),
    ("path_symlink", "Makes a symbolic link."),
    ("path_unlink_file", "Removes a file."),
    ("poll_oneoff", "Waits for one of several events; gives how many happened."),
    ("proc_exit", "Ends the program. It runs no `at_exit` function: `std::process::exit` does."),
    ("proc_raise", "Sends a signal to the program itself."),
    ("random_get", "Fills a buffer with random bytes."),
    ("sched_yield", "Lets others run."),
    ("sock_accept", "Accepts a connection; gives its descriptor (i32)."),
    ("sock_recv", "Receives into buffers; gives the number of bytes and flags."),
    ("sock_send", "Sends buffers; gives the number of bytes."),
    ("sock_shutdown", "Shuts down one or both directions of a connection."),
];

/// The folder of the documents, in the host's sources.
fn documents() -> PathBuf {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let host = packages
        .iter()
        .find(|package| package["name"] == HOST)
        .expect("the executor depends on the WASI host");
    Path::new(host["manifest_path"].as_str().unwrap()).with_file_name("witx")
}

fn load(path: &str) -> Document {
    witx::load(&[documents().join(path)]).unwrap()
}

/// Compares with the committed file, or writes it.
fn hold(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("SWASM_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == text,
        "{file} differs from what WASI's documents say; SWASM_BLESS=1 writes it"
    );
}

fn functions(document: &Document, module: &str) -> Vec<std::rc::Rc<InterfaceFunc>> {
    let mut functions: Vec<_> = document.module(&Id::new(module)).unwrap().funcs().collect();
    functions.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    functions
}

#[test]
fn the_import_tables_are_what_witx_says() {
    let mut text = String::from(
        "//! The functions of WASI's preview 1 and of its forerunner: names and core signatures, sorted by name.\n//!\n\
         //! Made from WASI's documents by the test `witx`, which also compares: `SWASM_BLESS=1 cargo test -p swasm-intrinsics --test witx`.\n\n\
         use swasm_tree::ValType::{self, I32, I64};\n\nuse crate::imports::Function;\n\n\
         const fn function(name: &'static str, params: &'static [ValType], results: &'static [ValType]) -> Function {\n    Function { name, params, results }\n}\n",
    );
    for (module, path) in [
        ("wasi_snapshot_preview1", "p1/wasi_snapshot_preview1.witx"),
        ("wasi_unstable", "p0/wasi_unstable.witx"),
    ] {
        write!(text, "\npub(crate) const {}: &[Function] = &[\n", module.to_uppercase()).unwrap();
        for function in functions(&load(path), module) {
            let (params, results) = function.wasm_signature();
            writeln!(
                text,
                "    function(\"{}\", &[{}], &[{}]),",
                function.name.as_str(),
                types(&params),
                types(&results)
            )
            .unwrap();
        }
        text += "];\n";
    }
    hold("src/witx.rs", &text);
}

fn types(types: &[WasmType]) -> String {
    let names = types.iter().map(|ty| match ty {
        WasmType::I32 => "I32",
        WasmType::I64 => "I64",
        WasmType::F32 => "F32",
        WasmType::F64 => "F64",
    });
    names.collect::<Vec<_>>().join(", ")
}

#[test]
fn std_wasi_is_what_witx_says() {
    let document = load("p1/wasi_snapshot_preview1.witx");
    let mut text = String::from(
        "//! WASI preview 1 as it is: every function, and the numbers of its types. Pointers are `addr`, results in memory come through them.\n//!\n\
         //! Made from WASI's documents by a test, which also compares.\n\nmodule std::wasi;\n",
    );
    let all = functions(&document, "wasi_snapshot_preview1");
    for function in &all {
        let name = function.name.as_str();
        let (_, doc) = DOCS
            .iter()
            .find(|(documented, _)| *documented == name)
            .unwrap_or_else(|| panic!("{name} has no line in DOCS"));
        let (params, result) = signature(function);
        let core: Vec<_> = params
            .iter()
            .map(|(_, ty)| if ty.ends_with("64") { WasmType::I64 } else { WasmType::I32 })
            .collect();
        assert_eq!(function.wasm_signature().0, core, "{name}");
        let params: Vec<_> = params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        write!(text, "\n/// {doc}\n#[wasm_import(\"wasi_snapshot_preview1\", \"{name}\")]\npub extern fn {name}({}){result};\n", params.join(", ")).unwrap();
    }
    assert_eq!(all.len(), DOCS.len(), "DOCS has a line for what isn't there");
    for named in document.typenames() {
        let name = named.name.as_str();
        let upper = name.to_uppercase();
        let (ty, values): (_, Vec<(&str, u64)>) = match &**named.type_() {
            // An errno only comes as a function's result, which is an i32.
            Type::Variant(variant) if variant.is_enum() => {
                let ty = if name == "errno" { "i32" } else { integer(variant.tag_repr) };
                (ty, variant.cases.iter().map(|case| case.name.as_str()).zip(0..).collect())
            }
            Type::Record(record) => match record.kind {
                RecordKind::Bitflags(repr) => (
                    integer(repr),
                    record
                        .members
                        .iter()
                        .zip(0..)
                        .map(|(member, bit)| (member.name.as_str(), 1 << bit))
                        .collect(),
                ),
                RecordKind::Tuple | RecordKind::Other => continue,
            },
            Type::Variant(_)
            | Type::Handle(_)
            | Type::List(_)
            | Type::Pointer(_)
            | Type::ConstPointer(_)
            | Type::Builtin(_) => continue,
        };
        text.push('\n');
        for (value, number) in values {
            writeln!(text, "pub const {upper}_{}: {ty} = {number};", value.to_uppercase()).unwrap();
        }
    }
    text += "\n/// The name of an errno, as WASI spells it.\npub fn errno_name(errno: i32) -> MemorySegment {\n    match errno {\n";
    let errno = document.typename(&Id::new("errno")).unwrap();
    let Type::Variant(errno) = &**errno.type_() else { panic!("errno is an enum") };
    for (case, number) in errno.cases.iter().zip(0..) {
        writeln!(text, "        {number} => b\"{}\",", case.name.as_str()).unwrap();
    }
    text += "        _ => b\"unknown\",\n    }\n}\n";
    hold("../stdlib/std/wasi.swir", &text);
}

/// Parameters, those that results are stored through among them, and ` -> result`.
fn signature(function: &InterfaceFunc) -> (Vec<(String, &'static str)>, &'static str) {
    let mut params = Vec::new();
    for param in &function.params {
        // The language has its own use for one of the names.
        let name = if param.name.as_str() == "in" { "subscriptions" } else { param.name.as_str() }
            .to_string();
        match &**param.tref.type_() {
            Type::List(_) => {
                params.push((name.clone(), "addr"));
                params.push((format!("{name}_len"), "addr"));
            }
            Type::Pointer(_) | Type::ConstPointer(_) => params.push((name, "addr")),
            Type::Handle(_) => params.push((name, "i32")),
            Type::Variant(variant) if variant.is_enum() => {
                params.push((name, integer(variant.tag_repr)))
            }
            Type::Record(record) => params.push((
                name,
                integer(record.bitflags_repr().expect("records are passed as pointers")),
            )),
            Type::Builtin(builtin) => {
                params.push((name, if is_size(&param.tref) { "addr" } else { scalar(*builtin) }))
            }
            Type::Variant(_) => panic!("{} takes a union", function.name.as_str()),
        }
    }
    if function.noreturn {
        return (params, " -> !");
    }
    let Some(result) = function.results.first() else { return (params, "") };
    let Type::Variant(result) = &**result.tref.type_() else {
        panic!("{} gives no errno", function.name.as_str())
    };
    match result.as_expected().expect("a result is an errno or more").0.map(|ty| &**ty.type_()) {
        None => (),
        Some(Type::Record(record)) if record.is_tuple() => {
            params.extend((0..record.members.len()).map(|index| (format!("result{index}"), "addr")))
        }
        Some(_) => params.push(("result".into(), "addr")),
    }
    (params, " -> i32")
}

/// Whether a type is a size of something in memory.
fn is_size(tref: &TypeRef) -> bool {
    matches!(tref, TypeRef::Name(named) if named.name.as_str() == "size")
}

fn integer(repr: IntRepr) -> &'static str {
    scalar(repr.to_builtin())
}

fn scalar(builtin: BuiltinType) -> &'static str {
    match builtin {
        BuiltinType::Char => "char",
        BuiltinType::U8 { .. } => "u8",
        BuiltinType::U16 => "u16",
        BuiltinType::U32 { lang_ptr_size: true } => "addr",
        BuiltinType::U32 { lang_ptr_size: false } => "u32",
        BuiltinType::U64 => "u64",
        BuiltinType::S8 => "i8",
        BuiltinType::S16 => "i16",
        BuiltinType::S32 => "i32",
        BuiltinType::S64 => "i64",
        BuiltinType::F32 => "f32",
        BuiltinType::F64 => "f64",
    }
}
