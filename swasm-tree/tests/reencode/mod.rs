//! An operator that wasmparser decoded ⇒ the bytes that wasm-encoder writes for it.
//!
//! (wasm-encoder has such a conversion behind a feature, which would have wasmtime compiled twice.)

use wasm_encoder as we;
use wasm_encoder::{Encode, Instruction};
use wasmparser as wp;

/// What one crate has, as the other has it.
trait Convert {
    type To;
    fn convert(self) -> Self::To;
}

macro_rules! same {
    ($($ty:ty),*) => {$(
        impl Convert for $ty {
            type To = $ty;
            fn convert(self) -> $ty {
                self
            }
        }
    )*};
}

same! { u8, u32, i32, i64, [u8; 16] }

impl Convert for wp::Ieee32 {
    type To = we::Ieee32;
    fn convert(self) -> we::Ieee32 {
        we::Ieee32::new(self.bits())
    }
}

impl Convert for wp::Ieee64 {
    type To = we::Ieee64;
    fn convert(self) -> we::Ieee64 {
        we::Ieee64::new(self.bits())
    }
}

impl Convert for wp::V128 {
    type To = i128;
    fn convert(self) -> i128 {
        self.i128()
    }
}

impl Convert for wp::MemArg {
    type To = we::MemArg;
    fn convert(self) -> we::MemArg {
        we::MemArg { offset: self.offset, align: u32::from(self.align), memory_index: self.memory }
    }
}

impl Convert for wp::Ordering {
    type To = we::Ordering;
    fn convert(self) -> we::Ordering {
        match self {
            wp::Ordering::AcqRel => we::Ordering::AcqRel,
            wp::Ordering::SeqCst => we::Ordering::SeqCst,
        }
    }
}

impl Convert for wp::HeapType {
    type To = we::HeapType;
    fn convert(self) -> we::HeapType {
        use we::AbstractHeapType as To;
        use wp::AbstractHeapType as From;
        match self {
            wp::HeapType::Concrete(index) => {
                we::HeapType::Concrete(index.as_module_index().expect("of a module"))
            }
            wp::HeapType::Exact(index) => {
                we::HeapType::Exact(index.as_module_index().expect("of a module"))
            }
            wp::HeapType::Abstract { shared, ty } => we::HeapType::Abstract {
                shared,
                ty: match ty {
                    From::Func => To::Func,
                    From::Extern => To::Extern,
                    From::Any => To::Any,
                    From::None => To::None,
                    From::NoExtern => To::NoExtern,
                    From::NoFunc => To::NoFunc,
                    From::Eq => To::Eq,
                    From::Struct => To::Struct,
                    From::Array => To::Array,
                    From::I31 => To::I31,
                    From::Exn => To::Exn,
                    From::NoExn => To::NoExn,
                    From::Cont => To::Cont,
                    From::NoCont => To::NoCont,
                },
            },
        }
    }
}

impl Convert for wp::RefType {
    type To = we::RefType;
    fn convert(self) -> we::RefType {
        we::RefType { nullable: self.is_nullable(), heap_type: self.heap_type().convert() }
    }
}

impl Convert for wp::ValType {
    type To = we::ValType;
    fn convert(self) -> we::ValType {
        match self {
            wp::ValType::I32 => we::ValType::I32,
            wp::ValType::I64 => we::ValType::I64,
            wp::ValType::F32 => we::ValType::F32,
            wp::ValType::F64 => we::ValType::F64,
            wp::ValType::V128 => we::ValType::V128,
            wp::ValType::Ref(ty) => we::ValType::Ref(ty.convert()),
        }
    }
}

impl Convert for Vec<wp::ValType> {
    type To = std::borrow::Cow<'static, [we::ValType]>;
    fn convert(self) -> Self::To {
        self.into_iter().map(Convert::convert).collect()
    }
}

impl Convert for wp::BlockType {
    type To = we::BlockType;
    fn convert(self) -> we::BlockType {
        match self {
            wp::BlockType::Empty => we::BlockType::Empty,
            wp::BlockType::Type(ty) => we::BlockType::Result(ty.convert()),
            wp::BlockType::FuncType(index) => we::BlockType::FunctionType(index),
        }
    }
}

impl Convert for wp::ResumeTable {
    type To = std::borrow::Cow<'static, [we::Handle]>;
    fn convert(self) -> Self::To {
        let handle = |handle| match handle {
            wp::Handle::OnLabel { tag, label } => we::Handle::OnLabel { tag, label },
            wp::Handle::OnSwitch { tag } => we::Handle::OnSwitch { tag },
        };
        self.handlers.into_iter().map(handle).collect()
    }
}

fn catch(catch: wp::Catch) -> we::Catch {
    match catch {
        wp::Catch::One { tag, label } => we::Catch::One { tag, label },
        wp::Catch::OneRef { tag, label } => we::Catch::OneRef { tag, label },
        wp::Catch::All { label } => we::Catch::All { label },
        wp::Catch::AllRef { label } => we::Catch::AllRef { label },
    }
}

/// The bytes of an operator.
pub(crate) fn instruction(operator: wp::Operator<'_>) -> Vec<u8> {
    macro_rules! build {
        (BrTable $arg:ident) => {{
            let targets: Vec<u32> = $arg.targets().map(|target| target.expect("it was read")).collect();
            Instruction::BrTable(targets.into(), $arg.default())
        }};
        (TryTable $arg:ident) => {
            Instruction::TryTable($arg.ty.convert(), $arg.catches.into_iter().map(catch).collect())
        };
        ($op:ident) => { Instruction::$op };
        ($op:ident $arg:ident) => { Instruction::$op($arg.convert()) };
        ($op:ident $($arg:ident)+) => { Instruction::$op { $($arg: $arg.convert()),+ } };
    }
    macro_rules! all {
        ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* $(,)? })? => $visit:ident $arity:tt )*) => {
            match operator {
                $( wp::Operator::$op $({ $($arg),* })? => build!($op $($($arg)*)?), )*
                other => panic!("{other:?} is not among wasmparser's own operators"),
            }
        };
    }
    let instruction = wasmparser::for_each_operator!(all);
    let mut bytes = Vec::new();
    instruction.encode(&mut bytes);
    bytes
}
