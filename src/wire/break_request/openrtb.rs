//! The OpenRTB door: a bid request of an ad server or another exchange (decision 31).
//!
//! A valid request that needs what this exchange does not do yet is no error: `unbuilt` names the
//! members, and such a request gets no fill. An imp of a kind that placements do not sell is
//! named there too (`imp[0].banner`, `.audio`, `.native`).

use std::borrow::Cow;
use std::sync::Arc;

use openrtb::device::Device;
use openrtb::ext::{Ext, Value};
use openrtb::imp::Imp;
use openrtb::request::BidRequest;
use openrtb::video::Video;

use crate::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults, Stitching};
use crate::model::floor::Floor;
use crate::model::ids::{BreakId, StreamId};
use crate::model::market::{Lengths, Market, Placement, Publisher};
use crate::model::money::Currency;
use crate::model::passthrough::Passthrough;
use crate::model::plan::Shape;
use crate::model::time::{Millis, Seconds, UnixMillis};
use crate::wire::break_request::channel::Inventory;
use crate::wire::break_request::identity::Told;
use crate::wire::break_request::{
    Caller, Refusal, authorize, bounds, chain, json, may_explain, sha, unix_millis, validate,
};
use crate::wire::price;
use crate::wire::privacy::{self, Viewer};

/// Reads an OpenRTB bid request.
///
/// # Errors
///
/// JSON that is broken or too deep, a member that is missing or cannot be meant, an imp whose
/// placement cannot be told, or a caller that may not sell it.
pub fn openrtb(body: &[u8], caller: &Caller<'_>, market: &Market) -> Result<BreakRequest, Refusal> {
    let mut scratch = Vec::new();
    let request: BidRequest<'_> = json::read(body, &mut scratch)?;
    validate::request(&request)?;
    let (placement, publisher) = placement(&request, market)?;
    authorize(publisher, caller)?;
    let sha = sha(body);
    let explain = wants_explanation(request.ext.as_ref()) && may_explain(publisher, caller);
    let unbuilt = unbuilt(&request, market.currency);
    let imp = &request.imp[0];
    let ad_break = told(imp).ad_break(placement, None, &sha);
    let asked_imp = asked_imp(imp, placement, market.currency);
    let asked = asked(&request);
    let source = request.source.as_ref();
    let schain = chain::supply_chain(source, publisher, market);
    let tid = source.and_then(|source| source.tid.as_deref()).map(Into::into);
    let request_id = Some(Arc::from(&*request.id));
    let stitching = stitching(imp.ssai);
    let patience = request.tmax.and_then(|tmax| u64::try_from(tmax).ok()).map(Millis);
    let test = request.test == Some(true);
    let (viewer, inventory) = parts(request, caller, publisher);
    let cleared = privacy::clear(viewer);
    Ok(BreakRequest {
        door: Door::OpenRtb,
        request_id,
        arrived_at: caller.arrived_at,
        publisher: Arc::clone(publisher),
        placement: Arc::clone(placement),
        ad_break,
        imps: vec![asked_imp],
        session: None,
        patience,
        stitching,
        asked,
        passthrough: Passthrough {
            class: cleared.class,
            device: cleared.device,
            user: cleared.user,
            regs: cleared.regs,
            channel: inventory.piece(publisher),
            schain,
            tid,
        },
        viewer: cleared.facts,
        test,
        explain,
        sha,
        unbuilt,
        faults: Faults::default(),
    })
}

/// Finds the placement of the first imp; those of the others must be the same publisher's.
fn placement<'m>(
    request: &BidRequest<'_>,
    market: &'m Market,
) -> Result<(&'m Arc<Placement>, &'m Arc<Publisher>), Refusal> {
    let seller = seller(request);
    let mut first: Option<(&Arc<Placement>, &Arc<Publisher>)> = None;
    for (index, imp) in request.imp.iter().enumerate() {
        let found = match imp.tagid.as_deref() {
            Some(tagid) => market.placement(tagid).ok_or("no such placement"),
            None => only_placement(seller, market).ok_or("needed to tell the placement"),
        };
        let path = || format!("imp[{index}].tagid");
        let found = found.map_err(|detail| Refusal::bad_field(path(), detail))?;
        let first = *first.get_or_insert(found);
        if first.1.id != found.1.id {
            return Err(Refusal::bad_field(path(), "another publisher's placement"));
        }
    }
    first.ok_or_else(|| Refusal::bad_field("imp", "an empty list"))
}

/// Returns the publisher that the channel names.
fn seller<'r>(request: &'r BidRequest<'_>) -> Option<&'r str> {
    let site = request.site.as_ref().and_then(|site| site.publisher.as_ref());
    let app = request.app.as_ref().and_then(|app| app.publisher.as_ref());
    let dooh = request.dooh.as_ref().and_then(|dooh| dooh.publisher.as_ref());
    site.or(app).or(dooh)?.id.as_deref()
}

/// Returns the placement of a publisher that has one only.
fn only_placement<'m>(
    seller: Option<&str>,
    market: &'m Market,
) -> Option<(&'m Arc<Placement>, &'m Arc<Publisher>)> {
    let seller = seller?;
    let mut own = market.placements.values().filter(|it| it.publisher.as_str() == seller);
    match (own.next(), own.next()) {
        (Some(only), None) => market.placement(only.id.as_str()),
        _ => None,
    }
}

fn wants_explanation(ext: Option<&Ext<'_>>) -> bool {
    let ours = ext.and_then(|ext| ext.get("breakwater")).and_then(Value::as_object);
    let explain = ours.and_then(|ours| ours.get("explain"));
    explain.is_some_and(|it| it.as_bool() == Some(true) || it.as_i64() == Some(1))
}

/// Names what the request needs and this exchange does not do yet.
fn unbuilt(request: &BidRequest<'_>, currency: Currency) -> Vec<&'static str> {
    let imp = &request.imp[0];
    let offered = |codes: &[Cow<'_, str>]| codes.iter().any(|code| *code == currency.as_str());
    let floor = imp.bidfloor.is_some_and(|floor| 0.0 < floor);
    let deals = imp.pmp.as_ref().is_some_and(|pmp| {
        pmp.private_auction == Some(true) || pmp.deals.as_ref().is_some_and(|it| !it.is_empty())
    });
    let needs = [
        ("acat", request.acat.is_some()),
        ("bcat", is_filled(request.bcat.as_deref())),
        ("cur", request.cur.as_deref().is_some_and(|codes| !offered(codes))),
        ("imp[1]", 1 < request.imp.len()),
        ("imp[0].bidfloorcur", floor && floor_currency(imp) != currency.as_str()),
        ("imp[0].pmp", deals),
        ("imp[0].qty", imp.qty.is_some()),
    ];
    let mut unbuilt: Vec<_> =
        needs.into_iter().filter(|(_, it)| *it).map(|(path, _)| path).collect();
    match &imp.video {
        Some(video) => unbuilt.extend(unbuilt_video(video)),
        None => unbuilt.push(kind(imp)),
    }
    unbuilt
}

fn unbuilt_video<'v>(video: &'v Video<'_>) -> impl Iterator<Item = &'static str> + 'v {
    let wrappers = video.protocols.as_deref().is_some_and(|it| bounds::inline_only(it).is_empty());
    let dedupe = video.poddedupe.iter().flatten().any(|&rule| rule != NO_DEDUPE);
    let needs = [
        ("imp[0].video.durfloors", is_filled(video.durfloors.as_deref())),
        ("imp[0].video.linearity", video.linearity == Some(NON_LINEAR)),
        ("imp[0].video.mincpmpersec", video.mincpmpersec.is_some_and(|floor| 0.0 < floor)),
        ("imp[0].video.poddedupe", dedupe),
        ("imp[0].video.protocols", wrappers),
    ];
    needs.into_iter().filter(|(_, it)| *it).map(|(path, _)| path)
}

/// Names the kind of an imp without video.
fn kind(imp: &Imp<'_>) -> &'static str {
    if imp.audio.is_some() {
        "imp[0].audio"
    } else if imp.banner.is_some() {
        "imp[0].banner"
    } else {
        "imp[0].native"
    }
}

fn floor_currency<'i>(imp: &'i Imp<'_>) -> &'i str {
    imp.bidfloorcur.as_deref().unwrap_or("USD")
}

/// Reads the break: the pod, or the one slot of an imp without `poddur`.
fn told(imp: &Imp<'_>) -> Told {
    let video = imp.video.as_deref();
    let seconds = video.and_then(|video| {
        let longest = video.rqddurs.iter().flatten().max().copied();
        video.poddur.or(longest).or(video.maxduration)
    });
    let start = imp.dt.and_then(instant);
    Told {
        id: video.and_then(|video| video.podid.as_deref()).map(BreakId::new),
        stream: None::<StreamId>,
        length: seconds.and_then(|it| u32::try_from(it).ok()).map(|it| Seconds(it).millis()),
        start,
        ..Told::default()
    }
}

/// Reads an instant of Unix milliseconds; some callers write seconds.
fn instant(number: f64) -> Option<UnixMillis> {
    let whole: u64 = format!("{number:.0}").parse().ok()?;
    let millis = if whole < LEAST_MILLIS { whole.saturating_mul(1000) } else { whole };
    if millis == 0 { None } else { unix_millis(millis) }
}

/// Reads the bounds on all imps.
fn asked(request: &BidRequest<'_>) -> Asked {
    let lower = |list: &Option<Vec<Cow<'_, str>>>| -> Vec<Arc<str>> {
        list.iter().flatten().map(|text| text.to_ascii_lowercase().into()).collect()
    };
    let languages = request.wlang.as_ref().or(request.wlangb.as_ref());
    Asked {
        blocked_advertisers: lower(&request.badv),
        allowed_seats: shared(request.wseat.as_deref()),
        blocked_seats: shared(request.bseat.as_deref()),
        blocked_apps: shared(request.bapp.as_deref()),
        languages: shared(languages.map(Vec::as_slice)),
        ..Asked::default()
    }
}

/// Reads the bounds on one imp.
fn asked_imp(imp: &Imp<'_>, placement: &Arc<Placement>, currency: Currency) -> AskedImp {
    let floor = imp.bidfloor.filter(|_| floor_currency(imp) == currency.as_str());
    let mut asked = AskedImp {
        id: Some(Arc::from(&*imp.id)),
        floor: floor.and_then(price::floor).map(Floor::Fixed),
        secure: imp.secure,
        ..AskedImp::whole(placement)
    };
    if let Some(video) = &imp.video {
        bound_by_video(&mut asked, video);
    }
    asked
}

fn bound_by_video(asked: &mut AskedImp, video: &Video<'_>) {
    let number = |number: Option<i32>| number.and_then(|it| u32::try_from(it).ok());
    let size = number(video.w).zip(number(video.h));
    asked.shape = if video.is_dynamic() { Shape::Stretch } else { Shape::Slot };
    let slots = if video.is_dynamic() { video.maxseq } else { Some(1) };
    asked.max_ads = slots.map(|most| u16::try_from(most).unwrap_or(u16::MAX));
    asked.lengths = match &video.rqddurs {
        Some(lengths) => Some(exact(lengths)),
        None => bounds::range(number(video.minduration), number(video.maxduration)),
    };
    asked.mimes = shared(Some(&video.mimes));
    asked.protocols = bounds::inline_only(video.protocols.as_deref().unwrap_or_default());
    asked.apis = video.api.clone().unwrap_or_default();
    asked.blocked_attributes = video.battr.clone().unwrap_or_default();
    asked.size = size.filter(|(width, height)| 0 < *width && 0 < *height);
    asked.skip = video.skip;
    asked.start_delay = video.startdelay;
    asked.pod_sequence = video.podseq;
}

/// Returns the lengths of a list, which `validate` found filled and positive.
fn exact(lengths: &[i32]) -> Lengths {
    let seconds = lengths.iter().filter_map(|it| u32::try_from(*it).ok()).map(Seconds);
    let mut seconds: Vec<_> = seconds.collect();
    seconds.sort_unstable();
    seconds.dedup();
    Lengths::Exact(seconds)
}

fn stitching(ssai: Option<i32>) -> Stitching {
    match ssai {
        Some(1) => Stitching::Client,
        Some(2) => Stitching::Player,
        Some(3) => Stitching::Server,
        _ => Stitching::Unknown,
    }
}

/// Takes viewer and channel out of the request.
fn parts<'a>(
    request: BidRequest<'a>,
    caller: &Caller<'_>,
    publisher: &'a Publisher,
) -> (Viewer<'a>, Inventory<'a>) {
    let inventory = match (request.site, request.app, request.dooh) {
        (Some(site), _, _) => Inventory::Site(*site),
        (None, Some(app), _) => Inventory::App(*app),
        (None, None, Some(dooh)) => Inventory::Dooh(*dooh),
        (None, None, None) => Inventory::of(publisher),
    };
    let viewer = Viewer {
        device: request.device.map(|device: Box<Device<'_>>| *device),
        user: request.user.map(|user| *user),
        regs: request.regs,
        gpc_header: caller.gpc,
        cohort: false,
        gdpr_default: publisher.gdpr_default,
    };
    (viewer, inventory)
}

fn shared(list: Option<&[Cow<'_, str>]>) -> Vec<Arc<str>> {
    list.unwrap_or_default().iter().map(|text| Arc::from(&**text)).collect()
}

fn is_filled<T>(list: Option<&[T]>) -> bool {
    list.is_some_and(|list| !list.is_empty())
}

/// `linearity` of an ad beside the content.
const NON_LINEAR: i32 = 2;

/// `poddedupe`: ads may repeat.
const NO_DEDUPE: i32 = 5;

/// Numbers below are seconds: as milliseconds they would lie in 1973.
const LEAST_MILLIS: u64 = 100_000_000_000;
