//! Calls of small functions ⇒ their bodies.
//!
//! `(call $f a b)`, `$f` = `(i32.sub (local.get 0) (local.get 1))` ⇒
//! `(<seq> (local.set $x a) (local.set $y b) (i32.sub (local.get $x) (local.get $y)))`
//!
//! A callee that returns early becomes a block, its returns branches to the end of it. In place of a tail call they stay
//! returns. Copied calls are not looked at again, so this ends also when functions call each other in a circle.
//!
//! What is thrown is caught by the same handlers as before: no tail call becomes a call in a `try_table`, or is copied into one.
//!
//! Invariant: a callee's parameters and locals are new locals of the caller; those that the callee may read before it
//! assigns them are set to zero where the call was, as the call may be executed again.

use swasm_tree::{BlockType, Body, FuncId, Loc, LocalId, Module, NodeId, Op, Remap, ValType, View};

use super::{Callees, Context, coalesce};
use crate::cursor::{Cursor, Event, names_labels};
use swasm_tree::result_count;

/// What the program says about copying a function into its callers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum InlineHint {
    /// Nothing: it is copied if that is hardly larger than a call.
    Auto,
    /// It is to be copied unless it is large.
    Hint,
    /// There is one call of it: the copy takes its place.
    Once,
    /// It is not to be copied.
    Never,
}

/// Operators of a function that is copied without being asked for.
const AUTO_OPERATORS: usize = 6;
/// Operators of a function that is copied because the program says so.
const HINT_OPERATORS: usize = 400;
/// Operators of a function that is copied because it is called once.
const ONCE_OPERATORS: usize = 400;
/// A body grows by inlining to at most this many nodes, or by as many as it had.
const GROWTH: usize = 4000;

/// Whether copies of a function's body, as it is now, may stand for calls of it.
pub fn is_inlinable(module: &Module, func: FuncId, body: &Body, hint: InlineHint) -> bool {
    let limit = match hint {
        InlineHint::Auto => AUTO_OPERATORS,
        InlineHint::Hint => HINT_OPERATORS,
        InlineHint::Once => ONCE_OPERATORS,
        InlineHint::Never => return false,
    };
    // Where its locals are set may not be around where the copy reads them.
    if body.locals().iter().any(|ty| !ty.is_defaultable()) {
        return false;
    }
    let parameters = module.func_type(func).params.len();
    let mut operators = 0;
    let (mut catches, mut tail_calls) = (false, false);
    let root = body.root();
    body.pre_order(root).all(|node| {
        let op = body.op(node);
        operators += usize::from(op != Op::SEQ);
        catches |= op == Op::TRY_TABLE;
        tail_calls |= is_tail_call(op);
        let calls_itself = matches!(body.view(node), View::Call(callee) if callee == func);
        // A branch to the function, which `enclose` removes.
        let leaves = !body.op(root).shape().is_label()
            && names_labels(op)
            && body.labels(node).any(|label| label == root);
        // What a tail call throws is not caught where it is; a call in its place would be.
        let differs = catches && tail_calls;
        // Reading a parameter is what a call does with its argument anyway.
        let small = operators <= limit + 2 * parameters;
        small && !(calls_itself || leaves || differs || matches!(op, Op::STACK | Op::TRY))
    })
}

fn is_tail_call(op: Op) -> bool {
    matches!(op, Op::RETURN_CALL | Op::RETURN_CALL_INDIRECT | Op::RETURN_CALL_REF)
}

pub(super) fn run(context: &Context<'_>, body: &mut Body) {
    let mut cursor = Cursor::default();
    let limit = body.node_count() + body.node_count().max(GROWTH);
    cursor.forward(body.root());
    let mut tries = 0;
    while let Some(event) = cursor.next(body) {
        let node = match event {
            Event::Enter(node) => {
                tries += u32::from(body.op(node) == Op::TRY_TABLE);
                continue;
            }
            Event::Child(..) => continue,
            Event::Leave(node) => node,
        };
        tries -= u32::from(body.op(node) == Op::TRY_TABLE);
        let View::Call(func) = body.view(node) else { continue };
        if func == context.func || body.node_count() > limit {
            continue;
        }
        if tries > 0 && is_tail_call(body.op(node)) {
            // What it throws would be caught here.
            continue;
        }
        let Some(callee) = context.callees.inlinable(func) else { continue };
        let new = copy(context, body, node, callee);
        match cursor.place(body, node) {
            Some((parent, index)) => body.set_child(parent, index, new),
            None => body.set_root(new),
        }
    }
}

/// What stands for a call.
fn copy(context: &Context<'_>, body: &mut Body, call: NodeId, callee: &Body) -> NodeId {
    let loc = body.node(call).loc;
    body.at(loc);
    let locals: Vec<LocalId> = callee.locals().iter().map(|&ty| body.add_local(ty)).collect();
    for (local, name) in callee.local_names() {
        body.name_local(locals[local.index()], name);
    }
    let params = &locals[..callee.param_count()];

    let mut list = Vec::new();
    let arguments = body.children(call).to_vec();
    let one_each =
        arguments.iter().all(|&node| result_count(context.module, body, node) == Some(1));
    if one_each && arguments.len() == params.len() {
        for (&param, argument) in params.iter().zip(arguments) {
            list.push(body.local_set(param, argument));
        }
    } else if params.is_empty() {
        list.extend(arguments);
    } else {
        let arguments = body.seq(&arguments);
        list.push(body.set_many(params, arguments));
    }
    let read_at_entry = coalesce::read_at_entry(callee);
    for (index, &local) in locals.iter().enumerate().skip(params.len()) {
        if read_at_entry[index] && callee.locals()[index].is_defaultable() {
            let zero = zero(body, callee.locals()[index]);
            list.push(body.local_set(local, zero));
        }
    }

    let tail = body.op(call) == Op::RETURN_CALL;
    let leaves = callee.pre_order(callee.root()).any(|node| is_return(callee.op(node)));
    let end = (leaves && !tail).then(|| body.block(BlockType::of(callee.results())));
    let mut remap = Inlined { callee, callees: context.callees, locals: &locals, end, call: loc };
    let copied = body.copy_from(callee, callee.root(), &mut remap);
    body.at(loc);
    let value = match end {
        Some(block) => {
            body.set_body(block, copied);
            block
        }
        None => copied,
    };
    list.push(if tail { body.return_(&[value]) } else { value });
    body.seq(&list)
}

fn zero(body: &mut Body, ty: ValType) -> NodeId {
    match ty {
        ValType::I32 => body.i32_const(0),
        ValType::I64 => body.i64_const(0),
        ValType::F32 => body.f32_const(0),
        ValType::F64 => body.f64_const(0),
        ValType::V128 => body.v128_const([0; 16]),
        ValType::Ref(ty) => body.ref_null(ty.heap()),
    }
}

fn is_return(op: Op) -> bool {
    op == Op::RETURN || is_tail_call(op)
}

/// How a callee's body differs from its copy.
struct Inlined<'a> {
    callee: &'a Body,
    callees: &'a dyn Callees,
    locals: &'a [LocalId],
    /// The block that returns leave, unless they stay returns.
    end: Option<NodeId>,
    /// Where the call is.
    call: Loc,
}

impl Remap for Inlined<'_> {
    fn local(&mut self, local: LocalId) -> LocalId {
        self.locals[local.index()]
    }

    fn loc(&mut self, loc: Loc) -> Loc {
        self.callees.position(loc, self.call)
    }

    fn node(
        &mut self,
        to: &mut Body,
        op: Op,
        original: NodeId,
        children: &[NodeId],
    ) -> Option<NodeId> {
        let end = self.end?;
        if !is_return(op) {
            return None;
        }
        let loc = self.loc(self.callee.node(original).loc);
        to.at(loc);
        let call = if let View::Call(func) = self.callee.view(original) {
            to.call(func, children)
        } else if let View::CallIndirect { ty, table } = self.callee.view(original) {
            let (&slot, arguments) = children.split_last()?;
            to.call_indirect(ty, table, arguments, slot)
        } else if let View::Type(ty) = self.callee.view(original) {
            to.typed(Op::CALL_REF, ty, children)
        } else {
            return Some(to.br(end, children));
        };
        let values: &[NodeId] = if self.callee.results().is_empty() { &[] } else { &[call] };
        let branch = to.br(end, values);
        Some(if values.is_empty() { to.seq(&[call, branch]) } else { branch })
    }
}
