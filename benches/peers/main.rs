//! WebAssembly files ⇒ a table of what reading and writing them costs: swasm-tree beside walrus and wasmparser's validation.
//!
//! `swasm-peers [--generate] [--write-doc] [FILE.wasm …]`: `--generate` adds modules of 100 KB, 1 MB, 5 MB and 30 MB; `--write-doc` writes the
//! table to docs/performance-peers.md. Every file is measured in processes of its own (this program, called with `--times` or
//! `--once`). Linux only: memory is what the kernel says in `/proc`.

mod generate;
mod measure;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use measure::{WAYS, Way};

/// Sizes of the modules that are generated, and their names.
const SIZES: [(usize, &str); 4] = [
    (100_000, "generated 100 KB"),
    (1_000_000, "generated 1 MB"),
    (5_000_000, "generated 5 MB"),
    (30_000_000, "generated 30 MB"),
];

/// What was measured of one file.
struct Figures {
    name: String,
    bytes: u64,
    operators: u64,
    /// Nanoseconds, by way: again and again in one process.
    times: Vec<u64>,
    /// Once in a process that has done nothing else.
    once: [u64; WAYS.len()],
    /// Bytes, by way.
    memory: [u64; WAYS.len()],
}

/// In how many processes each way is tried once.
const PROCESSES: usize = 15;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["--times", file] => load(file).and_then(|bytes| {
            measure::check(&bytes)?;
            let operators = measure::operators(&bytes)?;
            let times = measure::times(&bytes)?;
            let numbers = [bytes.len() as u64, operators].into_iter().chain(times);
            Ok(numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" "))
        }),
        ["--once", way, file] => WAYS
            .into_iter()
            .find(|known| format!("{known:?}") == way)
            .ok_or_else(|| format!("there is no way {way}"))
            .and_then(|way| {
                let once = measure::once(way, &load(file)?)?;
                Ok(format!("{} {}", once.time, once.memory))
            }),
        _ => report(&arguments),
    };
    let (text, code) = match result {
        Ok(text) => (text, ExitCode::SUCCESS),
        Err(error) => (format!("error: {error}"), ExitCode::FAILURE),
    };
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn load(file: &str) -> Result<Arc<[u8]>, String> {
    Ok(std::fs::read(file).map_err(|error| format!("{file}: {error}"))?.into())
}

/// The file, or one with what is generated under this name: those who measure have not generated anything.
fn path(file: &str) -> Result<PathBuf, String> {
    let Some((size, name)) = SIZES.into_iter().find(|(_, name)| *name == file) else {
        return Ok(file.into());
    };
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, generate::module(size)).map_err(|error| format!("{file}: {error}"))?;
    Ok(path)
}

/// Runs this program on one file.
fn child(arguments: &[&str]) -> Result<Vec<u64>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output =
        Command::new(program).args(arguments).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}{errors}", arguments.join(" "), text.trim()));
    }
    text.split_whitespace()
        .map(|word| word.parse().map_err(|_| format!("not a number: {word}")))
        .collect()
}

fn figures(file: &str) -> Result<Figures, String> {
    let path = path(file)?;
    let file = path.to_str().ok_or("a path that is no text")?;
    let numbers = child(&["--times", file])?;
    let [bytes, operators, times @ ..] = &numbers[..] else {
        return Err(format!("{file}: no figures"));
    };
    let (mut once, mut memory) = ([u64::MAX; WAYS.len()], [0; WAYS.len()]);
    for _ in 0..PROCESSES {
        for ((way, once), memory) in WAYS.into_iter().zip(&mut once).zip(&mut memory) {
            let [time, most] = child(&["--once", &format!("{way:?}"), file])?[..] else {
                return Err(format!("{file}: no figures"));
            };
            *once = time.min(*once);
            *memory = most.max(*memory);
        }
    }
    // The file's own name will do: where it lies is nobody's business.
    let name = file.rsplit('/').next().unwrap_or(file).to_owned();
    Ok(Figures { name, bytes: *bytes, operators: *operators, times: times.to_vec(), once, memory })
}

fn report(arguments: &[&str]) -> Result<String, String> {
    let (flags, mut files): (Vec<&str>, Vec<&str>) =
        arguments.iter().partition(|argument| argument.starts_with("--"));
    if let Some(unknown) = flags.iter().find(|flag| !["--generate", "--write-doc"].contains(flag)) {
        return Err(format!("there is no flag {unknown}"));
    }
    if flags.contains(&"--generate") {
        files.splice(0..0, SIZES.map(|(_, name)| name));
    }
    if files.is_empty() {
        return Err("name some .wasm files, or say --generate".to_owned());
    }
    let mut all = Vec::new();
    for file in files {
        // One bad file does not spoil the others.
        match figures(file) {
            Ok(figures) => all.push(figures),
            Err(error) => writeln!(std::io::stderr(), "left out: {error}")
                .map_err(|error| error.to_string())?,
        }
    }
    let tables = tables(&all);
    if flags.contains(&"--write-doc") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance-peers.md");
        std::fs::write(path, format!("{HEAD}\n{tables}")).map_err(|error| error.to_string())?;
    }
    Ok(tables)
}

const fn title(way: Way) -> &'static str {
    match way {
        Way::Validate => "validation alone",
        Way::Walrus => "walrus",
        Way::Untouched => "untouched",
        Way::Reencode => "every body built",
        Way::Verify => "built and verified",
    }
}

/// The measured part of the document.
fn tables(all: &[Figures]) -> String {
    let walrus = WAYS.iter().position(|way| *way == Way::Walrus).unwrap_or(0);
    let header = |first: &str| {
        let titles: Vec<&str> = WAYS.into_iter().map(title).collect();
        let rule = "---|".repeat(WAYS.len());
        (format!("| {first} | {} |\n", titles.join(" | ")), rule)
    };
    let mut out = String::new();
    let mut text = |line: String| out.push_str(&line);
    let (titles, rule) = header("file | bytes | operators");
    text(
        "## Time\n\nNanoseconds per operator, and how many times faster than walrus.\n".to_owned(),
    );
    let kinds: [(&str, fn(&Figures) -> &[u64]); 2] = [
        ("Once, in a process that has done nothing else", |figures| &figures.once),
        ("Again and again, in one process", |figures| &figures.times),
    ];
    for (kind, times) in kinds {
        text(format!("\n### {kind}\n\n{titles}|---|---|---|{rule}\n"));
        for figures in all {
            let times = times(figures);
            let cell = |&time: &u64| {
                let per_operator = time as f64 / figures.operators.max(1) as f64;
                let ratio = times[walrus] as f64 / time.max(1) as f64;
                format!("{per_operator:.1} ({ratio:.2})")
            };
            let cells: Vec<String> = times.iter().map(cell).collect();
            let Figures { name, bytes, operators, .. } = figures;
            text(format!("| {name} | {bytes} | {operators} | {} |\n", cells.join(" | ")));
        }
    }
    let (titles, rule) = header("file");
    text(format!("\n### Megabytes of input per second, once\n\n{titles}|---|{rule}\n"));
    for figures in all {
        let speed = |&time: &u64| format!("{:.0}", figures.bytes as f64 * 1e3 / time.max(1) as f64);
        let cells: Vec<String> = figures.once.iter().map(speed).collect();
        text(format!("| {} | {} |\n", figures.name, cells.join(" | ")));
    }
    text(format!(
        "\n## Memory\n\nPeak beside the file itself, in bytes per byte of the file.\n\n{titles}|---|{rule}\n"
    ));
    for figures in all {
        let share = |&most: &u64| format!("{:.2}", most as f64 / figures.bytes.max(1) as f64);
        let cells: Vec<String> = figures.memory.iter().map(share).collect();
        text(format!("| {} | {} |\n", figures.name, cells.join(" | ")));
    }
    out
}

/// What stands above the tables.
const HEAD: &str = include_str!("head.md");
