//! From a break to pods in parts, their terms, and an offer for each bidder that may have one.

use std::sync::Arc;

use crate::auction::plan::part::part;
use crate::model::break_request::{AskedImp, BreakRequest};
use crate::model::ids::{BidderId, ImpId, SeatId};
use crate::model::market::{Bidder, Dialect, Market};
use crate::model::money::{Cpm, Currency};
use crate::model::plan::{Offer, OfferedImp, Part, Plan, Pod, Shape, Terms};
use crate::model::rates::{Rate, RateSnapshot};
use crate::model::reason::CallReason;
use crate::model::time::{Seconds, UnixMillis};

mod floors;
mod part;

/// Returns what is offered for the rest of a break: each bidder of the market stands in exactly
/// one of `offers` and `skipped`.
///
/// The caller's bounds only ever narrow the placement's. A part they leave nothing to sell of (no
/// length both sides allow within its seconds, no ad, no format) is offered to nobody; a bidder
/// left without imps is skipped as `skipped_media`, one whose every seat is refused, or that has
/// no deal where only deals are taken, as `skipped_market`.
#[must_use]
pub fn plan(request: &BreakRequest, market: &Market) -> Plan {
    let (pods, parts, sellable) = pods(request);
    let terms = terms(request, market);
    let mut plan = Plan { terms, pods, parts, offers: Vec::new(), skipped: Vec::new() };
    for bidder in &market.bidders {
        match offer(&plan, &sellable, bidder) {
            Ok(offer) => plan.offers.push(offer),
            Err(reason) => plan.skipped.push((BidderId::clone(&bidder.id), reason)),
        }
    }
    plan
}

/// Returns the pods of a request, their parts, and of each part whether anything of it can be sold.
pub(super) fn pods(request: &BreakRequest) -> (Vec<Pod>, Vec<Part>, Vec<bool>) {
    let mut pods: Vec<Pod> = Vec::new();
    let mut parts = Vec::new();
    let mut names: Vec<Option<&str>> = Vec::new();
    let mut sellable = Vec::new();
    for imp in &request.imps {
        let name = imp.pod.as_deref();
        let known = name.and_then(|_| names.iter().position(|known| *known == name));
        let pod = known.unwrap_or_else(|| {
            names.push(name);
            pods.push(Pod { id: pod_id(request, imp, pods.len()), ..Pod::default() });
            pods.len() - 1
        });
        let (part, sells) = part(request, imp, pod);
        let separation = imp.placement.separation.and(&imp.separation);
        pods[pod].separation = pods[pod].separation.and(&separation);
        pods[pod].seconds.0 = pods[pod].seconds.0.saturating_add(part.seconds.0);
        parts.push(part);
        sellable.push(sells);
    }
    (pods, parts, sellable)
}

/// Names a pod: as its imps do, else as the break; a further pod without a name by its number.
fn pod_id(request: &BreakRequest, imp: &AskedImp, pods: usize) -> Arc<str> {
    let own = request.ad_break.id.as_str();
    match &imp.pod {
        Some(id) => Arc::clone(id),
        None if pods == 0 => own.into(),
        None => format!("{own}.{}", pods + 1).into(),
    }
}

fn terms(request: &BreakRequest, market: &Market) -> Terms {
    let asked = &request.asked;
    let rates = rates(&market.rates, market.currency, request.arrived_at);
    let welcome = |currency: &Currency| {
        asked.currencies.as_ref().is_none_or(|asked| asked.contains(currency))
    };
    let currencies = market.rates.iter().flat_map(|rates| {
        std::iter::once(rates.base).chain(rates.quotes.iter().map(|(code, _)| *code))
    });
    let mut currencies: Vec<Currency> =
        currencies.filter(|it| *it != market.currency && welcome(it)).collect();
    currencies.sort_unstable();
    currencies.dedup();
    Terms {
        currency: market.currency,
        currencies,
        max_cpm: believed(market.max_cpm, &rates),
        rates,
        pricing: market.pricing,
        fees: request.publisher.fees.clone(),
        allowed_categories: asked.allowed_categories.clone(),
        blocked_apps: asked.blocked_apps.clone(),
        allowed_seats: asked.allowed_seats.clone(),
        blocked_seats: asked.blocked_seats.clone(),
        languages: asked.languages.clone(),
    }
}

/// Returns the rates into a currency that are fresh at an instant: of each other currency that of
/// the first snapshot that has one.
#[must_use]
pub fn rates(snapshots: &[RateSnapshot], into: Currency, now: UnixMillis) -> Vec<Rate> {
    let fresh = snapshots.iter().filter(|snapshot| snapshot.is_fresh(now));
    let mut rates: Vec<Rate> = Vec::new();
    for rate in fresh.flat_map(|snapshot| snapshot.rates_into(into)) {
        if rates.iter().all(|known| known.from != rate.from) {
            rates.push(rate);
        }
    }
    rates
}

/// Returns the highest price that is believed, in the market's currency (decision 3).
///
/// Without a fresh rate from US dollars the number of the config is taken as it stands.
#[must_use]
pub fn believed(max_cpm: Cpm, rates: &[Rate]) -> Cpm {
    let rate = rates.iter().find(|rate| rate.from == Currency::USD);
    rate.map_or(max_cpm, |rate| rate.bid(max_cpm))
}

/// Says whether a bidder has a seat that may bid; one without a list may bring any.
fn some_seat_may_bid(terms: &Terms, bidder: &Bidder) -> bool {
    let seats = &bidder.seats;
    seats.is_empty() || seats.iter().any(|seat| seat_may_bid(terms, Some(seat)))
}

/// Says whether the terms let a seat bid; a nameless one may where no list of seats is given.
pub(super) fn seat_may_bid(terms: &Terms, seat: Option<&SeatId>) -> bool {
    let stands_in = |seats: &[Arc<str>]| {
        seat.is_some_and(|seat| seats.iter().any(|listed| **listed == *seat.as_str()))
    };
    (terms.allowed_seats.is_empty() || stands_in(&terms.allowed_seats))
        && !stands_in(&terms.blocked_seats)
}

/// Returns the imps that a bidder is shown, or why it is shown none.
fn offer(plan: &Plan, sellable: &[bool], bidder: &Arc<Bidder>) -> Result<Offer, CallReason> {
    if !sellable.contains(&true) {
        return Err(CallReason::SkippedMedia);
    }
    if !some_seat_may_bid(&plan.terms, bidder) {
        return Err(CallReason::SkippedMarket);
    }
    let mut imps = Vec::new();
    for (index, part) in plan.parts.iter().enumerate().filter(|(index, _)| sellable[*index]) {
        if part.private_auction && !part.deals.iter().any(|deal| deal.is_open_to(bidder)) {
            continue;
        }
        for _ in 0..places(part, bidder.dialect) {
            let id = ImpId::new((imps.len() + 1).to_string());
            imps.push(OfferedImp { id, part: index });
        }
    }
    if imps.is_empty() {
        return Err(CallReason::SkippedMarket);
    }
    Ok(Offer { bidder: Arc::clone(bidder), dialect: bidder.dialect, imps })
}

/// Returns how many imps tell a part: a stretch in the structured dialect takes one a slot.
#[must_use]
pub fn places(part: &Part, dialect: Dialect) -> u32 {
    match (part.shape, dialect) {
        (Shape::Slot, _) | (Shape::Stretch, Dialect::Dynamic) => 1,
        (Shape::Stretch, Dialect::Structured) => {
            let Seconds(shortest) = part.lengths.shortest();
            u32::from(part.max_ads).min(part.seconds.0 / shortest.max(1))
        }
    }
}
