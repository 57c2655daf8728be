//! One script played to this client and to hyper's, and what each made of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Uri};
use tokio::time::{Instant, timeout};

use crate::io::body::Limits;
use crate::io::connect::Address;
use crate::io::connection;
use crate::io::http1::tests::script::Script;
use crate::io::http1::tests::spell;
use crate::io::http1::{Connection, Fetched, Finished, Head};
use crate::model::call::{AnswerOutcome, CallFault};

/// The most bytes of an answer, as bidders are held to.
pub(super) const LIMITS: Limits = Limits { encoded: 128 * 1024, decoded: 256 * 1024 };

/// What a client made of a script.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Made {
    pub(super) end: End,
    /// Whether the connection takes another call.
    pub(super) kept: bool,
}

/// How a call ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum End {
    Answer(u16, Vec<u8>),
    Failed(Option<u16>, CallFault),
    Unsent,
    /// Not at all: it waits for more.
    Waits,
}

impl Made {
    /// Returns the bytes that were taken for an answer.
    pub(super) fn answer(&self) -> Option<&[u8]> {
        match &self.end {
            End::Answer(_, body) => Some(body),
            End::Failed(..) | End::Unsent | End::Waits => None,
        }
    }

    /// Says whether it was a whole response with an error for its status.
    pub(super) fn is_error(&self) -> bool {
        matches!(self.end, End::Failed(Some(_), CallFault::Status))
    }
}

impl fmt::Display for Made {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            End::Answer(status, body) if body.is_empty() => write!(formatter, "{status} empty")?,
            End::Answer(status, body) => write!(formatter, "{status} body {}", spell::text(body))?,
            End::Failed(Some(status), fault) => write!(formatter, "{status} {}", fault.name())?,
            End::Failed(None, fault) => write!(formatter, "{}", fault.name())?,
            End::Unsent => write!(formatter, "unsent")?,
            End::Waits => write!(formatter, "waits")?,
        }
        write!(formatter, ", {}", if self.kept { "kept" } else { "closed" })
    }
}

/// Plays a script to this client; it also returns how many bytes were read.
pub(super) async fn ours(script: Script) -> (Made, usize) {
    let looks = script.pieces.len() * 2 + 2;
    let (peer, seen) = script.play();
    let connection = Connection::new(Box::new(peer), LIMITS, later());
    let call = connection.call(&head(), Arc::from(&b"{}"[..]), false);
    let Ok(Finished { fetched, connection }) = timeout(PATIENCE, call).await else {
        return (Made { end: End::Waits, kept: false }, seen.lock().read);
    };
    let end = fetched.map_or(End::Unsent, end);
    let read = seen.lock().read;
    let kept = connection.is_some_and(|mut connection| {
        connection.is_reusable() && (0..looks).all(|_| connection.is_quiet())
    });
    (Made { end, kept }, read)
}

/// Plays a script to hyper's client, held to the limits as `connection` holds it.
pub(super) async fn hypers(script: Script) -> Made {
    let looks = script.pieces.len() * 2 + 2;
    let (peer, _) = script.play();
    let mut connection = connection::Connection::open(Box::new(peer), LIMITS).await.unwrap();
    let mut request = Request::new(Full::new(Bytes::from_static(b"{}")));
    *request.method_mut() = hyper::Method::POST;
    *request.uri_mut() = Uri::from_static("/bid");
    let sent = AtomicBool::new(false);
    let end = match timeout(PATIENCE, connection.exchange(request, &sent)).await {
        Err(_) => return Made { end: End::Waits, kept: false },
        Ok(connection::Exchange::Unsent(_)) => End::Unsent,
        Ok(connection::Exchange::Done(fetched)) => end(fetched),
    };
    for _ in 0..looks {
        tokio::task::yield_now().await;
    }
    Made { end, kept: connection.is_ready() }
}

/// Returns the head of bid requests to one address.
pub(super) fn head() -> Arc<Head> {
    Arc::new(Head::post(&Address::parse("http://acme.example:8080/bid?k=1", false).unwrap()))
}

/// Returns a moment at which no test looks.
pub(super) fn later() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

/// Runs on one thread with a paused clock.
pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(work)
}

fn end(fetched: Fetched) -> End {
    match fetched.outcome {
        AnswerOutcome::Body(body) => End::Answer(fetched.status.unwrap(), body),
        AnswerOutcome::Empty => End::Answer(fetched.status.unwrap(), Vec::new()),
        AnswerOutcome::Failed(fault) => End::Failed(fetched.status, fault),
        other => panic!("no outcome of one exchange: {other:?}"),
    }
}

/// On the paused clock: until nothing else moves.
const PATIENCE: Duration = Duration::from_secs(1);
