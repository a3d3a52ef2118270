//! Artifacts ⇒ files or standard output. Binary bytes never go to a terminal.

use std::io::{IsTerminal, Write};
use std::path::Path;

use swasm::{Diagnostic, Diagnostics, codes};

use crate::Failure;

/// Writes to a file, or to standard output for `-`.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if path == Path::new("-") {
        if bytes.starts_with(b"\0asm") && std::io::stdout().is_terminal() {
            let message = "a WebAssembly module is no text for a terminal; write it to a file (`-o FILE`), pipe it, or use `--emit wat`";
            return Err(Failure::Usage(message.to_owned()));
        }
        return stdout(bytes);
    }
    std::fs::write(path, bytes).map_err(|error| cannot_write(&path.display().to_string(), &error))
}

/// Whether two names are one file.
pub(crate) fn same(a: &Path, b: &Path) -> bool {
    let absolute = |path: &Path| {
        path.canonicalize()
            .or_else(|_| std::path::absolute(path))
            .unwrap_or_else(|_| path.to_owned())
    };
    absolute(a) == absolute(b)
}

/// Writes text to standard output. A reader that has gone away ends the command without a word, as it does others.
pub(crate) fn stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::Silent),
        Err(error) => Err(cannot_write("standard output", &error)),
    }
}

/// The diagnostic for a file that cannot be written.
pub(crate) fn cannot_write(name: &str, error: &std::io::Error) -> Failure {
    let diagnostic = Diagnostic::global(
        codes::CANNOT_WRITE,
        format!("`{name}` cannot be written: {}", crate::input::reason(error)),
    );
    Diagnostics::from(diagnostic).into()
}
