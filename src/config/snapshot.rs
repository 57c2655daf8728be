//! The market as canonical JSON, for the kind 8 record: all that was in force, no secrets.
//!
//! Members are listed in ASCII order and money is decimal text, as `wire::record` demands. Floors
//! stand as they hold, in the market's currency.

use std::num::NonZeroU32;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::model::category::{Category, Separation};
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::{Floor, FloorStep};
use crate::model::house::{HouseAd, HouseMedia};
use crate::model::ids::PlacementId;
use crate::model::market::{Bidder, Dialect, Fit, Lengths, Market, Placement, Publisher};
use crate::model::rates::RateSnapshot;

/// Returns the canonical JSON of a market and of the deals on its placements.
pub(super) fn of(market: &Market, deals: &[(Arc<Deal>, Vec<PlacementId>)]) -> Vec<u8> {
    let value = json!({
        "bidders": market.bidders.iter().map(|it| bidder(it)).collect::<Vec<_>>(),
        "currency": market.currency.as_str(),
        "deals": deals.iter().map(|(it, on)| deal(it, on)).collect::<Vec<_>>(),
        "domain": &*market.domain,
        "max_cpm": market.max_cpm.to_string(),
        "node": &*market.node,
        "own_reserve_ms": market.own_reserve.0,
        "placements": market.placements.values().map(|it| placement(it)).collect::<Vec<_>>(),
        "pricing": pricing(market.pricing),
        "public_url": &*market.public_url,
        "publishers": market.publishers.values().map(|it| publisher(it)).collect::<Vec<_>>(),
        "rates": market.rates.iter().map(rate).collect::<Vec<_>>(),
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
        "http2": bidder.http2,
        "id": bidder.id.as_str(),
        "in_flight": bidder.in_flight,
        "pods": match bidder.dialect {
            Dialect::Dynamic => "dynamic",
            Dialect::Structured => "structured",
        },
        "qps": bidder.qps,
        "seats": seats,
    })
}

fn deal(deal: &Deal, on: &[PlacementId]) -> Value {
    json!({
        "advertisers": texts(&deal.advertisers),
        "bidders": deal.bidders.iter().map(|bidder| bidder.as_str()).collect::<Vec<_>>(),
        "discount_ppm": deal.discount_ppm,
        "floor": deal.floor.as_ref().map(floor),
        "guaranteed": deal.guaranteed,
        "id": deal.id.as_str(),
        "placements": on.iter().map(PlacementId::as_str).collect::<Vec<_>>(),
        "pricing": pricing(deal.pricing),
        "seats": texts(&deal.seats),
    })
}

fn placement(placement: &Placement) -> Value {
    let durations = match &placement.lengths {
        Lengths::Exact(lengths) => {
            json!({ "exact": lengths.iter().map(|length| length.0).collect::<Vec<_>>() })
        }
        Lengths::Range { min, max } => json!({ "max": max.0, "min": min.0 }),
    };
    let mut value = json!({
        "blocked_advertisers": texts(&placement.blocked_advertisers),
        "blocked_categories": categories(&placement.blocked_categories),
        "deals_first": placement.deals_first,
        "default_break_ms": placement.default_break.0,
        "durations": durations,
        "exclusive": categories(&placement.separation.exclusive),
        "fit": match placement.fit {
            Fit::Nominal => "nominal",
            Fit::Real => "real",
        },
        "floor": floor(&placement.floor),
        "id": placement.id.as_str(),
        "max_ads": placement.max_ads,
        "mimes": texts(&placement.mimes),
        "price_in_markup": placement.price_in_markup,
        "private_auction": placement.private_auction,
        "publisher": placement.publisher.as_str(),
        "separation": rules(&placement.separation),
        "tmax_ms": placement.tmax.0,
        "unmapped_category": if placement.unmapped_refused { "refuse" } else { "pass" },
        "unwrap": placement.unwrap,
    });
    if !placement.house.is_empty() {
        value["house"] = placement.house.iter().map(|it| house(it)).collect();
    }
    value
}

fn house(ad: &HouseAd) -> Value {
    json!({
        "click": ad.click.as_deref(),
        "duration": ad.seconds.0,
        "id": &*ad.id,
        "impression": texts(&ad.impressions),
        "length_ms": ad.length.0,
        "media": ad.media.iter().map(file).collect::<Vec<_>>(),
    })
}

fn file(file: &HouseMedia) -> Value {
    json!({
        "bitrate": file.bitrate,
        "height": file.height,
        "type": &*file.mime,
        "url": &*file.url,
        "width": file.width,
    })
}

fn publisher(publisher: &Publisher) -> Value {
    let fees = publisher.fees.fees().iter();
    let fees: Vec<_> = fees.map(|fee| json!({ "name": &*fee.name, "ppm": fee.ppm })).collect();
    let mut value = json!({
        "blocked_advertisers": texts(&publisher.blocked_advertisers),
        "blocked_categories": categories(&publisher.blocked_categories),
        "domain": &*publisher.domain,
        "fees": fees,
        "gdpr_default": publisher.gdpr_default,
        "id": publisher.id.as_str(),
        "keys": publisher.key_hashes.len(),
        "network_reserve_ms": publisher.network_reserve.0,
    });
    if publisher.weight != NonZeroU32::MIN {
        value["weight"] = publisher.weight.get().into();
    }
    value
}

fn rate(snapshot: &RateSnapshot) -> Value {
    let mut quotes: Vec<_> = snapshot.quotes.clone();
    quotes.sort_unstable();
    let quotes = quotes.iter().map(|(code, rate)| (code.as_str().to_owned(), e12(*rate).into()));
    json!({
        "base": snapshot.base.as_str(),
        "max_age_ms": snapshot.max_age.0,
        "quotes": quotes.collect::<Map<String, Value>>(),
        "source": &*snapshot.source,
        "time_ms": snapshot.time.0,
    })
}

fn floor(floor: &Floor) -> Value {
    match floor {
        Floor::Fixed(amount) => json!({ "amount": amount.to_string() }),
        Floor::PerSecond(amount) => json!({ "per_second": amount.to_string() }),
        Floor::ByLength { steps, otherwise } => json!({
            "amount": otherwise.to_string(),
            "by_duration": steps.iter().map(step).collect::<Vec<_>>(),
        }),
    }
}

fn step(step: &FloorStep) -> Value {
    json!({
        "amount": step.floor.to_string(),
        "max": step.max.map(|max| max.0),
        "min": step.min.map(|min| min.0),
    })
}

fn pricing(pricing: Pricing) -> &'static str {
    match pricing {
        Pricing::First => "first",
        Pricing::Second => "second",
        Pricing::Fixed => "fixed",
    }
}

fn rules(separation: &Separation) -> Vec<&'static str> {
    let Separation { advertiser, category, creative, media, exclusive: _ } = separation;
    let rules = [
        ("advertiser", advertiser),
        ("category", category),
        ("creative", creative),
        ("media", media),
    ];
    rules.into_iter().filter(|(_, on)| **on).map(|(rule, _)| rule).collect()
}

fn categories(categories: &[Category]) -> Vec<Value> {
    let one = |it: &Category| json!({ "cattax": it.taxonomy, "id": &*it.id });
    categories.iter().map(one).collect()
}

fn texts(texts: &[Arc<str>]) -> Vec<&str> {
    texts.iter().map(|text| &**text).collect()
}

/// Returns the decimal text of units of the twelfth place, without trailing zeroes.
fn e12(units: i64) -> String {
    let (whole, places) = (units / 1_000_000_000_000, units % 1_000_000_000_000);
    let text = format!("{whole}.{places:012}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
