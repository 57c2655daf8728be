//! All subsets, one by one, held to the rules as they are written.

use std::cmp::Reverse;

use crate::auction::candidate::Tier;
use crate::auction::fill::tests::cases::Case;
use crate::model::plan::Place;

/// Sums of prices by tiers, seconds, ads (fewer is more), ascending keys (less is more).
pub(super) type Value = ([i128; 3], u64, Reverse<usize>, Reverse<Vec<[u8; 32]>>);

/// Returns the best legal subset, with one candidate in or one out.
///
/// When nothing legal holds the one that must be in, the empty set is returned.
pub(super) fn oracle(case: &Case, with: Option<usize>, without: Option<usize>) -> Vec<usize> {
    let count = case.candidates.len();
    let mut best: Option<(Value, Vec<usize>)> = None;
    for subset in 0u32..1 << count {
        let chosen: Vec<usize> = (0..count).filter(|index| subset >> index & 1 == 1).collect();
        if with.is_some_and(|with| !chosen.contains(&with))
            || without.is_some_and(|without| chosen.contains(&without))
            || !legal(case, &chosen)
        {
            continue;
        }
        let value = value(case, &chosen);
        if best.as_ref().is_none_or(|(known, _)| *known < value) {
            best = Some((value, chosen));
        }
    }
    best.map(|(_, chosen)| chosen).unwrap_or_default()
}

/// Returns what a set is worth.
pub(super) fn value(case: &Case, chosen: &[usize]) -> Value {
    let sum = |tiers: &[Tier]| -> i128 {
        let counted = chosen.iter().map(|&index| &case.candidates[index]);
        let counted = counted.filter(|bid| tiers.contains(&bid.tier));
        counted.map(|bid| i128::from(bid.price.micros())).sum()
    };
    let levels = [
        sum(&[Tier::Guaranteed]),
        sum(&[Tier::Guaranteed, Tier::Deal]),
        sum(&[Tier::Guaranteed, Tier::Deal, Tier::Open]),
    ];
    let seconds = chosen.iter().map(|&index| u64::from(case.candidates[index].seconds.0)).sum();
    let mut keys: Vec<[u8; 32]> = chosen.iter().map(|&index| case.keys[index]).collect();
    keys.sort_unstable();
    (levels, seconds, Reverse(chosen.len()), Reverse(keys))
}

/// Says whether a set keeps every rule.
pub(super) fn legal(case: &Case, chosen: &[usize]) -> bool {
    parts_hold(case, chosen)
        && ends_hold(case, chosen)
        && groups_whole(case, chosen)
        && no_two_exclude(case, chosen)
}

fn parts_hold(case: &Case, chosen: &[usize]) -> bool {
    case.parts.iter().enumerate().all(|(part, limit)| {
        let here = chosen.iter().map(|&index| &case.candidates[index]);
        let here: Vec<_> = here.filter(|bid| usize::from(bid.part) == part).collect();
        let seconds: u64 = here.iter().map(|bid| u64::from(bid.seconds.0)).sum();
        let millis: u64 = here.iter().map(|bid| bid.length.0).sum();
        let ads = u32::try_from(here.len()).unwrap();
        seconds <= u64::from(limit.seconds) && millis <= limit.millis && ads <= limit.ads
    })
}

fn ends_hold(case: &Case, chosen: &[usize]) -> bool {
    case.parts.iter().all(|part| {
        let count = |slot: Place| {
            let here = chosen.iter().map(|&index| &case.candidates[index]);
            here.filter(|bid| bid.pod == part.pod && bid.slot == slot).count()
        };
        let (first, last) = (count(Place::First), count(Place::Last));
        first <= 1 && last <= 1 && first + last + count(Place::Edge) <= 2
    })
}

fn groups_whole(case: &Case, chosen: &[usize]) -> bool {
    chosen.iter().all(|&index| {
        let group = case.candidates[index].group;
        group.is_none()
            || (0..case.candidates.len())
                .all(|other| case.candidates[other].group != group || chosen.contains(&other))
    })
}

fn no_two_exclude(case: &Case, chosen: &[usize]) -> bool {
    chosen.iter().enumerate().all(|(place, &left)| {
        chosen[..place].iter().all(|&right| {
            let (one, other) = (&case.candidates[left], &case.candidates[right]);
            let conflict = one.pod == other.pod && case.conflict(left, right);
            let imp = one.imp.is_some() && one.imp == other.imp;
            !conflict && !imp
        })
    })
}
