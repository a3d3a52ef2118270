//! The operator table: every instruction is described once, by one [`Row`].
//!
//! Invariant: nothing else in the project states an opcode, a mnemonic or an operand type. What differs between two
//! operators of the same [`Shape`] is in their rows; adding an operator is adding a row in `op/table.rs`.

use std::fmt;

use crate::ValType;

mod table;

/// An operator: a row of the table. The constants (`Op::I32_ADD`) are the mnemonics in capitals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Op(pub(crate) u16);

/// All there is to know about one operator.
#[derive(Debug)]
pub struct Row {
    /// The spelling in WebAssembly text; pseudo-operators have one in angle brackets, which no text can say.
    pub mnemonic: &'static str,
    /// The encoding.
    pub opcode: Opcode,
    /// Which immediates a node with this operator has, and how its operand and result types are found.
    pub shape: Shape,
    /// Operand types, where the shape leaves them to the row. An address is written `i32` and stands for the memory's
    /// own address type.
    pub params: &'static [ValType],
    /// Result types, where the shape leaves them to the row.
    pub results: &'static [ValType],
    /// What executing it may do besides giving its results.
    pub effects: Effects,
    /// How it is evaluated at compile time.
    pub fold: Fold,
    /// Where it comes from.
    pub proposal: Proposal,
}

/// How an operator is encoded: one byte, or a prefix byte and a LEB128 number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opcode {
    /// The prefix byte, or 0 for none.
    pub prefix: u8,
    /// The byte, or the number behind the prefix.
    pub code: u16,
}

/// Which immediates a node has: the only thing most code needs to match on, see [`View`](crate::View).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shape {
    /// No immediates; operand and result types are the row's.
    Plain,
    /// `i32.const`.
    I32,
    /// `i64.const`.
    I64,
    /// `f32.const`, as bits.
    F32,
    /// `f64.const`, as bits.
    F64,
    /// `v128.const`.
    V128,
    /// A constant known when the module is written: a [`Symbol`](crate::Symbol).
    Symbol,
    /// `local.get`, `local.set`, `local.tee`.
    Local,
    /// `global.get`, `global.set`.
    Global,
    /// A load or store: a [`MemArg`](crate::MemArg). Its width, which is its natural alignment, as a power of two.
    Mem(u8),
    /// A load or store of one vector lane: its width as a power of two; a vector has `16 >> width` lanes.
    MemLane(u8),
    /// A lane number, below this.
    Lane(u8),
    /// Sixteen lane numbers.
    Shuffle,
    /// A memory: `memory.size`, `memory.grow`, `memory.fill`.
    Memory,
    /// `memory.copy`.
    MemoryCopy,
    /// `memory.init`.
    MemoryInit,
    /// `data.drop`.
    Data,
    /// `call`, `return_call`.
    Call,
    /// `call_indirect`, `return_call_indirect`.
    CallIndirect,
    /// `ref.func`.
    RefFunc,
    /// `ref.null`.
    RefNull,
    /// `ref.is_null`: takes any reference.
    RefTest,
    /// `table.get`, `table.set`, `table.size`, `table.grow`, `table.fill`.
    Table,
    /// `table.copy`.
    TableCopy,
    /// `table.init`.
    TableInit,
    /// `elem.drop`.
    Elem,
    /// `drop`.
    Drop,
    /// `select` of numbers or vectors.
    Select,
    /// `select` with its type written down.
    SelectTyped,
    /// `block`: operands, then the body.
    Block,
    /// `loop`: operands, then the body.
    Loop,
    /// `if`: operands and condition, then both arms; an empty `Seq` is a missing `else`.
    If,
    /// `br`, `br_if`.
    Br,
    /// `br_table`.
    BrTable,
    /// `return`.
    Return,
    /// `unreachable`.
    Unreachable,
    /// Children one after another; the results are theirs, concatenated. Encodes to nothing of its own.
    Seq,
    /// A value an earlier sibling left. Encodes to nothing.
    Stack,
    /// The `local.set`s of a child with several results.
    SetMany,
    /// A place in a template that a node will be put in.
    Hole,
}

impl Shape {
    /// How many of a node's last children are not operands but what a block consists of.
    #[inline]
    pub fn arms(self) -> usize {
        if matches!(self, Shape::Block | Shape::Loop) {
            1
        } else if matches!(self, Shape::If) {
            2
        } else {
            0
        }
    }
}

/// What executing an operator may do, besides giving its results.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Effects(u16);

impl Effects {
    /// Nothing: the operator may be left out, moved or done twice.
    pub const NONE: Effects = Effects(0);
    /// May trap.
    pub const TRAP: Effects = Effects(1);
    /// Depends on a memory's bytes or size.
    pub const READS_MEMORY: Effects = Effects(2);
    /// May change a memory's bytes or size.
    pub const WRITES_MEMORY: Effects = Effects(4);
    /// Depends on a global or table.
    pub const READS_STATE: Effects = Effects(8);
    /// May change a global or table.
    pub const WRITES_STATE: Effects = Effects(16);
    /// Calls a function, which may do anything but touch our locals.
    pub const CALLS: Effects = Effects(32);
    /// Branches, returns or never completes.
    pub const CONTROL: Effects = Effects(64);
    /// Depends on a local.
    pub const READS_LOCAL: Effects = Effects(128);
    /// Changes a local.
    pub const WRITES_LOCAL: Effects = Effects(256);

    /// Both.
    #[inline]
    pub const fn union(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }

    /// Whether one of `other` is among these.
    #[inline]
    pub const fn intersects(self, other: Effects) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is no effect and no dependence on anything but the operands.
    #[inline]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether the operator can be left out when nobody reads its results.
    #[inline]
    pub const fn is_removable(self) -> bool {
        let keep = Effects::TRAP
            .union(Effects::WRITES_MEMORY)
            .union(Effects::WRITES_STATE)
            .union(Effects::CALLS)
            .union(Effects::CONTROL)
            .union(Effects::WRITES_LOCAL);
        !self.intersects(keep)
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 9] = [
            "traps",
            "reads-memory",
            "writes-memory",
            "reads-state",
            "writes-state",
            "calls",
            "control",
            "reads-local",
            "writes-local",
        ];
        let set = NAMES.iter().enumerate().filter(|(bit, _)| self.0 & (1 << bit) != 0);
        f.debug_set().entries(set.map(|(_, name)| name)).finish()
    }
}

/// How constants fold through an operator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fold {
    /// Not evaluated at compile time.
    No,
    /// It is a constant.
    Const,
    /// Integer, one operand, same type.
    IntUnary,
    /// Integer, two operands, same type, cannot trap.
    IntBinary,
    /// Integer division or remainder: folded only where it does not trap.
    IntDivide,
    /// Integer comparison or test, giving 0 or 1.
    IntCompare,
    /// Float, one operand: folded only where the result is not NaN (or is exact in its bits).
    FloatUnary,
    /// Float, two operands: folded only where the result is not NaN.
    FloatBinary,
    /// Float comparison, giving 0 or 1.
    FloatCompare,
    /// Conversion between types that cannot trap; NaN results are not folded.
    Convert,
    /// Conversion that traps out of range: folded only where it does not.
    ConvertTrapping,
}

/// Which step of WebAssembly's history brought an operator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Proposal {
    /// WebAssembly 1.0.
    Mvp,
    /// Sign-extension operators.
    SignExtension,
    /// Non-trapping float-to-int conversions.
    SaturatingFloatToInt,
    /// Bulk memory operations.
    BulkMemory,
    /// Reference types.
    ReferenceTypes,
    /// Tail calls.
    TailCall,
    /// Fixed-width vectors.
    Simd,
    /// Relaxed vectors.
    RelaxedSimd,
    /// Ours: does not exist in WebAssembly.
    Pseudo,
}

/// Size of the mnemonic hash table: a power of two, at most two thirds full.
const MNEMONIC_SLOTS: usize = 1024;
const EMPTY_SLOT: u16 = u16::MAX;
/// Open addressing, built by the compiler, so that starting up costs nothing.
static MNEMONICS: [u16; MNEMONIC_SLOTS] = mnemonic_slots();

const fn mnemonic_hash(text: &[u8]) -> usize {
    // FNV-1a.
    let mut hash: u32 = 0x811c_9dc5;
    let mut i = 0;
    while i < text.len() {
        hash = (hash ^ text[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    (hash ^ (hash >> 15)) as usize % MNEMONIC_SLOTS
}

const fn mnemonic_slots() -> [u16; MNEMONIC_SLOTS] {
    let mut slots = [EMPTY_SLOT; MNEMONIC_SLOTS];
    let mut op = 0;
    assert!(table::ROWS.len() * 3 < MNEMONIC_SLOTS * 2);
    while op < table::ROWS.len() {
        let mut slot = mnemonic_hash(table::ROWS[op].mnemonic.as_bytes());
        while slots[slot] != EMPTY_SLOT {
            slot = (slot + 1) % MNEMONIC_SLOTS;
        }
        slots[slot] = op as u16;
        op += 1;
    }
    slots
}

impl Op {
    /// The operator's row.
    #[inline]
    pub fn row(self) -> &'static Row {
        &table::ROWS[self.0 as usize]
    }

    /// The row's shape.
    #[inline]
    pub fn shape(self) -> Shape {
        self.row().shape
    }

    /// The row's mnemonic.
    #[inline]
    pub fn mnemonic(self) -> &'static str {
        self.row().mnemonic
    }

    /// The row's effects.
    #[inline]
    pub fn effects(self) -> Effects {
        self.row().effects
    }

    /// The width of a load or store, which is its natural alignment, as a power of two of bytes.
    #[inline]
    pub fn width_log2(self) -> Option<u8> {
        if let Shape::Mem(width) | Shape::MemLane(width) = self.shape() {
            Some(width)
        } else {
            None
        }
    }

    /// Whether control never reaches what comes after the operator.
    pub fn diverges(self) -> bool {
        self.effects().intersects(Effects::CONTROL)
            && self != Op::BR_IF
            && !matches!(self.shape(), Shape::Block | Shape::Loop | Shape::If)
    }

    /// Whether the operator cannot be written in WebAssembly text: it is ours, or shares its mnemonic with another.
    pub fn is_pseudo(self) -> bool {
        self.mnemonic().starts_with('<')
    }

    /// The operator with a mnemonic of WebAssembly text (not a pseudo-operator's).
    pub fn from_mnemonic(mnemonic: &str) -> Option<Op> {
        let mut slot = mnemonic_hash(mnemonic.as_bytes());
        loop {
            let op = Op(MNEMONICS[slot]);
            if op.0 == EMPTY_SLOT {
                return None;
            }
            if op.mnemonic() == mnemonic {
                return (!op.is_pseudo()).then_some(op);
            }
            slot = (slot + 1) % MNEMONIC_SLOTS;
        }
    }

    /// All operators in table order, pseudo-operators included.
    pub fn all() -> impl ExactSizeIterator<Item = Op> + Clone {
        (0..table::ROWS.len() as u16).map(Op)
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mnemonic())
    }
}
