//! What each pass turns into what: the pictures of its documentation, and what it must leave alone.

mod support;

use support::assert_becomes;

#[test]
fn propagate_constants_and_copies() {
    assert_becomes(
        &["propagate"],
        "(func (param i32) (local i32) (local.set 1 (i32.const 4)) (i32.store (local.get 1) (local.get 0)))",
        "(func (param i32) (local i32) (local.set 1 (i32.const 4)) (i32.store (i32.const 4) (local.get 0)))",
    );
    assert_becomes(
        &["propagate"],
        "(func (param i32) (result i32) (local i32 i32)
            (local.set 1 (local.get 0)) (local.set 2 (local.get 1)) (local.get 2))",
        "(func (param i32) (result i32) (local i32 i32)
            (local.set 1 (local.get 0)) (local.set 2 (local.get 0)) (local.get 0))",
    );
    // The original is assigned: the copy is no longer the same.
    assert_becomes(
        &["propagate"],
        "(func (param i32) (result i32) (local i32)
            (local.set 1 (local.get 0)) (local.set 0 (call 0 (i32.const 1))) (local.get 1))",
        "(func (param i32) (result i32) (local i32)
            (local.set 1 (local.get 0)) (local.set 0 (call 0 (i32.const 1))) (local.get 1))",
    );
    // Operators, and addresses of data, take constants in.
    assert_becomes(
        &["propagate"],
        "(func (result i32) (local i32)
            (local.set 0 (data 0 4)) (i32.load8_u (i32.add (local.get 0) (i32.const 800))))",
        "(func (result i32) (local i32)
            (local.set 0 (data 0 4)) (i32.load8_u (data 0 804)))",
    );
    // A loop starts with what its last round left.
    assert_becomes(
        &["propagate"],
        "(func (local i32) (local.set 0 (i32.const 5))
            (loop $l (call 2 (local.get 0)) (local.set 0 (i32.const 6)) (br $l)))",
        "(func (local i32) (local.set 0 (i32.const 5))
            (loop $l (call 2 (local.get 0)) (local.set 0 (i32.const 6)) (br $l)))",
    );
    // An arm that diverges leaves nothing behind; one that branches out does, at the end of the block.
    assert_becomes(
        &["propagate"],
        "(func (param i32) (result i32) (local i32) (local.set 1 (i32.const 5))
            (if (local.get 0) (then (local.set 1 (i32.const 6)) (unreachable)))
            (local.get 1))",
        "(func (param i32) (result i32) (local i32) (local.set 1 (i32.const 5))
            (if (local.get 0) (then (local.set 1 (i32.const 6)) (unreachable)))
            (i32.const 5))",
    );
    assert_becomes(
        &["propagate"],
        "(func (param i32) (result i32) (local i32) (local.set 1 (i32.const 5))
            (block $b (if (local.get 0) (then (local.set 1 (i32.const 6)) (br $b))))
            (local.get 1))",
        "(func (param i32) (result i32) (local i32) (local.set 1 (i32.const 5))
            (block $b (if (local.get 0) (then (local.set 1 (i32.const 6)) (br $b))))
            (local.get 1))",
    );
}

#[test]
fn propagate_splits_assignments_of_several_values() {
    assert_becomes(
        &["propagate", "flatten"],
        "(func (param i32 i32) (set_many 0 1 (seq (local.get 1) (local.get 0))))",
        "(func (param i32 i32) (local i32 i32)
            (local.set 2 (local.get 1)) (local.set 3 (local.get 0))
            (local.set 0 (local.get 1)) (local.set 1 (local.get 3)))",
    );
    assert_becomes(
        &["propagate", "flatten"],
        "(func (param i32 i32) (set_many 0 1 (call 1)))",
        "(func (param i32 i32) (set_many 0 1 (call 1)))",
    );
}

#[test]
fn loads_of_read_only_data_are_constants() {
    assert_becomes(
        &["propagate"],
        "(func (result i32) (i32.load8_s offset=1 (data 0 2)))",
        "(func (result i32) (i32.const -124))",
    );
    assert_becomes(
        &["propagate"],
        "(func (result i32) (i32.load offset=5 (data 0 0)))",
        "(func (result i32) (i32.load offset=5 (data 0 0)))",
    );
}

#[test]
fn narrowing_what_is_narrow() {
    assert_becomes(
        &["propagate"],
        "(func (param i32 i32)
            (i32.store8 (local.get 0) (i32.and (i32.add (local.get 0) (local.get 1)) (i32.const 255))))",
        "(func (param i32 i32)
            (i32.store8 (local.get 0) (i32.add (local.get 0) (local.get 1))))",
    );
    assert_becomes(
        &["propagate"],
        "(func (param i32) (result i32) (i32.and (i32.load8_u (local.get 0)) (i32.const 255)))",
        "(func (param i32) (result i32) (i32.load8_u (local.get 0)))",
    );
    assert_becomes(
        &["propagate"],
        "(func (param i32) (result i32) (i32.extend8_s (i32.and (local.get 0) (i32.const 255))))",
        "(func (param i32) (result i32) (i32.extend8_s (local.get 0)))",
    );
    assert_becomes(
        &["propagate"],
        "(func (param i32) (result i32) (i32.extend8_s (i32.and (local.get 0) (i32.const 127))))",
        "(func (param i32) (result i32) (i32.and (local.get 0) (i32.const 127)))",
    );
    assert_becomes(
        &["propagate"],
        "(func (param i32) (result i32) (i32.extend16_s (i32.and (local.get 0) (i32.const 255))))",
        "(func (param i32) (result i32) (i32.and (local.get 0) (i32.const 255)))",
    );
}

#[test]
fn sink_moves_values_to_where_they_are_read() {
    assert_becomes(
        &["sink", "flatten"],
        "(func (param i32) (result i32) (local i32)
            (local.set 1 (i32.load (local.get 0))) (call 2 (local.get 1)) (i32.const 3))",
        "(func (param i32) (result i32) (local i32)
            (call 2 (i32.load (local.get 0))) (i32.const 3))",
    );
    assert_becomes(
        &["sink", "flatten"],
        "(func (param i32) (result i32) (local i32)
            (local.set 1 (call 0 (local.get 0))) (i32.mul (local.get 1) (local.get 1)))",
        "(func (param i32) (result i32) (local i32)
            (i32.mul (local.tee 1 (call 0 (local.get 0))) (local.get 1)))",
    );
    // Not past a write, not past another trap, not into a loop; into an arm only what may be left out.
    for kept in [
        "(func (param i32) (result i32) (local i32)
            (local.set 1 (i32.load (local.get 0))) (i32.store (i32.const 8) (i32.const 1)) (local.get 1))",
        "(func (param i32) (result i32) (local i32)
            (local.set 1 (i32.div_u (local.get 0) (local.get 0))) (drop (i32.load (local.get 0))) (local.get 1))",
        "(func (param i32) (local i32)
            (local.set 1 (i32.mul (local.get 0) (local.get 0)))
            (loop $l (br_if $l (call 0 (local.get 1)))))",
        "(func (param i32) (local i32)
            (local.set 1 (i32.load (local.get 0))) (if (local.get 0) (then (call 2 (local.get 1)))))",
        "(func (param i32) (result i32) (local i32)
            (local.set 1 (local.get 0)) (local.set 0 (i32.const 1)) (local.get 1))",
        "(func (param i32) (result i32) (local i32)
            (block $b (local.set 1 (i32.eqz (local.get 0))) (br_if $b (local.get 0)) (call 2 (i32.const 1)))
            (local.get 1))",
    ] {
        assert_becomes(&["sink", "flatten"], kept, kept);
    }
    assert_becomes(
        &["sink", "flatten"],
        "(func (param i32) (local i32)
            (local.set 1 (i32.eqz (local.get 0))) (if (local.get 0) (then (call 2 (local.get 1)))))",
        "(func (param i32) (local i32)
            (if (local.get 0) (then (call 2 (i32.eqz (local.get 0))))))",
    );
}

#[test]
fn dead_values_and_assignments_go() {
    assert_becomes(
        &["dead", "flatten"],
        "(func (param i32) (result i32) (local i32)
            (local.set 1 (call 0 (i32.const 1)))
            (local.set 1 (i32.add (local.get 0) (i32.const 1)))
            (local.get 1))",
        "(func (param i32) (result i32) (local i32)
            (drop (call 0 (i32.const 1)))
            (local.set 1 (i32.add (local.get 0) (i32.const 1)))
            (local.get 1))",
    );
    assert_becomes(
        &["dead", "flatten"],
        "(func (param i32) (drop (i32.add (call 0 (i32.const 1)) (i32.eqz (local.tee 0 (local.get 0))))))",
        "(func (param i32) (drop (call 0 (i32.const 1))))",
    );
    // A trap stays.
    let kept = "(func (param i32) (drop (i32.load (local.get 0))))";
    assert_becomes(&["dead", "flatten"], kept, kept);
    // What the next round reads is live.
    let kept = "(func (param i32)
        (loop $l (call 2 (local.get 0)) (local.set 0 (i32.const 6)) (br_if $l (call 0 (i32.const 1)))))";
    assert_becomes(&["dead", "flatten"], kept, kept);
    assert_becomes(
        &["dead", "flatten"],
        "(func (param i32) (drop (if (result i32) (local.get 0)
            (then (call 0 (i32.const 1))) (else (i32.const 2)))))",
        "(func (param i32) (if (local.get 0) (then (drop (call 0 (i32.const 1))))))",
    );
}

#[test]
fn branches_to_where_control_goes_anyhow() {
    assert_becomes(
        &["branches"],
        "(func (param i32) (result i32)
            (block $b (result i32) (if (local.get 0) (then (call 2 (i32.const 1)) (br $b (i32.const 2))))
                (call 2 (i32.const 3)) (i32.const 4)))",
        "(func (param i32) (result i32)
            (if (result i32) (local.get 0) (then (call 2 (i32.const 1)) (i32.const 2))
                (else (call 2 (i32.const 3)) (i32.const 4))))",
    );
    assert_becomes(
        &["branches"],
        "(func (param i32) (result i32)
            (if (local.get 0) (then (return (call 0 (i32.const 1)))) (else (return (call 0 (i32.const 2)))))
            (unreachable))",
        "(func (param i32) (result i32)
            (if (local.get 0) (then (return (call 0 (i32.const 1)))))
            (return (call 0 (i32.const 2))))",
    );
    assert_becomes(
        &["branches"],
        "(func (result i32) (return (call 0 (i32.const 1))))",
        "(func (result i32) (call 0 (i32.const 1)))",
    );
    // Two names for one label.
    assert_becomes(
        &["branches"],
        "(func (param i32) (block $a (call 2 (i32.const 0)) (block $b (br_if $b (local.get 0))
            (br_if $a (i32.eqz (call 0 (i32.const 1)))) (call 2 (i32.const 2)) (call 2 (i32.const 3)))))",
        "(func (param i32) (block $a (call 2 (i32.const 0)) (br_if $a (local.get 0))
            (br_if $a (i32.eqz (call 0 (i32.const 1)))) (call 2 (i32.const 2)) (call 2 (i32.const 3))))",
    );
    // `continue`
    assert_becomes(
        &["branches"],
        "(func (param i32) (loop $l (block $c (br_if $c (local.get 0)) (call 2 (i32.const 1))) (br $l)))",
        "(func (param i32) (loop $l (br_if $l (local.get 0)) (call 2 (i32.const 1)) (br $l)))",
    );
}

#[test]
fn branches_turns_loops() {
    assert_becomes(
        &["branches"],
        "(func (block $b (loop $l (call 2 (i32.const 1)) (br_if $b (i32.eqz (call 0 (i32.const 2)))) (br $l))))",
        "(func (loop $l (call 2 (i32.const 1)) (br_if $l (call 0 (i32.const 2)))))",
    );
    assert_becomes(
        &["branches"],
        "(func (block $b (loop $l (br_if $b (i32.eqz (call 0 (i32.const 2)))) (call 2 (i32.const 1)) (br $l))))",
        "(func (loop $l (if (call 0 (i32.const 2)) (then (call 2 (i32.const 1)) (br $l)))))",
    );
    assert_becomes(
        &["branches"],
        "(func (loop $l (call 2 (i32.const 1))))",
        "(func (call 2 (i32.const 1)))",
    );
}

#[test]
fn branches_simplifies_ifs() {
    assert_becomes(
        &["branches"],
        "(func (param i32) (block $b
            (call 2 (i32.const 0)) (if (local.get 0) (then (br $b))) (br_if $b (call 0 (i32.const 3)))
            (call 2 (i32.const 1))))",
        "(func (param i32) (block $b
            (call 2 (i32.const 0)) (br_if $b (local.get 0)) (br_if $b (call 0 (i32.const 3)))
            (call 2 (i32.const 1))))",
    );
    assert_becomes(
        &["branches"],
        "(func (param i32) (if (i32.eqz (local.get 0)) (then (call 2 (i32.const 1))) (else (call 2 (i32.const 2)))))",
        "(func (param i32) (if (local.get 0) (then (call 2 (i32.const 2))) (else (call 2 (i32.const 1)))))",
    );
    assert_becomes(
        &["branches"],
        "(func (if (i32.const 1) (then (call 2 (i32.const 1))) (else (call 2 (i32.const 2)))))",
        "(func (call 2 (i32.const 1)))",
    );
    assert_becomes(
        &["branches"],
        "(func (param i32 i32) (result i32) (if (result i32) (i32.lt_s (local.get 0) (local.get 1))
            (then (local.get 0)) (else (local.get 1))))",
        "(func (param i32 i32) (result i32)
            (select (local.get 0) (local.get 1) (i32.lt_s (local.get 0) (local.get 1))))",
    );
    // `a && b`, where `b` does nothing; not where it may trap.
    assert_becomes(
        &["branches"],
        "(func (param i32 i32) (result i32) (if (result i32) (i32.eqz (local.get 0))
            (then (i32.eq (local.get 1) (i32.const 7))) (else (i32.const 0))))",
        "(func (param i32 i32) (result i32)
            (i32.and (i32.eqz (local.get 0)) (i32.eq (local.get 1) (i32.const 7))))",
    );
    let kept =
        "(func (param i32 i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 9))
        (then (i32.eq (i32.load (local.get 1)) (i32.const 7))) (else (i32.const 0))))";
    assert_becomes(&["branches"], kept, kept);
    // The condition assigns what an arm reads.
    let kept =
        "(func (param i32 i32) (result i32) (if (result i32) (i32.eqz (local.tee 0 (local.get 1)))
        (then (local.get 0)) (else (i32.const 5))))";
    assert_becomes(
        &["branches"],
        kept,
        "(func (param i32 i32) (result i32) (if (result i32) (local.tee 0 (local.get 1))
            (then (i32.const 5)) (else (local.get 0))))",
    );
}

#[test]
fn coalesce_shares_indices() {
    assert_becomes(
        &["coalesce"],
        "(func (param i32) (local f64 i32 i32 i32)
            (local.set 2 (call 0 (local.get 0))) (call 2 (local.get 2))
            (local.set 4 (call 0 (i32.const 1))) (call 2 (local.get 4)))",
        "(func (param i32)
            (local.set 0 (call 0 (local.get 0))) (call 2 (local.get 0))
            (local.set 0 (call 0 (i32.const 1))) (call 2 (local.get 0)))",
    );
    // Live together; live across the loop's rounds; zero at entry.
    let kept = "(func (param i32) (local i32) (local.set 1 (call 0 (local.get 0)))
        (call 2 (local.get 1)) (call 2 (local.get 0)))";
    assert_becomes(&["coalesce"], kept, kept);
    let kept = "(func (param i32) (local i32)
        (loop $l (local.set 1 (call 0 (local.get 0))) (br_if $l (local.get 1))))";
    assert_becomes(&["coalesce"], kept, kept);
    let kept = "(func (param i32) (local i32)
        (call 2 (local.get 0)) (loop $l (call 2 (local.get 1)) (local.set 1 (i32.const 1)) (br $l)))";
    assert_becomes(&["coalesce"], kept, kept);
    // Copies vanish.
    assert_becomes(
        &["coalesce", "flatten"],
        "(func (param i32) (local i32) (local.set 1 (local.get 0)) (call 2 (local.get 1)))",
        "(func (param i32) (call 2 (local.get 0)))",
    );
}

#[test]
fn flatten_drops_what_follows_a_divergence() {
    // A value that waits for an operator which is never reached.
    assert_becomes(
        &["flatten"],
        "(func (param i32) (drop (seq (call 0 (local.get 0)) (i32.store (return) (i32.const 1)))))",
        "(func (param i32) (drop (call 0 (local.get 0))) (return))",
    );
    assert_becomes(
        &["flatten"],
        "(func (param i32) (call 2 (seq (call 1) (return))))",
        "(func (param i32) (local i32 i32) (set_many 1 2 (call 1)) (return))",
    );
    assert_becomes(
        &["flatten"],
        "(func (seq (call 2 (i32.const 1)) (nop) (seq (call 2 (i32.const 2)) (return))))",
        "(func (call 2 (i32.const 1)) (call 2 (i32.const 2)) (return))",
    );
    assert_becomes(
        &["flatten"],
        "(func (result i32) (i32.add (call 0 (i32.const 1)) (return (i32.const 2))))",
        "(func (result i32) (drop (call 0 (i32.const 1))) (return (i32.const 2)))",
    );
}

#[test]
fn what_a_test_said_is_not_tested_again() {
    // A bound that was checked.
    assert_becomes(
        &["propagate"],
        "(func (param i32 i32)
            (if (i32.ge_u (local.get 0) (local.get 1)) (then (unreachable)))
            (if (i32.ge_u (local.get 0) (local.get 1)) (then (call 2 (i32.const 1)) (unreachable)))
            (call 2 (i32.lt_u (local.get 0) (local.get 1))))",
        "(func (param i32 i32)
            (if (i32.ge_u (local.get 0) (local.get 1)) (then (unreachable)))
            (if (i32.const 0) (then (call 2 (i32.const 1)) (unreachable)))
            (call 2 (i32.const 1)))",
    );
    // A larger constant bound.
    assert_becomes(
        &["propagate"],
        "(func (param i32)
            (if (i32.lt_u (local.get 0) (i32.const 16)) (then (unreachable)))
            (call 2 (i32.lt_u (local.get 0) (i32.const 8))))",
        "(func (param i32)
            (if (i32.lt_u (local.get 0) (i32.const 16)) (then (unreachable)))
            (call 2 (i32.const 0)))",
    );
    // Both parts of a condition; nothing after the arm.
    assert_becomes(
        &["propagate"],
        "(func (param i32 i32)
            (if (i32.and (i32.eqz (local.get 0)) (i32.lt_s (local.get 1) (i32.const 3)))
                (then (call 2 (local.get 0)) (call 2 (i32.gt_s (local.get 1) (i32.const 5)))))
            (call 2 (local.get 0)))",
        "(func (param i32 i32)
            (if (i32.and (i32.eqz (local.get 0)) (i32.lt_s (local.get 1) (i32.const 3)))
                (then (call 2 (i32.const 0)) (call 2 (i32.const 0))))
            (call 2 (local.get 0)))",
    );
    // An assignment ends it, a branch around the test, too.
    for kept in [
        "(func (param i32 i32)
            (if (i32.ge_u (local.get 0) (local.get 1)) (then (unreachable)))
            (local.set 1 (call 0 (i32.const 1)))
            (call 2 (i32.lt_u (local.get 0) (local.get 1))))",
        "(func (param i32 i32)
            (block $b (br_if $b (call 0 (i32.const 1)))
                (if (i32.ge_u (local.get 0) (local.get 1)) (then (unreachable))))
            (call 2 (i32.lt_u (local.get 0) (local.get 1))))",
        "(func (param i32 i32)
            (block $b (br_if $b (i32.eqz (local.get 0))) (if (i32.eqz (local.get 1)) (then (br $b))))
            (call 2 (local.get 0)) (call 2 (local.get 1)))",
    ] {
        assert_becomes(&["propagate"], kept, kept);
    }
}

#[test]
fn a_loop_tests_its_index_once() {
    // `for i in 0..n` with unsigned numbers: the bound is the segment's size.
    assert_becomes(
        &["propagate"],
        "(func (param i32) (local i32)
            (if (i32.lt_u (i32.const 0) (local.get 0)) (then
                (loop $l
                    (if (i32.ge_u (local.get 1) (local.get 0)) (then (unreachable)))
                    (call 2 (local.get 1))
                    (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))))))",
        "(func (param i32) (local i32)
            (if (i32.ne (local.get 0) (i32.const 0)) (then
                (loop $l
                    (if (i32.const 0) (then (unreachable)))
                    (call 2 (local.get 1))
                    (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))))))",
    );
    // The same with signed numbers: the index counts up from zero.
    assert_becomes(
        &["propagate"],
        "(func (param i32) (local i32)
            (if (i32.gt_s (local.get 0) (i32.const 0)) (then
                (loop $l
                    (if (i32.ge_u (local.get 1) (local.get 0)) (then (unreachable)))
                    (br_if $l (i32.lt_s (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))))))",
        "(func (param i32) (local i32)
            (if (i32.gt_s (local.get 0) (i32.const 0)) (then
                (loop $l
                    (if (i32.const 0) (then (unreachable)))
                    (br_if $l (i32.lt_s (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))))))",
    );
    // Steps of two may wrap; an index that is assigned elsewhere may be anything.
    for kept in [
        "(func (param i32) (local i32)
            (if (i32.gt_s (local.get 0) (i32.const 0)) (then
                (loop $l
                    (if (i32.ge_u (local.get 1) (local.get 0)) (then (unreachable)))
                    (br_if $l (i32.lt_s (local.tee 1 (i32.add (local.get 1) (i32.const 2))) (local.get 0)))))))",
        "(func (param i32) (local i32)
            (if (i32.ne (local.get 0) (i32.const 0)) (then
                (loop $l
                    (local.set 1 (call 0 (i32.const 1)))
                    (if (i32.ge_u (local.get 1) (local.get 0)) (then (unreachable)))
                    (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0)))))))",
    ] {
        assert_becomes(&["propagate"], kept, kept);
    }
}

#[test]
fn shorter_operators() {
    for (before, after) in [
        ("(i32.mul (local.get 0) (i32.const 64))", "(i32.shl (local.get 0) (i32.const 6))"),
        ("(i32.div_u (local.get 0) (i32.const 8192))", "(i32.shr_u (local.get 0) (i32.const 13))"),
        ("(i32.rem_u (local.get 0) (i32.const 8))", "(i32.and (local.get 0) (i32.const 7))"),
        ("(i32.lt_s (i32.const 4) (local.get 0))", "(i32.gt_s (local.get 0) (i32.const 4))"),
        ("(i32.lt_u (i32.const 0) (local.get 0))", "(i32.ne (local.get 0) (i32.const 0))"),
        ("(i32.lt_u (local.get 0) (i32.const 1))", "(i32.eqz (local.get 0))"),
        ("(i32.ge_u (local.get 0) (i32.const 0))", "(i32.const 1)"),
        // Signed division rounds towards zero, a shift does not.
        ("(i32.div_s (local.get 0) (i32.const 8))", "(i32.div_s (local.get 0) (i32.const 8))"),
    ] {
        let function = |value| format!("(func (param i32) (result i32) {value})");
        assert_becomes(&["propagate"], &function(before), &function(after));
    }
}

#[test]
fn conditions_of_ifs_in_ifs_are_one() {
    assert_becomes(
        &["branches"],
        "(func (param i32 i32) (if (i32.eqz (local.get 0)) (then
            (if (i32.lt_u (local.get 1) (i32.const 9)) (then (call 2 (i32.const 1)))))))",
        "(func (param i32 i32)
            (if (i32.and (i32.eqz (local.get 0)) (i32.lt_u (local.get 1) (i32.const 9)))
                (then (call 2 (i32.const 1)))))",
    );
    let kept = "(func (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then
        (if (i32.lt_u (i32.load (local.get 1)) (i32.const 9)) (then (call 2 (i32.const 1)))))))";
    assert_becomes(&["branches"], kept, kept);
    assert_becomes(
        &["branches"],
        "(func (param i32) (result i32)
            (select (i32.const 3) (local.get 0) (i32.eqz (i32.load (local.get 0)))))",
        "(func (param i32) (result i32)
            (select (local.get 0) (i32.const 3) (i32.load (local.get 0))))",
    );
}

#[test]
fn rotate_tests_at_the_end() {
    assert_becomes(
        &["rotate", "flatten"],
        "(func (param i32) (loop $l (if (i32.load (local.get 0)) (then (call 2 (i32.const 1)) (br $l)))))",
        "(func (param i32) (if (i32.load (local.get 0)) (then
            (loop $l (call 2 (i32.const 1)) (br_if $l (i32.load (local.get 0)))))))",
    );
    for kept in [
        "(func (loop $l (if (call 0 (i32.const 1)) (then (call 2 (i32.const 1)) (br $l)))))",
        "(func (param i32) (loop $l (if (local.get 0) (then (br_if $l (call 0 (i32.const 1))) (br $l)))))",
    ] {
        assert_becomes(&["rotate"], kept, kept);
    }
}

#[test]
fn a_number_of_elements_is_a_bound() {
    // `let n = a.size() / 8; for i in 0..n { a.f64[i] }`
    assert_becomes(
        &["propagate"],
        "(func (param i32 i32) (local i32)
            (local.set 1 (i32.shr_u (local.get 0) (i32.const 3)))
            (if (i32.ne (local.get 1) (i32.const 0)) (then
                (loop $l
                    (if (i32.ge_u (local.get 2) (i32.shr_u (local.get 0) (i32.const 3))) (then (unreachable)))
                    (br_if $l (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (local.get 1)))))))",
        "(func (param i32 i32) (local i32)
            (local.set 1 (i32.shr_u (local.get 0) (i32.const 3)))
            (if (i32.ne (local.get 1) (i32.const 0)) (then
                (loop $l
                    (if (seq (drop (i32.shr_u (local.get 0) (i32.const 3))) (i32.const 0)) (then (unreachable)))
                    (br_if $l (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (local.get 1)))))))",
    );
}

#[test]
fn returns_on_conditions_become_selects() {
    assert_becomes(
        &["branches", "branches"],
        "(func (param i32 i32 i32) (result i32)
            (if (i32.lt_s (local.get 0) (local.get 1)) (then (return (local.get 1))))
            (if (i32.gt_s (local.get 0) (local.get 2)) (then (return (local.get 2))))
            (local.get 0))",
        "(func (param i32 i32 i32) (result i32)
            (select (local.get 1)
                (select (local.get 2) (local.get 0) (i32.gt_s (local.get 0) (local.get 2)))
                (i32.lt_s (local.get 0) (local.get 1))))",
    );
}

#[test]
fn what_a_handler_reads_stays_before_the_call() {
    // The second assignment is seen by the handler only if the call throws nothing; the first one if it does.
    let stays = "(func (result i32) (local i32)
        (block $out (result i32)
            (call 2 (block $caught (result i32)
                (try_table $t (catch 0 $caught)
                    (local.set 0 (i32.const 1)) (call 2 (i32.const 5)) (local.set 0 (i32.const 2))
                    (call 2 (i32.const 6)))
                (br $out (i32.const 0))))
            (local.get 0)))";
    assert_becomes(&["dead"], stays, stays);
    assert_becomes(&["sink"], stays, stays);
}

#[test]
fn no_call_moves_into_a_try_table_or_out_of_it() {
    for stays in [
        "(func (local i32)
            (block $b (local.set 0 (call 0 (i32.const 1)))
                (try_table $t (catch_all $b) (call 2 (local.get 0)))))",
        "(func (result i32) (local i32)
            (block $b (try_table $t (catch_all $b) (local.set 0 (call 0 (i32.const 1)))))
            (local.get 0))",
    ] {
        assert_becomes(&["sink"], stays, stays);
    }
}

#[test]
fn a_branch_to_a_try_table_leaves_what_was_known_behind() {
    let stays = "(func (param i32) (result i32) (local i32)
        (block $b
            (try_table $t (catch_all $b) (local.set 1 (i32.const 1)) (br_if $t (local.get 0))
                (local.set 1 (i32.const 2)) (call 2 (i32.const 0)))
            (return (local.get 1)))
        (i32.const 9))";
    assert_becomes(&["propagate"], stays, stays);
}

#[test]
fn a_try_table_that_nothing_throws_in_is_a_block() {
    assert_becomes(
        &["branches"],
        "(func (param i32) (result i32)
            (block $b (try_table $t (catch_all $b) (i32.store (local.get 0) (i32.const 1))))
            (i32.const 2))",
        "(func (param i32) (result i32) (i32.store (local.get 0) (i32.const 1)) (i32.const 2))",
    );
    let stays = "(func (block $b (try_table $t (catch_all $b) (call 2 (i32.const 1)))))";
    assert_becomes(&["branches"], stays, stays);
}

#[test]
fn locals_without_a_default_value_stay_assigned() {
    // Dead, but without it the read behind the `if` would not be valid.
    let stays = "(func (param i32) (result i32) (local reference)
        (local.set 1 (struct.new 0 (i32.const 1)))
        (if (local.get 0) (then (local.set 1 (struct.new 0 (i32.const 2))))
            (else (local.set 1 (struct.new 0 (i32.const 3)))))
        (struct.get 0 (local.get 1)))";
    assert_becomes(&["dead"], stays, stays);
    // The read in the block must not become the assignment, as one follows behind it.
    let stays = "(func (param i32) (result i32) (local reference)
        (local.set 1 (struct.new 0 (i32.const 1)))
        (block $b (call 2 (struct.get 0 (local.get 1))) (br_if $b (local.get 0)))
        (struct.get 0 (local.get 1)))";
    assert_becomes(&["sink"], stays, stays);
}

#[test]
fn operators_on_references_fold() {
    for (before, after) in [
        ("(ref.is_null (ref.null box))", "(i32.const 1)"),
        ("(ref.is_null (struct.new 0 (local.get 0)))", "(i32.const 0)"),
        ("(ref.is_null (ref.func 0))", "(i32.const 0)"),
        ("(ref.eq (local.get 1) (ref.null none))", "(ref.is_null (local.get 1))"),
        ("(ref.eq (local.get 1) (local.get 1))", "(i32.const 1)"),
        (
            "(ref.is_null (ref.as_non_null (local.get 1)))",
            "(seq (drop (ref.as_non_null (local.get 1))) (i32.const 0))",
        ),
        (
            "(struct.get 0 (ref.as_non_null (struct.new 0 (local.get 0))))",
            "(struct.get 0 (struct.new 0 (local.get 0)))",
        ),
        ("(i31.get_u (ref.i31 (local.get 0)))", "(i32.and (local.get 0) (i32.const 2147483647))"),
        ("(i31.get_s (ref.i31 (i32.const -1)))", "(i32.const -1)"),
        ("(call_ref 3 (local.get 0) (ref.func 0))", "(call 0 (local.get 0))"),
    ] {
        let func = |value: &str| format!("(func (param i32 nullable) (result i32) {value})");
        assert_becomes(&["propagate", "dead", "flatten"], &func(before), &func(after));
    }
    assert_becomes(
        &["branches"],
        "(func (param nullable) (result i32)
            (block $b (return (struct.get 0 (br_on_null $b (struct.new 0 (i32.const 1))))))
            (i32.const 2))",
        "(func (param nullable) (result i32) (return (struct.get 0 (struct.new 0 (i32.const 1)))))",
    );
}

#[test]
fn objects_that_nobody_reads_are_not_made() {
    assert_becomes(
        &["dead", "flatten"],
        "(func (local nullable) (local.set 0 (struct.new 0 (call 0 (i32.const 1)))))",
        "(func (local nullable) (drop (call 0 (i32.const 1))))",
    );
}
