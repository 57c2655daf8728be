//! Bidders over real sockets: each lie beside an honest bidder that must win in time.

mod http2;
mod lies;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use breakwater::io::bidders::state::States;
use breakwater::io::bidders::{Bidders, Endpoint, Upkeep};
use breakwater::io::connect::{Live, Patience};
use breakwater::io::metrics::{Labels, Metrics};
use breakwater::model::call::{Answer, AnswerOutcome, Call};
use breakwater::model::ids::BidderId;
use metrics::NoopRecorder;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, interval, timeout};

use crate::bidders::lies::{Case, Then, ok};

#[tokio::test]
async fn no_lie_costs_an_honest_bidder_its_bid() {
    let good = serve(Case::honest()).await;
    for case in lies::cases() {
        let name = case.name;
        let wanted = (case.outcome.clone(), case.status);
        let (is_kept, is_ours_to_close) = (case.is_kept(), case.is_ours_to_close());
        let times_out = case.outcome == AnswerOutcome::Timeout { sent: true };
        let within = Duration::from_millis(if times_out { 400 } else { 5_000 });
        let mut liar = serve(case).await;
        let bidders = bidders(&[&liar.url, &good.url], Vec::new()).await;
        assert_costs_itself(&bidders, &wanted, within, name).await;
        if is_ours_to_close {
            let closed = timeout(Duration::from_secs(5), liar.closed.recv()).await;
            assert!(closed.is_ok(), "{name}: its connection is not closed");
        }
        if is_kept {
            ask(&bidders, 2, within).await;
            assert_eq!(liar.connections.load(Ordering::Relaxed), 1, "{name}: it is not kept");
        }
    }
}

#[tokio::test]
async fn connections_are_kept_unless_their_state_is_unknown() {
    for (name, answer, connections) in [
        ("content-length", ok("", "1"), 1),
        ("chunked", chunked("1"), 1),
        ("204", b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), 1),
        ("400 without a body", status("400 Bad Request", ""), 1),
        ("500 with a body", status("500 Oops", "oops"), 1),
        ("connection: close", ok("connection: close\r\n", "1"), 4),
        ("too large", ok("", &"x".repeat(200_000)), 4),
        ("two answers", [ok("", "1"), ok("", "stray")].concat(), 4),
        ("bytes after the answer", [ok("", "1"), b"x".to_vec()].concat(), 4),
        ("HTTP/1.0", b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n1".to_vec(), 4),
    ] {
        let server = serve(Case::answering(name, answer)).await;
        let bidders = bidders(&[&server.url], Vec::new()).await;
        for _ in 0..3 {
            let answers = ask(&bidders, 1, Duration::from_secs(5)).await;
            let stray = AnswerOutcome::Body(b"stray".to_vec());
            assert_ne!(answers[0].outcome, stray, "{name}: an answer nobody asked for");
            assert!(!answers[0].outcome.is_skipped(), "{name}: its connection is replaced");
            ready(&bidders).await;
        }
        assert_eq!(server.connections.load(Ordering::Relaxed), connections, "{name}");
    }
}

#[tokio::test]
async fn an_answer_sent_to_an_idle_connection_answers_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/bid", listener.local_addr().unwrap());
    let (stray, go) = oneshot::channel::<()>();
    let (closed, seen) = oneshot::channel();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        read_request(&mut first).await.unwrap();
        first.write_all(&ok("", "1")).await.unwrap();
        go.await.unwrap();
        first.write_all(&ok("", "stray")).await.unwrap();
        // The exchange closes a connection that speaks out of turn.
        let _ = first.read(&mut [0; 1]).await;
        closed.send(()).unwrap();
        let (mut second, _) = listener.accept().await.unwrap();
        read_request(&mut second).await.unwrap();
        second.write_all(&ok("", "2")).await.unwrap();
    });
    let bidders = bidders(&[&url], Vec::new()).await;
    let body = |text: &str| AnswerOutcome::Body(text.as_bytes().to_vec());
    assert_eq!(ask(&bidders, 1, Duration::from_secs(5)).await[0].outcome, body("1"));
    stray.send(()).unwrap();
    seen.await.unwrap();
    ready(&bidders).await;
    assert_eq!(ask(&bidders, 1, Duration::from_secs(5)).await[0].outcome, body("2"));
}

#[tokio::test]
async fn who_is_not_there_is_unreachable() {
    let good = serve(Case::honest()).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bidders = bidders(&[&format!("http://{closed}/"), &good.url], Vec::new()).await;
    let answers = ask(&bidders, 2, Duration::from_secs(5)).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::Unreachable);
    assert_honest(&answers[1], "closed port");
}

#[tokio::test]
async fn our_own_network_is_closed_to_bidders_that_are_not_let_in() {
    let inside = serve(Case::honest()).await;
    let by_name = inside.url.replace("127.0.0.1", "localhost");
    let mut endpoints = endpoints(&[&inside.url, &by_name, &inside.url]);
    endpoints[0].allow_loopback = false;
    endpoints[1].allow_loopback = false;
    let answers = ask(&of(endpoints, Vec::new()).await, 3, Duration::from_secs(5)).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::Unreachable, "literal");
    assert_eq!(answers[1].outcome, AnswerOutcome::Unreachable, "name");
    assert_honest(&answers[2], "let in");
    assert_eq!(inside.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_quota_that_is_used_up_stops_only_its_bidder() {
    let (few, good) = (serve(Case::honest()).await, serve(Case::honest()).await);
    let mut endpoints = endpoints(&[&few.url, &good.url]);
    endpoints[0].qps = Some(1);
    let bidders = of(endpoints, Vec::new()).await;
    let first = ask(&bidders, 2, Duration::from_secs(5)).await;
    assert_honest(&first[0], "the first call");
    let second = ask(&bidders, 2, Duration::from_millis(500)).await;
    assert_eq!(second[0].outcome, AnswerOutcome::SkippedQps);
    assert_honest(&second[1], "no quota");
}

/// A bidder, and how many connections it has taken.
struct Server {
    url: String,
    connections: Arc<AtomicUsize>,
    /// Told of each connection that the exchange has closed.
    closed: mpsc::UnboundedReceiver<()>,
}

/// Does to each request on each connection what the case says.
async fn serve(case: Case) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/bid", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let taken = Arc::clone(&connections);
    let case = Arc::new(case);
    let (close, closed) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            taken.fetch_add(1, Ordering::Relaxed);
            let (case, close) = (Arc::clone(&case), close.clone());
            tokio::spawn(async move {
                lie(stream, case).await;
                let _nobody_listens = close.send(());
            });
        }
    });
    Server { url, connections, closed }
}

async fn lie(mut stream: TcpStream, case: Arc<Case>) {
    while read_request(&mut stream).await.is_some() {
        if stream.write_all(&case.answer).await.is_err() {
            return;
        }
        match case.then {
            Then::Next => {}
            Then::Close => return,
            Then::Reset => {
                let abort = Some(Duration::ZERO);
                socket2::SockRef::from(&stream).set_linger(abort).unwrap();
                return;
            }
            Then::Hang => {
                let mut rest = Vec::new();
                let _reset = stream.read_to_end(&mut rest).await;
                return;
            }
            Then::Drip => {
                let mut ticks = interval(Duration::from_millis(5));
                while stream.write_all(b" ").await.is_ok() {
                    ticks.tick().await;
                }
                return;
            }
        }
    }
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<()> {
    let mut read = Vec::new();
    while !read.ends_with(BODY) {
        read.push(stream.read_u8().await.ok()?);
    }
    Some(())
}

fn endpoints(urls: &[&str]) -> Vec<Endpoint> {
    let endpoint = |(at, url): (usize, &&str)| Endpoint {
        id: BidderId::new(at.to_string()),
        url: (*url).into(),
        qps: None,
        in_flight: 256,
        http2: false,
        allow_loopback: true,
    };
    urls.iter().enumerate().map(endpoint).collect()
}

async fn bidders(urls: &[&str], roots: Vec<CertificateDer<'static>>) -> Bidders {
    of(endpoints(urls), roots).await
}

/// Returns bidders with one connection each, so that what happens to it can be counted.
async fn of(endpoints: Vec<Endpoint>, roots: Vec<CertificateDer<'static>>) -> Bidders {
    let states = Arc::new(States::new(&endpoints));
    let connector = Arc::new(Live::new(Patience::BIDDER, roots).unwrap());
    let metrics = Arc::new(Metrics::new(&NoopRecorder, &Labels::default()));
    let late = Arc::new(|_: &BidderId, _| {});
    let upkeep = Upkeep { connections: endpoints.len(), least: 1, late, metrics };
    let bidders = Bidders::new(endpoints, &states, connector, upkeep);
    bidders.warm(Instant::now() + Duration::from_secs(5)).await;
    bidders
}

/// Waits until the connection of the first bidder is there again.
async fn ready(bidders: &Bidders) {
    let ready = async {
        while bidders.pools()[0].idle == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), ready).await.expect("a connection is made");
}

async fn ask(bidders: &Bidders, count: usize, within: Duration) -> Vec<Answer> {
    let call = |at: usize| Call {
        bidder: BidderId::new(at.to_string()),
        offer: at,
        request_id: "1".into(),
        body: BODY.into(),
        gzip: false,
    };
    let calls = (0..count).map(call).collect();
    bidders.ask(calls, |_, answer| answer, Instant::now() + within).await
}

/// Asks a liar and an honest bidder: of the first comes what is wanted, the second wins in time.
async fn assert_costs_itself(
    bidders: &Bidders,
    wanted: &(AnswerOutcome, Option<u16>),
    within: Duration,
    name: &str,
) {
    let begun = Instant::now();
    let answers = ask(bidders, 2, within).await;
    let took = begun.elapsed();
    let got = (answers[0].outcome.clone(), answers[0].status);
    assert!(got == *wanted, "{name}: {:.200}, not {:.200}", brief(&got), brief(wanted));
    assert_honest(&answers[1], name);
    // Liars hang for good; the slack is for a machine that does other things too.
    assert!(took < within + Duration::from_secs(2), "{name} held up all for {took:?}");
}

fn assert_honest(answer: &Answer, beside: &str) {
    assert_eq!(answer.outcome, AnswerOutcome::Body(b"good".to_vec()), "beside {beside}");
    assert!(answer.elapsed_us < answer.deadline_us, "in time beside {beside}");
}

fn brief(answer: &(AnswerOutcome, Option<u16>)) -> String {
    format!("{answer:?}")
}

fn chunked(body: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).into_bytes()
}

fn status(line: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

const BODY: &[u8] = b"{\"id\":1}";
