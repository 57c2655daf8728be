//! Fetches documents during a sale from addresses that bidders name: bytes, or a fault.
//!
//! Each on a connection of its own to a checked address, no redirect followed, little read, and so
//! many at a time for a bidder. It has no end of its own: the caller drops it at the cutoff. What a
//! document says is not known here, and the text of its address was judged before.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, HOST, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, join, split};
use tokio::sync::Semaphore;

use crate::io::bidders::Endpoint;
use crate::io::body::{self, Limits};
use crate::io::connect::{Address, Connect, Stream};
use crate::model::call::CallFault;
use crate::model::ids::BidderId;

/// The most bytes of a document, its content coding on or off (decision 34).
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// The most documents under way for one bidder on one worker.
pub const MAX_UNDER_WAY: usize = 64;

/// Fetches documents for one worker.
pub struct Documents {
    connector: Arc<dyn Connect>,
    readers: BTreeMap<BidderId, Reader>,
}

/// A bidder for whom documents are fetched.
struct Reader {
    /// Lifts the rules about addresses (decision 35).
    allow_loopback: bool,
    places: Semaphore,
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
        let reader = |bidder: &Endpoint| {
            let places = Semaphore::new(MAX_UNDER_WAY);
            (bidder.id.clone(), Reader { allow_loopback: bidder.allow_loopback, places })
        };
        Self { connector, readers: bidders.iter().map(reader).collect() }
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
        let stream = self.connector.connect(&address.target).await;
        let stream = stream.map_err(|fault| match fault.kind() {
            ErrorKind::PermissionDenied => DocumentFault::Refused,
            _ => DocumentFault::Unreachable,
        })?;
        exchange(stream, &address).await
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

async fn exchange(stream: Box<dyn Stream>, address: &Address) -> Result<Vec<u8>, DocumentFault> {
    let (read, write) = split(stream);
    let stream = TokioIo::new(join(read.take(MAX_READ), write));
    let opened = http1::Builder::new()
        .max_buf_size(MAX_BUFFER)
        .max_headers(MAX_HEADERS)
        .handshake(stream)
        .await;
    let (mut sender, connection) = opened.map_err(|_| DocumentFault::Failed)?;
    let fetch = async {
        let response = sender.send_request(request(address)).await;
        read_document(response.map_err(|_| DocumentFault::Failed)?).await
    };
    tokio::pin!(fetch, connection);
    tokio::select! {
        document = &mut fetch => document,
        // The connection is over; what it read may still wait in `fetch`.
        _ = &mut connection => fetch.await,
    }
}

fn request(address: &Address) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = Uri::from(address.path.clone());
    let headers = request.headers_mut();
    headers.insert(HOST, address.host.clone());
    headers.insert(ACCEPT, HeaderValue::from_static("application/xml, text/xml"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    request
}

async fn read_document(response: Response<Incoming>) -> Result<Vec<u8>, DocumentFault> {
    if body::is_ambiguous(response.headers()) {
        return Err(DocumentFault::Failed);
    }
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NO_CONTENT => return Ok(Vec::new()),
        _ => return Err(DocumentFault::Status),
    }
    body::read(response, LIMITS).await.map_err(|fault| match fault {
        CallFault::TooLarge => DocumentFault::TooLarge,
        CallFault::Status | CallFault::Framing | CallFault::Encoding => DocumentFault::Failed,
    })
}

const LIMITS: Limits = Limits { encoded: MAX_DOCUMENT, decoded: MAX_DOCUMENT };

/// The most bytes read of an answer: head, framing and whatever comes before it included.
const MAX_READ: u64 = 2 * MAX_DOCUMENT as u64;
/// The most of a response head, and of a body not yet read.
const MAX_BUFFER: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;

#[cfg(test)]
mod tests;
