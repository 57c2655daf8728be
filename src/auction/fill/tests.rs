//! Corners that whole auctions seldom reach: the step bound, and a bound table grown coarse.

use super::{Item, Limits, STEPS, fill, items, share_imp};
use crate::auction::candidate::Candidate;
use crate::model::market::{Fit, Lengths};
use crate::model::money::Cpm;
use crate::model::outcome::{BidRef, Search};
use crate::model::plan::{Part, Place};
use crate::model::time::{Millis, Seconds};

#[test]
fn past_the_step_bound_the_best_pod_found_stands() {
    let (candidates, limits) = hostile();
    let items = items(&candidates, &limits);
    let exact = fill(&candidates, &items, &limits, u32::MAX);
    assert_eq!(exact.search, Search::Exact);
    for steps in [0, 1, 10, 100] {
        let bounded = fill(&candidates, &items, &limits, steps);
        assert_eq!(bounded.search, Search::Bounded, "{steps} steps");
        assert_legal(&candidates, &items, &bounded.chosen, &limits);
        assert!(
            price(&candidates, &items, &bounded.chosen)
                <= price(&candidates, &items, &exact.chosen)
        );
    }
}

#[test]
fn more_steps_never_find_a_worse_pod() {
    let (candidates, limits) = hostile();
    let items = items(&candidates, &limits);
    let mut last = 0;
    for steps in 0..200 {
        let found = fill(&candidates, &items, &limits, steps);
        let price = price(&candidates, &items, &found.chosen);
        assert!(last <= price, "{steps} steps");
        last = price;
    }
    assert!(0 < last);
}

#[test]
fn a_long_break_with_many_odd_bids_is_exact() {
    let limits = Limits::of(&part(180, 12, Fit::Nominal));
    let candidates: Vec<_> = (0..300).map(|number| candidate(number, odd(number))).collect();
    let items = items(&candidates, &limits);
    let found = fill(&candidates, &items, &limits, STEPS);
    assert_legal(&candidates, &items, &found.chosen, &limits);
    assert_eq!(found.search, Search::Exact);
}

#[test]
fn the_longest_break_with_the_most_bids_ends_at_the_step_bound() {
    let limits = Limits::of(&part(900, 60, Fit::Nominal));
    let candidates: Vec<_> = (0..640).map(|number| candidate(number, odd(number))).collect();
    let items = items(&candidates, &limits);
    let found = fill(&candidates, &items, &limits, STEPS);
    assert_legal(&candidates, &items, &found.chosen, &limits);
    assert_eq!(found.search, Search::Bounded);
}

#[test]
fn real_lengths_of_many_kinds_are_exact() {
    let mut part = part(120, 8, Fit::Real);
    part.real = Millis(119_880);
    let limits = Limits::of(&part);
    let candidates: Vec<_> = (0..60).map(|number| candidate(number, odd(number))).collect();
    let items = items(&candidates, &limits);
    let found = fill(&candidates, &items, &limits, STEPS);
    assert_legal(&candidates, &items, &found.chosen, &limits);
    assert_eq!(found.search, Search::Exact);
}

/// A structured bidder whose bids all answer few imps: the bound, blind to imps, prunes little.
fn hostile() -> (Vec<Candidate>, Limits) {
    let limits = Limits::of(&part(120, 10, Fit::Nominal));
    let candidates = (0..40)
        .map(|number| {
            let mut candidate = candidate(number, odd(number));
            candidate.imp = Some((number / 20, number % 5));
            candidate
        })
        .collect();
    (candidates, limits)
}

fn part(seconds: u32, max_ads: u16, fit: Fit) -> Part {
    Part {
        seconds: Seconds(seconds),
        real: Seconds(seconds).millis(),
        max_ads,
        lengths: Lengths::Range { min: Seconds(1), max: Seconds(900) },
        fit,
        ..Part::default()
    }
}

/// A number that looks drawn, from 0 to 100.
fn odd(number: usize) -> u64 {
    u64::try_from(number * number * 7 + number * 31).unwrap() % 101
}

fn candidate(number: usize, odd: u64) -> Candidate {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(odd * 1_000_003 % 97).to_be_bytes());
    key[8..16].copy_from_slice(&number.to_be_bytes());
    let seconds = Seconds(u32::try_from(6 + odd % 37).unwrap());
    Candidate {
        bid: BidRef { reply: 0, bid: number },
        price: Cpm::from_micros(i64::try_from(1_000_000 + odd * odd * 3_001).unwrap()).unwrap(),
        seconds,
        length: Millis(seconds.millis().0 - odd),
        slot: Place::Any,
        imp: None,
        group: None,
        key,
    }
}

fn price(candidates: &[Candidate], items: &[Item], chosen: &[usize]) -> i64 {
    let members = chosen.iter().flat_map(|&index| items[index].members.clone());
    members.map(|member| candidates[member].price.micros()).sum()
}

fn assert_legal(candidates: &[Candidate], items: &[Item], chosen: &[usize], limits: &Limits) {
    let seconds: u32 = chosen.iter().map(|&index| items[index].load.seconds).sum();
    assert!(seconds <= limits.seconds);
    assert!(u32::try_from(chosen.len()).unwrap() <= limits.ads);
    for (place, &left) in chosen.iter().enumerate() {
        for &right in &chosen[..place] {
            assert!(!share_imp(candidates, &items[left], &items[right]));
        }
    }
}
