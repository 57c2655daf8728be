//! `imp.pmp`: the deals that one bidder is offered.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::model::deal::{Deal, Pricing};
use crate::model::money::Cpm;
use crate::model::plan::Part;
use crate::wire::bid_request::at;
use crate::wire::bid_request::floor::{self, DurFloor, Told};
use crate::wire::price;

#[derive(Serialize)]
pub(super) struct Pmp<'a> {
    private_auction: u8,
    deals: Vec<DealForm<'a>>,
}

#[derive(Serialize)]
struct DealForm<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bidfloor: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bidfloorcur: Option<&'a str>,
    at: u8,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    wseat: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    wadomain: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    guar: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mincpmpersec: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    durfloors: Vec<DurFloor>,
}

/// Returns `pmp` of a part for a bidder that is told `deals`; none where there is nothing to say.
pub(super) fn pmp<'a>(
    part: &'a Part,
    deals: impl Iterator<Item = &'a Deal>,
    currency: &'a str,
    dynamic: bool,
) -> Option<Pmp<'a>> {
    let deals: Vec<_> = deals.map(|deal| form(part, deal, currency, dynamic)).collect();
    let says = part.private_auction || !deals.is_empty();
    says.then(|| Pmp { private_auction: u8::from(part.private_auction), deals })
}

/// Tells a deal with its floor in one form only; without one of its own, that of the imp holds.
fn form<'a>(part: &'a Part, deal: &'a Deal, currency: &'a str, dynamic: bool) -> DealForm<'a> {
    // What no price leaves after the discount, no price reaches.
    let bid = |floor| deal.before_discount(floor).unwrap_or(Cpm::MAX);
    let told = deal.floor.as_ref().map(|floor| match deal.pricing {
        // What was agreed is what is paid, whatever is bid.
        Pricing::Fixed => floor::told(floor, &part.lengths, dynamic),
        Pricing::First | Pricing::Second => floor::told_as(floor, &part.lengths, dynamic, bid),
    });
    let flat = match &told {
        Some(Told::Flat(floor)) => Some(price::number(*floor)),
        Some(Told::PerSecond { .. } | Told::ByLength { .. }) | None => None,
    };
    DealForm {
        id: deal.id.as_str(),
        bidfloor: flat,
        bidfloorcur: told.is_some().then_some(currency),
        at: at(deal.pricing),
        wseat: &deal.seats,
        wadomain: &deal.advertisers,
        guar: deal.guaranteed.then_some(1),
        mincpmpersec: told.as_ref().and_then(Told::per_second),
        durfloors: told.as_ref().map_or_else(Vec::new, Told::by_length),
    }
}
