//! How much of a failing bidder's calls are left out: the client-side throttle.
//!
//! Ten buckets of a second count calls and good answers. What is left out is not counted, so the
//! share follows the bidder's own answers, and falls as soon as they get better.

use std::time::Duration;

/// The calls of the last ten seconds and how they ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Throttle {
    buckets: [Bucket; BUCKETS],
    /// The second that the newest bucket is of.
    second: u64,
    /// All buckets together.
    sum: Bucket,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    calls: u32,
    good: u32,
}

impl Throttle {
    /// Counts a call that ended.
    pub(super) fn count(&mut self, good: bool, now: Duration) {
        let bucket = self.bucket(now);
        let good = u32::from(good);
        bucket.calls = bucket.calls.saturating_add(1);
        bucket.good = bucket.good.saturating_add(good);
        self.sum.calls = self.sum.calls.saturating_add(1);
        self.sum.good = self.sum.good.saturating_add(good);
    }

    /// Takes back that an answer was good: it could not be read.
    pub(super) fn spoil(&mut self, now: Duration) {
        self.bucket(now);
        // The answer was counted moments ago: in the newest bucket that has a good one.
        let newest = (0..BUCKETS).map(|age| (place(self.second) + BUCKETS - age) % BUCKETS);
        let mut newest = newest.filter(|at| 0 < self.buckets[*at].good);
        if let Some(at) = newest.next() {
            self.buckets[at].good -= 1;
            self.sum.good -= 1;
        }
    }

    /// Returns the share of calls to leave out, in millionths: 0 to 950,000.
    pub(super) fn skip_ppm(&mut self, now: Duration) -> u32 {
        self.bucket(now);
        skip_ppm(self.sum.calls, self.sum.good)
    }

    /// Returns the bucket of `now`, empty if it is new; the oldest make room.
    fn bucket(&mut self, now: Duration) -> &mut Bucket {
        let second = now.as_secs();
        while self.second < second {
            if self.sum.calls == 0 {
                self.second = second;
                break;
            }
            self.second += 1;
            let old = std::mem::take(&mut self.buckets[place(self.second)]);
            self.sum.calls -= old.calls;
            self.sum.good -= old.good;
        }
        &mut self.buckets[place(self.second)]
    }
}

/// Returns (n - s / 0.85) / (n + 1) in millionths, between 0 and 0.95; 0 for fewer than 20 calls.
fn skip_ppm(calls: u32, good: u32) -> u32 {
    if calls < ENOUGH {
        return 0;
    }
    // 0.85 is 17 / 20.
    let (calls, good) = (u64::from(calls), u64::from(good));
    let above = (17 * calls).saturating_sub(20 * good) * 1_000_000;
    let share = above / (17 * (calls + 1));
    u32::try_from(share).map_or(MOST, |share| share.min(MOST))
}

fn place(second: u64) -> usize {
    usize::try_from(second % 10).expect("a digit")
}

/// Seconds looked back on; `place` is of this many.
const BUCKETS: usize = 10;
/// Calls below which chance says more than the share.
const ENOUGH: u32 = 20;
/// The most that is left out, so that a bidder that is healed can show it.
const MOST: u32 = 950_000;

#[cfg(test)]
mod tests;
