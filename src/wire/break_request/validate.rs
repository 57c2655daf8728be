//! What no caller can mean, found in objects of OpenRTB and named by its path.
//!
//! Types and required members are the reader's work; here are ids, ranges, and members that
//! exclude each other (openrtb.md section 1).

use std::borrow::Cow;

use openrtb::content::Content;
use openrtb::device::Device;
use openrtb::inventory::{App, Site};
use openrtb::request::BidRequest;
use openrtb::user::User;

use crate::wire::break_request::{Refusal, is_id};
use crate::wire::domain;

mod imp;

/// Checks all that is read of a bid request.
pub(super) fn request(request: &BidRequest<'_>) -> Result<(), Refusal> {
    id("id", &request.id)?;
    if request.imp.is_empty() {
        return Err(Refusal::bad_field("imp", "an empty list"));
    }
    if MAX_IMPS < request.imp.len() {
        return Err(Refusal::too_complex(Some("imp"), format!("more than {MAX_IMPS}")));
    }
    at_least("tmax", request.tmax, 0)?;
    channels([request.site.is_some(), request.app.is_some(), request.dooh.is_some()])?;
    exclusive("bseat", request.wseat.is_some(), request.bseat.is_some())?;
    exclusive("wlangb", request.wlang.is_some(), request.wlangb.is_some())?;
    exclusive("bcat", request.acat.is_some(), request.bcat.is_some())?;
    categories("acat", request.acat.as_deref())?;
    categories("bcat", request.bcat.as_deref())?;
    let badv = request.badv.as_deref().unwrap_or_default();
    // An empty text blocks nobody.
    domains("badv", badv, |text| text.trim().is_empty())?;
    filled("acat", request.acat.as_deref())?;
    filled("cur", request.cur.as_deref())?;
    filled("wseat", request.wseat.as_deref())?;
    filled("wlang", request.wlang.as_deref())?;
    filled("wlangb", request.wlangb.as_deref())?;
    request.site.iter().try_for_each(|it| site(it))?;
    request.app.iter().try_for_each(|it| app(it))?;
    if let Some(told) = request.dooh.as_ref().and_then(|dooh| dooh.content.as_deref()) {
        content("dooh.content", told)?;
    }
    request.device.iter().try_for_each(|it| device(it))?;
    request.user.iter().try_for_each(|it| user(it))?;
    imp::all(&request.imp)
}

/// Refuses more than one channel; the order is site, app, dooh.
pub(super) fn channels(present: [bool; 3]) -> Result<(), Refusal> {
    let mut named = ["site", "app", "dooh"].into_iter().zip(present).filter(|(_, it)| *it);
    match (named.next(), named.next()) {
        (Some(_), Some((second, _))) => {
            Err(Refusal::bad_field(second, "one of site, app and dooh only"))
        }
        _ => Ok(()),
    }
}

/// Checks a website.
pub(super) fn site(site: &Site<'_>) -> Result<(), Refusal> {
    exclusive("site.kwarray", site.keywords.is_some(), site.kwarray.is_some())?;
    site.content.iter().try_for_each(|it| content("site.content", it))
}

/// Checks an app.
pub(super) fn app(app: &App<'_>) -> Result<(), Refusal> {
    exclusive("app.kwarray", app.keywords.is_some(), app.kwarray.is_some())?;
    app.content.iter().try_for_each(|it| content("app.content", it))
}

/// Checks content that stands at `path`.
pub(super) fn content(path: &str, content: &Content<'_>) -> Result<(), Refusal> {
    let at = |member: &str| format!("{path}.{member}");
    exclusive(&at("kwarray"), content.keywords.is_some(), content.kwarray.is_some())?;
    exclusive(&at("langb"), content.language.is_some(), content.langb.is_some())?;
    at_least(&at("len"), content.len, 0)
}

/// Checks a device.
pub(super) fn device(device: &Device<'_>) -> Result<(), Refusal> {
    exclusive("device.langb", device.language.is_some(), device.langb.is_some())?;
    at_least("device.w", device.w, 0)?;
    at_least("device.h", device.h, 0)?;
    at_least("device.ppi", device.ppi, 0)?;
    let Some(geo) = &device.geo else { return Ok(()) };
    within("device.geo.lat", geo.lat, 90.0)?;
    within("device.geo.lon", geo.lon, 180.0)
}

/// Checks a viewer.
pub(super) fn user(user: &User<'_>) -> Result<(), Refusal> {
    exclusive("user.kwarray", user.keywords.is_some(), user.kwarray.is_some())
}

/// Checks a list of categories; an empty text in it says nothing.
fn categories(path: &str, list: Option<&[Cow<'_, str>]>) -> Result<(), Refusal> {
    short(path, list, MAX_CATEGORIES)?;
    for (index, text) in list.unwrap_or_default().iter().enumerate() {
        let text = text.trim();
        if !text.is_empty() {
            id(&format!("{path}[{index}]"), text)?;
        }
    }
    Ok(())
}

/// Refuses what is no domain: nobody could say whom it stands for.
fn domains(
    path: &str,
    list: &[Cow<'_, str>],
    passes: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    let wrong = |text: &Cow<'_, str>| !passes(text) && domain::plain(text).is_none();
    match list.iter().position(wrong) {
        Some(index) => Err(Refusal::bad_field(format!("{path}[{index}]"), "not a domain")),
        None => Ok(()),
    }
}

fn id(path: &str, text: &str) -> Result<(), Refusal> {
    let detail = "not 1 to 64 printable ASCII characters";
    if is_id(text) { Ok(()) } else { Err(Refusal::bad_field(path, detail)) }
}

fn at_least(path: &str, number: Option<i32>, least: i32) -> Result<(), Refusal> {
    match number {
        Some(number) if number < least => {
            Err(Refusal::bad_field(path, format!("{number} is below {least}")))
        }
        _ => Ok(()),
    }
}

fn within(path: &str, number: Option<f64>, most: f64) -> Result<(), Refusal> {
    match number {
        Some(number) if most < number.abs() => {
            Err(Refusal::bad_field(path, format!("beyond {most}")))
        }
        _ => Ok(()),
    }
}

/// Refuses two members that exclude each other; `path` is the second.
fn exclusive(path: &str, first: bool, second: bool) -> Result<(), Refusal> {
    if first && second {
        return Err(Refusal::bad_field(path, "excluded by another member"));
    }
    Ok(())
}

/// Refuses an empty list where it would mean "nothing at all".
fn filled<T>(path: &str, list: Option<&[T]>) -> Result<(), Refusal> {
    match list {
        Some([]) => Err(Refusal::bad_field(path, "an empty list")),
        _ => Ok(()),
    }
}

/// Refuses a list whose every entry would be held against every bid.
fn short<T>(path: &str, list: Option<&[T]>, most: usize) -> Result<(), Refusal> {
    match list {
        Some(list) if most < list.len() => {
            Err(Refusal::too_complex(Some(path), format!("more than {most}")))
        }
        _ => Ok(()),
    }
}

/// The most categories blocked or allowed: more than any taxonomy of ads has.
const MAX_CATEGORIES: usize = 1024;

/// The most imps of a request.
const MAX_IMPS: usize = 20;
