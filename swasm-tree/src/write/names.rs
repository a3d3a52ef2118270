//! Names that people gave ⇒ the name section (specification, appendix "Custom Sections").

use wasm_encoder as we;

use super::Writer;
use crate::encode::small_u32;
use crate::{DataPlace, FuncKind, TypeId};

/// The number of the subsection that names locals.
const LOCAL_NAMES: u8 = 2;

/// The live items of each kind, in order of their indices.
pub(super) struct Orders<'a> {
    pub(super) funcs: &'a [usize],
    pub(super) tables: &'a [usize],
    pub(super) memories: &'a [usize],
    pub(super) globals: &'a [usize],
    pub(super) elems: &'a [usize],
    pub(super) datas: &'a [usize],
    pub(super) tags: &'a [usize],
}

/// Names by index, of the items that have one.
fn map<'a>(order: &[usize], name: impl Fn(usize) -> Option<&'a str>) -> Option<we::NameMap> {
    let mut names = we::NameMap::new();
    for (index, &at) in (0..).zip(order) {
        if let Some(name) = name(at) {
            names.append(index, name);
        }
    }
    (!names.is_empty()).then_some(names)
}

impl Writer<'_> {
    /// Subsections in the order of their numbers.
    pub(super) fn names(&self, orders: &Orders<'_>) -> we::NameSection {
        let module = self.module;
        let mut section = we::NameSection::new();
        if let Some(name) = &module.name {
            section.module(name);
        }
        if let Some(names) = map(orders.funcs, |at| module.funcs[at].name.as_deref()) {
            section.functions(&names);
        }
        if self.with_local_names > 0 {
            let mut contents = Vec::with_capacity(self.local_names.len() + 5);
            small_u32(&mut contents, self.with_local_names);
            contents.extend_from_slice(&self.local_names);
            section.raw(LOCAL_NAMES, &contents);
        }
        if let Some(names) = self.label_names(orders.funcs) {
            section.labels(&names);
        }
        let mut types: Vec<(u32, TypeId)> =
            (0..).zip(&self.type_ids).map(|(id, &index)| (index, TypeId(id))).collect();
        types.retain(|(index, _)| *index != super::UNWRITTEN);
        types.sort_unstable();
        let mut type_names = we::NameMap::new();
        for &(index, id) in &types {
            if let Some(name) = module.types.name(id) {
                type_names.append(index, name);
            }
        }
        if !type_names.is_empty() {
            section.types(&type_names);
        }
        if let Some(names) = map(orders.tables, |at| module.tables[at].name.as_deref()) {
            section.tables(&names);
        }
        if let Some(names) = map(orders.memories, |at| module.memories[at].name.as_deref()) {
            section.memories(&names);
        }
        if let Some(names) = map(orders.globals, |at| module.globals[at].name.as_deref()) {
            section.globals(&names);
        }
        if let Some(names) = map(orders.elems, |at| module.elems[at].name.as_deref()) {
            section.elements(&names);
        }
        if let Some(names) = self.data_names(orders.datas) {
            section.data(&names);
        }
        if let Some(names) = self.field_names(&types) {
            section.fields(&names);
        }
        if let Some(names) = map(orders.tags, |at| module.tags[at].name.as_deref()) {
            section.tags(&names);
        }
        section
    }

    /// Notes the names of a function's locals. Functions come in the order of their indices.
    pub(super) fn name_locals(&mut self, at: usize) {
        let out = &mut self.local_names;
        let before = out.len();
        small_u32(out, self.at.funcs[at]);
        let index_end = out.len();
        match &self.module.funcs[at].kind {
            FuncKind::Defined(code) => out.extend_from_slice(code.encoded_names()),
            FuncKind::Read(code) => code.encode_names(out),
            FuncKind::Import(_) | FuncKind::Declared => (),
        }
        if out.len() == index_end {
            out.truncate(before);
        } else {
            self.with_local_names += 1;
        }
    }

    /// Of code that had to be opened to be written, names of labels are lost.
    fn label_names(&self, funcs: &[usize]) -> Option<we::IndirectNameMap> {
        let mut labels = we::IndirectNameMap::new();
        let mut is_empty = true;
        for (index, &at) in (0..).zip(funcs) {
            let func = &self.module.funcs[at];
            let is_kept = self.copies || !matches!(func.kind, FuncKind::Read(_));
            let named = func.notes().filter(|_| is_kept).map(|notes| &*notes.label_names);
            let named = named.unwrap_or_default();
            if named.is_empty() {
                continue;
            }
            let mut names = we::NameMap::new();
            for (label, name) in named {
                names.append(*label, name);
            }
            labels.append(index, &names);
            is_empty = false;
        }
        (!is_empty).then_some(labels)
    }

    fn field_names(&self, types: &[(u32, TypeId)]) -> Option<we::IndirectNameMap> {
        let mut fields = we::IndirectNameMap::new();
        let mut is_empty = true;
        for &(index, id) in types {
            let mut names = we::NameMap::new();
            for (field, name) in self.module.types.field_names(id) {
                names.append(field, name);
            }
            if !names.is_empty() {
                fields.append(index, &names);
                is_empty = false;
            }
        }
        (!is_empty).then_some(fields)
    }

    fn data_names(&self, datas: &[usize]) -> Option<we::NameMap> {
        let module = self.module;
        let mut names = map(datas, |at| module.datas[at].name.as_deref()).unwrap_or_default();
        // A laid out segment is named after the first item in it.
        for (index, (address, bytes)) in (datas.len() as u32..).zip(self.layout.segments()) {
            let inside = |at: &usize| {
                let data = &module.datas[*at];
                self.live.datas[*at]
                    && data.place == DataPlace::Laid
                    && data.name.is_some()
                    && self.layout.addresses[*at] < address + bytes.len() as u64
                    && self.layout.addresses[*at] + data.size.max(1) > address
            };
            let first =
                (0..module.datas.len()).filter(inside).min_by_key(|at| self.layout.addresses[*at]);
            if let Some(name) = first.and_then(|at| module.datas[at].name.as_ref()) {
                names.append(index, name);
            }
        }
        (!names.is_empty()).then_some(names)
    }
}
