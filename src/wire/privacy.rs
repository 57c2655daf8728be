//! What bidders may learn of a viewer: the one table of removals (decision 37).
//!
//! It turns the viewer's objects into the JSON texts that `bid_request` sends on, so nothing that
//! was taken out here can reach a bidder. Consent strings are passed on and not yet read: one
//! that could refuse is taken for a refusal. See openrtb.md section 10.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use openrtb::device::{BrandVersion, Device, Geo, UserAgent};
use openrtb::regs::Regs;
use openrtb::user::User;

use crate::model::passthrough::{PrivacyClass, ViewerFacts};

/// What a request says of its viewer.
#[derive(Debug, Default)]
pub struct Viewer<'a> {
    /// The viewer's device.
    pub device: Option<Device<'a>>,
    /// The viewer.
    pub user: Option<User<'a>>,
    /// The signals of consent.
    pub regs: Option<Regs<'a>>,
    /// Whether the caller sent `Sec-GPC: 1`.
    pub gpc_header: bool,
    /// Whether one decision serves many viewers, so that none may be named.
    pub cohort: bool,
    /// What an absent `gdpr` means.
    pub gdpr_default: bool,
}

/// The viewer as it may be passed on and kept.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Cleared {
    /// What was allowed.
    pub class: PrivacyClass,
    /// `device` as JSON.
    pub device: Option<Box<str>>,
    /// `user` as JSON.
    pub user: Option<Box<str>>,
    /// `regs` as JSON.
    pub regs: Option<Box<str>>,
    /// What the record keeps.
    pub facts: ViewerFacts,
}

/// Applies the table to a viewer.
#[must_use]
pub fn clear(mut viewer: Viewer<'_>) -> Cleared {
    settle_places(&mut viewer);
    let facts = facts(&viewer);
    let class = class(&viewer, &facts);
    let device = viewer.device.map(|device| match class {
        PrivacyClass::Open => device,
        PrivacyClass::Restricted => restricted_device(device),
    });
    let device = if viewer.cohort { device.map(without_address) } else { device };
    let user = viewer.user.map(|user| match class {
        PrivacyClass::Open => user,
        PrivacyClass::Restricted => restricted_user(user),
    });
    Cleared { class, device: text(device), user: text(user), regs: text(viewer.regs), facts }
}

/// Returns the network of an address: the first 24 bits, or 48 of an IPv6 one.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("{}/24", cut_v4(address)),
        IpAddr::V6(address) => format!("{}/48", cut_v6(address, 48)),
    }
}

// The table. What is not named is dropped, so a field added later is dropped until it is weighed;
// `ext` is never named.

/// Keeps of a device what describes its kind, and cuts its addresses.
fn restricted_device(device: Device<'_>) -> Device<'_> {
    Device {
        geo: device.geo.map(|geo| Box::new(restricted_geo(*geo))),
        dnt: device.dnt,
        lmt: device.lmt,
        ua: device.ua,
        sua: device.sua.map(|agent| Box::new(restricted_agent(*agent))),
        ip: device.ip.and_then(|address| cut(&address)),
        ipv6: device.ipv6.and_then(|address| cut(&address)),
        devicetype: device.devicetype,
        make: device.make,
        model: device.model,
        os: device.os,
        osv: device.osv,
        hwv: device.hwv,
        h: device.h,
        w: device.w,
        ppi: device.ppi,
        pxratio: device.pxratio,
        js: device.js,
        geofetch: device.geofetch,
        language: device.language,
        langb: device.langb,
        connectiontype: device.connectiontype,
        ..Device::default()
    }
}

/// Keeps of a place the country and the region.
fn restricted_geo(geo: Geo<'_>) -> Geo<'_> {
    Geo {
        r#type: geo.r#type,
        ipservice: geo.ipservice,
        country: geo.country,
        region: geo.region,
        utcoffset: geo.utcoffset,
        ..Geo::default()
    }
}

/// Keeps of a user agent all but the extensions.
fn restricted_agent(agent: UserAgent<'_>) -> UserAgent<'_> {
    UserAgent {
        browsers: agent.browsers.map(|parts| parts.into_iter().map(bare).collect()),
        platform: agent.platform.map(bare),
        ext: None,
        ..agent
    }
}

fn bare(part: BrandVersion<'_>) -> BrandVersion<'_> {
    BrandVersion { ext: None, ..part }
}

/// Keeps of a user the consent string only, which others read.
fn restricted_user(user: User<'_>) -> User<'_> {
    User { consent: user.consent, ..User::default() }
}

/// Takes out what tells one viewer of a cohort from another.
fn without_address(device: Device<'_>) -> Device<'_> {
    Device { ip: None, ipv6: None, ifa: None, ..device }
}

// End of the table.

/// Says what may be passed on.
fn class(viewer: &Viewer<'_>, facts: &ViewerFacts) -> PrivacyClass {
    let dnt = viewer.device.as_ref().and_then(|device| device.dnt);
    let said = [facts.coppa, facts.lmt, dnt, facts.gpc, facts.us_opt_out];
    let gdpr = facts.gdpr.unwrap_or(viewer.gdpr_default);
    let opted_out = said.contains(&Some(true));
    let restricted =
        gdpr || opted_out || viewer.cohort || viewer.regs.as_ref().is_some_and(unread_gpp);
    if restricted { PrivacyClass::Restricted } else { PrivacyClass::Open }
}

/// Says whether GPP says something that is not read here, and so may be a refusal.
///
/// Read is the section of the US privacy string only: every other one that applies, and a string
/// without it, is taken for a refusal. Without `gpp_sid` every section of the string may apply.
fn unread_gpp(regs: &Regs<'_>) -> bool {
    let applying = regs.gpp_sid.as_deref().unwrap_or_default();
    let gpp = regs.gpp.as_deref().filter(|gpp| !gpp.is_empty());
    let read = match gpp {
        None if applying.is_empty() => return false,
        None => regs.us_privacy.as_deref().and_then(sale_opt_out).is_some(),
        Some(gpp) => {
            let mut sections = gpp_sections(gpp).map(sale_opt_out).peekable();
            let some = sections.peek().is_some();
            match applying.is_empty() {
                true => some && sections.all(|said| said.is_some()),
                false => sections.any(|said| said.is_some()),
            }
        }
    };
    !read || applying.iter().any(|section| *section != GPP_US_PRIVACY)
}

/// Returns the sections of a GPP string, which stand after its header.
fn gpp_sections(gpp: &str) -> impl Iterator<Item = &str> {
    gpp.split('~').skip(1)
}

/// Reads what the record keeps, before anything is removed.
fn facts(viewer: &Viewer<'_>) -> ViewerFacts {
    let device = viewer.device.as_ref();
    let regs = viewer.regs.as_ref();
    let addresses = device.map(|device| [&device.ip, &device.ipv6]).into_iter().flatten();
    let address = addresses.flatten().find_map(|text| text.parse().ok());
    let country = device.and_then(|device| device.geo.as_ref()?.country.as_deref());
    let kind = device.and_then(|device| device.devicetype);
    ViewerFacts {
        network: address.filter(|_| !viewer.cohort).map(|address| network(address).into()),
        country: country.filter(|code| is_country(code)).map(Into::into),
        device_type: kind.and_then(|kind| u32::try_from(kind).ok()),
        gdpr: regs.and_then(|regs| regs.gdpr),
        coppa: regs.and_then(|regs| regs.coppa),
        lmt: device.and_then(|device| device.lmt),
        gpc: gpc(viewer),
        us_opt_out: regs.and_then(us_opt_out),
    }
}

/// Reads `Sec-GPC`, from the header or from its copy in `regs.ext.gpc`.
fn gpc(viewer: &Viewer<'_>) -> Option<bool> {
    if viewer.gpc_header {
        return Some(true);
    }
    let copy = viewer.regs.as_ref()?.ext.as_ref()?.get("gpc")?;
    let on = copy.as_str() == Some("1") || copy.as_i64() == Some(1) || copy.as_bool() == Some(true);
    Some(on)
}

/// Reads the sale opt-out of a US privacy string, in its own member or inside a GPP string.
fn us_opt_out(regs: &Regs<'_>) -> Option<bool> {
    let own = regs.us_privacy.as_deref().and_then(sale_opt_out);
    let in_gpp = regs.gpp.as_deref().into_iter().flat_map(gpp_sections);
    let said = own.into_iter().chain(in_gpp.filter_map(sale_opt_out));
    said.reduce(|one, other| one || other)
}

/// Reads the third character of a US privacy string such as `1YNN`.
fn sale_opt_out(text: &str) -> Option<bool> {
    let &[b'1', _, opt_out, _] = text.as_bytes() else { return None };
    match opt_out {
        b'Y' | b'y' => Some(true),
        b'N' | b'n' => Some(false),
        _ => None,
    }
}

/// Moves what stands in the places of OpenRTB 2.5 to those of 2.6, and notes the header.
fn settle_places(viewer: &mut Viewer<'_>) {
    if let Some(regs) = &mut viewer.regs {
        regs.lift_ext();
    }
    if let Some(user) = &mut viewer.user {
        user.lift_ext();
    }
    if viewer.gpc_header {
        let ext = viewer.regs.get_or_insert_default().ext.get_or_insert_default();
        ext.insert("gpc", "1");
    }
}

/// Cuts an address: the low 8 bits of IPv4, all but 56 of IPv6; no address is dropped.
fn cut(text: &str) -> Option<Cow<'static, str>> {
    let address: IpAddr = text.parse().ok()?;
    Some(Cow::Owned(match address.to_canonical() {
        IpAddr::V4(address) => cut_v4(address).to_string(),
        IpAddr::V6(address) => cut_v6(address, 56).to_string(),
    }))
}

fn cut_v4(address: Ipv4Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(address.to_bits() & !0xff)
}

/// Keeps the first `bits` of an address, at least one and at most 128.
fn cut_v6(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits)))
}

/// Says whether a text is an alpha-3 country code.
fn is_country(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Writes an object, unless it says nothing.
fn text<T: serde::Serialize + Default + PartialEq>(object: Option<T>) -> Option<Box<str>> {
    let object = object.filter(|object| *object != T::default())?;
    serde_json::to_string(&object).ok().map(Into::into)
}

/// The GPP section of the US privacy string.
const GPP_US_PRIVACY: i32 = 6;

#[cfg(test)]
mod tests;
