//! A module becomes an equal one through the builder.

use swasm_frontend_ir::builder::{
    Argument, Arguments, Code, Expr, FunctionBuilder, ModuleBuilder, Pat, Tail, Ty, Value,
};
use swasm_frontend_ir::ir::*;
use swasm_frontend_ir::{ModuleId, Parsed};

/// Builds `module` again.
pub(crate) fn rebuild(module: &Module) -> Parsed {
    let mut builder = ModuleBuilder::new(&module.name);
    for line in &module.docs {
        builder.doc(line);
    }
    for item in &module.items {
        self::item(module, &mut builder, item);
    }
    builder.finish(ModuleId(0))
}

fn names(module: &Module, path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| module.names[segment.name].to_owned()).collect()
}

fn ty(module: &Module, ty: &Type) -> Ty {
    match ty {
        Type::Unit(_) => Ty::Unit,
        Type::Never(_) => Ty::Never,
        Type::Name(name) => Ty::Named(vec![module.names[name.name].to_owned()]),
        Type::Path(path) => Ty::Named(names(module, path)),
        Type::Pointer(it) => Ty::Pointer(
            it.params.iter().map(|param| self::ty(module, param)).collect(),
            it.result.as_ref().map(|result| Box::new(self::ty(module, result))),
        ),
        Type::Error(_) => panic!("not in a module without mistakes"),
    }
}

macro_rules! front {
    ($module:ident, $item:ident, $builder:expr) => {{
        let mut builder = $builder;
        for line in &$item.docs {
            builder = builder.doc(line);
        }
        for attribute in &$item.attributes {
            let arguments = attribute
                .arguments
                .iter()
                .map(|argument| match argument {
                    AttributeArgument::Text(text, _) => Argument::Text(text.to_string()),
                    AttributeArgument::Path(path) => Argument::Path(names($module, path)),
                    AttributeArgument::Int(value, _) => Argument::Int(*value),
                })
                .collect();
            builder = builder.attribute_with(&names($module, &attribute.path)[..], arguments);
        }
        if $item.public { builder.public() } else { builder }
    }};
}

fn item(module: &Module, builder: &mut ModuleBuilder, item: &Item) {
    let text = |name: Ident| &module.names[name.name];
    match &item.kind {
        ItemKind::Use(bindings) => {
            let mut uses = front!(module, item, builder.uses());
            for binding in bindings {
                let path = names(module, &binding.path);
                uses = match binding.alias {
                    Some(alias) => uses.path_as(&path[..], text(alias)),
                    None => uses.path(&path[..]),
                };
            }
            uses.end();
        }
        ItemKind::Const(global) => {
            let global_builder = builder.constant(text(global.name), ty(module, &global.ty));
            front!(module, item, global_builder)
                .value(|f| Again { module, body: &global.value, f }.expr(global.value.root()));
        }
        ItemKind::Static { mutable, global } => {
            let (name, ty) = (text(global.name), ty(module, &global.ty));
            let global_builder =
                if *mutable { builder.static_mut(name, ty) } else { builder.static_(name, ty) };
            front!(module, item, global_builder)
                .value(|f| Again { module, body: &global.value, f }.expr(global.value.root()));
        }
        ItemKind::Fn(it) => {
            let name = text(it.name);
            let function =
                if it.is_extern { builder.extern_function(name) } else { builder.function(name) };
            finish(module, it, front!(module, item, function));
        }
        ItemKind::Struct(it) => {
            let mut structure = front!(module, item, builder.structure(text(it.name)));
            for field in &it.fields {
                let (name, ty) = (text(field.name), ty(module, &field.ty));
                structure = if field.public {
                    structure.public_field(name, ty)
                } else {
                    structure.field(name, ty)
                };
                for line in &field.docs {
                    structure = structure.field_doc(line);
                }
            }
            structure.end();
        }
        ItemKind::Impl(it) => {
            let mut functions = front!(module, item, builder.implement(ty(module, &it.target)));
            for item in &it.items {
                let ItemKind::Fn(it) = &item.kind else { panic!("an impl holds functions") };
                finish(module, it, front!(module, item, functions.function(text(it.name))));
            }
            functions.end();
        }
    }
}

fn finish(module: &Module, it: &Fn, mut function: FunctionBuilder<'_>) {
    for param in &it.params {
        let name = &module.names[param.name.name];
        function = match (&param.ty, param.mutable) {
            (None, false) => function.receiver(),
            (None, true) => function.mut_receiver(),
            (Some(it), false) => function.param(name, ty(module, it)),
            (Some(it), true) => function.mut_param(name, ty(module, it)),
        };
    }
    if let Some(result) = &it.result {
        function = function.result(ty(module, result));
    }
    match &it.body {
        FnBody::None => function.declare(),
        FnBody::Wasm { checked: None, template } => function.template(&template.text),
        FnBody::Wasm { checked: Some(bytes), template } => {
            function.checked_template(*bytes, &template.text)
        }
        FnBody::Block(body) => {
            let ExprKind::Block(block) = body[body.root()].kind else {
                panic!("a function's body is a block")
            };
            match block.tail {
                Some(tail) => function.value(|f| {
                    let again = Again { module, body, f };
                    again.statements(block);
                    again.expr(tail)
                }),
                None => function.body(|f| Again { module, body, f }.statements(block)),
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Again<'m, 'f> {
    module: &'m Module,
    body: &'m Body,
    f: &'f Code,
}

impl<'m, 'f> Again<'m, 'f> {
    fn text(self, name: Ident) -> &'m str {
        &self.module.names[name.name]
    }

    fn names(self, path: &Path) -> Vec<String> {
        names(self.module, path)
    }

    fn statements(self, block: Block) {
        for &statement in &self.body[block.statements] {
            self.statement(statement);
        }
    }

    fn statement(self, id: ExprId) {
        let mut positions = Vec::new();
        let mut inner = id;
        while let ExprKind::At(span, next) = self.body[inner].kind {
            positions.push(self.module.source.position(span));
            inner = next;
        }
        let ExprKind::Let(it) = &self.body[inner].kind else {
            self.f.run(self.expr(id));
            return;
        };
        let mut builder = match &it.pattern {
            LetPattern::Name { name, mutable } => {
                let builder = self.f.let_(self.text(*name));
                if *mutable { builder.mutable() } else { builder }
            }
            LetPattern::Struct(pattern) => {
                let LetStruct { path, fields, rest } = &**pattern;
                let mut builder = self.f.let_struct(&self.names(path)[..]);
                for field in fields {
                    let (from, to) = (self.text(field.field), self.text(field.name));
                    builder = if field.mutable {
                        builder.mut_field(from, to)
                    } else {
                        builder.field(from, to)
                    };
                }
                if *rest { builder.rest() } else { builder }
            }
        };
        for position in positions {
            builder = builder.at(&position.file, position.line, position.column);
        }
        if let Some(written) = &it.ty {
            builder = builder.ty(ty(self.module, written));
        }
        match it.value {
            Some(value) => builder.value(self.expr(value)),
            None => builder.unset(),
        };
    }

    /// The statements of a block, then its value: what a block's closure does.
    fn inside(self, id: ExprId) -> impl Tail<'f> + use<'f> {
        let ExprKind::Block(block) = self.body[id].kind else { panic!("a block") };
        self.statements(block);
        block.tail.map(|tail| self.expr(tail))
    }

    fn list(self, list: ExprList) -> impl Arguments<'f> + use<'f> {
        self.body[list].iter().map(|id| self.expr(*id)).collect::<Vec<_>>()
    }

    fn expr(self, id: ExprId) -> Expr<'f> {
        let f = self.f;
        match &self.body[id].kind {
            ExprKind::Error | ExprKind::Let(_) => panic!("no expression"),
            ExprKind::Unit => f.unit(),
            ExprKind::Bool(value) => value.into_expr(f),
            ExprKind::Int(value) => f.int_literal(*value),
            ExprKind::Float(value) => f.float_literal(&value.text, value.suffix),
            ExprKind::Char(value) => f.char(*value),
            ExprKind::Byte(value) => f.byte(*value),
            ExprKind::Bytes(value) => f.bytes(value),
            ExprKind::Text(value) => f.text(value),
            ExprKind::Name(name) => f.name(self.text(*name)).read(),
            ExprKind::Path(path) => f.path(&self.names(path)[..]),
            ExprKind::Unary(op, a) => self.expr(*a).unary(*op),
            ExprKind::Binary(op, a, b) => self.expr(*a).binary(*op, self.expr(*b)),
            ExprKind::Assign(a, b) => self.expr(*a).assign(self.expr(*b)),
            ExprKind::AssignOp(op, a, b) => self.expr(*a).assign_op(*op, self.expr(*b)),
            ExprKind::Cast(a, to) => self.expr(*a).cast(ty(self.module, to)),
            ExprKind::Block(block) => match block.label {
                Some(label) => f.labelled(self.text(label)).block(|| self.inside(id)),
                None => f.block(|| self.inside(id)),
            },
            ExprKind::If(..) => self.branches(id),
            ExprKind::Match(value, arms) => {
                let mut builder = f.match_(self.expr(*value));
                for arm in arms {
                    let patterns: Vec<Pat> =
                        arm.patterns.iter().map(|pattern| self.pattern(pattern)).collect();
                    let guard = arm.guard.map(|guard| self.expr(guard));
                    let value = self.expr(arm.value);
                    builder = match guard {
                        Some(guard) => builder.guarded(&patterns, guard, value),
                        None => builder.arms(&patterns, value),
                    };
                }
                builder.end()
            }
            ExprKind::Loop(label, block) => match label {
                Some(label) => f.labelled(self.text(*label)).loop_(|| self.inside(*block)),
                None => f.loop_(|| self.inside(*block)),
            },
            ExprKind::While(label, condition, block) => {
                let condition = self.expr(*condition);
                match label {
                    Some(label) => {
                        f.labelled(self.text(*label)).while_(condition, || self.inside(*block))
                    }
                    None => f.while_(condition, || self.inside(*block)),
                }
            }
            ExprKind::For(it) => {
                let (name, start, end) =
                    (self.text(it.name), self.expr(it.start), self.expr(it.end));
                match (it.label, it.inclusive) {
                    (Some(label), false) => {
                        f.labelled(self.text(label))
                            .for_(name, start, end, |_| self.inside(it.body))
                    }
                    (Some(label), true) => {
                        f.labelled(self.text(label))
                            .for_inclusive(name, start, end, |_| self.inside(it.body))
                    }
                    (None, false) => f.for_(name, start, end, |_| self.inside(it.body)),
                    (None, true) => f.for_inclusive(name, start, end, |_| self.inside(it.body)),
                }
            }
            ExprKind::Break(label, value) => match (label, value) {
                (None, None) => f.break_(),
                (Some(label), None) => f.break_to(self.text(*label)),
                (None, Some(value)) => f.break_value(self.expr(*value)),
                (Some(label), Some(value)) => {
                    f.break_to_value(self.text(*label), self.expr(*value))
                }
            },
            ExprKind::Continue(label) => {
                label.map_or_else(|| f.continue_(), |label| f.continue_to(self.text(label)))
            }
            ExprKind::Return(value) => {
                value.map_or_else(|| f.return_(), |value| f.return_value(self.expr(value)))
            }
            ExprKind::Become(call) => self.expr(*call).become_(),
            ExprKind::Call(callee, list) => self.expr(*callee).call(self.list(*list)),
            ExprKind::Method(receiver, name, list) => {
                self.expr(*receiver).method(self.text(*name), self.list(*list))
            }
            ExprKind::Field(a, name) => self.expr(*a).field(self.text(*name)),
            ExprKind::Index(a, index) => self.expr(*a).index(self.expr(*index)),
            ExprKind::Struct(it) => {
                let StructLiteral { path, fields } = &**it;
                let mut builder = f.structure(&self.names(path)[..]);
                for field in fields {
                    let name = self.text(field.name);
                    builder = if field.short {
                        builder.short(name)
                    } else {
                        builder.field(name, self.expr(field.value))
                    };
                }
                builder.end()
            }
            ExprKind::Data(elements) => {
                let mut builder = f.data();
                for element in elements {
                    builder = match element {
                        DataElement::Value(value) => builder.value(self.expr(*value)),
                        DataElement::Repeat(value, count) => {
                            builder.repeat(self.expr(*value), self.expr(*count))
                        }
                    };
                }
                builder.end()
            }
            ExprKind::Scope(name, block) => f.scope(self.text(*name), |_| self.inside(*block)),
            ExprKind::Wasm(template) => f.wasm(&template.text),
            ExprKind::At(span, inner) => {
                let position = self.module.source.position(*span);
                self.expr(*inner).at(&position.file, position.line, position.column)
            }
        }
    }

    fn branches(self, mut id: ExprId) -> Expr<'f> {
        let mut builder = self.f.branches();
        loop {
            let ExprKind::If(condition, then, otherwise) = self.body[id].kind else {
                return builder.otherwise(|| self.inside(id));
            };
            builder = builder.when(self.expr(condition), || self.inside(then));
            match otherwise {
                Some(otherwise) => id = otherwise,
                None => return builder.end(),
            }
        }
    }

    fn pattern(self, pattern: &Pattern) -> Pat {
        match &pattern.kind {
            PatternKind::Wildcard => Pat::Any,
            PatternKind::Name(name) => Pat::Name(self.text(*name).to_owned()),
            PatternKind::Value(value) => self.pattern_value(*value),
            PatternKind::Range { start, end, inclusive } => {
                let start = start.map(|start| Box::new(self.pattern_value(start)));
                let end = end.map(|end| Box::new(self.pattern_value(end)));
                match end {
                    Some(end) if *inclusive => Pat::RangeInclusive(start, end),
                    end => Pat::Range(start, end),
                }
            }
            PatternKind::Error => panic!("not in a module without mistakes"),
        }
    }

    fn pattern_value(self, id: ExprId) -> Pat {
        let (kind, negative) = match &self.body[id].kind {
            ExprKind::Unary(_, inner) => (&self.body[*inner].kind, true),
            kind => (kind, false),
        };
        match kind {
            ExprKind::Int(value) => Pat::IntLiteral(*value, negative),
            ExprKind::Float(value) => Pat::Float(value.text.to_string(), value.suffix, negative),
            ExprKind::Char(value) => Pat::Char(*value),
            ExprKind::Byte(value) => Pat::Byte(*value),
            ExprKind::Bool(value) => Pat::Bool(*value),
            ExprKind::Text(value) => Pat::Text(value.to_string()),
            ExprKind::Bytes(value) => Pat::Bytes(value.to_vec()),
            ExprKind::Name(name) => Pat::Name(self.text(*name).to_owned()),
            ExprKind::Path(path) => Pat::Path(self.names(path)),
            _ => panic!("no pattern"),
        }
    }
}
