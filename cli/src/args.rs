//! The command line ⇒ [`Args`]. Whatever is wrong with it is a usage error (status 2) before any file is touched.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use swasm::{LinkedModule, MemoryMode, OptLevel, Options};

/// Turns a typed, Rust-like IR into small WebAssembly modules for WASI, and runs them.
#[derive(Parser, Debug)]
#[command(name = "swasm", version, about, disable_help_subcommand = true, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// How diagnostics are written to standard error.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "human")]
    pub(crate) message_format: MessageFormat,
    /// When to use colours; `NO_COLOR` turns `auto` off.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

const AFTER_HELP: &str = "`swasm FILE` is `swasm run FILE`. `-` as input is standard input, as output standard output.
Exit status: 0 fine, 1 diagnostics or failed tests, 2 usage, 101 a bug of swasm; `run`: the program's own, 134 for a trap.";

/// The verbs.
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Makes a folder with a program that says hello.
    New(New),
    /// Checks a program and writes nothing.
    Check(Check),
    /// Compiles a program to a WebAssembly module.
    Build(Build),
    /// Compiles a program and runs it.
    Run(Run),
    /// Runs the tests that `.swir` files state about themselves.
    Test(Test),
    /// Formats `.swir` files in place.
    Fmt(Fmt),
    /// Optimises a WebAssembly module that somebody else compiled.
    Opt(Opt),
    /// Prints a program or module as text.
    Print(Print),
    /// Explains a diagnostic code.
    Explain(Explain),
}

/// `swasm new`
#[derive(ClapArgs, Debug)]
pub(crate) struct New {
    /// The folder to make; its name is the program's.
    pub(crate) folder: PathBuf,
}

/// The files of a program.
#[derive(ClapArgs, Debug)]
pub(crate) struct Inputs {
    /// The program's files; without one `src/main.swir`. A module that a file uses is looked for beside it.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// `swasm check`
#[derive(ClapArgs, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
}

/// How to compile.
#[derive(ClapArgs, Debug)]
pub(crate) struct Compile {
    /// How much to optimise: 0 nothing, 1 cheap passes, 2 all, s all for size.
    #[arg(short = 'O', value_name = "LEVEL", default_value = "1")]
    pub(crate) opt_level: Level,
    /// How accesses through memory segments are guarded.
    #[arg(long, value_name = "MODE", default_value = "checked")]
    pub(crate) memory: Memory,
    /// Links a WebAssembly module statically: `#[wasm_import("NAME", …)]` names its exports. Without NAME it is called as its file.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub(crate) link: Vec<String>,
    /// Leaves out names, producers and debug information.
    #[arg(long)]
    pub(crate) strip: bool,
    /// How many threads compile; as many as there are processors, if not said. The module is the same.
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    /// Tells on standard error how long each stage took; then there is one thread.
    #[arg(long)]
    pub(crate) timings: bool,
}

impl Compile {
    /// Has linking use as many threads as were asked for.
    pub(crate) fn set_threads(&self) {
        set_threads(self.threads);
    }

    /// The linker's options, with the modules to link.
    pub(crate) fn options(&self, links: Vec<LinkedModule>) -> Options {
        Options {
            links,
            opt_level: self.opt_level.into(),
            memory: match self.memory {
                Memory::Checked => MemoryMode::Checked,
                Memory::Unchecked => MemoryMode::Unchecked,
                Memory::Poison => MemoryMode::Poison,
                Memory::Zero => MemoryMode::Zero,
            },
            strip: self.strip,
            ..Options::default()
        }
    }
}

/// Has whatever compiles use as many threads as were asked for. Later calls change nothing: a process compiles once.
pub(crate) fn set_threads(threads: Option<std::num::NonZeroUsize>) {
    if let Some(threads) = threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get());
        // An error says that there is a pool already.
        let _ = pool.build_global();
    }
}

/// `swasm build`
#[derive(ClapArgs, Debug)]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) compile: Compile,
    /// Where the module goes; the first file's name with `.wasm`, in the current folder, if not said.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// What to write: ir, tree, wat, wasm, dep-info, each with `=PATH` if wanted. Text without a path goes to standard output.
    #[arg(long, value_name = "KIND[=PATH]", value_delimiter = ',', value_parser = emit)]
    pub(crate) emit: Vec<Emit>,
    /// Also writes which files were read, as a rule of a makefile.
    #[arg(long, value_name = "FILE")]
    pub(crate) depfile: Option<PathBuf>,
    /// Prints the functions as they are after this pass, to standard output; `lower` is before the first.
    #[arg(long, value_name = "PASS")]
    pub(crate) dump_after: Vec<String>,
}

/// `swasm run`
#[derive(ClapArgs, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) compile: Compile,
    /// Lets the program see a folder, under a name of its own if one is given.
    #[arg(long, value_name = "HOST[::GUEST]")]
    pub(crate) dir: Vec<String>,
    /// Sets an environment variable of the program; without a value it gets ours.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,
    /// Calls this export with ARGS as values and prints what it returns, instead of running the program.
    #[arg(long, value_name = "NAME")]
    pub(crate) invoke: Option<String>,
    /// Stops the program after so many units of fuel, about one an instruction.
    #[arg(long, value_name = "UNITS")]
    pub(crate) fuel: Option<u64>,
    /// Stops the program after this time, such as 2s or 500ms.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Refuses the program more memory than this, such as 64M.
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub(crate) max_memory: Option<u64>,
    /// The program's arguments.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,
}

/// `swasm test`
#[derive(ClapArgs, Debug)]
pub(crate) struct Test {
    /// Files, or folders that are searched for `.swir` files; `tests` if none is given.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Runs only tests whose path holds this text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Writes snapshots that are missing or differ.
    #[arg(long)]
    pub(crate) bless: bool,
}

/// `swasm fmt`
#[derive(ClapArgs, Debug)]
pub(crate) struct Fmt {
    /// The files; without one all `.swir` files under `src` and `tests`. `-` formats standard input to standard output.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Changes nothing; fails and names the files that are not formatted.
    #[arg(long)]
    pub(crate) check: bool,
}

/// `swasm opt`
#[derive(ClapArgs, Debug)]
pub(crate) struct Opt {
    /// The module, `.wasm` or `.wat`.
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Where the result goes.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// How much to optimise: 0 nothing, 1 cheap passes, 2 all, s all for size.
    #[arg(short = 'O', value_name = "LEVEL", default_value = "1")]
    pub(crate) opt_level: Level,
    /// The passes to run, in order, instead of the level's; `none` copies the code.
    #[arg(long, value_name = "none|PASS,…", value_delimiter = ',')]
    pub(crate) passes: Option<Vec<String>>,
    /// Gives what is named often small indices, has equal functions and types once, and leaves out what nobody needs.
    #[arg(long)]
    pub(crate) renumber: bool,
    /// Leaves out names, producers, debug information and source maps.
    #[arg(long)]
    pub(crate) strip: bool,
    /// How many threads optimise; as many as there are processors, if not said. The module is the same.
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
}

/// `swasm print`
#[derive(ClapArgs, Debug)]
pub(crate) struct Print {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) compile: Compile,
    /// The form: ir (the default for `.swir`), tree (before optimisation), wat (the default for `.wasm` and `.wat`).
    #[arg(long, value_name = "KIND")]
    pub(crate) emit: Option<PrintKind>,
    /// Prints this function of a module only: by its name, the name of its export, or its index. May be given several times.
    #[arg(long, value_name = "NAME", conflicts_with = "skeleton")]
    pub(crate) function: Vec<String>,
    /// Prints a module without the code of its functions.
    #[arg(long)]
    pub(crate) skeleton: bool,
}

/// `swasm explain`
#[derive(ClapArgs, Debug)]
pub(crate) struct Explain {
    /// A code such as SW0207; without one all codes are listed.
    pub(crate) code: Option<String>,
}

/// What `--message-format` takes.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MessageFormat {
    /// With the lines they are about.
    Human,
    /// One line each.
    Short,
    /// One JSON object a line, with rustc's field names.
    Json,
}

/// What `--color` takes.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What `-O` takes.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    /// Nothing.
    #[value(name = "0")]
    O0,
    /// The cheap passes.
    #[value(name = "1")]
    O1,
    /// All passes.
    #[value(name = "2")]
    O2,
    /// All passes, for size.
    #[value(name = "s")]
    Os,
}

impl From<Level> for OptLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::O0 => Self::O0,
            Level::O1 => Self::O1,
            Level::O2 => Self::O2,
            Level::Os => Self::Os,
        }
    }
}

/// What `--memory` takes.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Memory {
    /// Accesses out of bounds trap.
    Checked,
    /// Bounds are the program's duty.
    Unchecked,
    /// Freed memory is never reused, and access to it traps.
    Poison,
    /// Memory is cleared when it is freed.
    Zero,
}

/// What `print --emit` takes.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PrintKind {
    /// The program's own text, as the printer writes it.
    Ir,
    /// The functions before optimisation.
    Tree,
    /// The module.
    Wat,
}

/// A form of the program that `build` writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum EmitKind {
    /// The program as the printer writes it.
    Ir,
    /// The functions before optimisation, as folded text.
    Tree,
    /// The module as text.
    Wat,
    /// The module.
    Wasm,
    /// A makefile's rule.
    DepInfo,
}

impl EmitKind {
    /// The name in `--emit`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ir => "ir",
            Self::Tree => "tree",
            Self::Wat => "wat",
            Self::Wasm => "wasm",
            Self::DepInfo => "dep-info",
        }
    }
}

/// One item of `--emit`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Emit {
    /// What.
    pub(crate) kind: EmitKind,
    /// Where to, if said.
    pub(crate) path: Option<PathBuf>,
}

fn emit(text: &str) -> Result<Emit, String> {
    let (name, path) = match text.split_once('=') {
        Some((name, path)) => (name, Some(PathBuf::from(path))),
        None => (text, None),
    };
    let all = [EmitKind::Ir, EmitKind::Tree, EmitKind::Wat, EmitKind::Wasm, EmitKind::DepInfo];
    match all.into_iter().find(|kind| kind.name() == name) {
        Some(kind) => Ok(Emit { kind, path }),
        None => Err("one of ir, tree, wat, wasm, dep-info is expected".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let malformed = || "a time such as 2s or 500ms is expected".to_owned();
    let (digits, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(malformed)?);
    let number: f64 = digits.parse().map_err(|_| malformed())?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        _ => return Err(malformed()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| malformed())
}

fn size(text: &str) -> Result<u64, String> {
    let malformed = || "a number of bytes such as 65536 or 64M is expected".to_owned();
    let (digits, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = digits.parse().map_err(|_| malformed())?;
    let shift = match unit {
        "" => 0,
        "K" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        _ => return Err(malformed()),
    };
    number.checked_mul(1 << shift).ok_or_else(malformed)
}

/// Puts `run` where `swasm FILE` leaves it out. A word that is no file and no verb stays, for clap to name the verbs.
pub(crate) fn with_verb(mut args: Vec<std::ffi::OsString>) -> Vec<std::ffi::OsString> {
    let Some(first) = args.get(1).map(|first| first.to_string_lossy().into_owned()) else {
        return args;
    };
    let verbs = [
        "new",
        "check",
        "build",
        "run",
        "test",
        "fmt",
        "opt",
        "print",
        "explain",
        "-h",
        "--help",
        "-V",
        "--version",
    ];
    if verbs.contains(&&*first) {
        return args;
    }
    let path = std::path::Path::new(&first);
    let is_file = first == "-"
        || path.extension().is_some()
        || path.components().count() > 1
        || path.is_file();
    // `swasm --color never check` has its verb later.
    let flag_first =
        first.starts_with('-') && !args.iter().any(|arg| verbs.contains(&&*arg.to_string_lossy()));
    if is_file || flag_first {
        args.insert(1, "run".into());
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_file_is_run() {
        let words =
            |words: &[&str]| words.iter().map(Into::into).collect::<Vec<std::ffi::OsString>>();
        assert_eq!(
            with_verb(words(&["swasm", "a.swir", "-O2"])),
            words(&["swasm", "run", "a.swir", "-O2"])
        );
        assert_eq!(with_verb(words(&["swasm", "-"])), words(&["swasm", "run", "-"]));
        assert_eq!(
            with_verb(words(&["swasm", "-O2", "a.swir"])),
            words(&["swasm", "run", "-O2", "a.swir"])
        );
        assert_eq!(with_verb(words(&["swasm", "chek"])), words(&["swasm", "chek"]));
        assert_eq!(
            with_verb(words(&["swasm", "--color", "never", "check"])),
            words(&["swasm", "--color", "never", "check"])
        );
        assert_eq!(with_verb(words(&["swasm"])), words(&["swasm"]));
    }

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!((size("64M"), size("10")), (Ok(64 << 20), Ok(10)));
        assert!(size("M").is_err() && size("1T").is_err() && size("99999999999G").is_err());
        assert_eq!(
            (duration("2s"), duration("1.5s")),
            (Ok(Duration::from_secs(2)), Ok(Duration::from_millis(1500)))
        );
        assert!(
            duration("2").is_err()
                && duration("2h").is_err()
                && duration("").is_err()
                && duration("-1s").is_err()
        );
    }

    #[test]
    fn emits_have_a_kind_and_perhaps_a_path() {
        assert_eq!(emit("wat=a=b"), Ok(Emit { kind: EmitKind::Wat, path: Some("a=b".into()) }));
        assert_eq!(emit("ir"), Ok(Emit { kind: EmitKind::Ir, path: None }));
        assert!(emit("elf").is_err());
    }
}
