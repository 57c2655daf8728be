//! What comes of calls: answers, order, refusals, quotas.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, advance};

use crate::io::bidders::Bidders;
use crate::io::bidders::state::States;
use crate::io::bidders::tests::{
    Net, ask, bodies, call, endpoint, ok, pass, read_request, request, until,
};
use crate::model::call::{Answer, AnswerOutcome, Call, CallFault};
use crate::model::ids::{BidderId, PlacementId};
use crate::model::standing::{Brownout, Quota};

#[tokio::test(start_paused = true)]
async fn a_hung_bidder_costs_only_itself() {
    let net = Net::new();
    let (mut hung, mut good) = (net.accept("hung"), net.accept("good"));
    let bidders = net.warm(&["hung", "good"], 1).await;
    let asked = tokio::spawn(async move { ask(&bidders, &["hung", "good"], 100).await });
    let (_silent, _) = request(&mut hung).await;
    let (mut stream, _) = request(&mut good).await;
    advance(Duration::from_millis(30)).await;
    stream.write_all(&ok("bid")).await.unwrap();
    let answers = asked.await.unwrap();
    let timeout = Answer {
        outcome: AnswerOutcome::Timeout { sent: true },
        status: None,
        deadline_us: 100_000,
        elapsed_us: 98_000,
    };
    assert_eq!(answers[0], timeout);
    let bid = AnswerOutcome::Body(b"bid".to_vec());
    let won = Answer { outcome: bid, status: Some(200), deadline_us: 100_000, elapsed_us: 30_000 };
    assert_eq!(answers[1], won);
}

#[tokio::test(start_paused = true)]
async fn answers_are_decoded_as_they_arrive_and_returned_in_order() {
    let net = Net::new();
    let (mut first, mut second) = (net.accept("first"), net.accept("second"));
    let bidders = net.warm(&["first", "second"], 1).await;
    let decoded = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&decoded);
    let asked = tokio::spawn(async move {
        let decode = |call: &Call, answer: Answer| {
            seen.lock().push(call.bidder.to_string());
            (call.bidder.to_string(), answer.outcome)
        };
        let calls = vec![call("first"), call("second")];
        bidders.ask(calls, decode, Instant::now() + Duration::from_millis(100)).await
    });
    let (mut one, _) = request(&mut first).await;
    let (mut two, _) = request(&mut second).await;
    two.write_all(&ok("2")).await.unwrap();
    until("the second is decoded", || !decoded.lock().is_empty()).await;
    one.write_all(&ok("1")).await.unwrap();
    let replies = asked.await.unwrap();
    assert_eq!(*decoded.lock(), ["second", "first"]);
    let body = |text: &str| AnswerOutcome::Body(text.as_bytes().to_vec());
    assert_eq!(replies, [("first".to_owned(), body("1")), ("second".to_owned(), body("2"))]);
}

#[tokio::test(start_paused = true)]
async fn a_request_says_what_openrtb_wants() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = net.warm(&["acme"], 2).await;
    let asked = tokio::spawn(async move {
        let plain = call("acme");
        let packed = Call { gzip: true, ..call("acme") };
        let cutoff = Instant::now() + Duration::from_millis(100);
        bidders.ask(vec![plain, packed], |_, answer| answer.outcome, cutoff).await
    });
    let (mut texts, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (mut stream, text) = request(&mut acme).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        kept.push(stream);
        texts.push(text);
    }
    assert_eq!(asked.await.unwrap(), [AnswerOutcome::Empty, AnswerOutcome::Empty]);
    texts.sort_unstable_by_key(String::len);
    for text in &texts {
        assert!(text.starts_with("POST /bid?k=1 HTTP/1.1\r\n"), "{text}");
        for header in [
            "host: acme.example:8080",
            "content-type: application/json",
            "x-openrtb-version: 2.6",
            "accept-encoding: gzip",
            "content-length: 8",
        ] {
            assert!(text.contains(&format!("\r\n{header}\r\n")), "{header} in {text}");
        }
        assert!(text.ends_with("\r\n\r\n{\"id\":1}"), "{text}");
    }
    assert!(!texts[0].contains("content-encoding"));
    assert!(texts[1].contains("\r\ncontent-encoding: gzip\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_sent_is_not_sent_again() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    net.serve("good");
    let bidders = Arc::new(net.warm(&["acme", "good"], 1).await);
    let asking = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&asking, &["acme", "good"], 100).await });
    let (mut stream, _) = request(&mut acme).await;
    stream.write_all(b"H").await.unwrap();
    drop(stream);
    let answers = asked.await.unwrap();
    assert_eq!(answers[0].outcome, AnswerOutcome::Failed(CallFault::Framing));
    assert_eq!(bodies(&answers[1..]), ["1"]);
    pass(Duration::from_millis(150)).await;
    let asked = tokio::spawn(async move { ask(&bidders, &["acme"], 100).await });
    let (stream, _) = request(&mut acme).await;
    drop(stream);
    assert_eq!(asked.await.unwrap()[0].outcome, AnswerOutcome::Failed(CallFault::Framing));
    assert!(acme.try_recv().is_err(), "nor on another connection");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_a_connection_did_not_take_is_sent_once_more() {
    for (fading, wanted) in
        [(&[2][..], AnswerOutcome::Body(b"1".to_vec())), (&[1, 2], AnswerOutcome::Unreachable)]
    {
        let net = Net::new();
        net.serve("acme");
        net.fade("acme", fading);
        let bidders = net.warm(&["acme"], 2).await;
        let answers = ask(&bidders, &["acme"], 100).await;
        assert_eq!(answers[0].outcome, wanted, "{fading:?} end when they are used");
        assert_eq!(bidders.counts("acme").1, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_reached_is_unreachable() {
    let net = Net::new();
    let _held = net.hold("slow");
    net.serve("good");
    let bidders = net.warm(&["refused", "slow", "no url", "good"], 1).await;
    let answers = ask(&bidders, &["refused", "slow", "no url", "stranger", "good"], 1_000).await;
    for answer in &answers[..4] {
        assert_eq!(answer.outcome, AnswerOutcome::Unreachable);
        assert_eq!(answer.elapsed_us, 0, "nothing is waited for");
    }
    assert_eq!(bodies(&answers[4..]), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_cutoff_that_has_passed_makes_no_call() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = net.warm(&["acme"], 1).await;
    let answers = ask(&bidders, &["acme"], 0).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::Timeout { sent: false });
    assert_eq!(bidders.counts("acme"), (1, 0, 0));
    let asked = tokio::spawn(async move { ask(&bidders, &["acme"], 100).await });
    let (mut stream, _) = request(&mut acme).await;
    stream.write_all(&ok("1")).await.unwrap();
    assert_eq!(bodies(&asked.await.unwrap()), ["1"], "and costs no connection");
}

#[tokio::test(start_paused = true)]
async fn an_answer_counts_until_the_timer_is_due_two_milliseconds_before_the_cutoff() {
    for (after_ms, wanted) in
        [(97, AnswerOutcome::Body(b"1".to_vec())), (98, AnswerOutcome::Timeout { sent: true })]
    {
        let net = Net::new();
        net.serve_after("acme", Duration::from_millis(after_ms));
        let bidders = net.warm(&["acme"], 1).await;
        let answers = ask(&bidders, &["acme"], 100).await;
        assert_eq!(answers[0].outcome, wanted, "after {after_ms} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_taken_by_asking_and_shared_by_workers() {
    let net = Net::new();
    let endpoints =
        vec![endpoint("acme", Some(2)), endpoint("good", None), endpoint("off", Some(0))];
    let states = Arc::new(States::new(&endpoints));
    for id in ["acme", "good", "off"] {
        net.serve(id);
    }
    let worker =
        |states: &States| Bidders::new(endpoints.clone(), states, net.connector(), net.upkeep(4));
    let (one, another) = (worker(&states), worker(&states));
    pass(Duration::from_millis(10)).await;
    let standing = |bidders: &Bidders, id: &str| {
        let standing = bidders.standing(&PlacementId::new("arena-1-mid"), Brownout::All);
        standing.of(&BidderId::new(id)).unwrap().quota
    };
    let is_body = |answer: &Answer| matches!(answer.outcome, AnswerOutcome::Body(_));
    assert_eq!(standing(&one, "acme"), Quota::Free);
    assert_eq!(standing(&one, "off"), Quota::Exhausted);
    assert!(ask(&one, &["acme", "good"], 100).await.iter().all(is_body));
    assert!(ask(&another, &["acme", "good"], 100).await.iter().all(is_body));
    let (idle, ..) = one.counts("acme");
    let answers = ask(&one, &["acme", "good", "off"], 100).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::SkippedQps);
    assert!(is_body(&answers[1]));
    assert_eq!(answers[2].outcome, AnswerOutcome::SkippedQps);
    assert!(idle <= one.counts("acme").0, "the connection is given back");
    assert_eq!(standing(&another, "acme"), Quota::Exhausted);
    assert_eq!(standing(&another, "good"), Quota::Free);

    let kept = states.reload(&endpoints);
    assert_eq!(standing(&worker(&kept), "acme"), Quota::Exhausted, "a reload gives nothing away");
    // Sooner it would be a draw: more was wanted within the last second than there is.
    advance(Duration::from_millis(1_110)).await;
    assert_eq!(standing(&another, "acme"), Quota::Free);
    assert!(ask(&another, &["acme", "acme"], 100).await.iter().all(is_body));
    assert_eq!(ask(&one, &["acme"], 100).await[0].outcome, AnswerOutcome::SkippedQps);
}

#[tokio::test(start_paused = true)]
async fn a_skipped_call_does_not_use_up_the_quota() {
    let net = Net::new();
    let endpoints = vec![endpoint("acme", Some(1))];
    let states = Arc::new(States::new(&endpoints));
    let mut acme = net.accept("acme");
    let gate = net.hold("acme");
    let bidders = Bidders::new(endpoints, &states, net.connector(), net.upkeep(1));
    let skipped = ask(&bidders, &["acme"], 100).await;
    assert_eq!(skipped[0].outcome, AnswerOutcome::SkippedNoConnection);
    gate.notify_one();
    until("a connection is made", || bidders.counts("acme").0 == 1).await;
    let asked = tokio::spawn(async move { ask(&bidders, &["acme"], 100).await });
    let mut stream = acme.recv().await.unwrap();
    read_request(&mut stream).await;
    stream.write_all(&ok("1")).await.unwrap();
    assert_eq!(bodies(&asked.await.unwrap()), ["1"]);
}
