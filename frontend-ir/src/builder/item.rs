//! Builders of items. Each one adds its item when its last method is called.

use std::panic::Location;

use super::code::Code;
use super::value::Expr;
use super::{Ground, IntoPath, Ty, add_docs};
use crate::codes;
use crate::ir::{
    Attribute, AttributeArgument, FieldDecl, Fn, FnBody, Global, Ident, Impl, Item, ItemKind,
    Param, Struct, Template, Type, UseBinding,
};
use crate::lexer;
use crate::source::Span;

/// An argument of an attribute.
#[derive(Clone, Debug)]
pub enum Argument {
    /// `"text"`
    Text(String),
    /// `a::b`, name by name.
    Path(Vec<String>),
    /// `12`
    Int(u64),
}

/// What a [`GlobalBuilder`] makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Ownership {
    Const,
    Static,
    StaticMut,
}

/// What stands before every kind of item.
#[derive(Debug)]
struct Front {
    docs: Vec<Box<str>>,
    attributes: Vec<Attribute>,
    public: bool,
    span: Span,
}

impl Front {
    fn new(span: Span) -> Self {
        Self { docs: Vec::new(), attributes: Vec::new(), public: false, span }
    }

    fn item(self, kind: ItemKind) -> Item {
        Item {
            docs: self.docs,
            attributes: self.attributes,
            public: self.public,
            span: self.span,
            kind,
        }
    }

    fn attribute(
        &mut self,
        ground: &mut Ground,
        path: impl IntoPath,
        arguments: Vec<Argument>,
        span: Span,
    ) {
        let path = ground.path(path, span);
        let arguments = arguments
            .into_iter()
            .map(|argument| match argument {
                Argument::Text(text) => AttributeArgument::Text(text.into(), span),
                Argument::Path(path) => AttributeArgument::Path(ground.path(&path[..], span)),
                Argument::Int(value) => AttributeArgument::Int(value, span),
            })
            .collect();
        self.attributes.push(Attribute { path, arguments, span });
    }
}

macro_rules! front {
    ($($ty:ident),*) => { $(
        impl $ty<'_> {
            /// Adds lines of documentation.
            pub fn doc(mut self, text: &str) -> Self {
                add_docs(&mut self.front.docs, text);
                self
            }

            /// Lets other modules name it.
            pub fn public(mut self) -> Self {
                self.front.public = true;
                self
            }

            /// `#[path]`
            #[track_caller]
            pub fn attribute(self, path: impl IntoPath) -> Self {
                self.attribute_with(path, Vec::new())
            }

            /// `#[path(arguments)]`
            #[track_caller]
            pub fn attribute_with(mut self, path: impl IntoPath, arguments: Vec<Argument>) -> Self {
                let span = self.ground.span(Location::caller());
                self.front.attribute(self.ground, path, arguments, span);
                self
            }
        }
    )* };
}
front!(UseBuilder, GlobalBuilder, FunctionBuilder, StructBuilder, ImplBuilder);

/// A `use`.
#[derive(Debug)]
#[must_use = "`end` adds it to the module"]
pub struct UseBuilder<'m> {
    ground: &'m mut Ground,
    items: &'m mut Vec<Item>,
    front: Front,
    bindings: Vec<UseBinding>,
}

impl<'m> UseBuilder<'m> {
    pub(super) fn new(ground: &'m mut Ground, items: &'m mut Vec<Item>, span: Span) -> Self {
        Self { ground, items, front: Front::new(span), bindings: Vec::new() }
    }

    /// Brings in what `path` names, under its last name.
    #[track_caller]
    pub fn path(mut self, path: impl IntoPath) -> Self {
        let span = self.ground.span(Location::caller());
        let path = self.ground.path(path, span);
        self.bindings.push(UseBinding { path, alias: None });
        self
    }

    /// Brings in what `path` names, under the name `alias`.
    #[track_caller]
    pub fn path_as(mut self, path: impl IntoPath, alias: &str) -> Self {
        let span = self.ground.span(Location::caller());
        let path = self.ground.path(path, span);
        let alias = Some(self.ground.ident(alias, span));
        self.bindings.push(UseBinding { path, alias });
        self
    }

    /// Adds it to the module. Without a path it is nothing.
    pub fn end(self) {
        if !self.bindings.is_empty() {
            self.items.push(self.front.item(ItemKind::Use(self.bindings)));
        }
    }
}

/// A `const` or `static`.
#[derive(Debug)]
#[must_use = "`value` adds it to the module"]
pub struct GlobalBuilder<'m> {
    ground: &'m mut Ground,
    items: &'m mut Vec<Item>,
    front: Front,
    ownership: Ownership,
    name: Ident,
    ty: Type,
}

impl<'m> GlobalBuilder<'m> {
    pub(super) fn new(
        ground: &'m mut Ground,
        items: &'m mut Vec<Item>,
        ownership: Ownership,
        name: &str,
        ty: Ty,
        span: Span,
    ) -> Self {
        let name = ground.ident(name, span);
        let ty = ground.ty(ty, span);
        Self { ground, items, front: Front::new(span), ownership, name, ty }
    }

    /// `#[wasm_export(name)]`
    #[track_caller]
    pub fn export(self, name: &str) -> Self {
        self.attribute_with("wasm_export", vec![Argument::Text(name.to_owned())])
    }

    /// Adds it to the module, with what `value` gives.
    #[track_caller]
    pub fn value(self, value: impl for<'f> FnOnce(&'f Code) -> Expr<'f>) {
        let Self { ground, items, front, ownership, name, ty } = self;
        let code = Code::new(ground, &[]);
        let root = code.initialiser(value, Location::caller());
        let value = code.finish(ground, root);
        let global = Global { name, ty, value };
        items.push(front.item(match ownership {
            Ownership::Const => ItemKind::Const(global),
            Ownership::Static => ItemKind::Static { mutable: false, global },
            Ownership::StaticMut => ItemKind::Static { mutable: true, global },
        }));
    }
}

/// A function, method or import.
#[derive(Debug)]
#[must_use = "`body`, `value`, `template` or `declare` adds it to the module"]
pub struct FunctionBuilder<'m> {
    ground: &'m mut Ground,
    items: &'m mut Vec<Item>,
    front: Front,
    name: Ident,
    is_extern: bool,
    params: Vec<Param>,
    result: Option<Type>,
}

impl<'m> FunctionBuilder<'m> {
    pub(super) fn new(
        ground: &'m mut Ground,
        items: &'m mut Vec<Item>,
        name: &str,
        span: Span,
        is_extern: bool,
    ) -> Self {
        let name = ground.ident(name, span);
        Self {
            ground,
            items,
            front: Front::new(span),
            name,
            is_extern,
            params: Vec::new(),
            result: None,
        }
    }

    /// A parameter; `_` is one that nobody reads.
    #[track_caller]
    pub fn param(self, name: &str, ty: impl Into<Ty>) -> Self {
        self.add_param(name, false, Some(ty.into()), Location::caller())
    }

    /// A parameter that the function may assign.
    #[track_caller]
    pub fn mut_param(self, name: &str, ty: impl Into<Ty>) -> Self {
        self.add_param(name, true, Some(ty.into()), Location::caller())
    }

    /// `self`, the first parameter of a method.
    #[track_caller]
    pub fn receiver(self) -> Self {
        self.add_param("self", false, None, Location::caller())
    }

    /// `mut self`
    #[track_caller]
    pub fn mut_receiver(self) -> Self {
        self.add_param("self", true, None, Location::caller())
    }

    fn add_param(
        mut self,
        name: &str,
        mutable: bool,
        ty: Option<Ty>,
        location: &Location<'_>,
    ) -> Self {
        let span = self.ground.span(location);
        if ty.is_none() && !self.params.is_empty() {
            self.ground.error(
                codes::BUILDER_MISPLACED,
                span,
                "`self` is the first parameter",
                "call `receiver` before `param`",
            );
            return self;
        }
        if name == "_" && mutable {
            self.ground.error(
                codes::BUILDER_MISPLACED,
                span,
                "nobody can assign `_`",
                "give the parameter a name, or leave `mut` out",
            );
            return self;
        }
        let name = self.ground.ident(name, span);
        let ty = ty.map(|ty| self.ground.ty(ty, span));
        self.params.push(Param { name, mutable, ty });
        self
    }

    /// The result's type; without it `()`.
    #[track_caller]
    pub fn result(mut self, ty: impl Into<Ty>) -> Self {
        let span = self.ground.span(Location::caller());
        self.result = Some(self.ground.ty(ty.into(), span));
        self
    }

    /// `#[wasm_export(name)]`
    #[track_caller]
    pub fn export(self, name: &str) -> Self {
        self.attribute_with("wasm_export", vec![Argument::Text(name.to_owned())])
    }

    /// `#[wasm_import(module, name)]`
    #[track_caller]
    pub fn import(self, module: &str, name: &str) -> Self {
        self.attribute_with(
            "wasm_import",
            vec![Argument::Text(module.to_owned()), Argument::Text(name.to_owned())],
        )
    }

    /// `#[inline]`
    #[track_caller]
    pub fn inline(self) -> Self {
        self.attribute("inline")
    }

    /// Adds it to the module, with a body that has no value.
    #[track_caller]
    pub fn body(self, body: impl FnOnce(&Code)) {
        let location = Location::caller();
        let code = Code::new(self.ground, &self.params);
        let root = code.root(
            |code| {
                body(code);
                None
            },
            location,
        );
        let body = code.finish(self.ground, root);
        self.add(FnBody::Block(body));
    }

    /// Adds it to the module, with a body whose value is what the closure returns.
    #[track_caller]
    pub fn value(self, body: impl for<'f> FnOnce(&'f Code) -> Expr<'f>) {
        let location = Location::caller();
        let code = Code::new(self.ground, &self.params);
        let root = code.root(|code| Some(body(code)), location);
        let body = code.finish(self.ground, root);
        self.add(FnBody::Block(body));
    }

    /// Adds it to the module, with WebAssembly's folded text as its body: `= wasm { text };`
    #[track_caller]
    pub fn template(self, text: &str) {
        let template = template(self.ground, text, Location::caller());
        self.add(FnBody::Wasm { checked: None, template });
    }

    /// Adds it to the module: `= checked(bytes) wasm { text };`
    #[track_caller]
    pub fn checked_template(self, bytes: u32, text: &str) {
        let template = template(self.ground, text, Location::caller());
        self.add(FnBody::Wasm { checked: Some(bytes), template });
    }

    /// Adds it to the module, without a body: an import, or a stub bound by `#[intrinsic(…)]`.
    pub fn declare(self) {
        self.add(FnBody::None);
    }

    fn add(self, body: FnBody) {
        let Self { ground: _, items, front, name, is_extern, params, result } = self;
        items.push(front.item(ItemKind::Fn(Fn { name, is_extern, params, result, body })));
    }
}

/// A template's text, as the parser would have cut it out.
pub(super) fn template(ground: &mut Ground, text: &str, location: &Location<'_>) -> Template {
    let span = ground.span(location);
    if !lexer::is_template(text) {
        ground.error(
            codes::BUILDER_LITERAL,
            span,
            "the template's text does not end where it should",
            "balance its braces, and end its strings and comments",
        );
        return Template { text: "".into(), span };
    }
    Template { text: text.trim_matches([' ', '\t', '\n', '\r']).into(), span }
}

/// A struct.
#[derive(Debug)]
#[must_use = "`end` adds it to the module"]
pub struct StructBuilder<'m> {
    ground: &'m mut Ground,
    items: &'m mut Vec<Item>,
    front: Front,
    name: Ident,
    fields: Vec<FieldDecl>,
}

impl<'m> StructBuilder<'m> {
    pub(super) fn new(
        ground: &'m mut Ground,
        items: &'m mut Vec<Item>,
        name: &str,
        span: Span,
    ) -> Self {
        let name = ground.ident(name, span);
        Self { ground, items, front: Front::new(span), name, fields: Vec::new() }
    }

    /// A field.
    #[track_caller]
    pub fn field(self, name: &str, ty: impl Into<Ty>) -> Self {
        self.add_field(name, ty.into(), false, Location::caller())
    }

    /// A field that other modules may name.
    #[track_caller]
    pub fn public_field(self, name: &str, ty: impl Into<Ty>) -> Self {
        self.add_field(name, ty.into(), true, Location::caller())
    }

    /// Adds lines of documentation to the field before.
    #[track_caller]
    pub fn field_doc(mut self, text: &str) -> Self {
        let span = self.ground.span(Location::caller());
        match self.fields.last_mut() {
            Some(field) => add_docs(&mut field.docs, text),
            None => self.ground.error(
                codes::BUILDER_MISPLACED,
                span,
                "there is no field yet to document",
                "call `field` first",
            ),
        }
        self
    }

    fn add_field(mut self, name: &str, ty: Ty, public: bool, location: &Location<'_>) -> Self {
        let span = self.ground.span(location);
        let name = self.ground.ident(name, span);
        let ty = self.ground.ty(ty, span);
        self.fields.push(FieldDecl { docs: Vec::new(), public, name, ty });
        self
    }

    /// Adds it to the module.
    pub fn end(self) {
        self.items.push(
            self.front.item(ItemKind::Struct(Struct { name: self.name, fields: self.fields })),
        );
    }
}

/// Functions of a type.
#[derive(Debug)]
#[must_use = "`end` adds it to the module"]
pub struct ImplBuilder<'m> {
    ground: &'m mut Ground,
    items: &'m mut Vec<Item>,
    front: Front,
    target: Type,
    functions: Vec<Item>,
}

impl<'m> ImplBuilder<'m> {
    pub(super) fn new(
        ground: &'m mut Ground,
        items: &'m mut Vec<Item>,
        ty: Ty,
        span: Span,
    ) -> Self {
        let target = ground.ty(ty, span);
        Self { ground, items, front: Front::new(span), target, functions: Vec::new() }
    }

    /// `fn name`
    #[track_caller]
    pub fn function(&mut self, name: &str) -> FunctionBuilder<'_> {
        let span = self.ground.span(Location::caller());
        FunctionBuilder::new(self.ground, &mut self.functions, name, span, false)
    }

    /// Adds it to the module.
    pub fn end(self) {
        self.items.push(
            self.front.item(ItemKind::Impl(Impl { target: self.target, items: self.functions })),
        );
    }
}
