//! The body of a request, which tells when hyper has done with it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// The body of a request, shared with all calls of its shape.
pub(super) struct Payload {
    bytes: Bytes,
    /// Dropped with it.
    _held: Arc<()>,
}

/// What is left of a body to send.
pub(super) struct Left(Weak<()>);

impl Payload {
    pub(super) fn new(bytes: Arc<[u8]>) -> (Self, Left) {
        let held = Arc::new(());
        let left = Left(Arc::downgrade(&held));
        (Self { bytes: Bytes::from_owner(bytes), _held: held }, left)
    }
}

impl Left {
    /// Says whether nothing is: the peer had room for all of it.
    pub(super) fn all(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
    }
}
