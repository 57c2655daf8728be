//! A peer that says what a script holds, in the pieces it holds, once it has been asked.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a peer will do.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    /// What it says, each piece in a moment of its own.
    pub(super) pieces: VecDeque<Vec<u8>>,
    /// Whether it ends the connection after them.
    pub(super) ends: bool,
    /// Whether it says all that without being asked.
    pub(super) rash: bool,
    /// Takes so many bytes at a time when that is not 0, and waits in between.
    pub(super) narrow: usize,
    /// Takes so many bytes and then breaks.
    pub(super) breaks_after: Option<usize>,
}

/// What it did.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Bytes it was sent.
    pub(super) asked: Vec<u8>,
    /// How often it was written to.
    pub(super) writes: usize,
    /// How many of its bytes were read.
    pub(super) read: usize,
    /// Whether we closed it.
    pub(super) closed: bool,
}

/// The connection to it.
pub(super) struct Peer {
    script: Script,
    seen: Arc<Mutex<Seen>>,
    reader: Option<Waker>,
    /// It has been asked.
    speaks: bool,
    /// The moment between two pieces.
    between: bool,
    /// The moment between two writes.
    full: bool,
}

impl Script {
    /// Says `bytes` in one piece.
    pub(super) fn of(bytes: &[u8], ends: bool) -> Self {
        Self::split(bytes, [], ends)
    }

    /// Says `bytes` in pieces that end at `splits`.
    pub(super) fn split(bytes: &[u8], splits: impl IntoIterator<Item = usize>, ends: bool) -> Self {
        let mut pieces = VecDeque::new();
        let mut from = 0;
        for at in splits.into_iter().chain([bytes.len()]) {
            if from < at {
                pieces.push_back(bytes[from..at].to_vec());
                from = at;
            }
        }
        Self { pieces, ends, ..Self::default() }
    }

    /// Returns the connection to the peer, and what it will have seen.
    pub(super) fn play(self) -> (Peer, Arc<Mutex<Seen>>) {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let peer = Peer {
            speaks: self.rash,
            seen: Arc::clone(&seen),
            script: self,
            reader: None,
            between: false,
            full: false,
        };
        (peer, seen)
    }
}

impl AsyncRead for Peer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if std::mem::take(&mut this.between) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.speaks {
            if let Some(piece) = this.script.pieces.front_mut() {
                let size = piece.len().min(buffer.remaining());
                buffer.put_slice(&piece[..size]);
                piece.drain(..size);
                if piece.is_empty() {
                    this.script.pieces.pop_front();
                    this.between = true;
                }
                this.seen.lock().read += size;
                return Poll::Ready(Ok(()));
            }
            if this.script.ends {
                return Poll::Ready(Ok(()));
            }
        }
        this.reader = Some(context.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let mut seen = this.seen.lock();
        let mut size = bytes.len();
        if let Some(most) = this.script.breaks_after {
            size = size.min(most - seen.asked.len());
            if size == 0 {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
        }
        if 0 < this.script.narrow {
            this.full = !this.full;
            if !this.full {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            size = size.min(this.script.narrow);
        }
        seen.asked.extend_from_slice(&bytes[..size]);
        seen.writes += 1;
        this.speaks = true;
        if let Some(reader) = this.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(size))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.seen.lock().closed = true;
    }
}
