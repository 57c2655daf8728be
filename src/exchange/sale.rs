//! What came of a request to sell: kept for all who ask for the same break again.

use crate::model::reason::{NoFillReason, UnfilledReason};
use crate::wire::explain::Explanation;
use crate::wire::sold::Sold;

/// A sale, made or not.
#[derive(Debug)]
pub struct Sale {
    /// What every rendering needs.
    pub sold: Sold,
    /// Whether the record of its auction is in the journal.
    pub recorded: bool,
    /// The auction, told for callers who asked for it; sales are kept by the thousand, so it is not
    /// kept for others.
    pub told: Option<Explanation>,
}

impl Sale {
    /// Says whether the next to ask for this break may try again: no auction was recorded.
    #[must_use]
    pub fn may_be_asked_again(&self) -> bool {
        !self.recorded
    }
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
