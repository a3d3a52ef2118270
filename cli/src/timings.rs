//! How long each stage took, for `--timings`.

use std::fmt::Write;
use std::time::{Duration, Instant};

/// The stages so far.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    stages: Vec<(&'static str, Duration)>,
}

impl Timings {
    /// Does a stage's work and notes its time.
    pub(crate) fn stage<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.stages.push((name, start.elapsed()));
        result
    }

    /// A line a stage on standard error, if wanted.
    pub(crate) fn tell(&self, wanted: bool) {
        if !wanted {
            return;
        }
        let mut text = String::new();
        for (name, time) in &self.stages {
            let _ = writeln!(text, "{name:>8} {:>9.3} ms", time.as_secs_f64() * 1000.0);
        }
        eprint!("{text}");
    }
}
