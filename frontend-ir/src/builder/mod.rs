//! Calls of a front end become an [`ir::Module`](crate::ir::Module): all that the text can say, said from Rust.
//!
//! ```
//! use swasm_frontend_ir::builder::ModuleBuilder;
//! use swasm_frontend_ir::ir::ValueType::I32;
//!
//! let mut m = ModuleBuilder::new("sums");
//! m.function("add").param("a", I32).param("b", I32).result(I32).export("add").value(|f| {
//!     let (a, b) = (f.param(0), f.param(1));
//!     let twice = f.bind("twice", b * 2);
//!     a + twice
//! });
//! let built = m.finish(swasm_frontend_ir::ModuleId(0));
//! assert!(built.diagnostics.is_empty());
//! ```
//!
//! An [`Expr`] is used once, and the compiler sees to it; a [`Local`] as often as one likes. An expression that nothing uses is a statement
//! where it was made (`f.call("g", ());`), a name or a literal that nothing uses is nothing. Blocks are closures; what they return is their
//! value.
//!
//! Invariant: no call panics. What cannot be said becomes an `Error` node and a diagnostic that names the file and line of the call.

mod code;
mod item;
mod parts;
mod value;

use std::panic::Location;

pub use code::Code;
pub use item::{
    Argument, FunctionBuilder, GlobalBuilder, ImplBuilder, Ownership, StructBuilder, UseBuilder,
};
pub use parts::{Branches, DataBuilder, Labelled, LetBuilder, MatchBuilder, Pat, StructValue};
pub use value::{Arguments, Expr, Local, Tail, Value};

use crate::codes;
use crate::diagnostic::{Code as DiagnosticCode, Diagnostic, ModuleId, Place};
use crate::ir::{Ident, Item, Module, Name, Names, Path, PointerType, Type, ValueType};
use crate::literal;
use crate::parser::Parsed;
use crate::source::{Position, Source, Span};

/// Builds a module item by item.
#[derive(Debug)]
pub struct ModuleBuilder {
    name: Box<str>,
    docs: Vec<Box<str>>,
    items: Vec<Item>,
    ground: Ground,
}

/// What items and bodies are built on: names, positions, mistakes.
#[derive(Debug)]
struct Ground {
    names: Names,
    source: Source,
    diagnostics: Vec<Diagnostic>,
}

impl Ground {
    fn span(&mut self, location: &Location<'_>) -> Span {
        let last = self.source.positions.last();
        // The same file again, most often: no new text for its name.
        let file = match last {
            Some(last) if *last.file == *location.file() => last.file.clone(),
            _ => location.file().into(),
        };
        self.source.add_position(Position {
            file,
            line: location.line(),
            column: location.column(),
        })
    }

    fn error(&mut self, code: DiagnosticCode, span: Span, message: impl Into<String>, help: &str) {
        // The module's number is known when it is finished.
        self.diagnostics
            .push(Diagnostic::error(code, Place { module: ModuleId(0), span }, message).help(help));
    }

    fn name(&mut self, text: &str, span: Span) -> Name {
        if text.is_empty() {
            self.error(
                codes::BUILDER_NAME,
                span,
                "a name has at least one character",
                "give it a name",
            );
        }
        self.names.intern(text)
    }

    fn ident(&mut self, text: &str, span: Span) -> Ident {
        Ident { name: self.name(text, span), span }
    }

    fn path(&mut self, path: impl IntoPath, span: Span) -> Path {
        let mut segments = Vec::new();
        path.segments(&mut |segment| segments.push(segment.to_owned()));
        if segments.is_empty() {
            segments.push(String::new());
        }
        Path { segments: segments.iter().map(|segment| self.ident(segment, span)).collect() }
    }

    fn ty(&mut self, ty: Ty, span: Span) -> Type {
        self.ty_within(ty, span, 0)
    }

    fn ty_within(&mut self, ty: Ty, span: Span, depth: u32) -> Type {
        if depth > crate::nesting::MAX_NESTING {
            self.error(
                codes::NESTING,
                span,
                "this type nests too deep",
                "use an `extern fn` of fewer levels",
            );
            return Type::Error(span);
        }
        match ty {
            Ty::Value(ty) => Type::path(self.path(literal::type_name(ty), span)),
            Ty::Named(path) => Type::path(self.path(&path[..], span)),
            Ty::Unit => Type::Unit(span),
            Ty::Never => Type::Never(span),
            Ty::Pointer(params, result) => Type::Pointer(Box::new(PointerType {
                params: params
                    .into_iter()
                    .map(|param| self.ty_within(param, span, depth + 1))
                    .collect(),
                result: result.map(|result| self.ty_within(*result, span, depth + 1)),
                span,
            })),
        }
    }
}

/// A type as it is written.
#[derive(Clone, Debug)]
pub enum Ty {
    /// A scalar.
    Value(ValueType),
    /// `a::S`, name by name.
    Named(Vec<String>),
    /// `()`
    Unit,
    /// `!`
    Never,
    /// `extern fn(A) -> B`; without a result it gives `()`.
    Pointer(Vec<Ty>, Option<Box<Ty>>),
}

impl From<ValueType> for Ty {
    fn from(ty: ValueType) -> Self {
        Self::Value(ty)
    }
}

impl From<&str> for Ty {
    fn from(path: &str) -> Self {
        Self::Named(path.split("::").map(str::to_owned).collect())
    }
}

/// A path: `"a::b"`, or its names one by one (`["a", "b::c"]`) when a name holds `::`.
pub trait IntoPath {
    /// Hands its names on, in order.
    fn segments(&self, put: &mut dyn FnMut(&str));
}

impl IntoPath for &str {
    fn segments(&self, put: &mut dyn FnMut(&str)) {
        self.split("::").for_each(put);
    }
}

impl IntoPath for String {
    fn segments(&self, put: &mut dyn FnMut(&str)) {
        self.split("::").for_each(put);
    }
}

impl IntoPath for &String {
    fn segments(&self, put: &mut dyn FnMut(&str)) {
        self.split("::").for_each(put);
    }
}

impl<const N: usize> IntoPath for [&str; N] {
    fn segments(&self, put: &mut dyn FnMut(&str)) {
        self.iter().copied().for_each(put);
    }
}

impl IntoPath for &[&str] {
    fn segments(&self, put: &mut dyn FnMut(&str)) {
        self.iter().copied().for_each(put);
    }
}

impl IntoPath for &[String] {
    fn segments(&self, put: &mut dyn FnMut(&str)) {
        self.iter().map(String::as_str).for_each(put);
    }
}

impl ModuleBuilder {
    /// A module with a name, which may be a path (`a::b`).
    #[track_caller]
    pub fn new(name: &str) -> Self {
        let location = Location::caller();
        let mut ground = Ground {
            names: Names::default(),
            source: Source::built(location.file()),
            diagnostics: Vec::new(),
        };
        if name.is_empty() {
            let span = ground.span(location);
            ground.error(
                codes::BUILDER_NAME,
                span,
                "a module has a name",
                "give it one, of at least one character",
            );
        }
        Self { name: name.into(), docs: Vec::new(), items: Vec::new(), ground }
    }

    /// Adds lines of documentation.
    pub fn doc(&mut self, text: &str) -> &mut Self {
        add_docs(&mut self.docs, text);
        self
    }

    /// `use path;`
    #[track_caller]
    pub fn use_(&mut self, path: impl IntoPath) {
        self.uses().path(path).end();
    }

    /// A `use` of several paths.
    #[track_caller]
    pub fn uses(&mut self) -> UseBuilder<'_> {
        let span = self.ground.span(Location::caller());
        UseBuilder::new(&mut self.ground, &mut self.items, span)
    }

    /// `const name: ty = …;`
    #[track_caller]
    pub fn constant(&mut self, name: &str, ty: impl Into<Ty>) -> GlobalBuilder<'_> {
        self.global(Ownership::Const, name, ty.into())
    }

    /// `static name: ty = …;`
    #[track_caller]
    pub fn static_(&mut self, name: &str, ty: impl Into<Ty>) -> GlobalBuilder<'_> {
        self.global(Ownership::Static, name, ty.into())
    }

    /// `static mut name: ty = …;`
    #[track_caller]
    pub fn static_mut(&mut self, name: &str, ty: impl Into<Ty>) -> GlobalBuilder<'_> {
        self.global(Ownership::StaticMut, name, ty.into())
    }

    #[track_caller]
    fn global(&mut self, ownership: Ownership, name: &str, ty: Ty) -> GlobalBuilder<'_> {
        let span = self.ground.span(Location::caller());
        GlobalBuilder::new(&mut self.ground, &mut self.items, ownership, name, ty, span)
    }

    /// `fn name`
    #[track_caller]
    pub fn function(&mut self, name: &str) -> FunctionBuilder<'_> {
        let span = self.ground.span(Location::caller());
        FunctionBuilder::new(&mut self.ground, &mut self.items, name, span, false)
    }

    /// `extern fn name`
    #[track_caller]
    pub fn extern_function(&mut self, name: &str) -> FunctionBuilder<'_> {
        let span = self.ground.span(Location::caller());
        FunctionBuilder::new(&mut self.ground, &mut self.items, name, span, true)
    }

    /// `struct name`
    #[track_caller]
    pub fn structure(&mut self, name: &str) -> StructBuilder<'_> {
        let span = self.ground.span(Location::caller());
        StructBuilder::new(&mut self.ground, &mut self.items, name, span)
    }

    /// `impl ty`
    #[track_caller]
    pub fn implement(&mut self, ty: impl Into<Ty>) -> ImplBuilder<'_> {
        let span = self.ground.span(Location::caller());
        ImplBuilder::new(&mut self.ground, &mut self.items, ty.into(), span)
    }

    /// The module, and what was wrong with the calls. `id` is the module's number in the program, which diagnostics tell.
    pub fn finish(self, id: ModuleId) -> Parsed {
        let Self { name, docs, items, ground: Ground { names, source, mut diagnostics } } = self;
        for diagnostic in &mut diagnostics {
            for place in diagnostic
                .place
                .iter_mut()
                .chain(diagnostic.labels.iter_mut().map(|label| &mut label.place))
            {
                place.module = id;
            }
        }
        if items.is_empty() && diagnostics.is_empty() {
            diagnostics.push(
                Diagnostic::global(codes::EMPTY_FILE, format!("module `{name}` has no items"))
                    .help("add a function"),
            );
        }
        Parsed { module: Module { name, docs, items, names, source }, diagnostics }
    }
}

/// Appends documentation line by line, as the parser would read it.
fn add_docs(docs: &mut Vec<Box<str>>, text: &str) {
    docs.extend(text.split('\n').map(|line| Box::from(line.trim_end_matches('\r'))));
}
