//! The HTTP side of a bidder: one function per address, and the transport of each fault.

use std::{
    future::pending,
    io::{self, Read, Write},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use http_body_util::{BodyExt, Limited};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use openrtb::request::BidRequest;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::{
    bidder::{
        canned::{self, Canned},
        counters::Counters,
        flow::Flow,
        limiter::Limiter,
        reply::{Profile, Reply, Said},
        tls,
        wire::{Ending, Wire},
    },
    character::{Fault, Faults, NoBid},
};

/// The path bid requests are posted to.
pub(super) const ENDPOINT_PATH: &str = "/openrtb2";
/// The path of win notices.
pub(super) const WIN_PATH: &str = "/win";
/// The path of loss notices.
pub(super) const LOSS_PATH: &str = "/loss";
/// The path of billing notices.
pub(super) const BILLING_PATH: &str = "/bill";

/// What all connections of one bidder share.
#[derive(Debug)]
pub(super) struct Server {
    profile: Profile,
    counters: Arc<Counters>,
    limiter: Option<Mutex<Limiter>>,
    canned: Option<Canned>,
    started: Instant,
    /// When the clock of its scheduled faults began; it has none before.
    begun: Mutex<Option<Instant>>,
}

impl Server {
    pub(super) fn new(profile: Profile, seed: u64, counters: Arc<Counters>) -> Self {
        let character = profile.character();
        let spells = character.schedule.iter().map(|spell| &spell.faults);
        if spells.chain([&character.faults]).any(|it| it.kinds.contains(&Fault::GzipBomb)) {
            // Packed here, so that no request waits for it.
            let _ = Flow::gzip_bomb();
        }
        let limiter = character.qps.map(|qps| Mutex::new(Limiter::new(qps)));
        let canned = character.canned.then(|| Canned::new(seed, &character.id));
        let now = Instant::now();
        Self { profile, counters, limiter, canned, started: now, begun: Mutex::new(None) }
    }

    pub(super) fn begin(&self) {
        *self.begun.lock() = Some(Instant::now());
    }

    pub(super) fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(super) fn canned(&self) -> Option<&Canned> {
        self.canned.as_ref()
    }

    /// Returns how it misbehaves at the moment.
    pub(super) fn faults(&self) -> &Faults {
        let character = self.profile.character();
        if character.schedule.is_empty() {
            return &character.faults;
        }
        let Some(begun) = *self.begun.lock() else { return &character.faults };
        let now = begun.elapsed().as_secs_f64();
        let spell = character.schedule.iter().find(|spell| spell.covers(now));
        spell.map_or(&character.faults, |spell| &spell.faults)
    }

    /// Counts a notice by its path and query.
    pub(super) fn count_notice(&self, address: &str) {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        match path {
            WIN_PATH => self.counters.wins.add(1),
            LOSS_PATH => self.counters.losses.add(1),
            _ => self.counters.billings.add(1),
        }
        if query.contains("${") || query.contains("%7B") {
            self.counters.unexpanded.add(1);
        }
    }

    fn admits(&self) -> bool {
        let now = self.started.elapsed();
        self.limiter.as_ref().is_none_or(|limiter| limiter.lock().admit(now))
    }
}

/// Serves one connection to its end.
pub(super) async fn connection(stream: TcpStream, server: Arc<Server>) {
    server.counters.connections.add(1);
    // Without it small answers would wait for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    let ending = Ending::default();
    let character = server.profile.character();
    let canned = server.canned.is_some();
    if !character.tls {
        return match canned {
            true => {
                let wire = Wire::new(stream, ending.clone());
                canned::connection(wire, ending, server).await;
            }
            false => speak(Wire::new(stream, ending.clone()), ending, server).await,
        };
    }
    let acceptor = if character.http2 { tls::acceptor_http2() } else { tls::acceptor() };
    let slow = Duration::from_millis(u64::from(character.handshake_ms));
    if !slow.is_zero() {
        sleep(slow).await;
    }
    let wire = Wire::new(stream, ending.clone());
    let shaken = timeout(READ_TIMEOUT, acceptor.accept(wire)).await;
    // A handshake that fails is the peer's affair.
    let Ok(Ok(stream)) = shaken else { return };
    if canned {
        canned::connection(stream, ending, server).await;
    } else {
        speak(stream, ending, server).await;
    }
}

async fn speak<S>(stream: S, ending: Ending, server: Arc<Server>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if server.profile.character().http2 {
        return speak_either(stream, ending, server).await;
    }
    let service = service_fn(|request| answer(&server, &ending, request));
    // A connection that breaks is the peer's affair.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Speaks HTTP/2 or HTTP/1.1, whichever the peer begins with.
async fn speak_either<S>(stream: S, ending: Ending, server: Arc<Server>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request| {
        let (server, ending) = (Arc::clone(&server), ending.clone());
        async move { answer(&server, &ending, request).await }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    // A connection that breaks is the peer's affair.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    server: &Server,
    ending: &Ending,
    request: Request<Incoming>,
) -> io::Result<Response<Flow>> {
    match (request.method(), request.uri().path()) {
        (&Method::POST, ENDPOINT_PATH) => auction(server, ending, request).await,
        (&(Method::GET | Method::POST), WIN_PATH | LOSS_PATH | BILLING_PATH) => {
            server.count_notice(&request.uri().to_string());
            Ok(bare(StatusCode::NO_CONTENT))
        }
        _ => Ok(bare(StatusCode::NOT_FOUND)),
    }
}

/// Answers a bid request, after the bidder's latency.
async fn auction(
    server: &Server,
    ending: &Ending,
    request: Request<Incoming>,
) -> io::Result<Response<Flow>> {
    let counters = &server.counters;
    counters.requests.add(1);
    if !server.admits() {
        counters.over_limit.add(1);
        return Ok(bare(StatusCode::TOO_MANY_REQUESTS));
    }
    let gzip = server.profile.character().gzip && accepts_gzip(request.headers());
    let body = read_body(request).await;
    let reply = body.as_deref().and_then(|body| {
        let request: BidRequest<'_> = serde_json::from_slice(body).ok()?;
        Some(server.profile.reply(&request, server.faults()))
    });
    let Some(Reply { latency, said }) = reply else {
        counters.unreadable.add(1);
        return Ok(bare(StatusCode::BAD_REQUEST));
    };
    if !latency.is_zero() {
        sleep(latency).await;
    }
    match said {
        Said::Bids { count, json } => {
            counters.bid_responses.add(1);
            counters.bids.add(count);
            Ok(json_answer(json, gzip))
        }
        Said::NoBid(json) => {
            counters.no_bids.add(1);
            Ok(no_bid(server.profile.character().no_bid, json))
        }
        Said::Fault(fault, json) => {
            counters.faults.add(1);
            misbehave(ending, fault, json).await
        }
    }
}

/// Reads a request's body within its bounds of size and time, unpacked.
async fn read_body(request: Request<Incoming>) -> Option<Bytes> {
    let packed = request.headers().get(CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    let body = Limited::new(request.into_body(), MAX_REQUEST_BYTES);
    let read = timeout(READ_TIMEOUT, body.collect()).await;
    let bytes = read.ok()?.ok()?.to_bytes();
    if !packed {
        return Some(bytes);
    }
    let mut plain = Vec::new();
    let most = u64::try_from(MAX_REQUEST_BYTES).unwrap_or(u64::MAX);
    MultiGzDecoder::new(bytes.as_ref()).take(most).read_to_end(&mut plain).ok()?;
    Some(Bytes::from(plain))
}

fn no_bid(form: NoBid, json: Bytes) -> Response<Flow> {
    match form {
        NoBid::NoContent => bare(StatusCode::NO_CONTENT),
        NoBid::EmptyBody => bare(StatusCode::OK),
        NoBid::EmptyObject | NoBid::EmptySeatbid | NoBid::Reason => json_answer(json, false),
    }
}

/// Does what the fault says, with the good answer at hand.
async fn misbehave(ending: &Ending, fault: Fault, good: Bytes) -> io::Result<Response<Flow>> {
    match fault {
        Fault::Hang => pending().await,
        Fault::Reset => {
            ending.reset();
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
        Fault::Http5xx => {
            let mut response = bare(StatusCode::SERVICE_UNAVAILABLE);
            *response.body_mut() = Flow::Whole(Bytes::from_static(b"<html>try again</html>"));
            Ok(response)
        }
        Fault::Garbage => Ok(json_flow(Flow::Whole(Bytes::from_static(GARBAGE)))),
        Fault::TruncatedJson => Ok(json_flow(Flow::Whole(good.slice(..good.len() / 2)))),
        Fault::Huge => Ok(json_flow(Flow::huge())),
        Fault::GzipBomb => {
            let mut response = json_flow(Flow::gzip_bomb());
            response.headers_mut().insert(CONTENT_ENCODING, GZIP);
            Ok(response)
        }
        Fault::SlowDrip => Ok(json_flow(Flow::drip(good))),
    }
}

fn json_answer(json: Bytes, gzip: bool) -> Response<Flow> {
    if !gzip {
        return json_flow(Flow::Whole(json));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&json).expect("writing to memory cannot fail");
    let packed = encoder.finish().expect("writing to memory cannot fail");
    let mut response = json_flow(Flow::Whole(Bytes::from(packed)));
    response.headers_mut().insert(CONTENT_ENCODING, GZIP);
    response
}

fn json_flow(flow: Flow) -> Response<Flow> {
    let mut response = Response::new(flow);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response.headers_mut().insert(OPENRTB_VERSION, VERSION);
    response
}

fn bare(status: StatusCode) -> Response<Flow> {
    let mut response = Response::new(Flow::empty());
    *response.status_mut() = status;
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).into_iter();
    values.filter_map(|value| value.to_str().ok()).any(|value| value.contains("gzip"))
}

/// The largest request a bidder reads, packed or not.
const MAX_REQUEST_BYTES: usize = 1_024 * 1_024;

/// How long a bidder waits for a request's body.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

const GARBAGE: &[u8] = b"\x00\xff\xfe<<not json>>\x80{{\"id\"::]";
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const OPENRTB_VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");
const VERSION: HeaderValue = HeaderValue::from_static("2.6");
