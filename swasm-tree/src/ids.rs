//! Typed indices: what the tree names things by before any WebAssembly index exists.
//!
//! Invariant: an id is only ever used with the module (or, for [`LocalId`] and [`NodeId`], the body) that made it.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position this id stands for.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}

ids! {
    /// A function, imported or defined: an index into `Module::funcs`.
    FuncId
    /// A global: an index into `Module::globals`.
    GlobalId
    /// A memory: an index into `Module::memories`.
    MemoryId
    /// A table: an index into `Module::tables`.
    TableId
    /// A data segment: an index into `Module::datas`.
    DataId
    /// An element segment: an index into `Module::elems`.
    ElemId
    /// An exception tag: an index into `Module::tags`.
    TagId
    /// An interned type: see `Module::types`.
    TypeId
    /// A constant expression of more than one operator: an index into `Module::exprs`.
    ExprId
    /// A parameter or local of one body; parameters come first.
    LocalId
}

impl TableId {
    /// The module's own function table, which [`Symbol::TableSlot`](crate::Symbol::TableSlot) counts slots of.
    pub const FUNCTIONS: TableId = TableId(u32::MAX);
}

/// A node of one [`Body`](crate::Body).
pub type NodeId = la_arena::Idx<crate::Node>;

/// A source position, opaque to this crate: whoever builds a body keeps the table that explains it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Loc(pub u32);

impl Loc {
    /// No position is known.
    pub const NONE: Loc = Loc(0);
}

/// The number that [`node_from_raw`] turns back into the id.
#[inline]
pub(crate) fn node_raw(id: NodeId) -> u32 {
    id.into_raw().into_u32()
}

/// The id that [`node_raw`] made a number of.
#[inline]
pub(crate) fn node_from_raw(raw: u32) -> NodeId {
    NodeId::from_raw(la_arena::RawIdx::from_u32(raw))
}
