//! All publishers, placements and bidders in force: one immutable snapshot.
//!
//! Made by `config`, loaded once a break. What it holds is checked: ids resolve, prices are in
//! the market's currency, schedules stay below 100 %.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::model::category::{Category, Separation};
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::Floor;
use crate::model::house::HouseAd;
use crate::model::ids::{BidderId, PlacementId, PublisherId, SeatId};
use crate::model::money::{Cpm, Currency, FeeSchedule};
use crate::model::rates::RateSnapshot;
use crate::model::time::{Millis, Seconds};

/// Everything that is sold, everyone who sells it and everyone who is asked.
#[derive(Debug)]
pub struct Market {
    /// `exchange.domain`: `asi` in the supply chain.
    pub domain: Arc<str>,
    /// `exchange.node`: the name of this node in the journal.
    pub node: Arc<str>,
    /// The currency of auctions, floors and fees.
    pub currency: Currency,
    /// How winners pay that no deal says otherwise for; never `Fixed`.
    pub pricing: Pricing,
    /// The highest price that is believed, in US dollars (decision 3).
    pub max_cpm: Cpm,
    /// Rates of exchange, the most trusted first.
    pub rates: Vec<RateSnapshot>,
    /// `listen.public_url` without a trailing slash: how players reach the beacons.
    pub public_url: Arc<str>,
    /// Time the exchange keeps for its own work after the cutoff.
    pub own_reserve: Millis,
    /// Who sells, by id.
    pub publishers: BTreeMap<PublisherId, Arc<Publisher>>,
    /// What is sold, by id.
    pub placements: BTreeMap<PlacementId, Arc<Placement>>,
    /// Who is asked, in the order of the config.
    pub bidders: Vec<Arc<Bidder>>,
    /// The config in canonical JSON without secrets: the body of its kind 8 record.
    pub snapshot: Arc<[u8]>,
}

/// Who sells, and on what terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Publisher {
    /// Its id; `sid` in the supply chain.
    pub id: PublisherId,
    /// Its own domain.
    pub domain: Arc<str>,
    /// SHA-256 of each key it may present; none means anyone may sell for it.
    pub key_hashes: Vec<[u8; 32]>,
    /// What is taken off the clearing price.
    pub fees: FeeSchedule,
    /// Advertiser domains it refuses; each blocks itself and what lies below it.
    pub blocked_advertisers: Vec<Arc<str>>,
    /// Categories it refuses (decision 14).
    pub blocked_categories: Vec<Category>,
    /// What an absent `gdpr` flag means.
    pub gdpr_default: bool,
    /// Time kept for the way back to the caller.
    pub network_reserve: Millis,
    /// What its share of a full worker is, beside the weights of the others that ask.
    pub weight: NonZeroU32,
}

/// A publisher's named inventory.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own, on or off")]
pub struct Placement {
    /// Its id; `tagid` on the wire.
    pub id: PlacementId,
    /// Whose it is.
    pub publisher: PublisherId,
    /// The least gross price, in the market's currency.
    pub floor: Floor,
    /// The ad lengths it takes.
    pub lengths: Lengths,
    /// The most ads in one break.
    pub max_ads: u16,
    /// The length of a break that nobody gave one.
    pub default_break: Millis,
    /// What an ad must fit into.
    pub fit: Fit,
    /// The MIME types its stitcher takes.
    pub mimes: Vec<Arc<str>>,
    /// Time a bidder has at most.
    pub tmax: Millis,
    /// Whether `${AUCTION_PRICE}` in markup shows the price (decision 36).
    pub price_in_markup: bool,
    /// Whether a bid whose markup is a Wrapper is followed to its ad (decision 10).
    pub unwrap: bool,
    /// Advertiser domains refused here, besides the publisher's.
    pub blocked_advertisers: Vec<Arc<str>>,
    /// Categories refused here, besides the publisher's.
    pub blocked_categories: Vec<Category>,
    /// Whether a bid is refused when a block cannot be told in the taxonomy of its categories.
    pub unmapped_refused: bool,
    /// What keeps two ads out of one pod.
    pub separation: Separation,
    /// Whether all deal bids come before open ones (decision 4).
    pub deals_first: bool,
    /// Whether only bids under a deal are taken.
    pub private_auction: bool,
    /// Deals that hold here, in the order of the config.
    pub deals: Vec<Arc<Deal>>,
    /// The publisher's own ads for seconds that are not sold, in the order of the config.
    pub house: Vec<Arc<HouseAd>>,
}

/// The ad lengths that may be sold, in nominal seconds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Lengths {
    /// Exactly these, ascending, at least one, each at least 1.
    Exact(Vec<Seconds>),
    /// Anything from `min` to `max`, both included; 1 <= min <= max.
    Range { min: Seconds, max: Seconds },
}

/// Spots of 15 and 30 seconds, what a placement takes that names no lengths.
impl Default for Lengths {
    fn default() -> Self {
        Self::Exact(vec![Seconds(15), Seconds(30)])
    }
}

impl Lengths {
    /// Says whether an ad of `length` may be sold.
    #[must_use]
    pub fn allow(&self, length: Seconds) -> bool {
        match self {
            Self::Exact(lengths) => lengths.binary_search(&length).is_ok(),
            Self::Range { min, max } => *min <= length && length <= *max,
        }
    }

    /// Returns the shortest allowed length, at least 1 s.
    #[must_use]
    pub fn shortest(&self) -> Seconds {
        match self {
            Self::Exact(lengths) => *lengths.first().expect("a list of lengths is not empty"),
            Self::Range { min, .. } => *min,
        }
    }

    /// Returns the longest allowed length.
    #[must_use]
    pub fn longest(&self) -> Seconds {
        match self {
            Self::Exact(lengths) => *lengths.last().expect("a list of lengths is not empty"),
            Self::Range { max, .. } => *max,
        }
    }

    /// Returns each allowed length, ascending.
    #[must_use]
    pub fn all(&self) -> Vec<Seconds> {
        match self {
            Self::Exact(lengths) => lengths.clone(),
            Self::Range { min, max } => (min.0..=max.0).map(Seconds).collect(),
        }
    }
}

/// What the ads of a pod must fit into (decision 9).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Fit {
    /// Their nominal seconds into the nominal seconds of the break.
    #[default]
    Nominal,
    /// Also the creatives' own durations into the real length, to the millisecond.
    Real,
}

/// An endpoint that is asked for bids.
#[derive(Clone, Debug, PartialEq)]
pub struct Bidder {
    /// Its id.
    pub id: BidderId,
    /// Where it takes bid requests, an absolute http or https URL.
    pub endpoint: Arc<str>,
    /// Domains its notices may go to, lowercase.
    pub domains: Vec<Arc<str>>,
    /// Calls a second at most, over the whole node.
    pub qps: Option<u32>,
    /// Calls under way at most, over the whole node.
    pub in_flight: u32,
    /// How it reads pods.
    pub dialect: Dialect,
    /// Whether it takes gzip request bodies.
    pub gzip: bool,
    /// Whether it is asked over HTTP/2.
    pub http2: bool,
    /// Seats that may bid through it; empty means any.
    pub seats: Vec<SeatId>,
    /// Lifts the rules on addresses, ports and https for it (decision 35).
    pub allow_loopback: bool,
}

impl Bidder {
    /// Returns a bidder of which nothing else is known: no limits, no seats, no domains.
    #[must_use]
    pub fn bare(id: BidderId, endpoint: Arc<str>, dialect: Dialect) -> Self {
        Self {
            id,
            endpoint,
            domains: Vec::new(),
            qps: None,
            in_flight: 0,
            dialect,
            gzip: false,
            http2: false,
            seats: Vec::new(),
            allow_loopback: false,
        }
    }
}

/// How a bidder reads a pod.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// One imp with `poddur` and `maxseq`.
    Dynamic,
    /// One imp a slot (decision 16).
    Structured,
}

impl Market {
    /// Returns a placement and its publisher.
    #[must_use]
    pub fn placement(&self, id: &str) -> Option<(&Arc<Placement>, &Arc<Publisher>)> {
        let placement = self.placements.get(id)?;
        let publisher = self.publishers.get(&placement.publisher);
        Some((placement, publisher.expect("config resolved the publisher of each placement")))
    }
}
