//! Private terms between a publisher and buyers.

use std::sync::Arc;

use crate::model::floor::Floor;
use crate::model::ids::{BidderId, DealId, SeatId};
use crate::model::market::Bidder;
use crate::model::money::Cpm;

/// A deal: who may use it, at what price, and what it is owed.
#[derive(Clone, Debug, PartialEq)]
pub struct Deal {
    /// Its name on the wire.
    pub id: DealId,
    /// The bidders it is offered to; empty means any.
    pub bidders: Vec<BidderId>,
    /// The seats that may use it; empty means any.
    pub seats: Vec<Arc<str>>,
    /// Advertiser domains it is for, lowercase; empty means any.
    pub advertisers: Vec<Arc<str>>,
    /// How its price is found.
    pub pricing: Pricing,
    /// Its own floor, in the auction's currency; none leaves the placement's. Of a fixed deal it is
    /// the price.
    pub floor: Option<Floor>,
    /// Whether it is served before all else, and its bidder obliged to bid.
    pub guaranteed: bool,
    /// The negotiated discount off the bid, in millionths.
    pub discount_ppm: u32,
}

/// How the price of a winner is found (decision 6).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Pricing {
    /// It pays its bid.
    #[default]
    First,
    /// It pays its critical price.
    Second,
    /// It pays the floor of its deal; deals only.
    Fixed,
}

impl Deal {
    /// Says whether it is offered to a bidder.
    #[must_use]
    pub fn is_for(&self, bidder: &BidderId) -> bool {
        self.bidders.is_empty() || self.bidders.contains(bidder)
    }

    /// Says whether it is offered to a bidder that has a seat to use it with.
    #[must_use]
    pub fn is_open_to(&self, bidder: &Bidder) -> bool {
        let listed = |seat: &SeatId| self.seats.iter().any(|listed| **listed == *seat.as_str());
        let any_seat = self.seats.is_empty() || bidder.seats.is_empty();
        self.is_for(&bidder.id) && (any_seat || bidder.seats.iter().any(listed))
    }

    /// Returns the least price of which at least `left` is left after the discount, which rounds
    /// down; none when no price leaves that much.
    #[must_use]
    pub fn before_discount(&self, left: Cpm) -> Option<Cpm> {
        if left == Cpm::ZERO {
            return Some(left);
        }
        // A price p leaves p - floor(p * ppm / 10^6) = ceil(p * kept / 10^6). The least that leaves
        // `left` is the first above (left - 1) * 10^6 / kept.
        let kept = PPM.checked_sub(self.discount_ppm).filter(|kept| 0 < *kept)?;
        let below = i128::from(left.micros() - 1) * i128::from(PPM) / i128::from(kept);
        i64::try_from(below + 1).ok().and_then(Cpm::from_micros)
    }
}

/// A whole, in millionths.
const PPM: u32 = 1_000_000;
