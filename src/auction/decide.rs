//! The decision: every winner, every bid's fate, every second accounted for.

use crate::auction::candidate::{Candidate, Keys, candidates, key_of};
use crate::auction::eligibility;
use crate::auction::eligibility::deal_of;
use crate::auction::fill::STEPS;
use crate::auction::fill::conflicts::Conflicts;
use crate::auction::fill::order::play_order;
use crate::auction::fill::problem::{PartLimits, Problem};
use crate::auction::loss;
use crate::auction::pricing::{floor, offered, payment};
use crate::auction::unfilled;
use crate::model::outcome::{Fate, Outcome, SecondCount, Win};
use crate::model::plan::AuctionInput;
use crate::model::reason::{LossReason, NoFillReason};
use crate::model::time::{Millis, Seconds};

/// Decides an auction: the same input gives the same outcome on every run and machine.
///
/// # Panics
///
/// When the input lacks the one reply of each bidder of the market, or the outcome breaks an
/// invariant of `ARCHITECTURE.md` (4, 5): bugs of ours, whatever bidders send.
#[must_use]
pub fn decide(input: &AuctionInput) -> Outcome {
    assert_one_reply_a_bidder(input);
    let refused = eligibility::refusals(input);
    let candidates = candidates(input, &refused);
    let make = |index: usize| key_of(input, candidates[index].bid);
    let keys = Keys::new(candidates.len(), &make);
    let limits: Vec<PartLimits> = input
        .plan
        .parts
        .iter()
        .map(|part| PartLimits::of(part, &input.plan.pods[part.pod]))
        .collect();
    let conflicts = Conflicts::default();
    let problem = Problem::new(&candidates, &limits, &conflicts, &keys);
    let filled = problem.best(STEPS);

    let wins = wins(input, &candidates, &play_order(&candidates, &keys, filled.chosen.clone()));
    let mut fates = refusal_fates(&refused);
    for (ad, reason) in candidates.iter().zip(loss::reasons(&problem, &filled, STEPS)) {
        if let Some(reason) = reason {
            fates[ad.bid.reply][ad.bid.bid] = Fate::Lost(reason);
        }
    }
    for (index, win) in wins.iter().enumerate() {
        fates[win.bid.reply][win.bid.bid] = Fate::Won(index);
    }
    let total = input.plan.seconds();
    let sold = Seconds(wins.iter().map(|win| win.seconds.0).sum());
    let rest = total.0.checked_sub(sold.0).expect("a pod never outlasts its break");
    let seconds = SecondCount { total, sold, house: Seconds(0), unfilled: Seconds(rest) };
    let no_fill = match (wins.is_empty(), unfilled::anybody_asked(input)) {
        (false, _) => None,
        (true, true) => Some(NoFillReason::NoBid),
        (true, false) => Some(NoFillReason::NoBidders),
    };
    let unfilled = unfilled::reasons(input, &fates, seconds.unfilled);
    let outcome = Outcome {
        wins,
        fates,
        seconds,
        unfilled,
        unmapped: Vec::new(),
        no_fill,
        search: filled.search,
    };
    assert_invariants(input, &outcome);
    outcome
}

/// Returns the ads of a pod with their places in it.
///
/// Seconds are sold nominally and play really: an ad starts where the real lengths of those before
/// it end. Nominal lengths that fit may so end up to a few hundredths of a second past a break on
/// an NTSC clock; `Fit::Real` is for stitchers that measure.
fn wins(input: &AuctionInput, candidates: &[Candidate], order: &[usize]) -> Vec<Win> {
    let mut start = Millis(0);
    let mut wins = Vec::with_capacity(order.len());
    for (index, &ad) in order.iter().enumerate() {
        let ad = &candidates[ad];
        let bid = &input.replies[ad.bid.reply].bids[ad.bid.bid];
        let part = 0;
        let deal = deal_of(&input.plan.parts[part], bid);
        let payment = payment(&input.plan.terms, deal, bid, ad.price);
        wins.push(Win {
            bid: ad.bid,
            part,
            sequence: u16::try_from(index + 1).expect("a break holds at most 900 ads"),
            start,
            length: ad.length,
            seconds: ad.seconds,
            clearing: payment.clearing,
            pay: payment.pay,
            discount: payment.discount,
            min_to_win: None,
            split: payment.split,
        });
        start = Millis(start.0 + ad.length.0);
    }
    wins
}

/// Returns the fates of the refused; the others stand as outbid until they are named.
fn refusal_fates(refused: &[Vec<Option<LossReason>>]) -> Vec<Vec<Fate>> {
    let fate = |reason: &Option<LossReason>| Fate::Lost(reason.unwrap_or(LossReason::Outbid));
    refused.iter().map(|reply| reply.iter().map(fate).collect()).collect()
}

fn assert_one_reply_a_bidder(input: &AuctionInput) {
    let offered = input.plan.offers.iter().map(|offer| &offer.bidder.id);
    let mut market: Vec<_> = offered.chain(input.plan.skipped.iter().map(|(id, _)| id)).collect();
    let mut replied: Vec<_> = input.replies.iter().map(|reply| &reply.bidder).collect();
    market.sort_unstable();
    replied.sort_unstable();
    assert_eq!(market, replied, "each bidder of the market has exactly one reply");
}

fn assert_invariants(input: &AuctionInput, outcome: &Outcome) {
    let count = outcome.seconds;
    assert_eq!(
        u64::from(count.total.0),
        u64::from(count.sold.0) + u64::from(count.house.0) + u64::from(count.unfilled.0),
        "each second is sold, house or unfilled"
    );
    let reasons: u32 = outcome.unfilled.iter().map(|unfilled| unfilled.seconds.0).sum();
    assert_eq!(reasons, count.unfilled.0, "each unfilled second has a reason");
    let most: usize = input.plan.parts.iter().map(|part| usize::from(part.max_ads)).sum();
    assert!(outcome.wins.len() <= most, "a pod has at most its most ads");

    let bids = |fates: &Vec<Fate>| fates.len();
    assert!(
        outcome.fates.iter().map(bids).eq(input.replies.iter().map(|reply| reply.bids.len())),
        "each bid has exactly one fate"
    );
    let won = outcome.fates.iter().flatten().filter(|fate| matches!(fate, Fate::Won(_))).count();
    assert_eq!(won, outcome.wins.len(), "no bid wins twice");
    for (index, win) in outcome.wins.iter().enumerate() {
        assert_eq!(outcome.fates[win.bid.reply][win.bid.bid], Fate::Won(index));
        let bid = &input.replies[win.bid.reply].bids[win.bid.bid];
        let part = &input.plan.parts[win.part];
        let deal = deal_of(part, bid);
        let offered = offered(&input.plan.terms, deal, bid).expect("a winner has a price");
        assert!(
            floor(part, deal, win.seconds) <= win.clearing && win.clearing <= offered,
            "floor <= clearing price <= bid price"
        );
        let fees: i64 = win.split.fees.iter().map(|fee| fee.micros()).sum();
        assert_eq!(win.split.net.micros() + fees, win.clearing.micros(), "gross = net + fees");
    }
}
