//! The exceptions that engines had before `try_table` ⇒ `try_table`.
//!
//! `(try $l (do A) (catch $t B) (catch_all C))` ⇒
//!
//! ```wat
//! (block $l
//!   (block $all
//!     (br $l (block $caught (result …)   ;; the values of $t, which B finds where it found them
//!       (br $l (try_table (catch $t $caught) (catch_all $all) A))) B))
//!   C)
//! ```
//!
//! A `rethrow` of `$l` makes its catches branch with the exception itself, which goes into a local: `(throw_ref (local.get $exception))`.
//! `(try (do A) (delegate $l))` ⇒ `(try_table (catch_all_ref $there) A)`, where `$there` is a block around the body of the innermost `try`
//! that is to see the exception (or of the function), which throws it: `(throw_ref (block $there (result exnref) (br $out …)))`.
//!
//! Law: the body does what it did. Invariant: no `try`, `rethrow` or `delegate` is left. It runs before bodies get the form of other passes,
//! since what a `catch` takes from an exception has no other form.

use std::collections::HashMap;

use swasm_tree::{
    AbstractHeapType, BlockType, Body, Catch, HeapType, Loc, LocalId, Module, NodeId, Op, RefType,
    Step, ValType, View,
};

use super::Context;

/// An exception.
const EXNREF: ValType = ValType::Ref(RefType::new(true, HeapType::Abstract(AbstractHeapType::Exn)));

/// The body of a `try`, or none: the function.
type Region = Option<NodeId>;

/// What there is to translate.
#[derive(Default)]
struct Tries {
    /// Each `try`, outer ones first.
    all: Vec<NodeId>,
    /// By `try` with a `delegate`: whose body is to see what it catches.
    delegates: HashMap<NodeId, Region>,
    /// Each `rethrow`, with its `try`.
    rethrows: Vec<(NodeId, NodeId)>,
}

/// A block around the node at hand.
struct Label {
    node: NodeId,
    around: Region,
    /// Whether it is a `try` whose body the node is in.
    in_body: bool,
}

impl Label {
    /// The region of what is thrown there, as seen from the node at hand.
    fn region(&self) -> Region {
        if self.in_body { Some(self.node) } else { self.around }
    }
}

impl Tries {
    fn of(body: &Body) -> Tries {
        let mut found = Tries::default();
        let mut open: Vec<Label> = Vec::new();
        let mut by_label: HashMap<NodeId, usize> = HashMap::new();
        // The nodes around, with how many of their children were entered.
        let mut path: Vec<(NodeId, usize)> = Vec::new();
        for step in body.walk(body.root()) {
            match step {
                Step::Enter(node) => {
                    let place = path.last_mut().map(|(parent, entered)| {
                        *entered += 1;
                        (*parent, *entered)
                    });
                    path.push((node, 0));
                    // The body of a `try` is the last child but one, what handles is the last.
                    if let Some((parent, entered)) = place
                        && body.op(parent) == Op::TRY
                        && let Some(&at) = by_label.get(&parent)
                    {
                        open[at].in_body = entered + 1 == body.children(parent).len();
                    }
                    let region = open.last().and_then(|label| label.region());
                    match body.op(node) {
                        Op::TRY => found.all.push(node),
                        Op::RETHROW => {
                            found.rethrows.extend(body.labels(node).next().map(|to| (node, to)));
                        }
                        Op::DELEGATE => {
                            let target = body.labels(node).next().and_then(|to| by_label.get(&to));
                            let seen = target.and_then(|&at| open[at].region());
                            if let Some((try_, _)) = place {
                                found.delegates.insert(try_, seen);
                            }
                        }
                        _ => (),
                    }
                    if body.op(node).shape().is_label() {
                        by_label.insert(node, open.len());
                        open.push(Label { node, around: region, in_body: false });
                    }
                }
                Step::Leave(node) => {
                    path.pop();
                    if open.last().is_some_and(|label| label.node == node) {
                        open.pop();
                        by_label.remove(&node);
                    }
                }
            }
        }
        found
    }
}

pub(super) fn run(context: &Context<'_>, body: &mut Body) {
    let tries = Tries::of(body);
    if tries.all.is_empty() {
        return;
    }
    let before = body.loc();
    // What a `delegate` branches to, by the region that it is in.
    let mut there: HashMap<Region, NodeId> = HashMap::new();
    for node in &tries.all {
        if let Some(&region) = tries.delegates.get(node) {
            there.entry(region).or_insert_with(|| body.block(BlockType::of(&[EXNREF])));
        }
    }
    let mut exceptions: HashMap<NodeId, LocalId> = HashMap::new();
    for &(node, of) in &tries.rethrows {
        let local = *exceptions.entry(of).or_insert_with(|| body.add_local(EXNREF));
        body.at(body.node(node).loc);
        let exception = body.local_get(local);
        let thrown = body.plain(Op::THROW_REF, &[exception]);
        body.replace(node, *body.node(thrown));
    }
    for &node in &tries.all {
        body.at(body.node(node).loc);
        let around = there.get(&Some(node)).copied();
        match tries.delegates.get(&node) {
            Some(region) => delegate(body, node, there[region], around),
            None => catches(context.module, body, node, exceptions.get(&node).copied(), around),
        }
    }
    if let Some(&around) = there.get(&None) {
        body.at(Loc::NONE);
        let results = body.results().to_vec();
        let all = body.children(body.root()).to_vec();
        let all = body.seq(&all);
        let all = thrown_there(body, all, around, &results);
        body.set_children(body.root(), &[all]);
    }
    body.at(before);
}

/// `A` ⇒ `(block $out (throw_ref (block $there (result exnref) (br $out A))))`
fn thrown_there(body: &mut Body, all: NodeId, there: NodeId, results: &[ValType]) -> NodeId {
    let out = body.block(BlockType::of(results));
    let leaves = branch(body, out, all);
    body.set_body(there, leaves);
    let thrown = body.plain(Op::THROW_REF, &[there]);
    body.set_body(out, thrown);
    out
}

/// A branch with the values of a node, if control comes past that.
fn branch(body: &mut Body, to: NodeId, values: NodeId) -> NodeId {
    if body.diverges(values) { values } else { body.br(to, &[values]) }
}

/// Parameters and results of a block.
fn types(body: &Body, node: NodeId) -> (Vec<ValType>, Vec<ValType>) {
    let ty = body.block_type(node);
    (ty.params.to_vec(), ty.results.to_vec())
}

/// Operands, body and what handles, of a `try`.
fn parts(body: &Body, node: NodeId) -> (Vec<NodeId>, NodeId, NodeId) {
    match body.children(node) {
        [operands @ .., all, handlers] => (operands.to_vec(), *all, *handlers),
        _ => panic!("a `try` has a body and what handles: the reader promised so"),
    }
}

/// The nodes of a sequence, or the one node.
fn listed(body: &Body, node: NodeId) -> Vec<NodeId> {
    if body.op(node) == Op::SEQ { body.children(node).to_vec() } else { vec![node] }
}

/// Puts the values that a block begins with into locals, the last first.
fn keep_params(body: &mut Body, params: &[ValType]) -> (Vec<NodeId>, Vec<NodeId>) {
    let locals: Vec<LocalId> = params.iter().map(|&ty| body.add_local(ty)).collect();
    let set = |body: &mut Body, local: LocalId| {
        let value = body.stack();
        body.local_set(local, value)
    };
    let sets = locals.iter().rev().map(|&local| set(body, local)).collect();
    let gets = locals.iter().map(|&local| body.local_get(local)).collect();
    (sets, gets)
}

fn delegate(body: &mut Body, node: NodeId, to: NodeId, around: Option<NodeId>) {
    let (params, results) = types(body, node);
    let (operands, mut all, _) = parts(body, node);
    let mut sets = Vec::new();
    if let Some(around) = around {
        (sets, all) = with_params(body, &params, all);
        all = thrown_there(body, all, around, &results);
    }
    sets.push(all);
    let all = body.seq(&sets);
    let catch = Catch { tag: None, with_ref: true, label: to };
    let ty = BlockType { params: &params, results: &results };
    let table = body.try_table(ty, &[catch], &operands);
    body.set_body(table, all);
    body.replace(node, *body.node(table));
}

/// What puts parameters into locals, and a body that takes them from there.
fn with_params(body: &mut Body, params: &[ValType], all: NodeId) -> (Vec<NodeId>, NodeId) {
    let (sets, mut list) = keep_params(body, params);
    list.extend(listed(body, all));
    (sets, body.seq(&list))
}

fn catches(
    module: &Module,
    body: &mut Body,
    node: NodeId,
    exception: Option<LocalId>,
    around: Option<NodeId>,
) {
    let (params, results) = types(body, node);
    let (operands, all, handlers) = parts(body, node);
    let (mut list, mut all) = with_params(body, &params, all);
    if let Some(around) = around {
        all = thrown_there(body, all, around, &results);
    }
    let handlers = listed(body, handlers);
    let catches: Vec<Catch> = handlers
        .iter()
        .map(|&handler| {
            let tag = if let View::Tag(tag) = body.view(handler) { Some(tag) } else { None };
            let ty = tag.map(|tag| module.types.get(module.tags[tag.index()].ty));
            let mut values = ty.map_or_else(Vec::new, |ty| ty.params.to_vec());
            values.extend(exception.map(|_| EXNREF));
            let label = body.block(BlockType::of(&values));
            Catch { tag, with_ref: exception.is_some(), label }
        })
        .collect();
    if catches.is_empty() {
        list.push(all);
    } else {
        let table = body.try_table(BlockType::of(&results), &catches, &[]);
        body.set_body(table, all);
        let mut next = vec![body.br(node, &[table])];
        for (at, (catch, &handler)) in catches.iter().zip(&handlers).enumerate() {
            let inner = body.seq(&next);
            body.set_body(catch.label, inner);
            next = vec![catch.label];
            if let Some(local) = exception {
                let caught = body.stack();
                next.push(body.local_set(local, caught));
            }
            let handled = body.children(handler).to_vec();
            next.extend(handled.iter().flat_map(|&handled| listed(body, handled)));
            if at + 1 < catches.len() {
                let values = body.seq(&next);
                next = vec![branch(body, node, values)];
            }
        }
        list.extend(next);
    }
    let list = body.seq(&list);
    let block = body.block_with(BlockType { params: &params, results: &results }, &operands);
    body.set_body(block, list);
    body.replace(node, *body.node(block));
}
