//! The rows: one line an operator.
//!
//! Columns: constant, mnemonic, encoding, shape (with what it says of a width or of lanes), operand types, result types, effects, folding class, proposal.
//! Source: the instruction index of the WebAssembly specification. Invariant: encodings and mnemonics are unique
//! among rows that are not pseudo-operators.

use super::{Effects, Fold, Op, Opcode, Proposal, Row, Shape};
use crate::ValType::{F32, F64, I32, I64, V128};

const N: Effects = Effects::NONE;
const T: Effects = Effects::TRAP;
const C: Effects = Effects::CONTROL;
const CT: Effects = C.union(T);
const K: Effects = Effects::CALLS.union(T);
const KT: Effects = K.union(T);
const KC: Effects = K.union(C);
const KCT: Effects = KC.union(T);
const RL: Effects = Effects::READS_LOCAL;
const WL: Effects = Effects::WRITES_LOCAL;
const RS: Effects = Effects::READS_STATE;
const WS: Effects = Effects::WRITES_STATE;
const RST: Effects = RS.union(T);
const WST: Effects = WS.union(T);
const RWS: Effects = RS.union(WS);
const RWST: Effects = RWS.union(T);
const RM: Effects = Effects::READS_MEMORY;
const WM: Effects = Effects::WRITES_MEMORY;
const RMT: Effects = RM.union(T);
const WMT: Effects = WM.union(T);
const RWM: Effects = RM.union(WM);
const RWMT: Effects = RWM.union(T);

macro_rules! opcode {
    ($code:literal) => {
        Opcode { prefix: 0, code: $code }
    };
    ($prefix:literal $code:literal) => {
        Opcode { prefix: $prefix, code: $code }
    };
}

macro_rules! rows {
    ($($name:ident $mnemonic:literal $($code:literal)+ $shape:ident $(($natural:literal))? [$($param:ident),*] [$($result:ident),*]
        $effects:ident $fold:ident $proposal:ident;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "the constants' own names, to count them")]
        #[repr(u16)]
        enum Number {
            $($name),*
        }

        impl Op {
            $(
                #[doc = concat!("`", $mnemonic, "`")]
                pub const $name: Op = Op(Number::$name as u16);
            )*
        }

        pub(super) static ROWS: [Row; [$($mnemonic),*].len()] = [$(Row {
            mnemonic: $mnemonic,
            opcode: opcode!($($code)+),
            shape: Shape::$shape $(($natural))?,
            params: &[$($param),*],
            results: &[$($result),*],
            effects: $effects,
            fold: Fold::$fold,
            proposal: Proposal::$proposal,
        }),*];
    };
}

rows! {
    SEQ "<seq>" 0x00 Seq [] [] N No Pseudo;
    STACK "<stack>" 0x00 Stack [] [] N No Pseudo;
    SET_MANY "<set-many>" 0x00 SetMany [] [] WL No Pseudo;
    HOLE "<hole>" 0x00 Hole [] [] N No Pseudo;
    SYMBOL "<symbol>" 0x00 Symbol [] [] N Const Pseudo;
    UNREACHABLE "unreachable" 0x00 Unreachable [] [] CT No Mvp;
    NOP "nop" 0x01 Plain [] [] N No Mvp;
    BLOCK "block" 0x02 Block [] [] N No Mvp;
    LOOP "loop" 0x03 Loop [] [] N No Mvp;
    IF "if" 0x04 If [] [] N No Mvp;
    BR "br" 0x0c Br [] [] C No Mvp;
    BR_IF "br_if" 0x0d Br [] [] C No Mvp;
    BR_TABLE "br_table" 0x0e BrTable [] [] C No Mvp;
    RETURN "return" 0x0f Return [] [] C No Mvp;
    CALL "call" 0x10 Call [] [] K No Mvp;
    CALL_INDIRECT "call_indirect" 0x11 CallIndirect [] [] KT No Mvp;
    RETURN_CALL "return_call" 0x12 Call [] [] KC No TailCall;
    RETURN_CALL_INDIRECT "return_call_indirect" 0x13 CallIndirect [] [] KCT No TailCall;
    DROP "drop" 0x1a Drop [] [] N No Mvp;
    SELECT "select" 0x1b Select [] [] N No Mvp;
    SELECT_TYPED "<select-typed>" 0x1c SelectTyped [] [] N No ReferenceTypes;
    LOCAL_GET "local.get" 0x20 Local [] [] RL No Mvp;
    LOCAL_SET "local.set" 0x21 Local [] [] WL No Mvp;
    LOCAL_TEE "local.tee" 0x22 Local [] [] WL No Mvp;
    GLOBAL_GET "global.get" 0x23 Global [] [] RS No Mvp;
    GLOBAL_SET "global.set" 0x24 Global [] [] WS No Mvp;
    TABLE_GET "table.get" 0x25 Table [] [] RST No ReferenceTypes;
    TABLE_SET "table.set" 0x26 Table [] [] WST No ReferenceTypes;
    I32_LOAD "i32.load" 0x28 Mem(2) [I32] [I32] RMT No Mvp;
    I64_LOAD "i64.load" 0x29 Mem(3) [I32] [I64] RMT No Mvp;
    F32_LOAD "f32.load" 0x2a Mem(2) [I32] [F32] RMT No Mvp;
    F64_LOAD "f64.load" 0x2b Mem(3) [I32] [F64] RMT No Mvp;
    I32_LOAD8_S "i32.load8_s" 0x2c Mem(0) [I32] [I32] RMT No Mvp;
    I32_LOAD8_U "i32.load8_u" 0x2d Mem(0) [I32] [I32] RMT No Mvp;
    I32_LOAD16_S "i32.load16_s" 0x2e Mem(1) [I32] [I32] RMT No Mvp;
    I32_LOAD16_U "i32.load16_u" 0x2f Mem(1) [I32] [I32] RMT No Mvp;
    I64_LOAD8_S "i64.load8_s" 0x30 Mem(0) [I32] [I64] RMT No Mvp;
    I64_LOAD8_U "i64.load8_u" 0x31 Mem(0) [I32] [I64] RMT No Mvp;
    I64_LOAD16_S "i64.load16_s" 0x32 Mem(1) [I32] [I64] RMT No Mvp;
    I64_LOAD16_U "i64.load16_u" 0x33 Mem(1) [I32] [I64] RMT No Mvp;
    I64_LOAD32_S "i64.load32_s" 0x34 Mem(2) [I32] [I64] RMT No Mvp;
    I64_LOAD32_U "i64.load32_u" 0x35 Mem(2) [I32] [I64] RMT No Mvp;
    I32_STORE "i32.store" 0x36 Mem(2) [I32, I32] [] WMT No Mvp;
    I64_STORE "i64.store" 0x37 Mem(3) [I32, I64] [] WMT No Mvp;
    F32_STORE "f32.store" 0x38 Mem(2) [I32, F32] [] WMT No Mvp;
    F64_STORE "f64.store" 0x39 Mem(3) [I32, F64] [] WMT No Mvp;
    I32_STORE8 "i32.store8" 0x3a Mem(0) [I32, I32] [] WMT No Mvp;
    I32_STORE16 "i32.store16" 0x3b Mem(1) [I32, I32] [] WMT No Mvp;
    I64_STORE8 "i64.store8" 0x3c Mem(0) [I32, I64] [] WMT No Mvp;
    I64_STORE16 "i64.store16" 0x3d Mem(1) [I32, I64] [] WMT No Mvp;
    I64_STORE32 "i64.store32" 0x3e Mem(2) [I32, I64] [] WMT No Mvp;
    MEMORY_SIZE "memory.size" 0x3f Memory [] [I32] RM No Mvp;
    MEMORY_GROW "memory.grow" 0x40 Memory [I32] [I32] RWM No Mvp;
    I32_CONST "i32.const" 0x41 I32 [] [I32] N Const Mvp;
    I64_CONST "i64.const" 0x42 I64 [] [I64] N Const Mvp;
    F32_CONST "f32.const" 0x43 F32 [] [F32] N Const Mvp;
    F64_CONST "f64.const" 0x44 F64 [] [F64] N Const Mvp;
    I32_EQZ "i32.eqz" 0x45 Plain [I32] [I32] N IntCompare Mvp;
    I32_EQ "i32.eq" 0x46 Plain [I32, I32] [I32] N IntCompare Mvp;
    I32_NE "i32.ne" 0x47 Plain [I32, I32] [I32] N IntCompare Mvp;
    I32_LT_S "i32.lt_s" 0x48 Plain [I32, I32] [I32] N IntCompare Mvp;
    I32_LT_U "i32.lt_u" 0x49 Plain [I32, I32] [I32] N IntCompare Mvp;
    I32_GT_S "i32.gt_s" 0x4a Plain [I32, I32] [I32] N IntCompare Mvp;
    I32_GT_U "i32.gt_u" 0x4b Plain [I32, I32] [I32] N IntCompare Mvp;
    I32_LE_S "i32.le_s" 0x4c Plain [I32, I32] [I32] N IntCompare Mvp;
    I32_LE_U "i32.le_u" 0x4d Plain [I32, I32] [I32] N IntCompare Mvp;
    I32_GE_S "i32.ge_s" 0x4e Plain [I32, I32] [I32] N IntCompare Mvp;
    I32_GE_U "i32.ge_u" 0x4f Plain [I32, I32] [I32] N IntCompare Mvp;
    I64_EQZ "i64.eqz" 0x50 Plain [I64] [I32] N IntCompare Mvp;
    I64_EQ "i64.eq" 0x51 Plain [I64, I64] [I32] N IntCompare Mvp;
    I64_NE "i64.ne" 0x52 Plain [I64, I64] [I32] N IntCompare Mvp;
    I64_LT_S "i64.lt_s" 0x53 Plain [I64, I64] [I32] N IntCompare Mvp;
    I64_LT_U "i64.lt_u" 0x54 Plain [I64, I64] [I32] N IntCompare Mvp;
    I64_GT_S "i64.gt_s" 0x55 Plain [I64, I64] [I32] N IntCompare Mvp;
    I64_GT_U "i64.gt_u" 0x56 Plain [I64, I64] [I32] N IntCompare Mvp;
    I64_LE_S "i64.le_s" 0x57 Plain [I64, I64] [I32] N IntCompare Mvp;
    I64_LE_U "i64.le_u" 0x58 Plain [I64, I64] [I32] N IntCompare Mvp;
    I64_GE_S "i64.ge_s" 0x59 Plain [I64, I64] [I32] N IntCompare Mvp;
    I64_GE_U "i64.ge_u" 0x5a Plain [I64, I64] [I32] N IntCompare Mvp;
    F32_EQ "f32.eq" 0x5b Plain [F32, F32] [I32] N FloatCompare Mvp;
    F32_NE "f32.ne" 0x5c Plain [F32, F32] [I32] N FloatCompare Mvp;
    F32_LT "f32.lt" 0x5d Plain [F32, F32] [I32] N FloatCompare Mvp;
    F32_GT "f32.gt" 0x5e Plain [F32, F32] [I32] N FloatCompare Mvp;
    F32_LE "f32.le" 0x5f Plain [F32, F32] [I32] N FloatCompare Mvp;
    F32_GE "f32.ge" 0x60 Plain [F32, F32] [I32] N FloatCompare Mvp;
    F64_EQ "f64.eq" 0x61 Plain [F64, F64] [I32] N FloatCompare Mvp;
    F64_NE "f64.ne" 0x62 Plain [F64, F64] [I32] N FloatCompare Mvp;
    F64_LT "f64.lt" 0x63 Plain [F64, F64] [I32] N FloatCompare Mvp;
    F64_GT "f64.gt" 0x64 Plain [F64, F64] [I32] N FloatCompare Mvp;
    F64_LE "f64.le" 0x65 Plain [F64, F64] [I32] N FloatCompare Mvp;
    F64_GE "f64.ge" 0x66 Plain [F64, F64] [I32] N FloatCompare Mvp;
    I32_CLZ "i32.clz" 0x67 Plain [I32] [I32] N IntUnary Mvp;
    I32_CTZ "i32.ctz" 0x68 Plain [I32] [I32] N IntUnary Mvp;
    I32_POPCNT "i32.popcnt" 0x69 Plain [I32] [I32] N IntUnary Mvp;
    I32_ADD "i32.add" 0x6a Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_SUB "i32.sub" 0x6b Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_MUL "i32.mul" 0x6c Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_DIV_S "i32.div_s" 0x6d Plain [I32, I32] [I32] T IntDivide Mvp;
    I32_DIV_U "i32.div_u" 0x6e Plain [I32, I32] [I32] T IntDivide Mvp;
    I32_REM_S "i32.rem_s" 0x6f Plain [I32, I32] [I32] T IntDivide Mvp;
    I32_REM_U "i32.rem_u" 0x70 Plain [I32, I32] [I32] T IntDivide Mvp;
    I32_AND "i32.and" 0x71 Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_OR "i32.or" 0x72 Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_XOR "i32.xor" 0x73 Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_SHL "i32.shl" 0x74 Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_SHR_S "i32.shr_s" 0x75 Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_SHR_U "i32.shr_u" 0x76 Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_ROTL "i32.rotl" 0x77 Plain [I32, I32] [I32] N IntBinary Mvp;
    I32_ROTR "i32.rotr" 0x78 Plain [I32, I32] [I32] N IntBinary Mvp;
    I64_CLZ "i64.clz" 0x79 Plain [I64] [I64] N IntUnary Mvp;
    I64_CTZ "i64.ctz" 0x7a Plain [I64] [I64] N IntUnary Mvp;
    I64_POPCNT "i64.popcnt" 0x7b Plain [I64] [I64] N IntUnary Mvp;
    I64_ADD "i64.add" 0x7c Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_SUB "i64.sub" 0x7d Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_MUL "i64.mul" 0x7e Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_DIV_S "i64.div_s" 0x7f Plain [I64, I64] [I64] T IntDivide Mvp;
    I64_DIV_U "i64.div_u" 0x80 Plain [I64, I64] [I64] T IntDivide Mvp;
    I64_REM_S "i64.rem_s" 0x81 Plain [I64, I64] [I64] T IntDivide Mvp;
    I64_REM_U "i64.rem_u" 0x82 Plain [I64, I64] [I64] T IntDivide Mvp;
    I64_AND "i64.and" 0x83 Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_OR "i64.or" 0x84 Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_XOR "i64.xor" 0x85 Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_SHL "i64.shl" 0x86 Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_SHR_S "i64.shr_s" 0x87 Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_SHR_U "i64.shr_u" 0x88 Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_ROTL "i64.rotl" 0x89 Plain [I64, I64] [I64] N IntBinary Mvp;
    I64_ROTR "i64.rotr" 0x8a Plain [I64, I64] [I64] N IntBinary Mvp;
    F32_ABS "f32.abs" 0x8b Plain [F32] [F32] N FloatUnary Mvp;
    F32_NEG "f32.neg" 0x8c Plain [F32] [F32] N FloatUnary Mvp;
    F32_CEIL "f32.ceil" 0x8d Plain [F32] [F32] N FloatUnary Mvp;
    F32_FLOOR "f32.floor" 0x8e Plain [F32] [F32] N FloatUnary Mvp;
    F32_TRUNC "f32.trunc" 0x8f Plain [F32] [F32] N FloatUnary Mvp;
    F32_NEAREST "f32.nearest" 0x90 Plain [F32] [F32] N FloatUnary Mvp;
    F32_SQRT "f32.sqrt" 0x91 Plain [F32] [F32] N FloatUnary Mvp;
    F32_ADD "f32.add" 0x92 Plain [F32, F32] [F32] N FloatBinary Mvp;
    F32_SUB "f32.sub" 0x93 Plain [F32, F32] [F32] N FloatBinary Mvp;
    F32_MUL "f32.mul" 0x94 Plain [F32, F32] [F32] N FloatBinary Mvp;
    F32_DIV "f32.div" 0x95 Plain [F32, F32] [F32] N FloatBinary Mvp;
    F32_MIN "f32.min" 0x96 Plain [F32, F32] [F32] N FloatBinary Mvp;
    F32_MAX "f32.max" 0x97 Plain [F32, F32] [F32] N FloatBinary Mvp;
    F32_COPYSIGN "f32.copysign" 0x98 Plain [F32, F32] [F32] N FloatBinary Mvp;
    F64_ABS "f64.abs" 0x99 Plain [F64] [F64] N FloatUnary Mvp;
    F64_NEG "f64.neg" 0x9a Plain [F64] [F64] N FloatUnary Mvp;
    F64_CEIL "f64.ceil" 0x9b Plain [F64] [F64] N FloatUnary Mvp;
    F64_FLOOR "f64.floor" 0x9c Plain [F64] [F64] N FloatUnary Mvp;
    F64_TRUNC "f64.trunc" 0x9d Plain [F64] [F64] N FloatUnary Mvp;
    F64_NEAREST "f64.nearest" 0x9e Plain [F64] [F64] N FloatUnary Mvp;
    F64_SQRT "f64.sqrt" 0x9f Plain [F64] [F64] N FloatUnary Mvp;
    F64_ADD "f64.add" 0xa0 Plain [F64, F64] [F64] N FloatBinary Mvp;
    F64_SUB "f64.sub" 0xa1 Plain [F64, F64] [F64] N FloatBinary Mvp;
    F64_MUL "f64.mul" 0xa2 Plain [F64, F64] [F64] N FloatBinary Mvp;
    F64_DIV "f64.div" 0xa3 Plain [F64, F64] [F64] N FloatBinary Mvp;
    F64_MIN "f64.min" 0xa4 Plain [F64, F64] [F64] N FloatBinary Mvp;
    F64_MAX "f64.max" 0xa5 Plain [F64, F64] [F64] N FloatBinary Mvp;
    F64_COPYSIGN "f64.copysign" 0xa6 Plain [F64, F64] [F64] N FloatBinary Mvp;
    I32_WRAP_I64 "i32.wrap_i64" 0xa7 Plain [I64] [I32] N Convert Mvp;
    I32_TRUNC_F32_S "i32.trunc_f32_s" 0xa8 Plain [F32] [I32] T ConvertTrapping Mvp;
    I32_TRUNC_F32_U "i32.trunc_f32_u" 0xa9 Plain [F32] [I32] T ConvertTrapping Mvp;
    I32_TRUNC_F64_S "i32.trunc_f64_s" 0xaa Plain [F64] [I32] T ConvertTrapping Mvp;
    I32_TRUNC_F64_U "i32.trunc_f64_u" 0xab Plain [F64] [I32] T ConvertTrapping Mvp;
    I64_EXTEND_I32_S "i64.extend_i32_s" 0xac Plain [I32] [I64] N Convert Mvp;
    I64_EXTEND_I32_U "i64.extend_i32_u" 0xad Plain [I32] [I64] N Convert Mvp;
    I64_TRUNC_F32_S "i64.trunc_f32_s" 0xae Plain [F32] [I64] T ConvertTrapping Mvp;
    I64_TRUNC_F32_U "i64.trunc_f32_u" 0xaf Plain [F32] [I64] T ConvertTrapping Mvp;
    I64_TRUNC_F64_S "i64.trunc_f64_s" 0xb0 Plain [F64] [I64] T ConvertTrapping Mvp;
    I64_TRUNC_F64_U "i64.trunc_f64_u" 0xb1 Plain [F64] [I64] T ConvertTrapping Mvp;
    F32_CONVERT_I32_S "f32.convert_i32_s" 0xb2 Plain [I32] [F32] N Convert Mvp;
    F32_CONVERT_I32_U "f32.convert_i32_u" 0xb3 Plain [I32] [F32] N Convert Mvp;
    F32_CONVERT_I64_S "f32.convert_i64_s" 0xb4 Plain [I64] [F32] N Convert Mvp;
    F32_CONVERT_I64_U "f32.convert_i64_u" 0xb5 Plain [I64] [F32] N Convert Mvp;
    F32_DEMOTE_F64 "f32.demote_f64" 0xb6 Plain [F64] [F32] N Convert Mvp;
    F64_CONVERT_I32_S "f64.convert_i32_s" 0xb7 Plain [I32] [F64] N Convert Mvp;
    F64_CONVERT_I32_U "f64.convert_i32_u" 0xb8 Plain [I32] [F64] N Convert Mvp;
    F64_CONVERT_I64_S "f64.convert_i64_s" 0xb9 Plain [I64] [F64] N Convert Mvp;
    F64_CONVERT_I64_U "f64.convert_i64_u" 0xba Plain [I64] [F64] N Convert Mvp;
    F64_PROMOTE_F32 "f64.promote_f32" 0xbb Plain [F32] [F64] N Convert Mvp;
    I32_REINTERPRET_F32 "i32.reinterpret_f32" 0xbc Plain [F32] [I32] N Convert Mvp;
    I64_REINTERPRET_F64 "i64.reinterpret_f64" 0xbd Plain [F64] [I64] N Convert Mvp;
    F32_REINTERPRET_I32 "f32.reinterpret_i32" 0xbe Plain [I32] [F32] N Convert Mvp;
    F64_REINTERPRET_I64 "f64.reinterpret_i64" 0xbf Plain [I64] [F64] N Convert Mvp;
    I32_EXTEND8_S "i32.extend8_s" 0xc0 Plain [I32] [I32] N IntUnary SignExtension;
    I32_EXTEND16_S "i32.extend16_s" 0xc1 Plain [I32] [I32] N IntUnary SignExtension;
    I64_EXTEND8_S "i64.extend8_s" 0xc2 Plain [I64] [I64] N IntUnary SignExtension;
    I64_EXTEND16_S "i64.extend16_s" 0xc3 Plain [I64] [I64] N IntUnary SignExtension;
    I64_EXTEND32_S "i64.extend32_s" 0xc4 Plain [I64] [I64] N IntUnary SignExtension;
    REF_NULL "ref.null" 0xd0 RefNull [] [] N No ReferenceTypes;
    REF_IS_NULL "ref.is_null" 0xd1 RefTest [] [I32] N No ReferenceTypes;
    REF_FUNC "ref.func" 0xd2 RefFunc [] [] N No ReferenceTypes;
    I32_TRUNC_SAT_F32_S "i32.trunc_sat_f32_s" 0xfc 0x00 Plain [F32] [I32] N Convert SaturatingFloatToInt;
    I32_TRUNC_SAT_F32_U "i32.trunc_sat_f32_u" 0xfc 0x01 Plain [F32] [I32] N Convert SaturatingFloatToInt;
    I32_TRUNC_SAT_F64_S "i32.trunc_sat_f64_s" 0xfc 0x02 Plain [F64] [I32] N Convert SaturatingFloatToInt;
    I32_TRUNC_SAT_F64_U "i32.trunc_sat_f64_u" 0xfc 0x03 Plain [F64] [I32] N Convert SaturatingFloatToInt;
    I64_TRUNC_SAT_F32_S "i64.trunc_sat_f32_s" 0xfc 0x04 Plain [F32] [I64] N Convert SaturatingFloatToInt;
    I64_TRUNC_SAT_F32_U "i64.trunc_sat_f32_u" 0xfc 0x05 Plain [F32] [I64] N Convert SaturatingFloatToInt;
    I64_TRUNC_SAT_F64_S "i64.trunc_sat_f64_s" 0xfc 0x06 Plain [F64] [I64] N Convert SaturatingFloatToInt;
    I64_TRUNC_SAT_F64_U "i64.trunc_sat_f64_u" 0xfc 0x07 Plain [F64] [I64] N Convert SaturatingFloatToInt;
    MEMORY_INIT "memory.init" 0xfc 0x08 MemoryInit [I32, I32, I32] [] WMT No BulkMemory;
    DATA_DROP "data.drop" 0xfc 0x09 Data [] [] WM No BulkMemory;
    MEMORY_COPY "memory.copy" 0xfc 0x0a MemoryCopy [I32, I32, I32] [] RWMT No BulkMemory;
    MEMORY_FILL "memory.fill" 0xfc 0x0b Memory [I32, I32, I32] [] WMT No BulkMemory;
    TABLE_INIT "table.init" 0xfc 0x0c TableInit [I32, I32, I32] [] WST No BulkMemory;
    ELEM_DROP "elem.drop" 0xfc 0x0d Elem [] [] WS No BulkMemory;
    TABLE_COPY "table.copy" 0xfc 0x0e TableCopy [I32, I32, I32] [] RWST No BulkMemory;
    TABLE_GROW "table.grow" 0xfc 0x0f Table [] [] RWS No ReferenceTypes;
    TABLE_SIZE "table.size" 0xfc 0x10 Table [] [I32] RS No ReferenceTypes;
    TABLE_FILL "table.fill" 0xfc 0x11 Table [] [] WST No ReferenceTypes;
    V128_CONST "v128.const" 0xfd 0x0c V128 [] [V128] N Const Simd;
}
