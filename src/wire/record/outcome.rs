//! Sections `outcome`, `outcome:<bidder>`, `outcome:seller`: what was decided, a reader each.
//!
//! Together they say all of an `Outcome`, so that equal sections mean an equal decision.

use std::cmp::Ordering;

use crate::model::bid::Bid;
use crate::model::outcome::{BidRef, Fate, HousePlay, Outcome, Search, Unfilled, Win};
use crate::model::plan::AuctionInput;
use crate::wire::record::json::Json;
use crate::wire::record::read::view::View;

/// One of the sections.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    /// Counts only, for everyone.
    Counts,
    /// The pods as the publisher sees them.
    Seller,
    /// The fates of the bids of one reply.
    Bidder(usize),
}

/// Returns name and canonical JSON of each section that a replay must give again, by name.
///
/// # Panics
///
/// When the outcome is not one of this input.
#[must_use]
pub fn outcome_sections(input: &AuctionInput, outcome: &Outcome) -> Vec<(String, Vec<u8>)> {
    let written = |(party, which)| {
        let mut bytes = Vec::with_capacity(512);
        write(&mut Json::new(&mut bytes), input, outcome, which);
        (name(party), bytes)
    };
    sections(input).into_iter().map(written).collect()
}

/// Returns the names of the sections of a record that an outcome does not give again, or that the
/// record has besides, in order.
///
/// # Panics
///
/// When the outcome is not one of this input.
#[must_use]
pub fn differing(record: &View<'_>, input: &AuctionInput, outcome: &Outcome) -> Vec<String> {
    let mut differing = Vec::new();
    let mut recorded = record.outcome_sections().peekable();
    let mut bytes = Vec::with_capacity(4096);
    for (party, which) in sections(input) {
        let is_below = |(name, _): &(&str, &[u8])| compare(name, party).is_lt();
        while let Some((name, _)) = recorded.next_if(is_below) {
            differing.push(name.to_owned());
        }
        bytes.clear();
        write(&mut Json::new(&mut bytes), input, outcome, which);
        let same = recorded.next_if(|(name, _)| compare(name, party).is_eq());
        if same.is_none_or(|(_, recorded)| *recorded != *bytes) {
            differing.push(name(party));
        }
    }
    differing.extend(recorded.map(|(name, _)| name.to_owned()));
    differing
}

/// Compares the name of a section of outcomes with that of a party's.
fn compare(name: &str, party: Option<&str>) -> Ordering {
    let own = name.strip_prefix(COUNTS).map(|rest| rest.strip_prefix(':').ok_or(rest));
    match (own, party) {
        (Some(Ok(own)), Some(party)) => own.cmp(party),
        (Some(Ok(_)), None) => Ordering::Greater,
        (Some(Err("")), None) => Ordering::Equal,
        (Some(Err(_)), None) => Ordering::Greater,
        (Some(Err(rest)), Some(_)) => rest.cmp(":"),
        (None, _) => Ordering::Less,
    }
}

/// Returns which sections an input gives, by the party in their name; none of `Which::Counts`.
pub(super) fn sections(input: &AuctionInput) -> Vec<(Option<&str>, Which)> {
    let replies = input.replies.iter().enumerate().filter(|(_, reply)| !reply.bids.is_empty());
    let mut sections = Vec::with_capacity(input.replies.len() + 2);
    sections.extend([(None, Which::Counts), (Some("seller"), Which::Seller)]);
    sections.extend(replies.map(|(index, it)| (Some(it.bidder.as_str()), Which::Bidder(index))));
    sections.sort_unstable_by_key(|&(party, _)| party);
    sections
}

/// Returns the name of a section.
pub(super) fn name(party: Option<&str>) -> String {
    party.map_or_else(|| COUNTS.to_owned(), |party| [COUNTS, ":", party].concat())
}

/// Writes one section.
///
/// # Panics
///
/// When the outcome is not one of this input.
pub(super) fn write(json: &mut Json<'_>, input: &AuctionInput, outcome: &Outcome, which: Which) {
    assert!(outcome.fates.len() == input.replies.len(), "each reply has its fates");
    json.section(|json| match which {
        Which::Counts => counts(json, input, outcome),
        Which::Seller => sales(json, input, outcome),
        Which::Bidder(index) => bidder_fates(json, input, outcome, index),
    });
}

fn counts(json: &mut Json<'_>, input: &AuctionInput, outcome: &Outcome) {
    json.key(key!("asked")).count(input.chosen.asked.len());
    json.key(key!("bids")).count(input.replies.iter().map(|reply| reply.bids.len()).sum());
    json.key(key!("house")).number(outcome.seconds.house.0);
    json.key(key!("sold")).number(outcome.seconds.sold.0);
    json.key(key!("total")).number(outcome.seconds.total.0);
    json.key(key!("unfilled")).number(outcome.seconds.unfilled.0);
}

fn bidder_fates(json: &mut Json<'_>, input: &AuctionInput, outcome: &Outcome, index: usize) {
    let (reply, fates) = (&input.replies[index], &outcome.fates[index]);
    assert!(reply.bids.len() == fates.len(), "each bid has exactly one fate");
    let bids = reply.bids.iter().zip(fates).enumerate();
    json.key(key!("bids")).list(bids, |json, (number, (bid, fate))| {
        let unmapped = outcome.unmapped.contains(&BidRef { reply: index, bid: number });
        json.object(|json| bid_fate(json, outcome, bid, *fate, unmapped));
    });
    // The auction's.
    json.key(key!("currency")).text(input.plan.terms.currency.as_str());
}

fn bid_fate(json: &mut Json<'_>, outcome: &Outcome, bid: &Bid, fate: Fate, unmapped: bool) {
    let (name, win) = match fate {
        Fate::Won(index) => ("won", Some((index + 1, &outcome.wins[index]))),
        Fate::Lost(reason) => (reason.name(), None),
    };
    json.key(key!("fate")).text(name);
    json.key(key!("id")).text(bid.id.as_str());
    json.key(key!("imp")).text(bid.imp.as_str());
    json.set(key!("unmapped"), unmapped);
    json.maybe(key!("win"), win, |json, win| json.object(|json| own_win(json, win)));
}

/// Writes a win as its bidder sees it, with the number of its markup.
fn own_win(json: &mut Json<'_>, (number, win): (usize, &Win)) {
    json.key(key!("clearing")).micros(win.clearing);
    // Negotiated in a deal.
    json.maybe(key!("discount"), win.discount, |json, discount| {
        json.object(|json| {
            json.key(key!("off")).micros(discount.off);
            json.key(key!("ppm")).number(discount.ppm);
        });
    });
    json.key(key!("length")).decimal(win.length.0);
    json.key(key!("markup")).count(number);
    json.maybe(key!("min_to_win"), win.min_to_win, Json::micros);
    json.key(key!("part")).count(win.part);
    json.key(key!("pay")).micros(win.pay);
    json.key(key!("seconds")).number(win.seconds.0);
    json.key(key!("sequence")).number(win.sequence);
    json.key(key!("start")).decimal(win.start.0);
    json.maybe(key!("tie"), win.tie, |json, tie| json.text(tie.name()));
}

fn sales(json: &mut Json<'_>, input: &AuctionInput, outcome: &Outcome) {
    json.some(key!("house"), &outcome.house, |json, play| {
        json.object(|json| house(json, input, play));
    });
    json.maybe(key!("no_fill"), outcome.no_fill, |json, reason| json.text(reason.name()));
    json.key(key!("search")).text(match outcome.search {
        Search::Exact => "exact",
        Search::Bounded => "bounded",
    });
    json.some(key!("unfilled"), &outcome.unfilled, |json, entry| {
        json.object(|json| unfilled(json, input, entry));
    });
    json.some(key!("wins"), &outcome.wins, |json, win| json.object(|json| sale(json, input, win)));
}

/// Writes a house ad, with the reason why its seconds were not sold.
fn house(json: &mut Json<'_>, input: &AuctionInput, play: &HousePlay) {
    let ad = &input.plan.parts[play.part].house[play.ad];
    json.key(key!("id")).text(&ad.id);
    json.key(key!("length")).decimal(ad.length.0);
    json.key(key!("part")).count(play.part);
    json.key(key!("seconds")).number(ad.seconds.0);
    json.key(key!("sequence")).number(play.sequence);
    json.key(key!("since")).text(play.since.name());
    json.key(key!("start")).decimal(play.start.0);
}

/// Writes seconds that nobody bought, with the best bid that was refused there.
fn unfilled(json: &mut Json<'_>, input: &AuctionInput, entry: &Unfilled) {
    let best = entry.best.map(|at| (&input.replies[at.reply], at.bid));
    json.maybe(key!("bid"), best, |json, (reply, bid)| json.text(reply.bids[bid].id.as_str()));
    json.maybe(key!("bidder"), best, |json, (reply, _)| json.text(reply.bidder.as_str()));
    json.key(key!("pod")).count(entry.pod);
    json.key(key!("reason")).text(entry.reason.name());
    json.key(key!("seconds")).number(entry.seconds.0);
}

fn sale(json: &mut Json<'_>, input: &AuctionInput, win: &Win) {
    let reply = &input.replies[win.bid.reply];
    let schedule = input.plan.terms.fees.fees();
    assert!(schedule.len() == win.split.fees.len(), "a split has an amount for each fee");
    json.key(key!("bid")).text(reply.bids[win.bid.bid].id.as_str());
    json.key(key!("bidder")).text(reply.bidder.as_str());
    json.key(key!("clearing")).micros(win.clearing);
    if !schedule.is_empty() {
        // Name and amount of each.
        let fees = schedule.iter().zip(&win.split.fees);
        json.key(key!("fees")).list(fees, |json, (fee, amount)| {
            json.pair(|json| {
                json.text(&fee.name);
                json.micros(*amount);
            });
        });
    }
    json.key(key!("length")).decimal(win.length.0);
    json.key(key!("net")).micros(win.split.net);
    json.key(key!("part")).count(win.part);
    json.key(key!("seconds")).number(win.seconds.0);
    json.key(key!("sequence")).number(win.sequence);
    json.key(key!("start")).decimal(win.start.0);
}

/// The section of counts, and the start of the other names.
const COUNTS: &str = "outcome";
