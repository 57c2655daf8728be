//! How much work was begun and is not yet done, as far as that can be told from what sales cost.
//!
//! A worker learns of too much work only by waiting for it: by then a herd has been let in. What a
//! sale takes of the thread is known from those before it, so how much a burst of sales will take is
//! known when it is begun.

use std::time::Duration;

/// What sales cost, and how much of it is to come.
#[derive(Debug)]
pub struct Backlog {
    /// Processor time of the sales begun, in microseconds, less the time passed since.
    left: u64,
    /// When time was last taken off.
    at: Duration,
    /// Processor time of sales, in microseconds, and how many ended; both fade.
    used: u64,
    ended: u64,
    /// How much of the time the thread has its processor when it wants it, in percent.
    pace: u64,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { left: 0, at: Duration::ZERO, used: GUESS * 32 * FADE, ended: 32 * FADE, pace: 100 }
    }
}

impl Backlog {
    /// Says whether more was begun than can be done within the horizon.
    pub fn is_long(&mut self, now: Duration) -> bool {
        let passed = micros(now.saturating_sub(self.at));
        self.left = self.left.saturating_sub(passed.saturating_mul(self.pace) / 100);
        self.at = now;
        HORIZON < self.left
    }

    /// Counts a sale that is begun.
    pub fn begin(&mut self) {
        self.left += self.cost();
    }

    /// Counts a sale that ended.
    pub fn end(&mut self) {
        self.ended += FADE;
    }

    /// Learns how much processor time sales took since this was last told.
    pub fn learn(&mut self, used: Duration) {
        let used = micros(used).saturating_mul(FADE);
        self.used = (self.used - self.used / FADE).saturating_add(used);
        self.ended -= self.ended / FADE;
    }

    /// Learns that of so much time, in which the thread always had work, it had its processor for
    /// `used`: other threads may share it.
    pub fn learn_pace(&mut self, used: Duration, passed: Duration) {
        let share = micros(used).saturating_mul(100) / micros(passed).max(1);
        self.pace = (3 * self.pace + share.clamp(LEAST_PACE, 100)) / 4;
    }

    /// Returns what a sale takes, in microseconds.
    fn cost(&self) -> u64 {
        (self.used / self.ended.max(1)).clamp(LEAST, MOST)
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// More microseconds of work than this are not begun at once: a fifth of what most callers wait.
const HORIZON: u64 = 50_000;

/// What a sale is taken to cost before any was made, in microseconds, and between what bounds the
/// cost is believed.
const GUESS: u64 = 1_000;
const LEAST: u64 = 100;
const MOST: u64 = 5_000;

/// A thread is taken to have its processor for so many percent of the time at least.
const LEAST_PACE: u64 = 25;

/// What was learnt fades by one in so many with each tick.
const FADE: u64 = 64;

#[cfg(test)]
mod tests;
