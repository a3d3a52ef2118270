//! What a generated module declares: types, functions, memories, tables, globals, tags and segments ⇒ its sections.
//!
//! Invariant: everything is declared before the first body is generated, except function types that blocks ask for, which come last. A type
//! refers to earlier types, or to types of its own recursion group through a reference that may be null, so a value of any type can be made.

use std::ops::Range;

use wasm_encoder::{
    AbstractHeapType, ArrayType, CompositeInnerType, CompositeType, ConstExpr, FieldType, FuncType,
    HeapType, MemoryType, RefType, StorageType, StructType, SubType, TableType, ValType,
};

use crate::dice::Dice;

/// What a module may use, so that simple modules are there too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) vectors: bool,
    pub(crate) gc: bool,
    pub(crate) exceptions: bool,
    pub(crate) threads: bool,
    pub(crate) wide: bool,
    /// Several memories and tables, with 64-bit addresses and small pages.
    pub(crate) many: bool,
}

impl Profile {
    /// Whether operators of a proposal may be generated.
    pub(crate) fn allows(self, proposal: &str) -> bool {
        match proposal {
            "simd" | "relaxed_simd" => self.vectors,
            "threads" => self.threads,
            "wide_arithmetic" => self.wide,
            _ => true,
        }
    }
}

/// A global.
pub(crate) struct Global {
    pub(crate) ty: ValType,
    pub(crate) mutable: bool,
    /// `None` if it is imported.
    pub(crate) init: Option<ConstExpr>,
}

/// A memory, and whether it is imported.
pub(crate) struct Memory {
    pub(crate) ty: MemoryType,
    pub(crate) imported: bool,
}

/// A table. Code never writes to the first one, which holds one function a slot.
pub(crate) struct Table {
    pub(crate) ty: TableType,
    pub(crate) init: Option<ConstExpr>,
    pub(crate) imported: bool,
}

/// A data segment.
pub(crate) struct Data {
    pub(crate) bytes: Vec<u8>,
    /// The memory and the place, unless it is passive.
    pub(crate) active: Option<(u32, ConstExpr)>,
}

/// An element segment.
pub(crate) struct Elements {
    pub(crate) ty: RefType,
    pub(crate) items: Items,
    pub(crate) mode: Mode,
}

/// What an element segment holds.
pub(crate) enum Items {
    Functions(Vec<u32>),
    Expressions(Vec<ConstExpr>),
}

impl Items {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Functions(list) => list.len(),
            Self::Expressions(list) => list.len(),
        }
    }
}

/// Where an element segment goes.
pub(crate) enum Mode {
    Passive,
    Declared,
    Active(u32, ConstExpr),
}

/// The declarations.
pub(crate) struct World {
    pub(crate) profile: Profile,
    pub(crate) types: Vec<SubType>,
    /// Recursion groups, as ranges of types.
    pub(crate) groups: Vec<Range<usize>>,
    /// The types of functions, imported ones first.
    pub(crate) functions: Vec<u32>,
    pub(crate) imported_functions: usize,
    /// The functions whose bodies are random.
    pub(crate) random_functions: Range<usize>,
    pub(crate) globals: Vec<Global>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) tables: Vec<Table>,
    /// The types of tags.
    pub(crate) tags: Vec<u32>,
    pub(crate) datas: Vec<Data>,
    pub(crate) elements: Vec<Elements>,
    /// The global that bounds how often functions are entered and loops go round.
    pub(crate) fuel: u32,
    /// The global into which values flow that nothing else shows.
    pub(crate) hash: u32,
    /// The function `(anyref, i32) -> i64` that tells what a reference refers to, so deep.
    pub(crate) digest: Option<u32>,
    /// How many regions of code have a mark.
    pub(crate) marks: u32,
}

/// A reference type of one of the abstract heap types.
pub(crate) fn reference(ty: AbstractHeapType, nullable: bool) -> RefType {
    RefType::new_abstract(ty, nullable, false)
}

/// A reference to a type of the module.
pub(crate) fn concrete(index: u32, nullable: bool) -> RefType {
    RefType { nullable, heap_type: HeapType::Concrete(index) }
}

/// A final type without a supertype.
pub(crate) fn plain(inner: CompositeInnerType) -> SubType {
    subtype(inner, true, None)
}

fn subtype(inner: CompositeInnerType, is_final: bool, supertype_idx: Option<u32>) -> SubType {
    SubType {
        is_final,
        supertype_idx,
        composite_type: CompositeType { inner, shared: false, descriptor: None, describes: None },
    }
}

impl World {
    /// The function type of an index.
    pub(crate) fn signature(&self, ty: u32) -> &FuncType {
        match &self.types[ty as usize].composite_type.inner {
            CompositeInnerType::Func(signature) => signature,
            _ => panic!("type {ty} is no function type: whoever generated its use promised one"),
        }
    }

    /// The fields of a structure type.
    pub(crate) fn fields(&self, ty: u32) -> &[FieldType] {
        match &self.types[ty as usize].composite_type.inner {
            CompositeInnerType::Struct(StructType { fields }) => fields,
            _ => panic!("type {ty} is no structure: whoever generated its use promised one"),
        }
    }

    /// Whether a type is one of functions, and no function is of it.
    pub(crate) fn lacks_functions(&self, ty: RefType) -> bool {
        let HeapType::Concrete(index) = ty.heap_type else { return false };
        let inner = &self.types[index as usize].composite_type.inner;
        matches!(inner, CompositeInnerType::Func(_)) && self.functions_of(index).is_empty()
    }

    /// The fields of all structure types that fit: type and number of each.
    pub(crate) fn fields_that(&self, fits: impl Fn(FieldType) -> bool) -> Vec<(u32, u32)> {
        let all = self.structs().into_iter().flat_map(|ty| {
            let fields = (0..).zip(self.fields(ty));
            fields.map(move |(number, &field)| (ty, number, field))
        });
        all.filter(|&(.., field)| fits(field)).map(|(ty, number, _)| (ty, number)).collect()
    }

    /// The array types whose elements fit.
    pub(crate) fn arrays_of(&self, fits: impl Fn(FieldType) -> bool) -> Vec<u32> {
        self.arrays().into_iter().filter(|&ty| fits(self.element(ty))).collect()
    }

    /// The element of an array type.
    pub(crate) fn element(&self, ty: u32) -> FieldType {
        match &self.types[ty as usize].composite_type.inner {
            CompositeInnerType::Array(ArrayType(element)) => *element,
            _ => panic!("type {ty} is no array: whoever generated its use promised one"),
        }
    }

    fn indices(&self, keep: impl Fn(&CompositeInnerType) -> bool) -> Vec<u32> {
        (0..self.types.len() as u32)
            .filter(|&index| keep(&self.types[index as usize].composite_type.inner))
            .collect()
    }

    /// The structure types.
    pub(crate) fn structs(&self) -> Vec<u32> {
        self.indices(|inner| matches!(inner, CompositeInnerType::Struct(_)))
    }

    /// The array types.
    pub(crate) fn arrays(&self) -> Vec<u32> {
        self.indices(|inner| matches!(inner, CompositeInnerType::Array(_)))
    }

    /// Whether type `lower` is `upper` or declared, in steps, as its subtype.
    pub(crate) fn extends(&self, lower: u32, upper: u32) -> bool {
        let mut at = Some(lower);
        while let Some(index) = at {
            if index == upper {
                return true;
            }
            at = self.types[index as usize].supertype_idx;
        }
        false
    }

    /// The abstract heap type right above a type of the module.
    fn kind(&self, ty: u32) -> AbstractHeapType {
        match self.types[ty as usize].composite_type.inner {
            CompositeInnerType::Func(_) => AbstractHeapType::Func,
            CompositeInnerType::Struct(_) => AbstractHeapType::Struct,
            CompositeInnerType::Array(_) => AbstractHeapType::Array,
            CompositeInnerType::Cont(_) => AbstractHeapType::Cont,
        }
    }

    /// The greatest heap type above a heap type.
    pub(crate) fn top(&self, heap: HeapType) -> AbstractHeapType {
        use AbstractHeapType as H;
        match self.abstracted(heap) {
            H::Func | H::NoFunc => H::Func,
            H::Extern | H::NoExtern => H::Extern,
            H::Any | H::Eq | H::I31 | H::Struct | H::Array | H::None => H::Any,
            H::Exn | H::NoExn => H::Exn,
            H::Cont | H::NoCont => H::Cont,
        }
    }

    /// The least heap type above a heap type.
    pub(crate) fn bottom(&self, heap: HeapType) -> AbstractHeapType {
        use AbstractHeapType as H;
        match self.top(heap) {
            H::Func => H::NoFunc,
            H::Extern => H::NoExtern,
            H::Exn => H::NoExn,
            H::Cont => H::NoCont,
            _ => H::None,
        }
    }

    fn abstracted(&self, heap: HeapType) -> AbstractHeapType {
        match heap {
            HeapType::Abstract { ty, .. } => ty,
            HeapType::Concrete(index) | HeapType::Exact(index) => self.kind(index),
        }
    }

    fn heap_matches(&self, lower: HeapType, upper: HeapType) -> bool {
        use AbstractHeapType as H;
        if lower == upper {
            return true;
        }
        match (lower, upper) {
            (HeapType::Concrete(lower), HeapType::Concrete(upper)) => self.extends(lower, upper),
            (HeapType::Abstract { ty, .. }, _) if ty == self.bottom(lower) => {
                self.top(lower) == self.top(upper)
            }
            (_, HeapType::Abstract { ty, .. }) => {
                let kind = self.abstracted(lower);
                kind == ty && matches!(lower, HeapType::Concrete(_))
                    || ty == self.top(lower)
                    || ty == H::Eq && matches!(kind, H::I31 | H::Struct | H::Array)
            }
            _ => false,
        }
    }

    /// Whether every value of `lower` is one of `upper`, as far as declarations tell.
    pub(crate) fn matches(&self, lower: ValType, upper: ValType) -> bool {
        match (lower, upper) {
            (ValType::Ref(lower), ValType::Ref(upper)) => {
                (upper.nullable || !lower.nullable)
                    && self.heap_matches(lower.heap_type, upper.heap_type)
            }
            _ => lower == upper,
        }
    }

    /// The type of functions with these parameters and results, declared now if nothing else did.
    pub(crate) fn function_type(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let wanted = FuncType::new(params.iter().copied(), results.iter().copied());
        let there = self.groups.iter().filter(|group| group.len() == 1).map(|group| group.start);
        for index in there {
            let ty = &self.types[index];
            if let CompositeInnerType::Func(signature) = &ty.composite_type.inner
                && *signature == wanted
                && ty.is_final
                && ty.supertype_idx.is_none()
            {
                return index as u32;
            }
        }
        self.declare(vec![plain(CompositeInnerType::Func(wanted))])
    }

    /// Declares a recursion group; the index of its first type.
    pub(crate) fn declare(&mut self, group: Vec<SubType>) -> u32 {
        let first = self.types.len();
        self.types.extend(group);
        self.groups.push(first..self.types.len());
        first as u32
    }

    /// Functions whose type is `ty` or a subtype.
    pub(crate) fn functions_of(&self, ty: u32) -> Vec<u32> {
        (0..self.functions.len() as u32)
            .filter(|&function| self.extends(self.functions[function as usize], ty))
            .collect()
    }

    /// A type of numbers or vectors.
    pub(crate) fn number_type(&self, dice: &mut Dice) -> ValType {
        let count = if self.profile.vectors { 5 } else { 4 };
        crate::operators::NUMBERS[dice.below(count)]
    }

    /// A reference type that values can be made of everywhere. Those that cannot be null are rarer.
    pub(crate) fn reference_type(&self, dice: &mut Dice) -> RefType {
        use AbstractHeapType as H;
        let nullable = dice.percent(70);
        if !self.profile.gc {
            let ty = match dice.below(if self.profile.exceptions { 5 } else { 4 }) {
                0 | 1 => H::Func,
                2 | 3 => H::Extern,
                _ => H::Exn,
            };
            return reference(ty, nullable || ty != H::Func);
        }
        match dice.below(10) {
            0 => reference(H::Func, nullable),
            1 => reference(H::Extern, nullable),
            2 => {
                let ty = dice.pick(&[H::None, H::NoFunc, H::NoExtern, H::NoExn, H::Exn]);
                let exceptions = self.profile.exceptions || !matches!(ty, H::Exn | H::NoExn);
                if exceptions { reference(ty, true) } else { reference(H::None, true) }
            }
            3 | 4 => reference(dice.pick(&[H::Any, H::Eq, H::I31, H::Struct, H::Array]), nullable),
            _ => {
                let index = dice.below(self.types.len()) as u32;
                if matches!(self.kind(index), H::Func) && self.functions_of(index).is_empty() {
                    return concrete(index, true);
                }
                concrete(index, nullable)
            }
        }
    }

    /// Any type.
    pub(crate) fn value_type(&self, dice: &mut Dice) -> ValType {
        if dice.percent(25) {
            ValType::Ref(self.reference_type(dice))
        } else {
            self.number_type(dice)
        }
    }
}

/// A random structure, with what `upper` has first.
fn random_struct(
    world: &World,
    dice: &mut Dice,
    upper: &[FieldType],
    own: &[u32],
) -> CompositeInnerType {
    let mut fields = upper.to_vec();
    for _ in 0..dice.between(usize::from(upper.is_empty()), 3) {
        fields.push(random_field(world, dice, own));
    }
    CompositeInnerType::Struct(StructType { fields: fields.into() })
}

/// A random field. Types of the own recursion group stand behind references that may be null.
fn random_field(world: &World, dice: &mut Dice, own: &[u32]) -> FieldType {
    let element_type = match dice.below(10) {
        0 => StorageType::I8,
        1 => StorageType::I16,
        2 | 3 if !own.is_empty() => StorageType::Val(ValType::Ref(concrete(dice.pick(own), true))),
        2..=4 => {
            use AbstractHeapType as H;
            let ty = dice.pick(&[H::Any, H::Eq, H::I31, H::Struct, H::Array, H::Func, H::Extern]);
            // What cannot be null must be there before: no structure may need itself.
            let nullable = ty != H::I31 || dice.percent(50);
            StorageType::Val(ValType::Ref(reference(ty, nullable)))
        }
        5 if !world.types.is_empty() => {
            let index = dice.below(world.types.len()) as u32;
            let makeable = !matches!(world.kind(index), AbstractHeapType::Func);
            StorageType::Val(ValType::Ref(concrete(index, !makeable || dice.percent(50))))
        }
        _ => StorageType::Val(world.number_type(dice)),
    };
    FieldType { element_type, mutable: dice.percent(70) }
}

/// Declares the types of a module with garbage collection: single ones and recursion groups, subtypes of earlier ones among them.
pub(crate) fn declare_heap_types(world: &mut World, dice: &mut Dice) {
    // There is always a structure and an array, so that values of `structref` and `arrayref` can be made: there is one array of numbers and one of references.
    let first = random_struct(world, dice, &[], &[]);
    world.declare(vec![subtype(first, false, None)]);
    let element_type = dice.pick(&[
        StorageType::I8,
        StorageType::I16,
        StorageType::Val(ValType::I64),
        StorageType::Val(ValType::F32),
    ]);
    let array = CompositeInnerType::Array(ArrayType(FieldType { element_type, mutable: true }));
    world.declare(vec![plain(array)]);
    let ty = reference(dice.pick(&[AbstractHeapType::Any, AbstractHeapType::Func]), true);
    let element = FieldType { element_type: StorageType::Val(ValType::Ref(ty)), mutable: true };
    world.declare(vec![plain(CompositeInnerType::Array(ArrayType(element)))]);
    for _ in 0..dice.between(2, 5) {
        let start = world.types.len() as u32;
        let count = if dice.percent(50) { 1 } else { dice.between(2, 4) } as u32;
        let own: Vec<u32> = (start..start + count).collect();
        let mut group = Vec::new();
        for _ in 0..count {
            let open: Vec<u32> =
                (0..start).filter(|&ty| !world.types[ty as usize].is_final).collect();
            let upper =
                if open.is_empty() || dice.percent(50) { None } else { Some(dice.pick(&open)) };
            let inner = match upper.map(|upper| &world.types[upper as usize].composite_type.inner) {
                Some(CompositeInnerType::Struct(upper)) => {
                    random_struct(world, dice, &upper.fields.clone(), &own)
                }
                Some(same) => same.clone(),
                None => match dice.below(5) {
                    0 | 1 => CompositeInnerType::Array(ArrayType(random_field(world, dice, &own))),
                    2 => {
                        let param = concrete(dice.pick(&own), true);
                        let result = world.number_type(dice);
                        CompositeInnerType::Func(FuncType::new([ValType::Ref(param)], [result]))
                    }
                    _ => random_struct(world, dice, &[], &own),
                },
            };
            group.push(subtype(inner, dice.percent(40), upper));
        }
        world.declare(group);
    }
}
