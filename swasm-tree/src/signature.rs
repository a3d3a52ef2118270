//! Operand and result types of a node, derived from its operator's row, its immediates and the module.
//!
//! Invariant: whatever an immediate names but the module or body does not have is an error here, never a panic.

use smallvec::SmallVec;

use crate::{
    Body, CompositeType, ElemId, FieldType, FuncId, FuncType, GlobalId, HeapType, MemArg, MemoryId,
    Module, NodeId, Op, RefType, Shape, StorageType, Symbol, TableId, TagId, TypeId, ValType, View,
};

/// A short list of types.
pub type TypeList = SmallVec<[ValType; 4]>;

/// What a node takes and gives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signature {
    pub(crate) params: TypeList,
    pub(crate) results: TypeList,
}

/// Something an immediate names that does not exist or does not fit, in words.
pub(crate) type Mistake = String;

impl Module {
    pub(crate) fn memory_at(&self, id: MemoryId) -> Result<&crate::Memory, Mistake> {
        self.memories.get(id.index()).ok_or_else(|| format!("there is no memory {}", id.0))
    }

    /// Types of a table's elements and of the numbers of its slots.
    pub(crate) fn table_types(&self, id: TableId) -> Result<(RefType, ValType), Mistake> {
        if id == TableId::FUNCTIONS {
            return Ok((RefType::FUNCREF, ValType::I32));
        }
        self.tables
            .get(id.index())
            .map(|table| (table.ty, table.address_type()))
            .ok_or_else(|| format!("there is no table {}", id.0))
    }

    /// Types of the values that an exception of a tag has.
    pub(crate) fn tag_params(&self, id: TagId) -> Result<&[ValType], Mistake> {
        let tag = self.tags.get(id.index());
        tag.and_then(|tag| self.types.try_get(tag.ty))
            .map(|ty| &*ty.params)
            .ok_or_else(|| format!("there is no tag {}", id.0))
    }

    fn struct_at(&self, id: TypeId) -> Result<&[FieldType], Mistake> {
        match self.types.try_sub(id).map(|sub| &sub.composite) {
            Some(CompositeType::Struct(fields)) => Ok(fields),
            _ => Err(format!("type {} is no struct", id.0)),
        }
    }

    fn array_at(&self, id: TypeId) -> Result<FieldType, Mistake> {
        match self.types.try_sub(id).map(|sub| &sub.composite) {
            Some(CompositeType::Array(element)) => Ok(*element),
            _ => Err(format!("type {} is no array", id.0)),
        }
    }

    fn func_type_of(&self, id: TypeId) -> Result<&FuncType, Mistake> {
        self.types.try_get(id).ok_or_else(|| format!("type {} is no function", id.0))
    }

    /// A reference to a defined type of this module.
    pub(crate) fn reference(&self, nullable: bool, id: TypeId) -> ValType {
        let id = self.types.canonical(id);
        ValType::Ref(RefType::new(nullable, HeapType::Concrete(id)))
    }

    /// Whether a type that an immediate names exists.
    fn check_heap(&self, heap: HeapType) -> Result<(), Mistake> {
        match heap {
            HeapType::Concrete(ty) if self.types.try_sub(ty).is_none() => {
                Err(format!("there is no type {}", ty.0))
            }
            HeapType::Concrete(_) | HeapType::Abstract(_) => Ok(()),
        }
    }

    fn check_heap_of(&self, ty: ValType) -> Result<(), Mistake> {
        if self.types.knows(ty) { Ok(()) } else { Err(format!("there is no type as in {ty}")) }
    }

    fn global_at(&self, id: GlobalId) -> Result<&crate::Global, Mistake> {
        self.globals.get(id.index()).ok_or_else(|| format!("there is no global {}", id.0))
    }

    fn func_type_at(&self, id: FuncId) -> Result<&FuncType, Mistake> {
        let func = self.funcs.get(id.index());
        func.and_then(|func| self.types.try_get(func.ty))
            .ok_or_else(|| format!("there is no function {}", id.0))
    }

    fn elem_at(&self, id: ElemId) -> Result<&crate::Elem, Mistake> {
        self.elems.get(id.index()).ok_or_else(|| format!("there is no element segment {}", id.0))
    }

    /// The type of addresses and of symbols.
    pub fn address_type(&self, memory: MemoryId) -> ValType {
        self.memories.get(memory.index()).map_or(ValType::I32, crate::Memory::address_type)
    }
}

/// The type that a symbol's constant has.
pub(crate) fn symbol_type(module: &Module, symbol: Symbol) -> ValType {
    match symbol {
        Symbol::Data { .. } | Symbol::HeapBase | Symbol::ReadOnlyEnd | Symbol::InitialPages => {
            module.address_type(MemoryId(0))
        }
        Symbol::TableSlot(_) => ValType::I32,
    }
}

/// `i32` if either address has 32 bits: what a size in both must fit in.
fn shorter(a: ValType, b: ValType) -> ValType {
    if a == ValType::I32 { a } else { b }
}

fn memarg_type(module: &Module, memarg: MemArg, width: u8) -> Result<ValType, Mistake> {
    let address = module.memory_at(memarg.memory)?.address_type();
    if memarg.align_log2 > width {
        return Err(format!(
            "alignment 2^{} is more than the natural 2^{width}",
            memarg.align_log2
        ));
    }
    if address == ValType::I32 && memarg.offset > u64::from(u32::MAX) {
        return Err(format!("offset {} does not fit in 32 bits", memarg.offset));
    }
    Ok(address)
}

/// Operand and result types where they depend on nothing but the node, the body's locals and the module: all operators
/// but `drop`, `select`, `ref.is_null`, branches, `Seq`, `Stack` and holes (for which the lists are empty).
/// Of blocks, `params` has the condition of an `if`.
pub(crate) fn signature(
    module: &Module,
    body: &Body,
    id: NodeId,
    sig: &mut Signature,
) -> Result<(), Mistake> {
    sig.params.clear();
    sig.results.clear();
    let node = body.node(id);
    let (op, row) = (node.op, node.op.row());
    match body.view_node(node) {
        View::Plain if row.shape == Shape::Beyond => {
            return Err(format!("no tree holds `{}`", op.mnemonic()));
        }
        View::Plain => {
            sig.params.extend_from_slice(row.params);
            sig.results.extend_from_slice(row.results);
            if row.shape == Shape::Return {
                sig.params.extend_from_slice(body.results());
            }
        }
        View::I32(_) | View::I64(_) | View::F32(_) | View::F64(_) | View::V128(_) => {
            sig.results.extend_from_slice(row.results);
        }
        View::Shuffle(lanes) => {
            if let Some(lane) = lanes.iter().find(|lane| **lane >= 32) {
                return Err(format!("lane {lane} is not below 32"));
            }
            sig.params.extend_from_slice(row.params);
            sig.results.extend_from_slice(row.results);
        }
        View::Lane(lane) => {
            if let Shape::Lane(lanes) = row.shape
                && lane >= lanes
            {
                return Err(format!("lane {lane} is not below {lanes}"));
            }
            sig.params.extend_from_slice(row.params);
            sig.results.extend_from_slice(row.results);
        }
        View::Symbol(symbol) => {
            match symbol {
                Symbol::Data { data, addend: _ } if data.index() >= module.datas.len() => {
                    return Err(format!("there is no data segment {}", data.0));
                }
                Symbol::TableSlot(func) => drop(module.func_type_at(func)?),
                Symbol::Data { .. }
                | Symbol::HeapBase
                | Symbol::ReadOnlyEnd
                | Symbol::InitialPages => (),
            }
            sig.results.push(symbol_type(module, symbol));
        }
        View::Local(local) => {
            let Some(&ty) = body.locals().get(local.index()) else {
                return Err(format!("there is no local {}", local.0));
            };
            if op != Op::LOCAL_GET {
                sig.params.push(ty);
            }
            if op != Op::LOCAL_SET {
                sig.results.push(ty);
            }
        }
        View::SetMany(locals) => {
            for local in locals {
                let Some(&ty) = body.locals().get(local.index()) else {
                    return Err(format!("there is no local {}", local.0));
                };
                sig.params.push(ty);
            }
        }
        View::Global(global) => {
            let global = module.global_at(global)?;
            if op == Op::GLOBAL_GET {
                sig.results.push(global.ty);
            } else if global.mutable {
                sig.params.push(global.ty);
            } else {
                return Err("the global is immutable".into());
            }
        }
        View::Mem(memarg) => {
            let width = op.width_log2().unwrap_or(0);
            let address = memarg_type(module, memarg, width)?;
            if matches!(row.shape, Shape::Atomic(_)) && memarg.align_log2 != width {
                return Err("the alignment of an atomic access is its width".into());
            }
            sig.params.extend_from_slice(row.params);
            sig.params[0] = address;
            sig.results.extend_from_slice(row.results);
        }
        View::MemLane(memarg, lane) => {
            let width = op.width_log2().unwrap_or(0);
            let address = memarg_type(module, memarg, width)?;
            if lane >= 16 >> width {
                return Err(format!("lane {lane} is not below {}", 16 >> width));
            }
            sig.params.extend_from_slice(row.params);
            sig.params[0] = address;
            sig.results.extend_from_slice(row.results);
        }
        View::Memory(memory) => {
            let address = module.memory_at(memory)?.address_type();
            sig.params.extend_from_slice(row.params);
            sig.results.extend_from_slice(row.results);
            if op == Op::MEMORY_FILL {
                sig.params[0] = address;
                sig.params[2] = address;
            } else {
                sig.params.fill(address);
                sig.results.fill(address);
            }
        }
        View::MemoryCopy { to, from } => {
            let to = module.memory_at(to)?.address_type();
            let from = module.memory_at(from)?.address_type();
            sig.params.extend_from_slice(&[to, from, shorter(to, from)]);
        }
        View::MemoryInit { data, memory } => {
            let address = module.memory_at(memory)?.address_type();
            check_data(module, data)?;
            sig.params.extend_from_slice(&[address, ValType::I32, ValType::I32]);
        }
        View::Data(data) => check_data(module, data)?,
        View::Call(func) => {
            let ty = module.func_type_at(func)?;
            sig.params.extend_from_slice(&ty.params);
            if op == Op::CALL {
                sig.results.extend_from_slice(&ty.results);
            } else {
                check_tail(module, body, ty)?;
            }
        }
        View::CallIndirect { ty, table } => {
            let ty = module.func_type_of(ty)?;
            let (held, slot) = module.table_types(table)?;
            if !module.types.ref_matches(held, RefType::FUNCREF) {
                return Err(format!("the table holds {held}, not functions"));
            }
            sig.params.extend_from_slice(&ty.params);
            sig.params.push(slot);
            if op == Op::CALL_INDIRECT {
                sig.results.extend_from_slice(&ty.results);
            } else {
                check_tail(module, body, ty)?;
            }
        }
        View::RefFunc(func) => {
            module.func_type_at(func)?;
            sig.results.push(module.reference(false, module.func(func).ty));
        }
        View::RefNull(heap) => {
            module.check_heap(heap)?;
            sig.results.push(ValType::Ref(RefType::new(true, heap)));
        }
        View::Table(table) => {
            let (held, slot) = module.table_types(table)?;
            let held = ValType::Ref(held);
            if op == Op::TABLE_GET {
                sig.params.push(slot);
                sig.results.push(held);
            } else if op == Op::TABLE_SET {
                sig.params.extend_from_slice(&[slot, held]);
            } else if op == Op::TABLE_GROW {
                sig.params.extend_from_slice(&[held, slot]);
                sig.results.push(slot);
            } else if op == Op::TABLE_FILL {
                sig.params.extend_from_slice(&[slot, held, slot]);
            } else {
                sig.results.push(slot);
            }
        }
        View::TableCopy { to, from } => {
            let ((to, to_slot), (from, from_slot)) =
                (module.table_types(to)?, module.table_types(from)?);
            if !module.types.ref_matches(from, to) {
                return Err(format!("cannot copy {from} into a table of {to}"));
            }
            sig.params.extend_from_slice(&[to_slot, from_slot, shorter(to_slot, from_slot)]);
        }
        View::TableInit { elem, table } => {
            let (elem, (held, slot)) = (module.elem_at(elem)?.ty, module.table_types(table)?);
            if !module.types.ref_matches(elem, held) {
                return Err(format!("cannot put {elem} into a table of {held}"));
            }
            sig.params.extend_from_slice(&[slot, ValType::I32, ValType::I32]);
        }
        View::Elem(elem) => drop(module.elem_at(elem)?),
        View::Type(ty) => typed(module, body, op, ty, sig)?,
        View::Field { ty, field } => {
            let fields = module.struct_at(ty)?;
            let Some(&field) = fields.get(field as usize) else {
                return Err(format!("type {} has {} fields, no field {field}", ty.0, fields.len()));
            };
            sig.params.push(module.reference(true, ty));
            if op == Op::STRUCT_SET {
                check_mutable(field)?;
                sig.params.push(field.storage.unpacked());
            } else {
                check_packed(field, op != Op::STRUCT_GET)?;
                sig.results.push(field.storage.unpacked());
            }
        }
        View::ArrayFixed { ty, size } => {
            let element = module.array_at(ty)?.storage.unpacked();
            sig.params.extend(std::iter::repeat_n(element, size as usize));
            sig.results.push(module.reference(false, ty));
        }
        View::ArrayData { ty, data } => {
            check_data(module, data)?;
            let element = module.array_at(ty)?;
            if matches!(element.storage, StorageType::Val(ValType::Ref(_))) {
                return Err("bytes are no references".into());
            }
            array_from_segment(module, op == Op::ARRAY_NEW_DATA, ty, element, sig)?;
        }
        View::ArrayElem { ty, elem } => {
            let (held, element) = (ValType::Ref(module.elem_at(elem)?.ty), module.array_at(ty)?);
            if !module.types.matches(held, element.storage.unpacked()) {
                return Err(format!("the segment holds {held}, not what the array does"));
            }
            array_from_segment(module, op == Op::ARRAY_NEW_ELEM, ty, element, sig)?;
        }
        View::ArrayCopy { to, from } => {
            let (target, source) = (module.array_at(to)?, module.array_at(from)?);
            check_mutable(target)?;
            let fits = match (source.storage, target.storage) {
                (StorageType::Val(a), StorageType::Val(b)) => module.types.matches(a, b),
                (a, b) => a == b,
            };
            if !fits {
                return Err("the arrays hold different things".into());
            }
            let (to, from) = (module.reference(true, to), module.reference(true, from));
            sig.params.extend_from_slice(&[to, ValType::I32, from, ValType::I32, ValType::I32]);
        }
        View::RefCast(ty) => {
            module.check_heap(ty.heap())?;
            if matches!(op, Op::REF_TEST_NULL | Op::REF_CAST_NULL) != ty.is_nullable() {
                return Err(format!("`{}` is no operator for {ty}", op.mnemonic()));
            }
            sig.params.push(ValType::Ref(RefType::nullable(module.types.top(ty.heap()))));
            let is_test = matches!(op, Op::REF_TEST | Op::REF_TEST_NULL);
            sig.results.push(if is_test { ValType::I32 } else { ValType::Ref(ty) });
        }
        View::Tag(tag) => {
            let values = module.tag_params(tag)?;
            if op == Op::THROW {
                sig.params.extend_from_slice(values);
            }
        }
        View::TryTable(ty, catches) => {
            for catch in catches {
                if let Some(tag) = catch.tag {
                    module.tag_params(tag)?;
                }
            }
            sig.params.extend_from_slice(ty.params);
            sig.results.extend_from_slice(ty.results);
        }
        View::SelectTyped(ty) => {
            module.check_heap_of(ty)?;
            sig.params.extend_from_slice(&[ty, ty, ValType::I32]);
            sig.results.push(ty);
        }
        View::Block(ty) | View::Loop(ty) | View::Try(ty) => {
            sig.params.extend_from_slice(ty.params);
            sig.results.extend_from_slice(ty.results);
        }
        View::If(ty) => {
            sig.params.extend_from_slice(ty.params);
            sig.params.push(ValType::I32);
            sig.results.extend_from_slice(ty.results);
        }
        View::BrOnCast { label: _, from, to } => {
            module.check_heap(from.heap())?;
            module.check_heap(to.heap())?;
            if !module.types.ref_matches(to, from) {
                return Err(format!("casts {from} to {to}, which is not below it"));
            }
        }
        View::Br(_)
        | View::Label(_)
        | View::BrTable { .. }
        | View::Seq
        | View::Stack
        | View::Hole(_) => (),
    }
    Ok(())
}

fn check_data(module: &Module, data: crate::DataId) -> Result<(), Mistake> {
    match module.datas.get(data.index()) {
        None => Err(format!("there is no data segment {}", data.0)),
        Some(segment) if segment.place == crate::DataPlace::Laid => {
            Err("a segment that the writer lays out has no index".into())
        }
        Some(_) => Ok(()),
    }
}

/// Operators with a defined type for their only immediate.
fn typed(
    module: &Module,
    body: &Body,
    op: Op,
    ty: TypeId,
    sig: &mut Signature,
) -> Result<(), Mistake> {
    if matches!(op, Op::CALL_REF | Op::RETURN_CALL_REF) {
        let func = module.func_type_of(ty)?;
        sig.params.extend_from_slice(&func.params);
        sig.params.push(module.reference(true, ty));
        if op == Op::CALL_REF {
            sig.results.extend_from_slice(&func.results);
        } else {
            check_tail(module, body, func)?;
        }
        return Ok(());
    }
    if matches!(op, Op::STRUCT_NEW | Op::STRUCT_NEW_DEFAULT) {
        let fields = module.struct_at(ty)?;
        if op == Op::STRUCT_NEW {
            sig.params.extend(fields.iter().map(|field| field.storage.unpacked()));
        } else {
            fields.iter().try_for_each(|&field| check_default(field))?;
        }
        sig.results.push(module.reference(false, ty));
        return Ok(());
    }
    let element = module.array_at(ty)?;
    let value = element.storage.unpacked();
    if op == Op::ARRAY_NEW {
        sig.params.extend_from_slice(&[value, ValType::I32]);
        sig.results.push(module.reference(false, ty));
    } else if op == Op::ARRAY_NEW_DEFAULT {
        check_default(element)?;
        sig.params.push(ValType::I32);
        sig.results.push(module.reference(false, ty));
    } else if op == Op::ARRAY_SET {
        check_mutable(element)?;
        sig.params.extend_from_slice(&[module.reference(true, ty), ValType::I32, value]);
    } else if op == Op::ARRAY_FILL {
        check_mutable(element)?;
        let array = module.reference(true, ty);
        sig.params.extend_from_slice(&[array, ValType::I32, value, ValType::I32]);
    } else {
        check_packed(element, op != Op::ARRAY_GET)?;
        sig.params.extend_from_slice(&[module.reference(true, ty), ValType::I32]);
        sig.results.push(value);
    }
    Ok(())
}

fn array_from_segment(
    module: &Module,
    is_new: bool,
    ty: TypeId,
    element: FieldType,
    sig: &mut Signature,
) -> Result<(), Mistake> {
    if is_new {
        sig.params.extend_from_slice(&[ValType::I32, ValType::I32]);
        sig.results.push(module.reference(false, ty));
    } else {
        check_mutable(element)?;
        let array = module.reference(true, ty);
        sig.params.extend_from_slice(&[array, ValType::I32, ValType::I32, ValType::I32]);
    }
    Ok(())
}

fn check_mutable(field: FieldType) -> Result<(), Mistake> {
    if field.mutable { Ok(()) } else { Err("what it sets is immutable".into()) }
}

fn check_packed(field: FieldType, with_sign: bool) -> Result<(), Mistake> {
    let is_packed = matches!(field.storage, StorageType::I8 | StorageType::I16);
    if is_packed == with_sign {
        return Ok(());
    }
    Err("packed fields, and only those, are read with `_s` or `_u`".into())
}

fn check_default(field: FieldType) -> Result<(), Mistake> {
    let ty = field.storage.unpacked();
    if ty.is_defaultable() { Ok(()) } else { Err(format!("{ty} has no default value")) }
}

fn check_tail(module: &Module, body: &Body, ty: &FuncType) -> Result<(), Mistake> {
    let pairs = || ty.results.iter().zip(body.results());
    let fits = ty.results.len() == body.results().len()
        && pairs().all(|(a, b)| module.types.matches(*a, *b));
    if fits { Ok(()) } else { Err("a tail call must give what the function gives".into()) }
}

/// The result types of a node. A node that never completes has those it would have; a `Stack` has none, since it
/// depends on what came before ([`Body::nest`] removes those). In a tree that the verifier would refuse, the answer is
/// some list.
pub fn results(module: &Module, body: &Body, id: NodeId) -> TypeList {
    let mut found = TypeList::new();
    let mut sig = Signature::default();
    // Nodes whose results come next, the first on top.
    let mut waiting: SmallVec<[NodeId; 8]> = SmallVec::new();
    waiting.push(id);
    while let Some(id) = waiting.pop() {
        if body.op(id) == Op::SEQ {
            waiting.extend(body.children(id).iter().rev().copied());
        } else if body.op(id) == Op::SELECT {
            found.extend(first_value(module, body, id, &mut sig));
        } else if is_of_reference(body.op(id)) {
            if let View::Label(target) = body.view(id) {
                found.extend_from_slice(label_types(body, target));
            }
            found.extend(last_value(module, body, id, &mut sig));
        } else {
            own_results(module, body, id, &mut sig);
            found.extend_from_slice(&sig.results);
        }
    }
    found
}

/// The first value that comes of a node: what decides the type of a `select`.
fn first_value(module: &Module, body: &Body, id: NodeId, sig: &mut Signature) -> Option<ValType> {
    let mut waiting: SmallVec<[NodeId; 8]> = SmallVec::new();
    waiting.push(id);
    while let Some(id) = waiting.pop() {
        if matches!(body.op(id).shape(), Shape::Seq | Shape::Select) {
            waiting.extend(body.children(id).iter().rev().copied());
            continue;
        }
        own_results(module, body, id, sig);
        if let Some(&first) = sig.results.first() {
            return Some(first);
        }
    }
    None
}

/// Whether the last result is the last operand, of a type that depends on the operand's.
pub(crate) fn is_of_reference(op: Op) -> bool {
    op.shape() == Shape::RefAs || op == Op::BR_ON_NULL
}

/// The last value that comes of a node.
fn last_value(module: &Module, body: &Body, id: NodeId, sig: &mut Signature) -> Option<ValType> {
    let mut waiting: SmallVec<[NodeId; 8]> = SmallVec::new();
    // What is still done to the value, the last first.
    let mut done: SmallVec<[Op; 4]> = SmallVec::new();
    waiting.push(id);
    let mut found = None;
    while let Some(id) = waiting.pop() {
        let op = body.op(id);
        if op == Op::SEQ {
            waiting.extend_from_slice(body.children(id));
        } else if is_of_reference(op) {
            done.push(op);
            waiting.clear();
            waiting.extend_from_slice(body.children(id));
        } else if op == Op::SELECT {
            found = first_value(module, body, id, sig);
            break;
        } else {
            own_results(module, body, id, sig);
            found = sig.results.last().copied();
            if found.is_some() {
                break;
            }
        }
    }
    let found = found?;
    Some(done.into_iter().rev().fold(found, |ty, op| after_reference(op, ty)))
}

fn own_results(module: &Module, body: &Body, id: NodeId, sig: &mut Signature) {
    if signature(module, body, id, sig).is_err() {
        sig.results.clear();
    }
    let op = body.op(id);
    if op == Op::BR_IF
        && let View::Br(target) = body.view(id)
    {
        sig.results.extend_from_slice(label_types(body, target));
    } else if op == Op::REF_IS_NULL {
        sig.results.clear();
        sig.results.push(ValType::I32);
    } else if op == Op::BR_ON_NON_NULL
        && let View::Label(target) = body.view(id)
        && let Some((_, rest)) = label_types(body, target).split_last()
    {
        sig.results.extend_from_slice(rest);
    } else if let View::BrOnCast { label, from, to } = body.view(id)
        && let Some((_, rest)) = label_types(body, label).split_last()
    {
        sig.results.extend_from_slice(rest);
        sig.results.push(ValType::Ref(cast_types(op, from, to).1));
    }
}

/// How many values a node leaves. `None`: it cannot be told from the tree below it, because there is a `Stack` or a hole.
pub fn result_count(module: &Module, body: &Body, id: NodeId) -> Option<usize> {
    let mut sig = Signature::default();
    let mut total = 0;
    let mut waiting: SmallVec<[NodeId; 8]> = SmallVec::new();
    waiting.push(id);
    while let Some(id) = waiting.pop() {
        match body.op(id) {
            Op::SEQ => waiting.extend_from_slice(body.children(id)),
            Op::STACK | Op::HOLE => return None,
            _ => total += own_result_count(module, body, id, &mut sig) as usize,
        }
    }
    Some(total)
}

/// How many results a node has that is no `Seq` or `Stack`.
pub(crate) fn own_result_count(
    module: &Module,
    body: &Body,
    id: NodeId,
    sig: &mut Signature,
) -> u32 {
    let op = body.op(id);
    if matches!(op.shape(), Shape::Plain | Shape::Mem(_)) {
        return op.row().results.len() as u32;
    }
    if op == Op::SELECT || op.shape() == Shape::RefAs {
        return 1;
    }
    if op == Op::BR_ON_NULL {
        let labels: SmallVec<[NodeId; 1]> = body.labels(id).collect();
        return labels.iter().map(|&label| label_types(body, label).len() as u32 + 1).sum();
    }
    own_results(module, body, id, sig);
    sig.results.len() as u32
}

/// What a `br_on_cast` or `br_on_cast_fail` branches with, and what it leaves otherwise.
pub(crate) fn cast_types(op: Op, from: RefType, to: RefType) -> (RefType, RefType) {
    // What is not of type `to` is not null if null is.
    let other = if to.is_nullable() { from.non_null() } else { from };
    if op == Op::BR_ON_CAST { (to, other) } else { (other, to) }
}

/// The last result of an operator that [is of a reference](is_of_reference).
pub(crate) fn after_reference(op: Op, operand: ValType) -> ValType {
    use crate::AbstractHeapType::{Any, Extern};
    let ValType::Ref(ty) = operand else { return operand };
    ValType::Ref(if op == Op::ANY_CONVERT_EXTERN {
        RefType::new(ty.is_nullable(), HeapType::Abstract(Any))
    } else if op == Op::EXTERN_CONVERT_ANY {
        RefType::new(ty.is_nullable(), HeapType::Abstract(Extern))
    } else {
        ty.non_null()
    })
}

/// What a branch to a block carries, or to the root that is none: the function's results.
pub(crate) fn label_types(body: &Body, target: NodeId) -> &[ValType] {
    let op = body.op(target);
    if !op.shape().is_label() {
        return if target == body.root() { body.results() } else { &[] };
    }
    let ty = body.block_type(target);
    if op == Op::LOOP { ty.params } else { ty.results }
}
