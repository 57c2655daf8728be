//! The best legal pod: an exact search over durations, places and prices.
//!
//! The objective, in order: the highest sum of prices, the most seconds, the fewest ads, the least
//! ascending list of tie-break keys (decisions 4, 5). What must be chosen together is one `Item`: a
//! bid, or all bids of an all-or-nothing group. Items that cannot be in the best pod are struck
//! out, `table` bounds what the rest may still add, `search` walks, `order` puts the pod in play
//! order.

pub(super) mod order;
mod search;
mod table;

use std::ops::Range;

use crate::auction::candidate::{Candidate, Key};
use crate::auction::fill::table::Table;
use crate::model::market::Fit;
use crate::model::outcome::Search;
use crate::model::plan::{Part, Place};
use crate::model::time::{MAX_BREAK, Seconds};

/// Bids that are chosen together or not at all.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its bids, as indexes of the candidates.
    pub(super) members: Range<usize>,
    /// What it adds to the objective.
    score: Score,
    /// What it takes of the pod.
    pub(super) load: Load,
    /// Whether one of its bids answers a structured imp.
    has_imp: bool,
    /// The lowest key of its bids.
    key: Key,
}

/// What ads take of a pod, or all there is to take.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Load {
    /// Nominal seconds.
    pub(super) seconds: u32,
    /// Real milliseconds; 0 where only nominal seconds count.
    pub(super) millis: u64,
    /// Ads.
    pub(super) ads: u32,
    /// Ads that take the first place only.
    first: u32,
    /// Ads that take the last place only.
    last: u32,
    /// Ads that take either of the two.
    edge: u32,
}

/// What a pod can hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Nominal seconds.
    pub(super) seconds: u32,
    /// Real milliseconds; the largest number where only nominal seconds count.
    millis: u64,
    /// Ads.
    pub(super) ads: u32,
    /// What ads must fit into.
    fit: Fit,
}

/// The pod that was found.
#[derive(Debug)]
pub(super) struct Filled {
    /// The chosen items, as indexes of the items given.
    pub(super) chosen: Vec<usize>,
    /// How it was found.
    pub(super) search: Search,
}

/// A sum of prices in micros, then seconds, then ads (fewer is more), packed to compare as one.
///
/// Shifts of 32 and 16 bits leave room for the 900 seconds and ads of the longest break; 900 of
/// the highest price there is stay below 2^105.
type Score = i128;

impl Load {
    /// Returns what both take.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            seconds: self.seconds.saturating_add(other.seconds),
            millis: self.millis.saturating_add(other.millis),
            ads: self.ads.saturating_add(other.ads),
            first: self.first + other.first,
            last: self.last + other.last,
            edge: self.edge + other.edge,
        }
    }

    /// Says whether the ads of both find the places they take.
    ///
    /// At most one ad holds the first place and one the last. A single ad holds both, so nothing
    /// more is asked of it.
    pub(super) fn places_clash(self, other: Self) -> bool {
        let sum = self.plus(other);
        1 < sum.first || 1 < sum.last || 2 < sum.first + sum.last + sum.edge
    }

    /// Says whether `limits` hold this much, places aside.
    pub(super) fn within(self, limits: &Limits) -> bool {
        self.seconds <= limits.seconds && self.millis <= limits.millis && self.ads <= limits.ads
    }
}

impl Limits {
    /// Returns what a pod can hold.
    pub(super) fn of(part: &Part) -> Self {
        // A pod of more than 900 s is never planned; `Score` relies on it.
        let seconds = part.seconds.min(Seconds::nominal(MAX_BREAK)).0;
        let millis = match part.fit {
            Fit::Nominal => u64::MAX,
            Fit::Real => part.real.min(MAX_BREAK).0,
        };
        Self { seconds, millis, ads: u32::from(part.max_ads).min(seconds), fit: part.fit }
    }
}

/// Returns the items of the candidates, which stand with those of one group side by side.
pub(super) fn items(candidates: &[Candidate], limits: &Limits) -> Vec<Item> {
    let mut items = Vec::with_capacity(candidates.len());
    let mut start = 0;
    for chunk in
        candidates.chunk_by(|left, right| left.group.is_some() && left.group == right.group)
    {
        items.push(item(chunk, start, limits));
        start += chunk.len();
    }
    items
}

/// Says whether an item could be sold if there were no other: only a group cannot.
pub(super) fn possible(candidates: &[Candidate], item: &Item, limits: &Limits) -> bool {
    let members = &candidates[item.members.clone()];
    let imp_twice = members.iter().enumerate().any(|(index, member)| {
        member.imp.is_some() && members[..index].iter().any(|other| other.imp == member.imp)
    });
    item.load.within(limits) && !item.load.places_clash(Load::default()) && !imp_twice
}

/// Says whether two items ask for the same structured imp.
pub(super) fn share_imp(candidates: &[Candidate], left: &Item, right: &Item) -> bool {
    left.has_imp
        && right.has_imp
        && candidates[left.members.clone()].iter().any(|left| {
            left.imp.is_some()
                && candidates[right.members.clone()].iter().any(|right| left.imp == right.imp)
        })
}

/// Returns the best legal pod, or the best found within `steps`.
pub(super) fn fill(
    candidates: &[Candidate],
    items: &[Item],
    limits: &Limits,
    steps: u32,
) -> Filled {
    let mut order: Vec<usize> = contenders(candidates, items, limits);
    // Walked in the order of keys, the first of equal pods is the least by decision 5.
    order.sort_unstable_by_key(|&index| items[index].key);
    let ranked: Vec<&Item> = order.iter().map(|&index| &items[index]).collect();
    let table = Table::new(&ranked, limits);
    let found = search::search(candidates, &ranked, &table, limits, steps);
    Filled {
        chosen: found.chosen.into_iter().map(|rank| order[rank]).collect(),
        search: found.search,
    }
}

/// The most nodes of a search: about as many as 3 ms hold, and far above what real pods need.
pub(super) const STEPS: u32 = 100_000;

fn item(members: &[Candidate], start: usize, limits: &Limits) -> Item {
    let mut load = Load::default();
    let mut price = 0;
    for member in members {
        let (mut first, mut last, mut edge) = (0, 0, 0);
        match member.slot {
            Place::Any => {}
            Place::First => first = 1,
            Place::Last => last = 1,
            Place::Edge => edge = 1,
        }
        let millis = match limits.fit {
            Fit::Nominal => 0,
            Fit::Real => member.length.0,
        };
        load = load.plus(Load { seconds: member.seconds.0, millis, ads: 1, first, last, edge });
        price += i128::from(member.price.micros());
    }
    Item {
        members: start..start + members.len(),
        score: (price << 32) + (i128::from(load.seconds) << 16) - i128::from(load.ads),
        load,
        has_imp: members.iter().any(|member| member.imp.is_some()),
        key: members.iter().map(|member| member.key).min().expect("an item has a bid"),
    }
}

/// Returns the items that may be in the best pod.
///
/// A bid is struck out when, whatever else is in the pod, some other bid could take its place and
/// make the pod better. That is so when enough others beat it (`beats`) that the rest of the pod
/// cannot hold or block them all: each other ad blocks itself, or one structured imp.
fn contenders(candidates: &[Candidate], items: &[Item], limits: &Limits) -> Vec<usize> {
    let mut ranked: Vec<usize> =
        (0..items.len()).filter(|&index| possible(candidates, &items[index], limits)).collect();
    ranked.sort_unstable_by(|&left, &right| {
        let (left, right) = (&items[left], &items[right]);
        right.score.cmp(&left.score).then(left.key.cmp(&right.key))
    });
    let shortest = ranked.iter().map(|&index| items[index].load.seconds / items[index].load.ads);
    let most_ads = limits.ads.min(limits.seconds / shortest.min().unwrap_or(1).max(1));
    let mut contenders = Vec::new();
    for (rank, &index) in ranked.iter().enumerate() {
        if !struck_out(candidates, items, &ranked[..rank], index, most_ads) {
            contenders.push(index);
        }
    }
    contenders
}

/// Says whether the better items keep one out of the best pod, which has at most `most_ads` ads.
fn struck_out(
    candidates: &[Candidate],
    items: &[Item],
    better: &[usize],
    index: usize,
    most_ads: u32,
) -> bool {
    let Some(bid) = single(candidates, &items[index]) else {
        return false;
    };
    let load = items[index].load;
    let mut seen = Vec::new();
    let mut rivals = 0;
    for &other in better {
        let beats =
            items[other].load.seconds <= load.seconds && items[other].load.millis <= load.millis;
        let rival = single(candidates, &items[other]).filter(|_| beats);
        let Some(rival) = rival else { continue };
        let same_imp = rival.imp.is_some() && rival.imp == bid.imp;
        // Two bids for the one place, or the one imp, are never in a pod together.
        let excluded = match rival.slot {
            Place::Any => same_imp,
            Place::First | Place::Last => {
                rival.slot == bid.slot && (same_imp || rival.imp.is_none())
            }
            Place::Edge => rival.slot == bid.slot && same_imp,
        };
        if excluded {
            return true;
        }
        if rival.slot != Place::Any || seen.contains(&rival.imp) {
            continue;
        }
        if rival.imp.is_some() {
            seen.push(rival.imp);
        }
        rivals += 1;
        if most_ads <= rivals {
            return true;
        }
    }
    false
}

/// Returns the bid of an item that is no group.
fn single<'a>(candidates: &'a [Candidate], item: &Item) -> Option<&'a Candidate> {
    let first = &candidates[item.members.start];
    first.group.is_none().then_some(first)
}

#[cfg(test)]
mod tests;
