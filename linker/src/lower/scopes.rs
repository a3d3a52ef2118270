//! Memory scopes: opened by a call, closed on every way out.
//!
//! ```text
//! with_memory_allocator |mem| { …; return v }   ⇒   (local.set $mem (call $std::scope::open)) … (return v (call $std::scope::close (local.get $mem)))
//! ```
//!
//! Closing is absolute, so a jump out of several scopes closes the outermost only. A throw will need nothing here: its catch restores.

use swasm_frontend_ir::Start;
use swasm_frontend_ir::checked::{ExprId, LocalId as IrLocal};
use swasm_tree::{LocalId, NodeId};

use super::Function;
use crate::options::MemoryMode;
use crate::unit::known;

impl Function<'_, '_, '_> {
    pub(super) fn scope(
        &mut self,
        id: ExprId,
        local: IrLocal,
        body: ExprId,
        end: Start,
    ) -> Result<NodeId, NodeId> {
        let unit = self.unit;
        if unit.static_scopes.contains_key(&(self.def, id)) {
            self.static_scopes.push(id);
            let node = self.whole(body);
            self.static_scopes.pop();
            return node;
        }
        let record = LocalId(self.local(local).first);
        self.at(id);
        let opened = self.body.call(unit.func(known(unit.well_known.scope_open)), &[]);
        let open = self.body.local_set(record, opened);
        self.scopes.push(record);
        let node = self.whole(body);
        // What closes it stands at its closing brace.
        self.body.at(unit.locations.loc(self.def.module, end));
        let close = self.close_scopes(self.scopes.len() - 1);
        self.scopes.pop();
        match node {
            Ok(node) => {
                let parts: super::Nodes = [open, node].into_iter().chain(close).collect();
                Ok(self.body.seq(&parts))
            }
            Err(node) => Err(self.body.seq(&[open, node])),
        }
    }

    /// Closes all scopes above `depth`: the call, unless there is none.
    pub(super) fn close_scopes(&mut self, depth: usize) -> Option<NodeId> {
        let outermost = *self.scopes.get(depth)?;
        let unit = self.unit;
        let record = self.body.local_get(outermost);
        if unit.options.memory == MemoryMode::Poison {
            let line = unit
                .locations
                .position(unit.program, self.body.loc())
                .map_or(0, |position| position.line);
            let line = self.body.i32_const(line as i32);
            return Some(
                self.body.call(unit.func(known(unit.well_known.scope_close_at)), &[record, line]),
            );
        }
        Some(self.body.call(unit.func(known(unit.well_known.scope_close)), &[record]))
    }
}
