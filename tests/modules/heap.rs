//! References and what they refer to: making them, casting them, branching on them, reading and writing structures and arrays.

use wasm_encoder::{
    AbstractHeapType, BlockType, Catch, FieldType, HeapType, Instruction, RefType, StorageType,
    ValType,
};

use crate::body::{Body, defaultable};
use crate::world::{concrete, reference};

/// Lengths of arrays lie below this.
const LENGTHS: i32 = 7;

impl Body<'_> {
    /// Leaves a reference of type `ty`.
    pub(crate) fn reference(&mut self, ty: RefType, depth: usize) {
        let (value, gc) = (ValType::Ref(ty), self.world.profile.gc);
        match self.dice.below(100) {
            0..12 => {
                let tables: Vec<u32> = (0..self.world.tables.len() as u32)
                    .filter(|&table| {
                        let there = self.world.tables[table as usize].ty.element_type;
                        self.world.matches(ValType::Ref(there), value)
                    })
                    .collect();
                if tables.is_empty() {
                    return self.make(ty, depth);
                }
                let table = self.dice.pick(&tables);
                self.table_index(table, depth);
                self.emit(Instruction::TableGet(table));
            }
            12..20 if gc => self.cast(ty, depth),
            20..36 if gc => self.branch_on_cast(ty, depth),
            36..46 if !ty.nullable => {
                // `null` goes the other way.
                self.open(Instruction::Block(BlockType::Result(value)), &[value]);
                self.mark();
                self.value(ValType::Ref(ty.nullable(true)), depth);
                self.emit(Instruction::BrOnNonNull(0));
                self.mark();
                self.make(ty, depth);
                self.close();
            }
            46..48 if !ty.nullable => {
                self.value(ValType::Ref(ty.nullable(true)), depth);
                self.emit(Instruction::RefAsNonNull);
            }
            48..56 => {
                self.open(Instruction::Block(BlockType::Empty), &[]);
                self.mark();
                self.value(ValType::Ref(ty.nullable(true)), depth);
                self.emit(Instruction::BrOnNull(0));
                self.mark();
                self.consume(&[ValType::Ref(ty.nullable(false))]);
                self.close();
                self.value(value, depth);
            }
            _ => self.make(ty, depth),
        }
    }

    /// A function, an object or another thing of the type, made here; `null` if there is nothing else.
    pub(crate) fn make(&mut self, ty: RefType, depth: usize) {
        use AbstractHeapType as H;
        let gc = self.world.profile.gc;
        match ty.heap_type {
            HeapType::Concrete(index) => match self.world.top(ty.heap_type) {
                H::Func => self.function_reference(Some(index), ty),
                _ => self.object(index, depth),
            },
            HeapType::Abstract { ty: heap, .. } => match heap {
                H::Func => self.function_reference(None, ty),
                H::Extern if gc => {
                    self.value(ValType::Ref(reference(H::Any, ty.nullable)), depth);
                    self.emit(Instruction::ExternConvertAny);
                }
                H::Any if self.dice.percent(20) => {
                    self.value(ValType::Ref(reference(H::Extern, ty.nullable)), depth);
                    self.emit(Instruction::AnyConvertExtern);
                }
                H::Any | H::Eq | H::I31 if heap == H::I31 || self.dice.percent(40) => {
                    self.value(ValType::I32, depth);
                    self.emit(Instruction::RefI31);
                }
                H::Any | H::Eq | H::Struct | H::Array => {
                    let objects = match heap {
                        H::Struct => self.world.structs(),
                        H::Array => self.world.arrays(),
                        _ => [self.world.structs(), self.world.arrays()].concat(),
                    };
                    let index = self.dice.pick(&objects);
                    self.object(index, depth);
                }
                H::Exn if self.world.profile.exceptions => self.exception(ty),
                _ => self.emit(Instruction::RefNull(ty.heap_type)),
            },
            HeapType::Exact(_) => self.emit(Instruction::RefNull(ty.heap_type)),
        }
    }

    /// The simplest reference of a type. What cannot be null is made of the simplest values.
    pub(crate) fn simple_reference(&mut self, ty: RefType) {
        if ty.nullable && self.dice.percent(60) {
            self.emit(Instruction::RefNull(ty.heap_type));
        } else {
            let budget = std::mem::take(&mut self.budget);
            self.make(ty, 0);
            self.budget = budget;
        }
    }

    fn function_reference(&mut self, index: Option<u32>, ty: RefType) {
        let functions = match index {
            Some(index) => self.world.functions_of(index),
            None => (0..self.world.functions.len() as u32).collect(),
        };
        if functions.is_empty() {
            return self.emit(Instruction::RefNull(ty.heap_type));
        }
        let function = self.dice.pick(&functions);
        self.emit(Instruction::RefFunc(function));
    }

    /// Throws and catches, for a reference to an exception.
    fn exception(&mut self, ty: RefType) {
        let value = ValType::Ref(ty);
        self.open(Instruction::Block(BlockType::Result(value)), &[value]);
        let catches = vec![Catch::AllRef { label: 0 }];
        self.open(Instruction::TryTable(BlockType::Empty, catches.into()), &[]);
        let tag = self.dice.below(self.world.tags.len()) as u32;
        let types = self.world.signature(self.world.tags[tag as usize]).params().to_vec();
        for ty in types {
            self.simple(ty);
        }
        self.emit(Instruction::Throw(tag));
        self.close();
        self.emit(Instruction::Unreachable);
        self.close();
    }

    /// A new structure or array of type `index`, or of a subtype.
    fn object(&mut self, index: u32, depth: usize) {
        let subtypes: Vec<u32> = (0..self.world.types.len() as u32)
            .filter(|&lower| self.world.extends(lower, index))
            .collect();
        let index = if self.may_grow(depth) { self.dice.pick(&subtypes) } else { index };
        if self.world.structs().contains(&index) {
            self.structure(index, depth);
        } else {
            self.array(index, depth);
        }
    }

    fn structure(&mut self, index: u32, depth: usize) {
        let fields = self.world.fields(index).to_vec();
        let default = fields.iter().all(|field| field.element_type.is_defaultable());
        if default && (!self.may_grow(depth) || self.dice.percent(15)) {
            return self.emit(Instruction::StructNewDefault(index));
        }
        let types: Vec<ValType> = fields.iter().map(|field| field.element_type.unpack()).collect();
        if self.may_grow(depth) {
            self.values(&types, depth.saturating_sub(1));
        } else {
            types.into_iter().for_each(|ty| self.simple(ty));
        }
        self.emit(Instruction::StructNew(index));
    }

    fn array(&mut self, index: u32, depth: usize) {
        let field = self.world.element(index);
        let ty = field.element_type.unpack();
        if !self.may_grow(depth) {
            return self
                .emit(Instruction::ArrayNewFixed { array_type_index: index, array_size: 0 });
        }
        let depth = depth - 1;
        let datas = self.datas_for(field);
        let segments = self.segments_for(ty);
        match self.dice.below(5) {
            0 if defaultable(ty) => {
                self.value(ValType::I32, depth);
                self.below(ValType::I32, LENGTHS);
                self.emit(Instruction::ArrayNewDefault(index));
            }
            1 => {
                self.values(&[ty, ValType::I32], depth);
                self.below(ValType::I32, LENGTHS);
                self.emit(Instruction::ArrayNew(index));
            }
            2 | 3 if !datas.is_empty() => {
                let data = self.dice.pick(&datas);
                self.emit(Instruction::I32Const(0));
                let count = self.elements_in(data, field);
                self.emit(Instruction::I32Const(count));
                self.emit(Instruction::ArrayNewData {
                    array_type_index: index,
                    array_data_index: data,
                });
            }
            2 | 3 if !segments.is_empty() => {
                let segment = self.dice.pick(&segments);
                self.emit(Instruction::I32Const(0));
                let count = self.world.elements[segment as usize].items.len() as i32;
                self.emit(Instruction::I32Const(count));
                self.emit(Instruction::ArrayNewElem {
                    array_type_index: index,
                    array_elem_index: segment,
                });
            }
            _ => {
                let count = self.dice.below(5);
                self.values(&vec![ty; count], depth);
                self.emit(Instruction::ArrayNewFixed {
                    array_type_index: index,
                    array_size: count as u32,
                });
            }
        }
    }

    /// Passive data segments that hold elements for an array of numbers.
    pub(crate) fn datas_for(&self, field: FieldType) -> Vec<u32> {
        if matches!(field.element_type, StorageType::Val(ValType::Ref(_))) {
            return Vec::new();
        }
        (0..self.world.datas.len() as u32)
            .filter(|&data| self.world.datas[data as usize].active.is_none())
            .collect()
    }

    /// How many elements are made of a data segment: not more than it has bytes for.
    pub(crate) fn elements_in(&mut self, data: u32, field: FieldType) -> i32 {
        let size = match field.element_type {
            StorageType::I8 => 1,
            StorageType::I16 => 2,
            StorageType::Val(ValType::I32 | ValType::F32) => 4,
            StorageType::Val(ValType::I64 | ValType::F64) => 8,
            StorageType::Val(ValType::V128 | ValType::Ref(_)) => 16,
        };
        let most = self.world.datas[data as usize].bytes.len() / size;
        self.dice.below(most.min(LENGTHS as usize) + 1) as i32
    }

    /// A type in the hierarchy of `ty` that has all its values.
    fn above(&mut self, ty: RefType) -> RefType {
        let top = reference(self.world.top(ty.heap_type), true);
        let mut list = vec![top, ty.nullable(true)];
        for heap in [AbstractHeapType::Eq, AbstractHeapType::Struct, AbstractHeapType::Array] {
            list.push(reference(heap, true));
        }
        list.extend((0..self.world.types.len() as u32).map(|index| concrete(index, true)));
        list.retain(|&upper| self.world.matches(ValType::Ref(ty), ValType::Ref(upper)));
        self.dice.pick(&list)
    }

    /// `ref.cast`, of what is mostly of the type already.
    fn cast(&mut self, ty: RefType, depth: usize) {
        let upper = self.above(ty);
        if self.dice.percent(90) {
            // So that validation forgets what is known.
            let local = self.new_local(ValType::Ref(upper.nullable(true)));
            self.value(ValType::Ref(ty), depth);
            self.set_local(local);
            self.emit(Instruction::LocalGet(local));
        } else {
            self.value(ValType::Ref(upper), depth);
        }
        self.emit(if ty.nullable {
            Instruction::RefCastNullable(ty.heap_type)
        } else {
            Instruction::RefCastNonNull(ty.heap_type)
        });
    }

    /// `br_on_cast` or `br_on_cast_fail`, with something else for what is of another type.
    fn branch_on_cast(&mut self, ty: RefType, depth: usize) {
        let from = self.above(ty);
        let value = ValType::Ref(ty);
        // What is left when the cast fails: null went along if it may be among the values of `ty`.
        let left = ValType::Ref(if ty.nullable { from.nullable(false) } else { from });
        if self.dice.percent(50) {
            self.open(Instruction::Block(BlockType::Result(value)), &[value]);
            self.mark();
            self.value(ValType::Ref(from), depth);
            self.emit(Instruction::BrOnCast {
                relative_depth: 0,
                from_ref_type: from,
                to_ref_type: ty,
            });
            self.mark();
            self.consume(&[left]);
            self.make(ty, depth);
            self.close();
            return;
        }
        // Whoever branches here makes a value: where no function is of a type, only null is.
        let left = match left {
            ValType::Ref(ty) if self.world.lacks_functions(ty) => ValType::Ref(ty.nullable(true)),
            _ => left,
        };
        self.open(Instruction::Block(BlockType::Result(value)), &[value]);
        self.open(Instruction::Block(BlockType::Result(left)), &[left]);
        self.mark();
        self.value(ValType::Ref(from), depth);
        self.emit(Instruction::BrOnCastFail {
            relative_depth: 0,
            from_ref_type: from,
            to_ref_type: ty,
        });
        self.mark();
        self.emit(Instruction::Br(1));
        self.dead_code();
        self.close();
        self.consume(&[left]);
        self.make(ty, depth);
        self.close();
    }

    /// A structure or array on the stack, nearly never null; its type.
    pub(crate) fn place(&mut self, types: &[u32], depth: usize) -> u32 {
        let index = self.dice.pick(types);
        let nullable = self.dice.one_in(40);
        self.value(ValType::Ref(concrete(index, nullable)), depth);
        index
    }

    /// An index into a new array, in bounds of most.
    pub(crate) fn element_index(&mut self, depth: usize) {
        self.value(ValType::I32, depth);
        let limit = self.dice.pick(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3]);
        self.below(ValType::I32, limit);
    }

    /// A value of `ty` out of a structure or an array, or an array's length.
    pub(crate) fn read_heap(&mut self, ty: ValType, depth: usize) {
        let fits = |field: FieldType| self.world.matches(field.element_type.unpack(), ty);
        let structs = self.world.fields_that(fits);
        let arrays = self.world.arrays_of(fits);
        let signed = self.dice.percent(50);
        match self.dice.below(5) {
            0 if ty == ValType::I32 => {
                let array = reference(AbstractHeapType::Array, self.dice.one_in(40));
                self.value(ValType::Ref(array), depth);
                self.emit(Instruction::ArrayLen);
            }
            0..2 if !structs.is_empty() => {
                let (index, field_index) = self.dice.pick(&structs);
                self.place(&[index], depth);
                let struct_type_index = index;
                let field = self.world.fields(index)[field_index as usize];
                self.emit(match field.element_type {
                    StorageType::Val(_) => {
                        Instruction::StructGet { struct_type_index, field_index }
                    }
                    _ if signed => Instruction::StructGetS { struct_type_index, field_index },
                    _ => Instruction::StructGetU { struct_type_index, field_index },
                });
            }
            _ if !arrays.is_empty() => {
                let index = self.place(&arrays, depth);
                if self.dice.percent(97) {
                    return self.checked_element(index, ty, signed, depth);
                }
                self.element_index(depth);
                self.array_get(index, signed);
            }
            _ => self.value(ty, depth),
        }
    }

    fn array_get(&mut self, index: u32, signed: bool) {
        self.emit(match self.world.element(index).element_type {
            StorageType::Val(_) => Instruction::ArrayGet(index),
            _ if signed => Instruction::ArrayGetS(index),
            _ => Instruction::ArrayGetU(index),
        });
    }

    /// With an array on the stack: its element at an index below its length, or another value if it has none.
    fn checked_element(&mut self, index: u32, ty: ValType, signed: bool, depth: usize) {
        let array = self.new_local(ValType::Ref(concrete(index, true)));
        self.set_local(array);
        self.emit(Instruction::LocalGet(array));
        self.emit(Instruction::ArrayLen);
        self.open(Instruction::If(BlockType::Result(ty)), &[ty]);
        self.mark();
        self.emit(Instruction::LocalGet(array));
        self.value(ValType::I32, depth);
        self.emit(Instruction::LocalGet(array));
        self.emit(Instruction::ArrayLen);
        self.emit(Instruction::I32RemU);
        self.array_get(index, signed);
        self.otherwise();
        self.leaf(ty);
        self.close();
    }
}
