//! The same program gives the same bytes: again, and on any number of threads. (From another folder: see the command's tests.)

use std::fmt::Write as _;

use swasm_linker::{OptLevel, Options, Program, link};

/// Enough functions that threads are used, some copied into others, with data, statics, pointers and the library.
fn program() -> String {
    let mut text = String::from(
        "use std::io;\nstatic mut COUNT: i64 = 0;\nfn twice(x: i32) -> i32 { COUNT += 1; x * 2 }\n",
    );
    for at in 0..500 {
        let callee =
            if at < 3 { "twice(a)".to_owned() } else { format!("f{}(a ^ {at}, b)", at / 3) };
        writeln!(
            text,
            "fn f{at}(a: i32, b: i32) -> i32 {{
    let p: extern fn(i32) -> i32 = twice;
    let text = b\"number {at}\\n\";
    let mut x = {callee} + p(b) + text.size() as i32;
    with_memory_allocator |mem| {{
        let area = mem.allocate(b as addr + 8, 4);
        for i in 0..2 {{ area.i32[i] = x + i; x ^= area.i32[i]; }}
    }}
    match x & 7 {{ 0 => 5, 1 => 7, 2 => x, 3 => a, 4 => b, _ => twice(x) }}
}}"
        )
        .expect("writing to a string does not fail");
    }
    text.push_str("#[wasm_export(\"_start\")] fn main() { let mut sum = 0; ");
    for at in 0..500 {
        write!(text, "sum += f{at}({at}, 3); ").expect("writing to a string does not fail");
    }
    text.push_str("io::println_i32(sum); io::println_i64(COUNT); }\n");
    text
}

fn compile(text: &str, opt_level: OptLevel) -> Vec<u8> {
    let mut program = Program::default();
    program.text("main.swir", text.as_bytes());
    let checked = program.check().unwrap_or_else(|failed| panic!("{failed:?}"));
    let options = Options { opt_level, ..Options::default() };
    link(&checked, &options).unwrap_or_else(|diagnostics| panic!("{diagnostics:?}")).wasm
}

#[test]
fn again_and_on_any_number_of_threads() {
    let text = program();
    for level in [OptLevel::O0, OptLevel::O1, OptLevel::O2, OptLevel::Os] {
        let first = compile(&text, level);
        assert!(first == compile(&text, level), "the second time, at {level:?}");
        for threads in [1, 2, 5] {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            assert!(
                first == pool.install(|| compile(&text, level)),
                "on {threads} threads, at {level:?}"
            );
        }
    }
}
