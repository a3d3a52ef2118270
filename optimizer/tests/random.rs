//! Random functions do the same before and after every pass.
//!
//! Each is run in an interpreter of trees with several arguments; calls, writes, globals, results and traps, with their
//! positions, are compared.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::wildcard_enum_match_arm, reason = "bodies are of a part of the operators")]

mod support;

use support::{BOX, NULLABLE, REFERENCE, Random, check, interpret, text, world};
use swasm_optimizer::{Callees, InlineHint, Level, Pass, is_inlinable, optimize, passes};
use swasm_tree::{
    AbstractHeapType, BlockType, Body, Catch, DataId, FuncId, GlobalId, HeapType, Loc, LocalId,
    MemArg, MemoryId, NodeId, Op, RefType, Symbol, TagId,
    ValType::{self, F64, I32, I64},
};

/// Bodies in each test.
const BODIES: u64 = 200;
/// Nodes that one run may execute. Optimised bodies take fewer.
const FUEL: u32 = 20_000;

const LOCALS: [ValType; 13] =
    [I32, I32, I64, I32, I32, I32, I64, F64, I32, NULLABLE, REFERENCE, NULLABLE, REFERENCE];
const HEAP: HeapType = HeapType::Concrete(BOX);
const EXCEPTION: ValType = ValType::Ref(RefType::nullable(AbstractHeapType::Exn));
const PARAMS: usize = 3;

struct Generator {
    random: Random,
    body: Body,
    /// Labels around, with what they take; loops take nothing.
    labels: Vec<(NodeId, Vec<ValType>)>,
    loops: u32,
    locs: u32,
    /// The first function that is called.
    first_callee: u32,
    /// Locals without a default value that may be read.
    assigned: Vec<LocalId>,
}

impl Generator {
    fn body(seed: u64) -> Body {
        let mut random = Random(seed);
        let results: &[ValType] = match random.below(4) {
            0 => &[],
            1 => &[I32, I64],
            _ => &[I32],
        };
        let depth = 1 + (seed % BODIES * 4 / BODIES) as u32;
        Generator::with_type(random, PARAMS, results, depth, 0)
    }

    /// Bodies for the first functions of the world, which call only later ones.
    fn callees(seed: u64) -> Vec<Body> {
        let depth = 1 + (seed % BODIES * 3 / BODIES) as u32;
        let random = || Random(!seed);
        vec![
            Generator::with_type(random(), 1, &[I32], depth, 1),
            Generator::with_type(random(), 0, &[I32, I32], depth, 2),
        ]
    }

    fn with_type(
        random: Random,
        params: usize,
        results: &[ValType],
        depth: u32,
        first_callee: u32,
    ) -> Body {
        let mut body = Body::new(&LOCALS[..params], results);
        for &ty in &LOCALS[params..] {
            body.add_local(ty);
        }
        let (labels, locs) = (Vec::new(), 1000 * first_callee);
        let assigned = Vec::new();
        let mut generator =
            Generator { random, body, labels, loops: 0, locs, first_callee, assigned };
        let root = generator.sequence(results, depth);
        generator.body.set_root(root);
        generator.body
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.random.below(one_in) == 0
    }

    fn at(&mut self) {
        self.locs += 1;
        self.body.at(Loc(self.locs));
    }

    fn local(&mut self, ty: ValType) -> LocalId {
        loop {
            let local = self.random.below(LOCALS.len());
            if LOCALS[local] == ty {
                return LocalId(local as u32);
            }
        }
    }

    fn assign(&mut self, local: LocalId) {
        if LOCALS[local.index()] == REFERENCE {
            self.assigned.push(local);
        }
    }

    /// What an arm consists of: statements, then values of these types, or something that diverges.
    fn sequence(&mut self, results: &[ValType], depth: u32) -> NodeId {
        let assigned = self.assigned.len();
        let sequence = self.open_sequence(results, depth);
        self.assigned.truncate(assigned);
        sequence
    }

    fn open_sequence(&mut self, results: &[ValType], depth: u32) -> NodeId {
        let mut list = Vec::new();
        for _ in 0..self.random.below(5) {
            list.push(self.statement(depth));
        }
        if self.chance(6) {
            list.push(self.divergence(depth));
        } else {
            for &ty in results {
                list.push(self.value(ty, depth));
                if self.chance(8) {
                    list.push(self.statement(depth));
                }
            }
        }
        self.at();
        self.body.seq(&list)
    }

    fn divergence(&mut self, depth: u32) -> NodeId {
        if self.chance(8) {
            self.at();
            return self.body.unreachable();
        }
        if self.chance(6) {
            let tag = TagId(self.random.below(2) as u32);
            let types: &[ValType] = if tag.0 == 0 { &[I32] } else { &[] };
            let values = self.values(types, depth);
            self.at();
            return self.body.throw(tag, &values);
        }
        if self.body.results() == [I32] && self.first_callee == 0 && self.chance(6) {
            let value = self.value(I32, depth.saturating_sub(1));
            self.at();
            return self.body.return_call(FuncId(0), &[value]);
        }
        if self.labels.is_empty() || self.chance(4) {
            let results = self.body.results().to_vec();
            let values = self.values(&results, depth);
            self.at();
            return self.body.return_(&values);
        }
        let index = self.random.below(self.labels.len());
        let (target, types) = self.labels[index].clone();
        let values = self.values(&types, depth);
        self.at();
        if types.is_empty() && self.chance(4) {
            let index = self.value(I32, depth);
            return self.body.br_table(&[target, target], target, &[], index);
        }
        self.body.br(target, &values)
    }

    fn values(&mut self, types: &[ValType], depth: u32) -> Vec<NodeId> {
        types.iter().map(|&ty| self.value(ty, depth.saturating_sub(1))).collect()
    }

    fn structured(&mut self, results: &[ValType], depth: u32) -> NodeId {
        let ty = BlockType::of(results);
        if results.is_empty() && self.loops < 2 && self.chance(5) {
            return self.counted_loop(depth);
        }
        if self.chance(4) {
            return self.handler(results, depth);
        }
        match self.random.below(4) {
            0 if self.loops < 2 => {
                self.at();
                let loop_ = self.body.loop_(ty);
                self.loops += 1;
                self.labels.push((loop_, Vec::new()));
                let inner = self.sequence(results, depth - 1);
                self.labels.pop();
                self.loops -= 1;
                self.body.set_body(loop_, inner);
                loop_
            }
            1 | 2 => {
                let condition = self.condition(depth - 1);
                self.at();
                let if_ = self.body.if_open(ty, condition);
                self.labels.push((if_, results.to_vec()));
                let then = self.sequence(results, depth - 1);
                self.body.set_then(if_, then);
                if !results.is_empty() || self.chance(2) {
                    let else_ = self.sequence(results, depth - 1);
                    self.body.set_else(if_, else_);
                }
                self.labels.pop();
                if_
            }
            _ => {
                self.at();
                let block = self.body.block(ty);
                self.labels.push((block, results.to_vec()));
                let inner = self.sequence(results, depth - 1);
                self.labels.pop();
                self.body.set_body(block, inner);
                block
            }
        }
    }

    /// A `try_table` that catches to a label around, in a block of its own or not, or throws again what it caught.
    fn handler(&mut self, results: &[ValType], depth: u32) -> NodeId {
        let own = match self.random.below(5) {
            0 => self.body.block(BlockType::of(&[EXCEPTION])),
            1 => self.body.block(BlockType::of(&[I32])),
            _ => self.body.block(BlockType::EMPTY),
        };
        let out = self.body.block(BlockType::of(results));
        let carried = self.body.block_type(own).results.to_vec();
        let mut catches = Vec::new();
        for (label, types) in self.labels.iter().chain([&(own, carried.clone())]) {
            let tag = match types[..] {
                [] if catches.is_empty() => Some(TagId(1)),
                [] => None,
                [I32] => Some(TagId(0)),
                [EXCEPTION] => None,
                _ => continue,
            };
            if *label == own || self.random.below(4) == 0 {
                catches.push(Catch { tag, with_ref: types == &[EXCEPTION], label: *label });
            }
        }
        let assigned = self.assigned.len();
        self.at();
        let try_ = self.body.try_table(BlockType::of(results), &catches, &[]);
        // A label that takes an exception is for catches only.
        self.labels.push((out, results.to_vec()));
        if carried != [EXCEPTION] {
            self.labels.push((own, carried.clone()));
        }
        self.labels.push((try_, results.to_vec()));
        // A local is assigned before and after a call that may throw, and the handler reads it.
        let seen = self.local(I32);
        let assigned_inside = self.assigned.len();
        let mut list = Vec::new();
        let mut before = Vec::new();
        if self.first_callee == 0 && self.chance(2) {
            let value = self.body.i32_const(3);
            self.at();
            let value = self.body.call(FuncId(0), &[value]);
            before.push(self.body.local_set(seen, value));
            let value = self.body.local_get(seen);
            self.at();
            list.push(self.body.call(FuncId(2), &[value]));
        }
        for _ in 0..1 + self.random.below(2) {
            let value = self.value(I32, depth.min(2));
            list.push(self.body.local_set(seen, value));
            if self.chance(3) {
                list.push(self.statement(depth - 1));
            }
            let value = self.value(I32, 1);
            self.at();
            let call = if self.first_callee == 0 && self.chance(2) {
                let local = if self.chance(2) { seen } else { self.local(I32) };
                let call = self.body.call(FuncId(0), &[value]);
                self.body.local_set(local, call)
            } else {
                self.body.call(FuncId(2), &[value])
            };
            list.push(call);
        }
        list.push(self.open_sequence(results, depth - 1));
        self.assigned.truncate(assigned_inside);
        self.labels.pop();
        let inner = self.body.seq(&list);
        self.body.set_body(try_, inner);
        self.at();
        let leave = self.body.br(out, &[try_]);
        self.body.set_body(own, leave);
        if carried != [EXCEPTION] {
            self.labels.pop();
        }
        self.at();
        let mut list = match carried[..] {
            [EXCEPTION] => vec![self.body.plain(Op::THROW_REF, &[own])],
            [I32] => {
                let local = self.local(I32);
                vec![self.body.local_set(local, own)]
            }
            _ => vec![own],
        };
        if carried != [EXCEPTION] {
            let value = self.body.local_get(seen);
            self.at();
            list.push(self.body.call(FuncId(2), &[value]));
        }
        if carried != [EXCEPTION] {
            list.push(self.open_sequence(results, depth - 1));
        }
        self.labels.pop();
        self.assigned.truncate(assigned);
        let inner = self.body.seq(&list);
        self.body.set_body(out, inner);
        before.push(out);
        self.body.seq(&before)
    }

    /// Mostly not null.
    fn object(&mut self, depth: u32) -> NodeId {
        let ty = if self.chance(4) { NULLABLE } else { REFERENCE };
        self.reference(ty, depth)
    }

    /// A reference to an object, or null if that is allowed.
    fn reference(&mut self, ty: ValType, depth: u32) -> NodeId {
        let readable = self.assigned.len();
        if readable > 0 && self.chance(2) {
            let local = self.assigned[self.random.below(readable)];
            return self.body.local_get(local);
        }
        let smaller = depth.saturating_sub(1);
        if depth == 0 || self.chance(3) {
            if ty == NULLABLE {
                if self.chance(4) {
                    return self.body.ref_null(HEAP);
                }
                let local = self.local(NULLABLE);
                return self.body.local_get(local);
            }
            let field = self.value(I32, 0);
            return self.body.typed(Op::STRUCT_NEW, BOX, &[field]);
        }
        let pick = self.random.below(6);
        let value = self.reference(NULLABLE, smaller);
        self.at();
        let labels: Vec<NodeId> =
            self.labels.iter().filter(|(_, types)| types.is_empty()).map(|&(id, _)| id).collect();
        match pick {
            0 | 1 if !labels.is_empty() => {
                let target = labels[self.random.below(labels.len())];
                self.body.br_on(Op::BR_ON_NULL, target, &[value])
            }
            2 => self.body.ref_cast(Op::REF_CAST, RefType::new(false, HEAP), value),
            3 => {
                let local = self.local(ty);
                let value = if ty == NULLABLE {
                    value
                } else {
                    self.body.plain(Op::REF_AS_NON_NULL, &[value])
                };
                self.assign(local);
                self.body.local_tee(local, value)
            }
            4 if ty == NULLABLE => {
                let other = self.reference(NULLABLE, smaller);
                let condition = self.value(I32, smaller);
                self.body.select_typed(NULLABLE, value, other, condition)
            }
            _ if ty == NULLABLE => value,
            _ if self.chance(6) => self.body.plain(Op::REF_AS_NON_NULL, &[value]),
            _ => {
                // An object that is made and dropped.
                let dropped = self.body.drop(value);
                let field = self.value(I32, smaller);
                let made = self.body.typed(Op::STRUCT_NEW, BOX, &[field]);
                self.body.seq(&[dropped, made])
            }
        }
    }

    /// `if i < n { loop { …; i += 1; if i < n { continue } } }`, where the body may do anything, also to `i`.
    fn counted_loop(&mut self, depth: u32) -> NodeId {
        let counter = self.local(I32);
        let bound = self.local(I32);
        let op = [Op::I32_LT_S, Op::I32_LT_U, Op::I32_NE][self.random.below(3)];
        let start = self.body.i32_const(self.random.below(3) as i32 - 1);
        let start = self.body.local_set(counter, start);
        let (first, last) = (self.body.local_get(counter), self.body.local_get(bound));
        let enter = self.body.plain(op, &[first, last]);
        let loop_ = self.body.loop_(BlockType::EMPTY);
        self.loops += 1;
        self.labels.push((loop_, Vec::new()));
        let round = self.sequence(&[], depth - 1);
        self.labels.pop();
        self.loops -= 1;
        let (counted, one) = (self.body.local_get(counter), self.body.i32_const(1));
        let next = self.body.plain(Op::I32_ADD, &[counted, one]);
        let next = self.body.local_tee(counter, next);
        let last = self.body.local_get(bound);
        let again = self.body.plain(op, &[next, last]);
        let again = self.body.br_if(loop_, &[], again);
        let inner = self.body.seq(&[round, again]);
        self.body.set_body(loop_, inner);
        let guarded = self.body.if_(BlockType::EMPTY, enter, loop_, None);
        self.body.seq(&[start, guarded])
    }

    /// Often a comparison of a local, as tests of bounds are.
    fn condition(&mut self, depth: u32) -> NodeId {
        const OPS: [Op; 11] = [
            Op::I32_EQ,
            Op::I32_NE,
            Op::I32_LT_S,
            Op::I32_LT_U,
            Op::I32_GT_S,
            Op::I32_GT_U,
            Op::I32_LE_S,
            Op::I32_GE_S,
            Op::I32_GE_U,
            Op::I32_EQZ,
            Op::I32_AND,
        ];
        if self.chance(3) {
            return self.value(I32, depth);
        }
        let op = OPS[self.random.below(OPS.len())];
        if op == Op::I32_AND && depth > 0 {
            let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
            return self.body.plain(op, &[a, b]);
        }
        let left = self.local(I32);
        let left = self.body.local_get(left);
        if op == Op::I32_EQZ {
            return self.body.plain(op, &[left]);
        }
        let right = if self.chance(2) {
            self.body.i32_const(self.random.below(6) as i32 - 1)
        } else {
            let right = self.local(I32);
            self.body.local_get(right)
        };
        self.body.plain(op, &[left, right])
    }

    fn statement(&mut self, depth: u32) -> NodeId {
        if depth > 1 && self.chance(3) {
            return self.structured(&[], depth);
        }
        match self.random.below(16) {
            12 => {
                let (object, value) = (self.object(depth), self.value(I32, depth));
                self.at();
                self.body.field(Op::STRUCT_SET, BOX, 0, &[object, value])
            }
            13 => {
                let carries = |types: &[ValType]| types == [REFERENCE];
                let targets: Vec<NodeId> = (self.labels.iter())
                    .filter(|(_, types)| carries(types))
                    .map(|&(id, _)| id)
                    .collect();
                let value = self.reference(NULLABLE, depth);
                match targets.last() {
                    Some(&target) if self.chance(2) => {
                        self.body.br_on(Op::BR_ON_NON_NULL, target, &[value])
                    }
                    Some(&target) => {
                        let to = RefType::new(false, HEAP);
                        let from = RefType::new(true, HEAP);
                        let left = self.body.br_on_cast(Op::BR_ON_CAST, target, from, to, &[value]);
                        self.body.drop(left)
                    }
                    None => self.body.drop(value),
                }
            }
            14 | 15 => {
                let ty = if self.chance(2) { NULLABLE } else { REFERENCE };
                let value = self.value(ty, depth);
                let local = self.local(ty);
                self.at();
                self.assign(local);
                self.body.local_set(local, value)
            }
            0 => {
                let value = self.value(I32, depth);
                self.at();
                self.body.call(FuncId(2), &[value])
            }
            1 => {
                let (address, value) = (self.address(), self.value(I32, depth));
                self.at();
                let op = [Op::I32_STORE, Op::I32_STORE8, Op::I32_STORE16][self.random.below(3)];
                let memarg = MemArg { align_log2: 0, offset: 4, memory: MemoryId(0) };
                self.body.store(op, memarg, address, value)
            }
            2 => {
                let value = self.value(I32, depth);
                self.body.global_set(GlobalId(0), value)
            }
            3 => {
                let ty = [I32, I64, F64][self.random.below(3)];
                let value = self.value(ty, depth);
                self.body.drop(value)
            }
            4 => {
                let many = if depth > 1 && self.chance(2) {
                    self.structured(&[I32, I32], depth)
                } else if self.first_callee < 2 && self.chance(2) {
                    self.at();
                    self.body.call(FuncId(1), &[])
                } else {
                    let values = self.values(&[I32, I32], depth);
                    self.body.seq(&values)
                };
                let first = self.local(I32);
                let mut second = self.local(I32);
                while second == first {
                    second = self.local(I32);
                }
                self.body.set_many(&[first, second], many)
            }
            5 if !self.labels.is_empty() => {
                let index = self.random.below(self.labels.len());
                let (target, types) = self.labels[index].clone();
                if !types.is_empty() {
                    return self.body.nop();
                }
                let condition = self.condition(depth);
                self.body.br_if(target, &[], condition)
            }
            _ => {
                let ty = [I32, I32, I32, I64, F64][self.random.below(5)];
                let value = self.value(ty, depth);
                let local = self.local(ty);
                self.at();
                self.body.local_set(local, value)
            }
        }
    }

    fn address(&mut self) -> NodeId {
        match self.random.below(4) {
            0 => self.body.i32_const(64),
            1 => self.body.symbol(Symbol::Data { data: DataId(0), addend: -600 }),
            2 => {
                let value = self.value(I32, 0);
                let mask = self.body.i32_const(255);
                self.body.plain(Op::I32_AND, &[value, mask])
            }
            _ => self.value(I32, 0),
        }
    }

    fn value(&mut self, ty: ValType, depth: u32) -> NodeId {
        if depth > 1 && self.chance(8) {
            return self.structured(&[ty], depth);
        }
        if matches!(ty, ValType::Ref(_)) {
            return self.reference(ty, depth);
        }
        let leaf = depth == 0 || self.chance(3);
        let depth = depth.saturating_sub(1);
        if leaf {
            if self.chance(3) {
                let numbers = [0, 1, -1, 2, 255, 256, 0x7fff_ffff, -0x8000_0000, 31];
                let number = numbers[self.random.below(numbers.len())];
                return match ty {
                    ValType::I64 => self.body.i64_const(number),
                    ValType::F64 => self.body.f64_const((number as f64).to_bits()),
                    _ => self.body.i32_const(number as i32),
                };
            }
            let local = self.local(ty);
            return self.body.local_get(local);
        }
        if self.chance(8) {
            let value = self.value(ty, depth);
            let local = self.local(ty);
            return self.body.local_tee(local, value);
        }
        if self.chance(10) {
            let (before, value) = (self.statement(depth), self.value(ty, depth));
            return self.body.seq(&[before, value]);
        }
        if self.chance(12) {
            let (a, b) = (self.value(ty, depth), self.value(ty, depth));
            let condition = self.value(I32, depth);
            return self.body.select(a, b, condition);
        }
        if self.chance(16) && !self.labels.is_empty() {
            let index = self.random.below(self.labels.len());
            let (target, types) = self.labels[index].clone();
            if types == [ty] {
                let (value, condition) = (self.value(ty, depth), self.value(I32, depth));
                self.at();
                return self.body.br_if(target, &[value], condition);
            }
        }
        match ty {
            ValType::I64 => {
                let ops = [Op::I64_ADD, Op::I64_SUB, Op::I64_MUL, Op::I64_XOR];
                match self.random.below(6) {
                    0 => {
                        let value = self.value(I32, depth);
                        self.body.plain(Op::I64_EXTEND_I32_S, &[value])
                    }
                    1 => {
                        let value = self.value(F64, depth);
                        self.at();
                        self.body.call(FuncId(3), &[value])
                    }
                    _ => self.binary(&ops, ty, depth),
                }
            }
            ValType::F64 => self.binary(&[Op::F64_ADD, Op::F64_MUL], ty, depth),
            _ => self.integer(depth),
        }
    }

    fn integer(&mut self, depth: u32) -> NodeId {
        match self.random.below(18) {
            14 | 15 => {
                let object = self.object(depth);
                self.at();
                self.body.field(Op::STRUCT_GET, BOX, 0, &[object])
            }
            16 => {
                let object = self.reference(NULLABLE, depth);
                if self.chance(2) {
                    return self.body.plain(Op::REF_IS_NULL, &[object]);
                }
                if self.chance(2) {
                    let ty = RefType::new(self.chance(2), HEAP);
                    return self.body.ref_cast(Op::REF_TEST, ty, object);
                }
                let other = self.reference(NULLABLE, depth);
                self.body.plain(Op::REF_EQ, &[object, other])
            }
            17 => {
                let value = self.value(I32, depth);
                let value = self.body.plain(Op::REF_I31, &[value]);
                let op = if self.chance(2) { Op::I31_GET_S } else { Op::I31_GET_U };
                self.body.plain(op, &[value])
            }
            0 if self.first_callee == 0 => {
                let value = self.value(I32, depth);
                self.at();
                self.body.call(FuncId(0), &[value])
            }
            1 => {
                let address = self.address();
                self.at();
                let ops = [Op::I32_LOAD, Op::I32_LOAD8_U, Op::I32_LOAD8_S, Op::I32_LOAD16_S];
                let op = ops[self.random.below(ops.len())];
                let memarg = MemArg { align_log2: 0, offset: 0, memory: MemoryId(0) };
                self.body.load(op, memarg, address)
            }
            2 => self.body.global_get(GlobalId(0)),
            3 => {
                self.at();
                self.binary(&[Op::I32_DIV_U, Op::I32_REM_S], I32, depth)
            }
            4 => self.binary(&[Op::I64_LT_S, Op::I64_EQ, Op::I64_NE], I64, depth),
            5 => self.binary(&[Op::F64_LT, Op::F64_EQ, Op::F64_NE], F64, depth),
            6 => {
                let value = self.value(I64, depth);
                self.body.plain(Op::I32_WRAP_I64, &[value])
            }
            7 | 8 => {
                let ops = [Op::I32_EQZ, Op::I32_EXTEND8_S, Op::I32_EXTEND16_S, Op::I32_EQZ];
                let value = self.value(I32, depth);
                let op = ops[self.random.below(ops.len())];
                self.body.plain(op, &[value])
            }
            9 => {
                let load = self.body.symbol(Symbol::Data { data: DataId(0), addend: 2 });
                let memarg = MemArg { align_log2: 0, offset: 1, memory: MemoryId(0) };
                self.body.load(Op::I32_LOAD8_S, memarg, load)
            }
            _ => {
                let ops = [
                    Op::I32_ADD,
                    Op::I32_SUB,
                    Op::I32_MUL,
                    Op::I32_AND,
                    Op::I32_OR,
                    Op::I32_XOR,
                    Op::I32_SHL,
                    Op::I32_SHR_U,
                    Op::I32_SHR_S,
                    Op::I32_EQ,
                    Op::I32_NE,
                    Op::I32_LT_S,
                    Op::I32_LT_U,
                    Op::I32_GE_S,
                    Op::I32_GT_U,
                    Op::I32_LE_S,
                ];
                self.binary(&ops, I32, depth)
            }
        }
    }

    fn binary(&mut self, ops: &[Op], operands: ValType, depth: u32) -> NodeId {
        let (a, b) = (self.value(operands, depth), self.value(operands, depth));
        let op = ops[self.random.below(ops.len())];
        self.at();
        self.body.plain(op, &[a, b])
    }
}

const ARGUMENTS: [[u64; 3]; 5] = [
    [0, 0, 0],
    [1, 0xffff_ffff, 5],
    [0x8000_0000, 3, u64::MAX],
    [100, 64, 1 << 40],
    [0xffff_fff0, 255, 2],
];

/// The first functions, where copies of their bodies are allowed.
struct Copied<'a>(&'a [Body]);

impl Callees for Copied<'_> {
    fn inlinable(&self, func: FuncId) -> Option<&Body> {
        self.0.get(func.index())
    }
}

fn assert_same_after(seed: u64, list: &[&Pass]) {
    assert_same(seed, list, &[]);
}

fn assert_same(seed: u64, list: &[&Pass], callees: &[Body]) {
    let original = Generator::body(seed);
    let (module, func) = world(&original);
    if swasm_tree::verify(&module, func, &original).is_err() {
        // What follows a divergence need not fit; such bodies are no input of ours.
        return;
    }
    let mut body = original.clone();
    let mut last = String::new();
    optimize(&module, func, &mut body, list, &Copied(callees), &mut |pass, body| {
        check(&module, func, body, &format!("seed {seed}, {}, from {last}", pass.name));
        for arguments in &ARGUMENTS {
            let before = interpret::run(&original, callees, arguments, FUEL);
            let after = interpret::run(body, callees, arguments, 2 * FUEL);
            if before.is_cut() || after.is_cut() {
                continue;
            }
            assert!(
                before == after,
                "seed {seed}, {}, {arguments:?}: {before:?}\n{after:?}\n{}\nfrom {last}\nto {}",
                pass.name,
                text::print(&original),
                text::print(body)
            );
        }
        last = text::print(body);
    });
}

fn by_names(names: &[&str]) -> Vec<&'static Pass> {
    names.iter().map(|name| swasm_optimizer::by_name(name).unwrap()).collect()
}

#[test]
fn generated_bodies_are_mostly_valid() {
    let valid = (0..1000).filter(|&seed| {
        let body = Generator::body(seed);
        let (module, func) = world(&body);
        swasm_tree::verify(&module, func, &body).is_ok()
    });
    assert!(valid.count() > 900);
}

#[test]
fn each_pass_alone_changes_nothing_that_is_seen() {
    for pass in swasm_optimizer::all() {
        for seed in 0..BODIES {
            assert_same_after(seed, &[pass]);
        }
    }
}

#[test]
fn levels_change_nothing_that_is_seen() {
    for seed in BODIES..2 * BODIES {
        assert_same_after(seed, passes(Level::O1));
        assert_same_after(seed, passes(Level::O2));
        assert_same_after(seed, passes(Level::Os));
    }
}

#[test]
fn passes_in_any_order_change_nothing_that_is_seen() {
    let all = swasm_optimizer::all();
    for seed in 2 * BODIES..3 * BODIES {
        let mut random = Random(seed);
        let list: Vec<&Pass> = (0..8).map(|_| &all[random.below(all.len())]).collect();
        assert_same_after(seed, &list);
    }
}

#[test]
fn sinking_and_liveness_settle() {
    let round = by_names(&["sink", "dead", "flatten", "sink", "dead", "flatten", "coalesce"]);
    for seed in 3 * BODIES..4 * BODIES {
        assert_same_after(seed, &round);
    }
}

#[test]
fn copies_of_callees_do_what_calls_do() {
    let mut copied = 0;
    for seed in 4 * BODIES..6 * BODIES {
        let mut callees = Generator::callees(seed);
        let valid = callees.iter_mut().zip(0..).all(|(callee, func)| {
            let (module, _) = world(callee);
            let func = FuncId(func);
            let valid = swasm_tree::verify(&module, func, callee).is_ok();
            if valid && seed % 2 == 0 {
                // As a linker does it: what is copied was optimised before.
                optimize(&module, func, callee, passes(Level::O1), &Copied(&[]), &mut |_, _| ());
            }
            valid && is_inlinable(&module, func, callee, InlineHint::Hint)
        });
        if valid {
            copied += 1;
            assert_same(seed, &by_names(&["inline", "flatten"]), &callees);
            assert_same(seed, passes(Level::O1), &callees);
            assert_same(seed, passes(Level::O2), &callees);
        }
    }
    assert!(copied > 100);
}
