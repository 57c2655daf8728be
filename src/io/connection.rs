//! One HTTP/1.1 connection, one exchange at a time on it, within the limits on what others answer.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode, ext};
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::io::body::{self, Limits};
use crate::io::connect::Stream;
use crate::io::entropy;
use crate::io::http1::Fetched;
use crate::model::call::{AnswerOutcome, CallFault};

/// A connection and the task that drives it, which ends with it.
pub struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    task: AbortHandle,
    retires: Instant,
    calls: u32,
    poisoned: bool,
    limits: Limits,
}

/// What came of a request on a connection.
pub enum Exchange {
    /// An answer, or a fault that another try would not mend.
    Done(Fetched),
    /// The connection ended before it took the request, which may be sent again.
    Unsent(Box<Request<Full<Bytes>>>),
}

impl Connection {
    /// Begins HTTP on a stream; bodies of answers are held to `limits`.
    ///
    /// # Errors
    ///
    /// When the stream ends at once.
    pub async fn open(stream: Box<dyn Stream>, limits: Limits) -> io::Result<Self> {
        let (mut sender, connection) = http1::Builder::new()
            .writev(false)
            .max_buf_size(MAX_BUFFER)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let task = tokio::spawn(connection).abort_handle();
        let age = MAX_AGE_MS - AGE_JITTER_MS + entropy::below(2 * AGE_JITTER_MS);
        let retires = Instant::now() + Duration::from_millis(age);
        let ready = sender.ready().await;
        let opened = Self { sender, task, retires, calls: 0, poisoned: false, limits };
        ready.map(|()| opened).map_err(io::Error::other)
    }

    /// Says whether it can take a call at once.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_reusable() && self.sender.is_ready()
    }

    /// Says whether another call may go over it.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        !self.poisoned
            && !self.sender.is_closed()
            && self.calls < MAX_CALLS
            && Instant::now() < self.retires
    }

    /// Sends a request and reads its answer within the limits.
    ///
    /// `sent` says, while it waits and after, whether the connection took the request.
    pub async fn exchange(
        &mut self,
        mut request: Request<Full<Bytes>>,
        sent: &AtomicBool,
    ) -> Exchange {
        // Until a whole answer has been read, what follows on the connection is unknown.
        self.poisoned = true;
        self.calls += 1;
        let informed = self.limit_informational(&mut request);
        sent.store(true, Ordering::Relaxed);
        let response = match self.sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut fault) => {
                if let Some(request) = fault.take_message() {
                    sent.store(false, Ordering::Relaxed);
                    return Exchange::Unsent(Box::new(request));
                }
                let too_large = fault.error().is_parse_too_large();
                return failed(if too_large { CallFault::TooLarge } else { CallFault::Framing });
            }
        };
        if MAX_INFORMATIONAL < informed.load(Ordering::Relaxed)
            || body::is_ambiguous(response.headers())
        {
            return failed(CallFault::Framing);
        }
        let status = response.status();
        let (outcome, complete) = answer(response, self.limits).await;
        self.poisoned = !complete;
        Exchange::Done(Fetched { outcome, status: Some(status.as_u16()) })
    }

    /// Ends the connection at the first 1xx too many; returns how many came.
    fn limit_informational(&self, request: &mut Request<Full<Bytes>>) -> Arc<AtomicU8> {
        let count = Arc::new(AtomicU8::new(0));
        let informed = Arc::clone(&count);
        let task = self.task.clone();
        ext::on_informational(request, move |_| {
            if MAX_INFORMATIONAL <= informed.fetch_add(1, Ordering::Relaxed) {
                // Saturating: thousands may stand in one read.
                informed.store(MAX_INFORMATIONAL + 1, Ordering::Relaxed);
                task.abort();
            }
        });
        count
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns the outcome, and whether the response was read to its end.
async fn answer(response: Response<Incoming>, limits: Limits) -> (AnswerOutcome, bool) {
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NO_CONTENT => return (AnswerOutcome::Empty, true),
        _ => {
            let complete = response.body().is_end_stream();
            return (AnswerOutcome::Failed(CallFault::Status), complete);
        }
    }
    match body::read(response, limits).await {
        Ok(body) if body.is_empty() => (AnswerOutcome::Empty, true),
        Ok(body) => (AnswerOutcome::Body(body), true),
        Err(fault) => (AnswerOutcome::Failed(fault), false),
    }
}

fn failed(fault: CallFault) -> Exchange {
    Exchange::Done(Fetched { outcome: AnswerOutcome::Failed(fault), status: None })
}

/// The most of a response head, and of a body not yet read.
const MAX_BUFFER: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;
/// Responses 1xx before the answer.
const MAX_INFORMATIONAL: u8 = 4;
/// Calls over one connection.
const MAX_CALLS: u32 = 10_000;
/// Old connections are left, so that a change of address is noticed.
const MAX_AGE_MS: u64 = 600_000;
const AGE_JITTER_MS: u64 = MAX_AGE_MS / 10;
