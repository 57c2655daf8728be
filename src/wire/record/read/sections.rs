//! Which sections a record must have, and whether the markup of winners is what their bids say.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::bid::MarkupFacts;
use crate::model::ids::BidderId;
use crate::wire::record::read::view::View;
use crate::wire::record::texts::Texts;
use crate::wire::record::{BIDDER, Kind, MARKUP, OUTCOME_OF, bidder, ops};
use crate::wire::vast;

/// What is wrong with a section: its name, and why.
pub type Fault = (String, &'static str);

/// Section `outcome:seller`, as far as it is read here.
#[derive(Deserialize)]
struct Sales<T> {
    #[serde(default = "Vec::new")]
    wins: Vec<T>,
}

/// Whose a sale is.
#[derive(Deserialize)]
struct Sold {
    bid: String,
    bidder: String,
}

/// Says which sections a record lacks and which it must not have.
#[must_use]
pub fn faults(record: &View<'_>) -> Vec<Fault> {
    let expected = match record.kind {
        Kind::Auction => match auction(record) {
            Ok(expected) => expected,
            Err(fault) => return vec![fault],
        },
        // A section for each bidder that it tells of.
        Kind::Notices => {
            let other = |name: &&str| *name != "head" && !name.starts_with(BIDDER);
            return record.names().filter(other).map(|name| (name.to_owned(), EXTRA)).collect();
        }
        Kind::Config => with("config"),
        Kind::Rates => with("rates"),
        Kind::Admin => with("admin"),
        Kind::Lifecycle => with("lifecycle"),
    };
    let mut faults = Vec::new();
    let mut names = record.names().peekable();
    for wanted in expected {
        while let Some(name) = names.next_if(|name| *name < &*wanted) {
            faults.push((name.to_owned(), EXTRA));
        }
        if names.next_if(|name| *name == wanted).is_none() {
            faults.push((wanted, "a record of its kind has it, and it is missing"));
        }
    }
    faults.extend(names.map(|name| (name.to_owned(), EXTRA)));
    faults
}

/// Says which markup of winners is not what was judged: the facts that the bid holds.
#[must_use]
pub fn markup(record: &View<'_>, texts: &mut Texts) -> Vec<Fault> {
    let Some(sales) = read::<Sold>(record) else { return Vec::new() };
    let mut faults = Vec::new();
    for (number, sale) in (1..).zip(sales.wins) {
        let name = format!("{MARKUP}{number}");
        // Of what is missing it was told.
        let section = [BIDDER, &sale.bidder].concat();
        let (Some(bytes), Some(bidder)) = (record.section(&name), record.section(&section)) else {
            continue;
        };
        let id = BidderId::new(texts.shared(&sale.bidder));
        let Some((reply, _)) = bidder::read(bidder, &id, None, texts) else { continue };
        let mut bids = reply.bids.iter().filter(|bid| bid.id.as_str() == sale.bid);
        let shown = std::str::from_utf8(bytes).map(vast::read::facts);
        let fits = |held: &MarkupFacts| shown.as_ref().is_ok_and(|shown| same(held, shown));
        // A bidder may give two bids one id.
        if !bids.any(|bid| bid.markup.as_ref().is_some_and(fits)) {
            faults.push((name, "it is not the ad that the winning bid says it is"));
        }
    }
    faults
}

/// Compares what does not depend on how well a build reads markup.
fn same(held: &MarkupFacts, shown: &MarkupFacts) -> bool {
    let of = |facts: &MarkupFacts| (facts.ads, facts.linear, facts.duration, facts.version);
    of(held) == of(shown) && held.universal_ids == shown.universal_ids
}

/// Returns the names that the record of an auction has.
fn auction(record: &View<'_>) -> Result<Vec<String>, Fault> {
    let unread = |name: &str| (name.to_owned(), "it holds what it must not, or is missing");
    let ops = record.section("ops").and_then(ops::read).ok_or_else(|| unread("ops"))?;
    let chosen = ops.chosen().ok_or_else(|| unread("ops"))?;
    let wins = read::<IgnoredAny>(record).ok_or_else(|| unread("outcome:seller"))?.wins.len();
    let mut names: Vec<String> =
        ["head", "ops", "outcome", "outcome:seller", "seller", "user"].map(str::to_owned).into();
    for id in ops.replies(&chosen) {
        let name = [BIDDER, id].concat();
        if record.section(&name).is_some_and(has_bids) {
            names.push([OUTCOME_OF, id].concat());
        }
        names.push(name);
    }
    names.extend((1..=wins).map(|number| format!("{MARKUP}{number}")));
    names.sort_unstable();
    Ok(names)
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

fn read<'a, T: Deserialize<'a>>(record: &'a View<'_>) -> Option<Sales<T>> {
    serde_json::from_slice(record.section("outcome:seller")?).ok()
}

fn with(body: &str) -> Vec<String> {
    let mut names = vec!["head".to_owned(), body.to_owned()];
    names.sort_unstable();
    names
}

const EXTRA: &str = "a record of its kind has no such section";

#[cfg(test)]
mod tests;
