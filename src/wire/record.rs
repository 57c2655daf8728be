//! The record of an auction and of what happens around it: audit-proof, a section a reader.
//!
//! Everything a decision read stands in its record, so a replay needs no network, list or parser.
//! Bytes only: the clock, the journal and its files are `io`'s. Read `seal` for the commitments,
//! `read` for the way back.

use serde::{Deserialize, Serialize};

use crate::model::bid::Reply;
use crate::model::break_request::BreakRequest;
use crate::model::ids::AuctionId;
use crate::model::outcome::{Outcome, Win};
use crate::model::plan::{AuctionInput, Draw, Offer};
use crate::model::time::UnixMillis;
use crate::wire::quote::decimal;
use crate::wire::record::bidder::Against;
use crate::wire::record::head::AuctionHead;
use crate::wire::record::json::Json;
use crate::wire::record::lifecycle::LifecycleForm;
use crate::wire::record::ops::Ops;
use crate::wire::record::seal::{Part, Sealer};
use crate::wire::record::text::canonical;

/// Spells a member's key as it stands after another member, for `json` and `scan`; stands above the
/// modules that use it.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}

/// Spells the keys of members that are stepped over, in their order.
macro_rules! keys {
    ($($name:literal),+) => {
        &const { [$(crate::wire::record::scan::passed::Passed::new(key!($name))),+] }
    };
}

pub mod admin;
mod bidder;
pub mod decided;
pub mod disclosed;
pub mod erase;
mod head;
mod json;
mod lifecycle;
pub mod notices;
pub mod ops;
pub mod outcome;
pub mod prices;
pub mod rates;
pub mod read;
mod scan;
pub mod seal;
pub mod seller;
mod text;
pub mod texts;

/// Where and when a record is made.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The name of the node.
    pub node: &'a str,
    /// How often the node has started, this time included.
    pub boot: u64,
    /// The number of the permit the record is appended with.
    pub seq: u64,
    /// When.
    pub at: UnixMillis,
    /// Index in the money stream and record root of the config in force; none before the first.
    pub config: Option<(u64, [u8; 32])>,
    /// The same of the rates of exchange in force; none where there are none.
    pub rates: Option<(u64, [u8; 32])>,
    /// Name and version of this program.
    pub build: &'a str,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// An auction.
    Auction,
    /// What came of notices to bidders.
    Notices,
    /// A config in force from here on.
    Config,
    /// Rates of exchange in force from here on.
    Rates,
    /// What somebody did to the journal.
    Admin,
    /// The life of the node.
    Lifecycle,
}

/// A stream as records name it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamName {
    /// Auctions and what came of their notices.
    Auction,
    /// Everything else.
    Money,
}

/// What happened to the node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lifecycle {
    /// It started.
    Start,
    /// It started for the first time under its name, in place of a node whose logs end: always the
    /// first record of the money stream. Notes are those of the last checkpoints known.
    NewOrigin {
        /// Of the auction stream; none when nothing of it was signed.
        auction: Option<Box<str>>,
        /// Of the money stream.
        money: Option<Box<str>>,
    },
    /// A log is signed by another key than the one that it follows.
    KeyChange {
        /// The stream.
        stream: StreamName,
        /// The key of before: its text, or only name and id where no more is known.
        old: Box<str>,
        /// The text of the key that checks this log.
        new: Box<str>,
    },
    /// It stopped in order: nothing of this start comes behind, in either stream.
    Stop {
        /// The index after the last record of the auction stream.
        auction_end: u64,
    },
    /// A part of the stream is missing.
    Gap {
        /// The start counter it belongs to.
        boot: u64,
        /// Numbers of the auction stream that were drawn and not used. Where neither stream has
        /// any, that start ended without a stop.
        auction: Vec<u64>,
        /// The same of the money stream.
        money: Vec<u64>,
    },
    /// An answer left before its record was known to be on disk.
    LateSync {
        /// Whose.
        auction: AuctionId,
    },
    /// The end of a stream was torn and cut off at the start.
    Cut {
        /// The stream.
        stream: StreamName,
        /// The index of the record that was not written whole.
        index: u64,
        /// How many bytes were cut.
        bytes: u64,
    },
    /// The clock went back. Records go on with the time that was reached, until it is reached again.
    Clock {
        /// How far the clock was behind that time, in milliseconds.
        lag_ms: u64,
    },
}

/// Returns the payload of the record of one auction (kind 1).
///
/// # Panics
///
/// When `outcome` is not one of `input`, or `input` does not have one reply per bidder.
#[must_use]
pub fn auction(
    head: &Head<'_>,
    request: &BreakRequest,
    input: &AuctionInput,
    outcome: &Outcome,
    ops: &Ops<'_>,
) -> Vec<u8> {
    let draw = &input.draw;
    let mut sealer = Sealer::new(&draw.record_key, room(input, outcome));
    // Sections stand in the order of their names.
    bidders(&mut sealer, input);
    sealer.section(("head", ""), |json| {
        let own = AuctionHead { rules: RULES, seed: draw.seed, test: request.test };
        head::write(json, head, Kind::Auction, draw.auction, Some(own));
    });
    for slot in slots(outcome) {
        let win = &outcome.wins[slot - 1].bid;
        let markup = &input.replies[win.reply].bids[win.bid].creative.markup;
        let slot = u64::try_from(slot).expect("a count of things in memory");
        let mut room = [0; 20];
        sealer.section((MARKUP, decimal(slot, &mut room)), |json| json.raw(markup.as_bytes()));
    }
    sealer.section(("ops", ""), |json| ops::write(json, ops, input));
    for (party, which) in outcome::sections(input) {
        let (start, party) = party.map_or((OUTCOME, ""), |party| (OUTCOME_OF, party));
        sealer.section((start, party), |json| outcome::write(json, input, outcome, which));
    }
    sealer.section(("seller", ""), |json| seller::write(json, request, &input.plan));
    sealer.erasable(&draw.user_salt, |json| ops::write_user(json, &request.viewer));
    sealer.finish(Kind::Auction.number(), draw.auction.bytes(), head.at).0
}

/// Adds the section of each bidder.
fn bidders(sealer: &mut Sealer, input: &AuctionInput) {
    let mut replies: Vec<&Reply> = input.replies.iter().collect();
    replies.sort_unstable_by_key(|reply| &reply.bidder);
    let mut offers: Vec<&Offer> = input.plan.offers.iter().collect();
    offers.sort_unstable_by_key(|offer| &offer.bidder.id);
    let mut offers = offers.into_iter().peekable();
    let against = Against::of(&input.plan);
    for reply in replies {
        let offer = offers.next_if(|offer| offer.bidder.id == reply.bidder);
        let id = reply.bidder.as_str();
        sealer.section((BIDDER, id), |json| bidder::write(json, reply, offer, against));
    }
    assert!(offers.next().is_none(), "each offered bidder has its reply");
}

/// Returns the numbers of the winners in the order of their texts, from 1.
///
/// They are numbered through the auction: places repeat where it has several pods.
fn slots(outcome: &Outcome) -> Vec<usize> {
    let mut slots: Vec<usize> = (1..=outcome.wins.len()).collect();
    if 9 < slots.len() {
        slots.sort_by_cached_key(usize::to_string);
    }
    slots
}

/// Guesses the length of a payload, rather too high: one that grows is copied.
fn room(input: &AuctionInput, outcome: &Outcome) -> usize {
    let bids: usize = input.replies.iter().map(|reply| reply.bids.len()).sum();
    let markup = |win: &Win| input.replies[win.bid.reply].bids[win.bid.bid].creative.markup.len();
    let markup: usize = outcome.wins.iter().map(markup).sum();
    4096 + 512 * input.replies.len() + 768 * bids + 512 * input.plan.parts.len() + markup
}

/// Returns the payload of a config snapshot (kind 8) and its record root, which auctions cite.
///
/// `config` is the market in canonical JSON; of `draw` it takes id and record key.
#[must_use]
pub fn config_snapshot(head: &Head<'_>, draw: &Draw, config: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let form = head_alone(head, Kind::Config, draw.auction);
    let parts = vec![Part::new("head", form), Part::new(CONFIG, config)];
    seal::payload(Kind::Config.number(), draw.auction.bytes(), head.at, &draw.record_key, parts)
}

/// Returns the payload of a record of the node's life (kind 11).
///
/// Of `draw` it takes id and record key.
#[must_use]
pub fn lifecycle(head: &Head<'_>, draw: &Draw, event: &Lifecycle) -> Vec<u8> {
    let form = head_alone(head, Kind::Lifecycle, draw.auction);
    let event = canonical(&LifecycleForm::of(event));
    let parts = vec![Part::new("head", form), Part::new(LIFECYCLE, event)];
    let kind = Kind::Lifecycle.number();
    seal::payload(kind, draw.auction.bytes(), head.at, &draw.record_key, parts).0
}

impl Kind {
    /// The kinds that are built.
    const ALL: [Self; 6] =
        [Self::Auction, Self::Notices, Self::Config, Self::Rates, Self::Admin, Self::Lifecycle];

    /// Returns its number in entries.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Auction => 1,
            Self::Notices => 4,
            Self::Config => 8,
            Self::Rates => 9,
            Self::Admin => 10,
            Self::Lifecycle => 11,
        }
    }

    /// Returns the kind of a number, if it is one that is built.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.number() == number)
    }
}

/// Returns the head of a record that is no auction.
fn head_alone(head: &Head<'_>, kind: Kind, id: AuctionId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    head::write(&mut Json::new(&mut bytes), head, kind, id, None);
    bytes
}

/// The version of the auction's rules that `auction` implements.
pub const RULES: u32 = 1;
/// Prefix of the sections of bidders.
const BIDDER: &str = "bidder:";
/// Prefix of the sections of winners' markup.
const MARKUP: &str = "markup:";
/// Prefix of the sections that a replay must give again.
const OUTCOME: &str = "outcome";
/// Prefix of those that one party sees.
const OUTCOME_OF: &str = "outcome:";
/// The body of a config snapshot.
const CONFIG: &str = "config";
/// The body of a record of the node's life.
const LIFECYCLE: &str = "lifecycle";

#[cfg(test)]
mod tests;
