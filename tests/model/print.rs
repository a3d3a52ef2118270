//! A program ⇒ its `.swir` text. Parentheses stand only where precedence asks for them.

use std::fmt::Write;

use crate::ast::{
    Arm, BinaryOp, Block, Data, Expr, FIELDS, Function, Inline, Int, Item, Kind, Module, Pattern,
    Spelling, Statement, Target, Template, Ty, UnaryOp, Value,
};
use crate::number::METHODS;

/// What every program begins with: the trace, which makes the order of evaluation visible, and templates.
const PRELUDE: &str = "\
module random;

#[wasm_export(\"trace\")]
static mut TRACE: u64 = 0;
fn note(id: u32, bits: u64) { TRACE = (TRACE ^ bits) * 0x9e3779b97f4a7c15 + id as u64; TRACE ^= TRACE >> 29; }
fn trace_i8(id: u32, value: i8) -> i8 { note(id, value as u64); value }
fn trace_u8(id: u32, value: u8) -> u8 { note(id, value as u64); value }
fn trace_i16(id: u32, value: i16) -> i16 { note(id, value as u64); value }
fn trace_u16(id: u32, value: u16) -> u16 { note(id, value as u64); value }
fn trace_i32(id: u32, value: i32) -> i32 { note(id, value as u64); value }
fn trace_u32(id: u32, value: u32) -> u32 { note(id, value as u64); value }
fn trace_i64(id: u32, value: i64) -> i64 { note(id, value as u64); value }
fn trace_u64(id: u32, value: u64) -> u64 { note(id, value); value }
fn trace_addr(id: u32, value: addr) -> addr { note(id, value as u64); value }
fn trace_bool(id: u32, value: bool) -> bool { note(id, value as u64); value }
fn trace_char(id: u32, value: char) -> char { note(id, value as u64); value }
fn trace_f32(id: u32, value: f32) -> f32 { note(id, if value == value { value.to_bits() as u64 } else { 1 }); value }
fn trace_f64(id: u32, value: f64) -> f64 { note(id, if value == value { value.to_bits() } else { 1 }); value }
fn below(a: i32, b: i32) -> i32 = wasm { (i32.sub $b $a) };
fn over(a: i64, b: i64) -> i64 = wasm { (i64.div_s $b $a) };
fn choose(c: bool, a: u8, b: u8) -> u8 = wasm { (select $a $b $c) };
fn narrow(a: i64) -> i8 = wasm { (i32.wrap_i64 $a) };
fn fail() -> ! = wasm { (unreachable) };
";

/// What `trace_…` does to the trace.
pub(crate) fn note(trace: u64, id: u32, bits: u64) -> u64 {
    let mixed = (trace ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(id));
    mixed ^ mixed >> 29
}

/// The text of a module.
pub(crate) fn print(module: &Module) -> String {
    let mut printer = Printer { module, text: PRELUDE.to_owned(), indent: 0 };
    printer.module();
    printer.text
}

/// The same without what every program begins with: for people.
pub(crate) fn print_short(module: &Module) -> String {
    print(module)[PRELUDE.len()..].to_owned()
}

/// The name that a function is exported under.
pub(crate) fn export(index: usize) -> String {
    format!("f{index}")
}

pub(crate) fn template_name(template: Template) -> &'static str {
    match template {
        Template::Below => "below",
        Template::Over => "over",
        Template::Choose => "choose",
        Template::Narrow => "narrow",
        Template::Fail => "fail",
    }
}

struct Printer<'m> {
    module: &'m Module,
    text: String,
    indent: usize,
}

/// How tightly an expression holds together, as in Rust.
mod level {
    pub(super) const JUMP: u8 = 0;
    pub(super) const OR: u8 = 2;
    pub(super) const AND: u8 = 3;
    pub(super) const COMPARE: u8 = 4;
    pub(super) const CAST: u8 = 11;
    pub(super) const UNARY: u8 = 12;
    pub(super) const POSTFIX: u8 = 13;
    pub(super) const ATOM: u8 = 14;
}

fn symbol(op: BinaryOp) -> (&'static str, u8) {
    match op {
        BinaryOp::Add => ("+", 9),
        BinaryOp::Sub => ("-", 9),
        BinaryOp::Mul => ("*", 10),
        BinaryOp::Div => ("/", 10),
        BinaryOp::Rem => ("%", 10),
        BinaryOp::And => ("&", 7),
        BinaryOp::Or => ("|", 5),
        BinaryOp::Xor => ("^", 6),
        BinaryOp::Shl => ("<<", 8),
        BinaryOp::Shr => (">>", 8),
        BinaryOp::Eq => ("==", level::COMPARE),
        BinaryOp::Ne => ("!=", level::COMPARE),
        BinaryOp::Lt => ("<", level::COMPARE),
        BinaryOp::Le => ("<=", level::COMPARE),
        BinaryOp::Gt => (">", level::COMPARE),
        BinaryOp::Ge => (">=", level::COMPARE),
    }
}

impl Printer<'_> {
    fn word(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn line(&mut self) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n("    ", self.indent));
    }

    fn module(&mut self) {
        let module = self.module;
        for (index, fields) in module.structs.iter().enumerate() {
            let fields: Vec<String> = fields
                .iter()
                .zip(FIELDS)
                .map(|(ty, name)| format!("{name}: {}", self.ty(*ty)))
                .collect();
            let _ = writeln!(self.text, "struct S{index} {{ {} }}", fields.join(", "));
        }
        for (index, Item { ty, value, .. }) in
            module.consts.iter().enumerate().filter(|(_, item)| !item.omitted)
        {
            let _ = write!(self.text, "const K{index}: {} = ", self.ty(*ty));
            self.expr(value, 0);
            self.word(";\n");
        }
        for (index, Item { ty, value, exported, .. }) in
            module.statics.iter().enumerate().filter(|(_, item)| !item.omitted)
        {
            if *exported {
                let _ = write!(self.text, "#[wasm_export(\"G{index}\")] ");
            }
            let _ = write!(self.text, "static mut G{index}: {} = ", self.ty(*ty));
            self.expr(value, 0);
            self.word(";\n");
        }
        for (index, Data { elements, writable, .. }) in
            module.data.iter().enumerate().filter(|(_, data)| !data.omitted)
        {
            let word = if *writable { "static" } else { "const" };
            let _ = write!(self.text, "{word} D{index}: MemorySegment = data [");
            for (at, element) in elements.iter().enumerate() {
                self.word(if at == 0 { "" } else { ", " });
                self.value(element, Spelling::Suffixed);
            }
            self.word("];\n");
        }
        for (index, function) in
            module.functions.iter().enumerate().filter(|(_, function)| !function.omitted)
        {
            self.function(index, function);
        }
    }

    fn function(&mut self, index: usize, function: &Function) {
        let Function { of, params, result, body, exported, inline, omitted: _ } = function;
        if let Some(of) = of {
            let _ = write!(self.text, "\nimpl S{of} {{");
        }
        self.word("\n");
        if *exported {
            let _ = writeln!(self.text, "#[wasm_export(\"{}\")]", export(index));
        }
        match inline {
            Inline::Free => (),
            Inline::Always => self.word("#[inline]\n"),
            Inline::Never => self.word("#[inline(never)]\n"),
            Inline::Cold => self.word("#[cold]\n"),
        }
        let _ = write!(self.text, "fn f{index}(");
        for (at, param) in params.iter().enumerate() {
            self.word(if at == 0 { "" } else { ", " });
            self.word(if param.mutable { "mut " } else { "" });
            self.word(param.name);
            if !(at == 0 && of.is_some()) {
                let ty = self.ty(param.ty);
                let _ = write!(self.text, ": {ty}");
            }
        }
        self.word(")");
        if *result != Ty::Unit {
            let ty = self.ty(*result);
            let _ = write!(self.text, " -> {ty}");
        }
        self.word(" ");
        self.block(body);
        self.word(if of.is_some() { "\n}\n" } else { "\n" });
    }

    fn ty(&self, ty: Ty) -> String {
        match ty {
            Ty::Int(int) => int.name().to_owned(),
            Ty::Bool => "bool".to_owned(),
            Ty::Char => "char".to_owned(),
            Ty::F32 => "f32".to_owned(),
            Ty::F64 => "f64".to_owned(),
            Ty::Unit => "()".to_owned(),
            Ty::Struct(index) => format!("S{index}"),
            Ty::Pointer(index) => {
                let signature = &self.module.signatures[index];
                let params: Vec<String> = signature.params.iter().map(|ty| self.ty(*ty)).collect();
                let result = if signature.result == Ty::Unit {
                    String::new()
                } else {
                    format!(" -> {}", self.ty(signature.result))
                };
                format!("extern fn({}){result}", params.join(", "))
            }
            Ty::Segment => "MemorySegment".to_owned(),
        }
    }

    fn block(&mut self, block: &Block) {
        if block.statements.is_empty() && block.tail.is_none() {
            self.word("{ }");
            return;
        }
        self.word("{");
        self.indent += 1;
        for statement in &block.statements {
            self.line();
            self.statement(statement);
        }
        if let Some(tail) = &block.tail {
            self.line();
            self.expr(tail, 0);
        }
        self.indent -= 1;
        self.line();
        self.word("}");
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let { name, mutable, annotated, value } => {
                let _ = write!(self.text, "let {}{name}", if *mutable { "mut " } else { "" });
                if *annotated {
                    let ty = self.ty(value.ty);
                    let _ = write!(self.text, ": {ty}");
                }
                self.word(" = ");
                self.expr(value, 0);
            }
            Statement::Declare { name, ty } => {
                let ty = self.ty(*ty);
                let _ = write!(self.text, "let {name}: {ty}");
            }
            Statement::Destructure { of, fields, value } => {
                let _ = write!(self.text, "let S{of} {{ ");
                for (field, name, mutable) in fields {
                    let _ = write!(
                        self.text,
                        "{}: {}{name}, ",
                        FIELDS[*field],
                        if *mutable { "mut " } else { "" }
                    );
                }
                self.word(".. } = ");
                self.expr(value, 0);
            }
            // A block's value that nobody wants stands in parentheses.
            Statement::Expr(value) => {
                self.expr(value, u8::from(is_block(&value.kind) && value.ty != Ty::Unit))
            }
        }
        self.word(";");
    }

    /// A value to the right of a word or `=`: everything but another assignment.
    fn operand(&mut self, expr: &Expr) {
        self.expr(expr, u8::from(matches!(expr.kind, Kind::Assign(..) | Kind::AssignOp(..))));
    }

    fn arguments(&mut self, arguments: &[Expr]) {
        self.word("(");
        for (at, argument) in arguments.iter().enumerate() {
            self.word(if at == 0 { "" } else { ", " });
            self.expr(argument, 0);
        }
        self.word(")");
    }

    fn method(&mut self, receiver: &Expr, name: &str, arguments: &[Expr]) {
        self.expr(receiver, level::POSTFIX);
        let _ = write!(self.text, ".{name}");
        self.arguments(arguments);
    }

    fn label(&mut self, label: Option<&str>) {
        if let Some(label) = label {
            let _ = write!(self.text, "'{label}: ");
        }
    }

    /// A condition or scrutinee: no struct literal may stand bare in it.
    fn condition(&mut self, expr: &Expr) {
        let open = matches!(expr.kind, Kind::Struct(..)) || contains_struct(expr);
        self.word(if open { "(" } else { "" });
        self.expr(expr, 0);
        self.word(if open { ")" } else { "" });
    }

    /// One end of a range that a block follows.
    fn bound(&mut self, expr: &Expr) {
        self.expr(expr, if contains_struct(expr) { level::ATOM + 1 } else { level::OR + 1 });
    }

    /// `expr`, in parentheses if it doesn't hold together as tightly as `needed`.
    fn expr(&mut self, expr: &Expr, needed: u8) {
        let open = level_of(&expr.kind) < needed || (needed > 0 && is_block(&expr.kind));
        self.word(if open { "(" } else { "" });
        self.bare(expr);
        self.word(if open { ")" } else { "" });
    }

    fn bare(&mut self, expr: &Expr) {
        match &expr.kind {
            Kind::Literal(value @ Value::Pointer(_), spelling) => {
                self.value(value, *spelling);
                let ty = self.ty(expr.ty);
                let _ = write!(self.text, " as {ty}");
            }
            Kind::Literal(value, spelling) => self.value(value, *spelling),
            Kind::Const(index) => self.text.push_str(&format!("K{index}")),
            Kind::Local(name) => self.word(name),
            Kind::Static(index) => self.text.push_str(&format!("G{index}")),
            Kind::Data(index) => self.text.push_str(&format!("D{index}")),
            Kind::Field(base, field) => {
                self.expr(base, level::POSTFIX);
                let _ = write!(self.text, ".{}", FIELDS[*field]);
            }
            Kind::Unary(op, operand) => {
                self.word(if *op == UnaryOp::Neg { "-" } else { "!" });
                // `-5` would be one literal.
                let literal = *op == UnaryOp::Neg && matches!(operand.kind, Kind::Literal(..));
                self.expr(operand, if literal { level::ATOM + 1 } else { level::UNARY });
            }
            Kind::Binary(op, left, right) => {
                let (symbol, level) = symbol(*op);
                // Comparisons don't chain.
                let left_level = if level == level::COMPARE { level + 1 } else { level };
                self.expr(left, left_level);
                let _ = write!(self.text, " {symbol} ");
                self.expr(right, level + 1);
            }
            Kind::AndThen(left, right) => {
                self.expr(left, level::AND);
                self.word(" && ");
                self.expr(right, level::AND + 1);
            }
            Kind::OrElse(left, right) => {
                self.expr(left, level::OR);
                self.word(" || ");
                self.expr(right, level::OR + 1);
            }
            Kind::Cast(operand) => {
                self.expr(operand, level::CAST);
                let ty = self.ty(expr.ty);
                let _ = write!(self.text, " as {ty}");
            }
            Kind::Call(function, arguments) => {
                let _ = write!(self.text, "f{function}");
                self.arguments(arguments);
            }
            Kind::CallMethod(function, arguments) => {
                self.method(&arguments[0], &format!("f{function}"), &arguments[1..])
            }
            Kind::CallTemplate(template, arguments) => {
                self.word(template_name(*template));
                self.arguments(arguments);
            }
            Kind::CallPointer(callee, arguments) => {
                // A name before `(` would be a function's.
                self.expr(
                    callee,
                    if matches!(callee.kind, Kind::Local(_)) { 0 } else { level::ATOM + 1 },
                );
                self.arguments(arguments);
            }
            Kind::Library(method, arguments) => {
                let name =
                    METHODS.iter().find(|(other, _)| other == method).map_or("", |(_, name)| name);
                self.method(&arguments[0], name, &arguments[1..]);
            }
            Kind::Function(function) => self.text.push_str(&format!("f{function}")),
            Kind::Forged(function) => {
                let ty = self.ty(expr.ty);
                let _ = write!(self.text, "f{function} as addr as {ty}");
            }
            Kind::IsNull(pointer) => {
                self.expr(pointer, level::CAST);
                self.word(" as addr == 0");
            }
            Kind::Struct(of, fields) => {
                let _ = write!(self.text, "S{of} {{ ");
                for (at, (field, value)) in fields.iter().enumerate() {
                    self.word(if at == 0 { "" } else { ", " });
                    if value.kind == Kind::Local(FIELDS[*field]) {
                        self.word(FIELDS[*field]);
                        continue;
                    }
                    let _ = write!(self.text, "{}: ", FIELDS[*field]);
                    self.expr(value, 0);
                }
                self.word(" }");
            }
            Kind::Trace(id, value) => {
                let ty = self.ty(value.ty);
                let _ = write!(self.text, "trace_{ty}({id}, ");
                self.expr(value, 0);
                self.word(")");
            }
            Kind::If(condition, yes, no) => {
                self.word("if ");
                self.condition(condition);
                self.word(" ");
                self.block(yes);
                if let Some(no) = no {
                    self.word(" else ");
                    match (&no.statements[..], no.tail.as_deref()) {
                        ([], Some(inner @ Expr { kind: Kind::If(..), .. })) => self.bare(inner),
                        _ => self.block(no),
                    }
                }
            }
            Kind::Match(scrutinee, arms) => {
                self.word("match ");
                self.condition(scrutinee);
                self.word(" {");
                self.indent += 1;
                for arm in arms {
                    self.line();
                    self.arm(arm);
                }
                self.indent -= 1;
                self.line();
                self.word("}");
            }
            Kind::Block(label, block) => {
                self.label(*label);
                self.block(block);
            }
            Kind::Loop(label, body) => {
                self.label(*label);
                self.word("loop ");
                self.block(body);
            }
            Kind::While(label, condition, body) => {
                self.label(*label);
                self.word("while ");
                self.condition(condition);
                self.word(" ");
                self.block(body);
            }
            Kind::For(it) => {
                self.label(it.label);
                let _ = write!(self.text, "for {} in ", it.name);
                self.bound(&it.start);
                self.word(if it.inclusive { "..=" } else { ".." });
                self.bound(&it.end);
                self.word(" ");
                self.block(&it.body);
            }
            Kind::Break(label, value) => {
                self.word("break");
                if let Some(label) = label {
                    let _ = write!(self.text, " '{label}");
                }
                if let Some(value) = value {
                    self.word(" ");
                    self.operand(value);
                }
            }
            Kind::Continue(label) => {
                self.word("continue");
                if let Some(label) = label {
                    let _ = write!(self.text, " '{label}");
                }
            }
            Kind::Return(value) => {
                self.word("return");
                if let Some(value) = value {
                    self.word(" ");
                    self.operand(value);
                }
            }
            Kind::Become(call) => {
                self.word("become ");
                self.bare(call);
            }
            Kind::Assign(place, value) => {
                self.expr(place, level::POSTFIX);
                self.word(" = ");
                self.operand(value);
            }
            Kind::AssignOp(op, place, value) => {
                self.expr(place, level::POSTFIX);
                let _ = write!(self.text, " {}= ", symbol(*op).0);
                self.operand(value);
            }
            Kind::Element(segment, index) => {
                self.expr(segment, level::POSTFIX);
                let ty = self.ty(expr.ty);
                let _ = write!(self.text, ".{ty}[");
                self.expr(index, 0);
                self.word("]");
            }
            Kind::Get(segment, offset) => {
                let name = format!("get_{}", self.ty(expr.ty));
                self.method(segment, &name, std::slice::from_ref(&**offset));
            }
            Kind::Set(segment, offset, value) => {
                let name = format!("set_{}", self.ty(value.ty));
                self.method(segment, &name, &[(**offset).clone(), (**value).clone()]);
            }
            Kind::Size(segment) => self.method(segment, "size", &[]),
            Kind::Slice(segment, offset, size) => {
                self.method(segment, "slice", &[(**offset).clone(), (**size).clone()])
            }
            Kind::Fill(segment, value) => {
                self.method(segment, "fill", std::slice::from_ref(&**value))
            }
            Kind::CopyFrom(segment, other) => {
                self.method(segment, "copy_from", std::slice::from_ref(&**other))
            }
            Kind::Compare(segment, other) => {
                self.method(segment, "compare", std::slice::from_ref(&**other))
            }
            Kind::Scope(name, body) => {
                let _ = write!(self.text, "with_memory_allocator |{name}| ");
                self.block(body);
            }
            Kind::Allocate(name, size, align) => {
                self.text.push_str(&format!("{name}.allocate({size}, {align})"))
            }
        }
    }

    fn arm(&mut self, arm: &Arm) {
        for (at, pattern) in arm.patterns.iter().enumerate() {
            self.word(if at == 0 { "" } else { " | " });
            match pattern {
                Pattern::Value(value, spelling) => self.value(value, *spelling),
                Pattern::Const(index) => self.text.push_str(&format!("K{index}")),
                Pattern::Range(from, to, inclusive) => {
                    if let Some(from) = from {
                        self.value(from, Spelling::Plain);
                    }
                    self.word(if *inclusive { "..=" } else { ".." });
                    if let Some(to) = to {
                        self.value(to, Spelling::Plain);
                    }
                }
                Pattern::Bind(name) => self.word(name),
                Pattern::Wildcard => self.word("_"),
            }
        }
        if let Some(guard) = &arm.guard {
            self.word(" if ");
            self.expr(guard, 0);
        }
        self.word(" => ");
        self.expr(&arm.body, 0);
        self.word(",");
    }

    fn value(&mut self, value: &Value, spelling: Spelling) {
        let text = match value {
            Value::Int(int, x) => integer(*int, *x, spelling),
            Value::Bool(x) => x.to_string(),
            Value::Char(x) if x.is_ascii_graphic() && !matches!(x, '\'' | '\\') => format!("'{x}'"),
            Value::Char(x) => format!("'\\u{{{:x}}}'", u32::from(*x)),
            Value::F32(x) => float(f64::from(*x), format!("{x:?}"), "f32", spelling),
            Value::F64(x) => float(*x, format!("{x:?}"), "f64", spelling),
            Value::Unit => "()".to_owned(),
            Value::Struct(of, fields) => {
                let _ = write!(self.text, "S{of} {{ ");
                for ((at, value), ty) in fields.iter().enumerate().zip(&self.module.structs[*of]) {
                    let _ =
                        write!(self.text, "{}{}: ", if at == 0 { "" } else { ", " }, FIELDS[at]);
                    self.expr(&Expr::literal(*ty, value.clone()), 0);
                }
                " }".to_owned()
            }
            Value::Pointer(Target::Null) => "0addr".to_owned(),
            Value::Pointer(Target::Function(function)) => format!("f{function} as addr"),
            Value::Segment { .. } => unreachable!("segments are not written as values"),
        };
        self.word(&text);
    }
}

fn integer(int: Int, value: i128, spelling: Spelling) -> String {
    let name = int.name();
    match spelling {
        Spelling::Plain => value.to_string(),
        Spelling::Hexadecimal if value >= 0 => format!("{value:#x}_{name}"),
        Spelling::Named if value == int.max() => format!("{name}::MAX"),
        Spelling::Named if value == int.min() => format!("{name}::MIN"),
        Spelling::Named if int == Int::U8 && (value as u8).is_ascii_alphanumeric() => {
            format!("b'{}'", value as u8 as char)
        }
        Spelling::Suffixed | Spelling::Hexadecimal | Spelling::Named => format!("{value}{name}"),
    }
}

fn float(value: f64, decimal: String, name: &str, spelling: Spelling) -> String {
    let plain = spelling == Spelling::Plain;
    let sign = if value.is_sign_negative() && !value.is_nan() { "-" } else { "" };
    let word = if value.is_nan() { "nan" } else { "inf" };
    match (value.is_finite(), plain) {
        (true, true) => decimal,
        (true, false) => format!("{decimal}{name}"),
        (false, true) => format!("{sign}{word}"),
        (false, false) => format!("{sign}{word}_{name}"),
    }
}

fn level_of(kind: &Kind) -> u8 {
    match kind {
        Kind::Literal(Value::Pointer(_), _) | Kind::Cast(_) | Kind::Forged(_) => level::CAST,
        Kind::Literal(value, spelling) => {
            // A negative literal is `-` and a number; `i8::MIN` is one name.
            let negative = match value {
                Value::Int(int, x) => *x < 0 && !(*spelling == Spelling::Named && *x == int.min()),
                Value::F32(x) => x.is_sign_negative() && !x.is_nan(),
                Value::F64(x) => x.is_sign_negative() && !x.is_nan(),
                Value::Bool(_)
                | Value::Char(_)
                | Value::Unit
                | Value::Struct(..)
                | Value::Pointer(_)
                | Value::Segment { .. } => false,
            };
            // `5.abs()` would be read as a float.
            let bare = *spelling == Spelling::Plain
                && matches!(value, Value::Int(..) | Value::F32(_) | Value::F64(_));
            if negative || bare { level::UNARY } else { level::ATOM }
        }
        Kind::Binary(op, ..) => symbol(*op).1,
        Kind::IsNull(_) => level::COMPARE,
        Kind::AndThen(..) => level::AND,
        Kind::OrElse(..) => level::OR,
        Kind::Unary(..) => level::UNARY,
        Kind::Break(..)
        | Kind::Continue(_)
        | Kind::Return(_)
        | Kind::Become(_)
        | Kind::Assign(..)
        | Kind::AssignOp(..) => level::JUMP,
        Kind::Const(_)
        | Kind::Local(_)
        | Kind::Static(_)
        | Kind::Data(_)
        | Kind::Function(_)
        | Kind::Struct(..)
        | Kind::Trace(..)
        | Kind::Call(..)
        | Kind::CallTemplate(..)
        | Kind::If(..)
        | Kind::Match(..)
        | Kind::Block(..)
        | Kind::Loop(..)
        | Kind::While(..)
        | Kind::For(_)
        | Kind::Scope(..) => level::ATOM,
        Kind::Field(..)
        | Kind::CallMethod(..)
        | Kind::CallPointer(..)
        | Kind::Library(..)
        | Kind::Element(..)
        | Kind::Get(..)
        | Kind::Set(..)
        | Kind::Size(_)
        | Kind::Slice(..)
        | Kind::Fill(..)
        | Kind::CopyFrom(..)
        | Kind::Compare(..)
        | Kind::Allocate(..) => level::POSTFIX,
    }
}

fn is_block(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::If(..)
            | Kind::Match(..)
            | Kind::Block(..)
            | Kind::Loop(..)
            | Kind::While(..)
            | Kind::For(_)
            | Kind::Scope(..)
    )
}

/// Whether a struct literal stands bare in the text of `expr`: outside of brackets and blocks.
fn contains_struct(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Struct(..) | Kind::Literal(Value::Struct(..), _) => true,
        Kind::Binary(_, left, right) | Kind::AndThen(left, right) | Kind::OrElse(left, right) => {
            contains_struct(left) || contains_struct(right)
        }
        Kind::Unary(_, operand)
        | Kind::Cast(operand)
        | Kind::Field(operand, _)
        | Kind::IsNull(operand)
        | Kind::Size(operand) => contains_struct(operand),
        Kind::CallMethod(_, arguments) | Kind::Library(_, arguments) => {
            contains_struct(&arguments[0])
        }
        Kind::CallPointer(callee, _) => contains_struct(callee),
        Kind::Element(segment, _) | Kind::Get(segment, _) | Kind::Compare(segment, _) => {
            contains_struct(segment)
        }
        Kind::Return(Some(value)) | Kind::Break(_, Some(value)) => contains_struct(value),
        Kind::Become(call) => contains_struct(call),
        _ => false,
    }
}
