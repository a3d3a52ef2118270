//! Names of parameters and locals, kept as the name section has them: most functions have some, and they stay until the module is written.
//!
//! Invariant: `bytes` is any number of (local, name), each an unsigned LEB128 number and a name with its length (specification, appendix
//! "Custom Sections", *nameassoc*).

use crate::LocalId;
use crate::encode::{leb_len, small_u32};

/// Names in the order in which they were given; the last one that a local was given counts.
#[derive(Clone, Default, Debug)]
pub(crate) struct LocalNames {
    bytes: Vec<u8>,
    /// The last local that has one, and how many have.
    last: Option<LocalId>,
    count: u32,
    /// Whether a local has two, or comes behind a later one.
    unordered: bool,
}

impl LocalNames {
    pub(crate) fn push(&mut self, local: LocalId, name: &str) {
        self.unordered |= self.last.is_some_and(|last| last >= local);
        self.last = Some(local);
        self.count += 1;
        push(&mut self.bytes, local, name);
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        (self.last, self.count, self.unordered) = (None, 0, false);
    }

    /// Keeps the names of some locals.
    pub(crate) fn retain(&mut self, keep: impl Fn(LocalId) -> bool) {
        let all = std::mem::take(self);
        all.iter()
            .filter(|(local, _)| keep(*local))
            .for_each(|(local, name)| self.push(local, name));
    }

    pub(crate) fn iter(&self) -> Names<'_> {
        Names { bytes: &self.bytes }
    }

    /// How many bytes [`LocalNames::encode`] appends, or a few more.
    pub(crate) fn most_bytes(&self) -> usize {
        if self.count == 0 { 0 } else { leb_len(self.count) as usize + self.bytes.len() }
    }

    /// Appends what the name section says of the function: a list ordered by local, of one name each; nothing, if there is no name.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        if self.count == 0 {
            return;
        }
        if !self.unordered {
            small_u32(out, self.count);
            out.extend_from_slice(&self.bytes);
            return;
        }
        let mut names: Vec<(LocalId, &str)> = self.iter().collect();
        // The sort is stable: of one local's names, the last comes first.
        names.reverse();
        names.sort_by_key(|(local, _)| *local);
        names.dedup_by_key(|(local, _)| *local);
        small_u32(out, names.len() as u32);
        names.into_iter().for_each(|(local, name)| push(out, local, name));
    }
}

fn push(out: &mut Vec<u8>, local: LocalId, name: &str) {
    small_u32(out, local.0);
    small_u32(out, name.len() as u32);
    out.extend_from_slice(name.as_bytes());
}

/// Locals and their names.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Names<'a> {
    bytes: &'a [u8],
}

impl<'a> Names<'a> {
    /// Of what [`LocalNames::encode`] appended.
    pub(crate) fn decode(mut bytes: &'a [u8]) -> Names<'a> {
        if !bytes.is_empty() {
            take_u32(&mut bytes);
        }
        Names { bytes }
    }
}

impl<'a> Iterator for Names<'a> {
    type Item = (LocalId, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let local = LocalId(take_u32(&mut self.bytes));
        let len = take_u32(&mut self.bytes) as usize;
        let (name, rest) = self.bytes.split_at(len);
        self.bytes = rest;
        Some((local, std::str::from_utf8(name).unwrap_or_default()))
    }
}

/// The unsigned LEB128 number that bytes of ours begin with.
#[inline]
pub(crate) fn take_u32(bytes: &mut &[u8]) -> u32 {
    let (mut value, mut shift) = (0, 0);
    while let Some((&byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
        shift += 7;
    }
    value
}
