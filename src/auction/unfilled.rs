//! Why seconds stayed unfilled: what the best bid refused there failed on.
//!
//! The rule, for the nominal seconds of a part that no ad was sold into:
//!
//! 1. When nobody was asked, or the part was offered to nobody, all of them are `no_bidders`.
//! 2. Lost bids for the part are gone through from the highest of what they would pay down, equals
//!    by their tie-break key. A bid whose reason says something about the break (`claim`) and whose
//!    seconds fit into those of the part not yet claimed claims its seconds for that reason. Bids
//!    whose price says nothing come last.
//! 3. The rest is `duration` when a bid lost that was too long for it, else `timeout` when a bidder
//!    that was offered the part was late, else the reason of the best bid lost without a length,
//!    else `no_bid`.
//!
//! Seconds of one pod and one reason stand together, with the best bid that failed on it: those
//! claimed in the order of their bids, then the rest.

use std::cell::OnceCell;
use std::cmp::{Ordering, Reverse};

use crate::auction::candidate::{Key, key_of};
use crate::auction::eligibility::deal_of;
use crate::auction::pricing;
use crate::model::bid::ReplyOutcome;
use crate::model::money::Cpm;
use crate::model::outcome::{BidRef, Fate, Unfilled, Win};
use crate::model::plan::{AuctionInput, Offer};
use crate::model::reason::{CallReason, LossReason, UnfilledReason};
use crate::model::time::Seconds;

/// Returns the unfilled seconds by pod and reason, each at least 1.
pub(super) fn reasons(input: &AuctionInput, fates: &[Vec<Fate>], wins: &[Win]) -> Vec<Unfilled> {
    let mut left = Left::of(input, wins);
    if left.pods.iter().all(|&seconds| seconds == 0) {
        return Vec::new();
    }
    let mut rows = Vec::new();
    let asked = anybody_asked(input);
    let claims = if asked { claims(input, fates) } else { Vec::new() };
    // By part, the best bid that was too long for what was left of it, and the best of no length.
    let mut too_long: Vec<Option<usize>> = vec![None; left.parts.len()];
    let mut no_length = too_long.clone();
    for (rank, claim) in claims.iter().enumerate() {
        let pod = input.plan.parts[claim.part].pod;
        if claim.seconds == Seconds(0) {
            no_length[claim.part].get_or_insert(rank);
        } else if left.holds(pod, claim.part, claim.seconds.0) {
            left.take(pod, claim.part, claim.seconds.0);
            let row = row(&mut rows, pod, claim.reason, rank);
            row.seconds += claim.seconds.0;
            row.best.get_or_insert(rank);
        } else {
            too_long[claim.part].get_or_insert(rank);
        }
    }
    for (index, part) in input.plan.parts.iter().enumerate() {
        let rest = left.parts[index].min(left.pods[part.pod]);
        if rest == 0 {
            continue;
        }
        left.take(part.pod, index, rest);
        let (reason, best) = match (rest_reason(input, index, asked), no_length[index]) {
            (UnfilledReason::NoBidders, _) => (UnfilledReason::NoBidders, None),
            _ if too_long[index].is_some() => (UnfilledReason::Duration, too_long[index]),
            (UnfilledReason::NoBid, Some(rank)) => (claims[rank].reason, Some(rank)),
            (reason, _) => (reason, None),
        };
        let row = row(&mut rows, part.pod, reason, usize::MAX);
        row.seconds += rest;
        // Claims of other parts, or shorter ones, may stand here already: the better bid stays.
        row.best = row.best.into_iter().chain(best).min();
    }
    rows.sort_by_key(|row| (row.pod, row.order, row.reason));
    let unfilled = |row: Row| Unfilled {
        pod: row.pod,
        seconds: Seconds(row.seconds),
        reason: row.reason,
        best: row.best.map(|rank| claims[rank].bid),
    };
    rows.into_iter().map(unfilled).collect()
}

/// Says whether a request was put on the wire, or bids came.
pub(super) fn anybody_asked(input: &AuctionInput) -> bool {
    input.replies.iter().any(|reply| reply.sent || reply.outcome == ReplyOutcome::Bids)
}

/// Seconds that nobody bought and no reason has claimed.
struct Left {
    pods: Vec<u32>,
    parts: Vec<u32>,
}

impl Left {
    fn of(input: &AuctionInput, wins: &[Win]) -> Self {
        let plan = &input.plan;
        let mut left = Self {
            pods: plan.pods.iter().map(|pod| pod.seconds.0).collect(),
            parts: plan.parts.iter().map(|part| part.seconds.0).collect(),
        };
        for win in wins {
            left.take(plan.parts[win.part].pod, win.part, win.seconds.0);
        }
        left
    }

    fn holds(&self, pod: usize, part: usize, seconds: u32) -> bool {
        seconds <= self.parts[part].min(self.pods[pod])
    }

    fn take(&mut self, pod: usize, part: usize, seconds: u32) {
        let less = |left: u32| left.checked_sub(seconds).expect("no part is oversold");
        self.pods[pod] = less(self.pods[pod]);
        self.parts[part] = less(self.parts[part]);
    }
}

/// Seconds of one pod and one reason.
struct Row {
    pod: usize,
    reason: UnfilledReason,
    seconds: u32,
    /// The rank of the best bid that claimed of them.
    order: usize,
    /// The rank of the best bid that failed on the reason.
    best: Option<usize>,
}

/// Returns the row of a pod and a reason; a new one stands at `order`.
fn row(rows: &mut Vec<Row>, pod: usize, reason: UnfilledReason, order: usize) -> &mut Row {
    let known = rows.iter().position(|row| (row.pod, row.reason) == (pod, reason));
    let index = known.unwrap_or_else(|| {
        rows.push(Row { pod, reason, seconds: 0, order, best: None });
        rows.len() - 1
    });
    &mut rows[index]
}

/// Returns why the seconds of a part are empty that no bid was for.
fn rest_reason(input: &AuctionInput, part: usize, asked: bool) -> UnfilledReason {
    let offers_it = |offer: &Offer| offer.imps.iter().any(|imp| imp.part == part);
    if !asked || !input.plan.offers.iter().any(offers_it) {
        return UnfilledReason::NoBidders;
    }
    let late = || {
        input.replies.iter().any(|reply| {
            matches!(reply.outcome, ReplyOutcome::Nothing(CallReason::Timeout))
                && input.offer(reply).is_some_and(offers_it)
        })
    };
    if late() { UnfilledReason::Timeout } else { UnfilledReason::NoBid }
}

/// A lost bid that says something about the seconds of its part.
struct Claim {
    bid: BidRef,
    part: usize,
    /// 0 when they are not known.
    seconds: Seconds,
    /// What it would pay, in the auction's currency; none where that cannot be said or believed.
    price: Option<Cpm>,
    reason: UnfilledReason,
    /// Its tie-break key, once it is asked for.
    key: OnceCell<Key>,
}

/// Returns the claims, best first.
fn claims(input: &AuctionInput, fates: &[Vec<Fate>]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (index, (reply, fates)) in input.replies.iter().zip(fates).enumerate() {
        let Some(offer) = input.offer(reply) else { continue };
        for (number, (bid, fate)) in reply.bids.iter().zip(fates).enumerate() {
            let Fate::Lost(lost) = fate else { continue };
            let Some(reason) = claim(*lost) else { continue };
            let Some(imp) = offer.imps.iter().find(|imp| imp.id == bid.imp) else { continue };
            let part = &input.plan.parts[imp.part];
            let price = pricing::counts(&input.plan.terms, part, deal_of(part, bid), bid);
            let price = price.filter(|_| *lost != LossReason::PriceMissing);
            let seconds = bid.seconds.unwrap_or(Seconds(0));
            let bid = BidRef { reply: index, bid: number };
            let key = OnceCell::new();
            claims.push(Claim { bid, part: imp.part, seconds, price, reason, key });
        }
    }
    claims.sort_by(|left, right| by_price(input, left, right));
    claims
}

/// Compares by price, highest first; equals by their tie-break key.
fn by_price(input: &AuctionInput, left: &Claim, right: &Claim) -> Ordering {
    let key = |claim: &Claim| *claim.key.get_or_init(|| key_of(input, claim.bid));
    // Bids of one name have one key; what they say may still differ.
    let rest = |claim: &Claim| (Reverse(claim.seconds), claim.reason);
    let worth = right.price.cmp(&left.price).then_with(|| key(left).cmp(&key(right)));
    worth.then_with(|| rest(left).cmp(&rest(right)))
}

/// Returns what a bid's loss says about seconds that stayed empty; what is no bid, or repeats one,
/// says nothing.
fn claim(reason: LossReason) -> Option<UnfilledReason> {
    use LossReason as L;
    match reason {
        L::BelowFloor | L::BelowDealFloor => Some(UnfilledReason::BelowFloor),
        L::Late => Some(UnfilledReason::Timeout),
        L::Separation => Some(UnfilledReason::Separation),
        // They were free to win; the pod's lengths or places had no room for them.
        L::DurationNotAllowed
        | L::Outbid
        | L::DisplacedByDeal
        | L::PodFull
        | L::SlotTaken
        | L::GroupIncomplete => Some(UnfilledReason::Duration),
        // Somebody bid for them, and was turned away.
        L::AdvertiserBlocked
        | L::CategoryBlocked
        | L::AttributeBlocked
        | L::AppBlocked
        | L::SeatNotAllowed
        | L::Language
        | L::CurrencyNotOffered
        | L::CurrencyWithoutRate
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
        | L::ExpiresTooSoon => Some(UnfilledReason::Blocked),
        L::InvalidResponse
        | L::WrongRequestId
        | L::InvalidBid
        | L::UnknownImp
        | L::TooManyBids
        | L::Duplicate => None,
    }
}

#[cfg(test)]
mod tests;
