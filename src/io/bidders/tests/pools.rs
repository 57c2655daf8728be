//! Connections: made ahead, bounded, retired, and never awaited by an auction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::io::bidders::Upkeep;
use crate::io::bidders::tests::{Net, ask, bodies, number, ok, pass, request, until};
use crate::model::call::AnswerOutcome;

#[tokio::test(start_paused = true)]
async fn the_first_auction_finds_connections() {
    let net = Net::new();
    net.serve("acme");
    net.serve("zenith");
    let begun = Instant::now();
    let bidders = net.warm(&["acme", "zenith", "refused", "no url"], 4).await;
    assert_eq!(begun, Instant::now(), "nobody hesitated");
    assert_eq!(bidders.counts("acme"), (4, 0, 0));
    assert_eq!(bidders.counts("zenith"), (4, 0, 0));
    let answers = ask(&bidders, &["acme", "zenith", "refused", "no url"], 100).await;
    assert_eq!(bodies(&answers[..2]), ["4", "4"], "the newest is taken");
    assert_eq!(answers[2].outcome, AnswerOutcome::Unreachable);
}

#[tokio::test(start_paused = true)]
async fn warming_ends_whatever_a_bidder_does() {
    let net = Net::new();
    let _held = net.hold("slow");
    let bidders = net.bidders_with(&["slow"], net.upkeep(4));
    let begun = Instant::now();
    bidders.warm(begun + Duration::from_millis(100)).await;
    assert_eq!(begun.elapsed(), Duration::from_millis(100));
    bidders.warm(begun + Duration::from_secs(60)).await;
    assert_eq!(begun.elapsed(), Duration::from_millis(250), "a dial ends, and has failed");
}

#[tokio::test(start_paused = true)]
async fn an_auction_never_dials_nor_waits() {
    let net = Net::new();
    let gate = net.hold("acme");
    net.serve("acme");
    net.serve("good");
    let bidders = net.bidders_with(&["acme", "good"], net.upkeep(1));
    until("the other is there", || bidders.counts("good").0 == 1).await;
    let begun = Instant::now();
    let answers = ask(&bidders, &["acme", "good"], 1_000).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::SkippedNoConnection);
    assert_eq!(bodies(&answers[1..]), ["1"]);
    assert_eq!(begun, Instant::now());
    gate.notify_one();
    until("one is made", || bidders.counts("acme").0 == 1).await;
    assert_eq!(bodies(&ask(&bidders, &["acme"], 100).await), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn the_same_connection_is_used_while_others_wait() {
    let net = Net::new();
    net.serve("acme");
    let bidders = net.warm(&["acme"], 4).await;
    for _ in 0..20 {
        assert_eq!(bodies(&ask(&bidders, &["acme"], 100).await), ["4"]);
    }
    assert_eq!(net.dials("acme"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_pool_grows_ahead_of_its_calls_and_shrinks_when_they_end() {
    let net = Net::new();
    net.serve_after("acme", Duration::from_millis(60));
    let bidders = Arc::new(net.bidders_with(&["acme"], net.upkeep(4)));
    let mut skipped = Vec::new();
    for second in 0..10 {
        let mut asked = Vec::new();
        for _ in 0..100 {
            let bidders = Arc::clone(&bidders);
            asked.push(tokio::spawn(async move { ask(&bidders, &["acme"], 100).await }));
            pass(Duration::from_millis(10)).await;
        }
        let answers = join_all(asked).await;
        let missed = |answers: &Vec<_>| bodies(answers)[0] == "SkippedNoConnection";
        skipped.push(answers.iter().filter(|it| missed(it.as_ref().unwrap())).count());
        assert!(skipped[second] == 0 || second == 0, "{skipped:?}");
    }
    assert!(skipped[0] <= 4, "{skipped:?}");
    let (idle, ..) = bidders.counts("acme");
    assert!((14..=30).contains(&idle), "100/s of 60 ms need 6 and 10 to spare: {idle}");
    assert!(net.dials("acme") <= 60, "{}", net.dials("acme"));
    pass(Duration::from_secs(60)).await;
    let (idle, ..) = bidders.counts("acme");
    assert!((10..=30).contains(&idle), "kept for the next break: {idle}");
    pass(Duration::from_secs(2 * 3_600)).await;
    assert!(bidders.counts("acme").0 <= 8, "{:?}", bidders.counts("acme"));
}

#[tokio::test(start_paused = true)]
async fn a_surge_is_met_within_the_limits() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = Arc::new(net.bidders_with(&["acme", "other"], net.upkeep(4)));
    bidders.warm(Instant::now() + Duration::from_millis(300)).await;
    let answers = ask(&bidders, &["acme"; 1_000], 0).await;
    assert_eq!(answers.len(), 1_000);
    let asking = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&asking, &["acme"; 1_000], 100).await });
    until("it grows to the most", || bidders.counts("acme") == (252, 4, 0)).await;
    let mut streams = Vec::new();
    while let Ok(stream) = acme.try_recv() {
        streams.push(stream);
    }
    assert_eq!(streams.len(), 256);
    let asking = Arc::clone(&bidders);
    let more = tokio::spawn(async move { ask(&asking, &["acme"; 300], 100).await });
    until("all are in use", || bidders.counts("acme") == (0, 256, 0)).await;
    let answers = [asked.await.unwrap(), more.await.unwrap()].concat();
    let count = |wanted| answers.iter().filter(|answer| answer.outcome == wanted).count();
    assert_eq!(count(AnswerOutcome::Timeout { sent: true }), 256);
    assert_eq!(count(AnswerOutcome::SkippedNoConnection), 996);
    assert_eq!(count(AnswerOutcome::SkippedInFlight), 48);
}

#[tokio::test(start_paused = true)]
async fn connections_are_bounded_over_all_bidders() {
    let net = Net::new();
    net.serve_after("acme", Duration::from_millis(50));
    net.serve("zenith");
    let upkeep = Upkeep { connections: 21, ..net.upkeep(4) };
    let bidders = net.bidders_with(&["acme", "zenith"], upkeep);
    for _ in 0..3 {
        ask(&bidders, &["acme"; 100], 100).await;
        pass(Duration::from_millis(10)).await;
    }
    assert_eq!(bidders.counts("acme"), (10, 0, 0));
    let few = net.bidders_with(&["acme", "zenith"], Upkeep { connections: 1, ..net.upkeep(4) });
    few.warm(Instant::now() + Duration::from_millis(300)).await;
    assert_eq!(few.counts("acme"), (1, 0, 0), "one each at the very least");
}

#[tokio::test(start_paused = true)]
async fn a_quarter_of_what_is_missing_is_made_at_once_and_no_more_than_32() {
    let net = Net::new();
    let _held = net.hold("slow");
    let bidders = net.bidders_with(&["slow"], net.upkeep(4));
    ask(&bidders, &["slow"; 100], 10).await;
    pass(Duration::from_millis(10)).await;
    assert_eq!(bidders.counts("slow"), (0, 0, 32));
    assert_eq!(net.dials("slow"), 32);
}

#[tokio::test(start_paused = true)]
async fn who_refuses_is_tried_ever_less_often_and_found_again() {
    let net = Net::new();
    let bidders = net.warm(&["acme"], 4).await;
    assert_eq!(net.dials("acme"), 4, "together they are one failure");
    for _ in 0..600 {
        pass(Duration::from_millis(100)).await;
        ask(&bidders, &["acme"; 10], 10).await;
    }
    assert!((10..=16).contains(&net.dials("acme")), "{}", net.dials("acme"));
    net.serve("acme");
    pass(Duration::from_secs(19)).await;
    assert_eq!(bidders.counts("acme"), (4, 0, 0));
    assert!(matches!(ask(&bidders, &["acme"], 10).await[0].outcome, AnswerOutcome::Body(_)));
}

#[tokio::test(start_paused = true)]
async fn who_closes_every_connection_unused_is_no_storm() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    tokio::spawn(async move { while acme.recv().await.is_some() {} });
    let bidders = net.warm(&["acme"], 4).await;
    for _ in 0..600 {
        pass(Duration::from_millis(100)).await;
        let answers = ask(&bidders, &["acme"], 10).await;
        assert_eq!(answers[0].outcome, AnswerOutcome::SkippedNoConnection);
    }
    // Four each time, in the end every 2 s.
    assert!(net.dials("acme") <= 4 * 45, "{}", net.dials("acme"));
}

#[tokio::test(start_paused = true)]
async fn who_takes_calls_and_never_answers_is_no_storm() {
    let net = Net::new();
    let _silent = net.accept("acme");
    let bidders = net.bidders_with(&["acme"], net.upkeep(4));
    for _ in 0..600 {
        pass(Duration::from_millis(90)).await;
        ask(&bidders, &["acme"], 10).await;
    }
    assert!(net.dials("acme") <= 250, "{}", net.dials("acme"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_closed_while_idle_is_replaced_before_it_is_needed() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = Arc::new(net.warm(&["acme"], 2).await);
    let asking = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&asking, &["acme", "acme"], 100).await });
    let mut streams = Vec::new();
    for _ in 0..2 {
        let (mut stream, _) = request(&mut acme).await;
        stream.write_all(&ok("1")).await.unwrap();
        streams.push(stream);
    }
    asked.await.unwrap();
    drop(streams);
    pass(Duration::from_millis(250)).await;
    assert_eq!(bidders.counts("acme"), (2, 0, 0));
    assert_eq!(net.dials("acme"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_speaks_out_of_turn_is_not_used() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = net.warm(&["acme"], 1).await;
    let mut stream = acme.recv().await.unwrap();
    stream.write_all(&ok("stray")).await.unwrap();
    let answers = ask(&bidders, &["acme"], 100).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::SkippedNoConnection);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_replaced_in_time_and_not_together() {
    let net = Net::new();
    net.serve("acme");
    let bidders = net.warm(&["acme"], 8).await;
    let mut fewest = 8;
    let mut last = net.dials("acme");
    let mut most = 0;
    for _ in 0..600 {
        pass(Duration::from_millis(100)).await;
        fewest = fewest.min(bidders.counts("acme").0);
        most = most.max(net.dials("acme") - last);
        last = net.dials("acme");
    }
    assert!((16..=32).contains(&(last - 8)), "within 15 to 30 s each: {}", last - 8);
    assert!(most <= 2 && 6 <= fewest, "{most} at once, {fewest} left");
}

#[tokio::test(start_paused = true)]
async fn connections_in_use_retire_between_half_the_age_and_all_of_it() {
    let net = Net::new();
    net.serve("acme");
    let bidders = net.warm(&["acme"], 1).await;
    let begun = Instant::now();
    let mut used: BTreeMap<usize, (Instant, Instant)> = BTreeMap::new();
    while begun.elapsed() < Duration::from_secs(3_600) {
        let answers = ask(&bidders, &["acme"], 100).await;
        if answers[0].outcome != AnswerOutcome::SkippedNoConnection {
            let now = Instant::now();
            used.entry(number(&answers[0])).or_insert((now, now)).1 = now;
        }
        pass(Duration::from_secs(5)).await;
    }
    assert!((6..=13).contains(&used.len()), "{}", used.len());
    used.pop_last();
    for (number, (first, last)) in used {
        let age = last - first;
        assert!(Duration::from_secs(290) <= age, "{number}: {age:?}");
        assert!(age <= Duration::from_secs(600), "{number}: {age:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_dropped_closes_its_connections_and_dials_no_more() {
    let net = Net::new();
    let mut acme = net.accept("acme");
    let bidders = net.warm(&["acme"], 4).await;
    drop(bidders);
    pass(Duration::from_secs(60)).await;
    assert_eq!(net.dials("acme"), 4);
    for _ in 0..4 {
        let mut stream = acme.recv().await.unwrap();
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1]).await;
        assert_eq!(read.unwrap(), 0);
    }
}
