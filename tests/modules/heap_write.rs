//! Statements that write to structures and arrays, and look at what they wrote.

use wasm_encoder::{BlockType, Instruction, RefType, StorageType, ValType};

use crate::body::Body;
use crate::world::concrete;

impl Body<'_> {
    /// Writes to structures and arrays.
    pub(crate) fn heap_statement(&mut self, depth: usize) {
        let structs = self.world.fields_that(|field| field.mutable);
        let arrays = self.world.arrays_of(|field| field.mutable);
        if !structs.is_empty() && (arrays.is_empty() || self.dice.percent(35)) {
            let (index, field_index) = self.dice.pick(&structs);
            let ty = self.world.fields(index)[field_index as usize].element_type.unpack();
            let object = self.object_in_local(index, depth);
            self.emit(Instruction::LocalGet(object));
            self.value(ty, depth);
            self.emit(Instruction::StructSet { struct_type_index: index, field_index });
            return self.look_at(object);
        }
        if arrays.is_empty() {
            let any = ValType::Ref(RefType::ANYREF);
            self.value(any, depth);
            return self.consume(&[any]);
        }
        let index = self.dice.pick(&arrays);
        let object = self.object_in_local(index, depth);
        // Of arrays without elements there is nothing to write.
        self.emit(Instruction::LocalGet(object));
        self.emit(Instruction::ArrayLen);
        self.open(Instruction::If(BlockType::Empty), &[]);
        self.mark();
        self.write_elements(index, object, depth);
        self.look_at(object);
        self.close();
    }

    /// A new local with an object of type `index`, not null. The local's type says that it may be.
    fn object_in_local(&mut self, index: u32, depth: usize) -> u32 {
        let local = self.new_local(ValType::Ref(concrete(index, true)));
        self.value(ValType::Ref(concrete(index, false)), depth);
        self.set_local(local);
        local
    }

    /// Folds what a local refers to into the hash, mostly.
    fn look_at(&mut self, local: u32) {
        if self.dice.percent(70) {
            self.emit(Instruction::LocalGet(local));
            self.fold(self.locals[local as usize]);
        }
    }

    /// With an array that has elements in a local: one of the operations that write some.
    fn write_elements(&mut self, index: u32, object: u32, depth: usize) {
        let field = self.world.element(index);
        let ty = field.element_type.unpack();
        let (datas, segments) = (self.datas_for(field), self.segments_for(ty));
        self.emit(Instruction::LocalGet(object));
        match self.dice.below(9) {
            0..2 => {
                self.element_index(depth);
                self.value(ty, depth);
                self.emit(Instruction::I32Const(1));
                self.emit(Instruction::ArrayFill(index));
            }
            2..4 => {
                let sources: Vec<u32> = self
                    .world
                    .arrays()
                    .into_iter()
                    .filter(|&from| {
                        let from = self.world.element(from).element_type;
                        match (from, field.element_type) {
                            (StorageType::Val(from), StorageType::Val(to)) => {
                                self.world.matches(from, to)
                            }
                            (from, to) => from == to,
                        }
                    })
                    .collect();
                self.element_index(depth);
                // Of an array that may be empty nothing is copied, which is always in bounds.
                let itself = self.dice.percent(60);
                let from = if itself {
                    self.emit(Instruction::LocalGet(object));
                    index
                } else {
                    self.place(&sources, depth)
                };
                self.emit(Instruction::I32Const(0));
                let count = i32::from(itself || self.dice.percent(20));
                self.emit(Instruction::I32Const(count));
                self.emit(Instruction::ArrayCopy {
                    array_type_index_dst: index,
                    array_type_index_src: from,
                });
            }
            4..7 if !datas.is_empty() => {
                let data = self.dice.pick(&datas);
                self.emit(Instruction::I32Const(0));
                self.emit(Instruction::I32Const(0));
                let count = self.elements_in(data, field).min(1);
                self.emit(Instruction::I32Const(count));
                self.emit(Instruction::ArrayInitData {
                    array_type_index: index,
                    array_data_index: data,
                });
            }
            4..7 if !segments.is_empty() => {
                let segment = self.dice.pick(&segments);
                self.emit(Instruction::I32Const(0));
                self.emit(Instruction::I32Const(0));
                self.emit(Instruction::I32Const(1));
                self.emit(Instruction::ArrayInitElem {
                    array_type_index: index,
                    array_elem_index: segment,
                });
            }
            _ => {
                self.value(ValType::I32, depth);
                self.emit(Instruction::LocalGet(object));
                self.emit(Instruction::ArrayLen);
                self.emit(Instruction::I32RemU);
                self.value(ty, depth);
                self.emit(Instruction::ArraySet(index));
            }
        }
    }
}
