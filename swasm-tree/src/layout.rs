//! Where static data goes: live segments ⇒ addresses and an image of memory.
//!
//! Invariant: segments do not overlap (but equal read-only ones are one), each is aligned, none is below
//! [`STATIC_BASE`]; zeros at the end of a segment, and long runs of them inside, take no bytes in the module.

use std::collections::HashMap;

use crate::{DataId, DataPlace, Module, STATIC_BASE};

/// A run of zeros this long is cheaper left out: a segment of its own costs about as many bytes.
const LONG_RUN_OF_ZEROS: usize = 8;
/// The most segments that static data is divided into. Engines take 100,000 (<https://webassembly.github.io/spec/js-api/#limits>); the rest
/// is for segments that are not laid out.
const MAX_SEGMENTS: usize = 50_000;
/// What the heap base is a multiple of.
const HEAP_ALIGN: u64 = 16;

/// Addresses of static data.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// By data id.
    pub(crate) addresses: Vec<u64>,
    /// Bytes from [`STATIC_BASE`] on, without what is zero at the end.
    pub(crate) image: Vec<u8>,
    /// End of read-only static data.
    pub(crate) read_only_end: u64,
    /// End of static data.
    pub(crate) end: u64,
    /// The heap base is not below this address.
    pub(crate) heap_floor: u64,
    /// Whether nothing is laid out; segments of no bytes are.
    pub(crate) is_empty: bool,
}

impl Layout {
    pub(crate) fn of(module: &Module, live: &[bool]) -> Layout {
        let mut layout = Layout {
            addresses: vec![0; module.datas.len()],
            image: Vec::new(),
            read_only_end: STATIC_BASE,
            end: STATIC_BASE,
            heap_floor: module.heap_floor,
            is_empty: true,
        };
        let laid: Vec<DataId> = (0..module.datas.len() as u32)
            .map(DataId)
            .filter(|id| live[id.index()] && module.datas[id.index()].place == DataPlace::Laid)
            .collect();
        layout.is_empty = laid.is_empty();
        // The first of equal read-only segments stands for all, with the strictest alignment.
        let mut first: HashMap<(&[u8], u64), DataId> = HashMap::new();
        let mut same_as = vec![None; module.datas.len()];
        let mut aligns: Vec<u32> = module.datas.iter().map(|data| data.align.max(1)).collect();
        for &id in &laid {
            let data = &module.datas[id.index()];
            if data.read_only && data.relocs.is_empty() {
                let known = *first.entry((without_zeros(&data.bytes), data.size)).or_insert(id);
                if known != id {
                    same_as[id.index()] = Some(known);
                    aligns[known.index()] = aligns[known.index()].max(aligns[id.index()]);
                }
            }
        }
        // Read-only data comes first; what is writable and all zero last, where it takes no bytes.
        let is_zero = |id: &DataId| {
            let data = &module.datas[id.index()];
            !data.read_only && data.relocs.is_empty() && without_zeros(&data.bytes).is_empty()
        };
        let (read_only, writable): (Vec<DataId>, Vec<DataId>) =
            laid.iter().partition(|id| module.datas[id.index()].read_only);
        let (zero, filled): (Vec<DataId>, Vec<DataId>) =
            writable.iter().partition(|id| is_zero(id));
        for &id in read_only.iter().chain(&filled).chain(&zero) {
            if same_as[id.index()].is_some() {
                continue;
            }
            let data = &module.datas[id.index()];
            let address = layout.end.next_multiple_of(u64::from(aligns[id.index()]));
            layout.addresses[id.index()] = address;
            layout.end = address + data.size.max(data.bytes.len() as u64);
            if data.read_only {
                layout.read_only_end = layout.end;
            }
            let bytes = if data.relocs.is_empty() {
                without_zeros(&data.bytes)
            } else {
                data.bytes.as_slice()
            };
            if !bytes.is_empty() {
                layout.image.resize((address - STATIC_BASE) as usize, 0);
                layout.image.extend_from_slice(bytes);
            }
        }
        for &id in &laid {
            if let Some(known) = same_as[id.index()] {
                layout.addresses[id.index()] = layout.addresses[known.index()];
            }
        }
        layout
    }

    /// Where memory that nobody owns begins.
    pub(crate) fn heap_base(&self) -> u64 {
        self.end.max(self.heap_floor).next_multiple_of(HEAP_ALIGN)
    }

    /// The image without long runs of zeros: address and bytes. Runs count as long from a length on that makes no more segments than
    /// engines take.
    pub(crate) fn segments(&self) -> Vec<(u64, &[u8])> {
        let mut long = LONG_RUN_OF_ZEROS;
        loop {
            let found = self.without_runs(long);
            if found.len() <= MAX_SEGMENTS {
                return found;
            }
            long *= 2;
        }
    }

    /// The image without runs of `long` zeros and more.
    fn without_runs(&self, long: usize) -> Vec<(u64, &[u8])> {
        let mut found = Vec::new();
        let mut start = None;
        let mut zeros = 0;
        for (at, &byte) in self.image.iter().enumerate() {
            if byte != 0 {
                start.get_or_insert(at);
                zeros = 0;
                continue;
            }
            zeros += 1;
            if zeros == long
                && let Some(from) = start.take()
            {
                found.push((STATIC_BASE + from as u64, &self.image[from..=at - zeros]));
            }
        }
        if let Some(from) = start {
            found.push((STATIC_BASE + from as u64, without_zeros(&self.image[from..])));
        }
        found
    }
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}
