//! WebAssembly as a tree: operator table, building, walking, folded text, verifying, encoding.
//!
//! One law: **a node's encoding is its children's encodings in order, then its own bytes**; a block puts its body after
//! its header. So [`Body::children`] is the only enumeration of children there is.
//!
//! No index, branch depth or section order exists outside this crate: everything is named by typed ids, a label is its
//! block's [`NodeId`], and [`Module::write`] counts last.

mod body;
mod encode;
mod ids;
mod module;
mod op;
mod types;

pub use body::{BlockType, Body, MemArg, Node, Symbol, View, WithImmediate};
pub use encode::{Code, Reloc, Target};
pub use ids::{
    DataId, ElemId, FuncId, GlobalId, Loc, LocalId, MemoryId, NodeId, TableId, TagId, TypeId,
};
pub use module::{
    ConstExpr, Data, DataPlace, Elem, ElemPlace, Export, ExportItem, Func, FuncKind, Global,
    GlobalKind, Import, Memory, Module, STATIC_BASE, Table, Tag,
};
pub use op::{Effects, Fold, Op, Opcode, Proposal, Row, Shape};
pub use types::{FuncType, HeapType, RefType, Types, ValType};

pub mod template {
    //! Placeholder until the crate lands.
    /// A template.
    #[derive(Debug)]
    pub struct Template;
}
