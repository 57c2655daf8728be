//! Viewer and content as the parameters of a tag tell them.

use std::borrow::Cow;
use std::net::IpAddr;

use openrtb::content::Content;
use openrtb::device::Device;
use openrtb::ext::Ext;
use openrtb::inventory::{App, Site};
use openrtb::regs::Regs;
use openrtb::user::User;

use crate::model::market::Publisher;
use crate::wire::break_request::Caller;
use crate::wire::break_request::channel::{GENRE_TAXONOMY, Inventory, assume_live, genres};
use crate::wire::break_request::query::{Query, flag};
use crate::wire::privacy::Viewer;

/// Reads device, user and consent; without `ip` and `ua` the caller itself is the device.
pub(super) fn viewer<'a>(
    query: &'a Query<'_>,
    caller: &'a Caller<'_>,
    publisher: &Publisher,
) -> Viewer<'a> {
    let user = User { consent: query.text(&["consent"]).map(Cow::Borrowed), ..User::default() };
    Viewer {
        device: Some(device(query, caller)),
        user: Some(user),
        regs: Some(regs(query)),
        gpc_header: caller.gpc,
        cohort: false,
        gdpr_default: publisher.gdpr_default,
    }
}

/// Reads the content and where it is shown: in the app, else on the site, else on the
/// publisher's own site.
pub(super) fn inventory<'a>(query: &'a Query<'_>, publisher: &'a Publisher) -> Inventory<'a> {
    let text = |key: &str| query.text(&[key]).map(Cow::Borrowed);
    let (bundle, name) = (text("app_bundle"), text("app_name"));
    let id = text("csid");
    let mut inventory = if bundle.is_some() || name.is_some() {
        Inventory::App(App { id, name, bundle, ..App::default() })
    } else {
        let own = || Cow::Borrowed(&*publisher.domain);
        let domain = Some(text("site_domain").unwrap_or_else(own));
        Inventory::Site(Site { id, domain, ..Site::default() })
    };
    *inventory.content() = Some(Box::new(content(query)));
    inventory
}

fn device<'a>(query: &'a Query<'_>, caller: &'a Caller<'_>) -> Device<'a> {
    let mut device = Device {
        ua: query.text(&["ua"]).or(caller.user_agent).map(Cow::Borrowed),
        lmt: query.parse(&["lmt"], flag),
        devicetype: query.parse(&["devicetype"], |text| text.parse().ok().filter(|kind| 0 < *kind)),
        ifa: query.text(&["ifa"]).map(Cow::Borrowed),
        ..Device::default()
    };
    device.devicetype = device.devicetype.or_else(|| device.ua.as_deref().and_then(kind));
    if let Some(kind) = query.text(&["ifa_type"]) {
        let mut ext = Ext::new();
        ext.insert("ifa_type", kind);
        device.ext = Some(ext);
    }
    // A stitcher on this machine is nobody's viewer.
    let peer = Some(caller.peer).filter(|peer| !peer.to_canonical().is_loopback());
    match query.parse(&["ip"], address).or(peer).map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => device.ip = Some(Cow::Owned(address.to_string())),
        Some(IpAddr::V6(address)) => device.ipv6 = Some(Cow::Owned(address.to_string())),
        None => {}
    }
    device
}

fn regs<'a>(query: &'a Query<'_>) -> Regs<'a> {
    Regs {
        coppa: query.parse(&["coppa"], flag),
        gdpr: query.parse(&["gdpr"], flag),
        us_privacy: query.text(&["us_privacy"]).map(Cow::Borrowed),
        gpp: query.text(&["gpp"]).map(Cow::Borrowed),
        gpp_sid: query.parse(&["gpp_sid"], |text| {
            text.split([',', '_']).map(|part| part.trim().parse().ok()).collect()
        }),
        ext: None,
    }
}

fn content<'a>(query: &'a Query<'_>) -> Content<'a> {
    let text = |keys: &[&str]| query.text(keys).map(Cow::Borrowed);
    let genre = query.text(&["genre"]);
    let genres = genre.map(genres).filter(|genres| !genres.is_empty());
    let mut content = Content {
        id: text(&["content_id", "caid"]),
        title: text(&["title"]),
        series: text(&["series"]),
        genre: genre.map(Cow::Borrowed),
        gtax: genres.as_ref().map(|_| GENRE_TAXONOMY),
        genres,
        contentrating: text(&["rating"]),
        language: text(&["language"]),
        ..Content::default()
    };
    assume_live(&mut content);
    content
}

/// Reads an address; one of IPv6 may stand in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok()
}

/// Guesses the kind of a device from its user agent, where there is little doubt.
fn kind(agent: &str) -> Option<i32> {
    KINDS.iter().find(|(mark, _)| agent.contains(mark)).map(|&(_, kind)| kind)
}

/// Marks of user agents, the most telling first, with OpenRTB `devicetype`s.
const KINDS: [(&str, i32); 20] = [
    ("SmartTV", 3),
    ("SMART-TV", 3),
    ("Smart TV", 3),
    ("AppleTV", 3),
    ("Apple TV", 3),
    ("Tizen", 3),
    ("Web0S", 3),
    ("BRAVIA", 3),
    ("HbbTV", 3),
    ("GoogleTV", 3),
    ("Android TV", 3),
    ("Roku", 3),
    ("AFT", 3),
    ("CrKey", 3),
    ("iPad", 5),
    ("Tablet", 5),
    ("iPhone", 4),
    ("Mobile", 4),
    ("Windows NT", 2),
    ("Macintosh", 2),
];
