//! Names of items ⇒ identifiers of WebAssembly text.
//!
//! Invariant: identifiers are unique in their kind, and an item's depends on those of the same name only.

use std::collections::HashSet;
use std::fmt::Write;

use crate::{DataId, ElemId, ExportItem, FuncId, GlobalId, MemoryId, Module, TableId, TagId};

/// Names of a module's items: unique in their kind. A name that several items have gets a number, except the first.
pub(super) struct Names {
    funcs: Vec<String>,
    globals: Vec<String>,
    tables: Vec<String>,
    memories: Vec<String>,
    datas: Vec<String>,
    elems: Vec<String>,
    tags: Vec<String>,
}

impl Names {
    pub(super) fn of(module: &Module) -> Names {
        let func_name = |at: usize| {
            let own = module.funcs[at].name.as_deref();
            // An exported function without a name is known by its export.
            own.or_else(|| {
                let exported = ExportItem::Func(FuncId(at as u32));
                module
                    .exports
                    .iter()
                    .find(|export| export.item == exported)
                    .map(|export| &*export.name)
            })
        };
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
}

/// `$name`s for items; those without a name are called by kind and number.
pub(super) fn unique<'a>(
    kind: &str,
    count: usize,
    name: impl Fn(usize) -> Option<&'a str>,
) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    // Names that are given go before those made up.
    let given: HashSet<&str> = (0..count).filter_map(&name).collect();
    (0..count)
        .map(|at| {
            let wanted = name(at).map_or_else(|| format!("{kind}{at}"), str::to_owned);
            let mut id = wanted.clone();
            let mut number = 1;
            let made_up = name(at).is_none();
            while taken.contains(&id) || ((made_up || id != wanted) && given.contains(id.as_str()))
            {
                number += 1;
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
            _ if letter.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}
