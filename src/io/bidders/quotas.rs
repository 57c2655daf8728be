//! Calls per second: one limit a bidder for the whole node, shared by its workers.
//!
//! The cap itself is a bucket that fills with time. When more is wanted than it lets through, each
//! auction draws whether it may ask at all, so that the first of a second do not take everything.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota as Rate, RateLimiter};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::io::entropy;
use crate::model::standing::Quota;

/// The limit of one bidder.
///
/// A second's worth may go at once, since all viewers of a stream reach a break together.
pub(super) struct Limit {
    pub(super) qps: Option<u32>,
    /// Missing without a limit, and for a limit of 0, which lets nothing through.
    limiter: Option<RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>>,
    ticks: Ticks,
    /// When the next call may go, as the last refusal said; nanoseconds of `ticks`.
    refused_until: AtomicU64,
    share: Mutex<Share>,
}

/// What the limit of a bidder is up against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pressure {
    /// The most calls a second; none without a limit.
    pub qps: Option<u32>,
    /// Calls wanted within the last second, as far as it was watched.
    pub demand: u32,
    /// The share of auctions that may ask, in millionths.
    pub share_ppm: u32,
}

/// How many calls were wanted within the last second, in tenths of it.
#[derive(Clone, Debug, Default)]
struct Share {
    tenths: [Tenth; TENTHS],
    /// Which tenth since the limit was made the newest is.
    newest: u64,
    sum: Tenth,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tenth {
    /// Auctions that read the standing.
    read: u32,
    /// Those of them that read that they may ask.
    free: u32,
    /// Calls that were to be made.
    wanted: u32,
}

/// Nanoseconds since the limit was made; tests pause this clock with tokio's.
#[derive(Clone, Copy)]
struct Ticks(Instant);

impl Limit {
    /// Makes a limit that is full; none lets everything through.
    pub(super) fn new(qps: Option<u32>) -> Self {
        let ticks = Ticks(Instant::now());
        let rate = qps.and_then(NonZeroU32::new).map(Rate::per_second);
        let limiter = rate.map(|rate| RateLimiter::direct_with_clock(rate, ticks));
        Self { qps, limiter, ticks, refused_until: AtomicU64::new(0), share: Mutex::default() }
    }

    /// Takes one call off the quota; says whether there was one.
    pub(super) fn take(&self) -> bool {
        let Some(limiter) = &self.limiter else { return self.qps.is_none() };
        self.share.lock().want(self.ticks.0.elapsed());
        match limiter.check() {
            Ok(()) => true,
            Err(refusal) => {
                let until = refusal.earliest_possible().as_u64();
                self.refused_until.store(until, Ordering::Relaxed);
                false
            }
        }
    }

    /// Says whether one auction may ask; takes nothing.
    ///
    /// It may not while the last refusal holds, nor when more is wanted than there is and it draws
    /// a blank.
    pub(super) fn standing(&self) -> Quota {
        let Some(qps) = self.qps else { return Quota::Free };
        if qps == 0 {
            return Quota::Exhausted;
        }
        let now = self.ticks.0.elapsed();
        let refused = nanos(now) < self.refused_until.load(Ordering::Relaxed);
        let mut share = self.share.lock();
        let drawn = !refused && share.draw(qps, now, entropy::millionth);
        share.read(drawn, now);
        if drawn { Quota::Free } else { Quota::Exhausted }
    }

    /// Returns what the limit is up against.
    pub(super) fn pressure(&self) -> Pressure {
        let Some(qps) = self.qps else {
            return Pressure { qps: None, demand: 0, share_ppm: WHOLE };
        };
        let now = self.ticks.0.elapsed();
        let mut share = self.share.lock();
        let demand = u32::try_from(share.demand(now)).unwrap_or(u32::MAX);
        Pressure { qps: Some(qps), demand, share_ppm: share.ppm(qps, now) }
    }
}

impl Share {
    /// Returns how many calls were wanted within the last second.
    ///
    /// Only those who may ask go on to want a call, so what they want stands for all who read.
    fn demand(&mut self, now: Duration) -> u64 {
        self.tenth(now);
        let Tenth { read, free, wanted } = self.sum;
        let (read, free) = (u64::from(read), u64::from(free));
        u64::from(wanted) * read.max(1) / free.clamp(1, read.max(1))
    }

    /// Returns the share of auctions that may ask, in millionths: `qps` of what is wanted.
    fn ppm(&mut self, qps: u32, now: Duration) -> u32 {
        let demand = self.demand(now);
        if demand <= u64::from(qps) {
            return WHOLE;
        }
        u32::try_from(u64::from(qps) * u64::from(WHOLE) / demand).unwrap_or(WHOLE)
    }

    /// Draws whether one auction may ask.
    fn draw(&mut self, qps: u32, now: Duration, millionth: impl FnOnce() -> u32) -> bool {
        let share = self.ppm(qps, now);
        share == WHOLE || millionth() < share
    }

    /// Counts an auction that read whether it may ask.
    fn read(&mut self, free: bool, now: Duration) {
        let tenth = self.tenth(now);
        tenth.read += 1;
        tenth.free += u32::from(free);
        self.sum.read += 1;
        self.sum.free += u32::from(free);
    }

    /// Counts a call that was to be made.
    fn want(&mut self, now: Duration) {
        self.tenth(now).wanted += 1;
        self.sum.wanted += 1;
    }

    /// Returns the tenth of `now`, empty if it is new; the oldest make room.
    fn tenth(&mut self, now: Duration) -> &mut Tenth {
        let tenth = nanos(now) / TENTH_NS;
        if self.newest + 10 <= tenth {
            *self = Self { newest: tenth, ..Self::default() };
        }
        while self.newest < tenth {
            self.newest += 1;
            let old = std::mem::take(&mut self.tenths[place(self.newest)]);
            self.sum.read -= old.read;
            self.sum.free -= old.free;
            self.sum.wanted -= old.wanted;
        }
        &mut self.tenths[place(self.newest)]
    }
}

fn place(tenth: u64) -> usize {
    usize::try_from(tenth % 10).expect("a digit")
}

fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

impl Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(nanos(self.0.elapsed()))
    }
}

/// Tenths looked back on; `place` is of this many.
const TENTHS: usize = 10;
const TENTH_NS: u64 = 100_000_000;
/// A whole, in millionths.
const WHOLE: u32 = 1_000_000;

#[cfg(test)]
mod tests;
