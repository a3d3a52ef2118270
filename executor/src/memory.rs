//! The guest's memory from the host: checked copies, and room of the host's own in it.
//!
//! Invariant: no address is used before it was checked against the memory's size of that moment,
//! and nothing that a [`GuestBuffer`] held stays readable after it.

use crate::error::Error;
use crate::instance::Instance;
use crate::trap::Stop;
use crate::value::{Signature, Value, ValueType};

/// The name under which a module exports its memory, by the convention of WASI.
pub(crate) const EXPORT: &str = "memory";

pub(crate) fn none() -> Error {
    Error::new(format!("the module exports no memory named `{EXPORT}`"))
}

fn outside(address: u64, len: usize, size: usize) -> Error {
    Error::new(format!("{len} bytes at address {address} are not inside a memory of {size} bytes"))
}

/// The place of `len` bytes in a memory of `size`.
fn range(address: u64, len: usize, size: usize) -> Result<std::ops::Range<usize>, Error> {
    let start = usize::try_from(address).ok();
    let end = start.and_then(|start| start.checked_add(len));
    match (start, end) {
        (Some(start), Some(end)) if end <= size => Ok(start..end),
        _ => Err(outside(address, len, size)),
    }
}

pub(crate) fn read(memory: &[u8], address: u64, len: usize) -> Result<Vec<u8>, Error> {
    Ok(memory[range(address, len, memory.len())?].to_vec())
}

pub(crate) fn write(memory: &mut [u8], address: u64, bytes: &[u8]) -> Result<(), Error> {
    let range = range(address, bytes.len(), memory.len())?;
    memory[range].copy_from_slice(bytes);
    Ok(())
}

/// The row of pages that the host grew last for itself. Buffers are taken from it like a stack:
/// a [`GuestBuffer`] borrows the instance, so that the one made last ends first.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arena {
    start: u64,
    top: u64,
    end: u64,
}

impl Arena {
    /// The address of `len` bytes, or nothing if they do not fit any more.
    fn take(&mut self, len: u64, align: u64) -> Option<u64> {
        let address = self.top.checked_next_multiple_of(align)?;
        let top = address.checked_add(len)?;
        // The empty arena at address 0 gives nothing, not even no bytes.
        if top > self.end || self.end == 0 {
            return None;
        }
        self.top = top;
        Some(address)
    }

    /// Adds pages: behind what there is, else they are a new row and the old one's rest is lost.
    fn add(&mut self, start: u64, end: u64) {
        if self.end != start || self.end == 0 {
            *self = Arena { start, top: start, end };
        }
        self.end = end;
    }

    fn put_back(&mut self, before: Arena) {
        if self.start == before.start {
            self.top = before.top;
        } else {
            // Everything in the newer row was taken after the buffer that ends now.
            self.top = self.start;
        }
    }
}

/// How a buffer is given back.
enum Origin {
    /// From the pages of the host, which were so before.
    Arena(Arena),
    /// From the guest's own allocator, with this alignment.
    Guest { align: u32 },
}

/// The exported function by which a guest gives memory to its host, as the component model has it:
/// `(old address, old size, alignment, new size) -> address`.
const REALLOC: &str = "cabi_realloc";

/// Room in the guest's memory that belongs to the host: bytes to pass to a call, or to be filled
/// by one. Dropping it overwrites them with zeros and gives the room back.
///
/// The instance is borrowed meanwhile and is reached through [`GuestBuffer::instance`].
pub struct GuestBuffer<'a> {
    instance: &'a mut Instance,
    address: u64,
    len: usize,
    origin: Origin,
}

impl<'a> GuestBuffer<'a> {
    pub(crate) fn new(
        instance: &'a mut Instance,
        len: usize,
        align: u32,
    ) -> Result<GuestBuffer<'a>, Stop> {
        if !align.is_power_of_two() {
            return Err(Error::new(format!("alignment {align} is not a power of two")).into());
        }
        let (address, origin) = if has_realloc(instance) {
            (reallocate(instance, 0, 0, align, len)?, Origin::Guest { align })
        } else {
            let before = *instance.arena();
            let address = match instance.arena().take(len as u64, u64::from(align)) {
                Some(address) => address,
                None => grow(instance, len, align)?,
            };
            (address, Origin::Arena(before))
        };
        // What an allocator of the guest answers is checked like any other number of the guest.
        let mut buffer = GuestBuffer { instance, address, len, origin };
        buffer.fill_with_zeros()?;
        Ok(buffer)
    }

    /// Where the first byte is.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// The address as an argument: an `i32`, or an `i64` where the memory has 64-bit addresses.
    pub fn value(&mut self) -> Value {
        let is_64 = self.instance.with_memory(|memory, store| memory.ty(store).is_64());
        match is_64 {
            Ok(true) => Value::I64(self.address.cast_signed()),
            // Inside a 32-bit memory, so nothing is cut off.
            Ok(false) | Err(_) => Value::I32((self.address as u32).cast_signed()),
        }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The instance, to be called while the buffer lives.
    pub fn instance(&mut self) -> &mut Instance {
        self.instance
    }

    /// Copies bytes in, `offset` from the start.
    ///
    /// # Errors
    /// When they would not be inside the buffer.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        range(offset as u64, bytes.len(), self.len)?;
        self.instance.write(self.address + offset as u64, bytes)
    }

    /// Copies bytes out, `offset` from the start.
    ///
    /// # Errors
    /// When they are not inside the buffer.
    pub fn read(&mut self, offset: usize, len: usize) -> Result<Vec<u8>, Error> {
        range(offset as u64, len, self.len)?;
        self.instance.read(self.address + offset as u64, len)
    }

    fn fill_with_zeros(&mut self) -> Result<(), Error> {
        let (address, len) = (self.address, self.len);
        self.instance.with_memory(|memory, store| {
            let memory = memory.data_mut(store);
            let range = range(address, len, memory.len())?;
            memory[range].fill(0);
            Ok(())
        })?
    }
}

impl Drop for GuestBuffer<'_> {
    fn drop(&mut self) {
        // Both fail only for an instance that was lost or whose allocator traps: then nobody can
        // read the bytes through it, or the guest itself chose not to take them back.
        let _lost = self.fill_with_zeros();
        match self.origin {
            Origin::Arena(before) => self.instance.arena().put_back(before),
            Origin::Guest { align } => {
                let _lost = reallocate(self.instance, self.address, self.len, align, 0);
            }
        }
    }
}

fn has_realloc(instance: &Instance) -> bool {
    let realloc = Signature::new([const { ValueType::I32 }; 4], [ValueType::I32]);
    instance.module().function(REALLOC) == Some(realloc)
}

fn reallocate(
    instance: &mut Instance,
    address: u64,
    old_len: usize,
    align: u32,
    len: usize,
) -> Result<u64, Stop> {
    let word = |number: u64| match u32::try_from(number) {
        Ok(number) => Ok(Value::I32(number.cast_signed())),
        Err(_) => Err(Error::new(format!("{number} is more than 32 bits hold"))),
    };
    let arguments =
        [word(address)?, word(old_len as u64)?, word(u64::from(align))?, word(len as u64)?];
    let results = instance.call(REALLOC, &arguments)?;
    Ok(results.first().and_then(Value::unsigned).unwrap_or_default())
}

/// Grows the memory for a buffer, and answers its address.
fn grow(instance: &mut Instance, len: usize, align: u32) -> Result<u64, Error> {
    let refused = || Error::new(format!("the guest's memory cannot grow for {len} bytes"));
    let (start, end) = instance.with_memory(|memory, mut store| {
        let page = memory.page_size(&store);
        // A new row begins at a page; more than a page of alignment may skip as much.
        let bytes = (len as u64).checked_add(u64::from(align)).ok_or_else(refused)?;
        let pages = bytes.div_ceil(page);
        let old = memory.grow(&mut store, pages).map_err(|_| refused())?;
        Ok((old * page, (old + pages) * page))
    })??;
    let arena = instance.arena();
    arena.add(start, end);
    arena.take(len as u64, u64::from(align)).ok_or_else(refused)
}
