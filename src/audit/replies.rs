//! What a record says of each bidder's reply and offer, and of its break, held together.
//!
//! No decision reads most of it, so an auction comes out the same without it; but a bidder counts
//! by it what it was sent, and how long it took. It comes of `wire::bid_response` and
//! `auction::plan`.

use std::iter::repeat_n;

use crate::auction::plan::places;
use crate::model::bid::{Reply, ReplyOutcome};
use crate::model::break_request::Door;
use crate::model::plan::{AuctionInput, Offer, Part, Plan};
use crate::model::reason::CallReason;
use crate::model::time::MAX_BREAK;
use crate::wire::explain::Asked;

/// What holds of each reply that came out so; what is none may be either.
struct Usual {
    sent: Option<bool>,
    timed: bool,
    arrived: bool,
    read: Option<bool>,
    bids: bool,
}

/// Says what of the replies, the offers and the break of an auction cannot be: the section, and
/// why.
#[must_use]
pub(super) fn faults(asked: &Asked, input: &AuctionInput) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    for reply in &input.replies {
        if let Some(what) = uncalled(input, reply).or_else(|| contradiction(reply)) {
            faults.push((format!("bidder:{}", reply.bidder), what));
        }
    }
    for offer in &input.plan.offers {
        if !is_offered(&input.plan, offer) {
            let what = "its imps are not those of the parts that are sold to it";
            faults.push((format!("bidder:{}", offer.bidder.id), what.to_owned()));
        }
    }
    faults.extend(break_fault(asked, &input.plan).map(|what| ("seller".to_owned(), what)));
    faults
}

/// Holds the outcome against who was called.
fn uncalled(input: &AuctionInput, reply: &Reply) -> Option<String> {
    let (plan, chosen) = (&input.plan, &input.chosen);
    let passed = chosen.skipped.iter().map(|(at, why)| (&plan.offers[*at].bidder.id, *why));
    let mut uncalled = passed.chain(plan.skipped.iter().map(|(id, why)| (id, *why)));
    let why = uncalled.find(|(id, _)| **id == reply.bidder).map(|(_, why)| why);
    let never = matches!(
        reply.outcome,
        ReplyOutcome::Nothing(
            CallReason::SkippedSelection | CallReason::SkippedMarket | CallReason::SkippedMedia
        )
    );
    match why {
        Some(why) if reply.outcome != ReplyOutcome::Nothing(why) => Some(format!(
            "its outcome is {}, and by `ops` it was not called: {}",
            name(reply.outcome),
            why.name()
        )),
        None if never => {
            Some(format!("its outcome is {}, and by `ops` it was called", name(reply.outcome)))
        }
        Some(_) | None => None,
    }
}

/// Returns the first thing that a reply says against its outcome.
fn contradiction(reply: &Reply) -> Option<String> {
    let usual = Usual::of(reply.outcome);
    let outcome = name(reply.outcome);
    if usual.sent.is_some_and(|sent| sent != reply.sent) {
        return Some(format!("sent is {}, and its outcome is {outcome}", reply.sent));
    }
    let read = reply.response_sha.is_some();
    let there = [
        ("deadline_us", reply.deadline_us.is_some(), usual.timed),
        ("arrived_us", reply.arrived_us.is_some(), usual.arrived),
        ("resp_sha", read, usual.read.unwrap_or(read)),
        ("bids", !reply.bids.is_empty(), usual.bids),
    ];
    if let Some((field, is, _)) = there.into_iter().find(|(_, is, usual)| is != usual) {
        let is = if is { "there" } else { "missing" };
        return Some(format!("{field} is {is}, and its outcome is {outcome}"));
    }
    let told = reply.response_id.is_some() || reply.no_bid_reason.is_some();
    if told && (!read || reply.outcome == ReplyOutcome::Nothing(CallReason::InvalidResponse)) {
        return Some("it tells of a response that was not read".to_owned());
    }
    let answered = usual.arrived;
    let fits = match reply.status {
        _ if reply.outcome == ReplyOutcome::Nothing(CallReason::BidderError) => true,
        None => !answered,
        Some(200) => answered,
        Some(204) => answered && !read,
        Some(_) => false,
    };
    if !fits {
        let status = reply.status.map_or_else(|| "missing".to_owned(), |it| it.to_string());
        let body = if read { ", with a response" } else { "" };
        return Some(format!("status is {status}, and its outcome is {outcome}{body}"));
    }
    let (arrived, deadline) = reply.arrived_us.zip(reply.deadline_us)?;
    (deadline < arrived)
        .then(|| format!("arrived_us is {arrived}, and what comes after {deadline} does not count"))
}

impl Usual {
    /// Returns what every exchange writes.
    fn of(outcome: ReplyOutcome) -> Self {
        let called =
            Self { sent: Some(true), timed: true, arrived: false, read: Some(false), bids: false };
        let answered = Self { arrived: true, read: Some(true), ..called };
        let ReplyOutcome::Nothing(reason) = outcome else {
            return Self { bids: true, ..answered };
        };
        match reason {
            CallReason::WrongRequestId => Self { bids: true, ..answered },
            CallReason::InvalidResponse => answered,
            // An empty answer is one, too.
            CallReason::NoBid => Self { read: None, ..answered },
            CallReason::BidderError => called,
            CallReason::Timeout => Self { sent: None, ..called },
            CallReason::Unreachable => Self { sent: Some(false), ..called },
            CallReason::SkippedSwitch
            | CallReason::SkippedMarket
            | CallReason::SkippedChannel
            | CallReason::SkippedMedia
            | CallReason::SkippedQps
            | CallReason::SkippedSelection
            | CallReason::SkippedInFlight
            | CallReason::SkippedPrivacy
            | CallReason::SkippedHealth
            | CallReason::SkippedNoConnection => Self { sent: Some(false), timed: false, ..called },
        }
    }
}

/// Says whether a bidder was offered, in their order, each part that is sold to it.
///
/// Whether anything of a part can be sold is not in the record; but it is so for all or for none.
fn is_offered(plan: &Plan, offer: &Offer) -> bool {
    let open = |part: &Part| {
        !part.private_auction || part.deals.iter().any(|deal| deal.is_open_to(&offer.bidder))
    };
    let sold = |index: usize| {
        let mut imps = plan.offers.iter().flat_map(|offer| &offer.imps);
        imps.any(|imp| imp.part == index)
    };
    let parts = plan.parts.iter().enumerate().filter(|(index, part)| open(part) && sold(*index));
    let wanted = parts.flat_map(|(index, part)| {
        repeat_n(index, usize::try_from(places(part, offer.dialect)).unwrap_or(usize::MAX))
    });
    let named = (1..).zip(&offer.imps).all(|(number, imp)| is_number(imp.id.as_str(), number));
    named && !offer.imps.is_empty() && offer.imps.iter().map(|imp| imp.part).eq(wanted)
}

/// Says whether a text is a number as it is usually written.
fn is_number(text: &str, number: u32) -> bool {
    !text.starts_with(['0', '+']) && text.parse() == Ok(number)
}

/// Holds the break against the first pod, which has its name, and what is left of it against the one
/// part that it is sold as; except by OpenRTB, whose callers say how long each part is.
fn break_fault(asked: &Asked, plan: &Plan) -> Option<String> {
    let pod = plan.pods.first()?;
    if *pod.id != *asked.ad_break {
        return Some(format!("the first pod is {:?}, and the break {:?}", pod.id, asked.ad_break));
    }
    if asked.door == Door::OpenRtb {
        return None;
    }
    let left = asked.length.minus(asked.offset).min(MAX_BREAK);
    let sold = plan.parts.first()?.real;
    let one = plan.parts.len() == 1;
    (!one || sold != left).then(|| {
        format!(
            "{} parts are sold, the first of {sold}, and {left} are left of the break",
            plan.parts.len()
        )
    })
}

fn name(outcome: ReplyOutcome) -> &'static str {
    match outcome {
        ReplyOutcome::Bids => "bids",
        ReplyOutcome::Nothing(reason) => reason.name(),
    }
}

#[cfg(test)]
mod tests;
