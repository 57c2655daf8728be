//! What of a sale is counted: from what the outcome reports, off the decision's path.

use std::time::Duration;

use crate::io::metrics::Metrics;
use crate::model::bid::{Reply, ReplyOutcome};
use crate::model::break_request::BreakRequest;
use crate::model::call::{Answer, AnswerOutcome};
use crate::model::ids::BidderId;
use crate::model::money::Cpm;
use crate::model::outcome::{Fate, Outcome, Search};
use crate::model::plan::{AuctionInput, Chosen, Plan};
use crate::model::reason::{CallReason, LossReason};
use crate::model::standing::{Brownout, Experience, Standing};
use crate::wire::bid_response;
use crate::wire::sold::Sold;

/// Stages of a sale, as the histogram and the record name them.
pub const STAGES: &[&str] = &[
    "read", "decode", "plan", "encode", "wait", "answers", "decide", "journal", "render", "flush",
];

/// Integration faults of a tag.
pub const TAG_FAULTS: &[&str] = &["unreplaced_macro", "unreadable"];

/// What a fill request can come to: `filled`, `partial`, or the reason why nothing was sold.
pub const FILLED: &[&str] = &["filled", "partial"];

/// Counts a request and what was answered.
pub fn answered(metrics: &Metrics, request: &BreakRequest, sold: &Sold, took: Duration) {
    let placement = request.placement.id.as_str();
    let outcome = match sold.no_fill {
        Some(reason) => reason.name(),
        None if sold.seconds.unfilled.0 == 0 => "filled",
        None => "partial",
    };
    metrics.fill(placement, outcome, took);
}

/// Counts the seconds of a sale: once, however many asked for it.
pub fn seconds(metrics: &Metrics, request: &BreakRequest, sold: &Sold) {
    let placement = request.placement.id.as_str();
    metrics.break_seconds(placement, "sold", sold.seconds.sold.0.into());
    metrics.break_seconds(placement, "house", sold.seconds.house.0.into());
    metrics.break_seconds(placement, "unfilled", sold.seconds.unfilled.0.into());
    for (seconds, reason) in &sold.unfilled {
        metrics.unfilled_seconds(placement, reason.name(), seconds.0.into());
    }
}

/// Counts parameters of a tag that could not be used.
pub fn faults(metrics: &Metrics, request: &BreakRequest) {
    for _ in 0..request.faults.unreplaced_macros {
        metrics.tag_fault("unreplaced_macro");
    }
    for _ in 0..request.faults.unreadable {
        metrics.tag_fault("unreadable");
    }
}

/// Counts an auction: every bidder, every bid, the money.
pub fn auction(metrics: &Metrics, request: &BreakRequest, input: &AuctionInput, outcome: &Outcome) {
    for (reply, fates) in input.replies.iter().zip(&outcome.fates) {
        bidder(metrics, reply);
        for fate in fates {
            let reason = match fate {
                Fate::Won(_) => "won",
                Fate::Lost(reason) => reason.name(),
            };
            metrics.bids(reply.bidder.as_str(), reason, 1);
        }
    }
    if outcome.search == Search::Bounded {
        metrics.search_bounded();
    }
    for at in &outcome.unmapped {
        metrics.bids_unmapped(input.replies[at.reply].bidder.as_str(), 1);
    }
    if request.test {
        return;
    }
    // An impression at X micros a mille costs X nanos; a counter of micros drops the rest.
    let nanos: i64 = outcome.wins.iter().map(|win| win.clearing.per_impression().nanos()).sum();
    let currency = input.plan.terms.currency;
    let micros = u64::try_from(nanos / 1_000).expect("prices are not negative");
    metrics.revenue(request.placement.id.as_str(), currency.as_str(), micros);
}

/// Counts what an answer would have bid that came after its auction's end.
pub fn late(metrics: &Metrics, bidder: &BidderId, answer: Answer) {
    let AnswerOutcome::Body(body) = answer.outcome else { return };
    let (bids, best) = bid_response::worth(body);
    let best = best.map_or(0, |best| u64::try_from(best.micros()).unwrap_or(0));
    metrics.late_bids(bidder.as_str(), bids, best);
}

/// Counts what a brownout's choice of bidders is expected to bring and to cost.
pub fn selection(metrics: &Metrics, plan: &Plan, chosen: &Chosen, standing: &Standing) {
    if standing.brownout == Brownout::All {
        return;
    }
    let value = |index: usize| standing.of(&plan.offers[index].bidder.id).map_or(0, |it| it.value);
    let dropped = |(index, reason): &(usize, CallReason)| {
        (*reason == CallReason::SkippedSelection).then_some(*index)
    };
    let asked = chosen.asked.iter().copied().map(value).sum();
    let skipped = chosen.skipped.iter().filter_map(dropped).map(value).sum();
    metrics.selection_value(asked, skipped);
}

/// Returns what the calls of an auction taught about their bidders.
///
/// A test auction teaches nothing about what calls are worth.
#[must_use]
pub fn experiences(
    request: &BreakRequest,
    input: &AuctionInput,
    outcome: &Outcome,
) -> Vec<Experience> {
    let sold = input.replies.iter().zip(&outcome.fates).filter(|(reply, _)| reply.sent);
    let experience = |(reply, fates): (&Reply, &Vec<Fate>)| {
        let invalid = [CallReason::InvalidResponse, CallReason::WrongRequestId];
        let invalid = invalid.map(ReplyOutcome::Nothing).contains(&reply.outcome);
        if request.test && !invalid {
            return None;
        }
        let (bids, best) = worth(input, reply, fates);
        Some(Experience {
            bidder: reply.bidder.clone(),
            placement: request.placement.id.clone(),
            invalid,
            bids,
            best,
            won: fates.iter().any(|fate| matches!(fate, Fate::Won(_))),
            took_us: reply.arrived_us,
            late: false,
        })
    };
    sold.filter_map(experience).collect()
}

/// Returns how many bids of a reply could have been sold, and the best price of these.
fn worth(input: &AuctionInput, reply: &Reply, fates: &[Fate]) -> (u32, Cpm) {
    let terms = &input.plan.terms;
    let fit = reply.bids.iter().zip(fates).filter(|(_, fate)| match fate {
        Fate::Won(_) => true,
        Fate::Lost(reason) => COMPETED.contains(reason),
    });
    let prices = fit.filter_map(|(bid, _)| terms.normalised(bid.price.as_ref()?.cpm, bid.currency));
    prices.fold((0, Cpm::ZERO), |(bids, best), price| (bids + 1, best.max(price)))
}

/// How a bid loses that could have been sold.
const COMPETED: &[LossReason] = &[
    LossReason::Outbid,
    LossReason::DisplacedByDeal,
    LossReason::PodFull,
    LossReason::SlotTaken,
    LossReason::Separation,
    LossReason::GroupIncomplete,
];

/// Counts the calls of an auction that nobody waited for in the end.
pub fn replies(metrics: &Metrics, replies: &[Reply]) {
    for reply in replies {
        bidder(metrics, reply);
    }
}

fn bidder(metrics: &Metrics, reply: &Reply) {
    let bidder = reply.bidder.as_str();
    if reply.sent {
        metrics.bidder_request(bidder, "sent");
    }
    let outcome = match reply.outcome {
        ReplyOutcome::Bids => "bids",
        ReplyOutcome::Nothing(reason) => {
            metrics.bidder_request(bidder, reason.name());
            if reason == CallReason::Timeout {
                metrics.late_response(bidder);
            }
            reason.name()
        }
    };
    if let Some(took) = reply.arrived_us {
        metrics.bidder_duration(bidder, outcome, Duration::from_micros(took));
    }
}
