//! Who a caller is, by its key (decision 32).

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderMap};
use sha2::{Digest, Sha256};

use crate::model::market::Market;
use crate::server::refusal::Refused;
use crate::wire::break_request::Credential;

/// A request with one of these was passed on by a proxy: its caller is not on this machine.
const PROXIED: [&str; 5] = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// Returns the credential of a request.
///
/// # Errors
///
/// 401 when a key is presented that is nobody's, or that is not `Bearer <key>`.
pub fn of(headers: &HeaderMap, market: &Market, loopback: bool) -> Result<Credential, Refused> {
    let mut presented = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = presented.next() else {
        let own = loopback && !PROXIED.iter().any(|name| headers.contains_key(*name));
        return Ok(if own { Credential::Loopback } else { Credential::None });
    };
    let key = value.to_str().ok().and_then(bearer);
    let (Some(key), None) = (key, presented.next()) else {
        return Err(unauthorized());
    };
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let mut found = None;
    // All keys are compared whole, so that time tells nothing about them.
    for publisher in market.publishers.values() {
        for known in &publisher.key_hashes {
            if same(known, &hash) {
                found = Some(publisher.id.clone());
            }
        }
    }
    found.map(Credential::Publisher).ok_or_else(unauthorized)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn unauthorized() -> Refused {
    let detail = "the key is not a publisher's";
    Refused::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
}
