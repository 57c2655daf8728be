//! A bid that may compete, as the search sees it.

use sha2::{Digest, Sha256};

use crate::auction::eligibility::{Refusals, deal_of, length, seat_text};
use crate::auction::pricing;
use crate::model::bid::{Bid, Reply};
use crate::model::ids::BidderId;
use crate::model::market::Dialect;
use crate::model::money::Cpm;
use crate::model::outcome::BidRef;
use crate::model::plan::{AuctionInput, Place, Shape};
use crate::model::time::{Millis, Seconds};

/// What breaks ties between bids (decision 5): no two bids that compete share one.
pub(super) type Key = [u8; 32];

/// One bid that may compete.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Which bid.
    pub(super) bid: BidRef,
    /// What it counts in the sum, and pays.
    pub(super) price: Cpm,
    /// Nominal seconds it is sold as, at least 1.
    pub(super) seconds: Seconds,
    /// The creative's own length.
    pub(super) length: Millis,
    /// The places it takes.
    pub(super) slot: Place,
    /// The structured imp it answers, as (reply, index of the imp); one ad may have it.
    pub(super) imp: Option<(usize, usize)>,
    /// The all-or-nothing group it is in, as (reply, seatbid).
    pub(super) group: Option<(usize, u16)>,
    /// Its tie-break key.
    pub(super) key: Key,
}

/// Returns the bids without a refusal, those of one group side by side.
pub(super) fn candidates(input: &AuctionInput, refused: &Refusals) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (index, reply) in input.replies.iter().enumerate() {
        for (bid, reason) in refused.of(index).iter().enumerate() {
            if reason.is_none() {
                candidates.push(candidate(input, reply, BidRef { reply: index, bid }));
            }
        }
    }
    candidates.sort_unstable_by_key(|candidate| (candidate.group, candidate.key));
    candidates
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

fn candidate(input: &AuctionInput, reply: &Reply, at: BidRef) -> Candidate {
    let bid = &reply.bids[at.bid];
    let plan = &input.plan;
    let offer = input.offer(reply).expect("a bid without an offer was refused");
    let place = offer.imps.iter().position(|imp| imp.id == bid.imp);
    let place = place.expect("a bid for an imp not offered was refused");
    let part = &plan.parts[offer.imps[place].part];
    let expanded = offer.dialect == Dialect::Structured && part.shape == Shape::Stretch;
    let price = pricing::counts(&plan.terms, part, deal_of(part, bid), bid);
    Candidate {
        bid: at,
        price: price.expect("a bid without a price or a rate was refused"),
        seconds: bid.seconds.expect("a bid without a length was refused"),
        length: length(bid).expect("a bid without a length was refused"),
        slot: Place::of(bid.slot_in_pod),
        imp: expanded.then_some((at.reply, place)),
        group: bid.group.map(|group| (at.reply, group)),
        key: key(&input.draw.seed, &reply.bidder, bid),
    }
}
