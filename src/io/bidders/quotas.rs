//! Calls per second: one limit a bidder for the whole node, shared by its workers.
//!
//! The cap itself is a bucket that fills with time. When more is wanted than it lets through, each
//! auction draws whether it may ask at all, so that the first of a second do not take everything.
//! Where a call is expected to bring more, the chance is greater; the sum of all chances is the quota.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// Whether more was wanted than there is when it was last looked at.
    contended: AtomicBool,
}

/// What the limit of a bidder is up against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pressure {
    /// The most calls a second; none without a limit.
    pub qps: Option<u32>,
    /// Calls wanted within the last second, as far as it was watched.
    pub demand: u32,
    /// The share of auctions that may ask on average, in millionths.
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
    /// Those of them that knew what a call is expected to bring.
    valued: u32,
    /// What that was, over all of these.
    value: u64,
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
        let (share, contended) = (Mutex::default(), AtomicBool::new(false));
        Self { qps, limiter, ticks, refused_until: AtomicU64::new(0), share, contended }
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

    /// Says whether more is wanted than there is, as far as the last auction found.
    pub(super) fn is_contended(&self) -> bool {
        self.contended.load(Ordering::Relaxed)
    }

    /// Says whether one auction may ask in which a call is expected to bring `value`, if that is
    /// known; takes nothing.
    ///
    /// It may not while the last refusal holds, nor when more is wanted than there is and it draws
    /// a blank.
    pub(super) fn standing(&self, value: Option<u64>) -> Quota {
        let Some(qps) = self.qps else { return Quota::Free };
        if qps == 0 {
            return Quota::Exhausted;
        }
        let now = self.ticks.0.elapsed();
        let refused = nanos(now) < self.refused_until.load(Ordering::Relaxed);
        let mut share = self.share.lock();
        let chance = share.chance_ppm(qps, value, now);
        self.contended.store(chance.is_some(), Ordering::Relaxed);
        let drawn = !refused && chance.is_none_or(|chance| entropy::millionth() < chance);
        share.read(drawn, value, now);
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
        let Tenth { read, free, wanted, .. } = self.sum;
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

    /// Returns the chance of one auction to ask, in millionths; none where all may.
    ///
    /// It is the share of all, times what a call brings here over what it brings on average, between
    /// a quarter and four times as much; where that is not known, it counts as the average. Nobody
    /// looks what calls bring while the quota is enough: a second that begins so must not make the
    /// average small.
    fn chance_ppm(&mut self, qps: u32, value: Option<u64>, now: Duration) -> Option<u32> {
        let share = self.ppm(qps, now);
        if share == WHOLE {
            return None;
        }
        let (share, whole) = (u64::from(share), u64::from(WHOLE));
        let average = self.sum.value.checked_div(self.sum.valued.into());
        let weight = match (value, average) {
            (None, _) | (_, None | Some(0)) => whole,
            (Some(value), Some(average)) => {
                (value.min(MOST_VALUE) * whole / average).clamp(whole / WEIGHED, whole * WEIGHED)
            }
        };
        Some(u32::try_from((share * weight / whole).min(whole)).unwrap_or(WHOLE))
    }

    /// Counts an auction that read whether it may ask.
    fn read(&mut self, free: bool, value: Option<u64>, now: Duration) {
        let (free, valued) = (u32::from(free), u32::from(value.is_some()));
        let value = value.unwrap_or(0).min(MOST_VALUE);
        self.tenth(now);
        for tenth in [&mut self.tenths[place(self.newest)], &mut self.sum] {
            tenth.read += 1;
            tenth.free += free;
            tenth.valued += valued;
            tenth.value += value;
        }
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
            self.sum.valued -= old.valued;
            self.sum.value -= old.value;
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
/// How many times the average chance an auction has at most, and what part of it at least.
const WEIGHED: u64 = 4;
/// What a call is taken to bring at most, so that sums of a second fit: 10,000 of the currency.
const MOST_VALUE: u64 = 10_000_000_000_000;
/// A whole, in millionths.
const WHOLE: u32 = 1_000_000;

#[cfg(test)]
mod tests;
