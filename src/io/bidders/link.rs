//! What a call goes over: a connection of its own, or a place on one that is shared.
//!
//! `http1` and `http2` are told apart here and in `stock`, nowhere else.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::io::connect::Address;
use crate::io::http1::{self, Fetched, Unsent};
use crate::io::http2;

/// What one call goes over.
pub(super) enum Link {
    Own(http1::Connection),
    Shared(http2::Place),
}

/// The request head of one bidder.
pub(super) enum Head {
    Own(Arc<http1::Head>),
    Shared(Box<http2::Head>),
}

/// One call under way.
pub(super) enum Exchange {
    Own(http1::Exchange),
    Shared(http2::Exchange),
}

/// What came of one call.
pub(super) struct Finished {
    pub(super) fetched: Result<Fetched, Unsent>,
    /// What the next call may go over.
    pub(super) link: Option<Link>,
}

impl Head {
    /// Prepares the head of all bid requests to one address; `None` when it cannot be asked so.
    pub(super) fn post(address: &Address) -> Option<Self> {
        Some(match address.target.http2 {
            false => Self::Own(Arc::new(http1::Head::post(address))),
            true => Self::Shared(Box::new(http2::Head::post(address)?)),
        })
    }

    /// Begins a call; nothing is sent before it is polled. `None` for a link of another kind.
    pub(super) fn call(&self, link: Link, body: Arc<[u8]>, gzip: bool) -> Option<Exchange> {
        match (self, link) {
            (Self::Own(head), Link::Own(connection)) => {
                Some(Exchange::Own(connection.call(head, body, gzip)))
            }
            (Self::Shared(head), Link::Shared(place)) => {
                Some(Exchange::Shared(place.call(head, body, gzip)))
            }
            (Self::Own(_), Link::Shared(_)) | (Self::Shared(_), Link::Own(_)) => None,
        }
    }
}

impl Exchange {
    /// Says whether any byte of the request left, as far as that is known.
    pub(super) fn sent(&self) -> bool {
        match self {
            Self::Own(exchange) => exchange.sent(),
            Self::Shared(exchange) => exchange.sent(),
        }
    }

    /// Ends it before its time; returns what the next call may go over.
    pub(super) fn abandon(self) -> Option<Link> {
        match self {
            // What would come next on it is unknown.
            Self::Own(_) => None,
            Self::Shared(exchange) => exchange.abandon().map(Link::Shared),
        }
    }
}

impl Future for Exchange {
    type Output = Finished;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Finished> {
        match self.get_mut() {
            Self::Own(exchange) => Pin::new(exchange).poll(context).map(|finished| {
                let link = finished.connection.map(Link::Own);
                Finished { fetched: finished.fetched, link }
            }),
            Self::Shared(exchange) => Pin::new(exchange).poll(context).map(|finished| {
                let link = finished.place.map(Link::Shared);
                Finished { fetched: finished.fetched, link }
            }),
        }
    }
}
