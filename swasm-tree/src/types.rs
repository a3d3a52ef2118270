//! Value types and defined types: recursion groups, subtyping, and which types are the same.
//!
//! A defined type is a position in [`Types`]. Types that the specification takes for the same (rolled-up equality of
//! recursion groups, section "Recursive Types") have one *canonical* id, the first; whatever is read or interned names
//! only canonical ids, so that equal value types are `==`.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;

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

    /// Whether a local of this type has a default value.
    pub fn is_defaultable(self) -> bool {
        match self {
            ValType::Ref(r) => r.is_nullable(),
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => true,
        }
    }

    /// The type of the module that a reference refers to.
    pub fn concrete(self) -> Option<TypeId> {
        match self {
            ValType::Ref(ty) => match ty.heap() {
                HeapType::Concrete(id) => Some(id),
                HeapType::Abstract(_) => None,
            },
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => None,
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
    pub const FUNCREF: RefType = RefType::nullable(AbstractHeapType::Func);
    /// `externref`.
    pub const EXTERNREF: RefType = RefType::nullable(AbstractHeapType::Extern);

    /// A reference or null, to what an abstract heap type says.
    pub const fn nullable(heap: AbstractHeapType) -> RefType {
        RefType(NULLABLE | heap as u32)
    }

    /// A reference to `heap`.
    pub const fn new(nullable: bool, heap: HeapType) -> RefType {
        let heap = match heap {
            HeapType::Abstract(heap) => heap as u32,
            HeapType::Concrete(ty) => CONCRETE | ty.0,
        };
        RefType(if nullable { NULLABLE | heap } else { heap })
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u32) -> RefType {
        RefType(bits)
    }

    /// Whether null is a value of the type.
    pub fn is_nullable(self) -> bool {
        self.0 & NULLABLE != 0
    }

    /// The same, without null.
    pub fn non_null(self) -> RefType {
        RefType(self.0 & !NULLABLE)
    }

    /// What is referred to.
    pub fn heap(self) -> HeapType {
        if self.0 & CONCRETE != 0 {
            return HeapType::Concrete(TypeId(self.0 & !(NULLABLE | CONCRETE)));
        }
        let number = (self.0 & !NULLABLE) as usize;
        HeapType::Abstract(ABSTRACT.get(number).map_or(AbstractHeapType::Func, |row| row.heap))
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
            (true, HeapType::Abstract(heap)) => f.write_str(heap.row().nullable),
            (nullable, heap) => write!(f, "(ref {}{heap})", if nullable { "null " } else { "" }),
        }
    }
}

/// What a reference refers to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// What the specification names.
    Abstract(AbstractHeapType),
    /// A type of the module.
    Concrete(TypeId),
}

impl HeapType {
    /// Any function.
    pub const FUNC: HeapType = HeapType::Abstract(AbstractHeapType::Func);
    /// Any host reference.
    pub const EXTERN: HeapType = HeapType::Abstract(AbstractHeapType::Extern);
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeapType::Abstract(heap) => f.write_str(heap.row().word),
            HeapType::Concrete(ty) => write!(f, "{}", ty.0),
        }
    }
}

/// The heap types that every module has (specification, section "Heap Types").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum AbstractHeapType {
    /// Any function.
    Func,
    /// Any host reference.
    Extern,
    /// Anything but functions, host references and exceptions.
    Any,
    /// What `ref.eq` compares.
    Eq,
    /// A 31-bit integer.
    I31,
    /// Any struct.
    Struct,
    /// Any array.
    Array,
    /// Any exception.
    Exn,
    /// Below all of `any`.
    None,
    /// Below all functions.
    NoFunc,
    /// Below all host references.
    NoExtern,
    /// Below all exceptions.
    NoExn,
}

/// How an abstract heap type is written, and the one right above it.
struct AbstractRow {
    heap: AbstractHeapType,
    word: &'static str,
    nullable: &'static str,
    byte: u8,
    above: Option<AbstractHeapType>,
    /// The least of its hierarchy.
    bottom: AbstractHeapType,
}

macro_rules! abstract_rows {
    ($($heap:ident $word:literal $nullable:literal $byte:literal $above:expr, $bottom:ident;)*) => {
        /// By the number of the type.
        static ABSTRACT: [AbstractRow; [$($byte),*].len()] = {
            use AbstractHeapType::*;
            [$(AbstractRow { heap: $heap, word: $word, nullable: $nullable, byte: $byte, above: $above, bottom: $bottom }),*]
        };
    };
}

abstract_rows! {
    Func "func" "funcref" 0x70 Option::None, NoFunc;
    Extern "extern" "externref" 0x6f Option::None, NoExtern;
    Any "any" "anyref" 0x6e Option::None, None;
    Eq "eq" "eqref" 0x6d Some(Any), None;
    I31 "i31" "i31ref" 0x6c Some(Eq), None;
    Struct "struct" "structref" 0x6b Some(Eq), None;
    Array "array" "arrayref" 0x6a Some(Eq), None;
    Exn "exn" "exnref" 0x69 Option::None, NoExn;
    None "none" "nullref" 0x71 Option::None, None;
    NoFunc "nofunc" "nullfuncref" 0x73 Option::None, NoFunc;
    NoExtern "noextern" "nullexternref" 0x72 Option::None, NoExtern;
    NoExn "noexn" "nullexnref" 0x74 Option::None, NoExn;
}

impl AbstractHeapType {
    fn row(self) -> &'static AbstractRow {
        &ABSTRACT[self as usize]
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = AbstractHeapType> {
        ABSTRACT.iter().map(|row| row.heap)
    }

    /// The encoding.
    pub fn byte(self) -> u8 {
        self.row().byte
    }

    /// The one that is spelt so in WebAssembly text.
    pub fn from_word(word: &str) -> Option<AbstractHeapType> {
        ABSTRACT.iter().find(|row| row.word == word).map(|row| row.heap)
    }

    /// The heap type whose nullable reference is spelt so: `externref`.
    pub fn from_nullable_word(word: &str) -> Option<AbstractHeapType> {
        ABSTRACT.iter().find(|row| row.nullable == word).map(|row| row.heap)
    }

    fn is_below(self, above: AbstractHeapType) -> bool {
        if self == above || self == above.row().bottom {
            return true;
        }
        self.row().above.is_some_and(|next| next.is_below(above))
    }
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

/// What a field of a struct or an element of an array holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// Eight bits, an `i32` on the stack.
    I8,
    /// Sixteen bits, an `i32` on the stack.
    I16,
    /// A value.
    Val(ValType),
}

impl StorageType {
    /// The type of the value on the stack.
    pub fn unpacked(self) -> ValType {
        match self {
            StorageType::I8 | StorageType::I16 => ValType::I32,
            StorageType::Val(ty) => ty,
        }
    }
}

/// A field of a struct, or the element of an array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    /// What it holds.
    pub storage: StorageType,
    /// Whether it can be set.
    pub mutable: bool,
}

/// What a defined type is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CompositeType {
    /// A function.
    Func(FuncType),
    /// A struct.
    Struct(Box<[FieldType]>),
    /// An array.
    Array(FieldType),
}

impl CompositeType {
    fn map(&mut self, map: &mut impl FnMut(ValType) -> ValType) {
        let mut field = |field: &mut FieldType| {
            if let StorageType::Val(ty) = &mut field.storage {
                *ty = map(*ty);
            }
        };
        match self {
            CompositeType::Func(ty) => {
                ty.params.iter_mut().chain(&mut ty.results).for_each(|ty| *ty = map(*ty));
            }
            CompositeType::Struct(fields) => fields.iter_mut().for_each(field),
            CompositeType::Array(element) => field(element),
        }
    }
}

/// A defined type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SubType {
    /// Whether nothing may be declared below it.
    pub is_final: bool,
    /// What it is declared below.
    pub supertype: Option<TypeId>,
    /// What it is.
    pub composite: CompositeType,
}

impl SubType {
    /// A type that has nothing above or below it, as types were before recursion groups.
    pub fn plain(composite: CompositeType) -> SubType {
        SubType { is_final: true, supertype: None, composite }
    }

    /// Replaces the ids it names.
    fn map(&mut self, mut map: impl FnMut(TypeId) -> TypeId) {
        self.supertype = self.supertype.map(&mut map);
        self.composite.map(&mut |ty| match (ty, ty.concrete()) {
            (ValType::Ref(ty), Some(id)) => {
                ValType::Ref(RefType::new(ty.is_nullable(), HeapType::Concrete(map(id))))
            }
            (ty, _) => ty,
        });
    }

    /// The ids it names.
    pub(crate) fn mentions(&self) -> Vec<TypeId> {
        let mut found = Vec::new();
        self.clone().map(|id| {
            found.push(id);
            id
        });
        found
    }
}

/// In the key of a recursion group: an id that counts from the group's first type.
const WITHIN_GROUP: u32 = 1 << 29;

/// The types of a module, in recursion groups.
#[derive(Clone, Debug, Default)]
pub struct Types {
    list: Vec<SubType>,
    canonical: Vec<TypeId>,
    /// By type: where its recursion group starts.
    group_starts: Vec<u32>,
    /// Groups with the ids among themselves relative ⇒ the first type of the first such group.
    by_group: HashMap<Box<[SubType]>, TypeId>,
    /// The first type, of whatever group, that is a function with these parameters and results: what a block type is written as.
    by_func: HashMap<FuncType, TypeId>,
    names: HashMap<TypeId, Box<str>>,
    field_names: BTreeMap<(TypeId, u32), Box<str>>,
}

impl Types {
    /// The id of a function type in a recursion group of its own; equal types get equal ids.
    pub fn func(&mut self, ty: FuncType) -> TypeId {
        if let Some(&id) = self.by_func.get(&ty)
            && self.is_plain(id)
        {
            return id;
        }
        self.intern(vec![SubType::plain(CompositeType::Func(ty))])
    }

    /// Whether a type is final, alone in its recursion group, and declared below nothing.
    pub(crate) fn is_plain(&self, id: TypeId) -> bool {
        let sub = &self.list[id.index()];
        self.group(id).len() == 1
            && sub.is_final
            && sub.supertype.is_none()
            && !sub.mentions().contains(&id)
    }

    /// The id of the first type of a recursion group, which is added unless an equal one is known. Types of the group are named by the
    /// ids they are going to have: [`Types::next_id`] and those after it.
    pub fn intern(&mut self, group: Vec<SubType>) -> TypeId {
        let group = self.with_canonical_ids(group);
        if let Some(&known) = self.by_group.get(&self.key(&group)) {
            return known;
        }
        self.push(group)
    }

    /// Adds a recursion group, equal to an earlier one or not, as modules that are read do. Ids as in [`Types::intern`].
    pub fn add(&mut self, group: Vec<SubType>) -> TypeId {
        let group = self.with_canonical_ids(group);
        self.push(group)
    }

    /// Adds the types of another module, each unless an equal one is known; gives their ids here, by their ids there.
    pub fn extend_from(&mut self, other: &Types) -> Vec<TypeId> {
        let mut ids: Vec<TypeId> = Vec::with_capacity(other.len());
        for group in other.groups() {
            let next = self.next_id().0;
            let subs: Vec<SubType> = group
                .clone()
                .map(|at| {
                    let mut sub = other.as_added(TypeId(at)).clone();
                    // What is not of the group came before it.
                    sub.map(|id| match ids.get(id.index()) {
                        Some(&known) => known,
                        None => TypeId(next + (id.0 - group.start)),
                    });
                    sub
                })
                .collect();
            let first = self.intern(subs);
            for (at, theirs) in (first.0..).zip(group) {
                ids.push(TypeId(at));
                if let Some(name) = other.name(TypeId(theirs)) {
                    self.names.entry(TypeId(at)).or_insert_with(|| name.into());
                }
                for (field, name) in other.field_names(TypeId(theirs)) {
                    self.field_names.entry((TypeId(at), field)).or_insert_with(|| name.into());
                }
            }
        }
        ids
    }

    /// The id of the type that is added next.
    pub fn next_id(&self) -> TypeId {
        TypeId(self.list.len() as u32)
    }

    fn with_canonical_ids(&self, mut group: Vec<SubType>) -> Vec<SubType> {
        for sub in &mut group {
            sub.map(|id| self.canonical(id));
        }
        group
    }

    fn key(&self, group: &[SubType]) -> Box<[SubType]> {
        let start = self.next_id().0;
        let mut key: Box<[SubType]> = group.into();
        for sub in &mut key {
            sub.map(|id| if id.0 >= start { TypeId(WITHIN_GROUP | (id.0 - start)) } else { id });
        }
        key
    }

    fn push(&mut self, group: Vec<SubType>) -> TypeId {
        let start = self.next_id();
        let first = *self.by_group.entry(self.key(&group)).or_insert(start);
        for (at, sub) in (0..).zip(group) {
            let canonical = TypeId(first.0 + at);
            if let CompositeType::Func(ty) = &sub.composite {
                // An equal type of an earlier group has the same text but for ids of its own group.
                let known = &self.list.get(canonical.index()).unwrap_or(&sub).composite;
                let ty = if let CompositeType::Func(known) = known { known } else { ty };
                if !self.by_func.contains_key(ty) {
                    self.by_func.insert(ty.clone(), canonical);
                }
            }
            self.list.push(sub);
            self.canonical.push(canonical);
            self.group_starts.push(start.0);
        }
        start
    }

    /// The first of all types that are the same as this one.
    #[inline]
    pub fn canonical(&self, id: TypeId) -> TypeId {
        self.canonical.get(id.index()).copied().unwrap_or(id)
    }

    /// The function type behind an id of this module.
    ///
    /// # Panics
    /// When it is no function: whoever made the id promised that it is.
    #[inline]
    pub fn get(&self, id: TypeId) -> &FuncType {
        match &self.sub(id).composite {
            CompositeType::Func(ty) => ty,
            CompositeType::Struct(_) | CompositeType::Array(_) => {
                panic!("type {} is no function: its user promised one", id.0)
            }
        }
    }

    /// The function type behind an id, unless the id is of another module or no function.
    pub fn try_get(&self, id: TypeId) -> Option<&FuncType> {
        match self.try_sub(id).map(|sub| &sub.composite) {
            Some(CompositeType::Func(ty)) => Some(ty),
            Some(CompositeType::Struct(_) | CompositeType::Array(_)) | None => None,
        }
    }

    /// The type behind an id of this module; what it names is canonical.
    #[inline]
    pub fn sub(&self, id: TypeId) -> &SubType {
        &self.list[self.canonical[id.index()].index()]
    }

    /// The type behind an id, unless the id is of another module.
    pub fn try_sub(&self, id: TypeId) -> Option<&SubType> {
        self.list.get(self.canonical.get(id.index())?.index())
    }

    /// The type as it was added: it names types of its own recursion group, where [`Types::sub`] may name those of an equal one.
    pub(crate) fn as_added(&self, id: TypeId) -> &SubType {
        &self.list[id.index()]
    }

    /// The recursion group that a type is in.
    pub fn group(&self, id: TypeId) -> Range<u32> {
        let start = self.group_starts[id.index()];
        let end = self.group_starts[id.index()..].iter().position(|&other| other != start);
        start..end.map_or(self.group_starts.len() as u32, |len| id.0 + len as u32)
    }

    /// All recursion groups, in order.
    pub fn groups(&self) -> impl Iterator<Item = Range<u32>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let group = (at < self.list.len()).then(|| self.group(TypeId(at as u32)))?;
            at = group.end as usize;
            Some(group)
        })
    }

    /// The first function type with these parameters and results.
    pub fn find(&self, ty: &FuncType) -> Option<TypeId> {
        self.by_func.get(ty).copied()
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no type yet.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A type's name, for people.
    pub fn name(&self, id: TypeId) -> Option<&str> {
        self.names.get(&id).map(|name| &**name)
    }

    /// Names a type, for people.
    pub fn set_name(&mut self, id: TypeId, name: &str) {
        self.names.insert(id, name.into());
    }

    /// Names of a type's fields, for people, in order.
    pub fn field_names(&self, id: TypeId) -> impl Iterator<Item = (u32, &str)> {
        let range = self.field_names.range((id, 0)..=(id, u32::MAX));
        range.map(|(&(_, field), name)| (field, &**name))
    }

    /// Names a field of a struct, for people.
    pub fn set_field_name(&mut self, id: TypeId, field: u32, name: &str) {
        self.field_names.insert((id, field), name.into());
    }

    /// Whether all that a type of values names exists.
    #[inline]
    pub(crate) fn knows(&self, ty: ValType) -> bool {
        ty.concrete().is_none_or(|id| id.index() < self.list.len())
    }

    // ---- subtyping

    /// Whether a value of type `ty` may stand where `expected` is asked for.
    #[inline]
    pub fn matches(&self, ty: ValType, expected: ValType) -> bool {
        ty == expected
            || match (ty, expected) {
                (ValType::Ref(ty), ValType::Ref(expected)) => self.ref_matches(ty, expected),
                _ => false,
            }
    }

    /// Whether a reference of type `ty` may stand where `expected` is asked for.
    pub fn ref_matches(&self, ty: RefType, expected: RefType) -> bool {
        (expected.is_nullable() || !ty.is_nullable())
            && self.heap_matches(ty.heap(), expected.heap())
    }

    /// Whether what `heap` describes is also what `expected` describes.
    pub fn heap_matches(&self, heap: HeapType, expected: HeapType) -> bool {
        match (heap, expected) {
            (HeapType::Abstract(a), HeapType::Abstract(b)) => a.is_below(b),
            (HeapType::Concrete(a), HeapType::Abstract(b)) => {
                self.abstraction(a).is_some_and(|a| a.is_below(b))
            }
            (HeapType::Abstract(a), HeapType::Concrete(b)) => {
                self.abstraction(b).is_some_and(|b| a == b.row().bottom)
            }
            (HeapType::Concrete(a), HeapType::Concrete(b)) => self.is_below(a, b),
        }
    }

    /// The abstract type right above a defined type.
    fn abstraction(&self, id: TypeId) -> Option<AbstractHeapType> {
        Some(match self.try_sub(id)?.composite {
            CompositeType::Func(_) => AbstractHeapType::Func,
            CompositeType::Struct(_) => AbstractHeapType::Struct,
            CompositeType::Array(_) => AbstractHeapType::Array,
        })
    }

    fn is_below(&self, mut id: TypeId, above: TypeId) -> bool {
        let above = self.canonical(above);
        loop {
            if self.canonical(id) == above {
                return true;
            }
            match self.try_sub(id).and_then(|sub| sub.supertype) {
                // A supertype is declared before what is below it: the chain ends.
                Some(next) if next < self.canonical(id) => id = next,
                _ => return false,
            }
        }
    }

    /// The greatest type of a heap type's hierarchy, which is what a cast may start from.
    pub fn top(&self, heap: HeapType) -> AbstractHeapType {
        let mut at = match heap {
            HeapType::Abstract(heap) => heap,
            HeapType::Concrete(id) => self.abstraction(id).unwrap_or(AbstractHeapType::Any),
        };
        while let Some(above) = at.row().above {
            at = above;
        }
        match at {
            AbstractHeapType::None => AbstractHeapType::Any,
            AbstractHeapType::NoFunc => AbstractHeapType::Func,
            AbstractHeapType::NoExtern => AbstractHeapType::Extern,
            AbstractHeapType::NoExn => AbstractHeapType::Exn,
            AbstractHeapType::Func
            | AbstractHeapType::Extern
            | AbstractHeapType::Any
            | AbstractHeapType::Eq
            | AbstractHeapType::I31
            | AbstractHeapType::Struct
            | AbstractHeapType::Array
            | AbstractHeapType::Exn => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(id: u32) -> ValType {
        ValType::Ref(RefType::new(true, HeapType::Concrete(TypeId(id))))
    }

    fn node(next: u32) -> SubType {
        let field = FieldType { storage: StorageType::Val(reference(next)), mutable: true };
        SubType::plain(CompositeType::Struct([field].into()))
    }

    #[test]
    fn groups_that_look_alike_from_within_are_the_same() {
        let mut types = Types::default();
        let first = types.add(vec![node(1), node(0)]);
        let second = types.add(vec![node(3), node(2)]);
        assert_eq!((types.canonical(second), types.canonical(TypeId(3))), (first, TypeId(1)));
        // A user of one is a user of the other.
        assert_eq!(types.intern(vec![node(2)]), types.intern(vec![node(0)]));
        // One that names itself is not one that names an earlier one.
        let itself = types.next_id();
        assert_eq!(types.intern(vec![node(itself.0)]), itself);
        assert!(types.matches(reference(3), reference(1)));
        assert!(!types.matches(reference(2), reference(1)));
        assert_eq!(types.group(TypeId(3)), 2..4);
    }

    #[test]
    fn types_of_another_module_are_found_or_added() {
        let mut ours = Types::default();
        let function = ours.func(FuncType::default());
        let pair = ours.add(vec![node(2), node(1)]);
        let mut theirs = Types::default();
        theirs.add(vec![node(1), node(0)]);
        theirs.set_name(TypeId(1), "second");
        theirs.add(vec![node(0)]);
        theirs.func(FuncType::default());
        let ids = ours.extend_from(&theirs);
        assert_eq!((ids[0], ids[1], ids[3]), (pair, TypeId(pair.0 + 1), function));
        assert_eq!(ours.sub(ids[2]), &node(pair.0));
        assert_eq!(ours.name(ids[1]), Some("second"));
    }

    #[test]
    fn what_is_below_may_stand_for_what_is_above() {
        let mut types = Types::default();
        let open = |supertype| SubType {
            is_final: false,
            supertype,
            composite: CompositeType::Struct([].into()),
        };
        let a = types.intern(vec![open(None)]);
        let b = types.intern(vec![open(Some(a))]);
        let c = types.intern(vec![open(Some(b))]);
        let heap = HeapType::Concrete;
        assert!(types.heap_matches(heap(c), heap(a)) && !types.heap_matches(heap(a), heap(b)));
        let abstract_of = HeapType::Abstract;
        use AbstractHeapType as H;
        for above in [H::Struct, H::Eq, H::Any] {
            assert!(types.heap_matches(heap(c), abstract_of(above)));
        }
        assert!(types.heap_matches(abstract_of(H::None), heap(c)));
        assert!(!types.heap_matches(abstract_of(H::NoFunc), heap(c)));
        assert!(!types.heap_matches(heap(c), abstract_of(H::Func)));
        assert_eq!(types.top(abstract_of(H::None)), H::Any);
        let function = types.func(FuncType::default());
        assert!(types.heap_matches(heap(function), HeapType::FUNC));
        assert!(types.heap_matches(abstract_of(H::NoFunc), heap(function)));
    }
}
