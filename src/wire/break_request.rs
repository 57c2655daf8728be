//! A request to sell a break: three doors in, one `BreakRequest` out.
//!
//! `tag` takes query parameters and refuses only an unknown placement, since a dead break costs
//! more than a bad parameter. `native` and `openrtb` take typed JSON and name the path at fault.
//! What the viewer may lose on the way is `wire::privacy`'s to say.

pub mod native;
pub mod openrtb;
pub mod tag;

mod bounds;
mod chain;
mod channel;
mod identity;
mod json;
mod query;
mod validate;
mod viewer;

use std::fmt;
use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::model::ids::PublisherId;
use crate::model::market::Publisher;
use crate::model::time::UnixMillis;

/// Every field that can keep a valid request from being sold, for the counter.
pub const UNBUILT: &[&str] = &[
    "cur",
    "imp.audio",
    "imp.banner",
    "imp.bidfloorcur",
    "imp.native",
    "imp.pmp.deals.bidfloorcur",
    "imp.qty",
    "imp.video.linearity",
    "imp.video.protocols",
];

/// What the server knows of a caller besides the request.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    /// When the first byte of its request arrived.
    pub arrived_at: UnixMillis,
    /// Where the connection comes from, trusted proxies taken off.
    pub peer: IpAddr,
    /// The header `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// Whether the header `Sec-GPC` is 1.
    pub gpc: bool,
    /// The header `X-Playback-Session-Id`.
    pub playback_session: Option<&'a str>,
    /// What the server verified of who it is.
    pub credential: Credential,
}

/// What a caller proved (decision 32).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Credential {
    /// Nothing.
    None,
    /// It holds a key of this publisher.
    Publisher(PublisherId),
    /// It has no key and sits on this machine.
    Loopback,
}

/// Why a request is no request, and what the caller gets (resilience-and-security.md section 12).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The published code: `bad_json`, `bad_field`, `too_complex`, `unauthorized`, `forbidden`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The JSON path or parameter at fault.
    pub path: Option<String>,
    /// What is wrong, for the caller's eyes; it may quote the request, so it is never logged.
    pub detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)?;
        self.path.iter().try_for_each(|path| write!(f, "; path={path}"))
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    fn bad_json(detail: impl fmt::Display) -> Self {
        Self { code: "bad_json", status: 400, path: None, detail: detail.to_string() }
    }

    fn bad_field(path: impl Into<String>, detail: impl fmt::Display) -> Self {
        let path = Some(path.into());
        Self { code: "bad_field", status: 400, path, detail: detail.to_string() }
    }

    fn too_complex(path: Option<&str>, detail: impl fmt::Display) -> Self {
        let path = path.map(Into::into);
        Self { code: "too_complex", status: 400, path, detail: detail.to_string() }
    }
}

/// Refuses a caller that may not sell for a publisher.
fn authorize(publisher: &Publisher, caller: &Caller<'_>) -> Result<(), Refusal> {
    if publisher.key_hashes.is_empty() {
        return Ok(());
    }
    let (code, status, detail) = match &caller.credential {
        Credential::Publisher(id) if *id == publisher.id => return Ok(()),
        Credential::Publisher(_) => ("forbidden", 403, "the key is another publisher's"),
        Credential::None | Credential::Loopback => ("unauthorized", 401, "a key is needed"),
    };
    Err(Refusal { code, status, path: None, detail: detail.into() })
}

/// Says whether a caller may see how its request was decided (decision 32).
fn may_explain(publisher: &Publisher, caller: &Caller<'_>) -> bool {
    match &caller.credential {
        Credential::Publisher(id) => *id == publisher.id,
        Credential::Loopback => publisher.key_hashes.is_empty(),
        Credential::None => false,
    }
}

/// Returns the hash of a request as it came.
fn sha(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Reads an instant of RFC 3339.
fn instant(text: &str) -> Option<UnixMillis> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(instant.as_millisecond()).ok().and_then(unix_millis)
}

/// Returns an instant that a calendar of four digits can name.
fn unix_millis(millis: u64) -> Option<UnixMillis> {
    (millis <= MAX_INSTANT).then_some(UnixMillis(millis))
}

/// Says whether a text may be an id that is sent on or echoed: 1 to 64 printable ASCII bytes.
fn is_id(text: &str) -> bool {
    is_printable(text) && text.len() <= MAX_ID
}

/// Says whether a text may name a stream or a session: 1 to 256 printable ASCII bytes.
fn is_name(text: &str) -> bool {
    is_printable(text) && text.len() <= MAX_NAME
}

fn is_printable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The last millisecond of the year 9999.
const MAX_INSTANT: u64 = 253_402_300_799_999;

/// The longest id.
const MAX_ID: usize = 64;

/// The longest name of a stream or a session.
const MAX_NAME: usize = 256;
