//! Over in-memory pipes and a paused clock; the same over sockets is in `tests/it/bidders.rs`.

pub(super) mod dice;

mod calls;
mod http2;
mod late;
mod never;
mod pools;
mod swap;

use std::collections::BTreeMap;
use std::future::pending;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use metrics::NoopRecorder;
use parking_lot::Mutex;
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use crate::io::bidders::state::States;
use crate::io::bidders::{Bidders, Endpoint, Upkeep};
use crate::io::connect::{Connect, Dial, Target};
use crate::io::metrics::{Labels, Metrics};
use crate::model::call::{Answer, AnswerOutcome, Call};
use crate::model::ids::BidderId;

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
    Endpoint {
        id: BidderId::new(id),
        url: url.into(),
        qps,
        in_flight: 256,
        http2: false,
        allow_loopback: true,
    }
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

/// Returns the number that a served connection answers with.
fn number(answer: &Answer) -> usize {
    bodies(std::slice::from_ref(answer))[0].parse().unwrap()
}

/// Lets time pass, with all that happens meanwhile.
async fn pass(length: Duration) {
    assert!(timeout(length, pending::<()>()).await.is_err());
}

/// Waits until something holds that needs no time.
async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if holds() {
            return;
        }
        yield_now().await;
    }
    panic!("never: {what}");
}

type Pipes = mpsc::UnboundedReceiver<DuplexStream>;

/// Takes the next connection on which a request comes; the others stay open.
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
#[derive(Default)]
struct Net {
    hosts: Arc<Mutex<BTreeMap<String, Host>>>,
    /// Answers that came too late.
    late: Arc<Mutex<Vec<(String, Answer)>>>,
}

#[derive(Default)]
struct Host {
    dials: usize,
    accepts: Option<mpsc::UnboundedSender<DuplexStream>>,
    gate: Option<Arc<Notify>>,
    /// Which connections, counted from 1, end once they have been looked at and found quiet.
    fading: Vec<usize>,
}

impl Net {
    fn new() -> Self {
        Self::default()
    }

    fn connector(&self) -> Arc<dyn Connect> {
        Arc::new(Wires(Arc::clone(&self.hosts)))
    }

    fn upkeep(&self, least: usize) -> Upkeep {
        let told = Arc::clone(&self.late);
        let late = move |bidder: &BidderId, answer| told.lock().push((bidder.to_string(), answer));
        let metrics = Arc::new(Metrics::new(&NoopRecorder, &Labels::default()));
        Upkeep { connections: 100_000, least, late: Arc::new(late), metrics }
    }

    fn bidders_with(&self, ids: &[&str], upkeep: Upkeep) -> Bidders {
        let endpoints: Vec<Endpoint> = ids.iter().map(|id| endpoint(id, None)).collect();
        let states = Arc::new(States::new(&endpoints));
        Bidders::new(endpoints, &states, self.connector(), upkeep)
    }

    /// Returns bidders with so many connections each, no more and no less.
    async fn warm(&self, ids: &[&str], count: usize) -> Bidders {
        let upkeep = Upkeep { connections: count * ids.len(), ..self.upkeep(count) };
        let bidders = self.bidders_with(ids, upkeep);
        bidders.warm(Instant::now() + Duration::from_millis(300)).await;
        bidders
    }

    fn accept(&self, id: &str) -> Pipes {
        let (accepts, pipes) = mpsc::unbounded_channel();
        self.hosts.lock().entry(id.to_owned()).or_default().accepts = Some(accepts);
        pipes
    }

    /// Answers every request with the number of its connection, counted from 1.
    fn serve(&self, id: &str) {
        self.serve_after(id, Duration::ZERO);
    }

    /// The same, each answer so long after its request.
    fn serve_after(&self, id: &str, length: Duration) {
        let mut pipes = self.accept(id);
        tokio::spawn(async move {
            let mut number = 0;
            while let Some(mut stream) = pipes.recv().await {
                number += 1;
                tokio::spawn(async move {
                    let mut read = Vec::new();
                    while let Ok(byte) = stream.read_u8().await {
                        read.push(byte);
                        if read.ends_with(b"{\"id\":1}") {
                            if !length.is_zero() {
                                pass(length).await;
                            }
                            stream.write_all(&ok(&number.to_string())).await.unwrap();
                            read.clear();
                        }
                    }
                });
            }
        });
    }

    /// Lets no connection be made until told.
    fn hold(&self, id: &str) -> Arc<Notify> {
        let gate = Arc::new(Notify::new());
        self.hosts.lock().entry(id.to_owned()).or_default().gate = Some(Arc::clone(&gate));
        gate
    }

    /// Makes some connections end when they are about to be used.
    fn fade(&self, id: &str, which: &[usize]) {
        self.hosts.lock().entry(id.to_owned()).or_default().fading = which.to_vec();
    }

    fn dials(&self, id: &str) -> usize {
        self.hosts.lock().get(id).map_or(0, |host| host.dials)
    }

    fn late(&self) -> Vec<(String, Answer)> {
        self.late.lock().clone()
    }
}

struct Wires(Arc<Mutex<BTreeMap<String, Host>>>);

impl Connect for Wires {
    fn connect<'a>(&'a self, target: &'a Target) -> Dial<'a> {
        Box::pin(async move {
            let id = target.host.strip_suffix(".example").unwrap();
            let (number, gate) = {
                let mut hosts = self.0.lock();
                let host = hosts.entry(id.to_owned()).or_default();
                host.dials += 1;
                (host.dials, host.gate.clone())
            };
            if let Some(gate) = gate {
                gate.notified().await;
            }
            let (ours, theirs) = duplex(64 * 1024);
            let hosts = self.0.lock();
            let host = hosts.get(id).ok_or(ErrorKind::ConnectionRefused)?;
            let accepts = host.accepts.as_ref().ok_or(ErrorKind::ConnectionRefused)?;
            accepts.send(theirs).unwrap();
            if host.fading.contains(&number) {
                return Ok(Box::new(Fading { inner: ours, looks: 1 }) as Box<_>);
            }
            Ok(Box::new(ours) as Box<_>)
        })
    }
}

/// A connection that ends after it has been looked at: between its being taken and its use.
struct Fading {
    inner: DuplexStream,
    looks: usize,
}

impl AsyncRead for Fading {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.looks.checked_sub(1) {
            Some(left) => {
                self.looks = left;
                Pin::new(&mut self.inner).poll_read(context, buffer)
            }
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Fading {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Err(ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Bidders {
    /// Returns how many connections wait, how many are in use and how many are being made.
    fn counts(&self, id: &str) -> (usize, usize, usize) {
        let pools = self.pools();
        let pool = pools.iter().find(|pool| pool.bidder.as_str() == id).unwrap();
        (pool.idle, pool.busy, pool.dialling)
    }
}
