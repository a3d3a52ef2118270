//! A seed ⇒ a well-typed program that ends, and calls of it.
//!
//! Functions call those before them; recursion counts down a parameter of its own, loops a variable that nothing else assigns. What still
//! takes too long the evaluator gives up.

mod expression;
mod pattern;
mod statement;

use crate::ast::{
    Data, Expr, Function, INTS, Inline, Int, Item, Kind, Module, Name, Param, Signature, Spelling,
    Target, Ty, U32, Value,
};
use crate::dice::Dice;
use crate::evaluate;

/// Names of variables: few, so that they shadow each other.
const NAMES: [Name; 14] = ["a", "b", "c", "d", "i", "j", "k", "m", "n", "p", "s", "x", "y", "z"];
const LABELS: [Name; 4] = ["inner", "outer", "next", "done"];
/// The parameter that recursion counts down.
const DEPTH: Name = "depth";
/// The variable that counts the rounds of a loop.
const ROUNDS: Name = "rounds";

/// A program from a seed; `size` is about the number of nodes of a function.
pub(crate) fn generate(seed: u64, size: usize) -> Module {
    let mut generator = Generator {
        dice: Dice::new(seed),
        module: Module::default(),
        cx: Context::default(),
        costs: Vec::new(),
        recursive: Vec::new(),
        size,
        notes: 0,
    };
    generator.items();
    generator.module
}

/// Where the type of an unsuffixed literal comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Literals {
    /// From the place: no suffix is needed.
    Place,
    /// From the operand to the right.
    Beside,
    /// From nowhere: `i32` and `f64` need no suffix.
    Free,
    /// All need one.
    Suffixed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Fixed,
    Mutable,
    /// Declared, not assigned yet.
    Unassigned,
    /// Counts a loop or a recursion: read, never assigned.
    Counter,
}

#[derive(Clone, Copy, Debug)]
struct Variable {
    name: Name,
    ty: Ty,
    state: State,
}

/// A loop or labelled block around.
#[derive(Clone, Copy, Debug)]
struct Frame {
    label: Option<Name>,
    /// What `break` gives.
    ty: Ty,
    is_loop: bool,
    /// Where the literals of its values have their types from.
    literals: Literals,
}

/// The function that is being made.
#[derive(Default)]
struct Context {
    index: usize,
    variables: Vec<Variable>,
    frames: Vec<Frame>,
    allocators: Vec<Name>,
    result: Option<Ty>,
    /// Nodes left.
    budget: usize,
    loops: usize,
    /// About how many steps a call takes.
    cost: usize,
    /// Whether it may still call itself or its peer.
    may_recur: bool,
}

struct Generator {
    dice: Dice,
    module: Module,
    cx: Context,
    costs: Vec<usize>,
    /// For each function: whom it may call with a smaller depth, if its first parameter is one.
    recursive: Vec<Option<usize>>,
    size: usize,
    notes: u32,
}

impl Generator {
    fn items(&mut self) {
        for _ in 0..self.dice.below(4) {
            let fields = (0..self.dice.between(1, 4)).map(|_| self.ty(1)).collect();
            self.module.structs.push(fields);
        }
        for _ in 0..self.dice.between(1, 5) {
            let ty = self.scalar();
            let value = self.constant(ty, 3);
            self.module.consts.push(Item { ty, value, exported: false, omitted: false });
        }
        self.signatures();
        for _ in 0..self.dice.between(1, 5) {
            let ty = self.ty(2);
            let value = self.constant(ty, 3);
            let exported = self.dice.one_in(2) && is_plain(ty);
            self.module.statics.push(Item { ty, value, exported, omitted: false });
        }
        self.data();
        for index in 0..self.module.functions.len() {
            self.function(index);
        }
        self.calls();
    }

    /// The functions' signatures come first: a function may name a later one that it is a recursion with.
    fn signatures(&mut self) {
        let count = self.dice.between(2, 7);
        for index in 0..count {
            let of = if !self.module.structs.is_empty() && self.dice.one_in(5) {
                Some(self.dice.below(self.module.structs.len()))
            } else {
                None
            };
            let recursive = of.is_none() && self.dice.one_in(4);
            let mut params = Vec::new();
            if let Some(of) = of {
                params.push(Param {
                    name: "self",
                    ty: Ty::Struct(of),
                    mutable: self.dice.one_in(3),
                });
            }
            if recursive {
                params.push(Param { name: DEPTH, ty: U32, mutable: false });
            }
            let mut names = NAMES.to_vec();
            for _ in 0..self.dice.below(4) {
                let name = names.swap_remove(self.dice.below(names.len()));
                let ty = if self.dice.one_in(12) {
                    Ty::Segment
                } else if self.dice.one_in(20) {
                    Ty::Unit
                } else {
                    self.ty(2)
                };
                params.push(Param { name, ty, mutable: ty != Ty::Segment && self.dice.one_in(3) });
            }
            let result = if self.dice.one_in(8) { Ty::Unit } else { self.ty(2) };
            let inline = self.dice.pick(&[
                Inline::Free,
                Inline::Free,
                Inline::Free,
                Inline::Always,
                Inline::Never,
                Inline::Cold,
            ]);
            // The last one is for the host; others may be called from both sides.
            let exported = (index + 1 == count || self.dice.one_in(3))
                && of.is_none()
                && params.iter().all(|param| is_plain_in(&self.module, param.ty));
            let exported = exported && is_plain_in(&self.module, result);
            let peer = if index + 1 < count && self.dice.one_in(2) { index + 1 } else { index };
            self.recursive.push(recursive.then_some(peer));
            self.module.functions.push(Function {
                of,
                params,
                result,
                body: Default::default(),
                exported,
                inline,
                omitted: false,
            });
        }
        // A peer must be recursive too.
        for index in 0..count {
            if let Some(peer) = self.recursive[index]
                && self.recursive[peer].is_none()
            {
                self.recursive[index] = Some(index);
            }
        }
        if !self.module.functions.iter().any(|function| function.exported) {
            let inline = Inline::Free;
            let result = self.scalar();
            self.module.functions.push(Function {
                of: None,
                params: Vec::new(),
                result,
                body: Default::default(),
                exported: true,
                inline,
                omitted: false,
            });
            self.recursive.push(None);
        }
        self.costs = vec![0; self.module.functions.len()];
    }

    fn data(&mut self) {
        for at in 0..self.dice.between(1, 3) {
            // The first is one that may be written, so that there always is a segment.
            let writable = at == 0 || self.dice.one_in(2);
            let ty = if at == 0 || self.dice.one_in(2) {
                None
            } else {
                Some(self.dice.pick(&[Ty::F32, Ty::F64]))
            };
            let count = self.dice.between(1, 8);
            let elements = (0..count)
                .map(|_| {
                    let ty = ty.unwrap_or_else(|| Ty::Int(self.dice.pick(&INTS)));
                    self.value(ty)
                })
                .collect();
            self.module.data.push(Data { elements, writable, omitted: false });
        }
    }

    fn function(&mut self, index: usize) {
        let Function { params, result, .. } = self.module.functions[index].clone();
        let variable = |param: &Param| Variable {
            name: param.name,
            ty: param.ty,
            state: match (param.name, param.mutable) {
                (DEPTH, _) => State::Counter,
                (_, true) => State::Mutable,
                (_, false) => State::Fixed,
            },
        };
        self.cx = Context {
            index,
            variables: params.iter().map(variable).collect(),
            result: Some(result),
            budget: self.size,
            cost: 5,
            may_recur: self.recursive[index].is_some(),
            ..Context::default()
        };
        let mut body = self.body(result, Literals::Place, 4);
        if self.recursive[index].is_some() {
            let guard = self.end_of_recursion(result);
            body.statements.insert(0, guard);
            self.cx.cost *= 8;
        }
        self.costs[index] = self.cx.cost;
        self.module.functions[index].body = body;
    }

    fn calls(&mut self) {
        let exported: Vec<usize> = (0..self.module.functions.len())
            .filter(|index| self.module.functions[*index].exported)
            .collect();
        for _ in 0..self.dice.between(4, 9) {
            let function = self.dice.pick(&exported);
            let params = self.module.functions[function].params.clone();
            let arguments = params
                .iter()
                .map(|param| match param.name {
                    DEPTH => Value::Int(Int::U32, self.dice.below(7) as i128),
                    _ => self.value(param.ty),
                })
                .collect();
            self.module.calls.push((function, arguments));
        }
    }

    // ---- types and values

    fn scalar(&mut self) -> Ty {
        match self.dice.below(14) {
            0..9 => Ty::Int(self.dice.pick(&INTS)),
            9 | 10 => Ty::Bool,
            11 => Ty::Char,
            12 => Ty::F32,
            _ => Ty::F64,
        }
    }

    /// A type that values have; `rest` bounds how deep structs nest.
    fn ty(&mut self, rest: usize) -> Ty {
        let structs = self.module.structs.len();
        if rest > 0 && structs > 0 && self.dice.one_in(4) {
            return Ty::Struct(self.dice.below(structs));
        }
        if !self.module.functions.is_empty() && self.dice.one_in(14) {
            return Ty::Pointer(self.signature());
        }
        if rest > 0 && self.dice.one_in(40) { Ty::Unit } else { self.scalar() }
    }

    /// The number of a signature, most likely one that some function has.
    fn signature(&mut self) -> usize {
        let function = self.dice.below(self.module.functions.len());
        let Function { params, result, .. } = &self.module.functions[function];
        let signature =
            Signature { params: params.iter().map(|param| param.ty).collect(), result: *result };
        let known = self.module.signatures.iter().position(|other| *other == signature);
        known.unwrap_or_else(|| {
            self.module.signatures.push(signature);
            self.module.signatures.len() - 1
        })
    }

    fn integer(&mut self, int: Int) -> i128 {
        let value = match self.dice.below(12) {
            0 => int.min(),
            1 => int.max(),
            2 => int.min() + 1,
            3 => int.max() - 1,
            4 => -1,
            5 => 1 << self.dice.below(int.width() as usize),
            6 => i128::from(self.dice.bits()),
            7 => self.dice.below(200) as i128,
            _ => self.dice.below(6) as i128,
        };
        int.wrap(value)
    }

    fn float(&mut self) -> f64 {
        const EDGES: [f64; 24] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            1.5,
            -2.5,
            0.1,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            127.5,
            -129.0,
            255.99,
            65536.0,
            2147483648.0,
            -2147483649.0,
            4294967295.5,
            9223372036854775808.0,
            18446744073709551616.0,
            16777217.0,
        ];
        if self.dice.one_in(3) {
            self.dice.below(100) as f64 / 4.0 - 5.0
        } else {
            self.dice.pick(&EDGES)
        }
    }

    fn char(&mut self) -> char {
        const EDGES: [char; 9] = [
            '\0',
            '\'',
            '\\',
            '\u{7f}',
            '\u{80}',
            '\u{d7ff}',
            '\u{e000}',
            '\u{ffff}',
            '\u{10ffff}',
        ];
        if self.dice.one_in(2) {
            char::from(self.dice.between(97, 104) as u8)
        } else {
            self.dice.pick(&EDGES)
        }
    }

    /// A value of a type, at its edges more often than not.
    fn value(&mut self, ty: Ty) -> Value {
        match ty {
            Ty::Int(int) => Value::Int(int, self.integer(int)),
            Ty::Bool => Value::Bool(self.dice.one_in(2)),
            Ty::Char => Value::Char(self.char()),
            Ty::F32 => Value::F32(self.float() as f32),
            Ty::F64 => Value::F64(self.float()),
            Ty::Unit => Value::Unit,
            Ty::Struct(of) => {
                let fields = self.module.structs[of].clone();
                Value::Struct(of, fields.into_iter().map(|ty| self.value(ty)).collect())
            }
            Ty::Pointer(_) => Value::Pointer(Target::Null),
            Ty::Segment => unreachable!("segments are not written as values"),
        }
    }

    /// A literal, spelled one way or another.
    fn literal(&mut self, ty: Ty, literals: Literals) -> Expr {
        if let Ty::Struct(of) = ty {
            let fields = self.module.structs[of].clone();
            let mut inits: Vec<(usize, Expr)> = fields
                .into_iter()
                .enumerate()
                .map(|(at, ty)| (at, self.literal(ty, Literals::Place)))
                .collect();
            if self.dice.one_in(3) {
                inits.reverse();
            }
            return Expr::new(ty, Kind::Struct(of, inits));
        }
        let plain = match literals {
            Literals::Place | Literals::Beside => true,
            Literals::Free => matches!(ty, Ty::Int(Int::I32) | Ty::F64),
            Literals::Suffixed => false,
        };
        let spelling = match self.dice.below(6) {
            0 => Spelling::Suffixed,
            1 => Spelling::Named,
            2 => Spelling::Hexadecimal,
            _ if plain => Spelling::Plain,
            _ => Spelling::Suffixed,
        };
        let value = self.value(ty);
        Expr::new(ty, Kind::Literal(value, spelling))
    }

    /// A constant expression.
    fn constant(&mut self, ty: Ty, depth: usize) -> Expr {
        let expr = self.constant_parts(ty, depth);
        let value = evaluate::constant(&self.module, &expr);
        match value {
            Ok(_) => expr,
            // A division by zero and the like.
            Err(_) => self.literal(ty, Literals::Place),
        }
    }

    fn constant_parts(&mut self, ty: Ty, depth: usize) -> Expr {
        use crate::ast::{BinaryOp as B, UnaryOp};
        let named: Vec<usize> = (0..self.module.consts.len())
            .filter(|index| self.module.consts[*index].ty == ty)
            .collect();
        if depth == 0 || self.dice.one_in(3) {
            return if !named.is_empty() && self.dice.one_in(2) {
                Expr::new(ty, Kind::Const(self.dice.pick(&named)))
            } else {
                self.literal(ty, Literals::Place)
            };
        }
        match ty {
            Ty::Int(int) if self.dice.one_in(4) => {
                let from = self.cast_source(int);
                let value = self.constant_cast_operand(from, depth - 1);
                Expr::new(ty, Kind::Cast(value.boxed()))
            }
            Ty::Int(int) if int.signed() && self.dice.one_in(5) => {
                let operand = self.constant_parts(ty, depth - 1);
                Expr::new(ty, Kind::Unary(UnaryOp::Neg, operand.boxed()))
            }
            Ty::Int(_) => {
                let op = self.dice.pick(&[
                    B::Add,
                    B::Sub,
                    B::Mul,
                    B::Div,
                    B::Rem,
                    B::And,
                    B::Or,
                    B::Xor,
                ]);
                let (left, right) =
                    (self.constant_parts(ty, depth - 1), self.constant_parts(ty, depth - 1));
                Expr::new(ty, Kind::Binary(op, left.boxed(), right.boxed()))
            }
            Ty::F32 | Ty::F64 => {
                let op = self.dice.pick(&[B::Add, B::Sub, B::Mul, B::Div]);
                let (left, right) =
                    (self.constant_parts(ty, depth - 1), self.constant_parts(ty, depth - 1));
                Expr::new(ty, Kind::Binary(op, left.boxed(), right.boxed()))
            }
            Ty::Bool => {
                let of = self.scalar();
                let (left, right) =
                    (self.constant_cast_operand(of, depth - 1), self.constant_parts(of, depth - 1));
                let op = self.dice.pick(&[B::Eq, B::Ne, B::Lt, B::Le, B::Gt, B::Ge]);
                Expr::new(ty, Kind::Binary(op, left.boxed(), right.boxed()))
            }
            Ty::Struct(of) => {
                let fields = self.module.structs[of].clone();
                let inits = fields
                    .into_iter()
                    .enumerate()
                    .map(|(at, ty)| (at, self.constant_parts(ty, depth - 1)))
                    .collect();
                Expr::new(ty, Kind::Struct(of, inits))
            }
            Ty::Char | Ty::Unit | Ty::Pointer(_) | Ty::Segment => self.literal(ty, Literals::Place),
        }
    }

    /// A constant whose own literals say its type.
    fn constant_cast_operand(&mut self, ty: Ty, depth: usize) -> Expr {
        let named: Vec<usize> = (0..self.module.consts.len())
            .filter(|index| self.module.consts[*index].ty == ty)
            .collect();
        if depth > 0 && !named.is_empty() && self.dice.one_in(2) {
            Expr::new(ty, Kind::Const(self.dice.pick(&named)))
        } else {
            self.literal(ty, Literals::Suffixed)
        }
    }

    /// A type that `as` takes to `int`.
    fn cast_source(&mut self, int: Int) -> Ty {
        let ty = self.scalar();
        if ty == Ty::Int(int) { Ty::Bool } else { ty }
    }

    // ---- variables

    fn name(&mut self) -> Name {
        self.dice.pick(&NAMES)
    }

    fn declare(&mut self, name: Name, ty: Ty, state: State) {
        self.cx.variables.push(Variable { name, ty, state });
    }

    /// The variables that no other shadows.
    fn visible(&self) -> Vec<Variable> {
        let mut seen: Vec<Name> = Vec::new();
        let mut visible = Vec::new();
        for variable in self.cx.variables.iter().rev() {
            if !seen.contains(&variable.name) {
                seen.push(variable.name);
                visible.push(*variable);
            }
        }
        visible
    }

    /// Places of a type: variables, statics and fields of them; only those that may be assigned, if `assigned`.
    fn places(&self, ty: Ty, assigned: bool) -> Vec<Expr> {
        let mut found = Vec::new();
        for variable in self.visible() {
            let usable = if assigned {
                variable.state == State::Mutable
            } else {
                variable.state != State::Unassigned
            };
            if usable {
                self.parts(Expr::new(variable.ty, Kind::Local(variable.name)), ty, &mut found);
            }
        }
        for (index, item) in self.module.statics.iter().enumerate() {
            self.parts(Expr::new(item.ty, Kind::Static(index)), ty, &mut found);
        }
        found
    }

    fn parts(&self, whole: Expr, ty: Ty, found: &mut Vec<Expr>) {
        if whole.ty == ty {
            found.push(whole);
        } else if let Ty::Struct(of) = whole.ty {
            for (field, part) in self.module.structs[of].iter().enumerate() {
                self.parts(Expr::new(*part, Kind::Field(whole.clone().boxed(), field)), ty, found);
            }
        }
    }

    /// Whether another node may be made.
    fn spend(&mut self) -> bool {
        let left = self.cx.budget > 0;
        self.cx.budget = self.cx.budget.saturating_sub(1);
        left
    }
}

/// Whether the host can pass values of this type as numbers; pointers are checked by [`is_plain_in`].
fn is_plain(ty: Ty) -> bool {
    !matches!(ty, Ty::Segment | Ty::Pointer(_) | Ty::Struct(_) | Ty::Unit)
}

/// The same, structs of such values and `()` included.
fn is_plain_in(module: &Module, ty: Ty) -> bool {
    match ty {
        Ty::Struct(of) => module.structs[of].iter().all(|ty| is_plain_in(module, *ty)),
        Ty::Unit => true,
        ty => is_plain(ty),
    }
}
