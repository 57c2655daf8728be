//! `GET /v1/bidders`: how each bidder is doing, as the node that is asked sees it.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use crate::admin::Health;
use crate::io::bidders::breaker::Position;
use crate::io::bidders::state::Report;
use crate::model::money::Currency;

/// Lists bidders in the order of their ids: `limit` of them, those that come `after` an id.
pub(super) async fn list(State(health): State<Arc<Health>>, RawQuery(query): RawQuery) -> Response {
    let page = match Page::read(query.as_deref().unwrap_or_default()) {
        Ok(page) => page,
        Err(detail) => return refused(&detail),
    };
    let in_force = health.shared.in_force();
    let (states, currency) = (&in_force.states, in_force.market.currency);
    let mut reports = states.reports();
    reports.sort_unstable_by(|one, other| one.bidder.cmp(&other.bidder));
    reports.retain(|report| page.after.as_deref().is_none_or(|id| id < report.bidder.as_str()));
    let more = page.limit < reports.len();
    reports.truncate(page.limit);
    let next = more.then(|| reports.last().map(|last| last.bidder.to_string())).flatten();
    let (frozen, _) = states.freezes();
    let data: Vec<Value> = reports.iter().map(|it| told(it, frozen, currency)).collect();
    let body = json!({ "breakers_frozen": frozen, "data": data, "next": next });
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Which part of the list is asked for.
#[derive(Debug, Eq, PartialEq)]
struct Page {
    limit: usize,
    after: Option<String>,
}

impl Page {
    fn read(query: &str) -> Result<Self, String> {
        let mut page = Self { limit: LIMIT, after: None };
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                    page.limit = limit.ok_or_else(|| format!("limit is not 1 to {MOST}"))?;
                }
                "after" => page.after = Some(value.into_owned()),
                _ => return Err("only limit and after are known".to_owned()),
            }
        }
        Ok(page)
    }
}

fn refused(detail: &str) -> Response {
    let problem = json!({
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "code": "bad_parameter",
        "detail": detail,
    });
    let kind = [(CONTENT_TYPE, "application/problem+json")];
    (StatusCode::BAD_REQUEST, kind, problem.to_string()).into_response()
}

fn told(report: &Report, frozen: bool, currency: Currency) -> Value {
    let health = match (report.breaker, report.skip_ppm) {
        (Position::Open | Position::HalfOpen, _) if !frozen => "open",
        (_, 0) => "good",
        (_, _) => "throttled",
    };
    let millis = |us: u64| us.div_ceil(1_000);
    let pressure = report.pressure;
    json!({
        "breaker": report.breaker.name(),
        "health": health,
        "id": report.bidder.as_str(),
        "in_flight": { "most": report.most_in_flight, "now": report.in_flight },
        "quota": {
            "demand": pressure.demand,
            "qps": pressure.qps,
            "share_ratio": ratio(pressure.share_ppm),
        },
        "sentence": report.sentence(),
        "skip_ratio": ratio(report.skip_ppm),
        "value_in_by_ms": report.in_by.map(|by| {
            json!({ "p50": millis(by.p50), "p90": millis(by.p90), "p99": millis(by.p99) })
        }),
        "value_per_call": report.value.map(|nanos| {
            let amount = format!("{}.{:09}", nanos / NANOS, nanos % NANOS);
            json!({ "amount": amount, "currency": currency.as_str() })
        }),
    })
}

fn ratio(ppm: u32) -> f64 {
    f64::from(ppm) / 1_000_000.0
}

/// Bidders told at once unless the query says otherwise.
const LIMIT: usize = 100;
/// Bidders told at once at most.
const MOST: usize = 1_000;
/// Billionths in a whole.
const NANOS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests;
