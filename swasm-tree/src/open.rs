//! The bytes of a function ⇒ its tree: operators come one by one, operands are what earlier ones left.
//!
//! Law: a body that is opened and encoded gives the bytes it had, but for what validation never reaches, and for numbers that were
//! spelt longer than they need be. Invariant on entry: the bytes are valid in their module (a validator stands before the builder,
//! or stood when the module was read), so that operands are there and immediates name something.

use std::collections::HashMap;

use wasmparser as wp;
use wp::{FrameKind, FrameStack};

use crate::ids::node_raw;
use crate::module::ReadCode;
use crate::{
    BlockType, Body, Catch, CompositeType, FuncId, FuncKind, FuncType, HeapType, Loc, LocalId,
    Module, NodeId, Op, Shape, TagId, TypeId,
};

mod types;
mod visit;

pub(crate) use types::{heap_type, ref_type, type_list, val_type};
pub(crate) use visit::Checked;

/// Memory that building needs, to be used again for the next body.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pending: Vec<Pending>,
    control: Vec<Control>,
    operands: Vec<NodeId>,
    /// `catch`es of open legacy `try`s.
    handlers: Vec<NodeId>,
}

/// What was built in an open block and is nobody's operand yet.
#[derive(Clone, Copy, Debug)]
struct Pending {
    /// The block itself: its parameters.
    node: NodeId,
    /// How many values that were there before it takes: its `Stack`s that no node within it feeds.
    dig: u32,
    /// How many of its results are still on the stack.
    left: u16,
    /// How many it has.
    total: u16,
    /// Whether it is a node that gives one value, which nobody took yet, and digs for nothing: as most are.
    plain: bool,
    /// Whether it stands for the block's parameters.
    params: bool,
}

impl Pending {
    #[inline]
    fn new(node: NodeId, results: u32, dig: u32) -> Pending {
        // The validator allows a thousand results.
        let results = results as u16;
        let plain = results == 1 && dig == 0;
        Pending { node, dig, left: results, total: results, plain, params: false }
    }

    fn leave(&mut self, left: u32) {
        self.left = left as u16;
        self.plain = false;
    }
}

/// An open block.
#[derive(Clone, Copy, Debug)]
struct Control {
    kind: FrameKind,
    /// The block, or the root for the function; in code that is never reached, the block around it that is.
    node: NodeId,
    /// Where its own part of `pending` starts.
    floor: u32,
    /// How many values a branch to it carries, how many each arm starts with, and how many it gives.
    carried: u32,
    params: u32,
    results: u32,
    /// As of [`Pending`].
    dig: u32,
    /// Where its own part of `handlers` starts.
    handlers: u32,
    /// Whether nothing of it is reached.
    skipped: bool,
    /// The tag of the `catch` that is open.
    tag: Option<TagId>,
}

/// Builds a body from a visit of its operators.
pub(crate) struct Builder<'a> {
    module: &'a Module,
    body: &'a mut Body,
    s: &'a mut Scratch,
    /// Whether validation does not reach what comes next.
    dead: bool,
    /// How many values what was taken last digs below itself.
    dig: u32,
    /// The last `if` or `br_if`: what a branch hint is about.
    last_branch: Option<NodeId>,
    /// How many blocks there were, reached or not: labels are named by that number.
    blocks: u32,
    label_names: HashMap<u32, &'a str>,
}

impl Module {
    /// Makes a tree of a function's code, if that was read and is still as it was read; a function that was given other code, or is
    /// imported, has none. Positions are offsets in the contents of the code section that was read.
    pub fn open(&self, func: FuncId, body: &mut Body) -> bool {
        let FuncKind::Read(code) = &self.func(func).kind else { return false };
        self.open_with(func, code, body, &mut Scratch::default());
        true
    }

    pub(crate) fn open_with(
        &self,
        func: FuncId,
        code: &ReadCode,
        body: &mut Body,
        scratch: &mut Scratch,
    ) {
        let bytes = self.read_bytes(code);
        let start = code.range.start as usize;
        let mut reader = wp::BinaryReader::new_features(bytes, start, crate::FEATURES);
        let mut builder = Builder::new(self, func, code, body, scratch);
        let result = (|| {
            builder.locals(&mut reader)?;
            let mut hints = code.hints();
            while !reader.eof() {
                let at = reader.original_position();
                builder.at(self.loc_of(at));
                reader.visit_operator(&mut builder)?;
                if !hints.is_empty() {
                    builder.hint(&mut hints, (at - start) as u32);
                }
            }
            Ok::<(), wp::Error>(())
        })();
        if let Err(error) = result {
            panic!("function {}: {error}: it was valid when it was read", func.0);
        }
        for (local, name) in code.local_names() {
            body.name_local(local, name);
        }
    }

    /// The position of an operator at an offset in what was read.
    pub(crate) fn loc_of(&self, offset: usize) -> Loc {
        Loc((offset as u32).wrapping_sub(self.read.code_start))
    }
}

impl<'a> Builder<'a> {
    pub(crate) fn new(
        module: &'a Module,
        func: FuncId,
        code: &'a ReadCode,
        body: &'a mut Body,
        s: &'a mut Scratch,
    ) -> Builder<'a> {
        let ty = module.func_type(func);
        body.reset(&ty.params, &ty.results);
        let notes = code.notes().map_or(&[][..], |notes| &notes.label_names).iter();
        Builder {
            // The first that is said of a label counts.
            label_names: notes.rev().map(|(number, name)| (*number, &**name)).collect(),
            ..Builder::of(module, body, s)
        }
    }

    /// A builder of a body that has its type and locals.
    pub(crate) fn of(module: &'a Module, body: &'a mut Body, s: &'a mut Scratch) -> Builder<'a> {
        s.pending.clear();
        s.control.clear();
        s.handlers.clear();
        let results = body.results().len() as u32;
        s.control.push(Control {
            kind: FrameKind::Block,
            node: body.root(),
            floor: 0,
            carried: results,
            params: 0,
            results,
            dig: 0,
            handlers: 0,
            skipped: false,
            tag: None,
        });
        Builder {
            module,
            body,
            s,
            dead: false,
            dig: 0,
            last_branch: None,
            blocks: 0,
            label_names: HashMap::new(),
        }
    }

    fn locals(&mut self, reader: &mut wp::BinaryReader<'_>) -> Result<(), wp::Error> {
        for _ in 0..reader.read_var_u32()? {
            let count = reader.read_var_u32()?;
            let ty = reader.read::<wp::ValType>()?;
            self.define_locals(count, ty);
        }
        Ok(())
    }

    pub(crate) fn define_locals(&mut self, count: u32, ty: wp::ValType) {
        let ty = val_type(&self.module.types, ty);
        self.body.add_locals(count, ty);
    }

    /// The position of the operator that comes next.
    #[inline]
    pub(crate) fn at(&mut self, loc: Loc) {
        self.body.at(loc);
    }

    /// Says of the operator at `at` what a hint says, if one does; takes the hints up to there.
    pub(crate) fn hint(&mut self, hints: &mut &[(u32, bool)], at: u32) {
        while let Some((&(offset, likely), rest)) = hints.split_first()
            && offset <= at
        {
            *hints = rest;
            if offset == at
                && let Some(branch) = self.last_branch
                && !self.dead
            {
                self.body.hint(branch, likely);
            }
        }
    }

    // ---- the stack

    /// Puts what gives the last `count` values into `operands`, one for each value or run of values.
    #[inline]
    fn take(&mut self, count: u32) {
        self.dig = 0;
        self.s.operands.clear();
        let Scratch { pending, operands, .. } = &mut *self.s;
        let start = pending.len().wrapping_sub(count as usize);
        match pending.get(start..) {
            Some(last) if last.iter().all(|item| item.plain) => {
                operands.extend(last.iter().map(|item| item.node));
                pending.truncate(start);
            }
            _ => self.take_mixed(count),
        }
    }

    #[cold]
    fn take_mixed(&mut self, count: u32) {
        let mut at = self.s.pending.len();
        let mut sum = 0;
        while sum < count {
            at -= 1;
            sum += u32::from(self.s.pending[at].left);
        }
        let excess = sum - count;
        let first = self.s.pending[at];
        let mut begin = at;
        let named = excess > 0 || first.params;
        if named {
            begin += 1;
            while self.s.pending.get(begin).is_some_and(|item| item.left == 0) {
                begin += 1;
            }
        }
        self.dig = self.dig_from(begin);
        if named {
            // Some of its values stay below, or there is no node: it stays where it is, and its values are named. What comes after it must
            // not have taken any of its values, which were on top of those named: then all stays where it is.
            let mut stacks = u32::from(first.left) - excess;
            if self.dig > 0 {
                stacks = count;
                begin = self.s.pending.len();
                self.s.pending[at + 1..].iter_mut().for_each(|item| item.leave(0));
            }
            for _ in 0..stacks {
                let value = self.body.stack();
                self.s.operands.push(value);
            }
            self.s.pending[at].leave(excess);
            self.dig = stacks;
        }
        // What gives nothing goes with the value after it, or, if there is none, with the last one.
        let last_value = self.s.pending.iter().rposition(|item| item.left > 0);
        let len = self.s.pending.len();
        let mut start = begin;
        for at in begin..len {
            let ends = match last_value {
                Some(last) if at >= last => at + 1 == len,
                _ => self.s.pending[at].left > 0,
            };
            if !ends {
                continue;
            }
            let operand = self.grouped(start, at + 1);
            self.s.operands.push(operand);
            start = at + 1;
        }
        self.s.pending.truncate(begin);
    }

    /// How many values that were there before a part of `pending` its nodes take.
    fn dig_from(&self, begin: usize) -> u32 {
        let (mut height, mut lowest) = (0i64, 0);
        for item in &self.s.pending[begin..] {
            height -= i64::from(item.dig);
            lowest = height.min(lowest);
            height += i64::from(item.total);
        }
        lowest.unsigned_abs() as u32
    }

    /// A node for a part of `pending`.
    fn grouped(&mut self, start: usize, end: usize) -> NodeId {
        match nodes_of(&self.s.pending[start..end]) {
            [only] => only.node,
            several => self.body.seq_of(several.iter().map(|item| item.node)),
        }
    }

    #[inline]
    fn push(&mut self, node: NodeId, results: u32) {
        self.s.pending.push(Pending::new(node, results, self.dig));
    }

    /// A node of what was taken last.
    #[inline]
    fn make(&mut self, op: Op, imm: u32) -> NodeId {
        self.body.make(op, imm, &self.s.operands)
    }

    fn simple(&mut self, op: Op, imm: u32, params: u32, results: u32) {
        let pending = &mut self.s.pending;
        let start = pending.len().wrapping_sub(params as usize);
        let node = match pending.get(start..) {
            // Mostly the last nodes give one value each.
            Some(last) if last.iter().all(|item| item.plain) => {
                self.dig = 0;
                let node = self.body.make_of(op, imm, last.iter().map(|item| item.node));
                pending.truncate(start);
                node
            }
            _ => {
                self.take(params);
                self.make(op, imm)
            }
        };
        self.push(node, results);
        if results == 0 && op.diverges() {
            self.dead = true;
        }
    }

    /// As [`Builder::simple`], of so few operands that they are written as one; not for what diverges.
    fn few<const N: usize, const RESULTS: u32>(&mut self, op: Op, imm: u32) {
        let pending = &mut self.s.pending;
        match pending.last_chunk::<N>() {
            Some(last) if last.iter().all(|item| item.plain) => {
                let node = self.body.make(op, imm, &last.map(|item| item.node));
                pending.truncate(pending.len() + 1 - N);
                if let Some(first) = pending.last_mut() {
                    *first = Pending::new(node, RESULTS, 0);
                }
            }
            _ => self.simple(op, imm, N as u32, RESULTS),
        }
    }

    /// What takes nothing and gives one value.
    #[inline]
    fn leaf(&mut self, op: Op, imm: u32) {
        let node = self.body.make_of(op, imm, std::iter::empty());
        self.s.pending.push(Pending::new(node, 1, 0));
    }

    /// A `local.set` that takes the first of a node's several values, when others have taken the rest, becomes one `SetMany` with them.
    fn local_set(&mut self, local: LocalId) {
        let pending = &self.s.pending;
        let is_set = |item: &Pending| {
            self.body.op(item.node) == Op::LOCAL_SET
                && matches!(self.body.children(item.node), [one] if self.body.op(*one) == Op::STACK)
        };
        if pending.last().is_some_and(|item| item.left > 0) {
            return self.few::<1, 0>(Op::LOCAL_SET, local.0);
        }
        let sets = pending.iter().rev().take_while(|item| is_set(item)).count();
        let from = pending.len() - sets;
        let floor = self.s.control.last().map_or(0, |control| control.floor as usize);
        let many = from.checked_sub(1).filter(|&at| at >= floor).map(|at| pending[at]);
        if let Some(Pending { node: value, left: 1, total, dig, params: false, .. }) = many
            && sets > 0
            && usize::from(total) == sets + 1
        {
            let mut locals: smallvec::SmallVec<[LocalId; 4]> = smallvec::smallvec![local];
            for item in pending[from..].iter().rev() {
                if let crate::View::Local(local) = self.body.view(item.node) {
                    locals.push(local);
                }
            }
            self.s.pending.truncate(from - 1);
            let node = self.body.set_many(&locals, value);
            self.dig = dig;
            self.push(node, 0);
            return;
        }
        self.simple(Op::LOCAL_SET, local.0, 1, 0);
    }

    // ---- control

    fn label(&self, depth: u32) -> Control {
        self.s.control[self.s.control.len() - 1 - depth as usize]
    }

    fn kind_of(op: Op) -> FrameKind {
        match op {
            Op::LOOP => FrameKind::Loop,
            Op::IF => FrameKind::If,
            Op::TRY_TABLE => FrameKind::TryTable,
            Op::TRY => FrameKind::LegacyTry,
            _ => FrameKind::Block,
        }
    }

    fn open(&mut self, op: Op, ty: wp::BlockType, catches: &[wp::Catch]) {
        let kind = Builder::kind_of(op);
        self.blocks += 1;
        if self.dead {
            let around = self.label(0);
            self.s.control.push(Control { kind, skipped: true, ..around });
            return;
        }
        let (mut imm, params, results) = match ty {
            wp::BlockType::Empty => (0, 0, 0),
            wp::BlockType::Type(ty) => {
                let ty = val_type(&self.module.types, ty);
                (self.body.intern_block_type(BlockType::of(&[ty])), 0, 1)
            }
            wp::BlockType::FuncType(index) => {
                let FuncType { params, results } = self.module.types.get(TypeId(index));
                let imm = self.body.intern_block_type(BlockType { params, results });
                (imm, params.len() as u32, results.len() as u32)
            }
        };
        if op == Op::TRY_TABLE {
            let catches: Vec<Catch> =
                catches.iter().map(|&catch| self.catch_clause(catch)).collect();
            imm = self.body.add_try_table(imm, &catches);
        }
        self.take(params + u32::from(op == Op::IF));
        let node = self.body.open_unset(op, imm, &self.s.operands);
        if op == Op::IF {
            self.last_branch = Some(node);
        }
        if !self.label_names.is_empty()
            && let Some(name) = self.label_names.get(&(self.blocks - 1))
        {
            self.body.name_label(node, name);
        }
        self.s.control.push(Control {
            kind,
            node,
            floor: self.s.pending.len() as u32,
            carried: if op == Op::LOOP { params } else { results },
            params,
            results,
            dig: self.dig,
            handlers: self.s.handlers.len() as u32,
            skipped: false,
            tag: None,
        });
        self.start_arm(params);
    }

    fn catch_clause(&self, catch: wp::Catch) -> Catch {
        let (tag, with_ref, label) = match catch {
            wp::Catch::One { tag, label } => (Some(TagId(tag)), false, label),
            wp::Catch::OneRef { tag, label } => (Some(TagId(tag)), true, label),
            wp::Catch::All { label } => (None, false, label),
            wp::Catch::AllRef { label } => (None, true, label),
        };
        Catch { tag, with_ref, label: self.label(label).node }
    }

    fn start_arm(&mut self, params: u32) {
        self.dead = false;
        if params > 0 {
            let node = self.label(0).node;
            let item = Pending { plain: false, params: true, ..Pending::new(node, params, 0) };
            self.s.pending.push(item);
        }
    }

    /// What was built in the innermost block.
    fn finish_arm(&mut self) -> NodeId {
        let floor = self.label(0).floor as usize;
        let node = self.grouped(floor, self.s.pending.len());
        self.s.pending.truncate(floor);
        node
    }

    fn else_(&mut self) {
        let Some(control) = self.s.control.last_mut() else { return };
        control.kind = FrameKind::Else;
        let control = *control;
        if control.skipped {
            return;
        }
        let then = self.finish_arm();
        self.body.set_then(control.node, then);
        self.start_arm(control.params);
    }

    /// Ends the body of a legacy `try` or of one of its `catch`es.
    fn finish_try_arm(&mut self, control: Control) {
        let body = self.finish_arm();
        if control.kind == FrameKind::LegacyTry {
            self.body.set_then(control.node, body);
        } else {
            let catch = self.body.catch(control.tag, body);
            self.s.handlers.push(catch);
        }
    }

    fn catch(&mut self, tag: Option<TagId>) {
        let control = self.label(0);
        if !control.skipped {
            self.finish_try_arm(control);
        }
        if let Some(open) = self.s.control.last_mut() {
            open.kind =
                if tag.is_some() { FrameKind::LegacyCatch } else { FrameKind::LegacyCatchAll };
            open.tag = tag;
        }
        if !control.skipped {
            let params = tag.map(|tag| self.module.types.get(self.module.tags[tag.index()].ty));
            self.start_arm(params.map_or(0, |ty| ty.params.len() as u32));
        }
    }

    fn delegate(&mut self, depth: u32) {
        let control = self.label(0);
        if !control.skipped {
            self.finish_try_arm(control);
            // Counted from outside of the `try`.
            let target = self.label(depth + 1).node;
            let delegate = self.body.delegate(target);
            self.body.set_else(control.node, delegate);
        }
        self.close(control);
    }

    fn close(&mut self, control: Control) {
        self.s.control.pop();
        if !control.skipped {
            self.dead = false;
            self.dig = control.dig;
            self.push(control.node, control.results);
        }
    }

    fn end(&mut self) {
        let control = self.label(0);
        if control.skipped {
            self.s.control.pop();
            return;
        }
        match control.kind {
            _ if self.s.control.len() == 1 => {
                let Scratch { pending, control, operands, .. } = &mut *self.s;
                operands.clear();
                operands.extend(nodes_of(pending).iter().map(|item| item.node));
                self.body.set_children(self.body.root(), operands);
                control.clear();
                return;
            }
            FrameKind::If => {
                let then = self.finish_arm();
                self.body.set_then(control.node, then);
                let nothing = self.body.seq(&[]);
                self.body.set_else(control.node, nothing);
            }
            FrameKind::Else => {
                let arm = self.finish_arm();
                self.body.set_else(control.node, arm);
            }
            FrameKind::LegacyTry | FrameKind::LegacyCatch | FrameKind::LegacyCatchAll => {
                self.finish_try_arm(control);
                let handlers = self.body.seq(&self.s.handlers[control.handlers as usize..]);
                self.s.handlers.truncate(control.handlers as usize);
                self.body.set_else(control.node, handlers);
            }
            FrameKind::Block | FrameKind::Loop | FrameKind::TryTable => {
                let body = self.finish_arm();
                self.body.set_body(control.node, body);
            }
        }
        self.close(control);
    }

    fn br(&mut self, depth: u32) {
        let Control { node, carried, .. } = self.label(depth);
        if depth as usize + 1 == self.s.control.len() {
            // To the function is out of it.
            return self.simple(Op::RETURN, 0, carried, 0);
        }
        self.simple(Op::BR, node_raw(node), carried, 0);
    }

    fn br_table(&mut self, targets: &wp::BrTable<'_>) {
        let depths = targets.targets().filter_map(Result::ok).chain([targets.default()]);
        let labels: Vec<NodeId> = depths.map(|depth| self.label(depth).node).collect();
        self.take(self.label(targets.default()).carried + 1);
        let imm = self.body.add_label_list(&labels);
        let node = self.make(Op::BR_TABLE, imm);
        self.push(node, 0);
        self.dead = true;
    }

    fn call(&mut self, op: Op, imm: u32, ty: TypeId, extra: u32) {
        let ty = self.module.types.get(ty);
        let results = if op.diverges() { 0 } else { ty.results.len() as u32 };
        self.simple(op, imm, ty.params.len() as u32 + extra, results);
    }

    fn heap_type(&self, ty: wp::HeapType) -> HeapType {
        heap_type(&self.module.types, ty)
    }

    /// An operator whose number of operands depends on what its immediate names.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "of many shapes few have one index and any number of operands"
    )]
    fn by_index(&mut self, op: Op, index: u32) {
        match op.shape() {
            Shape::Call => self.call(op, index, self.module.funcs[index as usize].ty, 0),
            Shape::Br if op == Op::BR => self.br(index),
            Shape::Br => {
                let Control { node, carried, .. } = self.label(index);
                self.simple(op, node_raw(node), carried + 1, carried);
                self.last_branch = self.s.pending.last().map(|item| item.node);
            }
            Shape::BrOn => {
                let Control { node, carried, .. } = self.label(index);
                let (params, results) = if op == Op::BR_ON_NULL {
                    (carried + 1, carried + 1)
                } else {
                    (carried, carried - 1)
                };
                self.simple(op, node_raw(node), params, results);
            }
            Shape::Type if op == Op::STRUCT_NEW => {
                let ty = self.module.types.canonical(TypeId(index));
                let fields = match &self.module.types.sub(ty).composite {
                    CompositeType::Struct(fields) => fields.len() as u32,
                    CompositeType::Func(_) | CompositeType::Array(_) => 0,
                };
                self.simple(op, ty.0, fields, 1);
            }
            Shape::Type => {
                let ty = self.module.types.canonical(TypeId(index));
                self.call(op, ty.0, ty, 1);
            }
            Shape::Throw => {
                let ty = self.module.types.get(self.module.tags[index as usize].ty);
                self.simple(op, index, ty.params.len() as u32, 0);
            }
            Shape::Rethrow => {
                let node = self.label(index).node;
                self.simple(op, node_raw(node), 0, 0);
            }
            other => panic!("{op:?} of shape {other:?}: the validator knows no such operator"),
        }
    }
}

/// Of a part of `pending`, what stands for a node: parameters of a block, which only come first, do not.
fn nodes_of(pending: &[Pending]) -> &[Pending] {
    match pending {
        [first, rest @ ..] if first.params => rest,
        all => all,
    }
}

impl FrameStack for Builder<'_> {
    fn current_frame(&self) -> Option<FrameKind> {
        self.s.control.last().map(|control| control.kind)
    }
}
