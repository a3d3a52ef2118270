//! `match` on scalars: patterns become ranges, which must cover every value and each add one.
//!
//! Invariant: ranges are compared by *keys*, 64-bit numbers in the order of the scrutinee's type (a signed value with its top bit flipped).

use std::collections::BTreeMap;

use super::{Checker, Literal, Out, Why};
use crate::check::world::integer;
use crate::checked::{Arm, ExprId, ExprKind, LocalId, Match, PatternRange, Type};
use crate::codes;
use crate::ir::{self, PatternKind, ValueType};
use crate::source::Span;

/// How many ranges that nothing matches a message names.
const SHOWN_GAPS: usize = 3;

/// Keys that are matched: the last key of each range by its first, ranges apart and not adjacent.
#[derive(Default, Debug)]
struct Covered(BTreeMap<u64, u64>);

impl Covered {
    fn has(&self, lo: u64, hi: u64) -> bool {
        self.0.range(..=lo).next_back().is_some_and(|(_, &last)| last >= hi)
    }

    fn add(&mut self, mut lo: u64, mut hi: u64) {
        if let Some((&first, &last)) = self.0.range(..=lo).next_back()
            && (last >= lo || last.checked_add(1) == Some(lo))
        {
            lo = first;
            hi = hi.max(last);
        }
        while let Some((&first, &last)) = self.0.range(lo..).next() {
            if first > hi && hi.checked_add(1) != Some(first) {
                break;
            }
            self.0.remove(&first);
            hi = hi.max(last);
        }
        self.0.insert(lo, hi);
    }

    /// The ranges between `min` and `max` that are not covered.
    fn gaps(&self, min: u64, max: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut next = Some(min);
        for (&first, &last) in &self.0 {
            let Some(from) = next else { break };
            if first > from {
                gaps.push((from, first - 1));
            }
            next = last.checked_add(1);
        }
        if let Some(from) = next
            && from <= max
        {
            gaps.push((from, max));
        }
        gaps
    }
}

/// The order of a type's values as that of 64-bit numbers.
#[derive(Clone, Copy)]
struct Keys {
    ty: ValueType,
    flip: u64,
    min: u64,
    max: u64,
}

/// Code points that are no characters.
const SURROGATES: (u64, u64) = (0xd800, 0xdfff);

impl Keys {
    /// `None` for types that cannot be matched.
    fn of(ty: ValueType) -> Option<Self> {
        let plain = |max| Some(Self { ty, flip: 0, min: 0, max });
        match (ty, integer(ty)) {
            (ValueType::Bool, _) => plain(1),
            (ValueType::Char, _) => plain(u64::from(u32::from(char::MAX))),
            (_, Some((width, true))) => {
                let flip = 1 << 63;
                let top = 1u64 << (width - 1);
                Some(Self { ty, flip, min: top.wrapping_neg() ^ flip, max: (top - 1) ^ flip })
            }
            (_, Some((width, false))) => plain(u64::MAX >> (64 - width)),
            (_, None) => None,
        }
    }

    fn show(self, key: u64) -> String {
        let value = key ^ self.flip;
        match self.ty {
            ValueType::Bool => (if value == 0 { "false" } else { "true" }).into(),
            ValueType::Char => char::from_u32(value as u32)
                .map_or_else(|| format!("{value:#x}"), |value| format!("{value:?}")),
            _ if self.flip != 0 => (value as i64).to_string(),
            _ => value.to_string(),
        }
    }

    fn show_range(self, (lo, hi): (u64, u64)) -> String {
        if lo == hi {
            format!("`{}`", self.show(lo))
        } else {
            format!("`{}..={}`", self.show(lo), self.show(hi))
        }
    }
}

impl Checker<'_, '_> {
    pub(super) fn matching(
        &mut self,
        scrutinee: ir::ExprId,
        arms: &[ir::Arm],
        span: Span,
        hint: Option<&Type>,
    ) -> Out {
        let scrutinee_span = self.spot(scrutinee);
        let value = self.closed(scrutinee);
        let mut ty = self.ty(value).clone();
        let keys = match &ty {
            Type::Value(value) => Keys::of(*value),
            Type::Unit | Type::Never | Type::Struct(_) | Type::Pointer(_) | Type::Error => None,
        };
        if keys.is_none() && !matches!(ty, Type::Error | Type::Never) {
            let shown = self.cx.show(&ty);
            let error = self
                .cx
                .error(
                    codes::PATTERN,
                    scrutinee_span,
                    format!("a value of type `{shown}` cannot be matched"),
                )
                .note("`match` is for bool, char, integers and addr")
                .help("compare it with `if`");
            self.report(error);
            // What its patterns are does not matter then.
            ty = Type::Error;
        }
        let errors_before = self.cx.diagnostics.len();
        let mut covered = Covered::default();
        if let Some(keys) = keys
            && keys.ty == ValueType::Char
        {
            covered.add(SURROGATES.0, SURROGATES.1);
        }
        // What is known where the next arm's pattern is tried, and behind the arms so far.
        let mut trying = self.flow.clone();
        let mut after: Option<super::Flow> = None;
        let mut joined: Option<(Out, ir::ExprId, Type, Option<Literal>)> = None;
        let mut outs: Vec<(Out, ir::ExprId)> = Vec::with_capacity(arms.len());
        let mut checked = Vec::with_capacity(arms.len());
        for arm in arms {
            self.flow = trying.clone();
            let mark = self.enter();
            let (ranges, binding, all) = self.patterns(&arm.patterns, keys, &ty, scrutinee_span);
            let lists_before = errors_before == self.cx.diagnostics.len();
            if let Some(keys) = keys
                && lists_before
            {
                self.cover(&mut covered, keys, &ranges, all, arm);
            }
            let guard = arm
                .guard
                .map(|guard| self.want(guard, &super::operator::BOOL, Why::Condition("a guard")));
            if guard.is_some() {
                let (taken, refused) = self.split();
                self.flow = taken;
                // Another arm may be tried before this one's pattern, or after its guard.
                trying.join(&refused);
            }
            let expected =
                joined.as_ref().filter(|joined| joined.3.is_none()).map(|joined| joined.2.clone());
            let out = self.expr(
                arm.value,
                expected.as_ref().filter(|ty| !matches!(ty, Type::Never | Type::Error)).or(hint),
            );
            self.leave(mark);
            match &mut after {
                Some(flow) => flow.join(&self.flow),
                None => after = Some(self.flow.clone()),
            }
            outs.push((out, arm.value));
            joined = Some(match joined {
                None => (out, arm.value, self.ty(out.id).clone(), out.open),
                Some(before) => self.join_arm(before, out, arm.value, &outs),
            });
            let ranges = ranges.iter().map(|range| PatternRange { lo: range.0, hi: range.1 });
            let ranges = if all { Box::default() } else { ranges.collect() };
            checked.push(Arm { ranges, binding, guard, value: out.id });
        }
        if let Some(keys) = keys
            && errors_before == self.cx.diagnostics.len()
        {
            self.exhausted(&covered, keys, span, scrutinee_span);
        }
        self.flow = after.unwrap_or(trying);
        if arms.is_empty() {
            self.flow.live = false;
        }
        let (ty, open) = joined.map_or((Type::Never, None), |joined| (joined.2, joined.3));
        let id = self.push(
            ExprKind::Match(Box::new(Match { scrutinee: value, arms: checked.into() })),
            ty,
            span,
        );
        Out { id, open }
    }

    /// Joins one more arm's value to the arms before.
    fn join_arm(
        &mut self,
        before: (Out, ir::ExprId, Type, Option<Literal>),
        out: Out,
        ast: ir::ExprId,
        outs: &[(Out, ir::ExprId)],
    ) -> (Out, ir::ExprId, Type, Option<Literal>) {
        let (first, first_ast, ty, open) = before;
        if ty == Type::Never && open.is_none() {
            return (out, ast, self.ty(out.id).clone(), out.open);
        }
        match (open, out.open) {
            // All arms so far are open: what this one is they become.
            (Some(literal), None) => {
                let found = self.ty(out.id).clone();
                if let Some(value) = literal.fits(&found) {
                    for (before, _) in outs {
                        if before.open.is_some() {
                            self.settle(before.id, value);
                        }
                    }
                    return (first, first_ast, found, None);
                }
                if found == Type::Never {
                    return (first, first_ast, ty, open);
                }
                let default = Type::Value(literal.default_type());
                for (before, _) in outs {
                    if before.open.is_some() {
                        self.settle(before.id, literal.default_type());
                    }
                }
                self.fit(out, ast, &default, Why::Branch(self.spot(first_ast)));
                (first, first_ast, default, None)
            }
            (Some(a), Some(b)) if a == b => (first, first_ast, ty, open),
            (Some(literal), Some(_)) => {
                let default = Type::Value(literal.default_type());
                for (before, _) in &outs[..outs.len() - 1] {
                    if before.open.is_some() {
                        self.settle(before.id, literal.default_type());
                    }
                }
                self.fit(out, ast, &default, Why::Branch(self.spot(first_ast)));
                (first, first_ast, default, None)
            }
            (None, _) => {
                if ty == Type::Error {
                    self.close(out);
                } else {
                    self.fit(out, ast, &ty, Why::Branch(self.spot(first_ast)));
                }
                (first, first_ast, ty, None)
            }
        }
    }

    /// The values that an arm's patterns take, the variable they bind, and whether they take all.
    fn patterns(
        &mut self,
        patterns: &[ir::Pattern],
        keys: Option<Keys>,
        ty: &Type,
        scrutinee: Span,
    ) -> (Vec<(u64, u64)>, Option<LocalId>, bool) {
        let mut ranges = Vec::new();
        let mut binding = None;
        let mut all = false;
        for pattern in patterns {
            match &pattern.kind {
                PatternKind::Wildcard => all = true,
                PatternKind::Error => {
                    // Reported; whatever it was, the match is not judged by it.
                    all = true;
                }
                PatternKind::Name(name) => {
                    let text = self.cx.text(*name);
                    let constant =
                        self.cx.in_scope(text).value.filter(|def| self.cx.world.is_global(*def));
                    match constant {
                        Some(def) => {
                            let out = self.read(def, name.span, None);
                            if let Some(value) =
                                self.pattern_value(out, pattern.span, ty, scrutinee)
                            {
                                ranges.push((value, value));
                            }
                        }
                        None => {
                            all = true;
                            if patterns.len() > 1 {
                                let error = self
                                    .cx
                                    .error(codes::PATTERN, name.span, format!("no constant `{text}` is in scope, so this would bind a variable"))
                                    .note("a variable takes every value, so it must stand alone")
                                    .help(format!("write a value, or `{text}` alone"));
                                self.report(error);
                            }
                            binding = Some(self.declare(*name, ty.clone(), false));
                        }
                    }
                }
                PatternKind::Value(id) => {
                    if let Some(value) = self.pattern_expr(*id, ty, scrutinee) {
                        ranges.push((value, value));
                    }
                }
                PatternKind::Range { start, end, inclusive } => {
                    let lo = start.map(|start| self.pattern_expr(start, ty, scrutinee));
                    let hi = end.map(|end| self.pattern_expr(end, ty, scrutinee));
                    let Some(keys) = keys else { continue };
                    if lo == Some(None) || hi == Some(None) {
                        continue;
                    }
                    let lo = lo.flatten().unwrap_or(keys.min ^ keys.flip);
                    let last = match hi.flatten() {
                        None => Some(keys.max),
                        Some(hi) if *inclusive => Some(hi ^ keys.flip),
                        Some(hi) => {
                            (hi ^ keys.flip).checked_sub(1).filter(|last| *last >= keys.min)
                        }
                    };
                    match last {
                        Some(last) if (lo ^ keys.flip) <= last => {
                            ranges.push((lo, last ^ keys.flip))
                        }
                        _ => {
                            let error = self
                                .cx
                                .error(codes::PATTERN, pattern.span, "this range is empty")
                                .help("the first value must not be larger than the last");
                            self.report(error);
                        }
                    }
                }
            }
        }
        (ranges, binding, all)
    }

    /// A pattern's expression; what was built for it is not part of the body.
    fn pattern_expr(&mut self, id: ir::ExprId, ty: &Type, scrutinee: Span) -> Option<u64> {
        let kept = self.out.exprs.len();
        let floats = self.floats.len();
        let span = self.spot(id);
        let hint = if matches!(ty, Type::Error | Type::Never) { None } else { Some(ty) };
        let out = self.expr(id, hint);
        if let Some(ty) = hint {
            self.fit(out, id, ty, Why::Pattern(scrutinee));
        } else {
            self.close(out);
        }
        let value = self.constant_bits(out.id);
        if value.is_none() && hint.is_some() && self.ty(out.id) == ty {
            self.not_a_pattern(span);
        }
        self.truncate(kept);
        self.floats.truncate(floats);
        value
    }

    fn pattern_value(&mut self, out: Out, span: Span, ty: &Type, scrutinee: Span) -> Option<u64> {
        let found = self.ty(out.id).clone();
        let value = self.constant_bits(out.id);
        self.truncate(out.id.index());
        if found != *ty {
            if !matches!(found, Type::Error) && !matches!(ty, Type::Error | Type::Never) {
                let (a, b) = (self.cx.show(&found), self.cx.show(ty));
                let error = self
                    .cx
                    .error(
                        codes::TYPE_MISMATCH,
                        span,
                        format!("this pattern is `{a}`, but the value matched is `{b}`"),
                    )
                    .label(self.cx.place(scrutinee), format!("this is `{b}`"));
                self.report(error);
            }
            return None;
        }
        if value.is_none() {
            self.not_a_pattern(span);
        }
        value
    }

    fn not_a_pattern(&mut self, span: Span) {
        let error = self
            .cx
            .error(codes::PATTERN, span, "a pattern is a literal or a `const`")
            .note("the value of this is not known when the program is compiled");
        self.report(error);
    }

    fn constant_bits(&self, id: ExprId) -> Option<u64> {
        match self.out[id].kind {
            ExprKind::Int(bits) => Some(bits),
            _ => None,
        }
    }

    /// Adds an arm's values; reports an arm that is never taken.
    fn cover(
        &mut self,
        covered: &mut Covered,
        keys: Keys,
        ranges: &[(u64, u64)],
        all: bool,
        arm: &ir::Arm,
    ) {
        let flip = keys.flip;
        let whole = [(keys.min ^ flip, keys.max ^ flip)];
        let ranges = if all { &whole[..] } else { ranges };
        let span = arm.patterns.first().map_or(arm.span, |first| {
            arm.patterns.last().map_or(first.span, |last| first.span.to(last.span))
        });
        let taken = |(lo, hi): (u64, u64)| {
            // The last value may be one that only the surrogates' hole hides.
            if all {
                covered.gaps(keys.min, keys.max).is_empty()
            } else {
                covered.has(lo ^ flip, hi ^ flip)
            }
        };
        if !ranges.is_empty() && ranges.iter().copied().all(taken) {
            let error = self
                .cx
                .error(codes::UNREACHABLE_ARM, span, "this arm is never taken")
                .note("the arms before it take all its values")
                .help("remove it, or move it up");
            self.report(error);
            return;
        }
        if arm.guard.is_none() {
            for (lo, hi) in ranges {
                covered.add(lo ^ flip, hi ^ flip);
            }
        }
    }

    fn exhausted(&mut self, covered: &Covered, keys: Keys, span: Span, scrutinee: Span) {
        let gaps = covered.gaps(keys.min, keys.max);
        if gaps.is_empty() {
            return;
        }
        let mut shown: Vec<String> =
            gaps.iter().take(SHOWN_GAPS).map(|gap| keys.show_range(*gap)).collect();
        if gaps.len() > SHOWN_GAPS {
            shown.push(format!("{} more", gaps.len() - SHOWN_GAPS));
        }
        let _ = span;
        let error = self
            .cx
            .error(
                codes::NOT_EXHAUSTIVE,
                scrutinee,
                format!("not every value is matched: {} missing", shown.join(", ")),
            )
            .help("add arms for them, or `_ => …` for all others");
        self.report(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_merge_and_leave_gaps() {
        let mut covered = Covered::default();
        for (lo, hi) in [(10, 20), (30, 40), (21, 25), (5, 9), (0, 0), (u64::MAX, u64::MAX)] {
            covered.add(lo, hi);
        }
        assert_eq!(covered.gaps(0, u64::MAX), [(1, 4), (26, 29), (41, u64::MAX - 1)]);
        assert!(covered.has(5, 25) && !covered.has(5, 26));
        covered.add(1, u64::MAX - 1);
        assert_eq!(covered.0.len(), 1);
        assert!(covered.gaps(0, u64::MAX).is_empty());
    }

    #[test]
    fn covering_agrees_with_a_set() {
        // Every sequence of three ranges over eight values.
        let ranges: Vec<(u64, u64)> =
            (0..8).flat_map(|lo| (lo..8).map(move |hi| (lo, hi))).collect();
        for a in &ranges {
            for b in &ranges {
                for c in &ranges {
                    let mut covered = Covered::default();
                    let mut set = [false; 8];
                    for (lo, hi) in [a, b, c] {
                        assert_eq!(
                            covered.has(*lo, *hi),
                            set[*lo as usize..=*hi as usize].iter().all(|value| *value)
                        );
                        covered.add(*lo, *hi);
                        set[*lo as usize..=*hi as usize].fill(true);
                    }
                    let gaps: u64 = covered.gaps(0, 7).iter().map(|(lo, hi)| hi - lo + 1).sum();
                    assert_eq!(gaps, set.iter().filter(|value| !**value).count() as u64);
                }
            }
        }
    }
}
