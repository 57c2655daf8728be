//! Every slot's winner, every bid's fate, every second accounted for.

use crate::model::money::{Cpm, Split};
use crate::model::reason::{LossReason, NoFillReason, UnfilledReason};
use crate::model::time::{Millis, Seconds};

/// What an auction decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The ads that won, in play order.
    pub wins: Vec<Win>,
    /// One fate per bid: `fates[reply][bid]`, indexes of `AuctionInput::replies`.
    pub fates: Vec<Vec<Fate>>,
    /// The nominal seconds of the break; their sum is the pod's.
    pub seconds: SecondCount,
    /// Unfilled seconds by reason, each at least 1; they add up to `seconds.unfilled`.
    pub unfilled: Vec<(Seconds, UnfilledReason)>,
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
    /// Its place in the pod, from 1.
    pub sequence: u16,
    /// Real milliseconds from the start of the part sold to the ad's start.
    pub start: Millis,
    /// The creative's own length.
    pub length: Millis,
    /// Nominal seconds it is sold as.
    pub seconds: Seconds,
    /// What the winner pays, gross, in the auction's currency.
    pub clearing: Cpm,
    /// What it pays in its bid's currency.
    pub pay: Cpm,
    /// The clearing price taken apart.
    pub split: Split,
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
