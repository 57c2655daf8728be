//! `[[bidder]]`.

use std::sync::Arc;

use url::{Host, Url};

use crate::config::block;
use crate::config::section::Section;
use crate::config::value;
use crate::model::ids::{BidderId, SeatId};
use crate::model::market::{Bidder, Dialect};

/// Calls under way to one bidder unless the config says otherwise.
const IN_FLIGHT: u32 = 256;

pub(super) fn read(section: Section<'_>) -> Option<Bidder> {
    let id = section.required("id", "give the bidder an id: id = \"acme\"", id);
    let allow_loopback = section.boolean("allow_loopback").unwrap_or(false);
    let help = "say where it takes bid requests: endpoint = \"https://…\"";
    let endpoint = section.required("endpoint", help, |text| endpoint(text, allow_loopback));
    let mut domains = block::domains(&section, "domains");
    if let (true, Some(endpoint)) = (domains.is_empty(), &endpoint) {
        domains.extend(host(&endpoint.value));
    }
    let qps = section.integer("qps", 1..=1_000_000).map(|qps| qps.value);
    let in_flight = section.integer("in_flight", 1..=10_000).map_or(IN_FLIGHT, |most| most.value);
    let dialect = section.parsed("pods", dialect).map_or(Dialect::Dynamic, |pods| pods.value);
    let gzip = section.boolean("gzip").unwrap_or(false);
    let http2 = section.boolean("http2").unwrap_or(false);
    let seats = block::names(&section, "seats");
    section.later("gvlid");
    section.finish();
    Some(Bidder {
        id: BidderId::new(id?.value),
        endpoint: endpoint?.value.into(),
        domains,
        qps,
        in_flight,
        dialect,
        gzip,
        http2,
        seats: seats.into_iter().map(SeatId::new).collect(),
        allow_loopback,
    })
}

/// Reads an id; `seller` names a section of every record.
fn id(text: &str) -> Result<String, String> {
    if text == "seller" {
        Err("this id is the journal's own".to_owned())
    } else {
        value::name(text)
    }
}

/// Reads an endpoint; without `allow_loopback` it is https, on a named host that is not
/// this machine.
fn endpoint(text: &str, allow_loopback: bool) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("{text:?} is not a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a user part would be sent to anybody".to_owned());
    }
    if url.fragment().is_some() {
        return Err(format!("{text:?} has a fragment, which no server sees"));
    }
    match (url.scheme(), allow_loopback) {
        ("https", _) | ("http", true) => {}
        ("http", false) => {
            let help = "or set `allow_loopback = true` for a bidder on this machine";
            return Err(format!("{text:?} is plain http: use an https:// URL, {help}"));
        }
        _ => return Err(format!("{text:?} is neither https nor http")),
    }
    match url.host() {
        Some(Host::Domain(name)) if !allow_loopback && is_here(name) => {
            let help = "set `allow_loopback = true` for a bidder on this machine";
            return Err(format!("{text:?} leads to this machine, which is not called: {help}"));
        }
        Some(Host::Domain(_)) => {}
        Some(Host::Ipv4(_) | Host::Ipv6(_)) if allow_loopback => {}
        _ => return Err(format!("{text:?} names no host by a domain")),
    }
    Ok(url.into())
}

/// Says whether a name always stands for this machine (RFC 6761, 6.3).
fn is_here(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.rsplit('.').next() == Some("localhost")
}

fn host(endpoint: &str) -> Option<Arc<str>> {
    let url = Url::parse(endpoint).ok()?;
    url.host_str().map(|host| host.to_ascii_lowercase().into())
}

fn dialect(text: &str) -> Result<Dialect, String> {
    match text {
        "dynamic" => Ok(Dialect::Dynamic),
        "structured" => Ok(Dialect::Structured),
        _ => Err(format!("{text:?} is neither \"dynamic\" nor \"structured\"")),
    }
}
