//! The library's numbers against Rust's: methods of integers and floats, and what `std::io` prints, for values at the edges and random ones.
//!
//! Each test writes a program that prints what the library computes, states what Rust computes as its output, and holds it to that.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;

use swasm_testkit::{Settings, run_file};

/// Runs a program, whose name is used for its file, and holds its output to `stdout`.
fn holds(name: &str, program: &str, stdout: &str) {
    let folder = std::env::temp_dir().join(format!("swasm-library-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}.swir"));
    let stated = stdout.replace('\n', "\\n");
    std::fs::write(&file, format!("//@ stdout: \"{stated}\"\n{program}")).unwrap();
    let outcome = run_file(
        &file,
        &Settings { root: folder.clone(), snapshots: folder.join("snapshots"), bless: false },
    );
    assert!(outcome.passed(), "{}", outcome.report(name));
    std::fs::remove_file(&file).unwrap();
}

/// Numbers from a seed (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// A program in the making, and what it must print.
#[derive(Default)]
struct Expectation {
    items: String,
    main: String,
    stdout: String,
}

impl Expectation {
    /// A static `name` with these elements, as the language writes them.
    fn data(&mut self, name: &str, elements: &[String]) {
        writeln!(self.items, "const {name}: MemorySegment = data [{}];", elements.join(", "))
            .unwrap();
    }

    fn hold(self, name: &str) {
        let program = format!(
            "{}\n#[wasm_export(\"_start\")]\nfn main() {{\n{}}}\n",
            self.items,
            (0..)
                .map_while(|part| self
                    .main
                    .contains(&format!("fn part{part}("))
                    .then(|| format!("    part{part}();\n")))
                .collect::<String>()
        );
        holds(name, &format!("{program}{}", self.main), &self.stdout);
    }

    /// A function of the program that runs in its turn.
    fn part(&mut self, body: &str) {
        let number = self.main.matches("\nfn part").count();
        write!(self.main, "\nfn part{number}() {{\n{body}\n}}\n").unwrap();
    }
}

macro_rules! integer_methods {
    ($ty:ident, $sign:ident) => {{
        type T = $ty;
        let mut random = Random(T::MAX as u64 | 1);
        let mut values: Vec<T> = vec![T::MIN, T::MIN + 1, T::MAX, T::MAX - 1, 0, 1, 2, 3, 7, 10, 100, T::MAX / 2, T::MAX / 2 + 1, 0x55, 0x40];
        values.extend((0..12).map(|at| (random.next() >> (at * 5)) as T));
        let divisors: Vec<T> = values.iter().copied().filter(|&value| value != 0 && value.wrapping_add(1) != 0).collect();
        let mut program = Expectation::default();
        let texts = |values: &[T]| values.iter().map(|value| format!("{value}{}", stringify!($ty))).collect::<Vec<_>>();
        program.data("V", &texts(&values));
        program.data("D", &texts(&divisors));
        program.items += "const COUNTS: MemorySegment = data [0u32, 1u32, 3u32, 7u32, 8u32, 31u32, 32u32, 63u32, 100u32];\n";
        let counts = [0u32, 1, 3, 7, 8, 31, 32, 63, 100];

        let unary: Vec<(&str, &str, Box<dyn Fn(T) -> String>)> = unary_methods!($ty, $sign);
        for (method, result, compute) in unary {
            let ty = stringify!($ty);
            program.part(&format!("    for i in 0..{} {{ std::io::println_{result}(V.{ty}[i].{method}()); }}", values.len()));
            values.iter().for_each(|&value| writeln!(program.stdout, "{}", compute(value)).unwrap());
        }
        let binary: Vec<(&str, &str, Box<dyn Fn(T, T) -> String>)> = binary_methods!($ty, $sign);
        for (method, result, compute) in binary {
            let ty = stringify!($ty);
            program.part(&format!(
                "    for i in 0..{} {{ for j in 0..{} {{ std::io::println_{result}(V.{ty}[i].{method}(D.{ty}[j])); }} }}",
                values.len(),
                divisors.len()
            ));
            for &left in &values {
                divisors.iter().for_each(|&right| writeln!(program.stdout, "{}", compute(left, right)).unwrap());
            }
        }
        let counted: Vec<(&str, Box<dyn Fn(T, u32) -> T>)> = vec![
            ("rotate_left", Box::new(|x: T, by| x.rotate_left(by))),
            ("rotate_right", Box::new(|x: T, by| x.rotate_right(by))),
            ("pow", Box::new(|x: T, by| x.wrapping_pow(by))),
        ];
        for (method, compute) in counted {
            let ty = stringify!($ty);
            program.part(&format!(
                "    for i in 0..{} {{ for j in 0..{} {{ std::io::println_{ty}(V.{ty}[i].{method}(COUNTS.u32[j])); }} }}",
                values.len(),
                counts.len()
            ));
            for &value in &values {
                counts.iter().for_each(|&by| writeln!(program.stdout, "{}", compute(value, by)).unwrap());
            }
        }
        program.part(&format!(
            "    for i in 0..{} {{ std::io::println_{ty}(V.{ty}[i].clamp(3, 100)); }}",
            values.len(),
            ty = stringify!($ty)
        ));
        values.iter().for_each(|&value| writeln!(program.stdout, "{}", value.clamp(3, 100)).unwrap());
        program.hold(stringify!($ty));
    }};
}

macro_rules! unary_methods {
    ($ty:ident, both) => {{
        let methods: Vec<(&str, &str, Box<dyn Fn($ty) -> String>)> = vec![
            ("leading_zeros", "u32", Box::new(|x| x.leading_zeros().to_string())),
            ("trailing_zeros", "u32", Box::new(|x| x.trailing_zeros().to_string())),
            ("leading_ones", "u32", Box::new(|x| x.leading_ones().to_string())),
            ("trailing_ones", "u32", Box::new(|x| x.trailing_ones().to_string())),
            ("count_ones", "u32", Box::new(|x| x.count_ones().to_string())),
            ("count_zeros", "u32", Box::new(|x| x.count_zeros().to_string())),
            ("reverse_bits", stringify!($ty), Box::new(|x| x.reverse_bits().to_string())),
        ];
        methods
    }};
    ($ty:ident, signed) => {{
        let mut methods = unary_methods!($ty, both);
        let unsigned = stringify!($ty).replace('i', "u");
        methods.push(("abs", stringify!($ty), Box::new(|x| x.wrapping_abs().to_string())));
        methods.push((
            "unsigned_abs",
            Box::leak(unsigned.into_boxed_str()),
            Box::new(|x| x.unsigned_abs().to_string()),
        ));
        methods.push(("signum", stringify!($ty), Box::new(|x| x.signum().to_string())));
        methods.push(("is_negative", "bool", Box::new(|x| x.is_negative().to_string())));
        methods.push(("is_positive", "bool", Box::new(|x| x.is_positive().to_string())));
        methods
    }};
    ($ty:ident, unsigned) => {{
        let mut methods = unary_methods!($ty, both);
        methods.push(("is_power_of_two", "bool", Box::new(|x| x.is_power_of_two().to_string())));
        methods.push((
            "next_power_of_two",
            stringify!($ty),
            Box::new(|x| x.checked_next_power_of_two().unwrap_or(0).to_string()),
        ));
        methods.push(("isqrt", stringify!($ty), Box::new(|x| x.isqrt().to_string())));
        methods
    }};
}

macro_rules! binary_methods {
    ($ty:ident, both) => {{
        let methods: Vec<(&str, &str, Box<dyn Fn($ty, $ty) -> String>)> = vec![
            ("min", stringify!($ty), Box::new(|x, y| x.min(y).to_string())),
            ("max", stringify!($ty), Box::new(|x, y| x.max(y).to_string())),
            ("saturating_add", stringify!($ty), Box::new(|x, y| x.saturating_add(y).to_string())),
            ("saturating_sub", stringify!($ty), Box::new(|x, y| x.saturating_sub(y).to_string())),
            ("saturating_mul", stringify!($ty), Box::new(|x, y| x.saturating_mul(y).to_string())),
        ];
        methods
    }};
    ($ty:ident, signed) => {{
        let mut methods = binary_methods!($ty, both);
        let unsigned = stringify!($ty).replace('i', "u");
        methods.push((
            "abs_diff",
            Box::leak(unsigned.into_boxed_str()),
            Box::new(|x, y| x.abs_diff(y).to_string()),
        ));
        methods.push(("div_euclid", stringify!($ty), Box::new(|x, y| x.div_euclid(y).to_string())));
        methods.push(("rem_euclid", stringify!($ty), Box::new(|x, y| x.rem_euclid(y).to_string())));
        methods
    }};
    ($ty:ident, unsigned) => {{
        let mut methods = binary_methods!($ty, both);
        methods.push(("abs_diff", stringify!($ty), Box::new(|x, y| x.abs_diff(y).to_string())));
        methods.push(("div_ceil", stringify!($ty), Box::new(|x, y| x.div_ceil(y).to_string())));
        methods
    }};
}

#[test]
fn methods_of_i8() {
    integer_methods!(i8, signed);
}

#[test]
fn methods_of_u8() {
    integer_methods!(u8, unsigned);
}

#[test]
fn methods_of_i16() {
    integer_methods!(i16, signed);
}

#[test]
fn methods_of_u16() {
    integer_methods!(u16, unsigned);
}

#[test]
fn methods_of_i32() {
    integer_methods!(i32, signed);
}

#[test]
fn methods_of_u32() {
    integer_methods!(u32, unsigned);
}

#[test]
fn methods_of_i64() {
    integer_methods!(i64, signed);
}

#[test]
fn methods_of_u64() {
    integer_methods!(u64, unsigned);
}

/// What not every integer has: byte order, logarithms, upper halves of products.
#[test]
fn methods_of_some_integers() {
    let mut random = Random(77);
    let mut program = Expectation::default();
    let values: Vec<u64> =
        [1, 2, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, 0xffff_ffff, 1 << 32]
            .into_iter()
            .chain((0..24).map(|at| random.next() >> at))
            .collect();
    let count = values.len();
    program.data("V", &values.iter().map(|value| format!("{value}u64")).collect::<Vec<_>>());
    macro_rules! over {
        ($ty:ident, $method:ident) => {
            program.part(&format!(
                "    for i in 0..{count} {{ std::io::println_{ty}((V.u64[i] as {ty}).{}()); }}",
                stringify!($method),
                ty = stringify!($ty)
            ));
            values.iter().for_each(|&value| {
                writeln!(program.stdout, "{}", (value as $ty).$method()).unwrap()
            });
        };
    }
    over!(i16, swap_bytes);
    over!(u16, swap_bytes);
    over!(i32, swap_bytes);
    over!(u32, swap_bytes);
    over!(i64, swap_bytes);
    over!(u64, swap_bytes);
    for ty in ["u8", "u16", "u32", "u64"] {
        // The lowest bit is set: 0 has no logarithm.
        program.part(&format!(
            "    for i in 0..{count} {{ std::io::println_u32((V.u64[i] as {ty} | 1).ilog2()); }}"
        ));
        let width = ty[1..].parse::<u32>().unwrap();
        for &value in &values {
            writeln!(program.stdout, "{}", ((value | 1) & (u64::MAX >> (64 - width))).ilog2())
                .unwrap();
        }
    }
    macro_rules! multiply {
        ($ty:ident, $wide:ident, $width:literal) => {
            program.part(&format!(
                "    for i in 0..{count} {{ for j in 0..{count} {{ std::io::println_{ty}((V.u64[i] as {ty}).multiply_high(V.u64[j] as {ty})); }} }}",
                ty = stringify!($ty)
            ));
            for &left in &values {
                for &right in &values {
                    writeln!(program.stdout, "{}", ((left as $ty as $wide * right as $ty as $wide) >> $width) as $ty).unwrap();
                }
            }
        };
    }
    multiply!(i32, i64, 32);
    multiply!(u32, u64, 32);
    multiply!(i64, i128, 64);
    multiply!(u64, u128, 64);
    program.hold("some_integers");
}

/// Floats worth looking at: every exponent's first and last, halves, whole numbers, and random bits.
fn floats(count: usize) -> Vec<f64> {
    let mut values = vec![
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        1.5,
        2.5,
        -2.5,
        0.1,
        0.3,
        1e21,
        1e22,
        1e23,
        123456.789,
        4.35,
        f64::MAX,
        f64::MIN_POSITIVE,
    ];
    values.extend([
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::EPSILON,
        5e-324,
        9007199254740993.0,
        0.49999999999999994,
    ]);
    values.extend((0..2047).step_by(89).flat_map(|exponent| {
        [0, 1, (1 << 52) - 1].map(|fraction| f64::from_bits(exponent << 52 | fraction))
    }));
    let mut random = Random(9);
    values.extend((0..count).map(|_| f64::from_bits(random.next())));
    values.extend((0..count / 4).map(|_| (random.next() >> 40) as f64 / 64.0));
    values.extend((0..count / 4).map(|_| (random.next() as i64 >> 11) as f64));
    values
}

#[test]
fn floats_print_as_rust_prints_them() {
    let mut program = Expectation::default();
    let wide = floats(1500);
    program.data(
        "WIDE",
        &wide.iter().map(|value| format!("{:#x}u64", value.to_bits())).collect::<Vec<_>>(),
    );
    program.part(&format!(
        "    for i in 0..{} {{ std::io::println_f64(f64::from_bits(WIDE.u64[i])); }}",
        wide.len()
    ));
    wide.iter().for_each(|value| writeln!(program.stdout, "{value}").unwrap());
    let mut random = Random(5);
    let mut narrow: Vec<f32> = wide.iter().map(|&value| value as f32).collect();
    narrow.extend((0..255).flat_map(|exponent| {
        [0, 1, (1 << 23) - 1].map(|fraction| f32::from_bits(exponent << 23 | fraction))
    }));
    narrow.extend((0..1500).map(|_| f32::from_bits(random.next() as u32)));
    program.data(
        "NARROW",
        &narrow.iter().map(|value| format!("{:#x}u32", value.to_bits())).collect::<Vec<_>>(),
    );
    program.part(&format!(
        "    for i in 0..{} {{ std::io::println_f32(f32::from_bits(NARROW.u32[i])); }}",
        narrow.len()
    ));
    narrow.iter().for_each(|value| writeln!(program.stdout, "{value}").unwrap());
    program.hold("floats_print");
}

#[test]
fn integers_print_as_rust_prints_them() {
    let mut program = Expectation::default();
    let mut random = Random(3);
    let mut values: Vec<u64> =
        vec![0, u64::MAX, 1 << 63, (1 << 63) - 1, 0x8000_0000, 0x7fff_ffff, 0x80, 0x7f, 0x8000];
    let mut power = 1u64;
    for _ in 0..19 {
        values.extend([power - 1, power, power + 1]);
        power = power.saturating_mul(10);
    }
    values.extend((0..500).map(|at| random.next() >> (at % 64)));
    program.data("V", &values.iter().map(|value| format!("{value}u64")).collect::<Vec<_>>());
    macro_rules! print {
        ($($ty:ident)*) => {
            $(
                program.part(&format!("    for i in 0..{} {{ std::io::println_{ty}(V.u64[i] as {ty}); }}", values.len(), ty = stringify!($ty)));
                values.iter().for_each(|&value| writeln!(program.stdout, "{}", value as $ty).unwrap());
            )*
        };
    }
    print!(i8 u8 i16 u16 i32 u32 i64 u64);
    program.part(&format!("    for i in 0..{} {{ std::io::println_addr(V.u64[i] as addr); std::io::print_hex(V.u64[i], 16); std::io::println(); }}", values.len()));
    values
        .iter()
        .for_each(|&value| write!(program.stdout, "{}\n{value:016x}\n", value as u32).unwrap());
    program.hold("integers_print");
}

#[test]
fn methods_of_floats() {
    let mut program = Expectation::default();
    let values = floats(60);
    let count = values.len();
    program.data(
        "V",
        &values.iter().map(|value| format!("{:#x}u64", value.to_bits())).collect::<Vec<_>>(),
    );
    macro_rules! unary {
        ($($method:ident)*) => {
            $(
                program.part(&format!("    for i in 0..{count} {{ std::io::println_f64(f64::from_bits(V.u64[i]).{}()); }}", stringify!($method)));
                values.iter().for_each(|&value| writeln!(program.stdout, "{}", value.$method()).unwrap());
                program.part(&format!("    for i in 0..{count} {{ std::io::println_f32((f64::from_bits(V.u64[i]) as f32).{}()); }}", stringify!($method)));
                values.iter().for_each(|&value| writeln!(program.stdout, "{}", (value as f32).$method()).unwrap());
            )*
        };
    }
    unary!(sqrt abs ceil floor trunc round_ties_even round fract signum recip);
    macro_rules! test {
        ($($method:ident)*) => {
            $(
                program.part(&format!("    for i in 0..{count} {{ std::io::println_bool(f64::from_bits(V.u64[i]).{}()); }}", stringify!($method)));
                values.iter().for_each(|&value| writeln!(program.stdout, "{}", value.$method()).unwrap());
            )*
        };
    }
    test!(is_nan is_infinite is_finite is_sign_negative is_sign_positive);
    let some: Vec<f64> = values
        .iter()
        .copied()
        .step_by(3)
        .chain([0.0, -0.0, f64::NAN, f64::INFINITY, 3.0, 1e-310, 5e-324])
        .collect();
    program.data(
        "W",
        &some.iter().map(|value| format!("{:#x}u64", value.to_bits())).collect::<Vec<_>>(),
    );
    let mut binary = |method: &str, result: &str, compute: &dyn Fn(f64, f64) -> String| {
        program.part(&format!(
            "    for i in 0..{count} {{ for j in 0..{} {{ std::io::println_{result}(f64::from_bits(V.u64[i]).{method}(f64::from_bits(W.u64[j]))); }} }}",
            some.len()
        ));
        for &left in &values {
            some.iter()
                .for_each(|&right| writeln!(program.stdout, "{}", compute(left, right)).unwrap());
        }
    };
    binary("copysign", "f64", &|x, y| x.copysign(y).to_string());
    binary("remainder", "f64", &|x, y| (x % y).to_string());
    binary("total_compare", "i32", &|x, y| (x.total_cmp(&y) as i32).to_string());
    binary("minimum", "f64", &|x, y| minimum(x, y).to_string());
    binary("maximum", "f64", &|x, y| (-minimum(-x, -y)).to_string());
    // Rust leaves open which zero its `min` and `max` give; both of ours give the other operand.
    binary("min", "f64", &|x, y| if x == y { y.to_string() } else { x.min(y).to_string() });
    binary("max", "f64", &|x, y| if x == y { y.to_string() } else { x.max(y).to_string() });
    program.hold("floats");
}

/// IEEE 754's `minimum`: NaN wins, -0 is below 0.
fn minimum(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x.total_cmp(&y).is_lt() {
        x
    } else {
        y
    }
}

/// Random blocks of `std::heap`: none overlaps another, each keeps its contents, freed ones are used again.
#[test]
fn heap_blocks_do_not_overlap() {
    let program = "
use std::heap;
use std::io;
use std::memory::{load_u8, store_u8};

// 64 slots: address, size, seed.
static SLOTS: MemorySegment = data [0u32; 192];
static mut STATE: u64 = 88172645463325252;

fn next(limit: u32) -> u32 {
    STATE ^= STATE << 13;
    STATE ^= STATE >> 7;
    STATE ^= STATE << 17;
    ((STATE >> 20) as u32) % limit
}

fn fill(address: addr, size: addr, seed: u32) { for i in 0..size { store_u8(address + i, (seed + i as u32 * 31) as u8); } }

fn is_whole(address: addr, size: addr, seed: u32) -> bool {
    for i in 0..size { if load_u8(address + i) != (seed + i as u32 * 31) as u8 { return false; } }
    true
}

#[wasm_export(\"_start\")]
fn main() {
    let mut wrong: u32 = 0;
    for round in 0u32..30000 {
        let slot = next(64) * 3;
        let old = SLOTS.u32[slot] as addr;
        if old != 0 {
            if !is_whole(old, SLOTS.u32[slot + 1] as addr, SLOTS.u32[slot + 2]) { wrong += 1; }
            if next(4) == 0 {
                let size = next(300) as addr;
                let kept = size.min(SLOTS.u32[slot + 1] as addr);
                let moved = heap::reallocate(old, size, 8);
                if !is_whole(moved, kept, SLOTS.u32[slot + 2]) { wrong += 1; }
                fill(moved, size, round);
                SLOTS.u32[slot] = moved as u32;
                SLOTS.u32[slot + 1] = size as u32;
                SLOTS.u32[slot + 2] = round;
            } else {
                heap::free(old);
                SLOTS.u32[slot] = 0;
            }
        } else {
            let size = (if next(20) == 0 { next(20000) } else { next(200) }) as addr;
            let align = 1addr << next(8);
            let address = heap::allocate(size, align);
            if address % align != 0 || address < 1024 { wrong += 1; }
            fill(address, size, round);
            SLOTS.u32[slot] = address as u32;
            SLOTS.u32[slot + 1] = size as u32;
            SLOTS.u32[slot + 2] = round;
        }
    }
    io::println_u32(wrong);
    // At most 64 blocks live at a time: what is freed is used again.
    io::println_bool(std::memory::size() < 64);
}
";
    holds("heap", program, "0\ntrue\n");
}
