//! A module ⇒ in which order its functions, globals and types are written, and which functions are written once.
//!
//! What is named often gets an index of one byte, what is named less one of two, and so on; within each of these the order stays that of
//! the ids, so that what was written together stays together. Imports keep their places. Equal functions are one: of those with the same
//! type and code, where calls of functions that are one are the same, one is written, and calls of the others are calls of it.
//!
//! Invariant: nobody can tell. A function that something refers to (an export, an element, `ref.func`, a slot) stays a function of its
//! own, as the host may compare references; a global comes after those that its initial value names.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::code::Target;
use crate::encode::leb_len;
use crate::reach::Live;
use crate::{
    Body, Code, ConstExpr, Encoder, ExportItem, FuncId, FuncKind, GlobalKind, Module, RefType,
    Symbol, TypeId, ValType, Verified,
};

/// Merging functions makes their callers equal; it is done at most so many times.
const MERGE_ROUNDS: usize = 8;

impl Module {
    /// Has [`Module::write`] give small indices to the functions, globals and types that are named most, and write equal functions and
    /// types once. A function that something else than a call names stays a function of its own.
    ///
    /// Of functions that are written once, the names and positions of one are written. Code that was read is made a tree and encoded, and
    /// kept as that. A custom section that names indices or places in the code, and that the reader does not know, is no longer
    /// right: whoever calls this drops it from [`Module::customs`].
    pub fn renumber(&mut self) {
        let mut body = Body::new(&[], &[]);
        let mut encoder = Encoder::new();
        for func in (0..self.funcs.len() as u32).map(FuncId) {
            if self.open(func, &mut body) {
                // It was validated when it was read.
                let code = encoder.encode(Verified { module: self, func, body: &body });
                self.define(func, code);
            }
        }
        self.by_use = true;
    }
}

/// In which order items are written.
pub(crate) struct Plan {
    /// By function: which one is written for it.
    pub(crate) same: Vec<FuncId>,
    /// Functions, imported ones first.
    pub(crate) funcs: Vec<usize>,
    /// Globals, imported ones first.
    pub(crate) globals: Vec<usize>,
    /// Types, one for each recursion group that is used. What they mention comes before them, whatever is said here.
    pub(crate) types: Vec<TypeId>,
}

impl Plan {
    pub(crate) fn of(module: &Module, live: &Live, encoder: &mut Encoder) -> Plan {
        let exprs: Vec<Code> =
            module.exprs.iter().map(|body| encoder.encode_constant(module, body)).collect();
        let mut uses = Uses::of(module, live, &exprs);
        let same = Merge::of(module, live, &uses.referenced);
        uses.count_code(module, live, &same);
        let is_written = |at: &usize| live.funcs[*at] && same[*at].index() == *at;
        let is_import = |at: &usize| matches!(module.funcs[*at].kind, FuncKind::Import(_));
        let all = (0..module.funcs.len()).filter(is_written);
        let (mut funcs, defined): (Vec<usize>, Vec<usize>) = all.partition(is_import);
        funcs.extend(by_use(defined, &uses.funcs, funcs.len(), false));

        let is_import = |at: &usize| matches!(module.globals[*at].kind, GlobalKind::Import(_));
        let all = (0..module.globals.len()).filter(|&at| live.globals[at]);
        let (mut globals, defined): (Vec<usize>, Vec<usize>) = all.partition(is_import);
        let order = by_use(defined, &uses.globals, globals.len(), false);
        after_what_they_name(module, order, &mut globals);

        let keep_all = !module.reachable_only;
        let groups: Vec<usize> = module
            .types
            .groups()
            .map(|group| group.start as usize)
            .filter(|&start| module.types.canonical(TypeId(start as u32)).index() == start)
            .filter(|&start| keep_all || uses.types[start] > 0)
            .collect();
        let types = by_use(groups, &uses.types, 0, true);
        Plan { same, funcs, globals, types: types.iter().map(|&at| TypeId(at as u32)).collect() }
    }
}

/// Those with many uses where indices are short, which begin with `first`; else in the order they come in. A number with a sign has one
/// bit less.
fn by_use(mut items: Vec<usize>, uses: &[u32], first: usize, signed: bool) -> Vec<usize> {
    items.sort_by_key(|&at| Reverse(uses[at]));
    let width = |rank: usize| leb_len(((first + rank) as u32) << u32::from(signed));
    let mut ranked: Vec<(u32, usize)> =
        items.into_iter().enumerate().map(|(rank, at)| (width(rank), at)).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, at)| at).collect()
}

/// Adds globals in this order, but each after those that its initial value names.
fn after_what_they_name(module: &Module, order: Vec<usize>, into: &mut Vec<usize>) {
    let mut done = vec![false; module.globals.len()];
    for &at in into.iter() {
        done[at] = true;
    }
    for at in order {
        let mut waiting = vec![at];
        while let Some(&at) = waiting.last() {
            let before = match module.globals[at].kind {
                GlobalKind::Defined(value) => module.globals_of(value),
                GlobalKind::Import(_) => Vec::new(),
            };
            let missing = before.into_iter().find(|global| !done[global.index()]);
            match missing {
                Some(global) => waiting.push(global.index()),
                None => {
                    waiting.pop();
                    if !std::mem::replace(&mut done[at], true) {
                        into.push(at);
                    }
                }
            }
        }
    }
}

/// The items that are written.
fn written<'a, T>(items: &'a [T], live: &'a [bool]) -> impl Iterator<Item = &'a T> {
    items.iter().zip(live).filter_map(|(item, &live)| live.then_some(item))
}

/// How often indices are written.
struct Uses {
    funcs: Vec<u32>,
    globals: Vec<u32>,
    /// By the first type of each group that is written.
    types: Vec<u32>,
    /// The functions that something else than a call names.
    referenced: Vec<bool>,
}

impl Uses {
    /// Of everything but code.
    fn of(module: &Module, live: &Live, exprs: &[Code]) -> Uses {
        let mut uses = Uses {
            funcs: vec![0; module.funcs.len()],
            globals: vec![0; module.globals.len()],
            types: vec![0; module.types.len()],
            referenced: vec![false; module.funcs.len()],
        };
        for export in module.exports.iter().chain(&module.weak_exports) {
            match export.item {
                ExportItem::Func(func) => uses.refer(func),
                ExportItem::Global(global) => uses.globals[global.index()] += 1,
                ExportItem::Table(_) | ExportItem::Memory(_) | ExportItem::Tag(_) => (),
            }
        }
        let tables = || written(&module.tables, &live.tables);
        let globals = || written(&module.globals, &live.globals);
        let elems = || written(&module.elems, &live.elems);
        let first_values = globals().filter_map(|global| match global.kind {
            GlobalKind::Defined(value) => Some(value),
            GlobalKind::Import(_) => None,
        });
        let values = tables()
            .filter_map(|table| table.init)
            .chain(first_values)
            .chain(elems().flat_map(|elem| elem.items.iter().copied()));
        values.for_each(|value| uses.constant(module, value, exprs));
        for data in &module.datas {
            data.relocs.iter().for_each(|&(_, symbol)| uses.symbol(symbol));
        }
        let types = globals()
            .map(|global| global.ty)
            .chain(tables().map(|table| ValType::Ref(table.ty)))
            .chain(elems().map(|elem| ValType::Ref(elem.ty)));
        types.for_each(|ty| uses.val_type(module, ty));
        written(&module.tags, &live.tags).for_each(|tag| uses.ty(module, tag.ty));
        for func in written(&module.funcs, &live.funcs) {
            if let FuncKind::Defined(code) = &func.kind {
                for reloc in code.relocs() {
                    if let Target::RefFunc(func) = reloc.target {
                        uses.referenced[func.index()] = true;
                    } else if let Target::Symbol(at) = reloc.target {
                        uses.symbol(code.symbols()[at as usize]);
                    }
                }
            }
        }
        uses
    }

    fn refer(&mut self, func: FuncId) {
        self.funcs[func.index()] += 1;
        self.referenced[func.index()] = true;
    }

    fn symbol(&mut self, symbol: Symbol) {
        if let Symbol::TableSlot(func) = symbol {
            self.referenced[func.index()] = true;
        }
    }

    fn constant(&mut self, module: &Module, value: ConstExpr, exprs: &[Code]) {
        match value {
            ConstExpr::GlobalGet(global) => self.globals[global.index()] += 1,
            ConstExpr::RefFunc(func) => self.refer(func),
            ConstExpr::Symbol(symbol) => self.symbol(symbol),
            ConstExpr::RefNull(heap) => {
                self.val_type(module, ValType::Ref(RefType::new(true, heap)));
            }
            ConstExpr::Expr(expr) => {
                for reloc in exprs[expr.index()].relocs() {
                    if let Target::RefFunc(func) = reloc.target {
                        self.referenced[func.index()] = true;
                    }
                    self.target(module, &exprs[expr.index()], reloc.target, None);
                }
            }
            ConstExpr::I32(_)
            | ConstExpr::I64(_)
            | ConstExpr::F32(_)
            | ConstExpr::F64(_)
            | ConstExpr::V128(_) => (),
        }
    }

    /// Of the functions that are written.
    fn count_code(&mut self, module: &Module, live: &Live, same: &[FuncId]) {
        for (at, func) in module.funcs.iter().enumerate() {
            if !live.funcs[at] || same[at].index() != at {
                continue;
            }
            self.ty(module, func.ty);
            if let FuncKind::Defined(code) = &func.kind {
                for reloc in code.relocs() {
                    self.target(module, code, reloc.target, Some(same));
                }
            }
        }
    }

    fn target(&mut self, module: &Module, code: &Code, target: Target, same: Option<&[FuncId]>) {
        match target {
            Target::Func(func) | Target::RefFunc(func) => {
                let func = same.map_or(func, |same| same[func.index()]);
                self.funcs[func.index()] += 1;
            }
            Target::Global(global) => self.globals[global.index()] += 1,
            Target::Type(ty) | Target::HeapType(ty) => self.ty(module, ty),
            Target::BlockType(at) => {
                if let Some(ty) = module.types.find(&code.block_types()[at as usize]) {
                    self.ty(module, ty);
                }
            }
            Target::Table(_)
            | Target::Memory(_)
            | Target::MemArg(..)
            | Target::Data(_)
            | Target::Elem(_)
            | Target::Tag(_)
            | Target::Symbol(_) => (),
        }
    }

    fn val_type(&mut self, module: &Module, ty: ValType) {
        if let Some(ty) = ty.concrete() {
            self.ty(module, ty);
        }
    }

    fn ty(&mut self, module: &Module, ty: TypeId) {
        let group = module.types.group(module.types.canonical(ty));
        self.types[group.start as usize] += 1;
    }
}

/// Finds equal functions.
struct Merge<'a> {
    module: &'a Module,
    /// By function: the one it is equal to, which may be equal to another by now.
    same: Vec<FuncId>,
}

impl Merge<'_> {
    /// By function: which one is written for it.
    fn of(module: &Module, live: &Live, referenced: &[bool]) -> Vec<FuncId> {
        let mut merge =
            Merge { module, same: (0..module.funcs.len() as u32).map(FuncId).collect() };
        // Functions that are referred to first: others are merged into them.
        let mut order: Vec<FuncId> =
            merge.same.iter().copied().filter(|func| live.funcs[func.index()]).collect();
        order.sort_by_key(|func| !referenced[func.index()]);
        for _ in 0..MERGE_ROUNDS {
            if !merge.round(&order, referenced) {
                break;
            }
        }
        for at in 0..merge.same.len() {
            merge.same[at] = merge.resolve(FuncId(at as u32));
        }
        merge.same
    }

    fn resolve(&self, mut func: FuncId) -> FuncId {
        while self.same[func.index()] != func {
            func = self.same[func.index()];
        }
        func
    }

    /// Whether some were merged.
    fn round(&mut self, order: &[FuncId], referenced: &[bool]) -> bool {
        let mut merged = false;
        let mut by_hash: HashMap<u64, Vec<FuncId>> = HashMap::new();
        for &func in order {
            let FuncKind::Defined(code) = &self.module.func(func).kind else { continue };
            if self.same[func.index()] != func {
                continue;
            }
            let alike = by_hash.entry(self.hash(func, code)).or_default();
            let equal = alike.iter().copied().find(|&other| self.is_equal(func, other));
            match equal {
                Some(other) if !referenced[func.index()] => {
                    self.same[func.index()] = other;
                    merged = true;
                }
                Some(_) => (),
                None => alike.push(func),
            }
        }
        merged
    }

    fn hash(&self, func: FuncId, code: &Code) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.module.types.canonical(self.module.func(func).ty).hash(&mut hasher);
        code.bytes().hash(&mut hasher);
        for reloc in code.relocs() {
            reloc.at.hash(&mut hasher);
            // Those that most functions differ in.
            let target = self.target(func, reloc.target);
            if let Target::Func(id) | Target::RefFunc(id) = target {
                id.hash(&mut hasher);
            } else if let Target::Global(id) = target {
                id.hash(&mut hasher);
            } else if let Target::Type(id) | Target::HeapType(id) = target {
                id.hash(&mut hasher);
            } else if let Target::Symbol(at) = target {
                code.symbols()[at as usize].hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// What a target stands for, where functions and types that are one have one id; a function's own is none.
    fn target(&self, of: FuncId, target: Target) -> Target {
        if let Target::Func(func) = target {
            let func = self.resolve(func);
            Target::Func(if func == of { FuncId(u32::MAX) } else { func })
        } else if let Target::Type(ty) = target {
            Target::Type(self.module.types.canonical(ty))
        } else if let Target::HeapType(ty) = target {
            Target::HeapType(self.module.types.canonical(ty))
        } else {
            target
        }
    }

    fn is_equal(&self, a: FuncId, b: FuncId) -> bool {
        let canonical = |func: FuncId| self.module.types.canonical(self.module.func(func).ty);
        let (FuncKind::Defined(code), FuncKind::Defined(other)) =
            (&self.module.func(a).kind, &self.module.func(b).kind)
        else {
            return false;
        };
        let same_target = |left: Target, right: Target| match (left, right) {
            (Target::BlockType(left), Target::BlockType(right)) => {
                code.block_types()[left as usize] == other.block_types()[right as usize]
            }
            (Target::Symbol(left), Target::Symbol(right)) => {
                code.symbols()[left as usize] == other.symbols()[right as usize]
            }
            _ => self.target(a, left) == self.target(b, right),
        };
        canonical(a) == canonical(b)
            && code.bytes() == other.bytes()
            && code.relocs().count() == other.relocs().count()
            && code
                .relocs()
                .zip(other.relocs())
                .all(|(left, right)| left.at == right.at && same_target(left.target, right.target))
    }
}
