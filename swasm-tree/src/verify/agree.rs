//! Damaged bodies: what this verifier says of them is what wasmparser's validator says of their bytes.
//!
//! There is one difference. A tree says which operand belongs to which operator, bytes do not: a tree whose operand lists are wrong can have
//! valid bytes, which stand for another tree. Those are told apart by reading the bytes back.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "tests")]

use crate::common::{Generator, Random, world};
use crate::{
    AbstractHeapType, BlockType, Body, Catch, Encoder, FEATURES, FuncId, FuncKind, GlobalId,
    HeapType, LocalId, MemArg, MemoryId, Module, NodeId, Op, RefType, Shape, TagId, TypeId,
    Unchanged, ValType, Verified, Verifier, View, WithImmediate, WriteOptions, print,
};

const MODULES: &[&str] = &[
    r#"(module
        (type $s (sub (struct (field (mut i32)) (field (ref null $s)))))
        (type $t (sub $s (struct (field (mut i32)) (field (ref null $s)) (field i8))))
        (type $a (array (mut i8)))
        (type $r (array (mut (ref null $s))))
        (type $f (func (param i32) (result i32)))
        (global $g (mut (ref null $s)) (ref.null $s))
        (data $d "abc") (elem $e (ref null $s) (ref.null $s))
        (table $table 3 (ref null $f)) (elem declare func $id)
        (func $id (type $f) (local.get 0))
        (func $objects (param $p (ref null $s)) (param $q anyref) (param $x externref) (result i32)
            (local $l (ref $s)) (local $n i32)
            (local.set $l (struct.new $t (i32.const 1) (global.get $g) (i32.const 2)))
            (struct.set $s 0 (local.get $l) (i32.add (local.get $n) (struct.get $s 0 (local.get $p))))
            (drop (block $b (result (ref $t)) (br_on_cast $b (ref null $s) (ref $t) (local.get $p)) (drop) (unreachable)))
            (drop (block $b (result (ref null $s)) (br_on_cast_fail $b (ref null $s) (ref $t) (local.get $p))))
            (drop (block $b (result (ref $s)) (br_on_non_null $b (local.get $p)) (return (i32.const 1))))
            (block $b (drop (br_on_null $b (local.get $p))))
            (drop (array.new_data $a $d (i32.const 0) (i32.const 1)))
            (drop (array.new_elem $r $e (i32.const 0) (i32.const 1)))
            (array.copy $a $a (array.new_default $a (i32.const 3)) (i32.const 0)
                (array.new_fixed $a 2 (i32.const 1) (i32.const 2)) (i32.const 0) (local.get $n))
            (array.set $r (array.new $r (ref.null $s) (i32.const 3)) (i32.const 0) (ref.as_non_null (local.get $p)))
            (drop (array.get_u $a (array.new_default $a (i32.const 3)) (i32.const 1)))
            (drop (ref.cast (ref null $t) (local.get $q)))
            (local.set $l (ref.cast (ref $s) (local.get $q)))
            (drop (ref.eq (ref.i31 (local.get $n)) (ref.cast (ref eq) (any.convert_extern (local.get $x)))))
            (drop (extern.convert_any (local.get $q)))
            (drop (ref.is_null (select (result (ref null $s)) (local.get $p) (local.get $l) (i32.const 1))))
            (if (ref.test (ref $t) (local.get $q)) (then (global.set $g (local.get $l))))
            (i32.add (call_ref $f (i32.const 1) (ref.func $id))
                (call_indirect $table (type $f) (i32.const 1) (i31.get_u (ref.i31 (struct.get_s $t 2 (ref.cast (ref $t) (local.get $q)))))))))"#,
    r#"(module
        (tag $e (param i32)) (tag $f (param i64 i32)) (tag $g)
        (func $callee (param i32) (result i32) (throw $e (local.get 0)))
        (func $catches (param $x i32) (result i32) (local $y i64)
            (block $h (result i32)
                (block $r (result i32 exnref)
                    (block $two (result i64 i32)
                        (block $all
                            (return
                                (try_table (result i32) (catch $e $h) (catch_ref $e $r) (catch $f $two) (catch_all $all)
                                    (if (local.get $x) (then (throw $f (i64.const 1) (i32.const 2))))
                                    (call $callee (i32.const 1)))))
                        (return (i32.const 3)))
                    (local.set $x) (local.set $y)
                    (return_call $callee (local.get $x)))
                (throw_ref)))
        (func $legacy (param $x i32) (result i32)
            try $t (result i32)
                (call $callee (i32.const 1))
            catch $e
                i32.const 1
                i32.add
            catch $f
                drop
                drop
                try
                    nop
                delegate 1
                i32.const 3
            catch_all
                rethrow $t
            end))"#,
    r#"(module
        (memory $m 1 1 shared) (memory $n i64 1 1 shared)
        (table $t i64 1 funcref) (elem $e func) (data $d "a")
        (func $all (param $a i32) (param $b i64) (param $v v128) (param $x f64) (result i32 i64) (local $y f32)
            (i32.atomic.store8 offset=3 (local.get $a) (i32.atomic.rmw8.add_u (local.get $a) (i32.const 1)))
            (drop (i64.atomic.rmw.cmpxchg $n offset=0x100000000 (local.get $b) (i64.const 1) (i64.const 2)))
            (drop (memory.atomic.notify (local.get $a) (i32.const 1)))
            (atomic.fence)
            (v128.store8_lane $n offset=1 3 (local.get $b) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (local.get $v) (local.get $v)))
            (drop (f64x2.replace_lane 1 (v128.load $m align=4 (local.get $a)) (local.get $x)))
            (memory.copy $n $m (local.get $b) (local.get $a) (memory.size $m))
            (memory.init $n $d (local.get $b) (i32.const 0) (i32.const 1))
            (memory.fill $n (local.get $b) (i32.const 0) (memory.grow $n (i64.const 1)))
            (data.drop $d)
            (table.init $t $e (local.get $b) (i32.const 0) (i32.const 1))
            (table.set $t (local.get $b) (table.get $t (i64.const 0)))
            (drop (table.grow $t (ref.null func) (local.get $b)))
            (table.fill $t (i64.const 0) (ref.null func) (table.size $t))
            (table.copy $t $t (i64.const 0) (i64.const 0) (i64.const 0))
            (elem.drop $e)
            (local.set $y (f32.demote_f64 (select (local.get $x) (f64.const 1) (f64.lt (local.get $x) (f64.const 2)))))
            (block $out (result i32 i64)
                (loop $again (param) (result i32)
                    (br_if $again (i32.eqz (local.get $a)))
                    (br_table $again $again (i64.ne (local.get $b) (i64.const 1))))
                (i64.add128 (i64.const 1) (i64.const 2) (i64.const 3) (local.tee $b (i64.const 4)))
                (drop)
                (br_if $out (i32.wrap_i64 (local.get $b))))))"#,
];

/// How often a body is damaged.
const DAMAGES: u64 = 4000;
const RANDOM_BODIES: u64 = 2500;

/// How many cases ended how.
#[derive(Debug, Default)]
struct Count {
    valid: u32,
    invalid: u32,
    /// Refused because the bytes stand for another tree.
    another: u32,
    /// Refused because there are no bytes.
    no_bytes: u32,
}

#[test]
fn verdicts_on_modules_that_were_read() {
    for text in MODULES {
        let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
        let module = Module::read(bytes).unwrap_or_else(|error| panic!("{error}"));
        let funcs = (0..module.funcs.len() as u32).map(FuncId);
        let mut count = Count::default();
        for func in funcs.filter(|func| matches!(module.func(*func).kind, FuncKind::Read(_))) {
            let mut original = Body::new(&[], &[]);
            module.open(func, &mut original);
            for seed in 0..DAMAGES {
                let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
                let mut body = original.clone();
                for _ in 0..=seed % 3 {
                    damage(&module, &mut body, &mut random);
                }
                check(&module, func, &body, seed, &mut count);
            }
        }
        assert!(count.valid > 100 && count.invalid > 1000, "{count:?}");
        assert!(count.another < count.invalid / 4, "{count:?}");
    }
}

#[test]
fn verdicts_on_random_bodies() {
    let world = world();
    let mut count = Count::default();
    for seed in 0..RANDOM_BODIES {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut body = Generator::new(&world, seed + 1).function(1 + seed as usize % 5);
        damage(&world.module, &mut body, &mut random);
        check(&world.module, world.func, &body, seed, &mut count);
    }
    assert!(count.valid > 200 && count.invalid > 500, "{count:?}");
    assert!(count.another < count.invalid / 4, "{count:?}");
}

/// Compares the verdicts on a body.
fn check(module: &Module, func: FuncId, body: &Body, seed: u64, count: &mut Count) {
    let verdict = Verifier::new().verify(module, func, body).map(drop);
    let text = || print(module, func, body);
    if !labels_are_around(body) {
        assert!(verdict.is_err(), "seed {seed}: a label is not around its branch\n{}", text());
        count.no_bytes += 1;
        return;
    }
    let mut damaged = module.clone();
    // Not verified: what comes of it is what this is about.
    let code = Encoder::new().encode(Verified { module, func, body });
    damaged.define(func, code);
    let bytes = damaged.write(&WriteOptions::default()).bytes;
    let theirs = wasmparser::Validator::new_with_features(FEATURES).validate_all(&bytes);
    match (&verdict, &theirs) {
        (Ok(()), Ok(_)) => count.valid += 1,
        (Err(_), Err(_)) => count.invalid += 1,
        (Ok(()), Err(error)) => panic!("seed {seed}: only wasmparser refuses: {error}\n{}", text()),
        (Err(errors), Ok(_)) => {
            let read = Module::read(bytes).unwrap();
            let mut again = Body::new(&[], &[]);
            read.open(func, &mut again);
            let ours = shape(body);
            assert!(
                ours != shape(&again),
                "seed {seed}: only we refuse: {}\n{}",
                errors[0],
                text()
            );
            count.another += 1;
        }
    }
}

/// What is an operand of what: operators and how many operands each has, `Seq`s flattened but for arms, children first. Of a cast, whether
/// its type has null, which its operator says a second time.
fn shape(body: &Body) -> Vec<(Op, usize, bool)> {
    let mut found = Vec::new();
    // Nodes that are open, with how many children that are not `Seq`s each has.
    let mut open: Vec<(NodeId, usize)> = Vec::new();
    for step in body.walk(body.root()) {
        match step {
            crate::Step::Enter(node) => open.push((node, 0)),
            crate::Step::Leave(node) => {
                let own = open.pop().map_or(0, |(_, count)| count);
                let is_seq = body.op(node) == Op::SEQ;
                if !is_seq {
                    let null = matches!(body.view(node), View::RefCast(ty) if ty.is_nullable());
                    found.push((body.op(node), own, null));
                }
                let is_catch = matches!(body.op(node), Op::CATCH | Op::CATCH_ALL);
                // What handles in a legacy `try` is one list even if there is only one `catch`.
                let is_listed = matches!(open[..], [.., (outer, _), (list, _)]
                    if body.op(outer) == Op::TRY && body.op(list) == Op::SEQ && is_arm(body, outer, list));
                if is_catch && !is_listed {
                    found.push((Op::HOLE, 0, false));
                }
                let count = if is_seq { own } else { 1 };
                match open.last_mut() {
                    Some((parent, _)) if is_arm(body, *parent, node) => {
                        found.push((Op::SEQ, count, false));
                    }
                    Some((_, sum)) => *sum += count,
                    None => (),
                }
            }
        }
    }
    found
}

/// Whether a child is not an operand but what a block consists of.
fn is_arm(body: &Body, parent: NodeId, child: NodeId) -> bool {
    let (children, shape) = (body.children(parent), body.op(parent).shape());
    shape.is_label() && children[children.len() - shape.arms()..].contains(&child)
}

/// Whether every label is a block around what names it, or the function.
fn labels_are_around(body: &Body) -> bool {
    let mut open = vec![body.root()];
    let mut path: Vec<NodeId> = Vec::new();
    for step in body.walk(body.root()) {
        match step {
            crate::Step::Enter(node) => {
                let is_arm = path.last().is_some_and(|&parent| is_arm(body, parent, node));
                if is_arm {
                    open.push(path[path.len() - 1]);
                }
                // The `try` that a `delegate` ends is not around it.
                let own = usize::from(body.op(node) == Op::DELEGATE);
                let around = |label: NodeId| open[..open.len() - own].contains(&label);
                if !body.labels(node).all(around) {
                    return false;
                }
                path.push(node);
            }
            crate::Step::Leave(node) => {
                path.pop();
                let is_arm = path.last().is_some_and(|&parent| is_arm(body, parent, node));
                if is_arm {
                    open.pop();
                }
            }
        }
    }
    true
}

/// Changes one thing at random, mostly for the worse.
fn damage(module: &Module, body: &mut Body, random: &mut Random) {
    let nodes: Vec<NodeId> = body.pre_order(body.root()).collect();
    let node = random.pick(&nodes);
    let children = body.children(node).to_vec();
    let operands = children.len() - body.op(node).shape().arms();
    match random.below(10) {
        0 | 1 => {
            let fits: Vec<Op> =
                Op::all().filter(|op| op.shape() == body.op(node).shape()).collect();
            let op = random.pick(&fits);
            body.set_op(node, op);
        }
        2 if operands > 0 => {
            let mut rest = children;
            rest.remove(random.below(operands));
            body.set_children(node, &rest);
        }
        3 if operands > 1 => {
            let mut swapped = children;
            swapped.swap(0, random.below(operands - 1) + 1);
            body.set_children(node, &swapped);
        }
        4 if operands > 0 => {
            let at = random.below(operands);
            let copy = body.copy_within(children[at], &mut Unchanged);
            let mut more = children;
            more.insert(at, copy);
            body.set_children(node, &more);
        }
        5 if !children.is_empty() => {
            let other = random.pick(&nodes);
            let copy = body.copy_within(other, &mut Unchanged);
            body.set_child(node, random.below(children.len()), copy);
        }
        6 if operands > 0 => {
            let leaf = match random.below(4) {
                0 => body.i32_const(1),
                1 => body.i64_const(1),
                2 => body.unreachable(),
                _ => body.ref_null(random_heap(module, random)),
            };
            body.set_child(node, random.below(operands), leaf);
        }
        _ => immediate(module, body, node, random),
    }
}

fn random_heap(module: &Module, random: &mut Random) -> HeapType {
    let all: Vec<AbstractHeapType> = AbstractHeapType::all().collect();
    if module.types.is_empty() || random.below(2) == 0 {
        return HeapType::Abstract(random.pick(&all));
    }
    let id = TypeId(random.below(module.types.len()) as u32);
    HeapType::Concrete(module.types.canonical(id))
}

fn random_type(module: &Module, random: &mut Random) -> ValType {
    let numbers = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
    match random.below(2) {
        0 => random.pick(&numbers),
        _ => ValType::Ref(RefType::new(random.below(2) == 0, random_heap(module, random))),
    }
}

/// Changes what a node's immediate says, to something that exists.
fn immediate(module: &Module, body: &mut Body, node: NodeId, random: &mut Random) {
    let op = body.op(node);
    let blocks: Vec<NodeId> = body
        .pre_order(body.root())
        .filter(|&node| body.op(node).shape().is_label())
        .chain([body.root()])
        .collect();
    let below = |count: usize, random: &mut Random| random.below(count.max(1)) as u32;
    let memory = |random: &mut Random| MemoryId(below(module.memories.len(), random));
    let ty = |random: &mut Random| TypeId(below(module.types.len(), random));
    let reference =
        |random: &mut Random| RefType::new(random.below(2) == 0, random_heap(module, random));
    let memarg = |random: &mut Random| MemArg {
        align_log2: random.below(5) as u8,
        offset: random.pick(&[0, 9, 0xffff_ffff, 0x1_0000_0000]),
        memory: memory(random),
    };
    let locals = body.local_count();
    // A node with another immediate takes the place of this one's.
    let other = match op.shape() {
        Shape::Local => {
            let local = LocalId(below(locals + 1, random));
            return body.set_immediate(node, WithImmediate::Local(local));
        }
        Shape::Global if !module.globals.is_empty() => {
            let global = GlobalId(below(module.globals.len(), random));
            return body.set_immediate(node, WithImmediate::Global(global));
        }
        Shape::Call | Shape::RefFunc => {
            let func = FuncId(below(module.funcs.len(), random));
            return body.set_immediate(node, WithImmediate::Func(func));
        }
        Shape::Br
        | Shape::BrOn
        | Shape::BrTable
        | Shape::Delegate
        | Shape::Rethrow
        | Shape::BrOnCast
        | Shape::TryTable
            if random.below(2) == 0 =>
        {
            return body.retarget(node, |_| random.pick(&blocks));
        }
        Shape::Mem(_) | Shape::Atomic(_) if !module.memories.is_empty() => {
            return body.set_immediate(node, WithImmediate::Mem(memarg(random)));
        }
        Shape::MemLane(_) => body.access_lane(op, memarg(random), random.below(20) as u8, &[]),
        Shape::Lane(_) => body.lane(op, random.below(20) as u8, &[]),
        Shape::Block | Shape::Loop | Shape::If | Shape::Try | Shape::TryTable => {
            if let View::TryTable(block, catches) = body.view(node)
                && random.below(2) == 0
            {
                let (params, results) = (block.params.to_vec(), block.results.to_vec());
                let mut catches = catches.to_vec();
                if !catches.is_empty() {
                    let at = random.below(catches.len());
                    let tag = TagId(below(module.tags.len(), random));
                    catches[at] = Catch {
                        tag: (random.below(3) > 0).then_some(tag),
                        with_ref: random.below(2) == 0,
                        label: catches[at].label,
                    };
                }
                let ty = BlockType { params: &params, results: &results };
                body.try_table(ty, &catches, &[])
            } else {
                let old = body.block_type(node);
                let (mut params, mut results) = (old.params.to_vec(), old.results.to_vec());
                let list = if random.below(2) == 0 { &mut params } else { &mut results };
                match random.below(3) {
                    0 => drop(list.pop()),
                    1 => list.push(random_type(module, random)),
                    _ => list.clear(),
                }
                let ty = BlockType { params: &params, results: &results };
                return body.set_block_type(node, ty);
            }
        }
        Shape::RefNull => body.ref_null(random_heap(module, random)),
        Shape::RefCast => {
            let ty = reference(random);
            let unused = body.nop();
            let cast = body.ref_cast(op, ty, unused);
            body.nodes[node].op = body.op(cast);
            cast
        }
        Shape::BrOnCast => {
            let (from, to) = (reference(random), reference(random));
            let label = body.labels(node).next().unwrap();
            body.br_on_cast(op, label, from, to, &[])
        }
        Shape::SelectTyped => {
            let [a, b, c] = [body.nop(), body.nop(), body.nop()];
            body.select_typed(random_type(module, random), a, b, c)
        }
        Shape::Type => body.typed(op, module.types.canonical(ty(random)), &[]),
        Shape::Field => body.field(op, ty(random), random.below(4) as u32, &[]),
        Shape::ArrayFixed => body.array_new_fixed(ty(random), &[], random.below(4) as u32),
        Shape::ArrayCopy => body.array_copy(ty(random), ty(random), &[]),
        Shape::Memory if !module.memories.is_empty() => body.make(op, memory(random).0, &[]),
        Shape::MemoryCopy => body.memory_copy_of(memory(random), memory(random), &[]),
        Shape::Throw | Shape::Catch if !module.tags.is_empty() => {
            body.make(op, below(module.tags.len(), random), &[])
        }
        _ => return,
    };
    body.nodes[node].imm = body.node(other).imm;
}
