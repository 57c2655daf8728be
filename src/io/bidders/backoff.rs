//! When a bidder whose connections fail is tried again: each time after twice as long.

use std::time::Duration;

use tokio::time::Instant;

use crate::io::entropy;

/// Failures in a row, and what they put off.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    failed: Option<Instant>,
    until: Option<Instant>,
    most: Duration,
}

impl Backoff {
    /// Nothing has failed; nothing will be put off for longer than `most`, give or take a fifth.
    pub(super) fn new(most: Duration) -> Self {
        Self { failures: 0, failed: None, until: None, most }
    }

    /// Counts the failure of what began at `begun`.
    ///
    /// What began before the last failure tells nothing new: several that fail together are one.
    pub(super) fn fail(&mut self, begun: Instant, now: Instant) {
        if self.failed.is_some_and(|failed| begun < failed) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let doubled = FIRST.saturating_mul(1 << (self.failures - 1).min(MAX_DOUBLED));
        let length = doubled.min(self.most);
        let fifth = u64::try_from(length.as_micros() / 5).unwrap_or(u64::MAX);
        let jitter = Duration::from_micros(entropy::below(2 * fifth));
        self.failed = Some(now);
        self.until = Some(now + length * 4 / 5 + jitter);
    }

    /// Forgets all failures.
    pub(super) fn succeed(&mut self) {
        (self.failures, self.failed, self.until) = (0, None, None);
    }

    /// Says whether the last try failed.
    pub(super) fn has_failed(&self) -> bool {
        0 < self.failures
    }

    /// Returns when the next try may be made, if that is in the future.
    pub(super) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| now < *until)
    }
}

const FIRST: Duration = Duration::from_millis(100);
/// Far past any `most`.
const MAX_DOUBLED: u32 = 16;

#[cfg(test)]
mod tests;
