//! Whether a bidder is fit to be called: its throttle, its breaker and its retries, shared by the workers.
//!
//! When more than half of all breakers are open the fault is probably ours: they are frozen and
//! let calls through, and the log says so once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::io::bidders::breaker::{Breaker, Change, Leave, Position};
use crate::io::bidders::retries::Retries;
use crate::io::bidders::throttle::Throttle;
use crate::io::entropy;
use crate::model::call::AnswerOutcome;
use crate::model::standing;

/// The health of one bidder; clones are the same.
#[derive(Clone)]
pub(super) struct Health(Arc<Inner>);

struct Inner {
    begun: Instant,
    state: Mutex<State>,
    together: Arc<Together>,
}

struct State {
    throttle: Throttle,
    breaker: Breaker,
    retries: Retries,
}

/// The breakers of all bidders.
#[derive(Default)]
pub(super) struct Together {
    count: Mutex<Count>,
    frozen: AtomicBool,
}

#[derive(Default)]
struct Count {
    open: usize,
    of: usize,
    freezes: u64,
}

/// One call under way; dropped without `end` it counts as nothing: it was never made.
pub(super) struct Attempt {
    health: Option<Arc<Inner>>,
    leave: Leave,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// A whole answer in time, with status 200 or 204.
    Good,
    /// No connection could be made.
    Unreachable,
    /// Nothing whole by the cutoff.
    Timeout,
    /// An answer that broke a rule, or whose status is an error.
    Fault,
}

impl Health {
    /// Returns the health of a bidder of which nothing is known.
    pub(super) fn new(together: Arc<Together>) -> Self {
        let breaker = Breaker::new(Duration::ZERO);
        let state = Mutex::new(State {
            throttle: Throttle::default(),
            breaker,
            retries: Retries::default(),
        });
        Self(Arc::new(Inner { begun: Instant::now(), state, together }))
    }

    /// Returns what to report of it for one auction: throttle drawn, breaker read; takes nothing.
    pub(super) fn standing(&self) -> standing::Health {
        let now = self.0.begun.elapsed();
        let mut state = self.0.state.lock();
        match state.breaker.leave(now) {
            Leave::Refused if !self.0.together.is_frozen() => return standing::Health::Open,
            // Only a probe can close it, so it is not thinned out.
            Leave::Probe if !self.0.together.is_frozen() => return standing::Health::Good,
            Leave::Free | Leave::Probe | Leave::Refused => {}
        }
        let skip = state.throttle.skip_ppm(now);
        drop(state);
        let skipped = 0 < skip && entropy::millionth() < skip;
        if skipped { standing::Health::Throttled } else { standing::Health::Good }
    }

    /// Takes leave to call: none when the breaker is open and this is not its probe.
    pub(super) fn admit(&self) -> Option<Attempt> {
        let leave = match self.0.together.is_frozen() {
            true => Leave::Free,
            false => self.0.state.lock().breaker.admit(self.0.begun.elapsed()),
        };
        leave.is_given().then(|| Attempt { health: Some(Arc::clone(&self.0)), leave })
    }

    /// Tells how a connection came out that was made apart from any call.
    pub(super) fn dialled(&self, ok: bool) {
        if ok {
            return;
        }
        let now = self.0.begun.elapsed();
        let change = self.0.state.lock().breaker.not_dialled(now, jittered);
        self.0.together.note(change);
    }

    /// Takes back that an answer was good: it could not be read.
    pub(super) fn spoil(&self) {
        let now = self.0.begun.elapsed();
        self.0.state.lock().throttle.spoil(now);
    }

    /// Returns the share of calls left out, in millionths, and where the breaker stands.
    pub(super) fn report(&self) -> (u32, Position) {
        let now = self.0.begun.elapsed();
        let mut state = self.0.state.lock();
        (state.throttle.skip_ppm(now), state.breaker.position(now))
    }
}

impl Ended {
    /// Returns how a call ended that had this outcome; none for one that was not made.
    pub(super) fn of(outcome: &AnswerOutcome) -> Option<Self> {
        match outcome {
            AnswerOutcome::Body(_) | AnswerOutcome::Empty => Some(Self::Good),
            AnswerOutcome::Timeout { .. } => Some(Self::Timeout),
            AnswerOutcome::Unreachable => Some(Self::Unreachable),
            AnswerOutcome::Failed(_) => Some(Self::Fault),
            AnswerOutcome::SkippedQps
            | AnswerOutcome::SkippedInFlight
            | AnswerOutcome::SkippedNoConnection
            | AnswerOutcome::SkippedHealth => None,
        }
    }
}

impl Attempt {
    /// Takes leave to make the call once more; says whether there is any.
    pub(super) fn again(&self) -> bool {
        self.health.as_ref().is_some_and(|health| health.state.lock().retries.take())
    }

    /// Ends the call.
    pub(super) fn end(mut self, how: Ended) {
        let Some(health) = self.health.take() else { return };
        let now = health.begun.elapsed();
        let mut state = health.state.lock();
        state.throttle.count(how == Ended::Good, now);
        state.retries.count();
        let leave = self.leave;
        // A call made before the breaker opened says nothing about the bidder as it is.
        let stale = leave == Leave::Free
            && state.breaker.position(now) != Position::Closed
            && !health.together.is_frozen();
        let change = match stale {
            true => Change::Same,
            false => state.breaker.end(leave, how, now, jittered),
        };
        drop(state);
        health.together.note(change);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let (Some(health), Leave::Probe) = (&self.health, self.leave) {
            health.state.lock().breaker.give_back();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        match self.state.get_mut().breaker.position(Duration::MAX) {
            Position::Closed => {}
            Position::Open | Position::HalfOpen => self.together.note(Change::Closed),
        }
    }
}

impl Together {
    /// Says of how many bidders they are.
    pub(super) fn set(&self, bidders: usize) {
        let mut count = self.count.lock();
        count.of = bidders;
        self.judge(&mut count);
    }

    /// Says whether breakers let everything through.
    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed)
    }

    /// Returns how often they were frozen.
    pub(super) fn freezes(&self) -> u64 {
        self.count.lock().freezes
    }

    fn note(&self, change: Change) {
        if change == Change::Same {
            return;
        }
        let mut count = self.count.lock();
        match change {
            Change::Same => {}
            Change::Opened => count.open += 1,
            Change::Closed => count.open = count.open.saturating_sub(1),
        }
        self.judge(&mut count);
    }

    fn judge(&self, count: &mut Count) {
        let (open, of) = (count.open, count.of);
        let frozen = of < 2 * open;
        if frozen == self.frozen.swap(frozen, Ordering::Relaxed) {
            return;
        }
        if frozen {
            count.freezes += 1;
            tracing::error!(
                open,
                of,
                "more than half of all breakers are open: the fault is probably ours, all are held closed"
            );
        } else {
            tracing::warn!(open, of, "breakers open and close again");
        }
    }
}

/// Returns a length up to a fifth shorter or longer, so that nodes do not probe in step.
fn jittered(length: Duration) -> Duration {
    let fifth = length / 5;
    fifth * 4 + fifth * 2 * entropy::millionth() / 1_000_000
}

#[cfg(test)]
mod tests;
