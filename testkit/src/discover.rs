//! Folders ⇒ the test files in them, in an order that does not depend on the machine.

use std::path::{Path, PathBuf};

/// All `.swir` files at or under `path`, sorted. Folders named `snapshots` and hidden ones are left out.
///
/// # Errors
/// When a folder cannot be read.
pub fn swir_files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            if path.is_dir() {
                if name != "snapshots" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "swir") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The tests at or under `path`: its `.swir` files but for those that another one names with `//@ module-file:`, or uses from beside it.
///
/// # Errors
/// When a folder cannot be read.
pub fn discover(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = swir_files(path)?;
    let parts = parts(&files);
    files.retain(|file| !parts.contains(&canonical(file)));
    Ok(files)
}

/// The files that are part of another test. One with directives of its own is a test whoever uses it.
fn parts(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut parts = Vec::new();
    for file in files {
        let folder = file.parent().unwrap_or(Path::new(""));
        for line in text(file).lines().map(str::trim) {
            let named = line.strip_prefix("//@ module-file:").map(|name| folder.join(name.trim()));
            let used = line
                .strip_prefix("use ")
                .and_then(|rest| rest.split([':', ';', ' ']).next())
                .map(|name| folder.join(name).with_extension("swir"));
            let others = named.into_iter().chain(used).filter(|part| part != file);
            parts.extend(others.map(|part| canonical(&part)));
        }
    }
    parts.retain(|part| {
        part.is_file() && !text(part).lines().any(|line| line.trim_start().starts_with("//@"))
    });
    parts
}

fn canonical(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

fn text(file: &Path) -> String {
    // What cannot be read is told when it is run.
    std::fs::read(file)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}
