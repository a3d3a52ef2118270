//! Parameters whose values nobody reads ⇒ no parameters.
//!
//! ```text
//! fn first(s: MemorySegment) -> i32 { s.get_i32(0) }, unchecked   ⇒   (func $first (param $s.address i32) …), (call $first $address)
//! ```
//!
//! A scalar of a parameter is read unless all its function does with it is to set it, or to hand it on to a parameter's scalar that is not
//! read, or to a template that has no hole for it. All functions are looked at together, so what only goes round in a circle is not read.
//!
//! Invariant: a function that anything but a call in a body may call (a host, a pointer, a template, the linker itself) keeps all its
//! parameters.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};
use swasm_frontend_ir::checked::{
    Body, DefId, ExprId, ExprKind, FunctionKind, Hole, LocalId, Row, Type,
};

use crate::layout::Layouts;
use crate::options::OptLevel;
use crate::reach::Reached;
use crate::unit::Unit;

/// Takes the scalars that are not read out of the functions' types. Not at `-O0`: there a function is the straight translation of its text.
pub(crate) fn drop_unread(unit: &mut Unit<'_>, functions: &[Reached], fixed: &FxHashSet<DefId>) {
    if unit.options.opt_level == OptLevel::O0 {
        return;
    }
    let mut found = Search::of(unit, functions, fixed);
    for at in 0..found.functions.len() {
        found.function(unit, at);
    }
    found.spread();
    for (at, def) in found.functions.iter().enumerate() {
        let read = &found.read[found.first[at] as usize..found.first[at + 1] as usize];
        if read.contains(&false) {
            unit.leave_out(*def, read.iter().map(|read| !read).collect());
        }
    }
}

/// What is known so far of the functions that may lose parameters.
struct Search<'a> {
    layouts: Layouts<'a>,
    functions: Vec<DefId>,
    index: FxHashMap<DefId, usize>,
    /// Of each function: the number of its first scalar; one more entry at the end.
    first: Vec<u32>,
    /// By scalar.
    read: Vec<bool>,
    /// What is handed on: the scalar it goes to, then the one it comes from.
    handed: Vec<(u32, u32)>,
    /// By expression of the function at hand.
    users: Vec<User>,
}

/// What becomes of an expression's value.
#[derive(Clone, Copy)]
enum User {
    /// It is an operand of another expression, that one, which tells more.
    Operand(ExprId, u32),
    /// Nothing: the linker's choices leave it out.
    Nobody,
    /// It is read.
    Anything,
}

impl<'a> Search<'a> {
    fn of(unit: &Unit<'a>, functions: &[Reached], fixed: &FxHashSet<DefId>) -> Self {
        let program = unit.program;
        let mut search = Self {
            layouts: Layouts::new(program),
            functions: Vec::new(),
            index: FxHashMap::default(),
            first: vec![0],
            read: Vec::new(),
            handed: Vec::new(),
            users: Vec::new(),
        };
        for &Reached { def, .. } in functions {
            let function = program.function(def);
            let may_change = matches!(function.kind, FunctionKind::Body)
                && !function.start
                && !function.at_exit
                && !unit.is_exported(def)
                && !fixed.contains(&def);
            let params = &function.signature.params;
            let scalars: u32 = params.iter().map(|ty| search.layouts.count(ty)).sum();
            if !may_change || scalars == 0 {
                continue;
            }
            search.index.insert(def, search.functions.len());
            search.functions.push(def);
            search.read.resize(search.read.len() + scalars as usize, false);
            search.first.push(search.read.len() as u32);
        }
        search
    }

    /// Notes what a function does with its parameters.
    fn function(&mut self, unit: &Unit<'a>, at: usize) {
        let program = unit.program;
        let def = self.functions[at];
        let params = &program.function(def).signature.params;
        let body = program.body(def);
        self.find_users(unit, body);
        let mut starts = Vec::with_capacity(params.len());
        let mut next = self.first[at];
        for ty in params {
            starts.push(next);
            next += self.layouts.count(ty);
        }
        for id in body.ids() {
            if let ExprKind::Local(LocalId(local)) = body[id].kind
                && let Some(&start) = starts.get(local as usize)
            {
                self.use_of(unit, body, id, start);
            }
        }
    }

    /// Fills `users`.
    fn find_users(&mut self, unit: &Unit<'_>, body: &Body) {
        self.users.clear();
        self.users.resize(body.exprs.len(), User::Anything);
        let mut left_out = Vec::new();
        for id in body.ids() {
            let kind = &body[id].kind;
            if let ExprKind::Field(operand, _)
            | ExprKind::Element(operand, _, _)
            | ExprKind::Assign(operand, _) = kind
            {
                self.users[operand.index()] = User::Operand(id, 0);
            } else if let ExprKind::Call(_, operands) | ExprKind::Wasm(_, operands) = kind {
                for (number, operand) in (0..).zip(&body[*operands]) {
                    self.users[operand.index()] = User::Operand(id, number);
                }
            } else if let ExprKind::If(condition, then, else_) = kind
                && let Some(value) = unit.decided(body, *condition)
            {
                left_out.extend(if value { *else_ } else { Some(*then) });
            }
        }
        while let Some(id) = left_out.pop() {
            self.users[id.index()] = User::Nobody;
            body.for_each_child(id, |child| left_out.push(child));
        }
    }

    /// Notes what becomes of the parameter that `id` is, whose scalars begin with number `start`.
    fn use_of(&mut self, unit: &Unit<'a>, body: &Body, mut id: ExprId, start: u32) {
        // The scalars that are looked at: a field's, inside those of the parameter.
        let mut scalars = start..start + self.layouts.count(body.ty(id));
        loop {
            let (user, number) = match self.users[id.index()] {
                User::Nobody => return,
                User::Anything => break,
                User::Operand(user, number) => (user, number),
            };
            let kind = &body[user].kind;
            if let ExprKind::Field(_, field) = kind {
                let Type::Struct(structure) = body.ty(id) else {
                    unreachable!("the checker promised a struct")
                };
                let starts = &self.layouts.structure(*structure).starts;
                let field = *field as usize;
                scalars = scalars.start + starts[field]..scalars.start + starts[field + 1];
                id = user;
                continue;
            }
            if let ExprKind::Wasm(row, _) = kind {
                return self.use_of_row(unit, row, number, scalars);
            }
            if let ExprKind::Call(callee, _) = kind {
                let function = unit.program.function(*callee);
                if let FunctionKind::Template(row) = &function.kind {
                    return self.use_of_row(unit, row, number, scalars);
                }
                if let Some(&at) = self.index.get(callee) {
                    let before = &function.signature.params[..number as usize];
                    let first: u32 = before.iter().map(|ty| self.layouts.count(ty)).sum();
                    return self.handed.extend((self.first[at] + first..).zip(scalars));
                }
            }
            if matches!(kind, ExprKind::Assign(..)) {
                return;
            }
            if matches!(kind, ExprKind::Element(..)) && !unit.checks() {
                // The address alone: the size is for the check.
                scalars.end = scalars.start + 1;
            }
            break;
        }
        self.read[scalars.start as usize..scalars.end as usize].fill(true);
    }

    /// Notes which scalars of operand `number` a template and its check read.
    fn use_of_row(&mut self, unit: &Unit<'_>, row: &Row, number: u32, scalars: Range<u32>) {
        // The check reads the segment and the offset.
        let is_checked = row.checked.is_some() && unit.checks() && number < 2;
        for (scalar, at) in (0..).zip(scalars) {
            let is_hole = row.holes.contains(&Hole { operand: number, scalar });
            self.read[at as usize] |= is_checked || is_hole;
        }
    }

    /// What is handed on to what is read is read.
    fn spread(&mut self) {
        self.handed.sort_unstable();
        self.handed.dedup();
        let mut pending: Vec<u32> =
            (0..self.read.len() as u32).filter(|at| self.read[*at as usize]).collect();
        while let Some(to) = pending.pop() {
            let first = self.handed.partition_point(|edge| edge.0 < to);
            for &(_, from) in self.handed[first..].iter().take_while(|edge| edge.0 == to) {
                if !self.read[from as usize] {
                    self.read[from as usize] = true;
                    pending.push(from);
                }
            }
        }
    }
}
