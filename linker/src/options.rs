//! What a user may choose about linking, and what he gets.

use std::fmt;
use std::sync::Arc;

/// How much to optimise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum OptLevel {
    /// Nothing: each function is the straight translation of its text.
    O0,
    /// The cheap passes.
    #[default]
    O1,
    /// All passes.
    O2,
    /// All passes, for size.
    Os,
}

/// How accesses through memory segments are guarded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum MemoryMode {
    /// Bounds are tested; an access outside traps with the numbers.
    #[default]
    Checked,
    /// Bounds are the program's duty.
    Unchecked,
    /// Checked; freed memory is never reused, and access to it traps.
    Poison,
    /// Checked; memory is cleared when its scope ends.
    Zero,
}

/// The choices of one [`link`](crate::link()).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// How much to optimise.
    pub opt_level: OptLevel,
    /// How memory accesses are guarded.
    pub memory: MemoryMode,
    /// Leaves out the `name` and `producers` sections and debug information.
    pub strip: bool,
    /// The passes to run, by name, instead of the optimisation level's list.
    pub passes: Option<Vec<String>>,
    /// Functions, by path (`module::name`), that are kept, not inlined away and not changed in signature although nothing exports them.
    pub roots: Vec<String>,
    /// Trees to print on the way.
    pub prints: Vec<Print>,
    /// Core modules that are linked statically.
    pub links: Vec<LinkedModule>,
}

/// A core module that is linked statically: its exports satisfy the imports that name it.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkedModule {
    /// The name of the imports' module.
    pub name: String,
    /// The module's bytes.
    pub bytes: Arc<[u8]>,
}

impl fmt::Debug for LinkedModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedModule")
            .field("name", &self.name)
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// A request to print a function's tree as folded WebAssembly text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Print {
    /// When.
    pub stage: Stage,
    /// Which function, by path; all reachable ones if `None`.
    pub function: Option<String>,
}

/// A moment in a function's life as a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Just lowered.
    Lowered,
    /// After the pass of this name.
    After(String),
    /// As it is encoded.
    Final,
}
