//! One random function: its instructions, the types on the stack, the locals that are set, the labels in scope.
//!
//! Invariant: what a method emits takes nothing from the stack but what its name says, and leaves the types that its caller asked for. Every
//! function ends: entering one and going round a loop take fuel, and a loop's counter goes down.

use wasm_encoder::{BlockType, Function, Instruction, MemArg, RefType, ValType};

use crate::dice::Dice;
use crate::operators::{Operator, operators};
use crate::world::World;

/// Where the marks lie in the first memory: behind all that code accesses on purpose.
pub(crate) const MARKS: u64 = 0xc000;
/// How many marks there is room for.
const ROOM_FOR_MARKS: u32 = 0x3000;
/// How deep a digest follows references.
pub(crate) const DIGEST_DEPTH: i32 = 3;
/// Locals beyond which a value goes to one that is there.
const MANY_LOCALS: usize = 48;

/// A label that a branch can name.
#[derive(Clone)]
pub(crate) struct Label {
    /// What a branch takes along.
    pub(crate) types: Vec<ValType>,
    /// Of a loop: the local that says how often it may go round.
    pub(crate) counter: Option<u32>,
    /// Which locals are set when it is left.
    set: Vec<bool>,
}

/// A function in the making.
pub(crate) struct Body<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) dice: &'a mut Dice,
    pub(crate) code: Vec<Instruction<'static>>,
    /// Parameters and locals.
    pub(crate) locals: Vec<ValType>,
    params: usize,
    pub(crate) results: Vec<ValType>,
    /// Whether a local has a value on every way here.
    set: Vec<bool>,
    pub(crate) labels: Vec<Label>,
    /// Instructions after which only the simplest is emitted.
    pub(crate) budget: usize,
}

impl<'a> Body<'a> {
    /// An empty body of a function of type `ty`.
    pub(crate) fn new(world: &'a mut World, dice: &'a mut Dice, ty: u32, budget: usize) -> Self {
        let signature = world.signature(ty);
        let (locals, results) = (signature.params().to_vec(), signature.results().to_vec());
        let set = vec![true; locals.len()];
        let outermost = Label { types: results.clone(), counter: None, set: set.clone() };
        Self {
            params: locals.len(),
            world,
            dice,
            code: Vec::new(),
            locals,
            results,
            set,
            labels: vec![outermost],
            budget,
        }
    }

    /// The whole of a random function, in which each of `wanted` is somewhere.
    pub(crate) fn random(mut self, wanted: &[&'static Operator]) -> Function {
        for _ in 0..self.dice.between(1, 5) {
            let ty = self.world.value_type(self.dice);
            self.new_local(ty);
        }
        self.enter();
        self.mark();
        for local in 0..self.locals.len() as u32 {
            // Zeros hide mistakes.
            if local as usize >= self.params && self.dice.percent(80) {
                self.simple(self.locals[local as usize]);
                self.set_local(local);
            }
        }
        for operator in wanted {
            self.apply(operator, 2);
            self.consume(&operator.results);
        }
        // What is particular to proposals would be rare among so many operators.
        if self.world.profile.gc {
            self.heap_statement(2);
        }
        if self.world.profile.exceptions && self.dice.percent(40) {
            self.try_table(2);
        }
        for _ in 0..self.dice.between(2, 8) {
            self.statement(3);
        }
        for local in 0..self.locals.len() as u32 {
            // Parameters that nothing wrote say little.
            if self.set[local as usize] && self.dice.percent(80) {
                self.emit(Instruction::LocalGet(local));
                self.fold(self.locals[local as usize]);
            }
        }
        let results = self.results.clone();
        self.values(&results, 3);
        self.finish()
    }

    /// Ends the function and encodes it.
    pub(crate) fn finish(mut self) -> Function {
        assert_eq!(self.labels.len(), 1, "every block was closed by who opened it");
        self.emit(Instruction::End);
        let mut runs: Vec<(u32, ValType)> = Vec::new();
        for &ty in &self.locals[self.params..] {
            match runs.last_mut() {
                Some((count, same)) if *same == ty => *count += 1,
                _ => runs.push((1, ty)),
            }
        }
        let mut function = Function::new(runs);
        for instruction in &self.code {
            function.instruction(instruction);
        }
        function
    }

    /// Emits one instruction.
    pub(crate) fn emit(&mut self, instruction: Instruction<'static>) {
        self.budget = self.budget.saturating_sub(1);
        self.code.push(instruction);
    }

    /// Whether something larger than a leaf may be emitted.
    pub(crate) fn may_grow(&self, depth: usize) -> bool {
        depth > 0 && self.budget > 0
    }

    /// Takes fuel, and returns with the simplest results if there was none.
    fn enter(&mut self) {
        self.take_fuel();
        self.emit(Instruction::I32Const(0));
        self.emit(Instruction::I32LtS);
        self.emit(Instruction::If(BlockType::Empty));
        let results = self.results.clone();
        for ty in results {
            self.simple(ty);
        }
        self.emit(Instruction::Return);
        self.emit(Instruction::End);
    }

    /// Leaves an `i32`: the fuel that is left, one less than before.
    pub(crate) fn take_fuel(&mut self) {
        let fuel = self.world.fuel;
        self.emit(Instruction::GlobalGet(fuel));
        self.emit(Instruction::I32Const(1));
        self.emit(Instruction::I32Sub);
        self.emit(Instruction::GlobalSet(fuel));
        self.emit(Instruction::GlobalGet(fuel));
    }

    /// Leaves an `i32` that says whether a loop may go round once more.
    pub(crate) fn once_more(&mut self, counter: u32) {
        self.emit(Instruction::LocalGet(counter));
        self.emit(Instruction::I32Const(1));
        self.emit(Instruction::I32Sub);
        self.emit(Instruction::LocalTee(counter));
        self.emit(Instruction::I32Const(0));
        self.emit(Instruction::I32GtS);
        self.take_fuel();
        self.emit(Instruction::I32Const(0));
        self.emit(Instruction::I32GtS);
        self.emit(Instruction::I32And);
    }

    /// Writes down in memory that this place was reached.
    pub(crate) fn mark(&mut self) {
        let number = self.world.marks % ROOM_FOR_MARKS;
        self.world.marks += 1;
        let address = if self.world.memories[0].ty.memory64 {
            Instruction::I64Const(0)
        } else {
            Instruction::I32Const(0)
        };
        self.emit(address);
        self.emit(Instruction::I32Const(1));
        self.emit(Instruction::I32Store8(MemArg {
            offset: MARKS + u64::from(number),
            align: 0,
            memory_index: 0,
        }));
    }

    /// The type of a block.
    pub(crate) fn block_type(&mut self, params: &[ValType], results: &[ValType]) -> BlockType {
        match (params, results) {
            ([], []) => BlockType::Empty,
            ([], [result]) if self.dice.percent(90) => BlockType::Result(*result),
            _ => BlockType::FunctionType(self.world.function_type(params, results)),
        }
    }

    /// Emits the instruction that opens a block; a branch to it takes `types` along.
    pub(crate) fn open(&mut self, instruction: Instruction<'static>, types: &[ValType]) {
        self.emit(instruction);
        self.labels.push(Label { types: types.to_vec(), counter: None, set: self.set.clone() });
    }

    /// Between the arms of an `if`.
    pub(crate) fn otherwise(&mut self) {
        self.emit(Instruction::Else);
        self.set = self.labels.last().expect("an if is open").set.clone();
        self.set.resize(self.locals.len(), false);
        self.default_locals();
        self.mark();
    }

    /// Emits the end of the innermost block. What was set inside is not set behind.
    pub(crate) fn close(&mut self) {
        self.emit(Instruction::End);
        self.set = self.labels.pop().expect("a block is open").set;
        self.set.resize(self.locals.len(), false);
        self.default_locals();
        self.mark();
    }

    fn default_locals(&mut self) {
        for (index, ty) in self.locals.iter().enumerate() {
            self.set[index] |= defaultable(*ty) || index < self.params;
        }
    }

    /// A branch depth.
    pub(crate) fn depth_of(&self, label: usize) -> u32 {
        (self.labels.len() - 1 - label) as u32
    }

    /// A new local. It has a value if its type has a default one.
    pub(crate) fn new_local(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        self.set.push(defaultable(ty));
        (self.locals.len() - 1) as u32
    }

    /// A local that holds values of `ty`: one that is there, or a new one.
    pub(crate) fn local_for(&mut self, ty: ValType) -> u32 {
        let there: Vec<u32> = (0..self.locals.len() as u32)
            .filter(|&local| {
                self.world.matches(ty, self.locals[local as usize]) && !self.counts(local)
            })
            .collect();
        let fresh = there.is_empty() || self.locals.len() < MANY_LOCALS && self.dice.percent(30);
        if fresh { self.new_local(ty) } else { self.dice.pick(&there) }
    }

    /// Emits a `local.set` or `local.tee`.
    pub(crate) fn set_local(&mut self, local: u32) {
        self.set[local as usize] = true;
        self.emit(Instruction::LocalSet(local));
    }

    /// Says that a local has a value from here on.
    pub(crate) fn is_set(&mut self, local: u32) {
        self.set[local as usize] = true;
    }

    /// Locals with a value that is one of `ty`.
    pub(crate) fn locals_of(&self, ty: ValType) -> Vec<u32> {
        (0..self.locals.len() as u32)
            .filter(|&local| {
                self.set[local as usize] && self.world.matches(self.locals[local as usize], ty)
            })
            .collect()
    }

    /// Whether a local counts the rounds of a loop around this place.
    fn counts(&self, local: u32) -> bool {
        self.labels.iter().any(|label| label.counter == Some(local))
    }

    /// Takes a value of `ty` from the stack and folds it into the global hash.
    pub(crate) fn fold(&mut self, ty: ValType) {
        self.number_of(ty);
        let hash = self.world.hash;
        self.emit(Instruction::GlobalGet(hash));
        self.emit(Instruction::I64Const(7));
        self.emit(Instruction::I64Rotl);
        self.emit(Instruction::I64Xor);
        self.emit(Instruction::GlobalSet(hash));
    }

    /// A value of any type ⇒ an `i64` that tells as much about it as can be told.
    pub(crate) fn number_of(&mut self, ty: ValType) {
        match ty {
            ValType::I64 => (),
            ValType::I32 => self.emit(Instruction::I64ExtendI32U),
            ValType::F32 => {
                self.emit(Instruction::I32ReinterpretF32);
                self.emit(Instruction::I64ExtendI32U);
            }
            ValType::F64 => self.emit(Instruction::I64ReinterpretF64),
            ValType::V128 => {
                let local = self.local_for(ValType::V128);
                self.is_set(local);
                self.emit(Instruction::LocalTee(local));
                self.emit(Instruction::I64x2ExtractLane(0));
                self.emit(Instruction::LocalGet(local));
                self.emit(Instruction::I64x2ExtractLane(1));
                self.emit(Instruction::I64Const(3));
                self.emit(Instruction::I64Rotl);
                self.emit(Instruction::I64Xor);
            }
            ValType::Ref(ty) => self.number_of_reference(ty),
        }
    }

    fn number_of_reference(&mut self, ty: RefType) {
        use wasm_encoder::AbstractHeapType as H;
        let digest = self.world.digest.filter(|_| self.world.profile.gc);
        match (self.world.top(ty.heap_type), digest) {
            (top @ (H::Any | H::Extern), Some(digest)) => {
                if top == H::Extern {
                    self.emit(Instruction::AnyConvertExtern);
                }
                self.emit(Instruction::I32Const(DIGEST_DEPTH));
                self.emit(Instruction::Call(digest));
            }
            _ => {
                self.emit(Instruction::RefIsNull);
                self.emit(Instruction::I64ExtendI32U);
            }
        }
    }

    /// The operators that the profile of the module allows and `keep` keeps.
    pub(crate) fn choose(&mut self, keep: impl Fn(&Operator) -> bool) -> Option<&'static Operator> {
        let profile = self.world.profile;
        let list: Vec<&'static Operator> = operators()
            .iter()
            .filter(|operator| profile.allows(operator.proposal) && keep(operator))
            .collect();
        if list.is_empty() { None } else { Some(self.dice.pick(&list)) }
    }
}

/// Whether a local of this type has a value before it is set.
pub(crate) fn defaultable(ty: ValType) -> bool {
    match ty {
        ValType::Ref(ty) => ty.nullable,
        _ => true,
    }
}
