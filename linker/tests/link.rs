//! Laws of linking that need no execution: what is refused, and that size is no obstacle.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use swasm_frontend_ir::library::{Library, LibraryModule};
use swasm_frontend_ir::{
    Diagnostic, ImportProblem, ImportRules, ModuleId, Sources, check, codes, parse,
};
use swasm_linker::{Artifact, OptLevel, Options, Program, link};
use swasm_tree::ValType;

/// A host that knows nothing, so everything is fine.
struct AnyHost;

impl ImportRules for AnyHost {
    fn check(&self, _: &str, _: &str, _: &[ValType], _: &[ValType]) -> Result<(), ImportProblem> {
        Ok(())
    }
}

/// A library of one module with an import that programs may disagree with.
fn library() -> Arc<Library> {
    const HOST: LibraryModule = LibraryModule {
        path: "std::host",
        file: "std/host.swir",
        text: "#[wasm_import(\"host\", \"f\")]\nextern fn f(x: i32) -> i32;\npub fn call() -> i32 { f(1) }\n",
    };
    const MODULES: &[LibraryModule] = &[HOST];
    Arc::new(Library::new(MODULES))
}

/// Links a program; with what is said, the places where it is said.
fn linked(text: &str, options: &Options) -> Result<Artifact, Vec<(Diagnostic, String)>> {
    let library = library();
    let parsed = parse("main.swir", text, ModuleId(library.len() as u32));
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let checked = match check(vec![parsed.module], library, &AnyHost) {
        Ok(checked) => checked,
        Err(failed) => panic!("{:?}", failed.diagnostics),
    };
    link(&checked, options).map_err(|diagnostics| {
        let place = |diagnostic: &Diagnostic| {
            let place = diagnostic.place.unwrap();
            let at = checked.source(place.module).position(place.span);
            format!("{}:{}:{}", at.file, at.line, at.column)
        };
        diagnostics
            .into_iter()
            .map(|diagnostic| {
                let at = place(&diagnostic);
                (diagnostic, at)
            })
            .collect()
    })
}

#[test]
fn declarations_of_one_import_agree_wherever_they_stand() {
    let program = |signature: &str, argument: &str, call: &str| {
        format!(
            "#[wasm_import(\"host\", \"f\")]\nextern fn g{signature};\n\
             #[wasm_export(\"main\")]\nfn main() {{ g({argument}); {call} }}"
        )
    };
    let library_call = "std::host::call();";
    assert!(linked(&program("(x: u32) -> i32", "1", library_call), &Options::default()).is_ok());
    // What is not reached does not matter.
    assert!(linked(&program("(x: i64) -> i32", "1", ""), &Options::default()).is_ok());
    let said = linked(&program("(x: i64) -> i32", "1", library_call), &Options::default());
    let said = said.unwrap_err();
    let [(diagnostic, at)] = &said[..] else { panic!("{said:?}") };
    assert_eq!((diagnostic.code, at.as_str()), (codes::IMPORT_CONFLICT, "main.swir:2:11"));
    assert_eq!(diagnostic.message, "`f` of `host` is imported with two signatures");
    assert_eq!(diagnostic.note.as_deref(), Some("here it is `fn(i64) -> i32`"));
    assert_eq!(diagnostic.labels.len(), 1);
}

#[test]
fn templates_call_through_types_that_are_written_out() {
    let text = "#[wasm_export(\"f\")]\n\
         fn f(slot: extern fn(i64, i32) -> f32, a: i64, b: i32) -> f32\n\
         = wasm { (call_indirect (param i64 i32) (result f32) $a $b $slot) };";
    for opt_level in [OptLevel::O0, OptLevel::O1] {
        let options = Options { opt_level, ..Options::default() };
        assert!(linked(text, &options).is_ok());
    }
}

#[test]
fn long_chains_of_else_if() {
    // Far more than it takes, far less than it would if time grew with the square of the length.
    const PATIENCE: Duration = Duration::from_secs(60);
    let links: String =
        (0..20_000).map(|at| format!("if x == {at} {{ x * {at} }} else\n")).collect();
    let text = format!("#[wasm_export(\"f\")] fn f(x: i32) -> i32 {{ {links} {{ 9 }} }}");
    for opt_level in [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os] {
        let start = Instant::now();
        let options = Options { opt_level, ..Options::default() };
        assert!(linked(&text, &options).is_ok());
        assert!(start.elapsed() < PATIENCE, "{opt_level:?}: {:?}", start.elapsed());
    }
}

/// Whether the module of a program with the whole library has a function whose name ends so.
fn has(text: &str, name: &str) -> bool {
    let mut program = Program::default();
    program.text("main.swir", text.as_bytes());
    let checked = program.check().unwrap();
    let wasm = link(&checked, &Options::default()).unwrap().wasm;
    wasm.windows(name.len()).any(|window| window == name.as_bytes())
}

#[test]
fn a_trap_runs_at_exit_functions_only_if_there_are_any() {
    let traps = "static CELLS: MemorySegment = data [1i32, 2i32];\n\
         #[wasm_export(\"f\")] fn f(i: i32) -> i32 { CELLS.i32[i] }\n";
    assert!(has(traps, "std::trap::out_of_bounds"));
    assert!(!has(traps, "leave_program"));
    assert!(has(&format!("{traps}#[at_exit] fn bye() {{ f(0); }}"), "leave_program"));
}
