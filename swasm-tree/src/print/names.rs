//! Names of items ⇒ identifiers of WebAssembly text.
//!
//! Invariant: identifiers are unique in their kind, and an item's depends on those of the same name only.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::{
    DataId, ElemId, ExportItem, FuncId, GlobalId, MemoryId, Module, TableId, TagId, TypeId,
};

/// Names of a module's items: unique in their kind. A name that several items have gets a number, except the first.
pub(super) struct Names<'a> {
    funcs: Vec<String>,
    globals: Vec<String>,
    tables: Vec<String>,
    memories: Vec<String>,
    datas: Vec<String>,
    elems: Vec<String>,
    tags: Vec<String>,
    /// Types without a name are known by their number.
    types: Vec<String>,
    /// Fields that have a name of their own.
    fields: HashMap<(TypeId, u32), String>,
    exports: HashMap<ExportItem, Vec<&'a str>>,
}

impl<'a> Names<'a> {
    pub(super) fn of(module: &'a Module) -> Names<'a> {
        let mut exports: HashMap<ExportItem, Vec<&str>> = HashMap::new();
        for export in &module.exports {
            exports.entry(export.item).or_default().push(&export.name);
        }
        let func_name = |at: usize| {
            let own = module.funcs[at].name.as_deref();
            // An exported function without a name is known by its export.
            own.or_else(|| Some(*exports.get(&ExportItem::Func(FuncId(at as u32)))?.first()?))
        };
        let type_name = |at: usize| module.types.name(TypeId(at as u32));
        let mut types = unique("type", module.types.len(), type_name);
        let mut fields = HashMap::new();
        for (at, text) in types.iter_mut().enumerate() {
            let id = TypeId(at as u32);
            if module.types.name(id).is_none_or(str::is_empty) {
                *text = at.to_string();
            }
            let mut taken = HashSet::new();
            for (field, name) in module.types.field_names(id) {
                if !name.is_empty() && taken.insert(name) {
                    fields.insert((id, field), identifier(name));
                }
            }
        }
        Names {
            funcs: unique("func", module.funcs.len(), func_name),
            globals: unique("global", module.globals.len(), |at| {
                module.globals[at].name.as_deref()
            }),
            tables: unique("table", module.tables.len(), |at| module.tables[at].name.as_deref()),
            memories: unique("memory", module.memories.len(), |at| {
                module.memories[at].name.as_deref()
            }),
            datas: unique("data", module.datas.len(), |at| module.datas[at].name.as_deref()),
            tags: unique("tag", module.tags.len(), |at| module.tags[at].name.as_deref()),
            elems: unique("elem", module.elems.len(), |at| module.elems[at].name.as_deref()),
            types,
            fields,
            exports,
        }
    }

    pub(super) fn func(&self, id: FuncId) -> &str {
        &self.funcs[id.index()]
    }

    pub(super) fn global(&self, id: GlobalId) -> &str {
        &self.globals[id.index()]
    }

    pub(super) fn memory(&self, id: MemoryId) -> &str {
        &self.memories[id.index()]
    }

    pub(super) fn data(&self, id: DataId) -> &str {
        &self.datas[id.index()]
    }

    pub(super) fn elem(&self, id: ElemId) -> &str {
        &self.elems[id.index()]
    }

    pub(super) fn tag(&self, id: TagId) -> &str {
        &self.tags[id.index()]
    }

    pub(super) fn table(&self, id: TableId) -> &str {
        if id == TableId::FUNCTIONS { "$functions" } else { &self.tables[id.index()] }
    }

    pub(super) fn ty(&self, id: TypeId) -> &str {
        &self.types[id.index()]
    }

    /// The identifier of a field, if it has one.
    pub(super) fn field(&self, ty: TypeId, field: u32) -> Option<&str> {
        self.fields.get(&(ty, field)).map(String::as_str)
    }

    pub(super) fn item(&self, item: ExportItem) -> &str {
        match item {
            ExportItem::Func(id) => self.func(id),
            ExportItem::Table(id) => self.table(id),
            ExportItem::Memory(id) => self.memory(id),
            ExportItem::Global(id) => self.global(id),
            ExportItem::Tag(id) => self.tag(id),
        }
    }

    /// What an item is exported as, in order.
    pub(super) fn exports(&self, item: ExportItem) -> &[&'a str] {
        self.exports.get(&item).map_or(&[], Vec::as_slice)
    }
}

/// `$name`s for items; those without a name are called by kind and number.
pub(super) fn unique<'a>(
    kind: &str,
    count: usize,
    name: impl Fn(usize) -> Option<&'a str>,
) -> Vec<String> {
    let name = |at: usize| name(at).filter(|name| !name.is_empty());
    let mut taken: HashSet<String> = HashSet::new();
    // Names that are given go before those made up.
    let given: HashSet<&str> = (0..count).filter_map(name).collect();
    // Where to look for a free number of a name: many items may have the same.
    let mut numbers: HashMap<String, u32> = HashMap::new();
    (0..count)
        .map(|at| {
            let wanted = name(at).map_or_else(|| format!("{kind}{at}"), str::to_owned);
            let mut id = wanted.clone();
            let made_up = name(at).is_none();
            while taken.contains(&id) || ((made_up || id != wanted) && given.contains(id.as_str()))
            {
                let number = numbers.entry(wanted.clone()).or_insert(1);
                *number += 1;
                id = format!("{wanted}#{number}");
            }
            let text = identifier(&id);
            taken.insert(id);
            text
        })
        .collect()
}

/// `$name`, or `$"any text"`.
pub(super) fn identifier(name: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-./:<=>?@\\^_`|~".contains(&byte);
    if !name.is_empty() && name.bytes().all(plain) {
        format!("${name}")
    } else {
        format!("${}", quoted(name))
    }
}

pub(super) fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            ' '..='~' => out.push(letter),
            // Readers of text refuse what would change its direction on a screen.
            _ if letter.is_alphanumeric() => out.push(letter),
            _ => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
        }
    }
    out.push('"');
    out
}
