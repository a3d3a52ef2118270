//! A module that was read, and what became of it when it was written ⇒ where its code went.
//!
//! Addresses count from the start of the code section's contents, as DWARF's do. Invariant: what [`Moves`] says of an address holds for the
//! function that the address is in; code that was copied into another function stands for its call there.

use std::ops::Range;

use swasm_tree::{FuncId, Loc, Written, WrittenFunc};

use super::convert::{Budget, Refused};

/// A function that was read.
#[derive(Clone, Debug)]
pub(crate) struct ReadFunc {
    /// From its declared locals to its last `end`.
    pub(crate) range: Range<u32>,
    /// Which function it is in the module that was written.
    pub(crate) func: Option<FuncId>,
}

/// How a function's code differs from what it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// It is the same, byte for byte.
    None,
    /// It is spelt otherwise: the same operators and locals, but for what is never reached.
    Encoding,
    /// Passes changed it.
    Passes,
}

impl Change {
    /// Whether a local is still what it was.
    pub(crate) fn keeps_locals(self) -> bool {
        match self {
            Change::None | Change::Encoding => true,
            Change::Passes => false,
        }
    }
}

/// A function that was read, and where it went.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    /// Where its size began: some tools take that for its start.
    pub(crate) header: u32,
    pub(crate) old: Range<u32>,
    pub(crate) change: Change,
    /// Its place in what was written; none if it is gone.
    at: Option<u32>,
}

/// Where the code of a module went.
#[derive(Debug)]
pub(crate) struct Moves<'w> {
    /// In order of what was read.
    pub(crate) funcs: Vec<Moved>,
    written: &'w Written,
    /// The [`Loc`] of an address is this much more.
    base: u32,
    /// The spans of the function asked for last.
    spans: Spans,
}

/// A function's new code in pieces, each of one old operator.
#[derive(Debug)]
struct Spans {
    of: Option<usize>,
    /// In order of the new code, without what is not the function's own.
    pieces: Vec<Range<u32>>,
    /// Old addresses with their pieces, in order.
    by_old: Vec<(u32, u32)>,
}

impl Spans {
    fn none() -> Spans {
        Spans { of: None, pieces: Vec::new(), by_old: Vec::new() }
    }
}

impl<'w> Moves<'w> {
    /// `read` is in order; `code` the contents of the code section that was read; `passes` whether passes ran.
    pub(crate) fn new(
        read: &[ReadFunc],
        code: &[u8],
        written: &'w Written,
        base: u32,
        passes: bool,
    ) -> Moves<'w> {
        let count = written.funcs.iter().map(|func| func.func.index() + 1).max().unwrap_or(0);
        let mut places = vec![None; count];
        for (at, func) in (0..).zip(&written.funcs) {
            places[func.func.index()] = Some(at);
        }
        let mut end = 0;
        let funcs = read.iter().map(|read| {
            // In front of the first function is the number of functions.
            let header = if end == 0 { read.range.start } else { end };
            end = read.range.end;
            let at: Option<u32> =
                read.func.and_then(|func| places.get(func.index()).copied().flatten());
            let change = match at {
                Some(at) if is_same(code, &read.range, written, &written.funcs[at as usize]) => {
                    Change::None
                }
                Some(_) if !passes => Change::Encoding,
                Some(_) | None => Change::Passes,
            };
            Moved { header, old: read.range.clone(), change, at }
        });
        Moves { funcs: funcs.collect(), written, base, spans: Spans::none() }
    }

    /// The function that was at an address.
    pub(crate) fn function_at(&self, address: u32) -> Option<usize> {
        let at = self.funcs.partition_point(|func| func.header <= address).checked_sub(1)?;
        (address < self.funcs[at].old.end).then_some(at)
    }

    /// What was written of a function.
    pub(crate) fn written(&self, at: usize) -> Option<&'w WrittenFunc> {
        Some(&self.written.funcs[self.funcs[at].at? as usize])
    }

    /// The old address that a position stands for, if it is one of this module's.
    pub(crate) fn address(&self, loc: Loc) -> Option<u32> {
        let last = self.funcs.last()?.old.end;
        loc.0.checked_sub(self.base).filter(|&address| loc != Loc::NONE && address < last)
    }

    /// Where in a function's new code something new begins, and which old address it has; none if it has no position. Its start and its last
    /// `end` are those of the old code. For a function whose code is not the same.
    pub(crate) fn entries(&self, at: usize) -> impl Iterator<Item = (u32, Loc)> {
        let old = &self.funcs[at].old;
        let written = self.written(at);
        let locs = written.map_or(&[][..], |func| {
            &self.written.locs[func.locs.start as usize..func.locs.end as usize]
        });
        let start = written.map(|func| (func.range.start, self.loc(old.start)));
        let end = written.map(|func| (func.range.end - 1, self.loc(old.end - 1)));
        start.into_iter().chain(locs.iter().copied()).chain(end)
    }

    fn loc(&self, address: u32) -> Loc {
        Loc(self.base + address)
    }

    /// Where the code between two old addresses is now, added to `found` in no particular order.
    pub(crate) fn range(
        &mut self,
        old: Range<u64>,
        found: &mut Vec<Range<u32>>,
        budget: &mut Budget,
    ) -> Result<(), Refused> {
        let clamp = |address: u64| u32::try_from(address).unwrap_or(u32::MAX);
        let old = clamp(old.start)..clamp(old.end);
        let first = self.funcs.partition_point(|func| func.old.end <= old.start);
        for at in first..self.funcs.len() {
            let func = &self.funcs[at];
            if func.old.start >= old.end {
                break;
            }
            budget.spend(1)?;
            let Some(new) = self.written(at) else { continue };
            let (from, to) = (old.start.max(func.old.start), old.end.min(func.old.end));
            if from >= to {
                continue;
            }
            if from == func.old.start && to == func.old.end {
                found.push(new.range.clone());
            } else if func.change == Change::None {
                let start = new.range.start.wrapping_sub(func.old.start);
                found.push(from.wrapping_add(start)..to.wrapping_add(start));
            } else {
                self.part(at, from..to, found, budget)?;
            }
        }
        Ok(())
    }

    /// The same within one function whose code is not the same.
    fn part(
        &mut self,
        at: usize,
        old: Range<u32>,
        found: &mut Vec<Range<u32>>,
        budget: &mut Budget,
    ) -> Result<(), Refused> {
        let spans = self.spans(at, budget)?;
        let place = |address: u32| spans.by_old.partition_point(|(at, _)| *at < address);
        let inside = &spans.by_old[place(old.start)..place(old.end)];
        budget.spend(inside.len())?;
        let mut pieces: Vec<u32> = inside.iter().map(|(_, piece)| *piece).collect();
        pieces.sort_unstable();
        // What lies between two pieces of the range was copied there for one of them.
        for run in pieces.chunk_by(|a, b| a + 1 == *b) {
            let (first, last) = (run[0] as usize, run[run.len() - 1] as usize);
            found.push(spans.pieces[first].start..spans.pieces[last].end);
        }
        Ok(())
    }

    fn spans(&mut self, at: usize, budget: &mut Budget) -> Result<&Spans, Refused> {
        if self.spans.of != Some(at) {
            let entries: Vec<(u32, Loc)> = self.entries(at).collect();
            budget.spend(entries.len())?;
            let func = &self.funcs[at];
            let end = self.written(at).map_or(0, |new| new.range.end);
            let mut spans = Spans { of: Some(at), ..Spans::none() };
            let mut own = false;
            for (index, &(start, loc)) in entries.iter().enumerate() {
                let end = entries.get(index + 1).map_or(end, |next| next.0);
                if loc == Loc::NONE && own {
                    // Made by a pass for what it stands behind.
                    if let Some(last) = spans.pieces.last_mut() {
                        last.end = end;
                    }
                    continue;
                }
                let address = self.address(loc).filter(|address| func.old.contains(address));
                own = address.is_some();
                if let Some(address) = address
                    && start < end
                {
                    spans.by_old.push((address, spans.pieces.len() as u32));
                    spans.pieces.push(start..end);
                }
            }
            spans.by_old.sort_unstable();
            self.spans = spans;
        }
        Ok(&self.spans)
    }

    /// Where the operator at an old address is now, if that can be said.
    pub(crate) fn operator(
        &mut self,
        address: u64,
        budget: &mut Budget,
    ) -> Result<Option<u32>, Refused> {
        let Ok(address) = u32::try_from(address) else { return Ok(None) };
        let Some(at) = self.function_at(address) else { return Ok(None) };
        let Some(new) = self.written(at) else { return Ok(None) };
        let func = &self.funcs[at];
        if address <= func.old.start {
            return Ok(Some(new.range.start));
        }
        if func.change == Change::None {
            return Ok(Some(new.range.start + (address - func.old.start)));
        }
        let spans = self.spans(at, budget)?;
        let first = spans.by_old.partition_point(|(at, _)| *at < address);
        let found: Vec<&(u32, u32)> =
            spans.by_old[first..].iter().take(2).take_while(|(at, _)| *at == address).collect();
        // If there are two of it, neither is it.
        Ok(match found[..] {
            [(_, piece)] => Some(spans.pieces[*piece as usize].start),
            _ => None,
        })
    }

    /// Puts ranges of new code in order and makes one of those that touch, but for the size of a function between them.
    pub(crate) fn tidy(&self, ranges: &mut Vec<Range<u32>>) {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        let mut kept: Vec<Range<u32>> = Vec::with_capacity(ranges.len());
        for range in ranges.drain(..) {
            match kept.last_mut() {
                Some(last) if range.start <= last.end || self.is_size(last.end..range.start) => {
                    last.end = last.end.max(range.end);
                }
                Some(_) | None => kept.push(range),
            }
        }
        *ranges = kept;
    }

    /// Whether a range of new code is what stands between two functions.
    pub(crate) fn is_size(&self, range: Range<u32>) -> bool {
        let funcs = &self.written.funcs;
        let next = funcs.partition_point(|func| func.range.start < range.end);
        let ends = next.checked_sub(1).map(|last| funcs[last].range.end);
        ends == Some(range.start)
            && funcs.get(next).is_some_and(|func| func.range.start == range.end)
    }
}

/// Whether a function's code is what it was.
fn is_same(code: &[u8], old: &Range<u32>, written: &Written, new: &WrittenFunc) -> bool {
    let start = written.code_start;
    let is = start + new.range.start as usize..start + new.range.end as usize;
    code.get(old.start as usize..old.end as usize) == written.bytes.get(is)
}
