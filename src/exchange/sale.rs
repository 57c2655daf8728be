//! What came of a request to sell: kept for all who ask for the same break again.

use crate::model::ad_break::AdBreak;
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;
use crate::model::reason::{NoFillReason, UnfilledReason};
use crate::model::time::UnixMillis;
use crate::wire::sold::{BEACON_LIFE, Sold};

/// A sale, made or not.
#[derive(Debug)]
pub struct Sale {
    /// What every rendering needs.
    pub sold: Sold,
    /// The auction, for a request that wants it explained; else its record is enough, and a sale
    /// kept for its repeats holds no bidder's markup twice.
    pub auction: Option<(AuctionInput, Outcome)>,
}

impl Sale {
    /// Says whether the next to ask for this break may try again: no auction was recorded.
    #[must_use]
    pub fn may_be_asked_again(&self) -> bool {
        self.sold.auction.is_none()
    }
}

/// Returns from when until when a sale of a break is repeated: at most as long as its beacons count.
///
/// A start far ahead would otherwise hold its place in the table until everybody else lost theirs.
#[must_use]
pub fn in_force(ad_break: &AdBreak, arrival: UnixMillis) -> (UnixMillis, UnixMillis) {
    (arrival, ad_break.expires(arrival).min(arrival.plus(BEACON_LIFE)))
}

/// Does something when it goes out of scope, a panic included.
pub struct AtEnd<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> AtEnd<F> {
    /// Returns a guard that calls `act` when dropped.
    #[must_use]
    pub fn new(act: F) -> Self {
        Self(Some(act))
    }

    /// Ends it without the call.
    pub fn cancel(mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

/// Returns the reason of the seconds of a request that was not filled.
#[must_use]
pub fn unfilled(reason: NoFillReason) -> UnfilledReason {
    match reason {
        NoFillReason::NoBid => UnfilledReason::NoBid,
        NoFillReason::Technical | NoFillReason::PublisherBlocked | NoFillReason::SwitchedOff => {
            UnfilledReason::Technical
        }
        NoFillReason::TooLate => UnfilledReason::TooLate,
        NoFillReason::CannotRecord => UnfilledReason::CannotRecord,
        NoFillReason::Shed => UnfilledReason::Shed,
        NoFillReason::NoBidders => UnfilledReason::NoBidders,
    }
}

#[cfg(test)]
mod tests;
