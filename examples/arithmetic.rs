//! A front end in Rust: an arithmetic expression becomes WebAssembly, which prints its value.
//!
//! `cargo run -p swasm-examples --example arithmetic -- "1 + 2 * 3"` prints 7. Numbers are whole, of 64 bits; the operators are
//! `+ - * / %`, a sign and parentheses. What is wrong with the text is told with its column, and so is where a division trapped.

use std::process::ExitCode;

use swasm::builder::{Expr, ModuleBuilder};
use swasm::executor::{Output, Run, Wasi};
use swasm::{Link, ir::BinaryOp, ir::ValueType::I64};

/// What positions name as their file.
const FILE: &str = "expression";

/// What the program does with a stack of values, one after the other.
#[derive(Clone, Copy)]
enum Step {
    /// Pushes a number.
    Number(i64),
    /// Takes one value and pushes it with the other sign.
    Negate,
    /// Takes two values and pushes one.
    Binary(BinaryOp),
}

impl Step {
    /// How tightly an operator binds.
    fn strength(self) -> u8 {
        match self {
            Step::Binary(BinaryOp::Add | BinaryOp::Sub) => 1,
            Step::Binary(_) => 2,
            Step::Negate | Step::Number(_) => 3,
        }
    }
}

/// Text ⇒ steps, each with the column that it stands in. An operator waits until both of its operands are steps (Dijkstra's shunting-yard
/// algorithm), so nothing recurses, however long or deep the text is.
fn parse(text: &str) -> Result<Vec<(Step, u32)>, String> {
    let text: Vec<char> = text.chars().collect();
    let mut steps = Vec::new();
    // Operators, and `None` for each parenthesis that is open.
    let mut waiting: Vec<(Option<Step>, u32)> = Vec::new();
    let mut wants_operand = true;
    let mut at = 0;
    while let Some(&c) = text.get(at) {
        at += 1;
        let column = at as u32;
        let operator = match c {
            ' ' => continue,
            '0'..='9' if wants_operand => {
                let start = at - 1;
                while text.get(at).is_some_and(char::is_ascii_digit) {
                    at += 1;
                }
                let digits: String = text[start..at].iter().collect();
                let too_large = |_| format!("{column}: this number is too large");
                steps.push((Step::Number(digits.parse().map_err(too_large)?), column));
                wants_operand = false;
                continue;
            }
            '(' | '-' if wants_operand => {
                waiting.push(((c == '-').then_some(Step::Negate), column));
                continue;
            }
            ')' if !wants_operand => {
                loop {
                    match waiting.pop() {
                        Some((Some(step), column)) => steps.push((step, column)),
                        Some((None, _)) => break,
                        None => return Err(format!("{column}: this parenthesis closes nothing")),
                    }
                }
                continue;
            }
            _ if wants_operand => return Err(format!("{column}: expected a number, found `{c}`")),
            '+' => BinaryOp::Add,
            '-' => BinaryOp::Sub,
            '*' => BinaryOp::Mul,
            '/' => BinaryOp::Div,
            '%' => BinaryOp::Rem,
            _ => return Err(format!("{column}: expected an operator, found `{c}`")),
        };
        let operator = Step::Binary(operator);
        while let Some(&(Some(step), column)) = waiting.last()
            && step.strength() >= operator.strength()
        {
            steps.push((step, column));
            waiting.pop();
        }
        waiting.push((Some(operator), column));
        wants_operand = true;
    }
    if wants_operand {
        return Err(format!("{}: expected a number, found the end", at + 1));
    }
    while let Some((step, column)) = waiting.pop() {
        let open = || format!("{column}: this parenthesis is never closed");
        steps.push((step.ok_or_else(open)?, column));
    }
    Ok(steps)
}

/// Steps ⇒ a program that prints the last value.
fn build(steps: &[(Step, u32)]) -> ModuleBuilder {
    let mut module = ModuleBuilder::new("arithmetic");
    module.function("main").export("_start").body(|f| {
        let mut stack: Vec<Expr<'_>> = Vec::new();
        for &(step, column) in steps {
            let mut take = || stack.pop().expect("`parse` gives operators after their operands");
            let value = match step {
                Step::Number(number) => f.int_of(I64, number),
                Step::Negate => -take(),
                Step::Binary(op) => {
                    let (right, left) = (take(), take());
                    let value = left.binary(op, right);
                    // The others can't trap, so nobody asks where they stood.
                    let may_trap = matches!(op, BinaryOp::Div | BinaryOp::Rem);
                    if may_trap { value.at(FILE, 1, column) } else { value }
                }
            };
            stack.push(value);
        }
        f.call("std::io::println_i64", stack);
    });
    module
}

/// Text ⇒ a WebAssembly module.
pub(crate) fn compile(text: &str) -> Result<Vec<u8>, String> {
    let steps = parse(text).map_err(|message| format!("{FILE}:1:{message}"))?;
    let wasm = build(&steps).link().and_then(|linked| linked.to_wasm());
    wasm.map_err(|wrong| wrong.to_string())
}

fn main() -> ExitCode {
    let wasm = match compile(&std::env::args().skip(1).collect::<Vec<_>>().join(" ")) {
        Ok(wasm) => wasm,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = Run::new().wasi(Wasi::new().stdout(Output::Inherit)).start(&wasm);
    if let Err(stop) = &outcome.result {
        eprintln!("{stop:#}");
    }
    ExitCode::from(outcome.status() as u8)
}
