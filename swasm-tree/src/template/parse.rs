//! Folded text ⇒ the nodes of a template. Immediates and operands are read as the operator's row says.
//!
//! Invariant: whatever is wrong is reported once, and parsing goes on behind the form it is in.

use std::ops::Range;

use super::lex::{Kind, Token, lex};
use super::number::{Refused, float32, float64, integer};
use super::{Name, SymbolKind, Template, TextError, TextErrorKind};
use crate::{
    AbstractHeapType, BlockType, Body, FuncId, FuncType, GlobalId, HeapType, Loc, MemArg, MemoryId,
    NodeId, Op, Proposal, RefType, Shape, TableId, TypeId, TypeList, ValType,
};

/// Forms may be nested this deep.
const MAX_NESTING: usize = 256;
/// A mnemonic this many edits away is suggested.
const MAX_EDITS: usize = 3;

/// An error was reported; the form it is in has no meaning.
struct Reported;

type Parsed<T> = Result<T, Reported>;

pub(super) fn parse(text: &str) -> Result<Template, Vec<TextError>> {
    let mut errors = Vec::new();
    let tokens = lex(text, &mut errors);
    let mut body = Body::new(&[], &[]);
    body.at(Loc::NONE);
    let mut parser = Parser {
        text,
        tokens: &tokens,
        at: 0,
        errors,
        body,
        holes: Vec::new(),
        symbols: Vec::new(),
        labels: Vec::new(),
        ranges: Vec::new(),
        depth: 0,
    };
    let mut items = Vec::new();
    while parser.at < tokens.len() {
        items.extend(parser.item().ok());
    }
    let root = match items[..] {
        [one] => one,
        _ => parser.body.seq(&items),
    };
    parser.body.set_root(root);
    if !parser.errors.is_empty() {
        parser.errors.sort_by_key(|error| error.range.start);
        return Err(parser.errors);
    }
    let Parser { body, holes, symbols, ranges, .. } = parser;
    Ok(Template { root, body, holes, symbols, ranges, length: text.len() })
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    errors: Vec<TextError>,
    body: Body,
    holes: Vec<Name>,
    symbols: Vec<(SymbolKind, Name)>,
    /// Blocks around the current form.
    labels: Vec<(&'a str, NodeId)>,
    /// What `Loc(n + 1)` stands for.
    ranges: Vec<Range<usize>>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn error<T>(
        &mut self,
        range: Range<usize>,
        kind: TextErrorKind,
        message: impl Into<String>,
    ) -> Parsed<T> {
        self.errors.push(TextError::new(range, kind, message.into()));
        Err(Reported)
    }

    fn text_of(&self, token: usize) -> &'a str {
        &self.text[self.tokens[token].range.clone()]
    }

    fn peek(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    /// The keyword behind the parenthesis that comes next.
    fn peek_form(&self) -> Option<&'a str> {
        match self.peek() {
            Some(Kind::Open(_)) if self.tokens.get(self.at + 1)?.kind == Kind::Atom => {
                Some(self.text_of(self.at + 1))
            }
            Some(Kind::Open(_) | Kind::Close | Kind::Name | Kind::Atom) | None => None,
        }
    }

    fn here(&self) -> Range<usize> {
        let end = self.text.len()..self.text.len();
        self.tokens.get(self.at).map_or(end, |token| token.range.clone())
    }

    /// One instruction with its operands, or a hole.
    fn item(&mut self) -> Parsed<NodeId> {
        let start = self.at;
        let range = self.here();
        match self.peek() {
            Some(Kind::Name) => {
                self.at += 1;
                self.hole(start)
            }
            Some(Kind::Open(close)) => {
                self.at += 1;
                self.depth += 1;
                let labels = self.labels.len();
                let result = if self.depth > MAX_NESTING {
                    let message = format!("forms are nested more than {MAX_NESTING} deep");
                    self.error(range, TextErrorKind::TooDeep, message)
                } else {
                    self.form(close)
                };
                self.depth -= 1;
                self.labels.truncate(labels);
                self.at = close + 1;
                result
            }
            Some(Kind::Atom | Kind::Close) | None => {
                self.at += 1;
                let message = if Op::from_mnemonic(&self.text[range.clone()]).is_some() {
                    "an instruction is written in parentheses, with its operands"
                } else {
                    "expected an instruction in parentheses or a `$name`"
                };
                self.error(range, TextErrorKind::Unexpected, message)
            }
        }
    }

    fn hole(&mut self, token: usize) -> Parsed<NodeId> {
        let range = self.tokens[token].range.clone();
        let text = &self.text_of(token)[1..];
        if self.holes.iter().any(|hole| &*hole.text == text) {
            let message = format!("`${text}` is used twice: its value can be taken once");
            return self.error(range, TextErrorKind::DoubledHole, message);
        }
        self.mark(range.clone());
        let number = self.holes.len() as u32;
        self.holes.push(Name { text: text.into(), range });
        Ok(self.body.hole(number))
    }

    /// Gives nodes made from now on a position.
    fn mark(&mut self, range: Range<usize>) {
        self.ranges.push(range);
        self.body.at(Loc(self.ranges.len() as u32));
    }

    fn mnemonic(&mut self) -> Parsed<(Op, Range<usize>)> {
        let range = self.here();
        if self.peek() != Some(Kind::Atom) {
            return self.error(range, TextErrorKind::Unexpected, "expected an instruction");
        }
        let written = self.text_of(self.at);
        self.at += 1;
        let index_type;
        let mnemonic = match written.strip_prefix("addr.") {
            Some(rest) => {
                index_type = format!("i32.{rest}");
                index_type.as_str()
            }
            None => written,
        };
        match Op::from_mnemonic(mnemonic) {
            Some(op) => Ok((op, range)),
            None => {
                let suggestion = suggest(mnemonic);
                let mut message = format!("there is no instruction `{written}`");
                if let Some(suggestion) = suggestion {
                    message.push_str(&format!("; did you mean `{suggestion}`?"));
                }
                self.error(range, TextErrorKind::UnknownMnemonic { suggestion }, message)
            }
        }
    }

    fn form(&mut self, close: usize) -> Parsed<NodeId> {
        let (op, range) = self.mnemonic()?;
        if matches!(op.shape(), Shape::Block | Shape::Loop) {
            return self.block(op, range, close);
        }
        if op == Op::IF {
            return self.if_(range, close);
        }
        if op == Op::RETURN || op.row().proposal == Proposal::TailCall {
            let message = "a template cannot leave the function it is put into";
            return self.error(range, TextErrorKind::Unsupported, message);
        }
        let make = self.immediates(op, &range)?;
        let operands = self.items_until(close)?;
        self.mark(range.clone());
        Ok(self.finish(op, make, &operands))
    }

    /// All items up to a closing parenthesis, even behind a wrong one.
    fn items_until(&mut self, close: usize) -> Parsed<Vec<NodeId>> {
        let mut items = Vec::new();
        let mut wrong = false;
        while self.at < close {
            match self.item() {
                Ok(item) => items.push(item),
                Err(Reported) => wrong = true,
            }
        }
        if wrong { Err(Reported) } else { Ok(items) }
    }

    // ---- control

    fn block_type(&mut self) -> Parsed<(TypeList, TypeList)> {
        let mut params = TypeList::new();
        let mut results = TypeList::new();
        while let Some(word @ ("param" | "result")) = self.peek_form() {
            let Some(Kind::Open(close)) = self.peek() else { return Err(Reported) };
            self.at += 2;
            while self.at < close {
                let ty = self.val_type()?;
                if word == "param" { &mut params } else { &mut results }.push(ty);
            }
            self.at = close + 1;
        }
        Ok((params, results))
    }

    fn val_type(&mut self) -> Parsed<ValType> {
        let range = self.here();
        let ty = match &self.text[range.clone()] {
            "i32" => ValType::I32,
            "i64" => ValType::I64,
            "f32" => ValType::F32,
            "f64" => ValType::F64,
            "v128" => ValType::V128,
            "addr" => ValType::I32,
            "funcref" => ValType::FUNCREF,
            "externref" => ValType::EXTERNREF,
            _ => return self.error(range, TextErrorKind::Unexpected, "expected a value type"),
        };
        self.at += 1;
        Ok(ty)
    }

    fn label_definition(&mut self) -> Option<&'a str> {
        (self.peek() == Some(Kind::Name)).then(|| {
            self.at += 1;
            self.text_of(self.at - 1)
        })
    }

    fn block(&mut self, op: Op, range: Range<usize>, close: usize) -> Parsed<NodeId> {
        let label = self.label_definition();
        let (params, results) = self.block_type()?;
        if !params.is_empty() {
            return self.error(
                range,
                TextErrorKind::Unsupported,
                "blocks of templates take no parameters",
            );
        }
        self.mark(range);
        let ty = BlockType::of(&results);
        let block = if op == Op::LOOP { self.body.loop_(ty) } else { self.body.block(ty) };
        self.labels.push((label.unwrap_or_default(), block));
        let items = self.items_until(close)?;
        let body = self.sequence(&items);
        self.body.set_body(block, body);
        Ok(block)
    }

    fn sequence(&mut self, items: &[NodeId]) -> NodeId {
        match items {
            &[one] => one,
            _ => self.body.seq(items),
        }
    }

    fn if_(&mut self, range: Range<usize>, close: usize) -> Parsed<NodeId> {
        // `(if $condition (then …))`: nothing else could be the condition.
        let is_condition = self.peek() == Some(Kind::Name) && {
            self.at += 1;
            let is_then = self.peek_form() == Some("then");
            self.at -= 1;
            is_then
        };
        let label = if is_condition { None } else { self.label_definition() };
        let (params, results) = self.block_type()?;
        if !params.is_empty() {
            return self.error(
                range,
                TextErrorKind::Unsupported,
                "blocks of templates take no parameters",
            );
        }
        let mut operands = Vec::new();
        while self.at < close && !matches!(self.peek_form(), Some("then" | "else")) {
            operands.push(self.item()?);
        }
        self.mark(range.clone());
        let block = self.body.if_with(BlockType::of(&results), &operands);
        self.labels.push((label.unwrap_or_default(), block));
        let (Some("then"), Some(Kind::Open(then_close))) = (self.peek_form(), self.peek()) else {
            return self.error(
                range,
                TextErrorKind::Unexpected,
                "an `if` needs `(then …)` behind its condition",
            );
        };
        self.at += 2;
        let then = self.items_until(then_close);
        self.at = then_close + 1;
        if let Ok(items) = &then {
            let then = self.sequence(items);
            self.body.set_then(block, then);
        }
        if let (Some("else"), Some(Kind::Open(else_close))) = (self.peek_form(), self.peek()) {
            self.at += 2;
            let items = self.items_until(else_close)?;
            self.at = else_close + 1;
            let else_ = self.sequence(&items);
            self.body.set_else(block, else_);
        }
        if self.at < close {
            let range = self.here();
            return self.error(
                range,
                TextErrorKind::Unexpected,
                "nothing comes behind the arms of an `if`",
            );
        }
        then.map(|_| block)
    }

    fn label(&mut self) -> Parsed<NodeId> {
        let range = self.here();
        let text = &self.text[range.clone()];
        if let Some(found) = self.find_label() {
            self.at += 1;
            return Ok(found);
        }
        let message = match self.peek() {
            Some(Kind::Name) => format!("there is no block `{text}` around this branch"),
            _ => "expected the `$name` of a block".to_owned(),
        };
        self.error(range, TextErrorKind::UnknownLabel, message)
    }

    /// The block that the next token names.
    fn find_label(&self) -> Option<NodeId> {
        if self.peek() != Some(Kind::Name) {
            return None;
        }
        let name = self.text_of(self.at);
        self.labels.iter().rev().find(|(label, _)| *label == name).map(|(_, block)| *block)
    }

    // ---- immediates

    fn symbol(&mut self, kind: SymbolKind, what: &str) -> Parsed<u32> {
        let range = self.here();
        if self.peek() != Some(Kind::Name) {
            let message = format!("expected the `$name` of a {what}");
            return self.error(range, TextErrorKind::Unexpected, message);
        }
        let text = &self.text_of(self.at)[1..];
        self.at += 1;
        let known =
            self.symbols.iter().position(|(other, name)| *other == kind && &*name.text == text);
        Ok(known.unwrap_or_else(|| {
            self.symbols.push((kind, Name { text: text.into(), range }));
            self.symbols.len() - 1
        }) as u32)
    }

    fn atom(&mut self, what: &str) -> Parsed<(&'a str, Range<usize>)> {
        let range = self.here();
        if self.peek() != Some(Kind::Atom) {
            return self.error(range, TextErrorKind::Unexpected, format!("expected {what}"));
        }
        self.at += 1;
        Ok((&self.text[range.clone()], range))
    }

    fn number<T>(&mut self, what: &str, read: impl Fn(&str) -> Result<T, Refused>) -> Parsed<T> {
        let (text, range) = self.atom(what)?;
        match read(text) {
            Ok(value) => Ok(value),
            Err(Refused::Malformed) => self.error(
                range,
                TextErrorKind::BadNumber,
                format!("expected {what}, found `{text}`"),
            ),
            Err(Refused::OutOfRange) => self.error(
                range,
                TextErrorKind::BadNumber,
                format!("`{text}` is out of range for {what}"),
            ),
        }
    }

    fn lane(&mut self) -> Parsed<u8> {
        self.number("a lane number", |text| unsigned(text, 8).map(|lane| lane as u8))
    }

    /// `offset=` and `align=`, in that order, each optional.
    fn memarg(&mut self, op: Op) -> Parsed<MemArg> {
        let mut memarg =
            MemArg { align_log2: op.width_log2().unwrap_or(0), offset: 0, memory: MemoryId(0) };
        for (key, seen_first) in [("offset=", true), ("align=", false)] {
            if self.peek() != Some(Kind::Atom) || !self.text_of(self.at).starts_with(key) {
                continue;
            }
            let range = self.here();
            let value = unsigned(&self.text_of(self.at)[key.len()..], 32);
            self.at += 1;
            match value {
                Ok(value) if seen_first => memarg.offset = value,
                Ok(value) if value.is_power_of_two() => {
                    memarg.align_log2 = value.trailing_zeros() as u8
                }
                _ => {
                    let what = if seen_first { "32-bit offset" } else { "power of two" };
                    return self.error(
                        range,
                        TextErrorKind::BadNumber,
                        format!("expected a {what}"),
                    );
                }
            }
        }
        Ok(memarg)
    }

    fn vector(&mut self) -> Parsed<[u8; 16]> {
        let (shape, range) = self.atom("a shape such as `i32x4`")?;
        let mut bytes = [0; 16];
        let (lanes, width) = match shape {
            "i8x16" => (16, 8),
            "i16x8" => (8, 16),
            "i32x4" | "f32x4" => (4, 32),
            "i64x2" | "f64x2" => (2, 64),
            _ => {
                return self.error(
                    range,
                    TextErrorKind::Unexpected,
                    "expected a shape such as `i32x4`",
                );
            }
        };
        for lane in 0..lanes {
            let value = match shape {
                "f32x4" => self.number("an f32", |text| float32(text).map(u64::from))?,
                "f64x2" => self.number("an f64", float64)?,
                _ => {
                    self.number(&format!("a number of {width} bits"), |text| integer(text, width))?
                }
            };
            let size = width as usize / 8;
            bytes[lane * size..(lane + 1) * size].copy_from_slice(&value.to_le_bytes()[..size]);
        }
        Ok(bytes)
    }

    fn immediates(&mut self, op: Op, range: &Range<usize>) -> Parsed<Immediate> {
        Ok(match op.shape() {
            Shape::I32 => Immediate::I32(self.number("an i32", |text| integer(text, 32))? as i32),
            Shape::I64 => Immediate::I64(self.number("an i64", |text| integer(text, 64))? as i64),
            Shape::F32 => Immediate::F32(self.number("an f32", float32)?),
            Shape::F64 => Immediate::F64(self.number("an f64", float64)?),
            Shape::V128 => Immediate::V128(self.vector()?),
            Shape::Local => {
                let message = "a template has no locals: write `$name` where the value is wanted";
                return self.error(range.clone(), TextErrorKind::Unsupported, message);
            }
            Shape::Global => {
                Immediate::Global(GlobalId(self.symbol(SymbolKind::Global, "global")?))
            }
            Shape::Call | Shape::RefFunc => {
                Immediate::Func(FuncId(self.symbol(SymbolKind::Func, "function")?))
            }
            Shape::Mem(_) | Shape::Atomic(_) => Immediate::Mem(self.memarg(op)?),
            Shape::MemLane(_) => {
                let memarg = self.memarg(op)?;
                Immediate::MemLane(memarg, self.lane()?)
            }
            Shape::Lane(_) => Immediate::Lane(self.lane()?),
            Shape::Shuffle => {
                let mut lanes = [0; 16];
                for lane in &mut lanes {
                    *lane = self.lane()?;
                }
                Immediate::Shuffle(lanes)
            }
            Shape::CallIndirect => {
                let ty = if self.peek_form() == Some("type") {
                    let Some(Kind::Open(close)) = self.peek() else { return Err(Reported) };
                    self.at += 2;
                    let ty = self.symbol(SymbolKind::Type, "type")?;
                    self.at = close + 1;
                    ty
                } else {
                    let (params, results) = self.block_type()?;
                    let ty = SymbolKind::InlineType(FuncType::new(&params, &results));
                    self.symbols.push((ty, Name { text: "".into(), range: range.clone() }));
                    self.symbols.len() as u32 - 1
                };
                Immediate::CallIndirect(TypeId(ty))
            }
            Shape::RefNull => {
                if self.peek() == Some(Kind::Name) {
                    let range = self.here();
                    let message = format!(
                        "a template cannot name types of the module, such as `{}`: write `func`, `extern` or `any`",
                        self.text_of(self.at)
                    );
                    return self.error(range, TextErrorKind::Unsupported, message);
                }
                let (text, range) = self.atom("a heap type")?;
                match AbstractHeapType::from_word(text) {
                    Some(heap) => Immediate::RefNull(HeapType::Abstract(heap)),
                    None => {
                        return self.error(
                            range,
                            TextErrorKind::Unexpected,
                            "expected a heap type: `func`, `extern`, `any`",
                        );
                    }
                }
            }
            Shape::Select if self.peek_form() == Some("result") => {
                let (_, results) = self.block_type()?;
                match results[..] {
                    [ty] => Immediate::Select(ty),
                    _ => {
                        let message = "`select` gives one value";
                        return self.error(range.clone(), TextErrorKind::Unexpected, message);
                    }
                }
            }
            Shape::Br | Shape::BrOn => Immediate::Br(self.label()?),
            Shape::BrTable => {
                let mut targets = vec![self.label()?];
                while let Some(target) = self.find_label() {
                    self.at += 1;
                    targets.push(target);
                }
                Immediate::BrTable(targets)
            }
            Shape::MemoryInit
            | Shape::Data
            | Shape::Table
            | Shape::TableCopy
            | Shape::TableInit
            | Shape::Elem
            | Shape::Type
            | Shape::Field
            | Shape::ArrayFixed
            | Shape::ArrayData
            | Shape::ArrayElem
            | Shape::ArrayCopy
            | Shape::RefCast
            | Shape::BrOnCast
            | Shape::Throw
            | Shape::TryTable
            | Shape::Try
            | Shape::Catch
            | Shape::CatchAll
            | Shape::Delegate
            | Shape::Rethrow
            | Shape::Beyond => {
                let message = out_of_reach(op);
                return self.error(range.clone(), TextErrorKind::Unsupported, message);
            }
            Shape::Plain
            | Shape::Memory
            | Shape::MemoryCopy
            | Shape::RefTest
            | Shape::RefAs
            | Shape::ThrowRef
            | Shape::Fence
            | Shape::Drop
            | Shape::Select
            | Shape::Unreachable => Immediate::None,
            // Dealt with before, or not to be written.
            Shape::Block
            | Shape::Loop
            | Shape::If
            | Shape::Return
            | Shape::Symbol
            | Shape::SelectTyped
            | Shape::Seq
            | Shape::Stack
            | Shape::SetMany
            | Shape::Hole => return Err(Reported),
        })
    }

    fn finish(&mut self, op: Op, immediate: Immediate, operands: &[NodeId]) -> NodeId {
        let body = &mut self.body;
        let node = match immediate {
            Immediate::None if op == Op::MEMORY_COPY => {
                body.memory_copy_of(MemoryId(0), MemoryId(0), operands)
            }
            Immediate::None => return body.plain(op, operands),
            Immediate::I32(value) => body.i32_const(value),
            Immediate::I64(value) => body.i64_const(value),
            Immediate::F32(bits) => body.f32_const(bits),
            Immediate::F64(bits) => body.f64_const(bits),
            Immediate::V128(bytes) => body.v128_const(bytes),
            Immediate::Global(global) => body.global_op(op, global, operands),
            Immediate::Func(func) => body.func_op(op, func, operands),
            Immediate::Mem(memarg) => body.access(op, memarg, operands),
            Immediate::MemLane(memarg, lane) => body.access_lane(op, memarg, lane, operands),
            Immediate::Lane(lane) => body.lane(op, lane, operands),
            Immediate::Shuffle(lanes) => body.shuffle_of(op, lanes, operands),
            Immediate::CallIndirect(ty) => body.indirect_of(op, ty, TableId::FUNCTIONS, operands),
            Immediate::RefNull(heap) => body.ref_null(heap),
            Immediate::Select(ty) => body.select_typed_of(ty, operands),
            Immediate::Br(target) => body.branch(op, target, operands),
            Immediate::BrTable(targets) => body.branch_table(&targets, operands),
        };
        // Constants are made without operands: give them any that were written, for the verifier to refuse.
        if body.children(node).is_empty() {
            body.set_children(node, operands);
        }
        node
    }
}

enum Immediate {
    None,
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128([u8; 16]),
    Global(GlobalId),
    Func(FuncId),
    Mem(MemArg),
    MemLane(MemArg, u8),
    Lane(u8),
    Shuffle([u8; 16]),
    CallIndirect(TypeId),
    RefNull(HeapType),
    Select(ValType),
    Br(NodeId),
    /// The last one is the default.
    BrTable(Vec<NodeId>),
}

fn unsigned(text: &str, bits: u32) -> Result<u64, Refused> {
    if text.starts_with(['-', '+']) { Err(Refused::Malformed) } else { integer(text, bits) }
}

/// Why an operator has no place in a template, and what has.
#[allow(clippy::wildcard_enum_match_arm, reason = "the shapes of operators on types are many")]
fn out_of_reach(op: Op) -> String {
    let word = op.mnemonic();
    let (names, instead) = match op.shape() {
        Shape::MemoryInit | Shape::Data => ("a data segment", "`memory.copy` reads static data"),
        Shape::Table | Shape::TableCopy => {
            ("a table", "`call_indirect` takes a slot of the module's own table")
        }
        Shape::TableInit | Shape::Elem => {
            ("an element segment", "`call_indirect` takes a slot of the module's own table")
        }
        Shape::Throw => ("an exception's tag", "call a function that throws"),
        Shape::TryTable
        | Shape::Try
        | Shape::Catch
        | Shape::CatchAll
        | Shape::Delegate
        | Shape::Rethrow => {
            return format!(
                "`{word}` handles exceptions, which a template does not: call a function that does"
            );
        }
        Shape::Beyond => {
            return format!(
                "`{word}` belongs to a proposal that is not supported: {:?}",
                op.row().proposal
            );
        }
        _ => ("a type", "call a function that does this"),
    };
    format!("`{word}` names {names} of the module, which a template cannot; {instead}")
}

/// The mnemonic that takes the fewest edits, if there is one near.
fn suggest(written: &str) -> Option<&'static str> {
    let names = Op::all().filter(|op| !op.is_pseudo()).map(Op::mnemonic);
    let near = names.map(|name| (edits(written, name), name)).min()?;
    (near.0 <= MAX_EDITS.min(written.len() / 2)).then_some(near.1)
}

/// How many letters to insert, delete or replace to get from one word to another.
fn edits(from: &str, to: &str) -> usize {
    let to = to.as_bytes();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

const _: () = assert!(std::mem::size_of::<RefType>() == 4);
