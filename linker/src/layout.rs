//! How a type of the IR is held: as a run of WebAssembly values, its *scalars*. A struct is its fields, `()` nothing.

use rustc_hash::FxHashMap;
use swasm_frontend_ir::checked::{Checked, DefId, Signature, Type, ValueType};
use swasm_tree::{FuncType, ValType};

/// The WebAssembly type that holds a value type.
pub(crate) fn val_type(ty: ValueType) -> ValType {
    match ty {
        ValueType::Bool
        | ValueType::Char
        | ValueType::I8
        | ValueType::U8
        | ValueType::I16
        | ValueType::U16
        | ValueType::I32
        | ValueType::U32
        | ValueType::Addr => ValType::I32,
        ValueType::I64 | ValueType::U64 => ValType::I64,
        ValueType::F32 => ValType::F32,
        ValueType::F64 => ValType::F64,
        ValueType::V128 => ValType::V128,
    }
}

/// How a struct is held.
#[derive(Debug)]
pub(crate) struct StructLayout {
    /// All scalars, in order.
    pub(crate) scalars: Box<[ValType]>,
    /// Where each field's scalars start; one more entry at the end.
    pub(crate) starts: Box<[u32]>,
}

/// The layouts of the structs met so far.
#[derive(Debug)]
pub(crate) struct Layouts<'a> {
    program: &'a Checked,
    structs: FxHashMap<DefId, StructLayout>,
}

impl<'a> Layouts<'a> {
    pub(crate) fn new(program: &'a Checked) -> Self {
        Self { program, structs: FxHashMap::default() }
    }

    /// The layout of a struct. The checker refused structs that contain themselves, so this ends.
    pub(crate) fn structure(&mut self, id: DefId) -> &StructLayout {
        if !self.structs.contains_key(&id) {
            let mut scalars = Vec::new();
            let mut starts = vec![0];
            for (_, ty) in &self.program.structure(id).fields {
                self.push(ty, &mut scalars);
                starts.push(scalars.len() as u32);
            }
            let layout = StructLayout { scalars: scalars.into(), starts: starts.into() };
            self.structs.insert(id, layout);
        }
        &self.structs[&id]
    }

    /// Appends the scalars of `ty`.
    pub(crate) fn push(&mut self, ty: &Type, scalars: &mut Vec<ValType>) {
        match ty {
            Type::Value(value) => scalars.push(val_type(*value)),
            Type::Pointer(_) => scalars.push(ValType::I32),
            Type::Unit | Type::Never => (),
            Type::Struct(id) => scalars.extend_from_slice(&self.structure(*id).scalars),
            Type::Error => unreachable!("`check` promised that no error type is left"),
        }
    }

    /// The scalars of `ty`.
    pub(crate) fn scalars(&mut self, ty: &Type) -> Vec<ValType> {
        let mut scalars = Vec::new();
        self.push(ty, &mut scalars);
        scalars
    }

    /// How many scalars `ty` has.
    pub(crate) fn count(&mut self, ty: &Type) -> u32 {
        match ty {
            Type::Value(_) | Type::Pointer(_) => 1,
            Type::Unit | Type::Never | Type::Error => 0,
            Type::Struct(id) => self.structure(*id).scalars.len() as u32,
        }
    }

    /// The WebAssembly type of a function.
    pub(crate) fn func_type(&mut self, signature: &Signature) -> FuncType {
        let mut params = Vec::new();
        for param in &signature.params {
            self.push(param, &mut params);
        }
        let results = self.scalars(&signature.result);
        FuncType { params: params.into(), results: results.into() }
    }
}
