//! Small rewrites of operators on references that need to know nothing but their operands, and the types of those.
//!
//! `(ref.is_null (ref.func $f))` ⇒ `(<seq> (drop (ref.func $f)) (i32.const 0))`; `(ref.eq a (ref.null none))` ⇒ `(ref.is_null a)`
//! `(ref.cast (ref $t) a)`, `a` a `(ref $t)` or below ⇒ `a`; `(call_ref $t a (ref.func $f))` ⇒ `(call $f a)`
//! `(i31.get_u (ref.i31 a))` ⇒ `(i32.and a (i32.const 0x7fffffff))`
//!
//! Invariant: what is left out cannot trap, and what is left traps for the same reason.

use swasm_tree::{Body, Module, NodeId, Op, RefType, ValType, View, results};

/// What values of 31 bits are cut to.
const I31_MASK: i32 = 0x7fff_ffff;

/// What an operator on references can be replaced by.
pub(crate) fn reference(module: &Module, body: &mut Body, node: NodeId) -> Option<NodeId> {
    let op = body.op(node);
    body.at(body.node(node).loc);
    match (op, body.children(node)) {
        (Op::REF_IS_NULL, &[value]) => {
            if body.op(value) == Op::REF_NULL {
                return Some(body.i32_const(1));
            }
            let never = !reference_type(module, body, value)?.is_nullable();
            never.then(|| instead(body, value, 0))
        }
        (Op::REF_AS_NON_NULL, &[value]) => {
            (!reference_type(module, body, value)?.is_nullable()).then_some(value)
        }
        (Op::REF_CAST | Op::REF_CAST_NULL, &[value]) => {
            let View::RefCast(to) = body.view(node) else { return None };
            let ty = reference_type(module, body, value)?;
            module.types.ref_matches(ty, to).then_some(value)
        }
        (Op::REF_TEST | Op::REF_TEST_NULL, &[value]) => {
            let View::RefCast(to) = body.view(node) else { return None };
            test(module, body, value, to)
        }
        (Op::REF_EQ, &[left, right]) => equal(body, left, right),
        (Op::I31_GET_S | Op::I31_GET_U, &[value]) => {
            let (Op::REF_I31, &[number]) = (body.op(value), body.children(value)) else {
                return None;
            };
            if op == Op::I31_GET_U {
                let mask = body.i32_const(I31_MASK);
                return Some(body.fold(Op::I32_AND, &[number, mask]));
            }
            let (up, down) = (body.i32_const(1), body.i32_const(1));
            let high = body.fold(Op::I32_SHL, &[number, up]);
            Some(body.fold(Op::I32_SHR_S, &[high, down]))
        }
        (Op::CALL_REF | Op::RETURN_CALL_REF, operands) => {
            let (&callee, arguments) = operands.split_last()?;
            let View::RefFunc(func) = body.view(callee) else { return None };
            let arguments = arguments.to_vec();
            Some(if op == Op::CALL_REF {
                body.call(func, &arguments)
            } else {
                body.return_call(func, &arguments)
            })
        }
        _ => None,
    }
}

/// The type of a node that gives one value, which is a reference.
pub(crate) fn reference_type(module: &Module, body: &Body, node: NodeId) -> Option<RefType> {
    match results(module, body, node)[..] {
        [ValType::Ref(ty)] => Some(ty),
        _ => None,
    }
}

/// A constant in place of what depends on a value that is still computed.
fn instead(body: &mut Body, value: NodeId, constant: i32) -> NodeId {
    let dropped = body.drop(value);
    let constant = body.i32_const(constant);
    body.seq(&[dropped, constant])
}

/// `(ref.test to value)`
fn test(module: &Module, body: &mut Body, value: NodeId, to: RefType) -> Option<NodeId> {
    if body.op(value) == Op::REF_NULL {
        return Some(body.i32_const(to.is_nullable().into()));
    }
    let ty = reference_type(module, body, value)?;
    if module.types.ref_matches(ty, to) {
        return Some(instead(body, value, 1));
    }
    if module.types.heap_matches(ty.heap(), to.heap()) {
        let null = body.plain(Op::REF_IS_NULL, &[value]);
        return Some(body.plain(Op::I32_EQZ, &[null]));
    }
    None
}

/// `(ref.eq left right)`
fn equal(body: &mut Body, left: NodeId, right: NodeId) -> Option<NodeId> {
    let other = match (body.op(left), body.op(right)) {
        (Op::REF_NULL, _) => right,
        (_, Op::REF_NULL) => left,
        (Op::LOCAL_GET, Op::LOCAL_GET) if body.view(left) == body.view(right) => {
            return Some(body.i32_const(1));
        }
        _ => return None,
    };
    Some(body.plain(Op::REF_IS_NULL, &[other]))
}
