//! Written names and types become definitions and types; what names nothing is reported, with the nearest name that does.
//!
//! Invariant: whoever gets `None` or [`Type::Error`] from here need not report it again.

use std::sync::Arc;

use super::suggest::{nearest, nearest_module};
use super::unit::{Nominal, Slot, SlotKind, Targets};
use super::world::{ALLOCATOR, SEGMENT, VALUE_TYPES, World, value_type};
use crate::checked::{DefId, ModuleId, Place, Signature, Type};
use crate::codes;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{self, Ident, Names};
use crate::nesting::MAX_NESTING;
use crate::source::Span;

/// Where names are looked up and mistakes go.
pub(crate) struct Resolver<'a> {
    pub(crate) world: World<'a>,
    pub(crate) module: ModuleId,
    /// The names of the text at hand.
    pub(crate) names: &'a Names,
    pub(crate) diagnostics: &'a mut Vec<Diagnostic>,
    /// The position that a front end gave to what is at hand (`@"…"`): there mistakes are.
    pub(crate) at: Option<Span>,
    /// For paths joined by `::`; kept to save allocations.
    pub(crate) joined: String,
}

/// What a path of two names or more may end in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Named {
    /// A function, const or static.
    Value(DefId),
    /// `i32::MAX` and the like: a constant of a scalar type, by name.
    Associated(ir::ValueType, &'static str),
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(
        world: World<'a>,
        module: ModuleId,
        names: &'a Names,
        diagnostics: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self { world, module, names, diagnostics, at: None, joined: String::new() }
    }

    pub(crate) fn place(&self, span: Span) -> Place {
        Place { module: self.module, span }
    }

    /// A mistake at `span`, or where a front end says that it is.
    pub(crate) fn error(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        match self.at {
            Some(position) if span.position().is_none() => {
                Diagnostic::error(code, self.place(position), message)
                    .label(self.place(span), "this is the IR of it")
            }
            Some(_) | None => Diagnostic::error(code, self.place(span), message),
        }
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn text(&self, ident: Ident) -> &'a str {
        &self.names[ident.name]
    }

    pub(crate) fn show(&self, ty: &Type) -> String {
        self.world.show(ty)
    }

    /// A path as it was written.
    pub(crate) fn show_path(&self, path: &ir::Path) -> String {
        let names: Vec<&str> = path.segments.iter().map(|segment| self.text(*segment)).collect();
        names.join("::")
    }

    /// What a bare name means, items of this module and what it brings in.
    pub(crate) fn in_scope(&self, name: &str) -> Targets {
        self.world.find_in(self.module, name, self.module).0
    }

    /// Whether a bare name is what a `use` brings in that names nothing: that is reported where it stands.
    pub(crate) fn is_broken(&self, name: &str) -> bool {
        self.world
            .unit(self.module)
            .imports
            .get(name)
            .is_some_and(|import| import.follow().is_empty())
    }

    /// Reports a use of what is deprecated.
    fn warn_deprecated(&mut self, def: DefId, span: Span) {
        let slot: &Slot = self.world.slot(def);
        if let Some(why) = slot.deprecated() {
            let mut warning = Diagnostic::warning(
                codes::DEPRECATED,
                self.place(span),
                format!("`{}` is deprecated", slot.name),
            )
            .label(self.world.place(def), "declared here");
            if !why.is_empty() {
                warning = warning.help(why);
            }
            self.report(warning);
        }
    }

    // --- types ---

    /// A written type.
    pub(crate) fn ty(&mut self, ty: &ir::Type) -> Type {
        self.nested_ty(ty, 0)
    }

    fn nested_ty(&mut self, ty: &ir::Type, depth: u32) -> Type {
        if depth > MAX_NESTING {
            let error = self
                .error(codes::NESTING, ty.span(), "this type is nested too deeply")
                .help(format!("at most {MAX_NESTING} levels are understood"));
            self.report(error);
            return Type::Error;
        }
        match ty {
            ir::Type::Unit(_) => Type::Unit,
            ir::Type::Never(_) => Type::Never,
            ir::Type::Error(_) => Type::Error,
            ir::Type::Name(name) => self.bare_nominal(*name).map_or(Type::Error, Nominal::ty),
            ir::Type::Path(path) => self.nominal(path).map_or(Type::Error, Nominal::ty),
            ir::Type::Pointer(it) => {
                let ir::PointerType { params, result, span: _ } = &**it;
                let params = params.iter().map(|param| self.value_ty(param, depth + 1)).collect();
                let result =
                    result.as_ref().map_or(Type::Unit, |result| self.nested_ty(result, depth + 1));
                Type::Pointer(Arc::new(Signature { params, result }))
            }
        }
    }

    /// The type of what holds a value: not `!`.
    pub(crate) fn place_ty(&mut self, ty: &ir::Type) -> Type {
        self.value_ty(ty, 0)
    }

    fn value_ty(&mut self, ty: &ir::Type, depth: u32) -> Type {
        let resolved = self.nested_ty(ty, depth);
        if resolved == Type::Never {
            let error = self
                .error(
                    codes::NEVER_VALUE,
                    ty.span(),
                    "`!` has no values, so nothing can be of that type",
                )
                .note("only a function's result can be `!`");
            self.report(error);
            return Type::Error;
        }
        resolved
    }

    /// The type that a name names.
    fn bare_nominal(&mut self, ident: Ident) -> Option<Nominal> {
        let name = self.text(ident);
        if let Some(nominal) = self.bare_type(name, ident.span) {
            return Some(nominal);
        }
        if self.is_broken(name) {
            return None;
        }
        let targets = self.in_scope(name);
        let mut error =
            self.error(codes::UNKNOWN_TYPE, ident.span, format!("cannot find type `{name}`"));
        if let Some(value) = targets.value {
            error = error.label(
                self.world.place(value),
                format!("`{name}` is {}", self.world.slot(value).kind.describe()),
            );
        } else if let Some(meant) = foreign_type(name) {
            error = error.help(format!("did you mean `{meant}`?"));
        } else {
            let candidates =
                self.world.names_in(self.module, true).chain(VALUE_TYPES.iter().map(|row| row.0));
            match nearest(name, candidates.chain([SEGMENT, ALLOCATOR])) {
                Some(meant) => error = error.help(format!("did you mean `{meant}`?")),
                None => error = self.help_elsewhere(error, name, true),
            }
        }
        self.report(error);
        None
    }

    /// The type that a path names.
    pub(crate) fn nominal(&mut self, path: &ir::Path) -> Option<Nominal> {
        let last = path.last();
        if path.segments.len() == 1 {
            return self.bare_nominal(last);
        }
        let name = self.text(last);
        let module = self.module_prefix(path, path.segments.len() - 1)?;
        let (targets, private) = self.world.find_in(module, name, self.module);
        match targets.ty {
            Some(def) => {
                self.warn_deprecated(def, last.span);
                Some(Nominal::Struct(def))
            }
            None => {
                self.report_not_in(
                    module,
                    last,
                    private.filter(|def| self.world.slot(*def).kind == SlotKind::Struct),
                    true,
                );
                None
            }
        }
    }

    fn bare_type(&mut self, name: &str, span: Span) -> Option<Nominal> {
        if let Some(def) = self.in_scope(name).ty {
            self.warn_deprecated(def, span);
            return Some(Nominal::Struct(def));
        }
        if let Some(value) = value_type(name) {
            return Some(Nominal::Value(value));
        }
        if name == SEGMENT || name == ALLOCATOR {
            self.world.memory_struct(name).map(Nominal::Struct)
        } else {
            None
        }
    }

    // --- paths ---

    /// The module that the first `count` names of a path name; reported if there is none.
    fn module_prefix(&mut self, path: &ir::Path, count: usize) -> Option<ModuleId> {
        let found = self.find_module(path, count);
        if found.is_none() && !self.is_broken(self.text(path.segments[0])) {
            let span = path.segments[0].span.to(path.segments[count - 1].span);
            if self.world.is_module_group(&self.joined) {
                self.report_not_in_group(path);
                return None;
            }
            let mut error = self.error(
                codes::UNKNOWN_MODULE,
                span,
                format!("cannot find module `{}`", self.joined),
            );
            if let Some(near) = nearest_module(&self.joined, self.world.module_paths()) {
                error = error.help(format!("did you mean `{near}`?"));
            } else if count == 1 {
                let candidates = self.world.names_in(self.module, true);
                if let Some(near) = nearest(&self.joined, candidates) {
                    error = error.help(format!("did you mean `{near}`?"));
                }
            }
            self.report(error);
        }
        found
    }

    /// Says that a name such as `std`, which modules have in common, holds no items of its own.
    fn report_not_in_group(&mut self, path: &ir::Path) {
        let (shown, group) = (self.show_path(path), self.joined.clone());
        let error = self
            .error(codes::UNKNOWN_MODULE, path.span(), format!("cannot find `{shown}`"))
            .note(format!("`{group}` holds modules only"));
        let error = self.help_elsewhere(error, self.text(path.last()), false);
        self.report(error);
    }

    /// The same without a report; leaves the module's full path in `joined`.
    fn find_module(&mut self, path: &ir::Path, count: usize) -> Option<ModuleId> {
        self.joined.clear();
        let first = self.text(path.segments[0]);
        match self.in_scope(first).module {
            Some(alias) if count == 1 => return Some(alias),
            Some(alias) => self.joined.push_str(&self.world.unit(alias).path),
            None => self.joined.push_str(first),
        }
        for segment in &path.segments[1..count] {
            self.joined.push_str("::");
            self.joined.push_str(&self.names[segment.name]);
        }
        self.world.find_module(&self.joined)
    }

    /// The type that the first `count` names of a path name, if they name one.
    fn type_prefix(&mut self, path: &ir::Path, count: usize) -> Option<Nominal> {
        let last = path.segments[count - 1];
        let name = self.text(last);
        if count == 1 {
            return self.bare_type(name, last.span);
        }
        let module = self.find_module(path, count - 1)?;
        self.world.find_in(module, name, self.module).0.ty.map(Nominal::Struct)
    }

    /// `std::integer::u32`: a scalar type behind a module, whose `impl`s of it are meant.
    fn scalar_of_module(&mut self, path: &ir::Path, count: usize) -> Option<(Nominal, ModuleId)> {
        let owner = Nominal::Value(value_type(self.text(path.segments[count - 1]))?);
        let module = if count > 1 { self.find_module(path, count - 1) } else { None };
        module.map(|module| (owner, module))
    }

    /// The value that a path of two names or more names.
    pub(crate) fn value(&mut self, path: &ir::Path) -> Option<Named> {
        let count = path.segments.len() - 1;
        let last = path.last();
        let name = self.text(last);
        if let Some(owner) = self.type_prefix(path, count) {
            if let Nominal::Value(value) = owner
                && let Some(constant) =
                    super::constant::ASSOCIATED.iter().find(|constant| **constant == name)
                && super::constant::associated(value, constant).is_some()
            {
                return Some(Named::Associated(value, constant));
            }
            return self.method(owner, last).map(Named::Value);
        }
        if let Some((owner, module)) = self.scalar_of_module(path, count) {
            let known = self.world.method(owner, name);
            if known.is_none_or(|def| def.module == module) {
                return self.method(owner, last).map(Named::Value);
            }
        }
        let module = self.module_prefix(path, count)?;
        let (targets, private) = self.world.find_in(module, name, self.module);
        match targets.value {
            Some(def) => {
                self.warn_deprecated(def, last.span);
                Some(Named::Value(def))
            }
            None => {
                self.report_not_in(module, last, private, false);
                None
            }
        }
    }

    /// The value that a bare name names, locals left aside.
    pub(crate) fn bare_value(&mut self, name: &str, span: Span) -> Option<DefId> {
        let def = self.in_scope(name).value?;
        self.warn_deprecated(def, span);
        Some(def)
    }

    /// The function `name` of a type's `impl`s, with or without a receiver.
    pub(crate) fn method(&mut self, owner: Nominal, name: Ident) -> Option<DefId> {
        let text = self.text(name);
        let shown = self.world.nominal(owner);
        match self.world.method(owner, text) {
            Some(def) if def.module == self.module || self.world.slot(def).public => {
                self.warn_deprecated(def, name.span);
                Some(def)
            }
            Some(def) => {
                let error = self
                    .error(
                        codes::PRIVATE,
                        name.span,
                        format!("method `{text}` of `{shown}` is private"),
                    )
                    .label(self.world.place(def), "declared here")
                    .help(format!("write `pub fn {text}` to let other modules call it"));
                self.report(error);
                None
            }
            None => {
                let mut error = self.error(
                    codes::UNKNOWN_METHOD,
                    name.span,
                    format!("`{shown}` has no method `{text}`"),
                );
                if let Some(near) = nearest(text, self.world.method_names(owner)) {
                    error = error.help(format!("did you mean `{near}`?"));
                } else if let Nominal::Struct(def) = owner {
                    error =
                        error.label(self.world.place(def), format!("`{shown}` is declared here"));
                }
                self.report(error);
                None
            }
        }
    }

    /// Says that a module has no such item, or that it may not be named.
    fn report_not_in(
        &mut self,
        module: ModuleId,
        name: Ident,
        private: Option<DefId>,
        types: bool,
    ) {
        let text = self.text(name);
        let path = &self.world.unit(module).path;
        let error = match private {
            Some(def) => self
                .error(codes::PRIVATE, name.span, format!("`{text}` of module `{path}` is private"))
                .label(self.world.place(def), "declared here")
                .help("write `pub` before it to let other modules name it"),
            None => {
                let code = if types { codes::UNKNOWN_TYPE } else { codes::UNKNOWN_VALUE };
                let what = if types { "type" } else { "function or value" };
                let error =
                    self.error(code, name.span, format!("module `{path}` has no {what} `{text}`"));
                match nearest(text, self.world.public_names(module)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                }
            }
        };
        self.report(error);
    }

    /// Adds the full paths of items of that name in other modules.
    pub(crate) fn help_elsewhere(&self, error: Diagnostic, name: &str, types: bool) -> Diagnostic {
        match &*self.world.elsewhere(name, types) {
            [] => error,
            [path] => error.help(format!("did you mean `{path}`?")),
            [path, others @ ..] => {
                error.help(format!("did you mean `{path}` or {} more of that name?", others.len()))
            }
        }
    }

    /// What a `use` names. Reports nothing.
    pub(crate) fn import(world: World<'_>, from: ModuleId, path: &[Box<str>]) -> Targets {
        let mut targets =
            Targets { module: world.find_module(&path.join("::")), ..Targets::default() };
        if let [prefix @ .., name] = path
            && !prefix.is_empty()
            && let Some(module) = world.find_module(&prefix.join("::"))
        {
            let (found, _) = world.find_in(module, name, from);
            targets = Targets { module: targets.module.or(found.module), ..found };
        }
        targets
    }

    /// Says why a `use` names nothing.
    pub(crate) fn report_import(&mut self, path: &[Box<str>], span: Span) {
        let full = path.join("::");
        let (name, prefix) = path.split_last().expect("a path has a name");
        let parent = prefix.join("::");
        let parent =
            if prefix.is_empty() { None } else { Some((self.world.find_module(&parent), parent)) };
        let error = match parent {
            Some((Some(module), parent)) => {
                let (_, private) = self.world.find_in(module, name, self.module);
                match private {
                    Some(def) => self
                        .error(
                            codes::PRIVATE,
                            span,
                            format!("`{name}` of module `{parent}` is private"),
                        )
                        .label(self.world.place(def), "declared here")
                        .help("write `pub` before it to let other modules name it"),
                    None => {
                        let error = self.error(
                            codes::UNKNOWN_VALUE,
                            span,
                            format!("module `{parent}` has no item `{name}`"),
                        );
                        let near = nearest(name, self.world.public_names(module));
                        near.map(|near| format!("{parent}::{near}"))
                            .or_else(|| {
                                nearest_module(&full, self.world.module_paths()).map(str::to_owned)
                            })
                            .map_or(error.clone(), |near| {
                                error.help(format!("did you mean `{near}`?"))
                            })
                    }
                }
            }
            Some((None, missing)) if !self.world.is_module_group(&missing) => {
                let error = self.error(
                    codes::UNKNOWN_MODULE,
                    span,
                    format!("cannot find module `{missing}`"),
                );
                match nearest_module(&missing, self.world.module_paths()) {
                    Some(near) => error.help(format!("did you mean `{near}::{name}`?")),
                    None => {
                        error.help(format!("add the file of module `{missing}` to the program"))
                    }
                }
            }
            Some((None, _)) | None => {
                let error =
                    self.error(codes::UNKNOWN_MODULE, span, format!("cannot find module `{full}`"));
                match nearest_module(&full, self.world.module_paths()) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help(format!("add the file of module `{full}` to the program")),
                }
            }
        };
        self.report(error);
    }
}

/// What other languages call a type of ours.
fn foreign_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "int" | "Int" | "s32" => "i32",
        "uint" | "unsigned" => "u32",
        "long" | "s64" => "i64",
        "ulong" => "u64",
        "byte" => "u8",
        "short" => "i16",
        "float" => "f32",
        "double" => "f64",
        "boolean" | "Bool" => "bool",
        "usize" | "size_t" | "ptr" => "addr",
        "isize" => "i32",
        "str" | "String" => SEGMENT,
        _ => return None,
    })
}
