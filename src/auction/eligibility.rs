//! May this bid compete? The checks of `openrtb.md` §6, in its order, each with its reason.
//!
//! Whether something *is* a bid was `wire`'s to say, and stands in `Bid::defect`. Read
//! `Rules::judged` first, which names the checks; those of the ad and of who stands behind it have
//! files of their own.

mod format;
mod parties;

use std::ops::Range;

use crate::auction::eligibility::format::format;
use crate::auction::eligibility::parties::{Lists, domains_in_deal, parties};
use crate::auction::pricing;
use crate::auction::text::Text;
use crate::model::bid::{Bid, Reply, ReplyOutcome};
use crate::model::deal::Deal;
use crate::model::ids::{BidderId, SeatId};
use crate::model::market::Fit;
use crate::model::money::Cpm;
use crate::model::outcome::BidRef;
use crate::model::plan::{AuctionInput, Offer, Part, Place, Plan, Shape, Terms};
use crate::model::reason::{CallReason, LossReason};
use crate::model::time::Millis;

/// Why bids may not compete.
#[derive(Debug)]
pub(super) struct Refusals {
    /// One per bid, reply by reply; none of a bid that may compete.
    reasons: Vec<Option<LossReason>>,
    /// Where the bids of each reply stand in `reasons`.
    replies: Vec<Range<usize>>,
    /// Bids that may compete though a block could not be told for them (decision 14), ascending.
    pub(super) unmapped: Vec<BidRef>,
}

impl Refusals {
    /// Returns for each bid of a reply why it may not compete, or none.
    pub(super) fn of(&self, reply: usize) -> &[Option<LossReason>] {
        &self.reasons[self.replies[reply].clone()]
    }
}

/// Judges all bids.
pub(super) fn refusals(input: &AuctionInput) -> Refusals {
    let bids = input.replies.iter().map(|reply| reply.bids.len()).sum();
    let mut reasons = vec![None; bids];
    let mut replies = Vec::with_capacity(input.replies.len());
    let mut unmapped = Vec::new();
    let lists = Lists::new(&input.plan);
    let mut asked = Asked { input, next: 0 };
    let mut start = 0;
    for (index, reply) in input.replies.iter().enumerate() {
        let range = start..start + reply.bids.len();
        start = range.end;
        if !reply.bids.is_empty() {
            let offer = asked.answered(reply);
            let rules = offer.map(|offer| Rules { plan: &input.plan, offer, lists: &lists });
            let reasons = &mut reasons[range.clone()];
            let untold = judge(&rules, reply, reasons);
            break_groups(reply, reasons);
            let compete = untold.into_iter().filter(|&bid| reasons[bid].is_none());
            unmapped.extend(compete.map(|bid| BidRef { reply: index, bid }));
        }
        replies.push(range);
    }
    Refusals { reasons, replies, unmapped }
}

/// Returns the length of a creative: what its markup says, else the seconds it is sold as.
pub(super) fn length(bid: &Bid) -> Option<Millis> {
    let stated = bid.markup.as_ref().and_then(|markup| markup.duration);
    stated.or_else(|| bid.seconds.map(|seconds| seconds.millis()))
}

/// Returns a seat as it is compared: no seat and a seat without a name are the same.
pub(super) fn seat_text(bid: &Bid) -> &str {
    bid.seat.as_ref().map_or("", SeatId::as_str)
}

/// Returns the deal that a bid names, if its part has it.
pub(super) fn deal_of<'a>(part: &'a Part, bid: &Bid) -> Option<&'a Deal> {
    let id = bid.deal.as_ref()?;
    part.deals.iter().find(|deal| deal.id == *id).map(|deal| &**deal)
}

/// Returns the place in its pod that a bid takes, none where that is another part's.
///
/// A slot has the place its caller gives it, whatever its bids ask for that does not contradict it.
/// In a stretch a bid has the place it asks for, unless a slot of the pod holds it.
pub(super) fn place(parts: &[Part], part: usize, bid: &Bid) -> Option<Place> {
    let own = &parts[part];
    let asked = Place::of(bid.slot_in_pod);
    let slots = || parts.iter().filter(|it| it.pod == own.pod && it.shape == Shape::Slot);
    let held = |place: Place| slots().any(|slot| slot.place == place);
    match (own.shape, asked) {
        (Shape::Slot, _) => {
            let contradicts = matches!(
                (own.place, asked),
                (Place::First, Place::Last) | (Place::Last, Place::First)
            );
            (!contradicts).then_some(own.place)
        }
        (Shape::Stretch, Place::Any) => Some(Place::Any),
        (Shape::Stretch, Place::First | Place::Last) => (!held(asked)).then_some(asked),
        (Shape::Stretch, Place::Edge) => match (held(Place::First), held(Place::Last)) {
            (false, false) => Some(Place::Edge),
            (false, true) => Some(Place::First),
            (true, false) => Some(Place::Last),
            (true, true) => None,
        },
    }
}

/// The offers made, gone through in step with the replies.
struct Asked<'a> {
    input: &'a AuctionInput,
    /// Where the next reply's offer is looked for first: both stand in the market's order.
    next: usize,
}

impl<'a> Asked<'a> {
    /// Returns the offer that a reply's bids answer, or why none of them counts.
    fn answered(&mut self, reply: &Reply) -> Result<&'a Offer, LossReason> {
        match reply.outcome {
            ReplyOutcome::Bids => {}
            ReplyOutcome::Nothing(CallReason::Timeout) => return Err(LossReason::Late),
            ReplyOutcome::Nothing(CallReason::WrongRequestId) => {
                return Err(LossReason::WrongRequestId);
            }
            ReplyOutcome::Nothing(_) => return Err(LossReason::InvalidResponse),
        }
        // Nothing was offered to a bidder that was not asked, so its bids name no imp of ours.
        self.offer(&reply.bidder).ok_or(LossReason::UnknownImp)
    }

    fn offer(&mut self, bidder: &BidderId) -> Option<&'a Offer> {
        let (offers, asked) = (&self.input.plan.offers, &self.input.chosen.asked);
        for at in (self.next..asked.len()).chain(0..self.next) {
            let offer = offers.get(asked[at]);
            if let Some(offer) = offer.filter(|offer| offer.bidder.id == *bidder) {
                self.next = at + 1;
                return Some(offer);
            }
        }
        None
    }
}

/// What the bids of one reply are held to.
struct Rules<'a> {
    plan: &'a Plan,
    offer: &'a Offer,
    lists: &'a Lists<'a>,
}

/// What became of blocked categories, of a bid that may compete.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Blocks {
    /// None hits it.
    Told,
    /// None is known to, but of some it cannot be told.
    Untold,
}

/// Judges the bids of one reply, each on its own; returns those that pass with blocks untold.
fn judge(
    rules: &Result<Rules<'_>, LossReason>,
    reply: &Reply,
    reasons: &mut [Option<LossReason>],
) -> Vec<usize> {
    mark_repeats(&reply.bids, reasons);
    let mut untold = Vec::new();
    for (index, (bid, reason)) in reply.bids.iter().zip(reasons).enumerate() {
        let repeats = *reason;
        let judged = match (bid.defect, rules) {
            (Some(defect), _) => Err(defect),
            (None, Err(reason)) => Err(*reason),
            (None, Ok(rules)) => rules.judged(bid, repeats),
        };
        *reason = judged.err();
        if judged == Ok(Blocks::Untold) {
            untold.push(index);
        }
    }
    untold
}

impl Rules<'_> {
    /// Says whether a bid may compete; `repeats` is a reason when it repeats another's name.
    fn judged(&self, bid: &Bid, repeats: Option<LossReason>) -> Result<Blocks, LossReason> {
        let (terms, parts) = (&self.plan.terms, &self.plan.parts);
        let imp = self.offer.imps.iter().find(|imp| imp.id == bid.imp);
        let index = imp.map_or(usize::MAX, |imp| imp.part);
        let part = parts.get(index).ok_or(LossReason::UnknownImp)?;
        repeats.map_or(Ok(()), Err)?;
        price(terms, bid)?;
        format(terms, part, bid)?;
        let blocks = parties(self, index, bid)?;
        let deal = deal(part, self.offer, bid)?;
        duration(part, bid)?;
        floor(terms, part, deal, bid)?;
        expiry(part, bid)?;
        place(parts, index, bid).ok_or(LossReason::SlotTaken)?;
        Ok(blocks)
    }
}

/// Check 1: it answers an imp of ours once, at a price that can be believed.
///
/// The first bid of a name stands: a repeat must not cost the bidder both. What is no bid at all
/// takes no name.
fn mark_repeats(bids: &[Bid], reasons: &mut [Option<LossReason>]) {
    if bids.len() < 2 {
        return;
    }
    let bids = bids.iter().enumerate().filter(|(_, bid)| bid.defect.is_none());
    let names = bids.map(|(index, bid)| ((Text::new(bid.id.as_str()), seat_text(bid)), index));
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    for pair in names.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        reasons[pair[1].1] = Some(LossReason::Duplicate);
    }
}

fn price(terms: &Terms, bid: &Bid) -> Result<(), LossReason> {
    let price = bid.price.as_ref().map(|price| price.cpm).filter(|&price| Cpm::ZERO < price);
    let price = price.ok_or(LossReason::PriceMissing)?;
    if bid.currency != terms.currency && !terms.currencies.contains(&bid.currency) {
        return Err(LossReason::CurrencyNotOffered);
    }
    let normalised = terms.normalised(price, bid.currency);
    let normalised = normalised.ok_or(LossReason::CurrencyWithoutRate)?;
    let believed = Cpm::ZERO < normalised && normalised <= terms.max_cpm;
    allowed(believed, LossReason::PriceMissing)
}

/// Check 4: the deal it names is offered, to its seat and its advertisers.
fn deal<'a>(part: &'a Part, offer: &Offer, bid: &Bid) -> Result<Option<&'a Deal>, LossReason> {
    if bid.deal.is_none() {
        allowed(!part.private_auction, LossReason::DealRequired)?;
        return Ok(None);
    }
    let deal = deal_of(part, bid).filter(|deal| deal.is_for(&offer.bidder.id));
    let deal = deal.ok_or(LossReason::DealUnknown)?;
    let seat = seat_text(bid);
    let seated = deal.seats.is_empty() || deal.seats.iter().any(|listed| **listed == *seat);
    allowed(seated, LossReason::SeatNotAllowed)?;
    allowed(domains_in_deal(deal, bid), LossReason::DealAdvertiser)?;
    Ok(Some(deal))
}

/// Check 5: its length is known, allowed, within the part, and that of its markup (decision 15).
fn duration(part: &Part, bid: &Bid) -> Result<(), LossReason> {
    let seconds = bid.seconds.ok_or(LossReason::DurationNotAllowed)?;
    let length = length(bid).expect("a bid with seconds has a length");
    let fits = match part.fit {
        Fit::Nominal => true,
        Fit::Real => length <= part.real,
    };
    let agrees = length.0.abs_diff(seconds.millis().0) <= DURATION_TOLERANCE.0;
    let sells = part.lengths.allow(seconds) && seconds <= part.seconds;
    allowed(sells && fits && agrees, LossReason::DurationNotAllowed)
}

/// Check 6: what it offers reaches the floor of its deal, else that of its part.
fn floor(terms: &Terms, part: &Part, deal: Option<&Deal>, bid: &Bid) -> Result<(), LossReason> {
    let reason = match deal.is_some_and(|deal| deal.floor.is_some()) {
        true => LossReason::BelowDealFloor,
        false => LossReason::BelowFloor,
    };
    let offered = pricing::offered(terms, deal, bid).ok_or(LossReason::CurrencyWithoutRate)?;
    let seconds = bid.seconds.ok_or(LossReason::DurationNotAllowed)?;
    allowed(pricing::floor(part, deal, seconds) <= offered, reason)
}

/// Check 7: it stands until its ad may start.
fn expiry(part: &Part, bid: &Bid) -> Result<(), LossReason> {
    let stands = match (part.expires_s, bid.expires_s) {
        (Some(needed), Some(expires)) => needed <= expires,
        (None, _) | (_, None) => true,
    };
    allowed(stands, LossReason::ExpiresTooSoon)
}

/// Takes the rest of an all-or-nothing group out when one of it may not compete.
fn break_groups(reply: &Reply, reasons: &mut [Option<LossReason>]) {
    if reply.bids.iter().all(|bid| bid.group.is_none()) {
        return;
    }
    let bids = reply.bids.iter().zip(&*reasons);
    let broken = bids.filter(|(_, reason)| reason.is_some()).filter_map(|(bid, _)| bid.group);
    let mut broken: Vec<u16> = broken.collect();
    broken.sort_unstable();
    for (bid, reason) in reply.bids.iter().zip(reasons) {
        if reason.is_none() && bid.group.is_some_and(|group| broken.binary_search(&group).is_ok()) {
            *reason = Some(LossReason::GroupIncomplete);
        }
    }
}

/// Returns the reason unless the condition holds.
fn allowed(holds: bool, reason: LossReason) -> Result<(), LossReason> {
    if holds { Ok(()) } else { Err(reason) }
}

/// How far a bid's `dur` and its markup's `Duration` may lie apart (decision 15).
const DURATION_TOLERANCE: Millis = Millis(500);

#[cfg(test)]
mod tests;
