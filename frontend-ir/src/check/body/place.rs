//! Places: what can be assigned, fields and elements among them; structs as values.

use super::statement::list_names;
use super::{Checker, Out, Why};
use crate::check::suggest::nearest;
use crate::check::unit::{Nominal, SlotKind};
use crate::check::world::{integer, value_type};
use crate::checked::{DefId, ExprId, ExprKind, LocalId, StructValue, Type};
use crate::codes;
use crate::ir::{self, BinaryOp, FieldInit, Ident, ValueType};
use crate::source::Span;

/// A checked place.
struct Target {
    id: ExprId,
    root: Root,
}

/// What an assignment changes.
#[derive(Clone, Copy)]
enum Root {
    /// All of a local.
    Local(LocalId, Span),
    /// Some fields of a local.
    Part(LocalId, Span),
    /// A static or memory, or something reported.
    Other,
}

impl Checker<'_, '_> {
    pub(super) fn assign(&mut self, place: ir::ExprId, value: ir::ExprId, span: Span) -> Out {
        let Some(target) = self.target_place(place) else {
            self.closed(value);
            return self.broken(span);
        };
        let value = self.assigned_value(&target, place, value);
        match target.root {
            Root::Local(local, at) => self.assign_local(local, at),
            Root::Part(local, at) => self.assign_field(local, at),
            Root::Other => (),
        }
        self.unit(ExprKind::Assign(target.id, value), span)
    }

    /// The value for a place; one for a variable without a type gives it its type.
    fn assigned_value(&mut self, target: &Target, place: ir::ExprId, value: ir::ExprId) -> ExprId {
        if let Root::Local(local, _) = target.root
            && self.locals[local.0 as usize].untyped
        {
            let value = self.closed(value);
            let ty = self.ty(value).clone();
            if ty != Type::Never {
                self.locals[local.0 as usize].untyped = false;
                self.out.locals[local.0 as usize].ty = self.type_id(ty.clone());
                self.set_type(target.id, ty);
            }
            return value;
        }
        let ty = self.ty(target.id).clone();
        self.want(value, &ty, Why::Assign(self.spot(place)))
    }

    pub(super) fn assign_op(
        &mut self,
        op: BinaryOp,
        place: ir::ExprId,
        value: ir::ExprId,
        span: Span,
    ) -> Out {
        let Some(target) = self.target_place(place) else {
            self.closed(value);
            return self.broken(span);
        };
        if let Root::Local(local, at) | Root::Part(local, at) = target.root {
            // The place is read before the value is computed.
            self.read_local(local, at);
        }
        let value = self.compound_value(op, target.id, place, value, span);
        if let Root::Local(local, at) | Root::Part(local, at) = target.root {
            self.assign_part(local, at);
        }
        self.unit(ExprKind::AssignOp(op, target.id, value), span)
    }

    /// Notes an assignment to a field: the rest must be there.
    fn assign_field(&mut self, local: LocalId, span: Span) {
        let used = self.locals[local.0 as usize].used;
        self.read_local(local, span);
        // Writing a field is no reading of the variable.
        self.locals[local.0 as usize].used = used;
        self.assign_part(local, span);
    }

    fn target_place(&mut self, id: ir::ExprId) -> Option<Target> {
        let ast = self.ast;
        let span = ast[id].span;
        match &ast[id].kind {
            ir::ExprKind::At(position, inner) => {
                let outer = self.cx.at.replace(*position);
                let target = self.target_place(*inner);
                self.cx.at = outer;
                target
            }
            ir::ExprKind::Name(name) => match self.scope.get(&name.name) {
                Some(&local) => {
                    let ty = self.out.local_type(local).clone();
                    let id = self.push(ExprKind::Local(local), ty, span);
                    Some(Target { id, root: Root::Local(local, span) })
                }
                None => {
                    let out = self.name(*name, Some(&Type::Error));
                    self.target_static(out, span)
                }
            },
            ir::ExprKind::Path(path) => {
                let out = self.path(path, Some(&Type::Error));
                self.target_static(out, span)
            }
            ir::ExprKind::Field(..) => self.target_field(id),
            ir::ExprKind::Index(base, index) => {
                let out = self.element(*base, *index, span);
                Some(Target { id: out.id, root: Root::Other })
            }
            _ => {
                self.closed(id);
                let error = self
                    .cx
                    .error(codes::NOT_A_PLACE, span, "this is a value, not a place that can be assigned")
                    .help("assign a variable, a `static mut`, a field of one, or an element like `a.i32[i]`");
                self.report(error);
                None
            }
        }
    }

    /// `a.b.c`, from the outside in: a chain may be long.
    fn target_field(&mut self, id: ir::ExprId) -> Option<Target> {
        let ast = self.ast;
        let mut chain = Vec::new();
        let mut base = id;
        while let ir::ExprKind::Field(inner, name) = &ast[base].kind {
            chain.push((base, *name));
            base = *inner;
        }
        let mut target = self.target_place(base)?;
        if let Root::Local(local, span) = target.root {
            target.root = Root::Part(local, span);
        }
        while let Some((id, name)) = chain.pop() {
            target.id = self.field_of(target.id, name, ast[id].span).id;
        }
        Some(target)
    }

    fn target_static(&mut self, out: Out, span: Span) -> Option<Target> {
        let world = self.cx.world;
        let def = match self.out[out.id].kind {
            ExprKind::Static(def) => def,
            _ if *self.ty(out.id) == Type::Error => return None,
            _ => {
                let error = self
                    .cx
                    .error(
                        codes::NOT_A_PLACE,
                        span,
                        "this is a constant, which has no place to be assigned",
                    )
                    .help("make it a `static mut`");
                self.report(error);
                return None;
            }
        };
        let slot = world.slot(def);
        if slot.kind != SlotKind::StaticMut {
            let error = self
                .cx
                .error(
                    codes::IMMUTABLE,
                    span,
                    format!("`{}` cannot be assigned: it is an immutable static", slot.name),
                )
                .label(world.place(def), "declared here without `mut`")
                .help(format!("declare it as `static mut {}`", slot.name));
            self.report(error);
        }
        Some(Target { id: out.id, root: Root::Other })
    }

    // --- fields ---

    pub(super) fn field(&mut self, base: ir::ExprId, name: Ident, span: Span) -> Out {
        let base = self.closed(base);
        self.field_of(base, name, span)
    }

    fn field_of(&mut self, base: ExprId, name: Ident, span: Span) -> Out {
        let ty = self.ty(base).clone();
        let def = match &ty {
            Type::Struct(def) => *def,
            Type::Error => return self.broken(span),
            Type::Never => return Out { id: base, open: None },
            Type::Value(_) | Type::Unit | Type::Pointer(_) => {
                let (text, shown) = (self.cx.text(name), self.cx.show(&ty));
                let mut error = self.cx.error(
                    codes::UNKNOWN_FIELD,
                    name.span,
                    format!("`{shown}` has no fields"),
                );
                if let Some(nominal) = Nominal::of(&ty)
                    && self.cx.world.method(nominal, text).is_some()
                {
                    error = error.help(format!("call the method: `.{text}()`"));
                }
                self.report(error);
                return self.broken(span);
            }
        };
        let Some(index) = self.field_index(def, name) else { return self.broken(span) };
        let ty = self.cx.world.structure(def).fields[index].1.clone();
        self.typed(ExprKind::Field(base, index as u32), ty, span)
    }

    /// The number of a struct's field; reported if there is none or it may not be named.
    pub(super) fn field_index(&mut self, def: DefId, name: Ident) -> Option<usize> {
        let world = self.cx.world;
        let structure = world.structure(def);
        let text = self.cx.text(name);
        let shown = &world.slot(def).name;
        let found = structure.fields.iter().position(|field| &*field.0 == text);
        match found {
            Some(index) if world.field_visible(def, index, self.cx.module) => Some(index),
            Some(_) => {
                let mut error = self
                    .cx
                    .error(
                        codes::PRIVATE,
                        name.span,
                        format!("field `{text}` of `{shown}` is private"),
                    )
                    .label(world.place(def), "declared here");
                error = match world.method(Nominal::Struct(def), text) {
                    Some(_) => error.help(format!("call the method: `.{text}()`")),
                    None => error.help(format!(
                        "write `pub {text}` in the struct to let other modules name it"
                    )),
                };
                self.report(error);
                None
            }
            None => {
                let mut error = self
                    .cx
                    .error(
                        codes::UNKNOWN_FIELD,
                        name.span,
                        format!("`{shown}` has no field `{text}`"),
                    )
                    .label(world.place(def), "declared here");
                if world.method(Nominal::Struct(def), text).is_some() {
                    error = error.help(format!("call the method: `.{text}()`"));
                } else if let Some(near) =
                    nearest(text, structure.fields.iter().map(|field| &*field.0))
                {
                    error = error.help(format!("did you mean `{near}`?"));
                }
                self.report(error);
                None
            }
        }
    }

    /// The struct that a path names.
    pub(super) fn struct_named(&mut self, path: &ir::Path) -> Option<DefId> {
        match self.cx.nominal(path)? {
            Nominal::Struct(def) => Some(def),
            Nominal::Value(_) => {
                let shown = self.cx.show_path(path);
                let error = self.cx.error(
                    codes::UNKNOWN_TYPE,
                    path.span(),
                    format!("`{shown}` is not a struct"),
                );
                self.report(error);
                None
            }
        }
    }

    /// `S { x: 1.0, y }`
    pub(super) fn structure(&mut self, path: &ir::Path, inits: &[FieldInit], span: Span) -> Out {
        let Some(def) = self.struct_named(path) else {
            for init in inits {
                self.closed(init.value);
            }
            return self.broken(span);
        };
        let world = self.cx.world;
        let structure = world.structure(def);
        let mut seen: Vec<Option<Span>> = vec![None; structure.fields.len()];
        let mut values = Vec::with_capacity(inits.len());
        let mut misnamed = false;
        for init in inits {
            let Some(index) = self.field_index(def, init.name) else {
                misnamed = true;
                self.closed(init.value);
                continue;
            };
            if let Some(first) = seen[index].replace(init.name.span) {
                self.named_twice(init.name, first);
            }
            let value = self.want(init.value, &structure.fields[index].1, Why::Field(def, index));
            values.push((index as u32, value));
        }
        let missing: Vec<&str> = structure
            .fields
            .iter()
            .zip(&seen)
            .filter(|(_, seen)| seen.is_none())
            .map(|(field, _)| &*field.0)
            .collect();
        if !missing.is_empty() && !misnamed {
            let name = &world.slot(def).name;
            let error = self
                .cx
                .error(
                    codes::FIELDS,
                    path.span(),
                    format!("`{name}` is built without {}", list_names(&missing)),
                )
                .label(world.place(def), "declared here")
                .help("give every field a value");
            self.report(error);
        }
        self.typed(
            ExprKind::Struct(Box::new(StructValue { fields: values.into() })),
            Type::Struct(def),
            span,
        )
    }

    // --- elements ---

    /// `a.i32[i]`
    pub(super) fn element(&mut self, base: ir::ExprId, index: ir::ExprId, span: Span) -> Out {
        let ast = self.ast;
        let ir::ExprKind::Field(segment, name) = &ast[base].kind else {
            self.closed(base);
            self.closed(index);
            let error = self
                .cx
                .error(codes::ELEMENT, span, "an element needs a type")
                .help("write which elements a segment is read as: `a.i32[i]`");
            self.report(error);
            return self.broken(span);
        };
        let text = self.cx.text(*name);
        let element = match value_type(text) {
            Some(value) if !matches!(value, ValueType::Bool | ValueType::Char) => Some(value),
            _ => {
                let names = [
                    "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "v128",
                    "addr",
                ];
                let mut error = self
                    .cx
                    .error(codes::ELEMENT, name.span, format!("`{text}` is no type of elements"))
                    .note(format!("these are: {}", names.join(" ")));
                if let Some(near) = nearest(text, names.into_iter()) {
                    error = error.help(format!("did you mean `{near}`?"));
                }
                self.report(error);
                None
            }
        };
        let ty = self.cx.world.segment();
        let segment = self.want(*segment, &ty, Why::Segment);
        let index_id = self.closed(index);
        let found = self.ty(index_id).clone();
        let fine = match &found {
            Type::Value(value) => integer(*value).is_some(),
            Type::Never | Type::Error => true,
            Type::Unit | Type::Struct(_) | Type::Pointer(_) => false,
        };
        if !fine {
            let shown = self.cx.show(&found);
            let error = self.cx.error(
                codes::ELEMENT,
                self.spot(index),
                format!("an index must be an integer, but this is `{shown}`"),
            );
            self.report(error);
        }
        match element {
            Some(element) => self.typed(
                ExprKind::Element(segment, element, index_id),
                Type::Value(element),
                span,
            ),
            None => self.broken(span),
        }
    }
}
