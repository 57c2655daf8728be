//! What the journal says of the match: seconds, money and bidders, by break.
//!
//! Nothing is counted here that a record does not prove; each auction is decided again, as a
//! replay does, which needs no exchange.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::auction::decide;
use crate::io::journal::read::{self, Frames};
use crate::io::journal::{JournalError, Stream};
use crate::model::bid::{Reply, ReplyOutcome};
use crate::model::money::Amount;
use crate::model::outcome::{Fate, Outcome};
use crate::model::plan::AuctionInput;
use crate::model::reason::CallReason;
use crate::wire::record::{self, Kind};

/// The auctions of one stream, read as they are recorded.
pub struct Books {
    frames: Frames,
    stream: String,
    breaks: BTreeMap<String, Tally>,
}

/// What auctions came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// How many.
    pub auctions: u64,
    /// Nominal seconds on sale.
    pub seconds: u64,
    /// Of these, sold.
    pub sold: u64,
    /// Seconds not sold, by reason.
    pub unfilled: BTreeMap<&'static str, u64>,
    /// What winners pay, one impression of each ad.
    pub gross: Amount,
    /// What of it is the publisher's.
    pub net: Amount,
    /// By bidder.
    pub bidders: BTreeMap<String, BidderTally>,
}

/// What one bidder did in some auctions.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BidderTally {
    /// Requests sent.
    pub asked: u64,
    /// Answers with bids.
    pub with_bids: u64,
    /// Bids that won.
    pub won: u64,
    /// Bids that lost.
    pub lost: u64,
    /// Answers that it does not bid.
    pub no_bids: u64,
    /// No answer by the cutoff.
    pub timeouts: u64,
    /// Errors, and answers that are none.
    pub faults: u64,
    /// Its slowest answer, microseconds.
    pub slowest_us: Option<u64>,
}

/// What is read of section `seller`.
#[derive(Deserialize)]
struct Seller<'a> {
    #[serde(rename = "break", borrow)]
    ad_break: SellerBreak<'a>,
}

#[derive(Deserialize)]
struct SellerBreak<'a> {
    id: &'a str,
    stream: Option<&'a str>,
}

impl Books {
    /// Opens the books of a stream at the end of what is recorded so far.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn open(data: &Path, stream: &str) -> Result<Self, JournalError> {
        let mut frames = read::frames(data, Stream::Auction)?;
        for frame in frames.by_ref() {
            frame?;
        }
        Ok(Self { frames, stream: stream.to_owned(), breaks: BTreeMap::new() })
    }

    /// Reads what was recorded since.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn catch_up(&mut self) -> anyhow::Result<()> {
        for frame in self.frames.by_ref() {
            let frame = frame?;
            let broken = || format!("the auction record at index {}", frame.index);
            let record = record::read::read(&frame.payload).with_context(broken)?;
            if record.kind != Kind::Auction {
                continue;
            }
            let section = record.section("seller").with_context(broken)?;
            let seller: Seller<'_> = serde_json::from_slice(section).with_context(broken)?;
            if seller.ad_break.stream != Some(self.stream.as_str()) {
                continue;
            }
            let input = record.auction_input().with_context(broken)?;
            let outcome = decide::decide(&input);
            let tally = self.breaks.entry(seller.ad_break.id.to_owned()).or_default();
            tally.enter(&input, &outcome);
        }
        Ok(())
    }

    /// Returns what the auctions of a break came to so far.
    #[must_use]
    pub fn ad_break(&self, id: &str) -> Tally {
        self.breaks.get(id).cloned().unwrap_or_default()
    }

    /// Returns what all breaks came to together.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in self.breaks.values() {
            total.add(tally);
        }
        total
    }
}

impl Tally {
    /// Enters one auction.
    pub fn enter(&mut self, input: &AuctionInput, outcome: &Outcome) {
        self.auctions += 1;
        self.seconds += u64::from(outcome.seconds.total.0);
        self.sold += u64::from(outcome.seconds.sold.0);
        for unfilled in &outcome.unfilled {
            let sum = self.unfilled.entry(unfilled.reason.name()).or_default();
            *sum += u64::from(unfilled.seconds.0);
        }
        for win in &outcome.wins {
            self.gross = sum(self.gross, win.clearing.per_impression());
            self.net = sum(self.net, win.split.net.per_impression());
        }
        for (reply, fates) in input.replies.iter().zip(&outcome.fates) {
            self.bidders.entry(reply.bidder.as_str().to_owned()).or_default().enter(reply, fates);
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        self.auctions += other.auctions;
        self.seconds += other.seconds;
        self.sold += other.sold;
        for (reason, seconds) in &other.unfilled {
            *self.unfilled.entry(reason).or_default() += seconds;
        }
        self.gross = sum(self.gross, other.gross);
        self.net = sum(self.net, other.net);
        for (id, bidder) in &other.bidders {
            self.bidders.entry(id.clone()).or_default().add(bidder);
        }
    }

    /// Returns the bidder whose answer took longest, and its microseconds.
    #[must_use]
    pub fn slowest(&self) -> Option<(&str, u64)> {
        let times = self.bidders.iter().filter_map(|(id, it)| Some((id.as_str(), it.slowest_us?)));
        times.max_by_key(|(_, took)| *took)
    }
}

impl BidderTally {
    fn enter(&mut self, reply: &Reply, fates: &[Fate]) {
        self.asked += u64::from(reply.sent);
        match reply.outcome {
            ReplyOutcome::Bids => self.with_bids += 1,
            ReplyOutcome::Nothing(CallReason::NoBid) => self.no_bids += 1,
            ReplyOutcome::Nothing(CallReason::Timeout) => self.timeouts += 1,
            ReplyOutcome::Nothing(_) => self.faults += u64::from(reply.sent),
        }
        for fate in fates {
            match fate {
                Fate::Won(_) => self.won += 1,
                Fate::Lost(_) => self.lost += 1,
            }
        }
        // A call that timed out ended with the cutoff, which is no answer.
        if reply.outcome != ReplyOutcome::Nothing(CallReason::Timeout) {
            self.slowest_us = self.slowest_us.max(reply.arrived_us);
        }
    }

    fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.with_bids += other.with_bids;
        self.won += other.won;
        self.lost += other.lost;
        self.no_bids += other.no_bids;
        self.timeouts += other.timeouts;
        self.faults += other.faults;
        self.slowest_us = self.slowest_us.max(other.slowest_us);
    }
}

fn sum(one: Amount, other: Amount) -> Amount {
    Amount::from_nanos(one.nanos().saturating_add(other.nanos()))
}
