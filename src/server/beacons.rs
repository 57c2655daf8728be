//! Beacons: a player or stitcher tells that an ad played (decision 41).
//!
//! For now they are checked, told apart and counted; the durable, billed part is the journal's.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::exchange::shared::Shared;
use crate::model::time::UnixMillis;
use crate::server::refusal::Refused;
use crate::server::reply::{Reply, plain};
use crate::wire::beacon::{self, BeaconError};

/// The smallest transparent GIF, for players that want an image.
const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\
\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// What can come of a beacon, for the counter.
pub const OUTCOMES: &[&str] = &["accepted", "duplicate", "late", "bad_token"];

/// Answers one beacon: 204 (or a GIF), 400 for a forged one, 410 for an expired one.
pub fn answer(name: &str, shared: &Shared, now: UnixMillis) -> Reply {
    let (text, image) = match name.strip_suffix(".gif") {
        Some(text) => (text, true),
        None => (name, false),
    };
    let token = match beacon::open(&shared.keyring, text, now) {
        Ok(token) => token,
        Err(error) => return refuse(shared, error),
    };
    let first = shared.beacons.lock().first((token.auction, token.slot, token.kind.code()));
    let outcome = if first { "accepted" } else { "duplicate" };
    shared.metrics.beacon(token.kind.name(), outcome);
    if image { gif() } else { plain(StatusCode::NO_CONTENT) }
}

fn refuse(shared: &Shared, error: BeaconError) -> Reply {
    let (status, code, outcome) = match error {
        BeaconError::Expired => (StatusCode::GONE, "expired", "late"),
        BeaconError::Malformed | BeaconError::Forged => {
            (StatusCode::BAD_REQUEST, "bad_token", "bad_token")
        }
    };
    shared.metrics.beacon("unknown", outcome);
    Refused::new(status, code, "this beacon is not accepted").empty()
}

fn gif() -> Reply {
    let mut reply = plain(StatusCode::OK);
    *reply.body_mut() = GIF.into();
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/gif"));
    reply
}
