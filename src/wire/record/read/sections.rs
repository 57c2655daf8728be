//! Which sections a record must have, and whether the markup of winners is what their bids say.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::model::bid::{Bid, MarkupFacts};
use crate::model::plan::AuctionInput;
use crate::wire::record::bidder::reads_media;
use crate::wire::record::outcome::read::Sale;
use crate::wire::record::read::view::View;
use crate::wire::record::{BIDDER, Kind, MARKUP, OUTCOME, OUTCOME_OF, ops};
use crate::wire::vast;

/// What is wrong with a section: its name, and why.
pub type Fault = (String, &'static str);

/// A name that a record must have, in two halves.
struct Wanted<'a>(&'static str, Cow<'a, str>);

/// Says which sections a record of no auction lacks and which it must not have.
#[must_use]
pub fn faults(record: &View<'_>) -> Vec<Fault> {
    let body = match record.kind {
        Kind::Auction => return Vec::new(),
        // A section for each bidder that it tells of.
        Kind::Notices => {
            let other = |name: &&str| *name != "head" && !name.starts_with(BIDDER);
            return record.names().filter(other).map(|name| (name.to_owned(), EXTRA)).collect();
        }
        Kind::Config => "config",
        Kind::Rates => "rates",
        Kind::Admin => "admin",
        Kind::Lifecycle => "lifecycle",
    };
    let mut wanted = [Wanted::whole("head"), Wanted::whole(body)];
    wanted.sort_unstable_by(|a, b| a.0.cmp(b.0));
    differing(record, wanted)
}

/// Says the same of the record of an auction with so many wins, which counts so many bidders asked,
/// as far as that can be read.
#[must_use]
pub fn auction_faults(record: &View<'_>, wins: usize, asked: Option<u64>) -> Vec<Fault> {
    let ops = record.section("ops").and_then(ops::read);
    let Some((ops, chosen)) = ops.and_then(|ops| ops.chosen().map(|chosen| (ops, chosen))) else {
        return vec![("ops".to_owned(), "it holds what it must not, or is missing")];
    };
    let mut ids = ops.replies(&chosen);
    ids.sort_unstable();
    let mut faults = differing(record, auction(record, &ids, wins));
    let chosen = u64::try_from(chosen.asked.len()).unwrap_or(u64::MAX);
    if asked.is_some_and(|asked| asked != chosen) {
        faults.push((OUTCOME.to_owned(), "it counts other bidders asked than `ops` names"));
    }
    faults
}

/// Says the same of the record of an auction whose input and wins are known: its own.
#[must_use]
pub fn decided_faults(record: &View<'_>, input: &AuctionInput, wins: usize) -> Vec<Fault> {
    let mut ids: Vec<&str> = input.replies.iter().map(|reply| reply.bidder.as_str()).collect();
    ids.sort_unstable();
    differing(record, auction(record, &ids, wins))
}

/// Returns the names that the record of an auction has, in order; `ids` are its bidders'.
fn auction<'a>(record: &View<'_>, ids: &[&'a str], wins: usize) -> Vec<Wanted<'a>> {
    let mut names = Vec::with_capacity(2 * ids.len() + wins + 6);
    names.extend(ids.iter().map(|id| Wanted(BIDDER, Cow::Borrowed(*id))));
    names.push(Wanted::whole("head"));
    let mut markup: Vec<String> = (1..=wins).map(|number| number.to_string()).collect();
    markup.sort_unstable();
    names.extend(markup.into_iter().map(|number| Wanted(MARKUP, Cow::Owned(number))));
    names.extend(["ops", OUTCOME].map(Wanted::whole));
    let from = names.len();
    let mut bidders = record.of_kind(BIDDER).peekable();
    for &id in ids {
        while bidders.next_if(|(other, _)| *other < id).is_some() {}
        if bidders.next_if(|(other, bytes)| *other == id && has_bids(bytes)).is_some() {
            names.push(Wanted(OUTCOME_OF, Cow::Borrowed(id)));
        }
    }
    let place = from + names[from..].partition_point(|name| &*name.1 < SELLER);
    names.insert(place, Wanted(OUTCOME_OF, Cow::Borrowed(SELLER)));
    names.extend([SELLER, "user"].map(Wanted::whole));
    names
}

/// Compares the names of a record with those it must have, in order.
fn differing<'a>(record: &View<'_>, wanted: impl IntoIterator<Item = Wanted<'a>>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut names = record.names().peekable();
    for wanted in wanted {
        let is_there = loop {
            match names.peek().map(|name| wanted.compare(name)) {
                Some(Ordering::Greater) => {
                    faults.extend(names.next().map(|name| (name.to_owned(), EXTRA)));
                }
                Some(Ordering::Equal) => break names.next().is_some(),
                Some(Ordering::Less) | None => break false,
            }
        };
        if !is_there {
            let name = [wanted.0, &wanted.1].concat();
            faults.push((name, "a record of its kind has it, and it is missing"));
        }
    }
    faults.extend(names.map(|name| (name.to_owned(), EXTRA)));
    faults
}

impl Wanted<'_> {
    fn whole(name: &'static str) -> Self {
        Self(name, Cow::Borrowed(""))
    }

    /// Compares it with a name that there is.
    fn compare(&self, name: &str) -> Ordering {
        if name.strip_prefix(self.0) == Some(&self.1) {
            return Ordering::Equal;
        }
        self.0.bytes().chain(self.1.bytes()).cmp(name.bytes())
    }
}

/// Says which markup of winners is not what was judged: the facts that the bid holds. `input` is the
/// record's own, and `sales` are its wins.
#[must_use]
pub fn markup(record: &View<'_>, input: &AuctionInput, sales: &[Sale<'_>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, sale) in (1..).zip(sales) {
        let name = format!("{MARKUP}{number}");
        let reply = input.replies.iter().find(|reply| reply.bidder.as_str() == sale.bidder);
        // Of what is missing it was told.
        let (Some(bytes), Some(reply)) = (record.section(&name), reply) else { continue };
        let mut bids = reply.bids.iter().filter(|bid| bid.id.as_str() == sale.bid);
        let Ok(shown) = std::str::from_utf8(bytes).map(vast::read::facts) else {
            faults.push((name, "it is no text"));
            continue;
        };
        let media = reads_media(&input.plan);
        // A bidder may give two bids one id.
        if !bids.any(|bid| is_of(bid, &shown, media)) {
            faults.push((name, "it is not the ad that the winning bid says it is"));
        }
    }
    faults
}

/// Says whether markup that reads so is that of a bid: only what does not depend on how well a
/// build reads markup is compared. `media` says whether bids tell of their media files.
#[must_use]
pub fn is_of(bid: &Bid, shown: &MarkupFacts, media: bool) -> bool {
    let of = |facts: &MarkupFacts| (facts.ads, facts.linear, facts.duration, facts.version);
    bid.markup.as_ref().is_some_and(|held| {
        let untold = !media && held.media.is_empty();
        let files = untold || held.media == shown.media;
        of(held) == of(shown) && held.universal_ids == shown.universal_ids && files
    })
}

/// Says whether a bidder's section, which is canonical JSON, has bids.
fn has_bids(section: &[u8]) -> bool {
    let Some(rest) = section.strip_prefix(b"{") else { return false };
    let rest = match rest.strip_prefix(b"\"arrived_us\":\"") {
        Some(rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            rest[digits..].strip_prefix(b"\",").unwrap_or_default()
        }
        None => rest,
    };
    rest.starts_with(b"\"bids\":[")
}

const EXTRA: &str = "a record of its kind has no such section";
const SELLER: &str = "seller";

#[cfg(test)]
mod tests;
