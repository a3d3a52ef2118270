//! A script ⇒ what failed when it ran, with every module sent through a function of the caller's before the engine sees it.
//!
//! Invariant: what only fails because an earlier directive did is not reported again.

use std::collections::HashMap;

use wasmtime::{
    AsContextMut, Error, Instance, Linker, Module, RootScope, Store, ThrownException, Trap, Val,
};
use wast::token::Id;
use wast::{WastDirective, WastExecute, WastInvoke};

use crate::host::{self, Compiler};
use crate::script::{Script, Source, Step};
use crate::value::{argument, compare};
use crate::ways::Fault;

/// What every module is sent through.
pub(crate) type Through<'a> = &'a dyn Fn(&[u8]) -> Result<Vec<u8>, Fault>;

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The script: a directive that nobody runs, or a module whose text is none.
    Script,
    /// The reader refuses what the script calls valid.
    Refused,
    /// The reader accepts what the script calls invalid.
    Accepted,
    /// The tree breaks a law.
    Broken,
    /// The engine: it refuses a module, or computes something else than the script expects.
    Engine,
}

/// A directive that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Where the directive begins, from 1.
    pub(crate) line: usize,
    /// Who is at fault.
    pub(crate) stage: Stage,
    /// What happened.
    pub(crate) message: String,
}

/// Why a directive did not succeed.
enum Problem {
    Failed(Stage, String),
    /// It needs what an earlier directive failed to make.
    Follows,
}

impl Problem {
    fn engine(error: &Error) -> Problem {
        Problem::Failed(Stage::Engine, format!("{error:#}"))
    }

    fn script(message: impl Into<String>) -> Problem {
        Problem::Failed(Stage::Script, message.into())
    }
}

/// Runs all directives, whatever fails.
pub(crate) fn run(script: &Script, compiler: &mut Compiler, through: Through) -> Vec<Failure> {
    let mut store = Store::new(compiler.engine(), ());
    let linker = host::linker(&mut store).expect("an empty store has room for `spectest`");
    let mut runner = Runner {
        store,
        linker,
        compiler,
        through,
        definitions: HashMap::new(),
        instances: HashMap::new(),
    };
    let mut failures = Vec::new();
    for step in &script.steps {
        if let Err(Problem::Failed(stage, message)) = runner.step(step) {
            failures.push(Failure { line: step.line, stage, message });
        }
    }
    failures
}

struct Runner<'r, 's> {
    store: Store<()>,
    linker: Linker<()>,
    compiler: &'r mut Compiler,
    through: Through<'r>,
    /// By name; `None` is the latest. A value of `None` is one that failed.
    definitions: HashMap<Option<&'s str>, Option<Module>>,
    /// The same of instances.
    instances: HashMap<Option<&'s str>, Option<Instance>>,
}

impl<'s> Runner<'_, 's> {
    fn step(&mut self, step: &'s Step) -> Result<(), Problem> {
        let module = || step.module.as_ref().ok_or_else(|| Problem::script("there is no module"));
        match &step.directive {
            WastDirective::Module(_) => {
                let source = module()?;
                let instance = self.load(source).and_then(|module| {
                    self.instantiate(&module).map_err(|error| Problem::engine(&error))
                });
                self.name_instance(source.name, instance)
            }
            WastDirective::ModuleDefinition(_) => {
                let source = module()?;
                let (module, outcome) = split(self.load(source));
                self.definitions.insert(None, module.clone());
                if source.name.is_some() {
                    self.definitions.insert(source.name, module);
                }
                outcome
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let made = named(&self.definitions, *module).and_then(|module| {
                    self.instantiate(&module).map_err(|error| Problem::engine(&error))
                });
                self.name_instance(instance.map(|id| id.name()), made)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = named(&self.instances, *module)?;
                self.linker
                    .instance(&mut self.store, name, instance)
                    .map(drop)
                    .map_err(|error| Problem::engine(&error))
            }
            WastDirective::AssertMalformed { message, .. }
            | WastDirective::AssertInvalid { message, .. } => self.refused(module()?, message),
            WastDirective::AssertUnlinkable { message, .. } => {
                let module = self.load(module()?)?;
                match self.instantiate(&module) {
                    Ok(_) => Err(unexpected("it can be linked", message)),
                    Err(error) if !error.is::<Trap>() && format!("{error:#}").contains(message) => {
                        Ok(())
                    }
                    Err(error) => Err(unexpected(&format!("{error:#}"), message)),
                }
            }
            WastDirective::Invoke(invoke) => self.invoke(invoke, |_, result| {
                result.map(drop).map_err(|error| Problem::engine(&error))
            }),
            WastDirective::AssertReturn { exec, results, .. } => {
                self.execute(step, exec, |scope, found| {
                    let found = found.map_err(|error| Problem::engine(&error))?;
                    compare(scope, &found, results)
                        .map_err(|message| Problem::Failed(Stage::Engine, message))
                })
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                self.execute(step, exec, |_, result| trapped(result, message))
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                self.invoke(call, |_, result| trapped(result, message))
            }
            WastDirective::AssertException { exec, .. } => {
                self.execute(step, exec, |scope, result| match result {
                    Ok(_) => Err(unexpected("it returns", "an exception")),
                    Err(error) if error.is::<ThrownException>() => {
                        scope.as_context_mut().take_pending_exception();
                        Ok(())
                    }
                    Err(error) => Err(unexpected(&format!("{error:#}"), "an exception")),
                })
            }
            // No script of the suite has these.
            WastDirective::AssertMalformedCustom { .. }
            | WastDirective::AssertInvalidCustom { .. }
            | WastDirective::AssertSuspension { .. }
            | WastDirective::Thread(_)
            | WastDirective::Wait { .. } => Err(Problem::script("nobody runs this directive")),
        }
    }

    /// Bytes of the script, through the tree, to the engine.
    fn load(&mut self, source: &Source) -> Result<Module, Problem> {
        let bytes = source.bytes.as_ref().map_err(|message| Problem::script(message.as_str()))?;
        let bytes = (self.through)(bytes).map_err(|fault| match fault {
            Fault::Refused(message) => Problem::Failed(Stage::Refused, message),
            Fault::Broken(message) => Problem::Failed(Stage::Broken, message),
        })?;
        let compiled = self.compiler.compile(bytes);
        compiled.as_ref().as_ref().cloned().map_err(Problem::engine)
    }

    /// Whether the text format or our reader refuses the module.
    fn refused(&self, source: &Source, message: &str) -> Result<(), Problem> {
        let Ok(bytes) = &source.bytes else { return Ok(()) };
        let expected = format!("expected: {message}");
        match (self.through)(bytes) {
            Err(Fault::Refused(_)) => Ok(()),
            Err(Fault::Broken(found)) => {
                Err(Problem::Failed(Stage::Broken, format!("{found}; {expected}")))
            }
            Ok(_) => Err(Problem::Failed(Stage::Accepted, expected)),
        }
    }

    /// Links and starts.
    fn instantiate(&mut self, module: &Module) -> Result<Instance, Error> {
        self.linker.instantiate(&mut self.store, module)
    }

    fn name_instance(
        &mut self,
        name: Option<&'s str>,
        made: Result<Instance, Problem>,
    ) -> Result<(), Problem> {
        let (instance, outcome) = split(made);
        self.instances.insert(None, instance);
        if name.is_some() {
            self.instances.insert(name, instance);
        }
        outcome
    }

    fn execute<'t>(
        &'t mut self,
        step: &Step,
        what: &WastExecute,
        then: impl FnOnce(
            &mut RootScope<&'t mut Store<()>>,
            Result<Vec<Val>, Error>,
        ) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        match what {
            WastExecute::Invoke(invoke) => self.invoke(invoke, then),
            WastExecute::Wat(_) => {
                let source =
                    step.module.as_ref().ok_or_else(|| Problem::script("there is no module"))?;
                let module = self.load(source)?;
                let result = self.instantiate(&module).map(|_| Vec::new());
                then(&mut RootScope::new(&mut self.store), result)
            }
            WastExecute::Get { module, global, .. } => {
                let instance = named(&self.instances, *module)?;
                let mut scope = RootScope::new(&mut self.store);
                let global =
                    instance.get_global(&mut scope, global).ok_or_else(|| no_export(global))?;
                let value = global.get(&mut scope);
                then(&mut scope, Ok(vec![value]))
            }
        }
    }

    fn invoke<'t>(
        &'t mut self,
        invoke: &WastInvoke,
        then: impl FnOnce(
            &mut RootScope<&'t mut Store<()>>,
            Result<Vec<Val>, Error>,
        ) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let instance = named(&self.instances, invoke.module)?;
        let mut scope = RootScope::new(&mut self.store);
        let function =
            instance.get_func(&mut scope, invoke.name).ok_or_else(|| no_export(invoke.name))?;
        let mut arguments = Vec::new();
        for written in &invoke.args {
            arguments.push(argument(&mut scope, written).map_err(Problem::script)?);
        }
        let mut results = vec![Val::I32(0); function.ty(&scope).results().len()];
        let outcome = function.call(&mut scope, &arguments, &mut results);
        then(&mut scope, outcome.map(|()| results))
    }
}

fn no_export(name: &str) -> Problem {
    Problem::Failed(Stage::Engine, format!("nothing of that kind is exported as {name:?}"))
}

fn unexpected(found: &str, expected: &str) -> Problem {
    Problem::Failed(Stage::Engine, format!("{found}; expected: {expected}"))
}

fn split<T>(result: Result<T, Problem>) -> (Option<T>, Result<(), Problem>) {
    match result {
        Ok(value) => (Some(value), Ok(())),
        Err(problem) => (None, Err(problem)),
    }
}

fn named<T: Clone>(map: &HashMap<Option<&str>, Option<T>>, id: Option<Id>) -> Result<T, Problem> {
    let name = id.map(|id| id.name());
    match map.get(&name) {
        Some(Some(found)) => Ok(found.clone()),
        Some(None) => Err(Problem::Follows),
        None => Err(Problem::script(format!("nothing has the name {name:?}"))),
    }
}

/// Whether it trapped for that reason.
fn trapped(result: Result<Vec<Val>, Error>, expected: &str) -> Result<(), Problem> {
    let error = match result {
        Ok(values) => return Err(unexpected(&format!("it returns {values:?}"), expected)),
        Err(error) => error,
    };
    let Some(trap) = error.downcast_ref::<Trap>() else {
        return Err(unexpected(&format!("no trap: {error:#}"), expected));
    };
    let found = trap.to_string();
    // Scripts name the element; the engine doesn't know it. And it calls a null reference what a table holds.
    let same = found.contains(expected)
        || (expected.starts_with("uninitialized element") && *trap == Trap::IndirectCallToNull)
        || (expected.starts_with("null ") && *trap == Trap::NullReference);
    if same { Ok(()) } else { Err(unexpected(&found, expected)) }
}
