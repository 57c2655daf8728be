//! Sequence numbers seen, as ranges: memory grows with the holes, not with the records.

use std::collections::BTreeMap;
use std::ops::Range;

/// The numbers of one start of the node in one stream.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Numbers {
    /// Begin and end of each run; runs never touch.
    runs: BTreeMap<u64, u64>,
    /// The number that came first, whatever its size.
    first: Option<u64>,
}

impl Numbers {
    /// Adds a number; `false` when it was there.
    pub(super) fn add(&mut self, number: u64) -> bool {
        self.first.get_or_insert(number);
        let many = MOST_RUNS <= self.runs.len();
        let before = self.runs.range_mut(..=number).next_back();
        let begin = match before {
            Some((_, end)) if number < *end => return false,
            Some((begin, end)) if *end == number => {
                *end = number.saturating_add(1);
                *begin
            }
            Some(_) | None if many => return true,
            Some(_) | None => {
                self.runs.insert(number, number.saturating_add(1));
                number
            }
        };
        // What was between two runs may be filled.
        if let Some(end) = self.runs.remove(&number.saturating_add(1)) {
            self.runs.insert(begin, end);
        }
        true
    }

    /// Returns the number that came first.
    pub(super) fn first(&self) -> Option<u64> {
        self.first
    }

    /// Returns the numbers from 0 to the highest that did not come.
    pub(super) fn missing(&self) -> impl Iterator<Item = Range<u64>> {
        let begins = self.runs.keys().copied();
        let ends = std::iter::once(0).chain(self.runs.values().copied());
        ends.zip(begins).map(|(end, begin)| end..begin).filter(|hole| !hole.is_empty())
    }
}

/// How many runs are kept: no node leaves so many holes, and a hostile one must cost no memory.
const MOST_RUNS: usize = 1 << 16;

#[cfg(test)]
mod tests;
