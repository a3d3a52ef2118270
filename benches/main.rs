//! Measures the compiler and rewrites docs/performance.md: `cargo run --release -p swasm-benches`.
//!
//! Every figure is taken in a process of its own (this program, called with a case): time on its one thread, the best of several
//! rounds; peak memory as the kernel saw it. Linux only: that comes from `/proc`.

use std::fmt::Write as _;
use std::process::Command;

use swasm_benches::{SHAPES, Shape, large_function, many_functions};
use swasm_linker::{OptLevel, Options, Phase, Program};

/// Rounds of one case; the best counts.
const ROUNDS: usize = 9;
/// Functions of the modules.
const MODULES: [usize; 3] = [1_000, 10_000, 50_000];
/// Statements of the large functions.
const SIZES: [usize; 4] = [500, 2_000, 8_000, 32_000];

/// One case's figures, in nanoseconds unless named otherwise.
#[derive(Clone, Debug, Default)]
struct Figures {
    parse: u64,
    check: u64,
    phases: [u64; 7],
    text_bytes: u64,
    wasm_bytes: u64,
    operators: u64,
    peak_bytes: u64,
}

/// A case: what to compile and how.
#[derive(Clone, Copy, Debug)]
struct Case {
    shape: Option<Shape>,
    size: usize,
    level: OptLevel,
}

impl Case {
    fn text(self) -> String {
        match self.shape {
            None => many_functions(self.size),
            Some(shape) => large_function(shape, self.size),
        }
    }

    fn arguments(self) -> [String; 3] {
        let shape = self.shape.map_or("-".to_owned(), |shape| format!("{shape:?}"));
        [shape, self.size.to_string(), format!("{:?}", self.level)]
    }

    fn parse(arguments: &[String]) -> Option<Case> {
        let [shape, size, level] = arguments else { return None };
        let shape = SHAPES.into_iter().find(|known| format!("{known:?}") == *shape);
        let level = if level == "O0" { OptLevel::O0 } else { OptLevel::O1 };
        Some(Case { shape, size: size.parse().ok()?, level })
    }
}

/// Wall time in nanoseconds: on one thread, and the best of several rounds, close to CPU time. (The kernel's own count of CPU time moves in
/// steps of milliseconds.)
fn clock() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let elapsed = START.get_or_init(std::time::Instant::now).elapsed();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

/// The most memory this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Compiles the case several times and takes the best times; the first round, without a clock inside linking, tells the memory.
fn measure(case: Case) -> Figures {
    let options = Options { opt_level: case.level, ..Options::default() };
    let mut best = Figures::default();
    let rounds = if case.size >= 10_000 { 4 } else { ROUNDS };
    for round in 0..rounds {
        let text = case.text();
        let mut figures = Figures { text_bytes: text.len() as u64, ..Figures::default() };
        let start = clock();
        let mut program = Program::default();
        program.text("bench.swir", text.as_bytes());
        let parsed = clock();
        // The program has its own copy.
        drop(text);
        assert!(
            program.diagnostics.is_empty(),
            "generated text parses: {:?}",
            program.diagnostics.first()
        );
        let checked = program.check().unwrap_or_else(|failed| {
            panic!("generated text checks: {:?}", failed.diagnostics.first())
        });
        let done = clock();
        figures.parse = parsed - start;
        figures.check = done - parsed;
        let artifact = if round == 0 {
            swasm_linker::link(&checked, &options)
        } else {
            // The clock is asked every time a phase begins: time since then belongs to the phase before.
            let mut last: Option<(Phase, u64)> = None;
            let mut phases = [0u64; 7];
            let artifact = swasm_linker::link_observed(&checked, &options, &mut |phase| {
                let now = clock();
                if let Some((phase, since)) = last.replace((phase, now)) {
                    phases[phase as usize] += now - since;
                }
            });
            if let Some((phase, since)) = last {
                phases[phase as usize] += clock() - since;
            }
            figures.phases = phases;
            artifact
        }
        .unwrap_or_else(|diagnostics| panic!("generated text links: {:?}", diagnostics.first()));
        figures.wasm_bytes = artifact.wasm.len() as u64;
        figures.operators = operators(&artifact.wasm);
        if round == 0 {
            best = figures;
            best.parse = u64::MAX;
            best.check = u64::MAX;
            best.phases = [u64::MAX; 7];
            best.peak_bytes = peak().saturating_sub(BASE_MEMORY);
            continue;
        }
        best.parse = best.parse.min(figures.parse);
        best.check = best.check.min(figures.check);
        for (best, now) in best.phases.iter_mut().zip(figures.phases) {
            *best = (*best).min(now);
        }
    }
    best
}

/// What the process has before it does anything: not counted.
const BASE_MEMORY: u64 = 4 << 20;

/// How many operators a module's functions have.
fn operators(wasm: &[u8]) -> u64 {
    let mut count = 0;
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let Ok(wasmparser::Payload::CodeSectionEntry(body)) = payload {
            let mut reader = body.get_operators_reader().expect("we wrote it");
            while !reader.eof() {
                reader.read().expect("we wrote it");
                count += 1;
            }
        }
    }
    count
}

/// Runs a case in a process of its own.
fn child(case: Case) -> Figures {
    let program = std::env::current_exe().expect("this program has a path");
    let output =
        Command::new(program).args(case.arguments()).output().expect("this program can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{case:?}: {}", String::from_utf8_lossy(&output.stderr));
    let mut numbers = text.split_whitespace().filter_map(|number| number.parse().ok());
    let mut next = || numbers.next().expect("the child prints all figures");
    let mut figures = Figures { parse: next(), check: next(), ..Figures::default() };
    figures.phases = std::array::from_fn(|_| next());
    figures.text_bytes = next();
    figures.wasm_bytes = next();
    figures.operators = next();
    figures.peak_bytes = next();
    figures
}

fn print_figures(figures: &Figures) -> String {
    let mut numbers = vec![figures.parse, figures.check];
    numbers.extend(figures.phases);
    numbers.extend([figures.text_bytes, figures.wasm_bytes, figures.operators, figures.peak_bytes]);
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The exponent `e` of `time = size ^ e` between two measurements.
fn growth(small: (usize, u64), large: (usize, u64)) -> f64 {
    ((large.1.max(1) as f64) / (small.1.max(1) as f64)).ln()
        / ((large.0 as f64) / (small.0 as f64)).ln()
}

impl Figures {
    fn linked(&self) -> u64 {
        self.phases.iter().sum()
    }

    fn per_operator(&self, nanoseconds: u64) -> f64 {
        nanoseconds as f64 / self.operators.max(1) as f64
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(case) = Case::parse(&arguments) {
        let figures = print_figures(&measure(case));
        use std::io::Write as _;
        std::io::stdout().write_all(figures.as_bytes()).expect("the parent reads");
        return;
    }
    let report = report();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");
    let old = std::fs::read_to_string(path).unwrap_or_default();
    let (head, tail) = match (old.split_once(BEGIN), old.split_once(END)) {
        (Some((head, _)), Some((_, tail))) => (head.to_owned(), tail.to_owned()),
        _ => ("# Performance\n\n".to_owned(), "\n".to_owned()),
    };
    std::fs::write(path, format!("{head}{BEGIN}\n{report}{END}{tail}"))
        .expect("the project's folder can be written");
}

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// The tables of docs/performance.md.
fn report() -> String {
    let mut out = String::new();
    let mut line =
        |text: String| writeln!(out, "{text}").expect("writing to a string does not fail");
    for level in [OptLevel::O0, OptLevel::O1] {
        line(format!("\n### Modules of many functions, `-{level:?}`\n"));
        line("| functions | operators | parse | check | reach | lower | optimise | verify | encode | write | DWARF | checked IR to bytes | text to bytes | functions/s | text MB/s | peak memory / output |".to_owned());
        line("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|".to_owned());
        let mut all = Vec::new();
        for size in MODULES {
            let figures = child(Case { shape: None, size, level });
            let per = |nanoseconds| format!("{:.1}", figures.per_operator(nanoseconds));
            let total = figures.parse + figures.check + figures.linked();
            let mut cells = vec![
                size.to_string(),
                figures.operators.to_string(),
                per(figures.parse),
                per(figures.check),
            ];
            cells.extend(figures.phases.iter().map(|phase| per(*phase)));
            cells.push(per(figures.linked()));
            cells.push(per(total));
            cells.push(format!("{:.0}", size as f64 * 1e9 / total as f64));
            cells.push(format!("{:.1}", figures.text_bytes as f64 * 1e3 / total as f64));
            cells.push(format!("{:.1}", figures.peak_bytes as f64 / figures.wasm_bytes as f64));
            line(format!("| {} |", cells.join(" | ")));
            all.push((size, total));
        }
        line(format!(
            "\nTimes are nanoseconds per operator of output, on one thread. Growth from {} to {} functions: n^{:.2}.",
            MODULES[0],
            MODULES[2],
            growth(all[0], all[2])
        ));
    }
    for level in [OptLevel::O0, OptLevel::O1] {
        line(format!("\n### One large function, `-{level:?}`\n"));
        line(
            "| shape | 500 statements | 2,000 | 8,000 | 32,000 | growth 500 to 32,000 |".to_owned(),
        );
        line("|---|---|---|---|---|---|".to_owned());
        for shape in SHAPES {
            let measured: Vec<(usize, Figures)> = SIZES
                .iter()
                .map(|&size| (size, child(Case { shape: Some(shape), size, level })))
                .collect();
            let totals: Vec<(usize, u64)> = measured
                .iter()
                .map(|(size, figures)| (*size, figures.parse + figures.check + figures.linked()))
                .collect();
            let cells: Vec<String> = measured
                .iter()
                .zip(&totals)
                .map(|((_, figures), (_, total))| format!("{:.0}", figures.per_operator(*total)))
                .collect();
            line(format!(
                "| {shape:?} | {} | n^{:.2} |",
                cells.join(" | "),
                growth(totals[0], totals[3])
            ));
        }
        line("\nTimes are nanoseconds per operator of output, from text to bytes.".to_owned());
    }
    out
}
