//! Accesses to memories: nearly always in bounds, aligned where they must be. Sizes of memories and tables.

use wasm_encoder::{Instruction, MemArg, ValType};

use crate::body::Body;
use crate::operators::{Make, Operator};

/// Addresses of accesses lie below this, so that the marks stay.
const ADDRESSES: i32 = 0x7ff0;
/// Offsets of accesses lie below this.
const OFFSETS: usize = 0x1000;

impl Body<'_> {
    /// An access to memory that gives `ty`.
    pub(crate) fn load(&mut self, ty: ValType, depth: usize) {
        let shared = self.world.memories.iter().any(|memory| memory.ty.shared);
        let operator = self
            .choose(|operator| {
                operator.accesses_memory()
                    && operator.results == [ty]
                    && (shared || !operator.name.contains("Wait"))
            })
            .expect("each type can be loaded");
        self.access(operator, depth);
    }

    /// The operands of an operator that accesses memory, and the operator: aligned if it must be, and nearly always in bounds.
    pub(crate) fn access(&mut self, operator: &'static Operator, depth: usize) {
        let waits = operator.name.contains("Wait");
        let memories: Vec<u32> = (0..self.world.memories.len() as u32)
            .filter(|&memory| !waits || self.world.memories[memory as usize].ty.shared)
            .collect();
        let memory_index = self.dice.pick(&memories);
        let unit = if operator.atomic() { 1 << operator.align } else { 1 };
        self.address(memory_index, unit, depth);
        for (place, &ty) in operator.params.iter().enumerate().skip(1) {
            if waits && place == 2 {
                // Nobody wakes it up: it does so itself, and soon.
                let nanoseconds = self.dice.below(1000) as i64;
                self.emit(Instruction::I64Const(nanoseconds));
            } else {
                self.value(ty, depth);
            }
        }
        let offset = match self.dice.below(10) {
            0..5 => 0,
            5..7 => self.dice.below(16) * unit,
            _ => self.dice.below(OFFSETS / unit) * unit,
        } as u64;
        let align = if operator.atomic() {
            operator.align
        } else {
            self.dice.below(operator.align as usize + 1) as u32
        };
        let memarg = MemArg { offset, align, memory_index };
        match operator.make {
            Make::Memory(make) => self.emit(make(memarg)),
            Make::MemoryLane(make) => {
                let lane = self.dice.below(usize::from(operator.lanes)) as u8;
                self.emit(make(memarg, lane));
            }
            Make::Plain(_) | Make::Lane(_) | Make::Shuffle | Make::Special => {
                panic!("{} accesses no memory", operator.name)
            }
        }
    }

    /// An address into a memory, a multiple of `unit`.
    pub(crate) fn address(&mut self, memory: u32, unit: usize, depth: usize) {
        let wide = self.world.memories[memory as usize].ty.memory64;
        let ty = if wide { ValType::I64 } else { ValType::I32 };
        self.value(ty, depth);
        // Now and then it is wherever it is.
        if self.dice.one_in(150) {
            return;
        }
        let mask = ADDRESSES & !(unit as i32 - 1);
        if wide {
            self.emit(Instruction::I64Const(i64::from(mask)));
            self.emit(Instruction::I64And);
        } else {
            self.emit(Instruction::I32Const(mask));
            self.emit(Instruction::I32And);
        }
    }

    /// Sizes of memories and tables, and growth.
    pub(crate) fn measure(&mut self, ty: ValType, depth: usize) {
        let wide = ty == ValType::I64;
        let memories: Vec<u32> = (0..self.world.memories.len() as u32)
            .filter(|&memory| self.world.memories[memory as usize].ty.memory64 == wide)
            .collect();
        let tables: Vec<u32> = (0..self.world.tables.len() as u32)
            .filter(|&table| self.world.tables[table as usize].ty.table64 == wide)
            .collect();
        match self.dice.below(6) {
            0 | 1 if !memories.is_empty() => {
                let memory = self.dice.pick(&memories);
                self.emit(Instruction::MemorySize(memory));
            }
            2 if !memories.is_empty() => {
                let memory = self.dice.pick(&memories);
                self.value(ty, depth);
                self.below(ty, 3);
                self.emit(Instruction::MemoryGrow(memory));
            }
            3 | 4 if !tables.is_empty() => {
                let table = self.dice.pick(&tables);
                self.emit(Instruction::TableSize(table));
            }
            5 if tables.iter().any(|&table| table > 0) => {
                let others: Vec<u32> = tables.into_iter().filter(|&table| table > 0).collect();
                let table = self.dice.pick(&others);
                let element = self.world.tables[table as usize].ty.element_type;
                self.values(&[ValType::Ref(element), ty], depth);
                self.below(ty, 3);
                self.emit(Instruction::TableGrow(table));
            }
            _ => self.operation(ty, depth),
        }
    }

    /// Masks the integer on the stack: `limit` is one less than a power of two.
    pub(crate) fn below(&mut self, ty: ValType, limit: i32) {
        if ty == ValType::I64 {
            self.emit(Instruction::I64Const(i64::from(limit)));
            self.emit(Instruction::I64And);
        } else {
            self.emit(Instruction::I32Const(limit));
            self.emit(Instruction::I32And);
        }
    }
}
