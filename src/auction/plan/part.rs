//! One part of a plan: an imp's bounds, narrowed by its placement's.

use std::sync::Arc;

use crate::model::break_request::{AskedImp, BreakRequest};
use crate::model::category::Category;
use crate::model::deal::Deal;
use crate::model::floor::{Floor, FloorStep};
use crate::model::market::{Lengths, Placement, Publisher};
use crate::model::money::{Cpm, FeeSchedule};
use crate::model::plan::{Part, Shape};
use crate::model::time::{MAX_BREAK, Millis, Seconds};

/// Returns what is sold of an imp, and whether anything can be.
///
/// Where nothing can, the part keeps the placement's lengths.
pub(super) fn part(request: &BreakRequest, imp: &AskedImp, pod: usize) -> (Part, bool) {
    let (placement, publisher) = (&imp.placement, &request.publisher);
    let seconds = imp.seconds.unwrap_or_else(|| request.ad_break.seconds_left());
    let seconds = seconds.min(Seconds::nominal(MAX_BREAK));
    let real = match imp.seconds {
        Some(_) => seconds.millis(),
        None => request.ad_break.left().min(MAX_BREAK),
    };
    let max_ads = imp.max_ads.map_or(placement.max_ads, |max| max.min(placement.max_ads));
    let max_ads = match imp.shape {
        Shape::Stretch => max_ads,
        Shape::Slot => max_ads.min(1),
    };
    let common = lengths(imp, seconds);
    let sells = common.is_some();
    let lengths = common.unwrap_or_else(|| placement.lengths.clone());
    let floor = floor(imp, &publisher.fees, &lengths);
    let part = Part {
        pod,
        shape: imp.shape,
        place: imp.place,
        seconds,
        real,
        max_ads,
        fit: placement.fit,
        floor,
        deals: deals(imp, publisher),
        private_auction: placement.private_auction || imp.private_auction,
        deals_first: placement.deals_first,
        blocked_advertisers: blocked_advertisers(request, placement),
        blocked_categories: blocked_categories(request, placement),
        unmapped_refused: placement.unmapped_refused,
        blocked_attributes: blocked_attributes(imp),
        protocols: protocols(&imp.protocols),
        apis: imp.apis.clone(),
        mimes: mimes(&placement.mimes, &imp.mimes),
        size: imp.size,
        secure: imp.secure.unwrap_or(false),
        expires_s: expires_s(request, imp, real),
        lengths,
    };
    let sells = sells
        && 1 <= part.max_ads
        && !part.protocols.is_empty()
        && (!part.mimes.is_empty() || placement.mimes.is_empty());
    (part, sells)
}

/// Returns the seconds until the last ad may start: as the caller says, else until the break ends.
fn expires_s(request: &BreakRequest, imp: &AskedImp, real: Millis) -> Option<u32> {
    if imp.expires_s.is_some() {
        return imp.expires_s;
    }
    let start = request.ad_break.start?.0.saturating_sub(request.arrived_at.0);
    u32::try_from(start.saturating_add(real.0).div_ceil(1000)).ok()
}

fn blocked_advertisers(request: &BreakRequest, placement: &Placement) -> Vec<Arc<str>> {
    let lists = [
        &request.publisher.blocked_advertisers,
        &placement.blocked_advertisers,
        &request.asked.blocked_advertisers,
    ];
    let mut blocked: Vec<Arc<str>> = lists.into_iter().flatten().cloned().collect();
    blocked.sort();
    blocked.dedup();
    blocked
}

fn blocked_categories(request: &BreakRequest, placement: &Placement) -> Vec<Category> {
    let lists = [
        &request.publisher.blocked_categories,
        &placement.blocked_categories,
        &request.asked.blocked_categories,
    ];
    let mut blocked: Vec<Category> = lists.into_iter().flatten().cloned().collect();
    blocked.sort();
    blocked.dedup();
    blocked
}

fn blocked_attributes(imp: &AskedImp) -> Vec<i32> {
    let mut blocked = imp.blocked_attributes.clone();
    // An ad with a skip button of its own beside the publisher's would have two.
    if imp.skip == Some(true) && !blocked.contains(&OWN_SKIP_BUTTON) {
        blocked.push(OWN_SKIP_BUTTON);
    }
    blocked
}

/// Returns the placement's deals, then the caller's own that repeat none of their names.
fn deals(imp: &AskedImp, publisher: &Publisher) -> Vec<Arc<Deal>> {
    let mut deals = imp.placement.deals.clone();
    for deal in &imp.deals {
        if deals.iter().all(|known| known.id != deal.id) {
            let floor = deal.floor.as_ref().map(|floor| grossed(floor, &publisher.fees));
            deals.push(Arc::new(Deal { floor, ..Deal::clone(deal) }));
        }
    }
    deals
}

/// Returns the floor that both the placement's and the caller's are kept by (decision 12).
fn floor(imp: &AskedImp, fees: &FeeSchedule, lengths: &Lengths) -> Floor {
    let own = &imp.placement.floor;
    let Some(asked) = imp.floor.as_ref().map(|floor| grossed(floor, fees)) else {
        return own.clone();
    };
    match (own, &asked) {
        (Floor::Fixed(own), Floor::Fixed(asked)) => Floor::Fixed(*own.max(asked)),
        // A floor of nothing is kept by any.
        (Floor::Fixed(Cpm::ZERO), _) => asked,
        (_, Floor::Fixed(Cpm::ZERO)) => own.clone(),
        (Floor::PerSecond(own), Floor::PerSecond(asked)) => Floor::PerSecond(*own.max(asked)),
        _ => higher_of(own, &asked, lengths),
    }
}

/// Returns the higher of two floors, length by length.
fn higher_of(own: &Floor, asked: &Floor, lengths: &Lengths) -> Floor {
    let all: Vec<Seconds> = match lengths {
        Lengths::Exact(lengths) => lengths.clone(),
        Lengths::Range { min, max } => (min.0..=max.0).map(Seconds).collect(),
    };
    let higher = |length| own.at(length).max(asked.at(length));
    let steps = all.iter().map(|&length| FloorStep {
        min: Some(length),
        max: Some(length),
        floor: higher(length),
    });
    let mut steps: Vec<FloorStep> = steps.collect();
    // Neighbours of one floor are one step.
    steps.dedup_by(|next, last| {
        let follows = last.max.is_some_and(|max| next.min == Some(Seconds(max.0 + 1)));
        let same = next.floor == last.floor && follows;
        if same {
            last.max = next.max;
        }
        same
    });
    let otherwise = all.iter().map(|&length| higher(length)).max().unwrap_or(Cpm::ZERO);
    Floor::ByLength { steps, otherwise }
}

/// Raises a floor that a caller must receive to what a buyer must pay (decision 12).
fn grossed(floor: &Floor, fees: &FeeSchedule) -> Floor {
    match floor {
        Floor::Fixed(floor) => Floor::Fixed(fees.gross_up(*floor)),
        Floor::PerSecond(floor) => Floor::PerSecond(fees.gross_up(*floor)),
        Floor::ByLength { steps, otherwise } => Floor::ByLength {
            steps: steps
                .iter()
                .map(|step| FloorStep { floor: fees.gross_up(step.floor), ..*step })
                .collect(),
            otherwise: fees.gross_up(*otherwise),
        },
    }
}

/// Returns the lengths that placement and caller allow and that fit into `seconds`, if any.
fn lengths(imp: &AskedImp, seconds: Seconds) -> Option<Lengths> {
    let within = Lengths::Range { min: Seconds(1), max: seconds };
    let common = match &imp.lengths {
        Some(asked) => both(&imp.placement.lengths, asked)?,
        None => imp.placement.lengths.clone(),
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

/// The inline VAST versions 2.0, 3.0, 4.0, 4.1 and 4.2 (AdCOM `protocols`).
const INLINE_PROTOCOLS: [i32; 5] = [2, 3, 7, 11, 13];

/// "Ad provides its own skip button" (AdCOM creative attributes).
const OWN_SKIP_BUTTON: i32 = 16;
