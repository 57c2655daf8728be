//! The calls to bidders over HTTP/2: many at a time on few connections, each driven by hyper.
//!
//! What HTTP/1.1 answers with a closed connection is answered with a reset stream here, which costs
//! only its call. hyper would queue a call that the peer has no room for, so `Place` is what a call
//! needs first. `watch` sees what hyper does not tell. Who holds connections is the business of
//! `bidders`.

mod payload;
mod watch;

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use h2::Reason;
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Instant;

use crate::io::body::{self, Limits};
use crate::io::connect::{Address, Stream};
use crate::io::http1::{Fetched, Unsent};
use crate::io::http2::payload::{Left, Payload};
use crate::io::http2::watch::{Gauge, Watched};
use crate::model::call::{AnswerOutcome, CallFault};

/// A connection that calls go over side by side; clones share it.
///
/// It is closed once nobody holds it and no call is under way on it.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    sender: SendRequest<Payload>,
    gauge: Arc<Gauge>,
    limits: Limits,
    retires: Instant,
    /// Calls so far.
    calls: AtomicU32,
    /// Calls under way.
    open: AtomicUsize,
    /// Some call on it was answered.
    answered: AtomicBool,
    /// The peer answers what it has not read: what it holds of our calls never ends.
    spoiled: AtomicBool,
}

/// Room for one call on a connection, given back when dropped.
pub struct Place(Connection);

/// The request head of one bidder, made once.
pub struct Head {
    uri: Uri,
    plain: HeaderMap,
    gzip: HeaderMap,
}

/// One call under way; it owns its place and body, so that it can outlive who began it.
///
/// Dropped before its end it resets its stream; the connection stays.
pub struct Exchange {
    /// Missing once it has finished.
    place: Option<Place>,
    call: Pin<Box<dyn Future<Output = Result<Fetched, Unsent>> + Send>>,
    begun: bool,
}

/// What came of one call.
pub struct Finished {
    /// What came back, or that the bidder did nothing with it.
    pub fetched: Result<Fetched, Unsent>,
    /// Its place, unless the connection takes no more calls.
    pub place: Option<Place>,
}

impl Connection {
    /// Begins on a stream just made, and waits until the peer has said what it takes; bodies of
    /// answers are held to `limits`.
    ///
    /// # Errors
    ///
    /// When the stream breaks or the peer leaves (`ConnectionAborted`), or it speaks something else
    /// (`Unsupported`).
    pub async fn open(
        stream: Box<dyn Stream>,
        limits: Limits,
        retires: Instant,
    ) -> io::Result<Self> {
        let gauge = Arc::new(Gauge::new());
        let watched = Watched::new(stream, Arc::clone(&gauge));
        let (sender, connection) =
            builder().handshake(TokioIo::new(watched)).await.map_err(io::Error::other)?;
        // It ends with the connection.
        tokio::spawn(connection);
        let inner = Inner {
            sender,
            gauge,
            limits,
            retires,
            calls: AtomicU32::new(0),
            open: AtomicUsize::new(0),
            answered: AtomicBool::new(false),
            spoiled: AtomicBool::new(false),
        };
        inner.gauge.settled().await?;
        Ok(Self(Arc::new(inner)))
    }

    /// Says whether calls may go over it: the peer has neither closed it nor announced that.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let Inner { sender, gauge, spoiled, .. } = &*self.0;
        gauge.is_open() && !sender.is_closed() && !spoiled.load(Ordering::Relaxed)
    }

    /// Says whether it need not be replaced yet: not retired by age, not 10,000 calls old.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.0.calls.load(Ordering::Relaxed) < MAX_CALLS && Instant::now() < self.0.retires
    }

    /// Says whether any call on it was answered.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.0.answered.load(Ordering::Relaxed)
    }

    /// Returns how many calls are under way on it.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    /// Returns how many calls it takes at once: the peer's limit, or ours.
    #[must_use]
    pub fn most(&self) -> usize {
        self.0.gauge.most_streams().min(STREAMS)
    }

    /// Takes room for a call; none when it takes no more.
    #[must_use]
    pub fn enter(&self) -> Option<Place> {
        if !self.is_open() {
            return None;
        }
        let place = Place(self.clone());
        // The room is given back by the drop when there was none.
        (self.0.open.fetch_add(1, Ordering::Relaxed) < self.most()).then_some(place)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.gauge.close();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Head {
    /// Prepares the head of all bid requests to one address; `None` when it has no URL.
    #[must_use]
    pub fn post(address: &Address) -> Option<Self> {
        let scheme = if address.target.tls { "https" } else { "http" };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(address.host.as_bytes())
            .path_and_query(address.path.clone());
        let mut plain = HeaderMap::new();
        plain.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        plain.insert("x-openrtb-version", HeaderValue::from_static("2.6"));
        plain.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let mut gzip = plain.clone();
        gzip.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        Some(Self { uri: uri.build().ok()?, plain, gzip })
    }

    fn request(&self, body: Payload, gzip: bool) -> Request<Payload> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = if gzip { self.gzip.clone() } else { self.plain.clone() };
        request
    }
}

impl Place {
    /// Begins a call; `gzip` says that `body` is in that coding. Nothing happens before it is polled.
    #[must_use]
    pub fn call(self, head: &Head, body: Arc<[u8]>, gzip: bool) -> Exchange {
        let inner = Arc::clone(&self.0.0);
        inner.calls.fetch_add(1, Ordering::Relaxed);
        let (body, left) = Payload::new(body);
        let request = head.request(body, gzip);
        let call = Box::pin(exchange(inner, request, left));
        Exchange { place: Some(self), call, begun: false }
    }
}

impl Exchange {
    /// Says whether the connection was given the request.
    #[must_use]
    pub fn sent(&self) -> bool {
        self.begun
    }

    /// Ends the call, its stream reset, and returns its place, unless the connection takes no more.
    #[must_use]
    pub fn abandon(self) -> Option<Place> {
        self.place.filter(|place| place.0.is_open())
    }
}

impl Future for Exchange {
    type Output = Finished;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Finished> {
        self.begun = true;
        let Poll::Ready(fetched) = self.call.as_mut().poll(context) else { return Poll::Pending };
        let place = self.place.take().filter(|place| place.0.is_open());
        Poll::Ready(Finished { fetched, place })
    }
}

/// Sends a request and reads its answer within the limits.
async fn exchange(
    inner: Arc<Inner>,
    request: Request<Payload>,
    left: Left,
) -> Result<Fetched, Unsent> {
    inner.gauge.expect_call();
    let response = match inner.sender.clone().try_send_request(request).await {
        Ok(response) => response,
        Err(fault) if fault.message().is_some() => return Err(Unsent),
        Err(fault) => {
            return judge(fault.error())
                .map(|fault| Fetched { outcome: AnswerOutcome::Failed(fault), status: None });
        }
    };
    inner.answered.store(true, Ordering::Relaxed);
    // hyper would hold the rest of the request for ever.
    if !left.all() {
        inner.spoiled.store(true, Ordering::Relaxed);
    }
    let status = Some(response.status().as_u16());
    Ok(Fetched { outcome: answer(response, inner.limits).await, status })
}

/// Returns what was wrong when no head came.
///
/// # Errors
///
/// When the bidder said that it has done nothing with the request (RFC 9113 §8.7).
fn judge(fault: &hyper::Error) -> Result<CallFault, Unsent> {
    let Some(fault) = fault.source().and_then(|source| source.downcast_ref::<h2::Error>()) else {
        return Ok(CallFault::Framing);
    };
    match fault.reason() {
        Some(Reason::REFUSED_STREAM) if fault.is_remote() => Err(Unsent),
        Some(Reason::NO_ERROR) if fault.is_remote() && fault.is_go_away() => Err(Unsent),
        // A head that is too large among others: h2 tells it from no other fault.
        _ => Ok(CallFault::Framing),
    }
}

async fn answer(response: Response<Incoming>, limits: Limits) -> AnswerOutcome {
    if MAX_FIELDS < response.headers().len() {
        return AnswerOutcome::Failed(CallFault::TooLarge);
    }
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NO_CONTENT => return AnswerOutcome::Empty,
        // Its stream is reset.
        _ => return AnswerOutcome::Failed(CallFault::Status),
    }
    match body::read(response, limits).await {
        Ok(body) if body.is_empty() => AnswerOutcome::Empty,
        Ok(body) => AnswerOutcome::Body(body),
        Err(fault) => AnswerOutcome::Failed(fault),
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(MAX_FRAME)
        .max_header_list_size(MAX_HEAD)
        .max_send_buf_size(MAX_SEND)
        .max_concurrent_reset_streams(MAX_RESET)
        .max_local_error_reset_streams(MAX_RESET)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .keep_alive_while_idle(true);
    builder
}

/// Calls on one connection at once, where the peer allows more.
pub const STREAMS: usize = 100;
/// Calls over one connection.
const MAX_CALLS: u32 = 10_000;
/// The most of a head, its fields unpacked.
const MAX_HEAD: u32 = 64 * 1024;
const MAX_FIELDS: usize = 100;
const MAX_FRAME: u32 = 16 * 1024;
/// The longest answer fits, so that an honest one never waits for us.
const STREAM_WINDOW: u32 = 128 * 1024;
/// What all answers of a connection may take before they are read.
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// The most of one request that waits in hyper for the peer.
const MAX_SEND: usize = 256 * 1024;
/// Streams reset by us that are remembered, and that a peer may make us reset.
const MAX_RESET: usize = 1_024;
const PING: Duration = Duration::from_secs(10);
const PONG: Duration = Duration::from_secs(2);
