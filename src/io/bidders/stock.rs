//! What a pool has: connections that wait, counts of the others, and what past ones teach.

use std::time::Duration;

use tokio::time::Instant;

use crate::io::bidders::backoff::Backoff;
use crate::io::bidders::demand::Demand;
use crate::io::bidders::link::Link;
use crate::io::bidders::sessions::Sessions;
use crate::io::http1::Connection;
use crate::io::http2;
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
    idle: Vec<Idle>,
    /// Those that calls share, where the bidder speaks HTTP/2.
    sessions: Option<Sessions>,
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
struct Idle {
    connection: Connection,
    life: Life,
    until: Instant,
}

/// A connection just made.
pub(super) enum Made {
    Own(Connection),
    Shared(http2::Connection),
}

/// How many connections of a pool are in which state.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) idle: usize,
    pub(super) busy: usize,
    pub(super) dialling: usize,
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
    /// Returns the stock of a bidder whose calls share connections, or do not.
    pub(super) fn new(sizes: Sizes, sessions: Option<Sessions>) -> Self {
        let mut stock = Self {
            idle: Vec::new(),
            sessions,
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
        };
        stock.resize(sizes);
        stock
    }

    /// Holds to other sizes from here on; where calls share connections they are few.
    pub(super) fn resize(&mut self, sizes: Sizes) {
        self.sizes = if self.sessions.is_some() { sizes.shared() } else { sizes };
    }

    /// Returns how many connections there are or will be, those to be replaced apart.
    pub(super) fn open(&self) -> usize {
        match &self.sessions {
            Some(sessions) => sessions.fresh() + self.dialling,
            None => self.idle.len() + self.calls + self.late + self.dialling,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let (idle, busy) = match &self.sessions {
            Some(sessions) => sessions.counts(),
            None => (self.idle.len(), self.calls + self.late),
        };
        Counts { idle, busy, dialling: self.dialling }
    }

    pub(super) fn wanted(&self) -> usize {
        let sizes = self.sizes;
        // A few are enough to find out whether it answers again.
        if self.barren.has_failed() {
            return sizes.least;
        }
        let calls = self.demand.wanted(self.calls);
        match &self.sessions {
            Some(sessions) => sessions.wanted(calls.saturating_add(self.late), sizes),
            None => calls.max(sizes.least).saturating_add(self.late).min(sizes.most),
        }
    }

    /// Takes in a connection just made.
    pub(super) fn add(&mut self, made: Made, life: Life, now: Instant) {
        match (made, &mut self.sessions) {
            (Made::Own(connection), _) => self.put(Link::Own(connection), life, now),
            (Made::Shared(connection), Some(sessions)) if !self.closed => {
                sessions.put(connection, life, now);
            }
            (Made::Shared(_), _) => {}
        }
    }

    /// Takes back what a call went over.
    pub(super) fn put(&mut self, link: Link, life: Life, now: Instant) {
        match link {
            Link::Own(connection) if !self.closed && connection.is_reusable() => {
                self.idle.push(Idle { connection, life, until: now + life.patience });
            }
            // Room on a shared one is given back by the drop.
            Link::Own(_) | Link::Shared(_) => {}
        }
    }

    /// Takes what a call can go over: the newest that is fit.
    pub(super) fn take(&mut self, now: Instant) -> Option<(Link, Life)> {
        if let Some(sessions) = &mut self.sessions {
            return sessions.enter(now).map(|(place, life)| (Link::Shared(place), life));
        }
        while let Some(mut last) = self.idle.pop() {
            let fitness = last.fitness(now);
            if self.note(fitness, now) {
                return Some((Link::Own(last.connection), last.life));
            }
        }
        None
    }

    /// Says why there was no connection.
    pub(super) fn missing(&self) -> AnswerOutcome {
        let none = self.sessions.as_ref().is_none_or(Sessions::is_empty);
        if none && self.open() == self.dialling && self.refused.has_failed() {
            AnswerOutcome::Unreachable
        } else {
            AnswerOutcome::SkippedNoConnection
        }
    }

    pub(super) fn put_off(&self, now: Instant) -> Option<Instant> {
        self.refused.until(now).max(self.barren.until(now))
    }

    /// Looks at a few of those that wait, the next ones at the next tick; its least are kept.
    pub(super) fn look(&mut self, now: Instant) {
        let least = self.sizes.least;
        let shared = self.sessions.as_mut().map(|sessions| sessions.look(least, now));
        for born in shared.into_iter().flatten() {
            self.barren.fail(born, now);
        }
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

    /// Closes all that wait, and whatever comes back later.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.idle.clear();
        if let Some(sessions) = &mut self.sessions {
            sessions.clear();
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
