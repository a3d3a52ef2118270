//! Static data and tables ⇒ data and element sections.
//!
//! Invariant: what code names is where the code was told; slots of the function table begin at 1.

use std::borrow::Cow;

use wasm_encoder as we;

use super::Writer;
use crate::code::Target;
use crate::{
    ConstExpr, DataPlace, ElemPlace, ExportItem, FuncId, GlobalKind, HeapType, MemoryId, Symbol,
    ValType,
};

impl<'a> Writer<'a> {
    /// Puts addresses into static data; returns the bytes of the segments in `order`.
    pub(super) fn relocated_datas(&mut self, order: &[usize]) -> Vec<Cow<'a, [u8]>> {
        let module = self.module;
        let mut image = std::mem::take(&mut self.layout.image);
        for (at, data) in module.datas.iter().enumerate() {
            if self.live.datas[at] && data.place == DataPlace::Laid {
                let start = (self.layout.addresses[at] - crate::STATIC_BASE) as usize;
                self.relocate(&data.relocs, image.get_mut(start..).unwrap_or_default());
            }
        }
        self.layout.image = image;
        order
            .iter()
            .map(|&at| {
                let data = &module.datas[at];
                if data.relocs.is_empty() && data.bytes.len() as u64 >= data.size {
                    return Cow::Borrowed(&*data.bytes);
                }
                let mut bytes = data.bytes.clone();
                bytes.resize(bytes.len().max(data.size as usize), 0);
                self.relocate(&data.relocs, &mut bytes);
                Cow::Owned(bytes)
            })
            .collect()
    }

    pub(super) fn relocate(&mut self, relocs: &[(u32, Symbol)], bytes: &mut [u8]) {
        for &(offset, symbol) in relocs {
            let value = self.symbol(symbol) as u32;
            bytes[offset as usize..offset as usize + 4].copy_from_slice(&value.to_le_bytes());
        }
    }

    pub(super) fn datas(&mut self, order: &[usize], patched: &[Cow<'_, [u8]>]) -> we::DataSection {
        let mut section = we::DataSection::new();
        for (&at, bytes) in order.iter().zip(patched) {
            match self.module.datas[at].place {
                DataPlace::At(memory, place) => {
                    let place = self.constant(place);
                    let memory = self.at.memories[memory.index()];
                    section.active(memory, &place, bytes.iter().copied());
                }
                DataPlace::Passive | DataPlace::Laid => {
                    section.passive(bytes.iter().copied());
                }
            }
        }
        let wide = self.module.address_type(MemoryId(0)) == ValType::I64;
        for (address, bytes) in self.layout.segments() {
            let place = if wide {
                we::ConstExpr::i64_const(address as i64)
            } else {
                we::ConstExpr::i32_const(address as i32)
            };
            section.active(0, &place, bytes.iter().copied());
        }
        section
    }

    pub(super) fn elements(&mut self, order: &[usize]) -> we::ElementSection {
        let module = self.module;
        let mut section = we::ElementSection::new();
        for &at in order {
            let elem = &module.elems[at];
            let funcs: Vec<u32> = elem
                .items
                .iter()
                .filter_map(|item| {
                    let ConstExpr::RefFunc(func) = item else { return None };
                    Some(self.at.funcs[func.index()])
                })
                .collect();
            let expressions: Vec<we::ConstExpr>;
            // A list of functions has type `(ref func)`, which will do for `funcref`, too.
            let of_functions = elem.ty.heap() == HeapType::FUNC;
            let elements = if funcs.len() == elem.items.len() && of_functions {
                we::Elements::Functions(funcs.into())
            } else {
                expressions = elem.items.iter().map(|&item| self.constant(item)).collect();
                we::Elements::Expressions(self.ref_type(elem.ty), expressions.into())
            };
            match elem.place {
                ElemPlace::Active(table, place) => {
                    let place = self.constant(place);
                    let index = self.table_index(table);
                    section.active((index != 0).then_some(index), &place, elements);
                }
                ElemPlace::Passive => {
                    section.passive(elements);
                }
                ElemPlace::Declared => {
                    section.declared(elements);
                }
            }
        }
        if !self.slot_order.is_empty() {
            let funcs: Vec<u32> =
                self.slot_order.iter().map(|id| self.at.funcs[id.index()]).collect();
            let table = self.at.function_table;
            let table = (table != 0).then_some(table);
            section.active(
                table,
                &we::ConstExpr::i32_const(1),
                we::Elements::Functions(funcs.into()),
            );
        }
        // `ref.func` in code wants a function that something outside of code names.
        let mut declared: std::collections::HashSet<FuncId> =
            self.slot_order.iter().copied().collect();
        for export in &module.exports {
            if let ExportItem::Func(id) = export.item {
                declared.insert(id);
            }
        }
        // What is not written declares nothing.
        let live = &self.live;
        let globals = module.globals.iter().zip(&live.globals).filter(|(_, live)| **live);
        let values = globals.filter_map(|(global, _)| match global.kind {
            GlobalKind::Defined(value) => Some(value),
            GlobalKind::Import(_) => None,
        });
        let elems = module.elems.iter().zip(&live.elems).filter(|(_, live)| **live);
        let items = elems.flat_map(|(elem, _)| elem.items.iter().copied());
        let tables = module.tables.iter().zip(&live.tables).filter(|(_, live)| **live);
        let inits = tables.filter_map(|(table, _)| table.init);
        for value in values.chain(items).chain(inits) {
            if let ConstExpr::RefFunc(id) = value {
                declared.insert(id);
            } else if let ConstExpr::Expr(id) = value {
                let code = module.expr_code(id, &mut self.encoder);
                declared.extend(code.relocs().filter_map(|reloc| {
                    let Target::RefFunc(id) = reloc.target else { return None };
                    Some(id)
                }));
            }
        }
        let mut missing = Vec::new();
        for &id in &self.referenced {
            if declared.insert(id) {
                missing.push(self.at.funcs[id.index()]);
            }
        }
        if !missing.is_empty() {
            section.declared(we::Elements::Functions(missing.into()));
        }
        section
    }
}
