//! The operator table ⇒ what verifying asks it at every node, as small numbers: one [`Fixed`] an operator.
//!
//! Invariant: an operator of the class [`Class::Fixed`] takes and gives exactly what its row says as long as its immediate passes
//! [`Fixed::fits`]; all others are verified by their shape. Derived from rows: nothing is said of an operator a second time.

use super::slot::Slot;
use crate::body::{MEMARG_ALIGN, SIDE_MEMARG};
use crate::{Op, Shape};

/// How a node is verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Class {
    /// Takes at most two values and gives at most one, of types that are known beforehand.
    Fixed,
    /// `local.get`, `local.set`, `local.tee`.
    Local,
    /// `Seq`.
    Seq,
    /// `br_if`.
    BrIf,
    /// Whatever takes a look at its shape.
    Other,
}

/// What verifying asks of an operator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed {
    /// Types of the operands, as [`Slot::pair`].
    params: u64,
    /// Which bits of those count.
    mask: u64,
    /// The type of the result.
    pub(super) result: Slot,
    /// Bits that the immediate must not have.
    forbidden: u32,
    /// A part of the immediate, and the most it may be.
    part: u8,
    most: u8,
    pub(super) takes: u8,
    pub(super) gives: u8,
    pub(super) class: Class,
    /// As [`Shape::arms`].
    pub(super) arms: u8,
}

/// The part of an immediate that is a lane's number.
const LANE: u8 = 0xff;

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
            params: 0,
            mask: 0,
            result: Slot::I32,
            forbidden: 0,
            part: 0,
            most: 0,
            takes: row.params.len() as u8,
            gives: row.results.len() as u8,
            class: Class::Other,
            arms: row.shape.arms() as u8,
        };
        match row.shape {
            Shape::Seq => fixed.class = Class::Seq,
            Shape::Local => {
                fixed.class = Class::Local;
                fixed.takes = if op.0 == Op::LOCAL_GET.0 { 0 } else { 1 };
                fixed.gives = if op.0 == Op::LOCAL_SET.0 { 0 } else { 1 };
            }
            Shape::Br if op.0 == Op::BR_IF.0 => {
                fixed.class = Class::BrIf;
                fixed.takes = 1;
            }
            Shape::Drop => {
                fixed.class = Class::Fixed;
                fixed.takes = 1;
            }
            Shape::Plain | Shape::I32 | Shape::I64 | Shape::F32 | Shape::F64 | Shape::V128 => {
                fixed = fixed.with_types(op);
            }
            Shape::Mem(width) => {
                fixed.forbidden = SIDE_MEMARG;
                fixed.part = MEMARG_ALIGN;
                fixed.most = width;
                fixed = fixed.with_types(op);
            }
            Shape::Lane(lanes) => {
                fixed.part = LANE;
                fixed.most = lanes - 1;
                fixed = fixed.with_types(op);
            }
            Shape::Symbol
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
        let two = match *row.params {
            [] => [Slot::I32; 2],
            [first] => [Slot::of(first), Slot::I32],
            [first, second] => [Slot::of(first), Slot::of(second)],
            _ => return self,
        };
        self.result = match *row.results {
            [] => Slot::I32,
            [only] => Slot::of(only),
            _ => return self,
        };
        self.params = Slot::pair(two[0], two[1]);
        self.mask = [0, u32::MAX as u64, u64::MAX][row.params.len()];
        self.class = Class::Fixed;
        self
    }

    /// Whether the operands, at the start of `places`, and the immediate are right. `without` has [`SIDE_MEMARG`] unless memory 0 is one
    /// with addresses of 32 bits.
    #[inline]
    pub(super) fn fits(&self, places: [Slot; 2], imm: u32, without: u32) -> bool {
        let types = (Slot::pair(places[0], places[1]) ^ self.params) & self.mask;
        let bits = u64::from((imm | without) & self.forbidden);
        types | bits == 0 && imm & u32::from(self.part) <= u32::from(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ValType;

    #[test]
    fn what_is_fixed_is_what_the_row_says() {
        let mut count = 0;
        for op in Op::all() {
            let (fixed, row) = (Fixed::get(op), op.row());
            assert_eq!(usize::from(fixed.arms), row.shape.arms());
            if fixed.class != Class::Fixed || op == Op::DROP {
                continue;
            }
            count += 1;
            let numbers = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
            for first in numbers {
                for second in numbers {
                    let expected = row.params.iter().zip([first, second]).all(|(a, b)| *a == b);
                    let places = [Slot::of(first), Slot::of(second)];
                    assert_eq!(fixed.fits(places, 0, 0), expected, "{op:?} {first} {second}");
                }
            }
            assert_eq!(usize::from(fixed.takes), row.params.len());
            assert_eq!(usize::from(fixed.gives), row.results.len());
            assert!(row.results.iter().all(|ty| Slot::of(*ty) == fixed.result));
        }
        // All but those on three operands or with two results.
        assert!(count > 300, "{count}");
    }
}
