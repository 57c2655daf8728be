//! The order of play, found among all orders; house ads stand in it as late as they may.

use std::cmp::Reverse;

use breakwater::model::outcome::Outcome;
use breakwater::model::plan::Place;

use super::Oracle;
use super::ads::Ad;
use super::house;

/// Checks places, order and times of the winners.
pub(super) fn check(oracle: &Oracle<'_>, outcome: &Outcome) -> Result<(), String> {
    let chosen = house::expected(oracle.input, outcome);
    let (mut expected, mut played) = (Vec::new(), Vec::new());
    for pod in 0..oracle.input.plan.pods.len() {
        let members = oracle.winners().into_iter().filter(|ad| ad.pod == pod).collect();
        let parts = &oracle.input.plan.parts;
        let own = chosen.iter().filter(|(part, _)| parts[*part].pod == pod);
        let (mut start, mut place) = (0, 0);
        for ad in with_house(play(members), &own.copied().collect::<Vec<_>>()) {
            place += 1;
            match ad {
                Playing::Sold(ad) => {
                    expected.push((ad.at, ad.part, place, start, ad.millis, ad.seconds));
                    start += ad.millis;
                }
                Playing::House(part, index) => {
                    played.push((part, index, place, start));
                    start += parts[part].house[index].length.0;
                }
            }
        }
    }
    let house = outcome.house.iter();
    let house = house.map(|it| (it.part, it.ad, usize::from(it.sequence), it.start.0));
    let house: Vec<_> = house.collect();
    if house != played {
        return Err(format!("house ads {house:?}, should be {played:?}"));
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

/// An ad of a pod.
enum Playing<'a, 'b> {
    Sold(&'b Ad<'a>),
    House(usize, usize),
}

/// Puts house ads together into the order of the sold: the latest place where these still stand
/// where they must.
fn with_house<'a, 'b>(sold: Vec<&'b Ad<'a>>, house: &[(usize, usize)]) -> Vec<Playing<'a, 'b>> {
    let all = sold.len() + house.len();
    let suits = |at: &usize| {
        sold.iter().enumerate().all(|(index, ad)| {
            let place = if index < *at { index } else { index + house.len() };
            stands(ad.place, place, all)
        })
    };
    let at = (0..=sold.len()).rev().find(suits).unwrap();
    let mut playing: Vec<_> = sold.into_iter().map(Playing::Sold).collect();
    let house = house.iter().map(|&(part, ad)| Playing::House(part, ad));
    playing.splice(at..at, house);
    playing
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
