//! The record of an auction and of what happens around it: audit-proof, a section a reader.
//!
//! Everything a decision read stands in its record, so a replay needs no network, list or parser.
//! Bytes only: the clock, the journal and its files are `io`'s. Read `seal` for the commitments,
//! `read` for the way back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::break_request::BreakRequest;
use crate::model::ids::AuctionId;
use crate::model::outcome::Outcome;
use crate::model::plan::{AuctionInput, Draw};
use crate::model::time::UnixMillis;
use crate::wire::record::lifecycle::LifecycleForm;
use crate::wire::record::ops::Ops;
use crate::wire::record::outcome::outcome_sections;
use crate::wire::record::seal::{Part, USER};
use crate::wire::record::text::{Decimal, Hex, canonical, text};

pub mod admin;
mod bidder;
pub mod disclosed;
pub mod erase;
mod lifecycle;
pub mod notices;
pub mod ops;
pub mod outcome;
pub mod rates;
pub mod read;
pub mod seal;
pub mod seller;
mod text;

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
    /// It stopped in order.
    Stop,
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

/// Section `head`. Fields stand in ASCII order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct HeadForm<'a> {
    boot: Decimal,
    build: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cfg: Option<Citation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fx: Option<Citation>,
    id: Cow<'a, str>,
    kind: Kind,
    node: Cow<'a, str>,
    /// The version of the auction's rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<Hex<16>>,
    seq: Decimal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    test: Option<bool>,
    ts: Decimal,
    v: u32,
}

/// A record of the money stream by index and root. Fields stand in ASCII order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Citation {
    hash: Hex<32>,
    index: Decimal,
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
    let mut form = head_form(head, Kind::Auction, draw.auction);
    form.rules = Some(RULES);
    form.seed = Some(Hex(draw.seed));
    form.test = Some(request.test);
    let mut parts = Vec::with_capacity(2 * input.replies.len() + outcome.wins.len() + 6);
    parts.push(Part::new("head", canonical(&form)));
    parts.push(Part::new("seller", seller::write(request, &input.plan)));
    parts.push(Part::new("ops", ops::write(ops, input)));
    let user = ops::write_user(&request.viewer);
    parts.push(Part { name: USER.into(), bytes: user.into(), salt: Some(draw.user_salt) });
    for reply in &input.replies {
        let section = bidder::write(reply, input.offer(reply));
        parts.push(Part::new(format!("{BIDDER}{}", reply.bidder), section));
    }
    for (name, section) in outcome_sections(input, outcome) {
        parts.push(Part::new(name, section));
    }
    // Numbered through the auction: places repeat where it has several pods.
    for (slot, win) in (1_usize..).zip(&outcome.wins) {
        let markup = &input.replies[win.bid.reply].bids[win.bid.bid].creative.markup;
        parts.push(Part::new(format!("{MARKUP}{slot}"), markup.as_bytes()));
    }
    let offered = parts.iter().filter(|part| part.name.starts_with(BIDDER)).count();
    let known = input
        .plan
        .offers
        .iter()
        .all(|offer| input.replies.iter().any(|reply| reply.bidder == offer.bidder.id));
    assert!(known && offered == input.replies.len(), "each offered bidder has its reply");
    seal::payload(Kind::Auction.number(), draw.auction.bytes(), head.at, &draw.record_key, parts).0
}

/// Returns the payload of a config snapshot (kind 8) and its record root, which auctions cite.
///
/// `config` is the market in canonical JSON; of `draw` it takes id and record key.
#[must_use]
pub fn config_snapshot(head: &Head<'_>, draw: &Draw, config: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let form = canonical(&head_form(head, Kind::Config, draw.auction));
    let parts = vec![Part::new("head", form), Part::new(CONFIG, config)];
    seal::payload(Kind::Config.number(), draw.auction.bytes(), head.at, &draw.record_key, parts)
}

/// Returns the payload of a record of the node's life (kind 11).
///
/// Of `draw` it takes id and record key.
#[must_use]
pub fn lifecycle(head: &Head<'_>, draw: &Draw, event: &Lifecycle) -> Vec<u8> {
    let form = canonical(&head_form(head, Kind::Lifecycle, draw.auction));
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

/// Kinds stand in JSON as numbers.
impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        Self::of(number).ok_or_else(|| serde::de::Error::custom("not a kind of record"))
    }
}

impl Citation {
    fn of((index, hash): (u64, [u8; 32])) -> Self {
        Self { hash: Hex(hash), index: Decimal(index) }
    }
}

/// Fills in what every head has.
fn head_form<'a>(head: &Head<'a>, kind: Kind, id: AuctionId) -> HeadForm<'a> {
    HeadForm {
        boot: Decimal(head.boot),
        build: text(head.build),
        cfg: head.config.map(Citation::of),
        fx: head.rates.map(Citation::of),
        id: Cow::Owned(id_text(kind, id)),
        kind,
        node: text(head.node),
        rules: None,
        seed: None,
        seq: Decimal(head.seq),
        test: None,
        ts: Decimal(head.at.0),
        v: HEAD_VERSION,
    }
}

/// Returns how a head spells its record's id: bidders know an auction by this text.
fn id_text(kind: Kind, id: AuctionId) -> String {
    match kind {
        Kind::Auction => id.to_string(),
        Kind::Notices | Kind::Config | Kind::Rates | Kind::Admin | Kind::Lifecycle => {
            format!("{:032x}", u128::from_be_bytes(id.bytes()))
        }
    }
}

/// The version of the auction's rules that `auction` implements.
pub const RULES: u32 = 1;
/// The version of the sections' JSON.
const HEAD_VERSION: u32 = 1;
/// Prefix of the sections of bidders.
const BIDDER: &str = "bidder:";
/// Prefix of the sections of winners' markup.
const MARKUP: &str = "markup:";
/// Prefix of the sections that a replay must give again.
const OUTCOME: &str = "outcome";
/// The body of a config snapshot.
const CONFIG: &str = "config";
/// The body of a record of the node's life.
const LIFECYCLE: &str = "lifecycle";

#[cfg(test)]
mod tests;
