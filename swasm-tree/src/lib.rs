//! WebAssembly as a tree: operator table, building, walking, folded text, verifying, encoding.
//!
//! One law: **a node's encoding is its children's encodings in order, then its own bytes**; a block puts its body after
//! its header. So [`Body::children`] is the only enumeration of children there is.
//!
//! No index, branch depth or section order exists outside this crate: everything is named by typed ids, a label is its
//! block's [`NodeId`], and [`Module::write`] counts last. A body is encoded only when verified.
//!
//! ```
//! use swasm_tree::{Body, ExportItem, FuncType, LocalId, Module, Op, ValType::I32, WriteOptions, encode, verify};
//!
//! let mut module = Module::new();
//! let add = module.declare_func(FuncType::new(&[I32, I32], &[I32]), Some("add"));
//! let mut body = Body::new(&[I32, I32], &[I32]);
//! let (a, b) = (body.local_get(LocalId(0)), body.local_get(LocalId(1)));
//! let sum = body.plain(Op::I32_ADD, &[a, b]);
//! body.set_root(sum);
//! let code = encode(verify(&module, add, &body).expect("operands have the right types"));
//! module.define(add, code);
//! module.export("add", ExportItem::Func(add));
//! let written = module.write(&WriteOptions::default());
//! wasmparser::validate(&written.bytes).expect("what passes the verifier is valid");
//! ```
//!
//! Modules that others compiled are read with [`Module::read`] and rewritten: [`Module::open`] makes a tree of a function's code,
//! [`Body::pre_order`] finds nodes, [`Body::rewrite`] replaces them, [`Body::insert_child`] adds statements, [`Body::spill`] keeps an operand in a
//! local, [`Walker`] knows which labels are in scope, [`Body::nest`] removes what the stack hides, [`Module::define`] and
//! [`Module::displace`] put one function in another's place. `docs/tree.md` explains each with an example.

// Tests within the crate share the generator of random bodies with those outside.
#[cfg(test)]
extern crate self as swasm_tree;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

mod backward;
mod body;
mod code;
mod encode;
mod fold;
mod ids;
mod layout;
mod local_names;
mod module;
mod nest;
mod op;
mod open;
mod print;
mod reach;
mod read;
mod renumber;
mod signature;
pub mod template;
mod types;
mod verify;
mod walk;
mod write;

pub use body::{BlockType, Body, Catch, MemArg, Node, Symbol, View, WithImmediate};
pub use code::Code;
pub use encode::{Encoder, encode};
pub use fold::{Const, evaluate};
pub use ids::{
    DataId, ElemId, ExprId, FuncId, GlobalId, Loc, LocalId, MemoryId, NodeId, TableId, TagId,
    TypeId,
};
pub use module::{
    ConstExpr, Custom, Data, DataPlace, Elem, ElemPlace, Export, ExportItem, Func, FuncKind,
    Global, GlobalKind, Import, Memory, Module, ReadCode, STATIC_BASE, SectionKind, Table, Tag,
};
pub use op::{Effects, Fold, Op, Opcode, Proposal, Row, Shape};
pub use print::{print, print_module, print_skeleton};
pub use read::{FEATURES, ReadError, Reading};
pub use signature::{TypeList, result_count, results};
pub use types::{
    AbstractHeapType, CompositeType, FieldType, FuncType, HeapType, RefType, StorageType, SubType,
    Types, ValType,
};
pub use verify::{Rule, Verified, Verifier, VerifyError, verify};
pub use walk::{Remap, Step, Unchanged, Walker};
pub use write::{Producers, WriteOptions, Written, WrittenFunc};

/// The samples of the document are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/tree.md")]
mod document {}
