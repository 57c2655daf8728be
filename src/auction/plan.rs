//! From a break to a pod, its terms, and an offer for each bidder that may have one.

use std::sync::Arc;

use crate::model::break_request::BreakRequest;
use crate::model::ids::{BidderId, ImpId, SeatId};
use crate::model::market::{Bidder, Dialect, Lengths, Market};
use crate::model::plan::{Offer, Plan, Pod, Terms};
use crate::model::reason::CallReason;
use crate::model::time::{MAX_BREAK, Seconds};

/// Returns what is offered for the rest of a break: each bidder of the market stands in exactly
/// one of `offers` and `skipped`.
///
/// The caller's bounds only ever narrow the placement's. Where they leave nothing to sell (no
/// length both sides allow within the seconds left, no ad, no format) every bidder is skipped as
/// `skipped_media`, and the pod keeps the placement's lengths; a bidder whose every seat is refused
/// is skipped as `skipped_market`.
#[must_use]
pub fn plan(request: &BreakRequest, market: &Market) -> Plan {
    let seconds = request.ad_break.seconds_left();
    let lengths = lengths(request, seconds);
    let sellable = lengths.is_some();
    let placement = &request.placement;
    let pod = Pod {
        id: request.ad_break.id.as_str().into(),
        seconds,
        real: request.ad_break.left().min(MAX_BREAK),
        max_ads: request.asked.max_ads.map_or(placement.max_ads, |max| max.min(placement.max_ads)),
        lengths: lengths.unwrap_or_else(|| placement.lengths.clone()),
        fit: placement.fit,
    };
    let terms = terms(request, market, pod);
    let sellable = sellable
        && 1 <= terms.pod.max_ads
        && !terms.protocols.is_empty()
        && (!terms.mimes.is_empty() || placement.mimes.is_empty());

    let mut offers = Vec::new();
    let mut skipped = Vec::new();
    for bidder in &market.bidders {
        if !sellable {
            skipped.push((BidderId::clone(&bidder.id), CallReason::SkippedMedia));
        } else if !some_seat_may_bid(&terms, bidder) {
            skipped.push((BidderId::clone(&bidder.id), CallReason::SkippedMarket));
        } else {
            offers.push(offer(&terms.pod, bidder));
        }
    }
    Plan { terms, offers, skipped }
}

fn terms(request: &BreakRequest, market: &Market, pod: Pod) -> Terms {
    let (asked, placement, publisher) = (&request.asked, &request.placement, &request.publisher);
    let asked_floor = asked.floor.map(|net| publisher.fees.gross_up(net));
    let mut blocked_advertisers: Vec<Arc<str>> = publisher
        .blocked_advertisers
        .iter()
        .chain(&placement.blocked_advertisers)
        .chain(&asked.blocked_advertisers)
        .cloned()
        .collect();
    blocked_advertisers.sort();
    blocked_advertisers.dedup();
    let mut blocked_attributes = asked.blocked_attributes.clone();
    // An ad with a skip button of its own beside the publisher's would have two.
    if asked.skip == Some(true) && !blocked_attributes.contains(&OWN_SKIP_BUTTON) {
        blocked_attributes.push(OWN_SKIP_BUTTON);
    }
    Terms {
        currency: market.currency,
        floor: asked_floor.map_or(placement.floor, |asked| asked.max(placement.floor)),
        max_cpm: market.max_cpm,
        pod,
        fees: publisher.fees.clone(),
        blocked_advertisers,
        blocked_apps: asked.blocked_apps.clone(),
        blocked_attributes,
        allowed_seats: asked.allowed_seats.clone(),
        blocked_seats: asked.blocked_seats.clone(),
        languages: asked.languages.clone(),
        protocols: protocols(&asked.protocols),
        apis: asked.apis.clone(),
        mimes: mimes(&placement.mimes, &asked.mimes),
        size: asked.size,
        secure: asked.secure.unwrap_or(false),
    }
}

/// Returns the lengths that placement and caller allow and that fit into `seconds`, if any.
fn lengths(request: &BreakRequest, seconds: Seconds) -> Option<Lengths> {
    let within = Lengths::Range { min: Seconds(1), max: seconds };
    let common = match &request.asked.lengths {
        Some(asked) => both(&request.placement.lengths, asked)?,
        None => request.placement.lengths.clone(),
    };
    both(&common, &within)
}

/// Returns the lengths that both sides allow, if any.
fn both(left: &Lengths, right: &Lengths) -> Option<Lengths> {
    match (left, right) {
        (Lengths::Exact(exact), other) | (other, Lengths::Exact(exact)) => {
            let common: Vec<_> = exact.iter().copied().filter(|&len| other.allow(len)).collect();
            (!common.is_empty()).then_some(Lengths::Exact(common))
        }
        (
            &Lengths::Range { min: left_min, max: left_max },
            &Lengths::Range { min: right_min, max: right_max },
        ) => {
            let (min, max) = (left_min.max(right_min), left_max.min(right_max));
            (min <= max).then_some(Lengths::Range { min, max })
        }
    }
}

/// Returns the codes told to bidders: the inline ones by default (decision 10).
///
/// Who can play a Wrapper of a version can play an InLine of it, and Wrappers are refused, so a
/// Wrapper's code becomes that of its InLine; DAAST is dropped.
fn protocols(asked: &[i32]) -> Vec<i32> {
    if asked.is_empty() {
        return INLINE_PROTOCOLS.to_vec();
    }
    let mut protocols = Vec::with_capacity(asked.len());
    for &code in asked {
        let code = match code {
            4..=6 => code - 3,
            8 | 12 | 14 | 16 => code - 1,
            9 | 10 => continue,
            _ => code,
        };
        if !protocols.contains(&code) {
            protocols.push(code);
        }
    }
    protocols
}

/// Returns the types that both sides take, in the placement's order; an empty side means any.
fn mimes(placement: &[Arc<str>], asked: &[Arc<str>]) -> Vec<Arc<str>> {
    if placement.is_empty() {
        return asked.to_vec();
    }
    let takes = |mime: &&Arc<str>| {
        asked.is_empty() || asked.iter().any(|asked| asked.eq_ignore_ascii_case(mime))
    };
    placement.iter().filter(takes).cloned().collect()
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

fn offer(pod: &Pod, bidder: &Arc<Bidder>) -> Offer {
    let imps = match bidder.dialect {
        Dialect::Dynamic => 1,
        Dialect::Structured => u32::from(pod.max_ads).min(pod.seconds.0 / pod.lengths.shortest().0),
    };
    let imps = (1..=imps).map(|number| ImpId::new(number.to_string())).collect();
    Offer { bidder: Arc::clone(bidder), dialect: bidder.dialect, imps }
}

/// The inline VAST versions 2.0, 3.0, 4.0, 4.1 and 4.2 (AdCOM `protocols`).
const INLINE_PROTOCOLS: [i32; 5] = [2, 3, 7, 11, 13];

/// "Ad provides its own skip button" (AdCOM creative attributes).
const OWN_SKIP_BUTTON: i32 = 16;
