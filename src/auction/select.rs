//! Who of the offered bidders is asked.

use std::cmp::Reverse;

use crate::model::ids::BidderId;
use crate::model::plan::{Chosen, Offer, Plan};
use crate::model::reason::CallReason;
use crate::model::standing::{BidderStanding, Brownout, Health, Quota, Standing};

/// Returns who is asked (decision 29).
///
/// Left out is whose endpoint is not fit, then whose quota has no room. Of the rest a brownout asks
/// only so many: first those that a guaranteed deal of the plan names, who are asked at every level
/// and take their places of the number; then those drawn for exploration; then by expected value,
/// the greatest first. Of equals the earlier in the market's order is asked.
///
/// A bidder of unknown standing counts as fit and free, and worth nothing: its quota and breaker
/// are asked again when the call is made, so the worst that can follow is a reply that says so.
#[must_use]
pub fn select(plan: &Plan, standing: &Standing) -> Chosen {
    let known = standings(&plan.offers, &standing.bidders);
    let mut reasons: Vec<Option<CallReason>> = known.iter().map(|it| it.and_then(unfit)).collect();
    if standing.brownout != Brownout::All {
        let mut able: Vec<usize> =
            (0..reasons.len()).filter(|index| reasons[*index].is_none()).collect();
        let most = standing.brownout.most(able.len());
        let held = |index: usize| is_owed(plan, &plan.offers[index].bidder.id);
        able.sort_by_cached_key(|&index| {
            let (explored, value) = known[index].map_or((false, 0), |it| (it.explored, it.value));
            (Reverse(held(index)), Reverse(explored), Reverse(value), index)
        });
        for index in able.into_iter().skip(most).filter(|index| !held(*index)) {
            reasons[index] = Some(CallReason::SkippedSelection);
        }
    }
    let mut chosen = Chosen::default();
    for (index, reason) in reasons.into_iter().enumerate() {
        match reason {
            Some(reason) => chosen.skipped.push((index, reason)),
            None => chosen.asked.push(index),
        }
    }
    chosen
}

/// Returns the standing of each offer's bidder.
fn standings<'a>(
    offers: &[Offer],
    standings: &'a [BidderStanding],
) -> Vec<Option<&'a BidderStanding>> {
    // Both are in the market's order as a rule, so each is found close behind the one before.
    let mut next = 0;
    let mut find = |bidder: &BidderId| {
        let of = |standing: &BidderStanding| standing.bidder == *bidder;
        let ahead = standings[next..].iter().position(of).map(|ahead| next + ahead);
        let at = ahead.or_else(|| standings[..next].iter().position(of))?;
        next = at + 1;
        Some(&standings[at])
    };
    offers.iter().map(|offer| find(&offer.bidder.id)).collect()
}

/// Says why a bidder cannot be asked, whatever a call to it is worth.
fn unfit(standing: &BidderStanding) -> Option<CallReason> {
    match (standing.health, standing.quota) {
        (Health::Throttled | Health::Open, _) => Some(CallReason::SkippedHealth),
        (Health::Good, Quota::Exhausted) => Some(CallReason::SkippedQps),
        (Health::Good, Quota::Free) => None,
    }
}

/// Says whether a guaranteed deal of the plan names a bidder. One open to everybody names nobody.
fn is_owed(plan: &Plan, bidder: &BidderId) -> bool {
    let mut deals = plan.parts.iter().flat_map(|part| &part.deals);
    deals.any(|deal| deal.guaranteed && deal.bidders.contains(bidder))
}
