//! Types as wasmparser gives them ⇒ ours, which name canonical ids.

use wasmparser as wp;

use crate::{HeapType, RefType, TypeId, TypeList, Types, ValType};

pub(crate) fn val_type(types: &Types, ty: wp::ValType) -> ValType {
    match ty {
        wp::ValType::I32 => ValType::I32,
        wp::ValType::I64 => ValType::I64,
        wp::ValType::F32 => ValType::F32,
        wp::ValType::F64 => ValType::F64,
        wp::ValType::V128 => ValType::V128,
        wp::ValType::Ref(ty) => ValType::Ref(ref_type(types, ty)),
    }
}

pub(crate) fn ref_type(types: &Types, ty: wp::RefType) -> RefType {
    RefType::new(ty.is_nullable(), heap_type(types, ty.heap_type()))
}

/// A heap type that may name types that are not added yet; those that are get their canonical id.
pub(crate) fn heap_type(types: &Types, ty: wp::HeapType) -> HeapType {
    use crate::AbstractHeapType as Ours;
    use wp::AbstractHeapType as Theirs;
    let ours = match ty {
        wp::HeapType::Concrete(index) | wp::HeapType::Exact(index) => {
            let index = index.as_module_index().unwrap_or(u32::MAX);
            return HeapType::Concrete(types.canonical(TypeId(index)));
        }
        wp::HeapType::Abstract { shared: _, ty } => match ty {
            Theirs::Func => Ours::Func,
            Theirs::Extern => Ours::Extern,
            Theirs::Any => Ours::Any,
            Theirs::None => Ours::None,
            Theirs::NoExtern => Ours::NoExtern,
            Theirs::NoFunc => Ours::NoFunc,
            Theirs::Eq => Ours::Eq,
            Theirs::Struct => Ours::Struct,
            Theirs::Array => Ours::Array,
            Theirs::I31 => Ours::I31,
            Theirs::Exn => Ours::Exn,
            Theirs::NoExn => Ours::NoExn,
            Theirs::Cont | Theirs::NoCont => {
                panic!("continuations: the validator refuses them")
            }
        },
    };
    HeapType::Abstract(ours)
}

/// The operand types a result list has as one.
pub(crate) fn type_list(types: &Types, list: &[wp::ValType]) -> TypeList {
    list.iter().map(|&ty| val_type(types, ty)).collect()
}
