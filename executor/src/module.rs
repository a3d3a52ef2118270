//! Bytes ⇒ [`Module`]: validated and compiled once, instantiated as often as wanted.
//!
//! Invariant: a `Module` exists only for bytes that are valid WebAssembly.

use crate::engine::Engine;
use crate::error::Error;
use crate::value::{Signature, Value, ValueType};
use crate::wasi::PREVIEW1;
use std::fmt;
use std::sync::OnceLock;
use tokio::runtime::{EnterGuard, Runtime};

/// The one function of WASI that needs timers, and with them a runtime that has threads to drive
/// them. wasmtime-wasi makes one when it finds none, which costs a quarter of a millisecond.
const WAITS_FOR_CLOCKS: &str = "poll_oneoff";

/// A compiled module. Cloning is cheap and shares the code.
#[derive(Clone, Debug)]
pub struct Module {
    pub(crate) engine: Engine,
    pub(crate) inner: wasmtime::Module,
    wasi: WasiUse,
}

impl Module {
    /// Validates and compiles the bytes of a core module.
    ///
    /// # Errors
    /// When they are no valid module, with the offset of what is wrong.
    pub fn compile(engine: &Engine, bytes: &[u8]) -> Result<Module, Error> {
        let inner = wasmtime::Module::from_binary(&engine.inner, bytes)
            .map_err(|cause| Error::because("not a valid WebAssembly module", &cause))?;
        Ok(Module { engine: engine.clone(), wasi: WasiUse::of(&inner), inner })
    }

    /// The machine code and all that is needed to run it without compiling again.
    ///
    /// # Errors
    /// When memory for it is refused.
    pub fn serialize(&self) -> Result<Vec<u8>, Error> {
        self.inner.serialize().map_err(|cause| Error::because("the module stays in memory", &cause))
    }

    /// Reads back what [`Module::serialize`] gave.
    ///
    /// # Safety
    /// The bytes hold machine code that will run with the rights of this process. They must come
    /// from `serialize` and must not have been changed since, by anybody: only a few of all
    /// possible changes are noticed.
    ///
    /// # Errors
    /// When they come from another version or machine, or an engine with other settings.
    #[allow(unsafe_code, reason = "wasmtime asks for trust in machine code; ours is the caller's")]
    pub unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Module, Error> {
        // SAFETY: the caller promises what wasmtime asks for, in the same words.
        let inner = unsafe { wasmtime::Module::deserialize(&engine.inner, bytes) }
            .map_err(|cause| Error::because("not a compiled module of this engine", &cause))?;
        Ok(Module { engine: engine.clone(), wasi: WasiUse::of(&inner), inner })
    }

    /// What the module exports, in its order.
    pub fn exports(&self) -> Vec<Export> {
        let export = |export: wasmtime::ExportType<'_>| Export {
            name: export.name().to_owned(),
            ty: ExternType::from_wasmtime(&export.ty()),
        };
        self.inner.exports().map(export).collect()
    }

    /// What the module imports, in its order.
    pub fn imports(&self) -> Vec<Import> {
        let import = |import: wasmtime::ImportType<'_>| Import {
            module: import.module().to_owned(),
            name: import.name().to_owned(),
            ty: ExternType::from_wasmtime(&import.ty()),
        };
        self.inner.imports().map(import).collect()
    }

    /// The signature of an exported function.
    pub fn function(&self, export: &str) -> Option<Signature> {
        let ty = self.inner.get_export(export)?;
        ty.func().map(Signature::from_wasmtime)
    }

    /// Reads the arguments of an exported function as values of its parameters' types.
    ///
    /// # Errors
    /// When there is no such function, or the texts are too many, too few, or no such values.
    pub fn arguments(&self, export: &str, texts: &[impl AsRef<str>]) -> Result<Vec<Value>, Error> {
        let signature = self.function(export).ok_or_else(|| self.no_function(export))?;
        let params = &signature.params;
        if texts.len() != params.len() {
            let count = texts.len();
            return Err(Error::new(format!(
                "{count} arguments were given: `{export}` is {signature}"
            )));
        }
        texts.iter().zip(params).map(|(text, ty)| Value::parse(text.as_ref(), ty)).collect()
    }

    pub(crate) fn no_function(&self, name: &str) -> Error {
        let functions = self.inner.exports().filter(|export| export.ty().func().is_some());
        let names: Vec<_> = functions.map(|export| format!("`{}`", export.name())).collect();
        let there = if names.is_empty() {
            "there are none".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        Error::new(format!("no function is exported as `{name}`; {there}"))
    }

    pub(crate) fn uses_wasi(&self) -> bool {
        self.wasi != WasiUse::None
    }

    /// Where WASI's functions wait while the guard lives: on the thread that called them, unless
    /// one waits for clocks.
    pub(crate) fn runtime(&self) -> Option<EnterGuard<'static>> {
        if self.wasi != WasiUse::WithoutClocks {
            return None;
        }
        // For the whole process, because a runtime may not be dropped wherever a guest may.
        static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
        let make = || tokio::runtime::Builder::new_current_thread().build().ok();
        RUNTIME.get_or_init(make).as_ref().map(Runtime::enter)
    }
}

/// What a module imports of WASI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WasiUse {
    None,
    WithoutClocks,
    WithClocks,
}

impl WasiUse {
    fn of(module: &wasmtime::Module) -> WasiUse {
        module.imports().filter(|import| import.module() == PREVIEW1).fold(
            WasiUse::None,
            |wasi, import| match wasi {
                WasiUse::WithClocks => WasiUse::WithClocks,
                WasiUse::None | WasiUse::WithoutClocks if import.name() == WAITS_FOR_CLOCKS => {
                    WasiUse::WithClocks
                }
                WasiUse::None | WasiUse::WithoutClocks => WasiUse::WithoutClocks,
            },
        )
    }
}

/// Something that a module exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its name, which is unique in the module.
    pub name: String,
    /// What it is.
    pub ty: ExternType,
}

/// Something that a module imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The first half of its name.
    pub module: String,
    /// The second half of its name.
    pub name: String,
    /// What it must be.
    pub ty: ExternType,
}

/// The type of an import or export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A function.
    Function(Signature),
    /// A global.
    Global {
        /// The type of its value.
        ty: ValueType,
        /// Whether it can be assigned.
        mutable: bool,
    },
    /// A memory.
    Memory {
        /// Pages it begins with.
        minimum: u64,
        /// Pages it may grow to.
        maximum: Option<u64>,
        /// Whether its addresses have 64 bits.
        is_64: bool,
    },
    /// A table.
    Table {
        /// The type of its elements, as the text format writes it.
        element: String,
        /// Elements it begins with.
        minimum: u64,
        /// Elements it may grow to.
        maximum: Option<u64>,
    },
    /// A tag of exceptions, with the types of what it carries.
    Tag(Vec<ValueType>),
}

impl ExternType {
    pub(crate) fn from_wasmtime(ty: &wasmtime::ExternType) -> ExternType {
        match ty {
            wasmtime::ExternType::Func(ty) => ExternType::Function(Signature::from_wasmtime(ty)),
            wasmtime::ExternType::Global(ty) => ExternType::Global {
                ty: ValueType::from_wasmtime(ty.content()),
                mutable: ty.mutability() == wasmtime::Mutability::Var,
            },
            wasmtime::ExternType::Memory(ty) => ExternType::Memory {
                minimum: ty.minimum(),
                maximum: ty.maximum(),
                is_64: ty.is_64(),
            },
            wasmtime::ExternType::Table(ty) => ExternType::Table {
                element: ty.element().to_string(),
                minimum: ty.minimum(),
                maximum: ty.maximum(),
            },
            wasmtime::ExternType::Tag(ty) => {
                ExternType::Tag(Signature::from_wasmtime(ty.ty()).params)
            }
        }
    }
}

/// `function (i32) -> ()`, `global mut i32`, `memory 1..2`, `table (ref null func) 3..`, `tag (i32) -> ()`.
impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = |f: &mut fmt::Formatter<'_>, minimum: &u64, maximum: &Option<u64>| {
            write!(f, "{minimum}..")?;
            maximum.map_or(Ok(()), |maximum| write!(f, "{maximum}"))
        };
        match self {
            ExternType::Function(signature) => write!(f, "function {signature}"),
            ExternType::Global { ty, mutable } => {
                write!(f, "global {}{ty}", if *mutable { "mut " } else { "" })
            }
            ExternType::Memory { minimum, maximum, is_64 } => {
                f.write_str(if *is_64 { "memory i64 " } else { "memory " })?;
                range(f, minimum, maximum)
            }
            ExternType::Table { element, minimum, maximum } => {
                write!(f, "table {element} ")?;
                range(f, minimum, maximum)
            }
            ExternType::Tag(types) => {
                write!(f, "tag {}", Signature::new(types.iter().cloned(), []))
            }
        }
    }
}
