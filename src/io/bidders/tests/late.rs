//! Calls that outlast their auction.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{unconstrained, yield_now};
use tokio::time::{advance, timeout};

use crate::io::bidders::breaker::Position;
use crate::io::bidders::state::States;
use crate::io::bidders::tests::{
    Net, ask, bodies, endpoint, ok, pass, read_request, request, until,
};
use crate::io::bidders::{Bidders, Endpoint};
use crate::model::call::AnswerOutcome;

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_told_and_its_connection_lives() {
    let net = Net::new();
    net.serve_after("acme", Duration::from_millis(80));
    let bidders = net.warm(&["acme"], 1).await;
    let answers = ask(&bidders, &["acme"], 50).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::Timeout { sent: true });
    assert_eq!(bidders.counts("acme").1, 1, "it is still read");
    assert_eq!(net.late(), []);
    pass(Duration::from_millis(40)).await;
    let late = net.late();
    assert_eq!(late.len(), 1);
    let (bidder, answer) = &late[0];
    assert_eq!(bidder, "acme");
    assert_eq!(answer.outcome, AnswerOutcome::Body(b"1".to_vec()));
    assert_eq!((answer.deadline_us, answer.elapsed_us), (50_000, 80_000));
    assert_eq!(bidders.counts("acme").1, 0);
    assert_eq!(bodies(&ask(&bidders, &["acme"], 100).await), ["1"], "over the same connection");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_whole_a_second_later_is_closed() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = Arc::new(net.warm(&["acme"], 1).await);
    let asking = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&asking, &["acme"], 50).await });
    let (mut stream, _) = request(&mut acme).await;
    asked.await.unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
    pass(Duration::from_millis(990)).await;
    assert_eq!(bidders.counts("acme").1, 1);
    pass(Duration::from_millis(20)).await;
    assert_eq!(bidders.counts("acme").1, 0);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "it is closed");
    assert_eq!(net.late(), [], "and nothing is told");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_64_calls_to_a_bidder_stay_open_late() {
    let net = Net::new();
    let mut hung = net.accept("hung");
    net.serve("good");
    let bidders = Arc::new(net.warm(&["hung", "good"], 100).await);
    let asking = Arc::clone(&bidders);
    let mut calls = vec!["hung"; 100];
    calls.push("good");
    let asked = tokio::spawn(async move { ask(&asking, &calls, 50).await });
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(request(&mut hung).await.0);
    }
    let answers = asked.await.unwrap();
    assert!(answers[..100].iter().all(|it| it.outcome == AnswerOutcome::Timeout { sent: true }));
    assert!(matches!(answers[100].outcome, AnswerOutcome::Body(_)));
    pass(Duration::from_millis(1)).await;
    assert_eq!(bidders.counts("hung").1, 64);
    let mut closed = 0;
    for stream in &mut streams {
        let mut byte = [0];
        let read = timeout(Duration::ZERO, stream.read(&mut byte)).await;
        closed += usize::from(matches!(read, Ok(Ok(0))));
    }
    assert_eq!(closed, 36);
    pass(Duration::from_secs(1)).await;
    assert_eq!(bidders.counts("hung").1, 0, "every place is given back");
}

#[tokio::test(start_paused = true)]
async fn what_has_come_by_the_cutoff_needs_no_place() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = Arc::new(net.warm(&["acme"], 100).await);
    let asking = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&asking, &["acme"; 100], 50).await });
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(request(&mut acme).await.0);
    }
    // As after a pause of the process: the cutoff has passed and all answers are there.
    unconstrained(async {
        for stream in &mut streams {
            stream.write_all(&ok("1")).await.unwrap();
        }
    })
    .await;
    advance(Duration::from_millis(50)).await;
    let answers = asked.await.unwrap();
    assert!(answers.iter().all(|it| it.outcome == AnswerOutcome::Timeout { sent: true }));
    until("all are back", || bidders.counts("acme").1 == 0).await;
    assert_eq!(net.late().len(), 100);
    assert_eq!(bidders.counts("acme"), (100, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_question_leaves_its_calls_to_end_late() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = Arc::new(net.warm(&["acme"], 1).await);
    let asking = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&asking, &["acme"], 10_000).await });
    let (mut stream, _) = request(&mut acme).await;
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    assert_eq!(bidders.counts("acme").1, 1);
    stream.write_all(&ok("1")).await.unwrap();
    until("it is read to its end", || bidders.counts("acme").1 == 0).await;
    assert_eq!(net.late().len(), 1);
    let asked = tokio::spawn(async move { ask(&bidders, &["acme"], 100).await });
    read_request(&mut stream).await;
    stream.write_all(&ok("2")).await.unwrap();
    assert_eq!(bodies(&asked.await.unwrap()), ["2"], "the connection lives");
}

#[tokio::test(start_paused = true)]
async fn late_calls_do_not_keep_a_pool_that_is_gone() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = net.warm(&["acme"], 1).await;
    let asked = tokio::spawn(async move { ask(&bidders, &["acme"], 50).await });
    let (mut stream, _) = request(&mut acme).await;
    asked.await.unwrap();
    stream.write_all(&ok("1")).await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "read to its end, and closed");
    assert_eq!(net.late().len(), 1);
}

/// Ten timeouts in a row open a breaker: of a process that stood still each bidder would have them.
#[tokio::test(start_paused = true)]
async fn a_pause_of_our_own_counts_against_no_bidder() {
    for (overslept_ms, answered, wanted) in [
        (20, false, Position::Open),
        (20, true, Position::Open),
        (21, false, Position::Closed),
        (21, true, Position::Closed),
    ] {
        let net = Net::new();
        let mut acme = net.accept("acme");
        let bidders = Arc::new(net.warm(&["acme"], 30).await);
        let asking = Arc::clone(&bidders);
        let asked = tokio::spawn(async move { ask(&asking, &["acme"; 30], 50).await });
        let mut streams = Vec::new();
        for _ in 0..30 {
            streams.push(request(&mut acme).await.0);
        }
        if answered {
            let all = async {
                for stream in &mut streams {
                    stream.write_all(&ok("1")).await.unwrap();
                }
            };
            unconstrained(all).await;
        }
        advance(Duration::from_millis(50 + overslept_ms)).await;
        let answers = asked.await.unwrap();
        assert!(answers.iter().all(|it| it.outcome == AnswerOutcome::Timeout { sent: true }));
        let (skip_ppm, breaker) = bidders.bidders[0].state.health.report();
        let told = format!("{overslept_ms} ms, answered: {answered}, {skip_ppm} ppm");
        assert_eq!(breaker, wanted, "{told}");
        assert_eq!(0 < skip_ppm, wanted == Position::Open, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_not_left_by_the_cutoff_never_leaves() {
    const CALLS: usize = 250;
    let net = Net::new();
    let mut both = [net.accept("acme"), net.accept("zenith")];
    let bidders = Arc::new(net.warm(&["acme", "zenith"], CALLS).await);
    let asking = Arc::clone(&bidders);
    let ids = [["acme"; CALLS], ["zenith"; CALLS]].concat();
    let asked = tokio::spawn(async move { ask(&asking, &ids, 50).await });
    // A turn of a task makes no more than 128; after one or two the process stands still.
    yield_now().await;
    advance(Duration::from_millis(50)).await;
    let answers = asked.await.unwrap();
    let sent = answers.iter().filter(|it| it.outcome == AnswerOutcome::Timeout { sent: true });
    let sent = sent.count();
    let unsent = AnswerOutcome::Timeout { sent: false };
    let unsent = answers.iter().filter(|it| it.outcome == unsent).count();
    assert_eq!(sent + unsent, 2 * CALLS);
    assert!(0 < sent && 0 < unsent, "{sent} sent, {unsent} not");
    pass(Duration::from_millis(1)).await;
    let mut arrived = 0;
    for at in 0..2 * CALLS {
        let mut stream = both[at / CALLS].recv().await.unwrap();
        let read = timeout(Duration::ZERO, stream.read(&mut [0; 1])).await;
        arrived += usize::from(matches!(read, Ok(Ok(1))));
    }
    assert_eq!(arrived, sent);
}

#[tokio::test(start_paused = true)]
async fn a_late_call_keeps_its_place_until_its_connection_is_back() {
    let net = Net::new();
    let endpoints = vec![Endpoint { in_flight: 1, ..endpoint("acme", None) }];
    let states = Arc::new(States::new(&endpoints));
    let mut acme = net.accept("acme");
    let bidders = Arc::new(Bidders::new(endpoints, &states, net.connector(), net.upkeep(1)));
    until("it is connected", || bidders.counts("acme").0 == 1).await;
    let asking = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&asking, &["acme"], 50).await });
    let (mut stream, _) = request(&mut acme).await;
    assert_eq!(asked.await.unwrap()[0].outcome, AnswerOutcome::Timeout { sent: true });
    let again = ask(&bidders, &["acme"], 50).await;
    assert_eq!(again[0].outcome, AnswerOutcome::SkippedInFlight);
    stream.write_all(&ok("1")).await.unwrap();
    until("it is back", || bidders.counts("acme").0 == 1).await;
    let asked = tokio::spawn(async move { ask(&bidders, &["acme"], 50).await });
    read_request(&mut stream).await;
    stream.write_all(&ok("2")).await.unwrap();
    assert_eq!(bodies(&asked.await.unwrap()), ["2"]);
}
