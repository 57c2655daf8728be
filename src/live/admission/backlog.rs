//! How much work was begun and is not yet done, as far as that can be told from what work costs.
//!
//! A worker learns of too much work only by waiting for it, and by then a herd has been let in. What a
//! sale takes of the thread is known from those before it, so how much a burst of sales will take is
//! known when it is begun: a bucket that fills as sales are begun and drains as time passes, a little
//! slower than the thread could work. What refusals take of the thread does not drain it.

use std::time::Duration;

/// What sales cost, and how much work is to come.
#[derive(Debug)]
pub struct Backlog {
    /// Processor time of the sales begun, in microseconds, less what they got since.
    left: u64,
    /// What refusals took of the thread, in microseconds, less what was taken off for them.
    refused: u64,
    /// When time was last taken off.
    at: Duration,
    /// What a sale takes, in microseconds.
    cost: u64,
    /// Processor time of sales, in microseconds, and how many halves of them were done; both fade.
    used: u64,
    halves: u64,
    /// Halves done since it was last told what they took.
    done: u64,
    /// How much of the time the thread has its processor when it wants it, in percent.
    pace: u64,
}

impl Default for Backlog {
    fn default() -> Self {
        let (used, halves) = (GUESS * GUESSED * FADE, 2 * GUESSED * FADE);
        let at = Duration::ZERO;
        Self { left: 0, refused: 0, at, cost: GUESS, used, halves, done: 0, pace: 100 }
    }
}

impl Backlog {
    /// Lets time pass, while work waits for `delay`: sales that were begun get what refusals leave.
    pub fn pass(&mut self, delay: Duration, now: Duration) {
        let passed = micros(now.saturating_sub(self.at)).min(LONGEST);
        if passed < STEP {
            return;
        }
        // What waits already shows that work takes more than it is taken to: the longer, the less is
        // begun.
        let had = passed * self.pace * BUSY * CALM / (100 * 100 * micros(delay).max(CALM));
        // Whoever asks again as soon as it is refused makes more refusals the fewer sales are begun:
        // these keep a share, or nothing else would be done.
        let refused = self.refused.min(had * MOST_REFUSED / 100);
        self.refused -= refused;
        self.left = self.left.saturating_sub(had - refused);
        self.at = now;
    }

    /// Says whether more was begun than can be done within so many horizons.
    #[must_use]
    pub fn is_long(&self, horizons: u64) -> bool {
        horizons * HORIZON < self.left
    }

    /// Counts a sale that is begun.
    pub fn begin(&mut self) {
        self.left += self.cost;
        // To ask the bidders is about half of a sale's work, and done by the time this is learnt.
        self.done += 1;
    }

    /// Counts a sale that ended.
    pub fn end(&mut self) {
        self.done += 1;
    }

    /// Counts what a refusal took.
    pub fn refused(&mut self, took: Duration) {
        self.refused = self.refused.saturating_add(micros(took)).min(HORIZON);
    }

    /// Learns how much processor time sales took since this was last told.
    pub fn learn(&mut self, used: Duration) {
        let used = micros(used).saturating_mul(FADE);
        self.used = (self.used - self.used / FADE).saturating_add(used);
        let done = std::mem::take(&mut self.done).saturating_mul(FADE);
        self.halves = (self.halves - self.halves / FADE).saturating_add(done);
        self.cost = (self.used.saturating_mul(2) / self.halves.max(1)).clamp(LEAST, MOST);
    }

    /// Learns that of so much time, in which the thread always had work, it had its processor for
    /// `used`: other threads may share it.
    pub fn learn_pace(&mut self, used: Duration, passed: Duration) {
        let share = micros(used).saturating_mul(100) / micros(passed).max(1);
        self.pace = (3 * self.pace + share.clamp(LEAST_PACE, 100)) / 4;
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// More microseconds of work than this are not begun at once: what is refused waits behind it.
const HORIZON: u64 = 10_000;

/// Of the thread's time so much is given to sales and refusals, in percent: a thread that always has
/// work has a queue that never ends.
const BUSY: u64 = 92;

/// Of that at most so much is given to refusals, in percent.
const MOST_REFUSED: u64 = 40;

/// Time passes in so many microseconds or more, since less would be lost in rounding, and in so many at
/// most, by which all is done.
const STEP: u64 = 1_000;
const LONGEST: u64 = 60_000_000;

/// Work that waits for so many microseconds, the target of the limit, costs no sale its time.
const CALM: u64 = 4_000;

/// What a sale is taken to cost before any was made, in microseconds, how many sales that counts
/// for, and between what bounds the cost is believed.
const GUESS: u64 = 500;
const GUESSED: u64 = 8;
const LEAST: u64 = 100;
const MOST: u64 = 5_000;

/// A thread is taken to have its processor for so many percent of the time at least.
const LEAST_PACE: u64 = 25;

/// What was learnt fades by one in so many with each tick.
const FADE: u64 = 16;

#[cfg(test)]
mod tests;
