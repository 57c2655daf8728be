//! A row an auction: what was for sale, what was sold, and to whom.

use std::sync::Arc;

use serde::Serialize;

use crate::audit::export::{Case, cell};
use crate::audit::party::Party;
use crate::audit::times::timestamp;
use crate::model::ids::{CreativeId, DealId, SeatId};
use crate::model::money::Cpm;
use crate::model::outcome::Win;
use crate::wire::record::read::RecordError;

/// A row. What is the seller's is none in rows of a bidder.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The auction's id.
    pub auction: String,
    /// When it was recorded, RFC 3339.
    pub time: String,
    /// Its index in the auction stream.
    pub index: u64,
    /// Whether it is never billed.
    pub test: bool,
    /// Who sold; this and the next three are not a bidder's to see.
    pub publisher: Option<Arc<str>>,
    /// What the caller names its request, if it does.
    pub request_id: Option<Arc<str>>,
    /// The break.
    #[serde(rename = "break")]
    pub ad_break: Option<Arc<str>>,
    /// What was for sale.
    pub placement: Option<Arc<str>>,
    /// The auction's currency.
    pub currency: String,
    /// Nominal seconds for sale.
    pub seconds: u32,
    /// Sold to bidders.
    pub sold: u32,
    /// Given to the publisher's own ads.
    pub house: u32,
    /// Neither.
    pub unfilled: u32,
    /// The slots sold, pod by pod in play order; of a bidder, its own.
    pub winners: Vec<Winner>,
}

/// A slot sold. Money is decimal text of nine places, per thousand impressions.
#[derive(Clone, Debug, Serialize)]
pub struct Winner {
    /// Who won it.
    pub bidder: String,
    /// The bidder's name for the bid.
    pub bid: String,
    /// Its place in its pod, from 1.
    pub sequence: u16,
    /// From the start of what is sold of the pod to the ad's start.
    pub start_ms: u64,
    /// The creative's own length.
    pub length_ms: u64,
    /// Nominal seconds it is sold as.
    pub seconds: u32,
    /// The clearing price, in the auction's currency.
    pub clearing: String,
    /// What the publisher earns; not a bidder's to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net: Option<String>,
    /// Name and amount of each fee; not a bidder's to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fees: Option<Vec<(Arc<str>, String)>>,
    /// What only bidder and auditor see.
    #[serde(flatten)]
    pub own: Option<Own>,
}

/// What of a win is its bidder's.
#[derive(Clone, Debug, Serialize)]
pub struct Own {
    /// The seat that bid.
    pub seat: Option<String>,
    /// Its deal.
    pub deal: Option<String>,
    /// Its creative.
    pub creative: Option<String>,
    /// What it bid.
    pub price: Option<String>,
    /// In which currency it bids and pays.
    pub price_currency: String,
    /// What it pays.
    pub pay: String,
    /// The least bid that would have tied.
    pub min_to_win: Option<String>,
}

/// The header of the rows as CSV; `winners` is JSON there.
pub const HEADER: &[&str] = &[
    "auction",
    "time",
    "index",
    "test",
    "publisher",
    "request_id",
    "break",
    "placement",
    "currency",
    "seconds",
    "sold",
    "house",
    "unfilled",
    "winners",
];

/// Lays an auction out.
///
/// # Errors
///
/// When a section is not as it should be.
pub fn row(case: &Case<'_>) -> Result<Row, RecordError> {
    let head = case.record.head()?;
    let asked = match case.party {
        Party::Bidder(_) => None,
        Party::Publisher(_) | Party::Auditor => Some(case.record.asked()?),
    };
    let seconds = case.outcome.seconds;
    let wins = case.outcome.wins.iter().filter(|win| match case.party {
        Party::Bidder(_) => case.shows(&case.input.replies[win.bid.reply].bidder),
        Party::Publisher(_) | Party::Auditor => true,
    });
    Ok(Row {
        auction: case.record.id.to_string(),
        time: timestamp(case.record.at),
        index: case.index,
        test: head.test,
        currency: case.input.plan.terms.currency.to_string(),
        seconds: seconds.total.0,
        sold: seconds.sold.0,
        house: seconds.house.0,
        unfilled: seconds.unfilled.0,
        winners: wins.map(|win| winner(case, win)).collect(),
        publisher: asked.as_ref().map(|asked| Arc::clone(&asked.publisher)),
        request_id: asked.as_ref().and_then(|asked| asked.request.clone()),
        ad_break: asked.as_ref().map(|asked| Arc::clone(&asked.ad_break)),
        placement: asked.map(|asked| asked.placement),
    })
}

impl Row {
    /// Returns the cells of the row in the order of `HEADER`.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let text = |text: &Option<Arc<str>>| cell(text.as_deref().unwrap_or_default());
        let winners = serde_json::to_string(&self.winners);
        vec![
            self.auction.clone(),
            self.time.clone(),
            self.index.to_string(),
            self.test.to_string(),
            text(&self.publisher),
            text(&self.request_id),
            text(&self.ad_break),
            text(&self.placement),
            self.currency.clone(),
            self.seconds.to_string(),
            self.sold.to_string(),
            self.house.to_string(),
            self.unfilled.to_string(),
            winners.expect("winners have text keys and are written to memory"),
        ]
    }
}

fn winner(case: &Case<'_>, win: &Win) -> Winner {
    let reply = &case.input.replies[win.bid.reply];
    let bid = &reply.bids[win.bid.bid];
    let seller = !matches!(case.party, Party::Bidder(_));
    let schedule = case.input.plan.terms.fees.fees().iter();
    let fees = schedule.zip(&win.split.fees).map(|(fee, it)| (Arc::clone(&fee.name), money(*it)));
    let own = || Own {
        seat: bid.seat.as_ref().map(SeatId::to_string),
        deal: bid.deal.as_ref().map(DealId::to_string),
        creative: bid.creative_id.as_ref().map(CreativeId::to_string),
        price: bid.price.as_ref().map(|price| money(price.cpm)),
        price_currency: bid.currency.to_string(),
        pay: money(win.pay),
        min_to_win: win.min_to_win.map(money),
    };
    Winner {
        bidder: reply.bidder.to_string(),
        bid: bid.id.to_string(),
        sequence: win.sequence,
        start_ms: win.start.0,
        length_ms: win.length.0,
        seconds: win.seconds.0,
        clearing: money(win.clearing),
        net: seller.then(|| money(win.split.net)),
        fees: seller.then(|| fees.collect()),
        own: case.shows(&reply.bidder).then(own),
    }
}

/// Returns a price as exports write it: with nine places.
pub(super) fn money(price: Cpm) -> String {
    let micros = price.micros();
    format!("{}.{:06}000", micros / 1_000_000, micros % 1_000_000)
}
