//! The bytes of a module ⇒ which operators its functions have, and which of them lie in a region of code that was reached.
//!
//! A generated module stores 1 into a byte of its first memory where a region of code begins (`Body::mark`). What stands between two such
//! stores was reached if the first one was.

use std::collections::BTreeMap;

use wasmparser::{Operator, Parser, Payload};

use crate::body::MARKS;
use crate::operators::{all, name_of};

/// One operator of a module.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    /// Where it is among the module's bytes.
    pub(crate) offset: usize,
    /// The mark of its region: an offset into the first memory.
    pub(crate) mark: Option<u64>,
    /// Whether it belongs to a mark.
    pub(crate) of_mark: bool,
}

/// The operators of all functions, in order. The module is valid.
pub(crate) fn places(module: &[u8]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CodeSectionEntry(body) = payload.expect("the module is valid") else {
            continue;
        };
        let mut mark = None;
        let mut reader = body.get_operators_reader().expect("the module is valid");
        while !reader.eof() {
            let (operator, offset) = reader.read_with_offset().expect("the module is valid");
            let mut of_mark = false;
            if let Operator::I32Store8 { memarg } = &operator
                && memarg.memory == 0
                && memarg.offset >= MARKS
            {
                mark = Some(memarg.offset);
                of_mark = true;
                // Its operands are the address and the 1.
                let behind = places.len().saturating_sub(2);
                places[behind..].iter_mut().for_each(|place| place.of_mark = true);
            }
            places.push(Place { name: name_of(&operator), offset, mark, of_mark });
        }
    }
    places
}

/// Whether the region of a place was reached, going by the first memory at the end.
pub(crate) fn reached(place: &Place, memory: &[u8]) -> bool {
    place.mark.is_some_and(|mark| memory.get(mark as usize) == Some(&1))
}

/// How often each operator was there, and in reached code.
#[derive(Default)]
pub(crate) struct Coverage(pub(crate) BTreeMap<&'static str, (usize, usize)>);

impl Coverage {
    /// Adds a module that ran and left `memory`.
    pub(crate) fn add(&mut self, module: &[u8], memory: &[u8]) {
        for place in places(module).iter().filter(|place| !place.of_mark) {
            let (there, run) = self.0.entry(place.name).or_default();
            *there += 1;
            *run += usize::from(reached(place, memory));
        }
    }

    /// Operators of `proposals` that no reached code has, with how often they were there at all.
    pub(crate) fn missing(&self, proposals: &[&str]) -> Vec<(&'static str, usize)> {
        all()
            .filter(|(_, proposal)| proposals.contains(proposal))
            .map(|(name, _)| (name, self.0.get(name).copied().unwrap_or_default()))
            .filter(|(_, (_, reached))| *reached == 0)
            .map(|(name, (there, _))| (name, there))
            .collect()
    }

    /// Of a hundred operators, how many lie in code that was reached.
    pub(crate) fn percentage(&self) -> usize {
        let (there, reached) =
            self.0.values().fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
        reached * 100 / there.max(1)
    }
}
