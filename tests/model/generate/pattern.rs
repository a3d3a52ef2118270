//! `match`: arms that are all reachable and leave nothing out.

use super::{Frame, Generator, Literals, State};
use crate::ast::{Arm, Block, Expr, INTS, Kind, Pattern, Spelling, Ty, Value};
use crate::evaluate::{self, number_of};

/// The values that arms without guards have taken: intervals, both ends included, in order and apart.
#[derive(Clone, Default)]
struct Covered(Vec<(i128, i128)>);

impl Covered {
    fn has_all(&self, from: i128, to: i128) -> bool {
        self.0.iter().any(|(low, high)| *low <= from && to <= *high)
    }

    fn add(&mut self, from: i128, to: i128) {
        self.0.push((from, to));
        self.0.sort_unstable();
        let mut joined: Vec<(i128, i128)> = Vec::new();
        for (low, high) in self.0.drain(..) {
            match joined.last_mut() {
                Some(last) if low <= last.1 + 1 => last.1 = last.1.max(high),
                _ => joined.push((low, high)),
            }
        }
        self.0 = joined;
    }
}

fn domain(ty: Ty) -> (i128, i128) {
    match ty {
        Ty::Int(int) => (int.min(), int.max()),
        Ty::Bool => (0, 1),
        _ => (0, 0x10_ffff),
    }
}

impl Generator {
    /// A `match` that gives `ty`.
    pub(super) fn matching(&mut self, ty: Ty, literals: Literals, depth: usize) -> Expr {
        let of = match self.dice.below(8) {
            0 => Ty::Bool,
            1 => Ty::Char,
            _ => Ty::Int(self.dice.pick(&INTS)),
        };
        let scrutinee = self.scrutinee(of, depth);
        let (low, high) = domain(of);
        let mut covered = Covered::default();
        if of == Ty::Char {
            // No character lies between the two halves.
            covered.add(0xd800, 0xdfff);
        }
        let mut arms: Vec<Arm> = Vec::new();
        let base = number_of(&self.value(of));
        for at in 0..self.dice.below(6) {
            if covered.has_all(low, high) {
                break;
            }
            let guarded = self.dice.one_in(5);
            if guarded && self.dice.one_in(3) {
                // A binding, whose guard may use it.
                let name = self.name();
                let mark = self.cx.variables.len();
                self.declare(name, of, State::Fixed);
                let arm = self.arm(vec![Pattern::Bind(name)], true, ty, literals, depth);
                self.cx.variables.truncate(mark);
                arms.push(arm);
                continue;
            }
            let mut with_these = covered.clone();
            let patterns = self.patterns(of, base + at as i128, &mut with_these);
            if patterns.is_empty() {
                continue;
            }
            if !guarded {
                covered = with_these;
            }
            arms.push(self.arm(patterns, guarded, ty, literals, depth));
        }
        if !covered.has_all(low, high) {
            let finite = matches!(of, Ty::Int(_)) && self.dice.one_in(4);
            let (patterns, bound) = if finite { (gaps(of, &covered), None) } else { self.rest() };
            let mark = self.cx.variables.len();
            if let Some(name) = bound {
                self.declare(name, of, State::Fixed);
            }
            // The last arm completes, so that the whole has a type.
            let body = self.expr(ty, branch(literals), depth);
            self.cx.variables.truncate(mark);
            arms.push(Arm { patterns, guard: None, body });
        } else if let Some(arm) = arms.last_mut() {
            let body = self.expr(ty, branch(literals), 0);
            arm.body = body;
        }
        Expr::new(ty, Kind::Match(scrutinee.boxed(), arms))
    }

    fn scrutinee(&mut self, of: Ty, depth: usize) -> Expr {
        match of {
            Ty::Int(int) if self.dice.one_in(2) => {
                // Few values, so that arms are taken.
                let value = self.expr(of, Literals::Suffixed, depth);
                Expr::new(
                    of,
                    Kind::Binary(
                        crate::ast::BinaryOp::And,
                        value.boxed(),
                        Expr::int(int, 7).boxed(),
                    ),
                )
            }
            _ => self.expr(of, Literals::Suffixed, depth),
        }
    }

    fn rest(&mut self) -> (Vec<Pattern>, Option<&'static str>) {
        if self.dice.one_in(2) {
            return (vec![Pattern::Wildcard], None);
        }
        let name = self.name();
        (vec![Pattern::Bind(name)], Some(name))
    }

    fn arm(
        &mut self,
        patterns: Vec<Pattern>,
        guarded: bool,
        ty: Ty,
        literals: Literals,
        depth: usize,
    ) -> Arm {
        let guard = guarded.then(|| self.expr(Ty::Bool, Literals::Free, depth.min(2)));
        let body = if self.dice.one_in(10) && self.cx.budget > 0 {
            self.jump(ty, depth)
        } else {
            self.expr(ty, branch(literals), depth)
        };
        Arm { patterns, guard, body }
    }

    /// Alternatives, each of which matches something that is not covered yet.
    fn patterns(&mut self, of: Ty, near: i128, covered: &mut Covered) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for _ in 0..self.dice.between(1, 3) {
            let (pattern, from, to) = self.alternative(of, near);
            if from > to || covered.has_all(from, to) {
                continue;
            }
            covered.add(from, to);
            patterns.push(pattern);
        }
        patterns
    }

    /// A pattern and the values it matches.
    fn alternative(&mut self, of: Ty, near: i128) -> (Pattern, i128, i128) {
        let (low, high) = domain(of);
        let point = |generator: &mut Self| -> Value {
            let number = match generator.dice.below(3) {
                0 => number_of(&generator.value(of)),
                1 => generator.dice.below(8) as i128,
                _ => near + generator.dice.below(4) as i128,
            };
            number_to_value(of, number.clamp(low, high))
        };
        let consts: Vec<usize> = (0..self.module.consts.len())
            .filter(|index| self.module.consts[*index].ty == of)
            .collect();
        match self.dice.below(7) {
            0 if !consts.is_empty() => {
                let index = self.dice.pick(&consts);
                let at = evaluate::constant(&self.module, &Expr::new(of, Kind::Const(index)))
                    .map_or(0, |value| number_of(&value));
                (Pattern::Const(index), at, at)
            }
            1 | 2 if of != Ty::Bool => {
                let (one, other) = (point(self), point(self));
                let (from, to) =
                    if number_of(&one) <= number_of(&other) { (one, other) } else { (other, one) };
                let inclusive = number_of(&from) == number_of(&to) || self.dice.one_in(2);
                let (first, last) = (number_of(&from), number_of(&to) - i128::from(!inclusive));
                (Pattern::Range(Some(from), Some(to), inclusive), first, last)
            }
            3 if of != Ty::Bool && self.dice.one_in(2) => {
                let from = point(self);
                let first = number_of(&from);
                (Pattern::Range(Some(from), None, false), first, high)
            }
            4 if of != Ty::Bool && self.dice.one_in(2) => {
                let to = point(self);
                let inclusive = number_of(&to) == low || self.dice.one_in(2);
                let last = number_of(&to) - i128::from(!inclusive);
                (Pattern::Range(None, Some(to), inclusive), low, last)
            }
            _ => {
                let value = point(self);
                let at = number_of(&value);
                let spelling = self.dice.pick(&[
                    Spelling::Plain,
                    Spelling::Plain,
                    Spelling::Suffixed,
                    Spelling::Named,
                    Spelling::Hexadecimal,
                ]);
                (Pattern::Value(value, spelling), at, at)
            }
        }
    }

    /// Blocks in blocks, and a `match` that only jumps out of them.
    pub(super) fn ladder(&mut self, depth: usize) -> Expr {
        let int = self.dice.pick(&INTS);
        let of = Ty::Int(int);
        let count = self.dice.between(2, super::LABELS.len());
        // The scrutinee stands inside of all blocks.
        for label in super::LABELS.into_iter().take(count).rev() {
            self.cx.frames.push(Frame {
                label: Some(label),
                ty: Ty::Unit,
                is_loop: false,
                literals: Literals::Free,
            });
        }
        let scrutinee = self.scrutinee(of, depth);
        self.cx.frames.truncate(self.cx.frames.len() - count);
        let base = if self.dice.one_in(2) { 0 } else { self.integer(int).min(int.max() - 12) };
        let mut arms: Vec<Arm> = Vec::new();
        for at in 0..self.dice.between(2, 9) {
            if self.dice.one_in(6) {
                continue;
            }
            let value = Value::Int(int, base + at as i128);
            let to = super::LABELS[self.dice.below(count)];
            arms.push(Arm {
                patterns: vec![Pattern::Value(value, Spelling::Plain)],
                guard: None,
                body: Expr::new(Ty::Unit, Kind::Break(Some(to), None)),
            });
        }
        let to = super::LABELS[self.dice.below(count)];
        arms.push(Arm {
            patterns: vec![Pattern::Wildcard],
            guard: None,
            body: Expr::new(Ty::Unit, Kind::Break(Some(to), None)),
        });
        let mut inner = Expr::new(Ty::Unit, Kind::Match(scrutinee.boxed(), arms));
        for label in super::LABELS.into_iter().take(count) {
            let block = Block { statements: vec![crate::ast::Statement::Expr(inner)], tail: None };
            let labelled = Expr::new(Ty::Unit, Kind::Block(Some(label), block));
            let mut around =
                Block { statements: vec![crate::ast::Statement::Expr(labelled)], tail: None };
            self.notes += 1;
            let note =
                Expr::new(of, Kind::Trace(self.notes, self.literal(of, Literals::Place).boxed()));
            around.statements.push(crate::ast::Statement::Expr(note));
            inner = Expr::new(Ty::Unit, Kind::Block(None, around));
        }
        inner
    }
}

/// The literals of an arm: the type of the operand to the right does not reach into arms.
fn branch(literals: Literals) -> Literals {
    if literals == Literals::Beside { Literals::Suffixed } else { literals }
}

fn number_to_value(of: Ty, number: i128) -> Value {
    match of {
        Ty::Int(int) => Value::Int(int, number),
        Ty::Bool => Value::Bool(number != 0),
        // What lies between the two halves of the characters becomes the last before.
        _ => Value::Char(char::from_u32(number as u32).unwrap_or('\u{d7ff}')),
    }
}

/// Ranges for all that is not covered.
fn gaps(of: Ty, covered: &Covered) -> Vec<Pattern> {
    let (low, high) = domain(of);
    let mut patterns = Vec::new();
    let mut at = low;
    let mut push = |from: i128, to: i128| {
        if from <= to {
            let from = (from > low).then(|| number_to_value(of, from));
            patterns.push(match (from, to < high) {
                (None, true) => Pattern::Range(None, Some(number_to_value(of, to)), true),
                (Some(from), true) => {
                    Pattern::Range(Some(from), Some(number_to_value(of, to)), true)
                }
                (Some(from), false) => Pattern::Range(Some(from), None, false),
                (None, false) => Pattern::Wildcard,
            });
        }
    };
    for (first, last) in &covered.0 {
        push(at, first - 1);
        at = last + 1;
    }
    push(at, high);
    patterns
}
