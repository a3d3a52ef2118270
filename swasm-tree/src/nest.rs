//! Values go from operand to operator and nowhere else: the form that passes follow.
//!
//! - What an earlier sibling left for a later one goes through locals:
//!   `(call $two) (i32.add Stack Stack)` ⇒ `(SetMany $a $b (call $two)) (i32.add (local.get $a) (local.get $b))`
//! - So does what one node leaves for several operands, but for operators that take a list, as calls do:
//!   `(i32.add (call $two))` ⇒ `(i32.add (seq (SetMany $a $b (call $two)) (local.get $a)) (local.get $b))`
//! - What nobody takes, because control leaves before, is dropped: `(call $one) (br $l)` ⇒ `(drop (call $one)) (br $l)`
//!
//! Law: the body does what it did, in the order it did. Invariant on entry: the body is verified.

use crate::ids::{node_from_raw, node_raw};
use crate::signature::{Signature, label_types, own_result_count, result_count};
use crate::{
    BlockType, Body, LocalId, Module, Node, NodeId, Op, Shape, Step, TypeList, ValType, View,
    results,
};

/// A value on the stack: the result of a node, or the parameter of a block in one of its arms.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Value {
    from: NodeId,
    /// `None`: a result; else a parameter, in the arm with this number.
    arm: Option<u32>,
    index: u32,
}

struct Frame {
    node: NodeId,
    next: usize,
    base: usize,
}

struct Block {
    height: usize,
    frames: usize,
}

impl Body {
    /// Gives a body that was read the form that passes follow: see the module's documentation. A pass that edits operand lists calls this
    /// first. A body with a legacy `try` stays as it is: what its `catch`es take from an exception has no other form.
    pub fn nest(&mut self, module: &Module) {
        let mut has_stack = false;
        for node in self.pre_order(self.root()) {
            has_stack |= self.op(node) == Op::STACK;
            if self.op(node) == Op::TRY {
                return;
            }
        }
        let loc = self.loc();
        if has_stack {
            self.name_values(module);
        }
        let nodes: Vec<NodeId> = self.post_order(self.root()).collect();
        // By node: whether control does not come to its end.
        let mut diverges = vec![false; self.node_count()];
        for node in nodes {
            let op = self.op(node);
            let children = self.children(node);
            let operands = &children[..children.len() - op.shape().arms()];
            let end = operands.iter().position(|&child| diverges[node_raw(child) as usize]);
            diverges[node_raw(node) as usize] = op.diverges() || end.is_some();
            if op == Op::SEQ {
                self.drop_values(module, node, end.unwrap_or(0));
            } else if !takes_list(op) {
                self.separate_operands(module, node);
            }
        }
        self.at(loc);
    }

    fn name_values(&mut self, module: &Module) {
        let mut taken = taken_values(self, module);
        // The sort is stable: what one node left stays in the order in which it is taken.
        taken.sort_by_key(|(_, value)| node_raw(value.from));
        let spilled = || taken.chunk_by(|(_, a), (_, b)| a.from == b.from);
        let mut nest = Nest { parents: Parents::default(), module };
        nest.note_parents(self);
        for uses in spilled() {
            nest.spill_results(self, uses);
        }
        nest.note_parents(self);
        for uses in spilled() {
            nest.spill_params(self, uses);
        }
    }

    /// Drops what the first `count` children of a `Seq` leave, as nobody takes it when control leaves behind them.
    pub fn drop_values(&mut self, module: &Module, list: NodeId, count: usize) {
        for at in 0..count {
            let child = self.children(list)[at];
            if !leaves_several(self, child) && result_count(module, self, child) != Some(1) {
                continue;
            }
            self.at(self.node(child).loc);
            let dropped = match &results(module, self, child)[..] {
                [] => continue,
                [_] => self.drop(child),
                types => {
                    let locals = new_locals(self, types);
                    self.set_many(&locals, child)
                }
            };
            self.set_child(list, at, dropped);
        }
    }

    /// Gives each operand a node of its own, where one node leaves several.
    fn separate_operands(&mut self, module: &Module, node: NodeId) {
        let arms = self.op(node).shape().arms();
        let operands = self.children(node).len() - arms;
        if !self.children(node)[..operands].iter().any(|&child| leaves_several(self, child)) {
            return;
        }
        let children = self.children(node).to_vec();
        let mut separate = Vec::new();
        for (at, &child) in children.iter().enumerate() {
            let is_operand = at < operands;
            if !is_operand || result_count(module, self, child).is_none_or(|count| count < 2) {
                separate.push(child);
                continue;
            }
            self.at(self.node(child).loc);
            let locals = new_locals(self, &results(module, self, child));
            let set = self.set_many(&locals, child);
            let first = separate.len();
            separate.extend(locals.iter().map(|&local| self.local_get(local)));
            separate[first] = self.seq(&[set, separate[first]]);
        }
        if separate.len() > children.len() {
            self.set_children(node, &separate);
        }
    }
}

/// Whether an operator has operands of no fixed number, so that it does not matter which node leaves which of them.
fn takes_list(op: Op) -> bool {
    use Shape::{Block, Call, Loop, Return, SetMany, Throw, TryTable};
    matches!(op.shape(), SetMany | Call | Return | Throw | Block | Loop | TryTable) || op == Op::BR
}

/// Whether a node may leave more than one value.
fn leaves_several(body: &Body, node: NodeId) -> bool {
    let op = body.op(node);
    let by_row = matches!(op.shape(), Shape::Plain | Shape::Mem(_) | Shape::Local);
    if by_row {
        op.row().results.len() > 1
    } else {
        !op.effects().is_removable() || body.node(node).n > 0
    }
}

impl Body {
    /// Gives branches to the function a block around everything to name, if there are any: then every label is a block.
    pub fn enclose(&mut self) {
        let root = self.root();
        if self.op(root).shape().is_label() {
            return;
        }
        let branches: Vec<NodeId> = self
            .pre_order(root)
            .filter(|&node| self.labels(node).any(|label| label == root))
            .collect();
        if branches.is_empty() {
            return;
        }
        let results = self.results().to_vec();
        let block = self.block(BlockType::of(&results));
        for branch in branches {
            self.retarget(branch, |label| if label == root { block } else { label });
        }
        self.set_body(block, root);
        let outer = self.seq(&[block]);
        self.set_root(outer);
    }
}

/// For each `Stack`, the value it takes: the verifier's walk, with values for types.
fn taken_values(body: &Body, module: &Module) -> Vec<(NodeId, Value)> {
    let mut taken = Vec::new();
    let mut stack: Vec<Value> = Vec::new();
    let mut frames = vec![Frame { node: body.root(), next: 0, base: 0 }];
    let mut blocks = vec![Block { height: 0, frames: 0 }];
    let mut sig = Signature::default();
    while let Some(&Frame { node, next, base }) = frames.last() {
        let children = body.children(node);
        let arms = body.op(node).shape().arms();
        let first_arm = children.len() - arms;
        if arms > 0 && next >= first_arm && next < children.len() {
            if next == first_arm {
                stack.truncate(base);
                blocks.push(Block { height: base, frames: frames.len() });
            } else {
                stack.truncate(blocks.last().map_or(0, |block| block.height));
            }
            let params = body.block_type(node).params.len() as u32;
            let arm = Some((next - first_arm) as u32);
            stack.extend((0..params).map(|index| Value { from: node, arm, index }));
        }
        if let Some(&child) = children.get(next) {
            if let Some(frame) = frames.last_mut() {
                frame.next += 1;
            }
            frames.push(Frame { node: child, next: 0, base: stack.len() });
            continue;
        }
        frames.pop();
        let op = body.op(node);
        if op == Op::STACK {
            let outside = blocks.last().map_or(0, |block| block.frames);
            let Some(parent) = frames.last() else { continue };
            // Several in a row take values in the order in which they were left: the first of them takes the deepest.
            let row =
                body.children(parent.node).iter().take_while(|&&child| body.op(child) == Op::STACK);
            let (count, at) = (row.count(), parent.next - 1);
            let lowest = parent.base + at - count;
            taken.push((node, stack[lowest + at]));
            let base = parent.base - 1;
            for frame in &mut frames[outside..] {
                frame.base = frame.base.min(base);
            }
        } else if op != Op::SEQ {
            if arms > 0
                && let Some(block) = blocks.pop()
            {
                stack.truncate(block.height);
            } else {
                stack.truncate(base);
            }
            if op.diverges() {
                let (height, outside) =
                    blocks.last().map_or((0, 0), |block| (block.height, block.frames));
                stack.truncate(height);
                for frame in &mut frames[outside..] {
                    frame.base = height;
                }
            } else {
                let count = own_result_count(module, body, node, &mut sig);
                stack.extend((0..count).map(|index| Value { from: node, arm: None, index }));
            }
        }
    }
    taken
}

/// By node: its parent, or the number of no node.
#[derive(Default)]
struct Parents(Vec<u32>);

impl Parents {
    const NONE: u32 = u32::MAX;

    fn get(&self, node: NodeId) -> Option<NodeId> {
        let parent = self.0.get(node_raw(node) as usize).copied();
        parent.filter(|&parent| parent != Parents::NONE).map(node_from_raw)
    }

    fn insert(&mut self, node: NodeId, parent: NodeId) {
        let at = node_raw(node) as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, Parents::NONE);
        }
        self.0[at] = node_raw(parent);
    }

    fn extend(&mut self, all: impl IntoIterator<Item = (NodeId, NodeId)>) {
        all.into_iter().for_each(|(node, parent)| self.insert(node, parent));
    }
}

struct Nest<'a> {
    parents: Parents,
    module: &'a Module,
}

impl Nest<'_> {
    fn note_parents(&mut self, body: &Body) {
        self.parents.0.clear();
        for step in body.walk(body.root()) {
            if let Step::Enter(node) = step {
                self.parents.extend(body.children(node).iter().map(|&child| (child, node)));
            }
        }
    }

    /// Puts a node around another one.
    fn wrap(&mut self, body: &mut Body, inner: NodeId, outer: NodeId) {
        if inner == body.root() {
            body.set_root(outer);
        } else {
            let (parent, at) = self.place(body, inner);
            body.set_child(parent, at, outer);
            self.parents.insert(outer, parent);
        }
        self.parents.insert(inner, outer);
    }

    /// A node's parent, and which of its children the node is.
    fn place(&mut self, body: &Body, node: NodeId) -> (NodeId, usize) {
        let position = |parents: &Parents| {
            let parent = parents.get(node)?;
            let at = body.children(parent).iter().position(|&child| child == node)?;
            Some((parent, at))
        };
        if let Some(found) = position(&self.parents) {
            return found;
        }
        // A branch that got another form has handed its operands on.
        self.note_parents(body);
        position(&self.parents).expect("a node below the root has a parent")
    }

    fn spill_results(&mut self, body: &mut Body, uses: &[(NodeId, Value)]) {
        let uses: Vec<(NodeId, Value)> =
            uses.iter().copied().filter(|(_, value)| value.arm.is_none()).collect();
        let Some(&(_, Value { from, .. })) = uses.first() else { return };
        let types = if let View::Br(target) = body.view(from) {
            label_types(body, target).into()
        } else {
            results(self.module, body, from)
        };
        let locals = new_locals(body, &types);
        body.at(body.node(from).loc);
        let set = body.set_many(&locals, from);
        let mut items = vec![set];
        for (index, &local) in (0..).zip(&locals) {
            if !uses.iter().any(|(_, value)| value.index == index) {
                items.push(body.local_get(local));
            }
        }
        if items.len() == 1 {
            self.wrap(body, from, set);
        } else {
            let wrapper = body.seq(&items);
            self.wrap(body, from, wrapper);
            self.parents.extend([(from, set), (set, wrapper)]);
        }
        take_from(body, &uses, &locals);
    }

    fn spill_params(&mut self, body: &mut Body, uses: &[(NodeId, Value)]) {
        let uses: Vec<(NodeId, Value)> =
            uses.iter().copied().filter(|(_, value)| value.arm.is_some()).collect();
        let Some(&(_, Value { from: block, .. })) = uses.first() else { return };
        let ty = body.block_type(block);
        let (params, results): (TypeList, TypeList) = (ty.params.into(), ty.results.into());
        let locals = new_locals(body, &params);
        body.at(body.node(block).loc);
        // What an arm takes without a `Stack`, it gets at its start.
        let unused = |arm: u32| {
            let uses = &uses;
            let used = move |index: u32| {
                uses.iter().any(|(_, value)| value.arm == Some(arm) && value.index == index)
            };
            (0..).zip(&locals).filter(move |(index, _)| !used(*index)).map(|(_, &local)| local)
        };
        let mut around = None;
        if body.op(block) == Op::LOOP {
            let branches = branches_to(body, block);
            let plain = |op| matches!(op, Op::BR | Op::BR_IF | Op::BR_TABLE);
            if branches.iter().all(|&branch| plain(body.op(branch))) {
                set_before_branches(body, block, &branches, &params, &locals);
            } else {
                let body_at = body.children(block).len() - 1;
                self.start_with(body, block, body_at, unused(0));
                let ty = BlockType { params: &params, results: &results };
                around = Some(self.branch_to_inner(body, block, &branches, ty, &locals));
            }
        }
        let children = body.children(block).to_vec();
        let arms = body.op(block).shape().arms();
        let (operands, arm_nodes) = children.split_at(children.len() - arms);
        let is_if = body.op(block) == Op::IF;
        let last = operands.last().filter(|_| is_if);
        let last_count = last.and_then(|&last| result_count(self.module, body, last));
        let mut set_locals = locals.clone();
        let mut kept = Vec::new();
        let mut operands = operands.to_vec();
        if last_count == Some(1) {
            // The condition of an `if` stays.
            kept.extend(operands.pop());
        } else if is_if {
            // It comes with other values.
            let condition = body.add_local(ValType::I32);
            set_locals.push(condition);
            kept.push(body.local_get(condition));
            self.parents.insert(kept[0], block);
        }
        let wrapper = body.seq(&[]);
        self.wrap(body, block, wrapper);
        let values = body.seq(&operands);
        self.parents.extend(operands.iter().map(|&operand| (operand, values)));
        let set = body.set_many(&set_locals, values);
        body.set_children(wrapper, &[set, around.unwrap_or(block)]);
        if let Some(around) = around {
            self.parents.extend([(block, around), (around, wrapper)]);
        }
        let first_arm = kept.len();
        kept.extend(arm_nodes);
        body.set_children(block, &kept);
        if around.is_none() {
            for arm in 0..arms {
                self.start_with(body, block, first_arm + arm, unused(arm as u32));
            }
        }
        body.set_block_type(block, BlockType::of(&results));
        take_from(body, &uses, &locals);
    }

    /// Puts the values of locals before what a child does.
    fn start_with(
        &mut self,
        body: &mut Body,
        parent: NodeId,
        at: usize,
        locals: impl Iterator<Item = LocalId>,
    ) {
        let node = body.children(parent)[at];
        let mut items: Vec<NodeId> = locals.map(|local| body.local_get(local)).collect();
        items.push(node);
        let child = body.seq(&items);
        body.set_child(parent, at, child);
        self.parents.extend([(node, child), (child, parent)]);
    }

    /// Where branches cannot set locals themselves, those to a loop leave a block in it with the values instead:
    ///
    /// `(loop $l (param t) body)` ⇒
    /// `(block $out (loop $l (SetMany $x (block $in (result t) (br $out body))) (br $l)))`, with `$in` for `$l` in the body.
    /// Returns `$out`.
    fn branch_to_inner(
        &mut self,
        body: &mut Body,
        block: NodeId,
        branches: &[NodeId],
        ty: BlockType<'_>,
        locals: &[LocalId],
    ) -> NodeId {
        let inner = body.block(BlockType::of(ty.params));
        let out = body.block(BlockType::of(ty.results));
        for &branch in branches {
            body.retarget(branch, |label| if label == block { inner } else { label });
        }
        let arm = body.children(block).len() - 1;
        let old = body.children(block)[arm];
        let exit = body.br(out, &[old]);
        body.set_body(inner, exit);
        let set = body.set_many(locals, inner);
        let again = body.br(block, &[]);
        let new = body.seq(&[set, again]);
        body.set_child(block, arm, new);
        body.set_body(out, block);
        self.parents.extend([(old, exit), (exit, inner), (inner, set), (set, new), (new, block)]);
        out
    }
}

fn branches_to(body: &Body, label: NodeId) -> Vec<NodeId> {
    let names = |node: &NodeId| body.labels(*node).any(|other| other == label);
    body.pre_order(label).filter(names).collect()
}

fn new_locals(body: &mut Body, types: &[ValType]) -> Vec<LocalId> {
    types.iter().map(|&ty| body.add_local(ty)).collect()
}

/// `Stack` ⇒ `(local.get $spilled)`
fn take_from(body: &mut Body, uses: &[(NodeId, Value)], locals: &[LocalId]) {
    for &(stack, value) in uses {
        let (local, loc) = (locals[value.index as usize], body.loc());
        body.replace(stack, Node { op: Op::LOCAL_GET, n: 0, imm: local.0, kids: 0, loc });
    }
}

/// Branches to a loop set its locals instead of carrying values.
fn set_before_branches(
    body: &mut Body,
    label: NodeId,
    branches: &[NodeId],
    types: &[ValType],
    locals: &[LocalId],
) {
    for &branch in branches {
        let children = body.children(branch).to_vec();
        let op = body.op(branch);
        let loc = body.loc();
        body.at(body.node(branch).loc);
        // The branch's id becomes what stands in its place: nobody names a branch.
        let new = if op == Op::BR {
            // `(br $l a b)` ⇒ `(SetMany $x $y a b) (br $l)`
            let values = body.seq(&children);
            let set = body.set_many(locals, values);
            let br = body.br(label, &[]);
            body.seq(&[set, br])
        } else if op == Op::BR_IF {
            // `(br_if $l a c)` ⇒ `(SetMany $t a) (if c (then (local.set $x (local.get $t)) (br $l))) (local.get $t)`
            // where the values stay when the branch is not taken.
            let kept = new_locals(body, types);
            let (condition, values) = match children.split_last() {
                Some((&condition, values)) => (condition, values),
                None => continue,
            };
            let values = body.seq(values);
            let set = body.set_many(&kept, values);
            let mut then = Vec::new();
            for (&from, &to) in kept.iter().zip(locals) {
                let value = body.local_get(from);
                then.push(body.local_set(to, value));
            }
            then.push(body.br(label, &[]));
            let then = body.seq(&then);
            let taken = body.if_(BlockType::EMPTY, condition, then, None);
            let mut items = vec![set, taken];
            for &local in &kept {
                items.push(body.local_get(local));
            }
            body.seq(&items)
        } else {
            // `(br_table $l $m a i)` ⇒
            // `(SetMany $x (block $k (result …) (br_table $k $m a i))) (br $l)`
            let block = body.block(BlockType::of(types));
            let table = body.copy_node(branch);
            body.retarget(table, |target| if target == label { block } else { target });
            body.set_body(block, table);
            let set = body.set_many(locals, block);
            let br = body.br(label, &[]);
            body.seq(&[set, br])
        };
        body.replace(branch, *body.node(new));
        body.at(loc);
    }
}
