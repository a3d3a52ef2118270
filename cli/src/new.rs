//! `swasm new`: a name ⇒ a folder with a program in it.

use swasm::{Diagnostic, Diagnostics, codes};

use crate::args::New;
use crate::{Failure, output};

/// The first program: it says hello through WASI's own `fd_write`.
const MAIN: &str = include_str!("new/main.swir");

/// Makes the folder.
pub(crate) fn new(new: &New) -> Result<i32, Failure> {
    let folder = &new.folder;
    if folder.exists() {
        let message = format!("`{}` is there already", folder.display());
        return Err(Diagnostics::from(Diagnostic::global(codes::CANNOT_WRITE, message)).into());
    }
    let source = folder.join("src");
    std::fs::create_dir_all(&source)
        .map_err(|error| output::cannot_write(&source.display().to_string(), &error))?;
    output::write(&source.join("main.swir"), MAIN.as_bytes())?;
    Ok(0)
}
