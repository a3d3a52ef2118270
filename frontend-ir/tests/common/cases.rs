//! Random input that is the same on every run.

use arbitrary::{Result, Unstructured};

/// Runs `case` on `count` streams of random bytes, the same ones every time; with `SWASM_RANDOM_CASES` in the environment, on that many.
/// A case that runs out of bytes ends early. One that panics names its seed first: `SWASM_RANDOM_SEED` runs it alone.
pub(crate) fn cases(count: u64, case: impl Fn(&mut Unstructured<'_>) -> Result<()>) {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seeds = match number("SWASM_RANDOM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SWASM_RANDOM_CASES").unwrap_or(count),
    };
    for seed in seeds {
        let bytes = stream(seed);
        let named = Named(seed);
        // Running out of bytes is an early end, not a failure.
        let _ = case(&mut Unstructured::new(&bytes));
        std::mem::forget(named);
    }
}

/// Names its seed when a panic drops it.
struct Named(u64);
impl Drop for Named {
    fn drop(&mut self) {
        eprintln!("SWASM_RANDOM_SEED={}", self.0);
    }
}

/// SplitMix64, from 64 bytes to 32 KiB: small cases first.
fn stream(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0xd134_2543_de82_ef95);
    let words = 8usize << (seed % 10);
    let next = |_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    };
    (0..words).flat_map(next).collect()
}
