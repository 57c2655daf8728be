//! Pods of several parts, and which bid is named for what they left empty.

use crate::auction::decide::decide;
use crate::auction::sample::{ask, auction, bid, cpm, slot, stretch};
use crate::model::floor::Floor;
use crate::model::plan::{AuctionInput, Part, Place};

#[test]
fn each_pod_names_its_own_reasons() {
    let low = Part { floor: Floor::Fixed(cpm(5_000_000)), ..stretch(0, 30) };
    let mut input = auction(vec![low, stretch(1, 45)]);
    ask(&mut input, "acme", vec![bid("low", 1, 4_000_000, 30), bid("b", 2, 6_000_000, 30)]);
    assert_eq!(rows(&input), ["pod 0: 30 s below_floor, best low", "pod 1: 15 s no_bid"]);
}

#[test]
fn a_bid_claims_only_seconds_of_its_own_part() {
    let low = |seconds| Part { floor: Floor::Fixed(cpm(5_000_000)), ..stretch(0, seconds) };
    let mut input = auction(vec![low(15), low(30)]);
    // Its part has 15 s; the 30 s of the other are not for it.
    ask(&mut input, "acme", vec![bid("low", 1, 4_000_000, 15)]);
    assert_eq!(rows(&input), ["pod 0: 15 s below_floor, best low", "pod 0: 30 s no_bid"]);
}

#[test]
fn parts_of_one_pod_share_a_row_that_names_the_best_bid() {
    let low = || Part { floor: Floor::Fixed(cpm(5_000_000)), ..slot(0, 15, Place::Any) };
    let mut input = auction(vec![low(), low()]);
    ask(&mut input, "acme", vec![bid("worse", 1, 3_000_000, 15), bid("better", 2, 4_000_000, 15)]);
    assert_eq!(rows(&input), ["pod 0: 30 s below_floor, best better"]);
}

#[test]
fn the_best_of_those_too_long_is_named() {
    let mut input = auction(vec![stretch(0, 45)]);
    let bids = [("won", 9), ("long", 8), ("longer", 7)].map(|(id, price)| bid(id, 1, price, 30));
    ask(&mut input, "acme", bids.to_vec());
    assert_eq!(rows(&input), ["pod 0: 15 s duration, best long"]);
}

#[test]
fn a_refused_bid_without_a_length_is_named_for_what_no_other_claims() {
    let mut input = auction(vec![stretch(0, 45)]);
    let mut none = bid("none", 1, 9, 15);
    (none.seconds, none.markup) = (None, None);
    ask(&mut input, "acme", vec![none, bid("won", 1, 8, 30)]);
    assert_eq!(rows(&input), ["pod 0: 15 s blocked, best none"]);
}

#[test]
fn a_late_bidder_explains_only_parts_it_was_offered() {
    let mut input = auction(vec![stretch(0, 15), stretch(1, 15)]);
    ask(&mut input, "slow", Vec::new());
    input.plan.offers[0].imps.truncate(1);
    ask(&mut input, "acme", vec![bid("b", 2, 9, 6)]);
    assert_eq!(rows(&input), ["pod 0: 15 s timeout", "pod 1: 9 s no_bid"]);
}

#[test]
fn a_part_that_nobody_was_offered_had_no_bidders() {
    let mut input = auction(vec![stretch(0, 15), stretch(1, 15)]);
    ask(&mut input, "acme", vec![bid("b", 1, 9, 15)]);
    input.plan.offers[0].imps.truncate(1);
    assert_eq!(rows(&input), ["pod 1: 15 s no_bidders"]);
}

#[test]
fn a_full_pod_has_no_reasons() {
    let mut input = auction(vec![stretch(0, 30), slot(0, 15, Place::First)]);
    ask(&mut input, "acme", vec![bid("a", 1, 9, 30), bid("b", 2, 9, 15), bid("c", 1, 8, 30)]);
    assert_eq!(rows(&input), Vec::<String>::new());
}

/// Decides and prints what stayed empty.
fn rows(input: &AuctionInput) -> Vec<String> {
    let outcome = decide(input);
    let print = |row: &crate::model::outcome::Unfilled| {
        let best = row.best.map(|at| &input.replies[at.reply].bids[at.bid].id);
        let best = best.map(|id| format!(", best {id}")).unwrap_or_default();
        format!("pod {}: {} s {}{best}", row.pod, row.seconds.0, row.reason.name())
    };
    outcome.unfilled.iter().map(print).collect()
}
