//! Value types, function types and their interning; the result types of a node, derived rather than stored.
//!
//! Invariant: equal function types have equal [`TypeId`]s within one module.

use std::collections::HashMap;
use std::fmt;

use crate::TypeId;

/// The type of a value on the WebAssembly stack.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit IEEE 754 number.
    F32,
    /// 64-bit IEEE 754 number.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType),
}

impl ValType {
    /// `funcref`.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// `externref`.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);

    /// Whether a value of this type may stand where `expected` is asked for.
    #[inline]
    pub fn matches(self, expected: ValType) -> bool {
        self == expected
            || match (self, expected) {
                (ValType::Ref(a), ValType::Ref(b)) => a.matches(b),
                _ => false,
            }
    }

    /// Whether a local of this type has a default value.
    pub fn is_defaultable(self) -> bool {
        match self {
            ValType::Ref(r) => r.is_nullable(),
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => true,
        }
    }
}

impl fmt::Debug for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(r) => fmt::Display::fmt(r, f),
        }
    }
}

/// A reference type in four bytes, so that a [`ValType`] stays at eight.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefType(u32);

const NULLABLE: u32 = 1 << 31;
const CONCRETE: u32 = 1 << 30;

impl RefType {
    /// `funcref`.
    pub const FUNCREF: RefType = RefType(NULLABLE);
    /// `externref`.
    pub const EXTERNREF: RefType = RefType(NULLABLE | 1);

    /// A reference to `heap`.
    pub fn new(nullable: bool, heap: HeapType) -> RefType {
        let heap = match heap {
            HeapType::Func => 0,
            HeapType::Extern => 1,
            HeapType::Concrete(ty) => CONCRETE | ty.0,
        };
        RefType(if nullable { NULLABLE | heap } else { heap })
    }

    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u32) -> RefType {
        RefType(bits)
    }

    /// Whether null is a value of the type.
    pub fn is_nullable(self) -> bool {
        self.0 & NULLABLE != 0
    }

    /// What is referred to.
    pub fn heap(self) -> HeapType {
        if self.0 & CONCRETE != 0 {
            return HeapType::Concrete(TypeId(self.0 & !(NULLABLE | CONCRETE)));
        }
        if self.0 & !NULLABLE == 0 { HeapType::Func } else { HeapType::Extern }
    }

    /// Whether a reference of this type may stand where `expected` is asked for.
    pub fn matches(self, expected: RefType) -> bool {
        let heap = match (self.heap(), expected.heap()) {
            // Every concrete type is a function type for now.
            (HeapType::Concrete(_), HeapType::Func) => true,
            (a, b) => a == b,
        };
        heap && (expected.is_nullable() || !self.is_nullable())
    }
}

impl fmt::Debug for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_nullable(), self.heap()) {
            (true, HeapType::Func) => f.write_str("funcref"),
            (true, HeapType::Extern) => f.write_str("externref"),
            (nullable, heap) => {
                let null = if nullable { "null " } else { "" };
                match heap {
                    HeapType::Func => write!(f, "(ref {null}func)"),
                    HeapType::Extern => write!(f, "(ref {null}extern)"),
                    HeapType::Concrete(ty) => write!(f, "(ref {null}{})", ty.0),
                }
            }
        }
    }
}

/// What a reference refers to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// Any function.
    Func,
    /// Any host reference.
    Extern,
    /// A type of the module.
    Concrete(TypeId),
}

/// The type of a function: what it takes and what it gives.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct FuncType {
    /// Types of the parameters, in order.
    pub params: Box<[ValType]>,
    /// Types of the results, in order.
    pub results: Box<[ValType]>,
}

impl FuncType {
    /// The type with these parameters and results.
    pub fn new(params: &[ValType], results: &[ValType]) -> FuncType {
        FuncType { params: params.into(), results: results.into() }
    }
}

/// The interned types of a module.
#[derive(Clone, Debug, Default)]
pub struct Types {
    list: Vec<FuncType>,
    by_type: HashMap<FuncType, TypeId>,
}

impl Types {
    /// The id of a function type; equal types get equal ids.
    pub fn func(&mut self, ty: FuncType) -> TypeId {
        if let Some(&id) = self.by_type.get(&ty) {
            return id;
        }
        let id = TypeId(self.list.len() as u32);
        self.list.push(ty.clone());
        self.by_type.insert(ty, id);
        id
    }

    /// The type behind an id of this module.
    #[inline]
    pub fn get(&self, id: TypeId) -> &FuncType {
        &self.list[id.index()]
    }

    /// The type behind an id, unless the id is of another module.
    pub fn try_get(&self, id: TypeId) -> Option<&FuncType> {
        self.list.get(id.index())
    }

    /// The id a type has, if it was interned.
    pub fn find(&self, ty: &FuncType) -> Option<TypeId> {
        self.by_type.get(ty).copied()
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no type yet.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
