//! What scripts run on: an engine that has on whatever it can, modules compiled once, and the instance `spectest`.

use std::collections::HashMap;
use std::rc::Rc;

use wasmtime::{
    Config, Engine, Error, Extern, Func, FuncType, Global, GlobalType, Linker, Memory, MemoryType,
    Module, Mutability, OptLevel, Ref, RefType, SharedMemory, Store, Table, TableType, Val,
    ValType,
};

/// The engine for all scripts. Compiling is most of the work, so the code is the quickest to make.
///
/// # Panics
/// When the settings contradict each other.
pub(crate) fn engine() -> Engine {
    let mut config = Config::new();
    config
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true)
        .wasm_threads(true)
        .shared_memory(true)
        .cranelift_opt_level(OptLevel::None)
        // Nobody looks at a stack here, and the system's list of unwind tables is slow to grow.
        .native_unwind_info(false)
        // Scripts make thousands of small memories.
        .memory_init_cow(false);
    Engine::new(&config).expect("these settings go together")
}

/// Compiles modules, each only once: most come out of two ways alike.
pub(crate) struct Compiler {
    engine: Engine,
    done: HashMap<Vec<u8>, Rc<Result<Module, Error>>>,
}

impl Compiler {
    /// One that has compiled nothing yet.
    pub(crate) fn new(engine: &Engine) -> Compiler {
        Compiler { engine: engine.clone(), done: HashMap::new() }
    }

    /// The module, or what is wrong with it according to the engine.
    pub(crate) fn compile(&mut self, bytes: Vec<u8>) -> Rc<Result<Module, Error>> {
        let engine = &self.engine;
        let compiled = self.done.entry(bytes);
        compiled.or_insert_with_key(|bytes| Rc::new(Module::new(engine, bytes))).clone()
    }

    /// What to compile for.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// A linker that knows `spectest`, as the suite's own interpreter defines it.
///
/// # Errors
/// When the store refuses one of its items.
pub(crate) fn linker(store: &mut Store<()>) -> Result<Linker<()>, Error> {
    let mut linker = Linker::new(store.engine());
    // A name may be registered again.
    linker.allow_shadowing(true);
    for (name, item) in spectest(store)? {
        linker.define(&*store, "spectest", name, item)?;
    }
    Ok(linker)
}

fn spectest(store: &mut Store<()>) -> Result<Vec<(&'static str, Extern)>, Error> {
    let engine = store.engine().clone();
    let mut items = Vec::new();
    let prints: [(&str, &[ValType]); 7] = [
        ("print", &[]),
        ("print_i32", &[ValType::I32]),
        ("print_i64", &[ValType::I64]),
        ("print_f32", &[ValType::F32]),
        ("print_f64", &[ValType::F64]),
        ("print_i32_f32", &[ValType::I32, ValType::F32]),
        ("print_f64_f64", &[ValType::F64, ValType::F64]),
    ];
    for (name, parameters) in prints {
        let ty = FuncType::new(&engine, parameters.iter().cloned(), []);
        items.push((name, Func::new(&mut *store, ty, |_, _, _| Ok(())).into()));
    }
    let globals = [
        ("global_i32", Val::I32(666)),
        ("global_i64", Val::I64(666)),
        ("global_f32", Val::F32(666.6f32.to_bits())),
        ("global_f64", Val::F64(666.6f64.to_bits())),
    ];
    for (name, value) in globals {
        let ty = GlobalType::new(value.ty(&*store)?, Mutability::Const);
        items.push((name, Global::new(&mut *store, ty, value)?.into()));
    }
    let tables = [
        ("table", TableType::new(RefType::FUNCREF, 10, Some(20))),
        ("table64", TableType::new64(RefType::FUNCREF, 10, Some(20))),
    ];
    for (name, ty) in tables {
        items.push((name, Table::new(&mut *store, ty, Ref::Func(None))?.into()));
    }
    items.push(("memory", Memory::new(&mut *store, MemoryType::new(1, Some(2)))?.into()));
    items.push(("shared_memory", SharedMemory::new(&engine, MemoryType::shared(1, 2))?.into()));
    Ok(items)
}
