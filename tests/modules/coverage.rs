//! The bytes of a module ⇒ which operators its functions have, and which of them lie in a region of code that was reached.
//!
//! A generated module stores 1 into a byte of its first memory where a region of code begins (`Body::mark`). What stands between two such
//! stores was reached if the first one was.

use std::collections::BTreeMap;

use wasmparser::{Operator, Parser, Payload};

use crate::body::MARKS;
use crate::operators::name_of;

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

    /// Adds what another thread counted.
    pub(crate) fn join(&mut self, other: &Self) {
        for (name, (there, run)) in &other.0 {
            let counts = self.0.entry(name).or_default();
            counts.0 += there;
            counts.1 += run;
        }
    }
}
