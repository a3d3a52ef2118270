//! What a host sees: exports, the wrapper that runs `at_exit` functions, the memory.
//!
//! ```text
//! #[wasm_export("_start")] fn main()   ⇒   (func $_start (call $main) (call $std::io::flush)) if a linked module has an `at_exit` function
//! ```

use swasm_frontend_ir::checked::{Def, DefId, FunctionKind, GlobalKind};
use swasm_frontend_ir::{Diagnostic, codes};
use swasm_tree::{
    Body, ConstExpr, ExportItem, FuncId, FuncType, Global, GlobalKind as TreeGlobal, Loc,
    Producers, Symbol, ValType, WriteOptions, encode, verify,
};

use crate::options::Options;
use crate::unit::Unit;

/// The name under which a module made for tests exports a function that runs the `at_exit` functions.
pub const AT_EXIT_EXPORT: &str = "std::at_exit";

/// Adds exports and the start function; drops what they don't need.
pub(crate) fn export(unit: &mut Unit<'_>) -> Result<(), Vec<Diagnostic>> {
    let program = unit.program;
    for module in program.program_modules() {
        for def in program.definitions(module) {
            match program.def(def) {
                Def::Function(function) => {
                    for name in &function.exports {
                        let func = started(unit, name, def);
                        unit.module.export(name, ExportItem::Func(func));
                    }
                    if function.start {
                        unit.module.start = Some(unit.func(def));
                    }
                }
                Def::Global(global) => {
                    for name in &global.exports {
                        unit.export_static(name, def, false);
                    }
                }
                Def::Struct(_) => (),
            }
        }
    }
    start(unit);
    export_roots(unit);
    for def in unit.library_statics() {
        for name in &program.global(def).exports {
            unit.export_static(name, def, true);
        }
    }
    if unit.module.exports.is_empty() && unit.module.start.is_none() {
        return Err(vec![
            Diagnostic::global(codes::NO_EXPORT, "nothing is exported: the module would be empty")
                .help(
                    "put `#[wasm_export(\"_start\")]` before the function that a host is to call",
                ),
        ]);
    }
    if let Some(memory) = unit.wasi_memory()?
        && !unit.module.exports.iter().any(|export| &*export.name == "memory")
    {
        unit.module.export("memory", ExportItem::Memory(memory));
    }
    if unit.uses_heap {
        let heap_base = unit.module.add_global(Global {
            ty: ValType::I32,
            mutable: false,
            shared: false,
            name: Some("__heap_base".into()),
            kind: TreeGlobal::Defined(ConstExpr::Symbol(Symbol::HeapBase)),
        });
        unit.module.export("__heap_base", ExportItem::Global(heap_base));
    }
    unit.module.retain_reachable();
    Ok(())
}

/// The start functions of linked modules run before the program's.
fn start(unit: &mut Unit<'_>) {
    let mut starts = unit.joined.starts().to_vec();
    starts.extend(unit.module.start);
    unit.module.start = match *starts {
        [] => None,
        [only] => Some(only),
        _ => Some(calling(unit, "start", Loc::NONE, &starts)),
    };
}

/// The function to export as `name`: `_start` and `_initialize` run the `at_exit` functions when they are done.
fn started(unit: &mut Unit<'_>, name: &str, def: DefId) -> FuncId {
    let func = unit.func(def);
    if !matches!(name, "_start" | "_initialize") || unit.at_exit.is_empty() {
        return func;
    }
    let calls: Vec<FuncId> =
        std::iter::once(func).chain(unit.at_exit.iter().map(|def| unit.func(*def))).collect();
    // Where it comes from is the function that it is for.
    let place = unit.program.function(def).place;
    let loc = unit.locations.loc(place.module, place.span.begin());
    calling(unit, name, loc, &calls)
}

/// A function that calls others which take and give nothing.
fn calling(unit: &mut Unit<'_>, name: &str, loc: Loc, callees: &[FuncId]) -> FuncId {
    let wrapper = unit.module.declare_func(FuncType::default(), Some(name));
    let mut body = Body::new(&[], &[]);
    body.at(loc);
    let calls: Vec<_> = callees.iter().map(|func| body.call(*func, &[])).collect();
    let root = body.seq(&calls);
    body.set_root(root);
    let code = encode(
        verify(&unit.module, wrapper, &body)
            .expect("the checker promised functions without parameters and results"),
    );
    unit.module.define(wrapper, code);
    wrapper
}

/// Functions that tests name are exported under the names they gave, and what flushes output with them.
fn export_roots(unit: &mut Unit<'_>) {
    let roots = unit.roots();
    for (name, def) in &roots {
        if unit.module.exports.iter().all(|export| &*export.name != name.as_str()) {
            let func = unit.func(*def);
            if !matches!(unit.program.function(*def).kind, FunctionKind::Import(_)) {
                unit.module.export(name, ExportItem::Func(func));
            }
        }
    }
    if !roots.is_empty() && !unit.at_exit.is_empty() {
        let calls: Vec<FuncId> = unit.at_exit.iter().map(|def| unit.func(*def)).collect();
        let flush = calling(unit, AT_EXIT_EXPORT, Loc::NONE, &calls);
        unit.module.export(AT_EXIT_EXPORT, ExportItem::Func(flush));
    }
}

impl Unit<'_> {
    /// Exports a static's global; weakly, if only because it is there anyway.
    fn export_static(&mut self, name: &str, def: DefId, weakly: bool) {
        debug_assert!(
            self.program.global(def).kind != GlobalKind::Const,
            "the checker refuses to export constants"
        );
        for (name, item) in self.static_exports(name, def) {
            if weakly {
                self.module.export_weakly(&name, ExportItem::Global(item));
            } else {
                self.module.export(&name, ExportItem::Global(item));
            }
        }
    }
}

/// What is written besides the program.
pub(crate) fn write_options(options: &Options) -> WriteOptions {
    if options.strip {
        return WriteOptions::default();
    }
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let producers = Producers {
        languages: Vec::new(),
        processed_by: vec![("swasm".to_owned(), version)],
        sdks: Vec::new(),
    };
    WriteOptions { names: true, producers: Some(producers) }
}
