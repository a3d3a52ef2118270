//! A random module ⇒ a program of ours that calls all that can be called of it, and holds it statically linked.

use std::fmt::Write;

use swasm_frontend_ir::codes;
use swasm_linker::{LinkedModule, OptLevel, Options, Program};
use swasm_tree::{
    Body, ExportItem, FuncId, FuncType, LocalId, MemArg, Module, Op, ValType, WriteOptions, encode,
    verify,
};

use crate::Failure;

/// The export that gives the module fuel.
pub(crate) const REFUEL: &str = "refuel";
/// Addresses that the export which reads memory reaches.
const PEEKED: i32 = 0x7ff;

/// A module of which everything that counts is reached by calls: others see nothing else of a linked module.
pub(crate) fn callable(bytes: &[u8], fuel: i32) -> Result<Vec<u8>, String> {
    let mut module = Module::read(bytes).map_err(|error| error.to_string())?;
    let exports = module.exports.clone();
    for export in exports {
        match export.item {
            ExportItem::Global(global) => {
                let ty = module.globals[global.index()].ty;
                if &*export.name == "fuel" {
                    add(&mut module, REFUEL, &[], &[], |body| {
                        let value = body.i32_const(fuel);
                        body.global_set(global, value)
                    });
                } else if !matches!(ty, ValType::Ref(_)) {
                    let name = format!("get {}", export.name);
                    add(&mut module, &name, &[], &[ty], |body| body.global_get(global));
                }
            }
            ExportItem::Memory(memory) => {
                let wide = module.memories[memory.index()].memory64;
                let name = format!("peek {}", export.name);
                add(&mut module, &name, &[ValType::I32], &[ValType::I64], |body| {
                    let (at, mask) = (body.local_get(LocalId(0)), body.i32_const(PEEKED));
                    let at = body.plain(Op::I32_AND, &[at, mask]);
                    let at = if wide { body.plain(Op::I64_EXTEND_I32_U, &[at]) } else { at };
                    body.load(Op::I64_LOAD, MemArg { align_log2: 0, offset: 0, memory }, at)
                });
            }
            ExportItem::Func(_) | ExportItem::Table(_) | ExportItem::Tag(_) => (),
        }
    }
    Ok(module.write(&WriteOptions { names: true, producers: None }).bytes)
}

fn add(
    module: &mut Module,
    name: &str,
    params: &[ValType],
    results: &[ValType],
    root: impl FnOnce(&mut Body) -> swasm_tree::NodeId,
) {
    let func = module.declare_func(FuncType::new(params, results), Some(name));
    let mut body = Body::new(params, results);
    let root = root(&mut body);
    body.set_root(root);
    let code = encode(verify(module, func, &body).expect("it is a few operators long"));
    module.define(func, code);
    module.export(name, ExportItem::Func(func));
}

/// The type's name in the language, if it has one.
fn name_of(ty: ValType) -> Option<&'static str> {
    Some(match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        ValType::V128 => "v128",
        ValType::Ref(_) => return None,
    })
}

/// A program that exports a function for each that the module exports, as far as the language has its types.
fn program(module: &Module) -> String {
    let mut text = String::new();
    for (number, export) in module.exports.iter().enumerate() {
        let ExportItem::Func(FuncId(func)) = export.item else { continue };
        let ty = module.types.get(module.funcs[func as usize].ty);
        let names =
            |types: &[ValType]| types.iter().map(|&ty| name_of(ty)).collect::<Option<Vec<_>>>();
        let (Some(params), Some(results)) = (names(&ty.params), names(&ty.results)) else {
            continue;
        };
        let result = match &*results {
            [] => String::new(),
            [one] => format!(" -> {one}"),
            several => {
                let fields: Vec<String> =
                    several.iter().enumerate().map(|(at, ty)| format!("r{at}: {ty}")).collect();
                writeln!(text, "struct R{number} {{ {} }}", fields.join(", "))
                    .expect("it is a string");
                format!(" -> R{number}")
            }
        };
        let list: Vec<String> =
            params.iter().enumerate().map(|(at, ty)| format!("p{at}: {ty}")).collect();
        let (list, name) = (list.join(", "), &export.name);
        let arguments: Vec<String> = (0..params.len()).map(|at| format!("p{at}")).collect();
        let arguments = arguments.join(", ");
        writeln!(
            text,
            "#[wasm_import(\"lib\", \"{name}\")] extern fn lib{number}({list}){result};\n\
             #[wasm_export(\"{name}\")] fn own{number}({list}){result} {{ lib{number}({arguments}) }}"
        )
        .expect("it is a string");
    }
    text
}

/// The program that holds the module. A module that imports a memory which is not the program's cannot be linked.
pub(crate) fn link(bytes: &[u8], opt_level: OptLevel) -> Result<Vec<u8>, Failure> {
    let module = Module::read(bytes).map_err(|error| Failure::Wrong(error.to_string()))?;
    let text = program(&module);
    let mut program = Program::default();
    program.text("main.swir", text.as_bytes());
    let checked = program
        .check()
        .map_err(|failed| Failure::Wrong(format!("{:?}\n{text}", failed.diagnostics)))?;
    let links = vec![LinkedModule { name: "lib".to_owned(), bytes: bytes.into() }];
    let options = Options { opt_level, links, ..Options::default() };
    match swasm_linker::link(&checked, &options) {
        Ok(artifact) => Ok(artifact.wasm),
        Err(diagnostics) if diagnostics.iter().all(|it| it.code == codes::LINK_IMPORT) => {
            Err(Failure::GivenUp(format!("{diagnostics:?}")))
        }
        Err(diagnostics) => Err(Failure::Wrong(format!("{diagnostics:?}"))),
    }
}
