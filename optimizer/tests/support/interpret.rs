//! Runs a tree, and writes down everything that the world sees of it.
//!
//! Invariant: two bodies with equal [`Outcome`]s cannot be told apart by whoever calls them.

use std::collections::BTreeMap;

use swasm_tree::{Body, Fold, Loc, NodeId, Op, Symbol, TagId, View};

/// Where data segments are.
const DATA_AT: i64 = 1024;
/// The size of the memory.
const MEMORY_BYTES: u64 = 1 << 16;

/// What a run did.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Outcome {
    /// Calls and their arguments, in order.
    pub(crate) calls: Vec<(u32, Vec<u64>)>,
    /// The results, or why and at which position there are none.
    pub(crate) end: Option<Result<Vec<u64>, (&'static str, Loc)>>,
    /// Bytes that were written.
    pub(crate) memory: BTreeMap<u64, u8>,
    /// The globals.
    pub(crate) globals: Vec<u64>,
}

impl Outcome {
    /// Whether the run was stopped as it took too long.
    pub(crate) fn is_cut(&self) -> bool {
        matches!(self.end, Some(Err(("fuel", _))))
    }
}

enum Stop {
    Branch(NodeId),
    Return,
    Trap(&'static str, Loc),
    Throw(Exception),
}

#[derive(Clone, PartialEq, Debug)]
struct Exception {
    tag: TagId,
    values: Vec<u64>,
}

/// References: null, then integers of 31 bits, then exceptions and objects by number.
const NULL: u64 = 0;
const INTEGERS: u64 = 1 << 40;
const EXCEPTIONS: u64 = 1 << 41;
const OBJECTS: u64 = 1 << 42;

struct Machine<'a> {
    body: &'a Body,
    callees: &'a [Body],
    locals: Vec<u64>,
    stack: Vec<u64>,
    outcome: Outcome,
    fuel: u32,
    /// The field of each object.
    objects: Vec<u64>,
    /// The exceptions that there are references to.
    exceptions: Vec<Exception>,
}

/// Runs a body with arguments, as bits. The first functions of the world have the bodies `callees`, the others belong
/// to the host.
pub(crate) fn run(body: &Body, callees: &[Body], arguments: &[u64], fuel: u32) -> Outcome {
    let outcome = Outcome { globals: vec![7, -7i64 as u64], ..Outcome::default() };
    let mut machine = Machine {
        body,
        callees,
        locals: Vec::new(),
        stack: Vec::new(),
        outcome,
        fuel,
        objects: Vec::new(),
        exceptions: Vec::new(),
    };
    let end = match machine.call(body, arguments) {
        Ok(results) => Ok(results),
        Err(Stop::Trap(reason, loc)) => Err((reason, loc)),
        Err(Stop::Throw(exception)) => {
            machine.outcome.calls.push((1000 + exception.tag.0, exception.values));
            Err(("exception", Loc::NONE))
        }
        Err(Stop::Branch(_) | Stop::Return) => panic!("a branch to no block"),
    };
    machine.outcome.end = Some(end);
    machine.outcome
}

impl<'a> Machine<'a> {
    fn call(&mut self, body: &'a Body, arguments: &[u64]) -> Result<Vec<u64>, Stop> {
        let mut locals = arguments.to_vec();
        locals.resize(body.local_count(), 0);
        let caller = std::mem::replace(&mut self.body, body);
        let locals = std::mem::replace(&mut self.locals, locals);
        let stack = std::mem::take(&mut self.stack);
        let end = self.node(body.root());
        let stack = std::mem::replace(&mut self.stack, stack);
        self.locals = locals;
        self.body = caller;
        match end {
            Ok(()) | Err(Stop::Return) => Ok(stack[stack.len() - body.results().len()..].to_vec()),
            Err(stop) => Err(stop),
        }
    }

    fn pop(&mut self) -> u64 {
        self.stack.pop().expect("a verified body has its operands")
    }

    fn node(&mut self, id: NodeId) -> Result<(), Stop> {
        let body = self.body;
        let loc = body.node(id).loc;
        let op = body.op(id);
        let children = body.children(id);
        match body.view(id) {
            View::Block(ty) => {
                let height = self.stack.len();
                return match self.node(children[0]) {
                    Err(Stop::Branch(target)) if target == id => {
                        self.keep(height, ty.results.len());
                        Ok(())
                    }
                    other => other,
                };
            }
            View::TryTable(ty, catches) => {
                let height = self.stack.len();
                let end = self.node(children[0]);
                return match end {
                    Err(Stop::Branch(target)) if target == id => {
                        self.keep(height, ty.results.len());
                        Ok(())
                    }
                    Err(Stop::Throw(exception)) => {
                        let fits = |tag: Option<TagId>| tag.is_none_or(|tag| tag == exception.tag);
                        let Some(catch) = catches.iter().find(|catch| fits(catch.tag)) else {
                            return Err(Stop::Throw(exception));
                        };
                        if catch.tag.is_some() {
                            self.stack.extend(&exception.values);
                        }
                        if catch.with_ref {
                            self.stack.push(EXCEPTIONS + self.exceptions.len() as u64);
                            self.exceptions.push(exception);
                        }
                        Err(Stop::Branch(catch.label))
                    }
                    other => other,
                };
            }
            View::Loop(_) => {
                let height = self.stack.len();
                loop {
                    self.burn(loc)?;
                    match self.node(children[0]) {
                        Err(Stop::Branch(target)) if target == id => self.stack.truncate(height),
                        other => return other,
                    }
                }
            }
            View::If(ty) => {
                self.node(children[0])?;
                let height = self.stack.len() - 1;
                let condition = self.pop() as u32;
                return match self.node(children[if condition != 0 { 1 } else { 2 }]) {
                    Err(Stop::Branch(target)) if target == id => {
                        self.keep(height, ty.results.len());
                        Ok(())
                    }
                    other => other,
                };
            }
            _ => (),
        }
        for &child in children {
            self.node(child)?;
        }
        self.burn(loc)?;
        match body.view(id) {
            View::Seq => (),
            View::I32(value) => self.stack.push(u64::from(value as u32)),
            View::I64(value) => self.stack.push(value as u64),
            View::F32(bits) => self.stack.push(bits.into()),
            View::F64(bits) => self.stack.push(bits),
            View::Symbol(Symbol::Data { addend, .. }) => {
                self.stack.push(u64::from((DATA_AT + addend) as u32));
            }
            View::Local(local) => match op {
                Op::LOCAL_GET => self.stack.push(self.locals[local.index()]),
                Op::LOCAL_SET => self.locals[local.index()] = self.pop(),
                _ => self.locals[local.index()] = *self.stack.last().expect("a value"),
            },
            View::SetMany(locals) => {
                for local in locals.iter().rev() {
                    self.locals[local.index()] = self.pop();
                }
            }
            View::Global(global) => match op {
                Op::GLOBAL_GET => self.stack.push(self.outcome.globals[global.index()]),
                _ => self.outcome.globals[global.index()] = self.pop(),
            },
            View::Mem(memarg) => {
                let width = 1u64 << op.width_log2().expect("a width");
                let value = (children.len() == 2).then(|| self.pop());
                let address = self.pop() + memarg.offset;
                if address + width > MEMORY_BYTES {
                    return Err(Stop::Trap("out of bounds", loc));
                }
                if let Some(value) = value {
                    for at in 0..width {
                        self.outcome.memory.insert(address + at, (value >> (8 * at)) as u8);
                    }
                } else {
                    let bits = (0..width)
                        .rev()
                        .fold(0, |bits, at| bits << 8 | u64::from(self.byte(address + at)));
                    self.stack.push(extended(op, bits));
                }
            }
            View::Memory(_) => self.stack.push(MEMORY_BYTES >> 16),
            View::Call(func) => {
                let arguments = self.stack.split_off(self.stack.len() - usize::from(func.0 != 1));
                if let Some(callee) = self.callees.get(func.index()) {
                    let results = self.call(callee, &arguments);
                    self.stack.extend(results?);
                    return if op == Op::RETURN_CALL { Err(Stop::Return) } else { Ok(()) };
                }
                let made = (self.outcome.calls.len() as u64 + 1).wrapping_mul(0x9e37_79b9);
                let made = made ^ arguments.first().copied().unwrap_or(0);
                self.outcome.calls.push((func.0, arguments));
                if made % 4 == 3 && (func.0 == 0 || func.0 == 2) {
                    let tag = TagId(func.0 / 2);
                    let values = if tag.0 == 0 { vec![made & 0xff] } else { Vec::new() };
                    return Err(Stop::Throw(Exception { tag, values }));
                }
                match func.0 {
                    0 => self.stack.push(made & 0xffff_ffff),
                    1 => self.stack.extend([made & 0xff, made >> 8 & 0xff]),
                    2 => (),
                    _ => self.stack.push(made),
                }
                if op == Op::RETURN_CALL {
                    return Err(Stop::Return);
                }
            }
            View::Br(target) => {
                if op == Op::BR || self.pop() as u32 != 0 {
                    return Err(Stop::Branch(target));
                }
            }
            View::BrTable { targets, default } => {
                let index = self.pop() as u32 as usize;
                return Err(Stop::Branch(targets.get(index).copied().unwrap_or(default)));
            }
            View::RefNull(_) => self.stack.push(NULL),
            View::Type(_) => {
                let field = self.pop();
                self.stack.push(OBJECTS + self.objects.len() as u64);
                self.objects.push(field);
            }
            View::Field { .. } => {
                let value = (op == Op::STRUCT_SET).then(|| self.pop());
                let object = self.pop();
                if object == NULL {
                    return Err(Stop::Trap("null", loc));
                }
                let field = &mut self.objects[(object - OBJECTS) as usize];
                match value {
                    Some(value) => *field = value,
                    None => self.stack.push(*field),
                }
            }
            View::RefCast(ty) => {
                let reference = self.pop();
                let fits = ty.is_nullable() || reference != NULL;
                if matches!(op, Op::REF_TEST | Op::REF_TEST_NULL) {
                    self.stack.push(fits.into());
                } else if fits {
                    self.stack.push(reference);
                } else {
                    return Err(Stop::Trap("cast", loc));
                }
            }
            // `br_on_null` leaves the reference where it goes on, `br_on_non_null` where it branches.
            View::Label(target) => {
                let reference = self.pop();
                let branches = (reference == NULL) == (op == Op::BR_ON_NULL);
                if reference != NULL {
                    self.stack.push(reference);
                }
                if branches {
                    return Err(Stop::Branch(target));
                }
            }
            View::BrOnCast { label, from: _, to } => {
                let fits = to.is_nullable() || self.stack.last() != Some(&NULL);
                if fits == (op == Op::BR_ON_CAST) {
                    return Err(Stop::Branch(label));
                }
            }
            View::SelectTyped(_) => self.plain(Op::SELECT, loc)?,
            View::Tag(tag) => {
                let values = self.stack.split_off(self.stack.len() - usize::from(tag.0 == 0));
                return Err(Stop::Throw(Exception { tag, values }));
            }
            View::Plain => self.plain(op, loc)?,
            other => panic!("the interpreter does not know {other:?}"),
        }
        Ok(())
    }

    fn burn(&mut self, loc: Loc) -> Result<(), Stop> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Stop::Trap("fuel", loc))?;
        Ok(())
    }

    fn byte(&self, address: u64) -> u8 {
        let data = [1, 2, 3, 0x84, 0, 0, 0, 0];
        let in_data = address.checked_sub(DATA_AT as u64).and_then(|at| data.get(at as usize));
        let written = self.outcome.memory.get(&address);
        *in_data.or(written).unwrap_or(&0)
    }

    fn keep(&mut self, height: usize, count: usize) {
        let values = self.stack.split_off(self.stack.len() - count);
        self.stack.truncate(height);
        self.stack.extend(values);
    }

    fn plain(&mut self, op: Op, loc: Loc) -> Result<(), Stop> {
        match op {
            Op::DROP => {
                self.pop();
                return Ok(());
            }
            Op::NOP => return Ok(()),
            Op::SELECT => {
                let condition = self.pop() as u32;
                let (b, a) = (self.pop(), self.pop());
                self.stack.push(if condition != 0 { a } else { b });
                return Ok(());
            }
            Op::RETURN => return Err(Stop::Return),
            Op::THROW_REF => {
                let reference = self.pop();
                let number = reference.checked_sub(EXCEPTIONS).ok_or(Stop::Trap("null", loc))?;
                return Err(Stop::Throw(self.exceptions[number as usize].clone()));
            }
            Op::REF_IS_NULL => {
                let reference = self.pop();
                self.stack.push(u64::from(reference == NULL));
                return Ok(());
            }
            Op::REF_EQ => {
                let (a, b) = (self.pop(), self.pop());
                self.stack.push(u64::from(a == b));
                return Ok(());
            }
            Op::REF_AS_NON_NULL => {
                if self.stack.last() == Some(&NULL) {
                    return Err(Stop::Trap("null", loc));
                }
                return Ok(());
            }
            Op::REF_I31 => {
                let value = self.pop();
                self.stack.push(INTEGERS | value & 0x7fff_ffff);
                return Ok(());
            }
            Op::I31_GET_S | Op::I31_GET_U => {
                let value = (self.pop() as u32) << 1;
                let signed = (value as i32 >> 1) as u32;
                let value = if op == Op::I31_GET_S { signed } else { value >> 1 };
                self.stack.push(value.into());
                return Ok(());
            }
            Op::UNREACHABLE => return Err(Stop::Trap("unreachable", loc)),
            _ => (),
        }
        let operands = self.stack.split_off(self.stack.len() - op.row().params.len());
        let value = match operands[..] {
            [a] => unary(op, a),
            [a, b] => binary(op, a, b).map_err(|reason| Stop::Trap(reason, loc))?,
            _ => panic!("the interpreter does not know {op:?}"),
        };
        self.stack.push(value);
        Ok(())
    }
}

fn extended(op: Op, bits: u64) -> u64 {
    match op {
        Op::I32_LOAD8_S => u64::from(bits as i8 as i32 as u32),
        Op::I32_LOAD16_S => u64::from(bits as i16 as i32 as u32),
        _ => bits,
    }
}

fn unary(op: Op, a: u64) -> u64 {
    let low = a as u32;
    u64::from(match op {
        Op::I32_EQZ => u32::from(low == 0),
        Op::I64_EQZ => u32::from(a == 0),
        Op::I32_CLZ => low.leading_zeros(),
        Op::I32_EXTEND8_S => low as i8 as i32 as u32,
        Op::I32_EXTEND16_S => low as i16 as i32 as u32,
        Op::I32_WRAP_I64 => low,
        Op::I64_EXTEND_I32_U => return low.into(),
        Op::I64_EXTEND_I32_S => return i64::from(low as i32) as u64,
        Op::F64_NEG => return (-f64::from_bits(a)).to_bits(),
        _ => panic!("the interpreter does not know {op:?}"),
    })
}

fn binary(op: Op, a: u64, b: u64) -> Result<u64, &'static str> {
    let (x, y) = (a as u32, b as u32);
    if op.row().fold == Fold::FloatBinary || op.row().fold == Fold::FloatCompare {
        let (a, b) = (f64::from_bits(a), f64::from_bits(b));
        return Ok(match op {
            Op::F64_ADD => (a + b).to_bits(),
            Op::F64_MUL => (a * b).to_bits(),
            Op::F64_LT => u64::from(a < b),
            Op::F64_EQ => u64::from(a == b),
            Op::F64_NE => u64::from(a != b),
            _ => panic!("the interpreter does not know {op:?}"),
        });
    }
    if op.row().params[0] == swasm_tree::ValType::I64 {
        return Ok(match op {
            Op::I64_ADD => a.wrapping_add(b),
            Op::I64_SUB => a.wrapping_sub(b),
            Op::I64_MUL => a.wrapping_mul(b),
            Op::I64_XOR => a ^ b,
            Op::I64_AND => a & b,
            Op::I64_SHL => a.wrapping_shl(b as u32),
            Op::I64_SHR_U => a.wrapping_shr(b as u32),
            Op::I64_GT_S => u64::from((a as i64) > b as i64),
            Op::I64_LE_S => u64::from((a as i64) <= b as i64),
            Op::I64_LT_U => u64::from(a < b),
            Op::I64_GT_U => u64::from(a > b),
            Op::I64_LE_U => u64::from(a <= b),
            Op::I64_GE_U => u64::from(a >= b),
            Op::I64_LT_S => u64::from((a as i64) < b as i64),
            Op::I64_GE_S => u64::from((a as i64) >= b as i64),
            Op::I64_EQ => u64::from(a == b),
            Op::I64_NE => u64::from(a != b),
            _ => panic!("the interpreter does not know {op:?}"),
        });
    }
    let (s, t) = (x as i32, y as i32);
    Ok(u64::from(match op {
        Op::I32_ADD => x.wrapping_add(y),
        Op::I32_SUB => x.wrapping_sub(y),
        Op::I32_MUL => x.wrapping_mul(y),
        Op::I32_AND => x & y,
        Op::I32_OR => x | y,
        Op::I32_XOR => x ^ y,
        Op::I32_SHL => x.wrapping_shl(y),
        Op::I32_SHR_U => x.wrapping_shr(y),
        Op::I32_SHR_S => s.wrapping_shr(y) as u32,
        Op::I32_DIV_U => x.checked_div(y).ok_or("divide by zero")?,
        Op::I32_REM_S => {
            if t == 0 {
                return Err("divide by zero");
            }
            s.wrapping_rem(t) as u32
        }
        Op::I32_EQ => u32::from(x == y),
        Op::I32_NE => u32::from(x != y),
        Op::I32_LT_S => u32::from(s < t),
        Op::I32_LT_U => u32::from(x < y),
        Op::I32_GT_S => u32::from(s > t),
        Op::I32_GT_U => u32::from(x > y),
        Op::I32_LE_S => u32::from(s <= t),
        Op::I32_LE_U => u32::from(x <= y),
        Op::I32_GE_S => u32::from(s >= t),
        Op::I32_GE_U => u32::from(x >= y),
        _ => panic!("the interpreter does not know {op:?}"),
    }))
}
