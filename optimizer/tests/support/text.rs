//! Functions as folded text: `(func (param i32) (result i32) (local i64) …)`, and back.
//!
//! Locals, functions, globals and types are numbers; labels are names; `(seq …)`, `(set_many 1 2 …)` and `(data 0 4)`, the
//! address of a data segment plus a number, are the tree's own; the types of references to a [`BOX`](super::BOX) are
//! `reference` and `nullable`.

use swasm_tree::{
    AbstractHeapType, BlockType, Body, Catch, DataId, FuncId, GlobalId, HeapType, LocalId, MemArg,
    MemoryId, NodeId, Op, Shape, Symbol, TagId, TypeId, ValType, View,
};

enum Item {
    Word(String),
    List(Vec<Item>),
}

fn read(text: &str) -> Item {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut open: Vec<Vec<Item>> = vec![Vec::new()];
    for word in spaced.split_whitespace() {
        match word {
            "(" => open.push(Vec::new()),
            ")" => {
                let list = open.pop().expect("an open parenthesis");
                open.last_mut().expect("an open parenthesis").push(Item::List(list));
            }
            _ => open.last_mut().expect("a list").push(Item::Word(word.to_owned())),
        }
    }
    assert_eq!(open.len(), 1, "parentheses in {text}");
    open.remove(0).remove(0)
}

impl Item {
    fn list(&self) -> &[Item] {
        match self {
            Item::List(list) => list,
            Item::Word(word) => panic!("a list, not {word}"),
        }
    }

    fn word(&self) -> &str {
        match self {
            Item::Word(word) => word,
            Item::List(_) => panic!("a word, not a list"),
        }
    }

    fn head(&self) -> &str {
        match self {
            Item::List(list) => list[0].word(),
            Item::Word(_) => "",
        }
    }
}

fn types(item: &Item) -> Vec<ValType> {
    let ty = |item: &Item| match item.word() {
        "i32" => ValType::I32,
        "i64" => ValType::I64,
        "f32" => ValType::F32,
        "f64" => ValType::F64,
        "nullable" => super::NULLABLE,
        "reference" => super::REFERENCE,
        other => panic!("a type, not {other}"),
    };
    item.list()[1..].iter().map(ty).collect()
}

/// Reads a function.
pub(crate) fn parse(text: &str) -> Body {
    let item = read(text);
    let (mut params, mut results, mut locals) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = Vec::new();
    for part in &item.list()[1..] {
        match part.head() {
            "param" => params.extend(types(part)),
            "result" => results.extend(types(part)),
            "local" => locals.extend(types(part)),
            _ => rest.push(part),
        }
    }
    let mut body = Body::new(&params, &results);
    for ty in locals {
        body.add_local(ty);
    }
    let mut labels = Vec::new();
    let nodes: Vec<NodeId> =
        rest.into_iter().map(|item| node(&mut body, &mut labels, item)).collect();
    let root = seq(&mut body, &nodes);
    body.set_root(root);
    body
}

fn seq(body: &mut Body, nodes: &[NodeId]) -> NodeId {
    match nodes {
        &[only] => only,
        _ => body.seq(nodes),
    }
}

fn node(body: &mut Body, labels: &mut Vec<(String, NodeId)>, item: &Item) -> NodeId {
    let list = item.list();
    let head = item.head();
    let mut at = 1;
    let mut words = Vec::new();
    while let Some(Item::Word(word)) = list.get(at) {
        words.push(word.as_str());
        at += 1;
    }
    if matches!(head, "block" | "loop" | "if" | "try_table") {
        let mut results = Vec::new();
        while let Some(part) = list.get(at).filter(|part| part.head() == "result") {
            results.extend(types(part));
            at += 1;
        }
        let ty = BlockType::of(&results);
        let name = words.first().copied().unwrap_or("").to_owned();
        let all = |body: &mut Body, labels: &mut Vec<(String, NodeId)>, items: &[Item]| {
            let nodes: Vec<NodeId> = items.iter().map(|item| node(body, labels, item)).collect();
            seq(body, &nodes)
        };
        if head == "if" {
            let condition = node(body, labels, &list[at]);
            let if_ = body.if_open(ty, condition);
            labels.push((name, if_));
            let then = all(body, labels, &list[at + 1].list()[1..]);
            body.set_then(if_, then);
            if let Some(else_) = list.get(at + 2) {
                let else_ = all(body, labels, &else_.list()[1..]);
                body.set_else(if_, else_);
            }
            labels.pop();
            return if_;
        }
        let mut catches = Vec::new();
        while let Some(part) = list.get(at).filter(|part| part.head().starts_with("catch")) {
            let mut words = part.list()[1..].iter().map(Item::word);
            let tag = (!part.head().starts_with("catch_all"))
                .then(|| TagId(words.next().and_then(|word| word.parse().ok()).expect("a tag")));
            let name = words.next().expect("a label");
            let around = labels.iter().rev().find(|(known, _)| known == name);
            let label = around.expect("a label around").1;
            catches.push(Catch { tag, with_ref: part.head().ends_with("_ref"), label });
            at += 1;
        }
        let block = match head {
            "block" => body.block(ty),
            "loop" => body.loop_(ty),
            _ => body.try_table(ty, &catches, &[]),
        };
        labels.push((name, block));
        let inner = all(body, labels, &list[at..]);
        body.set_body(block, inner);
        labels.pop();
        return block;
    }
    let kids: Vec<NodeId> = list[at..].iter().map(|item| node(body, labels, item)).collect();
    let label = |name: &str| {
        labels.iter().rev().find(|(known, _)| known == name).expect("a label around").1
    };
    let number = |index: usize| words[index].parse::<u32>().expect("a number");
    match head {
        "seq" => return body.seq(&kids),
        "set_many" => {
            let locals: Vec<LocalId> =
                (0..words.len()).map(|index| LocalId(number(index))).collect();
            return body.set_many(&locals, kids[0]);
        }
        "data" => {
            let addend = i64::from(number(1));
            return body.symbol(Symbol::Data { data: DataId(number(0)), addend });
        }
        _ => (),
    }
    let op = Op::from_mnemonic(head).unwrap_or_else(|| panic!("an operator, not {head}"));
    match op.shape() {
        Shape::I32 => body.i32_const(words[0].parse().expect("an i32")),
        Shape::I64 => body.i64_const(words[0].parse().expect("an i64")),
        Shape::F32 => body.f32_const(words[0].parse::<f32>().expect("an f32").to_bits()),
        Shape::F64 => body.f64_const(words[0].parse::<f64>().expect("an f64").to_bits()),
        Shape::Local => match op {
            Op::LOCAL_GET => body.local_get(LocalId(number(0))),
            Op::LOCAL_SET => body.local_set(LocalId(number(0)), kids[0]),
            _ => body.local_tee(LocalId(number(0)), kids[0]),
        },
        Shape::Global => match op {
            Op::GLOBAL_GET => body.global_get(GlobalId(number(0))),
            _ => body.global_set(GlobalId(number(0)), kids[0]),
        },
        Shape::Mem(width) => {
            let offset = words.first().map_or(0, |word| {
                word.strip_prefix("offset=").and_then(|word| word.parse().ok()).expect("offset=")
            });
            let memarg = MemArg { align_log2: width, offset, memory: MemoryId(0) };
            match kids[..] {
                [address] => body.load(op, memarg, address),
                _ => body.store(op, memarg, kids[0], kids[1]),
            }
        }
        Shape::Call => match op {
            Op::CALL => body.call(FuncId(number(0)), &kids),
            _ => body.return_call(FuncId(number(0)), &kids),
        },
        Shape::Br => match op {
            Op::BR => body.br(label(words[0]), &kids),
            _ => {
                let (&condition, values) = kids.split_last().expect("a condition");
                body.br_if(label(words[0]), values, condition)
            }
        },
        Shape::BrTable => {
            let targets: Vec<NodeId> = words.iter().map(|name| label(name)).collect();
            let (&default, targets) = targets.split_last().expect("a default");
            let (&index, values) = kids.split_last().expect("an index");
            body.br_table(targets, default, values, index)
        }
        Shape::Memory => match op {
            Op::MEMORY_SIZE => body.memory_size(MemoryId(0)),
            _ => body.memory_grow(MemoryId(0), kids[0]),
        },
        Shape::BrOn => body.br_on(op, label(words[0]), &kids),
        Shape::Throw => body.throw(TagId(number(0)), &kids),
        Shape::RefNull => body.ref_null(match words[0] {
            "box" => HeapType::Concrete(super::BOX),
            word => HeapType::Abstract(AbstractHeapType::from_word(word).expect("a heap type")),
        }),
        Shape::RefFunc => body.ref_func(FuncId(number(0))),
        Shape::Type => body.typed(op, TypeId(number(0)), &kids),
        Shape::Field => body.field(op, TypeId(number(0)), 0, &kids),
        _ => body.plain(op, &kids),
    }
}

/// Writes a function, with labels named by the order in which blocks open.
pub(crate) fn print(body: &Body) -> String {
    let mut out = String::from("(func");
    let list = |out: &mut String, name: &str, types: &[ValType]| {
        if !types.is_empty() {
            let types: Vec<String> = types.iter().map(ToString::to_string).collect();
            *out += &format!(" ({name} {})", types.join(" "));
        }
    };
    list(&mut out, "param", body.params());
    list(&mut out, "result", body.results());
    list(&mut out, "local", &body.locals()[body.param_count()..]);
    let mut labels = Vec::new();
    print_children(body, body.root(), &mut labels, &mut out, 1);
    out + ")\n"
}

/// A `Seq` as its children.
fn print_children(
    body: &Body,
    id: NodeId,
    labels: &mut Vec<NodeId>,
    out: &mut String,
    depth: usize,
) {
    if body.op(id) == Op::SEQ {
        for &child in body.children(id) {
            print_node(body, child, labels, out, depth);
        }
    } else {
        print_node(body, id, labels, out, depth);
    }
}

fn print_node(body: &Body, id: NodeId, labels: &mut Vec<NodeId>, out: &mut String, depth: usize) {
    *out += &format!("\n{}(", "  ".repeat(depth));
    let mnemonic = body.op(id).mnemonic();
    let label = |labels: &[NodeId], target: NodeId| {
        let at = labels.iter().position(|&known| known == target);
        at.map_or("$?".to_owned(), |at| format!("$l{at}"))
    };
    let head = match body.view(id) {
        View::I32(value) => format!("{mnemonic} {value}"),
        View::I64(value) => format!("{mnemonic} {value}"),
        View::F32(bits) => format!("{mnemonic} {:?}", f32::from_bits(bits)),
        View::F64(bits) => format!("{mnemonic} {:?}", f64::from_bits(bits)),
        View::Symbol(symbol) => format!("{symbol:?}"),
        View::Local(local) => format!("{mnemonic} {}", local.0),
        View::Global(global) => format!("{mnemonic} {}", global.0),
        View::Mem(memarg) if memarg.offset > 0 => format!("{mnemonic} offset={}", memarg.offset),
        View::Call(func) => format!("{mnemonic} {}", func.0),
        View::Br(target) => format!("{mnemonic} {}", label(labels, target)),
        View::BrTable { targets, default } => {
            let names: Vec<String> =
                targets.iter().chain([&default]).map(|&target| label(labels, target)).collect();
            format!("{mnemonic} {}", names.join(" "))
        }
        View::SetMany(locals) => format!("set_many {locals:?}"),
        View::Label(target) | View::BrOnCast { label: target, .. } => {
            format!("{mnemonic} {}", label(labels, target))
        }
        View::Tag(tag) => format!("{mnemonic} {}", tag.0),
        View::RefNull(heap) => format!("{mnemonic} {heap}"),
        View::Type(ty) | View::Field { ty, .. } => format!("{mnemonic} {}", ty.0),
        View::RefCast(ty) => format!("{mnemonic} {ty}"),
        View::Block(ty) | View::Loop(ty) | View::If(ty) | View::TryTable(ty, _) => {
            let catches = match body.view(id) {
                View::TryTable(_, catches) => catches,
                _ => &[],
            };
            let catches = catches.iter().map(|catch| {
                let tag = catch.tag.map_or(String::new(), |tag| format!(" {}", tag.0));
                format!(" ({}{tag} {})", catch.mnemonic(), label(labels, catch.label))
            });
            let catches: String = catches.collect();
            labels.push(id);
            let name = label(labels, id);
            let results: Vec<String> = ty.results.iter().map(ToString::to_string).collect();
            let results = if results.is_empty() {
                String::new()
            } else {
                format!(" (result {})", results.join(" "))
            };
            format!("{mnemonic} {name}{results}{catches}")
        }
        _ => mnemonic.to_owned(),
    };
    *out += &head;
    match body.view(id) {
        View::If(_) => {
            let children = body.children(id).to_vec();
            print_node(body, children[0], labels, out, depth + 1);
            for (arm, name) in children[1..].iter().zip(["then", "else"]) {
                let empty = body.op(*arm) == Op::SEQ && body.children(*arm).is_empty();
                if name == "then" || !empty {
                    *out += &format!("\n{}({name}", "  ".repeat(depth + 1));
                    print_children(body, *arm, labels, out, depth + 2);
                    *out += ")";
                }
            }
        }
        View::Block(_) | View::Loop(_) | View::TryTable(..) => {
            print_children(body, body.children(id)[0], labels, out, depth + 1);
        }
        _ => {
            for &child in body.children(id) {
                print_node(body, child, labels, out, depth + 1);
            }
        }
    }
    *out += ")";
}
