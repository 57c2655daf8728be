//! How soon a bidder's value is in: a histogram of answer times, each weighted by what it was worth.
//!
//! Late answers count with what they would have bid, or every bidder would seem to be in time.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The answer times of one bidder.
pub(super) struct Latencies {
    begun: Instant,
    hours: Mutex<Hours>,
}

/// The hour under way and the one before.
#[derive(Debug, Default)]
struct Hours {
    hour: u64,
    /// Empty until something is counted.
    current: Vec<u64>,
    before: Vec<u64>,
}

/// By when how much of a bidder's value is in, in microseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InBy {
    /// Half of it.
    pub p50: u64,
    /// 90 % of it.
    pub p90: u64,
    /// 99 % of it.
    pub p99: u64,
}

impl Latencies {
    /// Returns times of which nothing is known.
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), hours: Mutex::default() }
    }

    /// Counts an answer that took `took_us` and was worth `worth`; the unit of worth is free, but
    /// the same for all.
    pub(super) fn count(&self, took_us: u64, worth: u64) {
        if 0 < worth {
            self.hours.lock().count(took_us, worth, self.begun.elapsed());
        }
    }

    /// Returns by when the value is in; none until some was seen.
    pub(super) fn in_by(&self) -> Option<InBy> {
        self.hours.lock().in_by(self.begun.elapsed())
    }
}

impl Hours {
    fn count(&mut self, took_us: u64, worth: u64, now: Duration) {
        self.turn(now);
        if self.current.is_empty() {
            self.current = vec![0; BUCKETS];
        }
        let bucket = &mut self.current[bucket(took_us)];
        *bucket = bucket.saturating_add(worth);
    }

    fn in_by(&mut self, now: Duration) -> Option<InBy> {
        self.turn(now);
        let gone = now.as_secs() % HOUR_S;
        let left = u128::from(HOUR_S - gone);
        let worth = |at: usize| {
            let of = |hour: &[u64]| u128::from(hour.get(at).copied().unwrap_or(0));
            of(&self.current) * u128::from(HOUR_S) + of(&self.before) * left
        };
        let total: u128 = (0..BUCKETS).map(worth).sum();
        if total == 0 {
            return None;
        }
        let by = |percent: u128| {
            let mut seen = 0;
            let reached = (0..BUCKETS).find(|at| {
                seen += worth(*at);
                total * percent <= seen * 100
            });
            upper(reached.expect("all of it is in the last bucket"))
        };
        Some(InBy { p50: by(50), p90: by(90), p99: by(99) })
    }

    fn turn(&mut self, now: Duration) {
        let hour = now.as_secs() / HOUR_S;
        if self.hour < hour {
            let last = std::mem::take(&mut self.current);
            self.before = if self.hour + 1 == hour { last } else { Vec::new() };
            self.hour = hour;
        }
    }
}

/// Returns the bucket of a time: exact below 32 µs, then 32 to each doubling, so within 3.2 %.
fn bucket(us: u64) -> usize {
    let us = us.min(LONGEST_US);
    let at = match us.checked_ilog2() {
        Some(doubling @ 5..) => {
            let below = u64::from(doubling - 4) << 5;
            below + ((us >> (doubling - 5)) & 31)
        }
        _ => us,
    };
    usize::try_from(at).expect("fewer than 1,000 buckets")
}

/// Returns the longest time of a bucket, in microseconds.
fn upper(bucket: usize) -> u64 {
    let at = u64::try_from(bucket).expect("fewer than 1,000 buckets");
    let (doubling, step) = (at >> 5, at & 31);
    match doubling.checked_sub(1) {
        None => at,
        Some(shift) => ((32 + step + 1) << shift) - 1,
    }
}

const HOUR_S: u64 = 3_600;
/// What takes longer counts as this: 8 s.
const LONGEST_US: u64 = (1 << 23) - 1;
/// 32 exact ones and 32 for each of 18 doublings.
const BUCKETS: usize = 32 * 19;

#[cfg(test)]
mod tests;
