//! Operands and results ⇒ what is on the stack: taking them, and comparing them with what was expected.
//!
//! Invariant: after a node has taken its operands, the stack is as high as it was before the first of them, whether they were right or not.

use super::control::Block;
use super::slot::Slot;
use super::walk::{Base, Cx};
use super::{Rule, Verifier};
use crate::{NodeId, Op, RefType, Types, ValType, View};

impl Verifier {
    /// Takes a node's operands: `types`, then `last`.
    #[inline]
    pub(super) fn take(
        &mut self,
        cx: &Cx<'_>,
        node: NodeId,
        base: Base,
        types: &[ValType],
        last: Option<ValType>,
    ) {
        if types.is_empty() && self.is_only(base, last) {
            return self.stack.truncate(base.height());
        }
        self.take_list(cx, node, base, types, last);
    }

    /// Whether a node's only operand, if there is to be one, is of this type.
    #[inline]
    fn is_only(&self, base: Base, expected: Option<ValType>) -> bool {
        let height = base.exact() + usize::from(expected.is_some());
        self.stack.len() == height
            && expected.is_none_or(|ty| self.stack.above(height - 1) == Some(Slot::of(ty)))
    }

    fn take_list(
        &mut self,
        cx: &Cx<'_>,
        node: NodeId,
        base: Base,
        types: &[ValType],
        last: Option<ValType>,
    ) {
        if !are_equal(self.stack.since(base.height()), types, last) {
            self.take_other(cx, node, base, types, last);
        }
        self.stack.truncate(base.height());
    }

    /// Checks operands of other types, or another number of them.
    fn take_other(
        &mut self,
        cx: &Cx<'_>,
        node: NodeId,
        base: Base,
        types: &[ValType],
        last: Option<ValType>,
    ) {
        let found = self.stack.since(base.height());
        if !are(&cx.module.types, found, types, last, base.may_lack()) {
            let expected: Vec<ValType> = types.iter().copied().chain(last).collect();
            let message = format!("takes {}, has {}", list(&expected), list_slots(found));
            self.error(cx, node, Rule::Operands, message);
        }
    }

    /// Takes `N` operands of any type; where one is missing because control diverged, or never comes, it is `None`.
    pub(super) fn take_any<const N: usize>(
        &mut self,
        cx: &Cx<'_>,
        node: NodeId,
        base: Base,
    ) -> [Option<ValType>; N] {
        let found = self.stack.since(base.height());
        let mut taken = [None; N];
        if found.len() > N || (found.len() < N && !base.may_lack()) {
            let message = format!("takes {N} operands, has {}", list_slots(found));
            self.error(cx, node, Rule::Operands, message);
        } else {
            let places = taken.iter_mut().skip(N - found.len());
            places.zip(found).for_each(|(place, slot)| *place = slot.ty());
        }
        self.stack.truncate(base.height());
        taken
    }

    /// Gives `types`, then `last`.
    #[inline]
    pub(super) fn give(&mut self, types: &[ValType], last: Option<ValType>) {
        for &ty in types.iter().chain(&last) {
            self.stack.push(Slot::of(ty));
        }
    }

    /// Checks and takes what a block has left.
    #[inline]
    pub(super) fn check_end(
        &mut self,
        cx: &Cx<'_>,
        node: NodeId,
        block: Block,
        results: &[ValType],
        what: &str,
    ) {
        let height = block.height as usize;
        if results.is_empty() && self.stack.len() == height {
            return;
        }
        if !are_equal(self.stack.since(height), results, None) {
            self.check_other_end(cx, node, block, results, what);
        }
        self.stack.truncate(height);
    }

    fn check_other_end(
        &mut self,
        cx: &Cx<'_>,
        node: NodeId,
        block: Block,
        results: &[ValType],
        what: &str,
    ) {
        let found = self.stack.since(block.height as usize);
        if !are(&cx.module.types, found, results, None, block.diverged) {
            let message = format!("{what} gives {}, its body {}", list(results), list_slots(found));
            self.error(cx, node, Rule::Results, message);
        }
    }

    // ---- operators whose types are those of their operands

    pub(super) fn select(&mut self, cx: &Cx<'_>, node: NodeId, base: Base) {
        let [a, b, condition] = self.take_any(cx, node, base);
        let mut wrong = |message| self.error(cx, node, Rule::Operands, message);
        if condition.is_some_and(|ty| ty != ValType::I32) {
            wrong("the condition of `select` is not an i32".to_owned());
        }
        if let (Some(a), Some(b)) = (a, b)
            && a != b
        {
            wrong(format!("selects between {a} and {b}"));
        }
        match a.or(b) {
            Some(ValType::Ref(ty)) => {
                wrong(format!("`select` of {ty} needs its type written down"));
            }
            Some(ty) => self.stack.push(Slot::of(ty)),
            None => self.stack.push(Slot::NEVER),
        }
    }

    pub(super) fn is_null(&mut self, cx: &Cx<'_>, node: NodeId, base: Base) {
        let [taken] = self.take_any(cx, node, base);
        if let Some(ty) = taken
            && !matches!(ty, ValType::Ref(_))
        {
            self.error(cx, node, Rule::Operands, format!("takes a reference, has {ty}"));
        }
        self.stack.push(Slot::I32);
    }

    /// An operator whose last result is its last operand, a reference.
    pub(super) fn reference(&mut self, cx: &Cx<'_>, node: NodeId, base: Base) {
        let op = cx.body.op(node);
        let mut types: &[ValType] = &[];
        if let View::Label(target) = cx.body.view(node) {
            types = self.label(cx, node, target);
        }
        let found = self.stack.since(base.height()).last().copied();
        let operand = found.and_then(Slot::ty);
        if let Some(ty) = operand
            && !matches!(ty, ValType::Ref(_))
        {
            self.error(cx, node, Rule::Operands, format!("takes a reference, has {ty}"));
        }
        let expected = match op {
            Op::ANY_CONVERT_EXTERN => Some(ValType::EXTERNREF),
            Op::EXTERN_CONVERT_ANY => {
                Some(ValType::Ref(RefType::nullable(crate::AbstractHeapType::Any)))
            }
            _ => operand,
        };
        self.take_reference(cx, node, base, types, expected, found);
        self.give(types, None);
        // Where no operand came, what is converted comes all the same, of the expected type.
        let after = operand.or(if found.is_none() { expected } else { None });
        self.stack.push(
            after.map_or(Slot::NEVER, |ty| Slot::of(crate::signature::after_reference(op, ty))),
        );
    }

    /// As [`Verifier::take`]; `None` is whatever comes last, if that is a value that never comes.
    fn take_reference(
        &mut self,
        cx: &Cx<'_>,
        node: NodeId,
        base: Base,
        types: &[ValType],
        expected: Option<ValType>,
        found: Option<Slot>,
    ) {
        if expected.is_some() {
            return self.take(cx, node, base, types, expected);
        }
        if found.is_some() {
            self.stack.truncate(self.stack.len() - 1);
        } else if !base.may_lack() {
            let message = "takes a reference, has nothing".to_owned();
            self.error(cx, node, Rule::Operands, message);
        }
        self.take(cx, node, base, types, None);
    }
}

/// Whether what was found is exactly `types`, then `last`.
#[inline]
fn are_equal(found: &[Slot], types: &[ValType], last: Option<ValType>) -> bool {
    let (first, rest) = match (last, found) {
        (None, _) => (true, found),
        (Some(last), [rest @ .., top]) => (*top == Slot::of(last), rest),
        (Some(_), []) => return false,
    };
    first && rest.len() == types.len() && rest.iter().zip(types).all(|(a, b)| *a == Slot::of(*b))
}

/// Whether what was found may stand for what was expected: `types`, then `last`. If there may be a lack, the first of them need not be there.
pub(super) fn are(
    all: &Types,
    found: &[Slot],
    types: &[ValType],
    last: Option<ValType>,
    may_lack: bool,
) -> bool {
    let mut found = found;
    if let Some(last) = last {
        match found.split_last() {
            Some((&top, rest)) if is(all, top, last) => found = rest,
            Some(_) => return false,
            None => return may_lack,
        }
    }
    let Some(lack) = types.len().checked_sub(found.len()) else { return false };
    (lack == 0 || may_lack) && found.iter().zip(&types[lack..]).all(|(&a, &b)| is(all, a, b))
}

fn is(types: &Types, found: Slot, expected: ValType) -> bool {
    found == Slot::of(expected)
        || found == Slot::NEVER
        || (found.ty()).is_some_and(|ty| types.matches(ty, expected))
}

pub(super) fn list(types: &[ValType]) -> String {
    names(types.iter().map(|ty| Some(*ty)))
}

fn list_slots(slots: &[Slot]) -> String {
    names(slots.iter().map(|slot| slot.ty()))
}

fn names(types: impl Iterator<Item = Option<ValType>>) -> String {
    let names: Vec<String> =
        types.map(|ty| ty.map_or("never".to_owned(), |ty| ty.to_string())).collect();
    format!("[{}]", names.join(" "))
}
