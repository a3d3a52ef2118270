//! A seed ⇒ the declarations of a module: what there is for its functions to use.

use wasm_encoder::{
    AbstractHeapType, ConstExpr, HeapType, Ieee32, Ieee64, Instruction, MemoryType, RefType,
    StorageType, TableType, ValType,
};

use crate::dice::Dice;
use crate::world::{
    Data, Elements, Global, Items, Memory, Mode, Profile, Table, World, concrete,
    declare_heap_types,
};

/// Fuel of a module before anyone sets it.
const FUEL: i32 = 100;
/// How many bytes of each memory are random at first.
const FILLED: usize = 0x1100;
/// What the hash begins with.
const HASH: i64 = 0x2545_f491_4f6c_dd1d;

/// The declarations of a module.
pub(crate) fn declare(dice: &mut Dice) -> World {
    let plain = dice.percent(15);
    let profile = Profile {
        vectors: !plain && dice.percent(60),
        gc: !plain && dice.percent(60),
        exceptions: !plain && dice.percent(50),
        threads: !plain && dice.percent(40),
        wide: !plain && dice.percent(40),
        many: !plain && dice.percent(50),
    };
    let mut world = World {
        profile,
        types: Vec::new(),
        groups: Vec::new(),
        functions: Vec::new(),
        imported_functions: 0,
        random_functions: 0..0,
        globals: Vec::new(),
        memories: Vec::new(),
        tables: Vec::new(),
        tags: Vec::new(),
        datas: Vec::new(),
        elements: Vec::new(),
        fuel: 0,
        hash: 0,
        digest: None,
        marks: 0,
    };
    if profile.gc {
        declare_heap_types(&mut world, dice);
    }
    functions(&mut world, dice);
    if profile.exceptions {
        for _ in 0..dice.between(1, 3) {
            let params: Vec<ValType> = (0..dice.below(4)).map(|_| world.value_type(dice)).collect();
            let ty = world.function_type(&params, &[]);
            world.tags.push(ty);
        }
    }
    memories(&mut world, dice);
    globals(&mut world, dice);
    tables(&mut world, dice);
    segments(&mut world, dice);
    world
}

fn functions(world: &mut World, dice: &mut Dice) {
    use ValType::{F32, F64, I32, I64};
    let mut imported = vec![world.function_type(&[I32, I64], &[I64])];
    if dice.percent(60) {
        imported.push(world.function_type(&[F64, F32], &[F32, I32]));
    }
    if dice.percent(40) {
        imported.push(world.function_type(&[ValType::EXTERNREF, ValType::FUNCREF], &[]));
    }
    world.imported_functions = imported.len();
    world.functions = imported;
    let first = world.functions.len();
    // One of each declared function type, so that references to it can be made.
    for ty in 0..world.types.len() as u32 {
        let inner = &world.types[ty as usize].composite_type.inner;
        if world.profile.gc
            && matches!(inner, wasm_encoder::CompositeInnerType::Func(_))
            && !world.functions.contains(&ty)
            && dice.percent(70)
        {
            world.functions.push(ty);
        }
    }
    for number in 0..dice.between(3, 6) {
        if number > 0 && dice.percent(30) {
            let random = first..world.functions.len();
            let same = world.functions[random.start + dice.below(random.len())];
            world.functions.push(same);
            continue;
        }
        let params: Vec<ValType> = (0..dice.below(5))
            .map(|_| if number < 2 { world.number_type(dice) } else { world.value_type(dice) })
            .collect();
        let count = dice.pick(&[0, 1, 1, 1, 2, 3]);
        let results: Vec<ValType> = (0..count).map(|_| world.value_type(dice)).collect();
        let ty = world.function_type(&params, &results);
        world.functions.push(ty);
    }
    world.random_functions = first..world.functions.len();
    if world.profile.gc {
        let ty = world.function_type(&[ValType::Ref(RefType::ANYREF), I32], &[I64]);
        world.digest = Some(world.functions.len() as u32);
        world.functions.push(ty);
    }
}

fn memories(world: &mut World, dice: &mut Dice) {
    let many = world.profile.many;
    let count = if many { dice.between(1, 3) } else { 1 };
    for number in 0..count {
        // The first holds the marks: it has pages of 64 KiB.
        let small = many && number > 0 && dice.percent(30);
        let minimum = if small { 0xa000 } else { dice.between(1, 2) as u64 };
        let shared = world.profile.threads && !small && dice.percent(60);
        let bounded = shared || dice.percent(80);
        world.memories.push(Memory {
            ty: MemoryType {
                minimum,
                // Nothing grows by more than a few pages in a call.
                maximum: bounded.then(|| minimum + dice.below(4) as u64),
                memory64: many && dice.percent(40),
                shared,
                page_size_log2: small.then_some(0),
            },
            imported: dice.percent(15),
        });
    }
    // Imports come first.
    world.memories.sort_by_key(|memory| (memory.ty.page_size_log2.is_some(), !memory.imported));
    let first_own = world.memories.iter().position(|memory| !memory.imported);
    let first_own = first_own.unwrap_or(world.memories.len());
    for memory in &mut world.memories[first_own..] {
        memory.imported = false;
    }
}

fn globals(world: &mut World, dice: &mut Dice) {
    let mut imported = vec![(ValType::I32, false), (ValType::I64, false)];
    if dice.percent(50) {
        imported.push((ValType::F64, true));
        imported.push((ValType::EXTERNREF, dice.percent(50)));
    }
    if dice.percent(60) {
        world.globals =
            imported.into_iter().map(|(ty, mutable)| Global { ty, mutable, init: None }).collect();
    }
    world.fuel = world.globals.len() as u32;
    world.hash = world.fuel + 1;
    let own = |ty, init| Global { ty, mutable: true, init: Some(init) };
    world.globals.push(own(ValType::I32, ConstExpr::i32_const(FUEL)));
    world.globals.push(own(ValType::I64, ConstExpr::i64_const(HASH)));
    for _ in 0..dice.between(2, 7) {
        let ty = world.value_type(dice);
        // Without garbage collection, constants know imported globals only.
        let known = if world.profile.gc { world.globals.len() } else { imported_globals(world) };
        let init = constant(world, dice, ty, known);
        world.globals.push(Global { ty, mutable: dice.percent(65), init: Some(init) });
    }
}

fn imported_globals(world: &World) -> usize {
    world.globals.iter().filter(|global| global.init.is_none()).count()
}

fn tables(world: &mut World, dice: &mut Dice) {
    let functions = world.functions.len() as u64;
    let mut ty = TableType {
        element_type: RefType::FUNCREF,
        table64: world.profile.many && dice.percent(25),
        minimum: functions,
        maximum: dice.percent(50).then_some(functions + 3),
        shared: false,
    };
    world.tables.push(Table { ty, init: None, imported: false });
    let count = if world.profile.many { dice.between(1, 3) } else { dice.below(2) };
    for _ in 0..count {
        let element_type = world.reference_type(dice);
        ty = TableType {
            element_type,
            table64: world.profile.many && dice.percent(40),
            minimum: dice.between(8, 10) as u64,
            maximum: dice.percent(60).then_some(12),
            shared: false,
        };
        let needed = !element_type.nullable || dice.percent(30);
        // Tables come before the module's own globals.
        let known = imported_globals(world);
        let init = needed.then(|| constant(world, dice, ValType::Ref(element_type), known));
        world.tables.push(Table { ty, init, imported: false });
    }
    if dice.percent(15) {
        world.tables[0].imported = true;
        world.tables[0].ty.table64 = false;
    }
}

/// Some bytes.
fn bytes(dice: &mut Dice) -> Vec<u8> {
    (0..dice.between(8, 90)).map(|_| dice.bits() as u8).collect()
}

/// An offset of an active segment.
fn offset(wide: bool, at: u64, dice: &mut Dice) -> ConstExpr {
    let extended = dice.percent(30);
    if wide {
        let mut code = vec![Instruction::I64Const(at as i64)];
        if extended {
            code.extend([Instruction::I64Const(0), Instruction::I64Add]);
        }
        ConstExpr::extended(code)
    } else {
        let mut code = vec![Instruction::I32Const(at as i32)];
        if extended {
            code.extend([Instruction::I32Const(1), Instruction::I32Mul]);
        }
        ConstExpr::extended(code)
    }
}

fn segments(world: &mut World, dice: &mut Dice) {
    // Zeros hide mistakes: what is loaded from small addresses is none.
    for memory in 0..world.memories.len() {
        let wide = world.memories[memory].ty.memory64;
        let bytes = (0..FILLED).map(|_| dice.bits() as u8).collect();
        let active = Some((memory as u32, offset(wide, 0, dice)));
        world.datas.push(Data { bytes, active });
    }
    for _ in 0..dice.below(5) {
        let active = dice.percent(40).then(|| {
            let memory = dice.below(world.memories.len());
            let wide = world.memories[memory].ty.memory64;
            (memory as u32, offset(wide, dice.below(0x6000) as u64, dice))
        });
        world.datas.push(Data { bytes: bytes(dice), active });
    }
    let all: Vec<u32> = (0..world.functions.len() as u32).collect();
    let items = if dice.percent(50) {
        Items::Functions(all)
    } else {
        Items::Expressions(all.into_iter().map(ConstExpr::ref_func).collect())
    };
    let wide = world.tables[0].ty.table64;
    let mode = Mode::Active(0, offset(wide, 0, dice));
    world.elements.push(Elements { ty: RefType::FUNCREF, items, mode });
    for _ in 0..dice.below(5) {
        let of_table = dice.percent(50) && world.tables.len() > 1;
        let table = if of_table { dice.between(1, world.tables.len() - 1) } else { 0 };
        let arrays: Vec<RefType> = world
            .arrays()
            .into_iter()
            .filter_map(|array| match world.element(array).element_type {
                StorageType::Val(ValType::Ref(ty)) => Some(ty),
                _ => None,
            })
            .collect();
        let ty = match table {
            0 if !arrays.is_empty() && dice.percent(60) => dice.pick(&arrays),
            0 => world.reference_type(dice),
            _ => world.tables[table].ty.element_type,
        };
        let known = if world.profile.gc { world.globals.len() } else { imported_globals(world) };
        let items = (0..dice.between(1, 4))
            .map(|_| constant(world, dice, ValType::Ref(ty), known))
            .collect();
        let mode = if of_table && dice.percent(40) {
            let wide = world.tables[table].ty.table64;
            Mode::Active(table as u32, offset(wide, dice.below(4) as u64, dice))
        } else if dice.percent(10) {
            Mode::Declared
        } else {
            Mode::Passive
        };
        world.elements.push(Elements { ty, items: Items::Expressions(items), mode });
    }
}

/// A constant expression that may name the first `known` globals.
fn constant(world: &World, dice: &mut Dice, ty: ValType, known: usize) -> ConstExpr {
    let globals = (0..known as u32)
        .map(|index| (index, &world.globals[index as usize]))
        .filter(|(_, global)| !global.mutable)
        .map(|(index, global)| (index, global.ty))
        .collect();
    let mut constant = Constant { world, dice, globals, code: Vec::new() };
    constant.value(ty, 3);
    ConstExpr::extended(constant.code)
}

/// A constant expression in the making.
struct Constant<'a> {
    world: &'a World,
    dice: &'a mut Dice,
    /// The globals that it may name, and their types.
    globals: Vec<(u32, ValType)>,
    code: Vec<Instruction<'static>>,
}

impl Constant<'_> {
    fn value(&mut self, ty: ValType, depth: usize) {
        let world = self.world;
        let globals: Vec<u32> = self
            .globals
            .iter()
            .filter(|(_, there)| world.matches(*there, ty))
            .map(|(index, _)| *index)
            .collect();
        if !globals.is_empty() && self.dice.percent(30) {
            return self.code.push(Instruction::GlobalGet(self.dice.pick(&globals)));
        }
        let compute = depth > 0 && self.dice.percent(35);
        match ty {
            ValType::I32 | ValType::I64 if compute => {
                self.value(ty, depth - 1);
                self.value(ty, depth - 1);
                let operators = match ty {
                    ValType::I32 => [Instruction::I32Add, Instruction::I32Sub, Instruction::I32Mul],
                    _ => [Instruction::I64Add, Instruction::I64Sub, Instruction::I64Mul],
                };
                self.code.push(self.dice.pick(&operators));
            }
            ValType::I32 => self
                .code
                .push(Instruction::I32Const(self.dice.bits() as i32 >> self.dice.below(32))),
            ValType::I64 => self
                .code
                .push(Instruction::I64Const(self.dice.bits() as i64 >> self.dice.below(64))),
            ValType::F32 => {
                let value = self.dice.below(1000) as f32 / 4.0 - 100.0;
                self.code.push(Instruction::F32Const(Ieee32::from(value)));
            }
            ValType::F64 => {
                let value = self.dice.below(100_000) as f64 / 16.0 - 1000.0;
                self.code.push(Instruction::F64Const(Ieee64::from(value)));
            }
            ValType::V128 => {
                let value = u128::from(self.dice.bits()) << 64 | u128::from(self.dice.bits());
                self.code.push(Instruction::V128Const(value as i128));
            }
            ValType::Ref(ty) => self.reference(ty, depth),
        }
    }

    fn reference(&mut self, ty: RefType, depth: usize) {
        let world = self.world;
        use AbstractHeapType as H;
        if ty.nullable && (depth == 0 || self.dice.percent(25)) {
            return self.code.push(Instruction::RefNull(ty.heap_type));
        }
        let deeper = depth.saturating_sub(1);
        match ty.heap_type {
            HeapType::Abstract { ty: H::Func, .. } => {
                self.code.push(Instruction::RefFunc(self.dice.below(world.functions.len()) as u32));
            }
            HeapType::Abstract { ty: H::Extern, .. } if world.profile.gc => {
                let any = crate::world::reference(H::Any, ty.nullable);
                self.reference(any, deeper);
                self.code.push(Instruction::ExternConvertAny);
            }
            HeapType::Abstract { ty: H::Any | H::Eq | H::I31, .. } => {
                self.value(ValType::I32, deeper);
                self.code.push(Instruction::RefI31);
                if ty == crate::world::reference(H::Any, ty.nullable) && self.dice.percent(20) {
                    self.code
                        .extend([Instruction::ExternConvertAny, Instruction::AnyConvertExtern]);
                }
            }
            HeapType::Abstract { ty: kind @ (H::Struct | H::Array), .. } => {
                let list = if kind == H::Struct { world.structs() } else { world.arrays() };
                let index = self.dice.pick(&list);
                self.reference(concrete(index, false), deeper);
            }
            HeapType::Concrete(index) if world.top(ty.heap_type) == H::Func => {
                let functions = world.functions_of(index);
                self.code.push(if functions.is_empty() {
                    Instruction::RefNull(ty.heap_type)
                } else {
                    Instruction::RefFunc(self.dice.pick(&functions))
                });
            }
            HeapType::Concrete(index) if world.structs().contains(&index) => {
                let fields = world.fields(index).to_vec();
                if fields.iter().all(|field| field.element_type.is_defaultable())
                    && self.dice.percent(30)
                {
                    return self.code.push(Instruction::StructNewDefault(index));
                }
                for field in fields {
                    self.value(field.element_type.unpack(), deeper);
                }
                self.code.push(Instruction::StructNew(index));
            }
            HeapType::Concrete(index) => {
                let ty = world.element(index).element_type.unpack();
                let length = Instruction::I32Const(self.dice.below(4) as i32);
                match self.dice.below(3) {
                    0 if ty.is_defaultable() => {
                        self.code.extend([length, Instruction::ArrayNewDefault(index)]);
                    }
                    1 => {
                        self.value(ty, deeper);
                        self.code.extend([length, Instruction::ArrayNew(index)]);
                    }
                    _ => {
                        let array_size = self.dice.below(3) as u32;
                        for _ in 0..array_size {
                            self.value(ty, deeper);
                        }
                        self.code.push(Instruction::ArrayNewFixed {
                            array_type_index: index,
                            array_size,
                        });
                    }
                }
            }
            _ => self.code.push(Instruction::RefNull(ty.heap_type)),
        }
    }
}
