//! One part of a plan: an imp's bounds, narrowed by its placement's.

use std::sync::Arc;

use crate::auction::plan::floors;
use crate::model::break_request::{AskedImp, BreakRequest, Door};
use crate::model::category::Category;
use crate::model::house::HouseAd;
use crate::model::market::{Lengths, Placement};
use crate::model::plan::{Part, Shape};
use crate::model::time::{MAX_BREAK, Millis, Seconds};

/// Returns what is sold of an imp, and whether anything can be.
///
/// Where nothing can, the part keeps the placement's lengths.
pub(super) fn part(request: &BreakRequest, imp: &AskedImp, pod: usize) -> (Part, bool) {
    let placement = &imp.placement;
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
    let fees = &request.publisher.fees;
    let floor = floors::floor(imp, fees, &lengths);
    let deals = floors::deals(imp, fees, &lengths, &floor);
    let part = Part {
        pod,
        shape: imp.shape,
        place: imp.place,
        seconds,
        real,
        max_ads,
        fit: placement.fit,
        floor,
        deals,
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
        expires_s: expires_s(request, imp, real, lengths.shortest()),
        house: house(request, imp, seconds),
        lengths,
    };
    let sells = sells
        && 1 <= part.max_ads
        && !part.protocols.is_empty()
        && (!part.mimes.is_empty() || placement.mimes.is_empty());
    (part, sells)
}

/// Returns the house ads that fit a part and that its caller can play.
///
/// Who asks by OpenRTB is answered with bids only, and has no place for them.
fn house(request: &BreakRequest, imp: &AskedImp, seconds: Seconds) -> Vec<Arc<HouseAd>> {
    let placement = &imp.placement;
    if request.door == Door::OpenRtb || placement.house.is_empty() {
        return Vec::new();
    }
    let types = [&placement.mimes, &imp.mimes];
    let takes = |mime: &str| {
        let listed = |list: &[Arc<str>]| list.iter().any(|own| own.eq_ignore_ascii_case(mime));
        types.iter().all(|list| list.is_empty() || listed(list))
    };
    let secure = imp.secure == Some(true);
    placement.house.iter().filter(|ad| ad.plays(seconds, secure, takes)).cloned().collect()
}

/// Returns the seconds until the last ad may start: as the caller says, else the shortest length
/// before the break ends.
fn expires_s(
    request: &BreakRequest,
    imp: &AskedImp,
    real: Millis,
    shortest: Seconds,
) -> Option<u32> {
    if imp.expires_s.is_some() {
        return imp.expires_s;
    }
    let start = request.ad_break.start?.0.saturating_sub(request.arrived_at.0);
    let last = start.saturating_add(real.0).saturating_sub(shortest.millis().0);
    u32::try_from(last.div_ceil(1000)).ok()
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
