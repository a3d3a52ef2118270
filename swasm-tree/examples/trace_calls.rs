//! Has a module say which function it calls, before every call:
//! `cargo run -p swasm-tree --example trace_calls -- in.wasm out.wasm`
//!
//! `(call $f (i32.const 7))` ⇒ `(call $f (i32.const 7) (call $trace (i32.const 3)))`, where 3 was the index of `$f`, and `$trace` is imported.

use std::error::Error;

use swasm_tree::{
    Body, Encoder, FuncId, FuncType, Module, ReadError, ValType, Verifier, View, WriteOptions,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("which module, and where to?".into());
    };
    std::fs::write(to, trace(std::fs::read(from)?)?)?;
    Ok(())
}

/// The module that tells `trace.call` what it is going to call.
pub(crate) fn trace(module: Vec<u8>) -> Result<Vec<u8>, ReadError> {
    let mut module = Module::read(module)?;
    let funcs = (0..module.funcs.len() as u32).map(FuncId);
    // An import more moves all functions: only the writer has to know.
    let trace = module.import_func("trace", "call", FuncType::new(&[ValType::I32], &[]));
    let (mut verifier, mut encoder) = (Verifier::new(), Encoder::new());
    let mut body = Body::new(&[], &[]);
    for func in funcs {
        if !module.open(func, &mut body) {
            continue;
        }
        body.rewrite(|body, node| {
            if let View::Call(callee) = body.view(node) {
                let number = body.i32_const(callee.0 as i32);
                let call = body.call(trace, &[number]);
                // Behind the arguments, right before the call.
                body.insert_child(node, body.children(node).len(), call);
            }
            None
        });
        let verified = verifier.verify(&module, func, &body);
        let code = encoder.encode(verified.expect("a statement more is allowed everywhere"));
        module.define(func, code);
    }
    Ok(module.write(&WriteOptions { names: true, producers: None }).bytes)
}
