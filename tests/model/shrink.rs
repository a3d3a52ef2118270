//! A program that fails ⇒ a smaller one that fails too.
//!
//! Parts are taken away one at a time as long as the failure stays. What is left may be no program: then it doesn't fail, so it isn't taken.

use std::time::{Duration, Instant};

use crate::ast::{Block, Expr, Kind, Module, Spelling, Statement, Ty};

/// How long to look for a smaller one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes away what the failure doesn't need.
pub(crate) fn shrink(mut module: Module, fails: impl Fn(&Module) -> bool) -> Module {
    let end = Instant::now() + PATIENCE;
    let try_it = |module: &mut Module, smaller: Module| {
        if smaller != *module && Instant::now() < end && fails(&smaller) {
            *module = smaller;
        }
    };
    // What is called from nowhere else goes at once.
    for at in (0..module.functions.len()).rev() {
        let mut smaller = module.clone();
        let result = smaller.functions[at].result;
        let tail = smaller.simplest(result).map(|value| Expr::literal(result, value).boxed());
        smaller.functions[at].body = Block { statements: Vec::new(), tail };
        try_it(&mut module, smaller);
    }
    loop {
        let before = module.clone();
        for at in (0..module.calls.len()).rev() {
            let mut smaller = module.clone();
            smaller.calls.remove(at);
            try_it(&mut module, smaller);
        }
        let mut at = 0;
        // Each cut has a number: that of the place where it is made, in the order of a walk.
        while Instant::now() < end {
            let mut smaller = module.clone();
            let mut cut = Cut {
                left: at,
                simplest: &|ty| module.simplest(ty).map(|value| Expr::literal(ty, value)),
                made: false,
            };
            smaller.functions.iter_mut().for_each(|function| cut.block(&mut function.body));
            if !cut.made {
                break;
            }
            if smaller != module && fails(&smaller) { module = smaller } else { at += 1 }
        }
        for at in 0..module.functions.len() {
            let mut smaller = module.clone();
            smaller.functions[at].exported &= smaller.calls.iter().any(|(called, _)| *called == at);
            try_it(&mut module, smaller);
            let mut smaller = module.clone();
            smaller.functions[at].omitted = true;
            try_it(&mut module, smaller);
        }
        for at in 0..module.consts.len() {
            let mut smaller = module.clone();
            smaller.consts[at].omitted = true;
            try_it(&mut module, smaller);
        }
        for at in 0..module.statics.len() {
            let mut smaller = module.clone();
            smaller.statics[at].omitted = true;
            try_it(&mut module, smaller);
        }
        for at in 0..module.data.len() {
            let mut smaller = module.clone();
            smaller.data[at].omitted = true;
            try_it(&mut module, smaller);
        }
        if module == before || Instant::now() > end {
            return module;
        }
    }
}

/// A walk that makes one cut.
struct Cut<'s> {
    /// Places to pass before it.
    left: usize,
    simplest: &'s dyn Fn(Ty) -> Option<Expr>,
    made: bool,
}

impl Cut<'_> {
    /// Whether the cut is to be made here.
    fn here(&mut self) -> bool {
        if self.made {
            return false;
        }
        self.made = self.left == 0;
        self.left = self.left.saturating_sub(1);
        self.made
    }

    fn block(&mut self, block: &mut Block) {
        for at in 0..block.statements.len() {
            if self.here() {
                block.statements.remove(at);
                return;
            }
        }
        for statement in &mut block.statements {
            match statement {
                Statement::Let { value, .. }
                | Statement::Destructure { value, .. }
                | Statement::Expr(value) => self.expr(value),
                Statement::Declare { .. } => (),
            }
        }
        if let Some(tail) = &mut block.tail {
            self.expr(tail);
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        if self.made {
            return;
        }
        // A literal of the type, then a part of the same type.
        if !matches!(expr.kind, Kind::Literal(_, Spelling::Suffixed)) && self.here() {
            if let Some(simplest) = (self.simplest)(expr.ty) {
                *expr = simplest;
            }
            return;
        }
        for at in 0..parts(expr).len() {
            if self.here() {
                let ty = expr.ty;
                let part = parts(expr).swap_remove(at).clone();
                if part.ty == ty {
                    *expr = part;
                }
                return;
            }
        }
        if let Kind::Match(_, arms) = &mut expr.kind {
            for at in 0..arms.len() {
                if self.here() {
                    arms.remove(at);
                    return;
                }
            }
            for arm in arms {
                for at in 0..arm.patterns.len() {
                    if arm.patterns.len() > 1 && self.here() {
                        arm.patterns.remove(at);
                        return;
                    }
                }
            }
        }
        for part in parts(expr) {
            self.expr(part);
        }
        for block in blocks(expr) {
            self.block(block);
        }
    }
}

/// The expressions directly inside, those in blocks left out except for what blocks give.
fn parts(expr: &mut Expr) -> Vec<&mut Expr> {
    match &mut expr.kind {
        Kind::Literal(..)
        | Kind::Const(_)
        | Kind::Local(_)
        | Kind::Static(_)
        | Kind::Data(_)
        | Kind::Function(_)
        | Kind::Forged(_)
        | Kind::Block(..)
        | Kind::Loop(..)
        | Kind::Scope(..)
        | Kind::Continue(_)
        | Kind::Break(_, None)
        | Kind::Return(None)
        | Kind::Allocate(..) => Vec::new(),
        Kind::Field(one, _)
        | Kind::Unary(_, one)
        | Kind::Cast(one)
        | Kind::IsNull(one)
        | Kind::Trace(_, one)
        | Kind::If(one, ..)
        | Kind::While(_, one, _)
        | Kind::Break(_, Some(one))
        | Kind::Return(Some(one))
        | Kind::Become(one)
        | Kind::Size(one) => vec![&mut **one],
        Kind::Binary(_, a, b)
        | Kind::AndThen(a, b)
        | Kind::OrElse(a, b)
        | Kind::Assign(a, b)
        | Kind::AssignOp(_, a, b)
        | Kind::Element(a, b)
        | Kind::Get(a, b)
        | Kind::Fill(a, b)
        | Kind::CopyFrom(a, b)
        | Kind::Compare(a, b) => vec![&mut **a, &mut **b],
        Kind::Set(a, b, c) | Kind::Slice(a, b, c) => vec![&mut **a, &mut **b, &mut **c],
        Kind::Call(_, list)
        | Kind::CallMethod(_, list)
        | Kind::CallTemplate(_, list)
        | Kind::Library(_, list) => list.iter_mut().collect(),
        Kind::CallPointer(callee, list) => std::iter::once(&mut **callee).chain(list).collect(),
        Kind::Struct(_, fields) => fields.iter_mut().map(|(_, value)| value).collect(),
        Kind::Match(scrutinee, arms) => {
            let arms = arms
                .iter_mut()
                .flat_map(|arm| arm.guard.iter_mut().chain(std::iter::once(&mut arm.body)));
            std::iter::once(&mut **scrutinee).chain(arms).collect()
        }
        Kind::For(it) => vec![&mut it.start, &mut it.end],
    }
}

fn blocks(expr: &mut Expr) -> Vec<&mut Block> {
    match &mut expr.kind {
        Kind::If(_, yes, no) => std::iter::once(yes).chain(no).collect(),
        Kind::Block(_, block)
        | Kind::Loop(_, block)
        | Kind::While(_, _, block)
        | Kind::Scope(_, block) => vec![block],
        Kind::For(it) => vec![&mut it.body],
        _ => Vec::new(),
    }
}
