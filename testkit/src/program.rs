//! A test file ⇒ its modules, and where in them the functions stand that directives name.
//!
//! Invariant: the modules are what the text says; nothing is added to them.

use std::path::Path;

use swasm_frontend_ir::ir::{self, AttributeArgument, Item, ItemKind};
use swasm_linker::Program;

/// A file of the program under test.
pub(crate) struct SourceFile {
    /// The name in messages and debug information: the file's own, without folders.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) bytes: Vec<u8>,
}

impl SourceFile {
    /// Reads it.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path
            .file_name()
            .map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self { name, bytes })
    }

    /// The text that directives are looked for in.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Where a function stands in a list of modules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    module: usize,
    item: usize,
    /// The number of the method, if `item` is an `impl`.
    method: Option<usize>,
}

/// Finds a function by the path a directive gives: from the first module, or from a module that it begins with.
pub(crate) fn find(modules: &[ir::Module], path: &str) -> Option<Found> {
    // The model's names have no back-ticks.
    let path = &path.replace('`', "");
    let inside = |module: usize, path: &str| {
        functions(&modules[module])
            .find(|(_, name)| name == path)
            .map(|(at, _)| Found { module, ..at })
    };
    inside(0, path).or_else(|| {
        (0..modules.len()).find_map(|module| {
            let rest = path.strip_prefix(&*modules[module].name)?.strip_prefix("::")?;
            inside(module, rest)
        })
    })
}

/// The functions and methods of a module, with their paths inside it. `Found::module` is 0.
fn functions(module: &ir::Module) -> impl Iterator<Item = (Found, String)> {
    module.items.iter().enumerate().flat_map(|(index, item)| {
        let mut found = Vec::new();
        match &item.kind {
            ItemKind::Fn(function) => {
                found.push((
                    Found { module: 0, item: index, method: None },
                    module.names[function.name.name].to_owned(),
                ));
            }
            ItemKind::Impl(block) => {
                let target = match &block.target {
                    ir::Type::Name(name) => *name,
                    ir::Type::Path(path) => path.last(),
                    ir::Type::Unit(_)
                    | ir::Type::Never(_)
                    | ir::Type::Pointer(_)
                    | ir::Type::Error(_) => {
                        return found;
                    }
                };
                for (method, item) in block.items.iter().enumerate() {
                    if let ItemKind::Fn(function) = &item.kind {
                        let path = format!(
                            "{}::{}",
                            &module.names[target.name], &module.names[function.name.name]
                        );
                        found.push((Found { module: 0, item: index, method: Some(method) }, path));
                    }
                }
            }
            ItemKind::Use(_)
            | ItemKind::Const(_)
            | ItemKind::Static { .. }
            | ItemKind::Struct(_) => (),
        }
        found
    })
}

/// The functions with bodies of a module: path inside it, first and last line.
pub(crate) fn lines(module: &ir::Module) -> Vec<(String, u32, u32)> {
    let mut lines = Vec::new();
    for (found, path) in functions(module) {
        let span = item(module, found).span;
        let Some(range) = span.range() else { continue };
        let line = |at: usize| module.source.position(swasm_frontend_ir::Span::text(at, at)).line;
        lines.push((path, line(range.start), line(range.end.saturating_sub(1).max(range.start))));
    }
    lines
}

fn item(module: &ir::Module, found: Found) -> &Item {
    let item = &module.items[found.item];
    match (&item.kind, found.method) {
        (ItemKind::Impl(block), Some(method)) => &block.items[method],
        _ => item,
    }
}

/// A function that directives name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Named {
    /// The path that the linker knows it by.
    pub(crate) path: String,
    /// The name it is exported under: its own, or as a root its path.
    pub(crate) export: String,
    /// Its result type as written, if it is a single name: tells signed from unsigned.
    pub(crate) result: Option<String>,
}

/// What there is to know about the function at `found`.
pub(crate) fn named(modules: &[ir::Module], found: Found) -> Named {
    let module = &modules[found.module];
    let (_, inside) = functions(module)
        .find(|(at, _)| Found { module: found.module, ..*at } == found)
        .expect("`find` found it here");
    let path = format!("{}::{inside}", module.name);
    let item = item(module, found);
    let result = if let ItemKind::Fn(function) = &item.kind
        && let Some(ir::Type::Name(name)) = &function.result
    {
        Some(module.names[name.name].to_owned())
    } else {
        None
    };
    Named { export: exported_as(module, item).unwrap_or_else(|| path.clone()), path, result }
}

/// The name that an item is exported under.
fn exported_as(module: &ir::Module, item: &Item) -> Option<String> {
    item.attributes.iter().find_map(|attribute| match attribute.arguments.first() {
        Some(AttributeArgument::Text(text, _))
            if &module.names[attribute.path.last().name] == "wasm_export" =>
        {
            Some(text.to_string())
        }
        _ => None,
    })
}

/// Whether a function is exported under `name`.
pub(crate) fn exports(modules: &[ir::Module], name: &str) -> bool {
    modules.iter().any(|module| {
        module.items.iter().any(|item| exported_as(module, item).as_deref() == Some(name))
    })
}

/// Parses the files, then the files beside `path` whose modules they use, which are added to them.
pub(crate) fn parse(path: &Path, files: &mut Vec<SourceFile>) -> Result<Program, String> {
    let mut parsed = Program::default();
    for file in files.iter() {
        parsed.text(&file.name, &file.bytes);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut asked = Vec::new();
    while let Some(name) = parsed.missing_modules().into_iter().find(|name| !asked.contains(name)) {
        let beside = folder.join(format!("{name}.swir"));
        if beside.is_file() {
            let file = SourceFile::read(&beside)?;
            parsed.text(&file.name, &file.bytes);
            files.push(file);
        }
        // One that isn't there is the checker's to report, where it is named.
        asked.push(name);
    }
    Ok(parsed)
}
