//! The operators that wasmparser decodes, with their immediates ⇒ calls of the builder.
//!
//! Invariant: each operator is built by what its row and wasmparser's arity say; only those whose arity depends on their immediates are
//! told apart.

use wasmparser as wp;
use wp::{FrameKind, FrameStack};

use super::types::{ref_type, val_type};
use super::{Builder, Control};
use crate::ids::node_raw;
use crate::{BlockType, LocalId, MemoryId, Op, RefType, Shape, TagId, TypeId};

/// The immediates of an operator that takes and gives a fixed number of values.
trait Fixed {
    /// What becomes the node's immediate.
    fn encode(self, builder: &mut Builder<'_>, op: Op) -> u32;
}

/// The immediates of an operator that takes and gives as many values as they say.
trait Custom {
    fn build(self, builder: &mut Builder<'_>, op: Op);
}

impl Fixed for () {
    #[inline]
    fn encode(self, _: &mut Builder<'_>, _: Op) -> u32 {
        0
    }
}

impl Fixed for (u32,) {
    #[inline]
    fn encode(self, builder: &mut Builder<'_>, op: Op) -> u32 {
        let (index,) = self;
        let shape = op.shape();
        if shape == Shape::Type {
            builder.module.types.canonical(TypeId(index)).0
        } else if shape == Shape::Rethrow {
            node_raw(builder.label(index).node)
        } else {
            index
        }
    }
}

impl Fixed for (u32, u32) {
    fn encode(self, builder: &mut Builder<'_>, op: Op) -> u32 {
        let (mut first, mut second) = self;
        let canonical = |index: &mut u32| {
            *index = builder.module.types.canonical(TypeId(*index)).0;
        };
        let shape = op.shape();
        if matches!(shape, Shape::Field | Shape::ArrayData | Shape::ArrayElem | Shape::ArrayCopy) {
            canonical(&mut first);
        }
        if shape == Shape::ArrayCopy {
            canonical(&mut second);
        }
        builder.body.side(&[first, second])
    }
}

fn memarg(memarg: wp::MemArg) -> crate::MemArg {
    crate::MemArg {
        align_log2: memarg.align,
        offset: memarg.offset,
        memory: MemoryId(memarg.memory),
    }
}

impl Fixed for (wp::MemArg,) {
    #[inline]
    fn encode(self, builder: &mut Builder<'_>, _: Op) -> u32 {
        builder.body.memarg(memarg(self.0))
    }
}

impl Fixed for (wp::MemArg, u8) {
    fn encode(self, builder: &mut Builder<'_>, _: Op) -> u32 {
        builder.body.memarg_side(memarg(self.0), self.1)
    }
}

impl Fixed for (u8,) {
    fn encode(self, _: &mut Builder<'_>, _: Op) -> u32 {
        u32::from(self.0)
    }
}

impl Fixed for ([u8; 16],) {
    fn encode(self, builder: &mut Builder<'_>, _: Op) -> u32 {
        builder.body.side_bytes(self.0)
    }
}

impl Fixed for (i32,) {
    #[inline]
    fn encode(self, _: &mut Builder<'_>, _: Op) -> u32 {
        self.0 as u32
    }
}

impl Fixed for (i64,) {
    fn encode(self, builder: &mut Builder<'_>, _: Op) -> u32 {
        builder.body.side(&[self.0 as u32, (self.0 >> 32) as u32])
    }
}

impl Fixed for (wp::Ieee32,) {
    fn encode(self, _: &mut Builder<'_>, _: Op) -> u32 {
        self.0.bits()
    }
}

impl Fixed for (wp::Ieee64,) {
    fn encode(self, builder: &mut Builder<'_>, _: Op) -> u32 {
        let bits = self.0.bits();
        builder.body.side(&[bits as u32, (bits >> 32) as u32])
    }
}

impl Fixed for (wp::V128,) {
    fn encode(self, builder: &mut Builder<'_>, _: Op) -> u32 {
        builder.body.side_bytes(*self.0.bytes())
    }
}

impl Fixed for (wp::HeapType,) {
    fn encode(self, builder: &mut Builder<'_>, op: Op) -> u32 {
        let nullable = matches!(op, Op::REF_NULL | Op::REF_TEST_NULL | Op::REF_CAST_NULL);
        RefType::new(nullable, builder.heap_type(self.0)).bits()
    }
}

impl Fixed for (wp::ValType,) {
    fn encode(self, builder: &mut Builder<'_>, _: Op) -> u32 {
        let ty = val_type(&builder.module.types, self.0);
        builder.body.intern_block_type(BlockType::of(&[ty]))
    }
}

impl Custom for () {
    fn build(self, builder: &mut Builder<'_>, op: Op) {
        if !builder.dead {
            let results = builder.s.control.first().map_or(0, |function| function.results);
            builder.simple(op, 0, results, 0);
        }
    }
}

impl Custom for (u32,) {
    #[inline]
    fn build(self, builder: &mut Builder<'_>, op: Op) {
        if op == Op::CATCH {
            builder.catch(Some(TagId(self.0)));
        } else if op == Op::DELEGATE {
            builder.delegate(self.0);
        } else if !builder.dead {
            builder.by_index(op, self.0);
        }
    }
}

impl Custom for (u32, u32) {
    fn build(self, builder: &mut Builder<'_>, op: Op) {
        if builder.dead {
            return;
        }
        let (ty, second) = (builder.module.types.canonical(TypeId(self.0)), self.1);
        let imm = builder.body.side(&[ty.0, second]);
        if op.shape() == Shape::CallIndirect {
            builder.call(op, imm, ty, 1);
        } else {
            builder.simple(op, imm, second, 1);
        }
    }
}

impl Custom for (wp::BlockType,) {
    fn build(self, builder: &mut Builder<'_>, op: Op) {
        builder.open(op, self.0, &[]);
    }
}

impl Custom for (wp::TryTable,) {
    fn build(self, builder: &mut Builder<'_>, op: Op) {
        builder.open(op, self.0.ty, &self.0.catches);
    }
}

impl Custom for (wp::BrTable<'_>,) {
    fn build(self, builder: &mut Builder<'_>, _: Op) {
        if !builder.dead {
            builder.br_table(&self.0);
        }
    }
}

impl Custom for (u32, wp::RefType, wp::RefType) {
    fn build(self, builder: &mut Builder<'_>, op: Op) {
        if builder.dead {
            return;
        }
        let Control { node, carried, .. } = builder.label(self.0);
        let [from, to] = [self.1, self.2].map(|ty| ref_type(&builder.module.types, ty));
        let imm = builder.body.side(&[node_raw(node), from.bits(), to.bits()]);
        builder.simple(op, imm, carried, carried);
    }
}

/// Immediates of proposals that are switched off, see [`crate::FEATURES`].
macro_rules! beyond {
    ($($ty:ty),*) => {$(
        impl Fixed for $ty {
            fn encode(self, _: &mut Builder<'_>, op: Op) -> u32 {
                panic!("{op:?}: the validator refuses it")
            }
        }
        impl Custom for $ty {
            fn build(self, _: &mut Builder<'_>, op: Op) {
                panic!("{op:?}: the validator refuses it")
            }
        }
    )*};
}

beyond! {
    (Vec<wp::ValType>,), (wp::Ordering, u32), (wp::Ordering, u32, u32), (u32, wp::ResumeTable),
    (u32, u32, wp::ResumeTable)
}

macro_rules! build {
    // Two operators that are no rows of the table: they end what others began.
    (visit_else ($($arity:tt)*)) => {
        fn visit_else(&mut self) {
            self.else_();
        }
    };
    (visit_end ($($arity:tt)*)) => {
        fn visit_end(&mut self) {
            self.end();
        }
    };
    (visit_catch_all ($($arity:tt)*)) => {
        fn visit_catch_all(&mut self) {
            self.catch(None);
        }
    };
    (visit_local_set ($($arity:tt)*) $arg:ident: $ty:ty) => {
        #[inline]
        fn visit_local_set(&mut self, local: u32) {
            if !self.dead {
                self.local_set(LocalId(local));
            }
        }
    };
    ($visit:ident (arity custom) $($arg:ident: $ty:ty),*) => {
        #[inline]
        fn $visit(&mut self, $($arg: $ty),*) {
            const OP: Op = Op::of_visit(stringify!($visit));
            Custom::build(($($arg,)*), self, OP);
        }
    };
    ($visit:ident (arity $params:literal -> $results:literal) $($arg:ident: $ty:ty),*) => {
        #[inline]
        fn $visit(&mut self, $($arg: $ty),*) {
            const OP: Op = Op::of_visit(stringify!($visit));
            if self.dead {
                return;
            }
            let imm = Fixed::encode(($($arg,)*), self, OP);
            match ($params, $results) {
                (params, results) if OP.diverges() => self.simple(OP, imm, params, results),
                (0, 1) => self.leaf(OP, imm),
                (1, 0) => self.few::<1, 0>(OP, imm),
                (1, 1) => self.few::<1, 1>(OP, imm),
                (2, 0) => self.few::<2, 0>(OP, imm),
                (2, 1) => self.few::<2, 1>(OP, imm),
                (params, results) => self.simple(OP, imm, params, results),
            }
        }
    };
}

macro_rules! build_all {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* $(,)? })? => $visit:ident $arity:tt )*) => {
        $( build!($visit $arity $($($arg: $ty),*)?); )*
    };
}

impl<'a> wp::VisitOperator<'a> for Builder<'_> {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn wp::VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    wp::for_each_visit_operator!(build_all);
}

impl<'a> wp::VisitSimdOperator<'a> for Builder<'_> {
    wp::for_each_visit_simd_operator!(build_all);
}

/// A validator and a builder behind it: what the one refuses never reaches the other.
pub(crate) struct Checked<'b, 'm, V> {
    pub(crate) validator: V,
    pub(crate) builder: &'b mut Builder<'m>,
}

impl<V: FrameStack> FrameStack for Checked<'_, '_, V> {
    fn current_frame(&self) -> Option<FrameKind> {
        self.validator.current_frame()
    }
}

macro_rules! check_all {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* $(,)? })? => $visit:ident $arity:tt )*) => {$(
        #[inline]
        fn $visit(&mut self $($(, $arg: $ty)*)?) -> Self::Output {
            self.validator.$visit($($($arg.clone()),*)?)?;
            self.builder.$visit($($($arg),*)?);
            Ok(())
        }
    )*};
}

macro_rules! check_all_simd {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* $(,)? })? => $visit:ident $arity:tt )*) => {$(
        fn $visit(&mut self $($(, $arg: $ty)*)?) -> Self::Output {
            if let Some(validator) = self.validator.simd_visitor() {
                validator.$visit($($($arg),*)?)?;
            }
            self.builder.$visit($($($arg),*)?);
            Ok(())
        }
    )*};
}

impl<'a, V> wp::VisitOperator<'a> for Checked<'_, '_, V>
where
    V: wp::VisitOperator<'a, Output = Result<(), wp::Error>>,
{
    type Output = Result<(), wp::Error>;

    fn simd_visitor(
        &mut self,
    ) -> Option<&mut dyn wp::VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    wp::for_each_visit_operator!(check_all);
}

impl<'a, V> wp::VisitSimdOperator<'a> for Checked<'_, '_, V>
where
    V: wp::VisitOperator<'a, Output = Result<(), wp::Error>>,
{
    wp::for_each_visit_simd_operator!(check_all_simd);
}
