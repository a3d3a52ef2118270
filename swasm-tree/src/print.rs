//! A body ⇒ folded WebAssembly text, as an expert would write it by hand: names instead of indices, one line for what
//! fits in it, `offset=` and `align=` only where they say something.
//!
//! Invariant: the text parses (with the `wat` crate) to the code the body is encoded to, except that the values of
//! symbols, which only a written module knows, stand as 0 with the symbol in a comment. A function's text depends on
//! the function, and on names of what it uses, only.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::{
    BlockType, Body, ExportItem, FuncId, GlobalId, LocalId, MemArg, MemoryId, Module, NodeId, Op,
    Step, TableId, View,
};

mod names;
mod values;

use names::{Names, identifier, quoted, unique};
use values::{float32_text, float64_text, list_text, signature_text, symbol_text, vector_text};

/// Lines are at most this long, where that is possible.
const WIDTH: usize = 80;
const INDENT: usize = 2;

/// A function as text.
pub fn print(module: &Module, func: FuncId, body: &Body) -> String {
    let names = Names::of(module);
    let mut out = String::new();
    Printer::new(module, &names, body).function(func, 0, &mut out);
    out.push('\n');
    out
}

/// A module as text, with the bodies that `body_of` has; functions without one are left out. Left out, too, is what
/// has no place before the module is written: segments, and what is in tables.
pub fn print_module<'a>(module: &Module, body_of: impl Fn(FuncId) -> Option<&'a Body>) -> String {
    let names = Names::of(module);
    let mut out = "(module".to_owned();
    let funcs = || (0..module.funcs.len() as u32).map(FuncId);
    for (func, declared) in funcs().zip(&module.funcs) {
        if let crate::FuncKind::Import(from) = &declared.kind {
            let signature = signature_text(module.types.get(declared.ty));
            let name = names.func(func);
            let _ = write!(out, "\n  (import {} (func {name}{signature}))", import_text(from));
        }
    }
    // Imports come before definitions in each kind.
    for imported in [true, false] {
        for (id, table) in
            (0..).zip(&module.tables).filter(|(_, table)| table.import.is_some() == imported)
        {
            let id = TableId(id);
            let header =
                item_header(module, names.table(id), ExportItem::Table(id), table.import.as_ref());
            let max = table.max.map(|max| format!(" {max}")).unwrap_or_default();
            let _ = write!(out, "\n  (table {header} {}{max} {})", table.min, table.ty);
        }
        for (id, memory) in
            (0..).zip(&module.memories).filter(|(_, memory)| memory.import.is_some() == imported)
        {
            let id = MemoryId(id);
            let header = item_header(
                module,
                names.memory(id),
                ExportItem::Memory(id),
                memory.import.as_ref(),
            );
            let index = if memory.memory64 { " i64" } else { "" };
            let max = memory.max_pages.map(|max| format!(" {max}")).unwrap_or_default();
            let shared = if memory.shared { " shared" } else { "" };
            let _ = write!(out, "\n  (memory {header}{index} {}{max}{shared})", memory.min_pages);
        }
        for (id, global) in (0..).zip(&module.globals) {
            let (import, value) = match &global.kind {
                crate::GlobalKind::Import(from) => (Some(from), String::new()),
                crate::GlobalKind::Defined(value) => {
                    (None, format!(" {}", constant_text(module, &names, *value)))
                }
            };
            if import.is_some() != imported {
                continue;
            }
            let id = GlobalId(id);
            let header = item_header(module, names.global(id), ExportItem::Global(id), import);
            let ty =
                if global.mutable { format!("(mut {})", global.ty) } else { global.ty.to_string() };
            let _ = write!(out, "\n  (global {header} {ty}{value})");
        }
    }
    let is_indirect = |body: &Body| {
        body.pre_order(body.root()).any(|node| {
            matches!(body.view(node), View::CallIndirect { table: TableId::FUNCTIONS, .. })
        })
    };
    if funcs().filter_map(&body_of).any(is_indirect) {
        out.push_str("\n  (table $functions 1 funcref)");
    }
    for func in funcs() {
        if let Some(body) = body_of(func) {
            out.push_str("\n  ");
            Printer::new(module, &names, body).function(func, 1, &mut out);
        }
    }
    if let Some(start) = module.start {
        let _ = write!(out, "\n  (start {})", names.func(start));
    }
    out.push_str(")\n");
    out
}

/// `"module" "name"`
fn import_text(from: &crate::Import) -> String {
    format!("{} {}", quoted(&from.module), quoted(&from.name))
}

/// `$name (export "a") (import "b" "c")`
fn item_header(
    module: &Module,
    name: &str,
    item: ExportItem,
    import: Option<&crate::Import>,
) -> String {
    let mut out = name.to_owned();
    for export in module.exports.iter().filter(|export| export.item == item) {
        let _ = write!(out, " (export {})", quoted(&export.name));
    }
    if let Some(from) = import {
        let _ = write!(out, " (import {})", import_text(from));
    }
    out
}

fn constant_text(module: &Module, names: &Names, value: crate::ConstExpr) -> String {
    use crate::ConstExpr;
    match value {
        ConstExpr::I32(value) => format!("(i32.const {value})"),
        ConstExpr::I64(value) => format!("(i64.const {value})"),
        ConstExpr::F32(bits) => format!("(f32.const {})", float32_text(bits)),
        ConstExpr::F64(bits) => format!("(f64.const {})", float64_text(bits)),
        ConstExpr::V128(bytes) => format!("(v128.const {})", vector_text(bytes)),
        ConstExpr::Symbol(symbol) => {
            let ty = crate::signature::symbol_type(module, symbol);
            format!("({ty}.const 0 (;{};))", symbol_text(names, symbol))
        }
        ConstExpr::GlobalGet(global) => format!("(global.get {})", names.global(global)),
        ConstExpr::RefNull(heap) => format!("(ref.null {heap})"),
        ConstExpr::RefFunc(func) => format!("(ref.func {})", names.func(func)),
        ConstExpr::Expr(id) => {
            let body = &module.exprs[id.index()];
            let printer = Printer::new(module, names, body);
            let parts = body.children(body.root()).iter();
            let parts: Vec<String> = parts.map(|&node| printer.inline(node)).collect();
            parts.join(" ")
        }
    }
}

struct Printer<'a> {
    module: &'a Module,
    names: &'a Names,
    body: &'a Body,
    locals: Vec<String>,
    /// Names of blocks that a branch names.
    labels: HashMap<NodeId, String>,
    /// How many blocks are around what branches to the function.
    depths: HashMap<NodeId, usize>,
    /// Texts of nodes that fit in a line.
    flat: HashMap<NodeId, String>,
}

/// What is still to be written, innermost last.
enum Task {
    /// A node on a line of its own, this far to the right.
    Node(NodeId, usize),
    /// `(then` or `(else` on a line of its own.
    Arm(&'static str, usize),
    Close,
    /// The header of a block or loop, after its operands.
    Head(NodeId, usize),
}

impl<'a> Printer<'a> {
    fn new(module: &'a Module, names: &'a Names, body: &'a Body) -> Printer<'a> {
        // The last name given to a local counts.
        let given: HashMap<LocalId, &str> = body.local_names().collect();
        let name = |at: usize| given.get(&LocalId(at as u32)).copied();
        let locals = unique("", body.local_count(), name);
        let mut printer = Printer {
            module,
            names,
            body,
            locals,
            labels: HashMap::new(),
            depths: HashMap::new(),
            flat: HashMap::new(),
        };
        printer.name_labels();
        printer.measure();
        printer
    }

    /// A label without a name is called after its kind; inside another one of the same name, it gets a number.
    fn name_labels(&mut self) {
        let mut targets: HashSet<NodeId> = HashSet::new();
        for node in self.body.pre_order(self.body.root()) {
            targets.extend(self.body.labels(node));
        }
        // A branch to a root that is no block says how many blocks there are around.
        let root = self.body.root();
        let function = (!self.body.op(root).shape().is_label()).then_some(root);
        targets.retain(|&target| Some(target) != function);
        let given: HashMap<NodeId, &str> = self.body.label_names().collect();
        // Names of the labels around.
        let mut open: Vec<String> = Vec::new();
        let mut depth = 0;
        for step in self.body.walk(self.body.root()) {
            let (Step::Enter(node) | Step::Leave(node)) = step;
            if self.body.op(node).shape().is_label() {
                match step {
                    Step::Enter(_) => depth += 1,
                    Step::Leave(_) => depth -= 1,
                }
            }
            if self.body.labels(node).any(|label| Some(label) == function) {
                // What a `try_table` or `delegate` names is counted from outside of its own block.
                let own = matches!(self.body.op(node), Op::TRY_TABLE | Op::DELEGATE);
                self.depths.entry(node).or_insert(depth - usize::from(own));
            }
            if !targets.contains(&node) {
                continue;
            }
            match step {
                Step::Enter(_) => {
                    let wanted = given.get(&node).copied();
                    let wanted = wanted.unwrap_or(self.body.op(node).mnemonic());
                    let mut name = wanted.to_owned();
                    let mut number = 0;
                    while open.contains(&name) {
                        number += 1;
                        name = format!("{wanted}{number}");
                    }
                    self.labels.insert(node, identifier(&name));
                    open.push(name);
                }
                Step::Leave(_) => drop(open.pop()),
            }
        }
    }

    /// Finds the nodes that fit in a line.
    fn measure(&mut self) {
        let order: Vec<NodeId> = self.body.post_order(self.body.root()).collect();
        for node in order {
            if let Some(text) = self.one_line(node) {
                self.flat.insert(node, text);
            }
        }
    }

    fn one_line(&self, node: NodeId) -> Option<String> {
        let children = self.body.children(node);
        let op = self.body.op(node);
        let arms = op.shape().arms();
        // What is jumped to is worth lines of its own.
        if self.labels.contains_key(&node) {
            return None;
        }
        let mut out = String::new();
        let mut add = |text: &str| {
            if !out.is_empty() && !text.is_empty() && !text.starts_with(')') {
                out.push(' ');
            }
            out.push_str(text);
            (out.len() <= WIDTH).then_some(())
        };
        let is_list = self.is_list(node);
        if arms == 1 {
            // In text, what a block or loop takes comes before it.
            let (body, operands) = children.split_last()?;
            for operand in operands {
                add(self.flat.get(operand)?)?;
            }
            add(&format!("({}", self.head(node)))?;
            add(self.flat.get(body)?)?;
            add(")")?;
            return Some(out);
        }
        if !is_list {
            add(&format!("({}", self.head(node)))?;
        }
        for child in &children[..children.len() - arms] {
            add(self.flat.get(child)?)?;
        }
        if let [.., then, else_] = children
            && arms == 2
        {
            add("(then")?;
            add(self.flat.get(then)?)?;
            add(")")?;
            if !self.is_nothing(*else_) {
                add("(else")?;
                add(self.flat.get(else_)?)?;
                add(")")?;
            }
        }
        if !is_list {
            add(&self.tail(node))?;
        }
        Some(out)
    }

    /// Whether a node has no text but its children's.
    fn is_list(&self, node: NodeId) -> bool {
        let op = self.body.op(node);
        op == Op::SEQ || op == Op::STACK || matches!(self.body.view(node), View::SetMany([]))
    }

    fn is_nothing(&self, node: NodeId) -> bool {
        self.body.op(node) == Op::SEQ && self.body.children(node).is_empty()
    }

    fn function(&self, func: FuncId, indent: usize, out: &mut String) {
        let declared = self.module.func(func);
        let ty = self.module.types.get(declared.ty);
        let header = item_header(self.module, self.names.func(func), ExportItem::Func(func), None);
        let _ = write!(out, "(func {header}");
        for (name, ty) in self.locals.iter().zip(&ty.params) {
            let _ = write!(out, " (param {name} {ty})");
        }
        list_text("result", &ty.results, out);
        let indent = (indent + 1) * INDENT;
        let mut column = WIDTH;
        for (name, ty) in self.locals.iter().zip(self.body.locals()).skip(self.body.param_count()) {
            let text = format!("(local {name} {ty})");
            if column + 1 + text.len() > WIDTH {
                line(out, indent);
                column = indent;
            } else {
                out.push(' ');
                column += 1;
            }
            column += text.len();
            out.push_str(&text);
        }
        self.body(self.body.root(), indent, out);
        out.push(')');
    }

    fn body(&self, root: NodeId, indent: usize, out: &mut String) {
        let mut tasks = vec![Task::Node(root, indent)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Close => out.push(')'),
                Task::Arm(word, indent) => {
                    line(out, indent);
                    out.push_str(word);
                }
                Task::Node(node, indent) => self.node(node, indent, &mut tasks, out),
                Task::Head(node, indent) => {
                    line(out, indent);
                    let _ = write!(out, "({}", self.head(node));
                }
            }
        }
    }

    fn node(&self, node: NodeId, indent: usize, tasks: &mut Vec<Task>, out: &mut String) {
        let children = self.body.children(node);
        let op = self.body.op(node);
        if self.is_list(node) {
            // Each on a line of its own, even where all would fit in one.
            tasks.extend(children.iter().rev().map(|&child| Task::Node(child, indent)));
            return;
        }
        let arms = op.shape().arms();
        let inner = indent + INDENT;
        if let Some(text) = self.flat.get(&node)
            && indent + text.len() <= WIDTH
        {
            if !text.is_empty() {
                line(out, indent);
                out.push_str(text);
            }
            return;
        }
        if arms == 1
            && let Some((&body, operands)) = children.split_last()
        {
            tasks.extend([Task::Close, Task::Node(body, inner), Task::Head(node, indent)]);
            tasks.extend(operands.iter().rev().map(|&operand| Task::Node(operand, indent)));
            return;
        }
        line(out, indent);
        let head = self.head(node);
        let _ = write!(out, "({head}");
        // What comes first is written last into the list.
        tasks.extend((0..self.tail(node).len()).map(|_| Task::Close));
        let (operands, arm_nodes) = children.split_at(children.len() - arms);
        if let &[then, else_] = arm_nodes {
            if !self.is_nothing(else_) {
                tasks.extend([
                    Task::Close,
                    Task::Node(else_, inner + INDENT),
                    Task::Arm("(else", inner),
                ]);
            }
            tasks.extend([
                Task::Close,
                Task::Node(then, inner + INDENT),
                Task::Arm("(then", inner),
            ]);
            if let &[condition] = operands
                && let Some(text) = self.flat.get(&condition)
                && indent + head.len() + text.len() + 2 <= WIDTH
            {
                let _ = write!(out, " {text}");
                return;
            }
        }
        tasks.extend(operands.iter().rev().map(|&operand| Task::Node(operand, inner)));
    }

    /// What follows a node's operands.
    fn tail(&self, node: NodeId) -> String {
        let sets = if let View::SetMany(locals) = self.body.view(node) { locals.len() } else { 1 };
        ")".repeat(sets)
    }

    fn local(&self, local: LocalId) -> &str {
        &self.locals[local.index()]
    }

    /// A label, or for the function how many blocks are around a node.
    fn label(&self, node: NodeId, target: NodeId) -> String {
        match self.labels.get(&target) {
            Some(name) => name.clone(),
            None => self.depths.get(&node).copied().unwrap_or(0).to_string(),
        }
    }

    /// A node in one line, however long.
    fn inline(&self, node: NodeId) -> String {
        let mut out = String::new();
        self.body(node, 0, &mut out);
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn block_head(&self, node: NodeId, ty: BlockType<'_>) -> String {
        let mut out = self.body.op(node).mnemonic().to_owned();
        if let Some(label) = self.labels.get(&node) {
            let _ = write!(out, " {label}");
        }
        list_text("param", ty.params, &mut out);
        list_text("result", ty.results, &mut out);
        out
    }

    fn memarg(&self, op: Op, memarg: MemArg) -> String {
        let mut out = op.mnemonic().to_owned();
        if memarg.memory != MemoryId(0) {
            let _ = write!(out, " {}", self.names.memory(memarg.memory));
        }
        if memarg.offset != 0 {
            let _ = write!(out, " offset={}", memarg.offset);
        }
        if Some(memarg.align_log2) != op.width_log2() {
            let _ = write!(out, " align={}", 1u64 << memarg.align_log2);
        }
        out
    }

    /// Mnemonic and immediates.
    fn head(&self, node: NodeId) -> String {
        let op = self.body.op(node);
        let word = op.mnemonic();
        let names = self.names;
        match self.body.view(node) {
            View::Plain | View::Seq | View::Stack => word.to_owned(),
            View::I32(value) => format!("{word} {value}"),
            View::I64(value) => format!("{word} {value}"),
            View::F32(bits) => format!("{word} {}", float32_text(bits)),
            View::F64(bits) => format!("{word} {}", float64_text(bits)),
            View::V128(bytes) => format!("{word} {}", vector_text(bytes)),
            View::Symbol(symbol) => {
                let ty = crate::signature::symbol_type(self.module, symbol);
                format!("{ty}.const 0 (;{};)", symbol_text(names, symbol))
            }
            View::Local(local) => format!("{word} {}", self.local(local)),
            View::Global(global) => format!("{word} {}", names.global(global)),
            View::Mem(memarg) => self.memarg(op, memarg),
            View::MemLane(memarg, lane) => format!("{} {lane}", self.memarg(op, memarg)),
            View::Lane(lane) => format!("{word} {lane}"),
            View::Shuffle(lanes) => {
                let lanes: Vec<String> = lanes.iter().map(ToString::to_string).collect();
                format!("{word} {}", lanes.join(" "))
            }
            View::Memory(MemoryId(0)) => word.to_owned(),
            View::Memory(memory) => format!("{word} {}", names.memory(memory)),
            View::MemoryCopy { to: MemoryId(0), from: MemoryId(0) } => word.to_owned(),
            View::MemoryCopy { to, from } => {
                format!("{word} {} {}", names.memory(to), names.memory(from))
            }
            View::MemoryInit { data, memory: MemoryId(0) } => {
                format!("{word} {}", names.data(data))
            }
            View::MemoryInit { data, memory } => {
                format!("{word} {} {}", names.memory(memory), names.data(data))
            }
            View::Data(data) => format!("{word} {}", names.data(data)),
            View::Call(func) | View::RefFunc(func) => format!("{word} {}", names.func(func)),
            View::CallIndirect { ty, table } => {
                let table = match table {
                    TableId::FUNCTIONS => String::new(),
                    _ => format!(" {}", names.table(table)),
                };
                format!("{word}{table}{}", signature_text(self.module.types.get(ty)))
            }
            View::RefNull(heap) => format!("{word} {heap}"),
            View::RefCast(ty) => {
                let plain = word.trim_start_matches('<').split('_').next().unwrap_or(word);
                format!("{plain} {}", full_reference(ty))
            }
            View::Type(ty) => format!("{word} {}", ty.0),
            View::Field { ty, field } => format!("{word} {} {field}", ty.0),
            View::ArrayFixed { ty, size } => format!("{word} {} {size}", ty.0),
            View::ArrayData { ty, data } => format!("{word} {} {}", ty.0, names.data(data)),
            View::ArrayElem { ty, elem } => format!("{word} {} {}", ty.0, names.elem(elem)),
            View::ArrayCopy { to, from } => format!("{word} {} {}", to.0, from.0),
            View::BrOnCast { label, from, to } => {
                let (from, to) = (full_reference(from), full_reference(to));
                format!("{word} {} {from} {to}", self.label(node, label))
            }
            View::Label(target) => format!("{word} {}", self.label(node, target)),
            View::Tag(tag) => format!("{word} {}", names.tag(tag)),
            View::Table(table) => format!("{word} {}", names.table(table)),
            View::TableCopy { to, from } => {
                format!("{word} {} {}", names.table(to), names.table(from))
            }
            View::TableInit { elem, table } => {
                format!("{word} {} {}", names.table(table), names.elem(elem))
            }
            View::Elem(elem) => format!("{word} {}", names.elem(elem)),
            View::SelectTyped(ty) => format!("select (result {ty})"),
            View::Block(ty) | View::Loop(ty) | View::If(ty) | View::Try(ty) => {
                self.block_head(node, ty)
            }
            View::TryTable(ty, catches) => {
                let mut out = self.block_head(node, ty);
                for catch in catches {
                    let tag = catch.tag.map(|tag| format!(" {}", names.tag(tag)));
                    let label = self.label(node, catch.label);
                    let _ =
                        write!(out, " ({}{} {label})", catch.mnemonic(), tag.unwrap_or_default());
                }
                out
            }
            View::Br(target) => format!("{word} {}", self.label(node, target)),
            View::BrTable { targets, default } => {
                let mut out = word.to_owned();
                for &target in targets.iter().chain([&default]) {
                    let _ = write!(out, " {}", self.label(node, target));
                }
                out
            }
            // `(local.set $a (local.set $b (call $two)))`: the last result is taken first.
            View::SetMany(locals) => {
                let sets: Vec<String> =
                    locals.iter().map(|&l| format!("local.set {}", self.local(l))).collect();
                sets.join(" (")
            }
            View::Hole(number) => format!("hole {number}"),
        }
    }
}

fn line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// `(ref null any)`, never `anyref`: what casts name.
fn full_reference(ty: crate::RefType) -> String {
    format!("(ref {}{})", if ty.is_nullable() { "null " } else { "" }, ty.heap())
}
