//! All modules seen at once, library first: from names to definitions, from definitions to declarations.
//!
//! Invariant: nothing here reports; what is not found is `None`, and [`super::resolve`] says why.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use swasm_tree::ValType;

use super::unit::{Decl, Nominal, Slot, SlotKind, Targets, Unit};
use crate::checked::{DefId, Function, Global, ModuleId, Place, Signature, Struct, Type};
use crate::ir::ValueType;
use crate::library::Library;

/// The module whose structs need no `use`.
pub(crate) const MEMORY: &str = "std::memory";
/// Structs of [`MEMORY`] that need no `use`.
pub(crate) const SEGMENT: &str = "MemorySegment";
pub(crate) const ALLOCATOR: &str = "MemoryAllocator";

/// Methods by owner and name.
pub(crate) type Methods = FxHashMap<Nominal, FxHashMap<Arc<str>, DefId>>;

/// The program's modules and what finds them.
#[derive(Default, Debug)]
pub(crate) struct Program {
    pub(crate) units: Vec<Unit>,
    /// By path.
    pub(crate) paths: FxHashMap<Box<str>, ModuleId>,
    pub(crate) methods: Methods,
}

/// The library and a program. Copied freely.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) library: &'a Library,
    pub(crate) program: &'a Program,
}

impl<'a> World<'a> {
    /// A module; a library module is outlined now if it wasn't.
    pub(crate) fn unit(self, id: ModuleId) -> &'a Unit {
        match (id.0 as usize).checked_sub(self.library.len()) {
            None => self.library.unit(id),
            Some(index) => &self.program.units[index],
        }
    }

    pub(crate) fn slot(self, def: DefId) -> &'a Slot {
        &self.unit(def.module).slots[def.index as usize]
    }

    /// Where its name stands.
    pub(crate) fn place(self, def: DefId) -> Place {
        let library = self.is_library(def.module);
        let span = if library { self.library.name_span(def) } else { self.slot(def).span };
        Place { module: def.module, span }
    }

    /// `module::Type::name`
    pub(crate) fn path(self, def: DefId) -> String {
        let slot = self.slot(def);
        let module = &self.unit(def.module).path;
        match slot.owner.get() {
            Some(owner) => format!("{module}::{}::{}", self.nominal(*owner), slot.name),
            None => format!("{module}::{}", slot.name),
        }
    }

    /// The module of that path.
    pub(crate) fn find_module(self, path: &str) -> Option<ModuleId> {
        self.program.paths.get(path).copied().or_else(|| self.library.find(path))
    }

    /// All modules' paths.
    pub(crate) fn module_paths(self) -> impl Iterator<Item = &'a str> {
        let own = self.program.paths.keys().map(|path| -> &'a str { path });
        own.chain(self.library.paths().map(|path| -> &'a str { path }))
    }

    /// Whether `path` is no module, but modules stand below it, as they do below `std`.
    pub(crate) fn is_module_group(self, path: &str) -> bool {
        self.find_module(path).is_none()
            && self
                .module_paths()
                .any(|known| known.strip_prefix(path).is_some_and(|rest| rest.starts_with("::")))
    }

    /// What `name` is inside `module`, for one who stands in `from`: own items, then `use`s. The flag says that something was found that
    /// `from` may not name.
    pub(crate) fn find_in(
        self,
        module: ModuleId,
        name: &str,
        from: ModuleId,
    ) -> (Targets, Option<DefId>) {
        let unit = self.unit(module);
        let mut found = Targets::default();
        let mut private = None;
        let def = |index: &u32| DefId { module, index: *index };
        for (names, target) in [(&unit.types, &mut found.ty), (&unit.values, &mut found.value)] {
            if let Some(def) = names.get(name).map(def) {
                if module == from || self.slot(def).public {
                    *target = Some(def);
                } else {
                    private = Some(def);
                }
            }
        }
        if let Some(import) = unit.imports.get(name)
            && (module == from || import.public)
        {
            let targets =
                if self.is_library(module) { self.library.follow(import) } else { import.follow() };
            found.module = found.module.or(targets.module);
            found.ty = found.ty.or(targets.ty);
            found.value = found.value.or(targets.value);
        }
        (found, private)
    }

    pub(crate) fn is_library(self, module: ModuleId) -> bool {
        (module.0 as usize) < self.library.len()
    }

    /// A struct of `std::memory`.
    pub(crate) fn memory_struct(self, name: &str) -> Option<DefId> {
        let module = self.library.find(MEMORY)?;
        self.unit(module).types.get(name).map(|&index| DefId { module, index })
    }

    /// `MemorySegment`; [`Type::Error`] without a library.
    pub(crate) fn segment(self) -> Type {
        self.memory_struct(SEGMENT).map_or(Type::Error, Type::Struct)
    }

    pub(crate) fn is_segment(self, ty: &Type) -> bool {
        matches!(ty, Type::Struct(def) if self.is_library(def.module) && Some(*def) == self.memory_struct(SEGMENT))
    }

    /// The method `name` of `owner`, visible or not.
    pub(crate) fn method(self, owner: Nominal, name: &str) -> Option<DefId> {
        self.library
            .method(owner, name)
            .or_else(|| self.program.methods.get(&owner)?.get(name).copied())
    }

    /// The names of all methods of `owner`.
    pub(crate) fn method_names(self, owner: Nominal) -> impl Iterator<Item = &'a str> {
        let own = self
            .program
            .methods
            .get(&owner)
            .into_iter()
            .flat_map(|methods| methods.keys().map(|name| &**name));
        self.library.method_names(owner).chain(own)
    }

    fn decl(self, def: DefId) -> &'a Decl {
        if self.is_library(def.module) {
            return self.library.decl(def);
        }
        self.slot(def).decl.get().expect("declarations are made before they are asked for")
    }

    /// Panics if `def` is something else.
    pub(crate) fn function(self, def: DefId) -> &'a Function {
        match self.decl(def) {
            Decl::Function(function) => function,
            Decl::Struct(_) | Decl::Global(_) => panic!("{} is no function", self.path(def)),
        }
    }

    /// Whether a function's first parameter is a receiver.
    pub(crate) fn has_self(self, def: DefId) -> bool {
        self.function(def).params.first().is_some_and(|name| &**name == "self")
    }

    /// Panics if `def` is something else.
    pub(crate) fn structure(self, def: DefId) -> &'a Struct {
        match self.decl(def) {
            Decl::Struct(structure) => structure,
            Decl::Function(_) | Decl::Global(_) => panic!("{} is no struct", self.path(def)),
        }
    }

    /// Panics if `def` is something else.
    pub(crate) fn global(self, def: DefId) -> &'a Global {
        match self.decl(def) {
            Decl::Global(global) => global,
            Decl::Function(_) | Decl::Struct(_) => {
                panic!("{} is neither const nor static", self.path(def))
            }
        }
    }

    pub(crate) fn any(self, def: DefId) -> &'a Decl {
        self.decl(def)
    }

    /// A function's declaration, if it is made already: while the program's functions are being declared, rows are the last.
    pub(crate) fn try_function(self, def: DefId) -> Option<&'a Function> {
        if !self.is_library(def.module) && self.slot(def).decl.get().is_none() {
            return None;
        }
        Some(self.function(def))
    }

    /// The type of a const or static; its value may not be known yet.
    pub(crate) fn global_type(self, def: DefId) -> Type {
        match self.slot(def).ty() {
            Some(ty) => ty.clone(),
            None => self.global(def).ty.clone(),
        }
    }

    /// Whether a struct's field may be named in `from`.
    pub(crate) fn field_visible(self, def: DefId, field: usize, from: ModuleId) -> bool {
        def.module == from || {
            self.structure(def);
            self.slot(def)
                .public_fields()
                .is_some_and(|fields| fields.get(field).copied().unwrap_or(false))
        }
    }

    /// The type that holds a library's or program's nominal type, as a user writes it.
    pub(crate) fn nominal(self, nominal: Nominal) -> &'a str {
        match nominal {
            Nominal::Value(value) => value_name(value),
            Nominal::Struct(def) => &self.slot(def).name,
        }
    }

    /// A type as a user writes it.
    pub(crate) fn show(self, ty: &Type) -> String {
        match ty {
            Type::Value(value) => value_name(*value).into(),
            Type::Unit => "()".into(),
            Type::Never => "!".into(),
            Type::Struct(def) => self.slot(*def).name.to_string(),
            Type::Pointer(signature) => format!("extern {}", self.show_signature(signature)),
            Type::Error => "_".into(),
        }
    }

    /// `fn(A, B) -> C`
    pub(crate) fn show_signature(self, signature: &Signature) -> String {
        let params: Vec<String> = signature.params.iter().map(|param| self.show(param)).collect();
        let params = params.join(", ");
        if signature.result == Type::Unit {
            return format!("fn({params})");
        }
        format!("fn({params}) -> {}", self.show(&signature.result))
    }

    /// Appends the core types that hold a value of type `ty`.
    pub(crate) fn flatten(self, ty: &Type, into: &mut Vec<ValType>) {
        match ty {
            Type::Value(value) => into.push(representation(*value)),
            Type::Pointer(_) => into.push(ValType::I32),
            Type::Unit | Type::Never | Type::Error => (),
            // Depth is limited by `MAX_STRUCT_DEPTH`.
            Type::Struct(def) => {
                self.structure(*def).fields.iter().for_each(|(_, field)| self.flatten(field, into))
            }
        }
    }

    /// How many scalars hold a value of type `ty`.
    pub(crate) fn scalars(self, ty: &Type) -> u32 {
        match ty {
            Type::Value(_) | Type::Pointer(_) => 1,
            Type::Unit | Type::Never | Type::Error => 0,
            Type::Struct(def) => {
                self.structure(*def).fields.iter().map(|(_, field)| self.scalars(field)).sum()
            }
        }
    }

    /// The core types of a function's parameters and results.
    pub(crate) fn core_signature(self, signature: &Signature) -> (Vec<ValType>, Vec<ValType>) {
        let (mut params, mut results) = (Vec::new(), Vec::new());
        signature.params.iter().for_each(|param| self.flatten(param, &mut params));
        self.flatten(&signature.result, &mut results);
        (params, results)
    }

    /// Names of items of one namespace that a bare name in `module` could mean.
    pub(crate) fn names_in(self, module: ModuleId, types: bool) -> impl Iterator<Item = &'a str> {
        let unit = self.unit(module);
        let own = if types { &unit.types } else { &unit.values };
        own.keys().chain(unit.imports.keys()).map(|name| &**name)
    }

    /// Names of items of `module` that other modules may name.
    pub(crate) fn public_names(self, module: ModuleId) -> impl Iterator<Item = &'a str> {
        self.unit(module)
            .slots
            .iter()
            .filter(|slot| slot.public && !slot.is_method)
            .map(|slot| &*slot.name)
    }

    /// Full paths of public items named `name` anywhere.
    pub(crate) fn elsewhere(self, name: &str, types: bool) -> Vec<String> {
        let mut paths: Vec<&str> = self.module_paths().collect();
        paths.sort_unstable();
        paths.dedup();
        let modules = paths.into_iter().filter_map(|path| Some((path, self.find_module(path)?)));
        modules
            .filter(|(_, module)| {
                let unit = self.unit(*module);
                let names = if types { &unit.types } else { &unit.values };
                names.get(name).is_some_and(|&index| unit.slots[index as usize].public)
            })
            .map(|(path, _)| format!("{path}::{name}"))
            .collect()
    }

    /// Whether a slot of the program or library is a const or static.
    pub(crate) fn is_global(self, def: DefId) -> bool {
        matches!(self.slot(def).kind, SlotKind::Const | SlotKind::Static | SlotKind::StaticMut)
    }
}

/// The core type that holds a scalar.
pub(crate) fn representation(value: ValueType) -> ValType {
    match value {
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

/// The scalar types and their names.
pub(crate) const VALUE_TYPES: [(&str, ValueType); 14] = [
    ("bool", ValueType::Bool),
    ("char", ValueType::Char),
    ("i8", ValueType::I8),
    ("u8", ValueType::U8),
    ("i16", ValueType::I16),
    ("u16", ValueType::U16),
    ("i32", ValueType::I32),
    ("u32", ValueType::U32),
    ("i64", ValueType::I64),
    ("u64", ValueType::U64),
    ("f32", ValueType::F32),
    ("f64", ValueType::F64),
    ("v128", ValueType::V128),
    ("addr", ValueType::Addr),
];

/// The name of a scalar type.
pub(crate) fn value_name(value: ValueType) -> &'static str {
    VALUE_TYPES[value as usize].0
}

/// The scalar type of that name.
pub(crate) fn value_type(name: &str) -> Option<ValueType> {
    VALUE_TYPES.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// Width in bits and signedness of an integer type (`addr` among them).
pub(crate) fn integer(value: ValueType) -> Option<(u32, bool)> {
    Some(match value {
        ValueType::I8 => (8, true),
        ValueType::U8 => (8, false),
        ValueType::I16 => (16, true),
        ValueType::U16 => (16, false),
        ValueType::I32 => (32, true),
        ValueType::U32 | ValueType::Addr => (32, false),
        ValueType::I64 => (64, true),
        ValueType::U64 => (64, false),
        ValueType::Bool | ValueType::Char | ValueType::F32 | ValueType::F64 | ValueType::V128 => {
            return None;
        }
    })
}

/// An integer cut to the width of `value` and extended by its sign: how constants are held. `bool` and `char` are held as they are.
pub(crate) fn normalise(value: ValueType, bits: u64) -> u64 {
    match integer(value) {
        Some((64, _)) | None => bits,
        Some((width, true)) => (((bits << (64 - width)) as i64) >> (64 - width)) as u64,
        Some((width, false)) => bits & ((1 << width) - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_order_of_the_types() {
        for (name, value) in VALUE_TYPES {
            assert_eq!(value_name(value), name);
            assert_eq!(value_type(name), Some(value));
        }
    }

    #[test]
    fn constants_are_extended_from_their_width() {
        assert_eq!(normalise(ValueType::I8, 0xff), u64::MAX);
        assert_eq!(normalise(ValueType::U8, 0x1ff), 0xff);
        assert_eq!(normalise(ValueType::I32, 0x8000_0000), 0xffff_ffff_8000_0000);
        assert_eq!(normalise(ValueType::Addr, u64::MAX), 0xffff_ffff);
        assert_eq!(normalise(ValueType::U64, u64::MAX), u64::MAX);
    }
}
