//! The clock: the wall for records and expiries, monotonic instants for everything that waits.
//!
//! A sale has one arrival and two ends, `cutoff` for bidders and `deadline` for us; no other
//! reserve or timeout exists on its path.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::model::time::{Millis, UnixMillis};

/// The instants of one sale.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Times {
    /// When the request's first byte came.
    pub arrival: Instant,
    /// The same on the wall.
    pub arrived_at: UnixMillis,
    /// When all of it had been read.
    pub read: Instant,
    /// When waiting for bidders ends.
    pub cutoff: Instant,
    /// When our last byte is written.
    pub deadline: Instant,
}

impl Times {
    /// Returns the same, of a request that was whole at `read`.
    #[must_use]
    pub fn read_at(self, read: Instant) -> Self {
        Self { read, ..self }
    }

    /// Returns what is left until the cutoff, in whole milliseconds, rounded down.
    #[must_use]
    pub fn left(&self) -> Millis {
        millis(self.cutoff.saturating_duration_since(Instant::now()))
    }
}

impl Times {
    /// Returns when the wait for a flush ends that begins at once: 2 ms before the deadline, or
    /// after 20 ms (decision 21).
    #[must_use]
    pub fn flush_by(&self) -> Instant {
        let before_deadline = self.deadline.checked_sub(Duration::from_millis(2));
        let longest = Instant::now() + Duration::from_millis(20);
        before_deadline.unwrap_or(self.deadline).min(longest)
    }

    /// Says whether the deadline has passed: an answer would be late.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.deadline <= Instant::now()
    }

    /// Returns how long ago the request's first byte came.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.arrival.elapsed()
    }
}

/// Times the stages of one sale, one after the other.
#[derive(Debug)]
pub struct Stopwatch {
    last: Instant,
    laps: Vec<(&'static str, u64)>,
}

impl Stopwatch {
    /// Starts with a request whose first stage, `read`, has ended.
    #[must_use]
    pub fn of(times: &Times) -> Self {
        let mut laps = Vec::with_capacity(10);
        let took = times.read.saturating_duration_since(times.arrival).as_micros();
        laps.push(("read", u64::try_from(took).unwrap_or(u64::MAX)));
        Self { last: times.read, laps }
    }

    /// Ends a stage.
    pub fn lap(&mut self, stage: &'static str) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.last).as_micros();
        self.laps.push((stage, u64::try_from(took).unwrap_or(u64::MAX)));
        self.last = now;
    }

    /// Tells a part of the stage just ended as a stage of its own: work done between its waits.
    pub fn split(&mut self, stage: &'static str, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some((_, whole)) = self.laps.last_mut() {
            *whole = whole.saturating_sub(took);
        }
        self.laps.push((stage, took));
    }

    /// Returns the stages ended so far, each with its microseconds.
    #[must_use]
    pub fn laps(&self) -> &[(&'static str, u64)] {
        &self.laps
    }
}

/// Sums up the time of work done in pieces.
#[derive(Debug, Default)]
pub struct Tally(AtomicU64);

impl Tally {
    /// Does a piece of it.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(took, Ordering::Relaxed);
        done
    }

    /// Returns what all pieces took together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// Returns the instants of a sale whose first byte came at `arrival`.
///
/// A caller that states no patience is taken to wait for `tmax` and both reserves. Patience
/// below the reserves puts both ends at the arrival.
#[must_use]
pub fn times(
    arrival: Instant,
    patience: Option<Millis>,
    tmax: Millis,
    network_reserve: Millis,
    own_reserve: Millis,
) -> Times {
    let waited = millis(Instant::now().saturating_duration_since(arrival));
    let patience = patience.map_or_else(
        || {
            let reserves = network_reserve.0.saturating_add(own_reserve.0);
            Millis(tmax.0.saturating_add(reserves))
        },
        |asked| asked.min(MAX_PATIENCE),
    );
    let deadline = patience.minus(network_reserve);
    let cutoff = deadline.minus(own_reserve).min(tmax);
    Times {
        arrival,
        read: arrival,
        arrived_at: UnixMillis(now().0.saturating_sub(waited.0)),
        cutoff: after(arrival, cutoff),
        deadline: after(arrival, deadline),
    }
}

/// Returns the time on the wall, which never runs backwards within a process.
///
/// A wall clock that is set back stands still here until it has caught up.
#[must_use]
pub fn now() -> UnixMillis {
    let read = wall().0;
    UnixMillis(LATEST.fetch_max(read, Ordering::Relaxed).max(read))
}

/// Returns the time on the wall as it is read, which may run backwards.
#[must_use]
pub fn wall() -> UnixMillis {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(millis(since_epoch).0)
}

/// Makes `now` say at least this from here on.
pub fn reach(at: UnixMillis) {
    LATEST.fetch_max(at.0, Ordering::Relaxed);
}

/// Returns how far the wall clock is behind what `now` has said already.
#[must_use]
pub fn lag() -> Millis {
    // In this order: another thread may move the first on at any moment.
    let latest = LATEST.load(Ordering::Relaxed);
    Millis(latest.saturating_sub(wall().0))
}

/// Tells steps of the wall clock backwards from the wait for it to catch up.
#[derive(Debug)]
pub struct Backsteps {
    lag: Millis,
}

impl Backsteps {
    /// Starts with a lag that is known.
    #[must_use]
    pub fn since(lag: Millis) -> Self {
        Self { lag }
    }

    /// Returns the lag when it has grown: then the clock was set back since the last look.
    pub fn look(&mut self, lag: Millis) -> Option<Millis> {
        let grown = self.lag < lag;
        self.lag = lag;
        grown.then_some(lag)
    }
}

/// Returns a length in whole milliseconds, rounded down.
#[must_use]
pub fn millis(length: Duration) -> Millis {
    Millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
}

fn after(arrival: Instant, length: Millis) -> Instant {
    // A length that no instant can hold is capped; every configured one is far below.
    arrival + Duration::from_millis(length.0).min(FAR)
}

/// The most patience that is believed; a break waits for nobody longer.
pub const MAX_PATIENCE: Millis = Millis(2_000);

const FAR: Duration = Duration::from_secs(86_400);

static LATEST: AtomicU64 = AtomicU64::new(0);

#[cfg(test)]
mod tests;
