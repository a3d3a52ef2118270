//! Makes an imported function one of the module's own: whatever called `env.random` calls a generator that is written here.
//! `cargo run -p swasm-tree --example replace_import -- in.wasm out.wasm`

use std::error::Error;

use swasm_tree::template::{SymbolTarget, parse};
use swasm_tree::{
    Body, ConstExpr, FuncType, Global, GlobalKind, Module, ValType, WriteOptions, encode, verify,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("which module, and where to?".into());
    };
    std::fs::write(to, replace(std::fs::read(from)?)?)?;
    Ok(())
}

/// Marsaglia's generator of 32 bits.
const XORSHIFT: &str = "
    (global.set $state (i32.xor (global.get $state) (i32.shl (global.get $state) (i32.const 13))))
    (global.set $state (i32.xor (global.get $state) (i32.shr_u (global.get $state) (i32.const 17))))
    (global.set $state (i32.xor (global.get $state) (i32.shl (global.get $state) (i32.const 5))))
    (global.get $state)";

/// The module without the import.
pub(crate) fn replace(module: Vec<u8>) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut module = Module::read(module)?;
    let (random, ty) = module.find_import("env", "random").ok_or("no such import")?;
    if *ty != FuncType::new(&[], &[ValType::I32]) {
        return Err("it takes or gives something else".into());
    }
    let state = module.add_global(Global {
        ty: ValType::I32,
        mutable: true,
        shared: false,
        name: Some("state".into()),
        kind: GlobalKind::Defined(ConstExpr::I32(0x92d6_8ca2_u32 as i32)),
    });
    let template = parse(XORSHIFT).expect("it is right");
    let state = vec![SymbolTarget::Global(state); template.symbols.len()];
    let mut body = Body::new(&[], &[ValType::I32]);
    let root = template.instantiate(&mut body, &[], &state);
    body.set_root(root);
    // The id stays, so that callers, tables and exports need not be touched.
    let code = encode(verify(&module, random, &body).expect("it is right"));
    module.define(random, code);
    Ok(module.write(&WriteOptions { names: true, producers: None }).bytes)
}
