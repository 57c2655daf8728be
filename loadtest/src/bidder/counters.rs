//! What a bidder counts.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// What one bidder, or several added up, has seen since it started.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Bid requests that arrived, whatever became of them.
    pub requests: u64,
    /// Requests answered with bids.
    pub bid_responses: u64,
    /// Bids in those answers.
    pub bids: u64,
    /// Requests answered with a no-bid.
    pub no_bids: u64,
    /// Requests it misbehaved on.
    pub faults: u64,
    /// Requests answered 429.
    pub over_limit: u64,
    /// Requests it could not read, answered 400.
    pub unreadable: u64,
    /// Win notices.
    pub wins: u64,
    /// Loss notices.
    pub losses: u64,
    /// Billing notices.
    pub billings: u64,
    /// Notices that still held a macro.
    pub unexpanded: u64,
}

impl Counts {
    /// Returns the sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, u64::saturating_add)
    }

    /// Returns what was counted since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        self.zip(earlier, u64::saturating_sub)
    }

    fn zip(self, other: Self, join: fn(u64, u64) -> u64) -> Self {
        Self {
            connections: join(self.connections, other.connections),
            requests: join(self.requests, other.requests),
            bid_responses: join(self.bid_responses, other.bid_responses),
            bids: join(self.bids, other.bids),
            no_bids: join(self.no_bids, other.no_bids),
            faults: join(self.faults, other.faults),
            over_limit: join(self.over_limit, other.over_limit),
            unreadable: join(self.unreadable, other.unreadable),
            wins: join(self.wins, other.wins),
            losses: join(self.losses, other.losses),
            billings: join(self.billings, other.billings),
            unexpanded: join(self.unexpanded, other.unexpanded),
        }
    }
}

/// The same counts while they grow.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) connections: Counter,
    pub(super) requests: Counter,
    pub(super) bid_responses: Counter,
    pub(super) bids: Counter,
    pub(super) no_bids: Counter,
    pub(super) faults: Counter,
    pub(super) over_limit: Counter,
    pub(super) unreadable: Counter,
    pub(super) wins: Counter,
    pub(super) losses: Counter,
    pub(super) billings: Counter,
    pub(super) unexpanded: Counter,
}

impl Counters {
    pub(super) fn read(&self) -> Counts {
        Counts {
            connections: self.connections.get(),
            requests: self.requests.get(),
            bid_responses: self.bid_responses.get(),
            bids: self.bids.get(),
            no_bids: self.no_bids.get(),
            faults: self.faults.get(),
            over_limit: self.over_limit.get(),
            unreadable: self.unreadable.get(),
            wins: self.wins.get(),
            losses: self.losses.get(),
            billings: self.billings.get(),
            unexpanded: self.unexpanded.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
