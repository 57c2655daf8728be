//! What a pool has: connections that wait, counts of the others, and what past ones teach.

use std::time::Duration;

use tokio::time::Instant;

use crate::io::bidders::backoff::Backoff;
use crate::io::bidders::demand::Demand;
use crate::io::http1::Connection;
use crate::model::call::AnswerOutcome;

/// How many connections a pool has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// At least, when the bidder lets us.
    pub(super) least: usize,
    /// At most, whatever they do.
    pub(super) most: usize,
}

/// The connections of one worker to one bidder.
pub(super) struct Stock {
    /// The longest waiting stand in front.
    pub(super) idle: Vec<Idle>,
    /// Calls whose auction waits.
    pub(super) calls: usize,
    /// Calls whose auction is over.
    pub(super) late: usize,
    pub(super) dialling: usize,
    pub(super) sizes: Sizes,
    pub(super) demand: Demand,
    /// Dials that failed.
    pub(super) refused: Backoff,
    /// Connections that ended before they answered anything.
    pub(super) barren: Backoff,
    /// The dialler knows that connections are wanted.
    pub(super) wished: bool,
    /// The owner is gone.
    pub(super) closed: bool,
    /// Which idle connection is looked at next.
    looked: usize,
}

/// A connection that waits.
pub(super) struct Idle {
    pub(super) connection: Connection,
    pub(super) life: Life,
    until: Instant,
}

/// What is known of a connection.
#[derive(Clone, Copy)]
pub(super) struct Life {
    pub(super) born: Instant,
    pub(super) answered: bool,
    /// How long it may wait for a call.
    pub(super) patience: Duration,
}

/// Whether an idle connection may have a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fitness {
    Fit,
    /// It has waited or lived long enough, or the bidder has closed it.
    Spent,
    /// It was made at that time, and ended before it answered anything.
    Barren(Instant),
}

impl Stock {
    pub(super) fn new(sizes: Sizes) -> Self {
        Self {
            idle: Vec::new(),
            calls: 0,
            late: 0,
            dialling: 0,
            sizes,
            demand: Demand::default(),
            refused: Backoff::new(MAX_BACKOFF),
            barren: Backoff::new(MAX_BARREN),
            wished: false,
            closed: false,
            looked: 0,
        }
    }

    pub(super) fn open(&self) -> usize {
        self.idle.len() + self.calls + self.late + self.dialling
    }

    pub(super) fn wanted(&self) -> usize {
        let sizes = self.sizes;
        // A few are enough to find out whether it answers again.
        if self.barren.has_failed() {
            return sizes.least;
        }
        let wanted = self.demand.wanted(self.calls).max(sizes.least);
        wanted.saturating_add(self.late).min(sizes.most)
    }

    pub(super) fn put(&mut self, connection: Connection, life: Life, now: Instant) {
        if !self.closed && connection.is_reusable() {
            self.idle.push(Idle { connection, life, until: now + life.patience });
        }
    }

    pub(super) fn newest(&mut self, now: Instant) -> Option<Idle> {
        while let Some(mut last) = self.idle.pop() {
            let fitness = last.fitness(now);
            if self.note(fitness, now) {
                return Some(last);
            }
        }
        None
    }

    /// Says why there was no connection.
    pub(super) fn missing(&self) -> AnswerOutcome {
        if self.open() == self.dialling && self.refused.has_failed() {
            AnswerOutcome::Unreachable
        } else {
            AnswerOutcome::SkippedNoConnection
        }
    }

    pub(super) fn put_off(&self, now: Instant) -> Option<Instant> {
        self.refused.until(now).max(self.barren.until(now))
    }

    /// Looks at a few of those that wait, the next ones at the next tick.
    pub(super) fn look(&mut self, now: Instant) {
        for _ in 0..MAX_LOOKED.min(self.idle.len()) {
            if self.idle.len() <= self.looked {
                self.looked = 0;
            }
            let fitness = self.idle[self.looked].fitness(now);
            if self.note(fitness, now) {
                self.looked += 1;
            } else {
                self.idle.remove(self.looked);
            }
        }
    }

    /// Says whether such a connection may have a call.
    fn note(&mut self, fitness: Fitness, now: Instant) -> bool {
        if let Fitness::Barren(born) = fitness {
            self.barren.fail(born, now);
        }
        fitness == Fitness::Fit
    }
}

impl Idle {
    fn fitness(&mut self, now: Instant) -> Fitness {
        if self.until <= now || !self.connection.is_reusable() {
            return Fitness::Spent;
        }
        match self.connection.is_quiet() {
            true => Fitness::Fit,
            false if self.life.answered => Fitness::Spent,
            false => Fitness::Barren(self.life.born),
        }
    }
}

/// Idle connections looked at in a tick: a worker has many pools and no time.
const MAX_LOOKED: usize = 16;
/// The longest that a bidder is left alone which lets nobody in.
const MAX_BACKOFF: Duration = Duration::from_secs(15);
/// The longest that no connection is made to a bidder which answers on none.
const MAX_BARREN: Duration = Duration::from_secs(2);
