//! The order of play (decision 8): what places demand, else the highest price per second first.

use std::cmp::Ordering;

use crate::auction::candidate::{Candidate, Keys};
use crate::model::plan::Place;

/// Returns the ads of a pod, given as indexes of the candidates, in play order.
///
/// If the break is cut short, the cheapest seconds are lost; equals play in the order of their
/// keys. An ad that takes the first place or the last and is not bound by others takes the first
/// when it is worth the most per second, else the last.
pub(in crate::auction) fn play_order(
    candidates: &[Candidate],
    keys: &Keys<'_>,
    mut ads: Vec<usize>,
) -> Vec<usize> {
    ads.sort_unstable_by(|&left, &right| {
        let worth = by_worth(&candidates[left], &candidates[right]);
        worth.then_with(|| keys.of(left).cmp(keys.of(right)))
    });
    let holder = |slot| ads.iter().copied().find(|&ad| candidates[ad].slot == slot);
    let (mut first, mut last) = (holder(Place::First), holder(Place::Last));
    let edge: Vec<usize> =
        ads.iter().copied().filter(|&ad| candidates[ad].slot == Place::Edge).collect();
    match edge[..] {
        [] => {}
        [ad] if first.is_none() && (last.is_some() || ads[0] == ad) => first = Some(ad),
        [ad] => last = Some(ad),
        [better, other] => (first, last) = (Some(better), Some(other)),
        _ => unreachable!("a pod has two ends"),
    }
    let middle = ads.iter().copied().filter(|&ad| Some(ad) != first && Some(ad) != last);
    first.into_iter().chain(middle).chain(last).collect()
}

/// Compares by price per second, highest first, without dividing.
fn by_worth(left: &Candidate, right: &Candidate) -> Ordering {
    let worth = |price: &Candidate, seconds: &Candidate| {
        i128::from(price.price.micros()) * i128::from(seconds.seconds.0)
    };
    worth(right, left).cmp(&worth(left, right))
}
