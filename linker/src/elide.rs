//! Scopes that need no allocator become static memory: hello has none.
//!
//! ```text
//! with_memory_allocator |mem| { let iov = mem.allocate(12, 4); … }   ⇒   let iov = (12 bytes of static data); …
//! ```
//!
//! A scope qualifies if
//! - its allocator is only used as the receiver of `allocate(size, align)` with constants, not inside a loop of the scope,
//! - the function cannot be active twice at once: it is on no cycle of the call graph, where a call through a pointer may reach every
//!   function whose address is taken, and a call of an import every export (imports of WASI never call back),
//! - the memory is not more than [`MAX_STATIC_SCOPE`], and that of all such scopes not more than [`MAX_STATIC_SCOPES`].
//!
//! Contents of fresh memory are unspecified, so running the scope again in the same memory is no difference a program may see. Not done
//! under `poison` and `zero`, which promise something about freed memory, and at `-O0`.

use rustc_hash::{FxHashMap, FxHashSet};
use swasm_frontend_ir::checked::{Body, DefId, ExprId, ExprKind, FunctionKind, LocalId};
use swasm_tree::{Data, DataPlace};

use crate::options::{MemoryMode, OptLevel};
use crate::reach::Summaries;
use crate::unit::{StaticScope, Unit};

/// The most bytes that the allocations of one scope may take to become static.
pub(crate) const MAX_STATIC_SCOPE: u64 = 64 * 1024;

/// The most bytes of all scopes that become static: a program must not need the memory of scopes that are never open together.
const MAX_STATIC_SCOPES: u64 = 1024 * 1024;

/// The largest alignment that static data is given, in bytes.
const MAX_STATIC_ALIGN: u64 = 64 * 1024;

/// Finds the scopes and declares their memory.
pub(crate) fn elide(unit: &mut Unit<'_>, roots: &[DefId], summaries: &Summaries) {
    let keeps_promises = matches!(unit.options.memory, MemoryMode::Poison | MemoryMode::Zero);
    if keeps_promises
        || unit.options.opt_level == OptLevel::O0
        || summaries.values().all(|summary| summary.rest().scopes.is_empty())
    {
        return;
    }
    let recursive = recursive(unit, roots, summaries);
    let mut functions: Vec<DefId> =
        summaries.keys().copied().filter(|def| !recursive.contains(def)).collect();
    functions.sort_unstable();
    let mut left = MAX_STATIC_SCOPES;
    for def in functions {
        for &scope in &summaries[&def].rest().scopes {
            let body = unit.program.body(def);
            let Some(allocations) = constant_allocations(unit, body, scope) else { continue };
            let bytes: u64 = allocations.iter().map(|(_, size, align)| size + align).sum();
            let Some(rest) = left.checked_sub(bytes) else { continue };
            left = rest;
            let function = unit.name(def.module, &unit.program.function(def).path).to_owned();
            let allocations = allocations
                .into_iter()
                .map(|(call, size, align)| {
                    let data = unit.module.add_data(Data {
                        name: Some(function.as_str().into()),
                        align: align as u32,
                        bytes: Vec::new(),
                        size,
                        relocs: Vec::new(),
                        read_only: false,
                        place: DataPlace::Laid,
                    });
                    (call, (data, size))
                })
                .collect();
            unit.static_scopes.insert((def, scope), StaticScope { allocations });
        }
    }
}

/// The scope's allocations (call, size, alignment) if they qualify.
fn constant_allocations(
    unit: &Unit<'_>,
    body: &Body,
    scope: ExprId,
) -> Option<Vec<(ExprId, u64, u64)>> {
    let ExprKind::Scope(allocator, inner, _) = &body[scope].kind else {
        unreachable!("summaries list scopes only");
    };
    let mut found = Vec::new();
    let mut total = 0u64;
    let mut pending = vec![(*inner, false)];
    while let Some((id, in_loop)) = pending.pop() {
        let kind = &body[id].kind;
        // Also inside an inner scope: what is allocated there by name belongs to this one.
        if matches!(kind, ExprKind::Local(local) if local == allocator) {
            return None;
        }
        if let ExprKind::Call(callee, arguments) = kind
            && Some(*callee) == unit.well_known.allocate
            && let Some((size, align)) = constant_call(body, *allocator, &body[*arguments])
        {
            if in_loop || !align.is_power_of_two() || align > MAX_STATIC_ALIGN {
                return None;
            }
            total = total.checked_add(size)?.checked_add(align)?;
            found.push((id, size, align));
            continue;
        }
        let is_loop = matches!(kind, ExprKind::Loop(_) | ExprKind::While(..) | ExprKind::For(_));
        let in_loop = in_loop || is_loop;
        body.for_each_child(id, |child| pending.push((child, in_loop)));
    }
    found.sort_unstable();
    (total <= MAX_STATIC_SCOPE).then_some(found)
}

/// Size and alignment of `allocator.allocate(size, align)` with constants.
fn constant_call(body: &Body, allocator: LocalId, arguments: &[ExprId]) -> Option<(u64, u64)> {
    let [receiver, size, align] = arguments else { return None };
    match (&body[*receiver].kind, &body[*size].kind, &body[*align].kind) {
        (ExprKind::Local(local), ExprKind::Int(size), ExprKind::Int(align))
            if *local == allocator =>
        {
            Some((*size, *align))
        }
        _ => None,
    }
}

/// The functions on cycles of the call graph: strongly connected components (Tarjan 1972) of more than one function, or with an edge to
/// themselves.
fn recursive(unit: &Unit<'_>, roots: &[DefId], summaries: &Summaries) -> FxHashSet<DefId> {
    let mut functions: Vec<DefId> = summaries.keys().copied().collect();
    functions.sort_unstable();
    let index: FxHashMap<DefId, u32> =
        functions.iter().zip(0..).map(|(def, at)| (*def, at)).collect();
    // Two extra nodes stand for "any function whose address is taken" and "any export".
    let (any_pointer, any_export) = (functions.len() as u32, functions.len() as u32 + 1);
    let mut edges: Vec<Vec<u32>> = functions
        .iter()
        .map(|def| {
            let summary = &summaries[def];
            let mut out: Vec<u32> =
                summary.calls.iter().filter_map(|callee| index.get(callee).copied()).collect();
            if !summary.rest().pointers.is_empty() {
                out.push(any_pointer);
            }
            if calls_back(unit, *def) {
                out.push(any_export);
            }
            out
        })
        .collect();
    let addresses = functions
        .iter()
        .flat_map(|def| &summaries[def].rest().addresses)
        .filter_map(|def| index.get(def).copied());
    let mut taken: Vec<u32> = addresses.collect();
    taken.sort_unstable();
    taken.dedup();
    edges.push(taken);
    edges.push(
        roots.iter().filter_map(|def| index.get(def).copied()).chain([any_pointer]).collect(),
    );

    let components = components(&edges);
    let mut sizes: FxHashMap<u32, u32> = FxHashMap::default();
    for component in &components {
        *sizes.entry(*component).or_default() += 1;
    }
    functions
        .iter()
        .enumerate()
        .filter(|(at, _)| sizes[&components[*at]] > 1 || edges[*at].contains(&(*at as u32)))
        .map(|(_, def)| *def)
        .collect()
}

/// Whether a function is an import that may call exports before it returns.
fn calls_back(unit: &Unit<'_>, def: DefId) -> bool {
    match &unit.program.function(def).kind {
        FunctionKind::Import(it) => !is_wasi(&it.module) || unit.joined.has(&it.module),
        FunctionKind::Body | FunctionKind::Template(_) | FunctionKind::Hook(_) => false,
    }
}

/// Whether an import module is WASI's.
pub(crate) fn is_wasi(module: &str) -> bool {
    module == "wasi_unstable" || module.starts_with("wasi_snapshot_")
}

/// For each node, the number of its strongly connected component.
fn components(edges: &[Vec<u32>]) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let count = edges.len();
    let (mut order, mut low, mut component) =
        (vec![NONE; count], vec![0u32; count], vec![NONE; count]);
    let (mut next_order, mut next_component) = (0u32, 0u32);
    let mut open: Vec<u32> = Vec::new();
    let mut stack: Vec<(u32, usize)> = Vec::new();
    for start in 0..count as u32 {
        if order[start as usize] != NONE {
            continue;
        }
        stack.push((start, 0));
        while let Some((node, next)) = stack.last_mut() {
            let at = *node as usize;
            if *next == 0 {
                order[at] = next_order;
                low[at] = next_order;
                next_order += 1;
                open.push(*node);
            }
            if let Some(&target) = edges[at].get(*next) {
                *next += 1;
                let to = target as usize;
                if order[to] == NONE {
                    stack.push((target, 0));
                } else if component[to] == NONE {
                    low[at] = low[at].min(order[to]);
                }
                continue;
            }
            // A node without edges comes here at once, one with edges after the last.
            let finished = *node;
            stack.pop();
            if low[at] == order[at] {
                while let Some(member) = open.pop() {
                    component[member as usize] = next_component;
                    if member == finished {
                        break;
                    }
                }
                next_component += 1;
            }
            if let Some((parent, _)) = stack.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(low[at]);
            }
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn finds_cycles() {
        // 0 → 1 → 2 → 1, 3 → 3, 4
        let found = components(&[vec![1], vec![2], vec![1], vec![3], vec![]]);
        assert_eq!(found[1], found[2]);
        assert_ne!(found[0], found[1]);
        assert_ne!(found[3], found[4]);
    }
}
