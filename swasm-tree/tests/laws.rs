//! Laws that hold for every body, tried on random ones.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Generator, Random, World, world};
use swasm_tree::{
    Body, Encoder, ExportItem, LocalId, NodeId, Op, Shape, Unchanged, Verifier, WithImmediate,
    WriteOptions, print_module,
};

const BODIES: u64 = 1500;

fn bodies(world: &World) -> impl Iterator<Item = (u64, Body)> + '_ {
    (0..BODIES).map(|seed| (seed, Generator::new(world, seed + 1).function(1 + seed as usize % 6)))
}

fn write(world: &World, body: &Body) -> Vec<u8> {
    let mut module = world.module.clone();
    let verified = Verifier::new().verify(&world.module, world.func, body);
    let verified = verified.unwrap_or_else(|errors| panic!("{}\n{}", errors[0], text(world, body)));
    let code = Encoder::new().encode(verified);
    module.define(world.func, code);
    module.export("f", ExportItem::Func(world.func));
    module.write(&WriteOptions::default()).bytes
}

fn text(world: &World, body: &Body) -> String {
    print_module(&world.module, |func| (func == world.func).then_some(body))
}

fn is_valid(bytes: &[u8]) -> Result<(), String> {
    let mut validator = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
    validator.validate_all(bytes).map(drop).map_err(|error| error.to_string())
}

/// Operators of the only function, as wasmparser shows them: independent of the order of types.
fn operators(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
            for local in body.get_locals_reader().unwrap() {
                found.push(format!("{:?}", local.unwrap()));
            }
            for operator in body.get_operators_reader().unwrap() {
                found.push(format!("{:?}", operator.unwrap()));
            }
        }
    }
    found
}

#[test]
fn what_is_verified_is_valid() {
    let world = world();
    for (seed, body) in bodies(&world) {
        let bytes = write(&world, &body);
        is_valid(&bytes)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", text(&world, &body)));
    }
}

#[test]
fn what_is_printed_is_what_is_encoded() {
    let world = world();
    for (seed, body) in bodies(&world) {
        let text = text(&world, &body);
        let parsed =
            wat::parse_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        let mut ours = operators(&write(&world, &body));
        let mut theirs = operators(&parsed);
        // `wat` numbers types in another order.
        let without_types = |operators: &mut Vec<String>| {
            for operator in operators {
                for word in ["FuncType(", "type_index: "] {
                    if let Some(at) = operator.find(word) {
                        let end = at + word.len();
                        let digits = operator[end..].bytes().take_while(u8::is_ascii_digit).count();
                        operator.replace_range(end..end + digits, "_");
                    }
                }
            }
        };
        without_types(&mut ours);
        without_types(&mut theirs);
        let differs = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
        let at = differs.map(|at| (&ours[at], &theirs[at]));
        assert!(ours == theirs, "seed {seed}, {at:?}\n{text}");
    }
}

#[test]
fn a_copy_is_the_same() {
    let world = world();
    for (seed, body) in bodies(&world) {
        let mut copy = Body::new(body.params(), body.results());
        copy.set_locals(&body.locals()[body.param_count()..]);
        // Something in the way, so that ids differ.
        copy.nop();
        copy.i64_const(-1);
        let root = copy.copy_from(&body, body.root(), &mut Unchanged);
        copy.set_root(root);
        assert_eq!(write(&world, &copy), write(&world, &body), "seed {seed}");
        let again = copy.copy_within(root, &mut Unchanged);
        copy.set_root(again);
        assert_eq!(write(&world, &copy), write(&world, &body), "seed {seed}");
    }
}

#[test]
fn nesting_gives_each_value_to_one_operand() {
    let world = world();
    let mut nested = 0;
    for (seed, mut body) in bodies(&world) {
        let before = text(&world, &body);
        let had = body.pre_order(body.root()).any(|node| body.op(node) == Op::STACK);
        nested += usize::from(had);
        let original = write(&world, &body);
        body.nest(&world.module);
        assert!(body.pre_order(body.root()).all(|node| body.op(node) != Op::STACK), "seed {seed}");
        let bytes = write(&world, &body);
        is_valid(&bytes).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{before}"));
        assert!(!had || bytes != original, "seed {seed}\n{before}");
        body.nest(&world.module);
        assert_eq!(write(&world, &body), bytes, "seed {seed}: nested again\n{before}");
        for node in body.pre_order(body.root()) {
            let row = body.op(node).row();
            if row.shape == Shape::Plain && !row.params.is_empty() {
                let one_each = body.children(node).len() == row.params.len();
                let children = body.children(node).iter();
                let lacks = children.copied().any(|child| body.diverges(child));
                assert!(one_each || lacks, "seed {seed}: {:?}\n{before}", body.op(node));
            }
        }
    }
    assert!(nested > 100, "{nested}");
}

#[test]
fn what_is_invalid_is_refused() {
    let world = world();
    let mut refused = 0;
    for (seed, mut body) in bodies(&world) {
        let mut random = Random(seed | 1);
        for _ in 0..4 {
            damage(&mut body, &mut random);
        }
        match Verifier::new().verify(&world.module, world.func, &body) {
            Ok(_) => {
                let bytes = write(&world, &body);
                is_valid(&bytes).unwrap_or_else(|error| {
                    panic!("seed {seed}: {error}\n{}", text(&world, &body))
                });
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > BODIES / 4, "damage does damage: {refused}");
}

/// Changes something at random: mostly for the worse.
fn damage(body: &mut Body, random: &mut Random) {
    let nodes: Vec<NodeId> = body.pre_order(body.root()).collect();
    let node = random.pick(&nodes);
    let children = body.children(node).to_vec();
    match random.below(6) {
        0 => {
            let fits: Vec<Op> =
                Op::all().filter(|op| op.shape() == body.op(node).shape()).collect();
            let op = random.pick(&fits);
            body.set_op(node, op);
        }
        // Blocks keep their bodies: only the builder makes them.
        1 if !children.is_empty() && body.op(node).shape().arms() == 0 => {
            body.set_children(node, &children[1..]);
        }
        2 if children.len() > 1 => {
            let mut swapped = children.clone();
            swapped.swap(0, children.len() - 1);
            body.set_children(node, &swapped);
        }
        3 => {
            let other = random.pick(&nodes);
            let at = random.below(children.len().max(1));
            if !children.is_empty() && !body.pre_order(other).any(|below| below == node) {
                body.set_child(node, at, other);
            }
        }
        4 if body.op(node) == Op::LOCAL_GET => {
            body.set_immediate(node, WithImmediate::Local(LocalId(random.below(13) as u32)));
        }
        5 if body.op(node) == Op::BR || body.op(node) == Op::BR_IF => {
            let target = random.pick(&nodes);
            body.set_immediate(node, WithImmediate::Label(target));
        }
        _ => (),
    }
}

/// A `select` whose operands never come still gives a value, which has to go somewhere.
#[test]
fn a_value_that_never_comes_is_counted() {
    let world = world();
    let body_with = |dropped: bool| {
        let mut body =
            Body::new(&world.module.func_type(world.func).params, &[swasm_tree::ValType::I32]);
        let (never, condition) = (body.unreachable(), body.i32_const(1));
        let value = body.plain(Op::SELECT, &[never, condition]);
        let first = if dropped { body.drop(value) } else { value };
        let result = body.i32_const(7);
        let root = body.seq(&[first, result]);
        body.set_root(root);
        body
    };
    is_valid(&write(&world, &body_with(true))).unwrap();
    assert!(Verifier::new().verify(&world.module, world.func, &body_with(false)).is_err());
}
