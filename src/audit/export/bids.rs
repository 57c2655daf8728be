//! A row a bid: price, fate, and what it would have needed. The columns are bidders' to join with
//! their own logs: by auction, imp and bid.

use serde::Serialize;

use crate::audit::export::auctions::money;
use crate::audit::export::{Case, cell};
use crate::model::bid::{Bid, Reply};
use crate::model::money::Cpm;
use crate::model::outcome::Fate;

/// A row. Money is decimal text of nine places, per thousand impressions.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The auction's id: `BidRequest.id`.
    pub auction_id: String,
    /// Who bid.
    pub bidder: String,
    /// The bidder's name for it.
    pub bid_id: String,
    /// The imp it names.
    pub imp_id: String,
    /// What it bid, in its own currency; none when there was no price.
    pub price_cpm: Option<String>,
    /// Its currency.
    pub currency: String,
    /// The same price in the auction's currency; none without a rate.
    pub price_norm: Option<String>,
    /// `won`, or the name of a loss reason.
    pub status: &'static str,
    /// `${AUCTION_LOSS}`: 0 of a winner.
    pub reason_code: u16,
    /// The least bid that would have tied, in its currency, where price was what counted.
    pub min_to_win: Option<String>,
    /// Microseconds from the call until the bidder's answer was complete.
    pub arrival_us: Option<u64>,
    /// Microseconds the bidder was given.
    pub deadline_us: Option<u64>,
}

/// The header of the rows as CSV.
pub const HEADER: &[&str] = &[
    "auction_id",
    "bidder",
    "bid_id",
    "imp_id",
    "price_cpm",
    "currency",
    "price_norm",
    "status",
    "reason_code",
    "min_to_win",
    "arrival_us",
    "deadline_us",
];

/// Lays out the bids of an auction that the party may see, bidder by bidder as they were received.
///
/// A publisher sees none.
#[must_use]
pub fn rows(case: &Case<'_>) -> Vec<Row> {
    let replies = case.input.replies.iter().enumerate();
    let shown: Vec<(usize, &Reply)> =
        replies.filter(|(_, reply)| !reply.bids.is_empty() && case.shows(&reply.bidder)).collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let minimums = case.minimums();
    let bids = shown.into_iter().flat_map(|(at, reply)| {
        let fates = reply.bids.iter().zip(&case.outcome.fates[at]);
        fates.zip(&minimums[at]).map(|((bid, fate), least)| row(case, reply, bid, (fate, *least)))
    });
    bids.collect()
}

impl Row {
    /// Returns the cells of the row in the order of `HEADER`.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let number = |number: Option<u64>| number.map(|it| it.to_string()).unwrap_or_default();
        vec![
            self.auction_id.clone(),
            cell(&self.bidder),
            cell(&self.bid_id),
            cell(&self.imp_id),
            text(&self.price_cpm),
            self.currency.clone(),
            text(&self.price_norm),
            self.status.to_owned(),
            self.reason_code.to_string(),
            text(&self.min_to_win),
            number(self.arrival_us),
            number(self.deadline_us),
        ]
    }
}

fn row(case: &Case<'_>, reply: &Reply, bid: &Bid, (fate, least): (&Fate, Option<Cpm>)) -> Row {
    let price = bid.price.as_ref().map(|price| price.cpm);
    let (status, reason_code) = match fate {
        Fate::Won(_) => ("won", 0),
        Fate::Lost(reason) => (reason.name(), reason.loss_code()),
    };
    let normalised = |price| case.input.plan.terms.normalised(price, bid.currency);
    Row {
        auction_id: case.record.id.to_string(),
        bidder: reply.bidder.to_string(),
        bid_id: bid.id.to_string(),
        imp_id: bid.imp.to_string(),
        price_cpm: price.map(money),
        currency: bid.currency.to_string(),
        price_norm: price.and_then(normalised).map(money),
        status,
        reason_code,
        min_to_win: least.map(money),
        arrival_us: reply.arrived_us,
        deadline_us: reply.deadline_us,
    }
}
