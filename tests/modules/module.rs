//! A seed ⇒ the bytes of a module whose functions run: declarations, bodies, sections, all through wasm-encoder.

use std::borrow::Cow;

use wasm_encoder::{
    CodeSection, CompositeInnerType, ConstExpr, CustomSection, DataCountSection, DataSection,
    ElementSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, IndirectNameMap, Instruction, MemorySection, Module,
    NameMap, NameSection, RefType, StartSection, StorageType, TableSection, TagKind, TagSection,
    TagType, TypeSection, ValType,
};

use crate::body::{Body, DIGEST_DEPTH};
use crate::declare::declare;
use crate::dice::Dice;
use crate::operators::{Operator, operators};
use crate::world::{Items, Mode, World, concrete};

/// Instructions of a body, about.
const BUDGETS: [usize; 4] = [60, 150, 300, 500];

/// Operators that each function has in any case.
const WANTED: usize = 3;

/// The module of a seed.
pub(crate) fn live(seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut world = declare(&mut dice);
    let mut code = CodeSection::new();
    let mut turn = (seed as usize).wrapping_mul(WANTED * 5);
    for function in world.random_functions.clone() {
        let ty = world.functions[function];
        let budget = dice.pick(&BUDGETS);
        // All that the module allows take turns, so that a few hundred modules have every operator.
        let shared = world.memories.iter().any(|memory| memory.ty.shared);
        let allowed: Vec<&'static Operator> = operators()
            .iter()
            .filter(|operator| world.profile.allows(operator.proposal))
            .filter(|operator| shared || !operator.name.contains("Wait"))
            .collect();
        let wanted: Vec<&'static Operator> =
            (0..WANTED).map(|number| allowed[(turn + number) % allowed.len()]).collect();
        turn = turn.wrapping_add(WANTED);
        code.function(&Body::new(&mut world, &mut dice, ty, budget).random(&wanted));
    }
    if let Some(digest) = world.digest {
        let ty = world.functions[digest as usize];
        code.function(&digest_body(Body::new(&mut world, &mut dice, ty, 0), digest));
    }
    encode(&world, &code, &mut dice)
}

/// `(anyref, i32) -> i64`: what a reference refers to, its fields and elements, so deep.
fn digest_body(mut body: Body<'_>, digest: u32) -> Function {
    use wasm_encoder::BlockType::{Empty, Result};
    let any = RefType::ANYREF;
    let i31 = crate::world::reference(wasm_encoder::AbstractHeapType::I31, false);
    let sum = body.new_local(ValType::I64);
    let answer = |body: &mut Body<'_>, test: Instruction<'static>, number: i64| {
        body.emit(test);
        body.emit(Instruction::If(Empty));
        body.mark();
        body.emit(Instruction::I64Const(number));
        body.emit(Instruction::Return);
        body.emit(Instruction::End);
        body.mark();
    };
    body.mark();
    body.emit(Instruction::LocalGet(0));
    answer(&mut body, Instruction::RefIsNull, 11);
    // Random code may call this too, and ask for any depth.
    body.emit(Instruction::LocalGet(1));
    body.emit(Instruction::I32Const(1));
    body.emit(Instruction::I32Sub);
    body.emit(Instruction::I32Const(DIGEST_DEPTH));
    answer(&mut body, Instruction::I32GeU, 13);
    body.emit(Instruction::Block(Result(ValType::Ref(any))));
    body.emit(Instruction::LocalGet(0));
    body.emit(Instruction::BrOnCastFail {
        relative_depth: 0,
        from_ref_type: any,
        to_ref_type: i31,
    });
    body.emit(Instruction::I31GetS);
    body.emit(Instruction::I64ExtendI32S);
    body.emit(Instruction::Return);
    body.emit(Instruction::End);
    body.emit(Instruction::Drop);
    // Subtypes are declared later: they are asked for first.
    for index in (0..body.world.types.len() as u32).rev() {
        let inner = body.world.types[index as usize].composite_type.inner.clone();
        if matches!(inner, CompositeInnerType::Func(_) | CompositeInnerType::Cont(_)) {
            continue;
        }
        let ty = concrete(index, false);
        let object = body.new_local(ValType::Ref(ty.nullable(true)));
        body.emit(Instruction::Block(Result(ValType::Ref(any))));
        body.emit(Instruction::LocalGet(0));
        body.emit(Instruction::BrOnCastFail {
            relative_depth: 0,
            from_ref_type: any,
            to_ref_type: ty,
        });
        body.emit(Instruction::LocalSet(object));
        body.mark();
        body.emit(Instruction::I64Const(i64::from(index) + 100));
        body.emit(Instruction::LocalSet(sum));
        match inner {
            CompositeInnerType::Struct(fields) => {
                for (number, field) in fields.fields.iter().enumerate() {
                    body.emit(Instruction::LocalGet(object));
                    let (struct_type_index, field_index) = (index, number as u32);
                    body.emit(match field.element_type {
                        StorageType::Val(_) => {
                            Instruction::StructGet { struct_type_index, field_index }
                        }
                        _ => Instruction::StructGetU { struct_type_index, field_index },
                    });
                    add_to_digest(&mut body, field.element_type.unpack(), digest, sum);
                }
            }
            CompositeInnerType::Array(array) => {
                body.emit(Instruction::LocalGet(object));
                body.emit(Instruction::ArrayLen);
                add_to_digest(&mut body, ValType::I32, digest, sum);
                for element in 0..3 {
                    body.emit(Instruction::LocalGet(object));
                    body.emit(Instruction::ArrayLen);
                    body.emit(Instruction::I32Const(element));
                    body.emit(Instruction::I32GtU);
                    body.emit(Instruction::If(Empty));
                    body.mark();
                    body.emit(Instruction::LocalGet(object));
                    body.emit(Instruction::I32Const(element));
                    body.emit(match array.0.element_type {
                        StorageType::Val(_) => Instruction::ArrayGet(index),
                        _ => Instruction::ArrayGetU(index),
                    });
                    add_to_digest(&mut body, array.0.element_type.unpack(), digest, sum);
                    body.emit(Instruction::End);
                    body.mark();
                }
            }
            CompositeInnerType::Func(_) | CompositeInnerType::Cont(_) => (),
        }
        body.emit(Instruction::LocalGet(sum));
        body.emit(Instruction::Return);
        body.emit(Instruction::End);
        body.emit(Instruction::Drop);
    }
    body.mark();
    body.emit(Instruction::I64Const(17));
    body.finish()
}

/// Folds the value of type `ty` on the stack into the local `sum`. References are followed one step less deep.
fn add_to_digest(body: &mut Body<'_>, ty: ValType, digest: u32, sum: u32) {
    use wasm_encoder::AbstractHeapType as H;
    match ty {
        ValType::Ref(ty) if matches!(body.world.top(ty.heap_type), H::Any | H::Extern) => {
            if body.world.top(ty.heap_type) == H::Extern {
                body.emit(Instruction::AnyConvertExtern);
            }
            body.emit(Instruction::LocalGet(1));
            body.emit(Instruction::I32Const(1));
            body.emit(Instruction::I32Sub);
            body.emit(Instruction::Call(digest));
        }
        _ => body.number_of(ty),
    }
    body.emit(Instruction::LocalGet(sum));
    body.emit(Instruction::I64Const(5));
    body.emit(Instruction::I64Rotl);
    body.emit(Instruction::I64Xor);
    body.emit(Instruction::LocalSet(sum));
}

/// The sections, in their order.
fn encode(world: &World, code: &CodeSection, dice: &mut Dice) -> Vec<u8> {
    let mut module = Module::new();
    let custom = CustomSection { name: "origin".into(), data: Cow::Borrowed(b"random") };
    if dice.percent(10) {
        module.section(&custom);
    }
    module.section(&types(world));
    module.section(&imports(world));
    let mut functions = FunctionSection::new();
    for &ty in &world.functions[world.imported_functions..] {
        functions.function(ty);
    }
    module.section(&functions);
    let mut tables = TableSection::new();
    for table in world.tables.iter().filter(|table| !table.imported) {
        match &table.init {
            Some(init) => tables.table_with_init(table.ty, init),
            None => tables.table(table.ty),
        };
    }
    module.section(&tables);
    let mut memories = MemorySection::new();
    for memory in world.memories.iter().filter(|memory| !memory.imported) {
        memories.memory(memory.ty);
    }
    module.section(&memories);
    if !world.tags.is_empty() {
        let mut tags = TagSection::new();
        for &func_type_idx in &world.tags {
            tags.tag(TagType { kind: TagKind::Exception, func_type_idx });
        }
        module.section(&tags);
    }
    let mut globals = GlobalSection::new();
    for global in &world.globals {
        if let Some(init) = &global.init {
            globals.global(global_type(global.ty, global.mutable), init);
        }
    }
    module.section(&globals);
    module.section(&exports(world));
    let start = world.random_functions.clone().find(|&function| {
        let signature = world.signature(world.functions[function]);
        signature.params().is_empty() && signature.results().is_empty()
    });
    if let Some(function) = start
        && dice.percent(40)
    {
        module.section(&StartSection { function_index: function as u32 });
    }
    module.section(&elements(world));
    if !world.datas.is_empty() {
        module.section(&DataCountSection { count: world.datas.len() as u32 });
    }
    module.section(code);
    if !world.datas.is_empty() {
        let mut datas = DataSection::new();
        for data in &world.datas {
            match &data.active {
                Some((memory, offset)) => datas.active(*memory, offset, data.bytes.iter().copied()),
                None => datas.passive(data.bytes.iter().copied()),
            };
        }
        module.section(&datas);
    }
    if dice.percent(30) {
        module.section(&names(world));
    }
    if dice.percent(10) {
        module.section(&custom);
    }
    module.finish()
}

fn types(world: &World) -> TypeSection {
    let mut types = TypeSection::new();
    for group in &world.groups {
        match &world.types[group.clone()] {
            [single] => types.ty().subtype(single),
            several => types.ty().rec(several.to_vec()),
        }
    }
    types
}

fn global_type(val_type: ValType, mutable: bool) -> GlobalType {
    GlobalType { val_type, mutable, shared: false }
}

fn imports(world: &World) -> ImportSection {
    let mut imports = ImportSection::new();
    let mut number = 0;
    let mut import = |entity: EntityType| {
        imports.import("host", &format!("import {number}"), entity);
        number += 1;
    };
    for &ty in &world.functions[..world.imported_functions] {
        import(EntityType::Function(ty));
    }
    for table in world.tables.iter().filter(|table| table.imported) {
        import(table.ty.into());
    }
    for memory in world.memories.iter().filter(|memory| memory.imported) {
        import(memory.ty.into());
    }
    for global in world.globals.iter().filter(|global| global.init.is_none()) {
        import(global_type(global.ty, global.mutable).into());
    }
    imports
}

fn exports(world: &World) -> ExportSection {
    let mut exports = ExportSection::new();
    for function in world.random_functions.clone() {
        exports.export(&format!("function {function}"), ExportKind::Func, function as u32);
    }
    let mut all = |kind, what: &str, count: usize| {
        for index in 0..count {
            exports.export(&format!("{what} {index}"), kind, index as u32);
        }
    };
    all(ExportKind::Table, "table", world.tables.len());
    all(ExportKind::Memory, "memory", world.memories.len());
    all(ExportKind::Tag, "tag", world.tags.len());
    all(ExportKind::Global, "global", world.globals.len());
    exports.export("fuel", ExportKind::Global, world.fuel);
    exports
}

fn elements(world: &World) -> ElementSection {
    use wasm_encoder::{ElementMode, ElementSegment, Elements};
    let mut section = ElementSection::new();
    for segment in &world.elements {
        let elements = match &segment.items {
            Items::Functions(list) => Elements::Functions(list.into()),
            Items::Expressions(list) => Elements::Expressions(segment.ty, list.into()),
        };
        let mode = match &segment.mode {
            Mode::Passive => ElementMode::Passive,
            Mode::Declared => ElementMode::Declared,
            Mode::Active(table, offset) => active(*table, offset),
        };
        section.segment(ElementSegment { mode, elements });
    }
    section
}

fn active(table: u32, offset: &ConstExpr) -> wasm_encoder::ElementMode<'_> {
    wasm_encoder::ElementMode::Active { table: (table > 0).then_some(table), offset }
}

fn names(world: &World) -> NameSection {
    let mut names = NameSection::new();
    names.module("random");
    let (mut functions, mut locals) = (NameMap::new(), IndirectNameMap::new());
    for function in 0..world.functions.len() as u32 {
        functions.append(function, &format!("function {function}"));
        let params = world.signature(world.functions[function as usize]).params().len();
        let mut map = NameMap::new();
        for param in 0..params as u32 {
            map.append(param, &format!("p{param}"));
        }
        locals.append(function, &map);
    }
    names.functions(&functions);
    names.locals(&locals);
    names
}
