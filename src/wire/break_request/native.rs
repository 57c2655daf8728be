//! The native break request: JSON of our own around objects of OpenRTB (interface.md section 2).

use std::borrow::Cow;
use std::sync::Arc;

use openrtb::content::Content;
use openrtb::device::Device;
use openrtb::inventory::{App, Dooh, Site};
use openrtb::regs::Regs;
use openrtb::source::Source;
use openrtb::user::User;
use serde::Deserialize;

use crate::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults};
use crate::model::ids::{BreakId, SessionId, StreamId};
use crate::model::market::{Market, Publisher};
use crate::model::passthrough::Passthrough;
use crate::model::time::Millis;
use crate::wire::break_request::channel::{Inventory, assume_live};
use crate::wire::break_request::identity::Told;
use crate::wire::break_request::json::{self, Object, Whole};
use crate::wire::break_request::{Caller, Refusal, authorize, bounds, chain, validate};
use crate::wire::break_request::{instant, is_id, is_name, sha, unix_millis};
use crate::wire::cue;
use crate::wire::privacy::{self, Viewer};

/// The document; unknown members are ignored.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    placement: Cow<'a, str>,
    #[serde(borrow)]
    stream: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "break")]
    ad_break: Option<Object<Break<'a>>>,
    #[serde(borrow)]
    session: Option<Cow<'a, str>>,
    deadline_ms: Option<Whole>,
    #[serde(borrow)]
    stitching: Option<Cow<'a, str>>,
    #[serde(borrow)]
    device: Option<Device<'a>>,
    #[serde(borrow)]
    user: Option<User<'a>>,
    #[serde(borrow)]
    regs: Option<Regs<'a>>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow)]
    site: Option<Site<'a>>,
    #[serde(borrow)]
    app: Option<App<'a>>,
    #[serde(borrow)]
    dooh: Option<Dooh<'a>>,
    #[serde(borrow)]
    source: Option<Source<'a>>,
    cohort: Option<Whole>,
    test: Option<Whole>,
}

/// Its member `break`.
#[derive(Default, Deserialize)]
struct Break<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    duration_ms: Option<Whole>,
    offset_ms: Option<Whole>,
    #[serde(borrow)]
    start: Option<Start<'a>>,
    #[serde(borrow)]
    scte35: Option<Cow<'a, str>>,
}

/// An instant: RFC 3339 or Unix milliseconds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Start<'a> {
    Millis(u64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

/// Reads a native break request.
///
/// # Errors
///
/// JSON that is broken or too deep, a member that is missing or cannot be meant, an unknown
/// placement, or a caller that may not sell it.
pub fn native(body: &[u8], caller: &Caller<'_>, market: &Market) -> Result<BreakRequest, Refusal> {
    let mut scratch = Vec::new();
    let Object(document): Object<Document<'_>> = json::read(body, &mut scratch)?;
    let Some((placement, publisher)) = market.placement(&document.placement) else {
        return Err(Refusal::bad_field("placement", "no such placement"));
    };
    authorize(publisher, caller)?;
    check(&document)?;
    let session = document.session.as_deref().or(caller.playback_session);
    let session = session.filter(|session| is_name(session)).map(SessionId::new);
    let sha = sha(body);
    let ad_break = told(&document)?.ad_break(placement, session.as_ref(), &sha);
    let stitching = match document.stitching.as_deref() {
        None => None,
        Some(word) => Some(bounds::stitching(word).ok_or_else(|| {
            Refusal::bad_field("stitching", "neither server nor player nor client")
        })?),
    };
    let source = document.source.clone();
    let patience = document.deadline_ms.map(|patience| Millis(patience.0));
    let test = document.test.is_some_and(|test| test.0 == 1);
    let (viewer, inventory) = parts(document, caller, publisher);
    let cleared = privacy::clear(viewer);
    Ok(BreakRequest {
        door: Door::Native,
        request_id: None,
        arrived_at: caller.arrived_at,
        publisher: Arc::clone(publisher),
        placement: Arc::clone(placement),
        ad_break,
        imps: vec![AskedImp::whole(placement)],
        session,
        patience,
        stitching: stitching.unwrap_or_default(),
        asked: Asked::default(),
        passthrough: Passthrough {
            class: cleared.class,
            device: cleared.device,
            user: cleared.user,
            regs: cleared.regs,
            channel: inventory.piece(publisher),
            schain: chain::supply_chain(source.as_ref(), publisher, market),
            tid: source.and_then(|source| source.tid).map(|tid| tid.into_owned().into()),
        },
        viewer: cleared.facts,
        test,
        explain: false,
        sha,
        unbuilt: Vec::new(),
        faults: Faults::default(),
    })
}

/// Refuses what no caller can mean.
fn check(document: &Document<'_>) -> Result<(), Refusal> {
    let names = [("stream", &document.stream), ("session", &document.session)];
    for (path, name) in names {
        if name.as_deref().is_some_and(|name| !is_name(name)) {
            return Err(Refusal::bad_field(path, "not 1 to 256 printable ASCII characters"));
        }
    }
    if document.test.is_some_and(|test| 1 < test.0) {
        return Err(Refusal::bad_field("test", "neither 0 nor 1"));
    }
    validate::channels([document.site.is_some(), document.app.is_some(), document.dooh.is_some()])?;
    document.site.iter().try_for_each(validate::site)?;
    document.app.iter().try_for_each(validate::app)?;
    document.content.iter().try_for_each(|content| validate::content("content", content))?;
    document.user.iter().try_for_each(validate::user)?;
    document.device.iter().try_for_each(validate::device)
}

/// Reads what is told about the break.
fn told(document: &Document<'_>) -> Result<Told, Refusal> {
    let none = Break::default();
    let ad_break = document.ad_break.as_ref().map_or(&none, |Object(ad_break)| ad_break);
    if ad_break.id.as_deref().is_some_and(|id| !is_id(id)) {
        return Err(Refusal::bad_field("break.id", "not 1 to 64 printable ASCII characters"));
    }
    let start = ad_break.start.as_ref().map(|start| match start {
        Start::Millis(start) => unix_millis(*start),
        Start::Text(text) => instant(text),
    });
    if start == Some(None) {
        let detail = "neither RFC 3339 nor Unix milliseconds";
        return Err(Refusal::bad_field("break.start", detail));
    }
    let signal = ad_break.scte35.as_deref().filter(|text| !text.is_empty()).map(cue::tag_signal);
    let signal = signal.transpose().map_err(|e| Refusal::bad_field("break.scte35", e))?;
    Ok(Told {
        id: ad_break.id.as_deref().map(BreakId::new),
        index: None,
        stream: document.stream.as_deref().map(StreamId::new),
        signal,
        length: ad_break.duration_ms.map(|length| Millis(length.0)),
        offset: Millis(ad_break.offset_ms.map_or(0, |offset| offset.0)),
        start: start.flatten(),
    })
}

/// Takes the objects of OpenRTB out of the document.
fn parts<'a>(
    document: Document<'a>,
    caller: &Caller<'_>,
    publisher: &'a Publisher,
) -> (Viewer<'a>, Inventory<'a>) {
    let mut inventory = match (document.site, document.app, document.dooh) {
        (_, Some(app), _) => Inventory::App(app),
        (Some(site), None, _) => Inventory::Site(site),
        (None, None, Some(dooh)) => Inventory::Dooh(dooh),
        (None, None, None) => Inventory::of(publisher),
    };
    let content = inventory.content();
    if let Some(told) = document.content {
        *content = Some(Box::new(told));
    }
    assume_live(content.get_or_insert_default());
    let viewer = Viewer {
        device: document.device,
        user: document.user,
        regs: document.regs,
        gpc_header: caller.gpc,
        cohort: document.cohort.is_some_and(|viewers| 0 < viewers.0),
        gdpr_default: publisher.gdpr_default,
    };
    (viewer, inventory)
}
