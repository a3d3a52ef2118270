//! Two modules become a yes or no: do they say the same? Places, ids and the order of arenas do not count; names count by their text,
//! positions of `@"file":line:column` by what they say.
//!
//! Invariant: every field that means something is taken apart by name here, so that a new one does not go unseen.

use crate::ir::{
    Arm, Attribute, AttributeArgument, Block, Body, DataElement, ExprId, ExprKind, ExprList,
    FieldDecl, FieldInit, Fn, FnBody, For, Global, Ident, Impl, Item, ItemKind, Let, LetField,
    LetPattern, LetStruct, Module, Param, Path, Pattern, PatternKind, PointerType, Struct,
    StructLiteral, Template, Type, UseBinding,
};

impl PartialEq for Module {
    fn eq(&self, other: &Self) -> bool {
        let Module { name, docs, items, names: _, source: _ } = self;
        *name == other.name
            && *docs == other.docs
            && Same { a: self, b: other }.all(items, &other.items, Same::item)
    }
}

#[derive(Clone, Copy)]
struct Same<'m> {
    a: &'m Module,
    b: &'m Module,
}

impl Same<'_> {
    fn all<T>(self, a: &[T], b: &[T], same: impl std::ops::Fn(Self, &T, &T) -> bool) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(self, a, b))
    }

    fn maybe<T>(
        self,
        a: &Option<T>,
        b: &Option<T>,
        same: impl FnOnce(Self, &T, &T) -> bool,
    ) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => same(self, a, b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn ident(self, a: &Ident, b: &Ident) -> bool {
        self.a.names[a.name] == self.b.names[b.name]
    }

    fn path(self, a: &Path, b: &Path) -> bool {
        self.all(&a.segments, &b.segments, Same::ident)
    }

    fn item(self, a: &Item, b: &Item) -> bool {
        let Item { docs, attributes, public, span: _, kind } = a;
        *docs == b.docs
            && *public == b.public
            && self.all(attributes, &b.attributes, Same::attribute)
            && match (kind, &b.kind) {
                (ItemKind::Use(a), ItemKind::Use(b)) => self.all(a, b, Same::binding),
                (ItemKind::Const(a), ItemKind::Const(b)) => self.global(a, b),
                (
                    ItemKind::Static { mutable, global },
                    ItemKind::Static { mutable: mutable_b, global: global_b },
                ) => mutable == mutable_b && self.global(global, global_b),
                (ItemKind::Fn(a), ItemKind::Fn(b)) => self.function(a, b),
                (ItemKind::Struct(a), ItemKind::Struct(b)) => self.structure(a, b),
                (ItemKind::Impl(Impl { target, items }), ItemKind::Impl(b)) => {
                    self.ty(target, &b.target) && self.all(items, &b.items, Same::item)
                }
                (
                    ItemKind::Use(_)
                    | ItemKind::Const(_)
                    | ItemKind::Static { .. }
                    | ItemKind::Fn(_)
                    | ItemKind::Struct(_)
                    | ItemKind::Impl(_),
                    _,
                ) => false,
            }
    }

    fn attribute(self, a: &Attribute, b: &Attribute) -> bool {
        let Attribute { path, arguments, span: _ } = a;
        self.path(path, &b.path)
            && self.all(arguments, &b.arguments, |same, a, b| match (a, b) {
                (AttributeArgument::Text(a, _), AttributeArgument::Text(b, _)) => a == b,
                (AttributeArgument::Path(a), AttributeArgument::Path(b)) => same.path(a, b),
                (AttributeArgument::Int(a, _), AttributeArgument::Int(b, _)) => a == b,
                (
                    AttributeArgument::Text(..)
                    | AttributeArgument::Path(_)
                    | AttributeArgument::Int(..),
                    _,
                ) => false,
            })
    }

    fn binding(self, a: &UseBinding, b: &UseBinding) -> bool {
        let UseBinding { path, alias } = a;
        self.path(path, &b.path) && self.maybe(alias, &b.alias, Same::ident)
    }

    fn global(self, a: &Global, b: &Global) -> bool {
        let Global { name, ty, value } = a;
        self.ident(name, &b.name) && self.ty(ty, &b.ty) && self.body(value, &b.value)
    }

    fn function(self, a: &Fn, b: &Fn) -> bool {
        let Fn { name, is_extern, params, result, body } = a;
        let param = |same: Self, a: &Param, b: &Param| {
            let Param { name, mutable, ty } = a;
            same.ident(name, &b.name) && *mutable == b.mutable && same.maybe(ty, &b.ty, Same::ty)
        };
        self.ident(name, &b.name)
            && *is_extern == b.is_extern
            && self.all(params, &b.params, param)
            && self.maybe(result, &b.result, Same::ty)
            && match (body, &b.body) {
                (FnBody::None, FnBody::None) => true,
                (FnBody::Block(a), FnBody::Block(b)) => self.body(a, b),
                (
                    FnBody::Wasm { checked, template },
                    FnBody::Wasm { checked: checked_b, template: template_b },
                ) => checked == checked_b && same_template(template, template_b),
                (FnBody::None | FnBody::Block(_) | FnBody::Wasm { .. }, _) => false,
            }
    }

    fn structure(self, a: &Struct, b: &Struct) -> bool {
        let Struct { name, fields } = a;
        let field = |same: Self, a: &FieldDecl, b: &FieldDecl| {
            let FieldDecl { docs, public, name, ty } = a;
            *docs == b.docs
                && *public == b.public
                && same.ident(name, &b.name)
                && same.ty(ty, &b.ty)
        };
        self.ident(name, &b.name) && self.all(fields, &b.fields, field)
    }

    fn ty(self, a: &Type, b: &Type) -> bool {
        match (a, b) {
            (Type::Unit(_), Type::Unit(_))
            | (Type::Never(_), Type::Never(_))
            | (Type::Error(_), Type::Error(_)) => true,
            (Type::Name(a), Type::Name(b)) => self.ident(a, b),
            (Type::Path(a), Type::Path(b)) => self.path(a, b),
            (Type::Pointer(a), Type::Pointer(b)) => {
                let PointerType { params, result, span: _ } = &**a;
                self.all(params, &b.params, Same::ty) && self.maybe(result, &b.result, Same::ty)
            }
            (
                Type::Unit(_)
                | Type::Never(_)
                | Type::Error(_)
                | Type::Name(_)
                | Type::Path(_)
                | Type::Pointer(_),
                _,
            ) => false,
        }
    }

    fn body(self, a: &Body, b: &Body) -> bool {
        let mut pairs = Pairs { same: self, a, b, open: vec![(a.root(), b.root())] };
        while let Some((x, y)) = pairs.open.pop() {
            if !pairs.expr(&a[x].kind, &b[y].kind) {
                return false;
            }
        }
        true
    }
}

fn same_template(a: &Template, b: &Template) -> bool {
    let Template { text, span: _ } = a;
    *text == b.text
}

/// Pairs of expressions that are still to be compared: depth costs no recursion.
struct Pairs<'m> {
    same: Same<'m>,
    a: &'m Body,
    b: &'m Body,
    open: Vec<(ExprId, ExprId)>,
}

impl Pairs<'_> {
    /// Notes a pair for later.
    fn later(&mut self, a: ExprId, b: ExprId) -> bool {
        self.open.push((a, b));
        true
    }

    fn maybe(&mut self, a: Option<ExprId>, b: Option<ExprId>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => self.later(a, b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn list(&mut self, a: ExprList, b: ExprList) -> bool {
        let (a, b) = (&self.a[a], &self.b[b]);
        self.open.extend(a.iter().copied().zip(b.iter().copied()));
        a.len() == b.len()
    }

    fn label(&self, a: &Option<Ident>, b: &Option<Ident>) -> bool {
        self.same.maybe(a, b, Same::ident)
    }

    /// Compares two expressions but for their children, which wait.
    fn expr(&mut self, a: &ExprKind, b: &ExprKind) -> bool {
        use ExprKind as E;
        if std::mem::discriminant(a) != std::mem::discriminant(b) {
            return false;
        }
        let same = self.same;
        match (a, b) {
            (E::Error | E::Unit, _) => true,
            (E::Bool(a), E::Bool(b)) => a == b,
            (E::Int(a), E::Int(b)) => a == b,
            (E::Float(a), E::Float(b)) => a == b,
            (E::Char(a), E::Char(b)) => a == b,
            (E::Byte(a), E::Byte(b)) => a == b,
            (E::Bytes(a), E::Bytes(b)) => a == b,
            (E::Text(a), E::Text(b)) => a == b,
            (E::Name(a), E::Name(b)) => same.ident(a, b),
            (E::Path(a), E::Path(b)) => same.path(a, b),
            (E::Unary(op, a), E::Unary(op_b, b)) => op == op_b && self.later(*a, *b),
            (E::Binary(op, a1, a2), E::Binary(op_b, b1, b2))
            | (E::AssignOp(op, a1, a2), E::AssignOp(op_b, b1, b2)) => {
                op == op_b && self.later(*a1, *b1) && self.later(*a2, *b2)
            }
            (E::Assign(a1, a2), E::Assign(b1, b2)) | (E::Index(a1, a2), E::Index(b1, b2)) => {
                self.later(*a1, *b1) && self.later(*a2, *b2)
            }
            (E::Cast(a, ty), E::Cast(b, ty_b)) => same.ty(ty, ty_b) && self.later(*a, *b),
            (E::Block(a), E::Block(b)) => {
                let Block { label, statements, tail } = *a;
                self.label(&label, &b.label)
                    && self.list(statements, b.statements)
                    && self.maybe(tail, b.tail)
            }
            (E::If(a1, a2, a3), E::If(b1, b2, b3)) => {
                self.later(*a1, *b1) && self.later(*a2, *b2) && self.maybe(*a3, *b3)
            }
            (E::Match(a, arms), E::Match(b, arms_b)) => {
                self.later(*a, *b)
                    && arms.len() == arms_b.len()
                    && arms.iter().zip(arms_b).all(|(a, b)| self.arm(a, b))
            }
            (E::Loop(label, a), E::Loop(label_b, b)) => {
                self.label(label, label_b) && self.later(*a, *b)
            }
            (E::While(label, a1, a2), E::While(label_b, b1, b2)) => {
                self.label(label, label_b) && self.later(*a1, *b1) && self.later(*a2, *b2)
            }
            (E::For(a), E::For(b)) => {
                let For { label, name, start, end, inclusive, body } = &**a;
                self.label(label, &b.label)
                    && same.ident(name, &b.name)
                    && *inclusive == b.inclusive
                    && self.later(*start, b.start)
                    && self.later(*end, b.end)
                    && self.later(*body, b.body)
            }
            (E::Break(label, a), E::Break(label_b, b)) => {
                self.label(label, label_b) && self.maybe(*a, *b)
            }
            (E::Continue(a), E::Continue(b)) => self.label(a, b),
            (E::Return(a), E::Return(b)) => self.maybe(*a, *b),
            (E::Become(a), E::Become(b)) => self.later(*a, *b),
            (E::Call(a, list), E::Call(b, list_b)) => {
                self.later(*a, *b) && self.list(*list, *list_b)
            }
            (E::Method(a, name, list), E::Method(b, name_b, list_b)) => {
                same.ident(name, name_b) && self.later(*a, *b) && self.list(*list, *list_b)
            }
            (E::Field(a, name), E::Field(b, name_b)) => {
                same.ident(name, name_b) && self.later(*a, *b)
            }
            (E::Struct(a), E::Struct(b)) => {
                let StructLiteral { path, fields } = &**a;
                let StructLiteral { path: path_b, fields: fields_b } = &**b;
                same.path(path, path_b)
                    && fields.len() == fields_b.len()
                    && fields.iter().zip(fields_b).all(|(a, b)| self.field(a, b))
            }
            (E::Data(a), E::Data(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| match (a, b) {
                        (DataElement::Value(a), DataElement::Value(b)) => self.later(*a, *b),
                        (DataElement::Repeat(a1, a2), DataElement::Repeat(b1, b2)) => {
                            self.later(*a1, *b1) && self.later(*a2, *b2)
                        }
                        (DataElement::Value(_) | DataElement::Repeat(..), _) => false,
                    })
            }
            (E::Scope(name, a), E::Scope(name_b, b)) => {
                same.ident(name, name_b) && self.later(*a, *b)
            }
            (E::Wasm(a), E::Wasm(b)) => same_template(a, b),
            (E::At(span, a), E::At(span_b, b)) => {
                same.a.source.position(*span) == same.b.source.position(*span_b)
                    && self.later(*a, *b)
            }
            (E::Let(a), E::Let(b)) => {
                let Let { pattern, ty, value } = &**a;
                self.let_pattern(pattern, &b.pattern)
                    && same.maybe(ty, &b.ty, |same, a, b| same.ty(a, b))
                    && self.maybe(*value, b.value)
            }
            // Different kinds were told apart above.
            (
                E::Bool(_)
                | E::Int(_)
                | E::Float(_)
                | E::Char(_)
                | E::Byte(_)
                | E::Bytes(_)
                | E::Text(_)
                | E::Name(_)
                | E::Path(_)
                | E::Unary(..)
                | E::Binary(..)
                | E::Assign(..)
                | E::AssignOp(..)
                | E::Cast(..)
                | E::Block(_)
                | E::If(..)
                | E::Match(..)
                | E::Loop(..)
                | E::While(..)
                | E::For(_)
                | E::Break(..)
                | E::Continue(_)
                | E::Return(_)
                | E::Become(_)
                | E::Call(..)
                | E::Method(..)
                | E::Field(..)
                | E::Index(..)
                | E::Struct(..)
                | E::Data(_)
                | E::Scope(..)
                | E::Wasm(_)
                | E::At(..)
                | E::Let(_),
                _,
            ) => false,
        }
    }

    fn arm(&mut self, a: &Arm, b: &Arm) -> bool {
        let Arm { patterns, guard, value, span: _ } = a;
        patterns.len() == b.patterns.len()
            && patterns.iter().zip(&b.patterns).all(|(a, b)| self.pattern(a, b))
            && self.maybe(*guard, b.guard)
            && self.later(*value, b.value)
    }

    fn pattern(&mut self, a: &Pattern, b: &Pattern) -> bool {
        match (&a.kind, &b.kind) {
            (PatternKind::Wildcard, PatternKind::Wildcard)
            | (PatternKind::Error, PatternKind::Error) => true,
            (PatternKind::Value(a), PatternKind::Value(b)) => self.later(*a, *b),
            (PatternKind::Name(a), PatternKind::Name(b)) => self.same.ident(a, b),
            (
                PatternKind::Range { start, end, inclusive },
                PatternKind::Range { start: start_b, end: end_b, inclusive: inclusive_b },
            ) => {
                inclusive == inclusive_b && self.maybe(*start, *start_b) && self.maybe(*end, *end_b)
            }
            (
                PatternKind::Wildcard
                | PatternKind::Error
                | PatternKind::Value(_)
                | PatternKind::Name(_)
                | PatternKind::Range { .. },
                _,
            ) => false,
        }
    }

    fn field(&mut self, a: &FieldInit, b: &FieldInit) -> bool {
        let FieldInit { name, value, short } = a;
        self.same.ident(name, &b.name) && *short == b.short && self.later(*value, b.value)
    }

    fn let_pattern(&self, a: &LetPattern, b: &LetPattern) -> bool {
        match (a, b) {
            (
                LetPattern::Name { name, mutable },
                LetPattern::Name { name: name_b, mutable: mutable_b },
            ) => self.same.ident(name, name_b) && mutable == mutable_b,
            (LetPattern::Struct(a), LetPattern::Struct(b)) => {
                let LetStruct { path, fields, rest } = &**a;
                let field = |same: Same<'_>, a: &LetField, b: &LetField| {
                    let LetField { field, name, mutable } = a;
                    same.ident(field, &b.field)
                        && same.ident(name, &b.name)
                        && *mutable == b.mutable
                };
                self.same.path(path, &b.path)
                    && *rest == b.rest
                    && self.same.all(fields, &b.fields, field)
            }
            (LetPattern::Name { .. } | LetPattern::Struct(_), _) => false,
        }
    }
}
