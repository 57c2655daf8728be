//! Sequence numbers seen, as ranges: memory grows with the holes, not with the records.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::time::UnixMillis;

/// The numbers of one start of the node in one stream.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Numbers {
    /// Runs by their begin; they never touch.
    runs: BTreeMap<u64, Run>,
    /// The number that came first, whatever its size, and its record's time.
    first: Option<(u64, UnixMillis)>,
    /// The latest time of a record.
    newest: UnixMillis,
    /// Whether there were more runs than are kept.
    many: bool,
}

/// Numbers that came, one after the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Run {
    /// The number after the last.
    end: u64,
    /// When a record passed over the numbers before the run.
    passed: UnixMillis,
    /// The latest time of a record that came before that.
    before: UnixMillis,
    /// The latest time of a record of the run.
    newest: UnixMillis,
}

/// Numbers that did not come, though higher ones did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Hole {
    /// Which.
    pub(super) numbers: Range<u64>,
    /// When a record passed over them.
    passed: UnixMillis,
    /// The latest time of a record that came before that.
    before: UnixMillis,
    /// The latest time of a record with a higher number.
    above: UnixMillis,
}

impl Hole {
    /// Says whether a crash may have left it: the journal gives the lowest unused number first, so
    /// that a hole which records go past for longer than one is written was never to be filled.
    pub(super) fn fits_crash(&self) -> bool {
        self.above.0.saturating_sub(self.passed.0) <= WRITING
    }

    /// Says whether its records may stand before the one that came first, where the stream was cut.
    pub(super) fn fits_cut(&self, (first, at): (u64, UnixMillis)) -> bool {
        let near = self.numbers.start < first.saturating_add(OUT_OF_ORDER);
        near && self.before.0.saturating_sub(at.0) <= WRITING
    }
}

impl Numbers {
    /// Adds a number, and the time of its record; `false` when it was there.
    pub(super) fn add(&mut self, number: u64, at: UnixMillis) -> bool {
        let before = self.newest;
        self.first.get_or_insert((number, at));
        self.newest = self.newest.max(at);
        let next = number.saturating_add(1);
        let follows = self.runs.range(next..).next().map(|(_, run)| *run);
        let full = MOST_RUNS <= self.runs.len();
        let begin = match self.runs.range_mut(..=number).next_back() {
            Some((_, run)) if number < run.end => return false,
            Some((begin, run)) if run.end == number => {
                (run.end, run.newest) = (next, run.newest.max(at));
                *begin
            }
            Some(_) | None if full => {
                self.many = true;
                return true;
            }
            Some(_) | None => {
                // The hole it lies in was passed before it came, unless it is the highest so far.
                let (passed, before) = follows.map_or((at, before), |run| (run.passed, run.before));
                self.runs.insert(number, Run { end: next, passed, before, newest: at });
                number
            }
        };
        // What was between two runs may be filled.
        if let Some(after) = self.runs.remove(&next)
            && let Some(run) = self.runs.get_mut(&begin)
        {
            (run.end, run.newest) = (after.end, run.newest.max(after.newest));
        }
        true
    }

    /// Returns the number that came first, and the time of its record.
    pub(super) fn first(&self) -> Option<(u64, UnixMillis)> {
        self.first
    }

    /// Says whether there were more holes than are kept.
    pub(super) fn is_many(&self) -> bool {
        self.many
    }

    /// Returns the numbers from 0 to the highest that did not come, the lowest first.
    pub(super) fn missing(&self) -> Vec<Hole> {
        let mut holes = Vec::new();
        let mut above = UnixMillis(0);
        let mut runs = self.runs.iter().rev().peekable();
        while let Some((begin, run)) = runs.next() {
            above = above.max(run.newest);
            let from = runs.peek().map_or(0, |(_, lower)| lower.end);
            if from < *begin {
                let Run { passed, before, .. } = *run;
                holes.push(Hole { numbers: from..*begin, passed, before, above });
            }
        }
        holes.reverse();
        holes
    }
}

/// How long a number may be drawn and its record not on disk, in milliseconds: a sale is recorded
/// within its deadline, and the queue to the disk is shorter than this. Times of records are when
/// their requests came, so it counts twice.
const WRITING: u64 = 60_000;
/// How far from its place in the stream a number may stand: sales under way at once.
const OUT_OF_ORDER: u64 = 100_000;
/// How many runs are kept: no node leaves so many holes, and a hostile one must cost no memory.
const MOST_RUNS: usize = 1 << 16;

#[cfg(test)]
mod tests;
