//! What conditions that were tested say about comparisons that follow.
//!
//! After `(if (i32.ge_u i n) (then … (unreachable)))`, `(i32.lt_u i n)` is 1: each test of an index is done once.
//!
//! A fact says which of less, equal and greater are possible between a local, at one version, and another or a constant.
//! Invariant: a fact is about versions, so an assignment ends it by itself; the list is cut where paths meet.

use swasm_tree::{LocalId, Op};

/// A side of a comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    /// What a local holds at a version.
    Local(LocalId, u32),
    /// That, shifted right as an unsigned number by so many bits, at least one: how many elements a segment has.
    Shifted(LocalId, u32, u8),
    /// A constant, as the signed number of its type.
    Number(i64),
}

/// How numbers are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Signed,
    Unsigned,
    /// Equal or not: both orders agree.
    Either,
}

const LESS: u8 = 1;
const EQUAL: u8 = 2;
const GREATER: u8 = 4;
const ANY: u8 = 7;

/// A comparison of two sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Comparison {
    left: Side,
    right: Side,
    order: Order,
    /// For which relations it is true.
    holds: u8,
    wide: bool,
}

/// More facts than this are not kept: the oldest is forgotten.
const KEPT: usize = 32;

/// What is known at a position.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    list: Vec<Comparison>,
    /// How many were forgotten.
    forgotten: usize,
}

impl Comparison {
    /// The comparison that an operator makes of its operands; `right` is 0 for a test of zero.
    pub(crate) fn new(op: Op, left: Side, right: Side) -> Option<Comparison> {
        use Order::{Either, Signed, Unsigned};
        let (wide, order, holds) = match op {
            Op::I32_EQZ | Op::I32_EQ => (false, Either, EQUAL),
            Op::I32_NE => (false, Either, LESS | GREATER),
            Op::I32_LT_S => (false, Signed, LESS),
            Op::I32_LT_U => (false, Unsigned, LESS),
            Op::I32_GT_S => (false, Signed, GREATER),
            Op::I32_GT_U => (false, Unsigned, GREATER),
            Op::I32_LE_S => (false, Signed, LESS | EQUAL),
            Op::I32_LE_U => (false, Unsigned, LESS | EQUAL),
            Op::I32_GE_S => (false, Signed, GREATER | EQUAL),
            Op::I32_GE_U => (false, Unsigned, GREATER | EQUAL),
            Op::I64_EQZ | Op::I64_EQ => (true, Either, EQUAL),
            Op::I64_NE => (true, Either, LESS | GREATER),
            Op::I64_LT_S => (true, Signed, LESS),
            Op::I64_LT_U => (true, Unsigned, LESS),
            Op::I64_GT_S => (true, Signed, GREATER),
            Op::I64_GT_U => (true, Unsigned, GREATER),
            Op::I64_LE_S => (true, Signed, LESS | EQUAL),
            Op::I64_LE_U => (true, Unsigned, LESS | EQUAL),
            Op::I64_GE_S => (true, Signed, GREATER | EQUAL),
            Op::I64_GE_U => (true, Unsigned, GREATER | EQUAL),
            _ => return None,
        };
        let comparison = Comparison { left, right, order, holds, wide };
        // A local comes before a number, and of two locals the one with the smaller number.
        let rank = |side| match side {
            Side::Local(local, _) => (0, local),
            Side::Shifted(local, ..) => (1, local),
            Side::Number(_) => (2, LocalId(0)),
        };
        let swapped = rank(left) > rank(right);
        Some(if swapped { comparison.mirrored() } else { comparison })
    }

    /// What holds exactly when this does not.
    pub(crate) fn inverse(self) -> Comparison {
        Comparison { holds: ANY & !self.holds, ..self }
    }

    /// The constant that a local at a version is equal to, if this says so, and whether it is an `i64`.
    pub(crate) fn equal_number(self) -> Option<(LocalId, u32, i64, bool)> {
        match (self.left, self.right) {
            (Side::Local(local, version), Side::Number(number)) if self.holds == EQUAL => {
                Some((local, version, number, self.wide))
            }
            _ => None,
        }
    }

    fn mirrored(self) -> Comparison {
        let holds = (self.holds & EQUAL)
            | if self.holds & LESS != 0 { GREATER } else { 0 }
            | if self.holds & GREATER != 0 { LESS } else { 0 };
        Comparison { left: self.right, right: self.left, holds, ..self }
    }

    /// Whether it is true, given which relations are possible; `None` if that is open.
    fn decide(self, possible: u8) -> Option<bool> {
        if possible & !self.holds == 0 {
            return Some(true);
        }
        (possible & self.holds == 0).then_some(false)
    }

    /// The order of numbers as one that Rust has.
    fn rank(self, number: i64, order: Order) -> i128 {
        match (order, self.wide) {
            (Order::Unsigned, false) => i128::from(number as u32),
            (Order::Unsigned, true) => i128::from(number as u64),
            (Order::Signed | Order::Either, _) => i128::from(number),
        }
    }

    fn range(self, order: Order) -> (i128, i128) {
        match (order, self.wide) {
            (Order::Unsigned, false) => (0, u32::MAX.into()),
            (Order::Unsigned, true) => (0, u64::MAX.into()),
            (Order::Signed | Order::Either, false) => (i32::MIN.into(), i32::MAX.into()),
            (Order::Signed | Order::Either, true) => (i64::MIN.into(), i64::MAX.into()),
        }
    }
}

fn relation(a: i128, b: i128) -> u8 {
    match a.cmp(&b) {
        std::cmp::Ordering::Less => LESS,
        std::cmp::Ordering::Equal => EQUAL,
        std::cmp::Ordering::Greater => GREATER,
    }
}

impl Facts {
    /// A mark for [`Facts::cut`].
    pub(crate) fn mark(&self) -> usize {
        self.forgotten + self.list.len()
    }

    /// Forgets what was added since a mark.
    pub(crate) fn cut(&mut self, mark: usize) {
        self.list.truncate(mark.saturating_sub(self.forgotten));
        self.forgotten = self.forgotten.min(mark);
    }

    /// From here on a comparison is true.
    pub(crate) fn add(&mut self, fact: Comparison) {
        if fact.holds == ANY || matches!(fact.left, Side::Number(_)) {
            return;
        }
        if self.list.len() == KEPT {
            self.list.remove(0);
            self.forgotten += 1;
        }
        self.list.push(fact);
    }

    /// Whether a comparison is known to be true, or false.
    pub(crate) fn decide(&self, asked: Comparison) -> Option<bool> {
        match (asked.left, asked.right) {
            (Side::Number(a), Side::Number(b)) => {
                let rank = |number| asked.rank(number, asked.order);
                return asked.decide(relation(rank(a), rank(b)));
            }
            (left, right) if left == right => return asked.decide(EQUAL),
            _ => (),
        }
        if asked.order == Order::Either {
            // What one order excludes is excluded.
            let of = |order| asked.decide(self.possible(asked, order));
            return of(Order::Signed).or_else(|| of(Order::Unsigned));
        }
        let mut possible = self.possible(asked, asked.order);
        if asked.order == Order::Unsigned {
            // `0 <= a < b` in signed numbers is `a < b` in unsigned ones.
            let signed = self.possible(asked, Order::Signed);
            let lower = if signed & GREATER == 0 { asked.left } else { asked.right };
            if signed & LESS == 0 || signed & GREATER == 0 {
                possible &= if self.is_non_negative(asked, lower) { signed } else { ANY };
            }
        }
        asked.decide(possible)
    }

    fn is_non_negative(&self, like: Comparison, side: Side) -> bool {
        let zero = Comparison { left: side, right: Side::Number(0), ..like };
        match side {
            Side::Number(number) => number >= 0,
            Side::Shifted(..) => true,
            Side::Local(..) => self.possible(zero, Order::Signed) & LESS == 0,
        }
    }

    /// Which relations the facts leave between the sides of a comparison.
    fn possible(&self, asked: Comparison, order: Order) -> u8 {
        let mut possible = ANY;
        if let Side::Number(number) = asked.right {
            let (min, max) = asked.range(order);
            let rank = asked.rank(number, order);
            possible &= if rank == min { !LESS } else { ANY };
            possible &= if rank == max { !GREATER } else { ANY };
        }
        for fact in &self.list {
            if fact.left != asked.left || fact.wide != asked.wide {
                continue;
            }
            let same_order = fact.order == order || fact.order == Order::Either;
            if fact.right == asked.right {
                if same_order {
                    possible &= fact.holds;
                } else if fact.holds & EQUAL == 0 {
                    possible &= !EQUAL;
                } else if fact.holds == EQUAL {
                    possible &= EQUAL;
                }
            } else if let (Side::Number(known), Side::Number(number)) = (fact.right, asked.right)
                && same_order
            {
                possible &= implied(*fact, known, number, order);
            }
        }
        possible
    }
}

/// Which relations to `number` a fact about the relation to `known` leaves.
fn implied(fact: Comparison, known: i64, number: i64, order: Order) -> u8 {
    let (known, number) = (fact.rank(known, order), fact.rank(number, order));
    let (min, max) = fact.range(order);
    // The interval that the local is in.
    let (low, high) = match fact.holds {
        LESS => (min, known - 1),
        EQUAL => (known, known),
        GREATER => (known + 1, max),
        3 => (min, known),
        6 => (known, max),
        _ => return ANY,
    };
    (if low < number { LESS } else { 0 })
        | (if low <= number && number <= high { EQUAL } else { 0 })
        | (if high > number { GREATER } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Side = Side::Local(LocalId(0), 1);
    const B: Side = Side::Local(LocalId(1), 1);

    fn is(op: Op, left: Side, right: Side) -> Comparison {
        Comparison::new(op, left, right).expect("a comparison of integers")
    }

    #[test]
    fn numbers_decide_themselves_and_each_other() {
        let mut facts = Facts::default();
        let n = Side::Number;
        assert_eq!(facts.decide(is(Op::I32_LT_U, n(3), n(-1))), Some(true));
        assert_eq!(facts.decide(is(Op::I32_LT_S, n(3), n(-1))), Some(false));
        facts.add(is(Op::I32_GE_U, A, n(16)));
        assert_eq!(facts.decide(is(Op::I32_LT_U, A, n(8))), Some(false));
        assert_eq!(facts.decide(is(Op::I32_LT_U, A, n(17))), None);
        assert_eq!(facts.decide(is(Op::I32_EQZ, A, n(0))), Some(false));
        assert_eq!(facts.decide(is(Op::I32_LT_S, A, n(8))), None);
        // Another version is another value.
        assert_eq!(facts.decide(is(Op::I32_LT_U, Side::Local(LocalId(0), 2), n(8))), None);
    }

    #[test]
    fn a_test_answers_its_inverse_and_its_mirror() {
        let mut facts = Facts::default();
        let mark = facts.mark();
        facts.add(is(Op::I32_GE_U, B, A).inverse());
        assert_eq!(facts.decide(is(Op::I32_LT_U, B, A)), Some(true));
        assert_eq!(facts.decide(is(Op::I32_GT_U, A, B)), Some(true));
        assert_eq!(facts.decide(is(Op::I32_EQ, A, B)), Some(false));
        assert_eq!(facts.decide(is(Op::I32_GT_S, A, B)), None);
        facts.cut(mark);
        assert_eq!(facts.decide(is(Op::I32_LT_U, B, A)), None);
    }

    #[test]
    fn signed_bounds_of_what_is_not_negative_are_unsigned_bounds() {
        let mut facts = Facts::default();
        facts.add(is(Op::I32_LT_S, A, B));
        assert_eq!(facts.decide(is(Op::I32_GE_U, A, B)), None);
        facts.add(is(Op::I32_GE_S, A, Side::Number(0)));
        assert_eq!(facts.decide(is(Op::I32_GE_U, A, B)), Some(false));
    }

    #[test]
    fn forgetting_the_oldest_keeps_marks_right() {
        let mut facts = Facts::default();
        let fact = |n| is(Op::I32_NE, A, Side::Number(n));
        facts.add(fact(-1));
        let mark = facts.mark();
        (0..2 * KEPT as i64).for_each(|n| facts.add(fact(n)));
        facts.cut(mark);
        assert!(facts.list.is_empty());
        facts.add(fact(5));
        assert_eq!(facts.decide(is(Op::I32_EQ, A, Side::Number(5))), Some(false));
    }
}
