//! `wasm { … }`: names in a template become holes and symbols, and the tree is checked against the types around it.
//!
//! Invariant: a [`Row`] has as many holes and symbols as its template, and its template gives what the signature says.

use std::sync::Arc;

use swasm_tree::template::{self, SymbolKind, SymbolType, Template, TextError, TextErrorKind};
use swasm_tree::{FuncType, ValType};

use super::MAX_SCALARS;
use super::resolve::Resolver;
use super::suggest::nearest;
use super::unit::SlotKind;
use crate::checked::{DefId, Function, FunctionKind, Hole, Row, RowSymbol, Type};
use crate::codes;
use crate::ir;
use crate::source::Span;

/// Bytes `range` of a template's text as a span of the module.
pub(crate) fn span_in(text: &ir::Template, range: &std::ops::Range<usize>) -> Span {
    match text.span.range() {
        Some(whole) => {
            let clamp = |at: usize| (whole.start + at).min(whole.end);
            Span::text(clamp(range.start), clamp(range.end))
        }
        None => text.span,
    }
}

impl Resolver<'_> {
    /// Reads a template's text.
    pub(crate) fn template(&mut self, text: &ir::Template) -> Option<Template> {
        match template::parse(&text.text) {
            Ok(template) => Some(template),
            Err(errors) => {
                self.template_errors(text, errors);
                None
            }
        }
    }

    fn template_errors(&mut self, text: &ir::Template, errors: Vec<TextError>) {
        for error in errors {
            let code = match error.kind {
                TextErrorKind::UnknownMnemonic { .. } => codes::MNEMONIC,
                TextErrorKind::DoubledHole => codes::HOLES,
                TextErrorKind::Type => codes::TEMPLATE_TYPES,
                TextErrorKind::TooDeep => codes::NESTING,
                TextErrorKind::Unexpected
                | TextErrorKind::Unterminated
                | TextErrorKind::BadNumber
                | TextErrorKind::UnknownLabel
                | TextErrorKind::Unsupported => codes::TEMPLATE,
            };
            // The nearest mnemonic is said as help, like everywhere.
            let message = error.message.split("; did you mean").next().unwrap_or_default();
            let message = match text.text.get(error.range.clone()) {
                Some(mnemonic) if message.starts_with("takes ") => {
                    format!("`{mnemonic}` {message}")
                }
                _ => message.to_owned(),
            };
            let mut diagnostic = self.error(code, span_in(text, &error.range), message);
            diagnostic = match error.kind {
                TextErrorKind::UnknownMnemonic { suggestion: Some(near) } => {
                    diagnostic.help(format!("did you mean `{near}`?"))
                }
                TextErrorKind::DoubledHole => {
                    diagnostic.help("what needs a value twice is an ordinary `#[inline]` function")
                }
                TextErrorKind::UnknownMnemonic { suggestion: None }
                | TextErrorKind::Type
                | TextErrorKind::TooDeep
                | TextErrorKind::Unexpected
                | TextErrorKind::Unterminated
                | TextErrorKind::BadNumber
                | TextErrorKind::UnknownLabel
                | TextErrorKind::Unsupported => diagnostic,
            };
            self.report(diagnostic);
        }
    }

    /// Binds the functions and statics that a template names.
    pub(crate) fn template_symbols(
        &mut self,
        text: &ir::Template,
        template: &Template,
    ) -> Option<(Box<[RowSymbol]>, Vec<SymbolType>)> {
        let mut symbols = Vec::with_capacity(template.symbols.len());
        let mut types = Vec::with_capacity(template.symbols.len());
        for (kind, name) in &template.symbols {
            let span = span_in(text, &name.range);
            let (symbol, ty) = match kind {
                SymbolKind::Func => {
                    let def = self.template_symbol(&name.text, span, "function", |kind| {
                        kind == SlotKind::Function
                    })?;
                    let function = self.world.try_function(def);
                    let Some(function) = function
                        .filter(|function| !matches!(function.kind, FunctionKind::Template(_)))
                    else {
                        let error = self
                            .error(
                                codes::TEMPLATE,
                                span,
                                format!(
                                    "`{}` is a template itself, which cannot be called from one",
                                    name.text
                                ),
                            )
                            .label(self.world.place(def), "declared here")
                            .help("write its instructions here");
                        self.report(error);
                        return None;
                    };
                    let (params, results) = self.world.core_signature(&function.signature);
                    (RowSymbol::Def(def), SymbolType::Func(FuncType::new(&params, &results)))
                }
                SymbolKind::Global => {
                    let fits = |kind| matches!(kind, SlotKind::Static | SlotKind::StaticMut);
                    let def = self.template_symbol(&name.text, span, "static", fits)?;
                    let mut scalars = Vec::new();
                    self.world.flatten(&self.world.global_type(def), &mut scalars);
                    let [scalar] = scalars[..] else {
                        let error = self
                            .error(
                                codes::TEMPLATE,
                                span,
                                format!("`{}` does not fit into one global", name.text),
                            )
                            .label(self.world.place(def), "declared here");
                        self.report(error);
                        return None;
                    };
                    (
                        RowSymbol::Def(def),
                        SymbolType::Global(
                            scalar,
                            self.world.slot(def).kind == SlotKind::StaticMut,
                        ),
                    )
                }
                SymbolKind::InlineType(ty) => {
                    let most = ty.params.len().max(ty.results.len());
                    if most > MAX_SCALARS as usize {
                        let message = format!("this type has {most} parameters or results");
                        let error = self
                            .error(codes::TOO_LARGE, span, message)
                            .help(format!("at most {MAX_SCALARS} of each are possible"));
                        self.report(error);
                        return None;
                    }
                    (RowSymbol::Type(ty.clone()), SymbolType::Type(ty.clone()))
                }
                SymbolKind::Type => {
                    let error = self
                        .error(codes::TEMPLATE, span, "function types have no names")
                        .help("write the type out: `(param i32) (result i32)`");
                    self.report(error);
                    return None;
                }
            };
            symbols.push(symbol);
            types.push(ty);
        }
        Some((symbols.into(), types))
    }

    fn template_symbol(
        &mut self,
        name: &str,
        span: Span,
        what: &str,
        fits: impl Fn(SlotKind) -> bool,
    ) -> Option<DefId> {
        let found = match name.rsplit_once("::") {
            None => self.in_scope(name).value,
            Some((module, name)) => {
                let alias = if module.contains("::") { None } else { self.in_scope(module).module };
                alias
                    .or_else(|| self.world.find_module(module))
                    .and_then(|module| self.world.find_in(module, name, self.module).0.value)
            }
        };
        match found {
            Some(def) if fits(self.world.slot(def).kind) => Some(def),
            Some(def) => {
                let kind = self.world.slot(def).kind.describe();
                let error = self
                    .error(
                        codes::TEMPLATE,
                        span,
                        format!("`{name}` is {kind}, but a {what} is needed here"),
                    )
                    .label(self.world.place(def), "declared here");
                self.report(error);
                None
            }
            None => {
                let mut error =
                    self.error(codes::UNKNOWN_VALUE, span, format!("cannot find {what} `{name}`"));
                if let Some(near) = nearest(name, self.world.names_in(self.module, false)) {
                    error = error.help(format!("did you mean `${near}`?"));
                }
                self.report(error);
                None
            }
        }
    }

    /// The scalar that `fields` (`address` of `self.address`; empty for the whole) name in a value of type `ty`.
    pub(crate) fn template_scalar<'s>(
        &mut self,
        name: &str,
        ty: &Type,
        fields: impl Iterator<Item = &'s str>,
        span: Span,
    ) -> Option<(u32, ValType)> {
        let mut ty = ty.clone();
        let mut skipped = 0;
        for field in fields {
            let def = match &ty {
                Type::Struct(def) => *def,
                Type::Error => return None,
                Type::Value(_) | Type::Unit | Type::Never | Type::Pointer(_) => {
                    let shown = self.show(&ty);
                    let error = self.error(
                        codes::HOLES,
                        span,
                        format!("`${name}` names a field of a `{shown}`, which has none"),
                    );
                    self.report(error);
                    return None;
                }
            };
            let structure = self.world.structure(def);
            let Some(index) = structure.fields.iter().position(|known| &*known.0 == field) else {
                let shown = &self.world.slot(def).name;
                let mut error = self
                    .error(codes::UNKNOWN_FIELD, span, format!("`{shown}` has no field `{field}`"))
                    .label(self.world.place(def), "declared here");
                if let Some(near) = nearest(field, structure.fields.iter().map(|field| &*field.0)) {
                    error = error.help(format!("did you mean `{near}`?"));
                }
                self.report(error);
                return None;
            };
            // Instructions work on what a value is made of, so privacy ends here: a front end's own rows on segments name their fields.
            skipped += structure.fields[..index]
                .iter()
                .map(|field| self.world.scalars(&field.1))
                .sum::<u32>();
            ty = structure.fields[index].1.clone();
        }
        let mut scalars = Vec::new();
        self.world.flatten(&ty, &mut scalars);
        match (&ty, &scalars[..]) {
            (_, [scalar]) => Some((skipped, *scalar)),
            (Type::Error, _) => None,
            (Type::Struct(def), _) => {
                let shown = &self.world.slot(*def).name;
                let structure = self.world.structure(*def);
                let mut error = self.error(
                    codes::HOLES,
                    span,
                    format!("`${name}` is a `{shown}`, which is not one value of WebAssembly"),
                );
                if let Some((field, _)) = structure.fields.first() {
                    error = error.help(format!("name a field: `${name}.{field}`"));
                }
                self.report(error);
                None
            }
            _ => {
                let shown = self.show(&ty);
                let error = self.error(
                    codes::HOLES,
                    span,
                    format!("`${name}` is `{shown}`, which is no value of WebAssembly"),
                );
                self.report(error);
                None
            }
        }
    }

    /// Checks a template's types; whether they are right.
    pub(crate) fn template_types(
        &mut self,
        text: &ir::Template,
        template: &Template,
        holes: &[ValType],
        symbols: &[SymbolType],
        result: &Type,
    ) -> bool {
        let mut results = Vec::new();
        self.world.flatten(result, &mut results);
        match template.check(holes, symbols, &results) {
            Ok(()) => true,
            Err(errors) => {
                self.template_errors(text, errors);
                false
            }
        }
    }

    /// The row of a function `= wasm { … };`.
    pub(crate) fn row(
        &mut self,
        declared: &ir::Fn,
        function: &Function,
        checked: Option<u32>,
        text: &ir::Template,
    ) -> Option<Arc<Row>> {
        let template = self.template(text)?;
        let params = &function.signature.params;
        let mut holes = Vec::with_capacity(template.holes.len());
        let mut types = Vec::with_capacity(template.holes.len());
        let mut used = vec![false; params.len()];
        let mut fine = true;
        for name in &template.holes {
            let span = span_in(text, &name.range);
            let mut parts = name.text.split('.');
            let first = parts.next().unwrap_or_default();
            let Some(operand) = function.params.iter().position(|param| **param == *first) else {
                let mut error = self.error(
                    codes::HOLES,
                    span,
                    format!("`${first}` is no parameter of this function"),
                );
                if let Some(near) = nearest(first, function.params.iter().map(|param| &**param)) {
                    error = error.help(format!("did you mean `${near}`?"));
                }
                self.report(error);
                fine = false;
                continue;
            };
            used[operand] = true;
            match self.template_scalar(&name.text, &params[operand], parts, span) {
                Some((scalar, ty)) => {
                    holes.push(Hole { operand: operand as u32, scalar });
                    types.push(ty);
                }
                None => fine = false,
            }
        }
        for (index, name) in function.params.iter().enumerate() {
            let nothing = self.world.scalars(&params[index]) == 0;
            if !used[index] && !nothing && !name.starts_with('_') {
                let error = self
                    .error(
                        codes::HOLES,
                        declared.params[index].name.span,
                        format!("parameter `{name}` does not occur in the template"),
                    )
                    .help(format!("use it, or write `_{name}` if that is meant"));
                self.report(error);
                fine = false;
            }
        }
        if checked.is_some() && !self.is_access(function) {
            let error = self
                .error(
                    codes::CHECKED,
                    declared.name.span,
                    "`checked(n)` tests an access at `offset` of `self`",
                )
                .note(
                    "the parameters must begin with `self`, a `MemorySegment`, and `offset: addr`",
                );
            self.report(error);
            fine = false;
        }
        let (symbols, symbol_types) = self.template_symbols(text, &template)?;
        if !fine || params.contains(&Type::Error) || function.signature.result == Type::Error {
            return None;
        }
        if !self.template_types(text, &template, &types, &symbol_types, &function.signature.result)
        {
            return None;
        }
        Some(Arc::new(Row { template, holes: holes.into(), symbols, checked }))
    }

    /// Whether a function's parameters are those of an access to a segment.
    pub(crate) fn is_access(&self, function: &Function) -> bool {
        match (&function.signature.params[..], &function.params[..]) {
            ([segment, offset, ..], [receiver, name, ..]) => {
                self.world.is_segment(segment)
                    && *offset == Type::Value(ir::ValueType::Addr)
                    && &**receiver == "self"
                    && &**name == "offset"
            }
            _ => false,
        }
    }
}
