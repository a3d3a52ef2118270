//! Random programs of nested scopes, through the compiler, against the model of `std::scope`: every address that is handed out is the model's,
//! and what was stored stays there as long as its scope is open.
//!
//! The programs leave scopes in every way there is (at the end, by `break`, `continue`, `return`, `become`), in loops and functions, and
//! allocate from any allocator in sight, also one that was passed in.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../stdlib/tests/model/mod.rs"]
mod model;

use std::fmt::Write;

use model::{Mode, Random, Scopes};
use swasm_testkit::{Settings, run_file};

/// The parameter `mem` of a function, as an allocator's number.
const PARAMETER: usize = 0;

enum Statement {
    /// `let s7 = note(a1.allocate(ONE * 24, 8), 7);`
    Allocate { allocator: usize, size: u32, align: u32, number: usize },
    /// `with_memory_allocator |a2| { … }`
    Scope { allocator: usize, body: Vec<Statement> },
    /// `'l3: for i3 in 0..2 { … }`
    Loop { number: usize, rounds: u32, body: Vec<Statement> },
    /// `'l3: { … }`
    Labelled { number: usize, body: Vec<Statement> },
    /// `println_u32(f0(a1, n + 1));`
    Call { function: usize, allocator: usize },
    /// `if … { … }`
    If { condition: Condition, exit: Exit },
}

#[derive(Clone, Copy)]
enum Condition {
    /// `n % 3 == 1`
    Parameter(u32),
    /// `i3 == 1`
    Round(usize, u32),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Exit {
    Break(usize),
    Continue(usize),
    Return,
    Become(usize),
}

/// Makes one function.
struct Generator<'r> {
    random: &'r mut Random,
    /// Functions with smaller numbers may be called.
    function: usize,
    numbers: usize,
    allocators: Vec<usize>,
    /// Labels in sight, and whether they are loops'.
    labels: Vec<(usize, bool)>,
}

impl Generator<'_> {
    fn number(&mut self) -> usize {
        self.numbers += 1;
        self.numbers
    }

    fn allocator(&mut self) -> usize {
        let last = self.allocators.len() - 1;
        let at =
            if self.random.one_in(3) { self.random.below(last as u32 + 1) as usize } else { last };
        self.allocators[at]
    }

    fn block(&mut self, depth: u32) -> Vec<Statement> {
        (0..1 + self.random.below(5)).map(|_| self.statement(depth)).collect()
    }

    fn statement(&mut self, depth: u32) -> Statement {
        let number = self.number();
        match self.random.below(if depth == 0 { 6 } else { 10 }) {
            0..=3 => {
                let size = if self.random.one_in(12) {
                    self.random.below(70_000)
                } else {
                    self.random.below(90)
                };
                Statement::Allocate {
                    allocator: self.allocator(),
                    size,
                    align: 1 << self.random.below(5),
                    number,
                }
            }
            4 if self.function > 0 => {
                let function = self.random.below(self.function as u32) as usize;
                Statement::Call { function, allocator: self.allocator() }
            }
            4 | 5 => self.exit(),
            6 | 7 => {
                self.allocators.push(number);
                let body = self.block(depth - 1);
                self.allocators.pop();
                Statement::Scope { allocator: number, body }
            }
            8 => {
                self.labels.push((number, true));
                let body = self.block(depth - 1);
                self.labels.pop();
                Statement::Loop { number, rounds: 1 + self.random.below(3), body }
            }
            _ => {
                self.labels.push((number, false));
                let body = self.block(depth - 1);
                self.labels.pop();
                Statement::Labelled { number, body }
            }
        }
    }

    fn exit(&mut self) -> Statement {
        let label = (!self.labels.is_empty())
            .then(|| self.labels[self.random.below(self.labels.len() as u32) as usize]);
        let exit = match (self.random.below(5), label) {
            (0, Some((label, true))) => Exit::Continue(label),
            (0..=2, Some((label, _))) => Exit::Break(label),
            (3, _) if self.function > 0 => {
                Exit::Become(self.random.below(self.function as u32) as usize)
            }
            _ => Exit::Return,
        };
        let round =
            self.labels.iter().rev().find(|(_, is_loop)| *is_loop).map(|(number, _)| *number);
        let condition = match round {
            Some(number) if self.random.one_in(2) => Condition::Round(number, self.random.below(3)),
            _ => Condition::Parameter(self.random.below(3)),
        };
        Statement::If { condition, exit }
    }
}

fn write_block(text: &mut String, body: &[Statement], indent: usize) {
    let pad = "    ".repeat(indent);
    for statement in body {
        match statement {
            Statement::Allocate { allocator, size, align, number } => {
                writeln!(
                    text,
                    "{pad}let s{number} = note({}.allocate(ONE * {size}, {align}), {});",
                    name(*allocator),
                    seed(*number)
                )
                .unwrap();
            }
            Statement::Scope { allocator, body } => {
                writeln!(text, "{pad}with_memory_allocator |{}| {{", name(*allocator)).unwrap();
                writeln!(text, "{pad}    keep({});", name(*allocator)).unwrap();
                write_block(text, body, indent + 1);
                writeln!(text, "{pad}}}").unwrap();
            }
            Statement::Loop { number, rounds, body } => {
                writeln!(text, "{pad}'l{number}: for _i{number} in 0u32..{rounds} {{").unwrap();
                write_block(text, body, indent + 1);
                writeln!(text, "{pad}}}").unwrap();
            }
            Statement::Labelled { number, body } => {
                writeln!(text, "{pad}'l{number}: {{").unwrap();
                write_block(text, body, indent + 1);
                writeln!(text, "{pad}}}").unwrap();
            }
            Statement::Call { function, allocator } => {
                writeln!(text, "{pad}io::println_u32(f{function}({}, n + 1));", name(*allocator))
                    .unwrap();
            }
            Statement::If { condition, exit } => {
                let condition = match condition {
                    Condition::Parameter(rest) => format!("n % 3 == {rest}"),
                    Condition::Round(number, round) => format!("_i{number} == {round}"),
                };
                let exit = match exit {
                    Exit::Break(label) => format!("break 'l{label}"),
                    Exit::Continue(label) => format!("continue 'l{label}"),
                    Exit::Return => "return n".to_owned(),
                    Exit::Become(function) => format!("become f{function}(mem, n + 2)"),
                };
                writeln!(text, "{pad}if {condition} {{ {exit}; }}").unwrap();
            }
        }
    }
    for statement in body {
        if let Statement::Allocate { number, .. } = statement {
            writeln!(text, "{pad}check(s{number}, {});", seed(*number)).unwrap();
        }
    }
}

fn name(allocator: usize) -> String {
    if allocator == PARAMETER { "mem".to_owned() } else { format!("a{allocator}") }
}

fn seed(number: usize) -> u8 {
    (number * 37) as u8
}

/// How a statement ends.
#[derive(PartialEq, Eq)]
enum Flow {
    Next,
    Exit(Exit),
}

/// Runs a program on the model.
struct Interpreter<'p> {
    functions: &'p [Vec<Statement>],
    scopes: Scopes,
    base: Option<u32>,
    stdout: String,
    steps: u32,
    /// The number of steps at which the program is given up.
    limit: u32,
}

/// What a call knows: the records of allocators and the rounds of loops, by number, and the parameter `n`.
struct Call {
    records: Vec<(usize, u32)>,
    rounds: Vec<(usize, u32)>,
    n: u32,
}

impl Interpreter<'_> {
    fn call(&mut self, function: usize, record: u32, n: u32) -> u32 {
        let (mut function, mut n) = (function, n);
        loop {
            let mut call = Call { records: vec![(PARAMETER, record)], rounds: Vec::new(), n };
            let functions = self.functions;
            match self.block(&functions[function], &mut call) {
                Flow::Exit(Exit::Become(next)) => (function, n) = (next, n + 2),
                Flow::Next | Flow::Exit(Exit::Return) => return n,
                Flow::Exit(Exit::Break(_) | Exit::Continue(_)) => unreachable!("labels are inside"),
            }
        }
    }

    fn block(&mut self, body: &[Statement], call: &mut Call) -> Flow {
        for statement in body {
            match self.statement(statement, call) {
                Flow::Next => (),
                flow @ Flow::Exit(_) => return flow,
            }
        }
        Flow::Next
    }

    fn statement(&mut self, statement: &Statement, call: &mut Call) -> Flow {
        self.steps += 1;
        if self.steps >= self.limit {
            return Flow::Exit(Exit::Return);
        }
        let record = |call: &Call, allocator: usize| {
            call.records.iter().rfind(|(number, _)| *number == allocator).unwrap().1
        };
        match statement {
            Statement::Allocate { allocator, size, align, number: _ } => {
                let address = self.scopes.allocate(record(call, *allocator), *size, *align);
                assert!(address != 0, "the model has memory enough");
                let base = *self.base.get_or_insert(address);
                // Where the shadow map's parts lie among the rest depends on where pages begin, which the model can't know.
                let shown =
                    if self.scopes.mode == Mode::Poison { 0 } else { address.wrapping_sub(base) };
                writeln!(self.stdout, "{shown}").unwrap();
                Flow::Next
            }
            Statement::Scope { allocator, body } => {
                let record = self.scopes.open().unwrap();
                call.records.push((*allocator, record));
                let flow = self.block(body, call);
                call.records.pop();
                self.scopes.close(record, 1);
                flow
            }
            Statement::Loop { number, rounds, body } => {
                for round in 0..*rounds {
                    call.rounds.push((*number, round));
                    let flow = self.block(body, call);
                    call.rounds.pop();
                    match flow {
                        Flow::Exit(Exit::Break(label)) if label == *number => break,
                        Flow::Exit(Exit::Continue(label)) if label == *number => (),
                        Flow::Next => (),
                        flow @ Flow::Exit(_) => return flow,
                    }
                }
                Flow::Next
            }
            Statement::Labelled { number, body } => match self.block(body, call) {
                Flow::Exit(Exit::Break(label)) if label == *number => Flow::Next,
                flow @ (Flow::Next | Flow::Exit(_)) => flow,
            },
            Statement::Call { function, allocator } => {
                let result = self.call(*function, record(call, *allocator), call.n + 1);
                writeln!(self.stdout, "{result}").unwrap();
                Flow::Next
            }
            Statement::If { condition, exit } => {
                let holds = match condition {
                    Condition::Parameter(rest) => call.n % 3 == *rest,
                    Condition::Round(number, round) => {
                        call.rounds.iter().any(|at| at == &(*number, *round))
                    }
                };
                if holds { Flow::Exit(*exit) } else { Flow::Next }
            }
        }
    }
}

/// What every program begins with. The sizes are products with a number that the compiler can't know, so no scope becomes static memory.
const PRELUDE: &str = "
use std::io;

#[wasm_export(\"one\")]
static mut ONE: addr = 1;
static mut BASE: addr = 0;

// So that no scope without allocations is left out.
#[inline(never)]
fn keep(mem: MemoryAllocator) {}

fn note(segment: MemorySegment, seed: u8) -> MemorySegment {
    if BASE == 0 { BASE = segment.address(); }
    io::println_addr(segment.address() - BASE);
    segment.fill(seed);
    segment
}

fn check(segment: MemorySegment, seed: u8) {
    for i in 0..segment.size() {
        if segment.get_u8(i) != seed { io::println_bytes(b\"overwritten\"); return; }
    }
}
";

/// A program's text and its output; none if it runs for long.
fn program(random: &mut Random, mode: Mode) -> Option<(String, String)> {
    let mut numbers = 0;
    let functions: Vec<Vec<Statement>> = (0..4)
        .map(|function| {
            let mut generator = Generator {
                random,
                function,
                numbers,
                allocators: vec![PARAMETER],
                labels: Vec::new(),
            };
            let body = (0..3).flat_map(|_| generator.block(4)).collect();
            numbers = generator.numbers;
            body
        })
        .collect();
    let mut text = PRELUDE.to_owned();
    if mode == Mode::Poison {
        text = text.replace("segment.address() - BASE", "0");
    }
    for (function, body) in functions.iter().enumerate() {
        write!(text, "\nfn f{function}(mem: MemoryAllocator, n: u32) -> u32 {{\n").unwrap();
        write_block(&mut text, body, 1);
        text += "    n\n}\n";
    }
    text += "\n#[wasm_export(\"_start\")]\nfn main() {\n    with_memory_allocator |mem| {\n";
    text += "        note(mem.allocate(ONE, 1), 0);\n";
    text += "        for n in 0u32..3 { io::println_u32(f3(mem, n)); }\n    }\n}\n";

    // Poison never uses memory again.
    let limit = if mode == Mode::Poison { 500 } else { 3000 };
    let scopes = Scopes::new(mode, 1024, 4096);
    let mut interpreter = Interpreter {
        functions: &functions,
        scopes,
        base: None,
        stdout: String::new(),
        steps: 0,
        limit,
    };
    let record = interpreter.scopes.open().unwrap();
    let first = Statement::Allocate { allocator: PARAMETER, size: 1, align: 1, number: 0 };
    interpreter.statement(
        &first,
        &mut Call { records: vec![(PARAMETER, record)], rounds: Vec::new(), n: 0 },
    );
    for n in 0..3 {
        let result = interpreter.call(3, record, n);
        writeln!(interpreter.stdout, "{result}").unwrap();
    }
    (interpreter.steps < limit).then_some((text, interpreter.stdout))
}

fn run(mode: Mode, count: u32) {
    let directive = match mode {
        Mode::Checked => "checked",
        Mode::Zero => "zero",
        Mode::Poison => "poison",
    };
    let folder =
        std::env::temp_dir().join(format!("swasm-scopes-{}-{directive}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let settings =
        Settings { root: folder.clone(), snapshots: folder.join("snapshots"), bless: false };
    let mut random = Random(2026);
    for number in 0..count {
        let (text, stdout) =
            std::iter::repeat_with(|| program(&mut random, mode)).flatten().next().unwrap();
        let file = folder.join(format!("program{number}.swir"));
        std::fs::write(
            &file,
            format!(
                "//@ memory: {directive}\n//@ stdout: \"{}\"\n{text}",
                stdout.replace('\n', "\\n")
            ),
        )
        .unwrap();
        let outcome = run_file(&file, &settings);
        assert!(outcome.passed(), "{}\n{text}", outcome.report("program"));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn addresses_are_the_models() {
    run(Mode::Checked, 60);
}

#[test]
fn addresses_are_the_models_when_memory_is_cleared() {
    run(Mode::Zero, 15);
}

#[test]
fn memory_keeps_its_contents_when_freed_memory_is_poisoned() {
    run(Mode::Poison, 15);
}
