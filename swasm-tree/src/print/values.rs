//! Constants and types ⇒ their spelling in WebAssembly text.
//!
//! Invariant: a number's text reads back to the same bits, a type's to the same type.

use std::fmt::Write;

use super::names::Names;
use crate::{
    CompositeType, FieldType, FuncType, HeapType, Module, RefType, StorageType, Symbol, TypeId,
    ValType,
};

/// Bytes of data in one string.
const BYTES_IN_A_LINE: usize = 48;

pub(super) fn float32_text(bits: u32) -> String {
    let value = f32::from_bits(bits);
    if value.is_nan() {
        return nan_text(bits >> 31 != 0, u64::from(bits & 0x7f_ffff), 0x40_0000);
    }
    short(format!("{value:?}"))
}

pub(super) fn float64_text(bits: u64) -> String {
    let value = f64::from_bits(bits);
    if value.is_nan() {
        return nan_text(bits >> 63 != 0, bits & 0xf_ffff_ffff_ffff, 1 << 51);
    }
    short(format!("{value:?}"))
}

pub(super) fn nan_text(negative: bool, payload: u64, canonical: u64) -> String {
    let sign = if negative { "-" } else { "" };
    if payload == canonical { format!("{sign}nan") } else { format!("{sign}nan:{payload:#x}") }
}

pub(super) fn short(text: String) -> String {
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

pub(super) fn vector_text(bytes: [u8; 16]) -> String {
    let value = u128::from_le_bytes(bytes);
    let lane = |at: u32| (value >> (32 * at)) as u32;
    format!("i32x4 {:#x} {:#x} {:#x} {:#x}", lane(0), lane(1), lane(2), lane(3))
}

pub(super) fn symbol_text(names: &Names<'_>, symbol: Symbol) -> String {
    match symbol {
        Symbol::Data { data, addend: 0 } => names.data(data).to_owned(),
        Symbol::Data { data, addend } => format!("{} {addend:+}", names.data(data)),
        Symbol::HeapBase => "heap base".to_owned(),
        Symbol::ReadOnlyEnd => "end of read-only data".to_owned(),
        Symbol::InitialPages => "initial pages".to_owned(),
        Symbol::TableSlot(func) => format!("slot of {}", names.func(func)),
    }
}

/// Bytes as strings, each of a line's length.
pub(super) fn bytes_text(bytes: &[u8]) -> Vec<String> {
    let string = |bytes: &[u8]| {
        let mut out = "\"".to_owned();
        for &byte in bytes {
            match byte {
                b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
                b' '..=b'~' => out.push(char::from(byte)),
                _ => {
                    let _ = write!(out, "\\{byte:02x}");
                }
            }
        }
        out.push('"');
        out
    };
    bytes.chunks(BYTES_IN_A_LINE).map(string).collect()
}

// ---- types

pub(super) fn heap_text(names: &Names<'_>, heap: HeapType) -> String {
    match heap {
        HeapType::Abstract(_) => heap.to_string(),
        HeapType::Concrete(id) => names.ty(id).to_owned(),
    }
}

pub(super) fn ref_text(names: &Names<'_>, ty: RefType) -> String {
    match ty.heap() {
        HeapType::Abstract(_) => ty.to_string(),
        HeapType::Concrete(_) => full_ref_text(names, ty),
    }
}

/// `(ref null any)`, never `anyref`: what casts name.
pub(super) fn full_ref_text(names: &Names<'_>, ty: RefType) -> String {
    let null = if ty.is_nullable() { "null " } else { "" };
    format!("(ref {null}{})", heap_text(names, ty.heap()))
}

pub(super) fn type_text(names: &Names<'_>, ty: ValType) -> String {
    match ty {
        ValType::Ref(ty) => ref_text(names, ty),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => ty.to_string(),
    }
}

fn field_text(names: &Names<'_>, field: FieldType) -> String {
    let storage = match field.storage {
        StorageType::I8 => "i8".to_owned(),
        StorageType::I16 => "i16".to_owned(),
        StorageType::Val(ty) => type_text(names, ty),
    };
    if field.mutable { format!("(mut {storage})") } else { storage }
}

/// ` (param i32 i32) (result i32)`
pub(super) fn signature_text(names: &Names<'_>, ty: &FuncType) -> String {
    let mut out = String::new();
    list_text(names, "param", &ty.params, &mut out);
    list_text(names, "result", &ty.results, &mut out);
    out
}

pub(super) fn list_text(names: &Names<'_>, word: &str, types: &[ValType], out: &mut String) {
    if types.is_empty() {
        return;
    }
    let _ = write!(out, " ({word}");
    for &ty in types {
        let _ = write!(out, " {}", type_text(names, ty));
    }
    out.push(')');
}

/// ` (type $t)` where parameters and results alone would stand for another type of the module.
pub(super) fn type_use_text(module: &Module, names: &Names<'_>, id: TypeId) -> String {
    let CompositeType::Func(ty) = &module.types.as_added(id).composite else {
        return String::new();
    };
    if module.types.find(ty) == Some(id) && module.types.is_plain(id) {
        String::new()
    } else {
        format!(" (type {})", names.ty(id))
    }
}

/// A function type as something has it: ` (type $t) (param i32)`, without the first part where that says nothing.
pub(super) fn func_type_text(module: &Module, names: &Names<'_>, id: TypeId) -> String {
    let explicit = type_use_text(module, names, id);
    match &module.types.as_added(id).composite {
        CompositeType::Func(ty) => format!("{explicit}{}", signature_text(names, ty)),
        CompositeType::Struct(_) | CompositeType::Array(_) => explicit,
    }
}

/// The type of a block, as the first type of the module that has its parameters and results.
pub(super) fn block_type_text(
    module: &Module,
    names: &Names<'_>,
    params: &[ValType],
    results: &[ValType],
) -> String {
    let ty = FuncType::new(params, results);
    match module.types.find(&ty) {
        Some(id) if !params.is_empty() || results.len() > 1 => func_type_text(module, names, id),
        _ => signature_text(names, &ty),
    }
}

/// `(type $t (sub $u (struct (field $x i32))))`
pub(super) fn definition_text(module: &Module, names: &Names<'_>, id: TypeId) -> String {
    let sub = module.types.as_added(id);
    let inner = match &sub.composite {
        CompositeType::Func(ty) => format!("(func{})", signature_text(names, ty)),
        CompositeType::Array(element) => format!("(array {})", field_text(names, *element)),
        CompositeType::Struct(fields) => {
            let mut out = "(struct".to_owned();
            for (at, &field) in (0..).zip(fields) {
                let name = names.field(id, at).map(|name| format!("{name} ")).unwrap_or_default();
                let _ = write!(out, " (field {name}{})", field_text(names, field));
            }
            out.push(')');
            out
        }
    };
    let name = names.ty(id);
    let name = if name.starts_with('$') { format!("{name} ") } else { format!("(;{name};) ") };
    if sub.is_final && sub.supertype.is_none() {
        return format!("(type {name}{inner})");
    }
    let is_final = if sub.is_final { " final" } else { "" };
    let above = sub.supertype.map(|id| format!(" {}", names.ty(id))).unwrap_or_default();
    format!("(type {name}(sub{is_final}{above} {inner}))")
}
