//! Operators ⇒ how a node is written whose only immediate, if it has one, is a number of one byte: as most nodes are.
//!
//! Invariant: it follows from the operator's row alone. No branch depends on the operator: nothing foretells what comes next in code.

use crate::backward::Word;
use crate::body::MEMARG_ALIGN;
use crate::op::{ROWS, Row};
use crate::{Op, Shape};

/// How nodes of one operator are written.
#[derive(Clone, Copy)]
pub(super) struct Short {
    /// The opcode, in its place in a [`Word`].
    code: u64,
    size: u8,
    /// What of the immediate is an alignment, the byte before the number.
    align: u8,
    /// Where in the immediate the number begins.
    shift: u8,
    /// With `bias`, a number in one byte is less than `limit`; nothing is, if nodes are not written this way.
    bias: u8,
    limit: u8,
    /// What of the number is written.
    number: u8,
}

/// By operator.
static SHORT: [Short; ROWS.len()] = {
    let mut all = [Short::of_row(&ROWS[0]); ROWS.len()];
    let mut op = 0;
    while op < all.len() {
        all[op] = Short::of_row(&ROWS[op]);
        op += 1;
    }
    all
};

impl Short {
    #[allow(clippy::wildcard_enum_match_arm, reason = "all others are not written this way")]
    const fn of_row(row: &Row) -> Short {
        let code = row.opcode.code as u64;
        let none = Short { code: 0, size: 0, align: 0, shift: 0, bias: 0, limit: 0x80, number: 0 };
        let plain = Short { code: code << 56, size: 1, ..none };
        let number = Short { code: code << 48, size: 2, number: 0x7f, ..none };
        if row.opcode.prefix != 0 {
            return Short { limit: 0, ..none };
        }
        match row.shape {
            Shape::Seq | Shape::Stack | Shape::Delegate => none,
            Shape::Plain | Shape::Drop | Shape::Select => plain,
            Shape::Local => number,
            // From -0x40 to 0x3f.
            Shape::I32 => Short { bias: 0x40, ..number },
            Shape::Mem(_) => {
                Short { code: code << 40, size: 3, align: MEMARG_ALIGN, shift: 4, ..number }
            }
            _ => Short { limit: 0, ..none },
        }
    }

    #[inline]
    pub(super) fn of(op: Op) -> &'static Short {
        &SHORT[op.0 as usize]
    }

    /// The alignment's bits of an immediate: none, if it is no load or store.
    #[inline]
    pub(super) fn align(&self) -> u8 {
        self.align
    }

    /// A node with an immediate, if it is written this way.
    #[inline]
    pub(super) fn word(&self, imm: u32) -> Option<Word> {
        let number = imm >> self.shift;
        (number.wrapping_add(self.bias.into()) < self.limit.into()).then(|| {
            let align = u64::from(imm & u32::from(self.align)) << 48;
            let number = u64::from(number & u32::from(self.number)) << 56;
            Word::new(self.code | align | number, self.size.into())
        })
    }
}
