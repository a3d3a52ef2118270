//! Structs are laid into locals field by field, so none may hold itself, nor more than fits.
//!
//! Invariant: after [`limit`], walking through the fields of fields ends, at [`MAX_STRUCT_DEPTH`] and after [`MAX_SCALARS`] at the latest.

use rustc_hash::FxHashMap;

use super::world::World;
use super::{MAX_SCALARS, MAX_STRUCT_DEPTH};
use crate::checked::{DefId, Struct, Type};
use crate::codes;
use crate::diagnostic::Diagnostic;

/// How big a struct is. A struct without scalars counts as one, so that counting bounds the walk.
#[derive(Clone, Copy)]
struct Size {
    depth: u32,
    scalars: u32,
}

/// Reports structs that hold themselves or too much; takes the fields that make them so for mistakes.
pub(super) fn limit(
    world: World<'_>,
    structs: &mut [(DefId, Struct)],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let index: FxHashMap<DefId, usize> =
        structs.iter().enumerate().map(|(index, entry)| (entry.0, index)).collect();
    let mut sizes: Vec<Option<Size>> = vec![None; structs.len()];
    let mut open = vec![false; structs.len()];
    for root in 0..structs.len() {
        let mut stack = vec![(root, 0)];
        while let Some((at, next)) = stack.last_mut() {
            let at = *at;
            if sizes[at].is_some() {
                stack.pop();
                continue;
            }
            open[at] = true;
            let field = structs[at].1.fields.get(*next).map(|field| &field.1);
            let Some(field) = field else {
                sizes[at] = Some(size(world, &mut structs[at], &sizes, &index, diagnostics));
                open[at] = false;
                stack.pop();
                continue;
            };
            let inner = match field {
                Type::Struct(def) => index.get(def).copied(),
                Type::Value(_) | Type::Unit | Type::Never | Type::Pointer(_) | Type::Error => None,
            };
            match inner {
                Some(inner) if open[inner] => {
                    let from = stack.iter().position(|entry| entry.0 == inner).unwrap_or(0);
                    let cycle: Vec<(usize, usize)> = stack[from..].to_vec();
                    report_cycle(world, structs, &cycle, diagnostics);
                    let field = stack.last().map_or(0, |entry| entry.1);
                    structs[at].1.fields[field].1 = Type::Error;
                }
                Some(inner) if sizes[inner].is_none() => stack.push((inner, 0)),
                Some(_) | None => *next += 1,
            }
        }
    }
}

/// Reports that the structs of `cycle` hold each other, each by its field of that number.
fn report_cycle(
    world: World<'_>,
    structs: &[(DefId, Struct)],
    cycle: &[(usize, usize)],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(((first, field), others)) = cycle.split_first() else { return };
    let name = |at: usize| &world.slot(structs[at].0).name;
    let mut error = Diagnostic::error(
        codes::INFINITE_STRUCT,
        structs[*first].1.place,
        format!("`{}` holds itself, so it would never end", name(*first)),
    )
    .note(format!("by its field `{}`", structs[*first].1.fields[*field].0));
    for (at, field) in others {
        error = error.label(
            structs[*at].1.place,
            format!("`{}` holds it by its field `{}`", name(*at), structs[*at].1.fields[*field].0),
        );
    }
    diagnostics.push(
        error.help(
            "a struct is a value: keep the other one in memory and hold its address (`addr`)",
        ),
    );
}

/// The size of a struct whose fields' sizes are known.
fn size(
    world: World<'_>,
    entry: &mut (DefId, Struct),
    sizes: &[Option<Size>],
    index: &FxHashMap<DefId, usize>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Size {
    let mut size = Size { depth: 1, scalars: 0 };
    for (_, ty) in &entry.1.fields {
        let field = match ty {
            Type::Struct(def) => match index.get(def) {
                Some(&inner) => sizes[inner].unwrap_or(Size { depth: 0, scalars: 1 }),
                None => Size { depth: 1, scalars: world.scalars(ty) },
            },
            Type::Value(_) | Type::Unit | Type::Never | Type::Pointer(_) | Type::Error => {
                Size { depth: 0, scalars: 1 }
            }
        };
        size.depth = size.depth.max(field.depth + 1);
        size.scalars = size.scalars.saturating_add(field.scalars.max(1));
    }
    let name = &world.slot(entry.0).name;
    let message = if size.scalars > MAX_SCALARS {
        format!("`{name}` holds {} scalars", size.scalars)
    } else if size.depth > MAX_STRUCT_DEPTH {
        format!("`{name}` holds structs {} deep", size.depth)
    } else {
        return size;
    };
    diagnostics.push(
        Diagnostic::error(codes::TOO_LARGE, entry.1.place, message)
            .note(format!(
                "at most {MAX_SCALARS} scalars and {MAX_STRUCT_DEPTH} levels are possible"
            ))
            .help("keep the data in memory: a struct lives in locals"),
    );
    for field in &mut entry.1.fields {
        field.1 = Type::Error;
    }
    Size { depth: 1, scalars: 1 }
}
