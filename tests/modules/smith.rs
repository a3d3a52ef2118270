//! A seed ⇒ a module of wasm-smith: everything that WebAssembly 3.0 allows, most of it never executed.

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

use crate::dice::Dice;

/// Rounds of loops and calls that a module's code may take, in all.
const STEPS: u32 = 10_000;

/// A module of wasm-smith.
pub(crate) struct Strange {
    pub(crate) bytes: Vec<u8>,
    /// Whether it can be run. One with atomic waits could wait for ever.
    pub(crate) runs: bool,
}

/// The module of a seed; `None` where its dice did not suffice for one.
pub(crate) fn strange(seed: u64) -> Option<Strange> {
    let mut dice = Dice::new(seed);
    let threads = dice.percent(15);
    let config = Config {
        // What does not trap goes on: without traps more of the code runs.
        disallow_traps: dice.percent(50),
        export_everything: true,
        allow_start_export: dice.percent(30),
        generate_custom_sections: dice.percent(30),
        min_funcs: 3,
        max_funcs: 12,
        max_instructions: dice.pick(&[50, 200, 1000]),
        max_imports: 8,
        max_memories: 3,
        max_tables: 4,
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        max_table_elements: 200,
        memory_max_size_required: true,
        table_max_size_required: true,
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        simd_enabled: true,
        relaxed_simd_enabled: true,
        tail_call_enabled: true,
        memory64_enabled: true,
        exceptions_enabled: true,
        gc_enabled: true,
        extended_const_enabled: true,
        wide_arithmetic_enabled: true,
        custom_page_sizes_enabled: dice.percent(30),
        threads_enabled: threads,
        ..Config::default()
    };
    let size = dice.pick(&[4_000, 16_000, 50_000]);
    let bytes: Vec<u8> = (0..size).map(|_| dice.bits() as u8).collect();
    let mut module = Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    module.ensure_termination(STEPS).ok()?;
    Some(Strange { bytes: module.to_bytes(), runs: !threads })
}
