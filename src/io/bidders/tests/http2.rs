//! Bidders that are asked over HTTP/2: what becomes of connections, streams and late answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{self, SendResponse};
use hyper::Response;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::io::bidders::state::States;
use crate::io::bidders::tests::{Net, ask, bodies, endpoint, pass};
use crate::io::bidders::{Bidders, Endpoint};
use crate::model::call::AnswerOutcome;

#[tokio::test(start_paused = true)]
async fn calls_share_connections_and_old_ones_are_replaced_beside_them() {
    let net = Net::new();
    let mut calls = serve(&net, 100);
    let bidders = Arc::new(bidders(&net, 4).await);
    assert_eq!(bidders.counts("acme"), (2, 0, 0), "two are enough");
    let answering = tokio::spawn(async move {
        while let Some((mut respond, _)) = calls.recv().await {
            say(&mut respond, "1");
        }
    });
    // In twenty minutes every connection is old twice over.
    for _ in 0..1_200 {
        let asked = (0..20).map(|_| ask(&bidders, &["acme"], 100));
        for answers in futures_util::future::join_all(asked).await {
            assert_eq!(bodies(&answers), ["1"], "no call is left out");
        }
        pass(Duration::from_secs(1)).await;
    }
    let dials = net.dials("acme");
    assert!((5..40).contains(&dials), "{dials} connections in twenty minutes");
    answering.abort();
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_told_and_a_hung_call_costs_its_stream_only() {
    let net = Net::new();
    let mut calls = serve(&net, 100);
    let bidders = bidders(&net, 1).await;
    let (answers, late) = tokio::join!(ask(&bidders, &["acme", "acme"], 100), async {
        (calls.recv().await.unwrap(), calls.recv().await.unwrap())
    });
    let timeout = AnswerOutcome::Timeout { sent: true };
    assert!(answers.iter().all(|answer| answer.outcome == timeout));
    let ((mut one, _), (mut two, _)) = late;
    pass(Duration::from_millis(300)).await;
    say(&mut one, "late");
    pass(Duration::from_millis(1)).await;
    let told = net.late();
    assert_eq!(told.len(), 1);
    assert_eq!(bodies(&[told[0].1.clone()]), ["late"]);
    assert_eq!(bidders.counts("acme"), (0, 1, 0), "the other is waited for");
    pass(Duration::from_secs(1)).await;
    assert_eq!(bidders.counts("acme"), (1, 0, 0), "no longer");
    let reset = std::future::poll_fn(|context| two.poll_reset(context)).await.unwrap();
    assert_eq!(reset, h2::Reason::CANCEL);
    assert_eq!(net.dials("acme"), 1, "over the same connection");
}

#[tokio::test(start_paused = true)]
async fn past_the_peers_limit_nobody_waits() {
    let net = Net::new();
    let mut calls = serve(&net, 2);
    let bidders = bidders(&net, 1).await;
    let (answers, _held) = tokio::join!(ask(&bidders, &["acme"; 5], 100), async {
        (calls.recv().await.unwrap(), calls.recv().await.unwrap())
    });
    let outcomes: Vec<_> = answers.into_iter().map(|answer| answer.outcome).collect();
    let (timeout, skipped) =
        (AnswerOutcome::Timeout { sent: true }, AnswerOutcome::SkippedNoConnection);
    assert_eq!(outcomes[..2], [timeout.clone(), timeout]);
    assert!(outcomes[2..].iter().all(|outcome| *outcome == skipped), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_says_nothing_against_its_connection() {
    let net = Net::new();
    let mut calls = serve(&net, 1);
    let bidders = bidders(&net, 8).await;
    let (refused, ()) = tokio::join!(ask(&bidders, &["acme"], 100), async {
        // It is made once more.
        for _ in 0..2 {
            calls.recv().await.unwrap().0.send_reset(h2::Reason::REFUSED_STREAM);
        }
    });
    assert_eq!(refused[0].outcome, AnswerOutcome::Unreachable);
    for _ in 0..3 {
        ask(&bidders, &["acme"; 6], 100).await;
        pass(Duration::from_secs(1)).await;
    }
    let dials = net.dials("acme");
    assert!(2 < dials, "{dials} connections for six calls at once, each takes one");
}

#[tokio::test(start_paused = true)]
async fn who_refuses_every_other_call_is_asked_again_one_time_in_twenty() {
    let net = Net::new();
    let mut calls = serve(&net, 100);
    let bidders = bidders(&net, 1).await;
    let (taken, came) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (answered, counted) = (Arc::clone(&taken), Arc::clone(&came));
    tokio::spawn(async move {
        while let Some((mut respond, _)) = calls.recv().await {
            if counted.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
                respond.send_reset(h2::Reason::REFUSED_STREAM);
            } else {
                answered.fetch_add(1, Ordering::Relaxed);
                say(&mut respond, "1");
            }
        }
    });
    for _ in 0..400 {
        ask(&bidders, &["acme"], 100).await;
    }
    let again = came.load(Ordering::Relaxed) - 400;
    assert!((20..=30).contains(&again), "ten to begin with, and twenty for 400: {again}");
    assert_eq!(taken.load(Ordering::Relaxed), (400 + again) / 2);
}

#[tokio::test(start_paused = true)]
async fn who_answers_no_ping_is_left() {
    let net = Net::new();
    let mut pipes = net.accept("acme");
    let dialled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&dialled);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Some(mut stream) = pipes.recv().await {
            counted.fetch_add(1, Ordering::Relaxed);
            // Settings, and then silence.
            stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
            kept.push(stream);
        }
    });
    let bidders = bidders(&net, 1).await;
    pass(Duration::from_secs(11)).await;
    assert_eq!(bidders.counts("acme"), (1, 0, 0));
    pass(Duration::from_secs(2)).await;
    assert_eq!(dialled.load(Ordering::Relaxed), 2, "it is made anew");
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_not_connected_to() {
    let net = Net::new();
    let _pipes = net.accept("acme");
    let bidders = bidders(&net, 1).await;
    let answers = ask(&bidders, &["acme"], 100).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::Unreachable);
}

type Calls = mpsc::UnboundedReceiver<(SendResponse<Bytes>, usize)>;

/// Takes calls, at most so many at once on a connection, and hands them out with its number.
fn serve(net: &Net, streams: u32) -> Calls {
    let mut pipes = net.accept("acme");
    let (calls, taken) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut number = 0;
        while let Some(stream) = pipes.recv().await {
            number += 1;
            let (calls, number) = (calls.clone(), number);
            tokio::spawn(async move {
                let mut builder = server::Builder::new();
                let shaken = builder.max_concurrent_streams(streams).handshake(stream).await;
                let mut connection = shaken.unwrap();
                while let Some(Ok((_request, respond))) = connection.accept().await {
                    // A test may have seen enough.
                    let _ = calls.send((respond, number));
                }
            });
        }
    });
    taken
}

fn say(respond: &mut SendResponse<Bytes>, body: &str) {
    let response = Response::new(());
    let mut stream = respond.send_response(response, false).unwrap();
    stream.send_data(Bytes::copy_from_slice(body.as_bytes()), true).unwrap();
}

/// Returns a bidder that has so many connections at most.
async fn bidders(net: &Net, connections: usize) -> Bidders {
    let endpoints = vec![Endpoint { http2: true, ..endpoint("acme", None) }];
    let states = Arc::new(States::new(&endpoints));
    let mut upkeep = net.upkeep(connections);
    upkeep.connections = connections;
    let bidders = Bidders::new(endpoints, &states, net.connector(), upkeep);
    bidders.warm(Instant::now() + Duration::from_millis(300)).await;
    bidders
}
