//! Which instructions a module has, and how many of each:
//! `cargo run -p swasm-tree --example count_instructions -- module.wasm`
#![allow(clippy::print_stdout, reason = "a program that prints")]

use std::collections::BTreeMap;
use std::error::Error;

use swasm_tree::{Op, ReadError, Reading, View};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which module?")?;
    for (mnemonic, count) in histogram(std::fs::read(path)?)? {
        println!("{count:>8} {mnemonic}");
    }
    Ok(())
}

/// Mnemonics and counts, the most frequent first. What validation never reaches is not counted.
pub(crate) fn histogram(module: Vec<u8>) -> Result<Vec<(&'static str, usize)>, ReadError> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    // Each body is a tree while it is looked at, and no longer.
    Reading::new(module)?.open_each(|_, _, body| {
        for node in body.pre_order(body.root()) {
            if let View::SetMany(locals) = body.view(node) {
                *counts.entry(Op::LOCAL_SET.mnemonic()).or_default() += locals.len();
                continue;
            }
            // Some rows of the table share a mnemonic, and some are the tree's own.
            let op = match body.op(node) {
                Op::SEQ | Op::STACK => continue,
                Op::SELECT_TYPED => Op::SELECT,
                Op::REF_TEST_NULL => Op::REF_TEST,
                Op::REF_CAST_NULL => Op::REF_CAST,
                op => op,
            };
            *counts.entry(op.mnemonic()).or_default() += 1;
        }
        None
    })?;
    let mut sorted: Vec<(&str, usize)> = counts.into_iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(sorted)
}
