//! Data of several modules in one memory: where it is, and that none overwrites another's.
//!
//! Invariant: two modules never have active data at one address, and the program's heap begins above all of it.

use std::collections::BTreeMap;
use std::ops::Range;

use swasm_frontend_ir::{Diagnostic, codes};
use swasm_tree::{
    ConstExpr, Data, DataId, DataPlace, ExportItem, GlobalKind, MemoryId, TableId, Written,
};

use super::Theirs;
use crate::unit::{MEMORY, Unit};

/// Bytes of a page, as a power of two, where a memory says nothing else.
const PAGE_LOG2: u32 = 16;
/// The global by which a module says where memory that it does not use begins.
const HEAP_BASE: &str = "__heap_base";
/// Functions of WASI that look into no memory.
const WITHOUT_MEMORY: [&str; 2] = ["proc_exit", "sched_yield"];

/// Who has data somewhere: a linked module, by number, or the program.
type Owner = Option<usize>;

impl Unit<'_> {
    /// A data segment of a linked module.
    pub(super) fn linked_data(&mut self, (at, id): Theirs<DataId>) -> DataId {
        if let Some(&known) = self.joined.names[at].datas.get(&id) {
            return known;
        }
        let theirs = self.joined.others[at].module.datas[id.index()].clone();
        let place = match theirs.place {
            DataPlace::At(memory, offset) => {
                DataPlace::At(self.linked_memory((at, memory)), self.linked_constant((at, offset)))
            }
            DataPlace::Passive | DataPlace::Laid => theirs.place,
        };
        let data = self.module.add_data(Data { place, ..theirs });
        self.joined.names[at].datas.insert(id, data);
        self.joined.datas.push((at, data));
        if let DataPlace::At(MEMORY, _) = place
            && let Some(range) = self.range(data)
        {
            let pages = range.end.div_ceil(1 << PAGE_LOG2);
            let memory = &mut self.module.memories[MEMORY.index()];
            memory.min_pages = memory.min_pages.max(pages);
            self.module.heap_floor = self.module.heap_floor.max(range.end);
        }
        data
    }

    /// The memory that one of a linked module is, if that is part of the program already.
    pub(super) fn known_memory(&self, (at, id): Theirs<MemoryId>) -> Option<MemoryId> {
        self.joined.names[at].memories.get(&id).copied()
    }

    /// The same for a table.
    pub(super) fn known_table(&self, (at, id): Theirs<TableId>) -> Option<TableId> {
        self.joined.names[at].tables.get(&id).copied()
    }

    /// The addresses of active data, if its place is a number.
    fn range(&self, data: DataId) -> Option<Range<u64>> {
        let data = &self.module.datas[data.index()];
        let DataPlace::At(_, offset) = data.place else { return None };
        let start = offset.place()?;
        Some(start..start.checked_add(data.bytes.len() as u64)?)
    }

    /// The program allocates above what a module that shares its memory calls the base of the heap.
    pub(super) fn reserve_heaps(&mut self) {
        for (other, names) in self.joined.others.iter().zip(&self.joined.names) {
            if !names.memories.values().any(|memory| *memory == MEMORY) {
                continue;
            }
            let base = other.module.exports.iter().find(|export| &*export.name == HEAP_BASE);
            if let Some(ExportItem::Global(id)) = base.map(|export| export.item)
                && let GlobalKind::Defined(ConstExpr::I32(base)) =
                    other.module.globals[id.index()].kind
            {
                self.module.heap_floor = self.module.heap_floor.max(u64::from(base as u32));
            }
        }
    }

    /// The memory that WASI is to see, which is exported; `None` if nobody calls WASI.
    ///
    /// # Errors
    /// If there is more than one.
    pub(crate) fn wasi_memory(&self) -> Result<Option<MemoryId>, Vec<Diagnostic>> {
        let ours = self.wasi_imports();
        let needs_ours = ours.iter().any(|name| !WITHOUT_MEMORY.contains(name));
        let mut seen: Vec<(MemoryId, String)> = Vec::new();
        if needs_ours {
            seen.push((MEMORY, "the program".to_owned()));
        }
        for &at in &self.joined.wasi {
            if let Some(memory) = self.known_memory((at, MemoryId(0)))
                && seen.iter().all(|(known, _)| *known != memory)
            {
                seen.push((memory, format!("`{}`", self.joined.others[at].name)));
            }
        }
        match &*seen {
            [] => Ok((!ours.is_empty()).then_some(MEMORY)),
            [(memory, _)] => Ok(Some(*memory)),
            [(_, a), (_, b), ..] => {
                let message = format!(
                    "{a} and {b} call WASI, each with a memory of its own; WASI sees one only"
                );
                Err(vec![Diagnostic::global(codes::LINK_MEMORY, message).help(
                    "let them share one: a module that imports `env.memory` has the program's",
                )])
            }
        }
    }
}

/// Tells where data of two modules overlaps, or lies outside of its memory.
pub(crate) fn check_data(unit: &Unit<'_>, written: &Written) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    let mut by_memory: BTreeMap<MemoryId, Vec<(Range<u64>, Owner)>> = BTreeMap::new();
    if !written.static_data.is_empty() {
        by_memory.entry(MEMORY).or_default().push((written.static_data.clone(), None));
    }
    for &(at, data) in &unit.joined.datas {
        let DataPlace::At(memory, _) = unit.module.datas[data.index()].place else { continue };
        match unit.range(data) {
            Some(range) => {
                let limits = &unit.module.memories[memory.index()];
                let page = limits.page_size_log2.unwrap_or(PAGE_LOG2);
                let size = u128::from(limits.min_pages) << page;
                if u128::from(range.end) > size {
                    wrong.push(outside(unit, at, &range, size));
                }
                if !range.is_empty() {
                    by_memory.entry(memory).or_default().push((range, Some(at)));
                }
            }
            None if memory == MEMORY => wrong.push(unknown(unit, at)),
            None => (),
        }
    }
    for items in by_memory.values_mut() {
        items.sort_by_key(|(range, owner)| (range.start, range.end, *owner));
        // By owner: what reaches furthest of what began earlier.
        let mut furthest: BTreeMap<Owner, Range<u64>> = BTreeMap::new();
        for (range, owner) in items {
            let hit = furthest.iter().find(|(other, it)| *other != owner && it.end > range.start);
            if let Some((other, it)) = hit {
                wrong.push(overlap(unit, (*other, it), (*owner, range)));
                break;
            }
            let own = furthest.entry(*owner).or_insert_with(|| range.clone());
            if own.end < range.end {
                *own = range.clone();
            }
        }
    }
    wrong
}

fn owner(unit: &Unit<'_>, owner: Owner) -> String {
    match owner {
        Some(at) => format!("data of `{}`", unit.joined.others[at].name),
        None => "static data of the program".to_owned(),
    }
}

fn overlap(unit: &Unit<'_>, a: (Owner, &Range<u64>), b: (Owner, &Range<u64>)) -> Diagnostic {
    let message = format!(
        "{} at {}..{} overlaps {} at {}..{} in the memory that they share",
        owner(unit, a.0),
        a.1.start,
        a.1.end,
        owner(unit, b.0),
        b.1.start,
        b.1.end
    );
    Diagnostic::global(codes::LINK_MEMORY, message).help(
        "put the data of one module elsewhere (wasm-ld: `--global-base`), or let the module have a memory of its own",
    )
}

fn outside(unit: &Unit<'_>, at: usize, range: &Range<u64>, size: u128) -> Diagnostic {
    let name = owner(unit, Some(at));
    let message = format!(
        "{name} at {}..{} lies outside of its memory of {size} bytes",
        range.start, range.end
    );
    Diagnostic::global(codes::LINK_MEMORY, message).help("give the memory more pages at the start")
}

fn unknown(unit: &Unit<'_>, at: usize) -> Diagnostic {
    let message = format!(
        "{} has a place in the program's memory that is known only when the module runs",
        owner(unit, Some(at))
    );
    Diagnostic::global(codes::LINK_MEMORY, message)
        .help("link the module for a fixed address (wasm-ld: `--global-base`, without `-pie`)")
}
