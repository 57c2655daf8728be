//! One call under way. It owns all it needs, so that it can outlive the auction that began it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::time::Instant;

use crate::io::bidders::health::{self, Attempt};
use crate::io::bidders::late::Times;
use crate::io::bidders::link::{Exchange, Finished, Link};
use crate::io::bidders::pool::{Lease, Pool};
use crate::io::bidders::state::Place;
use crate::io::http1::{Fetched, Unsent};
use crate::model::call::{AnswerOutcome, Call};

/// What a call goes over, and the duty to give it back.
pub(super) type Lent = (Lease, Link);

/// The leave to make one call: how it ended is to be told, or it was never made.
pub(super) struct Leave(Option<(Attempt, Place)>);

/// One call under way.
pub(super) struct OpenCall {
    /// Its place among the calls of the auction.
    pub(super) at: usize,
    pool: Arc<Pool>,
    /// Missing once it has ended.
    lent: Option<(Lease, Exchange)>,
    body: Arc<[u8]>,
    gzip: bool,
    /// It is on its second connection.
    again: bool,
    /// Past this it is not made once more: there would be too little time for an answer.
    again_until: Instant,
    leave: Leave,
    /// Its place, once its auction is over.
    place: Option<Place>,
}

/// Why the auction of a call waits no longer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cut {
    /// It waited to its end.
    Late,
    /// Its caller went away, or this process stood still: nothing is said of the bidder.
    Unjudged,
}

/// What came of one call.
pub(super) struct Ended {
    /// Its place among the calls of the auction.
    pub(super) at: usize,
    pub(super) pool: Arc<Pool>,
    pub(super) fetched: Fetched,
    pub(super) leave: Leave,
}

impl Leave {
    pub(super) fn new(attempt: Attempt, place: Place) -> Self {
        Self(Some((attempt, place)))
    }

    /// Takes leave to make the call once more; says whether there is any.
    fn again(&self) -> bool {
        self.0.as_ref().is_some_and(|(attempt, _)| attempt.again())
    }

    /// Tells how the call ended, and makes room for another.
    pub(super) fn end(self, outcome: &AnswerOutcome) {
        if let (Some((attempt, _)), Some(how)) = (self.0, health::Ended::of(outcome)) {
            attempt.end(how);
        }
    }
}

impl OpenCall {
    /// Begins a call on a connection, with leave and in the times of its auction; nothing is sent
    /// before it is polled.
    pub(super) fn new(
        at: usize,
        call: &Call,
        pool: &Arc<Pool>,
        lent: Lent,
        (leave, times): (Leave, Times),
    ) -> Self {
        let (body, gzip) = (Arc::clone(&call.body), call.gzip);
        let mut begun = Self {
            at,
            pool: Arc::clone(pool),
            lent: None,
            body,
            gzip,
            again: false,
            again_until: times.again_until(),
            leave,
            place: None,
        };
        begun.begin(lent);
        begun
    }

    fn begin(&mut self, (lease, link): Lent) {
        let exchange = self.pool.head.call(link, Arc::clone(&self.body), self.gzip);
        self.lent = exchange.map(|exchange| (lease, exchange));
    }

    /// Ends it before its time.
    fn abandon(&mut self) {
        if let Some((lease, exchange)) = self.lent.take() {
            lease.give_back(exchange.abandon(), false);
        }
    }

    /// Says whether any byte of the request left.
    pub(super) fn sent(&self) -> bool {
        self.lent.as_ref().is_some_and(|(_, exchange)| exchange.sent())
    }

    /// Ends as far as its auction is concerned; what has not left by now never does.
    ///
    /// Its place among the bidder's calls is given back only with the connection.
    pub(super) fn cut(&mut self, how: Cut) {
        self.again = true;
        if !self.sent() {
            self.abandon();
        }
        let Some((attempt, place)) = self.leave.0.take() else { return };
        self.place = self.lent.is_some().then_some(place);
        if how == Cut::Late {
            attempt.end(health::Ended::Timeout);
        }
    }

    /// Stays open after its auction's end, or is dropped where too many are; says which.
    pub(super) fn stay(&mut self) -> bool {
        let stays = self.lent.as_mut().is_some_and(|(lease, _)| lease.stay());
        if !stays {
            self.abandon();
        }
        stays
    }

    /// Returns what came back; `None` when the call was begun once more.
    fn end(&mut self, lease: Lease, finished: Finished) -> Option<Fetched> {
        let Finished { fetched, link } = finished;
        let answered = fetched.as_ref().is_ok_and(|fetched| fetched.status.is_some());
        // A call that was refused untouched says nothing against what it went over.
        lease.give_back(link, answered);
        let Err(Unsent) = fetched else { return fetched.ok() };
        let again = !self.again && Instant::now() < self.again_until && self.leave.again();
        let outcome = if !again {
            AnswerOutcome::Unreachable
        } else {
            // It ended while it was idle, or the bidder refused it untouched. Only what was never
            // sent is sent again, so that no bidder is asked twice for one place in its quota.
            self.again = true;
            match self.pool.take() {
                Ok(lent) => {
                    self.begin(lent);
                    return None;
                }
                Err(outcome) => outcome,
            }
        };
        Some(Fetched { outcome, status: None })
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Future for OpenCall {
    type Output = Ended;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        let this = self.get_mut();
        loop {
            // One that was dropped ends with the others of its auction.
            let Some((_, exchange)) = &mut this.lent else { return Poll::Pending };
            let finished = ready!(Pin::new(exchange).poll(context));
            let Some((lease, _)) = this.lent.take() else { return Poll::Pending };
            this.place = None;
            if let Some(fetched) = this.end(lease, finished) {
                let leave = std::mem::replace(&mut this.leave, Leave(None));
                let pool = Arc::clone(&this.pool);
                return Poll::Ready(Ended { at: this.at, pool, fetched, leave });
            }
        }
    }
}
