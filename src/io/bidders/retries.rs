//! How many of a bidder's calls are made once more: one for twenty that ended.
//!
//! A retry helps against a connection that died unseen. A bidder that turns every call away untouched must
//! not be asked twice as often for it.

/// What the calls that ended so far allow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retries {
    /// Calls that no retry was made for, as far as they count.
    calls: u32,
}

impl Retries {
    /// Counts a call that ended.
    pub(super) fn count(&mut self) {
        self.calls = (self.calls + 1).min(MOST * CALLS);
    }

    /// Takes leave to make one call once more; says whether there is any.
    pub(super) fn take(&mut self) -> bool {
        let left = self.calls.checked_sub(CALLS);
        self.calls = left.unwrap_or(self.calls);
        left.is_some()
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self { calls: FIRST * CALLS }
    }
}

/// Calls for each retry: at most 5 % are made once more.
const CALLS: u32 = 20;
/// Retries that are to be had before any call has ended.
const FIRST: u32 = 10;
/// Retries that a long time without any saves up: as many as connections may die together.
const MOST: u32 = 100;

#[cfg(test)]
mod tests;
