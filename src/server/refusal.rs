//! A request that cannot be answered as asked: status, code and place (decision 33).

use std::fmt::Write;

use hyper::StatusCode;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};

use crate::server::reply::{Reply, plain};
use crate::wire::break_request::Refusal;

/// The header that names a refusal on sale paths other than `POST /v1/breaks`.
const ERROR: HeaderName = HeaderName::from_static("x-breakwater-error");

/// Every code a refusal can carry, for the counter.
pub const CODES: &[&str] = &[
    "bad_encoding",
    "bad_field",
    "bad_json",
    "bad_method",
    "bad_token",
    "expired",
    "forbidden",
    "internal",
    "not_acceptable",
    "not_found",
    "timeout",
    "too_complex",
    "too_large",
    "unauthorized",
];

/// A refused request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// The HTTP status.
    pub status: StatusCode,
    /// One of the codes of `docs/integrating.md`: `bad_json`, `bad_field` …
    pub code: &'static str,
    /// The JSON path or parameter at fault.
    pub path: Option<String>,
    /// What is wrong, for people.
    pub detail: String,
    /// Whether the connection ends with it.
    pub closes: bool,
    /// The methods allowed, for 405.
    allow: Option<&'static str>,
}

impl Refused {
    /// Returns a refusal after which the connection may be used again.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: &str) -> Self {
        let detail = detail.to_owned();
        Self { status, code, path: None, detail, closes: false, allow: None }
    }

    /// Returns a refusal that ends the connection.
    #[must_use]
    pub fn closing(status: StatusCode, code: &'static str, detail: &str) -> Self {
        Self { closes: true, ..Self::new(status, code, detail) }
    }

    /// Returns the refusal of a method at an address that has others.
    #[must_use]
    pub fn method(allow: &'static str) -> Self {
        let detail = format!("allowed here: {allow}");
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "bad_method", &detail)
        }
    }

    /// Returns the refusal of an address that nobody answers at.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "nothing answers at this address")
    }

    /// Answers with an empty body and the refusal in a header.
    #[must_use]
    pub fn empty(&self) -> Reply {
        let mut reply = plain(self.status);
        let mut text = self.code.to_owned();
        if let Some(path) = &self.path {
            write!(text, "; path={path}").expect("a String takes all that is written");
        }
        let headers = reply.headers_mut();
        // A path may repeat the client's own member names: what no header may hold is left out.
        let value = HeaderValue::from_str(&text);
        headers.insert(ERROR, value.unwrap_or_else(|_| HeaderValue::from_static(self.code)));
        self.finish(reply)
    }

    /// Answers with a problem document (RFC 9457).
    #[must_use]
    pub fn problem(&self, request_id: &str) -> Reply {
        let document = serde_json::json!({
            "type": format!("https://breakwater.example/errors/{}", self.code),
            "title": self.status.canonical_reason().unwrap_or("Refused"),
            "status": self.status.as_u16(),
            "code": self.code,
            "path": self.path,
            "detail": self.detail,
            "request_id": request_id,
        });
        let mut reply = plain(self.status);
        *reply.body_mut() = document.to_string().into();
        let kind = HeaderValue::from_static("application/problem+json");
        reply.headers_mut().insert(CONTENT_TYPE, kind);
        self.finish(reply)
    }

    fn finish(&self, mut reply: Reply) -> Reply {
        let headers = reply.headers_mut();
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        reply
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
        Self { path: refusal.path, ..Self::new(status, refusal.code, &refusal.detail) }
    }
}
