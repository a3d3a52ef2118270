//! Blocks and statements.

use super::expression::is_jump;
use super::{DEPTH, Frame, Generator, LABELS, Literals, NAMES, ROUNDS, State};
use crate::ast::{BinaryOp, Block, Expr, For, INTS, Int, Kind, Name, Statement, Ty, U32, Value};

impl Generator {
    /// The body of a function.
    pub(super) fn body(&mut self, ty: Ty, literals: Literals, depth: usize) -> Block {
        let statements = self.dice.between(1, 5);
        self.block_of(statements, ty, literals, depth)
    }

    /// A block inside another.
    pub(super) fn nested(&mut self, ty: Ty, literals: Literals, depth: usize) -> Block {
        let statements = self.dice.below(3);
        self.block_of(statements, ty, literals, depth)
    }

    fn block_of(&mut self, count: usize, ty: Ty, literals: Literals, depth: usize) -> Block {
        let mark = self.cx.variables.len();
        let mut statements = Vec::new();
        for _ in 0..count {
            self.statement(depth, &mut statements);
        }
        let tail = if ty == Ty::Unit && self.dice.one_in(2) {
            None
        } else {
            Some(self.expr(ty, literals, depth).boxed())
        };
        self.cx.variables.truncate(mark);
        Block { statements, tail }
    }

    /// A block that now and then does not complete.
    fn branch(&mut self, ty: Ty, literals: Literals, depth: usize) -> Block {
        let mut block = self.nested(ty, literals, depth);
        if self.dice.one_in(9) && self.cx.budget > 0 {
            block = Block { statements: Vec::new(), tail: None };
            let jump = self.jump(ty, depth);
            if self.dice.one_in(2) {
                block.tail = Some(jump.boxed());
            } else {
                block.statements.push(Statement::Expr(jump));
            }
        }
        block
    }

    /// `if`, with an `else` unless the value is `()`.
    pub(super) fn choice(&mut self, ty: Ty, literals: Literals, depth: usize) -> Expr {
        let condition = self.expr(Ty::Bool, Literals::Free, depth);
        let yes = self.branch(ty, literals, depth);
        let no = if ty == Ty::Unit && self.dice.one_in(2) {
            None
        } else {
            Some(self.nested(ty, literals, depth))
        };
        Expr::new(ty, Kind::If(condition.boxed(), yes, no))
    }

    /// A loop, or a labelled block, that is left with a value.
    pub(super) fn looping(&mut self, ty: Ty, literals: Literals, depth: usize) -> Expr {
        let label = if self.dice.one_in(2) { Some(self.dice.pick(&LABELS)) } else { None };
        if self.dice.one_in(2) {
            let label = label.unwrap_or(LABELS[0]);
            self.cx.frames.push(Frame { label: Some(label), ty, is_loop: false, literals });
            let block = self.nested(ty, literals, depth);
            self.cx.frames.pop();
            return Expr::new(ty, Kind::Block(Some(label), block));
        }
        if self.cx.loops >= 2 {
            return self.expr(ty, literals, 0);
        }
        let mark = self.cx.variables.len();
        let counter = self.counter();
        self.cx.frames.push(Frame { label, ty, is_loop: true, literals });
        self.cx.loops += 1;
        let first = self.expr(ty, literals, depth.min(2));
        let leave = self.leave_after(ty, first);
        let mut body = Block { statements: vec![count_up(), leave], tail: None };
        for _ in 0..self.dice.between(1, 2) {
            self.statement(depth, &mut body.statements);
        }
        self.cx.loops -= 1;
        self.cx.frames.pop();
        self.cx.variables.truncate(mark);
        let looped = Expr::new(ty, Kind::Loop(label, body));
        Expr::new(
            ty,
            Kind::Block(None, Block { statements: vec![counter], tail: Some(looped.boxed()) }),
        )
    }

    /// `let mut rounds = 0u32;`
    fn counter(&mut self) -> Statement {
        self.declare(ROUNDS, U32, State::Counter);
        Statement::Let {
            name: ROUNDS,
            mutable: true,
            annotated: false,
            value: Expr::int(Int::U32, 0),
        }
    }

    /// `if rounds > n { break value; }`
    fn leave_after(&mut self, ty: Ty, value: Expr) -> Statement {
        let rounds = Expr::new(U32, Kind::Local(ROUNDS));
        let limit = Expr::int(Int::U32, self.dice.below(4) as i128);
        let over = Expr::new(Ty::Bool, Kind::Binary(BinaryOp::Gt, rounds.boxed(), limit.boxed()));
        let value = if ty == Ty::Unit { None } else { Some(value.boxed()) };
        let leave = Expr::new(Ty::Unit, Kind::Break(None, value));
        let block = Block { statements: vec![Statement::Expr(leave)], tail: None };
        Statement::Expr(Expr::new(Ty::Unit, Kind::If(over.boxed(), block, None)))
    }

    /// `with_memory_allocator |name| { … }`, with segments whose contents are known.
    pub(super) fn scope(&mut self, ty: Ty, literals: Literals, depth: usize) -> Expr {
        // A segment must not get out of it.
        if ty == Ty::Segment {
            return self.expr(ty, literals, 0);
        }
        let name = self.dice.pick(&["mem", "heap"]);
        self.cx.allocators.push(name);
        let mark = self.cx.variables.len();
        let mut statements = Vec::new();
        self.allocate(&mut statements);
        for _ in 0..self.dice.below(3) {
            self.statement(depth, &mut statements);
        }
        // The operand to the right gives its type to blocks, not to scopes.
        let literals = if literals == Literals::Beside { Literals::Suffixed } else { literals };
        let tail = self.expr(ty, literals, depth).boxed();
        self.cx.variables.truncate(mark);
        self.cx.allocators.pop();
        Expr::new(ty, Kind::Scope(name, Block { statements, tail: Some(tail) }))
    }

    /// A segment from an allocator around, filled.
    fn allocate(&mut self, statements: &mut Vec<Statement>) {
        let allocators = self.cx.allocators.clone();
        let from = self.dice.pick(&allocators);
        // An outer one of the same name is shadowed; its name means the inner one.
        let (size, align) = (self.dice.below(40) as u32, 1 << self.dice.below(6));
        let name = self.name();
        let segment = Expr::new(Ty::Segment, Kind::Allocate(from, size, align));
        statements.push(Statement::Let { name, mutable: false, annotated: false, value: segment });
        self.declare(name, Ty::Segment, State::Fixed);
        let byte = Expr::int(Int::U8, self.dice.below(256) as i128);
        let local = Expr::new(Ty::Segment, Kind::Local(name));
        statements
            .push(Statement::Expr(Expr::new(Ty::Unit, Kind::Fill(local.boxed(), byte.boxed()))));
    }

    /// `if depth == 0 { return …; }`
    pub(super) fn end_of_recursion(&mut self, result: Ty) -> Statement {
        let depth = Expr::new(U32, Kind::Local(DEPTH));
        let done = Expr::new(
            Ty::Bool,
            Kind::Binary(BinaryOp::Eq, depth.boxed(), Expr::int(Int::U32, 0).boxed()),
        );
        let value = match result {
            Ty::Unit => None,
            _ => match self.module.simplest(result) {
                Some(value) => Some(Expr::literal(result, value).boxed()),
                None => unreachable!("functions do not give segments"),
            },
        };
        let block = Block {
            statements: vec![Statement::Expr(Expr::new(Ty::Unit, Kind::Return(value)))],
            tail: None,
        };
        Statement::Expr(Expr::new(Ty::Unit, Kind::If(done.boxed(), block, None)))
    }

    // ---- statements

    /// A statement, or a few that belong together.
    fn statement(&mut self, depth: usize, out: &mut Vec<Statement>) {
        if !self.spend() || depth == 0 {
            self.variable(0, out);
            return;
        }
        let depth = depth - 1;
        match self.dice.below(24) {
            0..6 => self.variable(depth, out),
            6..10 => {
                let ty = self.ty(2);
                match self.assignment(ty, depth) {
                    Some(assignment) => out.push(Statement::Expr(assignment)),
                    None => self.variable(depth, out),
                }
            }
            10 | 11 => {
                let choice = self.choice(Ty::Unit, Literals::Free, depth);
                out.push(Statement::Expr(choice));
            }
            12 => {
                let matching = self.matching(Ty::Unit, Literals::Free, depth);
                out.push(Statement::Expr(matching));
            }
            13 => self.counted(depth, out),
            14 => self.repeated(depth, out),
            15 => {
                let looping = self.looping(Ty::Unit, Literals::Free, depth);
                out.push(Statement::Expr(looping));
            }
            16 => self.later(depth, out),
            17 => self.destructured(depth, out),
            18 => self.memory(depth, out),
            19 if self.dice.one_in(3) => {
                let scope = self.scope(Ty::Unit, Literals::Free, depth);
                out.push(Statement::Expr(scope));
            }
            20 if self.dice.one_in(2) => {
                let ladder = self.ladder(depth);
                out.push(Statement::Expr(ladder));
            }
            21 => {
                // A way out that is not always taken.
                let condition = self.expr(Ty::Bool, Literals::Free, depth);
                let jump = self.jump(Ty::Unit, depth);
                let block = Block { statements: vec![Statement::Expr(jump)], tail: None };
                out.push(Statement::Expr(Expr::new(
                    Ty::Unit,
                    Kind::If(condition.boxed(), block, None),
                )));
            }
            _ => {
                let ty = self.scalar();
                self.notes += 1;
                let value = self.operand(ty, Literals::Place, depth);
                out.push(Statement::Expr(Expr::new(ty, Kind::Trace(self.notes, value.boxed()))));
            }
        }
    }

    /// `let`
    fn variable(&mut self, depth: usize, out: &mut Vec<Statement>) {
        let ty = if self.dice.one_in(25) { Ty::Segment } else { self.ty(2) };
        let mut annotated = self.dice.one_in(2);
        let value = if annotated {
            self.operand(ty, Literals::Place, depth)
        } else {
            self.expr(ty, Literals::Free, depth)
        };
        annotated |= is_jump(&value);
        let name = self.name();
        let mutable = ty != Ty::Segment && self.dice.percent(60);
        out.push(Statement::Let { name, mutable, annotated, value });
        self.declare(name, ty, Self::state_for(mutable));
    }

    /// `let x: T;`, assigned on both ways.
    fn later(&mut self, depth: usize, out: &mut Vec<Statement>) {
        let ty = self.ty(2);
        let name = self.name();
        out.push(Statement::Declare { name, ty });
        self.declare(name, ty, State::Unassigned);
        let condition = self.expr(Ty::Bool, Literals::Free, depth);
        let branch = |generator: &mut Self| {
            let value = generator.expr(ty, Literals::Place, depth);
            let place = Expr::new(ty, Kind::Local(name));
            let assignment = Expr::new(Ty::Unit, Kind::Assign(place.boxed(), value.boxed()));
            Block { statements: vec![Statement::Expr(assignment)], tail: None }
        };
        let yes = branch(self);
        let no = branch(self);
        out.push(Statement::Expr(Expr::new(Ty::Unit, Kind::If(condition.boxed(), yes, Some(no)))));
        if let Some(variable) = self.cx.variables.last_mut() {
            variable.state = State::Fixed;
        }
    }

    /// `let S { … } = …;`
    fn destructured(&mut self, depth: usize, out: &mut Vec<Statement>) {
        if self.module.structs.is_empty() {
            return self.variable(depth, out);
        }
        let of = self.dice.below(self.module.structs.len());
        let value = self.expr(Ty::Struct(of), Literals::Suffixed, depth);
        let types = self.module.structs[of].clone();
        let mut names: Vec<Name> = NAMES.to_vec();
        let mut fields = Vec::new();
        for field in 0..types.len() {
            if !self.dice.one_in(4) {
                let name = names.swap_remove(self.dice.below(names.len()));
                fields.push((field, name, self.dice.one_in(2)));
            }
        }
        for (field, name, mutable) in &fields {
            self.declare(name, types[*field], Self::state_for(*mutable));
        }
        out.push(Statement::Destructure { of, fields, value });
    }

    /// `for`
    fn counted(&mut self, depth: usize, out: &mut Vec<Statement>) {
        if self.cx.loops >= 2 {
            return self.variable(depth, out);
        }
        let int = self.dice.pick(&INTS);
        let ty = Ty::Int(int);
        let start = self.integer(int);
        let length = self.dice.below(5) as i128;
        let inclusive = self.dice.one_in(2);
        let end =
            (start + length - i128::from(self.dice.one_in(8)) * 20).clamp(int.min(), int.max());
        let literal = |value| Expr::int(int, value);
        // The left one's type is the right one's.
        let start = if self.dice.one_in(3) {
            Expr::new(ty, Kind::Trace(self.next_note(), literal(start).boxed()))
        } else {
            literal(start)
        };
        let end = match self.dice.below(3) {
            0 => Expr::new(ty, Kind::Literal(Value::Int(int, end), crate::ast::Spelling::Plain)),
            1 => Expr::new(ty, Kind::Trace(self.next_note(), literal(end).boxed())),
            _ => literal(end),
        };
        let label = if self.dice.one_in(2) { Some(self.dice.pick(&LABELS)) } else { None };
        let mark = self.cx.variables.len();
        let name = self.name();
        self.declare(name, ty, State::Fixed);
        let body = self.repeated_body(label, Block::default(), depth);
        self.cx.variables.truncate(mark);
        let it = For { label, name, start, end, inclusive, body };
        out.push(Statement::Expr(Expr::new(Ty::Unit, Kind::For(Box::new(it)))));
    }

    fn next_note(&mut self) -> u32 {
        self.notes += 1;
        self.notes
    }

    /// `while`
    fn repeated(&mut self, depth: usize, out: &mut Vec<Statement>) {
        if self.cx.loops >= 2 {
            return self.variable(depth, out);
        }
        let mark = self.cx.variables.len();
        let counter = self.counter();
        let rounds = Expr::new(U32, Kind::Local(ROUNDS));
        let limit = Expr::int(Int::U32, self.dice.between(1, 4) as i128);
        let mut condition =
            Expr::new(Ty::Bool, Kind::Binary(BinaryOp::Lt, rounds.boxed(), limit.boxed()));
        let label = if self.dice.one_in(2) { Some(self.dice.pick(&LABELS)) } else { None };
        if self.dice.one_in(2) {
            // A jump in the condition is one of this loop.
            self.cx.frames.push(Frame {
                label,
                ty: Ty::Unit,
                is_loop: true,
                literals: Literals::Free,
            });
            self.cx.loops += 1;
            let other = self.expr(Ty::Bool, Literals::Free, depth);
            self.cx.loops -= 1;
            self.cx.frames.pop();
            condition = Expr::new(Ty::Bool, Kind::AndThen(condition.boxed(), other.boxed()));
        }
        let body =
            self.repeated_body(label, Block { statements: vec![count_up()], tail: None }, depth);
        self.cx.variables.truncate(mark);
        let looped = Expr::new(Ty::Unit, Kind::While(label, condition.boxed(), body));
        let block = Block { statements: vec![counter, Statement::Expr(looped)], tail: None };
        out.push(Statement::Expr(Expr::new(Ty::Unit, Kind::Block(None, block))));
    }

    fn repeated_body(&mut self, label: Option<Name>, mut body: Block, depth: usize) -> Block {
        self.cx.frames.push(Frame { label, ty: Ty::Unit, is_loop: true, literals: Literals::Free });
        self.cx.loops += 1;
        let mark = self.cx.variables.len();
        for _ in 0..self.dice.between(1, 3) {
            self.statement(depth, &mut body.statements);
        }
        self.cx.variables.truncate(mark);
        self.cx.loops -= 1;
        self.cx.frames.pop();
        body
    }

    /// Writes to segments, and more segments.
    fn memory(&mut self, depth: usize, out: &mut Vec<Statement>) {
        if !self.cx.allocators.is_empty() && self.dice.one_in(3) {
            return self.allocate(out);
        }
        let segment = self.expr(Ty::Segment, Literals::Free, depth);
        let kind = match self.dice.below(4) {
            0 => Kind::Fill(
                segment.boxed(),
                self.operand(Ty::Int(Int::U8), Literals::Place, depth).boxed(),
            ),
            1 => {
                let slice = |generator: &mut Self, of: Expr| {
                    let (offset, size) = (generator.dice.below(3), generator.dice.below(4));
                    let (offset, size) =
                        (Expr::int(Int::Addr, offset as i128), Expr::int(Int::Addr, size as i128));
                    Expr::new(Ty::Segment, Kind::Slice(of.boxed(), offset.boxed(), size.boxed()))
                };
                let other = self.expr(Ty::Segment, Literals::Free, depth);
                let (target, source) = (slice(self, segment), slice(self, other));
                Kind::CopyFrom(target.boxed(), source.boxed())
            }
            _ => {
                let ty = Ty::Int(self.dice.pick(&INTS));
                let offset = Expr::int(Int::Addr, self.dice.below(6) as i128);
                Kind::Set(
                    segment.boxed(),
                    offset.boxed(),
                    self.operand(ty, Literals::Place, depth).boxed(),
                )
            }
        };
        out.push(Statement::Expr(Expr::new(Ty::Unit, kind)));
    }
}

/// `rounds += 1;`
fn count_up() -> Statement {
    let rounds = Expr::new(U32, Kind::Local(ROUNDS));
    let one = Expr::int(Int::U32, 1);
    Statement::Expr(Expr::new(Ty::Unit, Kind::AssignOp(BinaryOp::Add, rounds.boxed(), one.boxed())))
}
