//! `std/scope.swir` in Rust, function by function, on a memory of its own: what tests compare with.

#![allow(dead_code, reason = "no test needs all of it")]

/// Small numbers from a seed (xorshift64*).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        (self.next() % u64::from(limit)) as u32
    }

    pub(crate) fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    Checked,
    Zero,
    Poison,
}

pub(crate) const HEADER: u32 = 12;
pub(crate) const HEADER_ALIGN: u32 = 8;
pub(crate) const RESERVE: u32 = 32;
pub(crate) const PAGE_BITS: u32 = 16;
pub(crate) const MAX_PAGES: u64 = 65536;
pub(crate) const REFUSED: u32 = u32::MAX;
pub(crate) const GRAIN: u32 = 8;
pub(crate) const GRAINS_OF_PAGE: u32 = 8192;

/// A linear memory with `std::scope` in it. What traps there is `None` here.
pub(crate) struct Scopes {
    pub(crate) mode: Mode,
    pub(crate) heap_base: u32,
    pub(crate) initial_pages: u32,
    pub(crate) max_pages: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) shadow: Vec<u32>,
    pub(crate) top: u32,
    pub(crate) limit: u32,
    pub(crate) scope: u32,
    pub(crate) last: u32,
    pub(crate) pages: u32,
}

impl Scopes {
    pub(crate) fn new(mode: Mode, heap_base: u32, max_pages: u32) -> Self {
        let initial_pages = (heap_base + 64).div_ceil(65536);
        Self {
            mode,
            heap_base,
            initial_pages,
            max_pages,
            bytes: vec![0; (initial_pages as usize) << PAGE_BITS],
            shadow: vec![0; max_pages as usize + 1],
            top: 0,
            limit: 0,
            scope: 0,
            last: 0,
            pages: 0,
        }
    }

    pub(crate) fn grow(&mut self, pages: u32) -> u32 {
        let old = (self.bytes.len() >> PAGE_BITS) as u32;
        if u64::from(old) + u64::from(pages) > u64::from(self.max_pages) {
            return REFUSED;
        }
        self.bytes.resize(((old + pages) as usize) << PAGE_BITS, 0);
        old
    }

    pub(crate) fn load(&self, address: u32) -> u32 {
        u32::from_le_bytes(self.bytes[address as usize..][..4].try_into().unwrap())
    }

    pub(crate) fn store(&mut self, address: u32, value: u32) {
        self.bytes[address as usize..][..4].copy_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn open(&mut self) -> Option<u32> {
        let record = (self.top + (HEADER_ALIGN - 1)) & HEADER_ALIGN.wrapping_neg();
        if record + HEADER > self.limit {
            return self.open_slow();
        }
        self.push(record, self.top, self.last);
        Some(record)
    }

    pub(crate) fn push(&mut self, record: u32, top: u32, last: u32) {
        self.store(record, self.scope);
        self.store(record + 4, top);
        self.store(record + 8, last);
        self.scope = record;
        self.top = record + HEADER;
    }

    pub(crate) fn open_slow(&mut self) -> Option<u32> {
        self.set_up();
        let (top, last) = (self.top, self.last);
        let record = self.bump(HEADER, HEADER_ALIGN);
        if record == 0 {
            return None;
        }
        self.push(record, top, last);
        Some(record)
    }

    pub(crate) fn set_up(&mut self) {
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

    pub(crate) fn limit(&self) -> u32 {
        let above = self.load(self.last);
        if above == 0 { (self.pages << PAGE_BITS).wrapping_sub(RESERVE) } else { above }
    }

    pub(crate) fn close(&mut self, record: u32, line: u32) {
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

    pub(crate) fn restore(&mut self, level: u32, line: u32) {
        if self.scope != level {
            let mut record = self.scope;
            while self.load(record) != level {
                record = self.load(record);
            }
            self.close(record, line);
        }
    }

    pub(crate) fn unpin(&mut self, record: u32) {
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

    pub(crate) fn grained(&self, align: u32) -> u32 {
        if self.mode == Mode::Poison { align.max(GRAIN) } else { align }
    }

    /// The fast path, then `try_allocate`: 0 when refused.
    pub(crate) fn allocate(&mut self, record: u32, size: u32, align: u32) -> u32 {
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

    pub(crate) fn bump(&mut self, size: u32, align: u32) -> u32 {
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

    pub(crate) fn pin(&mut self, owned_by: u32, size: u32, align: u32) -> u32 {
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

    pub(crate) fn insert(&mut self, header: u32, stop: u32, owned_by: u32) {
        self.store(header, self.load(self.last));
        self.store(header + 4, stop);
        self.store(header + 8, owned_by);
        self.store(self.last, header);
        self.last = header;
    }

    pub(crate) fn step_back(&mut self, top: u32, last: u32) -> u32 {
        self.top = top;
        self.last = last;
        self.limit = self.limit();
        0
    }

    pub(crate) fn advance(&mut self, stop: u64) -> bool {
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

    pub(crate) fn close_clearing(&mut self, record: u32, line: u32) {
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

    pub(crate) fn clear(&mut self, from: u32, to: u32, line: u32) {
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

    pub(crate) fn shadow(&self, grain: u32) -> u32 {
        self.shadow[(grain / GRAINS_OF_PAGE) as usize] + grain % GRAINS_OF_PAGE * 4
    }

    pub(crate) fn cover(&mut self, from: u32, to: u32) {
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
    pub(crate) fn freed(&self, address: u32) -> u32 {
        if self.shadow[(address >> PAGE_BITS) as usize] == 0 {
            0
        } else {
            self.load(self.shadow(address / GRAIN))
        }
    }
}
