//! The breaker of one bidder: when nothing gets through, stop trying for a while.
//!
//! Ten connect or timeout failures with no good answer between them open it for a second, doubled
//! with each opening up to 15; then one probe at a time, and three good ones close it. It has no
//! clock: all take `now`.

use std::time::Duration;

use crate::io::bidders::health::Ended;

/// The breaker of one bidder.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    state: State,
    /// How long the next opening lasts: a second, doubled this often.
    level: u32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed {
        /// Failures to get through since the last good answer.
        failures: u32,
        since: Duration,
    },
    /// Until `until` it lets nothing through, then one probe at a time.
    Open { until: Duration, good: u32, probing: bool },
}

/// What a breaker says of the next call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Leave {
    /// It may be made like any other.
    Free,
    /// It may be made as the one probe.
    Probe,
    /// It may not be made.
    Refused,
}

/// What became of a breaker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// It stays open, or closed.
    Same,
    /// It was closed.
    Opened,
    /// It was open.
    Closed,
}

/// What an operator sees of a breaker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Position {
    /// Calls go through.
    Closed,
    /// One probe at a time goes through.
    HalfOpen,
    /// Nothing goes through.
    Open,
}

impl Breaker {
    /// Returns a closed breaker.
    pub(super) fn new(now: Duration) -> Self {
        Self { state: State::Closed { failures: 0, since: now }, level: 0 }
    }

    /// Says what holds for a call at `now`; takes nothing.
    pub(super) fn leave(&self, now: Duration) -> Leave {
        match self.state {
            State::Closed { .. } => Leave::Free,
            State::Open { until, probing, .. } if until <= now && !probing => Leave::Probe,
            State::Open { .. } => Leave::Refused,
        }
    }

    /// Takes leave for a call at `now`; a probe is under way until it is ended or given back.
    pub(super) fn admit(&mut self, now: Duration) -> Leave {
        let leave = self.leave(now);
        if let (Leave::Probe, State::Open { probing, .. }) = (leave, &mut self.state) {
            *probing = true;
        }
        leave
    }

    /// Gives back a probe that was never made.
    pub(super) fn give_back(&mut self) {
        if let State::Open { probing, .. } = &mut self.state {
            *probing = false;
        }
    }

    /// Tells how a call ended that had this `leave`. `length` makes the time of an opening out of
    /// the plain one.
    ///
    /// Calls made before it opened, or past it while all breakers are frozen, have `Leave::Free`:
    /// once it is open they can only help to close it.
    pub(super) fn end(
        &mut self,
        leave: Leave,
        how: Ended,
        now: Duration,
        length: impl FnOnce(Duration) -> Duration,
    ) -> Change {
        match (&mut self.state, how) {
            (State::Closed { failures, .. }, Ended::Good) => {
                *failures = 0;
                Change::Same
            }
            // Neither a failure to get through nor the good answer that ends a row of them.
            (State::Closed { .. }, Ended::Fault) => Change::Same,
            (State::Closed { .. }, Ended::Unreachable | Ended::Timeout) => self.failed(now, length),
            (State::Open { good, probing, .. }, Ended::Good) => {
                if leave == Leave::Probe {
                    *probing = false;
                }
                *good += 1;
                if *good < GOOD_PROBES {
                    return Change::Same;
                }
                self.state = State::Closed { failures: 0, since: now };
                Change::Closed
            }
            // Whoever answers is reachable: what it answers is the throttle's to judge.
            (State::Open { good, .. }, Ended::Fault) if leave == Leave::Probe => {
                let good = *good;
                self.state = State::Open { until: now + length(FIRST), good, probing: false };
                Change::Same
            }
            (State::Open { .. }, Ended::Unreachable | Ended::Timeout) if leave == Leave::Probe => {
                self.open(now, length);
                Change::Same
            }
            (State::Open { .. }, Ended::Fault | Ended::Unreachable | Ended::Timeout) => {
                Change::Same
            }
        }
    }

    /// Tells that a connection could not be made, apart from any call.
    ///
    /// Once it is open that says nothing: only calls decide when it closes, and how long it stays.
    pub(super) fn not_dialled(
        &mut self,
        now: Duration,
        length: impl FnOnce(Duration) -> Duration,
    ) -> Change {
        match self.state {
            State::Closed { .. } => self.failed(now, length),
            State::Open { .. } => Change::Same,
        }
    }

    /// Returns what an operator sees at `now`.
    pub(super) fn position(&self, now: Duration) -> Position {
        match self.state {
            State::Closed { .. } => Position::Closed,
            State::Open { until, .. } if now < until => Position::Open,
            State::Open { .. } => Position::HalfOpen,
        }
    }

    /// Counts a failure of a closed breaker.
    fn failed(&mut self, now: Duration, length: impl FnOnce(Duration) -> Duration) -> Change {
        let State::Closed { failures, since } = &mut self.state else { return Change::Same };
        *failures += 1;
        if *failures < FAILURES {
            return Change::Same;
        }
        let healthy = now.saturating_sub(*since).as_secs() / 60;
        self.level = self.level.saturating_sub(u32::try_from(healthy).unwrap_or(u32::MAX));
        self.open(now, length);
        Change::Opened
    }

    fn open(&mut self, now: Duration, length: impl FnOnce(Duration) -> Duration) {
        let plain = (FIRST * (1 << self.level)).min(LONGEST);
        self.level = (self.level + 1).min(MOST_LEVEL);
        self.state = State::Open { until: now + length(plain), good: 0, probing: false };
    }
}

impl Leave {
    /// Says whether the call may be made.
    pub(super) fn is_given(self) -> bool {
        self != Self::Refused
    }
}

impl Position {
    /// Returns its name in answers and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// Failures in a row that open it.
const FAILURES: u32 = 10;
/// Good probes that close it.
const GOOD_PROBES: u32 = 3;
/// How long the first opening lasts.
const FIRST: Duration = Duration::from_secs(1);
/// How long an opening lasts at most, jitter apart.
const LONGEST: Duration = Duration::from_secs(15);
/// The level from which openings grow no longer: 16 s is past the longest.
const MOST_LEVEL: u32 = 4;

#[cfg(test)]
mod tests;
