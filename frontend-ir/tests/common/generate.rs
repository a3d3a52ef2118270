//! Random bits become modules that the parser could have made: every kind of item, expression, pattern and name, nested a few levels deep.

use arbitrary::{Result, Unstructured};
use swasm_frontend_ir::ir::*;
use swasm_frontend_ir::{Position, Source, Span};

const NAMES: &[&str] = &[
    "a",
    "b",
    "x1",
    "_y",
    "é",
    "class",
    "fn",
    "self",
    "_",
    "addr",
    "data",
    "inf",
    "odd name",
    "a::b",
    "q'`\"\\",
    "\n\t\u{1}",
    "module",
    "checked",
    "i32",
    "1st",
];
const LABELS: &[&str] = &["a", "outer", "loop", "_", "odd label", "`", "'", "x'y"];
const TEXTS: &[&str] = &[
    "",
    "plain",
    "é\u{1f600}",
    "\"quoted\"",
    "tab\tnl\ncr\r",
    "\\n",
    "'",
    "`",
    "\0\u{7f}\u{202e}",
];
const DOCS: &[&str] = &["", "A line.", " indented", "/ slash", "`code`", "//", "\u{1}"];
const FLOATS: &[&str] =
    &["1.5", "0.0", "1e300", "2.5e-3", "0x1.8p3", "0x1p-3", "inf", "nan", "nan:0x200000", "1e+5"];
const TEMPLATES: &[&str] = &[
    "",
    "(nop)",
    "(i32.add $a $b)",
    "(a ;; comment }\n  b)",
    "(; { ;) (data \"}\")",
    ";; last",
    "{ }",
];

/// A module.
pub(crate) fn module(u: &mut Unstructured<'_>) -> Result<Module> {
    let mut generator = Generator {
        u,
        names: Names::default(),
        source: Source::built("random"),
        body: Body::default(),
        depth: 0,
    };
    let docs = generator.docs()?;
    let mut items = Vec::new();
    for _ in 0..=generator.u.int_in_range(0..=3)? {
        items.push(generator.item(false)?);
    }
    let name = (*generator.u.choose(&["m", "a::b", "odd-name", "fn", "a::self"])?).into();
    let Generator { names, source, .. } = generator;
    Ok(Module { name, docs, items, names, source })
}

struct Generator<'u, 'd> {
    u: &'u mut Unstructured<'d>,
    names: Names,
    source: Source,
    body: Body,
    depth: u32,
}

fn nowhere() -> Span {
    Span::text(0, 0)
}

impl Generator<'_, '_> {
    fn flag(&mut self) -> Result<bool> {
        self.u.arbitrary()
    }

    fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.flag()? { make(self).map(Some) } else { Ok(None) }
    }

    fn several<T>(
        &mut self,
        least: usize,
        make: impl std::ops::Fn(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut out = Vec::new();
        for _ in 0..self.u.int_in_range(least..=least + 3)? {
            out.push(make(self)?);
        }
        Ok(out)
    }

    fn docs(&mut self) -> Result<Vec<Box<str>>> {
        if self.flag()? {
            return Ok(Vec::new());
        }
        self.several(0, |g| Ok((*g.u.choose(DOCS)?).into()))
    }

    fn ident(&mut self) -> Result<Ident> {
        let text = if self.flag()? { self.u.choose(&NAMES[..4])? } else { self.u.choose(NAMES)? };
        Ok(Ident { name: self.names.intern(text), span: nowhere() })
    }

    /// A name that is not `_`.
    fn assignable(&mut self) -> Result<Ident> {
        let text = self.u.choose(&NAMES[..7])?;
        Ok(Ident { name: self.names.intern(text), span: nowhere() })
    }

    fn label(&mut self) -> Result<Ident> {
        let text = self.u.choose(LABELS)?;
        Ok(Ident { name: self.names.intern(text), span: nowhere() })
    }

    fn path(&mut self, least: usize) -> Result<Path> {
        Ok(Path { segments: self.several(least, Self::ident)?.into() })
    }

    fn ty(&mut self) -> Result<Type> {
        Ok(match self.u.int_in_range(0..=4)? {
            0 => Type::Unit(nowhere()),
            1 => Type::Never(nowhere()),
            2 if self.depth < 4 => {
                self.depth += 1;
                let params = self.several(0, Self::ty)?.into();
                let result = self.some(Self::ty)?;
                self.depth -= 1;
                Type::Pointer(Box::new(PointerType { params, result, span: nowhere() }))
            }
            _ => Type::path(self.path(1)?),
        })
    }

    fn attribute(&mut self) -> Result<Attribute> {
        let path = self.path(1)?;
        let arguments = self.several(0, |g| {
            Ok(match g.u.int_in_range(0..=2)? {
                0 => AttributeArgument::Text((*g.u.choose(TEXTS)?).into(), nowhere()),
                1 => AttributeArgument::Path(g.path(1)?),
                _ => AttributeArgument::Int(g.u.arbitrary()?, nowhere()),
            })
        })?;
        Ok(Attribute { path, arguments, span: nowhere() })
    }

    fn item(&mut self, in_impl: bool) -> Result<Item> {
        let docs = self.docs()?;
        let attributes = if self.flag()? { self.several(0, Self::attribute)? } else { Vec::new() };
        let public = self.flag()?;
        let kind = match if in_impl { 4 } else { self.u.int_in_range(0..=6)? } {
            0 => ItemKind::Use(self.several(1, |g| {
                Ok(UseBinding { path: g.path(1)?, alias: g.some(Self::ident)? })
            })?),
            1 => ItemKind::Const(self.global()?),
            2 => ItemKind::Static { mutable: self.flag()?, global: self.global()? },
            3 => ItemKind::Struct(Struct {
                name: self.ident()?,
                fields: self.several(0, |g| {
                    Ok(FieldDecl {
                        docs: g.docs()?,
                        public: g.flag()?,
                        name: g.ident()?,
                        ty: g.ty()?,
                    })
                })?,
            }),
            6 => ItemKind::Impl(Impl {
                target: self.ty()?,
                items: self.several(0, |g| g.item(true))?,
            }),
            _ => ItemKind::Fn(self.function(in_impl)?),
        };
        Ok(Item { docs, attributes, public, span: nowhere(), kind })
    }

    fn global(&mut self) -> Result<Global> {
        let (name, ty) = (self.ident()?, self.ty()?);
        let root = self.expr()?;
        Ok(Global { name, ty, value: self.finish(root) })
    }

    fn finish(&mut self, root: ExprId) -> Body {
        let mut body = std::mem::take(&mut self.body);
        body.set_root(root);
        body
    }

    fn function(&mut self, in_impl: bool) -> Result<Fn> {
        let mut params = self.several(0, |g| {
            let mutable = g.flag()?;
            Ok(Param {
                name: if mutable { g.assignable()? } else { g.ident()? },
                mutable,
                ty: Some(g.ty()?),
            })
        })?;
        if in_impl && self.flag()? {
            params.insert(
                0,
                Param {
                    name: Ident { name: self.names.intern("self"), span: nowhere() },
                    mutable: self.flag()?,
                    ty: None,
                },
            );
        }
        let body = match self.u.int_in_range(0..=5)? {
            0 => FnBody::None,
            1 => FnBody::Wasm {
                checked: self.some(|g| g.u.arbitrary())?,
                template: self.template()?,
            },
            _ => {
                let root = self.block(false)?;
                FnBody::Block(self.finish(root))
            }
        };
        // The builder has no `extern fn` in an `impl`.
        let is_extern = !in_impl && self.flag()?;
        Ok(Fn { name: self.ident()?, is_extern, params, result: self.some(Self::ty)?, body })
    }

    fn template(&mut self) -> Result<Template> {
        Ok(Template { text: (*self.u.choose(TEMPLATES)?).into(), span: nowhere() })
    }

    fn push(&mut self, kind: ExprKind) -> ExprId {
        self.body.push(kind, nowhere())
    }

    /// Whether a block's last expression is a statement all the same, as the parser has it.
    fn is_valueless(&self, mut id: ExprId) -> bool {
        while let ExprKind::At(_, inner) = self.body[id].kind {
            id = inner;
        }
        matches!(
            self.body[id].kind,
            ExprKind::While(..) | ExprKind::For(_) | ExprKind::If(_, _, None)
        )
    }

    fn block(&mut self, labelled: bool) -> Result<ExprId> {
        let label = if labelled { self.some(Self::label)? } else { None };
        let mut statements = self.several(0, Self::statement)?;
        let mut tail = self.some(Self::expr)?;
        if let Some(last) = tail
            && self.is_valueless(last)
        {
            statements.push(last);
            tail = None;
        }
        let statements = self.body.list(&statements);
        Ok(self.push(ExprKind::Block(Block { label, statements, tail })))
    }

    fn statement(&mut self) -> Result<ExprId> {
        match self.u.int_in_range(0..=7)? {
            0..=2 => {
                let pattern = if self.u.ratio(1, 4)? {
                    LetPattern::Struct(Box::new(LetStruct {
                        path: self.path(1)?,
                        fields: self
                            .several(0, |g| {
                                let mutable = g.flag()?;
                                let name = if mutable { g.assignable()? } else { g.ident()? };
                                Ok(LetField {
                                    field: if g.flag()? { name } else { g.ident()? },
                                    name,
                                    mutable,
                                })
                            })?
                            .into(),
                        rest: self.flag()?,
                    }))
                } else {
                    let mutable = self.flag()?;
                    LetPattern::Name {
                        name: if mutable { self.assignable()? } else { self.ident()? },
                        mutable,
                    }
                };
                let (ty, value) = (self.some(Self::ty)?, self.some(Self::expr)?);
                Ok(self.push(ExprKind::Let(Box::new(Let { pattern, ty, value }))))
            }
            3 => {
                let inner = self.statement()?;
                let span = self.position()?;
                Ok(self.push(ExprKind::At(span, inner)))
            }
            _ => self.expr(),
        }
    }

    fn position(&mut self) -> Result<Span> {
        let position = Position {
            file: (*self.u.choose(TEXTS)?).into(),
            line: self.u.int_in_range(1..=u32::MAX)?,
            column: self.u.int_in_range(1..=9)?,
        };
        Ok(self.source.add_position(position))
    }

    fn list(&mut self) -> Result<ExprList> {
        let list = self.several(0, Self::expr)?;
        Ok(self.body.list(&list))
    }

    fn number(&mut self) -> Result<ExprKind> {
        Ok(if self.flag()? {
            let suffix = *self.u.choose(&[
                None,
                None,
                Some(ValueType::U8),
                Some(ValueType::I64),
                Some(ValueType::Addr),
                Some(ValueType::F64),
            ])?;
            let radix = *self.u.choose(&[
                Radix::Binary,
                Radix::Octal,
                Radix::Decimal,
                Radix::Hexadecimal,
            ])?;
            let radix = if suffix == Some(ValueType::F64) { Radix::Decimal } else { radix };
            ExprKind::Int(IntLiteral { value: self.u.arbitrary()?, radix, suffix })
        } else {
            let suffix = *self.u.choose(&[None, Some(ValueType::F32), Some(ValueType::F64)])?;
            ExprKind::Float(Box::new(FloatLiteral {
                text: (*self.u.choose(FLOATS)?).into(),
                suffix,
            }))
        })
    }

    fn leaf(&mut self) -> Result<ExprKind> {
        Ok(match self.u.int_in_range(0..=10)? {
            0 => ExprKind::Unit,
            1 => ExprKind::Bool(self.flag()?),
            2 => self.number()?,
            3 => ExprKind::Char(*self.u.choose(&[
                'a',
                '\'',
                '"',
                '\n',
                '\\',
                '\u{1f600}',
                '\0',
                '`',
                '{',
            ])?),
            4 => ExprKind::Byte(self.u.arbitrary()?),
            5 => ExprKind::Bytes(self.u.arbitrary::<Vec<u8>>()?.into()),
            6 => ExprKind::Text((*self.u.choose(TEXTS)?).into()),
            7 => ExprKind::Path(Box::new(self.path(2)?)),
            _ => ExprKind::Name(self.ident()?),
        })
    }

    /// An expression; never a `let`.
    fn expr(&mut self) -> Result<ExprId> {
        if self.depth > 5 || self.u.is_empty() {
            let leaf = self.leaf()?;
            return Ok(self.push(leaf));
        }
        self.depth += 1;
        let kind = self.inner()?;
        self.depth -= 1;
        Ok(self.push(kind))
    }

    fn inner(&mut self) -> Result<ExprKind> {
        use BinaryOp as B;
        const ASSIGNING: [B; 10] =
            [B::Add, B::Sub, B::Mul, B::Div, B::Rem, B::And, B::Or, B::Xor, B::Shl, B::Shr];
        const OTHER: [B; 8] =
            [B::Eq, B::Ne, B::Lt, B::Le, B::Gt, B::Ge, B::LogicalAnd, B::LogicalOr];
        Ok(match self.u.int_in_range(0..=32)? {
            0..=3 => {
                let op = if self.flag()? {
                    *self.u.choose(&ASSIGNING)?
                } else {
                    *self.u.choose(&OTHER)?
                };
                ExprKind::Binary(op, self.expr()?, self.expr()?)
            }
            4 => ExprKind::Unary(*self.u.choose(&[UnaryOp::Neg, UnaryOp::Not])?, self.expr()?),
            5 => ExprKind::Assign(self.expr()?, self.expr()?),
            6 => ExprKind::AssignOp(*self.u.choose(&ASSIGNING)?, self.expr()?, self.expr()?),
            7 | 8 => ExprKind::Cast(self.expr()?, self.ty()?),
            9 => {
                let block = self.block(true)?;
                self.body[block].kind.clone()
            }
            10 | 11 => self.branch()?,
            12 | 13 => {
                let value = self.expr()?;
                ExprKind::Match(value, self.several(0, Self::arm)?.into())
            }
            14 => ExprKind::Loop(self.some(Self::label)?, self.block(false)?),
            15 => ExprKind::While(self.some(Self::label)?, self.expr()?, self.block(false)?),
            16 => ExprKind::For(Box::new(For {
                label: self.some(Self::label)?,
                name: self.ident()?,
                start: self.expr()?,
                end: self.expr()?,
                inclusive: self.flag()?,
                body: self.block(false)?,
            })),
            17 => ExprKind::Break(self.some(Self::label)?, self.some(Self::expr)?),
            18 => ExprKind::Continue(self.some(Self::label)?),
            19 => ExprKind::Return(self.some(Self::expr)?),
            20 => {
                let call = ExprKind::Call(self.expr()?, self.list()?);
                ExprKind::Become(self.push(call))
            }
            21 | 22 => ExprKind::Call(self.expr()?, self.list()?),
            23 | 24 => ExprKind::Method(self.expr()?, self.ident()?, self.list()?),
            25 => ExprKind::Field(self.expr()?, self.ident()?),
            26 => ExprKind::Index(self.expr()?, self.expr()?),
            27 => {
                let fields = self.several(0, |g| {
                    let name = g.ident()?;
                    let short = g.flag()?;
                    Ok(FieldInit {
                        name,
                        value: if short { g.push(ExprKind::Name(name)) } else { g.expr()? },
                        short,
                    })
                })?;
                ExprKind::Struct(Box::new(StructLiteral {
                    path: self.path(1)?,
                    fields: fields.into(),
                }))
            }
            28 => ExprKind::Data(
                self.several(0, |g| {
                    Ok(if g.flag()? {
                        DataElement::Value(g.expr()?)
                    } else {
                        DataElement::Repeat(g.expr()?, g.expr()?)
                    })
                })?
                .into(),
            ),
            29 => ExprKind::Scope(self.ident()?, self.block(false)?),
            30 => ExprKind::Wasm(Box::new(self.template()?)),
            31 => {
                let inner = self.expr()?;
                ExprKind::At(self.position()?, inner)
            }
            _ => self.leaf()?,
        })
    }

    fn branch(&mut self) -> Result<ExprKind> {
        let (condition, then) = (self.expr()?, self.block(false)?);
        let otherwise = match self.u.int_in_range(0..=2)? {
            0 => None,
            1 if self.depth < 5 => {
                self.depth += 1;
                let inner = self.branch()?;
                self.depth -= 1;
                Some(self.push(inner))
            }
            _ => Some(self.block(false)?),
        };
        Ok(ExprKind::If(condition, then, otherwise))
    }

    fn arm(&mut self) -> Result<Arm> {
        Ok(Arm {
            patterns: self.several(1, Self::pattern)?.into(),
            guard: self.some(Self::expr)?,
            value: self.expr()?,
            span: nowhere(),
        })
    }

    fn pattern(&mut self) -> Result<Pattern> {
        let kind = match self.u.int_in_range(0..=4)? {
            0 => PatternKind::Wildcard,
            1 => PatternKind::Name(self.ident()?),
            2 => {
                let value = self.pattern_value(false)?;
                PatternKind::Value(value)
            }
            3 => PatternKind::Range {
                start: self.some(|g| g.pattern_value(true))?,
                end: Some(self.pattern_value(true)?),
                inclusive: self.flag()?,
            },
            _ => PatternKind::Range {
                start: Some(self.pattern_value(true)?),
                end: None,
                inclusive: false,
            },
        };
        Ok(Pattern { kind, span: nowhere() })
    }

    fn pattern_value(&mut self, name: bool) -> Result<ExprId> {
        let kind = match self.u.int_in_range(0..=4)? {
            0 => {
                let number = self.number()?;
                let number = self.push(number);
                ExprKind::Unary(UnaryOp::Neg, number)
            }
            1 => ExprKind::Char('x'),
            2 if name => ExprKind::Name(self.ident()?),
            2 => ExprKind::Path(Box::new(self.path(2)?)),
            3 => ExprKind::Bytes(b"x"[..].into()),
            _ => self.number()?,
        };
        Ok(self.push(kind))
    }
}
