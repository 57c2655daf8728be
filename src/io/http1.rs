//! The calls to bidders over HTTP/1.1: one exchange at a time on a connection, no task, no buffer.
//!
//! A connection that waits owns its stream and a few words. Bytes go out of and come into one buffer
//! of the thread; a call keeps only what is incomplete when its poll ends. It is as strict as hyper
//! or stricter, held to that by its tests. `response` knows what an answer looks like; who holds
//! connections, and for how long, is the business of `bidders`.

mod chunked;
mod gunzip;
mod head;
mod request;
mod response;
mod scratch;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::BufMut;
use hyper::header::HeaderValue;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::time::Instant;

use crate::io::body::Limits;
use crate::io::connect::{Address, Stream};
use crate::io::http1::request::{Request, Written};
use crate::io::http1::response::{Progress, Response, Whole};
use crate::model::call::{AnswerOutcome, CallFault};

/// A connection that waits for its next call. It owns no buffer.
pub struct Connection {
    stream: Box<dyn Stream>,
    limits: Limits,
    retires: Instant,
    calls: u32,
    /// What would come next on it is unknown.
    poisoned: bool,
}

/// The request head of one bidder, made once; lengths and codings are put in per call.
pub struct Head {
    /// Up to where the digits of the length stand, for a body as it is.
    plain: Box<[u8]>,
    /// The same for a body that is gzip.
    gzip: Box<[u8]>,
}

/// One call under way; it owns connection and body, so that it can outlive who began it.
///
/// Dropped before its end it closes the connection.
pub struct Exchange {
    /// Missing once it has finished.
    connection: Option<Connection>,
    request: Request,
    response: Response,
}

/// What came of one call.
pub struct Finished {
    /// What came back, or that nothing was sent.
    pub fetched: Result<Fetched, Unsent>,
    /// The connection, unless it was closed; `is_reusable` says whether another call may go over it.
    pub connection: Option<Connection>,
}

/// Tells that the connection died before any byte of the request left.
///
/// The request may be sent on another one, once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unsent;

/// What came of one request.
#[derive(Debug, Eq, PartialEq)]
pub struct Fetched {
    /// What happened.
    pub outcome: AnswerOutcome,
    /// HTTP status, when a response head came.
    pub status: Option<u16>,
}

impl Connection {
    /// Begins on a stream just made; bodies of answers are held to `limits`.
    ///
    /// No task is spawned and nothing is read. From `retires` on it is not reusable.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>, limits: Limits, retires: Instant) -> Self {
        Self { stream, limits, retires, calls: 0, poisoned: false }
    }

    /// Says whether another call may go over it: it is clean, young and not worn out.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        !self.poisoned && self.calls < MAX_CALLS && Instant::now() < self.retires
    }

    /// Looks once, without waiting: false when the peer has closed it or sent what nobody asked for.
    pub fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let mut byte = [0];
        let read = poll_read(&mut self.stream, &mut context, &mut byte);
        self.poisoned |= read.is_ready();
        !self.poisoned
    }

    /// Begins a call; `gzip` says that `body` is in that coding. Nothing happens before it is polled.
    #[must_use]
    pub fn call(mut self, head: &Arc<Head>, body: Arc<[u8]>, gzip: bool) -> Exchange {
        self.calls += 1;
        let response = Response::new(self.limits);
        let request = Request::new(Arc::clone(head), body, gzip);
        Exchange { connection: Some(self), request, response }
    }
}

impl Head {
    /// Prepares the head of all bid requests to one address.
    #[must_use]
    pub fn post(address: &Address) -> Self {
        let head = |coding: &[u8]| {
            let path = address.path.as_str().as_bytes();
            let parts: [&[u8]; 7] = [
                b"POST ",
                path,
                b" HTTP/1.1\r\nhost: ",
                HeaderValue::as_bytes(&address.host),
                b"\r\ncontent-type: application/json\r\nx-openrtb-version: 2.6\r\naccept-encoding: gzip\r\n",
                coding,
                b"content-length: ",
            ];
            parts.concat().into_boxed_slice()
        };
        Self { plain: head(b""), gzip: head(b"content-encoding: gzip\r\n") }
    }
}

impl Exchange {
    /// Says whether any byte of the request left.
    #[must_use]
    pub fn sent(&self) -> bool {
        self.request.is_begun()
    }

    /// Sends what can be sent and reads what has come, through `buffer`.
    fn advance(
        &mut self,
        stream: &mut Box<dyn Stream>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Result<Whole, Unsent>> {
        if !self.request.is_begun() {
            // Whatever comes on a connection that asked for nothing, be it its end: it is not for
            // this call, and nothing of the call has left.
            if poll_read(stream, context, buffer).is_ready() {
                return Poll::Ready(Err(Unsent));
            }
            match self.request.write(stream, context, buffer) {
                // The look has left the waker with the stream.
                Written::All | Written::Waits => return Poll::Pending,
                Written::Broken if !self.request.is_begun() => return Poll::Ready(Err(Unsent)),
                Written::Broken => {}
            }
        } else if !self.request.is_written() {
            // One that broke may have been answered before: what can be read decides.
            self.request.write(stream, context, buffer);
        }
        self.read(stream, context, buffer).map(Ok)
    }

    fn read(
        &mut self,
        stream: &mut Box<dyn Stream>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Whole> {
        let mut left = MAX_A_POLL;
        while 0 < left {
            let (read, progress) = if let Some((room, size)) = self.response.room() {
                let read = ready!(poll_read_into(stream, context, room, size));
                let read = read.unwrap_or(0);
                (read, self.response.filled(read))
            } else {
                match ready!(poll_read(stream, context, buffer)) {
                    Ok(read) => (read, self.response.feed(&buffer[..read])),
                    Err(_) => return Poll::Ready(self.response.broke()),
                }
            };
            if let Progress::Whole(whole) = progress {
                return Poll::Ready(whole);
            }
            left = left.saturating_sub(read);
        }
        // Others have waited long enough.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Future for Exchange {
    type Output = Finished;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Finished> {
        let this = self.get_mut();
        let Some(mut connection) = this.connection.take() else {
            let outcome = AnswerOutcome::Failed(CallFault::Framing);
            let fetched = Ok(Fetched { outcome, status: None });
            return Poll::Ready(Finished { fetched, connection: None });
        };
        let advanced =
            scratch::lend(|buffer| this.advance(&mut connection.stream, context, buffer));
        Poll::Ready(match advanced {
            Poll::Pending => {
                this.connection = Some(connection);
                return Poll::Pending;
            }
            Poll::Ready(Err(unsent)) => Finished { fetched: Err(unsent), connection: None },
            Poll::Ready(Ok(Whole { outcome, status, reusable })) => {
                let reusable = reusable && this.request.is_written();
                let fetched = Ok(Fetched { outcome, status });
                Finished { fetched, connection: reusable.then_some(connection) }
            }
        })
    }
}

/// Reads into `buffer`; 0 is the end.
fn poll_read(
    stream: &mut Box<dyn Stream>,
    context: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(buffer);
    let read = Pin::new(stream).poll_read(context, &mut buffer);
    read.map_ok(|()| buffer.filled().len())
}

/// Reads at most `size` bytes onto the end of `room`, which has the capacity; 0 is the end.
fn poll_read_into(
    stream: &mut Box<dyn Stream>,
    context: &mut Context<'_>,
    room: &mut Vec<u8>,
    size: usize,
) -> Poll<io::Result<usize>> {
    let mut room = room.limit(size);
    let read = std::pin::pin!(stream.read_buf(&mut room));
    read.poll(context)
}

/// Calls over one connection.
const MAX_CALLS: u32 = 10_000;
/// The most bytes read in one poll.
const MAX_A_POLL: usize = 256 * 1024;

#[cfg(test)]
mod tests;
