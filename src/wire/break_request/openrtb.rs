//! The OpenRTB door: a bid request of an ad server or another exchange (decision 31).
//!
//! Every imp is sold on its own terms, and those that share a `podid` are one pod. A valid imp that
//! cannot be sold here (a kind that placements do not sell, a floor in a currency without a rate)
//! is no error: it is left out, and where no imp is left the request gets no fill. `unbuilt` then
//! names the members.

use std::borrow::Cow;
use std::sync::Arc;

use openrtb::device::Device;
use openrtb::ext::{Ext, Value};
use openrtb::imp::Imp;
use openrtb::request::BidRequest;

use crate::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults, Stitching};
use crate::model::category::Category;
use crate::model::ids::BreakId;
use crate::model::market::{Market, Placement, Publisher};
use crate::model::passthrough::Passthrough;
use crate::model::plan::Shape;
use crate::model::time::{MAX_BREAK, Millis, Seconds, UnixMillis};
use crate::wire::break_request::channel::Inventory;
use crate::wire::break_request::identity::Told;
use crate::wire::break_request::openrtb::floor::Rates;
use crate::wire::break_request::{
    Caller, Refusal, authorize, bounds, chain, json, may_explain, sha, unix_millis, validate,
};
use crate::wire::domain;
use crate::wire::privacy::{self, Viewer};

mod deal;
mod floor;
mod imp;
mod unbuilt;

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
    let (placements, publisher) = placements(&request, market)?;
    authorize(publisher, caller)?;
    let sha = sha(body);
    let explain = wants_explanation(request.ext.as_ref()) && may_explain(publisher, caller);
    let Sellable { first, imps, unbuilt } = sellable(&request, &placements, market, caller)?;
    let placement = Arc::clone(&imps[0].placement);
    let ad_break = told(&request.imp[first], &imps).ad_break(&placement, None, &sha);
    let asked = asked(&request);
    let source = request.source.as_ref();
    let schain = chain::supply_chain(source, publisher, market);
    let tid = source.and_then(|source| source.tid.as_deref()).map(Into::into);
    let request_id = Some(Arc::from(&*request.id));
    let stitching = stitching(request.imp[first].ssai);
    let patience = request.tmax.and_then(|tmax| u64::try_from(tmax).ok()).map(Millis);
    let test = request.test == Some(true);
    let (viewer, inventory) = parts(request, caller, publisher);
    let cleared = privacy::clear(viewer);
    Ok(BreakRequest {
        door: Door::OpenRtb,
        request_id,
        arrived_at: caller.arrived_at,
        publisher: Arc::clone(publisher),
        placement,
        ad_break,
        imps,
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

/// Finds the placement of each imp, all of one publisher.
fn placements<'m>(
    request: &BidRequest<'_>,
    market: &'m Market,
) -> Result<(Vec<&'m Arc<Placement>>, &'m Arc<Publisher>), Refusal> {
    let seller = seller(request);
    let mut placements = Vec::with_capacity(request.imp.len());
    let mut first: Option<&Arc<Publisher>> = None;
    for (index, imp) in request.imp.iter().enumerate() {
        let found = match imp.tagid.as_deref() {
            Some(tagid) => market.placement(tagid).ok_or("no such placement"),
            None => only_placement(seller, market).ok_or("needed to tell the placement"),
        };
        let path = || format!("imp[{index}].tagid");
        let (placement, publisher) = found.map_err(|detail| Refusal::bad_field(path(), detail))?;
        if first.get_or_insert(publisher).id != publisher.id {
            return Err(Refusal::bad_field(path(), "another publisher's placement"));
        }
        placements.push(placement);
    }
    let publisher = first.ok_or_else(|| Refusal::bad_field("imp", "an empty list"))?;
    Ok((placements, publisher))
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

/// What of a request can be sold.
struct Sellable {
    /// Where in the request the first of `imps` stands.
    first: usize,
    /// The imps that can be; all of them when none can. At least one.
    imps: Vec<AskedImp>,
    /// What keeps the request from being sold, sorted, without repeats.
    unbuilt: Vec<&'static str>,
}

/// Parts the imps that can be sold from those that cannot.
fn sellable(
    request: &BidRequest<'_>,
    placements: &[&Arc<Placement>],
    market: &Market,
    caller: &Caller<'_>,
) -> Result<Sellable, Refusal> {
    let rates = Rates::new(market, caller.arrived_at);
    let all = request.imp.iter().zip(placements);
    let all = all.map(|(imp, placement)| imp::asked(imp, placement, market, &rates)).enumerate();
    let (sold, others): (Vec<_>, Vec<_>) = all.partition(|(_, (_, unbuilt))| unbuilt.is_empty());
    let mut unbuilt: Vec<_> = unbuilt::of_request(request, market.currency).into_iter().collect();
    let kept = if sold.is_empty() {
        unbuilt.extend(others.iter().flat_map(|(_, (_, unbuilt))| unbuilt));
        others
    } else {
        sold
    };
    unbuilt.sort_unstable();
    unbuilt.dedup();
    let kept: Vec<_> = kept.into_iter().map(|(index, (imp, _))| (index, imp)).collect();
    pods_fit(&kept)?;
    let first = kept.first().map_or(0, |(index, _)| *index);
    Ok(Sellable { first, imps: kept.into_iter().map(|(_, imp)| imp).collect(), unbuilt })
}

/// Refuses a pod that its imps together make longer than any break.
///
/// One imp alone is narrowed instead; of several, nobody could say which is to give way.
fn pods_fit(imps: &[(usize, AskedImp)]) -> Result<(), Refusal> {
    for (at, (index, imp)) in imps.iter().enumerate() {
        if imp.pod.is_some() && longest_break() < seconds(imps[..=at].iter().map(|(_, it)| it), imp)
        {
            let member = if imp.shape == Shape::Stretch { "poddur" } else { "podid" };
            let detail = format!("its pod is longer than {} s", longest_break().0);
            return Err(Refusal::bad_field(format!("imp[{index}].video.{member}"), detail));
        }
    }
    Ok(())
}

/// Returns the seconds of those of `imps` that are in the pod of `member`.
fn seconds<'i>(imps: impl Iterator<Item = &'i AskedImp>, member: &AskedImp) -> Seconds {
    let pod = imps.filter(|imp| match &member.pod {
        Some(pod) => imp.pod.as_ref() == Some(pod),
        None => imp.id == member.id,
    });
    Seconds(pod.filter_map(|imp| imp.seconds).fold(0, |sum, it| sum.saturating_add(it.0)))
}

fn longest_break() -> Seconds {
    Seconds::nominal(MAX_BREAK)
}

/// Reads the break: the first pod of those that are sold.
fn told(first: &Imp<'_>, imps: &[AskedImp]) -> Told {
    let pod = seconds(imps.iter(), &imps[0]);
    Told {
        id: imps[0].pod.as_deref().map(BreakId::new),
        length: Some(pod.millis()),
        start: first.dt.and_then(instant),
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
///
/// `cur` leaves bidders every currency with a rate: the answer's prices are in the market's, the
/// only one that the caller meets.
fn asked(request: &BidRequest<'_>) -> Asked {
    let languages = request.wlang.as_ref().or(request.wlangb.as_ref());
    let taxonomy = request.cattax.unwrap_or(bounds::DEFAULT_TAXONOMY);
    let categories = |list: &Option<Vec<Cow<'_, str>>>| -> Vec<Category> {
        let ids = list.iter().flatten().map(|id| id.trim()).filter(|id| !id.is_empty());
        ids.map(|id| Category { taxonomy, id: id.into() }).collect()
    };
    Asked {
        currencies: None,
        blocked_advertisers: domains(request.badv.as_deref()),
        blocked_categories: categories(&request.bcat),
        allowed_categories: categories(&request.acat),
        allowed_seats: shared(request.wseat.as_deref()),
        blocked_seats: shared(request.bseat.as_deref()),
        blocked_apps: shared(request.bapp.as_deref()),
        languages: shared(languages.map(Vec::as_slice)),
    }
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

/// Returns domains as they are compared; `validate` has refused what is none.
fn domains(list: Option<&[Cow<'_, str>]>) -> Vec<Arc<str>> {
    list.unwrap_or_default().iter().filter_map(|text| domain::plain(text)).map(Arc::from).collect()
}

/// Numbers below are seconds: as milliseconds they would lie in 1973.
const LEAST_MILLIS: u64 = 100_000_000_000;
