//! Reads of locals that hold a constant or a copy ⇒ the constant or the original; operators on constants ⇒ constants.
//!
//! `(local.set $x (i32.const 4)) … (i32.store (local.get $x) v)` ⇒ `… (i32.store (i32.const 4) v)`
//! `(local.set $x (local.get $y)) … (local.get $x)`, neither assigned between ⇒ `… (local.get $y)`
//! `(if (i32.ge_u i n) (then … (unreachable))) … (i32.ge_u i n)` ⇒ `… (i32.const 0)`
//!
//! One walk in order of evaluation that knows what each local holds and what conditions said of it. Where paths meet,
//! the locals that were assigned on one of them are unknown; at the start of a loop, so are all that the loop assigns.
//!
//! Invariant: what is known of a local holds on every path to the walk's position. A copy is known only while the
//! version of its original is the one that was copied. A read becomes one of the original only where that may be read.

use swasm_tree::{Body, Fold, LocalId, Module, NodeId, Op, Symbol, View, WithImmediate};

use in_effect::InEffect;
use loops::Loops;
use split::split_assignments;

use super::Context;
use crate::cursor::{Cursor, Event, number};
use crate::facts::{Comparison, Facts, Side};
use crate::rewrite::move_over;
use crate::simplify::{integer, simplify};
use crate::uses::Uses;
use swasm_tree::result_count;

mod in_effect;
mod loops;
mod split;

pub(super) fn run(context: &Context<'_>, body: &mut Body) {
    let mut cursor = Cursor::default();
    let mut uses = Uses::of(body);
    if uses.has_set_many {
        split_assignments(context.module, body, &mut cursor);
        uses = Uses::of(body);
    }
    let loops = if uses.has_loops { Loops::of(body, &mut cursor) } else { Loops::default() };
    let mut held: Vec<Held> = Vec::with_capacity(body.local_count());
    for index in 0..body.local_count() {
        let value = if index < body.param_count() { None } else { zero_of(body, index) };
        held.push(Held { value: value.unwrap_or(Value::Unknown), version: 0 });
    }
    let mut pass = Pass {
        module: context.module,
        uses,
        loops,
        held,
        last_version: 0,
        log: Vec::new(),
        assigned: Vec::new(),
        scopes: Vec::new(),
        diverged: false,
        facts: Facts::default(),
        tested: Vec::new(),
        in_effect: InEffect::of(body),
    };
    cursor.forward(body.root());
    while let Some(event) = cursor.next(body) {
        match event {
            Event::Enter(_) => (),
            Event::Child(node, index) => pass.between(body, node, index),
            Event::Leave(node) => pass.leave(body, &cursor, node),
        }
    }
}

/// What a local holds.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Value {
    Unknown,
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    Symbol(Symbol),
    /// What another local holds, as long as its version is this.
    Copy(LocalId, u32),
    /// That, shifted right as an unsigned number by so many bits, at least one.
    Shifted(LocalId, u32, u8),
}

#[derive(Clone, Copy, Debug)]
struct Held {
    value: Value,
    /// A number that no other assignment has.
    version: u32,
}

fn zero_of(body: &Body, local: usize) -> Option<Value> {
    use swasm_tree::ValType;
    match body.locals()[local] {
        ValType::I32 => Some(Value::I32(0)),
        ValType::I64 => Some(Value::I64(0)),
        ValType::F32 => Some(Value::F32(0)),
        ValType::F64 => Some(Value::F64(0)),
        ValType::V128 | ValType::Ref(_) => None,
    }
}

/// How deep the parts of a condition are looked at.
const CONDITION_DEPTH: u32 = 4;
/// So many comparisons are remembered until a branch depends on them.
const TESTED: usize = 8;

/// Whether a tree is a leaf, or an operator on leaves.
fn assigns_nothing(body: &Body, node: NodeId) -> bool {
    let leaf = |&node: &NodeId| body.children(node).is_empty();
    body.op(node) != Op::LOCAL_TEE && body.children(node).iter().all(leaf)
}

/// An open block or `if`.
struct Scope {
    /// Length of the log at its start.
    mark: usize,
    /// Length of the list of assigned locals at its start.
    assigned: usize,
    /// What was known of comparisons at its start.
    facts: usize,
    /// What the then arm changed, and whether it diverged, once the else arm is open.
    then: Vec<(LocalId, Held)>,
    then_diverged: bool,
}

struct Pass<'a> {
    module: &'a Module,
    uses: Uses,
    loops: Loops,
    /// By local.
    held: Vec<Held>,
    last_version: u32,
    /// Changes inside open scopes, with what was held before.
    log: Vec<(LocalId, Held)>,
    /// Locals assigned inside open scopes, also in arms that are closed and diverged: they may have branched out.
    assigned: Vec<LocalId>,
    scopes: Vec<Scope>,
    /// Whether the walk's position cannot be reached.
    diverged: bool,
    /// What conditions said.
    facts: Facts,
    /// The comparisons that were executed last.
    tested: Vec<(NodeId, Comparison)>,
    /// Which locals may be read.
    in_effect: InEffect,
}

impl Pass<'_> {
    fn set(&mut self, local: LocalId, value: Value) {
        self.last_version += 1;
        let version = self.last_version;
        self.put(local, Held { value, version });
    }

    fn put(&mut self, local: LocalId, held: Held) {
        let before = std::mem::replace(&mut self.held[local.index()], held);
        if !self.scopes.is_empty() {
            self.log.push((local, before));
            self.assigned.push(local);
        }
    }

    /// Takes back the changes since `mark`, and says what they had made.
    fn undo(&mut self, mark: usize) -> Vec<(LocalId, Held)> {
        let mut undone = Vec::with_capacity(self.log.len() - mark);
        for (local, before) in self.log.drain(mark..).rev() {
            let after = std::mem::replace(&mut self.held[local.index()], before);
            undone.push((local, after));
        }
        undone
    }

    fn between(&mut self, body: &Body, node: NodeId, index: usize) {
        let from_end = body.children(node).len() - index;
        let arms = body.op(node).shape().arms();
        if from_end < arms {
            self.in_effect.leave();
        }
        if from_end <= arms {
            self.in_effect.enter();
        }
        match (body.op(node), from_end) {
            (Op::BLOCK | Op::TRY_TABLE, 1) | (Op::IF, 2) => {
                let (mark, assigned) = (self.log.len(), self.assigned.len());
                let facts = self.facts.mark();
                let (then, then_diverged) = (Vec::new(), false);
                self.scopes.push(Scope { mark, assigned, facts, then, then_diverged });
                if body.op(node) == Op::IF {
                    self.assume(body, body.children(node)[index - 1], true, CONDITION_DEPTH);
                }
            }
            (Op::IF, 1) => {
                if let Some((mark, facts)) = self.scopes.last().map(|it| (it.mark, it.facts)) {
                    let then = self.undo(mark);
                    self.facts.cut(facts);
                    self.assume(body, body.children(node)[index - 2], false, CONDITION_DEPTH);
                    let then_diverged = std::mem::take(&mut self.diverged);
                    if let Some(scope) = self.scopes.last_mut() {
                        scope.then = then;
                        scope.then_diverged = then_diverged;
                    }
                }
            }
            (Op::LOOP, 1) => {
                let row = self.loops.row[number(node)] as usize;
                let assigned = std::mem::take(&mut self.loops.rows[row]);
                let rounds = self.rounds(body, node, &assigned);
                for (local, _) in assigned {
                    self.set(local, Value::Unknown);
                }
                if let Some(rounds) = rounds {
                    self.assume_rounds(&rounds);
                }
            }
            _ => (),
        }
    }

    fn leave(&mut self, body: &mut Body, cursor: &Cursor, node: NodeId) {
        let op = body.op(node);
        if op.shape().arms() > 0 {
            self.in_effect.leave();
        }
        match op {
            Op::LOCAL_GET => self.get(body, node),
            Op::LOCAL_SET | Op::LOCAL_TEE => self.assign(body, node),
            Op::SET_MANY => {
                if let View::SetMany(locals) = body.view(node) {
                    for &local in locals {
                        self.set(local, Value::Unknown);
                        self.in_effect.assign(local);
                    }
                }
            }
            Op::BLOCK | Op::TRY_TABLE => self.leave_block(node),
            Op::IF => self.leave_if(body, node),
            Op::LOOP | Op::SEQ => (),
            _ => {
                self.diverged |= op.diverges();
                let simple = simplify(self.module, body, node);
                let compared = self.compare(body, simple.unwrap_or(node)).or(simple);
                if let Some(new) = compared {
                    match cursor.place(body, node) {
                        Some((parent, index)) => body.set_child(parent, index, new),
                        None => body.set_root(new),
                    }
                }
                if op == Op::BR_IF
                    && let Some(&condition) = body.children(node).last()
                {
                    self.assume(body, condition, false, CONDITION_DEPTH);
                }
            }
        }
    }

    fn leave_block(&mut self, node: NodeId) {
        let Some(scope) = self.scopes.pop() else { return };
        if self.uses.branches[number(node)] == 0 {
            return;
        }
        self.diverged = false;
        self.meet(&scope);
    }

    /// Where paths meet that began at the start of a scope: what was assigned since is unknown, what else was found
    /// out since need not hold.
    fn meet(&mut self, scope: &Scope) {
        self.undo(scope.mark);
        self.facts.cut(scope.facts);
        self.forget_since(scope.assigned);
    }

    /// Knows nothing of the locals assigned since the list of them had the length `start`.
    fn forget_since(&mut self, start: usize) {
        let mut assigned = self.assigned.split_off(start);
        assigned.sort_unstable();
        assigned.dedup();
        for local in assigned {
            self.set(local, Value::Unknown);
        }
    }

    fn leave_if(&mut self, body: &Body, node: NodeId) {
        let Some(scope) = self.scopes.pop() else { return };
        let targeted = self.uses.branches[number(node)] > 0;
        let else_diverged = self.diverged;
        if !targeted && scope.then_diverged {
            return;
        }
        self.diverged = false;
        if !targeted && else_diverged {
            self.undo(scope.mark);
            self.facts.cut(scope.facts);
            for (local, held) in scope.then.into_iter().rev() {
                self.put(local, held);
            }
            let arms = body.children(node).len() - 2;
            self.assume(body, body.children(node)[arms - 1], true, CONDITION_DEPTH);
        } else {
            self.meet(&scope);
        }
    }

    /// What is known of a local's value now.
    fn known(&self, local: LocalId) -> Value {
        let held = self.held[local.index()];
        if let Value::Copy(of, version) | Value::Shifted(of, version, _) = held.value
            && self.held[of.index()].version != version
        {
            return Value::Unknown;
        }
        held.value
    }

    fn get(&mut self, body: &mut Body, node: NodeId) {
        let View::Local(local) = body.view(node) else { return };
        let only = self.uses.gets[local.index()] == 1;
        body.at(body.node(node).loc);
        let new = match self.known(local) {
            Value::Unknown | Value::Shifted(..) => return,
            Value::Copy(of, _) if !self.in_effect.has(of) => return,
            Value::Copy(of, _) => {
                self.uses.gets[local.index()] -= 1;
                self.uses.gets[of.index()] += 1;
                body.set_immediate(node, WithImmediate::Local(of));
                return;
            }
            Value::I32(value) if only || is_short(value.into()) => body.i32_const(value),
            Value::Symbol(symbol) => body.symbol(symbol),
            Value::I64(value) if only || is_short(value) => body.i64_const(value),
            Value::F32(bits) if only => body.f32_const(bits),
            Value::F64(bits) if only => body.f64_const(bits),
            Value::I32(_) | Value::I64(_) | Value::F32(_) | Value::F64(_) => return,
        };
        self.uses.gets[local.index()] -= 1;
        move_over(body, node, new);
    }

    // ---- comparisons

    /// A side of a comparison that was just executed.
    fn side(&self, body: &Body, node: NodeId) -> Option<Side> {
        self.side_of(self.value_of(body, node))
    }

    fn comparison(&self, body: &Body, node: NodeId) -> Option<Comparison> {
        let op = body.op(node);
        if op.row().fold != Fold::IntCompare {
            return None;
        }
        match *body.children(node) {
            [only] => Comparison::new(op, self.side(body, only)?, Side::Number(0)),
            // What is executed after the left side must not assign it.
            [left, right] if assigns_nothing(body, right) => {
                Comparison::new(op, self.side(body, left)?, self.side(body, right)?)
            }
            _ => None,
        }
    }

    /// The constant that a comparison is known to give, with what its operands do before.
    fn compare(&mut self, body: &mut Body, node: NodeId) -> Option<NodeId> {
        let comparison = self.comparison(body, node)?;
        let Some(truth) = self.facts.decide(comparison) else {
            if self.tested.len() == TESTED {
                self.tested.remove(0);
            }
            self.tested.push((node, comparison));
            return None;
        };
        body.at(body.node(node).loc);
        let constant = body.i32_const(truth.into());
        let mut list = Vec::new();
        for operand in body.children(node).to_vec() {
            if let (Op::LOCAL_GET, View::Local(local)) = (body.op(operand), body.view(operand)) {
                self.uses.gets[local.index()] -= 1;
            } else if !body.children(operand).is_empty() {
                list.push(body.drop(operand));
            }
        }
        if list.is_empty() {
            return Some(constant);
        }
        list.push(constant);
        Some(body.seq(&list))
    }

    /// From here on a condition that was just executed is known to be zero or not.
    fn assume(&mut self, body: &Body, condition: NodeId, truth: bool, depth: u32) {
        let tested = self.tested.iter().find(|&&(node, _)| node == condition);
        let op = body.op(condition);
        let fact = match tested {
            Some(&(_, comparison)) => Some(comparison),
            // Only of the whole condition: after a part of it another may assign the local.
            None if depth == CONDITION_DEPTH && (op == Op::LOCAL_GET || op == Op::LOCAL_TEE) => {
                self.side(body, condition)
                    .and_then(|side| Comparison::new(Op::I32_NE, side, Side::Number(0)))
            }
            None => None,
        };
        if let Some(fact) = fact {
            self.learn(if truth { fact } else { fact.inverse() });
        }
        let parts_known = (op == Op::I32_AND && truth) || (op == Op::I32_OR && !truth);
        if depth == 0 || !(parts_known || op == Op::I32_EQZ) {
            return;
        }
        let truth = truth != (op == Op::I32_EQZ);
        for &part in body.children(condition) {
            self.assume(body, part, truth, depth - 1);
        }
    }

    fn learn(&mut self, fact: Comparison) {
        self.facts.add(fact);
        let Some((local, version, number, wide)) = fact.equal_number() else { return };
        let held = self.held[local.index()];
        if held.version == version && held.value == Value::Unknown {
            let value = if wide { Value::I64(number) } else { Value::I32(number as i32) };
            self.held[local.index()].value = value;
            if !self.scopes.is_empty() {
                self.log.push((local, held));
            }
        }
    }

    fn local_side(&self, local: LocalId) -> Option<Side> {
        let known = self.known(local);
        let itself = Value::Copy(local, self.held[local.index()].version);
        self.side_of(if known == Value::Unknown { itself } else { known })
    }

    fn side_of(&self, value: Value) -> Option<Side> {
        match value {
            Value::I32(number) => Some(Side::Number(number.into())),
            Value::I64(number) => Some(Side::Number(number)),
            Value::Shifted(of, version, count) => Some(Side::Shifted(of, version, count)),
            Value::Copy(of, version) => {
                if let Value::Shifted(of, version, count) = self.known(of) {
                    return Some(Side::Shifted(of, version, count));
                }
                Some(Side::Local(of, version))
            }
            Value::Unknown | Value::F32(_) | Value::F64(_) | Value::Symbol(_) => None,
        }
    }

    fn assign(&mut self, body: &mut Body, node: NodeId) {
        let View::Local(local) = body.view(node) else { return };
        let direct = body.children(node)[0];
        let value = self.value_of(body, direct);
        let current = self.known(local);
        let itself = matches!(value, Value::Copy(of, _) if of == local);
        let same = itself || (value != Value::Unknown && value == current);
        let is_leaf = body.children(direct).is_empty() && body.op(direct) != Op::SEQ;
        if same && is_leaf && self.in_effect.has(local) {
            let replacement = if body.op(node) == Op::LOCAL_TEE {
                direct
            } else {
                if let (Op::LOCAL_GET, View::Local(read)) = (body.op(direct), body.view(direct)) {
                    self.uses.gets[read.index()] -= 1;
                }
                body.seq(&[])
            };
            move_over(body, node, replacement);
            return;
        }
        let value = if same { current } else { value };
        self.set(local, value);
        self.in_effect.assign(local);
    }

    fn shifted(&self, body: &Body, node: NodeId) -> Value {
        let &[value, count] = body.children(node) else { return Value::Unknown };
        let Some(count) = integer(body, count) else { return Value::Unknown };
        match (body.op(value), self.value_of(body, value)) {
            (Op::LOCAL_GET, Value::Copy(of, version)) if (1..32).contains(&count) => {
                Value::Shifted(of, version, count as u8)
            }
            _ => Value::Unknown,
        }
    }

    /// What a tree that was just executed gives.
    fn value_of(&self, body: &Body, mut node: NodeId) -> Value {
        while body.op(node) == Op::SEQ {
            let Some(&last) = body.children(node).last() else { return Value::Unknown };
            if result_count(self.module, body, last) != Some(1) {
                return Value::Unknown;
            }
            node = last;
        }
        match body.op(node) {
            Op::I32_CONST | Op::I64_CONST | Op::F32_CONST | Op::F64_CONST | Op::SYMBOL => (),
            Op::LOCAL_GET | Op::LOCAL_TEE => {
                let View::Local(of) = body.view(node) else { return Value::Unknown };
                let known = self.known(of);
                if !matches!(known, Value::Unknown | Value::Shifted(..)) {
                    return known;
                }
                return Value::Copy(of, self.held[of.index()].version);
            }
            Op::I32_SHR_U | Op::I64_SHR_U => return self.shifted(body, node),
            _ => return Value::Unknown,
        }
        if let View::I32(value) = body.view(node) {
            Value::I32(value)
        } else if let View::I64(value) = body.view(node) {
            Value::I64(value)
        } else if let View::F32(bits) = body.view(node) {
            Value::F32(bits)
        } else if let View::F64(bits) = body.view(node) {
            Value::F64(bits)
        } else if let View::Symbol(symbol) = body.view(node) {
            Value::Symbol(symbol)
        } else {
            Value::Unknown
        }
    }
}

/// Whether a constant takes at most two bytes more than reading a local.
fn is_short(value: i64) -> bool {
    (-0x10_0000..0x10_0000).contains(&value)
}
