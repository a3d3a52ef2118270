//! What engines take at most. A program beyond is refused here, in its own terms, and not by whoever loads the module.
//!
//! Invariant: no engine refuses a module of ours for one of these numbers. Those of a single type or name are the checker's.

use swasm_frontend_ir::checked::{Def, DefId, Place};
use swasm_frontend_ir::{Diagnostic, codes};
use swasm_tree::{Body, ExportItem, FuncId, GlobalId, Written};

use crate::reach::Reached;
use crate::unit::Unit;

/// How much of what a module may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Functions, imports among them.
    functions: usize,
    globals: usize,
    exports: usize,
    /// Locals of a function, parameters among them.
    locals: usize,
    /// Bytes of a function's body.
    body_bytes: usize,
}

/// The limits that engines agreed on: <https://webassembly.github.io/spec/js-api/#limits>.
pub(crate) const ENGINES: Limits = Limits {
    functions: 1_000_000,
    globals: 1_000_000,
    exports: 1_000_000,
    locals: 50_000,
    body_bytes: 7_654_321,
};

impl Limits {
    /// Whether a body has more locals than engines take.
    pub(crate) fn has_too_many_locals(&self, body: &Body) -> bool {
        body.local_count() > self.locals
    }

    /// What is said of a function with too many locals.
    pub(crate) fn locals(&self, unit: &Unit<'_>, def: DefId, body: &Body) -> Option<Diagnostic> {
        if !self.has_too_many_locals(body) {
            return None;
        }
        let count = body.local_count();
        let name = path(unit, def);
        let message =
            format!("`{name}` has {count} variables and intermediate values at the same time");
        let error = Diagnostic::error(codes::TOO_LARGE, place(unit, def), message)
            .note(format!("engines take at most {} locals in a function", self.locals))
            .help("divide the function, or keep values in memory");
        Some(error)
    }

    /// What is too large about a module that was written.
    pub(crate) fn module(
        &self,
        unit: &Unit<'_>,
        functions: &[Reached],
        written: &Written,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let of = |func: FuncId| {
            functions.iter().map(|reached| reached.def).find(|def| unit.func(*def) == func)
        };
        for func in &written.funcs {
            if func.range.len() > self.body_bytes
                && let Some(def) = of(func.func)
            {
                let message =
                    format!("`{}` has {} bytes of code", path(unit, def), func.range.len());
                found.push(
                    Diagnostic::error(codes::TOO_LARGE, place(unit, def), message)
                        .note(format!("engines take at most {} in a function", self.body_bytes))
                        .help("divide the function, or keep large tables in static data"),
                );
            }
        }
        let imports = unit.import_modules().count();
        let defined = self.functions.saturating_sub(imports);
        if written.funcs.len() > defined {
            let last = written.funcs.get(defined).and_then(|func| of(func.func));
            found.push(too_many(unit, last, "functions", self.functions));
        }
        if unit.module.globals.len() > self.globals {
            let last = unit.static_of(GlobalId(self.globals as u32));
            found.push(too_many(unit, last, "globals", self.globals));
        }
        let exports = &unit.module.exports;
        if exports.len() > self.exports {
            let last = match exports[self.exports].item {
                ExportItem::Func(func) => of(func),
                ExportItem::Global(global) => unit.static_of(global),
                ExportItem::Table(_) | ExportItem::Memory(_) | ExportItem::Tag(_) => None,
            };
            found.push(too_many(unit, last, "exports", self.exports));
        }
        found
    }
}

/// `last` is the first of a kind that there is no room for; nothing if the linker made it.
fn too_many(unit: &Unit<'_>, last: Option<DefId>, what: &str, limit: usize) -> Diagnostic {
    let note = format!("engines take at most {limit}");
    let error = match last {
        Some(def) => {
            let message = format!("with `{}` the module has too many {what}", path(unit, def));
            Diagnostic::error(codes::TOO_LARGE, place(unit, def), message)
        }
        None => Diagnostic::global(codes::TOO_LARGE, format!("the module has too many {what}")),
    };
    error.note(note).help("make several modules of the program")
}

fn place(unit: &Unit<'_>, def: DefId) -> Place {
    match unit.program.def(def) {
        Def::Function(function) => function.place,
        Def::Struct(structure) => structure.place,
        Def::Global(global) => global.place,
    }
}

/// A definition as its program's first module names it.
fn path<'a>(unit: &Unit<'a>, def: DefId) -> &'a str {
    let path: &'a str = match unit.program.def(def) {
        Def::Function(function) => &function.path,
        Def::Struct(structure) => &structure.path,
        Def::Global(global) => &global.path,
    };
    unit.name(def.module, path)
}

#[cfg(test)]
mod tests {
    use swasm_frontend_ir::Sources;

    use super::{ENGINES, Limits};
    use crate::artifact::Observer;
    use crate::{MemoryMode, OptLevel, Options, Program, link_with};

    /// What is said of a program, each with its line.
    fn said(text: &str, opt_level: OptLevel, limits: &Limits) -> Vec<String> {
        let mut program = Program::default();
        program.text("main.swir", text.as_bytes());
        let checked = program.check().expect("the texts below are right");
        let options = Options { opt_level, memory: MemoryMode::Checked, ..Options::default() };
        let Err(diagnostics) = link_with(&checked, &options, &mut Observer(None), limits) else {
            return Vec::new();
        };
        let line = |diagnostic: &swasm_frontend_ir::Diagnostic| {
            let place = diagnostic.place.expect("somebody wrote it");
            checked.source(place.module).position(place.span).line
        };
        let show = |it: &swasm_frontend_ir::Diagnostic| {
            format!("{} {}: {}", it.code, line(it), it.message)
        };
        diagnostics.iter().map(show).collect()
    }

    #[test]
    fn counts_of_a_module() {
        let text = "static mut A: i32 = 1;\nstatic mut B: i32 = 2;\n\
            #[inline(never)] fn f(x: i32) -> i32 { A = x; B = x; x }\n\
            #[wasm_export(\"g\")] fn g(x: i32) -> i32 { f(x) + f(2) }\n\
            #[wasm_export(\"h\")] #[wasm_export(\"i\")] fn h(x: i32) -> i32 { f(x) * f(3) }\n";
        let opt_level = OptLevel::O1;
        let fits = Limits { functions: 3, globals: 2, exports: 3, ..ENGINES };
        assert_eq!(said(text, opt_level, &fits), [""; 0]);
        let functions = Limits { functions: 2, ..fits };
        assert_eq!(
            said(text, opt_level, &functions),
            ["SW0520 5: with `h` the module has too many functions"]
        );
        let globals = Limits { globals: 1, ..fits };
        assert_eq!(
            said(text, opt_level, &globals),
            ["SW0520 2: with `B` the module has too many globals"]
        );
        let exports = Limits { exports: 2, ..fits };
        assert_eq!(
            said(text, opt_level, &exports),
            ["SW0520 5: with `h` the module has too many exports"]
        );
    }

    /// A function with `count` variables that are all alive until its end.
    fn variables(count: usize) -> String {
        let lets: String = (0..count).map(|at| format!("let v{at} = x * {at} + f(x);\n")).collect();
        let sum: String = (0..count).map(|at| format!(" ^ v{at}")).collect();
        format!(
            "#[inline(never)] fn f(x: i32) -> i32 {{ x }}\n\
             #[wasm_export(\"large\")]\nfn large(x: i32) -> i32 {{\n{lets}\nx{sum} }}"
        )
    }

    #[test]
    fn locals_of_a_function() {
        let too_many = |said: &[String]| match said {
            [one] => {
                one.starts_with("SW0520 3: `large` has ")
                    && one.ends_with(" variables and intermediate values at the same time")
            }
            _ => false,
        };
        for opt_level in [OptLevel::O0, OptLevel::O1] {
            let over = said(&variables(50_001), opt_level, &ENGINES);
            assert!(too_many(&over), "{opt_level:?}: {over:?}");
            assert_eq!(said(&variables(49_000), opt_level, &ENGINES), [""; 0]);
        }
        // Many, but few at the same time.
        let lets: String =
            (0..60_000).map(|at| format!("let v{at} = x + {at}; x = v{at} * 3;\n")).collect();
        let text =
            format!("#[wasm_export(\"large\")]\n\nfn large(mut x: i32) -> i32 {{\n{lets}\nx }}");
        for opt_level in [OptLevel::O0, OptLevel::O1] {
            assert_eq!(said(&text, opt_level, &ENGINES), [""; 0]);
        }
    }

    #[test]
    fn bytes_of_a_function() {
        let statements = |count: usize| {
            let all = "x = (x ^ 0x7123456789abcdef) * 0x7123456789abcded ^ 0x7123456789abcdec;\n"
                .repeat(count);
            format!("#[wasm_export(\"large\")]\nfn large(mut x: i64) -> i64 {{\n{all}x }}")
        };
        let over = said(&statements(200_000), OptLevel::O0, &ENGINES);
        let [one] = &over[..] else { panic!("{over:?}") };
        assert!(one.starts_with("SW0520 2: `large` has "), "{one}");
        assert_eq!(said(&statements(150_000), OptLevel::O0, &ENGINES), [""; 0]);
    }
}
