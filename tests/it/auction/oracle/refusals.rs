//! Why bids of the generator `small` may not compete: the only faults that it makes.

use breakwater::model::market::Fit;
use breakwater::model::outcome::BidRef;
use breakwater::model::plan::AuctionInput;
use breakwater::model::reason::LossReason;

use super::ads::{categories, deal, floor, offered, part};
use super::{Refused, taxonomy};

/// Returns the refusals of all bids, in the order of `openrtb.md` section 6.
pub(super) fn all(input: &AuctionInput) -> Refused {
    let of_reply = |(reply, bids): (usize, usize)| {
        (0..bids).map(|bid| refusal(input, BidRef { reply, bid })).collect()
    };
    let bids = input.replies.iter().map(|reply| reply.bids.len());
    bids.enumerate().map(of_reply).collect()
}

fn refusal(input: &AuctionInput, at: BidRef) -> Option<LossReason> {
    let bid = &input.replies[at.reply].bids[at.bid];
    let terms = &input.plan.terms;
    let (index, _) = part(input, at).unwrap();
    let part = &input.plan.parts[index];
    let deal = deal(input, at, part);
    let seconds = bid.seconds.unwrap().0;
    if bid.currency != terms.currency && !terms.currencies.contains(&bid.currency) {
        return Some(LossReason::CurrencyNotOffered);
    }
    let price = bid.price.as_ref().unwrap().cpm.micros();
    let Some(offered) = offered(input, bid, deal, price) else {
        return Some(LossReason::CurrencyWithoutRate);
    };
    if bid.advertisers.iter().any(|it| it.domain.ends_with("blocked.example")) {
        return Some(LossReason::AdvertiserBlocked);
    }
    let hit = |block| categories(bid).iter().any(|category| taxonomy::hits(block, category));
    if part.blocked_categories.iter().any(hit) {
        return Some(LossReason::CategoryBlocked);
    }
    if bid.deal.is_none() && part.private_auction {
        return Some(LossReason::DealRequired);
    }
    if bid.deal.is_some() && deal.is_none() {
        return Some(LossReason::DealUnknown);
    }
    let length = bid.markup.as_ref().unwrap().duration;
    let length = length.map_or_else(|| u64::from(seconds) * 1000, |length| length.0);
    if part.seconds.0 < seconds
        || !part.lengths.allow(bid.seconds.unwrap())
        || (part.fit == Fit::Real && part.real.0 < length)
    {
        return Some(LossReason::DurationNotAllowed);
    }
    if offered < floor(part, deal, seconds) {
        let own = deal.is_some_and(|deal| deal.floor.is_some());
        return Some(if own { LossReason::BelowDealFloor } else { LossReason::BelowFloor });
    }
    None
}
