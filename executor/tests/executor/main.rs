//! Guests in WebAssembly text run as their comments say: one binary, because each links a compiler.

mod buffers;
mod host;
mod limits;
mod module;
mod positions;
mod run;
mod traps;
mod wasi;

use swasm_executor::{Config, Engine, Instance, Limits, Module, Stop, Trap, Wasi};

/// An engine that can do all that limits ask for.
fn engine() -> Engine {
    Engine::new(&Config::new().fuel(true).interruptible(true)).expect("an engine")
}

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("the guest's text is valid");
    Module::compile(&engine(), &bytes).expect("the guest is a valid module")
}

/// Instantiates with captured output and no limits.
fn instance(text: &str) -> Instance {
    Instance::new(&module(text), Wasi::new().capture(), Limits::new()).expect("an instance")
}

/// The trap that a call must end with.
fn trap(instance: &mut Instance, export: &str) -> Trap {
    match instance.call(export, &[]) {
        Err(Stop::Trap(trap)) => trap,
        other => panic!("{export} should trap: {other:?}"),
    }
}
