//! A size ⇒ a module of that size, shaped like what LLVM emits for C: memory, a stack pointer, loads and stores with offsets, structured
//! control, direct and indirect calls, numbers as short as they can be, data, function names.
//!
//! Invariant: valid, and the same bytes for the same size on every machine.

use wasm_encoder as we;
use we::{BlockType, InstructionSink, MemArg, ValType};

/// What of a module is data, as a fraction of its size: one part in this many.
const DATA_PART: usize = 8;
/// Levels of blocks in a function, and of operators in an expression.
const MAX_NESTING: u32 = 5;
/// Functions the module imports, and slots of its table.
const IMPORTS: u32 = 12;
const SLOTS: u32 = 64;

/// The signatures that functions have.
const SIGNATURES: [(&[ValType], &[ValType]); 12] = {
    use ValType::{F64, I32, I64};
    [
        (&[], &[]),
        (&[], &[I32]),
        (&[I32], &[]),
        (&[I32], &[I32]),
        (&[I32, I32], &[]),
        (&[I32, I32], &[I32]),
        (&[I32, I32, I32], &[]),
        (&[I32, I32, I32], &[I32]),
        (&[I32, I32, I32, I32], &[I32]),
        (&[I32, I64], &[I64]),
        (&[I32, F64], &[F64]),
        (&[I32, I64, I32], &[]),
    ]
};

/// Numbers that look random and are always the same: xorshift64*.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(bound)) >> 32) as u32
    }

    /// Small numbers often, large ones seldom, as constants and offsets are.
    fn skewed(&mut self) -> u32 {
        let bits = 1 + self.below(4) * self.below(5);
        self.next() & ((1 << bits) - 1)
    }
}

/// A valid module of about `size` bytes.
pub(crate) fn module(size: usize) -> Vec<u8> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let code_size = size - size / DATA_PART;
    // Bodies may call any function, so how many there are is decided first: from the size that bodies have on average.
    let count = (code_size / AVERAGE_BYTES).max(8) as u32;
    let signatures: Vec<u32> = (0..IMPORTS + count).map(|_| numbers.below(12)).collect();

    let mut types = we::TypeSection::new();
    for (params, results) in SIGNATURES {
        types.ty().function(params.iter().copied(), results.iter().copied());
    }
    let mut imports = we::ImportSection::new();
    let mut names = we::NameMap::new();
    for (index, &ty) in (0..).zip(&signatures[..IMPORTS as usize]) {
        let name = format!("import_{index}");
        imports.import("env", &name, we::EntityType::Function(ty));
        names.append(index, &name);
    }
    let mut functions = we::FunctionSection::new();
    let mut code = we::CodeSection::new();
    for (index, &ty) in (IMPORTS..).zip(&signatures[IMPORTS as usize..]) {
        functions.function(ty);
        code.function(&function(&mut numbers, &signatures, ty));
        names.append(index, &format!("_ZN4part{}6work{}17h{index:08x}E", index % 97, index / 97));
    }

    let mut tables = we::TableSection::new();
    tables.table(we::TableType {
        element_type: we::RefType::FUNCREF,
        table64: false,
        minimum: u64::from(SLOTS),
        maximum: Some(u64::from(SLOTS)),
        shared: false,
    });
    let mut memories = we::MemorySection::new();
    memories.memory(we::MemoryType {
        minimum: 1024,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = we::GlobalSection::new();
    let ty = we::GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(ty, &we::ConstExpr::i32_const(65536));
    let mut exports = we::ExportSection::new();
    exports.export("memory", we::ExportKind::Memory, 0);
    for index in (IMPORTS..IMPORTS + count).step_by(50) {
        exports.export(&format!("export_{index}"), we::ExportKind::Func, index);
    }
    let mut elements = we::ElementSection::new();
    let slots: Vec<u32> = (0..SLOTS).map(|_| numbers.below(IMPORTS + count)).collect();
    elements.active(None, &we::ConstExpr::i32_const(0), we::Elements::Functions(slots.into()));
    let mut datas = we::DataSection::new();
    let mut left = size / DATA_PART;
    let mut address = 1024;
    while left > 0 {
        let length = left.min(64 + numbers.below(16384) as usize);
        let bytes = (0..length).map(|_| numbers.next() as u8);
        datas.active(0, &we::ConstExpr::i32_const(address), bytes);
        address += length as i32 + 16;
        left -= length;
    }
    let mut name_section = we::NameSection::new();
    name_section.functions(&names);

    let mut module = we::Module::new();
    module.section(&types).section(&imports).section(&functions).section(&tables);
    module.section(&memories).section(&globals).section(&exports).section(&elements);
    module.section(&code).section(&datas).section(&name_section);
    module.finish()
}

/// Bytes of a function with its name, on average, as it comes out.
const AVERAGE_BYTES: usize = 1115;

fn function(numbers: &mut Numbers, signatures: &[u32], ty: u32) -> we::Function {
    let (params, results) = SIGNATURES[ty as usize];
    let mut locals: Vec<ValType> = params.to_vec();
    let declared = [
        (2 + numbers.below(10), ValType::I32),
        (1 + numbers.below(3), ValType::I64),
        (1 + numbers.below(2), ValType::F64),
    ];
    for (count, ty) in declared {
        locals.extend((0..count).map(|_| ty));
    }
    let mut function = we::Function::new(declared);
    // Many small functions, some large ones.
    let statements = match numbers.below(20) {
        0 => 60 + numbers.below(120),
        1..=6 => 12 + numbers.below(30),
        _ => 3 + numbers.below(12),
    };
    let mut body = Body { numbers, signatures, locals, sink: function.instructions(), labels: 0 };
    body.statements(statements, MAX_NESTING);
    for &ty in results {
        body.value(ty, 2);
    }
    body.sink.end();
    function
}

struct Body<'a> {
    numbers: &'a mut Numbers,
    signatures: &'a [u32],
    locals: Vec<ValType>,
    sink: InstructionSink<'a>,
    /// How many blocks without results and parameters are open.
    labels: u32,
}

const NUMBER_TYPES: [ValType; 3] = [ValType::I32, ValType::I64, ValType::F64];

impl Body<'_> {
    fn local(&mut self, ty: ValType) -> u32 {
        let of_type = |(_, local): &(u32, &ValType)| **local == ty;
        let count = (0..).zip(&self.locals).filter(of_type).count() as u32;
        let at = self.numbers.below(count);
        let found = (0..).zip(&self.locals).filter(of_type).nth(at as usize);
        found.map_or(0, |(index, _)| index)
    }

    /// Mostly `i32`.
    fn some_type(&mut self) -> ValType {
        NUMBER_TYPES[[0, 0, 0, 0, 0, 0, 1, 2][self.numbers.below(8) as usize]]
    }

    fn memarg(&mut self, align: u32) -> MemArg {
        MemArg { offset: u64::from(self.numbers.skewed()), align, memory_index: 0 }
    }

    fn statements(&mut self, count: u32, nesting: u32) {
        for _ in 0..count {
            self.statement(nesting);
        }
    }

    fn statement(&mut self, nesting: u32) {
        let kinds = if nesting == 0 { 70 } else { 100 };
        match self.numbers.below(kinds) {
            0..=29 => {
                let ty = self.some_type();
                self.value(ty, 3);
                let local = self.local(ty);
                self.sink.local_set(local);
            }
            30..=51 => self.store(),
            52..=65 => {
                let callee = self.numbers.below(self.signatures.len() as u32);
                let (params, results) = SIGNATURES[self.signatures[callee as usize] as usize];
                self.values(params, 2);
                self.sink.call(callee);
                self.discard(results);
            }
            66..=67 => {
                let ty = self.numbers.below(SIGNATURES.len() as u32);
                let (params, results) = SIGNATURES[ty as usize];
                self.values(params, 2);
                self.value(ValType::I32, 1);
                self.sink.call_indirect(0, ty);
                self.discard(results);
            }
            68..=69 => {
                self.sink.global_get(0);
                self.sink.i32_const(16 * (1 + self.numbers.0 as i32 % 8).abs()).i32_sub();
                let local = self.local(ValType::I32);
                self.sink.local_tee(local).global_set(0);
            }
            70..=84 => {
                self.value(ValType::I32, 2);
                self.sink.if_(BlockType::Empty);
                self.labels += 1;
                let count = 1 + self.numbers.below(4);
                self.statements(count, nesting - 1);
                if self.numbers.below(3) == 0 {
                    self.sink.else_();
                    self.statements(2, nesting - 1);
                }
                self.labels -= 1;
                self.sink.end();
            }
            85..=92 => {
                self.sink.block(BlockType::Empty);
                self.labels += 1;
                self.statements(1, nesting - 1);
                self.value(ValType::I32, 2);
                let depth = self.numbers.below(self.labels.min(3));
                self.sink.br_if(depth);
                self.statements(2, nesting - 1);
                self.labels -= 1;
                self.sink.end();
            }
            93..=97 => {
                self.sink.loop_(BlockType::Empty);
                self.labels += 1;
                let count = 2 + self.numbers.below(3);
                self.statements(count, nesting - 1);
                self.value(ValType::I32, 2);
                self.sink.br_if(0);
                self.labels -= 1;
                self.sink.end();
            }
            _ => {
                let arms = 2 + self.numbers.below(6);
                for _ in 0..=arms {
                    self.sink.block(BlockType::Empty);
                }
                self.value(ValType::I32, 1);
                self.sink.br_table((0..arms).collect::<Vec<u32>>(), arms);
                for arm in (0..=arms).rev() {
                    self.sink.end();
                    if arm > 0 {
                        self.labels += arm;
                        self.store();
                        self.labels -= arm;
                        self.sink.br(arm - 1);
                    }
                }
            }
        }
    }

    fn discard(&mut self, results: &[ValType]) {
        for &ty in results {
            if self.numbers.below(4) == 0 {
                self.sink.drop();
            } else {
                let local = self.local(ty);
                self.sink.local_set(local);
            }
        }
    }

    fn store(&mut self) {
        self.value(ValType::I32, 2);
        let ty = self.some_type();
        self.value(ty, 3);
        let narrow = self.numbers.below(5) == 0;
        let align = if ty == ValType::I32 { 2 } else { 3 };
        let memarg = self.memarg(if narrow { 0 } else { align });
        match (ty, narrow) {
            (ValType::I64, _) => self.sink.i64_store(memarg),
            (ValType::F64, _) => self.sink.f64_store(memarg),
            (_, true) => self.sink.i32_store8(memarg),
            (_, false) => self.sink.i32_store(memarg),
        };
    }

    fn values(&mut self, types: &[ValType], depth: u32) {
        for &ty in types {
            self.value(ty, depth);
        }
    }

    fn value(&mut self, ty: ValType, depth: u32) {
        let kinds = if depth == 0 { 50 } else { 100 };
        let kind = self.numbers.below(kinds);
        match kind {
            0..=35 => {
                let local = self.local(ty);
                self.sink.local_get(local);
            }
            36..=49 => {
                let value = self.numbers.skewed() as i32;
                match ty {
                    ValType::I64 => self.sink.i64_const(i64::from(value) - 8),
                    ValType::F64 => self.sink.f64_const(f64::from(value).into()),
                    ValType::I32 | ValType::F32 | ValType::V128 | ValType::Ref(_) => {
                        self.sink.i32_const(value - 8)
                    }
                };
            }
            50..=69 => {
                self.value(ValType::I32, depth - 1);
                let narrow = self.numbers.below(4) == 0;
                let align = if ty == ValType::I32 { 2 } else { 3 };
                let memarg = self.memarg(if narrow { 0 } else { align });
                match (ty, narrow) {
                    (ValType::I64, _) => self.sink.i64_load(memarg),
                    (ValType::F64, _) => self.sink.f64_load(memarg),
                    (_, true) => self.sink.i32_load8_u(memarg),
                    (_, false) => self.sink.i32_load(memarg),
                };
            }
            70..=93 => {
                self.value(ty, depth - 1);
                self.value(ty, depth - 1);
                let which = self.numbers.below(6);
                match (ty, which) {
                    (ValType::I64, 0..=2) => self.sink.i64_add(),
                    (ValType::I64, 3) => self.sink.i64_xor(),
                    (ValType::I64, _) => self.sink.i64_shl(),
                    (ValType::F64, 0..=2) => self.sink.f64_add(),
                    (ValType::F64, _) => self.sink.f64_mul(),
                    (_, 0..=2) => self.sink.i32_add(),
                    (_, 3) => self.sink.i32_and(),
                    (_, 4) => self.sink.i32_shl(),
                    (_, _) => self.sink.i32_sub(),
                };
            }
            _ => match ty {
                ValType::I64 => {
                    self.value(ValType::I32, depth - 1);
                    self.sink.i64_extend_i32_u();
                }
                ValType::F64 => {
                    self.value(ValType::I32, depth - 1);
                    self.sink.f64_convert_i32_s();
                }
                ValType::I32 | ValType::F32 | ValType::V128 | ValType::Ref(_) => {
                    self.value(ValType::I32, depth - 1);
                    self.value(ValType::I32, depth - 1);
                    self.sink.i32_lt_u();
                }
            },
        }
    }
}
