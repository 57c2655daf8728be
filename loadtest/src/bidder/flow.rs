//! The bodies a bidder sends: whole, far too long, or a few bytes at a time.

use std::{
    convert::Infallible,
    future::Future,
    io::Write,
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// A response body.
#[derive(Debug)]
pub(super) enum Flow {
    /// All at once, with a content length.
    Whole(Bytes),
    /// The head, then so many times the filler, then the tail; without a content length.
    Long { head: Bytes, fillers: usize, tail: Bytes },
    /// A few bytes, a pause, a few bytes; without a content length.
    Drip { left: Bytes, pause: Option<Pin<Box<Sleep>>> },
}

impl Flow {
    /// Returns an empty body.
    pub(super) fn empty() -> Self {
        Self::Whole(Bytes::new())
    }

    /// Returns a well-formed JSON object of 10 MiB.
    pub(super) fn huge() -> Self {
        Self::Long {
            head: Bytes::from_static(br#"{"id":"huge","ext":{"filler":""#),
            fillers: HUGE_BYTES / FILLER.len(),
            tail: Bytes::from_static(br#""}}"#),
        }
    }

    /// Returns a body that arrives a few bytes at a time.
    pub(super) fn drip(bytes: Bytes) -> Self {
        Self::Drip { left: bytes, pause: None }
    }

    /// Returns a little gzip that unpacks to 100 MiB of white space; slow the first time.
    pub(super) fn gzip_bomb() -> Self {
        static BOMB: OnceLock<Bytes> = OnceLock::new();
        let bomb = BOMB.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            let block = [b' '; 65_536];
            for _ in 0..BOMB_BYTES / block.len() {
                encoder.write_all(&block).expect("writing to memory cannot fail");
            }
            Bytes::from(encoder.finish().expect("writing to memory cannot fail"))
        });
        Self::Whole(bomb.clone())
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match &mut *self {
            Self::Whole(bytes) => std::mem::take(bytes),
            Self::Long { head, fillers, tail } => {
                if !head.is_empty() {
                    std::mem::take(head)
                } else if 0 < *fillers {
                    *fillers -= 1;
                    Bytes::from_static(&FILLER)
                } else {
                    std::mem::take(tail)
                }
            }
            Self::Drip { left, pause } => {
                if let Some(waiting) = pause {
                    ready!(waiting.as_mut().poll(context));
                }
                *pause = Some(Box::pin(sleep(DRIP_PAUSE)));
                left.split_to(left.len().min(DRIP_BYTES))
            }
        };
        let frame = (!piece.is_empty()).then(|| Ok(Frame::data(piece)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Long { tail, .. } => tail.is_empty(),
            Self::Drip { left, .. } => left.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            }
            Self::Long { .. } | Self::Drip { .. } => SizeHint::default(),
        }
    }
}

static FILLER: [u8; 65_536] = [b'a'; 65_536];

/// The size of the huge answer, without its first and last bytes.
const HUGE_BYTES: usize = 10 * 1_024 * 1_024;

/// What the gzip bomb unpacks to.
const BOMB_BYTES: usize = 100 * 1_024 * 1_024;

/// How much of a slow answer comes at once.
const DRIP_BYTES: usize = 8;

/// How long a slow answer rests after that.
const DRIP_PAUSE: Duration = Duration::from_millis(100);
