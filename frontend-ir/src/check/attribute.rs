//! Attributes: what each is called, where it may stand and what it takes.

use super::MAX_NAME;
use super::declare::{Export, ImportSite};
use super::resolve::Resolver;
use super::suggest::nearest;
use crate::checked::Inline;
use crate::codes;
use crate::ir::{Attribute, AttributeArgument, Path};
use crate::source::Span;

/// What attributes stand on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum On {
    /// `extern fn`
    Import,
    /// A function without a body.
    Stub,
    /// `fn … = wasm { … };`
    Template,
    Function,
    Method,
    Struct,
    Const,
    Static,
    /// `use` and `impl`.
    Other,
}

impl On {
    fn describe(self) -> &'static str {
        match self {
            Self::Import => "an `extern fn`",
            Self::Stub => "a function without a body",
            Self::Template => "a function `= wasm { … }`",
            Self::Function => "a function with a body",
            Self::Method => "a method",
            Self::Struct => "a struct",
            Self::Const => "a constant",
            Self::Static => "a static",
            Self::Other => "a `use` or `impl`",
        }
    }
}

/// An attribute that the language knows.
struct Known {
    name: &'static str,
    /// What it may stand on.
    on: &'static [On],
    /// How it is written.
    usage: &'static str,
}

const FUNCTIONS: &[On] = &[On::Function, On::Method, On::Template, On::Stub];

const KNOWN: &[Known] = &[
    Known { name: "wasm_import", on: &[On::Import], usage: "wasm_import(\"module\", \"name\")" },
    Known {
        name: "wasm_export",
        on: &[On::Function, On::Method, On::Template, On::Stub, On::Static],
        usage: "wasm_export(\"name\")",
    },
    Known { name: "intrinsic", on: &[On::Stub, On::Const], usage: "intrinsic(path::of::a::row)" },
    Known { name: "inline", on: FUNCTIONS, usage: "inline` or `inline(never)" },
    Known { name: "cold", on: &[On::Function, On::Method, On::Import], usage: "cold" },
    Known { name: "start", on: &[On::Function], usage: "start" },
    Known { name: "at_exit", on: &[On::Function], usage: "at_exit" },
    Known {
        name: "deprecated",
        on: &[
            On::Import,
            On::Stub,
            On::Template,
            On::Function,
            On::Method,
            On::Struct,
            On::Const,
            On::Static,
        ],
        usage: "deprecated` or `deprecated(\"why\")",
    },
];

/// What the attributes of one item say.
#[derive(Debug)]
pub(crate) struct Attributes {
    pub(crate) import: Option<ImportSite>,
    pub(crate) exports: Vec<Export>,
    /// The row's path and where the attribute stands.
    pub(crate) intrinsic: Option<(Path, Span)>,
    pub(crate) inline: Inline,
    pub(crate) cold: bool,
    pub(crate) start: Option<Span>,
    pub(crate) at_exit: Option<Span>,
    pub(crate) deprecated: Option<Box<str>>,
}

impl Resolver<'_> {
    /// Reads the attributes of something.
    pub(crate) fn attributes(&mut self, attributes: &[Attribute], on: On) -> Attributes {
        let mut read = Attributes::default();
        for (index, attribute) in attributes.iter().enumerate() {
            // `tool::…` belongs to somebody else.
            let [name] = &*attribute.path.segments else { continue };
            let text = self.text(*name);
            let Some(known) = KNOWN.iter().find(|known| known.name == text) else {
                let mut error = self.error(
                    codes::UNKNOWN_ATTRIBUTE,
                    name.span,
                    format!("there is no attribute `{text}`"),
                );
                error = match nearest(text, KNOWN.iter().map(|known| known.name)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => {
                        error.help(format!("attributes of tools have a path: `#[tool::{text}]`"))
                    }
                };
                self.report(error);
                continue;
            };
            if !known.on.contains(&on) {
                let wanted: Vec<&str> = known.on.iter().map(|on| on.describe()).collect();
                let error = self
                    .error(
                        codes::ATTRIBUTE,
                        attribute.span,
                        format!("`{text}` cannot stand on {}", on.describe()),
                    )
                    .note(format!("it stands on {}", wanted.join(", ")));
                self.report(error);
                continue;
            }
            let same = |first: &&Attribute| matches!(&*first.path.segments, [first] if first.name == name.name);
            if text != "wasm_export"
                && let Some(first) = attributes[..index].iter().find(same)
            {
                let error = self
                    .error(codes::ATTRIBUTE, attribute.span, format!("`{text}` stands here twice"))
                    .label(self.place(first.span), "first here")
                    .help("remove one of them");
                self.report(error);
                continue;
            }
            if !self.attribute(&mut read, text, attribute) {
                let error = self
                    .error(
                        codes::ATTRIBUTE,
                        attribute.span,
                        format!("`{text}` has other arguments"),
                    )
                    .help(format!("write `{}`", known.usage));
                self.report(error);
            }
            if matches!(text, "wasm_import" | "wasm_export") {
                self.limit_names(attribute);
            }
        }
        read
    }

    /// Reports names that are longer than engines take.
    fn limit_names(&mut self, attribute: &Attribute) {
        for argument in &attribute.arguments {
            let AttributeArgument::Text(name, span) = argument else { continue };
            if name.len() > MAX_NAME {
                let message = format!("this name has {} bytes", name.len());
                let error = self
                    .error(codes::TOO_LARGE, *span, message)
                    .note(format!("engines take at most {MAX_NAME}"))
                    .help("choose a shorter name");
                self.report(error);
            }
        }
    }

    /// Notes one attribute; whether its arguments are right.
    fn attribute(&self, read: &mut Attributes, name: &str, attribute: &Attribute) -> bool {
        match (name, &attribute.arguments[..]) {
            (
                "wasm_import",
                [
                    AttributeArgument::Text(module, module_span),
                    AttributeArgument::Text(name, name_span),
                ],
            ) => {
                read.import = Some(ImportSite {
                    module: module.clone(),
                    name: name.clone(),
                    module_span: *module_span,
                    name_span: *name_span,
                });
            }
            ("wasm_export", [AttributeArgument::Text(name, span)]) => {
                read.exports.push((name.clone(), *span))
            }
            ("intrinsic", [AttributeArgument::Path(path)]) => {
                read.intrinsic = Some((path.clone(), attribute.span))
            }
            ("inline", []) => read.inline = Inline::Hint,
            ("inline", [AttributeArgument::Path(path)])
                if path.segments.len() == 1 && self.text(path.last()) == "never" =>
            {
                read.inline = Inline::Never;
            }
            ("cold", []) => read.cold = true,
            ("start", []) => read.start = Some(attribute.span),
            ("at_exit", []) => read.at_exit = Some(attribute.span),
            ("deprecated", []) => read.deprecated = Some("".into()),
            ("deprecated", [AttributeArgument::Text(why, _)]) => {
                read.deprecated = Some(why.clone())
            }
            _ => return false,
        }
        true
    }
}
