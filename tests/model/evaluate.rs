//! A program and its calls ⇒ what they give: results, traps, the trace, statics. Written from docs/language.md, to hold the compiler to it.
//!
//! Names are looked up where they are used, as the text's are. A program that is none (shrinking makes such) is [`Stop::Invalid`].

use crate::ast::{
    Arm, BinaryOp, Block, Expr, Int, Kind, Method, Module, Name, Pattern, Statement, Target, Ty,
    Value,
};
use crate::number::{self, Trap};
use crate::print::note;

/// Steps after which a program is given up: loops over loops over calls.
pub(crate) const STEPS: u64 = 60_000;
/// The compiler takes indices apart in 128 bits; what needs more is left open.
const FARTHEST: u128 = 1 << 119;
/// Calls that may be open at once.
const CALLS: usize = 200;

/// Why an expression gives no value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Stop {
    Trap(Trap),
    Break(Option<Name>, Value),
    Continue(Option<Name>),
    Return(Value),
    Become(usize, Vec<Value>),
    /// Too long, or too deep.
    Limit,
    /// Not a program, or one whose behaviour is left open (reading memory that nobody wrote).
    Invalid(&'static str),
}

type Result<T> = std::result::Result<T, Stop>;

/// What one call gave.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Observed {
    pub(crate) result: std::result::Result<Value, Trap>,
    pub(crate) trace: u64,
    /// The exported statics.
    pub(crate) statics: Vec<Value>,
}

/// What the calls of a module give; none if the module is given up.
pub(crate) fn evaluate(module: &Module) -> std::result::Result<Vec<Observed>, Stop> {
    let mut machine = Machine {
        module,
        consts: Vec::new(),
        statics: Vec::new(),
        buffers: Vec::new(),
        trace: 0,
        steps: 0,
        calls: 0,
    };
    for item in &module.consts {
        let value = machine.expr(&item.value, &mut Frame::default())?;
        machine.consts.push(value);
    }
    for item in &module.statics {
        let value = machine.expr(&item.value, &mut Frame::default())?;
        machine.statics.push(value);
    }
    for data in &module.data {
        let mut bytes = Vec::new();
        for element in &data.elements {
            let encoded = encode(element).ok_or(Stop::Invalid("an element"))?;
            bytes.resize(bytes.len().next_multiple_of(encoded.len()), 0);
            bytes.extend(encoded);
        }
        machine.buffers.push(Buffer { bytes, written: true, writable: data.writable });
    }
    let mut observed = Vec::new();
    for (function, arguments) in &module.calls {
        machine.calls = 0;
        let result = match machine.call(*function, arguments.clone()) {
            Ok(value) => Ok(value),
            Err(Stop::Trap(trap)) => Err(trap),
            Err(stop) => return Err(stop),
        };
        let statics = module
            .statics
            .iter()
            .zip(&machine.statics)
            .filter(|(item, _)| item.exported && !item.omitted);
        observed.push(Observed {
            result,
            trace: machine.trace,
            statics: statics.map(|(_, value)| value.clone()).collect(),
        });
    }
    Ok(observed)
}

/// The value of a constant expression of the module.
pub(crate) fn constant(module: &Module, expr: &Expr) -> Result<Value> {
    let mut machine = Machine {
        module,
        consts: Vec::new(),
        statics: Vec::new(),
        buffers: Vec::new(),
        trace: 0,
        steps: 0,
        calls: 0,
    };
    for item in &module.consts {
        let value = machine.expr(&item.value, &mut Frame::default())?;
        machine.consts.push(value);
    }
    machine.expr(expr, &mut Frame::default())
}

struct Buffer {
    bytes: Vec<u8>,
    /// Whether its contents are specified.
    written: bool,
    writable: bool,
}

struct Machine<'m> {
    module: &'m Module,
    consts: Vec<Value>,
    statics: Vec<Value>,
    buffers: Vec<Buffer>,
    trace: u64,
    steps: u64,
    calls: usize,
}

/// The variables of a call, innermost last; none is declared and not assigned yet.
#[derive(Default)]
struct Frame {
    locals: Vec<(Name, Option<Value>)>,
    /// Names of allocators, a kind of variable of their own.
    allocators: Vec<Name>,
}

/// What can be assigned, its operands evaluated.
enum Place {
    Local(usize, Vec<usize>),
    Static(usize, Vec<usize>),
    /// A scalar in memory.
    Memory {
        buffer: usize,
        at: usize,
        ty: Ty,
    },
}

const UNIT: Value = Value::Unit;

fn outcome(outcome: number::Outcome) -> Result<Value> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(trap)) => Err(Stop::Trap(trap)),
        Err(number::IllTyped) => Err(Stop::Invalid("operands")),
    }
}

fn truth(value: &Value) -> Result<bool> {
    if let Value::Bool(truth) = value { Ok(*truth) } else { Err(Stop::Invalid("a condition")) }
}

fn integer(value: &Value) -> Result<i128> {
    if let Value::Int(_, number) = value { Ok(*number) } else { Err(Stop::Invalid("an integer")) }
}

/// The bytes of a scalar in memory, little-endian.
pub(crate) fn encode(value: &Value) -> Option<Vec<u8>> {
    Some(match value {
        Value::Int(int, x) => x.to_le_bytes()[..int.width() as usize / 8].to_vec(),
        Value::F32(x) => x.to_le_bytes().to_vec(),
        Value::F64(x) => x.to_le_bytes().to_vec(),
        Value::Bool(_)
        | Value::Char(_)
        | Value::Unit
        | Value::Struct(..)
        | Value::Pointer(_)
        | Value::Segment { .. } => return None,
    })
}

/// How many bytes a scalar of memory has.
pub(crate) fn size_of(ty: Ty) -> Option<usize> {
    Some(match ty {
        Ty::Int(int) => int.width() as usize / 8,
        Ty::F32 => 4,
        Ty::F64 => 8,
        Ty::Bool | Ty::Char | Ty::Unit | Ty::Struct(_) | Ty::Pointer(_) | Ty::Segment => {
            return None;
        }
    })
}

fn decode(ty: Ty, bytes: &[u8]) -> Option<Value> {
    let mut wide = [0; 16];
    wide[..bytes.len()].copy_from_slice(bytes);
    let number = i128::from_le_bytes(wide);
    Some(match ty {
        Ty::Int(int) => Value::Int(int, int.wrap(number)),
        Ty::F32 => Value::F32(f32::from_bits(number as u32)),
        Ty::F64 => Value::F64(f64::from_bits(number as u64)),
        Ty::Bool | Ty::Char | Ty::Unit | Ty::Struct(_) | Ty::Pointer(_) | Ty::Segment => {
            return None;
        }
    })
}

/// The bits that a scalar is traced by.
pub(crate) fn trace_bits(value: &Value) -> Option<u64> {
    Some(match value {
        Value::Int(_, x) => *x as u64,
        Value::Bool(x) => u64::from(*x),
        Value::Char(x) => u64::from(u32::from(*x)),
        Value::F32(x) => {
            if x.is_nan() {
                1
            } else {
                u64::from(x.to_bits())
            }
        }
        Value::F64(x) => {
            if x.is_nan() {
                1
            } else {
                x.to_bits()
            }
        }
        Value::Unit | Value::Struct(..) | Value::Pointer(_) | Value::Segment { .. } => return None,
    })
}

impl Machine<'_> {
    fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps > STEPS { Err(Stop::Limit) } else { Ok(()) }
    }

    fn call(&mut self, function: usize, arguments: Vec<Value>) -> Result<Value> {
        if self.calls >= CALLS {
            return Err(Stop::Limit);
        }
        self.calls += 1;
        let (mut function, mut arguments) = (function, arguments);
        let result = loop {
            self.step()?;
            let Some(called) = self.module.functions.get(function) else {
                return Err(Stop::Invalid("a function"));
            };
            if called.omitted || called.params.len() != arguments.len() {
                return Err(Stop::Invalid("arguments"));
            }
            let mut frame = Frame::default();
            for (param, argument) in called.params.iter().zip(arguments) {
                frame.locals.push((param.name, Some(argument)));
            }
            match self.block(&called.body, &mut frame) {
                Err(Stop::Return(value)) => break value,
                Err(Stop::Become(next, with)) => (function, arguments) = (next, with),
                Ok(value) => break value,
                Err(stop) => return Err(stop),
            }
        };
        self.calls -= 1;
        Ok(result)
    }

    fn block(&mut self, block: &Block, frame: &mut Frame) -> Result<Value> {
        let (locals, allocators) = (frame.locals.len(), frame.allocators.len());
        let result = self.statements(block, frame);
        frame.locals.truncate(locals);
        frame.allocators.truncate(allocators);
        result
    }

    fn statements(&mut self, block: &Block, frame: &mut Frame) -> Result<Value> {
        for statement in &block.statements {
            self.step()?;
            match statement {
                Statement::Let { name, value, .. } => {
                    let value = self.expr(value, frame)?;
                    frame.locals.push((name, Some(value)));
                }
                Statement::Declare { name, .. } => frame.locals.push((name, None)),
                Statement::Destructure { fields, value, .. } => {
                    let Value::Struct(_, values) = self.expr(value, frame)? else {
                        return Err(Stop::Invalid("no struct"));
                    };
                    for (field, name, _) in fields {
                        let value = values.get(*field).cloned().ok_or(Stop::Invalid("a field"))?;
                        frame.locals.push((name, Some(value)));
                    }
                }
                Statement::Expr(value) => {
                    self.expr(value, frame)?;
                }
            }
        }
        match &block.tail {
            Some(tail) => self.expr(tail, frame),
            None => Ok(UNIT),
        }
    }

    fn all(&mut self, list: &[Expr], frame: &mut Frame) -> Result<Vec<Value>> {
        list.iter().map(|expr| self.expr(expr, frame)).collect()
    }

    fn expr(&mut self, expr: &Expr, frame: &mut Frame) -> Result<Value> {
        self.step()?;
        Ok(match &expr.kind {
            Kind::Literal(value, _) => value.clone(),
            Kind::Const(index) => {
                self.consts.get(*index).cloned().ok_or(Stop::Invalid("a const"))?
            }
            Kind::Local(name) => {
                let local = frame
                    .locals
                    .iter()
                    .rev()
                    .find(|(other, _)| other == name)
                    .ok_or(Stop::Invalid("a local"))?;
                local.1.clone().ok_or(Stop::Invalid("not assigned"))?
            }
            Kind::Static(index) => {
                self.statics.get(*index).cloned().ok_or(Stop::Invalid("a static"))?
            }
            Kind::Data(index) => Value::Segment {
                buffer: *index,
                start: 0,
                size: self.buffers[*index].bytes.len() as u64,
            },
            Kind::Field(base, field) => match self.expr(base, frame)? {
                Value::Struct(_, fields) => {
                    fields.get(*field).cloned().ok_or(Stop::Invalid("a field"))?
                }
                _ => return Err(Stop::Invalid("no struct")),
            },
            Kind::Unary(op, operand) => {
                let operand = self.expr(operand, frame)?;
                outcome(number::unary(*op, operand))?
            }
            Kind::Binary(op, left, right) => {
                let left = self.expr(left, frame)?;
                let right = self.expr(right, frame)?;
                outcome(number::binary(*op, left, right))?
            }
            Kind::AndThen(left, right) => {
                let left = self.expr(left, frame)?;
                if truth(&left)? { self.expr(right, frame)? } else { left }
            }
            Kind::OrElse(left, right) => {
                let left = self.expr(left, frame)?;
                if truth(&left)? { left } else { self.expr(right, frame)? }
            }
            Kind::Cast(operand) => {
                let operand = self.expr(operand, frame)?;
                outcome(number::cast(operand, expr.ty))?
            }
            Kind::Call(function, arguments) | Kind::CallMethod(function, arguments) => {
                let arguments = self.all(arguments, frame)?;
                self.call(*function, arguments)?
            }
            Kind::CallTemplate(template, arguments) => {
                let arguments = self.all(arguments, frame)?;
                outcome(number::template(*template, &arguments))?
            }
            Kind::CallPointer(callee, arguments) => {
                let (function, arguments) = self.pointer_call(callee, arguments, frame)?;
                self.call(function, arguments)?
            }
            Kind::Library(method, arguments) => {
                let arguments = self.all(arguments, frame)?;
                // The sign of a NaN is left open.
                if *method == Method::Copysign
                    && matches!(arguments[1], Value::F32(x) if x.is_nan())
                {
                    return Err(Stop::Invalid("the sign of a NaN"));
                }
                if *method == Method::Copysign
                    && matches!(arguments[1], Value::F64(x) if x.is_nan())
                {
                    return Err(Stop::Invalid("the sign of a NaN"));
                }
                outcome(number::method(*method, &arguments))?
            }
            Kind::Function(function) | Kind::Forged(function) => {
                Value::Pointer(Target::Function(*function))
            }
            Kind::IsNull(pointer) => match self.expr(pointer, frame)? {
                Value::Pointer(target) => Value::Bool(target == Target::Null),
                _ => return Err(Stop::Invalid("no pointer")),
            },
            Kind::Struct(of, inits) => {
                let mut fields = vec![None; inits.len()];
                for (field, value) in inits {
                    let value = self.expr(value, frame)?;
                    *fields.get_mut(*field).ok_or(Stop::Invalid("a field"))? = Some(value);
                }
                Value::Struct(
                    *of,
                    fields.into_iter().collect::<Option<_>>().ok_or(Stop::Invalid("a field"))?,
                )
            }
            Kind::Trace(id, value) => {
                let value = self.expr(value, frame)?;
                self.trace =
                    note(self.trace, *id, trace_bits(&value).ok_or(Stop::Invalid("a scalar"))?);
                value
            }
            Kind::If(condition, yes, no) => {
                let condition = self.expr(condition, frame)?;
                match (truth(&condition)?, no) {
                    (true, _) => self.block(yes, frame)?,
                    (false, Some(no)) => self.block(no, frame)?,
                    (false, None) => UNIT,
                }
            }
            Kind::Match(scrutinee, arms) => {
                let value = self.expr(scrutinee, frame)?;
                self.arms(&value, arms, frame)?
            }
            Kind::Block(label, block) => match self.block(block, frame) {
                Err(Stop::Break(Some(to), value)) if Some(to) == *label => value,
                result => result?,
            },
            Kind::Loop(label, body) => loop {
                if let Some(value) = self.round(*label, body, frame)? {
                    break value;
                }
            },
            Kind::While(label, condition, body) => loop {
                let condition = match self.expr(condition, frame) {
                    Err(Stop::Break(to, _)) if to.is_none() || to == *label => break UNIT,
                    Err(Stop::Continue(to)) if to.is_none() || to == *label => continue,
                    condition => condition?,
                };
                if !truth(&condition)? || self.round(*label, body, frame)?.is_some() {
                    break UNIT;
                }
            },
            Kind::For(it) => {
                let start = self.expr(&it.start, frame)?;
                let end = self.expr(&it.end, frame)?;
                let (Value::Int(int, mut at), end) = (start, integer(&end)?) else {
                    return Err(Stop::Invalid("bounds"));
                };
                while at < end || (it.inclusive && at == end) {
                    frame.locals.push((it.name, Some(Value::Int(int, at))));
                    let round = self.round(it.label, &it.body, frame);
                    frame.locals.pop();
                    if round?.is_some() {
                        break;
                    }
                    at += 1;
                }
                UNIT
            }
            Kind::Break(label, value) => {
                let value = value.as_ref().map_or(Ok(UNIT), |value| self.expr(value, frame))?;
                return Err(Stop::Break(*label, value));
            }
            Kind::Continue(label) => return Err(Stop::Continue(*label)),
            Kind::Return(value) => {
                let value = value.as_ref().map_or(Ok(UNIT), |value| self.expr(value, frame))?;
                return Err(Stop::Return(value));
            }
            Kind::Become(call) => match &call.kind {
                Kind::Call(function, arguments) | Kind::CallMethod(function, arguments) => {
                    let arguments = self.all(arguments, frame)?;
                    return Err(Stop::Become(*function, arguments));
                }
                Kind::CallPointer(callee, arguments) => {
                    let (function, arguments) = self.pointer_call(callee, arguments, frame)?;
                    return Err(Stop::Become(function, arguments));
                }
                _ => return Err(Stop::Invalid("no call")),
            },
            Kind::Assign(place, value) => {
                let place = self.place(place, frame)?;
                let value = self.expr(value, frame)?;
                self.write(&place, value, frame)?
            }
            Kind::AssignOp(op, place, value) => {
                let place = self.place(place, frame)?;
                let old = self.read(&place, frame)?;
                let value = self.expr(value, frame)?;
                let new = outcome(number::binary(*op, old, value))?;
                self.write(&place, new, frame)?
            }
            Kind::Element(..) => {
                let place = self.place(expr, frame)?;
                self.read(&place, frame)?
            }
            Kind::Get(segment, offset) => {
                let segment = self.expr(segment, frame)?;
                let offset = self.expr(offset, frame)?;
                let place = self.within(&segment, integer(&offset)?, expr.ty)?;
                self.read(&place, frame)?
            }
            Kind::Set(segment, offset, value) => {
                let ty = value.ty;
                let segment = self.expr(segment, frame)?;
                let offset = self.expr(offset, frame)?;
                let value = self.expr(value, frame)?;
                let place = self.within(&segment, integer(&offset)?, ty)?;
                self.write(&place, value, frame)?
            }
            Kind::Size(segment) => match self.expr(segment, frame)? {
                Value::Segment { size, .. } => Value::Int(Int::Addr, i128::from(size)),
                _ => return Err(Stop::Invalid("no segment")),
            },
            Kind::Slice(segment, offset, size) => {
                let segment = self.expr(segment, frame)?;
                let offset = self.expr(offset, frame)?;
                let size = self.expr(size, frame)?;
                let (Value::Segment { buffer, start, size: whole }, offset, size) =
                    (segment, integer(&offset)? as u64, integer(&size)? as u64)
                else {
                    return Err(Stop::Invalid("no segment"));
                };
                if offset + size > whole {
                    return Err(Stop::Trap(Trap::Bounds {
                        offset: i128::from(offset),
                        width: size,
                        size: whole,
                    }));
                }
                Value::Segment { buffer, start: start + offset, size }
            }
            Kind::Fill(segment, value) => {
                let segment = self.expr(segment, frame)?;
                let value = self.expr(value, frame)?;
                let (buffer, range) = self.range(&segment)?;
                let byte = integer(&value)? as u8;
                let buffer = self.writable(buffer)?;
                // Only a segment of its own specifies what was allocated.
                buffer.written |= range.len() == buffer.bytes.len();
                buffer.bytes[range].fill(byte);
                UNIT
            }
            Kind::CopyFrom(target, source) => {
                let target = self.expr(target, frame)?;
                let source = self.expr(source, frame)?;
                let ((to, to_range), (from, from_range)) =
                    (self.range(&target)?, self.range(&source)?);
                if to_range.len() != from_range.len() {
                    let (target, source) = (to_range.len() as u64, from_range.len() as u64);
                    return Err(Stop::Trap(Trap::SizeMismatch { target, source }));
                }
                let bytes = self.readable(from)?[from_range].to_vec();
                let buffer = self.writable(to)?;
                buffer.written |= to_range.len() == buffer.bytes.len();
                buffer.bytes[to_range].copy_from_slice(&bytes);
                UNIT
            }
            Kind::Compare(left, right) => {
                let left = self.expr(left, frame)?;
                let right = self.expr(right, frame)?;
                let ((a, a_range), (b, b_range)) = (self.range(&left)?, self.range(&right)?);
                let left = self.readable(a)?[a_range].to_vec();
                let order = left.as_slice().cmp(&self.readable(b)?[b_range]);
                Value::Int(Int::I32, order as i128)
            }
            Kind::Scope(name, body) => {
                frame.allocators.push(name);
                let result = self.block(body, frame);
                frame.allocators.pop();
                result?
            }
            Kind::Allocate(name, size, _) => {
                if !frame.allocators.contains(name) {
                    return Err(Stop::Invalid("an allocator"));
                }
                self.buffers.push(Buffer {
                    bytes: vec![0; *size as usize],
                    written: *size == 0,
                    writable: true,
                });
                Value::Segment { buffer: self.buffers.len() - 1, start: 0, size: u64::from(*size) }
            }
        })
    }

    /// Once through a loop's body; a value if that leaves the loop.
    fn round(
        &mut self,
        label: Option<Name>,
        body: &Block,
        frame: &mut Frame,
    ) -> Result<Option<Value>> {
        let ours = |to: &Option<Name>| to.is_none() || *to == label;
        match self.block(body, frame) {
            Ok(_) => Ok(None),
            Err(Stop::Continue(to)) if ours(&to) => Ok(None),
            Err(Stop::Break(to, value)) if ours(&to) => Ok(Some(value)),
            Err(stop) => Err(stop),
        }
    }

    fn pointer_call(
        &mut self,
        callee: &Expr,
        arguments: &[Expr],
        frame: &mut Frame,
    ) -> Result<(usize, Vec<Value>)> {
        let Ty::Pointer(signature) = callee.ty else { return Err(Stop::Invalid("no pointer")) };
        let callee = self.expr(callee, frame)?;
        let arguments = self.all(arguments, frame)?;
        match callee {
            Value::Pointer(Target::Null) => Err(Stop::Trap(Trap::NullCall)),
            Value::Pointer(Target::Function(function)) => {
                let called =
                    self.module.functions.get(function).ok_or(Stop::Invalid("a function"))?;
                let signature =
                    self.module.signatures.get(signature).ok_or(Stop::Invalid("a signature"))?;
                // Signatures are compared as WebAssembly has them; the generator forges only what differs there, or not at all.
                let same = called.result == signature.result
                    && called
                        .params
                        .iter()
                        .map(|param| param.ty)
                        .eq(signature.params.iter().copied());
                if same { Ok((function, arguments)) } else { Err(Stop::Trap(Trap::BadSignature)) }
            }
            _ => Err(Stop::Invalid("no pointer")),
        }
    }

    fn arms(&mut self, value: &Value, arms: &[Arm], frame: &mut Frame) -> Result<Value> {
        for arm in arms {
            let mut bound = None;
            let mut matches = false;
            for pattern in &arm.patterns {
                matches |= match pattern {
                    Pattern::Value(wanted, _) => number_of(wanted) == number_of(value),
                    Pattern::Const(index) => {
                        number_of(self.consts.get(*index).ok_or(Stop::Invalid("a const"))?)
                            == number_of(value)
                    }
                    Pattern::Range(from, to, inclusive) => {
                        let at = number_of(value);
                        from.as_ref().is_none_or(|from| number_of(from) <= at)
                            && to.as_ref().is_none_or(|to| {
                                at < number_of(to) || (*inclusive && at == number_of(to))
                            })
                    }
                    Pattern::Bind(name) => {
                        bound = Some(*name);
                        true
                    }
                    Pattern::Wildcard => true,
                };
            }
            if !matches {
                continue;
            }
            let mark = frame.locals.len();
            if let Some(name) = bound {
                frame.locals.push((name, Some(value.clone())));
            }
            let result = self.arm(arm, frame);
            frame.locals.truncate(mark);
            if let Some(value) = result? {
                return Ok(value);
            }
        }
        Err(Stop::Invalid("no arm"))
    }

    fn arm(&mut self, arm: &Arm, frame: &mut Frame) -> Result<Option<Value>> {
        if let Some(guard) = &arm.guard {
            let guard = self.expr(guard, frame)?;
            if !truth(&guard)? {
                return Ok(None);
            }
        }
        self.expr(&arm.body, frame).map(Some)
    }

    // ---- places

    /// Evaluates the operands of a place, once, and for an element whether it is inside its segment.
    fn place(&mut self, expr: &Expr, frame: &mut Frame) -> Result<Place> {
        match &expr.kind {
            Kind::Local(name) => {
                let at = frame
                    .locals
                    .iter()
                    .rposition(|(other, _)| other == name)
                    .ok_or(Stop::Invalid("a local"))?;
                Ok(Place::Local(at, Vec::new()))
            }
            Kind::Static(index) => Ok(Place::Static(*index, Vec::new())),
            Kind::Field(base, field) => {
                let mut place = self.place(base, frame)?;
                match &mut place {
                    Place::Local(_, path) | Place::Static(_, path) => path.push(*field),
                    Place::Memory { .. } => return Err(Stop::Invalid("a field of an element")),
                }
                Ok(place)
            }
            Kind::Element(segment, index) => {
                let segment = self.expr(segment, frame)?;
                let index = self.index(index, frame)?;
                let size = size_of(expr.ty).ok_or(Stop::Invalid("an element's type"))?;
                self.within(&segment, index * size as i128, expr.ty)
            }
            _ => Err(Stop::Invalid("no place")),
        }
    }

    /// An index: `+ - *` by constants at its top are exact.
    fn index(&mut self, expr: &Expr, frame: &mut Frame) -> Result<i128> {
        if let Kind::Binary(op @ (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul), left, right) =
            &expr.kind
            && (is_constant(left) || is_constant(right))
        {
            self.step()?;
            let left = self.index(left, frame)?;
            let right = self.index(right, frame)?;
            let exact = match op {
                BinaryOp::Add => left.checked_add(right),
                BinaryOp::Sub => left.checked_sub(right),
                _ => left.checked_mul(right),
            };
            return exact
                .filter(|exact| exact.unsigned_abs() < FARTHEST)
                .ok_or(Stop::Invalid("an index beyond all bounds"));
        }
        let value = self.expr(expr, frame)?;
        integer(&value)
    }

    fn within(&self, segment: &Value, offset: i128, ty: Ty) -> Result<Place> {
        let width = size_of(ty).ok_or(Stop::Invalid("an element's type"))?;
        let Value::Segment { buffer, start, size } = *segment else {
            return Err(Stop::Invalid("no segment"));
        };
        if offset < 0 || offset + width as i128 > i128::from(size) {
            return Err(Stop::Trap(Trap::Bounds { offset, width: width as u64, size }));
        }
        Ok(Place::Memory { buffer, at: start as usize + offset as usize, ty })
    }

    fn range(&self, segment: &Value) -> Result<(usize, std::ops::Range<usize>)> {
        let Value::Segment { buffer, start, size } = *segment else {
            return Err(Stop::Invalid("no segment"));
        };
        Ok((buffer, start as usize..(start + size) as usize))
    }

    fn readable(&self, buffer: usize) -> Result<&[u8]> {
        let buffer = &self.buffers[buffer];
        if buffer.written {
            Ok(&buffer.bytes)
        } else {
            Err(Stop::Invalid("memory that nobody wrote"))
        }
    }

    fn writable(&mut self, buffer: usize) -> Result<&mut Buffer> {
        let buffer = &mut self.buffers[buffer];
        if buffer.writable { Ok(buffer) } else { Err(Stop::Invalid("read-only memory")) }
    }

    fn read(&self, place: &Place, frame: &Frame) -> Result<Value> {
        let (mut value, path) = match place {
            Place::Local(at, path) => {
                (frame.locals[*at].1.as_ref().ok_or(Stop::Invalid("not assigned"))?, path)
            }
            Place::Static(index, path) => {
                (self.statics.get(*index).ok_or(Stop::Invalid("a static"))?, path)
            }
            Place::Memory { buffer, at, ty } => {
                let size = size_of(*ty).ok_or(Stop::Invalid("an element's type"))?;
                let bytes = &self.readable(*buffer)?[*at..*at + size];
                return decode(*ty, bytes).ok_or(Stop::Invalid("an element's type"));
            }
        };
        for field in path {
            let Value::Struct(_, fields) = value else { return Err(Stop::Invalid("no struct")) };
            value = fields.get(*field).ok_or(Stop::Invalid("a field"))?;
        }
        Ok(value.clone())
    }

    fn write(&mut self, place: &Place, new: Value, frame: &mut Frame) -> Result<Value> {
        let (mut value, path) = match place {
            Place::Local(at, path) if path.is_empty() => {
                frame.locals[*at].1 = Some(new);
                return Ok(UNIT);
            }
            Place::Local(at, path) => {
                (frame.locals[*at].1.as_mut().ok_or(Stop::Invalid("not assigned"))?, path)
            }
            Place::Static(index, path) => {
                (self.statics.get_mut(*index).ok_or(Stop::Invalid("a static"))?, path)
            }
            Place::Memory { buffer, at, ty: _ } => {
                let bytes = encode(&new).ok_or(Stop::Invalid("an element's type"))?;
                self.writable(*buffer)?.bytes[*at..*at + bytes.len()].copy_from_slice(&bytes);
                return Ok(UNIT);
            }
        };
        for field in path {
            let Value::Struct(_, fields) = value else { return Err(Stop::Invalid("no struct")) };
            value = fields.get_mut(*field).ok_or(Stop::Invalid("a field"))?;
        }
        *value = new;
        Ok(UNIT)
    }
}

/// The number that a scalar of a pattern is compared by.
pub(crate) fn number_of(value: &Value) -> i128 {
    match value {
        Value::Int(_, x) => *x,
        Value::Bool(x) => i128::from(*x),
        Value::Char(x) => i128::from(u32::from(*x)),
        Value::F32(_)
        | Value::F64(_)
        | Value::Unit
        | Value::Struct(..)
        | Value::Pointer(_)
        | Value::Segment { .. } => -1,
    }
}

/// A literal or a named constant.
fn is_constant(expr: &Expr) -> bool {
    matches!(expr.kind, Kind::Literal(..) | Kind::Const(_))
}
