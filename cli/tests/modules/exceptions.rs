//! `swasm opt --passes translate-exceptions`: what modules with the exceptions before `try_table` did, they do with it.

use crate::common::Folder;

/// Functions, each with an argument and what the semantics of `try`, `catch`, `delegate` and `rethrow` give; none if an exception leaves it.
const FUNCTIONS: &[(&str, i32, Option<i32>, &str)] = &[
    ("caught", 5, Some(5), "try (result i32) local.get 0 call $fail i32.const 0 catch $number end"),
    ("not thrown", 5, Some(1), "try (result i32) i32.const 1 catch $number end"),
    (
        "caught by all",
        5,
        Some(2),
        "try (result i32) local.get 0 call $fail i32.const 1 catch $pair drop catch_all i32.const 2 end",
    ),
    (
        "first that fits",
        5,
        Some(6),
        "try (result i32) local.get 0 call $fail i32.const 1
         catch $empty i32.const 3 catch $number i32.const 1 i32.add catch $number drop i32.const 9 catch_all i32.const 8 end",
    ),
    ("nobody catches", 5, None, "try (result i32) local.get 0 call $fail i32.const 1 catch $empty i32.const 2 end"),
    ("no handler", 7, Some(7), "try (result i32) local.get 0 end"),
    ("no handler, thrown", 7, None, "try (result i32) local.get 0 call $fail i32.const 1 end"),
    ("two values", 5, Some(3), "try (result i32 i64) i32.const 5 i64.const 2 throw $pair catch $pair end i32.wrap_i64 i32.sub"),
    ("values below", 5, Some(115), "i32.const 110 try (result i32) local.get 0 call $fail i32.const 0 catch $number end i32.add"),
    (
        "parameters",
        5,
        Some(52),
        "local.get 0 i64.const 2 try (param i32 i64) (result i32) i32.wrap_i64 i32.sub call $fail i32.const 0 catch $number i32.const 49 i32.add end",
    ),
    ("parameters, not thrown", 5, Some(3), "local.get 0 i64.const 2 try (param i32 i64) (result i32) i32.wrap_i64 i32.sub catch_all i32.const 9 end"),
    (
        "a parameter of a delegate",
        5,
        Some(5),
        "try $out (result i32)
           local.get 0 try $in (param i32) (result i32)
             try (param i32) (result i32) call $fail i32.const 0 delegate $in
           delegate $out
         catch $number end",
    ),
    ("left by a branch", 5, Some(4), "try $l (result i32) i32.const 4 br $l catch_all i32.const 1 end"),
    ("a handler left by a branch", 5, Some(5), "try $l (result i32) local.get 0 call $fail i32.const 0 catch $number br $l catch_all i32.const 1 end"),
    ("a handler that returns", 5, Some(5), "try (result i32) local.get 0 call $fail i32.const 0 catch $number return end i32.const 100 i32.add"),
    ("a handler throws", 5, Some(6), "try (result i32) try (result i32) local.get 0 call $fail i32.const 0 catch $number i32.const 1 i32.add call $fail i32.const 0 end catch $number end"),
    ("a handler throws out", 5, None, "try (result i32) local.get 0 call $fail i32.const 0 catch $number call $fail i32.const 0 catch_all i32.const 3 end"),
    (
        "again",
        5,
        Some(6),
        "try (result i32) try (result i32) local.get 0 call $fail i32.const 0 catch $number drop rethrow 0 catch_all rethrow 0 end
         catch $number i32.const 1 i32.add end",
    ),
    ("again from a block", 0, None, "try (result i32) local.get 0 call $fail i32.const 0 catch_all block (result i32) local.get 0 i32.eqz if rethrow 2 end i32.const 4 end end"),
    ("again not from a block", 5, Some(4), "try (result i32) local.get 0 call $fail i32.const 0 catch_all block (result i32) local.get 0 i32.eqz if rethrow 2 end i32.const 4 end end"),
    (
        "the outer one again",
        5,
        Some(5),
        "try (result i32)
           try $a (result i32) local.get 0 call $fail i32.const 0
           catch $number drop try (result i32) throw $empty catch $empty rethrow $a end end
         catch $number catch_all i32.const 50 end",
    ),
    (
        "the inner one again",
        5,
        Some(50),
        "try (result i32)
           try $a (result i32) local.get 0 call $fail i32.const 0
           catch $number try $b (result i32) throw $empty catch $empty rethrow $b end drop rethrow $a end
         catch $number catch_all i32.const 50 end",
    ),
    ("delegated", 5, Some(5), "try $o (result i32) block (result i32) try (result i32) local.get 0 call $fail i32.const 0 delegate $o end catch $number end"),
    (
        "delegated past one that would catch",
        5,
        Some(5),
        "try $o (result i32)
           try (result i32) try (result i32) local.get 0 call $fail i32.const 0 delegate $o catch_all i32.const 100 end
         catch $number end",
    ),
    (
        "delegated to a block",
        5,
        Some(5),
        "try (result i32)
           block $b (result i32)
             try (result i32) try (result i32) local.get 0 call $fail i32.const 0 delegate $b catch_all i32.const 100 end
           end
         catch $number end",
    ),
    (
        "delegated to whose handler it is in",
        5,
        Some(5),
        "try (result i32)
           try $t (result i32) throw $empty
           catch_all try (result i32) local.get 0 call $fail i32.const 0 delegate $t end
         catch $number end",
    ),
    (
        "delegated to a loop",
        5,
        Some(5),
        "try (result i32)
           loop $b (result i32)
             try (result i32) try (result i32) local.get 0 call $fail i32.const 0 delegate $b catch_all i32.const 100 end
           end
         catch $number end",
    ),
    (
        "delegated on",
        5,
        Some(5),
        "try $o (result i32)
           try (result i32)
             try $d (result i32)
               try (result i32) try (result i32) local.get 0 call $fail i32.const 0 delegate $d catch_all i32.const 200 end
             delegate $o
           catch_all i32.const 100 end
         catch $number end",
    ),
    (
        "delegated and not thrown",
        5,
        Some(5),
        "try $o (result i32) try (result i32) try (result i32) local.get 0 delegate $o catch_all i32.const 100 end catch $number drop i32.const 7 end",
    ),
    ("delegated to the caller", 5, None, "try (result i32) try (result i32) local.get 0 call $fail i32.const 0 delegate 1 catch_all i32.const 100 end"),
    ("the caller catches", 5, Some(5), "try (result i32) local.get 0 call $delegates catch $number end"),
    (
        "in a loop",
        5,
        Some(15),
        "(local $sum i32)
         loop $next
           try local.get 0 call $fail catch $number local.get $sum i32.add local.set $sum end
           local.get 0 i32.const 1 i32.sub local.tee 0
           br_if $next
         end
         local.get $sum",
    ),
    (
        "again in a loop",
        5,
        Some(15),
        "(local $sum i32)
         loop $next
           try try local.get 0 call $fail catch_all rethrow 0 end catch $number local.get $sum i32.add local.set $sum end
           local.get 0 i32.const 1 i32.sub local.tee 0
           br_if $next
         end
         local.get $sum",
    ),
];

fn module() -> String {
    let mut text = "(module (tag $number (param i32)) (tag $pair (param i32 i64)) (tag $empty)
        (func $fail (param i32) local.get 0 throw $number)
        (func $delegates (param i32) (result i32)
          try (result i32)
            try (result i32) local.get 0 call $fail i32.const 0 delegate 1
          catch_all i32.const 100 end)"
        .to_owned();
    for (name, _, _, code) in FUNCTIONS {
        let name = name.replace([' ', ','], "_");
        text.push_str(&format!("(func (export \"{name}\") (param i32) (result i32) {code})\n"));
    }
    text + ")"
}

#[test]
fn what_was_caught_and_thrown_is() {
    let folder = Folder::new("exceptions");
    folder.write("old.wat", module());
    folder.run("build old.wat -o old.wasm").well();
    // As they are, no engine of today takes them; passes leave them alone.
    folder.run("opt old.wasm -o same.wasm -O2").well();
    assert!(folder.run("print same.wasm").well().contains("rethrow"));
    folder.run("run same.wasm --invoke caught -- 5").failed(1);
    folder.run("opt old.wasm -o new.wasm --passes translate-exceptions").well();
    folder.run("opt new.wasm -o small.wasm -O2").well();
    folder
        .run("opt old.wasm -o both.wasm --passes inline,propagate,dead,translate-exceptions")
        .well();
    let text = folder.run("print new.wasm").well();
    let is_old = |line: &str| {
        let first = line.trim_start().trim_start_matches('(').split([' ', ')']).next();
        matches!(first, Some("try" | "catch" | "catch_all" | "delegate" | "rethrow"))
    };
    assert!(!text.lines().any(is_old), "{text}");
    for (name, argument, result, _) in FUNCTIONS {
        for file in ["new", "small", "both"] {
            let name = name.replace([' ', ','], "_");
            let ran = folder.run(&format!("run {file}.wasm --invoke {name} -- {argument}"));
            let said = match ran.status {
                0 => ran.stdout.trim().parse().ok(),
                _ => None,
            };
            assert_eq!(said, *result, "{file}: {name}: {}", ran.stderr);
            assert!(said.is_some() || ran.stderr.contains("exception"), "{name}: {}", ran.stderr);
        }
    }
}
