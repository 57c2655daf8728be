//! Bidders over HTTP/2: each lie beside an honest bidder that must win in time.

mod server;

use std::sync::atomic::Ordering;
use std::time::Duration;

use breakwater::io::bidders::{Bidders, Endpoint};
use breakwater::model::call::{AnswerOutcome, CallFault};
use rustls::pki_types::CertificateDer;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::bidders::http2::server::{Act, Shape, frame, serve, serve_raw, serve_tls};
use crate::bidders::lies::Case;
use crate::bidders::{ask, assert_costs_itself, assert_honest, endpoints, of, ready};

/// What a bidder does, and what is to come of it.
struct Lie {
    name: &'static str,
    act: Act,
    outcome: AnswerOutcome,
    status: Option<u16>,
    /// Its connection has the next call too.
    is_kept: bool,
}

#[tokio::test]
async fn no_lie_costs_an_honest_bidder_its_bid() {
    let good = serve(Act::Say(b"good"), Shape::default()).await;
    for Lie { name, act, outcome, status, is_kept } in lies() {
        let times_out = outcome == AnswerOutcome::Timeout { sent: true };
        let within = Duration::from_millis(if times_out { 300 } else { 5_000 });
        let liar = serve(act, Shape::default()).await;
        let bidders = bidders(&[&liar.url, &good.url], Vec::new()).await;
        let wanted = (outcome, status);
        for _ in 0..if is_kept { 3 } else { 1 } {
            assert_costs_itself(&bidders, &wanted, within, name).await;
        }
        if is_kept {
            assert_eq!(liar.connections.load(Ordering::Relaxed), 1, "{name}: it is not kept");
        }
    }
}

#[tokio::test]
async fn what_is_no_http2_ends_the_connection() {
    let good = serve(Act::Say(b"good"), Shape::default()).await;
    let settings = frame(4, 0, 0, b"");
    // The literal field `:status: 103`, without END_STREAM.
    let hint = frame(1, 4, 1, b"\x08\x03103");
    for (name, answer) in [
        ("1xx flood", hint.repeat(5_000)),
        ("ping flood", frame(6, 0, 0, &[0; 8]).repeat(5_000)),
        ("settings flood", settings.repeat(5_000)),
        ("empty data", [&frame(1, 4, 1, b"\x88")[..], &frame(0, 0, 1, b"").repeat(5_000)].concat()),
        (
            "endless head",
            [&frame(1, 0, 1, b"\x88")[..], &frame(9, 0, 1, &[0; 8]).repeat(50_000)].concat(),
        ),
        ("an answer to nobody", frame(1, 5, 9, b"\x88")),
        ("a frame too large", [&[1, 0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 70_000]].concat()),
        ("HTTP/1.1", b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbid".to_vec()),
        ("the end", Vec::new()),
    ] {
        let mut liar = serve_raw(settings.clone(), answer).await;
        let bidders = bidders(&[&liar.url, &good.url], Vec::new()).await;
        let answers = ask(&bidders, 2, Duration::from_secs(5)).await;
        let framing = AnswerOutcome::Failed(CallFault::Framing);
        assert_eq!(answers[0].outcome, framing, "{name}");
        assert_honest(&answers[1], name);
        let closed = timeout(Duration::from_secs(5), liar.closed.recv()).await;
        assert!(closed.is_ok(), "{name}: its connection is not closed");
    }
}

#[tokio::test]
async fn who_does_not_speak_http2_is_unreachable() {
    let good = serve(Act::Say(b"good"), Shape::default()).await;
    let old = crate::bidders::serve(Case::honest()).await;
    let silent = serve_raw(Vec::new(), Vec::new()).await;
    let refused = serve_raw(b"HTTP/1.1 505 No\r\n\r\n".to_vec(), Vec::new()).await;
    let named = serve_tls(&[b"h2"], Act::Say(b"good")).await;
    let choosy = serve_tls(&[b"http/1.1"], Act::Say(b"good")).await;
    let unaware = serve_tls(&[], Act::Say(b"good")).await;
    let roots = vec![named.1.clone(), choosy.1, unaware.1];
    let (named, choosy, unaware) = (named.0, choosy.0, unaware.0);
    let urls = [
        &*named.url,
        &*good.url,
        &*old.url,
        &*silent.url,
        &*refused.url,
        &*choosy.url,
        &*unaware.url,
    ];
    let bidders = bidders(&urls, roots).await;
    for _ in 0..2 {
        let answers = ask(&bidders, urls.len(), Duration::from_secs(5)).await;
        assert_honest(&answers[0], "TLS");
        assert_honest(&answers[1], "prior knowledge");
        let names = ["HTTP/1.1", "silence", "HTTP/1.1 unasked", "ALPN http/1.1", "no ALPN"];
        for (answer, name) in answers[2..].iter().zip(names) {
            assert_eq!(answer.outcome, AnswerOutcome::Unreachable, "{name}");
        }
    }
    assert_eq!(named.connections.load(Ordering::Relaxed), 1, "TLS connections are kept");
}

#[tokio::test]
async fn calls_share_a_connection_up_to_the_peers_limit_and_none_waits() {
    let (go, asked) = gate();
    let shape = Shape { streams: Some(3), gate: Some(go) };
    let server = serve(Act::Say(b"good"), shape).await;
    let bidders = bidders(&[&server.url], Vec::new()).await;
    let all: Vec<_> = (0..4).map(|_| ask(&bidders, 1, Duration::from_secs(5))).collect();
    let answers = futures_util::future::join_all(all);
    let opened = async {
        let mut asked = asked;
        let mut held = Vec::new();
        while held.len() < 3 {
            held.push(asked.recv().await.unwrap());
        }
        held.into_iter().for_each(|go| go.send(()).unwrap());
    };
    let (answers, ()) = tokio::join!(answers, opened);
    let skipped: Vec<_> = answers.iter().filter(|it| it[0].outcome.is_skipped()).collect();
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0][0].outcome, AnswerOutcome::SkippedNoConnection);
    assert_eq!(answers.iter().filter(|it| it[0].status == Some(200)).count(), 3);
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_connection_that_says_goodbye_is_left_and_replaced() {
    let server = serve(Act::SayAndLeave(b"good"), Shape::default()).await;
    let bidders = bidders(&[&server.url], Vec::new()).await;
    for asked in 1..=4 {
        let answers = ask(&bidders, 1, Duration::from_secs(5)).await;
        assert_honest(&answers[0], "nobody");
        let replaced = async {
            while server.connections.load(Ordering::Relaxed) == asked {
                yield_now().await;
            }
        };
        timeout(Duration::from_secs(5), replaced).await.expect("another connection is made");
        ready(&bidders).await;
    }
}

#[tokio::test]
async fn a_call_that_was_refused_was_not_made() {
    let server = serve(Act::RefuseFirst(b"good"), Shape::default()).await;
    let bidders = bidders(&[&server.url], Vec::new()).await;
    let first = ask(&bidders, 1, Duration::from_secs(5)).await;
    // There is no other connection, and nobody waits for one.
    let none = [AnswerOutcome::SkippedNoConnection, AnswerOutcome::Unreachable];
    assert!(none.contains(&first[0].outcome), "{:?}", first[0].outcome);
    ready(&bidders).await;
    assert_honest(&ask(&bidders, 1, Duration::from_secs(5)).await[0], "the refusal");
}

/// Returns what a server sends a call's way before it answers, and who says that it may.
fn gate() -> (server::Gate, mpsc::UnboundedReceiver<tokio::sync::oneshot::Sender<()>>) {
    mpsc::unbounded_channel()
}

fn lies() -> Vec<Lie> {
    let failed = AnswerOutcome::Failed;
    let lie = |name, act, outcome, status| Lie { name, act, outcome, status, is_kept: true };
    let bomb = Act::Gzip(crate::bidders::lies::gzip(&vec![b' '; 10 << 20]));
    let timeout = AnswerOutcome::Timeout { sent: true };
    let bid = || AnswerOutcome::Body(b"bid".to_vec());
    vec![
        lie("a bid", Act::Say(b"bid"), bid(), Some(200)),
        lie("gzip", Act::Gzip(crate::bidders::lies::gzip(b"bid")), bid(), Some(200)),
        lie("204", Act::Status(204), AnswerOutcome::Empty, Some(204)),
        lie("200 and nothing", Act::Status(200), AnswerOutcome::Empty, Some(200)),
        lie("500", Act::Status(500), failed(CallFault::Status), Some(500)),
        lie("redirect", Act::Status(307), failed(CallFault::Status), Some(307)),
        lie("four hints", Act::Hints(4, b"bid"), bid(), Some(200)),
        lie("reset at once", Act::Reset, failed(CallFault::Framing), None),
        lie("reset in the body", Act::ResetLater, failed(CallFault::Framing), Some(200)),
        lie("10 MB", Act::Endless, failed(CallFault::TooLarge), Some(200)),
        lie("10 MB announced", Act::Announce(10 << 20), failed(CallFault::TooLarge), Some(200)),
        lie("too short", Act::Announce(100), failed(CallFault::Framing), Some(200)),
        lie("too long", Act::Announce(1), failed(CallFault::Framing), Some(200)),
        lie("gzip bomb", bomb, failed(CallFault::TooLarge), Some(200)),
        lie("no gzip", Act::Gzip(b"bid".to_vec()), failed(CallFault::Encoding), Some(200)),
        lie("many fields", Act::Fields(101, 1), failed(CallFault::TooLarge), Some(200)),
        lie("large fields", Act::Fields(20, 4_000), failed(CallFault::Framing), None),
        lie("hang", Act::Hang, timeout.clone(), None),
        lie("hang in the body", Act::HangLater, timeout.clone(), None),
        lie("drip", Act::Drip, timeout.clone(), None),
        lie("no window", Act::NoWindow, timeout, None),
        Lie { is_kept: false, ..lie("abort", Act::Abort, failed(CallFault::Framing), None) },
    ]
}

fn http2(urls: &[&str]) -> Vec<Endpoint> {
    let all = endpoints(urls).into_iter();
    all.map(|endpoint| Endpoint { http2: true, ..endpoint }).collect()
}

/// Returns bidders with one connection each.
async fn bidders(urls: &[&str], roots: Vec<CertificateDer<'static>>) -> Bidders {
    of(http2(urls), roots).await
}
