//! `std/scope.swir`, transliterated function by function, against a reference that only remembers who owns which bytes: random programs of
//! nested scopes, allocations from any open allocator, permanent pins, foreign growth, refused growth and absolute closing.

#![allow(clippy::unwrap_used, reason = "tests")]

mod model;

use model::{HEADER, Mode, PAGE_BITS, REFUSED, RESERVE, Random, Scopes};

/// Bytes that somebody owns, filled with a pattern of their own.
#[derive(Clone, Copy, Debug)]
struct Owned {
    start: u32,
    size: u32,
    /// The record of the scope that they live as long as; 0 for ever.
    owner: u32,
    seed: u8,
}

impl Owned {
    fn byte(&self, index: u32) -> u8 {
        self.seed.wrapping_add((index as u8).wrapping_mul(29))
    }

    fn fill(&self, scopes: &mut Scopes) {
        for index in 0..self.size {
            scopes.bytes[(self.start + index) as usize] = self.byte(index);
        }
    }

    fn is_whole(&self, scopes: &Scopes) -> bool {
        (0..self.size).all(|index| scopes.bytes[(self.start + index) as usize] == self.byte(index))
    }
}

/// Who owns what, and which scopes are open.
struct Reference {
    scopes: Scopes,
    owned: Vec<Owned>,
    /// Records, outermost first.
    open: Vec<u32>,
    lines: u32,
}

impl Reference {
    fn own(&mut self, start: u32, size: u32, owner: u32, seed: u8) {
        let new = Owned { start, size, owner, seed };
        assert!(
            start >= self.scopes.heap_base
                && u64::from(start) + u64::from(size) <= self.scopes.bytes.len() as u64,
            "{new:?} is memory"
        );
        for old in &self.owned {
            let apart = start + size <= old.start
                || old.start + old.size <= start
                || size == 0
                || old.size == 0;
            assert!(apart, "{new:?} overlaps {old:?}");
        }
        new.fill(&mut self.scopes);
        self.owned.push(new);
    }

    fn open(&mut self) {
        if let Some(record) = self.scopes.open() {
            assert!(self.open.last().is_none_or(|&outer| outer < record), "records rise");
            self.open.push(record);
            // Nobody else gets the record's bytes; they are not a pattern, so they are checked by overlap only.
            for old in &self.owned {
                assert!(
                    record + HEADER <= old.start || old.start + old.size <= record || old.size == 0,
                    "record {record} overlaps {old:?}"
                );
            }
        }
    }

    /// Closes the scope number `depth` and all inside it.
    fn close(&mut self, depth: usize, by_restore: bool) {
        let record = self.open[depth];
        self.lines += 1;
        if by_restore {
            let level = if depth == 0 { 0 } else { self.open[depth - 1] };
            self.scopes.restore(level, self.lines);
        } else {
            self.scopes.close(record, self.lines);
        }
        self.open.truncate(depth);
        let (freed, kept): (Vec<_>, Vec<_>) =
            self.owned.iter().partition(|owned| owned.owner >= record);
        self.owned = kept;
        for owned in &self.owned {
            assert!(owned.is_whole(&self.scopes), "{owned:?} was overwritten");
        }
        match self.scopes.mode {
            Mode::Checked => (),
            Mode::Zero => {
                for owned in &freed {
                    assert!(
                        self.scopes.bytes[owned.start as usize..][..owned.size as usize]
                            .iter()
                            .all(|&byte| byte == 0),
                        "{owned:?} is cleared"
                    );
                }
            }
            Mode::Poison => {
                for owned in &freed {
                    assert!(
                        (0..owned.size)
                            .all(|index| self.scopes.freed(owned.start + index) == self.lines),
                        "{owned:?} is poisoned"
                    );
                }
                for owned in &self.owned {
                    assert!(
                        (0..owned.size).all(|index| self.scopes.freed(owned.start + index) == 0),
                        "{owned:?} lives"
                    );
                }
            }
        }
    }

    fn step(&mut self, random: &mut Random, largest: u32) {
        let seed = random.next() as u8;
        let size = match random.below(8) {
            0 => 0,
            1 => random.below(largest),
            2 if random.one_in(4) => u32::MAX - random.below(3),
            _ => random.below(100),
        };
        let align = 1 << if random.one_in(10) { random.below(32) } else { random.below(6) };
        match random.below(16) {
            0..=3 => self.open(),
            4..=6 if !self.open.is_empty() => {
                let depth = if random.one_in(4) {
                    random.below(self.open.len() as u32) as usize
                } else {
                    self.open.len() - 1
                };
                self.close(depth, random.one_in(3));
            }
            7 if random.one_in(4) => {
                let pages = 1 + random.below(2);
                let old = self.scopes.grow(pages);
                if old != REFUSED {
                    self.own(old << PAGE_BITS, pages << PAGE_BITS, 0, seed);
                }
            }
            8 if random.one_in(3) => {
                let start = self.scopes.pin(0, size, align);
                if start != 0 {
                    assert_eq!(start % align, 0);
                    self.own(start, size, 0, seed);
                }
            }
            _ if !self.open.is_empty() => {
                let inner = self.open.len() - 1;
                let depth = if random.one_in(3) {
                    random.below(self.open.len() as u32) as usize
                } else {
                    inner
                };
                let owner = self.open[depth];
                let (top, last) = (self.scopes.top, self.scopes.last);
                let start = self.scopes.allocate(owner, size, align);
                if start == 0 {
                    assert_eq!(
                        (top, last),
                        (self.scopes.top, self.scopes.last),
                        "a refusal moves nothing"
                    );
                } else {
                    assert_eq!(start % align, 0);
                    self.own(start, size, owner, seed);
                }
            }
            _ => (),
        }
        assert!(
            self.scopes.pages == 0 || self.scopes.top <= self.scopes.limit,
            "the top is below the limit"
        );
    }
}

/// `count` random programs; each ends with all scopes closed and nothing left but what is for ever.
fn run(mode: Mode, count: u64) {
    let mut most_open = 0;
    for program in 0..count {
        let mut random = Random(program * 2 + 1);
        random.next();
        let heap_base =
            1024 + 16 * if random.one_in(3) { 4000 + random.below(60) } else { random.below(20) };
        // Poison never uses memory again, so it needs more.
        let (max_pages, steps) =
            if mode == Mode::Poison { (64, 60) } else { (2 + random.below(6), 150) };
        let mut reference = Reference {
            scopes: Scopes::new(mode, heap_base, max_pages),
            owned: Vec::new(),
            open: Vec::new(),
            lines: 0,
        };
        let largest = if random.one_in(2) { 60_000 } else { 500 };
        for _ in 0..steps {
            reference.step(&mut random, largest);
            most_open = most_open.max(reference.open.len());
        }
        if !reference.open.is_empty() {
            reference.close(0, false);
        }
        let scopes = &mut reference.scopes;
        assert_eq!(scopes.scope, 0, "no scope is open");
        if scopes.pages != 0 {
            let mut pin = scopes.load(heap_base);
            while pin != 0 {
                assert_eq!(scopes.load(pin + 8), 0, "program {program} leaks a pin");
                pin = scopes.load(pin);
            }
            if mode != Mode::Poison && reference.owned.is_empty() {
                assert_eq!(scopes.top, heap_base + HEADER, "program {program} leaks");
            }
        }
        for owned in &reference.owned {
            assert!(owned.is_whole(scopes), "{owned:?} was overwritten");
        }
    }
    assert!(most_open > 5, "programs nest");
}

#[test]
fn random_programs() {
    run(Mode::Checked, 4_000);
}

#[test]
fn random_programs_that_clear() {
    run(Mode::Zero, 1_500);
}

#[test]
fn random_programs_that_poison() {
    run(Mode::Poison, 200);
}

/// One outer allocation a round while an inner scope is open stays one pin, and costs no walk.
#[test]
fn allocations_of_an_outer_scope_merge() {
    let mut scopes = Scopes::new(Mode::Checked, 1024, 64);
    let outer = scopes.open().unwrap();
    scopes.open().unwrap();
    for _ in 0..1000 {
        assert!(scopes.allocate(outer, 24, 8) != 0);
    }
    let mut pins = 0;
    let mut pin = scopes.load(1024);
    while pin != 0 {
        pins += 1;
        pin = scopes.load(pin);
    }
    assert_eq!(pins, 1);
}

/// At 4 GiB nothing wraps: what doesn't fit is refused, what fits ends below the reserve.
#[test]
fn sizes_up_to_the_whole_address_space() {
    let mut scopes = Scopes::new(Mode::Checked, 1024, 4);
    let record = scopes.open().unwrap();
    for size in [u32::MAX, u32::MAX - 1, u32::MAX - 2048, 1 << 31, 3 << 30] {
        for align in [1, 8, 1 << 16, 1 << 31] {
            assert_eq!(scopes.allocate(record, size, align), 0, "{size} {align}");
        }
    }
    let rest = 4 * 65536 - RESERVE - scopes.top;
    assert_eq!(scopes.allocate(record, rest + 1, 1), 0);
    assert!(scopes.allocate(record, rest, 1) != 0);
    assert_eq!(scopes.top, 4 * 65536 - RESERVE);
}
