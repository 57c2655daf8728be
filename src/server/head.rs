//! What of a request's head hyper lets through and we refuse.
//!
//! Every rule here was found by probing hyper; those it holds itself (differing lengths, folding,
//! spaces before a colon …) are not repeated.

use hyper::header::{HOST, HeaderMap, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Version};

use crate::server::refusal::Refused;

/// The longest request target under `/v1/`: ad tags are long.
pub const TAG_TARGET: usize = 32 * 1024;

/// The longest request target elsewhere.
pub const TARGET: usize = 8 * 1024;

/// The most bytes of header names and values together.
pub const HEADER_BYTES: usize = 16 * 1024;

/// Checks a head.
///
/// # Errors
///
/// Returns what the client is told; all but 405 and 421 close the connection.
pub fn check(parts: &Parts) -> Result<(), Refused> {
    if parts.method == Method::CONNECT {
        return Err(Refused::method("GET, POST"));
    }
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let longest = if parts.uri.path().starts_with("/v1/") { TAG_TARGET } else { TARGET };
    if longest < target {
        return Err(Refused::closing(StatusCode::URI_TOO_LONG, "too_large", "request target"));
    }
    let bytes: usize =
        parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    // The target of an HTTP/2 request is a header too, and counted above.
    if HEADER_BYTES < bytes {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Refused::closing(status, "too_large", "header section"));
    }
    check_host(parts)?;
    check_coding(&parts.headers)
}

/// Exactly one `Host`, and no other authority than it.
fn check_host(parts: &Parts) -> Result<(), Refused> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() || (host.is_none() && parts.version < Version::HTTP_2) {
        let detail = "exactly one host header is required";
        return Err(Refused::closing(StatusCode::BAD_REQUEST, "bad_field", detail));
    }
    let authority = parts.uri.authority().map(|authority| authority.as_str().as_bytes());
    match (host, authority) {
        (Some(host), Some(authority)) if !host.as_bytes().eq_ignore_ascii_case(authority) => {
            let detail = "the target's authority is not the host header's";
            Err(Refused::new(StatusCode::MISDIRECTED_REQUEST, "bad_field", detail))
        }
        _ => Ok(()),
    }
}

/// No transfer coding but `chunked`, once.
fn check_coding(headers: &HeaderMap) -> Result<(), Refused> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let only = codings.next().is_none_or(|coding| coding.as_bytes() == b"chunked");
    if only && codings.next().is_none() {
        return Ok(());
    }
    let detail = "the only transfer coding understood is chunked";
    Err(Refused::closing(StatusCode::NOT_IMPLEMENTED, "bad_encoding", detail))
}
