//! How many connections a bidder's calls need: Little's law over the last second, and a margin.

use std::time::Duration;

/// What the calls to one bidder asked of its connections lately; whoever owns it folds it every
/// `TICK`.
#[derive(Debug, Default)]
pub(super) struct Demand {
    /// Calls of the last ticks, the current one apart.
    ticks: [u32; TICKS],
    at: usize,
    /// Calls of this tick, those that found no connection included.
    asked: u32,
    /// Those that found none.
    missed: u32,
    /// How long connections were in use, by the octave and half of microseconds.
    held: [u32; BUCKETS],
    /// Connections in use at a time at the rate of late, slowly forgotten.
    steady: usize,
    /// The most connections wanted of late: breaks are minutes apart, and each begins at once.
    peak: usize,
    /// Ticks since the peak was reached, or halved.
    since_peak: u32,
}

impl Demand {
    /// Notes that a call wants a connection.
    pub(super) fn ask(&mut self) {
        self.asked = self.asked.saturating_add(1);
    }

    /// Notes that a call was not made after all.
    pub(super) fn unask(&mut self) {
        self.asked = self.asked.saturating_sub(1);
    }

    /// Notes that it found none.
    pub(super) fn miss(&mut self) {
        self.missed = self.missed.saturating_add(1);
    }

    /// Notes how long a connection was in use.
    pub(super) fn hold(&mut self, length: Duration) {
        let at = bucket(length);
        self.held[at] = self.held[at].saturating_add(1);
    }

    /// Ends a tick.
    pub(super) fn fold(&mut self) {
        self.ticks[self.at] = self.asked;
        self.at = (self.at + 1) % TICKS;
        // Those that found none are wanted until there are as many, or nobody asks any more.
        (self.asked, self.missed) = (0, self.missed / 2);
        let rate: u64 = self.ticks.iter().map(|calls| u64::from(*calls)).sum();
        let busy = (rate * self.p95_us()).div_ceil(1_000_000);
        let kept = self.steady - self.steady.div_ceil(FORGET);
        self.steady = usize::try_from(busy).unwrap_or(usize::MAX).max(kept);
        let wanted = spread(self.steady);
        self.since_peak += 1;
        if self.peak <= wanted {
            (self.peak, self.since_peak) = (wanted, 0);
        } else if FORGET_PEAK <= self.since_peak {
            (self.peak, self.since_peak) = (self.peak / 2, 0);
        }
        if FORGET_HELD < self.held.iter().sum::<u32>() {
            for count in &mut self.held {
                *count /= 2;
            }
        }
    }

    /// Returns how many connections are wanted while `busy` are in use.
    ///
    /// Calls come in no order, so the need of a second spreads by its square root; four of them
    /// are enough for all but one in ten thousand.
    pub(super) fn wanted(&self, busy: usize) -> usize {
        let missed = usize::try_from(self.missed).unwrap_or(usize::MAX);
        let need = self.steady.max(busy.saturating_add(missed));
        spread(need).max(self.peak)
    }

    /// Returns how long 95 of 100 connections are in use at most; microseconds.
    fn p95_us(&self) -> u64 {
        let all: u64 = self.held.iter().map(|count| u64::from(*count)).sum();
        let mut above = all / 20;
        for (at, count) in self.held.iter().enumerate().rev() {
            match above.checked_sub(u64::from(*count)) {
                Some(rest) => above = rest,
                None => return upper_us(at),
            }
        }
        0
    }
}

/// Returns a need with the margin for its spread.
fn spread(need: usize) -> usize {
    need.saturating_add(4 * need.isqrt())
}

/// Returns the bucket of a length: two an octave.
fn bucket(length: Duration) -> usize {
    let us = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
    (0..BUCKETS).find(|at| us < upper_us(*at)).unwrap_or(BUCKETS - 1)
}

/// Returns the end of a bucket in microseconds, which is not in it.
fn upper_us(at: usize) -> u64 {
    let octave = FIRST_US << (at / 2);
    if at.is_multiple_of(2) { octave } else { octave + octave / 2 }
}

/// How often it is folded.
pub(super) const TICK: Duration = Duration::from_millis(200);
/// A second of ticks.
const TICKS: usize = 5;
/// A tick forgets so much of what was needed: half of it is gone after some 4 s.
const FORGET: usize = 32;
/// Ticks after which half of a peak is forgotten: half an hour of them.
const FORGET_PEAK: u32 = 9_000;
/// Past so many, half of the lengths are forgotten, so that a bidder may change.
const FORGET_HELD: u32 = 4_096;
/// From 0.25 ms to 6 s.
const FIRST_US: u64 = 256;
const BUCKETS: usize = 30;

#[cfg(test)]
mod tests;
