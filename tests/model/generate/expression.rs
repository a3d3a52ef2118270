//! Expressions of a wanted type.

use super::{DEPTH, Generator, Literals, State};
use crate::ast::{
    ADDR, BinaryOp, Expr, INTS, Int, Kind, Method, Name, Signature, TEMPLATES, Template, Ty, U32,
    UnaryOp, Value,
};
use crate::evaluate::size_of;
use crate::number::{METHODS, method_signature, template_signature};

const ARITHMETIC: [BinaryOp; 8] = [
    BinaryOp::Add,
    BinaryOp::Sub,
    BinaryOp::Mul,
    BinaryOp::Div,
    BinaryOp::Rem,
    BinaryOp::And,
    BinaryOp::Or,
    BinaryOp::Xor,
];
const COMPARISONS: [BinaryOp; 6] =
    [BinaryOp::Eq, BinaryOp::Ne, BinaryOp::Lt, BinaryOp::Le, BinaryOp::Gt, BinaryOp::Ge];

/// Functions that cost more than this are not called from others.
const DEAR: usize = 1500;

impl Generator {
    /// An operand: an expression that has the type, or now and then one that does not complete.
    pub(super) fn operand(&mut self, ty: Ty, literals: Literals, depth: usize) -> Expr {
        if self.dice.one_in(70) && self.cx.budget > 0 {
            return self.jump(ty, depth);
        }
        self.expr(ty, literals, depth)
    }

    /// An expression whose type is known to be `ty`, if `literals` are given theirs.
    pub(super) fn expr(&mut self, ty: Ty, literals: Literals, depth: usize) -> Expr {
        if depth == 0 || !self.spend() {
            return self.leaf(ty, literals);
        }
        let depth = depth - 1;
        let scalar = !matches!(ty, Ty::Unit | Ty::Struct(_) | Ty::Pointer(_) | Ty::Segment);
        if scalar && self.dice.one_in(7) {
            self.notes += 1;
            let value = self.operand(ty, Literals::Place, depth);
            return Expr::new(ty, Kind::Trace(self.notes, value.boxed()));
        }
        match self.dice.below(20) {
            0..3 => self.leaf(ty, literals),
            3 => self.choice(ty, literals, depth),
            4 => self.matching(ty, literals, depth),
            5 => {
                let block = self.nested(ty, literals, depth);
                Expr::new(ty, Kind::Block(None, block))
            }
            6 if literals != Literals::Beside => self.looping(ty, literals, depth),
            7 | 8 => self.call_giving(ty, depth).unwrap_or_else(|| self.leaf(ty, literals)),
            9 if self.dice.one_in(3) => self.scope(ty, literals, depth),
            10 => self.field_giving(ty, depth).unwrap_or_else(|| self.leaf(ty, literals)),
            _ => self.operation(ty, literals, depth),
        }
    }

    fn leaf(&mut self, ty: Ty, literals: Literals) -> Expr {
        let places = self.places(ty, false);
        if ty == Ty::Segment {
            let place = if places.is_empty() || self.dice.one_in(3) {
                None
            } else {
                Some(self.dice.pick(&places))
            };
            return place.unwrap_or_else(|| {
                let writable = self.integer_data(true);
                Expr::new(ty, Kind::Data(self.dice.pick(&writable)))
            });
        }
        if !places.is_empty() && self.dice.percent(65) {
            return self.dice.pick(&places);
        }
        if let Ty::Pointer(signature) = ty {
            return self.pointer(signature, literals);
        }
        let consts: Vec<usize> = (0..self.module.consts.len())
            .filter(|index| self.module.consts[*index].ty == ty)
            .collect();
        if !consts.is_empty() && self.dice.one_in(4) {
            return Expr::new(ty, Kind::Const(self.dice.pick(&consts)));
        }
        self.literal(ty, literals)
    }

    /// A pointer to a function before this one, null, or now and then one that lies about its signature.
    fn pointer(&mut self, signature: usize, literals: Literals) -> Expr {
        let ty = Ty::Pointer(signature);
        let wanted = self.module.signatures[signature].clone();
        let signature_of = |function: &crate::ast::Function| Signature {
            params: function.params.iter().map(|param| param.ty).collect(),
            result: function.result,
        };
        let (mut fitting, mut others) = (Vec::new(), Vec::new());
        for (index, function) in self.module.functions.iter().enumerate().take(self.cx.index) {
            if function.of.is_some() || self.recursive[index].is_some() || self.costs[index] > DEAR
            {
                continue;
            }
            let has = signature_of(function);
            if has == wanted {
                fitting.push(index);
            } else if self.core_types(&has) != self.core_types(&wanted) {
                others.push(index);
            }
        }
        if !fitting.is_empty() && !self.dice.one_in(12) {
            let function = self.dice.pick(&fitting);
            let named = literals == Literals::Place && self.dice.one_in(2);
            return Expr::new(
                ty,
                if named { Kind::Function(function) } else { Kind::Forged(function) },
            );
        }
        if !others.is_empty() && self.dice.one_in(3) {
            return Expr::new(ty, Kind::Forged(self.dice.pick(&others)));
        }
        self.literal(ty, literals)
    }

    /// The types of WebAssembly that a signature has: a call through a pointer compares these.
    fn core_types(&self, signature: &Signature) -> (Vec<char>, Vec<char>) {
        let mut params = Vec::new();
        signature.params.iter().for_each(|ty| self.core(*ty, &mut params));
        let mut results = Vec::new();
        self.core(signature.result, &mut results);
        (params, results)
    }

    fn core(&self, ty: Ty, out: &mut Vec<char>) {
        match ty {
            Ty::Int(Int::I64 | Int::U64) => out.push('l'),
            Ty::Int(_) | Ty::Bool | Ty::Char | Ty::Pointer(_) => out.push('i'),
            Ty::F32 => out.push('f'),
            Ty::F64 => out.push('d'),
            Ty::Unit => (),
            Ty::Struct(of) => self.module.structs[of].iter().for_each(|ty| self.core(*ty, out)),
            Ty::Segment => out.extend(['i', 'i']),
        }
    }

    /// What operators and methods give.
    fn operation(&mut self, ty: Ty, literals: Literals, depth: usize) -> Expr {
        match ty {
            Ty::Int(int) => self.integer_operation(int, literals, depth),
            Ty::Bool => self.condition(depth),
            Ty::Char if self.dice.one_in(2) => {
                let byte = self.operand(Ty::Int(Int::U8), Literals::Suffixed, depth);
                Expr::new(ty, Kind::Cast(byte.boxed()))
            }
            Ty::F32 | Ty::F64 => self.float_operation(ty, literals, depth),
            Ty::Struct(of) => {
                let fields = self.module.structs[of].clone();
                let mut inits: Vec<usize> = (0..fields.len()).collect();
                // As written is the order of evaluation.
                for at in (1..inits.len()).rev() {
                    let other = self.dice.below(at + 1);
                    inits.swap(at, other);
                }
                let inits = inits
                    .into_iter()
                    .map(|field| (field, self.operand(fields[field], Literals::Place, depth)))
                    .collect();
                Expr::new(ty, Kind::Struct(of, inits))
            }
            Ty::Unit => {
                let target = self.scalar();
                self.assignment(target, depth).unwrap_or_else(|| self.leaf(ty, literals))
            }
            Ty::Segment if self.dice.one_in(2) => {
                let segment = self.expr(Ty::Segment, Literals::Free, depth);
                let (offset, size) = (self.small(ADDR, 3, depth), self.small(ADDR, 8, depth));
                Expr::new(ty, Kind::Slice(segment.boxed(), offset.boxed(), size.boxed()))
            }
            Ty::Char | Ty::Pointer(_) | Ty::Segment => self.leaf(ty, literals),
        }
    }

    /// Two operands of type `ty`, one of which gives the other's literals their type if nothing else does.
    fn pair(&mut self, ty: Ty, literals: Literals, depth: usize) -> (Expr, Expr) {
        let (left, right) = match literals {
            Literals::Place => (Literals::Place, Literals::Place),
            _ if self.dice.one_in(2) => (Literals::Beside, Literals::Suffixed),
            Literals::Beside => (Literals::Beside, Literals::Beside),
            Literals::Free => (Literals::Free, Literals::Place),
            Literals::Suffixed => (Literals::Suffixed, Literals::Place),
        };
        // What does not complete has no type to give.
        let left = if left == Literals::Beside {
            self.expr(ty, left, depth)
        } else {
            self.left(ty, left, depth)
        };
        let right = if is_jump(&left) {
            self.expr(ty, Literals::Suffixed, depth)
        } else if right == Literals::Place && literals != Literals::Place {
            self.operand(ty, right, depth)
        } else {
            self.expr(ty, right, depth)
        };
        (left, right)
    }

    fn left(&mut self, ty: Ty, literals: Literals, depth: usize) -> Expr {
        if literals == Literals::Place {
            self.operand(ty, literals, depth)
        } else {
            self.expr(ty, literals, depth)
        }
    }

    fn integer_operation(&mut self, int: Int, literals: Literals, depth: usize) -> Expr {
        let ty = Ty::Int(int);
        match self.dice.below(16) {
            0..5 => {
                let op = self.dice.pick(&ARITHMETIC);
                if matches!(op, BinaryOp::Div | BinaryOp::Rem)
                    && int.signed()
                    && self.dice.one_in(2)
                {
                    // The quotient that doesn't fit, and its neighbours.
                    let (least, most) =
                        (i128::from(self.dice.one_in(4)), i128::from(self.dice.one_in(4)));
                    let (left, right) =
                        (self.edge(int, int.min() + least), self.edge(int, -1 - most));
                    return Expr::new(ty, Kind::Binary(op, left.boxed(), right.boxed()));
                }
                let (left, right) = self.pair(ty, literals, depth);
                // Most divisors are odd, so that most programs go on.
                let right = if matches!(op, BinaryOp::Div | BinaryOp::Rem)
                    && !self.dice.one_in(5)
                    && !is_jump(&right)
                {
                    let one = Expr::int(int, 1);
                    Expr::new(ty, Kind::Binary(BinaryOp::Or, right.boxed(), one.boxed()))
                } else {
                    right
                };
                Expr::new(ty, Kind::Binary(op, left.boxed(), right.boxed()))
            }
            5 => {
                let op = self.dice.pick(&[BinaryOp::Shl, BinaryOp::Shr]);
                let left = self.expr(ty, literals, depth);
                let count = if self.dice.one_in(2) {
                    let count = Ty::Int(self.dice.pick(&INTS));
                    self.operand(count, Literals::Free, depth)
                } else {
                    Expr::int(Int::U32, self.dice.below(70) as i128)
                };
                Expr::new(ty, Kind::Binary(op, left.boxed(), count.boxed()))
            }
            6 => {
                let op =
                    if int.signed() && self.dice.one_in(2) { UnaryOp::Neg } else { UnaryOp::Not };
                let operand = self.expr(ty, literals, depth);
                Expr::new(ty, Kind::Unary(op, operand.boxed()))
            }
            7..10 => {
                let from = self.cast_source(int);
                let operand = self.expr(from, Literals::Suffixed, depth);
                Expr::new(ty, Kind::Cast(operand.boxed()))
            }
            10 => self.library(ty, depth),
            11 | 12 => self.load(ty, depth),
            13 if int == Int::Addr => {
                let segment = self.expr(Ty::Segment, Literals::Free, depth);
                Expr::new(ty, Kind::Size(segment.boxed()))
            }
            13 if int == Int::I32 => {
                let (left, right) = (
                    self.expr(Ty::Segment, Literals::Free, depth),
                    self.expr(Ty::Segment, Literals::Free, depth),
                );
                Expr::new(ty, Kind::Compare(left.boxed(), right.boxed()))
            }
            14 => self.template(ty, depth).unwrap_or_else(|| self.leaf(ty, literals)),
            _ => self.library(ty, depth),
        }
    }

    /// A known number: as a literal, or hidden from what folds constants.
    fn edge(&mut self, int: Int, value: i128) -> Expr {
        let literal = Expr::int(int, value);
        if self.dice.one_in(3) {
            return literal;
        }
        self.notes += 1;
        Expr::new(Ty::Int(int), Kind::Trace(self.notes, literal.boxed()))
    }

    fn float_operation(&mut self, ty: Ty, literals: Literals, depth: usize) -> Expr {
        match self.dice.below(8) {
            0..3 => {
                let op =
                    self.dice.pick(&[BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div]);
                let (left, right) = self.pair(ty, literals, depth);
                Expr::new(ty, Kind::Binary(op, left.boxed(), right.boxed()))
            }
            3 => {
                let operand = self.expr(ty, literals, depth);
                Expr::new(ty, Kind::Unary(UnaryOp::Neg, operand.boxed()))
            }
            4 | 5 => {
                let from = match self.dice.below(4) {
                    0 if ty == Ty::F32 => Ty::F64,
                    0 => Ty::F32,
                    _ => Ty::Int(self.dice.pick(&INTS)),
                };
                let operand = self.expr(from, Literals::Suffixed, depth);
                Expr::new(ty, Kind::Cast(operand.boxed()))
            }
            6 => self.load(ty, depth),
            _ => self.library(ty, depth),
        }
    }

    fn condition(&mut self, depth: usize) -> Expr {
        match self.dice.below(12) {
            0..5 => {
                let of = self.scalar();
                let op = self.dice.pick(&COMPARISONS);
                let (left, right) = self.pair(of, Literals::Free, depth);
                Expr::new(Ty::Bool, Kind::Binary(op, left.boxed(), right.boxed()))
            }
            5 | 6 => {
                let (left, right) = (
                    self.operand(Ty::Bool, Literals::Free, depth),
                    self.operand(Ty::Bool, Literals::Free, depth),
                );
                let kind = if self.dice.one_in(2) { Kind::AndThen } else { Kind::OrElse };
                Expr::new(Ty::Bool, kind(left.boxed(), right.boxed()))
            }
            7 => {
                let op = self.dice.pick(&[BinaryOp::And, BinaryOp::Or, BinaryOp::Xor]);
                let (left, right) = (
                    self.expr(Ty::Bool, Literals::Free, depth),
                    self.operand(Ty::Bool, Literals::Free, depth),
                );
                Expr::new(Ty::Bool, Kind::Binary(op, left.boxed(), right.boxed()))
            }
            8 | 9 => {
                let operand = self.expr(Ty::Bool, Literals::Free, depth);
                Expr::new(Ty::Bool, Kind::Unary(UnaryOp::Not, operand.boxed()))
            }
            10 if !self.module.signatures.is_empty() => {
                let signature = self.dice.below(self.module.signatures.len());
                let pointer = self.expr(Ty::Pointer(signature), Literals::Suffixed, depth);
                Expr::new(Ty::Bool, Kind::IsNull(pointer.boxed()))
            }
            _ => self.library(Ty::Bool, depth),
        }
    }

    /// A call of a library method that gives `ty`.
    fn library(&mut self, ty: Ty, depth: usize) -> Expr {
        let mut found: Vec<(Method, Ty, Vec<Ty>)> = Vec::new();
        let receivers = INTS.into_iter().map(Ty::Int).chain([Ty::F32, Ty::F64]);
        for receiver in receivers {
            for (method, _) in METHODS {
                if let Some((params, result)) = method_signature(method, receiver)
                    && result == ty
                {
                    found.push((method, receiver, params));
                }
            }
        }
        if found.is_empty() {
            return self.leaf(ty, Literals::Suffixed);
        }
        let (method, receiver, params) = self.dice.pick(&found);
        let mut arguments = vec![self.expr(receiver, Literals::Suffixed, depth)];
        for param in params {
            let argument = match method {
                // The sign of a NaN is left open.
                Method::Copysign => self.literal(param, Literals::Place),
                Method::DivEuclid | Method::RemEuclid if !self.dice.one_in(5) => {
                    let divisor = self.expr(param, Literals::Suffixed, depth);
                    let Ty::Int(int) = param else { unreachable!("only integers have it") };
                    Expr::new(
                        param,
                        Kind::Binary(BinaryOp::Or, divisor.boxed(), Expr::int(int, 1).boxed()),
                    )
                }
                _ => self.operand(param, Literals::Place, depth),
            };
            arguments.push(argument);
        }
        Expr::new(ty, Kind::Library(method, arguments))
    }

    fn template(&mut self, ty: Ty, depth: usize) -> Option<Expr> {
        let template =
            TEMPLATES.into_iter().find(|template| template_signature(*template).1 == Some(ty))?;
        Some(self.call_template(template, ty, depth))
    }

    fn call_template(&mut self, template: Template, ty: Ty, depth: usize) -> Expr {
        let (params, _) = template_signature(template);
        let mut arguments: Vec<Expr> =
            params.into_iter().map(|param| self.operand(param, Literals::Place, depth)).collect();
        if template == Template::Over && !self.dice.one_in(5) && !is_jump(&arguments[0]) {
            let divisor = arguments.remove(0);
            let odd = Expr::new(
                divisor.ty,
                Kind::Binary(BinaryOp::Or, divisor.boxed(), Expr::int(Int::I64, 1).boxed()),
            );
            arguments.insert(0, odd);
        }
        Expr::new(ty, Kind::CallTemplate(template, arguments))
    }

    /// A struct that has a field of type `ty`, and that field.
    fn field_giving(&mut self, ty: Ty, depth: usize) -> Option<Expr> {
        let mut found = Vec::new();
        for (of, fields) in self.module.structs.iter().enumerate() {
            found.extend(
                fields
                    .iter()
                    .enumerate()
                    .filter(|(_, field)| **field == ty)
                    .map(|(at, _)| (of, at)),
            );
        }
        if found.is_empty() {
            return None;
        }
        let (of, field) = self.dice.pick(&found);
        let base = self.expr(Ty::Struct(of), Literals::Suffixed, depth);
        Some(Expr::new(ty, Kind::Field(base.boxed(), field)))
    }

    // ---- calls

    /// A call that gives `ty`, if a function before this one does.
    fn call_giving(&mut self, ty: Ty, depth: usize) -> Option<Expr> {
        if self.cx.may_recur
            && self.cx.result == Some(ty)
            && self.cx.loops == 0
            && self.dice.one_in(2)
        {
            return self.recursion(depth);
        }
        let pointers: Vec<usize> = (0..self.module.signatures.len())
            .filter(|index| self.module.signatures[*index].result == ty)
            .collect();
        if !pointers.is_empty() && self.dice.one_in(3) {
            let signature = self.dice.pick(&pointers);
            return Some(self.call_pointer(signature, depth));
        }
        let found = self.callable(ty);
        if found.is_empty() { None } else { Some(self.call(found, depth)) }
    }

    /// Functions before this one that give `ty` and whose calls are not too many steps.
    fn callable(&self, ty: Ty) -> Vec<usize> {
        let rounds = 4usize.pow(self.cx.loops as u32);
        let affordable = |index: &usize| self.cx.cost + self.costs[*index] * rounds < DEAR;
        (0..self.cx.index)
            .filter(|index| self.module.functions[*index].result == ty)
            .filter(affordable)
            .collect()
    }

    fn call(&mut self, among: Vec<usize>, depth: usize) -> Expr {
        let function = self.dice.pick(&among);
        self.cx.cost += self.costs[function] * 4usize.pow(self.cx.loops as u32);
        let called = &self.module.functions[function];
        let (result, is_method) = (called.result, called.of.is_some());
        let params: Vec<(Name, Ty)> =
            called.params.iter().map(|param| (param.name, param.ty)).collect();
        let arguments = params
            .into_iter()
            .enumerate()
            .map(|(at, (name, ty))| match name {
                DEPTH => Expr::int(Int::U32, self.dice.below(6) as i128),
                // A receiver must have a type of its own.
                _ if at == 0 && is_method => self.expr(ty, Literals::Suffixed, depth),
                _ => self.operand(ty, Literals::Place, depth),
            })
            .collect();
        Expr::new(
            result,
            if is_method {
                Kind::CallMethod(function, arguments)
            } else {
                Kind::Call(function, arguments)
            },
        )
    }

    fn call_pointer(&mut self, signature: usize, depth: usize) -> Expr {
        let Signature { params, result } = self.module.signatures[signature].clone();
        self.cx.cost += 100 * 4usize.pow(self.cx.loops as u32);
        let callee = self.expr(Ty::Pointer(signature), Literals::Suffixed, depth);
        let arguments =
            params.into_iter().map(|ty| self.operand(ty, Literals::Place, depth)).collect();
        Expr::new(result, Kind::CallPointer(callee.boxed(), arguments))
    }

    /// The one call of this function, or of its peer, from itself.
    fn recursion(&mut self, depth: usize) -> Option<Expr> {
        let peer = self.recursive[self.cx.index]?;
        if self.module.functions[peer].result != self.module.functions[self.cx.index].result {
            return None;
        }
        self.cx.may_recur = false;
        let called = &self.module.functions[peer];
        let result = called.result;
        let params: Vec<(Name, Ty)> =
            called.params.iter().map(|param| (param.name, param.ty)).collect();
        let arguments = params
            .into_iter()
            .map(|(name, ty)| match name {
                DEPTH => {
                    let depth = Expr::new(U32, Kind::Local(DEPTH));
                    Expr::new(
                        U32,
                        Kind::Binary(BinaryOp::Sub, depth.boxed(), Expr::int(Int::U32, 1).boxed()),
                    )
                }
                _ => self.operand(ty, Literals::Place, depth),
            })
            .collect();
        Some(Expr::new(result, Kind::Call(peer, arguments)))
    }

    /// An expression that does not complete, where one of type `ty` is wanted.
    pub(super) fn jump(&mut self, ty: Ty, depth: usize) -> Expr {
        let depth = depth.min(2);
        let kind = match self.dice.below(8) {
            0 if self.dice.one_in(4) => Kind::CallTemplate(Template::Fail, Vec::new()),
            0..4 if !self.cx.frames.is_empty() => {
                let at = self.dice.below(self.cx.frames.len());
                self.leave(at, depth)
            }
            4 | 5 => self.tail_call(depth),
            _ => self.give_back(depth),
        };
        Expr::new(ty, kind)
    }

    fn give_back(&mut self, depth: usize) -> Kind {
        match self.cx.result {
            None | Some(Ty::Unit) => Kind::Return(None),
            Some(result) => Kind::Return(Some(self.expr(result, Literals::Place, depth).boxed())),
        }
    }

    /// `break` or `continue` of a frame, if it can be named.
    fn leave(&mut self, at: usize, depth: usize) -> Kind {
        let frame = self.cx.frames[at];
        let innermost_loop = self.cx.frames.iter().rposition(|frame| frame.is_loop) == Some(at);
        let shadowed = self.cx.frames[at + 1..]
            .iter()
            .any(|other| other.label.is_some() && other.label == frame.label);
        let label = match frame.label {
            Some(label) if !shadowed && (!innermost_loop || self.dice.one_in(2)) => Some(label),
            _ if innermost_loop => None,
            _ => return self.give_back(depth),
        };
        if frame.is_loop && self.dice.one_in(2) {
            return Kind::Continue(label);
        }
        let value = if frame.ty == Ty::Unit {
            None
        } else {
            Some(self.expr(frame.ty, frame.literals, depth).boxed())
        };
        Kind::Break(label, value)
    }

    fn tail_call(&mut self, depth: usize) -> Kind {
        let Some(result) = self.cx.result else { return Kind::Return(None) };
        if self.cx.may_recur
            && self.cx.loops == 0
            && let Some(call) = self.recursion(depth)
        {
            return Kind::Become(call.boxed());
        }
        // A segment of an open scope must not get out of it.
        let open = !self.cx.allocators.is_empty();
        let takes_segments = |index: &usize| {
            self.module.functions[*index].params.iter().any(|param| param.ty == Ty::Segment)
        };
        let found: Vec<usize> = self
            .callable(result)
            .into_iter()
            .filter(|index| !open || !takes_segments(index))
            .collect();
        let pointers: Vec<usize> = (0..self.module.signatures.len())
            .filter(|index| {
                self.module.signatures[*index].result == result
                    && !self.module.signatures[*index].params.contains(&Ty::Segment)
            })
            .collect();
        if !pointers.is_empty() && self.dice.one_in(3) {
            let signature = self.dice.pick(&pointers);
            return Kind::Become(self.call_pointer(signature, depth).boxed());
        }
        if found.is_empty() {
            return self.give_back(depth);
        }
        Kind::Become(self.call(found, depth).boxed())
    }

    // ---- memory

    /// Data items of integers.
    pub(super) fn integer_data(&self, writable: bool) -> Vec<usize> {
        let integers =
            |index: &usize| matches!(self.module.data[*index].elements[0], Value::Int(..));
        (0..self.module.data.len())
            .filter(integers)
            .filter(|index| self.module.data[*index].writable || !writable)
            .collect()
    }

    /// A segment with elements of type `ty`, and how many it has if that is known.
    fn segment(&mut self, ty: Ty, writable: bool, depth: usize) -> Option<(Expr, Option<usize>)> {
        let size = size_of(ty)?;
        let bytes = |data: &crate::ast::Data| {
            let mut at: usize = 0;
            for element in &data.elements {
                let size = crate::evaluate::encode(element).map_or(0, |bytes| bytes.len());
                at = at.next_multiple_of(size.max(1)) + size;
            }
            at
        };
        if matches!(ty, Ty::Int(_)) && self.dice.one_in(2) {
            return Some((self.expr(Ty::Segment, Literals::Free, depth), None));
        }
        let found: Vec<usize> = match ty {
            Ty::Int(_) => self.integer_data(writable),
            // Floats stay among themselves: the bits of a NaN are left open.
            _ => (0..self.module.data.len())
                .filter(|index| {
                    let data = &self.module.data[*index];
                    let same = match data.elements[0] {
                        Value::F32(_) => ty == Ty::F32,
                        Value::F64(_) => ty == Ty::F64,
                        _ => false,
                    };
                    same && (data.writable || !writable)
                })
                .collect(),
        };
        if found.is_empty() {
            return None;
        }
        let data = self.dice.pick(&found);
        Some((
            Expr::new(Ty::Segment, Kind::Data(data)),
            Some(bytes(&self.module.data[data]) / size),
        ))
    }

    fn load(&mut self, ty: Ty, depth: usize) -> Expr {
        if self.dice.one_in(3)
            && let Some((segment, count)) = self.segment(ty, false, depth)
        {
            let size = size_of(ty).unwrap_or(1);
            let offset = self.small(ADDR, count.unwrap_or(2) * size, depth);
            return Expr::new(ty, Kind::Get(segment.boxed(), offset.boxed()));
        }
        self.element(ty, false, depth).unwrap_or_else(|| self.leaf(ty, Literals::Suffixed))
    }

    /// An element of a segment: a value, or a place to assign if `writable`.
    pub(super) fn element(&mut self, ty: Ty, writable: bool, depth: usize) -> Option<Expr> {
        let (segment, count) = self.segment(ty, writable, depth)?;
        let index = self.index(count.unwrap_or(2), depth);
        Some(Expr::new(ty, Kind::Element(segment.boxed(), index.boxed())))
    }

    /// An index that is most likely below `count`: of any integer type, with constants at its top.
    fn index(&mut self, count: usize, depth: usize) -> Expr {
        let int = self.dice.pick(&INTS);
        let ty = Ty::Int(int);
        let mut index = if self.dice.one_in(8) {
            self.notes += 1;
            let value = self.literal(ty, Literals::Place);
            Expr::new(ty, Kind::Trace(self.notes, value.boxed()))
        } else {
            self.small(ty, count, depth)
        };
        if self.dice.one_in(4) {
            for _ in 0..self.dice.between(1, 3) {
                let op = self.dice.pick(&[BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul]);
                let consts: Vec<usize> = (0..self.module.consts.len())
                    .filter(|index| self.module.consts[*index].ty == ty)
                    .collect();
                let constant = match self.dice.below(4) {
                    0 => Expr::int(int, self.dice.below(3) as i128),
                    3 if !consts.is_empty() => Expr::new(ty, Kind::Const(self.dice.pick(&consts))),
                    1 => self.literal(ty, Literals::Suffixed),
                    _ => Expr::int(int, 1),
                };
                let (left, right) =
                    if self.dice.one_in(3) { (constant, index) } else { (index, constant) };
                index = Expr::new(ty, Kind::Binary(op, left.boxed(), right.boxed()));
            }
        }
        index
    }

    /// A number most likely below `limit`, not itself a sum or product.
    fn small(&mut self, ty: Ty, limit: usize, depth: usize) -> Expr {
        let Ty::Int(int) = ty else { unreachable!("an integer is wanted") };
        let limit = limit.clamp(1, 100);
        let counters: Vec<Expr> = self
            .places(ty, false)
            .into_iter()
            .filter(|place| matches!(place.kind, Kind::Local(_)) || self.dice.one_in(4))
            .collect();
        match self.dice.below(6) {
            0 if self.cx.loops > 0 && !counters.is_empty() => self.dice.pick(&counters),
            1 if depth > 0 && self.cx.budget > 0 => {
                // Both bits of a mask that is smaller than the limit.
                let mask = if limit > 3 { 3 } else { limit as i128 - 1 };
                let value = self.expr(ty, Literals::Suffixed, depth - 1);
                Expr::new(
                    ty,
                    Kind::Binary(BinaryOp::And, value.boxed(), Expr::int(int, mask).boxed()),
                )
            }
            2 if self.dice.one_in(6) => Expr::int(int, limit as i128),
            _ => Expr::int(int, self.dice.below(limit) as i128),
        }
    }

    // ---- assignment

    /// An assignment to some place of type `ty`, if there is one.
    pub(super) fn assignment(&mut self, ty: Ty, depth: usize) -> Option<Expr> {
        let mut places = self.places(ty, true);
        if size_of(ty).is_some()
            && self.dice.one_in(3)
            && let Some(element) = self.element(ty, true, depth)
        {
            places = vec![element];
        }
        if places.is_empty() {
            return None;
        }
        let place = self.dice.pick(&places);
        let op = match ty {
            Ty::Int(_) => Some(self.dice.pick(&[
                BinaryOp::Add,
                BinaryOp::Sub,
                BinaryOp::Mul,
                BinaryOp::And,
                BinaryOp::Or,
                BinaryOp::Xor,
                BinaryOp::Shl,
                BinaryOp::Shr,
                BinaryOp::Div,
                BinaryOp::Rem,
            ])),
            Ty::F32 | Ty::F64 => {
                Some(self.dice.pick(&[BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::Div]))
            }
            Ty::Bool => Some(self.dice.pick(&[BinaryOp::And, BinaryOp::Or, BinaryOp::Xor])),
            Ty::Char | Ty::Unit | Ty::Struct(_) | Ty::Pointer(_) | Ty::Segment => None,
        };
        let kind = match op {
            Some(op) if self.dice.one_in(2) => {
                let value = match op {
                    BinaryOp::Shl | BinaryOp::Shr => {
                        let count = Ty::Int(self.dice.pick(&INTS));
                        self.operand(count, Literals::Free, depth)
                    }
                    BinaryOp::Div | BinaryOp::Rem
                        if matches!(ty, Ty::Int(_)) && !self.dice.one_in(5) =>
                    {
                        let divisor = self.expr(ty, Literals::Suffixed, depth);
                        let Ty::Int(int) = ty else { unreachable!("asked above") };
                        Expr::new(
                            ty,
                            Kind::Binary(BinaryOp::Or, divisor.boxed(), Expr::int(int, 1).boxed()),
                        )
                    }
                    _ => self.operand(ty, Literals::Place, depth),
                };
                Kind::AssignOp(op, place.boxed(), value.boxed())
            }
            _ => Kind::Assign(place.boxed(), self.operand(ty, Literals::Place, depth).boxed()),
        };
        Some(Expr::new(Ty::Unit, kind))
    }

    /// Whether a variable may be assigned.
    pub(super) fn state_for(mutable: bool) -> State {
        if mutable { State::Mutable } else { State::Fixed }
    }
}

/// Whether an expression does not complete by its own form.
pub(super) fn is_jump(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        Kind::Break(..)
            | Kind::Continue(_)
            | Kind::Return(_)
            | Kind::Become(_)
            | Kind::CallTemplate(Template::Fail, _)
    )
}
