//! The `.swir` examples on inputs that their headers are too small for: nothing, pieces that end anywhere, much; against Rust's own answers.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use swasm::executor::{Output, Run, Stdin, Wasi};
use swasm::{OptLevel, Options, Program};

/// More than any buffer of an example holds, and no multiple of one.
const MUCH: usize = 3 * 65536 + 17;

/// The example's module, compiled once.
fn module(name: &str) -> Vec<u8> {
    static MODULES: LazyLock<Mutex<BTreeMap<String, Vec<u8>>>> = LazyLock::new(Mutex::default);
    let mut modules = MODULES.lock().expect("no test panics while it compiles");
    let compile = || {
        let file = format!("{}/{name}.swir", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(&file).expect("the example is there");
        let mut program = Program::new();
        program.text(&file, &text);
        let options = Options { opt_level: OptLevel::O2, ..Options::default() };
        program.check().and_then(|program| program.link(&options)).expect("it is a program").wasm
    };
    modules.entry(name.to_owned()).or_insert_with(compile).clone()
}

/// What the example writes, and its exit status.
fn run(name: &str, arguments: &[&str], input: &[u8]) -> (Vec<u8>, i32) {
    let wasi = Wasi::new()
        .args([&[name], arguments].concat())
        .stdin(Stdin::Bytes(input.to_vec()))
        .stdout(Output::Capture);
    let outcome = Run::new().wasi(wasi).start(&module(name));
    let status = outcome.status();
    (outcome.stdout, status)
}

/// Bytes of all values, the same in every run, with words and lines among them.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let byte = (state >> 24) as u8;
        if byte > 200 { b" \n\t\r\x0b\x0c"[usize::from(byte) % 6] } else { byte }
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn cat_copies_every_byte() {
    for len in [0, 1, 65535, 65536, 65537, MUCH] {
        let input = noise(len);
        assert!(run("cat", &[], &input) == (input, 0), "{len} bytes");
    }
}

#[test]
fn echo_prints_what_it_is_given() {
    for arguments in [&[][..], &["one"], &["", ""], &["two words", "ü", "\n"]] {
        assert_eq!(run("echo", arguments, b""), (format!("{}\n", arguments.join(" ")).into(), 0));
    }
    let long = "x".repeat(100_000);
    assert_eq!(run("echo", &[&long], b""), (format!("{long}\n").into(), 0));
}

#[test]
fn wordcount_counts_over_the_ends_of_pieces() {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    for len in [0, 1, 65535, 65536, 65537, MUCH] {
        for input in [noise(len), vec![b'a'; len], vec![b' '; len], vec![b'\n'; len]] {
            let lines = input.iter().filter(|byte| **byte == b'\n').count();
            let words = input.split(is_space).filter(|word| !word.is_empty()).count();
            let expected = format!("{lines} {words} {len}\n");
            assert_eq!(run("wordcount", &[], &input), (expected.into(), 0), "{len} bytes");
        }
    }
}

#[test]
fn sha256_gives_the_published_digests() {
    // FIPS 180-4's own examples, and lengths around the ends of a block: digests by other implementations.
    let digests = [
        (vec![], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".to_vec(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        (vec![b'a'; 1_000_000], "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        (vec![b'x'; 55], "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072"),
        (vec![b'x'; 56], "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e"),
        (vec![b'x'; 63], "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2"),
        (vec![b'x'; 64], "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c"),
        (vec![b'x'; 65], "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9"),
        (vec![b'x'; 119], "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c"),
        (vec![b'x'; 120], "13f05a0b594787f5ecd315edc96141bd3243203d1b7d4f0836f37308b276ba98"),
        (vec![b'x'; 65536], "1f8745f0d2d1387ec1af2211a3cf417b2e9e885e853472649c1d979d0e9370e3"),
        (vec![b'x'; 131_071], "5a5e7339fea5196875100ea05040a390843bdc23df1e3506ac96b8f25d640f59"),
    ];
    for (input, digest) in digests {
        let len = input.len();
        assert_eq!(run("sha256", &[], &input), (format!("{digest}\n").into(), 0), "{len} bytes");
    }
}

/// The same test of a point as the example's, in the same order of operations.
fn is_member(re: f64, im: f64) -> bool {
    let (mut x, mut y) = (0.0, 0.0);
    (0..50).all(|_| {
        (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
        x * x + y * y <= 4.0
    })
}

#[test]
fn mandelbrot_draws_every_pixel() {
    for size in [1u32, 7, 8, 9, 100] {
        let scale = |pixel: u32| 2.0 * f64::from(pixel) / f64::from(size) - 1.0;
        let mut picture = format!("P4\n{size} {size}\n").into_bytes();
        for y in 0..size {
            let mut row = vec![0; size.div_ceil(8) as usize];
            for x in (0..size).filter(|x| is_member(scale(*x) - 0.5, scale(y))) {
                row[x as usize / 8] |= 0x80 >> (x % 8);
            }
            picture.extend(row);
        }
        assert!(run("mandelbrot", &[&size.to_string()], b"") == (picture, 0), "size {size}");
    }
    for wrong in ["0", "x", "", "16385", "-1", "99999999999999999999"] {
        assert_eq!(run("mandelbrot", &[wrong], b""), (Vec::new(), 2), "{wrong:?}");
    }
}
