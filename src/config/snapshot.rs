//! The market as canonical JSON, for the kind 8 record: all that was in force, no secrets.
//!
//! Members are listed in ASCII order and money is decimal text, as `wire::record` demands.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::model::market::{Bidder, Dialect, Fit, Lengths, Market, Placement, Publisher};

/// Returns the canonical JSON of a market.
pub(super) fn of(market: &Market) -> Vec<u8> {
    let value = json!({
        "bidders": market.bidders.iter().map(|it| bidder(it)).collect::<Vec<_>>(),
        "currency": market.currency.as_str(),
        "domain": &*market.domain,
        "max_cpm": market.max_cpm.to_string(),
        "node": &*market.node,
        "own_reserve_ms": market.own_reserve.0,
        "placements": market.placements.values().map(|it| placement(it)).collect::<Vec<_>>(),
        "public_url": &*market.public_url,
        "publishers": market.publishers.values().map(|it| publisher(it)).collect::<Vec<_>>(),
    });
    serde_json::to_vec(&value).expect("a value of strings and integers can be written")
}

fn bidder(bidder: &Bidder) -> Value {
    let seats: Vec<&str> = bidder.seats.iter().map(|seat| seat.as_str()).collect();
    json!({
        "allow_loopback": bidder.allow_loopback,
        "domains": texts(&bidder.domains),
        "endpoint": &*bidder.endpoint,
        "gzip": bidder.gzip,
        "id": bidder.id.as_str(),
        "pods": match bidder.dialect {
            Dialect::Dynamic => "dynamic",
            Dialect::Structured => "structured",
        },
        "qps": bidder.qps,
        "seats": seats,
    })
}

fn placement(placement: &Placement) -> Value {
    let durations = match &placement.lengths {
        Lengths::Exact(lengths) => {
            json!({ "exact": lengths.iter().map(|length| length.0).collect::<Vec<_>>() })
        }
        Lengths::Range { min, max } => json!({ "max": max.0, "min": min.0 }),
    };
    json!({
        "blocked_advertisers": texts(&placement.blocked_advertisers),
        "default_break_ms": placement.default_break.0,
        "durations": durations,
        "fit": match placement.fit {
            Fit::Nominal => "nominal",
            Fit::Real => "real",
        },
        "floor": placement.floor.at(placement.lengths.shortest()).to_string(),
        "id": placement.id.as_str(),
        "max_ads": placement.max_ads,
        "mimes": texts(&placement.mimes),
        "price_in_markup": placement.price_in_markup,
        "publisher": placement.publisher.as_str(),
        "tmax_ms": placement.tmax.0,
    })
}

fn publisher(publisher: &Publisher) -> Value {
    let fees = publisher.fees.fees().iter();
    let fees: Vec<_> = fees.map(|fee| json!({ "name": &*fee.name, "ppm": fee.ppm })).collect();
    json!({
        "blocked_advertisers": texts(&publisher.blocked_advertisers),
        "domain": &*publisher.domain,
        "fees": fees,
        "gdpr_default": publisher.gdpr_default,
        "id": publisher.id.as_str(),
        "keys": publisher.key_hashes.len(),
        "network_reserve_ms": publisher.network_reserve.0,
    })
}

fn texts(texts: &[Arc<str>]) -> Vec<&str> {
    texts.iter().map(|text| &**text).collect()
}
