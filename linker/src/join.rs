//! Core modules that somebody else compiled ⇒ part of the program: static linking.
//!
//! An `extern fn` whose module is a linked one is that module's exported function. From there, what is needed is declared under ids of the
//! program and copied, body by body: a function, what it names, and so on; nothing else. Imports of a linked module are satisfied by the
//! exports of another one, by those of the program (module `env`, or the name of the program's first module), or stay imports.
//!
//! Invariant: an id of a linked module is only ever used with the number of that module; what it became is asked of [`Joined`].

mod copy;
mod memory;
mod resolve;

use rustc_hash::{FxHashMap, FxHashSet};
use swasm_frontend_ir::checked::DefId;
use swasm_frontend_ir::{Diagnostic, codes, nearest};
use swasm_tree::{
    DataId, ElemId, ExportItem, FuncId, FuncKind, GlobalId, MemoryId, Module, TableId, TagId,
    TypeId,
};

use crate::dwarf::customs;
use crate::optimize::not_a_module;
use crate::options::Options;
use crate::unit::{Unit, show};

pub(crate) use copy::copy;
pub(crate) use memory::check_data;

/// A linked module.
#[derive(Debug)]
pub(crate) struct Other {
    /// What imports call it.
    pub(crate) name: String,
    pub(crate) module: Module,
}

impl Other {
    /// How many bytes of code there are that its debug information is about; none if it has none.
    pub(crate) fn code_that_tells(&self) -> u32 {
        if !self.module.customs.iter().any(customs::is_debug) {
            return 0;
        }
        customs::read_funcs(&self.module, |_| None).last().map_or(0, |func| func.range.end)
    }
}

/// Reads the linked modules.
///
/// # Errors
/// If one is no valid core module, or two have one name.
pub(crate) fn read(options: &Options) -> Result<Vec<Other>, Vec<Diagnostic>> {
    let (mut others, mut wrong): (Vec<Other>, Vec<Diagnostic>) = (Vec::new(), Vec::new());
    for link in &options.links {
        if others.iter().any(|other| other.name == link.name) {
            let message = format!("two linked modules are called `{}`", link.name);
            wrong.push(
                Diagnostic::global(codes::LINK_NAME, message)
                    .help("give one of them another name: `--link NAME=FILE`"),
            );
            continue;
        }
        match Module::read(link.bytes.clone()) {
            Ok(module) => others.push(Other { name: link.name.clone(), module }),
            Err(error) => wrong.extend(not_a_module(error).into_iter().map(|mut diagnostic| {
                diagnostic.message = format!("`{}`: {}", link.name, diagnostic.message);
                diagnostic
            })),
        }
    }
    if wrong.is_empty() { Ok(others) } else { Err(wrong) }
}

/// What the items of a linked module became.
#[derive(Debug, Default)]
pub(crate) struct Names {
    types: Vec<TypeId>,
    funcs: FxHashMap<FuncId, FuncId>,
    tables: FxHashMap<TableId, TableId>,
    memories: FxHashMap<MemoryId, MemoryId>,
    globals: FxHashMap<GlobalId, GlobalId>,
    tags: FxHashMap<TagId, TagId>,
    datas: FxHashMap<DataId, DataId>,
    elems: FxHashMap<ElemId, ElemId>,
}

impl Names {
    /// What a function became, if it is part of the program.
    pub(crate) fn func(&self, theirs: FuncId) -> Option<FuncId> {
        self.funcs.get(&theirs).copied()
    }

    /// The same for a memory.
    pub(crate) fn memory(&self, theirs: MemoryId) -> Option<MemoryId> {
        self.memories.get(&theirs).copied()
    }
}

/// An item of a linked module: the module's number, and the item there.
type Theirs<T> = (usize, T);

/// What is still to be followed.
#[derive(Clone, Copy, Debug)]
enum Waiting {
    /// A function with code, and its id here.
    Func(Theirs<FuncId>, FuncId),
    /// A memory, here: active data goes into it.
    Memory(MemoryId),
    /// A table, here: active segments go into it.
    Table(TableId),
}

/// The linked modules, and what of them is part of the program.
#[derive(Debug)]
pub(crate) struct Joined<'a> {
    others: &'a [Other],
    names: Vec<Names>,
    waiting: Vec<Waiting>,
    /// Imports of the result that only linked modules have.
    imports: FxHashMap<(Box<str>, Box<str>), ExportItem>,
    /// What came from which module, in order, for names that nobody else has.
    copied: Vec<(usize, ExportItem)>,
    /// Modules that call WASI.
    wasi: Vec<usize>,
    /// Start functions, in order of their modules.
    starts: Vec<FuncId>,
    /// Data of linked modules, here, with its module.
    datas: Vec<(usize, DataId)>,
    /// Functions that the program calls.
    bound: FxHashSet<FuncId>,
}

impl<'a> Joined<'a> {
    /// Nothing is part of the program yet but types.
    pub(crate) fn new(others: &'a [Other], module: &mut Module) -> Joined<'a> {
        let names = others
            .iter()
            .map(|other| Names {
                types: module.types.extend_from(&other.module.types),
                ..Names::default()
            })
            .collect();
        Joined {
            others,
            names,
            waiting: Vec::new(),
            imports: FxHashMap::default(),
            copied: Vec::new(),
            wasi: Vec::new(),
            starts: Vec::new(),
            datas: Vec::new(),
            bound: FxHashSet::default(),
        }
    }

    /// The number of a linked module.
    fn find(&self, name: &str) -> Option<usize> {
        self.others.iter().position(|other| other.name == name)
    }

    /// Whether imports from a module are satisfied by a linked one.
    pub(crate) fn has(&self, module: &str) -> bool {
        self.find(module).is_some()
    }

    /// A linked module, and what its items became.
    pub(crate) fn known(&self, at: usize) -> Option<(&'a Module, &Names)> {
        Some((&self.others.get(at)?.module, self.names.get(at)?))
    }

    /// The start functions, in order.
    pub(crate) fn starts(&self) -> &[FuncId] {
        &self.starts
    }
}

/// What an item is called in messages.
fn kind(item: ExportItem) -> &'static str {
    match item {
        ExportItem::Func(_) => "function",
        ExportItem::Table(_) => "table",
        ExportItem::Memory(_) => "memory",
        ExportItem::Global(_) => "global",
        ExportItem::Tag(_) => "tag",
    }
}

impl Unit<'_> {
    /// The function that an `extern fn` of a linked module is; `None` if the module is none of them.
    pub(crate) fn declare_linked(
        &mut self,
        def: DefId,
        module: &str,
        name: &str,
        ty: TypeId,
    ) -> Option<FuncId> {
        let at = self.joined.find(module)?;
        let function = self.program.function(def);
        let exports = &self.joined.others[at].module.exports;
        let wanted = exports.iter().find(|export| &*export.name == name).map(|export| export.item);
        let Some(ExportItem::Func(theirs)) = wanted else {
            let functions = exports
                .iter()
                .filter(|export| matches!(export.item, ExportItem::Func(_)))
                .map(|export| &*export.name);
            let near = nearest(name, functions);
            let message = format!("the linked module `{module}` exports no function `{name}`");
            let mut error = Diagnostic::error(codes::LINK_EXPORT, function.place, message);
            if let Some(item) = wanted {
                error = error.note(format!("`{name}` is a {} there", kind(item)));
            }
            self.conflicts.push(match near {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("`swasm print --skeleton` shows what a module exports"),
            });
            return Some(self.placeholder(ty));
        };
        let func = self.linked_func((at, theirs));
        self.joined.bound.insert(func);
        if !self.same_type(self.module.func(func).ty, ty) {
            let (here, there) = (self.module.types.get(ty), self.module.func_type(func));
            let message = format!("`{name}` of the linked module `{module}` has another type");
            let error = Diagnostic::error(codes::LINK_TYPE, function.place, message)
                .note(format!("here it is `{}`", show(here)))
                .help(format!("`{module}` exports it as `{}`", show(there)));
            self.conflicts.push(error);
        }
        Some(func)
    }

    /// Stands for a function that isn't there, while what else is wrong is looked for.
    fn placeholder(&mut self, ty: TypeId) -> FuncId {
        self.module.add_func(swasm_tree::Func { ty, name: None, kind: FuncKind::Declared })
    }

    /// Whether a function of type `ty` may be used as one of type `wanted`.
    fn same_type(&self, ty: TypeId, wanted: TypeId) -> bool {
        let types = &self.module.types;
        let heap = swasm_tree::HeapType::Concrete;
        types.heap_matches(heap(ty), heap(wanted)) || types.get(ty) == types.get(wanted)
    }
}
