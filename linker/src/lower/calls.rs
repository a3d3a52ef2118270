//! Calls: of functions, through pointers, of rows of the intrinsic table (whose templates take the call's place).
//!
//! A template's holes are filled with the arguments' own nodes where that keeps the order of evaluation; otherwise arguments go through
//! locals first. A row with `checked(n)` tests `offset + n > size` before the template runs:
//!
//! ```text
//! s.set_i32(off, v)   ⇒   (if (i64.gt_u (i64.add off 4) size) (then (call $std::trap::out_of_bounds …) unreachable)) (i32.store …)
//! s.set_i32(16, v)    ⇒   (if (i32.lt_u size 20) …) (i32.store offset=16 s.address v)
//! ```

use smallvec::{SmallVec, smallvec};
use swasm_frontend_ir::checked::{
    Constant, Def, DefId, ExprId, ExprKind, ExprList, FunctionKind, Row, RowSymbol, Type, ValueType,
};
use swasm_tree::template::{SymbolTarget, Template};
use swasm_tree::{BlockType, Effects, NodeId, Op, Symbol, TableId, ValType, View};

use super::{Function, Nodes};
use crate::options::MemoryMode;
use crate::unit::{known, needs_normalising, scalar_types};

impl<'a> Function<'_, '_, 'a> {
    /// The nodes of a call's arguments: all scalars in order. What has no scalars is kept for its effects.
    fn arguments(&mut self, list: ExprList) -> Result<Nodes, NodeId> {
        let source = self.source;
        let mut nodes = Nodes::new();
        let mut pending: Option<NodeId> = None;
        for &id in &source[list] {
            let count = {
                let ty = self.source.ty(id);
                self.layouts.count(ty)
            };
            let value = match self.lower(id) {
                Ok(value) => value,
                Err(node) => {
                    let node = self.diverge_after(&nodes, node);
                    return Err(match pending {
                        Some(first) => self.body.seq(&[first, node]),
                        None => node,
                    });
                }
            };
            if count == 0 {
                for statement in value {
                    match nodes.last_mut() {
                        Some(last) => *last = self.body.seq(&[*last, statement]),
                        None => {
                            pending = Some(
                                pending
                                    .map_or(statement, |first| self.body.seq(&[first, statement])),
                            )
                        }
                    }
                }
                continue;
            }
            nodes.extend(value);
            if let Some(statement) = pending.take() {
                nodes[0] = self.body.seq(&[statement, nodes[0]]);
            }
        }
        if let Some(statement) = pending {
            nodes.push(statement);
        }
        Ok(nodes)
    }

    /// A node without results at the front of `arguments` that has nothing to be put before.
    fn lone_statement(&mut self, parameters: usize, arguments: &mut Nodes) -> Option<NodeId> {
        (parameters == 0).then(|| arguments.pop()).flatten()
    }

    /// Makes what [`Self::arguments`] gave what the callee takes: one node for each parameter. Gives what is to be done before, if there is
    /// no argument to put it to.
    fn settle_arguments(&mut self, callee: DefId, arguments: &mut Nodes) -> Option<NodeId> {
        let unit = self.unit;
        let Some(unread) = unit.unread(callee) else {
            let parameters = unit.module.func_type(unit.func(callee)).params.len();
            return self.lone_statement(parameters, arguments);
        };
        // An argument that nobody reads is evaluated all the same, in its turn.
        let mut before: Option<NodeId> = None;
        for (node, unread) in std::mem::take(arguments).into_iter().zip(unread) {
            let node = match (unread, self.is_simple(node)) {
                (true, true) => continue,
                (true, false) => self.body.drop(node),
                (false, _) => node,
            };
            let node = before.take().map_or(node, |first| self.body.seq(&[first, node]));
            if *unread { before = Some(node) } else { arguments.push(node) }
        }
        if let Some(rest) = before
            && let Some(last) = arguments.last_mut()
        {
            *last = self.body.seq(&[*last, rest]);
            return None;
        }
        before
    }

    /// An ordinary call, as one node with all results.
    pub(super) fn call(
        &mut self,
        id: ExprId,
        callee: DefId,
        arguments: ExprList,
    ) -> Result<NodeId, NodeId> {
        let innermost = self.allocates_innermost(callee, arguments);
        let callee =
            if innermost { known(self.unit.well_known.allocate_innermost) } else { callee };
        let mut arguments = self.arguments(arguments)?;
        self.at(id);
        let unit = self.unit;
        let function = unit.program.function(callee);
        let func = unit.func(callee);
        let first = self.settle_arguments(callee, &mut arguments);
        let mut node = self.body.call(func, &arguments);
        if matches!(function.kind, FunctionKind::Import(_)) {
            node = self.normalise_results(node, &function.signature.result);
        }
        if let Some(first) = first {
            node = self.body.seq(&[first, node]);
        }
        if function.signature.result == Type::Never {
            Err(self.never_completes(node))
        } else {
            Ok(node)
        }
    }

    /// Whether a call is `mem.allocate(…)` with the variable of the innermost open scope: then nothing needs to be asked about who owns the
    /// top.
    fn allocates_innermost(&mut self, callee: DefId, arguments: ExprList) -> bool {
        let receiver = self.source[arguments].first().map(|receiver| &self.source[*receiver].kind);
        match (receiver, self.scopes.last()) {
            (Some(&ExprKind::Local(local)), Some(&record))
                if Some(callee) == self.unit.well_known.allocate =>
            {
                self.local(local).first == record.0
            }
            _ => false,
        }
    }

    pub(super) fn call_pointer(
        &mut self,
        id: ExprId,
        callee: ExprId,
        arguments: ExprList,
    ) -> Result<NodeId, NodeId> {
        let (ty, slot, mut arguments, mut before) = self.pointer_call_parts(callee, arguments)?;
        self.at(id);
        let params = self.unit.module.types.get(ty).params.len();
        before.extend(self.lone_statement(params, &mut arguments));
        before.push(self.body.call_indirect(ty, TableId::FUNCTIONS, &arguments, slot));
        let node = self.seq(&before);
        let Type::Pointer(signature) = self.source.ty(callee) else {
            unreachable!("the checker promised a pointer")
        };
        if signature.result == Type::Never { Err(self.never_completes(node)) } else { Ok(node) }
    }

    fn pointer_call_parts(
        &mut self,
        callee: ExprId,
        arguments: ExprList,
    ) -> Result<(swasm_tree::TypeId, NodeId, Nodes, Vec<NodeId>), NodeId> {
        let Type::Pointer(signature) = self.source.ty(callee) else {
            unreachable!("the checker promised a pointer")
        };
        let ty = self.layouts.func_type(signature);
        let ty = self
            .unit
            .module
            .types
            .find(&ty)
            .expect("`reach` promised to intern the types of pointers that are called");
        let slot = self.single(callee)?;
        // The callee is evaluated first, the slot is wanted last.
        let mut before = Vec::new();
        let slot = if self.constant_of(slot).is_some()
            || self.body.op(slot) == Op::SYMBOL
            || self.source[arguments].is_empty()
        {
            slot
        } else {
            let temp = self.temp(ValType::I32);
            before.push(self.body.local_set(temp, slot));
            self.body.local_get(temp)
        };
        match self.arguments(arguments) {
            Ok(arguments) => Ok((ty, slot, arguments, before)),
            Err(node) => {
                before.push(node);
                Err(self.seq(&before))
            }
        }
    }

    /// `become f(args)`: arguments, scope ends, tail call.
    pub(super) fn become_(&mut self, id: ExprId, call: ExprId) -> NodeId {
        let source = self.source;
        let foreign = |callee: &DefId| {
            !matches!(self.unit.program.function(*callee).kind, FunctionKind::Body)
        };
        if let ExprKind::CallPointer(callee, list) = &source[call].kind {
            return self.become_pointer(id, *callee, *list);
        }
        let ExprKind::Call(callee, list) = &source[call].kind else {
            unreachable!("the checker lets only calls become")
        };
        if foreign(callee) {
            // Imports and templates give their values here, then return: there is no frame of ours to save.
            return self.return_(id, Some(call));
        }
        let mut arguments = match self.arguments(*list) {
            Ok(arguments) => arguments,
            Err(node) => return node,
        };
        self.at(id);
        let func = self.unit.func(*callee);
        let mut before: Nodes =
            self.settle_arguments(*callee, &mut arguments).into_iter().collect();
        if let Some(close) = self.close_scopes(0) {
            match arguments.last_mut() {
                Some(last) => *last = self.body.seq(&[*last, close]),
                None => before.push(close),
            }
        }
        before.push(self.body.return_call(func, &arguments));
        self.seq(&before)
    }

    fn become_pointer(&mut self, id: ExprId, callee: ExprId, list: ExprList) -> NodeId {
        let (ty, slot, mut arguments, mut before) = match self.pointer_call_parts(callee, list) {
            Ok(parts) => parts,
            Err(node) => return node,
        };
        self.at(id);
        let params = self.unit.module.types.get(ty).params.len();
        before.extend(self.lone_statement(params, &mut arguments));
        let slot = match self.close_scopes(0) {
            Some(close) => self.body.seq(&[slot, close]),
            None => slot,
        };
        before.push(self.body.return_call_indirect(ty, TableId::FUNCTIONS, &arguments, slot));
        self.seq(&before)
    }

    // ---- rows

    /// A call that is replaced: by a row's template, a static scope's memory or nothing. `None` for ordinary calls.
    pub(super) fn expanded_call(
        &mut self,
        id: ExprId,
        callee: DefId,
        arguments: ExprList,
    ) -> Result<Option<Nodes>, NodeId> {
        let unit = self.unit;
        if Some(callee) == unit.well_known.allocate
            && let Some(nodes) = self.static_allocation(id)
        {
            return Ok(Some(nodes));
        }
        let function = unit.program.function(callee);
        match &function.kind {
            FunctionKind::Hook(name)
                if name.as_ref() == "run_at_exit" && unit.at_exit.is_empty() =>
            {
                Ok(Some(smallvec![self.body.seq(&[])]))
            }
            FunctionKind::Template(row) => {
                let nodes = self.arguments(arguments)?;
                self.at(id);
                let node = self.row(row, &function.signature.params, nodes);
                if function.signature.result == Type::Never {
                    return Err(self.never_completes(node));
                }
                let types = self.scalars(&function.signature.result);
                let node = self.normalise_results(node, &function.signature.result);
                Ok(Some(self.split(node, &types)))
            }
            FunctionKind::Hook(_) | FunctionKind::Body | FunctionKind::Import(_) => Ok(None),
        }
    }

    /// The memory that stands for an `allocate` call in a scope that became static.
    fn static_allocation(&mut self, id: ExprId) -> Option<Nodes> {
        let unit = self.unit;
        let (data, size) = self
            .static_scopes
            .iter()
            .rev()
            .find_map(|scope| unit.static_scopes.get(&(self.def, *scope))?.allocations.get(&id))
            .copied()?;
        let address = self.body.symbol(Symbol::Data { data, addend: 0 });
        let size = self.body.i32_const(size as i32);
        Some(smallvec![address, size])
    }

    /// `wasm { … }` in an expression.
    pub(super) fn wasm(
        &mut self,
        id: ExprId,
        row: &'a Row,
        operands: ExprList,
    ) -> Result<NodeId, NodeId> {
        let types: Vec<Type> =
            self.source[operands].iter().map(|id| self.source.ty(*id).clone()).collect();
        let nodes = self.arguments(operands)?;
        self.at(id);
        let node = self.row(row, &types, nodes);
        let ty = self.source.ty(id).clone();
        if ty == Type::Never {
            Err(self.never_completes(node))
        } else {
            Ok(self.normalise_results(node, &ty))
        }
    }

    /// Brings the scalars of a value of type `ty` that the host or a template made into their ranges.
    fn normalise_results(&mut self, node: NodeId, ty: &Type) -> NodeId {
        match ty {
            Type::Value(value) => return self.normalise_foreign(node, *value),
            Type::Pointer(_) | Type::Unit | Type::Never | Type::Error => return node,
            Type::Struct(_) => (),
        }
        let mut scalars = Vec::new();
        scalar_types(self.unit.program, ty, &mut scalars);
        if !scalars.iter().any(|scalar| needs_normalising(*scalar)) {
            return node;
        }
        let types = self.scalars(ty);
        let mut nodes = self.split(node, &types);
        for (node, scalar) in nodes.iter_mut().zip(scalars) {
            *node = self.normalise_foreign(*node, scalar);
        }
        self.seq(&nodes)
    }

    /// The body of a row that is referenced as a value or exported.
    pub(super) fn template_body(&mut self, row: &Row) -> NodeId {
        let function = self.unit.program.function(self.def);
        let count = self.body.param_count() as u32;
        let arguments: Nodes =
            (0..count).map(|local| self.body.local_get(swasm_tree::LocalId(local))).collect();
        let node = self.row(row, &function.signature.params, arguments);
        self.normalise_results(node, &function.signature.result)
    }

    /// The body of a function that the linker makes.
    pub(super) fn hook_body(&mut self, name: &str) -> NodeId {
        assert_eq!(
            name, "run_at_exit",
            "the library's own tests promise that it binds hooks that exist"
        );
        let unit = self.unit;
        let calls: Nodes =
            unit.at_exit.iter().map(|def| self.body.call(unit.func(*def), &[])).collect();
        self.seq(&calls)
    }

    /// A template with its holes filled: one node with all results. `arguments` are the scalars of operands of types `params`.
    fn row(&mut self, row: &Row, params: &[Type], mut arguments: Nodes) -> NodeId {
        let mut starts: SmallVec<[u32; 8]> = smallvec![];
        let mut types: Vec<ValType> = Vec::new();
        for param in params {
            starts.push(types.len() as u32);
            self.layouts.push(param, &mut types);
        }
        let mut before = Vec::new();
        if types.is_empty() {
            before.extend(arguments.drain(..));
        }
        let wanted: SmallVec<[u32; 8]> =
            row.holes.iter().map(|hole| starts[hole.operand as usize] + hole.scalar).collect();
        let check = row.checked.filter(|_| self.unit.checks());
        // Holes are numbered in order of evaluation. Arguments stay where they are if each is wanted once, in order, or does not care.
        let in_order = wanted.windows(2).all(|pair| pair[0] < pair[1])
            && (0..types.len() as u32)
                .all(|at| wanted.contains(&at) || self.is_simple(arguments[at as usize]));
        let all_simple = arguments.iter().all(|node| self.is_simple(*node));
        if !all_simple && (!in_order || check.is_some() || !holes_come_first(&row.template)) {
            for (node, ty) in arguments.iter_mut().zip(&types) {
                if self.constant_of(*node).is_some() {
                    continue;
                }
                // Locals too: a later argument may assign them.
                let temp = self.temp(*ty);
                before.push(self.body.local_set(temp, *node));
                *node = self.body.local_get(temp);
            }
        }
        let mut constant_offset = None;
        if let Some(checked) = row.checked {
            let offset = arguments[starts[1] as usize];
            constant_offset = self.constant_of(offset).map(|offset| offset as u32);
            if check.is_some() {
                let (address, size) = (arguments[0], arguments[1]);
                let writes = row
                    .template
                    .body
                    .op(row.template.root)
                    .effects()
                    .intersects(Effects::WRITES_MEMORY);
                before.extend(self.segment_check(address, size, offset, checked, writes));
            }
        }
        let mut holes: Nodes = wanted.iter().map(|at| arguments[*at as usize]).collect();
        for (hole, at) in holes.iter_mut().zip(&wanted) {
            // What the check read is needed again.
            if check.is_some() && *at <= starts[1] {
                *hole = self.again(*hole);
            }
        }
        let symbols: SmallVec<[SymbolTarget; 2]> =
            row.symbols.iter().map(|symbol| self.symbol_target(symbol)).collect();
        let node = row.template.instantiate(self.body, &holes, &symbols);
        let node = match constant_offset {
            Some(offset) if offset != 0 => self.offset_into_memarg(node, offset),
            _ => node,
        };
        before.push(node);
        self.seq(&before)
    }

    fn symbol_target(&self, symbol: &RowSymbol) -> SymbolTarget {
        let def = match symbol {
            RowSymbol::Def(def) => *def,
            RowSymbol::Type(ty) => {
                let ty = self.unit.module.types.find(ty);
                return SymbolTarget::Type(
                    ty.expect("`reach` promised to intern the types that templates call through"),
                );
            }
        };
        match self.unit.program.def(def) {
            Def::Function(_) => SymbolTarget::Func(self.unit.func(def)),
            Def::Global(_) => SymbolTarget::Global(self.unit.static_globals(def)[0]),
            Def::Struct(_) => unreachable!("the checker binds symbols to functions and statics"),
        }
    }

    /// The test before an access of `width` bytes at `offset` of a segment; nothing if it is known to hold.
    fn segment_check(
        &mut self,
        address: NodeId,
        size: NodeId,
        offset: NodeId,
        width: u32,
        writes: bool,
    ) -> Option<NodeId> {
        let outside = match (self.constant_of(offset), self.constant_of(size)) {
            (Some(offset), Some(size)) => {
                let fits = u64::from(offset as u32) + u64::from(width) <= u64::from(size as u32);
                self.body.i32_const(i32::from(!fits))
            }
            (Some(at), None) => match (at as u32).checked_add(width) {
                Some(end) => {
                    let size = self.again(size);
                    let end = self.body.i32_const(end as i32);
                    self.op(Op::I32_LT_U, &[size, end])
                }
                None => self.body.i32_const(1),
            },
            (None, _) => {
                // In 64 bits the sum cannot wrap.
                let (offset, size) = (self.again(offset), self.again(size));
                let offset = self.op(Op::I64_EXTEND_I32_U, &[offset]);
                let width = self.body.i64_const(i64::from(width));
                let end = self.op(Op::I64_ADD, &[offset, width]);
                let size = self.op(Op::I64_EXTEND_I32_U, &[size]);
                self.op(Op::I64_GT_U, &[end, size])
            }
        };
        let offset = self.again(offset);
        let offset = self.op(Op::I64_EXTEND_I32_U, &[offset]);
        let checks = self.trap_unless_inside(outside, offset, width, size);
        if self.unit.options.memory != MemoryMode::Poison {
            return checks;
        }
        let offset = self.op(Op::I32_WRAP_I64, &[offset]);
        let offset = self.body.copy_within(offset, &mut swasm_tree::Unchanged);
        let address = self.again(address);
        let at = self.op(Op::I32_ADD, &[address, offset]);
        let poison = self.poison_check(at, width, writes);
        let parts: Nodes = checks.into_iter().chain([poison]).collect();
        Some(self.seq(&parts))
    }

    /// Under `poison`: asks the shadow map about `width` bytes at an address.
    pub(super) fn poison_check(&mut self, address: NodeId, width: u32, writes: bool) -> NodeId {
        let unit = self.unit;
        let check = if writes { unit.well_known.check_write } else { unit.well_known.check_read };
        let width = self.body.i32_const(width as i32);
        self.body.call(unit.func(known(check)), &[address, width])
    }

    /// `(if outside (then (call $std::trap::out_of_bounds offset width size) unreachable))`; the offset is an i64.
    pub(super) fn trap_unless_inside(
        &mut self,
        outside: NodeId,
        offset: NodeId,
        width: u32,
        size: NodeId,
    ) -> Option<NodeId> {
        if self.constant_of(outside) == Some(0) {
            return None;
        }
        let unit = self.unit;
        let width = self.body.i32_const(width as i32);
        let size = self.again(size);
        let trap =
            self.body.call(unit.func(known(unit.well_known.out_of_bounds)), &[offset, width, size]);
        let then = self.never_completes(trap);
        if self.constant_of(outside).is_some() {
            return Some(then);
        }
        Some(self.body.if_(BlockType::EMPTY, outside, then, None))
    }

    /// `(i32.load (i32.add base (i32.const 16)))` ⇒ `(i32.load offset=16 base)`, for an access that was checked or is the program's duty:
    /// the sum cannot wrap.
    fn offset_into_memarg(&mut self, node: NodeId, offset: u32) -> NodeId {
        let View::Mem(memarg) = self.body.view(node) else { return node };
        let address = self.body.children(node)[0];
        let base = match (self.body.op(address), self.body.view(address)) {
            (Op::I32_ADD, _) => {
                let [base, constant] = *self.body.children(address) else { return node };
                if self.constant_of(constant) != Some(i64::from(offset as i32)) {
                    return node;
                }
                base
            }
            // The sum of a static address and a constant is one already.
            _ => return node,
        };
        let memarg = swasm_tree::MemArg { offset: memarg.offset + u64::from(offset), ..memarg };
        let children: Nodes = self.body.children(node).into();
        let op = self.body.op(node);
        match *children {
            [_] => self.body.load(op, memarg, base),
            [_, value] => self.body.store(op, memarg, base, value),
            _ => node,
        }
    }

    // ---- values the linker gives

    pub(super) fn config(&mut self, def: DefId, ty: &Type) -> NodeId {
        let unit = self.unit;
        let global = unit.program.global(def);
        match global.config.as_deref() {
            Some("heap_base") => return self.body.symbol(Symbol::HeapBase),
            Some("read_only_end") => return self.body.symbol(Symbol::ReadOnlyEnd),
            Some("initial_pages") => return self.body.symbol(Symbol::InitialPages),
            _ => (),
        }
        let on = unit.flag(def).unwrap_or_else(|| {
            unreachable!("the library's own tests promise that it asks for values that exist")
        });
        let value = Constant::Int(u64::from(on));
        let mut nodes = Nodes::new();
        self.constant(&value, ty, &mut nodes);
        debug_assert_eq!(*ty, Type::Value(ValueType::Bool), "flags are bools");
        nodes[0]
    }
}

/// Whether a template does nothing before its last hole, and fills each hole once on every path: then arguments may stand in the holes.
fn holes_come_first(template: &Template) -> bool {
    let body = &template.body;
    let mut has_acted = false;
    for node in body.post_order(template.root) {
        let view = body.view(node);
        let is_late = has_acted && matches!(view, View::Hole(_));
        if is_late || matches!(view, View::Block(_) | View::Loop(_) | View::If(_)) {
            return false;
        }
        has_acted |= !body.op(node).effects().is_none();
    }
    true
}
