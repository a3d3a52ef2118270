//! [`Module`] ⇒ [`Instance`]: a guest to call, read and write, under its limits.
//!
//! Invariant: whatever a guest does, each entry comes back by its deadline with a value.

use crate::error::Error;
use crate::guest::{Caller, Guest, Host, HostFunction, Parts};
use crate::limits::Limits;
use crate::memory::{self, GuestBuffer};
use crate::module::{Export, Module};
use crate::trap::Stop;
use crate::value::{Signature, Value};
use crate::wasi::{Captured, Wasi};
use crate::worker::{self, Interrupt};
use std::sync::Arc;
use wasmtime::{Memory, Store};

/// Collects what an instance is made of.
pub struct Builder {
    module: Module,
    wasi: Wasi,
    limits: Limits,
    functions: Vec<HostFunction>,
}

impl Builder {
    /// What the guest may see of the outside world; by default nothing.
    #[must_use]
    pub fn wasi(mut self, wasi: Wasi) -> Builder {
        self.wasi = wasi;
        self
    }

    /// What the guest may use; by default all it asks for.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.limits = limits;
        self
    }

    /// Provides the import `module::name`; it wins over WASI's function of that name. The body may
    /// enter the guest again through its [`Caller`], and returns values of the signature's result
    /// types. With a timeout, or a large stack, it runs on another thread.
    #[must_use]
    pub fn host(
        mut self,
        module: impl Into<String>,
        name: impl Into<String>,
        signature: Signature,
        body: impl Fn(&mut Caller<'_>, &[Value]) -> Result<Vec<Value>, Stop> + Send + Sync + 'static,
    ) -> Builder {
        let body = Arc::new(body);
        self.functions.push(HostFunction {
            module: module.into(),
            name: name.into(),
            signature,
            body,
        });
        self
    }

    /// Links and instantiates, which runs the module's start function.
    ///
    /// # Errors
    /// When an import is missing or has another type, the limits do not allow it or do not fit the
    /// engine, or the start function stops.
    pub fn instantiate(self) -> Result<Instance, Stop> {
        let Builder { module, wasi, limits, functions } = self;
        let (wasi, captured) = wasi.build(limits.max_capture)?;
        let interrupt = Interrupt::new(&module.engine.inner);
        let parts = Parts { wasi, limits: limits.clone(), functions, stop: interrupt.flag() };
        let mut instance = Instance {
            module,
            limits,
            captured,
            interrupt,
            guest: None,
            arena: memory::Arena::default(),
        };
        let module = instance.module.clone();
        let work = move || Guest::new(&module, parts);
        let guest = if instance.must_leave_thread() {
            instance.on_a_thread(work)?.unwrap_or_else(|| Err(instance.timed_out()))
        } else {
            work()
        };
        instance.guest = Some(Box::new(guest?));
        Ok(instance)
    }
}

/// A guest. It is entered by one call at a time, and can be entered again after a trap.
pub struct Instance {
    module: Module,
    limits: Limits,
    captured: Captured,
    interrupt: Interrupt,
    /// Nothing once it was abandoned in a host call that did not return in time.
    guest: Option<Box<Guest>>,
    arena: memory::Arena,
}

impl Instance {
    /// Instantiates with these capabilities and limits, which runs the module's start function.
    ///
    /// # Errors
    /// See [`Builder::instantiate`].
    pub fn new(module: &Module, wasi: Wasi, limits: Limits) -> Result<Instance, Stop> {
        Instance::builder(module).wasi(wasi).limits(limits).instantiate()
    }

    /// Begins an instance that has host functions of its own.
    pub fn builder(module: &Module) -> Builder {
        Builder {
            module: module.clone(),
            wasi: Wasi::default(),
            limits: Limits::default(),
            functions: Vec::new(),
        }
    }

    /// Calls an exported function.
    ///
    /// # Errors
    /// [`Stop::Refused`] when there is no such function or the arguments do not fit it;
    /// [`Stop::Exit`] when the guest leaves the process; [`Stop::Trap`] when it traps, uses up its
    /// fuel or its time, or a host function fails. After a timeout in a host call that does not
    /// return, the instance is lost and every further call is refused.
    pub fn call(&mut self, export: &str, arguments: &[Value]) -> Result<Vec<Value>, Stop> {
        if !self.must_leave_thread() {
            return self.guest()?.call(export, arguments);
        }
        let mut guest = self.guest.take().ok_or_else(lost)?;
        let (export, arguments) = (export.to_owned(), arguments.to_vec());
        let entered = self.on_a_thread(move || {
            let result = guest.call(&export, &arguments);
            (guest, result)
        })?;
        let Some((guest, result)) = entered else {
            return Err(self.timed_out());
        };
        self.guest = Some(guest);
        result
    }

    /// What the module exports, in its order.
    pub fn exports(&self) -> Vec<Export> {
        self.module.exports()
    }

    /// The value of an exported global.
    pub fn global(&mut self, export: &str) -> Option<Value> {
        self.guest.as_mut()?.global(export)
    }

    /// What the guest wrote to captured standard output so far.
    pub fn stdout(&self) -> Vec<u8> {
        self.captured.stdout()
    }

    /// What the guest wrote to captured standard error so far.
    pub fn stderr(&self) -> Vec<u8> {
        self.captured.stderr()
    }

    /// The fuel that is left, if the engine counts it.
    pub fn fuel(&self) -> Option<u64> {
        self.guest.as_ref()?.store.get_fuel().ok()
    }

    /// Sets the fuel that is left.
    ///
    /// # Errors
    /// When the engine does not count fuel.
    pub fn set_fuel(&mut self, units: u64) -> Result<(), Error> {
        let set = self.guest()?.store.set_fuel(units);
        set.map_err(|cause| Error::because("the fuel cannot be set", &cause))
    }

    /// Copies bytes out of the memory that the module exports as `memory`.
    ///
    /// # Errors
    /// When there is no such memory or the bytes are not inside it.
    pub fn read(&mut self, address: u64, len: usize) -> Result<Vec<u8>, Error> {
        self.with_memory(|memory, store| memory::read(memory.data(store), address, len))?
    }

    /// Copies bytes into the memory that the module exports as `memory`.
    ///
    /// # Errors
    /// When there is no such memory or the bytes are not inside it.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Error> {
        self.with_memory(|memory, store| memory::write(memory.data_mut(store), address, bytes))?
    }

    /// Makes room for `len` bytes of the host in the guest's memory, filled with zeros, at an
    /// address that is a multiple of `align`: through the guest's `cabi_realloc` if it exports
    /// one, else in pages that are added at the memory's end.
    ///
    /// ```
    /// # use swasm_executor::{Config, Engine, Instance, Limits, Module, Value, Wasi};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bytes = wat::parse_str(r#"(module (memory (export "memory") 1)
    /// #     (func (export "first") (param i32) (result i32) (i32.load8_u (local.get 0))))"#)?;
    /// # let module = Module::compile(&Engine::new(&Config::new())?, &bytes)?;
    /// # let mut instance = Instance::new(&module, Wasi::new(), Limits::new())?;
    /// let mut buffer = instance.allocate(5, 1)?;
    /// buffer.write(0, b"hello")?;
    /// let argument = buffer.value();
    /// assert_eq!(buffer.instance().call("first", &[argument])?, [Value::I32(104)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the guest exports no memory or cannot have that much, or its allocator stops.
    pub fn allocate(&mut self, len: usize, align: u32) -> Result<GuestBuffer<'_>, Stop> {
        GuestBuffer::new(self, len, align)
    }

    pub(crate) fn module(&self) -> &Module {
        &self.module
    }

    pub(crate) fn arena(&mut self) -> &mut memory::Arena {
        &mut self.arena
    }

    pub(crate) fn with_memory<T>(
        &mut self,
        work: impl FnOnce(Memory, &mut Store<Host>) -> T,
    ) -> Result<T, Error> {
        let guest = self.guest()?;
        let memory = guest.memory()?;
        Ok(work(memory, &mut guest.store))
    }

    fn guest(&mut self) -> Result<&mut Guest, Error> {
        self.guest.as_deref_mut().ok_or_else(lost)
    }

    fn must_leave_thread(&self) -> bool {
        worker::is_needed(&self.limits, self.module.engine.stack())
    }

    fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, Error> {
        self.interrupt.clear();
        worker::run(&self.limits, self.module.engine.stack(), &self.interrupt, work)
    }

    fn timed_out(&self) -> Stop {
        worker::timed_out(&self.limits)
    }
}

fn lost() -> Error {
    Error::new("the instance is lost: it timed out in a host call that did not return")
}
