//! What no caller can mean of an imp, its video and its deals.

use std::collections::BTreeSet;

use openrtb::deal::{Deal, DurFloors};
use openrtb::imp::Imp;
use openrtb::list::{auction, slot};
use openrtb::video::Video;

use crate::wire::break_request::Refusal;
use crate::wire::break_request::validate::{at_least, domains, exclusive, filled, id, short};
use crate::wire::price;

/// Checks all imps of a request.
pub(super) fn all(imps: &[Imp<'_>]) -> Result<(), Refusal> {
    let mut ids = BTreeSet::new();
    for (index, it) in imps.iter().enumerate() {
        imp(&format!("imp[{index}]"), it)?;
        if !ids.insert(&*it.id) {
            return Err(Refusal::bad_field(format!("imp[{index}].id"), "not unique"));
        }
    }
    places(imps)
}

/// Checks an imp that stands at `path`.
fn imp(path: &str, imp: &Imp<'_>) -> Result<(), Refusal> {
    let at = |member: &str| format!("{path}.{member}");
    id(&at("id"), &imp.id)?;
    let kinds =
        [imp.banner.is_some(), imp.video.is_some(), imp.audio.is_some(), imp.native.is_some()];
    if kinds == [false; 4] {
        return Err(Refusal::bad_field(path, "none of banner, video, audio and native"));
    }
    a_price(&at("bidfloor"), imp.bidfloor)?;
    at_least(&at("exp"), imp.exp, 0)?;
    let deals = imp.pmp.as_ref().and_then(|pmp| pmp.deals.as_deref()).unwrap_or_default();
    short(&at("pmp.deals"), Some(deals), MAX_DEALS)?;
    let mut ids = BTreeSet::new();
    for (index, it) in deals.iter().enumerate() {
        let path = format!("{path}.pmp.deals[{index}]");
        deal(&path, it)?;
        if !ids.insert(&*it.id) {
            return Err(Refusal::bad_field(format!("{path}.id"), "not unique"));
        }
    }
    imp.video.iter().try_for_each(|it| video(&at("video"), it))
}

/// Checks a video that stands at `path`.
fn video(path: &str, video: &Video<'_>) -> Result<(), Refusal> {
    let at = |member: &str| format!("{path}.{member}");
    filled(&at("mimes"), Some(&video.mimes))?;
    filled(&at("protocols"), video.protocols.as_deref())?;
    filled(&at("rqddurs"), video.rqddurs.as_deref())?;
    short(&at("rqddurs"), video.rqddurs.as_deref(), MAX_LENGTHS)?;
    let bounded = video.minduration.is_some() || video.maxduration.is_some();
    exclusive(&at("rqddurs"), bounded, video.rqddurs.is_some())?;
    for length in video.rqddurs.iter().flatten() {
        at_least(&at("rqddurs"), Some(*length), 1)?;
    }
    at_least(&at("minduration"), video.minduration, 0)?;
    if video.minduration.is_some_and(|least| MAX_LENGTH < least) {
        return Err(Refusal::bad_field(at("minduration"), format!("above {MAX_LENGTH}")));
    }
    at_least(&at("maxduration"), video.maxduration, video.minduration.unwrap_or(1).max(1))?;
    at_least(&at("maxextended"), video.maxextended, -1)?;
    at_least(&at("poddur"), video.poddur, 1)?;
    at_least(&at("maxseq"), video.maxseq, 1)?;
    at_least(&at("w"), video.w, 0)?;
    at_least(&at("h"), video.h, 0)?;
    at_least(&at("skipmin"), video.skipmin, 0)?;
    at_least(&at("skipafter"), video.skipafter, 0)?;
    at_least(&at("minbitrate"), video.minbitrate, 0)?;
    at_least(&at("maxbitrate"), video.maxbitrate, video.minbitrate.unwrap_or(0))?;
    video.podid.iter().try_for_each(|podid| id(&at("podid"), podid))?;
    floors(path, video.mincpmpersec, video.durfloors.as_deref())
}

/// Checks a deal that stands at `path`.
fn deal(path: &str, deal: &Deal<'_>) -> Result<(), Refusal> {
    let at = |member: &str| format!("{path}.{member}");
    id(&at("id"), &deal.id)?;
    a_price(&at("bidfloor"), deal.bidfloor)?;
    floors(path, deal.mincpmpersec, deal.durfloors.as_deref())?;
    let priced = deal.bidfloor.is_some()
        || deal.mincpmpersec.is_some_and(|floor| 0.0 < floor)
        || deal.durfloors.as_ref().is_some_and(|floors| !floors.is_empty());
    if deal.at == Some(auction::FIXED_PRICE) && !priced {
        return Err(Refusal::bad_field(at("bidfloor"), "needed: it is the agreed price"));
    }
    for (member, list) in [("wseat", &deal.wseat), ("wadomain", &deal.wadomain)] {
        filled(&at(member), list.as_deref())?;
        short(&at(member), list.as_deref(), MAX_PARTIES)?;
    }
    // Without its empty texts a list could be empty, and the deal for everybody.
    domains(&at("wadomain"), deal.wadomain.as_deref().unwrap_or_default(), |_| false)
}

/// Checks floors by the second and by length, of which an object at `path` may hold one.
fn floors(
    path: &str,
    per_second: Option<f64>,
    by_length: Option<&[DurFloors<'_>]>,
) -> Result<(), Refusal> {
    a_price(&format!("{path}.mincpmpersec"), per_second)?;
    let by_length = by_length.unwrap_or_default();
    let at = format!("{path}.durfloors");
    exclusive(&at, per_second.is_some_and(|floor| 0.0 < floor), !by_length.is_empty())?;
    short(&at, Some(by_length), MAX_LENGTHS)?;
    for (index, range) in by_length.iter().enumerate() {
        let at = |member: &str| format!("{path}.durfloors[{index}].{member}");
        a_price(&at("bidfloor"), range.bidfloor)?;
        at_least(&at("mindur"), range.mindur, 0)?;
        at_least(&at("maxdur"), range.maxdur, range.mindur.unwrap_or(0).max(0))?;
        if range.mindur.is_none() && range.maxdur.is_none() {
            return Err(Refusal::bad_field(at("mindur"), "a bound is needed"));
        }
    }
    Ok(())
}

/// Refuses a place that two slots of a pod are promised.
fn places(imps: &[Imp<'_>]) -> Result<(), Refusal> {
    let mut promised = BTreeSet::new();
    for (index, imp) in imps.iter().enumerate() {
        let Some(video) = imp.video.as_deref().filter(|video| !video.is_dynamic()) else {
            continue;
        };
        let (Some(pod), Some(place @ (slot::FIRST | slot::LAST))) =
            (video.podid.as_deref(), video.slotinpod)
        else {
            continue;
        };
        if !promised.insert((pod, place)) {
            let path = format!("imp[{index}].video.slotinpod");
            return Err(Refusal::bad_field(path, "another slot's place"));
        }
    }
    Ok(())
}

fn a_price(path: &str, number: Option<f64>) -> Result<(), Refusal> {
    match number {
        Some(number) if price::floor(number).is_none() => {
            Err(Refusal::bad_field(path, "not a price"))
        }
        _ => Ok(()),
    }
}

/// The longest ad that could be asked for: as long as the longest break, in seconds.
const MAX_LENGTH: i32 = 900;

/// The most lengths of an imp, and the most ranges of its floors or a deal's.
const MAX_LENGTHS: usize = 64;

/// The most deals of an imp.
const MAX_DEALS: usize = 256;

/// The most seats, and the most advertisers, of a deal.
const MAX_PARTIES: usize = 256;
