//! Statements: what leaves the stack as it was and changes locals, globals, memories, tables, the heap or where control goes.

use wasm_encoder::{BlockType, Instruction, ValType};

use crate::body::Body;
use crate::world::Mode;

/// Lengths lie below this where nothing keeps them in bounds.
const LENGTHS: i32 = 0x3_ffff;

impl Body<'_> {
    /// Emits one statement; what it holds is at most so deep.
    pub(crate) fn statement(&mut self, depth: usize) {
        if !self.may_grow(depth) {
            let ty = self.world.number_type(self.dice);
            self.leaf(ty);
            return self.consume(&[ty]);
        }
        let depth = depth - 1;
        let profile = self.world.profile;
        match self.dice.below(100) {
            0..22 => {
                let ty = self.world.value_type(self.dice);
                let local = self.local_for(ty);
                self.value(ty, depth + 1);
                self.set_local(local);
            }
            22..28 => {
                let ty = self.world.value_type(self.dice);
                self.value(ty, depth + 1);
                self.consume(&[ty]);
            }
            28..42 => self.store(depth),
            42..47 => self.if_of(&[], depth),
            47..51 => self.loop_of(&[], depth),
            51..53 => self.block_of(&[], depth),
            53..57 => {
                let types: Vec<ValType> =
                    (0..self.dice.below(3)).map(|_| self.world.value_type(self.dice)).collect();
                self.switch(&types, depth);
                self.consume(&types);
            }
            57..62 => self.branch(depth),
            62..68 => {
                let callable = self.callable(|_| true);
                let function = self.dice.pick(&callable);
                let results = self.call(function, depth);
                self.consume(&results);
            }
            68..70 => self.tail_call(depth),
            70..76 => self.bulk(depth),
            76..82 => self.table(depth),
            82..92 if profile.gc => self.heap_statement(depth),
            92..95 if profile.exceptions => self.try_table(depth),
            95 if profile.exceptions => self.throw(depth),
            96 => self.give_up(depth),
            97 => self.emit(Instruction::Nop),
            98 if profile.threads => self.emit(Instruction::AtomicFence),
            _ => {
                let types: Vec<ValType> = (0..self.dice.between(2, 4))
                    .map(|_| self.world.value_type(self.dice))
                    .collect();
                self.values(&types, depth);
                self.consume(&types);
            }
        }
    }

    /// A store of any kind; atomic ones that give something count too.
    fn store(&mut self, depth: usize) {
        let operator = self
            .choose(|operator| operator.accesses_memory() && operator.results.is_empty())
            .expect("there are stores");
        self.access(operator, depth);
    }

    /// `unreachable`, under a condition.
    fn give_up(&mut self, depth: usize) {
        self.seldom(depth);
        self.open(Instruction::If(BlockType::Empty), &[]);
        self.mark();
        self.emit(Instruction::Unreachable);
        self.dead_code();
        self.close();
    }

    /// A number of bytes or elements on the stack, small enough.
    fn length(&mut self, wide: bool, limit: i32, depth: usize) {
        let ty = if wide { ValType::I64 } else { ValType::I32 };
        self.value(ty, depth);
        // Now and then too large, but no more than the engine has steps for.
        let limit = if self.dice.one_in(150) { LENGTHS } else { limit };
        self.below(ty, limit);
    }

    /// Bulk operations on memories and data segments.
    fn bulk(&mut self, depth: usize) {
        let memories = self.world.memories.len();
        let (to, from) = (self.dice.below(memories) as u32, self.dice.below(memories) as u32);
        let is_wide = |body: &Self, memory: u32| body.world.memories[memory as usize].ty.memory64;
        let passive: Vec<u32> = (0..self.world.datas.len() as u32)
            .filter(|&data| self.world.datas[data as usize].active.is_none())
            .collect();
        match self.dice.below(8) {
            0..2 => {
                self.address(to, 1, depth);
                self.value(ValType::I32, depth);
                self.length(is_wide(self, to), 0x3f, depth);
                self.emit(Instruction::MemoryFill(to));
            }
            2..5 => {
                self.address(to, 1, depth);
                self.address(from, 1, depth);
                self.length(is_wide(self, to) && is_wide(self, from), 0xff, depth);
                self.emit(Instruction::MemoryCopy { src_mem: from, dst_mem: to });
            }
            5 if self.dice.percent(30) && !self.world.datas.is_empty() => {
                let all: Vec<u32> = (0..self.world.datas.len() as u32).collect();
                let data = self.droppable(&all, &passive);
                self.emit(Instruction::DataDrop(data));
            }
            _ if !passive.is_empty() => {
                let data_index = self.dice.pick(&passive);
                let size = self.world.datas[data_index as usize].bytes.len();
                self.address(to, 1, depth);
                let start = self.dice.below(size + 1);
                self.emit(Instruction::I32Const(start as i32));
                let length = self.dice.below(size - start + 1);
                self.emit(Instruction::I32Const(length as i32));
                self.emit(Instruction::MemoryInit { mem: to, data_index });
            }
            _ => {
                let ty = if is_wide(self, to) { ValType::I64 } else { ValType::I32 };
                self.emit(Instruction::MemorySize(to));
                self.consume(&[ty]);
            }
        }
    }

    /// An index into a table, in bounds but for one in many.
    pub(crate) fn table_index(&mut self, table: u32, depth: usize) {
        let ty = self.world.tables[table as usize].ty;
        let index = if ty.table64 { ValType::I64 } else { ValType::I32 };
        self.value(index, depth);
        if !self.dice.one_in(100) {
            let limit = if ty.minimum >= 8 { 7 } else { 0 };
            self.below(index, limit);
        }
    }

    /// Operations on the tables that code may write.
    fn table(&mut self, depth: usize) {
        if self.world.tables.len() < 2 {
            return self.store(depth);
        }
        let table = self.dice.between(1, self.world.tables.len() - 1) as u32;
        let ty = self.world.tables[table as usize].ty;
        let element = ValType::Ref(ty.element_type);
        match self.dice.below(10) {
            0..5 => {
                self.table_index(table, depth);
                self.value(element, depth);
                self.emit(Instruction::TableSet(table));
            }
            5 | 6 => {
                self.table_index(table, depth);
                self.value(element, depth);
                self.length(ty.table64, 1, depth);
                self.emit(Instruction::TableFill(table));
            }
            7 => {
                let sources: Vec<u32> = (0..self.world.tables.len() as u32)
                    .filter(|&from| {
                        let there = self.world.tables[from as usize].ty.element_type;
                        self.world.matches(ValType::Ref(there), element)
                    })
                    .collect();
                let from = self.dice.pick(&sources);
                let wide = ty.table64 && self.world.tables[from as usize].ty.table64;
                self.table_index(table, depth);
                self.table_index(from, depth);
                self.length(wide, 1, depth);
                self.emit(Instruction::TableCopy { src_table: from, dst_table: table });
            }
            _ => self.table_init(table, element, depth),
        }
    }

    /// A segment to drop: seldom one that others need, for everything behind would trap.
    fn droppable(&mut self, all: &[u32], needed: &[u32]) -> u32 {
        let others: Vec<u32> =
            all.iter().copied().filter(|segment| !needed.contains(segment)).collect();
        let from = if others.is_empty() || self.dice.percent(15) { all } else { &others };
        self.dice.pick(from)
    }

    fn table_init(&mut self, table: u32, element: ValType, depth: usize) {
        let segments = self.segments_for(element);
        if segments.is_empty() {
            self.table_index(table, depth);
            self.value(element, depth);
            return self.emit(Instruction::TableSet(table));
        }
        let elem_index = self.dice.pick(&segments);
        if self.dice.percent(25) {
            let all: Vec<u32> = (0..self.world.elements.len() as u32).collect();
            let segment = self.droppable(&all, &segments);
            return self.emit(Instruction::ElemDrop(segment));
        }
        let count = self.world.elements[elem_index as usize].items.len();
        self.table_index(table, depth);
        let start = self.dice.below(count + 1);
        self.emit(Instruction::I32Const(start as i32));
        let length = self.dice.below(count - start + 1).min(1);
        self.emit(Instruction::I32Const(length as i32));
        self.emit(Instruction::TableInit { elem_index, table });
    }

    /// Passive element segments whose items fit where `element` is wanted.
    pub(crate) fn segments_for(&self, element: ValType) -> Vec<u32> {
        (0..self.world.elements.len() as u32)
            .filter(|&index| {
                let segment = &self.world.elements[index as usize];
                matches!(segment.mode, Mode::Passive)
                    && self.world.matches(ValType::Ref(segment.ty), element)
            })
            .collect()
    }
}
