//! Expressions and statements as text, with the parentheses they need and no others.

use super::{Printer, UNREADABLE};
use crate::ir::{
    BinaryOp, Block, Body, DataElement, Expr, ExprId, ExprKind, FieldInit, For, Let, LetField,
    LetPattern, LetStruct, Pattern, PatternKind, StructLiteral, UnaryOp,
};
use crate::literal;
use crate::parser::{is_block_like, is_valueless};

/// How tightly an expression binds, from what takes everything to its right to what stands alone.
mod level {
    pub(super) const ANY: u8 = 0;
    pub(super) const OR: u8 = 1;
    pub(super) const COMPARISON: u8 = 3;
    pub(super) const CAST: u8 = 10;
    pub(super) const UNARY: u8 = 11;
    pub(super) const POSTFIX: u8 = 12;
}

/// The sign and the level of an operator.
pub(super) fn operator(op: BinaryOp) -> (&'static str, u8) {
    match op {
        BinaryOp::Mul => ("*", 9),
        BinaryOp::Div => ("/", 9),
        BinaryOp::Rem => ("%", 9),
        BinaryOp::Add => ("+", 8),
        BinaryOp::Sub => ("-", 8),
        BinaryOp::Shl => ("<<", 7),
        BinaryOp::Shr => (">>", 7),
        BinaryOp::And => ("&", 6),
        BinaryOp::Xor => ("^", 5),
        BinaryOp::Or => ("|", 4),
        BinaryOp::Eq => ("==", level::COMPARISON),
        BinaryOp::Ne => ("!=", level::COMPARISON),
        BinaryOp::Lt => ("<", level::COMPARISON),
        BinaryOp::Le => ("<=", level::COMPARISON),
        BinaryOp::Gt => (">", level::COMPARISON),
        BinaryOp::Ge => (">=", level::COMPARISON),
        BinaryOp::LogicalAnd => ("&&", 2),
        BinaryOp::LogicalOr => ("||", level::OR),
    }
}

/// Where an expression stands, besides how tightly it must bind.
#[derive(Clone, Copy, Default)]
struct Spot {
    /// In a head: a `{` would open its body.
    head: bool,
    /// First in a statement: an expression with a block would end there.
    first: bool,
}

/// Blocks with a value of at most this many expressions stand on one line.
const SHORT: u32 = 12;

impl Printer<'_> {
    pub(super) fn body(&mut self, body: &Body) {
        self.expr(body, body.root(), level::ANY, Spot::default());
    }

    fn any(&mut self, body: &Body, id: ExprId) {
        self.expr(body, id, level::ANY, Spot::default());
    }

    fn expr(&mut self, body: &Body, id: ExprId, min: u8, spot: Spot) {
        let kind = &body[id].kind;
        let own = own_level(kind);
        let parens = own < min
            || (spot.head && (own == level::ANY || matches!(kind, ExprKind::Struct(..))))
            || (spot.first && is_block_like(kind));
        if let ExprKind::Binary(..) = kind
            && !parens
        {
            self.binary(body, id, spot);
        } else if parens {
            self.out.push('(');
            self.any(body, id);
            self.out.push(')');
        } else {
            self.bare(body, &body[id], spot);
        }
    }

    /// A chain of operators: a loop over its left operands.
    fn binary(&mut self, body: &Body, id: ExprId, spot: Spot) {
        let mut chain = Vec::new();
        let mut left = id;
        let mut min = level::ANY;
        while let ExprKind::Binary(op, next, right) = body[left].kind {
            let (sign, own) = operator(op);
            if own < min {
                break;
            }
            chain.push((sign, own, right));
            min = if own == level::COMPARISON { own + 1 } else { own };
            left = next;
        }
        // What is left is no operator, or one in parentheses: such a chain is bounded by the nesting of the text.
        self.expr(body, left, min, spot);
        for (sign, own, right) in chain.into_iter().rev() {
            self.write(format_args!(" {sign} "));
            self.expr(body, right, own + 1, Spot { first: false, ..spot });
        }
    }

    /// An expression that needs no parentheses.
    fn bare(&mut self, body: &Body, expr: &Expr, spot: Spot) {
        let inside = Spot { first: false, ..spot };
        match &expr.kind {
            ExprKind::Error => self.out.push_str(UNREADABLE),
            ExprKind::Unit => self.out.push_str("()"),
            ExprKind::Bool(value) => self.write(format_args!("{value}")),
            ExprKind::Int(value) => literal::print_int(&mut self.out, value),
            ExprKind::Float(value) => literal::print_float(&mut self.out, value),
            ExprKind::Char(c) => literal::quote(&mut self.out, c.encode_utf8(&mut [0; 4]), '\''),
            ExprKind::Byte(byte) => literal::quote_bytes(&mut self.out, &[*byte], '\''),
            ExprKind::Bytes(bytes) => literal::quote_bytes(&mut self.out, bytes, '"'),
            ExprKind::Text(text) => literal::quote(&mut self.out, text, '"'),
            ExprKind::Name(name) if self.text(*name) == "self" => self.out.push_str("self"),
            ExprKind::Name(name) => self.name(*name),
            ExprKind::Path(path) => self.path(path),
            ExprKind::Unary(op, operand) => {
                self.out.push(match op {
                    UnaryOp::Neg => '-',
                    UnaryOp::Not => '!',
                });
                self.expr(body, *operand, level::UNARY, inside);
            }
            ExprKind::Binary(..) => {} // `expr` has them
            ExprKind::Assign(left, right) => {
                self.expr(body, *left, level::OR, spot);
                self.out.push_str(" = ");
                self.expr(body, *right, level::ANY, inside);
            }
            ExprKind::AssignOp(op, left, right) => {
                self.expr(body, *left, level::OR, spot);
                self.write(format_args!(" {}= ", operator(*op).0));
                self.expr(body, *right, level::ANY, inside);
            }
            ExprKind::Cast(operand, ty) => {
                self.expr(body, *operand, level::CAST, spot);
                self.out.push_str(" as ");
                self.ty(ty);
            }
            ExprKind::Block(block) => self.block(body, block),
            ExprKind::If(..) => self.if_(body, &expr.kind),
            ExprKind::Match(value, arms) => {
                self.out.push_str("match ");
                self.head(body, *value);
                self.out.push_str(" {");
                self.indent += 1;
                for arm in arms {
                    self.line();
                    for (index, pattern) in arm.patterns.iter().enumerate() {
                        if index > 0 {
                            self.out.push_str(" | ");
                        }
                        self.pattern(body, pattern);
                    }
                    if let Some(guard) = arm.guard {
                        self.out.push_str(" if ");
                        self.any(body, guard);
                    }
                    self.out.push_str(" => ");
                    self.statement_expr(body, arm.value);
                    if !matches!(body[arm.value].kind, ExprKind::Block(_)) {
                        self.out.push(',');
                    }
                }
                self.indent -= 1;
                if !arms.is_empty() {
                    self.line();
                }
                self.out.push('}');
            }
            ExprKind::Loop(label, block) => {
                self.labelled(*label);
                self.out.push_str("loop ");
                self.any(body, *block);
            }
            ExprKind::While(label, condition, block) => {
                self.labelled(*label);
                self.out.push_str("while ");
                self.head(body, *condition);
                self.out.push(' ');
                self.any(body, *block);
            }
            ExprKind::For(it) => {
                let For { label, name, start, end, inclusive, body: block } = &**it;
                self.labelled(*label);
                self.out.push_str("for ");
                self.binding(*name);
                self.out.push_str(" in ");
                self.head(body, *start);
                self.out.push_str(if *inclusive { "..=" } else { ".." });
                self.head(body, *end);
                self.out.push(' ');
                self.any(body, *block);
            }
            ExprKind::Break(label, value) => {
                self.out.push_str("break");
                self.jump(body, *label, *value);
            }
            ExprKind::Continue(label) => {
                self.out.push_str("continue");
                self.jump(body, *label, None);
            }
            ExprKind::Return(value) => {
                self.out.push_str("return");
                self.jump(body, None, *value);
            }
            ExprKind::Become(call) => {
                self.out.push_str("become ");
                self.any(body, *call);
            }
            ExprKind::Call(callee, arguments) => {
                // `x.f(1)` would be a method.
                let field = matches!(body[*callee].kind, ExprKind::Field(..));
                if field {
                    self.out.push('(');
                    self.any(body, *callee);
                    self.out.push(')');
                } else {
                    self.expr(body, *callee, level::POSTFIX, spot);
                }
                self.arguments(body, &body[*arguments]);
            }
            ExprKind::Method(receiver, name, arguments) => {
                self.expr(body, *receiver, level::POSTFIX, spot);
                self.out.push('.');
                self.name(*name);
                self.arguments(body, &body[*arguments]);
            }
            ExprKind::Field(operand, name) => {
                self.expr(body, *operand, level::POSTFIX, spot);
                self.out.push('.');
                self.name(*name);
            }
            ExprKind::Index(operand, index) => {
                self.expr(body, *operand, level::POSTFIX, spot);
                self.out.push('[');
                self.any(body, *index);
                self.out.push(']');
            }
            ExprKind::Struct(it) => {
                let StructLiteral { path, fields } = &**it;
                self.path(path);
                self.out.push_str(" {");
                for (index, FieldInit { name, value, short }) in fields.iter().enumerate() {
                    self.out.push_str(if index > 0 { ", " } else { " " });
                    self.name(*name);
                    if !short {
                        self.out.push_str(": ");
                        self.any(body, *value);
                    }
                }
                self.out.push_str(if fields.is_empty() { "}" } else { " }" });
            }
            ExprKind::Data(elements) => self.data(body, elements),
            ExprKind::Scope(name, block) => {
                self.out.push_str("with_memory_allocator |");
                self.binding(*name);
                self.out.push_str("| ");
                self.any(body, *block);
            }
            ExprKind::Wasm(template) => self.template(template),
            ExprKind::At(span, inner) => {
                self.position(*span);
                self.any(body, *inner);
            }
            ExprKind::Let(it) => {
                let Let { pattern, ty, value } = &**it;
                self.out.push_str("let ");
                self.let_pattern(pattern);
                if let Some(ty) = ty {
                    self.out.push_str(": ");
                    self.ty(ty);
                }
                if let Some(value) = value {
                    self.out.push_str(" = ");
                    self.any(body, *value);
                }
            }
        }
    }

    /// A condition, a scrutinee or a bound.
    fn head(&mut self, body: &Body, id: ExprId) {
        self.expr(body, id, level::OR, Spot { head: true, first: false });
    }

    fn labelled(&mut self, label: Option<crate::ir::Ident>) {
        if let Some(label) = label {
            self.label(label);
            self.out.push_str(": ");
        }
    }

    fn jump(&mut self, body: &Body, label: Option<crate::ir::Ident>, value: Option<ExprId>) {
        if let Some(label) = label {
            self.out.push(' ');
            self.label(label);
        }
        if let Some(value) = value {
            self.out.push(' ');
            self.any(body, value);
        }
    }

    fn position(&mut self, span: crate::Span) {
        let position = self.module.source.position(span);
        self.out.push('@');
        literal::quote(&mut self.out, &position.file, '"');
        self.write(format_args!(":{}:{} ", position.line, position.column));
    }

    fn arguments(&mut self, body: &Body, arguments: &[ExprId]) {
        self.out.push('(');
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            self.any(body, *argument);
        }
        self.out.push(')');
    }

    fn data(&mut self, body: &Body, elements: &[DataElement]) {
        self.out.push_str("data [");
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            match element {
                DataElement::Value(value) => self.any(body, *value),
                DataElement::Repeat(value, count) => {
                    if elements.len() > 1 {
                        self.out.push('[');
                    }
                    self.any(body, *value);
                    self.out.push_str("; ");
                    self.any(body, *count);
                    if elements.len() > 1 {
                        self.out.push(']');
                    }
                }
            }
        }
        self.out.push(']');
    }

    fn if_<'b>(&mut self, body: &'b Body, mut kind: &'b ExprKind) {
        while let ExprKind::If(condition, then, otherwise) = kind {
            self.out.push_str("if ");
            self.head(body, *condition);
            self.out.push(' ');
            self.any(body, *then);
            let Some(otherwise) = otherwise else { return };
            self.out.push_str(" else ");
            kind = &body[*otherwise].kind;
            if !matches!(kind, ExprKind::If(..)) {
                self.any(body, *otherwise);
            }
        }
    }

    fn block(&mut self, body: &Body, block: &Block) {
        let Block { label, statements, tail } = *block;
        self.labelled(label);
        let statements = &body[statements];
        if statements.is_empty() {
            let Some(tail) = tail else {
                self.out.push_str("{}");
                return;
            };
            let mut left = SHORT;
            if is_flat(body, tail, &mut left) {
                self.out.push_str("{ ");
                self.statement_expr(body, tail);
                self.out.push_str(" }");
                return;
            }
        }
        self.out.push('{');
        self.indent += 1;
        for (index, statement) in statements.iter().enumerate() {
            self.line();
            self.statement_expr(body, *statement);
            let kind = &body[peel(body, *statement)].kind;
            let last = index + 1 == statements.len() && tail.is_none();
            if !is_block_like(kind) || (last && !is_valueless(kind)) {
                self.out.push(';');
            }
        }
        if let Some(tail) = tail {
            self.line();
            self.statement_expr(body, tail);
        }
        self.indent -= 1;
        self.line();
        self.out.push('}');
    }

    /// An expression as a statement or an arm, its `;` or `,` left out.
    fn statement_expr(&mut self, body: &Body, mut id: ExprId) {
        while let ExprKind::At(span, inner) = body[id].kind {
            self.position(span);
            id = inner;
        }
        if is_block_like(&body[id].kind) {
            self.bare(body, &body[id], Spot::default());
        } else {
            self.expr(body, id, level::ANY, Spot { head: false, first: true });
        }
    }

    fn pattern(&mut self, body: &Body, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Wildcard => self.out.push('_'),
            PatternKind::Error => self.out.push_str(UNREADABLE),
            PatternKind::Value(value) => self.any(body, *value),
            PatternKind::Name(name) => self.name(*name),
            PatternKind::Range { start, end, inclusive } => {
                if let Some(start) = start {
                    self.pattern_value(body, *start);
                }
                self.out.push_str(if *inclusive { "..=" } else { ".." });
                if let Some(end) = end {
                    self.pattern_value(body, *end);
                }
            }
        }
    }

    /// A range's end; `self` is a name like any other there.
    fn pattern_value(&mut self, body: &Body, id: ExprId) {
        if let ExprKind::Name(name) = body[id].kind { self.name(name) } else { self.any(body, id) }
    }

    fn let_pattern(&mut self, pattern: &LetPattern) {
        match pattern {
            LetPattern::Name { name, mutable } => {
                if *mutable {
                    self.out.push_str("mut ");
                }
                self.binding(*name);
            }
            LetPattern::Struct(pattern) => {
                let LetStruct { path, fields, rest } = &**pattern;
                self.path(path);
                self.out.push_str(" {");
                for (index, LetField { field, name, mutable }) in fields.iter().enumerate() {
                    self.out.push_str(if index > 0 { ", " } else { " " });
                    let short = field.name == name.name && self.text(*name) != "_";
                    if !short {
                        self.name(*field);
                        self.out.push_str(": ");
                    }
                    match (*mutable, short) {
                        (true, _) => {
                            self.out.push_str("mut ");
                            self.declared(*name);
                        }
                        (false, true) => self.name(*name),
                        (false, false) => self.binding(*name),
                    }
                }
                if *rest {
                    self.out.push_str(if fields.is_empty() { " .." } else { ", .." });
                }
                self.out.push_str(if fields.is_empty() && !rest { "}" } else { " }" });
            }
        }
    }
}

fn own_level(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::Assign(..)
        | ExprKind::AssignOp(..)
        | ExprKind::Break(..)
        | ExprKind::Continue(_)
        | ExprKind::Return(_)
        | ExprKind::Become(_)
        | ExprKind::At(..)
        | ExprKind::Let(_) => level::ANY,
        ExprKind::Binary(op, ..) => operator(*op).1,
        ExprKind::Cast(..) => level::CAST,
        ExprKind::Unary(..) => level::UNARY,
        ExprKind::Error
        | ExprKind::Unit
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Char(_)
        | ExprKind::Byte(_)
        | ExprKind::Bytes(_)
        | ExprKind::Text(_)
        | ExprKind::Name(_)
        | ExprKind::Path(_)
        | ExprKind::Block(_)
        | ExprKind::If(..)
        | ExprKind::Match(..)
        | ExprKind::Loop(..)
        | ExprKind::While(..)
        | ExprKind::For(_)
        | ExprKind::Call(..)
        | ExprKind::Method(..)
        | ExprKind::Field(..)
        | ExprKind::Index(..)
        | ExprKind::Struct(..)
        | ExprKind::Data(_)
        | ExprKind::Scope(..)
        | ExprKind::Wasm(_) => level::POSTFIX,
    }
}

/// The expression that `@"file":line:column` stands before.
fn peel(body: &Body, mut id: ExprId) -> ExprId {
    while let ExprKind::At(_, inner) = body[id].kind {
        id = inner;
    }
    id
}

/// Whether an expression has no block and at most `left` parts.
fn is_flat(body: &Body, id: ExprId, left: &mut u32) -> bool {
    if *left == 0 {
        return false;
    }
    *left -= 1;
    let kind = &body[id].kind;
    match kind {
        ExprKind::Unary(_, a)
        | ExprKind::Cast(a, _)
        | ExprKind::Field(a, _)
        | ExprKind::Become(a)
        | ExprKind::At(_, a) => is_flat(body, *a, left),
        ExprKind::Binary(_, a, b)
        | ExprKind::Assign(a, b)
        | ExprKind::AssignOp(_, a, b)
        | ExprKind::Index(a, b) => is_flat(body, *a, left) && is_flat(body, *b, left),
        ExprKind::Call(a, list) | ExprKind::Method(a, _, list) => {
            is_flat(body, *a, left) && body[*list].iter().all(|a| is_flat(body, *a, left))
        }
        ExprKind::Struct(it) => it.fields.iter().all(|field| is_flat(body, field.value, left)),
        ExprKind::Break(_, a) | ExprKind::Return(a) => a.is_none_or(|a| is_flat(body, a, left)),
        ExprKind::Error
        | ExprKind::Unit
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Char(_)
        | ExprKind::Byte(_)
        | ExprKind::Bytes(_)
        | ExprKind::Text(_)
        | ExprKind::Name(_)
        | ExprKind::Path(_)
        | ExprKind::Continue(_) => true,
        ExprKind::Data(_)
        | ExprKind::Let(_)
        | ExprKind::Block(_)
        | ExprKind::If(..)
        | ExprKind::Match(..)
        | ExprKind::Loop(..)
        | ExprKind::While(..)
        | ExprKind::For(_)
        | ExprKind::Scope(..)
        | ExprKind::Wasm(_) => false,
    }
}
