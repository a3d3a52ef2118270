//! A module that ran ⇒ the same with one operator of its reached code replaced by another of the same type: what a faulty pass might do.

use wasm_encoder::Encode;

use crate::coverage::{places, reached};
use crate::dice::Dice;
use crate::operators::{Make, Operator, operators};

fn bytes_of(operator: &Operator) -> Option<Vec<u8>> {
    let Make::Plain(make) = operator.make else { return None };
    let mut bytes = Vec::new();
    make().encode(&mut bytes);
    Some(bytes)
}

/// What an operator is mistaken for, by the ends of names.
const MISTAKES: [(&str, &str); 14] = [
    ("Add", "Sub"),
    ("Sub", "Add"),
    ("Mul", "Add"),
    ("And", "Or"),
    ("Or", "And"),
    ("Xor", "And"),
    ("Eq", "Ne"),
    ("Ne", "Eq"),
    ("LtS", "GeS"),
    ("LtU", "GeU"),
    ("GtS", "LeS"),
    ("GtU", "LeU"),
    ("RemU", "DivU"),
    ("Rotl", "Rotr"),
];

fn mistaken_for(name: &str, other: &str) -> bool {
    MISTAKES.iter().any(|(end, instead)| {
        name.strip_suffix(end).is_some_and(|kind| other.strip_suffix(instead) == Some(kind))
    })
}

/// A module with one operator changed.
pub(crate) struct Planted {
    pub(crate) bytes: Vec<u8>,
    /// Which operator became which.
    pub(crate) what: String,
}

/// Changes one of the operators in regions that were reached.
pub(crate) fn plant(module: &[u8], memory: &[u8], dice: &mut Dice) -> Option<Planted> {
    let mut candidates = Vec::new();
    for place in places(module).iter().filter(|place| !place.of_mark && reached(place, memory)) {
        let named = |name: &str| operators().iter().find(|operator| operator.name == name);
        let Some(operator) = named(place.name) else { continue };
        let Some(there) = bytes_of(operator) else { continue };
        let mistake = operators().iter().find(|other| mistaken_for(operator.name, other.name));
        if let Some((mistake, bytes)) = mistake.and_then(|other| Some((other, bytes_of(other)?)))
            && (&mistake.params, &mistake.results) == (&operator.params, &operator.results)
            && bytes.len() == there.len()
        {
            candidates.push((place.offset, operator.name, mistake.name, bytes));
        }
    }
    if candidates.is_empty() {
        return None;
    }
    let (offset, from, to, bytes) = dice.pick(&candidates);
    let mut changed = module.to_vec();
    changed[offset..offset + bytes.len()].copy_from_slice(&bytes);
    Some(Planted { bytes: changed, what: format!("{from} at {offset:#x} became {to}") })
}
