//! `POST /v1/reload` and `POST /v1/drain`: what an operator has done to a running exchange.
//!
//! How it is done is the starter's to say, in `Controls`. A page that a browser shows from elsewhere
//! may post here too, without reading the answer: it is refused by its `Origin`.

use std::fmt::Display;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use crate::admin::Health;
use crate::config::problem::{Problem, Problems};
use crate::exchange::current::InForce;
use crate::model::ids::BidderId;

/// What came of a reload.
pub type Reload = Result<Reloaded, NotReloaded>;

/// What the admin listener can have done.
pub trait Controls: Send + Sync {
    /// Reads the config again, and puts it in force whole or not at all.
    fn reload(&self) -> Pin<Box<dyn Future<Output = Reload> + Send>>;

    /// Begins the drain; says whether anybody will see to it.
    fn drain(&self) -> bool;
}

/// A config that is in force after a reload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reloaded {
    /// Whether it is another than before.
    pub applied: bool,
    /// Which it is.
    pub config: Named,
    /// Bidders that were not there before.
    pub added: Vec<BidderId>,
    /// Bidders that are not what they were.
    pub changed: Vec<BidderId>,
    /// Bidders that are there no more.
    pub removed: Vec<BidderId>,
    /// New or moved bidders that nothing was connected to in time.
    pub unconnected: Vec<BidderId>,
}

/// What names a config.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Named {
    /// The how manieth since the start, from 1.
    pub generation: u32,
    /// SHA-256 of its canonical JSON, in hexadecimal.
    pub hash: String,
    /// The index of its record in the money stream.
    pub record: u64,
}

/// Why the config in force stays.
#[derive(Debug)]
pub enum NotReloaded {
    /// The file has problems.
    Problems(Problems),
    /// The file cannot be read.
    Unreadable(String),
    /// The exchange was not started from a file.
    NoFile,
    /// The exchange stops.
    Draining,
    /// The journal did not take it.
    Unrecorded(String),
}

impl Named {
    /// Names what is in force.
    #[must_use]
    pub fn of(in_force: &InForce) -> Self {
        let (generation, record) = (in_force.generation, in_force.config.0);
        Self { generation, hash: in_force.hash(), record }
    }

    /// Returns it as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "generation": self.generation, "hash": self.hash, "record": self.record })
    }
}

impl Display for NotReloaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Problems(problems) => write!(f, "{problems}"),
            Self::Unreadable(why) | Self::Unrecorded(why) => f.write_str(why),
            Self::NoFile => f.write_str("this exchange was started without a config file"),
            Self::Draining => f.write_str("the exchange is about to stop"),
        }
    }
}

/// `POST /v1/reload`.
pub(super) async fn reload(State(health): State<Arc<Health>>, headers: HeaderMap) -> Response {
    if let Some(refused) = from_elsewhere(&headers) {
        return refused;
    }
    match health.controls.reload().await {
        Ok(reloaded) => answer(StatusCode::OK, "application/json", &done(&reloaded)),
        Err(refused) => {
            let (status, code) = match refused {
                NotReloaded::Problems(_) => (StatusCode::UNPROCESSABLE_ENTITY, "config_refused"),
                NotReloaded::Unreadable(_) => {
                    (StatusCode::UNPROCESSABLE_ENTITY, "config_unreadable")
                }
                NotReloaded::NoFile => (StatusCode::CONFLICT, "no_config_file"),
                NotReloaded::Draining => (StatusCode::CONFLICT, "draining"),
                NotReloaded::Unrecorded(_) => (StatusCode::SERVICE_UNAVAILABLE, "cannot_record"),
            };
            let mut told = told(status, code, &refused);
            if let NotReloaded::Problems(problems) = &refused {
                let list = problems.list.iter();
                told["problems"] = list.map(|problem| listed(problems, problem)).collect();
            }
            answer(status, "application/problem+json", &told)
        }
    }
}

/// `POST /v1/drain`: as SIGTERM. Asked again it changes nothing.
pub(super) async fn drain(State(health): State<Arc<Health>>, headers: HeaderMap) -> Response {
    if let Some(refused) = from_elsewhere(&headers) {
        return refused;
    }
    if !health.controls.drain() {
        let why = "this exchange is ended by who started it";
        let told = told(StatusCode::CONFLICT, "not_drained", &why);
        return answer(StatusCode::CONFLICT, "application/problem+json", &told);
    }
    health.draining.store(true, Ordering::Relaxed);
    answer(StatusCode::ACCEPTED, "application/json", &json!({ "draining": true }))
}

/// Refuses what a page from elsewhere has a browser send.
///
/// A page is of here when it came from the very host that is asked, and that is no name but
/// `localhost`: whoever owns another name can have it lead to this machine.
fn from_elsewhere(headers: &HeaderMap) -> Option<Response> {
    let origin = headers.get(ORIGIN)?.to_str().unwrap_or_default();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if origin.split_once("://").is_some_and(|(_, from)| from == host) && is_no_name(host) {
        return None;
    }
    let why = "it comes from a page of another origin";
    let told = told(StatusCode::FORBIDDEN, "foreign_origin", &why);
    Some(answer(StatusCode::FORBIDDEN, "application/problem+json", &told))
}

/// Says whether a host, with or without a port, is an address or `localhost`.
fn is_no_name(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare == "localhost" || bare.parse::<IpAddr>().is_ok()
}

fn done(reloaded: &Reloaded) -> Value {
    let ids = |ids: &[BidderId]| ids.iter().map(|id| id.as_str().into()).collect::<Vec<Value>>();
    let mut body = reloaded.config.json();
    body["result"] = if reloaded.applied { "applied" } else { "unchanged" }.into();
    body["bidders"] = json!({
        "added": ids(&reloaded.added),
        "changed": ids(&reloaded.changed),
        "removed": ids(&reloaded.removed),
        "unconnected": ids(&reloaded.unconnected),
    });
    body
}

fn listed(problems: &Problems, problem: &Problem) -> Value {
    let (line, column) = problems.place(problem);
    json!({
        "code": problem.code,
        "column": column,
        "help": problem.help,
        "line": line,
        "message": problem.message,
    })
}

fn told(status: StatusCode, code: &str, why: &dyn Display) -> Value {
    json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": code,
        "detail": why.to_string(),
    })
}

fn answer(status: StatusCode, kind: &'static str, body: &Value) -> Response {
    let mut answer = (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
    answer.headers_mut().insert(CONTENT_TYPE, axum::http::HeaderValue::from_static(kind));
    answer
}
