//! Declarations: signatures, fields and attributes become [`Function`]s, [`Struct`]s and the kinds of globals.
//!
//! Invariant: a mistake is reported and the declaration made all the same, with [`Type::Error`] where it must be, so that uses of it are
//! checked.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::attribute::{Attributes, On};
use super::resolve::Resolver;
use super::unit::{Nominal, SlotKind};
use crate::checked::{DefId, Function, FunctionKind, Import, Inline, Row, Signature, Struct, Type};
use crate::codes;
use crate::ir::{self, FnBody};
use crate::source::Span;

/// What is left to do once a function has a declaration.
pub(crate) enum After {
    Nothing,
    /// `= wasm { … };`: to be read when the functions it may name are known.
    Row,
    /// `#[intrinsic(path)]`: to be bound when all rows are known.
    Stub(ir::Path),
    /// An import: to be compared with others and with what the module is known to have.
    Import(ImportSite),
}

/// Where an import is declared.
#[derive(Debug)]
pub(crate) struct ImportSite {
    pub(crate) module: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) module_span: Span,
    pub(crate) name_span: Span,
}

/// A name under which something is exported, and where it says so.
pub(crate) type Export = (Box<str>, Span);

/// A function and what is to be done with it.
pub(crate) struct Declared {
    pub(crate) function: Function,
    pub(crate) after: After,
    pub(crate) exports: Vec<Export>,
}

impl Resolver<'_> {
    /// A struct's declaration; its fields' types may be declared later.
    pub(crate) fn declare_struct(
        &mut self,
        def: DefId,
        attributes: &[ir::Attribute],
        structure: &ir::Struct,
    ) -> Struct {
        let attributes = self.attributes(attributes, On::Struct);
        self.note_deprecated(def, &attributes);
        let mut fields: Vec<(Box<str>, Type)> = Vec::with_capacity(structure.fields.len());
        let mut seen: FxHashMap<ir::Name, Span> = FxHashMap::default();
        for field in &structure.fields {
            let name = self.text(field.name);
            if let Some(first) = seen.insert(field.name.name, field.name.span) {
                let error = self
                    .error(
                        codes::DUPLICATE,
                        field.name.span,
                        format!("field `{name}` is declared twice"),
                    )
                    .label(self.place(first), "first declared here")
                    .help("rename one of them, or remove it");
                self.report(error);
            }
            let ty = self.place_ty(&field.ty);
            fields.push((name.into(), ty));
        }
        let public = structure.fields.iter().map(|field| field.public).collect();
        set_once(&self.world.slot(def).aside().public_fields, public);
        Struct {
            path: self.world.path(def).into(),
            fields: fields.into(),
            place: self.place(structure.name.span),
        }
    }

    pub(crate) fn note_deprecated(&mut self, def: DefId, attributes: &Attributes) {
        if let Some(why) = &attributes.deprecated {
            set_once(&self.world.slot(def).aside().deprecated, why.clone());
        }
    }

    /// The type that an `impl` is for; reported if it can have no methods.
    pub(crate) fn owner(&mut self, ty: &ir::Type) -> Option<Nominal> {
        let resolved = self.ty(ty);
        let owner = Nominal::of(&resolved);
        if owner.is_none() && resolved != Type::Error {
            let shown = self.show(&resolved);
            let error = self
                .error(codes::IMPL, ty.span(), format!("`{shown}` cannot have methods"))
                .help("`impl` is for structs and scalar types; write a function instead");
            self.report(error);
        }
        owner
    }

    /// Makes a function's declaration, all but the row of a stub.
    pub(crate) fn declare_function(
        &mut self,
        def: DefId,
        attributes: &[ir::Attribute],
        declared: &ir::Fn,
    ) -> Declared {
        let slot = self.world.slot(def);
        let on = match (declared.is_extern, &declared.body, slot.is_method) {
            (true, _, _) => On::Import,
            (false, FnBody::None, _) => On::Stub,
            (false, FnBody::Wasm { .. }, _) => On::Template,
            (false, FnBody::Block(_), true) => On::Method,
            (false, FnBody::Block(_), false) => On::Function,
        };
        let mut attributes = self.attributes(attributes, on);
        self.note_deprecated(def, &attributes);
        let mut function = Function {
            path: self.world.path(def).into(),
            signature: self.signature(def, declared),
            params: declared
                .params
                .iter()
                .map(|param| self.names.shared(param.name.name))
                .collect(),
            kind: FunctionKind::Body,
            exports: attributes.exports.iter().map(|export| export.0.clone()).collect(),
            inline: attributes.inline,
            cold: attributes.cold,
            start: attributes.start.is_some(),
            at_exit: attributes.at_exit.is_some(),
            place: self.place(declared.name.span),
        };
        for (span, what) in [(attributes.start, "start"), (attributes.at_exit, "at_exit")] {
            if let Some(span) = span {
                self.plain_entry(&function, span, &format!("a function with `{what}`"));
            }
        }
        for (name, span) in &attributes.exports {
            if matches!(&**name, "_start" | "_initialize") {
                self.plain_entry(&function, *span, &format!("the export `{name}`"));
            }
        }
        let after = self.function_kind(declared, &mut function, &mut attributes, on);
        Declared { function, after, exports: attributes.exports }
    }

    /// Reports an entry function that takes or gives something.
    fn plain_entry(&mut self, function: &Function, span: Span, what: &str) {
        let signature = &function.signature;
        if signature.params.is_empty()
            && matches!(signature.result, Type::Unit | Type::Never | Type::Error)
        {
            return;
        }
        let shown = self.world.show_signature(signature);
        let error = self
            .error(codes::ENTRY, span, format!("{what} takes and gives nothing, but this is `{shown}`"))
            .label(function.place, "declared here")
            .help("the host calls it with no arguments; use `std::process` for arguments and the exit code");
        self.report(error);
    }

    fn signature(&mut self, def: DefId, declared: &ir::Fn) -> Signature {
        let owner = self.world.slot(def).owner.get().copied();
        let mut params: Vec<Type> = Vec::with_capacity(declared.params.len());
        for (index, param) in declared.params.iter().enumerate() {
            let name = self.text(param.name);
            let same = |first: &&ir::Param| first.name.name == param.name.name && name != "_";
            if let Some(first) = declared.params[..index].iter().find(same) {
                let error = self
                    .error(
                        codes::DUPLICATE,
                        param.name.span,
                        format!("parameter `{name}` is declared twice"),
                    )
                    .label(self.place(first.name.span), "first declared here")
                    .help("rename one of them");
                self.report(error);
            }
            params.push(match &param.ty {
                Some(ty) => self.place_ty(ty),
                None => match owner {
                    Some(owner) if index == 0 => owner.ty(),
                    _ if self.world.slot(def).is_method && index == 0 => Type::Error,
                    _ => {
                        let error = self
                            .error(codes::IMPL, param.name.span, format!("parameter `{name}` has no type"))
                            .note("only the receiver of a method, its first parameter, is written without one");
                        self.report(error);
                        Type::Error
                    }
                },
            });
        }
        let result = declared.result.as_ref().map_or(Type::Unit, |ty| self.ty(ty));
        let mut scalars = Vec::new();
        params.iter().for_each(|ty| self.world.flatten(ty, &mut scalars));
        if scalars.len() > super::MAX_SCALARS as usize {
            let error = self
                .error(
                    codes::TOO_LARGE,
                    declared.name.span,
                    format!("the parameters hold {} scalars", scalars.len()),
                )
                .help(format!(
                    "at most {} are possible: pass a `MemorySegment`",
                    super::MAX_SCALARS
                ));
            self.report(error);
        }
        Signature { params: params.into(), result }
    }

    fn function_kind(
        &mut self,
        declared: &ir::Fn,
        function: &mut Function,
        attributes: &mut Attributes,
        on: On,
    ) -> After {
        let name_span = declared.name.span;
        match (&declared.body, on) {
            (body, On::Import) => {
                if !matches!(body, FnBody::None) {
                    let error = self
                        .error(
                            codes::EXTERN_BODY,
                            name_span,
                            "an `extern fn` is an import and has no body",
                        )
                        .help("remove `extern`, or end it with `;` after its signature");
                    self.report(error);
                }
                let Some(import) = attributes.import.take() else {
                    let name = self.text(declared.name);
                    let error = self
                        .error(
                            codes::UNNAMED_IMPORT,
                            name_span,
                            format!("`extern fn {name}` does not say what it imports"),
                        )
                        .help(format!("write `#[wasm_import(\"module\", \"{name}\")]` before it"));
                    self.report(error);
                    return After::Nothing;
                };
                function.kind = FunctionKind::Import(Box::new(Import {
                    module: import.module.clone(),
                    name: import.name.clone(),
                }));
                After::Import(import)
            }
            (FnBody::None, _) => {
                let Some((path, span)) = attributes.intrinsic.take() else {
                    let name = self.text(declared.name);
                    let error = self
                        .error(codes::MISSING_BODY, name_span, format!("`{name}` has no body"))
                        .help("write one: `{ … }`")
                        .help("or bind it: to an intrinsic with `#[intrinsic(path)]`, to the host with `extern fn` and `#[wasm_import(…)]`");
                    self.report(error);
                    return After::Nothing;
                };
                if self.text(path.segments[0]) == "link" && path.segments.len() > 1 {
                    if self.world.is_library(self.module) {
                        function.kind = FunctionKind::Hook(self.text(path.last()).into());
                    } else {
                        let error = self
                            .error(
                                codes::INTRINSIC,
                                span,
                                "what the linker makes can be bound by the library only",
                            )
                            .help("name a row of the intrinsic table");
                        self.report(error);
                    }
                    return After::Nothing;
                }
                After::Stub(path)
            }
            (FnBody::Wasm { .. }, _) => After::Row,
            (FnBody::Block(_), _) => After::Nothing,
        }
    }

    /// The row that a stub of signature `function` is bound to; reported if there is none.
    pub(crate) fn bind_stub(&mut self, function: &Function, path: &ir::Path) -> Option<Arc<Row>> {
        let span = path.span();
        let shown = self.show_path(path);
        let target = if path.segments.len() == 1 {
            let name = path.last();
            let found = self.bare_value(self.text(name), name.span);
            if found.is_none() {
                let error =
                    self.error(codes::INTRINSIC, span, format!("there is no intrinsic `{shown}`"));
                let near = super::suggest::nearest(&shown, self.world.names_in(self.module, false))
                    .map(str::to_owned);
                let error = match near {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help(
                        "write the full path of a row, like `std::memory::MemorySegment::get_i32`",
                    ),
                };
                self.report(error);
            }
            found?
        } else {
            match self.value(path)? {
                super::resolve::Named::Value(def) => def,
                super::resolve::Named::Associated(..) => {
                    let error = self.error(
                        codes::INTRINSIC,
                        span,
                        format!("`{shown}` is a constant, not a row of the intrinsic table"),
                    );
                    self.report(error);
                    return None;
                }
            }
        };
        let world = self.world;
        // A stub that is not bound yet has no declaration: it is no row.
        let row = if world.slot(target).kind == SlotKind::Function {
            world.try_function(target)
        } else {
            None
        };
        let Some((known, row)) = row.and_then(|known| match &known.kind {
            FunctionKind::Template(row) => Some((known, row)),
            FunctionKind::Body | FunctionKind::Import(_) | FunctionKind::Hook(_) => None,
        }) else {
            let error = self
                .error(
                    codes::INTRINSIC,
                    span,
                    format!("`{shown}` is no row of the intrinsic table"),
                )
                .label(world.place(target), "declared here")
                .note("a row is a function `= wasm { … };`");
            self.report(error);
            return None;
        };
        let (ours, theirs) = (&function.signature, &known.signature);
        if ours.params.contains(&Type::Error) || ours.result == Type::Error {
            return None;
        }
        // A test reads the segment and the offset as parameters: they must be the row's.
        let same_access = row.checked.is_none() || ours.params.get(..2) == theirs.params.get(..2);
        if world.core_signature(ours) != world.core_signature(theirs) || !same_access {
            let (a, b) = (world.show_signature(ours), world.show_signature(theirs));
            let error = self
                .error(
                    codes::INTRINSIC_SIGNATURE,
                    function.place.span,
                    format!("this is `{a}`, but `{shown}` is `{b}`"),
                )
                .label(world.place(target), "the row is declared here")
                .note("the values that WebAssembly sees must be the same")
                .help(format!("declare it as `{b}`"));
            self.report(error);
            return None;
        }
        Some(self.reshape(row, theirs, ours))
    }

    /// The row with its holes numbered by another grouping of the same scalars into parameters.
    fn reshape(&self, row: &Arc<Row>, from: &Signature, to: &Signature) -> Arc<Row> {
        let starts = |signature: &Signature| {
            let mut at = 0;
            let mut starts = Vec::with_capacity(signature.params.len());
            for param in &signature.params {
                starts.push(at);
                at += self.world.scalars(param);
            }
            starts
        };
        let (from, to) = (starts(from), starts(to));
        if from == to {
            return row.clone();
        }
        let holes = row.holes.iter().map(|hole| {
            let flat = from[hole.operand as usize] + hole.scalar;
            // The last parameter that starts there is the one that is not empty.
            let operand = to.partition_point(|start| *start <= flat) - 1;
            crate::checked::Hole { operand: operand as u32, scalar: flat - to[operand] }
        });
        Arc::new(Row {
            template: row.template.clone(),
            holes: holes.collect(),
            symbols: row.symbols.clone(),
            checked: row.checked,
        })
    }
}

/// Fills in a part of a slot. A library's may be made by two threads at once: both make the same, and the first stays.
pub(crate) fn set_once<T>(cell: &OnceLock<T>, value: T) {
    if cell.set(value).is_err() {
        // Somebody else was as fast.
    }
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            import: None,
            exports: Vec::new(),
            intrinsic: None,
            inline: Inline::Auto,
            cold: false,
            start: None,
            at_exit: None,
            deprecated: None,
        }
    }
}
