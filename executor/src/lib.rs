//! Runs WebAssembly: bytes in; values, output or traps out.
//!
//! ```
//! use swasm_executor::{Config, Engine, Instance, Limits, Module, Value, Wasi};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bytes = wat::parse_str(
//! #     r#"(module (func (export "add") (param i32 i32) (result i32)
//! #         (i32.add (local.get 0) (local.get 1))))"#)?;
//! let engine = Engine::new(&Config::new())?;
//! let module = Module::compile(&engine, &bytes)?;
//! let mut instance = Instance::new(&module, Wasi::new(), Limits::new())?;
//! assert_eq!(instance.call("add", &[Value::I32(2), Value::I32(3)])?, [Value::I32(5)]);
//! # Ok(())
//! # }
//! ```
//!
//! A guest sees nothing of the outside world and may use what it likes, unless [`Wasi`] and
//! [`Limits`] say otherwise. Invariants: this is the only crate that names wasmtime, none of whose
//! types are seen from outside; a trap is a value; no bytes and no guest make it panic.

mod engine;
mod error;
mod guest;
mod instance;
mod library_trap;
mod limits;
mod memory;
mod module;
mod run;
mod trap;
mod value;
mod wasi;
mod worker;

pub use engine::{Config, DEFAULT_STACK, Engine, OptLevel};
pub use error::Error;
pub use guest::Caller;
pub use instance::{Builder, Instance};
pub use limits::{DEFAULT_MAX_CAPTURE, Limits};
pub use memory::GuestBuffer;
pub use module::{Export, ExternType, Import, Module};
pub use run::{Outcome, Run};
pub use trap::{Frame, Reason, Stop, TRAP_STATUS, Trap};
pub use value::{Signature, Value, ValueType};
pub use wasi::{Access, Output, Stdin, Wasi};
