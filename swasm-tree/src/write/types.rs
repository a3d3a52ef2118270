//! Types ⇒ type indices: whoever names a type has it written. And the types of items that imports and definitions state.
//!
//! Invariant: a group is written whole, behind every group that it names.

use wasm_encoder as we;
use wasm_encoder::Encode;

use super::{PAGE, ROOM_ABOVE_HEAP_BASE, UNWRITTEN, Writer};
use crate::{
    CompositeType, FieldType, FuncType, HeapType, RefType, StorageType, SubType, TypeId, ValType,
};

impl Writer<'_> {
    pub(super) fn type_index(&mut self, id: TypeId) -> u32 {
        let index = self.type_ids[id.index()];
        if index != UNWRITTEN {
            return index;
        }
        let id = self.module.types.canonical(id);
        if self.type_ids[id.index()] == UNWRITTEN {
            // A type names only types of its own group and earlier ones: those are written first, in order.
            let types = &self.module.types;
            let mut needed = vec![types.group(id).start];
            let mut next = 0;
            while let Some(&start) = needed.get(next) {
                next += 1;
                let group = types.group(TypeId(start));
                for inner in group.flat_map(|at| types.sub(TypeId(at)).mentions()) {
                    let start = types.group(types.canonical(inner)).start;
                    if !needed.contains(&start) && self.type_ids[start as usize] == UNWRITTEN {
                        needed.push(start);
                    }
                }
            }
            needed.sort();
            for start in needed {
                self.write_group(TypeId(start));
            }
        }
        self.type_ids[id.index()]
    }

    /// Writes the recursion group that starts with a type.
    pub(super) fn write_group(&mut self, start: TypeId) {
        let types = &self.module.types;
        let group = types.group(start);
        for at in group.clone() {
            self.type_ids[at as usize] = self.type_count;
            self.type_count += 1;
        }
        let mut subs: Vec<we::SubType> =
            group.map(|at| self.sub_type(types.as_added(TypeId(at)))).collect();
        match (subs.pop(), subs.is_empty()) {
            (Some(only), true) => self.types.ty().subtype(&only),
            (Some(last), false) => {
                subs.push(last);
                self.types.ty().rec(subs);
            }
            (None, _) => (),
        }
    }

    fn sub_type(&mut self, sub: &SubType) -> we::SubType {
        let inner = match &sub.composite {
            CompositeType::Func(ty) => we::CompositeInnerType::Func(self.func_type(ty)),
            CompositeType::Struct(fields) => {
                let fields = fields.iter().map(|&field| self.field_type(field)).collect();
                we::CompositeInnerType::Struct(we::StructType { fields })
            }
            CompositeType::Array(element) => {
                we::CompositeInnerType::Array(we::ArrayType(self.field_type(*element)))
            }
        };
        we::SubType {
            is_final: sub.is_final,
            supertype_idx: sub.supertype.map(|id| self.type_index(id)),
            composite_type: we::CompositeType {
                inner,
                shared: false,
                descriptor: None,
                describes: None,
            },
        }
    }

    fn func_type(&mut self, ty: &FuncType) -> we::FuncType {
        let params: Vec<we::ValType> = ty.params.iter().map(|&ty| self.val_type(ty)).collect();
        let results: Vec<we::ValType> = ty.results.iter().map(|&ty| self.val_type(ty)).collect();
        we::FuncType::new(params, results)
    }

    fn field_type(&mut self, field: FieldType) -> we::FieldType {
        let element_type = match field.storage {
            StorageType::I8 => we::StorageType::I8,
            StorageType::I16 => we::StorageType::I16,
            StorageType::Val(ty) => we::StorageType::Val(self.val_type(ty)),
        };
        we::FieldType { element_type, mutable: field.mutable }
    }

    /// A type index, or the only result's type where that is no longer.
    pub(super) fn block_type(&mut self, ty: &FuncType, out: &mut Vec<u8>) {
        if let ([], &[one]) = (&*ty.params, &*ty.results) {
            let mut inline = Vec::new();
            self.val_type(one).encode(&mut inline);
            let known = self.module.types.find(ty).map(|id| self.type_ids[id.index()]);
            let mut index = Vec::new();
            if let Some(known) = known.filter(|&index| index != UNWRITTEN) {
                i64::from(known).encode(&mut index);
            }
            let shorter = !index.is_empty() && index.len() < inline.len();
            return out.extend_from_slice(if shorter { &index } else { &inline });
        }
        i64::from(self.block_type_index(ty)).encode(out);
    }

    fn block_type_index(&mut self, ty: &FuncType) -> u32 {
        if let Some(id) = self.module.types.find(ty) {
            return self.type_index(id);
        }
        if let Some(&index) = self.block_types.get(ty) {
            return index;
        }
        let index = self.type_count;
        let encoded = self.func_type(ty);
        self.types.ty().func_type(&encoded);
        self.type_count += 1;
        self.block_types.insert(ty.clone(), index);
        index
    }

    fn val_type(&mut self, ty: ValType) -> we::ValType {
        match ty {
            ValType::I32 => we::ValType::I32,
            ValType::I64 => we::ValType::I64,
            ValType::F32 => we::ValType::F32,
            ValType::F64 => we::ValType::F64,
            ValType::V128 => we::ValType::V128,
            ValType::Ref(ty) => we::ValType::Ref(self.ref_type(ty)),
        }
    }

    pub(super) fn ref_type(&mut self, ty: RefType) -> we::RefType {
        we::RefType { nullable: ty.is_nullable(), heap_type: self.heap_type(ty.heap()) }
    }

    pub(super) fn heap_type(&mut self, heap: HeapType) -> we::HeapType {
        use crate::AbstractHeapType as Ours;
        use we::AbstractHeapType as Theirs;
        let ty = match heap {
            HeapType::Concrete(ty) => return we::HeapType::Concrete(self.type_index(ty)),
            HeapType::Abstract(ours) => match ours {
                Ours::Func => Theirs::Func,
                Ours::Extern => Theirs::Extern,
                Ours::Any => Theirs::Any,
                Ours::Eq => Theirs::Eq,
                Ours::I31 => Theirs::I31,
                Ours::Struct => Theirs::Struct,
                Ours::Array => Theirs::Array,
                Ours::Exn => Theirs::Exn,
                Ours::None => Theirs::None,
                Ours::NoFunc => Theirs::NoFunc,
                Ours::NoExtern => Theirs::NoExtern,
                Ours::NoExn => Theirs::NoExn,
            },
        };
        we::HeapType::Abstract { shared: false, ty }
    }

    pub(super) fn global_type(&mut self, at: usize) -> we::GlobalType {
        let global = &self.module.globals[at];
        let val_type = self.val_type(global.ty);
        we::GlobalType { val_type, mutable: global.mutable, shared: global.shared }
    }

    pub(super) fn table_type(&mut self, at: usize) -> we::TableType {
        let table = &self.module.tables[at];
        we::TableType {
            element_type: self.ref_type(table.ty),
            table64: table.table64,
            minimum: table.min,
            maximum: table.max,
            shared: table.shared,
        }
    }

    pub(super) fn tag_type(&mut self, at: usize) -> we::TagType {
        let func_type_idx = self.type_index(self.module.tags[at].ty);
        we::TagType { kind: we::TagKind::Exception, func_type_idx }
    }

    /// How many pages a memory starts with.
    pub(super) fn pages(&self, at: usize) -> u64 {
        let min_pages = self.module.memories[at].min_pages;
        if at != 0 {
            return min_pages;
        }
        // The address of a segment of no bytes must be inside too: bulk instructions trap outside for no bytes as well.
        let end = match (self.live.initial_pages, self.layout.is_empty) {
            (true, _) => self.layout.heap_base() + ROOM_ABOVE_HEAP_BASE,
            (false, true) => 0,
            (false, false) => self.layout.end,
        };
        let page = self.module.memories[at].page_size_log2.map_or(PAGE, |log2| 1 << log2);
        min_pages.max(end.div_ceil(page))
    }

    pub(super) fn memory_type(&self, at: usize) -> we::MemoryType {
        let memory = &self.module.memories[at];
        let minimum = self.pages(at);
        we::MemoryType {
            minimum,
            maximum: memory.max_pages.map(|max| max.max(minimum)),
            memory64: memory.memory64,
            shared: memory.shared,
            page_size_log2: memory.page_size_log2,
        }
    }
}
