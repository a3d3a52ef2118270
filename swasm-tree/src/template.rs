//! `wasm { … }`: folded WebAssembly text with holes ⇒ a tree to be copied into bodies.
//!
//! `(i32.load (i32.add $base $offset))` ⇒ `I32_LOAD(I32_ADD(HOLE 0, HOLE 1))`
//!
//! A `$name` in operand position is a hole; as a label it is a block of the template; behind `call` and `global.get`
//! it is a symbol. Invariant: every hole occurs once in the tree. Text is never trusted: all that is wrong with it is
//! reported with its range, in one go.

use std::ops::Range;

use crate::{
    Body, Func, FuncId, FuncKind, FuncType, Global, GlobalId, GlobalKind, Import, Loc, Memory,
    Module, NodeId, Op, Remap, Rule, TypeId, ValType, Verifier, View,
};

mod lex;
mod number;
mod parse;

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    /// The nodes. Holes are `HOLE` nodes; a `FuncId`, `GlobalId` or `TypeId` is a position in `symbols`.
    pub body: Body,
    /// What the template consists of.
    pub root: NodeId,
    /// The holes, by number, in order of appearance.
    pub holes: Vec<Name>,
    /// What the template names besides.
    pub symbols: Vec<(SymbolKind, Name)>,
    ranges: Vec<Range<usize>>,
    length: usize,
}

/// A name in a template, without its `$`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The name.
    pub text: Box<str>,
    /// Where it stands first, in bytes, its `$` included.
    pub range: Range<usize>,
}

/// What a symbol names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SymbolKind {
    /// A function.
    Func,
    /// A global.
    Global,
    /// A function type.
    Type,
    /// A function type that is written out, without a name: intern it and hand in its id.
    InlineType(FuncType),
}

/// What a symbol's type is, for [`Template::check`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SymbolType {
    /// Of a function.
    Func(FuncType),
    /// Of a global, and whether it can be set.
    Global(ValType, bool),
    /// A function type.
    Type(FuncType),
}

/// What a symbol is in the body a template is copied into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SymbolTarget {
    /// A function.
    Func(FuncId),
    /// A global.
    Global(GlobalId),
    /// A type.
    Type(TypeId),
}

/// A mistake in a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextError {
    /// Where, in bytes of the text.
    pub range: Range<usize>,
    /// What kind of mistake.
    pub kind: TextErrorKind,
    /// In words.
    pub message: String,
}

impl TextError {
    fn new(range: Range<usize>, kind: TextErrorKind, message: String) -> TextError {
        TextError { range, kind, message }
    }
}

/// Kinds of mistakes in a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TextErrorKind {
    /// No operator has this mnemonic.
    UnknownMnemonic {
        /// One that is spelt nearly so.
        suggestion: Option<&'static str>,
    },
    /// A token where another belongs.
    Unexpected,
    /// A parenthesis or comment that is not closed.
    Unterminated,
    /// A literal that is no number or out of range.
    BadNumber,
    /// A branch to what is not a block around it.
    UnknownLabel,
    /// A hole that occurs more than once.
    DoubledHole,
    /// Nesting beyond the limit.
    TooDeep,
    /// An operator or immediate that has no meaning in a template.
    Unsupported,
    /// Operands or results that do not have the right types.
    Type,
}

/// Parses a template: one or more instructions in folded form.
pub fn parse(text: &str) -> Result<Template, Vec<TextError>> {
    parse::parse(text)
}

impl Template {
    /// Checks types: holes have `holes`, symbols have `symbols` (by position), and the template gives `results`.
    pub fn check(
        &self,
        holes: &[ValType],
        symbols: &[SymbolType],
        results: &[ValType],
    ) -> Result<(), Vec<TextError>> {
        let mut body = self.body.clone();
        body.set_results(results);
        let mut module = Module::new();
        module.add_memory(Memory::default());
        // Ids in the template are positions among all symbols, so every list has an entry for each.
        for symbol in symbols {
            let ty = match symbol {
                SymbolType::Func(ty) | SymbolType::Type(ty) => ty.clone(),
                SymbolType::Global(..) => FuncType::default(),
            };
            let ty = module.types.func(ty);
            module.add_func(Func { ty, name: None, kind: FuncKind::Declared });
            let (ty, mutable) = match symbol {
                SymbolType::Global(ty, mutable) => (*ty, *mutable),
                SymbolType::Func(_) | SymbolType::Type(_) => (ValType::I32, false),
            };
            let import = Import { module: "".into(), name: "".into() };
            module.add_global(Global {
                ty,
                mutable,
                shared: false,
                name: None,
                kind: GlobalKind::Import(import),
            });
        }
        // Types are interned: those of the template are positions and have to become ids.
        let func = module.declare_func(FuncType::new(&[], results), None);
        let indirect: Vec<NodeId> =
            body.post_order(self.root).filter(|&node| body.op(node) == Op::CALL_INDIRECT).collect();
        for node in indirect {
            if let View::CallIndirect { ty, table: _ } = body.view(node)
                && let Some(known) = module.funcs.get(ty.index()).map(|func| func.ty)
            {
                body.set_call_type(node, known);
            }
        }
        let checked = Verifier::new().verify_template(&module, func, &body, holes);
        let Err(errors) = checked else { return Ok(()) };
        Err(errors
            .into_iter()
            .map(|error| {
                let whole = error.rule == Rule::Results && error.node == self.root;
                let message = if whole {
                    self.results_message(results, &error.message)
                } else {
                    error.message
                };
                let range =
                    if whole { 0..self.length } else { self.range(body.node(error.node).loc) };
                TextError::new(range, TextErrorKind::Type, message)
            })
            .collect())
    }

    fn results_message(&self, results: &[ValType], message: &str) -> String {
        let given = message.rsplit_once("its body ").map_or("something else", |(_, given)| given);
        let wanted: Vec<String> = results.iter().map(ToString::to_string).collect();
        format!("the template gives {given}, wanted is [{}]", wanted.join(" "))
    }

    /// Where a node of the template stands in the text.
    fn range(&self, loc: Loc) -> Range<usize> {
        let range = (loc.0 as usize).checked_sub(1).and_then(|at| self.ranges.get(at)).cloned();
        range.unwrap_or(0..self.length)
    }

    /// Copies the template into a body: hole number `n` becomes the node `holes[n]`, symbol `n` becomes `symbols[n]`.
    /// The copy gets the body's current position.
    pub fn instantiate(
        &self,
        body: &mut Body,
        holes: &[NodeId],
        symbols: &[SymbolTarget],
    ) -> NodeId {
        let loc = body.loc();
        let mut fill = Fill { template: self, holes, symbols, loc };
        body.copy_from(&self.body, self.root, &mut fill)
    }
}

struct Fill<'a> {
    template: &'a Template,
    holes: &'a [NodeId],
    symbols: &'a [SymbolTarget],
    loc: Loc,
}

impl Fill<'_> {
    fn mismatch(&self, at: u32) -> ! {
        let (kind, name) = &self.template.symbols[at as usize];
        panic!("whoever instantiates a template binds `{}` to a {kind:?}", name.text)
    }
}

impl Remap for Fill<'_> {
    fn func(&mut self, func: FuncId) -> FuncId {
        match self.symbols.get(func.index()) {
            Some(SymbolTarget::Func(id)) => *id,
            _ => self.mismatch(func.0),
        }
    }

    fn global(&mut self, global: GlobalId) -> GlobalId {
        match self.symbols.get(global.index()) {
            Some(SymbolTarget::Global(id)) => *id,
            _ => self.mismatch(global.0),
        }
    }

    fn ty(&mut self, ty: TypeId) -> TypeId {
        match self.symbols.get(ty.index()) {
            Some(SymbolTarget::Type(id)) => *id,
            _ => self.mismatch(ty.0),
        }
    }

    fn loc(&mut self, _: Loc) -> Loc {
        self.loc
    }

    fn node(&mut self, _: &mut Body, op: Op, original: NodeId, _: &[NodeId]) -> Option<NodeId> {
        if op != Op::HOLE {
            return None;
        }
        let View::Hole(number) = self.template.body.view(original) else { return None };
        self.holes.get(number as usize).copied()
    }
}
