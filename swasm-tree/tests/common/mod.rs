//! Random well-typed bodies, for laws that hold for all of them.

use ValType::{F32, F64, I32, I64, V128};
use swasm_tree::{
    BlockType, Body, ConstExpr, FuncId, FuncType, Global, GlobalId, GlobalKind, LocalId, MemArg,
    Memory, MemoryId, Module, NodeId, Op, Shape, TableId, TypeId, ValType,
};

/// xorshift64*: the same numbers on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn bits(&mut self) -> u64 {
        (self.below(1 << 30) as u64) << 40
            ^ (self.below(1 << 30) as u64) << 20
            ^ self.below(1 << 30) as u64
    }
}

pub(crate) struct World {
    pub(crate) module: Module,
    pub(crate) func: FuncId,
    callees: Vec<FuncId>,
    two: FuncId,
    ty: TypeId,
}

const NUMBERS: [ValType; 5] = [I32, I64, F32, F64, V128];

/// A module with things to name, and a function to be defined.
pub(crate) fn world() -> World {
    let mut module = Module::new();
    module.add_memory(Memory { min_pages: 1, ..Memory::default() });
    module.add_memory(Memory { min_pages: 1, ..Memory::default() });
    for ty in NUMBERS {
        let value = match ty {
            I32 => ConstExpr::I32(1),
            I64 => ConstExpr::I64(1),
            F32 => ConstExpr::F32(1),
            F64 => ConstExpr::F64(1),
            V128 | ValType::Ref(_) => ConstExpr::V128([1; 16]),
        };
        let name = Some("g".into());
        module.add_global(Global {
            ty,
            mutable: true,
            shared: false,
            name,
            kind: GlobalKind::Defined(value),
        });
    }
    let two = module.import_func("m", "two", FuncType::new(&[], &[I32, I32]));
    let callees = vec![
        module.import_func("m", "no name", FuncType::new(&[I32, F64], &[])),
        module.import_func("m", "i", FuncType::new(&[I64], &[I32])),
        module.import_func("m", "i", FuncType::new(&[], &[F32])),
    ];
    let func = module.declare_func(FuncType::new(&[I32, I64, F32, F64], &[I32]), Some("f"));
    let ty = module.types.func(FuncType::new(&[I32, I64], &[I32]));
    World { module, func, callees, two, ty }
}

pub(crate) struct Generator<'a> {
    pub(crate) world: &'a World,
    pub(crate) body: Body,
    pub(crate) random: Random,
    /// Open blocks and what branches to them carry.
    labels: Vec<(NodeId, Vec<ValType>)>,
    rows: Vec<Op>,
}

impl<'a> Generator<'a> {
    pub(crate) fn new(world: &'a World, seed: u64) -> Generator<'a> {
        let mut body = Body::new(&[I32, I64, F32, F64], &[I32]);
        for ty in [I32, I32, V128, F64, I64, F32, I32] {
            body.add_local(ty);
        }
        body.name_local(LocalId(0), "count");
        body.name_local(LocalId(5), "count");
        let rows = Op::all()
            .filter(|op| op.shape() == Shape::Plain && !op.row().results.is_empty())
            .filter(|op| !op.row().params.iter().any(|ty| matches!(ty, ValType::Ref(_))))
            .collect();
        let random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        Generator { world, body, random, labels: Vec::new(), rows }
    }

    pub(crate) fn function(mut self, depth: usize) -> Body {
        let mut items: Vec<NodeId> =
            (0..self.random.below(4)).map(|_| self.statement(depth)).collect();
        items.push(self.value(I32, depth));
        let root = self.body.seq(&items);
        self.body.set_root(root);
        self.body
    }

    fn local_of(&mut self, ty: ValType) -> LocalId {
        let all: Vec<LocalId> = (0..self.body.local_count() as u32)
            .map(LocalId)
            .filter(|l| self.body.local_type(*l) == ty)
            .collect();
        self.random.pick(&all)
    }

    fn leaf(&mut self, ty: ValType) -> NodeId {
        if self.random.below(2) == 0 {
            let local = self.local_of(ty);
            return self.body.local_get(local);
        }
        let bits = self.random.bits() >> (self.random.below(8) * 8);
        match ty {
            I32 => self.body.i32_const(bits as i32),
            I64 => self.body.i64_const(bits as i64),
            F32 => self.body.f32_const(bits as u32),
            F64 => self.body.f64_const(bits),
            V128 | ValType::Ref(_) => self.body.v128_const([bits as u8; 16]),
        }
    }

    fn values(&mut self, types: &[ValType], depth: usize) -> Vec<NodeId> {
        types.iter().map(|&ty| self.value(ty, depth)).collect()
    }

    fn memarg(&mut self, op: Op) -> MemArg {
        let width = op.width_log2().map_or(0, usize::from);
        let offset = self.random.pick(&[0, 1, 8, 4096, 0x0800_0000, 0xffff_ffff]);
        MemArg {
            align_log2: self.random.below(width + 1) as u8,
            offset,
            memory: MemoryId(self.random.below(8).saturating_sub(6) as u32),
        }
    }

    fn access(&mut self, results: &[ValType]) -> Option<Op> {
        let fits = |op: &Op| matches!(op.shape(), Shape::Mem(_)) && op.row().results == results;
        let all: Vec<Op> = Op::all().filter(fits).collect();
        (!all.is_empty()).then(|| self.random.pick(&all))
    }

    pub(crate) fn value(&mut self, ty: ValType, depth: usize) -> NodeId {
        if depth == 0 {
            return self.leaf(ty);
        }
        let depth = depth - 1;
        match self.random.below(20) {
            0..=5 => {
                let fits: Vec<Op> =
                    self.rows.iter().copied().filter(|op| op.row().results == [ty]).collect();
                if fits.is_empty() {
                    return self.leaf(ty);
                }
                let op = self.random.pick(&fits);
                let operands = self.values(op.row().params, depth);
                self.body.plain(op, &operands)
            }
            6 => match self.access(&[ty]) {
                Some(op) => {
                    let memarg = self.memarg(op);
                    let address = self.value(I32, depth);
                    self.body.load(op, memarg, address)
                }
                None => self.leaf(ty),
            },
            7 => {
                let local = self.local_of(ty);
                let value = self.value(ty, depth);
                self.body.local_tee(local, value)
            }
            8 => {
                let statement = self.statement(depth);
                let value = self.value(ty, depth);
                self.body.seq(&[statement, value])
            }
            9 => {
                let value = self.value(ty, depth);
                let statement = self.statement(depth);
                self.body.seq(&[value, statement])
            }
            10 => {
                let block = self.body.block(BlockType::of(&[ty]));
                self.labels.push((block, vec![ty]));
                let body = self.value(ty, depth);
                self.labels.pop();
                self.body.set_body(block, body);
                block
            }
            11 => {
                let block = self.body.loop_(BlockType::of(&[ty]));
                self.labels.push((block, vec![]));
                let body = self.value(ty, depth);
                self.labels.pop();
                self.body.set_body(block, body);
                block
            }
            12 => {
                let condition = self.value(I32, depth);
                let block = self.body.if_open(BlockType::of(&[ty]), condition);
                self.labels.push((block, vec![ty]));
                let then = self.value(ty, depth);
                let else_ = self.value(ty, depth);
                self.labels.pop();
                self.body.set_then(block, then);
                self.body.set_else(block, else_);
                block
            }
            13 => {
                let operands = self.values(&[ty, ty, I32], depth);
                self.body.select(operands[0], operands[1], operands[2])
            }
            14 => self.diverging(depth),
            15 => {
                let fits = self.labels.iter().filter(|(_, types)| types == &[ty]);
                let fits: Vec<NodeId> = fits.map(|(label, _)| *label).collect();
                let value = self.value(ty, depth);
                if fits.is_empty() {
                    return value;
                }
                let condition = self.value(I32, depth);
                let target = self.random.pick(&fits);
                self.body.br_if(target, &[value], condition)
            }
            16 if ty == I32 => {
                let two = self.body.call(self.world.two, &[]);
                if self.random.below(2) == 0 {
                    return self.body.plain(Op::I32_SUB, &[two]);
                }
                let operands = [self.body.stack(), self.body.stack()];
                let sum = self.body.plain(Op::I32_ADD, &operands);
                self.body.seq(&[two, sum])
            }
            17 if ty == I32 => {
                let mut arguments = self.values(&[I32, I64], depth);
                let slot = self.value(I32, depth);
                if self.random.below(4) == 0 {
                    return self.loop_with_parameters(&arguments, slot, depth);
                }
                if self.random.below(2) == 0 {
                    let block = BlockType { params: &[I32, I64], results: &[I32] };
                    let block = self.body.block_with(block, &arguments);
                    arguments = vec![self.body.stack(), self.body.stack()];
                    let call = self.body.call_indirect(
                        self.world.ty,
                        TableId::FUNCTIONS,
                        &arguments,
                        slot,
                    );
                    self.body.set_body(block, call);
                    return block;
                }
                self.body.call_indirect(self.world.ty, TableId::FUNCTIONS, &arguments, slot)
            }
            18 => {
                let global = NUMBERS.iter().position(|number| *number == ty).unwrap_or(0);
                self.body.global_get(GlobalId(global as u32))
            }
            19 if ty == I32 => {
                let pages = self.value(I32, depth);
                self.body.memory_grow(MemoryId(0), pages)
            }
            _ => self.leaf(ty),
        }
    }

    /// A loop that takes two values, and branches to it of all kinds.
    fn loop_with_parameters(&mut self, arguments: &[NodeId], slot: NodeId, depth: usize) -> NodeId {
        let types = [I32, I64];
        let block = self.body.loop_with(BlockType { params: &types, results: &[I32] }, arguments);
        self.labels.push((block, types.to_vec()));
        // Leaves: after something that diverges, there would be nothing to take.
        let again = self.values(&types, 0);
        let condition = self.value(I32, 0);
        let maybe = self.body.br_if(block, &again, condition);
        let kept = [self.local_of(I32), self.local_of(I64)];
        let set = self.body.set_many(&kept, maybe);
        let arguments = [self.body.stack(), self.body.stack()];
        let call = self.body.call_indirect(self.world.ty, TableId::FUNCTIONS, &arguments, slot);
        let last = if self.random.below(3) == 0 { self.diverging(depth) } else { self.body.nop() };
        self.labels.pop();
        let body = self.body.seq(&[set, call, last]);
        self.body.set_body(block, body);
        block
    }

    /// A node after which nothing is reached.
    fn diverging(&mut self, depth: usize) -> NodeId {
        match self.random.below(4) {
            0 => self.body.unreachable(),
            1 => {
                let value = self.value(I32, depth);
                self.body.return_(&[value])
            }
            2 if !self.labels.is_empty() => {
                let at = self.random.below(self.labels.len());
                let (target, types) = self.labels[at].clone();
                let values = self.values(&types, depth);
                self.body.br(target, &values)
            }
            3 if !self.labels.is_empty() => {
                let at = self.random.below(self.labels.len());
                let (default, types) = self.labels[at].clone();
                let fits = self.labels.iter().filter(|(_, other)| *other == types);
                let targets: Vec<NodeId> = fits.map(|(label, _)| *label).collect();
                let values = self.values(&types, depth);
                let index = self.value(I32, depth);
                self.body.br_table(&targets, default, &values, index)
            }
            _ => {
                let values = self.values(&[I32, I64], depth);
                let slot = self.value(I32, depth);
                self.body.return_call_indirect(self.world.ty, TableId::FUNCTIONS, &values, slot)
            }
        }
    }

    pub(crate) fn statement(&mut self, depth: usize) -> NodeId {
        if depth == 0 {
            return self.body.nop();
        }
        let depth = depth - 1;
        let ty = self.random.pick(&NUMBERS);
        match self.random.below(11) {
            0..=1 => {
                let local = self.local_of(ty);
                let value = self.value(ty, depth);
                self.body.local_set(local, value)
            }
            2 => {
                let value = self.value(ty, depth);
                self.body.drop(value)
            }
            3 => match self.access(&[]) {
                Some(op) => {
                    let memarg = self.memarg(op);
                    let operands = self.values(op.row().params, depth);
                    self.body.store(op, memarg, operands[0], operands[1])
                }
                None => self.body.nop(),
            },
            4 => {
                let block = self.body.block(BlockType::EMPTY);
                self.labels.push((block, vec![]));
                let items: Vec<NodeId> =
                    (0..self.random.below(4)).map(|_| self.statement(depth)).collect();
                self.labels.pop();
                let body = self.body.seq(&items);
                self.body.set_body(block, body);
                block
            }
            5 => {
                let block = self.body.loop_(BlockType::EMPTY);
                self.labels.push((block, vec![]));
                let first = self.statement(depth);
                let condition = self.value(I32, depth);
                self.labels.pop();
                let again = self.body.br_if(block, &[], condition);
                let body = self.body.seq(&[first, again]);
                self.body.set_body(block, body);
                block
            }
            6 => {
                let condition = self.value(I32, depth);
                let then = self.statement(depth);
                let else_ = (self.random.below(2) == 0).then(|| self.statement(depth));
                self.body.if_(BlockType::EMPTY, condition, then, else_)
            }
            7 => {
                let two = self.body.call(self.world.two, &[]);
                let locals = [self.local_of(I32), self.local_of(I32)];
                self.body.set_many(&locals, two)
            }
            8 => {
                let arguments = self.values(&[I32, F64], depth);
                self.body.call(self.world.callees[0], &arguments)
            }
            9 => {
                let operands = self.values(&[I32, I32, I32], depth);
                let [a, b, c] = [operands[0], operands[1], operands[2]];
                if self.random.below(2) == 0 {
                    self.body.memory_copy(MemoryId(1), MemoryId(0), a, b, c)
                } else {
                    self.body.memory_fill(MemoryId(0), a, b, c)
                }
            }
            _ => {
                let global = self.random.below(NUMBERS.len());
                let value = self.value(NUMBERS[global], depth);
                self.body.global_set(GlobalId(global as u32), value)
            }
        }
    }
}
