//! What came of a request to sell: kept for all who ask for the same break again.

use crate::model::break_request::BreakRequest;
use crate::model::outcome::{Outcome, SecondCount};
use crate::model::plan::AuctionInput;
use crate::model::reason::{NoFillReason, UnfilledReason};
use crate::model::time::UnixMillis;
use crate::wire::sold::Sold;

/// A sale, made or not.
#[derive(Debug)]
pub struct Sale {
    /// What every rendering needs.
    pub sold: Sold,
    /// The auction behind it; none when nobody was asked or nothing could be recorded.
    pub auction: Option<(AuctionInput, Outcome)>,
}

/// An auction whose record is in the journal, and what it sold.
#[derive(Debug)]
pub struct Made {
    /// What every rendering needs.
    pub sold: Sold,
    /// What was decided on.
    pub input: AuctionInput,
    /// What was decided.
    pub outcome: Outcome,
}

/// The part of a sale that is known before anyone is asked.
#[derive(Debug)]
pub struct Brief(Sold);

impl Sale {
    /// Returns what is known of a sale before anyone is asked.
    #[must_use]
    pub fn brief(request: &BreakRequest, now: UnixMillis) -> Brief {
        Brief(Sold::nothing(request, now))
    }

    /// Returns a sale whose record is in the journal.
    #[must_use]
    pub fn made(made: Made) -> Self {
        Self { sold: made.sold, auction: Some((made.input, made.outcome)) }
    }

    /// Says whether the next to ask for this break may try again: no auction was recorded.
    #[must_use]
    pub fn may_be_asked_again(&self) -> bool {
        self.auction.is_none()
    }
}

impl Brief {
    /// Returns the sale of nothing, with its reason for the request and for every second.
    #[must_use]
    pub fn nothing(self, reason: NoFillReason) -> Sale {
        let mut sold = self.0;
        let total = sold.seconds.total;
        sold.seconds = SecondCount { total, unfilled: total, ..SecondCount::default() };
        if total.0 > 0 {
            sold.unfilled = vec![(total, unfilled(reason))];
        }
        sold.no_fill = Some(reason);
        Sale { sold, auction: None }
    }
}

/// Returns the reason of the seconds of a request that was not filled.
fn unfilled(reason: NoFillReason) -> UnfilledReason {
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
