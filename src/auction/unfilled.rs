//! Why seconds stayed unfilled: what the best bid refused there failed on.
//!
//! The rule, for the `unfilled` nominal seconds of a pod:
//!
//! 1. When nobody was asked, all of them are `no_bidders`.
//! 2. Lost bids are gone through from the highest price down, equals by their tie-break key. A bid
//!    whose reason says something about the break (`claim`) and whose seconds fit into those not
//!    yet claimed claims its seconds for that reason.
//! 3. The rest is `duration` when a bid lost that was too long for it, else `timeout` when a bidder
//!    was late, else `no_bid`.

use std::cmp::Reverse;

use crate::auction::candidate::key;
use crate::model::bid::ReplyOutcome;
use crate::model::outcome::{Fate, Unfilled};
use crate::model::plan::AuctionInput;
use crate::model::reason::{CallReason, LossReason, UnfilledReason};
use crate::model::time::Seconds;

/// Returns the unfilled seconds by reason, each at least 1, in the order they were claimed.
pub(super) fn reasons(
    input: &AuctionInput,
    fates: &[Vec<Fate>],
    unfilled: Seconds,
) -> Vec<Unfilled> {
    let mut reasons = Vec::new();
    if unfilled == Seconds(0) {
        return reasons;
    }
    if !anybody_asked(input) {
        let reason = UnfilledReason::NoBidders;
        return vec![Unfilled { pod: 0, seconds: unfilled, reason, best: None }];
    }
    let mut rest = unfilled.0;
    let mut too_long = false;
    for (seconds, reason) in claims(input, fates) {
        if seconds.0 <= rest {
            rest -= seconds.0;
            add(&mut reasons, seconds.0, reason);
        } else {
            too_long = true;
        }
    }
    let late = input
        .replies
        .iter()
        .any(|reply| matches!(reply.outcome, ReplyOutcome::Nothing(CallReason::Timeout)));
    let reason = match (too_long, late) {
        (true, _) => UnfilledReason::Duration,
        (false, true) => UnfilledReason::Timeout,
        (false, false) => UnfilledReason::NoBid,
    };
    add(&mut reasons, rest, reason);
    reasons
}

/// Says whether a request was put on the wire, or bids came.
pub(super) fn anybody_asked(input: &AuctionInput) -> bool {
    input.replies.iter().any(|reply| reply.sent || reply.outcome == ReplyOutcome::Bids)
}

/// Returns length and reason of the lost bids that say something about the break, best first.
fn claims(input: &AuctionInput, fates: &[Vec<Fate>]) -> Vec<(Seconds, UnfilledReason)> {
    let mut claims = Vec::new();
    for (reply, fates) in input.replies.iter().zip(fates) {
        for (bid, fate) in reply.bids.iter().zip(fates) {
            let Fate::Lost(reason) = fate else { continue };
            let (Some(reason), Some(price), Some(seconds)) =
                (claim(*reason), &bid.price, bid.seconds)
            else {
                continue;
            };
            if seconds == Seconds(0) {
                continue;
            }
            let rank = (Reverse(price.cpm), key(&input.draw.seed, &reply.bidder, bid));
            claims.push((rank, seconds, reason));
        }
    }
    claims.sort_by_key(|&(rank, ..)| rank);
    claims.into_iter().map(|(_, seconds, reason)| (seconds, reason)).collect()
}

/// Returns what a bid's loss says about seconds that stayed empty; a bid that is no bid, or no ad
/// that could be shown, says nothing.
fn claim(reason: LossReason) -> Option<UnfilledReason> {
    use LossReason as L;
    match reason {
        L::BelowFloor | L::BelowDealFloor => Some(UnfilledReason::BelowFloor),
        L::AdvertiserBlocked
        | L::CategoryBlocked
        | L::AttributeBlocked
        | L::AppBlocked
        | L::SeatNotAllowed
        | L::Language => Some(UnfilledReason::Blocked),
        L::Late => Some(UnfilledReason::Timeout),
        L::Separation => Some(UnfilledReason::Separation),
        // They were free to win; the pod's lengths or places had no room for them.
        L::DurationNotAllowed
        | L::Outbid
        | L::DisplacedByDeal
        | L::PodFull
        | L::SlotTaken
        | L::GroupIncomplete => Some(UnfilledReason::Duration),
        L::InvalidResponse
        | L::WrongRequestId
        | L::InvalidBid
        | L::UnknownImp
        | L::CurrencyNotOffered
        | L::CurrencyWithoutRate
        | L::TooManyBids
        | L::NoticeUrlRefused
        | L::PriceMissing
        | L::DealUnknown
        | L::DealRequired
        | L::AdvertiserMissing
        | L::MarkupMissing
        | L::CreativeIdMissing
        | L::MarkupBroken
        | L::SeveralAds
        | L::WrapperRefused
        | L::CreativeNotReady
        | L::CreativeDisapproved
        | L::Size
        | L::Protocol
        | L::Insecure
        | L::ApiUnsupported
        | L::MediaType
        | L::DealAdvertiser
        | L::ExpiresTooSoon
        | L::Duplicate => None,
    }
}

/// Adds seconds to those of the same reason.
fn add(reasons: &mut Vec<Unfilled>, seconds: u32, reason: UnfilledReason) {
    if seconds == 0 {
        return;
    }
    match reasons.iter_mut().find(|listed| listed.reason == reason) {
        Some(listed) => listed.seconds.0 += seconds,
        None => reasons.push(Unfilled { pod: 0, seconds: Seconds(seconds), reason, best: None }),
    }
}
