//! WebAssembly files ⇒ a table of what reading and writing them costs: swasm-tree beside walrus and wasmparser's validation.
//!
//! `swasm-peers [--generate] [--write-doc] [FILE.wasm …]`: `--generate` adds modules of 100 KB, 1 MB, 5 MB and 30 MB; `--write-doc` writes the
//! table to docs/performance-peers.md. Every file is measured in processes of its own (this program, called with `--times` or
//! `--memory`). Linux only: memory is what the kernel says in `/proc`.

mod generate;
mod measure;

use std::io::Write as _;
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
    /// Nanoseconds, by way.
    times: Vec<u64>,
    /// Bytes, by way.
    memory: Vec<u64>,
}

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
        ["--memory", way, file] => WAYS
            .into_iter()
            .find(|known| format!("{known:?}") == way)
            .ok_or_else(|| format!("there is no way {way}"))
            .and_then(|way| Ok(measure::memory(way, &load(file)?)?.to_string())),
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

/// The bytes of a file, or of the module that is generated under this name.
fn load(file: &str) -> Result<Arc<[u8]>, String> {
    let generated = SIZES.into_iter().find(|(_, name)| *name == file);
    match generated {
        Some((size, _)) => Ok(generate::module(size).into()),
        None => Ok(std::fs::read(file).map_err(|error| format!("{file}: {error}"))?.into()),
    }
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
    let numbers = child(&["--times", file])?;
    let [bytes, operators, times @ ..] = &numbers[..] else {
        return Err(format!("{file}: no figures"));
    };
    let mut memory = Vec::new();
    for way in WAYS {
        memory.extend(child(&["--memory", &format!("{way:?}"), file])?);
    }
    // The file's own name will do: where it lies is nobody's business.
    let name = file.rsplit('/').next().unwrap_or(file).to_owned();
    Ok(Figures { name, bytes: *bytes, operators: *operators, times: times.to_vec(), memory })
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
    text(format!(
        "## Time\n\nNanoseconds per operator, and how many times faster than walrus.\n\n{titles}|---|---|---|{rule}\n"
    ));
    for figures in all {
        let cells: Vec<String> = figures
            .times
            .iter()
            .map(|&time| {
                let per_operator = time as f64 / figures.operators.max(1) as f64;
                let ratio = figures.times[walrus] as f64 / time.max(1) as f64;
                format!("{per_operator:.1} ({ratio:.2})")
            })
            .collect();
        let Figures { name, bytes, operators, .. } = figures;
        text(format!("| {name} | {bytes} | {operators} | {} |\n", cells.join(" | ")));
    }
    let (titles, rule) = header("file");
    text(format!("\nMegabytes of input per second.\n\n{titles}|---|{rule}\n"));
    for figures in all {
        let speed = |&time: &u64| format!("{:.0}", figures.bytes as f64 * 1e3 / time.max(1) as f64);
        let cells: Vec<String> = figures.times.iter().map(speed).collect();
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
