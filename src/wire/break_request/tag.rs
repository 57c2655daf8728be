//! The ad tag: query parameters that every stitcher and player can write.
//!
//! Our keys, FreeWheel-style ones and those of players mean the same things (interface.md
//! section 2). For the length of a break the SCTE-35 message counts most, then `duration_ms`,
//! `duration`, `maxd` and `dur`, then the placement's default.

use std::sync::Arc;

use crate::model::break_request::{Asked, AskedImp, BreakRequest, Door};
use crate::model::category::Category;
use crate::model::cue::Signal;
use crate::model::ids::{BreakId, SessionId, StreamId};
use crate::model::market::{Market, Placement};
use crate::model::passthrough::Passthrough;
use crate::model::time::{Millis, UnixMillis};
use crate::wire::break_request::identity::Told;
use crate::wire::break_request::query::{Query, flag, millis, number, seconds};
use crate::wire::break_request::{Caller, Refusal, bounds, chain, is_id, is_name, sha};
use crate::wire::break_request::{unix_millis, viewer};
use crate::wire::{cue, privacy};

/// Reads the query of a tag.
///
/// # Errors
///
/// Only when `placement` names nothing; whatever else is wrong is counted in `faults`.
pub fn tag(query: &str, caller: &Caller<'_>, market: &Market) -> Result<BreakRequest, Refusal> {
    let sha = sha(query.as_bytes());
    let query = Query::read(query, &KEYS);
    let named = query.text(&["placement"]).and_then(|id| market.placement(id));
    let Some((placement, publisher)) = named else {
        return Err(Refusal::bad_field("placement", "no such placement"));
    };
    let session = session(&query, caller);
    let ad_break = told(&query).ad_break(placement, session.as_ref(), &sha);
    let imp = imp(&query, placement);
    let cleared = privacy::clear(viewer::viewer(&query, caller, publisher));
    let channel = viewer::inventory(&query, publisher).piece(publisher);
    let asked = Asked { blocked_categories: blocked_categories(&query), ..Asked::default() };
    let stitching = query.parse(&["stitching"], bounds::stitching).unwrap_or_default();
    let patience = query.parse(&["deadline_ms"], millis).map(Millis);
    let test = query.parse(&["test"], flag).unwrap_or(false);
    Ok(BreakRequest {
        door: Door::Tag,
        request_id: None,
        arrived_at: caller.arrived_at,
        publisher: Arc::clone(publisher),
        placement: Arc::clone(placement),
        ad_break,
        imps: vec![imp],
        session,
        patience,
        stitching,
        asked,
        passthrough: Passthrough {
            class: cleared.class,
            device: cleared.device,
            user: cleared.user,
            regs: cleared.regs,
            channel,
            schain: chain::supply_chain(None, publisher, market),
            tid: None,
        },
        viewer: cleared.facts,
        test,
        explain: false,
        sha,
        unbuilt: Vec::new(),
        faults: query.faults(),
    })
}

/// Reads who watches; the header of players comes last.
fn session(query: &Query<'_>, caller: &Caller<'_>) -> Option<SessionId> {
    let keys = ["session", "vprn", "_HLS_primary_id"];
    let header = caller.playback_session.filter(|session| is_name(session));
    query
        .parse(&keys, |text| is_name(text).then(|| SessionId::new(text)))
        .or_else(|| header.map(SessionId::new))
}

/// Reads what is told about the break.
fn told(query: &Query<'_>) -> Told {
    let id = query.parse(&["break"], read_id).or_else(|| free_wheel_id(query));
    Told {
        id: id.or_else(|| query.parse(&["_HLS_interstitial_id"], read_id)).map(BreakId::new),
        index: query.text(&["break_index", "slid"]).map(Into::into),
        stream: query.parse(&["stream"], |text| is_name(text).then(|| StreamId::new(text))),
        signal: signal(query),
        length: length(query),
        offset: offset(query),
        start: query.parse(&["start"], start),
    }
}

/// Names a break by the random number of the page view and the slot.
fn free_wheel_id(query: &Query<'_>) -> Option<Box<str>> {
    let view = query.text(&["pvrn"])?;
    let name = match query.text(&["slid"]) {
        Some(slot) => format!("{view}.{slot}"),
        None => view.to_owned(),
    };
    is_id(&name).then(|| name.into())
}

fn read_id(text: &str) -> Option<Box<str>> {
    is_id(text).then(|| text.into())
}

/// Reads the SCTE-35 message; in it a space was a `+` before the query was decoded.
fn signal(query: &Query<'_>) -> Option<Signal> {
    query.parse(&["scte35"], |text| cue::tag_signal(&text.replace(' ', "+")).ok())
}

/// Reads the length.
fn length(query: &Query<'_>) -> Option<Millis> {
    let signalled = query.parse(&["duration_ms"], millis);
    let signalled = signalled.or_else(|| query.parse(&["duration"], seconds));
    // MediaTailor writes this for a CUE-OUT that gives no duration.
    let told = signalled.filter(|length| *length != UNKNOWN_LENGTH && *length != 0);
    told.or_else(|| query.parse(&["maxd", "dur"], seconds)).map(Millis)
}

fn offset(query: &Query<'_>) -> Millis {
    let offset = query.parse(&["offset_ms"], millis);
    let offset = offset.or_else(|| query.parse(&["_HLS_start_offset"], seconds));
    Millis(offset.unwrap_or(0))
}

/// Reads an instant: Unix milliseconds, or RFC 3339 whose `+` may have become a space.
fn start(text: &str) -> Option<UnixMillis> {
    if let Some(millis) = number(text) {
        return unix_millis(millis);
    }
    super::instant(&text.replace(' ', "+")).or_else(|| super::instant(text))
}

/// Reads the bounds.
fn imp(query: &Query<'_>, placement: &Arc<Placement>) -> AskedImp {
    let whole = |text: &str| number(text).map(|it| u32::try_from(it).unwrap_or(u32::MAX));
    let max_ads = query.parse(&["max_ads", "maxa"], number).filter(|most| 0 < *most);
    let min_ad = query.parse(&["min_ad"], whole);
    let max_ad = query.parse(&["max_ad"], whole).filter(|most| 0 < *most);
    let lengths = bounds::range(min_ad, max_ad);
    if lengths.is_none() && min_ad.is_some() {
        query.count_unreadable();
    }
    let side = |text: &str| whole(text).filter(|side| i32::try_from(*side).is_ok());
    let width = query.parse(&["w"], side).filter(|width| 0 < *width);
    let height = query.parse(&["h"], side).filter(|height| 0 < *height);
    let protocols = query
        .parse(&["vast_versions"], bounds::vast_versions)
        .or_else(|| query.text(&["resp"]).and_then(answer_versions));
    AskedImp {
        max_ads: max_ads.map(|most| u16::try_from(most).unwrap_or(u16::MAX)),
        lengths,
        mimes: query.parse(&["mimes"], bounds::mimes).unwrap_or_default(),
        protocols: protocols.unwrap_or_default(),
        size: width.zip(height),
        start_delay: query
            .parse(&["position"], bounds::position)
            .or_else(|| query.parse(&["tpos"], seconds).and_then(start_delay)),
        ..AskedImp::whole(placement)
    }
}

/// Reads the categories that are blocked; each that cannot be told is counted.
fn blocked_categories(query: &Query<'_>) -> Vec<Category> {
    let read = |text: &str| {
        let category = bounds::category(text);
        if category.is_none() {
            query.count_unreadable();
        }
        category
    };
    bounds::list(query.text(&["blocked_cat"]).unwrap_or_default()).filter_map(read).collect()
}

/// Reads the FreeWheel-style kind of answer as the VAST versions taken, where it is one.
fn answer_versions(text: &str) -> Option<Vec<i32>> {
    match text.strip_prefix("vast")? {
        "2" => Some(vec![2]),
        "3" => Some(vec![2, 3]),
        _ => None,
    }
}

/// Turns a place in the stream, milliseconds, into a `startdelay`.
fn start_delay(place: u64) -> Option<i32> {
    i32::try_from(place / 1000).ok()
}

/// What MediaTailor says for a length it does not know, in milliseconds.
const UNKNOWN_LENGTH: u64 = 300_000;

/// The keys that are read; `mind`, `ptgt`, `prof` and `flag` are taken and say nothing to us.
const KEYS: [&str; 56] = [
    "placement",
    "stream",
    "break",
    "session",
    "break_index",
    "duration_ms",
    "duration",
    "offset_ms",
    "start",
    "scte35",
    "max_ads",
    "min_ad",
    "max_ad",
    "position",
    "ip",
    "ua",
    "ifa",
    "ifa_type",
    "lmt",
    "devicetype",
    "w",
    "h",
    "app_bundle",
    "app_name",
    "site_domain",
    "content_id",
    "title",
    "series",
    "genre",
    "language",
    "rating",
    "gdpr",
    "consent",
    "gpp",
    "gpp_sid",
    "us_privacy",
    "coppa",
    "mimes",
    "vast_versions",
    "blocked_cat",
    "stitching",
    "deadline_ms",
    "test",
    "vprn",
    "pvrn",
    "slid",
    "maxd",
    "maxa",
    "tpos",
    "csid",
    "caid",
    "resp",
    "_HLS_interstitial_id",
    "_HLS_primary_id",
    "_HLS_start_offset",
    "dur",
];
