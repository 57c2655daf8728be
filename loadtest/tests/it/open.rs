//! An open loop against a small target: nothing waits for an answer, and latency says so.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http_body_util::Full;
use hyper::Response;
use loadtest::{
    character::Character,
    run::{
        Done,
        open::{measure, measure_beside, report::OpenReport},
    },
    scenario::{Pace, Reach, Scenario},
};

use crate::support::{bid_request, connect, post, send, start, target};

#[tokio::test]
async fn a_schedule_is_kept_and_told_by_phase_and_second() {
    let seen = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&seen);
    let address = target(move |path, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        let n: u64 = path.rsplit('-').next().unwrap().parse().unwrap();
        let ad = "<Ad><InLine><Duration>00:00:15</Duration></InLine></Ad>";
        let ads = if n.is_multiple_of(2) { ad } else { "" };
        ready(Response::new(Full::from(format!("<VAST version=\"4.2\">{ads}</VAST>"))))
    })
    .await;
    let load = "rate = 100.0\nconnections = 8\nwarm_up = 10\ntmax_ms = 5000\nglance = true\n\
                shape = [{ name = \"calm\", seconds = 1.0 }, { seconds = 0.5, factor = 4.0 }]";
    let report = open(&address.to_string(), load, "").await;
    let total = &report.total;
    assert_eq!((total.offered, total.answered, total.failed()), (300, 300, 0), "{report}");
    assert_eq!((total.sold, total.empty, total.late), (150, 150, 0));
    assert!((total.filled_seconds - 2_250.0).abs() < 0.1);
    assert_eq!(seen.load(Ordering::Relaxed), 310, "warm-up included");
    let phases: Vec<_> =
        report.phases.iter().map(|line| (line.name.as_str(), line.offered)).collect();
    assert_eq!(phases, [("calm", 100), ("2", 200)]);
    let seconds: Vec<_> = report.seconds.iter().map(|second| second.offered).collect();
    assert_eq!(seconds, [100, 200]);
    assert!((total.offered_rate - 200.0).abs() < 0.1);
}

#[tokio::test]
async fn latency_counts_from_when_a_request_was_due() {
    // One connection, and an answer takes three times as long as the schedule leaves.
    let address = target(|_, _| async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Response::new(Full::from("<VAST/>"))
    })
    .await;
    let load = "rate = 100.0\nconnections = 1\nseconds = 1\ntmax_ms = 40";
    let report = open(&address.to_string(), load, "").await;
    assert_eq!(report.total.answered, 100);
    assert!(1_500.0 < report.total.latency_ms.max, "{report}");
    assert!(90 < report.total.late && 50 < report.most_waiting, "{report}");
}

#[tokio::test]
async fn what_cannot_wait_is_an_error_of_its_kind() {
    let address = target(|_, _| std::future::pending()).await;
    let load = "rate = 100.0\nconnections = 2\nbacklog = 3\nseconds = 1\ntmax_ms = 100\n\
                timeout_ms = 300";
    let error = try_open(&address.to_string(), load, "").await.unwrap_err();
    assert!(error.contains("none of 100 requests") && error.contains("backlog"), "{error}");
    assert!(error.contains("timeout"), "{error}");
}

#[tokio::test]
async fn publishers_are_told_apart() {
    let address = target(|path, _| {
        let vast = if path.starts_with("/loud") { "<VAST><Ad></Ad></VAST>" } else { "<VAST/>" };
        ready(Response::new(Full::from(vast)))
    })
    .await;
    let publishers = "[[publisher]]\nname = \"loud\"\nrate = 120.0\npath = \"/loud\"\n\
                      [[publisher]]\nname = \"quiet\"\nrate = 10.0\nconnections = 1\n";
    let load = "connections = 4\nseconds = 1\ntmax_ms = 5000";
    let report = open(&address.to_string(), load, publishers).await;
    let lines: Vec<_> = report
        .publishers
        .iter()
        .map(|line| (line.name.as_str(), line.offered, line.sold, line.empty))
        .collect();
    assert_eq!(lines, [("loud", 120, 120, 0), ("quiet", 10, 0, 10)]);
}

#[tokio::test]
async fn calls_of_bidders_are_told_by_second() {
    let bidder = start(Character { canned: true, ..Character::named("asked") }).await;
    let asked = bidder.address();
    let address = target(move |_, body| async move {
        let answer = send(&mut connect(asked).await, post(&body)).await.unwrap();
        Response::new(Full::from(answer.text().to_owned()))
    })
    .await;
    let body = bid_request("dynamic").replace("brk-7f3a.1", "{session}");
    let text = format!(
        "name = \"test\"\n[target]\nurl = \"http://{address}\"\npath = \"/\"\nmethod = \"POST\"\n\
         body = '''{body}'''\n[load]\nrate = 40.0\nseconds = 2\ntmax_ms = 5000\n"
    );
    let plan = Scenario::parse(&text).unwrap().check(Reach::Loopback).unwrap();
    let Pace::Open(open) = plan.pace.clone() else { panic!("{text} is no open loop") };
    let pid = Some(std::process::id());
    let report = measure_beside(&plan, &open, pid, &[bidder]).await.unwrap();
    assert_eq!((report.total.answered, report.total.sold), (80, 80), "{report}");
    let calls = &report.bidders[0];
    assert_eq!((calls.bidder.as_str(), calls.per_second.iter().sum::<u64>()), ("asked", 80));
    assert!(2 <= calls.per_second.len(), "{calls:?}");
    let cost = report.process.unwrap();
    assert!(0 < cost.rss_bytes && 0 < cost.descriptors, "{cost}");
    let page = loadtest::page::run(&Done::Open(Box::new(report.clone())));
    assert!(page.contains("<polyline") && page.contains("asked"), "{page}");
    assert!(serde_json::to_string(&Done::Open(Box::new(report))).is_ok());
}

async fn open(address: &str, load: &str, rest: &str) -> OpenReport {
    try_open(address, load, rest).await.unwrap()
}

async fn try_open(address: &str, load: &str, rest: &str) -> Result<OpenReport, String> {
    let text = format!(
        "name = \"test\"\n[target]\nurl = \"http://{address}\"\npath = \"/x-{{n}}\"\n[load]\n{load}\n{rest}"
    );
    let plan = Scenario::parse(&text).unwrap().check(Reach::Loopback).unwrap();
    let Pace::Open(open) = plan.pace.clone() else { panic!("{text} is no open loop") };
    measure(&plan, &open, None).await.map_err(|error| error.to_string())
}
