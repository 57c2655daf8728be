//! Thins log lines that a hostile caller could multiply.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Lets the first ten lines of a kind through in each second, then one in a hundred.
#[derive(Debug, Default)]
pub struct Sampler(Mutex<BTreeMap<&'static str, Second>>);

#[derive(Clone, Copy, Debug)]
struct Second {
    began: Instant,
    seen: u64,
}

impl Sampler {
    /// Says whether a line of this kind is to be written.
    ///
    /// Kinds come from a closed set, so the table stays small.
    pub fn lets_through(&self, kind: &'static str) -> bool {
        let now = Instant::now();
        let mut kinds = self.0.lock();
        let second = kinds.entry(kind).or_insert(Second { began: now, seen: 0 });
        if Duration::from_secs(1) <= now.saturating_duration_since(second.began) {
            *second = Second { began: now, seen: 0 };
        }
        second.seen += 1;
        second.seen <= WHOLE || second.seen.is_multiple_of(ONE_IN)
    }
}

/// Lines of a kind that are all written within a second.
const WHOLE: u64 = 10;

/// Of the lines beyond, one in this many is.
const ONE_IN: u64 = 100;

#[cfg(test)]
mod tests;
