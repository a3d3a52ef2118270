//! Programs to measure the compiler with, made from a size: text of modules with many functions, and of one large function in several
//! shapes. The same size gives the same text.

use std::fmt::Write as _;

/// A module of `count` functions of about 60 operators each; each calls the one before, the last is exported.
pub fn many_functions(count: usize) -> String {
    let mut text = String::with_capacity(count * 420);
    for at in 0..count {
        let attribute = if at + 1 == count { "#[wasm_export(\"last\")]\n" } else { "" };
        let previous =
            if at == 0 { "y".to_owned() } else { format!("f{}(y, {}, c)", at - 1, at % 1000) };
        let (k, m) = (at % 97 + 2, at % 13 + 1);
        write!(
            text,
            "{attribute}fn f{at}(a: i32, b: i32, c: f64) -> i32 {{
    let mut x = a * {k} + b;
    let mut y = x ^ (b << {m});
    if x < y {{ x += {previous}; }} else {{ y -= {k}; }}
    for i in 0..b {{ x = (x + i * y) ^ {at}; }}
    let z = c * {k}.5 + x as f64;
    if z > 100.0 {{ return x - y * {m}; }}
    let w = y as u32 >> {m};
    (w as i32 & x) + y * {k} - z as i32
}}
"
        )
        .expect("writing to a string does not fail");
    }
    text
}

/// What one large function consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Assignments to a few variables.
    Straight,
    /// A new variable in each statement, all alive to the end.
    Variables,
    /// `if` and `else`, one after another.
    Diamonds,
    /// Loops, one after another.
    Loops,
    /// A `match` with an arm for each statement.
    Arms,
    /// Loads and stores through a segment.
    Segments,
}

/// All shapes.
pub const SHAPES: [Shape; 6] = [
    Shape::Straight,
    Shape::Variables,
    Shape::Diamonds,
    Shape::Loops,
    Shape::Arms,
    Shape::Segments,
];

/// A module with one function of `count` statements.
pub fn large_function(shape: Shape, count: usize) -> String {
    let mut text = String::with_capacity(count * 60);
    text.push_str(
        "static AREA: MemorySegment = data [0u32; 64];\n\
         #[wasm_export(\"large\")]\nfn large(a: i32, b: i32) -> i32 {\n    let mut x = a;\n    let mut y = b;\n",
    );
    if shape == Shape::Arms {
        text.push_str("    x += match a {\n");
    }
    for at in 0..count {
        let k = at % 89 + 1;
        match shape {
            Shape::Straight => writeln!(text, "    x = x * {k} + y; y = y ^ (x >> {});", at % 31),
            Shape::Variables => {
                let last = at.checked_sub(1).map_or("x".to_owned(), |last| format!("v{last}"));
                writeln!(text, "    let v{at} = {last} * {k} + v_or_{}(x, y);", at % 2)
            }
            Shape::Diamonds => {
                writeln!(text, "    if x < {at} {{ x += y * {k}; }} else {{ y -= x; }}")
            }
            Shape::Loops => {
                writeln!(text, "    for i in 0..b {{ if i == {at} {{ break; }} x = x * {k} + i; }}")
            }
            Shape::Arms => writeln!(text, "        {at} => b * {k} + {at},"),
            Shape::Segments => {
                writeln!(text, "    AREA.i32[x & 63] = AREA.i32[y & 63] + {k}; x += {k};")
            }
        }
        .expect("writing to a string does not fail");
    }
    match shape {
        Shape::Arms => text.push_str("        _ => b,\n    };\n"),
        Shape::Variables => {
            text.push_str("    x = 0");
            for chunk in (0..count).collect::<Vec<_>>().chunks(16) {
                text.push_str(";\n    x = x");
                for at in chunk {
                    write!(text, " + v{at}").expect("writing to a string does not fail");
                }
            }
            text.push_str(";\n");
        }
        Shape::Straight | Shape::Diamonds | Shape::Loops | Shape::Segments => (),
    }
    text.push_str("    x + y\n}\nfn v_or_0(x: i32, y: i32) -> i32 { x | y }\nfn v_or_1(x: i32, y: i32) -> i32 { x & y }\n");
    text
}
