//! Every bidder and why it was silent; every bid, its one fate, and what it would have needed.

use serde::Serialize;

use crate::model::bid::{Bid, ReplyOutcome};
use crate::model::deal::Pricing;
use crate::model::outcome::{BidRef, Fate, Win};
use crate::model::reason::LossReason;
use crate::wire::explain::Case;
use crate::wire::explain::pods::{Subject, subjects};

/// A bidder, called or not.
#[derive(Clone, Debug, Serialize)]
pub struct Bidder {
    /// Who.
    pub bidder: String,
    /// `bids`, or the name of a call's reason.
    pub outcome: &'static str,
    /// The reason in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// Whether a request was put on the wire.
    pub called: bool,
    /// HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Microseconds it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_us: Option<u64>,
    /// Microseconds it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived_us: Option<u64>,
    /// The reason it gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbr: Option<i32>,
    /// Its seat-non-bid code, when it sent no bids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_bid: Option<u16>,
    /// The caller's imps that it was offered, where the caller named them.
    pub imps: Vec<String>,
    /// Its bids in the order received.
    pub bids: Vec<Told>,
}

/// A bid and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// The bidder's name for it.
    pub bid: String,
    /// The seat that bid.
    pub seat: Option<String>,
    /// The imp it names, of those its bidder was shown.
    pub imp: String,
    /// The caller's imp behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_imp: Option<String>,
    /// What it bid, as received.
    pub price: Option<String>,
    /// In which currency.
    pub currency: String,
    /// What it offered after its discount, in the auction's currency.
    pub offered: Option<String>,
    /// What it counted in the sum of its pod, in the auction's currency.
    pub counted: Option<String>,
    /// The least it had to offer, in the auction's currency.
    pub floor: Option<String>,
    /// The deal it claims.
    pub deal: Option<String>,
    /// Domains of its advertiser.
    pub advertiser: Vec<String>,
    /// Its creative.
    pub creative: Option<String>,
    /// What it is about.
    pub categories: Vec<Subject>,
    /// Its nominal seconds.
    pub seconds: Option<u32>,
    /// Whether a block could not be told for its categories, and it was let through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unmapped: bool,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Ending,
}

/// The one fate of a bid.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Ending {
    /// It won.
    Won {
        /// Its number in the auction, from 1.
        slot: usize,
        /// Its place in its pod, from 1.
        sequence: u16,
        /// What it pays, gross, in the auction's currency.
        clearing: String,
        /// What the publisher earns of it.
        net: String,
        /// The least bid that would have tied, in the bid's currency.
        #[serde(skip_serializing_if = "Option::is_none")]
        needed: Option<String>,
    },
    /// It lost.
    Lost {
        /// The name of the reason.
        reason: &'static str,
        /// `${AUCTION_LOSS}`.
        loss: u16,
        /// Its seat-non-bid code.
        non_bid: u16,
        /// The reason in a sentence.
        why: &'static str,
        /// What to do about it.
        remedy: &'static str,
        /// The bid that would have tied, in the bid's currency, where price was the reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        needed: Option<String>,
        /// What `needed` was held against.
        #[serde(skip)]
        against: Against,
    },
}

/// What the least bid of a loser would have tied with (decision 7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Against {
    /// Winners at what they count: the pods that won.
    Counted,
    /// The same, and it was what the loser bid.
    CountedEqual,
    /// Winners at what they pay, where that is less.
    Paid,
}

impl Case<'_> {
    pub(super) fn bidder(&self, index: usize) -> Bidder {
        let reply = &self.input.replies[index];
        let (outcome, why) = match reply.outcome {
            ReplyOutcome::Bids => ("bids", None),
            ReplyOutcome::Nothing(reason) => (reason.name(), Some(reason.sentence())),
        };
        let non_bid = match reply.outcome {
            ReplyOutcome::Nothing(reason) if reply.bids.is_empty() => Some(reason.non_bid_code()),
            ReplyOutcome::Nothing(_) | ReplyOutcome::Bids => None,
        };
        let offered = self.input.offer(reply).map_or(&[][..], |offer| &offer.imps);
        let mut imps: Vec<String> =
            offered.iter().filter_map(|imp| self.asked.imp(imp.part)).collect();
        imps.dedup();
        let bids = reply.bids.iter().enumerate();
        Bidder {
            bidder: reply.bidder.to_string(),
            outcome,
            why,
            called: reply.sent,
            status: reply.status,
            deadline_us: reply.deadline_us,
            arrived_us: reply.arrived_us,
            nbr: reply.no_bid_reason,
            non_bid,
            imps,
            bids: bids.map(|(at, bid)| self.bid(BidRef { reply: index, bid: at }, bid)).collect(),
        }
    }

    fn bid(&self, at: BidRef, bid: &Bid) -> Told {
        let reckoned = self.reckoned(at);
        Told {
            bid: bid.id.to_string(),
            seat: bid.seat.as_ref().map(ToString::to_string),
            imp: bid.imp.to_string(),
            asked_imp: reckoned.and_then(|it| it.part).and_then(|part| self.asked.imp(part)),
            price: bid.price.as_ref().map(|price| price.text.to_string()),
            currency: bid.currency.to_string(),
            offered: reckoned.and_then(|it| it.offered).map(|price| price.price_text()),
            counted: reckoned.and_then(|it| it.counted).map(|price| price.price_text()),
            floor: reckoned.and_then(|it| it.floor).map(|price| price.price_text()),
            deal: bid.deal.as_ref().map(ToString::to_string),
            advertiser: bid.advertisers.iter().map(|owner| owner.domain.to_string()).collect(),
            creative: bid.creative_id.as_ref().map(ToString::to_string),
            categories: subjects(bid, reckoned),
            seconds: bid.seconds.map(|seconds| seconds.0),
            unmapped: self.outcome.unmapped.contains(&at),
            fate: match self.outcome.fates[at.reply][at.bid] {
                Fate::Won(win) => self.won(win),
                Fate::Lost(reason) => self.lost(at, reason),
            },
        }
    }

    fn won(&self, index: usize) -> Ending {
        let win = &self.outcome.wins[index];
        Ending::Won {
            slot: index + 1,
            sequence: win.sequence,
            clearing: win.clearing.price_text(),
            net: win.split.net.price_text(),
            needed: win.min_to_win.map(|price| price.price_text()),
        }
    }

    fn lost(&self, at: BidRef, reason: LossReason) -> Ending {
        let bids = self.insight.minimums.get(at.reply);
        let needed = bids.and_then(|bids| bids.get(at.bid)).copied().flatten();
        let bid = &self.input.replies[at.reply].bids[at.bid];
        let equal = || needed.is_some() && bid.price.as_ref().map(|price| price.cpm) >= needed;
        Ending::Lost {
            reason: reason.name(),
            loss: reason.loss_code(),
            non_bid: reason.non_bid_code(),
            why: reason.sentence(),
            remedy: reason.remedy(),
            needed: needed.map(|price| price.price_text()),
            against: if self.meets_paid(at) {
                Against::Paid
            } else if equal() {
                Against::CountedEqual
            } else {
                Against::Counted
            },
        }
    }

    /// Says whether a loser met the winners at what they pay: its own price would have been the
    /// second, and some winner pays less than it counts.
    fn meets_paid(&self, at: BidRef) -> bool {
        let plan = &self.input.plan;
        let deal = self.reckoned(at).and_then(|it| plan.parts.get(it.part?)?.deals.get(it.deal?));
        let pays_less = |win: &Win| {
            self.reckoned(win.bid).and_then(|it| it.counted).is_some_and(|it| win.clearing < it)
        };
        deal.map_or(plan.terms.pricing, |deal| deal.pricing) == Pricing::Second
            && self.outcome.wins.iter().any(pays_less)
    }
}
