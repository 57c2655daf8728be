//! Laws that hold for every auction, whatever its rules: prices, order, odd values, the step bound.

use std::sync::Arc;

use breakwater::auction::decide::{decide, decide_within};
use breakwater::auction::minimums::minimums;
use breakwater::model::bid::{Bid, MediaHash};
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::ids::{BidId, ImpId};
use breakwater::model::market::Lengths;
use breakwater::model::outcome::{BidRef, Fate, Outcome, Search};
use breakwater::model::plan::{AuctionInput, Place, Shape};
use breakwater::model::reason::LossReason;
use breakwater::model::time::{Millis, Seconds};

use super::rng::Rng;
use super::{build, case, pods, small};

#[test]
fn a_winner_at_its_critical_price_ties_and_a_micro_below_it_loses() {
    for seed in 0..2_000 {
        let input = small::auction(&mut Rng::new(seed));
        let outcome = decide(&input);
        for win in outcome.wins.iter().filter(|win| !is_fixed(&input, win.bid)) {
            let least = win.min_to_win.unwrap().micros();
            assert!(least <= price(&input, win.bid), "seed {seed}: {win:?}");
            let at = at_price(&input, win.bid, least);
            assert!(
                total(&at, &decide(&at)) >= total_without(&at, win.bid),
                "seed {seed}: {win:?} at its price"
            );
            // What is worth nothing in the auction's currency is no price to tie with.
            let below = at_price(&input, win.bid, least - 1);
            if offered(&below, win.bid) == 0 {
                continue;
            }
            let fate = decide(&below).fates[win.bid.reply][win.bid.bid];
            assert!(matches!(fate, Fate::Lost(_)), "seed {seed}: {win:?} below its price");
        }
    }
}

#[test]
fn a_loser_wins_above_its_minimum_and_never_below_it() {
    for seed in 0..2_000 {
        let mut input = small::auction(&mut Rng::new(seed));
        input.plan.terms.pricing = Pricing::First;
        let outcome = decide(&input);
        let needed = minimums(&input, &outcome);
        // Who would have paid its critical price is told what the place went for.
        let second = |at| deal(&input, at).is_some_and(|it| it.pricing == Pricing::Second);
        for at in losers(&outcome).into_iter().filter(|&at| !second(at)) {
            let Some(least) = needed[at.reply][at.bid] else { continue };
            assert!(price(&input, at) <= least.micros(), "seed {seed}: {at:?}");
            // A whole unit of a cheap currency may be less than a micro of the auction's.
            let above = at_price(&input, at, least.micros() + 1_000);
            let fate = decide(&above).fates[at.reply][at.bid];
            assert!(matches!(fate, Fate::Won(_)), "seed {seed}: {at:?} above {least}: {fate:?}");
            if price(&input, at) < least.micros() {
                let below = at_price(&input, at, least.micros() - 1);
                let fate = decide(&below).fates[at.reply][at.bid];
                assert!(matches!(fate, Fate::Lost(_)), "seed {seed}: {at:?} below {least}");
            }
        }
    }
}

#[test]
fn no_loser_is_told_less_than_it_offered() {
    for seed in 0..2_000 {
        let input = small::auction(&mut Rng::new(seed));
        let outcome = decide(&input);
        let needed = minimums(&input, &outcome);
        for at in losers(&outcome) {
            let Some(least) = needed[at.reply][at.bid] else { continue };
            let told = at_price(&input, at, least.micros());
            assert!(offered(&input, at) <= offered(&told, at), "seed {seed}: {at:?} told {least}");
        }
    }
}

#[test]
fn raising_the_price_of_a_winner_never_loses_it_its_place() {
    for seed in 0..2_000 {
        let mut rng = Rng::new(seed);
        let input = small::auction(&mut rng);
        for win in decide(&input).wins {
            let more = rng.pick(&[1, 999, 1_000_000, 40_000_000]);
            let raised = at_price(&input, win.bid, price(&input, win.bid) + more);
            let fate = decide(&raised).fates[win.bid.reply][win.bid.bid];
            assert!(matches!(fate, Fate::Won(_)), "seed {seed}: {win:?} and {more} micros");
        }
    }
}

#[test]
fn the_order_of_bidders_bids_and_imps_changes_only_indexes() {
    for seed in 0..2_000 {
        let mut rng = Rng::new(seed);
        let mut input = match seed % 50 {
            0 => pods::live(&mut rng, pods::MINUTE),
            _ => small::auction(&mut rng),
        };
        // House ads follow the order of the parts.
        input.plan.parts.iter_mut().for_each(|part| part.house.clear());
        // Repeats of a name are settled by the order of arrival.
        name_apart(&mut input);
        let (shuffled, parts) = shuffle(&mut rng, &input);
        let outcome = decide(&shuffled);
        let two = by_name(&shuffled, &outcome, |mut named| {
            named.0.plan.parts.clone_from(&input.plan.parts);
            for win in &mut named.1.wins {
                win.part = parts[win.part];
            }
            named
        });
        let one = by_name(&input, &decide(&input), |named| named);
        assert_eq!(one, two, "seed {seed}");
    }
}

#[test]
fn no_value_of_a_bid_or_a_plan_breaks_a_decision() {
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let mut input = small::auction(&mut rng);
        spoil(&mut rng, &mut input);
        // The invariants are asserted inside.
        let outcome = decide(&input);
        assert_eq!(outcome.fates.len(), input.replies.len(), "seed {seed}");
        let needed = minimums(&input, &outcome);
        assert_eq!(needed.len(), input.replies.len(), "seed {seed}");
    }
}

#[test]
fn deciding_twice_gives_one_outcome() {
    let input = pods::live(&mut Rng::new(7), pods::MINUTE);
    let outcome = decide(&input);
    assert_eq!(outcome, decide(&input));
    assert_eq!(minimums(&input, &outcome), minimums(&input, &outcome));
}

#[test]
fn within_few_steps_there_is_no_answer_or_the_answer() {
    for seed in 0..60 {
        let input = pods::live(&mut Rng::new(seed), pods::MINUTE);
        let outcome = decide(&input);
        assert_eq!(decide_within(&input, 0).unwrap_or_else(|| outcome.clone()), outcome);
        for steps in [1, 10, 100, 1_000, 10_000] {
            let within = decide_within(&input, steps);
            assert!(within.is_none_or(|within| within == outcome), "seed {seed}, {steps} steps");
        }
        assert_eq!(decide_within(&input, u32::MAX), Some(outcome), "seed {seed}");
    }
}

#[test]
fn live_pods_are_searched_exactly() {
    for seed in 0..200 {
        for input in
            [pods::slot(&mut Rng::new(seed)), pods::live(&mut Rng::new(seed), pods::MINUTE)]
        {
            assert_eq!(decide(&input).search, Search::Exact, "seed {seed}");
        }
    }
    for seed in 0..10 {
        let outcome = decide(&pods::live(&mut Rng::new(seed), pods::BREAK));
        assert_eq!(outcome.search, Search::Exact, "seed {seed}");
    }
}

#[test]
fn hostile_pods_end_in_a_legal_pod() {
    for kind in pods::HOSTILE {
        let input = pods::hostile(&mut Rng::new(1), kind);
        let outcome = decide(&input);
        assert!(!outcome.wins.is_empty(), "{kind:?}");
        let seconds: u32 = outcome.wins.iter().map(|win| win.seconds.0).sum();
        assert!(seconds <= 180 && outcome.wins.len() <= 12, "{kind:?}");
        for (index, one) in outcome.wins.iter().enumerate() {
            for two in &outcome.wins[..index] {
                let (one, two) = (bid(&input, one.bid), bid(&input, two.bid));
                let shared = one.advertisers.iter().any(|it| two.advertisers.contains(it));
                assert!(!shared && media(one) != media(two), "{kind:?}: {} and {}", one.id, two.id);
            }
        }
        for (reply, at) in input.replies.iter().zip(0..).flat_map(|(reply, at)| {
            reply.bids.iter().filter(|bid| bid.group.is_some()).map(move |bid| (bid, at))
        }) {
            let won = |it: usize| matches!(outcome.fates[at][it], Fate::Won(_));
            let bids = input.replies[at].bids.iter().enumerate();
            let group: Vec<bool> =
                bids.filter(|(_, it)| it.group == reply.group).map(|(it, _)| won(it)).collect();
            assert!(group.windows(2).all(|pair| pair[0] == pair[1]), "{kind:?}: {group:?}");
        }
    }
}

fn bid(input: &AuctionInput, at: BidRef) -> &Bid {
    &input.replies[at.reply].bids[at.bid]
}

fn media(bid: &Bid) -> &[MediaHash] {
    &bid.markup.as_ref().unwrap().media
}

fn price(input: &AuctionInput, at: BidRef) -> i64 {
    bid(input, at).price.as_ref().unwrap().cpm.micros()
}

/// Returns the deal that a bid names on its part.
fn deal(input: &AuctionInput, at: BidRef) -> Option<&Deal> {
    let reply = &input.replies[at.reply];
    let bid = &reply.bids[at.bid];
    let imp = input.offer(reply)?.imps.iter().find(|imp| imp.id == bid.imp)?;
    let deals = &input.plan.parts[imp.part].deals;
    deals.iter().find(|deal| Some(&deal.id) == bid.deal.as_ref()).map(|deal| &**deal)
}

fn is_fixed(input: &AuctionInput, at: BidRef) -> bool {
    deal(input, at).is_some_and(|deal| deal.pricing == Pricing::Fixed)
}

/// What a bid offers in the auction's currency, after its discount.
fn offered(input: &AuctionInput, at: BidRef) -> i64 {
    let ppm = deal(input, at).map_or(0, |deal| i128::from(deal.discount_ppm));
    let price = price(input, at);
    let off = i64::try_from(i128::from(price) * ppm / 1_000_000).unwrap();
    let own = build::micros(price - off);
    input.plan.terms.normalised(own, bid(input, at).currency).unwrap().micros()
}

/// Returns the same auction with one bid at another price.
fn at_price(input: &AuctionInput, at: BidRef, micros: i64) -> AuctionInput {
    let mut input = input.clone();
    input.replies[at.reply].bids[at.bid].price = Some(build::price(micros));
    input
}

/// What the winners count, guaranteed deals first, then deals that come first, then all others.
fn total(input: &AuctionInput, outcome: &Outcome) -> [i64; 3] {
    let mut sums = [0; 3];
    for win in &outcome.wins {
        let part = &input.plan.parts[win.part];
        let deal = deal(input, win.bid);
        let tier = match deal {
            Some(deal) if deal.guaranteed => 0,
            Some(_) if part.deals_first => 1,
            Some(_) | None => 2,
        };
        let fixed = deal.filter(|deal| deal.pricing == Pricing::Fixed);
        sums[tier] += fixed.map_or_else(|| offered(input, win.bid), |_| win.clearing.micros());
    }
    sums
}

/// The same of the best pods without a bid and, since they win or lose together, its group.
fn total_without(input: &AuctionInput, at: BidRef) -> [i64; 3] {
    let mut input = input.clone();
    let group = bid(&input, at).group;
    let bids = &mut input.replies[at.reply].bids;
    for (index, bid) in bids.iter_mut().enumerate() {
        if index == at.bid || (group.is_some() && bid.group == group) {
            bid.defect = Some(LossReason::InvalidBid);
        }
    }
    total(&input, &decide(&input))
}

fn losers(outcome: &Outcome) -> Vec<BidRef> {
    let fates = outcome.fates.iter().enumerate();
    let lost = fates.flat_map(|(reply, fates)| {
        fates
            .iter()
            .enumerate()
            .filter(|(_, fate)| matches!(fate, Fate::Lost(_)))
            .map(move |(bid, _)| BidRef { reply, bid })
    });
    lost.collect()
}

/// Puts odd values into each bid and some into the plan.
fn spoil(rng: &mut Rng, input: &mut AuctionInput) {
    let which = rng.index(input.plan.parts.len());
    let part = &mut input.plan.parts[which];
    match rng.index(8) {
        0 => part.max_ads = u16::MAX,
        1 => part.max_ads = 0,
        2 => part.lengths = Lengths::Range { min: Seconds(1), max: Seconds(u32::MAX) },
        3 => part.real = Millis(u64::MAX),
        4 => part.place = Place::First,
        5 => part.shape = Shape::Slot,
        6 => part.deals.clear(),
        _ => input.plan.terms.max_cpm = build::micros(i64::MAX),
    }
    for bid in input.replies.iter_mut().flat_map(|reply| &mut reply.bids) {
        match rng.index(16) {
            0 => bid.seconds = None,
            1 => bid.seconds = Some(Seconds(0)),
            2 => bid.seconds = Some(Seconds(u32::MAX)),
            3 => bid.price = None,
            4 => bid.price.as_mut().unwrap().cpm = build::micros(i64::MAX),
            5 => bid.imp = ImpId::new("é".repeat(70_000)),
            6 => bid.slot_in_pod = i32::MIN,
            7 => bid.markup = None,
            8 => Arc::make_mut(bid.markup.as_mut().unwrap()).duration = Some(Millis(u64::MAX)),
            9 => bid.group = Some(u16::MAX),
            10 => bid.categories = vec!["".into(), "\0".into(), "IAB2-1-1-1".into()],
            11 => bid.category_taxonomy = i32::MIN,
            12 => Arc::make_mut(bid.markup.as_mut().unwrap()).media.clear(),
            13 => bid.price = Some(build::price(0)),
            _ => bid.id = BidId::new(""),
        }
    }
}

/// Gives each bid of a reply a name of its own.
fn name_apart(input: &mut AuctionInput) {
    for reply in &mut input.replies {
        for (index, bid) in reply.bids.iter_mut().enumerate() {
            bid.id = BidId::new(format!("bid-{index}"));
        }
    }
}

/// Returns the same auction with bidders, replies, parts, imps and bids in another order, each with
/// its ids as before, and where each part stood.
fn shuffle(rng: &mut Rng, input: &AuctionInput) -> (AuctionInput, Vec<usize>) {
    let mut input = input.clone();
    let mut parts: Vec<usize> = (0..input.plan.parts.len()).collect();
    mix(rng, &mut parts);
    input.plan.parts = parts.iter().map(|&part| input.plan.parts[part].clone()).collect();
    mix(rng, &mut input.plan.offers);
    mix(rng, &mut input.replies);
    for offer in &mut input.plan.offers {
        for imp in &mut offer.imps {
            imp.part = parts.iter().position(|&part| part == imp.part).unwrap();
        }
        mix(rng, &mut offer.imps);
    }
    for reply in &mut input.replies {
        mix(rng, &mut reply.bids);
    }
    (input, parts)
}

fn mix<T>(rng: &mut Rng, list: &mut [T]) {
    for end in (1..list.len()).rev() {
        list.swap(end, rng.index(end + 1));
    }
}

/// Prints an outcome with names for indexes, in an order that does not depend on them; `named`
/// gives its parts the indexes to print.
fn by_name(
    input: &AuctionInput,
    outcome: &Outcome,
    named: impl Fn((AuctionInput, Outcome)) -> (AuctionInput, Outcome),
) -> Vec<String> {
    let needed = minimums(input, outcome);
    let (input, outcome) = named((input.clone(), outcome.clone()));
    let mut lines = case::fates(&input, &outcome, &needed);
    lines.sort();
    lines.extend(case::seconds(&input, &outcome));
    lines
}
