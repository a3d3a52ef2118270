//! Did you mean: the name in scope that is nearest to a misspelt one.
//!
//! Invariant: the answer depends on the set of candidates only, not on their order, so it may come from a hash map.

/// Names longer than this are not compared: nobody misspells them by hand.
const MAX_LENGTH: usize = 64;

/// The candidate with the smallest edit distance to `name`, if one is near enough to be meant; the alphabetically first among equals.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    let wanted: Vec<char> = name.chars().collect();
    if wanted.len() > MAX_LENGTH {
        return None;
    }
    let limit = (wanted.len() / 3).max(1);
    for candidate in candidates {
        if candidate == name || candidate == "_" || candidate.len().abs_diff(name.len()) > 4 * limit
        {
            continue;
        }
        let distance =
            if candidate.eq_ignore_ascii_case(name) { 0 } else { distance(&wanted, candidate) };
        // One letter for another letter is no misspelling of a name that has only one.
        if distance > limit || (distance >= wanted.len() && distance > 0) {
            continue;
        }
        if best.is_none_or(|found| (distance, candidate) < found) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The module whose path is nearest to a misspelt one: its last name must be near too, for paths have much in common; else one that has
/// the last name elsewhere.
pub(crate) fn nearest_module<'a>(
    path: &str,
    modules: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let last = |path: &'a str| path.rsplit("::").next().unwrap_or(path);
    let wanted = path.rsplit("::").next().unwrap_or(path);
    let is_near =
        |module: &str| nearest(wanted, std::iter::once(module)).is_some() || module == wanted;
    let near: Vec<&str> = modules.filter(|module| is_near(last(module))).collect();
    nearest(path, near.iter().copied())
        .or_else(|| near.into_iter().filter(|module| last(module) == wanted).min())
}

/// How many letters must be inserted, removed, replaced or swapped with a neighbour.
fn distance(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().take(2 * MAX_LENGTH).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, &a) in from.iter().enumerate() {
        let mut row = Vec::with_capacity(to.len() + 1);
        row.push(i + 1);
        for (j, &b) in to.iter().enumerate() {
            let mut cost = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == to[j - 1] && from[i - 1] == b {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits_and_swaps() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (a, b, n) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "ab", 1),
            ("abc", "xabc", 1),
            ("abc", "xyz", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(&chars(a), b), n, "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_is_found_and_the_far_is_not() {
        let names = ["fd_read", "fd_write", "fd_pwrite"];
        assert_eq!(nearest("fd_wrte", names.into_iter()), Some("fd_write"));
        assert_eq!(nearest("FD_READ", names.into_iter()), Some("fd_read"));
        assert_eq!(nearest("clock", names.into_iter()), None);
        assert_eq!(nearest("y", ["x"].into_iter()), None);
    }

    #[test]
    fn a_module_is_near_if_its_last_name_is() {
        let modules = ["std::io", "std::fs", "std::memory", "std::random", "app::parser"];
        let near = |path| nearest_module(path, modules.into_iter());
        assert_eq!(near("std::oi"), Some("std::io"));
        assert_eq!(near("sdt::memory"), Some("std::memory"));
        assert_eq!(near("std::memry"), Some("std::memory"));
        assert_eq!(near("random"), Some("std::random"));
        assert_eq!(near("lib::text::parser"), Some("app::parser"));
        assert_eq!(near("std::net"), None);
        assert_eq!(near("std::nothing"), None);
    }
}
