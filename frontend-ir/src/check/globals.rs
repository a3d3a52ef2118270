//! Consts and statics: initialisers are checked like bodies, evaluated, and `data […]` is laid out.
//!
//! Invariant: a global is evaluated after those its initialiser reads, so evaluating recurses nowhere; a cycle among them is reported once.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "of the dozens of kinds of expressions an initialiser's root is looked at for two"
)]

use swasm_tree::ValType;

use super::attribute::{Attributes, On};
use super::body::{Checker, Room};
use super::constant::{Problem, ProblemKind, evaluate};
use super::declare::set_once;
use super::resolve::{Named, Resolver};
use super::unit::{Decl, SlotKind};
use super::world::representation;
use crate::checked::{Body, Constant, Data, DataKey, DefId, ExprId, Global, GlobalKind, Type};
use crate::codes;
use crate::ir::{self, DataElement, ExprKind, ValueType};
use crate::source::Span;

/// The largest static data, in bytes: what `addr` can count, less the part of memory that is never handed out.
const MAX_DATA: u64 = (1 << 32) - 1024;
/// The most bytes of static data that are not zeros, for one item.
const MAX_STORED: u64 = 1 << 28;

/// An initialiser without the positions around it.
fn root(body: &ir::Body) -> ir::ExprId {
    let mut id = body.root();
    while let ExprKind::At(_, inner) = &body[id].kind {
        id = *inner;
    }
    id
}

/// Whether an initialiser is data of the item's own, so that its address is known before its contents.
pub(crate) fn owns_data(kind: SlotKind, body: &ir::Body) -> bool {
    match body[root(body)].kind {
        ExprKind::Data(_) => true,
        ExprKind::Bytes(_) => matches!(kind, SlotKind::Static | SlotKind::StaticMut),
        _ => false,
    }
}

impl Resolver<'_> {
    /// Resolves a global's type and notes whether it has data of its own.
    pub(crate) fn declare_global_type(&mut self, def: DefId, global: &ir::Global) {
        let slot = self.world.slot(def);
        let ty = self.place_ty(&global.ty);
        let owns = owns_data(slot.kind, &global.value)
            && (self.world.is_segment(&ty) || ty == Type::Error);
        set_once(&slot.aside().owns_data, owns);
        set_once(&slot.aside().ty, ty);
    }

    /// The globals whose values an initialiser needs.
    pub(crate) fn dependencies(&mut self, global: &ir::Global) -> Vec<DefId> {
        let body = &global.value;
        let mut found = Vec::new();
        let mut addressed = vec![false; body.len()];
        for expr in body.exprs() {
            if let ExprKind::Method(receiver, name, _) = &expr.kind
                && self.text(*name) == "address"
            {
                addressed[receiver.index()] = true;
            }
        }
        for (index, expr) in body.exprs().enumerate() {
            let def = match &expr.kind {
                ExprKind::Name(name) => self.in_scope(self.text(*name)).value,
                // Looked up quietly: the check of the initialiser says what is wrong with it.
                ExprKind::Path(path) => self.quiet_value(path),
                _ => None,
            };
            if let Some(def) = def
                && !self.world.is_library(def.module)
                && self.world.is_global(def)
                && !(addressed[index] && self.world.slot(def).owns_data())
            {
                found.push(def);
            }
        }
        found
    }

    fn quiet_value(&mut self, path: &ir::Path) -> Option<DefId> {
        let before = self.diagnostics.len();
        let found = self.value(path);
        self.diagnostics.truncate(before);
        match found {
            Some(Named::Value(def)) => Some(def),
            Some(Named::Associated(..)) | None => None,
        }
    }

    /// Evaluates a global whose type is known. Gives the names it is exported under.
    pub(crate) fn declare_global(
        &mut self,
        def: DefId,
        attributes: &[ir::Attribute],
        global: &ir::Global,
    ) -> Attributes {
        let slot = self.world.slot(def);
        let on = if slot.kind == SlotKind::Const { On::Const } else { On::Static };
        let attributes = self.attributes(attributes, on);
        self.note_deprecated(def, &attributes);
        let ty = slot.ty().cloned().unwrap_or(Type::Error);
        let kind = match slot.kind {
            SlotKind::Const | SlotKind::Function | SlotKind::Struct => GlobalKind::Const,
            SlotKind::Static => GlobalKind::Static,
            SlotKind::StaticMut => GlobalKind::StaticMut,
        };
        let config =
            attributes.intrinsic.as_ref().and_then(|(path, span)| self.config(path, *span));
        if !attributes.exports.is_empty() && self.world.scalars(&ty) != 1 && ty != Type::Error {
            let shown = self.show(&ty);
            let error = self
                .error(
                    codes::ATTRIBUTE,
                    attributes.exports[0].1,
                    format!("a static of type `{shown}` cannot be exported"),
                )
                .note("an exported static is one global, so its type must be one scalar")
                .help("export a function that gives the value");
            self.report(error);
        }
        let before = self.diagnostics.len();
        let (value, data) = self.initial_value(def, &ty, global);
        let failed = self.diagnostics.len() > before;
        let declared = Global {
            path: self.world.path(def).into(),
            ty: if failed { Type::Error } else { ty },
            value,
            data,
            kind,
            exports: attributes.exports.iter().map(|export| export.0.clone()).collect(),
            config,
            place: self.place(global.name.span),
        };
        set_once(&slot.decl, Decl::Global(Box::new(declared)));
        attributes
    }

    fn config(&mut self, path: &ir::Path, span: Span) -> Option<Box<str>> {
        let [first, name] = &*path.segments else {
            return self.no_config(span);
        };
        if self.text(*first) != "config" || !self.world.is_library(self.module) {
            return self.no_config(span);
        }
        Some(self.text(*name).into())
    }

    fn no_config(&mut self, span: Span) -> Option<Box<str>> {
        let error = self
            .error(
                codes::INTRINSIC,
                span,
                "a constant is bound to what the linker knows by the library only",
            )
            .help("use the constants of `std::config`");
        self.report(error);
        None
    }

    fn initial_value(
        &mut self,
        def: DefId,
        ty: &Type,
        global: &ir::Global,
    ) -> (Constant, Option<Data>) {
        let body = &global.value;
        let at = root(body);
        let writable = self.world.slot(def).kind != SlotKind::Const;
        if self.world.slot(def).owns_data() {
            let data = match &body[at].kind {
                ExprKind::Data(elements) => self.data(body, elements, writable),
                ExprKind::Bytes(bytes) => Some(layout_bytes(bytes, writable)),
                _ => None,
            };
            return (Constant::Segment(DataKey::Item(def)), data);
        }
        if let ExprKind::Data(_) = &body[at].kind {
            let shown = self.show(ty);
            let error = self
                .error(
                    codes::DATA,
                    body[at].span,
                    format!("`data […]` is a `MemorySegment`, but the declared type is `{shown}`"),
                )
                .label(self.place(global.ty.span()), format!("expected `{shown}` because of this"))
                .help("declare it as a `MemorySegment`");
            self.report(error);
            return (Constant::Unit, None);
        }
        let checked = self
            .check_part(|cx| Checker::new(cx, body, None, &mut Room::default()).initialiser(ty));
        let Some((checked, spans)) = checked else { return (Constant::Unit, None) };
        let mut values = evaluate(self.world, &checked, &spans);
        let value = std::mem::replace(&mut values[checked.root.index()], Ok(Constant::Unit));
        match value {
            Ok(value) => (value, None),
            Err(problem) => {
                self.report_problem(&problem);
                (Constant::Unit, None)
            }
        }
    }

    /// Runs a checker; `None` if it reported something.
    fn check_part<T>(&mut self, run: impl FnOnce(Resolver<'_>) -> T) -> Option<T> {
        let before = self.diagnostics.len();
        let cx = Resolver::new(self.world, self.module, self.names, self.diagnostics);
        let result = run(cx);
        (self.diagnostics.len() == before).then_some(result)
    }

    fn report_problem(&mut self, problem: &Problem) {
        let error = match &problem.kind {
            ProblemKind::Reported => return,
            ProblemKind::NotConstant(why) => self
                .error(codes::NOT_CONSTANT, problem.span, "this is no constant expression")
                .note(*why)
                .help("a constant is made of literals, other constants, operators and `as`"),
            ProblemKind::Mutable(def) => {
                let name = &self.world.slot(*def).name;
                self.error(
                    codes::NOT_CONSTANT,
                    problem.span,
                    format!("the value of `{name}` is not known when the program is compiled"),
                )
                .label(self.world.place(*def), "it is declared `static mut`")
                .help("make it a `const` if it never changes")
            }
            ProblemKind::Cycle(def) => {
                let name = &self.world.slot(*def).name;
                self.error(
                    codes::CYCLE,
                    problem.span,
                    format!("the value of `{name}` depends on itself"),
                )
                .label(self.world.place(*def), "declared here")
            }
            ProblemKind::DivideByZero => self
                .error(codes::CONSTANT_ARITHMETIC, problem.span, "this divides by zero")
                .note("an integer division by zero traps"),
            ProblemKind::Overflow => self
                .error(codes::CONSTANT_ARITHMETIC, problem.span, "this quotient is out of range")
                .note("the smallest integer divided by -1 traps"),
        };
        self.report(error);
    }

    /// Reports globals that depend on each other; `cycle` is in the order of the dependencies.
    pub(crate) fn report_cycle(&mut self, cycle: &[DefId]) {
        let Some((first, others)) = cycle.split_first() else { return };
        let name = &self.world.slot(*first).name;
        let mut error = crate::diagnostic::Diagnostic::error(
            codes::CYCLE,
            self.world.place(*first),
            format!("the value of `{name}` depends on itself"),
        );
        let mut before = name;
        for def in others {
            let name = &self.world.slot(*def).name;
            error = error.label(self.world.place(*def), format!("`{before}` needs `{name}`"));
            before = name;
        }
        error = error
            .note(format!("`{before}` needs `{name}`"))
            .help("give one of them a value of its own");
        self.report(error);
    }

    /// Lays out `data […]`.
    fn data(&mut self, body: &ir::Body, elements: &[DataElement], writable: bool) -> Option<Data> {
        let (checked, spans, ids) = self.check_part(|cx| {
            Checker::new(cx, body, None, &mut Room::default()).elements(elements)
        })?;
        let values = evaluate(self.world, &checked, &spans);
        let mut layout = Layout::default();
        let before = self.diagnostics.len();
        for (element, (value, count)) in elements.iter().zip(&ids) {
            let (DataElement::Value(ast) | DataElement::Repeat(ast, _)) = element;
            let span = body[*ast].span;
            let count = match count {
                None => 1,
                Some(count) => match &values[count.index()] {
                    Ok(Constant::Int(count)) => *count,
                    Ok(_) => continue,
                    Err(problem) => {
                        self.report_problem(problem);
                        continue;
                    }
                },
            };
            let value = match &values[value.index()] {
                Ok(constant) => self.data_value(&checked, *value, constant, &body[*ast].kind, span),
                Err(problem) => {
                    self.report_problem(problem);
                    continue;
                }
            };
            let Some(value) = value else { continue };
            if !layout.add(value, count) {
                let error = self
                    .error(codes::DATA, span, "this data is too large")
                    .note(format!("static data has at most {MAX_DATA} bytes, {MAX_STORED} of them other than zeros at its end"));
                self.report(error);
                return None;
            }
        }
        (self.diagnostics.len() == before).then(|| layout.finish(writable))
    }

    /// An element's bytes.
    fn data_value(
        &mut self,
        checked: &Body,
        id: ExprId,
        value: &Constant,
        ast: &ExprKind,
        span: Span,
    ) -> Option<DataValue> {
        let ty = checked.ty(id);
        let scalar = match ty {
            Type::Value(value) => Some(*value),
            Type::Pointer(_) => Some(ValueType::Addr),
            Type::Unit | Type::Never | Type::Struct(_) | Type::Error => None,
        };
        match (value, scalar) {
            (Constant::Int(bits), Some(scalar)) => Some(DataValue::bits(*bits, width(scalar))),
            (Constant::F32(bits), _) => Some(DataValue::bits(u64::from(*bits), 4)),
            (Constant::F64(bits), _) => Some(DataValue::bits(*bits, 8)),
            (Constant::V128(bytes), _) => {
                Some(DataValue { bytes: bytes.to_vec(), align: 16, fixup: None })
            }
            (Constant::Address(..) | Constant::Function(_), Some(_)) => {
                Some(DataValue { bytes: vec![0; 4], align: 4, fixup: Some(value.clone()) })
            }
            (Constant::Segment(DataKey::Bytes(bytes)), _) if matches!(ast, ExprKind::Bytes(_)) => {
                Some(DataValue { bytes: bytes.to_vec(), align: 1, fixup: None })
            }
            _ => {
                let shown = self.show(ty);
                let mut error = self.error(
                    codes::DATA,
                    span,
                    format!("a value of type `{shown}` cannot be an element of `data`"),
                );
                if matches!(value, Constant::Segment(_)) {
                    error = error.help("lay out its address and size: `….address(), ….size()`");
                } else {
                    error = error.note("elements are scalars, addresses and byte strings");
                }
                self.report(error);
                None
            }
        }
    }
}

/// Bytes that a scalar takes in memory, and its alignment.
fn width(value: ValueType) -> u32 {
    match value {
        ValueType::Bool | ValueType::I8 | ValueType::U8 => 1,
        ValueType::I16 | ValueType::U16 => 2,
        _ => match representation(value) {
            ValType::I64 | ValType::F64 => 8,
            ValType::V128 => 16,
            ValType::I32 | ValType::F32 | ValType::Ref(_) => 4,
        },
    }
}

/// One element.
struct DataValue {
    bytes: Vec<u8>,
    align: u32,
    /// What the linker writes over the bytes.
    fixup: Option<Constant>,
}

impl DataValue {
    fn bits(bits: u64, width: u32) -> Self {
        Self { bytes: bits.to_le_bytes()[..width as usize].to_vec(), align: width, fixup: None }
    }
}

/// Elements laid out one after another.
#[derive(Default)]
struct Layout {
    /// Up to the last byte that is not zero or is to be written over.
    bytes: Vec<u8>,
    size: u64,
    align: u32,
    fixups: Vec<(u32, Constant)>,
}

impl Layout {
    /// Whether there is room.
    fn add(&mut self, value: DataValue, count: u64) -> bool {
        self.align = self.align.max(value.align);
        let start = self.size.next_multiple_of(u64::from(value.align));
        // A scalar's size is a multiple of its alignment, so repetitions follow each other closely.
        let Some(length) = (value.bytes.len() as u64).checked_mul(count) else { return false };
        let Some(end) = start.checked_add(length).filter(|end| *end <= MAX_DATA) else {
            return false;
        };
        self.size = end;
        if value.fixup.is_none() && value.bytes.iter().all(|byte| *byte == 0) {
            return true;
        }
        if count == 0 {
            return true;
        }
        if end > MAX_STORED {
            return false;
        }
        self.bytes.resize(start as usize, 0);
        for _ in 0..count {
            if let Some(fixup) = &value.fixup {
                self.fixups.push((self.bytes.len() as u32, fixup.clone()));
            }
            self.bytes.extend_from_slice(&value.bytes);
        }
        true
    }

    fn finish(mut self, writable: bool) -> Data {
        let kept = self.fixups.last().map_or(0, |fixup| fixup.0 as usize + 4);
        let used = self.bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        self.bytes.truncate(used.max(kept));
        Data {
            bytes: self.bytes.into(),
            size: self.size,
            align: self.align.max(1),
            writable,
            fixups: self.fixups.into(),
        }
    }
}

/// A byte string as an item's own data.
fn layout_bytes(bytes: &[u8], writable: bool) -> Data {
    let mut layout = Layout::default();
    layout.add(DataValue { bytes: bytes.to_vec(), align: 1, fixup: None }, 1);
    layout.finish(writable)
}
