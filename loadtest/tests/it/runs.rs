//! A closed loop against a small target: what it counts is what happened.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use loadtest::{
    character::{Character, Share},
    run::{RunError, measure, measure_beside, report::Report},
    scenario::{Pace, Plan, Reach, Scenario},
};

use crate::support::{bid_request, connect, post, send, start, target};

#[tokio::test]
async fn a_tag_is_asked_and_its_vast_is_counted() {
    let seen = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&seen);
    let address = target(move |path, body| {
        assert!(path.starts_with("/v1/vast?placement=p&session=s-") && body.is_empty(), "{path}");
        counter.fetch_add(1, Ordering::Relaxed);
        let ad = "<Ad><InLine><Duration>00:00:15</Duration></InLine></Ad>";
        let n: u64 = path.rsplit('-').next().unwrap().parse().unwrap();
        // Two ads on even requests, none on odd ones.
        let ads = if n.is_multiple_of(2) { ad.repeat(2) } else { String::new() };
        ready(ok(format!("<VAST version=\"4.2\">{ads}</VAST>")))
    })
    .await;
    let path = "/v1/vast?placement=p&session={session}&break={break}";
    let report = run(&format!("http://{address}"), path, 200).await.unwrap();
    let verdicts = &report.verdicts;
    assert_eq!((verdicts.sent, verdicts.answered, verdicts.failed), (200, 200, 0));
    assert_eq!((verdicts.with_fill, verdicts.ads), (100, 200));
    assert_eq!(verdicts.asked_seconds, Some(12_000));
    assert!((verdicts.filled_seconds - 3_000.0).abs() < 0.001, "{}", verdicts.filled_seconds);
    assert!((verdicts.fill.unwrap() - 0.25).abs() < 0.001);
    let latency = report.latency_ms;
    assert!(0.0 < latency.p50 && latency.p50 <= latency.p99 && latency.p99 <= latency.max);
    let cost = report.process.unwrap();
    assert!(0 < cost.rss_bytes && 0.0 < cost.rss_bytes_per_auction);
    assert!(report.bidders.is_none());
    assert_eq!(seen.load(Ordering::Relaxed), 210, "warm-up included");
}

#[tokio::test]
async fn failures_are_counted_by_their_kind() {
    let address = target(|path, _| {
        let n: u64 = path.rsplit('-').next().unwrap().parse().unwrap();
        let (status, body) = match n % 4 {
            0 => (200, "<VAST/>"),
            1 => (503, ""),
            2 => (200, "oops"),
            _ => (204, ""),
        };
        ready(Response::builder().status(status).body(Full::from(body)).unwrap())
    })
    .await;
    let report = run(&format!("http://{address}"), "/x-{n}", 100).await.unwrap();
    assert_eq!((report.verdicts.answered, report.verdicts.failed), (50, 50));
    let errors: Vec<_> =
        report.verdicts.errors.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    assert_eq!(errors, [("status_503", 25), ("unreadable", 25)]);
}

#[tokio::test]
async fn every_answer_past_tmax_is_late() {
    let address = target(|_, _| ready(ok("<VAST/>".to_owned()))).await;
    let text =
        scenario(&format!("http://{address}"), "/", 20).replace("tmax_ms = 250", "tmax_ms = 0");
    let report = measure(plan(&text).unwrap(), None).await.unwrap();
    assert_eq!((report.verdicts.answered, report.verdicts.late), (20, 20));
}

#[tokio::test]
async fn silence_is_a_timeout_and_then_a_failed_run() {
    let address = target(|_, _| std::future::pending()).await;
    let text =
        scenario(&format!("http://{address}"), "/", 2).replace("warm_up = 10", "warm_up = 0");
    let text = text.replace("tmax_ms = 250", "tmax_ms = 1\ntimeout_ms = 20");
    let error = measure(plan(&text).unwrap(), None).await.unwrap_err();
    let RunError::NothingAnswered { sent: 2, errors, .. } = error else { panic!("{error}") };
    assert_eq!(errors, "timeout 2");
}

#[tokio::test]
async fn calls_per_auction_are_those_the_bidders_saw() {
    let willing = start(Character::named("willing")).await;
    let silent = start(Character { bid_rate: Share::NEVER, ..Character::named("silent") }).await;
    let (first, second) = (willing.address(), silent.address());
    let address = target(move |_, body| async move {
        let answer = send(&mut connect(first).await, post(&body)).await.unwrap();
        send(&mut connect(second).await, post(&body)).await.unwrap();
        ok(answer.text().to_owned())
    })
    .await;
    let body = bid_request("dynamic").replace("brk-7f3a.1", "{session}");
    let text = scenario(&format!("http://{address}"), "/", 30)
        .replace("[load]", &format!("method = \"POST\"\nbody = '''{body}'''\n[load]"));
    let report = measure_beside(plan(&text).unwrap(), None, &[willing, silent]).await.unwrap();
    assert_eq!((report.verdicts.with_fill, report.verdicts.ads), (30, 30));
    let calls = report.bidders.unwrap();
    assert!(calls.as_expected, "{calls:?}");
    assert_eq!((calls.bidders, calls.counts.requests), (2, 60));
    assert_eq!((calls.counts.bids, calls.counts.no_bids), (30, 30));
}

#[tokio::test]
async fn a_target_that_does_not_listen_is_unreachable() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = run(&format!("http://{address}"), "/", 5).await.unwrap_err();
    assert!(matches!(error, RunError::Unreachable { .. }), "{error}");
}

#[test]
fn the_scenarios_of_the_tree_are_sound() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let plan = Scenario::read(format!("{folder}/ten-bidders.toml").as_ref()).unwrap();
    let plan = plan.check(Reach::Loopback).unwrap();
    let members = loadtest::fleet::members(&plan.scenario.bidders).unwrap();
    let ports: Vec<u16> = members.iter().map(|(_, port)| *port).collect();
    assert_eq!(ports, (9_201..=9_210).collect::<Vec<_>>());
    let body = plan.scenario.target.body.unwrap().fill(1, 2);
    assert!(serde_json::from_str::<openrtb::request::BidRequest<'_>>(&body).is_ok());
    let tag = Scenario::read(format!("{folder}/tag.toml").as_ref()).unwrap();
    assert!(tag.check(Reach::Loopback).is_ok());
    let surge = Scenario::read(format!("{folder}/surge.toml").as_ref()).unwrap();
    assert!(matches!(surge.check(Reach::Loopback).unwrap().pace, Pace::Open(_)));
    let fleet = loadtest::fleet::Fleet::read(format!("{folder}/cast.toml").as_ref()).unwrap();
    let members = loadtest::fleet::members(&fleet.entries).unwrap();
    let ids: Vec<&str> = members.iter().map(|(character, _)| character.id.as_str()).collect();
    assert_eq!(ids, loadtest::cast::NAMES);
}

async fn run(url: &str, path: &str, requests: u64) -> Result<Report, RunError> {
    measure(plan(&scenario(url, path, requests)).unwrap(), Some(std::process::id())).await
}

fn plan(text: &str) -> Result<Plan, loadtest::scenario::ScenarioError> {
    Scenario::parse(text)?.check(Reach::Loopback)
}

fn scenario(url: &str, path: &str, requests: u64) -> String {
    format!(
        r#"
        name = "test"
        [target]
        url = "{url}"
        path = "{path}"
        [load]
        in_flight = 4
        requests = {requests}
        warm_up = 10
        tmax_ms = 250
        break_seconds = 60
        "#
    )
}

fn ok(body: String) -> Response<Full<Bytes>> {
    Response::new(Full::from(body))
}
