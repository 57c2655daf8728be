//! What is offered: the pod, its terms, and one offer per eligible bidder.
//!
//! A plan holds all that the decision reads besides the replies, so that a record can hold it too.

use std::sync::Arc;

use crate::model::bid::Reply;
use crate::model::ids::{AuctionId, BidderId, ImpId, SeatId};
use crate::model::market::{Bidder, Dialect, Fit, Lengths};
use crate::model::money::{Cpm, Currency, FeeSchedule};
use crate::model::reason::CallReason;
use crate::model::time::{Millis, Seconds};

/// The random part of one auction, drawn once by `io::entropy`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Draw {
    /// Its id.
    pub auction: AuctionId,
    /// The tie-break seed (decision 5): the only randomness a decision sees.
    pub seed: [u8; 16],
    /// The key that salts its record's sections (decision 24).
    pub record_key: [u8; 32],
    /// The salt of its record's `user` section.
    pub user_salt: [u8; 16],
    /// The key from which beacon nonces are drawn.
    pub nonce_key: [u8; 32],
}

/// A pod to sell, its terms, and who may be asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The terms every bid is held to.
    pub terms: Terms,
    /// One per bidder of the market for this break, in the market's order.
    pub offers: Vec<Offer>,
    /// Bidders of the market that cannot be offered this break, with the reason.
    pub skipped: Vec<(BidderId, CallReason)>,
}

/// What every bid of an auction is held to.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The currency of floor, clearing prices and fees.
    pub currency: Currency,
    /// The least gross price.
    pub floor: Cpm,
    /// The highest price that is believed.
    pub max_cpm: Cpm,
    /// The pod.
    pub pod: Pod,
    /// What is taken off each clearing price.
    pub fees: FeeSchedule,
    /// Advertiser domains refused, each with all below it; sorted, without repeats.
    pub blocked_advertisers: Vec<Arc<str>>,
    /// App bundles refused.
    pub blocked_apps: Vec<Arc<str>>,
    /// Creative attributes refused.
    pub blocked_attributes: Vec<i32>,
    /// Seats allowed; empty means any.
    pub allowed_seats: Vec<Arc<str>>,
    /// Seats refused.
    pub blocked_seats: Vec<Arc<str>>,
    /// Creative languages allowed; empty means any.
    pub languages: Vec<Arc<str>>,
    /// VAST versions taken, OpenRTB `protocols` codes.
    pub protocols: Vec<i32>,
    /// API frameworks supported, OpenRTB `api` codes.
    pub apis: Vec<i32>,
    /// MIME types the stitcher takes.
    pub mimes: Vec<Arc<str>>,
    /// Player size in device-independent pixels.
    pub size: Option<(u32, u32)>,
    /// Whether every asset must be https.
    pub secure: bool,
}

/// The ads that may fill one break: for now one dynamic part over its whole rest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pod {
    /// `podid` on the wire.
    pub id: Arc<str>,
    /// Nominal seconds to sell.
    pub seconds: Seconds,
    /// Real length to sell.
    pub real: Millis,
    /// The most ads.
    pub max_ads: u16,
    /// The lengths allowed.
    pub lengths: Lengths,
    /// What the ads must fit into.
    pub fit: Fit,
}

/// The imps one bidder is shown, as it can read them.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Who is shown it.
    pub bidder: Arc<Bidder>,
    /// How the pod is told.
    pub dialect: Dialect,
    /// The imps, in order: one for a dynamic pod, `1…n` for a structured one (decision 16).
    /// Each maps to the pod's dynamic part, naming no place in it.
    pub imps: Vec<ImpId>,
}

impl Offer {
    /// Says whether a seat may bid through this bidder.
    #[must_use]
    pub fn takes_seat(&self, seat: Option<&SeatId>) -> bool {
        self.bidder.seats.is_empty() || seat.is_some_and(|seat| self.bidder.seats.contains(seat))
    }
}

/// Who of the offered bidders is asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Chosen {
    /// Indexes into `Plan::offers`, ascending.
    pub asked: Vec<usize>,
    /// Those offered but not asked, with the reason.
    pub skipped: Vec<(usize, CallReason)>,
}

/// All that a decision depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct AuctionInput {
    /// The random part.
    pub draw: Draw,
    /// What was offered.
    pub plan: Plan,
    /// Who was asked.
    pub chosen: Chosen,
    /// Exactly one per bidder of the market: asked, skipped by `select`, or skipped by `plan`.
    pub replies: Vec<Reply>,
}

impl AuctionInput {
    /// Returns the offer that a reply answers, if its bidder was offered anything.
    #[must_use]
    pub fn offer(&self, reply: &Reply) -> Option<&Offer> {
        self.plan.offers.iter().find(|offer| offer.bidder.id == reply.bidder)
    }
}
