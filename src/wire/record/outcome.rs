//! Sections `outcome`, `outcome:<bidder>`, `outcome:seller`: what was decided, a reader each.
//!
//! Together they say all of an `Outcome`, so that equal sections mean an equal decision.

use serde::Serialize;

use crate::model::bid::{Bid, Reply};
use crate::model::money::Fee;
use crate::model::outcome::{Fate, Outcome, Search, Win};
use crate::model::plan::AuctionInput;
use crate::wire::record::text::{Decimal, canonical, micros};

/// Counts only, for everyone. Fields stand in ASCII order, here and below.
#[derive(Serialize)]
struct Counts {
    asked: usize,
    bids: usize,
    house: u32,
    sold: u32,
    total: u32,
    unfilled: u32,
}

/// The fates of one bidder's bids.
#[derive(Serialize)]
struct BidderFates<'a> {
    bids: Vec<BidFate<'a>>,
    /// The auction's currency.
    currency: &'a str,
}

#[derive(Serialize)]
struct BidFate<'a> {
    /// `won`, or the name of a `LossReason`.
    fate: &'static str,
    id: &'a str,
    imp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    win: Option<OwnWin>,
}

/// A win as its bidder sees it.
#[derive(Serialize)]
struct OwnWin {
    clearing: Decimal,
    length: Decimal,
    pay: Decimal,
    seconds: u32,
    sequence: u16,
    start: Decimal,
}

/// The pod as the publisher sees it.
#[derive(Serialize)]
struct Sales<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    no_fill: Option<&'static str>,
    search: &'static str,
    unfilled: Vec<(u32, &'static str)>,
    wins: Vec<Sale<'a>>,
}

#[derive(Serialize)]
struct Sale<'a> {
    bid: &'a str,
    bidder: &'a str,
    clearing: Decimal,
    /// Name and amount of each fee.
    fees: Vec<(&'a str, Decimal)>,
    length: Decimal,
    net: Decimal,
    seconds: u32,
    sequence: u16,
    start: Decimal,
}

/// Returns name and canonical JSON of each section that a replay must give again, by name.
///
/// # Panics
///
/// When the outcome is not one of this input.
#[must_use]
pub fn outcome_sections(input: &AuctionInput, outcome: &Outcome) -> Vec<(String, Vec<u8>)> {
    assert!(outcome.fates.len() == input.replies.len(), "each reply has its fates");
    let mut sections = vec![
        ("outcome".to_owned(), canonical(&counts(input, outcome))),
        ("outcome:seller".to_owned(), canonical(&sales(input, outcome))),
    ];
    for (reply, fates) in input.replies.iter().zip(&outcome.fates) {
        assert!(reply.bids.len() == fates.len(), "each bid has exactly one fate");
        if !reply.bids.is_empty() {
            let section = canonical(&bidder_fates(input, outcome, reply, fates));
            sections.push((format!("outcome:{}", reply.bidder), section));
        }
    }
    sections.sort_unstable();
    sections
}

fn counts(input: &AuctionInput, outcome: &Outcome) -> Counts {
    Counts {
        asked: input.chosen.asked.len(),
        bids: input.replies.iter().map(|reply| reply.bids.len()).sum(),
        house: outcome.seconds.house.0,
        sold: outcome.seconds.sold.0,
        total: outcome.seconds.total.0,
        unfilled: outcome.seconds.unfilled.0,
    }
}

fn bidder_fates<'a>(
    input: &'a AuctionInput,
    outcome: &Outcome,
    reply: &'a Reply,
    fates: &[Fate],
) -> BidderFates<'a> {
    let fate = |(bid, fate): (&'a Bid, &Fate)| {
        let (name, win) = match *fate {
            Fate::Won(index) => ("won", Some(own_win(&outcome.wins[index]))),
            Fate::Lost(reason) => (reason.name(), None),
        };
        BidFate { fate: name, id: bid.id.as_str(), imp: bid.imp.as_str(), win }
    };
    BidderFates {
        bids: reply.bids.iter().zip(fates).map(fate).collect(),
        currency: input.plan.terms.currency.as_str(),
    }
}

fn own_win(win: &Win) -> OwnWin {
    OwnWin {
        clearing: micros(win.clearing),
        length: Decimal(win.length.0),
        pay: micros(win.pay),
        seconds: win.seconds.0,
        sequence: win.sequence,
        start: Decimal(win.start.0),
    }
}

fn sales<'a>(input: &'a AuctionInput, outcome: &Outcome) -> Sales<'a> {
    Sales {
        no_fill: outcome.no_fill.map(|reason| reason.name()),
        search: match outcome.search {
            Search::Exact => "exact",
            Search::Bounded => "bounded",
        },
        unfilled: outcome.unfilled.iter().map(|(long, why)| (long.0, why.name())).collect(),
        wins: outcome.wins.iter().map(|win| sale(input, win)).collect(),
    }
}

fn sale<'a>(input: &'a AuctionInput, win: &Win) -> Sale<'a> {
    let reply = &input.replies[win.bid.reply];
    let schedule = input.plan.terms.fees.fees();
    assert!(schedule.len() == win.split.fees.len(), "a split has an amount for each fee");
    let fee = |(fee, amount): (&'a Fee, _)| (&*fee.name, micros(amount));
    Sale {
        bid: reply.bids[win.bid.bid].id.as_str(),
        bidder: reply.bidder.as_str(),
        clearing: micros(win.clearing),
        fees: schedule.iter().zip(win.split.fees.iter().copied()).map(fee).collect(),
        length: Decimal(win.length.0),
        net: micros(win.split.net),
        seconds: win.seconds.0,
        sequence: win.sequence,
        start: Decimal(win.start.0),
    }
}
