//! The connections of one worker to one bidder, last in, first out.
//!
//! Nobody waits for a connection: a call takes an idle one, dials, or is skipped.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue,
};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Uri};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::io::bidders::Endpoint;
use crate::io::body::Limits;
use crate::io::connect::{Address, Connect, Target};
use crate::io::connection::{Connection, Exchange};
use crate::io::http1::Fetched;
use crate::model::call::{AnswerOutcome, Call};

/// Connections to one bidder, and how many calls are under way.
pub(super) struct Pool {
    target: Target,
    host: HeaderValue,
    path: PathAndQuery,
    connector: Arc<dyn Connect>,
    idle: Mutex<VecDeque<Idle>>,
    calls: Arc<AtomicUsize>,
    dials: Arc<AtomicUsize>,
}

/// A connection that waits for its next call; the longest waiting stand in front.
struct Idle {
    connection: Connection,
    since: Instant,
}

/// A place under a cap, given back when dropped.
pub(super) struct Place(Arc<AtomicUsize>);

impl Pool {
    /// Makes an empty pool; `None` when the endpoint is no URL.
    pub(super) fn new(endpoint: &Endpoint, connector: Arc<dyn Connect>) -> Option<Self> {
        let Address { target, host, path } =
            Address::parse(&endpoint.url, endpoint.allow_loopback)?;
        Some(Self {
            target,
            host,
            path,
            connector,
            idle: Mutex::default(),
            calls: Arc::default(),
            dials: Arc::default(),
        })
    }

    /// Takes a place for a call; `None` when too many are under way.
    pub(super) fn enter(&self) -> Option<Place> {
        Place::take(&self.calls, MAX_CALLS)
    }

    /// Makes one call. It has no end of its own: the caller drops it at the cutoff.
    ///
    /// `sent` says, while it waits and after, whether a connection took the request.
    pub(super) async fn fetch(self: &Arc<Self>, call: &Call, sent: &AtomicBool) -> Fetched {
        let mut request = self.request(call.gzip, Bytes::copy_from_slice(&call.body));
        if let Some(mut connection) = self.take() {
            match connection.exchange(request, sent).await {
                Exchange::Done(fetched) => {
                    self.put(connection);
                    return fetched;
                }
                // It ended while it was idle. Only what was never sent is sent again, so that no
                // bidder is asked twice for one place in its quota.
                Exchange::Unsent(unsent) => request = *unsent,
            }
        }
        let Some(place) = Place::take(&self.dials, MAX_DIALS) else {
            return Fetched { outcome: AnswerOutcome::SkippedInFlight, status: None };
        };
        let unreachable = Fetched { outcome: AnswerOutcome::Unreachable, status: None };
        let Ok(mut connection) = self.dial(place).await else { return unreachable };
        match connection.exchange(request, sent).await {
            Exchange::Done(fetched) => {
                self.put(connection);
                fetched
            }
            Exchange::Unsent(_) => unreachable,
        }
    }

    /// Dials in a task of its own, so that a connection made too late serves the next call.
    async fn dial(self: &Arc<Self>, place: Place) -> io::Result<Connection> {
        let (made, waiting) = oneshot::channel();
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            let dialled = timeout(MAX_DIAL, pool.connector.connect(&pool.target)).await;
            drop(place);
            let connection = match dialled {
                Ok(Ok(stream)) => Connection::open(stream, ANSWER).await,
                Ok(Err(fault)) => Err(fault),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            };
            if let Err(Ok(unwanted)) = made.send(connection) {
                pool.put(unwanted);
            }
        });
        waiting.await.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock();
        prune(&mut idle);
        while let Some(last) = idle.pop_back() {
            if last.connection.is_ready() {
                return Some(last.connection);
            }
        }
        None
    }

    fn put(&self, connection: Connection) {
        if !connection.is_reusable() {
            return;
        }
        let mut idle = self.idle.lock();
        prune(&mut idle);
        if idle.len() == MAX_IDLE {
            idle.pop_front();
        }
        idle.push_back(Idle { connection, since: Instant::now() });
    }

    fn request(&self, gzip: bool, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from(self.path.clone());
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(OPENRTB_VERSION, HeaderValue::from_static("2.6"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        request
    }
}

impl Place {
    fn take(used: &Arc<AtomicUsize>, cap: usize) -> Option<Self> {
        let place = Self(Arc::clone(used));
        // The place is given back by the drop when there was no room.
        (used.fetch_add(1, Ordering::Relaxed) < cap).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Closes what waited too long, from the front, where the longest waiting are.
fn prune(idle: &mut VecDeque<Idle>) {
    while let Some(first) = idle.front() {
        if first.since.elapsed() < MAX_WAIT && first.connection.is_reusable() {
            return;
        }
        idle.pop_front();
    }
}

/// The most bytes of an answer.
const ANSWER: Limits = Limits { encoded: 128 * 1024, decoded: 256 * 1024 };
/// Idle connections per bidder and worker.
const MAX_IDLE: usize = 64;
/// How long a connection may wait for its next call; below the idle limit of common servers.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// Calls under way per bidder and worker.
const MAX_CALLS: usize = 256;
/// Connections being made per bidder and worker.
const MAX_DIALS: usize = 64;
/// How long a connection may take, whatever the connector does.
const MAX_DIAL: Duration = Duration::from_millis(250);

const OPENRTB_VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");

#[cfg(test)]
impl Pool {
    /// Returns how many connections wait, how many calls are under way and how many dials.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let idle = self.idle.lock().len();
        (idle, self.calls.load(Ordering::Relaxed), self.dials.load(Ordering::Relaxed))
    }
}
