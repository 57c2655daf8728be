//! The explanation of a sale: every bidder and why it was silent, every bid and why it lost.

use serde::Serialize;

use crate::model::bid::{Bid, Reply, ReplyOutcome};
use crate::model::money::Cpm;
use crate::model::outcome::{Fate, Outcome, Search, Win};
use crate::model::plan::AuctionInput;
use crate::wire::json::{self, Unfilled};
use crate::wire::sold::Sold;

/// A sale, explained.
#[derive(Debug, Serialize)]
pub(super) struct Trace<'a> {
    auction: String,
    #[serde(rename = "break")]
    break_id: &'a str,
    placement: &'a str,
    floor: String,
    currency: &'a str,
    search: &'static str,
    no_fill: Option<&'static str>,
    unfilled: Vec<Unfilled>,
    bidders: Vec<Bidder<'a>>,
}

#[derive(Debug, Serialize)]
struct Bidder<'a> {
    bidder: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    called: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arrived_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbr: Option<i32>,
    bids: Vec<Offer<'a>>,
}

#[derive(Debug, Serialize)]
struct Offer<'a> {
    bid: &'a str,
    seat: Option<&'a str>,
    imp: &'a str,
    price: Option<&'a str>,
    currency: String,
    deal: Option<&'a str>,
    advertiser: Vec<&'a str>,
    creative: Option<&'a str>,
    seconds: Option<u32>,
    #[serde(flatten)]
    fate: Told,
}

/// What became of a bid.
#[derive(Debug, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
enum Told {
    Won { sequence: u16, clearing: String, net: String },
    Lost { reason: &'static str, loss: u16, why: &'static str, remedy: &'static str },
}

/// Returns the explanation of a sale.
pub(super) fn of<'a>(sold: &'a Sold, input: &'a AuctionInput, outcome: &Outcome) -> Trace<'a> {
    let replies = input.replies.iter().enumerate();
    Trace {
        auction: input.draw.auction.to_string(),
        break_id: sold.break_id.as_str(),
        placement: sold.placement.as_str(),
        floor: floor(input).price_text(),
        currency: sold.currency.as_str(),
        search: match outcome.search {
            Search::Exact => "exact",
            Search::Bounded => "bounded",
        },
        no_fill: sold.no_fill.map(|reason| reason.name()),
        unfilled: json::unfilled(sold),
        bidders: replies
            .map(|(index, reply)| {
                let fates = outcome.fates.get(index).map_or(&[][..], Vec::as_slice);
                bidder(reply, fates, &outcome.wins)
            })
            .collect(),
    }
}

/// Returns the least floor of any ad of the first part.
fn floor(input: &AuctionInput) -> Cpm {
    let part = &input.plan.parts[0];
    part.floor.at(part.lengths.shortest())
}

fn bidder<'a>(reply: &'a Reply, fates: &[Fate], wins: &[Win]) -> Bidder<'a> {
    let (outcome, why) = match reply.outcome {
        ReplyOutcome::Bids => ("bids", None),
        ReplyOutcome::Nothing(reason) => (reason.name(), Some(reason.sentence())),
    };
    Bidder {
        bidder: reply.bidder.as_str(),
        outcome,
        why,
        called: reply.sent,
        status: reply.status,
        deadline_us: reply.deadline_us,
        arrived_us: reply.arrived_us,
        nbr: reply.no_bid_reason,
        bids: reply
            .bids
            .iter()
            .zip(fates)
            .filter_map(|(bid, fate)| offer(bid, *fate, wins))
            .collect(),
    }
}

fn offer<'a>(bid: &'a Bid, fate: Fate, wins: &[Win]) -> Option<Offer<'a>> {
    let fate = match fate {
        Fate::Won(index) => {
            let win = wins.get(index)?;
            let (clearing, net) = (win.clearing.price_text(), win.split.net.price_text());
            Told::Won { sequence: win.sequence, clearing, net }
        }
        Fate::Lost(reason) => Told::Lost {
            reason: reason.name(),
            loss: reason.loss_code(),
            why: reason.sentence(),
            remedy: reason.remedy(),
        },
    };
    Some(Offer {
        bid: bid.id.as_str(),
        seat: bid.seat.as_ref().map(|seat| seat.as_str()),
        imp: bid.imp.as_str(),
        price: bid.price.as_ref().map(|price| &*price.text),
        currency: bid.currency.to_string(),
        deal: bid.deal.as_ref().map(|deal| deal.as_str()),
        advertiser: bid.advertisers.iter().map(|owner| &*owner.domain).collect(),
        creative: bid.creative_id.as_ref().map(|creative| creative.as_str()),
        seconds: bid.seconds.map(|seconds| seconds.0),
        fate,
    })
}
