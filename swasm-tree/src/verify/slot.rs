//! The type of a value in four bytes: `ValType` ⇔ [`Slot`], and what such things are stacked on.
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

/// A stack. How high it is a busy loop keeps to itself, and says so before others look at it.
#[derive(Debug)]
pub(super) struct Stack<T> {
    /// Above what is on the stack there is anything.
    places: Vec<T>,
    len: usize,
}

impl<T> Default for Stack<T> {
    fn default() -> Stack<T> {
        Stack { places: Vec::new(), len: 0 }
    }
}

impl<T: Copy + Default> Stack<T> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Says how high it is: not higher than the highest place that something was put in.
    #[inline]
    pub(super) fn set_len(&mut self, len: usize) {
        self.len = len;
    }

    #[inline]
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    #[inline]
    pub(super) fn push(&mut self, item: T) {
        self.put(self.len, item);
        self.len += 1;
    }

    /// Puts an item in the place right above a height.
    #[inline]
    pub(super) fn put(&mut self, height: usize, item: T) {
        if height >= self.places.len() {
            self.grow(height);
        }
        self.places[height] = item;
    }

    /// Makes room for more than one.
    #[cold]
    fn grow(&mut self, height: usize) {
        self.places.resize(height * 2 + 64, T::default());
    }

    /// What is in the place right above a height, if there is one.
    #[inline]
    pub(super) fn above(&self, height: usize) -> Option<T> {
        self.places.get(height).copied()
    }

    /// The two places right above a height, if there are two.
    #[inline]
    pub(super) fn two_above(&mut self, height: usize) -> Option<&mut [T; 2]> {
        self.places.get_mut(height..)?.first_chunk_mut()
    }

    /// What is on the stack above a height.
    #[inline]
    pub(super) fn since(&self, height: usize) -> &[T] {
        &self.places[height.min(self.len)..self.len]
    }

    #[inline]
    pub(super) fn since_mut(&mut self, height: usize) -> &mut [T] {
        &mut self.places[height.min(self.len)..self.len]
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
