//! The type of a value in four bytes: `ValType` ⇔ [`Slot`], and the stack of them.
//!
//! Invariant: value types of a module are equal exactly when their slots are; no slot of a type is one of those that stand for no type.

use crate::{RefType, ValType};

/// The type of a value on the stack, or of a local.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Slot(u32);

/// Bits that a reference type never has together: it has the first only with the bit of defined types, and fewer types than 2^28 fit in memory.
const NUMBER: u32 = 1 << 28;
const UNSET: u32 = 1 << 29;

impl Slot {
    pub(super) const I32: Slot = Slot::of(ValType::I32);
    /// A value that never comes: a `select` of two of them gives one.
    pub(super) const NEVER: Slot = Slot(u32::MAX);

    #[inline]
    pub(super) const fn of(ty: ValType) -> Slot {
        Slot(match ty {
            ValType::I32 => NUMBER,
            ValType::I64 => NUMBER + 1,
            ValType::F32 => NUMBER + 2,
            ValType::F64 => NUMBER + 3,
            ValType::V128 => NUMBER + 4,
            ValType::Ref(ty) => ty.bits(),
        })
    }

    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    pub(super) const fn from_bits(bits: u32) -> Slot {
        Slot(bits)
    }

    /// A bit of these that no set slot has.
    #[inline]
    pub(super) const fn unset_bit(bits: u32) -> u32 {
        bits & UNSET
    }

    /// The type; nothing if the value never comes.
    pub(super) fn ty(self) -> Option<ValType> {
        const NUMBERS: [ValType; 5] =
            [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
        if self == Slot::NEVER {
            return None;
        }
        let number = self.0.wrapping_sub(NUMBER) as usize;
        Some(NUMBERS.get(number).copied().unwrap_or(ValType::Ref(RefType::from_bits(self.0))))
    }

    /// Of a local: without a value so far. Such a slot is no type's.
    pub(super) fn unset(self) -> Slot {
        Slot(self.0 | UNSET)
    }

    pub(super) fn set(self) -> Slot {
        Slot(self.0 & !UNSET)
    }

    #[inline]
    pub(super) fn is_unset(self) -> bool {
        Slot::unset_bit(self.0) != 0
    }
}

/// What is on the stack. Above it there is room for more, which holds anything.
#[derive(Debug, Default)]
pub(super) struct Stack {
    slots: Vec<Slot>,
    len: usize,
}

impl Stack {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn push(&mut self, slot: Slot) {
        if self.len >= self.slots.len() {
            self.grow();
        }
        self.slots[self.len] = slot;
        self.len += 1;
    }

    #[cold]
    fn grow(&mut self) {
        self.slots.resize(self.len * 2 + 64, Slot::default());
    }

    #[inline]
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// What is above a height.
    #[inline]
    pub(super) fn from(&self, height: usize) -> &[Slot] {
        &self.slots[height.min(self.len)..self.len]
    }

    /// The two places at a height, if there is room for them, whether they are taken or not.
    #[inline]
    pub(super) fn places(&mut self, height: usize) -> Option<&mut [Slot; 2]> {
        self.slots.get_mut(height..)?.first_chunk_mut()
    }

    /// Says how high the stack is, whose [places](Stack::places) were written.
    #[inline]
    pub(super) fn set_len(&mut self, len: usize) {
        self.len = len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AbstractHeapType, HeapType, TypeId};

    #[test]
    fn slots_stand_for_types() {
        let mut all = vec![ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
        let heaps = AbstractHeapType::all().map(HeapType::Abstract);
        for heap in heaps.chain([0, 5, (1 << 28) - 1].map(|id| HeapType::Concrete(TypeId(id)))) {
            all.extend([true, false].map(|null| ValType::Ref(RefType::new(null, heap))));
        }
        let mut seen = vec![Slot::NEVER];
        for ty in all {
            let slot = Slot::of(ty);
            assert_eq!(slot.ty(), Some(ty));
            assert!(!slot.is_unset() && slot.unset().is_unset() && slot.unset().set() == slot);
            for slot in [slot, slot.unset()] {
                assert!(!seen.contains(&slot), "{ty}");
                seen.push(slot);
            }
        }
        assert_eq!(Slot::NEVER.ty(), None);
    }
}
