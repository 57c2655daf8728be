//! What came back of a call becomes a reply: bids, or the reason why there are none.
//!
//! It says whether something *is* a bid; whether a bid may compete is `auction::eligibility`'s to
//! say. `document` reads fast, `salvage` reads again bid by bid what that refuses (decision 26),
//! and `bid` turns what either found into the model's bid.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::model::bid::{Reply, ReplyOutcome};
use crate::model::call::{Answer, AnswerOutcome, Call};
use crate::model::ids::BidderId;
use crate::model::market::Bidder;
use crate::model::money::Currency;
use crate::model::plan::Plan;
use crate::model::reason::{CallReason, LossReason};
use crate::wire::bid_response::bid::Common;
use crate::wire::bid_response::document::Document;

mod bid;
mod document;
mod salvage;

/// Returns what came of a call.
///
/// # Panics
///
/// When the call was not made of an offer of this plan, which is a fault of the exchange.
#[must_use]
pub fn reply(plan: &Plan, call: &Call, answer: Answer) -> Reply {
    let nothing = ReplyOutcome::Nothing;
    let (outcome, sent, complete) = match &answer.outcome {
        AnswerOutcome::Body(_) | AnswerOutcome::Empty => (nothing(CallReason::NoBid), true, true),
        AnswerOutcome::Timeout { sent } => (nothing(CallReason::Timeout), *sent, false),
        AnswerOutcome::Failed(_) => (nothing(CallReason::BidderError), true, false),
        AnswerOutcome::Unreachable => (nothing(CallReason::Unreachable), false, false),
        AnswerOutcome::SkippedQps => (nothing(CallReason::SkippedQps), false, false),
        AnswerOutcome::SkippedInFlight => (nothing(CallReason::SkippedInFlight), false, false),
    };
    let skipped =
        matches!(answer.outcome, AnswerOutcome::SkippedQps | AnswerOutcome::SkippedInFlight);
    let mut reply = Reply {
        bidder: call.bidder.clone(),
        outcome,
        sent,
        status: answer.status,
        deadline_us: (!skipped).then_some(answer.deadline_us),
        arrived_us: complete.then_some(answer.elapsed_us),
        response_sha: None,
        response_id: None,
        no_bid_reason: None,
        bids: Vec::new(),
    };
    if let AnswerOutcome::Body(mut body) = answer.outcome {
        reply.response_sha = Some(Sha256::digest(&body).into());
        let offer = plan.offers.get(call.offer).expect("a call is made of an offer of its plan");
        document::read(&mut body, |found| match found {
            Some(found) => fill(&mut reply, found, call, &offer.bidder),
            None => reply.outcome = ReplyOutcome::Nothing(CallReason::InvalidResponse),
        });
    }
    reply
}

/// Returns the reply of a bidder that was not asked.
#[must_use]
pub fn not_asked(bidder: &BidderId, reason: CallReason) -> Reply {
    Reply {
        bidder: bidder.clone(),
        outcome: ReplyOutcome::Nothing(reason),
        sent: false,
        status: None,
        deadline_us: None,
        arrived_us: None,
        response_sha: None,
        response_id: None,
        no_bid_reason: None,
        bids: Vec::new(),
    }
}

/// Puts what was found into a reply.
fn fill(reply: &mut Reply, found: Document<'_>, call: &Call, bidder: &Bidder) {
    reply.response_id = found.bidid.as_deref().map(bid::kept);
    reply.no_bid_reason = found.nbr;
    let (currency, currency_defect) = currency(found.currency);
    let ours = found.id.as_deref() == Some(&*call.request_id);
    let foreign = (!ours).then_some(LossReason::WrongRequestId);
    for (index, seat) in found.seats.into_iter().enumerate() {
        let common = Common {
            seat: seat.name,
            group: seat.group.then(|| u16::try_from(index).unwrap_or(u16::MAX)),
            currency,
            currency_defect,
            bidder,
        };
        for item in seat.bids {
            let beyond = MAX_SEATS <= index || MAX_BIDS <= reply.bids.len();
            reply.bids.push(if beyond {
                bid::named(&item.bid, foreign.unwrap_or(LossReason::TooManyBids), &common)
            } else {
                bid::bid(item.bid, foreign.or(item.defect).or(seat.defect), &common)
            });
        }
    }
    reply.outcome = match reply.bids.is_empty() {
        true => ReplyOutcome::Nothing(CallReason::NoBid),
        false if ours => ReplyOutcome::Bids,
        false => ReplyOutcome::Nothing(CallReason::WrongRequestId),
    };
}

/// Returns the currency of all prices; one that is no code stands as USD, with the defect.
fn currency(code: Option<Cow<'_, str>>) -> (Currency, Option<LossReason>) {
    match code {
        None => (Currency::USD, None),
        Some(code) => match Currency::new(&code) {
            Some(currency) => (currency, None),
            None => (Currency::USD, Some(LossReason::CurrencyNotOffered)),
        },
    }
}

/// The most bids of a response that may compete.
const MAX_BIDS: usize = 64;

/// The most seatbids of a response that are looked at.
const MAX_SEATS: usize = 16;

#[cfg(test)]
mod tests;
