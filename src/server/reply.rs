//! Answers as bytes: content type, caching, CORS and gzip in one place.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN,
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, ORIGIN,
};
use hyper::{Response, StatusCode};

/// An answer on its way out.
pub type Reply = Response<Full<Bytes>>;

/// Kinds of document a sale can be answered with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// VAST 4.2.
    Vast,
    /// The decision itself.
    Decision,
}

impl Kind {
    /// Returns the media type sent.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Vast => "application/xml; charset=utf-8",
            Self::Decision => "application/vnd.breakwater+json",
        }
    }

    /// Returns the kind an `Accept` header asks for, `None` when we make none of what it names.
    ///
    /// The highest quality counts, then the order written. Absent, or `*/*`: VAST.
    #[must_use]
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let mut best: Option<(u16, Option<Self>)> = None;
        let mut any = false;
        for value in headers.get_all(ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                any = true;
                let (quality, kind) = media_range(range);
                let better = best.is_none_or(|(before, _)| before < quality);
                if 0 < quality && kind.is_some() && better {
                    best = Some((quality, kind));
                }
            }
        }
        if any { best.and_then(|(_, kind)| kind) } else { Some(Self::Vast) }
    }
}

/// Reads one range of an `Accept` header: its quality in thousandths, and the kind it names.
fn media_range(range: &str) -> (u16, Option<Kind>) {
    let mut parts = range.split(';').map(str::trim);
    let kind = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "application/xml" | "text/xml" | "*/*" | "application/*" | "text/*" => Some(Kind::Vast),
        "application/vnd.breakwater+json" => Some(Kind::Decision),
        _ => None,
    };
    let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
    (quality, kind)
}

/// Reads a quality of at most three places; anything else counts as 0.
fn thousandths(text: &str) -> u16 {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{places:0<3}");
    if places.len() > 3 { 0 } else { digits.parse().unwrap_or(0).min(1000) }
}

/// Returns an empty answer.
#[must_use]
pub fn plain(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    reply
}

/// Returns an answer with a document, compressed when the client takes gzip.
#[must_use]
pub fn document(media_type: &'static str, text: String, request: &HeaderMap) -> Reply {
    let mut reply = plain(StatusCode::OK);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    let mut bytes = Bytes::from(text);
    if SMALL < bytes.len() && takes_gzip(request) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        bytes = gzip(&bytes);
    }
    *reply.body_mut() = Full::new(bytes);
    reply
}

/// Returns an answer with a document that fits one packet as it is and never changes.
#[must_use]
pub fn constant(media_type: &'static str, text: &'static str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply
}

/// Adds what every answer carries: not cached unless it says so itself, readable by any page.
pub fn dress(reply: &mut Reply, request: &HeaderMap) {
    let headers = reply.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    match request.get(ORIGIN) {
        Some(origin) if origin != "null" => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            let yes = HeaderValue::from_static("true");
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        _ => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
    }
}

fn takes_gzip(request: &HeaderMap) -> bool {
    request.get_all(ACCEPT_ENCODING).iter().any(|value| {
        value.to_str().unwrap_or_default().split(',').any(|coding| {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = matches!(parameters.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
    })
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).expect("a Vec takes all that is written");
    encoder.finish().expect("a Vec takes all that is written").into()
}

/// Documents up to this many bytes fit one packet as they are.
const SMALL: usize = 1_000;

#[cfg(test)]
mod tests;
