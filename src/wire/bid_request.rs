//! The requests that go out: one body per distinct shape, and a call per bidder (decision 27).
//!
//! A shape is the dialect of the pod and the content coding. The privacy class is that of the
//! whole request, and time left is the same for all, so nothing differs from bidder to bidder
//! within a shape. Pieces about viewer and channel come ready from `wire::privacy` and are joined
//! in as they are.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::model::break_request::{AskedImp, BreakRequest, Door, Stitching};
use crate::model::call::Call;
use crate::model::floor::Floor;
use crate::model::ids::AuctionId;
use crate::model::market::{Dialect, Lengths, Market};
use crate::model::money::Cpm;
use crate::model::passthrough::Passthrough;
use crate::model::plan::{Chosen, Offer, OfferedImp, Part, Plan, Shape as PartShape};
use crate::model::time::Millis;
use crate::wire::price;

/// Returns one call per chosen offer, in the order of `chosen.asked`.
///
/// `left` is the time bidders have, network included; it is sent as `tmax`.
///
/// # Panics
///
/// When `chosen` names offers that the plan does not have.
#[must_use]
pub fn calls(
    request: &BreakRequest,
    auction: AuctionId,
    plan: &Plan,
    chosen: &Chosen,
    left: Millis,
    market: &Market,
) -> Vec<Call> {
    let id = auction.to_string();
    let mut shapes: Vec<(Shape<'_>, Vec<u8>)> = Vec::new();
    let mut calls = Vec::with_capacity(chosen.asked.len());
    for &index in &chosen.asked {
        let offer = &plan.offers[index];
        let shape = Shape::of(offer);
        let known = shapes.iter().position(|(known, _)| *known == shape);
        let at = known.unwrap_or_else(|| {
            let text = body(&Parts { request, id: &id, plan, left, market }, shape);
            shapes.push((shape, if shape.gzip { gzip(&text) } else { text }));
            shapes.len() - 1
        });
        calls.push(Call {
            bidder: offer.bidder.id.clone(),
            offer: index,
            request_id: id.as_str().into(),
            body: shapes[at].1.clone(),
            gzip: shape.gzip,
        });
    }
    calls
}

/// What makes one body differ from another.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Shape<'a> {
    dialect: Dialect,
    imps: &'a [OfferedImp],
    gzip: bool,
}

impl<'a> Shape<'a> {
    fn of(offer: &'a Offer) -> Self {
        Self { dialect: offer.dialect, imps: &offer.imps, gzip: offer.bidder.gzip }
    }
}

/// What all bodies are made of.
struct Parts<'a> {
    request: &'a BreakRequest,
    id: &'a str,
    plan: &'a Plan,
    left: Millis,
    market: &'a Market,
}

/// The members written field by field; the ready pieces follow them.
#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    imp: Vec<Imp<'a>>,
    at: u8,
    tmax: u64,
    cur: [&'a str; 1],
    #[serde(skip_serializing_if = "is_zero")]
    test: u8,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    wseat: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bseat: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    wlang: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    wlangb: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    badv: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bapp: &'a [Arc<str>],
}

#[derive(Serialize)]
struct Imp<'a> {
    id: &'a str,
    video: Video<'a>,
    tagid: &'a str,
    bidfloor: Box<RawValue>,
    bidfloorcur: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secure: Option<u8>,
    ssai: u8,
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
    protocols: &'a [i32],
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
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    battr: &'a [i32],
    pos: u8,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    api: &'a [i32],
}

/// Writes the body of a shape.
fn body(parts: &Parts<'_>, shape: Shape<'_>) -> Vec<u8> {
    let mut body =
        serde_json::to_vec(&head(parts, shape)).expect("text, numbers and lists are JSON");
    body.pop();
    let passthrough = &parts.request.passthrough;
    push_source(&mut body, parts, passthrough);
    let viewer =
        [("regs", &passthrough.regs), ("device", &passthrough.device), ("user", &passthrough.user)];
    for (name, piece) in viewer {
        piece.iter().for_each(|piece| push(&mut body, name, piece));
    }
    if let Some((channel, piece)) = &passthrough.channel {
        push(&mut body, channel.name(), piece);
    }
    body.push(b'}');
    body
}

/// Appends a member to an open object that has members.
fn push(body: &mut Vec<u8>, name: &str, piece: &str) {
    body.extend_from_slice(b",\"");
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(b"\":");
    body.extend_from_slice(piece.as_bytes());
}

/// Appends `source`: an upstream caller decides finally over what it asked through OpenRTB.
fn push_source(body: &mut Vec<u8>, parts: &Parts<'_>, passthrough: &Passthrough) {
    let upstream = u8::from(parts.request.door == Door::OpenRtb);
    let tid = passthrough.tid.as_deref().unwrap_or(parts.id);
    let tid = serde_json::to_string(tid).expect("text is JSON");
    push(body, "source", &format!("{{\"fd\":{upstream},\"tid\":{tid}"));
    passthrough.schain.iter().for_each(|chain| push(body, "schain", chain));
    body.push(b'}');
}

fn head<'a>(parts: &Parts<'a>, shape: Shape<'a>) -> Head<'a> {
    let terms = &parts.plan.terms;
    let short = terms.languages.iter().all(|language| language.len() == 2);
    let (wlang, wlangb): (&[_], &[_]) =
        if short { (&terms.languages, &[]) } else { (&[], &terms.languages) };
    Head {
        id: parts.id,
        imp: shape.imps.iter().map(|imp| self::imp(parts, shape.dialect, imp)).collect(),
        at: FIRST_PRICE,
        tmax: parts.left.0,
        cur: [parts.market.currency.as_str()],
        test: u8::from(parts.request.test),
        wseat: &terms.allowed_seats,
        bseat: &terms.blocked_seats,
        wlang,
        wlangb,
        badv: &parts.plan.parts[0].blocked_advertisers,
        bapp: &terms.blocked_apps,
    }
}

fn imp<'a>(parts: &Parts<'a>, dialect: Dialect, imp: &'a OfferedImp) -> Imp<'a> {
    let (part, asked) = (&parts.plan.parts[imp.part], &parts.request.imps[imp.part]);
    Imp {
        id: imp.id.as_str(),
        video: video(parts, dialect, part, asked),
        tagid: asked.placement.id.as_str(),
        bidfloor: price::number(bid_floor(&part.floor, part)),
        bidfloorcur: parts.plan.terms.currency.as_str(),
        secure: if part.secure { Some(1) } else { asked.secure.map(u8::from) },
        ssai: ssai(parts.request.stitching),
        dt: parts.request.ad_break.start.map(|start| start.0),
    }
}

/// Returns the floor that every length must reach.
fn bid_floor(floor: &Floor, part: &Part) -> Cpm {
    floor.at(part.lengths.shortest())
}

fn video<'a>(
    parts: &Parts<'a>,
    dialect: Dialect,
    part: &'a Part,
    asked: &'a AskedImp,
) -> Video<'a> {
    let (rqddurs, minduration, maxduration) = match &part.lengths {
        Lengths::Exact(lengths) => (Some(lengths.iter().map(|it| it.0).collect()), None, None),
        Lengths::Range { min, max } => (None, Some(min.0), Some(max.0)),
    };
    let (poddur, maxseq) = match (part.shape, dialect) {
        (PartShape::Stretch, Dialect::Dynamic) => (Some(part.seconds.0), Some(part.max_ads)),
        (PartShape::Slot, _) | (PartShape::Stretch, Dialect::Structured) => (None, None),
    };
    Video {
        mimes: &part.mimes,
        minduration,
        maxduration,
        startdelay: asked.start_delay.unwrap_or(MID_ROLL),
        maxseq,
        poddur,
        protocols: &part.protocols,
        w: part.size.map(|(width, _)| width),
        h: part.size.map(|(_, height)| height),
        podid: &parts.plan.pods[part.pod].id,
        podseq: asked.pod_sequence.unwrap_or(0),
        rqddurs,
        plcmt: INSTREAM,
        linearity: LINEAR,
        skip: asked.skip.map(u8::from),
        slotinpod: part.place.code(),
        battr: &part.blocked_attributes,
        pos: FULL_SCREEN,
        api: &part.apis,
    }
}

fn ssai(stitching: Stitching) -> u8 {
    match stitching {
        Stitching::Unknown => 0,
        Stitching::Client => 1,
        Stitching::Player => 2,
        Stitching::Server => 3,
    }
}

/// Compresses a body, fast rather than small: it crosses the network once.
fn gzip(text: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::with_capacity(text.len() / 2), Compression::fast());
    writer.write_all(text).expect("memory takes all that is written");
    writer.finish().expect("memory takes all that is written")
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// `at`: the winner pays what it bids.
const FIRST_PRICE: u8 = 1;

/// `startdelay` of a mid-roll anywhere: what a live break is.
const MID_ROLL: i32 = -1;

/// `plcmt`.
const INSTREAM: u8 = 1;

/// `linearity`.
const LINEAR: u8 = 1;

/// `pos`.
const FULL_SCREEN: u8 = 7;
