//! The bytes of a module ⇒ what a way through the tree without passes keeps: every declaration, in order, and the live code.
//!
//! Code is live if the validator takes it for reachable. Locals count by their types; `nop` does not count.

use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, FunctionBody, Operator, Parser, Payload,
    TableInit,
};

/// A module without its dead code.
#[derive(Debug, PartialEq)]
pub(crate) struct Skeleton {
    /// One line a declaration.
    pub(crate) declarations: Vec<String>,
    pub(crate) bodies: Vec<Code>,
    /// Custom sections but names, which are written anew.
    pub(crate) custom: Vec<(String, Vec<u8>)>,
}

/// A function's code.
#[derive(Debug, PartialEq)]
pub(crate) struct Code {
    /// The body as it stands in the module.
    pub(crate) bytes: Vec<u8>,
    /// The types of the locals, as runs; neighbours differ.
    pub(crate) locals: Vec<(u32, String)>,
    /// The live operators with their immediates.
    pub(crate) operators: Vec<String>,
}

fn constant(expression: &ConstExpr<'_>) -> String {
    let operators: Result<Vec<Operator<'_>>, _> =
        expression.get_operators_reader().into_iter().collect();
    format!("{:?}", operators.expect("the module is valid"))
}

fn code(body: &FunctionBody<'_>) -> Code {
    let mut locals: Vec<(u32, String)> = Vec::new();
    for run in body.get_locals_reader().expect("the module is valid") {
        let (count, ty) = run.expect("the module is valid");
        let ty = format!("{ty:?}");
        match locals.last_mut() {
            Some((before, same)) if *same == ty => *before += count,
            _ if count > 0 => locals.push((count, ty)),
            _ => (),
        }
    }
    let mut operators = Vec::new();
    // How many blocks are open.
    let mut depth = 0_u32;
    // How many blocks are open in dead code: 0 outside of it.
    let mut dead = 0_u32;
    for operator in body.get_operators_reader().expect("the module is valid") {
        let operator = operator.expect("the module is valid");
        let opens = matches!(
            operator,
            Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. }
                | Operator::Try { .. }
        );
        let divides =
            matches!(operator, Operator::Else | Operator::Catch { .. } | Operator::CatchAll);
        let ends = matches!(operator, Operator::End | Operator::Delegate { .. });
        match dead {
            0 => (),
            1 if divides || ends => dead = 0,
            _ if opens => dead += 1,
            _ if ends => dead -= 1,
            _ => (),
        }
        if opens {
            depth += 1;
        } else if ends {
            depth = depth.saturating_sub(1);
        }
        if dead > 0 || matches!(operator, Operator::Nop) {
            continue;
        }
        // An arm that does nothing may be left out.
        if matches!(operator, Operator::End) && operators.last().is_some_and(|last| last == "Else")
        {
            operators.pop();
        }
        operators.push(match &operator {
            // A branch out of the function is a return, which is shorter.
            Operator::Br { relative_depth } if *relative_depth == depth => "Return".to_owned(),
            // A block's type has several spellings, and the validator sees that it is right.
            Operator::Block { .. } => "Block".to_owned(),
            Operator::Loop { .. } => "Loop".to_owned(),
            Operator::If { .. } => "If".to_owned(),
            Operator::TryTable { try_table } => format!("TryTable {:?}", try_table.catches),
            _ => format!("{operator:?}"),
        });
        let diverges = matches!(
            operator,
            Operator::Unreachable
                | Operator::Br { .. }
                | Operator::BrTable { .. }
                | Operator::Return
                | Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. }
                | Operator::Throw { .. }
                | Operator::ThrowRef
                | Operator::Rethrow { .. }
        );
        dead = u32::from(diverges);
    }
    Code { bytes: body.as_bytes().to_vec(), locals, operators }
}

/// What there is in a valid module.
pub(crate) fn skeleton(module: &[u8]) -> Skeleton {
    let same = Same::of(module);
    let (mut declarations, mut bodies, mut custom) = (Vec::new(), Vec::new(), Vec::new());
    let valid = "the module is valid";
    for payload in Parser::new(0).parse_all(module) {
        match payload.expect(valid) {
            Payload::TypeSection(section) => {
                for group in section {
                    let group = group.expect(valid);
                    let types: Vec<_> = group.types().collect();
                    // A group of no types is nothing, and one type is a group with or without `rec`.
                    if types.is_empty() {
                        continue;
                    }
                    declarations.push(format!("type group {types:?}"));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    declarations.push(format!("{:?}", import.expect(valid)));
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    declarations.push(format!("function {}", ty.expect(valid)));
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    let table = table.expect(valid);
                    let init = match table.init {
                        TableInit::RefNull => "null".to_owned(),
                        TableInit::Expr(init) => constant(&init),
                    };
                    declarations.push(format!("table {:?} {init}", table.ty));
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    declarations.push(format!("{:?}", memory.expect(valid)));
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    declarations.push(format!("{:?}", tag.expect(valid)));
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global.expect(valid);
                    let init = constant(&global.init_expr);
                    declarations.push(format!("global {:?} {init}", global.ty));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    declarations.push(format!("{:?}", export.expect(valid)));
                }
            }
            Payload::StartSection { func, .. } => declarations.push(format!("start {func}")),
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element.expect(valid);
                    let kind = match &element.kind {
                        ElementKind::Passive => "passive".to_owned(),
                        ElementKind::Declared => "declared".to_owned(),
                        ElementKind::Active { table_index, offset_expr } => {
                            format!("active {} {}", table_index.unwrap_or(0), constant(offset_expr))
                        }
                    };
                    declarations.push(format!("elements {kind} {}", items(element.items)));
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data.expect(valid);
                    let kind = match &data.kind {
                        DataKind::Passive => "passive".to_owned(),
                        DataKind::Active { memory_index, offset_expr } => {
                            format!("active {memory_index} {}", constant(offset_expr))
                        }
                    };
                    declarations.push(format!("data {kind} {:?}", data.data));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(code(&body)),
            Payload::CustomSection(section) if section.name() != "name" => {
                custom.push((section.name().to_owned(), section.data().to_vec()));
            }
            _ => (),
        }
    }
    for text in &mut declarations {
        // Types are written as they were, but for what they name of earlier groups.
        *text = same.named(text);
    }
    for body in &mut bodies {
        body.operators.iter_mut().for_each(|text| *text = same.named(text));
        body.locals.iter_mut().for_each(|(_, text)| *text = same.named(text));
        body.locals.dedup_by(|next, run| {
            let same = next.1 == run.1;
            run.0 += if same { next.0 } else { 0 };
            same
        });
    }
    Skeleton { declarations, bodies, custom }
}

/// By type: the first that is the same. Whoever names one may name the other.
struct Same(Vec<u32>);

impl Same {
    fn of(module: &[u8]) -> Same {
        let mut validator = wasmparser::Validator::new_with_features(crate::operators::features());
        let types = validator.validate_all(module).expect("the module is valid");
        let types = types.as_ref();
        let ids: Vec<_> = (0..types.core_type_count_in_module())
            .map(|at| types.core_type_at_in_module(at))
            .collect();
        let first = |id| ids.iter().position(|other| other == id).unwrap_or(0) as u32;
        Same(ids.iter().map(first).collect())
    }

    /// A text in which types go by the first index they have.
    fn named(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        let before = [
            "(module ",
            "Module(",
            "kind: \"module\", index: ",
            "type_index: ",
            "type_index_dst: ",
            "type_index_src: ",
        ];
        while let Some(at) =
            before.iter().filter_map(|word| rest.find(word).map(|at| at + word.len())).min()
        {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            match rest[..digits].parse::<usize>().ok().and_then(|index| self.0.get(index)) {
                Some(first) => out.push_str(&first.to_string()),
                None => out.push_str(&rest[..digits]),
            }
            rest = &rest[digits..];
        }
        out + rest
    }
}

/// What a constant expression names that is a `ref.func` and nothing else.
fn function(expression: &ConstExpr<'_>) -> Option<u32> {
    let mut operators = expression.get_operators_reader().into_iter();
    match (operators.next()?.ok()?, operators.next()?.ok()?) {
        (Operator::RefFunc { function_index }, Operator::End) => Some(function_index),
        _ => None,
    }
}

fn items(items: ElementItems<'_>) -> String {
    match items {
        ElementItems::Functions(functions) => {
            let list: Result<Vec<u32>, _> = functions.into_iter().collect();
            format!("functions {:?}", list.expect("the module is valid"))
        }
        ElementItems::Expressions(ty, expressions) => {
            let valid = "the module is valid";
            let list: Vec<ConstExpr<'_>> =
                expressions.into_iter().map(|expression| expression.expect(valid)).collect();
            // What could be a list of functions may become one, which is shorter.
            let functions: Option<Vec<u32>> = list.iter().map(function).collect();
            match functions {
                Some(functions) if ty.heap_type() == wasmparser::HeapType::FUNC => {
                    format!("functions {functions:?}")
                }
                _ => format!("{ty:?} {:?}", list.iter().map(constant).collect::<Vec<_>>()),
            }
        }
    }
}

/// The first thing that `kept` lacks or changed of `original`, neither of which passes have touched. Bodies that were not opened are the same
/// bytes; others are no longer.
pub(crate) fn difference(original: &[u8], kept: &[u8], opened: bool) -> Option<String> {
    let (before, after) = (skeleton(original), skeleton(kept));
    if let Some(difference) = first(&before.declarations, &after.declarations) {
        return Some(difference);
    }
    if before.custom != after.custom {
        return Some(format!("custom sections: {:?}; {:?}", before.custom, after.custom));
    }
    if before.bodies.len() != after.bodies.len() {
        return Some(format!("{} bodies; {}", before.bodies.len(), after.bodies.len()));
    }
    for (number, (a, b)) in before.bodies.iter().zip(&after.bodies).enumerate() {
        if !opened && a.bytes != b.bytes {
            return Some(format!("body {number}: other bytes, although it was not opened"));
        }
        if a.bytes.len() < b.bytes.len() {
            return Some(format!("body {number}: {} bytes; {}", a.bytes.len(), b.bytes.len()));
        }
        if a.locals != b.locals {
            return Some(format!("body {number}: locals {:?}; {:?}", a.locals, b.locals));
        }
        if let Some(difference) = first(&a.operators, &b.operators) {
            return Some(format!("body {number}: {difference}"));
        }
    }
    None
}

fn first(before: &[String], after: &[String]) -> Option<String> {
    if before == after {
        return None;
    }
    let at = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    Some(format!("number {at}: {:?}; afterwards {:?}", before.get(at), after.get(at)))
}
