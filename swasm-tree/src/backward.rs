//! What is encoded from its last byte to its first ⇒ bytes in order.
//!
//! Invariant: a place is named by how many bytes follow it, because how many come before it is not known until all is written.

use wasm_encoder::Encode;

/// Up to eight bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    /// The last byte is the highest.
    bytes: u64,
    size: u32,
}

impl Word {
    /// The highest `size` of these bytes.
    #[inline]
    pub(crate) const fn new(bytes: u64, size: u32) -> Word {
        Word { bytes, size }
    }

    #[inline]
    pub(crate) const fn byte(byte: u8) -> Word {
        Word { bytes: (byte as u64) << 56, size: 1 }
    }

    #[inline]
    pub(crate) fn size(self) -> u32 {
        self.size
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.size == 0
    }

    /// An unsigned LEB128 number.
    #[inline]
    pub(crate) fn u32(value: u32) -> Word {
        if value < 0x80 {
            return Word::byte(value as u8);
        }
        Word::leb128(value.into(), 32 - value.leading_zeros())
    }

    /// A signed LEB128 number.
    #[inline]
    pub(crate) fn i32(value: i32) -> Word {
        if (-0x40..0x40).contains(&value) {
            return Word::byte(value as u8 & 0x7f);
        }
        // The sign takes a bit.
        let bits = 33 - (value ^ (value >> 31)).leading_zeros();
        Word::leb128(i64::from(value) as u64, bits)
    }

    /// The lowest `bits` of a value, seven to a byte: more than 7, at most 35.
    #[inline]
    fn leb128(value: u64, bits: u32) -> Word {
        let low = (value & 0x7f) << 48 | (value & 0x3f80) << 49;
        if bits <= 14 {
            return Word { bytes: low | 0x80 << 48, size: 2 };
        }
        let size = bits.div_ceil(7);
        let spread =
            (0..5).map(|byte| (value >> (7 * byte) & 0x7f | 0x80) << (8 * byte)).sum::<u64>();
        Word { bytes: (spread << (64 - 8 * size)) & (u64::MAX >> 1), size }
    }

    /// This and what follows it, eight bytes together at most.
    #[inline]
    pub(crate) fn then(self, next: Word) -> Word {
        Word { bytes: self.bytes >> (8 * next.size) | next.bytes, size: self.size + next.size }
    }
}

/// Bytes, of which the last came first.
#[derive(Debug, Default)]
pub(crate) struct Backward {
    /// What was written fills the end of it.
    memory: Vec<u8>,
    /// Where it begins.
    start: usize,
    /// Memory for one number.
    number: Vec<u8>,
}

impl Backward {
    pub(crate) fn clear(&mut self) {
        self.start = self.memory.len();
    }

    /// How many bytes follow what is written next.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        (self.memory.len() - self.start) as u32
    }

    /// All of them, in order.
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.memory[self.start..]
    }

    /// To write with what changes in variables; then say [`Backward::written`].
    #[inline]
    pub(crate) fn cursor(&mut self) -> Cursor<'_> {
        Cursor { start: self.start, memory: &mut self.memory }
    }

    /// What was written with a cursor begins here.
    #[inline]
    pub(crate) fn written(&mut self, start: usize) {
        self.start = start;
    }

    /// Makes room for so many bytes.
    #[inline]
    pub(crate) fn reserve(&mut self, count: usize) {
        if self.start < count {
            self.grow(count);
        }
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        let more = count.max(self.memory.len()).max(1024);
        let mut larger = vec![0; more + self.memory.len()];
        larger[more + self.start..].copy_from_slice(&self.memory[self.start..]);
        self.memory = larger;
        self.start += more;
    }

    /// Bytes that are given in order.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        let start = self.start - bytes.len();
        self.memory[start..self.start].copy_from_slice(bytes);
        self.start = start;
    }

    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    #[inline]
    pub(crate) fn u32(&mut self, value: u32) {
        self.word(Word::u32(value));
    }

    #[inline]
    pub(crate) fn word(&mut self, word: Word) {
        self.reserve(size_of::<u64>());
        let mut cursor = self.cursor();
        cursor.word(word);
        self.start = cursor.start;
    }

    /// A LEB128 number of any size: signed if its type is.
    pub(crate) fn number(&mut self, value: impl Encode) {
        let mut number = std::mem::take(&mut self.number);
        number.clear();
        value.encode(&mut number);
        self.bytes(&number);
        self.number = number;
    }
}

/// A place before which bytes are written.
pub(crate) struct Cursor<'a> {
    memory: &'a mut [u8],
    start: usize,
}

impl Cursor<'_> {
    /// How many bytes follow what is written next.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        (self.memory.len() - self.start) as u32
    }

    /// Where what was written begins.
    #[inline]
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// Writes a word; says whether there was room for it.
    #[inline]
    pub(crate) fn word(&mut self, word: Word) -> bool {
        let Some(room) = self.memory.get_mut(..self.start).and_then(<[u8]>::last_chunk_mut) else {
            return false;
        };
        // What is before the word is nothing yet.
        *room = word.bytes.to_le_bytes();
        self.start -= word.size as usize;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Backward, Word};
    use wasm_encoder::Encode;

    /// Numbers around all powers of two.
    fn numbers() -> impl Iterator<Item = u32> {
        let powers = (0..32).map(|bit| 1u32 << bit);
        powers.flat_map(|power| [power.wrapping_sub(1), power, power + 1, power.wrapping_neg()])
    }

    #[test]
    fn a_word_is_the_number_that_wasm_encoder_writes() {
        for number in numbers() {
            let [mut unsigned, mut signed] = [vec![], vec![]];
            number.encode(&mut unsigned);
            (number as i32).encode(&mut signed);
            let mut written = Backward::default();
            written.word(Word::u32(number));
            written.word(Word::byte(7).then(Word::i32(number as i32)));
            let mut cursor = written.cursor();
            assert!(cursor.word(Word::byte(8).then(Word::u32(number))));
            let start = cursor.start();
            written.written(start);
            assert_eq!(written.as_slice(), [&[8], &*unsigned, &[7], &*signed, &*unsigned].concat());
        }
    }
}
