//! What losers are told, on paper and by trying it.

use crate::auction::decide::decide;
use crate::auction::decide::tests::minute;
use crate::auction::minimums::minimums;
use crate::auction::sample::{ask, auction, bid, cpm, deal, slot, stretch, under};
use crate::model::deal::{Deal, Pricing};
use crate::model::money::{Cpm, Currency};
use crate::model::outcome::Fate;
use crate::model::plan::{AuctionInput, Part, Place};
use crate::model::rates::Rate;

#[test]
fn losers_of_a_pod_see_what_would_have_tied() {
    assert_eq!(told(&minute()), ["18.00", "20.00", "9.00", "9.00", "11.00"]);
}

#[test]
fn losers_under_second_pricing_see_what_winners_pay() {
    let mut input = minute();
    input.plan.terms.pricing = Pricing::Second;
    assert_eq!(told(&input), ["18.00", "18.00", "9.00", "9.00", "9.00"]);

    let mut input = auction(vec![slot(0, 30, Place::Any)]);
    input.plan.terms.pricing = Pricing::Second;
    let bids = [9_100_000, 7_250_000, 5_000_000].map(|price| bid("b", 1, price, 30));
    for (bidder, bid) in ["a", "b", "c"].into_iter().zip(bids) {
        ask(&mut input, bidder, vec![bid]);
    }
    assert_eq!(told(&input), ["7.25", "7.25", "7.25"]);
}

#[test]
fn a_place_that_went_for_less_than_a_loser_bid_is_no_figure_for_it() {
    let mut input = auction(vec![stretch(0, 30)]);
    let bids = [(15, 10_000_000), (15, 10_000_000), (30, 12_000_000)];
    for (bidder, (seconds, price)) in ["a", "b", "c"].into_iter().zip(bids) {
        ask(&mut input, bidder, vec![bid(bidder, 1, price, seconds)]);
    }
    assert_eq!(told(&input), ["2.00", "2.00", "20.00"]);
    input.plan.terms.pricing = Pricing::Second;
    assert_eq!(told(&input), ["2.00", "2.00", "-"]);
}

#[test]
fn each_loser_is_told_by_the_pricing_of_its_own_bid() {
    let second = deal("second", Pricing::Second, 1_000_000);
    let first = deal("first", Pricing::First, 1_000_000);
    let deals = vec![second.clone().into(), first.clone().into()];
    let mut input = auction(vec![Part { deals, ..slot(0, 30, Place::Any) }]);
    ask(&mut input, "won", vec![under(&second, bid("b", 1, 20_000_000, 30))]);
    ask(&mut input, "open", vec![bid("b", 1, 12_000_000, 30)]);
    ask(&mut input, "deal", vec![under(&second, bid("b", 1, 11_000_000, 30))]);
    assert_eq!(told(&input), ["12.00", "20.00", "12.00"]);
    input.plan.terms.pricing = Pricing::Second;
    input.replies[2].bids[0] = under(&first, bid("b", 1, 11_000_000, 30));
    assert_eq!(told(&input), ["12.00", "12.00", "20.00"]);
}

#[test]
fn a_minimum_is_at_least_the_floor_in_the_bidders_own_words() {
    let off = Deal { discount_ppm: 100_000, ..deal("off", Pricing::First, 18_000_000) };
    let fixed = deal("fixed", Pricing::Fixed, 1_000_000);
    let deals = vec![off.clone().into(), fixed.clone().into()];
    let mut input = auction(vec![Part { deals, ..slot(0, 30, Place::Any) }]);
    let eur = Currency::new("EUR").unwrap();
    input.plan.terms.currencies = vec![eur];
    input.plan.terms.rates = vec![Rate { from: eur, e12: 1_082_500_000_000 }];
    ask(&mut input, "open", vec![bid("b", 1, 19_000_000, 30)]);
    ask(&mut input, "deal", vec![under(&off, bid("b", 1, 20_000_000, 30))]);
    ask(&mut input, "euro", vec![bid("b", 1, 8_000_000, 30)]);
    ask(&mut input, "fixed", vec![under(&fixed, bid("b", 1, 8_000_000, 30))]);
    ask(&mut input, "blocked", vec![bid("b", 7, 8_000_000, 30)]);
    input.replies[2].bids[0].currency = eur;
    // 21.111111 less 2.111111 is 19.00; 17.551963 EUR are 18.999999 USD.
    assert_eq!(told(&input), ["18.00", "21.111111", "17.551964", "-", "-"]);
}

#[test]
fn a_loser_ties_or_wins_at_its_minimum_and_loses_below_it() {
    let mut losers = 0;
    for seed in 0..300 {
        let input = drawn(seed);
        let outcome = decide(&input);
        let minimums = minimums(&input, &outcome);
        for (reply, fates) in outcome.fates.iter().enumerate() {
            for (index, fate) in fates.iter().enumerate() {
                let Some(minimum) = minimums[reply][index] else { continue };
                losers += usize::from(matches!(fate, Fate::Lost(_)));
                let wins = |price: Cpm| {
                    let mut input = input.clone();
                    input.replies[reply].bids[index].price.as_mut().unwrap().cpm = price;
                    let outcome = decide(&input);
                    let worth: i64 = outcome.wins.iter().map(|win| win.clearing.micros()).sum();
                    (matches!(outcome.fates[reply][index], Fate::Won(_)), worth)
                };
                let (below, without) = wins(cpm(minimum.micros() - 1));
                let (at, tied) = wins(minimum);
                let (above, _) = wins(cpm(minimum.micros() + 1));
                assert!(!below && above, "seed {seed}: {reply} {index} at {minimum}");
                assert!(at || tied == without, "seed {seed}: {reply} {index} at {minimum}");
            }
        }
    }
    assert!(500 < losers, "{losers}");
}

/// An auction at first price of a stretch and two slots in two pods.
fn drawn(seed: u64) -> AuctionInput {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut draw = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let parts = vec![
        Part { max_ads: 3, ..stretch(0, 45) },
        slot(0, 30, Place::First),
        slot(1, 15, Place::Any),
    ];
    let mut input = auction(parts);
    input.plan.pods[0].separation.advertiser = true;
    for bidder in ["a", "b", "c"] {
        let bids = (0..4).map(|number| {
            let imp = usize::try_from(1 + draw(3)).unwrap();
            let seconds = [10, 15, 20, 30][usize::try_from(draw(4)).unwrap()];
            let price = i64::try_from(1_000_000 + draw(8) * 500_000).unwrap();
            let mut bid = bid(&format!("b{number}"), imp, price, seconds);
            bid.advertisers[0].registrable = format!("a{}.example", draw(5)).into();
            bid.slot_in_pod = [0, 0, 0, -1][usize::try_from(draw(4)).unwrap()];
            bid.group = (draw(6) == 0).then_some(0);
            bid
        });
        ask(&mut input, bidder, bids.collect());
    }
    input
}

/// Returns what each bid is told, bid by bid.
fn told(input: &AuctionInput) -> Vec<String> {
    let minimums = minimums(input, &decide(input));
    let text = |minimum: Option<Cpm>| minimum.map_or_else(|| "-".into(), Cpm::price_text);
    minimums.into_iter().flatten().map(text).collect()
}
