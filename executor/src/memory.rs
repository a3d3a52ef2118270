//! The guest's memory from the host: checked copies.
//!
//! Invariant: no address is used before it was checked against the memory's size of that moment.

use crate::error::Error;

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
