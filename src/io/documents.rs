//! Fetches documents during a sale from addresses that bidders name: bytes, or a fault.
//!
//! Only from checked addresses, no redirect followed, little read, and so many at a time for a
//! bidder, whose connections serve nobody else. A fetch has no end of its own: the caller drops it at
//! the cutoff. What a document says is not known here; the text of its address was judged before.

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HOST, HeaderValue};
use hyper::{Request, Uri};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::io::bidders::Endpoint;
use crate::io::body::Limits;
use crate::io::connect::{Address, Connect, Target};
use crate::io::connection::{Connection, Exchange};
use crate::io::http1::Fetched;
use crate::model::call::{AnswerOutcome, CallFault};
use crate::model::ids::BidderId;

/// The most bytes of a document, its content coding on or off (decision 34).
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// The most documents under way for one bidder on one worker.
pub const MAX_UNDER_WAY: usize = 64;

/// Fetches documents for one worker.
pub struct Documents {
    connector: Arc<dyn Connect>,
    readers: BTreeMap<BidderId, Arc<Reader>>,
}

/// A bidder for whom documents are fetched.
struct Reader {
    /// Lifts the rules about addresses (decision 35).
    allow_loopback: bool,
    places: Semaphore,
    /// Connections that wait for their next document; the longest waiting stand in front.
    idle: Mutex<VecDeque<Idle>>,
}

struct Idle {
    connection: Connection,
    target: Target,
    since: Instant,
}

/// Why there is no document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DocumentFault {
    /// Too many are under way for this bidder, or it is not known.
    Busy,
    /// The address is no URL, or not a public one.
    Refused,
    /// No connection could be made.
    Unreachable,
    /// A status other than 200 and 204; redirects are not followed.
    Status,
    /// More than `MAX_DOCUMENT`.
    TooLarge,
    /// The answer was not HTTP, broke off, or has a content coding that was not offered.
    Failed,
}

impl Documents {
    /// Returns the fetcher of one worker; the bidders are those for whom it fetches.
    #[must_use]
    pub fn new(bidders: &[Endpoint], connector: Arc<dyn Connect>) -> Self {
        let reader = |bidder: &Endpoint| (bidder.id.clone(), Arc::new(Reader::new(bidder)));
        Self { connector, readers: bidders.iter().map(reader).collect() }
    }

    /// Returns the fetcher for the bidders of the next market; those that stay keep their connections.
    #[must_use]
    pub fn reload(&self, bidders: &[Endpoint]) -> Self {
        let reader = |bidder: &Endpoint| {
            let kept = self.readers.get(&bidder.id);
            let kept = kept.filter(|reader| reader.allow_loopback == bidder.allow_loopback);
            let reader = kept.map_or_else(|| Arc::new(Reader::new(bidder)), Arc::clone);
            (bidder.id.clone(), reader)
        };
        let readers = bidders.iter().map(reader).collect();
        Self { connector: Arc::clone(&self.connector), readers }
    }

    /// Fetches a document for a bidder; status 204 is an empty one.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub async fn fetch(&self, bidder: &BidderId, url: &str) -> Result<Vec<u8>, DocumentFault> {
        let reader = self.readers.get(bidder).ok_or(DocumentFault::Busy)?;
        let _place = reader.places.try_acquire().map_err(|_| DocumentFault::Busy)?;
        let address = Address::parse(url, reader.allow_loopback).ok_or(DocumentFault::Refused)?;
        if !reader.allow_loopback && address.target.host.parse::<IpAddr>().is_ok() {
            return Err(DocumentFault::Refused);
        }
        if let Some(idle) = reader.take(&address.target)
            && let Some(fetched) = reader.exchange(idle, &address).await
        {
            return document(fetched);
        }
        let connection = self.open(&address.target).await?;
        let fetched = reader.exchange(connection, &address).await;
        fetched.map_or(Err(DocumentFault::Failed), document)
    }

    async fn open(&self, target: &Target) -> Result<Connection, DocumentFault> {
        let stream = self.connector.connect(target).await;
        let stream = stream.map_err(|fault| match fault.kind() {
            ErrorKind::PermissionDenied => DocumentFault::Refused,
            _ => DocumentFault::Unreachable,
        })?;
        Connection::open(stream, LIMITS).await.map_err(|_| DocumentFault::Failed)
    }
}

impl Reader {
    fn new(bidder: &Endpoint) -> Self {
        let places = Semaphore::new(MAX_UNDER_WAY);
        Self { allow_loopback: bidder.allow_loopback, places, idle: Mutex::default() }
    }

    /// Asks for a document; `None` when the connection ended before it answered anything.
    async fn exchange(&self, mut connection: Connection, address: &Address) -> Option<Fetched> {
        match connection.exchange(request(address), &AtomicBool::new(false)).await {
            // It may have ended while it was idle, and nothing is amiss in asking twice.
            Exchange::Done(Fetched {
                outcome: AnswerOutcome::Failed(CallFault::Framing),
                status: None,
            })
            | Exchange::Unsent(_) => None,
            Exchange::Done(fetched) => {
                self.put(connection, &address.target);
                Some(fetched)
            }
        }
    }

    fn take(&self, target: &Target) -> Option<Connection> {
        let mut idle = self.idle.lock();
        idle.retain(Idle::is_useful);
        let at = idle.iter().rposition(|idle| idle.target == *target)?;
        idle.remove(at).map(|idle| idle.connection).filter(Connection::is_ready)
    }

    fn put(&self, connection: Connection, target: &Target) {
        if !connection.is_reusable() {
            return;
        }
        let mut idle = self.idle.lock();
        idle.retain(Idle::is_useful);
        if idle.len() == MAX_IDLE {
            idle.pop_front();
        }
        idle.push_back(Idle { connection, target: target.clone(), since: Instant::now() });
    }
}

impl Idle {
    fn is_useful(&self) -> bool {
        self.since.elapsed() < MAX_WAIT && self.connection.is_reusable()
    }
}

impl DocumentFault {
    /// Returns its label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "skipped",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Status => "status",
            Self::TooLarge => "too_large",
            Self::Failed => "failed",
        }
    }
}

fn request(address: &Address) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = Uri::from(address.path.clone());
    let headers = request.headers_mut();
    headers.insert(HOST, address.host.clone());
    headers.insert(ACCEPT, HeaderValue::from_static("application/xml, text/xml"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    request
}

fn document(fetched: Fetched) -> Result<Vec<u8>, DocumentFault> {
    match fetched.outcome {
        AnswerOutcome::Body(document) => Ok(document),
        AnswerOutcome::Empty => Ok(Vec::new()),
        AnswerOutcome::Failed(CallFault::Status) => Err(DocumentFault::Status),
        AnswerOutcome::Failed(CallFault::TooLarge) => Err(DocumentFault::TooLarge),
        AnswerOutcome::Failed(CallFault::Framing | CallFault::Encoding)
        | AnswerOutcome::Timeout { .. }
        | AnswerOutcome::Unreachable
        | AnswerOutcome::SkippedQps
        | AnswerOutcome::SkippedInFlight
        | AnswerOutcome::SkippedNoConnection
        | AnswerOutcome::SkippedHealth => Err(DocumentFault::Failed),
    }
}

const LIMITS: Limits = Limits { encoded: MAX_DOCUMENT, decoded: MAX_DOCUMENT };

/// Idle connections per bidder and worker.
const MAX_IDLE: usize = 16;
/// How long a connection may wait for its next document; below the idle limit of common servers.
const MAX_WAIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
