//! A body ⇒ folded text: which nodes fit in a line, and what stands on lines of its own.
//!
//! Invariant: read from left to right, operators stand where they are encoded, but for what parentheses say. Legacy `try`s have no
//! folded form: they, and what takes their values, are written one operator after the other.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::names::{Names, identifier, quoted, unique};
use super::values::{list_text, type_text, type_use_text};
use super::{INDENT, WIDTH, line};
use crate::{
    Body, CompositeType, ExportItem, FuncId, LocalId, Module, NodeId, Op, Step, TypeId, View,
};

/// How the text of a body is made.
pub(super) struct Printer<'a> {
    pub(super) module: &'a Module,
    pub(super) names: &'a Names<'a>,
    pub(super) body: &'a Body,
    locals: Vec<String>,
    /// Names of blocks that a branch names.
    labels: HashMap<NodeId, String>,
    /// How many blocks are around what branches to the function.
    depths: HashMap<NodeId, usize>,
    /// Texts of nodes that fit in a line.
    flat: HashMap<NodeId, String>,
    /// Legacy `try`s and what takes their values.
    loose: HashSet<NodeId>,
    /// Which branches are likely taken.
    hints: HashMap<NodeId, bool>,
}

/// What is still to be written, innermost last.
enum Task {
    /// A node on a line of its own, this far to the right.
    Node(NodeId, usize),
    /// A line.
    Line(String, usize),
    Close,
}

/// `$name`s of locals, or `$0`.
pub(super) fn local_identifiers(count: usize, given: &HashMap<LocalId, &str>) -> Vec<String> {
    unique("", count, |at| given.get(&LocalId(at as u32)).copied())
}

/// Named parameters, and results.
pub(super) fn header_text(
    module: &Module,
    names: &Names<'_>,
    ty: TypeId,
    locals: &[String],
    out: &mut String,
) {
    // As the type is written, so that both say the same.
    let CompositeType::Func(ty) = &module.types.as_added(ty).composite else { return };
    for (name, &ty) in locals.iter().zip(&ty.params) {
        let _ = write!(out, " (param {name} {})", type_text(names, ty));
    }
    list_text(names, "result", &ty.results, out);
}

impl<'a> Printer<'a> {
    pub(super) fn new(module: &'a Module, names: &'a Names<'a>, body: &'a Body) -> Printer<'a> {
        // The last name given to a local counts.
        let given: HashMap<LocalId, &str> = body.local_names().collect();
        let mut printer = Printer {
            module,
            names,
            body,
            locals: local_identifiers(body.local_count(), &given),
            labels: HashMap::new(),
            depths: HashMap::new(),
            flat: HashMap::new(),
            loose: HashSet::new(),
            // The last thing said counts.
            hints: body.hints().iter().copied().collect(),
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
        let given: HashMap<NodeId, &str> =
            self.body.label_names().filter(|(_, name)| !name.is_empty()).collect();
        // Names of the labels around, and how many of them wanted to be called the same.
        let mut open: HashSet<String> = HashSet::new();
        let mut same: HashMap<&str, usize> = HashMap::new();
        let mut around: Vec<(String, &str)> = Vec::new();
        // Blocks are around what is in their arms, not around their operands.
        let mut depth = 0;
        let mut path: Vec<(NodeId, bool)> = Vec::new();
        for step in self.body.walk(self.body.root()) {
            let (Step::Enter(node) | Step::Leave(node)) = step;
            match step {
                Step::Enter(_) => {
                    let is_arm = path.last().is_some_and(|&(parent, _)| {
                        let (children, shape) =
                            (self.body.children(parent), self.body.op(parent).shape());
                        shape.is_label()
                            && children[children.len() - shape.arms()..].contains(&node)
                    });
                    depth += usize::from(is_arm);
                    path.push((node, is_arm));
                }
                Step::Leave(_) => depth -= path.pop().map_or(0, |(_, is_arm)| usize::from(is_arm)),
            }
            if self.body.labels(node).any(|label| Some(label) == function) {
                // What a `delegate` names is counted from outside of its `try`.
                let own = self.body.op(node) == Op::DELEGATE;
                self.depths.entry(node).or_insert(depth - usize::from(own));
            }
            if !targets.contains(&node) {
                continue;
            }
            match step {
                Step::Enter(_) => {
                    let wanted = given.get(&node).copied();
                    let wanted = wanted.unwrap_or(self.body.op(node).mnemonic());
                    let count = same.entry(wanted).or_default();
                    let mut number = *count;
                    *count += 1;
                    let mut name =
                        if number == 0 { wanted.to_owned() } else { format!("{wanted}{number}") };
                    while open.contains(&name) {
                        number += 1;
                        name = format!("{wanted}{number}");
                    }
                    self.labels.insert(node, identifier(&name));
                    open.insert(name.clone());
                    around.push((name, wanted));
                }
                Step::Leave(_) => {
                    if let Some((name, wanted)) = around.pop() {
                        open.remove(&name);
                        if let Some(count) = same.get_mut(wanted) {
                            *count -= 1;
                        }
                    }
                }
            }
        }
    }

    /// Finds the nodes that fit in a line, and those that have no folded form.
    fn measure(&mut self) {
        let order: Vec<NodeId> = self.body.post_order(self.body.root()).collect();
        for node in order {
            let arms = self.body.op(node).shape().arms();
            let children = self.body.children(node);
            let mut operands = children[..children.len() - arms].iter();
            if self.body.op(node) == Op::TRY || operands.any(|child| self.loose.contains(child)) {
                self.loose.insert(node);
            } else if let Some(text) = self.one_line(node) {
                self.flat.insert(node, text);
            }
        }
    }

    /// `(@metadata.code.branch_hint "\01")`
    fn hint(&self, node: NodeId) -> Option<&'static str> {
        Some(match self.hints.get(&node)? {
            true => "(@metadata.code.branch_hint \"\\01\")",
            false => "(@metadata.code.branch_hint \"\\00\")",
        })
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
        if let Some(hint) = self.hint(node) {
            add(hint)?;
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

    /// A whole function.
    pub(super) fn function(&self, func: FuncId, indent: usize, exports: bool, out: &mut String) {
        let ty = self.module.func(func).ty;
        let _ = write!(out, "(func {}", self.names.func(func));
        if exports {
            for name in self.names.exports(ExportItem::Func(func)) {
                let _ = write!(out, " (export {})", quoted(name));
            }
        }
        out.push_str(&type_use_text(self.module, self.names, ty));
        header_text(self.module, self.names, ty, &self.locals, out);
        let indent = (indent + 1) * INDENT;
        let mut column = WIDTH;
        for (name, &ty) in self.locals.iter().zip(self.body.locals()).skip(self.body.param_count())
        {
            let text = format!("(local {name} {})", type_text(self.names, ty));
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
        self.write(self.body.root(), indent, out);
        out.push(')');
    }

    fn write(&self, root: NodeId, indent: usize, out: &mut String) {
        let mut tasks = vec![Task::Node(root, indent)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Close => out.push(')'),
                Task::Line(text, indent) => {
                    line(out, indent);
                    out.push_str(&text);
                }
                Task::Node(node, indent) => self.node(node, indent, &mut tasks, out),
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
        let (operands, arm_nodes) = children.split_at(children.len() - arms);
        // What comes first is written last into the list.
        if op == Op::TRY {
            self.legacy_try(node, arm_nodes, indent, tasks);
            tasks.extend(operands.iter().rev().map(|&operand| Task::Node(operand, indent)));
            return;
        }
        if arms == 1 {
            let head = format!("({}", self.head(node));
            tasks.push(Task::Close);
            tasks.extend(arm_nodes.iter().map(|&body| Task::Node(body, inner)));
            tasks.push(Task::Line(head, indent));
            tasks.extend(operands.iter().rev().map(|&operand| Task::Node(operand, indent)));
            return;
        }
        let is_loose = self.loose.contains(&node);
        if is_loose && arms == 0 {
            if let View::SetMany(locals) = self.body.view(node) {
                let set = |&local: &LocalId| format!("local.set {}", self.local(local));
                tasks.extend(locals.iter().map(|local| Task::Line(set(local), indent)));
            } else {
                tasks.push(Task::Line(self.head(node), indent));
            }
            tasks.extend(self.hint(node).map(|hint| Task::Line(hint.to_owned(), indent)));
            tasks.extend(operands.iter().rev().map(|&operand| Task::Node(operand, indent)));
            return;
        }
        let head = format!("({}", self.head(node));
        tasks.extend((0..self.tail(node).len()).map(|_| Task::Close));
        if let &[then, else_] = arm_nodes {
            for (word, arm) in [("(else", else_), ("(then", then)] {
                if word == "(then" || !self.is_nothing(arm) {
                    let text = Task::Line(word.to_owned(), inner);
                    tasks.extend([Task::Close, Task::Node(arm, inner + INDENT), text]);
                }
            }
        }
        let hint = self.hint(node);
        if is_loose {
            // An `if` whose condition has no folded form.
            tasks.push(Task::Line(head, indent));
            tasks.extend(hint.map(|hint| Task::Line(hint.to_owned(), indent)));
            tasks.extend(operands.iter().rev().map(|&operand| Task::Node(operand, indent)));
            return;
        }
        tasks.extend(hint.map(|hint| Task::Line(hint.to_owned(), inner)));
        line(out, indent);
        out.push_str(&head);
        if let &[condition] = operands
            && arms == 2
            && let Some(text) = self.flat.get(&condition)
            && indent + head.len() + 1 + text.len() <= WIDTH
        {
            let _ = write!(out, " {text}");
            return;
        }
        tasks.extend(operands.iter().rev().map(|&operand| Task::Node(operand, inner)));
    }

    /// `try`, its body, `catch` or `catch_all` with theirs, `end`; or `delegate` for the last.
    fn legacy_try(&self, node: NodeId, arms: &[NodeId], indent: usize, tasks: &mut Vec<Task>) {
        let inner = indent + INDENT;
        let &[body, handlers] = arms else { return };
        if self.body.op(handlers) == Op::DELEGATE {
            tasks.push(Task::Line(self.head(handlers), indent));
        } else {
            tasks.push(Task::Line("end".to_owned(), indent));
            for &catch in self.body.children(handlers).iter().rev() {
                tasks.extend(self.body.children(catch).iter().map(|&body| Task::Node(body, inner)));
                tasks.push(Task::Line(self.head(catch), indent));
            }
        }
        tasks.extend([Task::Node(body, inner), Task::Line(self.head(node), indent)]);
    }

    /// What follows a node's operands.
    fn tail(&self, node: NodeId) -> String {
        let sets = if let View::SetMany(locals) = self.body.view(node) { locals.len() } else { 1 };
        ")".repeat(sets)
    }

    pub(super) fn local(&self, local: LocalId) -> &str {
        &self.locals[local.index()]
    }

    /// The name of a block's label, if something branches to it.
    pub(super) fn label_of(&self, node: NodeId) -> Option<&str> {
        self.labels.get(&node).map(String::as_str)
    }

    /// A label, or for the function how many blocks are around a node.
    pub(super) fn label(&self, node: NodeId, target: NodeId) -> String {
        match self.labels.get(&target) {
            Some(name) => name.clone(),
            None => self.depths.get(&node).copied().unwrap_or(0).to_string(),
        }
    }

    /// A node in one line, however long.
    pub(super) fn inline(&self, node: NodeId) -> String {
        let mut out = String::new();
        self.write(node, 0, &mut out);
        out.lines()
            .map(str::trim_start)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}
