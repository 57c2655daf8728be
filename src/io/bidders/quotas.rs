//! Calls per second: one limit a bidder for the whole node, shared by its workers.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota as Rate, RateLimiter};
use tokio::time::Instant;

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
        Self { qps, limiter, ticks, refused_until: AtomicU64::new(0) }
    }

    /// Takes one call off the quota; says whether there was one.
    pub(super) fn take(&self) -> bool {
        let Some(limiter) = &self.limiter else { return self.qps.is_none() };
        match limiter.check() {
            Ok(()) => true,
            Err(refusal) => {
                let until = refusal.earliest_possible().as_u64();
                self.refused_until.store(until, Ordering::Relaxed);
                false
            }
        }
    }

    /// Says whether the quota has room, as far as the last refusal tells; takes nothing.
    pub(super) fn standing(&self) -> Quota {
        let closed = self.qps == Some(0)
            || self.ticks.now().as_u64() < self.refused_until.load(Ordering::Relaxed);
        if closed { Quota::Exhausted } else { Quota::Free }
    }
}

impl Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let nanos = self.0.elapsed().as_nanos();
        Nanos::new(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
