//! The requests that go out: one body per distinct shape, and a call per bidder (decision 27).
//!
//! A shape is all that one bidder is told and another is not: the imps, how stretches are told, and
//! the deals. The privacy class is that of the whole request, and time left is the same for all.
//! Pieces about viewer and channel come ready from `wire::privacy` and are joined in as they are.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::model::break_request::{BreakRequest, Door};
use crate::model::call::Call;
use crate::model::deal::{Deal, Pricing};
use crate::model::ids::AuctionId;
use crate::model::market::Dialect;
use crate::model::passthrough::Passthrough;
use crate::model::plan::{Chosen, Offer, OfferedImp, Part, Plan, Shape as PartShape};
use crate::model::time::Millis;
use crate::wire::bid_request::imp::Imp;

mod blocks;
mod deal;
mod floor;
mod imp;

/// Returns one call per chosen offer, in the order of `chosen.asked`.
///
/// `left` is the time bidders have, network included; it is sent as `tmax`.
///
/// # Panics
///
/// When `chosen` names offers that the plan does not have, or `request` is not what the plan was
/// made of.
#[must_use]
pub fn calls(
    request: &BreakRequest,
    auction: AuctionId,
    plan: &Plan,
    chosen: &Chosen,
    left: Millis,
) -> Vec<Call> {
    let id = auction.to_string();
    let mut bodies: Vec<Body<'_>> = Vec::new();
    let mut calls = Vec::with_capacity(chosen.asked.len());
    for &index in &chosen.asked {
        let offer = &plan.offers[index];
        let shape = Shape::of(plan, offer);
        let known = bodies.iter().position(|body| body.shape == shape);
        let at = known.unwrap_or_else(|| {
            let text = body(&Parts { request, id: &id, plan, left }, &shape).into();
            bodies.push(Body { shape, text, packed: None });
            bodies.len() - 1
        });
        calls.push(Call {
            bidder: offer.bidder.id.clone(),
            offer: index,
            request_id: id.as_str().into(),
            body: bodies[at].coded(offer.bidder.gzip),
            gzip: offer.bidder.gzip,
        });
    }
    calls
}

/// What makes one body differ from another.
#[derive(Eq, PartialEq)]
struct Shape<'a> {
    /// Structured only where a stretch is told: a slot reads the same in both dialects.
    dialect: Dialect,
    imps: &'a [OfferedImp],
    /// The deals told, as indexes of parts and of their deals.
    deals: Vec<(usize, usize)>,
}

impl<'a> Shape<'a> {
    fn of(plan: &'a Plan, offer: &'a Offer) -> Self {
        let stretches =
            offer.imps.iter().any(|imp| plan.parts[imp.part].shape == PartShape::Stretch);
        let dialect = if stretches { offer.dialect } else { Dialect::Dynamic };
        let all = told(&offer.imps).into_iter().flat_map(|part| {
            let deals = plan.parts[part].deals.iter().enumerate();
            deals.map(move |(index, deal)| (part, index, deal))
        });
        let open = all.filter(|(_, _, deal)| deal.is_open_to(&offer.bidder));
        let deals = open.map(|(part, index, _)| (part, index)).collect();
        Self { dialect, imps: &offer.imps, deals }
    }

    /// Returns the deals told for a part.
    fn deals(&self, plan: &'a Plan, part: usize) -> impl Iterator<Item = &'a Deal> {
        let own = self.deals.iter().filter(move |(of, _)| *of == part);
        own.map(move |&(_, index)| &*plan.parts[part].deals[index])
    }
}

/// Returns the parts that these imps tell, each once: imps of one part stand side by side.
fn told(imps: &[OfferedImp]) -> Vec<usize> {
    let mut parts: Vec<usize> = imps.iter().map(|imp| imp.part).collect();
    parts.dedup();
    parts
}

/// The body of a shape, in both codings.
struct Body<'a> {
    shape: Shape<'a>,
    text: Arc<[u8]>,
    /// Compressed once somebody takes it so.
    packed: Option<Arc<[u8]>>,
}

impl Body<'_> {
    fn coded(&mut self, packed: bool) -> Arc<[u8]> {
        Arc::clone(match packed {
            true => self.packed.get_or_insert_with(|| gzip(&self.text).into()),
            false => &self.text,
        })
    }
}

/// What all bodies are made of.
struct Parts<'a> {
    request: &'a BreakRequest,
    id: &'a str,
    plan: &'a Plan,
    left: Millis,
}

/// The members written field by field; the ready pieces follow them.
#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    imp: Vec<Imp<'a>>,
    at: u8,
    tmax: u64,
    cur: Vec<&'a str>,
    #[serde(skip_serializing_if = "is_zero")]
    test: u8,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    wseat: Vec<&'a Arc<str>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bseat: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    wlang: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    wlangb: &'a [Arc<str>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    acat: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bcat: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cattax: Option<i32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    badv: Vec<&'a Arc<str>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bapp: &'a [Arc<str>],
}

/// Writes the body of a shape.
fn body(parts: &Parts<'_>, shape: &Shape<'_>) -> Vec<u8> {
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

fn head<'a>(parts: &Parts<'a>, shape: &Shape<'a>) -> Head<'a> {
    let Parts { request, plan, .. } = *parts;
    let terms = &plan.terms;
    let short = terms.languages.iter().all(|language| language.len() == 2);
    let (wlang, wlangb): (&[_], &[_]) =
        if short { (&terms.languages, &[]) } else { (&[], &terms.languages) };
    let told: Vec<&Part> = told(shape.imps).into_iter().map(|part| &plan.parts[part]).collect();
    let categories = blocks::categories(terms, &told);
    let (wseat, bseat) = blocks::seats(terms);
    let imps = shape
        .imps
        .iter()
        .map(|imp| imp::imp(request, plan, shape.dialect, imp, shape.deals(plan, imp.part)));
    Head {
        id: parts.id,
        imp: imps.collect(),
        at: at(terms.pricing),
        tmax: parts.left.0,
        cur: currencies(plan),
        test: u8::from(request.test),
        wseat,
        bseat,
        wlang,
        wlangb,
        acat: categories.allowed,
        bcat: categories.blocked,
        cattax: categories.taxonomy,
        badv: blocks::advertisers(&told),
        bapp: &terms.blocked_apps,
    }
}

/// Returns the currencies that bids can be compared in, the auction's own first.
fn currencies(plan: &Plan) -> Vec<&str> {
    let terms = &plan.terms;
    let others = terms.currencies.iter().filter(|currency| terms.rate(**currency).is_some());
    std::iter::once(&terms.currency).chain(others).map(|currency| currency.as_str()).collect()
}

/// Returns `at`, of a request or of a deal.
fn at(pricing: Pricing) -> u8 {
    match pricing {
        Pricing::First => 1,
        Pricing::Second => 2,
        Pricing::Fixed => 3,
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
