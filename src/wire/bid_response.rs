//! What came back of a call becomes a reply: bids, or the reason why there are none.
//!
//! It says whether something *is* a bid; whether a bid may compete is `auction::eligibility`'s to
//! say. `plain` reads what is usual, `document` whatever is sound, `salvage` bid by bid what both
//! refuse (decision 26), and `bid` turns what any of them found into the model's bid.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::model::bid::{Bid, MarkupFacts, Reply, ReplyOutcome};
use crate::model::break_request::BreakRequest;
use crate::model::call::{Answer, AnswerOutcome, Call};
use crate::model::money::{Cpm, Currency};
use crate::model::plan::{Offer, Plan};
use crate::model::reason::{CallReason, LossReason};
use crate::wire::bid_response::bid::Common;
use crate::wire::bid_response::document::Document;
use crate::wire::{price, vast};

mod bid;
mod document;
mod plain;
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
        AnswerOutcome::SkippedNoConnection => {
            (nothing(CallReason::SkippedNoConnection), false, false)
        }
        AnswerOutcome::SkippedHealth => (nothing(CallReason::SkippedHealth), false, false),
    };
    let skipped = answer.outcome.is_skipped();
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
            Some(found) => fill(&mut reply, found, call, offer),
            None => reply.outcome = ReplyOutcome::Nothing(CallReason::InvalidResponse),
        });
    }
    reply
}

/// Returns how many bids stand in a response that nobody waited for, and the best price of them as
/// it stands, whatever its currency: what an auction would have made of it is not known.
#[must_use]
pub fn worth(mut body: Vec<u8>) -> (u64, Option<Cpm>) {
    let (mut bids, mut best) = (0, None);
    document::read(&mut body, |found| {
        let seats = found.into_iter().flat_map(|found| found.seats);
        for bid in seats.flat_map(|seat| seat.bids).take(MAX_BIDS) {
            bids += 1;
            best = best.max(bid.price.and_then(price::bid).map(|price| price.cpm));
        }
    });
    (bids, best)
}

/// Returns the bids of a reply that are Wrappers to be followed, as indexes, the dearest first.
#[must_use]
pub fn wrappers(request: &BreakRequest, offer: &Offer, reply: &Reply) -> Vec<usize> {
    let followed = |bid: &Bid| {
        let imp = offer.imps.iter().find(|imp| imp.id == bid.imp);
        let asked = imp.and_then(|imp| request.imps.get(imp.part));
        asked.is_some_and(|asked| asked.placement.unwrap)
    };
    // Asked of every reply, and most hold none.
    if reply.outcome != ReplyOutcome::Bids || !request.imps.iter().any(|it| it.placement.unwrap) {
        return Vec::new();
    }
    let bids = reply.bids.iter().enumerate();
    let found = bids.filter(|(_, bid)| bid.defect.is_none() && is_wrapper(bid) && followed(bid));
    let mut found: Vec<usize> = found.map(|(index, _)| index).collect();
    let price = |index: &usize| reply.bids[*index].price.as_ref().map(|price| price.cpm);
    found.sort_by_key(|index| Reverse(price(index)));
    found
}

/// An ad that stood behind a Wrapper, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Unwrapped {
    markup: Box<str>,
    facts: Arc<MarkupFacts>,
}

impl Unwrapped {
    /// Reads the document that a chain became.
    #[must_use]
    pub fn read(document: String) -> Self {
        Self { facts: Arc::new(vast::read::facts(&document)), markup: document.into() }
    }

    /// Returns why it cannot be sold, if so.
    #[must_use]
    pub fn defect(&self) -> Option<LossReason> {
        self.facts.defect
    }
}

/// Puts the ad behind a bid's Wrapper in its place, or the reason why there is none.
pub fn unwrap(bid: &mut Bid, found: Result<Unwrapped, LossReason>) {
    match found {
        Ok(Unwrapped { markup, facts }) => {
            bid.creative.markup = markup;
            bid.markup = Some(facts);
        }
        Err(reason) => {
            if let Some(facts) = &mut bid.markup {
                Arc::make_mut(facts).defect = Some(reason);
            }
        }
    }
}

fn is_wrapper(bid: &Bid) -> bool {
    bid.markup.as_ref().is_some_and(|facts| facts.defect == Some(LossReason::WrapperRefused))
}

/// Puts what was found into a reply.
fn fill(reply: &mut Reply, found: Document<'_>, call: &Call, offer: &Offer) {
    reply.response_id = found.bidid.as_deref().map(bid::kept);
    reply.no_bid_reason = found.nbr;
    let (currency, currency_defect) = currency(found.currency);
    let ours = found.id.as_deref() == Some(&*call.request_id);
    let foreign = (!ours).then_some(LossReason::WrongRequestId);
    reply.bids.reserve_exact(found.seats.iter().map(|seat| seat.bids.len()).sum());
    for (index, seat) in found.seats.into_iter().enumerate() {
        let common = Common {
            seat: seat.name,
            group: seat.group.then(|| u16::try_from(index).unwrap_or(u16::MAX)),
            currency,
            currency_defect,
            offer,
        };
        let defects = seat.defects.into_iter().chain(std::iter::repeat(None));
        for (mut bid, defect) in seat.bids.into_iter().zip(defects) {
            let beyond = MAX_SEATS <= index || MAX_BIDS <= reply.bids.len();
            reply.bids.push(if beyond {
                bid::named(&bid, foreign.unwrap_or(LossReason::TooManyBids), &common)
            } else {
                bid::bid(&mut bid, foreign.or(defect).or(seat.defect), &common)
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
