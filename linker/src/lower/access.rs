//! Places: locals, statics, fields of them, and elements of segments.
//!
//! `a.i32[i]` is element `i` of natural size, its index computed exactly. Checked, it tests once, against the number of elements:
//!
//! ```text
//! a.f64[i]       ⇒  (if (i32.ge_u i (i32.shr_u size 3)) …) (f64.load (i32.add address (i32.shl i 3)))
//! a.f64[i + 1]   ⇒  the same in i64 on i + 1, then (f64.load offset=8 …) if i is known not to be negative
//! ```

use smallvec::{SmallVec, smallvec};
use swasm_frontend_ir::checked::{BinaryOp, ExprId, ExprKind, Type, ValueType};
use swasm_tree::{LocalId, MemArg, NodeId, Op, ValType};

use super::operators::{is_signed, width};
use super::{Function, Locals, Lowered, Nodes};
use crate::options::MemoryMode;
use crate::unit::MEMORY;

/// Up to these, `j * k + c` of a 32-bit `j` is exact in 64 bits.
const MAX_FACTOR: i128 = 1 << 30;
const MAX_TERM: i128 = 1 << 61;
/// No segment has more bytes.
const MAX_SIZE: i128 = 1 << 32;

/// A place that can be read and written.
enum Place {
    Locals(Locals),
    Globals(SmallVec<[swasm_tree::GlobalId; 2]>),
    Element { before: Vec<NodeId>, address: NodeId, offset: u64, ty: ValueType },
}

/// An element index as `variable * factor + term`.
struct Linear {
    variable: Option<ExprId>,
    factor: i128,
    term: i128,
}

impl<'a> Function<'_, '_, 'a> {
    /// The locals or globals behind a place that is not an element; `None` if the expression is not a place.
    fn variable(&mut self, id: ExprId) -> Option<Place> {
        let source = self.source;
        if let ExprKind::Local(local) = source[id].kind {
            return Some(Place::Locals(self.local(local)));
        }
        if let ExprKind::Static(def) = source[id].kind {
            return Some(Place::Globals(self.unit.static_globals(def).into()));
        }
        let ExprKind::Field(base, field) = source[id].kind else { return None };
        let place = self.variable(base)?;
        let (start, count) = self.field_range(base, field);
        Some(match place {
            Place::Locals(locals) => Place::Locals(Locals { first: locals.first + start, count }),
            Place::Globals(globals) => {
                Place::Globals(globals[start as usize..][..count as usize].into())
            }
            Place::Element { .. } => unreachable!("elements are scalars"),
        })
    }

    /// First scalar and number of scalars of a field.
    fn field_range(&mut self, base: ExprId, field: u32) -> (u32, u32) {
        let Type::Struct(id) = self.source.ty(base) else {
            unreachable!("the checker promised a struct")
        };
        let starts = &self.layouts.structure(*id).starts;
        let (start, end) = (starts[field as usize], starts[field as usize + 1]);
        (start, end - start)
    }

    pub(super) fn field(&mut self, id: ExprId, base: ExprId, field: u32) -> Lowered {
        match self.variable(id) {
            Some(Place::Locals(locals)) => {
                return Ok(locals.iter().map(|local| self.body.local_get(local)).collect());
            }
            Some(Place::Globals(globals)) => {
                return Ok(globals.iter().map(|global| self.body.global_get(*global)).collect());
            }
            Some(Place::Element { .. }) | None => (),
        }
        let (start, count) = self.field_range(base, field);
        let types = {
            let ty = self.source.ty(base);
            self.scalars(ty)
        };
        let nodes = self.lower(base)?;
        self.at(id);
        if types.is_empty() {
            return Ok(nodes);
        }
        let range = start as usize..(start + count) as usize;
        let mut before = Vec::new();
        let mut kept = Nodes::new();
        for (index, node) in nodes.into_iter().enumerate() {
            if self.is_simple(node) {
                if range.contains(&index) {
                    kept.push(node);
                }
                continue;
            }
            let temp = self.temp(types[index]);
            before.push(self.body.local_set(temp, node));
            if range.contains(&index) {
                kept.push(self.body.local_get(temp));
            }
        }
        if before.is_empty() {
            return Ok(kept);
        }
        let before = self.seq(&before);
        Ok(self.prefix(before, kept))
    }

    /// `S { y: b, x: a }`: evaluated as written, held as declared.
    pub(super) fn structure(&mut self, id: ExprId, fields: &[(u32, ExprId)]) -> Lowered {
        let Type::Struct(structure) = self.source.ty(id) else {
            unreachable!("the checker promised a struct")
        };
        let starts = self.layouts.structure(*structure).starts.clone();
        let types = self.layouts.structure(*structure).scalars.clone();
        let mut values: Vec<(u32, Nodes)> = Vec::with_capacity(fields.len());
        for (field, value) in fields {
            match self.lower(*value) {
                Ok(nodes) => values.push((*field, nodes)),
                Err(node) => {
                    // A field without scalars is a statement: it has nothing to drop.
                    let mut before = Nodes::new();
                    for (field, nodes) in values {
                        let is_statement = starts[field as usize] == starts[field as usize + 1];
                        for node in nodes {
                            if is_statement {
                                before.push(node);
                            } else if !self.is_simple(node) {
                                before.push(self.body.drop(node));
                            }
                        }
                    }
                    before.push(node);
                    return Err(self.seq(&before));
                }
            }
        }
        self.at(id);
        // Out of order, or with a field that is only a statement, everything goes through temporaries as it is written.
        let scalars = |field: u32| starts[field as usize]..starts[field as usize + 1];
        let in_order = values.windows(2).all(|pair| pair[0].0 < pair[1].0)
            && values.iter().all(|(field, nodes)| scalars(*field).len() == nodes.len());
        let mut before = Vec::new();
        if !in_order {
            for (field, nodes) in &mut values {
                if scalars(*field).is_empty() {
                    before.extend(nodes.drain(..));
                }
                for (node, at) in nodes.iter_mut().zip(scalars(*field)) {
                    *node = self.spill_now(*node, types[at as usize], &mut before);
                }
            }
            values.sort_by_key(|(field, _)| *field);
        }
        let nodes: Nodes = values.into_iter().flat_map(|(_, nodes)| nodes).collect();
        if before.is_empty() {
            return Ok(nodes);
        }
        let before = self.seq(&before);
        Ok(self.prefix(before, nodes))
    }

    /// Like `spill`, but a local is copied too: what follows may assign it.
    fn spill_now(&mut self, node: NodeId, ty: ValType, set: &mut Vec<NodeId>) -> NodeId {
        if self.body.op(node) != Op::LOCAL_GET && self.is_simple(node) {
            return node;
        }
        let temp = self.temp(ty);
        set.push(self.body.local_set(temp, node));
        self.body.local_get(temp)
    }

    // ---- assignment

    fn place(&mut self, id: ExprId) -> Result<Place, NodeId> {
        if let Some(place) = self.variable(id) {
            return Ok(place);
        }
        let ExprKind::Element(segment, ty, index) = self.source[id].kind else {
            unreachable!("the checker promised a place")
        };
        let (before, address, offset) = self.element(id, segment, ty, index, true)?;
        Ok(Place::Element { before, address, offset, ty })
    }

    pub(super) fn assign(
        &mut self,
        id: ExprId,
        place: ExprId,
        value: ExprId,
    ) -> Result<NodeId, NodeId> {
        match self.place(place)? {
            Place::Locals(locals) => {
                let value = self.whole(value)?;
                self.at(id);
                Ok(self.set_locals(locals, value))
            }
            Place::Globals(globals) => {
                let value = self.whole(value)?;
                self.at(id);
                Ok(match *globals {
                    [] => value,
                    [one] => self.body.global_set(one, value),
                    _ => {
                        let types: Vec<ValType> = globals
                            .iter()
                            .map(|global| self.unit.module.globals[global.index()].ty)
                            .collect();
                        let temps: SmallVec<[LocalId; 4]> =
                            types.iter().map(|ty| self.temp(*ty)).collect();
                        let mut parts: Nodes = smallvec![self.body.set_many(&temps, value)];
                        for (global, temp) in globals.iter().zip(&temps) {
                            let get = self.body.local_get(*temp);
                            parts.push(self.body.global_set(*global, get));
                        }
                        self.body.seq(&parts)
                    }
                })
            }
            Place::Element { mut before, address, offset, ty } => {
                let value = match self.single(value) {
                    Ok(value) => value,
                    Err(node) => {
                        before.push(self.diverge_after(&[address], node));
                        return Err(self.seq(&before));
                    }
                };
                self.at(id);
                let (_, store, memarg) = access(ty, offset);
                before.push(self.body.store(store, memarg, address, value));
                Ok(self.seq(&before))
            }
        }
    }

    pub(super) fn assign_op(
        &mut self,
        id: ExprId,
        op: BinaryOp,
        place: ExprId,
        value: ExprId,
    ) -> Result<NodeId, NodeId> {
        let Type::Value(ty) = *self.source.ty(place) else {
            unreachable!("the checker promised a scalar")
        };
        let place = self.place(place)?;
        let (old, mut before, element) = match place {
            Place::Locals(locals) => {
                (self.body.local_get(LocalId(locals.first)), Vec::new(), Err(Ok(locals)))
            }
            Place::Globals(globals) => {
                (self.body.global_get(globals[0]), Vec::new(), Err(Err(globals[0])))
            }
            Place::Element { mut before, address, offset, ty } => {
                let address = self.spill(address, ValType::I32, &mut before);
                let (load, store, memarg) = access(ty, offset);
                let again = self.again(address);
                (self.body.load(load, memarg, again), before, Ok((store, memarg, address)))
            }
        };
        let value = match self.single(value) {
            Ok(value) => value,
            Err(node) => {
                before.push(node);
                return Err(self.seq(&before));
            }
        };
        let ExprKind::AssignOp(_, _, count) = self.source[id].kind else {
            unreachable!("the caller lowers an assignment")
        };
        let count_type = self.source.ty(count).clone();
        self.at(id);
        let new = self.binary_op(op, ty, &count_type, old, value);
        let node = match element {
            Ok((store, memarg, address)) => self.body.store(store, memarg, address, new),
            Err(Ok(locals)) => self.body.local_set(LocalId(locals.first), new),
            Err(Err(global)) => self.body.global_set(global, new),
        };
        before.push(node);
        Ok(self.seq(&before))
    }

    // ---- elements

    pub(super) fn element_load(
        &mut self,
        id: ExprId,
        segment: ExprId,
        ty: ValueType,
        index: ExprId,
    ) -> Lowered {
        let (mut before, address, offset) = self.element(id, segment, ty, index, false)?;
        let (load, _, memarg) = access(ty, offset);
        before.push(self.body.load(load, memarg, address));
        Ok(smallvec![self.seq(&before)])
    }

    /// What comes before the access (the check), the address, and the constant part of it.
    fn element(
        &mut self,
        id: ExprId,
        segment: ExprId,
        ty: ValueType,
        index: ExprId,
        writes: bool,
    ) -> Result<(Vec<NodeId>, NodeId, u64), NodeId> {
        let parts = self.lower(segment)?;
        let mut before = Vec::new();
        let Linear { variable, factor, term } = self.linear(index);
        let constant_index = variable.is_none();
        let index_node = match variable {
            None => None,
            Some(variable) => match self.single(variable) {
                Ok(node) => Some(node),
                Err(node) => return Err(self.diverge_after(&parts, node)),
            },
        };
        self.at(id);
        let checks = self.unit.checks();
        let simple_index = index_node.is_none_or(|node| self.is_simple(node));
        let (address, size) = if simple_index && parts.iter().all(|part| self.is_simple(*part)) {
            (parts[0], parts[1])
        } else {
            // The segment is evaluated before the index, which may assign the variable that holds it.
            let address = self.spill_now(parts[0], ValType::I32, &mut before);
            (address, self.spill_now(parts[1], ValType::I32, &mut before))
        };
        let bytes = bytes_of(ty);
        let shift = bytes.trailing_zeros();

        if constant_index {
            let at = term * i128::from(bytes);
            if checks {
                self.constant_element_check(at, bytes, size, &mut before);
            }
            if let Ok(offset) = u32::try_from(at) {
                self.poison_element(address, u64::from(offset), bytes, writes, &mut before);
                return Ok((before, address, u64::from(offset)));
            }
            let at = self.body.i32_const(at as i32);
            let address = self.op(Op::I32_ADD, &[address, at]);
            return Ok((before, address, 0));
        }

        let (Some(node), Some(variable)) = (index_node, variable) else {
            unreachable!("a constant index was handled above")
        };
        let Type::Value(index_type) = *self.source.ty(variable) else {
            unreachable!("the checker promised an integer")
        };
        let wide = width(index_type) == 64;
        let node = self.spill(node, if wide { ValType::I64 } else { ValType::I32 }, &mut before);
        let not_negative = !is_signed(index_type)
            || matches!(self.source[variable].kind, ExprKind::Local(local) if self.non_negative.contains(&local));
        if checks {
            let check =
                self.element_check(node, index_type, not_negative, factor, term, bytes, size);
            before.extend(check);
        }
        // Inside the segment the sum is exact modulo 2^32.
        let mut scaled = self.again(node);
        if wide {
            scaled = self.op(Op::I32_WRAP_I64, &[scaled]);
        }
        if factor != 1 {
            let factor = self.body.i32_const(factor as i32);
            scaled = self.op(Op::I32_MUL, &[scaled, factor]);
        }
        if shift != 0 {
            let shift = self.body.i32_const(shift as i32);
            scaled = self.op(Op::I32_SHL, &[scaled, shift]);
        }
        let address = if checks { self.again(address) } else { address };
        let mut address = self.op(Op::I32_ADD, &[address, scaled]);
        let at = term * i128::from(bytes);
        let mut offset = 0;
        if let (true, true, Ok(at)) = (not_negative, factor > 0, u32::try_from(at)) {
            offset = u64::from(at);
        } else if at != 0 {
            let at = self.body.i32_const(at as i32);
            address = self.op(Op::I32_ADD, &[address, at]);
        }
        if self.unit.options.memory == MemoryMode::Poison {
            address = self.spill(address, ValType::I32, &mut before);
            self.poison_element(address, offset, bytes, writes, &mut before);
            address = self.again(address);
        }
        Ok((before, address, offset))
    }

    fn poison_element(
        &mut self,
        address: NodeId,
        offset: u64,
        bytes: u32,
        writes: bool,
        before: &mut Vec<NodeId>,
    ) {
        if self.unit.options.memory != MemoryMode::Poison {
            return;
        }
        let address = self.again(address);
        let offset = self.body.i32_const(offset as i32);
        let at = self.op(Op::I32_ADD, &[address, offset]);
        before.push(self.poison_check(at, bytes, writes));
    }

    fn constant_element_check(
        &mut self,
        at: i128,
        bytes: u32,
        size: NodeId,
        before: &mut Vec<NodeId>,
    ) {
        let outside = match (
            u32::try_from(at).ok().and_then(|at| at.checked_add(bytes)),
            self.constant_of(size),
        ) {
            (None, _) => self.body.i32_const(1),
            (Some(end), Some(size)) => self.body.i32_const(i32::from(end > size as u32)),
            (Some(end), None) => {
                let size = self.again(size);
                let end = self.body.i32_const(end as i32);
                self.op(Op::I32_LT_U, &[size, end])
            }
        };
        let offset = self.body.i64_const(at as i64);
        before.extend(self.trap_unless_inside(outside, offset, bytes, size));
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of one index, named where it was taken apart"
    )]
    fn element_check(
        &mut self,
        index: NodeId,
        ty: ValueType,
        not_negative: bool,
        factor: i128,
        term: i128,
        bytes: u32,
        size: NodeId,
    ) -> Option<NodeId> {
        let wide = width(ty) == 64;
        let shift = bytes.trailing_zeros();
        let plain = factor == 1 && term == 0;
        let index_again = self.again(index);
        let size_again = self.again(size);
        let shift_node = self.body.i32_const(shift as i32);
        let count =
            if shift == 0 { size_again } else { self.op(Op::I32_SHR_U, &[size_again, shift_node]) };
        // A negative i32 is at least 2^31 unsigned, more than there are elements of two bytes.
        let outside = if plain && !wide && (shift > 0 || not_negative) {
            self.op(Op::I32_GE_U, &[index_again, count])
        } else {
            let count = self.op(Op::I64_EXTEND_I32_U, &[count]);
            let exact = self.exact_index(index_again, ty, factor, term);
            let outside = self.op(Op::I64_GE_U, &[exact, count]);
            // Exact is what fits 64 bits; beyond, only indices from which the sum can be inside count.
            if plain || (!wide && factor.abs() <= MAX_FACTOR && term.abs() <= MAX_TERM) {
                outside
            } else {
                match indices_within(ty, factor, term) {
                    None => self.body.i32_const(1),
                    Some((low, high)) => {
                        let index = self.again(index);
                        let index = self.exact_index(index, ty, 1, 0);
                        let low_node = self.body.i64_const(low as i64);
                        let above = self.op(Op::I64_SUB, &[index, low_node]);
                        let span = self.body.i64_const((high - low) as i64);
                        let absurd = self.op(Op::I64_GT_U, &[above, span]);
                        self.op(Op::I32_OR, &[absurd, outside])
                    }
                }
            }
        };
        let index_again = self.again(index);
        let exact = self.exact_index(index_again, ty, factor, term);
        let shift_node = self.body.i64_const(i64::from(shift));
        let offset = if shift == 0 { exact } else { self.op(Op::I64_SHL, &[exact, shift_node]) };
        self.trap_unless_inside(outside, offset, bytes, size)
    }

    /// `index * factor + term` modulo 2^64.
    fn exact_index(&mut self, index: NodeId, ty: ValueType, factor: i128, term: i128) -> NodeId {
        let mut exact = match (width(ty) == 64, is_signed(ty)) {
            (true, _) => index,
            (false, true) => self.op(Op::I64_EXTEND_I32_S, &[index]),
            (false, false) => self.op(Op::I64_EXTEND_I32_U, &[index]),
        };
        if factor != 1 {
            let factor = self.body.i64_const(factor as i64);
            exact = self.op(Op::I64_MUL, &[exact, factor]);
        }
        if term != 0 {
            let term = self.body.i64_const(term as i64);
            exact = self.op(Op::I64_ADD, &[exact, term]);
        }
        exact
    }

    /// Takes `+ - *` by constants off the top of an index.
    fn linear(&self, id: ExprId) -> Linear {
        let opaque = Linear { variable: Some(id), factor: 1, term: 0 };
        if let Some(term) = self.index_constant(id) {
            return Linear { variable: None, factor: 0, term };
        }
        let ExprKind::Binary(op @ (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul), a, b) =
            self.source[id].kind
        else {
            return opaque;
        };
        // Constants on both sides were folded or are one of the operands.
        let found = match (op, self.index_constant(a), self.index_constant(b)) {
            (BinaryOp::Add, Some(constant), _) => self.scaled(b, 1, constant),
            (BinaryOp::Add, _, Some(constant)) => self.scaled(a, 1, constant),
            (BinaryOp::Sub, _, Some(constant)) => self.scaled(a, 1, -constant),
            (BinaryOp::Sub, Some(constant), _) => self.scaled(b, -1, constant),
            (BinaryOp::Mul, Some(constant), _) => self.scaled(b, constant, 0),
            (BinaryOp::Mul, _, Some(constant)) => self.scaled(a, constant, 0),
            _ => None,
        };
        found.unwrap_or(opaque)
    }

    /// `linear(id) * factor + term`; `None` beyond 128 bits.
    fn scaled(&self, id: ExprId, factor: i128, term: i128) -> Option<Linear> {
        let inner = self.linear(id);
        let factor_all = inner.factor.checked_mul(factor)?;
        let term_all = inner.term.checked_mul(factor)?.checked_add(term)?;
        // Room for the sums of `indices_within` and the multiplication by an element's size.
        let fits = factor_all.abs() < 1 << 120 && term_all.abs() < 1 << 120;
        fits.then_some(Linear { variable: inner.variable, factor: factor_all, term: term_all })
    }

    /// An index's constant, as the number it stands for.
    fn index_constant(&self, id: ExprId) -> Option<i128> {
        let ExprKind::Int(bits) = self.source[id].kind else { return None };
        let signed = matches!(self.source.ty(id), Type::Value(ty) if is_signed(*ty));
        Some(if signed { i128::from(bits as i64) } else { i128::from(bits) })
    }
}

/// The least and the greatest value `j` of an integer type with `0 <= j * factor + term < MAX_SIZE`.
fn indices_within(ty: ValueType, factor: i128, term: i128) -> Option<(i128, i128)> {
    let (min, max) = match (width(ty), is_signed(ty)) {
        (bits, true) => (-1 << (bits - 1), (1 << (bits - 1)) - 1),
        (bits, false) => (0, (1 << bits) - 1),
    };
    if factor == 0 {
        return (0..MAX_SIZE).contains(&term).then_some((min, max));
    }
    // `-term <= j * factor <= last - term`, divided by the factor, rounded inwards.
    let (from, to) = (-term, MAX_SIZE - 1 - term);
    let (from, to, by) = if factor > 0 { (from, to, factor) } else { (-to, -from, -factor) };
    let low = (from + by - 1).div_euclid(by).max(min);
    let high = to.div_euclid(by).min(max);
    (low <= high).then_some((low, high))
}

/// Size of an element in bytes.
fn bytes_of(ty: ValueType) -> u32 {
    match ty {
        ValueType::I8 | ValueType::U8 | ValueType::Bool => 1,
        ValueType::I16 | ValueType::U16 => 2,
        ValueType::I32 | ValueType::U32 | ValueType::F32 | ValueType::Addr | ValueType::Char => 4,
        ValueType::I64 | ValueType::U64 | ValueType::F64 => 8,
        ValueType::V128 => 16,
    }
}

/// How an element is loaded and stored.
fn access(ty: ValueType, offset: u64) -> (Op, Op, MemArg) {
    let (load, store) = match ty {
        ValueType::I8 => (Op::I32_LOAD8_S, Op::I32_STORE8),
        ValueType::U8 | ValueType::Bool => (Op::I32_LOAD8_U, Op::I32_STORE8),
        ValueType::I16 => (Op::I32_LOAD16_S, Op::I32_STORE16),
        ValueType::U16 => (Op::I32_LOAD16_U, Op::I32_STORE16),
        ValueType::I32 | ValueType::U32 | ValueType::Addr | ValueType::Char => {
            (Op::I32_LOAD, Op::I32_STORE)
        }
        ValueType::I64 | ValueType::U64 => (Op::I64_LOAD, Op::I64_STORE),
        ValueType::F32 => (Op::F32_LOAD, Op::F32_STORE),
        ValueType::F64 => (Op::F64_LOAD, Op::F64_STORE),
        ValueType::V128 => (Op::V128_LOAD, Op::V128_STORE),
    };
    let align_log2 = bytes_of(ty).trailing_zeros() as u8;
    (load, store, MemArg { align_log2, offset, memory: MEMORY })
}
