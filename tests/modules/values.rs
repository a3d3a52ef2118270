//! A list of types ⇒ instructions that leave values of them: leaves, operators, blocks, calls.

use wasm_encoder::{BlockType, Ieee32, Ieee64, Instruction, ValType};

use crate::body::Body;
use crate::operators::{Make, Operator};

impl Body<'_> {
    /// Leaves values of `types`, from the first on. Sometimes something happens between two of them, and sometimes one construct leaves several.
    pub(crate) fn values(&mut self, types: &[ValType], depth: usize) {
        let mut rest = types;
        while let Some((&first, behind)) = rest.split_first() {
            if self.may_grow(depth) && self.dice.percent(6) {
                self.statement(depth - 1);
            }
            if rest.len() > 1 && self.may_grow(depth) && self.dice.percent(15) {
                let count = self.dice.between(2, rest.len());
                let (several, behind) = rest.split_at(count);
                self.several(several, depth - 1);
                rest = behind;
                continue;
            }
            self.value(first, depth);
            rest = behind;
        }
    }

    /// Leaves several values by one construct.
    fn several(&mut self, types: &[ValType], depth: usize) {
        let callable = self.callable(|results| results == types);
        if !callable.is_empty() && self.dice.percent(60) {
            let function = self.dice.pick(&callable);
            self.call(function, depth);
        } else if self.dice.percent(50) {
            self.block_of(types, depth);
        } else {
            self.if_of(types, depth);
        }
    }

    /// Leaves a value of `ty`, or of a subtype.
    pub(crate) fn value(&mut self, ty: ValType, depth: usize) {
        if !self.may_grow(depth) {
            return self.leaf(ty);
        }
        match (self.dice.below(100), ty) {
            (0..6, _) => self.leaf(ty),
            (6..10, _) => {
                self.value(ty, depth - 1);
                let local = self.local_for(ty);
                self.is_set(local);
                self.emit(Instruction::LocalTee(local));
                // The local's type may be a supertype: what was asked for is there no more.
                if !self.world.matches(self.locals[local as usize], ty) {
                    self.emit(Instruction::Drop);
                    self.leaf(ty);
                }
            }
            (10..14, _) => self.select(ty, depth - 1),
            (14..19, _) => self.block_of(&[ty], depth - 1),
            (19..24, _) => self.if_of(&[ty], depth - 1),
            (24..27, _) => self.loop_of(&[ty], depth - 1),
            (27..30, _) => self.switch(&[ty], depth - 1),
            (30..33, _) => self.block_with_parameters(ty, depth - 1),
            (33..37, _) => self.value_kept_by_branch(ty, depth - 1),
            (37..44, _) => {
                let callable = self.callable(|results| results.contains(&ty));
                if callable.is_empty() {
                    return self.own_value(ty, depth);
                }
                let function = self.dice.pick(&callable);
                let results = self.call(function, depth - 1);
                self.keep_one(&results, ty);
            }
            (44..48, _) => {
                self.value(ty, depth - 1);
                self.statement(depth - 1);
            }
            (48..54, ValType::I32 | ValType::I64) => self.measure(ty, depth - 1),
            (54..66, ValType::I32) => self.question(depth - 1),
            (54..66, ValType::I64) if self.world.profile.gc => {
                let ty = ValType::Ref(self.world.reference_type(self.dice));
                self.value(ty, depth - 1);
                self.number_of(ty);
            }
            (66..72, _) if self.world.profile.gc => self.read_heap(ty, depth - 1),
            _ => self.own_value(ty, depth),
        }
    }

    /// What is particular to the kind of type.
    fn own_value(&mut self, ty: ValType, depth: usize) {
        match ty {
            ValType::Ref(ty) => self.reference(ty, depth - 1),
            _ if self.dice.percent(25) => self.load(ty, depth - 1),
            _ => self.operation(ty, depth - 1),
        }
    }

    /// A local, a global or a constant.
    pub(crate) fn leaf(&mut self, ty: ValType) {
        let locals = self.locals_of(ty);
        if !locals.is_empty() && self.dice.percent(60) {
            let local = self.dice.pick(&locals);
            return self.emit(Instruction::LocalGet(local));
        }
        let globals: Vec<u32> = (0..self.world.globals.len() as u32)
            .filter(|&global| {
                global != self.world.fuel
                    && self.world.matches(self.world.globals[global as usize].ty, ty)
            })
            .collect();
        if !globals.is_empty() && self.dice.percent(40) {
            let global = self.dice.pick(&globals);
            return self.emit(Instruction::GlobalGet(global));
        }
        self.simple(ty);
    }

    /// The simplest value: a constant, `null`, or what is made of those.
    pub(crate) fn simple(&mut self, ty: ValType) {
        match ty {
            ValType::I32 => {
                let value = self.small_or_any() as i32;
                self.emit(Instruction::I32Const(value));
            }
            ValType::I64 => {
                let value = self.small_or_any() as i64;
                self.emit(Instruction::I64Const(value));
            }
            ValType::F32 => {
                let bits = self.f32_bits();
                self.emit(Instruction::F32Const(Ieee32::new(bits)));
            }
            ValType::F64 => {
                let bits = self.f64_bits();
                self.emit(Instruction::F64Const(Ieee64::new(bits)));
            }
            ValType::V128 => {
                let (low, high) = (self.small_or_any(), self.small_or_any());
                let value = (u128::from(high) << 64 | u128::from(low)) as i128;
                self.emit(Instruction::V128Const(value));
            }
            ValType::Ref(ty) => self.simple_reference(ty),
        }
    }

    /// Bits of an integer: small, at an edge, or any.
    fn small_or_any(&mut self) -> u64 {
        match self.dice.below(10) {
            0..5 => self.dice.below(17) as u64,
            5 => (self.dice.below(100) as u64).wrapping_neg(),
            6 => self.dice.pick(&[
                0x7fff_ffff,
                0x8000_0000,
                0xffff_ffff,
                0x7fff_ffff_ffff_ffff,
                0x8000_0000_0000_0000,
                0x1_0000_0000,
                0x8080_8080_8080_8080,
                0xff,
                0x7f,
                0x80,
                0xffff,
                0x8000,
            ]),
            7 => 1 << self.dice.below(64),
            _ => self.dice.bits(),
        }
    }

    fn f32_bits(&mut self) -> u32 {
        match self.dice.below(10) {
            0..6 => ((self.dice.below(2001) as f32 - 1000.0) / 8.0).to_bits(),
            6 => self.dice.pick(&[
                0,
                0x8000_0000,
                1,
                0x7f80_0000,
                0xff80_0000,
                0x7fc0_0000,
                0x4f00_0000,
            ]),
            7 => self.dice.pick(&[0xffc0_0000, 0x7fa0_0001, 0x0080_0000, 0x5f00_0000]),
            _ => self.dice.bits() as u32,
        }
    }

    fn f64_bits(&mut self) -> u64 {
        match self.dice.below(10) {
            0..6 => ((self.dice.below(20001) as f64 - 10000.0) / 8.0).to_bits(),
            6 => self.dice.pick(&[0, 1 << 63, 1, 0x7ff0 << 48, 0xfff0 << 48, 0x7ff8 << 48]),
            7 => self.dice.pick(&[0xfff8 << 48, 0x7ff4_0000_0000_0001, 0x41e0 << 48, 0x43e0 << 48]),
            _ => self.dice.bits(),
        }
    }

    /// An operator without a memory that has `ty` among its results.
    pub(crate) fn operation(&mut self, ty: ValType, depth: usize) {
        let operator = self
            .choose(|operator| !operator.accesses_memory() && operator.results.contains(&ty))
            .expect("each type has operators that give it");
        self.apply(operator, depth);
        let results = operator.results.clone();
        self.keep_one(&results, ty);
    }

    /// The operands of an operator, and the operator.
    pub(crate) fn apply(&mut self, operator: &'static Operator, depth: usize) {
        if operator.accesses_memory() {
            return self.access(operator, depth);
        }
        for (place, &ty) in operator.params.iter().enumerate() {
            if place > 0 && self.may_grow(depth) && self.dice.percent(4) {
                self.statement(depth - 1);
            }
            self.guarded_operand(operator, place, ty, depth);
        }
        self.emit_plain(operator);
    }

    /// The operator itself, with random lanes.
    pub(crate) fn emit_plain(&mut self, operator: &Operator) {
        let instruction = match operator.make {
            Make::Plain(make) => make(),
            Make::Lane(make) => make(self.dice.below(usize::from(operator.lanes)) as u8),
            Make::Shuffle => {
                Instruction::I8x16Shuffle(std::array::from_fn(|_| self.dice.below(32) as u8))
            }
            Make::Memory(_) | Make::MemoryLane(_) | Make::Special => {
                panic!("{} is emitted where its immediates are known", operator.name)
            }
        };
        self.emit(instruction);
    }

    /// An operand with which the operator seldom traps.
    fn guarded_operand(&mut self, operator: &Operator, place: usize, ty: ValType, depth: usize) {
        let name = operator.name;
        let divides = ["DivS", "DivU", "RemS", "RemU"].iter().any(|end| name.ends_with(end));
        let truncates = name.contains("Trunc")
            && !name.contains("Sat")
            && matches!(operator.results[0], ValType::I32 | ValType::I64);
        let careful = self.dice.percent(97);
        match ty {
            _ if !careful => self.value(ty, depth),
            ValType::I32 if divides && place == 1 => {
                self.value(ty, depth);
                self.emit(Instruction::I32Const(0x7fff));
                self.emit(Instruction::I32And);
                self.emit(Instruction::I32Const(1));
                self.emit(Instruction::I32Or);
            }
            ValType::I64 if divides && place == 1 => {
                self.value(ty, depth);
                self.emit(Instruction::I64Const(0xff_ffff));
                self.emit(Instruction::I64And);
                self.emit(Instruction::I64Const(1));
                self.emit(Instruction::I64Or);
            }
            ValType::F32 if truncates => {
                self.value(ValType::I32, depth);
                self.emit(Instruction::I32Const(0x7f_ffff));
                self.emit(Instruction::I32And);
                self.emit(Instruction::F32ConvertI32S);
            }
            ValType::F64 if truncates => {
                self.value(ValType::I32, depth);
                self.emit(Instruction::F64ConvertI32U);
                self.emit(Instruction::F64Const(Ieee64::from(0.493)));
                self.emit(Instruction::F64Mul);
            }
            _ => self.value(ty, depth),
        }
    }

    fn select(&mut self, ty: ValType, depth: usize) {
        self.values(&[ty, ty, ValType::I32], depth);
        let typed = matches!(ty, ValType::Ref(_)) || self.dice.percent(30);
        self.emit(if typed { Instruction::TypedSelect(ty) } else { Instruction::Select });
    }

    /// Of the values of `types` on the stack, leaves one of type `ty`; the others go elsewhere.
    pub(crate) fn keep_one(&mut self, types: &[ValType], ty: ValType) {
        let at =
            types.iter().position(|&there| there == ty).expect("the caller chose by this type");
        self.consume(&types[at + 1..]);
        if at > 0 {
            let local = self.new_local(ty);
            self.set_local(local);
            self.consume(&types[..at]);
            self.emit(Instruction::LocalGet(local));
        }
    }

    /// Takes the values of `types` from the stack. Some go right into an operator, most into locals, globals and the hash.
    pub(crate) fn consume(&mut self, types: &[ValType]) {
        let mut types = types.to_vec();
        while let Some(&last) = types.last() {
            if types.len() > 1 && self.dice.percent(40) {
                let wanted = [types[types.len() - 2], last];
                let operator = self.choose(|operator| {
                    !operator.accesses_memory()
                        && operator.params == wanted
                        && !["Div", "Rem"].iter().any(|part| operator.name.contains(part))
                });
                if let Some(operator) = operator {
                    self.emit_plain(operator);
                    types.truncate(types.len() - 2);
                    types.extend(&operator.results);
                    continue;
                }
            }
            types.pop();
            match self.dice.below(20) {
                0..12 => {
                    let local = self.local_for(last);
                    self.set_local(local);
                }
                12..17 => self.fold(last),
                17..19 => match self.global_for(last) {
                    Some(global) => self.emit(Instruction::GlobalSet(global)),
                    None => self.fold(last),
                },
                _ => self.emit(Instruction::Drop),
            }
        }
    }

    /// A global that code may set to a value of `ty`.
    pub(crate) fn global_for(&mut self, ty: ValType) -> Option<u32> {
        let globals: Vec<u32> = (0..self.world.globals.len() as u32)
            .filter(|&index| {
                let global = &self.world.globals[index as usize];
                let special = index == self.world.fuel || index == self.world.hash;
                global.mutable && !special && self.world.matches(ty, global.ty)
            })
            .collect();
        if globals.is_empty() { None } else { Some(self.dice.pick(&globals)) }
    }

    /// An `i32` about references.
    fn question(&mut self, depth: usize) {
        let ty = self.world.reference_type(self.dice);
        let gc = self.world.profile.gc;
        match self.dice.below(6) {
            0 | 1 => {
                self.value(ValType::Ref(ty), depth);
                self.emit(Instruction::RefIsNull);
            }
            2 | 3 if gc => {
                let top = crate::world::reference(self.world.top(ty.heap_type), true);
                self.value(ValType::Ref(top), depth);
                self.emit(if ty.nullable {
                    Instruction::RefTestNullable(ty.heap_type)
                } else {
                    Instruction::RefTestNonNull(ty.heap_type)
                });
            }
            4 if gc => {
                let eq = ValType::Ref(wasm_encoder::RefType::EQREF);
                self.values(&[eq, eq], depth);
                self.emit(Instruction::RefEq);
            }
            5 if gc => {
                let (nullable, signed) = (self.dice.percent(5), self.dice.percent(50));
                let i31 = crate::world::reference(wasm_encoder::AbstractHeapType::I31, nullable);
                self.value(ValType::Ref(i31), depth);
                self.emit(if signed { Instruction::I31GetS } else { Instruction::I31GetU });
            }
            _ => self.operation(ValType::I32, depth),
        }
    }

    /// A block that takes values from the stack, uses them, and leaves one of `ty`.
    fn block_with_parameters(&mut self, ty: ValType, depth: usize) {
        let params: Vec<ValType> =
            (0..self.dice.between(1, 3)).map(|_| self.world.value_type(self.dice)).collect();
        self.values(&params, depth);
        let block = self.block_type(&params, &[ty]);
        if self.dice.percent(50) {
            self.open(Instruction::Block(block), &[ty]);
            self.mark();
            self.consume(&params);
            self.body_of(&[ty], depth);
        } else {
            self.value(ValType::I32, depth);
            self.open(Instruction::If(block), &[ty]);
            self.mark();
            self.consume(&params);
            self.body_of(&[ty], depth);
            self.otherwise();
            self.consume(&params);
            self.body_of(&[ty], depth);
        }
        self.close();
    }

    /// `(block (result ty) value condition br_if 0 …)`: the value stays if the branch is not taken.
    fn value_kept_by_branch(&mut self, ty: ValType, depth: usize) {
        self.open(Instruction::Block(BlockType::Result(ty)), &[ty]);
        self.mark();
        self.values(&[ty, ValType::I32], depth);
        self.emit(Instruction::BrIf(0));
        self.mark();
        if self.dice.percent(50) {
            self.consume(&[ty]);
            self.value(ty, depth);
        } else {
            self.statement(depth);
        }
        self.close();
    }
}
