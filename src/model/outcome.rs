//! Every slot's winner, every bid's fate, every second accounted for.

use crate::model::money::{Cpm, Split};
use crate::model::reason::{LossReason, NoFillReason, UnfilledReason};
use crate::model::time::{Millis, Seconds};

/// What an auction decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The ads that won, pod by pod, each pod in play order.
    pub wins: Vec<Win>,
    /// One fate per bid: `fates[reply][bid]`, indexes of `AuctionInput::replies`.
    pub fates: Vec<Vec<Fate>>,
    /// The nominal seconds of the break; their sum is the pod's.
    pub seconds: SecondCount,
    /// Unfilled seconds, pod by pod; they add up to `seconds.unfilled`.
    pub unfilled: Vec<Unfilled>,
    /// The publisher's own ads, pod by pod, each pod in play order.
    pub house: Vec<HousePlay>,
    /// Bids that no block could be told for in the taxonomy of their categories (decision 14).
    pub unmapped: Vec<BidRef>,
    /// Why nothing was sold, when nothing was.
    pub no_fill: Option<NoFillReason>,
    /// How the pod was found.
    pub search: Search,
}

/// Where a bid stands in `AuctionInput::replies`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BidRef {
    /// Index of the reply.
    pub reply: usize,
    /// Index of the bid within it.
    pub bid: usize,
}

/// One ad of the pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Win {
    /// Which bid.
    pub bid: BidRef,
    /// The part of the plan it fills, an index of `Plan::parts`.
    pub part: usize,
    /// Its place in the pod, from 1.
    pub sequence: u16,
    /// Real milliseconds from the start of what is sold of the pod to the ad's start.
    pub start: Millis,
    /// The creative's own length.
    pub length: Millis,
    /// Nominal seconds it is sold as.
    pub seconds: Seconds,
    /// What the winner pays, gross, in the auction's currency.
    pub clearing: Cpm,
    /// What it pays in its bid's currency, after its discount.
    pub pay: Cpm,
    /// The discount negotiated in its deal, off its bid, in the bid's currency.
    pub discount: Option<Discount>,
    /// The least bid that would have tied, in its bid's currency (decision 7); none past the bound.
    pub min_to_win: Option<Cpm>,
    /// What decided between its pods and others worth as much without it (decision 5); none where
    /// there were no such pods, or none are known: of fixed deals, and past the bound.
    pub tie: Option<TieBreak>,
    /// The clearing price taken apart.
    pub split: Split,
}

/// What decides between pods whose prices add up to the same (decision 5), in this order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TieBreak {
    /// More seconds are sold.
    Seconds,
    /// As many are sold with fewer ads.
    Ads,
    /// Its list of keys is the least: a draw.
    Keys,
}

impl TieBreak {
    /// Returns its name in records and exports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Ads => "ads",
            Self::Keys => "keys",
        }
    }

    /// Returns the one of a name; none of another text.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Seconds, Self::Ads, Self::Keys].into_iter().find(|tie| tie.name() == name)
    }
}

/// A discount that a deal grants its buyer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Discount {
    /// Its share of the bid price, in millionths.
    pub ppm: u32,
    /// The same off this bid, per mille, rounded down.
    pub off: Cpm,
}

/// Seconds of a pod that nobody bought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unfilled {
    /// The pod, an index of `Plan::pods`.
    pub pod: usize,
    /// How many, at least 1.
    pub seconds: Seconds,
    /// Why.
    pub reason: UnfilledReason,
    /// The best bid that was refused there, when the reason is about one.
    pub best: Option<BidRef>,
}

/// One of the publisher's own ads, in seconds that nobody bought (decision 59).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HousePlay {
    /// The part of the plan it fills, an index of `Plan::parts`.
    pub part: usize,
    /// Which, an index of `Part::house`.
    pub ad: usize,
    /// Its place in the pod, from 1.
    pub sequence: u16,
    /// Real milliseconds from the start of what plays of the pod to the ad's start.
    pub start: Millis,
    /// Why the first of its seconds was not sold.
    pub since: UnfilledReason,
}

/// The one fate of a bid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It won; the index into `Outcome::wins`.
    Won(usize),
    /// It lost.
    Lost(LossReason),
}

/// How the nominal seconds of a break were spent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SecondCount {
    /// All of them.
    pub total: Seconds,
    /// Sold to bidders.
    pub sold: Seconds,
    /// Given to the publisher's own ads.
    pub house: Seconds,
    /// Neither.
    pub unfilled: Seconds,
}

/// How the best pod was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Search {
    /// It is the best there is.
    Exact,
    /// The step bound was reached: it is the best found.
    Bounded,
}
