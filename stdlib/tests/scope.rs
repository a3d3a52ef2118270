//! `std/scope.swir`, transliterated function by function, against a reference that only remembers who owns which bytes: random programs of
//! nested scopes, allocations from any open allocator, permanent pins, foreign growth, refused growth and absolute closing.

#![allow(clippy::unwrap_used, reason = "tests")]

/// Small numbers from a seed (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, limit: u32) -> u32 {
        (self.next() % u64::from(limit)) as u32
    }

    fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    Checked,
    Zero,
    Poison,
}

const HEADER: u32 = 12;
const HEADER_ALIGN: u32 = 8;
const RESERVE: u32 = 32;
const PAGE_BITS: u32 = 16;
const MAX_PAGES: u64 = 65536;
const REFUSED: u32 = u32::MAX;
const GRAIN: u32 = 8;
const GRAINS_OF_PAGE: u32 = 8192;

/// A linear memory with `std::scope` in it. What traps there is `None` here.
struct Scopes {
    mode: Mode,
    heap_base: u32,
    initial_pages: u32,
    max_pages: u32,
    bytes: Vec<u8>,
    shadow: Vec<u32>,
    top: u32,
    limit: u32,
    scope: u32,
    last: u32,
    pages: u32,
}

impl Scopes {
    fn new(mode: Mode, heap_base: u32, max_pages: u32) -> Self {
        let initial_pages = (heap_base + 64).div_ceil(65536);
        Self {
            mode,
            heap_base,
            initial_pages,
            max_pages,
            bytes: vec![0; (initial_pages as usize) << PAGE_BITS],
            shadow: vec![0; 256],
            top: 0,
            limit: 0,
            scope: 0,
            last: 0,
            pages: 0,
        }
    }

    fn grow(&mut self, pages: u32) -> u32 {
        let old = (self.bytes.len() >> PAGE_BITS) as u32;
        if u64::from(old) + u64::from(pages) > u64::from(self.max_pages) {
            return REFUSED;
        }
        self.bytes.resize(((old + pages) as usize) << PAGE_BITS, 0);
        old
    }

    fn load(&self, address: u32) -> u32 {
        u32::from_le_bytes(self.bytes[address as usize..][..4].try_into().unwrap())
    }

    fn store(&mut self, address: u32, value: u32) {
        self.bytes[address as usize..][..4].copy_from_slice(&value.to_le_bytes());
    }

    fn open(&mut self) -> Option<u32> {
        let record = (self.top + (HEADER_ALIGN - 1)) & HEADER_ALIGN.wrapping_neg();
        if record + HEADER > self.limit {
            return self.open_slow();
        }
        self.push(record, self.top, self.last);
        Some(record)
    }

    fn push(&mut self, record: u32, top: u32, last: u32) {
        self.store(record, self.scope);
        self.store(record + 4, top);
        self.store(record + 8, last);
        self.scope = record;
        self.top = record + HEADER;
    }

    fn open_slow(&mut self) -> Option<u32> {
        self.set_up();
        let (top, last) = (self.top, self.last);
        let record = self.bump(HEADER, HEADER_ALIGN);
        if record == 0 {
            return None;
        }
        self.push(record, top, last);
        Some(record)
    }

    fn set_up(&mut self) {
        if self.pages == 0 {
            self.pages = self.initial_pages;
            self.last = self.heap_base;
            self.top = self.heap_base + HEADER;
            self.store(self.last, 0);
            self.store(self.last + 4, self.top);
            self.store(self.last + 8, 0);
            self.limit = self.limit();
        }
    }

    fn limit(&self) -> u32 {
        let above = self.load(self.last);
        if above == 0 { (self.pages << PAGE_BITS).wrapping_sub(RESERVE) } else { above }
    }

    fn close(&mut self, record: u32, line: u32) {
        if self.mode != Mode::Checked {
            self.close_clearing(record, line);
            return;
        }
        let last = self.load(record + 8);
        self.top = self.load(record + 4);
        self.scope = self.load(record);
        self.last = last;
        if self.load(last) != 0 {
            self.unpin(record);
        }
    }

    fn restore(&mut self, level: u32, line: u32) {
        if self.scope != level {
            let mut record = self.scope;
            while self.load(record) != level {
                record = self.load(record);
            }
            self.close(record, line);
        }
    }

    fn unpin(&mut self, record: u32) {
        let mut previous = self.last;
        let mut pin = self.load(previous);
        while pin != 0 {
            let after = self.load(pin);
            if self.load(pin + 8) >= record {
                self.store(previous, after)
            } else {
                previous = pin
            }
            pin = after;
        }
        self.limit = self.limit();
    }

    fn grained(&self, align: u32) -> u32 {
        if self.mode == Mode::Poison { align.max(GRAIN) } else { align }
    }

    /// The fast path, then `try_allocate`: 0 when refused.
    fn allocate(&mut self, record: u32, size: u32, align: u32) -> u32 {
        let align = self.grained(align);
        let mask = u64::from(align) - 1;
        let start = (u64::from(self.top) + mask) & !mask;
        let stop = start + u64::from(size);
        if record != self.scope || stop > u64::from(self.limit) {
            assert!(record <= self.scope);
            return if record == self.scope {
                self.bump(size, align)
            } else {
                self.pin(record, size, align)
            };
        }
        self.top = stop as u32;
        start as u32
    }

    fn bump(&mut self, size: u32, align: u32) -> u32 {
        let (top, last) = (self.top, self.last);
        let mask = u64::from(align) - 1;
        loop {
            let start = (u64::from(self.top) + mask) & !mask;
            let stop = start + u64::from(size);
            if stop <= u64::from(self.limit) {
                self.top = stop as u32;
                return start as u32;
            }
            if !self.advance(stop) {
                return self.step_back(top, last);
            }
        }
    }

    fn pin(&mut self, owned_by: u32, size: u32, align: u32) -> u32 {
        self.set_up();
        let (top, last) = (self.top, self.last);
        let mask = u64::from(align) - 1;
        loop {
            let merge =
                self.top == self.load(self.last + 4) && self.load(self.last + 8) == owned_by;
            let header = (self.top + (HEADER_ALIGN - 1)) & HEADER_ALIGN.wrapping_neg();
            let start = (u64::from(if merge { self.top } else { header + HEADER }) + mask) & !mask;
            let stop = start + u64::from(size);
            if stop <= u64::from(self.limit) {
                if merge {
                    self.store(self.last + 4, stop as u32)
                } else {
                    self.insert(header, stop as u32, owned_by)
                }
                self.top = stop as u32;
                return start as u32;
            }
            if !self.advance(stop) {
                return self.step_back(top, last);
            }
        }
    }

    fn insert(&mut self, header: u32, stop: u32, owned_by: u32) {
        self.store(header, self.load(self.last));
        self.store(header + 4, stop);
        self.store(header + 8, owned_by);
        self.store(self.last, header);
        self.last = header;
    }

    fn step_back(&mut self, top: u32, last: u32) -> u32 {
        self.top = top;
        self.last = last;
        self.limit = self.limit();
        0
    }

    fn advance(&mut self, stop: u64) -> bool {
        let above = self.load(self.last);
        if above != 0 {
            self.last = above;
            self.top = self.load(above + 4);
            self.limit = self.limit();
            return true;
        }
        let pages = u64::from(self.pages);
        let wanted = (stop + u64::from(RESERVE) + 0xffff) >> PAGE_BITS;
        if wanted > MAX_PAGES {
            return false;
        }
        let mut more = (wanted - pages).max(pages.min(MAX_PAGES - pages)) as u32;
        let mut old = self.grow(more);
        if old == REFUSED {
            more = (wanted - pages) as u32;
            old = self.grow(more);
            if old == REFUSED {
                return false;
            }
        }
        if old != self.pages {
            let header = (self.top + (HEADER_ALIGN - 1)) & HEADER_ALIGN.wrapping_neg();
            self.insert(header, old << PAGE_BITS, 0);
            self.top = old << PAGE_BITS;
        }
        self.pages = old + more;
        self.limit = self.limit();
        true
    }

    fn close_clearing(&mut self, record: u32, line: u32) {
        let top = self.top;
        let last = self.load(record + 8);
        let outer = self.load(record);
        let mut from = if self.mode == Mode::Poison { record } else { self.load(record + 4) };
        let below = from;
        if self.mode == Mode::Poison {
            self.cover(record, top);
        }
        let mut previous = last;
        let mut pin = self.load(last);
        while pin != 0 {
            let after = self.load(pin);
            let stop = self.load(pin + 4);
            if self.load(pin + 8) >= record {
                self.store(previous, after);
                if pin >= top {
                    self.clear(pin, stop, line);
                }
            } else {
                previous = pin;
                if pin < top {
                    self.clear(from, pin, line);
                    from = stop;
                }
            }
            pin = after;
        }
        self.clear(from, top, line);
        self.scope = outer;
        if self.mode == Mode::Poison {
            self.last = previous;
        } else {
            self.top = below;
            self.last = last;
        }
        self.limit = self.limit();
    }

    fn clear(&mut self, from: u32, to: u32, line: u32) {
        if from < to {
            self.bytes[from as usize..to as usize].fill(if self.mode == Mode::Poison {
                0xdd
            } else {
                0
            });
            if self.mode == Mode::Poison {
                for grain in from.div_ceil(GRAIN)..=(to - 1) / GRAIN {
                    self.store(self.shadow(grain), line);
                }
            }
        }
    }

    fn shadow(&self, grain: u32) -> u32 {
        self.shadow[(grain / GRAINS_OF_PAGE) as usize] + grain % GRAINS_OF_PAGE * 4
    }

    fn cover(&mut self, from: u32, to: u32) {
        for page in from >> PAGE_BITS..=(to - 1) >> PAGE_BITS {
            if self.shadow[page as usize] == 0 {
                let part = self.pin(0, GRAINS_OF_PAGE * 4, GRAIN);
                assert!(part != 0, "tests of this mode have memory enough");
                self.bytes[part as usize..][..GRAINS_OF_PAGE as usize * 4].fill(0);
                self.shadow[page as usize] = part;
            }
        }
    }

    /// The line in which the scope of that byte ended, 0 if it lives.
    fn freed(&self, address: u32) -> u32 {
        if self.shadow[(address >> PAGE_BITS) as usize] == 0 {
            0
        } else {
            self.load(self.shadow(address / GRAIN))
        }
    }
}

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
