//! Bodies, data and start functions of linked modules ⇒ the program's: one body at a time is opened, renamed, optimised, verified and
//! encoded.
//!
//! Invariant: what is copied is what exports, start functions and active segments need. Once [`copy`] is done nothing is declared any more.

use rustc_hash::FxHashSet;
use swasm_frontend_ir::Diagnostic;
use swasm_optimizer::{InlineHint, NoCallees};
use swasm_tree::{
    Body, DataId, DataPlace, ElemId, ElemPlace, ExportItem, FuncId, GlobalId, Loc, MemoryId, Remap,
    TableId, TagId, TypeId,
};

use super::Waiting;
use crate::optimize::Worker;
use crate::pipeline;
use crate::unit::Unit;

/// Gives what a body of a linked module names the ids that it has here.
pub(super) struct Copier<'u, 'a> {
    pub(super) unit: &'u mut Unit<'a>,
    pub(super) at: usize,
}

impl Remap for Copier<'_, '_> {
    fn func(&mut self, func: FuncId) -> FuncId {
        self.unit.linked_func((self.at, func))
    }

    fn global(&mut self, global: GlobalId) -> GlobalId {
        self.unit.linked_global((self.at, global))
    }

    fn ty(&mut self, ty: TypeId) -> TypeId {
        self.unit.linked_type((self.at, ty))
    }

    fn table(&mut self, table: TableId) -> TableId {
        self.unit.linked_table((self.at, table))
    }

    fn memory(&mut self, memory: MemoryId) -> MemoryId {
        self.unit.linked_memory((self.at, memory))
    }

    fn data(&mut self, data: DataId) -> DataId {
        self.unit.linked_data((self.at, data))
    }

    fn elem(&mut self, elem: ElemId) -> ElemId {
        self.unit.linked_elem((self.at, elem))
    }

    fn tag(&mut self, tag: TagId) -> TagId {
        self.unit.linked_tag((self.at, tag))
    }

    /// A position in another module's code is told by that module's debug information. Without it, it means nothing here: what is copied
    /// into a caller gets the call's.
    fn loc(&mut self, loc: Loc) -> Loc {
        let numbers = self.unit.locations.linked(self.at);
        let number = numbers.start.saturating_add(loc.0);
        if loc != Loc::NONE && numbers.contains(&number) { Loc(number) } else { Loc::NONE }
    }
}

/// Copies all that is needed of the linked modules; gives the bodies that may be copied further, into callers.
///
/// # Errors
/// All that keeps the modules from being linked.
pub(crate) fn copy(unit: &mut Unit<'_>) -> Result<Vec<(FuncId, Box<Body>)>, Vec<Diagnostic>> {
    let passes = pipeline::passes(unit.options.opt_level, unit.options.passes.as_deref())?;
    let mut inlinable = Vec::new();
    let tells = (0..unit.options.links.len()).any(|at| !unit.locations.linked(at).is_empty());
    let (mut worker, mut body) = (Worker::new(tells), Body::new(&[], &[]));
    unit.instantiate();
    while let Some(waiting) = unit.joined.waiting.pop() {
        match waiting {
            Waiting::Func((at, theirs), func) => {
                unit.joined.others[at].module.open(theirs, &mut body);
                body.rename(&mut Copier { unit, at });
                // What is wrong leaves ids that name nothing: then the rest is looked at, but nothing encoded.
                if unit.conflicts.is_empty() {
                    let code = worker.compile(&unit.module, func, &mut body, &passes, &NoCallees);
                    unit.module.define(func, code);
                    if !passes.is_empty()
                        && unit.joined.bound.contains(&func)
                        && swasm_optimizer::is_inlinable(
                            &unit.module,
                            func,
                            &body,
                            InlineHint::Auto,
                        )
                    {
                        inlinable.push((func, Box::new(body.clone())));
                    }
                }
            }
            Waiting::Memory(memory) => unit.fill_memory(memory),
            Waiting::Table(table) => unit.fill_table(table),
        }
        if unit.joined.waiting.is_empty() {
            unit.show_memory_to_wasi();
        }
    }
    unit.reserve_heaps();
    unit.name_apart();
    if unit.conflicts.is_empty() { Ok(inlinable) } else { Err(std::mem::take(&mut unit.conflicts)) }
}

impl Unit<'_> {
    /// What linking a module does even if nobody calls it: its start function, and what it puts into memories and tables of others.
    fn instantiate(&mut self) {
        let others = self.joined.others;
        for (at, other) in others.iter().enumerate() {
            if let Some(start) = other.module.start {
                let start = self.linked_func((at, start));
                self.joined.starts.push(start);
            }
            for data in &other.module.datas {
                if let DataPlace::At(memory, _) = data.place
                    && other.module.memories[memory.index()].import.is_some()
                {
                    self.linked_memory((at, memory));
                }
            }
            for elem in &other.module.elems {
                if let ElemPlace::Active(table, _) = elem.place
                    && other.module.tables[table.index()].import.is_some()
                {
                    self.linked_table((at, table));
                }
            }
        }
    }

    /// Active data of all modules that goes into a memory, in order of the modules.
    fn fill_memory(&mut self, memory: MemoryId) {
        let others = self.joined.others;
        for (at, other) in others.iter().enumerate() {
            for (id, data) in (0..).map(DataId).zip(&other.module.datas) {
                if let DataPlace::At(theirs, _) = data.place
                    && self.known_memory((at, theirs)) == Some(memory)
                {
                    self.linked_data((at, id));
                }
            }
        }
    }

    /// The same for a table.
    fn fill_table(&mut self, table: TableId) {
        let others = self.joined.others;
        for (at, other) in others.iter().enumerate() {
            for (id, elem) in (0..).map(ElemId).zip(&other.module.elems) {
                if let ElemPlace::Active(theirs, _) = elem.place
                    && self.known_table((at, theirs)) == Some(table)
                {
                    self.linked_elem((at, id));
                }
            }
        }
    }

    /// A module that calls WASI has WASI look into its memory.
    fn show_memory_to_wasi(&mut self) {
        for at in self.joined.wasi.clone() {
            if !self.joined.others[at].module.memories.is_empty() {
                self.linked_memory((at, MemoryId(0)));
            }
        }
    }

    /// Items with a name that another one of their kind has are called after their module, too.
    fn name_apart(&mut self) {
        let copied = std::mem::take(&mut self.joined.copied);
        let mut taken: FxHashSet<(u8, Box<str>)> = FxHashSet::default();
        let theirs: FxHashSet<ExportItem> = copied.iter().map(|(_, item)| *item).collect();
        let all = (0..self.module.funcs.len() as u32)
            .map(|id| ExportItem::Func(FuncId(id)))
            .chain((0..self.module.tables.len() as u32).map(|id| ExportItem::Table(TableId(id))))
            .chain(
                (0..self.module.memories.len() as u32).map(|id| ExportItem::Memory(MemoryId(id))),
            )
            .chain(
                (0..self.module.globals.len() as u32).map(|id| ExportItem::Global(GlobalId(id))),
            );
        let ours: Vec<ExportItem> = all.filter(|item| !theirs.contains(item)).collect();
        for item in ours {
            if let (space, Some(name)) = self.name_slot(item) {
                taken.insert((space, name.clone()));
            }
        }
        for (at, item) in copied {
            let others = self.joined.others;
            let module = &others[at].name;
            let (space, slot) = self.name_slot(item);
            let Some(name) = slot else { continue };
            if taken.contains(&(space, name.clone())) {
                *name = format!("{module}::{name}").into();
            }
            let mut number = 0;
            let base = name.clone();
            while !taken.insert((space, name.clone())) {
                number += 1;
                *name = format!("{base}.{number}").into();
            }
        }
    }

    /// Where an item's name is, and a number for its kind.
    fn name_slot(&mut self, item: ExportItem) -> (u8, &mut Option<Box<str>>) {
        match item {
            ExportItem::Func(id) => (0, &mut self.module.funcs[id.index()].name),
            ExportItem::Table(id) => (1, &mut self.module.tables[id.index()].name),
            ExportItem::Memory(id) => (2, &mut self.module.memories[id.index()].name),
            ExportItem::Global(id) => (3, &mut self.module.globals[id.index()].name),
            ExportItem::Tag(id) => (4, &mut self.module.tags[id.index()].name),
        }
    }
}
