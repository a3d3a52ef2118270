//! What a written module contains: everything, or what exports and the start function need.
//!
//! Invariant: whatever a live item names is live.

use crate::code::Target;
use crate::{
    Body, Code, ConstExpr, DataId, DataPlace, ElemId, ElemPlace, Encoder, ExportItem, FuncId,
    FuncKind, GlobalId, GlobalKind, MemoryId, Module, Symbol, TableId, TagId, Verified,
};

/// Which items are written, by id.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) funcs: Vec<bool>,
    pub(crate) globals: Vec<bool>,
    pub(crate) tables: Vec<bool>,
    /// Whether the module has a function table of its own.
    pub(crate) function_table: bool,
    /// Whether something asks how many pages memory 0 starts with.
    pub(crate) initial_pages: bool,
    pub(crate) memories: Vec<bool>,
    pub(crate) tags: Vec<bool>,
    pub(crate) datas: Vec<bool>,
    pub(crate) elems: Vec<bool>,
}

#[derive(Clone, Copy)]
enum Item {
    Func(FuncId),
    Global(GlobalId),
    Table(TableId),
    Memory(MemoryId),
    Tag(TagId),
    Data(DataId),
    Elem(ElemId),
}

impl Live {
    pub(crate) fn of(module: &Module) -> Live {
        let all = !module.reachable_only;
        let mut live = Live {
            funcs: vec![false; module.funcs.len()],
            globals: vec![false; module.globals.len()],
            tables: vec![false; module.tables.len()],
            function_table: false,
            initial_pages: false,
            memories: vec![false; module.memories.len()],
            tags: vec![false; module.tags.len()],
            datas: vec![false; module.datas.len()],
            elems: vec![false; module.elems.len()],
        };
        let mut reach = Reach {
            live: &mut live,
            module,
            waiting: Vec::new(),
            all,
            opened: Body::new(&[], &[]),
            encoder: Encoder::new(),
        };
        reach.roots();
        while let Some(item) = reach.waiting.pop() {
            reach.follow(item);
        }
        live
    }
}

/// Whether so many elements from `start` on are known to be in a table.
fn fits(start: ConstExpr, count: usize, size: u64) -> bool {
    let end = start.place().and_then(|start| start.checked_add(count as u64));
    end.is_some_and(|end| end <= size)
}

struct Reach<'a> {
    live: &'a mut Live,
    module: &'a Module,
    waiting: Vec<Item>,
    /// Whether everything is live.
    all: bool,
    opened: Body,
    encoder: Encoder,
}

impl Live {
    /// Whether an exported item is written.
    pub(crate) fn has(&self, item: ExportItem) -> bool {
        match item {
            ExportItem::Func(id) => self.funcs[id.index()],
            ExportItem::Table(TableId::FUNCTIONS) => self.function_table,
            ExportItem::Table(id) => self.tables[id.index()],
            ExportItem::Memory(id) => self.memories[id.index()],
            ExportItem::Global(id) => self.globals[id.index()],
            ExportItem::Tag(id) => self.tags[id.index()],
        }
    }
}

impl Reach<'_> {
    fn roots(&mut self) {
        let module = self.module;
        if self.all {
            (0..module.funcs.len() as u32).for_each(|id| self.mark(Item::Func(FuncId(id))));
            (0..module.globals.len() as u32).for_each(|id| self.mark(Item::Global(GlobalId(id))));
            (0..module.tables.len() as u32).for_each(|id| self.mark(Item::Table(TableId(id))));
            (0..module.memories.len() as u32).for_each(|id| self.mark(Item::Memory(MemoryId(id))));
            (0..module.tags.len() as u32).for_each(|id| self.mark(Item::Tag(TagId(id))));
            (0..module.datas.len() as u32).for_each(|id| self.mark(Item::Data(DataId(id))));
            (0..module.elems.len() as u32).for_each(|id| self.mark(Item::Elem(ElemId(id))));
        }
        let imports = if module.keep_imports { module.imported_items() } else { Vec::new() };
        for item in module.exports.iter().map(|export| export.item).chain(imports) {
            self.mark(match item {
                ExportItem::Func(id) => Item::Func(id),
                ExportItem::Table(id) => Item::Table(id),
                ExportItem::Memory(id) => Item::Memory(id),
                ExportItem::Global(id) => Item::Global(id),
                ExportItem::Tag(id) => Item::Tag(id),
            });
        }
        if let Some(start) = module.start {
            self.mark(Item::Func(start));
        }
        // Segments with a place of their own are effects of instantiation.
        for (id, data) in (0..).zip(&module.datas) {
            if matches!(data.place, DataPlace::At(..)) {
                self.mark(Item::Data(DataId(id)));
            }
        }
        // So are those that fill a table of somebody else's, and those that may not fit into their table.
        for (id, elem) in (0..).zip(&module.elems) {
            if let ElemPlace::Active(table, start) = elem.place
                && module.tables.get(table.index()).is_some_and(|table| {
                    table.import.is_some()
                        || (module.keep_imports && !fits(start, elem.items.len(), table.min))
                })
            {
                self.mark(Item::Elem(ElemId(id)));
            }
        }
    }

    fn mark(&mut self, item: Item) {
        let seen = match item {
            Item::Func(id) => &mut self.live.funcs[id.index()],
            Item::Global(id) => &mut self.live.globals[id.index()],
            Item::Table(TableId::FUNCTIONS) => &mut self.live.function_table,
            Item::Table(id) => &mut self.live.tables[id.index()],
            Item::Memory(id) => &mut self.live.memories[id.index()],
            Item::Tag(id) => &mut self.live.tags[id.index()],
            Item::Data(id) => &mut self.live.datas[id.index()],
            Item::Elem(id) => &mut self.live.elems[id.index()],
        };
        if !std::mem::replace(seen, true) {
            self.waiting.push(item);
        }
    }

    fn follow(&mut self, item: Item) {
        let module = self.module;
        match item {
            Item::Func(id) => match &module.func(id).kind {
                FuncKind::Defined(code) => self.code(code),
                // It names no symbol, so that nothing is left to find.
                FuncKind::Read(_) if self.all => (),
                FuncKind::Read(_) => {
                    module.open(id, &mut self.opened);
                    let verified = Verified { module, func: id, body: &self.opened };
                    let code = self.encoder.encode(verified);
                    self.code(&code);
                }
                FuncKind::Import(_) | FuncKind::Declared => (),
            },
            Item::Global(id) => {
                if let GlobalKind::Defined(value) = &module.globals[id.index()].kind {
                    self.constant(*value);
                }
            }
            Item::Table(table) => {
                let init = module.tables.get(table.index()).and_then(|table| table.init);
                init.into_iter().for_each(|init| self.constant(init));
                for (id, elem) in (0..).zip(&module.elems) {
                    if matches!(elem.place, ElemPlace::Active(into, _) if into == table) {
                        self.mark(Item::Elem(ElemId(id)));
                    }
                }
            }
            Item::Memory(_) | Item::Tag(_) => (),
            Item::Data(id) => {
                let data = &module.datas[id.index()];
                match data.place {
                    DataPlace::Laid => self.mark(Item::Memory(MemoryId(0))),
                    DataPlace::Passive => (),
                    DataPlace::At(memory, place) => {
                        self.mark(Item::Memory(memory));
                        self.constant(place);
                    }
                }
                data.relocs.iter().for_each(|&(_, symbol)| self.symbol(symbol));
            }
            Item::Elem(id) => {
                let elem = &module.elems[id.index()];
                elem.items.iter().for_each(|&item| self.constant(item));
                if let ElemPlace::Active(table, place) = elem.place {
                    self.mark(Item::Table(table));
                    self.constant(place);
                }
            }
        }
    }

    fn code(&mut self, code: &Code) {
        if code.uses_memory() {
            self.mark(Item::Memory(MemoryId(0)));
        }
        for reloc in code.relocs() {
            match reloc.target {
                Target::Func(id) | Target::RefFunc(id) => self.mark(Item::Func(id)),
                Target::Global(id) => self.mark(Item::Global(id)),
                Target::Table(id) => self.mark(Item::Table(id)),
                Target::Memory(id) | Target::MemArg(id, _) => self.mark(Item::Memory(id)),
                Target::Data(id) => self.mark(Item::Data(id)),
                Target::Elem(id) => self.mark(Item::Elem(id)),
                Target::Tag(id) => self.mark(Item::Tag(id)),
                Target::Symbol(at) => self.symbol(code.symbols()[at as usize]),
                Target::Type(_) | Target::BlockType(_) | Target::HeapType(_) => (),
            }
        }
    }

    fn symbol(&mut self, symbol: Symbol) {
        match symbol {
            Symbol::Data { data, addend: _ } => self.mark(Item::Data(data)),
            Symbol::HeapBase | Symbol::ReadOnlyEnd => (),
            Symbol::InitialPages => self.live.initial_pages = true,
            Symbol::TableSlot(func) => {
                self.mark(Item::Func(func));
                self.mark(Item::Table(TableId::FUNCTIONS));
            }
        }
    }

    fn constant(&mut self, value: ConstExpr) {
        match value {
            ConstExpr::Symbol(symbol) => self.symbol(symbol),
            ConstExpr::GlobalGet(id) => self.mark(Item::Global(id)),
            ConstExpr::RefFunc(id) => self.mark(Item::Func(id)),
            ConstExpr::Expr(id) => {
                let code = self.module.expr_code(id, &mut self.encoder);
                self.code(&code);
            }
            ConstExpr::I32(_)
            | ConstExpr::I64(_)
            | ConstExpr::F32(_)
            | ConstExpr::F64(_)
            | ConstExpr::V128(_)
            | ConstExpr::RefNull(_) => (),
        }
    }
}
