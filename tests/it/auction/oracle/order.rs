//! The order of play, found among all orders.

use std::cmp::Reverse;

use breakwater::model::outcome::Outcome;
use breakwater::model::plan::Place;

use super::Oracle;
use super::ads::Ad;

/// Checks places, order and times of the winners.
pub(super) fn check(oracle: &Oracle<'_>, outcome: &Outcome) -> Result<(), String> {
    let mut expected = Vec::new();
    for pod in 0..oracle.input.plan.pods.len() {
        let mut start = 0;
        let members = oracle.winners().into_iter().filter(|ad| ad.pod == pod).collect();
        for (index, ad) in play(members).into_iter().enumerate() {
            expected.push((ad.at, ad.part, index + 1, start, ad.millis, ad.seconds));
            start += ad.millis;
        }
    }
    let found = outcome.wins.iter().map(|win| {
        let place = usize::from(win.sequence);
        (win.bid, win.part, place, win.start.0, win.length.0, win.seconds.0)
    });
    let found: Vec<_> = found.collect();
    if found != expected {
        return Err(format!("plays {found:?}, should play {expected:?}"));
    }
    Ok(())
}

/// Returns ads in the order that suits their places and plays dear seconds early: as dear a first
/// as can be, then as dear a second, and so on.
fn play<'a, 'b>(mut ads: Vec<&'b Ad<'a>>) -> Vec<&'b Ad<'a>> {
    // Cross-multiplied by the other lengths, a price per second needs no division.
    let all: i128 = ads.iter().map(|ad| i128::from(ad.seconds)).product();
    let rank =
        |ad: &Ad<'_>| (Reverse(i128::from(ad.counts) * (all / i128::from(ad.seconds))), ad.key);
    ads.sort_by_key(|ad| rank(ad));
    let mut orders = vec![Vec::new()];
    for place in 0..ads.len() {
        let mut longer = Vec::new();
        for order in orders {
            for ad in 0..ads.len() {
                if !order.contains(&ad) && stands(ads[ad].place, place, ads.len()) {
                    longer.push([&order[..], &[ad]].concat());
                }
            }
        }
        orders = longer;
    }
    let order = orders.into_iter().min().unwrap();
    order.into_iter().map(|ad| ads[ad]).collect()
}

/// Says whether an ad that takes some places may stand at one of a pod.
fn stands(takes: Place, place: usize, of: usize) -> bool {
    let (first, last) = (place == 0, place + 1 == of);
    match takes {
        _ if of == 1 => true,
        Place::Any => true,
        Place::First => first,
        Place::Last => last,
        Place::Edge => first || last,
    }
}
