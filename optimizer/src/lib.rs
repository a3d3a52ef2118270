//! Tree in, better tree out: the ordered list of passes.
//!
//! A pass is a function over one body; [`all`] lists them with what each turns into what, and [`passes()`] says which of
//! them a [`Level`] runs, in which order. What a pass must know about other functions it gets through [`Callees`]: the
//! bodies that may be copied into callers. [`optimize_module`] does all that for a module that was read.
//!
//! Invariant: a body that verifies still verifies after each pass, and does the same: same results, same writes and
//! calls in the same order, same trap at the same position.
//!
//! ```
//! use swasm_optimizer::{Level, NoCallees, optimize, passes};
//! use swasm_tree::{Body, FuncType, Module, Op, ValType::I32};
//!
//! let mut module = Module::new();
//! let func = module.declare_func(FuncType::new(&[I32], &[I32]), Some("twice"));
//! let mut body = Body::new(&[I32], &[I32]);
//! let copy = body.add_local(I32);
//! let x = body.local_get(swasm_tree::LocalId(0));
//! let set = body.local_set(copy, x);
//! let (a, b) = (body.local_get(copy), body.local_get(copy));
//! let sum = body.plain(Op::I32_ADD, &[a, b]);
//! let root = body.seq(&[set, sum]);
//! body.set_root(root);
//!
//! optimize(&module, func, &mut body, passes(Level::O1), &NoCallees, &mut |_, _| ());
//! assert_eq!(body.local_count(), 1); // (i32.add (local.get 0) (local.get 0))
//! ```

mod cursor;
mod effects;
mod facts;
mod module;
mod passes;
mod references;
mod rewrite;
mod simplify;
mod uses;

pub use module::{SmallFunctions, optimize_module};
pub use passes::inline::{InlineHint, is_inlinable};
pub use passes::{Callees, Level, NoCallees, Pass, all, by_name, optimize, passes};
