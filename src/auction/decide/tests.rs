//! Pods, parts and prices that one stretch at first price does not show.

use crate::auction::decide::{decide, decide_within};
use crate::auction::fill::STEPS;
use crate::auction::sample::{ask, auction, bid, cpm, deal, slot, stretch, under};
use crate::model::bid::Bid;
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::Floor;
use crate::model::outcome::{Fate, Outcome, Search};
use crate::model::plan::{AuctionInput, Part, Place};
use crate::model::time::Seconds;

#[test]
fn each_pod_has_its_own_order_and_clock() {
    let mut input = auction(vec![stretch(0, 30), stretch(1, 60)]);
    let bids = vec![
        bid("a", 2, 10_000_000, 30),
        bid("b", 1, 9_000_000, 15),
        bid("c", 2, 8_000_000, 15),
        bid("d", 1, 7_000_000, 15),
    ];
    ask(&mut input, "acme", bids);
    assert_eq!(
        plays(&input),
        ["pod 0: b 1 at 0", "pod 0: d 2 at 15000", "pod 1: c 1 at 0", "pod 1: a 2 at 15000"]
    );
    let outcome = decide(&input);
    assert_eq!((outcome.seconds.total, outcome.seconds.sold), (Seconds(90), Seconds(75)));
    assert_eq!(outcome.unfilled.len(), 1);
    assert_eq!((outcome.unfilled[0].pod, outcome.unfilled[0].seconds), (1, Seconds(15)));
}

#[test]
fn a_slot_owns_its_place_and_stretches_fill_around_it() {
    let parts = vec![stretch(0, 30), slot(0, 15, Place::Last), slot(0, 15, Place::First)];
    let mut input = auction(parts);
    let wants = |id, place, price| Bid { slot_in_pod: place, ..bid(id, 1, price, 15) };
    let bids = vec![
        bid("cheap", 3, 1_000_000, 15),
        bid("dear", 2, 90_000_000, 15),
        wants("either", 2, 20_000_000),
        wants("first", 1, 50_000_000),
        bid("middle", 1, 5_000_000, 15),
        bid("other", 1, 4_000_000, 15),
    ];
    ask(&mut input, "acme", bids);
    assert_eq!(
        plays(&input),
        [
            "pod 0: cheap 1 at 0",
            "pod 0: middle 2 at 15000",
            "pod 0: other 3 at 30000",
            "pod 0: dear 4 at 45000"
        ]
    );
    assert_eq!(lost(&input), ["either slot_taken", "first slot_taken"]);
}

#[test]
fn one_slot_pays_the_second_price() {
    let mut input = auction(vec![floored(slot(0, 30, Place::Any), 5_000_000)]);
    input.plan.terms.pricing = Pricing::Second;
    ask(&mut input, "acme", vec![bid("a", 1, 9_100_000, 30), bid("b", 1, 7_250_000, 30)]);
    ask(&mut input, "low", vec![bid("c", 1, 4_990_000, 30)]);
    assert_eq!(prices(&input), ["a clears 7.25 pays 7.25 needed 7.25"]);
    input.replies[0].bids.pop();
    assert_eq!(prices(&input), ["a clears 5.00 pays 5.00 needed 5.00"]);
}

#[test]
fn a_pod_pays_critical_prices() {
    let mut input = minute();
    assert_eq!(
        prices(&input),
        [
            "z clears 12.00 pays 12.00 needed 9.00",
            "w clears 11.00 pays 11.00 needed 9.00",
            "x clears 20.00 pays 20.00 needed 18.00"
        ]
    );
    input.plan.terms.pricing = Pricing::Second;
    assert_eq!(
        prices(&input),
        [
            "z clears 9.00 pays 9.00 needed 9.00",
            "w clears 9.00 pays 9.00 needed 9.00",
            "x clears 18.00 pays 18.00 needed 18.00"
        ]
    );
    input.plan.parts[0].floor = Floor::Fixed(cpm(10_000_000));
    assert_eq!(
        prices(&input),
        [
            "z clears 10.00 pays 10.00 needed 10.00",
            "w clears 10.00 pays 10.00 needed 10.00",
            "x clears 18.00 pays 18.00 needed 18.00"
        ]
    );
}

#[test]
fn a_fixed_deal_counts_its_price_and_pays_it() {
    let fixed = deal("fixed", Pricing::Fixed, 22_000_000);
    let mut input = auction(vec![with_deal(slot(0, 30, Place::Any), &fixed)]);
    ask(&mut input, "acme", vec![under(&fixed, bid("big", 1, 1_000_000_000, 30))]);
    assert_eq!(prices(&input), ["big clears 22.00 pays 22.00 needed 22.00"]);
    ask(&mut input, "zenith", vec![bid("open", 1, 23_000_000, 30)]);
    assert_eq!(prices(&input), ["open clears 23.00 pays 23.00 needed 22.00"]);
    assert_eq!(lost(&input), ["big outbid"]);
}

#[test]
fn a_discount_counts_and_is_told() {
    let off = Deal { discount_ppm: 100_000, floor: None, ..deal("off", Pricing::First, 0) };
    let mut input = auction(vec![with_deal(slot(0, 30, Place::Any), &off)]);
    ask(&mut input, "acme", vec![under(&off, bid("deal", 1, 20_000_000, 30))]);
    ask(&mut input, "zenith", vec![bid("open", 1, 17_500_000, 30)]);
    // 19.444444 less 1.944444 is 17.50 and a micro less is not.
    assert_eq!(prices(&input), ["deal clears 18.00 pays 18.00 needed 19.444444"]);
    let discount = decide(&input).wins[0].discount.unwrap();
    assert_eq!((discount.ppm, discount.off), (100_000, cpm(2_000_000)));
    input.replies[1].bids[0].price.as_mut().unwrap().cpm = cpm(18_500_000);
    assert_eq!(prices(&input), ["open clears 18.50 pays 18.50 needed 18.00"]);
}

#[test]
fn deals_are_served_first_where_they_are_owed_it() {
    let plain = deal("plain", Pricing::Fixed, 22_000_000);
    let owed = Deal { guaranteed: true, ..plain.clone() };
    for (deal, first, winners) in
        [(&plain, false, ["a", "b"].as_slice()), (&plain, true, &["d"]), (&owed, false, &["d"])]
    {
        let part = Part { deals_first: first, ..with_deal(stretch(0, 30), deal) };
        let mut input = auction(vec![part]);
        ask(&mut input, "acme", vec![under(deal, bid("d", 1, 22_000_000, 30))]);
        ask(&mut input, "zenith", vec![bid("a", 1, 15_000_000, 15), bid("b", 1, 14_000_000, 15)]);
        assert_eq!(won(&input), winners);
        let losers: &[&str] = match winners {
            ["d"] => &["a displaced_by_deal", "b displaced_by_deal"],
            _ => &["d outbid"],
        };
        assert_eq!(lost(&input), losers);
    }
}

#[test]
fn a_group_across_pods_wins_or_loses_whole() {
    let grouped = |id, imp, price| Bid { group: Some(0), ..bid(id, imp, price, 30) };
    let mut input = auction(vec![stretch(0, 30), stretch(1, 30)]);
    let pair = vec![grouped("p", 1, 5_000_000), grouped("q", 2, 9_000_000)];
    ask(&mut input, "acme", pair);
    ask(&mut input, "zenith", vec![bid("a", 1, 6_000_000, 30), bid("b", 2, 6_000_000, 30)]);
    assert_eq!(won(&input), ["p", "q"]);
    // Beside q's 9.00, p has to make up what 12.00 lack; beside p's 5.00, q the rest.
    assert_eq!(prices(&input)[0], "p clears 5.00 pays 5.00 needed 3.00");
    assert_eq!(prices(&input)[1], "q clears 9.00 pays 9.00 needed 7.00");
    input.replies[1].bids[0].price.as_mut().unwrap().cpm = cpm(8_500_000);
    assert_eq!(won(&input), ["a", "b"]);
    assert_eq!(lost(&input), ["p outbid", "q outbid"]);
}

#[test]
fn separation_holds_over_all_parts_of_a_pod_and_no_further() {
    let parts = vec![stretch(0, 30), slot(0, 15, Place::Any), stretch(1, 30)];
    let mut input = auction(parts);
    input.plan.pods[0].separation.advertiser = true;
    let bids = vec![bid("a", 2, 12_000_000, 15), bid("b", 1, 11_000_000, 30), bid("c", 3, 9, 30)];
    let domain = bids[0].advertisers.clone();
    let bids = bids.into_iter().map(|bid| Bid { advertisers: domain.clone(), ..bid }).collect();
    ask(&mut input, "acme", bids);
    ask(&mut input, "zenith", vec![bid("z", 1, 8_000_000, 30)]);
    assert_eq!(won(&input), ["a", "z", "c"]);
    assert_eq!(lost(&input), ["b separation"]);
}

#[test]
fn within_enough_steps_the_outcome_is_the_same() {
    let input = hard();
    let whole = decide(&input);
    assert_eq!(whole.search, Search::Exact);
    let within = [0, 1, 10, 100, 1_000, 10_000, STEPS, u32::MAX].map(|steps| {
        let outcome = decide_within(&input, steps);
        assert!(outcome.as_ref().is_none_or(|outcome| *outcome == whole), "{steps} steps");
        outcome.is_some()
    });
    assert!(within.is_sorted(), "more steps never decide less: {within:?}");
    assert!(!within[0] && within[6], "{within:?}");
}

/// The minute of the decision pages, for at most three ads.
pub(in crate::auction) fn minute() -> AuctionInput {
    let mut input = auction(vec![Part { max_ads: 3, ..stretch(0, 60) }]);
    let bids = [("x", 30, 20), ("y", 30, 18), ("z", 15, 12), ("w", 15, 11), ("v", 15, 9)];
    let bids = bids.map(|(id, seconds, price)| bid(id, 1, price * 1_000_000, seconds));
    ask(&mut input, "acme", bids.to_vec());
    input
}

/// A pod of odd lengths that takes a search.
fn hard() -> AuctionInput {
    let mut input = auction(vec![stretch(0, 120)]);
    let bids = (0..40).map(|number: i64| {
        let odd = (number * number * 7 + number * 31) % 101;
        let seconds = u32::try_from(6 + odd % 37).unwrap();
        let mut bid = bid(&format!("b{number}"), 1, 1_000_000 + odd * odd * 3_001, seconds);
        bid.advertisers[0].registrable = format!("a{}.example", number % 13).into();
        bid
    });
    ask(&mut input, "acme", bids.collect());
    input.plan.pods[0].separation.advertiser = true;
    input
}

fn with_deal(part: Part, deal: &Deal) -> Part {
    Part { deals: vec![deal.clone().into()], ..part }
}

fn floored(part: Part, micros: i64) -> Part {
    Part { floor: Floor::Fixed(cpm(micros)), ..part }
}

fn name(input: &AuctionInput, at: crate::model::outcome::BidRef) -> &str {
    input.replies[at.reply].bids[at.bid].id.as_str()
}

fn won(input: &AuctionInput) -> Vec<String> {
    decide(input).wins.iter().map(|win| name(input, win.bid).to_owned()).collect()
}

fn plays(input: &AuctionInput) -> Vec<String> {
    let play = |win: &crate::model::outcome::Win| {
        let pod = input.plan.parts[win.part].pod;
        format!("pod {pod}: {} {} at {}", name(input, win.bid), win.sequence, win.start.0)
    };
    decide(input).wins.iter().map(play).collect()
}

fn prices(input: &AuctionInput) -> Vec<String> {
    let print = |win: &crate::model::outcome::Win| {
        let (clearing, pay) = (win.clearing.price_text(), win.pay.price_text());
        let needed = win.min_to_win.unwrap().price_text();
        format!("{} clears {clearing} pays {pay} needed {needed}", name(input, win.bid))
    };
    decide(input).wins.iter().map(print).collect()
}

fn lost(input: &AuctionInput) -> Vec<String> {
    let Outcome { fates, .. } = decide(input);
    let bids = input.replies.iter().flat_map(|reply| &reply.bids);
    let fates = bids.zip(fates.into_iter().flatten());
    fates
        .filter_map(|(bid, fate)| match fate {
            Fate::Won(_) => None,
            Fate::Lost(reason) => Some(format!("{} {}", bid.id, reason.name())),
        })
        .collect()
}
