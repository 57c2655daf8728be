//! What changing state says about each bidder at the moment it might be asked.
//!
//! `io::bidders` hands it out, `auction::select` judges, the record keeps it as read.

use crate::model::ids::BidderId;

/// The standing of every bidder, as read once for an auction.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// One per bidder known to `io::bidders`.
    pub bidders: Vec<BidderStanding>,
}

/// The standing of one bidder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BidderStanding {
    /// Who.
    pub bidder: BidderId,
    /// Whether its quota has room for another call.
    pub quota: Quota,
}

/// Whether a bidder's calls-per-second limit has room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Quota {
    /// It has, or there is no limit.
    Free,
    /// It has not.
    Exhausted,
}

impl Standing {
    /// Returns the standing of a bidder, if it is known.
    #[must_use]
    pub fn of(&self, bidder: &BidderId) -> Option<&BidderStanding> {
        self.bidders.iter().find(|standing| standing.bidder == *bidder)
    }
}
