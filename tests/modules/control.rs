//! Structured control and calls: blocks, loops that end, branches with values, switches, calls of all kinds, exceptions.

use std::borrow::Cow;

use wasm_encoder::{AbstractHeapType, BlockType, Catch, Instruction, RefType, ValType};

use crate::body::Body;
use crate::world::{concrete, reference};

/// How often a loop goes round, at most.
const ROUNDS: usize = 6;

/// A function, and how it is called.
#[derive(Clone, Copy)]
pub(crate) enum Callee {
    /// By its index.
    Direct(u32),
    /// Through the table of functions, as of this type.
    Indirect(u32, u32),
    /// By reference, as of this type.
    Reference(u32),
}

impl Callee {
    fn call(self) -> Instruction<'static> {
        match self {
            Callee::Direct(function) => Instruction::Call(function),
            Callee::Indirect(table_index, type_index) => {
                Instruction::CallIndirect { type_index, table_index }
            }
            Callee::Reference(ty) => Instruction::CallRef(ty),
        }
    }

    fn tail_call(self) -> Instruction<'static> {
        match self {
            Callee::Direct(function) => Instruction::ReturnCall(function),
            Callee::Indirect(table_index, type_index) => {
                Instruction::ReturnCallIndirect { type_index, table_index }
            }
            Callee::Reference(ty) => Instruction::ReturnCallRef(ty),
        }
    }
}

impl Body<'_> {
    /// Statements, and then values of `types`: what stands inside a block.
    pub(crate) fn body_of(&mut self, types: &[ValType], depth: usize) {
        for _ in 0..self.dice.below(3) {
            self.statement(depth);
        }
        self.values(types, depth);
    }

    /// A block that leaves values of `types`, and can be left early with such.
    pub(crate) fn block_of(&mut self, types: &[ValType], depth: usize) {
        let block = self.block_type(&[], types);
        self.open(Instruction::Block(block), types);
        self.mark();
        self.body_of(types, depth);
        self.close();
    }

    /// An `if` that leaves values of `types`.
    pub(crate) fn if_of(&mut self, types: &[ValType], depth: usize) {
        self.value(ValType::I32, depth);
        let block = self.block_type(&[], types);
        self.open(Instruction::If(block), types);
        self.mark();
        self.body_of(types, depth);
        if !types.is_empty() || self.dice.percent(60) {
            self.otherwise();
            self.body_of(types, depth);
        }
        self.close();
    }

    /// A loop that leaves values of `types`. It may take such, and go round with others.
    pub(crate) fn loop_of(&mut self, types: &[ValType], depth: usize) {
        let counter = self.new_local(ValType::I32);
        let rounds = self.dice.between(1, ROUNDS) as i32;
        let params = if self.dice.percent(40) { types.to_vec() } else { Vec::new() };
        self.values(&params, depth);
        self.emit(Instruction::I32Const(rounds));
        self.set_local(counter);
        let block = self.block_type(&params, types);
        self.open(Instruction::Loop(block), &params);
        self.labels.last_mut().expect("just opened").counter = Some(counter);
        self.mark();
        self.consume(&params);
        for _ in 0..self.dice.between(1, 3) {
            self.statement(depth);
        }
        self.values(&params, depth);
        self.once_more(counter);
        if self.dice.percent(30) {
            self.value(ValType::I32, depth);
            self.emit(Instruction::I32And);
        }
        self.emit(Instruction::BrIf(0));
        self.mark();
        if params.is_empty() {
            self.values(types, depth);
        } else if self.dice.percent(30) {
            self.consume(&params);
            self.values(types, depth);
        }
        self.close();
    }

    /// `br_table` out of nested blocks; each case takes the values along and gives its own.
    pub(crate) fn switch(&mut self, types: &[ValType], depth: usize) {
        let cases = self.dice.between(1, 4);
        let outer = self.block_type(&[], types);
        self.open(Instruction::Block(outer), types);
        let carried: Vec<ValType> =
            (0..self.dice.below(3)).map(|_| self.world.value_type(self.dice)).collect();
        let inner = self.block_type(&[], &carried);
        for _ in 0..cases {
            self.open(Instruction::Block(inner), &carried);
        }
        self.mark();
        self.values(&carried, depth);
        self.value(ValType::I32, depth);
        self.emit(Instruction::I32Const(cases as i32));
        self.emit(Instruction::I32RemU);
        let targets: Vec<u32> =
            (0..self.dice.between(0, cases + 1)).map(|_| self.dice.below(cases) as u32).collect();
        let default = self.dice.below(cases) as u32;
        self.emit(Instruction::BrTable(Cow::Owned(targets), default));
        for case in (0..cases).rev() {
            self.dead_code();
            self.close();
            self.consume(&carried);
            self.body_of(types, depth);
            if case > 0 {
                self.emit(Instruction::Br(case as u32));
            }
        }
        self.close();
    }

    /// A branch to any label around: `br_if` over which the values stay, or one of the ways to leave for good.
    pub(crate) fn branch(&mut self, depth: usize) {
        let label = self.dice.below(self.labels.len());
        let (types, counter) = (self.labels[label].types.clone(), self.labels[label].counter);
        if self.dice.percent(40) {
            self.values(&types, depth);
            self.value(ValType::I32, depth);
            if let Some(counter) = counter {
                self.once_more(counter);
                self.emit(Instruction::I32And);
            }
            let target = self.depth_of(label);
            self.emit(Instruction::BrIf(target));
            self.mark();
            return self.consume(&types);
        }
        match counter {
            Some(counter) => self.once_more(counter),
            None => self.seldom(depth),
        }
        self.open(Instruction::If(BlockType::Empty), &[]);
        self.mark();
        self.values(&types, depth);
        let target = self.depth_of(label);
        let same: Vec<u32> = (0..self.labels.len())
            .filter(|&other| {
                self.labels[other].types == types && self.labels[other].counter.is_none()
            })
            .map(|other| self.depth_of(other))
            .collect();
        if self.dice.percent(40) && !same.is_empty() {
            self.value(ValType::I32, depth);
            let targets: Vec<u32> =
                (0..self.dice.below(5)).map(|_| self.dice.pick(&same)).collect();
            self.emit(Instruction::BrTable(Cow::Owned(targets), target));
        } else if label == 0 && self.dice.percent(60) {
            self.emit(Instruction::Return);
        } else {
            self.emit(Instruction::Br(target));
        }
        self.dead_code();
        self.close();
    }

    /// An `i32` that is seldom another number than 0.
    pub(crate) fn seldom(&mut self, depth: usize) {
        self.value(ValType::I32, depth);
        self.emit(Instruction::I32Const(7));
        self.emit(Instruction::I32And);
        self.emit(Instruction::I32Const(5));
        self.emit(Instruction::I32Eq);
    }

    /// Behind what never goes on, now and then, code that validates and never runs.
    pub(crate) fn dead_code(&mut self) {
        if self.dice.percent(75) {
            return;
        }
        self.mark();
        match self.dice.below(6) {
            0 => self.statement(1),
            1 => {
                let operator = self.choose(|operator| !operator.accesses_memory());
                let operator = operator.expect("there are operators");
                self.emit_plain(operator);
                for _ in &operator.results {
                    self.emit(Instruction::Drop);
                }
            }
            2 => {
                self.emit(Instruction::Select);
                self.emit(Instruction::Drop);
            }
            3 => {
                // The types come from nowhere.
                self.emit(Instruction::LocalSet(0));
                self.emit(Instruction::Unreachable);
            }
            4 => {
                let ty = self.world.value_type(self.dice);
                self.block_of(&[ty], 1);
                self.emit(Instruction::Drop);
            }
            _ => {
                let ty = self.world.number_type(self.dice);
                let block = self.block_type(&[ty, ty], &[ty]);
                self.open(Instruction::If(block), &[ty]);
                self.emit(Instruction::Drop);
                self.otherwise();
                self.emit(Instruction::Drop);
                self.close();
                self.emit(Instruction::Drop);
            }
        }
    }

    /// Functions that can be called for results that `fits`.
    pub(crate) fn callable(&self, fits: impl Fn(&[ValType]) -> bool) -> Vec<u32> {
        let random = self.world.random_functions.clone();
        (0..self.world.imported_functions)
            .chain(random)
            .map(|function| function as u32)
            .filter(|&function| {
                let ty = self.world.functions[function as usize];
                fits(self.world.signature(ty).results())
            })
            .collect()
    }

    /// A function with arguments on the stack and ready to be called, in one of three ways.
    fn callee(&mut self, function: u32, depth: usize) -> Callee {
        let ty = self.world.functions[function as usize];
        let params = self.world.signature(ty).params().to_vec();
        self.values(&params, depth);
        match self.dice.below(5) {
            0 | 1 => {
                // The slot of the function, unless the dice want another.
                let wide = self.world.tables[0].ty.table64;
                let other = self.dice.below(self.world.functions.len()) as u32;
                let slot = if self.dice.one_in(40) { other } else { function };
                if self.dice.percent(30) {
                    let index = if wide { ValType::I64 } else { ValType::I32 };
                    self.value(index, depth);
                    self.below(index, 0);
                    self.emit(if wide {
                        Instruction::I64Const(i64::from(slot))
                    } else {
                        Instruction::I32Const(slot as i32)
                    });
                    self.emit(if wide { Instruction::I64Or } else { Instruction::I32Or });
                } else {
                    self.emit(if wide {
                        Instruction::I64Const(i64::from(slot))
                    } else {
                        Instruction::I32Const(slot as i32)
                    });
                }
                Callee::Indirect(0, ty)
            }
            2 => {
                let ty_of = concrete(ty, self.dice.one_in(20));
                if self.dice.percent(60) {
                    self.emit(Instruction::RefFunc(function));
                } else {
                    self.value(ValType::Ref(ty_of), depth);
                }
                Callee::Reference(ty)
            }
            _ => Callee::Direct(function),
        }
    }

    /// Calls a function; its results are on the stack.
    pub(crate) fn call(&mut self, function: u32, depth: usize) -> Vec<ValType> {
        let instruction = self.callee(function, depth).call();
        self.emit(instruction);
        let ty = self.world.functions[function as usize];
        self.world.signature(ty).results().to_vec()
    }

    /// Leaves the function through another one with the same results, if the dice and a condition say so.
    pub(crate) fn tail_call(&mut self, depth: usize) {
        let wanted = self.results.clone();
        let callable = self.callable(|results| results == wanted);
        if callable.is_empty() {
            return self.branch(depth);
        }
        let function = self.dice.pick(&callable);
        if self.dice.percent(50) {
            self.seldom(depth);
        } else {
            self.value(ValType::I32, depth);
        }
        self.open(Instruction::If(BlockType::Empty), &[]);
        self.mark();
        let instruction = self.callee(function, depth).tail_call();
        self.emit(instruction);
        self.dead_code();
        self.close();
    }

    /// Throws, if a condition says so.
    pub(crate) fn throw(&mut self, depth: usize) {
        if self.dice.percent(50) {
            self.seldom(depth);
        } else {
            self.value(ValType::I32, depth);
        }
        self.open(Instruction::If(BlockType::Empty), &[]);
        self.mark();
        if self.dice.percent(80) {
            let tag = self.dice.below(self.world.tags.len()) as u32;
            let types = self.world.signature(self.world.tags[tag as usize]).params().to_vec();
            self.values(&types, depth);
            self.emit(Instruction::Throw(tag));
        } else {
            self.value(ValType::Ref(RefType::EXNREF), depth);
            self.emit(Instruction::ThrowRef);
        }
        self.dead_code();
        self.close();
    }

    /// `try_table` with handlers of all kinds, around statements that may throw.
    pub(crate) fn try_table(&mut self, depth: usize) {
        let handlers = self.dice.between(1, 3);
        let results: Vec<ValType> =
            (0..self.dice.below(3)).map(|_| self.world.value_type(self.dice)).collect();
        let exn = |nullable| ValType::Ref(reference(AbstractHeapType::Exn, nullable));
        let block = self.block_type(&[], &results);
        self.open(Instruction::Block(block), &results);
        let mut catches = Vec::new();
        let mut carried = Vec::new();
        for handler in 0..handlers {
            let tag = self.dice.below(self.world.tags.len()) as u32;
            let mut types = self.world.signature(self.world.tags[tag as usize]).params().to_vec();
            // Clauses stand outside of `try_table`'s own label: label 0 is the innermost handler.
            let label = handler as u32;
            // The last clause of a table is the outermost handler.
            catches.push(match self.dice.below(if handler + 1 == handlers { 4 } else { 2 }) {
                0 => Catch::One { tag, label },
                1 => {
                    types.push(exn(self.dice.percent(30)));
                    Catch::OneRef { tag, label }
                }
                2 => {
                    types.clear();
                    Catch::All { label }
                }
                _ => {
                    types = vec![exn(self.dice.percent(30))];
                    Catch::AllRef { label }
                }
            });
            carried.push(types);
        }
        for types in carried.iter().rev() {
            let block = self.block_type(&[], types);
            self.open(Instruction::Block(block), types);
        }
        let block = self.block_type(&[], &results);
        self.open(Instruction::TryTable(block, Cow::Owned(catches)), &results);
        self.mark();
        for _ in 0..self.dice.between(1, 3) {
            if self.dice.percent(50) { self.throw(depth) } else { self.statement(depth) }
        }
        self.values(&results, depth);
        self.close();
        self.emit(Instruction::Br(handlers as u32));
        for (handler, types) in carried.iter().enumerate() {
            self.dead_code();
            self.close();
            self.handle(types, depth);
            self.values(&results, depth);
            if handler + 1 < handlers {
                self.emit(Instruction::Br((handlers - 1 - handler) as u32));
            }
        }
        self.close();
        self.consume(&results);
    }

    /// What a handler does with what it caught: it may be thrown again.
    fn handle(&mut self, types: &[ValType], depth: usize) {
        if let Some((ValType::Ref(last), others)) = types.split_last()
            && last.heap_type == RefType::EXNREF.heap_type
            && self.dice.percent(40)
        {
            let local = self.new_local(ValType::Ref(*last));
            self.set_local(local);
            self.consume(others);
            if self.dice.percent(60) {
                self.seldom(depth);
            } else {
                self.value(ValType::I32, depth);
            }
            self.open(Instruction::If(BlockType::Empty), &[]);
            self.mark();
            self.emit(Instruction::LocalGet(local));
            self.emit(Instruction::ThrowRef);
            self.dead_code();
            return self.close();
        }
        self.consume(types);
    }
}
