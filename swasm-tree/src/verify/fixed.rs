//! The operator table ⇒ what verifying asks it at every node, as small numbers: one [`Fixed`] an operator.
//!
//! Invariant: where [`Fixed::result`] answers, the operator takes and gives exactly what its row says, or what its local is. Derived from rows:
//! nothing is said of an operator a second time.

use super::slot::Slot;
use crate::body::{MEMARG_ALIGN, SIDE_MEMARG};
use crate::{Op, Shape};

/// What verifying asks of an operator: whatever there is to say of one that takes at most two values and gives at most one, of types that
/// nothing decides but the operator or a local.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed {
    /// Types of the operands.
    params: [u32; 2],
    /// Which bits of those count.
    masks: [u32; 2],
    /// The type of the result.
    result: u32,
    /// A part of the immediate, which may be at most `most`.
    part: u32,
    /// How many operands; [`MANY`] if there is more to say.
    pub(super) takes: u32,
    most: u8,
    /// All bits if the immediate is a local, whose type is then that of the operand and of the result.
    local: i8,
    pub(super) gives: u8,
    /// As [`Shape::arms`].
    pub(super) arms: u8,
}

/// More operands than there are on any stack.
const MANY: u32 = u32::MAX;

/// The part of an immediate that is a lane's number.
const LANE: u32 = 0xff;

/// By number of operands: which bits of two count.
const MASKS: [[u32; 2]; 3] = [[0, 0], [u32::MAX, 0], [u32::MAX, u32::MAX]];

/// A power of two, so that no operator's number has to be compared with the length.
const LEN: usize = Op::COUNT.next_power_of_two();

static FIXED: [Fixed; LEN] = {
    let mut all = [Fixed::of(Op::SEQ); LEN];
    let mut op = 0;
    while op < Op::COUNT {
        all[op] = Fixed::of(Op(op as u16));
        op += 1;
    }
    all
};

impl Fixed {
    #[inline]
    pub(super) fn get(op: Op) -> &'static Fixed {
        &FIXED[op.0 as usize % LEN]
    }

    const fn of(op: Op) -> Fixed {
        let row = op.row();
        let mut fixed = Fixed {
            params: [0; 2],
            masks: [0; 2],
            result: 0,
            part: 0,
            takes: MANY,
            most: 0,
            local: 0,
            gives: 0,
            arms: row.shape.arms() as u8,
        };
        match row.shape {
            Shape::Local => {
                fixed.local = -1;
                fixed.takes = if op.0 == Op::LOCAL_GET.0 { 0 } else { 1 };
                fixed.gives = if op.0 == Op::LOCAL_SET.0 { 0 } else { 1 };
                fixed.masks = MASKS[fixed.takes as usize];
            }
            // Of any type.
            Shape::Drop => fixed.takes = 1,
            Shape::Plain | Shape::I32 | Shape::I64 | Shape::F32 | Shape::F64 | Shape::V128 => {
                fixed = fixed.with_types(op);
            }
            Shape::Mem(width) => {
                // An argument at the side is more than any alignment.
                fixed.part = SIDE_MEMARG | MEMARG_ALIGN as u32;
                fixed.most = width;
                fixed = fixed.with_types(op);
            }
            Shape::Lane(lanes) => {
                fixed.part = LANE;
                fixed.most = lanes - 1;
                fixed = fixed.with_types(op);
            }
            Shape::Seq
            | Shape::Symbol
            | Shape::Global
            | Shape::MemLane(_)
            | Shape::Shuffle
            | Shape::Memory
            | Shape::MemoryCopy
            | Shape::MemoryInit
            | Shape::Data
            | Shape::Call
            | Shape::CallIndirect
            | Shape::RefFunc
            | Shape::RefNull
            | Shape::RefTest
            | Shape::Table
            | Shape::TableCopy
            | Shape::TableInit
            | Shape::Elem
            | Shape::Atomic(_)
            | Shape::Fence
            | Shape::RefAs
            | Shape::RefCast
            | Shape::Type
            | Shape::Field
            | Shape::ArrayFixed
            | Shape::ArrayData
            | Shape::ArrayElem
            | Shape::ArrayCopy
            | Shape::BrOn
            | Shape::BrOnCast
            | Shape::Throw
            | Shape::ThrowRef
            | Shape::TryTable
            | Shape::Try
            | Shape::Catch
            | Shape::CatchAll
            | Shape::Delegate
            | Shape::Rethrow
            | Shape::Beyond
            | Shape::Select
            | Shape::SelectTyped
            | Shape::Block
            | Shape::Loop
            | Shape::If
            | Shape::Br
            | Shape::BrTable
            | Shape::Return
            | Shape::Unreachable
            | Shape::Stack
            | Shape::SetMany
            | Shape::Hole => (),
        }
        fixed
    }

    /// The row's types, if they are few enough.
    const fn with_types(mut self, op: Op) -> Fixed {
        let row = op.row();
        self.params = match *row.params {
            [] => [0; 2],
            [first] => [Slot::of(first).bits(), 0],
            [first, second] => [Slot::of(first).bits(), Slot::of(second).bits()],
            _ => return self,
        };
        self.result = match *row.results {
            [] => 0,
            [only] => Slot::of(only).bits(),
            _ => return self,
        };
        self.takes = row.params.len() as u32;
        self.gives = row.results.len() as u8;
        self.masks = MASKS[self.takes as usize];
        self
    }

    /// The type of the local that the immediate is, if it is one; of what is no local, no bits. Nothing if there is no such local.
    #[inline]
    fn local(&self, imm: u32, locals: &[Slot]) -> Option<u32> {
        let is_local = i32::from(self.local) as u32;
        Some(locals.get((imm & is_local) as usize)?.bits() & is_local)
    }

    /// The type of the result of an operator that takes nothing: then a node without operands is right.
    #[inline]
    pub(super) fn result_of_nothing(&self, imm: u32, locals: &[Slot]) -> Option<Slot> {
        let local = self.local(imm, locals)?;
        let fits = self.takes | Slot::unset_bit(local) == 0;
        fits.then_some(Slot::from_bits(self.result | local))
    }

    /// The type of the result if the operands, at the start of `places`, and the immediate are right: then a node with so many operands
    /// is. `without` has [`SIDE_MEMARG`] unless memory 0 has addresses of 32 bits.
    #[inline]
    pub(super) fn result(
        &self,
        places: &[Slot; 2],
        imm: u32,
        locals: &[Slot],
        without: u32,
    ) -> Option<Slot> {
        // Few branches, as it is hard to foretell which operator comes.
        let local = self.local(imm, locals)?;
        // Each by itself: they were written so, and processors wait when they are to read together what was just written in two.
        let first = (places[0].bits() ^ self.params[0] ^ local) & self.masks[0];
        let second = (places[1].bits() ^ self.params[1]) & self.masks[1];
        let fits = first | second | Slot::unset_bit(local) == 0;
        let fits = fits & ((imm | without) & self.part <= u32::from(self.most));
        fits.then_some(Slot::from_bits(self.result | local))
    }
}

const _: () = assert!(size_of::<Fixed>() == 32);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ValType;

    #[test]
    fn what_is_fixed_is_what_the_row_says() {
        let numbers = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
        let mut count = 0;
        for op in Op::all() {
            let (fixed, row) = (Fixed::get(op), op.row());
            assert_eq!(usize::from(fixed.arms), row.shape.arms());
            if fixed.takes == MANY || matches!(row.shape, Shape::Drop | Shape::Local) {
                continue;
            }
            count += 1;
            assert_eq!(fixed.takes as usize, row.params.len());
            assert_eq!(usize::from(fixed.gives), row.results.len());
            for first in numbers {
                for second in numbers {
                    let expected = row.params.iter().zip([first, second]).all(|(a, b)| *a == b);
                    let places = [Slot::of(first), Slot::of(second)];
                    let found = fixed.result(&places, 0, &[Slot::NEVER], 0);
                    assert_eq!(found.is_some(), expected, "{op:?} {first} {second}");
                    let same = |(ty, found): (&ValType, Slot)| Slot::of(*ty) == found;
                    assert!(row.results.iter().zip(found).all(same));
                }
            }
        }
        // All but those on three operands or with two results.
        assert!(count > 300, "{count}");
    }

    #[test]
    fn what_is_special_in_an_immediate_is_seen() {
        let places = [Slot::I32, Slot::I32];
        let locals = [ValType::I32, ValType::I64, ValType::F64].map(Slot::of);
        let ask = |op: Op, imm, without| Fixed::get(op).result(&places, imm, &locals, without);
        for op in [Op::LOCAL_SET, Op::LOCAL_TEE] {
            assert_eq!(ask(op, 0, 0), Some(Slot::I32));
            assert_eq!((ask(op, 1, 0), ask(op, 3, 0), ask(op, u32::MAX, 0)), (None, None, None));
        }
        assert_eq!(ask(Op::LOCAL_GET, 2, 0), Some(locals[2]));
        assert_eq!(ask(Op::LOCAL_GET, 3, 0), None);
        let unset = [locals[0].unset()];
        assert_eq!(Fixed::get(Op::LOCAL_GET).result(&places, 0, &unset, 0), None);
        assert_eq!(ask(Op::I32_CONST, u32::MAX, SIDE_MEMARG), Some(Slot::I32));
        // The alignment, then an argument at the side, then no plain memory.
        assert_eq!(ask(Op::I32_LOAD16_U, 0xf1, 0), Some(Slot::I32));
        assert_eq!(ask(Op::I32_LOAD16_U, 0xf2, 0), None);
        assert_eq!(ask(Op::I32_LOAD, SIDE_MEMARG, 0), None);
        assert_eq!(ask(Op::I32_LOAD, 0, SIDE_MEMARG), None);
        let vector = [Slot::of(ValType::V128), Slot::I32];
        let lane = |lane| Fixed::get(Op::I16X8_EXTRACT_LANE_S).result(&vector, lane, &locals, 0);
        assert_eq!((lane(7), lane(8)), (Some(Slot::I32), None));
    }
}
