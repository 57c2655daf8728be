//! What became of requests: in all, by phase, by publisher, by second.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;

use crate::run::{link::Failure, reading::Fill};

/// What became of some requests.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// Requests that were due.
    pub(crate) offered: u64,
    /// Answers that came whole, with a status of success, and could be read.
    pub(crate) answered: u64,
    /// Those of them within `tmax`.
    pub(crate) in_time: u64,
    /// Those of them after `tmax` and the grace.
    pub(crate) past_grace: u64,
    /// Those of them with an ad.
    pub(crate) sold: u64,
    /// Those of them with an ad and within `tmax`.
    pub(crate) sold_in_time: u64,
    /// Ads in all answers.
    pub(crate) ads: u64,
    /// Milliseconds of ads in all answers.
    pub(crate) filled_ms: u64,
    /// Requests without an answer, by kind.
    pub(crate) errors: BTreeMap<Failure, u64>,
    /// From the scheduled instant to the end of the answer, in microseconds.
    pub(crate) latency_us: Histogram<u64>,
    /// The same, of answers without an ad only.
    pub(crate) empty_us: Histogram<u64>,
}

impl Bucket {
    /// Returns an empty bucket whose histograms have so many digits.
    pub(crate) fn new(digits: u8) -> Self {
        let histogram = || {
            Histogram::new_with_bounds(1, LONGEST_US, digits)
                .expect("the bounds are constants the histogram allows")
        };
        Self {
            offered: 0,
            answered: 0,
            in_time: 0,
            past_grace: 0,
            sold: 0,
            sold_in_time: 0,
            ads: 0,
            filled_ms: 0,
            errors: BTreeMap::new(),
            latency_us: histogram(),
            empty_us: histogram(),
        }
    }

    /// Returns the answers without an ad.
    pub(crate) fn empty(&self) -> u64 {
        self.answered - self.sold
    }

    /// Returns the requests without an answer.
    pub(crate) fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Adds what another counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.offered += other.offered;
        self.answered += other.answered;
        self.in_time += other.in_time;
        self.past_grace += other.past_grace;
        self.sold += other.sold;
        self.sold_in_time += other.sold_in_time;
        self.ads += other.ads;
        self.filled_ms += other.filled_ms;
        for (kind, count) in &other.errors {
            *self.errors.entry(*kind).or_default() += count;
        }
        // Both have the same bounds.
        let _ = self.latency_us.add(&other.latency_us);
        let _ = self.empty_us.add(&other.empty_us);
    }

    fn end(&mut self, ended: &Ended, tmax: Duration) {
        match ended {
            Ended::Answer { fill, took } => {
                let (in_time, sold) = (*took <= tmax, 0 < fill.ads);
                let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
                self.answered += 1;
                self.in_time += u64::from(in_time);
                self.past_grace += u64::from(tmax + GRACE < *took);
                self.sold += u64::from(sold);
                self.sold_in_time += u64::from(sold && in_time);
                self.ads += fill.ads;
                self.filled_ms += fill.ms;
                self.latency_us.saturating_record(us);
                if !sold {
                    self.empty_us.saturating_record(us);
                }
            }
            Ended::Failure(failure) => *self.errors.entry(*failure).or_default() += 1,
        }
    }
}

/// How one request ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    /// With an answer.
    Answer {
        /// What it fills.
        fill: Fill,
        /// Since the scheduled instant.
        took: Duration,
    },
    /// Without one.
    Failure(Failure),
}

/// The counts of one publisher.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    tmax: Duration,
    /// By step of the schedule.
    pub(crate) steps: Vec<Bucket>,
    /// By second of the schedule.
    pub(crate) seconds: Vec<Bucket>,
}

impl Book {
    /// Returns an empty book of a schedule of so many steps.
    pub(crate) fn new(tmax: Duration, steps: usize) -> Self {
        Self { tmax, steps: (0..steps).map(|_| Bucket::new(3)).collect(), seconds: Vec::new() }
    }

    /// Counts a request that became due.
    pub(crate) fn offer(&mut self, at: Duration, step: usize) {
        self.both(at, step, |bucket| bucket.offered += 1);
    }

    /// Counts how a request ended, where it was due.
    pub(crate) fn end(&mut self, at: Duration, step: usize, ended: &Ended) {
        let tmax = self.tmax;
        self.both(at, step, |bucket| bucket.end(ended, tmax));
    }

    /// Returns the counts of all steps.
    pub(crate) fn total(&self) -> Bucket {
        let mut total = Bucket::new(3);
        self.steps.iter().for_each(|step| total.add(step));
        total
    }

    fn both(&mut self, at: Duration, step: usize, mut count: impl FnMut(&mut Bucket)) {
        let second = usize::try_from(at.as_secs()).unwrap_or(usize::MAX).min(MAX_SECONDS);
        if self.seconds.len() <= second {
            self.seconds.resize_with(second + 1, || Bucket::new(1));
        }
        count(&mut self.seconds[second]);
        if let Some(step) = self.steps.get_mut(step) {
            count(step);
        }
    }
}

/// How long after `tmax` an answer still passes for a slow network.
pub(crate) const GRACE: Duration = Duration::from_millis(10);

/// The longest latency the histogram tells apart: one minute.
const LONGEST_US: u64 = 60_000_000;

/// The last second that is told from those behind it.
const MAX_SECONDS: usize = 86_400;
