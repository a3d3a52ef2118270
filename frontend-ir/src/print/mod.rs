//! An [`ir::Module`](crate::ir::Module) becomes text that parses to an equal module.
//!
//! Invariant: `parse(print(m)) == m` for every module without `Error` nodes that the parser or the builder made; printing what was printed
//! and parsed gives the same text. Spellings the model does not hold (comments, blank lines, parentheses without need) are not here:
//! [`format()`](crate::format()) keeps those.

mod expr;

use std::fmt::Write;

use crate::ir::{
    Attribute, AttributeArgument, FieldDecl, Fn, FnBody, Global, Ident, Item, ItemKind, Module,
    Param, Path, PointerType, Struct, Template, Type, UseBinding,
};
use crate::literal;

/// The module's text.
pub fn print(module: &Module) -> String {
    let mut printer = Printer { module, out: String::new(), indent: 0 };
    printer.docs("//!", &module.docs);
    if !module.docs.is_empty() {
        printer.out.push('\n');
    }
    printer.out.push_str("module ");
    let segments: Vec<&str> = module.name.split("::").collect();
    if segments.contains(&"") {
        printer.out.push_str(&literal::name(&module.name));
    } else {
        printer
            .out
            .push_str(&segments.into_iter().map(literal::name).collect::<Vec<_>>().join("::"));
    }
    printer.out.push_str(";\n");
    if !module.items.is_empty() {
        printer.out.push('\n');
    }
    printer.items(&module.items);
    printer.out
}

struct Printer<'m> {
    module: &'m Module,
    out: String,
    indent: usize,
}

/// Whether an item stands next to its like without a blank line.
fn is_line(item: &Item) -> bool {
    item.docs.is_empty()
        && match &item.kind {
            ItemKind::Use(_) | ItemKind::Const(_) | ItemKind::Static { .. } => true,
            ItemKind::Fn(it) => match &it.body {
                FnBody::None => true,
                FnBody::Wasm { checked: _, template } => !template.text.contains('\n'),
                FnBody::Block(_) => false,
            },
            ItemKind::Struct(_) | ItemKind::Impl(_) => false,
        }
}

impl<'m> Printer<'m> {
    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.out.write_fmt(arguments);
    }

    fn text(&self, name: Ident) -> &'m str {
        &self.module.names[name.name]
    }

    /// A name where it is used.
    fn name(&mut self, name: Ident) {
        self.out.push_str(&literal::name(self.text(name)));
    }

    /// A name where it is declared.
    fn declared(&mut self, name: Ident) {
        match self.text(name) {
            "addr" => self.out.push_str("`addr`"),
            text => self.out.push_str(&literal::name(text)),
        }
    }

    /// A declared name or `_`.
    fn binding(&mut self, name: Ident) {
        if self.text(name) == "_" { self.out.push('_') } else { self.declared(name) }
    }

    fn path(&mut self, path: &Path) {
        for (index, segment) in path.segments.iter().enumerate() {
            if index > 0 {
                self.out.push_str("::");
            }
            self.name(*segment);
        }
    }

    fn label(&mut self, label: Ident) {
        self.out.push_str(&literal::label(self.text(label)));
    }

    fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Unit(_) => self.out.push_str("()"),
            Type::Never(_) => self.out.push('!'),
            Type::Name(name) => self.name(*name),
            Type::Path(path) => self.path(path),
            Type::Pointer(it) => {
                let PointerType { params, result, span: _ } = &**it;
                self.out.push_str("extern fn(");
                for (index, param) in params.iter().enumerate() {
                    if index > 0 {
                        self.out.push_str(", ");
                    }
                    self.ty(param);
                }
                self.out.push(')');
                if let Some(result) = result {
                    self.out.push_str(" -> ");
                    self.ty(result);
                }
            }
            Type::Error(_) => self.out.push_str(UNREADABLE),
        }
    }

    /// Lines of documentation; the first is not indented, each one ends its line.
    fn docs(&mut self, sign: &str, docs: &[Box<str>]) {
        for doc in docs {
            self.out.push_str(sign);
            if !doc.is_empty() {
                self.out.push(' ');
                self.out.push_str(doc);
            }
            self.line();
        }
    }

    /// Items, each one ending its line; the first is indented already.
    fn items(&mut self, items: &[Item]) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                for _ in 0..self.indent {
                    self.out.push_str("    ");
                }
            }
            self.item(item);
            self.out.push('\n');
            if items.get(index + 1).is_some_and(|next| !is_line(item) || !is_line(next)) {
                self.out.push('\n');
            }
        }
    }

    fn item(&mut self, item: &Item) {
        let Item { docs, attributes, public, span: _, kind } = item;
        self.docs("///", docs);
        for attribute in attributes {
            self.attribute(attribute);
            self.line();
        }
        if *public {
            self.out.push_str("pub ");
        }
        match kind {
            ItemKind::Use(bindings) => self.bindings(bindings),
            ItemKind::Const(global) => {
                self.out.push_str("const ");
                self.global(global);
            }
            ItemKind::Static { mutable, global } => {
                self.out.push_str(if *mutable { "static mut " } else { "static " });
                self.global(global);
            }
            ItemKind::Fn(function) => self.function(function),
            ItemKind::Struct(structure) => self.structure(structure),
            ItemKind::Impl(it) => {
                self.out.push_str("impl ");
                self.ty(&it.target);
                self.out.push_str(" {");
                if !it.items.is_empty() {
                    self.indent += 1;
                    self.line();
                    self.items(&it.items);
                    self.indent -= 1;
                    // The last item ended its line.
                    self.out.pop();
                    self.line();
                }
                self.out.push('}');
            }
        }
    }

    fn attribute(&mut self, attribute: &Attribute) {
        let Attribute { path, arguments, span: _ } = attribute;
        self.out.push_str("#[");
        self.path(path);
        for (index, argument) in arguments.iter().enumerate() {
            self.out.push_str(if index == 0 { "(" } else { ", " });
            match argument {
                AttributeArgument::Text(text, _) => literal::quote(&mut self.out, text, '"'),
                AttributeArgument::Path(path) => self.path(path),
                AttributeArgument::Int(value, _) => self.write(format_args!("{value}")),
            }
        }
        self.out.push_str(if arguments.is_empty() { "]" } else { ")]" });
    }

    /// One `use`, with what all paths begin with before a brace.
    fn bindings(&mut self, bindings: &[UseBinding]) {
        self.out.push_str("use ");
        let mut shared = bindings
            .first()
            .map_or(&[][..], |first| &first.path.segments[..first.path.segments.len() - 1]);
        for binding in bindings {
            let front = &binding.path.segments[..binding.path.segments.len() - 1];
            let common = shared.iter().zip(front).take_while(|(a, b)| a.name == b.name).count();
            shared = &shared[..common];
        }
        if bindings.len() != 1 {
            for segment in shared {
                self.name(*segment);
                self.out.push_str("::");
            }
            self.out.push('{');
        }
        let skip = if bindings.len() == 1 { 0 } else { shared.len() };
        for (index, UseBinding { path, alias }) in bindings.iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            for (index, segment) in path.segments[skip..].iter().enumerate() {
                if index > 0 {
                    self.out.push_str("::");
                }
                self.name(*segment);
            }
            if let Some(alias) = alias {
                self.out.push_str(" as ");
                self.declared(*alias);
            }
        }
        self.out.push_str(if bindings.len() == 1 { ";" } else { "};" });
    }

    fn global(&mut self, global: &Global) {
        let Global { name, ty, value } = global;
        self.declared(*name);
        self.out.push_str(": ");
        self.ty(ty);
        self.out.push_str(" = ");
        self.body(value);
        self.out.push(';');
    }

    fn structure(&mut self, structure: &Struct) {
        let Struct { name, fields } = structure;
        self.out.push_str("struct ");
        self.declared(*name);
        if fields.is_empty() {
            self.out.push_str(" {}");
            return;
        }
        self.out.push_str(" {");
        self.indent += 1;
        for FieldDecl { docs, public, name, ty } in fields {
            self.line();
            self.docs("///", docs);
            if *public {
                self.out.push_str("pub ");
            }
            self.declared(*name);
            self.out.push_str(": ");
            self.ty(ty);
            self.out.push(',');
        }
        self.indent -= 1;
        self.line();
        self.out.push('}');
    }

    fn function(&mut self, function: &Fn) {
        let Fn { name, is_extern, params, result, body } = function;
        self.out.push_str(if *is_extern { "extern fn " } else { "fn " });
        self.declared(*name);
        self.out.push('(');
        for (index, Param { name, mutable, ty }) in params.iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            if *mutable {
                self.out.push_str("mut ");
            }
            match ty {
                Some(ty) => {
                    self.binding(*name);
                    self.out.push_str(": ");
                    self.ty(ty);
                }
                None => self.out.push_str("self"),
            }
        }
        self.out.push(')');
        if let Some(result) = result {
            self.out.push_str(" -> ");
            self.ty(result);
        }
        match body {
            FnBody::None => self.out.push(';'),
            FnBody::Block(body) => {
                self.out.push(' ');
                self.body(body);
            }
            FnBody::Wasm { checked, template } => {
                self.out.push_str(" = ");
                if let Some(bytes) = checked {
                    self.write(format_args!("checked({bytes}) "));
                }
                self.template(template);
                self.out.push(';');
            }
        }
    }

    /// `wasm { … }`; on lines of its own when a line or comment in it might swallow the brace.
    fn template(&mut self, template: &Template) {
        let text = &*template.text;
        self.out.push_str("wasm {");
        if text.contains('\n') || text.contains(";;") {
            self.indent += 1;
            self.line();
            self.out.push_str(text);
            self.indent -= 1;
            self.line();
        } else if !text.is_empty() {
            self.out.push(' ');
            self.out.push_str(text);
            self.out.push(' ');
        }
        self.out.push('}');
    }
}

/// Stands for what the parser could not read; a name, so that only its meaning is missing.
const UNREADABLE: &str = "`<unreadable>`";
