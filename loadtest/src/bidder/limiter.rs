//! A bidder's own limit: so many requests in any one second.

use std::{collections::VecDeque, time::Duration};

/// Remembers the arrivals of the last second, at most as many as are allowed.
#[derive(Debug)]
pub(super) struct Limiter {
    allowed: usize,
    recent: VecDeque<Duration>,
}

impl Limiter {
    pub(super) fn new(per_second: u32) -> Self {
        Self { allowed: usize::try_from(per_second).unwrap_or(usize::MAX), recent: VecDeque::new() }
    }

    /// Returns whether a request that arrives `now`, after some fixed instant, is served.
    pub(super) fn admit(&mut self, now: Duration) -> bool {
        let second_ago = now.saturating_sub(Duration::from_secs(1));
        while self.recent.front().is_some_and(|&then| then <= second_ago && then < now) {
            self.recent.pop_front();
        }
        let admitted = self.recent.len() < self.allowed;
        if admitted {
            self.recent.push_back(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests;
