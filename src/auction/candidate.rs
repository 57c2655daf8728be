//! A bid that may compete, as the search sees it.

use std::cell::OnceCell;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::auction::eligibility::{Refusals, deal_of, length, place, seat_text};
use crate::auction::pricing;
use crate::model::bid::{Bid, Reply};
use crate::model::deal::Deal;
use crate::model::ids::BidderId;
use crate::model::market::Dialect;
use crate::model::money::Cpm;
use crate::model::outcome::BidRef;
use crate::model::plan::{AuctionInput, Offer, Part, Place, Shape};
use crate::model::time::{Millis, Seconds};

/// What breaks ties between bids (decision 5): no two bids that compete share one.
pub(super) type Key = [u8; 32];

/// One bid that may compete.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Which bid.
    pub(super) bid: BidRef,
    /// The pod it is for, as an index of the plan's.
    pub(super) pod: u16,
    /// The part of the plan it is for, as an index of `Limits::parts`.
    pub(super) part: u16,
    /// What stands before its price in the objective.
    pub(super) tier: Tier,
    /// What it would pay: what it counts in the sum.
    pub(super) price: Cpm,
    /// Nominal seconds it is sold as, at least 1.
    pub(super) seconds: Seconds,
    /// The creative's own length.
    pub(super) length: Millis,
    /// The places it takes.
    pub(super) slot: Place,
    /// The expanded structured imp it answers, as (reply, index of the imp); one ad may have it.
    pub(super) imp: Option<(usize, usize)>,
    /// The all-or-nothing group it is in, as (reply, seatbid).
    pub(super) group: Option<(usize, u16)>,
}

/// What stands before a price in the objective (decision 4).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Tier {
    /// A guaranteed deal: before all else.
    Guaranteed,
    /// A deal where the placement puts deals before open bids.
    Deal,
    /// Everything else.
    Open,
}

/// The tie-break keys of the candidates, each hashed when it is first asked for.
///
/// Most auctions have no tie, and a hash costs more than the rest of a small search.
pub(super) struct Keys<'a> {
    made: Vec<OnceCell<Key>>,
    make: &'a dyn Fn(usize) -> Key,
}

impl<'a> Keys<'a> {
    /// Returns the keys of `count` candidates, the key of one made by `make`.
    pub(super) fn new(count: usize, make: &'a dyn Fn(usize) -> Key) -> Self {
        Self { made: vec![OnceCell::new(); count], make }
    }

    /// Returns the key of a candidate.
    pub(super) fn of(&self, candidate: usize) -> &Key {
        self.made[candidate].get_or_init(|| (self.make)(candidate))
    }
}

impl fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("made", &self.made).finish_non_exhaustive()
    }
}

/// Returns the bids without a refusal, in the order of the replies.
pub(super) fn candidates(input: &AuctionInput, refused: &Refusals) -> Vec<Candidate> {
    let bids = input.replies.iter().map(|reply| reply.bids.len()).sum();
    let mut candidates = Vec::with_capacity(bids);
    let mut offers = Offers { input, next: 0 };
    for (index, reply) in input.replies.iter().enumerate() {
        if refused.of(index).iter().all(Option::is_some) {
            continue;
        }
        let offer = offers.of(reply);
        for (bid, reason) in refused.of(index).iter().enumerate() {
            if reason.is_none() {
                let at = BidRef { reply: index, bid };
                candidates.push(candidate(input, offer, at, &reply.bids[bid]));
            }
        }
    }
    candidates
}

/// Returns the tie-break key of a bid of an auction.
pub(super) fn key_of(input: &AuctionInput, at: BidRef) -> Key {
    let reply = &input.replies[at.reply];
    key(&input.draw.seed, &reply.bidder, &reply.bids[at.bid])
}

/// Returns SHA-256(seed ‖ bidder ‖ seat ‖ imp ‖ bid id), each part as u16 BE length and bytes.
pub(super) fn key(seed: &[u8; 16], bidder: &BidderId, bid: &Bid) -> Key {
    let mut hash = Sha256::new();
    let texts = [bidder.as_str(), seat_text(bid), bid.imp.as_str(), bid.id.as_str()];
    for part in std::iter::once(&seed[..]).chain(texts.iter().map(|text| text.as_bytes())) {
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        hash.update(length.to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The offers of the plan, gone through in step with the replies.
struct Offers<'a> {
    input: &'a AuctionInput,
    /// Where the next reply's offer is looked for first: both stand in the market's order.
    next: usize,
}

impl<'a> Offers<'a> {
    fn of(&mut self, reply: &Reply) -> &'a Offer {
        let offers = &self.input.plan.offers;
        let answers = |offer: &&Offer| offer.bidder.id == reply.bidder;
        if let Some(offer) = offers.get(self.next).filter(answers) {
            self.next += 1;
            return offer;
        }
        let at = offers.iter().position(|offer| answers(&offer));
        let at = at.expect("a bid without an offer was refused");
        self.next = at + 1;
        &offers[at]
    }
}

fn candidate(input: &AuctionInput, offer: &Offer, at: BidRef, bid: &Bid) -> Candidate {
    let plan = &input.plan;
    let imp = offer.imps.iter().position(|imp| imp.id == bid.imp);
    let imp = imp.expect("a bid for an imp not offered was refused");
    let index = offer.imps[imp].part;
    let part = &plan.parts[index];
    let deal = deal_of(part, bid);
    let expanded = offer.dialect == Dialect::Structured && part.shape == Shape::Stretch;
    let price = pricing::counts(&plan.terms, part, deal, bid);
    let slot = place(&plan.parts, index, bid);
    Candidate {
        bid: at,
        pod: u16::try_from(part.pod).expect("a request has at most thousands of pods"),
        part: u16::try_from(index).expect("a request has at most thousands of imps"),
        tier: tier(part, deal),
        price: price.expect("a bid without a price or a rate was refused"),
        seconds: bid.seconds.expect("a bid without a length was refused"),
        length: length(bid).expect("a bid without a length was refused"),
        slot: slot.expect("a bid for another's place was refused"),
        imp: expanded.then_some((at.reply, imp)),
        group: bid.group.map(|group| (at.reply, group)),
    }
}

fn tier(part: &Part, deal: Option<&Deal>) -> Tier {
    match deal {
        Some(deal) if deal.guaranteed => Tier::Guaranteed,
        Some(_) if part.deals_first => Tier::Deal,
        Some(_) | None => Tier::Open,
    }
}
