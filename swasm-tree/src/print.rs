//! A module or a body ⇒ folded WebAssembly text, as an expert would write it by hand: names instead of indices, one line
//! for what fits in it, `offset=` and `align=` only where they say something.
//!
//! Law: a module that was read, printed, and parsed with the `wat` crate is the same module: written again it has the
//! same bytes, up to names (items without one get one), where custom sections stand, and a data count section that no
//! code asks for. Of a module under construction the values of symbols, which only a written module knows, stand as 0
//! with the symbol in a comment, and data without a place is left out.
//! A function's text depends on the function, and on names of what it uses, only.

mod body;
mod declare;
mod names;
mod operator;
mod values;

use crate::{Body, FuncId, FuncKind, Module};
use body::Printer;
use declare::Declarations;
use names::Names;

/// Lines are at most this long, where that is possible.
const WIDTH: usize = 80;
const INDENT: usize = 2;
/// However deep something is nested, it does not stand further to the right, so that text stays in proportion to code.
const MAX_INDENT: usize = 100;

/// A function as text.
pub fn print(module: &Module, func: FuncId, body: &Body) -> String {
    let names = Names::of(module);
    let mut out = String::new();
    Printer::new(module, &names, body).function(func, 0, true, &mut out);
    out.push('\n');
    out
}

/// A module as text. A function has the body that `body_of` gives; without one, code that was read is opened, and a
/// function that has other code is left out.
///
/// ```
/// let bytes = wat::parse_str("(module (func $f (param i32) (result i32) local.get 0))").expect("it is text");
/// let module = swasm_tree::Module::read(bytes).expect("it is a module");
/// let text = swasm_tree::print_module(&module, |_| None);
/// assert_eq!(
///     text,
///     "(module
///   (type (;0;) (func (param i32) (result i32)))
///   (func $f (param $0 i32) (result i32)
///     (local.get $0)))
/// "
/// );
/// ```
pub fn print_module<'a>(module: &Module, body_of: impl Fn(FuncId) -> Option<&'a Body>) -> String {
    let names = Names::of(module);
    let mut opened = Body::new(&[], &[]);
    let funcs = || (0..module.funcs.len() as u32).map(FuncId);
    let shown = |func: &FuncId| {
        matches!(module.func(*func).kind, FuncKind::Read(_)) || body_of(*func).is_some()
    };
    let mut declarations = Declarations::new(module, &names, funcs().filter(shown), true);
    declarations.function_table(funcs().filter_map(&body_of));
    declarations.before_code();
    for func in funcs().filter(shown) {
        let body = match body_of(func) {
            Some(body) => body,
            None => {
                module.open(func, &mut opened);
                &opened
            }
        };
        declarations.function(func, &Printer::new(module, &names, body));
    }
    declarations.after_code();
    declarations.finish()
}

/// A module as text without what functions do and what segments hold: declarations and signatures.
pub fn print_skeleton(module: &Module) -> String {
    let names = Names::of(module);
    let is_defined = |func: &FuncId| !matches!(module.func(*func).kind, FuncKind::Import(_));
    let defined = || (0..module.funcs.len() as u32).map(FuncId).filter(is_defined);
    let mut declarations = Declarations::new(module, &names, defined(), false);
    declarations.before_code();
    for func in defined() {
        declarations.signature(func);
    }
    declarations.after_code();
    declarations.finish()
}

fn line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent.min(MAX_INDENT)));
}
