//! The calls of one auction, and what becomes of those it does not wait for.
//!
//! A connection whose answer is read to its end serves the next call, one that is dropped is lost
//! and must be made again when there is least time for it. What comes late is told, never sold.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::poll_fn;
use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use crate::io::bidders::call::{Cut, Ended, OpenCall};
use crate::io::http1::Fetched;
use crate::model::call::{Answer, AnswerOutcome};
use crate::model::ids::BidderId;

/// Told of an answer that was whole only after its auction had ended.
pub type Late = Arc<dyn Fn(&BidderId, Answer) + Send + Sync>;

/// The open calls of one auction; dropped, it leaves them to a task of the worker.
pub(super) struct Open {
    pub(super) calls: FuturesUnordered<OpenCall>,
    times: Times,
    late: Late,
    runtime: Handle,
}

/// When the calls began, and when nobody waits for them any more.
#[derive(Clone, Copy)]
pub(super) struct Times {
    begun: Instant,
    cutoff: Instant,
    /// When the wait is to end, so that it has ended by the cutoff.
    pub(super) cut: Instant,
}

impl Open {
    pub(super) fn new(times: Times, late: &Late, runtime: &Handle) -> Self {
        let (late, runtime) = (Arc::clone(late), runtime.clone());
        Self { calls: FuturesUnordered::new(), times, late, runtime }
    }

    /// Tells of a call that has ended too late.
    pub(super) fn tell(&self, ended: Ended) {
        if !self.times.are_overslept() {
            ended.leave.end(&AnswerOutcome::Timeout { sent: true });
        }
        (self.late)(&ended.pool.bidder, self.times.answer(ended.fetched));
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        let mut calls = std::mem::take(&mut self.calls);
        let how = match (self.times.are_over(), self.times.are_overslept()) {
            (true, false) => Cut::Late,
            (true, true) | (false, _) => Cut::Unjudged,
        };
        for call in &mut calls {
            call.cut(how);
        }
        self.runtime.spawn(finish(calls, self.times, Arc::clone(&self.late)));
    }
}

impl Times {
    pub(super) fn new(begun: Instant, cutoff: Instant) -> Self {
        Self { begun, cutoff, cut: cutoff.checked_sub(EARLY).unwrap_or(cutoff) }
    }

    /// Returns until when a call may be made once more: half of its time is left.
    pub(super) fn again_until(&self) -> Instant {
        self.begun + self.cutoff.saturating_duration_since(self.begun) / 2
    }

    /// Says whether nothing is waited for any more.
    pub(super) fn are_over(&self) -> bool {
        self.cut <= Instant::now()
    }

    /// Makes the answer of what has just been fetched; none when nothing is waited for any more.
    ///
    /// Both are told by one look at the clock: no answer that counts is told to have come late.
    pub(super) fn in_time(&self, fetched: Fetched) -> Result<Answer, Fetched> {
        let now = Instant::now();
        if self.cut <= now { Err(fetched) } else { Ok(self.answer_at(fetched, now)) }
    }

    /// Says whether the cutoff was noticed so late that the fault is ours: the process stood still,
    /// and answers may lie unread.
    fn are_overslept(&self) -> bool {
        self.cutoff + OVERSLEPT < Instant::now()
    }

    /// Makes the answer of a call that is open at the cutoff.
    pub(super) fn late(&self, sent: bool) -> Answer {
        self.answer(Fetched { outcome: AnswerOutcome::Timeout { sent }, status: None })
    }

    /// Makes the answer of what has just been fetched.
    pub(super) fn answer(&self, fetched: Fetched) -> Answer {
        self.answer_at(fetched, Instant::now())
    }

    fn answer_at(&self, fetched: Fetched, now: Instant) -> Answer {
        Answer {
            outcome: fetched.outcome,
            status: fetched.status,
            deadline_us: micros(self.cutoff.saturating_duration_since(self.begun)),
            elapsed_us: micros(now.saturating_duration_since(self.begun)),
        }
    }
}

/// Reads the answers that nobody waits for; what is not whole in time is dropped.
async fn finish(mut calls: FuturesUnordered<OpenCall>, times: Times, late: Late) {
    let tell = |Ended { pool, fetched, .. }| late(&pool.bidder, times.answer(fetched));
    // What has already come needs no place.
    while let Some(ended) = next_ready(&mut calls).await {
        tell(ended);
    }
    let mut open = calls.iter_mut().filter_map(|call| call.stay().then_some(())).count();
    let all = async {
        while 0 < open {
            if let Some(ended) = calls.next().await {
                tell(ended);
            }
            open -= 1;
        }
    };
    // What is still open then is closed.
    let _: Result<(), _> = timeout(MAX_LATE, all).await;
}

/// Returns the next call that has ended, without waiting for one.
async fn next_ready(calls: &mut FuturesUnordered<OpenCall>) -> Option<Ended> {
    poll_fn(|context| match Pin::new(&mut *calls).poll_next(context) {
        Poll::Ready(ended) => Poll::Ready(ended),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// A timer ends a wait up to two of its milliseconds after the instant it was set to.
const EARLY: Duration = Duration::from_millis(2);

/// A cutoff noticed later than this says nothing about the bidders.
const OVERSLEPT: Duration = Duration::from_millis(20);

/// How long after its auction's end a call may take.
const MAX_LATE: Duration = Duration::from_secs(1);
