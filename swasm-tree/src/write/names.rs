//! Names that people gave ⇒ the name section.

use wasm_encoder as we;

use super::Writer;
use crate::{DataPlace, FuncKind};

impl Writer<'_> {
    pub(super) fn names(
        &self,
        funcs: &[usize],
        globals: &[usize],
        datas: &[usize],
    ) -> we::NameSection {
        let module = self.module;
        let mut section = we::NameSection::new();
        let mut functions = we::NameMap::new();
        let mut locals = we::IndirectNameMap::new();
        let mut any_locals = false;
        for (index, &at) in (0..).zip(funcs) {
            let func = &module.funcs[at];
            if let Some(name) = &func.name {
                functions.append(index, name);
            }
            if let FuncKind::Defined(code) = &func.kind
                && !code.local_names.is_empty()
            {
                let mut names = we::NameMap::new();
                for (local, name) in code.local_names.iter() {
                    names.append(local.0, name);
                }
                locals.append(index, &names);
                any_locals = true;
            }
        }
        if !functions.is_empty() {
            section.functions(&functions);
        }
        if any_locals {
            section.locals(&locals);
        }
        let mut global_names = we::NameMap::new();
        for (index, &at) in (0..).zip(globals) {
            if let Some(name) = &module.globals[at].name {
                global_names.append(index, name);
            }
        }
        if !global_names.is_empty() {
            section.globals(&global_names);
        }
        let mut data_names = we::NameMap::new();
        for (index, &at) in (0..).zip(datas) {
            if let Some(name) = &module.datas[at].name {
                data_names.append(index, name);
            }
        }
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
                data_names.append(index, name);
            }
        }
        if !data_names.is_empty() {
            section.data(&data_names);
        }
        section
    }
}
