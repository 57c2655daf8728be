//! A stream that is looked at while HTTP/2 comes over it.
//!
//! hyper queues calls past the peer's limit, says nothing of a GOAWAY until the last call has ended,
//! and reads any number of frames that carry nothing. What of that matters is seen in the heads of
//! the frames; the frames themselves are hyper's.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::io::connect::{NoHttp2, Stream};

/// What is known of a connection.
pub(super) struct Gauge {
    state: Notify,
    /// Its limits have come.
    settled: AtomicBool,
    /// It takes no more calls, or is gone.
    leaving: AtomicBool,
    /// It speaks something else.
    strange: AtomicBool,
    /// Nothing is read any more.
    closed: AtomicBool,
    reader: AtomicWaker,
    most: AtomicU32,
    /// Frames that may still come without a byte of an answer.
    idle_frames: AtomicUsize,
}

/// A stream and what is seen on it.
pub(super) struct Watched {
    stream: Box<dyn Stream>,
    frames: Frames,
    gauge: Arc<Gauge>,
}

impl Gauge {
    pub(super) fn new() -> Self {
        Self {
            state: Notify::new(),
            settled: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            strange: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            most: AtomicU32::new(u32::MAX),
            idle_frames: AtomicUsize::new(IDLE_FRAMES),
        }
    }

    /// Waits until the peer has told its limits.
    ///
    /// # Errors
    ///
    /// When it speaks something else (`Unsupported`), or leaves (`ConnectionAborted`).
    pub(super) async fn settled(&self) -> io::Result<()> {
        loop {
            let changed = self.state.notified();
            let (is_settled, is_open) = (self.settled.load(Ordering::Acquire), self.is_open());
            match (is_settled, is_open) {
                (true, true) => return Ok(()),
                (false, true) => changed.await,
                (_, false) if self.strange.load(Ordering::Acquire) => return Err(no_http2()),
                (_, false) => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
    }

    /// Says whether it takes calls.
    pub(super) fn is_open(&self) -> bool {
        !self.leaving.load(Ordering::Acquire)
    }

    /// Returns how many streams the peer takes at once.
    pub(super) fn most_streams(&self) -> usize {
        usize::try_from(self.most.load(Ordering::Relaxed)).unwrap_or(usize::MAX)
    }

    /// Notes that a call begins, for which frames may come.
    pub(super) fn expect_call(&self) {
        let more = |left: usize| Some(left.saturating_add(CALL_FRAMES).min(MOST_IDLE_FRAMES));
        // It always has a value to set.
        let _ = self.idle_frames.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Ends the connection, calls under way included.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.leave();
        self.reader.wake();
    }

    fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        self.state.notify_waiters();
    }

    /// Takes notice of what a frame says; an error ends the connection.
    fn see(&self, seen: Seen) -> io::Result<()> {
        match seen {
            Seen::Stranger => {
                self.strange.store(true, Ordering::Release);
                return Err(no_http2());
            }
            Seen::Answer => return Ok(()),
            Seen::Idle => {}
            Seen::GoAway => self.leave(),
            Seen::Streams(most) => self.most.store(most, Ordering::Relaxed),
            Seen::Settings => {
                self.settled.store(true, Ordering::Release);
                self.state.notify_waiters();
            }
        }
        let spent = |left: usize| left.checked_sub(1);
        let spent = self.idle_frames.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent);
        spent.map(|_| ()).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, FLOOD))
    }
}

impl Watched {
    pub(super) fn new(stream: Box<dyn Stream>, gauge: Arc<Gauge>) -> Self {
        Self { stream, frames: Frames::default(), gauge }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.gauge.leave();
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.gauge.reader.register(context.waker());
        if this.gauge.closed.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let Poll::Ready(Ok(())) = read else { return read };
        let come = &buffer.filled()[before..];
        let gauge = &this.gauge;
        Poll::Ready(this.frames.look(come, |seen| gauge.see(seen)))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

fn no_http2() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, NoHttp2)
}

/// What a frame says that matters here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Seen {
    /// The peer does not begin with its settings.
    Stranger,
    /// Bytes of an answer.
    Answer,
    /// Anything else.
    Idle,
    GoAway,
    /// A limit on streams.
    Streams(u32),
    /// Settings have come whole.
    Settings,
}

/// Finds frames in what comes (RFC 9113 §4.1).
#[derive(Default)]
struct Frames {
    head: [u8; HEAD],
    /// How much of the head has come.
    headed: usize,
    /// How much of the frame is still to come.
    left: usize,
    is_settings: bool,
    /// What has come of one setting.
    setting: [u8; SETTING],
    /// A frame has come.
    begun: bool,
}

impl Frames {
    fn look(
        &mut self,
        mut bytes: &[u8],
        mut see: impl FnMut(Seen) -> io::Result<()>,
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.headed < HEAD {
                let (come, rest) = bytes.split_at(bytes.len().min(HEAD - self.headed));
                self.head[self.headed..self.headed + come.len()].copy_from_slice(come);
                self.headed += come.len();
                bytes = rest;
                if self.headed == HEAD {
                    self.begin(&mut see)?;
                }
            } else {
                let (come, rest) = bytes.split_at(bytes.len().min(self.left));
                if self.is_settings {
                    self.settings(come, &mut see)?;
                }
                self.left -= come.len();
                bytes = rest;
            }
            if self.headed == HEAD && self.left == 0 {
                if self.is_settings {
                    see(Seen::Settings)?;
                }
                self.headed = 0;
            }
        }
        Ok(())
    }

    /// Begins a frame whose head is whole.
    fn begin(&mut self, see: &mut impl FnMut(Seen) -> io::Result<()>) -> io::Result<()> {
        let [a, b, c, kind, flags, ..] = self.head;
        self.left = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
        let is_ack = flags & ACK != 0;
        self.is_settings = kind == SETTINGS && !is_ack;
        if !std::mem::replace(&mut self.begun, true) && !self.is_settings {
            return see(Seen::Stranger);
        }
        match kind {
            // It is seen once it is whole.
            SETTINGS if !is_ack => Ok(()),
            DATA if 0 < self.left => see(Seen::Answer),
            GOAWAY => see(Seen::GoAway),
            _ => see(Seen::Idle),
        }
    }

    /// Reads what has come of settings.
    fn settings(
        &mut self,
        come: &[u8],
        see: &mut impl FnMut(Seen) -> io::Result<()>,
    ) -> io::Result<()> {
        for (at, byte) in come.iter().enumerate() {
            // They are of one size, so the place in one is known from what is left.
            let place = SETTING - 1 - (self.left - at - 1) % SETTING;
            self.setting[place] = *byte;
            if place + 1 == SETTING {
                let [a, b, value @ ..] = self.setting;
                if u16::from_be_bytes([a, b]) == MAX_CONCURRENT_STREAMS {
                    see(Seen::Streams(u32::from_be_bytes(value)))?;
                }
            }
        }
        Ok(())
    }
}

const FLOOD: &str = "frames that carry no answer";

/// Bytes of the head of a frame, and of a setting.
const HEAD: usize = 9;
const SETTING: usize = 6;

const DATA: u8 = 0;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const MAX_CONCURRENT_STREAMS: u16 = 3;

/// Frames that may come with no byte of an answer: at first, more with each call, and at most.
const IDLE_FRAMES: usize = 256;
const CALL_FRAMES: usize = 24;
const MOST_IDLE_FRAMES: usize = 4_096;

#[cfg(test)]
mod tests;
