//! What is offered: pods in parts, their terms, and one offer per eligible bidder.
//!
//! A pod is what plays in one break; a part of it is what is sold on terms of its own. A break of a
//! stitcher is one pod of one part, a stretch; an OpenRTB request may bring several of both.
//!
//! A plan holds all that the decision reads besides the replies, so that a record can hold it too.

use std::sync::Arc;

use crate::model::bid::Reply;
use crate::model::category::{Category, Separation};
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::Floor;
use crate::model::house::HouseAd;
use crate::model::ids::{AuctionId, BidderId, ImpId, SeatId};
use crate::model::market::{Bidder, Dialect, Fit, Lengths};
use crate::model::money::{Cpm, Currency, FeeSchedule};
use crate::model::rates::Rate;
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

/// What is for sale, on what terms, and who may be asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The terms that hold for every bid of the auction.
    pub terms: Terms,
    /// The pods, in the order asked for; at least one.
    pub pods: Vec<Pod>,
    /// What the pods are sold in, in the order asked for; at least one a pod.
    pub parts: Vec<Part>,
    /// One per bidder of the market for this break, in the market's order.
    pub offers: Vec<Offer>,
    /// Bidders of the market that cannot be offered this break, with the reason.
    pub skipped: Vec<(BidderId, CallReason)>,
}

/// What every bid of an auction is held to, whatever part it is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// The currency of floors, clearing prices and fees.
    pub currency: Currency,
    /// Currencies that bids may come in besides; none where the caller takes its own only.
    pub currencies: Vec<Currency>,
    /// Fresh rates into `currency`, at most one a currency.
    pub rates: Vec<Rate>,
    /// How winners pay that no deal says otherwise for; never `Fixed`.
    pub pricing: Pricing,
    /// The highest price that is believed, in `currency`.
    pub max_cpm: Cpm,
    /// What is taken off each clearing price.
    pub fees: FeeSchedule,
    /// Categories allowed; empty means any.
    pub allowed_categories: Vec<Category>,
    /// App bundles refused.
    pub blocked_apps: Vec<Arc<str>>,
    /// Seats allowed; empty means any.
    pub allowed_seats: Vec<Arc<str>>,
    /// Seats refused.
    pub blocked_seats: Vec<Arc<str>>,
    /// Creative languages allowed; empty means any.
    pub languages: Vec<Arc<str>>,
}

/// The ads that play one after another in one break.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pod {
    /// `podid` on the wire.
    pub id: Arc<str>,
    /// Nominal seconds to sell: those of its parts together.
    pub seconds: Seconds,
    /// What keeps two ads out of it.
    pub separation: Separation,
}

/// What is sold as one: a stretch of a pod, or a single slot. One imp of the caller.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a term of its own, on or off")]
pub struct Part {
    /// Index of its pod in `Plan::pods`.
    pub pod: usize,
    /// Whether it is a stretch that takes several ads, or the slot of one.
    pub shape: Shape,
    /// The place in the pod that the caller guarantees it.
    pub place: Place,
    /// Nominal seconds to sell; of a slot, the longest that fits.
    pub seconds: Seconds,
    /// Real length to sell.
    pub real: Millis,
    /// The most ads; 1 of a slot.
    pub max_ads: u16,
    /// The lengths allowed.
    pub lengths: Lengths,
    /// What its ads must fit into.
    pub fit: Fit,
    /// The least gross price of a bid that no deal says otherwise for.
    pub floor: Floor,
    /// Deals that hold for it.
    pub deals: Vec<Arc<Deal>>,
    /// Whether only bids under a deal are taken.
    pub private_auction: bool,
    /// Whether all deal bids come before open ones (decision 4).
    pub deals_first: bool,
    /// Advertiser domains refused, each with all below it; sorted, without repeats.
    pub blocked_advertisers: Vec<Arc<str>>,
    /// Categories refused, sorted, without repeats.
    pub blocked_categories: Vec<Category>,
    /// Whether a bid is refused when a block cannot be told in the taxonomy of its categories.
    pub unmapped_refused: bool,
    /// Creative attributes refused.
    pub blocked_attributes: Vec<i32>,
    /// VAST versions taken, OpenRTB `protocols` codes.
    pub protocols: Vec<i32>,
    /// API frameworks supported, OpenRTB `api` codes.
    pub apis: Vec<i32>,
    /// MIME types the stitcher takes; empty means any.
    pub mimes: Vec<Arc<str>>,
    /// Player size in device-independent pixels.
    pub size: Option<(u32, u32)>,
    /// Whether every asset must be https.
    pub secure: bool,
    /// Seconds from the auction until its last ad may start: what `exp` of a bid must reach.
    pub expires_s: Option<u32>,
    /// The publisher's own ads that may play in it, the preferred first.
    pub house: Vec<Arc<HouseAd>>,
}

/// How many ads a part takes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Shape {
    /// Several, within its seconds: `poddur` on the wire.
    #[default]
    Stretch,
    /// One.
    Slot,
}

/// Which places of a pod a part or a bid takes: `slotinpod` on the wire.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Place {
    /// Any.
    #[default]
    Any,
    /// Only the first.
    First,
    /// Only the last.
    Last,
    /// The first or the last.
    Edge,
}

/// The imps one bidder is shown, as it can read them.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Who is shown it.
    pub bidder: Arc<Bidder>,
    /// How stretches are told.
    pub dialect: Dialect,
    /// The imps, in order.
    pub imps: Vec<OfferedImp>,
}

/// One imp that a bidder is shown.
///
/// In the structured dialect a stretch becomes several of them (decision 16): each stands for the
/// stretch, names no place in it, and is won by one ad at most.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfferedImp {
    /// Its id, unique within the request.
    pub id: ImpId,
    /// Index of what it offers in `Plan::parts`.
    pub part: usize,
}

impl Place {
    /// Reads `slotinpod`; a value that the standard does not know restricts nothing (decision 57).
    #[must_use]
    pub const fn of(slot_in_pod: i32) -> Self {
        match slot_in_pod {
            1 => Self::First,
            -1 => Self::Last,
            2 => Self::Edge,
            _ => Self::Any,
        }
    }

    /// Returns `slotinpod`.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Any => 0,
            Self::First => 1,
            Self::Last => -1,
            Self::Edge => 2,
        }
    }
}

impl Offer {
    /// Says whether a seat may bid through this bidder.
    #[must_use]
    pub fn takes_seat(&self, seat: Option<&SeatId>) -> bool {
        self.bidder.seats.is_empty() || seat.is_some_and(|seat| self.bidder.seats.contains(seat))
    }
}

impl Plan {
    /// Returns the nominal seconds of all pods.
    #[must_use]
    pub fn seconds(&self) -> Seconds {
        Seconds(self.pods.iter().fold(0, |sum, pod| sum.saturating_add(pod.seconds.0)))
    }
}

impl Terms {
    /// Returns a bid's price in the auction's currency, rounded down; none without a fresh rate.
    #[must_use]
    pub fn normalised(&self, price: Cpm, currency: Currency) -> Option<Cpm> {
        if currency == self.currency {
            return Some(price);
        }
        self.rate(currency).map(|rate| rate.bid(price))
    }

    /// Returns the rate from a foreign currency, if there is a fresh one.
    #[must_use]
    pub fn rate(&self, from: Currency) -> Option<Rate> {
        self.rates.iter().find(|rate| rate.from == from).copied()
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
