//! What a bundle that holds says, section by section: for people and programs.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::audit::check::Checked;
use crate::audit::party::Party;
use crate::audit::times::timestamp;
use crate::model::bid::{Bid, ReplyOutcome};
use crate::model::ids::BidderId;
use crate::model::money::Cpm;
use crate::model::outcome::TieBreak;
use crate::wire::record::disclosed::{OwnFate, OwnFates, Sale};
use crate::wire::record::read::{Body, RecordError};

/// All that a bundle proves. Prices are decimal text, per thousand impressions.
#[derive(Clone, Debug, Serialize)]
pub struct Tale {
    /// Whom the bundle was made for.
    #[serde(rename = "for")]
    pub party: String,
    /// Where the record stands.
    pub log: Place,
    /// The auction's id.
    pub auction: String,
    /// When it was recorded, RFC 3339.
    pub time: String,
    /// The node that sold.
    pub node: String,
    /// Name and version of its program.
    pub build: String,
    /// The version of the auction's rules.
    pub rules: Option<u32>,
    /// Whether it is never billed.
    pub test: bool,
    /// Whether it was decided again, and came out as recorded; auditors only.
    pub decided_again: bool,
    /// What everyone is shown.
    pub counts: Counted,
    /// What was for sale; publishers and auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// What was sold; publishers and auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sold: Option<Sold>,
    /// Bidders that may be seen: one's own, or all for an auditor.
    pub bidders: Vec<Bidder>,
    /// Every section shown, and its bytes.
    pub sections: Vec<(String, usize)>,
}

/// A place in a log.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    /// The name of the log.
    pub origin: String,
    /// The index of the entry.
    pub index: u64,
    /// How many entries the log had signed for.
    pub size: u64,
    /// The root of its tree, base64.
    pub root: String,
}

/// Counts of an auction.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Counted {
    /// Bidders asked.
    pub asked: u64,
    /// Bids received.
    pub bids: u64,
    /// Nominal seconds for sale.
    pub seconds: u32,
    /// Sold to bidders.
    pub sold: u32,
    /// Given to the publisher's own ads.
    pub house: u32,
    /// Neither.
    pub unfilled: u32,
}

/// What was for sale.
#[derive(Clone, Debug, Serialize)]
pub struct Seller {
    /// Who sold.
    pub publisher: String,
    /// What is sold.
    pub placement: String,
    /// The break.
    #[serde(rename = "break")]
    pub ad_break: String,
    /// The stream it interrupts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// What the caller names its request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

/// What was sold.
#[derive(Clone, Debug, Serialize)]
pub struct Sold {
    /// The auction's currency.
    pub currency: String,
    /// The slots, pod by pod in play order.
    pub wins: Vec<Win>,
    /// Seconds unfilled, and why.
    pub unfilled: Vec<(u32, &'static str)>,
}

/// A slot sold.
#[derive(Clone, Debug, Serialize)]
pub struct Win {
    /// Who won it.
    pub bidder: String,
    /// The bidder's name for the bid.
    pub bid: String,
    /// Its place in its pod, from 1.
    pub sequence: u16,
    /// Nominal seconds.
    pub seconds: u32,
    /// The clearing price.
    pub clearing: String,
    /// Name and amount of each fee.
    pub fees: Vec<(String, String)>,
    /// What the publisher earns.
    pub net: String,
}

/// A bidder and its bids.
#[derive(Clone, Debug, Serialize)]
pub struct Bidder {
    /// Who.
    pub bidder: String,
    /// Whether a request was put on the wire.
    pub called: bool,
    /// `bids`, or the name of a call's reason.
    pub outcome: &'static str,
    /// Microseconds it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_us: Option<u64>,
    /// Microseconds it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrived_us: Option<u64>,
    /// Its bids in the order received.
    pub bids: Vec<Told>,
}

/// A bid and its fate.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// The bidder's name for it.
    pub bid: String,
    /// The imp it names.
    pub imp: String,
    /// Its price as received.
    pub price: Option<String>,
    /// In which currency.
    pub currency: String,
    /// `won`, or the name of the reason.
    pub fate: &'static str,
    /// The reason in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// What it won.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub win: Option<OwnWin>,
}

/// A win as its bidder sees it.
#[derive(Clone, Debug, Serialize)]
pub struct OwnWin {
    /// Its place in its pod, from 1.
    pub sequence: u16,
    /// The number of its markup section, from 1.
    pub markup: usize,
    /// Nominal seconds.
    pub seconds: u32,
    /// The clearing price, in the auction's currency.
    pub clearing: String,
    /// The auction's currency.
    pub clearing_currency: String,
    /// What it pays, in its bid's currency.
    pub pay: String,
    /// The least bid that would have tied, in its bid's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_to_win: Option<String>,
    /// `seconds`, `ads` or `keys`: what decided against pods worth as much without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tie: Option<&'static str>,
}

/// Tells what a bundle proves.
///
/// # Errors
///
/// When a section does not say what it must.
pub fn tell(checked: &Checked) -> Result<Tale, RecordError> {
    let record = &checked.record;
    let (head, counts) = (record.head()?, record.counts()?);
    let bidders = record.bidders().map(|id| bidder(checked, &BidderId::new(id)));
    let size = |body: &Body| match body {
        Body::Kept { bytes, .. } => bytes.len(),
        Body::Erased(_) => 0,
    };
    let (seller, sold) = match checked.party {
        Party::Bidder(_) => (None, None),
        Party::Publisher(_) | Party::Auditor => (Some(seller(checked)?), Some(sold(checked)?)),
    };
    Ok(Tale {
        party: checked.party.to_string(),
        log: Place {
            origin: checked.checkpoint.origin.to_string(),
            index: checked.index,
            size: checked.checkpoint.size,
            root: BASE64_STANDARD.encode(checked.checkpoint.root),
        },
        auction: record.id.to_string(),
        time: timestamp(record.at),
        node: head.node.into(),
        build: head.build.into(),
        rules: head.rules,
        test: head.test,
        decided_again: checked.replayed,
        counts: Counted {
            asked: counts.asked,
            bids: counts.bids,
            seconds: counts.total.0,
            sold: counts.sold.0,
            house: counts.house.0,
            unfilled: counts.unfilled.0,
        },
        seller,
        sold,
        bidders: bidders.collect::<Result<_, _>>()?,
        sections: record
            .sections()
            .iter()
            .map(|section| (section.name.to_string(), size(&section.body)))
            .collect(),
    })
}

fn seller(checked: &Checked) -> Result<Seller, RecordError> {
    let asked = checked.record.asked()?;
    Ok(Seller {
        publisher: asked.publisher.to_string(),
        placement: asked.placement.to_string(),
        ad_break: asked.ad_break.to_string(),
        stream: asked.stream.as_deref().map(str::to_owned),
        request: asked.request.as_deref().map(str::to_owned),
    })
}

fn sold(checked: &Checked) -> Result<Sold, RecordError> {
    let sales = checked.record.sales()?;
    let fee = |(name, amount): &(Box<str>, Cpm)| (name.to_string(), amount.price_text());
    let win = |sale: &Sale| Win {
        bidder: sale.bidder.to_string(),
        bid: sale.bid.to_string(),
        sequence: sale.sequence,
        seconds: sale.seconds.0,
        clearing: sale.clearing.price_text(),
        fees: sale.fees.iter().map(fee).collect(),
        net: sale.net.price_text(),
    };
    Ok(Sold {
        currency: checked.record.currency()?.into(),
        wins: sales.wins.iter().map(win).collect(),
        unfilled: sales.unfilled.iter().map(|(it, why)| (it.0, why.name())).collect(),
    })
}

fn bidder(checked: &Checked, id: &BidderId) -> Result<Bidder, RecordError> {
    let reply = checked.record.reply(id)?;
    let fates = checked.record.fates(id)?;
    let currency = fates.as_ref().map_or("", |fates| &fates.currency);
    let told = |(bid, fate): (&Bid, &OwnFate)| told(bid, fate, currency);
    let all = fates.as_ref().map_or(&[][..], |fates: &OwnFates| &fates.bids);
    let fitting = all.len() == reply.bids.len()
        && reply.bids.iter().zip(all).all(|(bid, fate)| *bid.id.as_str() == *fate.bid);
    if !fitting {
        return Err(RecordError::Content(format!("outcome:{id}").into()));
    }
    Ok(Bidder {
        bidder: id.to_string(),
        called: reply.sent,
        outcome: match reply.outcome {
            ReplyOutcome::Bids => "bids",
            ReplyOutcome::Nothing(reason) => reason.name(),
        },
        deadline_us: reply.deadline_us,
        arrived_us: reply.arrived_us,
        bids: reply.bids.iter().zip(all).map(told).collect(),
    })
}

fn told(bid: &Bid, fate: &OwnFate, currency: &str) -> Told {
    let (name, why, win) = match &fate.fate {
        Ok(win) => ("won", None, Some(win)),
        Err(reason) => (reason.name(), Some(reason.sentence()), None),
    };
    Told {
        bid: bid.id.to_string(),
        imp: bid.imp.to_string(),
        price: bid.price.as_ref().map(|price| price.text.to_string()),
        currency: bid.currency.to_string(),
        fate: name,
        why,
        win: win.map(|win| OwnWin {
            sequence: win.sequence,
            markup: win.markup,
            seconds: win.seconds.0,
            clearing: win.clearing.price_text(),
            clearing_currency: currency.to_owned(),
            pay: win.pay.price_text(),
            min_to_win: win.min_to_win.map(Cpm::price_text),
            tie: win.tie.map(TieBreak::name),
        }),
    }
}
