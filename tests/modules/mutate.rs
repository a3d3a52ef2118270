//! Modules ⇒ bytes that are nearly one: flipped, overwritten, removed, doubled, cut off, and mixed.

use crate::dice::Dice;

/// Bytes that change the meaning of what is around them: ends, counts, types, LEB128 numbers that go on.
const TELLING: [u8; 16] = [
    0x00, 0x01, 0x0b, 0x05, 0x02, 0x03, 0x04, 0x1f, 0x7f, 0x80, 0xff, 0x70, 0x6e, 0x64, 0xfb, 0xfd,
];

/// One of `bases` with a few changes.
pub(crate) fn mutate(bases: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bases[dice.below(bases.len())].clone();
    for _ in 0..dice.pick(&[1, 1, 1, 2, 3, 8]) {
        if bytes.is_empty() {
            break;
        }
        let at = dice.below(bytes.len());
        // The header of a section, and other small numbers, are at the beginning: half of the changes are made there.
        let at = if dice.percent(50) { at } else { at % 400.min(bytes.len()) };
        change(&mut bytes, at, bases, dice);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, at: usize, bases: &[Vec<u8>], dice: &mut Dice) {
    let length = dice.between(1, 8).min(bytes.len() - at);
    match dice.below(12) {
        0..3 => bytes[at] ^= 1 << dice.below(8),
        3..5 => bytes[at] = dice.pick(&TELLING),
        5 => bytes[at] = bytes[at].wrapping_add(dice.pick(&[1, 0xff])),
        6 => bytes[at] = dice.bits() as u8,
        7 => _ = bytes.drain(at..at + length),
        8 => {
            let doubled = bytes[at..at + length].to_vec();
            bytes.splice(at..at, doubled);
        }
        9 => bytes.truncate(at),
        10 => {
            // Bytes of another module, or of another place in this one.
            let other = &bases[dice.below(bases.len())];
            let from = dice.below(other.len());
            let length = dice.between(1, 40).min(other.len() - from).min(bytes.len() - at);
            bytes[at..at + length].copy_from_slice(&other[from..from + length]);
        }
        _ => {
            let inserted: Vec<u8> = (0..length).map(|_| dice.pick(&TELLING)).collect();
            bytes.splice(at..at, inserted);
        }
    }
}
