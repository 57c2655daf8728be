//! What of a sale is counted: from what the outcome reports, off the decision's path.

use std::time::Duration;

use crate::io::metrics::Metrics;
use crate::model::bid::{Reply, ReplyOutcome};
use crate::model::break_request::BreakRequest;
use crate::model::call::{Answer, AnswerOutcome};
use crate::model::ids::BidderId;
use crate::model::outcome::{Fate, Outcome, Search};
use crate::model::plan::AuctionInput;
use crate::model::reason::CallReason;
use crate::wire::bid_response;
use crate::wire::sold::Sold;

/// Stages of a sale, as the histogram and the record name them.
pub const STAGES: &[&str] =
    &["read", "plan", "encode", "wait", "decide", "journal", "render", "flush"];

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
