//! Knows when the first byte of each request came, underneath hyper.
//!
//! A deadline counts from there (decision 20), but hyper calls a service only when the head is
//! complete. So the stream itself watches the bytes that pass: it finds the end of each head,
//! counts the body that the service announces, and stamps the byte after it as the next request's
//! first. It also holds the limits on time that hyper lacks: a slow head is answered 408, and who
//! takes nothing of an answer is left.
//!
//! Over HTTP/2 the stamp is the last read before the service was called. After a chunked body
//! that was read together with the start of a further, pipelined request, it is that read. An
//! HTTP/2 connection is idle since the service was last called: answers to our pings are no use
//! of it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// A request's head must be complete this long after its first byte.
pub const HEAD_TIME: Duration = Duration::from_secs(5);

/// A connection may be idle this long between requests: longer than most breaks are apart.
pub const IDLE_TIME: Duration = Duration::from_secs(180);

/// A client may leave what is written to it untaken this long.
pub const ANSWER_TIME: Duration = Duration::from_secs(10);

/// What a client with a slow head is told.
const SLOW_HEAD: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// The start of every HTTP/2 connection.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The service's side: reads stamps, announces bodies.
#[derive(Clone, Debug)]
pub struct Stamps(Arc<Mutex<State>>);

/// How the service says a request's body is delimited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyLength {
    /// By its length in bytes, 0 for none.
    Known(u64),
    /// By its own framing: its end is told by [`Stamps::body_ended`].
    Chunked,
}

impl Stamps {
    /// Returns when the first byte of the request came whose head is now complete.
    ///
    /// To be called once per request, when the service is called.
    #[must_use]
    pub fn begin(&self, body: BodyLength, now: Instant) -> Instant {
        self.0.lock().begin(body, now)
    }

    /// Says whether some of the request's body may be to come: then it is to be read before the
    /// answer, or the connection would end with it.
    #[must_use]
    pub fn is_body_ahead(&self) -> bool {
        matches!(self.0.lock().phase, Phase::Body(_) | Phase::Chunked | Phase::Http2)
    }

    /// Says whether the request has a chunked body that was not read to its end.
    #[must_use]
    pub fn in_chunked_body(&self) -> bool {
        self.0.lock().phase == Phase::Chunked
    }

    /// Says that a chunked body was read to its end.
    pub fn body_ended(&self) {
        let mut state = self.0.lock();
        if state.phase == Phase::Chunked {
            state.phase = Phase::Idle;
        }
    }
}

/// Where the bytes read so far have led.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Between requests.
    Idle,
    /// In a head, with the number of characters of an empty line seen.
    Head(u8),
    /// A head is complete and its service not yet called.
    Called,
    /// In a body of which this many bytes are to come.
    Body(u64),
    /// In a body that delimits itself.
    Chunked,
    /// HTTP/2: frames, not heads.
    Http2,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// When the first byte of the request being read came.
    first: Instant,
    /// When bytes were last read.
    last: Instant,
    /// When the service was last called; over HTTP/2 also when the preface was complete.
    called: Instant,
    /// How much of the HTTP/2 preface the connection has shown; `None` once it differs.
    preface: Option<usize>,
    /// Bytes read behind a complete head, before its service was called.
    behind: Vec<u8>,
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Idle,
            first: now,
            last: now,
            called: now,
            preface: Some(0),
            behind: Vec::new(),
        }
    }

    fn read(&mut self, bytes: &[u8], now: Instant) {
        self.last = now;
        self.watch_preface(bytes);
        self.scan(bytes, now);
    }

    fn watch_preface(&mut self, bytes: &[u8]) {
        let Some(seen) = self.preface else { return };
        let expected = &HTTP2_PREFACE[seen..];
        let common = expected.len().min(bytes.len());
        if expected[..common] != bytes[..common] {
            self.preface = None;
        } else if common == expected.len() {
            self.preface = None;
            self.phase = Phase::Http2;
            self.called = self.last;
        } else {
            self.preface = Some(seen + common);
        }
    }

    fn scan(&mut self, mut bytes: &[u8], now: Instant) {
        while !bytes.is_empty() {
            match self.phase {
                Phase::Idle => {
                    let blank = bytes.iter().take_while(|&&byte| is_line_end(byte)).count();
                    bytes = &bytes[blank..];
                    if !bytes.is_empty() {
                        self.first = now;
                        self.phase = Phase::Head(0);
                    }
                }
                Phase::Head(seen) => bytes = self.scan_head(bytes, seen),
                Phase::Called => {
                    self.behind.extend_from_slice(bytes);
                    return;
                }
                Phase::Body(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = &bytes[here..];
                    let left = left - u64::try_from(here).expect("a slice's length fits u64");
                    self.phase = if left == 0 { Phase::Idle } else { Phase::Body(left) };
                }
                Phase::Chunked | Phase::Http2 => return,
            }
        }
    }

    /// Looks for the empty line that ends a head; the parser takes bare line feeds as well.
    fn scan_head<'a>(&mut self, bytes: &'a [u8], mut newlines: u8) -> &'a [u8] {
        for (index, &byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' => newlines += 1,
                b'\r' => {}
                _ => newlines = 0,
            }
            if newlines == 2 {
                self.phase = Phase::Called;
                return &bytes[index + 1..];
            }
        }
        self.phase = Phase::Head(newlines);
        &[]
    }

    fn begin(&mut self, body: BodyLength, now: Instant) -> Instant {
        self.called = now;
        if self.phase != Phase::Called {
            // HTTP/2, or a head that this scan did not see end: what was last read completed it.
            return self.last.min(now);
        }
        let first = self.first;
        self.phase = match body {
            BodyLength::Known(0) => Phase::Idle,
            BodyLength::Known(length) => Phase::Body(length),
            BodyLength::Chunked => Phase::Chunked,
        };
        let behind = std::mem::take(&mut self.behind);
        self.scan(&behind, self.last);
        first
    }

    /// Returns when patience with the client ends, if it is the client's turn.
    fn patience(&self) -> Option<(Instant, Patience)> {
        match self.phase {
            Phase::Idle => Some((self.last + IDLE_TIME, Patience::Idle)),
            // A head that looks complete and calls no service, as half an HTTP/2 preface does.
            Phase::Head(_) | Phase::Called => Some((self.first + HEAD_TIME, Patience::Head)),
            // No answer takes nearly as long, so none is cut.
            Phase::Http2 => Some((self.called + IDLE_TIME, Patience::Idle)),
            Phase::Body(_) | Phase::Chunked => None,
        }
    }

    /// Says whether it has ended, whatever there is to read: HTTP/2 is read without being used.
    fn is_unused(&self, now: Instant) -> bool {
        self.phase == Phase::Http2 && self.called + IDLE_TIME <= now
    }
}

fn is_line_end(byte: u8) -> bool {
    byte == b'\r' || byte == b'\n'
}

/// What a silent client lets pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Patience {
    Idle,
    Head,
}

/// A stream that stamps what is read from it.
#[derive(Debug)]
pub struct Stamped<S> {
    stream: S,
    state: Arc<Mutex<State>>,
    timer: Pin<Box<Sleep>>,
    /// Ends the wait for a client that takes nothing; none while it takes what is written.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Stamped<S> {
    /// Wraps a stream; returns it with the service's side.
    pub fn new(stream: S, now: Instant) -> (Self, Stamps) {
        let state = Arc::new(Mutex::new(State::new(now)));
        let timer = Box::pin(sleep_until(now + IDLE_TIME));
        (Self { stream, state: Arc::clone(&state), timer, stalled: None }, Stamps(state))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stamped<S> {
    /// Ends the wait for a client that is silent for too long; the answer 408 is best effort.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((until, patience)) = self.state.lock().patience() else {
            return Poll::Pending;
        };
        // Most waits end long before their time, and each moves it on: the timer stays as it is
        // until it fires too early or would be too late.
        loop {
            if until < self.timer.deadline() {
                self.timer.as_mut().reset(until);
            }
            ready!(self.timer.as_mut().poll(cx));
            if until <= self.timer.deadline() {
                break;
            }
            self.timer.as_mut().reset(until);
        }
        if patience == Patience::Idle {
            return Poll::Ready(Ok(()));
        }
        let _: Poll<io::Result<usize>> = Pin::new(&mut self.stream).poll_write(cx, SLOW_HEAD);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Ends a write that waits for too long: who asks and never reads would hold its connection,
    /// and all that the system keeps for it, for ever.
    fn poll_taken(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let wait = || Box::pin(sleep_until(Instant::now() + ANSWER_TIME));
        ready!(self.stalled.get_or_insert_with(wait).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stamped<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.state.lock().is_unused(Instant::now()) {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) {
            read?;
            let bytes = &buf.filled()[before..];
            if !bytes.is_empty() {
                this.state.lock().read(bytes, Instant::now());
            }
            return Poll::Ready(Ok(()));
        }
        this.poll_patience(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stamped<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.poll_taken(cx, written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.poll_taken(cx, written)
    }
}

#[cfg(test)]
mod tests;
