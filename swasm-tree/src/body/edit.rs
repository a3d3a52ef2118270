//! Editing a body: a node is found, replaced, given other operands, or has its value kept in a local.
//!
//! Invariant: nothing here changes the order in which anything happens, but what the caller puts in or takes out.

use super::Body;
use crate::{LocalId, Module, NodeId, Op, Step, Walker, result_count, results};

impl Body {
    /// Puts a child before the one at `index`, or after the last. In an operand list, a child without results is done between
    /// the operands around it; at the end, right before the operator.
    ///
    /// ```
    /// use swasm_tree::{Body, FuncId, Op, ValType};
    /// let mut body = Body::new(&[], &[ValType::I32]);
    /// let operands = [body.i32_const(1), body.i32_const(2)];
    /// let sum = body.plain(Op::I32_ADD, &operands);
    /// body.set_root(sum);
    /// let call = body.call(FuncId(0), &[]);
    /// body.insert_child(sum, 1, call);
    /// let order: Vec<Op> = body.post_order(sum).map(|node| body.op(node)).collect();
    /// assert_eq!(order, [Op::I32_CONST, Op::CALL, Op::I32_CONST, Op::I32_ADD]);
    /// ```
    ///
    /// # Panics
    /// When there are fewer children than `index`.
    pub fn insert_child(&mut self, parent: NodeId, index: usize, child: NodeId) {
        let mut children = self.children(parent).to_vec();
        children.insert(index, child);
        self.set_children(parent, &children);
    }

    /// Takes a child out of its parent's list, and returns it: it may be put somewhere else.
    ///
    /// ```
    /// use swasm_tree::Body;
    /// let mut body = Body::new(&[], &[]);
    /// let children = [body.nop(), body.nop()];
    /// let list = body.seq(&children);
    /// assert_eq!(body.remove_child(list, 0), children[0]);
    /// assert_eq!(body.children(list), [children[1]]);
    /// ```
    ///
    /// # Panics
    /// When there is no such child.
    pub fn remove_child(&mut self, parent: NodeId, index: usize) -> NodeId {
        let mut children = self.children(parent).to_vec();
        let child = children.remove(index);
        self.set_children(parent, &children);
        child
    }

    /// Keeps an operand's value in a new local: `(op a b)` ⇒ `(op a (Seq (local.set $new b) (local.get $new)))`. What is done with the
    /// local between the two happens after the operand and before the operator: put it into the `Seq`, which is the operand now.
    ///
    /// `None`, and nothing changes, when the operand does not give one value, or gives what an earlier node left on the stack: call
    /// [`Body::nest`] first.
    ///
    /// ```
    /// use swasm_tree::{Body, FuncType, LocalId, Module, Op, ValType::I32, print};
    /// let mut module = Module::new();
    /// let func = module.declare_func(FuncType::new(&[I32], &[I32]), Some("f"));
    /// let mut body = Body::new(&[I32], &[I32]);
    /// let operands = [body.i32_const(7), body.local_get(LocalId(0))];
    /// let quotient = body.plain(Op::I32_DIV_S, &operands);
    /// body.set_root(quotient);
    /// let divisor = body.spill(&module, quotient, 1).expect("one value");
    /// // Minus one for zero.
    /// let operand = body.children(quotient)[1];
    /// let zero = body.local_get(divisor);
    /// let zero = body.plain(Op::I32_EQZ, &[zero]);
    /// let other = body.i32_const(-1);
    /// let other = body.local_set(divisor, other);
    /// let check = body.if_(swasm_tree::BlockType::EMPTY, zero, other, None);
    /// body.insert_child(operand, 1, check);
    /// assert_eq!(
    ///     print(&module, func, &body),
    ///     "(func $f (param $0 i32) (result i32)
    ///   (local $1 i32)
    ///   (i32.div_s
    ///     (i32.const 7)
    ///     (local.set $1 (local.get $0))
    ///     (if (i32.eqz (local.get $1)) (then (local.set $1 (i32.const -1))))
    ///     (local.get $1)))
    /// "
    /// );
    /// ```
    ///
    /// # Panics
    /// When there is no such operand.
    pub fn spill(&mut self, module: &Module, parent: NodeId, index: usize) -> Option<LocalId> {
        let operand = self.children(parent)[index];
        if result_count(module, self, operand) != Some(1) {
            return None;
        }
        let &[ty] = &results(module, self, operand)[..] else { return None };
        let loc = self.loc();
        self.at(self.node(operand).loc);
        let local = self.add_local(ty);
        let set = self.local_set(local, operand);
        let get = self.local_get(local);
        let spilled = self.seq(&[set, get]);
        self.set_child(parent, index, spilled);
        self.at(loc);
        Some(local)
    }

    /// Offers each node below the root to `change`, children before their parents; what it returns takes the node's place. That may have
    /// the node below it, and is not offered again. (A root that is no `Seq` gets one around it first, so that it is offered, too.)
    ///
    /// ```
    /// use swasm_tree::{Body, LocalId, Op, ValType::I32};
    /// let mut body = Body::new(&[I32], &[I32]);
    /// let operands = [body.local_get(LocalId(0)), body.local_get(LocalId(0))];
    /// let product = body.plain(Op::I32_MUL, &operands);
    /// body.set_root(product);
    /// // Counts from one.
    /// body.rewrite(|body, node| {
    ///     (body.op(node) == Op::LOCAL_GET).then(|| {
    ///         let one = body.i32_const(1);
    ///         body.plain(Op::I32_SUB, &[node, one])
    ///     })
    /// });
    /// assert_eq!(body.post_order(body.root()).filter(|&node| body.op(node) == Op::I32_SUB).count(), 2);
    /// ```
    pub fn rewrite(&mut self, mut change: impl FnMut(&mut Body, NodeId) -> Option<NodeId>) {
        let root = self.root();
        if self.op(root) != Op::SEQ {
            let list = self.seq(&[root]);
            if !self.op(root).shape().is_label() {
                // Branches to it leave the function.
                let leaves = |node: &NodeId| self.labels(*node).any(|label| label == root);
                let branches: Vec<NodeId> = self.pre_order(root).filter(leaves).collect();
                for branch in branches {
                    self.retarget(branch, |label| if label == root { list } else { label });
                }
            }
            self.set_root(list);
        }
        let mut walker = Walker::new(self.root());
        while let Some(step) = walker.next(self) {
            let Step::Leave(node) = step else { continue };
            let Some((parent, index)) = walker.place() else { continue };
            let loc = self.loc();
            self.at(self.node(node).loc);
            if let Some(other) = change(self, node) {
                self.set_child(parent, index, other);
            }
            self.at(loc);
        }
    }
}
