//! `imp`: a part of the plan as one bidder reads it.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::model::break_request::{AskedImp, BreakRequest, Stitching};
use crate::model::deal::Deal;
use crate::model::market::{Dialect, Lengths};
use crate::model::plan::{OfferedImp, Part, Place, Plan, Pod, Shape};
use crate::wire::bid_request::deal::{self, Pmp};
use crate::wire::bid_request::floor::{self, DurFloor, Told};
use crate::wire::price;

#[derive(Serialize)]
pub(super) struct Imp<'a> {
    id: &'a str,
    video: Video<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pmp: Option<Pmp<'a>>,
    tagid: &'a str,
    bidfloor: Box<RawValue>,
    bidfloorcur: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secure: Option<u8>,
    ssai: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dt: Option<u64>,
}

#[derive(Serialize)]
struct Video<'a> {
    mimes: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    minduration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maxduration: Option<u32>,
    startdelay: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    maxseq: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poddur: Option<u32>,
    protocols: Cow<'a, [i32]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    w: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h: Option<u32>,
    podid: &'a str,
    podseq: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rqddurs: Option<Vec<u32>>,
    plcmt: u8,
    linearity: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip: Option<u8>,
    slotinpod: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    mincpmpersec: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    battr: &'a [i32],
    pos: u8,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    api: &'a [i32],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    poddedupe: Vec<u8>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    durfloors: Vec<DurFloor>,
}

/// Returns an imp of an offer in this dialect, with the deals its bidder is told.
pub(super) fn imp<'a>(
    request: &'a BreakRequest,
    plan: &'a Plan,
    dialect: Dialect,
    imp: &'a OfferedImp,
    deals: impl Iterator<Item = &'a Deal>,
) -> Imp<'a> {
    let (part, asked) = (&plan.parts[imp.part], &request.imps[imp.part]);
    let dynamic = part.shape == Shape::Stretch && dialect == Dialect::Dynamic;
    let currency = plan.terms.currency.as_str();
    let told = floor::told(&part.floor, &part.lengths, dynamic);
    Imp {
        id: imp.id.as_str(),
        video: video(plan, part, asked, &told, dynamic),
        pmp: deal::pmp(part, deals, currency, dynamic),
        tagid: asked.placement.id.as_str(),
        // What buyers who read no finer floor must reach whatever they bid.
        bidfloor: price::number(told.least()),
        bidfloorcur: currency,
        secure: if part.secure { Some(1) } else { asked.secure.map(u8::from) },
        ssai: ssai(request.stitching),
        exp: part.expires_s,
        dt: request.ad_break.start.map(|start| start.0),
    }
}

fn video<'a>(
    plan: &'a Plan,
    part: &'a Part,
    asked: &AskedImp,
    told: &Told,
    dynamic: bool,
) -> Video<'a> {
    let (rqddurs, minduration, maxduration) = match &part.lengths {
        Lengths::Exact(lengths) => (Some(lengths.iter().map(|it| it.0).collect()), None, None),
        Lengths::Range { min, max } => (None, Some(min.0), Some(max.0)),
    };
    // Structured imps of a stretch stand for no place of it (decision 16).
    let place = if part.shape == Shape::Slot || dynamic { part.place } else { Place::Any };
    let pod = &plan.pods[part.pod];
    Video {
        mimes: &part.mimes,
        minduration,
        maxduration,
        startdelay: asked.start_delay.unwrap_or(MID_ROLL),
        maxseq: dynamic.then_some(part.max_ads),
        poddur: dynamic.then_some(part.seconds.0),
        protocols: protocols(part, asked),
        w: part.size.map(|(width, _)| width),
        h: part.size.map(|(_, height)| height),
        podid: &pod.id,
        podseq: asked.pod_sequence.unwrap_or(0),
        rqddurs,
        plcmt: INSTREAM,
        linearity: LINEAR,
        skip: asked.skip.map(u8::from),
        slotinpod: place.code(),
        mincpmpersec: told.per_second(),
        battr: &part.blocked_attributes,
        pos: FULL_SCREEN,
        api: &part.apis,
        poddedupe: if several(plan, part) { dedupe(pod) } else { Vec::new() },
        durfloors: told.by_length(),
    }
}

/// Returns the VAST versions taken, their Wrappers too where these are followed (decision 10).
fn protocols<'a>(part: &'a Part, asked: &AskedImp) -> Cow<'a, [i32]> {
    if !asked.placement.unwrap {
        return Cow::Borrowed(&part.protocols);
    }
    let wrapper = |inline: &i32| match inline {
        1..=3 => Some(inline + 3),
        7 | 11 | 13 | 15 => Some(inline + 1),
        _ => None,
    };
    part.protocols.iter().copied().chain(part.protocols.iter().filter_map(wrapper)).collect()
}

/// Says whether the pod of a part may hold several ads.
fn several(plan: &Plan, part: &Part) -> bool {
    let parts = plan.parts.iter().filter(|it| it.pod == part.pod);
    1 < parts.map(|it| u32::from(it.max_ads)).sum::<u32>()
}

/// Returns `poddedupe`; exclusive categories have no word there.
fn dedupe(pod: &Pod) -> Vec<u8> {
    let rules = &pod.separation;
    let told = [
        (rules.advertiser, ADVERTISER),
        (rules.category, CATEGORY),
        (rules.creative, CREATIVE),
        (rules.media, MEDIA),
    ];
    told.into_iter().filter(|(on, _)| *on).map(|(_, code)| code).collect()
}

fn ssai(stitching: Stitching) -> u8 {
    match stitching {
        Stitching::Unknown => 0,
        Stitching::Client => 1,
        Stitching::Player => 2,
        Stitching::Server => 3,
    }
}

/// `startdelay` of a mid-roll anywhere: what a live break is.
const MID_ROLL: i32 = -1;

/// `plcmt`.
const INSTREAM: u8 = 1;

/// `linearity`.
const LINEAR: u8 = 1;

/// `pos`.
const FULL_SCREEN: u8 = 7;

/// `poddedupe` by `adomain`.
const ADVERTISER: u8 = 1;

/// `poddedupe` by category.
const CATEGORY: u8 = 2;

/// `poddedupe` by `crid`.
const CREATIVE: u8 = 3;

/// `poddedupe` by the address of media files.
const MEDIA: u8 = 4;
