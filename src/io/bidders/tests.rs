//! Over in-memory pipes and a paused clock; the same over sockets is in `tests/it/bidders.rs`.

pub(super) mod dice;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, advance, timeout};

use crate::io::bidders::state::States;
use crate::io::bidders::{Bidders, Endpoint};
use crate::io::connect::{Connect, Dial, Target};
use crate::model::call::{Answer, AnswerOutcome, Call, CallFault};
use crate::model::ids::{BidderId, PlacementId};
use crate::model::standing::{Brownout, Quota};

#[tokio::test(start_paused = true)]
async fn a_hung_bidder_costs_only_itself() {
    let mut net = Net::new();
    let bidders = net.bidders(&["hung", "good"]);
    let mut hung = net.accept("hung");
    let mut good = net.accept("good");
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
        elapsed_us: 100_000,
    };
    assert_eq!(rounded(&answers[0]), timeout);
    let bid = AnswerOutcome::Body(b"bid".to_vec());
    let won = Answer { outcome: bid, status: Some(200), deadline_us: 100_000, elapsed_us: 30_000 };
    assert_eq!(rounded(&answers[1]), won);
}

#[tokio::test(start_paused = true)]
async fn answers_are_decoded_as_they_arrive_and_returned_in_order() {
    let mut net = Net::new();
    let bidders = net.bidders(&["first", "second"]);
    let (mut first, mut second) = (net.accept("first"), net.accept("second"));
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
    while decoded.lock().is_empty() {
        tokio::task::yield_now().await;
    }
    one.write_all(&ok("1")).await.unwrap();
    let replies = asked.await.unwrap();
    assert_eq!(*decoded.lock(), ["second", "first"]);
    let body = |text: &str| AnswerOutcome::Body(text.as_bytes().to_vec());
    assert_eq!(replies, [("first".to_owned(), body("1")), ("second".to_owned(), body("2"))]);
}

#[tokio::test(start_paused = true)]
async fn a_request_says_what_openrtb_wants() {
    let mut net = Net::new();
    let bidders = net.bidders(&["acme"]);
    let mut acme = net.accept("acme");
    let asked = tokio::spawn(async move {
        let plain = call("acme");
        let packed = Call { gzip: true, ..call("acme") };
        let cutoff = Instant::now() + Duration::from_millis(100);
        bidders.ask(vec![plain, packed], |_, answer| answer.outcome, cutoff).await
    });
    let mut texts = Vec::new();
    for _ in 0..2 {
        let (mut stream, text) = request(&mut acme).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        net.keep(stream);
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
async fn connections_are_used_again_last_in_first_out() {
    let mut net = Net::new();
    let bidders = net.bidders(&["acme"]);
    net.serve("acme");
    for _ in 0..3 {
        assert_eq!(bodies(&ask(&bidders, &["acme", "acme"], 100).await), ["1", "1"]);
    }
    assert_eq!(net.dials("acme"), 2);
    for _ in 0..3 {
        assert_eq!(bodies(&ask(&bidders, &["acme"], 100).await), ["1"]);
    }
    assert_eq!(net.dials("acme"), 2);
}

#[tokio::test(start_paused = true)]
async fn connections_retire_by_idleness_and_by_age() {
    let mut net = Net::new();
    let bidders = net.bidders(&["acme"]);
    net.serve("acme");
    ask(&bidders, &["acme"], 100).await;
    advance(Duration::from_secs(31)).await;
    ask(&bidders, &["acme"], 100).await;
    assert_eq!(net.dials("acme"), 2, "30 s idle is too long");
    for _ in 0..25 {
        advance(Duration::from_secs(20)).await;
        ask(&bidders, &["acme"], 100).await;
    }
    assert_eq!(net.dials("acme"), 2, "500 s is not old");
    for _ in 0..10 {
        advance(Duration::from_secs(20)).await;
        ask(&bidders, &["acme"], 100).await;
    }
    assert_eq!(net.dials("acme"), 3, "700 s is old whatever the jitter");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_sent_is_not_sent_again() {
    let mut net = Net::new();
    let bidders = Arc::new(net.bidders(&["acme", "good"]));
    net.serve("good");
    let mut acme = net.accept("acme");
    let again = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&again, &["acme"], 100).await });
    let (mut stream, first) = request(&mut acme).await;
    stream.write_all(&ok("1")).await.unwrap();
    assert_eq!(bodies(&asked.await.unwrap()), ["1"]);

    let asked = tokio::spawn(async move { ask(&bidders, &["acme", "good"], 100).await });
    assert_eq!(read_request(&mut stream).await, first, "the second call came over the first pipe");
    drop(stream);
    let answers = asked.await.unwrap();
    assert_eq!(answers[0].outcome, AnswerOutcome::Failed(CallFault::Framing));
    assert_eq!(bodies(&answers[1..]), ["1"]);
    assert_eq!(net.dials("acme"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_an_idle_connection_did_not_take_is_sent_once_more() {
    let mut net = Net::new();
    let bidders = Arc::new(net.bidders(&["acme"]));
    let mut acme = net.accept("acme");
    let again = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&again, &["acme"], 100).await });
    let (mut stream, first) = request(&mut acme).await;
    stream.write_all(&ok("1")).await.unwrap();
    assert_eq!(bodies(&asked.await.unwrap()), ["1"]);

    // The end and the call meet: the connection has not been polled since it ended.
    drop(stream);
    let answers = {
        let asked = ask(&bidders, &["acme"], 100);
        let served = async {
            let again = timeout(Duration::from_secs(1), request(&mut acme)).await;
            let (mut stream, second) = again.expect("it is sent over a second pipe");
            assert_eq!(second, first);
            stream.write_all(&ok("2")).await.unwrap();
            stream
        };
        let (answers, _stream) = tokio::join!(asked, served);
        answers
    };
    assert_eq!(bodies(&answers), ["2"]);
    assert_eq!(net.dials("acme"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_got_a_byte_or_a_fresh_connection_is_not_made_again() {
    let mut net = Net::new();
    let bidders = Arc::new(net.bidders(&["acme"]));
    let mut acme = net.accept("acme");
    let again = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&again, &["acme"], 100).await });
    drop(request(&mut acme).await);
    let fault = AnswerOutcome::Failed(CallFault::Framing);
    assert_eq!(asked.await.unwrap()[0].outcome, fault, "fresh");
    assert_eq!(net.dials("acme"), 1);

    let again = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&again, &["acme"], 100).await });
    let (mut stream, _) = request(&mut acme).await;
    stream.write_all(&ok("1")).await.unwrap();
    asked.await.unwrap();
    let asked = tokio::spawn(async move { ask(&bidders, &["acme"], 100).await });
    read_request(&mut stream).await;
    stream.write_all(b"H").await.unwrap();
    drop(stream);
    assert_eq!(asked.await.unwrap()[0].outcome, fault, "a byte came");
    assert_eq!(net.dials("acme"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_made_too_late_serves_the_next_call() {
    let mut net = Net::new();
    let gate = net.hold("acme");
    let bidders = net.bidders(&["acme", "good"]);
    net.serve("acme");
    net.serve("good");
    let answers = ask(&bidders, &["acme", "good"], 50).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::Timeout { sent: false });
    assert_eq!(bodies(&answers[1..]), ["1"]);
    gate.notify_one();
    while bidders.counts("acme") != (1, 0, 0) {
        tokio::task::yield_now().await;
    }
    assert_eq!(bodies(&ask(&bidders, &["acme"], 50).await), ["1"]);
    assert_eq!(net.dials("acme"), 1);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_reached_is_unreachable() {
    let mut net = Net::new();
    let _held = net.hold("slow");
    let bidders = net.bidders(&["refused", "slow", "no url", "good"]);
    net.serve("good");
    let answers = ask(&bidders, &["refused", "slow", "no url", "stranger", "good"], 1_000).await;
    for answer in &answers[..4] {
        assert_eq!(answer.outcome, AnswerOutcome::Unreachable);
    }
    assert!(answers[1].elapsed_us < 300_000, "connecting ends at 250 ms");
    assert_eq!(bodies(&answers[4..]), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_cutoff_that_has_passed_makes_no_call() {
    let mut net = Net::new();
    let bidders = net.bidders(&["acme"]);
    net.serve("acme");
    let answers = ask(&bidders, &["acme"], 0).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::Timeout { sent: false });
    assert_eq!(net.dials("acme"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_taken_by_asking_and_shared_by_workers() {
    let mut net = Net::new();
    let endpoints =
        vec![endpoint("acme", Some(2)), endpoint("good", None), endpoint("off", Some(0))];
    let states = Arc::new(States::new(&endpoints));
    let worker = || Bidders::new(endpoints.clone(), &states, net.connector());
    let (one, another) = (worker(), worker());
    net.serve("acme");
    net.serve("good");
    let standing = |bidders: &Bidders, id: &str| {
        bidders.standing(&spot(), Brownout::All).of(&BidderId::new(id)).unwrap().quota
    };
    assert_eq!(standing(&one, "acme"), Quota::Free);
    assert_eq!(standing(&one, "off"), Quota::Exhausted);
    assert_eq!(bodies(&ask(&one, &["acme", "good"], 100).await), ["1", "1"]);
    assert_eq!(bodies(&ask(&another, &["acme", "good"], 100).await), ["1", "1"]);
    let answers = ask(&one, &["acme", "good", "off"], 100).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::SkippedQps);
    assert_eq!(answers[2].outcome, AnswerOutcome::SkippedQps);
    assert_eq!(bodies(&answers[1..2]), ["1"]);
    assert_eq!(standing(&another, "acme"), Quota::Exhausted);
    assert_eq!(standing(&another, "good"), Quota::Free);

    let kept = states.reload(&endpoints);
    let reloaded = Bidders::new(endpoints.clone(), &kept, net.connector());
    assert_eq!(standing(&reloaded, "acme"), Quota::Exhausted, "a reload gives nothing away");
    // Sooner it would be a draw: more was wanted within the last second than there is.
    advance(Duration::from_millis(1_110)).await;
    assert_eq!(standing(&another, "acme"), Quota::Free);
    assert_eq!(bodies(&ask(&another, &["acme", "acme"], 100).await), ["1", "1"]);
    assert_eq!(ask(&one, &["acme"], 100).await[0].outcome, AnswerOutcome::SkippedQps);
}

#[tokio::test(start_paused = true)]
async fn a_bidder_that_hangs_holds_no_more_than_its_places() {
    let mut net = Net::new();
    let bidders = Arc::new(net.bidders(&["hung", "good"]));
    net.serve("good");
    let mut hung = net.accept("hung");
    let mut rounds = Vec::new();
    let mut streams = Vec::new();
    for _ in 0..4 {
        let bidders = Arc::clone(&bidders);
        rounds.push(tokio::spawn(async move { ask(&bidders, &["hung"; 64], 100).await }));
        for _ in 0..64 {
            streams.push(request(&mut hung).await);
        }
    }
    let answers = ask(&bidders, &["hung", "good"], 50).await;
    assert_eq!(answers[0].outcome, AnswerOutcome::SkippedInFlight);
    assert_eq!(bodies(&answers[1..]), ["1"]);
    for round in rounds {
        let answers = round.await.unwrap();
        assert!(
            answers.iter().all(|answer| answer.outcome == AnswerOutcome::Timeout { sent: true })
        );
    }
    assert_eq!(bidders.counts("hung"), (0, 0, 0), "every place is given back");
    let (mut stream, _) = streams.pop().unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "what was open at the cutoff is closed");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_64_connections_are_made_at_once() {
    let mut net = Net::new();
    let _held = net.hold("slow");
    let bidders = net.bidders(&["slow", "good"]);
    net.serve("good");
    let mut asked = vec!["slow"; 80];
    asked.push("good");
    let answers = ask(&bidders, &asked, 50).await;
    let count =
        |wanted: &AnswerOutcome| answers.iter().filter(|answer| answer.outcome == *wanted).count();
    assert_eq!(count(&AnswerOutcome::Timeout { sent: false }), 64);
    assert_eq!(count(&AnswerOutcome::SkippedInFlight), 16);
    assert_eq!(bodies(&answers[80..]), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_question_drops_its_calls() {
    let mut net = Net::new();
    let bidders = Arc::new(net.bidders(&["acme"]));
    let mut acme = net.accept("acme");
    let asking = Arc::clone(&bidders);
    let asked = tokio::spawn(async move { ask(&asking, &["acme"], 10_000).await });
    let (mut stream, _) = request(&mut acme).await;
    asked.abort();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(bidders.counts("acme"), (0, 0, 0));
}

async fn ask(bidders: &Bidders, ids: &[&str], within_ms: u64) -> Vec<Answer> {
    let calls = ids.iter().map(|id| call(id)).collect();
    let cutoff = Instant::now() + Duration::from_millis(within_ms);
    bidders.ask(calls, |_, answer| answer, cutoff).await
}

fn call(id: &str) -> Call {
    Call {
        bidder: BidderId::new(id),
        offer: 0,
        request_id: "1".into(),
        body: b"{\"id\":1}".as_slice().into(),
        gzip: false,
    }
}

fn endpoint(id: &str, qps: Option<u32>) -> Endpoint {
    let url = format!("http://{id}.example:8080/bid?k=1");
    Endpoint { id: BidderId::new(id), url: url.into(), qps, in_flight: 256, allow_loopback: true }
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn bodies(answers: &[Answer]) -> Vec<String> {
    let body = |answer: &Answer| match &answer.outcome {
        AnswerOutcome::Body(body) => String::from_utf8(body.clone()).unwrap(),
        other => format!("{other:?}"),
    };
    answers.iter().map(body).collect()
}

/// The paused clock rounds timers up to a millisecond.
fn rounded(answer: &Answer) -> Answer {
    let elapsed_us = answer.elapsed_us / 10_000 * 10_000;
    Answer { elapsed_us, ..answer.clone() }
}

fn spot() -> PlacementId {
    PlacementId::new("arena-1-mid")
}

type Pipes = mpsc::UnboundedReceiver<DuplexStream>;

/// Takes the next connection and reads one request from it.
async fn request(pipes: &mut Pipes) -> (DuplexStream, String) {
    let mut stream = pipes.recv().await.unwrap();
    let text = read_request(&mut stream).await;
    (stream, text)
}

async fn read_request(stream: &mut DuplexStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"{\"id\":1}") {
        let byte = stream.read_u8().await.unwrap();
        text.push(byte);
    }
    String::from_utf8(text).unwrap()
}

/// A network of pipes, by the first label of the host.
struct Net {
    hosts: Arc<Mutex<BTreeMap<String, Host>>>,
    kept: Vec<DuplexStream>,
}

#[derive(Default)]
struct Host {
    dials: usize,
    accepts: Option<mpsc::UnboundedSender<DuplexStream>>,
    gate: Option<Arc<Notify>>,
}

impl Net {
    fn new() -> Self {
        Self { hosts: Arc::default(), kept: Vec::new() }
    }

    fn connector(&self) -> Arc<dyn Connect> {
        Arc::new(Wires(Arc::clone(&self.hosts)))
    }

    fn bidders(&self, ids: &[&str]) -> Bidders {
        let endpoints: Vec<Endpoint> = ids.iter().map(|id| endpoint(id, None)).collect();
        let states = Arc::new(States::new(&endpoints));
        Bidders::new(endpoints, &states, self.connector())
    }

    fn accept(&mut self, id: &str) -> Pipes {
        let (accepts, pipes) = mpsc::unbounded_channel();
        self.hosts.lock().entry(id.to_owned()).or_default().accepts = Some(accepts);
        pipes
    }

    /// Answers every request with the body `1`.
    fn serve(&mut self, id: &str) {
        let mut pipes = self.accept(id);
        tokio::spawn(async move {
            while let Some(mut stream) = pipes.recv().await {
                tokio::spawn(async move {
                    let mut read = Vec::new();
                    while let Ok(byte) = stream.read_u8().await {
                        read.push(byte);
                        if read.ends_with(b"{\"id\":1}") {
                            stream.write_all(&ok("1")).await.unwrap();
                            read.clear();
                        }
                    }
                });
            }
        });
    }

    /// Lets no connection be made until told.
    fn hold(&mut self, id: &str) -> Arc<Notify> {
        let gate = Arc::new(Notify::new());
        self.hosts.lock().entry(id.to_owned()).or_default().gate = Some(Arc::clone(&gate));
        gate
    }

    fn dials(&self, id: &str) -> usize {
        self.hosts.lock().get(id).map_or(0, |host| host.dials)
    }

    fn keep(&mut self, stream: DuplexStream) {
        self.kept.push(stream);
    }
}

struct Wires(Arc<Mutex<BTreeMap<String, Host>>>);

impl Connect for Wires {
    fn connect<'a>(&'a self, target: &'a Target) -> Dial<'a> {
        Box::pin(async move {
            let id = target.host.strip_suffix(".example").unwrap();
            let gate = {
                let mut hosts = self.0.lock();
                let host = hosts.get_mut(id).ok_or(ErrorKind::ConnectionRefused)?;
                host.dials += 1;
                host.gate.clone()
            };
            if let Some(gate) = gate {
                gate.notified().await;
            }
            let (ours, theirs) = duplex(64 * 1024);
            let hosts = self.0.lock();
            let accepts = hosts.get(id).and_then(|host| host.accepts.as_ref());
            accepts.ok_or(ErrorKind::ConnectionRefused)?.send(theirs).unwrap();
            Ok(Box::new(ours) as Box<_>)
        })
    }
}

impl Bidders {
    /// Returns how many connections wait, how many calls are under way and how many dials.
    fn counts(&self, id: &str) -> (usize, usize, usize) {
        let at = &self.by_id[&BidderId::new(id)];
        self.bidders[*at].pool.as_ref().unwrap().counts()
    }
}
