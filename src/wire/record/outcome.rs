//! Sections `outcome`, `outcome:<bidder>`, `outcome:seller`: what was decided, a reader each.
//!
//! Together they say all of an `Outcome`, so that equal sections mean an equal decision.

use serde::Serialize;

use crate::model::bid::Bid;
use crate::model::money::Fee;
use crate::model::outcome::{BidRef, Fate, HousePlay, Outcome, Search, Unfilled, Win};
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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unmapped: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    win: Option<OwnWin>,
}

/// A win as its bidder sees it.
#[derive(Serialize)]
struct OwnWin {
    clearing: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<DiscountForm>,
    length: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_to_win: Option<Decimal>,
    part: usize,
    pay: Decimal,
    seconds: u32,
    sequence: u16,
    start: Decimal,
}

/// A discount negotiated in a deal.
#[derive(Serialize)]
struct DiscountForm {
    off: Decimal,
    ppm: u32,
}

/// The pods as the publisher sees them.
#[derive(Serialize)]
struct Sales<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    house: Vec<HouseForm<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_fill: Option<&'static str>,
    search: &'static str,
    unfilled: Vec<UnfilledForm<'a>>,
    wins: Vec<Sale<'a>>,
}

/// A house ad, with the reason why its seconds were not sold.
#[derive(Serialize)]
struct HouseForm<'a> {
    id: &'a str,
    length: Decimal,
    part: usize,
    seconds: u32,
    sequence: u16,
    since: &'static str,
    start: Decimal,
}

/// Seconds that nobody bought, with the best bid that was refused there.
#[derive(Serialize)]
struct UnfilledForm<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bidder: Option<&'a str>,
    pod: usize,
    reason: &'static str,
    seconds: u32,
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
    part: usize,
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
    for (index, (reply, fates)) in input.replies.iter().zip(&outcome.fates).enumerate() {
        assert!(reply.bids.len() == fates.len(), "each bid has exactly one fate");
        if !reply.bids.is_empty() {
            let section = canonical(&bidder_fates(input, outcome, index, fates));
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
    index: usize,
    fates: &[Fate],
) -> BidderFates<'a> {
    let reply = &input.replies[index];
    let fate = |(bid_index, (bid, fate)): (usize, (&'a Bid, &Fate))| {
        let (name, win) = match *fate {
            Fate::Won(index) => ("won", Some(own_win(&outcome.wins[index]))),
            Fate::Lost(reason) => (reason.name(), None),
        };
        let unmapped = outcome.unmapped.contains(&BidRef { reply: index, bid: bid_index });
        BidFate { fate: name, id: bid.id.as_str(), imp: bid.imp.as_str(), unmapped, win }
    };
    BidderFates {
        bids: reply.bids.iter().zip(fates).enumerate().map(fate).collect(),
        currency: input.plan.terms.currency.as_str(),
    }
}

fn own_win(win: &Win) -> OwnWin {
    OwnWin {
        clearing: micros(win.clearing),
        discount: win.discount.map(|it| DiscountForm { off: micros(it.off), ppm: it.ppm }),
        length: Decimal(win.length.0),
        min_to_win: win.min_to_win.map(micros),
        part: win.part,
        pay: micros(win.pay),
        seconds: win.seconds.0,
        sequence: win.sequence,
        start: Decimal(win.start.0),
    }
}

fn sales<'a>(input: &'a AuctionInput, outcome: &Outcome) -> Sales<'a> {
    Sales {
        house: outcome.house.iter().map(|play| house(input, play)).collect(),
        no_fill: outcome.no_fill.map(|reason| reason.name()),
        search: match outcome.search {
            Search::Exact => "exact",
            Search::Bounded => "bounded",
        },
        unfilled: outcome.unfilled.iter().map(|entry| unfilled(input, entry)).collect(),
        wins: outcome.wins.iter().map(|win| sale(input, win)).collect(),
    }
}

fn house<'a>(input: &'a AuctionInput, play: &HousePlay) -> HouseForm<'a> {
    let ad = &input.plan.parts[play.part].house[play.ad];
    HouseForm {
        id: &ad.id,
        length: Decimal(ad.length.0),
        part: play.part,
        seconds: ad.seconds.0,
        sequence: play.sequence,
        since: play.since.name(),
        start: Decimal(play.start.0),
    }
}

fn unfilled<'a>(input: &'a AuctionInput, entry: &Unfilled) -> UnfilledForm<'a> {
    let best = entry.best.map(|at| (&input.replies[at.reply], at.bid));
    UnfilledForm {
        bid: best.map(|(reply, bid)| reply.bids[bid].id.as_str()),
        bidder: best.map(|(reply, _)| reply.bidder.as_str()),
        pod: entry.pod,
        reason: entry.reason.name(),
        seconds: entry.seconds.0,
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
        part: win.part,
        seconds: win.seconds.0,
        sequence: win.sequence,
        start: Decimal(win.start.0),
    }
}
