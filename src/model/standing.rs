//! What changing state says about each bidder at the moment it might be asked.
//!
//! `io::bidders` hands it out, `auction::select` judges, the record keeps it as read. What a node
//! learns about its bidders passes the other way, as `Experience`.

use crate::model::ids::{BidderId, PlacementId};
use crate::model::money::Cpm;

/// The standing of every bidder, as read once for an auction.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// One per bidder known to `io::bidders`.
    pub bidders: Vec<BidderStanding>,
    /// How many may be asked.
    pub brownout: Brownout,
}

/// The standing of one bidder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BidderStanding {
    /// Who.
    pub bidder: BidderId,
    /// Whether its quota has room for another call.
    pub quota: Quota,
    /// Whether its endpoint is fit to be called.
    pub health: Health,
    /// What a call to it is expected to bring at this placement, in billionths of the market's
    /// currency: bid rate × price × win rate. For a bidder that is not known yet, the median of
    /// the known; 0 where nothing hangs on it, as everybody can be asked.
    pub value: u64,
    /// Whether it was drawn to be asked whatever its value, so that one that is cold can become
    /// warm. Only drawn under a brownout.
    pub explored: bool,
}

/// Whether a bidder's calls-per-second limit has room.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Quota {
    /// It has, or there is no limit.
    #[default]
    Free,
    /// It has not, or what room there is was drawn for other auctions.
    Exhausted,
}

/// Whether a bidder's endpoint is fit to be called.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Health {
    /// It is.
    #[default]
    Good,
    /// It fails too often: this call was drawn to be left out.
    Throttled,
    /// Its breaker is open, and this call is not its probe.
    Open,
}

/// How much of the fan-out is left out under load; each level asks no more than the one before.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Brownout {
    /// Every bidder that can be asked is.
    #[default]
    All,
    /// The best 60 % by expected value, rounded up.
    Best60Percent,
    /// The best 8 of these.
    Best8,
    /// The best 3.
    Best3,
    /// Nobody but those that a guaranteed deal names.
    None,
}

/// What one call taught about its bidder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Experience {
    /// Who was called.
    pub bidder: BidderId,
    /// For which placement.
    pub placement: PlacementId,
    /// Whether the bytes came in time and whole, and then were no answer to the request.
    pub invalid: bool,
    /// How many bids it sent.
    pub bids: u32,
    /// The best price of those that could have been sold, in the market's currency.
    pub best: Cpm,
    /// Whether one of them won.
    pub won: bool,
    /// Microseconds from the call to the whole answer, if there was one.
    pub took_us: Option<u64>,
    /// Whether it was whole only after the cutoff: it tells how fast the bidder is, never what a
    /// call is worth.
    pub late: bool,
}

impl Standing {
    /// Returns the standing of a bidder, if it is known.
    #[must_use]
    pub fn of(&self, bidder: &BidderId) -> Option<&BidderStanding> {
        self.bidders.iter().find(|standing| standing.bidder == *bidder)
    }
}

impl BidderStanding {
    /// Returns the standing of a bidder of which nothing speaks against a call.
    #[must_use]
    pub fn free(bidder: BidderId) -> Self {
        let (quota, health) = (Quota::Free, Health::Good);
        Self { bidder, quota, health, value: 0, explored: false }
    }
}

impl Brownout {
    /// All levels, the mildest first.
    pub const ALL: &[Self] =
        &[Self::All, Self::Best60Percent, Self::Best8, Self::Best3, Self::None];

    /// Returns the level of a number: 0 asks all, and what is past the last asks nobody.
    #[must_use]
    pub fn of_level(level: u8) -> Self {
        Self::ALL.get(usize::from(level)).copied().unwrap_or(Self::None)
    }

    /// Returns the name used in records, metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Best60Percent => "best_60_percent",
            Self::Best8 => "best_8",
            Self::Best3 => "best_3",
            Self::None => "none",
        }
    }

    /// Returns the level of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|level| level.name() == name)
    }

    /// Returns how many of `able` bidders may be asked.
    #[must_use]
    pub fn most(self, able: usize) -> usize {
        let best_60_percent = able - able * 2 / 5;
        match self {
            Self::All => able,
            Self::Best60Percent => best_60_percent,
            Self::Best8 => best_60_percent.min(8),
            Self::Best3 => best_60_percent.min(3),
            Self::None => 0,
        }
    }
}
