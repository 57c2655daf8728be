//! A request on its way out: head and body in one write, as a rule.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use crate::io::connect::Stream;
use crate::io::http1::Head;

/// What is to be sent and how far it is.
pub(super) struct Request {
    head: Arc<Head>,
    body: Arc<[u8]>,
    gzip: bool,
    /// Nothing of it can be written any more.
    broken: bool,
    /// All of it has left the stream too.
    flushed: bool,
    /// Bytes before the body.
    before: usize,
    /// Bytes that the stream took.
    taken: usize,
}

/// How far a write came.
pub(super) enum Written {
    /// To its end.
    All,
    /// As far as the stream takes it; it wakes.
    Waits,
    /// The stream takes no more, for ever.
    Broken,
}

impl Request {
    pub(super) fn new(head: Arc<Head>, body: Arc<[u8]>, gzip: bool) -> Self {
        let prepared = if gzip { &head.gzip } else { &head.plain };
        let before = prepared.len() + digits(body.len()) + END.len();
        Self { head, body, gzip, broken: false, flushed: false, before, taken: 0 }
    }

    /// Says whether any byte left.
    pub(super) fn is_begun(&self) -> bool {
        0 < self.taken
    }

    /// Says whether all bytes left.
    pub(super) fn is_written(&self) -> bool {
        self.flushed
    }

    /// Writes as much as the stream takes, through `buffer`.
    pub(super) fn write(
        &mut self,
        stream: &mut Box<dyn Stream>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Written {
        if self.broken {
            return Written::Broken;
        }
        match self.poll_write(stream, context, buffer) {
            Poll::Pending => Written::Waits,
            Poll::Ready(Ok(())) => {
                self.flushed = true;
                Written::All
            }
            Poll::Ready(Err(_)) => {
                self.broken = true;
                Written::Broken
            }
        }
    }

    fn poll_write(
        &mut self,
        stream: &mut Box<dyn Stream>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<()>> {
        loop {
            let next = self.next(buffer);
            if next.is_empty() {
                return Pin::new(stream).poll_flush(context);
            }
            match Pin::new(&mut *stream).poll_write(context, next) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(taken)) => self.taken += taken,
                Poll::Ready(Err(fault)) => return Poll::Ready(Err(fault)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Returns what is to be written next, empty at the end.
    ///
    /// All of it at first, put together in `buffer`; then what the stream left of the head; the rest
    /// of the body from where it is.
    fn next<'a>(&'a self, buffer: &'a mut [u8]) -> &'a [u8] {
        if self.before <= self.taken {
            return self.body.get(self.taken - self.before..).unwrap_or_default();
        }
        let head = if self.gzip { &self.head.gzip } else { &self.head.plain };
        let mut length = [0; MAX_DIGITS];
        let length = spell(self.body.len(), &mut length);
        let body: &[u8] = if self.is_begun() { &[] } else { &self.body };
        let (mut skip, mut filled) = (self.taken, 0);
        for part in [head, length, END, body] {
            let rest = &part[skip.min(part.len())..];
            skip = skip.saturating_sub(part.len());
            let size = rest.len().min(buffer.len() - filled);
            buffer[filled..filled + size].copy_from_slice(&rest[..size]);
            filled += size;
        }
        &buffer[..filled]
    }
}

/// Returns how many digits a number has.
fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |tens| 1 + usize::try_from(tens).unwrap_or(0))
}

/// Writes a number to the end of `buffer`, in as many digits as it has.
fn spell(mut number: usize, buffer: &mut [u8; MAX_DIGITS]) -> &[u8] {
    let start = MAX_DIGITS - digits(number);
    for digit in buffer[start..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
    &buffer[start..]
}

/// Of a length in 64 bits.
const MAX_DIGITS: usize = 20;
const END: &[u8] = b"\r\n\r\n";
