//! What an operator and a player see: beacons, metrics, health, the drain.

use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::support::bidder::{Ad, Bidder, Say, response};
use crate::support::exchange::Exchange;
use crate::support::http::{self, post};
use crate::support::until;

const BEACONS: &str = "breakwater_beacons_total";

#[test]
fn a_beacon_counts_once_and_only_when_it_is_ours() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    let pod = exchange.tag("placement=arena");
    let read: vast4_rs::Vast<'_> = vast4_rs::from_str(pod.text()).unwrap();
    let url = read.ads[0].in_line.as_ref().unwrap().impressions[0].uri.to_string();
    let first = exchange.beacon(&url);
    assert_eq!((first.status, first.body.len()), (204, 0), "{first:?}");
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(exchange.beacon(&url).status, 204, "a repeat is no error");
    let image = exchange.beacon(&format!("{url}.gif"));
    assert_eq!((image.status, image.header("content-type")), (200, Some("image/gif")));
    assert!(image.body.starts_with(b"GIF89a") && image.body.ends_with(b";"));
    let target = url.split_once("/v1/").unwrap().1;
    assert_eq!(post(exchange.traffic, &format!("/v1/{target}"), &[], "x").status, 204);

    let (start, token) = url.rsplit_once('/').unwrap();
    let tampered: Vec<String> = (0..token.len())
        .step_by(7)
        .map(|at| {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            format!("{start}/{}{other}{}", &token[..at], &token[at + 1..])
        })
        .chain([format!("{url}A"), format!("{start}/{}", &token[4..]), format!("{start}/x.gif")])
        .collect();
    for url in &tampered {
        let refused = exchange.beacon(url);
        assert_eq!(refused.status, 400, "{url}");
        assert_eq!(refused.header("x-breakwater-error"), Some("bad_token"));
    }
    let count = |labels: &[&str]| exchange.count(BEACONS, labels);
    assert_eq!(count(&["impression", "accepted"]), 1.0);
    assert_eq!(count(&["impression", "duplicate"]), 3.0);
    assert_eq!(count(&["unknown", "bad_token"]), f64::from(u32::try_from(tampered.len()).unwrap()));
    assert_eq!(count(&["late"]), 0.0);
}

#[test]
fn every_series_reads_zero_until_something_happens() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30), Ad::new("a2", "1", 15)]);
    let exchange = Exchange::start(&[&acme]);
    let before = series(&exchange);
    let times = "breakwater_bidder_duration_seconds_count{";
    let of_calls = before.keys().filter(|name| name.starts_with(times) && !name.contains("other"));
    let answered = ["bids", "no_bid", "invalid_response", "wrong_request_id"];
    assert_eq!(of_calls.count(), answered.len(), "only a complete answer takes a time");
    for (name, value) in &before {
        let told = [
            "breakwater_build_info",
            "breakwater_config_",
            "breakwater_connections_most",
            "breakwater_sales_most",
            "breakwater_log_",
            "breakwater_bidder_connections",
            "breakwater_bidder_dials_total",
        ];
        let state = told.iter().any(|start| name.starts_with(start));
        assert!(state || value == "0", "{name} reads {value} at the start");
    }
    exchange.tag("placement=arena&duration_ms=60000");
    exchange.until_count("breakwater_notices_total", &["acme", "delivered"], 2.0);
    let after = series(&exchange);
    let new: Vec<_> = after.keys().filter(|name| !before.contains_key(*name)).collect();
    assert!(new.is_empty(), "not there at the start: {new:?}");
    for (name, labels, wanted) in [
        ("breakwater_fill_requests_total", vec!["arena", "partial"], 1.0),
        ("breakwater_break_seconds_total", vec!["arena", "sold"], 30.0),
        ("breakwater_break_seconds_total", vec!["arena", "unfilled"], 30.0),
        ("breakwater_unfilled_seconds_total", vec!["arena"], 30.0),
        ("breakwater_bidder_requests_total", vec!["acme", "\"sent\""], 1.0),
        ("breakwater_bids_total", vec!["acme", "\"won\""], 1.0),
        ("breakwater_bids_total", vec!["acme", "\"below_floor\""], 1.0),
        ("breakwater_revenue_micros_total", vec!["arena", "USD"], 20_000.0),
        ("breakwater_fill_duration_seconds_count", vec!["arena"], 1.0),
        ("breakwater_bidder_duration_seconds_count", vec!["acme", "bids"], 1.0),
        ("breakwater_stage_duration_seconds_count", vec!["flush"], 1.0),
    ] {
        assert_eq!(exchange.count(name, &labels), wanted, "{name} {labels:?}");
    }
}

#[test]
fn the_admin_listener_tells_how_each_bidder_does() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]).with("in_flight = 7");
    let zenith = Bidder::bidding("zenith", vec![]).with("qps = 1");
    let exchange = Exchange::start(&[&acme, &zenith]);
    let told = |query: &str| http::get(exchange.admin, &format!("/v1/bidders{query}"));
    exchange.tag("placement=arena&duration_ms=30000");
    exchange.until_at_least("breakwater_bidder_value_latency_seconds", &["acme", "0.9"], 0.000_1);
    let list = told("").json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(ids, ["acme", "zenith"]);
    let first = &list["data"][0];
    assert_eq!(
        (first["breaker"].as_str(), first["health"].as_str()),
        (Some("closed"), Some("good"))
    );
    assert_eq!(first["in_flight"]["most"], 7);
    let sentence = first["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("acme answers 90 % of its value within "), "{sentence}");
    assert!(list["data"][1]["value_in_by_ms"].is_null());
    assert!(list["next"].is_null());
    let page = told("?limit=1").json();
    assert_eq!((page["next"].as_str(), page["data"].as_array().unwrap().len()), (Some("acme"), 1));
    assert_eq!(told("?after=acme&limit=1").json()["data"][0]["id"], "zenith");
    let refused = told("?offset=1");
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
}

#[test]
fn health_is_told_and_readiness_ends_with_the_drain() {
    let (asked, is_asked) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let (asked, gate) = (Mutex::new(asked), Arc::new(Mutex::new(gate)));
    let acme = Bidder::start("acme", move |request| {
        asked.lock().send(()).unwrap();
        // An error says that the test is over.
        let _ = gate.lock().recv();
        let ad = Ad::new("a1", "20", 30);
        Say::Json(response("acme", request, [ad.bid(request, None)].into_iter()))
    });
    let exchange = Exchange::start(&[&acme]);
    let (traffic, admin) = (exchange.traffic, exchange.admin);
    assert_eq!(http::get(admin, "/livez").status, 200);
    assert_eq!(http::get(admin, "/readyz").status, 200);
    let version = http::get(admin, "/version").json();
    assert_eq!(version["openrtb"], "2.6");
    assert!(version["build"].as_str().unwrap().starts_with("breakwater 0."));
    assert_eq!(version["config"]["generation"], 1);
    for (path, code) in [("/v1/reload", "no_config_file"), ("/v1/drain", "not_drained")] {
        let refused = post(admin, path, &[], "");
        assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some(code)));
    }
    thread::scope(|scope| {
        let sale = scope.spawn(|| http::get(traffic, "/v1/vast?placement=arena"));
        is_asked.recv().unwrap();
        let stopping = scope.spawn(|| exchange.stop());
        let told = until("readiness ends", || {
            let told = http::get(admin, "/readyz?verbose");
            (told.status == 503).then_some(told)
        });
        assert!(told.text().contains("[-] not draining"), "{}", told.text());
        assert_eq!(http::get(admin, "/livez").status, 200, "alive to the end");
        open.send(()).unwrap();
        let sale = sale.join().unwrap();
        assert!(sale.text().contains("a1.mp4"), "a running sale ends by itself: {sale:?}");
        stopping.join().unwrap();
    });
}

#[test]
fn idle_connections_do_not_hold_up_the_drain() {
    let exchange = Exchange::start(&[]);
    let silent = http::connect(exchange.traffic);
    let mut kept = http::connect(exchange.traffic);
    kept.write_all(http::get_bytes("/v1/vast?placement=arena").as_bytes()).unwrap();
    let mut kept = BufReader::new(kept);
    assert_eq!(http::read(&mut kept).unwrap().status, 200);
    let begun = Instant::now();
    exchange.stop();
    // Half of what a stuck connection is given.
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(http::read(&mut kept).is_none() && http::read(&mut BufReader::new(silent)).is_none());
}

#[test]
fn a_request_on_its_way_when_the_drain_begins_is_answered() {
    let exchange = Exchange::start(&[]);
    let traffic = exchange.traffic;
    let mut kept: Vec<_> = (0..8).map(|_| BufReader::new(http::connect(traffic))).collect();
    let ask = |over: &mut BufReader<TcpStream>| {
        over.get_mut().write_all(http::get_bytes("/nowhere").as_bytes()).unwrap();
    };
    for over in &mut kept {
        ask(over);
        assert_eq!(http::read(over).expect("it answers").header("connection"), None);
    }
    thread::scope(|scope| {
        let stopping = scope.spawn(|| exchange.stop());
        until("accepting ends", || TcpStream::connect(traffic).is_err().then_some(()));
        kept.iter_mut().for_each(ask);
        for over in &mut kept {
            let last = http::read(over).expect("it is answered, though accepting has ended");
            assert_eq!((last.status, last.header("connection")), (404, Some("close")));
            assert!(http::read(over).is_none(), "it is closed");
        }
        stopping.join().unwrap();
    });
}

/// Returns every series with its value; buckets and sums are left out.
fn series(exchange: &Exchange) -> BTreeMap<String, String> {
    let text = http::get(exchange.admin, "/metrics").text().to_owned();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
