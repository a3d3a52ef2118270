//! A module that was instantiated, on whatever thread it runs: entering it, and what it enters.
//!
//! Invariant: nothing here knows about threads or waits for a deadline; a guest that is asked to
//! stop traps at its next function entry or loop iteration.

use crate::error::Error;
use crate::limits::{Accountant, Limits};
use crate::module::{ExternType, Module};
use crate::trap::{self, Carried, Stop};
use crate::value::{Signature, Value};
use crate::wasi::PREVIEW1;
use crate::{library_trap, memory};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wasmtime::{AsContext, AsContextMut, Extern, Linker, Memory, Store, UpdateDeadline, Val};
use wasmtime_wasi::p1::WasiP1Ctx;

/// What a command exports, to be called once.
const START: &str = "_start";

/// What a reactor exports, to be called before anything else.
const INITIALIZE: &str = "_initialize";

/// The state of a store: what host functions work with.
pub(crate) struct Host {
    wasi: WasiP1Ctx,
    accountant: Accountant,
    timeout: Option<Duration>,
    stop: Arc<AtomicBool>,
    /// The exported globals in which the library's traps leave their numbers.
    trap_globals: Vec<String>,
}

impl Host {
    pub(crate) fn wasi(&mut self) -> &mut WasiP1Ctx {
        &mut self.wasi
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) fn refused_growth(&self) -> Option<u64> {
        self.accountant.refused_growth()
    }
}

/// The body of a host function. What it returns must have the types of its signature.
pub(crate) type Body =
    dyn Fn(&mut Caller<'_>, &[Value]) -> Result<Vec<Value>, Stop> + Send + Sync + 'static;

/// A function of the host that a guest imports.
#[derive(Clone)]
pub(crate) struct HostFunction {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) signature: Signature,
    pub(crate) body: Arc<Body>,
}

impl HostFunction {
    fn define(&self, linker: &mut Linker<Host>) -> Result<(), Error> {
        let params = self.signature.params.iter().map(|ty| ty.to_wasmtime());
        let results = self.signature.results.iter().map(|ty| ty.to_wasmtime());
        let ty = wasmtime::FuncType::new(
            linker.engine(),
            params.collect::<Result<Vec<_>, Error>>()?,
            results.collect::<Result<Vec<_>, Error>>()?,
        );
        let function = self.clone();
        linker.allow_shadowing(true);
        linker
            .func_new(&self.module, &self.name, ty, move |caller, params, results| {
                let arguments: Vec<Value> = params.iter().map(Value::from_wasmtime).collect();
                let values = (function.body)(&mut Caller { inner: caller }, &arguments)
                    .map_err(|stop| wasmtime::Error::new(Carried(stop)))?;
                function.return_values(&values, results)
            })
            .map_err(|cause| Error::because("a host function cannot be defined", &cause))?;
        Ok(())
    }

    fn return_values(&self, values: &[Value], results: &mut [Val]) -> wasmtime::Result<()> {
        let types = &self.signature.results;
        if values.len() != results.len() {
            return Err(wasmtime::Error::msg(format!(
                "the host function `{}::{}` returned {} values instead of {}",
                self.module,
                self.name,
                values.len(),
                results.len(),
            )));
        }
        for ((value, ty), place) in values.iter().zip(types).zip(results) {
            let converted = ty.to_wasmtime().ok().and_then(|ty| value.to_wasmtime(&ty));
            *place = converted.ok_or_else(|| {
                wasmtime::Error::msg(format!(
                    "the host function `{}::{}` returned {value} where {ty} is expected",
                    self.module, self.name,
                ))
            })?;
        }
        Ok(())
    }
}

/// What a host function sees of the guest that called it. It can enter the guest again.
pub struct Caller<'a> {
    inner: wasmtime::Caller<'a, Host>,
}

impl Caller<'_> {
    /// Calls an exported function of the guest. A trap in it is a value here: the host function
    /// may go on, and the guest that called it then knows nothing of it.
    ///
    /// # Errors
    /// See [`Instance::call`](crate::Instance::call).
    pub fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Vec<Value>, Stop> {
        let found = self.inner.get_export(export).and_then(Extern::into_func);
        let function =
            found.ok_or_else(|| Error::new(format!("no function is exported as `{export}`")))?;
        match call(&mut self.inner, export, &function, arguments) {
            Ok(values) => Ok(values?),
            Err(error) => {
                let names = self.inner.data().trap_globals.clone();
                let mut numbers = Vec::new();
                for name in names {
                    let global = self.inner.get_export(&name).and_then(Extern::into_global);
                    let value = global.map(|global| global.get(&mut self.inner));
                    numbers.extend(value.and_then(|value| numbered(name, &value)));
                }
                self.inner.as_context_mut().take_pending_exception();
                Err(trap::stop(&error, self.inner.data(), &numbers))
            }
        }
    }

    /// Copies bytes out of the exported memory.
    ///
    /// # Errors
    /// When the guest exports no `memory` or the bytes are not inside it.
    pub fn read(&mut self, address: u64, len: usize) -> Result<Vec<u8>, Error> {
        let memory = self.memory()?;
        memory::read(memory.data(&self.inner), address, len)
    }

    /// Copies bytes into the exported memory.
    ///
    /// # Errors
    /// When the guest exports no `memory` or the bytes are not inside it.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Error> {
        let memory = self.memory()?;
        memory::write(memory.data_mut(&mut self.inner), address, bytes)
    }

    fn memory(&mut self) -> Result<Memory, Error> {
        let found = self.inner.get_export(memory::EXPORT).and_then(Extern::into_memory);
        found.ok_or_else(memory::none)
    }
}

/// An instance with its store.
pub(crate) struct Guest {
    pub(crate) store: Store<Host>,
    instance: wasmtime::Instance,
    module: Module,
}

/// What an instance is made of besides its module.
pub(crate) struct Parts {
    pub(crate) wasi: WasiP1Ctx,
    pub(crate) limits: Limits,
    pub(crate) functions: Vec<HostFunction>,
    pub(crate) stop: Arc<AtomicBool>,
}

impl Guest {
    /// Links and instantiates; this runs the module's start function.
    pub(crate) fn new(module: &Module, parts: Parts) -> Result<Guest, Stop> {
        let Parts { wasi, limits, functions, stop } = parts;
        let trap_globals = module.inner.exports();
        let host = Host {
            wasi,
            accountant: Accountant::new(&limits),
            timeout: limits.timeout,
            stop: stop.clone(),
            trap_globals: trap_globals
                .filter(|export| library_trap::is_global(export.name()))
                .filter(|export| export.ty().global().is_some())
                .map(|export| export.name().to_owned())
                .collect(),
        };
        let mut store = Store::new(&module.engine.inner, host);
        limit(&mut store, module, &limits)?;
        if stop.load(Ordering::SeqCst) {
            // Time was up before the guest was there; `stop` has told nobody else.
            return Err(trap::stop(&wasmtime::Trap::Interrupt.into(), store.data(), &[]));
        }

        let mut linker = if module.uses_wasi() {
            module.engine.wasi_linker()?
        } else {
            Linker::new(&module.engine.inner)
        };
        for function in &functions {
            function.define(&mut linker)?;
        }
        check_imports(module, &functions, &linker, &mut store)?;
        let _runtime = module.runtime();
        match linker.instantiate(&mut store, &module.inner) {
            Ok(instance) => Ok(Guest { store, instance, module: module.clone() }),
            Err(error) if is_stop(&error) => {
                store.take_pending_exception();
                // There is no instance to ask for the numbers of a library trap.
                Err(trap::stop(&error, store.data(), &[]))
            }
            Err(error) => Err(Error::because("the module cannot be instantiated", &error).into()),
        }
    }

    pub(crate) fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Vec<Value>, Stop> {
        let function = self.instance.get_func(&mut self.store, export);
        let function = function.ok_or_else(|| self.module.no_function(export))?;
        self.store.data_mut().accountant.forget_refusal();
        let _runtime = self.module.runtime();
        match call(&mut self.store, export, &function, arguments) {
            Ok(values) => Ok(values?),
            Err(error) => Err(self.stop(&error)),
        }
    }

    /// Calls `function` with arguments as text, after a reactor's `_initialize`; without a function
    /// the command's `_start`, or the reactor's `_initialize` alone.
    pub(crate) fn run(
        &mut self,
        invoke: Option<(String, Vec<String>)>,
    ) -> Result<Vec<Value>, Stop> {
        let is_reactor = self.module.function(INITIALIZE).is_some();
        if is_reactor {
            self.call(INITIALIZE, &[])?;
        }
        match invoke {
            Some((export, texts)) => {
                let arguments = self.module.arguments(&export, &texts)?;
                self.call(&export, &arguments)
            }
            None if is_reactor => Ok(Vec::new()),
            None => self.call(START, &[]),
        }
    }

    fn stop(&mut self, error: &wasmtime::Error) -> Stop {
        let names = self.store.data().trap_globals.clone();
        let mut numbers = Vec::new();
        for name in names {
            let value = self.global(&name);
            numbers.extend(value.and_then(|value| Some((name, value.unsigned()?))));
        }
        self.store.take_pending_exception();
        trap::stop(error, self.store.data(), &numbers)
    }

    pub(crate) fn global(&mut self, export: &str) -> Option<Value> {
        let global = self.instance.get_global(&mut self.store, export)?;
        Some(Value::from_wasmtime(&global.get(&mut self.store)))
    }

    pub(crate) fn memory(&mut self) -> Result<Memory, Error> {
        self.instance.get_memory(&mut self.store, memory::EXPORT).ok_or_else(memory::none)
    }
}

fn numbered(name: String, value: &Val) -> Option<(String, u64)> {
    Some((name, Value::from_wasmtime(value).unsigned()?))
}

/// Whether instantiation failed in the guest's own start function.
fn is_stop(error: &wasmtime::Error) -> bool {
    error.is::<wasmtime::Trap>()
        || error.is::<wasmtime_wasi::I32Exit>()
        || error.is::<Carried>()
        || error.is::<wasmtime::ThrownException>()
        || error.is::<wasmtime::WasmBacktrace>()
}

fn limit(store: &mut Store<Host>, module: &Module, limits: &Limits) -> Result<(), Error> {
    store.limiter(|host| &mut host.accountant);
    if module.engine.has_fuel() {
        store
            .set_fuel(limits.fuel.unwrap_or(u64::MAX))
            .map_err(|cause| Error::because("the fuel cannot be set", &cause))?;
    } else if limits.fuel.is_some() {
        return Err(Error::new("a limit on fuel needs an engine with `Config::fuel(true)`"));
    }
    if module.engine.is_interruptible() {
        // Whoever wants some guest of the engine to stop raises its flag and moves the epoch on,
        // so that all of them look at theirs.
        store.epoch_deadline_callback(|cx| {
            Ok(match cx.data().stop.load(Ordering::SeqCst) {
                true => UpdateDeadline::Interrupt,
                false => UpdateDeadline::Continue(1),
            })
        });
        store.set_epoch_deadline(1);
    } else if limits.timeout.is_some() {
        return Err(Error::new("a timeout needs an engine with `Config::interruptible(true)`"));
    }
    Ok(())
}

/// All that is wrong with the imports, in one error.
fn check_imports(
    module: &Module,
    functions: &[HostFunction],
    linker: &Linker<Host>,
    store: &mut Store<Host>,
) -> Result<(), Error> {
    let memory = module.inner.get_export(memory::EXPORT);
    let is_wasis = |import: wasmtime::ImportType<'_>| {
        let is_own = |own: &HostFunction| own.module == PREVIEW1 && own.name == import.name();
        import.module() == PREVIEW1 && !functions.iter().any(is_own)
    };
    if module.inner.imports().any(is_wasis) && memory.is_none_or(|ty| ty.memory().is_none()) {
        return Err(Error::new(format!(
            "the module imports functions of `{PREVIEW1}` but exports no memory named `{}`",
            memory::EXPORT,
        )));
    }
    let mut wrong = Vec::new();
    for import in module.inner.imports() {
        let expected = ExternType::from_wasmtime(&import.ty());
        let name = format!("`{}::{}`", import.module(), import.name());
        match linker.get_by_import(&mut *store, &import) {
            None => wrong.push(format!("nobody provides the import {name}: {expected}")),
            Some(found) => {
                let found = ExternType::from_wasmtime(&found.ty(store.as_context()));
                let is_function = matches!(found, ExternType::Function(_));
                if is_function && found != expected {
                    wrong.push(format!("the import {name} is {expected}, but there is {found}"));
                }
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::new(wrong.join("\n"))) }
}

/// Enters the guest. The outer error is the guest's doing, the inner one the caller's.
fn call(
    mut store: impl AsContextMut<Data = Host>,
    name: &str,
    function: &wasmtime::Func,
    arguments: &[Value],
) -> Result<Result<Vec<Value>, Error>, wasmtime::Error> {
    let ty = function.ty(&store);
    let mismatch = |what: String| {
        let signature = Signature::from_wasmtime(&ty);
        Ok(Err(Error::new(format!("{what}: `{name}` is {signature}"))))
    };
    if arguments.len() != ty.params().len() {
        return mismatch(format!("{} arguments were given", arguments.len()));
    }
    let mut params = Vec::with_capacity(arguments.len());
    for (argument, ty) in arguments.iter().zip(ty.params()) {
        match argument.to_wasmtime(&ty) {
            Some(value) => params.push(value),
            None => return mismatch(format!("the argument {argument} does not fit")),
        }
    }
    let mut results = vec![Val::I32(0); ty.results().len()];
    function.call(&mut store, &params, &mut results)?;
    Ok(Ok(results.iter().map(Value::from_wasmtime).collect()))
}
