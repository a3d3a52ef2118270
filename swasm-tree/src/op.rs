//! The operator table: every instruction is described once, by one [`Row`].
//!
//! Invariant: nothing else in the project states an opcode, a mnemonic or an operand type. What differs between two
//! operators of the same [`Shape`] is in their rows; adding an operator is adding a row in `op/table.rs`.

use std::fmt;

use crate::ValType;

mod table;

pub(crate) use table::ROWS;

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
    /// An atomic load, store, exchange, wait or notification: a [`MemArg`](crate::MemArg) whose alignment is natural. Its width as a power of two.
    Atomic(u8),
    /// `atomic.fence`.
    Fence,
    /// `any.convert_extern`, `extern.convert_any`, `ref.as_non_null`: the result depends on the operand's type.
    RefAs,
    /// `ref.test`, `ref.cast`: a reference type.
    RefCast,
    /// Operators on a defined type: of structs, arrays, and calls of references.
    Type,
    /// `struct.get`, `struct.set`: a type and a field.
    Field,
    /// `array.new_fixed`: a type and how many elements.
    ArrayFixed,
    /// `array.new_data`, `array.init_data`.
    ArrayData,
    /// `array.new_elem`, `array.init_elem`.
    ArrayElem,
    /// `array.copy`.
    ArrayCopy,
    /// `br_on_null`, `br_on_non_null`.
    BrOn,
    /// `br_on_cast`, `br_on_cast_fail`.
    BrOnCast,
    /// `throw`.
    Throw,
    /// `throw_ref`.
    ThrowRef,
    /// `try_table`: operands, then the body.
    TryTable,
    /// `try` of the legacy exceptions: operands, then the body, then what handles: a `Seq` of `catch`es, or a `delegate`.
    Try,
    /// `catch` of the legacy exceptions: its body.
    Catch,
    /// `catch_all` of the legacy exceptions: its body.
    CatchAll,
    /// `delegate` of the legacy exceptions, in place of what handles and of `end`.
    Delegate,
    /// `rethrow` of the legacy exceptions: the `try` in whose `catch` it is.
    Rethrow,
    /// An operator of a proposal that no tree holds: the reader refuses it.
    Beyond,
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
    /// Whether a branch may name the node: a `block`, `loop`, `if`, `try_table` or `try`.
    #[inline]
    pub fn is_label(self) -> bool {
        matches!(self, Shape::Block | Shape::Loop | Shape::If | Shape::TryTable | Shape::Try)
    }

    /// How many of a node's last children are not operands but what a block consists of.
    #[inline]
    pub const fn arms(self) -> usize {
        if matches!(self, Shape::Block | Shape::Loop | Shape::TryTable) {
            1
        } else if matches!(self, Shape::If | Shape::Try) {
            2
        } else if matches!(self, Shape::Catch | Shape::CatchAll) {
            1
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
    /// Makes something with an identity: may be left out, but not done twice.
    pub const ALLOCATES: Effects = Effects(512);

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
        const NAMES: [&str; 10] = [
            "traps",
            "reads-memory",
            "writes-memory",
            "reads-state",
            "writes-state",
            "calls",
            "control",
            "reads-local",
            "writes-local",
            "allocates",
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
    /// Typed function references.
    FunctionReferences,
    /// Garbage collection.
    Gc,
    /// Exceptions.
    Exceptions,
    /// Exceptions as they were before `try_table`.
    LegacyExceptions,
    /// Threads and atomics.
    Threads,
    /// 128-bit arithmetic on pairs of `i64`.
    WideArithmetic,
    /// Not in trees: atomics on everything.
    SharedEverythingThreads,
    /// Not in trees: stack switching.
    StackSwitching,
    /// Not in trees: custom descriptors.
    CustomDescriptors,
    /// Not in trees: memory control.
    MemoryControl,
    /// Ours: does not exist in WebAssembly.
    Pseudo,
}

/// Size of the hash tables of names: a power of two, at most two thirds full.
const NAME_SLOTS: usize = 2048;
const EMPTY_SLOT: u16 = u16::MAX;
/// Mnemonics. Open addressing, built by the compiler, so that starting up costs nothing.
static MNEMONICS: [u16; NAME_SLOTS] = name_slots(false);
/// Mnemonics as parts of Rust names: `i32_add`.
const IDENTIFIERS: [u16; NAME_SLOTS] = name_slots(true);

/// A letter of a mnemonic as it is in a Rust name, where pseudo-operators have no brackets.
const fn letter(byte: u8, identifier: bool) -> u8 {
    if identifier && byte == b'.' { b'_' } else { byte }
}

/// The part of a mnemonic that a name is looked up by.
const fn bounds(mnemonic: &[u8], identifier: bool) -> (usize, usize) {
    if identifier && mnemonic[0] == b'<' { (1, mnemonic.len() - 1) } else { (0, mnemonic.len()) }
}

const fn name_hash(text: &[u8], identifier: bool, (mut at, end): (usize, usize)) -> usize {
    // FNV-1a.
    let mut hash: u32 = 0x811c_9dc5;
    while at < end {
        hash = (hash ^ letter(text[at], identifier) as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ (hash >> 15)) as usize % NAME_SLOTS
}

const fn name_slots(identifier: bool) -> [u16; NAME_SLOTS] {
    let mut slots = [EMPTY_SLOT; NAME_SLOTS];
    let mut op = 0;
    assert!(table::ROWS.len() * 3 < NAME_SLOTS * 2);
    while op < table::ROWS.len() {
        let mnemonic = table::ROWS[op].mnemonic.as_bytes();
        let mut slot = name_hash(mnemonic, identifier, bounds(mnemonic, identifier));
        while slots[slot] != EMPTY_SLOT {
            slot = (slot + 1) % NAME_SLOTS;
        }
        slots[slot] = op as u16;
        op += 1;
    }
    slots
}

impl Op {
    /// How many there are: their numbers are below it.
    pub(crate) const COUNT: usize = table::ROWS.len();

    /// The operator's row.
    #[inline]
    pub const fn row(self) -> &'static Row {
        &table::ROWS[self.0 as usize]
    }

    /// The row's shape.
    #[inline]
    pub const fn shape(self) -> Shape {
        self.row().shape
    }

    /// The row's mnemonic.
    #[inline]
    pub const fn mnemonic(self) -> &'static str {
        self.row().mnemonic
    }

    /// The row's effects.
    #[inline]
    pub const fn effects(self) -> Effects {
        self.row().effects
    }

    /// The width of a load or store, which is its natural alignment, as a power of two of bytes.
    #[inline]
    pub fn width_log2(self) -> Option<u8> {
        if let Shape::Mem(width) | Shape::MemLane(width) | Shape::Atomic(width) = self.shape() {
            Some(width)
        } else {
            None
        }
    }

    /// Whether control never reaches what comes after the operator.
    #[inline]
    pub const fn diverges(self) -> bool {
        self.effects().intersects(Effects::CONTROL)
            && self.0 != Op::BR_IF.0
            && !matches!(self.shape(), Shape::BrOn | Shape::BrOnCast)
    }

    /// Whether the operator cannot be written in WebAssembly text: it is ours, or shares its mnemonic with another.
    pub fn is_pseudo(self) -> bool {
        self.mnemonic().starts_with('<')
    }

    /// The operator with a mnemonic of WebAssembly text (not a pseudo-operator's).
    pub fn from_mnemonic(mnemonic: &str) -> Option<Op> {
        let mut slot = name_hash(mnemonic.as_bytes(), false, (0, mnemonic.len()));
        loop {
            let op = Op(MNEMONICS[slot]);
            if op.0 == EMPTY_SLOT {
                return None;
            }
            if op.mnemonic() == mnemonic {
                return (!op.is_pseudo()).then_some(op);
            }
            slot = (slot + 1) % NAME_SLOTS;
        }
    }

    /// The operator that wasmparser visits with a method of this name, `visit_i32_add`. An operator without a row stops the compiler.
    pub(crate) const fn of_visit(method: &str) -> Op {
        let text = method.as_bytes();
        let mut range = ("visit_".len(), text.len());
        // The plain mnemonics of casts stand for those that refuse null.
        if starts_with(text, b"visit_ref_test") || starts_with(text, b"visit_ref_cast") {
            range.1 = without_suffix(text, b"_non_null");
        }
        if starts_with(text, b"visit_typed_select") {
            range.1 = without_suffix(text, b"_multi");
        }
        let mut slot = name_hash(text, true, range);
        loop {
            let op = IDENTIFIERS[slot];
            assert!(op != EMPTY_SLOT, "there is a row for every operator that wasmparser visits");
            let mnemonic = table::ROWS[op as usize].mnemonic.as_bytes();
            let (mut at, end) = bounds(mnemonic, true);
            if end - at == range.1 - range.0 {
                let start = at;
                while at < end && letter(mnemonic[at], true) == text[range.0 + at - start] {
                    at += 1;
                }
                if at == end {
                    return Op(op);
                }
            }
            slot = (slot + 1) % NAME_SLOTS;
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

const fn starts_with(text: &[u8], start: &[u8]) -> bool {
    let mut at = 0;
    while at < start.len() && at < text.len() && text[at] == start[at] {
        at += 1;
    }
    at == start.len()
}

/// Where a text ends without a suffix that it may have.
const fn without_suffix(text: &[u8], suffix: &[u8]) -> usize {
    if text.len() < suffix.len() {
        return text.len();
    }
    let end = text.len() - suffix.len();
    let mut at = 0;
    while at < suffix.len() && text[end + at] == suffix[at] {
        at += 1;
    }
    if at == suffix.len() { end } else { text.len() }
}
