//! Constants and types ⇒ their spelling in WebAssembly text.
//!
//! Invariant: a number's text reads back to the same bits.

use std::fmt::Write;

use super::names::Names;
use crate::{FuncType, Symbol, ValType};

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

pub(super) fn symbol_text(names: &Names, symbol: Symbol) -> String {
    match symbol {
        Symbol::Data { data, addend: 0 } => names.data(data).to_owned(),
        Symbol::Data { data, addend } => format!("{} {addend:+}", names.data(data)),
        Symbol::HeapBase => "heap base".to_owned(),
        Symbol::ReadOnlyEnd => "end of read-only data".to_owned(),
        Symbol::InitialPages => "initial pages".to_owned(),
        Symbol::TableSlot(func) => format!("slot of {}", names.func(func)),
    }
}

/// ` (param i32 i32) (result i32)`
pub(super) fn signature_text(ty: &FuncType) -> String {
    let mut out = String::new();
    list_text("param", &ty.params, &mut out);
    list_text("result", &ty.results, &mut out);
    out
}

pub(super) fn list_text(word: &str, types: &[ValType], out: &mut String) {
    if types.is_empty() {
        return;
    }
    let _ = write!(out, " ({word}");
    for ty in types {
        let _ = write!(out, " {ty}");
    }
    out.push(')');
}
