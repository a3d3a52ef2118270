//! Operand and result types of a node, derived from its operator's row, its immediates and the module.
//!
//! Invariant: whatever an immediate names but the module or body does not have is an error here, never a panic.

use smallvec::SmallVec;

use crate::{
    Body, ElemId, FuncId, FuncType, GlobalId, HeapType, MemArg, MemoryId, Module, NodeId, Op,
    RefType, Shape, Symbol, TableId, ValType, View,
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

    /// Type of a table's elements.
    pub(crate) fn table_type(&self, id: TableId) -> Result<RefType, Mistake> {
        if id == TableId::FUNCTIONS {
            return Ok(RefType::FUNCREF);
        }
        self.tables
            .get(id.index())
            .map(|table| table.ty)
            .ok_or_else(|| format!("there is no table {}", id.0))
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
            let address = memarg_type(module, memarg, op.width_log2().unwrap_or(0))?;
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
            let size = if to == ValType::I32 { to } else { from };
            sig.params.extend_from_slice(&[to, from, size]);
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
                check_tail(body, ty)?;
            }
        }
        View::CallIndirect { ty, table } => {
            let Some(ty) = module.types.try_get(ty) else {
                return Err(format!("there is no type {}", ty.0));
            };
            let held = module.table_type(table)?;
            if !held.matches(RefType::FUNCREF) {
                return Err(format!("the table holds {held}, not functions"));
            }
            sig.params.extend_from_slice(&ty.params);
            sig.params.push(ValType::I32);
            if op == Op::CALL_INDIRECT {
                sig.results.extend_from_slice(&ty.results);
            } else {
                check_tail(body, ty)?;
            }
        }
        View::RefFunc(func) => {
            module.func_type_at(func)?;
            sig.results.push(ValType::FUNCREF);
        }
        View::RefNull(heap) => {
            if let HeapType::Concrete(ty) = heap
                && module.types.try_get(ty).is_none()
            {
                return Err(format!("there is no type {}", ty.0));
            }
            sig.results.push(ValType::Ref(RefType::new(true, heap)));
        }
        View::Table(table) => {
            let held = ValType::Ref(module.table_type(table)?);
            if op == Op::TABLE_GET {
                sig.params.push(ValType::I32);
                sig.results.push(held);
            } else if op == Op::TABLE_SET {
                sig.params.extend_from_slice(&[ValType::I32, held]);
            } else if op == Op::TABLE_GROW {
                sig.params.extend_from_slice(&[held, ValType::I32]);
                sig.results.push(ValType::I32);
            } else if op == Op::TABLE_FILL {
                sig.params.extend_from_slice(&[ValType::I32, held, ValType::I32]);
            } else {
                sig.results.push(ValType::I32);
            }
        }
        View::TableCopy { to, from } => {
            let (to, from) = (module.table_type(to)?, module.table_type(from)?);
            if !from.matches(to) {
                return Err(format!("cannot copy {from} into a table of {to}"));
            }
            sig.params.extend_from_slice(row.params);
        }
        View::TableInit { elem, table } => {
            let (elem, held) = (module.elem_at(elem)?.ty, module.table_type(table)?);
            if !elem.matches(held) {
                return Err(format!("cannot put {elem} into a table of {held}"));
            }
            sig.params.extend_from_slice(row.params);
        }
        View::Elem(elem) => drop(module.elem_at(elem)?),
        View::SelectTyped(ty) => {
            sig.params.extend_from_slice(&[ty, ty, ValType::I32]);
            sig.results.push(ty);
        }
        View::Block(ty) | View::Loop(ty) => {
            sig.params.extend_from_slice(ty.params);
            sig.results.extend_from_slice(ty.results);
        }
        View::If(ty) => {
            sig.params.extend_from_slice(ty.params);
            sig.params.push(ValType::I32);
            sig.results.extend_from_slice(ty.results);
        }
        View::Br(_) | View::BrTable { .. } | View::Seq | View::Stack | View::Hole(_) => (),
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

fn check_tail(body: &Body, ty: &FuncType) -> Result<(), Mistake> {
    let fits = ty.results.len() == body.results().len()
        && ty.results.iter().zip(body.results()).all(|(a, b)| a.matches(*b));
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

fn own_results(module: &Module, body: &Body, id: NodeId, sig: &mut Signature) {
    if signature(module, body, id, sig).is_err() {
        sig.results.clear();
    }
    if body.op(id) == Op::BR_IF
        && let View::Br(target) = body.view(id)
    {
        sig.results.extend_from_slice(label_types(body, target));
    } else if body.op(id) == Op::REF_IS_NULL {
        sig.results.clear();
        sig.results.push(ValType::I32);
    }
}

/// What a branch to a block carries.
pub(crate) fn label_types(body: &Body, target: NodeId) -> &[ValType] {
    let op = body.op(target);
    if op.shape().arms() == 0 {
        return &[];
    }
    let ty = body.block_type(target);
    if op == Op::LOOP { ty.params } else { ty.results }
}
