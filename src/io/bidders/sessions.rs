//! The connections of one worker to a bidder that speaks HTTP/2: few, with many calls on each.

use tokio::time::Instant;

use crate::io::bidders::stock::{Life, Sizes};
use crate::io::http2::{Connection, Place, STREAMS};

/// Connections that calls share; the newest stand last.
#[derive(Default)]
pub(super) struct Sessions(Vec<Session>);

struct Session {
    connection: Connection,
    life: Life,
    /// When it last had a call.
    used: Instant,
}

impl Sessions {
    pub(super) fn put(&mut self, connection: Connection, life: Life, now: Instant) {
        if connection.is_open() {
            self.0.push(Session { connection, life, used: now });
        }
    }

    /// Takes room for a call, on the newest connection that has some; one that is to be replaced has
    /// the call only if no other has room.
    pub(super) fn enter(&mut self, now: Instant) -> Option<(Place, Life)> {
        let fresh = self.0.iter_mut().rev().find_map(|it| it.enter_fresh(now));
        fresh.or_else(|| self.0.iter_mut().rev().find_map(|it| it.enter(now)))
    }

    /// Leaves those that are closed, old or needed no more; returns when those were made which
    /// ended before they answered anything.
    pub(super) fn look(&mut self, least: usize, now: Instant) -> Vec<Instant> {
        let mut barren = Vec::new();
        let mut fresh = self.fresh();
        self.0.retain(|session| {
            let connection = &session.connection;
            if !connection.is_open() {
                if !connection.has_answered() {
                    barren.push(session.life.born);
                }
                return false;
            }
            if !connection.is_fresh() {
                // Calls go on over it until the one that takes its place is there.
                return fresh == 0;
            }
            let idle = connection.calls() == 0 && session.used + session.life.patience <= now;
            let leaves = idle && least < fresh;
            fresh -= usize::from(leaves);
            !leaves
        });
        barren
    }

    /// Returns how many need not be replaced.
    pub(super) fn fresh(&self) -> usize {
        self.0.iter().filter(|it| it.connection.is_open() && it.connection.is_fresh()).count()
    }

    /// Returns how many have no call, and how many have some.
    pub(super) fn counts(&self) -> (usize, usize) {
        let open = self.0.iter().filter(|it| it.connection.is_open());
        let (busy, idle): (Vec<_>, Vec<_>) = open.partition(|it| 0 < it.connection.calls());
        (idle.len(), busy.len())
    }

    /// Says whether none takes calls.
    pub(super) fn is_empty(&self) -> bool {
        !self.0.iter().any(|it| it.connection.is_open())
    }

    /// Returns how many connections so many calls need.
    pub(super) fn wanted(&self, calls: usize, sizes: Sizes) -> usize {
        let each = self.0.iter().map(|it| it.connection.most()).min().unwrap_or(STREAMS);
        calls.div_ceil(each.max(1)).max(sizes.least).min(sizes.most)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Session {
    fn enter_fresh(&mut self, now: Instant) -> Option<(Place, Life)> {
        if self.connection.is_fresh() { self.enter(now) } else { None }
    }

    fn enter(&mut self, now: Instant) -> Option<(Place, Life)> {
        let place = self.connection.enter()?;
        self.used = now;
        Some((place, Life { answered: self.connection.has_answered(), ..self.life }))
    }
}

impl Sizes {
    /// Returns how many connections there are where calls share them.
    pub(super) fn shared(self) -> Self {
        let most = self.most.min(MOST);
        Self { least: self.least.min(LEAST).min(most), most }
    }
}

/// Connections kept even when nobody calls: while one is replaced the other has the calls.
const LEAST: usize = 2;
/// Connections to one bidder at most.
const MOST: usize = 8;
