//! File names ⇒ a checked program, or a WebAssembly module that exists already.
//!
//! Invariant: all files are read, whatever is wrong with some, so that one run reports everything.

use std::io::Read;
use std::path::{Path, PathBuf};

use swasm::{Checked, Diagnostic, Diagnostics, LinkedModule, Program, codes};

use crate::Failure;
use crate::args::{Check, Inputs};
use crate::report::Report;
use crate::timings::Timings;

/// What a verb is given if no file is named.
const PROJECT: &str = "src/main.swir";
/// The most bytes read of one file: what the text's positions can count.
const MAX_FILE: u64 = swasm::MAX_TEXT as u64;

/// `swasm check`
pub(crate) fn check(check: &Check, report: &Report) -> Result<i32, Failure> {
    let sources = Sources::read(&check.inputs)?;
    match sources.module {
        Some(_) => Err(Failure::Usage(
            "a WebAssembly module is not checked but run; name `.swir` files".to_owned(),
        )),
        None => sources.check(report, &mut Timings::new(false)).map(|_| 0),
    }
}

/// What the named files are.
pub(crate) struct Sources {
    program: Program,
    /// The module that was named instead of a program.
    pub(crate) module: Option<Vec<u8>>,
    /// The modules to link.
    pub(crate) links: Vec<LinkedModule>,
    /// All files read, in order; standard input is none.
    pub(crate) files: Vec<PathBuf>,
    /// The name of outputs: the first file's stem, or the project folder's.
    pub(crate) stem: String,
}

impl Sources {
    /// Reads the named files, and those beside them whose modules they use.
    pub(crate) fn read(inputs: &Inputs) -> Result<Self, Failure> {
        let project = [PathBuf::from(PROJECT)];
        let (files, stem) = match &*inputs.files {
            [] if !Path::new(PROJECT).exists() => {
                let message = format!(
                    "there is no `{PROJECT}` here; name a file, or make a program with `swasm new`"
                );
                return Err(Diagnostics::from(Diagnostic::global(codes::NO_FILE, message)).into());
            }
            [] => (&project[..], folder_name()),
            files => (files, stem(&files[0])),
        };
        let stem = if stem == "-" { "out".to_owned() } else { stem };
        let mut sources = Self {
            program: Program::new(),
            module: None,
            links: Vec::new(),
            files: Vec::new(),
            stem,
        };
        let mut seen = Vec::new();
        for path in files {
            let same = path.canonicalize().unwrap_or_else(|_| path.clone());
            if seen.contains(&same) {
                let message = format!("`{}` is named twice", path.display());
                return Err(Failure::Usage(message));
            }
            seen.push(same);
            match read(path) {
                Ok(bytes) => sources.add(path, bytes, files.len())?,
                Err(diagnostic) => sources.program.report(diagnostic),
            }
        }
        sources.add_used(files)?;
        Ok(sources)
    }

    /// Reads the modules to link: `[NAME=]FILE` each.
    pub(crate) fn link(mut self, links: &[String]) -> Result<Self, Failure> {
        if self.module.is_some() && !links.is_empty() {
            return Err(Failure::Usage(
                "`--link` is for programs; a WebAssembly module is linked already".to_owned(),
            ));
        }
        for link in links {
            let (name, path) = match link.split_once('=') {
                Some((name, path)) => (name.to_owned(), Path::new(path)),
                None => (stem(Path::new(link)), Path::new(link)),
            };
            match bytes_of_module(path) {
                Ok(bytes) => self.links.push(LinkedModule { name, bytes: bytes.into() }),
                Err(diagnostic) => self.program.report(diagnostic),
            }
            if path != Path::new("-") {
                self.files.push(path.to_owned());
            }
        }
        Ok(self)
    }

    fn add(&mut self, path: &Path, bytes: Vec<u8>, named: usize) -> Result<(), Failure> {
        if path != Path::new("-") {
            self.files.push(path.to_owned());
        }
        let is_wat = path.extension().is_some_and(|extension| extension == "wat");
        let is_wasm = path.extension().is_some_and(|extension| extension == "wasm")
            || bytes.starts_with(b"\0asm");
        if !is_wat && !is_wasm {
            self.program.text(&name(path), bytes);
            return Ok(());
        }
        if named > 1 {
            return Err(Failure::Usage(format!(
                "`{}` is a module already; it cannot be compiled together with other files",
                path.display()
            )));
        }
        if is_wasm {
            self.module = Some(bytes);
            return Ok(());
        }
        match from_text(path, &bytes) {
            Ok(module) => self.module = Some(module),
            Err(diagnostic) => self.program.report(diagnostic),
        }
        Ok(())
    }

    /// `use b;` of a module that was not named reads `b.swir` beside the first file. What isn't there is the checker's to report.
    fn add_used(&mut self, files: &[PathBuf]) -> Result<(), Failure> {
        let folder = files[0].parent().unwrap_or(Path::new(""));
        let mut asked: Vec<String> = Vec::new();
        loop {
            let missing = self.program.missing_modules();
            let Some(name) = missing.into_iter().find(|name| !asked.contains(name)) else {
                return Ok(());
            };
            let path = folder.join(format!("{name}.swir"));
            if path.exists() {
                match read(&path) {
                    Ok(bytes) => self.add(&path, bytes, 1)?,
                    Err(diagnostic) => self.program.report(diagnostic),
                }
            }
            asked.push(name);
        }
    }

    /// The program's text as the printer writes it, one module after the other; fails if it cannot be read as a program.
    pub(crate) fn to_text(&self) -> Result<String, Failure> {
        Ok(self.program.to_text()?)
    }

    /// Checks the program and says its warnings.
    pub(crate) fn check(self, report: &Report, timings: &mut Timings) -> Result<Checked, Failure> {
        let checked = timings.stage("check", || self.program.check())?;
        let warnings = checked.warnings();
        if !warnings.is_empty() {
            report.diagnostics(&warnings);
        }
        Ok(checked)
    }
}

/// Reads a WebAssembly module in binary or text form, whatever it is called.
pub(crate) fn module(path: &Path) -> Result<Vec<u8>, Failure> {
    bytes_of_module(path).map_err(|diagnostic| Diagnostics::from(diagnostic).into())
}

fn bytes_of_module(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let bytes = read(path)?;
    let is_wat = path.extension().is_some_and(|extension| extension == "wat");
    if is_wat { from_text(path, &bytes) } else { Ok(bytes) }
}

/// A file's name without folders and extension.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "out".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Text form ⇒ binary form.
fn from_text(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Diagnostic> {
    match wat::parse_bytes(bytes) {
        Ok(module) => Ok(module.into_owned()),
        Err(mut error) => {
            error.set_path(path);
            Err(Diagnostic::global(codes::NOT_A_MODULE, error.to_string()))
        }
    }
}

/// The name of the folder we are in.
fn folder_name() -> String {
    let folder = std::env::current_dir().ok();
    let name = folder.as_deref().and_then(Path::file_name);
    name.map_or_else(|| "main".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A file's name in messages and debug information: as it was given, with `/` on every machine.
fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "<stdin>".to_owned()
    } else {
        path.to_string_lossy().replace('\\', "/")
    }
}

/// Reads a file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = Vec::new();
    let shown = path.display();
    let outcome = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes)
    } else if path.is_dir() {
        let help = if path.join(PROJECT).is_file() {
            "run swasm inside it, without a file"
        } else {
            "name the files in it"
        };
        return Err(Diagnostic::global(codes::FOLDER, format!("`{shown}` is a folder")).help(help));
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
    };
    match outcome {
        Ok(_) if bytes.len() as u64 > MAX_FILE => Err(Diagnostic::global(
            codes::CANNOT_READ,
            format!("`{shown}` has more than {MAX_FILE} bytes"),
        )),
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(no_file(path)),
        Err(error) => Err(Diagnostic::global(
            codes::CANNOT_READ,
            format!("`{shown}` cannot be read: {}", reason(&error)),
        )),
    }
}

/// The diagnostic for a file that isn't there, with a file beside it whose name is alike.
fn no_file(path: &Path) -> Diagnostic {
    let diagnostic =
        Diagnostic::global(codes::NO_FILE, format!("there is no file `{}`", path.display()));
    let with_extension = path.with_extension("swir");
    if path.extension().is_none() && with_extension.is_file() {
        return diagnostic.help(format!("did you mean `{}`?", with_extension.display()));
    }
    diagnostic
}

/// An error's reason without the number that Rust puts behind it.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}
