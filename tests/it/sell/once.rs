//! One sale per placement, session and break, whoever asks, whoever hangs up.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use breakwater::audit::replay::{Wanted, replay};

use crate::support::bidder::{Ad, Bidder, Gate, Say, response};
use crate::support::exchange::Exchange;
use crate::support::http;
use crate::support::until;

const SHARED: &str = "breakwater_sales_shared_total";

/// Returns a bidder that answers when the gate is open.
fn gated(gate: &Arc<Gate>) -> Bidder {
    let gate = Arc::clone(gate);
    Bidder::start("acme", move |request| {
        gate.pass();
        let ad = Ad::new("a1", "20", 30);
        Say::Json(response("acme", request, [ad.bid(request, None)].into_iter()))
    })
}

#[test]
fn a_retry_gets_the_same_pod_and_another_session_its_own() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    let ask = |query: &str| exchange.tag(&format!("placement=arena&{query}")).text().to_owned();
    let first = ask("break=brk-1&session=s-1");
    assert!(first.contains("a1.mp4"), "{first}");
    for _ in 0..3 {
        assert_eq!(ask("break=brk-1&session=s-1"), first, "the same to the byte");
    }
    assert_eq!(acme.requests().len(), 1);
    assert_eq!(exchange.count(SHARED, &[]), 3.0);
    for other in
        ["break=brk-1&session=s-2", "break=brk-2&session=s-1", "break=brk-1", "break=brk-1"]
    {
        assert_ne!(ask(other), first, "{other}");
    }
    assert_eq!(acme.requests().len(), 5, "a request without a session is its own sale");
    assert_eq!(exchange.count("breakwater_fill_requests_total", &["arena", "partial"]), 8.0);
    // A repeat sells nothing again. Sales are counted once their answers have left.
    exchange.until_count("breakwater_break_seconds_total", &["arena", "sold"], 150.0);
}

#[test]
fn many_at_the_same_instant_share_one() {
    let gate = Arc::<Gate>::default();
    let acme = gated(&gate);
    let exchange = Exchange::start(&[&acme]);
    let pods: Vec<String> = thread::scope(|scope| {
        let ask = || exchange.tag("placement=arena&break=brk-1&session=s-1").text().to_owned();
        let mut callers = Vec::new();
        for _ in 0..CALLERS {
            callers.push(scope.spawn(ask));
        }
        exchange.until_count(SHARED, &[], f64::from(CALLERS - 1));
        gate.open();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert!(pods[0].contains("a1.mp4"), "{}", pods[0]);
    assert!(pods.iter().all(|pod| *pod == pods[0]), "{pods:?}");
    assert_eq!(acme.requests().len(), 1);
}

#[test]
fn a_first_caller_that_hangs_up_ends_nothing() {
    let gate = Arc::<Gate>::default();
    let acme = gated(&gate);
    let exchange = Exchange::start(&[&acme]);
    let target = "/v1/vast?placement=arena&break=brk-1&session=s-1";
    let mut first = http::connect(exchange.traffic);
    first.write_all(http::get_bytes(target).as_bytes()).unwrap();
    until("the bidder is asked", || (acme.requests().len() == 1).then_some(()));
    drop(first);
    let pod = thread::scope(|scope| {
        let second = scope.spawn(|| http::get(exchange.traffic, target));
        exchange.until_count(SHARED, &[], 1.0);
        gate.open();
        second.join().unwrap()
    });
    assert!(pod.text().contains("a1.mp4"), "{pod:?}");
    assert_eq!(acme.requests().len(), 1);
}

#[test]
fn each_caller_waits_as_long_as_it_said() {
    let gate = Arc::<Gate>::default();
    let acme = gated(&gate);
    let exchange = Exchange::start(&[&acme]);
    let ask = |more: &str| {
        let answer = exchange.tag(&format!("placement=arena&break=b&session=s{more}"));
        answer.text().contains("a1.mp4")
    };
    thread::scope(|scope| {
        let patient = scope.spawn(|| ask("&deadline_ms=2000"));
        until("the bidder is asked", || (acme.requests().len() == 1).then_some(()));
        assert!(!ask("&deadline_ms=60"), "answered by its own deadline");
        gate.open();
        assert!(patient.join().unwrap());
    });
    assert!(ask(""), "what was sold meanwhile is kept");
    assert_eq!(acme.requests().len(), 1);
}

#[test]
fn a_sale_that_nobody_waits_for_is_still_recorded() {
    let gate = Arc::<Gate>::default();
    let acme = gated(&gate);
    let exchange = Exchange::start(&[&acme]);
    let mut only = http::connect(exchange.traffic);
    only.write_all(http::get_bytes("/v1/vast?placement=arena&break=b").as_bytes()).unwrap();
    until("the bidder is asked", || (acme.requests().len() == 1).then_some(()));
    drop(only);
    gate.open();
    exchange.until_count("breakwater_bids_total", &["acme", "won"], 1.0);
    let data = exchange.stop();
    let report = replay(data.path(), &Wanted::All).unwrap();
    assert_eq!((report.auctions, report.differing.len()), (1, 0));
}

#[test]
fn a_stop_waits_for_a_sale_that_has_no_connection() {
    let gate = Arc::<Gate>::default();
    let acme = gated(&gate);
    let exchange = Exchange::start(&[&acme]);
    let traffic = exchange.traffic;
    let mut only = http::connect(traffic);
    only.write_all(http::get_bytes("/v1/vast?placement=arena&break=b").as_bytes()).unwrap();
    until("the bidder is asked", || (acme.requests().len() == 1).then_some(()));
    drop(only);
    let data = thread::scope(|scope| {
        let stopping = scope.spawn(|| exchange.stop());
        until("it accepts no more", || TcpStream::connect(traffic).err());
        gate.open();
        stopping.join().unwrap()
    });
    let report = replay(data.path(), &Wanted::All).unwrap();
    assert_eq!((report.auctions, report.differing.len()), (1, 0));
}

#[test]
fn what_was_not_recorded_may_be_asked_again() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    let ask = |more: &str| {
        let answer = exchange.tag(&format!("placement=arena&break=b&session=s{more}"));
        assert_eq!(answer.status, 200, "no fill is never an error");
        answer.text().contains("a1.mp4")
    };
    assert!(!ask("&deadline_ms=35"), "nobody answers in 5 ms");
    assert!(acme.requests().is_empty());
    assert!(ask(""), "nothing was sold, so it may be");
    let reasons = ["too_late", "partial"];
    for reason in reasons {
        let name = "breakwater_fill_requests_total";
        assert_eq!(exchange.count(name, &["arena", reason]), 1.0, "{reason}");
    }
}

/// How many ask at once: more than there are workers.
const CALLERS: u32 = 6;
