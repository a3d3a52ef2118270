//! How long each stage took, for `--timings`.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::report::Report;
use swasm::{Artifact, Checked, Diagnostics, Options, Phase};

/// The stages so far, in the order in which they first began.
#[derive(Debug)]
pub(crate) struct Timings {
    /// Whether they are to be told.
    wanted: bool,
    stages: Vec<(&'static str, Duration)>,
}

impl Timings {
    /// None so far.
    pub(crate) fn new(wanted: bool) -> Self {
        Self { wanted, stages: Vec::new() }
    }

    /// Does a stage's work and notes its time.
    pub(crate) fn stage<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.add(name, start.elapsed());
        result
    }

    /// Links, and says what had to be left out; notes the time of each phase, which takes one thread, only if that is wanted.
    pub(crate) fn link(
        &mut self,
        program: &Checked,
        options: &Options,
        report: &Report,
    ) -> Result<Artifact, Diagnostics> {
        let mut artifact = self.run(program, options)?;
        let warnings: Diagnostics = std::mem::take(&mut artifact.warnings).into_iter().collect();
        if !warnings.is_empty() {
            report.diagnostics(&warnings);
        }
        Ok(artifact)
    }

    fn run(&mut self, program: &Checked, options: &Options) -> Result<Artifact, Diagnostics> {
        if !self.wanted {
            return program.link(options);
        }
        let mut running = ("reach", Instant::now());
        let artifact = program.link_observed(options, &mut |phase| {
            let now = Instant::now();
            self.add(running.0, now - running.1);
            running = (name(phase), now);
        });
        self.add(running.0, running.1.elapsed());
        artifact
    }

    fn add(&mut self, name: &'static str, time: Duration) {
        match self.stages.iter_mut().find(|(other, _)| *other == name) {
            Some((_, total)) => *total += time,
            None => self.stages.push((name, time)),
        }
    }

    /// A line a stage on standard error, if wanted.
    pub(crate) fn tell(&self) {
        if !self.wanted {
            return;
        }
        let mut text = String::new();
        for (name, time) in &self.stages {
            let _ = writeln!(text, "{name:>8} {:>9.3} ms", time.as_secs_f64() * 1000.0);
        }
        crate::report::say(&text);
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Reach => "reach",
        Phase::Lower => "lower",
        Phase::Optimize => "optimize",
        Phase::Verify => "verify",
        Phase::Encode => "encode",
        Phase::Write => "layout",
        Phase::Dwarf => "dwarf",
    }
}
